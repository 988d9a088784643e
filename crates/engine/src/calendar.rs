//! The client of Google Calendar: the calendar list, pages of events, one event; and, in [`write`], the one thing that is
//! ever written.
//!
//! <https://developers.google.com/workspace/calendar/api/v3/reference>. It asks only for the fields it uses, believes
//! statuses and reasons rather than messages, and takes every field of an answer as optional.

mod error;
mod wire;
pub(crate) mod write;

pub(crate) use wire::original_in;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use jiff::Timestamp;
use reconvene_core::event::{Event, Observation};
use reconvene_core::plan::Reason;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use crate::failure::{Failure, FailureKind};
use crate::oauth::Access;
use crate::session::{Session, address, request};
use crate::store::accounts::Account;
use crate::store::calendars::{Calendar, Listed};

/// Parameters of every events listing. They must be the same with a sync token as they were when it was begun, so
/// they are also its fingerprint: <https://developers.google.com/workspace/calendar/api/guides/sync>.
const LISTING: [(&str, &str); 4] = [
    ("maxResults", "2500"),
    ("singleEvents", "false"),
    ("prettyPrint", "false"),
    ("fields", wire::PAGE_FIELDS),
];

/// Parameters of every calendar list. Hidden calendars are calendars; with a sync token they come anyway.
const LIST: [(&str, &str); 3] = [
    ("maxResults", "250"),
    ("showHidden", "true"),
    ("prettyPrint", "false"),
];

/// A pass that needs more pages than this is not a calendar but a fault: 25 million rows.
pub(crate) const MOST_PAGES: usize = 10_000;

/// Nobody has more calendars than so many pages of 250 hold.
const MOST_LIST_PAGES: usize = 100;

/// Identifies the query that a sync token belongs to. A change of [`LISTING`], of the word that asks for a meeting or of how
/// rows are understood changes it, and the next pass is a full one.
pub(crate) fn fingerprint(word: Option<&str>) -> String {
    let query = identified(3, &LISTING);
    word.map_or_else(|| query.clone(), |word| format!("{query} {word}"))
}

/// The same for a calendar list.
pub(crate) fn list_fingerprint() -> String {
    identified(1, &LIST)
}

fn identified(version: u32, query: &[(&str, &str)]) -> String {
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{version} {}", query.join("&"))
}

/// One page of a listing.
pub(crate) struct Page {
    pub(crate) observations: Vec<Observation>,
    /// Rows that cannot be understood.
    pub(crate) odd: Vec<Odd>,
    /// Those of its events that ask for a meeting, when they were asked.
    pub(crate) asking: Vec<Event>,
    /// The calendar's zone, when the page names it.
    pub(crate) zone: String,
    /// The account's access role, when the page names it.
    pub(crate) access: String,
    pub(crate) next: Next,
}

impl Page {
    /// Adds the page that follows. What both tell, the later one knows better.
    pub(crate) fn continue_with(&mut self, later: Self) {
        self.observations.extend(later.observations);
        self.odd.extend(later.odd);
        self.asking.extend(later.asking);
        let rather = |known: &mut String, told: String| {
            if !told.is_empty() {
                *known = told;
            }
        };
        rather(&mut self.zone, later.zone);
        rather(&mut self.access, later.access);
        self.next = later.next;
    }
}

/// A row that cannot be understood, but for which event it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Odd {
    pub(crate) google_id: String,
    /// The series that it is a date of.
    pub(crate) series: Option<String>,
    /// It is shown without its details, which others may see.
    pub(crate) closed: bool,
}

/// What follows a page.
pub(crate) enum Next {
    /// Another page.
    Page(String),
    /// Nothing; the next pass begins with this token.
    Token(String),
}

impl Next {
    fn of(listing: wire::Listing) -> Option<Self> {
        match (listing.next_page_token, listing.next_sync_token) {
            (Some(page), _) => Some(Self::Page(page)),
            (None, token) => token.map(Self::Token),
        }
    }
}

