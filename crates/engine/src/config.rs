//! `config.toml`: read when there is one, never required, never written.
//!
//! It holds the person's own OAuth clients, other endpoints than the public ones, and values that are to stand
//! whatever the window says. What was not given stays `None` here, because it matters: a value from the file beats
//! the window, and a given `zoom.api` beats the regional address that Zoom names when it hands out a token.

mod read;

use std::path::{Path, PathBuf};
use std::time::Duration;

use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use secrecy::SecretString;
use url::{Host, Url};

use crate::profile::Profile;

/// What `config.toml` says.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file, whether or not it is there. Hints name it.
    pub file: PathBuf,
    /// `[google]`.
    pub google: ServiceConfig,
    /// `[zoom]`.
    pub zoom: ServiceConfig,
    /// `[sync]`.
    pub sync: SyncConfig,
}

/// A section for one service. All of it is optional.
#[derive(Debug, Clone, Default)]
pub struct ServiceConfig {
    /// The id of the person's own OAuth client.
    pub client_id: Option<String>,
    /// Its secret. Public clients have none.
    pub client_secret: Option<SecretString>,
    /// Where the service's API begins.
    pub api: Option<Url>,
    /// Where people agree (RFC 6749 §3.1).
    pub authorize: Option<Url>,
    /// Where tokens are handed out (RFC 6749 §3.2).
    pub token: Option<Url>,
    /// Where tokens are given back (RFC 7009).
    pub revoke: Option<Url>,
}

/// The `[sync]` section. All of it is optional.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncConfig {
    /// Time between two passes of a calendar, 1 s to 1 day.
    pub poll: Option<Duration>,
    /// Time between a cancelled event and the deletion of its meeting, at most 7 days.
    pub delete_grace: Option<Duration>,
    /// Deletions due together beyond which all are held, at most 1,000. With 0, each one is.
    pub mass_delete_limit: Option<u32>,
    /// Whether what is planned is only shown, and nothing written to a meeting or a calendar.
    pub preview: Option<bool>,
    /// Whether to ask before a change made at the provider is undone.
    pub ask_on_drift: Option<bool>,
}

/// An OAuth client, as configured or built in.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`, for clients that have one.
    pub secret: Option<SecretString>,
}

/// The addresses of one service, all known. No path but the bare `/` ends in a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where the API begins.
    pub api: Url,
    /// Where people agree.
    pub authorize: Url,
    /// Where tokens are handed out.
    pub token: Url,
    /// Where tokens are given back.
    pub revoke: Url,
}

impl SyncConfig {
    /// `poll`, when nobody says otherwise.
    pub const POLL: Duration = Duration::from_secs(60);
    /// `delete_grace`, when nobody says otherwise.
    pub const DELETE_GRACE: Duration = Duration::from_secs(120);
    /// `mass_delete_limit`, when nobody says otherwise.
    pub const MASS_DELETE_LIMIT: u32 = 5;
}

