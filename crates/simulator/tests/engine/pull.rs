//! How a calendar is read: tokens, pages, recovery.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Overall, Service};
use reconvene_simulator::hands::NewEvent;
use reconvene_simulator::{Effect, Entry, Fault, Hand, Rule, Service as Wire};

use crate::stand::{ANA, Stand, at, refused};

#[tokio::test(start_paused = true)]
async fn p3_a_lost_token_recovers_without_deleting_or_missing_anything() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (kept, kept_meeting) = stand.event("Kept", "2026-12-01T09:00:00Z");
    let (cancelled, cancelled_meeting) = stand.event("Cancelled", "2026-12-02T09:00:00Z");
    stand.sync().await;
    stand.cancel(&cancelled);
    stand.rename(&kept, "Kept and renamed");
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.sync().await;
    assert_eq!(stand.topic(kept_meeting).as_deref(), Some("Kept and renamed"));
    assert!(
        !stand.exists(cancelled_meeting),
        "a vanished event is looked up and its meeting deleted"
    );
}

#[tokio::test(start_paused = true)]
async fn p2_p11_a_vanished_event_whose_look_up_is_refused_is_asked_for_again_and_never_forgotten() {
    for times in [2, 9] {
        let stand = Stand::new("delete_grace = \"0s\"").await;
        let (event, meeting) = stand.event("Cancelled", "2026-12-02T09:00:00Z");
        stand.sync().await;
        stand.cancel(&event);
        stand.hand(Hand::ExpireSyncTokens { calendar: None });
        stand.simulator.with(|world| {
            let refused = Rule::once(Wire::Google, &event, Fault::preset("google_403_forbidden"));
            world.faults().add(Rule {
                times: Some(times),
                ..refused.method("GET")
            });
        });
        for _ in 0..6 {
            stand.sync_after(Duration::from_secs(60)).await;
        }
        if times == 2 {
            assert!(!stand.exists(meeting));
        } else {
            let problem = stand.view("Cancelled").problem.unwrap();
            assert_eq!(problem.code, Code::EventNotUnderstood, "it is shown");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_full_pass_that_comes_back_empty_deletes_nothing() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    let empty = Effect::Answer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: r#"{"items":[],"nextSyncToken":"CPDAlvWDx70CEPDAlvWDx70CGAU="}"#.into(),
    };
    // The stale token first, then the empty list.
    stand.fault(Wire::Google, "/events", "GET", refused("google_410"));
    stand.fault(Wire::Google, "/events", "GET", Fault::before(empty));
    stand.sync().await;
    stand.sync_after(Duration::from_secs(600)).await;
    assert!(stand.exists(meeting));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p1_a_pass_cut_short_keeps_the_old_token_and_repeats() {
    let mut stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.fault(Wire::Google, "/events", "GET", Fault::after(Effect::CutBody(40)));
    let report = stand.sync().await;
    assert_eq!(report.problems.len(), 1);
    stand.restart();
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn an_invalid_token_is_treated_like_an_expired_one() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.fault(Wire::Google, "/events", "GET", refused("google_400_token"));
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p3_p10_p11_a_calendar_no_longer_shared_is_shown_and_deletes_nothing() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let other = stand.calendar("Team", true).await;
    let (_, lost) = stand.event_on(&other, "On the lost one", "2026-12-01T09:00:00Z");
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.hand(Hand::DeleteCalendar { calendar: other });
    stand.rename(&event, "Retro");
    let report = stand.sync().await;
    assert_eq!(
        report.problems.first().map(|problem| problem.code),
        Some(Code::CalendarGone)
    );
    assert_eq!(
        stand.topic(meeting).as_deref(),
        Some("Retro"),
        "the other calendar goes on"
    );
    stand.sync_after(Duration::from_secs(600)).await;
    assert!(stand.exists(lost));
    assert_eq!(stand.engine.status().unwrap().overall, Overall::NeedsYou);
}

#[tokio::test(start_paused = true)]
async fn p10_p11_without_network_known_data_stays_and_its_age_shows() {
    let stand = Stand::new("").await;
    stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    let fresh = stand.engine.status().unwrap().fresh_as_of;
    stand.fault(Wire::Google, "/events", "GET", Fault::before(Effect::Unreachable));
    let report = stand.sync().await;
    assert_eq!(
        report.problems.first().map(|problem| problem.code),
        Some(Code::Offline)
    );
    let status = stand.engine.status().unwrap();
    assert_eq!((status.overall, status.fresh_as_of), (Overall::Offline, fresh));
    assert_eq!(stand.state("Review"), MeetingState::InStep);
    stand.sync().await;
    assert_eq!(stand.engine.status().unwrap().overall, Overall::InStep);
}

#[tokio::test(start_paused = true)]
async fn html_cut_json_and_nothing_are_clear_states() {
    let stand = Stand::new("").await;
    for body in [
        "<html><body>Sign in to the hotel network</body></html>",
        r#"{"items":[{"id":"#,
        "",
    ] {
        let answer = Effect::Answer {
            status: 200,
            headers: [].into(),
            body: body.into(),
        };
        stand.fault(Wire::Google, "/events", "GET", Fault::before(answer));
        let report = stand.sync().await;
        assert_eq!(
            report.problems.first().map(|problem| problem.code),
            Some(Code::UnreadableAnswer),
            "{body:?}"
        );
    }
    assert_eq!(stand.sync().await.problems, []);
}

#[tokio::test(start_paused = true)]
async fn without_zoom_nothing_is_lost_until_it_is_connected() {
    let stand = Stand::bare("delete_grace = \"0s\"");
    stand.sign_in(Service::Google).await;
    stand.engine.watch_calendar(ANA, true).await.unwrap();
    let (renamed, first) = stand.event("Review", "2026-12-01T09:00:00Z");
    let (cancelled, second) = stand.event("Other", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&renamed, "Retro");
    stand.cancel(&cancelled);
    stand.sync().await;
    assert_eq!(stand.state("Retro"), MeetingState::WatchedOnly);
    stand.sign_in(Service::Zoom).await;
    stand.sync().await;
    // What differed before it was connected waits for the person's word.
    stand.engine.approve(&[]).unwrap();
    stand.sync().await;
    assert_eq!(
        (stand.topic(first).as_deref(), stand.exists(second)),
        (Some("Retro"), false)
    );
}

#[tokio::test(start_paused = true)]
async fn p12_signing_out_leaves_no_secret_and_touches_no_meeting() {
    let stand = Stand::new("").await;
    let (_, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    for account in stand.engine.accounts().unwrap() {
        stand.engine.remove_account(account.id).await.unwrap();
    }
    assert!(stand.secrets.kept.lock().unwrap().is_empty());
    assert_eq!(stand.engine.meetings().unwrap(), []);
    assert!(stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn the_engine_left_alone_follows_within_a_minute_and_a_quarter() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (stand.engine.clone(), stop.clone());
        async move { engine.run(stop).await }
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    stand.rename(&event, "Retro");
    tokio::time::sleep(Duration::from_secs(76)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn p1_more_changes_than_are_held_at_once_are_read_as_a_whole() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    for _ in 0..20_001 {
        stand.add(NewEvent::new(ANA, "Imported", at("2026-12-01T09:00:00Z")));
    }
    stand.rename(&event, "Retro");
    stand.clear_log();
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    let lists = stand.requests();
    let whole = |entry: &&Entry| entry.path.ends_with("/events") && entry.param("timeMin").is_some();
    assert!(lists.iter().any(|entry| whole(&entry)), "what came was not kept");
    stand.rename(&event, "Review");
    stand.clear_log();
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert!(!stand.requests().iter().any(|entry| whole(&entry)));
}
