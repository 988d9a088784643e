//! The safety promises, checked at every request: what an engine sends is held against the truth, what it was told,
//! and what the person said.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use reconvene_simulator::zoom::Meeting;
use reconvene_simulator::{Entry, Service, World};
use secrecy::{ExposeSecret, SecretString};

use crate::allowance::Allowance;
use crate::asked::one_date;
use crate::dates::Half;
use crate::history::Broken;
use crate::knowledge::{Knowledge, Story};
use crate::making::OnEvent;
use crate::run::WORK;
use crate::shown::Failures;
use crate::truth::{Key, Row, State, Truth, is_listed};
use crate::wanted::has_schedule;
use crate::word::{Former, Word};

/// Which of the person's machines.
pub(crate) type Machine = usize;

/// What a meeting's reading told an engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) at: Timestamp,
    pub(crate) revision: u64,
    /// What the meeting was when it was read right before: a preview and an attempt may read it side by side.
    before: u64,
    /// The machine wrote to it since.
    used: bool,
}

/// So soon one after the other.
const SIDE_BY_SIDE: SignedDuration = SignedDuration::from_secs(1);

impl Reading {
    /// Whether a meeting is as it was read.
    pub(crate) fn still_tells(self, meeting: &Meeting) -> bool {
        self.revision == meeting.revision && self.before == meeting.revision
    }
}

/// A wait that a service asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    told: Timestamp,
    until: Timestamp,
}

#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) truth: Truth,
    pub(crate) broken: BTreeSet<Broken>,
    /// Google's ids of the calendars that the person ticked, by machine, and since when.
    pub(crate) ticked: BTreeMap<(Machine, String), Timestamp>,
    pub(crate) known: Knowledge,
    pub(crate) word: Word,
    /// How many changes were sent to Zoom.
    pub(crate) allowance: Allowance,
    /// Deletions that the person agreed to.
    pub(crate) approved: BTreeSet<u64>,
    /// Meetings that the person said to leave alone, and since when.
    pub(crate) left_alone: BTreeMap<(Machine, u64), Timestamp>,
    /// The same, said before their calendar was unticked.
    pub(crate) perhaps_left: BTreeSet<(Machine, u64)>,
    /// Meetings that an event on a calendar pointed at which was unticked since: they are kept, come what may.
    pub(crate) let_go: BTreeSet<u64>,
    /// Meetings whose event, calendar or account stays bad to the end.
    pub(crate) beyond: BTreeSet<u64>,
    /// Dates that somebody cancelled at Zoom, by Zoom's ids.
    pub(crate) cancelled_at_zoom: BTreeSet<(u64, String)>,
    /// Dates that somebody moved at Zoom, by Zoom's ids.
    pub(crate) moved_at_zoom: BTreeSet<(u64, String)>,
    /// Meetings that somebody made to repeat in another way at Zoom.
    pub(crate) repeated_at_zoom: BTreeSet<u64>,
    /// Meetings changed at Zoom directly, and when last.
    pub(crate) drifted: BTreeMap<u64, Timestamp>,
    /// When every machine was last told to look at each meeting.
    pub(crate) looked: Option<Timestamp>,
    /// Meetings that an engine wrote on an event.
    pub(crate) offered: BTreeSet<u64>,
    /// Which machine deleted a meeting.
    pub(crate) deleted_by: BTreeMap<u64, Machine>,
    pub(crate) grace: SignedDuration,
    pub(crate) mass_limit: usize,
    /// Whether lists of events come on several pages.
    pub(crate) paged: bool,
    /// Whether waits learnt just now may be forgotten, because the disk is full.
    pub(crate) disk_full: bool,
    /// The latest that it ever was, by a clock that was then set back: what was over by then need not come back.
    pub(crate) latest: Option<Timestamp>,
    /// Every access token that was sent.
    pub(crate) bearers: Vec<SecretString>,
    pub(crate) readings: BTreeMap<(Machine, u64), Reading>,
    pub(crate) waits: BTreeMap<(Machine, Service, String), Wait>,
    pub(crate) writing: BTreeMap<Machine, u32>,
    pub(crate) failures: Failures,
    pub(crate) unasked_deletions: Vec<(Machine, Timestamp)>,
}

/// One request as it arrives at the service.
pub(crate) struct Arrival<'a> {
    pub(crate) machine: Machine,
    /// When the engine began to send it.
    pub(crate) begun: Timestamp,
    /// The meeting that it names, as it was before.
    pub(crate) before: Option<&'a Meeting>,
    /// Why it must not be deleted, judged when the request arrived.
    pub(crate) doubt: Option<String>,
    /// The event that it writes on.
    pub(crate) on_event: Option<OnEvent>,
}

