//! Masters that a listing left out: a changed date may come without its series, which did not change itself.

use std::collections::BTreeSet;

use reconvene_core::event::{Kind, Observation};
use reconvene_core::problem::Problem;

use super::closer::{Looked, look_up};
use super::{Pass, Stopped};
use crate::calendar::Page;
use crate::shared::Shared;
use crate::store::calendars::Calendar;
use crate::store::events;

/// The masters, by Google's ids, of changed dates on a page that carry a conference, where they are neither known nor on the
/// page.
pub(super) fn unknown(shared: &Shared, calendar: &Calendar, page: &Page) -> Result<Vec<String>, Problem> {
    let on_page = |id: &str| page.observations.iter().any(|row| row.google_id() == id);
    let mut masters: Vec<String> = page
        .observations
        .iter()
        .filter_map(|row| match row {
            Observation::Present(event) if event.organized_here && event.conference.is_some() => {
                match &event.kind {
                    Kind::Exception(place) if !on_page(&place.series) => Some(place.series.clone()),
                    _ => None,
                }
            }
            _ => None,
        })
        .collect();
    masters.sort_unstable();
    masters.dedup();
    shared.store.read(|tx| {
        let mut unknown = Vec::new();
        for master in masters {
            if events::get(tx, calendar.id, &master)?.is_none() {
                unknown.push(master);
            }
        }
        Ok(unknown)
    })
}

/// Asks for masters by their ids. One that cannot be had is done without.
pub(super) async fn ask_for(
    pass: &Pass<'_>,
    masters: &BTreeSet<String>,
) -> Result<Vec<Observation>, Stopped> {
    let mut found = Vec::new();
    for master in masters {
        // A later page may have brought it.
        let calendar = pass.calendar.id;
        let known = pass.shared.store.read(|tx| events::get(tx, calendar, master))?;
        if known.is_some() {
            continue;
        }
        if let Looked::Row(row @ Observation::Present(_)) = look_up(pass, master).await? {
            found.push(row);
        }
    }
    Ok(found)
}
