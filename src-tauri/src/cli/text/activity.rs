//! What was done, in plain text.

use reconvene_core::report::{ActivityEntry, Change, Outcome, Remedy, Slot};

use super::{Retries, local, sentence};

/// One result on a line of its own, with what stands in the way below it.
pub(crate) fn entry_text(entry: &ActivityEntry, retries: Retries) -> String {
    let outcome = match entry.outcome {
        Outcome::InStep => "in step",
        Outcome::Updated => "updated",
        Outcome::Created => "created",
        Outcome::Deleted => "deleted",
        Outcome::Kept => "kept",
        Outcome::Undone => "undone",
        Outcome::Refused => "refused",
        Outcome::Waiting => "waiting",
        Outcome::NeedsYou => "needs you",
    };
    let changes: Vec<String> = entry.changes.iter().map(change_text).collect();
    let meeting = entry
        .meeting
        .map(|meeting| format!(" ({meeting})"))
        .unwrap_or_default();
    let mut out = format!("{}  {:<9}  {}{meeting}", local(entry.at), outcome, entry.title);
    if !changes.is_empty() {
        out = format!("{out}: {}", changes.join("; "));
    }
    if entry.undone {
        out = format!("{out} (undone since)");
    }
    if let Some(problem) = &entry.problem {
        out = format!("{out}\n    {}", sentence(problem));
    }
    if let Some(answer) = &entry.answer
        && entry.problem.is_some()
    {
        let words = answer.words.as_deref().unwrap_or_default();
        // Some services repeat the status as their code.
        let code = answer
            .code
            .as_deref()
            .filter(|code| *code != answer.status.to_string())
            .map(|code| format!(" {code}"))
            .unwrap_or_default();
        out = format!(
            "{out}\n    {} said: {}{code} {words}",
            entry.service.name(),
            answer.status
        );
    }
    if let Some(next) = entry.next_try {
        let when = match retries {
            Retries::Agent => local(next),
            Retries::NextSync => "at the next sync".to_owned(),
        };
        let attempt = entry.attempts.saturating_add(1);
        out = format!("{out}\n    Next try {when} (attempt {attempt}).");
    }
    match (entry.meeting, entry.remedies.as_slice()) {
        (Some(meeting), remedies @ [_, ..]) => {
            let words: Vec<String> = remedies
                .iter()
                .map(|remedy| match remedy {
                    Remedy::Undo => format!("reconvene undo {}", entry.id),
                    remedy => remedy_text(*remedy, &meeting.to_string()),
                })
                .collect();
            format!("{out}\n    You can: {}", words.join(", "))
        }
        // An event without a meeting has nothing that could be named, but whose sign-in helps is known.
        (None, remedies) => {
            let helps = |remedy: &&Remedy| matches!(remedy, Remedy::SignIn | Remedy::Permit);
            match remedies.iter().find(helps) {
                Some(remedy) => format!("{out}\n    You can: {}", remedy_text(*remedy, "")),
                None => out,
            }
        }
        _ => out,
    }
}

fn remedy_text(remedy: Remedy, meeting: &str) -> String {
    match remedy {
        Remedy::Retry => format!("reconvene retry {meeting}"),
        Remedy::Ignore => format!("reconvene ignore {meeting}"),
        Remedy::Fix | Remedy::Approve => format!("reconvene approve {meeting}"),
        Remedy::Undo => format!("reconvene undo {meeting}"),
        Remedy::Bond => format!("reconvene bond {meeting}"),
        Remedy::SignIn => "reconvene account add".to_owned(),
        Remedy::Permit => "reconvene account add google --write".to_owned(),
        Remedy::Recreate => format!("reconvene meeting recreate {meeting}"),
    }
}

pub(super) fn change_text(change: &Change) -> String {
    match change {
        Change::Topic { before, after } => format!("“{before}” → “{after}”"),
        Change::Start { before, after } => format!("{} → {}", local(*before), local(*after)),
        Change::Duration { before, after } => format!("{before} min → {after} min"),
        Change::Zone { before, after } | Change::Rule { before, after } => format!("{before} → {after}"),
        Change::Date { before, after, .. } => format!("{} → {}", slot(*before), slot(*after)),
        Change::DateTopic { date, before, after } => format!("{}: “{before}” → “{after}”", local(*date)),
    }
}

/// When one date of a series takes place.
fn slot(slot: Option<Slot>) -> String {
    match slot {
        Some(slot) => format!("{}, {} min", local(slot.start), slot.minutes),
        None => "no date".to_owned(),
    }
}
