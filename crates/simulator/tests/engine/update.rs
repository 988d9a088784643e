//! What an edit of an event writes to its meeting, and what it does not.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{Change, MeetingState, Outcome, Service};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};
use serde_json::json;

use crate::stand::{ANA, BEN, Stand, answer_lost, refused};

#[tokio::test(start_paused = true)]
async fn p2_a_moved_event_takes_its_meeting_along_in_three_requests() {
    let (stand, event, meeting) = Stand::in_step("").await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    stand.clear_log();
    stand.drag(&event, "2026-12-02T10:30:00Z");
    let report = stand.sync().await;
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    let patch = &stand.zoom_requests()[1];
    assert_eq!(
        patch.body,
        serde_json::json!({"start_time": "2026-12-02T10:30:00Z"}),
        "only what differs"
    );
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-02T10:30:00Z".parse().unwrap())
    );
    let entry = report.entries.last().unwrap();
    assert_eq!((entry.outcome, entry.attempts), (Outcome::Updated, 1));
    assert!(
        matches!(entry.changes.as_slice(), [Change::Start { .. }]),
        "{:?}",
        entry.changes
    );
    assert_eq!(
        stand.view("Review").moved_from,
        Some("2026-12-01T09:00:00Z".parse().unwrap())
    );
    assert_eq!(stand.google_writes(), 0, "P7, P9: the calendar is only read");
}

#[tokio::test(start_paused = true)]
async fn p6_a_pass_without_changes_asks_the_provider_nothing() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.rename(&event, "Retro");
    stand.sync().await;
    stand.clear_log();
    for _ in 0..3 {
        stand.sync_after(Duration::from_secs(60)).await;
    }
    assert_eq!(stand.zoom_methods(), [""; 0]);
    assert_eq!(stand.requests().len(), 3, "one request per calendar and pass");
}

