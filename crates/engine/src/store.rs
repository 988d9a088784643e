//! The store: one SQLite file in WAL mode with one writer, short transactions and numbered, frozen migrations.
//!
//! Only what is used is kept: no guest lists, no descriptions, no join links with passcodes, no tokens. Each table's
//! rows and statements are in a file of their own; every function takes the transaction it belongs to, so that the
//! flow (pull, plan, push) says what is committed together.

pub(crate) mod accounts;
pub(crate) mod activity;
pub(crate) mod calendar_lists;
pub(crate) mod calendars;
pub(crate) mod clock;
pub(crate) mod creations;
pub(crate) mod events;
pub(crate) mod exceptions;
pub(crate) mod meetings;
pub(crate) mod outbox;
pub(crate) mod settings;
pub(crate) mod writes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::clock::Seen;
use crate::ports::Clock;
use crate::profile::private_file;
use jiff::{SignedDuration, Timestamp};
use reconvene_core::problem::{Code, Problem};
use rusqlite::config::DbConfig;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

/// Numbered migrations, oldest first. A landed one never changes.
const MIGRATIONS: [&str; 14] = [
    include_str!("store/schema_1.sql"),
    include_str!("store/schema_2.sql"),
    include_str!("store/schema_3.sql"),
    include_str!("store/schema_4.sql"),
    include_str!("store/schema_5.sql"),
    include_str!("store/schema_6.sql"),
    include_str!("store/schema_7.sql"),
    include_str!("store/schema_8.sql"),
    include_str!("store/schema_9.sql"),
    include_str!("store/schema_10.sql"),
    include_str!("store/schema_11.sql"),
    include_str!("store/schema_12.sql"),
    include_str!("store/schema_13.sql"),
    include_str!("store/schema_14.sql"),
];

/// The open database. One connection behind a lock: SQLite has one writer anyway, and no statement here runs long.
pub(crate) struct Store {
    connection: Mutex<Connection>,
    clock: Seen,
    revision: tokio::sync::watch::Sender<u64>,
    trouble: Mutex<Option<Problem>>,
    /// Where a database lies that could not be read in its own place; removed with the store.
    _copy: Option<TempDir>,
}

impl Store {
    /// Opens or creates the database and brings it to this version's schema.
    ///
    /// Refuses, and leaves untouched, a file of a newer version or one that is no database.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        // SQLite gives its side files the mode of the database, which belongs to the person alone.
        if let Err(error) = private_file(path) {
            tracing::warn!(%error, "database file");
        }
        let connection = Connection::open(path).map_err(|error| problem(&error))?;
        Self::prepare(connection, clock).map_err(Unfit::problem)
    }

    /// Opens a database that cannot be written, because of `why`, to show what is known. Every write fails.
    ///
    /// # Errors
    /// `why`, when there is nothing to show; [`Code::DatabaseNewer`], [`Code::DatabaseDamaged`].
    pub(crate) fn open_read_only(path: &Path, clock: Arc<dyn Clock>, why: Problem) -> Result<Self, Problem> {
        let Some((connection, copy)) = read_only(path) else {
            return Err(why);
        };
        if version(&connection).map_err(Unfit::problem)? < MIGRATIONS.len() {
            return Err(why);
        }
        Ok(Self::with(connection, clock, Some(why), copy))
    }

    fn prepare(mut connection: Connection, clock: Arc<dyn Clock>) -> Result<Self, Unfit> {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        let version = version(&connection)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // Losing the last commit to a power cut could repeat a write to the provider, or lose a decision.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // One plan per statement: planning anew for each value costs more than reading these small tables
        // (<https://www.sqlite.org/queryplanner-ng.html#qpsg>).
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        for (number, migration) in (1_u32..).zip(MIGRATIONS).skip(version) {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", number)?;
            transaction.commit()?;
        }
        Ok(Self::with(connection, clock, None, None))
    }

    fn with(
        connection: Connection,
        clock: Arc<dyn Clock>,
        trouble: Option<Problem>,
        copy: Option<TempDir>,
    ) -> Self {
        connection.set_prepared_statement_cache_capacity(256);
        Self {
            connection: Mutex::new(connection),
            clock: Seen::of(clock),
            revision: tokio::sync::watch::Sender::new(1),
            trouble: Mutex::new(trouble),
            _copy: copy,
        }
    }

    /// Runs `work` in one transaction: all of it is committed, or none. Every write counts the revision up.
    ///
    /// Should the clock have been set back, everything noted before moves back first: what `work` notes is by the clock as
    /// it is now, and must not move along.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let clock = self.clock.reading();
        let run = || {
            let mut connection = self.lock();
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            self.clock.mind(&transaction)?;
            let value = work(&transaction)?;
            #[cfg(feature = "rehearsal")]
            crate::rehearsal::before_commit()?;
            transaction.commit()?;
            #[cfg(feature = "rehearsal")]
            crate::rehearsal::after_commit();
            Ok(value)
        };
        let written = run().map_err(|error| problem(&error));
        if written.is_err() {
            // What moved was rolled back.
            self.clock.restore(clock);
        }
        let trouble = written.as_ref().err().cloned();
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        self.touch();
        written
    }

    /// Looks whether the clock was set back since it was last looked at, here or by the process before. Everything that
    /// was noted then moves back with it, so that nothing waits longer, and nothing looks fresher, than it should.
    pub(crate) fn mind_the_clock(&self) -> Result<(), Problem> {
        if self.read(|tx| self.clock.was_set_back(tx))? {
            self.write(|_| Ok(()))?;
        }
        Ok(())
    }

    /// By how much the clock was set back, all in all, since the database was opened.
    pub(crate) fn set_back(&self) -> SignedDuration {
        self.clock.reading().back
    }

    /// Why the last write failed; none as soon as one succeeds.
    pub(crate) fn trouble(&self) -> Option<Problem> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Runs `work` on one consistent state of the database.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let run = || {
            let mut connection = self.lock();
            let transaction = connection.transaction()?;
            work(&transaction)
        };
        run().map_err(|error| problem(&error))
    }

    /// Follows the revision, which counts up with every write.
    pub(crate) fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Counts the revision up for a change that is shown but not stored, such as a pass that begins.
    pub(crate) fn touch(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a transaction rolled it back: the connection is as good as before.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Unfit {
    Newer { found: usize },
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Unfit {
    fn problem(self) -> Problem {
        match self {
            Self::Newer { found } => Problem::lasting(
                Code::DatabaseNewer,
                format!(
                    "The database was written by a newer Reconvene (version {found}, this one knows {}).",
                    MIGRATIONS.len()
                ),
                "Install the newer version again. Nothing was changed.",
            ),
            Self::Sql(error) => problem(&error),
        }
    }
}

/// How many migrations the file has been through.
fn version(connection: &Connection) -> Result<usize, Unfit> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(Unfit::Newer { found: version });
    }
    Ok(version)
}

