use std::collections::HashMap;
use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::super::testing::{Loaded, TOML, World, config};
use super::*;
use crate::ports::TransportError;

const GRANTED: &str = r#"{"access_token":"a1","token_type":"Bearer","expires_in":3599,"refresh_token":"r1",
    "scope":"https://www.googleapis.com/auth/calendar.events.readonly https://www.googleapis.com/auth/calendar.calendarlist.readonly"}"#;

/// A sign-in that waits, seen from outside.
struct Waiting {
    world: Arc<World>,
    url: Url,
    port: u16,
    state: String,
    cancel: CancellationToken,
    finish: JoinHandle<Result<Grant, Problem>>,
}

async fn waiting(service: Service) -> Waiting {
    let world = World::new();
    let client = OAuthClient::for_service(&config(TOML), service).unwrap();
    let begun = begin(&client, &world.ports(), PATIENCE).await.unwrap();
    let url = begun.url.clone();
    let redirect = Url::parse(&query(&url)["redirect_uri"]).unwrap();
    assert_eq!(redirect.host_str(), Some("127.0.0.1"));
    let cancel = CancellationToken::new();
    Waiting {
        world,
        port: redirect.port().unwrap(),
        state: query(&url)["state"].clone(),
        url,
        finish: tokio::spawn(begun.finish(cancel.clone())),
        cancel,
    }
}

impl Waiting {
    /// What the browser does, with any host, method and target. Gives status and page.
    async fn request(&self, method: &str, host: &str, target: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    async fn visit(&self, target: &str) -> (u16, String) {
        self.request("GET", &format!("127.0.0.1:{}", self.port), target)
            .await
    }

    async fn redirect(&self, rest: &str) -> (u16, String) {
        self.visit(&format!("/callback?state={}&{rest}", self.state))
            .await
    }

    async fn closed(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).await.is_err()
    }
}

fn query(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn the_address_asks_for_what_is_needed_and_nothing_else() {
    let waiting = waiting(Service::Google).await;
    assert!(
        waiting
            .url
            .as_str()
            .starts_with("https://accounts.google.com/o/oauth2/v2/auth?")
    );
    let asked = query(&waiting.url);
    let mut names: Vec<_> = asked.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "access_type",
            "client_id",
            "code_challenge",
            "code_challenge_method",
            // A right that was given once stays; none is asked for by it.
            "include_granted_scopes",
            "prompt",
            "redirect_uri",
            "response_type",
            "scope",
            "state"
        ]
    );
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], "google-id");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(
        (asked["access_type"].as_str(), asked["prompt"].as_str()),
        ("offline", "consent")
    );
    assert_eq!(
        asked["scope"],
        "https://www.googleapis.com/auth/calendar.calendarlist.readonly \
         https://www.googleapis.com/auth/calendar.events.readonly"
    );
    assert_eq!(
        asked["redirect_uri"],
        format!("http://127.0.0.1:{}/callback", waiting.port)
    );
    let state = BASE64_URL_SAFE_NO_PAD.decode(&asked["state"]).unwrap();
    assert!(state.len() >= 32);
    assert_ne!(asked["state"], asked["code_challenge"]);

    let zoom = query(&self::waiting(Service::Zoom).await.url);
    for absent in ["scope", "access_type", "prompt"] {
        assert!(!zoom.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn state_and_verifier_come_from_the_dice() {
    let world = World::new();
    let client = OAuthClient::for_service(&config(TOML), Service::Zoom).unwrap();
    let mut ports = world.ports();
    ports.dice = Arc::new(Loaded(7));
    let begun = begin(&client, &ports, PATIENCE).await.unwrap();
    let thrown = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
    assert_eq!(query(&begun.url)["state"], thrown);
    assert_eq!(*begun.verifier.secret(), thrown);
    assert!(!format!("{begun:?}").contains("state"), "{begun:?}");
}

#[tokio::test]
async fn a_sign_in_proves_itself_by_pkce_at_its_own_services_endpoint_and_closes_the_port() {
    let waiting = waiting(Service::Google).await;
    waiting.world.answers(200, GRANTED);
    let (status, page) = waiting.redirect("code=4%2Fabc&scope=x").await;
    assert_eq!(status, 200);
    assert!(page.contains("You are signed in"), "{page}");
    assert!(waiting.closed().await);

    let asked = query(&waiting.url);
    let seen = waiting.world.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].uri, "https://oauth2.googleapis.com/token");
    assert_eq!(seen[0].form["grant_type"], "authorization_code");
    assert_eq!(seen[0].form["code"], "4/abc");
    assert_eq!(seen[0].form["redirect_uri"], asked["redirect_uri"]);
    let verifier = PkceCodeVerifier::new(seen[0].form["code_verifier"].clone());
    assert!((43..=128).contains(&verifier.secret().len()));
    assert_eq!(
        PkceCodeChallenge::from_code_verifier_sha256(&verifier).as_str(),
        asked["code_challenge"]
    );

    let grant = waiting.finish.await.unwrap().unwrap();
    assert_eq!(grant.service, Service::Google);
    assert_eq!(grant.refresh.expose_secret(), "r1");
    assert_eq!(grant.access.token.expose_secret(), "a1");
    assert_eq!(grant.access.expires.to_string(), "2026-03-02T09:59:59Z");
    assert_eq!(grant.scopes.len(), 2);
}

