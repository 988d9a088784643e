//! What the system tells of the machine: the end of a sleep, the return of the network, mains or battery, in use or idle.
//! All of it is hints: without them nothing is stretched, and the engine's own timer, which is never trusted for more than
//! a minute, notices a little later.

use reconvene_engine::Engine;
use tokio_util::sync::CancellationToken;

/// Tells the engine until `stop`. Whether the machine is idle counts only where a person uses it: a server always is.
pub(crate) async fn follow(engine: Engine, attended: bool, stop: CancellationToken) {
    #[cfg(target_os = "linux")]
    stop.run_until_cancelled(Box::pin(linux::follow(&engine, attended)))
        .await;
    #[cfg(not(target_os = "linux"))]
    drop((engine, attended, stop));
}

#[cfg(target_os = "linux")]
mod linux {
    use futures::StreamExt;
    use reconvene_engine::{Engine, Surroundings};
    use tokio::sync::watch;
    use zbus::proxy::MethodFlags;
    use zbus::{Connection, Proxy};

    /// `NM_STATE_CONNECTED_GLOBAL` (NetworkManager D-Bus reference, NMState).
    const CONNECTED: u32 = 70;

    /// What each source said last.
    #[derive(Default)]
    struct Said {
        on_battery: bool,
        sessions_idle: bool,
        screen_saver: bool,
        gnome_screen_saver: bool,
    }

    /// Which of them a source speaks of.
    type Part = fn(&mut Said) -> &mut bool;

    /// Follows every source by itself: each of them may be absent, as in a container.
    pub(super) async fn follow(engine: &Engine, attended: bool) {
        let said = &watch::Sender::new(Said::default());
        let system = async {
            let Some(bus) = there("system bus", Connection::system().await) else {
                return;
            };
            let idle = async {
                if attended {
                    there("sessions", sessions(&bus, said).await);
                }
            };
            let sleep = async { there("sleep", sleep(&bus, engine).await) };
            let network = async { there("network", network(&bus, engine).await) };
            let power = async { there("power", power(&bus, said).await) };
            tokio::join!(idle, sleep, network, power);
        };
        let session = async {
            if !attended {
                return;
            }
            let Some(bus) = there("session bus", Connection::session().await) else {
                return;
            };
            // KDE, XFCE and others under the common name, GNOME under its own.
            let common = screen_saver(&bus, said, "org.freedesktop.ScreenSaver", |said| {
                &mut said.screen_saver
            });
            let gnome = screen_saver(&bus, said, "org.gnome.ScreenSaver", |said| {
                &mut said.gnome_screen_saver
            });
            let (common, gnome) = tokio::join!(common, gnome);
            there("screen saver", common.and(gnome));
        };
        tokio::join!(system, session, tell(engine, said));
    }

    fn there<T>(what: &str, result: zbus::Result<T>) -> Option<T> {
        result
            .inspect_err(|error| tracing::debug!(%error, what, "the system tells nothing"))
            .ok()
    }

    async fn tell(engine: &Engine, said: &watch::Sender<Said>) {
        let mut changes = said.subscribe();
        let mut told = Surroundings::default();
        loop {
            let now = {
                let said = changes.borrow_and_update();
                Surroundings {
                    idle: said.sessions_idle || said.screen_saver || said.gnome_screen_saver,
                    on_battery: said.on_battery,
                }
            };
            if now != told {
                tracing::info!(?now, "surroundings");
                engine.surrounded(now);
                told = now;
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// org.freedesktop.login1, `PrepareForSleep`: true before the machine goes to sleep, false when it is back.
    async fn sleep(bus: &Connection, engine: &Engine) -> zbus::Result<()> {
        let mut sleeps = login(bus).await?.receive_signal("PrepareForSleep").await?;
        while let Some(signal) = sleeps.next().await {
            if !signal.body().deserialize::<bool>().unwrap_or(true) {
                tracing::info!("awake again");
                engine.woke();
            }
        }
        Ok(())
    }

    async fn network(bus: &Connection, engine: &Engine) -> zbus::Result<()> {
        let name = "org.freedesktop.NetworkManager";
        let network = Proxy::new(bus, name, "/org/freedesktop/NetworkManager", name).await?;
        let mut states = network.receive_signal("StateChanged").await?;
        while let Some(signal) = states.next().await {
            if signal.body().deserialize::<u32>() == Ok(CONNECTED) {
                tracing::info!("back on the network");
                engine.woke();
            }
        }
        Ok(())
    }

    /// UPower, `OnBattery`: none of the machine's supplies is plugged in.
    async fn power(bus: &Connection, said: &watch::Sender<Said>) -> zbus::Result<()> {
        let name = "org.freedesktop.UPower";
        let power = Proxy::new(bus, name, "/org/freedesktop/UPower", name).await?;
        property(&power, "OnBattery", said, |said| &mut said.on_battery).await
    }

    /// org.freedesktop.login1, `IdleHint` of the manager: every session is idle.
    async fn sessions(bus: &Connection, said: &watch::Sender<Said>) -> zbus::Result<()> {
        property(&login(bus).await?, "IdleHint", said, |said| {
            &mut said.sessions_idle
        })
        .await
    }

    async fn login(bus: &Connection) -> zbus::Result<Proxy<'_>> {
        let (name, path) = ("org.freedesktop.login1", "/org/freedesktop/login1");
        Proxy::new(bus, name, path, "org.freedesktop.login1.Manager").await
    }

    async fn property(
        proxy: &Proxy<'_>,
        name: &'static str,
        said: &watch::Sender<Said>,
        part: Part,
    ) -> zbus::Result<()> {
        let mut changes = proxy.receive_property_changed::<bool>(name).await;
        let mut value = proxy.get_property(name).await?;
        loop {
            said.send_modify(|said| *part(said) = value);
            value = match changes.next().await {
                Some(change) => change.get().await?,
                None => return Ok(()),
            };
        }
    }

    async fn screen_saver(
        bus: &Connection,
        said: &watch::Sender<Said>,
        name: &'static str,
        part: Part,
    ) -> zbus::Result<()> {
        let path = format!("/{}", name.replace('.', "/"));
        let saver = Proxy::new(bus, name, path, name).await?;
        let mut changes = saver.receive_signal("ActiveChanged").await?;
        // One that comes later tells of itself; none is started only to be asked.
        let asked = saver.call_with_flags("GetActive", MethodFlags::NoAutoStart.into(), &());
        let mut active = asked.await.ok().flatten().unwrap_or(false);
        loop {
            said.send_modify(|said| *part(said) = active);
            active = match changes.next().await {
                Some(signal) => signal.body().deserialize().unwrap_or(false),
                None => return Ok(()),
            };
        }
    }
}
