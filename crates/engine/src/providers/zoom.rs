//! Zoom Meetings, <https://developers.zoom.us/docs/api/meetings/>.
//!
//! Zoom has no revision tags and answers 204 to a write that it ignored (a start in the past), so nothing here is
//! believed until it is read back. Passcodes are never sent, because changing one changes the join link. Webinars are
//! deliberately absent.

#[cfg(test)]
mod hostile;
mod wire;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use reconvene_core::amend::{Whole, Write};
use reconvene_core::meeting::Meeting;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Answer, Service};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Identity, Made, Provider};
use crate::failure::{Failure, FailureKind, later, next_utc_day, retry_after, words};
use crate::json::{lenient, object};
use crate::oauth::Access;
use crate::ports::Dice;
use crate::session::{Session, address, request, with_body};
use crate::store::accounts::Account;

/// The adapter.
pub(super) struct Zoom;

#[async_trait]
impl Provider for Zoom {
    async fn identity(&self, session: &Session, access: &Access) -> Result<Identity, Failure> {
        match user(session, access).await {
            // The app may lack the scope for it, or the gateway the route: the person's own meetings tell too.
            Err(failure) if !matches!(failure.kind, FailureKind::Passing | FailureKind::Limited(_)) => {
                host_of_listed(session, access).await?.ok_or(failure)
            }
            known => known,
        }
    }

    async fn read(&self, session: &Session, account: &Account, number: &str) -> Result<Meeting, Failure> {
        let described = described(session, account, number).await?;
        described
            .meeting()
            .ok_or_else(|| Failure::unreadable(Service::Zoom, StatusCode::OK.as_u16()))
    }

    async fn write(
        &self,
        session: &Session,
        account: &Account,
        number: &str,
        before: &Meeting,
        write: &Write,
    ) -> Result<Answer, Failure> {
        let (id, body) = match write {
            Write::Whole(whole) => (None, wire::Update::of(whole, before)),
            Write::Date { id, start, minutes } => (Some(id), wire::Update::of_date(*start, *minutes)),
            Write::Cancel { id } => {
                let quiet = QUIET.into_iter().chain([("occurrence_id", id.as_str())]);
                return delete(session, account, number, quiet.collect()).await;
            }
        };
        let body = in_json(&body)?;
        let query: Vec<_> = id.map(|id| ("occurrence_id", id.as_str())).into_iter().collect();
        let answer = session
            .call(account, |base| {
                with_body(
                    Method::PATCH,
                    &address(base, &["meetings", number], query.iter().copied()),
                    body.clone(),
                )
            })
            .await?;
        accepted(session, &answer)
    }

    async fn delete(&self, session: &Session, account: &Account, number: &str) -> Result<Answer, Failure> {
        delete(session, account, number, QUIET.to_vec()).await
    }

    async fn recover(&self, session: &Session, account: &Account, number: &str) -> Result<Answer, Failure> {
        let answer = session
            .call(account, |base| {
                with_body(
                    Method::PUT,
                    &address(base, &["meetings", number, "status"], []),
                    Bytes::from_static(br#"{"action":"recover"}"#),
                )
            })
            .await?;
        accepted(session, &answer).map_err(|failure| match failure.problem.code {
            // Everything else is granted, so the account goes on.
            Code::MissingScope => Failure {
                kind: FailureKind::Final,
                problem: Problem::lasting(
                    Code::MissingScope,
                    "Your Zoom app does not allow Reconvene to bring deleted meetings back.",
                    "Add the scope meeting:update:status to it, sign in again and undo once more; or recover the meeting in \
                     Zoom's web portal under Meetings.",
                ),
                ..failure
            },
            _ => failure,
        })
    }

    async fn create(
        &self,
        session: &Session,
        account: &Account,
        wanted: &Whole,
        marker: &str,
    ) -> Result<Made, Failure> {
        let body = in_json(&wire::Fresh::of(wanted, &agenda(marker)))?;
        let answer = session
            .call(account, |base| {
                with_body(
                    Method::POST,
                    &address(base, &["users", "me", "meetings"], []),
                    body.clone(),
                )
            })
            .await?;
        let made: wire::Described = read(session, &answer)?;
        let number = made.id.as_ref().and_then(number_in);
        match number.filter(|_| made.host_id == account.subject && !made.join_url.is_empty()) {
            Some(number) => Ok(Made {
                number,
                link: made.join_url.into(),
            }),
            // Something was made, or nothing: looking for the marker tells.
            None => Err(Failure::unreadable(Service::Zoom, answer.status().as_u16())),
        }
    }

    async fn find(
        &self,
        session: &Session,
        account: &Account,
        marker: &str,
    ) -> Result<Option<String>, Failure> {
        let agenda = agenda(marker);
        let mut page = String::new();
        let mut certain = true;
        for _ in 0..MOST_PAGES {
            let listing = listed(session, account, &page).await?;
            match listing.number_of(&agenda) {
                Ok(Some(number)) => return Ok(Some(number)),
                Ok(None) => {}
                Err(wire::Unclear) => certain = false,
            }
            match listing.next_page_token {
                next if next.is_empty() && certain => return Ok(None),
                next if next.is_empty() || next == page => break,
                next => page = next,
            }
        }
        // A list that does not end, or cannot be read in part, says nothing about what is not in it.
        Err(Failure::unreadable(Service::Zoom, 200))
    }

    async fn join_link(&self, session: &Session, account: &Account, number: &str) -> Result<String, Failure> {
        Ok(described(session, account, number).await?.join_url)
    }
}

/// Nobody has more meetings ahead than so many pages of 300 hold.
const MOST_PAGES: usize = 100;

/// What a meeting's agenda says about where it came from. Lists cut agendas at 250 characters.
fn agenda(marker: &str) -> String {
    format!("Added by Reconvene ({marker}).")
}

/// Zoom's numbers are 64-bit integers; some answers write them as text.
fn number_in(id: &serde_json::Value) -> Option<String> {
    wire::number::<u64>(id).map(|number| number.to_string())
}

/// One page of all meetings that have not expired. The narrower kinds of list end after six months
/// (<https://developers.zoom.us/docs/api/meetings/>).
async fn listed(session: &Session, account: &Account, page: &str) -> Result<wire::Listing, Failure> {
    let answer = session
        .call(account, |base| {
            let mut query = vec![("type", "scheduled"), ("page_size", "300")];
            if !page.is_empty() {
                query.push(("next_page_token", page));
            }
            request(Method::GET, &address(base, &["users", "me", "meetings"], query))
        })
        .await?;
    read(session, &answer)
}

fn in_json(body: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|error| {
        Failure::new(
            FailureKind::Final,
            Problem::lasting(Code::Internal, error.to_string(), ""),
        )
    })
}

