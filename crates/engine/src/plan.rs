//! The plan on the store: rows become events and links, links touch meetings, and each touched meeting is decided
//! anew by `reconvene_core::plan`. Everything here runs inside the transaction of the page that brought the rows.

mod dossier;
mod left;
mod replan;
mod series;
mod undo;

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use reconvene_core::conference::Target;
use reconvene_core::event::{Event, Kind, Observation};
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::meeting::Meeting;
use reconvene_core::plan::{Settings, is_touchable, proof_by_agreement, proof_by_origin, provable};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Outcome, Remedy, Service};
use rusqlite::Connection;

use crate::calendar;
use crate::store::activity::{self, Draft};
use crate::store::calendars;
use crate::store::events::{self, Puzzle, Stored};
use crate::store::meetings;

pub(crate) use self::dossier::Dossier;
pub(crate) use self::left::tell_bare_dates;
pub(crate) use self::replan::{forget, replan, replan_all, replan_waiting};
pub(crate) use self::series::{keep_halves, names, part_from_halves, sparse_base};
pub(crate) use self::undo::{call_off_undo, undo};

/// How rows were come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// On a page of the calendar.
    Listed,
    /// Each was asked for by its id. That also shows a date that departs from its rule in nothing, and does not find one
    /// that no rule names.
    Asked,
}

/// Takes rows of a calendar over, and decides anew about every meeting that they touch.
pub(crate) fn observe(
    tx: &Connection,
    calendar: CalendarId,
    pass: i64,
    (rows, source): (&[Observation], Source),
    settings: &Settings,
    now: Timestamp,
) -> rusqlite::Result<()> {
    // It may have been unticked while it was asked for the rows.
    let Some(from) = calendars::get(tx, calendar)?.filter(|calendar| calendar.watched) else {
        return Ok(());
    };
    let lives_there = |row: &Observation| matches!(row, Observation::Present(event) if event.organized_here);
    let living: BTreeSet<&str> = (rows.iter().filter(|row| lives_there(row)))
        .map(Observation::google_id)
        .collect();
    let mut rows = Cow::Borrowed(rows);
    // `organizer.self` means the calendar's owner, and a calendar that is only shown to the person is not theirs.
    if from.is_shown_only() {
        rows.to_mut().iter_mut().for_each(Observation::of_somebody_else);
    }
    let rows = rows.as_ref();
    let mut touched = BTreeSet::new();
    let mut followed = BTreeSet::new();
    // A page brings rows in any order. What names nothing but a date's id is understood when its series are known.
    let (sparse, told): (Vec<_>, Vec<_>) = rows
        .iter()
        .enumerate()
        .partition(|(place, row)| sparse_base(row).is_some() && !comes_again(rows, *place));
    for (_, row) in told.into_iter().chain(sparse) {
        let before = events::get(tx, calendar, row.google_id())?;
        match row {
            Observation::Present(event) => {
                if let Kind::Exception(place) = &event.kind {
                    if source == Source::Asked
                        && series::is_by_rule(tx, calendar, place, event, before.as_ref())?
                    {
                        series::as_by_rule(tx, calendar, place, row.google_id(), before, &mut touched, now)?;
                        continue;
                    }
                    series::changed(tx, calendar, place, event, pass, settings, &mut touched, now)?;
                }
                if let Some(before) = &before {
                    followed.extend(left::follows(tx, before, event, settings, now)?);
                    series::returned(tx, before, event)?;
                }
                let lives_here = living.contains(row.google_id());
                present(
                    tx,
                    (calendar, pass),
                    (event, lives_here),
                    before,
                    &mut touched,
                    now,
                )?;
            }
            Observation::Gone { google_id, place } => {
                match series::place(tx, calendar, google_id, place.as_ref(), before.as_ref())? {
                    Some(at) if source == Source::Asked && place.is_none() => {
                        series::as_by_rule(tx, calendar, &at, google_id, before, &mut touched, now)?;
                    }
                    Some(place) => {
                        series::cancelled(tx, calendar, &place, google_id, pass, before, &mut touched, now)?
                    }
                    None => match before {
                        Some(before) => {
                            // Where its details are not shown, nobody knows whether it still had the meeting.
                            if from.is_shown_only() || before.closed {
                                events::of_somebody_else(tx, before.id)?;
                            }
                            gone(tx, &before, &mut touched, now)?;
                        }
                        // A series without a meeting is not kept; dates of it may have one.
                        None => {
                            dates_gone(tx, calendar, google_id, &mut touched, now)?;
                            gone_here_too(tx, calendar, google_id, &mut touched, now)?;
                        }
                    },
                }
            }
        }
    }
    for meeting in touched {
        replan(tx, meeting, settings, now)?;
    }
    followed
        .into_iter()
        .try_for_each(|meeting| left::tell(tx, calendar, meeting, settings, now))
}

