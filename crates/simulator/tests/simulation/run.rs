//! One history: the world is made, the steps are taken, trouble stops, time passes, and the promises are checked.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::{EntryId, MeetingId};
use reconvene_core::report::{MeetingState, MeetingView, Status};
use reconvene_engine::Engine;
use reconvene_simulator::google::Role;
use reconvene_simulator::zoom::oauth as zoom_oauth;
use reconvene_simulator::{Hand, Simulator};

use crate::chance::Chance;
use crate::history::{Broken, Figures, History};
use crate::lasting::Bad;
use crate::ledger::{Ledger, Machine};
use crate::planted::Planted;
use crate::process::{Dead, Disk, Doorkeeper, Processes, Surroundings, Wall, quick_folder};
use crate::steps::{Plan, Step};
use crate::truth::Key;

/// Ana's other Google account.
pub(crate) const WORK: &str = "ana@work.test";
/// The Zoom client of the second machine: a new consent for the same client would end the first machine's.
pub(crate) const SECOND_CLIENT: &str = "simulatorPublicClientTwo";

/// What came of a history.
pub(crate) struct Ended {
    pub(crate) broken: Vec<Broken>,
    pub(crate) figures: Figures,
    pub(crate) fingerprint: u64,
    pub(crate) lines: Vec<String>,
    /// What else two runs must have alike.
    pub(crate) marks: Vec<String>,
    /// Requests and commits that the steps caused.
    pub(crate) requests: u32,
    pub(crate) commits: u32,
}

/// A calendar of the world.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) writable: bool,
}

pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) around: Surroundings,
    pub(crate) disks: Vec<Disk>,
    pub(crate) processes: Option<Processes>,
    pub(crate) door: Arc<Mutex<Doorkeeper>>,
    pub(crate) places: Vec<Place>,
    pub(crate) events: Vec<Key>,
    pub(crate) rooms: Vec<u64>,
    pub(crate) titles: u32,
    /// When an engine was last seen to call a meeting in step.
    pub(crate) seen_in_step: BTreeMap<(Machine, u64), Vec<Timestamp>>,
    pub(crate) outage: Arc<Mutex<[Option<Timestamp>; 2]>>,
    /// Whether the person allowed to change events.
    pub(crate) may_write: bool,
    /// The commits up to which the files were searched for secrets.
    pub(crate) searched: u32,
    /// Zoom's numbers of what the machines' own ids name.
    pub(crate) numbers: BTreeMap<(Machine, MeetingId), u64>,
    /// The machine that the person sits at.
    pub(crate) at: Machine,
    /// Meetings and entries that a machine was told to take back, and when, and has not yet.
    pub(crate) undoing: Vec<(Machine, u64, EntryId, Timestamp)>,
    /// Nobody uses the machines.
    pub(crate) idle: bool,
    /// What stays bad when all other trouble has stopped.
    pub(crate) bad: Option<Bad>,
    history: History,
    pub(crate) figures: Figures,
    logged: u64,
    /// Requests of the processes that have ended.
    pub(crate) requests: u32,
    within_steps: (u32, u32),
    _folder: tempfile::TempDir,
}

/// Lives a plan from beginning to end.
pub(crate) fn live(plan: &Plan, planted: Option<Planted>, kept: bool) -> Ended {
    let mut run = Run::new(plan.clone(), planted, kept);
    match catch_unwind(AssertUnwindSafe(|| run.lives(&plan.steps))) {
        Ok(()) => run.ended(),
        Err(payload) => run.perished(&*payload),
    }
}

impl Run {
    fn lives(&mut self, steps: &[Step]) {
        self.open_everything();
        let before = self.counted();
        for step in steps {
            self.step(*step);
        }
        let after = self.counted();
        self.within_steps = (after.0 - before.0, after.1 - before.1);
        self.settle();
    }

    fn new(plan: Plan, planted: Option<Planted>, kept: bool) -> Self {
        let setting = plan.setting;
        let began: Timestamp = "2026-10-01T06:30:00Z".parse().unwrap();
        let began = began + SignedDuration::from_hours(24 * i64::from(setting.day));
        let wall = Arc::new(Wall::new(began));
        let clock = Arc::clone(&wall);
        let simulator = Simulator::new(Arc::new(move || clock.read()), plan.seed);
        let folder = quick_folder();
        let disk = |name: &str, seed, client: &str| Disk::new(folder.path().join(name), seed, client);
        let mut disks = vec![disk("one", plan.seed, zoom_oauth::PUBLIC_CLIENT_ID)];
        if setting.two_installations {
            disks.push(disk("two", !plan.seed, SECOND_CLIENT));
        }
        let ledger = Ledger {
            grace: SignedDuration::from_secs(i64::from(setting.grace_seconds)),
            mass_limit: setting.mass_limit as usize,
            paged: setting.rows_per_page.is_some(),
            ..Ledger::default()
        };
        let around = Surroundings {
            simulator,
            wall,
            ledger: Arc::new(Mutex::new(ledger)),
            chance: Arc::new(Mutex::new(Chance::new(plan.seed, 1))),
            settings: format!(
                "delete_grace = \"{}s\"\nmass_delete_limit = {}",
                setting.grace_seconds, setting.mass_limit
            ),
            mortal_clients: setting.mortal_clients,
            planted,
            own_host: None,
        };
        Self {
            plan,
            around,
            disks,
            processes: None,
            door: Arc::default(),
            places: Vec::new(),
            events: Vec::new(),
            rooms: Vec::new(),
            titles: 0,
            seen_in_step: BTreeMap::new(),
            outage: Arc::default(),
            may_write: false,
            searched: 0,
            numbers: BTreeMap::new(),
            at: 0,
            undoing: Vec::new(),
            bad: None,
            idle: false,
            history: History::new(kept),
            figures: Figures::default(),
            logged: 0,
            requests: 0,
            within_steps: (0, 0),
            _folder: folder,
        }
    }

