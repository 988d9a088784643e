//! `events.insert`, `patch`, `update`, `delete` and `move`.
//!
//! Preconditions: <https://developers.google.com/workspace/calendar/api/guides/version-resources>.

use std::sync::Arc;

use http::header;
use serde_json::{Map, Value};

use super::edit::{body, lay_on, merge, time, writable};
use super::event::{Event, EventStatus};
use super::query::{boolean, find};
use super::render::View;
use super::save::{Tell, put, save};
use super::{Role, conference, refusal};
use crate::wire::{Answer, Asked};
use crate::world::World;

/// The two ways to change an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Patch,
    Put,
}

/// `events.insert`.
pub(crate) fn insert(
    world: &mut World,
    caller: &str,
    calendar_id: &str,
    asked: &Asked,
) -> Result<Value, Answer> {
    let zone = writable_calendar(world, caller, calendar_id)?;
    let (version, tell) = (conference_version(asked)?, tell(asked)?);
    let body = body(asked)?;
    let id = match body.get("id") {
        None => new_id(world),
        Some(id) => chosen_id(id)?,
    };
    if world
        .google
        .calendars
        .get(calendar_id)
        .is_some_and(|calendar| calendar.events.contains_key(&id))
    {
        return Err(refusal::duplicate());
    }
    let now = world.now();
    let wanted = body.get("conferenceData").cloned();
    let mut event = Event {
        ical_uid: format!("{id}@google.com"),
        id,
        revision: 0,
        status: EventStatus::Confirmed,
        created: now,
        updated: now,
        sequence: 0,
        creator: caller.to_owned(),
        organizer: calendar_id.to_owned(),
        start: time(body.get("start"), &zone, "start")?,
        end: time(body.get("end"), &zone, "end")?,
        recurrence: Vec::new(),
        recurring_event_id: None,
        original_start: None,
        more: Map::new(),
        left: false,
    };
    if let Some(kind) = body.get("eventType") {
        event.more.insert("eventType".to_owned(), kind.clone());
    }
    let mut fresh = Map::new();
    merge(&mut fresh, &body);
    let sequence = fresh.get("sequence").and_then(Value::as_u64).unwrap_or_default();
    let mut event = lay_on(event, fresh, &zone)?;
    event.sequence = sequence;
    if let Some(data) = conference::decide(world, None, wanted.as_ref(), version)? {
        event.more.insert("conferenceData".to_owned(), data);
    }
    let stored = save(world, calendar_id, event, tell);
    shown(world, caller, calendar_id, &stored)
}

/// `events.patch` and `events.update`.
pub(crate) fn change(
    world: &mut World,
    caller: &str,
    calendar_id: &str,
    id: &str,
    asked: &Asked,
    how: Change,
) -> Result<Value, Answer> {
    let zone = writable_calendar(world, caller, calendar_id)?;
    let (version, tell) = (conference_version(asked)?, tell(asked)?);
    let existing = existing(world, calendar_id, id)?;
    precondition(asked, &existing)?;
    if existing.left || (existing.is_cancelled() && how == Change::Put) {
        return Err(refusal::forbidden());
    }
    let body = body(asked)?;
    let mut wanted = match how {
        Change::Patch => writable(&existing),
        Change::Put => Map::new(),
    };
    merge(&mut wanted, &body);
    if body.get("attendeesOmitted") == Some(&Value::Bool(true)) {
        wanted.insert(
            "attendees".to_owned(),
            own_response(&existing, &body, calendar_id),
        );
    }
    if how == Change::Put {
        // The kind of an event cannot be left out by leaving it out.
        if let Some(kind) = existing.more.get("eventType") {
            wanted.entry("eventType").or_insert_with(|| kind.clone());
        }
    }
    let mut event = lay_on(Event::clone(&existing), wanted, &zone)?;
    let old = event.more.remove("conferenceData");
    // PUT replaces everything, so with version 1 a missing block is a removed block.
    let written = match (how, body.get("conferenceData")) {
        (Change::Put, None) => Some(&Value::Null),
        (_, written) => written,
    };
    if let Some(data) = conference::decide(world, old, written, version)? {
        event.more.insert("conferenceData".to_owned(), data);
    }
    if existing.organizer != calendar_id && !guests_can_modify(&existing) && changes_shared(&existing, &event)
    {
        return Err(refusal::non_organizer());
    }
    let stored = save(world, calendar_id, event, tell);
    shown(world, caller, calendar_id, &stored)
}

