//! A world for the tests of this module: a token endpoint with a script, a keyring that writes a log, a clock that is
//! set by hand.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::clock::OsDice;
use crate::config::Config;
use crate::ports::{Clock, Dice, Ports, Secrets, SecretsError, Transport, TransportError};

pub(super) const TOML: &str = "
[google]
client_id = 'google-id'
client_secret = 'google-secret'
[zoom]
client_id = 'zoom-id'
client_secret = 'zoom-secret'
";

pub(super) fn config(toml: &str) -> Config {
    Config::from_toml(std::path::Path::new("config.toml"), toml).unwrap()
}

/// One request that reached a service.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) uri: String,
    pub(super) authorization: Option<String>,
    pub(super) form: HashMap<String, String>,
}

type Scripted = Result<Response<Bytes>, TransportError>;

#[derive(Default)]
pub(super) struct World {
    script: Mutex<VecDeque<Scripted>>,
    seen: Mutex<Vec<Seen>>,
    log: Mutex<Vec<String>>,
    kept: Mutex<HashMap<String, String>>,
    fault: Mutex<Option<SecretsError>>,
    now: Mutex<Timestamp>,
    /// Held for writing, it keeps answers back.
    pub(super) gate: tokio::sync::RwLock<()>,
}

impl World {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new("2026-03-02T09:00:00Z".parse().unwrap()),
            ..Self::default()
        })
    }

    pub(super) fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            transport: Arc::<Self>::clone(self),
            clock: Arc::<Self>::clone(self),
            dice: Arc::new(OsDice),
            secrets: Arc::<Self>::clone(self),
        }
    }

    /// The next answer.
    pub(super) fn answers(&self, status: u16, body: &str) {
        self.answers_with(
            status,
            &[("content-type", "application/json;charset=UTF-8")],
            body,
        );
    }

    pub(super) fn answers_with(&self, status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let answer = answer.body(Bytes::copy_from_slice(body.as_ref())).unwrap();
        self.script.lock().unwrap().push_back(Ok(answer));
    }

    pub(super) fn fails(&self, error: TransportError) {
        self.script.lock().unwrap().push_back(Err(error));
    }

    /// Access token, seconds it lives, and a refresh token if one comes along.
    pub(super) fn issues(&self, access: &str, lives: u32, refresh: Option<&str>) {
        let refresh = refresh.map_or_else(String::new, |token| format!(r#","refresh_token":"{token}""#));
        self.answers(
            200,
            &format!(r#"{{"access_token":"{access}","token_type":"bearer","expires_in":{lives}{refresh}}}"#),
        );
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The refresh tokens sent, in order.
    pub(super) fn sent(&self) -> Vec<String> {
        self.seen()
            .iter()
            .filter_map(|seen| seen.form.get("refresh_token").cloned())
            .collect()
    }

    /// What was done to service and keyring, in order.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(super) fn keep(&self, name: &str, secret: &str) {
        self.kept
            .lock()
            .unwrap()
            .insert(name.to_owned(), secret.to_owned());
    }

    pub(super) fn kept(&self, name: &str) -> Option<String> {
        self.kept.lock().unwrap().get(name).cloned()
    }

    /// From now on the keyring fails like this, or works again.
    pub(super) fn keyring_fails(&self, fault: Option<SecretsError>) {
        *self.fault.lock().unwrap() = fault;
    }

    pub(super) fn passes(&self, seconds: i64) {
        *self.now.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    fn note(&self, what: String) {
        self.log.lock().unwrap().push(what);
    }

    fn faulty(&self) -> Result<(), SecretsError> {
        self.fault.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Transport for World {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let form: HashMap<_, _> = url::form_urlencoded::parse(request.body()).into_owned().collect();
        self.note(format!("POST {}", request.uri().path()));
        assert_eq!(request.method(), http::Method::POST);
        self.seen.lock().unwrap().push(Seen {
            uri: request.uri().to_string(),
            authorization: request
                .headers()
                .get("authorization")
                .map(|value| value.to_str().unwrap().to_owned()),
            form,
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let _open = self.gate.read().await;
        self.note("answer".to_owned());
        self.script
            .lock()
            .unwrap()
            .pop_front()
            .expect("a request that was not expected")
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
}

#[async_trait]
impl Secrets for World {
    async fn get(&self, name: &str) -> Result<Option<SecretString>, SecretsError> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.note(format!("get {name}"));
        self.faulty()?;
        Ok(self.kept(name).map(SecretString::from))
    }

    async fn set(&self, name: &str, secret: &SecretString) -> Result<(), SecretsError> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let secret = secret.expose_secret();
        self.note(format!("set {name} {secret}"));
        self.faulty()?;
        self.keep(name, secret);
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.note(format!("delete {name}"));
        self.faulty()?;
        self.kept.lock().unwrap().remove(name);
        Ok(())
    }
}

/// Dice that give what they are told, for a test of the wire.
pub(super) struct Loaded(pub(super) u8);

impl Dice for Loaded {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}
