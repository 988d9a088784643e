//! The calendars table: what can be watched, what is, and how far each one has been read.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::{AccountId, CalendarId};
use reconvene_core::problem::Problem;
use reconvene_core::report::Health;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::accounts::health;
use super::{Json, Millis};

/// A calendar as its account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) id: CalendarId,
    pub(crate) account: AccountId,
    pub(crate) google_id: String,
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) access: String,
    pub(crate) main: bool,
    pub(crate) watched: bool,
    /// Whether it can be read, as far as is known.
    pub(crate) available: bool,
    /// Whether its account's list shows it. One that was removed from the list is not read.
    pub(crate) listed: bool,
    pub(crate) sync_token: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) pass: i64,
    pub(crate) failures: u32,
    pub(crate) health: Health,
}

impl Calendar {
    /// Whether the person may look and change nothing.
    pub(crate) fn is_shown_only(&self) -> bool {
        self.access == "reader"
    }

    /// Whether it shows when somebody is busy, and nothing of the events themselves.
    pub(crate) fn shows_times_only(&self) -> bool {
        self.access == "freeBusyReader"
    }

    /// Whether private events are shown without their details, though others may be changed.
    pub(crate) fn hides_private(&self) -> bool {
        self.access == "writerWithoutPrivateAccess"
    }
}

/// A calendar as Google lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) google_id: String,
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) access: String,
    pub(crate) main: bool,
}

fn calendar(row: &Row<'_>) -> rusqlite::Result<Calendar> {
    Ok(Calendar {
        id: CalendarId(row.get("id")?),
        account: AccountId(row.get("account")?),
        google_id: row.get("google_id")?,
        name: row.get("name")?,
        zone: row.get("zone")?,
        access: row.get("access")?,
        main: row.get("main")?,
        watched: row.get("watched")?,
        available: row.get("available")?,
        listed: row.get("listed")?,
        sync_token: row.get("sync_token")?,
        fingerprint: row.get("fingerprint")?,
        pass: row.get("pass")?,
        failures: row.get("failures")?,
        health: health(row)?,
    })
}

/// Every calendar, main ones first.
pub(crate) fn all(tx: &Connection) -> rusqlite::Result<Vec<Calendar>> {
    tx.prepare_cached("SELECT * FROM calendars ORDER BY account, main DESC, name, id")?
        .query_map([], calendar)?
        .collect()
}

/// The watched ones, in a fixed order.
pub(crate) fn watched(tx: &Connection) -> rusqlite::Result<Vec<Calendar>> {
    tx.prepare_cached("SELECT * FROM calendars WHERE watched ORDER BY id")?
        .query_map([], calendar)?
        .collect()
}

/// One calendar.
pub(crate) fn get(tx: &Connection, id: CalendarId) -> rusqlite::Result<Option<Calendar>> {
    tx.prepare_cached("SELECT * FROM calendars WHERE id = ?1")?
        .query_row([id.0], calendar)
        .optional()
}

/// Takes over what an account's calendar list says of a calendar. One that comes back is read again, in full, at once;
/// so is one to which the account's access changed, because whose its events are depends on it.
pub(crate) fn listed(tx: &Connection, account: AccountId, entry: &Listed) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO calendars (account, google_id, name, zone, access, main)
         VALUES (:account, :google_id, :name, :zone, :access, :main)
         ON CONFLICT (account, google_id) DO UPDATE
         SET name = excluded.name, zone = excluded.zone, access = excluded.access, main = excluded.main,
             sync_token = iif(access = excluded.access, sync_token, NULL),
             available = available OR NOT listed, problem = iif(listed, problem, NULL),
             next_try = iif(listed, next_try, NULL), failures = iif(listed, failures, 0), listed = 1",
    )?
    .execute(named_params! {
        ":account": account.0, ":google_id": entry.google_id, ":name": entry.name, ":zone": entry.zone,
        ":access": entry.access, ":main": entry.main,
    })
    .map(drop)
}

/// Notes that its account's list does not show a calendar any more. What was read of it stays: losing access to a
/// calendar deletes nothing.
pub(crate) fn unlisted(
    tx: &Connection,
    id: CalendarId,
    problem: &Problem,
    now: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE calendars SET listed = 0, available = 0, sync_token = NULL, fingerprint = NULL, next_try = NULL,
                last_attempt = ?2, problem = ?3 WHERE id = ?1",
    )?
    .execute((id.0, Millis(now), Json(problem)))
    .map(drop)
}

