//! A plan is plain data, drawn from a seed before anything runs, so that a failing one can be cut down step by step.
//! Steps name events, meetings and calendars by a number that is taken modulo what is there: a step means something
//! whatever was cut away before it.

mod choices;
mod drawn;
mod rare;
mod series;
mod worlds;

pub(crate) use choices::{Choice, Consents, Meanwhile};

use std::fmt;

pub(crate) use rare::Rare;
pub(crate) use series::{Deed, Rhythm};

use crate::lasting::Lasting;

/// One history to be.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) setting: Setting,
    pub(crate) steps: Vec<Step>,
}

/// What the histories had learned when a seed was drawn. Each lesson adds steps by chance of its own, so that a seed
/// kept from before it still lives the history that once failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Learned {
    /// What a person says and chooses in the app, and gives and takes at a service.
    pub(crate) choices: bool,
    /// Everything that can be done to a series.
    pub(crate) series: bool,
    /// Worlds less ordinary: short pages, events of every kind, rows that nobody understands, long outages.
    pub(crate) worlds: bool,
    /// What is rare: the other kinds of events, calendars, waits and failures, and series changed at Zoom.
    pub(crate) rare: bool,
}

impl Learned {
    pub(crate) const NOTHING: Self = Self {
        choices: false,
        series: false,
        worlds: false,
        rare: false,
    };
    pub(crate) const CHOICES: Self = Self {
        choices: true,
        ..Self::NOTHING
    };
    pub(crate) const SERIES: Self = Self {
        series: true,
        ..Self::NOTHING
    };
    pub(crate) const BOTH: Self = Self {
        choices: true,
        series: true,
        ..Self::NOTHING
    };
    const ALL: Self = Self {
        worlds: true,
        rare: true,
        ..Self::BOTH
    };

    /// The same, and the third lesson.
    pub(crate) const fn and_worlds(self) -> Self {
        Self { worlds: true, ..self }
    }

    /// The same, and the fourth.
    pub(crate) const fn and_rare(self) -> Self {
        Self { rare: true, ..self }
    }

    /// What is called that: names joined by `+`.
    pub(crate) fn by(name: &str) -> Option<Self> {
        let mut learned = Self::NOTHING;
        for lesson in name.split('+') {
            match lesson {
                "nothing" => {}
                "choices" => learned.choices = true,
                "series" => learned.series = true,
                "worlds" => learned.worlds = true,
                "rare" => learned.rare = true,
                "both" => (learned.choices, learned.series) = (true, true),
                "all" => learned = Self::ALL,
                _ => return None,
            }
        }
        Some(learned)
    }

    pub(crate) fn name(self) -> String {
        let lessons = [
            (self.choices, "choices"),
            (self.series, "series"),
            (self.worlds, "worlds"),
            (self.rare, "rare"),
        ];
        let names: Vec<&str> = (lessons.into_iter())
            .filter_map(|(learned, name)| learned.then_some(name))
            .collect();
        match names.as_slice() {
            [] => "nothing".to_owned(),
            names => names.join("+"),
        }
    }

    /// What a seed's history has learned: one of the first two lessons, the other, or both, in turns, the third with every
    /// second round, and the fourth with every second pair of rounds.
    pub(crate) const fn of(seed: u64) -> Self {
        let learned = match seed % 3 {
            0 => Self::BOTH,
            1 => Self::CHOICES,
            _ => Self::SERIES,
        };
        Self {
            worlds: (seed / 3) % 2 == 1,
            rare: (seed / 6) % 2 == 1,
            ..learned
        }
    }
}

/// How the world is at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) grace_seconds: u32,
    pub(crate) mass_limit: u32,
    /// A second machine of the same person.
    pub(crate) two_installations: bool,
    /// The person has a second Google account.
    pub(crate) two_accounts: bool,
    /// Further calendars are shared with the person, of which one has an odd name, and others show only a part.
    pub(crate) strange_calendars: bool,
    /// A machine may also end at any await of what a client waits for.
    pub(crate) mortal_clients: bool,
    /// What stays bad when all other trouble stops.
    pub(crate) lasting: Option<Lasting>,
    pub(crate) tombstones: u8,
    pub(crate) empty_pages: u32,
    pub(crate) repeat_rows: bool,
    /// The most rows that a page of events holds.
    pub(crate) rows_per_page: Option<usize>,
    /// The person has signed in, and ticked the calendars, before anything else happens.
    pub(crate) signed_in: bool,
    /// Days after the first of October, so that clocks are put back and forth in some worlds.
    pub(crate) day: u32,
}

