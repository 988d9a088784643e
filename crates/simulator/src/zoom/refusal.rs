//! Every refusal of the Zoom API, in its own words.
//!
//! Codes: <https://developers.zoom.us/docs/api/meetings/>; limits: <https://developers.zoom.us/docs/api/rate-limits/>.

use http::{HeaderName, StatusCode};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit, ZonedRound};
use serde_json::json;

use crate::wire::Answer;

fn refusal(status: StatusCode, code: u32, message: &str) -> Answer {
    Answer::json(status, &json!({"code": code, "message": message}))
}

fn bad(code: u32, message: &str) -> Answer {
    refusal(StatusCode::BAD_REQUEST, code, message)
}

/// 300 with the fields that are wrong.
pub(crate) fn invalid_field(field: &str, message: &str) -> Answer {
    Answer::json(
        StatusCode::BAD_REQUEST,
        &json!({"code": 300, "message": "Validation Failed.", "errors": [{"field": field, "message": message}]}),
    )
}

pub(crate) fn not_json() -> Answer {
    bad(300, "Request Body should be a valid JSON object.")
}

pub(crate) fn invalid_occurrence() -> Answer {
    bad(300, "Invalid parameter: occurrence_id.")
}

pub(crate) fn invalid_page() -> Answer {
    bad(300, "The next page token is invalid or expired.")
}

pub(crate) fn webinar() -> Answer {
    bad(3000, "Cannot access webinar info.")
}

pub(crate) fn standing_room() -> Answer {
    bad(3018, "Not allowed to delete PMI.")
}

pub(crate) fn in_progress() -> Answer {
    bad(
        3002,
        "Sorry, you cannot delete this meeting since it's in progress.",
    )
}

pub(crate) fn not_host() -> Answer {
    bad(3003, "You are not the meeting host.")
}

pub(crate) fn may_not_host() -> Answer {
    bad(
        3161,
        "Your user account is not allowed meeting hosting and scheduling capabilities.",
    )
}

pub(crate) fn cannot_schedule_for(user: &str) -> Answer {
    bad(3000, &format!("You cannot schedule a meeting for {user}"))
}

pub(crate) fn no_meeting(id: u64) -> Answer {
    refusal(
        StatusCode::NOT_FOUND,
        3001,
        &format!("Meeting does not exist: {id}."),
    )
}

pub(crate) fn no_user(name: &str) -> Answer {
    refusal(
        StatusCode::NOT_FOUND,
        1001,
        &format!("User does not exist: {name}."),
    )
}

pub(crate) fn no_path() -> Answer {
    refusal(
        StatusCode::NOT_FOUND,
        2300,
        "This API endpoint is not recognized.",
    )
}

pub(crate) fn invalid_token() -> Answer {
    refusal(StatusCode::UNAUTHORIZED, 124, "Invalid access token.")
}

pub(crate) fn expired_token() -> Answer {
    refusal(StatusCode::UNAUTHORIZED, 124, "Access token is expired.")
}

pub(crate) fn missing_scope(scope: &str) -> Answer {
    let message = format!("Invalid access token, does not contain scopes:[{scope}, {scope}:admin].");
    bad(4711, &message)
}

/// The daily limit of writes per host, as met in the wild: no `Retry-After`, and a limit header that means something
/// else (<https://devforum.zoom.us/t/18928>).
pub(crate) fn daily_limit() -> Answer {
    refusal(
        StatusCode::TOO_MANY_REQUESTS,
        429,
        "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this \
         particular user. You may resume these requests at GMT 00:00:00.",
    )
    .with(HeaderName::from_static("x-ratelimit-category"), "Light")
    .with(HeaderName::from_static("x-ratelimit-type"), "Daily-limit")
    .with(HeaderName::from_static("x-ratelimit-limit"), "6000")
    .with(HeaderName::from_static("x-ratelimit-remaining"), "5900")
}

/// Too many requests of one category in one second.
pub(crate) fn per_second_limit(now: Timestamp, category: &str, limit: u32) -> Answer {
    refusal(
        StatusCode::TOO_MANY_REQUESTS,
        429,
        "You have reached the maximum per-second rate limit for this API. Try again later.",
    )
    .with(HeaderName::from_static("x-ratelimit-category"), category)
    .with(HeaderName::from_static("x-ratelimit-type"), "QPS")
    .with(HeaderName::from_static("x-ratelimit-limit"), limit.to_string())
    .with(HeaderName::from_static("x-ratelimit-remaining"), "0")
    .with(
        HeaderName::from_static("x-ratelimit-reset"),
        (now.as_second() + 1).to_string(),
    )
}

/// The account's requests for the day are used up; here `Retry-After` is a date-time.
pub(crate) fn account_daily_limit(now: Timestamp, category: &str, limit: u32) -> Answer {
    refusal(
        StatusCode::TOO_MANY_REQUESTS,
        429,
        "You have reached the maximum daily rate limit for this API.",
    )
    .with(HeaderName::from_static("x-ratelimit-category"), category)
    .with(HeaderName::from_static("x-ratelimit-type"), "Daily-limit")
    .with(HeaderName::from_static("x-ratelimit-limit"), limit.to_string())
    .with(HeaderName::from_static("x-ratelimit-remaining"), "0")
    .with(http::header::RETRY_AFTER, next_utc_midnight(now).to_string())
}

pub(crate) fn too_many_concurrent() -> Answer {
    refusal(
        StatusCode::TOO_MANY_REQUESTS,
        429,
        "Too many concurrent requests. A request to update this user's meetings is already being processed.",
    )
}

pub(crate) fn next_utc_midnight(now: Timestamp) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC);
    let midnight = today.round(ZonedRound::new().smallest(Unit::Day).mode(jiff::RoundMode::Trunc));
    let next = midnight.and_then(|midnight| midnight.tomorrow());
    next.map_or(now, |next| next.timestamp())
}
