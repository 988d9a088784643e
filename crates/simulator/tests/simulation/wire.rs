//! The wire between an engine and the simulator: it takes time, it can end the process at either side of a request,
//! and it shows every request to the ledger.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use jiff::{SignedDuration, Timestamp};
use reconvene_engine::ports::{Transport, TransportError};
use reconvene_simulator::Simulator;
use tokio::sync::Notify;

use crate::chance::Chance;
use crate::ledger::{Arrival, Ledger, Machine};
use crate::making::OnEvent;
use crate::planted::Planted;
use crate::riddles::garble;
use crate::shared::InProcess;
use crate::shown::About;
use crate::steps::Kill;
use crate::truth::Key;

/// The end of a process, and how it is to come about.
#[derive(Default)]
pub(crate) struct Doom {
    struck: Mutex<Option<Whom>>,
    bell: Notify,
    awaited: Mutex<Option<Kill>>,
    /// Whether it takes only the machine that comes to it.
    alone: AtomicBool,
    /// The machine whose task runs now: a commit does not say whose it is.
    pub(crate) at_work: AtomicUsize,
    /// Requests begun since the process began.
    pub(crate) requests: AtomicU32,
}

/// Whose end it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    All,
    One(Machine),
}

impl Doom {
    pub(crate) fn await_kill(&self, kill: Kill, alone: bool) {
        self.alone.store(alone, Ordering::Relaxed);
        *self.awaited.lock().unwrap() = Some(kill);
    }

    pub(crate) fn forget(&self) {
        *self.awaited.lock().unwrap() = None;
    }

    /// Counts one of the moments that `fits` tells; true when it is the one.
    pub(crate) fn comes(&self, fits: impl Fn(Kill) -> Option<u32>, again: impl Fn(u32) -> Kill) -> bool {
        let mut awaited = self.awaited.lock().unwrap();
        match awaited.and_then(fits) {
            Some(0) => {
                *awaited = None;
                true
            }
            Some(left) => {
                *awaited = Some(again(left - 1));
                false
            }
            None => false,
        }
    }

    pub(crate) fn strike(&self, machine: Machine) {
        let whom = match self.alone.load(Ordering::Relaxed) {
            true => Whom::One(machine),
            false => Whom::All,
        };
        *self.struck.lock().unwrap() = Some(whom);
        self.bell.notify_one();
    }

    pub(crate) fn whom(&self) -> Option<Whom> {
        *self.struck.lock().unwrap()
    }

    pub(crate) fn has_struck(&self, machine: Machine) -> bool {
        match self.whom() {
            Some(Whom::One(one)) => one == machine,
            whom => whom.is_some(),
        }
    }

    /// The others live on.
    pub(crate) fn is_over(&self) {
        *self.struck.lock().unwrap() = None;
    }

    pub(crate) async fn struck(&self) {
        while self.whom().is_none() {
            self.bell.notified().await;
        }
    }

    /// Nothing goes on in a process that has ended.
    async fn ends_here(&self, machine: Machine) -> std::convert::Infallible {
        self.strike(machine);
        std::future::pending().await
    }
}

