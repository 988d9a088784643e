//! The writes table: how many creations and updates were sent to a provider, by host and UTC day. It knows no account,
//! because a host that signs out and in again has sent what it has sent.

use jiff::civil::Date;
use reconvene_core::report::Service;
use rusqlite::{Connection, OptionalExtension};

/// How many a host sent on a day.
pub(crate) fn of(tx: &Connection, service: Service, host: &str, day: Date) -> rusqlite::Result<u32> {
    tx.prepare_cached("SELECT count FROM writes WHERE service = ?1 AND host = ?2 AND day = ?3")?
        .query_row((service.word(), host, day.to_string()), |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
}

/// Counts one more, and forgets the days before.
pub(crate) fn add(tx: &Connection, service: Service, host: &str, day: Date) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM writes WHERE service = ?1 AND host = ?2 AND day < ?3")?
        .execute((service.word(), host, day.to_string()))?;
    tx.prepare_cached(
        "INSERT INTO writes (service, host, day, count) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT DO UPDATE SET count = count + 1",
    )?
    .execute((service.word(), host, day.to_string()))
    .map(drop)
}

/// Corrects the count of a day.
pub(crate) fn set(
    tx: &Connection,
    service: Service,
    host: &str,
    day: Date,
    count: u32,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO writes (service, host, day, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = max(count, excluded.count)",
    )?
    .execute((service.word(), host, day.to_string(), count))
    .map(drop)
}
