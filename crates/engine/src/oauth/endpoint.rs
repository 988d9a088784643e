//! The token and revocation endpoints (RFC 6749 §3.2, RFC 7009), spoken to through the [`Transport`] port.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use oauth2::basic::BasicTokenType;
use oauth2::{
    AsyncHttpClient, AuthorizationCode, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, StandardTokenResponse, TokenResponse as _,
};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use url::{Url, form_urlencoded};

use super::{Access, OAuthClient, REDIRECT_PATH};
use crate::config::{endpoint, is_loopback};
use crate::failure::{retry_after, unanswered};
use crate::ports::{Ports, TransportError};

/// A token that does not say how long it lives is taken to live this long (RFC 6749 §5.1 leaves it to documentation;
/// both services document an hour).
const USUAL_LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// Nobody hands out access tokens for longer; a larger number is a mistake.
const LONGEST_LIFETIME: u64 = 24 * 60 * 60;

/// A token endpoint's good answer.
pub(super) type Answer = StandardTokenResponse<Extra, BasicTokenType>;

/// What Zoom adds to it. The tokens beside it are good whatever it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Extra {
    #[serde(default)]
    api_url: Value,
}

impl ExtraTokenFields for Extra {}

/// A token endpoint's refusal (RFC 6749 §5.2). Zoom adds numbers of its own; both members are read leniently,
/// because a refusal that cannot be read is worth less than one read in part.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Box<RawValue>>")]
pub(super) struct Refusal {
    error: Value,
    code: Value,
}

impl From<BTreeMap<String, Box<RawValue>>> for Refusal {
    fn from(fields: BTreeMap<String, Box<RawValue>>) -> Self {
        let value = |name: &str| serde_json::from_str::<Value>(fields.get(name)?.get()).ok();
        Self {
            error: value("error").unwrap_or_default(),
            code: value("code").or_else(|| value("errorCode")).unwrap_or_default(),
        }
    }
}

impl oauth2::ErrorResponse for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}

impl Refusal {
    /// The vendor's word for it, if it is one: lower-case letters and underscores. Anything else stays out of
    /// messages.
    fn word(&self) -> String {
        match (self.error.as_str(), self.number()) {
            (_, Some(number)) => number.to_string(),
            (Some(word), None)
                if word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
            {
                word.to_owned()
            }
            _ => "no reason given".to_owned(),
        }
    }

    fn number(&self) -> Option<u64> {
        self.code.as_u64().or_else(|| self.code.as_str()?.parse().ok())
    }
}

/// Why there are no tokens.
#[derive(Debug)]
pub(super) enum Failure {
    /// The code or refresh token is worth nothing (`invalid_grant`).
    GrantGone,
    /// Anything else; with the time until which the service asked to be left alone.
    Other(Problem, Option<Timestamp>),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Other(problem, None)
    }
}

/// Tokens just handed out.
pub(super) struct Issued {
    pub(super) access: Access,
    /// A refresh token, new or the same. Absent means that the old one goes on (RFC 6749 §6).
    pub(super) refresh: Option<SecretString>,
    /// `None` when the answer did not say.
    pub(super) scopes: Option<Vec<String>>,
}

/// What can go wrong below oauth2.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A status that says nothing about the grant or the client.
    #[error("status {status}")]
    Status {
        status: StatusCode,
        until: Option<Timestamp>,
    },
}

/// The port as oauth2 wants it.
struct Bridge(Ports);

impl<'c> AsyncHttpClient<'c> for Bridge {
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Trouble>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.transport.send(request.map(Bytes::from)).await?;
            match answer.status() {
                // Refusals of this request come as 400 or 401 (RFC 6749 §5.2); Zoom also uses 403 and 404.
                StatusCode::OK
                | StatusCode::BAD_REQUEST
                | StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND => Ok(answer.map(Vec::from)),
                status => Err(Trouble::Status {
                    status,
                    until: until(answer.headers(), self.0.clock.now()),
                }),
            }
        })
    }
}

fn until(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    retry_after(headers.get(header::RETRY_AFTER)?.to_str().ok()?, now)
}

