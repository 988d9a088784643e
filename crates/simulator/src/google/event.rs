//! An event as the service stores it.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::instances::occurrence;
use crate::recurrence::Schedule;

/// When an event starts or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventTime {
    /// All day. An end is the day after the last.
    Day {
        /// The date, without any zone.
        date: Date,
    },
    /// An instant, whole seconds, and the IANA zone it was named in.
    At {
        /// In UTC.
        instant: Timestamp,
        /// IANA name.
        zone: String,
    },
}

impl EventTime {
    /// The instant, where a whole day begins at midnight in UTC. Good for ordering; a day has no instant by itself.
    #[must_use]
    pub fn instant(&self) -> Timestamp {
        match self {
            Self::Day { date } => midnight(*date),
            Self::At { instant, .. } => *instant,
        }
    }

    /// Whether this is a whole day.
    #[must_use]
    pub fn is_day(&self) -> bool {
        matches!(self, Self::Day { .. })
    }

    /// The same kind of time, later by `by`; whole days move by whole days.
    #[must_use]
    pub fn later(&self, by: SignedDuration) -> Self {
        match self {
            Self::Day { date } => {
                let days = by.as_hours().div_euclid(24);
                Self::Day {
                    date: date.saturating_add(SignedDuration::from_hours(days * 24)),
                }
            }
            Self::At { instant, zone } => {
                let instant = instant.saturating_add(by).unwrap_or(*instant);
                Self::At {
                    instant,
                    zone: zone.clone(),
                }
            }
        }
    }

    /// As the API writes it: a date, or a date-time with the offset of `zone` plus the event's own zone.
    pub(crate) fn json(&self, zone: &TimeZone) -> Value {
        match self {
            Self::Day { date } => json!({"date": date.to_string()}),
            Self::At { instant, zone: own } => {
                json!({"dateTime": in_zone(*instant, zone), "timeZone": own})
            }
        }
    }
}

/// An instant with the offset of a zone, as RFC 3339; UTC as `Z`, as the service writes it.
pub(crate) fn in_zone(instant: Timestamp, zone: &TimeZone) -> String {
    let zoned = instant.to_zoned(zone.clone());
    if zoned.offset().is_zero() {
        zoned.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

/// An instant with milliseconds, as `created` and `updated` are written.
pub(crate) fn with_millis(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

pub(crate) fn midnight(date: Date) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// Whether an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// It stands.
    Confirmed,
    /// It may be.
    Tentative,
    /// It is deleted.
    Cancelled,
}

impl EventStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Tentative => "tentative",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One event, series or exception.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Unique within a calendar.
    pub id: String,
    /// The same for every occurrence of a series and for every guest's copy.
    pub ical_uid: String,
    /// Position in the change log.
    pub revision: u64,
    /// Whether it stands.
    pub status: EventStatus,
    /// When it was made, in UTC.
    pub created: Timestamp,
    /// When its main data last changed, in UTC.
    pub updated: Timestamp,
    /// Grows with each important change.
    pub sequence: u64,
    /// The creator's address.
    pub creator: String,
    /// The organizer's address: a person, or the id of a secondary calendar.
    pub organizer: String,
    /// Start.
    pub start: EventTime,
    /// End, exclusive.
    pub end: EventTime,
    /// Recurrence lines; empty unless a series.
    pub recurrence: Vec<String>,
    /// For an exception: the series' id.
    pub recurring_event_id: Option<String>,
    /// For an exception: when the occurrence was to start. Never changes.
    pub original_start: Option<EventTime>,
    /// Everything else that a client may write, by Google's field names.
    pub more: Map<String, Value>,
    /// Whether this cancelled row stands for an event that went to another calendar: then nothing but its id shows.
    pub left: bool,
}

impl Event {
    /// Whether it is deleted.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.status == EventStatus::Cancelled
    }

    /// Whether it is a series.
    #[must_use]
    pub fn is_series(&self) -> bool {
        !self.recurrence.is_empty()
    }

    /// The title.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.more
            .get("summary")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// `default`, `focusTime`, …
    #[must_use]
    pub fn event_type(&self) -> &str {
        self.more
            .get("eventType")
            .and_then(Value::as_str)
            .unwrap_or("default")
    }

    /// The conference block as it is, if there is one.
    #[must_use]
    pub fn conference(&self) -> Option<&Value> {
        self.more.get("conferenceData")
    }

    /// Start to end.
    #[must_use]
    pub fn length(&self) -> SignedDuration {
        self.end.instant().duration_since(self.start.instant())
    }

    pub(crate) fn etag(&self) -> String {
        // The shape seen on the wire: an even decimal in quotes. The revision keeps it unique when time stands still.
        format!(
            "\"{}\"",
            (self.updated.as_millisecond().unsigned_abs() * 1000 + self.revision % 1000) * 2
        )
    }

    /// How the series runs; `None` for anything else.
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        self.is_series().then(|| schedule(&self.start, &self.recurrence))
    }

    /// When the occurrences of a series begin by its lines, from `from` on, at most `limit`, as `events.instances` has them
    /// before exceptions are laid on. In UTC; none for anything but a series.
    #[must_use]
    pub fn starts(&self, from: Option<Timestamp>, limit: u16) -> Vec<Timestamp> {
        let schedule = self.schedule();
        schedule.map_or_else(Vec::new, |schedule| schedule.starts(from, None, limit))
    }

    /// The id of the occurrence that is to start at `original` by the lines of this series.
    #[must_use]
    pub fn occurrence_id(&self, original: Timestamp) -> String {
        occurrence(self, original).id
    }

    /// The addresses of the guests.
    pub(crate) fn guests(&self) -> Vec<String> {
        let guests = self.more.get("attendees").and_then(Value::as_array);
        guests
            .into_iter()
            .flatten()
            .filter_map(|guest| guest.get("email").and_then(Value::as_str).map(str::to_owned))
            .collect()
    }
}

