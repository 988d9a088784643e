//! What the stages share: the session, the store, the gates that keep two of a kind from meeting, and a few
//! questions that all of them ask.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::plan::Settings;
use reconvene_core::problem::Problem;
use reconvene_core::report::Service;
use rusqlite::Connection;
use tokio::sync::{Mutex as Gate, Notify};

use crate::config::Config;
use crate::failure::{Failure, FailureKind, account_pause};
use crate::oauth::tokens::Tokens;
use crate::ports::Ports;
use crate::session::Session;
use crate::store::accounts::{self, Account};
use crate::store::{Store, creations, outbox, settings};
use crate::surroundings::Surroundings;
use crate::{choices, plan};

/// What the stages share.
pub(crate) struct Shared {
    pub(crate) session: Session,
    pub(crate) store: Store,
    /// At most one attempt at a time.
    pub(crate) push_gate: Gate<()>,
    /// Wakes the pull loop.
    pub(crate) nudge: Notify,
    calendar_gates: Mutex<HashMap<CalendarId, Arc<Gate<()>>>>,
    busy: AtomicUsize,
    surroundings: Mutex<Surroundings>,
    /// By how much the clock had been set back when every meeting was last decided about for that.
    set_back: Mutex<SignedDuration>,
    /// When a look at a meeting last ended without reading it, and without anything to be tried again.
    in_vain: Mutex<HashMap<MeetingId, Timestamp>>,
    /// The calendars that were read to their end since the process began.
    heard: Mutex<HashSet<CalendarId>>,
    install: String,
}

/// An instant that is kept while something is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) at: Timestamp,
    /// By how much the clock had been set back until then.
    pub(crate) back: SignedDuration,
}

/// Shows the engine as busy while it lives.
pub(crate) struct Busy<'a>(&'a Shared);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
        self.0.store.touch();
    }
}

impl Shared {
    /// Opens the database and what stands on it. Nothing is sent yet.
    pub(crate) fn open(database: &Path, config: Config, ports: Ports) -> Result<Self, Problem> {
        let store = Store::open(database, Arc::clone(&ports.clock))?;
        let install = store.write(|tx| match settings::get(tx, "install")? {
            Some(install) => Ok(install),
            None => {
                let mut bytes = [0; 8];
                ports.dice.fill(&mut bytes);
                let install: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                settings::set(tx, "install", &install)?;
                Ok(install)
            }
        })?;
        Ok(Self::with(store, install, config, ports))
    }

    /// The same on a database that cannot be written, because of `why`.
    pub(crate) fn open_read_only(
        database: &Path,
        config: Config,
        ports: Ports,
        why: Problem,
    ) -> Result<Self, Problem> {
        let store = Store::open_read_only(database, Arc::clone(&ports.clock), why.clone())?;
        let install = store.read(|tx| settings::get(tx, "install"))?.ok_or(why)?;
        Ok(Self::with(store, install, config, ports))
    }

    fn with(store: Store, install: String, config: Config, ports: Ports) -> Self {
        let tokens = Arc::new(Tokens::new(ports.clone(), &config));
        Self {
            session: Session {
                ports,
                tokens,
                config: Arc::new(config),
                pace: Arc::default(),
                until: None,
            },
            store,
            push_gate: Gate::default(),
            nudge: Notify::new(),
            calendar_gates: Mutex::default(),
            busy: AtomicUsize::new(0),
            surroundings: Mutex::default(),
            set_back: Mutex::default(),
            in_vain: Mutex::default(),
            heard: Mutex::default(),
            install,
        }
    }

    /// Heeds a clock that was set back: what seemed over may lie ahead again.
    pub(crate) fn mind_the_clock(&self) -> Result<(), Problem> {
        self.store.mind_the_clock()?;
        let back = self.store.set_back();
        let mut known = self.set_back.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != back {
            self.store
                .write(|tx| plan::replan_all(tx, &self.plan_settings(tx)?, self.now()))?;
            *known = back;
        }
        Ok(())
    }

    /// Whether the database can be written.
    pub(crate) fn try_writing(&self) -> Result<(), Problem> {
        let now = self.now().to_string();
        self.store.write(|tx| settings::set(tx, "examined", &now))
    }