/// Reads one page of events. `token` for what changed since, none for a full list of what has not ended before
/// `from`; `page` continues a listing and is sent with the very same other parameters. With a `word`, events that hold it
/// are told apart.
pub(crate) async fn events(
    session: &Session,
    account: &Account,
    calendar: &str,
    token: Option<&str>,
    from: Timestamp,
    page: Option<&str>,
    word: Option<&str>,
) -> Result<Page, Failure> {
    let from = from.to_string();
    let mut query = LISTING.to_vec();
    match token {
        Some(token) => query.push(("syncToken", token)),
        None => query.push(("timeMin", &from)),
    }
    query.extend(page.map(|page| ("pageToken", page)));
    let answer = session
        .call(account, |base| {
            request(
                Method::GET,
                &address(base, &["calendars", calendar, "events"], query.iter().copied()),
            )
        })
        .await?;
    let listing: wire::Listing = read_since(&answer, session)?;
    let (observations, odd) = listing.rows();
    let asking = word.map_or_else(Vec::new, |word| listing.asking(word));
    let (zone, access) = (listing.time_zone.clone(), listing.access_role.clone());
    // Neither token: the listing was cut, or a filter withheld them. Nothing may be concluded from it.
    let next =
        Next::of(listing).ok_or_else(|| Failure::unreadable(Service::Google, answer.status().as_u16()))?;
    Ok(Page {
        observations,
        odd,
        asking,
        zone,
        access,
        next,
    })
}

/// Why a meeting is left as it is whose event a calendar describes in unheard-of ways, or shows without its details.
pub(crate) fn not_understood(calendar: &Calendar) -> Problem {
    if calendar.hides_private() || calendar.is_shown_only() {
        return Problem::lasting(
            Code::EventNotUnderstood,
            format!(
                "“{}” does not show you the details of this event; the meeting is left as it is.",
                calendar.name
            ),
            "Ask the calendar’s owner to let you see private events, or to make this one public.",
        );
    }
    Problem::lasting(
        Code::EventNotUnderstood,
        Reason::NotUnderstood.sentence(),
        "Open the event in Google Calendar and save it again. If that does not help, please report it.",
    )
}

