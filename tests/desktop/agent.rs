//! The agent's life: one at a time, one window, and a clean end however it comes.

use tokio::process::Child;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt, EventMask, MapState};

use crate::app::App;
use crate::processes::{descendants, is_alive, web_kit, windows};
use crate::session::Session;
use crate::until;

const QUIT: &str = r#"{"id":1,"command":"quit"}"#;

/// Waits for the agent's window to be open, page and all.
async fn window_of(agent: &Child) -> u32 {
    let agent = agent.id().unwrap();
    until("the window opens", async || {
        let page = web_kit(agent)
            .iter()
            .any(|process| process.arguments[0].ends_with("WebKitWebProcess"));
        windows(agent).first().filter(|_| page).map(|window| window.id)
    })
    .await
}

/// Asks Reconvene's window on `display` to close, as a window manager does for its close button (ICCCM,
/// WM_DELETE_WINDOW). None when it is not on show yet.
fn close(display: &str) -> Option<()> {
    let (x, screen) = x11rb::connect(Some(display)).ok()?;
    let atom = |name: &str| Some(x.intern_atom(false, name.as_bytes()).ok()?.reply().ok()?.atom);
    let root = x.setup().roots.get(screen)?.root;
    let windows = x.query_tree(root).ok()?.reply().ok()?.children;
    let window = windows.into_iter().find(|window| {
        let title = x.get_property(false, *window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64);
        let titled = title
            .ok()
            .and_then(|title| title.reply().ok())
            .is_some_and(|title| title.value == b"Reconvene");
        let shown = x
            .get_window_attributes(*window)
            .ok()
            .and_then(|known| known.reply().ok());
        titled && shown.is_some_and(|shown| shown.map_state == MapState::VIEWABLE)
    })?;
    let words = [atom("WM_DELETE_WINDOW")?, 0, 0, 0, 0];
    let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS")?, words);
    // Checked, and so a round trip: the server drops what it has not read of a connection that is closed.
    let sent = x.send_event(false, window, EventMask::NO_EVENT, message).ok()?;
    sent.check().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_opens_the_first_ones_window_and_closing_it_leaves_nothing_of_webkit() {
    let app = App::new(Session::full()).await;
    let mut agent = app.agent(&["--background"]).await;
    let id = agent.id().unwrap();
    assert_eq!(web_kit(id), [], "in the background there is no window");

    assert!(
        app.run(&[]).await.status.success(),
        "the second start leaves the rest to the first"
    );
    let window = window_of(&agent).await;
    assert!(app.run(&[]).await.status.success());
    assert!(app.run(&["--background"]).await.status.success());
    assert_eq!(
        windows(id).iter().map(|window| window.id).collect::<Vec<_>>(),
        [window],
        "never two windows"
    );

    let display = app.session.var("DISPLAY").to_owned();
    until("the window can be closed as a person does", async || {
        close(&display)
    })
    .await;
    until("everything of the window is gone", async || {
        // One that ends just after it was asked to the front is opened once more, so it may have to be closed again.
        close(&display);
        descendants(id).is_empty().then_some(())
    })
    .await;
    assert!(is_alive(id), "the agent stays");

    assert!(app.run(&[]).await.status.success());
    let reopened = window_of(&agent).await;
    assert_eq!(app.ask(QUIT).await["result"]["reply"], "done");
    assert!(agent.wait().await.unwrap().success(), "quit is a clean end");
    until("the window goes with its agent", async || {
        (!is_alive(reopened)).then_some(())
    })
    .await;
    assert_eq!(
        std::fs::read_dir(app.session.sockets()).unwrap().count(),
        0,
        "the socket is gone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_agents_window_ends_and_its_socket_is_taken_over() {
    let app = App::new(Session::full()).await;
    // The profile is new, so the first start opens the window by itself.
    let mut first = app.agent(&[]).await;
    let window = window_of(&first).await;
    first.kill().await.unwrap();
    until("the window of a dead agent ends", async || {
        (!is_alive(window)).then_some(())
    })
    .await;
    assert_eq!(
        std::fs::read_dir(app.session.sockets()).unwrap().count(),
        1,
        "the dead one's socket lies there"
    );

    let mut second = app.agent(&["--background"]).await;
    assert_eq!(app.json(&["status"]).await["overall"], "not_set_up");
    app.ask(QUIT).await;
    assert!(second.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn headless_needs_no_display_and_ends_cleanly_when_told() {
    let app = App::new(Session::with(&["--no-display", "--no-keyring"])).await;
    let mut agent = app.agent(&["--headless"]).await;
    let second = app.run(&["--headless"]).await;
    assert_eq!(second.status.code(), Some(1), "one at a time");
    let no_window = app.run(&[]).await;
    assert_eq!(no_window.status.code(), Some(1), "there is no window to open");

    let id = agent.id().unwrap().to_string();
    app.session
        .command("kill")
        .args(["-TERM", &id])
        .status()
        .await
        .unwrap();
    assert!(agent.wait().await.unwrap().success());
    assert_eq!(std::fs::read_dir(app.session.sockets()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tray_host_the_window_opens_instead() {
    let app = App::set_up(Session::with(&["--no-tray"])).await;
    let mut agent = app.agent(&[]).await;
    window_of(&agent).await;
    let checks = app.json(&["doctor"]).await;
    let tray = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["subject"] == "tray")
        .unwrap();
    assert_eq!(tray["verdict"], "attention");
    app.ask(QUIT).await;
    assert!(agent.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_display_the_tray_says_what_to_start_instead() {
    let app = App::new(Session::with(&["--no-display", "--no-keyring"])).await;
    let output = app.run(&[]).await;
    assert_eq!(output.status.code(), Some(1));
    let line = crate::app::text(&output.stderr);
    assert!(line.contains("--headless"), "{line}");
}

/// Whether the process has taken SIGTERM into its own hands (proc(5), SigCgt: bit 14 of a hexadecimal mask).
fn heeds_sigterm(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask >> 14 & 1 == 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn quit_is_clean_at_any_moment_of_a_start() {
    for (role, session) in [
        ("--headless", Session::with(&["--no-display", "--no-keyring"])),
        ("--background", Session::full()),
    ] {
        let app = App::new(session).await;
        let (profile, sockets) = (app.profile(), app.session.sockets());
        let moments: [(&str, &dyn Fn(u32) -> bool); 4] = [
            ("the signal is heeded", &heeds_sigterm),
            ("the profile is taken", &|_| {
                profile.join("reconvene.lock").exists()
            }),
            ("the database is open", &|_| {
                profile.join("reconvene.db-wal").exists()
            }),
            ("it answers", &|_| {
                std::fs::read_dir(&sockets).is_ok_and(|mut found| found.next().is_some())
            }),
        ];
        for (moment, reached) in moments {
            std::fs::remove_file(profile.join("reconvene.lock")).ok();
            let mut agent = app.command(&[role]).spawn().unwrap();
            let id = agent.id().unwrap();
            tokio::time::timeout(crate::DEADLINE, async {
                // As close to the moment as can be: what comes next takes milliseconds.
                while !reached(id) {
                    tokio::task::yield_now().await;
                }
            })
            .await
            .unwrap_or_else(|_| panic!("{role}: in vain: {moment}"));
            let id = rustix::process::Pid::from_raw(id.cast_signed()).unwrap();
            rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
            let ended = agent.wait().await.unwrap();
            assert!(
                ended.success(),
                "{role}, told to end as soon as {moment}: {ended}"
            );
            assert_eq!(std::fs::read_dir(&sockets).map_or(0, Iterator::count), 0);
        }
    }
}
