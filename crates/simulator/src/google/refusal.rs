//! Every refusal of the Calendar API, in its own words.
//!
//! Documented ones: <https://developers.google.com/workspace/calendar/api/guides/errors>. Others name their thread.

use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::wire::Answer;

/// The error envelope.
fn refusal(code: u16, domain: &str, reason: &str, message: &str, location: Option<(&str, &str)>) -> Answer {
    let mut detail = json!({"domain": domain, "reason": reason, "message": message});
    if let (Some((kind, name)), Some(map)) = (location, detail.as_object_mut()) {
        map.insert("locationType".to_owned(), kind.into());
        map.insert("location".to_owned(), name.into());
    }
    envelope(
        code,
        &json!({"error": {"errors": [detail], "code": code, "message": message}}),
    )
}

fn envelope(code: u16, body: &Value) -> Answer {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer::text(status, "application/json; charset=UTF-8", format!("{body:#}"))
}

/// 400 with reason `invalid`.
pub(crate) fn invalid(message: &str) -> Answer {
    refusal(400, "global", "invalid", message, None)
}

/// 400 about one parameter.
pub(crate) fn invalid_parameter(name: &str, message: &str) -> Answer {
    refusal(
        400,
        "global",
        "invalidParameter",
        message,
        Some(("parameter", name)),
    )
}

/// 400 for a missing part of the body.
pub(crate) fn required(message: &str) -> Answer {
    refusal(400, "global", "required", message, None)
}

/// 400: a body that is not JSON.
pub(crate) fn parse_error() -> Answer {
    refusal(400, "global", "parseError", "Parse Error", None)
}

/// 400: a parameter that cannot go with `syncToken`
/// (<https://developers.google.com/workspace/calendar/api/guides/sync>). The reason in the body is not documented.
pub(crate) fn not_with_sync_token(name: &str) -> Answer {
    let message = format!("Sync token cannot be used with other query restrictions: {name}.");
    refusal(400, "global", "invalid", &message, Some(("parameter", name)))
}

/// 400: a token that was never issued for this list
/// (<https://github.com/kewisch/gdata-provider>, `request.js`).
pub(crate) fn invalid_sync_token() -> Answer {
    refusal(
        400,
        "global",
        "invalid",
        "Invalid sync token value.",
        Some(("parameter", "syncToken")),
    )
}

pub(crate) fn invalid_page_token() -> Answer {
    refusal(
        400,
        "global",
        "invalid",
        "Invalid page token value.",
        Some(("parameter", "pageToken")),
    )
}

pub(crate) fn time_range_empty() -> Answer {
    let at = Some(("parameter", "timeMax"));
    refusal(
        400,
        "calendar",
        "timeRangeEmpty",
        "The specified time range is empty.",
        at,
    )
}

/// <https://github.com/googleworkspace/java-samples/issues/52>
pub(crate) fn ordering() -> Answer {
    let message = "The requested ordering is not available for the particular query.";
    refusal(400, "global", "invalid", message, Some(("parameter", "orderBy")))
}

/// <https://github.com/phw198/OutlookGoogleCalendarSync/issues/609>
pub(crate) fn mixed_times() -> Answer {
    invalid("Start and end times must either both be date or both be dateTime.")
}

/// <https://github.com/kewisch/gdata-provider>, `request.js`
pub(crate) fn low_sequence() -> Answer {
    invalid(
        "Invalid sequence value. The specified sequence number is below the current sequence number of the \
         resource. Re-fetch the resource and use its sequence number on the following request.",
    )
}

/// <https://github.com/openclaw/gogcli/issues/590>
pub(crate) fn conference_data() -> Answer {
    invalid("Invalid conference data")
}

/// <https://github.com/googleapis/google-api-nodejs-client/issues/2387>
pub(crate) fn conference_type() -> Answer {
    invalid("Invalid conference type value.")
}

pub(crate) fn unauthorized() -> Answer {
    let at = Some(("header", "Authorization"));
    refusal(401, "global", "authError", "Invalid Credentials", at).with(
        header::WWW_AUTHENTICATE,
        "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"",
    )
}

pub(crate) fn login_required() -> Answer {
    refusal(
        401,
        "global",
        "required",
        "Login Required",
        Some(("header", "Authorization")),
    )
    .with(
        header::WWW_AUTHENTICATE,
        "Bearer realm=\"https://accounts.google.com/\"",
    )
}

pub(crate) fn user_rate_limit() -> Answer {
    refusal(
        403,
        "usageLimits",
        "userRateLimitExceeded",
        "User Rate Limit Exceeded",
        None,
    )
}

/// `rateLimitExceeded`, which comes as 403 or 429 alike.
pub(crate) fn rate_limit(code: u16) -> Answer {
    refusal(
        code,
        "usageLimits",
        "rateLimitExceeded",
        "Rate Limit Exceeded",
        None,
    )
}

pub(crate) fn quota_exceeded() -> Answer {
    refusal(
        403,
        "usageLimits",
        "quotaExceeded",
        "Calendar usage limits exceeded.",
        None,
    )
}

pub(crate) fn forbidden() -> Answer {
    refusal(403, "global", "forbidden", "Forbidden", None)
}

pub(crate) fn non_organizer() -> Answer {
    let message = "Shared properties can only be changed by the organizer of the event.";
    refusal(403, "calendar", "forbiddenForNonOrganizer", message, None)
}

pub(crate) fn needs_writer() -> Answer {
    let message = "You need to have writer access to this calendar.";
    refusal(403, "calendar", "requiredAccessLevel", message, None)
}

/// The newer shape: a status, a `details` list, and another message on top than inside.
pub(crate) fn insufficient_scope() -> Answer {
    let body = json!({"error": {
        "code": 403,
        "message": "Request had insufficient authentication scopes.",
        "errors": [{"message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions"}],
        "status": "PERMISSION_DENIED",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
            "metadata": {"service": "calendar-json.googleapis.com"}
        }]
    }});
    envelope(403, &body).with(
        header::WWW_AUTHENTICATE,
        "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\"",
    )
}

/// The API is off in the app's project; this shape has no `errors` list.
pub(crate) fn not_configured() -> Answer {
    let body = json!({"error": {
        "code": 403,
        "message": "Google Calendar API has not been used in project 0 before or it is disabled.",
        "status": "PERMISSION_DENIED",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {"service": "calendar-json.googleapis.com"}
        }]
    }});
    envelope(403, &body)
}

pub(crate) fn not_found() -> Answer {
    refusal(404, "global", "notFound", "Not Found", None)
}

pub(crate) fn duplicate() -> Answer {
    refusal(
        409,
        "global",
        "duplicate",
        "The requested identifier already exists.",
        None,
    )
}

pub(crate) fn full_sync_required() -> Answer {
    let message = "Sync token is no longer valid, a full sync is required.";
    refusal(
        410,
        "calendar",
        "fullSyncRequired",
        message,
        Some(("parameter", "syncToken")),
    )
}

pub(crate) fn updated_min_too_long_ago() -> Answer {
    let message = "The requested minimum modification time lies too far in the past.";
    refusal(
        410,
        "calendar",
        "updatedMinTooLongAgo",
        message,
        Some(("parameter", "updatedMin")),
    )
}

pub(crate) fn deleted() -> Answer {
    refusal(410, "global", "deleted", "Resource has been deleted", None)
}

pub(crate) fn precondition() -> Answer {
    refusal(
        412,
        "global",
        "conditionNotMet",
        "Precondition Failed",
        Some(("header", "If-Match")),
    )
}

pub(crate) fn backend_error() -> Answer {
    refusal(500, "global", "backendError", "Backend Error", None)
}