/// Reads one event; [`Observation::Gone`] when it is cancelled, `None` when the calendar has none by that id.
pub(crate) async fn event(
    session: &Session,
    account: &Account,
    calendar: &Calendar,
    id: &str,
) -> Result<Option<Observation>, Failure> {
    let query = [("prettyPrint", "false"), ("fields", wire::EVENT_FIELDS)];
    let answer = session
        .call(account, |base| {
            request(
                Method::GET,
                &address(base, &["calendars", &calendar.google_id, "events", id], query),
            )
        })
        .await?;
    match read::<Box<RawValue>>(&answer, session) {
        // An answer about nothing, or about another event, proves nothing: least of all that this one is gone.
        Ok(row) => match (
            wire::understood(&row, &calendar.access),
            wire::odd(&row, &calendar.access),
        ) {
            (Some(observation), _) if observation.google_id() == id => Ok(Some(observation)),
            (None, Some(odd)) if odd.google_id == id => {
                Err(Failure::new(FailureKind::Passing, not_understood(calendar)))
            }
            _ => Err(Failure::unreadable(Service::Google, answer.status().as_u16())),
        },
        Err(failure) if failure.kind == FailureKind::Gone => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// What asking for one event brought: an event that is not there is gone.
pub(crate) fn or_gone(found: Option<Observation>, google_id: &str) -> Observation {
    found.unwrap_or_else(|| Observation::Gone {
        google_id: google_id.to_owned(),
        place: None,
    })
}

/// Reads the calendar list of whoever asks: what changed since a sync token, or all of it without one. `may_go_on` is asked
/// before each page (P13).
pub(crate) async fn calendars(
    session: &Session,
    caller: Caller<'_>,
    token: Option<&str>,
    may_go_on: impl Fn() -> Result<(), Failure>,
) -> Result<List, Failure> {
    let mut entries = Vec::new();
    let mut page: Option<String> = None;
    for _ in 0..MOST_LIST_PAGES {
        may_go_on()?;
        let more = [("syncToken", token), ("pageToken", page.as_deref())];
        let more = more.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let query: Vec<_> = LIST.into_iter().chain(more).collect();
        let build = |base: &Url| {
            request(
                Method::GET,
                &address(base, &["users", "me", "calendarList"], query.iter().copied()),
            )
        };
        let answer = match caller {
            Caller::Account(account) => session.call(account, build).await?,
            Caller::Newcomer(access) => session.call_with(Service::Google, access, &build).await?,
        };
        let listing: wire::CalendarList = read_since(&answer, session)?;
        entries.extend(listing.entries());
        match listing.next_page_token {
            Some(next) if page.as_ref() == Some(&next) => break,
            Some(next) => page = Some(next),
            // Everybody has a calendar. An empty list is a fault, and must not look like calendars no longer shared.
            None if token.is_none() && entries.is_empty() => break,
            None => {
                return Ok(List {
                    entries,
                    token: listing.next_sync_token,
                });
            }
        }
    }
    Err(Failure::unreadable(Service::Google, StatusCode::OK.as_u16()))
}

/// Whether an account's calendar list shows a calendar. To be missing from a reading of the list proves nothing.
pub(crate) async fn is_listed(session: &Session, account: &Account, calendar: &str) -> Result<bool, Failure> {
    let answer = session
        .call(account, |base| {
            let path = ["users", "me", "calendarList", calendar];
            request(Method::GET, &address(base, &path, [("prettyPrint", "false")]))
        })
        .await?;
    match read::<wire::CalendarListEntry>(&answer, session) {
        Ok(entry) => match entry.entry() {
            Some(Entry::There(listed)) if listed.google_id == calendar => Ok(true),
            Some(Entry::Removed(id)) if id == calendar => Ok(false),
            _ => Err(Failure::unreadable(Service::Google, answer.status().as_u16())),
        },
        Err(failure) if failure.kind == FailureKind::Gone => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// A reading of a calendar list.
pub(crate) struct List {
    pub(crate) entries: Vec<Entry>,
    /// With which the next reading begins; without one it has to be a whole one.
    pub(crate) token: Option<String>,
}

impl List {
    /// The calendars that are there.
    pub(crate) fn there(&self) -> impl Iterator<Item = &Listed> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::There(listed) => Some(listed),
            Entry::Removed(_) => None,
        })
    }
}

/// What a calendar list says of one calendar.
pub(crate) enum Entry {
    /// It is in the list, hidden or not.
    There(Listed),
    /// It was removed from the list, or is no longer shared. Google's id of it.
    Removed(String),
}

/// Who asks for a calendar list.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// A known account.
    Account(&'a Account),
    /// Somebody who is just signing in, with the token just granted.
    Newcomer(&'a Access),
}

/// The body of a successful answer to a request that sends no sync token, or what the failure means.
fn read<T: DeserializeOwned>(answer: &Response<Bytes>, session: &Session) -> Result<T, Failure> {
    read_since(answer, session).map_err(error::without_token)
}

/// The same for one that may send a token.
fn read_since<T: DeserializeOwned>(answer: &Response<Bytes>, session: &Session) -> Result<T, Failure> {
    if !answer.status().is_success() {
        return Err(error::failure(answer, session.now(), session.ports.dice.as_ref()));
    }
    serde_json::from_slice(answer.body()).map_err(|error| {
        // The position, not the words: a body may hold anything.
        tracing::warn!(
            line = error.line(),
            column = error.column(),
            "unreadable answer from Google"
        );
        Failure::unreadable(Service::Google, answer.status().as_u16())
    })
}
