//! Pull: one pass of one calendar, by sync token when there is one, in full otherwise.
//!
//! Each page is committed with its plan; the new token only with the last one (P1). A full pass marks what it sees and
//! then looks up, one by one, each linked event that it did not see: absence from a list proves nothing (P3).

pub(crate) mod lists;
mod masters;

use std::collections::BTreeSet;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use reconvene_core::event::{Event, Kind, Observation};
use reconvene_core::id::CalendarId;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Answer;
use rusqlite::{Connection, Transaction};

use crate::calendar::{self, MOST_PAGES, Next, Odd, Page};
use crate::choices;
use crate::create;
use crate::failure::{Failure, FailureKind, account_pause, backoff, later, spread};
use crate::plan;
use crate::shared::Shared;
use crate::store::accounts::{self, Account};
use crate::store::calendars::{self, Calendar};
use crate::store::events::{self, Stored};
use crate::store::exceptions;
use crate::trigger::SLOWEST;

/// A full pass lists what ended no longer ago than this.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24);

/// So many passes may fail in a row over one event that cannot be looked up; then it stays as it is known.
const PATIENCE: u32 = 5;

/// The role of whoever may look and change nothing.
const READER: &str = "reader";

/// At most so many calendars are read at the same time.
const TOGETHER: usize = 4;

/// Makes one pass of each calendar, a few at a time. One that fails never stops the others (P10).
pub(crate) async fn passes(shared: &Shared, calendars: Vec<CalendarId>) -> Vec<Result<(), Problem>> {
    let passes = futures::stream::iter(calendars).map(|id| pass(shared, id));
    passes.buffer_unordered(TOGETHER).collect().await
}

/// Makes one pass of a calendar. A failure is noted with the calendar, and returned.
pub(crate) async fn pass(shared: &Shared, id: CalendarId) -> Result<(), Problem> {
    let gate = shared.calendar_gate(id);
    let _one_at_a_time = gate.lock().await;
    let now = shared.now();
    let Some((calendar, account)) = shared.store.read(|tx| {
        let Some(calendar) = calendars::get(tx, id)? else {
            return Ok(None);
        };
        Ok(accounts::get(tx, calendar.account)?.map(|account| (calendar, account)))
    })?
    else {
        return Ok(());
    };
    if !calendar.watched {
        return Ok(());
    }
    if let (false, Some(problem)) = (calendar.listed, &calendar.health.problem) {
        return Err(problem.clone());
    }
    if let Some(wait) = account.waits_until(now)
        && let Some(problem) = account.health.problem.clone()
    {
        let available = calendar.available;
        shared
            .store
            .write(|tx| calendars::failed(tx, id, &problem, available, now, wait))?;
        return Err(problem);
    }
    match read(shared, &account, &calendar).await {
        Ok(()) => Ok(()),
        Err(Stopped::Store(problem)) => Err(problem),
        Err(Stopped::Failed(failure)) => Err(failed(shared, &account, &calendar, failure)?),
    }
}

