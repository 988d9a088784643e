//! What the person takes back, and how it is then.

use reconvene_core::report::{ActivityEntry, Outcome, Remedy};

use crate::ledger::Machine;
use crate::process::Dead;
use crate::run::Run;
use crate::settle::Wrong;
use crate::word::Former;

/// What can be taken back shows among so many entries.
const NEWEST: u32 = 40;

impl Run {
    /// Takes one of the newest things back that can be.
    pub(crate) fn undo(&mut self, number: u32) {
        let entries = self
            .tell(self.at, |engine| engine.activity(NEWEST, None))
            .unwrap_or_default();
        let offered: Vec<(ActivityEntry, u64)> = entries
            .into_iter()
            .filter(|entry| entry.remedies.contains(&Remedy::Undo))
            .filter_map(|entry| {
                let number = self.numbers.get(&(self.at, entry.meeting?)).copied()?;
                Some((entry, number))
            })
            .collect();
        if offered.is_empty() {
            return;
        }
        let (entry, number) = offered[number as usize % offered.len()].clone();
        self.speak(self.at, number);
        let waiting = (self.at, number, entry.id, self.now());
        self.around
            .ledger
            .lock()
            .unwrap()
            .word
            .undoing
            .insert((self.at, number));
        self.undoing.push(waiting);
        let engine = self.engine(self.at);
        let what = entry.id.to_string();
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(self.at, async move { engine.undo(&what).await }) {
            Ok(Ok(entries)) => {
                let said = entries.last().map(|entry| entry.outcome);
                self.note(format!("    undo of {number}: {said:?}"));
                // What the other machine promised is held to the same by being told.
                if self.at == 0 {
                    self.around.ledger.lock().unwrap().word.promised.push(waiting);
                }
                // Another machine, which knows nothing of it, may have brought it in step again by now.
                let alone = (0..self.disks.len()).all(|machine| machine == self.at || !self.is_on(machine));
                if let Some(last) = entries
                    .last()
                    .filter(|last| alone && last.outcome == Outcome::Undone)
                {
                    self.is_as_it_was(number, last);
                }
            }
            Ok(Err(problem)) => self.note(format!("    refused: {:?}", problem.code)),
            Err(Dead) => self.restart(),
        }
        self.look_for_undone();
    }

    /// What was just taken back is as it was before one of the last writes.
    fn is_as_it_was(&mut self, number: u64, entry: &ActivityEntry) {
        let meeting = self.around.simulator.with(|world| world.meeting(number).cloned());
        let there = meeting.filter(|meeting| meeting.trashed.is_none());
        let Some(meeting) = there else {
            self.break_promise(
                "P11",
                format!("{number} is said to be brought back and is not there"),
            );
            return;
        };
        let ledger = self.around.ledger.lock().unwrap();
        // The last of this machine's is how it was before the undo; each write of a series makes one more. Another machine may have made the same change at the
        // same moment, and seen it as it was before both.
        let at = self.at;
        let by = |own: bool| {
            let former = ledger.word.former.iter();
            let of_meeting =
                former.filter(move |((machine, of), _)| *of == number && (*machine == at) == own);
            of_meeting.flat_map(|(_, former)| former.iter().rev())
        };
        let now = Former::of(&meeting);
        let fits = by(true)
            .skip(1)
            .take(12)
            .chain(by(false))
            .any(|before| *before == now);
        // The end of a process may have kept the ledger from one that was under way.
        let seen = ledger.word.former.iter().filter(|((_, of), _)| *of == number);
        let seen: usize = seen.map(|(_, former)| former.len()).sum();
        let made = self.around.simulator.with(|world| {
            let made =
                world.log().entries().iter().filter(|entry| {
                    entry.meeting() == Some(number) && entry.method == "PATCH" && entry.applied
                });
            made.count()
        });
        drop(ledger);
        if made <= seen && !fits && meeting.kind == 2 && !entry.changes.is_empty() && entry.problem.is_none()
        {
            self.break_promise(
                "P2",
                format!("{number} is said to be as it was, and never was like that"),
            );
        }
    }

    /// P5: what the app agreed to take back was taken back, or the person is told why not; unless an event or the person said
    /// something new since.
    pub(crate) fn took_back(&mut self, wrong: &mut Wrong) {
        let promised = self.around.ledger.lock().unwrap().word.promised.clone();
        if promised.is_empty() {
            return;
        }
        let entries: Vec<Vec<ActivityEntry>> = (0..self.disks.len())
            .map(|machine| self.entries(machine))
            .collect();
        let ledger = self.around.ledger.lock().unwrap();
        for (at, (machine, number, of, pressed)) in promised.iter().enumerate() {
            let entries = &entries[*machine];
            let Some(taken) = entries.iter().find(|entry| entry.id == *of) else {
                continue;
            };
            // A meeting that was forgotten meanwhile may be known by another id.
            let about = |entry: &&ActivityEntry| {
                let meeting = entry.meeting.and_then(|id| self.numbers.get(&(*machine, id)));
                entry.id > *of && meeting.map_or(entry.title == taken.title, |known| known == number)
            };
            let told = entries.iter().filter(about).any(|entry| entry.problem.is_some());
            let again = promised.iter().skip(at + 1).any(|(_, other, ..)| other == number);
            if !taken.undone && !told && !again && !ledger.said_since(*machine, *number, *pressed) {
                let how = format!(
                    "{number} was to be taken back as it was before {of}, and nobody heard why it is not"
                );
                wrong.push(("P5", how));
            }
        }
    }

    /// Since an undo is done, the meeting is left alone.
    pub(crate) fn look_for_undone(&mut self) {
        for machine in 0..self.disks.len() {
            if self.is_on(machine) && self.undoing.iter().any(|(of, ..)| *of == machine) {
                self.look_for_undone_at(machine);
            }
        }
    }

    fn look_for_undone_at(&mut self, machine: Machine) {
        let entries = self
            .tell(machine, |engine| engine.activity(NEWEST, None))
            .unwrap_or_default();
        let mut ledger = self.around.ledger.lock().unwrap();
        self.undoing.retain(|(at, number, of, pressed)| {
            let done = *at == machine && entries.iter().any(|entry| entry.id == *of && entry.undone);
            if done {
                // What was done to its event before that, and seen after it, counts as done after it.
                match ledger.is_reached(machine, *number) {
                    true => drop(ledger.left_alone.insert((machine, *number), *pressed)),
                    false => drop(ledger.perhaps_left.insert((machine, *number))),
                }
                ledger.let_go.insert(*number);
            }
            !done
        });
    }
}
