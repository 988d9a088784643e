//! Cancelled dates of series that changed or were split, where the row names nothing but an id.
//!
//! Both halves of a split series give their dates ids of the same kind (<https://github.com/odoo/odoo/pull/287171>), and the
//! changed dates that a split, or another rule, wipes out leave tombstones. So such a row is about a date of either half, or
//! about one that lives on as if it had never been changed. Asking for it by its id tells. While a series has no meeting
//! nobody asks; what came of it then is asked for once it has one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reconvene_core::event::{Event, Kind, Observation};
use reconvene_core::plan::base;
use reconvene_core::problem::Problem;
use rusqlite::Connection;

use super::closer::{Looked, look_up};
use super::{Pass, Stopped};
use crate::calendar::Page;
use crate::plan::{names, sparse_base};
use crate::store::calendars::Calendar;
use crate::store::events::Stored;
use crate::store::{events, exceptions};

/// Asks about the rows of a list of changes that name nothing but a date's id, where it is doubtful what they are about, and
/// takes those off it. One that cannot be had stays as it is known. A date that is told of again, in full, needs no asking.
pub(super) async fn ask_about_bare(pass: &Pass<'_>, page: &mut Page) -> Result<Vec<Observation>, Stopped> {
    lay_bare_last(&mut page.observations);
    let doubtful = doubtful(pass, page)?;
    let mut found = Vec::new();
    for google_id in &doubtful {
        if let Looked::Row(row) = look_up(pass, google_id).await? {
            found.push(row);
        }
    }
    page.observations
        .retain(|row| !doubtful.iter().any(|id| id == row.google_id()));
    Ok(found)
}

/// A series that says what such rows are about may come after them.
fn lay_bare_last(rows: &mut Vec<Observation>) {
    let mut bare = BTreeMap::new();
    for row in std::mem::take(rows) {
        if sparse_base(&row).is_some() {
            bare.insert(row.google_id().to_owned(), row);
            continue;
        }
        bare.remove(row.google_id());
        rows.push(row);
    }
    rows.extend(bare.into_values());
}

/// Dates ahead that are kept as another half's of a series on a page, or as those of a half that nobody knew, and that it
/// may have been about all the same; and the cancelled ones of a series that had no meeting before, or was a single event.
pub(super) fn strays(pass: &Pass<'_>, page: &Page) -> Result<Vec<String>, Problem> {
    let (calendar, now) = (pass.calendar, pass.shared.now());
    pass.shared.store.read(|tx| {
        let mut strays = Vec::new();
        for row in &page.observations {
            let Observation::Present(event) = row else {
                continue;
            };
            let followed = event.organized_here && event.conference.is_some();
            if !followed || !matches!(event.kind, Kind::Series { .. }) {
                continue;
            }
            let id = &event.google_id;
            let repeated = |known: Stored| matches!(known.event.kind, Kind::Series { .. });
            if !events::get(tx, calendar.id, id)?.is_some_and(repeated) {
                strays.extend(doubted(tx, calendar, event, now)?);
            }
            for kept in exceptions::of_other_halves(tx, calendar.id, base(id), id)? {
                let original = &kept.place.original;
                if original.instant(&calendar.zone) <= now || !names(event, original) {
                    continue;
                }
                let home = events::get(tx, calendar.id, &kept.place.series)?;
                if !home.is_some_and(|home| names(&home.event, original)) {
                    strays.push(kept.google_id);
                }
            }
        }
        Ok(strays)
    })
}

/// The dates ahead of a series that are taken for cancelled, although nobody asked while it had no meeting. One that its rule
/// does not name now may have come back when the rule changed, and be named again by the next one.
pub(crate) fn doubted(
    tx: &Connection,
    calendar: &Calendar,
    event: &Event,
    now: Timestamp,
) -> rusqlite::Result<Vec<String>> {
    let mut cancelled = exceptions::cancelled_of(tx, calendar.id, &event.google_id)?;
    cancelled.retain(|kept| kept.place.original.instant(&calendar.zone) > now);
    Ok(cancelled.into_iter().map(|kept| kept.google_id).collect())
}

/// Asks for dates by their ids. One that cannot be had stays as it is known.
pub(super) async fn ask_for_strays(
    pass: &Pass<'_>,
    strays: &BTreeSet<String>,
) -> Result<Vec<Observation>, Stopped> {
    let mut found = Vec::new();
    for google_id in strays {
        if let Looked::Row(row) = look_up(pass, google_id).await? {
            found.push(row);
        }
    }
    Ok(found)
}

fn doubtful(pass: &Pass<'_>, page: &Page) -> Result<Vec<String>, Problem> {
    let with_meeting = |row: &&Observation| {
        matches!(row, Observation::Present(event)
            if matches!(event.kind, Kind::Series { .. }) && event.conference.is_some())
    };
    let series: Vec<&str> = (page.observations.iter().filter(with_meeting))
        .map(Observation::google_id)
        .collect();
    let mut doubtful = Vec::new();
    for row in &page.observations {
        let Some(base) = sparse_base(row) else { continue };
        let half = format!("{base}_R");
        let changes = series.iter().any(|id| *id == base || id.starts_with(&half));
        let calendar = pass.calendar.id;
        let masters = pass.shared.store.read(|tx| events::masters(tx, calendar, base))?;
        let split = masters
            .iter()
            .any(|master| master.event.google_id.starts_with(&half));
        if changes || split {
            doubtful.push(row.google_id().to_owned());
        }
    }
    doubtful.sort_unstable();
    doubtful.dedup();
    Ok(doubtful)
}
