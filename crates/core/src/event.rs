//! What Reconvene keeps of a calendar event: identity, time, who organizes it and which conference it carries.
//! Guests, descriptions and everything else an event holds are deliberately absent.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::conference::Conference;

/// When an event begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A point in time.
    At {
        /// The instant.
        instant: Timestamp,
        /// The IANA zone that the event names for it, when it names one.
        zone: Option<String>,
    },
    /// A day without time or zone. As an end it is exclusive.
    /// <https://developers.google.com/workspace/calendar/api/concepts/events-calendars>
    Day(Date),
}

impl Moment {
    /// The instant, a day counting from its midnight in `zone` (an IANA name; UTC when unknown).
    pub fn instant(&self, zone: &str) -> Timestamp {
        match self {
            Self::At { instant, .. } => *instant,
            Self::Day(day) => day
                .to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
                .map_or(Timestamp::UNIX_EPOCH, |midnight| midnight.timestamp()),
        }
    }
}

/// What an event is within its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A single event.
    Single,
    /// The master of a series.
    Series,
    /// A changed or cancelled occurrence of a series.
    Exception {
        /// The master's Google id.
        series: String,
    },
}

/// An event as last seen on one calendar. Cancelled ones are not events: see [`Observation::Gone`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Google's id; the same on every calendar that shows the event.
    pub google_id: String,
    /// Google's revision tag, quotes included.
    pub etag: String,
    /// The title; empty when the event has none.
    pub title: String,
    /// When it begins.
    pub start: Moment,
    /// When it ends, exclusive.
    pub end: Moment,
    /// Single, series or exception.
    pub kind: Kind,
    /// Whether the calendar's owner organizes it (`organizer.self`). Only then may its meeting be acted on.
    pub organized_here: bool,
    /// The conference it carries, if any.
    pub conference: Option<Conference>,
}

/// One row of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The event exists.
    Present(Box<Event>),
    /// The event, or the occurrence, is cancelled. Nothing but the id is certain in such a row
    /// (`Event.status` in <https://developers.google.com/workspace/calendar/api/v3/reference/events>).
    Gone {
        /// Google's id.
        google_id: String,
    },
}

impl Observation {
    /// Takes the row for one of somebody else's event, which is never acted on.
    pub fn of_somebody_else(&mut self) {
        if let Self::Present(event) = self {
            event.organized_here = false;
        }
    }

    /// Google's id of the row.
    pub fn google_id(&self) -> &str {
        match self {
            Self::Present(event) => &event.google_id,
            Self::Gone { google_id } => google_id,
        }
    }
}

/// What a meeting should be for its event: everything that Reconvene carries over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The title.
    pub topic: String,
    /// When it begins.
    pub start: Timestamp,
    /// Its length, in whole minutes, rounded up, at least one.
    pub minutes: u32,
    /// The zone that the event names, an IANA name. `None` leaves the meeting's zone alone.
    pub zone: Option<String>,
}

impl Event {
    /// What its meeting should be; `None` for all-day events, which name no instant.
    pub fn schedule(&self) -> Option<Schedule> {
        let (Moment::At { instant: start, zone }, Moment::At { instant: end, .. }) = (&self.start, &self.end)
        else {
            return None;
        };
        let length = end.duration_since(*start).max(SignedDuration::ZERO);
        let minutes = u32::try_from((length.as_secs() + 59) / 60)
            .unwrap_or(u32::MAX)
            .max(1);
        Some(Schedule {
            topic: self.title.clone(),
            start: *start,
            minutes,
            zone: zone.clone(),
        })
    }
}