impl Config {
    /// What holds when there is no file, which would be at `file`.
    pub fn absent(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            google: ServiceConfig::default(),
            zoom: ServiceConfig::default(),
            sync: SyncConfig::default(),
        }
    }

    /// Reads the profile's `config.toml`. No file is the same as an empty one.
    ///
    /// # Errors
    /// [`Code::BadConfig`] when the file cannot be read or says something that Reconvene does not know; the message
    /// names file, line, section and key.
    pub fn load(profile: &Profile) -> Result<Self, Problem> {
        let file = profile.config_file();
        match std::fs::read(&file) {
            Ok(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => Self::from_toml(&file, text),
                Err(error) => {
                    let line = 1 + bytes
                        .iter()
                        .take(error.valid_up_to())
                        .filter(|byte| **byte == b'\n')
                        .count();
                    Err(read::problem(&file, Some(line), "the text is not UTF-8"))
                }
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::absent(file)),
            Err(error) => Err(Problem::lasting(
                Code::BadConfig,
                format!("config.toml cannot be read: {error}."),
                format!("Make {} readable for you, or remove it.", file.display()),
            )),
        }
    }

    /// Reads `text` as the content of `file`, which is only named in errors.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(file: &Path, text: &str) -> Result<Self, Problem> {
        read::config(file, text)
    }

    /// The section of one service.
    pub fn service(&self, service: Service) -> &ServiceConfig {
        match service {
            Service::Google => &self.google,
            Service::Zoom => &self.zoom,
        }
    }

    /// The OAuth client for a service: the configured one, otherwise the one that this build brings along
    /// (`RECONVENE_GOOGLE_CLIENT_ID` and the like in the environment of the build), otherwise none. An id is never
    /// paired with the other source's secret.
    pub fn client(&self, service: Service) -> Option<Client> {
        let section = self.service(service);
        match &section.client_id {
            Some(id) => Some(Client {
                id: id.clone(),
                secret: section.client_secret.clone(),
            }),
            None => {
                let (id, secret) = built_in(service);
                Some(Client {
                    id: id.filter(|id| !id.is_empty())?.to_owned(),
                    secret: secret.filter(|secret| !secret.is_empty()).map(SecretString::from),
                })
            }
        }
    }

    /// The addresses of a service: each the configured one, otherwise the public one.
    ///
    /// # Errors
    /// None that a person can cause; the public addresses are checked by the tests.
    pub fn endpoints(&self, service: Service) -> Result<Endpoints, Problem> {
        let section = self.service(service);
        let public = public(service);
        let pick = |given: &Option<Url>, public: &str| match given {
            Some(url) => Ok(url.clone()),
            None => Url::parse(public)
                .map_err(|error| Problem::lasting(Code::Internal, format!("{public}: {error}"), "")),
        };
        Ok(Endpoints {
            api: pick(&section.api, public.api)?,
            authorize: pick(&section.authorize, public.authorize)?,
            token: pick(&section.token, public.token)?,
            revoke: pick(&section.revoke, public.revoke)?,
        })
    }
}

struct Public {
    api: &'static str,
    authorize: &'static str,
    token: &'static str,
    revoke: &'static str,
}

/// The vendors' public addresses: <https://developers.google.com/identity/protocols/oauth2/native-app>,
/// <https://developers.google.com/workspace/calendar/api/v3/reference>,
/// <https://developers.zoom.us/docs/integrations/oauth/>.
const fn public(service: Service) -> Public {
    match service {
        Service::Google => Public {
            api: "https://www.googleapis.com/calendar/v3",
            authorize: "https://accounts.google.com/o/oauth2/v2/auth",
            token: "https://oauth2.googleapis.com/token",
            revoke: "https://oauth2.googleapis.com/revoke",
        },
        Service::Zoom => Public {
            api: "https://api.zoom.us/v2",
            authorize: "https://zoom.us/oauth/authorize",
            token: "https://zoom.us/oauth/token",
            revoke: "https://zoom.us/oauth/revoke",
        },
    }
}

const fn built_in(service: Service) -> (Option<&'static str>, Option<&'static str>) {
    match service {
        Service::Google => (
            option_env!("RECONVENE_GOOGLE_CLIENT_ID"),
            option_env!("RECONVENE_GOOGLE_CLIENT_SECRET"),
        ),
        Service::Zoom => (
            option_env!("RECONVENE_ZOOM_CLIENT_ID"),
            option_env!("RECONVENE_ZOOM_CLIENT_SECRET"),
        ),
    }
}

/// Whether `url` leads to this very machine: 127.0.0.0/8, `::1` or `localhost`. Only there plain http is accepted,
/// and a proxy is never asked.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Checks an address that secrets are sent to, and takes a slash off its end.
///
/// # Errors
/// What is wrong with it, as the end of a sentence. The address itself is not repeated.
pub(crate) fn endpoint(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("this is no web address ({error})"))?;
    let loopback = is_loopback(&url);
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err("http is accepted for this computer only; write https".to_owned()),
        _ => return Err("the address must begin with https://".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address must not contain a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address must end with its path, without ? or #".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests;
