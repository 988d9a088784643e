//! The person's word: what they chose, asked for and took back in the app, and what an engine may not do because of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::EntryId;
use reconvene_simulator::Entry;
use reconvene_simulator::zoom::Meeting;
use serde_json::Value;

use crate::dates::Half;
use crate::ledger::{Arrival, Ledger, Machine};
use crate::truth::Row;

/// Longer than a series takes to be written, and shorter than anybody waits before looking again.
const ONE_TURN: SignedDuration = SignedDuration::from_secs(30);

/// What a meeting was before an engine wrote to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Former {
    topic: String,
    start: Option<Timestamp>,
    minutes: u32,
    zone: String,
}

impl Former {
    pub(crate) fn of(meeting: &Meeting) -> Self {
        Self {
            topic: meeting.topic.clone(),
            start: meeting.start,
            minutes: meeting.minutes,
            zone: meeting.time_zone.clone(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Word {
    /// Events, by Google's ids, for which the person wanted a meeting.
    pub(crate) wants: BTreeSet<String>,
    /// Whether the word in an event ever asked for one.
    pub(crate) rule: bool,
    /// Machines that show what they would do and write nothing, and since when.
    pub(crate) previews: BTreeMap<Machine, Timestamp>,
    /// Machines that ask before a change made at Zoom is undone, and since when.
    pub(crate) asks_on_drift: BTreeMap<Machine, Timestamp>,
    /// Meetings about which the person said something, and when last.
    pub(crate) spoken: BTreeMap<(Machine, u64), Timestamp>,
    /// Meetings that the person said to leave alone for good, and since when.
    pub(crate) unbonded: BTreeMap<(Machine, u64), Timestamp>,
    /// Meetings that the person bonded, on which machine, and when last.
    pub(crate) bonded: BTreeMap<(Machine, u64), Timestamp>,
    /// Meetings of which something was to be taken back.
    pub(crate) undoing: BTreeSet<(Machine, u64)>,
    /// Where something was taken back while nobody did anything any more.
    taken_back: BTreeSet<(Machine, u64)>,
    /// What the first machine agreed to take back of which meetings, by the entry that tells of it, and when.
    pub(crate) promised: Vec<(Machine, u64, EntryId, Timestamp)>,
    /// What meetings were before each write of a machine.
    pub(crate) former: BTreeMap<(Machine, u64), Vec<Former>>,
    /// What they were when a machine last read them.
    pub(crate) read_as: BTreeMap<(Machine, u64), Former>,
    /// Machines that ask just now who signed in, and do not know whether that is somebody who was told to wait.
    pub(crate) welcoming: BTreeSet<Machine>,
    /// Which machines wrote to a meeting, one after the other, since anybody last did anything.
    pub(crate) writers: BTreeMap<u64, Vec<(Machine, Timestamp)>>,
    /// Since when nobody did anything that they might have to write for.
    pub(crate) quiet_since: Option<Timestamp>,
    /// When somebody last did anything with their hands.
    pub(crate) last_hand: Option<Timestamp>,
    /// When a machine last asked for an event by itself.
    pub(crate) sheets: BTreeMap<(Machine, String), Timestamp>,
    /// Since when nothing was left to ask or to do on a machine after Zoom was connected, and when that had lasted for so long
    /// that its first writes were agreed to.
    pub(crate) agreed: BTreeMap<Machine, (Timestamp, Option<Timestamp>)>,
    /// When an engine was last seen to call a meeting in step.
    pub(crate) in_step: BTreeMap<(Machine, u64), Timestamp>,
}

impl Word {
    /// The clock was set, back, and everything that was moves along.
    /// From now on nobody does anything.
    pub(crate) fn quiet(&mut self, now: Timestamp) {
        self.writers.clear();
        self.quiet_since = Some(now);
    }

    pub(crate) fn clock_set_back(&mut self, by: SignedDuration) {
        self.quiet_since = None;
        for at in (self.previews.values_mut())
            .chain(self.asks_on_drift.values_mut())
            .chain(self.spoken.values_mut())
            .chain(self.unbonded.values_mut())
            .chain(self.bonded.values_mut())
            .chain(self.sheets.values_mut())
            .chain(self.in_step.values_mut())
            .chain(self.promised.iter_mut().map(|(.., pressed)| pressed))
            .chain(self.last_hand.as_mut())
        {
            *at += by;
        }
    }

    /// Takes note whether a machine was at peace just now. One that only shows what it would do asks for nothing.
    pub(crate) fn at_peace(&mut self, machine: Machine, peace: bool, now: Timestamp) {
        let peace = peace && !self.previews.contains_key(&machine);
        match self.agreed.get_mut(&machine) {
            Some((_, Some(_))) => {}
            Some((since, agreed)) if peace => {
                if now.duration_since(*since) > SignedDuration::from_mins(1) {
                    *agreed = Some(now);
                }
            }
            _ if peace => drop(self.agreed.insert(machine, (now, None))),
            _ => drop(self.agreed.remove(&machine)),
        }
    }

    /// Whether a machine may write a value only because it takes something back: the meeting was like that before.
    pub(crate) fn takes_back(&self, machine: Machine, number: u64, name: &str, value: &Value) -> bool {
        let former = self.former.iter().filter(|((_, of), _)| *of == number);
        let former = former.flat_map(|(_, former)| former);
        let text = value.as_str().unwrap_or_default();
        self.undoing.contains(&(machine, number))
            && former.into_iter().any(|before| match name {
                "topic" => before.topic == text,
                "start_time" => before.start.is_some_and(|start| {
                    let local = text.parse::<jiff::civil::DateTime>().ok();
                    let local = local.and_then(|local| local.in_tz(&before.zone).ok());
                    text.parse().ok() == Some(start) || local.is_some_and(|local| local.timestamp() == start)
                }),
                "duration" => value.as_u64() == Some(u64::from(before.minutes)),
                "timezone" => before.zone == text,
                _ => false,
            })
    }
}

impl Ledger {
    /// A request that writes, wherever: nothing goes out of what was looked at since the person wanted a preview.
    pub(crate) fn heeds_preview(&mut self, arrival: &Arrival<'_>, entry: &Entry, looked: Option<Timestamp>) {
        let Some(since) = self.word.previews.get(&arrival.machine).copied() else {
            return;
        };
        // What was on its way already is not called back.
        if arrival.begun > since && looked.is_none_or(|looked| looked > since) {
            self.break_promise(
                "preview",
                format!("{} {} while nothing was to be written", entry.method, entry.path),
            );
        }
    }

    /// What every write to a meeting must heed of what the person said about it.
    pub(crate) fn heeds_word(&mut self, arrival: &Arrival<'_>, entry: &Entry, number: u64) {
        let key = (arrival.machine, number);
        let what = format!("{} of {number}", entry.method);
        let looked = self.readings.get(&key).map(|reading| reading.at);
        self.heeds_preview(arrival, entry, looked);
        let undoing = self.word.undoing.contains(&key);
        let after = |since: Timestamp| arrival.begun > since && looked.is_none_or(|looked| looked > since);
        if let Some(since) = self.word.unbonded.get(&key).copied()
            && after(since)
            && !undoing
        {
            self.break_promise("P3", format!("{what}, which the person unbonded"));
        }
        // What was on its way already when the person spoke, or waited for its turn, is not called back.
        let turn = SignedDuration::from_millis(600);
        let spoken = self.left_alone.get(&key).copied();
        // Who takes something back by hand afterwards means it.
        let undone = |since| undoing && self.word.spoken.get(&key).is_some_and(|last| *last > since);
        if let Some(since) = spoken.filter(|since| arrival.begun > *since + turn && !undone(*since))
            && !self.truth.rows.iter().any(|(place, row)| {
                let touched = row
                    .edited
                    .max(row.gone_since.unwrap_or(row.lives_since))
                    .max(row.linked_since);
                let unseen = || {
                    let place = (arrival.machine, place.0.clone());
                    !self.known.seen_between(&place, touched, since)
                };
                (row.meeting == Some(number) || row.unlinked.iter().any(|(left, _)| *left == number))
                    // Of an event of whole days nothing but its link is kept here.
                    && (touched > since || row.wanted.is_none() || unseen())
            })
            && !self
                .truth
                .series_of(number)
                .filter_map(|versions| versions.last())
                .any(|version| {
                    let unseen = |half: &Half| {
                        let place = (arrival.machine, half.key.0.clone());
                        !self.known.seen_between(&place, version.since, since)
                    };
                    version.since > since || version.halves.iter().any(unseen)
                })
        {
            self.break_promise("P8", format!("{what}, which the person said to leave alone"));
        }
        if entry.method == "PATCH" {
            self.heeds_drift(arrival, &what, number);
        }
    }

    /// Whether the person took something back on another machine: to this one it is a change made at Zoom.
    pub(crate) fn undone_elsewhere(&self, machine: Machine, number: u64) -> bool {
        let mut left = self.left_alone.keys();
        left.any(|(other, of)| *other != machine && *of == number) && self.let_go.contains(&number)
    }

    /// A change made at Zoom is not undone without a word, when the person wants to be asked.
    fn heeds_drift(&mut self, arrival: &Arrival<'_>, what: &str, number: u64) {
        let key = (arrival.machine, number);
        let (Some(asks), Some(drifted)) = (
            self.word.asks_on_drift.get(&arrival.machine).copied(),
            self.drifted.get(&number).copied(),
        ) else {
            return;
        };
        let known = self.word.in_step.get(&key).copied();
        let spoken = self.word.spoken.get(&key).copied();
        let edited = self.truth.rows.values().filter(|row| {
            row.meeting == Some(number) || row.unlinked.iter().any(|(left, _)| *left == number)
        });
        let edited = edited.map(|row| row.edited.max(row.lives_since).max(row.linked_since));
        let ruled = self
            .truth
            .series_of(number)
            .filter_map(|versions| versions.last());
        let Some(edited) = edited.chain(ruled.map(|version| version.since)).max() else {
            return;
        };
        let calendars = self
            .truth
            .rows
            .iter()
            .filter(|(_, row)| row.meeting == Some(number));
        let told = |known| {
            calendars.clone().all(|((calendar, _), _)| {
                let place = (arrival.machine, calendar.clone());
                // An unticked calendar takes along what was known of its meetings.
                let ticked = self.ticked.get(&place);
                ticked.is_some_and(|ticked| *ticked <= known)
                    && self.known.seen_between(&place, edited, known)
            })
        };
        let quiet = known.is_some_and(|known| known < drifted && asks < drifted && told(known));
        if quiet
            && spoken.is_none_or(|spoken| spoken < known.unwrap_or(drifted))
            && !self.word.undoing.contains(&key)
            && self
                .readings
                .get(&key)
                .is_some_and(|reading| reading.at > drifted)
        {
            self.break_promise(
                "P8",
                format!("{what}: a change made at Zoom was undone without asking"),
            );
        }
    }

    /// While nobody does anything, no two machines write to a meeting in turns. Writes close together are one turn: both may
    /// just have learnt of the same edit, and a series takes many.
    pub(crate) fn no_fight(&mut self, machine: Machine, number: u64, at: Timestamp) {
        // It may have been under way for long.
        if Some(at) < self.word.quiet_since {
            return;
        }
        let writers = self.word.writers.entry(number).or_default();
        // What is taken back is so by the person's word, however long that had to wait; the other machine has not heard it.
        let key = (machine, number);
        if self.word.undoing.contains(&key) && self.word.taken_back.insert(key) {
            return writers.clear();
        }
        match writers.last_mut() {
            Some((last, since)) if *last == machine || at.duration_since(*since) < ONE_TURN => *since = at,
            _ => writers.push((machine, at)),
        }
        if writers.len() > 2 {
            self.break_promise(
                "P14",
                format!("{number} was written to by one machine and the other in turns"),
            );
        }
    }

    /// Whether the person said before `until` that a meeting was made for the event that leads to it, which the app knew by then.
    pub(crate) fn is_said_to_follow(
        &self,
        (machine, calendar): (Machine, &str),
        number: u64,
        row: &Row,
        until: Timestamp,
    ) -> bool {
        let place = (machine, calendar.to_owned());
        let said = self
            .word
            .bonded
            .get(&(machine, number))
            .filter(|said| **said <= until);
        let known = |said: &Timestamp| {
            let ticked = self.ticked.get(&place);
            ticked
                .is_some_and(|ticked| (self.known).seen_between(&place, row.linked_since.max(*ticked), *said))
        };
        said.is_some_and(known)
    }

    /// Whether since some instant an event that leads to a meeting said anything new to the first machine, or the person did about
    /// the meeting.
    pub(crate) fn said_since(&self, machine: Machine, number: u64, since: Timestamp) -> bool {
        let unseen = |calendar: &String, touched: Timestamp| {
            let place = (machine, calendar.clone());
            touched > since || !self.known.seen_between(&place, touched, since)
        };
        let events = self.truth.rows.iter().any(|((calendar, _), row)| {
            let touched = row.edited.max(row.linked_since).max(row.lives_since);
            let leads = row.meeting == Some(number) || row.unlinked.iter().any(|(left, _)| *left == number);
            leads && unseen(calendar, touched.max(row.gone_since.unwrap_or(touched)))
        });
        let series = self
            .truth
            .series_of(number)
            .filter_map(|versions| versions.last());
        let mut halves = series.flat_map(|version| version.halves.iter().map(|half| (half, version.since)));
        let key = (machine, number);
        let left = [&self.left_alone, &self.word.unbonded];
        events
            || halves.any(|(half, touched)| unseen(&half.key.0, touched))
            || self.word.spoken.get(&key).is_some_and(|at| *at > since)
            || (left.iter()).any(|said| said.get(&key).is_some_and(|at| *at >= since))
    }

    /// A deleted meeting is brought back.
    pub(crate) fn recovery(&mut self, arrival: &Arrival<'_>, entry: &Entry, number: u64) {
        let key = (arrival.machine, number);
        self.heeds_preview(arrival, entry, self.readings.get(&key).map(|reading| reading.at));
        if !self.word.undoing.contains(&key) {
            self.break_promise("P5", format!("{number} was brought back, which nobody asked for"));
        }
        if entry.applied {
            self.deleted_by.remove(&number);
        }
    }

    /// Whether a meeting is still left alone on a machine because the person said so: its event did not change since in
    /// a way that the machine must have seen.
    pub(crate) fn is_left_alone(&self, machine: Machine, number: u64) -> bool {
        let key = (machine, number);
        let beyond = self.beyond.contains(&number);
        if beyond || self.word.unbonded.contains_key(&key) || self.perhaps_left.contains(&key) {
            return true;
        }
        let Some(since) = self.left_alone.get(&(machine, number)).copied() else {
            return false;
        };
        !self.truth.rows.iter().any(|(key, row)| {
            let history = self.truth.history.get(key).into_iter().flatten();
            let then = history.clone().rfind(|(at, _)| *at <= since);
            let place = (machine, key.0.clone());
            let changed = then.is_some_and(|(at, wanted)| {
                row.wanted.as_ref() != Some(wanted)
                    && self
                        .known
                        .seen_between(&place, (*at).max(row.linked_since), since)
            });
            // Nothing that is done to a mere copy takes the person's word back.
            let speaks = row.names_itself || self.truth.bonded(number, &key.1);
            speaks && row.points_at(number) && row.edited > since && changed
        })
    }
}
