//! A test stand: the real engine on a real SQLite file, its transport pointed at the simulator's router, on tokio's
//! paused clock. No socket, no real waiting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::report::{ActivityEntry, MeetingState, MeetingView, Service, SyncReport};
use reconvene_engine::Engine;
use reconvene_engine::oauth::Grant;
use reconvene_engine::ports::{Clock, Ports, Transport};
use reconvene_engine::profile::Profile;
use reconvene_simulator::hands::{Moment, NewConference, NewEvent};
use reconvene_simulator::zoom::oauth as zoom_oauth;
use reconvene_simulator::{Effect, Entry, Fault, Hand, Rule, Service as Wire, Simulator};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use crate::shared::{ANA, BEN};
use crate::shared::{Drawer, InProcess, Seeded, TO_READ, TO_WRITE, config, granted};

const SECOND_CLIENT: &str = "simulatorPublicClientTwo";

pub(crate) struct Stand {
    pub(crate) simulator: Simulator,
    pub(crate) engine: Engine,
    pub(crate) secrets: Arc<Drawer>,
    pub(crate) folder: tempfile::TempDir,
    mark: AtomicU64,
    wall: Arc<Wall>,
    ports: Ports,
    settings: String,
}

/// Wall time that follows tokio's clock. That of the engine's machine can be set back.
pub(crate) struct Wall {
    began: Instant,
    epoch: Timestamp,
    back: Mutex<SignedDuration>,
}

impl Wall {
    /// The services' own time.
    fn services(&self) -> Timestamp {
        self.epoch + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }

    pub(crate) fn set_back(&self, by: SignedDuration) {
        *self.back.lock().unwrap() += by;
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.services() - *self.back.lock().unwrap()
    }
}

impl Stand {
    /// Ana with a Google calendar that is watched and a Zoom account; Ben with a Zoom account.
    pub(crate) async fn new(settings: &str) -> Self {
        let stand = Self::bare(settings);
        stand.sign_in(Service::Google).await;
        stand.sign_in(Service::Zoom).await;
        stand.engine.watch_calendar(ANA, true).await.unwrap();
        stand
    }

    /// The same with “Review” at nine on the first of December, in step with its meeting. Returns both ids as well.
    pub(crate) async fn in_step(settings: &str) -> (Self, String, u64) {
        let stand = Self::new(settings).await;
        let (event, meeting) = stand.event("Review", "2026-12-01T09:00:00Z");
        stand.sync().await;
        (stand, event, meeting)
    }

    /// The same people, nobody signed in.
    pub(crate) fn bare(settings: &str) -> Self {
        let wall = Arc::new(Wall {
            began: Instant::now(),
            epoch: "2026-11-22T08:00:00Z".parse().unwrap(),
            back: Mutex::default(),
        });
        let clock = Arc::clone(&wall);
        let simulator = Simulator::new(Arc::new(move || clock.services()), 1);
        for email in [ANA, BEN] {
            let (name, time_zone) = (email.to_owned(), "Europe/Berlin".to_owned());
            let person = Hand::CreatePerson {
                email: email.into(),
                name: name.clone(),
                time_zone: time_zone.clone(),
            };
            simulator.hand(person).unwrap();
            let account = "home".to_owned();
            simulator
                .hand(Hand::CreateZoomUser {
                    email: email.into(),
                    name,
                    account,
                    time_zone,
                    may_host: true,
                })
                .unwrap();
        }
        let secrets = Arc::new(Drawer::default());
        let ports = Ports {
            transport: Arc::new(InProcess(simulator.router())),
            clock: wall.clone(),
            dice: Arc::new(Seeded::new(1)),
            secrets: secrets.clone(),
        };
        let folder = tempfile::tempdir().unwrap();
        let engine = open(&folder, settings, ports.clone());
        Self {
            simulator,
            engine,
            secrets,
            folder,
            mark: AtomicU64::new(0),
            wall,
            ports,
            settings: settings.to_owned(),
        }
    }

    /// A second installation of the same person, on a machine of its own, signed in and watching the same calendar. Its Zoom
    /// client is another one, because a new consent for the same client would end the first machine's.
    pub(crate) async fn another(&self) -> (Engine, tempfile::TempDir) {
        const CLIENT: &str = "simulatorPublicClientTwo";
        let client = zoom_oauth::Client {
            secret: None,
            redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
            scopes: zoom_oauth::SCOPES.iter().map(ToString::to_string).collect(),
        };
        self.simulator
            .with(|world| world.register_zoom_client(CLIENT, client));
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::at(folder.path());
        let config = config(&profile, CLIENT, &self.settings);
        let engine = Engine::open(&profile, config, self.ports.clone()).unwrap();
        for service in [Service::Google, Service::Zoom] {
            let grant = grant(&self.simulator, service, ANA, CLIENT).await;
            engine.add_account(grant).await.unwrap();
        }
        engine.watch_calendar(ANA, true).await.unwrap();
        (engine, folder)
    }

