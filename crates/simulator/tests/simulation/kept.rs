//! In the end: what the person asked for in the app is so, and nothing of it is left lying about.

use std::collections::BTreeSet;

use std::time::Duration;

use jiff::Timestamp;
use reconvene_core::problem::Code;
use reconvene_core::report::{ActivityEntry, Outcome, PlannedAction, Status};
use reconvene_engine::Engine;
use reconvene_simulator::World;

use crate::ledger::Machine;
use crate::making::{WORD, made_here};
use crate::run::Run;
use crate::settle::{Seen, Wrong, owned};
use crate::steps::{Choice, Step};
use crate::wanted::cut;

/// So many entries are looked through.
const NEWEST: u32 = 200;

impl Run {
    /// Before everything comes to rest: nothing holds back what was chosen, and what vanished is looked for.
    pub(crate) fn choose_to_go_on(&mut self) {
        for machine in 0..self.disks.len() {
            let previews = |run: &Self| {
                let ledger = run.around.ledger.lock().unwrap();
                ledger.word.previews.contains_key(&machine)
            };
            // What another machine takes back meanwhile is not known to this one.
            if previews(self) && self.disks.len() == 1 {
                let since = self.now();
                self.pass(Duration::from_secs(400));
                self.previewed(machine, since);
            }
            self.set(machine, |settings| settings.preview = false);
        }
        // In every third world the person never allows what they were asked for.
        if !self.plan.seed.is_multiple_of(3) && !self.around.ledger.lock().unwrap().word.wants.is_empty() {
            self.choose(Choice::Permit { on: true });
        }
    }

    /// A preview that can read everything shows what is out of step as such, and nothing as on its way.
    fn previewed(&mut self, machine: Machine, since: Timestamp) {
        let engine = self.engine(machine);
        let processes = self.processes.as_mut().unwrap();
        let Ok(Ok(plan)) = processes.ask(machine, async move { engine.plan().await }) else {
            return;
        };
        let (Some(views), Some(status)) = (
            self.tell(machine, Engine::meetings),
            self.tell(machine, Engine::status),
        ) else {
            return;
        };
        let mut calendars = status.calendars.iter();
        let read = calendars.all(|calendar| {
            !calendar.watched
                || calendar
                    .health
                    .last_success
                    .is_some_and(|success| success >= since)
        });
        let mut wrong = Wrong::default();
        if read {
            let seen = Seen {
                machine,
                status: &status,
                views: &views,
            };
            self.in_step(seen, &mut wrong);
        }
        wrong.found.retain(|(promise, _)| *promise == "P11");
        for action in &plan.actions {
            if action.action != PlannedAction::Look && action.waits.is_none() {
                wrong.push(("preview", format!("“{}” is said to be written now", action.title)));
            }
        }
        if !plan.preview || !status.preview {
            wrong.push(("preview", "it is on, and that is not shown".to_owned()));
        }
        for (promise, how) in wrong.found {
            self.break_promise(promise, how);
        }
    }

    /// Has everything that was changed at Zoom looked at: from now on no such change is an excuse.
    pub(crate) fn look_at_everything(&mut self) {
        let now = self.now();
        for machine in 0..self.disks.len() {
            self.look_again(machine);
        }
        self.around.ledger.lock().unwrap().looked = Some(now);
    }

    pub(crate) fn entries(&mut self, machine: Machine) -> Vec<ActivityEntry> {
        self.tell(machine, |engine| engine.activity(NEWEST, None))
            .unwrap_or_default()
    }

    /// Meetings that are still to be made, by when they are tried next. What waits for the person's leave waits.
    fn making(&mut self, machine: Machine) -> Vec<ActivityEntry> {
        let mut entries = self.entries(machine);
        entries.retain(|entry| {
            let asks = entry.problem.as_ref().map(|problem| problem.code) == Some(Code::MissingScope);
            let waits = matches!(entry.outcome, Outcome::Waiting | Outcome::NeedsYou);
            entry.meeting.is_none() && waits && entry.next_try.is_some() && !asks
        });
        entries
    }

    pub(crate) fn next_making(&mut self, machine: Machine) -> Option<Timestamp> {
        let making = self.making(machine);
        making.iter().filter_map(|entry| entry.next_try).min()
    }

