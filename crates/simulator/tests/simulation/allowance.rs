//! P13: how many creations and updates a machine sends for one host in a UTC day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use reconvene_simulator::Entry;

use crate::ledger::Machine;

/// What Zoom takes from one host in a UTC day (<https://developers.zoom.us/docs/api/rate-limits/>), and how much of it is left
/// for what the person asks for by hand.
const A_DAY: u32 = 100;
const KEPT: u32 = 20;

/// What was sent, and who may draw on all of it.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    sent: BTreeMap<(Machine, String, Date), u32>,
    asked: BTreeSet<Machine>,
    used_up: BTreeSet<(Machine, String, Date)>,
}

impl Allowance {
    /// The person asked for something by hand.
    pub(crate) fn asked(&mut self, machine: Machine) {
        self.asked.insert(machine);
    }

    /// Zoom said that a host's day is used up, which others may have done.
    pub(crate) fn refused(&mut self, machine: Machine, entry: &Entry) {
        if let Some(host) = entry.who.clone() {
            let day = entry.at.to_zoned(TimeZone::UTC).date();
            self.used_up.insert((machine, host, day));
        }
    }

    /// What was said to a process that ended, or to an account that signed in anew, need not be known any more.
    pub(crate) fn begin_anew(&mut self, machine: Machine) {
        self.used_up.retain(|(of, ..)| *of != machine);
    }

    /// A creation or an update reached Zoom; says what is wrong when it is one too many.
    pub(crate) fn sent(&mut self, machine: Machine, entry: &Entry) -> Option<String> {
        // One with a token that ended is sent twice.
        let host = entry.who.clone().filter(|_| entry.status != 401)?;
        let day = entry.at.to_zoned(TimeZone::UTC).date();
        if self.used_up.contains(&(machine, host.clone(), day)) && !self.asked.contains(&machine) {
            return Some(format!("a change, though Zoom said that {day} is used up"));
        }
        let sent = self.sent.entry((machine, host, day)).or_default();
        *sent += 1;
        let kept = if self.asked.contains(&machine) { 0 } else { KEPT };
        (*sent > A_DAY - kept)
            .then(|| format!("change {sent} of {day}, and {kept} of {A_DAY} are to be kept"))
    }
}
