//! Both halves of a series that was split ("this and following"), where nothing but a link in a text leads to the meeting.

use std::time::Duration;

use reconvene_core::report::{MeetingState, Service};
use reconvene_simulator::Hand;
use reconvene_simulator::hands::{NewConference, NewEvent, NewMeeting};
use serde_json::json;

use crate::series::dates;
use crate::stand::{ANA, Stand, at};

const MINUTE: Duration = Duration::from_secs(60);
const FIRST: &str = "2026-12-01T09:00:00Z";
const MOVED: [&str; 5] = [
    "2026-12-01T09:00:00Z",
    "2026-12-08T09:00:00Z",
    "2026-12-15T13:00:00Z",
    "2026-12-22T13:00:00Z",
    "2026-12-29T13:00:00Z",
];

/// “Review”, five times weekly, with a link to a meeting with the same dates and this topic. Returns both ids.
async fn linked(stand: &Stand, topic: &str) -> (String, u64) {
    let meeting = stand.hand(Hand::CreateMeeting(Box::new(NewMeeting {
        host: ANA.into(),
        topic: topic.into(),
        kind: 8,
        start: Some(FIRST.parse().unwrap()),
        minutes: 30,
        recurrence: Some(json!({"type": 2, "repeat_interval": 1, "weekly_days": "3", "end_times": 5})),
        time_zone: None,
    })));
    let meeting = meeting.parse().unwrap();
    let id = stand.add(NewEvent {
        conference: NewConference::LinkInLocation(meeting),
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=5".into()],
        ..NewEvent::new(ANA, "Review", at(FIRST))
    });
    stand.sync().await;
    (id, meeting)
}

/// The third and what follows go to one o'clock. Returns the id of the second half.
fn split(stand: &Stand, series: &str) -> String {
    stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: series.into(),
        at: at("2026-12-15T09:00:00Z"),
        start: Some(at("2026-12-15T13:00:00Z")),
        title: None,
    })
}

/// Both halves speak, and the second one goes on doing so when the first is gone.
async fn both_speak(mut stand: Stand, first: &str, second: &str, meeting: u64) {
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting), MOVED);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    assert!(stand.engine.meetings().unwrap().iter().all(|view| view.bonded));
    stand.restart();
    stand.cancel(first);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    stand.rename(second, "Retro");
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting), MOVED[2..]);
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    stand.cancel(second);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_p4_both_halves_of_a_series_that_agreed_with_its_meeting_are_followed() {
    let stand = Stand::new("").await;
    let (first, meeting) = linked(&stand, "Review").await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    let second = split(&stand, &first);
    both_speak(stand, &first, &second, meeting).await;
}

#[tokio::test(start_paused = true)]
async fn p2_p4_both_halves_of_a_series_that_the_person_bonded_are_followed() {
    let stand = Stand::new("").await;
    let (first, meeting) = linked(&stand, "Planning").await;
    let view = stand.view("Review");
    assert_eq!(view.state, MeetingState::WatchedOnly);
    stand.engine.bond(view.id).await.unwrap();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    let second = split(&stand, &first);
    both_speak(stand, &first, &second, meeting).await;
}

#[tokio::test(start_paused = true)]
async fn p2_p4_both_halves_of_a_series_with_an_added_meeting_are_followed_with_the_mark_or_without() {
    for kept in [true, false] {
        let stand = Stand::new("").await;
        stand.permit().await;
        let first = stand.add(NewEvent {
            recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=5".into()],
            ..NewEvent::new(ANA, "Review", at(FIRST))
        });
        stand.sync().await;
        let view = stand
            .engine
            .add_meeting(ANA, &first, Service::Zoom)
            .await
            .unwrap();
        let meeting = view.number.unwrap().parse().unwrap();
        stand.sync_after(MINUTE).await;
        let second = split(&stand, &first);
        if !kept {
            stand.hand(Hand::WriteFields {
                calendar: ANA.into(),
                event: second.clone(),
                fields: serde_json::from_str(r#"{"extendedProperties": null}"#).unwrap(),
            });
        }
        both_speak(stand, &first, &second, meeting).await;
    }
}

#[tokio::test(start_paused = true)]
async fn p2_the_second_half_is_followed_though_the_first_was_over_before_anybody_looked() {
    let stand = Stand::new("").await;
    let (first, meeting) = linked(&stand, "Review").await;
    let second = split(&stand, &first);
    stand.sync_after(Duration::from_secs(20 * 24 * 3600)).await;
    assert_eq!(dates(&stand, meeting), MOVED[2..]);
    stand.rename(&second, "Retro");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p3_a_copy_of_a_series_has_no_share_in_its_bond() {
    let stand = Stand::new("").await;
    let (first, meeting) = linked(&stand, "Review").await;
    let copy = stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event: first.clone(),
        to: None,
        start: Some(at("2026-12-03T15:00:00Z")),
    });
    stand.sync_after(MINUTE).await;
    stand.clear_log();
    stand.rename(&copy, "Copy");
    stand.sync_after(MINUTE).await;
    assert!(!stand.view("Copy").bonded);
    assert_eq!(stand.zoom_methods(), [""; 0]);
    stand.cancel(&first);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    stand.cancel(&copy);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    assert!(stand.zoom_requests().iter().all(|entry| entry.method != "PATCH"));
    assert!(!stand.exists(meeting), "with the series it was made for");
}
