//! Every instant that Reconvene noted, for when the clock is set back: an instant that was noted to be ten minutes away
//! must not come a day and ten minutes later, and what was read an hour ago must not seem to have been read just now.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::Millis;
use super::calendars;
use crate::ports::Clock;
use crate::pull::LOOK_BACK;

/// Less than this is how clocks are kept right.
const SET_BACK: SignedDuration = SignedDuration::from_secs(1);

/// The columns that hold noted instants. Those of events and meetings themselves are not among them.
const NOTED: [(&str, &str); 17] = [
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
    ("events", "emptied_at"),
    ("meetings", "seen_at"),
    ("meetings", "moved_at"),
    ("outbox", "due"),
    ("creations", "sent_at"),
    ("creations", "due"),
    ("activity", "next_try"),
];

/// The clock, and what was last seen of it.
pub(super) struct Seen {
    clock: Arc<dyn Clock>,
    reading: Mutex<Reading>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    last: Option<Timestamp>,
    /// By how much it was set back since the beginning.
    pub(super) back: SignedDuration,
}

impl Seen {
    pub(super) fn of(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            reading: Mutex::default(),
        }
    }

    pub(super) fn reading(&self) -> Reading {
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn restore(&self, reading: Reading) {
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = reading;
    }

    /// Whether the clock was set back since it was last seen, here or by the process before. When not, it is seen now.
    pub(super) fn was_set_back(&self, tx: &Connection) -> rusqlite::Result<bool> {
        let now = self.clock.now();
        let back = self.back(tx, now)?.is_some();
        if !back {
            self.restore(Reading {
                last: Some(now),
                ..self.reading()
            });
        }
        Ok(back)
    }

    /// Moves everything noted back if the clock was set back.
    pub(super) fn mind(&self, tx: &Connection) -> rusqlite::Result<()> {
        let now = self.clock.now();
        let by = self.back(tx, now)?;
        if let Some(by) = by {
            tracing::warn!(seconds = by.as_secs(), "the clock was set back");
            set_back(tx, by, now)?;
            if by > LOOK_BACK {
                // What left the store because it seemed over may lie ahead again.
                calendars::in_full(tx)?;
            }
        }
        self.restore(Reading {
            last: Some(now),
            back: self.reading().back + by.unwrap_or_default(),
        });
        Ok(())
    }

    fn back(&self, tx: &Connection, now: Timestamp) -> rusqlite::Result<Option<SignedDuration>> {
        let known = match self.reading().last {
            Some(last) => Some(last),
            None => latest(tx)?,
        };
        let by = known.map(|known| known.duration_since(now));
        Ok(by.filter(|by| *by > SET_BACK))
    }
}

/// The latest instant at which anything is known to have been tried.
fn latest(tx: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let latest: Option<Millis> = tx.query_row(
        "SELECT max(at) FROM (SELECT max(last_attempt) AS at FROM accounts
                              UNION ALL SELECT max(last_attempt) FROM calendars)",
        [],
        |row| row.get(0),
    )?;
    Ok(latest.map(|millis| millis.0))
}

/// Moves every noted instant back by as much as the clock was. Distances stay as they were.
fn set_back(tx: &Connection, by: SignedDuration, now: Timestamp) -> rusqlite::Result<()> {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    for (table, column) in NOTED {
        let sql = format!("UPDATE {table} SET {column} = {column} - ?1 WHERE {column} IS NOT NULL");
        tx.execute(&sql, [by])?;
    }
    // The log stays as it was written, but for what would have happened in time to come.
    tx.execute("UPDATE activity SET at = min(at, ?1)", [Millis(now)])
        .map(drop)
}
