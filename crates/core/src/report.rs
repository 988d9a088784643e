//! What the person is shown: activity entries and the views of meetings, calendars and accounts, and the
//! one status that tray, notification, window and command line are projections of.
//!
//! Plain values only. Instants are UTC ([`Timestamp`], RFC 3339 in JSON); a zone that matters to the reader
//! stands beside them as an IANA name. No secret and no join link with a passcode ever enters these types.

mod activity;
mod plan;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, CalendarId, MeetingId};
use crate::problem::{Code, Problem};

pub use activity::{ActivityEntry, Answer, Change, Outcome, Remedy, Slot};
pub use plan::{ActionView, AdditionView, PlanView, Planned, PlannedAction, Wait};

/// The service an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Google Calendar.
    Google,
    /// Zoom Meetings.
    Zoom,
}

impl Service {
    /// Every service, in the order they are offered.
    pub const ALL: [Self; 2] = [Self::Google, Self::Zoom];

    /// The word used in configuration, command line and store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Zoom => "zoom",
        }
    }

    /// The name a person knows it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Google => "Google Calendar",
            Self::Zoom => "Zoom",
        }
    }

    /// Reads [`Service::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.word() == word)
    }
}

/// Where a meeting stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum MeetingState {
    /// As last read, the meeting equals its event.
    InStep,
    /// A change is on its way.
    Updating,
    /// Its event is gone; the meeting is deleted when the grace period ends.
    Deleting,
    /// Its deletion waits for the person's word.
    Held,
    /// It differs from its event, and the person said to leave it, or nothing can be done now.
    OutOfStep,
    /// Not ours to change; `reason` says why.
    WatchedOnly,
    /// The kind of conference that has no schedule of its own: Meet, Jitsi, a phone bridge.
    NothingToSync,
    /// The provider refused, or the person must do something first.
    Failed,
}

/// One event with its meeting, as listed for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct MeetingView {
    /// The meeting; the same one may be listed for several events.
    pub id: MeetingId,
    /// The event's title.
    pub title: String,
    /// When the event begins.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub start: Timestamp,
    /// When it ends.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub end: Timestamp,
    /// The event's zone, an IANA name.
    pub zone: String,
    /// Whether it is a series, an occurrence of one, or an all-day event; those are watched only for now.
    pub recurring: bool,
    /// The calendar it was seen on.
    pub calendar: CalendarId,
    /// That calendar's name.
    pub calendar_name: String,
    /// The kind of conference: `Zoom`, `Google Meet`, …
    pub conference: String,
    /// The provider's number of the meeting, when it has one.
    pub number: Option<String>,
    /// Whether the meeting was made for this event, as far as is known, and so follows it.
    #[serde(default)]
    pub bonded: bool,
    /// Where it stands.
    pub state: MeetingState,
    /// One sentence that says why it stands there; empty for `in_step`.
    pub reason: String,
    /// How the meeting, as last read, differs from its event. `before` is the meeting, `after` the event.
    pub differences: Vec<Change>,
    /// Where it was before the last move that Reconvene carried over within the last day.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub moved_from: Option<Timestamp>,
    /// What will be done.
    pub planned: Option<Planned>,
    /// What went wrong last.
    pub problem: Option<Problem>,
    /// When the meeting was last read at the provider.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub seen: Option<Timestamp>,
    /// Whether Join can open it.
    pub can_join: bool,
    /// What can be pressed now.
    pub remedies: Vec<Remedy>,
}

/// An event for which a meeting could be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct EventView {
    /// The calendar that it is on.
    pub calendar: CalendarId,
    /// That calendar's name.
    pub calendar_name: String,
    /// Google's id of it; of a series, of the whole.
    pub event: String,
    /// Its title.
    pub title: String,
    /// When it begins next.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub start: Timestamp,
    /// When it ends then.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub end: Timestamp,
    /// Its zone, an IANA name.
    pub zone: String,
    /// Whether it is a series, or one date of it.
    pub recurring: bool,
}

/// How fresh something is: the last attempt, the last success, the last failure and the next try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct Health {
    /// When it was last tried.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub last_attempt: Option<Timestamp>,
    /// When it last went well.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub last_success: Option<Timestamp>,
    /// What is wrong now; none as soon as it goes well again.
    pub problem: Option<Problem>,
    /// When it is tried next.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub next_try: Option<Timestamp>,
}

/// A calendar to choose from, or watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct CalendarView {
    /// Its identity here.
    pub id: CalendarId,
    /// The account through which it is read.
    pub account: AccountId,
    /// Google's id of it.
    pub google_id: String,
    /// Its name.
    pub name: String,
    /// Its zone, an IANA name.
    pub zone: String,
    /// Google's access role: `owner`, `writer`, `reader`, `freeBusyReader` or one not known yet.
    pub access: String,
    /// Whether it is the account's own main calendar.
    pub primary: bool,
    /// Whether its events are synced.
    pub watched: bool,
    /// Whether it is still there and shared with the account.
    pub available: bool,
    /// How many of its events carry a conference.
    pub conferences: u32,
    /// How fresh it is.
    pub health: Health,
}

