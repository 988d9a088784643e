//! `events.list`: full lists, deltas, pages.
//!
//! Rules: <https://developers.google.com/workspace/calendar/api/guides/sync> and
//! <https://developers.google.com/workspace/calendar/api/v3/reference/events/list>.

pub(crate) mod page;
pub(crate) mod select;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub(crate) use page::Snapshot;

use self::page::Row;
use super::query::{boolean, instant, max_results, zone};
use super::render::View;
use super::sync_token::SyncToken;
use super::{Calendar, refusal};
use crate::wire::{Answer, Asked};
use crate::world::World;

/// Parameters that cannot go with a sync token.
const FORBIDDEN: &[&str] = &[
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
];

/// Parameters that must be the same with the token as without. `showDeleted` is not among them: clients have long
/// started with `false` (<https://github.com/kewisch/gdata-provider>). Nor is `maxResults`, which Google's own
/// add-on sample changes.
const STEADY: &[&str] = &[
    "singleEvents",
    "eventTypes",
    "showHiddenInvitations",
    "maxAttendees",
    "timeZone",
];

/// With one of these in the first call no sync token is given
/// (<https://github.com/googleapis/google-api-ruby-client/issues/312>).
const WITHHOLDING: &[&str] = &[
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
];

/// How far back `updatedMin` may reach; the real bound is not published.
const UPDATED_MIN_REACH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a list asks for.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) since: Option<u64>,
    pub(crate) single_events: bool,
    pub(crate) show_deleted: bool,
    pub(crate) event_types: Vec<String>,
    pub(crate) time_min: Option<Timestamp>,
    pub(crate) time_max: Option<Timestamp>,
    pub(crate) updated_min: Option<Timestamp>,
    pub(crate) order: Option<Order>,
    pub(crate) text: Option<String>,
    pub(crate) ical_uid: Option<String>,
    /// `name=value` pairs that must all be there: private, shared.
    pub(crate) private: Vec<String>,
    pub(crate) shared: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    StartTime,
    Updated,
}

/// `events.list`.
pub(crate) fn list(
    world: &mut World,
    caller: &str,
    calendar_id: &str,
    asked: &Asked,
) -> Result<Value, Answer> {
    let max = max_results(asked, 250, 2500)?;
    let max = world
        .google
        .habits
        .rows_per_page
        .map_or(max, |most| most.min(max).max(1));
    let (calendar, _) = world
        .google
        .calendar(calendar_id, caller)
        .ok_or_else(refusal::not_found)?;
    zone(asked, calendar)?;
    let wanted = read(asked, calendar, caller, calendar_id, world.now())?;
    let bound_to = bound_to(caller, calendar_id, asked);
    let show_deleted = wanted.show_deleted;
    let page = match asked.param("pageToken") {
        Some(token) => page::next(world, token, &bound_to, max)?,
        None => {
            let snapshot = snapshot(world, caller, calendar_id, asked, &wanted, bound_to)?;
            page::first(world, snapshot, max)
        }
    };

    let (calendar, role) = world
        .google
        .calendar(calendar_id, caller)
        .ok_or_else(refusal::not_found)?;
    let mut view = View::new(&world.google, calendar_id, calendar, role);
    view.zone = zone(asked, calendar)?;
    view.max_attendees = asked.param("maxAttendees").and_then(|max| max.parse().ok());
    let items = page.rows.iter().map(|row| match row {
        Row::Event(event) => page::row(&view, event, show_deleted),
        Row::Entry(value) => value.clone(),
    });
    let mut out = page::collection(&view, items.collect());
    put_tokens(&mut out, page.next_page_token, page.next_sync_token);
    Ok(out)
}

/// Adds whichever token the page has.
pub(crate) fn put_tokens(out: &mut Value, next_page: Option<String>, next_sync: Option<String>) {
    let Some(map) = out.as_object_mut() else { return };
    for (name, token) in [("nextPageToken", next_page), ("nextSyncToken", next_sync)] {
        if let Some(token) = token {
            map.insert(name.to_owned(), token.into());
        }
    }
}

