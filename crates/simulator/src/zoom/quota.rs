//! Limits: requests per second and day for the account, and 100 created or changed meetings per host and UTC day.
//!
//! <https://developers.zoom.us/docs/api/rate-limits/>

use std::collections::{BTreeMap, VecDeque};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Plan, refusal};
use crate::wire::Answer;

/// How dear an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Label {
    Light,
    Medium,
}

/// What has been used so far.
#[derive(Debug)]
pub(crate) struct Quota {
    recent: BTreeMap<(String, Label), VecDeque<Timestamp>>,
    /// Requests per account, label and UTC day.
    daily: BTreeMap<(String, Label, Date), u32>,
    /// Creates and updates per host and UTC day.
    writes: BTreeMap<(String, Date), u32>,
    /// How many creates and updates a host has in a UTC day.
    pub(crate) writes_per_day: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            recent: BTreeMap::new(),
            daily: BTreeMap::new(),
            writes: BTreeMap::new(),
            writes_per_day: 100,
        }
    }
}

impl Quota {
    /// Counts one request of an account, or refuses it.
    pub(crate) fn request(
        &mut self,
        plan: Plan,
        account: &str,
        label: Label,
        now: Timestamp,
    ) -> Result<(), Answer> {
        let (name, per_second, per_day) = match (plan, label) {
            (Plan::Unlimited, _) => return Ok(()),
            (Plan::Free, Label::Light) => ("Light", 4, Some(6000)),
            (Plan::Free, Label::Medium) => ("Medium", 2, Some(2000)),
            (Plan::Pro, Label::Light) => ("Light", 30, None),
            (Plan::Pro, Label::Medium) => ("Medium", 20, None),
            (Plan::Business, Label::Light) => ("Light", 80, None),
            (Plan::Business, Label::Medium) => ("Medium", 60, None),
        };
        if let Some(limit) = per_day {
            let used = self
                .daily
                .entry((account.to_owned(), label, day(now)))
                .or_default();
            if *used >= limit {
                return Err(refusal::account_daily_limit(now, name, limit));
            }
            *used += 1;
        }
        let recent = self.recent.entry((account.to_owned(), label)).or_default();
        // A clock that was set back has left some of them ahead.
        recent.retain(|at| *at <= now && now.duration_since(*at) < SignedDuration::from_secs(1));
        if recent.len() >= per_second as usize {
            return Err(refusal::per_second_limit(now, name, per_second));
        }
        recent.push_back(now);
        Ok(())
    }

    /// Counts one create or update of a host's meetings, or refuses it. Deletes do not count: a user measured that
    /// (<https://devforum.zoom.us/t/59670>), though the documentation says otherwise.
    pub(crate) fn write(&mut self, host: &str, now: Timestamp) -> Result<(), Answer> {
        let used = self.writes.entry((host.to_owned(), day(now))).or_default();
        if *used >= self.writes_per_day {
            return Err(refusal::daily_limit());
        }
        *used += 1;
        Ok(())
    }

    /// How many creates and updates a host has made on the UTC day of `now`.
    pub(crate) fn writes_today(&self, host: &str, now: Timestamp) -> u32 {
        self.writes
            .get(&(host.to_owned(), day(now)))
            .copied()
            .unwrap_or_default()
    }

    /// Pretends that a host has already made so many today.
    pub(crate) fn set_writes_today(&mut self, host: &str, now: Timestamp, used: u32) {
        self.writes.insert((host.to_owned(), day(now)), used);
    }
}

fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}
