//! One sign-in, from the address that the browser opens to the [`Grant`].

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oauth2::{AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::endpoint::{Failure, Issued};
use super::loopback::{Expected, Loopback, Page, Redirect};
use super::{Grant, OAuthClient, scopes};
use crate::ports::{Dice, Ports};

/// How long a person may take at the service's pages.
pub const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// A sign-in that waits for its redirect. Dropping it closes the port.
pub struct Begun {
    /// Names this sign-in to whoever may want to cancel it. It is no secret and of no use at the service.
    pub ticket: String,
    /// What the browser must open.
    pub url: Url,
    client: OAuthClient,
    ports: Ports,
    loopback: Loopback,
    redirect: RedirectUrl,
    expected: Expected,
    verifier: PkceCodeVerifier,
    deadline: Instant,
}

impl fmt::Debug for Begun {
    /// Without the URL: its query holds the state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun")
            .field("service", &self.client.service)
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}

/// Binds the loopback port and makes the address to open. Nothing is sent yet. The person has `patience` from now
/// on, usually [`PATIENCE`].
///
/// # Errors
/// [`Code::Internal`] when no port on 127.0.0.1 can be bound.
pub async fn begin(client: &OAuthClient, ports: &Ports, patience: Duration) -> Result<Begun, Problem> {
    let dice = ports.dice.as_ref();
    let loopback = Loopback::bind().await.map_err(|error| {
        Problem::passing(
            Code::Internal,
            format!("No port could be opened on 127.0.0.1 to receive the sign-in: {error}."),
            "Check that the loopback interface is up and that no security software blocks it, then try again.",
        )
    })?;
    let redirect = RedirectUrl::new(loopback.redirect_uri()).map_err(|error| {
        Problem::lasting(Code::Internal, format!("A URL could not be made: {error}."), "")
    })?;
    let state = unguessable(dice);
    // 32 bytes are 43 characters, the least that RFC 7636 §4.1 allows and what it recommends.
    let verifier = PkceCodeVerifier::new(unguessable(dice));
    let mut request = client
        .wire
        .authorize_url(|| CsrfToken::new(state.clone()))
        .set_redirect_uri(std::borrow::Cow::Borrowed(&redirect))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .add_scopes(
            scopes::asked(client.service, client.writes)
                .iter()
                .map(|&scope| Scope::new(scope.to_owned())),
        );
    if client.service == Service::Google {
        // Without these two a second consent brings no refresh token:
        // https://developers.google.com/identity/protocols/oauth2/web-server#offline
        request = request
            .add_extra_param("access_type", "offline")
            .add_extra_param("prompt", "consent")
            // A right to write that was given once is not lost by signing in again:
            // https://developers.google.com/identity/protocols/oauth2/web-server#incrementalAuth
            .add_extra_param("include_granted_scopes", "true");
    }
    let (url, _) = request.url();
    Ok(Begun {
        ticket: unguessable(dice),
        url,
        client: client.clone(),
        ports: ports.clone(),
        loopback,
        redirect,
        expected: Expected {
            state: SecretString::from(state),
            issuer: client.issuer.clone(),
        },
        verifier,
        deadline: Instant::now() + patience,
    })
}

fn unguessable(dice: &dyn Dice) -> String {
    let mut bytes = [0; 32];
    dice.fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Begun {
    /// Waits for the redirect, redeems the code and checks what was granted. The browser gets its page last, when the
    /// outcome is known.
    ///
    /// `cancel` counts until the redirect has come. After that the grant is fetched and given back whatever happens,
    /// because fetching it may already have ended an earlier grant of the same person (Zoom keeps one at a time).
    ///
    /// # Errors
    /// [`Code::SignInCancelled`], [`Code::SignInTimedOut`], [`Code::SignInDenied`], [`Code::MissingScope`],
    /// [`Code::ClientRejected`], or what kept the token endpoint from answering.
    pub async fn finish(self, cancel: CancellationToken) -> Result<Grant, Problem> {
        let name = self.client.service.name();
        let (redirect, answering) = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Problem::lasting(
                Code::SignInCancelled,
                format!("The sign-in to {name} was called off."),
                "Nothing was changed.",
            )),
            () = tokio::time::sleep_until(self.deadline) => return Err(Problem::lasting(
                Code::SignInTimedOut,
                format!("Nobody finished the sign-in to {name} in time."),
                "Nothing was changed. Start the sign-in again when you are ready.",
            )),
            redirect = self.loopback.redirected(self.expected) => redirect,
        };
        let result = match redirect {
            Redirect::Error(error) => Err(declined(&self.client, &error)),
            Redirect::Code(code) => {
                let code = AuthorizationCode::new(code.expose_secret().to_owned());
                self.client
                    .exchange(&self.ports, code, self.verifier, self.redirect)
                    .await
                    .map_err(|failure| failed(name, failure))
                    .and_then(|issued| grant(&self.client, issued))
            }
        };
        let page = match &result {
            Ok(_) => Page::Done,
            Err(problem) if problem.code == Code::SignInDenied => Page::Declined,
            Err(_) => Page::Failed,
        };
        answering.show(page).await;
        result
    }
}

