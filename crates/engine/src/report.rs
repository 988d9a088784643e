//! Report: what the person is shown, put together from the store. Nothing here decides or changes anything; a state
//! is derived each time from the same rules that act, so that what is shown and what is done cannot differ.

mod standing;

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use reconvene_core::amend::amend;
use reconvene_core::conference::Target;
use reconvene_core::event::{Kind, Times};
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::plan::{Decision, Reason, Settings};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{
    AccountView, CalendarView, Change, Counts, MeetingState, MeetingView, NextMeeting, Overall, Planned,
    PlannedAction, Remedy, Service, Status,
};
use rusqlite::Connection;

use self::standing::{remedies, state};
use crate::calendar::not_understood;
use crate::failure::later;
use crate::oauth::tokens::Tokens;
use crate::plan::Dossier;
use crate::push::consent;
use crate::push::drift::was_read_lately;
use crate::store::calendars::Calendar;
use crate::store::events::Stored;
use crate::store::outbox::Pending;
use crate::store::{accounts, activity, calendars, events, meetings, outbox};
use crate::{budget, choices};

/// For how long a carried-over move is drawn.
const MOVE_SHOWN: SignedDuration = SignedDuration::from_hours(24);

/// The accounts. A token that the keyring would not keep is a problem though everything works for now.
pub(crate) fn accounts(
    tx: &Connection,
    tokens: &Tokens,
    now: Timestamp,
) -> rusqlite::Result<Vec<AccountView>> {
    let view = |account: accounts::Account| {
        let writes_left_today = budget::left(tx, &account, now)?;
        let mut health = account.health;
        health.problem = health.problem.or_else(|| tokens.unsaved(&account.secret));
        Ok(AccountView {
            id: account.id,
            service: account.service,
            name: account.name,
            writes_left_today,
            health,
        })
    };
    accounts::all(tx)?.into_iter().map(view).collect()
}

/// The calendars.
pub(crate) fn calendars(tx: &Connection) -> rusqlite::Result<Vec<CalendarView>> {
    calendars::all(tx)?
        .into_iter()
        .map(|calendar| {
            Ok(CalendarView {
                conferences: events::conferences(tx, calendar.id)?,
                id: calendar.id,
                account: calendar.account,
                google_id: calendar.google_id,
                name: calendar.name,
                zone: calendar.zone,
                access: calendar.access,
                primary: calendar.main,
                watched: calendar.watched,
                available: calendar.available,
                health: calendar.health,
            })
        })
        .collect()
}

