//! The command line: what can be typed, and how each verb becomes commands.

mod ask;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use reconvene_api::{Command, Reply, VERSION};
use reconvene_core::id::{AccountId, EntryId, MeetingId};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Service, SyncReport};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::place::Place;
use ask::Asking;
pub(crate) use text::{Retries, entry_text};

/// Something failed, now or before, and waits to be tried again.
const FAILED: u8 = 1;
/// Something waits for the person.
const NEEDS_YOU: u8 = 3;
/// Called off, as shells say it of Ctrl-C: 128 and the number of SIGINT.
const CALLED_OFF: u8 = 130;

/// Keeps video meetings in step with Google Calendar.
///
/// Without a verb: starts in the tray, or opens the window of the Reconvene that is running already.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = false)]
pub(crate) struct Cli {
    /// Where configuration, database and logs are; the platform's directories when absent.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) profile: Option<PathBuf>,
    /// Print JSON, one value a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Start in the tray without a window.
    #[arg(long, conflicts_with = "headless")]
    pub(crate) background: bool,
    /// Run without tray or display until told to quit.
    #[arg(long)]
    pub(crate) headless: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Accounts at Google and Zoom
    #[command(subcommand)]
    Account(AccountVerb),
    /// Calendars, and which of them are watched
    #[command(subcommand)]
    Calendar(CalendarVerb),
    /// Read the calendars, push what is due, and wait for both. Exit code 0: all is well; 3: something needs you;
    /// 1: something failed, now or before, and waits to be tried again
    Sync {
        /// Only this calendar: its id here (c1) or at Google
        #[arg(long, value_name = "ID")]
        calendar: Option<String>,
        /// Look at every meeting as well, in case it was changed at its provider
        #[arg(long)]
        meetings: bool,
    },
    /// What would be done, meeting by meeting, without doing any of it
    Plan,
    /// Meetings and where they stand
    Meetings,
    /// Meetings for events that have none, and for those whose meeting vanished
    #[command(subcommand)]
    Meeting(MeetingVerb),
    /// Events of the next days, on watched calendars, that have no meeting
    Events {
        /// How many days
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=60))]
        days: u32,
    },
    /// What was done, and what failed, newest first
    Activity {
        /// At most so many entries
        #[arg(long, default_value_t = 30)]
        limit: u32,
        /// Only entries older than this one
        #[arg(long, value_name = "ID")]
        before: Option<EntryId>,
    },
    /// Everything at a glance
    Status,
    /// Try a failed or waiting meeting again now
    Retry {
        /// The meeting, such as m3
        meeting: MeetingId,
    },
    /// Leave a meeting as it is until its event changes again
    Ignore {
        /// The meeting, such as m3
        meeting: MeetingId,
    },
    /// Say that a meeting was made for its event: it follows that event from now on
    Bond {
        /// The meeting, such as m3
        meeting: MeetingId,
    },
    /// Leave a meeting alone for good, whatever becomes of its event, until you bond it again
    Unbond {
        /// The meeting, such as m3
        meeting: MeetingId,
    },
    /// Take back what was done to a meeting. It is then left alone until its event changes again
    Undo {
        /// The entry that tells of it, such as e12, or the meeting, such as m3, for its newest entry
        #[arg(value_name = "ID")]
        what: String,
    },
    /// Agree to held deletions
    Approve(Held),
    /// Refuse held deletions: the meetings stay
    Refuse(Held),
    /// What works, what does not, and what to do about it
    Doctor,
    /// A throw-away Reconvene with simulated services, in which things happen by themselves
    Demo(DemoOptions),
    /// The window alone, of the agent that is running
    #[command(hide = true)]
    Window,
}

/// How accounts come and go.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountVerb {
    /// Sign in, in the browser
    Add {
        /// google or zoom
        #[arg(value_parser = service)]
        service: Service,
        /// Print the address on a line of its own instead of opening a browser
        #[arg(long)]
        no_browser: bool,
        /// At Google: ask for the right to change events as well, which adding a meeting needs
        #[arg(long)]
        write: bool,
    },
    /// The accounts and how fresh each is
    List,
    /// Sign out and forget. Meetings stay as they are
    Remove {
        /// The account, such as a1
        account: AccountId,
    },
}

/// What can be done with calendars.
#[derive(Debug, Subcommand)]
pub(crate) enum CalendarVerb {
    /// The calendars of the signed-in accounts
    List,
    /// Keep the meetings of this calendar in step
    Watch {
        /// Its id here (c1) or at Google
        calendar: String,
    },
    /// Leave this calendar alone
    Unwatch {
        /// Its id here (c1) or at Google
        calendar: String,
    },
}

/// How meetings are made.
#[derive(Debug, Subcommand)]
pub(crate) enum MeetingVerb {
    /// Make a meeting for an event and write it on the event
    Add {
        /// The calendar's id here (c1) or at Google
        calendar: String,
        /// The event's id at Google, as `reconvene events` shows it
        event: String,
        /// Where to make it
        #[arg(long = "with", value_name = "PROVIDER", default_value = "zoom", value_parser = service)]
        provider: Service,
    },
    /// Make a new meeting in the place of one that vanished at its provider
    Recreate {
        /// The meeting, such as m3
        meeting: MeetingId,
    },
}

