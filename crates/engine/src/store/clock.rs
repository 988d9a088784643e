//! Every instant that Reconvene noted, for when the clock is set back: an instant that was noted to be ten minutes away
//! must not come a day and ten minutes later, and what was read an hour ago must not seem to have been read just now.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::Millis;

/// The columns that hold noted instants. Those of events and meetings themselves are not among them.
const NOTED: [(&str, &str); 16] = [
    ("accounts", "last_attempt"),
    ("accounts", "last_success"),
    ("accounts", "next_try"),
    ("calendars", "last_attempt"),
    ("calendars", "last_success"),
    ("calendars", "next_try"),
    ("calendar_lists", "whole_at"),
    ("calendar_lists", "due"),
    ("events", "gone_since"),
    ("events", "learnt"),
    ("meetings", "seen_at"),
    ("meetings", "moved_at"),
    ("outbox", "due"),
    ("creations", "sent_at"),
    ("creations", "due"),
    ("activity", "next_try"),
];

/// The latest instant at which anything is known to have been tried.
pub(crate) fn latest(tx: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let latest: Option<Millis> = tx.query_row(
        "SELECT max(at) FROM (SELECT max(last_attempt) AS at FROM accounts
                              UNION ALL SELECT max(last_attempt) FROM calendars)",
        [],
        |row| row.get(0),
    )?;
    Ok(latest.map(|millis| millis.0))
}

/// Moves every noted instant back by as much as the clock was. Distances stay as they were.
pub(crate) fn set_back(tx: &Connection, by: SignedDuration, now: Timestamp) -> rusqlite::Result<()> {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    for (table, column) in NOTED {
        let sql = format!("UPDATE {table} SET {column} = {column} - ?1 WHERE {column} IS NOT NULL");
        tx.execute(&sql, [by])?;
    }
    // The log stays as it was written, but for what would have happened in time to come.
    tx.execute("UPDATE activity SET at = min(at, ?1)", [Millis(now)])
        .map(drop)
}
