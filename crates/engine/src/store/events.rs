//! The events table with the links that events carry.

use jiff::Timestamp;
use reconvene_core::conference::{Conference, Source, Target};
use reconvene_core::event::{Event, Exception, Kind, Moment, Place};
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::plan::Proof;
use reconvene_core::recurrence::Recurrence;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Json, Millis, exceptions, instant, json};

/// An event as last seen, with its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) calendar: CalendarId,
    pub(crate) event: Event,
    pub(crate) gone_since: Option<Timestamp>,
    pub(crate) meeting: Option<MeetingId>,
    pub(crate) proof: Option<Proof>,
    /// Google's id of its calendar, which several accounts may show.
    pub(crate) listed_as: String,
    /// Whether its calendar can be read. What a lost one was last known to hold may be out of date.
    pub(crate) available: bool,
    /// The full pass that its calendar is in has not come to it yet.
    pub(crate) unread: bool,
    /// A full pass of its calendar is under way, and not one that fails again and again.
    pub(crate) being_read: bool,
    /// When what the row says was learnt.
    pub(crate) learnt: Timestamp,
    /// When the pass began that last read its calendar to the end.
    pub(crate) read: Option<Timestamp>,
    /// Of a series: when an edit took its last date.
    pub(crate) emptied: Option<Timestamp>,
    /// Google's newest row of it was not understood.
    pub(crate) odd: bool,
    /// What was not understood is the row of one of its dates.
    pub(crate) odd_date: bool,
    /// It is shown without its details.
    pub(crate) closed: bool,
    /// It went to a calendar that nobody watches, and lives there: the row says what was last known of it.
    pub(crate) elsewhere: bool,
    /// Of the master of a series: its exceptions.
    pub(crate) exceptions: Vec<Exception>,
}

/// A calendar that failed so often in a row may do so for long: nothing waits for its full pass any more (P10).
const PATIENCE: u32 = 5;

/// What was not understood of an event, as in the column `odd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Puzzle {
    /// Its own row.
    Itself = 1,
    /// The row of one of its dates.
    OfADate = 2,
    /// Its own row, which is shown without its details.
    Closed = 3,
}

const SELECT: &str = "SELECT e.*, l.meeting, l.source, l.origin, l.proof, m.target, c.google_id AS listed_as,
        c.available AND coalesce(c.problem ->> '$.retryable', 1) AS available,
        c.available AND c.sync_token IS NULL AS being_read, c.failures, c.last_success,
        c.available AND c.sync_token IS NULL AND e.pass < c.pass AS unread
    FROM events e JOIN calendars c ON c.id = e.calendar
    LEFT JOIN links l ON l.event = e.id LEFT JOIN meetings m ON m.id = l.meeting";

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let conference = match json::<Target>(row, "target")? {
        None => None,
        Some(target) => Some(Conference {
            source: json::<Source>(row, "source")?.unwrap_or(Source::Description),
            target,
            origin: row.get("origin")?,
        }),
    };
    let kind = match row.get_ref("kind")?.as_str()? {
        "single" => Kind::Single,
        "series" => Kind::Series {
            recurrence: json(row, "recurrence")?.unwrap_or_else(|| Recurrence::new(Vec::new())),
        },
        _ => Kind::Exception(Place {
            series: row.get("series")?,
            original: match moment(row, "original", "original_day", None)? {
                Some(original) => original,
                // Kept by a version that did not ask for it.
                None => required(moment(row, "starts", "starts_day", None)?)?,
            },
        }),
    };
    Ok(Stored {
        id: row.get("id")?,
        calendar: CalendarId(row.get("calendar")?),
        event: Event {
            google_id: row.get("google_id")?,
            etag: row.get("etag")?,
            title: row.get("title")?,
            start: required(moment(row, "starts", "starts_day", row.get("starts_zone")?)?)?,
            end: required(moment(row, "ends", "ends_day", None)?)?,
            kind,
            organized_here: row.get("organized_here")?,
            conference,
        },
        gone_since: instant(row, "gone_since")?,
        meeting: row.get::<_, Option<i64>>("meeting")?.map(MeetingId),
        proof: json(row, "proof")?,
        listed_as: row.get("listed_as")?,
        available: row.get("available")?,
        unread: row.get("unread")?,
        being_read: row.get("being_read")? && row.get::<_, u32>("failures")? < PATIENCE,
        learnt: row.get::<_, Millis>("learnt")?.0,
        read: instant(row, "last_success")?,
        emptied: instant(row, "emptied_at")?,
        odd: row.get("odd")?,
        odd_date: row.get::<_, i64>("odd")? == Puzzle::OfADate as i64,
        closed: row.get::<_, i64>("odd")? == Puzzle::Closed as i64,
        elsewhere: row.get("elsewhere")?,
        exceptions: Vec::new(),
    })
}

