//! What becomes of the meeting of a cancelled event.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Outcome, Overall, Remedy, Service};
use reconvene_engine::rehearsal::{self, Door, Fate};
use reconvene_simulator::hands::{NewConference, NewEvent};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};

use crate::stand::{ANA, BEN, Stand, answer_lost, at, refused};

const GRACE: Duration = Duration::from_secs(121);

#[tokio::test(start_paused = true)]
async fn p3_p9_a_cancelled_event_deletes_its_meeting_after_the_grace_period_and_mails_nobody() {
    let (stand, event, meeting) = Stand::in_step("").await;
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
    let (stand, event, meeting) = Stand::in_step("").await;
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
    let (stand, event, meeting) = Stand::in_step("").await;
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
async fn p3_taking_the_conference_off_an_event_keeps_the_meeting() {
    let (stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
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
async fn p8_held_deletions_are_approved_or_refused_together_in_one_word() {
    for agreed in [true, false] {
        let stand = Stand::new("delete_grace = \"1s\"\nmass_delete_limit = 2").await;
        let pairs: Vec<_> = (0..3)
            .map(|index| stand.event(&format!("Review {index}"), "2026-12-01T09:00:00Z"))
            .collect();
        stand.sync().await;
        for (event, _) in &pairs {
            stand.cancel(event);
        }
        stand.sync().await;
        stand.sync_after(Duration::from_secs(10)).await;
        assert_eq!(stand.engine.status().unwrap().held.len(), 3);
        match agreed {
            true => stand.engine.approve(&[]).unwrap(),
            false => stand.engine.refuse(&[]).unwrap(),
        }
        for _ in 0..2 {
            stand.sync_after(Duration::from_secs(600)).await;
        }
        assert!(pairs.iter().all(|(_, meeting)| stand.exists(*meeting) != agreed));
        let status = stand.engine.status().unwrap();
        assert_eq!((status.held.len(), status.overall), (0, Overall::InStep));
        let none = stand.engine.approve(&[reconvene_core::id::MeetingId(1)]);
        assert_eq!(none.unwrap_err().code, Code::BadUsage, "nothing is held any more");
    }
}

#[tokio::test(start_paused = true)]
async fn p8_one_word_for_all_of_them_is_kept_for_each_or_for_none() {
    for full_at in 0..3 {
        let stand = Stand::new("delete_grace = \"0s\"\nmass_delete_limit = 1").await;
        let events = ["Review", "Retro", "Other"].map(|title| stand.event(title, "2026-12-01T09:00:00Z").0);
        stand.sync().await;
        for event in &events {
            stand.cancel(event);
        }
        stand.sync().await;
        stand.sync_after(Duration::from_secs(10)).await;
        assert_eq!(stand.engine.status().unwrap().held.len(), 3);
        let mut commits = 0;
        rehearsal::watch(Some(Box::new(move |door| {
            commits += usize::from(door == Door::Before);
            match door == Door::Before && commits == full_at + 1 {
                true => Fate::DiskFull,
                false => Fate::Goes,
            }
        })));
        let answered = stand.engine.refuse(&[]);
        rehearsal::watch(None);
        let left = stand.engine.status().unwrap().held.len();
        assert_eq!(left, if answered.is_ok() { 0 } else { 3 }, "full at {full_at}");
    }
}

#[tokio::test(start_paused = true)]
async fn p8_a_deletion_is_no_first_write_without_the_persons_word() {
    for agreed in [true, false] {
        let stand = Stand::bare("delete_grace = \"0s\"");
        stand.sign_in(Service::Google).await;
        stand.engine.watch_calendar(ANA, true).await.unwrap();
        let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
        stand.sync().await;
        stand.cancel(&event);
        stand.sync().await;
        stand.sign_in(Service::Zoom).await;
        for _ in 0..3 {
            stand.sync_after(Duration::from_secs(600)).await;
        }
        assert!(stand.exists(meeting));
        assert_eq!(stand.newest().remedies, [Remedy::Approve, Remedy::Ignore]);
        match agreed {
            true => stand.engine.approve(&[]).unwrap(),
            false => stand.engine.refuse(&[]).unwrap(),
        }
        stand.sync_after(Duration::from_secs(600)).await;
        assert_eq!(stand.exists(meeting), !agreed);
        // From then on nothing waits for a word any more.
        let (event, meeting) = stand.event("Retro", "2026-12-01T09:00:00Z");
        stand.sync().await;
        stand.cancel(&event);
        stand.sync().await;
        stand.sync_after(Duration::from_secs(10)).await;
        assert!(!stand.exists(meeting));
    }
}

/// A meeting that differed from its event when it was connected.
async fn asking() -> (Stand, String, u64) {
    let stand = Stand::bare("delete_grace = \"0s\"");
    stand.sign_in(Service::Google).await;
    stand.sign_in(Service::Zoom).await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.rename(&event, "Retro");
    stand.engine.watch_calendar(ANA, true).await.unwrap();
    stand.sync().await;
    (stand, event, meeting)
}

#[tokio::test(start_paused = true)]
async fn p8_one_yes_to_everything_answers_the_question_and_lets_the_deletion_go() {
    let (stand, event, meeting) = asking().await;
    assert_eq!(stand.engine.status().unwrap().asking.len(), 1);
    stand.cancel(&event);
    stand.sync().await;
    stand.sync_after(Duration::from_secs(10)).await;
    assert!(stand.exists(meeting));
    stand.engine.approve(&[]).unwrap();
    stand.sync_after(Duration::from_secs(10)).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p8_bringing_in_step_is_not_offered_where_it_would_delete() {
    let (stand, event, meeting) = asking().await;
    assert_eq!(stand.view("Retro").remedies, [Remedy::Fix, Remedy::Ignore]);
    stand.cancel(&event);
    stand.sync().await;
    stand.sync_after(Duration::from_secs(10)).await;
    let (status, view) = (stand.engine.status().unwrap(), stand.view("Retro"));
    assert_eq!((status.asking, status.held), (vec![], vec![view.id]));
    assert_eq!(view.remedies, [Remedy::Approve, Remedy::Ignore]);
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p8_the_yes_to_a_question_lets_no_deletion_go_that_was_not_asked_about() {
    let stand = Stand::bare("mass_delete_limit = 2");
    stand.sign_in(Service::Google).await;
    stand.sign_in(Service::Zoom).await;
    let pairs: Vec<_> = (0..3)
        .map(|index| stand.event(&format!("Review {index}"), "2026-12-01T09:00:00Z"))
        .collect();
    stand.rename(&pairs[0].0, "Retro");
    stand.engine.watch_calendar(ANA, true).await.unwrap();
    stand.sync().await;
    assert_eq!(stand.engine.status().unwrap().asking.len(), 1);
    for (event, _) in &pairs {
        stand.cancel(event);
    }
    stand.sync().await;
    stand.engine.approve(&[]).unwrap();
    stand.sync_after(Duration::from_secs(600)).await;
    assert_eq!(stand.engine.status().unwrap().held.len(), 3);
    assert!(pairs.iter().all(|(_, meeting)| stand.exists(*meeting)));
}

#[tokio::test(start_paused = true)]
async fn p2_p11_a_cancelled_event_takes_its_meeting_along_though_it_was_to_be_left_alone() {
    for undone in [true, false] {
        let (stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
        stand.rename(&event, "Retro");
        stand.sync_after(Duration::from_secs(60)).await;
        match undone {
            true => drop(stand.engine.undo(&stand.newest().id.to_string()).await.unwrap()),
            false => stand.engine.ignore(stand.view("Retro").id).unwrap(),
        }
        stand.cancel(&event);
        stand.sync_after(Duration::from_secs(60)).await;
        stand.sync_after(Duration::from_secs(60)).await;
        assert!(!stand.exists(meeting), "undone: {undone}");
        assert_eq!(stand.newest().outcome, Outcome::Deleted);
    }
}

#[tokio::test(start_paused = true)]
async fn p11_nothing_is_said_to_be_deleted_that_was_never_seen() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let id = stand.add(NewEvent {
        conference: NewConference::ZoomAddOn(BEN.into()),
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("zoom_404"));
    stand.sync().await;
    stand.simulator.with(|world| {
        let gone = Rule::once(Wire::Zoom, "/meetings/", refused("zoom_404")).method("GET");
        world.faults().add(Rule { times: None, ..gone });
    });
    stand.cancel(&id);
    stand.sync_after(Duration::from_secs(60)).await;
    stand.sync_after(Duration::from_secs(60)).await;
    let told = stand.newest();
    assert_eq!(told.outcome, Outcome::Kept, "{told:#?}");
    assert_eq!(told.problem.unwrap().code, Code::MeetingGone);
}

#[tokio::test(start_paused = true)]
async fn p5_a_deletion_whose_answer_was_lost_counts_as_done() {
    let (stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
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
    let (stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
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
async fn p3_an_answer_about_nothing_is_no_proof_that_an_event_is_gone() {
    let (stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
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
async fn p2_a_series_that_became_a_single_event_takes_its_meeting_along_though_the_answer_was_lost() {
    let stand = Stand::new("").await;
    let (id, meeting) = crate::series::series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    stand.hand(Hand::ChangeRecurrence {
        calendar: ANA.into(),
        event: id.clone(),
        lines: vec![],
    });
    // It is read, written, and not read back.
    let lost = Rule::once(Wire::Zoom, "/meetings/", refused("503_html")).method("GET");
    stand
        .simulator
        .with(|world| world.faults().add(Rule { skip: 1, ..lost }));
    stand.sync_after(Duration::from_secs(60)).await;
    stand.cancel(&id);
    for _ in 0..5 {
        stand.sync_after(Duration::from_secs(60)).await;
    }
    assert!(!stand.exists(meeting));
}
