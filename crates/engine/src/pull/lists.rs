//! The calendar lists: which calendars each Google account shows.
//!
//! A list is read by its own sync token every quarter of an hour, and in full once a day, because a role or a name
//! that a calendar's owner changed makes no row for the token
//! (<https://developers.google.com/workspace/calendar/api/v3/reference/calendarList/list>, `syncToken`). A calendar
//! that is not listed any more is not read any more; its meetings stay as they are.

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::{AccountId, CalendarId};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use rusqlite::Transaction;

use crate::calendar::{self, Caller, Entry, List};
use crate::failure::{Failure, FailureKind, account_pause, later, spread};
use crate::shared::{Mark, Shared};
use crate::store::accounts::{self, Account};
use crate::store::calendar_lists::{self, CalendarList};
use crate::store::calendars::{self, Calendar};

/// The pause between two readings of a list.
const PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// The pause after a reading that failed.
const PAUSE_AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(5);

/// A whole reading is good for so long.
const WHOLE_AGE: SignedDuration = SignedDuration::from_hours(24);

/// How much of a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// What changed, unless the last whole reading is a day old.
    Changes,
    /// All of it.
    Whole,
}

/// Reads the lists that are due, all at the same time; says when the next one is. A failure is noted with its account
/// and stops no other (P10).
pub(crate) async fn read_due(shared: &Shared) -> Result<Option<Timestamp>, Problem> {
    let now = shared.now();
    let due = |tx: &rusqlite::Connection| {
        let mut due = Vec::new();
        for account in accounts::of(tx, Service::Google)? {
            let list = calendar_lists::get(tx, account.id)?;
            if account.waits_until(now).is_none() && list.is_none_or(|list| list.due <= now) {
                due.push(account);
            }
        }
        Ok(due)
    };
    let due = shared.store.read(due)?;
    let readings = due
        .iter()
        .map(|account| shared.list_calendars(account, Reading::Changes));
    futures::future::join_all(readings).await;
    shared.store.read(|tx| {
        let mut next = None;
        for account in accounts::of(tx, Service::Google)? {
            let due = calendar_lists::get(tx, account.id)?.map(|list| list.due);
            let due = due.max(account.waits_until(now));
            next = [next, due].into_iter().flatten().min();
        }
        Ok(next)
    })
}

/// Reads the lists that are said not to show one of these calendars any more: it may be back.
pub(crate) async fn look_for(shared: &Shared, wanted: &[CalendarId]) -> Result<(), Problem> {
    let accounts: Vec<Account> = shared.store.read(|tx| {
        let missing = |calendar: &Calendar| !calendar.listed && wanted.contains(&calendar.id);
        let calendars = calendars::watched(tx)?;
        let mut accounts = accounts::of(tx, Service::Google)?;
        accounts.retain(|account| {
            let mut its = calendars.iter().filter(|calendar| calendar.account == account.id);
            its.any(missing)
        });
        Ok(accounts)
    })?;
    for account in &accounts {
        // A failure is noted with the account, and the calendar still says that it is missing.
        let _noted = shared.list_calendars(account, Reading::Changes).await;
    }
    Ok(())
}

impl Shared {
    /// Reads an account's calendar list and takes it over. A failure is noted with the account.
    pub(crate) async fn list_calendars(&self, account: &Account, reading: Reading) -> Result<(), Problem> {
        let began = self.mark();
        if let (Some(_), Some(problem)) = (account.obeys_until(began.at), &account.health.problem) {
            return Err(problem.clone());
        }
        let known = self.store.read(|tx| calendar_lists::get(tx, account.id))?;
        match self.read_list(account, known, reading, began.at).await {
            Ok(Read { list, whole_at, gone }) => self.store.write(|tx| {
                let (then, now) = (self.then(began), self.now());
                for calendar in &gone {
                    unlisted(tx, calendar, then)?;
                }
                let whole_at = self.then(Mark {
                    at: whole_at,
                    ..began
                });
                self.take_over_list(tx, account.id, &list, whole_at)?;
                accounts::went_well(tx, account.id, then, now)
            }),
            Err(ReadError::Store(problem)) => Err(problem),
            Err(ReadError::Failed(failure)) => {
                let now = self.now();
                let until = match failure.kind {
                    FailureKind::Limited(until) => Some(until),
                    FailureKind::Account => Some(account_pause(&failure.problem, now)),
                    _ => account.waits_until(now),
                };
                let next = spread(PAUSE_AFTER_FAILURE, now, self.session.ports.dice.as_ref());
                self.store.write(|tx| {
                    calendar_lists::postpone(tx, account.id, until.unwrap_or(next))?;
                    accounts::failed(tx, account.id, &failure.problem, until, now)
                })?;
                Err(failure.problem)
            }
        }
    }

