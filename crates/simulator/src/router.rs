//! The way of one request: read it, ask whether a fault meets it, let the service answer, write the log.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::fault::presets;
use crate::wire::{Answer, Asked, Service};
use crate::{Broken, Effect, Entry, Fault, RequestSummary, Simulator, When, control, google, page, zoom};

/// No client of ours sends more; the vendors' own limits are lower.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

pub(crate) fn router(simulator: Simulator) -> axum::Router {
    axum::Router::new()
        .route("/", get(page::page))
        .nest("/control", control::routes())
        .fallback(any(service))
        .with_state(simulator)
}

async fn service(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((service, rest)) = Service::of(parts.uri.path()) else {
        return plain(StatusCode::NOT_FOUND, "nothing here");
    };
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "body too large");
    };
    let asked = Asked::new(&parts, body, rest);
    let (call, fault, seq) = meet(&simulator, service, &asked);

    let Some(fault) = fault else {
        return finish(carry_out(&simulator, service, &asked, &call, seq, None));
    };
    if let Effect::Slow(millis) = fault.effect {
        return slow(&simulator, service, &asked, &call, seq, &fault, millis).await;
    }
    let own = match fault.when {
        When::After => Some(carry_out(&simulator, service, &asked, &call, seq, Some(&fault))),
        When::Before if matches!(fault.effect, Effect::CutBody(_)) => {
            Some(carry_out(&simulator, service, &asked, &call, seq, Some(&fault)))
        }
        When::Before => None,
    };
    spoil(&simulator, service, &asked, &call, seq, &fault, own)
}

/// Numbers the request and asks whether a fault is in wait for it.
fn meet(simulator: &Simulator, service: Service, asked: &Asked) -> (Call, Option<Fault>, u64) {
    let call = Call::read(service, asked);
    let mut world = simulator.lock();
    let seq = world.log.next_seq();
    let query: Vec<String> = asked
        .query
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let summary = RequestSummary {
        seq,
        service,
        method: asked.method.to_string(),
        path: format!("/{}?{}", asked.segments.join("/"), query.join("&")),
        operation: call.name().to_owned(),
    };
    let fault = world.faults.meet(&summary);
    (call, fault, seq)
}

/// What is asked for, at whichever service.
enum Call {
    Google(Option<google::call::Call>),
    GoogleOauth,
    Zoom(Option<zoom::call::Call>),
    ZoomOauth,
}

impl Call {
    fn read(service: Service, asked: &Asked) -> Self {
        match service {
            Service::Google => Self::Google(google::call::Call::read(asked)),
            Service::GoogleOauth => Self::GoogleOauth,
            Service::Zoom => Self::Zoom(zoom::call::Call::read(asked)),
            Service::ZoomOauth => Self::ZoomOauth,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Google(Some(call)) => call.name(),
            Self::Zoom(Some(call)) => call.name(),
            Self::GoogleOauth | Self::ZoomOauth => "oauth",
            Self::Google(None) | Self::Zoom(None) => "unknown",
        }
    }
}

/// Lets the service do and answer what it was asked.
fn carry_out(
    simulator: &Simulator,
    service: Service,
    asked: &Asked,
    call: &Call,
    seq: u64,
    fault: Option<&Fault>,
) -> Answer {
    let mut world = simulator.lock();
    let who = who(&world, service, asked);
    let answer = match call {
        Call::Google(call) => google::call::answer(&mut world, call.as_ref(), asked),
        Call::GoogleOauth => google::oauth::answer(&mut world, asked),
        Call::Zoom(call) => zoom::call::answer(&mut world, call.as_ref(), asked),
        Call::ZoomOauth => zoom::oauth::answer(&mut world, asked),
    };
    let mut entry = entry(&world, service, asked, call, seq, who);
    entry.status = answer.status.as_u16();
    entry.applied = entry.method != "GET" && answer.status.is_success();
    entry.fault = fault.map(Fault::name);
    world.log.push(entry);
    answer
}

fn who(world: &crate::World, service: Service, asked: &Asked) -> Option<String> {
    let token = asked.bearer()?;
    match service {
        Service::Google => world.google.oauth.holder(token).map(str::to_owned),
        Service::Zoom => world.zoom.holder_email(token),
        Service::GoogleOauth | Service::ZoomOauth => None,
    }
}

