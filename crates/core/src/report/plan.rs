//! What would be done, and when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Change;
use crate::id::MeetingId;
use crate::problem::Problem;

/// What will be done to a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum PlannedAction {
    /// Read the meeting to learn whether it is bonded and in step.
    Look,
    /// Bring it in step.
    Update,
    /// Delete it.
    Delete,
    /// Take the last thing that was done to it back.
    Undo,
}

/// A planned action and when it is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct Planned {
    /// What.
    pub action: PlannedAction,
    /// Not before this instant.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub due: Timestamp,
    /// How often it was tried so far.
    pub attempts: u32,
}

/// What would be done, had everything been written that is planned now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct PlanView {
    /// When all watched calendars had last been read successfully. The plan knows no edit made since.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub fresh_as_of: Option<Timestamp>,
    /// Whether nothing of it is written because the person wants to see it first.
    pub preview: bool,
    /// Whether nothing of it is done because the person paused everything.
    pub paused: bool,
    /// What would be done, the next first.
    pub actions: Vec<ActionView>,
    /// The meetings that would be made, the next first.
    #[serde(default)]
    pub additions: Vec<AdditionView>,
}

/// What would be done to one meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct ActionView {
    /// The meeting.
    pub meeting: MeetingId,
    /// The event's title.
    pub title: String,
    /// The kind of conference: `Zoom`.
    pub conference: String,
    /// What.
    pub action: PlannedAction,
    /// Property by property: `before` is the meeting, `after` what it would become.
    pub changes: Vec<Change>,
    /// What the event asks for besides, and the provider cannot hold.
    pub beyond: Vec<Change>,
    /// Not before this instant.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub due: Timestamp,
    /// How often it was tried so far.
    pub attempts: u32,
    /// What it waits for; none when it is its turn.
    pub waits: Option<Wait>,
    /// The same in a sentence, or what else there is to say; empty when there is nothing.
    pub reason: String,
    /// When the meeting was last read at its provider: as a rule, for this very plan.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub seen: Option<Timestamp>,
    /// Why the meeting could not be read for this plan; what is said rests on an earlier reading then, or on none.
    pub problem: Option<Problem>,
}

/// A meeting that would be made for an event without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct AdditionView {
    /// Google's id of the event.
    pub event: String,
    /// Its title.
    pub title: String,
    /// The kind of conference: `Zoom`.
    pub conference: String,
    /// Not before this instant.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub due: Timestamp,
    /// How often it was tried so far.
    pub attempts: u32,
    /// What it waits for; none when it is its turn.
    pub waits: Option<Wait>,
    /// The same in a sentence, or what else there is to say; empty when there is nothing.
    pub reason: String,
}

/// What an action waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// The end of the grace period of a deletion.
    Grace,
    /// The person's word: it is one of many deletions.
    Held,
    /// The next try, after one that failed.
    Retry,
    /// Its account, which the service told to wait or which needs the person.
    Account,
    /// The end of the pause.
    Paused,
    /// The end of the preview.
    Preview,
}
