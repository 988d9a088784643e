//! The one schema between the agent and its clients, the window and the command line.
//!
//! The wire is newline-delimited JSON over a local socket: a [`Request`] a line one way, a [`Message`] a line the
//! other. Requests carry an id of the client's choice that its answer repeats; answers may come in any order.
//! After [`Command::Subscribe`] the agent also sends [`Event`]s. What is deliberately absent: the socket itself,
//! and any type of the engine's that people do not see.

use reconvene_core::id::{AccountId, EntryId, MeetingId};
use reconvene_core::problem::Problem;
use reconvene_core::report::{
    AccountView, ActivityEntry, CalendarView, Check, EventView, MeetingView, PlanView, Service, SettingsView,
    Status, SyncReport,
};
use serde::{Deserialize, Serialize};

/// The version of this schema. It grows when something a client may rely on changes or goes; additions leave it.
pub const VERSION: u32 = 1;

/// The longest line either side accepts, in bytes. A longer one ends the connection.
pub const MAX_LINE: usize = 16 * 1024 * 1024;

/// One line from a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct Request {
    /// Chosen by the client; the answer repeats it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub command: Command,
}

/// What a client can ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Everything at a glance. Answered by [`Reply::Status`].
    Status,
    /// Every meeting known, by start. Answered by [`Reply::Meetings`].
    Meetings,
    /// The activity log, newest first. Answered by [`Reply::Activity`].
    Activity {
        /// At most so many entries.
        limit: u32,
        /// Only entries older than this one.
        before: Option<EntryId>,
    },
    /// The accounts. Answered by [`Reply::Accounts`].
    Accounts,
    /// Begins a sign-in. Answered at once by [`Reply::SignIn`] with the address to open; opens nothing itself.
    SignIn {
        /// Where.
        service: Service,
        /// At Google: whether to ask for the right to change events as well, which adding a meeting needs.
        #[serde(default)]
        write: bool,
    },
    /// Waits until a begun sign-in ends. Answered by [`Reply::Account`], or by a problem that says how it ended.
    AwaitSignIn {
        /// From [`SignIn::ticket`].
        ticket: String,
    },
    /// Calls a begun sign-in off. Accounts stay as they were. Answered by [`Reply::Done`].
    CancelSignIn {
        /// From [`SignIn::ticket`].
        ticket: String,
    },
    /// Signs out: revokes the grant, forgets the secret and the account's rows. Meetings stay as they are.
    RemoveAccount {
        /// Which.
        account: AccountId,
    },
    /// The calendars to choose from, as last listed. Answered by [`Reply::Calendars`].
    Calendars,
    /// Asks Google for the calendar lists anew. Answered by [`Reply::Calendars`].
    RefreshCalendars,
    /// Starts or stops watching a calendar. Answered by [`Reply::Calendars`].
    Watch {
        /// `c1`, or Google's own id of it.
        calendar: String,
        /// Whether it is to be watched.
        watched: bool,
    },
    /// Pulls, and pushes what is due, and waits for both. Answered by [`Reply::Sync`].
    Sync {
        /// One calendar (`c1`, or Google's id); all watched ones when absent.
        calendar: Option<String>,
        /// Whether to look at every meeting that follows an event as well, in case it was changed at its provider.
        #[serde(default)]
        meetings: bool,
    },
    /// What would be done, meeting by meeting; changes nothing. Answered by [`Reply::Plan`].
    Plan,
    /// Tries a failed or waiting action again now, and agrees to it where the person was asked. Answered by [`Reply::Done`].
    Retry {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Leaves a meeting as it is until its event changes again; for a held deletion: refuses it.
    Ignore {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Says that a meeting was made for the event that points at it: it follows that event from now on. Answered by
    /// [`Reply::Done`].
    Bond {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Leaves a meeting alone, whatever becomes of its event, until it is bonded again. Answered by [`Reply::Done`].
    Unbond {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Takes back what was done to a meeting, which is then left alone until its event changes again. Answered by
    /// [`Reply::Activity`] with what came of it.
    Undo {
        /// The entry that tells of it (`e12`), or the meeting (`m3`) for its newest entry.
        what: String,
    },
    /// Agrees to held deletions. Answered by [`Reply::Done`].
    Approve {
        /// Which meetings; all that are held when empty.
        meetings: Vec<MeetingId>,
    },
    /// Refuses held deletions: the meetings stay. Answered by [`Reply::Done`].
    Refuse {
        /// Which meetings; all that are held when empty.
        meetings: Vec<MeetingId>,
    },
    /// The address that joins a meeting, asked of the provider now. Answered by [`Reply::Link`].
    JoinLink {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// The events of the next days for which a meeting could be made, asked of Google now. Answered by [`Reply::Events`].
    WithoutMeeting {
        /// How many days.
        days: u32,
    },
    /// Makes a meeting for an event and writes it on the event. Answered by [`Reply::Meeting`], or by the problem that is
    /// in the way; a retryable one goes on by itself.
    AddMeeting {
        /// `c1`, or Google's own id of the calendar.
        calendar: String,
        /// Google's id of the event.
        event: String,
        /// Where to make it.
        service: Service,
    },
    /// Makes a new meeting in the place of one that vanished at its provider. Answered like [`Command::AddMeeting`].
    Recreate {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// What the person chose. Answered by [`Reply::Settings`].
    Settings,
    /// Changes settings. Answered by [`Reply::Settings`].
    ChangeSettings {
        /// All of them; the `fixed` ones are ignored.
        settings: SettingsView,
    },
    /// Stops or resumes passes and pushes. Answered by [`Reply::Done`].
    Pause {
        /// Whether it is to be paused.
        paused: bool,
    },
    /// What works and what does not. Answered by [`Reply::Checks`].
    Doctor,
    /// Sends [`Event`]s from now on, the present status first. Answered by [`Reply::Done`].
    Subscribe,
    /// Opens the window, or brings it to the front. Answered by [`Reply::Done`].
    OpenWindow,
    /// Opens an address that the agent gave out ([`SignIn::url`] or [`Reply::Link`]) in the system's browser.
    OpenLink {
        /// The address; any other than one just given out is refused.
        url: String,
    },
    /// Ends the agent, cleanly. Answered by [`Reply::Done`] before it goes.
    Quit,
}

/// A begun sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
pub struct SignIn {
    /// Names it in later commands.
    pub ticket: String,
    /// The address to open in the system's browser.
    pub url: String,
}

/// What the agent answers when all went well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(tag = "reply", content = "value", rename_all = "snake_case")]
pub enum Reply {
    /// To [`Command::Status`].
    Status(Box<Status>),
    /// To [`Command::Meetings`].
    Meetings(Vec<MeetingView>),
    /// To [`Command::Activity`].
    Activity(Vec<ActivityEntry>),
    /// To [`Command::Accounts`].
    Accounts(Vec<AccountView>),
    /// To [`Command::AwaitSignIn`].
    Account(AccountView),
    /// To [`Command::SignIn`].
    SignIn(SignIn),
    /// To [`Command::Calendars`], [`Command::RefreshCalendars`] and [`Command::Watch`].
    Calendars(Vec<CalendarView>),
    /// To [`Command::Sync`].
    Sync(SyncReport),
    /// To [`Command::Plan`].
    Plan(PlanView),
    /// To [`Command::JoinLink`].
    Link(String),
    /// To [`Command::WithoutMeeting`].
    Events(Vec<EventView>),
    /// To [`Command::AddMeeting`] and [`Command::Recreate`].
    Meeting(Box<MeetingView>),
    /// To [`Command::Settings`] and [`Command::ChangeSettings`].
    Settings(SettingsView),
    /// To [`Command::Doctor`].
    Checks(Vec<Check>),
    /// It is done.
    Done,
}

/// What the agent tells subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(tag = "event", content = "value", rename_all = "snake_case")]
pub enum Event {
    /// Something shown has changed; what else is on screen is to be asked for again.
    Status(Box<Status>),
    /// The window is to come to the front.
    Raise,
    /// The agent is about to end.
    Closing,
}

/// One line from the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "api.ts"))]
#[serde(untagged)]
pub enum Message {
    /// A request went well.
    Answer {
        /// The request's id.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        id: u64,
        /// What it yielded.
        result: Reply,
    },
    /// A request failed.
    Failure {
        /// The request's id; none when the line could not be read.
        #[cfg_attr(feature = "ts", ts(type = "number | null"))]
        id: Option<u64>,
        /// Why.
        error: Problem,
    },
    /// Something happened.
    Event(Event),
}

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod tests {
    use super::*;
    use reconvene_core::problem::Code;

    fn round_trip(message: &Message) {
        let line = serde_json::to_string(message).unwrap();
        assert!(!line.contains('\n'), "one message is one line: {line}");
        assert_eq!(&serde_json::from_str::<Message>(&line).unwrap(), message);
    }

    #[test]
    fn every_kind_of_message_reads_back_as_itself() {
        round_trip(&Message::Answer {
            id: 7,
            result: Reply::Done,
        });
        round_trip(&Message::Failure {
            id: None,
            error: Problem::lasting(Code::BadUsage, "a\nb", ""),
        });
        round_trip(&Message::Event(Event::Raise));
    }

    #[test]
    fn a_request_is_flat_so_that_a_person_can_type_one() {
        let request: Request =
            serde_json::from_str(r#"{"id":1,"command":"watch","calendar":"c1","watched":true}"#).unwrap();
        assert_eq!(
            request.command,
            Command::Watch {
                calendar: "c1".into(),
                watched: true
            }
        );
        assert!(serde_json::from_str::<Request>(r#"{"id":1,"command":"format_disk"}"#).is_err());
    }
}
