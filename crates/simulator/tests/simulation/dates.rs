//! The dates that a series has, by the simulator's own expansion (`events.instances`), and what its meeting must have for
//! them. The engine's expansion is never asked.

mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reconvene_simulator::World;
use reconvene_simulator::google::{Event, EventTime};
use reconvene_simulator::zoom::Meeting;

pub(crate) use self::versions::Version;
use crate::truth::{Key, conference};
use crate::wanted::whole_minutes;

/// So many dates ahead are promised (docs/ARCHITECTURE.md, "Series").
pub(crate) const MOST: usize = 50;
/// Of a series that goes on, fewer than so many are laid out anew.
const FEWEST: usize = 25;

/// One date of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    pub(crate) start: Timestamp,
    /// None for a date without a length, which lasts as long as its meeting.
    pub(crate) minutes: u32,
    pub(crate) original: Timestamp,
}

impl Date {
    pub(crate) fn lasts(&self, minutes: u32) -> bool {
        lasts(self.minutes, minutes)
    }
}

/// Whether a meeting of so many minutes is as long as asked for.
fn lasts(asked: u32, minutes: u32) -> bool {
    asked == 0 || asked == minutes
}

/// What became of the date that was to begin at some instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The rule does not name it.
    Unnamed,
    Cancelled,
    /// It has a conference of its own, or none, or no time: its date at the provider is nobody's business.
    Apart,
    At(Date),
}

/// A changed or cancelled date.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    fate: Fate,
    topic: String,
}

/// A series, or one half of one that was split, at some time.
#[derive(Debug, Clone)]
pub(crate) struct Half {
    pub(crate) key: Key,
    pub(crate) topic: String,
    pub(crate) zone: String,
    pub(crate) minutes: u32,
    start: Timestamp,
    lines: Vec<String>,
    exceptions: BTreeMap<Timestamp, Exception>,
    master: Arc<Event>,
}

impl PartialEq for Half {
    /// Everything but the revision.
    fn eq(&self, other: &Self) -> bool {
        (&self.key, &self.topic, &self.zone, self.minutes, self.start)
            == (&other.key, &other.topic, &other.zone, other.minutes, other.start)
            && (&self.lines, &self.exceptions) == (&other.lines, &other.exceptions)
    }
}

impl Half {
    /// The series as it is in the world; `None` for one that is gone, or has no times.
    pub(crate) fn of(world: &World, key: &Key) -> Option<Self> {
        let master = world
            .event(&key.0, &key.1)
            .filter(|event| event.is_series() && !event.is_cancelled())?;
        let EventTime::At { instant: start, zone } = &master.start else {
            return None;
        };
        let home = conference(&master).0;
        let mut exceptions = BTreeMap::new();
        for row in world.exceptions(&key.0, &master) {
            let Some(original) = row.original_start.as_ref().map(EventTime::instant) else {
                continue;
            };
            let fate = match (&row.start, &row.end) {
                _ if row.is_cancelled() => Fate::Cancelled,
                (EventTime::At { instant, .. }, EventTime::At { .. }) if conference(&row).0 == home => {
                    Fate::At(Date {
                        start: *instant,
                        minutes: whole_minutes(row.length()),
                        original,
                    })
                }
                _ => Fate::Apart,
            };
            let topic = row.summary().to_owned();
            exceptions.insert(original, Exception { fate, topic });
        }
        Some(Self {
            key: key.clone(),
            topic: master.summary().to_owned(),
            zone: zone.clone(),
            minutes: whole_minutes(master.length()),
            start: *start,
            lines: master.recurrence.clone(),
            exceptions,
            master,
        })
    }

    fn names(&self, original: Timestamp) -> bool {
        self.master.starts(Some(original), 1).first() == Some(&original)
    }

    /// What became of the date that was to begin at `original`.
    pub(crate) fn fate(&self, original: Timestamp) -> Fate {
        match self.exceptions.get(&original) {
            Some(exception) => exception.fate.clone(),
            None if self.names(original) => Fate::At(self.regular(original)),
            None => Fate::Unnamed,
        }
    }

    fn regular(&self, start: Timestamp) -> Date {
        Date {
            start,
            minutes: self.minutes,
            original: start,
        }
    }

    /// The dates that begin at an instant, wherever they were to begin.
    fn beginning(&self, start: Timestamp) -> impl Iterator<Item = Date> {
        let moved = self.exceptions.values().map(|exception| &exception.fate);
        let all = moved.cloned().chain([self.fate(start)]);
        all.filter_map(move |fate| match fate {
            Fate::At(date) if date.start == start => Some(date),
            _ => None,
        })
    }

    /// The dates that begin after `now`, and whether there are more than the promise reaches.
    pub(crate) fn ahead(&self, now: Timestamp) -> (Vec<Date>, bool) {
        let from = now + SignedDuration::from_nanos(1);
        let enough = MOST + self.exceptions.len() + 2;
        let named = self.master.starts(Some(from), enough as u16);
        let goes_on = named.len() > MOST;
        let mut dates: Vec<Date> = (named.into_iter().filter(|start| *start > now))
            .filter(|start| !self.exceptions.contains_key(start))
            .map(|start| self.regular(start))
            .collect();
        dates.extend(
            self.exceptions
                .values()
                .filter_map(|exception| match exception.fate {
                    Fate::At(date) if date.start > now => Some(date),
                    _ => None,
                }),
        );
        (dates, goes_on)
    }

