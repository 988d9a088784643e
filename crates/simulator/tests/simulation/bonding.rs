//! The person says that a meeting follows its event, or that it does not.

use reconvene_core::id::MeetingId;
use reconvene_core::report::{MeetingState, MeetingView, Remedy};
use reconvene_engine::Engine;

use crate::process::Dead;
use crate::run::Run;
use crate::truth::{Key, Row};
use crate::wanted::has_schedule;

impl Run {
    pub(crate) fn bond(&mut self, meeting: u32) {
        let Some((id, number)) = self.with_remedy(meeting, Remedy::Bond) else {
            return;
        };
        self.speak(self.at, number);
        let engine = self.engine(self.at);
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(self.at, async move { engine.bond(id).await }) {
            Ok(Ok(())) => self.bonded(number),
            Ok(Err(problem)) => {
                self.note(format!("    refused: {:?}", problem.code));
                self.around.ledger.lock().unwrap().failures.told(self.at, number);
            }
            Err(Dead) => {
                self.restart();
                // It may have ended right after it had kept the word.
                let views = self.tell(self.at, Engine::meetings).unwrap_or_default();
                if views.iter().any(|view| view.id == id && view.bonded) {
                    self.bonded(number);
                }
            }
        }
    }

    /// From now on a meeting follows the events that point at it, by the person's word. No room ever does.
    fn bonded(&mut self, number: u64) {
        let standing = self.around.simulator.with(|world| {
            world
                .meeting(number)
                .is_some_and(|meeting| !has_schedule(meeting))
        });
        if standing {
            self.break_promise("P3", format!("{number}, a standing room, was bonded"));
        }
        let now = self.now();
        let mut ledger = self.around.ledger.lock().unwrap();
        ledger.word.bonded.insert((self.at, number), now);
        ledger.word.unbonded.remove(&(self.at, number));
        ledger.left_alone.remove(&(self.at, number));
        let truth = &mut ledger.truth;
        // As far as the app knows: what happened since may not have reached it.
        let pointed =
            |row: &Row| row.meeting == Some(number) || row.unlinked.iter().any(|(left, _)| *left == number);
        // That a calendar was taken out of the person's hands may not have reached it either.
        let theirs = |key: &Key, row: &Row| row.organized || truth.is_its_own(key);
        let pointing = (truth.rows.iter()).filter(|(key, row)| pointed(row) && theirs(key, row));
        let events: Vec<Key> = pointing.map(|(key, _)| key.clone()).collect();
        // The engine may know an event as it was.
        let histories = events.iter().filter_map(|key| truth.history.get(key)).flatten();
        let asked = histories.map(|(_, wanted)| wanted.clone());
        truth.ever_wanted.entry(number).or_default().extend(asked);
        truth.bonded_by_hand(number, events.into_iter().map(|(_, event)| event));
        self.around.simulator.with(|world| truth.look(world));
    }

    pub(crate) fn unbond(&mut self, meeting: u32) {
        let views = self.tell(self.at, Engine::meetings).unwrap_or_default();
        let fitting: Vec<(MeetingId, u64)> = views
            .iter()
            .filter(|view| view.bonded && view.state != MeetingState::WatchedOnly)
            .filter_map(|view| Some((view.id, view.number.as_ref()?.parse().ok()?)))
            .collect();
        if fitting.is_empty() {
            return;
        }
        let (id, number) = fitting[meeting as usize % fitting.len()];
        // It may have ended right after it had kept the word.
        let shows = |views: &[MeetingView]| {
            let mut own = views.iter().filter(|view| view.id == id);
            own.all(|view| !view.bonded)
        };
        if self.tell(self.at, |engine| engine.unbond(id)).is_some()
            || self
                .tell(self.at, Engine::meetings)
                .is_some_and(|views| shows(&views))
        {
            let now = self.now();
            let mut ledger = self.around.ledger.lock().unwrap();
            ledger.word.unbonded.insert((self.at, number), now);
            // The later word counts.
            ledger.left_alone.remove(&(self.at, number));
            ledger.word.undoing.remove(&(self.at, number));
            drop(ledger);
            let at = self.at;
            self.undoing
                .retain(|(machine, of, ..)| (*machine, *of) != (at, number));
        }
    }
}
