//! What reaches the provider, and what must not.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{Change, MeetingState, Outcome, Overall, Remedy, Service};
use reconvene_simulator::google::Role;
use reconvene_simulator::hands::{NewConference, NewEvent, NewMeeting};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};

use crate::stand::{ANA, BEN, Stand, answer_lost, at, refused};

const GRACE: Duration = Duration::from_secs(121);

#[tokio::test(start_paused = true)]
async fn p2_a_moved_event_takes_its_meeting_along_in_three_requests() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    stand.clear_log();
    stand.drag(&event, "2026-12-02T10:30:00Z");
    let report = stand.sync().await;
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    let patch = &stand.zoom_requests()[1];
    assert_eq!(
        patch.body,
        serde_json::json!({"start_time": "2026-12-02T10:30:00Z"}),
        "only what differs"
    );
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-02T10:30:00Z".parse().unwrap())
    );
    let entry = report.entries.last().unwrap();
    assert_eq!((entry.outcome, entry.attempts), (Outcome::Updated, 1));
    assert!(
        matches!(entry.changes.as_slice(), [Change::Start { .. }]),
        "{:?}",
        entry.changes
    );
    assert_eq!(
        stand.view("Review").moved_from,
        Some("2026-12-01T09:00:00Z".parse().unwrap())
    );
    assert_eq!(stand.google_writes(), 0, "P7, P9: the calendar is only read");
}

#[tokio::test(start_paused = true)]
async fn p6_a_pass_without_changes_asks_the_provider_nothing() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.rename(&event, "Retro");
    stand.sync().await;
    stand.clear_log();
    for _ in 0..3 {
        stand.sync_after(Duration::from_secs(60)).await;
    }
    assert_eq!(stand.zoom_methods(), [""; 0]);
    assert_eq!(stand.requests().len(), 3, "one request per calendar and pass");
}

#[tokio::test(start_paused = true)]
async fn p6_an_edit_that_does_not_matter_causes_nothing() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.clear_log();
    let fields = serde_json::json!({"colorId": "5"}).as_object().unwrap().clone();
    stand.hand(Hand::WriteFields {
        calendar: ANA.into(),
        event,
        fields,
    });
    stand.sync().await;
    assert_eq!(stand.zoom_methods(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn five_edits_are_one_write() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.clear_log();
    for title in ["A", "B", "C", "D", "E"] {
        stand.rename(&event, title);
    }
    stand.hand(Hand::ResizeEvent {
        calendar: ANA.into(),
        event,
        minutes: 45,
    });
    stand.sync().await;
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    assert_eq!(stand.topic(meeting).as_deref(), Some("E"));
}

#[tokio::test(start_paused = true)]
async fn p3_p9_a_cancelled_event_deletes_its_meeting_after_the_grace_period_and_mails_nobody() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.clear_log();
    stand.cancel(&event);
    let report = stand.sync().await;
    assert_eq!(
        (stand.exists(meeting), report.pending),
        (true, 1),
        "still in its grace period"
    );
    assert_eq!(stand.state("Review"), MeetingState::Deleting);
    stand.sync_after(GRACE).await;
    assert!(!stand.exists(meeting));
    let delete = stand
        .zoom_requests()
        .into_iter()
        .find(|entry| entry.method == "DELETE")
        .unwrap();
    assert_eq!(delete.param("schedule_for_reminder"), Some("false"));
    assert_eq!(delete.param("cancel_meeting_reminder"), Some("false"));
    assert_eq!(stand.simulator.with(|world| world.mails().len()), 0);
    assert_eq!(stand.newest().outcome, Outcome::Deleted);
    assert_eq!(stand.engine.meetings().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn p3_an_undelete_within_the_grace_period_cancels_the_deletion() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    stand.sync().await;
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event,
    });
    let report = stand.sync_after(GRACE).await;
    assert!(stand.exists(meeting));
    assert_eq!((report.pending, stand.state("Review")), (0, MeetingState::InStep));
}