    async fn read_list(
        &self,
        account: &Account,
        known: Option<CalendarList>,
        reading: Reading,
        now: Timestamp,
    ) -> Result<Read, ReadError> {
        let caller = Caller::Account(account);
        let may_go_on = || self.obey(account);
        if let Some((token, whole_at)) = token(known, now).filter(|_| reading == Reading::Changes) {
            match calendar::calendars(&self.session, caller, Some(&token), may_go_on).await {
                // Routine, as with events: the whole list, once.
                Err(failure) if failure.kind == FailureKind::StaleToken => {}
                Err(failure) => return Err(failure.into()),
                Ok(list) => {
                    return Ok(Read {
                        list,
                        whole_at,
                        gone: Vec::new(),
                    });
                }
            }
        }
        let list = calendar::calendars(&self.session, caller, None, may_go_on).await?;
        let gone = self.missing(account, &list).await?;
        Ok(Read {
            list,
            whole_at: now,
            gone,
        })
    }

    /// Something else may have learnt meanwhile that the account has to wait (P13).
    fn obey(&self, account: &Account) -> Result<(), Failure> {
        let known = self.store.read(|tx| accounts::get(tx, account.id));
        let Ok(Some(account)) = known else { return Ok(()) };
        match (account.obeys_until(self.now()), account.health.problem) {
            (Some(until), Some(problem)) => Err(Failure::new(FailureKind::Limited(until), problem)),
            _ => Ok(()),
        }
    }

    /// The calendars that a whole reading of the list did not show. Watched ones are asked for one by one: to be
    /// missing proves nothing.
    async fn missing(&self, account: &Account, list: &List) -> Result<Vec<Calendar>, ReadError> {
        let known = self.store.read(calendars::all)?;
        let shown = |calendar: &Calendar| list.there().any(|listed| listed.google_id == calendar.google_id);
        let missing = known
            .into_iter()
            .filter(|calendar| calendar.account == account.id && calendar.listed && !shown(calendar));
        let mut gone = Vec::new();
        for calendar in missing {
            let id = &calendar.google_id;
            self.obey(account)?;
            if !(calendar.watched && calendar::is_listed(&self.session, account, id).await?) {
                gone.push(calendar);
            }
        }
        Ok(gone)
    }

    /// Takes over what a reading of an account's list says, with the token at which the next one begins.
    pub(crate) fn take_over_list(
        &self,
        tx: &Transaction<'_>,
        account: AccountId,
        list: &List,
        whole_at: Timestamp,
    ) -> rusqlite::Result<()> {
        let now = self.now();
        for entry in &list.entries {
            match entry {
                Entry::There(listed) => calendars::listed(tx, account, listed)?,
                Entry::Removed(google_id) => {
                    let known = calendars::all(tx)?.into_iter().find(|calendar| {
                        calendar.account == account && calendar.google_id == *google_id && calendar.listed
                    });
                    known.map_or(Ok(()), |calendar| unlisted(tx, &calendar, now))?;
                }
            }
        }
        let read = CalendarList {
            sync_token: list.token.clone(),
            fingerprint: Some(calendar::list_fingerprint()),
            whole_at: Some(whole_at),
            due: spread(PAUSE, now, self.session.ports.dice.as_ref()),
        };
        calendar_lists::put(tx, account, &read)
    }
}

/// The token to go on from and when the list was last read whole; none when it is to be read whole now.
fn token(known: Option<CalendarList>, now: Timestamp) -> Option<(String, Timestamp)> {
    let CalendarList {
        sync_token: Some(token),
        fingerprint: Some(fingerprint),
        whole_at: Some(whole_at),
        ..
    } = known?
    else {
        return None;
    };
    let fresh = now < later(whole_at, WHOLE_AGE) && fingerprint == calendar::list_fingerprint();
    fresh.then_some((token, whole_at))
}

fn unlisted(tx: &Transaction<'_>, calendar: &Calendar, now: Timestamp) -> rusqlite::Result<()> {
    let problem = Problem::lasting(
        Code::CalendarGone,
        format!(
            "The calendar “{}” is no longer in your calendar list at Google.",
            calendar.name
        ),
        "Its meetings are left as they are. Untick it, or add it to the list in Google Calendar again.",
    );
    calendars::unlisted(tx, calendar.id, &problem, now)
}

/// What a reading brought.
struct Read {
    list: List,
    whole_at: Timestamp,
    gone: Vec<Calendar>,
}

/// Why a list was not read.
enum ReadError {
    Failed(Failure),
    Store(Problem),
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Problem> for ReadError {
    fn from(problem: Problem) -> Self {
        Self::Store(problem)
    }
}
