//! The page for people: a week of the calendar, and beside it the meetings and the writes that came in.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::google::instances::unchanged;
use crate::google::{Calendar, Event};
use crate::zoom::Meeting;
use crate::{Entry, Simulator, World};

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The page in one piece. Its policy allows this very style and script, named by their digests, and nothing else.
pub(crate) async fn page() -> Response {
    let html = HTML
        .replace("/* page.css */", STYLE)
        .replace("/* page.js */", SCRIPT);
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(SCRIPT),
    );
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn digest(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// How far the page can turn, before and after now.
const SHOWN: SignedDuration = SignedDuration::from_hours(24 * 42);
/// How many of the last writes the page shows.
const LAST_WRITES: usize = 20;

/// `GET /control/state`.
pub(crate) async fn state(State(simulator): State<Simulator>) -> Json<Value> {
    Json(simulator.with(|world| {
        let now = world.now();
        let first = world.google.people.keys().next();
        let living = world
            .google
            .calendars
            .iter()
            .filter(|(_, calendar)| !calendar.deleted);
        let calendars: Vec<Value> = living
            .map(|(id, calendar)| {
                json!({
                    "id": id,
                    "summary": world.google.name_of(id),
                    "time_zone": calendar.time_zone,
                    "shown": Some(&calendar.owner) == first,
                    "events": events(id, calendar, now),
                })
            })
            .collect();
        let meetings: Vec<Value> = world
            .meetings()
            .map(|meeting| self::meeting(world, meeting))
            .collect();
        let writes: Vec<&Entry> = world.log().writes().collect();
        let last: Vec<&&Entry> = writes.iter().rev().take(LAST_WRITES).collect();
        json!({
            "now": now,
            "calendars": calendars,
            "meetings": meetings,
            "writes": last,
            "requests": world.log().entries().len(),
        })
    }))
}

fn events(id: &str, calendar: &Calendar, now: Timestamp) -> Vec<Value> {
    let (from, until) = (now - SHOWN, now + SHOWN);
    let mut rows: Vec<Arc<Event>> = Vec::new();
    for event in calendar.events.values().filter(|event| !event.is_cancelled()) {
        if event.is_series() {
            rows.extend(unchanged(calendar, event, Some(from), Some(until)));
        } else {
            rows.push(Arc::clone(event));
        }
    }
    rows.retain(|event| event.end.instant() > from && event.start.instant() < until);
    rows.iter().map(|event| self::event(id, event)).collect()
}

fn event(calendar: &str, event: &Event) -> Value {
    let conference = event.conference();
    json!({
        "id": event.id,
        "title": event.summary(),
        "start": event.start.instant(),
        "end": event.end.instant(),
        "all_day": event.start.is_day(),
        "series": event.recurring_event_id,
        "own": event.organizer == calendar,
        "solution": conference.and_then(|data| data.pointer("/conferenceSolution/name")),
        "meeting": conference.and_then(|data| data.get("conferenceId")),
    })
}

fn meeting(world: &World, meeting: &Meeting) -> Value {
    let dates = meeting
        .occurrences
        .iter()
        .filter(|occurrence| !occurrence.deleted);
    json!({
        "id": meeting.id.to_string(),
        "topic": meeting.topic,
        "kind": meeting.kind,
        "start": meeting.start,
        "minutes": meeting.minutes,
        "time_zone": meeting.time_zone,
        "host": world.zoom.users.get(&meeting.host_id).map(|host| &host.email),
        "trashed": meeting.trashed,
        "revision": meeting.revision,
        "occurrences": dates.map(|occurrence| occurrence.start).collect::<Vec<_>>(),
    })
}
