//! Turning a written body into an event: merging, and what the service refuses.
//!
//! Patch semantics: <https://developers.google.com/workspace/calendar/api/guides/performance#patch> – absent fields
//! stay, `null` clears, objects merge, arrays replace the whole.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::event::{Event, EventStatus, EventTime, schedule};
use super::fields;
use super::refusal;
use crate::wire::Answer;

/// Fields of an event that no write changes. `conferenceData` has rules of its own and is handled apart.
const READ_ONLY: &[&str] = &[
    "kind",
    "etag",
    "id",
    "htmlLink",
    "created",
    "updated",
    "creator",
    "organizer",
    "hangoutLink",
    "iCalUID",
    "locked",
    "recurringEventId",
    "originalStartTime",
    "endTimeUnspecified",
    "privateCopy",
    "attendeesOmitted",
    "conferenceData",
];

/// The written body of a request: an object.
pub(crate) fn body(asked: &crate::wire::Asked) -> Result<Map<String, Value>, Answer> {
    match asked.json() {
        Some(Value::Object(map)) => Ok(map),
        _ => Err(refusal::parse_error()),
    }
}

/// Merges `patch` into `target`.
pub(crate) fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (target.get_mut(key), value) {
            (_, Value::Null) => {
                target.remove(key);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            _ => {
                target.insert(key.clone(), without_nulls(value));
            }
        }
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k.clone(), without_nulls(v)))
            .collect(),
        other => other.clone(),
    }
}

/// What of an event a client may write, as JSON, for merging.
pub(crate) fn writable(event: &Event) -> Map<String, Value> {
    let mut map = event.more.clone();
    map.remove("conferenceData");
    let own_zone = |time: &EventTime| match time {
        EventTime::At { zone, .. } => super::event::zone(zone),
        EventTime::Day { .. } => TimeZone::UTC,
    };
    map.insert("start".to_owned(), event.start.json(&own_zone(&event.start)));
    map.insert("end".to_owned(), event.end.json(&own_zone(&event.end)));
    map.insert("status".to_owned(), event.status.name().into());
    if event.is_series() {
        map.insert("recurrence".to_owned(), event.recurrence.clone().into());
    }
    map
}

/// Lays the merged fields onto the event. Everything that is not writable or not known is left out silently, as the
/// service does.
pub(crate) fn lay_on(
    mut event: Event,
    mut map: Map<String, Value>,
    calendar_zone: &str,
) -> Result<Event, Answer> {
    let sequence = map.remove("sequence").and_then(|value| value.as_u64());
    if sequence.is_some_and(|sequence| sequence < event.sequence) {
        return Err(refusal::low_sequence());
    }
    map.retain(|key, _| fields::EVENT.contains(&key.as_str()) && !READ_ONLY.contains(&key.as_str()));
    let before = event.clone();

    event.start = time(map.remove("start").as_ref(), calendar_zone, "start")?;
    event.end = time(map.remove("end").as_ref(), calendar_zone, "end")?;
    if event.start.is_day() != event.end.is_day() {
        return Err(refusal::mixed_times());
    }
    if event.end.instant() < event.start.instant() || (event.start.is_day() && event.end == event.start) {
        return Err(refusal::time_range_empty());
    }
    event.status = match map
        .remove("status")
        .as_ref()
        .map(|status| status.as_str().unwrap_or_default())
    {
        None | Some("confirmed") => EventStatus::Confirmed,
        Some("tentative") => EventStatus::Tentative,
        Some("cancelled") => EventStatus::Cancelled,
        Some(_) => return Err(refusal::invalid("Invalid value for: status")),
    };
    event.recurrence = recurrence(map.remove("recurrence").as_ref(), &event.start)?;
    if event.recurring_event_id.is_some() {
        event.recurrence = Vec::new();
    }
    check_texts(&map)?;
    check_extended_properties(&map)?;
    if before.event_type() != event_type(&map) {
        return Err(refusal::invalid("Event type cannot be changed."));
    }

    let conference = event.more.remove("conferenceData");
    event.more = map;
    if let Some(conference) = conference {
        event.more.insert("conferenceData".to_owned(), conference);
    }
    let moved =
        before.start != event.start || before.end != event.end || before.recurrence != event.recurrence;
    let important = moved || before.status != event.status;
    event.sequence = sequence.unwrap_or(event.sequence) + u64::from(important);
    Ok(event)
}

fn event_type(map: &Map<String, Value>) -> &str {
    map.get("eventType").and_then(Value::as_str).unwrap_or("default")
}

