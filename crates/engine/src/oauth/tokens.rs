//! Access tokens at hand, refreshed in time and once.
//!
//! Access tokens live in memory. Refresh tokens live in the keyring and, once read, in memory. Zoom hands out a new
//! refresh token with every refresh and forgets the old one at once
//! (<https://developers.zoom.us/docs/integrations/oauth/>), so that a new one is written to the keyring before the
//! access token that came with it is used, and a refresh, once begun, runs to its end whoever stops waiting for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use jiff::{SignedDuration, Timestamp};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use super::endpoint::{Failure, Issued};
use super::{Access, Grant, OAuthClient};
use crate::config::Config;
use crate::failure::{LONGEST_OBEDIENCE, later, sign_in_again};
use crate::keyring;
use crate::ports::Ports;

/// How long before its end an access token is replaced, if it lives long enough for that.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// After a failed refresh, how long a token that is still good is used before the next attempt.
const BREATHER: SignedDuration = SignedDuration::from_secs(30);

/// The tokens of all accounts, each under the name by which its refresh token lives in the keyring. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

struct Inner {
    ports: Ports,
    clients: HashMap<Service, Result<OAuthClient, Problem>>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// One account.
struct Slot {
    name: String,
    /// Held by whoever changes the refresh token, from reading to writing it.
    turn: tokio::sync::Mutex<()>,
    memory: Mutex<Memory>,
}

/// A refresh under way and its outcome, for everybody who waits for it. They wake in the order in which they came.
type Flight = Shared<BoxFuture<'static, Result<Access, Problem>>>;

#[derive(Default)]
struct Memory {
    access: Option<Held>,
    refresh: Option<SecretString>,
    /// Why the refresh token above is not in the keyring yet (unknown while it is first written), and when to try
    /// again.
    unsaved: Option<(Option<Problem>, Timestamp)>,
    /// The refresh token that the service last called invalid: not to be sent again.
    refused: Option<SecretString>,
    /// Until when the token endpoint is left alone, and why.
    pause: Option<Pause>,
    /// The refresh under way.
    flight: Option<Flight>,
}

struct Pause {
    until: Timestamp,
    /// When the clock was read last: it can be set back, and the pause with it.
    seen: Timestamp,
    why: Problem,
}

struct Held {
    access: Access,
    /// From when on it is replaced.
    stale: Timestamp,
}

impl Held {
    fn new(access: Access, now: Timestamp) -> Self {
        let lifetime = access.expires.duration_since(now).max(SignedDuration::ZERO);
        let early = EARLY.min(lifetime / 2);
        let stale = access.expires.saturating_sub(early).unwrap_or(now);
        Self { access, stale }
    }
}

impl Memory {
    fn fresh(&self, now: Timestamp) -> Option<&Access> {
        self.access
            .as_ref()
            .filter(|held| now < held.stale)
            .map(|held| &held.access)
    }

    /// A token in its last minutes, for when it cannot be replaced just now.
    fn still_good(&self, now: Timestamp) -> Option<&Access> {
        self.access
            .as_ref()
            .filter(|held| now < held.access.expires)
            .map(|held| &held.access)
    }

    fn paused(&mut self, now: Timestamp) -> Option<Problem> {
        let pause = self.pause.as_mut()?;
        let back = pause.seen.duration_since(now).max(SignedDuration::ZERO);
        pause.until = pause.until.saturating_sub(back).unwrap_or(now);
        pause.seen = now;
        (now < pause.until && pause.until.duration_since(now) <= LONGEST_OBEDIENCE).then(|| pause.why.clone())
    }
}

impl Slot {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tokens {
    /// Tokens for the services of `config`. A service without an OAuth client is a problem only when it is used.
    pub fn new(ports: Ports, config: &Config) -> Self {
        let clients = Service::ALL
            .into_iter()
            .map(|service| (service, OAuthClient::for_service(config, service)))
            .collect();
        Self {
            inner: Arc::new(Inner {
                ports,
                clients,
                slots: Mutex::default(),
            }),
        }
    }

    /// The OAuth client of a service, for signing in.
    ///
    /// # Errors
    /// [`Code::ClientMissing`].
    pub fn client(&self, service: Service) -> Result<&OAuthClient, Problem> {
        self.inner.client(service)
    }