/// What an error code in the redirect means: RFC 6749 §4.1.2.1, and
/// <https://developers.google.com/identity/protocols/oauth2/native-app#authorization-errors>.
fn declined(client: &OAuthClient, error: &str) -> Problem {
    let name = client.service.name();
    match error {
        "access_denied" => Problem::lasting(
            Code::SignInDenied,
            format!("The sign-in to {name} was declined."),
            "Nothing was changed. Sign in again to allow it. If you did allow it, your account may not be admitted to \
             this app: ask whoever set up the OAuth client, or your administrator.",
        ),
        "admin_policy_enforced" | "org_internal" => Problem::lasting(
            Code::SignInDenied,
            format!("An administrator's policy keeps this account from signing in to {name} with this app."),
            "Ask the administrator to allow the app, or sign in with another account.",
        ),
        "server_error" | "temporarily_unavailable" => Problem::passing(
            Code::ServiceFailed,
            format!("{name} could not complete the sign-in just now."),
            "Sign in again in a few minutes.",
        ),
        "invalid_request" => client.rejected("invalid_request"),
        "unauthorized_client" => client.rejected("unauthorized_client"),
        "invalid_client" => client.rejected("invalid_client"),
        "deleted_client" => client.rejected("deleted_client"),
        "disabled_client" => client.rejected("disabled_client"),
        "redirect_uri_mismatch" => client.rejected("redirect_uri_mismatch"),
        "invalid_scope" => client.rejected("invalid_scope"),
        _ => Problem::lasting(
            Code::ServiceFailed,
            format!("{name} did not complete the sign-in."),
            "Sign in again. If it fails again, check the OAuth client's settings at the service.",
        ),
    }
}

fn failed(name: &str, failure: Failure) -> Problem {
    match failure {
        Failure::GrantGone => Problem::lasting(
            Code::SignInAgain,
            format!("{name} no longer accepted the sign-in: it took too long or was used already."),
            "Sign in again.",
        ),
        Failure::Other(problem, _) => problem,
    }
}

fn grant(client: &OAuthClient, issued: Issued) -> Result<Grant, Problem> {
    let service = client.service;
    let scopes = scopes::check(service, client.writes, issued.scopes)?;
    let refresh = issued.refresh.ok_or_else(|| {
        Problem::lasting(
            Code::SignInAgain,
            format!(
                "{} gave access for an hour only, without a refresh token.",
                service.name()
            ),
            "Remove Reconvene from the apps connected to your account there, then sign in again.",
        )
    })?;
    Ok(Grant {
        service,
        refresh,
        access: issued.access,
        scopes,
    })
}

#[cfg(test)]
mod tests;
