//! Pages: what a page token refers to, and how rows are laid on one page.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::google::event::{Event, with_millis};
use crate::google::refusal;
use crate::google::render::View;
use crate::wire::Answer;
use crate::world::World;

/// So many unfinished lists are remembered; an older page token is refused.
const REMEMBERED: usize = 64;

/// A list as it stood when its first page was asked for. Later pages come out of it, so edits made meanwhile show up
/// in the next delta and not twice or never.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) id: String,
    /// Person, list and every parameter: a page token is good for this alone.
    pub(crate) bound_to: String,
    pub(crate) rows: Arc<Vec<Row>>,
    pub(crate) next_sync_token: Option<String>,
}

/// One row in wait for its page.
#[derive(Debug, Clone)]
pub(crate) enum Row {
    Event(Arc<Event>),
    Entry(Value),
}

/// The rows of one page and the tokens that go with it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    pub(crate) next_page_token: Option<String>,
    pub(crate) next_sync_token: Option<String>,
}

/// Lays the first page, and remembers the snapshot when there are more.
pub(crate) fn first(world: &mut World, mut snapshot: Snapshot, max: usize) -> Page {
    snapshot.id = world.opaque(22);
    let empties = world.google.habits.empty_pages;
    let id = snapshot.id.clone();
    if empties > 0 || snapshot.rows.len() > max {
        if world.google.snapshots.len() >= REMEMBERED {
            world.google.snapshots.pop_front();
        }
        world.google.snapshots.push_back(snapshot.clone());
    }
    lay(world, &snapshot, &id, 0, max, empties)
}

/// Lays the page that a token refers to.
pub(crate) fn next(world: &World, token: &str, bound_to: &str, max: usize) -> Result<Page, Answer> {
    let mut parts = token.split('.');
    let (id, offset, empties) = (parts.next(), parts.next(), parts.next());
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
    let snapshot = world
        .google
        .snapshots
        .iter()
        .find(|snapshot| Some(snapshot.id.as_str()) == id && snapshot.bound_to == bound_to)
        .ok_or_else(refusal::invalid_page_token)?;
    let offset = number(offset).ok_or_else(refusal::invalid_page_token)?;
    let empties = number(empties)
        .and_then(|left| u32::try_from(left).ok())
        .ok_or_else(refusal::invalid_page_token)?;
    Ok(lay(world, snapshot, &snapshot.id, offset, max, empties))
}

fn lay(world: &World, snapshot: &Snapshot, id: &str, offset: usize, max: usize, empties: u32) -> Page {
    if empties > 0 {
        return Page {
            rows: Vec::new(),
            next_page_token: Some(format!("{id}.{offset}.{}", empties - 1)),
            next_sync_token: None,
        };
    }
    let repeated = usize::from(world.google.habits.repeat_rows && offset > 0);
    let end = offset + max;
    let rows = snapshot
        .rows
        .iter()
        .skip(offset - repeated)
        .take(max + repeated)
        .cloned()
        .collect();
    let more = end < snapshot.rows.len();
    Page {
        rows,
        next_page_token: more.then(|| format!("{id}.{end}.0")),
        next_sync_token: if more {
            None
        } else {
            snapshot.next_sync_token.clone()
        },
    }
}

/// An event's row as the caller sees it.
pub(crate) fn row(view: &View<'_>, event: &Event, show_deleted: bool) -> Value {
    if event.is_cancelled() {
        view.tombstone(event, show_deleted)
    } else {
        view.event(event)
    }
}

/// The envelope of an events list.
pub(crate) fn collection(view: &View<'_>, items: Vec<Value>) -> Value {
    let newest = view
        .calendar
        .events
        .values()
        .map(|event| (event.revision, event.updated))
        .max();
    let (revision, updated) = newest.unwrap_or_default();
    json!({
        "kind": "calendar#events",
        "etag": format!("\"p{revision:024}g\""),
        "summary": view.calendar.summary,
        "updated": with_millis(updated),
        "timeZone": view.zone.iana_name().unwrap_or("UTC"),
        "accessRole": view.role.name(),
        "defaultReminders": [],
        "items": items,
    })
}
