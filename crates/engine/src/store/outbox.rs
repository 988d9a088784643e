//! The outbox: which meetings need attention, and when. A row says *that* something must be done; *what* is decided
//! from the latest state when the worker gets to it.

use jiff::Timestamp;
use reconvene_core::id::{EntryId, MeetingId};
use reconvene_core::meeting::Meeting;
use reconvene_core::problem::Code;
use reconvene_core::report::PlannedAction;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};

use super::activity::Reversal;
use super::{Json, Millis, json};

/// An action not yet finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) meeting: MeetingId,
    pub(crate) action: PlannedAction,
    pub(crate) due: Timestamp,
    pub(crate) attempts: u32,
    /// The meeting as it was before the first write: what "before" means after a crash.
    pub(crate) written: Option<Meeting>,
    pub(crate) held: bool,
    pub(crate) approved: bool,
    /// The person asked for it by hand.
    pub(crate) asked: bool,
    pub(crate) entry: Option<EntryId>,
    /// What is to be taken back, when that is the action.
    pub(crate) undo: Option<Undo>,
}

/// An action that the person wants taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Undo {
    /// The entry that tells of it.
    pub(crate) of: EntryId,
    /// That entry's title.
    pub(crate) title: String,
    /// What it takes.
    pub(crate) reversal: Reversal,
}

impl Pending {
    /// Whether its turn has come.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.due <= now
    }

    /// Whether something may be written at the provider for it.
    pub(crate) fn writes(&self) -> bool {
        self.action != PlannedAction::Look
    }

    /// Whether it failed and waits to be tried again.
    pub(crate) fn waits(&self) -> bool {
        self.attempts > 0 && !self.held
    }
}

fn pending(row: &Row<'_>) -> rusqlite::Result<Pending> {
    Ok(Pending {
        meeting: MeetingId(row.get("meeting")?),
        action: row.get::<_, Json<PlannedAction>>("action")?.0,
        due: row.get::<_, Millis>("due")?.0,
        attempts: row.get("attempts")?,
        written: json(row, "written")?,
        held: row.get("held")?,
        approved: row.get("approved")?,
        asked: row.get("asked")?,
        entry: row.get::<_, Option<i64>>("entry")?.map(EntryId),
        undo: json(row, "undo")?,
    })
}

/// The row of one meeting.
pub(crate) fn get(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<Option<Pending>> {
    tx.prepare_cached("SELECT * FROM outbox WHERE meeting = ?1")?
        .query_row([meeting.0], pending)
        .optional()
}

/// Every row, the one due first in front.
pub(crate) fn all(tx: &Connection) -> rusqlite::Result<Vec<Pending>> {
    tx.prepare_cached("SELECT * FROM outbox ORDER BY due, meeting")?
        .query_map([], pending)?
        .collect()
}

/// The row due first, held ones apart; of those that write nothing, when only they may be done.
pub(crate) fn next(tx: &Connection, looks_alone: bool) -> rusqlite::Result<Option<Pending>> {
    tx.prepare_cached(
        "SELECT * FROM outbox WHERE NOT held AND (action = ?1 OR NOT ?2) ORDER BY due, meeting LIMIT 1",
    )?
    .query_row((Json(PlannedAction::Look), looks_alone), pending)
    .optional()
}

/// Deletions that nobody has agreed to yet, held or about to come due.
pub(crate) fn unapproved_deletions(tx: &Connection) -> rusqlite::Result<Vec<Pending>> {
    tx.prepare_cached("SELECT * FROM outbox WHERE action = ?1 AND NOT approved ORDER BY due, meeting")?
        .query_map([Json(PlannedAction::Delete)], pending)?
        .collect()
}

/// Notes that a meeting needs attention. A row that is there keeps its attempts; a deletion that turns into anything
/// else is no longer held, and an agreement to it is void.
pub(crate) fn put(
    tx: &Connection,
    meeting: MeetingId,
    action: PlannedAction,
    due: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO outbox (meeting, action, due) VALUES (:meeting, :action, :due)
         ON CONFLICT (meeting) DO UPDATE
         SET held = held AND action = excluded.action, approved = approved AND action = excluded.action,
             action = excluded.action, due = excluded.due, undo = NULL",
    )?
    .execute(named_params! { ":meeting": meeting.0, ":action": Json(action), ":due": Millis(due) })
    .map(drop)
}

