//! The meetings table.

use jiff::Timestamp;
use reconvene_core::conference::Target;
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::meeting::Meeting;
use reconvene_core::problem::{Code, Problem};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Json, Millis, activity, instant, json};

/// A meeting that some event points at, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: MeetingId,
    pub(crate) target: Target,
    pub(crate) seen: Option<Meeting>,
    pub(crate) seen_at: Option<Timestamp>,
    /// It was read once, so it was there.
    pub(crate) found: bool,
    pub(crate) ignored: bool,
    /// The person said to leave it alone until they bond it again.
    pub(crate) unbonded: bool,
    /// An event that it was made for lives on without it.
    pub(crate) outlived: bool,
    pub(crate) problem: Option<Problem>,
    /// It differed from its event in a way that only the person may settle.
    pub(crate) asks: bool,
    /// Whether it asks because it was changed at its provider.
    pub(crate) drifted: bool,
    pub(crate) moved_from: Option<Timestamp>,
    pub(crate) moved_at: Option<Timestamp>,
}

/// What stands in the column `asks` of a meeting that was changed at its provider; 1 for any other question.
const DRIFTED: i64 = 2;

impl Known {
    /// Whether its provider said when last asked that there is no such meeting.
    pub(crate) fn is_gone(&self) -> bool {
        (self.problem.as_ref()).is_some_and(|problem| problem.code == Code::MeetingGone)
    }
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    Ok(Known {
        id: MeetingId(row.get("id")?),
        target: row.get::<_, Json<Target>>("target")?.0,
        seen: json(row, "seen")?,
        seen_at: instant(row, "seen_at")?,
        found: row.get("found")?,
        ignored: row.get("ignored")?,
        unbonded: row.get("unbonded")?,
        outlived: row.get("outlived")?,
        problem: json(row, "problem")?,
        asks: row.get("asks")?,
        drifted: row.get::<_, i64>("asks")? == DRIFTED,
        moved_from: instant(row, "moved_from")?,
        moved_at: instant(row, "moved_at")?,
    })
}

/// One meeting.
pub(crate) fn get(tx: &Connection, id: MeetingId) -> rusqlite::Result<Option<Known>> {
    tx.prepare_cached("SELECT * FROM meetings WHERE id = ?1")?
        .query_row([id.0], known)
        .optional()
}

/// Every meeting.
pub(crate) fn all(tx: &Connection) -> rusqlite::Result<Vec<Known>> {
    tx.prepare_cached("SELECT * FROM meetings ORDER BY id")?
        .query_map([], known)?
        .collect()
}

/// The meeting that a target names, made known if it was not. One that was deleted from here was there once.
pub(crate) fn of(tx: &Connection, target: &Target) -> rusqlite::Result<MeetingId> {
    let known = tx
        .prepare_cached("SELECT id FROM meetings WHERE target = ?1")?
        .query_row([Json(target)], |row| row.get(0))
        .optional()?;
    let id = match known {
        Some(id) => id,
        None => tx
            .prepare_cached("INSERT INTO meetings (target, found) VALUES (?1, ?2) RETURNING id")?
            .query_row((Json(target), activity::deleted(tx, target)?), |row| row.get(0))?,
    };
    Ok(MeetingId(id))
}

/// Keeps how the provider described it just now.
pub(crate) fn seen(
    tx: &Connection,
    id: MeetingId,
    meeting: &Meeting,
    now: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET seen = ?2, seen_at = ?3, found = 1 WHERE id = ?1")?
        .execute((id.0, Json(meeting), Millis(now)))
        .map(drop)
}

/// Forgets what was read of it: it is to be read anew before anything is believed.
pub(crate) fn unsee(tx: &Connection, id: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET seen = NULL, seen_at = NULL WHERE id = ?1")?
        .execute([id.0])
        .map(drop)
}

/// Keeps that the provider said just now that there is no such meeting.
pub(crate) fn not_found(tx: &Connection, id: MeetingId, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET seen = NULL, seen_at = ?2 WHERE id = ?1")?
        .execute((id.0, Millis(now)))
        .map(drop)
}

/// Keeps why the last action ended without success; `None` when it is over.
pub(crate) fn set_problem(tx: &Connection, id: MeetingId, problem: Option<&Problem>) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET problem = ?2 WHERE id = ?1")?
        .execute((id.0, problem.map(Json)))
        .map(drop)
}

