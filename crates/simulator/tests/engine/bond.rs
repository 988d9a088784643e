//! Bonds that the person makes and takes apart, and meetings that several events share.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, MeetingView, Remedy};
use reconvene_simulator::hands::{NewConference, NewEvent, NewMeeting};
use reconvene_simulator::{Hand, Service as Wire};

use crate::stand::{ANA, BEN, Stand, at, refused};

const MINUTE: Duration = Duration::from_secs(60);

/// A meeting made in Zoom's web portal.
fn meeting(stand: &Stand, host: &str, topic: &str, kind: u8) -> u64 {
    let start = (kind == 2).then(|| "2026-12-01T08:00:00Z".parse().unwrap());
    let new = NewMeeting {
        host: host.into(),
        topic: topic.into(),
        kind,
        start,
        minutes: 30,
        recurrence: None,
        time_zone: None,
    };
    stand.hand(Hand::CreateMeeting(Box::new(new))).parse().unwrap()
}

/// “Review” with a link to a meeting in its location.
fn event_with(stand: &Stand, meeting: u64) -> String {
    stand.add(NewEvent {
        conference: NewConference::LinkInLocation(meeting),
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    })
}

fn writes(stand: &Stand) -> usize {
    stand
        .zoom_requests()
        .iter()
        .filter(|entry| entry.is_write())
        .count()
}

fn offers_bond(view: &MeetingView) -> bool {
    view.remedies.contains(&Remedy::Bond)
}

#[tokio::test(start_paused = true)]
async fn a_meeting_that_nothing_proves_follows_its_event_once_the_person_says_so() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let planning = meeting(&stand, ANA, "Planning", 2);
    let event = event_with(&stand, planning);
    stand.sync().await;
    let view = stand.view("Review");
    assert_eq!((view.state, view.bonded), (MeetingState::WatchedOnly, false));
    assert!(offers_bond(&view));
    assert_eq!(writes(&stand), 0);
    stand.engine.bond(view.id).await.unwrap();
    stand.sync().await;
    assert_eq!(stand.topic(planning).as_deref(), Some("Review"));
    assert_eq!(
        stand.start(planning),
        Some("2026-12-01T09:00:00Z".parse().unwrap())
    );
    let view = stand.view("Review");
    assert_eq!((view.state, view.bonded), (MeetingState::InStep, true));
    stand.drag(&event, "2026-12-02T09:00:00Z");
    stand.sync().await;
    assert_eq!(
        stand.start(planning),
        Some("2026-12-02T09:00:00Z".parse().unwrap()),
        "the bond outlives an edit"
    );
    stand.engine.bond(view.id).await.unwrap();
    stand.cancel(&event);
    stand.sync_after(MINUTE).await;
    assert!(!stand.exists(planning));
}

