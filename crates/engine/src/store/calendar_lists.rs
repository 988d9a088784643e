//! The calendar lists table: how far the list of each Google account was read, and when it is read next.

use jiff::Timestamp;
use reconvene_core::id::AccountId;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Millis, instant};

/// How far the calendar list of an account was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CalendarList {
    pub(crate) sync_token: Option<String>,
    pub(crate) fingerprint: Option<String>,
    /// When the last reading of the whole list began.
    pub(crate) whole_at: Option<Timestamp>,
    pub(crate) due: Timestamp,
}

/// That of one account; `None` for a list that was never read.
pub(crate) fn get(tx: &Connection, account: AccountId) -> rusqlite::Result<Option<CalendarList>> {
    tx.prepare_cached("SELECT * FROM calendar_lists WHERE account = ?1")?
        .query_row([account.0], |row| {
            Ok(CalendarList {
                sync_token: row.get("sync_token")?,
                fingerprint: row.get("fingerprint")?,
                whole_at: instant(row, "whole_at")?,
                due: row.get::<_, Millis>("due")?.0,
            })
        })
        .optional()
}

/// Notes that a list was read. The token belongs in the transaction that took the list over (P1).
pub(crate) fn put(tx: &Connection, account: AccountId, list: &CalendarList) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO calendar_lists (account, sync_token, fingerprint, whole_at, due)
         VALUES (:account, :sync_token, :fingerprint, :whole_at, :due)
         ON CONFLICT (account) DO UPDATE SET sync_token = excluded.sync_token,
             fingerprint = excluded.fingerprint, whole_at = excluded.whole_at, due = excluded.due",
    )?
    .execute(named_params! {
        ":account": account.0, ":sync_token": list.sync_token, ":fingerprint": list.fingerprint,
        ":whole_at": list.whole_at.map(Millis), ":due": Millis(list.due),
    })
    .map(drop)
}

/// Puts the next reading off, or brings it forward. What is known of the list stays.
pub(crate) fn postpone(tx: &Connection, account: AccountId, due: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO calendar_lists (account, due) VALUES (?1, ?2)
         ON CONFLICT (account) DO UPDATE SET due = excluded.due",
    )?
    .execute((account.0, Millis(due)))
    .map(drop)
}
