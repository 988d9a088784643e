//! Events that are over leave the store, in every pass: what becomes of them matters to no meeting any more.
//!
//! A series is over after its last date. Which that is only its rule tells, so it is looked up when the last date that
//! was found the time before is over.

use jiff::{SignedDuration, Timestamp};
use reconvene_core::event::{Became, Event, Exception, Kind, Moment};
use reconvene_core::plan::{Decision, Proof, Reason};
use reconvene_core::series::MOST_DATES;
use rusqlite::Connection;

use super::LOOK_BACK;
use crate::failure::later;
use crate::plan::{self, Dossier};
use crate::shared::Shared;
use crate::store::activity;
use crate::store::calendars::Calendar;
use crate::store::events::{self, Stored};
use crate::store::exceptions;
use crate::store::{meetings, outbox};

/// A bond that the event does not prove by itself would be lost with its row, though the event may yet be given another
/// date; and an event that nobody understands may have been given one. So they are kept as long as Zoom keeps the meeting
/// (<https://devforum.zoom.us/t/61403>).
const BOND_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Lets go of the events of a calendar that are over for so long that they are not listed any more either.
pub(super) fn let_go(shared: &Shared, tx: &Connection, calendar: &Calendar) -> rusqlite::Result<()> {
    let now = shared.now();
    let from = now.checked_sub(LOOK_BACK).unwrap_or(now);
    let day = from.to_zoned(jiff::tz::TimeZone::UTC).date();
    exceptions::forget_past(tx, calendar.id, from, day.yesterday().unwrap_or(day))?;
    for stored in events::perhaps_over(tx, calendar.id, from)? {
        // What cannot be told is looked at once more on the next day.
        let end = end(&stored.event, &stored.exceptions, &calendar.zone, from).unwrap_or(now);
        let until = match stored.proof {
            Some(Proof::Origin | Proof::Created) | None if !stored.odd => end,
            _ => later(end, BOND_KEPT - LOOK_BACK),
        };
        if until > from {
            events::over_at(tx, stored.id, until)?;
        } else {
            leave(shared, tx, &stored)?;
        }
    }
    follow_on(shared, tx, calendar, now)
}

/// A meeting that is used again follows its next event once the one before is over, and no row tells of that.
fn follow_on(shared: &Shared, tx: &Connection, calendar: &Calendar, now: Timestamp) -> rusqlite::Result<()> {
    let settings = shared.plan_settings(tx)?;
    for meeting in meetings::shared_by_events_of(tx, calendar.id)? {
        let follows = |dossier: &Dossier| {
            dossier.known.problem.is_none() && matches!(dossier.decide(&settings, now), Decision::Update(_))
        };
        if outbox::get(tx, meeting)?.is_none() && Dossier::of(tx, meeting)?.as_ref().is_some_and(follows) {
            shared.replan_in(tx, meeting)?;
        }
    }
    Ok(())
}

fn leave(shared: &Shared, tx: &Connection, stored: &Stored) -> rusqlite::Result<()> {
    let Some(meeting) = stored.meeting else {
        return events::forget(tx, stored.id);
    };
    // What is under way ends first. And where another event that pointed there was cancelled, its meeting was spared because
    // this one lives: that it leaves is no reason to delete anything (P3).
    let spares = |dossier: &Dossier| {
        stored.gone_since.is_none() && dossier.links.iter().any(|other| other.gone_since.is_some())
    };
    // A series without a date left takes its meeting along as soon as somebody who hosts it is signed in.
    let settings = shared.plan_settings(tx)?;
    let still_asks = |dossier: &Dossier| {
        let decision = dossier.decide(&settings, shared.now());
        matches!(stored.event.kind, Kind::Series { .. })
            && matches!(
                decision,
                Decision::Delete { .. } | Decision::Leave(Reason::NoAccount | Reason::NotHost)
            )
    };
    let stays = |dossier: &Dossier| spares(dossier) || still_asks(dossier);
    if outbox::get(tx, meeting)?.is_some() || Dossier::of(tx, meeting)?.as_ref().is_some_and(stays) {
        return Ok(());
    }
    plan::hand_on_proofs(tx, meeting)?;
    events::forget_with_dates(tx, stored)?;
    if events::of_meeting(tx, meeting)?.is_empty() {
        // Nothing is left to leave alone.
        meetings::set_ignored(tx, meeting, false)?;
        meetings::set_asks(tx, meeting, false)?;
    }
    shared.replan_in(tx, meeting)?;
    match meetings::get(tx, meeting)? {
        Some(_) => Ok(()),
        None => activity::outlive(tx, meeting),
    }
}

/// Whether nothing of an event lies after `from`; of a series, none of its dates.
pub(super) fn is_over(stored: &Stored, zone: &str, from: Timestamp) -> bool {
    !stored.odd && end(&stored.event, &stored.exceptions, zone, from).is_some_and(|end| end <= from)
}

/// When an event ends; of a series, the last of its next dates after `from`. Not after `from` when it has none, and none
/// when its rule does not tell. Days are those of `zone`.
fn end(event: &Event, exceptions: &[Exception], zone: &str, from: Timestamp) -> Option<Timestamp> {
    let end = event.end.instant(zone);
    let Kind::Series { recurrence } = &event.kind else {
        return Some(end);
    };
    let start = event.start.instant(zone);
    let own = match &event.start {
        Moment::At { zone, .. } => zone.as_deref().unwrap_or("UTC"),
        Moment::Day(_) => zone,
    };
    // A day may have twenty-five hours.
    let length = end.duration_since(start).max(SignedDuration::ZERO) + SignedDuration::from_hours(1);
    let begun = from.checked_sub(length).unwrap_or(from);
    let starts = recurrence.starts(start, own, begun, MOST_DATES).ok()?;
    let changed = exceptions.iter().filter_map(|exception| match &exception.became {
        Became::Changed { end, .. } => Some(end.instant(zone)),
        Became::Cancelled => None,
    });
    let regular = starts.last().map(|last| later(*last, length));
    changed.chain(regular).max().or(Some(from))
}
