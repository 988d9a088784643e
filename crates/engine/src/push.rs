//! Push: works the outbox off, one action at a time, so that no host ever has two writes under way.
//!
//! An outbox row names a meeting. What is to be done is decided when its turn comes: read the meeting, decide, write
//! only what differs, read it back. Because every step starts from what the provider says now, a crash or a lost
//! answer anywhere is mended by doing it again.

mod absent;
pub(crate) mod beyond;
mod confirm;
pub(crate) mod consent;
pub(crate) mod drift;
mod hold;
mod layout;
mod riddles;
mod settle;
mod undo;
mod write;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::conference::Target;
use reconvene_core::event::Schedule;
use reconvene_core::id::MeetingId;
use reconvene_core::meeting::Meeting;
use reconvene_core::plan::{Decision, Reason};
use reconvene_core::problem::Problem;
use reconvene_core::report::{PlannedAction, Service};
use rusqlite::Connection;

use self::confirm::Confirmed;
use self::settle::Ending;
use crate::choices;
use crate::failure::{Failure, FailureKind};
use crate::plan::{self, Dossier};
use crate::providers::{Provider, provider};
use crate::session::Session;
use crate::shared::Shared;
use crate::store::accounts::{self, Account};
use crate::store::activity;
use crate::store::meetings::{self, Known};
use crate::store::outbox::{self, Pending};

/// A change whose calendar was not read for long is put off for so long, again and again until it was.
const UNREAD: SignedDuration = SignedDuration::from_mins(1);

/// A write rests on what was read or written no longer ago than this. Requests time out long before; so it is passed when the
/// machine slept, and by then the meeting, its event or another installation may have moved on (P6, P14).
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// The one status that says yes to a write: 204, without a body.
const DONE: u16 = 204;

/// Does everything that is due now. Returns when nothing is due any more, or at once when paused, unless the person
/// asked for it `by_hand`.
pub(crate) async fn push_due(shared: &Shared, by_hand: bool) -> Result<(), Problem> {
    let _one_at_a_time = shared.push_gate.lock().await;
    loop {
        let now = shared.now();
        let Some(pending) = shared
            .store
            .read(|tx| next(shared, tx))?
            .filter(|pending| pending.is_due(now))
        else {
            return consent::settle(shared);
        };
        if !by_hand && shared.paused()? {
            return Ok(());
        }
        if pending.action == PlannedAction::Delete && !pending.approved {
            let held = shared.store.write(|tx| {
                let limit = choices::current(tx, &shared.session.config)?.mass_delete_limit;
                hold::hold_back(tx, &pending, limit, now)
            })?;
            if held {
                continue;
            }
        }
        let _shown = shared.busy();
        Attempt::at(shared, pending, now).await?;
    }
}

/// Takes back at once what the person wants taken back of one meeting, unless that was done already.
pub(crate) async fn push_undo(shared: &Shared, meeting: MeetingId) -> Result<(), Problem> {
    push_alone(shared, meeting, |pending| pending.undo.is_some()).await
}

/// Does at once what is left to do for a meeting just made. What waits besides, in a pause above all, goes on waiting.
pub(crate) async fn push_made(shared: &Shared, meeting: MeetingId) -> Result<(), Problem> {
    let now = shared.now();
    push_alone(shared, meeting, |pending| {
        pending.is_due(now) && pending.action != PlannedAction::Delete
    })
    .await
}

/// Makes one attempt at what waits for a meeting, if it is of that kind.
async fn push_alone(
    shared: &Shared,
    meeting: MeetingId,
    kind: impl Fn(&Pending) -> bool,
) -> Result<(), Problem> {
    let _one_at_a_time = shared.push_gate.lock().await;
    let Some(pending) = shared.store.read(|tx| outbox::get(tx, meeting))?.filter(kind) else {
        return Ok(());
    };
    let _shown = shared.busy();
    Attempt::at(shared, pending, shared.now()).await
}

/// The row whose turn is next. In a preview only what writes nothing gets one.
pub(crate) fn next(shared: &Shared, tx: &Connection) -> rusqlite::Result<Option<Pending>> {
    outbox::next(tx, shared.previews(tx)?)
}