/// `events.delete`: the second time it is gone.
pub(crate) fn delete(
    world: &mut World,
    caller: &str,
    calendar_id: &str,
    id: &str,
    asked: &Asked,
) -> Result<Value, Answer> {
    writable_calendar(world, caller, calendar_id)?;
    let tell = tell(asked)?;
    let existing = existing(world, calendar_id, id)?;
    if existing.is_cancelled() {
        return Err(refusal::deleted());
    }
    precondition(asked, &existing)?;
    let gone = Event {
        status: EventStatus::Cancelled,
        sequence: existing.sequence + 1,
        ..Event::clone(&existing)
    };
    save(world, calendar_id, gone, tell);
    Ok(Value::Null)
}

/// `events.move`. The answer shows the event as it now is on the old calendar: cancelled; mmedum/google-calendar-mcp
/// saw it live.
pub(crate) fn relocate(
    world: &mut World,
    caller: &str,
    calendar_id: &str,
    id: &str,
    asked: &Asked,
) -> Result<Value, Answer> {
    writable_calendar(world, caller, calendar_id)?;
    tell(asked)?;
    let destination = asked
        .param("destination")
        .ok_or_else(|| refusal::required("Required parameter: destination"))?;
    let destination = if destination == "primary" {
        caller
    } else {
        destination
    }
    .to_owned();
    writable_calendar(world, caller, &destination)?;
    let event = existing(world, calendar_id, id)?;
    if event.is_cancelled() {
        return Err(refusal::deleted());
    }
    precondition(asked, &event)?;
    if event.recurring_event_id.is_some() {
        return Err(refusal::invalid("Cannot change the organizer of an instance."));
    }
    if event.event_type() != "default" {
        return Err(refusal::invalid("Events of this type cannot be moved."));
    }
    if event.organizer != calendar_id {
        return Err(refusal::non_organizer());
    }
    let there = world
        .google
        .calendars
        .get(&destination)
        .and_then(|calendar| calendar.events.get(id));
    if destination == calendar_id || there.is_some_and(|there| !there.is_cancelled()) {
        return Err(refusal::duplicate());
    }
    let left = carry_over(world, calendar_id, &destination, &event);
    let mut out = shown(world, caller, calendar_id, &event)?;
    if let Some(map) = out.as_object_mut() {
        map.insert("status".to_owned(), "cancelled".into());
        map.insert("etag".to_owned(), left.etag().into());
    }
    Ok(out)
}

/// Takes an event from one calendar to another; what stays behind is a bare row.
pub(crate) fn carry_over(world: &mut World, from: &str, to: &str, event: &Event) -> Arc<Event> {
    let rows: Vec<Arc<Event>> = world
        .google
        .calendars
        .get(from)
        .map(|calendar| {
            calendar
                .events
                .values()
                .filter(|row| row.id == event.id || row.recurring_event_id.as_ref() == Some(&event.id))
                .cloned()
                .collect()
        })
        .unwrap_or_default();
    let mut behind = Arc::new(event.clone());
    for row in rows {
        let moved = Event {
            organizer: to.to_owned(),
            sequence: row.sequence + 1,
            ..Event::clone(&row)
        };
        save(world, to, moved, Tell::Nobody);
        let stub = Event {
            status: EventStatus::Cancelled,
            left: true,
            ..Event::clone(&row)
        };
        let stub = put(world, from, stub);
        if stub.id == event.id {
            behind = stub;
        }
    }
    behind
}

/// Checks that the caller may write there; gives the calendar's zone.
fn writable_calendar(world: &World, caller: &str, calendar_id: &str) -> Result<String, Answer> {
    let (calendar, role) = world
        .google
        .calendar(calendar_id, caller)
        .ok_or_else(refusal::not_found)?;
    if role < Role::WriterWithoutPrivateAccess {
        return Err(refusal::needs_writer());
    }
    Ok(calendar.time_zone.clone())
}

