//! The person's machines: engines on their databases, in one runtime whose clock stands still but for the simulation.
//! A machine can end at any moment and is then started again from its file.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_engine::Engine;
use reconvene_engine::ports::{Clock, Ports};
use reconvene_engine::profile::Profile;
use reconvene_engine::rehearsal::{self, Door, Ended, Fate};
use reconvene_simulator::Simulator;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::ledger::{Ledger, Machine};
use crate::planted::Planted;
use crate::shared::{Drawer, InProcess, Seeded, config};
use crate::steps::Kill;
use crate::wire::{Doom, Wire};

/// Wall time: it follows the runtime's clock while there is one, and stands still in between.
pub(crate) struct Wall(Mutex<(Timestamp, Option<(Instant, Handle)>)>);

impl Wall {
    pub(crate) fn new(at: Timestamp) -> Self {
        Self(Mutex::new((at, None)))
    }

    pub(crate) fn read(&self) -> Timestamp {
        let wall = self.0.lock().unwrap();
        match &wall.1 {
            Some((began, runtime)) => {
                let _inside = runtime.enter();
                wall.0 + SignedDuration::try_from(began.elapsed()).unwrap()
            }
            None => wall.0,
        }
    }

    fn start(&self) {
        self.0.lock().unwrap().1 = Some((Instant::now(), Handle::current()));
    }

    fn stop(&self) {
        let now = self.read();
        *self.0.lock().unwrap() = (now, None);
    }

    pub(crate) fn shift(&self, by: SignedDuration) {
        let mut wall = self.0.lock().unwrap();
        wall.0 += by;
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.read()
    }
}

/// One machine while it is switched off: its disk, its keyring and its luck.
pub(crate) struct Disk {
    pub(crate) folder: PathBuf,
    pub(crate) drawer: Arc<Drawer>,
    pub(crate) zoom_client: String,
    dice: Arc<Seeded>,
}

/// What all machines stand in.
pub(crate) struct Surroundings {
    pub(crate) simulator: Simulator,
    pub(crate) wall: Arc<Wall>,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    pub(crate) chance: Arc<Mutex<Chance>>,
    pub(crate) settings: String,
    pub(crate) mortal_clients: bool,
    pub(crate) planted: Option<Planted>,
    pub(crate) own_host: Option<String>,
}

/// One machine that is switched on.
struct Running {
    engine: Engine,
    task: JoinHandle<()>,
    /// What a client asked for and does not wait for.
    begun: Vec<JoinHandle<()>>,
    /// Set when it is switched off: nothing goes out of it any more.
    off: Arc<AtomicBool>,
}

/// The machines, running.
pub(crate) struct Processes {
    runtime: Runtime,
    machines: Vec<Option<Running>>,
    pub(crate) doom: Arc<Doom>,
    door: Arc<Mutex<Doorkeeper>>,
    wall: Arc<Wall>,
    /// They may also end at an await of what a client waits for.
    mortal_clients: bool,
    /// It was asked for something and never answered; nobody can do more than end it.
    pub(crate) stuck: bool,
}

/// The process ended while it was asked to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dead;

impl Disk {
    pub(crate) fn new(folder: PathBuf, seed: u64, zoom_client: &str) -> Self {
        Self {
            folder,
            drawer: Arc::default(),
            zoom_client: zoom_client.to_owned(),
            dice: Arc::new(Seeded::new(seed)),
        }
    }
}

impl Disk {
    /// Everything in its database, row by row.
    pub(crate) fn rows(&self) -> Vec<String> {
        let connection = rusqlite::Connection::open(Profile::at(&self.folder).database()).unwrap();
        let all = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            let columns = statement.column_count();
            let row = |row: &rusqlite::Row<'_>| {
                let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
                let values: rusqlite::Result<Vec<_>> = values.collect();
                values.map(|values| format!("{values:?}"))
            };
            let rows = statement.query_map([], row).unwrap();
            rows.collect::<rusqlite::Result<_>>().unwrap()
        };
        let tables =
            "SELECT 'SELECT * FROM \"' || name || '\"' FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let mut statement = connection.prepare(tables).unwrap();
        let queries = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        queries.flat_map(|query| all(&query.unwrap())).collect()
    }
}

/// What stands at the door of every commit.
#[derive(Debug, Default)]
pub(crate) struct Doorkeeper {
    pub(crate) full_for: u32,
    pub(crate) commits: u32,
    /// The commits of one instant, and that instant.
    at_once: (Option<Instant>, u32),
}

/// No world gives so many reasons to write at one instant.
const AT_ONCE: u32 = 20_000;

impl Doorkeeper {
    /// An engine that runs in circles would never end, because time passes only while it waits.
    fn counts(&mut self) {
        self.commits += 1;
        let now = Some(Instant::now());
        match self.at_once {
            (instant, ref mut commits) if instant == now => *commits += 1,
            ref mut at_once => *at_once = (now, 1),
        }
        assert!(
            self.at_once.1 < AT_ONCE,
            "the engine runs in circles: it writes and writes while no time passes"
        );
    }
}

