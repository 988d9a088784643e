//! Halves of a split series on different calendars: a half that lives where nobody looks stays as it was last known.

use reconvene_core::report::{MeetingState, Outcome, Service};
use reconvene_simulator::{Hand, Rule, Service as Wire};

use crate::drift::{edit, look};
use crate::halves::{FIRST, MINUTE, MOVED, split};
use crate::series::{date, dates};
use crate::stand::{ANA, BEN, Running, Stand, refused};

fn carry(stand: &Stand, event: &str, to: &str) {
    stand.hand(Hand::CarryEvent {
        calendar: ANA.into(),
        event: event.into(),
        to: to.into(),
    });
}

#[tokio::test(start_paused = true)]
async fn p3_p4_a_half_carried_to_another_calendar_keeps_its_dates_watched_or_not() {
    for (watched, earlier) in [(false, false), (false, true), (true, false)] {
        let mut stand = Stand::new("").await;
        let other = stand.calendar("Team", watched).await;
        let (first, meeting) = stand.series("Review", FIRST, "FREQ=WEEKLY;COUNT=5");
        stand.sync().await;
        let second = split(&stand, &first);
        stand.sync_after(MINUTE).await;
        assert_eq!(dates(&stand, meeting), MOVED);
        let (gone, left) = match earlier {
            true => (&first, &second),
            false => (&second, &first),
        };
        carry(&stand, gone, &other);
        stand.clear_log();
        for _ in 0..4 {
            stand.sync_after(MINUTE).await;
        }
        assert_eq!(dates(&stand, meeting), MOVED, "watched: {watched}");
        let writes = stand
            .zoom_requests()
            .iter()
            .filter(|entry| entry.is_write())
            .count();
        assert_eq!(writes, 0, "watched: {watched}");
        let entries = stand.engine.activity(99, None).unwrap();
        let kept = |outcome| entries.iter().filter(|entry| entry.outcome == outcome).count();
        assert_eq!(kept(Outcome::Kept), usize::from(!watched), "it is said once");
        // The half that stayed is followed, and a full pass changes nothing about the other.
        stand.restart();
        stand.hand(Hand::ExpireSyncTokens { calendar: None });
        stand.rename(left, "Retro");
        for _ in 0..5 {
            stand.sync_after(MINUTE).await;
        }
        assert_eq!(dates(&stand, meeting), MOVED);
        if !watched {
            assert_eq!(
                stand.engine.meetings().unwrap().len(),
                1,
                "it is not on a watched calendar"
            );
            assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
            // Nor does the meeting go while a part of it lives where nobody looks.
            stand.cancel(left);
            for _ in 0..5 {
                stand.sync_after(MINUTE).await;
            }
            assert!(stand.exists(meeting));
            let rest: &[&str] = if earlier { &MOVED[..2] } else { &MOVED[2..] };
            assert_eq!(dates(&stand, meeting), rest);
            // Watched from now on, it is followed there.
            stand.engine.watch_calendar(&other, true).await.unwrap();
            stand.hand(Hand::RenameEvent {
                calendar: other.clone(),
                event: gone.clone(),
                title: "Elsewhere".into(),
            });
            for _ in 0..3 {
                stand.sync_after(MINUTE).await;
            }
            assert_eq!(stand.topic(meeting).as_deref(), Some("Elsewhere"));
            stand.hand(Hand::CancelEvent {
                calendar: other.clone(),
                event: gone.clone(),
            });
            for _ in 0..5 {
                stand.sync_after(MINUTE).await;
            }
            assert!(!stand.exists(meeting));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p10_a_series_carried_to_another_calendar_is_followed_there_while_a_third_stays_bad() {
    let stand = Stand::new("").await;
    let (third, other) = (
        stand.calendar("Third", true).await,
        stand.calendar("Team", true).await,
    );
    let (series, meeting) = stand.series("Review", FIRST, "FREQ=WEEKLY;COUNT=5");
    stand.sync().await;
    let path = format!("/calendars/{third}/events");
    let rule = Rule::once(Wire::Google, &path, refused("google_403_forbidden"));
    let rule = Rule { times: None, ..rule };
    stand.simulator.with(|world| world.faults().add(rule));
    carry(&stand, &series, &other);
    // It is seen where it went before it is missed where it was.
    stand.fault(Wire::Google, "/calendars/ana", "GET", refused("503_html"));
    for _ in 0..3 {
        stand.sync_after(MINUTE).await;
    }
    edit(&stand, meeting, "Sabotage");
    look(&stand).await;
    for _ in 0..3 {
        stand.sync_after(MINUTE).await;
    }
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
}

#[tokio::test(start_paused = true)]
async fn p4_the_changed_dates_of_a_half_on_an_unwatched_calendar_stay_in_a_full_pass_and_it_is_known_again_when_it_is_back()
 {
    let stand = Stand::new("").await;
    let other = stand.calendar("Team", false).await;
    let (first, meeting) = stand.series("Review", FIRST, "FREQ=WEEKLY;COUNT=5");
    stand.sync().await;
    let second = split(&stand, &first);
    let of_second = |day: &str| date(&second, &format!("{day}T130000Z"));
    stand.drag(&of_second("20261222"), "2026-12-22T15:00:00Z");
    stand.cancel(&of_second("20261229"));
    stand.sync_after(MINUTE).await;
    let mut expected: Vec<&str> = MOVED[..3].to_vec();
    expected.push("2026-12-22T15:00:00Z");
    assert_eq!(dates(&stand, meeting), expected);
    carry(&stand, &second, &other);
    for _ in 0..5 {
        stand.sync_after(MINUTE).await;
    }
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.rename(&first, "Retro");
    for _ in 0..5 {
        stand.sync_after(MINUTE).await;
    }
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(dates(&stand, meeting), expected);
    stand.hand(Hand::CarryEvent {
        calendar: other,
        event: second.clone(),
        to: ANA.into(),
    });
    stand.sync_after(MINUTE).await;
    // Both halves, and the changed date.
    assert_eq!(stand.engine.meetings().unwrap().len(), 3);
    stand.cancel(&second);
    for _ in 0..5 {
        stand.sync_after(MINUTE).await;
    }
    assert_eq!(dates(&stand, meeting), MOVED[..2]);
}

#[tokio::test(start_paused = true)]
async fn p4_a_half_that_is_really_gone_takes_its_dates_along_and_one_that_came_back_keeps_them() {
    for back in [false, true] {
        let stand = Stand::new("").await;
        stand.calendar("Team", false).await;
        let (first, meeting) = stand.series("Review", FIRST, "FREQ=WEEKLY;COUNT=5");
        stand.sync().await;
        let second = split(&stand, &first);
        stand.sync_after(MINUTE).await;
        stand.cancel(&second);
        stand.sync_after(MINUTE).await;
        if back {
            stand.hand(Hand::UndeleteEvent {
                calendar: ANA.into(),
                event: second.clone(),
            });
            // The pass that would have seen it fails, so only the question asked before the write can tell.
            stand.simulator.with(|world| {
                let lost = Rule::once(Wire::Google, "/events", refused("503_html")).method("GET");
                world.faults().add(lost);
            });
        }
        for _ in 0..4 {
            stand.sync_after(MINUTE).await;
        }
        let rest = if back { &MOVED[..] } else { &MOVED[..2] };
        assert_eq!(dates(&stand, meeting), rest, "{back}");
        assert_eq!(stand.state("Review"), MeetingState::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn p3_p4_a_half_whose_calendar_is_unticked_keeps_its_dates_until_that_is_ticked_again() {
    for cancelled in [false, true] {
        let stand = Stand::new("").await;
        let other = stand.calendar("Team", true).await;
        let (first, meeting) = stand.series("Review", FIRST, "FREQ=WEEKLY;COUNT=5");
        stand.sync().await;
        let second = split(&stand, &first);
        let changed = date(&second, "20261222T130000Z");
        stand.drag(&changed, "2026-12-22T15:00:00Z");
        stand.sync_after(MINUTE).await;
        carry(&stand, &second, &other);
        for _ in 0..4 {
            stand.sync_after(MINUTE).await;
        }
        let mut expected = MOVED;
        expected[3] = "2026-12-22T15:00:00Z";
        assert_eq!(dates(&stand, meeting), expected);
        stand.engine.watch_calendar(&other, false).await.unwrap();
        assert_eq!(
            stand.engine.meetings().unwrap().len(),
            1,
            "it is not on a watched calendar"
        );
        stand.rename(&first, "Retro");
        for _ in 0..3 {
            stand.sync_after(MINUTE).await;
        }
        assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
        assert_eq!(dates(&stand, meeting), expected);
        if cancelled {
            stand.hand(Hand::CancelEvent {
                calendar: other.clone(),
                event: second.clone(),
            });
        }
        stand.sync_after(MINUTE * 5).await;
        assert_eq!(dates(&stand, meeting), expected, "nobody looks");
        stand.engine.watch_calendar(&other, true).await.unwrap();
        for _ in 0..5 {
            stand.sync_after(MINUTE).await;
        }
        let all = if cancelled { &expected[..2] } else { &expected[..] };
        assert_eq!(dates(&stand, meeting), all, "cancelled: {cancelled}");
    }
}

#[tokio::test(start_paused = true)]
async fn p10_a_copy_on_a_calendar_that_goes_on_failing_in_a_full_pass_holds_up_no_series() {
    let stand = Stand::new("").await;
    let other = stand.calendar("Team", true).await;
    let (series, meeting) = stand.series("Review", FIRST, "FREQ=WEEKLY;COUNT=5");
    stand.sync().await;
    stand.hand(Hand::CopyEvent {
        calendar: ANA.into(),
        event: series.clone(),
        to: Some(other.clone()),
        start: None,
    });
    stand.sync_after(MINUTE).await;
    stand.hand(Hand::ExpireSyncTokens {
        calendar: Some(other.clone()),
    });
    stand.simulator.with(|world| {
        let lost = Rule::once(Wire::Google, &other, refused("503_html")).method("GET");
        // Its token is refused first.
        world.faults().add(Rule {
            times: None,
            skip: 1,
            ..lost
        });
    });
    stand.sync_after(MINUTE).await;
    stand.rename(&series, "Retro");
    let running = Running::start(&stand);
    tokio::time::sleep(MINUTE * 90).await;
    running.stop().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p3_p4_signing_out_of_the_account_of_one_half_takes_no_dates_away() {
    for unticked in [false, true] {
        let stand = Stand::new("").await;
        stand.sign_in_as(Service::Google, BEN).await;
        let calendars = stand.engine.calendars().unwrap();
        let of = |name: &str| {
            let found = calendars.iter().find(|calendar| calendar.google_id == name);
            found.unwrap().id.to_string()
        };
        stand.engine.watch_calendar(&of(BEN), true).await.unwrap();
        let (first, meeting) = stand.series("Review", FIRST, "FREQ=WEEKLY;COUNT=5");
        stand.sync().await;
        let second = split(&stand, &first);
        stand.sync_after(MINUTE).await;
        carry(&stand, &second, BEN);
        for _ in 0..4 {
            stand.sync_after(MINUTE).await;
        }
        assert_eq!(dates(&stand, meeting), MOVED);
        if unticked {
            stand.engine.watch_calendar(&of(ANA), false).await.unwrap();
            stand.sync_after(MINUTE).await;
        }
        let accounts = stand.engine.accounts().unwrap();
        let ana = accounts
            .iter()
            .find(|account| account.service == Service::Google && account.name == ANA);
        stand.engine.remove_account(ana.unwrap().id).await.unwrap();
        assert_eq!(stand.newest().outcome, Outcome::Kept);
        stand.hand(Hand::RenameEvent {
            calendar: BEN.into(),
            event: second,
            title: "Retro".into(),
        });
        for _ in 0..4 {
            stand.sync_after(MINUTE).await;
        }
        assert_eq!(dates(&stand, meeting), MOVED, "{unticked}");
        assert_eq!(stand.state("Retro"), MeetingState::WatchedOnly);
    }
}
