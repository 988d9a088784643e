//! Google's errors, by status and reason: <https://developers.google.com/workspace/calendar/api/guides/errors>.
//!
//! Newer front ends send `details[].reason` beside or instead of `errors[].reason`; 5xx and edge refusals may be HTML
//! or empty. Reasons are collected from both places, and without any the status alone decides.

use bytes::Bytes;
use http::{Response, header};
use jiff::{SignedDuration, Timestamp};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Answer, Service};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::failure::{Failure, FailureKind, next_utc_day, retry_after, spread, words};
use crate::json::{lenient, object};
use crate::ports::Dice;

/// The pause after Google's guard against abuse struck, when it names none itself.
const LONG_PAUSE: SignedDuration = SignedDuration::from_hours(1);

#[derive(Deserialize)]
struct Envelope {
    error: Box<RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    #[serde(deserialize_with = "lenient")]
    message: String,
    #[serde(deserialize_with = "lenient")]
    errors: Vec<Item>,
    #[serde(deserialize_with = "lenient")]
    details: Vec<Item>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Item {
    #[serde(deserialize_with = "lenient")]
    reason: String,
    #[serde(deserialize_with = "lenient")]
    location: String,
}

/// What an unsuccessful answer means.
pub(super) fn failure(answer: &Response<Bytes>, now: Timestamp, dice: &dyn Dice) -> Failure {
    let status = answer.status().as_u16();
    let envelope = object::<Envelope>(answer.body());
    let body = envelope.and_then(|envelope| object::<Body>(envelope.error.get().as_bytes()));
    // A proxy's or a hotel network's page must not be taken for Google's final word.
    let foreign = body.is_none();
    let body = body.unwrap_or_default();
    let reasons: Vec<&str> = body
        .errors
        .iter()
        .chain(&body.details)
        .map(|item| item.reason.as_str())
        .collect();
    let has = |any: &[&str]| reasons.iter().any(|reason| any.contains(reason));
    let about_token = body.errors.iter().any(|item| item.location == "syncToken");
    let told = Answer {
        status,
        code: reasons
            .iter()
            .find(|reason| !reason.is_empty())
            .map(|&reason| reason.to_owned()),
        words: words(&body.message),
    };
    let until = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after(value, now));
    // Without a header, Google's own advice is exponential backoff, which is what a passing failure gets.
    let slow_down = |told| match until {
        Some(until) => Failure::limited(Service::Google, until, told),
        None => Failure::throttled(Service::Google, told),
    };
    match status {
        401 => Failure::sign_in_again(Service::Google).with_answer(told),
        403 if has(&[
            "insufficientPermissions",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "insufficientScopes",
        ]) =>
        {
            account(
                Code::MissingScope,
                "Google did not grant Reconvene the right to read the calendar.",
                "Sign in again under Accounts and leave every box ticked.",
                told,
            )
        }
        403 if has(&["accessNotConfigured", "SERVICE_DISABLED"]) => account(
            Code::ClientRejected,
            "The Google Calendar API is not switched on for the configured OAuth client.",
            "Enable it in the Google Cloud project that the client id belongs to.",
            told,
        ),
        403 if has(&["dailyLimitExceeded"]) => Failure::limited(
            Service::Google,
            until.unwrap_or_else(|| next_utc_day(now, dice)),
            told,
        ),
        // Google's guard against abuse, which no back-off of seconds gets past.
        403 | 429 if has(&["quotaExceeded", "calendarUsageLimitsExceeded"]) => Failure::limited(
            Service::Google,
            until.unwrap_or_else(|| spread(LONG_PAUSE, now, dice)),
            told,
        ),
        403 if has(&["rateLimitExceeded", "userRateLimitExceeded"]) => slow_down(told),
        429 => slow_down(told),
        300..=499 if foreign && status != 410 => Failure::unreadable(Service::Google, status),
        // Seen to pass by itself (<https://github.com/phw198/OutlookGoogleCalendarSync/issues/361>), so whoever asked
        // decides how often to ask again. It says nothing about whether a calendar is shared: that would be a 404.
        403 => refused(
            FailureKind::Final,
            Code::PermissionDenied,
            "Google does not allow this to your account.",
            told,
        ),
        404 => refused(
            FailureKind::Gone,
            Code::CalendarGone,
            "Google does not have it, or no longer shares it.",
            told,
        ),
        // 410 with a token: the token is not valid any more. Without: the event was deleted.
        410 if has(&["deleted"]) => refused(
            FailureKind::Gone,
            Code::CalendarGone,
            "It was deleted at Google.",
            told,
        ),
        410 => stale(told),
        // A token that was never valid, or belongs to something else, comes back as 400 about `syncToken`, or as 400
        // `invalid` without a location: <https://github.com/kewisch/gdata-provider>, src/background/request.js.
        400 if about_token || has(&["invalid", "badRequest", "invalidParameter"]) || reasons.is_empty() => {
            stale(told)
        }
        408 | 500..=599 => Failure::failed_service(Service::Google, until, told),
        _ => refused(
            FailureKind::Final,
            Code::Refused,
            "Google refused the request.",
            told,
        ),
    }
}

/// What a failure means where no sync token was sent: not that the token is of no use any more.
pub(super) fn without_token(failure: Failure) -> Failure {
    match (failure.kind, failure.answer) {
        (FailureKind::StaleToken, Some(told)) => refused(
            FailureKind::Final,
            Code::Refused,
            "Google refused the request.",
            told,
        ),
        (_, answer) => Failure { answer, ..failure },
    }
}

