//! The web server for one redirect: on 127.0.0.1, on a port of the system's choosing, open only while a sign-in waits
//! (RFC 8252 §7.3 and §8.3).
//!
//! Any page in any browser, and any program of any user on this machine, can talk to it. So it takes exactly one
//! request, and only one that carries the state of this sign-in; whatever else comes is turned away and changes
//! nothing. Its pages are fixed texts: nothing of a request is ever repeated in them.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::form_urlencoded;

use super::REDIRECT_PATH;

/// Browsers open a few connections ahead of need; more at a time than this are somebody else's game.
const CONNECTIONS: usize = 16;
/// How long a connection may take to say what it wants.
const HEAD: Duration = Duration::from_secs(10);
/// How long the last page may take to reach the browser.
const LAST_PAGE: Duration = Duration::from_secs(2);

/// What the service sent the browser back with.
#[derive(Debug)]
pub(super) enum Redirect {
    /// An authorization code.
    Code(SecretString),
    /// An error code (RFC 6749 §4.1.2.1, and the vendors' own), not checked in any way.
    Error(String),
}

/// The page that ends the wait in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// It worked.
    Done,
    /// The person declined.
    Declined,
    /// It did not work; Reconvene says why.
    Failed,
    /// Not the request that is waited for.
    Unexpected,
}

/// What tells the awaited request from any other.
#[derive(Debug)]
pub(super) struct Expected {
    /// `state`, as sent with the authorization request.
    pub(super) state: SecretString,
    /// What `iss` must say, if it is there (RFC 9207).
    pub(super) issuer: String,
}

/// The bound listener.
#[derive(Debug)]
pub(super) struct Loopback {
    listener: TcpListener,
    port: u16,
}

impl Loopback {
    pub(super) async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{REDIRECT_PATH}", self.port)
    }

    /// Waits for the one request that fits, however many others come before it. The port is closed then. Dropping
    /// the future closes it as well.
    pub(super) async fn redirected(self, expected: Expected) -> (Redirect, Answering) {
        let (taken, mut redirect) = oneshot::channel();
        let closing = CancellationToken::new();
        let desk = Arc::new(Desk {
            closing: closing.clone(),
            host: format!("127.0.0.1:{}", self.port),
            expected,
            taken: Mutex::new(Some(taken)),
        });
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Ok((redirect, page)) = &mut redirect => return (redirect, Answering { page, connections, closing }),
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, Arc::clone(&desk)));
                    }
                    // Out of file descriptors, or the peer is gone already.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

/// The browser, waiting for its page.
#[derive(Debug)]
pub(super) struct Answering {
    page: oneshot::Sender<Page>,
    connections: JoinSet<()>,
    closing: CancellationToken,
}

impl Answering {
    /// Sends the page and hangs up.
    pub(super) async fn show(mut self, page: Page) {
        // The browser may be gone; then there is nobody to tell.
        if self.page.send(page).is_err() {
            return;
        }
        self.closing.cancel();
        let served = async { while self.connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_PAGE, served).await;
    }
}

type Taken = oneshot::Sender<(Redirect, oneshot::Sender<Page>)>;

/// What all connections share.
struct Desk {
    /// Cancelled when connections are to end: those that said nothing yet at once, the others after their page.
    closing: CancellationToken,
    host: String,
    expected: Expected,
    /// Gone once a request has fitted.
    taken: Mutex<Option<Taken>>,
}

async fn serve(stream: TcpStream, desk: Arc<Desk>) {
    let closing = desk.closing.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.answer(&request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // What goes wrong on one connection concerns nobody else.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = closing.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

impl Desk {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let host = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        // Another host name that leads here is a web page's doing (DNS rebinding).
        if host != Some(self.host.as_str()) {
            return page(StatusCode::MISDIRECTED_REQUEST, Page::Unexpected);
        }
        if request.uri().path() != REDIRECT_PATH {
            return page(StatusCode::NOT_FOUND, Page::Unexpected);
        }
        if request.method() != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED, Page::Unexpected);
        }
        let Some(redirect) = self.expected.fits(request.uri().query().unwrap_or_default()) else {
            return page(StatusCode::BAD_REQUEST, Page::Unexpected);
        };
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (reply, answer) = oneshot::channel();
        let Some(Ok(())) = taken.map(|taken| taken.send((redirect, reply))) else {
            return page(StatusCode::GONE, Page::Unexpected);
        };
        // No page means that nobody waits any more.
        page(StatusCode::OK, answer.await.unwrap_or(Page::Failed))
    }
}

impl Expected {
    /// What the query says, if it belongs to this sign-in.
    fn fits(&self, query: &str) -> Option<Redirect> {
        let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        // A parameter that comes twice makes the whole request invalid (RFC 6749 §3.1).
        let one = |wanted: &str| {
            let mut values = parameters
                .iter()
                .filter(|(name, _)| name == wanted)
                .map(|(_, value)| value);
            match (values.next(), values.next()) {
                (value, None) => Ok(value),
                _ => Err(()),
            }
        };
        let (state, issuer) = (one("state").ok()??, one("iss").ok()?);
        let (code, error) = (one("code").ok()?, one("error").ok()?);
        if !bool::from(state.as_bytes().ct_eq(self.state.expose_secret().as_bytes())) {
            return None;
        }
        if issuer.is_some_and(|issuer| issuer.trim_end_matches('/') != self.issuer) {
            return None;
        }
        match (code, error) {
            (Some(code), None) if !code.is_empty() => Some(Redirect::Code(SecretString::from(code.as_ref()))),
            (None, Some(error)) => Some(Redirect::Error(error.clone().into_owned())),
            _ => None,
        }
    }
}

fn page(status: StatusCode, page: Page) -> Response<Full<Bytes>> {
    let (title, text) = match page {
        Page::Done => (
            "You are signed in",
            "Reconvene has what it needs. You can close this tab.",
        ),
        Page::Declined => (
            "Sign-in declined",
            "Nothing was changed. You can close this tab and try again from Reconvene.",
        ),
        Page::Failed => (
            "That did not work",
            "Reconvene says what went wrong. You can close this tab.",
        ),
        Page::Unexpected => (
            "Nothing to see here",
            "This is not the sign-in that Reconvene is waiting for. You can close this tab.",
        ),
    };
    let html = include_str!("page.html")
        .replace("{title}", title)
        .replace("{text}", text);
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, http::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod hostile;
