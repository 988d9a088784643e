//! What must be written so that a meeting equals its event, with the fewest writes.
//!
//! A single meeting takes one write. A series is compared date by date: when the dates that stand at the provider can
//! be moved or cancelled one by one with fewer writes than laying the series out anew would take, exactly those dates are
//! touched (P4). What the provider has no words for is left as it is, and named.

use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};

use crate::event::{Schedule, Times};
use crate::meeting::{Carry, Meeting, Nature, Occurrence, same_topic, same_zone, topic_of, whole_second};
use crate::recurrence::{Beyond, Every, Pattern, Recurrence};
use crate::report::{Change, Slot};
use crate::series::{Date, MOST_DATES, Rule, Series};

/// A series that goes on beyond what the provider keeps is laid out anew when fewer than so many dates are left.
const FEWEST_LEFT: usize = MOST_DATES / 2;

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
    let topic = topic_of(wanted).filter(|topic| carry.title && !same_topic(meeting, topic));
    let zone = match (&meeting.zone, &wanted.zone) {
        (Some(before), Some(after)) if carry.time && !same_zone(before, after) => Some(after.clone()),
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
        && (whole_second(before) != start || repeats)
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
        && (before != minutes || repeats)
    {
        whole.minutes = Some(minutes);
        if before != minutes {
            amendment.changes.push(Change::Duration {
                before,
                after: minutes,
            });
        }
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
    let mut amendment = once(meeting, next.start, next.minutes, now);
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

/// A series as it would be laid out.
struct Layout {
    pattern: Pattern,
    start: Timestamp,
    zone: String,
    minutes: u32,
    words: String,
    dates: Vec<Occurrence>,
}

/// The dates that one rule gives from now on, begun so much earlier that there is one for every date that another half has
/// before it.
fn layout(rule: &Rule, series: &Series, now: Timestamp) -> Result<Option<Layout>, Beyond> {
    let pattern = rule.recurrence.pattern(rule.start, &rule.zone)?;
    if pattern.interval > longest_interval(&pattern.every) {
        return Err(Beyond::Selection);
    }
    let next = rule
        .recurrence
        .regular_starts(rule.start, &rule.zone, after(now), 1)?;
    let (Some(first), Some(last)) = (next.first().copied(), series.dates.last()) else {
        return Ok(None);
    };
    let before = series.dates.iter().filter(|date| date.original < first).count();
    let endless = endless(&pattern);
    let early = earlier(first, &pattern, before, &rule.zone);
    let mut starts = endless.starts(early, &rule.zone, after(now), MOST_DATES + before)?;
    let surplus = starts.iter().filter(|start| **start < first).count();
    starts.drain(..surplus.saturating_sub(before));
    let last = last.start.max(last.original);
    let times = starts
        .iter()
        .filter(|start| **start <= last)
        .count()
        .clamp(1, MOST_DATES);
    starts.truncate(times);
    let Some(start) = starts.first().copied() else {
        return Ok(None);
    };
    Ok(Some(Layout {
        words: endless.in_words(start, &rule.zone),
        pattern,
        start,
        zone: rule.zone.clone(),
        minutes: rule.minutes,
        dates: starts
            .into_iter()
            .map(|start| Occurrence {
                id: String::new(),
                original: start,
                start,
                minutes: rule.minutes,
            })
            .collect(),
    }))
}

/// The pattern without an end.
fn endless(pattern: &Pattern) -> Recurrence {
    let name = |day: &Weekday| match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    };
    let rule = match &pattern.every {
        Every::Day => "FREQ=DAILY".to_owned(),
        Every::Week { days } => {
            let days: Vec<&str> = days.iter().map(name).collect();
            format!("FREQ=WEEKLY;WKST=SU;BYDAY={}", days.join(","))
        }
        Every::MonthOnDay { day } => format!("FREQ=MONTHLY;BYMONTHDAY={day}"),
        Every::MonthOnWeekday { week, day } => format!("FREQ=MONTHLY;BYDAY={week}{}", name(day)),
    };
    Recurrence::new(vec![format!("RRULE:{rule};INTERVAL={}", pattern.interval)])
}

fn after(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(1)).unwrap_or(now)
}

/// Zoom's limits of `repeat_interval`, <https://developers.zoom.us/docs/api/meetings/>.
const fn longest_interval(every: &Every) -> u32 {
    match every {
        Every::Day => 99,
        Every::Week { .. } => 50,
        Every::MonthOnDay { .. } | Every::MonthOnWeekday { .. } => 10,
    }
}

/// The instant, so many repetitions before `first`, at which the same clock time falls.
fn earlier(first: Timestamp, pattern: &Pattern, repetitions: usize, zone: &str) -> Timestamp {
    let Ok(local) = first.in_tz(zone) else {
        return first;
    };
    let count = i64::try_from(repetitions).unwrap_or(0) * i64::from(pattern.interval);
    let span = jiff::Span::new();
    let span = match pattern.every {
        Every::Day => span.try_days(count),
        Every::Week { .. } => span.try_weeks(count),
        Every::MonthOnDay { .. } | Every::MonthOnWeekday { .. } => span.try_months(count),
    };
    span.ok()
        .and_then(|span| local.checked_sub(span).ok())
        .map_or(first, |local| local.timestamp())
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

/// Which date at the provider stands for which date of the series.
struct Comparison {
    /// Dates that stand at another time, or for another length.
    moved: Vec<(Occurrence, Date)>,
    /// Dates that the series does not have.
    surplus: Vec<Occurrence>,
    /// Dates of the series that the provider does not have.
    missing: Vec<Date>,
}

impl Comparison {
    fn of(standing: &[Occurrence], series: &Series) -> Self {
        let mut standing: Vec<Occurrence> = standing
            .iter()
            .filter(|date| !series.apart.contains(&date.original))
            .cloned()
            .collect();
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
        Self {
            moved,
            surplus: standing,
            missing,
        }
    }

    fn is_equal(&self) -> bool {
        self.moved.is_empty() && self.surplus.is_empty() && self.missing.is_empty()
    }

    /// What cannot be had this way, then how many writes the rest takes.
    fn cost(&self) -> (usize, usize) {
        (self.missing.len(), self.moved.len() + self.surplus.len())
    }

    fn amendment(&self) -> Amendment {
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

/// Every property in which two readings of one meeting differ.
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
    } else {
        changes.extend(changed_dates(before, after));
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

fn changed_dates(before: &Meeting, after: &Meeting) -> Vec<Change> {
    let mut changes = Vec::new();
    for date in &before.occurrences {
        let now = after
            .occurrences
            .iter()
            .find(|other| other.id == date.id)
            .map(slot);
        if now != Some(slot(date)) {
            changes.push(Change::Date {
                date: date.original,
                before: Some(slot(date)),
                after: now,
            });
        }
    }
    for date in &after.occurrences {
        if !before.occurrences.iter().any(|other| other.id == date.id) {
            changes.push(Change::Date {
                date: date.original,
                before: None,
                after: Some(slot(date)),
            });
        }
    }
    changes
}

/// A date left over at one end and one left over at the other, no further apart than this, are taken for one that moved.
const NEAR: SignedDuration = SignedDuration::from_hours(8 * 24);

fn slot(date: &Occurrence) -> Slot {
    Slot {
        start: date.start,
        minutes: date.minutes,
    }
}

#[cfg(test)]
mod tests;
