//! From the status to what the tray shows. Pure, so that every wording can be tried in a table.
//!
//! Times are clock times, not ages: an age would have to be rewritten on a timer while nothing happens, and an idle
//! agent should wake nobody.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use reconvene_core::id::MeetingId;
use reconvene_core::report::{ActivityEntry, Change, Outcome, Overall, Status};

/// How many results the menu lists.
pub(crate) const RESULTS: usize = 3;
/// Longer titles are cut, so that the menu stays a menu.
const LONGEST_TITLE: usize = 40;

/// The icon's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    InStep,
    Syncing,
    NeedsYou,
    Paused,
    Offline,
}

/// Everything that icon and menu show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrayView {
    pub(crate) shape: Shape,
    /// The state and how fresh it is.
    pub(crate) state: String,
    /// The next meeting that can be joined.
    pub(crate) join: Option<(MeetingId, String)>,
    /// The last results, newest first; at most [`RESULTS`].
    pub(crate) results: Vec<String>,
    pub(crate) paused: bool,
    /// Whether "Sync now" would do anything.
    pub(crate) can_sync: bool,
}

impl TrayView {
    /// What to show for `status` at `now` to somebody in `zone`.
    pub(crate) fn of(status: &Status, now: Timestamp, zone: &TimeZone) -> Self {
        let now = now.to_zoned(zone.clone());
        let paused = status.overall == Overall::Paused;
        Self {
            shape: match status.overall {
                Overall::InStep => Shape::InStep,
                Overall::Syncing => Shape::Syncing,
                Overall::NeedsYou | Overall::NotSetUp => Shape::NeedsYou,
                Overall::Paused | Overall::Preview => Shape::Paused,
                Overall::Offline => Shape::Offline,
            },
            state: state_line(status, &now),
            join: status.next.as_ref().map(|next| {
                let at = next.start.to_zoned(zone.clone());
                (
                    next.id,
                    format!("Join {} – {}", title(&next.title), moment(&at, &now)),
                )
            }),
            results: status
                .recent
                .iter()
                .take(RESULTS)
                .map(|entry| result_line(entry, &now))
                .collect(),
            paused,
            can_sync: !paused && status.overall != Overall::NotSetUp,
        }
    }
}

fn state_line(status: &Status, now: &Zoned) -> String {
    let counts = &status.counts;
    let words = match status.overall {
        Overall::NotSetUp => return "Not set up yet – open Reconvene to begin".to_owned(),
        Overall::InStep if counts.in_step == 1 => "1 meeting in step".to_owned(),
        Overall::InStep if counts.in_step > 1 => format!("{} meetings in step", counts.in_step),
        Overall::InStep => "In step".to_owned(),
        Overall::Syncing => "Syncing…".to_owned(),
        Overall::NeedsYou => needs_you(status),
        Overall::Paused => "Paused".to_owned(),
        Overall::Preview => "Preview only, nothing is changed".to_owned(),
        Overall::Offline => "Offline".to_owned(),
    };
    match status.fresh_as_of {
        // What is under way makes its own news in a moment.
        Some(_) if status.overall == Overall::Syncing => words,
        Some(at) => {
            let at = moment(&at.to_zoned(now.time_zone().clone()), now);
            format!("{words} – as of {at}")
        }
        None => format!("{words} – never checked yet"),
    }
}

fn needs_you(status: &Status) -> String {
    let held = status.held.len();
    let failed = status.counts.failed;
    match (held, failed, status.problems.first()) {
        (1, _, _) => "Needs you: 1 deletion held".to_owned(),
        (2.., _, _) => format!("Needs you: {held} deletions held"),
        (0, 1, _) => "Needs you: 1 meeting failed".to_owned(),
        (0, 2.., _) => format!("Needs you: {failed} meetings failed"),
        (0, 0, Some(problem)) => format!("Needs you: {}", cut(problem.message.trim_end_matches('.'), 60)),
        (0, 0, None) => "Needs you".to_owned(),
    }
}