    /// The clock of the engine's machine now.
    pub(crate) fn now(&self) -> Timestamp {
        self.wall.now()
    }

    /// Sets it back.
    pub(crate) fn set_clock_back(&self, by: SignedDuration) {
        self.wall.set_back(by);
    }

    pub(crate) fn wall(&self) -> Arc<Wall> {
        Arc::clone(&self.wall)
    }

    /// Kills the engine and opens it again on the same file.
    pub(crate) fn restart(&mut self) {
        self.engine = open(&self.folder, &self.settings, self.ports.clone());
    }

    /// The same with another `[sync]` section.
    pub(crate) fn restart_with(&mut self, settings: &str) {
        settings.clone_into(&mut self.settings);
        self.restart();
    }

    /// The same, with another way to the services.
    pub(crate) fn restart_over(&mut self, transport: Arc<dyn Transport>) {
        let ports = Ports {
            transport,
            ..self.ports.clone()
        };
        self.engine = open(&self.folder, &self.settings, ports);
    }

    /// Allows to change events.
    pub(crate) async fn permit(&self) {
        let grant = granted(&self.simulator, Service::Google, ANA, "", TO_WRITE).await;
        self.engine.add_account(grant).await.unwrap();
    }

    /// Another installation of the same person, in the same world.
    pub(crate) async fn second(&self) -> Self {
        // An app of its own: at Zoom a new grant of a person to an app ends the one before.
        let client = zoom_oauth::Client {
            secret: None,
            redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
            scopes: zoom_oauth::SCOPES.iter().map(|&scope| scope.to_owned()).collect(),
        };
        self.simulator
            .with(|world| world.register_zoom_client(SECOND_CLIENT, client));
        let secrets = Arc::new(Drawer::default());
        let ports = Ports {
            secrets: secrets.clone(),
            dice: Arc::new(Seeded::new(2)),
            ..self.ports.clone()
        };
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::at(folder.path());
        let config = config(&profile, SECOND_CLIENT, &self.settings);
        let engine = Engine::open(&profile, config, ports.clone()).unwrap();
        let second = Self {
            simulator: self.simulator.clone(),
            engine,
            secrets,
            folder,
            mark: AtomicU64::new(0),
            wall: Arc::clone(&self.wall),
            ports,
            settings: self.settings.clone(),
        };
        second.sign_in(Service::Google).await;
        let grant = grant(&self.simulator, Service::Zoom, ANA, SECOND_CLIENT).await;
        second.engine.add_account(grant).await.unwrap();
        second.engine.watch_calendar(ANA, true).await.unwrap();
        second
    }

    pub(crate) async fn sign_in(&self, service: Service) {
        self.sign_in_as(service, ANA).await;
    }

    pub(crate) async fn sign_in_as(&self, service: Service, who: &str) {
        let grant = grant(&self.simulator, service, who, zoom_oauth::PUBLIC_CLIENT_ID).await;
        self.engine.add_account(grant).await.unwrap();
    }

    /// An event at `start` with a meeting that Zoom's add-on made for it. Returns both ids.
    pub(crate) fn event(&self, title: &str, start: &str) -> (String, u64) {
        self.event_on(ANA, title, start)
    }

    /// Another calendar of Ana's, listed, and watched or not. Returns Google's id of it.
    pub(crate) async fn calendar(&self, name: &str, watched: bool) -> String {
        let made = self.hand(Hand::CreateCalendar {
            owner: ANA.into(),
            summary: name.into(),
            id: None,
            time_zone: None,
        });
        self.engine.refresh_calendars().await.unwrap();
        if watched {
            self.engine.watch_calendar(&made, true).await.unwrap();
        }
        made
    }

    /// A series with a meeting that Zoom's add-on made for it. Returns both ids.
    pub(crate) fn series(&self, title: &str, start: &str, rule: &str) -> (String, u64) {
        let id = self.add(NewEvent {
            conference: NewConference::ZoomAddOn(ANA.into()),
            recurrence: vec![format!("RRULE:{rule}")],
            ..NewEvent::new(ANA, title, at(start))
        });
        let made = self.simulator.with(|world| {
            let made = world.meetings().filter(|meeting| meeting.topic == title);
            made.map(|meeting| meeting.id).last()
        });
        (id, made.unwrap())
    }

    pub(crate) fn event_on(&self, calendar: &str, title: &str, start: &str) -> (String, u64) {
        let conference = NewConference::ZoomAddOn(ANA.into());
        let id = self.add(NewEvent {
            conference,
            ..NewEvent::new(calendar, title, at(start))
        });
        let meeting = self
            .simulator
            .with(|world| world.meetings().map(|meeting| meeting.id).max())
            .unwrap();
        let newest = self.simulator.with(|world| {
            world
                .meetings()
                .filter(|meeting| meeting.topic == title)
                .map(|meeting| meeting.id)
                .last()
        });
        (id, newest.unwrap_or(meeting))
    }