/// Which held deletions.
#[derive(Debug, Args)]
pub(crate) struct Held {
    /// Meetings such as m3, or the word all
    #[arg(required = true, value_name = "ID|all", value_parser = held)]
    pub(crate) meetings: Vec<Which>,
}

/// One held deletion, or all.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// Every one.
    All,
    /// This one.
    One(MeetingId),
}

/// How the demo runs.
#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Tell the story here, without tray or window
    #[arg(long)]
    pub(crate) headless: bool,
    /// End by itself after this long, such as 60s
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) lasting: Option<std::time::Duration>,
}

fn service(word: &str) -> Result<Service, String> {
    Service::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Service::ALL.iter().map(|service| service.word()).collect();
        format!("it can be {}", words.join(" or "))
    })
}

fn held(word: &str) -> Result<Which, reconvene_core::id::BadId> {
    if word == "all" {
        return Ok(Which::All);
    }
    word.parse().map(Which::One)
}

fn duration(word: &str) -> Result<std::time::Duration, String> {
    let span: jiff::SignedDuration = word.parse().map_err(|_| "it looks like 60s or 5m".to_owned())?;
    std::time::Duration::try_from(span).map_err(|_| "it cannot be negative".to_owned())
}

/// Carries a verb out and prints what came of it, unless `stop` calls it off.
pub(crate) async fn run(
    place: &Place,
    verb: Verb,
    json: bool,
    stop: &CancellationToken,
) -> Result<ExitCode, Problem> {
    let Some(asking) = stop
        .run_until_cancelled(Asking::begin(place, only_reads(&verb)))
        .await
    else {
        return Ok(called_off());
    };
    let mut asking = asking?;
    let done = match verb {
        Verb::Account(AccountVerb::Add {
            service,
            no_browser,
            write,
        }) => {
            let write = write && service == Service::Google;
            ask::sign_in(&asking, service, write, no_browser, json, stop).await
        }
        verb => match stop.run_until_cancelled(carry_out(&asking, verb, json)).await {
            Some(done) => done,
            None => Ok(called_off()),
        },
    };
    asking.end().await;
    if done.is_ok()
        && let Some(problem) = asking.hindrance()
    {
        complain(problem);
    }
    done
}

/// Whether a verb shows what is known, and so has something to say even where nothing can be written.
fn only_reads(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Status
            | Verb::Meetings
            | Verb::Activity { .. }
            | Verb::Doctor
            | Verb::Account(AccountVerb::List)
    )
}

fn called_off() -> ExitCode {
    note("reconvene: Called off. What was under way is taken up again the next time.");
    ExitCode::from(CALLED_OFF)
}

async fn carry_out(asking: &Asking, verb: Verb, json: bool) -> Result<ExitCode, Problem> {
    let command = match verb {
        Verb::Account(AccountVerb::List) => Command::Accounts,
        Verb::Account(AccountVerb::Remove { account }) => Command::RemoveAccount { account },
        Verb::Calendar(CalendarVerb::List) => Command::RefreshCalendars,
        Verb::Calendar(CalendarVerb::Watch { calendar }) => Command::Watch {
            calendar,
            watched: true,
        },
        Verb::Calendar(CalendarVerb::Unwatch { calendar }) => Command::Watch {
            calendar,
            watched: false,
        },
        Verb::Sync { calendar, meetings } => Command::Sync { calendar, meetings },
        Verb::Plan => Command::Plan,
        Verb::Meetings => Command::Meetings,
        Verb::Meeting(MeetingVerb::Add {
            calendar,
            event,
            provider,
        }) => Command::AddMeeting {
            calendar,
            event,
            service: provider,
        },
        Verb::Meeting(MeetingVerb::Recreate { meeting }) => Command::Recreate { meeting },
        Verb::Events { days } => Command::WithoutMeeting { days },
        Verb::Activity { limit, before } => Command::Activity { limit, before },
        Verb::Status => Command::Status,
        Verb::Retry { meeting } => Command::Retry { meeting },
        Verb::Ignore { meeting } => Command::Ignore { meeting },
        Verb::Bond { meeting } => Command::Bond { meeting },
        Verb::Unbond { meeting } => Command::Unbond { meeting },
        Verb::Undo { what } => Command::Undo { what },
        Verb::Approve(held) => Command::Approve {
            meetings: chosen(&held),
        },
        Verb::Refuse(held) => Command::Refuse {
            meetings: chosen(&held),
        },
        Verb::Doctor => Command::Doctor,
        // These never come here: two are no clients, and a sign-in is a conversation.
        Verb::Demo(_) | Verb::Window | Verb::Account(AccountVerb::Add { .. }) => {
            return Ok(ExitCode::FAILURE);
        }
    };
    let reply = asking.ask(command).await?;
    say(&reply, json, asking.retries())?;
    let Reply::Sync(report) = &reply else {
        return Ok(ExitCode::SUCCESS);
    };
    let code = verdict(report);
    if code == FAILED {
        let reason = match report.problems.first() {
            Some(problem) => problem.message.clone(),
            None => format!("What failed waits to be tried again: {}.", report.waiting),
        };
        note(&format!("reconvene: {reason}"));
    }
    Ok(ExitCode::from(code))
}

