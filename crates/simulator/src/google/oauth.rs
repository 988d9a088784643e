//! Google's sign-in for installed apps.
//!
//! Rules: <https://developers.google.com/identity/protocols/oauth2/native-app>.

mod authorize;
pub(crate) mod token;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::wire::{Answer, Asked};
use crate::world::World;

/// The client id of the desktop app that is registered from the start.
pub const CLIENT_ID: &str = "simulator-desktop.apps.googleusercontent.com";
/// Its secret, which Google wants from desktop apps even with PKCE.
pub const CLIENT_SECRET: &str = "GOCSPX-simulator";

pub(crate) const ACCESS_LIFE: SignedDuration = SignedDuration::from_secs(3599);
pub(crate) const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// A refresh token that nobody used for six months is dead.
pub(crate) const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(183 * 24);
/// With one more living refresh token for the same person and client, the oldest dies.
pub(crate) const REFRESH_LIMIT: usize = 100;

/// What kind of app a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A desktop app: any loopback port and path.
    Desktop,
    /// A web server: redirects exactly as registered.
    Web,
}

/// A registered app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The secret it has to send.
    pub secret: String,
    /// Desktop or web.
    pub kind: ClientKind,
    /// Registered redirects; for web apps only.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
}

/// What one person allowed one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) person: String,
    pub(crate) client: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: Timestamp,
    /// The refresh token this came from, to kill both together.
    pub(crate) refresh: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
}

/// The state of sign-in.
#[derive(Debug, Default)]
pub(crate) struct OAuth {
    pub(crate) clients: BTreeMap<String, Client>,
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) access: BTreeMap<String, Grant>,
    pub(crate) refresh: BTreeMap<String, Grant>,
    /// Age of each person's calendar list; older sync tokens are dead.
    pub(crate) list_ages: BTreeMap<String, u64>,
}

impl OAuth {
    pub(crate) fn with_default_client() -> Self {
        let client = Client {
            secret: CLIENT_SECRET.to_owned(),
            kind: ClientKind::Desktop,
            redirect_uris: Vec::new(),
        };
        Self {
            clients: BTreeMap::from([(CLIENT_ID.to_owned(), client)]),
            ..Self::default()
        }
    }

    /// The grant behind a living access token.
    pub(crate) fn access(&self, token: &str, now: Timestamp) -> Option<&Grant> {
        self.access.get(token).filter(|grant| grant.expires > now)
    }

    /// Whose token this is, living or not.
    pub(crate) fn holder(&self, token: &str) -> Option<&str> {
        self.access.get(token).map(|grant| grant.person.as_str())
    }

    pub(crate) fn list_age(&self, person: &str) -> u64 {
        self.list_ages.get(person).copied().unwrap_or_default()
    }

    /// Ends every grant of a person to a client (or to all), access tokens included: revoking takes all scopes away.
    pub(crate) fn end(&mut self, person: &str, client: Option<&str>) {
        let stays =
            |grant: &Grant| grant.person != person || client.is_some_and(|client| client != grant.client);
        self.access.retain(|_, grant| stays(grant));
        self.refresh.retain(|_, grant| stays(grant));
    }
}

/// Answers a request to the sign-in paths.
pub(crate) fn answer(world: &mut World, asked: &Asked) -> Answer {
    let segments: Vec<&str> = asked.segments.iter().map(String::as_str).collect();
    match (&asked.method, segments.as_slice()) {
        (&Method::GET, ["o", "oauth2", "v2", "auth"]) => authorize::open(world, asked),
        (&Method::POST, ["o", "oauth2", "v2", "auth"]) => authorize::decide(world, asked),
        (&Method::POST, ["token"]) => token::exchange(world, asked).unwrap_or_else(|refused| refused),
        (&Method::POST, ["revoke"]) => revoke(world, asked),
        (&Method::GET | &Method::POST, ["tokeninfo"]) => tokeninfo(world, asked),
        _ => Answer::empty(StatusCode::NOT_FOUND),
    }
}

/// Makes an access token out of thin air, for tests that are not about sign-in.
pub(crate) fn mint(world: &mut World, person: &str, scopes: Vec<String>) -> String {
    let expires = world.now() + ACCESS_LIFE;
    let token = format!("ya29.{}", world.opaque(64));
    let grant = Grant {
        person: person.to_owned(),
        client: CLIENT_ID.to_owned(),
        scopes,
        expires,
        refresh: None,
    };
    world.google.oauth.access.insert(token.clone(), grant);
    token
}

/// <https://developers.google.com/identity/protocols/oauth2/native-app#tokenrevoke>
fn revoke(world: &mut World, asked: &Asked) -> Answer {
    let form = asked.form();
    let token = form
        .iter()
        .find(|(key, _)| key == "token")
        .map(|(_, value)| value.as_str());
    let token = token.or_else(|| asked.param("token")).unwrap_or_default();
    let oauth = &mut world.google.oauth;
    let Some(grant) = oauth
        .access
        .get(token)
        .or_else(|| oauth.refresh.get(token))
        .cloned()
    else {
        return error(400, "invalid_token", "Token expired or revoked");
    };
    oauth.end(&grant.person, Some(&grant.client));
    Answer::ok(&json!({}))
}

fn tokeninfo(world: &mut World, asked: &Asked) -> Answer {
    let now = world.now();
    match asked
        .param("access_token")
        .and_then(|token| world.google.oauth.access(token, now))
    {
        None => error(400, "invalid_token", "Invalid Value"),
        Some(grant) => Answer::ok(&json!({
            "azp": grant.client,
            "aud": grant.client,
            "scope": grant.scopes.join(" "),
            "exp": grant.expires.as_second().to_string(),
            "expires_in": grant.expires.duration_since(now).as_secs().to_string(),
            "access_type": "offline",
        })),
    }
}

pub(crate) fn error(status: u16, code: &str, description: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    Answer::json(status, &json!({"error": code, "error_description": description}))
}

pub(crate) fn dead_grant() -> Answer {
    error(400, "invalid_grant", "Token has been expired or revoked.")
}

pub(crate) fn invalid_client() -> Answer {
    error(401, "invalid_client", "The OAuth client was not found.")
}

pub(crate) fn internal_failure() -> Answer {
    error(500, "internal_failure", "Internal error. Please try again.")
}
