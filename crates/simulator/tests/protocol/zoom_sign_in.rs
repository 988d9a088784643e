//! Zoom's sign-in.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use reconvene_simulator::Hand;
use reconvene_simulator::zoom::oauth as zoom;
use serde_json::Value;

use crate::bench::{ANA, Bench, Got};
use crate::sign_in::{VERIFIER, allow, authorize, from_redirect};

const ZOOM_REDIRECT: &str = "http://127.0.0.1:53682/callback";

pub(crate) async fn zoom_authorize(bench: &Bench, changes: &[(&str, &str)]) -> Got {
    let mut all = vec![
        ("client_id", zoom::PUBLIC_CLIENT_ID),
        ("redirect_uri", ZOOM_REDIRECT),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend(changes);
    authorize(bench, "/zoom/oauth/authorize", &all).await
}

async fn zoom_token(bench: &Bench, changes: &[(&str, &str)]) -> Got {
    let mut all = vec![
        ("client_id", zoom::PUBLIC_CLIENT_ID),
        ("grant_type", "authorization_code"),
        ("redirect_uri", ZOOM_REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend(changes);
    bench.form("/zoom/oauth/token", &all, &[]).await
}

#[tokio::test]
async fn zoom_ignores_the_loopback_port_and_nothing_else_of_the_redirect() {
    let bench = Bench::new();
    allow(&bench, &[]);
    assert_eq!(
        zoom_authorize(&bench, &[("redirect_uri", "http://127.0.0.1:9/callback")])
            .await
            .status,
        302
    );
    for bad in [
        "http://127.0.0.1:9/other",
        "http://localhost:9/callback",
        "https://127.0.0.1/callback",
    ] {
        assert_eq!(
            zoom_authorize(&bench, &[("redirect_uri", bad)]).await.status,
            400,
            "{bad}"
        );
    }
    assert_eq!(
        zoom_authorize(&bench, &[("code_challenge", "")]).await.status,
        400
    );
}

#[tokio::test]
async fn zoom_rotates_and_the_old_refresh_token_is_dead_at_once() {
    let bench = Bench::new();
    allow(&bench, &[]);
    let code = from_redirect(&zoom_authorize(&bench, &[]).await, "code").unwrap();
    let tokens = zoom_token(&bench, &[("code", &code)]).await;
    assert_eq!(tokens.json["expires_in"], 3600);
    assert!(tokens.str("/api_url").ends_with("/zoom"));
    let used = zoom_token(&bench, &[("code", &code)]).await;
    assert_eq!((used.status.as_u16(), used.str("/error")), (400, "invalid_grant"));
    let old = tokens.str("/refresh_token");
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", old)];
    let fresh = zoom_token(&bench, &refreshing).await;
    assert_eq!(fresh.status, 200);
    let dead = zoom_token(&bench, &refreshing).await;
    assert_eq!(
        (dead.status.as_u16(), dead.str("/reason")),
        (400, "Invalid Token!")
    );
    let refreshing = [
        ("grant_type", "refresh_token"),
        ("refresh_token", fresh.str("/refresh_token")),
    ];
    assert_eq!(zoom_token(&bench, &refreshing).await.status, 200);
}

#[tokio::test]
async fn a_fresh_consent_at_zoom_ends_the_tokens_before_it() {
    let bench = Bench::new();
    allow(&bench, &[]);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let code = from_redirect(&zoom_authorize(&bench, &[]).await, "code").unwrap();
        tokens.push(zoom_token(&bench, &[("code", &code)]).await);
    }
    let old = bench
        .ask(
            tokens[0].str("/access_token"),
            "GET",
            "/zoom/v2/users/me",
            Value::Null,
        )
        .await;
    assert_eq!((old.status.as_u16(), old.json["code"].as_u64()), (401, Some(124)));
    let new = bench
        .ask(
            tokens[1].str("/access_token"),
            "GET",
            "/zoom/v2/users/me",
            Value::Null,
        )
        .await;
    assert_eq!(new.str("/email"), ANA);
}

#[tokio::test]
async fn a_code_of_zoom_lives_five_minutes_and_wants_its_verifier() {
    let bench = Bench::new();
    allow(&bench, &[]);
    let code = from_redirect(&zoom_authorize(&bench, &[]).await, "code").unwrap();
    let wrong = zoom_token(&bench, &[("code", &code), ("code_verifier", &"x".repeat(43))]).await;
    assert_eq!(wrong.str("/error"), "invalid_grant");
    let code = from_redirect(&zoom_authorize(&bench, &[]).await, "code").unwrap();
    bench.later(SignedDuration::from_mins(5));
    assert_eq!(
        zoom_token(&bench, &[("code", &code)]).await.str("/error"),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_confidential_client_of_zoom_proves_itself_by_http_basic() {
    let bench = Bench::new();
    allow(&bench, &[]);
    let got = zoom_authorize(&bench, &[("client_id", zoom::CLIENT_ID)]).await;
    let code = from_redirect(&got, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", ZOOM_REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let basic = |secret: &str| {
        format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{}:{secret}", zoom::CLIENT_ID))
        )
    };
    let wrong = bench
        .form("/zoom/oauth/token", &form, &[("authorization", &basic("wrong"))])
        .await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.str("/error")),
        (401, "invalid_client")
    );
    let right = bench
        .form(
            "/zoom/oauth/token",
            &form,
            &[("authorization", &basic(zoom::CLIENT_SECRET))],
        )
        .await;
    assert_eq!(right.status, 200);
    assert_eq!(
        zoom_token(&bench, &[("client_id", zoom::CLIENT_ID)]).await.status,
        401,
        "no secret, no token"
    );
}

#[tokio::test]
async fn a_person_who_removes_the_app_ends_every_token() {
    let bench = Bench::new();
    let (google, zoom) = (bench.google(&[crate::bench::CALENDAR]), bench.zoom());
    bench.hand(Hand::RevokeGoogle {
        person: ANA.to_owned(),
    });
    bench.hand(Hand::RevokeZoom {
        email: ANA.to_owned(),
    });
    assert_eq!(bench.list(&google, "").await.status, 401);
    assert_eq!(
        bench
            .ask(&zoom, "GET", "/zoom/v2/users/me", Value::Null)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn zoom_takes_back_a_grant_by_its_access_token_alone() {
    let bench = Bench::new();
    allow(&bench, &[]);
    let code = from_redirect(&zoom_authorize(&bench, &[]).await, "code").unwrap();
    let tokens = zoom_token(&bench, &[("code", &code)]).await;
    let revoke = async |token: &str| {
        let form = [("client_id", zoom::PUBLIC_CLIENT_ID), ("token", token)];
        bench.form("/zoom/oauth/revoke", &form, &[]).await.status.as_u16()
    };
    assert_eq!(revoke(tokens.str("/refresh_token")).await, 400);
    assert_eq!(revoke(tokens.str("/access_token")).await, 200);
    let refreshing = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.str("/refresh_token")),
    ];
    assert_eq!(
        zoom_token(&bench, &refreshing).await.str("/error"),
        "invalid_grant"
    );
}