/// One attempt at one action.
struct Attempt<'a> {
    shared: &'a Shared,
    pending: Pending,
    account: Account,
    /// Accounts that may host the meeting as well, while it is not known which does.
    others: Vec<Account>,
    provider: &'static dyn Provider,
    number: String,
    /// Whether the meeting was never read before: finding it in step is then no news.
    first_look: bool,
    /// Whether it repeated when it was read before.
    repeated: bool,
    /// What the meeting was to equal, once that is decided.
    attempted: Option<Schedule>,
    /// Why an account that may host the meeting could not be asked.
    doubt: Option<Failure>,
    /// When the meeting was last read or written in this attempt.
    heard: Option<Timestamp>,
}

/// Whom to ask about which meeting.
pub(crate) struct Addressees {
    pub(crate) service: Service,
    pub(crate) number: String,
    pub(crate) accounts: Vec<Account>,
    first_look: bool,
    repeated: bool,
}

impl<'a> Attempt<'a> {
    /// Makes it. Afterwards the row is struck off, held, or due later.
    async fn at(shared: &'a Shared, pending: Pending, now: Timestamp) -> Result<(), Problem> {
        let end = || shared.store.write(|tx| anew(shared, tx, &pending));
        let Some(asked) = shared.store.read(|tx| addressees(tx, pending.meeting))? else {
            return end();
        };
        let Addressees {
            service,
            number,
            accounts,
            first_look,
            repeated,
        } = asked;
        let Some(provider) = provider(service) else {
            return end();
        };
        match pending.action {
            PlannedAction::Look if !first_look && drift::is_late(shared, &pending)? => return end(),
            // Read anew, its event may ask for something else.
            PlannedAction::Update if !pending.asked && drift::is_late(shared, &pending)? => {
                let later = now.checked_add(UNREAD).unwrap_or(now);
                return shared
                    .store
                    .write(|tx| outbox::put_off(tx, pending.meeting, later));
            }
            _ => {}
        }
        // Ask those first who can answer. One that waits leaves a doubt when nobody else shows the meeting.
        let (mut others, waiting): (Vec<Account>, Vec<Account>) = accounts
            .into_iter()
            .partition(|account| account.waits_until(now).is_none());
        let until = waiting
            .iter()
            .filter_map(|account| account.waits_until(now))
            .min();
        let account = match (others.pop(), until) {
            (Some(account), _) => account,
            (None, Some(until)) => {
                // The entry that says why was written by the attempt that learnt of it.
                return shared
                    .store
                    .write(|tx| outbox::postpone(tx, pending.meeting, until, None));
            }
            (None, None) => return end(),
        };
        let doubt = waiting.into_iter().find_map(|account| {
            let until = account.waits_until(now)?;
            Some(Failure::new(
                FailureKind::NotBefore(until),
                account.health.problem?,
            ))
        });
        let mut attempt = Self {
            shared,
            pending,
            account,
            others,
            provider,
            number,
            first_look,
            repeated,
            attempted: None,
            doubt,
            heard: None,
        };
        shared
            .store
            .write(|tx| outbox::attempt(tx, attempt.pending.meeting))?;
        attempt.pending.attempts += 1;
        let ending = match attempt.run().await {
            Ok(ending) => ending,
            Err(Stopped::Failed(failure)) => Ending::Failed(failure),
            Err(Stopped::Unconfirmed(failure)) => Ending::Unconfirmed(failure),
            Err(Stopped::Store(problem)) => return Err(problem),
        };
        attempt.settle(ending)
    }