/// Why a pass did not reach its end.
enum Stopped {
    Failed(Failure),
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

async fn read(shared: &Shared, account: &Account, calendar: &Calendar) -> Result<(), Stopped> {
    let fingerprint = calendar::fingerprint();
    let token = calendar
        .sync_token
        .as_deref()
        .filter(|_| calendar.fingerprint.as_deref() == Some(&fingerprint));
    if let Some(token) = token {
        match changes(shared, account, calendar, token).await {
            // Routine: the token is too old, or the query changed on the other side. Once per pass, in full.
            Err(Stopped::Failed(failure)) if failure.kind == FailureKind::StaleToken => {
                tracing::info!(calendar = %calendar.id, "sync token no longer valid: full pass");
            }
            ended => return ended,
        }
    }
    everything(shared, account, calendar).await
}

/// An incremental pass.
async fn changes(
    shared: &Shared,
    account: &Account,
    calendar: &Calendar,
    token: &str,
) -> Result<(), Stopped> {
    let began = shared.now();
    let mut pages = Pages::new(shared, account, calendar, Some(token), began);
    let mut odd = Vec::new();
    let mut masters = BTreeSet::new();
    while let Some(page) = pages.next().await? {
        if !page.access.is_empty() && page.access != calendar.access {
            // Whose the events are depends on it, those that did not change included.
            return everything(shared, account, calendar).await;
        }
        odd.extend_from_slice(&page.odd);
        masters.extend(masters::unknown(shared, calendar, &page)?);
        let mut clear = match &page.next {
            Next::Token(_) => look_closer(shared, account, calendar, &odd).await?,
            Next::Page(_) => Cleared::default(),
        };
        if let Next::Token(_) = &page.next {
            clear
                .rows
                .extend(masters::look_up(shared, account, calendar, &masters).await?);
        }
        shared.store.write(|tx| {
            shared.take_over(tx, calendar, calendar.pass, &page)?;
            clear.take_over(shared, tx, calendar, calendar.pass)?;
            match &page.next {
                Next::Token(token) => ended(shared, tx, account, calendar, token, began),
                Next::Page(_) => Ok(()),
            }
        })?;
    }
    Ok(())
}

/// A full pass: mark, look up what was not seen, sweep.
async fn everything(shared: &Shared, account: &Account, calendar: &Calendar) -> Result<(), Stopped> {
    let _shown = shared.busy();
    let began = shared.now();
    let from = began.checked_sub(LOOK_BACK).unwrap_or(began);
    let pass = shared
        .store
        .write(|tx| calendars::begin_full_pass(tx, calendar.id))?;
    let mut pages = Pages::new(shared, account, calendar, None, from);
    let mut odd = Vec::new();
    let mut masters = BTreeSet::new();
    while let Some(page) = pages.next().await? {
        odd.extend_from_slice(&page.odd);
        shared
            .store
            .write(|tx| shared.take_over(tx, calendar, pass, &page))?;
        masters.extend(masters::unknown(shared, calendar, &page)?);
        let Next::Token(token) = &page.next else { continue };
        let mut clear = look_closer(shared, account, calendar, &odd).await?;
        clear
            .rows
            .extend(masters::look_up(shared, account, calendar, &masters).await?);
        let mut vanished = shared.store.read(|tx| events::vanished(tx, calendar.id, pass))?;
        vanished.retain(|stored| !clear.tells_of(&stored.event.google_id));
        let (over, missing): (Vec<Stored>, Vec<Stored>) = vanished
            .into_iter()
            .partition(|stored| is_over(&stored.event, &calendar.zone, from));
        let mut found = Vec::new();
        for stored in &missing {
            let google_id = &stored.event.google_id;
            match look_up(shared, account, calendar, google_id).await? {
                Looked::Row(observation) => found.push(observation),
                Looked::Odd => clear.odd.push(google_id.clone()),
                Looked::Unanswered => {}
            }
        }
        let mut unanswered = Vec::new();
        for google_id in shared.store.read(|tx| unseen_dates(tx, calendar, pass, from))? {
            match look_up(shared, account, calendar, &google_id).await? {
                Looked::Row(observation) => found.push(observation),
                Looked::Odd | Looked::Unanswered => unanswered.push(google_id),
            }
        }
        shared.store.write(|tx| {
            let settings = shared.plan_settings(tx)?;
            if page.access == READER {
                found.iter_mut().for_each(Observation::of_somebody_else);
                // It may have been cancelled after it ceased to be the person's.
                for stored in &missing {
                    events::of_somebody_else(tx, stored.id)?;
                }
            }
            plan::observe(tx, calendar.id, pass, &found, &settings, shared.now())?;
            clear.take_over(shared, tx, calendar, pass)?;
            for kept in exceptions::vanished(tx, calendar.id, pass)? {
                if !unanswered.contains(&kept.google_id) {
                    exceptions::forget(tx, calendar.id, &kept.google_id)?;
                }
            }
            for stored in &over {
                events::forget(tx, stored.id)?;
                if let Some(meeting) = stored.meeting {
                    plan::replan(tx, meeting, &settings, shared.now())?;
                }
            }
            ended(shared, tx, account, calendar, token, began)
        })?;
    }
    Ok(())
}

/// Whether nothing of an event lies after `from`. The end of a series is not known here; its rule tells when it is over.
fn is_over(event: &Event, zone: &str, from: Timestamp) -> bool {
    !matches!(event.kind, Kind::Series { .. }) && event.end.instant(zone) <= from
}

/// Changed and cancelled dates, still ahead, of series with a meeting, that a full list did not show. Those of other series
/// are of no use, and those that are kept as events are looked up as such.
fn unseen_dates(
    tx: &Connection,
    calendar: &Calendar,
    pass: i64,
    from: Timestamp,
) -> rusqlite::Result<Vec<String>> {
    let mut ids = Vec::new();
    for kept in exceptions::vanished(tx, calendar.id, pass)? {
        let linked = events::get(tx, calendar.id, &kept.place.series)?.is_some();
        let apart = events::get(tx, calendar.id, &kept.google_id)?.is_none();
        if linked && apart && kept.place.original.instant(&calendar.zone) > from {
            ids.push(kept.google_id);
        }
    }
    Ok(ids)
}

/// Asks for one event that a full list did not show. An answer that proves nothing leaves the event as it is known.
async fn look_up(
    shared: &Shared,
    account: &Account,
    calendar: &Calendar,
    google_id: &str,
) -> Result<Looked, Failure> {
    obey(shared, account)?;
    match calendar::event(&shared.session, account, &calendar.google_id, google_id).await {
        Ok(Some(observation)) => Ok(Looked::Row(observation)),
        Ok(None) => Ok(Looked::Row(Observation::Gone {
            google_id: google_id.to_owned(),
            place: None,
        })),
        Err(failure) if failure.problem.code == Code::EventNotUnderstood => Ok(Looked::Odd),
        Err(failure) => match failure.kind {
            FailureKind::Limited(_) | FailureKind::Account => Err(failure),
            // A passing failure is worth another pass, but not for ever: one event must not stall its calendar (P10).
            FailureKind::Passing if calendar.failures < PATIENCE => Err(failure),
            _ => Ok(Looked::Unanswered),
        },
    }
}

/// What asking for one event brought.
enum Looked {
    /// The event, or that it is gone.
    Row(Observation),
    /// It is there, and not understood.
    Odd,
    /// Nothing that proves anything.
    Unanswered,
}

/// What became of rows that were not understood.
#[derive(Default)]
struct Cleared {
    /// Asked for one by one, these were understood.
    rows: Vec<Observation>,
    /// The known events that stay a riddle, by Google's ids.
    odd: Vec<String>,
}

impl Cleared {
    fn tells_of(&self, google_id: &str) -> bool {
        self.odd.iter().any(|id| id == google_id) || self.rows.iter().any(|row| row.google_id() == google_id)
    }

