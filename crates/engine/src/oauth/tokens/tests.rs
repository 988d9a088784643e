mod accounts;

use std::sync::Arc;
use std::time::Duration;

use super::super::testing::{TOML, World, config};
use super::*;
use crate::ports::{SecretsError, TransportError};

const ZOOM: &str = "zoom-1";
const GOOGLE: &str = "google-1";

fn world() -> (Arc<World>, Tokens) {
    let world = World::new();
    world.keep(ZOOM, "r1");
    world.keep(GOOGLE, "g1");
    let tokens = Tokens::new(world.ports(), &config(TOML));
    (world, tokens)
}

async fn zoom(tokens: &Tokens) -> Result<String, Problem> {
    let access = tokens.access(ZOOM, Service::Zoom).await?;
    Ok(access.token.expose_secret().to_owned())
}

async fn google(tokens: &Tokens) -> Result<String, Problem> {
    let access = tokens.access(GOOGLE, Service::Google).await?;
    Ok(access.token.expose_secret().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_token_is_used_until_five_minutes_before_its_end() {
    let (world, tokens) = world();
    world.issues("a1", 3600, None);
    assert_eq!(google(&tokens).await.unwrap(), "a1");
    world.passes(3299);
    assert_eq!(google(&tokens).await.unwrap(), "a1");
    world.passes(1);
    world.issues("a2", 3600, None);
    assert_eq!(google(&tokens).await.unwrap(), "a2");
    assert_eq!(
        world.sent(),
        ["g1", "g1"],
        "Google's refresh token stays the same"
    );
    assert_eq!(world.kept(GOOGLE).unwrap(), "g1");
    assert_eq!(
        world.log().iter().filter(|line| line.starts_with("get")).count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_short_lived_token_is_used_for_half_its_life() {
    let (world, tokens) = world();
    world.issues("a1", 60, None);
    assert_eq!(google(&tokens).await.unwrap(), "a1");
    world.passes(29);
    assert_eq!(google(&tokens).await.unwrap(), "a1");
    world.passes(1);
    world.issues("a2", 60, None);
    assert_eq!(google(&tokens).await.unwrap(), "a2");
}

#[tokio::test(start_paused = true)]
async fn callers_who_come_together_share_one_refresh() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    let (one, two, three) = tokio::join!(zoom(&tokens), zoom(&tokens), zoom(&tokens));
    assert_eq!(
        (one.unwrap(), two.unwrap(), three.unwrap()),
        ("a1".into(), "a1".into(), "a1".into())
    );
    assert_eq!(world.sent(), ["r1"]);
}

#[tokio::test(start_paused = true)]
async fn callers_who_come_together_share_one_failure() {
    let (world, tokens) = world();
    world.answers(503, "");
    let (one, two) = tokio::join!(zoom(&tokens), zoom(&tokens));
    assert_eq!(one.unwrap_err().code, Code::ServiceFailed);
    assert_eq!(two.unwrap_err().code, Code::ServiceFailed);
    assert_eq!(world.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn accounts_do_not_wait_for_each_other_or_mix() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    world.issues("b1", 3600, None);
    let (one, two) = tokio::join!(zoom(&tokens), google(&tokens));
    assert_eq!((one.unwrap(), two.unwrap()), ("a1".into(), "b1".into()));
    let seen = world.seen();
    assert_eq!(seen[0].uri, "https://zoom.us/oauth/token");
    assert_eq!(seen[0].form["refresh_token"], "r1");
    assert_eq!(seen[1].uri, "https://oauth2.googleapis.com/token");
    assert_eq!(seen[1].form["refresh_token"], "g1");
    let log = world.log();
    let answered = log.iter().position(|line| line == "answer").unwrap();
    let asked = log[..answered]
        .iter()
        .filter(|line| line.starts_with("POST"))
        .count();
    assert_eq!(asked, 2, "both were under way at once: {log:?}");
}

#[tokio::test(start_paused = true)]
async fn p12_a_rotated_token_is_in_the_keyring_before_the_access_token_is_given_out() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a1");
    assert_eq!(
        world.log(),
        ["get zoom-1", "POST /oauth/token", "answer", "set zoom-1 r2"]
    );
    world.passes(3600);
    world.issues("a2", 3600, Some("r3"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a2");
    assert_eq!(world.sent(), ["r1", "r2"]);
    assert_eq!(world.kept(ZOOM).unwrap(), "r3");
}

#[tokio::test(start_paused = true)]
async fn p5_a_caller_who_stops_waiting_loses_no_rotated_token() {
    // Wherever the caller stops: before the request, while it is under way, while the keyring writes.
    for milliseconds in [0, 5, 15, 30, 59, 60, 61, 65, 69, 71] {
        let (world, tokens) = world();
        world.issues("a1", 3600, Some("r2"));
        let stopped = tokio::time::timeout(Duration::from_millis(milliseconds), zoom(&tokens)).await;
        assert!(stopped.is_err() || milliseconds > 69);
        tokens.settled().await;
        assert_eq!(world.kept(ZOOM).unwrap(), "r2", "after {milliseconds} ms");
        assert_eq!(zoom(&tokens).await.unwrap(), "a1");
        assert_eq!(world.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotated_token_that_the_keyring_refuses_goes_on_in_memory_and_is_tried_again() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    world.issues("a2", 3600, Some("r3"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a1");
    world.keyring_fails(Some(SecretsError::Locked));
    world.passes(3600);
    assert_eq!(zoom(&tokens).await.unwrap(), "a2", "the work goes on");
    assert_eq!(tokens.unsaved(ZOOM).unwrap().code, Code::KeyringLocked);
    assert_eq!(world.kept(ZOOM).unwrap(), "r2");

    // Tried again before the next refresh, and the token in memory is the one that is sent.
    world.passes(3600);
    world.issues("a3", 3600, Some("r4"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a3");
    assert_eq!(world.sent(), ["r1", "r2", "r3"]);
    assert!(tokens.unsaved(ZOOM).is_some());

    // And beside the work once the keyring is open, without another refresh.
    world.keyring_fails(None);
    world.passes(31);
    assert_eq!(zoom(&tokens).await.unwrap(), "a3");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.kept(ZOOM).unwrap(), "r4");
    assert_eq!(tokens.unsaved(ZOOM), None);
    assert_eq!(world.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_locked_keyring_is_a_problem_only_while_no_token_is_at_hand() {
    let (world, tokens) = world();
    world.keyring_fails(Some(SecretsError::Locked));
    assert_eq!(zoom(&tokens).await.unwrap_err().code, Code::KeyringLocked);
    world.keyring_fails(Some(SecretsError::Missing));
    assert_eq!(zoom(&tokens).await.unwrap_err().code, Code::KeyringMissing);
    assert!(world.seen().is_empty());
    world.keyring_fails(None);
    world.issues("a1", 3600, Some("r2"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a1");
}

#[tokio::test(start_paused = true)]
async fn an_ended_grant_is_said_once_and_the_service_is_not_asked_again() {
    let (world, tokens) = world();
    world.answers(
        400,
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
    );
    let problem = google(&tokens).await.unwrap_err();
    assert_eq!(problem.code, Code::SignInAgain);
    assert!(!problem.retryable);
    for _ in 0..3 {
        assert_eq!(google(&tokens).await.unwrap_err().code, Code::SignInAgain);
    }
    assert_eq!(world.seen().len(), 1);

    // Another sign-in, here or in another process, ends it.
    world.keep(GOOGLE, "g2");
    world.issues("a2", 3600, None);
    assert_eq!(google(&tokens).await.unwrap(), "a2");
    assert_eq!(world.sent(), ["g1", "g2"]);
}

#[tokio::test(start_paused = true)]
async fn p14_a_token_that_another_process_rotated_is_read_again_once() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a1");
    world.passes(3600);
    world.keep(ZOOM, "r9");
    world.answers(400, r#"{"reason":"Invalid Token!","error":"invalid_grant"}"#);
    world.issues("a2", 3600, Some("r10"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a2");
    assert_eq!(world.sent(), ["r1", "r2", "r9"]);
    assert_eq!(world.kept(ZOOM).unwrap(), "r10");
}

#[tokio::test(start_paused = true)]
async fn p12_no_token_in_the_keyring_means_signing_in() {
    let (world, tokens) = world();
    let problem = tokens.access("zoom-7", Service::Zoom).await.unwrap_err();
    assert_eq!(problem.code, Code::SignInAgain);
    assert!(world.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_understood_by_its_code() {
    for (status, body, code) in [
        (
            400,
            r#"{"reason":"Invalid Token!","error":"invalid_grant"}"#,
            Code::SignInAgain,
        ),
        (400, r#"{"code":4741,"message":"revoked"}"#, Code::SignInAgain),
        (401, r#"{"errorCode":"4737"}"#, Code::SignInAgain),
        (
            400,
            r#"{"code":4735,"error":"invalid_request"}"#,
            Code::SignInAgain,
        ),
        (400, r#"{"code":4738}"#, Code::PermissionDenied),
        (400, r#"{"code":4702}"#, Code::ClientRejected),
        (400, r#"{"code":4711}"#, Code::MissingScope),
        (
            401,
            r#"{"reason":"Invalid client_id or client_secret","error":"invalid_client"}"#,
            Code::ClientRejected,
        ),
        (400, r#"{"error":"unauthorized_client"}"#, Code::ClientRejected),
        (
            400,
            r#"{"error":"invalid_request","error_description":"client_secret is missing."}"#,
            Code::ClientRejected,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"x"}}"#,
            Code::ServiceFailed,
        ),
        (400, r#"{}"#, Code::ServiceFailed),
        (400, "<html>login</html>", Code::UnreadableAnswer),
        (200, "<html>login</html>", Code::UnreadableAnswer),
        (200, r#"{"access_token":"a1","tok"#, Code::UnreadableAnswer),
        (200, r#"{"token_type":"bearer"}"#, Code::UnreadableAnswer),
        (302, "", Code::ServiceFailed),
        (500, r#"{"error":"invalid_grant"}"#, Code::ServiceFailed),
        (503, "<html>", Code::ServiceFailed),
        (429, "", Code::RateLimited),
    ] {
        let (world, tokens) = world();
        world.answers(status, body);
        let problem = zoom(&tokens).await.unwrap_err();
        assert_eq!(problem.code, code, "{status} {body}");
        assert_eq!(world.kept(ZOOM).unwrap(), "r1", "the credential stays");
        let passing = matches!(
            code,
            Code::ServiceFailed | Code::UnreadableAnswer | Code::RateLimited
        );
        assert_eq!(problem.retryable, passing, "{status} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_client_or_the_network_ends_no_sign_in() {
    let (world, tokens) = world();
    world.answers(401, r#"{"error":"invalid_client"}"#);
    assert_eq!(zoom(&tokens).await.unwrap_err().code, Code::ClientRejected);
    world.fails(TransportError::Unreachable("no route".to_owned()));
    assert_eq!(zoom(&tokens).await.unwrap_err().code, Code::Offline);
    world.fails(TransportError::Unanswered("timeout".to_owned()));
    assert_eq!(zoom(&tokens).await.unwrap_err().code, Code::TimedOut);
    world.issues("a1", 3600, Some("r2"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a1");
}

#[tokio::test(start_paused = true)]
async fn p13_retry_after_is_respected_in_every_form() {
    for retry_after in ["120", "Mon, 02 Mar 2026 09:02:00 GMT"] {
        let (world, tokens) = world();
        world.answers_with(429, &[("retry-after", retry_after)], "");
        assert_eq!(zoom(&tokens).await.unwrap_err().code, Code::RateLimited);
        world.passes(119);
        assert_eq!(zoom(&tokens).await.unwrap_err().code, Code::RateLimited);
        assert_eq!(world.seen().len(), 1);
        world.passes(1);
        world.issues("a1", 3600, Some("r2"));
        assert_eq!(zoom(&tokens).await.unwrap(), "a1");
    }
}

#[tokio::test(start_paused = true)]
async fn p13_a_pause_goes_back_with_a_clock_that_is_set_back() {
    let (world, tokens) = world();
    world.answers_with(429, &[("retry-after", "1200")], "{}");
    assert_eq!(google(&tokens).await.unwrap_err().code, Code::RateLimited);
    world.passes(-5000);
    assert!(google(&tokens).await.is_err());
    world.passes(1199);
    assert!(google(&tokens).await.is_err());
    assert_eq!(world.sent().len(), 1, "not before it may");
    world.passes(1);
    world.issues("a1", 3600, None);
    assert_eq!(google(&tokens).await.unwrap(), "a1", "and not an hour later");
}

#[tokio::test(start_paused = true)]
async fn p10_a_failed_refresh_does_not_take_away_a_token_that_is_still_good() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    zoom(&tokens).await.unwrap();
    world.passes(3400);
    world.answers(503, "");
    assert_eq!(zoom(&tokens).await.unwrap(), "a1");
    assert_eq!(zoom(&tokens).await.unwrap(), "a1");
    assert_eq!(world.seen().len(), 2, "the service gets a breather");
    world.passes(200);
    world.fails(TransportError::Unreachable("no route".to_owned()));
    assert_eq!(
        zoom(&tokens).await.unwrap_err().code,
        Code::Offline,
        "not beyond its end"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_refused_by_the_api_is_replaced_once() {
    let (world, tokens) = world();
    world.issues("a1", 3600, Some("r2"));
    zoom(&tokens).await.unwrap();
    tokens.rejected(ZOOM, &"a1".into());
    world.issues("a2", 3600, Some("r3"));
    assert_eq!(zoom(&tokens).await.unwrap(), "a2");
    // Another caller's late word about the old token.
    tokens.rejected(ZOOM, &"a1".into());
    assert_eq!(zoom(&tokens).await.unwrap(), "a2");
    assert_eq!(world.seen().len(), 2);
}