/// Ticks or unticks a calendar. Either way the next pass is a full one, and is due at once.
pub(crate) fn watch(tx: &Connection, id: CalendarId, watched: bool) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE calendars SET watched = ?2, sync_token = NULL, fingerprint = NULL, next_try = NULL, failures = 0,
                available = listed, problem = iif(listed, NULL, problem), last_success = NULL WHERE id = ?1",
        (id.0, watched),
    )
    .map(drop)
}

/// Begins a full pass: the token is given up, and rows not seen from here on belong to an older pass.
pub(crate) fn begin_full_pass(tx: &Connection, id: CalendarId) -> rusqlite::Result<i64> {
    tx.query_row(
        "UPDATE calendars SET sync_token = NULL, fingerprint = NULL, pass = pass + 1 WHERE id = ?1 RETURNING pass",
        [id.0],
        |row| row.get(0),
    )
}

/// Ends a pass: the new token is kept in the transaction of its last page (P1).
pub(crate) fn passed(
    tx: &Connection,
    id: CalendarId,
    token: &str,
    fingerprint: &str,
    began: Timestamp,
    next_try: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE calendars SET sync_token = iif(listed, :token, NULL), fingerprint = :fingerprint,
                last_attempt = :began, last_success = :began, problem = iif(listed, NULL, problem), failures = 0,
                available = listed, next_try = :next_try
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": id.0, ":token": token, ":fingerprint": fingerprint, ":began": Millis(began),
        ":next_try": Millis(next_try),
    })
    .map(drop)
}

/// Notes what a page says of the calendar itself; empty words say nothing.
pub(crate) fn described(tx: &Connection, id: CalendarId, zone: &str, access: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE calendars SET zone = coalesce(nullif(?2, ''), zone), access = coalesce(nullif(?3, ''), access)
         WHERE id = ?1 AND (zone, access) IS NOT (?2, ?3)",
    )?
    .execute((id.0, zone, access))
    .map(drop)
}

/// Notes a failed pass. What is known of the calendar stays as it was.
pub(crate) fn failed(
    tx: &Connection,
    id: CalendarId,
    problem: &Problem,
    available: bool,
    now: Timestamp,
    next_try: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE calendars SET last_attempt = ?2, problem = ?3, available = ?4, next_try = ?5, failures = failures + 1
         WHERE id = ?1 AND listed",
    )?
    .execute((id.0, Millis(now), Json(problem), available, Millis(next_try)))
    .map(drop)
}

/// Makes the next pass of the watched calendars due at most `pause` after their last one. Those that failed keep the time
/// that their failure asks for.
pub(crate) fn due_within(tx: &Connection, pause: Duration) -> rusqlite::Result<()> {
    let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX / 2);
    tx.execute(
        "UPDATE calendars SET next_try = min(next_try, last_attempt + ?1) WHERE watched AND problem IS NULL",
        [pause],
    )
    .map(drop)
}

/// Makes the next pass of an account's watched calendars due at once.
pub(crate) fn due_now(tx: &Connection, account: AccountId) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE calendars SET next_try = NULL WHERE watched AND account = ?1",
        [account.0],
    )
    .map(drop)
}

/// What was read so short a time ago is not read again because of yet another reason to.
const JUST: SignedDuration = SignedDuration::from_secs(10);

/// Makes the next pass of every watched calendar due at once, but for those read just now.
pub(crate) fn due_unless_just_read(tx: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let just = now.checked_sub(JUST).unwrap_or(now);
    tx.execute(
        "UPDATE calendars SET next_try = NULL
         WHERE watched AND (last_attempt IS NULL OR last_attempt NOT BETWEEN ?1 AND ?2 OR problem IS NOT NULL)",
        [Millis(just), Millis(now)],
    )
    .map(drop)
}

/// Has every calendar read in full the next time.
pub(crate) fn in_full(tx: &Connection) -> rusqlite::Result<()> {
    tx.execute("UPDATE calendars SET sync_token = NULL", []).map(drop)
}
