//! The activity table: the log that the person reads.

use jiff::Timestamp;
use reconvene_core::conference::Target;
use reconvene_core::id::{EntryId, MeetingId};
use reconvene_core::meeting::Meeting;
use reconvene_core::problem::Problem;
use reconvene_core::report::{ActivityEntry, Answer, Change, Outcome, Remedy, Service};
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};

use super::{Json, Millis, instant, json};

/// Entries beyond so many are dropped, oldest first.
const KEPT: i64 = 5_000;

/// An entry about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) meeting: Option<MeetingId>,
    pub(crate) title: String,
    pub(crate) service: Service,
    pub(crate) outcome: Outcome,
    pub(crate) changes: Vec<Change>,
    pub(crate) problem: Option<Problem>,
    pub(crate) answer: Option<Answer>,
    pub(crate) attempts: u32,
    pub(crate) next_try: Option<Timestamp>,
    pub(crate) remedies: Vec<Remedy>,
}

/// What it takes to take an action back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reversal {
    /// What the meeting is known by; its row may be gone by then.
    pub(crate) target: Target,
    /// The whole meeting as it was before the first write.
    pub(crate) before: Meeting,
    /// Whether it was deleted.
    pub(crate) deleted: bool,
}

fn entry(row: &Row<'_>) -> rusqlite::Result<ActivityEntry> {
    let service = Service::from_word(row.get_ref("service")?.as_str()?).ok_or(FromSqlError::InvalidType)?;
    Ok(ActivityEntry {
        id: EntryId(row.get("id")?),
        at: row.get::<_, Millis>("at")?.0,
        meeting: row.get::<_, Option<i64>>("meeting")?.map(MeetingId),
        title: row.get("title")?,
        service,
        outcome: row.get::<_, Json<Outcome>>("outcome")?.0,
        changes: row.get::<_, Json<Vec<Change>>>("changes")?.0,
        problem: json(row, "problem")?,
        answer: json(row, "answer")?,
        attempts: row.get("attempts")?,
        next_try: instant(row, "next_try")?,
        remedies: row.get::<_, Json<Vec<Remedy>>>("remedies")?.0,
        undone: row.get("undone")?,
    })
}

/// Writes an entry, as the newest; the one that it `replaces`, an earlier attempt at the same action, goes. One that told
/// already what the person has to do stays where it is.
///
/// An older entry on the same meeting can no longer be helped by pressing anything: its remedies go.
pub(crate) fn write(
    tx: &Connection,
    replaces: Option<EntryId>,
    draft: &Draft,
    now: Timestamp,
) -> rusqlite::Result<EntryId> {
    if let Some(meeting) = draft.meeting {
        settle(tx, meeting)?;
    }
    if let Some(replaced) = replaces {
        if draft.outcome == Outcome::NeedsYou && goes_on(tx, replaced, draft)? {
            return Ok(replaced);
        }
        tx.prepare_cached("DELETE FROM activity WHERE id = ?1")?
            .execute([replaced.0])?;
    }
    let id: i64 = tx
        .prepare_cached(
            "INSERT INTO activity (at, meeting, title, service, outcome, changes, problem, answer,
                                              attempts, next_try, remedies)
             VALUES (:at, :meeting, :title, :service, :outcome, :changes, :problem, :answer, :attempts,
                     :next_try, :remedies)
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":at": Millis(now), ":meeting": draft.meeting.map(|id| id.0),
                ":title": draft.title, ":service": draft.service.word(), ":outcome": Json(draft.outcome),
                ":changes": Json(&draft.changes), ":problem": draft.problem.as_ref().map(Json),
                ":answer": draft.answer.as_ref().map(Json), ":attempts": draft.attempts,
                ":next_try": draft.next_try.map(Millis), ":remedies": Json(&draft.remedies),
            },
            |row| row.get(0),
        )?;
    tx.prepare_cached("DELETE FROM activity WHERE id <= ?1")?
        .execute([id - KEPT])?;
    Ok(EntryId(id))
}

/// Whether an entry tells already what still waits for the person: nobody has to hear of it anew.
fn goes_on(tx: &Connection, entry: EntryId, draft: &Draft) -> rusqlite::Result<bool> {
    let told = tx
        .prepare_cached(
            "UPDATE activity SET answer = :answer, attempts = :attempts, next_try = :next_try, remedies = :remedies
             WHERE id = :id AND outcome = :outcome AND problem = :problem",
        )?
        .execute(named_params! {
            ":id": entry.0, ":outcome": Json(draft.outcome), ":problem": draft.problem.as_ref().map(Json),
            ":answer": draft.answer.as_ref().map(Json), ":attempts": draft.attempts,
            ":next_try": draft.next_try.map(Millis), ":remedies": Json(&draft.remedies),
        })?;
    Ok(told > 0)
}

