//! The exceptions table: dates of series that depart from the rule.

use jiff::Timestamp;
use jiff::civil::Date;
use reconvene_core::conference::Target;
use reconvene_core::event::{Became, Event, Exception, Place};
use reconvene_core::id::CalendarId;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::events::{columns, moment};
use super::{Json, Millis, json};

/// An exception as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) google_id: String,
    pub(crate) place: Place,
    pub(crate) exception: Exception,
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let original = moment(row, "original", "original_day", None)?.ok_or(rusqlite::Error::InvalidQuery)?;
    let became = match (
        moment(row, "starts", "starts_day", None)?,
        moment(row, "ends", "ends_day", None)?,
    ) {
        (Some(start), Some(end)) => Became::Changed {
            start,
            end,
            title: row.get("title")?,
            target: json::<Target>(row, "target")?,
        },
        _ => Became::Cancelled,
    };
    Ok(Kept {
        google_id: row.get("google_id")?,
        place: Place {
            series: row.get("series")?,
            original: original.clone(),
        },
        exception: Exception { original, became },
    })
}

/// The exceptions of one series.
pub(crate) fn of_series(
    tx: &Connection,
    calendar: CalendarId,
    series: &str,
) -> rusqlite::Result<Vec<Exception>> {
    tx.prepare_cached("SELECT * FROM exceptions WHERE calendar = ?1 AND series = ?2 ORDER BY google_id")?
        .query_map((calendar.0, series), |row| kept(row).map(|kept| kept.exception))?
        .collect()
}

/// The dates of one series that do not take place.
pub(crate) fn cancelled_of(
    tx: &Connection,
    calendar: CalendarId,
    series: &str,
) -> rusqlite::Result<Vec<Kept>> {
    tx.prepare_cached(
        "SELECT * FROM exceptions WHERE calendar = ?1 AND series = ?2 AND starts IS NULL AND starts_day IS NULL
         ORDER BY google_id",
    )?
    .query_map((calendar.0, series), kept)?
    .collect()
}

/// Those that are kept under another half of a split series than `series`; `base` is what the ids of all halves begin with
/// (`reconvene_core::plan::base`).
pub(crate) fn of_other_halves(
    tx: &Connection,
    calendar: CalendarId,
    base: &str,
    series: &str,
) -> rusqlite::Result<Vec<Kept>> {
    tx.prepare_cached(
        "SELECT * FROM exceptions
         WHERE calendar = ?1 AND (series = ?2 OR series > ?2 || '_R' AND series < ?2 || '_S') AND series <> ?3
         ORDER BY google_id",
    )?
    .query_map((calendar.0, base, series), kept)?
    .collect()
}

/// The exception with a Google id.
pub(crate) fn get(tx: &Connection, calendar: CalendarId, google_id: &str) -> rusqlite::Result<Option<Kept>> {
    tx.prepare_cached("SELECT * FROM exceptions WHERE calendar = ?1 AND google_id = ?2 LIMIT 1")?
        .query_row((calendar.0, google_id), kept)
        .optional()
}

/// Keeps a changed date as it is now.
pub(crate) fn changed(
    tx: &Connection,
    calendar: CalendarId,
    place: &Place,
    event: &Event,
    pass: i64,
) -> rusqlite::Result<()> {
    let target = event.conference.as_ref().map(|found| Json(&found.target));
    let (starts, _, starts_day) = columns(&event.start);
    let (ends, _, ends_day) = columns(&event.end);
    let (original, _, original_day) = columns(&place.original);
    no_other(tx, calendar, place, &event.google_id)?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO exceptions
         VALUES (:calendar, :series, :google_id, :original, :original_day, :starts, :starts_day, :ends, :ends_day, :title,
                 :target, :pass)",
    )?
    .execute(named_params! {
        ":calendar": calendar.0, ":series": place.series, ":google_id": event.google_id, ":original": original,
        ":original_day": original_day, ":starts": starts, ":starts_day": starts_day, ":ends": ends,
        ":ends_day": ends_day, ":title": event.title, ":target": target, ":pass": pass,
    })
    .map(drop)
}

/// Keeps that a date does not take place.
pub(crate) fn cancelled(
    tx: &Connection,
    calendar: CalendarId,
    place: &Place,
    google_id: &str,
    pass: i64,
) -> rusqlite::Result<()> {
    let (original, _, original_day) = columns(&place.original);
    no_other(tx, calendar, place, google_id)?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO exceptions (calendar, series, google_id, original, original_day, title, pass)
         VALUES (?1, ?2, ?3, ?4, ?5, '', ?6)",
    )?
    .execute((calendar.0, &place.series, google_id, original, original_day, pass))
    .map(drop)
}

/// A date is of one series: of the second half, once a split has taken it from the first.
fn no_other(tx: &Connection, calendar: CalendarId, place: &Place, google_id: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM exceptions WHERE calendar = ?1 AND google_id = ?2 AND series <> ?3")?
        .execute((calendar.0, google_id, &place.series))
        .map(drop)
}

/// Exceptions of a calendar that were not seen in its present full pass.
pub(crate) fn vanished(tx: &Connection, calendar: CalendarId, pass: i64) -> rusqlite::Result<Vec<Kept>> {
    tx.prepare_cached("SELECT * FROM exceptions WHERE calendar = ?1 AND pass < ?2 ORDER BY google_id")?
        .query_map((calendar.0, pass), kept)?
        .collect()
}

/// Forgets an exception.
pub(crate) fn forget(tx: &Connection, calendar: CalendarId, google_id: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM exceptions WHERE calendar = ?1 AND google_id = ?2")?
        .execute((calendar.0, google_id))
        .map(drop)
}

/// Forgets what became of the dates of a calendar that were over before `before`, `day` being the day then: no date ahead
/// depends on it.
pub(crate) fn forget_past(
    tx: &Connection,
    calendar: CalendarId,
    before: Timestamp,
    day: Date,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM exceptions WHERE calendar = ?1
         AND coalesce(original < ?2, original_day < ?3) AND coalesce(ends < ?2, ends_day < ?3, 1)",
    )?
    .execute((calendar.0, Millis(before), day.to_string()))
    .map(drop)
}

/// Forgets all exceptions of a series.
pub(crate) fn forget_series(tx: &Connection, calendar: CalendarId, series: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM exceptions WHERE calendar = ?1 AND series = ?2")?
        .execute((calendar.0, series))
        .map(drop)
}

/// Forgets all exceptions of a calendar but those of series that are kept.
pub(crate) fn forget_unheld(tx: &Connection, calendar: CalendarId) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM exceptions WHERE calendar = ?1 AND series NOT IN (SELECT google_id FROM events WHERE calendar = ?1)",
        [calendar.0],
    )
    .map(drop)
}
