//! Where the person's word counts: before the first write after connecting, and before dates go.

mod again;

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Service, SettingsView};
use reconvene_engine::rehearsal::{self, Fate};
use reconvene_simulator::hands::{NewConference, NewEvent, NewMeeting};
use reconvene_simulator::{Hand, Service as Wire, World};

use crate::drift::{edit, look};
use crate::series::{date, dates, series};
use crate::stand::{ANA, Stand, at, refused};

const MINUTE: Duration = Duration::from_secs(60);

/// Ana's calendar, with one meeting in step and one that was changed at Zoom long before she connects it.
async fn newly_connected() -> (Stand, [(String, u64); 2]) {
    let stand = Stand::bare("");
    stand.sign_in(Service::Google).await;
    stand.engine.watch_calendar(ANA, true).await.unwrap();
    let same = stand.event("Same", "2026-12-01T09:00:00Z");
    let other = stand.event("Other", "2026-12-02T09:00:00Z");
    edit(&stand, other.1, "Long ago");
    stand.sign_in(Service::Zoom).await;
    (stand, [same, other])
}

#[tokio::test(start_paused = true)]
async fn before_the_first_write_after_connecting_the_person_agrees_once() {
    let (stand, [(same, same_meeting), (_, other_meeting)]) = newly_connected().await;
    stand.clear_log();
    let report = stand.sync().await;
    assert!(report.needs_you);
    assert_eq!(stand.zoom_methods(), ["GET", "GET"]);
    assert_eq!(stand.state("Same"), MeetingState::InStep);
    assert_eq!(stand.state("Other"), MeetingState::OutOfStep);
    assert_eq!(stand.engine.status().unwrap().asking.len(), 1);
    stand.engine.approve(&[]).unwrap();
    stand.sync().await;
    assert_eq!(stand.topic(other_meeting).as_deref(), Some("Other"));
    stand.rename(&same, "Renamed");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(same_meeting).as_deref(), Some("Renamed"));
    // What is found out of step from now on is brought in step without a word.
    let (_, late) = stand.event("Late", "2026-12-03T09:00:00Z");
    edit(&stand, late, "Typo");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(late).as_deref(), Some("Late"));
}

#[tokio::test(start_paused = true)]
async fn what_the_person_says_no_to_is_left_as_it_is() {
    let (stand, [_, (other, meeting)]) = newly_connected().await;
    stand.sync().await;
    stand.engine.refuse(&[]).unwrap();
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Long ago"));
    assert!(stand.engine.status().unwrap().asking.is_empty());
    stand.rename(&other, "Edited since");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Edited since"));
}

