//! Answers by name: every refusal the vendors document or that people met, ready to be injected.
//!
//! Google's: <https://developers.google.com/workspace/calendar/api/guides/errors>. Zoom's:
//! <https://developers.zoom.us/docs/api/rate-limits/> and
//! <https://devforum.zoom.us/t/you-have-exceeded-the-daily-rate-limit-of-meeting-create-update-api-requests/18928>.

use http::{HeaderName, StatusCode, header};
use jiff::{SignedDuration, Timestamp};

use crate::google::refusal as google;
use crate::wire::Answer;
use crate::zoom::refusal as zoom;

/// The names that [`Effect::Preset`](super::Effect::Preset) knows.
pub const NAMES: &[&str] = &[
    "google_410",
    "google_410_updated_min",
    "google_410_deleted",
    "google_400_token",
    "google_401",
    "google_403_user_rate",
    "google_403_rate",
    "google_403_quota",
    "google_403_forbidden",
    "google_403_access_level",
    "google_403_scope",
    "google_403_not_configured",
    "google_404",
    "google_409",
    "google_412",
    "google_429",
    "google_500",
    "google_oauth_invalid_grant",
    "google_oauth_invalid_client",
    "google_oauth_internal_failure",
    "zoom_401",
    "zoom_4711",
    "zoom_300",
    "zoom_3000_webinar",
    "zoom_3161",
    "zoom_404",
    "zoom_1001",
    "zoom_429_daily",
    "zoom_429_daily_header",
    "zoom_429_qps",
    "zoom_429_concurrent",
    "zoom_oauth_invalid_grant",
    "zoom_xml",
    "429_seconds",
    "429_http_date",
    "429_iso8601",
    "429_bare",
    "500_html",
    "502_html",
    "503_html",
    "503_empty",
    "504_html",
    "200_html",
    "200_empty",
    "200_truncated_json",
];

const HTML: &str = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Temporarily unavailable</h1>\
                    <p>The server encountered an error and could not complete your request.</p></body></html>";

/// The answer of that name as it would be given at `now`; `None` for an unknown name.
pub(crate) fn answer(name: &str, now: Timestamp) -> Option<Answer> {
    let html = |status| Answer::text(status, "text/html; charset=UTF-8", HTML);
    let throttled = |value: Option<String>| {
        let answer = google::rate_limit(429);
        match value {
            Some(value) => answer.with(header::RETRY_AFTER, value),
            None => answer,
        }
    };
    Some(match name {
        "google_410" => google::full_sync_required(),
        "google_410_updated_min" => google::updated_min_too_long_ago(),
        "google_410_deleted" => google::deleted(),
        "google_400_token" => google::invalid_sync_token(),
        "google_401" => google::unauthorized(),
        "google_403_user_rate" => google::user_rate_limit(),
        "google_403_rate" => google::rate_limit(403),
        "google_403_quota" => google::quota_exceeded(),
        "google_403_forbidden" => google::forbidden(),
        "google_403_access_level" => google::needs_writer(),
        "google_403_scope" => google::insufficient_scope(),
        "google_403_not_configured" => google::not_configured(),
        "google_404" => google::not_found(),
        "google_409" => google::duplicate(),
        "google_412" => google::precondition(),
        "google_429" | "429_bare" => throttled(None),
        "google_500" => google::backend_error(),
        "google_oauth_invalid_grant" => crate::google::oauth::dead_grant(),
        "google_oauth_invalid_client" => crate::google::oauth::invalid_client(),
        "google_oauth_internal_failure" => crate::google::oauth::internal_failure(),
        "zoom_401" => zoom::expired_token(),
        "zoom_4711" => zoom::missing_scope("meeting:update:meeting"),
        "zoom_300" => zoom::invalid_field("start_time", "Invalid field."),
        "zoom_3000_webinar" => zoom::webinar(),
        "zoom_3161" => zoom::may_not_host(),
        "zoom_404" => zoom::no_meeting(0),
        "zoom_1001" => zoom::no_user("me"),
        "zoom_429_daily" => zoom::daily_limit(),
        "zoom_429_daily_header" => {
            let midnight = zoom::next_utc_midnight(now);
            zoom::daily_limit().with(header::RETRY_AFTER, midnight.to_string())
        }
        "zoom_429_qps" => zoom::per_second_limit(now, "Light", 30),
        "zoom_429_concurrent" => zoom::too_many_concurrent(),
        "zoom_oauth_invalid_grant" => crate::zoom::oauth::dead_grant(),
        "zoom_xml" => Answer::text(
            StatusCode::BAD_REQUEST,
            "application/xml",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>300</Code><Message>Bad Request</Message></Error>",
        ),
        "429_seconds" => throttled(Some("7".to_owned())),
        "429_http_date" => throttled(http_date(now)),
        "429_iso8601" => {
            let later = now + SignedDuration::from_secs(7);
            throttled(Some(later.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
        }
        "500_html" => html(StatusCode::INTERNAL_SERVER_ERROR),
        "502_html" => html(StatusCode::BAD_GATEWAY),
        "503_html" => html(StatusCode::SERVICE_UNAVAILABLE),
        "503_empty" => Answer::empty(StatusCode::SERVICE_UNAVAILABLE),
        "504_html" => html(StatusCode::GATEWAY_TIMEOUT),
        "200_html" => html(StatusCode::OK),
        "200_empty" => Answer::empty(StatusCode::OK),
        "200_truncated_json" => Answer::text(
            StatusCode::OK,
            "application/json; charset=UTF-8",
            "{\"kind\":\"calendar#events\",\"items\":[{\"id\":\"abc",
        ),
        _ => return None,
    })
}

/// Seven seconds from now in the form of RFC 9110 §5.6.7.
fn http_date(now: Timestamp) -> Option<String> {
    let later = now + SignedDuration::from_secs(7);
    Some(later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// A header name out of a control request; `None` when HTTP does not allow it.
pub(crate) fn header_name(name: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_preset_has_an_answer() {
        for name in NAMES {
            assert!(answer(name, Timestamp::UNIX_EPOCH).is_some(), "{name}");
        }
    }

    #[test]
    fn an_http_date_is_in_the_form_of_rfc_9110() {
        assert_eq!(
            http_date(Timestamp::UNIX_EPOCH).unwrap(),
            "Thu, 01 Jan 1970 00:00:07 GMT"
        );
    }
}
