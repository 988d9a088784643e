//! Accounts: signing in and out. A sign-in runs in a task of its own until it ends, so that whoever began it may wait,
//! walk away or call it off; nothing is stored before the service has said who signed in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reconvene_core::id::{AccountId, CalendarId};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{PlannedAction, Service};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::calendar::{self, Caller, List};
use crate::failure::{Failure, FailureKind};
use crate::keyring;
use crate::oauth::{Grant, sign_in};
use crate::plan;
use crate::providers::provider;
use crate::shared::Shared;
use crate::store::accounts::{self, Account, Identity};
use crate::store::calendars;
use crate::store::creations;
use crate::store::events;
use crate::store::meetings;
use crate::store::outbox;

type Outcome = Option<Result<AccountId, Problem>>;

/// The sign-ins under way, by ticket. An ended one is kept until the next begins, so that a late listener hears of it.
#[derive(Default)]
pub(crate) struct SignIns {
    by_ticket: Mutex<HashMap<String, Running>>,
    tasks: TaskTracker,
}

struct Running {
    cancel: CancellationToken,
    outcome: watch::Receiver<Outcome>,
}

impl SignIns {
    /// Waits for the end of a sign-in.
    pub(crate) async fn ended(&self, ticket: &str) -> Result<AccountId, Problem> {
        let mut outcome = self.with(ticket, |running| running.outcome.clone())?;
        let ended = outcome.wait_for(Option::is_some).await;
        ended
            .ok()
            .and_then(|outcome| outcome.clone())
            .unwrap_or_else(|| Err(unknown()))
    }

    /// Calls a sign-in off.
    pub(crate) fn cancel(&self, ticket: &str) -> Result<(), Problem> {
        self.with(ticket, |running| running.cancel.cancel())
    }

    /// Calls all of them off, and waits for those for which the person has come back already.
    pub(crate) async fn end(&self) {
        self.by_ticket()
            .values()
            .for_each(|running| running.cancel.cancel());
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn by_ticket(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.by_ticket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, ticket: &str, look: impl FnOnce(&Running) -> T) -> Result<T, Problem> {
        let running = self.by_ticket();
        running.get(ticket).map(look).ok_or_else(unknown)
    }

    fn add(&self, ticket: String, running: Running) {
        let mut all = self.by_ticket();
        all.retain(|_, running| running.outcome.borrow().is_none());
        all.insert(ticket, running);
    }
}

fn unknown() -> Problem {
    Problem::lasting(
        Code::BadUsage,
        "There is no such sign-in any more.",
        "Start it again.",
    )
}

/// Begins a sign-in; see [`crate::Engine::begin_sign_in`].
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    sign_ins: &SignIns,
    service: Service,
    to_write: bool,
) -> Result<(String, String), Problem> {
    let client = shared.session.tokens.client(service)?.clone();
    let client = if to_write { client.for_writing() } else { client };
    // A keyring that will not keep the sign-in is said before the person goes through it: at Zoom a new grant also ends
    // the one before.
    let name = shared.secret_name(service, "sign-in");
    let secrets = &shared.session.ports.secrets;
    let keeps = keyring::patiently(|| secrets.get(&name)).await;
    keeps.map_err(|error| keyring::problem(&error))?;
    let begun = sign_in::begin(&client, &shared.session.ports, sign_in::PATIENCE).await?;
    let (ticket, url) = (begun.ticket.clone(), begun.url.to_string());
    let cancel = CancellationToken::new();
    let (tell, outcome) = watch::channel(None);
    sign_ins.add(
        ticket.clone(),
        Running {
            cancel: cancel.clone(),
            outcome,
        },
    );
    let shared = Arc::clone(shared);
    sign_ins.tasks.spawn(async move {
        let ended = match begun.finish(cancel).await {
            Ok(grant) => welcome(&shared, grant).await,
            Err(problem) => Err(problem),
        };
        tell.send_replace(Some(ended.map_err(not_repeated)));
    });
    Ok((ticket, url))
}

/// A service's failure is told as something that is tried again. A sign-in is not: only the person can.
fn not_repeated(problem: Problem) -> Problem {
    let of_the_service = matches!(
        problem.code,
        Code::Offline | Code::TimedOut | Code::RateLimited | Code::ServiceFailed | Code::UnreadableAnswer
    );
    if !of_the_service {
        return problem;
    }
    Problem {
        hint: "No account was added or changed. Check the network, and sign in again in a few minutes."
            .to_owned(),
        ..problem
    }
}

