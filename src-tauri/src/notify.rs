//! Desktop notifications: for what failed and what needs the person, once each, and never for routine success.

use std::collections::BTreeSet;

use reconvene_core::problem::Problem;
use reconvene_core::report::{Outcome, Status};

/// Shows notifications.
pub(crate) trait Notifier: Send + Sync + 'static {
    /// Shows one. Blocks; failing is not worth more than a line in the log.
    fn show(&self, notice: &Notice);
}

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) title: String,
    pub(crate) text: String,
}

/// The desktop's own notifications.
pub(crate) struct DesktopNotifier;

impl Notifier for DesktopNotifier {
    fn show(&self, notice: &Notice) {
        let shown = notify_rust::Notification::new()
            .appname("Reconvene")
            .icon("reconvene")
            .summary(&notice.title)
            .body(&notice.text)
            .show();
        if let Err(error) = shown {
            tracing::debug!(%error, "a notification could not be shown");
        }
    }
}

/// Remembers what was said, so that nothing is said twice while it lasts.
#[derive(Debug, Default)]
pub(crate) struct Announcer {
    said: BTreeSet<String>,
}

impl Announcer {
    /// What is new in `status`. What was there at the first look is taken as known: somebody who starts Reconvene
    /// sees it in the tray, and an old failure is no news.
    pub(crate) fn news(&mut self, status: &Status) -> Vec<Notice> {
        let first_look = self.said.is_empty();
        let found = findings(status);
        let news = found
            .iter()
            .filter(|(key, _)| !first_look && !self.said.contains(key))
            .map(|(_, notice)| notice.clone())
            .collect();
        // What is over is forgotten: should it come back, that is news. The mark keeps the set from looking new.
        self.said = found
            .into_iter()
            .map(|(key, _)| key)
            .chain(["looked".to_owned()])
            .collect();
        news
    }
}

/// What deserves a notification, each with a key that stays the same while it lasts.
fn findings(status: &Status) -> Vec<(String, Notice)> {
    let entries = status.recent.iter().filter(|entry| {
        // Held deletions come in waves; they are announced together below.
        matches!(entry.outcome, Outcome::Refused | Outcome::NeedsYou)
            && entry
                .meeting
                .is_none_or(|meeting| !status.held.contains(&meeting))
    });
    let of_entries = entries.map(|entry| {
        let title = match entry.outcome {
            Outcome::Refused => format!("{} refused “{}”", entry.service.name(), entry.title),
            _ => format!("“{}” needs you", entry.title),
        };
        let text = entry.problem.as_ref().map(sentence).unwrap_or_default();
        (format!("entry {}", entry.id), Notice { title, text })
    });
    let of_problems = status
        .problems
        .iter()
        .filter(|problem| !problem.retryable)
        .map(|problem| {
            let notice = Notice {
                title: problem.message.clone(),
                text: problem.hint.clone(),
            };
            (format!("problem {:?} {}", problem.code, problem.message), notice)
        });
    let held = status.held.len();
    let of_held = (held > 0).then(|| {
        let notice = Notice {
            title: if held == 1 {
                "1 deletion waits for your word".to_owned()
            } else {
                format!("{held} deletions wait for your word")
            },
            text: "Open Reconvene to agree or to keep the meetings.".to_owned(),
        };
        ("held".to_owned(), notice)
    });
    let all: Vec<_> = of_entries.chain(of_problems).chain(of_held).collect();
    // One problem can be told by an entry and by an account: the entry, which names the meeting, is enough.
    let mut texts = BTreeSet::new();
    all.into_iter()
        .filter(|(_, notice)| {
            texts.insert(if notice.text.is_empty() {
                notice.title.clone()
            } else {
                notice.text.clone()
            })
        })
        .collect()
}

fn sentence(problem: &Problem) -> String {
    if problem.hint.is_empty() {
        problem.message.clone()
    } else {
        format!("{} {}", problem.message, problem.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reconvene_core::id::{EntryId, MeetingId};
    use reconvene_core::problem::Code;
    use reconvene_core::report::{ActivityEntry, Counts, Overall, Service};

    fn status() -> Status {
        Status {
            revision: 1,
            overall: Overall::InStep,
            fresh_as_of: None,
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

    fn entry(number: i64, outcome: Outcome) -> ActivityEntry {
        ActivityEntry {
            id: EntryId(number),
            at: "2026-03-10T13:32:00Z".parse().unwrap(),
            meeting: Some(MeetingId(number)),
            title: "Review".into(),
            service: Service::Zoom,
            outcome,
            changes: Vec::new(),
            problem: Some(Problem::lasting(
                Code::Refused,
                format!("No {number}."),
                "Ask the host.",
            )),
            answer: None,
            attempts: 1,
            next_try: None,
            remedies: Vec::new(),
            undone: false,
        }
    }

    #[test]
    fn success_and_passing_trouble_are_not_news() {
        let mut announcer = Announcer::default();
        announcer.news(&status());
        let mut now = status();
        now.recent = vec![
            entry(1, Outcome::Updated),
            entry(2, Outcome::Waiting),
            entry(3, Outcome::InStep),
        ];
        now.problems = vec![Problem::passing(Code::Offline, "Google cannot be reached.", "")];
        assert_eq!(announcer.news(&now), []);
    }

    #[test]
    fn a_failure_is_told_once_while_it_lasts_and_again_when_it_returns() {
        let mut announcer = Announcer::default();
        announcer.news(&status());
        let mut bad = status();
        bad.recent = vec![entry(1, Outcome::Refused)];
        bad.problems = vec![Problem::lasting(
            Code::SignInAgain,
            "Zoom wants you to sign in again.",
            "",
        )];
        assert_eq!(announcer.news(&bad).len(), 2);
        assert_eq!(announcer.news(&bad), []);
        assert_eq!(announcer.news(&status()), []);
        assert_eq!(announcer.news(&bad).len(), 2);
    }

    #[test]
    fn what_was_there_at_the_start_is_no_news() {
        let mut bad = status();
        bad.recent = vec![entry(1, Outcome::NeedsYou)];
        assert_eq!(Announcer::default().news(&bad), []);
    }

    #[test]
    fn a_wave_of_held_deletions_is_one_notification() {
        let mut announcer = Announcer::default();
        announcer.news(&status());
        let mut held = status();
        held.recent = (1..=3).map(|number| entry(number, Outcome::NeedsYou)).collect();
        held.held = (1..=7).map(MeetingId).collect();
        let news = announcer.news(&held);
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].title, "7 deletions wait for your word");
        held.held.push(MeetingId(8));
        assert_eq!(announcer.news(&held), []);
    }
}
