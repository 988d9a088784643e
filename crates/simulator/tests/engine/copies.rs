//! One event reached in several ways: through two accounts that see one calendar, and as organizer and guest.

use std::time::Duration;

use reconvene_core::report::{MeetingState, Outcome, Service};
use reconvene_simulator::Hand;
use reconvene_simulator::google::Role;
use reconvene_simulator::hands::{NewConference, NewEvent};

use crate::series::dates;
use crate::stand::{ANA, BEN, Stand, at};

const MINUTE: Duration = Duration::from_secs(60);

/// A calendar of Ana's that Ben may write to, watched through both accounts. Returns Google's id of it, and ours as Ben
/// sees it.
async fn watched_twice(stand: &Stand) -> (String, String) {
    let team = stand.hand(Hand::CreateCalendar {
        owner: ANA.into(),
        summary: "Team".into(),
        id: None,
        time_zone: None,
    });
    stand.hand(Hand::ShareCalendar {
        calendar: team.clone(),
        with: BEN.into(),
        role: Role::Writer,
    });
    stand.sign_in_as(Service::Google, BEN).await;
    let seen = stand.engine.refresh_calendars().await.unwrap();
    let ids: Vec<String> = seen
        .iter()
        .filter(|calendar| calendar.google_id == team)
        .map(|calendar| calendar.id.to_string())
        .collect();
    for id in &ids {
        stand.engine.watch_calendar(id, true).await.unwrap();
    }
    assert_eq!(ids.len(), 2);
    (team, ids[1].clone())
}

