//! What the services refuse or put off: who waits, what the person is told, what is tried again.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::{MeetingState, Outcome, Overall, Remedy, Service, SettingsView};
use reconvene_simulator::hands::{NewConference, NewEvent};
use reconvene_simulator::{Effect, Fault, Hand, Rule, Service as Wire};

use crate::stand::{ANA, BEN, Stand, at, refused};

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_the_request_made_again() {
    let (stand, event, meeting) = Stand::in_step("").await;
    stand.hand(Hand::ExpireAccessTokens);
    stand.rename(&event, "Retro");
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p11_a_lost_grant_asks_to_sign_in_again_and_keeps_the_action() {
    let (stand, event, meeting) = Stand::in_step("").await;
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
async fn p11_a_lost_grant_is_told_though_another_account_answers() {
    let stand = Stand::new("").await;
    stand.sign_in_as(Service::Zoom, BEN).await;
    let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
    stand.hand(Hand::RevokeZoom { email: ANA.into() });
    let report = stand.sync().await;
    assert!(report.needs_you);
    let accounts = stand.engine.accounts().unwrap();
    let lost = accounts
        .iter()
        .find(|account| account.service == Service::Zoom && account.name == ANA);
    let problem = lost.unwrap().health.problem.as_ref();
    assert_eq!(problem.map(|problem| problem.code), Some(Code::SignInAgain));
    stand.sign_in(Service::Zoom).await;
    stand.rename(&event, "Retro");
    stand.sync().await;
    assert_eq!(stand.topic(meeting).as_deref(), Some("Retro"));
}

#[tokio::test(start_paused = true)]
async fn p13_a_rate_limit_is_obeyed_even_when_the_person_is_impatient() {
    let (stand, event, meeting) = Stand::in_step("").await;
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
    let (stand, event, meeting) = Stand::in_step("").await;
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
    let (stand, event, meeting) = Stand::in_step("").await;
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
async fn the_persons_no_outlives_an_edit_that_does_not_matter() {
    let (stand, event, meeting) = Stand::in_step("").await;
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
async fn a_refusal_of_what_nobody_wants_any_more_stops_asking_for_help() {
    let (stand, event, _) = Stand::in_step("").await;
    stand.drag(&event, "2026-11-22T07:45:00Z");
    assert!(stand.sync().await.needs_you);
    stand.drag(&event, "2026-12-01T09:00:00Z");
    assert!(!stand.sync().await.needs_you);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p2_p10_what_one_account_is_refused_another_may_show() {
    let stand = Stand::new("").await;
    stand.sign_in_as(Service::Zoom, BEN).await;
    stand.add(NewEvent {
        conference: NewConference::ZoomAddOn(BEN.into()),
        ..NewEvent::new(ANA, "Review", at("2026-12-01T09:00:00Z"))
    });
    // Ana, who signed in first, is asked first.
    stand.fault(Wire::Zoom, "/meetings/", "GET", Fault::preset("zoom_300"));
    stand.clear_log();
    stand.sync().await;
    assert_eq!(stand.zoom_methods(), ["GET", "GET"]);
    assert_eq!(stand.state("Review"), MeetingState::InStep);
}

#[tokio::test(start_paused = true)]
async fn p11_a_look_that_failed_is_made_again_although_all_is_decided_anew_meanwhile() {
    let (stand, ..) = Stand::in_step("").await;
    let away = Rule::once(Wire::Zoom, "/meetings/", refused("503_html")).method("GET");
    stand.simulator.with(|world| world.faults().add(away));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stand.engine.sync(None, true).await.unwrap();
    assert_eq!(stand.newest().outcome, Outcome::Waiting);
    let settings = stand.engine.settings().unwrap();
    let asks = SettingsView {
        ask_on_drift: true,
        ..settings
    };
    stand.engine.change_settings(asks).unwrap();
    stand.clear_log();
    stand.sync().await;
    assert_eq!(stand.zoom_methods(), ["GET"]);
    assert_eq!(stand.newest().outcome, Outcome::InStep);
    assert_eq!(stand.engine.plan().await.unwrap().actions, []);
}
