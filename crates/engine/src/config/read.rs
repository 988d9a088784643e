//! From the text of `config.toml` to a [`Config`], with errors that name file, line, section and key.
//!
//! The parsed document is walked by hand rather than with serde: serde's errors about values do not know the key
//! they belong to, and say it in a programmer's words.

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use reconvene_core::problem::{Code, Problem};
use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use url::Url;

use super::{Config, ServiceConfig, SyncConfig, endpoint};

const SECTIONS: &str = "this version of Reconvene knows [google], [zoom] and [sync]";
const SERVICE_KEYS: &str = "client_id, client_secret, api, authorize, token and revoke";
const SYNC_KEYS: &str = "poll, delete_grace, mass_delete_limit, ask_on_drift and preview";

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const LIMIT: u32 = 1000;

pub(super) fn config(file: &Path, text: &str) -> Result<Config, Problem> {
    // Windows editors put a byte order mark first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut config = Config::absent(file);
    document(text, &mut config).map_err(|fault| {
        let line = fault.at.map(|at| line_of(text, at));
        problem(file, line, &fault.what)
    })?;
    Ok(config)
}

/// The problem for something wrong at `line` (counted from 1) of `file`.
pub(super) fn problem(file: &Path, line: Option<usize>, what: &str) -> Problem {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let place = line.map_or_else(String::new, |line| format!("{line}:"));
    Problem::lasting(
        Code::BadConfig,
        format!("{name}:{place} {what}."),
        format!("Correct {} and start Reconvene again.", file.display()),
    )
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The section and key on whose line `offset` lies, as far as a text that is no TOML can be read: `[sync] poll: `.
fn place_of(text: &str, offset: usize) -> Option<String> {
    let (before, after) = text.split_at_checked(offset)?;
    let (above, begun) = before
        .rsplit_once('\n')
        .map_or(("", before), |(above, begun)| (above, begun));
    let line = format!("{begun}{}", after.lines().next().unwrap_or_default());
    // Anything but a bare name is not repeated: it may hold a secret.
    let bare = |name: &str| {
        let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        !name.is_empty() && name.chars().all(belongs)
    };
    let header = |line: &str| {
        let name = line.trim().strip_prefix('[')?.split(']').next()?;
        let name = name.trim_matches('[');
        bare(name).then(|| format!("[{name}]"))
    };
    if let Some(section) = header(&line) {
        return Some(format!("{section}: "));
    }
    let section = above.lines().rev().find_map(header);
    let key = line.split_once('=').map(|(key, _)| key.trim().to_owned());
    let words: Vec<String> = section.into_iter().chain(key.filter(|key| bare(key))).collect();
    (!words.is_empty()).then(|| format!("{}: ", words.join(" ")))
}

/// Something wrong, and where: a byte offset.
struct Fault {
    at: Option<usize>,
    what: String,
}

type Key<'i> = Spanned<DeString<'i>>;
type Value<'i> = Spanned<DeValue<'i>>;

fn document(text: &str, config: &mut Config) -> Result<(), Fault> {
    let table = DeTable::parse(text).map_err(|error| Fault {
        at: error.span().map(|span| span.start),
        // The library's message describes what it expected; it does not quote the file, where a secret may stand.
        what: format!(
            "{}this is not TOML: {}",
            error
                .span()
                .and_then(|span| place_of(text, span.start))
                .unwrap_or_default(),
            error.message().trim_end_matches('.').replace('\n', ", ")
        ),
    })?;
    // In the order of the file, so that the first error reported is the first one met by a reader.
    for (key, value) in in_order(table.get_ref()) {
        let name = key.get_ref().as_ref();
        let section = match name {
            "google" | "zoom" | "sync" => value.get_ref().as_table().ok_or_else(|| Fault {
                at: Some(key.span().start),
                what: format!("{name}: this must be a section, written [{name}]"),
            })?,
            _ if value.get_ref().is_table() || value.get_ref().is_array() => {
                return Err(Fault {
                    at: Some(key.span().start),
                    what: format!("[{name}]: there is no such section; {SECTIONS}"),
                });
            }
            _ => {
                return Err(Fault {
                    at: Some(key.span().start),
                    what: format!("{name}: this key belongs in a section; {SECTIONS}"),
                });
            }
        };
        match name {
            "google" => config.google = service(name, section)?,
            "zoom" => config.zoom = service(name, section)?,
            _ => config.sync = sync(section)?,
        }
    }
    Ok(())
}

fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn service(section: &str, table: &DeTable<'_>) -> Result<ServiceConfig, Fault> {
    let mut found = ServiceConfig::default();
    let mut secret_at = None;
    for (key, value) in in_order(table) {
        let entry = Entry { section, key, value };
        match entry.name() {
            "client_id" => found.client_id = Some(entry.word()?.to_owned()),
            "client_secret" => {
                found.client_secret = Some(SecretString::from(entry.word()?));
                secret_at = Some(entry);
            }
            "api" => found.api = Some(entry.endpoint()?),
            "authorize" => found.authorize = Some(entry.endpoint()?),
            "token" => found.token = Some(entry.endpoint()?),
            "revoke" => found.revoke = Some(entry.endpoint()?),
            _ => return Err(entry.unknown(SERVICE_KEYS)),
        }
    }
    match secret_at {
        Some(entry) if found.client_id.is_none() => {
            Err(entry.fault("a secret is of no use without the client_id that it belongs to"))
        }
        _ => Ok(found),
    }
}

fn sync(table: &DeTable<'_>) -> Result<SyncConfig, Fault> {
    let mut found = SyncConfig::default();
    for (key, value) in in_order(table) {
        let entry = Entry {
            section: "sync",
            key,
            value,
        };
        match entry.name() {
            "poll" => found.poll = Some(entry.duration(SECOND, DAY, "1s to 24h")?),
            "delete_grace" => {
                found.delete_grace = Some(entry.duration(Duration::ZERO, WEEK, "0s to 168h")?);
            }
            "mass_delete_limit" => found.mass_delete_limit = Some(entry.count(LIMIT)?),
            "preview" => found.preview = Some(entry.yes_or_no()?),
            "ask_on_drift" => found.ask_on_drift = Some(entry.yes_or_no()?),
            _ => return Err(entry.unknown(SYNC_KEYS)),
        }
    }
    Ok(found)
}

/// One line of a section.
#[derive(Clone, Copy)]
struct Entry<'t, 'i> {
    section: &'t str,
    key: &'t Key<'i>,
    value: &'t Value<'i>,
}

impl Entry<'_, '_> {
    fn name(&self) -> &str {
        self.key.get_ref().as_ref()
    }

    fn fault(&self, what: &str) -> Fault {
        Fault {
            at: Some(self.key.span().start),
            what: format!("[{}] {}: {what}", self.section, self.name()),
        }
    }

    fn unknown(&self, known: &str) -> Fault {
        self.fault(&format!("there is no such key; [{}] knows {known}", self.section))
    }

    fn text(&self) -> Result<&str, Fault> {
        self.value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.fault("this must be a text in quotation marks"))
    }

    fn yes_or_no(&self) -> Result<bool, Fault> {
        self.value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.fault("this must be true or false"))
    }

    /// An id or a secret: what is not printed ASCII in it came in by a slip of copying (RFC 6749, appendix A).
    fn word(&self) -> Result<&str, Fault> {
        let text = self.text()?;
        if text.is_empty() {
            Err(self.fault("this is empty; remove the line if there is none"))
        } else if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(text)
        } else {
            Err(self.fault("this contains a blank or another character that cannot belong to it"))
        }
    }

    fn endpoint(&self) -> Result<Url, Fault> {
        endpoint(self.text()?).map_err(|what| self.fault(&what))
    }

    fn duration(&self, least: Duration, most: Duration, range: &str) -> Result<Duration, Fault> {
        let example = "write a time with its unit, such as \"90s\", \"2m\" or \"1500ms\"";
        let text = self.value.get_ref().as_str().ok_or_else(|| self.fault(example))?;
        let duration: SignedDuration = text.parse().map_err(|_| self.fault(example))?;
        Duration::try_from(duration)
            .ok()
            .filter(|duration| (least..=most).contains(duration))
            .ok_or_else(|| self.fault(&format!("this must lie within {range}")))
    }

    fn count(&self, most: u32) -> Result<u32, Fault> {
        self.value
            .get_ref()
            .as_integer()
            .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| *number <= most)
            .ok_or_else(|| self.fault(&format!("this must be a whole number from 0 to {most}")))
    }
}