    pub(crate) fn must(&mut self, hand: Hand) -> String {
        self.around.simulator.hand(hand).unwrap()
    }

    fn has_calendar(&self, id: &str) -> bool {
        let calendars = self.around.simulator.with(|world| world.calendars());
        calendars.iter().any(|calendar| calendar == id)
    }

    /// Does a deed; one that is not possible now is skipped.
    pub(crate) fn hand(&mut self, hand: Hand) -> Option<String> {
        match &hand {
            Hand::UnshareCalendar { calendar, .. } | Hand::DeleteCalendar { calendar } => {
                let mut ledger = self.around.ledger.lock().unwrap();
                ledger.truth.lost.insert(calendar.clone());
                ledger.truth.ever_lost.insert(calendar.clone());
            }
            Hand::ShareCalendar { calendar, role, .. } if self.has_calendar(calendar) => {
                let now = self.now();
                let mut ledger = self.around.ledger.lock().unwrap();
                ledger.truth.lost.remove(calendar);
                ledger
                    .truth
                    .may_be_read_only(calendar, *role == Role::Reader, now);
                ledger.truth.shown_in_part(calendar, *role);
            }
            _ => {}
        }
        let now = self.now();
        self.note(format!("    {hand:?}"));
        self.around.ledger.lock().unwrap().word.last_hand = Some(now);
        let done = self.around.simulator.hand(hand);
        self.around
            .simulator
            .with(|world| self.around.ledger.lock().unwrap().truth.look(world));
        match done {
            Ok(id) => Some(id),
            Err(refused) => {
                self.note(format!("    not possible: {refused}"));
                None
            }
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        match &self.processes {
            Some(processes) => processes.inside(|| self.around.wall.read()),
            None => self.around.wall.read(),
        }
    }

    pub(crate) fn note(&mut self, line: String) {
        self.history.note(line);
    }

    pub(crate) fn break_promise(&mut self, promise: &'static str, how: String) {
        self.around.ledger.lock().unwrap().break_promise(promise, how);
    }

    fn step(&mut self, step: Step) {
        let now = self.now();
        self.note(format!("{now} {step}"));
        self.figures.steps += 1;
        if let Step::Wait { millis } = step {
            self.pass(Duration::from_millis(millis));
        } else {
            self.around.ledger.lock().unwrap().word.quiet(now);
            // Deeds happen between two polls of the engines, on their clock.
            self.take(step);
        }
        self.log();
        self.look();
    }

    /// Lets time pass; a machine that ends meanwhile is started again and lives through the rest.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now() + SignedDuration::try_from(time).unwrap();
        for _ in 0..50 {
            let now = self.now();
            let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
            if left.is_zero() {
                return;
            }
            let processes = self.processes.as_mut().unwrap();
            if processes.pass(left).is_err() {
                self.restart();
            }
        }
    }

    /// Asks an engine something that needs no waiting. `None` when it refused, or ended over it.
    pub(crate) fn tell<T, E: std::fmt::Debug>(
        &mut self,
        machine: Machine,
        work: impl FnOnce(&Engine) -> Result<T, E>,
    ) -> Option<T> {
        let engine = self.engine(machine);
        match self.processes.as_mut().unwrap().tell(machine, || work(&engine)) {
            Ok(Ok(value)) => Some(value),
            Ok(Err(problem)) => {
                self.note(format!("    refused: {problem:?}"));
                None
            }
            Err(Dead) => {
                drop(engine);
                self.restart();
                None
            }
        }
    }

    /// Requests and commits so far.
    pub(crate) fn counted(&self) -> (u32, u32) {
        let now = self.processes.as_ref().map_or(0, Processes::requests);
        (self.requests + now, self.door.lock().unwrap().commits)
    }

