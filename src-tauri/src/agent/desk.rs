//! The agent on a desktop: the tray on the main thread, everything else on the runtime.

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use reconvene_api::{Command, Reply};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Check, Overall};
use reconvene_engine::ports::{Clock, Ports};
use tauri::{AppHandle, RunEvent, Wry};
use tokio::runtime::Runtime;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::{Agent, Found, PATIENCE, Start, find, show_the_first_ones_window};
use crate::commands::{Commands, Desktop};
use crate::notify::{Announcer, DesktopNotifier, Notice, Notifier};
use crate::place::Place;
use crate::socket::Answers;
use crate::tray::host::Obstacle;
use crate::tray::view::TrayView;
use crate::tray::{Choice, Tray, host};
use crate::windows::Windows;

/// Changes within this time make one redraw.
const GATHER: Duration = Duration::from_millis(200);
/// How long an agent in the background waits for a tray host before it shows itself otherwise.
const HOST_COMES: Duration = Duration::from_secs(30);

/// `reconvene`: the tray, until quit. When an agent runs already, its window is opened instead.
pub(crate) fn run(runtime: &Runtime, place: &Place, start: Start) -> Result<ExitCode, Problem> {
    let stop = start.stop;
    let Some(found) = runtime.block_on(stop.run_until_cancelled(find(place, PATIENCE))) else {
        return Ok(ExitCode::SUCCESS);
    };
    let lock = match found? {
        Found::Free(lock) => lock,
        Found::Running(client) => {
            if !start.background {
                runtime.block_on(show_the_first_ones_window(&client))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
    };
    display()?;
    tauri::async_runtime::set(runtime.handle().clone());
    let raise = broadcast::Sender::new(4);
    let (windows, keeping) = Windows::keep(place, raise.clone(), stop.clone());
    let ports = Ports::real()?;
    let clock = Arc::clone(&ports.clock);
    let desktop = Arc::new(Desk {
        windows: windows.clone(),
    });
    let agent = {
        let _inside = runtime.enter();
        Agent::start(place, lock, ports, desktop, raise, stop.clone())?
    };
    agent.tasks.spawn_on(keeping, runtime.handle());
    Start::announce(start.started, &agent);

    let ended = show(runtime, &agent, &windows, clock, start.background);
    runtime.block_on(agent.end());
    ended
}

/// Runs the tray on this, the main, thread.
fn show(
    runtime: &Runtime,
    agent: &Agent,
    windows: &Windows,
    clock: Arc<dyn Clock>,
    background: bool,
) -> Result<ExitCode, Problem> {
    let (choices, chosen) = mpsc::unbounded_channel();
    let app = tauri::Builder::default()
        .on_menu_event(move |_, event| {
            // Decided on the main thread, where the tray is.
            let choice = TRAY.with(|tray| {
                tray.borrow()
                    .as_ref()
                    .and_then(|tray| tray.choice(event.id().as_ref()))
            });
            if let Some(choice) = choice {
                choices.send(choice).ok();
            }
        })
        .build(crate::tauri_context())
        .map_err(|error| no_desktop(&error.to_string()))?;

    let handle = app.handle().clone();
    let commands = Arc::clone(&agent.commands);
    agent.tasks.spawn_on(
        obey(chosen, Arc::clone(&commands), windows.clone(), agent.stop.clone()),
        runtime.handle(),
    );
    agent.tasks.spawn_on(
        draw(
            handle.clone(),
            Arc::clone(&commands),
            windows.clone(),
            clock,
            agent.stop.clone(),
            background,
        ),
        runtime.handle(),
    );
    agent
        .tasks
        .spawn_on(announce(commands, agent.stop.clone()), runtime.handle());
    let stop = agent.stop.clone();
    runtime.spawn(async move {
        stop.cancelled().await;
        handle.exit(0);
    });

    let code = app.run_return(|_, event| {
        // Only a real quit carries a code; without windows nothing else should end the tray.
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            api.prevent_exit();
        }
    });
    // The icon goes before the event loop's remains do.
    TRAY.with(|tray| tray.borrow_mut().take());
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

thread_local! {
    /// GTK's objects cannot leave the main thread; tasks reach them through `run_on_main_thread`.
    static TRAY: Rc<RefCell<Option<Tray>>> = Rc::default();
}

/// Puts the tray up as soon as there is a place for it and keeps it up to date.
async fn draw(
    app: AppHandle<Wry>,
    commands: Arc<Commands>,
    windows: Windows,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    background: bool,
) {
    let zone = TimeZone::system();
    let mut changes = commands.changes();
    let view = || {
        commands
            .status()
            .inspect_err(|problem| tracing::warn!(%problem, "the tray cannot be brought up to date"))
            .ok()
            .map(|status| (TrayView::of(&status, clock.now(), &zone), status.overall))
    };

    let mut open = !background && view().is_some_and(|(_, overall)| overall == Overall::NotSetUp);
    let mut obstacle = host::obstacle().await;
    if background && obstacle == Some(Obstacle::NoHost) {
        // Started along with the session, the agent can be there before the panel is.
        obstacle = tokio::select! {
            () = stop.cancelled() => return,
            come = tokio::time::timeout(HOST_COMES, host::appears()) => come.is_err().then_some(Obstacle::NoHost),
        };
    }
    if let Some(obstacle) = obstacle {
        tracing::warn!("{} {}", obstacle.finding(), obstacle.advice());
        tell(vec![Notice {
            title: "Reconvene runs without a tray icon".to_owned(),
            text: format!("{} {}", obstacle.finding(), obstacle.advice()),
        }]);
        // Running with neither window nor icon, nobody would know that it runs.
        windows.open();
        open = false;
        let come = async {
            match obstacle {
                Obstacle::NoLibrary => std::future::pending().await,
                Obstacle::NoHost => host::appears().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = come => {}
        }
    }
    if open {
        windows.open();
    }
    loop {
        changes.mark_unchanged();
        if let Some((view, _)) = view() {
            let app_there = app.clone();
            let drawn = app.run_on_main_thread(move || put_up(&app_there, view));
            if drawn.is_err() {
                return;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
        tokio::time::sleep(GATHER).await;
    }
}

fn put_up(app: &AppHandle<Wry>, view: TrayView) {
    TRAY.with(|tray| {
        let mut tray = tray.borrow_mut();
        let done = match tray.as_mut() {
            Some(tray) => tray.draw(app, view),
            None => Tray::raise(app, view).map(|raised| *tray = Some(raised)),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the tray could not be drawn");
        }
    });
}

/// Does what the person chooses in the menu, each choice by itself so that a long one holds up no other.
async fn obey(
    mut chosen: mpsc::UnboundedReceiver<Choice>,
    commands: Arc<Commands>,
    windows: Windows,
    stop: CancellationToken,
) {
    loop {
        let choice = tokio::select! {
            () = stop.cancelled() => return,
            choice = chosen.recv() => match choice {
                Some(choice) => choice,
                None => return,
            },
        };
        let (commands, windows) = (Arc::clone(&commands), windows.clone());
        match choice {
            Choice::Quit => return commands.quit(),
            Choice::Open => windows.open(),
            Choice::SyncNow => drop(tokio::spawn(carry_out(
                commands,
                Command::Sync {
                    calendar: None,
                    meetings: false,
                },
            ))),
            Choice::Pause(paused) => drop(tokio::spawn(carry_out(commands, Command::Pause { paused }))),
            Choice::Join(meeting) => drop(tokio::spawn(async move {
                if let Some(Reply::Link(url)) =
                    carry_out(Arc::clone(&commands), Command::JoinLink { meeting }).await
                {
                    carry_out(commands, Command::OpenLink { url }).await;
                }
            })),
        }
    }
}

async fn carry_out(commands: Arc<Commands>, command: Command) -> Option<Reply> {
    match commands.answer(command).await {
        Ok(reply) => Some(reply),
        Err(problem) => {
            // A menu has no place for an answer.
            tell(vec![Notice {
                title: problem.message,
                text: problem.hint,
            }]);
            None
        }
    }
}

/// Tells what failed and what needs the person, when the person wants to be told.
async fn announce(commands: Arc<Commands>, stop: CancellationToken) {
    let mut announcer = Announcer::default();
    let mut changes = commands.changes();
    loop {
        changes.mark_unchanged();
        if let Ok(status) = commands.status() {
            let news = announcer.news(&status);
            let wanted = matches!(
                commands.answer(Command::Settings).await,
                Ok(Reply::Settings(settings)) if settings.notify
            );
            if wanted {
                tell(news);
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
        tokio::time::sleep(GATHER).await;
    }
}

/// Showing blocks until the desktop has answered, so it is done aside.
fn tell(news: Vec<Notice>) {
    if !news.is_empty() {
        drop(tokio::task::spawn_blocking(move || {
            news.iter().for_each(|notice| DesktopNotifier.show(notice));
        }));
    }
}

/// The desktop as commands see it.
struct Desk {
    windows: Windows,
}

#[async_trait]
impl Desktop for Desk {
    async fn open_window(&self) -> Result<(), Problem> {
        self.windows.open();
        Ok(())
    }

    async fn checks(&self) -> Vec<Check> {
        vec![host::check().await]
    }

    fn attended(&self) -> bool {
        true
    }
}

/// Makes sure that there is a display, before anything of GTK's panics for want of one.
pub(crate) fn display() -> Result<(), Problem> {
    #[cfg(target_os = "linux")]
    gtk::init().map_err(|error| no_desktop(&error.to_string()))?;
    Ok(())
}

fn no_desktop(why: &str) -> Problem {
    tracing::debug!(why, "no desktop");
    Problem::lasting(
        Code::BadUsage,
        "There is no display here for the tray and the window.",
        "Start `reconvene --headless` instead, or use the command line: `reconvene --help`.",
    )
}
