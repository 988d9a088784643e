//! Which events a list has.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Order, Wanted};
use crate::google::Calendar;
use crate::google::event::{Event, EventStatus};
use crate::google::instances::{exceptions, occurrence, unchanged};

/// When a whole series goes, a list of single events tells of its occurrences only this far ahead
/// (<https://github.com/googleapis/google-api-ruby-client/issues/860>).
const TOLD_AHEAD: SignedDuration = SignedDuration::from_hours(183 * 24);

/// The rows, in the service's order.
pub(super) fn rows(calendar: &Calendar, wanted: &Wanted, now: Timestamp) -> Vec<Arc<Event>> {
    let mut rows: Vec<Arc<Event>> = Vec::new();
    for event in calendar.events.values() {
        if wanted.since.is_some_and(|since| event.revision <= since)
            || wanted.updated_min.is_some_and(|min| event.updated < min)
            || !is_told(calendar, event, wanted)
            || !matches(event, wanted)
        {
            continue;
        }
        if wanted.single_events && event.is_series() {
            rows.extend(single(calendar, event, wanted, now));
        } else if in_window(event, wanted) {
            rows.push(Arc::clone(event));
        }
    }
    match wanted.order {
        Some(Order::StartTime) => rows.sort_by_key(|event| (event.start.instant(), event.id.clone())),
        Some(Order::Updated) => rows.sort_by_key(|event| (event.updated, event.id.clone())),
        // The order is unspecified but stable. This one puts exceptions before and behind their series.
        None => rows.sort_by_cached_key(|event| (scatter(&event.id), event.id.clone())),
    }
    rows
}

/// Whether a deleted event is told of at all; a living one always is.
fn is_told(calendar: &Calendar, event: &Event, wanted: &Wanted) -> bool {
    if let Some(series) = &event.recurring_event_id {
        // With the whole series deleted, its exceptions are no longer spoken of.
        let series_gone = calendar
            .events
            .get(series)
            .is_some_and(|series| series.is_cancelled());
        if series_gone {
            return false;
        }
        if event.is_cancelled() && !event.left && !wanted.single_events {
            return true;
        }
    }
    if !event.is_cancelled() {
        return true;
    }
    let asked_for = wanted.show_deleted || wanted.since.is_some() || wanted.updated_min.is_some();
    // An event deleted by nobody's list ever knowing is no news, but the service does not know what clients know.
    asked_for && !(wanted.single_events && event.is_series() && wanted.since.is_none())
}

fn single(calendar: &Calendar, series: &Event, wanted: &Wanted, now: Timestamp) -> Vec<Arc<Event>> {
    if series.is_cancelled() {
        let starts = series
            .schedule()
            .map(|schedule| schedule.starts(Some(now), Some(now + TOLD_AHEAD), 200));
        let gone = |start| Event {
            status: EventStatus::Cancelled,
            ..occurrence(series, start)
        };
        return starts
            .into_iter()
            .flatten()
            .map(|start| Arc::new(gone(start)))
            .collect();
    }
    let from = wanted
        .time_min
        .and_then(|min| min.checked_sub(series.length()).ok());
    let mut rows = unchanged(calendar, series, from, wanted.time_max);
    rows.retain(|event| in_window(event, wanted));
    rows
}

fn in_window(event: &Event, wanted: &Wanted) -> bool {
    if wanted.time_min.is_none() && wanted.time_max.is_none() {
        return true;
    }
    if let Some(schedule) = event.schedule() {
        let from = wanted
            .time_min
            .and_then(|min| min.checked_sub(event.length()).ok());
        return !schedule.starts(from, wanted.time_max, 1).is_empty();
    }
    wanted.time_min.is_none_or(|min| event.end.instant() > min)
        && wanted.time_max.is_none_or(|max| event.start.instant() < max)
}

fn matches(event: &Event, wanted: &Wanted) -> bool {
    let of_type = wanted.event_types.is_empty()
        || event.is_cancelled()
        || wanted.event_types.iter().any(|kind| kind == event.event_type());
    let has = |kind: &str, pairs: &[String]| {
        pairs.iter().all(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let map = event.more.get("extendedProperties").and_then(|all| all.get(kind));
            map.and_then(|map| map.get(name)).and_then(Value::as_str) == Some(value)
        })
    };
    let says = |text: &String| {
        ["summary", "description", "location", "attendees"]
            .iter()
            .any(|name| {
                event
                    .more
                    .get(*name)
                    .is_some_and(|value| value.to_string().to_lowercase().contains(text.as_str()))
            })
    };
    of_type
        && wanted.text.as_ref().is_none_or(says)
        && wanted.ical_uid.as_ref().is_none_or(|uid| *uid == event.ical_uid)
        && has("private", &wanted.private)
        && has("shared", &wanted.shared)
}

/// FNV-1a (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>): only to scatter ids the same way every time.
fn scatter(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// The exceptions that a change of the series makes meaningless, because no occurrence starts there any more.
pub(crate) fn orphans(calendar: &Calendar, series: &Event) -> Vec<String> {
    let schedule = series.schedule();
    exceptions(calendar, series)
        .into_iter()
        .filter(|(original, _)| !schedule.as_ref().is_some_and(|schedule| schedule.has(*original)))
        .map(|(_, event)| event.id.clone())
        .collect()
}