/// A connection that only reads, to a file beside which nothing can be made. SQLite needs its side files to read what is
/// in the write-ahead log, so with a log the database is read from a copy (<https://www.sqlite.org/wal.html#readonly>).
fn read_only(path: &Path) -> Option<(Connection, Option<TempDir>)> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = Path::new(&log);
    let logged = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    let (connection, copy) = if logged {
        // The session's own folder first: it is in memory, where the disk may be full.
        let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let copy = session
            .into_iter()
            .chain([std::env::temp_dir()])
            .find_map(|folder| copied(path, log, &folder).ok())?;
        let connection = Connection::open(copy.path().join("reconvene.db")).ok()?;
        (connection, Some(copy))
    } else {
        let mut url = url::Url::from_file_path(path).ok()?;
        url.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        (Connection::open_with_flags(url.as_str(), flags).ok()?, None)
    };
    connection.pragma_update(None, "query_only", true).ok()?;
    Some((connection, copy))
}

fn copied(database: &Path, log: &Path, folder: &Path) -> std::io::Result<TempDir> {
    let copy = tempfile::Builder::new().prefix("reconvene-").tempdir_in(folder)?;
    std::fs::copy(database, copy.path().join("reconvene.db"))?;
    std::fs::copy(log, copy.path().join("reconvene.db-wal"))?;
    Ok(copy)
}

/// Puts a database failure into words. Decides by SQLite's result codes (<https://www.sqlite.org/rescode.html>).
fn problem(error: &rusqlite::Error) -> Problem {
    // For support. Whoever asked hears the problem, and says it once.
    tracing::warn!(%error, "database");
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::ReadOnly) => Problem::passing(
            Code::DiskFull,
            "The profile cannot be written: the disk is full or read-only.",
            "Free some space, or make it writable. Nothing stored was lost, and what waits is tried again.",
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Problem::lasting(
            Code::DatabaseDamaged,
            "The database cannot be opened.",
            "Check that the profile folder belongs to you and can be written.",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Problem::lasting(
            Code::DatabaseDamaged,
            "The database is damaged or is no Reconvene database.",
            "Move reconvene.db aside and start again: your accounts must be connected anew, no meeting is touched.",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Problem::passing(
            Code::ProfileInUse,
            "Another program holds the database.",
            "Close it, or wait; Reconvene tries again.",
        ),
        _ => Problem::lasting(
            Code::Internal,
            "The database did not do what it was asked.",
            "The log file has the details. Please report this.",
        ),
    }
}

/// An instant in a column: milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Millis(pub(crate) Timestamp);

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_millisecond().into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Timestamp::from_millisecond(value.as_i64()?)
            .map(Self)
            .map_err(FromSqlError::other)
    }
}

