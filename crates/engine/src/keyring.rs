//! The real [`Secrets`]: the operating system's keyring, and nothing else. When it does not serve, that is said;
//! a secret never goes to a file instead.
//!
//! One thread of its own speaks to the keyring, one request after another. A locked keyring makes the desktop ask
//! for a password, and the call returns when the person has answered, perhaps never; so callers wait for a few
//! seconds and then hear that it has not answered, while the thread goes on waiting and serves later callers once it is
//! free. A thread per call would leave one behind with every call
//! (<https://github.com/frankbria/codeframe/pull/1184>). Nothing joins the thread, so that it cannot keep the process
//! from ending.
//!
//! Linux: the Secret Service of GNOME Keyring, KWallet, KeePassXC and others, in the default collection. KWallet
//! keeps UTF-8 only, so secrets are text. Windows: Credential Manager, which takes 2,560 bytes; the refresh tokens of
//! Google and Zoom fit. macOS: the login keychain.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use keyring_core::{CredentialStore, Entry, Error};
use reconvene_core::problem::{Code, Problem};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::ports::{Secrets, SecretsError};

/// The service attribute of every entry.
const SERVICE: &str = "reconvene";
/// How long a caller waits before hearing that the keyring has not answered.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a person may take to unlock it when they are there, as at a sign-in.
const UNLOCKING: Duration = Duration::from_secs(60);

/// The operating system's keyring.
pub struct Keyring {
    desk: Arc<Desk>,
    patience: Duration,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

/// Makes the store; called again at the next request when it failed, because a keyring may start later.
type MakeStore = Box<dyn FnMut() -> keyring_core::Result<Arc<CredentialStore>> + Send>;

enum Request {
    Get,
    Set(SecretString),
    Delete,
}

struct Job {
    name: String,
    request: Request,
    reply: oneshot::Sender<Result<Option<SecretString>, SecretsError>>,
}

/// Where callers leave their jobs.
#[derive(Default)]
struct Desk {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Keyring {
    /// The keyring of this desktop. Nothing is opened until the first request.
    pub fn new() -> Self {
        Self::start(Box::new(platform_store), PATIENCE, cfg!(target_os = "linux"))
    }

    /// A keyring on any store, for which callers wait for `patience`.
    pub fn with_store<F>(make: F, patience: Duration) -> Self
    where
        F: FnMut() -> keyring_core::Result<Arc<CredentialStore>> + Send + 'static,
    {
        Self::start(Box::new(make), patience, false)
    }

    fn start(make: MakeStore, patience: Duration, labelled: bool) -> Self {
        let desk = Arc::new(Desk::default());
        let worker = Worker {
            make,
            labelled,
            store: None,
        };
        let its_desk = Arc::clone(&desk);
        let thread = std::thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || worker.work(&its_desk));
        if let Err(error) = thread {
            tracing::error!(%error, "the keyring's thread could not be started");
            desk.queue().closed = true;
        }
        Self { desk, patience }
    }

    async fn ask(&self, name: &str, request: Request) -> Result<Option<SecretString>, SecretsError> {
        let (reply, answer) = oneshot::channel();
        self.desk.put(Job {
            name: name.to_owned(),
            request,
            reply,
        });
        match tokio::time::timeout(self.patience, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(SecretsError::Refused("the keyring's thread has ended".to_owned())),
            Err(_) => Err(SecretsError::Unanswered),
        }
    }
}

impl Default for Keyring {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Keyring {
    /// The thread ends when it has done what is queued; nobody waits for it.
    fn drop(&mut self) {
        self.desk.queue().closed = true;
        self.desk.arrived.notify_one();
    }
}

#[async_trait]
impl Secrets for Keyring {
    async fn get(&self, name: &str) -> Result<Option<SecretString>, SecretsError> {
        self.ask(name, Request::Get).await
    }