impl Processes {
    /// Switches all machines on.
    pub(crate) fn start(around: &Surroundings, disks: &[Disk], door: &Arc<Mutex<Doorkeeper>>) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        {
            let _inside = runtime.enter();
            around.wall.start();
        }
        let mut this = Self {
            runtime,
            machines: disks.iter().map(|_| None).collect(),
            doom: Arc::default(),
            door: Arc::clone(door),
            wall: Arc::clone(&around.wall),
            mortal_clients: around.mortal_clients,
            stuck: false,
        };
        for (machine, disk) in disks.iter().enumerate() {
            this.switch_on(around, machine, disk);
        }
        this
    }

    /// The engine of a machine, if it is switched on.
    pub(crate) fn engine(&self, machine: Machine) -> Option<Engine> {
        Some(self.machines[machine].as_ref()?.engine.clone())
    }

    pub(crate) fn switch_on(&mut self, around: &Surroundings, machine: Machine, disk: &Disk) {
        let off = Arc::default();
        rehearsal::watch(None);
        let engine = {
            let _inside = self.runtime.enter();
            open(around, machine, disk, (&self.doom, &off))
        };
        rehearsal::watch(Some(keeper(&self.doom, &self.door)));
        let own = engine.clone();
        let alone = async move { own.run(CancellationToken::new()).await };
        let task = self.runtime.spawn(Mortal {
            inner: Of::new(machine, &self.doom, alone),
        });
        self.machines[machine] = Some(Running {
            engine,
            task,
            begun: Vec::new(),
            off,
        });
    }

    /// Switches one machine off without warning, while the others run on.
    pub(crate) fn switch_off(&mut self, machine: Machine) {
        let Some(machine) = self.machines[machine].take() else {
            return;
        };
        machine.off.store(true, Ordering::Relaxed);
        for task in machine.begun.into_iter().chain([machine.task]) {
            task.abort();
            // What it was about to do is not done.
            drop(self.runtime.block_on(task));
        }
        let _inside = self.runtime.enter();
        drop(machine.engine);
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, time: Duration) -> Result<(), Dead> {
        self.drive(tokio::time::sleep, time)
    }

    fn drive<F: Future<Output = ()>>(
        &mut self,
        sleep: impl FnOnce(Duration) -> F,
        time: Duration,
    ) -> Result<(), Dead> {
        let doom = Arc::clone(&self.doom);
        let first = first_to_end(&mut self.machines);
        let ended = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = doom.struck() => Some(None),
                ended = first => Some(ended),
                () = sleep(time) => None,
            }
        });
        self.reap();
        match ended {
            None => Ok(()),
            Some(error) => Err(died(error)),
        }
    }

    /// Does something with a machine's engine, as a client of its would, while it goes on running.
    pub(crate) fn ask<T: Send + 'static>(
        &mut self,
        machine: Machine,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Dead> {
        let doom = Arc::clone(&self.doom);
        let work = Of::new(machine, &doom, work);
        let mut asked = match self.mortal_clients {
            true => self.runtime.spawn(Mortal { inner: work }),
            false => self.runtime.spawn(work),
        };
        let client = asked.abort_handle();
        let first = first_to_end(&mut self.machines);
        let answer = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = doom.struck() => Err(None),
                ended = first => Err(ended),
                answer = &mut asked => answer.map(Some).map_err(Some),
                () = tokio::time::sleep(Duration::from_secs(1200)) => Ok(None),
            }
        });
        if let Ok(Some(answer)) = answer {
            return Ok(answer);
        }
        // One machine may end alone, and what it was asked with it.
        client.abort();
        match answer {
            Err(error) => Err(died(error)),
            Ok(_) => {
                self.stuck = true;
                Err(Dead)
            }
        }
    }

    /// Has something done with a machine's engine for which nobody waits.
    pub(crate) fn begin(&mut self, machine: Machine, work: impl Future<Output = ()> + Send + 'static) {
        let inner = Of::new(machine, &self.doom, work);
        let begun = self.runtime.spawn(Mortal { inner });
        if let Some(machine) = &mut self.machines[machine] {
            machine.begun.push(begun);
        }
    }

    /// Tells of a panic in what was begun.
    fn reap(&mut self) {
        let machines = self.machines.iter_mut().flatten();
        let ended = machines.flat_map(|machine| machine.begun.extract_if(.., |begun| begun.is_finished()));
        let ended: Vec<JoinHandle<()>> = ended.collect();
        for ended in ended {
            if let Err(error) = self.runtime.block_on(ended) {
                died(Some(error));
            }
        }
    }

    /// The same for what needs no waiting.
    pub(crate) fn tell<T>(&mut self, machine: Machine, work: impl FnOnce() -> T) -> Result<T, Dead> {
        let _inside = self.runtime.enter();
        self.doom.at_work.store(machine, Ordering::Relaxed);
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| match payload.downcast::<Ended>() {
            Ok(_) => Dead,
            Err(other) => std::panic::resume_unwind(other),
        })
    }

    /// Does something on the engines' clock.
    pub(crate) fn inside<T>(&self, work: impl FnOnce() -> T) -> T {
        let _inside = self.runtime.enter();
        work()
    }

    /// Requests begun since the machines were switched on.
    pub(crate) fn requests(&self) -> u32 {
        self.doom.requests.load(Ordering::Relaxed)
    }

    /// Switches all machines off without warning.
    pub(crate) fn kill(self) {
        rehearsal::watch(None);
        {
            let _inside = self.runtime.enter();
            self.wall.stop();
        }
        let Self {
            runtime, machines, ..
        } = self;
        drop(runtime);
        drop(machines);
    }
}

