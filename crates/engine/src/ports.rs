//! What the engine needs from the world: HTTP, the time, chance and a place for secrets. Everything else in this
//! crate is reached through these four, so that a simulation can stand in for all of them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use secrecy::SecretString;

/// The four ports, as handed to the engine. Cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// HTTP.
    pub transport: Arc<dyn Transport>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub dice: Arc<dyn Dice>,
    /// The keyring.
    pub secrets: Arc<dyn Secrets>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// Carries one HTTP request and brings its whole answer.
///
/// An implementation follows no redirects, bounds the answer's size, and gives up after a while; it never retries.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request` and reads the answer to its end.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
}

/// Why there is no answer. The kinds differ in what is known about the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: the request was certainly not carried out.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// It was sent, and no usable answer came back: it may or may not have been carried out.
    #[error("no answer: {0}")]
    Unanswered(String),
    /// The answer is larger than any that makes sense; it was not read to its end.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
}

/// Wall time.
///
/// Waiting is tokio's business; a wait is never trusted for more than 60 s of wall time, because timers stand
/// still while a laptop sleeps.
pub trait Clock: Send + Sync {
    /// The instant now. It can jump either way.
    fn now(&self) -> Timestamp;
}

/// Chance, for jitter and for what must not be guessed. The real one is the operating system's generator.
pub trait Dice: Send + Sync {
    /// Fills `bytes` with bytes that nobody can foresee.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Dice + '_ {
    /// A number in `0.0..1.0`, evenly spread.
    pub fn unit(&self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The place where secrets live: the operating system's keyring, and nothing else.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Reads a secret; `None` when there is none by that name.
    async fn get(&self, name: &str) -> Result<Option<SecretString>, SecretsError>;
    /// Keeps a secret, replacing any by that name. When this returns it is durable.
    async fn set(&self, name: &str, secret: &SecretString) -> Result<(), SecretsError>;
    /// Forgets a secret; it is no error that there was none.
    async fn delete(&self, name: &str) -> Result<(), SecretsError>;
}

/// Why the keyring did not serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// No keyring service answers on this desktop.
    #[error("no keyring service answers")]
    Missing,
    /// One answers, and has no keyring in it to keep anything in.
    #[error("the keyring service has no default keyring")]
    Empty,
    /// It is locked, and the prompt was dismissed or cannot be shown.
    #[error("the keyring is locked")]
    Locked,
    /// It has not answered yet: most likely it asks the person for its password. The same request may succeed any moment.
    #[error("the keyring has not answered yet")]
    Unanswered,
    /// It refused, or failed.
    #[error("the keyring refused: {0}")]
    Refused(String),
}
