//! Why a request to a service did not yield what was asked, classified for what to do next.
//!
//! The classes come from statuses, reasons and codes; each client maps its own service's onto them. Message text is
//! carried along for the person and never decided by.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Answer, Service};

use crate::ports::{Dice, TransportError};

/// One failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) problem: Problem,
    pub(crate) answer: Option<Answer>,
}

/// What a failure means for what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// It may pass: try this again later.
    Passing,
    /// The service asks every request of this account to wait until an instant.
    Limited(Timestamp),
    /// This one thing is to wait until an instant; nothing is wrong with its account.
    NotBefore(Timestamp),
    /// The account cannot be used until the person acts.
    Account,
    /// The thing asked for is not there.
    Gone,
    /// The answer is no, and will stay no.
    Final,
    /// The calendar's sync token is not valid any more.
    StaleToken,
    /// It was not sent: so much time had passed since that what led to it may have changed.
    Late,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, problem: Problem) -> Self {
        Self {
            kind,
            problem,
            answer: None,
        }
    }

    pub(crate) fn with_answer(self, answer: Answer) -> Self {
        Self {
            answer: Some(answer),
            ..self
        }
    }

    /// A request that was not sent in time, as when the machine slept while it waited for its turn.
    pub(crate) fn late(service: Service) -> Self {
        let problem = Problem::passing(
            Code::ServiceFailed,
            format!(
                "Nothing was sent to {}: the computer slept meanwhile.",
                service.name()
            ),
            "Reconvene reads anew what is to be done.",
        );
        Self::new(FailureKind::Late, problem)
    }

    /// No answer at all.
    pub(crate) fn unanswered(service: Service, error: &TransportError) -> Self {
        Self::new(FailureKind::Passing, unanswered(service, error))
    }

    /// An answer that is not what the service speaks: HTML, cut JSON, nothing.
    pub(crate) fn unreadable(service: Service, status: u16) -> Self {
        Self::new(FailureKind::Passing, unreadable(service)).with_answer(Answer {
            status,
            code: None,
            words: None,
        })
    }

    /// A failure on the service's side; `until` is when it wants to be asked again, if it said so.
    pub(crate) fn failed_service(service: Service, until: Option<Timestamp>, answer: Answer) -> Self {
        let problem = Problem::passing(
            Code::ServiceFailed,
            format!(
                "{} has a problem on its side (status {}).",
                service.name(),
                answer.status
            ),
            "Reconvene tries again by itself while it runs.",
        );
        let kind = until.map_or(FailureKind::Passing, FailureKind::Limited);
        Self::new(kind, problem).with_answer(answer)
    }

    /// Whether the request may have been carried out all the same: its answer was lost, or is none to go by. That a gateway
    /// says when to come back says nothing about it.
    pub(crate) fn leaves_open(&self) -> bool {
        match self.kind {
            FailureKind::Late => false,
            kind => kind == FailureKind::Passing || self.problem.code == Code::ServiceFailed,
        }
    }

    /// The service asks to slow down until an instant.
    pub(crate) fn limited(service: Service, until: Timestamp, answer: Answer) -> Self {
        Self {
            kind: FailureKind::Limited(until),
            ..Self::throttled(service, answer)
        }
    }

    /// The service asks to slow down and does not say for how long.
    pub(crate) fn throttled(service: Service, answer: Answer) -> Self {
        let problem = Problem::passing(
            Code::RateLimited,
            format!("{} asks to slow down.", service.name()),
            "Reconvene waits as long as it was asked to and then goes on by itself while it runs.",
        );
        Self::new(FailureKind::Passing, problem).with_answer(answer)
    }

    /// The grant is not accepted any more.
    pub(crate) fn sign_in_again(service: Service) -> Self {
        Self::new(FailureKind::Account, sign_in_again(service))
    }
}

/// How a missing answer is put to the person.
pub(crate) fn unanswered(service: Service, error: &TransportError) -> Problem {
    let name = service.name();
    match error {
        TransportError::Unreachable(_) => Problem::passing(
            Code::Offline,
            format!("{name} cannot be reached."),
            "Check the network connection. Reconvene tries again by itself while it runs.",
        ),
        TransportError::Unanswered(_) => Problem::passing(
            Code::TimedOut,
            format!("{name} did not answer in time."),
            "Reconvene reads back what came of it and tries again by itself while it runs.",
        ),
        TransportError::TooLarge { .. } => unreadable(service),
    }
}

/// What a person is told when a grant is gone.
pub(crate) fn sign_in_again(service: Service) -> Problem {
    Problem::lasting(
        Code::SignInAgain,
        format!("{} no longer accepts the sign-in.", service.name()),
        "Sign in again under Accounts; nothing that waits is lost.",
    )
}