/// What keeps a deletion from mailing the host, the alternative hosts and those who registered.
const QUIET: [(&str, &str); 2] = [
    ("schedule_for_reminder", "false"),
    ("cancel_meeting_reminder", "false"),
];

/// Deletes a meeting, or with its `occurrence_id` in the query one date.
async fn delete(
    session: &Session,
    account: &Account,
    number: &str,
    query: Vec<(&str, &str)>,
) -> Result<Answer, Failure> {
    let answer = session
        .call(account, |base| {
            request(
                Method::DELETE,
                &address(base, &["meetings", number], query.iter().copied()),
            )
        })
        .await?;
    accepted(session, &answer)
}

/// <https://developers.zoom.us/docs/api/users/#tag/users/get/users/{userId}>
async fn user(session: &Session, access: &Access) -> Result<Identity, Failure> {
    #[derive(Deserialize)]
    struct User {
        id: String,
        #[serde(default)]
        email: String,
        pmi: Option<serde_json::Value>,
    }
    let me = |base: &Url| request(Method::GET, &address(base, &["users", "me"], []));
    let user: User = read(session, &session.call_with(Service::Zoom, access, &me).await?)?;
    let name = if user.email.is_empty() {
        user.id.clone()
    } else {
        user.email
    };
    Ok(Identity {
        subject: user.id,
        name,
        room: user.pmi.as_ref().and_then(number_in),
    })
}

/// The host that the person's scheduled meetings name, when there is one and it is always the same.
async fn host_of_listed(session: &Session, access: &Access) -> Result<Option<Identity>, Failure> {
    let mine = |base: &Url| {
        let query = [("type", "scheduled"), ("page_size", "30")];
        request(Method::GET, &address(base, &["users", "me", "meetings"], query))
    };
    let listing: wire::Listing = read(session, &session.call_with(Service::Zoom, access, &mine).await?)?;
    let hosts: Option<Vec<String>> = listing.rows().map(|row| Some(row?.host_id)).collect();
    let mut hosts = hosts.ok_or_else(|| Failure::unreadable(Service::Zoom, StatusCode::OK.as_u16()))?;
    hosts.dedup();
    let only = hosts.pop().filter(|host| hosts.is_empty() && !host.is_empty());
    Ok(only.map(|subject| Identity {
        name: subject.clone(),
        subject,
        room: None,
    }))
}

async fn described(session: &Session, account: &Account, number: &str) -> Result<wire::Described, Failure> {
    let answer = session
        .call(account, |base| {
            request(Method::GET, &address(base, &["meetings", number], []))
        })
        .await?;
    let described: wire::Described = read(session, &answer)?;
    let other = described
        .id
        .as_ref()
        .is_some_and(|id| number_in(id).as_deref() != Some(number));
    if other || described.host_id.is_empty() {
        // Nothing may be concluded about a meeting from an answer about another, or about none.
        return Err(Failure::unreadable(Service::Zoom, answer.status().as_u16()));
    }
    Ok(described)
}

fn read<T: DeserializeOwned>(session: &Session, answer: &Response<Bytes>) -> Result<T, Failure> {
    accepted(session, answer)?;
    serde_json::from_slice(answer.body())
        .map_err(|_| Failure::unreadable(Service::Zoom, answer.status().as_u16()))
}

