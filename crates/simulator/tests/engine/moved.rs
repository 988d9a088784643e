//! Events that move between calendars, and calendars that come and go meanwhile.

use std::time::Duration;

use reconvene_core::report::{MeetingState, Outcome};
use reconvene_simulator::google::Role;
use reconvene_simulator::hands::{Moment, NewConference, NewEvent, NewMeeting};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};

use crate::stand::{ANA, BEN, Stand, at, refused};

const AT: &str = "2026-12-01T09:00:00Z";
const MINUTE: Duration = Duration::from_secs(60);

/// A stand with a second watched calendar.
async fn with_team(settings: &str) -> (Stand, String) {
    let stand = Stand::new(settings).await;
    let team = stand.calendar("Team", true).await;
    (stand, team)
}

/// A calendar of Ben's that Ana watches, and what changes how much of it she sees.
async fn of_ben(stand: &Stand) -> (String, impl Fn(Role) -> Hand) {
    let other = stand.hand(Hand::CreateCalendar {
        owner: BEN.into(),
        summary: "Project".into(),
        id: None,
        time_zone: None,
    });
    let calendar = other.clone();
    let share = move |role| Hand::ShareCalendar {
        calendar: calendar.clone(),
        with: ANA.into(),
        role,
    };
    stand.hand(share(Role::Writer));
    stand.engine.refresh_calendars().await.unwrap();
    stand.engine.watch_calendar(&other, true).await.unwrap();
    (other, share)
}

