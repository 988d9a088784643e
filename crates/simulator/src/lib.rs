//! Google Calendar v3, Zoom v2 and both their sign-ins, simulated on loopback or in-process, with faults on demand.
//!
//! The simulator is strict: what the real service refuses, it refuses. Each rule names the vendor's page or the
//! public thread it comes from. Where the vendors leave something open, the simulator takes the behaviour that is
//! harder on a client, and its documentation says so.
//!
//! One listener serves everything:
//!
//! | path | what |
//! | --- | --- |
//! | `/google/calendar/v3/…` | Calendar API |
//! | `/google/o/oauth2/v2/auth`, `/google/token`, `/google/revoke`, `/google/tokeninfo` | Google's sign-in |
//! | `/zoom/v2/…` | Zoom API |
//! | `/zoom/oauth/authorize`, `/zoom/oauth/token`, `/zoom/oauth/revoke` | Zoom's sign-in |
//! | `/control/…` | the admin door, see [`control`] |
//! | `/` | a calendar page for people |
//!
//! In-process, call [`Simulator::router`] through `tower::ServiceExt::oneshot`, and look for [`Broken`] in the
//! response's extensions before anything else: that is how a reset, a hang or a cut body is told without a socket.
//! Nothing spawns and nothing sleeps except injected slowness, which waits on tokio's clock.

pub mod control;
pub mod fault;
pub mod google;
pub mod hands;
pub mod log;
pub mod scenario;
pub mod zoom;

mod consent;
mod page;
mod recurrence;
mod router;
mod serve;
mod wire;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use consent::{Consent, ConsentMode, ConsentRule};
pub use fault::{Broken, Effect, Fault, Hook, Match, RequestSummary, Rule, When};
pub use hands::{Hand, Refused};
pub use log::{Entry, Log};
pub use wire::Service;
pub use world::{Clock, Mail, World};

/// The simulator: one world behind one router. Cheap to clone; clones share the world.
#[derive(Clone)]
pub struct Simulator {
    world: Arc<Mutex<World>>,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

impl Simulator {
    /// A simulator with an empty world. `clock` gives the services their time; `seed` decides every id and token.
    #[must_use]
    pub fn new(clock: Clock, seed: u64) -> Self {
        Self {
            world: Arc::new(Mutex::new(World::new(clock, seed))),
        }
    }

    /// Looks at or changes the world. Requests wait meanwhile; do not call a route from inside.
    pub fn with<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        act(&mut self.lock())
    }

    /// Does what a person's hand would do at the calendar or at Zoom, and returns what a person would then see:
    /// the id of the event or meeting.
    ///
    /// # Errors
    ///
    /// When the thing named does not exist or does not allow it.
    pub fn hand(&self, hand: Hand) -> Result<String, Refused> {
        self.with(|world| world.hand(hand))
    }

    /// Every route, in one router that needs no socket.
    pub fn router(&self) -> axum::Router {
        router::router(self.clone())
    }

    /// Serves HTTP/1.1 on `listener` until the future is dropped. Here a reset, a hang and a cut body are real.
    ///
    /// # Errors
    ///
    /// When the listener fails for good.
    pub async fn serve(&self, listener: tokio::net::TcpListener) -> std::io::Result<()> {
        serve::serve(self.router(), listener).await
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        // A panic inside a handler would poison the lock; the world is plain data and still the best there is.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
