//! Why a meeting is not made, or not yet, in plain words.

use jiff::Timestamp;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;

use crate::failure::{Failure, FailureKind};

pub(super) fn no_event() -> Problem {
    Problem::lasting(
        Code::EventGone,
        "The event is not there any more.",
        "No meeting was added.",
    )
}

pub(super) fn has_one() -> Problem {
    Problem::lasting(
        Code::HasMeeting,
        "The event has a meeting already.",
        "Take it off the event first if you want another one.",
    )
}

pub(super) fn in_preview() -> Problem {
    Problem::lasting(
        Code::Held,
        "Preview only: nothing is written until you switch the preview off.",
        "Switch it off under Settings, and add the meeting again.",
    )
}

pub(super) fn begun() -> Problem {
    Problem::lasting(
        Code::InThePast,
        "The event has begun already or is over, and no meeting can be scheduled for the past.",
        "Move the event to a time to come, and add the meeting again.",
    )
}

pub(super) fn no_room() -> Problem {
    Problem::lasting(
        Code::Refused,
        "The event has a location, and its description is too long to take the meeting as well.",
        "Shorten the description or empty the location, and add the meeting again.",
    )
}

pub(super) fn signed_out() -> Problem {
    Problem::lasting(
        Code::NotSignedIn,
        "You signed out of the calendar while a meeting was being added to an event of it.",
        "",
    )
}

pub(super) fn deleted_meanwhile() -> Problem {
    Problem::lasting(
        Code::MeetingGone,
        "The new meeting was deleted at its provider before the event could show it.",
        "Add it again.",
    )
}

pub(super) fn write_refused(problem: Problem) -> Problem {
    Problem {
        retryable: false,
        hint: "The event was not changed.".to_owned(),
        ..problem
    }
}

/// What a person hears who has not allowed Reconvene to change events, or not any more.
pub(crate) fn not_allowed() -> Failure {
    let problem = Problem::lasting(
        Code::MissingScope,
        "Reconvene may only read your calendar so far; to add a meeting it must write it on the event.",
        "Allow it under Accounts, or with `reconvene account add google --write`. Nothing else is ever written.",
    );
    Failure::new(FailureKind::Account, problem)
}

pub(super) fn nobody(service: Service) -> Failure {
    let problem = Problem::lasting(
        Code::NotSignedIn,
        format!("You are not signed in to {}.", service.name()),
        "Connect it under Accounts; the meeting is added then.",
    );
    Failure::new(FailureKind::Account, problem)
}

pub(super) fn contested() -> Failure {
    let problem = Problem::passing(
        Code::ServiceFailed,
        "The event changes faster than anything can be written on it.",
        "Reconvene tries again by itself while it runs.",
    );
    Failure::new(FailureKind::Passing, problem)
}

pub(super) fn unknown_yet(until: Timestamp) -> Failure {
    let problem = Problem::passing(
        Code::TimedOut,
        "The provider has not said whether it made the meeting.",
        "Reconvene looks for it, and makes one only when there is none.",
    );
    Failure::new(FailureKind::NotBefore(until), problem)
}
