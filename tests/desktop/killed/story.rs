//! The story: two installations of one person are killed again and again while people edit, a sign-in ends, Google is
//! away, Zoom wants to be left in peace, and more is cancelled than goes unasked.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reconvene_simulator::scenario::ANA;
use reconvene_simulator::{Effect, Fault, Hand, Hook, Rule, Service};
use rustix::process::Pid;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Child;

use super::calendar::{Calendar, TOGETHER};
use super::doom::{Doom, End};
use super::judge::{self, Chronicle};
use super::left_behind::{Kept, Secrets, hold_no_secret};
use super::told;
use crate::app::{App, text};
use crate::session::Session;
use crate::until;

/// After so many syncs that nobody disturbs everything is done.
const SYNCS: u32 = 8;
/// So long Zoom wants to be left in peace.
const PATIENCE: Duration = Duration::from_secs(2);
/// The installation that meetings are asked of, and the one beside it.
const FIRST: usize = 0;
const BOTH: [usize; 2] = [FIRST, 1];

pub(super) struct Story {
    apps: [App; 2],
    pub(super) doom: Arc<Mutex<Doom>>,
    calendar: Calendar,
    chronicle: Chronicle,
    secrets: Secrets,
    /// What the processes said, each in a file.
    said: TempDir,
}

impl Story {
    pub(super) async fn begin(seed: u64) -> Self {
        let first = App::new(Session::without_display()).await;
        let second = first.beside();
        let calendar = Calendar::fill(first.simulator.clone(), seed);
        for app in [&first, &second] {
            app.choose(&format!("mass_delete_limit = {TOGETHER}"));
            app.sign_in_to(&["google", "--write"]).await;
            app.sign_in("zoom").await;
            app.json(&["calendar", "watch", ANA]).await;
        }
        first.bring_in_step().await;
        second.json(&["sync"]).await;
        let mut story = Self {
            apps: [first, second],
            doom: Arc::default(),
            calendar,
            chronicle: Chronicle {
                patience: PATIENCE,
                ..Chronicle::default()
            },
            secrets: Secrets::default(),
            said: tempfile::tempdir().unwrap(),
        };
        story.chronicle.mark = story.calendar.last_request();
        story.calendar.is_seen();
        story.calendar.pose_riddle();
        story.calendar.tempt();
        let doom = Arc::clone(&story.doom);
        let hook: Hook = Arc::new(move |request| doom.lock().unwrap().meets(request));
        story.world(|world| world.faults().set_hook(Some(hook)));
        story
    }

    fn world<R>(&self, act: impl FnOnce(&mut reconvene_simulator::World) -> R) -> R {
        self.apps[FIRST].simulator.with(act)
    }

    /// So many processes are killed, and in between everything happens once that happens to people.
    pub(super) async fn live(&mut self, kills: u64) {
        for kill in 0..kills {
            if kill == kills / 8 {
                self.lose_the_answer_to_a_creation().await;
            }
            if kill == kills / 4 {
                self.lose_the_sign_in().await;
            }
            if kill == kills * 3 / 8 {
                self.lose_google().await;
            }
            if kill == kills / 2 {
                self.hear_from_zoom_to_wait().await;
            }
            if kill == kills * 5 / 8 {
                self.calendar.cancel_many();
            }
            let installation = usize::from(self.calendar.below(4) == 0);
            self.kill(installation).await;
            self.mend(installation).await;
            if kill == kills * 7 / 8 {
                self.agree().await;
            }
        }
    }

    /// An installation begins to do something.
    fn begins(&mut self, installation: usize) -> &App {
        let last = self.calendar.last_request();
        self.chronicle.began.push((last, installation));
        &self.apps[installation]
    }

    /// Nobody disturbs a verb.
    async fn run(&mut self, installation: usize, arguments: &[&str]) -> Output {
        let output = self.begins(installation).run(arguments).await;
        let (out, err) = self.files();
        std::fs::write(out, &output.stdout).unwrap();
        std::fs::write(err, &output.stderr).unwrap();
        output
    }

