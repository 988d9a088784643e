//! Events and meetings to be.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::google::EventTime;

/// An instant, or a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Moment {
    /// RFC 3339 with an offset.
    At(Timestamp),
    /// A date.
    Day(Date),
}

impl Moment {
    pub(crate) fn time(self, zone: &str) -> EventTime {
        match self {
            Self::At(instant) => EventTime::At {
                instant,
                zone: zone.to_owned(),
            },
            Self::Day(date) => EventTime::Day { date },
        }
    }
}

/// An event to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    /// On which calendar.
    pub calendar: String,
    /// Title.
    pub title: String,
    /// Start.
    pub start: Moment,
    /// Length in minutes; for a whole-day event, rounded up to days.
    #[serde(default = "half_hour")]
    pub minutes: u32,
    /// Its id; without one it gets one.
    #[serde(default)]
    pub id: Option<String>,
    /// IANA zone; without one, the calendar's.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Recurrence lines as `RRULE:FREQ=WEEKLY;COUNT=8`.
    #[serde(default)]
    pub recurrence: Vec<String>,
    /// What people join.
    #[serde(default)]
    pub conference: NewConference,
    /// Guests' addresses. Guests who are people here get a copy.
    #[serde(default)]
    pub guests: Vec<String>,
    /// The organizer, if it is not the calendar itself: then this is a copy of somebody else's event.
    #[serde(default)]
    pub organizer: Option<String>,
    /// Other fields by Google's names.
    #[serde(default)]
    pub more: Map<String, Value>,
}

impl NewEvent {
    /// An event of half an hour without a conference.
    #[must_use]
    pub fn new(calendar: &str, title: &str, start: Moment) -> Self {
        Self {
            calendar: calendar.to_owned(),
            title: title.to_owned(),
            start,
            minutes: half_hour(),
            id: None,
            time_zone: None,
            recurrence: Vec::new(),
            conference: NewConference::None,
            guests: Vec::new(),
            organizer: None,
            more: Map::new(),
        }
    }
}

/// What a new event carries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewConference {
    /// Nothing.
    #[default]
    None,
    /// Zoom's add-on makes a meeting for this event, hosted by the Zoom user with this address, and writes its block.
    ZoomAddOn(String),
    /// The add-on's block for a meeting that is there.
    Meeting(u64),
    /// The meeting's join address as the location.
    LinkInLocation(u64),
    /// The meeting's join address in the description.
    LinkInDescription(u64),
    /// Google Meet.
    Meet,
}

/// A Zoom meeting to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMeeting {
    /// The host's address.
    pub host: String,
    /// Topic.
    pub topic: String,
    /// Zoom's type: 1, 2, 3, 4 (the personal room), 8.
    #[serde(default = "scheduled")]
    pub kind: u8,
    /// In UTC; for types 2 and 8.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// Whole minutes.
    #[serde(default = "half_hour")]
    pub minutes: u32,
    /// Zoom's recurrence object, for type 8.
    #[serde(default)]
    pub recurrence: Option<Value>,
    /// IANA zone; without one, the host's.
    #[serde(default)]
    pub time_zone: Option<String>,
}

fn half_hour() -> u32 {
    30
}

fn scheduled() -> u8 {
    2
}
