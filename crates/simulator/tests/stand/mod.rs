//! What the stand of the engine's flow tests and the simulation share: the simulator's router as a transport, a keyring
//! in memory, seeded chance, a configuration that points at the simulator, and a sign-in without browser.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use reconvene_core::report::Service;
use reconvene_engine::config::Config;
use reconvene_engine::oauth::{Access, Grant};
use reconvene_engine::ports::{Dice, Secrets, SecretsError, Transport, TransportError};
use reconvene_engine::profile::Profile;
use reconvene_simulator::google::oauth as google_oauth;
use reconvene_simulator::{Broken, Consent, ConsentMode, ConsentRule, Simulator};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

pub(crate) const ANA: &str = "ana@example.test";
pub(crate) const BEN: &str = "ben@example.test";
const BASE: &str = "http://127.0.0.1:1";

/// Chance that is the same every time.
pub(crate) struct Seeded(Mutex<ChaCha8Rng>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }
}

impl Dice for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}

/// A keyring in memory.
#[derive(Default)]
pub(crate) struct Drawer {
    pub(crate) kept: Mutex<BTreeMap<String, String>>,
    pub(crate) fails: Mutex<Option<SecretsError>>,
}

#[async_trait]
impl Secrets for Drawer {
    async fn get(&self, name: &str) -> Result<Option<SecretString>, SecretsError> {
        self.fails.lock().unwrap().clone().map_or(Ok(()), Err)?;
        Ok(self
            .kept
            .lock()
            .unwrap()
            .get(name)
            .cloned()
            .map(SecretString::from))
    }

    async fn set(&self, name: &str, secret: &SecretString) -> Result<(), SecretsError> {
        self.fails.lock().unwrap().clone().map_or(Ok(()), Err)?;
        self.kept
            .lock()
            .unwrap()
            .insert(name.to_owned(), secret.expose_secret().to_owned());
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.fails.lock().unwrap().clone().map_or(Ok(()), Err)?;
        self.kept.lock().unwrap().remove(name);
        Ok(())
    }
}

/// The simulator's router as a transport.
pub(crate) struct InProcess(pub(crate) Router);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let response = self.arrive(request).await;
        Self::answer(response).await
    }
}

impl InProcess {
    /// The request takes effect, without any time passing. The answer is still to be had.
    pub(crate) async fn arrive(&self, request: Request<Bytes>) -> Response<Body> {
        match self.0.clone().oneshot(request.map(Body::from)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    pub(crate) async fn answer(response: Response<Body>) -> Result<Response<Bytes>, TransportError> {
        let unanswered = |what: &str| Err(TransportError::Unanswered(what.to_owned()));
        match response.extensions().get::<Broken>() {
            Some(Broken::Reset) => return unanswered("reset"),
            Some(Broken::CutBody) => return unanswered("cut"),
            Some(Broken::Unreachable) => return Err(TransportError::Unreachable("refused".to_owned())),
            Some(Broken::Hang) => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                return unanswered("timeout");
            }
            None => {}
        }
        let (parts, body) = response.into_parts();
        match body.collect().await {
            Ok(collected) => Ok(Response::from_parts(parts, collected.to_bytes())),
            Err(_) => unanswered("cut"),
        }
    }
}

/// What is asked for at first, and what once meetings are to be written on events.
pub(crate) const TO_READ: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly https://www.googleapis.com/auth/calendar.events.readonly";

pub(crate) const TO_WRITE: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly https://www.googleapis.com/auth/calendar.events";

/// Authorizes in-process, as a browser and the loopback listener would together, with these scopes at Google.
pub(crate) async fn granted(
    simulator: &Simulator,
    service: Service,
    who: &str,
    zoom_client: &str,
    scopes: &str,
) -> Grant {
    let allow = || ConsentRule {
        mode: ConsentMode::Allow,
        user: Some(who.into()),
        withhold: vec![],
    };
    simulator.with(|world| {
        world.set_consent(Consent {
            google: allow(),
            zoom: allow(),
        })
    });
    let browser = InProcess(simulator.router());
    let verifier = "a-verifier-of-at-least-forty-three-characters-long";
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let redirect = "http://127.0.0.1:9/callback";
    let (authorize, token, id, secret) = match service {
        Service::Google => (
            "/google/o/oauth2/v2/auth",
            "/google/token",
            google_oauth::CLIENT_ID,
            Some(google_oauth::CLIENT_SECRET),
        ),
        Service::Zoom => ("/zoom/oauth/authorize", "/zoom/oauth/token", zoom_client, None),
    };
    let query = {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([
            ("client_id", id),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("state", "state"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        if service == Service::Google {
            query.append_pair("access_type", "offline");
            query.append_pair("scope", scopes);
        }
        query.finish()
    };
    let uri = format!("{BASE}{authorize}?{query}");
    let answer = browser
        .send(Request::get(uri).body(Bytes::new()).unwrap())
        .await
        .unwrap();
    let location = answer
        .headers()
        .get("location")
        .expect("consent redirects")
        .to_str()
        .unwrap();
    let location = url::Url::parse(location).unwrap();
    let code = location
        .query_pairs()
        .find(|(name, _)| name == "code")
        .expect("a code")
        .1
        .into_owned();
    let form = {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("redirect_uri", redirect),
            ("code", &code),
            ("code_verifier", verifier),
        ]);
        form.extend_pairs(secret.map(|secret| ("client_secret", secret)));
        form.finish()
    };
    let request = Request::post(format!("{BASE}{token}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .unwrap();
    let answer: serde_json::Value =
        serde_json::from_slice(browser.send(request).await.unwrap().body()).unwrap();
    let text = |name: &str| {
        SecretString::from(
            answer[name]
                .as_str()
                .unwrap_or_else(|| panic!("{name}: {answer}")),
        )
    };
    Grant {
        service,
        refresh: text("refresh_token"),
        access: Access {
            token: text("access_token"),
            expires: simulator.with(|world| world.now()) + SignedDuration::from_mins(60),
            api_url: None,
        },
        scopes: answer["scope"]
            .as_str()
            .unwrap_or_default()
            .split(' ')
            .map(str::to_owned)
            .collect(),
    }
}

/// The configuration that points at the simulator, with `settings` below `[sync]`.
pub(crate) fn config(profile: &Profile, zoom_client: &str, settings: &str) -> Config {
    let text = format!(
        "[google]\nclient_id = \"{}\"\nclient_secret = \"{}\"\napi = \"{BASE}/google/calendar/v3\"\nauthorize = \"{BASE}/google/o/oauth2/v2/auth\"\ntoken = \"{BASE}/google/token\"\nrevoke = \"{BASE}/google/revoke\"\n\
         [zoom]\nclient_id = \"{zoom_client}\"\napi = \"{BASE}/zoom/v2\"\nauthorize = \"{BASE}/zoom/oauth/authorize\"\ntoken = \"{BASE}/zoom/oauth/token\"\nrevoke = \"{BASE}/zoom/oauth/revoke\"\n\
         [sync]\n{settings}",
        google_oauth::CLIENT_ID,
        google_oauth::CLIENT_SECRET,
    );
    Config::from_toml(&profile.config_file(), &text).unwrap()
}
