//! Series: a rule, its exceptions, both halves of a split one, and what Zoom has no words for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::problem::Code;
use reconvene_core::report::{Change, MeetingState, Outcome, Service};
use reconvene_simulator::google::Habits;
use reconvene_simulator::hands::{NewEvent, NewMeeting};
use reconvene_simulator::{Entry, Hand, Service as Wire};
use serde_json::json;

use crate::stand::{ANA, Stand, answer_lost, at};

const MINUTE: Duration = Duration::from_secs(60);

/// A series with a meeting that Zoom's add-on made for it, already known and in step. Returns both ids.
pub(crate) async fn series(stand: &Stand, start: &str, rule: &str) -> (String, u64) {
    let (id, meeting) = stand.series("Review", start, rule);
    stand.sync().await;
    stand.clear_log();
    (id, meeting)
}

/// The dates to come of a meeting, as Zoom has them, in UTC.
pub(crate) fn dates(stand: &Stand, meeting: u64) -> Vec<String> {
    stand.simulator.with(|world| {
        let mut dates: Vec<Timestamp> = world
            .meeting(meeting)
            .unwrap()
            .occurrences
            .iter()
            .filter(|date| !date.deleted)
            .map(|date| date.start)
            .collect();
        dates.sort();
        dates.iter().map(ToString::to_string).collect()
    })
}

pub(crate) fn date(series: &str, original: &str) -> String {
    format!("{series}_{original}")
}

#[tokio::test(start_paused = true)]
async fn p2_a_series_that_moves_and_is_renamed_takes_every_date_of_its_meeting_along() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=3").await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    stand.drag(&id, "2026-12-02T10:30:00Z");
    stand.rename(&id, "Retro");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-02T10:30:00Z",
            "2026-12-09T10:30:00Z",
            "2026-12-16T10:30:00Z"
        ]
    );
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    assert_eq!(stand.newest().outcome, Outcome::Updated);
    assert!(
        matches!(
            stand.newest().changes.as_slice(),
            [Change::Topic { .. }, .., Change::Start { .. }]
        ),
        "{:?}",
        stand.newest().changes
    );
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert!(stand.zoom_methods().is_empty(), "P6");
}

#[tokio::test(start_paused = true)]
async fn p4_one_date_moved_lengthened_and_cancelled_touches_that_date_alone() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    stand.drag(&date(&id, "20261208T090000Z"), "2026-12-09T14:00:00Z");
    stand.sync_after(MINUTE).await;
    let writes: Vec<(String, String)> = stand
        .zoom_requests()
        .into_iter()
        .filter(|entry| entry.is_write())
        .map(|entry| (entry.method, entry.path))
        .collect();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!(
        stand
            .newest()
            .changes
            .iter()
            .all(|change| matches!(change, Change::Date { .. }))
    );
    stand.hand(Hand::ResizeEvent {
        calendar: ANA.into(),
        event: date(&id, "20261215T090000Z"),
        minutes: 90,
    });
    stand.cancel(&date(&id, "20261222T090000Z"));
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-09T14:00:00Z",
            "2026-12-15T09:00:00Z"
        ]
    );
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert!(stand.zoom_methods().is_empty(), "P6");
}

#[tokio::test(start_paused = true)]
async fn p2_a_date_that_was_cancelled_and_restored_is_back_with_the_other_exceptions() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    stand.cancel(&date(&id, "20261208T090000Z"));
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-16T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting).len(), 3);
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event: date(&id, "20261208T090000Z"),
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-08T09:00:00Z",
            "2026-12-16T09:00:00Z",
            "2026-12-22T09:00:00Z"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn p2_this_and_following_keeps_both_halves_in_one_meeting() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=5").await;
    let rest = stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: id.clone(),
        at: at("2026-12-15T09:00:00Z"),
        start: Some(at("2026-12-15T13:00:00Z")),
        title: None,
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-08T09:00:00Z",
            "2026-12-15T13:00:00Z",
            "2026-12-22T13:00:00Z",
            "2026-12-29T13:00:00Z"
        ]
    );
    stand.cancel(&rest);
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting).len(), 5, "it may come back");
    stand.sync_after(MINUTE * 2).await;
    assert_eq!(
        dates(&stand, meeting),
        ["2026-12-01T09:00:00Z", "2026-12-08T09:00:00Z"]
    );
    assert!(stand.exists(meeting), "P3: the other half needs it");
    stand.cancel(&id);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p3_a_series_with_changed_dates_is_deleted_with_its_meeting_after_the_grace_period() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=5").await;
    stand.drag(&date(&id, "20261208T090000Z"), "2026-12-09T14:00:00Z");
    stand.sync_after(MINUTE).await;
    stand.cancel(&id);
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(meeting));
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
    assert_eq!(stand.newest().outcome, Outcome::Deleted);
}

