//! The real binary, killed with SIGKILL at random moments and started again: over real sockets, on a real database
//! file, with a real keyring. In the end Zoom must have received exactly the writes that were needed.
//!
//! `KILLS=200` kills that often, `SEED=7` at other moments.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use reconvene_simulator::hands::{Moment, NewConference, NewEvent};
use reconvene_simulator::scenario::ANA;
use reconvene_simulator::{Effect, Fault, Hand, Hook, Service, World};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Child;

use crate::app::{App, number};
use crate::session::Session;
use crate::until;

/// So many kills unless `KILLS` says otherwise.
const KILLS: u64 = 16;
/// After so many syncs that nobody disturbs everything is done.
const SYNCS: u32 = 6;

/// What Zoom has to equal for one meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    topic: String,
    start: Timestamp,
    minutes: u32,
}

/// Where, after it began, a process is to end.
#[derive(Debug, Clone, Copy)]
enum End {
    /// With this request sent, and not carried out.
    Unsent,
    /// With this request carried out, and its answer on the way.
    Unanswered,
    /// So long after this request.
    Later(Duration),
}

/// The one process that is to end, and when.
#[derive(Debug, Default)]
struct Doom {
    victim: Option<Pid>,
    left: u64,
    end: Option<End>,
    kills: BTreeMap<&'static str, u32>,
}

impl Doom {
    /// Called for every request, before the service carries it out.
    fn meets(&mut self) -> Option<Fault> {
        let (victim, end) = (self.victim?, self.end?);
        if self.left > 0 {
            self.left -= 1;
            return None;
        }
        self.end = None;
        match end {
            End::Unsent => {
                self.strike(victim, "before a request took effect");
                Some(Fault::before(Effect::Reset))
            }
            End::Unanswered => {
                self.strike(victim, "before an answer came");
                None
            }
            End::Later(after) => {
                // Answers of the services have long come by then; it dies between two of its own deeds.
                *self.kills.entry("some time after a request").or_default() += 1;
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    kill_process(victim, Signal::KILL).ok();
                });
                None
            }
        }
    }

    fn strike(&mut self, victim: Pid, when: &'static str) {
        kill_process(victim, Signal::KILL).ok();
        *self.kills.entry(when).or_default() += 1;
    }
}

struct Story {
    app: App,
    doom: Arc<Mutex<Doom>>,
    chance: ChaCha8Rng,
    /// Events that live, with their meetings.
    events: BTreeMap<String, u64>,
    cancelled: BTreeSet<u64>,
    /// Everything that an event ever asked of its meeting.
    asked: BTreeMap<u64, Vec<Wanted>>,
    titles: u32,
    /// The last request before the first kill.
    mark: u64,
}

impl Story {
    async fn begin(seed: u64) -> Self {
        let app = App::new(Session::without_display()).await;
        app.choose("mass_delete_limit = 1000");
        let mut story = Self {
            app,
            doom: Arc::default(),
            chance: ChaCha8Rng::seed_from_u64(seed),
            events: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            asked: BTreeMap::new(),
            titles: 0,
            mark: 0,
        };
        for _ in 0..8 {
            story.add();
        }
        story.app.sign_in("google").await;
        story.app.sign_in("zoom").await;
        story.app.json(&["calendar", "watch", ANA]).await;
        story.app.bring_in_step().await;
        story.mark = story.last_request();
        let doom = Arc::clone(&story.doom);
        let hook: Hook = Arc::new(move |_| doom.lock().unwrap().meets());
        story
            .app
            .simulator
            .with(|world| world.faults().set_hook(Some(hook)));
        story
    }

    fn last_request(&self) -> u64 {
        let log = |world: &mut World| world.log().entries().last().map_or(0, |entry| entry.seq);
        self.app.simulator.with(log)
    }

