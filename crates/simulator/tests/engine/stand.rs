//! A test stand: the real engine on a real SQLite file, its transport pointed at the simulator's router, on tokio's
//! paused clock. No socket, no real waiting.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use reconvene_core::report::{ActivityEntry, MeetingState, MeetingView, Service, SyncReport};
use reconvene_engine::Engine;
use reconvene_engine::config::Config;
use reconvene_engine::oauth::{Access, Grant};
use reconvene_engine::ports::{Clock, Dice, Ports, Secrets, SecretsError, Transport, TransportError};
use reconvene_engine::profile::Profile;
use reconvene_simulator::google::oauth as google_oauth;
use reconvene_simulator::hands::{Moment, NewConference, NewEvent};
use reconvene_simulator::zoom::oauth as zoom_oauth;
use reconvene_simulator::{
    Broken, Consent, ConsentMode, ConsentRule, Effect, Entry, Fault, Hand, Rule, Service as Wire, Simulator,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tower::ServiceExt;

pub(crate) const ANA: &str = "ana@example.test";
pub(crate) const BEN: &str = "ben@example.test";
const BASE: &str = "http://127.0.0.1:1";

pub(crate) struct Stand {
    pub(crate) simulator: Simulator,
    pub(crate) engine: Engine,
    pub(crate) secrets: Arc<Drawer>,
    pub(crate) folder: tempfile::TempDir,
    mark: AtomicU64,
    ports: Ports,
    settings: String,
}

/// Wall time that follows tokio's clock.
pub(crate) struct Wall {
    began: Instant,
    epoch: Timestamp,
}

impl Wall {
    fn now(&self) -> Timestamp {
        self.epoch + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.now()
    }
}

struct Seeded(Mutex<ChaCha8Rng>);

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
        let unanswered = |what: &str| Err(TransportError::Unanswered(what.to_owned()));
        let response = match self.0.clone().oneshot(request.map(axum::body::Body::from)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
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

impl Stand {
    /// Ana with a Google calendar that is watched and a Zoom account; Ben with a Zoom account.
    pub(crate) async fn new(settings: &str) -> Self {
        let stand = Self::bare(settings);
        stand.sign_in(Service::Google).await;
        stand.sign_in(Service::Zoom).await;
        stand.engine.watch_calendar(ANA, true).await.unwrap();
        stand
    }

    /// The same people, nobody signed in.
    pub(crate) fn bare(settings: &str) -> Self {
        let wall = Arc::new(Wall {
            began: Instant::now(),
            epoch: "2026-11-22T08:00:00Z".parse().unwrap(),
        });
        let clock = Arc::clone(&wall);
        let simulator = Simulator::new(Arc::new(move || clock.now()), 1);
        for email in [ANA, BEN] {
            let (name, time_zone) = (email.to_owned(), "Europe/Berlin".to_owned());
            let person = Hand::CreatePerson {
                email: email.into(),
                name: name.clone(),
                time_zone: time_zone.clone(),
            };
            simulator.hand(person).unwrap();
            let account = "home".to_owned();
            simulator
                .hand(Hand::CreateZoomUser {
                    email: email.into(),
                    name,
                    account,
                    time_zone,
                    may_host: true,
                })
                .unwrap();
        }
        let allow = || ConsentRule {
            mode: ConsentMode::Allow,
            user: Some(ANA.into()),
            withhold: vec![],
        };
        simulator.with(|world| {
            world.set_consent(Consent {
                google: allow(),
                zoom: allow(),
            })
        });
        let secrets = Arc::new(Drawer::default());
        let ports = Ports {
            transport: Arc::new(InProcess(simulator.router())),
            clock: wall,
            dice: Arc::new(Seeded(Mutex::new(ChaCha8Rng::seed_from_u64(1)))),
            secrets: secrets.clone(),
        };
        let folder = tempfile::tempdir().unwrap();
        let engine = open(&folder, settings, ports.clone());
        Self {
            simulator,
            engine,
            secrets,
            folder,
            mark: AtomicU64::new(0),
            ports,
            settings: settings.to_owned(),
        }
    }

    /// Kills the engine and opens it again on the same file.
    pub(crate) fn restart(&mut self) {
        self.engine = open(&self.folder, &self.settings, self.ports.clone());
    }

    pub(crate) async fn sign_in(&self, service: Service) {
        let grant = self.grant(service).await;
        self.engine.add_account(grant).await.unwrap();
    }

    /// Authorizes in-process, as a browser and the loopback listener would together.
    pub(crate) async fn grant(&self, service: Service) -> Grant {
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
            Service::Zoom => (
                "/zoom/oauth/authorize",
                "/zoom/oauth/token",
                zoom_oauth::PUBLIC_CLIENT_ID,
                None,
            ),
        };
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
            query.append_pair(
                "scope",
                "https://www.googleapis.com/auth/calendar.calendarlist.readonly https://www.googleapis.com/auth/calendar.events.readonly",
            );
        }
        let uri = format!("{BASE}{authorize}?{}", query.finish());
        let answer = self.send(Request::get(uri).body(Bytes::new()).unwrap()).await;
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
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("redirect_uri", redirect),
            ("code", &code),
            ("code_verifier", verifier),
        ]);
        form.extend_pairs(secret.map(|secret| ("client_secret", secret)));
        let request = Request::post(format!("{BASE}{token}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form.finish()))
            .unwrap();
        let answer: serde_json::Value = serde_json::from_slice(self.send(request).await.body()).unwrap();
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
                expires: self.ports.clock.now() + SignedDuration::from_mins(60),
                api_url: None,
            },
            scopes: vec![],
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.ports.transport.send(request).await.unwrap()
    }

    /// An event at `start` with a meeting that Zoom's add-on made for it. Returns both ids.
    pub(crate) fn event(&self, title: &str, start: &str) -> (String, u64) {
        self.event_on(ANA, title, start)
    }

    pub(crate) fn event_on(&self, calendar: &str, title: &str, start: &str) -> (String, u64) {
        let conference = NewConference::ZoomAddOn(ANA.into());
        let id = self.add(NewEvent {
            conference,
            ..NewEvent::new(calendar, title, at(start))
        });
        let meeting = self
            .simulator
            .with(|world| world.meetings().map(|meeting| meeting.id).max())
            .unwrap();
        let newest = self.simulator.with(|world| {
            world
                .meetings()
                .filter(|meeting| meeting.topic == title)
                .map(|meeting| meeting.id)
                .last()
        });
        (id, newest.unwrap_or(meeting))
    }

    pub(crate) fn add(&self, event: NewEvent) -> String {
        self.simulator.hand(Hand::AddEvent(Box::new(event))).unwrap()
    }

    pub(crate) fn hand(&self, hand: Hand) -> String {
        self.simulator.hand(hand).unwrap()
    }

    pub(crate) fn rename(&self, event: &str, title: &str) {
        self.hand(Hand::RenameEvent {
            calendar: ANA.into(),
            event: event.into(),
            title: title.into(),
        });
    }

    pub(crate) fn drag(&self, event: &str, start: &str) {
        self.hand(Hand::MoveEvent {
            calendar: ANA.into(),
            event: event.into(),
            start: at(start),
            end: None,
        });
    }

    pub(crate) fn cancel(&self, event: &str) {
        self.hand(Hand::CancelEvent {
            calendar: ANA.into(),
            event: event.into(),
        });
    }

    pub(crate) fn fault(&self, service: Wire, path: &str, method: &str, fault: Fault) {
        self.simulator.with(|world| {
            world
                .faults()
                .add(Rule::once(service, path, fault).method(method))
        });
    }

    pub(crate) async fn sync(&self) -> SyncReport {
        self.engine.sync(None).await.unwrap()
    }

    /// Syncs, lets `time` pass, and syncs again.
    pub(crate) async fn sync_after(&self, time: Duration) -> SyncReport {
        tokio::time::advance(time).await;
        self.sync().await
    }

    /// Looks only at the requests from now on.
    pub(crate) fn clear_log(&self) {
        let last = self
            .simulator
            .with(|world| world.log().entries().last().map_or(0, |entry| entry.seq));
        self.mark.store(last, Ordering::Relaxed);
    }

    pub(crate) fn requests(&self) -> Vec<Entry> {
        let mark = self.mark.load(Ordering::Relaxed);
        self.simulator
            .with(|world| world.log().since(mark).cloned().collect())
    }

    pub(crate) fn zoom_requests(&self) -> Vec<Entry> {
        self.requests()
            .into_iter()
            .filter(|entry| entry.service == Wire::Zoom)
            .collect()
    }

    /// `GET`, `PATCH`, … in order, as Zoom received them.
    pub(crate) fn zoom_methods(&self) -> Vec<String> {
        self.zoom_requests()
            .into_iter()
            .map(|entry| entry.method)
            .collect()
    }

    pub(crate) fn google_writes(&self) -> usize {
        self.requests()
            .iter()
            .filter(|entry| entry.service == Wire::Google && entry.is_write())
            .count()
    }

    pub(crate) fn topic(&self, meeting: u64) -> Option<String> {
        self.simulator
            .with(|world| world.meeting(meeting).map(|meeting| meeting.topic.clone()))
    }

    pub(crate) fn start(&self, meeting: u64) -> Option<Timestamp> {
        self.simulator
            .with(|world| world.meeting(meeting).and_then(|meeting| meeting.start))
    }

    pub(crate) fn exists(&self, meeting: u64) -> bool {
        self.simulator.with(|world| {
            world
                .meeting(meeting)
                .is_some_and(|meeting| meeting.trashed.is_none())
        })
    }

    pub(crate) fn newest(&self) -> ActivityEntry {
        self.engine.activity(1, None).unwrap().remove(0)
    }

    pub(crate) fn view(&self, title: &str) -> MeetingView {
        let all = self.engine.meetings().unwrap();
        all.iter()
            .find(|view| view.title == title)
            .cloned()
            .unwrap_or_else(|| panic!("{title} among {all:#?}"))
    }

    pub(crate) fn state(&self, title: &str) -> MeetingState {
        self.view(title).state
    }
}

