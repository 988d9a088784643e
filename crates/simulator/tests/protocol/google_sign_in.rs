//! Google's sign-in.

use jiff::SignedDuration;
use reconvene_simulator::google::oauth as google;
use reconvene_simulator::{Consent, ConsentMode, ConsentRule};
use serde_json::Value;

use crate::bench::{ANA, Bench, Got};
use crate::sign_in::{VERIFIER, allow, authorize, challenge, from_redirect};
use crate::zoom_sign_in::zoom_authorize;

const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
const LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
const GOOGLE_REDIRECT: &str = "http://127.0.0.1:53682/any/path";

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