#[tokio::test(start_paused = true)]
async fn p6_an_edit_that_does_not_matter_causes_nothing() {
    let (stand, event, _) = Stand::in_step("").await;
    stand.clear_log();
    let fields = serde_json::json!({"colorId": "5"}).as_object().unwrap().clone();
    stand.hand(Hand::WriteFields {
        calendar: ANA.into(),
        event,
        fields,
    });
    stand.sync().await;
    assert_eq!(stand.zoom_methods(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn five_edits_are_one_write() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.clear_log();
    for title in ["A", "B", "C", "D", "E"] {
        stand.rename(&event, title);
    }
    stand.hand(Hand::ResizeEvent {
        calendar: ANA.into(),
        event,
        minutes: 45,
    });
    stand.sync().await;
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    assert_eq!(stand.topic(meeting).as_deref(), Some("E"));
}

#[tokio::test(start_paused = true)]
async fn p2_a_write_that_was_not_read_back_is_looked_at_even_if_the_edit_was_taken_back() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.rename(&event, "Retro");
    let mut unread = Rule::once(Wire::Zoom, "/meetings/", refused("503_html")).method("GET");
    unread.skip = 1;
    stand.simulator.with(|world| world.faults().add(unread));
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    stand.rename(&event, "Review");
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p5_a_lost_answer_is_read_back_and_not_written_twice() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.clear_log();
    stand.rename(&event, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", answer_lost());
    stand.sync().await;
    let waiting = stand.newest();
    assert_eq!(
        (waiting.outcome, waiting.problem.unwrap().code),
        (Outcome::Waiting, Code::TimedOut)
    );
    stand.sync_after(Duration::from_secs(30)).await;
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    let entry = stand.newest();
    assert_eq!((entry.outcome, entry.attempts), (Outcome::Updated, 2));
    assert!(matches!(entry.changes.as_slice(), [Change::Topic { .. }]));
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn an_event_moved_into_the_past_is_not_taken_for_carried_over() {
    let (stand, event, _) = Stand::in_step("").await;
    stand.drag(&event, "2026-11-22T07:45:00Z");
    stand.sync().await;
    assert_eq!(stand.newest().problem.unwrap().code, Code::InThePast);
}

#[tokio::test(start_paused = true)]
async fn p6_a_zone_that_zoom_calls_by_another_name_is_written_once() {
    let (stand, event, meeting) = Stand::in_step("").await;
    let start = serde_json::json!({"dateTime": "2026-12-01T14:30:00+05:30", "timeZone": "Asia/Kolkata"});
    let fields = serde_json::json!({"start": start}).as_object().unwrap().clone();
    stand.hand(Hand::WriteFields {
        calendar: ANA.into(),
        event,
        fields,
    });
    let host = stand
        .simulator
        .with(|world| world.meeting(meeting).unwrap().host_id.clone());
    let renamed = serde_json::json!({
        "id": meeting, "type": 2, "topic": "Review", "start_time": "2026-12-01T09:00:00Z", "duration": 30,
        "timezone": "Asia/Calcutta", "host_id": host,
    });
    let renamed = Effect::Answer {
        status: 200,
        headers: [].into(),
        body: renamed.to_string(),
    };
    // The reading back, and not the reading before it.
    let mut rule = Rule::once(Wire::Zoom, "/meetings/", Fault::before(renamed)).method("GET");
    rule.skip = 1;
    stand.simulator.with(|world| world.faults().add(rule));
    stand.clear_log();
    stand.sync().await;
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    assert_eq!(stand.newest().outcome, Outcome::Updated);
}

#[tokio::test(start_paused = true)]
async fn p3_a_meeting_is_changed_through_its_hosts_account_and_waits_while_that_one_must() {
    let (stand, event, _) = Stand::in_step("").await;
    stand.sign_in_as(Service::Zoom, BEN).await;
    stand.rename(&event, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("429_seconds"));
    stand.sync().await;
    let (new, meeting) = stand.event("New", "2026-12-03T09:00:00Z");
    stand.rename(&new, "Renamed at once");
    stand.clear_log();
    stand.sync().await;
    assert_eq!(stand.zoom_methods(), ["GET"], "only Ben is asked, who sees it");
    stand.sync_after(Duration::from_secs(10)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Renamed at once"));
    let writers = stand.zoom_requests().into_iter().filter(|entry| entry.is_write());
    let writers: Vec<_> = writers.filter_map(|entry| entry.who).collect();
    assert!(writers.iter().all(|who| who == ANA), "{writers:?}");
}

#[tokio::test(start_paused = true)]
async fn p6_a_zone_that_zoom_does_not_list_is_kept_under_a_name_that_shows_the_same_clock() {
    // Neither is on Zoom's list, and neither is another name of one that is.
    for (zone, repeats) in [
        ("Europe/Busingen", true),
        ("America/Detroit", true),
        ("Asia/Urumqi", false),
    ] {
        let stand = Stand::new("").await;
        let (event, meeting) = match repeats {
            true => stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=WEEKLY"),
            false => stand.event("Review", "2026-12-01T09:00:00Z"),
        };
        stand.sync().await;
        let at = |time: &str| serde_json::json!({"dateTime": time, "timeZone": zone});
        let fields =
            serde_json::json!({"start": at("2026-12-01T10:00:00Z"), "end": at("2026-12-01T10:30:00Z")});
        stand.hand(Hand::WriteFields {
            calendar: ANA.into(),
            event,
            fields: fields.as_object().unwrap().clone(),
        });
        stand.sync_after(Duration::from_secs(60)).await;
        let kept = stand
            .simulator
            .with(|world| world.meeting(meeting).unwrap().time_zone.clone());
        assert_ne!(kept, zone, "Zoom has a list of its own");
        assert_eq!(stand.state("Review"), MeetingState::InStep, "{zone} as {kept}");
        stand.clear_log();
        let entries = stand.engine.activity(99, None).unwrap().len();
        for _ in 0..3 {
            tokio::time::advance(Duration::from_secs(7 * 3600)).await;
            stand.engine.sync(None, true).await.unwrap();
        }
        assert_eq!(stand.zoom_methods(), ["GET", "GET", "GET"], "{zone} as {kept}");
        assert_eq!(stand.engine.activity(99, None).unwrap().len(), entries);
    }
}

#[tokio::test(start_paused = true)]
async fn p4_an_event_that_names_no_length_leaves_its_meetings_as_it_is() {
    // One ends when it begins; of the other Google says that its end means nothing.
    for without_length in [
        json!({"end": {"dateTime": "2026-12-01T09:00:00Z"}}),
        json!({"endTimeUnspecified": true, "end": {"dateTime": "2026-12-01T10:00:00Z"}}),
    ] {
        let (stand, event, meeting) = Stand::in_step("").await;
        let length = || {
            stand
                .simulator
                .with(|world| world.meeting(meeting).map(|meeting| meeting.minutes))
        };
        let before = length();
        stand.hand(Hand::WriteFields {
            calendar: ANA.into(),
            event: event.clone(),
            fields: without_length.as_object().unwrap().clone(),
        });
        stand.rename(&event, "Retro");
        stand.sync_after(Duration::from_secs(60)).await;
        assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
        assert_eq!(length(), before, "{without_length}");
        assert_eq!(stand.state("Retro"), MeetingState::InStep, "{without_length}");
    }
}
