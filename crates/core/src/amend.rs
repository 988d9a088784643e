//! What must be written so that a meeting equals its event, with the fewest writes.
//!
//! A single meeting takes one write. A series is compared date by date: when the dates that stand at the provider can
//! be moved or cancelled one by one with fewer writes than laying the series out anew would take, exactly those dates are
//! touched (P4). What the provider has no words for is left as it is, and named.

mod between;
mod compare;
mod layout;
mod length;

use jiff::{SignedDuration, Timestamp};

pub use self::between::between;
use self::compare::Comparison;
use self::layout::{Layout, layout};
pub(crate) use self::length::{USUAL, with_length};

use crate::event::{Schedule, Times};
use crate::meeting::{Carry, Meeting, Nature, Occurrence, same_topic, shows_same, topic_of, whole_second};
use crate::recurrence::{Beyond, Pattern};
use crate::report::{Change, Slot};
use crate::series::Series;

/// What brings a meeting in step, and what cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// The requests to make, in this order. After one that lays dates out the meeting is to be read and amended anew.
    pub writes: Vec<Write>,
    /// What they change, property by property.
    pub changes: Vec<Change>,
    /// What stays different, because the provider cannot hold it.
    pub beyond: Vec<Change>,
    /// Why, when a rule is the reason.
    pub reason: Option<Beyond>,
}

impl Amendment {
    /// Whether the meeting equals its event.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.beyond.is_empty()
    }
}

/// One request that changes a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Changes of the meeting as a whole; what is `None` stays as it is.
    Whole(Whole),
    /// One date begins at another time, or has another length.
    Date {
        /// The provider's id of the date.
        id: String,
        /// Its new start, when that changes.
        start: Option<Timestamp>,
        /// Its new length in minutes, when that changes.
        minutes: Option<u32>,
    },
    /// One date is cancelled.
    Cancel {
        /// The provider's id of the date.
        id: String,
    },
}

/// Changes of a meeting as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whole {
    /// The title.
    pub topic: Option<String>,
    /// The start; of a series, that of its first date.
    pub start: Option<Timestamp>,
    /// The length in whole minutes.
    pub minutes: Option<u32>,
    /// The zone, an IANA name.
    pub zone: Option<String>,
    /// Whether it takes place once or repeats.
    pub shape: Shape,
}

/// Whether a meeting takes place once or repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Shape {
    /// As it is.
    #[default]
    Kept,
    /// Once.
    Once,
    /// So many times by this pattern, from its start on, which is then named.
    Repeating {
        /// The pattern, in the zone of the write.
        pattern: Pattern,
        /// How many dates.
        times: u32,
        /// The zone whose clock the dates follow, an IANA name.
        zone: String,
    },
}

/// What brings `meeting` in step with `wanted`. `now` is the present instant: what has begun is left as it is.
pub fn amend(meeting: &Meeting, wanted: &Schedule, carry: Carry, now: Timestamp) -> Amendment {
    let wanted = &*with_length(wanted, meeting);
    let topic = topic_of(wanted).filter(|topic| carry.title && !same_topic(meeting, topic));
    let zone = match (&meeting.zone, &wanted.zone) {
        (Some(before), Some(after)) if carry.time && !shows_same(before, after, &wanted.times) => {
            Some(after.clone())
        }
        _ => None,
    };
    let mut amendment = match &wanted.times {
        _ if !carry.time => Amendment::default(),
        Times::Once { start, minutes } => once(meeting, *start, *minutes, now),
        Times::Series(series) => dates(meeting, series, zone.as_deref(), now),
    };
    let laid_out = matches!(amendment.writes.first(), Some(Write::Whole(_)));
    let single = matches!(wanted.times, Times::Once { .. });
    let zone = zone.filter(|_| laid_out || single);
    if let Some(after) = &zone {
        amendment.changes.push(Change::Zone {
            before: meeting.zone.clone().unwrap_or_default(),
            after: after.clone(),
        });
    }
    if let Some(after) = &topic {
        amendment.changes.insert(
            0,
            Change::Topic {
                before: meeting.topic.clone(),
                after: after.clone(),
            },
        );
    }
    if topic.is_some() || zone.is_some() {
        match amendment.writes.first_mut() {
            Some(Write::Whole(whole)) => (whole.topic, whole.zone) = (topic, zone),
            _ => amendment.writes.insert(
                0,
                Write::Whole(Whole {
                    topic,
                    zone,
                    ..Whole::default()
                }),
            ),
        }
    }
    if carry.title
        && let Times::Series(series) = &wanted.times
    {
        amendment
            .beyond
            .extend(series.titles.iter().map(|(original, after)| Change::DateTopic {
                date: *original,
                before: meeting.topic.clone(),
                after: after.clone(),
            }));
    }
    amendment
}

/// A meeting as it is to be made for an event, as near as the provider can hold it; `None` for one that begins no more. What
/// is left to do, the dates of a series that depart from its rule above all, [`amend`] finds once it is there.
pub fn design(wanted: &Schedule, now: Timestamp) -> Option<Whole> {
    let nothing = Meeting {
        nature: Nature::Scheduled,
        topic: String::new(),
        start: Some(Timestamp::UNIX_EPOCH),
        minutes: Some(0),
        zone: Some(String::new()),
        host: String::new(),
        running: false,
        occurrences: Vec::new(),
        repeats: None,
    };
    let all = Carry {
        title: true,
        time: true,
    };
    amend(&nothing, wanted, all, now)
        .writes
        .into_iter()
        .find_map(|write| match write {
            Write::Whole(whole) if whole.start.is_some() => Some(whole),
            _ => None,
        })
}

