//! Which method of the API a request means, whether the caller may use it, and the answer.

use http::{Method, StatusCode, header};
use jiff::SignedDuration;
use serde_json::Value;

use super::fields::{self, Mask};
use super::{calendar_list, instances, list, query, refusal, write};
use crate::wire::{Answer, Asked};
use crate::world::World;

/// A method of the API with the names in its path, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    CalendarList,
    CalendarListEntry { calendar: String },
    List { calendar: String },
    Insert { calendar: String },
    Get { calendar: String, event: String },
    Patch { calendar: String, event: String },
    Update { calendar: String, event: String },
    Delete { calendar: String, event: String },
    Move { calendar: String, event: String },
    Instances { calendar: String, event: String },
}

impl Call {
    pub(crate) fn read(asked: &Asked) -> Option<Self> {
        let segments: Vec<&str> = asked.segments.iter().map(String::as_str).collect();
        let method = asked.method.as_str();
        Some(match (method, segments.as_slice()) {
            ("GET", ["users", "me", "calendarList"]) => Self::CalendarList,
            ("GET", ["users", "me", "calendarList", id]) => Self::CalendarListEntry {
                calendar: (*id).to_owned(),
            },
            ("GET", ["calendars", id, "events"]) => Self::List {
                calendar: (*id).to_owned(),
            },
            ("POST", ["calendars", id, "events"]) => Self::Insert {
                calendar: (*id).to_owned(),
            },
            (_, ["calendars", calendar, "events", event]) => {
                let (calendar, event) = ((*calendar).to_owned(), (*event).to_owned());
                match asked.method {
                    Method::GET => Self::Get { calendar, event },
                    Method::PATCH => Self::Patch { calendar, event },
                    Method::PUT => Self::Update { calendar, event },
                    Method::DELETE => Self::Delete { calendar, event },
                    _ => return None,
                }
            }
            ("POST", ["calendars", calendar, "events", event, "move"]) => Self::Move {
                calendar: (*calendar).to_owned(),
                event: (*event).to_owned(),
            },
            ("GET", ["calendars", calendar, "events", event, "instances"]) => Self::Instances {
                calendar: (*calendar).to_owned(),
                event: (*event).to_owned(),
            },
            _ => return None,
        })
    }

    /// The method's id in the discovery document.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CalendarList => "calendar.calendarList.list",
            Self::CalendarListEntry { .. } => "calendar.calendarList.get",
            Self::List { .. } => "calendar.events.list",
            Self::Insert { .. } => "calendar.events.insert",
            Self::Get { .. } => "calendar.events.get",
            Self::Patch { .. } => "calendar.events.patch",
            Self::Update { .. } => "calendar.events.update",
            Self::Delete { .. } => "calendar.events.delete",
            Self::Move { .. } => "calendar.events.move",
            Self::Instances { .. } => "calendar.events.instances",
        }
    }

    fn calendar(&self) -> Option<&str> {
        match self {
            Self::CalendarList => None,
            Self::CalendarListEntry { calendar }
            | Self::List { calendar }
            | Self::Insert { calendar }
            | Self::Get { calendar, .. }
            | Self::Patch { calendar, .. }
            | Self::Update { calendar, .. }
            | Self::Delete { calendar, .. }
            | Self::Move { calendar, .. }
            | Self::Instances { calendar, .. } => Some(calendar),
        }
    }

    /// The scopes of which one is needed, without their common prefix; from the discovery document.
    fn scopes(&self) -> &'static [&'static str] {
        match self {
            Self::CalendarList | Self::CalendarListEntry { .. } => &[
                "calendar",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
                "calendar.readonly",
            ],
            Self::List { .. } | Self::Get { .. } | Self::Instances { .. } => &[
                "calendar",
                "calendar.events",
                "calendar.events.readonly",
                "calendar.readonly",
                "calendar.events.owned",
                "calendar.events.owned.readonly",
            ],
            _ => &["calendar", "calendar.events", "calendar.events.owned"],
        }
    }

    fn mask(&self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::CalendarList => (fields::CALENDAR_LIST, fields::CALENDAR_LIST_ENTRY),
            Self::CalendarListEntry { .. } => (fields::CALENDAR_LIST_ENTRY, &[]),
            Self::List { .. } | Self::Instances { .. } => (fields::EVENTS, fields::EVENT),
            _ => (fields::EVENT, &[]),
        }
    }
}

const SCOPE_PREFIX: &str = "https://www.googleapis.com/auth/";

