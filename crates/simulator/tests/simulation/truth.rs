//! The truth: what every event points at, since when, and to which meetings it was ever bonded. Read from the
//! simulator's world after each deed, never from the engine.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use reconvene_simulator::World;
use reconvene_simulator::google::{Event, Role};
use serde_json::Value;

use crate::dates::Half;
use crate::dates::Version;
use crate::wanted::{Wanted, has_schedule};

/// One event as it is, and what it was.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) living: bool,
    /// The meeting it points at; of a cancelled one: pointed at to its end.
    pub(crate) meeting: Option<u64>,
    /// Its conference block names itself as the origin.
    pub(crate) names_itself: bool,
    /// Whether it has a conference block, and the event that this, or what an engine wrote, names.
    link: (bool, Option<String>),
    pub(crate) single: bool,
    /// Of a changed date: the series that it belongs to.
    pub(crate) series: Option<String>,
    pub(crate) organized: bool,
    /// Shown without details to those who may not see private events.
    pub(crate) private: bool,
    pub(crate) wanted: Option<Wanted>,
    /// Since when it lives and points there.
    pub(crate) linked_since: Timestamp,
    /// When it last stopped pointing at a meeting while it lived, and at which.
    pub(crate) unlinked: Vec<(u64, Timestamp)>,
    pub(crate) gone_since: Option<Timestamp>,
    pub(crate) lives_since: Timestamp,
    /// When its title, its time or the way it leads to its meeting last changed.
    pub(crate) edited: Timestamp,
}

/// Where an event pointed from some instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) since: Timestamp,
    pub(crate) living: bool,
    pub(crate) meeting: Option<u64>,
    /// Not over for so long that a calendar does not list it.
    pub(crate) listed: bool,
}

impl State {
    pub(crate) fn points_at(&self, meeting: u64) -> bool {
        self.living && self.meeting == Some(meeting)
    }
}

/// What of its events a calendar shows to those who may not see everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// When they are, and nothing else.
    Times,
    /// Everything of those that are not private.
    NotPrivate,
}

fn is_private(event: &Event) -> bool {
    event
        .more
        .get("visibility")
        .is_some_and(|visibility| visibility == "private")
}

/// Whether a calendar lists an event to whoever asks for what ends after `from`.
pub(crate) fn is_listed(event: &Event, from: Timestamp) -> bool {
    match event.is_series() {
        true => !event.starts(from.checked_sub(event.length()).ok(), 1).is_empty(),
        false => event.end.instant() > from,
    }
}

impl Row {
    /// Whether it is a series, or one half of one.
    pub(crate) fn is_series(&self) -> bool {
        !self.single && self.series.is_none()
    }

    pub(crate) fn points_at(&self, meeting: u64) -> bool {
        self.living && self.meeting == Some(meeting)
    }

    /// Whether it leads to its meeting by a link that says for which event the meeting is, whoever's event that may be.
    pub(crate) fn names_an_origin(&self) -> bool {
        self.link.1.is_some()
    }
}

pub(crate) type Key = (String, String);

/// Everything that is and was.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) rows: BTreeMap<Key, Row>,
    /// Every state that each event was in, the first one first.
    pub(crate) states: BTreeMap<Key, Vec<State>>,
    /// Everything that each event ever asked for, and since when.
    pub(crate) history: BTreeMap<Key, Vec<(Timestamp, Wanted)>>,
    /// By meeting: every event it was ever bonded to, by its id.
    pub(crate) bonds: BTreeMap<u64, BTreeSet<String>>,
    /// By meeting: everything that a bonded event ever asked of it.
    pub(crate) ever_wanted: BTreeMap<u64, BTreeSet<Wanted>>,
    /// By meeting, and by the id that both halves of a series share: what the series was, the last one as it is.
    pub(crate) series: BTreeMap<(u64, String), Vec<Version>>,
    /// By the id that both halves of a series share: what the series was, whatever it was bonded to.
    shapes: BTreeMap<String, Vec<Version>>,
    /// Meetings that a single event was ever bonded to.
    pub(crate) once: BTreeSet<u64>,
    /// Calendars that the person may only read.
    pub(crate) read_only: BTreeSet<String>,
    /// Calendars that show their private events, or all, without details.
    part_shown: BTreeMap<String, Part>,
    /// Whether the person is signed in as the one who owns those, too.
    pub(crate) owns_all: bool,
    /// Calendars that the person has lost.
    pub(crate) lost: BTreeSet<String>,
    /// Those, and the ones that came back.
    pub(crate) ever_lost: BTreeSet<String>,
    /// Whose events are, or what they are bonded to, changed: the series that ask something of a meeting may be others now.
    changed_hands: bool,
    seen: BTreeMap<Key, u64>,
    organizers: BTreeMap<Key, String>,
}