    fn take_over(
        &self,
        shared: &Shared,
        tx: &Transaction<'_>,
        calendar: &Calendar,
        pass: i64,
    ) -> rusqlite::Result<()> {
        let (settings, now) = (shared.plan_settings(tx)?, shared.now());
        let mut rows = self.rows.clone();
        if calendar.access == READER {
            rows.iter_mut().for_each(Observation::of_somebody_else);
        }
        plan::observe(tx, calendar.id, pass, &rows, &settings, now)?;
        plan::not_understood(tx, calendar.id, pass, &self.odd, &settings, now)
    }
}

/// Asks once more, one by one, for those events that point at a meeting, or are dates of a series that does, and came in a
/// row that was not understood.
async fn look_closer(
    shared: &Shared,
    account: &Account,
    calendar: &Calendar,
    odd: &[Odd],
) -> Result<Cleared, Stopped> {
    let mut cleared = Cleared::default();
    for Odd { google_id, series } in odd {
        let concerned = shared.store.read(|tx| {
            for id in [Some(google_id), series.as_ref()].into_iter().flatten() {
                if events::get(tx, calendar.id, id)?.is_some() {
                    return Ok(Some(id.clone()));
                }
            }
            Ok(None)
        })?;
        let Some(concerned) = concerned else {
            // Nothing is known of it, so nothing can be out of step.
            tracing::warn!(calendar = %calendar.id, "a row was not understood");
            continue;
        };
        match look_up(shared, account, calendar, google_id).await? {
            Looked::Row(observation) => cleared.rows.push(observation),
            Looked::Odd | Looked::Unanswered => cleared.odd.push(concerned),
        }
    }
    Ok(cleared)
}

/// A pass of another calendar may have learnt meanwhile that the account has to wait (P13).
fn obey(shared: &Shared, account: &Account) -> Result<(), Failure> {
    let known = shared.store.read(|tx| accounts::get(tx, account.id));
    let Ok(Some(account)) = known else { return Ok(()) };
    match (account.waits_until(shared.now()), account.health.problem) {
        (Some(until), Some(problem)) => Err(Failure::new(FailureKind::Limited(until), problem)),
        _ => Ok(()),
    }
}

/// The pages of one listing, in order.
struct Pages<'a> {
    shared: &'a Shared,
    account: &'a Account,
    calendar: &'a Calendar,
    token: Option<&'a str>,
    from: Timestamp,
    page: Option<String>,
    /// What an event says that asks for a meeting; none when no such rule is in force.
    word: Option<String>,
    left: usize,
}

impl<'a> Pages<'a> {
    fn new(
        shared: &'a Shared,
        account: &'a Account,
        calendar: &'a Calendar,
        token: Option<&'a str>,
        from: Timestamp,
    ) -> Self {
        Self {
            shared,
            account,
            calendar,
            token,
            from,
            page: None,
            // A database that cannot be read stops the pass elsewhere.
            word: shared.request_word().unwrap_or_default(),
            left: MOST_PAGES,
        }
    }

