//! The log of requests: what each service received, what it answered, and whether the request took effect.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::wire::Service;

/// One request and its fate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Counts from 1, without gaps, over all services.
    pub seq: u64,
    /// When it came, in UTC.
    pub at: Timestamp,
    /// To which service.
    pub service: Service,
    /// The operation, as the vendor names it: `calendar.events.patch`, `meetings.update`, `oauth.token`; `unknown`
    /// for a path that does not exist.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// The path as sent, percent-encoded, without the query.
    pub path: String,
    /// The decoded query. Tokens in it are blanked.
    pub query: Vec<(String, String)>,
    /// The JSON body of a write; `null` for reads and sign-in.
    pub body: Value,
    /// The status the service gave (or would have given, had the answer arrived); 0 when it never got to it.
    pub status: u16,
    /// Whose token it was: an e-mail address.
    pub who: Option<String>,
    /// The version that the request was meant for, if it named one: its `If-Match`.
    pub if_match: Option<String>,
    /// Whether the request was a write that took effect.
    pub applied: bool,
    /// The fault that met it, by name.
    pub fault: Option<String>,
}

impl Entry {
    /// Whether this is a request that would change something: anything but GET and sign-in.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method != "GET" && matches!(self.service, Service::Google | Service::Zoom)
    }

    /// A query parameter's first value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The Zoom meeting number in the path, if the request named one.
    #[must_use]
    pub fn meeting(&self) -> Option<u64> {
        self.path
            .strip_prefix("/zoom/v2/meetings/")?
            .split('/')
            .next()?
            .parse()
            .ok()
    }
}

/// All requests since the last reset.
#[derive(Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    seen: u64,
}

impl Log {
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seen += 1;
        self.seen
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Every request, in the order in which each was decided.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The requests with a sequence number above `seq`.
    pub fn since(&self, seq: u64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.seq > seq)
    }

    /// The writes among the requests, sign-in left out.
    pub fn writes(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_write())
    }

    /// How many requests of each operation came.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(entry.operation.clone()).or_default() += 1;
        }
        counts
    }

    /// How many requests named each Zoom meeting.
    #[must_use]
    pub fn per_meeting(&self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for id in self.entries.iter().filter_map(Entry::meeting) {
            *counts.entry(id).or_default() += 1;
        }
        counts
    }

    /// Forgets the entries; the numbering goes on.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}