pub(crate) struct Wire {
    pub(crate) machine: Machine,
    pub(crate) simulator: Simulator,
    pub(crate) service: InProcess,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    pub(crate) doom: Arc<Doom>,
    /// This machine is switched off.
    pub(crate) off: Arc<AtomicBool>,
    pub(crate) chance: Arc<Mutex<Chance>>,
    pub(crate) planted: Option<Planted>,
    pub(crate) database: PathBuf,
    /// Zoom's id of the person.
    pub(crate) own_host: Option<String>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let begun = self.now();
        self.doom.requests.fetch_add(1, Ordering::Relaxed);
        let before = |kill| match kill {
            Kill::BeforeRequest(left) => Some(left),
            _ => None,
        };
        if self.doom.has_struck(self.machine) || self.doom.comes(before, Kill::BeforeRequest) {
            match self.doom.ends_here(self.machine).await {}
        }
        let listed = listed(request.uri().path()).map(|calendar| (self.machine, calendar));
        if let Some(place) = &listed {
            let (token, page) = (param(&request, "syncToken"), param(&request, "pageToken"));
            let mut ledger = self.ledger.lock().unwrap();
            ledger.known.asks(place, token.as_deref(), page.is_none(), begun);
        }
        let write = request.uri().path().starts_with("/zoom/v2/") && request.method() != Method::GET;
        if write {
            self.ledger.lock().unwrap().begin_write(self.machine);
        }
        self.travel().await;
        let mut request = request;
        if let Some(bearer) = request.headers().get(header::AUTHORIZATION) {
            self.ledger.lock().unwrap().saw_bearer(bearer);
        }
        let path = request.uri().path().to_owned();
        let number = number(&path);
        if let Some(planted) = self.planted {
            if let Some(answer) = planted.instead(&request) {
                return Ok(answer);
            }
            planted.spoil(&mut request, &self.simulator, number);
        }
        let method = request.method().to_string();
        let meeting = number.and_then(|number| self.simulator.with(|world| world.meeting(number).cloned()));
        let event = event_of(&path);
        let on_event = (event.clone()).filter(|_| method != "GET").map(|key| OnEvent {
            if_match: request.headers().contains_key(header::IF_MATCH),
            before: self.simulator.with(|world| world.event(&key.0, &key.1)),
            key,
        });
        let whole = param(&request, "occurrence_id").is_none();
        let doubt = number.filter(|_| method == "DELETE" && whole).and_then(|number| {
            self.simulator.with(|world| {
                let ledger = self.ledger.lock().unwrap();
                ledger.why_not_delete(world, self.machine, number)
            })
        });
        // The ledger sees it before anything else can happen: the process may end while it waits for the answer.
        let response = self.service.arrive(request).await;
        let entry = self.simulator.with(|world| {
            let entry = world
                .log()
                .entries()
                .iter()
                .rfind(|entry| entry.path == path && entry.method == method)
                .cloned();
            if let Some(entry) = &entry {
                let arrival = Arrival {
                    machine: self.machine,
                    begun,
                    before: meeting.as_ref(),
                    doubt,
                    on_event,
                };
                self.ledger.lock().unwrap().arrived(world, &arrival, entry);
            }
            entry
        });
        let sent = |kill| match kill {
            Kill::RequestSent(left) => Some(left),
            _ => None,
        };
        if self.doom.comes(sent, Kill::RequestSent) {
            match self.doom.ends_here(self.machine).await {}
        }
        let answer = InProcess::answer(response).await;
        self.travel().await;
        if let (Some(planted), Ok(answer)) = (self.planted, &answer) {
            planted.scribble(
                &path,
                listed.as_ref().map(|(_, id)| id.as_str()),
                answer,
                &self.database,
            );
        }
        let answered = |kill| match kill {
            Kill::RequestAnswered(left) => Some(left),
            _ => None,
        };
        if self.doom.comes(answered, Kill::RequestAnswered) {
            match self.doom.ends_here(self.machine).await {}
        }
        let now = self.now();
        let mut ledger = self.ledger.lock().unwrap();
        let described = listed.clone().or_else(|| Some((self.machine, event.clone()?.0)));
        if let Some((calendar, _)) = event.filter(|_| method == "GET") {
            ledger
                .known
                .asked_for_one(&(self.machine, calendar), (begun, now));
        }
        if write {
            ledger.end_write(self.machine);
        }
        let about = match (&listed, number) {
            (Some((_, calendar)), _) => Some(About::Calendar(calendar.clone())),
            (None, number) => number.map(About::Meeting),
        };
        // On a full disk nothing is written down.
        if let Some(about) = about
            && let Some(fails) = fails(&about, &answer).filter(|fails| !(*fails && ledger.disk_full))
        {
            ledger.failures.heard(self.machine, about, fails, now);
        }
        let mut answer = answer?;
        if let Some(place) = described.filter(|_| method == "GET" && !ledger.known.riddles.is_empty()) {
            let riddles = &ledger.known.riddles;
            let puzzles = |id: &str| {
                let until = riddles.get(&(place.1.clone(), id.to_owned()));
                until.is_some_and(|until| now < *until)
            };
            let told = garble(&mut answer, puzzles);
            ledger.known.told_of(&place, told, now);
        }
        if let Some(entry) = &entry {
            if let Some(until) = asked_to_wait(&answer, now) {
                ledger.told_to_wait(self.machine, entry, now, until);
            }
            let day_is_over = |limit: &header::HeaderValue| limit == "Daily-limit";
            let changes = matches!(entry.operation.as_str(), "meetings.create" | "meetings.update");
            if changes
                && answer.status() == 429
                && answer.headers().get("x-ratelimit-type").is_some_and(day_is_over)
                && !ledger.disk_full
            {
                ledger.allowance.refused(self.machine, entry);
            }
            if let (Some(place), Some(token)) = (listed, new_token(&answer)) {
                let genuine = entry.fault.is_none();
                (ledger.known).told(place, token, (begun, now.max(begun)), genuine);
            }
        }
        if let Some(planted) = self.planted {
            planted.spoil_answer((self.machine, &path), &mut answer, self.own_host.as_deref());
        }
        Ok(answer)
    }
}