fn carry(stand: &Stand, event: &str, from: &str, to: &str) {
    stand.hand(Hand::CarryEvent {
        calendar: from.into(),
        event: event.into(),
        to: to.into(),
    });
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
    let (stand, team) = with_team("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", AT);
    stand.sync().await;
    copy(&stand, &event, &team);
    stand.cancel(&event);
    let (name, _) = team.split_once('@').unwrap();
    let mut lost = Rule::once(Wire::Google, name, refused("google_404"));
    lost.times = Some(6);
    stand.simulator.with(|world| world.faults().add(lost));
    for _ in 0..8 {
        stand.sync_after(MINUTE).await;
    }
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p10_a_calendar_lost_for_good_holds_up_no_deletion_for_ever() {
    let (stand, team) = with_team("delete_grace = \"0s\"").await;
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
    let (stand, team) = with_team("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", AT);
    let (other, _) = stand.event("Other", AT);
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: other.clone(),
        meeting,
    });
    stand.sync().await;
    carry(&stand, &other, ANA, &team);
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
    let (stand, team) = with_team("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event_on(&team, "Review", AT);
    stand.sync().await;
    carry(&stand, &event, &team, ANA);
    stand.hand(Hand::DeleteCalendar { calendar: team });
    stand.rename(&event, "Retro");
    stand.sync().await;
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(stand.state("Retro"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p3_a_move_to_another_calendar_deletes_nothing_watched_or_not() {
    for watched in [true, false] {
        let (stand, other) = with_team("delete_grace = \"0s\"").await;
        if !watched {
            stand.engine.watch_calendar(&other, false).await.unwrap();
        }
        let (event, meeting) = stand.event("Review", AT);
        stand.sync().await;
        carry(&stand, &event, ANA, &other);
        stand.sync().await;
        stand.sync_after(Duration::from_secs(300)).await;
        assert!(stand.exists(meeting), "watched: {watched}");
        if watched {
            assert_eq!(stand.state("Review"), MeetingState::InStep);
        } else {
            assert_eq!(stand.newest().outcome, Outcome::Kept);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p3_an_event_moved_and_relieved_of_its_conference_keeps_its_meeting() {
    for swapped in [true, false] {
        let (stand, other) = with_team("delete_grace = \"0s\"").await;
        let (event, meeting) = stand.event("Review", AT);
        stand.sync().await;
        carry(&stand, &event, ANA, &other);
        stand.hand(if swapped {
            Hand::SwapToMeet {
                calendar: other,
                event,
            }
        } else {
            Hand::RemoveConference {
                calendar: other,
                event,
            }
        });
        stand.sync().await;
        assert!(stand.exists(meeting), "swapped: {swapped}");
        assert_eq!(stand.newest().outcome, Outcome::Kept);
    }
}

#[tokio::test(start_paused = true)]
async fn p3_what_an_event_left_where_it_came_from_deletes_nothing_once_it_gave_the_meeting_up_elsewhere() {
    let (stand, other) = with_team("delete_grace = \"10m\"").await;
    let (event, meeting) = stand.event("Review", AT);
    stand.sync().await;
    carry(&stand, &event, ANA, &other);
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::SwapToMeet {
        calendar: other.clone(),
        event: event.clone(),
    });
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.newest().outcome, Outcome::Kept);
    stand.hand(Hand::CancelEvent {
        calendar: other,
        event,
    });
    for _ in 0..4 {
        stand.sync_after(MINUTE * 5).await;
    }
    assert!(stand.exists(meeting), "it was said to be left as it is");
    assert_eq!(stand.newest().outcome, Outcome::Kept);
}

#[tokio::test(start_paused = true)]
async fn p3_a_calendar_lost_before_the_deletion_confirms_nothing() {
    let stand = Stand::new("").await;
    let (other, _) = of_ben(&stand).await;
    let (event, meeting) = stand.event_on(&other, "Review", AT);
    stand.sync().await;
    stand.hand(Hand::CancelEvent {
        calendar: other.clone(),
        event: event.clone(),
    });
    stand.sync().await;
    stand.hand(Hand::UndeleteEvent {
        calendar: other.clone(),
        event,
    });
    stand.hand(Hand::UnshareCalendar {
        calendar: other,
        with: ANA.into(),
    });
    stand.sync_after(Duration::from_secs(121)).await;
    assert_eq!(stand.newest().outcome, Outcome::Waiting, "it may come back");
    for _ in 0..12 {
        stand.sync_after(Duration::from_secs(900)).await;
    }
    assert!(stand.exists(meeting));
    assert_eq!(stand.newest().outcome, Outcome::Kept);
}

#[tokio::test(start_paused = true)]
async fn p11_an_invitation_is_not_called_in_step_while_its_organizers_calendar_cannot_be_read() {
    let stand = Stand::new("").await;
    let (other, _) = of_ben(&stand).await;
    let event = stand.add(NewEvent {
        conference: NewConference::ZoomAddOn(ANA.into()),
        guests: vec![BEN.into()],
        ..NewEvent::new(ANA, "Review", at(AT))
    });
    carry(&stand, &event, ANA, &other);
    stand.sync().await;
    let drag = |start| {
        stand.hand(Hand::MoveEvent {
            calendar: other.clone(),
            event: event.clone(),
            start: at(start),
            end: None,
        })
    };
    let states = || {
        let views = stand.engine.meetings().unwrap();
        let own = views.into_iter().filter(|view| view.calendar_name != "Project");
        own.map(|view| (view.state, view.remedies)).collect::<Vec<_>>()
    };
    // Ana is a guest of it, and is told.
    drag("2026-12-02T09:00:00Z");
    stand.sync_after(MINUTE).await;
    assert_eq!(states(), [(MeetingState::InStep, vec![])]);
    drag("2026-12-03T09:00:00Z");
    stand.hand(Hand::UnshareCalendar {
        calendar: other.clone(),
        with: ANA.into(),
    });
    for _ in 0..3 {
        stand.sync_after(MINUTE * 20).await;
    }
    assert_eq!(states(), [(MeetingState::WatchedOnly, vec![])]);
}

fn make_private(stand: &Stand, calendar: &str, event: &str) {
    stand.hand(Hand::WriteFields {
        calendar: calendar.into(),
        event: event.into(),
        fields: [("visibility".to_owned(), "private".into())]
            .into_iter()
            .collect(),
    });
}

#[tokio::test(start_paused = true)]
async fn p3_p11_a_private_event_that_may_not_be_seen_any_more_keeps_its_meeting_and_is_known_again_later() {
    for role in [Role::Reader, Role::WriterWithoutPrivateAccess] {
        let stand = Stand::new("delete_grace = \"0s\"").await;
        let (other, share) = of_ben(&stand).await;
        let (event, meeting) = stand.event_on(&other, "Review", AT);
        make_private(&stand, &other, &event);
        stand.sync().await;
        assert_eq!(stand.state("Review"), MeetingState::InStep);
        let told = stand.engine.activity(99, None).unwrap().len();
        stand.hand(share(role));
        stand.hand(Hand::RenameEvent {
            calendar: other.clone(),
            event: event.clone(),
            title: "Retro".into(),
        });
        for _ in 0..4 {
            stand.sync_after(MINUTE).await;
        }
        assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
        let entries = stand.engine.activity(99, None).unwrap();
        let kept = |entry: &&reconvene_core::report::ActivityEntry| entry.outcome == Outcome::Kept;
        assert_eq!(
            entries.iter().filter(kept).count(),
            0,
            "nobody took a conference off"
        );
        assert!(entries.len() > told, "{role:?}: that it is not seen is told");
        let why = stand.newest().problem.unwrap().message;
        assert!(
            why.contains("does not show you the details of this event"),
            "{why}"
        );
        stand.hand(share(Role::Writer));
        stand.hand(Hand::ExpireSyncTokens { calendar: None });
        for _ in 0..3 {
            stand.sync_after(MINUTE).await;
        }
        assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"), "{role:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_private_event_cancelled_where_it_may_not_be_seen_keeps_its_meeting() {
    for role in [Role::Reader, Role::WriterWithoutPrivateAccess] {
        let stand = Stand::new("delete_grace = \"0s\"").await;
        let (other, share) = of_ben(&stand).await;
        let (event, meeting) = stand.event_on(&other, "Review", AT);
        make_private(&stand, &other, &event);
        stand.sync().await;
        stand.hand(share(role));
        stand.sync_after(MINUTE).await;
        let (calendar, event) = (other.clone(), event.clone());
        stand.hand(Hand::RemoveConference {
            calendar: calendar.clone(),
            event: event.clone(),
        });
        stand.sync_after(MINUTE).await;
        stand.hand(Hand::CancelEvent { calendar, event });
        for _ in 0..5 {
            stand.sync_after(MINUTE * 10).await;
        }
        assert!(
            stand.exists(meeting),
            "{role:?}: nobody knows whether it was its meeting still"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_private_event_moved_to_where_it_may_not_be_seen_keeps_its_meeting() {
    for role in [Role::WriterWithoutPrivateAccess, Role::Reader] {
        let stand = Stand::new("delete_grace = \"0s\"").await;
        let (other, share) = of_ben(&stand).await;
        let (event, meeting) = stand.event("Review", AT);
        make_private(&stand, ANA, &event);
        stand.sync().await;
        stand.hand(share(role));
        stand.engine.refresh_calendars().await.unwrap();
        carry(&stand, &event, ANA, &other);
        for _ in 0..5 {
            stand.sync_after(MINUTE).await;
        }
        assert!(stand.exists(meeting), "{role:?}");
        assert_eq!(stand.newest().outcome, Outcome::Kept, "{role:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn p3_an_event_that_somebody_else_moved_to_where_the_person_only_reads_keeps_its_meeting() {
    for watched in [true, false] {
        for relieved in [None, Some(MINUTE), Some(Duration::ZERO)] {
            let stand = Stand::new("delete_grace = \"2m\"").await;
            let (other, share) = of_ben(&stand).await;
            let (event, meeting) = stand.event("Review", AT);
            stand.sync().await;
            stand.hand(share(Role::Reader));
            stand.engine.refresh_calendars().await.unwrap();
            stand.engine.watch_calendar(&other, watched).await.unwrap();
            carry(&stand, &event, ANA, &other);
            if let Some(later) = relieved {
                stand.sync_after(later).await;
                let (calendar, event) = (other.clone(), event.clone());
                stand.hand(Hand::RemoveConference { calendar, event });
            }
            stand.sync_after(MINUTE).await;
            if watched && relieved.is_some() {
                // Whatever becomes of it there.
                stand.hand(Hand::CancelEvent {
                    calendar: other.clone(),
                    event: event.clone(),
                });
            }
            for _ in 0..5 {
                stand.sync_after(MINUTE).await;
            }
            let case = format!("watched: {watched}, relieved: {relieved:?}");
            assert!(stand.exists(meeting), "{case}");
            let told = stand.engine.activity(1, None).unwrap();
            let kept = told.first().is_some_and(|entry| entry.outcome == Outcome::Kept);
            // What is watched there only is shown as that.
            assert!(kept || (watched && relieved.is_none()), "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p10_one_garbled_answer_of_another_calendar_is_asked_for_again() {
    let (stand, _) = with_team("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", AT);
    stand.sync().await;
    stand.cancel(&event);
    let garbled = Fault::before(Effect::Answer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: format!(r#"{{"id":"{event}","status":"confirmed","start":{{"dateTime":7}}}}"#),
    });
    let path = format!("@group.calendar.google.com/events/{event}");
    stand.fault(Wire::Google, &path, "GET", garbled);
    for _ in 0..4 {
        stand.sync_after(MINUTE).await;
    }
    assert!(!stand.exists(meeting));
    assert_eq!(stand.newest().outcome, Outcome::Deleted);
}

#[tokio::test(start_paused = true)]
async fn p3_a_move_to_a_calendar_made_just_now_deletes_nothing() {
    let (stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
    let to = stand.hand(Hand::CreateCalendar {
        owner: ANA.into(),
        summary: "Made just now".into(),
        id: None,
        time_zone: None,
    });
    carry(&stand, &event, ANA, &to);
    stand.sync().await;
    stand.sync_after(Duration::from_secs(600)).await;
    assert!(stand.exists(meeting));
    assert_eq!(stand.newest().outcome, Outcome::Kept);
}

#[tokio::test(start_paused = true)]
async fn p3_unticking_the_calendar_of_the_last_event_deletes_nothing() {
    let (stand, other) = with_team("").await;
    let (event, meeting) = stand.event("Review", AT);
    copy(&stand, &event, &other);
    stand.sync().await;
    stand.cancel(&event);
    stand.sync_after(Duration::from_secs(600)).await;
    stand.engine.watch_calendar(&other, false).await.unwrap();
    stand.sync_after(Duration::from_secs(600)).await;
    assert!(stand.exists(meeting));
}

/// “Review” on Ana's calendar with a link to a meeting of this topic. Returns both ids.
async fn linked(stand: &Stand, topic: &str) -> (String, u64) {
    let meeting = stand.hand(Hand::CreateMeeting(Box::new(NewMeeting {
        host: ANA.into(),
        topic: topic.into(),
        kind: 2,
        start: Some(AT.parse().unwrap()),
        minutes: 30,
        recurrence: None,
        time_zone: None,
    })));
    let meeting = meeting.parse().unwrap();
    let event = stand.add(NewEvent {
        conference: NewConference::LinkInLocation(meeting),
        ..NewEvent::new(ANA, "Review", at(AT))
    });
    stand.sync().await;
    (event, meeting)
}

fn rename_on(stand: &Stand, calendar: &str, event: &str, title: &str) {
    stand.hand(Hand::RenameEvent {
        calendar: calendar.into(),
        event: event.into(),
        title: title.into(),
    });
}

#[tokio::test(start_paused = true)]
async fn p2_an_event_with_a_link_in_its_text_is_followed_to_another_calendar() {
    for said in [false, true] {
        let (stand, team) = with_team("delete_grace = \"0s\"").await;
        let (event, meeting) = linked(&stand, if said { "Planning" } else { "Review" }).await;
        if said {
            stand.engine.bond(stand.view("Review").id).await.unwrap();
            stand.sync_after(MINUTE).await;
        }
        carry(&stand, &event, ANA, &team);
        rename_on(&stand, &team, &event, "Retro");
        stand.sync_after(MINUTE).await;
        stand.sync_after(MINUTE).await;
        assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"), "{said}");
        let view = stand.view("Retro");
        assert_eq!((view.state, view.bonded), (MeetingState::InStep, true), "{said}");
        // The bond is the event's own by now.
        stand.engine.watch_calendar(ANA, false).await.unwrap();
        rename_on(&stand, &team, &event, "Again");
        stand.sync_after(MINUTE).await;
        assert_eq!(stand.topic(meeting).as_deref(), Some("Again"), "{said}");
        stand.hand(Hand::CancelEvent {
            calendar: team,
            event,
        });
        stand.sync_after(MINUTE).await;
        stand.sync_after(MINUTE).await;
        assert!(!stand.exists(meeting), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_copy_with_a_link_in_its_text_on_another_calendar_is_not_followed() {
    let (stand, team) = with_team("delete_grace = \"0s\"").await;
    let (event, meeting) = linked(&stand, "Review").await;
    stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event: event.clone(),
        to: Some(team.clone()),
        start: Some(at("2026-12-03T15:00:00Z")),
    });
    stand.sync_after(MINUTE).await;
    stand.cancel(&event);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE).await;
    assert!(stand.exists(meeting));
    assert_eq!(stand.start(meeting), Some(AT.parse().unwrap()));
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert!(!stand.view("Review").bonded);
}

#[tokio::test(start_paused = true)]
async fn p11_an_all_day_event_with_a_meeting_of_another_one_is_not_in_step_with_it() {
    let stand = Stand::new("").await;
    let (_, meeting) = stand.event("Review", AT);
    let day = stand.add(NewEvent::new(
        ANA,
        "Day",
        Moment::Day("2026-12-01".parse().unwrap()),
    ));
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: day,
        meeting,
    });
    stand.sync().await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    let view = stand.view("Day");
    assert_eq!(view.state, MeetingState::WatchedOnly);
    assert!(view.reason.contains("all-day"), "{}", view.reason);
}