    /// The same, and its JSON whatever its exit code.
    async fn ask(&mut self, installation: usize, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.run(installation, &[arguments, &["--json"]].concat()).await;
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("`{}`: {}", arguments.join(" "), text(&output.stderr)));
        let value = &answer["value"];
        match output.status.success() {
            true => assert!(answer["error"].is_null(), "{answer}"),
            false if value.is_null() => told::in_words(&answer["error"]),
            false => {}
        }
        let known = if value.is_null() { &answer["error"] } else { value };
        (output.status.code(), known.clone())
    }

    async fn shown(&mut self, installation: usize, what: &str) -> Value {
        let (code, value) = self.ask(installation, &[what]).await;
        assert_eq!(code, Some(0), "{what}: {value}");
        value
    }

    async fn status(&mut self, installation: usize) -> Value {
        let status = self.shown(installation, "status").await;
        told::honestly(&status);
        status
    }

    fn files(&self) -> (std::path::PathBuf, std::path::PathBuf) {
        let so_far = std::fs::read_dir(self.said.path()).unwrap().count();
        let file = |stream| self.said.path().join(format!("{so_far}.{stream}"));
        (file("out"), file("err"))
    }

    /// Zoom's token dies with each use. Whoever dies while it is renewed has to ask the person again.
    async fn mend(&mut self, installation: usize) {
        let renewed = self.world(|world| {
            let mut last = world.log().entries().iter().rev().take(3);
            last.any(|entry| entry.service == Service::ZoomOauth)
        });
        if renewed {
            self.begins(installation).sign_in("zoom").await;
        }
    }

    /// People edit; then a process is started, and ended in the middle of its work. It may also come to the end of it.
    async fn kill(&mut self, installation: usize) {
        for _ in 0..=self.calendar.below(3) {
            self.calendar.edit();
        }
        let mut doom = Doom {
            left: self.calendar.below(16),
            ..Doom::default()
        };
        doom.end = Some(match self.calendar.below(3) {
            0 => End::Unsent,
            1 => End::Unanswered,
            _ => End::Later(Duration::from_micros(self.calendar.below(40_000))),
        });
        let wish = self.calendar.some_wish();
        let arguments: &[&str] = match self.calendar.below(6) {
            0 if installation == FIRST => &["meeting", "add", ANA, &wish],
            0..=3 => &["sync"],
            _ => &["--headless"],
        };
        self.strike(installation, arguments, doom).await;
    }

    /// Starts a process that is to end so.
    async fn strike(&mut self, installation: usize, arguments: &[&str], end: Doom) {
        let before = Kept::read(self.apps[installation].profile());
        let (out, err) = self.files();
        let mut command = self.begins(installation).command(arguments);
        // It is not known to the doom before it was started; it sends nothing in so short a time.
        let mut process = {
            let mut doom = self.doom.lock().unwrap();
            let process = command
                .stdout(Stdio::from(File::create(out).unwrap()))
                .stderr(Stdio::from(File::create(err).unwrap()))
                .spawn()
                .unwrap();
            *doom = Doom {
                victim: Pid::from_raw(i32::try_from(process.id().unwrap()).unwrap()),
                kills: std::mem::take(&mut doom.kills),
                ..end
            };
            process
        };
        if arguments == ["--headless"] {
            self.ask_to_sync(installation, &mut process).await;
        }
        let ended = tokio::time::timeout(crate::DEADLINE, process.wait()).await;
        ended.expect("a process that is killed, or done, ends").unwrap();
        self.doom.lock().unwrap().victim = None;
        self.look_at_what_is_left(installation, &before).await;
    }

    /// Asks an agent for a sync, and ends it when it is done with it and still alive.
    async fn ask_to_sync(&self, installation: usize, agent: &mut Child) {
        let mut stream = until("an agent listens or has ended", async || {
            match agent.try_wait().unwrap() {
                Some(_) => Some(None),
                None => self.apps[installation].connect().await.map(Some),
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

    /// The promises that hold at every moment, wherever a process ended.
    async fn look_at_what_is_left(&mut self, installation: usize, before: &Kept) {
        let kept = Kept::read(self.apps[installation].profile());
        if kept.token != before.token {
            self.came_with_its_token(&kept);
            if installation == FIRST {
                self.calendar.is_seen();
            }
        }
        let tokens = self.world(|world| world.tokens());
        let new = self.secrets.hear_of(tokens);
        hold_no_secret(&self.folders(), &new);
        self.world(|world| {
            judge::writes(world, &self.calendar, &self.chronicle);
            judge::untouched_dates(world, &self.calendar);
        });
        self.status(installation).await;
    }

    /// Nobody edited anything since the process began, so that a new token came with everything as it is (P1).
    fn came_with_its_token(&self, kept: &Kept) {
        for event in self.calendar.events.keys() {
            if *event == self.calendar.riddle {
                continue;
            }
            let row = kept.events.get(event);
            let row = row.unwrap_or_else(|| panic!("P1: {event} is missing, which the token includes"));
            let own = self.world(|world| world.event(ANA, event).unwrap());
            let is = (own.summary(), Some(own.start.instant().as_millisecond()));
            assert_eq!((row.title.as_str(), row.starts), is, "P1: {event}");
        }
        for event in self.calendar.cancelled.values() {
            let gone = kept.events.get(event).is_none_or(|row| row.gone);
            assert!(gone, "P1: {event} lives, and the token includes its end");
        }
    }

    fn folders(&self) -> Vec<&Path> {
        let mut folders: Vec<&Path> = self.apps.iter().map(App::profile).collect();
        folders.push(Path::new(self.apps[FIRST].session.var("HOME")));
        folders.push(self.said.path());
        folders
    }

    /// Zoom makes a meeting, and whoever asked for it dies before it hears so.
    async fn lose_the_answer_to_a_creation(&mut self) {
        let wish = self.calendar.some_wish();
        let doom = Doom {
            kind: Some("meetings.create"),
            end: Some(End::Unanswered),
            ..Doom::default()
        };
        self.strike(FIRST, &["meeting", "add", ANA, &wish], doom).await;
        self.mend(FIRST).await;
    }

    /// The person takes the app's right away at Zoom: that is said, with what to do, and what is known is shown.
    async fn lose_the_sign_in(&mut self) {
        let known = self.shown(FIRST, "meetings").await;
        let email = ANA.to_owned();
        self.apps[FIRST].hand(Hand::RevokeZoom { email });
        self.calendar.rename_one();
        self.kill(FIRST).await;
        let written = self.world(|world| world.log().writes().count());
        let (code, report) = self.ask(FIRST, &["sync"]).await;
        assert_eq!(code, Some(3), "P11: it needs the person: {report}");
        let status = self.status(FIRST).await;
        assert!(told::has(&status["problems"], "sign_in_again"), "P11: {status}");
        assert_eq!(status["overall"], "needs_you", "P11: {status}");
        let shown = self.shown(FIRST, "meetings").await;
        for view in told::list(&known) {
            if let Some(number) = view["number"].as_str() {
                told::meeting(&shown, number.parse().unwrap());
            }
        }
        assert_eq!(written, self.world(|world| world.log().writes().count()));
        for installation in BOTH {
            self.begins(installation).sign_in("zoom").await;
        }
    }

    /// Google is away for one sync: nothing that is known goes, and nothing looks fresher for it.
    async fn lose_google(&mut self) {
        let (before, known) = (self.status(FIRST).await, self.shown(FIRST, "meetings").await);
        let rule = Rule::once(Service::Google, "/events", Fault::preset("503_html"));
        self.world(|world| world.faults().add(Rule { times: None, ..rule }));
        let (code, report) = self.ask(FIRST, &["sync"]).await;
        assert_ne!(code, Some(0), "P11: {report}");
        assert!(told::has(&report["problems"], "service_failed"), "P11: {report}");
        let status = self.status(FIRST).await;
        assert_eq!(status["fresh_as_of"], before["fresh_as_of"], "P11: {status}");
        let shown = self.shown(FIRST, "meetings").await;
        let events = |views: &Value| -> Vec<(Value, Value)> {
            let views = told::list(views).iter();
            views
                .map(|view| (view["number"].clone(), view["start"].clone()))
                .collect()
        };
        assert_eq!(events(&shown), events(&known), "P10");
        self.world(|world| world.faults().clear());
    }

    /// Zoom says for how long it wants to be left in peace, and that outlives the process that heard it.
    async fn hear_from_zoom_to_wait(&mut self) {
        self.calendar.rename_one();
        let seconds = PATIENCE.as_secs().to_string();
        let limit = Effect::Answer {
            status: 429,
            headers: [("retry-after".to_owned(), seconds)].into(),
            body: r#"{"code":429,"message":"You have reached the maximum per-second rate limit."}"#
                .to_owned(),
        };
        let rule = Rule::once(Service::Zoom, "/meetings/", Fault::before(limit)).method("PATCH");
        self.world(|world| world.faults().add(rule));
        let (_, report) = self.ask(FIRST, &["sync"]).await;
        assert!(self.world(|world| world.faults().rules().is_empty()), "{report}");
        let status = self.status(FIRST).await;
        assert!(told::has(&status["problems"], "rate_limited"), "P11: {status}");
    }

    /// More deletions than go unasked wait for the person, who agrees to them.
    async fn agree(&mut self) {
        let together = self.calendar.together.len();
        let (code, report) = self.ask(FIRST, &["sync"]).await;
        assert_eq!(code, Some(3), "P8: it needs the person: {report}");
        let status = self.status(FIRST).await;
        let held = told::list(&status["held"]).len();
        assert!(held >= together, "P8: {held} are held: {status}");
        self.chronicle.agreed = Some(self.calendar.last_request());
        let (code, answer) = self.ask(FIRST, &["approve", "all"]).await;
        assert_eq!(code, Some(0), "{answer}");
    }

    /// Nobody disturbs it any more: everything comes to its end.
    pub(super) async fn settle(&mut self) {
        for wish in self.calendar.wishes.clone() {
            self.ask(FIRST, &["meeting", "add", ANA, &wish]).await;
        }
        for installation in BOTH {
            self.come_to_rest(installation).await;
        }
    }

    async fn come_to_rest(&mut self, installation: usize) {
        for _ in 0..SYNCS {
            let (_, report) = self.ask(installation, &["sync"]).await;
            let status = self.status(installation).await;
            if !told::list(&status["held"]).is_empty() {
                self.ask(installation, &["approve", "all"]).await;
            } else if report["pending"] == self.waiting(installation).await.len() {
                return;
            }
        }
        let activity = self.shown(installation, "activity").await;
        panic!("it does not come to rest: {activity}");
    }

    /// The events whose meeting Zoom was asked for, and perhaps never heard of: a minute passes before it is asked again, which
    /// is told.
    async fn waiting(&mut self, installation: usize) -> Vec<String> {
        let plan = self.shown(installation, "plan").await;
        let mut waiting = Vec::new();
        for addition in told::list(&plan["additions"]) {
            assert_ne!(addition["reason"], "", "P11: {addition}");
            waiting.push(addition["event"].as_str().unwrap().to_owned());
        }
        waiting
    }

    /// What must be so in the end.
    pub(super) async fn end(&mut self) {
        for installation in BOTH {
            self.tells_the_riddle(installation).await;
        }
        self.calendar.solve_riddle();
        for installation in BOTH {
            self.come_to_rest(installation).await;
        }
        self.world(|world| judge::in_step(world, &self.calendar));
        self.chronicle.waits = !self.waiting(FIRST).await.is_empty();
        self.chronicle.settled = Some(self.calendar.last_request());
        for installation in BOTH {
            let (code, report) = self.ask(installation, &["sync"]).await;
            let well = code == Some(0) || self.chronicle.waits;
            assert!(well, "P6, P11: {report}");
        }
        let waiting = self.waiting(FIRST).await;
        self.world(|world| {
            judge::writes(world, &self.calendar, &self.chronicle);
            judge::manners(world, &self.chronicle);
            judge::wishes(world, &self.calendar, &waiting);
        });
        let tokens = self.world(|world| world.tokens());
        self.secrets.hear_of(tokens);
        hold_no_secret(&self.folders(), self.secrets.all());
    }

    /// One event that nobody understands stopped none of the others, and its meeting waits, which is told.
    async fn tells_the_riddle(&mut self, installation: usize) {
        let number = self.calendar.events[&self.calendar.riddle];
        let meetings = self.shown(installation, "meetings").await;
        let view = told::meeting(&meetings, number);
        assert_eq!(view["state"], "failed", "P11: {view}");
        assert_eq!(view["problem"]["code"], "event_not_understood", "P11: {view}");
        let status = self.status(installation).await;
        assert_eq!(status["overall"], "needs_you", "P11: {status}");
        assert!(
            told::has(&status["problems"], "event_not_understood"),
            "P11: {status}"
        );
    }
}

impl Drop for Story {
    /// Tells of a failure what led to it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.world(|world| {
                for entry in world.log().since(self.chronicle.mark) {
                    println!("{entry:?}");
                }
            });
            println!("{:?}", self.chronicle);
        }
    }
}