/// A moment kept in two columns, of which one is set; `None` when neither is.
pub(super) fn moment(
    row: &Row<'_>,
    at: &str,
    day: &str,
    zone: Option<String>,
) -> rusqlite::Result<Option<Moment>> {
    if let Some(instant) = instant(row, at)? {
        return Ok(Some(Moment::At { instant, zone }));
    }
    let Some(text) = row.get::<_, Option<String>>(day)? else {
        return Ok(None);
    };
    text.parse()
        .map(|day| Some(Moment::Day(day)))
        .map_err(|error: jiff::Error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}

fn required(moment: Option<Moment>) -> rusqlite::Result<Moment> {
    moment.ok_or(rusqlite::Error::InvalidQuery)
}

/// Lays the exceptions beside the masters of series.
fn with_exceptions(tx: &Connection, mut rows: Vec<Stored>) -> rusqlite::Result<Vec<Stored>> {
    for stored in &mut rows {
        if let Kind::Series { .. } = stored.event.kind {
            stored.exceptions = exceptions::of_series(tx, stored.calendar, &stored.event.google_id)?;
        }
    }
    Ok(rows)
}

/// One event of a calendar, by Google's id.
pub(crate) fn get(
    tx: &Connection,
    calendar: CalendarId,
    google_id: &str,
) -> rusqlite::Result<Option<Stored>> {
    let row = tx
        .prepare_cached(&format!("{SELECT} WHERE e.calendar = ?1 AND e.google_id = ?2"))?
        .query_row((calendar.0, google_id), stored)
        .optional()?;
    let rows = with_exceptions(tx, row.into_iter().collect())?;
    Ok(rows.into_iter().next())
}

/// Every event, on any calendar, that points at a meeting, oldest row first.
pub(crate) fn of_meeting(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<Vec<Stored>> {
    let rows: rusqlite::Result<Vec<Stored>> = tx
        .prepare_cached(&format!("{SELECT} WHERE l.meeting = ?1 ORDER BY e.id"))?
        .query_map([meeting.0], stored)?
        .collect();
    with_exceptions(tx, rows?)
}

/// The masters of a calendar whose id is `base`, or `base` with what Google adds to later halves of a split series.
pub(crate) fn masters(tx: &Connection, calendar: CalendarId, base: &str) -> rusqlite::Result<Vec<Stored>> {
    tx.prepare_cached(&format!(
        "{SELECT} WHERE e.calendar = ?1 AND e.kind = 'series' AND (e.google_id = ?2 OR e.google_id GLOB ?2 || '_R[0-9]*')
         ORDER BY e.id"
    ))?
    .query_map((calendar.0, base), stored)?
    .collect()
}

/// The changed dates of a series that are kept as events, because they point at a meeting.
pub(crate) fn of_series(
    tx: &Connection,
    calendar: CalendarId,
    series: &str,
) -> rusqlite::Result<Vec<Stored>> {
    tx.prepare_cached(&format!(
        "{SELECT} WHERE e.calendar = ?1 AND e.series = ?2 ORDER BY e.id"
    ))?
    .query_map((calendar.0, series), stored)?
    .collect()
}

/// Every event with a link, by start, those gone whose meeting is not settled yet included.
pub(crate) fn with_conference(tx: &Connection) -> rusqlite::Result<Vec<Stored>> {
    let rows: rusqlite::Result<Vec<Stored>> = tx
        .prepare_cached(&format!(
            "{SELECT} WHERE l.meeting IS NOT NULL ORDER BY e.starts, e.starts_day, e.id"
        ))?
        .query_map([], stored)?
        .collect();
    with_exceptions(tx, rows?)
}

/// Whether any living event is known to point at what a target names.
pub(crate) fn point_at(tx: &Connection, target: &Target) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM meetings m JOIN links l ON l.meeting = m.id JOIN events e ON e.id = l.event
                        WHERE m.target = ?1 AND e.gone_since IS NULL)",
    )?
    .query_row([Json(target)], |row| row.get(0))
}

