//! Both sign-ins.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use reconvene_simulator::google::oauth as google;
use reconvene_simulator::zoom::oauth as zoom;
use reconvene_simulator::{Consent, ConsentMode, ConsentRule, Hand};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::bench::{ANA, Bench, Got};

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-letters.12345";
const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
const LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
const GOOGLE_REDIRECT: &str = "http://127.0.0.1:53682/any/path";
const ZOOM_REDIRECT: &str = "http://127.0.0.1:53682/callback";

fn challenge() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

fn allow(bench: &Bench, withhold: &[&str]) {
    let rule = ConsentRule {
        mode: ConsentMode::Allow,
        user: Some(ANA.to_owned()),
        withhold: withhold.iter().map(ToString::to_string).collect(),
    };
    bench.simulator.with(|world| {
        world.set_consent(Consent {
            google: rule.clone(),
            zoom: rule,
        })
    });
}

async fn authorize(bench: &Bench, path: &str, changes: &[(&str, &str)]) -> Got {
    let challenge = challenge();
    let mut fields = vec![
        ("response_type", "code"),
        ("state", "s t"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    bench
        .ask("", "GET", &format!("{path}?{query}"), Value::Null)
        .await
}

async fn google_authorize(bench: &Bench, changes: &[(&str, &str)]) -> Got {
    let scope = format!("{EVENTS} {LIST}");
    let mut all = vec![
        ("client_id", google::CLIENT_ID),
        ("redirect_uri", GOOGLE_REDIRECT),
        ("scope", scope.as_str()),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend(changes);
    authorize(bench, "/google/o/oauth2/v2/auth", &all).await
}

async fn zoom_authorize(bench: &Bench, changes: &[(&str, &str)]) -> Got {
    let mut all = vec![
        ("client_id", zoom::PUBLIC_CLIENT_ID),
        ("redirect_uri", ZOOM_REDIRECT),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend(changes);
    authorize(bench, "/zoom/oauth/authorize", &all).await
}

fn from_redirect(got: &Got, name: &str) -> Option<String> {
    got.location()
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

async fn google_token(bench: &Bench, changes: &[(&str, &str)]) -> Got {
    let mut all = vec![
        ("client_id", google::CLIENT_ID),
        ("client_secret", google::CLIENT_SECRET),
        ("grant_type", "authorization_code"),
        ("redirect_uri", GOOGLE_REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    bench.form("/google/token", &all, &[]).await
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
async fn google_gives_a_code_on_any_loopback_port_and_tokens_for_code_verifier_and_secret() {
    let bench = Bench::new();
    allow(&bench, &[]);
    let got = google_authorize(&bench, &[]).await;
    assert!(got.location().as_str().starts_with(GOOGLE_REDIRECT));
    assert_eq!(from_redirect(&got, "state").unwrap(), "s t");
    let code = from_redirect(&got, "code").unwrap();
    let tokens = google_token(&bench, &[("code", &code)]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    let list = "/google/calendar/v3/users/me/calendarList";
    assert_eq!(
        bench
            .ask(tokens.str("/access_token"), "GET", list, Value::Null)
            .await
            .status,
        200
    );
    let again = google_token(&bench, &[("code", &code)]).await;
    assert_eq!(again.str("/error"), "invalid_grant");
}

#[tokio::test]
async fn google_refuses_a_request_that_is_not_sound_on_its_own_page() {
    let bench = Bench::new();
    allow(&bench, &[]);
    for (change, status, code) in [
        (("client_id", "nobody"), 401, "invalid_client"),
        (
            ("redirect_uri", "https://example.test/cb"),
            400,
            "redirect_uri_mismatch",
        ),
        (
            ("redirect_uri", "urn:ietf:wg:oauth:2.0:oob"),
            400,
            "redirect_uri_mismatch",
        ),
        (("response_type", "token"), 400, "invalid_request"),
        (("code_challenge", ""), 400, "invalid_request"),
        (("code_challenge_method", "plain"), 400, "invalid_request"),
        (("state", ""), 400, "invalid_request"),
        (
            ("scope", "https://www.googleapis.com/auth/drive"),
            400,
            "invalid_scope",
        ),
    ] {
        let got = google_authorize(&bench, &[change]).await;
        assert_eq!(got.status.as_u16(), status, "{change:?}");
        assert!(got.text.contains(code), "{change:?}");
    }
}

#[tokio::test]
async fn google_names_what_is_wrong_at_the_token_endpoint() {
    let bench = Bench::new();
    allow(&bench, &[]);
    for (change, status, error, description) in [
        (
            ("client_secret", ""),
            400,
            "invalid_request",
            "client_secret is missing.",
        ),
        (
            ("client_secret", "wrong"),
            401,
            "invalid_client",
            "The provided client secret is invalid.",
        ),
        (
            ("client_id", "nobody"),
            401,
            "invalid_client",
            "The OAuth client was not found.",
        ),
        (
            ("code_verifier", ""),
            400,
            "invalid_grant",
            "Missing code verifier.",
        ),
        (
            ("redirect_uri", "http://127.0.0.1:1/any/path"),
            400,
            "redirect_uri_mismatch",
            "Bad Request",
        ),
        (
            ("grant_type", "password"),
            400,
            "unsupported_grant_type",
            "Invalid grant_type",
        ),
    ] {
        let code = from_redirect(&google_authorize(&bench, &[]).await, "code").unwrap();
        let got = google_token(&bench, &[("code", &code), change]).await;
        let told = (
            got.status.as_u16(),
            got.str("/error"),
            got.str("/error_description"),
        );
        assert_eq!(told, (status, error, description), "{change:?}");
    }
}

#[tokio::test]
async fn google_refreshes_without_rotation_and_revoking_kills_access_tokens_too() {
    let bench = Bench::new();
    allow(&bench, &[]);
    let code = from_redirect(&google_authorize(&bench, &[]).await, "code").unwrap();
    let tokens = google_token(&bench, &[("code", &code)]).await;
    let refresh = tokens.str("/refresh_token").to_owned();
    bench.later(SignedDuration::from_hours(2));
    let list = "/google/calendar/v3/users/me/calendarList";
    assert_eq!(
        bench
            .ask(tokens.str("/access_token"), "GET", list, Value::Null)
            .await
            .status,
        401
    );
    let refreshing = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    let first = google_token(&bench, &refreshing).await;
    let second = google_token(&bench, &refreshing).await;
    assert!(first.json.get("refresh_token").is_none());
    let access = second.str("/access_token").to_owned();
    assert_eq!(
        bench
            .form("/google/revoke", &[("token", &refresh)], &[])
            .await
            .status,
        200
    );
    assert_eq!(bench.ask(&access, "GET", list, Value::Null).await.status, 401);
    let dead = google_token(&bench, &refreshing).await;
    let told = (
        dead.status.as_u16(),
        dead.str("/error"),
        dead.str("/error_description"),
    );
    assert_eq!(told, (400, "invalid_grant", "Token has been expired or revoked."));
    assert_eq!(
        bench
            .form("/google/revoke", &[("token", &refresh)], &[])
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn google_drops_a_refresh_token_unused_for_half_a_year_and_the_oldest_of_more_than_a_hundred() {
    let bench = Bench::new();
    allow(&bench, &[]);
    let mut first = String::new();
    for n in 0..101 {
        let code = from_redirect(&google_authorize(&bench, &[]).await, "code").unwrap();
        let tokens = google_token(&bench, &[("code", &code)]).await;
        bench.later(SignedDuration::from_secs(1));
        if n < 2 {
            first = tokens.str("/refresh_token").to_owned();
        }
        if n == 0 {
            bench.later(SignedDuration::from_secs(1));
        }
    }
    // The very first is dead by now; the second lives until nobody has used it for too long.
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
    assert_eq!(google_token(&bench, &refreshing).await.status, 200);
    bench.later(SignedDuration::from_hours(24 * 200));
    assert_eq!(
        google_token(&bench, &refreshing).await.str("/error"),
        "invalid_grant"
    );
}

#[tokio::test]
async fn google_gives_only_the_scopes_that_were_ticked_and_a_denial_comes_back_as_such() {
    let bench = Bench::new();
    allow(&bench, &[LIST]);
    let code = from_redirect(&google_authorize(&bench, &[]).await, "code").unwrap();
    let tokens = google_token(&bench, &[("code", &code)]).await;
    assert_eq!(tokens.str("/scope"), EVENTS);
    let rule = ConsentRule {
        mode: ConsentMode::Deny,
        ..ConsentRule::default()
    };
    bench.simulator.with(|world| {
        world.set_consent(Consent {
            google: rule.clone(),
            zoom: rule,
        })
    });
    let got = google_authorize(&bench, &[]).await;
    assert_eq!(from_redirect(&got, "error").unwrap(), "access_denied");
    assert_eq!(
        from_redirect(&zoom_authorize(&bench, &[]).await, "error").unwrap(),
        "access_denied"
    );
}

#[tokio::test]
async fn a_person_is_asked_by_default_and_their_form_decides() {
    let bench = Bench::new();
    let page = google_authorize(&bench, &[]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(ANA) && page.text.contains(EVENTS));
    assert!(!page.text.contains("onclick") && !page.text.contains("<script"));
    let challenge = challenge();
    let scope = format!("{EVENTS} {LIST}");
    let form = [
        ("client_id", google::CLIENT_ID),
        ("redirect_uri", GOOGLE_REDIRECT),
        ("response_type", "code"),
        ("state", "s"),
        ("scope", scope.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("_user", ANA),
        ("_scope", LIST),
        ("_choice", "allow"),
    ];
    let got = bench.form("/google/o/oauth2/v2/auth", &form, &[]).await;
    assert_eq!(from_redirect(&got, "scope").unwrap(), LIST);
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
