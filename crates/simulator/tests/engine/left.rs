//! Events and dates that an edit makes into what no meeting can follow: the person hears it once.

use std::time::Duration;

use reconvene_core::report::{MeetingState, Outcome};
use reconvene_simulator::Hand;
use reconvene_simulator::hands::Moment;

use crate::series::{date, dates, series};
use crate::stand::{ANA, Stand, at};

/// What somebody does to an event.
type Deed = fn(&str) -> Hand;

const MINUTE: Duration = Duration::from_secs(60);

fn all_day(event: &str) -> Hand {
    Hand::MoveEvent {
        calendar: ANA.into(),
        event: event.into(),
        start: Moment::Day("2026-12-09".parse().unwrap()),
        end: Some(Moment::Day("2026-12-10".parse().unwrap())),
    }
}

fn to_the_past(event: &str) -> Hand {
    Hand::MoveEvent {
        calendar: ANA.into(),
        event: event.into(),
        start: at("2026-11-20T09:00:00Z"),
        end: None,
    }
}

/// What was told since, oldest first: that something was kept, and why.
async fn told(stand: &Stand, hand: Hand) -> Vec<String> {
    let before = stand.engine.activity(99, None).unwrap().len();
    stand.hand(hand);
    for _ in 0..4 {
        stand.sync_after(MINUTE).await;
    }
    let entries = stand.engine.activity(99, None).unwrap();
    let mut news: Vec<String> = entries
        .iter()
        .take(entries.len() - before)
        .map(|entry| {
            assert_eq!(entry.outcome, Outcome::Kept);
            entry.problem.as_ref().unwrap().message.clone()
        })
        .collect();
    news.reverse();
    news
}

#[tokio::test(start_paused = true)]
async fn p11_an_edit_that_takes_an_event_away_from_its_meeting_is_told_once() {
    let words = [
        "The event takes all day now and names no time, so its meeting was left as it is.",
        "The event was moved to a time that is past, where no meeting can be moved, so its meeting was left as it is.",
    ];
    let hands: [Deed; 2] = [all_day, to_the_past];
    for (hand, words) in hands.into_iter().zip(words) {
        let (stand, event, meeting) = Stand::in_step("").await;
        let start = stand.start(meeting);
        assert_eq!(told(&stand, hand(&event)).await, [words]);
        assert_eq!(stand.start(meeting), start);
        // It follows again once it can, and nothing is told of an event that was left alone before.
        stand.drag(&event, "2026-12-03T09:00:00Z");
        stand.sync_after(MINUTE).await;
        assert_eq!(
            stand.start(meeting),
            Some("2026-12-03T09:00:00Z".parse().unwrap())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p4_p11_a_date_that_its_meeting_does_not_carry_any_more_is_told() {
    let hands: [(Deed, &str); 3] = [
        (all_day, "takes all day now"),
        (to_the_past, "was moved to a time that is past"),
        (
            |event| Hand::RemoveConference {
                calendar: ANA.into(),
                event: event.into(),
            },
            "has no conference any more",
        ),
    ];
    for (hand, why) in hands {
        let stand = Stand::new("").await;
        let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
        let words = format!("The date 2026-12-08 10:00 CET {why}, so it was left as it is in the meeting.");
        let day = date(&id, "20261208T090000Z");
        assert_eq!(told(&stand, hand(&day)).await, [words]);
        assert_eq!(dates(&stand, meeting).len(), 4);
        // What is said of it again is no news.
        stand.rename(&day, "Another");
        for _ in 0..2 {
            stand.sync_after(MINUTE).await;
        }
        assert_eq!(stand.engine.activity(99, None).unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn p11_what_a_first_reading_finds_is_no_news() {
    let stand = Stand::new("").await;
    let (id, _) = stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=DAILY;COUNT=20");
    // Rows come in any order, some of them after their series.
    for day in 2..=9 {
        stand.hand(all_day(&date(&id, &format!("2026120{day}T090000Z"))));
    }
    stand.sync().await;
    stand.sync_after(MINUTE).await;
    assert!(stand.engine.activity(99, None).unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn p2_p4_a_date_is_cancelled_though_only_one_is_left_that_the_meeting_does_not_carry() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=3").await;
    stand.hand(all_day(&date(&id, "20261208T090000Z")));
    stand.sync_after(MINUTE).await;
    // The first date is over.
    stand.sync_after(MINUTE * 60 * 24 * 10).await;
    stand.cancel(&date(&id, "20261215T090000Z"));
    for _ in 0..4 {
        stand.sync_after(MINUTE).await;
    }
    assert_eq!(
        dates(&stand, meeting),
        ["2026-12-01T09:00:00Z", "2026-12-08T09:00:00Z"]
    );
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p3_a_series_that_leaves_its_meeting_to_a_single_event_loses_no_dates_without_a_word() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    let (other, _) = stand.event("Other", "2026-12-03T09:00:00Z");
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: other.clone(),
        meeting,
    });
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::RemoveConference {
        calendar: ANA.into(),
        event: id,
    });
    for _ in 0..3 {
        stand.sync_after(MINUTE).await;
    }
    assert_eq!(dates(&stand, meeting).len(), 4);
    assert_eq!(stand.newest().outcome, Outcome::NeedsYou);
    stand.engine.approve(&[stand.view("Other").id]).unwrap();
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-03T09:00:00Z".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn p3_dates_go_one_by_one_only_while_one_stands_that_the_meeting_does_not_carry() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=3").await;
    stand.hand(all_day(&date(&id, "20261208T090000Z")));
    stand.sync_after(MINUTE).await;
    // Its host takes the date out at Zoom as well.
    stand.hand(Hand::RepeatMeeting {
        meeting,
        recurrence: serde_json::json!({"type": 2, "repeat_interval": 2, "weekly_days": "3", "end_times": 2}),
    });
    tokio::time::advance(MINUTE).await;
    stand.engine.sync(None, true).await.unwrap();
    stand.cancel(&date(&id, "20261201T090000Z"));
    stand.cancel(&date(&id, "20261215T090000Z"));
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(dates(&stand, meeting).len(), 2, "the grace period has just begun");
    assert_eq!(stand.state("Review"), MeetingState::Deleting);
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
}
