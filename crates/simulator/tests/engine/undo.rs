//! Undo: what was done to a meeting is taken back on the person's word, and stays so until its event changes again.

mod recovered;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{
    ActivityEntry, Change, MeetingState, Outcome, PlannedAction, Remedy, Service, SettingsView,
};
use reconvene_engine::rehearsal::{self, Fate};
use reconvene_simulator::hands::{NewConference, NewEvent};
use reconvene_simulator::{Entry, Fault, Hand, Rule, Service as Wire};

use crate::series::{date, dates, series};
use crate::stand::{ANA, Running, Stand, answer_lost, at, refused};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// “Review” was moved by a day and renamed “Retro”, and its meeting followed.
async fn moved_and_renamed() -> (Stand, String, u64) {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.drag(&event, "2026-12-02T10:30:00Z");
    stand.rename(&event, "Retro");
    stand.sync().await;
    assert_eq!(stand.newest().remedies, [Remedy::Undo]);
    stand.clear_log();
    (stand, event, meeting)
}

fn is_as_before(stand: &Stand, meeting: u64) {
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-01T09:00:00Z".parse().unwrap())
    );
}

/// “Review” was cancelled and its meeting deleted.
async fn deleted() -> (Stand, String, u64) {
    let (stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
    stand.cancel(&event);
    stand.sync().await;
    assert!(!stand.exists(meeting));
    let entry = stand.newest();
    assert_eq!(
        (entry.outcome, entry.remedies.as_slice()),
        (Outcome::Deleted, [Remedy::Undo].as_slice())
    );
    stand.clear_log();
    (stand, event, meeting)
}

async fn undo(stand: &Stand, entry: &ActivityEntry) -> ActivityEntry {
    let entries = stand.engine.undo(&entry.id.to_string()).await.unwrap();
    entries.into_iter().next_back().unwrap()
}

fn entry(stand: &Stand, like: &ActivityEntry) -> ActivityEntry {
    let all = stand.engine.activity(100, None).unwrap();
    all.into_iter().find(|entry| entry.id == like.id).unwrap()
}

fn writes(stand: &Stand) -> Vec<Entry> {
    stand.requests().into_iter().filter(Entry::is_write).collect()
}

#[tokio::test(start_paused = true)]
async fn an_update_is_written_back_and_the_calendar_wins_only_once_its_event_changes_again() {
    let (stand, event, meeting) = moved_and_renamed().await;
    let done = stand.newest();
    let taken_back = undo(&stand, &done).await;
    assert_eq!(taken_back.outcome, Outcome::Undone);
    assert!(
        matches!(taken_back.changes.as_slice(), [Change::Topic { before, after }, Change::Start { .. }]
            if before == "Retro" && after == "Review"),
        "{:?}",
        taken_back.changes
    );
    assert_eq!(taken_back.remedies, [], "an undo is not undone");
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"]);
    is_as_before(&stand, meeting);
    let told = entry(&stand, &done);
    assert!(told.undone && told.remedies.is_empty());

    let view = stand.view("Retro");
    assert_eq!(view.state, MeetingState::OutOfStep);
    assert_eq!(
        view.differences.len(),
        2,
        "with both values: {:?}",
        view.differences
    );
    assert_eq!(view.moved_from, None);
    stand.clear_log();
    let running = Running::start(&stand);
    tokio::time::sleep(MINUTE * 30).await;
    running.stop().await;
    stand.sync().await;
    assert_eq!(writes(&stand), [], "it is left alone");

    stand.rename(&event, "Retrospective");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retrospective"));
    assert_eq!(stand.state("Retrospective"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn only_the_last_change_of_a_meeting_can_be_undone_and_only_once() {
    let (stand, event, meeting) = moved_and_renamed().await;
    let first = stand.newest();
    stand.rename(&event, "Third");
    stand.sync().await;
    let refused = stand.engine.undo(&first.id.to_string()).await.unwrap_err();
    assert_eq!(refused.code, Code::BadUsage);
    let of_meeting = stand.view("Third").id.to_string();
    let entries = stand.engine.undo(&of_meeting).await.unwrap();
    assert_eq!(entries[0].outcome, Outcome::Undone);
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    for what in [of_meeting.as_str(), &entries[0].id.to_string(), "m99", "nonsense"] {
        assert_eq!(
            stand.engine.undo(what).await.unwrap_err().code,
            Code::BadUsage,
            "{what}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p4_one_date_of_a_series_goes_back_alone() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    let before = dates(&stand, meeting);
    stand.drag(&date(&id, "20261208T090000Z"), "2026-12-09T14:00:00Z");
    stand.sync_after(MINUTE).await;
    stand.clear_log();
    assert_eq!(undo(&stand, &stand.newest()).await.outcome, Outcome::Undone);
    assert_eq!(dates(&stand, meeting), before);
    let [write] = writes(&stand).try_into().unwrap();
    assert!(write.param("occurrence_id").is_some(), "{write:?}");
    assert_eq!(stand.state("Review"), MeetingState::OutOfStep);
}

#[tokio::test(start_paused = true)]
async fn p3_p4_a_date_that_was_put_off_stays_once_it_cannot_go_back() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    stand.drag(&date(&id, "20261201T090000Z"), "2026-12-03T14:00:00Z");
    stand.sync_after(MINUTE).await;
    let put_off = dates(&stand, meeting);
    tokio::time::advance(MINUTE * 60 * 24 * 9 + MINUTE * 90).await;
    stand.clear_log();
    let told = undo(&stand, &stand.newest()).await;
    assert_eq!(writes(&stand).len(), 0);
    assert_eq!(dates(&stand, meeting), put_off);
    assert_eq!(told.outcome, Outcome::Refused);
    assert_eq!(told.problem.unwrap().code, Code::InThePast);
}

#[tokio::test(start_paused = true)]
async fn p11_a_date_that_was_put_back_is_named_and_so_is_one_that_went_back_with_it() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
    let before = dates(&stand, meeting);
    stand.cancel(&date(&id, "20261208T090000Z"));
    stand.drag(&date(&id, "20261215T090000Z"), "2026-12-15T14:00:00Z");
    stand.sync_after(MINUTE).await;
    let done = stand.newest();
    let told = undo(&stand, &done).await;
    assert_eq!(dates(&stand, meeting), before);
    let back = |change: &Change| match change {
        Change::Date { date, before, after } => Change::Date {
            date: *date,
            before: *after,
            after: *before,
        },
        other => other.clone(),
    };
    let [one, other] = done.changes.as_slice() else {
        panic!("{done:#?}")
    };
    assert!(
        told.changes.len() == 2
            && [one, other]
                .iter()
                .all(|change| told.changes.contains(&back(change))),
        "{told:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_series_goes_back_with_its_dates_and_its_own_times_for_some_of_them() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=5").await;
    stand.drag(&date(&id, "20261208T090000Z"), "2026-12-09T14:00:00Z");
    stand.cancel(&date(&id, "20261215T090000Z"));
    stand.sync_after(MINUTE).await;
    let before = dates(&stand, meeting);
    stand.rename(&id, "Retro");
    stand.hand(Hand::ChangeRecurrence {
        calendar: ANA.into(),
        event: id.clone(),
        lines: vec!["RRULE:FREQ=DAILY;COUNT=9".into()],
    });
    stand.sync_after(MINUTE).await;
    assert_ne!(dates(&stand, meeting), before);
    let told = undo(&stand, &stand.newest()).await;
    assert_eq!(told.outcome, Outcome::Undone, "{told:#?}");
    assert_eq!(dates(&stand, meeting), before);
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(writes(&stand), []);
}

#[tokio::test(start_paused = true)]
async fn a_meeting_that_became_a_series_becomes_one_meeting_again() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.hand(Hand::ChangeRecurrence {
        calendar: ANA.into(),
        event,
        lines: vec!["RRULE:FREQ=WEEKLY;COUNT=3".into()],
    });
    stand.sync_after(MINUTE).await;
    let kind = || stand.simulator.with(|world| world.meeting(meeting).unwrap().kind);
    assert_eq!(kind(), 8);
    assert_eq!(undo(&stand, &stand.newest()).await.outcome, Outcome::Undone);
    assert_eq!(kind(), 2);
    is_as_before(&stand, meeting);
}

#[tokio::test(start_paused = true)]
async fn p5_lost_answers_leave_one_undo_carried_out_once() {
    let (stand, _, meeting) = moved_and_renamed().await;
    let done = stand.newest();
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", answer_lost());
    assert_eq!(undo(&stand, &done).await.outcome, Outcome::Waiting);
    stand.sync_after(MINUTE).await;
    let told = stand.newest();
    assert_eq!((told.outcome, told.changes.len()), (Outcome::Undone, 2));
    assert_eq!(stand.zoom_methods(), ["GET", "PATCH", "GET"], "not written twice");
    is_as_before(&stand, meeting);
    assert!(entry(&stand, &done).undone);

    let (stand, _, meeting) = deleted().await;
    stand.fault(Wire::Zoom, "/status", "PUT", answer_lost());
    let done = stand.newest();
    assert_eq!(undo(&stand, &done).await.outcome, Outcome::Waiting);
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.newest().outcome, Outcome::Undone);
    assert_eq!(stand.zoom_methods(), ["GET", "PUT", "GET"]);
    assert!(stand.exists(meeting) && entry(&stand, &done).undone);
}

/// Ends the process at the `n`th door of a commit from now on. Says whether it got there.
fn doom(n: usize) -> Rc<Cell<usize>> {
    let left = Rc::new(Cell::new(n));
    let counted = Rc::clone(&left);
    rehearsal::watch(Some(Box::new(move |_| {
        counted.set(counted.get().wrapping_sub(1));
        match counted.get() == usize::MAX {
            true => Fate::Ends,
            false => Fate::Goes,
        }
    })));
    left
}

#[tokio::test(start_paused = true)]
async fn p5_an_undo_survives_a_kill_at_every_door_of_every_commit() {
    for delete in [false, true] {
        for n in 0.. {
            let (mut stand, _, meeting) = match delete {
                false => moved_and_renamed().await,
                true => deleted().await,
            };
            let done = stand.newest();
            let left = doom(n);
            let (engine, what) = (stand.engine.clone(), done.id.to_string());
            let ended = tokio::spawn(async move { engine.undo(&what).await }).await;
            rehearsal::watch(None);
            let killed = ended.is_err();
            assert_eq!(
                killed,
                left.get() > n,
                "the process ends at its door and nowhere else"
            );
            stand.restart();
            stand.sync_after(MINUTE).await;
            stand.sync_after(MINUTE * 10).await;
            let undone = entry(&stand, &done).undone;
            if undone && delete {
                assert!(stand.exists(meeting), "killed at {n}");
            } else if undone {
                is_as_before(&stand, meeting);
            } else {
                // It had not been taken note of: it can be asked for again.
                assert!(n < 2, "killed at {n}");
                assert!(
                    entry(&stand, &done).remedies.contains(&Remedy::Undo),
                    "killed at {n}"
                );
            }
            let entries = stand.engine.activity(100, None).unwrap();
            let told = entries
                .iter()
                .filter(|entry| entry.outcome == Outcome::Undone)
                .count();
            assert_eq!(told, usize::from(undone), "killed at {n}");
            if !killed {
                assert!(n > 4, "there were doors");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_made_while_the_undo_waits_wins() {
    let (stand, event, meeting) = moved_and_renamed().await;
    let done = stand.newest();
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    assert_eq!(undo(&stand, &done).await.outcome, Outcome::Waiting);
    let plan = stand.engine.plan().await.unwrap();
    assert_eq!(plan.actions[0].action, PlannedAction::Undo);
    assert_eq!(plan.actions[0].changes.len(), 2);
    stand.rename(&event, "Third");
    stand.sync_after(MINUTE * 10).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Third"));
    assert_eq!(stand.state("Third"), MeetingState::InStep);
    assert!(!entry(&stand, &done).undone);
}

#[tokio::test(start_paused = true)]
async fn an_edit_made_while_the_undo_waits_wins_though_its_calendar_was_not_read_at_first() {
    let (stand, event, meeting) = moved_and_renamed().await;
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    assert_eq!(undo(&stand, &stand.newest()).await.outcome, Outcome::Waiting);
    stand.rename(&event, "Third");
    let away = Rule::once(Wire::Google, "/events", refused("503_html"));
    let away = Rule { times: None, ..away };
    stand.simulator.with(|world| world.faults().add(away));
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"), "nobody knows yet");
    let told = stand.newest();
    assert_eq!(told.outcome, Outcome::Waiting, "{told:#?}");
    assert!(told.problem.is_some(), "{told:#?}");
    stand.simulator.with(|world| world.faults().clear());
    stand.sync_after(MINUTE * 10).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Third"));
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_waits_can_be_called_off() {
    let (stand, _, meeting) = moved_and_renamed().await;
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    let waiting = undo(&stand, &stand.newest()).await;
    assert!(waiting.remedies.contains(&Remedy::Ignore));
    stand.engine.ignore(waiting.meeting.unwrap()).unwrap();
    stand.sync_after(MINUTE * 10).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(writes(&stand), []);
}

#[tokio::test(start_paused = true)]
async fn p11_an_undo_that_waits_says_when_it_is_tried_again_though_its_event_left_the_meeting() {
    let (stand, event, meeting) = moved_and_renamed().await;
    stand.fault(Wire::Zoom, "/meetings/", "GET", Fault::preset("429_seconds"));
    let waiting = undo(&stand, &stand.newest()).await;
    assert!(waiting.next_try.is_some());
    stand.hand(Hand::RemoveConference {
        calendar: ANA.to_owned(),
        event,
    });
    stand.sync().await;
    let told = entry(&stand, &waiting);
    assert_eq!(
        (told.next_try, told.remedies),
        (waiting.next_try, waiting.remedies)
    );
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.newest().outcome, Outcome::Undone);
    is_as_before(&stand, meeting);
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_the_past_by_now_is_not_gone_back_to() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.drag(&event, "2026-12-20T09:00:00Z");
    stand.sync().await;
    tokio::time::advance(DAY * 12).await;
    stand.clear_log();
    let told = undo(&stand, &stand.newest()).await;
    assert_eq!(
        (told.outcome, told.problem.unwrap().code),
        (Outcome::Refused, Code::InThePast)
    );
    assert_eq!(writes(&stand), []);
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-20T09:00:00Z".parse().unwrap())
    );
    assert_eq!(stand.state("Review"), MeetingState::InStep, "it stays in step");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_undone_in_a_preview_or_for_a_host_who_signed_out() {
    let (stand, _, meeting) = moved_and_renamed().await;
    let done = stand.newest().id.to_string();
    let settings = stand.engine.settings().unwrap();
    let with = |preview| SettingsView {
        preview,
        ..settings.clone()
    };
    stand.engine.change_settings(with(true)).unwrap();
    assert_eq!(stand.engine.undo(&done).await.unwrap_err().code, Code::Held);
    stand.engine.change_settings(with(false)).unwrap();
    let zoom = stand.engine.accounts().unwrap().pop().unwrap();
    stand.engine.remove_account(zoom.id).await.unwrap();
    assert_eq!(
        stand.engine.undo(&done).await.unwrap_err().code,
        Code::NotSignedIn
    );
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p5_an_undo_that_waits_when_its_host_signs_out_is_not_forgotten_in_silence() {
    let (stand, _, meeting) = moved_and_renamed().await;
    let limited = Rule::once(Wire::Zoom, "/meetings/", Fault::preset("429_seconds")).method("GET");
    stand.simulator.with(|world| world.faults().add(limited));
    assert_eq!(undo(&stand, &stand.newest()).await.outcome, Outcome::Waiting);
    let zoom = stand.engine.accounts().unwrap().pop().unwrap();
    stand.engine.remove_account(zoom.id).await.unwrap();
    let told = stand.newest();
    assert_eq!(told.outcome, Outcome::Refused);
    assert_eq!(told.problem.as_ref().unwrap().code, Code::NotSignedIn);
    stand.sign_in(Service::Zoom).await;
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(undo(&stand, &told).await.outcome, Outcome::Undone);
    is_as_before(&stand, meeting);
}

#[tokio::test(start_paused = true)]
async fn p13_an_undo_waits_where_its_account_has_to_wait() {
    let (stand, _, meeting) = moved_and_renamed().await;
    let mut limited = Rule::once(Wire::Zoom, "/meetings/", Fault::preset("429_seconds")).method("GET");
    limited.skip = 0;
    stand.simulator.with(|world| world.faults().add(limited));
    assert_eq!(undo(&stand, &stand.newest()).await.outcome, Outcome::Waiting);
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.newest().outcome, Outcome::Undone);
    is_as_before(&stand, meeting);
}

#[tokio::test(start_paused = true)]
async fn a_date_that_went_back_stays_so_when_the_whole_calendar_is_read_again() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=MONTHLY;COUNT=6").await;
    let before = dates(&stand, meeting);
    stand.drag(&date(&id, "20270201T090000Z"), "2027-02-01T09:30:00Z");
    stand.sync_after(MINUTE).await;
    let told = undo(&stand, &stand.newest()).await;
    assert_eq!(told.outcome, Outcome::Undone, "{told:#?}");
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(writes(&stand), []);
    assert_eq!(dates(&stand, meeting), before);
}

#[tokio::test(start_paused = true)]
async fn p8_an_edit_of_a_copy_takes_no_undo_back() {
    let (stand, _, meeting) = moved_and_renamed().await;
    let told = undo(&stand, &stand.newest()).await;
    assert_eq!(told.outcome, Outcome::Undone, "{told:#?}");
    stand.add(NewEvent {
        conference: NewConference::LinkInLocation(meeting),
        ..NewEvent::new(ANA, "Another", at("2026-12-20T09:00:00Z"))
    });
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(writes(&stand), []);
    is_as_before(&stand, meeting);
}

#[tokio::test(start_paused = true)]
async fn p3_p4_a_date_of_today_stays_where_its_whole_series_was_put_off_to() {
    // Later on the same day, two days later, and earlier: the one before takes place by then.
    for (moved, left) in [
        ("2026-12-01T15:00:00Z", vec!["2026-12-01T15:00:00Z"]),
        ("2026-12-03T09:00:00Z", vec!["2026-12-03T09:00:00Z"]),
        ("2026-12-01T08:30:00Z", vec![]),
    ] {
        let stand = Stand::new("").await;
        let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
        let before = dates(&stand, meeting);
        tokio::time::advance(DAY * 9 - MINUTE * 60 * 4).await;
        stand.drag(&id, moved);
        stand.sync_after(MINUTE).await;
        assert_eq!(dates(&stand, meeting).first().map(String::as_str), Some(moved));
        let done = stand.newest();
        tokio::time::advance(MINUTE * 60 * 6).await;
        let told = undo(&stand, &done).await;
        assert_eq!(told.outcome, Outcome::Undone, "{moved} {told:#?}");
        let mut now = dates(&stand, meeting);
        now.retain(|date| date.as_str() > "2026-12-01T10:00:00Z");
        let all: Vec<&str> = left
            .into_iter()
            .chain(before.iter().skip(1).map(String::as_str))
            .collect();
        assert_eq!(now, all, "{moved}");
        stand.clear_log();
        stand.sync_after(MINUTE).await;
        assert_eq!(writes(&stand), [], "{moved}");
    }
}

#[tokio::test(start_paused = true)]
async fn dates_that_were_added_go_again_though_others_are_over_by_then() {
    for count in [5, 8] {
        let stand = Stand::new("").await;
        let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=4").await;
        stand.hand(Hand::ChangeRecurrence {
            calendar: ANA.into(),
            event: id,
            lines: vec![format!("RRULE:FREQ=WEEKLY;COUNT={count}")],
        });
        stand.sync_after(MINUTE).await;
        let done = stand.newest();
        tokio::time::advance(DAY * 17).await;
        let told = undo(&stand, &done).await;
        assert_eq!(told.outcome, Outcome::Undone, "{count} {told:#?}");
        let mut left = dates(&stand, meeting);
        left.retain(|date| date.as_str() > "2026-12-10");
        assert_eq!(left, ["2026-12-15T09:00:00Z", "2026-12-22T09:00:00Z"], "{count}");
    }
}