/// Keeps whether the person said to leave it alone.
pub(crate) fn set_ignored(tx: &Connection, id: MeetingId, ignored: bool) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET ignored = ?2 WHERE id = ?1")?
        .execute((id.0, ignored))
        .map(drop)
}

/// Keeps whether it is brought in step only once the person agrees.
pub(crate) fn set_asks(tx: &Connection, id: MeetingId, asks: bool) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET asks = ?2 WHERE id = ?1")?
        .execute((id.0, asks))
        .map(drop)
}

/// Keeps that it was changed at its provider, and is brought in step only once the person agrees.
pub(crate) fn ask_about_drift(tx: &Connection, id: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET asks = ?2 WHERE id = ?1")?
        .execute((id.0, DRIFTED))
        .map(drop)
}

/// The meetings that ask. One that no event points at any more where it is looked for asks again when one does, and one that is
/// not there when it is.
pub(crate) fn asking(tx: &Connection) -> rusqlite::Result<Vec<MeetingId>> {
    let mut asking: Vec<Known> = tx
        .prepare_cached(
            "SELECT * FROM meetings WHERE asks AND id IN (
                 SELECT l.meeting FROM links l JOIN events e ON e.id = l.event WHERE NOT e.elsewhere)
             ORDER BY id",
        )?
        .query_map([], known)?
        .collect::<rusqlite::Result<_>>()?;
    asking.retain(|known| !known.is_gone());
    Ok(asking.into_iter().map(|known| known.id).collect())
}

/// Those last read before `before`, or before `soon`, if ever, when an event of theirs is a riddle, or, by a clock that was
/// ahead, after `now`.
pub(crate) fn seen_before(
    tx: &Connection,
    before: Timestamp,
    soon: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<Vec<Known>> {
    tx.prepare_cached(
        "SELECT * FROM meetings WHERE seen_at < ?1 OR seen_at > ?3 OR (coalesce(seen_at, 0) < ?2 AND id IN (
             SELECT l.meeting FROM links l JOIN events e ON e.id = l.event WHERE e.odd AND e.gone_since IS NULL))
         ORDER BY seen_at",
    )?
    .query_map((Millis(before), Millis(soon), Millis(now)), known)?
    .collect()
}

/// Those that several living events point at, at least one of them on this calendar.
pub(crate) fn shared_by_events_of(tx: &Connection, calendar: CalendarId) -> rusqlite::Result<Vec<MeetingId>> {
    tx.prepare_cached(
        "SELECT l.meeting FROM links l JOIN events e ON e.id = l.event WHERE e.gone_since IS NULL
         GROUP BY l.meeting HAVING count(*) > 1 AND max(e.calendar = ?1) ORDER BY l.meeting",
    )?
    .query_map([calendar.0], |row| Ok(MeetingId(row.get(0)?)))?
    .collect()
}

/// Keeps whether the person said to leave it alone for good.
pub(crate) fn set_unbonded(tx: &Connection, id: MeetingId, unbonded: bool) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET unbonded = ?2 WHERE id = ?1")?
        .execute((id.0, unbonded))
        .map(drop)
}

/// Keeps whether an event that it was made for lives on without it.
pub(crate) fn set_outlived(tx: &Connection, id: MeetingId, outlived: bool) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET outlived = ?2 WHERE id = ?1 AND outlived <> ?2")?
        .execute((id.0, outlived))
        .map(drop)
}

/// Keeps where it was before the move that was just carried over.
pub(crate) fn moved(tx: &Connection, id: MeetingId, from: Timestamp, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET moved_from = ?2, moved_at = ?3 WHERE id = ?1")?
        .execute((id.0, Millis(from), Millis(now)))
        .map(drop)
}

/// Forgets that it was moved: the move was taken back.
pub(crate) fn unmoved(tx: &Connection, id: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE meetings SET moved_from = NULL, moved_at = NULL WHERE id = ?1")?
        .execute([id.0])
        .map(drop)
}

/// Forgets a meeting that nothing points at; one that something points at stays, and so does the person's word on one.
pub(crate) fn forget_unlinked(tx: &Connection, id: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM meetings WHERE id = ?1 AND NOT unbonded AND id NOT IN (SELECT meeting FROM links)",
    )?
    .execute([id.0])
    .map(drop)
}
