//! The promises, judged by what the services received and by how things stand at Zoom.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_simulator::scenario::{ANA, ZONE};
use reconvene_simulator::{Entry, Service, World};
use serde_json::Value;

use super::calendar::{Asked, Calendar, Wanted, at, stands};

/// So many creations and updates of one host Zoom takes in a day.
const A_DAY: usize = 100;
/// What may be written on an event that a meeting is made for.
const ON_AN_EVENT: [&str; 3] = ["location", "description", "extendedProperties"];

/// What happened around the requests in the log, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Chronicle {
    /// The last request before the first kill.
    pub(super) mark: u64,
    /// When a process of an installation began.
    pub(super) began: Vec<(u64, usize)>,
    /// When the person agreed to more deletions than go unasked; none when they did not yet.
    pub(super) agreed: Option<u64>,
    /// When everything had come to its end, but for what still `waits` to be made.
    pub(super) settled: Option<u64>,
    pub(super) waits: bool,
    /// How long Zoom asked everyone to wait whom it asked.
    pub(super) patience: Duration,
}

impl Chronicle {
    /// The process that sent a request: its first one, and its installation.
    fn process(&self, request: u64) -> (u64, usize) {
        let before = self.began.iter().rev().find(|(seq, _)| *seq < request);
        *before.expect("every request comes from a process")
    }
}

/// What was written so far, and last to each field of each meeting.
#[derive(Default)]
struct Written {
    now: BTreeMap<(u64, String), Value>,
    deleted: BTreeSet<u64>,
    made: BTreeMap<String, u32>,
    changes: BTreeMap<jiff::civil::Date, usize>,
}

/// Every write that the services received was one that was needed, and came once.
pub(super) fn writes(world: &World, calendar: &Calendar, chronicle: &Chronicle) {
    let mut written = Written::default();
    for entry in world.log().since(chronicle.mark).filter(|entry| entry.is_write()) {
        let about_it = chronicle.waits && entry.meeting().is_none();
        let late = chronicle.settled.is_some_and(|when| entry.seq > when) && !about_it;
        assert!(!late, "P6, P14: all was in step: {entry:?}");
        match (entry.service, entry.method.as_str(), entry.meeting()) {
            (Service::Google, ..) => on_an_event(entry, calendar),
            (_, "POST", None) => written.made(entry, world, calendar),
            (_, method, Some(meeting)) => {
                if let Some((since, why)) = calendar.left_alone.get(&meeting) {
                    assert!(entry.seq <= *since, "P3: {why}: {entry:?}");
                }
                match (method, entry.param("occurrence_id")) {
                    (_, Some(date)) => written.of_a_date(entry, meeting, date, calendar),
                    ("PATCH", None) => written.of_a_whole(entry, meeting, calendar),
                    ("DELETE", None) => written.deletes(entry, meeting, world, calendar, chronicle),
                    _ => panic!("{entry:?}"),
                }
            }
            _ => panic!("{entry:?}"),
        }
    }
    for (day, changes) in written.changes {
        assert!(changes <= A_DAY, "P13: {changes} changes on {day}");
    }
}

/// Nothing but a meeting that was asked for is written on an event.
fn on_an_event(entry: &Entry, calendar: &Calendar) {
    let event = entry.path.rsplit('/').next().unwrap_or_default();
    assert_eq!(entry.method, "PATCH", "P7: {entry:?}");
    assert!(calendar.wishes.contains(event), "P7: nobody asked: {entry:?}");
    assert!(entry.if_match.is_some(), "P7: without If-Match: {entry:?}");
    assert_eq!(entry.param("sendUpdates"), Some("none"), "P9: {entry:?}");
    let fields = entry.body.as_object().unwrap().keys();
    for name in fields {
        assert!(
            ON_AN_EVENT.contains(&name.as_str()),
            "P7: {name} is overwritten: {entry:?}"
        );
    }
}

impl Written {
    fn counts(&mut self, entry: &Entry) {
        let day = entry.at.to_zoned(jiff::tz::TimeZone::UTC).date();
        *self.changes.entry(day).or_default() += 1;
    }

