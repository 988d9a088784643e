//! The creations table: meetings that are being made for events, and how far each has come.
//!
//! Rows name their event by what Google calls it, so that they outlive a sign-out: what was made must be seen to its end.

use jiff::{SignedDuration, Timestamp};
use reconvene_core::conference::Target;
use reconvene_core::id::EntryId;
use reconvene_core::problem::Problem;
use reconvene_core::report::Service;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Json, Millis, instant, json};

/// An ended row is kept so long, so that a rule asks no second time for what was refused or taken off again.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How far a creation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was sent yet.
    Wanted,
    /// The request to make the meeting is out, and what came of it is not known.
    Sent,
    /// The meeting is there, and nobody else knows of it.
    Made,
    /// The request to write it on the event is out, and what came of it is not known.
    Offered,
    /// The meeting is there and is to be deleted again.
    Unwanted,
    /// The event shows its meeting.
    Written,
    /// It came to nothing.
    Ended,
}

impl Stage {
    const ALL: [Self; 7] = [
        Self::Wanted,
        Self::Sent,
        Self::Made,
        Self::Offered,
        Self::Unwanted,
        Self::Written,
        Self::Ended,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Sent => "sent",
            Self::Made => "made",
            Self::Offered => "offered",
            Self::Unwanted => "unwanted",
            Self::Written => "written",
            Self::Ended => "ended",
        }
    }

    /// Whether nothing is left to do.
    pub(crate) const fn is_end(self) -> bool {
        matches!(self, Self::Written | Self::Ended)
    }
}

/// One meeting to be made for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Creation {
    pub(crate) id: i64,
    /// The Google account through which the event is written on, by its address.
    pub(crate) owner: String,
    /// Google's id of the calendar.
    pub(crate) calendar: String,
    /// Google's id of the event.
    pub(crate) event: String,
    pub(crate) title: String,
    pub(crate) service: Service,
    /// The vanished meeting whose place it takes.
    pub(crate) replaces: Option<Target>,
    /// Whether the person asked for it, rather than a rule.
    pub(crate) by_hand: bool,
    pub(crate) stage: Stage,
    /// Kept in the meeting, to find it again.
    pub(crate) marker: String,
    /// The provider's id of whoever hosts it, once the request is out.
    pub(crate) host: Option<String>,
    /// The provider's number, once it is known.
    pub(crate) number: Option<String>,
    /// When the request to make it was last sent.
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) due: Timestamp,
    pub(crate) attempts: u32,
    /// The activity entry that tells of it while it lasts.
    pub(crate) entry: Option<EntryId>,
    /// Why it is unwanted.
    pub(crate) problem: Option<Problem>,
}

impl Creation {
    /// Whether it waits to be tried again.
    pub(crate) fn waits(&self) -> bool {
        self.attempts > 0
    }
}

/// A creation about to be asked for.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) owner: &'a str,
    pub(crate) calendar: &'a str,
    pub(crate) event: &'a str,
    pub(crate) title: &'a str,
    pub(crate) service: Service,
    pub(crate) replaces: Option<&'a Target>,
    pub(crate) by_hand: bool,
    pub(crate) marker: &'a str,
}

fn creation(row: &Row<'_>) -> rusqlite::Result<Creation> {
    let word: String = row.get("stage")?;
    let stage = Stage::ALL.into_iter().find(|stage| stage.word() == word);
    Ok(Creation {
        id: row.get("id")?,
        owner: row.get("owner")?,
        calendar: row.get("calendar")?,
        event: row.get("event")?,
        title: row.get("title")?,
        service: Service::from_word(row.get_ref("service")?.as_str()?).ok_or(FromSqlError::InvalidType)?,
        replaces: json(row, "replaces")?,
        by_hand: row.get("by_hand")?,
        stage: stage.ok_or(FromSqlError::InvalidType)?,
        marker: row.get("marker")?,
        host: row.get("host")?,
        number: row.get("number")?,
        sent_at: instant(row, "sent_at")?,
        due: row.get::<_, Millis>("due")?.0,
        attempts: row.get("attempts")?,
        entry: row.get::<_, Option<i64>>("entry")?.map(EntryId),
        problem: json(row, "problem")?,
    })
}

/// One row.
pub(crate) fn get(tx: &Connection, id: i64) -> rusqlite::Result<Option<Creation>> {
    tx.prepare_cached("SELECT * FROM creations WHERE id = ?1")?
        .query_row([id], creation)
        .optional()
}

