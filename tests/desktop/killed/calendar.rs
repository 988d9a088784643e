//! What people do in the calendar, and what each meeting has to equal because of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use reconvene_simulator::hands::{Moment, NewConference, NewEvent};
use reconvene_simulator::scenario::{ANA, BEN};
use reconvene_simulator::{Hand, Simulator};
use serde_json::{Map, Value, json};

use crate::app::number;

/// More deletions that come due together than this are held.
pub(super) const TOGETHER: usize = 2;
/// The series takes place so often.
const DATES: u16 = 10;

/// What Zoom has to equal for one meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) topic: String,
    pub(super) start: Timestamp,
    pub(super) minutes: u32,
}

impl Wanted {
    /// Whether it asks for such a value of one of Zoom's fields.
    pub(super) fn holds(&self, name: &str, value: &Value) -> bool {
        match name {
            "topic" => value == self.topic.as_str(),
            "start_time" => at(value) == Some(self.start),
            "duration" => value == self.minutes,
            _ => false,
        }
    }
}

/// An instant as Zoom's requests name it.
pub(super) fn at(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// What was asked for, each from a request in the log on.
#[derive(Debug)]
pub(super) struct Asked<T>(Vec<(u64, T)>);

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Asked<T> {
    fn ask(&mut self, since: u64, what: T) {
        if self.last() != Some(&what) {
            self.0.push((since, what));
        }
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.0.first().map(|(_, what)| what)
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.0.last().map(|(_, what)| what)
    }

    /// What was asked for when a request came.
    pub(super) fn when(&self, request: u64) -> Option<&T> {
        let before = self.0.iter().rev().find(|(since, _)| *since < request);
        before.map(|(_, what)| what)
    }
}

/// A daily series, of which single dates are moved and cancelled.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) event: String,
    pub(super) meeting: u64,
    /// By their original starts, when those that somebody touched are to take place; none when they are cancelled.
    pub(super) dates: BTreeMap<Timestamp, Asked<Option<Timestamp>>>,
    /// Those that nobody touched yet.
    pub(super) untouched: Vec<Timestamp>,
}

