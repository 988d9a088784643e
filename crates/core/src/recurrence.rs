//! How a series repeats: when its occurrences begin, and whether meeting providers can say the same.
//!
//! The rules are those of RFC 5545, followed on the clock of the series' zone, so that a meeting at nine stays at nine
//! when the clocks change. Nothing here is about all-day series, which have no meeting.

mod expand;
mod merge;
mod read;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use jiff::Timestamp;
use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

use expand::{Expansion, Frame};
use merge::{LeftOut, merge};
use read::{End, Frequency, Read, Rule};

/// How a series repeats: the `RRULE`, `EXRULE`, `RDATE` and `EXDATE` lines of RFC 5545 as Google gives them in
/// `recurrence[]` (<https://developers.google.com/workspace/calendar/api/v3/reference/events>). Kept as they came and
/// understood when asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recurrence(Vec<String>);

/// What meeting providers can express: days, weeks on certain weekdays, months by day or by weekday of a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What is counted, and the days of it.
    pub every: Every,
    /// Every how many of them; at least one.
    pub interval: u32,
    /// When it ends.
    pub ends: Ends,
}

/// The unit of a [`Pattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Every {
    /// Days.
    Day,
    /// Weeks.
    Week {
        /// On these days, Monday first, never empty.
        days: Vec<Weekday>,
    },
    /// Months, on the same day of each.
    MonthOnDay {
        /// 1 to 28.
        day: u8,
    },
    /// Months, on the same weekday of the same week of each.
    MonthOnWeekday {
        /// 1 to 4, or -1 for the last.
        week: i8,
        /// The weekday.
        day: Weekday,
    },
}

/// When a [`Pattern`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Never.
    Never,
    /// After so many occurrences in all, counted from the first and before any is left out.
    After(u32),
    /// At the last occurrence that does not begin after this.
    Until(Timestamp),
}

/// Why a recurrence cannot be followed, or cannot be carried over to a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// A line is not what RFC 5545 allows.
    Unreadable,
    /// No time zone has that name.
    UnknownZone,
    /// Too much work before the next occurrence: the rule never matches, or asks for more than anyone wants.
    Endless,
    /// Hourly and finer, or several times a day.
    WithinDay,
    /// More than one `RRULE`.
    SeveralRules,
    /// Only dates, no `RRULE`.
    Listed,
    /// The rule ends before the first occurrence.
    Empty,
    /// Yearly.
    Yearly,
    /// Several days of a month, days counted from its end, a fifth weekday, certain months and the like.
    Selection,
    /// The 29th, 30th or 31st, which shorter months lack.
    ShortMonth,
    /// Every other week or rarer, in weeks that begin on another day than Sunday, where that makes other dates.
    WeekStart,
    /// The series begins on a day that its own rule does not name.
    StartApart,
}

impl Beyond {
    /// The reason, for the person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Unreadable => "The calendar's repetition rule cannot be understood.",
            Self::UnknownZone => "The time zone of the series is not known.",
            Self::Endless => "The repetition rule yields no further dates, or too many to follow.",
            Self::WithinDay => "Meeting providers cannot repeat a meeting several times a day.",
            Self::SeveralRules => "Meeting providers cannot repeat a meeting by several rules at once.",
            Self::Listed => "Meeting providers cannot repeat a meeting on dates that are named one by one.",
            Self::Empty => "The series ends before its first date.",
            Self::Yearly => "Meeting providers cannot repeat a meeting every year.",
            Self::Selection => "Meeting providers cannot repeat a meeting on this selection of days.",
            Self::ShortMonth => {
                "Meeting providers do not say what becomes of the 29th, 30th or 31st in shorter months."
            }
            Self::WeekStart => {
                "Meeting providers count weeks from Sunday, which would give other dates than the calendar's."
            }
            Self::StartApart => "The series begins on a day that its own repetition rule does not name.",
        }
    }
}

impl Recurrence {
    /// From the lines as the calendar gives them.
    pub fn new(lines: Vec<String>) -> Self {
        Self(lines)
    }