fn once(meeting: &Meeting, start: Timestamp, minutes: u32, now: Timestamp) -> Amendment {
    let mut amendment = Amendment::default();
    let mut whole = Whole::default();
    // Providers keep whole seconds at most.
    let start = whole_second(start);
    let repeats = meeting.nature == Nature::Recurring;
    if repeats {
        whole.shape = Shape::Once;
        amendment.changes.push(Change::Rule {
            before: meeting.words(),
            after: "once".into(),
        });
    }
    if let Some(before) = meeting.start
        && whole_second(before) != start
    {
        let change = Change::Start { before, after: start };
        // Zoom answers 204 to a start in the past and ignores it, with everything else in the same request at risk.
        if start > now {
            whole.start = Some(start);
            amendment.changes.push(change);
        } else {
            amendment.beyond.push(change);
        }
    }
    if let Some(before) = meeting.minutes
        && before != minutes
    {
        whole.minutes = Some(minutes);
        amendment.changes.push(Change::Duration {
            before,
            after: minutes,
        });
    }
    if whole != Whole::default() {
        amendment.writes.push(Write::Whole(whole));
    }
    amendment
}

/// The dates of a series, compared with those that stand at the provider.
fn dates(meeting: &Meeting, series: &Series, zone: Option<&str>, now: Timestamp) -> Amendment {
    let standing: Vec<Occurrence> = match meeting.nature {
        Nature::Recurring => ahead(&meeting.occurrences, now),
        _ => Vec::new(),
    };
    let as_is = Comparison::of(&standing, series);
    let mut reason = None;
    let mut best: Option<(Layout, Comparison)> = None;
    if zone.is_some() || !as_is.is_equal() {
        for rule in &series.rules {
            match layout(rule, series, now) {
                Err(beyond) => reason = Some(beyond),
                Ok(None) => {}
                Ok(Some(layout)) => {
                    let compared = Comparison::of(&layout.dates, series);
                    if best
                        .as_ref()
                        .is_none_or(|(_, other)| compared.cost() < other.cost())
                    {
                        best = Some((layout, compared));
                    }
                }
            }
        }
    }
    let (missing, writes) = as_is.cost();
    match best {
        Some((layout, compared))
            if zone.is_some() || (compared.missing.len(), compared.cost().1 + 1) < (missing, writes) =>
        {
            laid_out(meeting, standing.first(), layout, &compared)
        }
        _ => {
            let mut amendment = match meeting.nature {
                Nature::Recurring => as_is.amendment(),
                _ => next_alone(meeting, series, now),
            };
            amendment.reason = reason.filter(|_| !amendment.beyond.is_empty());
            amendment
        }
    }
}

/// A meeting that takes place once, for a series that its provider cannot repeat: it stands for the next date.
fn next_alone(meeting: &Meeting, series: &Series, now: Timestamp) -> Amendment {
    let (Some(next), Some(rule)) = (series.dates.first(), series.rules.first()) else {
        return Amendment::default();
    };
    // The date that takes place at this moment is not moved from under those who are in it.
    let takes_place = meeting
        .start
        .zip(meeting.minutes)
        .is_some_and(|(start, minutes)| {
            start <= now && now.duration_since(start) < SignedDuration::from_mins(i64::from(minutes))
        });
    let mut amendment = match takes_place {
        true => Amendment::default(),
        false => once(meeting, next.start, next.minutes, now),
    };
    if series.dates.len() > 1 {
        amendment.beyond.push(Change::Rule {
            before: meeting.words(),
            after: rule.recurrence.in_words(rule.start, &rule.zone),
        });
    }
    amendment
}

fn ahead(occurrences: &[Occurrence], now: Timestamp) -> Vec<Occurrence> {
    let mut ahead: Vec<Occurrence> = occurrences
        .iter()
        .filter(|date| date.start > now)
        .cloned()
        .collect();
    ahead.sort_by_key(|date| (date.start, date.original));
    ahead
}

fn laid_out(
    meeting: &Meeting,
    next: Option<&Occurrence>,
    layout: Layout,
    compared: &Comparison,
) -> Amendment {
    let mut changes = Vec::new();
    let rule_words = layout.words;
    if meeting.words() != rule_words {
        changes.push(Change::Rule {
            before: meeting.words(),
            after: rule_words.clone(),
        });
    }
    let (start, minutes) = next.map_or((meeting.start, meeting.minutes), |next| {
        (Some(next.start), Some(next.minutes))
    });
    if let Some(before) = start.filter(|before| *before != layout.start) {
        changes.push(Change::Start {
            before,
            after: layout.start,
        });
    }
    if let Some(before) = minutes.filter(|before| *before != layout.minutes) {
        changes.push(Change::Duration {
            before,
            after: layout.minutes,
        });
    }
    changes.extend(compared.amendment().changes);
    if changes.is_empty() {
        // Only how far it reaches differs, or dates cancelled at the provider come back.
        changes.push(Change::Rule {
            before: meeting.words(),
            after: rule_words,
        });
    }
    let times = u32::try_from(layout.dates.len()).unwrap_or(u32::MAX);
    Amendment {
        writes: vec![Write::Whole(Whole {
            start: Some(layout.start),
            minutes: Some(layout.minutes),
            shape: Shape::Repeating {
                pattern: layout.pattern,
                times,
                zone: layout.zone,
            },
            ..Whole::default()
        })],
        changes,
        beyond: compared.amendment().beyond,
        reason: None,
    }
}

fn slot(date: &Occurrence) -> Slot {
    Slot {
        start: date.start,
        minutes: date.minutes,
    }
}

#[cfg(test)]
mod tests;
