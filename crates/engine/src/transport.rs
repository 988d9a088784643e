//! The real [`Transport`]: HTTPS through reqwest and rustls.
//!
//! Two clients stand behind it, chosen by the host of each request. The one for the outside speaks https only and
//! heeds the system's proxy; the one for this machine's own loopback addresses also speaks plain http and never
//! asks a proxy, which could read what was not meant to leave the machine.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reconvene_core::problem::{Code, Problem};
use url::Url;

use crate::config::is_loopback;
use crate::ports::{Transport, TransportError};

/// How long and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For name, connection and TLS together.
    pub connect: Duration,
    /// For the whole request, to the last byte of the answer.
    pub total: Duration,
    /// Bytes of one answer's body, after decompression.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
            body: 32 * 1024 * 1024,
        }
    }
}

/// HTTPS to the outside, and plain http as well to this machine's loopback addresses. Follows no redirect, keeps no
/// cookie, repeats nothing.
#[derive(Debug, Clone)]
pub struct Https {
    outside: reqwest::Client,
    loopback: reqwest::Client,
    body: usize,
}

impl Https {
    /// A transport with the usual limits.
    ///
    /// # Errors
    /// [`Code::Internal`] when TLS cannot be set up on this system.
    pub fn new() -> Result<Self, Problem> {
        Self::with_limits(Limits::default())
    }

    /// A transport with other limits.
    ///
    /// # Errors
    /// As [`Https::new`].
    pub fn with_limits(limits: Limits) -> Result<Self, Problem> {
        let common = || {
            reqwest::Client::builder()
                // Google compresses only for clients whose name says gzip:
                // https://developers.google.com/workspace/calendar/api/guides/performance
                .user_agent(concat!("Reconvene/", env!("CARGO_PKG_VERSION"), " (gzip)"))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .gzip(true)
                .connect_timeout(limits.connect)
                .timeout(limits.total)
        };
        let failed = |error: reqwest::Error| {
            Problem::lasting(
                Code::Internal,
                format!("Secure connections cannot be set up: {}.", reason(error)),
                "Check that this system's certificates are installed (ca-certificates).",
            )
        };
        Ok(Self {
            outside: common().https_only(true).build().map_err(failed)?,
            loopback: common().no_proxy().build().map_err(failed)?,
            body: limits.body,
        })
    }

    /// Chooses the client. What it refuses has certainly not been sent.
    fn client(&self, uri: &http::Uri) -> Result<&reqwest::Client, TransportError> {
        let refused = |why: &str| TransportError::Unreachable(why.to_owned());
        let url = Url::parse(&uri.to_string()).map_err(|_| refused("the address cannot be used"))?;
        if is_loopback(&url) {
            Ok(&self.loopback)
        } else if url.scheme() == "https" {
            Ok(&self.outside)
        } else {
            Err(refused("only https is spoken beyond this machine"))
        }
    }
}

#[async_trait]
impl Transport for Https {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let client = self.client(request.uri())?;
        let request = reqwest::Request::try_from(request)
            .map_err(|error| TransportError::Unreachable(reason(error)))?;
        let mut response = client.execute(request).await.map_err(failure)?;

        let too_large = TransportError::TooLarge { limit: self.body };
        let announced = response
            .content_length()
            .map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced > self.body {
            return Err(too_large);
        }
        let mut body = BytesMut::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len().saturating_add(chunk.len()) > self.body {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }

        let mut answer = http::Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        std::mem::swap(answer.headers_mut(), response.headers_mut());
        Ok(answer)
    }
}

/// What is known about a request that brought no answer. reqwest says "connect" for name, connection, proxy tunnel
/// and TLS; everything else can have happened after the request went out.
fn failure(error: reqwest::Error) -> TransportError {
    let certainly_not_sent = error.is_connect() || error.is_builder();
    let reason = reason(error);
    if certainly_not_sent {
        TransportError::Unreachable(reason)
    } else {
        TransportError::Unanswered(reason)
    }
}

/// The error's words down to its root, without the URL, whose query can hold what is nobody's business.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests;
