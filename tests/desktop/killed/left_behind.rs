//! What a process that was killed left behind: its database (P1, P5), and no secret anywhere (P12).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aho_corasick::AhoCorasick;
use rusqlite::Connection;

use crate::story::every_file;

/// One event as the database has it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) title: String,
    /// In milliseconds since 1970.
    pub(super) starts: Option<i64>,
    pub(super) gone: bool,
}

/// A watched calendar as the database has it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) token: Option<String>,
    pub(super) events: BTreeMap<String, Row>,
}

impl Kept {
    /// Reads a copy, so that whoever comes next finds the file, and the log beside it, as they were left.
    pub(super) fn read(profile: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        for name in ["reconvene.db", "reconvene.db-wal"] {
            std::fs::copy(profile.join(name), copy.path().join(name)).ok();
        }
        let db = Connection::open(copy.path().join("reconvene.db")).unwrap();
        let sound: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok", "P5: the database is damaged");
        let strays: u32 = db
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(strays, 0, "P5: rows without what they belong to");
        let token = "SELECT sync_token FROM calendars WHERE watched = 1";
        let mut rows = db
            .prepare("SELECT google_id, title, starts, gone_since FROM events")
            .unwrap();
        let events = rows.query_map([], |row| {
            let read = Row {
                title: row.get(1)?,
                starts: row.get(2)?,
                gone: row.get::<_, Option<i64>>(3)?.is_some(),
            };
            Ok((row.get(0)?, read))
        });
        Self {
            token: db.query_row(token, [], |row| row.get(0)).unwrap(),
            events: events.unwrap().map(Result::unwrap).collect(),
        }
    }
}

/// The tokens that the services ever gave out.
#[derive(Debug, Default)]
pub(super) struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Takes in those that the services know now, and gives out what was not among them before.
    pub(super) fn hear_of(&mut self, known: Vec<String>) -> BTreeSet<String> {
        let new: BTreeSet<String> = known
            .into_iter()
            .filter(|token| !self.0.contains(token))
            .collect();
        self.0.extend(new.iter().cloned());
        new
    }

    pub(super) fn all(&self) -> &BTreeSet<String> {
        assert!(self.0.len() > 10, "tokens were given out");
        &self.0
    }
}

/// No byte of any file below these folders, the keyring's own excepted, belongs to a secret, or to a join link with its passcode.
pub(super) fn hold_no_secret(folders: &[&Path], secrets: &BTreeSet<String>) {
    let mut files = Vec::new();
    for folder in folders {
        every_file(folder, &mut files);
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).chain(["?pwd="]).collect();
    let search = AhoCorasick::new(&secrets).unwrap();
    files.retain(|file| !file.to_string_lossy().contains("/keyrings/"));
    assert!(files.iter().any(|file| file.ends_with("reconvene.db")));
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = search.find(&bytes).map(|found| secrets[found.pattern()]);
        assert_eq!(found, None, "P12: in {}", file.display());
    }
}
