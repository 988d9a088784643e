//! The real ports, put together.

use std::sync::Arc;

use reconvene_core::problem::Problem;

use crate::clock::{OsDice, SystemClock};
use crate::keyring::Keyring;
use crate::ports::Ports;
use crate::transport::Https;

impl Ports {
    /// The real ones: HTTPS, the system's clock and generator, the system's keyring.
    ///
    /// # Errors
    /// [`reconvene_core::problem::Code::Internal`] when TLS cannot be set up.
    pub fn real() -> Result<Self, Problem> {
        Ok(Self {
            transport: Arc::new(Https::new()?),
            clock: Arc::new(SystemClock),
            dice: Arc::new(OsDice),
            secrets: Arc::new(Keyring::new()),
        })
    }
}
