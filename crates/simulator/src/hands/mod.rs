//! What people do with their hands: in the calendar, at Zoom, in the admin pages. None of it goes through an API, so
//! none of it is in the log, needs a token or counts against a quota.

mod accounts;
mod events;
mod meetings;
mod new;
mod series;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use new::{Moment, NewConference, NewEvent, NewMeeting};

use crate::google::{Habits, Role};
use crate::world::World;
use crate::zoom::Plan;

/// One deed of a person. Where an event is named, an occurrence of a series may be named by its instance id.
///
/// As JSON it is an object with `do` and the fields below, as in
/// `{"do": "rename_event", "calendar": "ana@example.test", "event": "…", "title": "New"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the variants and their fields say what is done; notes where that is not enough"
)]
pub enum Hand {
    /// A Google account with its primary calendar. The answer is the address.
    CreatePerson {
        email: String,
        name: String,
        time_zone: String,
    },
    /// A secondary calendar. Without an id it gets one like the real ones; an id may contain `#`.
    CreateCalendar {
        owner: String,
        summary: String,
        id: Option<String>,
        time_zone: Option<String>,
    },
    /// Gives someone a role. A change of a role that was there kills the sync tokens of the calendar.
    ShareCalendar {
        calendar: String,
        with: String,
        role: Role,
    },
    /// Takes the role away: from then on the calendar is 404 for that person.
    UnshareCalendar {
        calendar: String,
        with: String,
    },
    /// Ticks or unticks a calendar in someone's list.
    HideCalendar {
        calendar: String,
        person: String,
        hidden: bool,
    },
    /// Adds a calendar to someone's list, or takes it off. It stays shared either way.
    ListCalendar {
        calendar: String,
        person: String,
        listed: bool,
    },
    /// Its owner gives it another name, of which no list's delta tells.
    RenameCalendar {
        calendar: String,
        summary: String,
    },
    /// Gone for everyone.
    DeleteCalendar {
        calendar: String,
    },
    /// All sync tokens of one calendar, or of all, are dead: 410.
    ExpireSyncTokens {
        calendar: Option<String>,
    },
    /// The sync tokens of someone's calendar list are dead: 410.
    ExpireListTokens {
        person: String,
    },
    /// The service forgets its tombstones and the tokens that would have shown them.
    ForgetTombstones {
        calendar: String,
    },
    /// A new event. The answer is its id.
    AddEvent(Box<NewEvent>),
    /// Drags an event. Its length stays unless an end is given.
    MoveEvent {
        calendar: String,
        event: String,
        start: Moment,
        end: Option<Moment>,
    },
    RenameEvent {
        calendar: String,
        event: String,
        title: String,
    },
    /// A new length in minutes.
    ResizeEvent {
        calendar: String,
        event: String,
        minutes: u32,
    },
    /// Deletes an event, a whole series, or one occurrence.
    CancelEvent {
        calendar: String,
        event: String,
    },
    /// Takes an event out of the calendar's trash.
    UndeleteEvent {
        calendar: String,
        event: String,
    },
    /// A duplicate with a new id and the very same conference. The answer is the new id.
    CopyEvent {
        calendar: String,
        event: String,
        to: Option<String>,
        start: Option<Moment>,
    },
    /// Moves an event to another calendar. It keeps its id.
    CarryEvent {
        calendar: String,
        event: String,
        to: String,
    },
    RemoveConference {
        calendar: String,
        event: String,
    },
    /// Zoom's add-on makes a meeting for an event that has none, hosted by the Zoom user with this address. The changed
    /// occurrences of a series get it with their series.
    AddConference {
        calendar: String,
        event: String,
        host: String,
    },
    /// Replaces whatever conference there is with Meet.
    SwapToMeet {
        calendar: String,
        event: String,
    },
    /// Puts the add-on's block for an existing Zoom meeting on an event.
    AttachMeeting {
        calendar: String,
        event: String,
        meeting: u64,
    },
    /// Writes fields of the event as they are, by Google's names; `null` takes one away.
    WriteFields {
        calendar: String,
        event: String,
        fields: Map<String, Value>,
    },
    /// New recurrence lines for a series.
    ChangeRecurrence {
        calendar: String,
        event: String,
        lines: Vec<String>,
    },
    /// “This and following events”: ends the series before the occurrence that was to start at `at`, and goes on
    /// with a new series whose id carries `_R`. Both keep the conference. The answer is the new series' id.
    SplitSeries {
        calendar: String,
        event: String,
        at: Moment,
        start: Option<Moment>,
        title: Option<String>,
    },
    /// A Zoom account. Users of the same `account` see each other. The answer is the user id.
    CreateZoomUser {
        email: String,
        name: String,
        #[serde(default = "home_account")]
        account: String,
        #[serde(default = "utc")]
        time_zone: String,
        #[serde(default = "yes")]
        may_host: bool,
    },
    /// A meeting made in Zoom's web portal. The answer is its number.
    CreateMeeting(Box<NewMeeting>),
    EditMeeting {
        meeting: u64,
        topic: Option<String>,
        start: Option<Timestamp>,
        minutes: Option<u32>,
    },
    /// Makes a meeting repeat, by Zoom's recurrence object.
    RepeatMeeting {
        meeting: u64,
        recurrence: Value,
    },
    /// Into the trash.
    DeleteMeeting {
        meeting: u64,
    },
    /// Gone for good, as after its expiry.
    ForgetMeeting {
        meeting: u64,
    },
    /// Takes one date off a series, by its id.
    CancelDate {
        meeting: u64,
        date: String,
    },
    /// Moves one date of a series, by its id.
    MoveDate {
        meeting: u64,
        date: String,
        start: Timestamp,
    },
    StartMeeting {
        meeting: u64,
    },
    EndMeeting {
        meeting: u64,
    },
    /// A scheduled meeting takes place in its host's personal room from now on.
    UsePersonalRoom {
        meeting: u64,
    },
    /// Turns a meeting into a webinar, which the meetings API refuses.
    MakeWebinar {
        meeting: u64,
    },
    /// Hands a meeting over to another host, by address.
    GiveMeeting {
        meeting: u64,
        to: String,
    },
    /// The person removes the app at Google: all its tokens are dead.
    RevokeGoogle {
        person: String,
    },
    /// The person removes the app at Zoom: all its tokens are dead.
    RevokeZoom {
        email: String,
    },
    /// Access tokens are dead at once, refresh tokens live.
    ExpireAccessTokens,
    /// Pretends that a host has made so many creates and updates today.
    SetWritesToday {
        host: String,
        used: u32,
    },
    /// How many creates and updates a host has in a UTC day; 100 at the real service.
    SetWritesPerDay {
        limit: u32,
    },
    SetPlan {
        plan: Plan,
    },
    SetHabits(Habits),
}