    async fn run(&mut self) -> Result<Ending, Stopped> {
        let began = self.shared.now();
        if let Some(undo) = self.pending.undo.clone() {
            if self.pending.attempts > 1 {
                // An edit made while it waited ends it.
                self.read_since(began).await?;
                if !self.is_still_to_be(&undo)? {
                    return Ok(Ending::Replanned);
                }
            }
            return self.undo(&undo).await;
        }
        if self.pending.action == PlannedAction::Update {
            // What could not be written today need not be read today.
            self.afford(1)?;
            // By hand it is not put off; but what it rests on must not be old, nor what another process knew.
            self.read_since(drift::not_old(began)).await?;
        }
        if self.pending.action == PlannedAction::Look {
            self.ask_about_riddles().await?;
        }
        let meeting = match self.find().await {
            Ok(meeting) => meeting,
            Err(failure) if failure.kind == FailureKind::Gone => return self.absent(failure).await,
            Err(failure) if failure.kind == FailureKind::Final => return self.not_shown(failure),
            Err(failure) => return Err(failure.into()),
        };
        let mut decision = self.decide(Some(&meeting))?;
        if matches!(decision, Decision::Update(_)) && self.pending.action == PlannedAction::Look {
            // Another installation may have been faster (P14).
            let since = if self.first_look {
                drift::not_old(began)
            } else {
                began
            };
            self.read_since(since).await?;
            decision = self.decide(Some(&meeting))?;
        }
        if matches!(decision, Decision::Update(_) | Decision::Delete { .. }) {
            self.go_through_host(&meeting)?;
        }
        match decision {
            Decision::Delete { .. } if self.previews()? => Ok(Ending::Previewed),
            Decision::Update(_) if self.is_too_early()? => Ok(Ending::Replanned),
            Decision::Update(schedule) => {
                // Asked first: what was out of step before must still be asked about when a preview ends.
                if let Some(problem) = self.question(&meeting, &schedule)? {
                    return Ok(Ending::Asks { meeting, problem });
                }
                if let Confirmed::Replanned = self.confirm_halves(&schedule).await? {
                    return Ok(Ending::Replanned);
                }
                self.attempted = Some(schedule.clone());
                let carry = self.shared.store.read(|tx| self.shared.plan_settings(tx))?.carry;
                self.update(&meeting, &schedule, carry).await
            }
            Decision::Delete { not_before } if not_before <= self.shared.now() => self.delete(&meeting).await,
            Decision::InStep => Ok(Ending::InStep(meeting)),
            _ => Ok(Ending::Replanned),
        }
    }

    /// Whoever hosts a meeting changes it. Another account of the person may have shown it, while that one has to wait.
    fn go_through_host(&mut self, meeting: &Meeting) -> Result<(), Stopped> {
        let service = self.account.service;
        let mut accounts = self
            .shared
            .store
            .read(|tx| accounts::of(tx, service))?
            .into_iter();
        let Some(host) = accounts.find(|account| account.subject == meeting.host) else {
            return Ok(());
        };
        if host.id == self.account.id {
            return Ok(());
        }
        let until = host.waits_until(self.shared.now());
        if let (Some(until), Some(problem)) = (until, host.health.problem.clone()) {
            return Err(Failure::new(FailureKind::NotBefore(until), problem).into());
        }
        self.account = host;
        Ok(())
    }

    /// Whether nothing is to be written. Asked right before each write, because the person may have said so since.
    fn previews(&self) -> Result<bool, Problem> {
        self.shared.store.read(|tx| self.shared.previews(tx))
    }

    /// Reads the meeting through the first account that can see it. It is gone only if every account says so.
    async fn find(&mut self) -> Result<Meeting, Failure> {
        loop {
            let failure = match self.read().await {
                Ok(meeting) => return Ok(meeting),
                Err(failure) => failure,
            };
            match failure.kind {
                FailureKind::Gone => {}
                // To be refused is not to know that the meeting is nobody else's.
                FailureKind::Final if !self.others.is_empty() => {
                    self.doubt = self.doubt.take().or(Some(failure.clone()));
                }
                FailureKind::Account | FailureKind::Limited(_) if !self.others.is_empty() => {
                    self.shared.heed(&self.account, &failure);
                    let kind = match failure.kind {
                        FailureKind::Limited(until) => FailureKind::NotBefore(until),
                        _ => FailureKind::Passing,
                    };
                    let doubt = Failure::new(kind, failure.problem.clone());
                    self.doubt = self.doubt.take().or(Some(doubt));
                }
                _ => return Err(failure),
            }
            match (self.others.pop(), self.doubt.take()) {
                (Some(next), doubt) => {
                    self.account = next;
                    self.doubt = doubt;
                }
                (None, Some(doubt)) => return Err(doubt),
                (None, None) => return Err(failure),
            }
        }
    }

