//! The window: a process of its own that shows the page and passes its questions on to the agent.
//!
//! The page gets one command and one event, and no more of the system than that.

use std::process::ExitCode;
use std::time::Duration;

use reconvene_api::{Command, Event, Reply};
use reconvene_core::problem::{Code, Problem};
use tauri::{AppHandle, Emitter, State, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Wry};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::display;
use crate::client::Client;
use crate::notify::{DesktopNotifier, Notice, Notifier};
use crate::place::Place;

const LABEL: &str = "main";
/// How long the page shows that the agent is gone before the window goes too.
const FAREWELL: Duration = Duration::from_secs(5);

/// The one thing that the page can do.
#[tauri::command]
async fn ask(request: Command, client: State<'_, Client>) -> Result<Reply, Problem> {
    client.ask(request).await
}

/// `reconvene window`: until it is closed, the agent ends, or `stop`.
pub(crate) fn run(runtime: &Runtime, place: &Place, stop: CancellationToken) -> Result<ExitCode, Problem> {
    display()?;
    tauri::async_runtime::set(runtime.handle().clone());
    let (client, events) = runtime.block_on(async {
        let connected = Client::connect(&place.address).await.map_err(|_| {
            Problem::lasting(
                Code::Internal,
                "No Reconvene is running whose window this could be.",
                "Start `reconvene`.",
            )
        })?;
        connected.0.ask(Command::Subscribe).await?;
        Ok(connected)
    })?;

    let app = tauri::Builder::default()
        .manage(client)
        .invoke_handler(tauri::generate_handler![ask])
        .build(crate::tauri_context())
        .map_err(|error| broken(&error))?;
    let window = WebviewWindowBuilder::new(app.handle(), LABEL, WebviewUrl::default())
        .title("Reconvene")
        .inner_size(980.0, 700.0)
        .min_inner_size(420.0, 400.0)
        // The page is all there is to see; a link that leads elsewhere leads nowhere.
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .build()
        .map_err(|error| broken(&error))?;
    runtime.spawn(pass_on(events, app.handle().clone(), window));
    let handle = app.handle().clone();
    runtime.spawn(async move {
        stop.cancelled().await;
        handle.exit(0);
    });
    let code = app.run_return(|_, _| {});
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Passes on to the page what the agent tells, and ends the window with the agent.
async fn pass_on(mut events: mpsc::Receiver<Event>, app: AppHandle<Wry>, window: WebviewWindow<Wry>) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Raise => raise(&window),
            // The agent quits and takes its window along.
            Event::Closing => return app.exit(0),
            Event::Status(_) => emit(&app, &event),
        }
    }
    // No farewell: it crashed or was killed. The page says so for a moment, and the desktop for longer.
    emit(&app, &Event::Closing);
    window.set_title("Reconvene has stopped").ok();
    let told = tokio::task::spawn_blocking(|| {
        DesktopNotifier.show(&Notice {
            title: "Reconvene has stopped".to_owned(),
            text: "It ended unexpectedly. Start it again; nothing that was under way is lost.".to_owned(),
        });
    });
    tokio::time::sleep(FAREWELL).await;
    told.abort();
    app.exit(1);
}

fn emit(app: &AppHandle<Wry>, event: &Event) {
    if let Err(error) = app.emit_to(LABEL, "agent", event) {
        tracing::debug!(%error, "the page did not hear");
    }
}

fn raise(window: &WebviewWindow<Wry>) {
    let done = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus());
    if let Err(error) = done {
        tracing::debug!(%error, "the window could not be brought to the front");
    }
}

fn broken(error: &tauri::Error) -> Problem {
    Problem::lasting(
        Code::Internal,
        format!("The window could not be opened: {error}."),
        "The command line does the same: `reconvene --help`.",
    )
}
