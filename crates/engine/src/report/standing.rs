//! Where a meeting stands, in one word and a reason, and what the person can press there.

use reconvene_core::plan::{Decision, Reason};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Change, MeetingState, PlannedAction, Remedy};

use crate::store::events::Stored;
use crate::store::outbox::Pending;

/// Where a meeting stands for one event: `shares` when it was made for a living one, `heard` unless its organizer's copy is
/// on a calendar that can no longer be read, `asks_nothing` why the event itself names no time for it.
pub(super) fn state(
    stored: &Stored,
    (shares, heard): (bool, bool),
    asks_nothing: Option<Reason>,
    decision: &Decision,
    pending: Option<&Pending>,
    problem: Option<&Problem>,
    differences: &[Change],
) -> (MeetingState, String) {
    match problem {
        // A copy, or a changed date, beside the event that the meeting was made for: the problem is that one's.
        Some(_) if stored.proof.is_none() && shares => {
            return (
                MeetingState::WatchedOnly,
                Reason::MadeForAnother.sentence().to_owned(),
            );
        }
        // It was only looked at, and no account shows it.
        Some(problem) if stored.proof.is_none() => {
            return (MeetingState::WatchedOnly, problem.message.clone());
        }
        Some(problem)
            if matches!(
                problem.code,
                Code::NotExpressible | Code::Drifted | Code::OutOfStepBefore
            ) =>
        {
            return (MeetingState::OutOfStep, problem.message.clone());
        }
        Some(problem) => return (MeetingState::Failed, problem.message.clone()),
        None => {}
    }
    if let Some(pending) = pending {
        let words = |text: &str| text.to_owned();
        return match pending.action {
            _ if pending.held => (MeetingState::Held, words("Its deletion waits for your word.")),
            PlannedAction::Delete if stored.gone_since.is_none() => {
                (MeetingState::Deleting, words("No date of its series is left."))
            }
            PlannedAction::Delete => (MeetingState::Deleting, words("Its event was cancelled.")),
            PlannedAction::Update if pending.attempts > 0 => (
                MeetingState::Updating,
                words("The last attempt failed; it is tried again."),
            ),
            PlannedAction::Update => (MeetingState::Updating, words("The change is on its way.")),
            PlannedAction::Look if pending.attempts > 0 => (
                MeetingState::Updating,
                words("It could not be looked at; that is tried again."),
            ),
            PlannedAction::Look => (MeetingState::Updating, words("It is being looked at.")),
            PlannedAction::Undo => (
                MeetingState::Updating,
                words("The last change is being taken back."),
            ),
        };
    }
    let other_state = match decision {
        Decision::Leave(Reason::Unscheduled) => MeetingState::NothingToSync,
        Decision::Leave(Reason::Ignored | Reason::Ambiguous) if !differences.is_empty() => {
            MeetingState::OutOfStep
        }
        Decision::Leave(_) | Decision::Forget => MeetingState::WatchedOnly,
        Decision::Update(_) | Decision::Look if stored.proof.is_some() => {
            return (MeetingState::OutOfStep, "It differs from its event.".to_owned());
        }
        // A copy beside the event that the meeting was made for is not itself in step with anything.
        _ if stored.proof.is_none() => MeetingState::WatchedOnly,
        _ if asks_nothing.is_some() => MeetingState::WatchedOnly,
        _ if !heard => {
            let reason = "The calendar of its event can no longer be read.";
            return (MeetingState::WatchedOnly, reason.to_owned());
        }
        _ => return (MeetingState::InStep, String::new()),
    };
    let reason = match decision {
        Decision::Leave(reason) => *reason,
        _ => asks_nothing.unwrap_or(Reason::MadeForAnother),
    };
    (other_state, reason.sentence().to_owned())
}

/// What can be pressed where a meeting stands so; `found` when it was ever read.
pub(super) fn remedies(state: MeetingState, problem: Option<&Problem>, found: bool) -> Vec<Remedy> {
    match state {
        // Trying again would bring the same riddle.
        MeetingState::Failed if problem.is_some_and(|problem| problem.code == Code::EventNotUnderstood) => {
            vec![Remedy::Ignore]
        }
        MeetingState::Failed if found && problem.is_some_and(|problem| problem.code == Code::MeetingGone) => {
            vec![Remedy::Recreate, Remedy::Retry, Remedy::Ignore]
        }
        MeetingState::Failed => vec![Remedy::Retry, Remedy::Ignore],
        MeetingState::Held => vec![Remedy::Approve, Remedy::Ignore],
        MeetingState::OutOfStep => vec![Remedy::Retry],
        _ => Vec::new(),
    }
}