    /// Puts the new requests into the history.
    fn log(&mut self) {
        let (lines, marks, last) = self.around.simulator.with(|world| {
            let (mut lines, mut marks) = (Vec::new(), Vec::new());
            let mut last = self.logged;
            for entry in world.log().since(self.logged) {
                last = last.max(entry.seq);
                if let Some(fault) = &entry.fault {
                    *self.figures.faults.entry(kind_of(fault)).or_default() += 1;
                }
                match (entry.applied, entry.operation.as_str()) {
                    (true, "meetings.update") => self.figures.updates += 1,
                    (true, "meetings.delete") => self.figures.deletions += 1,
                    _ => {}
                }
                self.figures.requests += 1;
                // Where a sign-in comes back to is a port of the real system.
                let query = entry.query.iter().filter(|(name, _)| name != "redirect_uri");
                marks.push(format!("{} {:?}", entry.path, query.collect::<Vec<_>>()));
                lines.push(format!(
                    "    {} {} {} {} {}{}{}",
                    entry.at,
                    entry.method,
                    entry.path,
                    entry.status,
                    entry.body,
                    if entry.applied { " applied" } else { "" },
                    entry
                        .fault
                        .as_ref()
                        .map(|fault| format!(" [{fault}]"))
                        .unwrap_or_default(),
                ));
            }
            (lines, marks, last)
        });
        self.logged = last;
        for mark in marks {
            self.history.mark(mark);
        }
        for line in lines {
            self.note(line);
        }
    }

    /// Samples what the engines show, and holds it to what is honest.
    pub(crate) fn look(&mut self) {
        for machine in 0..self.disks.len() {
            if !self.is_on(machine) {
                continue;
            }
            let Some(views) = self.tell(machine, Engine::meetings) else {
                continue;
            };
            let Some(status) = self.tell(machine, Engine::status) else {
                continue;
            };
            let now = self.now();
            let mut ledger = self.around.ledger.lock().unwrap();
            ledger.word.at_peace(machine, has_peace(&views, &status), now);
            drop(ledger);
            for view in &views {
                let Some(number) = view.number.as_ref().and_then(|number| number.parse().ok()) else {
                    continue;
                };
                self.numbers.insert((machine, view.id), number);
                if view.state == MeetingState::InStep {
                    self.seen_in_step.entry((machine, number)).or_default().push(now);
                }
            }
            self.honest(machine, &views, &status);
        }
        self.writes_no_secret();
        self.look_for_undone();
    }

    /// A panic, of the engine or of the simulation itself, fails as a broken promise does.
    fn perished(mut self, payload: &(dyn Any + Send)) -> Ended {
        let words = payload.downcast_ref::<String>().map(String::as_str);
        let how = words
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no words");
        let broken = Broken {
            promise: "panic",
            how: how.to_owned(),
        };
        let mut history = std::mem::replace(&mut self.history, History::new(false));
        history.note(format!("BROKEN {broken}"));
        let fingerprint = history.fingerprint();
        let (lines, marks) = history.lines();
        // Locks may be poisoned by now.
        let remains = AssertUnwindSafe(self);
        drop(catch_unwind(move || drop(remains)));
        Ended {
            broken: vec![broken],
            figures: Figures::default(),
            fingerprint,
            lines,
            marks,
            requests: 0,
            commits: 0,
        }
    }

    fn ended(mut self) -> Ended {
        self.log();
        let broken: Vec<Broken> = self
            .around
            .ledger
            .lock()
            .unwrap()
            .broken
            .iter()
            .cloned()
            .collect();
        let mut figures = self.figures;
        figures.seeds = 1;
        let began: Timestamp = "2026-10-01T06:30:00Z".parse().unwrap();
        let began = began + SignedDuration::from_hours(24 * i64::from(self.plan.setting.day));
        let processes = self.processes.take().unwrap();
        let now = processes.inside(|| self.around.wall.read());
        figures.lived = now.duration_since(began).as_secs().unsigned_abs();
        processes.kill();
        self.around.simulator.with(|world| world.faults().set_hook(None));
        for broken in &broken {
            self.history.note(format!("BROKEN {broken}"));
        }
        for disk in &self.disks {
            for row in disk.rows() {
                self.history.mark(row);
            }
        }
        let (requests, commits) = self.within_steps;
        let fingerprint = self.history.fingerprint();
        let (lines, marks) = self.history.lines();
        Ended {
            broken,
            figures,
            fingerprint,
            lines,
            marks,
            requests,
            commits,
        }
    }
}

/// Whether a machine has nothing to do and nothing to ask.
fn has_peace(views: &[MeetingView], status: &Status) -> bool {
    // A question about a meeting that is to go is asked as one about its deletion.
    let busy = |view: &MeetingView| {
        use MeetingState::{Deleting, Held, Updating};
        matches!(view.state, Updating | Deleting | Held)
    };
    let mut calendars = status.calendars.iter().filter(|calendar| calendar.watched);
    !views.iter().any(busy)
        && status.asking.is_empty()
        && calendars.all(|calendar| calendar.health.last_success.is_some())
}

/// A fault's name without its numbers.
fn kind_of(fault: &str) -> String {
    match fault.split_once(|letter: char| letter.is_ascii_digit()) {
        Some((words, _)) if fault.starts_with("body cut") || fault.starts_with("slow") => {
            words.trim().to_owned()
        }
        _ => fault.to_owned(),
    }
}
