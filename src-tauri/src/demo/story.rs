//! What happens in the demo, told line by line: what the person did, what Reconvene did, what Zoom now has.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reconvene_api::{Command, Reply, SignIn};
use reconvene_core::id::{EntryId, MeetingId};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{ActivityEntry, Outcome, Service, Status};
use reconvene_simulator::scenario::{self, ANA, REVIEW, TEAM};
use reconvene_simulator::{Simulator, World};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::stage::Stage;
use super::unable;
use crate::cli::DemoOptions;
use crate::cli::{Retries, entry_text};
use crate::commands::Commands;
use crate::open;
use crate::socket::Answers;

/// Time to read a question.
const READING: Duration = Duration::from_secs(3);

/// How long Reconvene may take to settle what the last step left behind: the deletion's grace and a retry.
const SETTLE: Duration = Duration::from_secs(14);
/// How many activity entries the teller looks back over.
const LOOK_BACK: u32 = 30;

/// How the story is told.
pub(super) struct Telling {
    headless: bool,
    lasting: Option<Duration>,
}

impl From<&DemoOptions> for Telling {
    fn from(options: &DemoOptions) -> Self {
        Self {
            headless: options.headless,
            lasting: options.lasting,
        }
    }
}

/// Plays the story once the agent runs. The result is the demo's: whether everything went as told.
pub(super) async fn play(
    stage: Stage,
    running: oneshot::Receiver<Arc<Commands>>,
    telling: Telling,
    stop: CancellationToken,
) -> Result<ExitCode, Problem> {
    let Ok(commands) = running.await else {
        // The agent could not start, and says why; or the person did not want it any more.
        let called_off = stop.is_cancelled();
        return Ok(if called_off {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    };
    let began = Instant::now();
    let played = tokio::select! {
        // The person quits the demo: that is no failure of the story's.
        () = stop.cancelled() => Ok(ExitCode::SUCCESS),
        played = acts(&stage, &commands, &telling, began) => played,
    };
    // Also after a failure: the keyring is the person's own.
    let tidied = tidy(&commands).await;
    stop.cancel();
    played.and_then(|code| tidied.map(|()| code))
}

async fn acts(
    stage: &Stage,
    commands: &Arc<Commands>,
    telling: &Telling,
    began: Instant,
) -> Result<ExitCode, Problem> {
    say(
        "",
        "A throw-away Reconvene. Google Calendar and Zoom are simulated on this machine.",
    );
    say(
        "",
        &format!(
            "The calendar, to drag, rename and cancel events yourself: {}",
            stage.page
        ),
    );
    set_up(stage, commands).await?;
    if !telling.headless {
        commands.answer(Command::OpenWindow).await?;
        let page = stage.page.clone();
        // Where there is no browser the address above has to do.
        drop(tokio::task::spawn_blocking(move || open::in_browser(&page)));
    }

    let (told, reported) = watch::channel(0);
    let teller = Teller {
        simulator: stage.simulator.clone(),
        commands: Arc::clone(commands),
    };
    let reporting = tokio::spawn(teller.clone().report(told));
    let played = match agree(commands).await {
        Ok(()) => steps(stage, telling, began).await,
        Err(problem) => Err(problem),
    };
    let settled = match played {
        Ok(()) => teller.settled(reported, Instant::now() + SETTLE).await,
        Err(problem) => Err(problem),
    };
    let verdict = settled.map(|wrong| verdict(&wrong));
    match (&verdict, telling.lasting) {
        (Ok(_), Some(lasting)) => sleep_until(began + lasting).await,
        (Ok(_), None) if telling.headless => {}
        (Ok(_), None) => {
            say(
                "",
                "The story is told. Reconvene stays in the tray until you quit it.",
            );
            std::future::pending::<()>().await;
        }
        (Err(_), _) => {}
    }
    reporting.abort();
    verdict
}

/// Agrees to what was found out of step, once there was time to read the question.
async fn agree(commands: &Arc<Commands>) -> Result<(), Problem> {
    let Reply::Status(status) = commands.answer(Command::Status).await? else {
        return Err(odd("status"));
    };
    if status.asking.is_empty() {
        return Ok(());
    }
    sleep_until(Instant::now() + READING).await;
    say("You", "agreed to bring in step what was not");
    commands
        .answer(Command::Approve {
            meetings: status.asking.clone(),
        })
        .await
        .map(drop)
}

/// Signs in to both services, watches both calendars and lets them be read.
async fn set_up(stage: &Stage, commands: &Arc<Commands>) -> Result<(), Problem> {
    for service in [Service::Google, Service::Zoom] {
        let Reply::SignIn(SignIn { ticket, url }) = commands
            .answer(Command::SignIn {
                service,
                write: false,
            })
            .await?
        else {
            return Err(odd("sign-in"));
        };
        let (consented, account) = tokio::join!(
            stage.consent(&url),
            commands.answer(Command::AwaitSignIn { ticket })
        );
        consented?;
        if let Reply::Account(account) = account? {
            say(
                "You",
                &format!("signed in to {} as {}", service.name(), account.name),
            );
        }
    }
    let Reply::Calendars(calendars) = commands.answer(Command::Calendars).await? else {
        return Err(odd("list of calendars"));
    };
    for calendar in calendars
        .iter()
        .filter(|calendar| [ANA, TEAM].contains(&calendar.google_id.as_str()))
    {
        let watch = Command::Watch {
            calendar: calendar.id.to_string(),
            watched: true,
        };
        commands.answer(watch).await?;
        say("You", &format!("ticked the calendar “{}”", calendar.name));
    }
    match commands
        .answer(Command::Sync {
            calendar: None,
            meetings: false,
        })
        .await?
    {
        Reply::Sync(report) => {
            let found = match commands.answer(Command::Meetings).await? {
                Reply::Meetings(meetings) => meetings.len(),
                _ => 0,
            };
            let calendars = report.calendars;
            say(
                "Reconvene",
                &format!("read {calendars} calendars and found {found} events with a conference"),
            );
            Ok(())
        }
        _ => Err(odd("sync")),
    }
}

/// Lets the story happen, in the time there is.
async fn steps(stage: &Stage, telling: &Telling, began: Instant) -> Result<(), Problem> {
    let story = scenario::story();
    let length = story.last().map(|step| step.after).unwrap_or_default();
    let curtain_up = Instant::now();
    let available = telling.lasting.map(|lasting| {
        let end = began + lasting;
        end.saturating_duration_since(curtain_up + SETTLE)
    });
    // Told faster when time is short, never slower than it was meant.
    let pace = match available {
        Some(available) if available < length => available.as_secs_f64() / length.as_secs_f64(),
        _ => 1.0,
    };
    for step in story {
        sleep_until(curtain_up + step.after.mul_f64(pace)).await;
        say("You", step.what);
        step.act(&stage.simulator)
            .map_err(|refused| unable("The story cannot go on", &refused))?;
    }
    Ok(())
}

/// Reports results as they come, and knows whether the world is as the story wants it.
#[derive(Clone)]
struct Teller {
    simulator: Simulator,
    commands: Arc<Commands>,
}

impl Teller {
    /// Prints each result once, and once more whenever an attempt has changed it. `reported` says up to which
    /// revision everything is told.
    async fn report(self, reported: watch::Sender<u64>) {
        let mut changes = self.commands.changes();
        let mut told: BTreeMap<EntryId, (Timestamp, Outcome)> = BTreeMap::new();
        loop {
            let revision = *changes.borrow_and_update();
            let activity = Command::Activity {
                limit: LOOK_BACK,
                before: None,
            };
            if let Ok(Reply::Activity(entries)) = self.commands.answer(activity).await {
                for entry in entries.iter().rev() {
                    let state = (entry.at, entry.outcome);
                    if entry.outcome != Outcome::InStep && told.insert(entry.id, state) != Some(state) {
                        self.tell(entry).await;
                    }
                }
            }
            reported.send(revision).ok();
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    async fn tell(&self, entry: &ActivityEntry) {
        for line in entry_text(entry, Retries::Agent).lines() {
            say("Reconvene", line.trim());
        }
        if matches!(entry.outcome, Outcome::Updated | Outcome::Deleted)
            && let Some(meeting) = entry.meeting
        {
            say("Zoom", &self.at_zoom(meeting).await);
        }
    }

    /// What Zoom has now, asked of Zoom's own books.
    async fn at_zoom(&self, meeting: MeetingId) -> String {
        let number = match self.commands.answer(Command::Meetings).await {
            Ok(Reply::Meetings(meetings)) => meetings
                .into_iter()
                .find(|view| view.id == meeting)
                .and_then(|view| view.number?.parse().ok()),
            _ => None,
        };
        self.simulator
            .with(|world| match number.and_then(|number| world.meeting(number)) {
                Some(meeting) if meeting.trashed.is_none() => {
                    let start = meeting.start.map_or("no time".to_owned(), clock_time);
                    format!("has “{}”, {start}, {} min", meeting.topic, meeting.minutes)
                }
                _ => "has that meeting no more".to_owned(),
            })
    }

    /// Waits until the world is as the story wants it and everything is told, but not for ever; what is not, in
    /// words.
    async fn settled(
        &self,
        mut reported: watch::Receiver<u64>,
        deadline: Instant,
    ) -> Result<Vec<String>, Problem> {
        let mut changes = self.commands.changes();
        loop {
            changes.mark_unchanged();
            let Reply::Status(status) = self.commands.answer(Command::Status).await? else {
                return Err(odd("status"));
            };
            let wrong = self.simulator.with(|world| deviations(world, &status));
            if wrong.is_empty() {
                let all_told = reported.wait_for(|revision| *revision >= status.revision);
                timeout_at(deadline, all_told).await.ok();
                return Ok(wrong);
            }
            match timeout_at(deadline, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Ok(wrong),
            }
        }
    }
}

/// How the world differs from what the story promises: every single meeting of Ana's equals its event, except the
/// one that Zoom refuses to change; cancelled ones are gone; nobody was mailed.
fn deviations(world: &World, status: &Status) -> Vec<String> {
    let mut wrong = Vec::new();
    if status.counts.updating > 0 {
        wrong.push(format!(
            "{} changes are still on their way",
            status.counts.updating
        ));
    }
    for event in [ANA, TEAM].iter().flat_map(|calendar| world.events(calendar)) {
        let single = !event.is_series() && event.recurring_event_id.is_none();
        let number = event
            .conference()
            .and_then(|data| data.get("conferenceId")?.as_str()?.parse().ok());
        let Some(meeting) = number.and_then(|number| world.meeting(number)) else {
            continue;
        };
        if !single || meeting.kind != 2 || event.organizer == scenario::BEN {
            continue;
        }
        let same = meeting.topic == event.summary()
            && meeting.start == Some(event.start.instant())
            && i64::from(meeting.minutes) == event.length().as_mins();
        match (
            event.is_cancelled(),
            meeting.trashed.is_some(),
            event.id == REVIEW,
        ) {
            (true, false, _) => wrong.push(format!(
                "“{}” was cancelled, and Zoom still has it",
                meeting.topic
            )),
            (false, true, _) => wrong.push(format!("“{}” stands, and Zoom has it no more", event.summary())),
            (false, false, true) if same => {
                wrong.push(format!("Zoom refused “{}”, and yet it changed", event.summary()))
            }
            (false, false, false) if !same => wrong.push(format!("“{}” is not in step", event.summary())),
            _ => {}
        }
    }
    if status.counts.failed == 0 {
        wrong.push("the refusal is not shown".to_owned());
    }
    if !world.mails().is_empty() {
        wrong.push(format!("{} mails went out", world.mails().len()));
    }
    wrong
}

fn verdict(wrong: &[String]) -> ExitCode {
    if wrong.is_empty() {
        say(
            "",
            "Everything went as told: meetings follow their events, and the refusal is on show.",
        );
        return ExitCode::SUCCESS;
    }
    for what in wrong {
        say("", &format!("Not as told: {what}."));
    }
    ExitCode::FAILURE
}

/// Signs out again, so that nothing of the demo stays in the keyring.
async fn tidy(commands: &Arc<Commands>) -> Result<(), Problem> {
    let Reply::Accounts(accounts) = commands.answer(Command::Accounts).await? else {
        return Err(odd("list of accounts"));
    };
    for account in accounts {
        commands
            .answer(Command::RemoveAccount { account: account.id })
            .await?;
    }
    Ok(())
}

fn clock_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%a %-d %b %H:%M")
        .to_string()
}

/// One line of the story.
fn say(who: &str, what: &str) {
    let mut out = std::io::stdout().lock();
    let said = if who.is_empty() {
        writeln!(out, "{what}")
    } else {
        writeln!(out, "  {who:<10} {what}")
    };
    said.and_then(|()| out.flush()).ok();
}

fn odd(what: &str) -> Problem {
    Problem::lasting(Code::Internal, format!("The answer is no {what}."), "")
}
