//! Occurrences of a series: expansion and `events.instances`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Event, EventTime, instance_id};
use super::list::page;
use super::query::{boolean, instant, max_results, seen, zone};
use super::{Calendar, refusal};
use crate::wire::{Answer, Asked};
use crate::world::World;

/// An endless series is expanded this far and no further.
const EXPANSION_LIMIT: u16 = 730;

/// The occurrence of `series` that was to start at `original`, unchanged.
pub(crate) fn occurrence(series: &Event, original: Timestamp) -> Event {
    let shift = original.duration_since(series.start.instant());
    let start = match &series.start {
        EventTime::At { zone, .. } => EventTime::At {
            instant: original,
            zone: zone.clone(),
        },
        day @ EventTime::Day { .. } => day.later(shift),
    };
    Event {
        id: instance_id(base(&series.id), &start),
        recurring_event_id: Some(series.id.clone()),
        original_start: Some(start.clone()),
        end: start.later(series.length()),
        start,
        recurrence: Vec::new(),
        ..series.clone()
    }
}

/// A series made by "this and following" has `_R…` in its id, yet its occurrences go without
/// (<https://github.com/odoo/odoo/pull/287171>, <https://github.com/t4t5/caldir/issues/48>).
fn base(series: &str) -> &str {
    match series.rsplit_once("_R") {
        Some((base, stamp)) if stamp.starts_with(|c: char| c.is_ascii_digit()) => base,
        _ => series,
    }
}

/// The exceptions of a series by original start.
pub(crate) fn exceptions<'a>(calendar: &'a Calendar, series: &Event) -> BTreeMap<Timestamp, &'a Arc<Event>> {
    let base = base(&series.id);
    calendar
        .events
        .range(base.to_owned()..)
        .map(|(_, event)| event)
        .take_while(|event| event.id.starts_with(base))
        .filter(|event| event.recurring_event_id.as_ref() == Some(&series.id) && !event.left)
        .filter_map(|event| Some((event.original_start.as_ref()?.instant(), event)))
        .collect()
}

/// The occurrences that nobody changed, within bounds on their start.
pub(crate) fn unchanged(
    calendar: &Calendar,
    series: &Event,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Vec<Arc<Event>> {
    let exceptions = exceptions(calendar, series);
    let starts = series
        .schedule()
        .map(|schedule| schedule.starts(from, until, EXPANSION_LIMIT));
    starts
        .into_iter()
        .flatten()
        .filter(|start| !exceptions.contains_key(start))
        .map(|start| Arc::new(occurrence(series, start)))
        .collect()
}

/// `events.instances`.
pub(crate) fn list(
    world: &mut World,
    caller: &str,
    calendar_id: &str,
    event: &str,
    asked: &Asked,
) -> Result<Value, Answer> {
    let max = max_results(asked, 250, 2500)?;
    let show_deleted = boolean(asked, "showDeleted")?.unwrap_or(false);
    let (from, until) = (instant(asked, "timeMin")?, instant(asked, "timeMax")?);
    let (mut view, series) = seen(&world.google, caller, calendar_id, event)?;
    if !series.is_series() {
        return Err(refusal::invalid("The specified event is not a recurring event."));
    }
    view.zone = zone(asked, view.calendar)?;
    let mut rows = unchanged(view.calendar, &series, None, until);
    rows.extend(exceptions(view.calendar, &series).into_values().cloned());
    rows.retain(|event| {
        (show_deleted || !event.is_cancelled())
            && from.is_none_or(|from| event.end.instant() > from)
            && until.is_none_or(|until| event.start.instant() < until)
            && asked.param("originalStart").is_none_or(|wanted| {
                let original = event.original_start.as_ref().map(|start| start.json(&view.zone));
                original.is_some_and(|start| {
                    let text = start
                        .get("dateTime")
                        .or_else(|| start.get("date"))
                        .and_then(Value::as_str);
                    text == Some(wanted)
                })
            })
    });
    rows.sort_by_key(|event| event.start.instant());
    // Occurrences are computed anew for each page; a number is state enough.
    let offset: usize = match asked.param("pageToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| refusal::invalid_page_token())?,
    };
    let items: Vec<Value> = rows
        .iter()
        .skip(offset)
        .take(max)
        .map(|event| page::row(&view, event, show_deleted))
        .collect();
    let mut out = page::collection(&view, items);
    if let (true, Some(map)) = (offset + max < rows.len(), out.as_object_mut()) {
        map.insert("nextPageToken".to_owned(), json!((offset + max).to_string()));
    }
    Ok(out)
}
