//! Signing in, and staying signed in: OAuth 2.0 for an application on the person's own machine.
//!
//! The rules are those of RFC 8252 (system browser, loopback address, PKCE), RFC 7636 and RFC 9700. A sign-in
//! belongs to one [`OAuthClient`] from its first byte to its last, so that a code from one service cannot reach
//! another's token endpoint. No token, code, verifier or secret, and no URL with a query, is ever logged.

mod endpoint;
mod loopback;
mod scopes;
pub mod sign_in;
#[cfg(test)]
mod testing;
pub mod tokens;

use jiff::Timestamp;
use oauth2::{AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, TokenUrl};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::Config;

/// The path of the loopback redirect, `http://127.0.0.1:{port}/callback`. Zoom wants `http://127.0.0.1/callback`
/// registered and ignores the port; Google asks for no registration.
pub const REDIRECT_PATH: &str = "/callback";

type Wire = oauth2::Client<
    endpoint::Refusal,
    endpoint::Answer,
    oauth2::basic::BasicTokenIntrospectionResponse,
    oauth2::StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Reconvene as one service knows it, and that service's addresses.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    service: Service,
    wire: Wire,
    id: String,
    secret: Option<SecretString>,
    token: Url,
    revoke: Url,
    /// Who must have issued an answer that names its issuer (RFC 9207): the authorization endpoint's origin.
    issuer: String,
    /// Whether a sign-in also asks for the right to change events.
    writes: bool,
}

/// What a finished sign-in yields.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose it is.
    pub service: Service,
    /// The refresh token. It belongs in the keyring.
    pub refresh: SecretString,
    /// The first access token.
    pub access: Access,
    /// The scopes granted, or those asked for when the service did not repeat them (RFC 6749 §5.1).
    pub scopes: Vec<String>,
}

impl Grant {
    /// Whether events may be changed with it.
    pub fn writes(&self) -> bool {
        scopes::writes(self.service, &self.scopes)
    }
}

/// An access token. It lives in memory alone.
#[derive(Debug, Clone)]
pub struct Access {
    /// For the `Authorization: Bearer` header.
    pub token: SecretString,
    /// When the service stops accepting it.
    pub expires: Timestamp,
    /// The regional API base that Zoom names with each token (`https://api-eu.zoom.us`), without a version path and
    /// without a slash at its end. Only kept when it lies within the token endpoint's own domain.
    pub api_url: Option<Url>,
}

impl OAuthClient {
    /// The client for `service` from the configuration or the build.
    ///
    /// # Errors
    /// [`Code::ClientMissing`] when there is no client id; the hint says where to get one and where to put it.
    pub fn for_service(config: &Config, service: Service) -> Result<Self, Problem> {
        let client = config.client(service).ok_or_else(|| missing(config, service))?;
        let endpoints = config.endpoints(service)?;
        let wire = oauth2::Client::new(ClientId::new(client.id.clone()))
            .set_auth_uri(AuthUrl::from_url(endpoints.authorize.clone()))
            .set_token_uri(TokenUrl::from_url(endpoints.token.clone()))
            // Google wants the secret in the form, also with PKCE; Zoom wants HTTP Basic, and of a public client,
            // which has no secret, its id in the form. oauth2 does the latter when Basic has no secret to send.
            .set_auth_type(match service {
                Service::Google => AuthType::RequestBody,
                Service::Zoom => AuthType::BasicAuth,
            });
        let wire = match &client.secret {
            Some(secret) => wire.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
            None => wire,
        };
        Ok(Self {
            service,
            wire,
            id: client.id,
            secret: client.secret,
            token: endpoints.token,
            revoke: endpoints.revoke,
            issuer: endpoints.authorize.origin().ascii_serialization(),
            writes: false,
        })
    }

    /// The same client, whose sign-ins also ask for the right to change events. Of a provider nothing more is asked.
    #[must_use]
    pub fn for_writing(self) -> Self {
        Self {
            writes: self.service == Service::Google,
            ..self
        }
    }

    /// Whose client it is.
    pub const fn service(&self) -> Service {
        self.service
    }
}

fn missing(config: &Config, service: Service) -> Problem {
    let file = config.file.display();
    let hint = match service {
        Service::Google => format!(
            "In the Google Cloud console, under APIs & Services › Credentials, make an OAuth client ID of the type \
             Desktop app. Then write its client_id and client_secret under [google] in {file}."
        ),
        Service::Zoom => format!(
            "In the Zoom App Marketplace, under Develop › Build App, make a General App (user-managed) with the \
             redirect URL http://127.0.0.1{REDIRECT_PATH}. Then write its client_id, and client_secret if it has \
             one, under [zoom] in {file}."
        ),
    };
    Problem::lasting(
        Code::ClientMissing,
        format!(
            "Reconvene is not yet known to {}: no OAuth client is configured.",
            service.name()
        ),
        hint,
    )
}