#[tokio::test(start_paused = true)]
async fn a_question_about_a_meeting_that_its_series_has_left_keeps_no_deletion_from_the_others() {
    let (stand, [(same, meeting), _]) = newly_connected().await;
    let (left, _) = series(&stand, "2026-12-03T09:00:00Z", "FREQ=WEEKLY;COUNT=3").await;
    // What the person said of it is kept, even while nothing points at it.
    stand.engine.unbond(stand.view("Review").id).unwrap();
    stand.hand(Hand::RemoveConference {
        calendar: ANA.into(),
        event: left,
    });
    stand.sync_after(MINUTE).await;
    let asking = stand.engine.status().unwrap().asking;
    assert_eq!(asking, [stand.view("Other").id]);
    stand.engine.refuse(&asking).unwrap();
    stand.sync_after(MINUTE).await;
    stand.cancel(&same);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn a_question_about_a_meeting_that_has_vanished_keeps_no_deletion_from_the_others() {
    let (stand, [(same, meeting), (_, vanished)]) = newly_connected().await;
    stand.sync().await;
    stand.hand(Hand::ForgetMeeting { meeting: vanished });
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    assert!(stand.engine.status().unwrap().asking.is_empty());
    stand.cancel(&same);
    stand.sync_after(MINUTE).await;
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_a_no_to_all_questions_spares_no_meeting_that_is_to_go_and_asks_no_more() {
    let stand = Stand::new("ask_on_drift = true\n").await;
    let mut meetings = Vec::new();
    for title in ["Cancelled", "Asks"] {
        meetings.push(stand.event(title, "2026-12-02T09:00:00Z"));
    }
    stand.sync().await;
    for (_, meeting) in &meetings {
        edit(&stand, *meeting, "Changed there");
    }
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    stand.cancel(&meetings[0].0);
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.engine.status().unwrap().asking, [stand.view("Asks").id]);
    stand.engine.refuse(&[]).unwrap();
    stand.sync_after(MINUTE * 3).await;
    assert!(!stand.exists(meetings[0].1));
    assert_eq!(stand.topic(meetings[1].1).as_deref(), Some("Changed there"));
}

#[tokio::test(start_paused = true)]
async fn whoever_finds_everything_in_step_is_not_asked() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_the_event_answers_the_question() {
    let (stand, [_, (other, meeting)]) = newly_connected().await;
    stand.sync().await;
    stand.rename(&other, "Renamed since");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Renamed since"));
    assert!(stand.engine.status().unwrap().asking.is_empty());
}

#[tokio::test(start_paused = true)]
async fn p4_a_meeting_found_to_repeat_gives_no_date_up_for_a_single_event_without_the_persons_word() {
    // Found while connecting, and long after that.
    for agreed in [false, true] {
        let stand = Stand::bare("");
        stand.sign_in(Service::Google).await;
        stand.engine.watch_calendar(ANA, true).await.unwrap();
        if agreed {
            stand.event("Same", "2026-12-01T08:00:00Z");
            stand.sign_in(Service::Zoom).await;
            stand.sync().await;
        }
        let conference = NewConference::ZoomAddOn(ANA.into());
        let event = stand.add(NewEvent {
            conference,
            recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
            ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
        });
        stand.hand(Hand::ChangeRecurrence {
            calendar: ANA.into(),
            event: event.clone(),
            lines: Vec::new(),
        });
        let kind = |stand: &Stand| {
            let find = |world: &World| {
                let mut others = world.meetings().filter(|meeting| meeting.topic != "Same");
                others.next().map(|meeting| meeting.kind)
            };
            stand.simulator.with(|world| find(world))
        };
        if !agreed {
            stand.sign_in(Service::Zoom).await;
        }
        stand.sync_after(MINUTE).await;
        assert_eq!(stand.state("Review"), MeetingState::OutOfStep, "{agreed}");
        stand.rename(&event, "Retro");
        stand.sync_after(MINUTE).await;
        assert_eq!(
            kind(&stand),
            Some(8),
            "{agreed}: an edit says nothing about the other dates"
        );
        let asking = stand.engine.status().unwrap().asking;
        assert_eq!(asking, [stand.view("Retro").id], "{agreed}");
        stand.engine.approve(&asking).unwrap();
        stand.sync().await;
        assert_eq!(kind(&stand), Some(2), "{agreed}");
        assert_eq!(stand.state("Retro"), MeetingState::InStep, "{agreed}");
    }
}

/// Zoom's words for six dates, one a week.
fn weekly() -> serde_json::Value {
    serde_json::json!({"type": 2, "repeat_interval": 1, "weekly_days": "3", "end_times": 6})
}

/// How many dates a meeting has.
fn count(stand: &Stand, meeting: u64) -> usize {
    stand
        .simulator
        .with(|world| world.meeting(meeting).unwrap().occurrences.len())
}

#[tokio::test(start_paused = true)]
async fn p4_bonding_a_single_event_to_a_meeting_that_repeats_asks_before_dates_go() {
    for read_before in [true, false] {
        let stand = Stand::new("").await;
        let meeting = stand.hand(Hand::CreateMeeting(Box::new(NewMeeting {
            host: ANA.into(),
            topic: "Planning".into(),
            kind: 8,
            start: Some("2026-12-01T09:00:00Z".parse().unwrap()),
            minutes: 30,
            recurrence: Some(weekly()),
            time_zone: None,
        })));
        let meeting: u64 = meeting.parse().unwrap();
        if !read_before {
            stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
        }
        let event = stand.add(NewEvent {
            conference: NewConference::LinkInLocation(meeting),
            ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
        });
        stand.sync().await;
        let id = stand.view("Review").id;
        stand.engine.bond(id).await.unwrap();
        stand.sync_after(MINUTE).await;
        stand.sync_after(MINUTE).await;
        assert_eq!(count(&stand, meeting), 6, "{read_before}");
        assert_eq!(stand.state("Review"), MeetingState::OutOfStep, "{read_before}");
        assert_eq!(stand.engine.status().unwrap().asking, [id], "{read_before}");
        stand.engine.refuse(&[id]).unwrap();
        stand.rename(&event, "Retro");
        stand.sync_after(MINUTE).await;
        assert_eq!(
            count(&stand, meeting),
            6,
            "{read_before}: an edit takes no such no back"
        );
        assert_eq!(stand.engine.status().unwrap().asking, [id], "{read_before}");
        stand.engine.approve(&[id]).unwrap();
        stand.sync().await;
        assert_eq!(count(&stand, meeting), 0, "{read_before}");
        assert_eq!(stand.state("Retro"), MeetingState::InStep, "{read_before}");
    }
}

#[tokio::test(start_paused = true)]
async fn p4_a_meeting_made_to_repeat_at_the_provider_keeps_its_dates_until_the_person_agrees() {
    for edited in [false, true] {
        let (stand, event, meeting) = Stand::in_step("").await;
        let recurrence = weekly();
        stand.hand(Hand::RepeatMeeting { meeting, recurrence });
        tokio::time::advance(MINUTE).await;
        if edited {
            stand.rename(&event, "Retro");
            stand.sync().await;
        } else {
            look(&stand).await;
        }
        let title = if edited { "Retro" } else { "Review" };
        let told = stand.newest();
        look(&stand).await;
        assert_eq!(stand.newest(), told, "asked once");
        assert_eq!(count(&stand, meeting), 6, "{title}");
        assert_eq!(stand.state(title), MeetingState::OutOfStep);
        let asking = stand.engine.status().unwrap().asking;
        assert_eq!(asking, [stand.view(title).id]);
        stand.engine.approve(&asking).unwrap();
        stand.sync().await;
        assert_eq!(count(&stand, meeting), 0, "{title}");
        assert_eq!(stand.state(title), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p4_dates_that_the_person_took_back_do_not_go_with_the_next_edit() {
    let (stand, event, meeting) = Stand::in_step("").await;
    let recurrence = weekly();
    stand.hand(Hand::RepeatMeeting { meeting, recurrence });
    tokio::time::advance(MINUTE).await;
    look(&stand).await;
    stand.engine.approve(&[]).unwrap();
    stand.sync().await;
    assert_eq!(count(&stand, meeting), 0);
    let done = stand.newest().id.to_string();
    stand.engine.undo(&done).await.unwrap();
    assert_eq!(count(&stand, meeting), 6);
    stand.rename(&event, "Retro");
    stand.sync_after(MINUTE).await;
    assert_eq!(count(&stand, meeting), 6);
    assert_eq!(stand.engine.status().unwrap().asking, [stand.view("Retro").id]);
}

#[tokio::test(start_paused = true)]
async fn p11_a_question_that_waits_is_not_asked_again_in_other_words() {
    for first in [true, false] {
        let stand = Stand::bare("");
        stand.sign_in(Service::Google).await;
        stand.engine.watch_calendar(ANA, true).await.unwrap();
        let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
        let chosen = |ask_on_drift| {
            let settings = stand.engine.settings().unwrap();
            let chosen = SettingsView {
                ask_on_drift,
                ..settings
            };
            stand.engine.change_settings(chosen).unwrap();
        };
        chosen(!first);
        if first {
            edit(&stand, meeting, "Long ago");
        }
        stand.sign_in(Service::Zoom).await;
        stand.sync().await;
        if !first {
            tokio::time::advance(MINUTE).await;
            edit(&stand, meeting, "Just now");
            look(&stand).await;
        }
        let asked = stand.newest();
        let code = if first {
            Code::OutOfStepBefore
        } else {
            Code::Drifted
        };
        assert_eq!(asked.problem.as_ref().unwrap().code, code);
        chosen(first);
        tokio::time::advance(MINUTE).await;
        look(&stand).await;
        assert_eq!(stand.newest(), asked);
        assert_eq!(stand.view("Review").problem, asked.problem);
        assert_eq!(stand.engine.status().unwrap().asking.len(), 1);
    }
}

/// Ends the process at the `n`th door of a commit while `stand` syncs, and starts it again. Says whether it got there.
async fn killed_at(stand: &mut Stand, n: usize, meetings_too: bool) -> bool {
    let mut left = n;
    rehearsal::watch(Some(Box::new(move |_| {
        left = left.wrapping_sub(1);
        if left == usize::MAX {
            Fate::Ends
        } else {
            Fate::Goes
        }
    })));
    let engine = stand.engine.clone();
    let ended = tokio::spawn(async move { engine.sync(None, meetings_too).await }).await;
    rehearsal::watch(None);
    stand.restart();
    ended.is_err()
}

#[tokio::test(start_paused = true)]
async fn p5_a_kill_loses_no_question_before_the_first_write() {
    for n in 0.. {
        let (mut stand, [_, (_, meeting)]) = newly_connected().await;
        let killed = killed_at(&mut stand, n, false).await;
        stand.sync_after(MINUTE).await;
        stand.sync_after(MINUTE).await;
        assert_eq!(stand.topic(meeting).as_deref(), Some("Long ago"), "killed at {n}");
        assert_eq!(stand.state("Other"), MeetingState::OutOfStep, "killed at {n}");
        assert_eq!(stand.engine.status().unwrap().asking.len(), 1, "killed at {n}");
        if !killed {
            assert!(n > 8, "there were doors");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p4_p5_a_kill_gives_no_dates_up_of_a_meeting_made_to_repeat_at_the_provider() {
    for n in 0.. {
        let (mut stand, _, meeting) = Stand::in_step("").await;
        let recurrence = weekly();
        stand.hand(Hand::RepeatMeeting { meeting, recurrence });
        tokio::time::advance(MINUTE).await;
        let killed = killed_at(&mut stand, n, true).await;
        stand.sync_after(MINUTE).await;
        look(&stand).await;
        assert_eq!(count(&stand, meeting), 6, "killed at {n}");
        assert_eq!(stand.engine.status().unwrap().asking.len(), 1, "killed at {n}");
        if !killed {
            assert!(n > 4, "there were doors");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_zone_in_which_the_host_sees_a_meeting_is_no_question() {
    let stand = Stand::bare("");
    stand.sign_in(Service::Google).await;
    stand.engine.watch_calendar(ANA, true).await.unwrap();
    let event = NewEvent {
        time_zone: Some("Asia/Tokyo".into()),
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    };
    let meeting = stand.hand(Hand::CreateMeeting(Box::new(NewMeeting {
        host: ANA.into(),
        topic: "Review".into(),
        kind: 2,
        start: Some("2026-12-01T09:00:00Z".parse().unwrap()),
        minutes: 30,
        recurrence: None,
        time_zone: Some("UTC".into()),
    })));
    let conference = NewConference::LinkInLocation(meeting.parse().unwrap());
    stand.add(NewEvent { conference, ..event });
    stand.sign_in(Service::Zoom).await;
    assert!(!stand.sync().await.needs_you);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn to_add_a_meeting_is_word_enough_for_the_dates_that_it_cannot_be_made_without() {
    let (stand, _) = newly_connected().await;
    stand.sync().await;
    stand.permit().await;
    let event = stand.add(NewEvent {
        recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=4".into()],
        ..NewEvent::new(ANA, "Review", at("2026-12-01T10:00:00Z"))
    });
    stand.cancel(&date(&event, "20261208T100000Z"));
    stand.sync_after(MINUTE).await;
    let asking = stand.engine.status().unwrap().asking;
    assert_eq!(asking, [stand.view("Other").id]);
    let added = stand
        .engine
        .add_meeting(ANA, &event, Service::Zoom)
        .await
        .unwrap();
    assert_eq!(added.state, MeetingState::InStep, "{added:#?}");
    let number = added.number.unwrap().parse().unwrap();
    assert_eq!(dates(&stand, number).len(), 3);
    assert_eq!(stand.engine.status().unwrap().asking, asking);
}