impl Ledger {
    pub(crate) fn break_promise(&mut self, promise: &'static str, how: String) {
        self.broken.insert(Broken { promise, how });
    }

    pub(crate) fn saw_bearer(&mut self, header: &HeaderValue) {
        let token = header.to_str().unwrap_or_default().trim_start_matches("Bearer ");
        if self
            .bearers
            .last()
            .is_none_or(|last| last.expose_secret() != token)
            && !self.bearers.iter().any(|known| known.expose_secret() == token)
        {
            self.bearers.push(token.to_owned().into());
        }
    }

    /// The clock was set back from `before`, and everything that was moves along.
    pub(crate) fn clock_set_back(&mut self, before: Timestamp, by: SignedDuration) {
        self.latest = self.latest.max(Some(before));
        self.waits.clear();
        self.failures.clock_set_back(by);
        self.truth.clock_set_back(by);
        self.known.clock_set_back(by);
        self.word.clock_set_back(by);
        for reading in self.readings.values_mut() {
            reading.at += by;
        }
        for (_, at) in &mut self.unasked_deletions {
            *at += by;
        }
        for since in self
            .ticked
            .values_mut()
            .chain(self.left_alone.values_mut())
            .chain(self.drifted.values_mut())
        {
            *since += by;
        }
    }

    /// When a meeting was last changed at Zoom, if not every machine must have seen that.
    pub(crate) fn unseen_drift(&self, number: u64) -> Option<Timestamp> {
        let last = self.drifted.get(&number).copied();
        last.filter(|at| self.looked.is_none_or(|looked| looked <= *at))
    }

    /// Whether a machine reads a calendar with an event that points at a meeting.
    pub(crate) fn is_reached(&self, machine: Machine, number: u64) -> bool {
        let mut rows = self.truth.rows.iter();
        rows.any(|((place, _), row)| {
            let ever = row.meeting == Some(number) || row.unlinked.iter().any(|(left, _)| *left == number);
            ever && self.ticked.contains_key(&(machine, place.clone()))
        })
    }

    /// Whether the person said of a meeting, at any time, what may keep it from being deleted.
    pub(crate) fn is_spared(&self, machine: Machine, number: u64) -> bool {
        self.left_alone.contains_key(&(machine, number))
            || self.word.unbonded.contains_key(&(machine, number))
            || self.let_go.contains(&number)
            || self.beyond.contains(&number)
    }

    /// A machine reads a meeting.
    pub(crate) fn reads(&mut self, arrival: &Arrival<'_>, meeting: &Meeting) {
        let key = (arrival.machine, meeting.id);
        let before = self.readings.get(&key);
        let just_before =
            before.filter(|before| !before.used && arrival.begun.duration_since(before.at) < SIDE_BY_SIDE);
        let reading = Reading {
            at: arrival.begun,
            revision: meeting.revision,
            before: just_before.map_or(meeting.revision, |before| before.revision),
            used: false,
        };
        self.readings.insert(key, reading);
    }

    pub(crate) fn begin_write(&mut self, machine: Machine) {
        let under_way = self.writing.entry(machine).or_default();
        *under_way += 1;
        if *under_way > 1 {
            self.break_promise("P13", "two writes to one host at a time".to_owned());
        }
    }

    pub(crate) fn end_write(&mut self, machine: Machine) {
        if let Some(under_way) = self.writing.get_mut(&machine) {
            *under_way = under_way.saturating_sub(1);
        }
    }

    /// A process ended: what it was just told is not known to its successor.
    pub(crate) fn killed(&mut self, machine: Machine, now: Timestamp) {
        self.writing.remove(&machine);
        self.failures.killed(machine, now);
        self.forget_fresh_waits(machine, now);
        self.allowance.begin_anew(machine);
    }

    pub(crate) fn forget_fresh_waits(&mut self, machine: Machine, now: Timestamp) {
        let fresh = SignedDuration::from_secs(1);
        self.waits
            .retain(|(of, _, _), wait| *of != machine || now.duration_since(wait.told) > fresh);
    }

    /// A new sign-in begins with a clean slate.
    pub(crate) fn signed_in(&mut self, machine: Machine) {
        self.waits.retain(|(of, _, _), _| *of != machine);
        self.failures.begin_anew(machine);
        self.allowance.begin_anew(machine);
        self.word.agreed.remove(&machine);
    }

