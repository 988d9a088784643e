//! A simulator under a clock that the test turns by hand, and short ways to ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use reconvene_simulator::hands::{Moment, NewConference, NewEvent};
use reconvene_simulator::{Broken, Hand, Simulator};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const ANA: &str = "ana@example.test";
pub(crate) const BEN: &str = "ben@example.test";
pub(crate) const CALENDAR: &str = "https://www.googleapis.com/auth/calendar";

pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    seconds: Arc<AtomicI64>,
}

pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
    pub(crate) broken: Option<Broken>,
}

impl Got {
    pub(crate) fn reason(&self) -> &str {
        self.json
            .pointer("/error/errors/0/reason")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn str(&self, pointer: &str) -> &str {
        self.json
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    pub(crate) fn location(&self) -> url::Url {
        self.headers["location"].to_str().unwrap().parse().unwrap()
    }
}

impl Bench {
    /// Ana and Ben at Google and Zoom, on 1 December 2026, 08:00 UTC.
    pub(crate) fn new() -> Self {
        let start: Timestamp = "2026-12-01T08:00:00Z".parse().unwrap();
        let seconds = Arc::new(AtomicI64::new(start.as_second()));
        let own = Arc::clone(&seconds);
        let clock = Arc::new(move || Timestamp::from_second(own.load(Ordering::SeqCst)).unwrap());
        let bench = Self {
            simulator: Simulator::new(clock, 7),
            seconds,
        };
        for (email, name) in [(ANA, "Ana Weber"), (BEN, "Ben Santoso")] {
            bench.hand(Hand::CreatePerson {
                email: email.to_owned(),
                name: name.to_owned(),
                time_zone: "Europe/Berlin".to_owned(),
            });
            bench.hand(Hand::CreateZoomUser {
                email: email.to_owned(),
                name: name.to_owned(),
                account: "home".to_owned(),
                time_zone: "Europe/Berlin".to_owned(),
                may_host: true,
            });
        }
        bench
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        self.seconds.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    pub(crate) fn hand(&self, hand: Hand) -> String {
        self.simulator.hand(hand).unwrap()
    }

    /// An event of Ana's, half an hour long.
    pub(crate) fn event(&self, title: &str, start: &str, conference: NewConference) -> String {
        let start = Moment::At(start.parse().unwrap());
        let event = NewEvent {
            conference,
            ..NewEvent::new(ANA, title, start)
        };
        self.hand(Hand::AddEvent(Box::new(event)))
    }

    /// A weekly series of Ana's on Mondays from 7 December 2026, 09:00 in Berlin, six times.
    pub(crate) fn series(&self, conference: NewConference) -> String {
        let start = Moment::At("2026-12-07T08:00:00Z".parse().unwrap());
        let event = NewEvent {
            conference,
            recurrence: vec!["RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=6".to_owned()],
            ..NewEvent::new(ANA, "Weekly", start)
        };
        self.hand(Hand::AddEvent(Box::new(event)))
    }

    pub(crate) fn rename(&self, event: &str, title: &str) {
        self.hand(Hand::RenameEvent {
            calendar: ANA.to_owned(),
            event: event.to_owned(),
            title: title.to_owned(),
        });
    }

    pub(crate) fn google(&self, scopes: &[&str]) -> String {
        self.simulator.with(|world| world.google_token(ANA, scopes))
    }

    pub(crate) fn zoom(&self) -> String {
        self.simulator
            .with(|world| world.zoom_token(ANA, reconvene_simulator::zoom::oauth::SCOPES))
            .unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        let response = self.simulator.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Got {
            status: parts.status,
            broken: parts.extensions.get::<Broken>().copied(),
            headers: parts.headers,
            json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> Got {
        self.ask_with(token, method, path, body, &[]).await
    }

    pub(crate) async fn ask_with(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Got {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// `events.list` on a calendar with a query.
    pub(crate) async fn list(&self, token: &str, query: &str) -> Got {
        let path = format!("/google/calendar/v3/calendars/primary/events?{query}");
        self.ask(token, "GET", &path, Value::Null).await
    }

    /// A sync token for everything up to now.
    pub(crate) async fn sync_token(&self, token: &str) -> String {
        self.list(token, "").await.str("/nextSyncToken").to_owned()
    }
}

pub(crate) fn calendar(path: &str) -> String {
    format!("/google/calendar/v3/calendars/{path}")
}