/// Answers a request, refusals included.
pub(crate) fn answer(world: &mut World, call: Option<&Call>, asked: &Asked) -> Answer {
    let Some(call) = call else {
        // A path outside the API is answered by the web server in front, in HTML.
        let html = "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title></html>";
        return Answer::text(StatusCode::NOT_FOUND, "text/html; charset=UTF-8", html);
    };
    match allowed(world, call, asked).and_then(|caller| perform(world, call, &caller, asked)) {
        Ok(value) => shown(call, asked, &value).unwrap_or_else(|refused| refused),
        Err(refused) => refused,
    }
}

/// Who calls, when the token, the quota and the scopes allow the method.
fn allowed(world: &mut World, call: &Call, asked: &Asked) -> Result<String, Answer> {
    let token = asked.bearer().ok_or_else(refusal::login_required)?;
    let now = world.now();
    let grant = world
        .google
        .oauth
        .access(token, now)
        .ok_or_else(refusal::unauthorized)?;
    let (caller, scopes) = (grant.person.clone(), grant.scopes.clone());

    if let Some(limit) = world.google.habits.per_minute {
        let recent = world.google.recent.entry(caller.clone()).or_default();
        // A clock that was set back has left some of them ahead.
        recent.retain(|at| *at <= now && now.duration_since(*at) < SignedDuration::from_mins(1));
        if recent.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(refusal::user_rate_limit());
        }
        recent.push_back(now);
    }

    let held: Vec<&str> = call
        .scopes()
        .iter()
        .copied()
        .filter(|scope| {
            scopes
                .iter()
                .any(|own| own.strip_prefix(SCOPE_PREFIX) == Some(scope))
        })
        .collect();
    // The `owned` scopes reach only calendars that the person owns.
    let owned_only = held.iter().all(|scope| scope.contains(".owned"));
    let owns = call.calendar().is_none_or(|id| {
        let id = if id == "primary" { caller.as_str() } else { id };
        world
            .google
            .calendars
            .get(id)
            .is_none_or(|calendar| calendar.owner == caller)
    });
    if held.is_empty() || (owned_only && !owns) {
        return Err(refusal::insufficient_scope());
    }
    Ok(caller)
}

fn perform(world: &mut World, call: &Call, caller: &str, asked: &Asked) -> Result<Value, Answer> {
    let calendar = call.calendar().unwrap_or_default();
    // `primary` is an alias in requests only; answers carry the id.
    let calendar = if calendar == "primary" { caller } else { calendar };
    match call {
        Call::CalendarList => calendar_list::list(world, caller, asked),
        Call::CalendarListEntry { .. } => calendar_list::get(world, caller, calendar, asked),
        Call::List { .. } => list::list(world, caller, calendar, asked),
        Call::Instances { event, .. } => instances::list(world, caller, calendar, event, asked),
        Call::Get { event, .. } => query::get(world, caller, calendar, event, asked),
        Call::Insert { .. } => write::insert(world, caller, calendar, asked),
        Call::Patch { event, .. } => {
            write::change(world, caller, calendar, event, asked, write::Change::Patch)
        }
        Call::Update { event, .. } => {
            write::change(world, caller, calendar, event, asked, write::Change::Put)
        }
        Call::Delete { event, .. } => write::delete(world, caller, calendar, event, asked),
        Call::Move { event, .. } => write::relocate(world, caller, calendar, event, asked),
    }
}

/// Puts the value on the wire: masked, indented unless asked otherwise, with its etag; nothing at all for deletion.
fn shown(call: &Call, asked: &Asked, value: &Value) -> Result<Answer, Answer> {
    if value.is_null() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let etag = value
        .get("etag")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let masked = match asked.param("fields") {
        None => None,
        Some(text) => {
            let wrong = |piece: String| {
                refusal::invalid_parameter("fields", &format!("Invalid field selection {piece}"))
            };
            let mask = Mask::parse(text).map_err(wrong)?;
            let (known, inner) = call.mask();
            if let Some(piece) = mask.unknown(known, "items", inner) {
                return Err(wrong(piece));
            }
            Some(mask.keep(value))
        }
    };
    let value = masked.as_ref().unwrap_or(value);
    let body = if asked.param("prettyPrint") == Some("false") {
        value.to_string()
    } else {
        format!("{value:#}")
    };
    Ok(Answer::text(StatusCode::OK, "application/json; charset=UTF-8", body).with(header::ETAG, etag))
}