/// Waits for one of the machines to end; for ever while none is on.
async fn first_to_end(machines: &mut [Option<Running>]) -> Option<JoinError> {
    let tasks: Vec<_> = machines
        .iter_mut()
        .flatten()
        .map(|machine| &mut machine.task)
        .collect();
    match tasks.is_empty() {
        true => std::future::pending().await,
        false => futures::future::select_all(tasks).await.0.err(),
    }
}

fn died(error: Option<JoinError>) -> Dead {
    if let Some(error) = error
        && error.is_panic()
    {
        let payload = error.into_panic();
        if !payload.is::<Ended>() {
            std::panic::resume_unwind(payload);
        }
    }
    Dead
}

fn open(
    around: &Surroundings,
    machine: Machine,
    disk: &Disk,
    (doom, off): (&Arc<Doom>, &Arc<AtomicBool>),
) -> Engine {
    let profile = Profile::at(&disk.folder);
    let wire = Wire {
        machine,
        simulator: around.simulator.clone(),
        service: InProcess(around.simulator.router()),
        ledger: Arc::clone(&around.ledger),
        doom: Arc::clone(doom),
        off: Arc::clone(off),
        chance: Arc::clone(&around.chance),
        planted: around.planted,
        database: profile.database(),
        own_host: around.own_host.clone(),
    };
    let ports = Ports {
        transport: Arc::new(wire),
        clock: around.wall.clone(),
        dice: disk.dice.clone(),
        secrets: disk.drawer.clone(),
    };
    let config = config(&profile, &disk.zoom_client, &around.settings);
    let engine = Engine::open(&profile, config, ports).unwrap();
    if let Some(planted) = around.planted {
        planted.into(&profile.database());
    }
    engine
}

/// Decides about every commit of this thread.
fn keeper(doom: &Arc<Doom>, door: &Arc<Mutex<Doorkeeper>>) -> Box<dyn FnMut(Door) -> Fate> {
    let (doom, door) = (Arc::clone(doom), Arc::clone(door));
    Box::new(move |side| {
        let ends = match side {
            Door::Before => {
                let mut door = door.lock().unwrap();
                door.counts();
                if door.full_for > 0 {
                    door.full_for -= 1;
                    return Fate::DiskFull;
                }
                doom.comes(
                    |kill| match kill {
                        Kill::BeforeCommit(left) => Some(left),
                        _ => None,
                    },
                    Kill::BeforeCommit,
                )
            }
            Door::After => doom.comes(
                |kill| match kill {
                    Kill::AfterCommit(left) => Some(left),
                    _ => None,
                },
                Kill::AfterCommit,
            ),
        };
        // What has ended commits nothing more, whichever of its tasks comes next.
        let machine = doom.at_work.load(Ordering::Relaxed);
        if ends || (doom.has_struck(machine) && side == Door::Before) {
            doom.strike(machine);
            return Fate::Ends;
        }
        Fate::Goes
    })
}

/// What a machine works at.
struct Of<F> {
    machine: Machine,
    doom: Arc<Doom>,
    inner: Pin<Box<F>>,
}

impl<F> Of<F> {
    fn new(machine: Machine, doom: &Arc<Doom>, work: F) -> Self {
        Self {
            machine,
            doom: Arc::clone(doom),
            inner: Box::pin(work),
        }
    }
}

impl<F: Future> Future for Of<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.doom.at_work.store(self.machine, Ordering::Relaxed);
        self.inner.as_mut().poll(cx)
    }
}

/// What an engine does by itself, or for somebody, and may end at any await.
struct Mortal<F> {
    inner: Of<F>,
}

impl<F: Future> Future for Mortal<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let counted = |kill| match kill {
            Kill::AtAwait(left) => Some(left),
            _ => None,
        };
        let Of { machine, doom, .. } = &self.inner;
        if doom.comes(counted, Kill::AtAwait) {
            doom.strike(*machine);
        }
        if doom.has_struck(*machine) {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll(cx)
    }
}

/// Where databases are quick: in memory if the system has such a place.
pub(crate) fn quick_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let quick = memory
        .is_dir()
        .then(|| tempfile::tempdir_in(memory).ok())
        .flatten();
    quick.unwrap_or_else(|| tempfile::tempdir().unwrap())
}