fn home_account() -> String {
    "home".to_owned()
}

fn utc() -> String {
    "UTC".to_owned()
}

fn yes() -> bool {
    true
}

/// Why a deed could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What a deed gives: the id of what it made or changed.
pub(crate) type Done = Result<String, Refused>;

pub(crate) fn no(what: &str, name: impl fmt::Display) -> Refused {
    Refused(format!("no {what} {name}"))
}

impl World {
    /// Does one deed, now.
    ///
    /// # Errors
    ///
    /// When the thing named does not exist or does not allow it.
    pub fn hand(&mut self, hand: Hand) -> Done {
        use Hand as H;
        match hand {
            H::CreatePerson {
                email,
                name,
                time_zone,
            } => self.create_person(email, &name, &time_zone),
            H::CreateCalendar {
                owner,
                summary,
                id,
                time_zone,
            } => self.create_calendar(&owner, summary, id, time_zone),
            H::ShareCalendar { calendar, with, role } => self.share_calendar(&calendar, &with, role),
            H::UnshareCalendar { calendar, with } => self.unshare_calendar(&calendar, &with),
            H::HideCalendar {
                calendar,
                person,
                hidden,
            } => self.hide_calendar(&calendar, &person, hidden),
            H::ListCalendar {
                calendar,
                person,
                listed,
            } => self.list_calendar(&calendar, &person, listed),
            H::RenameCalendar { calendar, summary } => self.rename_calendar(&calendar, summary),
            H::DeleteCalendar { calendar } => self.delete_calendar(&calendar),
            H::ExpireSyncTokens { calendar } => self.expire_sync_tokens(calendar.as_deref()),
            H::ExpireListTokens { person } => self.expire_list_tokens(person),
            H::ForgetTombstones { calendar } => self.forget_tombstones(&calendar),
            H::AddEvent(new) => self.add_event(*new),
            H::MoveEvent {
                calendar,
                event,
                start,
                end,
            } => self.move_event(&calendar, &event, start, end),
            H::RenameEvent {
                calendar,
                event,
                title,
            } => self.edit_event(&calendar, &event, |event| {
                event.more.insert("summary".to_owned(), title.into());
            }),
            H::ResizeEvent {
                calendar,
                event,
                minutes,
            } => self.resize_event(&calendar, &event, minutes),
            H::CancelEvent { calendar, event } => self.cancel_event(&calendar, &event),
            H::UndeleteEvent { calendar, event } => self.undelete_event(&calendar, &event),
            H::CopyEvent {
                calendar,
                event,
                to,
                start,
            } => self.copy_event(&calendar, &event, to, start),
            H::CarryEvent { calendar, event, to } => self.carry_event(&calendar, &event, &to),
            H::RemoveConference { calendar, event } => self.edit_event(&calendar, &event, |event| {
                event.more.remove("conferenceData");
            }),
            H::AddConference {
                calendar,
                event,
                host,
            } => self.add_conference(&calendar, &event, &host),
            H::SwapToMeet { calendar, event } => self.swap_to_meet(&calendar, &event),
            H::AttachMeeting {
                calendar,
                event,
                meeting,
            } => self.attach_meeting(&calendar, &event, meeting),
            H::WriteFields {
                calendar,
                event,
                fields,
            } => self.edit_event(&calendar, &event, |event| {
                crate::google::edit::merge(&mut event.more, &fields);
            }),
            H::ChangeRecurrence {
                calendar,
                event,
                lines,
            } => self.change_recurrence(&calendar, &event, lines),
            H::SplitSeries {
                calendar,
                event,
                at,
                start,
                title,
            } => self.split_series(&calendar, &event, at, start, title),
            H::CreateZoomUser {
                email,
                name,
                account,
                time_zone,
                may_host,
            } => self.create_zoom_user(email, name, account, time_zone, may_host),
            H::CreateMeeting(new) => self.create_meeting(*new),
            H::EditMeeting {
                meeting,
                topic,
                start,
                minutes,
            } => self.edit_meeting(meeting, topic, start, minutes),
            H::RepeatMeeting { meeting, recurrence } => self.repeat_meeting(meeting, recurrence),
            H::DeleteMeeting { meeting } => {
                let now = self.now();
                self.with_meeting(meeting, |meeting| meeting.trashed = Some(now))
            }
            H::ForgetMeeting { meeting } => self.forget_meeting(meeting),
            H::CancelDate { meeting, date } => self.with_date(meeting, &date, |date| date.deleted = true),
            H::MoveDate { meeting, date, start } => self.with_date(meeting, &date, |date| date.start = start),
            H::StartMeeting { meeting } => self.with_meeting(meeting, |meeting| meeting.started = true),
            H::EndMeeting { meeting } => self.with_meeting(meeting, |meeting| meeting.started = false),
            H::UsePersonalRoom { meeting } => self.with_meeting(meeting, |meeting| {
                meeting.settings.insert("use_pmi".to_owned(), true.into());
            }),
            H::MakeWebinar { meeting } => {
                self.zoom.webinars.push(meeting);
                Ok(meeting.to_string())
            }
            H::GiveMeeting { meeting, to } => self.give_meeting(meeting, &to),
            H::RevokeGoogle { person } => {
                self.google.oauth.end(&person, None);
                Ok(person)
            }
            H::RevokeZoom { email } => self.revoke_zoom(&email),
            H::ExpireAccessTokens => {
                self.expire_access_tokens();
                Ok(String::new())
            }
            H::SetWritesToday { host, used } => self.set_writes_today(&host, used),
            H::SetWritesPerDay { limit } => {
                self.zoom.quota.writes_per_day = limit;
                Ok(limit.to_string())
            }
            H::SetPlan { plan } => {
                self.zoom.plan = plan;
                Ok(String::new())
            }
            H::SetHabits(habits) => {
                self.google.habits = habits;
                Ok(String::new())
            }
        }
    }
}
