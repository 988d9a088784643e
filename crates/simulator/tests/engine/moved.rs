//! Events that move between calendars, and calendars that come and go meanwhile.

use std::time::Duration;

use reconvene_core::report::MeetingState;
use reconvene_simulator::{Hand, Rule, Service as Wire};

use crate::stand::{ANA, Stand, refused};

const AT: &str = "2026-12-01T09:00:00Z";
const MINUTE: Duration = Duration::from_secs(60);

/// A stand whose deletions wait for nothing, with a second watched calendar.
async fn with_team() -> (Stand, String) {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let team = stand.hand(Hand::CreateCalendar {
        owner: ANA.into(),
        summary: "Team".into(),
        id: None,
        time_zone: None,
    });
    stand.engine.refresh_calendars().await.unwrap();
    stand.engine.watch_calendar(&team, true).await.unwrap();
    (stand, team)
}

fn copy(stand: &Stand, event: &str, to: &str) {
    stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event: event.into(),
        to: Some(to.into()),
        start: None,
    });
}

#[tokio::test(start_paused = true)]
async fn p3_a_copy_on_a_calendar_that_fails_just_now_keeps_the_meeting() {
    let (stand, team) = with_team().await;
    let (event, meeting) = stand.event("Review", AT);
    stand.sync().await;
    copy(&stand, &event, &team);
    stand.cancel(&event);
    let mut lost = Rule::once(Wire::Google, &team[..20], refused("google_404"));
    lost.times = Some(6);
    stand.simulator.with(|world| world.faults().add(lost));
    for _ in 0..8 {
        stand.sync_after(MINUTE).await;
    }
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p10_a_calendar_lost_for_good_holds_up_no_deletion_for_ever() {
    let (stand, team) = with_team().await;
    let (event, meeting) = stand.event("Review", AT);
    stand.sync().await;
    stand.hand(Hand::DeleteCalendar { calendar: team });
    stand.cancel(&event);
    for _ in 0..20 {
        stand.sync_after(MINUTE).await;
    }
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_an_event_that_moved_and_left_the_meeting_keeps_no_deletion_from_being_done() {
    let (stand, team) = with_team().await;
    let (event, meeting) = stand.event("Review", AT);
    let (other, _) = stand.event("Other", AT);
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: other.clone(),
        meeting,
    });
    stand.sync().await;
    stand.hand(Hand::CarryEvent {
        calendar: ANA.into(),
        event: other.clone(),
        to: team.clone(),
    });
    stand.hand(Hand::SwapToMeet {
        calendar: team,
        event: other,
    });
    stand.cancel(&event);
    for _ in 0..3 {
        stand.sync_after(MINUTE).await;
    }
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_an_event_moved_off_a_calendar_that_is_then_deleted_is_followed() {
    let (stand, team) = with_team().await;
    let (event, meeting) = stand.event_on(&team, "Review", AT);
    stand.sync().await;
    stand.hand(Hand::CarryEvent {
        calendar: team.clone(),
        event: event.clone(),
        to: ANA.into(),
    });
    stand.hand(Hand::DeleteCalendar { calendar: team });
    stand.rename(&event, "Retro");
    stand.sync().await;
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(stand.state("Retro"), MeetingState::InStep);
}
