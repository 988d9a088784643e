//! An event as one caller sees it on one calendar.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::event::{Event, with_millis, zone};
use super::{Calendar, Google, Role};
use crate::google::Tombstones;

/// Through whose eyes and in which zone.
pub(crate) struct View<'a> {
    pub(crate) google: &'a Google,
    pub(crate) calendar_id: &'a str,
    pub(crate) calendar: &'a Calendar,
    pub(crate) role: Role,
    pub(crate) zone: TimeZone,
    pub(crate) max_attendees: Option<usize>,
}

impl<'a> View<'a> {
    pub(crate) fn new(google: &'a Google, calendar_id: &'a str, calendar: &'a Calendar, role: Role) -> Self {
        let zone = zone(&calendar.time_zone);
        Self {
            google,
            calendar_id,
            calendar,
            role,
            zone,
            max_attendees: None,
        }
    }

    /// The whole event, as far as the caller may see it. Booleans that equal their default are left out, as the
    /// service does.
    pub(crate) fn event(&self, event: &Event) -> Value {
        let mut out = Map::new();
        let mut put = |key: &str, value: Value| {
            out.insert(key.to_owned(), value);
        };
        put("kind", "calendar#event".into());
        put("etag", event.etag().into());
        put("id", event.id.clone().into());
        put("status", event.status.name().into());
        put("start", event.start.json(&self.zone));
        put("end", event.end.json(&self.zone));
        if let Some(series) = &event.recurring_event_id {
            put("recurringEventId", series.clone().into());
        }
        if let Some(original) = &event.original_start {
            put("originalStartTime", original.json(&self.zone));
        }
        if self.is_closed(event) {
            put("visibility", "private".into());
            return Value::Object(out);
        }
        put(
            "htmlLink",
            format!("https://www.google.com/calendar/event?eid={}", event.id).into(),
        );
        put("created", with_millis(event.created).into());
        put("updated", with_millis(event.updated).into());
        put("creator", self.person(&event.creator));
        put("organizer", self.person(&event.organizer));
        put("iCalUID", event.ical_uid.clone().into());
        put("sequence", event.sequence.into());
        put("eventType", event.event_type().into());
        if event.is_series() {
            put("recurrence", event.recurrence.clone().into());
        }
        for (key, value) in &event.more {
            match key.as_str() {
                "attendees" => self.attendees(value, &mut out),
                _ if is_default(key, value) => {}
                _ => {
                    out.insert(key.clone(), value.clone());
                }
            }
        }
        if let Some(link) = meet_link(event) {
            out.insert("hangoutLink".to_owned(), link);
        }
        out.entry("reminders")
            .or_insert_with(|| json!({"useDefault": true}));
        Value::Object(out)
    }

    /// A deleted event in a list; how much of it shows is a matter of mode, owner and query.
    pub(crate) fn tombstone(&self, event: &Event, show_deleted: bool) -> Value {
        let organizer = event.organizer == self.calendar_id;
        let full = match self.google.habits.tombstones {
            Tombstones::Documented => organizer && show_deleted,
            Tombstones::IdOnly => false,
            Tombstones::FullForOrganizer => organizer,
        };
        if full && !event.left {
            return self.event(event);
        }
        let mut out = json!({
            "kind": "calendar#event",
            "etag": event.etag(),
            "id": event.id,
            "status": "cancelled",
        });
        let bare = event.left || self.google.habits.tombstones == Tombstones::IdOnly;
        if let (false, Some(series), Some(map)) = (bare, &event.recurring_event_id, out.as_object_mut()) {
            map.insert("recurringEventId".to_owned(), series.clone().into());
            if let Some(original) = &event.original_start {
                map.insert("originalStartTime".to_owned(), original.json(&self.zone));
            }
        }
        out
    }

    fn is_closed(&self, event: &Event) -> bool {
        let private = matches!(
            event.more.get("visibility").and_then(Value::as_str),
            Some("private" | "confidential")
        );
        match self.role {
            Role::FreeBusyReader => true,
            Role::Reader | Role::WriterWithoutPrivateAccess => private,
            Role::Writer | Role::Owner => false,
        }
    }

    fn person(&self, address: &str) -> Value {
        let mut out = json!({"email": address});
        if let Some(map) = out.as_object_mut() {
            if let Some(name) = self.google.name_of(address) {
                map.insert("displayName".to_owned(), name.into());
            }
            // `self` is relative to the calendar in the request, not to the caller.
            if address == self.calendar_id {
                map.insert("self".to_owned(), true.into());
            }
        }
        out
    }

    fn attendees(&self, value: &Value, out: &mut Map<String, Value>) {
        let guests = value.as_array().cloned().unwrap_or_default();
        let is_self = |guest: &Value| guest.get("email").and_then(Value::as_str) == Some(self.calendar_id);
        let organizer = out
            .get("organizer")
            .and_then(|organizer| organizer.get("email"))
            .cloned();
        let omitted = self.max_attendees.is_some_and(|max| guests.len() > max);
        let shown: Vec<Value> = guests
            .into_iter()
            .filter(|guest| !omitted || is_self(guest))
            .map(|mut guest| {
                let own = is_self(&guest);
                let organizes = guest.get("email") == organizer.as_ref();
                if let Some(map) = guest.as_object_mut() {
                    map.entry("responseStatus")
                        .or_insert_with(|| "needsAction".into());
                    for (key, holds) in [("self", own), ("organizer", organizes)] {
                        map.remove(key);
                        if holds {
                            map.insert(key.to_owned(), true.into());
                        }
                    }
                }
                guest
            })
            .collect();
        out.insert("attendees".to_owned(), shown.into());
        if omitted {
            out.insert("attendeesOmitted".to_owned(), true.into());
        }
    }
}

/// Defaults that the service leaves out of its answers.
fn is_default(key: &str, value: &Value) -> bool {
    match key {
        "guestsCanInviteOthers" | "guestsCanSeeOtherGuests" => *value == Value::Bool(true),
        "transparency" => value == "opaque",
        "visibility" => value == "default",
        "eventType" => true,
        _ => *value == Value::Bool(false),
    }
}

/// `hangoutLink`, which exists for Meet alone.
fn meet_link(event: &Event) -> Option<Value> {
    let conference = event.conference()?;
    let kind = conference.pointer("/conferenceSolution/key/type")?;
    (kind == "hangoutsMeet")
        .then(|| conference.pointer("/entryPoints/0/uri").cloned())
        .flatten()
}