/// The living series of a calendar.
pub(crate) fn series_on(tx: &Connection, calendar: CalendarId) -> rusqlite::Result<Vec<Stored>> {
    tx.prepare_cached(&format!(
        "{SELECT} WHERE e.calendar = ?1 AND e.kind = 'series' AND e.gone_since IS NULL ORDER BY e.id"
    ))?
    .query_map([calendar.0], stored)?
    .collect()
}

/// What an event left on other calendars: rows that are gone, with what they pointed at.
pub(crate) fn gone_elsewhere(
    tx: &Connection,
    calendar: CalendarId,
    google_id: &str,
) -> rusqlite::Result<Vec<Stored>> {
    tx.prepare_cached(&format!(
        "{SELECT} WHERE e.google_id = ?2 AND e.calendar IN (SELECT id FROM calendars WHERE id <> ?1)
             AND e.gone_since IS NOT NULL ORDER BY e.id"
    ))?
    .query_map((calendar.0, google_id), stored)?
    .collect()
}

/// How many living events of a calendar carry a conference.
pub(crate) fn conferences(tx: &Connection, calendar: CalendarId) -> rusqlite::Result<u32> {
    tx.prepare_cached(
        "SELECT count(*) FROM events e JOIN links l ON l.event = e.id WHERE e.calendar = ?1 AND gone_since IS NULL
         AND NOT elsewhere",
    )?
    .query_row([calendar.0], |row| row.get(0))
}

/// Events of a calendar that carry a link, live, and were not seen in its present full pass.
pub(crate) fn vanished(tx: &Connection, calendar: CalendarId, pass: i64) -> rusqlite::Result<Vec<Stored>> {
    let rows: rusqlite::Result<Vec<Stored>> = tx
        .prepare_cached(&format!(
            "{SELECT} WHERE e.calendar = ?1 AND e.pass < ?2 AND e.gone_since IS NULL AND NOT e.elsewhere
                 AND l.meeting IS NOT NULL ORDER BY e.id"
        ))?
        .query_map((calendar.0, pass), stored)?
        .collect();
    with_exceptions(tx, rows?)
}

/// Events of a calendar that are over since before `before`, or of which that is not known yet.
pub(crate) fn perhaps_over(
    tx: &Connection,
    calendar: CalendarId,
    before: Timestamp,
) -> rusqlite::Result<Vec<Stored>> {
    let rows: rusqlite::Result<Vec<Stored>> = tx
        .prepare_cached(&format!(
            "{SELECT} WHERE e.calendar = ?1 AND (e.over_at IS NULL OR e.over_at <= ?2) ORDER BY e.id"
        ))?
        .query_map((calendar.0, Millis(before)), stored)?
        .collect();
    with_exceptions(tx, rows?)
}

/// Notes until when something of an event lies ahead, as far as is seen now.
pub(crate) fn over_at(tx: &Connection, event: i64, end: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE events SET over_at = ?2 WHERE id = ?1")?
        .execute((event, Millis(end)))
        .map(drop)
}