/// Takes a granted account in: who is it, keep the secret, then the account, then decide anew about all meetings.
pub(crate) async fn welcome(shared: &Shared, grant: Grant) -> Result<AccountId, Problem> {
    let service = grant.service;
    let asked = shared.mark();
    let (who, list) = recognize(shared, &grant)
        .await
        .map_err(|failure| failure.problem)?;
    let secret = shared.secret_name(service, &who.subject);
    let writes = grant.writes();
    shared.session.tokens.store(&secret, grant).await?;
    let now = shared.now();
    let added = shared.store.write(|tx| {
        let known = accounts::of(tx, service)?;
        let is_new = known.iter().all(|account| account.subject != who.subject);
        let id = accounts::signed_in(tx, service, &who, &secret, now)?;
        accounts::set_writes(tx, id, writes)?;
        creations::hurry(tx, now)?;
        outbox::hurry(tx, now)?;
        if let Some(list) = &list {
            shared.take_over_list(tx, id, list, shared.then(asked))?;
            calendars::due_now(tx, id)?;
        }
        plan::replan_all(tx, &shared.plan_settings(tx)?, now)?;
        for known in meetings::all(tx)? {
            // What no account showed this one may show; and what it hosts may have been changed while it was away.
            let row = outbox::get(tx, known.id)?;
            let hosted = known.seen.as_ref().is_some_and(|seen| seen.host == who.subject);
            let looks = match row {
                None => known.is_gone() || (is_new && hosted),
                Some(row) => row.action == PlannedAction::Update && row.written.is_none() && is_new && hosted,
            };
            if looks && plan::service_of(&known.target) == service {
                outbox::put(tx, known.id, PlannedAction::Look, now)?;
            }
        }
        Ok(id)
    });
    shared.nudge.notify_one();
    added
}

/// Asks the service who signed in. At Google the calendar list tells: the main calendar's id is the address.
async fn recognize(shared: &Shared, grant: &Grant) -> Result<(Identity, Option<List>), Failure> {
    let session = &shared.session;
    if let Some(provider) = provider(grant.service) {
        return Ok((provider.identity(session, &grant.access).await?, None));
    }
    let list = calendar::calendars(session, Caller::Newcomer(&grant.access), None, || Ok(())).await?;
    let main = list
        .there()
        .find(|calendar| calendar.main)
        .or_else(|| list.there().next());
    let address = main.map(|calendar| calendar.google_id.clone()).ok_or_else(|| {
        let problem = Problem::lasting(
            Code::PermissionDenied,
            "This Google account shows no calendar.",
            "Open Google Calendar once with it, then sign in again.",
        );
        Failure::new(FailureKind::Final, problem)
    })?;
    Ok((
        Identity {
            subject: address.clone(),
            name: address,
            room: None,
        },
        Some(list),
    ))
}

/// Signs out; see [`crate::Engine::remove_account`].
pub(crate) async fn remove(shared: &Shared, id: AccountId) -> Result<(), Problem> {
    let account = shared.store.read(|tx| accounts::get(tx, id))?;
    let Some(Account { secret, service, .. }) = account else {
        return Err(Problem::lasting(
            Code::BadUsage,
            format!("There is no account {id}."),
            "`reconvene account list` shows the ids in use.",
        ));
    };
    if let Err(problem) = shared.session.tokens.revoke(&secret, service).await {
        // Signing out must work offline too; the person can remove the app at the service.
        tracing::warn!(account = %id, code = ?problem.code, "grant not given back");
    }
    shared.session.tokens.forget(&secret).await?;
    let now = shared.now();
    shared.store.write(|tx| {
        let mut leaving = calendars::all(tx)?;
        leaving.retain(|calendar| calendar.account == id);
        let leaving: Vec<CalendarId> = leaving.into_iter().map(|calendar| calendar.id).collect();
        plan::part_from_halves(tx, &leaving, now)?;
        for calendar in leaving {
            events::forget_calendar(tx, calendar)?;
        }
        accounts::remove(tx, id)?;
        plan::replan_all(tx, &shared.plan_settings(tx)?, now)
    })
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_a_failed_sign_in_does_not_promise_to_be_tried_again() {
        let failed = |code| not_repeated(Problem::passing(code, "It failed.", "It is tried again."));
        assert!(failed(Code::ServiceFailed).hint.contains("sign in again"));
        assert_eq!(failed(Code::KeyringLocked).hint, "It is tried again.");
    }
}