pub(super) struct Calendar {
    simulator: Simulator,
    chance: ChaCha8Rng,
    titles: u32,
    /// Single events that live, with their meetings.
    pub(super) events: BTreeMap<String, u64>,
    /// Those of them that the first installation saw alive. What it never knew is none of its business when it is cancelled.
    pub(super) seen: BTreeSet<String>,
    /// Meetings, with their events that were cancelled.
    pub(super) cancelled: BTreeMap<u64, String>,
    /// Those among them whose events were cancelled together.
    pub(super) together: BTreeSet<u64>,
    /// What the events ever asked of their meetings.
    pub(super) asked: BTreeMap<u64, Asked<Wanted>>,
    pub(super) series: Series,
    /// Meetings that are to be left alone, from a request in the log on, and why.
    pub(super) left_alone: BTreeMap<u64, (u64, &'static str)>,
    /// Calendars and events that point at such meetings.
    tempting: Vec<(&'static str, String)>,
    /// The event whose meeting another one, which lives, shares.
    pub(super) shared: String,
    /// The event that nobody understands.
    pub(super) riddle: String,
    /// Events that have no meeting until one is asked for.
    pub(super) wishes: BTreeSet<String>,
}

impl Calendar {
    pub(super) fn fill(simulator: Simulator, seed: u64) -> Self {
        let mut calendar = Self {
            simulator,
            chance: ChaCha8Rng::seed_from_u64(seed),
            titles: 0,
            events: BTreeMap::new(),
            seen: BTreeSet::new(),
            cancelled: BTreeMap::new(),
            together: BTreeSet::new(),
            asked: BTreeMap::new(),
            series: Series::default(),
            left_alone: BTreeMap::new(),
            tempting: Vec::new(),
            shared: String::new(),
            riddle: String::new(),
            wishes: BTreeSet::new(),
        };
        for _ in 0..7 {
            calendar.add();
        }
        calendar.riddle = calendar.add();
        calendar.repeat();
        calendar.share();
        calendar.lead_astray();
        for _ in 0..2 {
            let event = calendar.create(NewConference::None);
            calendar.wishes.insert(event);
        }
        calendar.note();
        calendar
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        u64::from(self.chance.next_u32()) % bound
    }

    fn title(&mut self) -> String {
        self.titles += 1;
        format!("Title {}", self.titles)
    }

    /// Some full second within the next fortnight.
    fn some_time(&mut self) -> Timestamp {
        let hours = 24 + i64::try_from(self.below(300)).unwrap();
        let then = self.simulator.with(|world| world.now()) + SignedDuration::from_hours(hours);
        Timestamp::from_second(then.as_second()).unwrap()
    }

    fn hand(&self, hand: Hand) -> String {
        self.simulator.hand(hand).unwrap()
    }

    fn create(&mut self, conference: NewConference) -> String {
        let (title, start) = (self.title(), self.some_time());
        let new = NewEvent {
            conference,
            ..NewEvent::new(ANA, &title, Moment::At(start))
        };
        self.hand(Hand::AddEvent(Box::new(new)))
    }

    /// An event with a meeting that was made for it.
    fn add(&mut self) -> String {
        let event = self.create(NewConference::ZoomAddOn(ANA.to_owned()));
        let meeting = self.simulator.with(|world| number(world, &event));
        self.events.insert(event.clone(), meeting);
        event
    }

    fn repeat(&mut self) {
        let (title, start) = (self.title(), self.some_time());
        let new = NewEvent {
            recurrence: vec![format!("RRULE:FREQ=DAILY;COUNT={DATES}")],
            conference: NewConference::ZoomAddOn(ANA.to_owned()),
            ..NewEvent::new(ANA, &title, Moment::At(start))
        };
        let event = self.hand(Hand::AddEvent(Box::new(new)));
        self.simulator.with(|world| {
            self.series.meeting = number(world, &event);
            let meeting = world.meeting(self.series.meeting).unwrap();
            self.series.untouched = meeting.occurrences.iter().map(|date| date.start).collect();
        });
        assert_eq!(self.series.untouched.len(), usize::from(DATES));
        self.series.event = event;
    }

    /// Two events with one meeting: it was made for the first, and the second is a copy.
    fn share(&mut self) {
        self.shared = self.add();
        let start = Moment::At(self.some_time());
        let copy = self.hand(Hand::CopyEvent {
            calendar: ANA.to_owned(),
            event: self.shared.clone(),
            to: None,
            start: Some(start),
        });
        self.tempting.push((ANA, copy));
    }

    /// Events whose meetings are not to follow them.
    fn lead_astray(&mut self) {
        let hosted = self.create(NewConference::ZoomAddOn(BEN.to_owned()));
        let start = Moment::At(self.some_time());
        let invited = NewEvent {
            conference: NewConference::ZoomAddOn(ANA.to_owned()),
            guests: vec![ANA.to_owned()],
            ..NewEvent::new(BEN, "Of Ben's, in a meeting of Ana's", start)
        };
        let invited = self.hand(Hand::AddEvent(Box::new(invited)));
        let (not_hosted, not_organized, room) = self.simulator.with(|world| {
            let room = world.meetings().find(|meeting| meeting.kind == 4).unwrap().id;
            (number(world, &hosted), number(world, &invited), room)
        });
        self.left_alone.extend([
            (not_hosted, (0, "somebody else hosts it")),
            (not_organized, (0, "somebody else organizes its event")),
            (room, (0, "it is a personal room")),
        ]);
        self.tempting
            .extend([(ANA, hosted), (BEN, invited), (ANA, "office00".to_owned())]);
    }

    /// Takes in what the events ask for now.
    pub(super) fn note(&mut self) {
        let series = [(&self.series.event, &self.series.meeting)];
        for (event, meeting) in self.events.iter().chain(series) {
            if *event == self.riddle {
                // It asks for what it asked for before.
                if self.asked.contains_key(meeting) {
                    continue;
                }
            }
            self.simulator.with(|world| {
                let since = world.log().entries().last().map_or(0, |entry| entry.seq);
                let event = world.event(ANA, event).unwrap();
                let wanted = Wanted {
                    topic: event.summary().to_owned(),
                    start: event.start.instant(),
                    minutes: u32::try_from(event.length().as_mins()).unwrap(),
                };
                self.asked.entry(*meeting).or_default().ask(since, wanted);
            });
        }
    }

    /// The first installation has on its disk what lives now.
    pub(super) fn is_seen(&mut self) {
        self.seen.extend(self.events.keys().cloned());
    }

    /// Somebody does one thing in the calendar.
    pub(super) fn edit(&mut self) {
        match self.below(12) {
            0 | 1 => self.cancel(),
            2 | 3 => drop(self.add()),
            4 | 5 => self.touch_a_date(),
            6 => self.edit_what_is_not_to_be_followed(),
            7 => self.rename(ANA, &self.series.event.clone()),
            _ => {
                let event = self.some_event();
                self.edit_event(ANA, event);
            }
        }
        self.note();
    }

    /// A single event that lives and was seen, and is no riddle.
    fn some_event(&mut self) -> String {
        let plain = |event: &&String| **event != self.riddle && self.seen.contains(*event);
        let plain: Vec<String> = self.events.keys().filter(plain).cloned().collect();
        plain[self.below(plain.len() as u64) as usize].clone()
    }

    pub(super) fn rename(&mut self, calendar: &str, event: &str) {
        let title = self.title();
        self.hand(Hand::RenameEvent {
            calendar: calendar.to_owned(),
            event: event.to_owned(),
            title,
        });
        self.note();
    }

    /// Some event that is to be followed gets another title, so that something is to be done.
    pub(super) fn rename_one(&mut self) {
        let event = self.some_event();
        self.rename(ANA, &event);
    }

    fn edit_event(&mut self, calendar: &str, event: String) {
        let calendar = calendar.to_owned();
        match self.below(3) {
            0 => self.rename(&calendar, &event),
            1 => {
                let start = Moment::At(self.some_time());
                self.hand(Hand::MoveEvent {
                    calendar,
                    event,
                    start,
                    end: None,
                });
            }
            _ => {
                let minutes = 10 + u32::try_from(self.below(100)).unwrap();
                self.hand(Hand::ResizeEvent {
                    calendar,
                    event,
                    minutes,
                });
            }
        }
    }

    pub(super) fn some_wish(&mut self) -> String {
        let at = self.below(self.wishes.len() as u64);
        self.wishes.iter().nth(at as usize).unwrap().clone()
    }

    /// Whatever points at a meeting that is not to follow it gets another title.
    pub(super) fn tempt(&mut self) {
        for (calendar, event) in self.tempting.clone() {
            self.rename(calendar, &event);
        }
    }

    fn edit_what_is_not_to_be_followed(&mut self) {
        let at = self.below(self.tempting.len() as u64);
        let (calendar, event) = self.tempting[at as usize].clone();
        self.edit_event(calendar, event);
    }

    /// One date of the series is put off, or cancelled.
    fn touch_a_date(&mut self) {
        // A date that is left keeps the series alive.
        if self.series.untouched.len() < 3 {
            return;
        }
        let at = self.below(self.series.untouched.len() as u64);
        let date = self.series.untouched.remove(at as usize);
        let calendar = ANA.to_owned();
        let series = self.simulator.with(|world| world.event(ANA, &self.series.event));
        let event = series.unwrap().occurrence_id(date);
        let then = match self.below(3) {
            0 => {
                self.hand(Hand::CancelEvent { calendar, event });
                None
            }
            _ => {
                let later = date + SignedDuration::from_mins(30 * (1 + self.below(20) as i64));
                self.hand(Hand::MoveEvent {
                    calendar,
                    event,
                    start: Moment::At(later),
                    end: None,
                });
                Some(later)
            }
        };
        let since = self.last_request();
        self.series.dates.entry(date).or_default().ask(since, then);
    }

    fn cancel(&mut self) {
        let seen = self.events.keys().filter(|event| self.seen.contains(*event));
        if seen.count() > TOGETHER + 5 && self.deletions_due() < TOGETHER {
            let event = self.some_event();
            self.cancel_event(&event);
        }
    }

    fn cancel_event(&mut self, event: &str) {
        self.hand(Hand::CancelEvent {
            calendar: ANA.to_owned(),
            event: event.to_owned(),
        });
        let meeting = self.events.remove(event).unwrap();
        match event == self.shared {
            true => {
                let since = self.last_request();
                self.left_alone
                    .insert(meeting, (since, "an event that lives shares it"));
            }
            false => drop(self.cancelled.insert(meeting, event.to_owned())),
        }
    }

    /// How many meetings are to be deleted and were not yet.
    pub(super) fn deletions_due(&self) -> usize {
        let stands = |number: u64| self.simulator.with(|world| stands(world, number));
        self.cancelled.keys().filter(|number| stands(**number)).count()
    }

    /// More events are cancelled at once than anybody cancels by intent, and some whose meetings are to be left alone.
    pub(super) fn cancel_many(&mut self) {
        if self.events.contains_key(&self.shared) {
            self.cancel_event(&self.shared.clone());
        }
        for _ in 0..=TOGETHER {
            let event = self.some_event();
            self.together.insert(self.events[&event]);
            self.cancel_event(&event);
        }
        // The copy lives on.
        for (calendar, event) in self.tempting.drain(1..) {
            let calendar = calendar.to_owned();
            self.simulator
                .hand(Hand::CancelEvent { calendar, event })
                .unwrap();
        }
    }

    /// The event is described in a way that nobody understands from now on, and changed besides.
    pub(super) fn pose_riddle(&mut self) {
        self.write_on_riddle(json!({"start": {"dateTime": 7}, "summary": "A riddle"}));
    }

    /// It is described as before, and asks for what it was changed to.
    pub(super) fn solve_riddle(&mut self) {
        self.write_on_riddle(json!({"start": null}));
        self.riddle.clear();
        self.note();
    }

    fn write_on_riddle(&self, fields: Value) {
        let fields: Map<String, Value> = serde_json::from_value(fields).unwrap();
        self.hand(Hand::WriteFields {
            calendar: ANA.to_owned(),
            event: self.riddle.clone(),
            fields,
        });
    }

    pub(super) fn last_request(&self) -> u64 {
        self.simulator
            .with(|world| world.log().entries().last().map_or(0, |entry| entry.seq))
    }
}

/// Whether Zoom has a meeting, and not in the trash.
pub(super) fn stands(world: &reconvene_simulator::World, meeting: u64) -> bool {
    world
        .meeting(meeting)
        .is_some_and(|meeting| meeting.trashed.is_none())
}
