//! The person's machines: engines on their databases, in one runtime whose clock stands still but for the simulation.
//! A machine can end at any moment and is then started again from its file.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::Pin;
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
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::ledger::Ledger;
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
    pub(crate) planted: Option<Planted>,
    pub(crate) own_host: Option<String>,
}

/// The machines, running.
pub(crate) struct Processes {
    runtime: Runtime,
    pub(crate) engines: Vec<Engine>,
    running: Vec<JoinHandle<()>>,
    /// What a client asked for and does not wait for.
    begun: Vec<JoinHandle<()>>,
    pub(crate) doom: Arc<Doom>,
    wall: Arc<Wall>,
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

/// What stands at the door of every commit.
#[derive(Debug, Default)]
pub(crate) struct Doorkeeper {
    pub(crate) full_for: u32,
    pub(crate) commits: u32,
}

impl Processes {
    /// Switches all machines on.
    pub(crate) fn start(around: &Surroundings, disks: &[Disk], door: &Arc<Mutex<Doorkeeper>>) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let doom = Arc::new(Doom::default());
        let engines = {
            let _inside = runtime.enter();
            around.wall.start();
            rehearsal::watch(None);
            let engines = disks.iter().enumerate();
            engines
                .map(|(machine, disk)| open(around, machine, disk, &doom))
                .collect::<Vec<_>>()
        };
        rehearsal::watch(Some(keeper(&doom, door)));
        let mut this = Self {
            runtime,
            engines,
            running: Vec::new(),
            begun: Vec::new(),
            doom,
            wall: Arc::clone(&around.wall),
            stuck: false,
        };
        this.run();
        this
    }

    fn run(&mut self) {
        self.running = self
            .engines
            .iter()
            .map(|engine| {
                let engine = engine.clone();
                let doom = Arc::clone(&self.doom);
                let alone = async move { engine.run(CancellationToken::new()).await };
                self.runtime.spawn(Mortal {
                    inner: Box::pin(alone),
                    doom,
                })
            })
            .collect();
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
        let running = &mut self.running;
        let ended = self.runtime.block_on(async {
            let first = futures::future::select_all(running.iter_mut());
            tokio::select! {
                biased;
                () = doom.struck() => Some(None),
                (ended, _, _) = first => Some(ended.err()),
                () = sleep(time) => None,
            }
        });
        self.reap();
        match ended {
            None => Ok(()),
            Some(error) => Err(died(error)),
        }
    }

    /// Does something with an engine, as a client of its would, while it goes on running.
    pub(crate) fn ask<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Dead> {
        let doom = Arc::clone(&self.doom);
        let running = &mut self.running;
        let mut asked = self.runtime.spawn(work);
        let answer = self.runtime.block_on(async {
            let first = futures::future::select_all(running.iter_mut());
            tokio::select! {
                biased;
                () = doom.struck() => Err(None),
                (ended, _, _) = first => Err(ended.err()),
                answer = &mut asked => answer.map(Some).map_err(Some),
                () = tokio::time::sleep(Duration::from_secs(1200)) => Ok(None),
            }
        });
        match answer {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => {
                self.stuck = true;
                Err(Dead)
            }
            Err(error) => Err(died(error)),
        }
    }

    /// Has something done with an engine for which nobody waits.
    pub(crate) fn begin(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        let doom = Arc::clone(&self.doom);
        let inner = Box::pin(work);
        self.begun.push(self.runtime.spawn(Mortal { inner, doom }));
    }

    /// Tells of a panic in what was begun.
    fn reap(&mut self) {
        let (ended, begun) = std::mem::take(&mut self.begun)
            .into_iter()
            .partition(JoinHandle::is_finished);
        self.begun = begun;
        for ended in ended {
            let ended: JoinHandle<()> = ended;
            if let Err(error) = self.runtime.block_on(ended) {
                died(Some(error));
            }
        }
    }

    /// The same for what needs no waiting.
    pub(crate) fn tell<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Dead> {
        let _inside = self.runtime.enter();
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
        self.doom.requests.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Switches all machines off without warning.
    pub(crate) fn kill(self) {
        rehearsal::watch(None);
        {
            let _inside = self.runtime.enter();
            self.wall.stop();
        }
        let Self { runtime, engines, .. } = self;
        drop(runtime);
        drop(engines);
    }
}

fn died(error: Option<tokio::task::JoinError>) -> Dead {
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

fn open(around: &Surroundings, machine: usize, disk: &Disk, doom: &Arc<Doom>) -> Engine {
    let profile = Profile::at(&disk.folder);
    let wire = Wire {
        machine,
        simulator: around.simulator.clone(),
        service: InProcess(around.simulator.router()),
        ledger: Arc::clone(&around.ledger),
        doom: Arc::clone(doom),
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
                door.commits += 1;
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
        if ends || (doom.has_struck() && side == Door::Before) {
            doom.strike();
            return Fate::Ends;
        }
        Fate::Goes
    })
}

/// The engine's own loop, which may end at any await.
struct Mortal {
    inner: Pin<Box<dyn Future<Output = ()> + Send>>,
    doom: Arc<Doom>,
}

impl Future for Mortal {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let counted = |kill| match kill {
            Kill::AtAwait(left) => Some(left),
            _ => None,
        };
        if self.doom.comes(counted, Kill::AtAwait) {
            self.doom.strike();
        }
        if self.doom.has_struck() {
            return Poll::Pending;
        }
        self.inner.as_mut().poll(cx)
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