/// The optional instant of a column.
pub(crate) fn instant(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<Millis>>(column)?.map(|millis| millis.0))
}

/// A value kept as JSON in a column.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        serde_json::to_string(&self.0)
            .map(ToSqlOutput::from)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?)
            .map(Self)
            .map_err(FromSqlError::other)
    }
}

/// The optional JSON of a column.
pub(crate) fn json<T: DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<T>> {
    Ok(row.get::<_, Option<Json<T>>>(column)?.map(|json| json.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn clock() -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    #[test]
    fn an_older_binary_refuses_a_newer_file_and_leaves_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reconvene.db");
        drop(Store::open(&path, clock()).unwrap());
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        assert_eq!(
            Store::open(&path, clock()).err().map(|problem| problem.code),
            Some(Code::DatabaseNewer)
        );
        let version: i64 = Connection::open(&path)
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 99);
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reconvene.db");
        std::fs::write(
            &path,
            "certainly not a database, but long enough to have a header of its own",
        )
        .unwrap();
        assert_eq!(
            Store::open(&path, clock()).err().map(|problem| problem.code),
            Some(Code::DatabaseDamaged)
        );
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("certainly"));
    }

    #[test]
    fn a_file_of_version_1_keeps_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reconvene.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(include_str!("store/schema_1.sql")).unwrap();
        old.execute_batch(
            "INSERT INTO settings VALUES ('listed', '2026-11-22T08:00:00Z'), ('paused', 'yes');
             INSERT INTO accounts (service, subject, name, secret) VALUES ('google', 'ana', 'Ana', 's');
             INSERT INTO calendars (account, google_id, name, zone, access, watched, sync_token, fingerprint)
                 VALUES (1, 'ana', 'Ana', 'UTC', 'owner', 1, 'token', 'query');
             PRAGMA user_version = 1",
        )
        .unwrap();
        drop(old);
        let store = Store::open(&path, clock()).unwrap();
        let (paused, calendar, list) = store
            .read(|tx| {
                Ok((
                    settings::get(tx, "paused")?,
                    calendars::all(tx)?.pop(),
                    calendar_lists::get(tx, reconvene_core::id::AccountId(1))?,
                ))
            })
            .unwrap();
        let calendar = calendar.unwrap();
        assert_eq!(paused.as_deref(), Some("yes"));
        assert_eq!(calendar.sync_token.as_deref(), Some("token"));
        assert!(calendar.watched && calendar.listed && calendar.available);
        assert_eq!(list, None, "the list is read in full at once");
    }

    #[test]
    fn p10_what_is_known_can_be_read_where_nothing_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reconvene.db");
        let why = || Problem::passing(Code::DiskFull, "The disk is full.", "");
        let nothing = Store::open_read_only(&path, clock(), why()).err();
        assert_eq!(nothing, Some(why()), "nothing is known yet");

        let store = Store::open(&path, clock()).unwrap();
        store.write(|tx| settings::set(tx, "poll", "1")).unwrap();
        let read = |known: &str| {
            let frozen = Store::open_read_only(&path, clock(), why()).unwrap();
            let poll = frozen.read(|tx| settings::get(tx, "poll")).unwrap();
            assert_eq!(poll.as_deref(), Some(known));
            assert_eq!(
                frozen.trouble(),
                Some(why()),
                "and it is said that nothing can be written"
            );
            let refused = frozen.write(|tx| settings::set(tx, "poll", "2"));
            assert_eq!(refused.unwrap_err().code, Code::DiskFull);
        };
        read("1");
        assert!(folder.path().join("reconvene.db-wal").exists(), "from the log");
        drop(store);
        assert!(!folder.path().join("reconvene.db-wal").exists());
        read("1");
        assert!(
            !folder.path().join("reconvene.db-wal").exists(),
            "and without making one"
        );
    }

    #[test]
    fn p5_a_failed_transaction_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("reconvene.db"), clock()).unwrap();
        let failed = store.write(|tx| {
            settings::set(tx, "poll", "1")?;
            tx.execute("INSERT INTO nowhere VALUES (1)", [])
        });
        assert!(failed.is_err());
        assert_eq!(store.read(|tx| settings::get(tx, "poll")).unwrap(), None);
    }
}
