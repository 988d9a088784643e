//! Whether this desktop has a place for tray icons.
//!
//! On Linux that is the owner of `org.kde.StatusNotifierWatcher` on the session bus (freedesktop.org,
//! StatusNotifierItem), and one of the two appindicator libraries, without which the tray crate panics
//! (github.com/screenpipe/screenpipe issue 2635).

use reconvene_core::report::{Check, Verdict};

/// What is in the way of a tray icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The library that draws the icon is not installed.
    NoLibrary,
    /// Nothing on this desktop shows tray icons, for now.
    NoHost,
}

impl Obstacle {
    /// In words.
    pub(crate) const fn finding(self) -> &'static str {
        match self {
            Self::NoLibrary => "The library that shows tray icons is not installed.",
            Self::NoHost => "This desktop shows no tray icons.",
        }
    }

    /// What to do.
    pub(crate) const fn advice(self) -> &'static str {
        match self {
            Self::NoLibrary => {
                "Install libayatana-appindicator3-1. Until then, starting Reconvene again opens its window."
            }
            Self::NoHost => {
                "Starting Reconvene again opens its window. On GNOME, the extension AppIndicator brings the tray back."
            }
        }
    }
}

/// One line for `reconvene doctor`.
pub(crate) async fn check() -> Check {
    let (verdict, finding, advice) = match obstacle().await {
        None => (Verdict::Works, "The tray icon can be shown.", ""),
        Some(obstacle) => (Verdict::Attention, obstacle.finding(), obstacle.advice()),
    };
    Check {
        subject: "tray".to_owned(),
        verdict,
        finding: finding.to_owned(),
        advice: advice.to_owned(),
    }
}

/// What is in the way just now; nothing on platforms whose desktops all have a tray.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn obstacle() -> Option<Obstacle> {
    None
}

/// Returns when a tray host is there.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn appears() {}

#[cfg(target_os = "linux")]
pub(crate) use linux::{appears, obstacle};

#[cfg(target_os = "linux")]
mod linux {
    use super::Obstacle;
    use futures::StreamExt;
    use zbus::fdo::DBusProxy;
    use zbus::names::BusName;

    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const LIBRARIES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

    pub(crate) async fn obstacle() -> Option<Obstacle> {
        if !has_library() {
            return Some(Obstacle::NoLibrary);
        }
        match has_host().await {
            Ok(true) => None,
            Ok(false) => Some(Obstacle::NoHost),
            Err(error) => {
                tracing::debug!(%error, "no session bus");
                Some(Obstacle::NoHost)
            }
        }
    }

    /// Returns when a tray host is there; never, when there is no session bus.
    pub(crate) async fn appears() {
        if let Err(error) = watch().await {
            tracing::debug!(%error, "tray hosts cannot be watched for");
            std::future::pending::<()>().await;
        }
    }

    fn has_library() -> bool {
        LIBRARIES.iter().any(|name| {
            #[expect(unsafe_code, reason = "there is no other way to ask the loader for a library")]
            // SAFETY: loading runs the library's initialisers, which for this one and what it links (GTK, GLib)
            // are those that the tray icon would run a moment later.
            let loaded = unsafe { libloading::Library::new(*name) };
            // It is needed again at once, and unloading GLib types is not supported.
            loaded.map(std::mem::forget).is_ok()
        })
    }

    async fn has_host() -> zbus::Result<bool> {
        let bus = zbus::Connection::session().await?;
        let name = BusName::try_from(WATCHER)?;
        Ok(DBusProxy::new(&bus).await?.name_has_owner(name).await?)
    }

    async fn watch() -> zbus::Result<()> {
        let bus = zbus::Connection::session().await?;
        let proxy = DBusProxy::new(&bus).await?;
        // Listening first: a host that comes between the two is then seen by one of them.
        let mut changes = proxy
            .receive_name_owner_changed_with_args(&[(0, WATCHER)])
            .await?;
        if proxy.name_has_owner(BusName::try_from(WATCHER)?).await? {
            return Ok(());
        }
        while let Some(change) = changes.next().await {
            if change.args().is_ok_and(|args| args.new_owner().is_some()) {
                return Ok(());
            }
        }
        std::future::pending().await
    }
}