    /// The lines as the calendar gave them.
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// The original starts of the occurrences that begin at or after `from`, ascending, without duplicates, at most
    /// `limit`, of a series whose first occurrence begins at `start` in `zone` (an IANA name). Added dates are among
    /// them, dates left out are not.
    ///
    /// A time that the zone's clock leaps over moves forward by the leap, as Google shows it; of a time that comes
    /// twice the first is meant.
    ///
    /// # Errors
    ///
    /// [`Beyond::Unreadable`], [`Beyond::UnknownZone`], [`Beyond::WithinDay`] for rules per hour and finer, and
    /// [`Beyond::Endless`] when `limit` was not reached with bounded work.
    pub fn starts(
        &self,
        start: Timestamp,
        zone: &str,
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Timestamp>, Beyond> {
        let frame = Frame::new(start, zone)?;
        let lines = read::read(&self.0, zone)?;
        let mut added: Vec<Timestamp> = lines
            .added
            .iter()
            .filter_map(|named| frame.occurrence(*named))
            .collect();
        if lines.rules.is_empty() {
            added.push(start);
        }
        added.retain(|instant| *instant >= from);
        let left_out = LeftOut::new(&lines, &frame, from)?;
        let rules = lines
            .rules
            .iter()
            .map(|rule| Expansion::new(rule, &frame, from, true));
        merge(rules.collect::<Result<_, _>>()?, added, Some(left_out), limit)
    }

    /// The same by the `RRULE` alone, without the dates added and left out: what a provider would make of
    /// [`Recurrence::pattern`].
    ///
    /// # Errors
    ///
    /// As [`Recurrence::starts`], and [`Beyond::SeveralRules`] or [`Beyond::Listed`] when there is not one rule.
    pub fn regular_starts(
        &self,
        start: Timestamp,
        zone: &str,
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Timestamp>, Beyond> {
        let frame = Frame::new(start, zone)?;
        let lines = read::read(&self.0, zone)?;
        let rule = Expansion::new(only(&lines)?, &frame, from, true)?;
        merge(vec![rule], Vec::new(), None, limit)
    }

    /// The `RRULE` in the terms that meeting providers have, such that they give the same dates; or why it cannot be
    /// said in them. Dates added and left out are not looked at.
    ///
    /// # Errors
    ///
    /// The reason.
    pub fn pattern(&self, start: Timestamp, zone: &str) -> Result<Pattern, Beyond> {
        let frame = Frame::new(start, zone)?;
        let lines = read::read(&self.0, zone)?;
        let rule = only(&lines)?;
        let pattern = terms(rule, &frame)?;
        if matches!(pattern.ends, Ends::Until(last) if last < start) {
            return Err(Beyond::Empty);
        }
        let first = frame.local.date();
        let follows = match &pattern.every {
            Every::Day => true,
            Every::Week { days } => days.contains(&first.weekday()),
            Every::MonthOnDay { day } => i8::try_from(*day) == Ok(first.day()),
            Every::MonthOnWeekday { week, day } => first
                .nth_weekday_of_month(*week, *day)
                .is_ok_and(|date| date == first),
        };
        match &pattern.every {
            _ if !follows => Err(Beyond::StartApart),
            Every::MonthOnDay { day: 29.. } => Err(Beyond::ShortMonth),
            Every::Week { days }
                if pattern.interval > 1
                    && !same_weeks(days, first.weekday(), rule.week_start, Weekday::Sunday) =>
            {
                Err(Beyond::WeekStart)
            }
            _ => Ok(pattern),
        }
    }

    /// The rule in a few English words: "every week on Mon and Wed, 10 times". Dates are those of the zone, which is
    /// then named. What has no short words is said vaguely.
    pub fn in_words(&self, start: Timestamp, zone: &str) -> String {
        self.say(start, zone).unwrap_or_else(|beyond| {
            match beyond {
                Beyond::Yearly => "every year",
                Beyond::WithinDay => "several times a day",
                Beyond::SeveralRules => "by several rules",
                Beyond::Listed => "on certain dates",
                Beyond::Selection => "on certain days",
                _ => "by a rule that cannot be understood",
            }
            .to_owned()
        })
    }

    fn say(&self, start: Timestamp, zone: &str) -> Result<String, Beyond> {
        let frame = Frame::new(start, zone)?;
        let lines = read::read(&self.0, zone)?;
        let pattern = terms(only(&lines)?, &frame)?;
        let (unit, days) = match &pattern.every {
            Every::Day => ("day", String::new()),
            Every::Week { days } => (
                "week",
                format!(" on {}", listed(days.iter().map(|day| short(*day)).collect())),
            ),
            Every::MonthOnDay { day } => ("month", format!(" on day {day}")),
            Every::MonthOnWeekday { week, day } => {
                let place = match week {
                    1 => "first",
                    2 => "second",
                    3 => "third",
                    4 => "fourth",
                    _ => "last",
                };
                ("month", format!(" on the {place} {day:?}"))
            }
        };
        let mut words = match pattern.interval {
            1 => format!("every {unit}{days}"),
            interval => format!("every {interval} {unit}s{days}"),
        };
        // Writing to a string cannot fail.
        let _ = match pattern.ends {
            Ends::Never => Ok(()),
            Ends::After(1) => write!(words, ", once"),
            Ends::After(count) => write!(words, ", {count} times"),
            Ends::Until(last) => write!(words, ", until {} ({zone})", frame.zone.to_datetime(last).date()),
        };
        Ok(words)
    }
}

fn only(lines: &Read) -> Result<&Rule, Beyond> {
    match lines.rules.as_slice() {
        [rule] => Ok(rule),
        [] => Err(Beyond::Listed),
        _ => Err(Beyond::SeveralRules),
    }
}

/// The rule in the words of a [`Pattern`], whether or not a provider would give the same dates for it.
fn terms(rule: &Rule, frame: &Frame) -> Result<Pattern, Beyond> {
    if rule.frequency == Frequency::Yearly {
        return Err(Beyond::Yearly);
    }
    if rule.times(frame.local.time())? != [frame.local.time()] {
        return Err(Beyond::WithinDay);
    }
    let ends = match rule.end {
        End::Never => Ends::Never,
        End::Count(count) => Ends::After(count),
        End::Until(named) => Ends::Until(frame.last(named).ok_or(Beyond::Unreadable)?),
    };
    let every = every(rule, frame).ok_or(Beyond::Selection)?;
    Ok(Pattern {
        every,
        interval: rule.interval,
        ends,
    })
}

fn every(rule: &Rule, frame: &Frame) -> Option<Every> {
    let first = frame.local.date();
    if !rule.months.is_empty() {
        return None;
    }
    match (
        rule.frequency,
        rule.days.as_slice(),
        rule.month_days.as_slice(),
        rule.places.as_slice(),
    ) {
        (Frequency::Daily, [], [], []) => Some(Every::Day),
        (Frequency::Weekly, [], [], []) => Some(Every::Week {
            days: vec![first.weekday()],
        }),
        // Every day that is a weekday: the same as every week on those days.
        (Frequency::Daily, days, [], []) if rule.interval == 1 => Some(Every::Week {
            days: days.iter().map(|on| on.day).collect(),
        }),
        (Frequency::Weekly, days, [], []) => Some(Every::Week {
            days: days.iter().map(|on| on.day).collect(),
        }),
        (Frequency::Monthly, [], [], []) => Some(Every::MonthOnDay {
            day: first.day().unsigned_abs(),
        }),
        (Frequency::Monthly, [], [day], []) if *day > 0 => Some(Every::MonthOnDay {
            day: u8::try_from(*day).ok()?,
        }),
        // The second Monday is also written as the second of all Mondays.
        (Frequency::Monthly, [on], [], places) => {
            let place = match (on.place, places) {
                (Some(place), []) => place,
                (None, [place]) => *place,
                _ => return None,
            };
            Some(Every::MonthOnWeekday {
                week: i8::try_from(place)
                    .ok()
                    .filter(|week| matches!(week, 1..=4 | -1))?,
                day: on.day,
            })
        }
        _ => None,
    }
}

/// Whether weeks that begin on `one` and weeks that begin on `other` put `days` into the same weeks as the first day,
/// so that "every other week" means the same dates.
fn same_weeks(days: &[Weekday], first: Weekday, one: Weekday, other: Weekday) -> bool {
    let ahead = |day: Weekday, week_start| day.since(week_start) - first.since(week_start);
    days.iter().all(|day| ahead(*day, one) == ahead(*day, other))
}

fn short(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

fn listed(words: Vec<&str>) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
