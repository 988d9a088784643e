//! A series as its meeting should carry it: the dates ahead, put together from the rule and its exceptions, and from both
//! halves of a series that was split ("this and following").
//!
//! How rules expand is `recurrence`'s business; how a meeting is brought to these dates is `amend`'s.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::event::{Became, Event, Exception, Moment, minutes};
use crate::recurrence::{Beyond, Recurrence};

/// So many dates ahead are carried over: the most that Zoom keeps of a series
/// (`recurrence`, <https://developers.zoom.us/docs/api/meetings/>).
pub const MOST_DATES: usize = 50;

/// One date of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// When it begins.
    pub start: Timestamp,
    /// When it begins by the rule; providers keep it as the name of the date.
    pub original: Timestamp,
    /// Its length in whole minutes. 0 leaves the meeting's as it is.
    pub minutes: u32,
}

/// The rule of a series, or of one half of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// How it repeats.
    pub recurrence: Recurrence,
    /// When its first date begins.
    pub start: Timestamp,
    /// The zone whose clock it follows, an IANA name.
    pub zone: String,
    /// The length of its dates in whole minutes. 0 leaves the meeting's as it is.
    pub minutes: u32,
}

/// The dates of a series that lie ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Ascending, at most [`MOST_DATES`].
    pub dates: Vec<Date>,
    /// Whether more follow, or more than a provider has room for.
    pub goes_on: bool,
    /// Original starts of dates that have a conference of their own, or none: the meeting's date is left as it is.
    pub apart: Vec<Timestamp>,
    /// Dates, by their original start, with a title of their own.
    pub titles: Vec<(Timestamp, String)>,
    /// The rule, or the rules of both halves.
    pub rules: Vec<Rule>,
}

impl Series {
    /// The dates of `event`, a master with this `rule`, that begin after `now`.
    ///
    /// # Errors
    /// Why the recurrence cannot be expanded.
    pub(crate) fn of(
        event: &Event,
        rule: Rule,
        exceptions: &[Exception],
        now: Timestamp,
    ) -> Result<Self, Beyond> {
        let starts = |from, limit| rule.recurrence.starts(rule.start, &rule.zone, from, limit);
        let mut departed: BTreeMap<Timestamp, &Became> = BTreeMap::new();
        for exception in exceptions {
            if let Moment::At { instant, .. } = exception.original {
                departed.insert(instant, &exception.became);
            }
        }
        let enough = MOST_DATES + departed.len() + 2;
        let regular = starts(now, enough)?;
        // Cancelled dates take up room at the provider as well.
        let goes_on = regular.len() > MOST_DATES;
        let mut dates: Vec<Date> = regular
            .into_iter()
            .filter(|start| !departed.contains_key(start))
            .map(|start| Date {
                start,
                original: start,
                minutes: rule.minutes,
            })
            .collect();
        let (mut apart, mut titles) = (Vec::new(), Vec::new());
        let home = event.conference.as_ref().map(|found| &found.target);
        for (original, became) in departed {
            // One that the rule does not name (any more) is left over from before an edit of the series.
            if starts(original, 1)?.first() != Some(&original) {
                continue;
            }
            let Became::Changed {
                start: began,
                end,
                title,
                target,
            } = became
            else {
                continue;
            };
            if target.as_ref() != home {
                apart.push(original);
                continue;
            }
            let (Moment::At { instant: start, .. }, Some(minutes)) = (began, minutes(began, end)) else {
                apart.push(original);
                continue;
            };
            if *start <= now && original > now {
                // It was moved to where no provider moves a meeting: its date there is not one too many.
                apart.push(original);
                continue;
            }
            dates.push(Date {
                start: *start,
                original,
                minutes,
            });
            if *title != event.title && *start > now {
                titles.push((original, title.clone()));
            }
        }
        let series = Self {
            dates,
            goes_on,
            apart,
            titles,
            rules: vec![rule],
        };
        Ok(series.ordered(now))
    }

    /// Both halves as one.
    pub(crate) fn with(mut self, other: Self, now: Timestamp) -> Self {
        self.dates.extend(other.dates);
        self.leave(other.apart);
        self.titles.extend(other.titles);
        self.rules.extend(other.rules);
        self.goes_on |= other.goes_on;
        self.ordered(now)
    }

    /// Leaves dates as they are, by their original starts, those of another half as well. Where one half takes place when a
    /// date left the other, that date at the provider is the half's that takes place.
    pub(crate) fn leave(&mut self, apart: Vec<Timestamp>) {
        self.apart.extend(apart);
        let takes_place = |at: &Timestamp| self.dates.iter().any(|date| date.original == *at);
        self.apart.retain(|at| !takes_place(at));
    }

    fn ordered(mut self, now: Timestamp) -> Self {
        self.dates.retain(|date| date.start > now);
        self.dates.sort_unstable();
        self.dates.dedup();
        self.goes_on |= self.dates.len() > MOST_DATES;
        self.dates.truncate(MOST_DATES);
        self.rules.sort_by_key(|rule| rule.start);
        self
    }
}
