//! What was done, line by line, and what can be pressed about it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Service;
use crate::id::{EntryId, MeetingId};
use crate::problem::Problem;

/// How an action ended, or stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The meeting already equalled its event; nothing was written.
    InStep,
    /// The meeting was changed and read back.
    Updated,
    /// The meeting was made, and written on its event.
    Created,
    /// The meeting was deleted.
    Deleted,
    /// The meeting was left as it is on purpose; the entry says why.
    Kept,
    /// What an earlier entry tells of was taken back.
    Undone,
    /// The provider refused for good.
    Refused,
    /// It failed for now and will be tried again.
    Waiting,
    /// Nothing happens until the person acts.
    NeedsYou,
}

/// What a person can press to help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Try again now.
    Retry,
    /// Stop bothering: leave the meeting as it is.
    Ignore,
    /// Agree to a held deletion.
    Approve,
    /// Take back what the entry tells of.
    Undo,
    /// Agree to bring a meeting in step that was out of step before, or was changed at the provider.
    Fix,
    /// Say that the meeting was made for this event, so that it follows it.
    Bond,
    /// Sign in to the account again.
    SignIn,
    /// Allow Reconvene to change events.
    Permit,
    /// Make a new meeting in the place of the one that vanished.
    Recreate,
}

/// One property that differs or differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum Change {
    /// The title.
    Topic {
        /// As it was.
        before: String,
        /// As it is to be.
        after: String,
    },
    /// The instant at which it begins.
    Start {
        /// As it was.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        before: Timestamp,
        /// As it is to be.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        after: Timestamp,
    },
    /// The length, in whole minutes.
    Duration {
        /// As it was, in minutes.
        before: u32,
        /// As it is to be, in minutes.
        after: u32,
    },
    /// The zone in which the host sees it, an IANA name.
    Zone {
        /// As it was.
        before: String,
        /// As it is to be.
        after: String,
    },
    /// How often it takes place, in words: `once`, `every week on Mon`.
    Rule {
        /// As it was.
        before: String,
        /// As it is to be.
        after: String,
    },
    /// One date of a series.
    Date {
        /// The instant at which it begins by the rule of the series.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        date: Timestamp,
        /// When it took place; none when the series had no such date.
        before: Option<Slot>,
        /// When it is to take place; none when it is cancelled.
        after: Option<Slot>,
    },
    /// The title of one date of a series.
    DateTopic {
        /// The instant at which the date begins by the rule of the series.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        date: Timestamp,
        /// As it was.
        before: String,
        /// As it is to be.
        after: String,
    },
}

/// When one date of a series takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct Slot {
    /// The instant at which it begins.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub start: Timestamp,
    /// Its length in whole minutes.
    pub minutes: u32,
}

/// What the provider answered, for the curious and for support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The provider's own code, when it gave one.
    pub code: Option<String>,
    /// The provider's own words, cut at 500 characters.
    pub words: Option<String>,
}

/// One line of the activity log: what became of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct ActivityEntry {
    /// Its identity; later entries have higher numbers.
    pub id: EntryId,
    /// When it was last written to. A waiting action keeps one entry that is rewritten at each attempt.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub at: Timestamp,
    /// The meeting concerned; none for a failure of a calendar or an account.
    pub meeting: Option<MeetingId>,
    /// The event's title, or the name of the calendar or account.
    pub title: String,
    /// The service that answered.
    pub service: Service,
    /// How it ended, or stands.
    pub outcome: Outcome,
    /// Before → after, property by property.
    pub changes: Vec<Change>,
    /// Why, when something was refused, waits, is held or was kept.
    pub problem: Option<Problem>,
    /// What the provider said, when it said something.
    pub answer: Option<Answer>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again by itself.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub next_try: Option<Timestamp>,
    /// What can be pressed now; empty once it is settled.
    pub remedies: Vec<Remedy>,
    /// Whether it was taken back since.
    #[serde(default)]
    pub undone: bool,
}

/// So long a deleted meeting can be brought back: Zoom keeps it for seven days
/// (`recover`, <https://developers.zoom.us/docs/api/meetings/#tag/meetings/put/meetings/{meetingId}/status>).
const RECOVERABLE: SignedDuration = SignedDuration::from_hours(7 * 24);

impl ActivityEntry {
    /// The entry without what can no longer be pressed at `now`.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if self.outcome == Outcome::Deleted && now.duration_since(self.at) > RECOVERABLE {
            self.remedies.retain(|remedy| *remedy != Remedy::Undo);
        }
        self
    }

    /// Whether it still waits for the person.
    pub fn needs_you(&self) -> bool {
        matches!(self.outcome, Outcome::NeedsYou | Outcome::Refused) && !self.remedies.is_empty()
    }
}
