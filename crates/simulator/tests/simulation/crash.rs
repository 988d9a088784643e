//! Every crash point once: a few fixed scenarios are lived through once to count their requests and commits, and then
//! once more for each of them, with the process ending right there.

mod accounts;
mod events;
mod making;
mod series;
mod word;

use std::fmt::Write as _;

use crate::run::{Ended, live};
use crate::steps::{Choice, Deed, Kill, Make, Plan, Rhythm, Setting, Step};

const SETTING: Setting = Setting {
    grace_seconds: 20,
    mass_limit: 5,
    two_installations: false,
    two_accounts: false,
    strange_calendars: false,
    mortal_clients: true,
    lasting: None,
    tombstones: 0,
    empty_pages: 1,
    repeat_rows: true,
    rows_per_page: Some(1),
    signed_in: true,
    day: 60,
};

/// Where pages do not matter, there is one.
const ONE_PAGE: Setting = Setting {
    empty_pages: 0,
    rows_per_page: None,
    ..SETTING
};

/// What happens, and what of it the services' log must show when nothing crashes: a scenario in which something else happens
/// proves nothing.
struct Scenario<'a> {
    setting: Setting,
    steps: &'a [Step],
    shows: &'a [&'a str],
}

fn wait(seconds: u64) -> Step {
    Step::Wait {
        millis: seconds * 1000,
    }
}

fn add(make: Make, in_minutes: u32) -> Step {
    Step::Add {
        calendar: 0,
        make,
        in_minutes,
        minutes: 30,
    }
}

fn later(event: u32) -> Step {
    Step::Drag {
        event,
        by_minutes: 90,
    }
}

fn weekly() -> Step {
    Step::OfSeries(Deed::Make {
        calendar: 0,
        rhythm: Rhythm::WeeksWithoutEnd,
        zone: 0,
        in_days: 3,
        at: (10, 0),
        minutes: 30,
        conference: true,
    })
}

/// Writes the word into an event by which the rule makes a meeting.
fn request(event: u32) -> Step {
    Step::Choice(Choice::Request { event })
}

const PERMIT: Step = Step::Choice(Choice::Permit { on: true });
const RULE: Step = Step::Choice(Choice::Rule { on: true });
const LOOK: Step = Step::Choice(Choice::LookAgain);

impl<'a> Scenario<'a> {
    fn of(steps: &'a [Step]) -> Self {
        Self {
            setting: SETTING,
            steps,
            shows: &[],
        }
    }

    fn with(self, setting: Setting) -> Self {
        Self { setting, ..self }
    }

    fn shows(self, shows: &'a [&'a str]) -> Self {
        Self { shows, ..self }
    }

    /// Kills the process at each request and each commit, one run each. Of two machines, the one that comes to it ends alone.
    /// Returns after which of them the person had to sign in more often than without.
    fn survives_every_crash(&self) -> Vec<Kill> {
        self.survives_crashes(1)
    }

    /// The same at one in so `many` of them.
    fn survives_crashes(&self, many: usize) -> Vec<Kill> {
        let began = std::time::Instant::now();
        let calm = live(&self.plan(None), None, true);
        assert_eq!(calm.broken, [], "without any crash");
        assert!(
            calm.requests > 15 && calm.commits > 15,
            "the scenario does something"
        );
        for shown in self.shows {
            let told = |line: &String| shown.split(' ').all(|word| line.contains(word));
            assert!(calm.lines.iter().any(told), "{shown} is not in the log");
        }
        let at_requests = (0..calm.requests).flat_map(|nth| {
            [
                Kill::BeforeRequest(nth),
                Kill::RequestSent(nth),
                Kill::RequestAnswered(nth),
            ]
        });
        let at_commits = (0..calm.commits).flat_map(|nth| [Kill::BeforeCommit(nth), Kill::AfterCommit(nth)]);
        let (mut failed, mut signed_in_anew) = (String::new(), Vec::new());
        let mut count = 0;
        for kill in at_requests.chain(at_commits).step_by(many) {
            count += 1;
            let ended = live(&self.plan(Some(kill)), None, true);
            for broken in &ended.broken {
                writeln!(failed, "{kill:?}: {broken}").unwrap();
            }
            if ended.figures.ended == 0 {
                writeln!(failed, "{kill:?} never came").unwrap();
            }
            if sign_ins(&ended) > sign_ins(&calm) {
                signed_in_anew.push(kill);
            }
        }
        println!(
            "{count} crash points: {} requests, {} commits, {:.1} s",
            calm.requests,
            calm.commits,
            began.elapsed().as_secs_f64()
        );
        assert_eq!(failed, "");
        signed_in_anew
    }

    fn plan(&self, kill: Option<Kill>) -> Plan {
        let kill = kill.map(|kill| match self.setting.two_installations {
            true => Step::KillOne(kill),
            false => Step::Kill(kill),
        });
        Plan {
            seed: 2,
            setting: self.setting,
            steps: kill.into_iter().chain(self.steps.iter().copied()).collect(),
        }
    }
}

/// How often a browser was sent to a service's page.
fn sign_ins(ended: &Ended) -> usize {
    let page = |line: &&String| line.contains("/authorize 302") || line.contains("/auth 302");
    ended.lines.iter().filter(page).count()
}