    /// A request reached its service, which did with it what `entry` says.
    pub(crate) fn arrived(&mut self, world: &World, arrival: &Arrival<'_>, entry: &Entry) {
        self.obeys_waits(arrival, entry);
        if matches!(entry.operation.as_str(), "meetings.create" | "meetings.update")
            && let Some(how) = self.allowance.sent(arrival.machine, entry)
        {
            self.break_promise("P13", how);
        }
        match entry.operation.as_str() {
            "calendar.events.get" => {
                if let Some(id) = entry.path.rsplit('/').next() {
                    let sheet = (arrival.machine, id.to_owned());
                    self.word.sheets.insert(sheet, arrival.begun);
                }
            }
            "meetings.create" => self.creation(world, arrival, entry),
            "meetings.list" if entry.status == 200 => self.list_read(world, arrival),
            _ if entry.service == Service::Google && entry.is_write() => {
                self.calendar_write(world, arrival, entry);
            }
            _ => {}
        }
        let Some(number) = entry.meeting().filter(|_| entry.service == Service::Zoom) else {
            return;
        };
        match entry.method.as_str() {
            "GET" => {
                if let Some(meeting) = arrival.before.filter(|_| entry.status == 200) {
                    self.reads(arrival, meeting);
                    (self.word.read_as).insert((arrival.machine, number), Former::of(meeting));
                }
            }
            "PATCH" => self.update(world, arrival, entry, number),
            "DELETE" if one_date(entry) => self.cancellation(world, arrival, entry, number),
            "DELETE" => self.deletion(world, arrival, entry, number),
            "PUT" => self.recovery(arrival, entry, number),
            other => self.break_promise("P3", format!("{other} {}", entry.path)),
        }
        if entry.applied {
            self.no_fight(arrival.machine, number, entry.at);
            // A meeting that was just brought in step may now agree with one more event.
            self.truth.look(world);
        }
    }

    /// What every write must heed.
    pub(crate) fn write(
        &mut self,
        world: &World,
        arrival: &Arrival<'_>,
        entry: &Entry,
        number: u64,
    ) -> Option<Reading> {
        let what = format!("{} of {number}", entry.method);
        let meeting = arrival.before?;
        let Some(known) = self.readings.get_mut(&(arrival.machine, number)) else {
            self.break_promise("P5", format!("{what} without reading it first"));
            return None;
        };
        let reading = *known;
        known.used = true;
        let unchanged = reading.still_tells(meeting);
        if !has_schedule(meeting) {
            let how = format!(
                "{what}, which is of type {} or takes place in a room",
                meeting.kind
            );
            self.break_promise("P3", how);
        }
        let foreign = world
            .zoom_users()
            .any(|user| Some(&user.email) == entry.who.as_ref() && user.id != meeting.host_id);
        if unchanged && foreign {
            self.break_promise("P3", format!("{what}, which somebody else hosts"));
        }
        if unchanged && meeting.trashed.is_some() {
            self.break_promise("P5", format!("{what}, which was deleted already"));
        }
        if let Some(event) = self.riddle(arrival.machine, number, reading.at) {
            self.break_promise("P3", format!("{what}, whose event {event} nobody understands"));
        }
        self.heeds_word(arrival, entry, number);
        Some(reading)
    }

    /// An event of a meeting that was a riddle to a machine when it looked at the meeting.
    fn riddle(&self, machine: Machine, number: u64, looked: Timestamp) -> Option<String> {
        if self.word.undoing.contains(&(machine, number)) {
            return None;
        }
        let mut riddles = self.known.riddles.keys();
        let riddle = riddles.find(|key| {
            let place = (machine, key.0.clone());
            let row = self.truth.rows.get(key);
            // What is over says nothing any more.
            let ahead = |row: &Row| {
                row.is_series() || row.wanted.as_ref().is_some_and(|wanted| wanted.end() > looked)
            };
            let own = row.filter(|row| row.organized && row.points_at(number) && ahead(row));
            let since = self.known.puzzled_since(machine, key, looked);
            // What was not listed then nobody knew: it had come to no date, or never had one.
            let states = self.truth.states.get(key).map_or(&[][..], Vec::as_slice);
            // An unticked calendar takes its riddles along.
            let ticked = self.ticked.get(&place).copied();
            own.zip(since).is_some_and(|(row, since)| {
                ticked.is_some_and(|ticked| ticked <= since)
                    && self.known.seen_between(&place, row.linked_since, since)
                    && self.known.knew(&place, states, number, since)
            })
        });
        riddle.map(|key| key.1.clone())
    }

