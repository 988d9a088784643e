//! What became of a meeting, from one reading to another.

use super::slot;
use crate::meeting::{Meeting, Nature, Occurrence, same_zone, whole_second};
use crate::report::Change;

/// Every property in which two readings of one meeting differ. A meeting that was laid out anew is told by its rule, its first
/// date and its length; only where these are the same are its dates compared one by one, as far as both readings reach.
pub fn between(before: &Meeting, after: &Meeting) -> Vec<Change> {
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
    }
    let first = |meeting: &Meeting| {
        let date = meeting.occurrences.iter().min_by_key(|date| date.start);
        date.map_or((meeting.start, meeting.minutes), |date| {
            (Some(date.start), Some(date.minutes))
        })
    };
    let relaid = before.repeats != after.repeats || !shares_dates(before, after);
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
    if both_repeat && (!relaid || changes.is_empty()) {
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

/// The dates that differ. A layout gives its dates new ids, and it says nothing of dates that lie beyond the last of the
/// other reading: there their number alone differs.
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