    /// The session for a write that rests on what was last heard of the meeting.
    fn in_time(&self) -> Session {
        let session = &self.shared.session;
        let heard = self.heard.unwrap_or_else(|| session.now());
        session.until(heard.checked_add(WRITTEN_WITHIN).unwrap_or(Timestamp::MAX))
    }

    async fn read(&mut self) -> Result<Meeting, Failure> {
        let session = &self.shared.session;
        let meeting = self.provider.read(session, &self.account, &self.number).await?;
        self.heard = Some(session.now());
        Ok(meeting)
    }

    /// Keeps what was read, with the question that it raises, and decides from it.
    fn decide(&self, seen: Option<&Meeting>) -> Result<Decision, Problem> {
        let now = self.shared.now();
        self.shared.store.write(|tx| {
            let known = meetings::get(tx, self.pending.meeting)?;
            let was_absent =
                |known: &Known| known.is_gone() || (known.seen.is_none() && known.problem.is_some());
            if let Some(seen) = seen {
                if known.as_ref().is_some_and(was_absent) {
                    // It is there after all, or for an account that was not connected before.
                    meetings::set_problem(tx, self.pending.meeting, None)?;
                    activity::outlive(tx, self.pending.meeting)?;
                }
                plan::seen(tx, self.pending.meeting, seen, now)?;
            }
            let settings = self.shared.plan_settings(tx)?;
            let dossier = Dossier::of(tx, self.pending.meeting)?;
            let decision = dossier.map_or(Decision::Forget, |dossier| dossier.decide(&settings, now));
            match (seen, &decision) {
                (Some(seen), Decision::Update(wanted)) => {
                    self.raise_question(tx, known.as_ref(), seen, wanted, now)?;
                }
                (Some(seen), Decision::Leave(Reason::NotUnderstood)) => {
                    self.note_drift(tx, known.as_ref(), seen, now)?;
                }
                _ => {}
            }
            Ok(decision)
        })
    }
}

/// Why an attempt did not reach an ending of its own.
enum Stopped {
    /// The provider failed.
    Failed(Failure),
    /// Google could not be asked whether the event is really gone.
    Unconfirmed(Failure),
    /// The database failed.
    Store(Problem),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Store(problem)
    }
}

/// Decides anew what to do about a meeting when an attempt ends without having done it. A look is over then, come what may.
fn anew(shared: &Shared, tx: &Connection, attempted: &Pending) -> rusqlite::Result<()> {
    let meeting = attempted.meeting;
    let is_look = |row: &Pending| row.action == PlannedAction::Look && attempted.action == row.action;
    let look = outbox::get(tx, meeting)?.filter(is_look);
    if let Some(look) = &look {
        if let Some(entry) = look.entry {
            activity::supersede(tx, entry)?;
        }
        outbox::strike(tx, meeting)?;
        shared.looked_in_vain(meeting);
    }
    shared.replan_in(tx, meeting)?;
    match look {
        // What the person asked for stays asked for.
        Some(look) if look.asked => outbox::asked(tx, meeting),
        _ => Ok(()),
    }
}

/// The account that hosts a meeting, once that is known, else all of its service, the oldest last; `None` when nobody can
/// be asked about it.
pub(crate) fn addressees(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<Option<Addressees>> {
    let Some(dossier) = Dossier::of(tx, meeting)? else {
        return Ok(None);
    };
    let repeated = dossier.repeats();
    let Target::Meeting { service, number } = dossier.known.target else {
        return Ok(None);
    };
    let mut accounts = accounts::of(tx, service)?;
    accounts.reverse();
    let undo = outbox::get(tx, meeting)?.and_then(|row| row.undo);
    let host = match &undo {
        Some(undo) => Some(&undo.reversal.before.host),
        None => dossier.known.seen.as_ref().map(|seen| &seen.host),
    };
    if let Some(host) = host
        && accounts.iter().any(|account| account.subject == *host)
    {
        accounts.retain(|account| account.subject == *host);
    }
    Ok((!accounts.is_empty()).then_some(Addressees {
        service,
        number,
        accounts,
        first_look: dossier.known.seen.is_none(),
        repeated,
    }))
}
