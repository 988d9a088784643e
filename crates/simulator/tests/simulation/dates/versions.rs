//! What a series asked for from time to time, all its halves together, and whether a meeting, or a write to it, fits.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reconvene_simulator::zoom::{Meeting, Occurrence};

use super::{Date, Exception, FEWEST, Fate, Half, MOST, lasts, original};
use crate::truth::Key;
use crate::wanted::cut;

/// All halves of one series that asked for a meeting at some time.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) since: Timestamp,
    pub(crate) halves: Vec<Half>,
}

impl Version {
    /// The dates that begin after `now`, at most fifty, and whether more follow.
    fn ahead(&self, now: Timestamp) -> (Vec<Date>, bool) {
        let (mut dates, mut goes_on) = (Vec::new(), false);
        for half in &self.halves {
            let (more, on) = half.ahead(now);
            dates.extend(more);
            goes_on |= on;
        }
        dates.sort_unstable();
        dates.dedup();
        goes_on |= dates.len() > MOST;
        dates.truncate(MOST);
        (dates, goes_on)
    }

    /// Whether nothing of it lies ahead.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.halves.iter().all(|half| half.is_over(now))
    }

    /// Whether two halves of it ask for the same date.
    pub(crate) fn is_twofold(&self, now: Timestamp) -> bool {
        let (dates, _) = self.ahead(now);
        dates.windows(2).any(|pair| pair[0].start == pair[1].start)
    }

    /// Whether dates of it stand ahead in a meeting, and none there that left it.
    pub(crate) fn stands_in(&self, meeting: &Meeting, now: Timestamp) -> bool {
        let (left, carried) = self.standing(meeting, now);
        left.is_empty() && !carried.is_empty()
    }

    /// Original starts of dates that are left as they are at the provider. Where one half takes place when a date left the
    /// other, that date is the half's that takes place.
    fn apart(&self, now: Timestamp) -> BTreeSet<Timestamp> {
        let (dates, _) = self.ahead(now);
        let mut apart: BTreeSet<Timestamp> = self.halves.iter().flat_map(|half| half.apart(now)).collect();
        apart.retain(|at| dates.iter().all(|date| date.original != *at));
        apart
    }

    /// The dates ahead of a meeting: those that left it and stay as they are, and all others. What moved with its series before
    /// bears its former name.
    fn standing<'a>(
        &self,
        meeting: &'a Meeting,
        now: Timestamp,
    ) -> (Vec<&'a Occurrence>, Vec<&'a Occurrence>) {
        let apart = self.apart(now);
        let (wanted, _) = self.ahead(now);
        let is_wanted = |at: Timestamp| wanted.iter().any(|date| date.start == at);
        let ahead = || {
            meeting
                .occurrences
                .iter()
                .filter(|date| !date.deleted && date.start > now)
        };
        let named = |at: Timestamp| ahead().any(|date| original(&date.id) == Some(at));
        ahead().partition(|date| {
            original(&date.id).is_some_and(|original| apart.contains(&original))
                || (apart.contains(&date.start) && !named(date.start) && !is_wanted(date.start))
        })
    }

    /// The half that the person made last, of those that are not over.
    fn latest(&self, now: Timestamp) -> Option<&Half> {
        let next = |half: &&Half| half.ahead(now).0.into_iter().min();
        let living = self.halves.iter().filter(|half| next(half).is_some());
        living.max_by_key(|half| next(half))
    }

    /// Without the halves on calendars that cannot be read.
    pub(crate) fn only(&self, readable: impl Fn(&str) -> bool) -> Self {
        let mut part = self.clone();
        part.halves.retain(|half| readable(&half.key.0));
        part
    }

    /// The series as its master tells of it.
    pub(crate) fn without_exceptions(&self) -> Self {
        let mut plain = self.clone();
        for half in &mut plain.halves {
            half.exceptions.clear();
        }
        plain
    }

    /// What is known of the series while one calendar has been read anew and the others are still known as they were.
    pub(crate) fn read_before(&self, early: &Self) -> impl Iterator<Item = Self> {
        let calendars: BTreeSet<&str> = self.halves.iter().map(|half| half.key.0.as_str()).collect();
        calendars.into_iter().map(move |anew| {
            let mut mixed = self.only(|calendar| calendar == anew);
            mixed
                .halves
                .extend(early.only(|calendar| calendar != anew).halves);
            mixed
        })
    }

    /// What is known of the series while some rows of a list were read anew and the others, on its next pages, are still
    /// known as they were.
    pub(crate) fn read_row_by_row(&self, early: &Self) -> Vec<Self> {
        let find = |version: &Self, key: &Key| version.halves.iter().find(|half| half.key == *key).cloned();
        let keys: BTreeSet<&Key> = self
            .halves
            .iter()
            .chain(&early.halves)
            .map(|half| &half.key)
            .collect();
        let mut mixed = vec![Vec::new()];
        for key in keys {
            let (late, early) = (find(self, key), find(early, key));
            let exceptions_of = |master: &Option<Half>, other: &Option<Half>| {
                let mut half = master.clone()?;
                half.exceptions.clone_from(&other.as_ref()?.exceptions);
                Some(half)
            };
            let known = [
                exceptions_of(&late, &early),
                exceptions_of(&early, &late),
                late,
                early,
            ];
            let longer = |halves: &Vec<Half>| {
                known
                    .clone()
                    .map(|half| halves.iter().cloned().chain(half).collect())
            };
            mixed = mixed.iter().flat_map(longer).collect();
        }
        let version = |halves| Self {
            since: self.since,
            halves,
        };
        mixed.into_iter().map(version).collect()
    }

    /// In what a meeting differs from it, in words; empty when it is in step.
    pub(crate) fn differences(&self, meeting: &Meeting, now: Timestamp) -> Vec<String> {
        let Some(latest) = self.latest(now) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let topic = cut(&latest.topic);
        // Of halves that begin at the same time next nobody can say which one the person made last.
        let next = |half: &Half| half.ahead(now).0.into_iter().min();
        let shown = |half: &Half| next(half) == next(latest) && cut(&half.topic) == meeting.topic.trim();
        if !topic.is_empty() && !self.halves.iter().any(shown) {
            found.push(format!("topic “{}”, not “{topic}”", meeting.topic));
        }
        // Dates that no rule of Zoom's names are instants, and no clock matters to them.
        if latest.is_plain() && !latest.shows_same(&meeting.time_zone) {
            found.push(format!("zone {}, not {}", meeting.time_zone, latest.zone));
        }
        let (dates, goes_on) = self.ahead(now);
        if meeting.kind != 8 {
            // One date that is left may as well take place once.
            let only = matches!(dates.as_slice(), [date] if meeting.start == Some(date.start) && date.lasts(meeting.minutes));
            // Nobody is moved away from a date that takes place just now.
            let runs = meeting.start.is_some_and(|start| {
                let end = start + SignedDuration::from_mins(meeting.minutes.into());
                start <= now && now < end && self.halves.iter().any(|half| half.begins_at(start))
            });
            if !(only || runs) {
                found.push(format!(
                    "one date, {:?} for {} min, not {dates:?}",
                    meeting.start, meeting.minutes
                ));
            }
            return found;
        }
        let mut stands: Vec<(Timestamp, u32)> = (self.standing(meeting, now).1.into_iter())
            .map(|date| (date.start, date.minutes))
            .collect();
        stands.sort_unstable();
        let lengths: BTreeMap<Timestamp, u32> = stands.iter().copied().collect();
        let as_it_stands = |date: &Date| match (date.minutes, lengths.get(&date.start)) {
            (0, Some(minutes)) => (date.start, *minutes),
            (minutes, _) => (date.start, minutes),
        };
        let mut wanted: Vec<(Timestamp, u32)> = dates.iter().map(as_it_stands).collect();
        if goes_on {
            let last = wanted.last().map(|date| date.0);
            stands.retain(|date| Some(date.0) <= last);
            if stands.len() >= FEWEST {
                wanted.truncate(stands.len());
            }
        }
        // Two dates at the same time are one meeting, as long as either of them.
        let all: BTreeSet<(Timestamp, u32)> = (self.halves.iter())
            .flat_map(|half| half.ahead(now).0)
            .map(|date| as_it_stands(&date))
            .collect();
        let twice = |date: &(Timestamp, u32)| {
            stands
                .iter()
                .any(|other| other.0 == date.0 && all.contains(other))
        };
        let missing: Vec<_> = (wanted.iter().copied())
            .filter(|date| !stands.contains(date) && !twice(date))
            .collect();
        stands.retain(|date| wanted.contains(date) || !all.contains(date));
        wanted.retain(|date| stands.contains(date) || missing.contains(date));
        for date in &missing {
            found.push(format!("no date {} for {} min", date.0, date.1));
        }
        for date in stands.iter().filter(|date| !wanted.contains(date)) {
            found.push(format!("the date {} for {} min", date.0, date.1));
        }
        if found.is_empty() && stands != wanted {
            found.push(format!("{} dates, not {}", stands.len(), wanted.len()));
        }
        found
    }

    /// Whether it asks something of a meeting that was in step with what it was before. A date that is left alone from now
    /// on asks nothing.
    pub(crate) fn asks_anew(&self, before: &Self, now: Timestamp) -> bool {
        let zone = |version: &Self| version.latest(now).map(|half| half.zone.clone());
        let topic = |version: &Self| version.latest(now).map(|half| cut(&half.topic));
        // Without a title it asks for none.
        let titled = topic(self).is_some_and(|after| !after.is_empty() && topic(before) != Some(after));
        let apart = self.apart(now);
        let mut dates = before.ahead(now).0;
        dates.retain(|date| !apart.contains(&date.original));
        titled || zone(self) != zone(before) || self.ahead(now).0 != dates
    }

    /// Whether one of its dates has a title of its own, for which Zoom has no place.
    pub(crate) fn is_titled(&self, now: Timestamp) -> bool {
        self.halves.iter().any(|half| {
            half.exceptions.values().any(|exception| {
                matches!(exception.fate, Fate::At(date) if date.start > now) && exception.topic != half.topic
            })
        })
    }

    /// Whether Zoom can hold it whole: one rule that it has words for, and no date that comes from behind.
    pub(crate) fn is_expressible(&self, now: Timestamp) -> bool {
        let mut living = self.halves.iter().filter(|half| !half.is_over(now));
        let (Some(half), None) = (living.next(), living.next()) else {
            return false;
        };
        let behind = half.exceptions.values().any(
            |exception| matches!(exception.fate, Fate::At(date) if date.start > now && date.original <= now),
        );
        half.is_plain() && !behind && !half.by_rule(now, 1, false).is_empty()
    }

    /// Whether it asks that the date which was to begin at `original`, and stands as `before`, become this.
    pub(crate) fn asks_for(
        &self,
        original: Timestamp,
        before: (Timestamp, u32),
        start: Option<Timestamp>,
        minutes: Option<u32>,
    ) -> bool {
        let fits = |date: Date| {
            start.is_none_or(|start| date.start == start) && minutes.is_none_or(|minutes| date.lasts(minutes))
        };
        let named = self.halves.iter().filter_map(|half| match half.fate(original) {
            Fate::At(date) => Some(date),
            _ => None,
        });
        let named: Vec<Date> = named.collect();
        if !named.is_empty() {
            return named.into_iter().any(fits);
        }
        // One that stands in for a date of another name must be that date.
        (self.halves.iter()).any(|half| {
            half.beginning(start.unwrap_or(before.0))
                .any(|date| minutes.is_none_or(|minutes| date.lasts(minutes)))
        })
    }

    /// Whether it asks that the date which was to begin at `original` be cancelled.
    pub(crate) fn cancels(&self, original: Timestamp, now: Timestamp) -> bool {
        let (dates, _) = self.ahead(now);
        self.halves.iter().all(|half| match half.fate(original) {
            Fate::Unnamed | Fate::Cancelled => true,
            Fate::Apart => false,
            // Moved so far that it is not among the dates that are carried over.
            Fate::At(date) => date.start > now && !dates.contains(&date),
        })
    }

    /// Whether a meeting that takes place once may begin then: at one of its dates.
    pub(crate) fn begins_at(&self, start: Timestamp) -> bool {
        self.halves
            .iter()
            .any(|half| half.beginning(start).next().is_some())
    }

    /// Whether one of its dates has that length.
    pub(crate) fn lasts(&self, minutes: u32) -> bool {
        self.halves.iter().any(|half| {
            let changed =
                |exception: &Exception| matches!(exception.fate, Fate::At(date) if date.lasts(minutes));
            lasts(half.minutes, minutes) || half.exceptions.values().any(changed)
        })
    }

    /// Whether these dates are how it is laid out: by the rule of one half, begun early enough for the dates that the
    /// other has before it, to no later than its last date, and with none left out.
    pub(crate) fn lays_out(&self, meeting: &Meeting, now: Timestamp) -> bool {
        let (dates, _) = self.ahead(now);
        let Some(last) = dates.iter().map(|date| date.start.max(date.original)).max() else {
            return false;
        };
        let laid: Vec<(Timestamp, u32)> = (meeting.occurrences.iter())
            .map(|date| (date.start, date.minutes))
            .collect();
        let Some((first, end)) = laid
            .first()
            .map(|date| date.0)
            .zip(laid.last().map(|date| date.0))
        else {
            return false;
        };
        self.halves.iter().any(|half| {
            let named = half.by_rule(first.min(now), 2 * MOST, true);
            let begins = named.iter().find(|start| **start > now);
            // Zoom lays dates out by the clock: of an hour that comes twice it knows one.
            let shown = |at: Timestamp| at.to_zoned(TimeZone::get(&half.zone).unwrap()).datetime();
            // A time that the clock leaps over comes later.
            let at_its_time = |at: Timestamp| {
                let on_day = shown(at).date().to_datetime(shown(half.start).time());
                TimeZone::get(&half.zone)
                    .unwrap()
                    .to_timestamp(on_day)
                    .is_ok_and(|at_its_time| at_its_time == at)
            };
            let by_rule = |start: Timestamp| {
                named.iter().any(|named| shown(*named) == shown(start))
                    || (begins.is_some_and(|begins| start < *begins) && at_its_time(start))
            };
            let regular = |date: &&Date| {
                named.contains(&date.start)
                    && !half.exceptions.contains_key(&date.original)
                    && half.fate(date.original) == Fate::At(**date)
            };
            let complete = dates.iter().filter(regular).all(|date| {
                let mut same = laid
                    .iter()
                    .filter(|(start, _)| shown(*start) == shown(date.start));
                (date.start > end && laid.len() >= MOST - 1) || same.any(|(_, minutes)| date.lasts(*minutes))
            });
            // One more says something else than what stands; it is cancelled by itself.
            let beyond = laid.iter().filter(|(start, _)| *start > last).count();
            complete
                && beyond <= 1
                && laid
                    .iter()
                    .all(|(start, minutes)| lasts(half.minutes, *minutes) && by_rule(*start))
        })
    }
}