impl Truth {
    /// Takes in how the world is now.
    pub(crate) fn look(&mut self, world: &World) {
        let now = world.now();
        let mut of_series = std::mem::take(&mut self.changed_hands);
        for calendar in world.calendars() {
            for event in world.events(&calendar) {
                let key = (calendar.clone(), event.id.clone());
                if self.seen.get(&key) != Some(&event.revision) {
                    self.seen.insert(key.clone(), event.revision);
                    of_series |= event.is_series()
                        || event.recurring_event_id.is_some()
                        || self.rows.get(&key).is_some_and(Row::is_series);
                    self.take_in(key, &calendar, &event, now);
                }
            }
        }
        if self.bond(world) || of_series {
            self.take_in_series(world, now);
        }
    }

    /// Notes what the series are, and those that meetings are bonded to, where that changed.
    fn take_in_series(&mut self, world: &World, now: Timestamp) {
        let mut halves: BTreeMap<(u64, String), Vec<Half>> = BTreeMap::new();
        let mut shapes: BTreeMap<String, Vec<Half>> = BTreeMap::new();
        for (key, row) in self.rows.iter().filter(|(_, row)| row.is_series()) {
            let (true, Some(half)) = (row.living && row.organized, Half::of(world, key)) else {
                continue;
            };
            let base = base(&key.1).to_owned();
            if let Some(number) = row.meeting.filter(|number| self.bonded(*number, &key.1)) {
                let series = (number, base.clone());
                halves.entry(series).or_default().push(half.clone());
            }
            shapes.entry(base).or_default().push(half);
        }
        for (base, halves) in shapes {
            let versions = self.shapes.entry(base).or_default();
            if versions.last().is_none_or(|last| last.halves != halves) {
                versions.push(Version { since: now, halves });
            }
        }
        for (series, versions) in &mut self.series {
            if !halves.contains_key(series) && versions.last().is_some_and(|last| !last.halves.is_empty()) {
                halves.insert(series.clone(), Vec::new());
            }
        }
        for (series, halves) in halves {
            let versions = self.series.entry(series).or_default();
            if versions.last().is_none_or(|last| last.halves != halves) {
                versions.push(Version { since: now, halves });
            }
        }
    }

    /// Since when a series that is bonded to a meeting, or one half of it, lives on without any date ahead because the person
    /// cancelled the last ones or ended it; none when time brought the end.
    pub(crate) fn spent_since(&self, meeting: u64, id: &str, now: Timestamp) -> Option<Timestamp> {
        let versions = self.series.get(&(meeting, base(id).to_owned()))?;
        let over = |version: &&Version| !version.halves.is_empty() && version.is_over(version.since);
        // What somebody does to dates that are past changes nothing.
        let first = versions.iter().rev().take_while(over).last()?;
        versions.last()?.is_over(now).then_some(first.since)
    }

    /// The same, or since when dates were taken off it that would lie ahead now: those that were left may be over since.
    pub(crate) fn cut_short_since(&self, meeting: u64, id: &str, now: Timestamp) -> Option<Timestamp> {
        let versions = self.series.get(&(meeting, base(id).to_owned()))?;
        let cut = || {
            let before = versions.iter().rposition(|version| !version.is_over(now))?;
            let lives = versions.last().is_some_and(|last| !last.halves.is_empty());
            versions
                .get(before + 1)
                .filter(|_| lives)
                .map(|after| after.since)
        };
        self.spent_since(meeting, id, now).or_else(cut)
    }

    /// Every series that was ever bonded to a meeting, as it was from time to time.
    pub(crate) fn series_of(&self, meeting: u64) -> impl Iterator<Item = &Vec<Version>> {
        let of = (meeting, String::new())..(meeting + 1, String::new());
        self.series.range(of).map(|(_, versions)| versions)
    }