fn result_line(entry: &ActivityEntry, now: &Zoned) -> String {
    let zone = now.time_zone();
    let moved = entry.changes.iter().find_map(|change| match change {
        Change::Start { after, .. } => Some(moment(&after.to_zoned(zone.clone()), now)),
        _ => None,
    });
    let renamed = entry
        .changes
        .iter()
        .any(|change| matches!(change, Change::Topic { .. }));
    let title = title(&entry.title);
    let what = match (entry.outcome, moved) {
        (Outcome::Updated, Some(to)) => format!("Moved {title} to {to}"),
        (Outcome::Updated, None) if renamed => format!("Renamed {title}"),
        (Outcome::Updated, None) => format!("Updated {title}"),
        (Outcome::InStep, _) => format!("{title} is in step"),
        (Outcome::Created, _) => format!("Added a meeting to {title}"),
        (Outcome::Deleted, _) => format!("Deleted {title}"),
        (Outcome::Undone, _) => format!("Undid {title}"),
        (Outcome::Kept, _) => format!("Kept {title}"),
        (Outcome::Refused, _) => format!("{} refused {title}", entry.service.name()),
        (Outcome::Waiting, _) => format!("Waiting: {title}"),
        (Outcome::NeedsYou, _) => format!("Needs you: {title}"),
    };
    let mark = match entry.outcome {
        Outcome::InStep
        | Outcome::Updated
        | Outcome::Created
        | Outcome::Deleted
        | Outcome::Kept
        | Outcome::Undone => "✓",
        Outcome::Waiting => "…",
        Outcome::Refused | Outcome::NeedsYou => "!",
    };
    format!("{mark}  {what}")
}

/// A title in quotation marks, cut when it is long.
fn title(text: &str) -> String {
    match text.trim() {
        "" => "an untitled meeting".to_owned(),
        text => format!("“{}”", cut(text, LONGEST_TITLE)),
    }
}

fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A moment as briefly as it stays clear: the time today, the weekday within a week, else the date.
fn moment(at: &Zoned, now: &Zoned) -> String {
    let days = (at.date() - now.date()).get_days();
    let form = match days {
        0 => "%H:%M",
        1 => "tomorrow %H:%M",
        -1 => "yesterday %H:%M",
        2..=6 => "%a %H:%M",
        _ => "%-d %b %H:%M",
    };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reconvene_core::id::EntryId;
    use reconvene_core::problem::{Code, Problem};
    use reconvene_core::report::{Counts, NextMeeting, Service};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn status(overall: Overall) -> Status {
        Status {
            revision: 1,
            overall,
            fresh_as_of: Some(at("2026-03-10T13:32:00Z")),
            counts: Counts::default(),
            next: None,
            recent: Vec::new(),
            accounts: Vec::new(),
            calendars: Vec::new(),
            problems: Vec::new(),
            asking: Vec::new(),
            held: Vec::new(),
            preview: false,
        }
    }

    fn view(status: &Status) -> TrayView {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        TrayView::of(status, at("2026-03-10T13:33:00Z"), &zone)
    }

    fn entry(outcome: Outcome, changes: Vec<Change>) -> ActivityEntry {
        ActivityEntry {
            id: EntryId(1),
            at: at("2026-03-10T13:32:00Z"),
            meeting: Some(MeetingId(1)),
            title: "Design review".into(),
            service: Service::Zoom,
            outcome,
            changes,
            problem: None,
            answer: None,
            attempts: 1,
            next_try: None,
            remedies: Vec::new(),
            undone: false,
        }
    }

    #[test]
    fn the_state_line_says_the_state_and_how_fresh_it_is() {
        let line = |change: fn(&mut Status), overall| {
            let mut status = status(overall);
            change(&mut status);
            view(&status).state
        };
        type Row = (Overall, fn(&mut Status), &'static str);
        let rows: [Row; 11] = [
            (Overall::InStep, |_| {}, "In step – as of 14:32"),
            (
                Overall::InStep,
                |s| s.counts.in_step = 12,
                "12 meetings in step – as of 14:32",
            ),
            (
                Overall::InStep,
                |s| s.fresh_as_of = None,
                "In step – never checked yet",
            ),
            (Overall::Syncing, |_| {}, "Syncing…"),
            (Overall::Paused, |_| {}, "Paused – as of 14:32"),
            (
                Overall::Preview,
                |_| {},
                "Preview only, nothing is changed – as of 14:32",
            ),
            (
                Overall::Offline,
                |s| s.fresh_as_of = Some("2026-03-09T08:00:00Z".parse().unwrap()),
                "Offline – as of yesterday 09:00",
            ),
            (
                Overall::NeedsYou,
                |s| s.held = vec![MeetingId(1); 7],
                "Needs you: 7 deletions held – as of 14:32",
            ),
            (
                Overall::NeedsYou,
                |s| s.counts.failed = 1,
                "Needs you: 1 meeting failed – as of 14:32",
            ),
            (
                Overall::NeedsYou,
                |s| {
                    s.problems = vec![Problem::lasting(
                        Code::SignInAgain,
                        "Google wants you to sign in again.",
                        "",
                    )]
                },
                "Needs you: Google wants you to sign in again – as of 14:32",
            ),
            (
                Overall::NotSetUp,
                |_| {},
                "Not set up yet – open Reconvene to begin",
            ),
        ];
        for (overall, change, expected) in rows {
            assert_eq!(line(change, overall), expected);
        }
    }

    #[test]
    fn each_state_has_its_own_shape() {
        let shapes = [
            (Overall::InStep, Shape::InStep),
            (Overall::Syncing, Shape::Syncing),
            (Overall::NeedsYou, Shape::NeedsYou),
            (Overall::NotSetUp, Shape::NeedsYou),
            (Overall::Paused, Shape::Paused),
            (Overall::Preview, Shape::Paused),
            (Overall::Offline, Shape::Offline),
        ];
        for (overall, shape) in shapes {
            assert_eq!(view(&status(overall)).shape, shape);
        }
    }

    #[test]
    fn results_say_what_was_done_to_which_meeting() {
        let start = Change::Start {
            before: at("2026-03-11T09:00:00Z"),
            after: at("2026-03-12T09:00:00Z"),
        };
        let topic = Change::Topic {
            before: "Old".into(),
            after: "Design review".into(),
        };
        let rows = [
            (
                entry(Outcome::Updated, vec![start]),
                "✓  Moved “Design review” to Thu 10:00",
            ),
            (entry(Outcome::Updated, vec![topic]), "✓  Renamed “Design review”"),
            (entry(Outcome::Deleted, vec![]), "✓  Deleted “Design review”"),
            (entry(Outcome::Refused, vec![]), "!  Zoom refused “Design review”"),
            (entry(Outcome::Waiting, vec![]), "…  Waiting: “Design review”"),
        ];
        for (entry, expected) in rows {
            let mut status = status(Overall::InStep);
            status.recent = vec![entry];
            assert_eq!(view(&status).results, [expected]);
        }
    }

    #[test]
    fn the_next_meeting_can_be_joined_and_its_title_is_kept_short() {
        let mut status = status(Overall::InStep);
        status.next = Some(NextMeeting {
            id: MeetingId(9),
            title: "Quarterly planning with everybody who could possibly come".into(),
            start: at("2026-03-11T13:30:00Z"),
        });
        let (id, text) = view(&status).join.unwrap();
        assert_eq!(id, MeetingId(9));
        assert_eq!(
            text,
            "Join “Quarterly planning with everybody who c…” – tomorrow 14:30"
        );
    }

    #[test]
    fn nothing_can_be_synced_while_paused_or_before_it_is_set_up() {
        assert!(view(&status(Overall::Offline)).can_sync);
        assert!(!view(&status(Overall::Paused)).can_sync);
        assert!(view(&status(Overall::Paused)).paused);
        assert!(!view(&status(Overall::NotSetUp)).can_sync);
    }
}
