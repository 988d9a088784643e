//! Pull: one pass of one calendar, by sync token when there is one, in full otherwise.
//!
//! Each page is committed with its plan; the new token only with the last one (P1). A full pass marks what it sees and
//! then looks up, one by one, each linked event that it did not see: absence from a list proves nothing (P3).

mod closer;
pub(crate) mod dates;
pub(crate) mod lists;
mod masters;
mod pages;
mod past;

use std::collections::BTreeSet;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use reconvene_core::event::Observation;
use reconvene_core::id::CalendarId;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Answer;
use rusqlite::{Connection, Transaction};

use self::closer::Looked;
use self::pages::Pages;
use crate::calendar::{self, Next, Page};
use crate::choices;
use crate::create;
use crate::failure::{Failure, FailureKind, account_pause, backoff, later, spread};
use crate::plan::{self, Riddle, Source};
use crate::shared::{Mark, Shared};
use crate::store::accounts::{self, Account};
use crate::store::calendars::{self, Calendar};
use crate::store::events::{self, Puzzle};
use crate::store::exceptions::{self, Kept};
use crate::surroundings::SLOWEST;

/// What ended longer ago than this is not listed in a full pass, and not kept.
pub(crate) const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24);

/// So many passes may fail in a row over one event that cannot be looked up; then it stays as it is known.
const PATIENCE: u32 = 5;

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
    let pass = Pass {
        shared,
        account: &account,
        calendar: &calendar,
        word: shared.request_word()?,
    };
    match pass.run().await {
        Ok(()) => {
            shared.hear(id);
            Ok(())
        }
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

/// One pull of one calendar.
struct Pass<'a> {
    shared: &'a Shared,
    account: &'a Account,
    calendar: &'a Calendar,
    /// What an event says that asks for a meeting; none when no such rule is in force.
    word: Option<String>,
}