/// Keeps an event as it is now, alive. Its link is kept apart, by [`link`].
pub(crate) fn put(
    tx: &Connection,
    calendar: CalendarId,
    event: &Event,
    pass: i64,
    now: Timestamp,
) -> rusqlite::Result<i64> {
    let (starts, starts_zone, starts_day) = columns(&event.start);
    let (ends, _, ends_day) = columns(&event.end);
    let (kind, recurrence, place) = match &event.kind {
        Kind::Single => ("single", None, None),
        Kind::Series { recurrence } => ("series", Some(Json(recurrence)), None),
        Kind::Exception(place) => ("exception", None, Some(place)),
    };
    let (original, _, original_day) = place.map(|place| columns(&place.original)).unwrap_or_default();
    // What a series still brings is looked up in its rule, and when a day is over the calendar's zone says.
    let over_at = match recurrence {
        None => ends,
        Some(_) => None,
    };
    tx.prepare_cached(
        "INSERT INTO events (calendar, google_id, etag, title, starts, starts_zone, starts_day, ends, ends_day, kind,
                             recurrence, series, original, original_day, organized_here, pass, learnt, over_at)
         VALUES (:calendar, :google_id, :etag, :title, :starts, :starts_zone, :starts_day, :ends, :ends_day, :kind,
                 :recurrence, :series, :original, :original_day, :organized_here, :pass, :learnt, :over_at)
         ON CONFLICT (calendar, google_id) DO UPDATE
         SET etag = excluded.etag, title = excluded.title, starts = excluded.starts,
             starts_zone = excluded.starts_zone, starts_day = excluded.starts_day, ends = excluded.ends,
             ends_day = excluded.ends_day, kind = excluded.kind, recurrence = excluded.recurrence,
             series = excluded.series, original = excluded.original, original_day = excluded.original_day,
             organized_here = excluded.organized_here, pass = excluded.pass, learnt = excluded.learnt,
             over_at = excluded.over_at, emptied_at = NULL, odd = 0, elsewhere = 0, gone_since = NULL
         RETURNING id",
    )?
    .query_row(
        named_params! {
            ":calendar": calendar.0, ":google_id": event.google_id, ":etag": event.etag, ":title": event.title,
            ":starts": starts, ":starts_zone": starts_zone, ":starts_day": starts_day, ":ends": ends,
            ":ends_day": ends_day, ":kind": kind, ":recurrence": recurrence,
            ":series": place.map(|place| &place.series), ":original": original, ":original_day": original_day, ":organized_here": event.organized_here,
            ":pass": pass, ":learnt": Millis(now), ":over_at": over_at,
        },
        |row| row.get(0),
    )
}

pub(super) fn columns(moment: &Moment) -> (Option<Millis>, Option<&str>, Option<String>) {
    match moment {
        Moment::At { instant, zone } => (Some(Millis(*instant)), zone.as_deref(), None),
        Moment::Day(day) => (None, None, Some(day.to_string())),
    }
}

/// Notes that an event was seen on its calendar, as it was known, with its newest revision tag.
pub(crate) fn seen(tx: &Connection, event: i64, etag: &str, pass: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE events SET pass = ?2, etag = ?3, odd = 0, elsewhere = 0 WHERE id = ?1")?
        .execute((event, pass, etag))
        .map(drop)
}

/// Notes since when an event is gone. Its row stays until its meeting is settled.
pub(crate) fn gone(tx: &Connection, event: i64, since: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE events SET gone_since = ?2, learnt = ?2 WHERE id = ?1 AND gone_since IS NULL")?
        .execute((event, Millis(since)))
        .map(drop)
}

/// Notes that a date of a series was just learnt: that says nothing about a row of its own that was not understood.
pub(crate) fn learnt(tx: &Connection, event: i64, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE events SET learnt = ?2, odd = iif(odd = ?3, 0, odd) WHERE id = ?1")?
        .execute((event, Millis(now), Puzzle::OfADate as i64))
        .map(drop)
}

/// Notes when an edit took the last date of a series; `None` while it has one, or when time ended it.
pub(crate) fn emptied(tx: &Connection, event: i64, at: Option<Timestamp>) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE events SET emptied_at = ?2 WHERE id = ?1")?
        .execute((event, at.map(Millis)))
        .map(drop)
}

/// Notes that an event, or one of its dates, was seen, alive, in a row that was not understood.
pub(crate) fn not_understood(tx: &Connection, event: i64, pass: i64, about: Puzzle) -> rusqlite::Result<()> {
    // The order in which one says more than another.
    let known = match about {
        Puzzle::OfADate => "odd IN (1, 3)",
        Puzzle::Itself => "odd = 3",
        Puzzle::Closed => "0",
    };
    tx.prepare_cached(&format!(
        "UPDATE events SET odd = iif({known}, odd, ?3), pass = ?2, gone_since = NULL WHERE id = ?1"
    ))?
    .execute((event, pass, about as i64))
    .map(drop)
}

