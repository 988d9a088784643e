//! The settings table: names and values as text.

use rusqlite::{Connection, OptionalExtension};

/// Reads a value.
pub(crate) fn get(tx: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    tx.prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Keeps a value.
pub(crate) fn set(tx: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
    )?
    .execute([name, value])
    .map(drop)
}
