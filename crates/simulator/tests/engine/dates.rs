//! Single dates of series: those that come back, and rows that name nothing but a date's id.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Service};
use reconvene_simulator::google::{Habits, Tombstones};
use reconvene_simulator::hands::{NewEvent, NewMeeting};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};

use serde_json::json;

use crate::series::{date, dates, series};
use crate::stand::{ANA, Stand, at, refused};

const MINUTE: Duration = Duration::from_secs(60);

fn only_ids(stand: &Stand) {
    stand.hand(Hand::SetHabits(Habits {
        tombstones: Tombstones::IdOnly,
        ..Habits::default()
    }));
}

/// “This and following”, with nothing else changed. Returns the id of the second half.
fn split(stand: &Stand, series: &str, cut: &str) -> String {
    stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: series.into(),
        at: at(cut),
        start: None,
        title: None,
    })
}

fn restore(stand: &Stand, event: String) {
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event,
    });
}

#[tokio::test(start_paused = true)]
async fn p2_a_date_comes_back_though_the_rule_says_what_it_said_before() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY").await;
    // Laid out by Reconvene, so that the second layout says word for word what the first one said.
    stand.drag(&id, "2026-12-01T10:00:00Z");
    stand.sync_after(MINUTE).await;
    let gone = date(&id, "20261208T100000Z");
    stand.cancel(&gone);
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting)[1], "2026-12-15T10:00:00Z");
    restore(&stand, gone);
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting)[1], "2026-12-08T10:00:00Z");
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p4_a_bare_tombstone_that_comes_with_a_split_cancels_the_date_that_its_id_names() {
    let stand = Stand::new("").await;
    only_ids(&stand);
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=6").await;
    split(&stand, &id, "2026-12-22T09:00:00Z");
    stand.cancel(&date(&id, "20261229T090000Z"));
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-08T09:00:00Z",
            "2026-12-15T09:00:00Z",
            "2026-12-22T09:00:00Z",
            "2027-01-05T09:00:00Z"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn p4_a_date_that_an_unfinished_pass_tells_of_by_its_id_alone_is_not_taken_for_cancelled() {
    // Google's order is its own: one of these tombstones comes before both halves.
    for day in [
        "2026-12-08",
        "2026-12-15",
        "2026-12-22",
        "2026-12-29",
        "2027-01-05",
    ] {
        let stand = Stand::new("").await;
        stand.hand(Hand::SetHabits(Habits {
            tombstones: Tombstones::IdOnly,
            rows_per_page: Some(1),
            ..Habits::default()
        }));
        let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=7").await;
        let before = dates(&stand, meeting);
        let changed = date(&id, &format!("{}T090000Z", day.replace('-', "")));
        stand.drag(&changed, &format!("{day}T14:00:00Z"));
        stand.sync_after(MINUTE).await;
        split(&stand, &id, &format!("{day}T09:00:00Z"));
        // The first page comes, and no other.
        let lost = Rule::once(Wire::Google, "/events", refused("503_html")).method("GET");
        stand
            .simulator
            .with(|world| world.faults().add(Rule { skip: 1, ..lost }));
        stand.clear_log();
        stand.sync_after(MINUTE).await;
        let cancelled = |entry: &reconvene_simulator::Entry| entry.method == "DELETE";
        assert!(!stand.zoom_requests().iter().any(cancelled), "{day}");
        stand.sync_after(MINUTE).await;
        assert_eq!(dates(&stand, meeting), before, "{day}");
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p4_a_bare_tombstone_is_of_the_half_that_lives_when_the_other_is_gone() {
    let stand = Stand::new("").await;
    only_ids(&stand);
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    split(&stand, &id, "2026-12-15T09:00:00Z");
    // All at once, in a full pass: the first half, once the whole series, is known by its old rule yet.
    stand.cancel(&id);
    stand.cancel(&date(&id, "20261215T090000Z"));
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    assert_eq!(dates(&stand, meeting), ["2026-12-22T09:00:00Z"]);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p4_a_changed_date_that_a_split_wipes_out_is_not_taken_for_cancelled() {
    let stand = Stand::new("").await;
    only_ids(&stand);
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    let before = dates(&stand, meeting);
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-15T14:00:00Z");
    // The date is of the second half now, as if it had never been changed, and its tombstone names nothing but an id.
    split(&stand, &id, "2026-12-15T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting), before);
    stand.cancel(&date(&id, "20261222T090000Z"));
    stand.sync_after(MINUTE).await;
    assert_eq!(
        dates(&stand, meeting),
        before[..3],
        "a date of the second half that is really cancelled"
    );
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

fn add_conference(stand: &Stand, event: &str) -> u64 {
    let made = stand.hand(Hand::AddConference {
        calendar: ANA.into(),
        event: event.into(),
        host: ANA.into(),
    });
    made.parse().unwrap()
}

/// “Review”, four times weekly, without a meeting.
async fn without_meeting(stand: &Stand) -> String {
    only_ids(stand);
    let id = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    stand.sync().await;
    id
}

fn split_third(stand: &Stand, series: &str) -> String {
    stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: series.into(),
        at: at("2026-12-15T09:00:00Z"),
        start: None,
        title: None,
    })
}

#[tokio::test(start_paused = true)]
async fn p2_a_date_cancelled_before_its_series_had_a_meeting_is_not_among_its_dates() {
    for full in [false, true] {
        let stand = Stand::new("").await;
        let id = without_meeting(&stand).await;
        stand.cancel(&date(&id, "20261208T090000Z"));
        stand.sync_after(MINUTE).await;
        let meeting = add_conference(&stand, &id);
        if full {
            stand.hand(Hand::ExpireSyncTokens { calendar: None });
        }
        stand.sync_after(MINUTE).await;
        assert_eq!(
            dates(&stand, meeting),
            [
                "2026-12-01T09:00:00Z",
                "2026-12-15T09:00:00Z",
                "2026-12-22T09:00:00Z"
            ],
            "{full}"
        );
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p2_a_date_of_a_second_half_cancelled_before_that_had_a_meeting_is_not_among_its_dates() {
    for full in [false, true] {
        let stand = Stand::new("").await;
        let id = without_meeting(&stand).await;
        let rest = split_third(&stand, &id);
        stand.sync_after(MINUTE).await;
        stand.cancel(&date(&id, "20261222T090000Z"));
        stand.sync_after(MINUTE).await;
        let meeting = add_conference(&stand, &rest);
        if full {
            stand.hand(Hand::ExpireSyncTokens { calendar: None });
        }
        stand.sync_after(MINUTE).await;
        assert_eq!(dates(&stand, meeting), ["2026-12-15T09:00:00Z"], "{full}");
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p4_a_changed_date_that_a_split_wiped_out_before_there_was_a_meeting_takes_place() {
    for full in [false, true] {
        let stand = Stand::new("").await;
        let id = without_meeting(&stand).await;
        stand.drag(&date(&id, "20261222T090000Z"), "2026-12-22T14:00:00Z");
        stand.sync_after(MINUTE).await;
        let rest = split_third(&stand, &id);
        stand.sync_after(MINUTE).await;
        let meeting = add_conference(&stand, &rest);
        if full {
            stand.hand(Hand::ExpireSyncTokens { calendar: None });
        }
        stand.sync_after(MINUTE).await;
        assert_eq!(
            dates(&stand, meeting),
            ["2026-12-15T09:00:00Z", "2026-12-22T09:00:00Z"],
            "{full}"
        );
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p2_a_date_that_was_moved_before_the_split_and_cancelled_after_it_goes() {
    for full in [false, true] {
        let stand = Stand::new("").await;
        only_ids(&stand);
        let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
        stand.drag(&date(&id, "20261222T090000Z"), "2026-12-22T14:00:00Z");
        stand.sync_after(MINUTE).await;
        split_third(&stand, &id);
        stand.sync_after(MINUTE).await;
        stand.cancel(&date(&id, "20261222T090000Z"));
        if full {
            stand.hand(Hand::ExpireSyncTokens { calendar: None });
        }
        stand.sync_after(MINUTE).await;
        assert_eq!(
            dates(&stand, meeting),
            [
                "2026-12-01T09:00:00Z",
                "2026-12-08T09:00:00Z",
                "2026-12-15T09:00:00Z"
            ],
            "{full}"
        );
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

/// What Zoom says of a meeting from now on, without the dates of a series.
fn describe_without_dates(stand: &Stand, meeting: u64) {
    let body = stand.simulator.with(|world| {
        let meeting = world.meeting(meeting).unwrap();
        format!(
            r#"{{"id":{},"host_id":"{}","type":8,"topic":"{}","start_time":"{}","duration":30,"timezone":"{}",
                "recurrence":{},"join_url":"{}"}}"#,
            meeting.id,
            meeting.host_id,
            meeting.topic,
            meeting.start.unwrap(),
            meeting.time_zone,
            meeting.recurrence.as_ref().unwrap(),
            meeting.join_url(),
        )
    });
    let answer = Fault::before(Effect::Answer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body,
    });
    stand.simulator.with(|world| {
        let rule = Rule::once(Wire::Zoom, "/meetings/", answer).method("GET");
        world.faults().add(Rule { times: None, ..rule });
    });
}

#[tokio::test(start_paused = true)]
async fn p4_p10_a_series_described_without_its_dates_is_not_laid_out_anew() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    stand.cancel(&date(&id, "20261208T090000Z"));
    stand.sync_after(MINUTE).await;
    stand.clear_log();
    describe_without_dates(&stand, meeting);
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-16T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.zoom_methods(), ["GET"], "nothing is concluded from it");
    let view = stand.view("Review");
    assert_eq!(
        view.state,
        MeetingState::Updating,
        "and it is tried again: {}",
        view.reason
    );
    assert_eq!(stand.newest().problem.unwrap().code, Code::UnreadableAnswer);
    let link = stand.engine.join_link(view.id).await.unwrap();
    assert!(
        link.contains(&meeting.to_string()),
        "people can join all the while"
    );

    stand.simulator.with(|world| world.faults().clear());
    stand.sync_after(MINUTE * 10).await;
    assert_eq!(
        dates(&stand, meeting),
        [
            "2026-12-01T09:00:00Z",
            "2026-12-16T09:00:00Z",
            "2026-12-22T09:00:00Z"
        ]
    );
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p2_a_date_that_another_rule_wiped_out_comes_back_with_the_rule() {
    let stand = Stand::new("").await;
    only_ids(&stand);
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    let before = dates(&stand, meeting);
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-15T14:00:00Z");
    stand.sync_after(MINUTE).await;
    // On Wednesdays there is no such date, and Google does not know it when asked.
    stand.drag(&id, "2026-12-02T09:00:00Z");
    stand.sync_after(MINUTE).await;
    stand.drag(&id, "2026-12-01T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting), before);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p2_what_is_done_to_a_series_is_done_to_a_date_that_departs_from_it_no_more() {
    let stand = Stand::new("").await;
    only_ids(&stand);
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    stand.drag(&date(&id, "20261222T090000Z"), "2026-12-22T14:00:00Z");
    stand.sync_after(MINUTE).await;
    let rest = split(&stand, &id, "2026-12-15T09:00:00Z");
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::ResizeEvent {
        calendar: ANA.into(),
        event: rest,
        minutes: 45,
    });
    stand.sync_after(MINUTE).await;
    let last = stand
        .simulator
        .with(|world| world.meeting(meeting).unwrap().occurrences[3].clone());
    assert_eq!(
        (last.start.to_string().as_str(), last.minutes),
        ("2026-12-22T09:00:00Z", 45)
    );
}

#[tokio::test(start_paused = true)]
async fn p3_the_last_date_of_a_half_stays_when_the_conference_is_taken_off_it() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    split(&stand, &id, "2026-12-15T09:00:00Z");
    stand.cancel(&date(&id, "20261201T090000Z"));
    stand.sync_after(MINUTE).await;
    let before = dates(&stand, meeting);
    assert_eq!(before[0], "2026-12-08T09:00:00Z");
    stand.hand(Hand::RemoveConference {
        calendar: ANA.into(),
        event: date(&id, "20261208T090000Z"),
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting), before);
}

#[tokio::test(start_paused = true)]
async fn p4_a_date_wiped_out_before_its_series_had_a_meeting_is_not_taken_for_cancelled() {
    for added in [false, true] {
        let stand = Stand::new("").await;
        stand.permit().await;
        let id = stand.add(NewEvent {
            recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
            ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
        });
        stand.sync().await;
        stand.drag(&date(&id, "20261215T090000Z"), "2026-12-15T14:00:00Z");
        stand.sync_after(MINUTE).await;
        // A split wipes the changed date out, and the whole rule comes back.
        let second = split(&stand, &id, "2026-12-15T09:00:00Z");
        stand.cancel(&second);
        stand.sync_after(MINUTE).await;
        stand.hand(Hand::ChangeRecurrence {
            calendar: ANA.into(),
            event: id.clone(),
            lines: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
        });
        stand.sync_after(MINUTE).await;
        let meeting = match added {
            true => {
                stand.engine.add_meeting(ANA, &id, Service::Zoom).await.unwrap();
                stand.simulator.with(|world| world.meetings().last().unwrap().id)
            }
            false => {
                let meeting = stand.hand(Hand::CreateMeeting(Box::new(NewMeeting {
                    host: ANA.into(),
                    topic: "Review".into(),
                    kind: 8,
                    start: Some("2026-12-01T09:00:00Z".parse().unwrap()),
                    minutes: 30,
                    recurrence: Some(
                        json!({"type": 2, "repeat_interval": 1, "weekly_days": "3", "end_times": 4}),
                    ),
                    time_zone: None,
                })));
                let meeting = meeting.parse().unwrap();
                stand.hand(Hand::AttachMeeting {
                    calendar: ANA.into(),
                    event: id.clone(),
                    meeting,
                });
                meeting
            }
        };
        stand.sync_after(MINUTE).await;
        let all = [
            "2026-12-01T09:00:00Z",
            "2026-12-08T09:00:00Z",
            "2026-12-15T09:00:00Z",
            "2026-12-22T09:00:00Z",
        ];
        assert_eq!(dates(&stand, meeting), all, "added: {added}");
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p11_a_changed_date_stands_where_its_series_does() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    stand.hand(Hand::MoveEvent {
        calendar: ANA.into(),
        event: date(&id, "20261208T090000Z"),
        start: at("2026-12-09T14:00:00Z"),
        end: None,
    });
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(dates(&stand, meeting)[1], "2026-12-09T14:00:00Z");
    let views = stand.engine.meetings().unwrap();
    let states: Vec<_> = views.iter().map(|view| (view.state, view.bonded)).collect();
    assert_eq!(states, [(MeetingState::InStep, true); 2]);
}

#[tokio::test(start_paused = true)]
async fn p4_a_date_that_came_back_while_its_series_had_no_meeting_is_there_when_a_rule_names_it_again() {
    let stand = Stand::new("").await;
    stand.sync().await;
    let id = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4".into()],
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    stand.cancel(&date(&id, "20261215T090000Z"));
    stand.sync_after(MINUTE).await;
    let rule = |line: &str| {
        stand.hand(Hand::ChangeRecurrence {
            calendar: ANA.into(),
            event: id.clone(),
            lines: vec![line.into()],
        })
    };
    rule("RRULE:FREQ=DAILY;COUNT=5");
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::AddConference {
        calendar: ANA.into(),
        event: id.clone(),
        host: ANA.into(),
    });
    stand.sync_after(MINUTE).await;
    let number = stand.view("Review").number.unwrap().parse().unwrap();
    rule("RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4");
    stand.sync_after(MINUTE).await;
    assert!(dates(&stand, number).contains(&"2026-12-15T09:00:00Z".to_owned()));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}
