//! What the person calls off while it is being done.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use reconvene_core::id::MeetingId;
use reconvene_core::report::{Outcome, Remedy};
use reconvene_engine::Engine;
use reconvene_simulator::Entry;

use crate::meanwhile::during;
use crate::series::{date, dates, series};
use crate::stand::Stand;

const MINUTE: Duration = Duration::from_secs(60);

fn changes(request: &Request<Bytes>) -> bool {
    request.method() == Method::PATCH && request.uri().path().contains("/zoom/")
}

fn deletes(request: &Request<Bytes>) -> bool {
    request.method() == Method::DELETE && request.uri().path().contains("/zoom/")
}

fn leave_alone(engine: &Engine) {
    let meetings: Vec<MeetingId> = engine.meetings().unwrap().iter().map(|view| view.id).collect();
    for meeting in meetings {
        engine.ignore(meeting).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn p8_p11_a_change_called_off_half_way_stops_there_says_so_and_can_be_taken_back() {
    let mut stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    let before = dates(&stand, meeting);
    stand.drag(&date(&id, "20261208T090000Z"), "2026-12-08T10:00:00Z");
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-15T10:00:00Z");
    during(&mut stand, changes, leave_alone);
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE).await;
    let written = stand.requests().into_iter().filter(Entry::is_write).count();
    assert_eq!(written, 1);
    let told = stand.newest();
    assert_eq!(
        (told.outcome, told.changes.len()),
        (Outcome::Updated, 1),
        "{told:#?}"
    );
    assert_eq!(told.remedies, [Remedy::Undo]);
    let undone = stand.engine.undo(&told.id.to_string()).await.unwrap();
    assert_eq!(undone.last().unwrap().outcome, Outcome::Undone);
    assert_eq!(dates(&stand, meeting), before);
}

#[tokio::test(start_paused = true)]
async fn p11_an_undo_called_off_half_way_says_what_it_had_taken_back() {
    let mut stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    stand.rename(&id, "Retro");
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-15T10:00:00Z");
    stand.sync_after(MINUTE).await;
    let moved = dates(&stand, meeting);
    let done = stand.newest();
    during(&mut stand, changes, leave_alone);
    stand.engine.undo(&done.id.to_string()).await.unwrap();
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(dates(&stand, meeting), moved, "not that far");
    let told = stand.newest();
    assert_eq!(
        (told.outcome, told.changes.len()),
        (Outcome::Updated, 1),
        "{told:#?}"
    );
    stand.engine.undo(&told.id.to_string()).await.unwrap();
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p11_a_deletion_called_off_too_late_can_be_taken_back() {
    let (mut stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
    stand.cancel(&event);
    during(&mut stand, deletes, leave_alone);
    stand.sync().await;
    assert!(!stand.exists(meeting));
    let told = stand.newest();
    assert_eq!(
        (told.outcome, told.remedies.as_slice()),
        (Outcome::Deleted, [Remedy::Undo].as_slice())
    );
    stand.engine.undo(&told.id.to_string()).await.unwrap();
    assert!(stand.exists(meeting));
}