    /// An access token that is good for a while. Refreshes 5 minutes before the old one ends, or at half its life if
    /// that is short. Callers who come together share one refresh and its outcome; one who stops waiting stops
    /// nothing.
    ///
    /// # Errors
    /// [`Code::SignInAgain`] when the grant is gone, and then at every call without asking the service again until
    /// the keyring holds another refresh token; [`Code::ClientMissing`], [`Code::ClientRejected`]; the keyring's
    /// problems when no refresh token is in memory; and what kept the token endpoint from answering. Passing problems
    /// are only given when no usable token is left.
    pub async fn access(&self, name: &str, service: Service) -> Result<Access, Problem> {
        let slot = self.inner.slot(name);
        let now = self.inner.ports.clock.now();
        let flight = {
            let mut memory = slot.memory();
            if let Some(access) = memory.fresh(now).cloned() {
                if let Some((_, again)) = &mut memory.unsaved
                    && now >= *again
                {
                    *again = now.saturating_add(BREATHER).unwrap_or(now);
                    let (inner, slot) = (Arc::clone(&self.inner), Arc::clone(&slot));
                    tokio::spawn(async move {
                        let _turn = slot.turn.lock().await;
                        inner.save(&slot).await;
                    });
                }
                return Ok(access);
            }
            if let Some(problem) = memory.paused(now) {
                return memory.still_good(now).cloned().ok_or(problem);
            }
            match &memory.flight {
                Some(flight) if flight.peek().is_none() => flight.clone(),
                _ => {
                    let (landed, landing) = oneshot::channel();
                    let broke_off = Problem::passing(
                        Code::Internal,
                        format!("Renewing the sign-in to {} broke off.", service.name()),
                        "Reconvene tries again by itself while it runs.",
                    );
                    let flight = landing
                        .map(move |outcome| outcome.unwrap_or(Err(broke_off)))
                        .boxed()
                        .shared();
                    memory.flight = Some(flight.clone());
                    let (inner, slot) = (Arc::clone(&self.inner), Arc::clone(&slot));
                    tokio::spawn(async move {
                        let outcome = inner.refresh(&slot, service).await;
                        slot.memory().flight = None;
                        // Nobody may be waiting any more.
                        let _ = landed.send(outcome);
                    });
                    flight
                }
            }
        };
        flight.await
    }

    /// Says that the API refused `token` with 401. If that is still the token at hand, the next
    /// [`access`](Self::access) refreshes; if it has been replaced meanwhile, nothing happens.
    pub fn rejected(&self, name: &str, token: &SecretString) {
        let slot = self.inner.slot(name);
        let mut memory = slot.memory();
        if memory
            .access
            .as_ref()
            .is_some_and(|held| same(&held.access.token, token))
        {
            memory.access = None;
        }
    }

    /// Keeps what a sign-in yielded: in the keyring first, then in memory.
    ///
    /// # Errors
    /// The keyring's problems; then everything is as before.
    pub async fn store(&self, name: &str, grant: Grant) -> Result<(), Problem> {
        let slot = self.inner.slot(name);
        let _turn = slot.turn.lock().await;
        let ports = &self.inner.ports;
        let kept = keyring::patiently(|| ports.secrets.set(name, &grant.refresh));
        kept.await.map_err(|error| keyring::problem(&error))?;
        let mut memory = slot.memory();
        *memory = Memory {
            access: Some(Held::new(grant.access, ports.clock.now())),
            refresh: Some(grant.refresh),
            flight: memory.flight.take(),
            ..Memory::default()
        };
        Ok(())
    }

    /// Forgets an account's tokens, in memory in any case, and in the keyring.
    ///
    /// # Errors
    /// The keyring's problems; the refresh token may still be in it then.
    pub async fn forget(&self, name: &str) -> Result<(), Problem> {
        let slot = self.inner.slot(name);
        let _turn = slot.turn.lock().await;
        {
            let mut memory = slot.memory();
            *memory = Memory {
                flight: memory.flight.take(),
                ..Memory::default()
            };
        }
        self.inner
            .ports
            .secrets
            .delete(name)
            .await
            .map_err(|error| keyring::problem(&error))
    }

    /// Gives an account's grant back to the service, which then forgets it. Call it before [`forget`](Self::forget).
    /// At Google this ends all grants of that person to the same OAuth client. A grant that has ended already is as
    /// good as given back.
    ///
    /// Google takes either token (<https://developers.google.com/identity/protocols/oauth2/native-app#tokenrevoke>);
    /// Zoom's page shows an access token (<https://developers.zoom.us/docs/integrations/oauth/>), for which it may
    /// have to be asked first.
    ///
    /// # Errors
    /// When the service or the keyring did not answer. The person can also remove the app at the service, so that
    /// this need not keep anybody from signing out.
    pub async fn revoke(&self, name: &str, service: Service) -> Result<(), Problem> {
        let client = self.inner.client(service)?;
        let slot = self.inner.slot(name);
        let token = match service {
            Service::Google => {
                let remembered = slot.memory().refresh.clone();
                match remembered {
                    Some(refresh) => Some(refresh),
                    None => self.inner.read(&slot).await?,
                }
            }
            Service::Zoom => match self.access(name, service).await {
                Ok(access) => Some(access.token),
                Err(problem) if problem.code == Code::SignInAgain => None,
                Err(problem) => return Err(problem),
            },
        };
        let Some(token) = token else {
            return Ok(());
        };
        let _turn = slot.turn.lock().await;
        client.give_back(&self.inner.ports, &token).await?;
        slot.memory().access = None;
        Ok(())
    }

    /// Why an account's refresh token is in memory alone, if it is: the keyring's problem, to be shown, because the
    /// sign-in is lost when Reconvene quits before the keyring opens.
    pub fn unsaved(&self, name: &str) -> Option<Problem> {
        self.inner
            .slot(name)
            .memory()
            .unsaved
            .as_ref()
            .and_then(|(problem, _)| problem.clone())
    }