impl OAuthClient {
    /// Redeems an authorization code.
    pub(super) async fn exchange(
        &self,
        ports: &Ports,
        code: AuthorizationCode,
        verifier: PkceCodeVerifier,
        redirect: RedirectUrl,
    ) -> Result<Issued, Failure> {
        let started = ports.clock.now();
        let bridge = Bridge(ports.clone());
        let answer = self
            .wire
            .exchange_code(code)
            .set_pkce_verifier(verifier)
            .set_redirect_uri(std::borrow::Cow::Owned(redirect))
            .request_async(&bridge)
            .await;
        self.issued(answer, started)
    }

    /// Gets a new access token for a refresh token.
    pub(super) async fn refresh(&self, ports: &Ports, refresh: &SecretString) -> Result<Issued, Failure> {
        let started = ports.clock.now();
        let bridge = Bridge(ports.clone());
        let refresh = RefreshToken::new(refresh.expose_secret().to_owned());
        let answer = self
            .wire
            .exchange_refresh_token(&refresh)
            .request_async(&bridge)
            .await;
        self.issued(answer, started)
    }

    fn issued(
        &self,
        answer: Result<Answer, RequestTokenError<Trouble, Refusal>>,
        started: Timestamp,
    ) -> Result<Issued, Failure> {
        let answer = answer.map_err(|error| self.failure(error))?;
        let lifetime = answer.expires_in().map_or(USUAL_LIFETIME, |lifetime| {
            SignedDuration::from_secs(lifetime.as_secs().min(LONGEST_LIFETIME).cast_signed())
        });
        Ok(Issued {
            access: Access {
                token: answer.access_token().secret().as_str().into(),
                // Counted from before the request, so that it errs on the early side.
                expires: started.saturating_add(lifetime).unwrap_or(started),
                api_url: answer
                    .extra_fields()
                    .api_url
                    .as_str()
                    .and_then(|url| self.own_address(url)),
            },
            refresh: answer.refresh_token().map(|token| token.secret().as_str().into()),
            scopes: answer.scopes().map(|scopes| {
                scopes
                    .iter()
                    .map(|scope| scope.as_str().to_owned())
                    .filter(|scope| !scope.is_empty())
                    .collect()
            }),
        })
    }

    /// An address named in an answer, if it belongs to the domain of the token endpoint: access tokens will be sent
    /// there.
    fn own_address(&self, text: &str) -> Option<Url> {
        let url = endpoint(text).ok()?;
        let own = match (self.token.host_str()?, url.host_str()?) {
            _ if is_loopback(&self.token) => is_loopback(&url),
            (domain, host) => {
                host == domain
                    || host
                        .strip_suffix(domain)
                        .is_some_and(|label| label.ends_with('.'))
            }
        };
        if !own {
            tracing::warn!(
                service = self.service.word(),
                "an API address outside the service's domain is not used"
            );
        }
        own.then_some(url)
    }