/// Everything in the request that a page token is bound to.
pub(crate) fn bound_to(caller: &str, list: &str, asked: &Asked) -> String {
    let free = ["pageToken", "fields", "prettyPrint", "alt", "key", "quotaUser"];
    let mut parameters: Vec<String> = asked
        .query
        .iter()
        .filter(|(name, _)| !free.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parameters.sort();
    format!("{caller} {list} {}", parameters.join("&"))
}

fn steady(asked: &Asked) -> String {
    let mut parameters: Vec<String> = asked
        .query
        .iter()
        .filter(|(name, value)| STEADY.contains(&name.as_str()) && value != "false")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parameters.sort();
    parameters.join("&")
}

/// Reads and checks the parameters, the sync token among them.
fn read(
    asked: &Asked,
    calendar: &Calendar,
    caller: &str,
    calendar_id: &str,
    now: Timestamp,
) -> Result<Wanted, Answer> {
    let show_deleted = boolean(asked, "showDeleted")?;
    let single_events = boolean(asked, "singleEvents")?.unwrap_or(false);
    let mut since = None;
    if let Some(token) = asked.param("syncToken") {
        if let Some(name) = FORBIDDEN.iter().find(|name| asked.param(name).is_some()) {
            return Err(refusal::not_with_sync_token(name));
        }
        if show_deleted == Some(false) {
            return Err(refusal::not_with_sync_token("showDeleted"));
        }
        let token = SyncToken::read(token).ok_or_else(refusal::invalid_sync_token)?;
        if token.person != caller || token.list != calendar_id || token.query != steady(asked) {
            return Err(refusal::invalid_sync_token());
        }
        if token.age < calendar.age {
            return Err(refusal::full_sync_required());
        }
        since = Some(token.revision);
    }
    let order = match asked.param("orderBy") {
        None => None,
        Some("startTime") if single_events => Some(Order::StartTime),
        Some("startTime") => return Err(refusal::ordering()),
        Some("updated") => Some(Order::Updated),
        Some(_) => return Err(refusal::invalid_parameter("orderBy", "Bad Request")),
    };
    let (time_min, time_max) = (instant(asked, "timeMin")?, instant(asked, "timeMax")?);
    if time_min.zip(time_max).is_some_and(|(min, max)| min >= max) {
        return Err(refusal::time_range_empty());
    }
    let updated_min = instant(asked, "updatedMin")?;
    if updated_min.is_some_and(|min| now.duration_since(min) > UPDATED_MIN_REACH) {
        return Err(refusal::updated_min_too_long_ago());
    }
    let strings = |name: &str| asked.params(name).map(str::to_owned).collect();
    Ok(Wanted {
        since,
        single_events,
        show_deleted: show_deleted.unwrap_or(false),
        event_types: strings("eventTypes"),
        time_min,
        time_max,
        updated_min,
        order,
        text: asked.param("q").map(str::to_lowercase),
        ical_uid: asked.param("iCalUID").map(str::to_owned),
        private: strings("privateExtendedProperty"),
        shared: strings("sharedExtendedProperty"),
    })
}

fn snapshot(
    world: &World,
    caller: &str,
    calendar_id: &str,
    asked: &Asked,
    wanted: &Wanted,
    bound_to: String,
) -> Result<Snapshot, Answer> {
    let (calendar, _) = world
        .google
        .calendar(calendar_id, caller)
        .ok_or_else(refusal::not_found)?;
    let rows = select::rows(calendar, wanted, world.now())
        .into_iter()
        .map(Row::Event)
        .collect();
    let token = SyncToken {
        person: caller.to_owned(),
        list: calendar_id.to_owned(),
        query: steady(asked),
        revision: world.google.revision,
        age: calendar.age,
    };
    let withheld = WITHHOLDING.iter().any(|name| asked.param(name).is_some());
    Ok(Snapshot {
        id: String::new(),
        bound_to,
        rows: Arc::new(rows),
        next_sync_token: (!withheld).then(|| token.write()),
    })
}