#[tokio::test(start_paused = true)]
async fn p3_a_series_that_comes_back_keeps_its_changed_dates() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=3").await;
    stand.drag(&date(&id, "20261208T090000Z"), "2026-12-09T14:00:00Z");
    stand.sync_after(MINUTE).await;
    stand.cancel(&id);
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event: id,
    });
    stand.sync_after(MINUTE * 5).await;
    assert!(stand.exists(meeting));
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-09T14:00:00Z",
            "2026-12-15T09:00:00Z"
        ]
    );
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p2_a_rule_that_changes_or_ends_early_is_carried_over() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY").await;
    assert_eq!(dates(&stand, meeting).len(), 50);
    let change = |rule: &str| {
        stand.hand(Hand::ChangeRecurrence {
            calendar: ANA.into(),
            event: id.clone(),
            lines: vec![format!("RRULE:{rule}")],
        })
    };
    change("FREQ=WEEKLY;UNTIL=20261216T000000Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting).len(), 3);
    change("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-03T09:00:00Z",
            "2026-12-08T09:00:00Z",
            "2026-12-10T09:00:00Z"
        ]
    );
    stand.hand(Hand::ChangeRecurrence {
        calendar: ANA.into(),
        event: id.clone(),
        lines: vec![],
    });
    stand.sync_after(MINUTE).await;
    let kind = stand.simulator.with(|world| world.meeting(meeting).unwrap().kind);
    assert_eq!((kind, stand.state("Review")), (2, MeetingState::InStep));
}

#[tokio::test(start_paused = true)]
async fn p4_a_tombstone_of_nothing_but_an_id_cancels_the_date_that_its_id_names() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    let habits = stand.simulator.with(|world| world.habits().clone());
    stand.hand(Hand::SetHabits(Habits {
        tombstones: reconvene_simulator::google::Tombstones::IdOnly,
        ..habits
    }));
    stand.cancel(&date(&id, "20261208T090000Z"));
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-15T09:00:00Z",
            "2026-12-22T09:00:00Z"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn p2_every_date_keeps_its_clock_time_over_the_change_of_season() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2027-03-22T09:00:00Z", "FREQ=WEEKLY;COUNT=2").await;
    stand.drag(&id, "2027-03-22T10:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        ["2027-03-22T10:00:00Z", "2027-03-29T09:00:00Z"]
    );
}

#[tokio::test(start_paused = true)]
async fn p11_what_zoom_cannot_repeat_is_said_and_the_next_date_carried_over() {
    let stand = Stand::new("").await;
    let (id, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::WriteFields {
        calendar: ANA.into(),
        event: id.clone(),
        fields: serde_json::from_str(r#"{"recurrence": ["RRULE:FREQ=YEARLY"]}"#).unwrap(),
    });
    stand.drag(&id, "2026-12-03T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-03T09:00:00Z".parse().unwrap())
    );
    let entry = stand.newest();
    assert_eq!(
        entry.problem.as_ref().map(|problem| problem.code),
        Some(Code::NotExpressible)
    );
    assert_eq!(
        (entry.outcome, stand.state("Review")),
        (Outcome::Updated, MeetingState::OutOfStep)
    );
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert!(stand.zoom_methods().is_empty(), "said once");
}

