//! Authorized requests: a token is fetched, refreshed once when the service refuses it, and never twice for one
//! request, so that a confused 401 cannot start a loop.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use jiff::Timestamp;
use reconvene_core::report::Service;
use secrecy::ExposeSecret;
use url::Url;

use crate::config::Config;
use crate::failure::Failure;
use crate::oauth::Access;
use crate::oauth::tokens::Tokens;
use crate::pace::Pace;
use crate::ports::Ports;
use crate::store::accounts::Account;

/// What the clients share: the ports, the tokens and the addresses.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) ports: Ports,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) config: Arc<Config>,
    pub(crate) pace: Arc<Pace>,
    /// Nothing is sent after that instant.
    pub(crate) until: Option<Timestamp>,
}

impl Session {
    /// The instant now.
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// The same, by which nothing is sent after an instant: a request may wait for its turn, or for a token, while the machine
    /// falls asleep.
    pub(crate) fn until(&self, instant: Timestamp) -> Self {
        Self {
            until: Some(instant),
            ..self.clone()
        }
    }

    /// Sends an authorized request. `build` gets the base address of the service's API for this account.
    ///
    /// It waits for the account's turn. Any answer that arrived is returned as it is, a second 401 included.
    pub(crate) async fn call(
        &self,
        account: &Account,
        build: impl Fn(&Url) -> Request<Bytes> + Send + Sync,
    ) -> Result<Response<Bytes>, Failure> {
        self.pace.turn(account.id, account.service).await;
        let access = self.tokens.access(&account.secret, account.service).await?;
        let answer = self.call_with(account.service, &access, &build).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.tokens.rejected(&account.secret, &access.token);
        self.pace.turn(account.id, account.service).await;
        let access = self.tokens.access(&account.secret, account.service).await?;
        self.call_with(account.service, &access, &build).await
    }

    /// Sends a request with an access token at hand, as during a sign-in.
    pub(crate) async fn call_with(
        &self,
        service: Service,
        access: &Access,
        build: &(impl Fn(&Url) -> Request<Bytes> + Send + Sync),
    ) -> Result<Response<Bytes>, Failure> {
        let mut request = build(&self.base(service, access)?);
        let bearer = format!("Bearer {}", access.token.expose_secret());
        let mut bearer = HeaderValue::try_from(bearer).map_err(|_| Failure::sign_in_again(service))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        if self.until.is_some_and(|until| self.now() > until) {
            return Err(Failure::late(service));
        }
        self.ports.transport.send(request).await.map_err(|error| {
            tracing::warn!(service = service.word(), %error, "no answer");
            Failure::unanswered(service, &error)
        })
    }

    /// Where the service's API is: as configured, or as the service named it for this account (Zoom's accounts live
    /// in regions), or the usual place.
    fn base(&self, service: Service, access: &Access) -> Result<Url, Failure> {
        let configured = self.config.service(service).api.is_some();
        match access.api_url.as_ref().filter(|_| !configured) {
            Some(regional) => Ok(address(regional, &["v2"], [])),
            None => Ok(self.config.endpoints(service)?.api),
        }
    }
}

/// The address of `segments` below `base`, each segment escaped, with `query`.
pub(crate) fn address<'a>(
    base: &Url,
    segments: &[&str],
    query: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Url {
    let mut url = base.clone();
    // Only an address that cannot have a path refuses segments, and the configuration accepts none of those.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    let mut pairs = url.query_pairs_mut();
    pairs.extend_pairs(query);
    drop(pairs);
    if url.query() == Some("") {
        url.set_query(None);
    }
    url
}

/// A request without body.
pub(crate) fn request(method: http::Method, url: &Url) -> Request<Bytes> {
    with_body(method, url, Bytes::new())
}

/// A request with a JSON body, or without one when it is empty.
pub(crate) fn with_body(method: http::Method, url: &Url, body: Bytes) -> Request<Bytes> {
    let json = !body.is_empty();
    let mut request = Request::new(body);
    *request.method_mut() = method;
    // Every `Url` with a host is a valid `Uri`: both follow RFC 3986 after the parser's normalization.
    if let Ok(uri) = url.as_str().parse() {
        *request.uri_mut() = uri;
    }
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if json {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_any_sign_stay_one_segment() {
        let base = Url::parse("https://www.googleapis.com/calendar/v3/").unwrap();
        let url = address(
            &base,
            &["calendars", "en.uk#holiday@group.v.calendar.google.com", "events"],
            [("a", "b c")],
        );
        assert_eq!(
            url.as_str(),
            "https://www.googleapis.com/calendar/v3/calendars/en.uk%23holiday@group.v.calendar.google.com/events?a=b+c"
        );
        assert!(address(&base, &["a/b"], []).as_str().ends_with("/a%2Fb"));
    }
}