pub(crate) fn schedule(start: &EventTime, lines: &[String]) -> Schedule {
    let (zone, all_day) = match start {
        EventTime::Day { .. } => ("UTC".to_owned(), true),
        EventTime::At { zone, .. } => (zone.clone(), false),
    };
    Schedule {
        first: start.instant(),
        zone,
        lines: lines.to_vec(),
        all_day,
        begins_anyway: true,
    }
}

/// The id of the occurrence of `series` that was to start then
/// (<https://developers.google.com/workspace/calendar/api/guides/recurringevents>).
pub(crate) fn instance_id(series: &str, original: &EventTime) -> String {
    match original {
        EventTime::Day { date } => format!("{series}_{}", date.strftime("%Y%m%d")),
        EventTime::At { instant, .. } => format!("{series}_{}", instant.strftime("%Y%m%dT%H%M%SZ")),
    }
}

/// Takes an instance id apart: the series' id and the original start, in UTC or as a date.
pub(crate) fn read_instance_id(id: &str) -> Option<(&str, EventTime)> {
    let (series, stamp) = id.rsplit_once('_')?;
    if let Ok(date) = Date::strptime("%Y%m%d", stamp) {
        return Some((series, EventTime::Day { date }));
    }
    let local = DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
    let instant = TimeZone::UTC.to_timestamp(local).ok()?;
    Some((
        series,
        EventTime::At {
            instant,
            zone: "UTC".to_owned(),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_names_the_original_start_in_utc() {
        let instant: Timestamp = "2026-10-26T08:00:00Z".parse().unwrap();
        let original = EventTime::At {
            instant,
            zone: "Europe/Berlin".to_owned(),
        };
        let id = instance_id("abc_R20261019T070000", &original);
        assert_eq!(id, "abc_R20261019T070000_20261026T080000Z");
        let (series, read) = read_instance_id(&id).unwrap();
        assert_eq!((series, read.instant()), ("abc_R20261019T070000", instant));
    }

    #[test]
    fn a_split_series_id_is_no_instance_id() {
        assert!(read_instance_id("abc_R20261019T070000").is_none());
    }

    #[test]
    fn times_are_written_with_the_offset_of_the_zone_asked_for() {
        let instant: Timestamp = "2026-10-26T08:00:00Z".parse().unwrap();
        assert_eq!(
            in_zone(instant, &zone("Europe/Berlin")),
            "2026-10-26T09:00:00+01:00"
        );
        assert_eq!(in_zone(instant, &TimeZone::UTC), "2026-10-26T08:00:00Z");
    }
}