    /// P5: what was to be made is made, or not, and no attempt goes on for ever.
    pub(crate) fn still_making(&mut self, machine: Machine) {
        let mut making = self.making(machine);
        // Of an event that cannot be read nobody knows whether it still wants one.
        let ledger = self.around.ledger.lock().unwrap();
        let unread = ledger.truth.rows.iter().filter(|(key, _)| self.stays_bad(&key.0));
        let unread: BTreeSet<String> = unread
            .filter_map(|(_, row)| row.wanted.as_ref().map(|wanted| wanted.topic.clone()))
            .collect();
        drop(ledger);
        making.retain(|entry| !unread.contains(&entry.title));
        for entry in making {
            self.break_promise(
                "P5",
                format!("“{}” is still to get a meeting: {:?}", entry.title, entry.problem),
            );
        }
    }

    /// P5: an event that asks for a meeting by the word that the person chose has one, or an entry says why not.
    pub(crate) fn got_by_word(&mut self, machine: Machine, status: &Status, wrong: &mut Wrong) {
        let taken_back = Step::Choice(Choice::Rule { on: false });
        let settings = self.tell(machine, Engine::settings);
        let in_force = settings.is_some_and(|settings| settings.request_word == WORD);
        // What was asked for while a rule was taken back is not asked for again.
        if !in_force || self.plan.steps.contains(&taken_back) {
            return;
        }
        let entries = self.entries(machine);
        let ledger = self.around.ledger.lock().unwrap();
        let now = self.now();
        for (key, row) in &ledger.truth.rows {
            let (Some(wanted), Some(history)) = (&row.wanted, ledger.truth.history.get(key)) else {
                continue;
            };
            let (calendar, id) = key;
            // Whoever had a meeting, or was gone, is not asked for a second time.
            let never_asked = ledger
                .truth
                .states
                .get(key)
                .is_some_and(|states| states.len() == 1)
                && ledger.truth.of_event(id).count() == 1
                && !ledger.word.wants.contains(id);
            let place = (machine, calendar.clone());
            let first = history.iter().find(|(_, wanted)| wanted.topic.contains(WORD));
            let ticked = ledger.ticked.get(&place).zip(first);
            let asks = row.living && row.meeting.is_none() && row.single && row.organized;
            let seen = ticked.is_some_and(|(since, (asked, _))| since <= asked)
                && ledger.known.seen_between(&place, row.edited, now);
            // A conference that is being made already is waited for.
            let pending = || {
                let own = |world: &mut World| world.event(calendar, id).map(|event| event.more.clone());
                let more = self.around.simulator.with(own);
                more.is_some_and(|more| more.contains_key("conferenceData"))
            };
            let expected = asks && never_asked && seen && owned(&ledger, status, calendar) && !pending();
            if !(expected && wanted.topic.contains(WORD) && wanted.start > now) {
                continue;
            }
            let names =
                |entry: &&ActivityEntry| history.iter().any(|(_, wanted)| wanted.topic == entry.title);
            if !entries.iter().filter(names).any(|entry| entry.problem.is_some()) {
                wrong.push((
                    "P5",
                    format!("{id} on {calendar} asks for a meeting, and nothing came of it"),
                ));
            }
        }
    }

    /// P5, P11: a meeting that was made is on its event, or was, or was deleted again, or the person is told of it.
    pub(crate) fn no_orphans(&mut self, wrong: &mut Wrong) {
        let orphans: Vec<(u64, String)> = self.around.simulator.with(|world| {
            let ledger = self.around.ledger.lock().unwrap();
            let made = world.meetings().filter(|meeting| made_here(meeting));
            let there = made.filter(|meeting| {
                meeting.trashed.is_none()
                    && !meeting.has_expired(world.now())
                    && !ledger.drifted.contains_key(&meeting.id)
                    && !ledger.truth.ever_pointed_at(meeting.id)
                    && !ledger.offered.contains(&meeting.id)
            });
            there.map(|meeting| (meeting.id, meeting.topic.clone())).collect()
        });
        if orphans.is_empty() {
            return;
        }
        let told: Vec<ActivityEntry> = (0..self.disks.len())
            .flat_map(|machine| self.entries(machine))
            .filter(|entry| entry.problem.is_some())
            .collect();
        for (number, topic) in orphans {
            let names = |entry: &ActivityEntry| {
                let problem = entry.problem.as_ref();
                problem.is_some_and(|problem| problem.hint.contains(&number.to_string()))
            };
            // Whoever lost the answer and may not see the list can only say that there may be one.
            let suspects = |entry: &ActivityEntry| {
                let code = entry.problem.as_ref().map(|problem| problem.code);
                (entry.outcome, code) == (Outcome::Kept, Some(Code::MissingScope))
                    && (entry.title.is_empty() || cut(&entry.title) == topic)
            };
            if !told.iter().any(|entry| names(entry) || suspects(entry)) {
                wrong.push(("P5", format!("{number} was made, and nobody knows of it")));
            }
        }
    }
}
