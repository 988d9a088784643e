//! What the machine is about, and how much less often calendars are read for it.

use std::time::Duration;

use jiff::SignedDuration;

/// The longest pause between two passes of a calendar that Reconvene chooses: when nobody is there to see what comes of
/// them, when the battery is to be spared, and after failures.
pub(crate) const SLOWEST: SignedDuration = SignedDuration::from_mins(5);

/// What the desktop tells of the machine. What it does not know counts as not so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Nobody is using the machine.
    pub idle: bool,
    /// It runs on its battery.
    pub on_battery: bool,
}

impl Surroundings {
    /// The pause between two passes of one calendar, when `poll` is the usual one.
    pub(crate) fn stretch(self, poll: Duration) -> Duration {
        if self.idle || self.on_battery {
            poll.max(SLOWEST.unsigned_abs())
        } else {
            poll
        }
    }
}