fn accepted(session: &Session, answer: &Response<Bytes>) -> Result<Answer, Failure> {
    if answer.status().is_success() {
        return Ok(Answer {
            status: answer.status().as_u16(),
            code: None,
            words: None,
        });
    }
    Err(failure(answer, session.now(), session.ports.dice.as_ref()))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorBody {
    #[serde(deserialize_with = "lenient")]
    code: serde_json::Value,
    #[serde(deserialize_with = "lenient")]
    message: String,
    #[serde(deserialize_with = "lenient")]
    errors: Vec<FieldError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FieldError {
    field: String,
    message: String,
}

/// Zoom's errors by status and code: <https://developers.zoom.us/docs/api/errors/>.
fn failure(answer: &Response<Bytes>, now: Timestamp, dice: &dyn Dice) -> Failure {
    let status = answer.status().as_u16();
    let body: ErrorBody = object(answer.body()).unwrap_or_default();
    let code: i64 = wire::number(&body.code).unwrap_or_default();
    let fields: Vec<String> = body
        .errors
        .iter()
        .map(|error| format!("{}: {}", error.field, error.message))
        .collect();
    let told = Answer {
        status,
        code: (code != 0).then(|| code.to_string()),
        words: words(&[body.message, fields.join("; ")].join(" ")),
    };
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let until = header(header::RETRY_AFTER.as_str()).and_then(|value| retry_after(value, now));
    let lasting = |kind, code, message: &str, hint: &str| {
        Failure::new(kind, Problem::lasting(code, message, hint)).with_answer(told.clone())
    };
    match (status, code) {
        (_, 4700 | 4711) => lasting(
            FailureKind::Account,
            Code::MissingScope,
            "Zoom did not grant Reconvene what this needs.",
            "Add the scopes named in the README to your Zoom app, then sign in again under Accounts.",
        ),
        (401, _) => Failure::sign_in_again(Service::Zoom).with_answer(told),
        (404, 3001) => lasting(
            FailureKind::Gone,
            Code::MeetingGone,
            "Zoom shows no such meeting to your account: it was deleted, has expired, or is another account's.",
            "If another account of yours hosts it, connect that one under Accounts. Otherwise Reconvene can make a new one in its \
             place.",
        ),
        (429, _) => {
            // <https://developers.zoom.us/docs/api/rate-limits/>
            let per_second = header("X-RateLimit-Type").is_some_and(|kind| kind.eq_ignore_ascii_case("QPS"));
            match until {
                Some(until) => Failure::limited(Service::Zoom, until, told),
                None if per_second => {
                    Failure::limited(Service::Zoom, later(now, SignedDuration::from_secs(2)), told)
                }
                None if daily(answer) => {
                    let problem = Problem::passing(
                        Code::DailyBudget,
                        "Zoom allows 100 changes a day and host, and today's are used up.",
                        "Reconvene goes on after midnight UTC, by itself while it runs.",
                    );
                    // Reading and deleting draw on other limits and go on.
                    Failure::new(FailureKind::NotBefore(next_utc_day(now, dice)), problem).with_answer(told)
                }
                None => Failure::throttled(Service::Zoom, told),
            }
        }
        (408 | 500..=599, _) => Failure::failed_service(Service::Zoom, until, told),
        // Zoom's own refusals carry a code. A page without one is a gateway's or a proxy's.
        (300..=499, 0) => Failure::unreadable(Service::Zoom, status),
        (400, 3002) => {
            let problem = Problem::passing(
                Code::Refused,
                "The meeting is running, and Zoom changes nothing of it meanwhile.",
                "It is changed when it has ended.",
            );
            Failure::new(FailureKind::Passing, problem).with_answer(told)
        }
        (403, _) | (400, 3161) => lasting(
            FailureKind::Final,
            Code::PermissionDenied,
            "Zoom does not allow this to your account.",
            "",
        ),
        (400, 3018 | 3037) => lasting(
            FailureKind::Final,
            Code::Refused,
            "This is a personal room, which Zoom does not delete.",
            "Nothing needs to be done.",
        ),
        (400, 3000) => lasting(
            FailureKind::Final,
            Code::Refused,
            "This is a webinar, which Reconvene does not act on.",
            "Change it at Zoom.",
        ),
        // A 404 of any other code may be a gateway's, and one wrong 404 must destroy nothing.
        (404, _) => Failure::failed_service(Service::Zoom, until, told),
        _ => lasting(
            FailureKind::Final,
            Code::Refused,
            "Zoom refused the change.",
            "Change the meeting at Zoom, or edit the event and try again.",
        ),
    }
}

/// Whether a 429 is the daily cap: by header where Zoom sends one. The cap on writes of one host comes without, and
/// no field but its wording tells it apart (<https://devforum.zoom.us/t/18928>), so that number is looked for.
fn daily(answer: &Response<Bytes>) -> bool {
    let by_header = answer
        .headers()
        .get("X-RateLimit-Type")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("daily"));
    by_header
        || String::from_utf8_lossy(answer.body())
            .to_ascii_lowercase()
            .contains("daily")
}
