//! Zoom's sign-in.
//!
//! Rules: <https://developers.zoom.us/docs/integrations/oauth/> and
//! <https://developers.zoom.us/docs/integrations/oauth-error-messages/>.

mod authorize;
mod token;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::refusal;
use crate::wire::{Answer, Asked};
use crate::world::World;

/// The id of the public client (no secret, PKCE) that is registered from the start.
pub const PUBLIC_CLIENT_ID: &str = "simulatorPublicClient";
/// The id of the confidential client that is registered from the start.
pub const CLIENT_ID: &str = "simulatorZoomClient";
/// The confidential client's secret, sent as HTTP Basic.
pub const CLIENT_SECRET: &str = "simulatorZoomSecret";

pub(crate) const ACCESS_LIFE: SignedDuration = SignedDuration::from_hours(1);
pub(crate) const CODE_LIFE: SignedDuration = SignedDuration::from_mins(5);
pub(crate) const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A registered app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The secret; a public client has none and must use PKCE.
    #[serde(default)]
    pub secret: Option<String>,
    /// Registered redirects. On a loopback address the port does not matter.
    pub redirect_uris: Vec<String>,
    /// The scopes chosen for the app; a person is asked for all of them.
    pub scopes: Vec<String>,
}

/// What one person allowed one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// User id.
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: Timestamp,
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
}

/// The scopes of the clients that are registered from the start.
pub const SCOPES: &[&str] = &[
    "meeting:read:meeting",
    "meeting:read:list_meetings",
    "meeting:update:meeting",
    "meeting:delete:meeting",
    "meeting:write:meeting",
    "meeting:update:status",
    "meeting:read:invitation",
    "user:read:user",
];

impl OAuth {
    pub(crate) fn with_default_clients() -> Self {
        let client = |secret: Option<&str>| Client {
            secret: secret.map(str::to_owned),
            redirect_uris: vec![
                "http://127.0.0.1/".to_owned(),
                "http://127.0.0.1/callback".to_owned(),
                "http://127.0.0.1/zoom/callback".to_owned(),
            ],
            scopes: SCOPES.iter().map(ToString::to_string).collect(),
        };
        Self {
            clients: BTreeMap::from([
                (PUBLIC_CLIENT_ID.to_owned(), client(None)),
                (CLIENT_ID.to_owned(), client(Some(CLIENT_SECRET))),
            ]),
            ..Self::default()
        }
    }

    pub(crate) fn holder(&self, token: &str) -> Option<&str> {
        self.access.get(token).map(|grant| grant.user.as_str())
    }

    /// Ends every grant of a user, to one client or to all.
    pub(crate) fn end(&mut self, user: &str, client: Option<&str>) {
        let stays = |grant: &Grant| grant.user != user || client.is_some_and(|client| client != grant.client);
        self.access.retain(|_, grant| stays(grant));
        self.refresh.retain(|_, grant| stays(grant));
    }
}

/// Answers a request to the sign-in paths.
pub(crate) fn answer(world: &mut World, asked: &Asked) -> Answer {
    let segments: Vec<&str> = asked.segments.iter().map(String::as_str).collect();
    match (&asked.method, segments.as_slice()) {
        (&Method::GET, ["authorize"]) => authorize::open(world, asked),
        (&Method::POST, ["authorize"]) => authorize::decide(world, asked),
        (&Method::POST, ["token"]) => token::exchange(world, asked).unwrap_or_else(|refused| refused),
        (&Method::POST, ["revoke"]) => token::revoke(world, asked).unwrap_or_else(|refused| refused),
        _ => refusal::no_path(),
    }
}

/// Makes an access token out of thin air, for tests that are not about sign-in.
pub(crate) fn mint(world: &mut World, user: &str, scopes: Vec<String>) -> String {
    let expires = world.now() + ACCESS_LIFE;
    let token = format!("eyJ{}", world.opaque(80));
    let grant = Grant {
        user: user.to_owned(),
        client: CLIENT_ID.to_owned(),
        scopes,
        expires,
    };
    world.zoom.oauth.access.insert(token.clone(), grant);
    token
}

pub(crate) fn error(status: StatusCode, code: &str, reason: &str) -> Answer {
    Answer::json(status, &json!({"reason": reason, "error": code}))
}

/// As seen in the wild (<https://github.com/raycast/extensions/issues/10896>).
pub(crate) fn dead_grant() -> Answer {
    error(StatusCode::BAD_REQUEST, "invalid_grant", "Invalid Token!")
}
