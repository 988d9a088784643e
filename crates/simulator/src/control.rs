//! The admin door: everything a test or the page needs that no real service offers.
//!
//! | route | what |
//! | --- | --- |
//! | `POST /control/reset` | empties the world |
//! | `POST /control/scenario {"name": "demo"}` | fills it |
//! | `POST /control/hand {"do": …}` | a deed of a person, see [`Hand`]; gives `{"id": …}` |
//! | `POST /control/token {"service", "user", "scopes"}` | an access token without sign-in |
//! | `POST /control/client {"service", "id", "client"}` | registers a sign-in client |
//! | `GET, POST /control/consent` | how the authorize pages behave |
//! | `GET, POST, DELETE /control/faults` | faults in wait; POST adds one rule or a list |
//! | `GET /control/presets` | the named answers a fault can give |
//! | `GET /control/log?since=N`, `DELETE /control/log` | every request, with counts |
//! | `GET /control/mails` | mails that requests caused |
//! | `GET /control/state` | calendars with their events, meetings, the last writes; for the page |

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::presets;
use crate::{Consent, Hand, Refused, Rule, Service, Simulator, World, scenario};

pub(crate) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/reset", post(reset))
        .route("/scenario", post(fill))
        .route("/hand", post(hand))
        .route("/token", post(token))
        .route("/client", post(client))
        .route("/consent", get(consent).post(set_consent))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/presets", get(async || Json(presets::NAMES)))
        .route("/log", get(log).delete(clear_log))
        .route("/mails", get(mails))
        .route("/state", get(crate::page::state))
}

/// A deed that could not be done is 409 with the reason.
impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::CONFLICT, Json(json!({"refused": self.0}))).into_response()
    }
}

async fn reset(State(simulator): State<Simulator>) -> StatusCode {
    simulator.with(World::reset);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

async fn fill(State(simulator): State<Simulator>, Json(wanted): Json<Named>) -> Result<StatusCode, Refused> {
    match wanted.name.as_str() {
        "demo" => simulator.with(scenario::demo)?,
        "empty" => simulator.with(World::reset),
        other => return Err(Refused(format!("no scenario {other}"))),
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn hand(State(simulator): State<Simulator>, Json(hand): Json<Hand>) -> Result<Json<Value>, Refused> {
    simulator.hand(hand).map(|id| Json(json!({"id": id})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    service: Service,
    user: String,
    scopes: Vec<String>,
}

async fn token(
    State(simulator): State<Simulator>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Value>, Refused> {
    let scopes: Vec<&str> = wanted.scopes.iter().map(String::as_str).collect();
    let token = simulator.with(|world| match wanted.service {
        Service::Google | Service::GoogleOauth => Ok(world.google_token(&wanted.user, &scopes)),
        Service::Zoom | Service::ZoomOauth => world.zoom_token(&wanted.user, &scopes),
    })?;
    Ok(Json(json!({"access_token": token})))
}

#[derive(Deserialize)]
#[serde(tag = "service", rename_all = "snake_case")]
enum NewClient {
    Google {
        id: String,
        client: crate::google::oauth::Client,
    },
    Zoom {
        id: String,
        client: crate::zoom::oauth::Client,
    },
}

async fn client(State(simulator): State<Simulator>, Json(new): Json<NewClient>) -> StatusCode {
    simulator.with(|world| match new {
        NewClient::Google { id, client } => world.register_google_client(&id, client),
        NewClient::Zoom { id, client } => world.register_zoom_client(&id, client),
    });
    StatusCode::NO_CONTENT
}

async fn consent(State(simulator): State<Simulator>) -> Json<Consent> {
    Json(simulator.with(|world| world.consent.clone()))
}

async fn set_consent(State(simulator): State<Simulator>, Json(consent): Json<Consent>) -> StatusCode {
    simulator.with(|world| world.set_consent(consent));
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    One(Box<Rule>),
    Many(Vec<Rule>),
}

async fn add_faults(State(simulator): State<Simulator>, Json(rules): Json<Rules>) -> StatusCode {
    simulator.with(|world| match rules {
        Rules::One(rule) => world.faults().add(*rule),
        Rules::Many(rules) => rules.into_iter().for_each(|rule| world.faults().add(rule)),
    });
    StatusCode::NO_CONTENT
}

async fn faults(State(simulator): State<Simulator>) -> Json<Vec<Rule>> {
    Json(simulator.with(|world| world.faults().rules().to_vec()))
}

async fn clear_faults(State(simulator): State<Simulator>) -> StatusCode {
    simulator.with(|world| world.faults().clear());
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn log(State(simulator): State<Simulator>, Query(Since { since }): Query<Since>) -> Json<Value> {
    Json(simulator.with(|world| {
        let entries: Vec<_> = world.log().since(since).collect();
        json!({"entries": entries, "counts": world.log().counts(), "per_meeting": world.log().per_meeting()})
    }))
}

async fn clear_log(State(simulator): State<Simulator>) -> StatusCode {
    simulator.with(|world| world.log.clear());
    StatusCode::NO_CONTENT
}

async fn mails(State(simulator): State<Simulator>) -> Json<Value> {
    Json(simulator.with(|world| json!(world.mails())))
}
