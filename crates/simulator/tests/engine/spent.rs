//! Series that live on and have no date left.

use std::time::Duration;

use reconvene_core::report::{MeetingState, Outcome, Service};
use reconvene_simulator::hands::Moment;
use reconvene_simulator::{Hand, Rule, Service as Wire};

use crate::series::{date, dates, series};
use crate::stand::{ANA, Stand, refused};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const FIRST: &str = "2026-12-01T09:00:00Z";

/// “Review”, three times weekly, of which the first two are cancelled.
async fn one_left(stand: &Stand) -> (String, u64) {
    let (id, meeting) = series(stand, FIRST, "FREQ=WEEKLY;COUNT=3").await;
    stand.cancel(&date(&id, "20261201T090000Z"));
    stand.cancel(&date(&id, "20261208T090000Z"));
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(stand, meeting), ["2026-12-15T09:00:00Z"]);
    (id, meeting)
}

fn last(id: &str) -> String {
    date(id, "20261215T090000Z")
}

#[tokio::test(start_paused = true)]
async fn p2_p3_a_series_whose_last_date_is_cancelled_takes_its_meeting_along_after_the_grace_period() {
    let stand = Stand::new("").await;
    let (id, meeting) = one_left(&stand).await;
    stand.cancel(&last(&id));
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(meeting), "still in its grace period");
    assert_eq!(stand.state("Review"), MeetingState::Deleting);
    tokio::time::advance(MINUTE * 3).await;
    let plan = stand.engine.plan().await.unwrap();
    let why = "Its series has no date left. Google is asked once more before the meeting is deleted.";
    assert_eq!(plan.actions[0].reason, why);
    stand.clear_log();
    stand.sync().await;
    assert!(!stand.exists(meeting));
    let asked = |entry: &reconvene_simulator::Entry| entry.method == "GET" && entry.path.contains(&last(&id));
    assert!(
        stand.requests().iter().any(asked),
        "Google is asked for the date itself"
    );
    let entry = stand.newest();
    assert_eq!(entry.outcome, Outcome::Deleted);
    assert!(!stand.sync_after(MINUTE).await.needs_you);
    // It can be brought back, and stays.
    stand.engine.undo(&entry.id.to_string()).await.unwrap();
    assert!(stand.exists(meeting));
    for _ in 0..4 {
        stand.sync_after(MINUTE).await;
    }
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_p3_a_series_that_is_ended_before_its_next_date_takes_its_meeting_along() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, FIRST, "FREQ=WEEKLY;COUNT=4").await;
    // The first date is over, and “this and following” are deleted.
    stand.sync_after(DAY * 10).await;
    let fields = serde_json::json!({"recurrence": ["RRULE:FREQ=WEEKLY;UNTIL=20261201T090000Z"]});
    stand.hand(Hand::WriteFields {
        calendar: ANA.into(),
        event: id,
        fields: fields.as_object().unwrap().clone(),
    });
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(meeting));
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_p3_a_series_without_a_date_waits_for_the_host_of_its_meeting_to_sign_in_again() {
    let stand = Stand::new("").await;
    let (id, meeting) = one_left(&stand).await;
    let accounts = stand.engine.accounts().unwrap();
    let zoom = accounts.iter().find(|account| account.service == Service::Zoom);
    stand.engine.remove_account(zoom.unwrap().id).await.unwrap();
    stand.cancel(&last(&id));
    for _ in 0..4 {
        stand.sync_after(MINUTE).await;
    }
    assert!(stand.exists(meeting));
    stand.sign_in(Service::Zoom).await;
    stand.sync_after(MINUTE).await;
    assert!(
        stand.exists(meeting),
        "nothing is deleted first without the person's word"
    );
    stand.engine.approve(&[]).unwrap();
    stand.sync_after(MINUTE).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p3_a_date_that_comes_back_calls_the_deletion_off_seen_or_not() {
    for seen in [true, false] {
        let stand = Stand::new("").await;
        let (id, meeting) = one_left(&stand).await;
        stand.cancel(&last(&id));
        stand.sync_after(MINUTE).await;
        stand.hand(Hand::UndeleteEvent {
            calendar: ANA.into(),
            event: last(&id),
        });
        if !seen {
            stand.simulator.with(|world| {
                let lost = Rule::once(Wire::Google, "/events", refused("503_html")).method("GET");
                world.faults().add(lost);
            });
        }
        for _ in 0..4 {
            stand.sync_after(MINUTE).await;
        }
        assert!(stand.exists(meeting), "{seen}");
        assert_eq!(dates(&stand, meeting), ["2026-12-15T09:00:00Z"], "{seen}");
        assert_eq!(stand.state("Review"), MeetingState::InStep, "{seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_series_that_ended_by_itself_deletes_nothing_whatever_its_meeting_was_given_at_zoom() {
    let stand = Stand::new("").await;
    let (_, meeting) = series(&stand, FIRST, "FREQ=WEEKLY;COUNT=2").await;
    stand.sync_after(DAY * 16 + MINUTE * 120).await;
    stand.hand(Hand::RepeatMeeting {
        meeting,
        recurrence: serde_json::json!({"type": 2, "weekly_days": "3", "end_times": 9}),
    });
    for _ in 0..4 {
        tokio::time::advance(MINUTE).await;
        stand.engine.sync(None, true).await.unwrap();
    }
    assert!(stand.exists(meeting));
}

/// A series that time has ended, whose meeting was given more dates at Zoom, and was left so by the person.
async fn over_with_dates(stand: &Stand) -> (String, u64) {
    let (id, meeting) = series(stand, FIRST, "FREQ=WEEKLY;COUNT=2").await;
    stand.hand(Hand::RepeatMeeting {
        meeting,
        recurrence: serde_json::json!({"type": 2, "weekly_days": "3", "end_times": 9}),
    });
    tokio::time::advance(MINUTE).await;
    stand.engine.sync(None, true).await.unwrap();
    stand.engine.ignore(stand.view("Review").id).unwrap();
    stand.sync_after(DAY * 16 + MINUTE * 120).await;
    (id, meeting)
}

#[tokio::test(start_paused = true)]
async fn p3_an_edit_of_a_series_that_time_has_ended_deletes_nothing() {
    let edits: [fn(&Stand, &str); 4] = [
        |stand, id| stand.rename(id, "Review, archived"),
        |stand, id| stand.drag(id, "2026-11-30T09:00:00Z"),
        |stand, id| stand.cancel(&date(id, "20261208T090000Z")),
        |stand, id| stand.cancel(id),
    ];
    for edit in edits {
        let stand = Stand::new("ask_on_drift = true").await;
        let (id, meeting) = over_with_dates(&stand).await;
        edit(&stand, &id);
        for _ in 0..4 {
            tokio::time::advance(MINUTE).await;
            stand.engine.sync(None, true).await.unwrap();
        }
        stand.sync_after(DAY).await;
        assert!(stand.exists(meeting));
        let status = stand.engine.status().unwrap();
        assert!(status.held.is_empty(), "{status:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn p2_p3_cancelling_what_is_left_of_a_split_series_takes_its_meeting_along() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, FIRST, "FREQ=WEEKLY;COUNT=4").await;
    let second = stand.hand(Hand::SplitSeries {
        calendar: ANA.into(),
        event: id,
        at: crate::stand::at("2026-12-15T09:00:00Z"),
        start: None,
        title: None,
    });
    stand.sync_after(MINUTE).await;
    // Both dates of the first half take place.
    stand.sync_after(DAY * 17).await;
    stand.cancel(&second);
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(meeting), "still in its grace period");
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p8_series_without_a_date_left_count_among_the_deletions_that_wait() {
    let stand = Stand::new("delete_grace = \"1s\"\nmass_delete_limit = 1").await;
    let (id, meeting) = one_left(&stand).await;
    let (event, other) = stand.event("Other", FIRST);
    stand.sync_after(MINUTE).await;
    stand.cancel(&last(&id));
    stand.cancel(&event);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(meeting) && stand.exists(other));
    assert_eq!(stand.engine.status().unwrap().held.len(), 2);
    assert_eq!(stand.state("Review"), MeetingState::Held);
    stand.engine.approve(&[]).unwrap();
    stand.sync_after(MINUTE).await;
    assert!(!stand.exists(meeting) && !stand.exists(other));
}

#[tokio::test(start_paused = true)]
async fn p3_a_date_that_takes_place_by_another_meeting_keeps_the_one_of_its_series() {
    let stand = Stand::new("").await;
    let (id, meeting) = one_left(&stand).await;
    let (_, other) = stand.event("Other", FIRST);
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: last(&id),
        meeting: other,
    });
    for _ in 0..4 {
        stand.sync_after(MINUTE).await;
    }
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_p3_a_series_cancelled_after_its_last_date_takes_its_meeting_along() {
    let stand = Stand::new("").await;
    let (id, meeting) = one_left(&stand).await;
    stand.cancel(&last(&id));
    stand.sync_after(MINUTE).await;
    stand.cancel(&id);
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(meeting), "its grace period began anew");
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
    assert_eq!(stand.newest().outcome, Outcome::Deleted);
}

#[tokio::test(start_paused = true)]
async fn p3_a_half_without_dates_keeps_the_meeting_that_the_other_one_left() {
    for whole in [false, true] {
        let stand = Stand::new("").await;
        let (id, meeting) = series(&stand, FIRST, "FREQ=WEEKLY;COUNT=3").await;
        let second = stand.hand(Hand::SplitSeries {
            calendar: ANA.into(),
            event: id.clone(),
            at: crate::stand::at("2026-12-08T09:00:00Z"),
            start: None,
            title: None,
        });
        stand.sync_after(MINUTE).await;
        // The first half loses its only date, or is cancelled; the second one lives, without its conference.
        stand.hand(Hand::RemoveConference {
            calendar: ANA.into(),
            event: second.clone(),
        });
        match whole {
            true => stand.cancel(&id),
            false => stand.cancel(&date(&id, "20261201T090000Z")),
        }
        stand.sync_after(MINUTE).await;
        stand.sync_after(MINUTE * 5).await;
        assert!(stand.exists(meeting), "whole: {whole}");
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_last_date_that_moved_with_its_series_and_becomes_all_day_keeps_the_meeting() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (id, meeting) = series(&stand, "2026-11-22T09:00:00Z", "FREQ=WEEKLY;COUNT=2").await;
    tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    stand.sync().await;
    stand.drag(&id, "2026-11-22T10:00:00Z");
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::MoveEvent {
        calendar: ANA.into(),
        event: date(&id, "20261129T100000Z"),
        start: Moment::Day("2026-11-29".parse().unwrap()),
        end: Some(Moment::Day("2026-11-30".parse().unwrap())),
    });
    for _ in 0..3 {
        stand.sync_after(MINUTE * 3).await;
    }
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_a_series_that_is_cancelled_takes_its_meeting_along_though_its_only_date_had_moved() {
    for rows_are_lost in [false, true] {
        for to in ["2026-12-01T08:15:00Z", "2026-12-02T09:00:00Z"] {
            let stand = Stand::new("").await;
            let (id, meeting) = series(&stand, FIRST, "FREQ=MONTHLY;COUNT=1").await;
            stand.drag(&date(&id, "20261201T090000Z"), to);
            stand.sync_after(MINUTE).await;
            assert_eq!(dates(&stand, meeting), [to]);
            if rows_are_lost {
                stand.hand(Hand::ExpireSyncTokens { calendar: None });
            }
            stand.cancel(&id);
            stand.sync_after(MINUTE).await;
            assert_eq!(
                stand.state("Review"),
                MeetingState::Deleting,
                "{rows_are_lost} {to}"
            );
            stand.sync_after(MINUTE * 3).await;
            assert!(!stand.exists(meeting), "{rows_are_lost} {to}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p4_a_series_whose_later_dates_go_keeps_its_meeting_until_the_date_of_today_is_over() {
    for ended in [false, true] {
        let stand = Stand::new("").await;
        let (id, meeting) = series(&stand, FIRST, "FREQ=WEEKLY;COUNT=2").await;
        let within: jiff::Timestamp = "2026-12-01T09:05:00Z".parse().unwrap();
        let until = Duration::try_from(within.duration_since(stand.now())).unwrap();
        stand.sync_after(until).await;
        match ended {
            true => drop(stand.hand(Hand::ChangeRecurrence {
                calendar: ANA.into(),
                event: id,
                lines: vec!["RRULE:FREQ=WEEKLY;COUNT=1".into()],
            })),
            false => stand.cancel(&date(&id, "20261208T090000Z")),
        }
        for _ in 0..6 {
            stand.sync_after(MINUTE).await;
        }
        assert!(stand.exists(meeting), "its date takes place until half past nine");
        for _ in 0..4 {
            stand.sync_after(MINUTE * 10).await;
        }
        assert!(!stand.exists(meeting));
    }
}