/// Every event with a conference, and where its meeting stands, by start. In a `preview` nothing that is planned is on its
/// way.
pub(crate) fn meetings(
    tx: &Connection,
    settings: &Settings,
    preview: bool,
    now: Timestamp,
) -> rusqlite::Result<Vec<MeetingView>> {
    let calendars: HashMap<CalendarId, Calendar> = calendars::all(tx)?
        .into_iter()
        .map(|calendar| (calendar.id, calendar))
        .collect();
    let mut outbox: HashMap<MeetingId, Pending> = outbox::all(tx)?
        .into_iter()
        .map(|pending| (pending.meeting, pending))
        .collect();
    let mut by_meeting: BTreeMap<MeetingId, Vec<Stored>> = BTreeMap::new();
    for stored in events::with_conference(tx)? {
        if let Some(meeting) = stored.meeting {
            by_meeting.entry(meeting).or_default().push(stored);
        }
    }
    let mut views = Vec::new();
    for known in meetings::all(tx)? {
        let pending = outbox.remove(&known.id);
        let links = by_meeting.remove(&known.id).unwrap_or_default();
        let dossier = Dossier::with(tx, known, links)?;
        let decision = dossier.decide(settings, now);
        let living = dossier.links.iter().any(|stored| stored.gone_since.is_none());
        let spoken_from = dossier.calendars();
        let mut spoken_from = spoken_from.iter().filter_map(|id| calendars.get(id));
        let waits = pending
            .as_ref()
            .is_some_and(|row| spoken_from.any(|calendar| waits_to_be_read(row, calendar, now)));
        for stored in dossier
            .links
            .iter()
            .filter(|stored| !stored.elsewhere && (!living || stored.gone_since.is_none()))
        {
            if let Some(calendar) = calendars.get(&stored.calendar) {
                let mut view = meeting(
                    &dossier,
                    stored,
                    calendar,
                    &decision,
                    pending.as_ref(),
                    settings,
                    preview,
                    now,
                );
                if waits && view.state == MeetingState::Updating {
                    view.reason = "It waits until its calendar was read again.".into();
                }
                views.push(view);
            }
        }
    }
    views.sort_by_key(|view| (view.start, view.id));
    Ok(views)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one meeting and all that its state rests on"
)]
fn meeting(
    dossier: &Dossier,
    stored: &Stored,
    calendar: &Calendar,
    decision: &Decision,
    pending: Option<&Pending>,
    settings: &Settings,
    preview: bool,
    now: Timestamp,
) -> MeetingView {
    let known = &dossier.known;
    let stored = &dossier.with_its_series(stored);
    let event = &stored.event;
    let schedule = event.schedule(&stored.exceptions, now);
    let asks_nothing = match &schedule {
        Ok(Some(_)) => None,
        Ok(None) => Some(Reason::AllDay),
        Err(_) => Some(Reason::UnreadableRule),
    };
    let schedule = schedule
        .ok()
        .flatten()
        .map(|schedule| schedule.lasting_as(known.seen.as_ref()));
    let carried = stored.proof.is_some();
    // What both halves of a split series want together is in the decision.
    let wanted = match decision {
        Decision::InStep => None,
        Decision::Update(wanted) => Some(wanted),
        _ => schedule.as_ref(),
    };
    let differences: Vec<Change> = match (&known.seen, wanted) {
        (Some(seen), Some(wanted)) if carried => {
            let amendment = amend(seen, wanted, settings.carry, now);
            [amendment.changes, amendment.beyond].concat()
        }
        _ => Vec::new(),
    };
    // Of a series the next date is shown.
    let (start, end) = match schedule.as_ref().map(|schedule| &schedule.times) {
        Some(Times::Series(series)) if let Some(next) = series.dates.first() => (
            next.start,
            later(next.start, SignedDuration::from_mins(i64::from(next.minutes))),
        ),
        // One that names no length lasts as long as its meeting.
        Some(Times::Once { start, minutes }) if event.end.instant(&calendar.zone) <= *start => (
            *start,
            later(*start, SignedDuration::from_mins(i64::from(*minutes))),
        ),
        _ => (
            event.start.instant(&calendar.zone),
            event.end.instant(&calendar.zone),
        ),
    };
    let problem = match decision {
        Decision::Leave(Reason::NotUnderstood) if carried => Some(not_understood(calendar)),
        _ => known.problem.clone(),
    };
    let shares = (dossier.links.iter()).any(|other| other.proof.is_some() && other.gone_since.is_none());
    let mut organized = (dossier.links.iter()).filter(|other| other.event.organized_here);
    let heard = organized.any(|other| other.available);
    let (state, reason) = match state(
        stored,
        (shares, heard),
        asks_nothing,
        decision,
        pending,
        problem.as_ref(),
        &differences,
    ) {
        (MeetingState::Updating, _) if preview && pending.is_some_and(Pending::writes) => (
            MeetingState::OutOfStep,
            "It differs from its event. Preview only: nothing is written.".to_owned(),
        ),
        (MeetingState::Deleting, why) if preview => (
            MeetingState::OutOfStep,
            format!("{why} Preview only: it is not deleted."),
        ),
        standing => standing,
    };
    let number = match &known.target {
        Target::Meeting { number, .. } => Some(number.clone()),
        _ => None,
    };
    let goes = pending.is_some_and(|pending| pending.action == PlannedAction::Delete);
    let is_gone = problem
        .as_ref()
        .is_some_and(|problem| problem.code == Code::MeetingGone);
    // There is no bringing in step where the event is gone, or the meeting.
    let mut remedies = match known.asks && !goes && !is_gone {
        true => vec![Remedy::Fix, Remedy::Ignore],
        false => remedies(state, problem.as_ref(), known.found),
    };
    if state == MeetingState::WatchedOnly
        && known.problem.is_none()
        && stored.gone_since.is_none()
        && let Ok(rows) = dossier.bondable(settings, now)
        && (rows.contains(&stored.id) || (known.unbonded && stored.proof.is_some()))
    {
        remedies.push(Remedy::Bond);
    }
    MeetingView {
        id: known.id,
        title: event.title.clone(),
        start,
        end,
        zone: schedule
            .and_then(|schedule| schedule.zone)
            .unwrap_or_else(|| calendar.zone.clone()),
        recurring: event.kind != Kind::Single,
        calendar: calendar.id,
        calendar_name: calendar.name.clone(),
        conference: known.target.name().to_owned(),
        can_join: number.is_some() && end > now && stored.gone_since.is_none(),
        number,
        state,
        reason,
        differences,
        moved_from: known.moved_from.filter(|_| {
            known
                .moved_at
                .is_some_and(|at| now.duration_since(at) < MOVE_SHOWN)
        }),
        planned: pending.map(|pending| Planned {
            action: pending.action,
            due: pending.due,
            attempts: pending.attempts,
        }),
        bonded: dossier.is_bonded(stored),
        remedies,
        problem,
        seen: known.seen_at,
    }
}

