//! The state of everything: both services, the sign-ins, the log and the faults in wait. Plain data; time and chance
//! come in from outside, so that the same seed and the same requests give the same bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Serialize;

use crate::consent::Consent;
use crate::fault::Faults;
use crate::google::Google;
use crate::log::Log;
use crate::wire::Service;
use crate::zoom::Zoom;

/// Tells the simulated services what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything the simulator knows.
pub struct World {
    clock: Clock,
    chance: ChaCha8Rng,
    seed: u64,
    pub(crate) google: Google,
    pub(crate) zoom: Zoom,
    pub(crate) consent: Consent,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) mails: Vec<Mail>,
    /// Zoom hosts with a write under way; Zoom refuses a second one.
    pub(crate) writing: BTreeMap<String, usize>,
}

/// A message that a service sent to people because of a request. The oracle for "nobody gets a mail because of us".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// When, in UTC.
    pub at: Timestamp,
    /// Who sent it.
    pub service: Service,
    /// What it was about, in words.
    pub about: String,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl World {
    /// An empty world: nobody in it, the default sign-in clients registered.
    #[must_use]
    pub fn new(clock: Clock, seed: u64) -> Self {
        Self {
            clock,
            chance: ChaCha8Rng::seed_from_u64(seed),
            seed,
            google: Google::default(),
            zoom: Zoom::default(),
            consent: Consent::default(),
            faults: Faults::default(),
            log: Log::default(),
            mails: Vec::new(),
            writing: BTreeMap::new(),
        }
    }

    /// Empties the world and starts chance over. The hook for faults stays, as it belongs to the test and not to the world.
    pub fn reset(&mut self) {
        let hook = self.faults.hook.take();
        *self = Self::new(Arc::clone(&self.clock), self.seed);
        self.faults.hook = hook;
    }

    /// The instant now, in UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Every mail sent so far, oldest first.
    #[must_use]
    pub fn mails(&self) -> &[Mail] {
        &self.mails
    }

    /// The log of requests.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Every token that either sign-in knows at this moment: what a client may keep in its keyring alone.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        let google = &self.google.oauth;
        let zoom = &self.zoom.oauth;
        let of_google = google.access.keys().chain(google.refresh.keys());
        let of_zoom = zoom.access.keys().chain(zoom.refresh.keys());
        of_google.chain(of_zoom).cloned().collect()
    }

    /// A random number.
    pub(crate) fn random(&mut self) -> u64 {
        self.chance.next_u64()
    }

    /// A random text of `length` letters out of `alphabet`.
    pub(crate) fn letters(&mut self, length: usize, alphabet: &str) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length)
            .filter_map(|_| {
                let at = usize::try_from(self.random() % letters.len().max(1) as u64).ok()?;
                letters.get(at).copied()
            })
            .collect()
    }

    /// A random opaque token body.
    pub(crate) fn opaque(&mut self, length: usize) -> String {
        self.letters(
            length,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        )
    }

    pub(crate) fn send_mail(&mut self, service: Service, about: String) {
        let at = self.now();
        self.mails.push(Mail { at, service, about });
    }
}