    pub(crate) fn quiet(&mut self, entry: &Entry, number: u64) {
        for flag in ["schedule_for_reminder", "cancel_meeting_reminder"] {
            if entry.param(flag) != Some("false") {
                self.break_promise("P9", format!("{number} deleted without {flag}=false"));
            }
        }
    }

    fn deletion(&mut self, world: &World, arrival: &Arrival<'_>, entry: &Entry, number: u64) {
        self.quiet(entry, number);
        self.write(world, arrival, entry, number);
        if !entry.applied {
            return;
        }
        self.deleted_by.insert(number, arrival.machine);
        if let Some(how) = &arrival.doubt {
            self.break_promise("P3", format!("{number} deleted: {how}"));
        }
        let undone = arrival.before.is_some_and(|meeting| self.is_unshown(meeting));
        if !self.approved.contains(&number) && !undone {
            let now = entry.at;
            let recent = SignedDuration::from_secs(5);
            self.unasked_deletions
                .retain(|(_, at)| now.duration_since(*at) <= recent);
            self.unasked_deletions.push((arrival.machine, now));
            let own = self
                .unasked_deletions
                .iter()
                .filter(|(machine, _)| *machine == arrival.machine);
            let count = own.count();
            // With a grace period longer than that, all of them were known when the first was carried out.
            if self.grace >= SignedDuration::from_secs(15) && count > self.mass_limit {
                self.break_promise("P8", format!("{count} meetings deleted together without asking"));
            }
        }
    }

    /// Why a meeting must not be deleted, judging by what was so when the engine last looked at it.
    pub(crate) fn why_not_delete(&self, world: &World, machine: Machine, number: u64) -> Option<String> {
        if world
            .meeting(number)
            .is_some_and(|meeting| self.is_unshown(meeting))
        {
            return None;
        }
        let looked = self.readings.get(&(machine, number))?.at;
        let settled = |since: Timestamp| since <= looked;
        let watched = |key: &Key| {
            self.ticked.contains_key(&(machine, key.0.clone())) && !self.truth.lost.contains(&key.0)
        };
        let recent = world.now() - SignedDuration::from_hours(24);
        // What is over for a day is not read any more; a series is over with its last date, also one that it was moved to.
        let over = |key: &Key, row: &Row| match Half::of(world, key).filter(|_| row.is_series()) {
            Some(half) => half.is_over(recent),
            None => (world.event(&key.0, &key.1)).is_none_or(|event| !is_listed(&event, recent)),
        };
        let now = world.now();
        let events = self.truth.bonds.get(&number);
        let at_home = |key: &Key| {
            let others = events.into_iter().flatten().filter(|id| **id != key.1);
            others
                .flat_map(|id| self.truth.of_event(id))
                .any(|(home, _)| (home.0 == WORK) == (key.0 == WORK))
        };
        let hidden = |key: &Key, since: Timestamp| {
            let place = (machine, key.0.clone());
            self.known.hidden(&place, !at_home(key), since, now)
        };
        // Of an event that nobody could read since, nobody knows that it was given the meeting.
        let riddle = |key: &Key, since: Timestamp| {
            let puzzled = self.known.puzzled_since(machine, key, now);
            puzzled.is_some_and(|puzzled| !self.known.seen_between(&(machine, key.0.clone()), since, puzzled))
        };
        // An engine takes back what it made and could not hand over. That somebody put the number on another event meanwhile
        // is known from that calendar's next pass on.
        let unoffered = world
            .meeting(number)
            .is_some_and(|meeting| self.is_unoffered(meeting));
        let untold = |key: &Key, since: Timestamp| {
            unoffered && !self.known.seen_between(&(machine, key.0.clone()), since, looked)
        };
        // No provider says what is left of a series without its last date, so its meeting goes as with a cancelled event.
        let spent = |id: &String| self.truth.cut_short_since(number, id, now);
        // A changed date lives, and ends, with its series.
        let since = |key: &Key, row: &Row| {
            let series = row.series.as_ref().map(|id| (key.0.clone(), id.clone()));
            let lives_since = series.and_then(|series| Some(self.truth.rows.get(&series)?.lives_since));
            row.linked_since.max(lives_since.unwrap_or(row.linked_since))
        };
        let live = self.truth.rows.iter().find(|(key, row)| {
            self.truth.points_at(key, row, number)
                && !over(key, row)
                && spent(row.series.as_ref().unwrap_or(&key.1)).is_none()
                && settled(since(key, row))
                && watched(key)
                && world.calendars().contains(&key.0)
                && !hidden(key, row.linked_since)
                && !riddle(key, row.linked_since)
                && !untold(key, row.linked_since)
        });
        if let Some((key, _)) = live {
            return Some(format!("the living event {} on {} points at it", key.1, key.0));
        }
        if unoffered {
            return None;
        }
        let Some(events) = events else {
            return Some("no event was ever bonded to it".to_owned());
        };
        let mut why = "no bonded event".to_owned();
        for id in events {
            let lives = |row: &Row| row.living && row.organized && settled(row.lives_since);
            let lost = |key: &Key| self.truth.lost.contains(&key.0);
            if let Some((key, _)) = self
                .truth
                .of_event(id)
                .find(|(key, row)| lives(row) && !lost(key))
            {
                match spent(id) {
                    Some(since) if now.duration_since(since) >= self.grace => return None,
                    _ => why = format!("its event {id} lives on {}", key.0),
                }
                continue;
            }
            match self.learnt_gone(machine, id, number) {
                None => why = format!("its event {id} had given it up before it was cancelled"),
                Some(since) if now.duration_since(since) < self.grace => {
                    why = format!("its event {id} was cancelled only at {since}");
                }
                Some(_) => return None,
            }
        }
        Some(why)
    }