/// Takes a tombstone back: the event lives.
pub(crate) fn back(tx: &Connection, event: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE events SET gone_since = NULL WHERE id = ?1")?
        .execute([event])
        .map(drop)
}

/// Notes that an event which is gone from its calendar lives where nobody looks.
pub(crate) fn lives_elsewhere(tx: &Connection, event: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE events SET elsewhere = 1, gone_since = NULL WHERE id = ?1")?
        .execute([event])
        .map(drop)
}

/// Notes that somebody looks at a calendar again: what was last known to live there is there, or has to be looked up.
pub(crate) fn watched_again(tx: &Connection, calendar: CalendarId) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE events SET elsewhere = 0 WHERE calendar = ?1",
        [calendar.0],
    )
    .map(drop)
}

/// Forgets what was last known of an event where nobody looked, now that `event`, the same one, is seen again.
pub(crate) fn seen_again(tx: &Connection, event: i64, google_id: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM events WHERE google_id = ?2 AND elsewhere AND id <> ?1")?
        .execute((event, google_id))
        .map(drop)
}

/// Lets the grace period of a meeting's gone events begin anew, because only now the last living one left it.
pub(crate) fn gone_anew(tx: &Connection, meeting: MeetingId, since: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE events SET gone_since = ?2
         WHERE gone_since IS NOT NULL AND id IN (SELECT event FROM links WHERE meeting = ?1)",
    )?
    .execute((meeting.0, Millis(since)))
    .map(drop)
}

/// Notes that an event is not the person's any more.
pub(crate) fn of_somebody_else(tx: &Connection, event: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE events SET organized_here = 0 WHERE id = ?1")?
        .execute([event])
        .map(drop)
}

/// Forgets an event and its link.
pub(crate) fn forget(tx: &Connection, event: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM events WHERE id = ?1")?
        .execute([event])
        .map(drop)
}

/// Forgets an event that left for good, and of a series what became of its dates.
pub(crate) fn forget_with_dates(tx: &Connection, stored: &Stored) -> rusqlite::Result<()> {
    forget(tx, stored.id)?;
    match stored.event.kind {
        Kind::Series { .. } => exceptions::forget_series(tx, stored.calendar, &stored.event.google_id),
        Kind::Single | Kind::Exception(_) => Ok(()),
    }
}

/// Forgets all events of a calendar but those that live elsewhere, and with them every cancelled event, wherever it was, whose
/// meeting they pointed at: not to see an event any more is no reason to delete its meeting (P3).
pub(crate) fn forget_calendar(tx: &Connection, calendar: CalendarId) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM events WHERE gone_since IS NOT NULL AND id IN (
             SELECT l.event FROM links l WHERE l.meeting IN (
                 SELECT m.meeting FROM links m JOIN events e ON e.id = m.event WHERE e.calendar = ?1))",
        [calendar.0],
    )?;
    tx.execute(
        "DELETE FROM events WHERE calendar = ?1 AND NOT elsewhere",
        [calendar.0],
    )?;
    exceptions::forget_unheld(tx, calendar)
}

/// Points an event at a meeting, replacing what it pointed at before.
pub(crate) fn link(
    tx: &Connection,
    event: i64,
    meeting: MeetingId,
    conference: &Conference,
    proof: Option<Proof>,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO links (event, meeting, source, origin, proof) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (event) DO UPDATE SET meeting = excluded.meeting, source = excluded.source,
             origin = excluded.origin, proof = excluded.proof",
    )?
    .execute((
        event,
        meeting.0,
        Json(conference.source),
        &conference.origin,
        proof.map(Json),
    ))
    .map(drop)
}

/// Makes a link a bond.
pub(crate) fn bond(tx: &Connection, event: i64, proof: Proof) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE links SET proof = ?2 WHERE event = ?1 AND proof IS NULL")?
        .execute((event, Json(proof)))
        .map(drop)
}