    fn failure(&self, error: RequestTokenError<Trouble, Refusal>) -> Failure {
        let name = self.service.name();
        match error {
            RequestTokenError::ServerResponse(refusal) => self.refused(&refusal),
            RequestTokenError::Request(Trouble::Transport(error)) => unanswered(self.service, &error).into(),
            RequestTokenError::Request(Trouble::Status { status, until }) => {
                Failure::Other(unwell(name, status), until)
            }
            // Neither the parser's words nor the body go into the message: a token can stand in both.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Problem::passing(
                Code::UnreadableAnswer,
                format!("The answer of {name} to the sign-in could not be understood."),
                "Reconvene tries again by itself while it runs. If this goes on, a proxy or a login page of the network may be in \
                 the way.",
            )
            .into(),
        }
    }

    /// What a refusal means. Words: RFC 6749 §5.2. Numbers: <https://developers.zoom.us/docs/integrations/oauth/>.
    fn refused(&self, refusal: &Refusal) -> Failure {
        let name = self.service.name();
        match (refusal.number(), refusal.error.as_str()) {
            (Some(4734 | 4735 | 4737 | 4741 | 4733), _) => Failure::GrantGone,
            (Some(4738), _) => Problem::lasting(
                Code::PermissionDenied,
                format!("An administrator has disabled this app at {name}."),
                "Ask the administrator of your account to allow it.",
            )
            .into(),
            (Some(4711), _) | (None, Some("invalid_scope")) => Problem::lasting(
                Code::MissingScope,
                format!(
                    "{name} does not grant this app what Reconvene needs ({}).",
                    refusal.word()
                ),
                "Check the scopes of your OAuth client and sign in again.",
            )
            .into(),
            (Some(4702 | 4704 | 4705 | 4709), _)
            | (
                None,
                Some(
                    "invalid_client"
                    | "unauthorized_client"
                    | "unsupported_grant_type"
                    | "invalid_request"
                    | "redirect_uri_mismatch"
                    | "deleted_client"
                    | "disabled_client",
                ),
            ) => self.rejected(&refusal.word()).into(),
            (_, Some("invalid_grant")) => Failure::GrantGone,
            _ => Problem::passing(
                Code::ServiceFailed,
                format!("{name} refused the sign-in ({}).", refusal.word()),
                "Reconvene tries again by itself while it runs. If this goes on, sign in again.",
            )
            .into(),
        }
    }

    /// The service does not like the client; the grant is not to blame and stays.
    pub(super) fn rejected(&self, word: &str) -> Problem {
        let hint = match self.service {
            Service::Google => {
                "Check client_id and client_secret under [google] in config.toml: the client must be of the type \
                 Desktop app, and its secret is needed."
                    .to_owned()
            }
            Service::Zoom => format!(
                "Check client_id and client_secret under [zoom] in config.toml, and that the app's redirect URL is \
                 http://127.0.0.1{REDIRECT_PATH}."
            ),
        };
        Problem::lasting(
            Code::ClientRejected,
            format!(
                "{} does not accept the configured OAuth client ({word}).",
                self.service.name()
            ),
            hint,
        )
    }

    /// Gives a token back (RFC 7009). A token that the service does not know is as good as given back.
    pub(super) async fn give_back(&self, ports: &Ports, token: &SecretString) -> Result<(), Problem> {
        let name = self.service.name();
        let request = self.giving_back(token).map_err(|error| {
            Problem::lasting(
                Code::Internal,
                format!("A request could not be made: {error}."),
                "",
            )
        })?;
        let answer = ports
            .transport
            .send(request)
            .await
            .map_err(|error| unanswered(self.service, &error))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            StatusCode::BAD_REQUEST
                if serde_json::from_slice::<Refusal>(answer.body())
                    .is_ok_and(|refusal| refusal.error.as_str() == Some("invalid_token")) =>
            {
                Ok(())
            }
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                Err(Problem::lasting(
                    Code::ServiceFailed,
                    format!("{name} did not end the sign-in (status {status})."),
                    format!("Remove Reconvene from the apps connected to your account at {name}."),
                ))
            }
            status => Err(unwell(name, status)),
        }
    }

    /// Google wants the token alone; Zoom wants to know its client.
    fn giving_back(&self, token: &SecretString) -> http::Result<http::Request<Bytes>> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token.expose_secret());
        let mut request = http::Request::post(self.revoke.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        match (&self.secret, self.service) {
            (_, Service::Google) => {}
            (Some(secret), Service::Zoom) => {
                let encode =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encode(&self.id), encode(secret.expose_secret()));
                request = request.header(
                    header::AUTHORIZATION,
                    format!("Basic {}", BASE64_STANDARD.encode(pair)),
                );
            }
            (None, Service::Zoom) => {
                form.append_pair("client_id", &self.id);
            }
        }
        request.body(Bytes::from(form.finish()))
    }
}

/// A status that says nothing about the grant.
fn unwell(name: &str, status: StatusCode) -> Problem {
    if status == StatusCode::TOO_MANY_REQUESTS {
        Problem::passing(
            Code::RateLimited,
            format!("{name} asks for fewer sign-in requests (status {status})."),
            "Reconvene waits as long as asked and tries again by itself while it runs.",
        )
    } else {
        Problem::passing(
            Code::ServiceFailed,
            format!("{name} failed on its side (status {status})."),
            "Reconvene tries again by itself while it runs.",
        )
    }
}

#[cfg(test)]
mod hostile;
