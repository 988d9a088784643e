//! What the person chose: what `config.toml` fixes, else what the window stored, else the default.

use std::time::Duration;

use jiff::SignedDuration;
use reconvene_core::meeting::Carry;
use reconvene_core::plan::Settings;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::SettingsView;
use rusqlite::Connection;
use serde_json::{Map, Value};

use crate::config::{Config, SyncConfig};
use crate::store::settings;

const NAME: &str = "choices";

/// The longest word that asks for a meeting.
const LONGEST_WORD: usize = 40;

/// The choices in force now.
pub(crate) fn current(tx: &Connection, config: &Config) -> rusqlite::Result<SettingsView> {
    Ok(fixed(stored(tx)?.0, config))
}

/// What is wrong with the stored choices, if anything is. They stay as they are stored until the person chooses anew.
pub(crate) fn problem(tx: &Connection) -> rusqlite::Result<Option<Problem>> {
    let odd = stored(tx)?.1;
    Ok((!odd.is_empty()).then(|| {
        Problem::lasting(
            Code::BadChoice,
            format!(
                "Some stored settings cannot be understood, and their defaults are in force: {}.",
                odd.join(", ")
            ),
            "Look through Settings and choose anew.",
        )
    }))
}

/// What is stored, with the names of the choices that cannot be understood.
fn stored(tx: &Connection) -> rusqlite::Result<(SettingsView, Vec<String>)> {
    let text = settings::get(tx, NAME)?;
    Ok(text.map_or_else(|| (defaults(), Vec::new()), |text| understood(&text)))
}

/// Takes every choice by itself, so that one which another version wrote, or nobody can read, leaves the others in force.
/// A choice that is not stored, because it is newer than the others, has its default.
fn understood(text: &str) -> (SettingsView, Vec<String>) {
    if let Ok(choices) = serde_json::from_str(text) {
        return (bounded(choices), Vec::new());
    }
    let (Ok(Value::Object(mut known)), Ok(found)) = (
        serde_json::to_value(defaults()),
        serde_json::from_str::<Map<String, Value>>(text),
    ) else {
        return (defaults(), vec!["all of them".to_owned()]);
    };
    let mut choices = defaults();
    let mut odd = Vec::new();
    for (name, value) in found {
        let Some(default) = known.get(&name).cloned() else {
            continue;
        };
        known.insert(name.clone(), value);
        match serde_json::from_value(Value::Object(known.clone())) {
            Ok(with_it) => choices = with_it,
            Err(_) => {
                known.insert(name.clone(), default);
                odd.push(name);
            }
        }
    }
    (bounded(choices), odd)
}

/// Keeps choices; those that `config.toml` fixes stay as they are fixed.
pub(crate) fn change(
    tx: &Connection,
    config: &Config,
    wanted: SettingsView,
) -> rusqlite::Result<SettingsView> {
    let wanted = bounded(wanted);
    if let Ok(text) = serde_json::to_string(&wanted) {
        settings::set(tx, NAME, &text)?;
    }
    Ok(fixed(wanted, config))
}

fn bounded(view: SettingsView) -> SettingsView {
    SettingsView {
        poll_seconds: view.poll_seconds.clamp(15, 3_600),
        delete_grace_seconds: view.delete_grace_seconds.min(86_400),
        request_word: view.request_word.trim().chars().take(LONGEST_WORD).collect(),
        fixed: Vec::new(),
        ..view
    }
}

/// The choices as the plan needs them.
pub(crate) fn for_plan(tx: &Connection, config: &Config) -> rusqlite::Result<Settings> {
    let choices = current(tx, config)?;
    let grace = match config.sync.delete_grace {
        Some(exact) => SignedDuration::try_from(exact).unwrap_or(SignedDuration::MAX),
        None => SignedDuration::from_secs(i64::from(choices.delete_grace_seconds)),
    };
    Ok(Settings {
        carry: Carry {
            title: choices.carry_title,
            time: choices.carry_time,
        },
        delete_grace: grace,
    })
}

/// The pause between two passes of one calendar.
pub(crate) fn poll(choices: &SettingsView, config: &Config) -> Duration {
    config
        .sync
        .poll
        .unwrap_or(Duration::from_secs(u64::from(choices.poll_seconds)))
}

fn defaults() -> SettingsView {
    SettingsView {
        carry_title: true,
        carry_time: true,
        poll_seconds: seconds(SyncConfig::POLL),
        delete_grace_seconds: seconds(SyncConfig::DELETE_GRACE),
        mass_delete_limit: SyncConfig::MASS_DELETE_LIMIT,
        preview: false,
        ask_on_drift: false,
        notify: true,
        request_word: String::new(),
        fixed: Vec::new(),
    }
}

fn fixed(mut view: SettingsView, config: &Config) -> SettingsView {
    let sync = &config.sync;
    let mut fix = |name: &str| view.fixed.push(name.to_owned());
    if let Some(poll) = sync.poll {
        view.poll_seconds = seconds(poll);
        fix("poll_seconds");
    }
    if let Some(grace) = sync.delete_grace {
        view.delete_grace_seconds = seconds(grace);
        fix("delete_grace_seconds");
    }
    if let Some(limit) = sync.mass_delete_limit {
        view.mass_delete_limit = limit;
        fix("mass_delete_limit");
    }
    if let Some(preview) = sync.preview {
        view.preview = preview;
        fix("preview");
    }
    if let Some(ask) = sync.ask_on_drift {
        view.ask_on_drift = ask;
        fix("ask_on_drift");
    }
    view
}

/// Whole seconds, rounded up, so that a fraction of one does not read as none.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_a_choice_that_cannot_be_read_leaves_the_others_in_force_and_is_named() {
        let (choices, odd) =
            understood(r#"{"carry_title": false, "poll_seconds": "often", "notify": false, "gone": 1}"#);
        assert_eq!(odd, ["poll_seconds"]);
        let wanted = SettingsView {
            carry_title: false,
            notify: false,
            ..defaults()
        };
        assert_eq!(choices, wanted, "what is not stored has its default");
        assert_eq!(understood("no JSON").1, ["all of them"]);
        assert_eq!(understood("[]").0, defaults());
    }

    #[test]
    fn choices_beyond_reason_are_brought_back_within_it() {
        let mut stored = serde_json::to_value(defaults()).unwrap();
        stored["poll_seconds"] = 0.into();
        assert_eq!(understood(&stored.to_string()).0.poll_seconds, 15);
    }
}