fn account(code: Code, message: &str, hint: &str, told: Answer) -> Failure {
    Failure::new(FailureKind::Account, Problem::lasting(code, message, hint)).with_answer(told)
}

fn refused(kind: FailureKind, code: Code, message: &str, told: Answer) -> Failure {
    Failure::new(kind, Problem::lasting(code, message, "")).with_answer(told)
}

fn stale(told: Answer) -> Failure {
    let problem = Problem::passing(
        Code::ServiceFailed,
        "Google no longer knows how far this calendar was read.",
        "Reconvene reads the whole calendar again.",
    );
    Failure::new(FailureKind::StaleToken, problem).with_answer(told)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::failure::testing::a_foreign_page;
    use crate::spoiled::spoiled;

    struct Half;
    impl Dice for Half {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0x7f);
        }
    }

    fn kind(status: u16, body: &(impl AsRef<[u8]> + ?Sized)) -> (FailureKind, Code) {
        let answer = Response::builder()
            .status(status)
            .body(Bytes::copy_from_slice(body.as_ref()))
            .unwrap();
        let failure = failure(&answer, Timestamp::UNIX_EPOCH, &Half);
        let words = failure.answer.and_then(|answer| answer.words);
        assert!(words.unwrap_or_default().len() <= 2000);
        (failure.kind, failure.problem.code)
    }

    fn reason(reason: &str) -> String {
        format!(
            r#"{{"error":{{"errors":[{{"domain":"x","reason":"{reason}","message":"m"}}],"message":"m"}}}}"#
        )
    }

    #[test]
    fn each_documented_refusal_has_its_class() {
        assert_eq!(kind(410, &reason("fullSyncRequired")).0, FailureKind::StaleToken);
        assert_eq!(kind(400, &reason("invalid")).0, FailureKind::StaleToken);
        assert_eq!(kind(410, &reason("deleted")).0, FailureKind::Gone);
        assert_eq!(kind(404, &reason("notFound")).0, FailureKind::Gone);
        assert_eq!(
            kind(401, &reason("authError")),
            (FailureKind::Account, Code::SignInAgain)
        );
        assert_eq!(kind(403, &reason("forbidden")).0, FailureKind::Final);
        assert_eq!(
            kind(403, &reason("insufficientPermissions")).1,
            Code::MissingScope
        );
        for throttle in ["rateLimitExceeded", "userRateLimitExceeded"] {
            let throttled = (FailureKind::Passing, Code::RateLimited);
            assert_eq!(kind(403, &reason(throttle)), throttled, "{throttle}");
        }
        for status in [403, 429] {
            let (limited, code) = kind(status, &reason("quotaExceeded"));
            let FailureKind::Limited(until) = limited else {
                panic!("{limited:?}")
            };
            let pause = until.duration_since(Timestamp::UNIX_EPOCH);
            assert!(
                pause > SignedDuration::from_mins(44),
                "no short throttle: {pause:?}"
            );
            assert_eq!(code, Code::RateLimited);
        }
        assert_eq!(
            kind(403, &reason("accessNotConfigured")),
            (FailureKind::Account, Code::ClientRejected)
        );
        assert_eq!(kind(429, "").1, Code::RateLimited);
    }

    #[test]
    fn details_without_errors_are_read_too() {
        let body =
            r#"{"error":{"code":403,"details":[{"@type":"t","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#;
        assert_eq!(kind(403, body).1, Code::MissingScope);
    }

    #[test]
    fn html_and_nothing_are_failures_that_pass() {
        assert_eq!(kind(502, "<html>oops</html>").0, FailureKind::Passing);
        assert_eq!(kind(503, "").0, FailureKind::Passing);
    }
    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn p3_a_page_that_is_not_googles_says_what_its_status_says_and_never_that_something_is_gone(
            status in 300..600_u16,
            page in a_foreign_page(),
        ) {
            let meant = kind(status, &page);
            prop_assert_eq!(meant, kind(status, ""));
            prop_assert!(meant.0 != FailureKind::Gone && meant.0 != FailureKind::Final);
        }

        #[test]
        fn an_error_is_known_by_status_and_reason_whatever_stands_beside(
            status in prop::sample::select(vec![400, 401, 403, 404, 409, 410, 412, 429, 500, 503]),
            (plain, error) in an_error(),
        ) {
            prop_assert_eq!(kind(status, &error), kind(status, &plain));
        }
    }

    /// An error that says nothing but its reason, and the same with other fields, of which some are odd.
    fn an_error() -> impl Strategy<Value = (String, String)> {
        let reason = prop::sample::select(vec![
            "deleted",
            "notFound",
            "forbidden",
            "insufficientPermissions",
            "SERVICE_DISABLED",
            "quotaExceeded",
            "rateLimitExceeded",
            "dailyLimitExceeded",
            "fullSyncRequired",
            "required",
        ]);
        let list = prop::sample::select(vec!["errors", "details"]);
        (reason, list).prop_flat_map(|(reason, list)| {
            let plain = json!({"error": {list: [{"reason": reason}]}}).to_string();
            let full = json!({"error": {
                "code": 403, "message": "m", "status": "PERMISSION_DENIED",
                list: [{"reason": reason, "domain": "d", "location": "l", "message": "m", "metadata": {"service": "s"}}],
            }, "more": {}});
            let list = format!("/error/{list}");
            let [item, reason] = ["/0", "/0/reason"].map(|below| format!("{list}{below}"));
            let error = spoiled(&full, &["/error", &list, &item, &reason]);
            error.prop_map(move |error| (plain.clone(), error))
        })
    }
}