    /// The same, and what those series were before, or with another meeting.
    pub(crate) fn pasts_of(&self, meeting: u64) -> impl Iterator<Item = &Vec<Version>> {
        let known = move |base: &String| self.series.contains_key(&(meeting, base.clone()));
        let all = self.series.iter().filter(move |((_, base), _)| known(base));
        let shapes = self.shapes.iter().filter(move |(base, _)| known(base));
        all.map(|(_, versions)| versions)
            .chain(shapes.map(|(_, versions)| versions))
    }

    fn take_in(&mut self, key: Key, calendar: &str, event: &Event, now: Timestamp) {
        let (meeting, origin) = match self.part_shown.get(calendar) {
            Some(part) if *part == Part::Times || is_private(event) => (None, None),
            _ => conference(event),
        };
        // A locked copy speaks for nobody.
        let locked = event.more.get("locked") == Some(&Value::Bool(true));
        let organizer = if locked {
            String::new()
        } else {
            event.organizer.clone()
        };
        let mut row = Row {
            living: !event.is_cancelled(),
            meeting,
            // Both halves of a series that was split name the first one.
            names_itself: origin.as_ref().is_some_and(|origin| {
                *origin == event.id || (event.is_series() && base(origin) == base(&event.id))
            }),
            link: (event.conference().is_some(), origin),
            single: !event.is_series() && event.recurring_event_id.is_none(),
            series: event.recurring_event_id.clone(),
            organized: organizer == calendar && !self.read_only.contains(calendar),
            private: is_private(event),
            wanted: Wanted::of(event),
            linked_since: now,
            unlinked: Vec::new(),
            gone_since: event.is_cancelled().then_some(now),
            lives_since: now,
            edited: now,
        };
        // Carried to another calendar, an event is still the same.
        let mut elsewhere = (self.rows.iter()).filter(|((place, id), _)| *id == key.1 && *place != key.0);
        if let Some((_, same)) = elsewhere.find(|(_, other)| other.wanted == row.wanted) {
            row.edited = same.edited;
        }
        if let Some(before) = self.rows.get(&key) {
            row.unlinked.clone_from(&before.unlinked);
            if before.living && row.living {
                row.lives_since = before.lives_since;
                if before.meeting == row.meeting {
                    row.linked_since = before.linked_since;
                } else if let Some(left) = before.meeting {
                    row.unlinked.push((left, now));
                }
            }
            // The same meeting, linked in another way, is something that somebody did to the event as well.
            if before.wanted == row.wanted && before.link == row.link {
                row.edited = before.edited;
            }
            if !row.living {
                row.lives_since = before.lives_since;
                row.linked_since = before.linked_since;
                row.edited = before.edited;
            }
            if !before.living && !row.living {
                row.gone_since = before.gone_since;
            }
        }
        if let Some(wanted) = &row.wanted {
            let history = self.history.entry(key.clone()).or_default();
            if history.last().is_none_or(|(_, last)| last != wanted) {
                history.push((now, wanted.clone()));
            }
        }
        self.organizers.insert(key.clone(), organizer);
        let state = State {
            since: now,
            living: row.living,
            meeting: row.meeting.filter(|_| row.living),
            listed: row.living && is_listed(event, now - SignedDuration::from_hours(24)),
        };
        let states = self.states.entry(key.clone()).or_default();
        if states.last().is_none_or(|last| {
            (last.living, last.meeting, last.listed) != (state.living, state.meeting, state.listed)
        }) {
            states.push(state);
        }
        self.rows.insert(key, row);
    }

    /// A calendar may be only read from now on, or written to: whose its events are depends on that.
    pub(crate) fn may_be_read_only(&mut self, calendar: &str, read_only: bool, now: Timestamp) {
        let read_only = read_only && !self.owns_all;
        if self.read_only.contains(calendar) == read_only {
            // A machine that knows the calendar as one account alone takes its events for somebody else's meanwhile.
            let here = self.rows.iter_mut().filter(|((place, _), _)| place == calendar);
            for (_, row) in here.filter(|_| self.owns_all) {
                row.linked_since = now;
            }
            return;
        }
        self.changed_hands = true;
        match read_only {
            true => self.read_only.insert(calendar.to_owned()),
            false => self.read_only.remove(calendar),
        };
        for key in self.seen.keys().filter(|(place, _)| place == calendar) {
            if let Some(row) = self.rows.get_mut(key) {
                row.organized = !read_only && self.organizers.get(key) == Some(&key.0);
                row.linked_since = now;
            }
        }
    }