/// Whether a later row of the page is about the same event.
fn comes_again(rows: &[Observation], place: usize) -> bool {
    let mut later = rows.iter().skip(place + 1);
    rows.get(place)
        .is_some_and(|row| later.any(|other| other.google_id() == row.google_id()))
}

/// `lives_here` tells whether the calendar is the event's own, also where the person may only read it.
fn present(
    tx: &Connection,
    (calendar, pass): (CalendarId, i64),
    (event, lives_here): (&Event, bool),
    before: Option<Stored>,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    if let Some(before) = &before
        && before.gone_since.is_none()
        && same(&before.event, event)
    {
        events::seen(tx, before.id, &event.etag, pass)?;
        if let (true, Some(meeting)) = (before.odd, before.meeting) {
            understood(tx, meeting)?;
            touched.insert(meeting);
        }
        if let (Kind::Series { .. }, Some(meeting)) = (
            &before.event.kind,
            before.meeting.filter(|_| before.unread || before.elsewhere),
        ) {
            // Another half may have waited for it, or done without it.
            touched.insert(meeting);
        }
        return Ok(());
    }
    let linked_before = before.as_ref().and_then(|before| before.meeting);
    let linked_now = match &event.conference {
        Some(conference) => {
            let meeting = meetings::of(tx, &conference.target)?;
            let id = events::put(tx, calendar, event, pass, now)?;
            series::edited(tx, calendar, &event.google_id, before.as_ref(), now)?;
            let kept = before
                .as_ref()
                .filter(|_| linked_before == Some(meeting))
                .and_then(|before| before.proof);
            let proof = proof_by_origin(event).or(kept);
            if proof.is_some() && linked_before != Some(meeting) {
                meetings::set_outlived(tx, meeting, false)?;
            }
            events::link(tx, id, meeting, conference, proof)?;
            renew(tx, meeting, (id, before.is_some()))?;
            events::seen_again(tx, id, &event.google_id)?;
            touched.insert(meeting);
            Some(meeting)
        }
        // Only what points at a meeting is kept.
        None => {
            match &before {
                Some(before) => events::forget(tx, before.id)?,
                None if lives_here => relieved(tx, calendar, &event.google_id, touched, now)?,
                None => {}
            }
            None
        }
    };
    if let (Some(before), Some(left)) = (&before, linked_before.filter(|left| linked_now != Some(*left))) {
        if let Some(dossier) = Dossier::of(tx, left)? {
            if lives_here {
                forget_former(tx, &dossier, before)?;
            }
            if dossier.has_other_half(before) {
                meetings::set_outlived(tx, left, true)?;
            }
            // The dates of a series that left its meeting are not taken away for a single event without the person's word.
            if dossier.is_half(before) && dossier.gives_dates_up() {
                meetings::set_asks(tx, left, true)?;
            }
        }
        events::gone_anew(tx, left, now)?;
        // What could not be carried over for both may be possible for those that stay.
        meetings::set_problem(tx, left, None)?;
        activity::settle(tx, left)?;
        touched.insert(left);
        if before.proof.is_some() {
            activity::write(tx, None, &left_behind(before, left), now)?;
        }
    }
    Ok(())
}

/// Forgets the cancelled copies that an event, which lives on without the meeting, left where it came from: they ask for
/// nothing any more.
fn forget_former(tx: &Connection, dossier: &Dossier, event: &Stored) -> rusqlite::Result<()> {
    let is_copy =
        |other: &&Stored| other.gone_since.is_some() && other.event.google_id == event.event.google_id;
    let mut copies = dossier.links.iter().filter(is_copy);
    copies.try_for_each(|copy| events::forget_with_dates(tx, copy))
}

/// An event that was moved here and carries no conference has given its meeting up, whatever becomes of it here.
fn relieved(
    tx: &Connection,
    calendar: CalendarId,
    google_id: &str,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for former in events::gone_elsewhere(tx, calendar, google_id)? {
        let Some(meeting) = former.meeting else { continue };
        if Dossier::of(tx, meeting)?.is_some_and(|dossier| dossier.has_other_half(&former)) {
            meetings::set_outlived(tx, meeting, true)?;
        }
        if former.proof.is_some() {
            activity::settle(tx, meeting)?;
            activity::write(tx, None, &left_behind(&former, meeting), now)?;
        }
        events::forget_with_dates(tx, &former)?;
        events::gone_anew(tx, meeting, now)?;
        touched.insert(meeting);
    }
    Ok(())
}