/// A signed-in identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct AccountView {
    /// Its identity here.
    pub id: AccountId,
    /// Where.
    pub service: Service,
    /// The address or name it is known by there.
    pub name: String,
    /// How many more meetings it may create or change today (UTC); none when the service does not limit that.
    pub writes_left_today: Option<u32>,
    /// How fresh it is. A problem with code `sign_in_again` means just that.
    pub health: Health,
}

/// The one word for the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// Not signed in to a calendar and a provider, or no calendar is watched: nothing to do yet.
    NotSetUp,
    /// Everything that can be in step is.
    InStep,
    /// A pass or a push is under way.
    Syncing,
    /// Something waits for the person.
    NeedsYou,
    /// The person paused it.
    Paused,
    /// The person wants to see what would be done: nothing is written until they say so.
    Preview,
    /// A watched calendar could not be read the last time: Google cannot be reached, or did not answer usefully.
    Offline,
}

/// How many meetings stand where, upcoming ones only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct Counts {
    /// In step.
    pub in_step: u32,
    /// On their way, deletions in their grace period included.
    pub updating: u32,
    /// Held.
    pub held: u32,
    /// Out of step.
    pub out_of_step: u32,
    /// Watched only.
    pub watched_only: u32,
    /// Failed.
    pub failed: u32,
}

/// The next meeting, for the tray menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct NextMeeting {
    /// The meeting.
    pub id: MeetingId,
    /// The event's title.
    pub title: String,
    /// When it begins.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub start: Timestamp,
}

/// Everything at a glance. Tray, notifications and window draw this and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct Status {
    /// Counts up with every change of anything shown; equal revisions need no redraw.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub revision: u64,
    /// The one word.
    pub overall: Overall,
    /// When all watched calendars had last been read successfully: the age of everything shown.
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub fresh_as_of: Option<Timestamp>,
    /// Upcoming meetings by state.
    pub counts: Counts,
    /// The next meeting that can be joined.
    pub next: Option<NextMeeting>,
    /// The last three results.
    pub recent: Vec<ActivityEntry>,
    /// Accounts, with their health.
    pub accounts: Vec<AccountView>,
    /// Calendars, with their health.
    pub calendars: Vec<CalendarView>,
    /// What is wrong now, the worst first.
    pub problems: Vec<Problem>,
    /// Deletions held together, waiting for one answer.
    pub held: Vec<MeetingId>,
    /// Whether what is planned is only shown, and nothing written to a meeting or a calendar.
    #[serde(default)]
    pub preview: bool,
    /// Meetings that differ from their events and are brought in step only once the person agrees.
    pub asking: Vec<MeetingId>,
}

/// What a `sync` by hand did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct SyncReport {
    /// Calendars read to their end.
    pub calendars: u32,
    /// Entries that this sync wrote, oldest first.
    pub entries: Vec<ActivityEntry>,
    /// Actions that stay for later: in grace, held, or waiting to be tried again.
    pub pending: u32,
    /// Those of them that failed, in this sync or an earlier one, and wait to be tried again.
    pub waiting: u32,
    /// What failed on the way, calendar by calendar and account by account.
    pub problems: Vec<Problem>,
    /// Whether something waits for the person.
    pub needs_you: bool,
    /// Whether what is planned was only planned, and nothing written.
    #[serde(default)]
    pub preview: bool,
}

/// What the person may choose. Values that `config.toml` fixes are named in `fixed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct SettingsView {
    /// Whether titles are carried over.
    pub carry_title: bool,
    /// Whether start, length and zone are carried over.
    pub carry_time: bool,
    /// Seconds between two passes of a calendar.
    pub poll_seconds: u32,
    /// Seconds between a cancelled event and the deletion of its meeting.
    pub delete_grace_seconds: u32,
    /// Deletions due together beyond which all are held.
    pub mass_delete_limit: u32,
    /// Whether what is planned is only shown, and nothing written to a meeting or a calendar.
    #[serde(default)]
    pub preview: bool,
    /// Whether to ask before a change made at the provider is undone. Otherwise the calendar wins.
    pub ask_on_drift: bool,
    /// Whether failures are shown as desktop notifications.
    pub notify: bool,
    /// A word in the title or the description of an event that asks for a meeting; empty when none does.
    #[serde(default)]
    pub request_word: String,
    /// Names of the fields above that `config.toml` fixes and the window cannot change.
    pub fixed: Vec<String>,
}

/// How well one thing that Reconvene stands on works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Works,
    /// It works, or is not needed now, but the person should know.
    Attention,
    /// It does not work.
    Broken,
}

/// One line of `reconvene doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct Check {
    /// `keyring`, `tray`, `network`, `store`, `config`, or an account's name.
    pub subject: String,
    /// How well.
    pub verdict: Verdict,
    /// What was found.
    pub finding: String,
    /// What to do; empty when nothing.
    pub advice: String,
}

impl AccountView {
    /// Whether the grant is gone.
    pub fn must_sign_in(&self) -> bool {
        self.health
            .problem
            .as_ref()
            .is_some_and(|problem| problem.code == Code::SignInAgain)
    }
}
