//! The dates of a series beside those that stand at the provider.

use jiff::{SignedDuration, Timestamp};

use super::{Amendment, Write, slot};
use crate::meeting::{Occurrence, whole_second};
use crate::report::{Change, Slot};
use crate::series::{Date, MOST_DATES, Series};

/// A series that goes on beyond what the provider keeps is laid out anew when fewer than so many dates are left.
pub(super) const FEWEST_LEFT: usize = MOST_DATES / 2;

/// A date left over at one end and one left over at the other, no further apart than this, are taken for one that moved.
const NEAR: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Which date at the provider stands for which date of the series.
pub(super) struct Comparison {
    /// Dates that stand at another time, or for another length.
    moved: Vec<(Occurrence, Date)>,
    /// Dates that the series does not have.
    surplus: Vec<Occurrence>,
    /// Dates of the series that the provider does not have.
    pub(super) missing: Vec<Date>,
}

impl Comparison {
    pub(super) fn of(standing: &[Occurrence], series: &Series) -> Self {
        // What moved with its series before may bear its former name.
        let named = |at: &Timestamp| standing.iter().any(|date| date.original == *at);
        let mut elsewhere = series.apart.clone();
        elsewhere.retain(|at| !named(at));
        // One that stands where another date has moved to may be that one.
        let mut wanted: Vec<Timestamp> = (series.dates.iter())
            .map(|date| whole_second(date.start))
            .collect();
        let mut is_wanted = |at: Timestamp| {
            let found = wanted.iter().position(|wanted| *wanted == at);
            found.map(|place| wanted.swap_remove(place)).is_some()
        };
        let mut standing: Vec<Occurrence> = standing
            .iter()
            .filter(|date| !series.apart.contains(&date.original))
            .filter(|date| !elsewhere.contains(&date.start) || is_wanted(date.start))
            .cloned()
            .collect();
        let stood = standing.len();
        let mut missing = series.dates.clone();
        let mut moved = Vec::new();
        let mut pair = |standing: &mut Vec<Occurrence>,
                        missing: &mut Vec<Date>,
                        same: fn(&Occurrence, &Date) -> bool| {
            missing.retain(|date| {
                let Some(found) = standing.iter().position(|other| same(other, date)) else {
                    return true;
                };
                let occurrence = standing.remove(found);
                if occurrence.start != whole_second(date.start) || occurrence.minutes != date.minutes {
                    moved.push((occurrence, *date));
                }
                false
            });
        };
        // The date itself, by the name it has at both ends; else one at the very same time; else the next left over.
        pair(&mut standing, &mut missing, |other, date| {
            other.original == whole_second(date.original)
        });
        pair(&mut standing, &mut missing, |other, date| {
            other.start == whole_second(date.start)
        });
        if series.goes_on {
            leave_what_is_far(series, &mut standing, &mut missing);
        }
        pair(&mut standing, &mut missing, |other, date| {
            other.start.duration_since(date.start).abs() < NEAR
        });
        // No provider says what becomes of a meeting without a date: one of them stands for the next.
        if standing.len() == stood
            && let Some(next) = missing.first().copied()
            && let Some(nearest) = nearest(&standing, &next)
        {
            missing.remove(0);
            moved.push((standing.remove(nearest), next));
        }
        Self {
            moved,
            surplus: standing,
            missing,
        }
    }

    pub(super) fn is_equal(&self) -> bool {
        self.moved.is_empty() && self.surplus.is_empty() && self.missing.is_empty()
    }

    /// What cannot be had this way, then how many writes the rest takes.
    pub(super) fn cost(&self) -> (usize, usize) {
        (self.missing.len(), self.moved.len() + self.surplus.len())
    }

    pub(super) fn amendment(&self) -> Amendment {
        let mut amendment = Amendment::default();
        for (before, after) in &self.moved {
            let start = whole_second(after.start);
            amendment.writes.push(Write::Date {
                id: before.id.clone(),
                start: (before.start != start).then_some(start),
                minutes: (before.minutes != after.minutes).then_some(after.minutes),
            });
            amendment.changes.push(Change::Date {
                date: before.original,
                before: Some(slot(before)),
                after: Some(Slot {
                    start,
                    minutes: after.minutes,
                }),
            });
        }
        for before in &self.surplus {
            amendment.writes.push(Write::Cancel {
                id: before.id.clone(),
            });
            amendment.changes.push(Change::Date {
                date: before.original,
                before: Some(slot(before)),
                after: None,
            });
        }
        for after in &self.missing {
            amendment.beyond.push(Change::Date {
                date: after.original,
                before: None,
                after: Some(Slot {
                    start: after.start,
                    minutes: after.minutes,
                }),
            });
        }
        amendment
    }
}

fn nearest(standing: &[Occurrence], date: &Date) -> Option<usize> {
    let away = |(_, other): &(usize, &Occurrence)| other.start.duration_since(date.start).abs();
    standing
        .iter()
        .enumerate()
        .min_by_key(away)
        .map(|(place, _)| place)
}

/// Of a series that goes on for ever, what lies beyond the dates that either end holds is not compared, as long as the
/// provider holds enough of them.
fn leave_what_is_far(series: &Series, standing: &mut Vec<Occurrence>, missing: &mut Vec<Date>) {
    let last = series.dates.iter().map(|date| date.start).max();
    standing.retain(|date| last.is_some_and(|last| date.start <= last));
    let held = || series.dates.iter().filter(|date| !missing.contains(date));
    if held().count() >= FEWEST_LEFT {
        let last = held().map(|date| date.start).max();
        missing.retain(|date| last.is_some_and(|last| date.start < last));
    }
}
