//! What Google's refusals mean, and what they do not.

use std::time::Duration;

use reconvene_core::problem::Code;
use reconvene_core::report::Overall;
use reconvene_simulator::{Rule, Service as Wire};

use crate::stand::{Running, Stand, refused};

fn refuse(stand: &Stand, preset: &str, times: u32) {
    stand.simulator.with(|world| {
        let rule = Rule::once(Wire::Google, "/events", refused(preset)).method("GET");
        world.faults().add(Rule {
            times: Some(times),
            ..rule
        });
    });
}

#[tokio::test(start_paused = true)]
async fn p3_p11_a_403_that_says_nothing_of_sharing_is_tried_again_before_it_counts() {
    let stand = Stand::new("").await;
    stand.event("Review", "2026-12-01T09:00:00Z");
    stand.sync().await;
    for preset in ["google_403_forbidden", "google_403_access_level"] {
        refuse(&stand, preset, 6);
        let mut codes = Vec::new();
        for _ in 0..6 {
            let problem = stand.sync().await.problems.pop().unwrap();
            codes.push((problem.code, problem.retryable));
        }
        let passing = (Code::PermissionDenied, true);
        let lasting = (Code::PermissionDenied, false);
        assert_eq!(
            codes,
            [passing, passing, passing, passing, lasting, lasting],
            "{preset}"
        );
        assert!(stand.engine.calendars().unwrap()[0].available, "it is there");
        assert_eq!(stand.engine.status().unwrap().overall, Overall::NeedsYou);
        assert_eq!(stand.sync().await.problems, []);
        assert_eq!(stand.engine.status().unwrap().overall, Overall::InStep);
    }
}

#[tokio::test(start_paused = true)]
async fn a_404_alone_says_that_the_calendar_is_gone() {
    let stand = Stand::new("").await;
    refuse(&stand, "google_404", 1);
    assert_eq!(stand.sync().await.problems[0].code, Code::CalendarGone);
    assert!(!stand.engine.calendars().unwrap()[0].available);
    stand.sync().await;
    assert!(stand.engine.calendars().unwrap()[0].available);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_switched_off_is_a_matter_of_configuration_and_keeps_the_grant() {
    let stand = Stand::new("").await;
    let kept = stand.secrets.kept.lock().unwrap().clone();
    refuse(&stand, "google_403_not_configured", 1);
    assert_eq!(stand.sync().await.problems[0].code, Code::ClientRejected);
    assert!(stand.engine.calendars().unwrap()[0].available);
    assert_eq!(*stand.secrets.kept.lock().unwrap(), kept);
    assert_eq!(stand.sync().await.problems, []);
}

#[tokio::test(start_paused = true)]
async fn a_missing_scope_asks_for_another_sign_in() {
    let stand = Stand::new("").await;
    refuse(&stand, "google_403_scope", 1);
    assert_eq!(stand.sync().await.problems[0].code, Code::MissingScope);
}

#[tokio::test(start_paused = true)]
async fn p13_googles_guard_against_abuse_is_given_time() {
    let stand = Stand::new("").await;
    refuse(&stand, "google_403_quota", 1);
    let running = Running::start(&stand);
    tokio::time::sleep(Duration::from_secs(5)).await;
    stand.clear_log();
    tokio::time::sleep(Duration::from_secs(44 * 60)).await;
    assert_eq!(stand.requests().len(), 0);
    tokio::time::sleep(Duration::from_secs(35 * 60)).await;
    assert_eq!(stand.engine.status().unwrap().problems, []);
    running.stop().await;
}
