//! Dates of series: which date a row is about, and what it does to the meeting of the series.
//!
//! Rows of changed dates come in any order, before their master or without it, and those of cancelled dates sometimes
//! with nothing but an id.

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconvene_core::event::{Became, Event, Kind, Moment, Observation, Place};
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::plan::{Settings, emptied};
use reconvene_core::problem::{Code, Problem};
use rusqlite::Connection;

use super::{Dossier, left};
use crate::calendar::original_in;
use crate::store::activity::{self, Draft};
use crate::store::events::{self, Stored};
use crate::store::exceptions;

/// Takes over how one date departs from its series.
#[expect(clippy::too_many_arguments, reason = "one row and all it may concern")]
pub(super) fn changed(
    tx: &Connection,
    calendar: CalendarId,
    place: &Place,
    event: &Event,
    pass: i64,
    settings: &Settings,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let master = events::get(tx, calendar, &place.series)?;
    let before = exceptions::get(tx, calendar, &event.google_id)?;
    exceptions::changed(tx, calendar, place, event, pass)?;
    let after = exceptions::get(tx, calendar, &event.google_id)?;
    if let Some(master) = &master {
        left::tell_date(tx, master, (before.as_ref(), after.as_ref()), settings, now)?;
    }
    touch_if((before != after, before.is_some()), tx, master, touched, now)
}

/// Takes over that one date is cancelled. Where it has a row of its own and its series the same meeting, the row goes:
/// the meeting is the series' business.
#[expect(clippy::too_many_arguments, reason = "one row and all it may concern")]
pub(super) fn cancelled(
    tx: &Connection,
    calendar: CalendarId,
    place: &Place,
    google_id: &str,
    pass: i64,
    row: Option<Stored>,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let master = events::get(tx, calendar, &place.series)?;
    let before = exceptions::get(tx, calendar, google_id)?;
    exceptions::cancelled(tx, calendar, place, google_id, pass)?;
    let after = exceptions::get(tx, calendar, google_id)?;
    touch_if((before != after, before.is_some()), tx, master, touched, now)?;
    no_row(tx, calendar, place, row, touched, now)
}

/// A date has no row of its own any more.
fn no_row(
    tx: &Connection,
    calendar: CalendarId,
    place: &Place,
    row: Option<Stored>,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Some(row) = row else { return Ok(()) };
    let master = events::get(tx, calendar, &place.series)?;
    if master.is_some_and(|master| master.meeting == row.meeting) {
        events::forget(tx, row.id)
    } else {
        super::gone(tx, &row, touched, now)
    }
}

/// Whether a date that was asked for by its id is what the rule of its series says, and had no other meeting before.
/// Nothing is kept of such a date: what is done to the series next is done to it.
pub(super) fn is_by_rule(
    tx: &Connection,
    calendar: CalendarId,
    place: &Place,
    date: &Event,
    row: Option<&Stored>,
) -> rusqlite::Result<bool> {
    let master = events::get(tx, calendar, &place.series)?;
    let master = master.filter(|master| row.is_none_or(|row| row.meeting == master.meeting));
    Ok(master.is_some_and(|Stored { event: master, .. }| {
        let length = |event: &Event| match (&event.start, &event.end) {
            (Moment::At { instant: start, .. }, Moment::At { instant: end, .. }) => {
                Some(end.duration_since(*start))
            }
            _ => None,
        };
        let target = |event: &Event| event.conference.as_ref().map(|found| found.target.clone());
        date.start.instant("UTC") == place.original.instant("UTC")
            && length(date).is_some_and(|lasts| length(&master) == Some(lasts))
            && (&date.title, target(date)) == (&master.title, target(&master))
    }))
}

/// Takes over that one date is what the rule of its series says: there as all others, or not there because the rule does
/// not name it. Another rule may name it again.
pub(super) fn as_by_rule(
    tx: &Connection,
    calendar: CalendarId,
    place: &Place,
    google_id: &str,
    row: Option<Stored>,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let master = events::get(tx, calendar, &place.series)?;
    if master.as_ref().is_some_and(|master| master.gone_since.is_some()) {
        // What a series that is gone was, its meeting goes by.
        return no_row(tx, calendar, place, row, touched, now);
    }
    let before = exceptions::get(tx, calendar, google_id)?;
    exceptions::forget(tx, calendar, google_id)?;
    match master {
        // That a date is gone with the rule that named it is no edit of its own.
        Some(master) if !names(&master.event, &place.original) => {
            touched.extend(master.meeting.filter(|_| before.is_some()));
        }
        master => touch_if((before.is_some(), true), tx, master, touched, now)?,
    }
    no_row(tx, calendar, place, row, touched, now)
}

/// A series that was gone lives again: so do its dates, unless they were cancelled one by one.
pub(super) fn returned(tx: &Connection, before: &Stored, event: &Event) -> rusqlite::Result<()> {
    if !matches!(event.kind, Kind::Series { .. }) {
        if let Kind::Series { .. } = before.event.kind {
            exceptions::forget_series(tx, before.calendar, &before.event.google_id)?;
        }
        return Ok(());
    }
    if before.gone_since.is_none() {
        return Ok(());
    }
    for date in events::of_series(tx, before.calendar, &before.event.google_id)? {
        let kept = exceptions::get(tx, before.calendar, &date.event.google_id)?;
        if kept.is_some_and(|kept| kept.exception.became != Became::Cancelled) {
            events::back(tx, date.id)?;
        }
    }
    Ok(())
}

/// What stands before the date in the id of a cancelled date, where a row tells nothing but that id.
pub(crate) fn sparse_base(row: &Observation) -> Option<&str> {
    match row {
        Observation::Gone {
            google_id,
            place: None,
        } if original_in(google_id).is_some() => google_id.rsplit_once('_').map(|(base, _)| base),
        _ => None,
    }
}

