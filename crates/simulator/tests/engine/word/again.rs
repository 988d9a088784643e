//! The person's word when a calendar is read from its beginning, once more or for the first time, or an account comes back.

use reconvene_core::report::{MeetingState, Service};
use reconvene_simulator::google::Habits;
use reconvene_simulator::{Entry, Hand, Rule, Service as Wire};

use super::{MINUTE, newly_connected};
use crate::drift::{edit, look};
use crate::series::{date, dates};
use crate::stand::{ANA, Running, Stand, refused};

#[tokio::test(start_paused = true)]
async fn what_the_first_reading_of_a_calendar_goes_on_to_tell_is_no_word_of_the_persons() {
    // Google's order is its own: the series comes before one of these dates.
    for day in [
        "2026-12-08",
        "2026-12-15",
        "2026-12-22",
        "2026-12-29",
        "2027-01-05",
        "2027-01-12",
    ] {
        let stand = Stand::bare("");
        stand.sign_in(Service::Google).await;
        let (id, meeting) = stand.series("Review", "2026-12-01T09:00:00Z", "FREQ=WEEKLY;COUNT=7");
        let moved = date(&id, &format!("{}T090000Z", day.replace('-', "")));
        stand.drag(&moved, &format!("{day}T14:00:00Z"));
        edit(&stand, meeting, "Long ago");
        stand.sign_in(Service::Zoom).await;
        stand.hand(Hand::SetHabits(Habits {
            rows_per_page: Some(1),
            ..Habits::default()
        }));
        // The first page comes, and no other, before the meeting is looked at.
        let lost = Rule::once(Wire::Google, "/events", refused("503_html")).method("GET");
        stand.simulator.with(|world| {
            world.faults().add(Rule {
                skip: 1,
                times: Some(2),
                ..lost
            })
        });
        stand.engine.watch_calendar(ANA, true).await.unwrap();
        let before = dates(&stand, meeting);
        stand.clear_log();
        let running = Running::start(&stand);
        tokio::time::sleep(MINUTE * 20).await;
        running.stop().await;
        assert!(!stand.zoom_requests().iter().any(Entry::is_write), "{day}");
        assert_eq!(dates(&stand, meeting), before);
        assert_eq!(stand.engine.status().unwrap().asking.len(), 1);
        stand.engine.approve(&[]).unwrap();
        stand.sync_after(MINUTE).await;
        assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
        assert_ne!(dates(&stand, meeting), before);
    }
}

#[tokio::test(start_paused = true)]
async fn the_persons_word_outlives_the_calendar_that_it_was_given_on() {
    for sign_out in [false, true] {
        let (stand, [_, (_, other)]) = newly_connected().await;
        let (_, third) = stand.event("Third", "2026-12-03T09:00:00Z");
        edit(&stand, third, "Long ago");
        stand.sync().await;
        stand.engine.refuse(&[stand.view("Other").id]).unwrap();
        // One is left alone, one waits for a word, and another calendar goes on.
        stand.calendar("Team", true).await;
        let again = async || {
            match sign_out {
                true => {
                    let accounts = stand.engine.accounts().unwrap();
                    let google = accounts.iter().find(|account| account.service == Service::Google);
                    stand.engine.remove_account(google.unwrap().id).await.unwrap();
                    stand.sync_after(MINUTE).await;
                    stand.sign_in(Service::Google).await;
                }
                false => {
                    stand.engine.watch_calendar(ANA, false).await.unwrap();
                    stand.sync_after(MINUTE).await;
                }
            }
            stand.engine.watch_calendar(ANA, true).await.unwrap();
            for _ in 0..3 {
                stand.sync_after(MINUTE).await;
            }
        };
        again().await;
        assert_eq!(stand.topic(other).as_deref(), Some("Long ago"), "{sign_out}");
        assert_eq!(stand.topic(third).as_deref(), Some("Long ago"), "{sign_out}");
        assert_eq!(stand.state("Other"), MeetingState::OutOfStep);
        assert_eq!(stand.engine.status().unwrap().asking, [stand.view("Third").id]);
        stand.engine.approve(&[]).unwrap();
        stand.sync_after(MINUTE).await;
        assert_eq!(stand.topic(third).as_deref(), Some("Third"));
        again().await;
        assert_eq!(stand.topic(other).as_deref(), Some("Long ago"), "{sign_out}");
        assert!(stand.engine.status().unwrap().asking.is_empty());
        stand.engine.retry(stand.view("Other").id).unwrap();
        stand.sync_after(MINUTE).await;
        assert_eq!(stand.topic(other).as_deref(), Some("Other"));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_connects_again_is_asked_again_before_the_first_write() {
    let (stand, _, meeting) = Stand::in_step("").await;
    let accounts = stand.engine.accounts().unwrap();
    let zoom = accounts.iter().find(|account| account.service == Service::Zoom);
    stand.engine.remove_account(zoom.unwrap().id).await.unwrap();
    edit(&stand, meeting, "Mine");
    stand.sync_after(MINUTE * 60 * 24).await;
    stand.sign_in(Service::Zoom).await;
    for _ in 0..3 {
        tokio::time::advance(MINUTE).await;
        look(&stand).await;
    }
    assert_eq!(stand.topic(meeting).as_deref(), Some("Mine"));
    assert_eq!(stand.engine.status().unwrap().asking.len(), 1);
    stand.engine.approve(&[]).unwrap();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
}

#[tokio::test(start_paused = true)]
async fn an_edit_made_while_a_calendar_is_being_read_for_the_first_time_ends_a_no() {
    let (stand, [_, (other, meeting)]) = newly_connected().await;
    stand.event("Third", "2026-12-03T09:00:00Z");
    stand.sync().await;
    stand.engine.refuse(&[]).unwrap();
    stand.engine.watch_calendar(ANA, false).await.unwrap();
    stand.hand(Hand::SetHabits(Habits {
        rows_per_page: Some(1),
        ..Habits::default()
    }));
    // Two of three pages come.
    let lost = Rule::once(Wire::Google, "/events", refused("503_html")).method("GET");
    stand
        .simulator
        .with(|world| world.faults().add(Rule { skip: 2, ..lost }));
    stand.engine.watch_calendar(ANA, true).await.unwrap();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Long ago"));
    assert_eq!(stand.engine.meetings().unwrap().len(), 2);
    stand.rename(&other, "Edited since");
    for _ in 0..3 {
        stand.sync_after(MINUTE).await;
    }
    assert_eq!(stand.topic(meeting).as_deref(), Some("Edited since"));
}