/// What the status rests on besides the store.
pub(crate) struct Circumstances {
    /// Counts up with every change.
    pub(crate) revision: u64,
    /// Whether a push or a full pass is under way.
    pub(crate) busy: bool,
    /// Whether the person paused everything.
    pub(crate) paused: bool,
    /// Whether the person wants to see what would be done, and nothing written.
    pub(crate) preview: bool,
    /// Why the database could not be written just now.
    pub(crate) trouble: Option<Problem>,
}

/// Everything at a glance.
pub(crate) fn status(
    tx: &Connection,
    tokens: &Tokens,
    settings: &Settings,
    circumstances: &Circumstances,
    now: Timestamp,
) -> rusqlite::Result<Status> {
    let accounts = accounts(tx, tokens, now)?;
    let calendars = calendars(tx)?;
    let views = meetings(tx, settings, circumstances.preview, now)?;
    let mut problems = problems(&accounts, &calendars, &views, &activity::unsettled(tx)?);
    problems.splice(
        0..0,
        circumstances
            .trouble
            .clone()
            .into_iter()
            .chain(choices::problem(tx)?),
    );
    let held: Vec<MeetingId> = outbox::all(tx)?
        .into_iter()
        .filter(|pending| pending.held)
        .map(|pending| pending.meeting)
        .collect();
    let unsent = outbox::all(tx)?.iter().any(Pending::waits);
    let overall = overall(&accounts, &calendars, &problems, &held, circumstances, unsent);
    let fresh_as_of = fresh_as_of(&calendars);
    let mut asking = consent::asking(tx)?;
    asking.retain(|id| {
        let mut shown = views.iter().filter(|view| view.id == *id);
        shown.any(|view| view.remedies.contains(&Remedy::Fix))
    });
    let next = views
        .iter()
        .find(|view| view.can_join && view.start > now)
        .map(|view| NextMeeting {
            id: view.id,
            title: view.title.clone(),
            start: view.start,
        });
    Ok(Status {
        revision: circumstances.revision,
        overall,
        fresh_as_of,
        counts: counts(views.iter().filter(|view| view.end > now)),
        next,
        recent: activity::newest(tx, 3, None)?
            .into_iter()
            .map(|entry| entry.at(now))
            .collect(),
        accounts,
        calendars,
        problems,
        held,
        preview: circumstances.preview,
        asking,
    })
}