#[tokio::test(start_paused = true)]
async fn p5_lost_answers_in_the_middle_of_several_writes_leave_the_same_meeting() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=5").await;
    stand.drag(&date(&id, "20261208T090000Z"), "2026-12-09T14:00:00Z");
    stand.cancel(&date(&id, "20261215T090000Z"));
    for method in ["PATCH", "DELETE"] {
        stand.fault(Wire::Zoom, "/meetings/", method, answer_lost());
    }
    stand.sync_after(MINUTE).await;
    for _ in 0..4 {
        stand.sync_after(MINUTE * 10).await;
    }
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-09T14:00:00Z",
            "2026-12-22T09:00:00Z",
            "2026-12-29T09:00:00Z"
        ]
    );
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p3_a_full_pass_after_a_lost_token_keeps_exceptions_and_sees_those_made_meanwhile() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=5").await;
    stand.cancel(&date(&id, "20261208T090000Z"));
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-16T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-16T09:00:00Z",
            "2026-12-22T09:00:00Z",
            "2026-12-29T09:00:00Z"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn p2_a_series_that_goes_on_is_laid_out_anew_before_its_meeting_runs_out_of_dates() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=DAILY").await;
    tokio::time::advance(Duration::from_secs(45 * 24 * 3600)).await;
    stand.rename(&id, "Retro");
    stand.sync().await;
    let last: Timestamp = dates(&stand, meeting).last().unwrap().parse().unwrap();
    let now: Timestamp = "2027-01-06T08:00:00Z".parse().unwrap();
    assert!(
        last.duration_since(now) > SignedDuration::from_hours(24 * 45),
        "{last}"
    );
}

#[tokio::test(start_paused = true)]
async fn p4_a_date_with_a_meeting_of_its_own_is_followed_by_itself() {
    let stand = Stand::new("").await;
    let series = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    let meeting = stand.hand(Hand::CreateMeeting(Box::new(NewMeeting {
        host: ANA.into(),
        topic: "Review".into(),
        kind: 2,
        start: Some("2026-12-08T09:00:00Z".parse().unwrap()),
        minutes: 30,
        recurrence: None,
        time_zone: None,
    })));
    let meeting: u64 = meeting.parse().unwrap();
    stand.sync().await;
    let date = date(&series, "20261208T090000Z");
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: date.clone(),
        meeting,
    });
    stand.sync_after(MINUTE).await;
    stand.drag(&date, "2026-12-09T10:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-09T10:00:00Z".parse().unwrap())
    );
    stand.cancel(&date);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_a_date_with_a_meeting_of_its_own_takes_it_along_when_its_series_without_one_is_cancelled() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let id = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    let one = date(&id, "20261208T090000Z");
    let meeting = stand.hand(Hand::AddConference {
        calendar: ANA.into(),
        event: one,
        host: ANA.into(),
    });
    let meeting: u64 = meeting.parse().unwrap();
    stand.sync().await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    stand.cancel(&id);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_a_cancelled_series_whose_tombstones_are_forgotten_takes_its_meeting_along() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=5").await;
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-15T12:00:00Z");
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::RevokeZoom { email: ANA.into() });
    stand.cancel(&id);
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(meeting));
    stand.hand(Hand::ForgetTombstones { calendar: ANA.into() });
    stand.sign_in(Service::Zoom).await;
    for _ in 0..3 {
        stand.sync_after(MINUTE).await;
    }
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p4_p6_a_series_that_names_no_length_leaves_that_of_every_date_as_it_is() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    let resize = |event: String, minutes| Hand::ResizeEvent {
        calendar: ANA.into(),
        event,
        minutes,
    };
    stand.hand(resize(date(&id, "20261208T090000Z"), 50));
    stand.sync_after(MINUTE).await;
    stand.clear_log();
    stand.hand(resize(id.clone(), 0));
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-16T09:00:00Z");
    stand.sync_after(MINUTE).await;
    let writes = stand.zoom_requests().into_iter().filter(Entry::is_write);
    let bodies: Vec<_> = writes.map(|entry| entry.body).collect();
    assert_eq!(bodies, [json!({"start_time": "2026-12-16T09:00:00Z"})]);
    let lengths = stand.simulator.with(|world| {
        let meeting = world.meeting(meeting).cloned().unwrap();
        meeting
            .occurrences
            .into_iter()
            .map(|date| date.minutes)
            .collect::<Vec<_>>()
    });
    assert_eq!(lengths, [30, 50, 30, 30]);
}
