//! Writing on an event: the one thing that Reconvene writes into a calendar is the meeting that it made for an event.
//!
//! Patch semantics: what is absent stays, objects are merged, and arrays would be replaced as a whole, so none is ever sent
//! (<https://developers.google.com/workspace/calendar/api/guides/performance#patch>). Every write names the revision that
//! it was made from (<https://developers.google.com/workspace/calendar/api/guides/version-resources>).

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use reconvene_core::event::{Event, Observation};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use serde::Serialize;

use super::{Next, read, wire};
use crate::failure::{Failure, FailureKind};
use crate::session::{Session, address, request, with_body};
use crate::store::accounts::Account;

/// Pages of a look at the next days beyond which it is given up.
const MOST_PAGES: usize = 20;

/// An event with the texts that may be written to. They are never stored.
pub(crate) struct Sheet {
    pub(crate) event: Event,
    pub(crate) location: String,
    pub(crate) description: String,
}

/// What is to be written; what is `None` stays as it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Patch<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) extended_properties: Properties<'a>,
    /// `Some(None)` takes the conference block off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conference_data: Option<Option<()>>,
}

/// Properties that only this copy of the event has.
#[derive(Serialize)]
pub(crate) struct Properties<'a> {
    pub(crate) private: BTreeMap<&'static str, &'a str>,
}

/// What came of a write.
pub(crate) enum Patched {
    /// It is written; the event as it is now.
    Done(Box<Event>),
    /// Somebody changed the event first.
    Stale,
}

/// Reads an event to be written on; `None` when it is cancelled or the calendar has none by that id.
pub(crate) async fn sheet(
    session: &Session,
    account: &Account,
    calendar: &str,
    id: &str,
) -> Result<Option<Sheet>, Failure> {
    let query = [("prettyPrint", "false"), ("fields", wire::EVENT_FIELDS)];
    let answer = session
        .call(account, |base| {
            request(
                Method::GET,
                &address(base, &["calendars", calendar, "events", id], query),
            )
        })
        .await?;
    match read::<wire::Event>(&answer, session) {
        Ok(event) => {
            let (location, description) = event.texts();
            match event.observation() {
                Some(Observation::Gone { google_id, .. }) if google_id == id => Ok(None),
                Some(Observation::Present(event)) if event.google_id == id => Ok(Some(Sheet {
                    event: *event,
                    location,
                    description,
                })),
                _ => Err(Failure::unreadable(Service::Google, answer.status().as_u16())),
            }
        }
        Err(failure) if failure.kind == FailureKind::Gone => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Writes on an event, provided that it still is as it was read. Nobody is mailed.
pub(crate) async fn patch(
    session: &Session,
    account: &Account,
    calendar: &str,
    event: &Event,
    patch: &Patch<'_>,
) -> Result<Patched, Failure> {
    let unsound = |words: String| {
        Failure::new(
            FailureKind::Final,
            Problem::lasting(Code::Internal, words, "Please report this."),
        )
    };
    let body = serde_json::to_vec(patch).map_err(|error| unsound(error.to_string()))?;
    let body = Bytes::from(body);
    let revision = HeaderValue::from_str(&event.etag).map_err(|error| unsound(error.to_string()))?;
    let query = [
        ("conferenceDataVersion", "1"),
        ("sendUpdates", "none"),
        ("prettyPrint", "false"),
        ("fields", wire::EVENT_FIELDS),
    ];
    let answer = session
        .call(account, |base| {
            let path = ["calendars", calendar, "events", &event.google_id];
            let mut request = with_body(Method::PATCH, &address(base, &path, query), body.clone());
            request.headers_mut().insert(header::IF_MATCH, revision.clone());
            request
        })
        .await?;
    if answer.status() == StatusCode::PRECONDITION_FAILED {
        return Ok(Patched::Stale);
    }
    match read::<wire::Event>(&answer, session)?.observation() {
        Some(Observation::Present(after)) if after.google_id == event.google_id => Ok(Patched::Done(after)),
        // A success that does not show the event proves nothing: it is read again.
        _ => Err(Failure::unreadable(Service::Google, answer.status().as_u16())),
    }
}

/// The events of a calendar between two instants, series as such. Nothing of it is kept.
pub(crate) async fn between(
    session: &Session,
    account: &Account,
    calendar: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Event>, Failure> {
    let (from, to) = (from.to_string(), to.to_string());
    let mut events = Vec::new();
    let mut page: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut query = vec![
            ("maxResults", "250"),
            ("singleEvents", "false"),
            // Birthdays, working places and the like are nothing to meet for.
            ("eventTypes", "default"),
            ("timeMin", &from),
            ("timeMax", &to),
            ("prettyPrint", "false"),
            ("fields", wire::PAGE_FIELDS),
        ];
        query.extend(page.as_deref().map(|page| ("pageToken", page)));
        let answer = session
            .call(account, |base| {
                request(
                    Method::GET,
                    &address(base, &["calendars", calendar, "events"], query.iter().copied()),
                )
            })
            .await?;
        let listing: wire::Listing = read(&answer, session)?;
        events.extend(listing.rows().0.into_iter().filter_map(|row| match row {
            Observation::Present(event) => Some(*event),
            Observation::Gone { .. } => None,
        }));
        match Next::of(listing) {
            Some(Next::Page(next)) if page.as_ref() != Some(&next) => page = Some(next),
            _ => break,
        }
    }
    Ok(events)
}