/// Notes that something is to be taken back, now and because the person asked for it. There must be no row of the meeting.
pub(crate) fn put_undo(
    tx: &Connection,
    meeting: MeetingId,
    undo: &Undo,
    now: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO outbox (meeting, action, due, asked, undo) VALUES (?1, ?2, ?3, 1, ?4)")?
        .execute((meeting.0, Json(PlannedAction::Undo), Millis(now), Json(undo)))
        .map(drop)
}

/// Counts an attempt, before it is made: a crash while trying must not try for ever.
pub(crate) fn attempt(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET attempts = attempts + 1 WHERE meeting = ?1")?
        .execute([meeting.0])
        .map(drop)
}

/// Takes an attempt back that was broken off before anything was written.
pub(crate) fn untried(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET attempts = 0 WHERE meeting = ?1")?
        .execute([meeting.0])
        .map(drop)
}

/// Notes, before the first write, how the meeting was.
pub(crate) fn about_to_write(tx: &Connection, meeting: MeetingId, before: &Meeting) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET written = ?2 WHERE meeting = ?1 AND written IS NULL")?
        .execute((meeting.0, Json(before)))
        .map(drop)
}

/// Puts a row off, with the entry that tells why.
pub(crate) fn postpone(
    tx: &Connection,
    meeting: MeetingId,
    due: Timestamp,
    entry: Option<EntryId>,
) -> rusqlite::Result<()> {
    // One that waits for its account was not tried, but it waits no more when everything that waits is hurried.
    tx.prepare_cached(
        "UPDATE outbox SET due = ?2, entry = coalesce(?3, entry), attempts = max(attempts, 1) WHERE meeting = ?1",
    )?
        .execute((meeting.0, Millis(due), entry.map(|entry| entry.0)))
        .map(drop)
}

/// Puts a row off that was not tried, unless it is due later anyway.
pub(crate) fn put_off(tx: &Connection, meeting: MeetingId, due: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET due = max(due, ?2) WHERE meeting = ?1")?
        .execute((meeting.0, Millis(due)))
        .map(drop)
}

/// Makes a row due at once.
pub(crate) fn due_now(tx: &Connection, meeting: MeetingId, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET due = min(due, ?2) WHERE meeting = ?1")?
        .execute((meeting.0, Millis(now)))
        .map(drop)
}

/// Notes that the person asked for it by hand.
pub(crate) fn asked(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET asked = 1 WHERE meeting = ?1")?
        .execute([meeting.0])
        .map(drop)
}

/// Makes every row due that waits only because an attempt failed. A row not tried yet, such as a deletion in its grace
/// period, keeps its time; so does one that waits for the next day's budget.
pub(crate) fn hurry(tx: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE outbox SET due = min(due, ?1) WHERE attempts > 0 AND NOT held AND NOT EXISTS (
             SELECT 1 FROM activity WHERE id = outbox.entry AND problem -> '$.code' = ?2)",
    )?
    .execute((Millis(now), Json(Code::DailyBudget)))
    .map(drop)
}

/// Holds a deletion until the person agrees.
pub(crate) fn hold(tx: &Connection, meeting: MeetingId, entry: EntryId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET held = 1, entry = ?2 WHERE meeting = ?1")?
        .execute((meeting.0, entry.0))
        .map(drop)
}

/// Lets a held deletion go ahead. One that is not held was not asked about.
pub(crate) fn approve(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE outbox SET held = 0, approved = 1 WHERE meeting = ?1 AND held")?
        .execute([meeting.0])
        .map(drop)
}

/// Strikes a row off: it is finished, or not needed any more.
pub(crate) fn strike(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM outbox WHERE meeting = ?1")?
        .execute([meeting.0])
        .map(drop)
}
