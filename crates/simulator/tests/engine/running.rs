//! Meetings that take place while something is to be done about them.

use std::time::Duration;

use reconvene_core::report::Outcome;
use reconvene_simulator::Hand;

use crate::series::{date, dates, series};
use crate::stand::{ANA, Stand};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn p2_a_date_cancelled_while_the_meeting_runs_goes_when_that_has_ended() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=3").await;
    stand.hand(Hand::StartMeeting { meeting });
    stand.cancel(&date(&id, "20261208T090000Z"));
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting).len(), 3);
    assert_eq!(stand.newest().outcome, Outcome::Waiting);
    stand.hand(Hand::EndMeeting { meeting });
    for _ in 0..3 {
        stand.sync_after(MINUTE * 10).await;
    }
    assert_eq!(dates(&stand, meeting).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn p4_a_meeting_that_stands_for_the_next_date_stays_while_that_takes_place() {
    let stand = Stand::new("").await;
    let (id, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.hand(Hand::ChangeRecurrence {
        calendar: ANA.into(),
        event: id,
        lines: vec!["RRULE:FREQ=YEARLY;COUNT=3".into()],
    });
    stand.sync().await;
    let look = async |after: Duration| {
        tokio::time::advance(after).await;
        stand.engine.sync(None, true).await.unwrap();
        stand.start(meeting).unwrap().to_string()
    };
    // Nine days and an hour and a quarter: it takes place.
    let now = stand.now();
    let in_it = "2026-12-01T09:10:00Z".parse::<jiff::Timestamp>().unwrap();
    let until = Duration::try_from(in_it.duration_since(now)).unwrap();
    assert_eq!(look(until).await, "2026-12-01T09:00:00Z");
    assert_eq!(look(MINUTE * 30).await, "2027-12-01T09:00:00Z");
}
