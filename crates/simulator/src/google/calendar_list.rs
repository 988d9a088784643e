//! `calendarList.list` and `.get`.
//!
//! Rules: <https://developers.google.com/workspace/calendar/api/v3/reference/calendarList/list>. A change of what is
//! read-only here, such as a role or a title that the owner changed, makes no row in a delta.

use std::sync::Arc;

use http::{StatusCode, header};
use serde_json::{Value, json};

use super::list::page::{self, Row};
use super::list::{Snapshot, bound_to, put_tokens};
use super::query::{boolean, max_results};
use super::sync_token::SyncToken;
use super::{Google, Listed, Role, refusal};
use crate::wire::{Answer, Asked};
use crate::world::World;

/// What sync tokens of this list name as their list.
const LIST: &str = "calendarList";

/// `calendarList.list`.
pub(crate) fn list(world: &mut World, caller: &str, asked: &Asked) -> Result<Value, Answer> {
    let max = max_results(asked, 100, 250)?;
    let (show_deleted, show_hidden) = (boolean(asked, "showDeleted")?, boolean(asked, "showHidden")?);
    let least = match asked.param("minAccessRole") {
        None => None,
        Some("freeBusyReader") => Some(Role::FreeBusyReader),
        Some("reader") => Some(Role::Reader),
        Some("writerWithoutPrivateAccess") => Some(Role::WriterWithoutPrivateAccess),
        Some("writer") => Some(Role::Writer),
        Some("owner") => Some(Role::Owner),
        Some(_) => return Err(refusal::invalid_parameter("minAccessRole", "Bad Request")),
    };
    let mut since = None;
    if let Some(token) = asked.param("syncToken") {
        for name in ["minAccessRole", "showOwnOrganizationOnly"] {
            if asked.param(name).is_some() {
                return Err(refusal::not_with_sync_token(name));
            }
        }
        for (name, value) in [("showDeleted", show_deleted), ("showHidden", show_hidden)] {
            if value == Some(false) {
                return Err(refusal::not_with_sync_token(name));
            }
        }
        let token = SyncToken::read(token).ok_or_else(refusal::invalid_sync_token)?;
        if token.person != caller || token.list != LIST {
            return Err(refusal::invalid_sync_token());
        }
        if token.age < world.google.oauth.list_age(caller) {
            return Err(refusal::full_sync_required());
        }
        since = Some(token.revision);
    }
    let all = since.is_some();
    let bound_to = bound_to(caller, LIST, asked);
    let page = match asked.param("pageToken") {
        Some(token) => page::next(world, token, &bound_to, max)?,
        None => {
            let person = world.google.people.get(caller).ok_or_else(refusal::not_found)?;
            let rows = person.listed.iter().filter(|(_, row)| {
                since.is_none_or(|since| row.revision > since)
                    && (all || show_deleted == Some(true) || !row.deleted)
                    && (all || show_hidden == Some(true) || !row.hidden)
            });
            let rows = rows.filter_map(|(id, row)| entry(&world.google, caller, id, row, least));
            let token = SyncToken {
                person: caller.to_owned(),
                list: LIST.to_owned(),
                query: String::new(),
                revision: world.google.revision,
                age: world.google.oauth.list_age(caller),
            };
            let snapshot = Snapshot {
                id: String::new(),
                bound_to,
                rows: Arc::new(rows.map(Row::Entry).collect()),
                next_sync_token: least.is_none().then(|| token.write()),
            };
            page::first(world, snapshot, max)
        }
    };
    let items: Vec<Value> = page
        .rows
        .into_iter()
        .filter_map(|row| match row {
            Row::Entry(value) => Some(value),
            Row::Event(_) => None,
        })
        .collect();
    let mut out = json!({
        "kind": "calendar#calendarList",
        "etag": format!("\"p{:024}g\"", world.google.revision),
        "items": items,
    });
    put_tokens(&mut out, page.next_page_token, page.next_sync_token);
    Ok(out)
}

/// `calendarList.get`.
pub(crate) fn get(world: &mut World, caller: &str, calendar: &str, asked: &Asked) -> Result<Value, Answer> {
    let google = &world.google;
    let row = google
        .people
        .get(caller)
        .and_then(|person| person.listed.get(calendar));
    let entry = row
        .filter(|row| !row.deleted)
        .and_then(|row| entry(google, caller, calendar, row, None))
        .ok_or_else(refusal::not_found)?;
    if asked.header(header::IF_NONE_MATCH) == entry.get("etag").and_then(Value::as_str) {
        return Err(Answer::empty(StatusCode::NOT_MODIFIED));
    }
    Ok(entry)
}

/// One entry; a deleted one is bare. `None` when the role is below the least asked for.
fn entry(google: &Google, caller: &str, id: &str, row: &Listed, least: Option<Role>) -> Option<Value> {
    let etag = format!("\"{}\"", 1_700_000_000_000_000_u64 + row.revision * 2);
    if row.deleted {
        return Some(json!({"kind": "calendar#calendarListEntry", "etag": etag, "id": id, "deleted": true}));
    }
    let (calendar, role) = google.calendar(id, caller)?;
    if least.is_some_and(|least| role < least) {
        return None;
    }
    let mut out = json!({
        "kind": "calendar#calendarListEntry",
        "etag": etag,
        "id": id,
        "summary": calendar.summary,
        "timeZone": calendar.time_zone,
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "accessRole": role.name(),
        "defaultReminders": [],
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
        "dataOwner": calendar.owner,
    });
    if let Some(map) = out.as_object_mut() {
        let true_only = [
            ("hidden", row.hidden),
            ("selected", row.selected),
            ("primary", id == caller),
        ];
        for (name, _) in true_only.into_iter().filter(|(_, holds)| *holds) {
            map.insert(name.to_owned(), true.into());
        }
    }
    Some(out)
}