/// The row of an event.
pub(crate) fn of_event(tx: &Connection, calendar: &str, event: &str) -> rusqlite::Result<Option<Creation>> {
    tx.prepare_cached("SELECT * FROM creations WHERE calendar = ?1 AND event = ?2")?
        .query_row([calendar, event], creation)
        .optional()
}

/// Whether a meeting was made here, for an event that shows it.
pub(crate) fn is_ours(tx: &Connection, service: Service, number: &str) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM creations WHERE service = ?1 AND number = ?2 AND stage = 'written')",
    )?
    .query_row((service.word(), number), |row| row.get(0))
}

/// What is under way, by when it is due.
pub(crate) fn under_way(tx: &Connection) -> rusqlite::Result<Vec<Creation>> {
    tx.prepare_cached("SELECT * FROM creations WHERE stage NOT IN ('written', 'ended') ORDER BY due, id")?
        .query_map([], creation)?
        .collect()
}

/// Asks for a meeting, anew when there was an earlier wish that ended. One that is under way stays as it is, but that the person
/// asks for it by hand by now.
pub(crate) fn wish(tx: &Connection, wish: &Wish<'_>, now: Timestamp) -> rusqlite::Result<i64> {
    let before = of_event(tx, wish.calendar, wish.event)?;
    if let Some(before) = before {
        if !before.stage.is_end() {
            tx.prepare_cached("UPDATE creations SET by_hand = by_hand OR ?2 WHERE id = ?1")?
                .execute((before.id, wish.by_hand))?;
            return Ok(before.id);
        }
        tx.prepare_cached("DELETE FROM creations WHERE id = ?1")?
            .execute([before.id])?;
    }
    let long_ago = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    tx.prepare_cached("DELETE FROM creations WHERE stage IN ('written', 'ended') AND due < ?1")?
        .execute([Millis(long_ago)])?;
    tx.prepare_cached(
        "INSERT INTO creations (owner, calendar, event, title, service, replaces, by_hand, stage, marker, due)
         VALUES (:owner, :calendar, :event, :title, :service, :replaces, :by_hand, 'wanted', :marker, :due)
         RETURNING id",
    )?
    .query_row(
        named_params! {
            ":owner": wish.owner, ":calendar": wish.calendar, ":event": wish.event, ":title": wish.title,
            ":service": wish.service.word(), ":replaces": wish.replaces.map(Json), ":by_hand": wish.by_hand,
            ":marker": wish.marker, ":due": Millis(now),
        },
        |row| row.get(0),
    )
}

/// Counts an attempt before it is made.
pub(crate) fn attempt(tx: &Connection, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE creations SET attempts = attempts + 1 WHERE id = ?1")?
        .execute([id])
        .map(drop)
}

/// Notes that the request to make the meeting is about to go out, on behalf of this host and by this title.
pub(crate) fn sent(
    tx: &Connection,
    id: i64,
    host: &str,
    title: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE creations SET stage = 'sent', host = ?2, title = ?3, sent_at = ?4 WHERE id = ?1",
    )?
    .execute((id, host, title, Millis(now)))
    .map(drop)
}

/// Notes the number of the meeting that was made.
pub(crate) fn made(tx: &Connection, id: i64, number: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE creations SET stage = 'made', number = ?2 WHERE id = ?1")?
        .execute((id, number))
        .map(drop)
}

/// Notes how far it has come, where nothing else is to be noted.
pub(crate) fn come_to(tx: &Connection, id: i64, stage: Stage) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE creations SET stage = ?2 WHERE id = ?1")?
        .execute((id, stage.word()))
        .map(drop)
}

/// Notes that the meeting is to be deleted again, and why.
pub(crate) fn unwanted(tx: &Connection, id: i64, why: &Problem) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE creations SET stage = 'unwanted', problem = ?2 WHERE id = ?1")?
        .execute((id, Json(why)))
        .map(drop)
}

/// Notes that nothing is left to do.
pub(crate) fn end(tx: &Connection, id: i64, stage: Stage, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE creations SET stage = ?2, due = ?3, entry = NULL WHERE id = ?1")?
        .execute((id, stage.word(), Millis(now)))
        .map(drop)
}

/// Puts it off, with the entry that tells why.
pub(crate) fn postpone(
    tx: &Connection,
    id: i64,
    due: Timestamp,
    entry: Option<EntryId>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE creations SET due = ?2, entry = coalesce(?3, entry) WHERE id = ?1")?
        .execute((id, Millis(due), entry.map(|entry| entry.0)))
        .map(drop)
}

/// Makes everything due that is under way.
pub(crate) fn hurry(tx: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE creations SET due = min(due, ?1) WHERE stage NOT IN ('written', 'ended')")?
        .execute([Millis(now)])
        .map(drop)
}