/// Lets an entry be undone.
pub(crate) fn offer_undo(tx: &Connection, entry: EntryId, reversal: &Reversal) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE activity SET undo = ?2, remedies = json_insert(remedies, '$[#]', 'undo') WHERE id = ?1",
    )?
    .execute((entry.0, Json(reversal)))
    .map(drop)
}

/// The newest entry that fits and can be undone, with what that takes. Of a meeting only its newest entry can.
pub(crate) fn undoable(
    tx: &Connection,
    entry_id: Option<EntryId>,
    meeting: Option<MeetingId>,
) -> rusqlite::Result<Option<(ActivityEntry, Reversal)>> {
    tx.prepare_cached(
        "SELECT * FROM activity WHERE (id = ?1 OR meeting = ?2) AND undo IS NOT NULL AND remedies LIKE '%\"undo\"%'
         ORDER BY id DESC LIMIT 1",
    )?
    .query_row((entry_id.map(|id| id.0), meeting.map(|id| id.0)), |row| {
        Ok((entry(row)?, row.get::<_, Json<Reversal>>("undo")?.0))
    })
    .optional()
}

/// Whether the log tells that what a target names was deleted from here, and not brought back.
pub(crate) fn deleted(tx: &Connection, target: &Target) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM activity
                        WHERE undo IS NOT NULL AND undo -> '$.target' = ?1 AND undo ->> '$.deleted' AND NOT undone)",
    )?
    .query_row([Json(target)], |row| row.get(0))
}

/// Takes the remedies off one entry.
pub(crate) fn settle_entry(tx: &Connection, entry: EntryId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE activity SET remedies = '[]', next_try = NULL WHERE id = ?1")?
        .execute([entry.0])
        .map(drop)
}

/// Notes that what an entry tells of was taken back.
pub(crate) fn undone(tx: &Connection, entry: EntryId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE activity SET undone = 1 WHERE id = ?1")?
        .execute([entry.0])
        .map(drop)
}

/// Takes the remedies off every entry of a meeting, but off none that tells of an undo still to come.
pub(crate) fn settle(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE activity SET remedies = '[]', next_try = NULL WHERE meeting = ?1 AND remedies <> '[]'
         AND id NOT IN (SELECT entry FROM outbox WHERE undo IS NOT NULL AND entry IS NOT NULL)",
    )?
    .execute([meeting.0])
    .map(drop)
}

/// Takes off every entry of a meeting what could still be done about its event. What can be undone stays so, and what is
/// still to be taken back.
pub(crate) fn outlive(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE activity SET remedies = iif(remedies LIKE '%\"undo\"%', '[\"undo\"]', '[]'), next_try = NULL
         WHERE meeting = ?1 AND remedies NOT IN ('[]', '[\"undo\"]')
         AND id NOT IN (SELECT entry FROM outbox WHERE undo IS NOT NULL AND entry IS NOT NULL)",
    )?
    .execute([meeting.0])
    .map(drop)
}

/// Closes the entry of an action that is not needed any more.
pub(crate) fn supersede(tx: &Connection, entry: EntryId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE activity SET outcome = ?2, next_try = NULL, remedies = '[]' WHERE id = ?1")?
        .execute((entry.0, Json(Outcome::Kept)))
        .map(drop)
}

/// The newest entries, newest first; only those older than `before` when given.
pub(crate) fn newest(
    tx: &Connection,
    limit: u32,
    before: Option<EntryId>,
) -> rusqlite::Result<Vec<ActivityEntry>> {
    tx.prepare_cached("SELECT * FROM activity WHERE id < ?1 ORDER BY id DESC LIMIT ?2")?
        .query_map((before.map_or(i64::MAX, |id| id.0), limit), entry)?
        .collect()
}

/// Entries newer than one, oldest first; all when none is given.
pub(crate) fn after(tx: &Connection, entry_before: Option<EntryId>) -> rusqlite::Result<Vec<ActivityEntry>> {
    tx.prepare_cached("SELECT * FROM activity WHERE id > ?1 ORDER BY id")?
        .query_map([entry_before.map_or(0, |id| id.0)], entry)?
        .collect()
}

/// Entries that still wait for the person, newest first. What can be undone, and is else as it should be, does not wait.
pub(crate) fn unsettled(tx: &Connection) -> rusqlite::Result<Vec<ActivityEntry>> {
    tx.prepare_cached("SELECT * FROM activity WHERE remedies NOT IN ('[]', '[\"undo\"]') ORDER BY id DESC")?
        .query_map([], entry)?
        .collect()
}