#[tokio::test(start_paused = true)]
async fn p2_an_event_that_comes_to_agree_with_the_meeting_it_leads_to_is_bonded_then() {
    let stand = Stand::new("").await;
    let planning = meeting(&stand, ANA, "Planning", 2);
    let event = event_with(&stand, planning);
    stand.sync().await;
    assert_eq!(stand.state("Review"), MeetingState::WatchedOnly);
    stand.drag(&event, "2026-12-01T08:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.state("Review"),
        MeetingState::WatchedOnly,
        "it has another title"
    );
    stand.rename(&event, "Planning");
    stand.sync_after(MINUTE).await;
    let view = stand.view("Planning");
    assert_eq!((view.state, view.bonded), (MeetingState::InStep, true));
    assert_eq!(writes(&stand), 0);
    stand.drag(&event, "2026-12-02T08:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.start(planning),
        Some("2026-12-02T08:00:00Z".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn p2_a_meeting_that_comes_to_agree_with_the_event_that_leads_to_it_is_bonded_when_it_is_looked_at() {
    let stand = Stand::new("").await;
    let planning = meeting(&stand, ANA, "Planning", 2);
    let event = event_with(&stand, planning);
    stand.sync().await;
    stand.hand(Hand::EditMeeting {
        meeting: planning,
        topic: Some("Review".into()),
        start: Some("2026-12-01T09:00:00Z".parse().unwrap()),
        minutes: None,
    });
    tokio::time::advance(MINUTE).await;
    stand.engine.sync(None, true).await.unwrap();
    let view = stand.view("Review");
    assert_eq!((view.state, view.bonded), (MeetingState::InStep, true));
    assert_eq!(writes(&stand), 0);
    stand.rename(&event, "Retro");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(planning).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn an_unbonded_meeting_is_left_alone_for_good_until_it_is_bonded_again() {
    let (mut stand, event, review) = Stand::in_step("delete_grace = \"0s\"").await;
    let id = stand.view("Review").id;
    stand.engine.unbond(id).unwrap();
    stand.clear_log();
    stand.rename(&event, "Retro");
    stand.sync().await;
    let view = stand.view("Retro");
    assert_eq!((view.state, view.bonded), (MeetingState::WatchedOnly, false));
    assert!(offers_bond(&view), "{view:#?}");
    stand.cancel(&event);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(review), "P3: not deleted with its event either");
    stand.restart();
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event: event.clone(),
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.state("Retro"),
        MeetingState::WatchedOnly,
        "the word outlives the event"
    );
    assert_eq!(writes(&stand), 0);
    stand.engine.bond(stand.view("Retro").id).await.unwrap();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(review).as_deref(), Some("Retro"));
    assert_eq!(stand.state("Retro"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn unbonding_calls_off_what_was_to_be_done() {
    let (stand, event, review) = Stand::in_step("mass_delete_limit = 0").await;
    stand.cancel(&event);
    stand.sync().await;
    stand.sync_after(MINUTE * 5).await;
    assert_eq!(stand.engine.status().unwrap().held.len(), 1);
    stand.engine.unbond(stand.view("Review").id).unwrap();
    let status = stand.engine.status().unwrap();
    assert_eq!((status.held.len(), status.problems.len()), (0, 0));
    stand.sync_after(MINUTE * 5).await;
    assert!(stand.exists(review));
}

#[tokio::test(start_paused = true)]
async fn p3_rooms_and_what_somebody_else_hosts_cannot_be_bonded() {
    let stand = Stand::new("").await;
    let linked = |title: &str, meeting| {
        stand.add(NewEvent {
            conference: NewConference::LinkInLocation(meeting),
            ..NewEvent::new(ANA, title, at("2026-12-01T09:00:00Z"))
        })
    };
    linked("In the room", meeting(&stand, ANA, "Team room", 3));
    linked("Foreign", meeting(&stand, BEN, "Foreign talk", 2));
    stand.sync().await;
    stand.clear_log();
    for title in ["In the room", "Foreign"] {
        let view = stand.view(title);
        assert!(!offers_bond(&view), "{title}");
        let refused = stand.engine.bond(view.id).await.unwrap_err();
        assert_eq!(refused.code, Code::BadUsage, "{title}");
    }
    stand.sync_after(MINUTE).await;
    assert_eq!(writes(&stand), 0);
}

#[tokio::test(start_paused = true)]
async fn p3_a_shared_meeting_lives_as_long_as_one_event_needs_it_and_can_be_bonded_to_the_last() {
    let (stand, original, review) = Stand::in_step("delete_grace = \"0s\"").await;
    stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event: original.clone(),
        to: None,
        start: Some(at("2026-12-08T09:00:00Z")),
    });
    stand.sync().await;
    let copy = |stand: &Stand| {
        let all = stand.engine.meetings().unwrap();
        let later: jiff::Timestamp = "2026-12-08T09:00:00Z".parse().unwrap();
        all.into_iter().find(|view| view.start == later).unwrap()
    };
    assert!(!offers_bond(&copy(&stand)), "its meeting follows another event");
    stand.cancel(&original);
    stand.sync_after(MINUTE * 10).await;
    assert!(stand.exists(review), "the copy needs it");
    let view = copy(&stand);
    assert_eq!(view.state, MeetingState::WatchedOnly);
    assert!(offers_bond(&view));
    stand.engine.bond(view.id).await.unwrap();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.start(review), Some("2026-12-08T09:00:00Z".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn p11_bonding_needs_the_meeting_to_be_readable() {
    let stand = Stand::new("").await;
    let planning = meeting(&stand, ANA, "Planning", 2);
    event_with(&stand, planning);
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    stand.sync().await;
    let id = stand.view("Review").id;
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    assert!(stand.engine.bond(id).await.unwrap_err().retryable);
    stand.engine.bond(id).await.unwrap();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(planning).as_deref(), Some("Review"));
}

#[tokio::test(start_paused = true)]
async fn p13_what_a_service_answers_to_a_word_of_the_person_is_heeded_by_everything() {
    let stand = Stand::new("").await;
    let planning = meeting(&stand, ANA, "Planning", 2);
    event_with(&stand, planning);
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    stand.sync().await;
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("429_seconds"));
    let id = stand.view("Review").id;
    assert_eq!(stand.engine.bond(id).await.unwrap_err().code, Code::RateLimited);
    stand.clear_log();
    stand.sync_after(Duration::from_secs(3)).await;
    stand.engine.bond(id).await.unwrap_err();
    stand.engine.plan().await.unwrap();
    assert_eq!(stand.zoom_methods(), [""; 0]);
    stand.sync_after(MINUTE).await;
    stand.engine.bond(id).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_meeting_that_was_to_be_left_alone_follows_its_event_once_the_person_says_so() {
    let stand = Stand::new("").await;
    let planning = meeting(&stand, ANA, "Planning", 2);
    event_with(&stand, planning);
    stand.sync().await;
    let view = stand.view("Review");
    stand.engine.ignore(view.id).unwrap();
    stand.engine.bond(view.id).await.unwrap();
    stand.sync().await;
    assert_eq!(stand.topic(planning).as_deref(), Some("Review"));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}