/// The exit code of a sync, by how things stand after it.
fn verdict(report: &SyncReport) -> u8 {
    if report.needs_you {
        NEEDS_YOU
    } else if report.problems.is_empty() && report.waiting == 0 {
        0
    } else {
        FAILED
    }
}

/// The api says "all" with an empty list.
fn chosen(held: &Held) -> Vec<MeetingId> {
    let mut meetings = Vec::new();
    for which in &held.meetings {
        match which {
            Which::All => return Vec::new(),
            Which::One(meeting) => meetings.push(*meeting),
        }
    }
    meetings
}

/// Prints a reply on standard output.
fn say(reply: &Reply, json: bool, retries: Retries) -> Result<(), Problem> {
    print(&if json {
        in_json(reply)
    } else {
        text::of(reply, retries)
    })
}

/// Says something on the side, so that standard output holds results alone.
fn note(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}

/// A reply as `--json` prints it.
fn in_json(reply: &Reply) -> String {
    #[derive(Serialize)]
    struct Versioned<'a> {
        version: u32,
        #[serde(flatten)]
        reply: &'a Reply,
    }
    let versioned = Versioned {
        version: VERSION,
        reply,
    };
    serde_json::to_string(&versioned).unwrap_or_default()
}

/// Prints one text and a line end. Whoever closed the pipe has read enough; a full disk has not.
fn print(text: &str) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    let printed = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Problem::lasting(
            Code::DiskFull,
            format!("The answer could not be written to standard output: {error}."),
            "",
        )),
        _ => Ok(()),
    }
}

/// Says on one line why it failed.
pub(crate) fn fail(problem: &Problem, json: bool) -> ExitCode {
    if json {
        #[derive(Serialize)]
        struct Failed<'a> {
            version: u32,
            error: &'a Problem,
        }
        let failed = Failed {
            version: VERSION,
            error: problem,
        };
        // The line below says it too, and the exit code.
        print(&serde_json::to_string(&failed).unwrap_or_default()).ok();
    }
    complain(problem);
    ExitCode::FAILURE
}

/// One line on standard error.
fn complain(problem: &Problem) {
    let mut line = problem.message.replace('\n', " ");
    if !problem.hint.is_empty() {
        line = format!("{line} {}", problem.hint.replace('\n', " "));
    }
    note(&format!("reconvene: {line}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn verbs_read_as_documented() {
        for line in [
            "reconvene",
            "reconvene --background",
            "reconvene --headless --profile /p",
            "reconvene account add google --no-browser",
            "reconvene account remove a1 --json",
            "reconvene calendar watch c1",
            "reconvene calendar unwatch someone@example.com",
            "reconvene sync --calendar c2 --json",
            "reconvene account add google --write",
            "reconvene events --days 14",
            "reconvene meeting add c1 4f9k2 --with zoom --json",
            "reconvene meeting recreate m3",
            "reconvene activity --limit 5 --before e9",
            "reconvene plan --json",
            "reconvene undo e12",
            "reconvene bond m3",
            "reconvene unbond m3",
            "reconvene approve all",
            "reconvene approve m1 m2",
            "reconvene refuse m1",
            "reconvene demo --headless --for 60s",
            "reconvene window --profile /p",
        ] {
            Cli::try_parse_from(line.split(' ')).unwrap();
        }
        for line in [
            "reconvene account add yahoo",
            "reconvene retry a1",
            "reconvene approve",
            "reconvene demo --for soon",
            "reconvene --background --headless",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn p11_sync_tells_by_its_exit_code_how_things_stand_after_it() {
        let problem = Problem::passing(Code::Offline, "Zoom cannot be reached.", "");
        let with = |change: fn(&mut SyncReport), problems: &[Problem]| {
            let mut report = SyncReport {
                problems: problems.to_vec(),
                ..SyncReport::default()
            };
            change(&mut report);
            verdict(&report)
        };
        assert_eq!(with(|_| {}, &[]), 0);
        assert_eq!(
            with(|report| report.pending = 2, &[]),
            0,
            "a grace period is no failure"
        );
        assert_eq!(with(|report| report.waiting = 1, &[]), 1);
        assert_eq!(with(|_| {}, std::slice::from_ref(&problem)), 1);
        assert_eq!(with(|report| report.needs_you = true, &[problem]), 3);
    }

    #[test]
    fn json_carries_its_version() {
        assert_eq!(in_json(&Reply::Done), r#"{"version":1,"reply":"done"}"#);
        assert_eq!(
            in_json(&Reply::Link("https://x/".into())),
            r#"{"version":1,"reply":"link","value":"https://x/"}"#
        );
    }
}