    /// When the cancellation took place by which a machine knows that an event is gone which points at a meeting;
    /// `None` when it knew the event without the meeting before that.
    fn learnt_gone(&self, machine: Machine, event: &str, meeting: u64) -> Option<Timestamp> {
        let cancelled = |states: &[State]| {
            let gone = states.iter().find(|state| !state.living);
            gone.map(|state| state.since)
        };
        let mut stories: Vec<(Story, Option<Timestamp>, bool)> = (self.truth.states.iter())
            .filter(|((_, id), states)| id == event && states.iter().any(|state| state.points_at(meeting)))
            .map(|((calendar, id), states)| {
                let place = (machine, calendar.clone());
                let story = self.known.story(&place, id, states, meeting);
                (story, cancelled(states), self.ticked.contains_key(&place))
            })
            .collect();
        // Where it was never seen, its coming and going are not known.
        let pointed = stories.iter().any(|(story, ..)| story.pointed);
        if pointed {
            stories.retain(|(story, ..)| story.pointed);
        }
        if stories.iter().any(|(story, ..)| story.surely) {
            stories.retain(|(story, ..)| story.surely);
        }
        // Nor are they on a calendar that was unticked since, where others tell of it.
        if stories.iter().any(|(.., ticked)| *ticked) {
            stories.retain(|(.., ticked)| *ticked);
        }
        let gone = stories.iter().filter(|(story, ..)| !story.left);
        let gone = gone.filter_map(|(story, cancelled, _)| story.gone.or(*cancelled));
        match !pointed && self.offered.contains(&meeting) {
            // Whoever wrote it on the event knows where, and no other place.
            true => gone.min(),
            false => gone.max(),
        }
    }

    fn obeys_waits(&mut self, arrival: &Arrival<'_>, entry: &Entry) {
        let Some(who) = &entry.who else { return };
        let asks_who = ["/users/me", "/users/me/calendarList"];
        if self.word.welcoming.contains(&arrival.machine)
            && asks_who.iter().any(|path| entry.path.ends_with(path))
        {
            return;
        }
        let key = (arrival.machine, entry.service, who.clone());
        let Some(wait) = self.waits.get(&key).copied() else {
            return;
        };
        // What was under way when the answer came is brought to its end, a refused token renewed included.
        let after = arrival.begun > wait.told + SignedDuration::from_millis(250);
        // Unless the clock was set back on the way.
        if after && entry.at < wait.until && arrival.begun <= entry.at {
            self.break_promise(
                "P13",
                format!(
                    "{} {} {:.1} s after being asked to wait {:.1} s",
                    entry.method,
                    entry.operation,
                    arrival.begun.duration_since(wait.told).as_secs_f64(),
                    wait.until.duration_since(wait.told).as_secs_f64()
                ),
            );
        }
    }

    /// An answer reached the engine.
    pub(crate) fn told_to_wait(
        &mut self,
        machine: Machine,
        entry: &Entry,
        told: Timestamp,
        until: Timestamp,
    ) {
        if self.disk_full {
            return;
        }
        if let Some(who) = &entry.who {
            let key = (machine, entry.service, who.clone());
            self.waits.insert(key, Wait { told, until });
        }
    }
}