fn open(folder: &tempfile::TempDir, settings: &str, ports: Ports) -> Engine {
    let text = format!(
        "[google]\nclient_id = \"{}\"\nclient_secret = \"{}\"\napi = \"{BASE}/google/calendar/v3\"\nauthorize = \"{BASE}/google/o/oauth2/v2/auth\"\ntoken = \"{BASE}/google/token\"\nrevoke = \"{BASE}/google/revoke\"\n\
         [zoom]\nclient_id = \"{}\"\napi = \"{BASE}/zoom/v2\"\nauthorize = \"{BASE}/zoom/oauth/authorize\"\ntoken = \"{BASE}/zoom/oauth/token\"\nrevoke = \"{BASE}/zoom/oauth/revoke\"\n\
         [sync]\n{settings}",
        google_oauth::CLIENT_ID,
        google_oauth::CLIENT_SECRET,
        zoom_oauth::PUBLIC_CLIENT_ID,
    );
    let profile = Profile::at(folder.path());
    let config = Config::from_toml(&profile.config_file(), &text).unwrap();
    Engine::open(&profile, config, ports).unwrap()
}

pub(crate) fn at(text: &str) -> Moment {
    Moment::At(text.parse().unwrap())
}

/// No answer though the request took effect.
pub(crate) fn answer_lost() -> Fault {
    Fault::after(Effect::Reset)
}

pub(crate) fn refused(preset: &str) -> Fault {
    Fault::preset(preset)
}