fn existing(world: &World, calendar_id: &str, id: &str) -> Result<Arc<Event>, Answer> {
    let calendar = world
        .google
        .calendars
        .get(calendar_id)
        .ok_or_else(refusal::not_found)?;
    find(calendar, id).ok_or_else(refusal::not_found)
}

fn precondition(asked: &Asked, event: &Event) -> Result<(), Answer> {
    match asked.header(header::IF_MATCH) {
        None | Some("*") => Ok(()),
        Some(etag) if etag == event.etag() => Ok(()),
        Some(_) => Err(refusal::precondition()),
    }
}

fn conference_version(asked: &Asked) -> Result<u8, Answer> {
    match asked.param("conferenceDataVersion") {
        None | Some("0") => Ok(0),
        Some("1") => Ok(1),
        Some(other) => Err(refusal::invalid_parameter(
            "conferenceDataVersion",
            &format!("Invalid value '{other}'. Values must be within the range: [0, 1]"),
        )),
    }
}

/// `sendUpdates`; the older `sendNotifications=true` means `all`.
fn tell(asked: &Asked) -> Result<Tell, Answer> {
    match asked.param("sendUpdates") {
        Some("all") => Ok(Tell::All),
        Some("externalOnly") => Ok(Tell::ExternalOnly),
        Some("none") => Ok(Tell::Nobody),
        None if boolean(asked, "sendNotifications")? == Some(true) => Ok(Tell::All),
        None => Ok(Tell::Nobody),
        Some(other) => Err(refusal::invalid_parameter(
            "sendUpdates",
            &format!("Invalid value '{other}'."),
        )),
    }
}

fn new_id(world: &mut World) -> String {
    world.letters(26, "0123456789abcdefghijklmnopqrstuv")
}

/// Base32hex, 5 to 1024 letters (<https://developers.google.com/workspace/calendar/api/v3/reference/events>).
fn chosen_id(id: &Value) -> Result<String, Answer> {
    let id = id.as_str().unwrap_or_default();
    let sound = (5..=1024).contains(&id.len()) && id.chars().all(|c| matches!(c, 'a'..='v' | '0'..='9'));
    if sound {
        Ok(id.to_owned())
    } else {
        Err(refusal::invalid("Invalid resource id value."))
    }
}

fn guests_can_modify(event: &Event) -> bool {
    event.more.get("guestsCanModify") == Some(&Value::Bool(true))
}

/// Whether anything differs that belongs to all and not to one guest's copy.
fn changes_shared(before: &Event, after: &Event) -> bool {
    let shared = |event: &Event| {
        let mut more = event.more.clone();
        for own in ["attendees", "reminders", "colorId", "transparency", "visibility"] {
            more.remove(own);
        }
        if let Some(Value::Object(map)) = more.get_mut("extendedProperties") {
            map.remove("private");
            if map.is_empty() {
                more.remove("extendedProperties");
            }
        }
        (
            more,
            event.start.clone(),
            event.end.clone(),
            event.recurrence.clone(),
        )
    };
    shared(before) != shared(after)
}

/// With `attendeesOmitted` a write touches the caller's own answer and nobody else's.
fn own_response(existing: &Event, body: &Map<String, Value>, own: &str) -> Value {
    let is_own = |guest: &&Value| guest.get("email").and_then(Value::as_str) == Some(own);
    let written = body
        .get("attendees")
        .and_then(Value::as_array)
        .and_then(|guests| guests.iter().find(is_own));
    let guests = existing
        .more
        .get("attendees")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    guests
        .map(|guest| match written {
            Some(written) if is_own(&guest) => written.clone(),
            _ => guest.clone(),
        })
        .collect()
}

fn shown(world: &World, caller: &str, calendar_id: &str, event: &Event) -> Result<Value, Answer> {
    let (calendar, role) = world
        .google
        .calendar(calendar_id, caller)
        .ok_or_else(refusal::not_found)?;
    Ok(View::new(&world.google, calendar_id, calendar, role).event(event))
}