    /// Whether anything is under way that is worth showing.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        *self.surroundings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of the surroundings, and returns those before.
    pub(crate) fn surrounded(&self, by: Surroundings) -> Surroundings {
        let mut known = self.surroundings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut known, by)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.session.now()
    }

    /// The instant now, to be noted later by [`then`](Self::then).
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            at: self.now(),
            back: self.store.set_back(),
        }
    }

    /// The instant of a mark by the clock as it is now, which may have been set back since.
    pub(crate) fn then(&self, mark: Mark) -> Timestamp {
        let by = self.store.set_back() - mark.back;
        mark.at.checked_sub(by).unwrap_or(mark.at)
    }

    pub(crate) fn paused(&self) -> Result<bool, Problem> {
        Ok(self
            .store
            .read(|tx| settings::get(tx, "paused"))?
            .is_some_and(|value| value == "yes"))
    }

    /// Whether the person wants to see what would be done, and nothing written.
    pub(crate) fn previews(&self, tx: &Connection) -> rusqlite::Result<bool> {
        Ok(choices::current(tx, &self.session.config)?.preview)
    }

    pub(crate) fn plan_settings(&self, tx: &Connection) -> rusqlite::Result<Settings> {
        choices::for_plan(tx, &self.session.config)
    }

    /// What an event says that asks for a meeting; none when the person made no such rule.
    pub(crate) fn request_word(&self) -> Result<Option<String>, Problem> {
        let choices = self.store.read(|tx| choices::current(tx, &self.session.config))?;
        Ok(Some(choices.request_word).filter(|word| !word.is_empty()))
    }

    /// Names this installation, on the events that it writes on.
    pub(crate) fn install(&self) -> &str {
        &self.install
    }

    /// The name under which an account's refresh token is in the keyring. Profiles do not share names.
    pub(crate) fn secret_name(&self, service: Service, subject: &str) -> String {
        format!("{}/{}/{subject}", self.install, service.word())
    }

    /// Shows the engine as busy while the guard lives.
    pub(crate) fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.store.touch();
        Busy(self)
    }

    /// At most one pass of a calendar at a time.
    pub(crate) fn calendar_gate(&self, id: CalendarId) -> Arc<Gate<()>> {
        let mut gates: MutexGuard<'_, _> = self.calendar_gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(id).or_default().clone()
    }

    /// Notes that a meeting was looked at, and not read.
    pub(crate) fn looked_in_vain(&self, meeting: MeetingId) {
        let mut in_vain = self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        in_vain.insert(meeting, self.now());
    }

    /// Whether a meeting was looked at in vain after `since`.
    pub(crate) fn was_in_vain(&self, meeting: MeetingId, since: Timestamp) -> bool {
        let in_vain = self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        (in_vain.get(&meeting)).is_some_and(|looked| *looked > since && *looked <= now)
    }

    /// A calendar was read to its end.
    pub(crate) fn hear(&self, calendar: CalendarId) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(calendar);
    }

    /// Whether a calendar was read since the process began.
    pub(crate) fn has_heard(&self, calendar: CalendarId) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.contains(&calendar)
    }

    /// Decides anew about one meeting.
    pub(crate) fn replan_in(&self, tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
        plan::replan(tx, meeting, &self.plan_settings(tx)?, self.now())
    }

    /// Heeds what concerns the whole account in the answer to a request that another outcome does not tell of: a service asked
    /// it to wait (P13), or only the person can help, and has to be told (P11).
    pub(crate) fn heed(&self, account: &Account, failure: &Failure) {
        let now = self.now();
        let until = match failure.kind {
            FailureKind::Limited(until) => until,
            FailureKind::Account => account_pause(&failure.problem, now),
            _ => return,
        };
        let noted = self
            .store
            .write(|tx| accounts::failed(tx, account.id, &failure.problem, Some(until), now));
        if let Err(problem) = noted {
            tracing::warn!(code = ?problem.code, "wait not noted");
        }
    }

    /// Cuts short every wait that no service asked for.
    pub(crate) fn hurry(&self, tx: &Connection, now: Timestamp) -> rusqlite::Result<()> {
        accounts::unpause(tx, now)?;
        creations::hurry(tx, now)?;
        outbox::hurry(tx, now)
    }
}
