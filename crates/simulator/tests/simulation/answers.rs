//! What the person says to what the app asks: deletions that are held, and meetings that differed at first.

use reconvene_core::id::MeetingId;
use reconvene_core::report::MeetingState;
use reconvene_engine::Engine;

use crate::ledger::Machine;
use crate::run::Run;

impl Run {
    /// One of the meetings shown by the machine at hand in one of the `states`.
    pub(crate) fn some_view(&mut self, number: u32, states: &[MeetingState]) -> Option<(MeetingId, u64)> {
        let views = self.tell(self.at, Engine::meetings)?;
        let fitting: Vec<_> = views
            .iter()
            .filter(|view| states.contains(&view.state))
            .filter_map(|view| Some((view.id, view.number.as_ref()?.parse().ok()?)))
            .collect();
        (!fitting.is_empty()).then(|| fitting[number as usize % fitting.len()])
    }

    /// Answers whatever waits for a word on the machine at hand: held deletions, and meetings that differed when it was
    /// connected.
    pub(crate) fn answer_held(&mut self, agree: bool) {
        let Some(status) = self.tell(self.at, Engine::status) else {
            return;
        };
        let held = self.numbers(self.at, &status.held);
        let asking = self.numbers(self.at, &status.asking);
        if status.held.is_empty() && status.asking.is_empty() {
            return;
        }
        let now = self.now();
        if agree {
            let mut ledger = self.around.ledger.lock().unwrap();
            ledger.allowance.asked(self.at);
            ledger.approved.extend(&held);
            for number in asking {
                ledger.left_alone.remove(&(self.at, number));
                ledger.word.spoken.insert((self.at, number), now);
            }
            drop(ledger);
            self.tell(self.at, |engine| engine.approve(&[]));
        } else if self.tell(self.at, |engine| engine.refuse(&[])).is_some() {
            let mut ledger = self.around.ledger.lock().unwrap();
            for number in held.into_iter().chain(asking) {
                ledger.left_alone.insert((self.at, number), now);
            }
        } else {
            // Killed over it, or without room to note it: the word is kept for all of them or for none.
            let left = self.tell(self.at, Engine::status);
            let kept = left.is_some_and(|left| {
                let mut waiting = left.held.iter().chain(&left.asking);
                !waiting.any(|id| status.held.contains(id) || status.asking.contains(id))
            });
            let mut ledger = self.around.ledger.lock().unwrap();
            for number in held.into_iter().chain(asking) {
                match kept {
                    true => drop(ledger.left_alone.insert((self.at, number), now)),
                    false => drop(ledger.let_go.insert(number)),
                }
            }
        }
    }

    /// Whether a machine that ended over the person's word had kept it before.
    pub(crate) fn is_left(&mut self, machine: Machine, id: MeetingId) -> bool {
        let views = self.tell(machine, Engine::meetings).unwrap_or_default();
        // One that was to be deleted is forgotten with that word.
        let mut own = views.iter().filter(|view| view.id == id).peekable();
        own.peek().is_none()
            || own.any(|view| {
                view.planned.is_none()
                    && matches!(view.state, MeetingState::WatchedOnly | MeetingState::OutOfStep)
            })
    }

    /// Lets a machine bring in step what differed when it was connected.
    pub(crate) fn agree_to_begin(&mut self, machine: Machine) {
        let Some(status) = self.tell(machine, Engine::status) else {
            return;
        };
        if status.asking.is_empty() {
            return;
        }
        let numbers = self.numbers(machine, &status.asking);
        let now = self.now();
        let mut ledger = self.around.ledger.lock().unwrap();
        for number in numbers {
            ledger.left_alone.remove(&(machine, number));
            ledger.word.spoken.insert((machine, number), now);
        }
        drop(ledger);
        self.tell(machine, |engine| engine.approve(&status.asking));
    }

    /// Zoom's numbers of meetings as a machine names them.
    fn numbers(&mut self, machine: Machine, meetings: &[MeetingId]) -> Vec<u64> {
        let views = self.tell(machine, Engine::meetings).unwrap_or_default();
        let mut chosen = views.iter().filter(|view| meetings.contains(&view.id));
        let numbers = chosen
            .by_ref()
            .filter_map(|view| view.number.as_ref()?.parse().ok());
        numbers.collect()
    }
}
