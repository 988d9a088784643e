//! What would be done, in plain text.

use jiff::Timestamp;
use reconvene_core::report::{ActionView, AdditionView, PlanView, PlannedAction, Wait};

use super::activity::change_text;
use super::{Retries, lines, local};

pub(super) fn plan_text(plan: &PlanView, retries: Retries) -> String {
    let fresh = match plan.fresh_as_of {
        Some(at) => format!("From the calendars as of {}.", local(at)),
        None => "No calendar was read yet: `reconvene sync` reads them.".to_owned(),
    };
    let mut out: Vec<String> = plan
        .actions
        .iter()
        .map(|action| action_text(action, retries))
        .chain(
            plan.additions
                .iter()
                .map(|addition| addition_text(addition, retries)),
        )
        .collect();
    if out.is_empty() {
        out.push("There is nothing to do.".to_owned());
    }
    out.push(fresh);
    if plan.preview {
        out.push("Preview only: none of it is written.".to_owned());
    }
    if plan.paused {
        out.push("Paused: none of it is done by itself.".to_owned());
    }
    lines(out)
}

/// One action on a line of its own, with why it waits below it.
fn action_text(action: &ActionView, retries: Retries) -> String {
    let what = match action.action {
        PlannedAction::Look => "look",
        PlannedAction::Update => "update",
        PlannedAction::Delete => "delete",
        PlannedAction::Undo => "undo",
    };
    let when = when(action.waits, action.due, retries);
    let changes: Vec<String> = action.changes.iter().map(change_text).collect();
    let mut out = format!("{when:<16}  {what:<9}  {} ({})", action.title, action.meeting);
    if !changes.is_empty() {
        out = format!("{out}: {}", changes.join("; "));
    }
    if !action.beyond.is_empty() {
        let beyond: Vec<String> = action.beyond.iter().map(change_text).collect();
        out = format!(
            "{out}\n    {} cannot hold: {}",
            action.conference,
            beyond.join("; ")
        );
    }
    if !action.reason.is_empty() {
        out = format!("{out}\n    {}", action.reason);
    }
    if let Some(problem) = &action.problem {
        let seen = match action.seen {
            Some(at) => format!("This is from {}.", local(at)),
            None => "It was never read.".to_owned(),
        };
        out = format!(
            "{out}\n    The meeting could not be read just now: {} {seen}",
            problem.message
        );
    }
    out
}

/// A meeting that would be made, likewise.
fn addition_text(addition: &AdditionView, retries: Retries) -> String {
    let when = when(addition.waits, addition.due, retries);
    let what = format!("{} for {}", addition.conference, addition.title);
    format!("{when:<16}  {:<9}  {what}\n    {}", "create", addition.reason)
}

fn when(waits: Option<Wait>, due: Timestamp, retries: Retries) -> String {
    match (waits, retries) {
        (None, Retries::Agent) => "now".to_owned(),
        (None | Some(Wait::Retry), Retries::NextSync) => "at the next sync".to_owned(),
        (Some(Wait::Grace | Wait::Retry), _) => local(due),
        (Some(Wait::Account), _) => "later".to_owned(),
        (Some(Wait::Held), _) => "held".to_owned(),
        (Some(Wait::Paused), _) => "paused".to_owned(),
        (Some(Wait::Preview), _) => "not now".to_owned(),
    }
}