    /// A meeting is made for an event that one was asked for, and once.
    fn made(&mut self, entry: &Entry, world: &World, calendar: &Calendar) {
        self.counts(entry);
        let topic = entry.body["topic"].as_str().unwrap_or_default();
        let for_it = |id: &&String| world.event(ANA, id).is_some_and(|event| event.summary() == topic);
        let event = calendar.wishes.iter().find(for_it);
        let event = event.unwrap_or_else(|| panic!("P5: nobody asked: {entry:?}"));
        let made = self.made.entry(event.clone()).or_default();
        *made += u32::from(entry.applied);
        assert!(*made <= 1, "P5: a second meeting for {event}");
    }

    /// A value is written once, however often its writer died, and while it is what the event asks for.
    fn value(&mut self, entry: &Entry, key: (u64, String), value: &Value, before: bool) {
        let same = self.now.get(&key).map_or(before, |now| now == value);
        assert!(!same, "P6: {value} was there already: {entry:?}");
        if entry.applied {
            self.now.insert(key, value.clone());
        }
    }

    fn of_a_whole(&mut self, entry: &Entry, meeting: u64, calendar: &Calendar) {
        self.counts(entry);
        let nobody = || panic!("P3: nobody asked: {entry:?}");
        let asked: &Asked<Wanted> = calendar.asked.get(&meeting).unwrap_or_else(nobody);
        let (first, wanted) = (asked.first().unwrap(), asked.when(entry.seq).unwrap());
        for (name, value) in entry.body.as_object().unwrap() {
            if meeting == calendar.series.meeting {
                // Zoom takes no change of a whole series without its rule.
                assert!(
                    name == "topic" || name == "recurrence",
                    "P4: all dates are changed: {entry:?}"
                );
                if name == "recurrence" {
                    continue;
                }
            }
            assert!(
                wanted.holds(name, value),
                "P2, P14: {wanted:?} is asked for: {entry:?}"
            );
            self.value(entry, (meeting, name.clone()), value, first.holds(name, value));
        }
    }

    /// A date is moved or cancelled that somebody moved or cancelled.
    fn of_a_date(&mut self, entry: &Entry, meeting: u64, date: &str, calendar: &Calendar) {
        assert_eq!(meeting, calendar.series.meeting, "P3: {entry:?}");
        let original = Timestamp::from_millisecond(date.parse().unwrap()).unwrap();
        let asked = calendar.series.dates.get(&original);
        let wanted = asked.and_then(|asked| asked.when(entry.seq));
        let wanted = wanted.unwrap_or_else(|| panic!("P4: nobody touched that date: {entry:?}"));
        match wanted {
            None => assert_eq!(entry.method, "DELETE", "P4: {entry:?}"),
            Some(then) => {
                self.counts(entry);
                let body = entry.body.as_object().unwrap();
                assert_eq!(body.len(), 1, "P4: {entry:?}");
                assert_eq!(at(&entry.body["start_time"]), Some(*then), "P4: {entry:?}");
            }
        }
        self.value(entry, (meeting, date.to_owned()), &entry.body, false);
    }

    /// A meeting is deleted whose event is gone, which Google was asked about by the process that deletes it.
    fn deletes(
        &mut self,
        entry: &Entry,
        meeting: u64,
        world: &World,
        calendar: &Calendar,
        chronicle: &Chronicle,
    ) {
        let Some(event) = calendar.cancelled.get(&meeting) else {
            panic!("P3: its event lives: {entry:?}");
        };
        let agreed = chronicle.agreed.is_some_and(|when| when < entry.seq);
        let held = calendar.together.contains(&meeting) && !agreed;
        assert!(!held, "P8: nobody agreed: {entry:?}");
        let (began, _) = chronicle.process(entry.seq);
        let asks = |other: &Entry| {
            other.seq < entry.seq
                && other.operation == "calendar.events.get"
                && other.path.ends_with(&format!("/events/{event}"))
        };
        assert!(
            world.log().since(began).any(asks),
            "P3: not confirmed to be gone: {entry:?}"
        );
        assert!(
            !entry.applied || self.deleted.insert(meeting),
            "P5: deleted twice: {entry:?}"
        );
    }
}

