//! The real [`Clock`] and [`Dice`]: the operating system's.

use jiff::Timestamp;
use rand::Rng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::ports::{Clock, Dice};

/// The system's wall clock. It goes on while the machine sleeps, and it can be set either way.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the time comes from"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDice;

impl Dice for OsDice {
    /// # Panics
    /// When the operating system has no randomness to give. Going on with bytes that can be guessed would be
    /// worse, and none of the supported systems does this after it has started.
    fn fill(&self, bytes: &mut [u8]) {
        UnwrapErr(SysRng).fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_throws_differ() {
        let (mut one, mut two) = ([0; 32], [0; 32]);
        OsDice.fill(&mut one);
        OsDice.fill(&mut two);
        assert_ne!(one, two);
    }
}
