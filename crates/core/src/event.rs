//! What Reconvene keeps of a calendar event: identity, time, who organizes it and which conference it carries.
//! Guests, descriptions and everything else an event holds are deliberately absent.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::amend::{USUAL, with_length};
use crate::conference::{Conference, Target};
use crate::meeting::Meeting;
use crate::recurrence::{Beyond, Recurrence};
use crate::series::{Rule, Series};

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
    Series {
        /// How it repeats.
        recurrence: Recurrence,
    },
    /// A changed occurrence of a series.
    Exception(Place),
}

/// Which occurrence of which series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The master's Google id (`recurringEventId`).
    pub series: String,
    /// When the occurrence begins by the series' own rule (`originalStartTime`); it stays when the occurrence is moved.
    pub original: Moment,
}

/// How one occurrence departs from its series. Where it is kept, its own Google id is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// When it begins by the series' own rule.
    pub original: Moment,
    /// What became of it.
    pub became: Became,
}

/// What became of an occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It does not take place.
    Cancelled,
    /// It takes place like this.
    Changed {
        /// When it begins.
        start: Moment,
        /// When it ends, exclusive.
        end: Moment,
        /// Its title.
        title: String,
        /// What its conference points at, if it has one.
        target: Option<Target>,
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
        /// Which occurrence it was, when the row says so.
        place: Option<Place>,
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
            Self::Gone { google_id, .. } => google_id,
        }
    }
}

/// What a meeting should be for its event: everything that Reconvene carries over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The title.
    pub topic: String,
    /// The zone that the event names, an IANA name. `None` leaves the meeting's zone alone.
    pub zone: Option<String>,
    /// When it takes place.
    pub times: Times,
}

/// When a meeting should take place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Times {
    /// Once.
    Once {
        /// When it begins.
        start: Timestamp,
        /// Its length, in whole minutes, rounded up. 0 leaves the meeting's as it is.
        minutes: u32,
    },
    /// On several dates.
    Series(Series),
}

impl Schedule {
    /// The same, where every length that the event leaves open is that of its meeting, as it was last read.
    pub fn lasting_as(self, seen: Option<&Meeting>) -> Self {
        match seen {
            Some(seen) => with_length(&self, seen).into_owned(),
            None => self,
        }
    }

    /// Whether nothing of it lies ahead of `now`. What names no length is taken to last an hour.
    pub fn is_over(&self, now: Timestamp) -> bool {
        match &self.times {
            Times::Once { start, minutes } => {
                let minutes = if *minutes == 0 { USUAL } else { *minutes };
                start
                    .checked_add(SignedDuration::from_mins(i64::from(minutes)))
                    .is_ok_and(|end| end <= now)
            }
            Times::Series(series) => series.dates.is_empty(),
        }
    }
}

/// The whole minutes between two moments, rounded up; 0 when the event names no length, as one that ends when it begins.
/// `None` when one of them is a day.
pub(crate) fn minutes(start: &Moment, end: &Moment) -> Option<u32> {
    let (Moment::At { instant: start, .. }, Moment::At { instant: end, .. }) = (start, end) else {
        return None;
    };
    let length = end.duration_since(*start).max(SignedDuration::ZERO);
    Some(u32::try_from((length.as_secs() + 59) / 60).unwrap_or(u32::MAX))
}

impl Event {
    /// What its meeting should be; `None` for all-day events, which name no instant. A series takes its exceptions into
    /// account, and only what lies ahead of `now`.
    ///
    /// # Errors
    /// Why the recurrence of a series cannot be expanded.
    pub fn schedule(&self, exceptions: &[Exception], now: Timestamp) -> Result<Option<Schedule>, Beyond> {
        let (Moment::At { instant: start, zone }, Some(minutes)) =
            (&self.start, minutes(&self.start, &self.end))
        else {
            return Ok(None);
        };
        let times = match &self.kind {
            Kind::Series { recurrence } => {
                let rule = Rule {
                    recurrence: recurrence.clone(),
                    start: *start,
                    zone: zone.clone().unwrap_or_else(|| "UTC".into()),
                    minutes,
                };
                Times::Series(Series::of(self, rule, exceptions, now)?)
            }
            Kind::Single | Kind::Exception(_) => Times::Once {
                start: *start,
                minutes,
            },
        };
        Ok(Some(Schedule {
            topic: self.title.clone(),
            zone: zone.clone(),
            times,
        }))
    }
}