    async fn set(&self, name: &str, secret: &SecretString) -> Result<(), SecretsError> {
        self.ask(name, Request::Set(secret.clone())).await.map(drop)
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.ask(name, Request::Delete).await.map(drop)
    }
}

impl Desk {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job. What nobody waits for any more leaves the queue: reads always, and writes once a later write to
    /// the same name makes them void, so that the queue stays short however long the keyring is locked. Other writes
    /// stay, because a token is better kept late than not.
    fn put(&self, job: Job) {
        let mut queue = self.queue();
        if queue.closed {
            return;
        }
        let writes = !matches!(job.request, Request::Get);
        queue.jobs.retain(|old| {
            let void = matches!(old.request, Request::Get) || (writes && old.name == job.name);
            !(void && old.reply.is_closed())
        });
        queue.jobs.push_back(job);
        self.arrived.notify_one();
    }

    fn take(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The thread's own.
struct Worker {
    make: MakeStore,
    /// Whether the store takes a label for the person to read. Only the Secret Service's does.
    labelled: bool,
    store: Option<Arc<CredentialStore>>,
}

impl Worker {
    fn work(mut self, desk: &Desk) {
        while let Some(Job { name, request, reply }) = desk.take() {
            if matches!(request, Request::Get) && reply.is_closed() {
                continue;
            }
            // A store that panics must not take the thread with it; its locks may be poisoned, so it goes.
            let answer =
                catch_unwind(AssertUnwindSafe(|| self.serve(&name, &request))).unwrap_or_else(|_| {
                    self.store = None;
                    Err(SecretsError::Refused("the keyring's library failed".to_owned()))
                });
            // The caller may have lost patience.
            let _ = reply.send(answer);
        }
    }

    fn serve(&mut self, name: &str, request: &Request) -> Result<Option<SecretString>, SecretsError> {
        if let Some(store) = self.store.clone() {
            match self.perform(store.as_ref(), name, request) {
                // The service may have been restarted since the store connected to it: once more, from the start.
                Err(Error::PlatformFailure(_)) => self.store = None,
                answer => return answer.map_err(classify),
            }
        }
        let store = (self.make)().map_err(|error| match error {
            // No session bus, no service on it, or none that can be spoken to.
            Error::PlatformFailure(_) | Error::NoDefaultStore | Error::NotSupportedByStore(_) => {
                tracing::debug!(%error, "no keyring");
                SecretsError::Missing
            }
            error => classify(error),
        })?;
        self.store = Some(Arc::clone(&store));
        self.perform(store.as_ref(), name, request).map_err(classify)
    }

    fn perform(
        &self,
        store: &CredentialStore,
        name: &str,
        request: &Request,
    ) -> Result<Option<SecretString>, Error> {
        let label = format!("Reconvene ({name})");
        let modifiers = HashMap::from([("label", label.as_str())]);
        let entry = store.build(SERVICE, name, self.labelled.then_some(&modifiers))?;
        perform(&entry, request)
    }
}

fn perform(entry: &Entry, request: &Request) -> Result<Option<SecretString>, Error> {
    match request {
        Request::Get => match entry.get_secret() {
            Ok(bytes) => String::from_utf8(bytes)
                .map(|text| Some(SecretString::from(text)))
                .map_err(|error| Error::BadEncoding(error.into_bytes())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        },
        // As bytes: a "password" is kept as UTF-16 on Windows, where that would halve what fits.
        Request::Set(secret) => {
            let bytes = secret.expose_secret().as_bytes();
            match entry.set_secret(bytes) {
                // Copies in several collections: a backup was restored, say. The write settles which one holds.
                Err(Error::Ambiguous(copies)) => {
                    remove(&copies)?;
                    entry.set_secret(bytes)?;
                }
                outcome => outcome?,
            }
            Ok(None)
        }
        Request::Delete => match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(None),
            Err(Error::Ambiguous(copies)) => remove(&copies).map(|()| None),
            Err(error) => Err(error),
        },
    }
}

fn remove(copies: &[Entry]) -> Result<(), Error> {
    copies.iter().try_for_each(Entry::delete_credential)
}

/// What a failure means, by its variant. Only fixed words and those of the platform go into the text: some variants
/// carry the secret itself.
fn classify(error: Error) -> SecretsError {
    let refused = |text: &str| SecretsError::Refused(text.to_owned());
    match error {
        Error::NoStorageAccess(cause) | Error::PlatformFailure(cause) => platform_cause(cause.as_ref()),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            refused("the entry holds something else than text")
        }
        Error::BadStoreFormat(_) => refused("the keyring is damaged"),
        Error::TooLong(_, limit) => SecretsError::Refused(format!("it takes no more than {limit} bytes")),
        Error::Ambiguous(_) => refused("it holds several entries of the same name"),
        Error::NoDefaultStore => SecretsError::Missing,
        Error::Invalid(..) | Error::NotSupportedByStore(_) => refused("it does not support this"),
        _ => refused("unknown reason"),
    }
}

#[cfg(target_os = "linux")]
fn platform_cause(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> SecretsError {
    use secret_service::Error as Cause;
    match cause.downcast_ref::<Cause>() {
        Some(Cause::Locked | Cause::Prompt) => SecretsError::Locked,
        Some(Cause::Unavailable) => SecretsError::Missing,
        // gnome-keyring answers so when no password was ever set for it.
        Some(Cause::NoResult) => SecretsError::Empty,
        _ => SecretsError::Refused(cause.to_string()),
    }
}

/// macOS says "no access" for a locked keychain and for a person who pressed Deny.
#[cfg(not(target_os = "linux"))]
fn platform_cause(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> SecretsError {
    SecretsError::Refused(cause.to_string())
}

#[cfg(target_os = "linux")]
fn platform_store() -> keyring_core::Result<Arc<CredentialStore>> {
    zbus_secret_service_keyring_store::Store::new().map(|store| -> Arc<CredentialStore> { store })
}

#[cfg(target_os = "macos")]
fn platform_store() -> keyring_core::Result<Arc<CredentialStore>> {
    apple_native_keyring_store::keychain::Store::new().map(|store| -> Arc<CredentialStore> { store })
}

#[cfg(windows)]
fn platform_store() -> keyring_core::Result<Arc<CredentialStore>> {
    windows_native_keyring_store::Store::new().map(|store| -> Arc<CredentialStore> { store })
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn platform_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(Error::NotSupportedByStore(
        "no keyring is known for this system".to_owned(),
    ))
}

/// Asks as often as it takes while the keyring waits for the person, who is there: up to a minute.
pub(crate) async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, SecretsError>
where
    F: Future<Output = Result<T, SecretsError>>,
{
    let until = Instant::now() + UNLOCKING;
    loop {
        match ask().await {
            Err(SecretsError::Unanswered) if Instant::now() < until => {}
            answer => return answer,
        }
    }
}

/// How a keyring that does not serve is put to the person.
pub fn problem(error: &SecretsError) -> Problem {
    match error {
        SecretsError::Missing => Problem::passing(
            Code::KeyringMissing,
            "No keyring answers on this desktop, so sign-ins cannot be kept.",
            "GNOME: start gnome-keyring. KDE: switch on KDE Wallet in System Settings. Elsewhere: install and start \
             gnome-keyring, or KeePassXC with its Secret Service switched on. Then try again; nothing needs a restart.",
        ),
        SecretsError::Empty => Problem::passing(
            Code::KeyringMissing,
            "The keyring of this desktop has no default keyring in it, so sign-ins cannot be kept.",
            "Make one with Passwords and Keys (GNOME), KWalletManager (KDE) or KeePassXC, or log out and in again. Then \
             try again; nothing needs a restart.",
        ),
        SecretsError::Locked | SecretsError::Unanswered => Problem::passing(
            Code::KeyringLocked,
            "The keyring is locked.",
            "Enter its password in the window that the desktop shows. If there is none, unlock it: in Passwords and \
             Keys (GNOME), in KWalletManager (KDE), or in KeePassXC. What waits is tried again then.",
        ),
        SecretsError::Refused(why) => Problem::lasting(
            Code::KeyringRefused,
            format!("The keyring refused: {why}."),
            "Open it and see whether it is in order: with Passwords and Keys (GNOME), KWalletManager (KDE) or \
             KeePassXC. If it has no keyring or wallet yet, make a default one there, then try again.",
        ),
    }
}

#[cfg(test)]
mod tests;
