//! The machines, while a history goes on: switched on and off, killed and started again.

use reconvene_engine::Engine;

use crate::ledger::Machine;
use crate::process::Processes;
use crate::run::Run;
use crate::steps::Kill;
use crate::wire::Whom;

impl Run {
    /// Ends all machines and starts them again, or the one that was to end alone.
    pub(crate) fn restart(&mut self) {
        let doom = &self.processes.as_ref().unwrap().doom;
        if let Some(Whom::One(machine)) = doom.whom() {
            self.note(format!("{} machine {machine} killed", self.now()));
            self.switch_off(machine);
            self.processes.as_ref().unwrap().doom.is_over();
            self.switch_on(machine);
            return;
        }
        let processes = self.processes.take().unwrap();
        self.requests += processes.requests();
        if processes.stuck {
            self.break_promise("P5", "an engine never answered".to_owned());
        }
        let now = processes.inside(|| self.around.wall.read());
        self.note(format!("{now} killed and started again"));
        self.figures.ended += 1;
        processes.kill();
        for machine in 0..self.disks.len() {
            self.around.ledger.lock().unwrap().killed(machine, now);
        }
        self.processes = Some(Processes::start(&self.around, &self.disks, &self.door));
    }

    pub(crate) fn kill(&mut self, kill: Kill, alone: bool) {
        *self.figures.kills.entry(kill.name().to_owned()).or_default() += 1;
        match kill {
            Kill::Now => self.restart(),
            other => self.processes.as_ref().unwrap().doom.await_kill(other, alone),
        }
    }

    /// The engine of a machine, which is switched on for it.
    pub(crate) fn engine(&mut self, machine: Machine) -> Engine {
        self.switch_on(machine);
        self.processes.as_ref().unwrap().engine(machine).unwrap()
    }

    pub(crate) fn is_on(&self, machine: Machine) -> bool {
        self.processes.as_ref().unwrap().engine(machine).is_some()
    }

    pub(crate) fn switch_on(&mut self, machine: Machine) {
        if !self.is_on(machine) {
            let now = self.now();
            self.note(format!("{now} machine {machine} switched on"));
            let processes = self.processes.as_mut().unwrap();
            processes.switch_on(&self.around, machine, &self.disks[machine]);
        }
    }

    /// Switches one machine off without warning, while the other one runs on.
    pub(crate) fn switch_off(&mut self, machine: Machine) {
        if self.is_on(machine) {
            *self.figures.kills.entry("of one machine".to_owned()).or_default() += 1;
            self.figures.ended += 1;
            let now = self.now();
            self.processes.as_mut().unwrap().switch_off(machine);
            self.around.ledger.lock().unwrap().killed(machine, now);
        }
    }
}
