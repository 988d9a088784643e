//! When calendars are read by themselves, on virtual time.

use std::time::Duration;

use reconvene_engine::Surroundings;
use reconvene_simulator::Service as Wire;

use crate::stand::{Running, Stand};

const HOUR: Duration = Duration::from_secs(3600);

const BUSY: Surroundings = Surroundings {
    idle: false,
    on_battery: false,
};
const IDLE: Surroundings = Surroundings { idle: true, ..BUSY };
const ON_BATTERY: Surroundings = Surroundings {
    on_battery: true,
    ..BUSY
};

impl Stand {
    /// How often the calendar was read since the log was cleared.
    fn passes(&self) -> usize {
        let of_events = |path: &str| path.ends_with("/events");
        let requests = self.requests();
        let google = requests.iter().filter(|entry| entry.service == Wire::Google);
        google.filter(|entry| of_events(&entry.path)).count()
    }

    async fn passes_in(&self, time: Duration) -> usize {
        self.clear_log();
        tokio::time::sleep(time).await;
        self.passes()
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_machine_and_a_battery_are_spared() {
    let stand = Stand::new("").await;
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(5)).await;
    for (surroundings, wanted) in [
        (BUSY, 48..=80),
        (IDLE, 9..=17),
        (ON_BATTERY, 9..=17),
        (BUSY, 48..=80),
    ] {
        stand.engine.surrounded(surroundings);
        let passes = stand.passes_in(HOUR).await;
        assert!(
            wanted.contains(&passes),
            "{surroundings:?}: {passes} passes an hour"
        );
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_to_an_idle_machine_waits_no_longer_than_usual() {
    let stand = Stand::new("").await;
    stand.engine.surrounded(IDLE);
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(stand.passes_in(Duration::from_secs(60)).await, 0);
    stand.engine.surrounded(BUSY);
    assert_eq!(stand.passes_in(Duration::from_secs(1)).await, 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_longer_pause_that_was_chosen_stays() {
    let stand = Stand::new("poll = \"1h\"").await;
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(5)).await;
    stand.engine.surrounded(IDLE);
    stand.engine.surrounded(BUSY);
    assert_eq!(stand.passes_in(Duration::from_secs(1800)).await, 0);
    running.stop().await;
}
