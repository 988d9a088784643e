//! What the person is told, by the command line (P11).

use jiff::Timestamp;
use serde_json::Value;

/// A problem says what happened, and what happens next or what to do about it.
pub(super) fn in_words(problem: &Value) {
    for part in ["message", "hint"] {
        let words = problem[part].as_str().unwrap_or_default();
        assert!(words.len() > 10, "P11: no {part}: {problem}");
    }
}

/// Everything that is wrong is among the problems, each in words, and nothing is shown as fresher than it is.
pub(super) fn honestly(status: &Value) {
    let problems = list(&status["problems"]);
    problems.iter().for_each(in_words);
    let watched = |calendar: &&Value| calendar["watched"] == true;
    for health in list(&status["calendars"])
        .iter()
        .filter(watched)
        .chain(list(&status["accounts"]))
        .map(|of| &of["health"])
    {
        let problem = &health["problem"];
        assert!(
            problem.is_null() || problems.contains(problem),
            "P11: {problem} is hidden: {status}"
        );
    }
    for calendar in list(&status["calendars"]).iter().filter(watched) {
        let read = instant(&calendar["health"]["last_success"]);
        assert!(
            instant(&status["fresh_as_of"]) <= read,
            "P11: fresher than {read:?}: {status}"
        );
    }
    // What passes by itself is no reason to bother anybody.
    if problems.iter().any(|problem| problem["retryable"] == false) {
        assert_ne!(status["overall"], "in_step", "P11: {status}");
    }
}

/// Whether a problem of this code is among them, and in words.
pub(super) fn has(problems: &Value, code: &str) -> bool {
    let mut found = list(problems).iter().filter(|problem| problem["code"] == code);
    found.clone().for_each(in_words);
    found.next().is_some()
}

/// A meeting among all, by Zoom's number.
pub(super) fn meeting(meetings: &Value, number: u64) -> &Value {
    let number = number.to_string();
    let mut views = list(meetings).iter();
    let found = views.find(|view| view["number"].as_str() == Some(&number));
    found.unwrap_or_else(|| panic!("P10: meeting {number} is not shown: {meetings}"))
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