fn rename(stand: &Stand, calendar: &str, event: &str, title: &str) {
    stand.hand(Hand::RenameEvent {
        calendar: calendar.into(),
        event: event.into(),
        title: title.into(),
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
async fn p6_an_event_that_two_accounts_show_is_acted_for_once() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (team, _) = watched_twice(&stand).await;
    let (event, meeting) = stand.event_on(&team, "Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    rename(&stand, &team, &event, "Retro");
    stand.sync().await;
    assert_eq!(
        (stand.topic(meeting).as_deref(), writes(&stand)),
        (Some("Retro"), 1)
    );
    stand.hand(Hand::CancelEvent {
        calendar: team,
        event,
    });
    stand.sync().await;
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!((stand.exists(meeting), writes(&stand)), (false, 2));
    assert_eq!(stand.engine.meetings().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn p2_what_one_account_has_seen_need_not_wait_for_the_other() {
    let stand = Stand::new("").await;
    let (team, bens) = watched_twice(&stand).await;
    let (event, meeting) = stand.event_on(&team, "Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    for (round, title) in ["Retro", "Review", "Other"].into_iter().enumerate() {
        rename(&stand, &team, &event, title);
        tokio::time::advance(Duration::from_secs(5)).await;
        stand.engine.sync(Some(&bens), false).await.unwrap();
        assert_eq!(stand.topic(meeting).as_deref(), Some(title));
        stand.sync_after(Duration::from_secs(5)).await;
        assert_eq!(writes(&stand), round + 1, "the other account brings no news");
    }
}

#[tokio::test(start_paused = true)]
async fn p2_p4_a_series_that_one_account_has_seen_move_is_not_mixed_with_what_the_other_knows() {
    let stand = Stand::new("").await;
    let (team, bens) = watched_twice(&stand).await;
    let event = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
        conference: NewConference::ZoomAddOn(ANA.into()),
        ..NewEvent::new(&team, "Weekly", at("2026-12-01T09:00:00Z"))
    });
    stand.sync().await;
    let written = writes(&stand);
    stand.hand(Hand::MoveEvent {
        calendar: team,
        event,
        start: at("2026-12-01T11:00:00Z"),
        end: None,
    });
    tokio::time::advance(Duration::from_secs(5)).await;
    stand.engine.sync(Some(&bens), false).await.unwrap();
    let after_one = writes(&stand);
    stand.sync_after(Duration::from_secs(5)).await;
    assert_eq!((after_one, writes(&stand)), (written + 1, written + 1));
    assert_eq!(stand.state("Weekly"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p2_a_half_that_is_watched_through_another_account_is_not_kept_as_it_was() {
    for bens in [false, true] {
        let stand = Stand::new("").await;
        let (team, of_ben) = watched_twice(&stand).await;
        let first = stand.add(NewEvent {
            recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
            conference: NewConference::ZoomAddOn(ANA.into()),
            ..NewEvent::new(&team, "Weekly", at("2026-12-01T09:00:00Z"))
        });
        stand.sync().await;
        let second = stand.hand(Hand::SplitSeries {
            calendar: team.clone(),
            event: first,
            at: at("2026-12-15T09:00:00Z"),
            start: None,
            title: None,
        });
        stand.sync_after(MINUTE).await;
        let shown = stand.engine.calendars().unwrap();
        let of_ana = shown
            .iter()
            .find(|calendar| calendar.google_id == team && calendar.id.to_string() != of_ben);
        let unticked = if bens {
            of_ben
        } else {
            of_ana.unwrap().id.to_string()
        };
        stand.engine.watch_calendar(&unticked, false).await.unwrap();
        stand.sync_after(MINUTE).await;
        stand.hand(Hand::CancelEvent {
            calendar: team,
            event: second,
        });
        for _ in 0..6 {
            stand.sync_after(MINUTE).await;
        }
        let meeting = stand
            .simulator
            .with(|world| world.meetings().map(|meeting| meeting.id).last());
        assert_eq!(
            dates(&stand, meeting.unwrap()),
            ["2026-12-01T09:00:00Z", "2026-12-08T09:00:00Z"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p3_an_event_that_moved_to_where_only_another_account_of_the_person_looks_keeps_its_meeting() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    stand.sign_in_as(Service::Google, BEN).await;
    let seen = stand.engine.refresh_calendars().await.unwrap();
    for calendar in seen.iter().filter(|calendar| calendar.google_id == BEN) {
        let id = calendar.id.to_string();
        stand.engine.watch_calendar(&id, false).await.unwrap();
    }
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::CarryEvent {
        calendar: ANA.into(),
        event,
        to: BEN.into(),
    });
    for _ in 0..4 {
        stand.sync_after(Duration::from_secs(60)).await;
    }
    assert!(stand.exists(meeting));
    assert_eq!(stand.newest().outcome, Outcome::Kept);
}

#[tokio::test(start_paused = true)]
async fn p10_an_account_that_lost_its_grant_stands_in_no_others_way() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (team, _) = watched_twice(&stand).await;
    let (event, meeting) = stand.event_on(&team, "Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::RevokeGoogle { person: ANA.into() });
    stand.sync().await;
    rename(&stand, &team, &event, "Retro");
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    stand.hand(Hand::CancelEvent {
        calendar: team,
        event,
    });
    stand.sync_after(Duration::from_secs(60)).await;
    for _ in 0..8 {
        stand.sync_after(Duration::from_secs(300)).await;
    }
    assert!(!stand.exists(meeting));
    assert_eq!(stand.engine.meetings().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn p10_a_calendar_lost_to_one_account_stands_in_no_others_way() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (team, _) = watched_twice(&stand).await;
    let (event, meeting) = stand.event_on(&team, "Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::UnshareCalendar {
        calendar: team.clone(),
        with: BEN.into(),
    });
    stand.sync().await;
    rename(&stand, &team, &event, "Retro");
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    stand.hand(Hand::CancelEvent {
        calendar: team,
        event,
    });
    for _ in 0..8 {
        stand.sync_after(Duration::from_secs(300)).await;
    }
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p3_p6_a_guests_copy_changes_nothing() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    stand.sign_in_as(Service::Google, BEN).await;
    stand.engine.watch_calendar(BEN, true).await.unwrap();
    let event = stand.add(NewEvent {
        conference: NewConference::ZoomAddOn(ANA.into()),
        guests: vec![BEN.to_owned()],
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    stand.sync().await;
    rename(&stand, ANA, &event, "Retro");
    stand.sync().await;
    assert_eq!(writes(&stand), 1);
    stand.hand(Hand::CancelEvent {
        calendar: BEN.into(),
        event,
    });
    for _ in 0..3 {
        stand.sync_after(Duration::from_secs(300)).await;
    }
    assert_eq!(writes(&stand), 1);
    assert_eq!(stand.state("Retro"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p2_a_meeting_that_is_used_again_follows_its_next_event_once_the_one_before_is_over() {
    let stand = Stand::new("").await;
    let (_, meeting) = stand.event("Review", "2026-11-22T10:00:00Z");
    stand.sync().await;
    stand.sync_after(Duration::from_secs(24 * 3600)).await;
    let next = stand.add(NewEvent::new(ANA, "Retro", at("2026-12-01T09:00:00Z")));
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: next,
        meeting,
    });
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(stand.state("Retro"), MeetingState::InStep);
}
