//! Events that Google describes in unheard-of ways.

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::Request;
use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Outcome, Overall, Remedy, Service, SettingsView};
use reconvene_engine::rehearsal::{self, Fate};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};

use crate::drift::{edit, look};
use crate::meanwhile::during;
use crate::series::{date, series};
use crate::stand::{ANA, Running, Stand, refused};

fn json(body: String) -> Fault {
    Fault::before(Effect::Answer {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body,
    })
}

/// A row without times.
fn odd(event: &str) -> String {
    format!(
        r#"{{"id":"{event}","status":"confirmed","summary":"Retro","start":{{"dateTime":7}},"end":null}}"#
    )
}

/// From now on the events' listings show nothing but that row.
fn list(stand: &Stand, row: &str) {
    let page = format!(r#"{{"items":[{row}],"nextSyncToken":"CPDAlvWDx70CEPDAlvWDx70CGAU="}}"#);
    add(stand, "/events", json(page));
}

/// Nobody understands the event from now on, and the engine has tried to.
async fn becomes_a_riddle(stand: &Stand, event: &str) {
    get(stand, event, odd(event));
    list(stand, &odd(event));
    stand.sync().await;
}

/// From now on the events' listings show that nothing changed, and each event itself can be asked for.
fn lists_no_change(stand: &Stand) {
    let page = r#"{"items":[],"nextSyncToken":"CPDAlvWDx70CEPDAlvWDx70CGAU="}"#;
    add(stand, "/events?", json(page.to_owned()));
}

/// From now on asking for the event itself brings that row.
fn get(stand: &Stand, event: &str, row: String) {
    add(stand, &format!("/events/{event}"), json(row));
}

fn add(stand: &Stand, path: &str, fault: Fault) {
    stand.simulator.with(|world| {
        let rule = Rule::once(Wire::Google, path, fault).method("GET");
        world.faults().add(Rule { times: None, ..rule });
    });
}

#[tokio::test(start_paused = true)]
async fn p2_p11_an_event_that_is_not_understood_is_shown_until_it_is() {
    let stand = Stand::new("delete_grace = \"0s\"").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.event("Other", "2026-12-01T09:00:00Z");
    stand.sync().await;
    get(&stand, &event, odd(&event));
    list(&stand, &odd(&event));
    stand.clear_log();
    let report = stand.sync().await;
    assert_eq!(report.problems, [], "P10: the pass goes on");
    assert!(report.needs_you);
    assert_eq!(stand.engine.status().unwrap().overall, Overall::NeedsYou);
    let view = stand.view("Review");
    assert_eq!(view.state, MeetingState::Failed);
    assert_eq!(view.problem.unwrap().code, Code::EventNotUnderstood);
    assert_eq!(view.remedies, [Remedy::Ignore]);
    assert_eq!(stand.newest().outcome, Outcome::NeedsYou);
    assert_eq!(stand.state("Other"), MeetingState::InStep);
    stand.engine.retry(view.id).unwrap();
    stand.sync_after(Duration::from_secs(60)).await;
    assert!(stand.sync().await.needs_you, "pressing makes nothing plainer");
    assert_eq!(stand.zoom_methods(), [""; 0], "the meeting is left as it is");

    stand.simulator.with(|world| world.faults().clear());
    stand.rename(&event, "Retro");
    assert!(!stand.sync().await.needs_you);
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    assert_eq!(
        (stand.state("Retro"), stand.engine.status().unwrap().problems),
        (MeetingState::InStep, vec![])
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_back_as_it_was_is_in_step_again() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    get(&stand, &event, odd(&event));
    list(&stand, &odd(&event));
    assert!(stand.sync().await.needs_you);
    stand.simulator.with(|world| world.faults().clear());
    assert!(!stand.sync().await.needs_you);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn what_one_row_garbles_asking_once_more_may_tell() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.simulator.with(|world| {
        let page = format!(r#"{{"items":[{}],"nextSyncToken":"t"}}"#, odd(&event));
        world
            .faults()
            .add(Rule::once(Wire::Google, "/events", json(page)).method("GET"));
    });
    assert!(!stand.sync().await.needs_you);
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_understood_can_be_ignored() {
    let stand = Stand::new("").await;
    let (event, _) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    becomes_a_riddle(&stand, &event).await;
    stand.engine.ignore(stand.view("Review").id).unwrap();
    assert!(!stand.sync().await.needs_you);
    assert_eq!(stand.state("Review"), MeetingState::WatchedOnly);
}

#[tokio::test(start_paused = true)]
async fn p3_an_event_that_comes_back_not_understood_keeps_its_meeting() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    stand.sync().await;
    assert_eq!(stand.state("Review"), MeetingState::Deleting);
    stand.hand(Hand::UndeleteEvent {
        calendar: ANA.into(),
        event: event.clone(),
    });
    get(&stand, &event, odd(&event));
    list(&stand, &odd(&event));
    for _ in 0..5 {
        stand.sync_after(Duration::from_secs(300)).await;
    }
    assert!(stand.exists(meeting));
    assert_eq!(stand.state("Review"), MeetingState::Failed);
}

#[tokio::test(start_paused = true)]
async fn p10_a_riddle_about_an_event_without_meeting_concerns_nobody() {
    let stand = Stand::new("").await;
    stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.clear_log();
    list(&stand, &format!(r#"{},{{"start":1}},7"#, odd("stranger")));
    assert!(!stand.sync().await.needs_you);
    assert_eq!(stand.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p8_a_riddle_that_solves_itself_takes_no_undo_back() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.sync().await;
    let entry = stand.newest().id.to_string();
    stand.engine.undo(&entry).await.unwrap();
    becomes_a_riddle(&stand, &event).await;
    stand.simulator.with(|world| world.faults().clear());
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.clear_log();
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.state("Retro"), MeetingState::OutOfStep);
}

#[tokio::test(start_paused = true)]
async fn p2_p11_a_riddle_is_asked_for_again_when_its_meeting_is_looked_at() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.cancel(&event);
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    let path = format!("/events/{event}");
    add(&stand, &path, Fault::preset("503_html"));
    for _ in 0..6 {
        stand.sync_after(Duration::from_secs(600)).await;
    }
    assert_eq!(
        stand.state("Review"),
        MeetingState::Failed,
        "nothing is known of it"
    );
    stand.simulator.with(|world| world.faults().clear());
    stand.sync_after(Duration::from_secs(600)).await;
    assert_eq!(stand.state("Review"), MeetingState::Failed);
    let stop = tokio_util::sync::CancellationToken::new();
    let hours = tokio::time::timeout(Duration::from_secs(7 * 3600), stand.engine.run(stop));
    assert!(hours.await.is_err());
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn p2_an_event_that_could_not_be_had_for_a_while_is_asked_for_again_soon() {
    let (stand, event, meeting) = Stand::in_step("").await;
    let running = Running::start(&stand);
    stand.cancel(&event);
    stand.hand(Hand::ExpireSyncTokens { calendar: None });
    stand.hand(Hand::ForgetTombstones { calendar: ANA.into() });
    let rule = Rule::once(Wire::Google, &format!("/events/{event}"), refused("503_html")).method("GET");
    stand.simulator.with(|world| {
        world.faults().add(Rule {
            times: Some(6),
            ..rule
        });
    });
    tokio::time::sleep(Duration::from_secs(40 * 60)).await;
    assert!(!stand.exists(meeting));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p3_a_date_that_is_understood_says_nothing_about_its_series() {
    let stand = Stand::new("").await;
    let (id, _) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY").await;
    becomes_a_riddle(&stand, &id).await;
    assert_eq!(stand.state("Review"), MeetingState::Failed);
    stand.simulator.with(|world| world.faults().clear());
    get(&stand, &id, odd(&id));
    let moved = format!(
        r#"{{"id":"{}","status":"confirmed","summary":"Review","recurringEventId":"{id}","organizer":{{"self":true}},
        "originalStartTime":{{"dateTime":"2026-12-08T09:00:00Z"}},"start":{{"dateTime":"2026-12-08T11:00:00Z"}},
        "end":{{"dateTime":"2026-12-08T11:30:00Z"}}}}"#,
        date(&id, "20261208T090000Z")
    );
    list(&stand, &moved);
    stand.clear_log();
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.zoom_methods(), [""; 0], "the meeting is left as it is");
    assert_eq!(stand.state("Review"), MeetingState::Failed);
}

#[tokio::test(start_paused = true)]
async fn p2_a_series_that_was_not_understood_is_asked_for_again() {
    let stand = Stand::new("").await;
    let (id, meeting) = series(&stand, "2026-12-01T09:00:00Z", "FREQ=WEEKLY").await;
    stand.rename(&id, "Retro");
    becomes_a_riddle(&stand, &id).await;
    assert_eq!(stand.state("Review"), MeetingState::Failed);
    stand.simulator.with(|world| world.faults().clear());
    lists_no_change(&stand);
    stand.sync_after(Duration::from_secs(60)).await;
    stand.engine.sync(None, true).await.unwrap();
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p2_a_riddle_whose_meeting_is_left_alone_is_asked_for_again() {
    let stand = Stand::new("").await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    stand.rename(&event, "Retro");
    stand.sync().await;
    let entry = stand.newest().id.to_string();
    stand.engine.undo(&entry).await.unwrap();
    stand.rename(&event, "Retrospective");
    becomes_a_riddle(&stand, &event).await;
    stand.simulator.with(|world| world.faults().clear());
    lists_no_change(&stand);
    stand.sync_after(Duration::from_secs(60)).await;
    stand.engine.sync(None, true).await.unwrap();
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retrospective"));
}

#[tokio::test(start_paused = true)]
async fn p12_a_riddle_about_which_nobody_can_be_asked_keeps_nothing_busy() {
    let (stand, event, _) = Stand::in_step("").await;
    becomes_a_riddle(&stand, &event).await;
    let accounts = stand.engine.accounts().unwrap();
    let zoom = accounts.iter().find(|account| account.service == Service::Zoom);
    stand.engine.remove_account(zoom.unwrap().id).await.unwrap();
    let mut commits = 0;
    rehearsal::watch(Some(Box::new(move |_| {
        commits += 1;
        assert!(commits < 1000, "it writes and writes");
        Fate::Goes
    })));
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    rehearsal::watch(None);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p13_a_riddle_whose_meeting_cannot_be_read_is_looked_at_now_and_then() {
    let (stand, event, meeting) = Stand::in_step("").await;
    becomes_a_riddle(&stand, &event).await;
    stand.hand(Hand::DeleteMeeting { meeting });
    let running = Running::start(&stand);
    stand.clear_log();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let looks = stand.zoom_requests().len();
    assert!((1..=5).contains(&looks), "{looks} looks in an hour");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p2_a_riddle_that_seems_to_be_over_is_still_asked_for() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.drag(&event, "2026-12-20T09:00:00Z");
    becomes_a_riddle(&stand, &event).await;
    stand.simulator.with(|world| world.faults().clear());
    get(&stand, &event, odd(&event));
    lists_no_change(&stand);
    // By what was last known of it, it is over for a day.
    stand.sync_after(Duration::from_secs(10 * 24 * 3600 + 7200)).await;
    stand.simulator.with(|world| world.faults().clear());
    lists_no_change(&stand);
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    running.stop().await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-20T09:00:00Z".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn p5_a_riddle_that_is_solved_while_its_calendar_is_unticked_brings_no_event_back() {
    let (mut stand, event, _) = Stand::in_step("").await;
    becomes_a_riddle(&stand, &event).await;
    stand.simulator.with(|world| world.faults().clear());
    let asks: fn(&Request<Bytes>) -> bool = |request| request.uri().path().contains("/events/");
    during(&mut stand, asks, |engine| {
        engine.watch_calendar(ANA, false).now_or_never().unwrap().unwrap();
    });
    lists_no_change(&stand);
    tokio::time::advance(Duration::from_secs(60)).await;
    stand.engine.sync(None, true).await.unwrap();
    assert_eq!(stand.engine.meetings().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_change_made_at_zoom_while_nobody_understands_its_event_is_asked_about() {
    let (stand, event, meeting) = Stand::in_step("").await;
    let settings = stand.engine.settings().unwrap();
    let chosen = SettingsView {
        ask_on_drift: true,
        ..settings
    };
    stand.engine.change_settings(chosen).unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    becomes_a_riddle(&stand, &event).await;
    edit(&stand, meeting, "Changed at Zoom");
    tokio::time::advance(Duration::from_secs(60)).await;
    look(&stand).await;
    stand.simulator.with(|world| world.faults().clear());
    stand.rename(&event, "Review");
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(60)).await;
        look(&stand).await;
    }
    assert_eq!(stand.topic(meeting).as_deref(), Some("Changed at Zoom"));
    assert_eq!(stand.engine.status().unwrap().asking, [stand.view("Review").id]);
    stand.engine.approve(&[]).unwrap();
    stand.sync_after(Duration::from_secs(60)).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
}
