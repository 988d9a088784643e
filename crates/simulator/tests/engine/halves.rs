//! Both halves of a series that was split ("this and following"), where nothing but a link in a text leads to the meeting.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Service};
use reconvene_simulator::google::{Habits, Tombstones};
use reconvene_simulator::hands::{Moment, NewConference, NewEvent, NewMeeting};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};
use serde_json::json;

use crate::series::{date, dates, series};
use crate::stand::{ANA, Running, Stand, at, refused};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const FIRST: &str = "2026-12-01T09:00:00Z";
pub(crate) const MOVED: [&str; 5] = [
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
pub(crate) fn split(stand: &Stand, series: &str) -> String {
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

#[tokio::test(start_paused = true)]
async fn p4_nothing_is_laid_out_from_one_half_read_anew_and_another_as_it_was() {
    let stand = Stand::new("").await;
    let (first, meeting) = stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=DAILY;COUNT=10");
    stand.sync().await;
    let second = stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: first.clone(),
        at: at("2026-12-04T09:00:00Z"),
        start: Some(at("2026-12-04T08:00:00Z")),
        title: None,
    });
    stand.sync_after(MINUTE).await;
    stand.cancel(&second);
    // Zoom repeats on one weekday of the month alone.
    stand.hand(Hand::ChangeRecurrence {
        calendar: ANA.into(),
        event: first,
        lines: vec!["RRULE:FREQ=MONTHLY;BYDAY=2TU,4TU;COUNT=8".into()],
    });
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.fault(Wire::Google, &second, "GET", refused("503_html"));
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand
            .zoom_methods()
            .iter()
            .filter(|method| *method != "GET")
            .count(),
        0
    );
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    let writes = stand
        .zoom_methods()
        .into_iter()
        .filter(|method| method != "GET")
        .count();
    assert!(writes < 20, "{writes}");
    assert!(
        dates(&stand, meeting)
            .iter()
            .all(|date| date.ends_with("T09:00:00Z"))
    );
    assert_ne!(
        stand.state("Review"),
        MeetingState::InStep,
        "not every date could be carried over"
    );
}

#[tokio::test(start_paused = true)]
async fn p2_p4_no_date_of_the_last_half_makes_room_for_those_before_it() {
    let stand = Stand::new("").await;
    let (id, meeting) = stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=WEEKLY;INTERVAL=2;COUNT=8");
    stand.sync().await;
    let split = |cut: &str, start: &str| {
        stand.hand(Hand::SplitSeries {
            calendar: ANA.into(),
            event: id.clone(),
            at: at(cut),
            start: Some(at(start)),
            title: None,
        })
    };
    let last = split("2027-02-09T09:00:00Z", "2027-02-09T09:30:00Z");
    stand.hand(Hand::ChangeRecurrence {
        calendar: ANA.into(),
        event: last,
        lines: vec!["RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=30".into()],
    });
    split("2026-12-29T09:00:00Z", "2026-12-29T08:15:00Z");
    stand.sync_after(MINUTE).await;
    // Zoom's dates lie by the last half's rule: near enough for two of the six before it, and for each of its own.
    let dates = dates(&stand, meeting);
    assert_eq!(
        dates[..3],
        [
            "2027-01-26T08:15:00Z",
            "2027-02-09T08:15:00Z",
            "2027-02-09T09:30:00Z"
        ]
    );
    assert_eq!(
        (dates.len(), dates[31].as_str()),
        (2 + 30, "2027-03-22T09:30:00Z")
    );
    let view = stand.view("Review");
    assert_eq!(view.problem.unwrap().code, Code::NotExpressible);
}

#[tokio::test(start_paused = true)]
async fn p2_a_meeting_that_a_series_was_only_lent_goes_with_its_event() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (id, own) = series(&stand, FIRST, "FREQ=WEEKLY;COUNT=5").await;
    let (event, meeting) = stand.event("Other", "2026-12-03T09:00:00Z");
    let second = split(&stand, &id);
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: second.clone(),
        meeting,
    });
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::RemoveConference {
        calendar: ANA.into(),
        event: second,
    });
    stand.cancel(&event);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE).await;
    assert!(!stand.exists(meeting) && stand.exists(own));
}

