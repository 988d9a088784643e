//! What became of a meeting, from one reading to another.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::slot;
use crate::meeting::{Meeting, Nature, Occurrence, same_zone, whole_second};
use crate::report::Change;

/// Every property in which two readings of one meeting differ. A meeting that was laid out anew is told by its rule, its reach,
/// its first date and its length; only where these are the same are its dates compared one by one, as far as both readings reach.
pub fn between(before: &Meeting, after: &Meeting) -> Vec<Change> {
    let relaid = before.repeats != after.repeats || !shares_dates(before, after);
    let mut changes = Vec::new();
    if before.topic.trim() != after.topic.trim() {
        changes.push(Change::Topic {
            before: before.topic.clone(),
            after: after.topic.clone(),
        });
    }
    if before.words() != after.words() {
        changes.push(Change::Rule {
            before: before.words(),
            after: after.words(),
        });
    } else if let Some((before, after)) = reaches_differ(before, after).filter(|_| relaid) {
        changes.push(Change::Rule { before, after });
    }
    let first = |meeting: &Meeting| {
        let date = meeting.occurrences.iter().min_by_key(|date| date.start);
        date.map_or((meeting.start, meeting.minutes), |date| {
            (Some(date.start), Some(date.minutes))
        })
    };
    if relaid || after.nature != Nature::Recurring {
        let ((start, minutes), (start_now, minutes_now)) = (first(before), first(after));
        if let (Some(before), Some(after)) = (start, start_now)
            && whole_second(before) != whole_second(after)
        {
            changes.push(Change::Start { before, after });
        }
        if let (Some(before), Some(after)) = (minutes, minutes_now)
            && before != after
        {
            changes.push(Change::Duration { before, after });
        }
    }
    let both_repeat = before.nature == Nature::Recurring && after.nature == Nature::Recurring;
    let told = |change: &Change| !matches!(change, Change::Rule { .. }) || before.words() != after.words();
    if both_repeat && !(relaid && changes.iter().any(told)) {
        changes.extend(changed_dates(before, after, relaid));
    }
    if let (Some(before), Some(after)) = (&before.zone, &after.zone)
        && !same_zone(before, after)
    {
        changes.push(Change::Zone {
            before: before.clone(),
            after: after.clone(),
        });
    }
    changes
}

fn shares_dates(before: &Meeting, after: &Meeting) -> bool {
    let known = |date: &Occurrence| before.occurrences.iter().any(|other| other.id == date.id);
    after.occurrences.iter().any(known) || after.occurrences.is_empty()
}

/// Until when two series reach that repeat alike, of which one has more dates than the other; `None` when both end with the same.
fn reaches_differ(before: &Meeting, after: &Meeting) -> Option<(String, String)> {
    let last = |meeting: &Meeting| {
        let date = meeting.occurrences.iter().max_by_key(|date| date.original)?;
        Some(date.original)
    };
    let (was, is) = (last(before)?, last(after)?);
    let until = |meeting: &Meeting, last: Timestamp| {
        let zone = meeting.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        let day = zone.unwrap_or(TimeZone::UTC).to_datetime(last).date();
        format!("{}, until {day}", meeting.words())
    };
    let differ = was != is && before.occurrences.len() != after.occurrences.len();
    differ.then(|| (until(before, was), until(after, is)))
}

/// The dates that differ. A layout gives its dates new ids, and it says nothing of dates that lie beyond the last of the
/// other reading: there how far it reaches alone differs.
fn changed_dates(before: &Meeting, after: &Meeting, relaid: bool) -> Vec<Change> {
    let same = |one: &Occurrence, other: &Occurrence| match relaid {
        true => one.original == other.original,
        false => one.id == other.id,
    };
    let find = |meeting: &Meeting, date: &Occurrence| {
        let mut dates = meeting.occurrences.iter();
        dates.find(|other| same(date, other)).map(slot)
    };
    let reaches = |meeting: &Meeting, date: &Occurrence| {
        let originals = || meeting.occurrences.iter().map(|date| date.original);
        !relaid || originals().min() <= Some(date.original) && Some(date.original) <= originals().max()
    };
    let mut changes = Vec::new();
    for date in before.occurrences.iter().filter(|date| reaches(after, date)) {
        let now = find(after, date);
        if now != Some(slot(date)) {
            changes.push(Change::Date {
                date: date.original,
                before: Some(slot(date)),
                after: now,
            });
        }
    }
    for date in after.occurrences.iter().filter(|date| reaches(before, date)) {
        if find(before, date).is_none() {
            changes.push(Change::Date {
                date: date.original,
                before: None,
                after: Some(slot(date)),
            });
        }
    }
    changes
}