impl Wire {
    fn now(&self) -> Timestamp {
        self.simulator.with(|world| world.now())
    }

    async fn travel(&self) {
        let millis = self.chance.lock().unwrap().between(2, 60);
        tokio::time::sleep(Duration::from_millis(u64::from(millis))).await;
        // What a task of its own still had under way goes no further.
        if self.off.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

fn number(path: &str) -> Option<u64> {
    path.strip_prefix("/zoom/v2/meetings/")?
        .split('/')
        .next()?
        .parse()
        .ok()
}

/// The event that a path names: Google's ids of its calendar and of itself.
fn event_of(path: &str) -> Option<Key> {
    let rest = path.strip_prefix("/google/calendar/v3/calendars/")?;
    let (calendar, event) = rest.split_once("/events/")?;
    let decoded = |text: &str| {
        let text = percent_encoding::percent_decode_str(text).decode_utf8();
        text.map(std::borrow::Cow::into_owned).ok()
    };
    Some((decoded(calendar)?, decoded(event)?))
}

/// Google's id of the calendar whose events a path lists.
fn listed(path: &str) -> Option<String> {
    let id = path
        .strip_prefix("/google/calendar/v3/calendars/")?
        .strip_suffix("/events")?;
    let decoded = percent_encoding::percent_decode_str(id).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

fn param(request: &Request<Bytes>, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(key, _)| key == name)?;
    Some(found.1.into_owned())
}

/// The sync token of a pass's last page.
fn new_token(answer: &Response<Bytes>) -> Option<String> {
    let page: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
    let token = page.get("nextSyncToken").filter(|_| answer.status() == 200)?;
    token.as_str().map(str::to_owned)
}

/// Until when a service asked to be left alone, or is not available, read here anew and not by the engine's own reader
/// (RFC 9110 §10.2.3).
fn asked_to_wait(answer: &Response<Bytes>, now: Timestamp) -> Option<Timestamp> {
    if !matches!(answer.status().as_u16(), 429 | 503) {
        return None;
    }
    // Without a header the client is free to measure its wait itself.
    let value = answer.headers().get(header::RETRY_AFTER)?;
    let value = value.to_str().ok()?;
    if let Ok(seconds) = value.parse::<i64>() {
        return now.checked_add(SignedDuration::from_secs(seconds)).ok();
    }
    value.parse().ok().or_else(|| {
        jiff::fmt::rfc2822::DateTimeParser::new()
            .parse_timestamp(value)
            .ok()
    })
}

/// Whether an answer is a failure that a person has to hear of. A grant that ran out, a token too old and a meeting that is
/// gone are not, before more was asked.
fn fails(about: &About, answer: &Result<Response<Bytes>, TransportError>) -> Option<bool> {
    let Ok(answer) = answer else { return Some(true) };
    match answer.status().as_u16() {
        200..300 => Some(false),
        404 if matches!(about, About::Calendar(_)) => Some(true),
        400 | 401 | 404 | 410 | 412 => None,
        _ => Some(true),
    }
}
