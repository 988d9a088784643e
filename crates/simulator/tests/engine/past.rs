//! Events that are over, and how they leave.

use std::time::Duration;

use jiff::SignedDuration;
use reconvene_core::report::{MeetingState, Remedy};
use reconvene_simulator::hands::{NewConference, NewEvent, NewMeeting};
use reconvene_simulator::{Hand, Service as Wire};

use crate::stand::{ANA, Stand, at, refused};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn titles(stand: &Stand) -> Vec<String> {
    let views = stand.engine.meetings().unwrap();
    views.into_iter().map(|view| view.title).collect()
}

fn asks_in_full(stand: &Stand) -> bool {
    let lists = |entry: &reconvene_simulator::Entry| {
        entry.service == Wire::Google && entry.path.ends_with("/events") && entry.param("syncToken").is_none()
    };
    stand.requests().iter().any(lists)
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_over_for_a_day_leaves_in_an_ordinary_pass_and_comes_back_with_a_new_date() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-11-22T10:00:00Z");
    stand.event("Later", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.clear_log();
    stand.sync_after(DAY).await;
    assert_eq!(titles(&stand), ["Review", "Later"], "over for less than a day");
    stand.sync_after(HOUR * 3).await;
    assert_eq!(titles(&stand), ["Later"]);
    assert!(!asks_in_full(&stand));
    assert!(stand.exists(meeting));
    stand.drag(&event, "2026-12-02T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-02T09:00:00Z".parse().unwrap())
    );
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn a_series_leaves_a_day_after_its_last_date() {
    let stand = Stand::new("").await;
    let (series, meeting) = stand.series("Daily", "2026-11-22T10:00:00Z", "FREQ=DAILY;COUNT=3");
    stand.series("Endless", "2026-11-22T10:00:00Z", "FREQ=DAILY");
    stand.sync().await;
    // The last date goes a day further.
    stand.drag(&format!("{series}_20261124T100000Z"), "2026-11-25T10:00:00Z");
    for _ in 0..4 {
        stand.sync_after(DAY).await;
        assert!(titles(&stand).contains(&"Daily".to_owned()));
    }
    stand.sync_after(HOUR * 3).await;
    assert_eq!(titles(&stand), ["Endless"]);
    for _ in 0..70 {
        stand.sync_after(DAY).await;
    }
    assert_eq!(titles(&stand), ["Endless"]);
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p3_what_is_over_and_leaves_makes_no_deletion_due() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event: event.clone(),
        to: None,
        start: Some(at("2026-11-22T09:00:00Z")),
    });
    stand.sync().await;
    stand.cancel(&event);
    for _ in 0..3 {
        stand.sync_after(DAY).await;
    }
    assert!(stand.exists(meeting), "an event that points at it lives");
}

#[tokio::test(start_paused = true)]
async fn p2_a_bond_that_the_event_itself_does_not_prove_stays_as_long_as_its_meeting() {
    let stand = Stand::new("").await;
    let start = "2026-11-22T10:00:00Z";
    let meeting = stand.hand(Hand::CreateMeeting(Box::new(NewMeeting {
        host: ANA.into(),
        topic: "Review".into(),
        kind: 2,
        start: Some(start.parse().unwrap()),
        minutes: 30,
        recurrence: None,
        time_zone: None,
    })));
    let meeting: u64 = meeting.parse().unwrap();
    let event = stand.add(NewEvent {
        conference: NewConference::LinkInLocation(meeting),
        ..NewEvent::new(ANA, "Review", at(start))
    });
    stand.sync().await;
    stand.sync_after(DAY * 7).await;
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.sync_after(DAY).await;
    stand.drag(&event, "2026-12-05T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-05T09:00:00Z".parse().unwrap())
    );
    stand.sync_after(DAY * 40).await;
    assert!(titles(&stand).is_empty());
}

#[tokio::test(start_paused = true)]
async fn p2_what_left_by_a_clock_that_was_ahead_is_read_anew() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-11-24T09:00:00Z");
    stand.sync().await;
    stand.sync_after(DAY * 4).await;
    assert!(titles(&stand).is_empty());
    stand.set_clock_back(SignedDuration::from_hours(4 * 24));
    stand.sync_after(MINUTE).await;
    assert_eq!(titles(&stand), ["Review"]);
    // By the service's own clock that is four days later.
    stand.drag(&event, "2026-12-01T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-01T09:00:00Z".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn p11_what_failed_needs_nobody_once_its_event_has_left_and_can_still_be_undone() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-11-22T12:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.sync_after(MINUTE).await;
    let updated = stand.newest();
    assert_eq!(updated.remedies, [Remedy::Undo]);
    stand.rename(&event, "Again");
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", refused("zoom_300"));
    assert!(stand.sync_after(MINUTE).await.needs_you);
    assert!(!stand.sync_after(DAY * 2).await.needs_you);
    assert!(titles(&stand).is_empty());
    assert_eq!(stand.engine.activity(9, None).unwrap().len(), 2, "the log stays");
}

#[tokio::test(start_paused = true)]
async fn p4_the_past_exceptions_of_a_series_leave_and_those_ahead_stay() {
    let stand = Stand::new("").await;
    let (series, meeting) = stand.series("Daily", "2026-11-22T10:00:00Z", "FREQ=DAILY;COUNT=8");
    stand.sync().await;
    let date = |day: u8| format!("{series}_202611{day}T100000Z");
    stand.cancel(&date(23));
    stand.cancel(&date(28));
    stand.drag(&date(24), "2026-11-27T15:00:00Z");
    stand.sync_after(MINUTE).await;
    let before = crate::series::dates(&stand, meeting);
    stand.sync_after(DAY * 4).await;
    stand.sync_after(MINUTE).await;
    assert_eq!(crate::series::dates(&stand, meeting), before);
    let database = rusqlite::Connection::open(stand.folder.path().join("reconvene.db")).unwrap();
    let count: i64 = database
        .query_row("SELECT count(*) FROM exceptions", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2);
}

#[tokio::test(start_paused = true)]
async fn p11_an_event_that_names_no_length_lasts_as_long_as_its_meeting() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-11-22T12:00:00Z");
    stand.sync().await;
    stand.hand(Hand::ResizeEvent {
        calendar: ANA.into(),
        event: event.clone(),
        minutes: 120,
    });
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::ResizeEvent {
        calendar: ANA.into(),
        event,
        minutes: 0,
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    // The meeting was used again, for another event; it is not moved from under those who are in it.
    let next = stand.add(NewEvent::new(ANA, "Again", at("2026-11-29T12:00:00Z")));
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: next,
        meeting,
    });
    stand.sync_after(HOUR * 5).await;
    let start = stand.start(meeting);
    assert_eq!(
        start,
        Some("2026-11-22T12:00:00Z".parse().unwrap()),
        "{}",
        stand.now()
    );
    let view = stand.view("Review");
    assert!(view.can_join, "{view:#?}");
    assert_eq!(view.end, "2026-11-22T14:00:00Z".parse().unwrap());
    stand.sync_after(HOUR * 2).await;
    assert!(!stand.view("Review").can_join);
    assert_ne!(stand.start(meeting), start);
}
