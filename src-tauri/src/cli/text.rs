//! Replies as text for people.

mod activity;
mod plan;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reconvene_api::Reply;
use reconvene_core::problem::Problem;
use reconvene_core::report::{
    AccountView, CalendarView, Check, EventView, Health, MeetingState, MeetingView, Overall, Status,
    SyncReport, Verdict,
};
use serde_json::Value;

pub(crate) use self::activity::entry_text;
use self::plan::plan_text;

/// Who tries again what failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retries {
    /// The agent, by itself, at the times that are shown.
    Agent,
    /// Nobody, until the next sync: no agent runs.
    NextSync,
}

/// The whole text of a reply, without the last line end.
pub(super) fn of(reply: &Reply, retries: Retries) -> String {
    let disarmed = serde_json::to_value(reply).ok().and_then(|mut value| {
        disarm(&mut value);
        serde_json::from_value(value).ok()
    });
    text(disarmed.as_ref().unwrap_or(reply), retries)
}

/// Takes out of every string what a terminal would obey instead of showing: titles are written by anybody who can
/// send an invitation. JSON needs none of this, because it escapes.
fn disarm(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.chars().map(shown).collect(),
        Value::Array(values) => values.iter_mut().for_each(disarm),
        Value::Object(fields) => fields.values_mut().for_each(disarm),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Control characters and those that turn the direction of writing (<https://www.unicode.org/reports/tr9/>) become
/// blanks.
fn shown(c: char) -> char {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns { ' ' } else { c }
}

fn text(reply: &Reply, retries: Retries) -> String {
    let entry_text = |entry| entry_text(entry, retries);
    match reply {
        Reply::Status(status) => status_text(status, retries),
        Reply::Meetings(meetings) => meetings_text(meetings),
        Reply::Activity(entries) if entries.is_empty() => "Nothing has happened yet.".to_owned(),
        Reply::Activity(entries) => lines(entries.iter().map(entry_text)),
        Reply::Accounts(accounts) if accounts.is_empty() => {
            "No account yet. Begin with `reconvene account add google`.".to_owned()
        }
        Reply::Accounts(accounts) => accounts_text(accounts),
        Reply::Account(account) => format!(
            "Signed in to {} as {} ({}).",
            account.service.name(),
            account.name,
            account.id
        ),
        Reply::SignIn(sign_in) => sign_in.url.clone(),
        Reply::Calendars(calendars) if calendars.is_empty() => {
            "No calendar. Sign in first: `reconvene account add google`.".to_owned()
        }
        Reply::Calendars(calendars) => calendars_text(calendars),
        Reply::Sync(report) => sync_text(report, retries),
        Reply::Plan(plan) => plan_text(plan, retries),
        Reply::Events(events) => events_text(events),
        Reply::Meeting(meeting) => meetings_text(std::slice::from_ref(meeting)),
        Reply::Link(link) => link.clone(),
        Reply::Settings(settings) => serde_json::to_string_pretty(settings).unwrap_or_default(),
        Reply::Checks(checks) => lines(checks.iter().map(check_text)),
        Reply::Done => "Done.".to_owned(),
    }
}

fn status_text(status: &Status, retries: Retries) -> String {
    let counts = &status.counts;
    let overall = match status.overall {
        Overall::NotSetUp => "Not set up yet",
        Overall::InStep => "In step",
        Overall::Syncing => "Syncing",
        Overall::NeedsYou => "Needs you",
        Overall::Paused => "Paused",
        Overall::Preview => "Preview only",
        Overall::Offline => "Offline",
    };
    let fresh = status.fresh_as_of.map_or("never checked yet".to_owned(), |at| {
        format!("as of {}", local(at))
    });
    let mut out = vec![format!("{overall}, {fresh}.")];
    if status.preview {
        out.push(PREVIEW.to_owned());
    }
    let numbers: Vec<String> = [
        (counts.in_step, "in step"),
        (counts.updating, "updating"),
        (counts.held, "held"),
        (counts.out_of_step, "out of step"),
        (counts.watched_only, "watched only"),
        (counts.failed, "failed"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, words)| format!("{number} {words}"))
    .collect();
    if !numbers.is_empty() {
        out.push(format!("Meetings ahead: {}.", numbers.join(", ")));
    }
    if let Some(next) = &status.next {
        out.push(format!(
            "Next: {}, {} ({}).",
            next.title,
            local(next.start),
            next.id
        ));
    }
    if !status.held.is_empty() {
        let ids: Vec<String> = status.held.iter().map(ToString::to_string).collect();
        out.push(format!(
            "Held deletions: {}. `reconvene approve all` deletes the meetings, `reconvene refuse all` keeps them.",
            ids.join(", ")
        ));
    }
    if !status.asking.is_empty() {
        let ids: Vec<String> = status.asking.iter().map(ToString::to_string).collect();
        out.push(format!(
            "Out of step, waiting for your word: {}. `reconvene approve ID` brings a meeting in step, `reconvene refuse ID` \
             leaves it as it is.",
            ids.join(", ")
        ));
    }
    out.extend(
        status
            .problems
            .iter()
            .map(|problem| format!("! {}", sentence(problem))),
    );
    if !status.recent.is_empty() {
        out.push("Last results:".to_owned());
        out.extend(status.recent.iter().map(|entry| entry_text(entry, retries)));
    }
    if status.overall == Overall::NotSetUp {
        out.push("Begin with `reconvene account add google`.".to_owned());
    } else if retries == Retries::NextSync {
        out.push("Reconvene is not running: nothing is synced until the next `reconvene sync`, or until you start it.".to_owned());
    }
    lines(out)
}

/// What a preview means.
const PREVIEW: &str = "Nothing is written to any meeting or calendar: `reconvene plan` lists what would be.";

fn meetings_text(meetings: &[MeetingView]) -> String {
    if meetings.is_empty() {
        return "No event with a conference is known yet.".to_owned();
    }
    let mut rows = vec![row(["ID", "START", "TITLE", "CONFERENCE", "STATE", ""])];
    rows.extend(meetings.iter().map(|meeting| {
        row([
            &meeting.id.to_string(),
            &local(meeting.start),
            &meeting.title,
            &meeting.conference,
            state(meeting.state),
            meeting
                .problem
                .as_ref()
                .map_or(&meeting.reason, |problem| &problem.message),
        ])
    }));
    table(&rows)
}

fn events_text(events: &[EventView]) -> String {
    if events.is_empty() {
        return "Every event of these days has a meeting, or is not yours to change.".to_owned();
    }
    let mut rows = vec![row(["CALENDAR", "START", "TITLE", "EVENT"])];
    rows.extend(events.iter().map(|event| {
        row([
            &event.calendar.to_string(),
            &local(event.start),
            &event.title,
            &event.event,
        ])
    }));
    table(&rows)
}

fn accounts_text(accounts: &[AccountView]) -> String {
    let mut rows = vec![row(["ID", "SERVICE", "NAME", "HEALTH"])];
    rows.extend(accounts.iter().map(|account| {
        row([
            &account.id.to_string(),
            account.service.name(),
            &account.name,
            &health(&account.health),
        ])
    }));
    table(&rows)
}

fn calendars_text(calendars: &[CalendarView]) -> String {
    let mut rows = vec![row(["ID", "WATCHED", "NAME", "ACCESS", "AT GOOGLE", "HEALTH"])];
    rows.extend(calendars.iter().map(|calendar| {
        let health = match (calendar.available, calendar.watched) {
            (false, _) => "not shared with you any more".to_owned(),
            (true, false) => String::new(),
            (true, true) => health(&calendar.health),
        };
        row([
            &calendar.id.to_string(),
            if calendar.watched { "yes" } else { "no" },
            &calendar.name,
            &calendar.access,
            &calendar.google_id,
            &health,
        ])
    }));
    table(&rows)
}

fn sync_text(report: &SyncReport, retries: Retries) -> String {
    let calendars = match report.calendars {
        1 => "1 calendar read".to_owned(),
        number => format!("{number} calendars read"),
    };
    let results = match report.entries.len() {
        0 => "nothing had changed".to_owned(),
        1 => "1 result".to_owned(),
        number => format!("{number} results"),
    };
    let mut out: Vec<String> = report
        .entries
        .iter()
        .map(|entry| entry_text(entry, retries))
        .collect();
    let mut last = format!("{calendars}, {results}");
    if report.pending > report.waiting {
        last = format!("{last}, {} still to come", report.pending - report.waiting);
    }
    if report.waiting > 0 {
        last = format!("{last}, {} failed and to be tried again", report.waiting);
    }
    out.push(format!("{last}."));
    out.extend(
        report
            .problems
            .iter()
            .map(|problem| format!("! {}", sentence(problem))),
    );
    if report.preview {
        out.push(format!("Preview only. {PREVIEW}"));
    }
    if report.needs_you {
        out.push("Something needs you: `reconvene status` says what.".to_owned());
    }
    if retries == Retries::NextSync && (report.waiting > 0 || !report.problems.is_empty()) {
        out.push("Reconvene is not running: what failed is tried again at the next `reconvene sync`, or when you start it.".to_owned());
    }
    lines(out)
}

fn check_text(check: &Check) -> String {
    let mark = match check.verdict {
        Verdict::Works => "ok    ",
        Verdict::Attention => "note  ",
        Verdict::Broken => "BROKEN",
    };
    let line = format!("{mark}  {}: {}", check.subject, check.finding);
    if check.advice.is_empty() {
        line
    } else {
        format!("{line}\n        {}", check.advice)
    }
}

fn state(state: MeetingState) -> &'static str {
    match state {
        MeetingState::InStep => "in step",
        MeetingState::Updating => "updating",
        MeetingState::Deleting => "deleting",
        MeetingState::Held => "held",
        MeetingState::OutOfStep => "out of step",
        MeetingState::WatchedOnly => "watched only",
        MeetingState::NothingToSync => "nothing to sync",
        MeetingState::Failed => "failed",
    }
}

fn health(health: &Health) -> String {
    let last = health.last_success.map(|at| format!("ok {}", local(at)));
    match (&health.problem, last) {
        (Some(problem), Some(last)) => format!("{} (last {last})", problem.message),
        (Some(problem), None) => problem.message.clone(),
        (None, Some(last)) => last,
        (None, None) => "not tried yet".to_owned(),
    }
}

fn sentence(problem: &Problem) -> String {
    if problem.hint.is_empty() {
        problem.message.clone()
    } else {
        format!("{} {}", problem.message, problem.hint)
    }
}

/// An instant in this machine's zone, to the minute.
pub(crate) fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

fn lines(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().collect::<Vec<_>>().join("\n")
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.into_iter().map(str::to_owned).collect()
}

/// Columns as wide as their widest cell.
fn table(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    lines(rows.iter().map(|row| {
        let line: String = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}  "))
            .collect();
        line.trim_end().to_owned()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reconvene_core::report::{ActivityEntry, Outcome};

    #[test]
    fn a_hostile_title_does_nothing_to_the_terminal() {
        let mut value = serde_json::json!(["A \u{1b}[31mred\u{7}\u{202e}gnp.exe\nnext", 7, null]);
        disarm(&mut value);
        assert_eq!(value, serde_json::json!(["A  [31mred  gnp.exe next", 7, null]));
    }

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [row(["ID", "NAME"]), row(["a12", "Ünal"]), row(["a1", ""])];
        assert_eq!(table(&rows), "ID   NAME\na12  Ünal\na1");
    }

    #[test]
    fn an_empty_reply_says_what_to_do() {
        for reply in [Reply::Accounts(Vec::new()), Reply::Calendars(Vec::new())] {
            assert!(of(&reply, Retries::Agent).contains("account add google"));
        }
    }

    #[test]
    fn p11_a_time_is_named_only_when_somebody_is_there_to_keep_it() {
        let report = SyncReport {
            calendars: 1,
            pending: 1,
            waiting: 1,
            ..SyncReport::default()
        };
        let entry = ActivityEntry {
            id: reconvene_core::id::EntryId(1),
            at: Timestamp::UNIX_EPOCH,
            meeting: None,
            title: "Review".into(),
            service: reconvene_core::report::Service::Zoom,
            outcome: Outcome::Waiting,
            changes: Vec::new(),
            problem: None,
            answer: None,
            attempts: 1,
            next_try: Some(Timestamp::UNIX_EPOCH),
            remedies: Vec::new(),
            undone: false,
        };
        let told = |retries| (sync_text(&report, retries), entry_text(&entry, retries));
        let (sync, entry) = told(Retries::NextSync);
        assert!(sync.contains("not running") && entry.ends_with("Next try at the next sync (attempt 2)."));
        let (sync, entry) = told(Retries::Agent);
        assert!(!sync.contains("not running") && entry.contains(&local(Timestamp::UNIX_EPOCH)));
    }
}