    /// Zoom's token dies with each use. Whoever dies while it is renewed has to ask the person again.
    async fn mend(&self) {
        let renewed = self.app.simulator.with(|world| {
            let mut last = world.log().entries().iter().rev().take(3);
            last.any(|entry| entry.service == Service::ZoomOauth)
        });
        if renewed {
            self.app.sign_in("zoom").await;
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        u64::from(self.chance.next_u32()) % bound
    }

    fn title(&mut self) -> String {
        self.titles += 1;
        format!("Title {}", self.titles)
    }

    fn add(&mut self) {
        let hours = 24 + i64::try_from(self.below(300)).unwrap();
        let start = self.app.simulator.with(|world| world.now()) + SignedDuration::from_hours(hours);
        let start = Timestamp::from_second(start.as_second()).unwrap();
        let title = self.title();
        let new = NewEvent {
            conference: NewConference::ZoomAddOn(ANA.to_owned()),
            ..NewEvent::new(ANA, &title, Moment::At(start))
        };
        let id = self.app.simulator.hand(Hand::AddEvent(Box::new(new))).unwrap();
        let meeting = self.app.simulator.with(|world| number(world, &id));
        self.events.insert(id, meeting);
        self.note();
    }

    /// Takes in what the events ask for now.
    fn note(&mut self) {
        for (event, meeting) in &self.events {
            let wanted = self.wanted(event);
            let asked = self.asked.entry(*meeting).or_default();
            if asked.last() != Some(&wanted) {
                asked.push(wanted);
            }
        }
    }

    fn wanted(&self, event: &str) -> Wanted {
        let event = self.app.simulator.with(|world| world.event(ANA, event).unwrap());
        Wanted {
            topic: event.summary().to_owned(),
            start: event.start.instant(),
            minutes: u32::try_from(event.length().as_mins()).unwrap(),
        }
    }

    /// The person does one thing in the calendar.
    fn edit(&mut self) {
        let at = self.below(self.events.len() as u64);
        let (event, meeting) = self.events.iter().nth(at as usize).unwrap();
        let (event, meeting) = (event.clone(), *meeting);
        let calendar = ANA.to_owned();
        match self.below(8) {
            0 if self.events.len() > 3 => {
                self.app.hand(Hand::CancelEvent {
                    calendar,
                    event: event.clone(),
                });
                self.events.remove(&event);
                self.cancelled.insert(meeting);
            }
            0 | 1 => self.add(),
            2..=4 => {
                let title = self.title();
                self.app.rename(&event, &title);
            }
            5 | 6 => {
                let hours = 24 + i64::try_from(self.below(300)).unwrap();
                let now = self.app.simulator.with(|world| world.now());
                let start = Timestamp::from_second(now.as_second() + hours * 3600).unwrap();
                self.app.hand(Hand::MoveEvent {
                    calendar,
                    event,
                    start: Moment::At(start),
                    end: None,
                });
            }
            _ => {
                let minutes = 10 + u32::try_from(self.below(100)).unwrap();
                self.app.hand(Hand::ResizeEvent {
                    calendar,
                    event,
                    minutes,
                });
            }
        }
        self.note();
    }

    /// Starts a process and ends it in the middle of its work; it may also come to the end of it.
    async fn kill(&mut self) {
        for _ in 0..=self.below(3) {
            self.edit();
        }
        let left = self.below(16);
        let end = match self.below(3) {
            0 => End::Unsent,
            1 => End::Unanswered,
            _ => End::Later(Duration::from_micros(self.below(40_000))),
        };
        let one_shot = self.below(2) == 0;
        let arguments: &[&str] = if one_shot { &["sync"] } else { &["--headless"] };
        let mut command = self.app.command(arguments);
        // It is not known to the doom before it was started; it sends nothing in so short a time.
        let mut process = {
            let mut doom = self.doom.lock().unwrap();
            let process = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            doom.victim = Pid::from_raw(i32::try_from(process.id().unwrap()).unwrap());
            (doom.left, doom.end) = (left, Some(end));
            process
        };
        if !one_shot {
            self.ask_to_sync(&mut process).await;
        }
        let ended = tokio::time::timeout(crate::DEADLINE, process.wait()).await;
        ended.expect("a process that is killed, or done, ends").unwrap();
        let mut doom = self.doom.lock().unwrap();
        (doom.victim, doom.end) = (None, None);
    }

    /// Asks an agent for a sync, and ends it when it is done with it and still alive.
    async fn ask_to_sync(&self, agent: &mut Child) {
        let mut stream = until("an agent listens or has ended", async || {
            match agent.try_wait().unwrap() {
                Some(_) => Some(None),
                None => self.app.connect().await.map(Some),
            }
        })
        .await;
        let Some(stream) = &mut stream else { return };
        let line = b"{\"id\":1,\"command\":\"sync\"}\n";
        if stream.write_all(line).await.is_err() {
            return;
        }
        let mut answer = String::new();
        let mut reader = BufReader::new(stream);
        let answered = reader.read_line(&mut answer).await;
        if answered.is_ok_and(|bytes| bytes > 0) {
            agent.start_kill().unwrap();
            let mut doom = self.doom.lock().unwrap();
            *doom.kills.entry("at rest").or_default() += 1;
        }
    }

    /// Nobody disturbs it any more: everything comes to its end.
    async fn settle(&mut self) {
        for _ in 0..SYNCS {
            let output = self.app.run(&["sync", "--json"]).await;
            let report: Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|_| panic!("{}", crate::app::text(&output.stderr)));
            if report["value"]["pending"] == 0 && output.status.success() {
                return;
            }
        }
        panic!("it does not come to rest: {}", self.app.json(&["activity"]).await);
    }

