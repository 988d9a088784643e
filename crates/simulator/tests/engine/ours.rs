//! Meetings that are not the person’s to change.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Outcome, Remedy, Service};
use reconvene_simulator::hands::{Moment, NewConference, NewEvent, NewMeeting};
use reconvene_simulator::{Hand, Rule, Service as Wire};

use crate::stand::{ANA, BEN, Running, Stand, at, refused};

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_watched_only() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let meeting = |host: &str, topic: &str, kind: u8| {
        let start = (kind == 2).then(|| "2026-12-01T09:00:00Z".parse().unwrap());
        let new = NewMeeting {
            host: host.into(),
            topic: topic.into(),
            kind,
            start,
            minutes: 30,
            recurrence: None,
            time_zone: None,
        };
        stand
            .hand(Hand::CreateMeeting(Box::new(new)))
            .parse::<u64>()
            .unwrap()
    };
    let event = |title: &str, conference| {
        stand.add(NewEvent {
            conference,
            ..NewEvent::new(ANA, title, at("2026-12-01T09:00:00Z"))
        })
    };
    let room = meeting(ANA, "Team room", 3);
    let foreign = meeting(BEN, "Foreign", 2);
    let other = meeting(ANA, "Something else", 2);
    let same = meeting(ANA, "Agreed", 2);
    let events = [
        event("In the room", NewConference::LinkInLocation(room)),
        event("Foreign", NewConference::LinkInLocation(foreign)),
        event("Unrelated", NewConference::LinkInDescription(other)),
        event("Meet", NewConference::Meet),
    ];
    let agreed = event("Agreed", NewConference::LinkInLocation(same));
    stand.sync().await;
    for title in ["In the room", "Foreign", "Unrelated"] {
        assert_eq!(stand.state(title), MeetingState::WatchedOnly, "{title}");
        assert!(!stand.view(title).reason.is_empty());
    }
    assert_eq!(stand.state("Meet"), MeetingState::NothingToSync);
    assert_eq!(stand.state("Agreed"), MeetingState::InStep);
    for event in &events {
        stand.rename(event, "Renamed");
    }
    stand.rename(&agreed, "Renamed too");
    stand.sync().await;
    for event in &events {
        stand.cancel(event);
    }
    stand.sync_after(Duration::from_secs(600)).await;
    let writes: Vec<_> = stand
        .zoom_requests()
        .into_iter()
        .filter(|entry| entry.is_write())
        .collect();
    assert_eq!(writes.len(), 1, "only the agreed one was written to: {writes:#?}");
    assert_eq!(writes[0].meeting(), Some(same));
}

#[tokio::test(start_paused = true)]
async fn a_link_to_a_meeting_that_zoom_does_not_show_us_is_no_alarm() {
    let stand = Stand::new("").await;
    let location = serde_json::json!({"location": "https://zoom.us/j/99988877766"});
    let event = NewEvent {
        more: location.as_object().unwrap().clone(),
        ..NewEvent::new(ANA, "At the vendor's", at("2026-12-01T09:00:00Z"))
    };
    stand.add(event);
    let report = stand.sync().await;
    assert_eq!((report.entries, report.needs_you), (vec![], false));
    assert_eq!(stand.state("At the vendor's"), MeetingState::WatchedOnly);
    stand.clear_log();
    stand.sync_after(Duration::from_secs(600)).await;
    assert_eq!(stand.zoom_methods(), [""; 0], "looked at once");
}

