//! Two installations of one person, on one calendar and one Zoom account (P14).

use std::time::Duration;

use jiff::Timestamp;
use reconvene_core::report::{MeetingState, Outcome};
use reconvene_simulator::{Hand, Rule, Service as Wire};
use tokio_util::sync::CancellationToken;

use crate::series::dates;
use crate::stand::{ANA, Running, Stand, at, refused};

const HOUR: Duration = Duration::from_secs(3600);

/// Lets both installations run side by side for a while.
async fn side_by_side(stand: &Stand, other: &reconvene_engine::Engine, time: Duration) {
    let stop = CancellationToken::new();
    let both = Box::pin(futures::future::join(
        stand.engine.run(stop.clone()),
        other.run(stop),
    ));
    assert!(tokio::time::timeout(time, both).await.is_err(), "both run on");
}

/// From now on the events cannot be read, so many times.
fn google_fails(stand: &Stand, times: u32) {
    stand.simulator.with(|world| {
        let rule = Rule::once(Wire::Google, "/events", refused("503_html")).method("GET");
        world.faults().add(Rule {
            times: Some(times),
            ..rule
        });
    });
}

fn writes(stand: &Stand) -> usize {
    stand
        .zoom_requests()
        .iter()
        .filter(|entry| entry.is_write())
        .count()
}

#[tokio::test(start_paused = true)]
async fn p14_two_installations_bring_a_meeting_in_step_and_then_leave_it_alone() {
    let stand = Stand::new("").await;
    let (other, _folder) = stand.another().await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    side_by_side(&stand, &other, HOUR).await;
    stand.drag(&event, "2026-12-02T10:00:00Z");
    stand.rename(&event, "Retro");
    stand.clear_log();
    side_by_side(&stand, &other, HOUR).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert!((1..=2).contains(&writes(&stand)), "{}", writes(&stand));
    stand.clear_log();
    side_by_side(&stand, &other, HOUR * 8).await;
    assert_eq!(writes(&stand), 0, "nobody undoes what the other did");
}

#[tokio::test(start_paused = true)]
async fn p14_two_installations_agree_about_a_series_and_its_dates() {
    let stand = Stand::new("").await;
    let (other, _folder) = stand.another().await;
    let (series, meeting) = stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=6");
    side_by_side(&stand, &other, HOUR).await;
    stand.hand(Hand::MoveEvent {
        calendar: ANA.into(),
        event: format!("{series}_20261208T090000Z"),
        start: at("2026-12-09T14:00:00Z"),
        end: None,
    });
    stand.cancel(&format!("{series}_20261215T090000Z"));
    side_by_side(&stand, &other, HOUR).await;
    let mut starts: Vec<Timestamp> = stand.simulator.with(|world| {
        let dates = world.meeting(meeting).unwrap().occurrences.clone();
        dates
            .iter()
            .filter(|date| !date.deleted)
            .map(|date| date.start)
            .collect()
    });
    starts.sort();
    assert_eq!(starts.len(), 5);
    assert_eq!(starts[1], "2026-12-09T14:00:00Z".parse().unwrap());
    stand.clear_log();
    side_by_side(&stand, &other, HOUR * 8).await;
    assert_eq!(writes(&stand), 0, "nobody undoes what the other did");
}

#[tokio::test(start_paused = true)]
async fn p14_a_meeting_is_deleted_and_neither_installation_complains() {
    let stand = Stand::new("").await;
    let (other, _folder) = stand.another().await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    side_by_side(&stand, &other, HOUR).await;
    stand.cancel(&event);
    side_by_side(&stand, &other, HOUR).await;
    assert!(!stand.exists(meeting));
    for engine in [&stand.engine, &other] {
        let status = engine.status().unwrap();
        assert!(status.problems.is_empty(), "{:?}", status.problems);
    }
}

#[tokio::test(start_paused = true)]
async fn p14_a_machine_that_was_off_learns_what_changed_before_it_looks_at_meetings() {
    let (stand, event, meeting) = Stand::in_step("").await;
    let other = stand.second().await;
    other.sync().await;
    // This one sleeps, and the other carries an edit over.
    stand.drag(&event, "2026-12-02T09:00:00Z");
    other.sync_after(HOUR * 7).await;
    // It wakes without Google at first.
    google_fails(&stand, 20);
    stand.clear_log();
    let running = Running::start(&stand);
    tokio::time::sleep(HOUR).await;
    running.stop().await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-02T09:00:00Z".parse().unwrap())
    );
    assert_eq!(writes(&stand), 0);
}