#[tokio::test(start_paused = true)]
async fn p3_an_undelete_that_no_pass_has_seen_yet_is_found_before_deleting() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    stand.sync().await;
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event,
    });
    // The list fails, so only the question asked before the deletion can tell.
    stand.fault(Wire::Google, "/events", "GET", refused("503_html"));
    stand.sync_after(GRACE).await;
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p3_a_move_to_another_calendar_deletes_nothing_watched_or_not() {
    for watched in [true, false] {
        let stand = Stand::new("delete_grace = \"0s\"").await;
        let other = stand.hand(Hand::CreateCalendar {
            owner: ANA.into(),
            summary: "Team".into(),
            id: None,
            time_zone: None,
        });
        stand.engine.refresh_calendars().await.unwrap();
        if watched {
            stand.engine.watch_calendar(&other, true).await.unwrap();
        }
        let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
        stand.sync().await;
        stand.hand(Hand::CarryEvent {
            calendar: ANA.into(),
            event,
            to: other.clone(),
        });
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
async fn p3_a_meeting_given_to_another_event_at_the_last_moment_is_kept() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    let (other, _) = stand.event("Other", "2026-12-02T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    stand.sync().await;
    stand.hand(Hand::AttachMeeting {
        calendar: ANA.into(),
        event: other,
        meeting,
    });
    // The pass that would have seen it fails; the deletion is due all the same.
    stand.fault(Wire::Google, "/events", "GET", refused("503_html"));
    stand.sync_after(GRACE).await;
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p3_an_event_moved_and_relieved_of_its_conference_keeps_its_meeting() {
    for swapped in [true, false] {
        let stand = Stand::new("delete_grace = \"0s\"").await;
        let other = stand.hand(Hand::CreateCalendar {
            owner: ANA.into(),
            summary: "Team".into(),
            id: None,
            time_zone: None,
        });
        stand.engine.refresh_calendars().await.unwrap();
        stand.engine.watch_calendar(&other, true).await.unwrap();
        let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
        stand.sync().await;
        stand.hand(Hand::CarryEvent {
            calendar: ANA.into(),
            event: event.clone(),
            to: other.clone(),
        });
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
async fn p3_a_calendar_lost_before_the_deletion_confirms_nothing() {
    let stand = Stand::new("").await;
    let other = stand.hand(Hand::CreateCalendar {
        owner: BEN.into(),
        summary: "Project".into(),
        id: None,
        time_zone: None,
    });
    stand.hand(Hand::ShareCalendar {
        calendar: other.clone(),
        with: ANA.into(),
        role: Role::Writer,
    });
    stand.engine.refresh_calendars().await.unwrap();
    stand.engine.watch_calendar(&other, true).await.unwrap();
    let (event, meeting) = stand.event_on(&other, "Review", "2026-12-01T09:00:00Z");
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
    stand.sync_after(GRACE).await;
    assert_eq!(stand.newest().outcome, Outcome::Waiting, "it may come back");
    for _ in 0..12 {
        stand.sync_after(Duration::from_secs(900)).await;
    }
    assert!(stand.exists(meeting));
    assert_eq!(stand.newest().outcome, Outcome::Kept);
}

#[tokio::test(start_paused = true)]
async fn p3_a_copy_that_shares_the_meeting_keeps_it_alive() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    let start = Some(at("2026-12-08T09:00:00Z"));
    stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event: event.clone(),
        to: None,
        start,
    });
    stand.sync().await;
    stand.cancel(&event);
    stand.sync().await;
    assert!(stand.exists(meeting));
    assert_eq!(stand.state("Review"), MeetingState::WatchedOnly);
}

#[tokio::test(start_paused = true)]
async fn p2_a_write_that_was_not_read_back_is_looked_at_even_if_the_edit_was_taken_back() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    let mut unread = Rule::once(Wire::Zoom, "/meetings/", refused("503_html")).method("GET");
    unread.skip = 1;
    stand.simulator.with(|world| world.faults().add(unread));
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    stand.rename(&event, "Review");
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p3_taking_the_conference_off_an_event_keeps_the_meeting() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::RemoveConference {
        calendar: ANA.into(),
        event: event.clone(),
    });
    stand.sync().await;
    assert_eq!(stand.newest().outcome, Outcome::Kept);
    stand.cancel(&event);
    stand.sync().await;
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p8_more_deletions_than_the_limit_are_all_held_until_the_person_agrees() {
    let stand = Stand::new("delete_grace = \"1s\"").await;
    let pairs: Vec<_> = (0..6)
        .map(|index| stand.event(&format!("Review {index}"), "2026-12-01T09:00:00Z"))
        .collect();
    stand.sync().await;
    for (event, _) in &pairs {
        stand.cancel(event);
    }
    stand.sync().await;
    let report = stand.sync_after(Duration::from_secs(10)).await;
    assert!(pairs.iter().all(|(_, meeting)| stand.exists(*meeting)));
    assert!(report.needs_you);
    let status = stand.engine.status().unwrap();
    assert_eq!((status.held.len(), status.overall), (6, Overall::NeedsYou));
    assert_eq!(stand.newest().remedies, [Remedy::Approve, Remedy::Ignore]);
    let (first, rest) = status.held.split_first().unwrap();
    stand.engine.refuse(&[*first]).unwrap();
    stand.engine.approve(rest).unwrap();
    stand.sync().await;
    assert_eq!(
        pairs.iter().filter(|(_, meeting)| stand.exists(*meeting)).count(),
        1
    );
    assert_eq!(stand.engine.status().unwrap().held, []);
}

#[tokio::test(start_paused = true)]
async fn p5_a_lost_answer_is_read_back_and_not_written_twice() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.clear_log();
    stand.rename(&event, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", answer_lost());
    stand.sync().await;
    let waiting = stand.newest();
    assert_eq!(
        (waiting.outcome, waiting.problem.unwrap().code),
        (Outcome::Waiting, Code::TimedOut)
    );
    stand.sync_after(Duration::from_secs(30)).await;
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    let entry = stand.newest();
    assert_eq!((entry.outcome, entry.attempts), (Outcome::Updated, 2));
    assert!(matches!(entry.changes.as_slice(), [Change::Topic { .. }]));
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p5_a_deletion_whose_answer_was_lost_counts_as_done() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    stand.fault(Wire::Zoom, "/meetings/", "DELETE", answer_lost());
    stand.sync().await;
    stand.clear_log();
    stand.sync_after(Duration::from_secs(30)).await;
    assert_eq!(stand.zoom_methods(), ["GET"], "gone already: nothing to delete");
    assert_eq!(
        (stand.exists(meeting), stand.newest().outcome),
        (false, Outcome::Deleted)
    );
}

#[tokio::test(start_paused = true)]
async fn p11_an_event_brought_back_too_late_shows_that_its_meeting_is_gone() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    stand.fault(Wire::Zoom, "/meetings/", "DELETE", answer_lost());
    stand.sync().await;
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event,
    });
    stand.sync_after(Duration::from_secs(30)).await;
    assert!(!stand.exists(meeting));
    assert_eq!(stand.state("Review"), MeetingState::Failed);
    assert_eq!(stand.newest().problem.unwrap().code, Code::MeetingGone);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_the_request_made_again() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::ExpireAccessTokens);
    stand.rename(&event, "Retro");
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p11_a_lost_grant_asks_to_sign_in_again_and_keeps_the_action() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::RevokeZoom { email: ANA.into() });
    stand.rename(&event, "Retro");
    let report = stand.sync().await;
    assert!(report.needs_you);
    let entry = stand.newest();
    assert_eq!(
        (entry.outcome, entry.problem.unwrap().code),
        (Outcome::NeedsYou, Code::SignInAgain)
    );
    assert_eq!(entry.remedies, [Remedy::SignIn, Remedy::Ignore]);
    stand.sign_in(Service::Zoom).await;
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(stand.engine.status().unwrap().overall, Overall::InStep);
}

