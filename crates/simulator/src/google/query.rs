//! Reading: parameters, finding an event by its id, and `events.get`.

use std::sync::Arc;

use http::{StatusCode, header};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::event::{Event, EventStatus, EventTime, read_instance_id};
use super::instances::occurrence;
use super::render::View;
use super::{Calendar, Google, refusal};
use crate::wire::{Answer, Asked};
use crate::world::World;

/// `maxResults`: at least 1; above the cap it counts as the cap.
pub(crate) fn max_results(asked: &Asked, default: usize, cap: usize) -> Result<usize, Answer> {
    match asked.param("maxResults") {
        None => Ok(default),
        Some(text) => match text.parse::<usize>() {
            Ok(number) if number >= 1 => Ok(number.min(cap)),
            _ => Err(refusal::invalid_parameter(
                "maxResults",
                &format!("Invalid value '{text}'. Values must be within the range: [1, 2147483647]"),
            )),
        },
    }
}

/// A boolean parameter; anything but `true` and `false` is refused.
pub(crate) fn boolean(asked: &Asked, name: &str) -> Result<Option<bool>, Answer> {
    match asked.param(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(refusal::invalid_parameter(
            name,
            &format!(
                "Invalid value '{other}'. Values must match the following regular expression: '(true)|(false)'"
            ),
        )),
    }
}

/// An RFC 3339 instant, whose offset is mandatory.
pub(crate) fn instant(asked: &Asked, name: &str) -> Result<Option<Timestamp>, Answer> {
    asked
        .param(name)
        .map(|text| {
            text.parse()
                .map_err(|_| refusal::invalid_parameter(name, "Bad Request"))
        })
        .transpose()
}

/// The zone of the answer: the parameter's or the calendar's.
pub(crate) fn zone(asked: &Asked, calendar: &Calendar) -> Result<TimeZone, Answer> {
    match asked.param("timeZone") {
        None => Ok(super::event::zone(&calendar.time_zone)),
        Some(name) => {
            TimeZone::get(name).map_err(|_| refusal::invalid_parameter("timeZone", "Invalid time zone."))
        }
    }
}

/// An event by its id: stored, or an occurrence of a stored series that nobody has changed yet.
pub(crate) fn find(calendar: &Calendar, id: &str) -> Option<Arc<Event>> {
    if let Some(event) = calendar.events.get(id) {
        // An exception that its series outgrew leaves a bare row; the id may be an ordinary occurrence again.
        if !(event.left && event.recurring_event_id.is_some()) {
            return Some(Arc::clone(event));
        }
    }
    let (base, original) = read_instance_id(id)?;
    let split = format!("{base}_R");
    let series = calendar
        .events
        .get(base)
        .into_iter()
        .chain(calendar.events.range(split.clone()..).map(|(_, event)| event))
        .take_while(|event| event.id == base || event.id.starts_with(&split))
        .find(|series| runs_at(series, &original))?;
    Some(Arc::new(occurrence(series, original.instant())))
}

fn runs_at(series: &Event, original: &EventTime) -> bool {
    !series.is_cancelled()
        && series.start.is_day() == original.is_day()
        && series
            .schedule()
            .is_some_and(|schedule| schedule.has(original.instant()))
}

/// The event a caller may see, with the view on it.
pub(crate) fn seen<'a>(
    google: &'a Google,
    caller: &str,
    calendar_id: &'a str,
    event: &str,
) -> Result<(View<'a>, Arc<Event>), Answer> {
    let (calendar, role) = google
        .calendar(calendar_id, caller)
        .ok_or_else(refusal::not_found)?;
    let event = find(calendar, event).ok_or_else(refusal::not_found)?;
    Ok((View::new(google, calendar_id, calendar, role), event))
}

/// `events.get`: a deleted event is still given, with status `cancelled`.
pub(crate) fn get(
    world: &mut World,
    caller: &str,
    calendar_id: &str,
    event: &str,
    asked: &Asked,
) -> Result<Value, Answer> {
    let (mut view, mut event) = seen(&world.google, caller, calendar_id, event)?;
    let series = event.recurring_event_id.as_ref();
    if series
        .and_then(|series| view.calendar.events.get(series))
        .is_some_and(|series| series.is_cancelled())
    {
        // The dates of a deleted series went with it, those that were changed as well.
        Arc::make_mut(&mut event).status = EventStatus::Cancelled;
    }
    view.zone = zone(asked, view.calendar)?;
    view.max_attendees = asked.param("maxAttendees").and_then(|max| max.parse().ok());
    if asked.header(header::IF_NONE_MATCH) == Some(event.etag().as_str()) {
        return Err(Answer::empty(StatusCode::NOT_MODIFIED));
    }
    Ok(if event.left {
        view.tombstone(&event, false)
    } else {
        view.event(&event)
    })
}
