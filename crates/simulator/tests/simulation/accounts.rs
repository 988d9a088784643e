//! Signing in and out, and which calendars are ticked.

use reconvene_core::report::Service;
use reconvene_engine::Engine;

use crate::ledger::Machine;
use crate::process::Dead;
use crate::run::Run;
use crate::shared::{TO_READ, TO_WRITE, granted};

impl Run {
    pub(crate) fn sign_in(&mut self, machine: Machine, service: Service, who: &str) {
        let engine = self.engine(machine);
        let (simulator, who) = (self.around.simulator.clone(), who.to_owned());
        let client = self.disks[machine].zoom_client.clone();
        let scopes = if self.may_write { TO_WRITE } else { TO_READ };
        // The browser has its own way to the services.
        let outage = std::mem::take(&mut *self.outage.lock().unwrap());
        let rules = self.around.simulator.with(|world| {
            let faults = world.faults();
            let rules = faults.rules().to_vec();
            faults.clear();
            rules
        });
        let granted = self.processes.as_mut().unwrap().ask(machine, async move {
            granted(&simulator, service, &who, &client, scopes).await
        });
        self.around.simulator.with(|world| {
            let faults = world.faults();
            for rule in rules {
                faults.add(rule);
            }
        });
        *self.outage.lock().unwrap() = outage;
        self.around.ledger.lock().unwrap().signed_in(machine);
        let added = granted.and_then(|grant| {
            let processes = self.processes.as_mut().unwrap();
            processes.ask(machine, async move { engine.add_account(grant).await })
        });
        match added {
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => self.note(format!("    sign-in failed: {:?}", problem.code)),
            Err(Dead) => self.restart(),
        }
        // A newcomer who is told to wait is nobody yet.
        self.around.ledger.lock().unwrap().signed_in(machine);
        self.adopt_ticks(machine);
    }

    pub(crate) fn tick(&mut self, machine: Machine, place: usize, on: bool) {
        if !on {
            self.explain_riddles();
        }
        let google_id = self.places[place].id.clone();
        let engine = self.engine(machine);
        let Some(views) = self.tell(machine, Engine::calendars) else {
            return;
        };
        let Some(view) = views.into_iter().find(|view| view.google_id == google_id) else {
            return;
        };
        let id = view.id.to_string();
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(machine, async move { engine.watch_calendar(&id, on).await }) {
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => self.note(format!("    refused: {:?}", problem.code)),
            Err(Dead) => self.restart(),
        }
        self.adopt_ticks(machine);
    }

    /// What is ticked only changes by what the person does; then the engine's word is taken for it, because it may
    /// have ended in the middle.
    pub(crate) fn adopt_ticks(&mut self, machine: Machine) {
        let now = self.now();
        let Some(views) = self.tell(machine, Engine::calendars) else {
            return;
        };
        let mut ledger = self.around.ledger.lock().unwrap();
        let before = ledger.ticked.clone();
        ledger.ticked.retain(|(of, _), _| *of != machine);
        for view in views.into_iter().filter(|view| view.watched) {
            let key = (machine, view.google_id);
            let since = before.get(&key).copied().unwrap_or(now);
            ledger.ticked.insert(key, since);
        }
        let unticked = |place: &String| {
            let key = (machine, place.clone());
            before.contains_key(&key) && !ledger.ticked.contains_key(&key)
        };
        // What is known through another calendar stays known, unless it is gone there.
        let stays = |number: &u64| {
            let mut rows = ledger.truth.rows.iter();
            rows.any(|((place, _), row)| {
                row.points_at(*number) && ledger.ticked.contains_key(&(machine, place.clone()))
            })
        };
        let rows = ledger.truth.rows.iter().filter(|((place, _), _)| unticked(place));
        let let_go: Vec<u64> = rows
            .flat_map(|(_, row)| {
                row.meeting
                    .into_iter()
                    .chain(row.unlinked.iter().map(|(left, _)| *left))
            })
            .filter(|number| !stays(number))
            .collect();
        // What was said about their meetings stays said; but whether an edit was seen before that takes it back, nobody can tell.
        let said: Vec<(Machine, u64)> = ledger.left_alone.keys().copied().collect();
        for key in said
            .into_iter()
            .filter(|(of, number)| *of == machine && let_go.contains(number))
        {
            ledger.left_alone.remove(&key);
            ledger.perhaps_left.insert(key);
        }
        ledger.let_go.extend(let_go);
    }

    pub(crate) fn sign_out(&mut self, service: Service) {
        self.explain_riddles();
        let engine = self.engine(self.at);
        let Some(accounts) = self.tell(self.at, Engine::accounts) else {
            return;
        };
        let Some(account) = accounts.into_iter().find(|account| account.service == service) else {
            return;
        };
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(self.at, async move { engine.remove_account(account.id).await }) {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => self.note(format!("    refused: {:?}", problem.code)),
            Err(Dead) => {
                self.restart();
            }
        }
        self.adopt_ticks(self.at);
    }
}