#[tokio::test(start_paused = true)]
async fn p14_a_date_that_the_other_installation_cancelled_first_is_no_refusal() {
    let stand = Stand::new("").await;
    let (id, meeting) = stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=6");
    let other = stand.second().await;
    stand.sync().await;
    other.sync().await;
    for day in ["20261208", "20261215", "20261222"] {
        stand.cancel(&format!("{id}_{day}T090000Z"));
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    Box::pin(futures::future::join(stand.sync(), other.sync())).await;
    assert_eq!(dates(&stand, meeting).len(), 3);
    for machine in [&stand, &other] {
        machine.sync_after(Duration::from_secs(60)).await;
        assert_eq!(machine.state("Review"), MeetingState::InStep);
        let entries = machine.engine.activity(99, None).unwrap();
        assert!(entries.iter().all(|entry| entry.outcome != Outcome::Refused));
    }
}

#[tokio::test(start_paused = true)]
async fn p14_a_change_that_waited_for_zoom_is_not_made_after_a_sleep_before_google_was_read() {
    for by_hand in [false, true] {
        let (stand, event, meeting) = Stand::in_step("").await;
        let other = stand.second().await;
        other.sync().await;
        stand.drag(&event, "2026-12-02T09:00:00Z");
        stand.fault(Wire::Zoom, "/meetings", "PATCH", refused("503_html"));
        stand.sync_after(Duration::from_secs(60)).await;
        if by_hand {
            stand.fault(Wire::Zoom, "/meetings", "PATCH", refused("503_html"));
            stand.engine.retry(stand.view("Review").id).unwrap();
            stand.sync_after(Duration::from_secs(60)).await;
        }
        assert_eq!(stand.state("Review"), MeetingState::Updating);
        // This one sleeps, the event moves on, and the other carries it over.
        stand.drag(&event, "2026-12-03T09:00:00Z");
        other.sync_after(HOUR * 7).await;
        google_fails(&stand, 20);
        stand.clear_log();
        stand.engine.woke();
        let running = Running::start(&stand);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let view = stand.view("Review");
        assert_eq!(view.state, MeetingState::Updating);
        assert!(by_hand || view.reason.contains("calendar"), "{}", view.reason);
        tokio::time::sleep(HOUR * 4).await;
        running.stop().await;
        assert_eq!(
            stand.start(meeting),
            Some("2026-12-03T09:00:00Z".parse().unwrap())
        );
        assert_eq!(writes(&stand), 0);
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p14_what_a_killed_process_left_over_is_not_made_before_google_was_read() {
    let mut stand = Stand::new("poll = \"1h\"").await;
    let (id, meeting) = stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=6");
    stand.sync().await;
    let other = stand.second().await;
    other.sync().await;
    stand.rename(&id, "Retro");
    stand.fault(Wire::Zoom, "/meetings", "PATCH", refused("503_html"));
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.state("Retro"), MeetingState::Updating);
    // It is killed, people go on, and the other installation carries everything over.
    stand.rename(&id, "Review again");
    stand.hand(Hand::MoveEvent {
        calendar: ANA.into(),
        event: format!("{id}_20261208T090000Z"),
        start: at("2026-12-09T14:00:00Z"),
        end: None,
    });
    other.sync_after(Duration::from_secs(60)).await;
    let carried = (stand.topic(meeting), dates(&stand, meeting));
    stand.restart();
    stand.clear_log();
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(600)).await;
    running.stop().await;
    assert_eq!(writes(&stand), 0, "nobody undoes what the other did");
    assert_eq!((stand.topic(meeting), dates(&stand, meeting)), carried);
    assert_eq!(stand.state("Review again"), MeetingState::InStep);
}

/// How long after a machine began its work it looks at a meeting in step, and what was written by an hour later; `faster` so long
/// before the look another installation carries an edit over, and Google fails so many `times` from then on.
async fn looked_at(faster: Option<Duration>, times: u32) -> (Duration, usize) {
    let (stand, event, _) = Stand::in_step("").await;
    let other = stand.second().await;
    other.sync().await;
    let began = tokio::time::Instant::now();
    let running = Running::start(&stand);
    if let Some(faster) = faster {
        tokio::time::sleep(faster).await;
        stand.drag(&event, "2026-12-03T09:00:00Z");
        other.sync().await;
        google_fails(&stand, times);
    }
    stand.clear_log();
    while !stand.zoom_methods().contains(&"GET".to_owned()) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let took = began.elapsed();
    tokio::time::sleep(HOUR).await;
    running.stop().await;
    (took, writes(&stand))
}

#[tokio::test(start_paused = true)]
async fn p14_a_look_that_finds_what_another_installation_has_just_changed_reads_the_event_first() {
    let (looks, _) = looked_at(None, 0).await;
    let just_before = looks.checked_sub(Duration::from_secs(10)).unwrap();
    for times in [0, 3] {
        let (_, written) = looked_at(Some(just_before), times).await;
        assert_eq!(written, 0, "nobody undoes what the other did; {times}");
    }
}
