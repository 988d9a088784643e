//! Keeping an event: its place in the change log, the guests' copies, the mails.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::event::{Event, EventStatus};
use super::list::select::orphans;
use crate::wire::Service;
use crate::world::World;

/// Whom a write tells: `sendUpdates`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tell {
    All,
    ExternalOnly,
    Nobody,
}

/// Stores an event as a new revision and carries it to the guests' calendars.
pub(crate) fn save(world: &mut World, calendar_id: &str, event: Event, tell: Tell) -> Arc<Event> {
    let before = world
        .google
        .calendars
        .get(calendar_id)
        .and_then(|calendar| calendar.events.get(&event.id))
        .cloned();
    let stored = put(world, calendar_id, event);
    let repeated = before.as_ref().is_some_and(|before| before.is_series());
    if (stored.is_series() || repeated) && !stored.is_cancelled() {
        drop_orphans(world, calendar_id, &stored);
    }
    let mut guests: BTreeSet<String> = stored.guests().into_iter().collect();
    if let Some(before) = &before {
        guests.extend(before.guests());
    }
    guests.remove(calendar_id);
    if !guests.is_empty() && tell != Tell::Nobody {
        let about = format!(
            "{} “{}” to {} guests",
            stored.status.name(),
            stored.summary(),
            guests.len()
        );
        world.send_mail(Service::Google, about);
    }
    if stored.organizer == calendar_id {
        carry(world, calendar_id, &stored, &guests, tell);
    } else if stored.more.get("guestsCanModify") == Some(&Value::Bool(true)) {
        // A guest who may modify changes the organizer's event, and through it everyone's.
        let organizer = stored.organizer.clone();
        if let Some(own) = original(world, &organizer, &stored.id) {
            let mut changed = Event::clone(&stored);
            changed.more.insert(
                "reminders".to_owned(),
                own.more.get("reminders").cloned().unwrap_or_default(),
            );
            let kept = put(world, &organizer, changed);
            guests.remove(&organizer);
            carry(world, &organizer, &kept, &guests, tell);
        }
    }
    stored
}

fn original(world: &World, calendar_id: &str, event: &str) -> Option<Arc<Event>> {
    world
        .google
        .calendars
        .get(calendar_id)?
        .events
        .get(event)
        .cloned()
}

/// Stores one row, alone.
pub(crate) fn put(world: &mut World, calendar_id: &str, mut event: Event) -> Arc<Event> {
    event.revision = world.google.step();
    event.updated = world.now();
    let event = Arc::new(event);
    if let Some(calendar) = world.google.calendars.get_mut(calendar_id) {
        calendar.events.insert(event.id.clone(), Arc::clone(&event));
    }
    event
}

/// Exceptions whose occurrence is no more become bare rows.
fn drop_orphans(world: &mut World, calendar_id: &str, series: &Event) {
    let Some(calendar) = world.google.calendars.get(calendar_id) else {
        return;
    };
    for id in orphans(calendar, series) {
        if let Some(event) = original(world, calendar_id, &id) {
            let gone = Event {
                status: EventStatus::Cancelled,
                left: true,
                ..Event::clone(&event)
            };
            put(world, calendar_id, gone);
        }
    }
}

/// Copies the organizer's event to the calendars of the guests who are people here.
fn carry(world: &mut World, calendar_id: &str, event: &Event, guests: &BTreeSet<String>, tell: Tell) {
    let invited: BTreeSet<String> = event.guests().into_iter().collect();
    for guest in guests.iter().filter(|guest| guest.as_str() != calendar_id) {
        if !world.google.people.contains_key(guest) {
            continue;
        }
        let own = original(world, guest, &event.id);
        let gone = event.is_cancelled() || !invited.contains(guest);
        if gone && tell == Tell::Nobody && event.is_cancelled() {
            // Deleted in silence, the event stays on the guests' calendars; mmedum/google-calendar-mcp saw it live.
            continue;
        }
        let mut copy = event.clone();
        strip_private(&mut copy);
        if let Some(own) = &own {
            for key in ["reminders", "colorId", "transparency", "visibility"] {
                match own.more.get(key) {
                    Some(value) => copy.more.insert(key.to_owned(), value.clone()),
                    None => copy.more.remove(key),
                };
            }
        }
        if gone {
            copy.status = EventStatus::Cancelled;
        }
        if !(gone && own.is_none()) {
            put(world, guest, copy);
        }
    }
}

/// Private extended properties show on the copy they were written to and nowhere else.
fn strip_private(event: &mut Event) {
    if let Some(Value::Object(map)) = event.more.get_mut("extendedProperties") {
        map.remove("private");
        if map.is_empty() {
            event.more.remove("extendedProperties");
        }
    }
}