/// Whether a change is put off until a calendar of its events was read, because what is known from there is old.
fn waits_to_be_read(pending: &Pending, calendar: &Calendar, now: Timestamp) -> bool {
    pending.action == PlannedAction::Update
        && !pending.asked
        && calendar.available
        && !was_read_lately(calendar, now)
}

/// Stale data must not look fresh: the age of all is that of the watched calendar read longest ago.
pub(crate) fn fresh_as_of(calendars: &[CalendarView]) -> Option<Timestamp> {
    let watched = calendars.iter().filter(|calendar| calendar.watched);
    watched
        .map(|calendar| calendar.health.last_success)
        .min()
        .flatten()
}

fn counts<'a>(views: impl Iterator<Item = &'a MeetingView>) -> Counts {
    let mut counts = Counts::default();
    for view in views {
        match view.state {
            MeetingState::InStep => counts.in_step += 1,
            MeetingState::Updating | MeetingState::Deleting => counts.updating += 1,
            MeetingState::Held => counts.held += 1,
            MeetingState::OutOfStep => counts.out_of_step += 1,
            MeetingState::WatchedOnly | MeetingState::NothingToSync => counts.watched_only += 1,
            MeetingState::Failed => counts.failed += 1,
        }
    }
    counts
}

/// What is wrong now: what needs the person first, each thing said once.
fn problems(
    accounts: &[AccountView],
    calendars: &[CalendarView],
    meetings: &[MeetingView],
    unsettled: &[reconvene_core::report::ActivityEntry],
) -> Vec<Problem> {
    let of_accounts = accounts
        .iter()
        .filter_map(|account| account.health.problem.clone());
    let of_calendars = calendars
        .iter()
        .filter(|calendar| calendar.watched)
        .filter_map(|calendar| calendar.health.problem.clone());
    let named = |title: &str, problem: Problem| Problem {
        message: format!("“{title}”: {}", problem.message),
        ..problem
    };
    // Nothing that is pressed ends this one, so no entry that was settled does.
    let of_riddles = meetings.iter().filter_map(|view| {
        let problem = view.problem.clone()?;
        (problem.code == Code::EventNotUnderstood).then(|| named(&view.title, problem))
    });
    // A held deletion is said once for all of them; anything else names its meeting.
    let of_meetings = unsettled.iter().filter_map(|entry| match entry.problem.clone()? {
        held if held.code == Code::Held => Some(held),
        problem => Some(named(&entry.title, problem)),
    });
    let mut problems: Vec<Problem> = Vec::new();
    for problem in of_accounts
        .chain(of_calendars)
        .chain(of_riddles)
        .chain(of_meetings)
    {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems.sort_by_key(|problem| !needs_person(problem));
    problems
}

/// Whether a problem stays until somebody acts.
pub(crate) fn needs_person(problem: &Problem) -> bool {
    !problem.retryable
        || matches!(
            problem.code,
            Code::KeyringLocked | Code::KeyringMissing | Code::KeyringRefused | Code::DiskFull
        )
}

fn overall(
    accounts: &[AccountView],
    calendars: &[CalendarView],
    problems: &[Problem],
    held: &[MeetingId],
    circumstances: &Circumstances,
    unsent: bool,
) -> Overall {
    let has = |service| accounts.iter().any(|account| account.service == service);
    let mut watched = calendars.iter().filter(|calendar| calendar.watched).peekable();
    if circumstances.paused {
        return Overall::Paused;
    }
    if !held.is_empty() || problems.iter().any(needs_person) {
        return Overall::NeedsYou;
    }
    if !has(Service::Google) || !has(Service::Zoom) || watched.peek().is_none() {
        return Overall::NotSetUp;
    }
    // What could not be read the last time is not known to be in step, whatever the reason.
    if watched.any(|calendar| calendar.health.problem.is_some()) {
        Overall::Offline
    } else if circumstances.preview {
        Overall::Preview
    } else if circumstances.busy || unsent {
        Overall::Syncing
    } else {
        Overall::InStep
    }
}
