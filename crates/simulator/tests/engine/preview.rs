//! The plan and the preview: what would be done is told exactly, and nothing is done.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use reconvene_core::problem::Code;
use reconvene_core::report::{
    Change, MeetingState, Outcome, Overall, PlannedAction, Service, SettingsView, Wait,
};
use reconvene_simulator::hands::NewEvent;
use reconvene_simulator::{Entry, Hand, Service as Wire};

use crate::meanwhile::during;
use crate::stand::{ANA, Stand, answer_lost, at, refused};

const MINUTE: Duration = Duration::from_secs(60);

fn preview(stand: &Stand, on: bool) {
    let settings = stand.engine.settings().unwrap();
    stand
        .engine
        .change_settings(SettingsView {
            preview: on,
            ..settings
        })
        .unwrap();
}

fn writes(stand: &Stand) -> Vec<Entry> {
    stand.requests().into_iter().filter(Entry::is_write).collect()
}

#[tokio::test(start_paused = true)]
async fn the_plan_tells_before_and_after_of_the_meeting_as_it_is_now_and_touches_nothing() {
    let (stand, event, meeting) = Stand::in_step("").await;
    // Found while the provider cannot be reached, so that it stays to be done.
    stand.drag(&event, "2026-12-02T10:30:00Z");
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    stand.sync().await;
    // Changed at Zoom meanwhile, which only a reading shows.
    stand.hand(Hand::EditMeeting {
        meeting,
        topic: Some("Renamed at Zoom".into()),
        start: None,
        minutes: None,
    });
    let before = (
        stand.engine.meetings().unwrap(),
        stand.engine.activity(100, None).unwrap(),
    );
    stand.clear_log();
    let plan = stand.engine.plan().await.unwrap();
    let [action] = plan.actions.as_slice() else {
        panic!("{plan:#?}");
    };
    assert_eq!(
        (action.action, action.waits),
        (PlannedAction::Update, Some(Wait::Retry))
    );
    assert!(
        matches!(action.changes.as_slice(), [Change::Topic { before, after }, Change::Start { .. }]
            if before == "Renamed at Zoom" && after == "Review"),
        "{:?}",
        action.changes
    );
    assert_eq!(stand.zoom_methods(), ["GET"]);
    assert_eq!(stand.requests().len(), 1, "calendars are not read by it");
    let after = (
        stand.engine.meetings().unwrap(),
        stand.engine.activity(100, None).unwrap(),
    );
    assert_eq!(before, after, "nothing is kept");
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
    assert_eq!(stand.engine.plan().await.unwrap().actions, []);
}

#[tokio::test(start_paused = true)]
async fn the_plan_says_what_a_deletion_waits_for() {
    let stand = Stand::new("mass_delete_limit = 1").await;
    let (one, _) = stand.event("One", "2026-12-01T09:00:00Z");
    let (two, _) = stand.event("Two", "2026-12-02T09:00:00Z");
    stand.sync().await;
    stand.cancel(&one);
    stand.sync().await;
    let waits = async || {
        let plan = stand.engine.plan().await.unwrap();
        let waits = |action: &reconvene_core::report::ActionView| (action.action, action.waits);
        plan.actions.iter().map(waits).collect::<Vec<_>>()
    };
    assert_eq!(waits().await, [(PlannedAction::Delete, Some(Wait::Grace))]);
    stand.cancel(&two);
    stand.sync().await;
    assert_eq!(waits().await, [(PlannedAction::Delete, Some(Wait::Held)); 2]);
}