    /// The next page; `None` after the one that brought the new token. An empty page is a page.
    async fn next(&mut self) -> Result<Option<Page>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        obey(self.shared, self.account)?;
        let session = &self.shared.session;
        let id = &self.calendar.google_id;
        let page = calendar::events(
            session,
            self.account,
            id,
            self.token,
            self.from,
            self.page.as_deref(),
            self.word.as_deref(),
        )
        .await?;
        if matches!(page.access.as_str(), "freeBusyReader" | "none") {
            // Such a page shows when, and no longer what: its bare rows are not events that lost their conference.
            return Err(no_longer_shared());
        }
        match &page.next {
            Next::Token(_) => self.left = 0,
            // A page that leads to itself, or to no end, would keep the pass for ever.
            Next::Page(next) if self.page.as_ref() == Some(next) || self.left == 0 => {
                return Err(Failure::unreadable(self.account.service, 200));
            }
            Next::Page(next) => self.page = Some(next.clone()),
        }
        Ok(Some(page))
    }
}

fn no_longer_shared() -> Failure {
    let problem = Problem::lasting(
        Code::CalendarGone,
        "Google no longer shows what is on this calendar.",
        "",
    );
    Failure::new(FailureKind::Gone, problem)
}

impl Shared {
    fn take_over(
        &self,
        tx: &Transaction<'_>,
        calendar: &Calendar,
        pass: i64,
        page: &Page,
    ) -> rusqlite::Result<()> {
        calendars::described(tx, calendar.id, &page.zone, &page.access)?;
        let access = if page.access.is_empty() {
            &calendar.access
        } else {
            &page.access
        };
        let mut rows = page.observations.clone();
        if access == READER {
            // `organizer.self` means the calendar's owner, and a calendar that is only shown to the person is not theirs.
            rows.iter_mut().for_each(Observation::of_somebody_else);
        }
        plan::observe(tx, calendar.id, pass, &rows, &self.plan_settings(tx)?, self.now())?;
        create::by_rule(tx, self, calendar, &page.asking)
    }
}

fn ended(
    shared: &Shared,
    tx: &Transaction<'_>,
    account: &Account,
    calendar: &Calendar,
    token: &str,
    began: Timestamp,
) -> rusqlite::Result<()> {
    let choices = choices::current(tx, &shared.session.config)?;
    let poll = choices::poll(&choices, &shared.session.config);
    let pause = SignedDuration::try_from(shared.surroundings().stretch(poll)).unwrap_or(SLOWEST);
    let next = spread(pause, shared.now(), shared.session.ports.dice.as_ref());
    calendars::passed(tx, calendar.id, token, &calendar::fingerprint(), began, next)?;
    accounts::went_well(tx, account.id, began)
}

/// Google refused to show a calendar, and not because it were gone. That may pass, and is said to be there to stay only
/// after a while.
fn refused(calendar: &Calendar, problem: Problem, answer: Option<&Answer>) -> Problem {
    let reason = answer.and_then(|answer| answer.code.as_deref());
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    let message = format!("Google refuses to show the calendar “{}”{reason}.", calendar.name);
    if calendar.failures + 1 < PATIENCE {
        return Problem::passing(problem.code, message, "Reconvene tries again by itself.");
    }
    Problem::lasting(
        problem.code,
        message,
        "Its meetings are left as they are. Open it in Google Calendar to see what became of it; Reconvene goes on \
         asking.",
    )
}

/// Notes a failed pass where it belongs: the calendar, and its account when that is what is wrong.
fn failed(
    shared: &Shared,
    account: &Account,
    calendar: &Calendar,
    failure: Failure,
) -> Result<Problem, Problem> {
    let now = shared.now();
    let pause = backoff(calendar.failures + 1, now, shared.session.ports.dice.as_ref());
    let mut next = pause.min(later(now, SLOWEST));
    let mut available = calendar.available;
    let mut problem = failure.problem;
    let mut whole_account = None;
    match failure.kind {
        FailureKind::Limited(until) => {
            next = until;
            whole_account = Some(until);
        }
        FailureKind::Account => {
            next = account_pause(&problem, now);
            whole_account = Some(next);
        }
        FailureKind::Gone => {
            available = false;
            next = later(now, SLOWEST);
            problem = Problem::lasting(
                Code::CalendarGone,
                format!(
                    "The calendar “{}” is no longer there or no longer shared with you.",
                    calendar.name
                ),
                "Its meetings are left as they are. Untick it, or ask its owner to share it again.",
            );
        }
        FailureKind::Final => problem = refused(calendar, problem, failure.answer.as_ref()),
        FailureKind::NotBefore(until) => next = until,
        FailureKind::Passing | FailureKind::StaleToken => {}
    }
    shared.store.write(|tx| {
        if let Some(until) = whole_account {
            accounts::failed(tx, account.id, &problem, Some(until), now)?;
        }
        calendars::failed(tx, calendar.id, &problem, available, now, next)?;
        match calendar.available && !available {
            // What it was last known to hold may live elsewhere, and counts for less now.
            true => plan::replan_all(tx, &shared.plan_settings(tx)?, now),
            false => Ok(()),
        }
    })?;
    tracing::warn!(calendar = %calendar.id, code = ?problem.code, "pass failed");
    Ok(problem)
}