/// Nobody gets a mail, and whom Zoom asked to wait does.
pub(super) fn manners(world: &World, chronicle: &Chronicle) {
    assert_eq!(world.mails(), [], "P9");
    let patience = SignedDuration::try_from(chronicle.patience).unwrap();
    let log = || world.log().since(chronicle.mark);
    for limit in log().filter(|entry| entry.status == 429) {
        assert!(
            limit
                .fault
                .as_ref()
                .is_some_and(|fault| fault.starts_with("answer")),
            "P13: too much, or two at once: {limit:?}"
        );
        let of_the_same = |entry: &&Entry| {
            entry.meeting().is_some() && chronicle.process(entry.seq).1 == chronicle.process(limit.seq).1
        };
        let since = world.log().since(limit.seq);
        let hasty = since
            .filter(of_the_same)
            .find(|entry| entry.at.duration_since(limit.at) < patience);
        assert!(hasty.is_none(), "P13: Zoom asked to wait: {hasty:?}");
    }
}

/// No date of the series but those that somebody touched is anywhere else than it was, whatever was under way.
pub(super) fn untouched_dates(world: &World, calendar: &Calendar) {
    let series = world.meeting(calendar.series.meeting).unwrap();
    for date in &series.occurrences {
        let original = Timestamp::from_millisecond(date.id.parse().unwrap()).unwrap();
        let untouched = !calendar.series.dates.contains_key(&original);
        if untouched {
            let stays = !date.deleted && date.start == original;
            assert!(stays, "P4: nobody touched the date of {original}: {date:?}");
        }
    }
}

/// In the end every meeting equals its event.
pub(super) fn in_step(world: &World, calendar: &Calendar) {
    for (event, meeting) in &calendar.events {
        let found = world.meeting(*meeting).unwrap();
        let is = Wanted {
            topic: found.topic.clone(),
            start: found.start.unwrap(),
            minutes: found.minutes,
        };
        assert!(stands(world, *meeting), "P3: the meeting of {event} is gone");
        assert_eq!(Some(&is), calendar.asked[meeting].last(), "P2: {event}");
        assert_eq!(found.time_zone, ZONE, "P2: {event}");
    }
    let series = world.meeting(calendar.series.meeting).unwrap();
    let topic = &calendar.asked[&series.id].last().unwrap().topic;
    assert_eq!(&series.topic, topic, "P2: the series");
    for (original, asked) in &calendar.series.dates {
        let mut dates = series.occurrences.iter();
        let date = dates.find(|date| date.id == original.as_millisecond().to_string());
        let is = date.filter(|date| !date.deleted).map(|date| date.start);
        assert_eq!(Some(&is), asked.last(), "P2: the date of {original}");
    }
    for meeting in calendar.cancelled.keys() {
        assert!(!stands(world, *meeting), "P5: the deletion of {meeting} was lost");
    }
    for (meeting, (_, why)) in &calendar.left_alone {
        assert!(stands(world, *meeting), "P3: {why}");
    }
}

/// Each event that a meeting was asked for has one, which it names, or is `waiting` for it.
pub(super) fn wishes(world: &World, calendar: &Calendar, waiting: &[String]) {
    for event in &calendar.wishes {
        let own = world.event(ANA, event).unwrap();
        let made = world.meetings().filter(|meeting| meeting.topic == own.summary());
        let made: Vec<String> = made.map(|meeting| meeting.id.to_string()).collect();
        let location = own.more.get("location").and_then(Value::as_str);
        match made.as_slice() {
            [] => assert!(waiting.contains(event), "P5: no meeting for {event}"),
            [one] => assert!(
                location.is_some_and(|location| location.contains(one)),
                "P5: {event} does not name its meeting {one}: {location:?}"
            ),
            _ => panic!("P5: several meetings for {event}: {made:?}"),
        }
    }
}
