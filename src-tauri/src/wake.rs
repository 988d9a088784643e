//! The end of a sleep and the return of the network, as the system tells them. Both are hints: without them the
//! engine's own timer, which is never trusted for more than a minute, notices a little later.

use tokio_util::sync::CancellationToken;

/// Calls `woke` whenever the machine wakes or gets back on the network, until `stop`.
pub(crate) async fn listen(woke: impl Fn() + Send + Sync, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = system(woke) => {}
    }
}

#[cfg(not(target_os = "linux"))]
async fn system(_: impl Fn() + Send + Sync) {
    std::future::pending().await
}

#[cfg(target_os = "linux")]
async fn system(woke: impl Fn() + Send + Sync) {
    if let Err(error) = follow(woke).await {
        // A container, or a system without systemd.
        tracing::debug!(%error, "the system tells nothing about sleep");
    }
    std::future::pending().await
}

#[cfg(target_os = "linux")]
async fn follow(woke: impl Fn() + Send + Sync) -> zbus::Result<()> {
    use futures::StreamExt;

    /// `NM_STATE_CONNECTED_GLOBAL` (NetworkManager D-Bus reference, NMState).
    const CONNECTED: u32 = 70;

    let bus = zbus::Connection::system().await?;
    let login = zbus::Proxy::new(
        &bus,
        "org.freedesktop.login1",
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
    )
    .await?;
    let network = zbus::Proxy::new(
        &bus,
        "org.freedesktop.NetworkManager",
        "/org/freedesktop/NetworkManager",
        "org.freedesktop.NetworkManager",
    )
    .await?;
    // True before the machine goes to sleep, false when it is back (org.freedesktop.login1, PrepareForSleep).
    let mut sleeps = login.receive_signal("PrepareForSleep").await?;
    let mut states = network.receive_signal("StateChanged").await?;
    loop {
        let back = tokio::select! {
            Some(signal) = sleeps.next() => !signal.body().deserialize::<bool>().unwrap_or(true),
            Some(signal) = states.next() => signal.body().deserialize::<u32>().is_ok_and(|state| state == CONNECTED),
            else => return Ok(()),
        };
        if back {
            tracing::info!("awake or back on the network");
            woke();
        }
    }
}
