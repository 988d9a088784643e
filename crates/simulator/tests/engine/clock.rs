//! A clock that is set back stalls nothing for longer than it was meant to wait, and makes nothing look fresh.

use std::time::Duration;

use jiff::SignedDuration;
use reconvene_core::report::Overall;
use reconvene_simulator::{Effect, Fault, Service as Wire};

use crate::stand::{Running, Stand};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn p13_a_wait_that_a_service_asked_for_takes_as_long_as_it_asked() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(100)).await;
    stand.rename(&event, "Retro");
    let wait = Effect::Answer {
        status: 429,
        headers: [("retry-after".to_owned(), "120".to_owned())].into(),
        body: String::new(),
    };
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", Fault::before(wait));
    tokio::time::sleep(Duration::from_secs(80)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    stand.set_clock_back(DAY);
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(stand.engine.status().unwrap().problems, []);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p3_a_grace_period_is_neither_cut_nor_drawn_out() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(100)).await;
    stand.cancel(&event);
    tokio::time::sleep(Duration::from_secs(80)).await;
    stand.set_clock_back(SignedDuration::from_hours(5));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(stand.exists(meeting));
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert!(!stand.exists(meeting));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p11_what_was_read_does_not_seem_to_be_read_in_time_to_come() {
    let mut stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    // While nothing of ours was running.
    stand.set_clock_back(DAY);
    stand.restart();
    stand.rename(&event, "Retro");
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(76)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    let status = stand.engine.status().unwrap();
    assert!(status.fresh_as_of.unwrap() <= stand.now());
    assert!(status.recent.iter().all(|entry| entry.at <= stand.now()));
    assert_eq!(status.overall, Overall::InStep);
    let lists = |stand: &Stand| {
        let asked = stand.requests();
        asked
            .iter()
            .filter(|entry| entry.path.ends_with("/calendarList"))
            .count()
    };
    stand.clear_log();
    tokio::time::sleep(Duration::from_secs(20 * 60)).await;
    assert!((1..=2).contains(&lists(&stand)), "{}", lists(&stand));
    running.stop().await;
}
