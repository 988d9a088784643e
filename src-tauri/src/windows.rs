//! The agent's side of the window: a child process of this same binary, at most one at a time.
//!
//! A process of its own gives everything of WebKit back when it is closed, and keeps a crash in a graphics driver
//! away from sync.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::place::Place;

/// A window that ends so soon after it was asked to come to the front was already closing when it was asked.
const JUST_CLOSING: Duration = Duration::from_millis(700);
/// How long a window may take to end when the agent does.
const LEAVE: Duration = Duration::from_secs(3);

/// Where to ask for the window.
#[derive(Debug, Clone)]
pub(crate) struct Windows {
    wanted: mpsc::Sender<()>,
}

impl Windows {
    /// Begins to keep the window of the agent at `place`. The future does so until `stop`, and then sees the window
    /// off; `raise` reaches the window that is open.
    pub(crate) fn keep(
        place: &Place,
        raise: broadcast::Sender<()>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (wanted, asked) = mpsc::channel(4);
        // Looked up once: after an upgrade the kernel would give the old binary's name with " (deleted)" behind it.
        let binary = std::env::current_exe();
        let given = place.given.clone();
        let spawn = move || start(binary.as_ref().map_err(|error| error.kind())?, given.as_deref());
        (Self { wanted }, watch_over(asked, spawn, raise, stop))
    }

    /// Opens the window, or brings it to the front.
    pub(crate) fn open(&self) {
        // When the queue is full, an open is under way already.
        self.wanted.try_send(()).ok();
    }
}

async fn watch_over(
    mut asked: mpsc::Receiver<()>,
    spawn: impl Fn() -> io::Result<Child>,
    raise: broadcast::Sender<()>,
    stop: CancellationToken,
) {
    let begin = || {
        spawn()
            .inspect_err(|error| tracing::error!(%error, "the window could not be started"))
            .ok()
    };
    let mut window: Option<Child> = None;
    let mut raised: Option<Instant> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(()) = asked.recv() => {
                if window.is_some() {
                    raised = Some(Instant::now());
                    // The window may not have subscribed yet; then it is about to show itself anyway.
                    raise.send(()).ok();
                } else {
                    window = begin();
                }
            }
            ended = ended(&mut window) => {
                if let Ok(status) = ended && !status.success() {
                    tracing::warn!(%status, "the window ended badly");
                }
                window = None;
                if raised.take().is_some_and(|at| at.elapsed() < JUST_CLOSING) {
                    window = begin();
                }
            }
        }
    }
    if let Some(mut window) = window
        && tokio::time::timeout(LEAVE, window.wait()).await.is_err()
    {
        tracing::warn!("the window did not end by itself");
        window.kill().await.ok();
    }
}

async fn ended(window: &mut Option<Child>) -> io::Result<std::process::ExitStatus> {
    match window {
        Some(window) => window.wait().await,
        None => std::future::pending().await,
    }
}

fn start(binary: &PathBuf, given: Option<&Path>) -> io::Result<Child> {
    let mut command = Command::new(binary);
    if let Some(dir) = given {
        command.arg("--profile").arg(dir);
    }
    command
        .arg("window")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let session = if std::env::var_os("WAYLAND_DISPLAY").is_some() {
        Session::Wayland
    } else {
        Session::X11
    };
    let nvidia = Path::new("/sys/module/nvidia").exists();
    if let Some((name, value)) = rendering_remedy(session, nvidia, |name| std::env::var_os(name)) {
        command.env(name, value);
    }
    command.spawn()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Session {
    X11,
    Wayland,
}

/// With NVIDIA's driver WebKitGTK can show a blank window (github.com/tauri-apps/tauri issue 9394) or be ended by the
/// compositor (issue 10702). What the person has set already is left alone.
fn rendering_remedy(
    session: Session,
    nvidia: bool,
    set: impl Fn(&str) -> Option<OsString>,
) -> Option<(&'static str, &'static str)> {
    let name = match session {
        _ if !nvidia => return None,
        Session::X11 => "WEBKIT_DISABLE_DMABUF_RENDERER",
        Session::Wayland => "__NV_DISABLE_EXPLICIT_SYNC",
    };
    set(name).is_none().then_some((name, "1"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn only_nvidia_gets_a_remedy_and_never_over_the_persons_own() {
        let unset = |_: &str| None;
        assert_eq!(rendering_remedy(Session::X11, false, unset), None);
        assert_eq!(
            rendering_remedy(Session::X11, true, unset),
            Some(("WEBKIT_DISABLE_DMABUF_RENDERER", "1"))
        );
        assert_eq!(
            rendering_remedy(Session::Wayland, true, unset),
            Some(("__NV_DISABLE_EXPLICIT_SYNC", "1"))
        );
        assert_eq!(rendering_remedy(Session::X11, true, |_| Some("0".into())), None);
    }

    #[tokio::test]
    async fn there_is_never_a_second_window_and_the_last_is_seen_off() {
        let started = Arc::new(AtomicUsize::new(0));
        let spawn = {
            let started = started.clone();
            move || {
                started.fetch_add(1, Ordering::SeqCst);
                Command::new("sleep").arg("600").kill_on_drop(true).spawn()
            }
        };
        let (wanted, asked) = mpsc::channel(4);
        let (raise, mut raised) = broadcast::channel(4);
        let stop = CancellationToken::new();
        let keeping = tokio::spawn(watch_over(asked, spawn, raise, stop.clone()));
        wanted.send(()).await.unwrap();
        wanted.send(()).await.unwrap();
        raised.recv().await.unwrap();
        assert_eq!(started.load(Ordering::SeqCst), 1);
        tokio::time::pause();
        stop.cancel();
        keeping.await.unwrap();
    }

    #[tokio::test]
    async fn a_window_that_was_closing_when_asked_for_is_opened_anew() {
        let started = Arc::new(AtomicUsize::new(0));
        let spawn = {
            let started = started.clone();
            move || {
                let nap = if started.fetch_add(1, Ordering::SeqCst) == 0 {
                    "0.2"
                } else {
                    "600"
                };
                Command::new("sleep").arg(nap).kill_on_drop(true).spawn()
            }
        };
        let (wanted, asked) = mpsc::channel(4);
        let (raise, _raised) = broadcast::channel(4);
        let stop = CancellationToken::new();
        let keeping = tokio::spawn(watch_over(asked, spawn, raise, stop.clone()));
        wanted.send(()).await.unwrap();
        wanted.send(()).await.unwrap();
        while started.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        stop.cancel();
        keeping.await.unwrap();
    }
}
