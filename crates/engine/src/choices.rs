//! What the person chose: what `config.toml` fixes, else what the window stored, else the default.

use std::time::Duration;

use jiff::SignedDuration;
use reconvene_core::meeting::Carry;
use reconvene_core::plan::Settings;
use reconvene_core::report::SettingsView;
use rusqlite::Connection;

use crate::config::{Config, SyncConfig};
use crate::store::settings;

const NAME: &str = "choices";

/// The choices in force now.
pub(crate) fn current(tx: &Connection, config: &Config) -> rusqlite::Result<SettingsView> {
    let stored = settings::get(tx, NAME)?.and_then(|text| serde_json::from_str(&text).ok());
    Ok(fixed(stored.unwrap_or_else(defaults), config))
}

/// Keeps choices; those that `config.toml` fixes stay as they are fixed.
pub(crate) fn change(
    tx: &Connection,
    config: &Config,
    wanted: SettingsView,
) -> rusqlite::Result<SettingsView> {
    let bounded = SettingsView {
        poll_seconds: wanted.poll_seconds.clamp(15, 3_600),
        delete_grace_seconds: wanted.delete_grace_seconds.min(86_400),
        fixed: Vec::new(),
        ..wanted
    };
    if let Ok(text) = serde_json::to_string(&bounded) {
        settings::set(tx, NAME, &text)?;
    }
    Ok(fixed(bounded, config))
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
        notify: true,
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
    view
}

/// Whole seconds, rounded up, so that a fraction of one does not read as none.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}
