//! Cancelled dates of series that changed or were split, where the row names nothing but an id.
//!
//! Both halves of a split series give their dates ids of the same kind (<https://github.com/odoo/odoo/pull/287171>), and the
//! changed dates that a split, or another rule, wipes out leave tombstones. So such a row is about a date of either half, or
//! about one that lives on as if it had never been changed. Asking for it by its id tells.

use reconvene_core::event::{Kind, Observation};
use reconvene_core::problem::Problem;

use super::closer::{Looked, look_up};
use super::{Pass, Stopped};
use crate::calendar::Page;
use crate::plan::sparse_base;
use crate::store::events;

/// Takes such rows off a page of changes, and gives what asking for them brought. One that cannot be had stays as it is
/// known.
pub(super) async fn ask_for(pass: &Pass<'_>, page: &mut Page) -> Result<Vec<Observation>, Stopped> {
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

fn doubtful(pass: &Pass<'_>, page: &Page) -> Result<Vec<String>, Problem> {
    let mut doubtful = Vec::new();
    for row in &page.observations {
        let Some(base) = sparse_base(row) else { continue };
        let half = format!("{base}_R");
        let changes = page.observations.iter().any(|other| match other {
            Observation::Present(event) => {
                matches!(event.kind, Kind::Series { .. })
                    && event.conference.is_some()
                    && (event.google_id == base || event.google_id.starts_with(&half))
            }
            Observation::Gone { .. } => false,
        });
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
