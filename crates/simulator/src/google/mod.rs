//! Google Calendar: people, calendars, events, and the rules of API v3.
//!
//! Field names, defaults and scopes follow the discovery document of Calendar API v3
//! (<https://www.googleapis.com/discovery/v1/apis/calendar/v3/rest>).

pub(crate) mod calendar_list;
pub(crate) mod call;
pub(crate) mod conference;
pub(crate) mod edit;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod instances;
pub(crate) mod list;
pub mod oauth;
pub(crate) mod query;
pub(crate) mod refusal;
pub(crate) mod render;
pub(crate) mod save;
pub(crate) mod sync_token;
pub(crate) mod write;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use event::{Event, EventStatus, EventTime};

/// The whole service.
#[derive(Debug)]
pub(crate) struct Google {
    /// By e-mail address.
    pub(crate) people: BTreeMap<String, Person>,
    /// By id; a person's primary calendar has the person's address as id.
    pub(crate) calendars: BTreeMap<String, Calendar>,
    /// Counts every change to anything; the position in the change log.
    pub(crate) revision: u64,
    pub(crate) habits: Habits,
    pub(crate) oauth: oauth::OAuth,
    /// What page tokens refer to, oldest first.
    pub(crate) snapshots: VecDeque<list::Snapshot>,
    /// When each person made requests, for the per-minute quota.
    pub(crate) recent: BTreeMap<String, VecDeque<Timestamp>>,
}

impl Default for Google {
    fn default() -> Self {
        Self {
            people: BTreeMap::new(),
            calendars: BTreeMap::new(),
            revision: 1,
            habits: Habits::default(),
            oauth: oauth::OAuth::with_default_client(),
            snapshots: VecDeque::new(),
            recent: BTreeMap::new(),
        }
    }
}

/// How the service behaves where the real one varies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// What a deleted event looks like in a list.
    pub tombstones: Tombstones,
    /// How many empty pages with a `nextPageToken` come before the first row.
    pub empty_pages: u32,
    /// Whether the last row of a page comes again on the next.
    pub repeat_rows: bool,
    /// The most rows that a page of events holds, whatever was asked for; `None` for as many as that.
    #[serde(default)]
    pub rows_per_page: Option<usize>,
    /// How a request for a Meet conference ends.
    pub meet: MeetCreation,
    /// Requests a person may make in 60 s before 403 `userRateLimitExceeded`; `None` for no limit. The default, 600,
    /// is the documented one: <https://developers.google.com/workspace/calendar/api/guides/quota>.
    pub per_minute: Option<u32>,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            tombstones: Tombstones::default(),
            empty_pages: 0,
            repeat_rows: false,
            rows_per_page: None,
            meet: MeetCreation::default(),
            per_minute: Some(600),
        }
    }
}

/// What deleted events look like in `events.list`.
///
/// The reference promises an id and little else
/// (<https://developers.google.com/workspace/calendar/api/v3/reference/events>, `status`); what comes beyond varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tombstones {
    /// As documented: an exception has `id`, `recurringEventId`, `originalStartTime`; a deleted event has its `id`
    /// alone, and full details only for the organizer who asks with `showDeleted=true`.
    #[default]
    Documented,
    /// Nothing but `id` and `status`, exceptions included
    /// (<https://github.com/KeepSoftwareSimple/compass-calendar/pull/2808>).
    IdOnly,
    /// Full details on the organizer's calendar, also in deltas.
    FullForOrganizer,
}

/// How a `createRequest` for Meet ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetCreation {
    /// At once, with a link.
    #[default]
    Success,
    /// Not yet: no solution, no entry points.
    Pending,
    /// Never.
    Failure,
}

/// Someone with a Google account.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// The calendars in this person's list, by calendar id.
    pub(crate) listed: BTreeMap<String, Listed>,
}

/// One row of a person's calendar list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) hidden: bool,
    pub(crate) selected: bool,
    pub(crate) deleted: bool,
    /// Position in the change log.
    pub(crate) revision: u64,
}

/// One calendar.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    pub(crate) summary: String,
    /// IANA name.
    pub(crate) time_zone: String,
    /// The data owner's address.
    pub(crate) owner: String,
    /// Who may do what, by address. The owner is in it.
    pub(crate) acl: BTreeMap<String, Role>,
    /// Every event that ever was, by id; deleted ones included.
    pub(crate) events: BTreeMap<String, Arc<Event>>,
    /// Sync tokens of an earlier age are dead.
    pub(crate) age: u64,
    pub(crate) deleted: bool,
}

/// What a person may do with a calendar, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Sees when the calendar is busy.
    FreeBusyReader,
    /// Sees events; private ones without details.
    Reader,
    /// Changes events; private ones stay closed.
    WriterWithoutPrivateAccess,
    /// Changes events.
    Writer,
    /// Changes everything.
    Owner,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FreeBusyReader => "freeBusyReader",
            Self::Reader => "reader",
            Self::WriterWithoutPrivateAccess => "writerWithoutPrivateAccess",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }
}

impl Google {
    /// The next position in the change log.
    pub(crate) fn step(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// A calendar and the caller's role in it, unless it is gone or not shared with the caller.
    pub(crate) fn calendar(&self, id: &str, caller: &str) -> Option<(&Calendar, Role)> {
        let calendar = self.calendars.get(id).filter(|calendar| !calendar.deleted)?;
        Some((calendar, *calendar.acl.get(caller)?))
    }

    /// The display name of an address, if it belongs to someone here or is a calendar.
    pub(crate) fn name_of(&self, address: &str) -> Option<&str> {
        match self.people.get(address) {
            Some(person) => Some(&person.name),
            None => self
                .calendars
                .get(address)
                .map(|calendar| calendar.summary.as_str()),
        }
    }
}