    /// Whether its rule names a date at this time.
    pub(crate) fn begins_at(&self, start: Timestamp) -> bool {
        self.master.starts(Some(start), 1).first() == Some(&start)
    }

    /// Original starts of dates that are left as they are at the provider.
    fn apart(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let left = move |(original, exception): (&Timestamp, &Exception)| match exception.fate {
            Fate::Apart => Some(*original),
            // No provider moves a meeting to where it would have begun already.
            Fate::At(date) if date.start <= now => Some(*original),
            _ => None,
        };
        self.exceptions.iter().filter_map(left)
    }

    /// Whether it has no dates after `now`.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.ahead(now).0.is_empty()
    }

    /// Whether the next date of a meeting that repeats is its own.
    pub(crate) fn next_agrees(&self, meeting: &Meeting, now: Timestamp) -> bool {
        let dates = meeting
            .occurrences
            .iter()
            .filter(|date| !date.deleted && date.start > now);
        let next = dates.map(|date| date.start).min();
        next.is_some() && next == self.ahead(now).0.iter().map(|date| date.start).min()
    }

    /// When it begins by its `RRULE` alone, from `from` on; `endless` without the end that the rule has.
    fn by_rule(&self, from: Timestamp, limit: usize, endless: bool) -> Vec<Timestamp> {
        let mut plain = Event::clone(&self.master);
        plain.recurrence.retain(|line| line.starts_with("RRULE"));
        for line in plain.recurrence.iter_mut().filter(|_| endless) {
            let parts = line.split(';');
            let kept: Vec<&str> = parts
                .filter(|part| !part.starts_with("COUNT=") && !part.starts_with("UNTIL="))
                .collect();
            *line = kept.join(";");
        }
        plain.starts(Some(from), limit as u16)
    }

    /// Whether Zoom has words for its rule: one rule of days, weeks or months, on days that every month has.
    fn is_plain(&self) -> bool {
        let rules: Vec<&String> = (self.lines.iter())
            .filter(|line| !line.starts_with("EXDATE"))
            .collect();
        let [rule] = rules.as_slice() else { return false };
        let Some(parts) = rule.strip_prefix("RRULE:") else {
            return false;
        };
        let part = |name: &str| {
            parts
                .split(';')
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let known = parts.split(';').all(|part| {
            let name = part.split('=').next().unwrap_or_default();
            matches!(
                name,
                "FREQ" | "INTERVAL" | "COUNT" | "UNTIL" | "BYDAY" | "BYMONTHDAY" | "WKST"
            )
        });
        let interval: u32 = part("INTERVAL").map_or(1, |text| text.parse().unwrap_or(0));
        let local_day = self.start.to_zoned(TimeZone::get(&self.zone).unwrap()).day();
        let fits = match part("FREQ") {
            Some("DAILY") => {
                interval <= 99 && part("BYMONTHDAY").is_none() && (interval == 1 || part("BYDAY").is_none())
            }
            // Zoom's weeks begin on Sunday.
            Some("WEEKLY") => {
                interval <= 50
                    && (interval == 1 || part("BYDAY").is_none_or(|days| !days.contains("SU")))
                    && part("WKST").is_none()
            }
            Some("MONTHLY") => match (part("BYDAY"), part("BYMONTHDAY")) {
                (None, None) => interval <= 10 && local_day <= 28,
                (None, Some(day)) => {
                    interval <= 10 && day.parse().is_ok_and(|day: i8| (1..=28).contains(&day))
                }
                (Some(day), None) => {
                    let place: Option<i8> = day.get(..day.len() - 2).and_then(|place| place.parse().ok());
                    interval <= 10 && place.is_some_and(|place| matches!(place, -1 | 1..=4))
                }
                _ => false,
            },
            _ => false,
        };
        known && fits && self.names_start(part("BYDAY"), part("BYMONTHDAY"))
    }

    /// Whether the rule names the day that the series begins on.
    fn names_start(&self, days: Option<&str>, month_day: Option<&str>) -> bool {
        let day = self.start.to_zoned(TimeZone::get(&self.zone).unwrap());
        let (own, week) = (
            day.strftime("%a").to_string().to_uppercase(),
            (day.day() - 1) / 7 + 1,
        );
        let own = &own[..2];
        let last = day.date().days_in_month() - day.day() < 7;
        let named = |name: &str| {
            name == own || name == format!("{week}{own}") || (last && name == format!("-1{own}"))
        };
        days.is_none_or(|days| days.split(',').any(named))
            && month_day.is_none_or(|named| named == day.day().to_string())
    }

    /// Whether the clock of `zone` shows what its own shows, all year round.
    fn shows_same(&self, zone: &str) -> bool {
        let (Ok(own), Ok(other)) = (TimeZone::get(&self.zone), TimeZone::get(zone)) else {
            return false;
        };
        (0..52).all(|week| {
            let at = self.start + SignedDuration::from_hours(24 * 7 * week);
            own.to_offset(at) == other.to_offset(at)
        })
    }
}

/// What a date's id names: when it was to begin.
pub(crate) fn original(id: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(id.parse().ok()?).ok()
}