    /// Waits until no refresh is under way. To be called before the process ends: a refresh cut off between the
    /// service's answer and the keyring loses a rotated token.
    pub async fn settled(&self) {
        let slots: Vec<_> = self.inner.slots().values().cloned().collect();
        for slot in slots {
            let flight = slot.memory().flight.clone();
            if let Some(flight) = flight {
                let _ = flight.await;
            }
            drop(slot.turn.lock().await);
        }
    }
}

impl Inner {
    fn slots(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, name: &str) -> Arc<Slot> {
        let mut slots = self.slots();
        if let Some(slot) = slots.get(name) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot {
            name: name.to_owned(),
            turn: tokio::sync::Mutex::default(),
            memory: Mutex::default(),
        });
        slots.insert(name.to_owned(), Arc::clone(&slot));
        slot
    }

    fn client(&self, service: Service) -> Result<&OAuthClient, Problem> {
        match self.clients.get(&service) {
            Some(Ok(client)) => Ok(client),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(sign_in_again(service)),
        }
    }

    async fn read(&self, slot: &Slot) -> Result<Option<SecretString>, Problem> {
        let found = self.ports.secrets.get(&slot.name).await;
        found.map_err(|error| keyring::problem(&error))
    }

    /// Writes the refresh token to the keyring, if it is not there yet. Failing is no reason to stop: the token goes
    /// on in memory.
    async fn save(&self, slot: &Slot) {
        let Some(refresh) = ({
            let memory = slot.memory();
            memory.unsaved.as_ref().and(memory.refresh.clone())
        }) else {
            return;
        };
        let outcome = self.ports.secrets.set(&slot.name, &refresh).await;
        let now = self.ports.clock.now();
        slot.memory().unsaved = match outcome {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "a renewed sign-in could not be kept in the keyring yet");
                Some((
                    Some(keyring::problem(&error)),
                    now.saturating_add(BREATHER).unwrap_or(now),
                ))
            }
        };
    }

    async fn refresh(&self, slot: &Slot, service: Service) -> Result<Access, Problem> {
        let _turn = slot.turn.lock().await;
        let now = self.ports.clock.now();
        // A sign-in may have finished while this waited for its turn.
        if let Some(access) = slot.memory().fresh(now).cloned() {
            return Ok(access);
        }
        let outcome = self.try_refresh(slot, service).await;
        let mut memory = slot.memory();
        let now = self.ports.clock.now();
        match outcome {
            Ok(access) => {
                memory.pause = None;
                Ok(access)
            }
            Err(Failure::GrantGone) => Err(sign_in_again(service)),
            Err(Failure::Other(problem, until)) => {
                let usable = memory.still_good(now).cloned().filter(|_| problem.retryable);
                let breather = usable.is_some().then(|| later(now, BREATHER));
                if let Some(until) = until.or(breather) {
                    memory.pause = Some(Pause {
                        until,
                        seen: now,
                        why: problem.clone(),
                    });
                }
                usable.ok_or(problem)
            }
        }
    }

    /// Sends the refresh token in memory; if there is none, or the service calls it invalid, the one in the keyring,
    /// which another process may have renewed. One that was called invalid is not sent again.
    async fn try_refresh(&self, slot: &Slot, service: Service) -> Result<Access, Failure> {
        let client = self.client(service)?;
        self.save(slot).await;
        let mut remembered = slot.memory().refresh.clone();
        loop {
            let from_memory = remembered.is_some();
            let token = match remembered.take() {
                Some(token) => token,
                None => self.read(slot).await?.ok_or(Failure::GrantGone)?,
            };
            if slot
                .memory()
                .refused
                .as_ref()
                .is_some_and(|refused| same(refused, &token))
            {
                return Err(Failure::GrantGone);
            }
            match client.refresh(&self.ports, &token).await {
                Ok(issued) => return Ok(self.keep(slot, token, issued).await),
                Err(Failure::GrantGone) => {
                    let mut memory = slot.memory();
                    memory.access = None;
                    memory.refresh = None;
                    memory.unsaved = None;
                    memory.refused = Some(token);
                    if !from_memory {
                        return Err(Failure::GrantGone);
                    }
                }
                Err(failure) => {
                    // It may be good still; reading the keyring again would only ask for another unlock.
                    slot.memory().refresh.get_or_insert(token);
                    return Err(failure);
                }
            }
        }
    }

    /// Keeps what a refresh brought; a rotated refresh token goes to the keyring before anybody gets the access
    /// token.
    async fn keep(&self, slot: &Slot, sent: SecretString, issued: Issued) -> Access {
        let now = self.ports.clock.now();
        let rotated = issued.refresh.filter(|refresh| !same(refresh, &sent));
        {
            let mut memory = slot.memory();
            memory.refused = None;
            if rotated.is_some() {
                memory.unsaved = Some((None, now.saturating_add(BREATHER).unwrap_or(now)));
            }
            memory.refresh = Some(rotated.unwrap_or(sent));
        }
        self.save(slot).await;
        slot.memory().access = Some(Held::new(issued.access.clone(), now));
        issued.access
    }
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

#[cfg(test)]
mod tests;