fn entry(
    world: &crate::World,
    service: Service,
    asked: &Asked,
    call: &Call,
    seq: u64,
    who: Option<String>,
) -> Entry {
    let secret = |name: &str| {
        matches!(
            name,
            "access_token" | "token" | "code" | "refresh_token" | "client_secret"
        )
    };
    let query = asked.query.iter().map(|(key, value)| {
        let value = if secret(key) {
            "…".to_owned()
        } else {
            value.clone()
        };
        (key.clone(), value)
    });
    let operation = match call {
        Call::GoogleOauth | Call::ZoomOauth => {
            format!("oauth.{}", asked.segments.last().map_or("", String::as_str))
        }
        Call::Google(_) | Call::Zoom(_) => call.name().to_owned(),
    };
    Entry {
        seq,
        at: world.now(),
        service,
        operation,
        method: asked.method.to_string(),
        path: asked.path.clone(),
        query: query.collect(),
        body: match service {
            Service::Google | Service::Zoom => asked.json().unwrap_or(Value::Null),
            Service::GoogleOauth | Service::ZoomOauth => Value::Null,
        },
        status: 0,
        who,
        if_match: asked.header(header::IF_MATCH).map(str::to_owned),
        applied: false,
        fault: None,
    }
}

/// Answers late. A Zoom write counts as under way for all that time, so a second one for the same host is refused.
async fn slow(
    simulator: &Simulator,
    service: Service,
    asked: &Asked,
    call: &Call,
    seq: u64,
    fault: &Fault,
    millis: u64,
) -> Response {
    let wait = Duration::from_millis(millis);
    if fault.when == When::Before {
        tokio::time::sleep(wait).await;
        return finish(carry_out(simulator, service, asked, call, seq, Some(fault)));
    }
    let answer = carry_out(simulator, service, asked, call, seq, Some(fault));
    let _under_way = matches!(call, Call::Zoom(Some(call)) if call.is_write())
        .then(|| UnderWay::begin(simulator, asked))
        .flatten();
    tokio::time::sleep(wait).await;
    finish(answer)
}

/// A Zoom write under way; ends when dropped, also when the caller gives up.
struct UnderWay {
    simulator: Simulator,
    host: String,
}

impl UnderWay {
    fn begin(simulator: &Simulator, asked: &Asked) -> Option<Self> {
        let mut world = simulator.lock();
        let host = who(&world, Service::Zoom, asked)?;
        *world.writing.entry(host.clone()).or_default() += 1;
        Some(Self {
            simulator: simulator.clone(),
            host,
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut world = self.simulator.lock();
        if let Some(count) = world.writing.get_mut(&self.host) {
            *count = count.saturating_sub(1);
        }
    }
}

/// Gives the fault instead of the service's answer, and logs a request that the service never saw.
fn spoil(
    simulator: &Simulator,
    service: Service,
    asked: &Asked,
    call: &Call,
    seq: u64,
    fault: &Fault,
    own: Option<Answer>,
) -> Response {
    let mut world = simulator.lock();
    let now = world.now();
    let (answer, broken) = match &fault.effect {
        Effect::Answer {
            status,
            headers,
            body,
        } => (Some(other(*status, headers, body)), None),
        Effect::Preset(name) => (
            Some(presets::answer(name, now).unwrap_or_else(|| unknown_preset(name))),
            None,
        ),
        Effect::CutBody(bytes) => {
            let mut answer = own.clone().unwrap_or_else(|| Answer::empty(StatusCode::OK));
            let length = answer.body.len().to_string();
            answer.body.truncate(*bytes);
            (
                Some(answer.with(header::CONTENT_LENGTH, length)),
                Some(Broken::CutBody),
            )
        }
        Effect::Slow(_) => (own.clone(), None),
        Effect::Hang => (None, Some(Broken::Hang)),
        Effect::Reset => (None, Some(Broken::Reset)),
        Effect::Unreachable => (None, Some(Broken::Unreachable)),
    };
    let answer = answer.unwrap_or_else(|| Answer::empty(StatusCode::OK));
    if own.is_none() {
        let who = who(&world, service, asked);
        let mut entry = entry(&world, service, asked, call, seq, who);
        entry.status = if broken.is_some() {
            0
        } else {
            answer.status.as_u16()
        };
        entry.fault = Some(fault.name());
        world.log.push(entry);
    }
    let mut response = finish(answer);
    if let Some(broken) = broken {
        response.extensions_mut().insert(broken);
    }
    response
}

fn other(status: u16, headers: &std::collections::BTreeMap<String, String>, body: &str) -> Answer {
    let mut answer = Answer::empty(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    answer.body = Bytes::from(body.to_owned());
    for (name, value) in headers {
        if let Some(name) = presets::header_name(name) {
            answer = answer.with(name, value.clone());
        }
    }
    answer
}

fn unknown_preset(name: &str) -> Answer {
    Answer::text(
        StatusCode::INTERNAL_SERVER_ERROR,
        "text/plain",
        format!("no preset named {name}"),
    )
}

fn finish(answer: Answer) -> Response {
    let headers: HeaderMap = answer.header_map();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    finish(Answer::text(status, "text/plain; charset=utf-8", text))
}