/// Reads a start or an end.
pub(crate) fn time(value: Option<&Value>, calendar_zone: &str, which: &str) -> Result<EventTime, Answer> {
    let missing = || refusal::required(&format!("Missing {which} time."));
    let bad = || refusal::invalid(&format!("Invalid {which} time."));
    let map = value.and_then(Value::as_object).ok_or_else(missing)?;
    let text = |key: &str| map.get(key).map(|value| value.as_str().unwrap_or_default());
    let zone_name = text("timeZone");
    if let Some(name) = zone_name {
        TimeZone::get(name)
            .map_err(|_| refusal::invalid(&format!("Invalid time zone definition for {which} time.")))?;
    }
    match (text("date"), text("dateTime")) {
        (Some(_), Some(_)) => Err(refusal::mixed_times()),
        (None, None) => Err(missing()),
        (Some(date), None) => date
            .parse::<Date>()
            .map(|date| EventTime::Day { date })
            .map_err(|_| bad()),
        (None, Some(text)) => {
            let name = zone_name.unwrap_or(calendar_zone).to_owned();
            let instant = match text.parse::<Timestamp>() {
                Ok(instant) => instant,
                Err(_) => {
                    // Without an offset the time needs a zone of its own.
                    let local: DateTime = text.parse().map_err(|_| bad())?;
                    let own = zone_name.ok_or_else(|| {
                        refusal::required(&format!("Missing time zone definition for {which} time."))
                    })?;
                    let zone = TimeZone::get(own).map_err(|_| bad())?;
                    zone.to_timestamp(local).map_err(|_| bad())?
                }
            };
            let whole = Timestamp::from_second(instant.as_second()).map_err(|_| bad())?;
            Ok(EventTime::At {
                instant: whole,
                zone: name,
            })
        }
    }
}

fn recurrence(value: Option<&Value>, start: &EventTime) -> Result<Vec<String>, Answer> {
    let bad = || refusal::invalid("Invalid recurrence rule.");
    let Some(value) = value else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for line in value.as_array().ok_or_else(bad)? {
        let line = line.as_str().ok_or_else(bad)?;
        let kind = line.split([';', ':']).next().unwrap_or_default();
        if !["RRULE", "EXRULE", "RDATE", "EXDATE"].contains(&kind) {
            return Err(bad());
        }
        lines.push(line.to_owned());
    }
    if !lines.is_empty() && !schedule(start, &lines).is_valid() {
        return Err(bad());
    }
    Ok(lines)
}

fn check_texts(map: &Map<String, Value>) -> Result<(), Answer> {
    for key in [
        "summary",
        "description",
        "location",
        "visibility",
        "transparency",
        "colorId",
        "eventType",
    ] {
        if map.get(key).is_some_and(|value| !value.is_string()) {
            return Err(refusal::invalid(&format!("Invalid value for: {key}")));
        }
    }
    let guests = map.get("attendees");
    if guests.is_some_and(|guests| !guests.is_array()) {
        return Err(refusal::invalid("Invalid value for: attendees"));
    }
    for guest in guests.and_then(Value::as_array).into_iter().flatten() {
        if guest
            .get("email")
            .and_then(Value::as_str)
            .is_none_or(|email| !email.contains('@'))
        {
            return Err(refusal::required("Missing attendee email."));
        }
    }
    Ok(())
}

/// Names of at most 44 letters, values of at most 1024, 300 of them, 32 kB in all
/// (<https://developers.google.com/workspace/calendar/api/guides/extended-properties>).
fn check_extended_properties(map: &Map<String, Value>) -> Result<(), Answer> {
    let bad = || refusal::invalid("Invalid extended property.");
    let Some(all) = map.get("extendedProperties") else {
        return Ok(());
    };
    let (mut count, mut size) = (0, 0);
    for group in all.as_object().ok_or_else(bad)?.values() {
        for (name, value) in group.as_object().ok_or_else(bad)? {
            let value = value.as_str().ok_or_else(bad)?;
            if name.len() > 44 || value.len() > 1024 {
                return Err(bad());
            }
            count += 1;
            size += name.len() + value.len();
        }
    }
    if count > 300 || size > 32 * 1024 {
        Err(bad())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_patch_keeps_what_is_absent_clears_what_is_null_and_replaces_arrays_whole() {
        let mut target = map(json!({"a": 1, "b": 2, "list": [1, 2], "deep": {"x": 1, "y": 2}}));
        merge(
            &mut target,
            &map(json!({"b": null, "list": [3], "deep": {"y": null, "z": 3}})),
        );
        assert_eq!(
            Value::Object(target),
            json!({"a": 1, "list": [3], "deep": {"x": 1, "z": 3}})
        );
    }

    #[test]
    fn a_local_time_without_any_zone_is_refused() {
        let local = json!({"dateTime": "2026-12-01T09:00:00"});
        assert!(time(Some(&local), "Europe/Berlin", "start").is_err());
        let zoned = json!({"dateTime": "2026-12-01T09:00:00", "timeZone": "Asia/Jakarta"});
        let read = time(Some(&zoned), "Europe/Berlin", "start").unwrap();
        assert_eq!(read.instant().to_string(), "2026-12-01T02:00:00Z");
    }
}