/// Which date of which series a tombstone is about; `None` when it is about an event of its own.
///
/// Google often sends nothing but the id (<https://github.com/KeepSoftwareSimple/compass-calendar/issues/2808>). Its ending
/// is the date, but what stands before it may name the first half of a series that was split since, so the half is taken
/// whose rule names the date.
pub(super) fn place(
    tx: &Connection,
    calendar: CalendarId,
    google_id: &str,
    told: Option<&Place>,
    row: Option<&Stored>,
) -> rusqlite::Result<Option<Place>> {
    if let Some(told) = told {
        return Ok(Some(told.clone()));
    }
    let known = match row.map(|row| &row.event.kind) {
        Some(Kind::Exception(place)) => Some(place.clone()),
        Some(_) => return Ok(None),
        None => exceptions::get(tx, calendar, google_id)?.map(|known| known.place),
    };
    let (Some(original), Some((base, _))) = (original_in(google_id), google_id.rsplit_once('_')) else {
        return Ok(known);
    };
    let masters = events::masters(tx, calendar, base)?;
    // One that is gone, or that the running pass has not come to, may have named it before. Of several it is the one that the
    // id names.
    let named = (masters.iter())
        .filter(|master| names(&master.event, &original))
        .min_by_key(|master| {
            (
                master.gone_since.is_some(),
                master.unread,
                master.event.google_id != base,
            )
        });
    if let (None, Some(known)) = (named, known) {
        return Ok(Some(known));
    }
    // A later page may bring the series.
    let series = named
        .or(masters.first())
        .map_or(base, |master| &master.event.google_id);
    Ok(Some(Place {
        series: series.to_owned(),
        original,
    }))
}

/// Whether the rule of a master gives a date at this time.
pub(crate) fn names(master: &Event, original: &Moment) -> bool {
    let (Kind::Series { recurrence }, Moment::At { instant: start, zone }, Moment::At { instant, .. }) =
        (&master.kind, &master.start, original)
    else {
        return false;
    };
    let zone = zone.as_deref().unwrap_or("UTC");
    recurrence
        .starts(*start, zone, *instant, 1)
        .is_ok_and(|starts| starts.first() == Some(instant))
}

/// Notes whether an edit, of the series itself or of one of its dates, took the last date of a series; `before` is the series as
/// it was known until then.
pub(super) fn edited(
    tx: &Connection,
    calendar: CalendarId,
    google_id: &str,
    before: Option<&Stored>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Some(after) = events::get(tx, calendar, google_id)? else {
        return Ok(());
    };
    let was = before.map(|was| (&was.event, was.exceptions.as_slice(), was.emptied));
    events::emptied(tx, after.id, emptied(was, (&after.event, &after.exceptions), now))
}

/// Keeps the halves of split series on a calendar that nobody watches any more as they are known, where another half is still
/// watched: what that one says next must not be taken for all there is (P4).
pub(crate) fn keep_halves(tx: &Connection, calendar: CalendarId) -> rusqlite::Result<()> {
    for stored in events::series_on(tx, calendar)? {
        let Some(meeting) = stored.meeting else { continue };
        if Dossier::of(tx, meeting)?
            .is_some_and(|dossier| dossier.is_half_of_what_lives_on(&stored, &[calendar]))
        {
            events::lives_elsewhere(tx, stored.id)?;
        }
    }
    Ok(())
}

/// The halves of split series on calendars that leave with their account cannot be kept. Where another half is watched still, its
/// meeting is left alone from now on, with all its dates, and the person hears of it.
pub(crate) fn part_from_halves(
    tx: &Connection,
    leaving: &[CalendarId],
    now: Timestamp,
) -> rusqlite::Result<()> {
    for calendar in leaving {
        for stored in events::series_on(tx, *calendar)? {
            let Some(meeting) = stored.meeting else { continue };
            let parts = |dossier: Dossier| {
                !dossier.known.unbonded && dossier.is_half_of_what_lives_on(&stored, leaving)
            };
            if Dossier::of(tx, meeting)?.is_some_and(parts) {
                super::unbond(tx, meeting)?;
                let draft = Draft {
                    problem: Some(half_signed_out()),
                    ..super::left_behind(&stored, meeting)
                };
                activity::write(tx, None, &draft, now)?;
            }
        }
    }
    Ok(())
}

fn half_signed_out() -> Problem {
    Problem::lasting(
        Code::Held,
        "One part of the series was in an account that signed out, so the meeting no longer follows it.",
        "The meeting and all its dates were left as they are. “Keep in step” lets it follow the part that is still read.",
    )
}

/// Touches the meeting of a series, `master` before one of its dates was taken over, if that changed anything; `known` when
/// something was known of that date before.
fn touch_if(
    (changed, known): (bool, bool),
    tx: &Connection,
    master: Option<Stored>,
    touched: &mut BTreeSet<MeetingId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Some(master) = master else { return Ok(()) };
    if master.gone_since.is_some() {
        // Its dates went with it, and are no fewer for that.
        return match changed {
            true => edited(tx, master.calendar, &master.event.google_id, Some(&master), now),
            false => Ok(()),
        };
    }
    if let Some(meeting) = master.meeting
        && (changed || master.odd_date)
    {
        events::learnt(tx, master.id, now)?;
        match changed {
            true => {
                edited(tx, master.calendar, &master.event.google_id, Some(&master), now)?;
                super::renew(tx, meeting, (master.id, known))?;
            }
            false => super::understood(tx, meeting)?,
        }
        touched.insert(meeting);
    }
    Ok(())
}