    /// What must be so in the end, by what the services received.
    fn check(&self) {
        self.app.simulator.with(|world| {
            for (event, meeting) in &self.events {
                let found = world.meeting(*meeting).unwrap();
                let wanted = self.asked[meeting].last().unwrap();
                let is = Wanted {
                    topic: found.topic.clone(),
                    start: found.start.unwrap(),
                    minutes: found.minutes,
                };
                assert!(found.trashed.is_none(), "P3: the meeting of {event} is gone");
                assert_eq!(is, *wanted, "P2: the meeting of {event}");
            }
            for meeting in &self.cancelled {
                let gone = world
                    .meeting(*meeting)
                    .is_none_or(|meeting| meeting.trashed.is_some());
                assert!(gone, "P5: the deletion of {meeting} was lost");
            }
            assert_eq!(world.mails().len(), 0, "P9");
            // Every value is written once, however often its writer died.
            let mut now: BTreeMap<(u64, String), Value> = BTreeMap::new();
            let mut deleted = BTreeSet::new();
            for entry in world.log().since(self.mark).filter(|entry| entry.is_write()) {
                assert_eq!(entry.service, Service::Zoom, "P7: the calendar is only read");
                let meeting = entry.meeting().unwrap_or_default();
                let asked = self
                    .asked
                    .get(&meeting)
                    .unwrap_or_else(|| panic!("P3: {entry:?}"));
                match entry.method.as_str() {
                    "PATCH" => {
                        for (name, value) in entry.body.as_object().unwrap() {
                            let known = asked.iter().any(|wanted| wanted.holds(name, value));
                            assert!(known, "nobody asked for {name} {value} of {meeting}");
                            let key = (meeting, name.clone());
                            let first = asked.first().unwrap();
                            let same = match now.get(&key) {
                                Some(before) => before == value,
                                None => first.holds(name, value),
                            };
                            assert!(!same, "P6: {name} {value} of {meeting} was there already");
                            if entry.applied {
                                now.insert(key, value.clone());
                            }
                        }
                    }
                    "DELETE" => {
                        assert!(self.cancelled.contains(&meeting), "P3: {meeting} was deleted");
                        assert!(
                            !entry.applied || deleted.insert(meeting),
                            "P5: {meeting} was deleted twice"
                        );
                    }
                    other => panic!("P5: {other} {}", entry.path),
                }
            }
        });
    }
}

impl Wanted {
    /// Whether it asks for such a value of one of Zoom's fields.
    fn holds(&self, name: &str, value: &Value) -> bool {
        match name {
            "topic" => value == self.topic.as_str(),
            "start_time" => value
                .as_str()
                .is_some_and(|text| text.parse().ok() == Some(self.start)),
            "duration" => value == self.minutes,
            _ => false,
        }
    }
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_p2_p3_p5_p6_every_write_is_made_once_however_often_the_process_is_killed() {
    let mut story = Story::begin(from_environment("SEED").unwrap_or(1)).await;
    let kills = from_environment("KILLS").unwrap_or(KILLS);
    for _ in 0..kills {
        story.kill().await;
        story.mend().await;
    }
    story.settle().await;
    story.check();
    let doom = story.doom.lock().unwrap();
    println!("{kills} processes ended: {:?}", doom.kills);
}