impl Pass<'_> {
    async fn run(&self) -> Result<(), Stopped> {
        let token = self.calendar.sync_token.as_deref();
        if let Some(token) = token.filter(|_| self.calendar.fingerprint == Some(self.fingerprint())) {
            match self.changes(token).await {
                // Routine: the token is too old, or the query changed on the other side. Once per pass, in full.
                Err(Stopped::Failed(failure)) if failure.kind == FailureKind::StaleToken => {
                    tracing::info!(calendar = %self.calendar.id, "sync token no longer valid: full pass");
                }
                ended => return ended,
            }
        }
        self.everything().await
    }

    /// What is asked for, and looked for in the answer. Events that hold a new word may not have changed for long.
    fn fingerprint(&self) -> String {
        calendar::fingerprint(self.word.as_deref())
    }

    /// An incremental pass. Its pages are taken in together: by itself one may tell half of what was done, such as one of the
    /// two series that were one.
    async fn changes(&self, token: &str) -> Result<(), Stopped> {
        let (shared, calendar) = (self.shared, self.calendar);
        let began = shared.mark();
        let Some((mut page, token)) = Pages::new(self, Some(token), began.at).joined().await? else {
            return self.everything().await;
        };
        if role(calendar, &page) != calendar.access {
            // Whose the events are depends on it, those that did not change included.
            return self.everything().await;
        }
        let masters = BTreeSet::from_iter(masters::unknown(shared, calendar, &page)?);
        let strays = BTreeSet::from_iter(dates::strays(self, &page)?);
        let mut clear = closer::look_closer(self, &page.odd).await?;
        clear.rows.extend(masters::ask_for(self, &masters).await?);
        clear.rows.extend(dates::ask_for_strays(self, &strays).await?);
        clear.rows.extend(dates::ask_about_bare(self, &mut page).await?);
        shared.store.write(|tx| {
            self.take_over(tx, calendar.pass, &page)?;
            clear.take_over(self, tx, calendar.pass)?;
            self.ended(tx, &token, began)
        })?;
        Ok(())
    }

    /// A full pass: mark, look up what was not seen, sweep.
    async fn everything(&self) -> Result<(), Stopped> {
        let (shared, calendar) = (self.shared, self.calendar);
        let _shown = shared.busy();
        let began = shared.mark();
        let from = began.at.checked_sub(LOOK_BACK).unwrap_or(began.at);
        let pass = shared
            .store
            .write(|tx| calendars::begin_full_pass(tx, calendar.id))?;
        let mut pages = Pages::new(self, None, from);
        let mut odd = Vec::new();
        let (mut masters, mut strays) = (BTreeSet::new(), BTreeSet::new());
        while let Some(page) = pages.next().await? {
            odd.extend_from_slice(&page.odd);
            shared.store.write(|tx| self.take_over(tx, pass, &page))?;
            strays.extend(dates::strays(self, &page)?);
            masters.extend(masters::unknown(shared, calendar, &page)?);
            let Next::Token(token) = &page.next else { continue };
            // What is asked for one by one is understood by what the person may see now.
            let current = Calendar {
                access: role(calendar, &page).to_owned(),
                ..calendar.clone()
            };
            let asking = Pass {
                calendar: &current,
                word: self.word.clone(),
                ..*self
            };
            let mut clear = closer::look_closer(&asking, &odd).await?;
            clear.rows.extend(masters::ask_for(&asking, &masters).await?);
            clear.rows.extend(dates::ask_for_strays(&asking, &strays).await?);
            let mut vanished = shared.store.read(|tx| events::vanished(tx, calendar.id, pass))?;
            vanished.retain(|stored| !clear.tells_of(&stored.event.google_id));
            // What is over is not listed.
            vanished.retain(|stored| !past::is_over(stored, &calendar.zone, from));
            let mut found = Vec::new();
            for stored in &vanished {
                let google_id = &stored.event.google_id;
                match closer::look_up(&asking, google_id).await? {
                    Looked::Row(observation) => found.push(observation),
                    Looked::Odd => clear.odd.push(Riddle {
                        google_id: google_id.clone(),
                        about: Puzzle::Itself,
                    }),
                }
            }
            let mut unanswered = Vec::new();
            for google_id in shared
                .store
                .read(|tx| unseen_dates(tx, calendar, pass, from, &found))?
            {
                match closer::look_up(&asking, &google_id).await? {
                    Looked::Row(observation) => found.push(observation),
                    Looked::Odd => unanswered.push(google_id),
                }
            }
            shared.store.write(|tx| {
                let settings = shared.plan_settings(tx)?;
                if calendars::get(tx, calendar.id)?.is_some_and(|calendar| calendar.is_shown_only()) {
                    // It may have been cancelled after it ceased to be the person's.
                    for stored in &vanished {
                        events::of_somebody_else(tx, stored.id)?;
                    }
                }
                plan::observe(
                    tx,
                    calendar.id,
                    pass,
                    (&found, Source::Asked),
                    &settings,
                    shared.now(),
                )?;
                clear.take_over(&asking, tx, pass)?;
                for kept in exceptions::vanished(tx, calendar.id, pass)? {
                    if !unanswered.contains(&kept.google_id) && !left_with_its_series(tx, calendar, &kept)? {
                        exceptions::forget(tx, calendar.id, &kept.google_id)?;
                    }
                }
                self.ended(tx, token, began)?;
                plan::replan_waiting(tx, &settings, shared.now())
            })?;
        }
        Ok(())
    }

    fn take_over(&self, tx: &Transaction<'_>, pass: i64, page: &Page) -> rusqlite::Result<()> {
        let (shared, calendar) = (self.shared, self.calendar);
        calendars::described(tx, calendar.id, &page.zone, &page.access)?;
        plan::observe(
            tx,
            calendar.id,
            pass,
            (&page.observations, Source::Listed),
            &shared.plan_settings(tx)?,
            shared.now(),
        )?;
        create::by_rule(tx, shared, calendar, &page.asking)
    }

    fn ended(&self, tx: &Transaction<'_>, token: &str, began: Mark) -> rusqlite::Result<()> {
        let shared = self.shared;
        let (mark, began) = (began, shared.then(began));
        let choices = choices::current(tx, &shared.session.config)?;
        let poll = choices::poll(&choices, &shared.session.config);
        let pause = SignedDuration::try_from(shared.surroundings().stretch(poll)).unwrap_or(SLOWEST);
        let next = spread(pause, shared.now(), shared.session.ports.dice.as_ref());
        past::let_go(shared, tx, self.calendar)?;
        calendars::passed(tx, self.calendar.id, token, &self.fingerprint(), began, next)?;
        if mark.at.duration_since(began) > LOOK_BACK {
            // The clock was set back meanwhile: see `store/clock.rs`.
            calendars::in_full(tx)?;
        }
        accounts::went_well(tx, self.account.id, began, shared.now())
    }
}

/// The person's role on a calendar, as a page tells it, or as it was known.
fn role<'a>(calendar: &'a Calendar, page: &'a Page) -> &'a str {
    match page.access.as_str() {
        "" => &calendar.access,
        access => access,
    }
}

/// Changed and cancelled dates, still ahead, of series with a meeting, that a full list did not show. Those of other series
/// are of no use, those of one that was just found to be gone go with it, and those that are kept as events are looked up as
/// such.
fn unseen_dates(
    tx: &Connection,
    calendar: &Calendar,
    pass: i64,
    from: Timestamp,
    found: &[Observation],
) -> rusqlite::Result<Vec<String>> {
    let mut ids = Vec::new();
    for kept in exceptions::vanished(tx, calendar.id, pass)? {
        let linked = events::get(tx, calendar.id, &kept.place.series)?.is_some();
        let apart = events::get(tx, calendar.id, &kept.google_id)?.is_none();
        let is_gone = |row: &Observation| {
            matches!(row, Observation::Gone { .. }) && row.google_id() == kept.place.series
        };
        let here = !found.iter().any(is_gone) && !left_with_its_series(tx, calendar, &kept)?;
        if linked && apart && here && kept.place.original.instant(&calendar.zone) > from {
            ids.push(kept.google_id);
        }
    }
    Ok(ids)
}

/// Whether a date's series is not on the calendar any more, and its meeting not settled yet: until then it counts as it was
/// known.
fn left_with_its_series(tx: &Connection, calendar: &Calendar, date: &Kept) -> rusqlite::Result<bool> {
    let master = events::get(tx, calendar.id, &date.place.series)?;
    Ok(master.is_some_and(|master| master.elsewhere || master.gone_since.is_some()))
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
        FailureKind::Passing | FailureKind::StaleToken | FailureKind::Late => {}
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