/// An event that is missed where it was, and was carried here and cancelled before anybody saw it here: that it is gone is news.
fn gone_here_too(
    tx: &Connection,
    calendar: CalendarId,
    google_id: &str,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for former in events::gone_elsewhere(tx, calendar, google_id)? {
        let Some(meeting) = former.meeting else { continue };
        events::gone_anew(tx, meeting, now)?;
        touched.insert(meeting);
    }
    Ok(())
}

/// A known event of which a row was not understood.
pub(crate) struct Riddle {
    pub(crate) google_id: String,
    pub(crate) about: Puzzle,
}

/// Notes that known events were seen in rows that nobody understands. Until such a row comes that can be, their meetings
/// are left as they are, and say so.
pub(crate) fn not_understood(
    tx: &Connection,
    calendar: CalendarId,
    pass: i64,
    odd: &[Riddle],
    settings: &Settings,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for Riddle { google_id, about } in odd {
        let Some(stored) = events::get(tx, calendar, google_id)? else {
            continue;
        };
        events::not_understood(tx, stored.id, pass, *about)?;
        let Some(meeting) = stored.meeting.filter(|_| !stored.odd) else {
            continue;
        };
        replan(tx, meeting, settings, now)?;
        if stored.proof.is_some() && stored.event.organized_here {
            let draft = Draft {
                outcome: Outcome::NeedsYou,
                problem: calendars::get(tx, calendar)?
                    .as_ref()
                    .map(calendar::not_understood),
                remedies: vec![Remedy::Ignore],
                ..left_behind(&stored, meeting)
            };
            activity::write(tx, None, &draft, now)?;
        }
    }
    Ok(())
}

/// Writes down the proofs that an event has from another one, so that they outlive that.
pub(crate) fn hand_on_proofs(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    let Some(dossier) = Dossier::of(tx, meeting)? else {
        return Ok(());
    };
    for stored in &dossier.links {
        if stored.gone_since.is_none()
            && stored.event.organized_here
            && stored.proof.is_none()
            && let Some(proof) = dossier.proof(stored)
        {
            events::bond(tx, stored.id, proof)?;
        }
    }
    Ok(())
}

/// An event that nobody could make out says what it said before: that is no edit, and takes no word of the person back.
fn understood(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    hand_on_proofs(tx, meeting)?;
    meetings::set_problem(tx, meeting, None)?;
    activity::settle(tx, meeting)
}