    /// What a calendar shows of its events, to somebody of that role.
    pub(crate) fn shown_in_part(&mut self, calendar: &str, role: Role) {
        let part = match role {
            Role::FreeBusyReader => Some(Part::Times),
            Role::Reader | Role::WriterWithoutPrivateAccess => Some(Part::NotPrivate),
            Role::Writer | Role::Owner => None,
        };
        let part = part.filter(|_| !self.owns_all);
        if self.part_shown.get(calendar).copied() == part {
            return;
        }
        let known = self
            .rows
            .iter()
            .filter(|((place, _), row)| place == calendar && row.private);
        for (key, _) in known {
            self.seen.remove(key);
        }
        match part {
            Some(part) => drop(self.part_shown.insert(calendar.to_owned(), part)),
            None => drop(self.part_shown.remove(calendar)),
        }
    }

    /// What the person may only read as one account, they own as another.
    pub(crate) fn the_owner_came(&mut self, now: Timestamp) {
        self.owns_all = true;
        for (calendar, part) in std::mem::take(&mut self.part_shown) {
            let rows = &self.rows;
            let hidden = |key: &Key| part == Part::Times || rows.get(key).is_some_and(|row| row.private);
            self.seen.retain(|key, _| key.0 != calendar || !hidden(key));
        }
        for calendar in self.read_only.clone() {
            self.may_be_read_only(&calendar, false, now);
        }
    }

    /// The clock was set, back, and everything that was moves along.
    pub(crate) fn clock_set_back(&mut self, by: SignedDuration) {
        for row in self.rows.values_mut() {
            row.linked_since += by;
            row.lives_since += by;
            row.edited += by;
            row.gone_since = row.gone_since.map(|since| since + by);
            for (_, at) in &mut row.unlinked {
                *at += by;
            }
        }
        for state in self.states.values_mut().flatten() {
            state.since += by;
        }
        for (at, _) in self.history.values_mut().flatten() {
            *at += by;
        }
        for version in self.series.values_mut().chain(self.shapes.values_mut()).flatten() {
            version.since += by;
        }
    }

    /// Whether an event points at a meeting and lives; a changed date lives with its series.
    pub(crate) fn points_at(&self, (calendar, _): &Key, row: &Row, meeting: u64) -> bool {
        let series_lives = |series: &String| {
            let master = self.rows.get(&(calendar.clone(), series.clone()));
            master.is_none_or(|master| master.living)
        };
        row.points_at(meeting) && row.series.as_ref().is_none_or(series_lives)
    }

    /// Whether any event ever pointed at a meeting.
    pub(crate) fn ever_pointed_at(&self, meeting: u64) -> bool {
        let mut states = self.states.values().flatten();
        states.any(|state| state.meeting == Some(meeting))
    }

    /// Whether no event but this one ever pointed at a meeting.
    pub(crate) fn is_alone_in(&self, meeting: u64, event: &Key) -> bool {
        let mut others = self.states.iter().filter(|(key, _)| *key != event);
        !others.any(|(_, states)| states.iter().any(|state| state.meeting == Some(meeting)))
    }

    /// Meetings of which an event ever went, or a series ever lost its last date.
    pub(crate) fn ever_left_behind(&self) -> BTreeSet<u64> {
        // A date that is cancelled leaves its series there.
        let is_date = |key: &Key| self.rows.get(key).is_some_and(|row| row.series.is_some());
        let gone = |states: &[State]| states.iter().any(|state| !state.living);
        let whole = self.states.iter().filter(|(key, _)| !is_date(key));
        let went = whole.filter(|(_, states)| gone(states)).map(|(_, states)| states);
        let spent = self.series.iter().filter(|(_, versions)| {
            let mut asking = versions.iter().filter(|version| !version.halves.is_empty());
            asking.any(|version| version.is_over(version.since))
        });
        let left = went.flatten().filter_map(|state| state.meeting);
        left.chain(spent.map(|((meeting, _), _)| *meeting)).collect()
    }