fn unreadable(service: Service) -> Problem {
    Problem::passing(
        Code::UnreadableAnswer,
        format!("{} answered something that cannot be understood.", service.name()),
        "A hotel or office network may be in between: open a web page to sign in to it. Reconvene tries again by itself while it runs.",
    )
}

/// A problem of the account layer (keyring, refresh) as a failed request. A locked keyring may open by itself, but each
/// attempt may make the desktop ask for its password: it is left alone like a lost grant.
impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let passes = problem.retryable && problem.code != Code::KeyringLocked;
        Self::new(
            if passes {
                FailureKind::Passing
            } else {
                FailureKind::Account
            },
            problem,
        )
    }
}

/// How long an account that needs the person is left in peace: shortly for the keyring, which opens with the session.
pub(crate) fn account_pause(problem: &Problem, now: Timestamp) -> Timestamp {
    let keyring = matches!(
        problem.code,
        Code::KeyringLocked | Code::KeyringMissing | Code::KeyringRefused
    );
    later(
        now,
        if keyring {
            SignedDuration::from_mins(5)
        } else {
            SignedDuration::from_mins(60)
        },
    )
}

/// The first pause after a failure, in seconds; it doubles with each further one.
const FIRST_PAUSE: i64 = 2;
/// The longest pause between two attempts by themselves.
const LONGEST_BACKOFF: SignedDuration = SignedDuration::from_mins(15);
/// A service that asks for a longer pause than this is asked again after it.
pub(crate) const LONGEST_OBEDIENCE: SignedDuration = SignedDuration::from_hours(25);

/// When to try again after `attempts` failed attempts: exponential, with up to a second, or a quarter, of jitter
/// (<https://developers.google.com/workspace/calendar/api/guides/quota#exponential>).
pub(crate) fn backoff(attempts: u32, now: Timestamp, dice: &dyn Dice) -> Timestamp {
    let doubled = FIRST_PAUSE << attempts.saturating_sub(1).min(16);
    let pause = SignedDuration::from_secs(doubled).min(LONGEST_BACKOFF);
    let jitter = (pause.as_millis() / 4).max(1_000) as f64 * dice.unit();
    later(now, pause + SignedDuration::from_millis(jitter as i64))
}

/// When to do a recurring thing next: after `pause` ±25 %, so that what began together drifts apart
/// (<https://developers.google.com/workspace/calendar/api/guides/quota#use-random-times>).
pub(crate) fn spread(pause: SignedDuration, now: Timestamp, dice: &dyn Dice) -> Timestamp {
    later(now, pause.mul_f64(0.75 + 0.5 * dice.unit()))
}

/// Reads `Retry-After` in the forms met in the wild: seconds and HTTP date (RFC 9110 §10.2.3), and the ISO 8601
/// instant that Zoom sends (<https://developers.zoom.us/docs/api/rate-limits/>). A past or absurd one is clamped.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Timestamp> {
    let value = value.trim();
    let until = if let Ok(seconds) = value.parse::<f64>() {
        if !seconds.is_finite() {
            return None;
        }
        later(
            now,
            SignedDuration::from_secs(seconds.clamp(0.0, 1e9).ceil() as i64),
        )
    } else if let Ok(instant) = value.parse::<Timestamp>() {
        instant
    } else if let Ok(local) = value.parse::<DateTime>() {
        local.to_zoned(TimeZone::UTC).ok()?.timestamp()
    } else {
        http_date(value)?
    };
    Some(until.clamp(
        later(now, SignedDuration::from_secs(1)),
        later(now, LONGEST_OBEDIENCE),
    ))
}

/// An HTTP date, in the form of today or in one of the two from before, all of which are to be understood (RFC 9110 §5.6.7).
fn http_date(value: &str) -> Option<Timestamp> {
    const FROM_BEFORE: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    if let Ok(instant) = rfc2822::DateTimeParser::new().parse_timestamp(value) {
        return Some(instant);
    }
    let read = |form: &&str| DateTime::strptime(form, value).ok();
    let utc = FROM_BEFORE.iter().find_map(read)?;
    Some(utc.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The next midnight in UTC, when daily budgets start anew, and up to ten minutes more so that not everybody comes
/// back in the same second.
pub(crate) fn next_utc_day(now: Timestamp, dice: &dyn Dice) -> Timestamp {
    let midnight = now
        .to_zoned(TimeZone::UTC)
        .date()
        .checked_add(1.day())
        .and_then(|day| day.to_zoned(TimeZone::UTC))
        .map_or(now, |zoned| zoned.timestamp());
    later(
        midnight,
        SignedDuration::from_secs(5 + (595.0 * dice.unit()) as i64),
    )
}

/// `instant` and a while, at most the end of time.
pub(crate) fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The provider's words, cut to what a log line bears.
pub(crate) fn words(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(500).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