#[tokio::test(start_paused = true)]
async fn p11_a_meeting_that_cannot_be_read_for_the_plan_says_so_beside_what_is_known() {
    let (stand, event, _) = Stand::in_step("").await;
    stand.drag(&event, "2026-12-02T10:30:00Z");
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    stand.sync().await;
    stand.fault(Wire::Zoom, "/meetings/", "GET", refused("503_html"));
    let plan = stand.engine.plan().await.unwrap();
    assert!(plan.actions[0].problem.is_some());
    assert_eq!(plan.actions[0].action, PlannedAction::Update);
    assert_eq!(plan.actions[0].changes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_preview_pulls_plans_and_reports_but_writes_nothing_until_it_is_switched_off() {
    let (stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
    let (gone, kept) = stand.event("Gone", "2026-12-03T09:00:00Z");
    stand.sync().await;
    preview(&stand, true);
    stand.clear_log();
    stand.drag(&event, "2026-12-02T10:30:00Z");
    stand.cancel(&gone);
    let (new, found) = stand.event("New", "2026-12-04T09:00:00Z");
    stand.rename(&new, "Renamed at once");
    for _ in 0..3 {
        let report = stand.sync_after(MINUTE).await;
        assert!(report.preview && !report.needs_you);
        assert_eq!((report.pending, report.waiting), (3, 0), "planned is not failed");
    }
    assert_eq!(writes(&stand), []);
    let status = stand.engine.status().unwrap();
    assert_eq!((status.overall, status.preview), (Overall::Preview, true));
    for title in ["Review", "Gone", "Renamed at once"] {
        let view = stand.view(title);
        assert_eq!(view.state, MeetingState::OutOfStep, "{title}");
        assert!(view.reason.contains("Preview only"), "{}", view.reason);
    }
    let plan = stand.engine.plan().await.unwrap();
    assert!(plan.preview);
    assert!(
        plan.actions
            .iter()
            .all(|action| action.waits == Some(Wait::Preview))
    );
    assert_eq!(writes(&stand), []);
    preview(&stand, false);
    stand.sync_after(MINUTE).await;
    assert_eq!(
        stand.start(meeting),
        Some("2026-12-02T10:30:00Z".parse().unwrap())
    );
    assert_eq!(stand.topic(found).as_deref(), Some("Renamed at once"));
    assert!(!stand.exists(kept));
    assert_eq!(stand.engine.status().unwrap().overall, Overall::InStep);
}

#[tokio::test(start_paused = true)]
async fn a_preview_that_the_file_fixes_holds_back_what_failed_before_as_well() {
    let (mut stand, event, meeting) = Stand::in_step("").await;
    stand.rename(&event, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", refused("503_html"));
    stand.sync().await;
    stand.restart_with("preview = true");
    let settings = stand.engine.settings().unwrap();
    assert!(settings.preview && settings.fixed.contains(&"preview".to_owned()));
    preview(&stand, false);
    stand.clear_log();
    stand.sync_after(MINUTE * 10).await;
    assert_eq!(writes(&stand), [], "the file beats the window");
    assert_eq!(stand.topic(meeting).as_deref(), Some("Review"));
}

#[tokio::test(start_paused = true)]
async fn the_loops_rest_while_a_preview_holds_back_what_is_due() {
    let (stand, event, _) = Stand::in_step("preview = true").await;
    stand.drag(&event, "2026-12-02T10:30:00Z");
    let running = crate::stand::Running::start(&stand);
    tokio::time::sleep(MINUTE * 30).await;
    running.stop().await;
    assert_eq!(writes(&stand), []);
    let looked = stand.zoom_methods().len();
    assert!(looked <= 3, "{looked} requests to Zoom within half an hour");
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_stays_known_through_a_preview() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.rename(&event, "Retro");
    stand.fault(Wire::Zoom, "/meetings/", "PATCH", answer_lost());
    stand.sync().await;
    preview(&stand, true);
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(writes(&stand), []);
    preview(&stand, false);
    stand.sync_after(MINUTE).await;
    assert_eq!(writes(&stand), [], "it had been carried out");
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
    let changes = stand.newest().changes;
    assert!(
        matches!(changes.as_slice(), [Change::Topic { .. }]),
        "{changes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_out_of_step_before_is_asked_about_however_long_a_preview_lasted() {
    let mut stand = Stand::bare("preview = true");
    stand.sign_in(Service::Google).await;
    stand.engine.watch_calendar(ANA, true).await.unwrap();
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.rename(&event, "Retro");
    stand.sync().await;
    stand.sign_in(Service::Zoom).await;
    stand.sync().await;
    stand.restart_with("");
    stand.clear_log();
    stand.sync_after(MINUTE).await;
    assert_eq!(writes(&stand), []);
    let asking = stand.engine.status().unwrap().asking;
    assert_eq!(asking.len(), 1);
    stand.engine.approve(&asking).unwrap();
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn the_plan_lists_the_meetings_that_would_be_made_and_makes_none() {
    let stand = Stand::new("").await;
    stand.permit().await;
    let settings = stand.engine.settings().unwrap();
    let wanted = SettingsView {
        preview: true,
        request_word: "#zoom".into(),
        ..settings
    };
    stand.engine.change_settings(wanted).unwrap();
    stand.add(NewEvent::new(ANA, "Plans #zoom", at("2026-12-01T09:00:00Z")));
    stand.sync().await;
    let plan = stand.engine.plan().await.unwrap();
    let [addition] = plan.additions.as_slice() else {
        panic!("{plan:#?}");
    };
    assert_eq!(
        (
            addition.title.as_str(),
            addition.conference.as_str(),
            addition.waits
        ),
        ("Plans #zoom", "Zoom", Some(Wait::Preview))
    );
    assert_eq!(writes(&stand), []);
    preview(&stand, false);
    stand.sync_after(MINUTE).await;
    assert_eq!(stand.engine.plan().await.unwrap().additions, []);
    assert_eq!(stand.newest().outcome, Outcome::Created);
}

/// Switches the preview on while a request that `fits` is under way.
fn preview_during(stand: &mut Stand, fits: fn(&Request<Bytes>) -> bool) {
    during(stand, fits, |engine| {
        let settings = engine.settings().unwrap();
        let preview = SettingsView {
            preview: true,
            ..settings
        };
        engine.change_settings(preview).unwrap();
    });
}

#[tokio::test(start_paused = true)]
async fn a_preview_begun_while_google_is_asked_about_a_deletion_keeps_the_meeting() {
    let (mut stand, event, meeting) = Stand::in_step("delete_grace = \"0s\"").await;
    stand.cancel(&event);
    preview_during(&mut stand, |request| request.uri().path().contains("/events/"));
    stand.sync().await;
    assert_eq!(writes(&stand), []);
    assert!(stand.exists(meeting));
    preview(&stand, false);
    stand.sync_after(MINUTE).await;
    assert!(!stand.exists(meeting));
}

#[tokio::test(start_paused = true)]
async fn a_preview_begun_while_a_meeting_is_added_stops_it_there_and_it_goes_on_afterwards() {
    let fits: [fn(&Request<Bytes>) -> bool; 2] = [
        |request| request.method() == Method::GET && request.uri().path().contains("/events/"),
        |request| request.method() == Method::POST && request.uri().path().ends_with("/meetings"),
    ];
    for (fits, made) in fits.into_iter().zip([0, 1]) {
        let mut stand = Stand::new("").await;
        stand.permit().await;
        let event = stand.add(NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z")));
        preview_during(&mut stand, fits);
        let added = stand.engine.add_meeting(ANA, &event, Service::Zoom).await;
        assert_eq!(added.unwrap_err().code, Code::Held);
        stand.sync_after(MINUTE).await;
        assert_eq!(writes(&stand).len(), made);
        preview(&stand, false);
        stand.sync_after(MINUTE).await;
        assert_eq!(stand.state("Review"), MeetingState::InStep);
        let methods: Vec<String> = writes(&stand).into_iter().map(|entry| entry.method).collect();
        assert_eq!(methods, ["POST", "PATCH"]);
    }
}

#[tokio::test(start_paused = true)]
async fn p11_in_a_preview_from_the_start_only_what_differs_is_said_to() {
    let stand = Stand::new("preview = true").await;
    stand.event("Same", "2026-12-01T09:00:00Z");
    let (_, other) = stand.event("Other", "2026-12-02T09:00:00Z");
    stand.hand(Hand::EditMeeting {
        meeting: other,
        topic: Some("Long ago".into()),
        start: None,
        minutes: None,
    });
    stand.sync().await;
    assert_eq!(stand.state("Same"), MeetingState::InStep);
    let view = stand.view("Other");
    assert_eq!((view.state, view.differences.len()), (MeetingState::OutOfStep, 1));
    assert_eq!(stand.engine.status().unwrap().asking, [view.id]);
    assert_eq!(writes(&stand), []);
    let plan = stand.engine.plan().await.unwrap();
    assert_eq!(plan.actions, []);
}