    /// Bonds what proves to belong together; true when a series is among it that was not before.
    fn bond(&mut self, world: &World) -> bool {
        let now = world.now();
        let mut new_series = false;
        for (key, row) in &self.rows {
            let id = &key.1;
            let (true, Some(number), Some(wanted)) = (row.living && row.organized, row.meeting, &row.wanted)
            else {
                continue;
            };
            let agrees = || {
                world.meeting(number).is_some_and(|meeting| {
                    let next = || Half::of(world, key).is_some_and(|half| half.next_agrees(meeting, now));
                    has_schedule(meeting)
                        && !wanted.topic.trim().is_empty()
                        && meeting.topic.trim() == wanted.cut_topic()
                        && (meeting.start == Some(wanted.start) || (row.is_series() && next()))
                })
            };
            let bonds = self.bonds.entry(number).or_default();
            // What is split off a series goes on with its meeting.
            let by_half = || row.is_series() && bonds.iter().any(|bond| base(bond) == base(id));
            // A changed date is its series' business.
            let by_series = row.series.as_ref().is_some_and(|series| bonds.contains(series));
            if !by_series && (row.names_itself || bonds.contains(id) || by_half() || agrees()) {
                new_series |= bonds.insert(id.clone()) && row.is_series();
                if row.single {
                    self.once.insert(number);
                }
                let asked = self.ever_wanted.entry(number).or_default();
                if !asked.contains(wanted) {
                    asked.insert(wanted.clone());
                }
            }
        }
        new_series
    }

    /// The person said which events a meeting was made for.
    pub(crate) fn bonded_by_hand(&mut self, meeting: u64, events: impl Iterator<Item = String>) {
        let events: Vec<String> = events.collect();
        // A series on a calendar that was lost since is bonded as it was known.
        for base in events.iter().map(|id| base(id).to_owned()) {
            if self.shapes.contains_key(&base) {
                self.series.entry((meeting, base)).or_default();
            }
        }
        self.bonds.entry(meeting).or_default().extend(events);
        self.changed_hands = true;
    }

    /// Whether an event was organized on the calendar where it is, whoever may write there by now.
    pub(crate) fn is_its_own(&self, key: &Key) -> bool {
        self.organizers.get(key) == Some(&key.0)
    }

    pub(crate) fn bonded(&self, meeting: u64, event: &str) -> bool {
        self.bonds
            .get(&meeting)
            .is_some_and(|events| events.contains(event))
    }

    /// Every row of an event, on whichever calendar.
    pub(crate) fn of_event<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (&'a Key, &'a Row)> {
        self.rows.iter().filter(move |((_, event), _)| event == id)
    }
}

/// An id without what Google adds to the second half of a series that was split.
fn base(id: &str) -> &str {
    id.split_once("_R").map_or(id, |(base, _)| base)
}

/// The meeting number an event points at, and the event that its block names as its origin.
pub(crate) fn conference(event: &Event) -> (Option<u64>, Option<String>) {
    let text = |name: &str| event.more.get(name).and_then(Value::as_str).and_then(number_in);
    let written = || text("location").or_else(|| text("description"));
    // Beside a link that an engine wrote it says for which event, as long as the link is that one.
    let own = |number: Option<u64>| {
        let property = |name: &str| {
            let private = event.more.get("extendedProperties")?.get("private")?;
            private.get(name)?.as_str().map(str::to_owned)
        };
        let named = property("reconvene-meeting").and_then(|named| named.parse().ok());
        let origin = property("reconvene-event").filter(|_| number.is_some() && named == number);
        (number, origin)
    };
    let Some(block) = event.conference() else {
        return own(written());
    };
    match block
        .pointer("/conferenceSolution/key/type")
        .and_then(Value::as_str)
    {
        Some("addOn") => {
            let video = block.pointer("/entryPoints/0/uri").and_then(Value::as_str);
            let origin = block.pointer("/parameters/addOnParameters/parameters/originalEventId");
            (
                video.and_then(number_in),
                origin.and_then(Value::as_str).map(str::to_owned),
            )
        }
        _ => own(written()),
    }
}

pub(crate) fn number_in(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("zoom.us/j/")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
