//! What is said, or happens, while an attempt is under way counts, whatever comes of the attempt.

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{Method, Request};
use jiff::SignedDuration;
use reconvene_core::problem::Code;
use reconvene_core::report::{Outcome, Service};
use reconvene_simulator::{Hand, Service as Wire};

use crate::meanwhile::during;
use crate::series::{date, dates, series};
use crate::stand::{ANA, Stand, refused};

const MINUTE: Duration = Duration::from_secs(60);

fn changes(request: &Request<Bytes>) -> bool {
    request.method() == Method::PATCH && request.uri().path().contains("/zoom/")
}

fn reads(request: &Request<Bytes>) -> bool {
    request.method() == Method::GET && request.uri().path().contains("/zoom/v2/meetings/")
}

/// “Review” was renamed “Retro”, and its meeting followed; the rest happens over a transport that can be listened to.
async fn renamed(fits: fn(&Request<Bytes>) -> bool) -> (Stand, u64) {
    let (mut stand, event, meeting) = Stand::in_step("").await;
    stand.rename(&event, "Retro");
    stand.sync_after(MINUTE).await;
    let done = stand.newest().id.to_string();
    during(&mut stand, fits, move |engine| {
        // The word is kept; whoever said it need not wait for what comes of it.
        drop(engine.undo(&done).now_or_never());
    });
    stand.clear_log();
    (stand, meeting)
}

async fn look(stand: &Stand) {
    tokio::time::advance(MINUTE).await;
    stand.engine.sync(None, true).await.unwrap();
}

fn told(stand: &Stand) -> Vec<Outcome> {
    let entries = stand.engine.activity(99, None).unwrap();
    entries.iter().map(|entry| entry.outcome).collect()
}

#[tokio::test(start_paused = true)]
async fn p5_p11_an_undo_asked_for_while_its_meeting_is_looked_at_is_carried_out() {
    let (stand, meeting) = renamed(reads).await;
    look(&stand).await;
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(told(&stand), [Outcome::Undone, Outcome::Updated]);
}

#[tokio::test(start_paused = true)]
async fn p5_p11_an_undo_asked_for_while_something_else_is_written_is_carried_out_and_both_are_told() {
    let (stand, meeting) = renamed(changes).await;
    stand.hand(Hand::EditMeeting {
        meeting,
        topic: Some("Sabotage".into()),
        start: None,
        minutes: None,
    });
    look(&stand).await;
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(
        told(&stand),
        [Outcome::Undone, Outcome::Updated, Outcome::Updated]
    );
}

#[tokio::test(start_paused = true)]
async fn p13_what_a_service_asks_for_meanwhile_is_heeded() {
    let (stand, meeting) = renamed(reads).await;
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("zoom_429_qps"));
    look(&stand).await;
    assert_eq!(stand.zoom_methods(), ["GET"]);
    stand.sync_after(MINUTE * 60).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
}

#[tokio::test(start_paused = true)]
async fn p2_an_event_cancelled_while_its_series_is_written_takes_its_meeting_along() {
    let mut stand = Stand::new("delete_grace = \"0s\"").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    // Zoom has no title of its own for a date, so this never ends wholly in step.
    stand.rename(&date(&id, "20261222T090000Z"), "Special");
    stand.drag(&date(&id, "20261208T090000Z"), "2026-12-08T10:00:00Z");
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-15T10:00:00Z");
    let simulator = stand.simulator.clone();
    during(&mut stand, changes, move |engine| {
        let cancelled = Hand::CancelEvent {
            calendar: ANA.into(),
            event: id,
        };
        simulator.hand(cancelled).unwrap();
        let engine = engine.clone();
        tokio::spawn(async move { engine.sync(None, false).await });
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting).len(), 4);
    stand.sync_after(MINUTE).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p13_a_wait_is_heeded_although_the_meeting_is_forgotten_meanwhile() {
    let (mut stand, event, _) = Stand::in_step("").await;
    stand.rename(&event, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", refused("zoom_429_qps"));
    during(&mut stand, changes, |engine| {
        drop(engine.watch_calendar(ANA, false).now_or_never());
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.engine.meetings().unwrap(), []);
    let accounts = stand.engine.accounts().unwrap();
    let zoom = accounts.iter().find(|account| account.service == Service::Zoom);
    let health = &zoom.unwrap().health;
    assert_eq!(
        health.problem.as_ref().map(|problem| problem.code),
        Some(Code::RateLimited)
    );
}

#[tokio::test(start_paused = true)]
async fn p6_p14_a_change_that_the_machine_slept_over_is_not_sent_before_its_event_is_read_anew() {
    let (mut stand, event, meeting) = Stand::in_step("").await;
    stand.rename(&event, "Retro");
    // Its token has ended, so it is sent twice.
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", refused("zoom_401"));
    let (simulator, wall) = (stand.simulator.clone(), stand.wall());
    during(&mut stand, changes, move |_| {
        wall.set_back(SignedDuration::from_hours(-72));
        let renamed = Hand::RenameEvent {
            calendar: ANA.into(),
            event,
            title: "Third".into(),
        };
        simulator.hand(renamed).unwrap();
    });
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Third"));
    let told: Vec<_> = stand.engine.activity(99, None).unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    let written = stand.zoom_requests();
    let written = written
        .iter()
        .filter(|entry| entry.method == "PATCH" && entry.applied);
    assert_eq!(written.count(), 1);
}