    pub(crate) fn add(&self, event: NewEvent) -> String {
        self.simulator.hand(Hand::AddEvent(Box::new(event))).unwrap()
    }

    pub(crate) fn hand(&self, hand: Hand) -> String {
        self.simulator.hand(hand).unwrap()
    }

    pub(crate) fn rename(&self, event: &str, title: &str) {
        self.hand(Hand::RenameEvent {
            calendar: ANA.into(),
            event: event.into(),
            title: title.into(),
        });
    }

    pub(crate) fn drag(&self, event: &str, start: &str) {
        self.hand(Hand::MoveEvent {
            calendar: ANA.into(),
            event: event.into(),
            start: at(start),
            end: None,
        });
    }

    pub(crate) fn cancel(&self, event: &str) {
        self.hand(Hand::CancelEvent {
            calendar: ANA.into(),
            event: event.into(),
        });
    }

    pub(crate) fn fault(&self, service: Wire, path: &str, method: &str, fault: Fault) {
        self.simulator.with(|world| {
            world
                .faults()
                .add(Rule::once(service, path, fault).method(method))
        });
    }

    pub(crate) async fn sync(&self) -> SyncReport {
        self.engine.sync(None, false).await.unwrap()
    }

    /// Syncs, lets `time` pass, and syncs again.
    pub(crate) async fn sync_after(&self, time: Duration) -> SyncReport {
        tokio::time::advance(time).await;
        self.sync().await
    }

    /// Looks only at the requests from now on.
    pub(crate) fn clear_log(&self) {
        let last = self
            .simulator
            .with(|world| world.log().entries().last().map_or(0, |entry| entry.seq));
        self.mark.store(last, Ordering::Relaxed);
    }

    pub(crate) fn requests(&self) -> Vec<Entry> {
        let mark = self.mark.load(Ordering::Relaxed);
        self.simulator
            .with(|world| world.log().since(mark).cloned().collect())
    }

    pub(crate) fn zoom_requests(&self) -> Vec<Entry> {
        self.requests()
            .into_iter()
            .filter(|entry| entry.service == Wire::Zoom)
            .collect()
    }

    /// `GET`, `PATCH`, … in order, as Zoom received them.
    pub(crate) fn zoom_methods(&self) -> Vec<String> {
        self.zoom_requests()
            .into_iter()
            .map(|entry| entry.method)
            .collect()
    }

    pub(crate) fn google_writes(&self) -> usize {
        self.requests()
            .iter()
            .filter(|entry| entry.service == Wire::Google && entry.is_write())
            .count()
    }

    pub(crate) fn topic(&self, meeting: u64) -> Option<String> {
        self.simulator
            .with(|world| world.meeting(meeting).map(|meeting| meeting.topic.clone()))
    }

    pub(crate) fn start(&self, meeting: u64) -> Option<Timestamp> {
        self.simulator
            .with(|world| world.meeting(meeting).and_then(|meeting| meeting.start))
    }

    pub(crate) fn exists(&self, meeting: u64) -> bool {
        self.simulator.with(|world| {
            world
                .meeting(meeting)
                .is_some_and(|meeting| meeting.trashed.is_none())
        })
    }

    pub(crate) fn newest(&self) -> ActivityEntry {
        self.engine.activity(1, None).unwrap().remove(0)
    }

    pub(crate) fn view(&self, title: &str) -> MeetingView {
        let all = self.engine.meetings().unwrap();
        all.iter()
            .find(|view| view.title == title)
            .cloned()
            .unwrap_or_else(|| panic!("{title} among {all:#?}"))
    }

    pub(crate) fn state(&self, title: &str) -> MeetingState {
        self.view(title).state
    }
}

async fn grant(simulator: &Simulator, service: Service, who: &str, zoom_client: &str) -> Grant {
    granted(simulator, service, who, zoom_client, TO_READ).await
}

/// The engine at work by itself.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(stand: &Stand) -> Self {
        let stop = CancellationToken::new();
        let (engine, stopped) = (stand.engine.clone(), stop.clone());
        Self {
            stop,
            task: tokio::spawn(async move { engine.run(stopped).await }),
        }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn open(folder: &tempfile::TempDir, settings: &str, ports: Ports) -> Engine {
    let profile = Profile::at(folder.path());
    let config = config(&profile, zoom_oauth::PUBLIC_CLIENT_ID, settings);
    Engine::open(&profile, config, ports).unwrap()
}

pub(crate) fn at(text: &str) -> Moment {
    Moment::At(text.parse().unwrap())
}

/// No answer though the request took effect.
pub(crate) fn answer_lost() -> Fault {
    Fault::after(Effect::Reset)
}

pub(crate) fn refused(preset: &str) -> Fault {
    Fault::preset(preset)
}