/// What kind of event somebody makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    AddOn,
    AddOnOfBen,
    LinkThatAgrees,
    LinkToOther,
    LinkToRoom,
    LinkToPersonalRoom,
    Attached,
    Meet,
    Plain,
    Series,
    SeriesWithoutEnd,
    AllDay,
    InvitationFromBen,
    WithGuest,
    /// A copy that follows another event and cannot be changed by itself.
    Locked,
    /// Ben's, who lets his guests change it.
    InvitationToChange,
    Tentative,
    /// Events of other types, with a link in their text to a meeting that agrees.
    OutOfOffice,
    FocusTime,
    WorkingLocation,
    FromGmail,
    /// A scheduled meeting that takes place in Ana's personal room.
    InPersonalRoom,
    Birthday,
    /// Shown without details to whoever may not see private events.
    Private,
    /// With an id as events have that came from a file.
    Imported,
    /// Ben's, to which Ana said no.
    Declined,
    AllDaySeries,
    /// Google has not made its Meet conference yet.
    PendingMeet,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    Wait {
        millis: u64,
    },
    Add {
        calendar: u32,
        make: Make,
        in_minutes: u32,
        minutes: u32,
    },
    Rename {
        event: u32,
        style: u8,
    },
    Drag {
        event: u32,
        by_minutes: i32,
    },
    Resize {
        event: u32,
        minutes: u32,
    },
    Cancel {
        event: u32,
    },
    CancelMany {
        first: u32,
        count: u32,
    },
    Undelete {
        event: u32,
    },
    Copy {
        event: u32,
        calendar: u32,
        later_minutes: u32,
    },
    Carry {
        event: u32,
        calendar: u32,
    },
    TakeConferenceOff {
        event: u32,
    },
    SwapToMeet {
        event: u32,
    },
    Attach {
        event: u32,
        meeting: u32,
    },
    MakeAllDay {
        event: u32,
    },
    Colour {
        event: u32,
    },
    CancelOccurrence {
        event: u32,
        index: u32,
    },
    MoveOccurrence {
        event: u32,
        index: u32,
    },
    Split {
        event: u32,
        index: u32,
    },
    EditMeeting {
        meeting: u32,
        by_minutes: i32,
    },
    DeleteMeeting {
        meeting: u32,
    },
    GiveMeeting {
        meeting: u32,
    },
    MakeWebinar {
        meeting: u32,
    },
    Tick {
        calendar: u32,
        on: bool,
    },
    SignOut {
        zoom: bool,
    },
    SignIn {
        zoom: bool,
    },
    Retry {
        meeting: u32,
    },
    Ignore {
        meeting: u32,
    },
    Approve,
    Refuse,
    Sync,
    Woke,
    Pause {
        on: bool,
    },
    Fault {
        kind: u32,
        on: u32,
        times: u32,
        skip: u32,
    },
    Outage {
        google: bool,
        zoom: bool,
        seconds: u32,
    },
    /// For so long nobody understands how Google describes an event.
    Riddle {
        event: u32,
        seconds: u32,
    },
    Keyring {
        locked: bool,
    },
    DiskFull {
        commits: u32,
    },
    ExpireTokens,
    ExpireSyncTokens,
    ForgetTombstones {
        calendar: u32,
    },
    Revoke {
        zoom: bool,
    },
    UseUpDay,
    Unshare {
        calendar: u32,
    },
    Share {
        calendar: u32,
    },
    DeleteCalendar {
        calendar: u32,
    },
    Sleep {
        seconds: u32,
    },
    ClockSet {
        by_seconds: i32,
    },
    OfSeries(Deed),
    /// The person sits down at a machine.
    SitAt {
        machine: u32,
    },
    /// One machine ends in the middle of whatever it does.
    SwitchOff {
        machine: u32,
    },
    SwitchOn {
        machine: u32,
    },
    Kill(Kill),
    /// The same, of the one machine alone that comes to it.
    KillOne(Kill),
    Choice(Choice),
    Rare(Rare),
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kill {
    /// Here and now, whatever is under way.
    Now,
    /// At the `nth` request from now: before it is sent.
    BeforeRequest(u32),
    /// After the service did it, before the answer is here.
    RequestSent(u32),
    /// When the answer is here.
    RequestAnswered(u32),
    /// Just before the `nth` commit from now.
    BeforeCommit(u32),
    /// Just after it.
    AfterCommit(u32),
    /// At the `nth` time from now that the engine is woken: at any await.
    AtAwait(u32),
}

impl Kill {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Now => "between steps",
            Self::BeforeRequest(_) => "before a request",
            Self::RequestSent(_) => "request sent, answer not here",
            Self::RequestAnswered(_) => "answer just here",
            Self::BeforeCommit(_) => "before a commit",
            Self::AfterCommit(_) => "after a commit",
            Self::AtAwait(_) => "at an await",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait { millis } => write!(f, "wait {}.{:03} s", millis / 1000, millis % 1000),
            other => write!(f, "{other:?}"),
        }
    }
}
