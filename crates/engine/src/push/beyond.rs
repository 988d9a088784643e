//! What of an event its meeting cannot hold, in words.

use jiff::Timestamp;
use reconvene_core::amend::Amendment;
use reconvene_core::event::Schedule;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Change;

/// So many dates are named; of more, how many.
const NAMED: usize = 3;

/// Why a meeting is as near to its event as it can be and no nearer; none when it equals it.
pub(super) fn problem(amendment: &Amendment, wanted: &Schedule) -> Option<Problem> {
    let zone = wanted.zone.as_deref().unwrap_or("UTC");
    let (mut dates, mut titles, mut sentences) = (Vec::new(), Vec::new(), Vec::new());
    for change in &amendment.beyond {
        match change {
            Change::Start { .. } => return Some(in_the_past()),
            Change::Date {
                after: Some(slot), ..
            } => dates.push(local(slot.start, zone)),
            Change::DateTopic { date, after, .. } => {
                titles.push(format!("“{after}” ({})", local(*date, zone)))
            }
            Change::Rule { after, .. } => sentences.push(format!(
                "The event repeats {after}; its meeting stands for the next date only."
            )),
            Change::Topic { .. } | Change::Duration { .. } | Change::Zone { .. } | Change::Date { .. } => {}
        }
    }
    if !dates.is_empty() {
        sentences.push(format!("Not in the meeting: {}.", listed(&dates)));
    }
    if !titles.is_empty() {
        sentences.push(format!(
            "Zoom keeps one title for all dates; not carried over: {}.",
            listed(&titles)
        ));
    }
    sentences.splice(0..0, amendment.reason.map(|reason| reason.sentence().to_owned()));
    (!amendment.beyond.is_empty()).then(|| {
        Problem::lasting(
            Code::NotExpressible,
            sentences.join(" "),
            "Everything else was carried over. The join link works for every date.",
        )
    })
}

/// An instant in the words of a zone, an IANA name.
pub(crate) fn local(instant: Timestamp, zone: &str) -> String {
    instant.in_tz(zone).map_or_else(
        |_| instant.to_string(),
        |local| local.strftime("%Y-%m-%d %H:%M %Z").to_string(),
    )
}

/// The first of some items, and how many more there are.
pub(crate) fn listed(items: &[String]) -> String {
    let named = items.get(..NAMED).unwrap_or(items).join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn in_the_past() -> Problem {
    Problem::lasting(
        Code::InThePast,
        "The event now begins in the past, and Zoom moves no meeting there.",
        "Move the event to a time to come, or leave the meeting as it is.",
    )
}