#[tokio::test(start_paused = true)]
async fn p13_a_rate_limit_is_obeyed_even_when_the_person_is_impatient() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    let headers = [("Retry-After".to_owned(), "600".to_owned())].into();
    let limit = Effect::Answer {
        status: 429,
        headers,
        body: r#"{"code":429,"message":"slow"}"#.into(),
    };
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", Fault::before(limit));
    stand.sync().await;
    stand.clear_log();
    let entry = stand.newest();
    assert_eq!(
        (entry.outcome, entry.problem.unwrap().code),
        (Outcome::Waiting, Code::RateLimited)
    );
    stand.sync_after(Duration::from_secs(300)).await;
    stand.engine.retry(entry.meeting.unwrap()).unwrap();
    stand.sync().await;
    assert_eq!(stand.zoom_methods(), [""; 0]);
    stand.sync_after(Duration::from_secs(301)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p10_p13_an_action_that_waits_for_its_account_lets_the_engine_rest() {
    let stand = Stand::new("").await;
    let (first, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    let (second, meeting) = stand.event("Other", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&first, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("429_seconds"));
    stand.sync().await;
    stand.rename(&second, "Another");
    stand.sync().await;
    stand.sync_after(Duration::from_secs(30)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Another"));
}

#[tokio::test(start_paused = true)]
async fn p13_a_used_up_day_waits_for_the_next() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::SetWritesToday {
        host: ANA.into(),
        used: 100,
    });
    stand.rename(&event, "Retro");
    stand.sync().await;
    let entry = stand.newest();
    assert_eq!(entry.problem.unwrap().code, Code::DailyBudget);
    assert!(entry.next_try.unwrap() >= "2026-11-23T00:00:00Z".parse().unwrap());
    stand.sync_after(Duration::from_secs(17 * 3600)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p11_a_refusal_is_final_and_shown_with_the_providers_words() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    let no = Effect::Answer {
        status: 400,
        headers: [].into(),
        body: r#"{"code":300,"message":"Validation Failed.","errors":[{"field":"topic","message":"no"}]}"#
            .into(),
    };
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", Fault::before(no));
    let report = stand.sync().await;
    assert!(report.needs_you);
    let entry = stand.newest();
    assert_eq!((entry.outcome, entry.next_try), (Outcome::Refused, None));
    let answer = entry.answer.unwrap();
    assert_eq!((answer.status, answer.code.as_deref()), (400, Some("300")));
    assert!(answer.words.unwrap().contains("Validation Failed."));
    assert_eq!(stand.state("Retro"), MeetingState::Failed);
    stand.clear_log();
    stand.sync_after(Duration::from_secs(3600)).await;
    assert_eq!(stand.zoom_methods(), [""; 0], "nothing is tried by itself");
    stand.engine.retry(entry.meeting.unwrap()).unwrap();
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert!(
        !stand
            .engine
            .status()
            .unwrap()
            .problems
            .iter()
            .any(|problem| problem.code == Code::Refused)
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_moved_into_the_past_is_not_taken_for_carried_over() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.drag(&event, "2026-11-22T07:45:00Z");
    stand.sync().await;
    assert_eq!(stand.newest().problem.unwrap().code, Code::InThePast);
}

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
    let series = NewEvent {
        conference: NewConference::ZoomAddOn(ANA.into()),
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
        ..NewEvent::new(ANA, "Weekly", at("2026-12-01T09:00:00Z"))
    };
    let series = stand.add(series);
    stand.sync().await;
    for title in ["In the room", "Foreign", "Unrelated", "Weekly"] {
        assert_eq!(stand.state(title), MeetingState::WatchedOnly, "{title}");
        assert!(!stand.view(title).reason.is_empty());
    }
    assert_eq!(stand.state("Meet"), MeetingState::NothingToSync);
    assert_eq!(stand.state("Agreed"), MeetingState::InStep);
    for event in events.iter().chain([&series]) {
        stand.rename(event, "Renamed");
    }
    stand.rename(&agreed, "Renamed too");
    stand.sync().await;
    for event in events.iter().chain([&series]) {
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
async fn the_persons_no_outlives_an_edit_that_does_not_matter() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", refused("zoom_300"));
    stand.sync().await;
    stand.engine.ignore(stand.newest().meeting.unwrap()).unwrap();
    assert_eq!(stand.state("Retro"), MeetingState::OutOfStep);
    let fields = serde_json::json!({"colorId": "5"}).as_object().unwrap().clone();
    stand.hand(Hand::WriteFields {
        calendar: ANA.into(),
        event,
        fields,
    });
    stand.sync().await;
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.state("Retro"), MeetingState::OutOfStep);
}

#[tokio::test(start_paused = true)]
async fn p3_an_answer_about_nothing_is_no_proof_that_an_event_is_gone() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    let nothing = Effect::Answer {
        status: 200,
        headers: [].into(),
        body: "{}".into(),
    };
    stand.fault(
        Wire::Google,
        &format!("/events/{event}"),
        "GET",
        Fault::before(nothing),
    );
    stand.sync().await;
    assert!(stand.exists(meeting));
    assert_eq!(stand.newest().problem.unwrap().code, Code::UnreadableAnswer);
    stand.sync_after(Duration::from_secs(60)).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p3_a_move_to_a_calendar_made_just_now_deletes_nothing() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    let to = stand.hand(Hand::CreateCalendar {
        owner: ANA.into(),
        summary: "Made just now".into(),
        id: None,
        time_zone: None,
    });
    stand.hand(Hand::CarryEvent {
        calendar: ANA.into(),
        event,
        to,
    });
    stand.sync().await;
    stand.sync_after(Duration::from_secs(600)).await;
    assert!(stand.exists(meeting));
    assert_eq!(stand.newest().outcome, Outcome::Kept);
}

#[tokio::test(start_paused = true)]
async fn p3_unticking_the_calendar_of_the_last_event_deletes_nothing() {
    let stand = Stand::new("").await;
    let other = stand.hand(Hand::CreateCalendar {
        owner: ANA.into(),
        summary: "Team".into(),
        id: None,
        time_zone: None,
    });
    stand.engine.refresh_calendars().await.unwrap();
    stand.engine.watch_calendar(&other, true).await.unwrap();
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event: event.clone(),
        to: Some(other.clone()),
        start: None,
    });
    stand.sync().await;
    stand.cancel(&event);
    stand.sync_after(Duration::from_secs(600)).await;
    stand.engine.watch_calendar(&other, false).await.unwrap();
    stand.sync_after(Duration::from_secs(600)).await;
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_what_nobody_wants_any_more_stops_asking_for_help() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.drag(&event, "2026-11-22T07:45:00Z");
    assert!(stand.sync().await.needs_you);
    stand.drag(&event, "2026-12-01T09:00:00Z");
    assert!(!stand.sync().await.needs_you);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
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
async fn p6_a_zone_that_zoom_calls_by_another_name_is_written_once() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    let start = serde_json::json!({"dateTime": "2026-12-01T14:30:00+05:30", "timeZone": "Asia/Kolkata"});
    let fields = serde_json::json!({"start": start}).as_object().unwrap().clone();
    stand.hand(Hand::WriteFields {
        calendar: ANA.into(),
        event,
        fields,
    });
    let host = stand
        .simulator
        .with(|world| world.meeting(meeting).unwrap().host_id.clone());
    let renamed = serde_json::json!({
        "id": meeting, "type": 2, "topic": "Review", "start_time": "2026-12-01T09:00:00Z", "duration": 30,
        "timezone": "Asia/Calcutta", "host_id": host,
    });
    let renamed = Effect::Answer {
        status: 200,
        headers: [].into(),
        body: renamed.to_string(),
    };
    // The reading back, and not the reading before it.
    let mut rule = Rule::once(Wire::Zoom, "/meetings/", Fault::before(renamed)).method("GET");
    rule.skip = 1;
    stand.simulator.with(|world| world.faults().add(rule));
    stand.clear_log();
    stand.sync().await;
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    assert_eq!(stand.newest().outcome, Outcome::Updated);
}