/// Leaves a meeting alone, whatever becomes of its event, until it is bonded again: nothing is left to ask, or to take back.
pub(crate) fn unbond(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<()> {
    call_off_undo(tx, meeting)?;
    meetings::set_unbonded(tx, meeting, true)?;
    meetings::set_ignored(tx, meeting, false)?;
    meetings::set_asks(tx, meeting, false)?;
    meetings::set_problem(tx, meeting, None)?;
    activity::settle(tx, meeting)
}

/// A new edit is a new chance, whatever was refused, waved away or misread before; `event` is the row that was edited, and
/// `known` whether what was edited was known before.
fn renew(tx: &Connection, meeting: MeetingId, (event, known): (i64, bool)) -> rusqlite::Result<()> {
    hand_on_proofs(tx, meeting)?;
    let Some(dossier) = Dossier::of(tx, meeting)? else {
        return Ok(());
    };
    // A copy, or whatever else only points at the meeting, takes no word of the person back.
    let speaks = |stored: &&Stored| stored.gone_since.is_none() && dossier.is_bonded(stored);
    let mut made_for = dossier.links.iter().filter(speaks).peekable();
    if made_for.peek().is_some() && made_for.all(|stored| stored.id != event) {
        return Ok(());
    }
    call_off_undo(tx, meeting)?;
    meetings::set_problem(tx, meeting, None)?;
    activity::settle(tx, meeting)?;
    // Whoever edits the event now says what it should be. That answers the question, or ends a no to it, unless it is about
    // giving dates up. What the first reading of a calendar tells is no edit.
    if known || !is_first_read(tx, &dossier, event)? {
        let asks = (dossier.known.asks || dossier.known.ignored) && dossier.gives_dates_up();
        meetings::set_ignored(tx, meeting, false)?;
        meetings::set_asks(tx, meeting, asks)?;
    }
    // An event may have come to agree with the meeting that its text leads to, which bonds them.
    let may_agree = !dossier.known.unbonded
        && !dossier.links.iter().any(|stored| dossier.is_bonded(stored))
        && (dossier.links.iter()).any(|stored| stored.id == event && provable(&stored.event));
    match &dossier.known.seen {
        // While nobody is signed in, there is nobody to look anew.
        Some(seen) if !dossier.hosts.is_empty() && (may_agree || !is_touchable(seen, &dossier.hosts)) => {
            meetings::unsee(tx, meeting)
        }
        _ => Ok(()),
    }
}

/// Whether the calendar of a row was never read to its end.
fn is_first_read(tx: &Connection, dossier: &Dossier, event: i64) -> rusqlite::Result<bool> {
    let Some(stored) = dossier.links.iter().find(|stored| stored.id == event) else {
        return Ok(false);
    };
    let calendar = calendars::get(tx, stored.calendar)?;
    Ok(calendar.is_some_and(|calendar| calendar.health.last_success.is_none()))
}

/// The conference was taken off a living event, or exchanged. Its event is not gone, so its meeting is kept (P3).
fn left_behind(before: &Stored, meeting: MeetingId) -> Draft {
    Draft {
        meeting: Some(meeting),
        title: before.event.title.clone(),
        service: before
            .event
            .conference
            .as_ref()
            .map_or(Service::Zoom, |found| service_of(&found.target)),
        outcome: Outcome::Kept,
        changes: Vec::new(),
        problem: Some(taken_off()),
        answer: None,
        attempts: 0,
        next_try: None,
        remedies: Vec::new(),
    }
}

/// Why a meeting is kept whose event lives on without it.
pub(crate) fn taken_off() -> Problem {
    Problem::lasting(
        Code::Held,
        "The conference was taken off the event, so the meeting no longer follows it.",
        "The meeting itself was left as it is. Delete it at the provider if nobody needs it.",
    )
}

/// The service that answers for a target.
pub(crate) fn service_of(target: &Target) -> Service {
    match target {
        Target::Meeting { service, .. } | Target::Room { service, .. } => *service,
        Target::Unscheduled { .. } | Target::Foreign { .. } => Service::Google,
    }
}

/// Whether nothing that matters changed. Google's revision tag also changes for colours, guests and reminders.
fn same(before: &Event, now: &Event) -> bool {
    let Event {
        google_id,
        etag: _,
        title,
        start,
        end,
        kind,
        organized_here,
        conference,
    } = before;
    *google_id == now.google_id
        && *title == now.title
        && *start == now.start
        && *end == now.end
        && *kind == now.kind
        && *organized_here == now.organized_here
        && *conference == now.conference
}

fn gone(
    tx: &Connection,
    before: &Stored,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    if let Kind::Series { .. } = before.event.kind {
        dates_gone(tx, before.calendar, &before.event.google_id, touched, now)?;
    }
    match before.meeting {
        Some(meeting) => {
            events::gone(tx, before.id, now)?;
            call_off_undo(tx, meeting)?;
            meetings::set_problem(tx, meeting, None)?;
            // To cancel the event is to change it, which ends a no.
            if Dossier::of(tx, meeting)?.is_some_and(|dossier| dossier.is_bonded(before)) {
                meetings::set_ignored(tx, meeting, false)?;
            }
            activity::settle(tx, meeting)?;
            touched.insert(meeting);
            Ok(())
        }
        None => events::forget(tx, before.id),
    }
}

/// One tombstone stands for the whole series (<https://github.com/googleapis/google-api-ruby-client/issues/860>).
fn dates_gone(
    tx: &Connection,
    calendar: CalendarId,
    series: &str,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for date in events::of_series(tx, calendar, series)? {
        gone(tx, &date, touched, now)?;
    }
    Ok(())
}

/// Keeps what was just read of a meeting, and the bonds that it proves.
pub(crate) fn seen(
    tx: &Connection,
    meeting: MeetingId,
    seen: &Meeting,
    now: Timestamp,
) -> rusqlite::Result<()> {
    meetings::seen(tx, meeting, seen, now)?;
    for stored in events::of_meeting(tx, meeting)? {
        if stored.gone_since.is_none()
            && stored.proof.is_none()
            && let Some(proof) = proof_by_agreement(&stored.event, &stored.exceptions, seen, now)
        {
            events::bond(tx, stored.id, proof)?;
        }
    }
    hand_on_proofs(tx, meeting)
}