#[tokio::test]
async fn whatever_does_not_belong_to_this_sign_in_is_refused_without_a_token_request_and_without_ending_it() {
    let waiting = waiting(Service::Google).await;
    // A browser opens connections ahead of need.
    let _idle = TcpStream::connect(("127.0.0.1", waiting.port)).await.unwrap();
    let (state, port) = (&waiting.state, waiting.port);
    let own = format!("127.0.0.1:{port}");
    let good = format!("/callback?code=c&state={state}");
    for (status, method, host, target) in [
        (
            400,
            "GET",
            own.as_str(),
            "/callback?code=c&state=guess".to_owned(),
        ),
        (400, "GET", &own, format!("/callback?code=c&state={}x", state)),
        (400, "GET", &own, "/callback?code=c&state=".to_owned()),
        (400, "GET", &own, "/callback?code=c".to_owned()),
        (400, "GET", &own, "/callback".to_owned()),
        (400, "GET", &own, format!("/callback?state={state}")),
        (400, "GET", &own, format!("/callback?code=&state={state}")),
        (400, "GET", &own, format!("{good}&code=d")),
        (400, "GET", &own, format!("{good}&state={state}")),
        (400, "GET", &own, format!("{good}&error=access_denied")),
        (400, "GET", &own, format!("{good}&iss=https%3A%2F%2Fzoom.us")),
        (404, "GET", &own, "/favicon.ico".to_owned()),
        (404, "GET", &own, format!("/?code=c&state={state}")),
        (404, "GET", &own, format!("/callback/?code=c&state={state}")),
        (405, "POST", &own, good.clone()),
        (405, "HEAD", &own, good.clone()),
        (421, "GET", "localhost", good.clone()),
        (421, "GET", "evil.example", good.clone()),
        (421, "GET", &format!("evil.example:{port}"), good.clone()),
    ] {
        let (seen, page) = waiting.request(method, host, &target).await;
        assert_eq!(seen, status, "{method} {host} {target}");
        assert!(
            method == "HEAD" || page.contains("not the sign-in that Reconvene is waiting for"),
            "{page}"
        );
    }
    assert!(waiting.world.seen().is_empty());
    assert!(!waiting.finish.is_finished());

    waiting.world.answers(200, GRANTED);
    let (status, _) = waiting.redirect("code=c&iss=https://accounts.google.com").await;
    assert_eq!(status, 200);
    waiting.finish.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_second_redirect_is_refused() {
    let waiting = waiting(Service::Google).await;
    waiting.world.answers(200, GRANTED);
    // It comes while the first is being redeemed, over a connection that was open before.
    let mut second = TcpStream::connect(("127.0.0.1", waiting.port)).await.unwrap();
    let again = format!(
        "GET /callback?code=c2&state={} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
        waiting.state, waiting.port
    );
    let world = &waiting.world;
    let held = world.gate.write().await;
    let (first, second) = tokio::join!(waiting.redirect("code=c1"), async move {
        while world.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        second.write_all(again.as_bytes()).await.unwrap();
        let mut answer = String::new();
        second.read_to_string(&mut answer).await.unwrap();
        drop(held);
        answer
    });
    assert_eq!(first.0, 200);
    assert!(second.starts_with("HTTP/1.1 410"), "{second}");
    assert_eq!(waiting.world.seen().len(), 1);
    assert_eq!(waiting.world.seen()[0].form["code"], "c1");
    waiting.finish.await.unwrap().unwrap();
}

#[tokio::test]
async fn declining_is_no_failure_and_says_so() {
    let waiting = waiting(Service::Zoom).await;
    let (status, page) = waiting
        .redirect("error=access_denied&error_description=%3Cscript%3E")
        .await;
    assert_eq!(status, 200);
    assert!(
        page.contains("Sign-in declined") && !page.contains("script>"),
        "{page}"
    );
    assert_eq!(
        waiting.finish.await.unwrap().unwrap_err().code,
        Code::SignInDenied
    );
    assert!(waiting.world.seen().is_empty());
}

#[tokio::test]
async fn an_error_at_the_consent_page_is_understood_by_its_code() {
    for (error, code) in [
        ("admin_policy_enforced", Code::SignInDenied),
        ("org_internal", Code::SignInDenied),
        ("invalid_scope", Code::ClientRejected),
        ("deleted_client", Code::ClientRejected),
        ("temporarily_unavailable", Code::ServiceFailed),
        ("%3Cimg%20src%3Dx%3E", Code::ServiceFailed),
    ] {
        let waiting = waiting(Service::Google).await;
        let (_, page) = waiting.redirect(&format!("error={error}")).await;
        let problem = waiting.finish.await.unwrap().unwrap_err();
        assert_eq!(problem.code, code, "{error}");
        let shown = if code == Code::SignInDenied {
            "Sign-in declined"
        } else {
            "That did not work"
        };
        assert!(page.contains(shown), "{page}");
        assert!(
            !format!("{page} {problem:?}").contains("<img"),
            "nothing is repeated"
        );
    }
}

#[tokio::test]
async fn a_cancelled_sign_in_changes_nothing_and_closes_the_port() {
    let waiting = waiting(Service::Zoom).await;
    assert!(!waiting.closed().await);
    waiting.cancel.cancel();
    let Waiting {
        finish, world, port, ..
    } = waiting;
    assert_eq!(finish.await.unwrap().unwrap_err().code, Code::SignInCancelled);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    assert!(world.seen().is_empty() && world.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_five_minutes() {
    let world = World::new();
    let client = OAuthClient::for_service(&config(TOML), Service::Zoom).unwrap();
    let begun = begin(&client, &world.ports(), PATIENCE).await.unwrap();
    let port = begun.redirect.url().port().unwrap();
    let started = Instant::now();
    let problem = begun.finish(CancellationToken::new()).await.unwrap_err();
    assert_eq!(problem.code, Code::SignInTimedOut);
    assert_eq!(started.elapsed().as_secs(), 300);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_sign_in_that_is_dropped_closes_the_port() {
    let waiting = waiting(Service::Zoom).await;
    waiting.finish.abort();
    let port = waiting.port;
    assert!(waiting.finish.await.unwrap_err().is_cancelled());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_grant_that_is_too_narrow_or_without_refresh_token_is_refused() {
    for (body, code) in [
        (
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","scope":"https://www.googleapis.com/auth/calendar.events.readonly"}"#,
            Code::MissingScope,
        ),
        (
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","scope":""}"#,
            Code::MissingScope,
        ),
        (r#"{"access_token":"a","token_type":"Bearer"}"#, Code::SignInAgain),
    ] {
        let waiting = waiting(Service::Google).await;
        waiting.world.answers(200, body);
        let (_, page) = waiting.redirect("code=c").await;
        assert!(page.contains("That did not work"), "{page}");
        assert_eq!(waiting.finish.await.unwrap().unwrap_err().code, code, "{body}");
    }
}

#[tokio::test]
async fn a_code_that_is_refused_or_not_redeemed_is_a_failure_with_a_reason() {
    let waiting = waiting(Service::Zoom).await;
    waiting.world.answers(
        400,
        r#"{"reason":"Invalid authorization code","error":"invalid_grant"}"#,
    );
    waiting.redirect("code=c").await;
    assert_eq!(waiting.finish.await.unwrap().unwrap_err().code, Code::SignInAgain);

    let waiting = self::waiting(Service::Zoom).await;
    waiting
        .world
        .fails(TransportError::Unreachable("no route".to_owned()));
    let (_, page) = waiting.redirect("code=c").await;
    assert!(page.contains("That did not work"));
    assert_eq!(waiting.finish.await.unwrap().unwrap_err().code, Code::Offline);
}

#[tokio::test]
async fn the_page_runs_nothing_and_is_not_kept() {
    let waiting = waiting(Service::Zoom).await;
    let (_, page) = waiting.visit("/").await;
    let page = page.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "content-type: text/html; charset=utf-8",
        "connection: close",
    ] {
        assert!(page.contains(header), "{header}: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("{title}"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_port_is_open_on_127_0_0_1_alone() {
    let waiting = waiting(Service::Zoom).await;
    let port = format!(":{:04X}", waiting.port);
    let listening = |table: &str| -> Vec<String> {
        std::fs::read_to_string(table)
            .unwrap_or_default()
            .lines()
            .filter_map(|line| {
                let mut columns = line.split_whitespace().skip(1);
                let (local, state) = (columns.next()?, columns.nth(1)?);
                (local.ends_with(&port) && state == "0A").then(|| local.to_owned())
            })
            .collect()
    };
    assert_eq!(listening("/proc/net/tcp"), [format!("0100007F{port}")]);
    assert!(listening("/proc/net/tcp6").is_empty());
}