#[tokio::test(start_paused = true)]
async fn p4_one_page_of_changes_is_not_taken_for_the_whole() {
    let stand = Stand::new("").await;
    stand.hand(Hand::SetHabits(Habits {
        rows_per_page: Some(1),
        ..Habits::default()
    }));
    let (id, meeting) = series(&stand, FIRST, "FREQ=WEEKLY").await;
    split(&stand, &id);
    // The first page comes, with one of the halves, and no other.
    let lost = Rule::once(Wire::Google, "/events", refused("503_html")).method("GET");
    stand
        .simulator
        .with(|world| world.faults().add(Rule { skip: 1, ..lost }));
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.zoom_methods(), [""; 0]);
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting)[..MOVED.len()], MOVED);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p4_a_half_that_becomes_all_day_keeps_its_dates_in_the_meeting() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, FIRST, "FREQ=WEEKLY;COUNT=5").await;
    let second = split(&stand, &id);
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting), MOVED);
    stand.hand(Hand::MoveEvent {
        calendar: ANA.into(),
        event: second,
        start: Moment::Day("2026-12-15".parse().unwrap()),
        end: Some(Moment::Day("2026-12-16".parse().unwrap())),
    });
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 5).await;
    assert_eq!(dates(&stand, meeting), MOVED);
}

#[tokio::test(start_paused = true)]
async fn p4_a_full_pass_that_has_shown_one_half_of_a_new_series_takes_no_dates_away() {
    let stand = Stand::new("").await;
    stand.sync().await;
    let (id, meeting) = stand.series("Review", FIRST, "FREQ=WEEKLY;COUNT=5");
    stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: id,
        at: at("2026-12-15T09:00:00Z"),
        start: None,
        title: None,
    });
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.hand(Hand::SetHabits(Habits {
        rows_per_page: Some(1),
        ..Habits::default()
    }));
    // A page takes longer than a meeting to be read.
    stand.simulator.with(|world| {
        let late = Rule::once(Wire::Google, "/events", Fault::before(Effect::Slow(20_000))).method("GET");
        world.faults().add(Rule { times: None, ..late });
    });
    stand.clear_log();
    let running = Running::start(&stand);
    tokio::time::sleep(MINUTE * 10).await;
    running.stop().await;
    assert!(!stand.zoom_methods().contains(&"PATCH".to_owned()));
    assert_eq!(dates(&stand, meeting).len(), 5);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p11_titles_that_an_earlier_half_keeps_are_named() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, FIRST, "FREQ=WEEKLY;COUNT=3").await;
    stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: id,
        at: at("2026-12-15T09:00:00Z"),
        start: None,
        title: Some("Retro".into()),
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    let why = stand.newest().problem.unwrap().message;
    assert_eq!(
        why,
        "Zoom keeps one title for all dates; not carried over: “Review” (2026-12-01 10:00 CET), “Review” (2026-12-08 10:00 CET)."
    );
}

#[tokio::test(start_paused = true)]
async fn p4_a_cancelled_date_that_both_halves_name_is_the_one_that_its_id_names() {
    let stand = Stand::new("").await;
    stand.hand(Hand::SetHabits(Habits {
        tombstones: Tombstones::IdOnly,
        ..Habits::default()
    }));
    let (id, meeting) = stand.series("Review", FIRST, "FREQ=DAILY;COUNT=5");
    // What follows the third begins a day earlier, on the day of the third.
    let second = stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: id.clone(),
        at: at("2026-12-04T09:00:00Z"),
        start: Some(at("2026-12-03T09:00:00Z")),
        title: None,
    });
    stand.hand(Hand::ResizeEvent {
        calendar: ANA.into(),
        event: second,
        minutes: 20,
    });
    stand.cancel(&date(&id, "20261203T090000Z"));
    // It comes on the page last.
    stand.rename(&id, "Review");
    stand.sync().await;
    stand.sync_after(MINUTE * 3).await;
    stand.engine.approve(&[]).unwrap();
    stand.sync().await;
    let lengths = stand.simulator.with(|world| {
        let meeting = world.meeting(meeting).cloned().unwrap();
        let standing = meeting.occurrences.into_iter().filter(|date| !date.deleted);
        let lengths = standing.map(|date| date.minutes);
        lengths.collect::<Vec<_>>()
    });
    assert_eq!(lengths, [30, 30, 20, 20]);
}