#[tokio::test(start_paused = true)]
async fn p2_one_wrong_not_found_at_the_first_look_is_taken_back_by_a_later_one() {
    let stand = Stand::new("").await;
    let meeting = scheduled(&stand, ANA, "Review");
    let event = stand.add(NewEvent {
        conference: NewConference::LinkInLocation(meeting),
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("zoom_404"));
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(stand.state("Review"), MeetingState::WatchedOnly);
    tokio::time::sleep(Duration::from_secs(6 * 3600)).await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    stand.rename(&event, "Retro");
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p2_a_meeting_that_one_account_does_not_show_is_looked_for_when_another_signs_in() {
    let stand = Stand::bare("");
    stand.hand(Hand::CreateZoomUser {
        email: "work@else.test".into(),
        name: "Ana at work".into(),
        account: "else".into(),
        time_zone: "Europe/Berlin".into(),
        may_host: true,
    });
    let start: jiff::Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
    let meeting = stand.hand(Hand::CreateMeeting(Box::new(NewMeeting {
        host: ANA.into(),
        topic: "Review".into(),
        kind: 2,
        start: Some(start),
        minutes: 30,
        recurrence: None,
        time_zone: None,
    })));
    let conference = NewConference::LinkInLocation(meeting.parse().unwrap());
    stand.add(NewEvent {
        conference,
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    stand.sign_in(Service::Google).await;
    stand.engine.watch_calendar(ANA, true).await.unwrap();
    stand.sign_in_as(Service::Zoom, "work@else.test").await;
    stand.sync().await;
    assert_eq!(stand.state("Review"), MeetingState::WatchedOnly);
    stand.sign_in(Service::Zoom).await;
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

/// A meeting that was made in Zoom's web portal for nine on the first of December.
fn scheduled(stand: &Stand, host: &str, topic: &str) -> u64 {
    let new = NewMeeting {
        host: host.into(),
        topic: topic.into(),
        kind: 2,
        start: Some("2026-12-01T09:00:00Z".parse().unwrap()),
        minutes: 30,
        recurrence: None,
        time_zone: None,
    };
    stand.hand(Hand::CreateMeeting(Box::new(new))).parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_link_to_what_zooms_meetings_refuse_to_show_is_no_alarm_and_says_why() {
    for preset in ["zoom_3000_webinar", "zoom_3161"] {
        let stand = Stand::new("").await;
        let meeting = scheduled(&stand, ANA, "Town hall");
        let event = stand.add(NewEvent {
            conference: NewConference::LinkInLocation(meeting),
            ..NewEvent::new(ANA, "Town hall", at("2026-12-01T09:00:00Z"))
        });
        stand.simulator.with(|world| {
            let rule = Rule::once(Wire::Zoom, "/meetings/", refused(preset)).method("GET");
            world.faults().add(Rule { times: None, ..rule });
        });
        let report = stand.sync().await;
        assert_eq!((report.entries, report.needs_you), (vec![], false), "{preset}");
        let view = stand.view("Town hall");
        assert_eq!((view.state, view.bonded), (MeetingState::WatchedOnly, false));
        let why = view.problem.clone().unwrap().message;
        assert_eq!(view.reason, why, "{preset}");
        assert_eq!(view.remedies, []);
        stand.clear_log();
        stand.sync_after(Duration::from_secs(600)).await;
        assert_eq!(stand.zoom_methods(), [""; 0], "looked at once");
        stand.rename(&event, "Town hall in May");
        let report = stand.sync_after(Duration::from_secs(60)).await;
        assert_eq!((report.entries, report.needs_you), (vec![], false), "{preset}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_webinars_own_join_link_is_watched_only_and_asks_zoom_nothing() {
    let stand = Stand::new("").await;
    let location = serde_json::json!({"location": "https://us02web.zoom.us/w/99988877766?tk=secret"});
    stand.add(NewEvent {
        more: location.as_object().unwrap().clone(),
        ..NewEvent::new(ANA, "Webinar", at("2026-12-01T09:00:00Z"))
    });
    stand.clear_log();
    let report = stand.sync().await;
    assert_eq!((report.entries, report.needs_you), (vec![], false));
    assert_eq!(stand.state("Webinar"), MeetingState::WatchedOnly);
    assert!(!stand.view("Webinar").reason.is_empty());
    assert_eq!(stand.zoom_methods(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn p11_a_meeting_that_follows_an_event_and_became_a_webinar_is_told_of() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.hand(Hand::MakeWebinar { meeting });
    stand.rename(&event, "Retro");
    assert!(stand.sync_after(Duration::from_secs(60)).await.needs_you);
    assert_eq!(stand.state("Retro"), MeetingState::Failed);
    assert_eq!(stand.newest().outcome, Outcome::Refused);
}

/// A Zoom account of another organization.
fn elsewhere(stand: &Stand) -> &'static str {
    const WORK: &str = "work@else.test";
    stand.hand(Hand::CreateZoomUser {
        email: WORK.into(),
        name: "Ana at work".into(),
        account: "else".into(),
        time_zone: "Europe/Berlin".into(),
        may_host: true,
    });
    WORK
}

#[tokio::test(start_paused = true)]
async fn p5_a_meeting_that_was_never_seen_is_not_offered_to_be_made_anew() {
    let stand = Stand::new("").await;
    stand.permit().await;
    let host = elsewhere(&stand);
    let event = stand.add(NewEvent {
        conference: NewConference::ZoomAddOn(host.into()),
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    assert!(stand.sync().await.needs_you);
    let view = stand.view("Review");
    assert_eq!(view.state, MeetingState::Failed);
    assert_eq!(view.remedies, [Remedy::Retry, Remedy::Ignore]);
    let entry = stand.newest();
    assert_eq!(entry.remedies, [Remedy::Retry, Remedy::Ignore]);
    let problem = entry.problem.unwrap();
    assert_eq!(problem.code, Code::MeetingGone);
    assert!(problem.message.contains("another account"), "{}", problem.message);
    let refused = stand.engine.recreate(view.id).await.unwrap_err();
    assert_eq!(refused.code, Code::BadUsage);
    assert_eq!(stand.google_writes(), 0);
    // Once that account is connected it is there, and once it was there it may be made anew.
    stand.sign_in_as(Service::Zoom, host).await;
    stand.sync_after(Duration::from_secs(60)).await;
    let view = stand.view("Review");
    assert_eq!(view.state, MeetingState::InStep);
    let meeting = view.number.unwrap().parse().unwrap();
    stand.hand(Hand::ForgetMeeting { meeting });
    stand.rename(&event, "Retro");
    stand.sync_after(Duration::from_secs(60)).await;
    assert!(stand.view("Retro").remedies.contains(&Remedy::Recreate));
    assert!(stand.newest().remedies.contains(&Remedy::Recreate));
}

#[tokio::test(start_paused = true)]
async fn an_all_day_series_is_watched_only_with_words_and_offers_nothing() {
    let stand = Stand::new("").await;
    stand.permit().await;
    let day = |title: &str, conference| {
        stand.add(NewEvent {
            conference,
            recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
            ..NewEvent::new(ANA, title, Moment::Day("2026-12-01".parse().unwrap()))
        })
    };
    let own = day("Add-on", NewConference::ZoomAddOn(ANA.into()));
    let bare = day("Bare", NewConference::None);
    let linked = scheduled(&stand, ANA, "Linked");
    day("Linked", NewConference::LinkInLocation(linked));
    stand.sync().await;
    for title in ["Add-on", "Linked"] {
        let view = stand.view(title);
        assert_eq!(view.state, MeetingState::WatchedOnly, "{title}");
        assert!(view.reason.contains("all-day"), "{title}: {}", view.reason);
        assert_eq!(view.remedies, [], "{title}");
    }
    assert!(
        !stand
            .engine
            .status()
            .unwrap()
            .problems
            .iter()
            .any(|problem| !problem.retryable)
    );
    let without = stand.engine.without_meeting(30).await.unwrap();
    assert_eq!(without, [], "none is offered to be added");
    let refused = stand.engine.add_meeting(ANA, &bare, Service::Zoom).await;
    assert_eq!(refused.unwrap_err().code, Code::Refused);
    // A meeting that vanished is nobody's business then, nor is the end of the series.
    let meeting = stand.view("Add-on").number.unwrap().parse().unwrap();
    stand.hand(Hand::ForgetMeeting { meeting });
    stand.rename(&own, "All day");
    assert!(!stand.sync_after(Duration::from_secs(60)).await.needs_you);
    let view = stand.view("All day");
    assert_eq!((view.state, view.remedies), (MeetingState::WatchedOnly, vec![]));
    assert!(stand.engine.recreate(view.id).await.is_err());
}
