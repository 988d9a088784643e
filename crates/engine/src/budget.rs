//! The day's budget: how many creations and updates a provider takes from one host in a UTC day. They are counted
//! before they are sent, and the last of them are kept for what the person asks for by hand.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use rusqlite::Connection;

use crate::failure::{Failure, FailureKind, next_utc_day};
use crate::ports::Dice;
use crate::store::accounts::Account;
use crate::store::writes;

/// So many writes of a day are kept for the person.
const KEPT: u32 = 20;

/// How many writes a service takes from one host in a UTC day; none when it has no such limit. Deletions do not count.
/// <https://developers.zoom.us/docs/api/rate-limits/>
const fn a_day(service: Service) -> Option<u32> {
    match service {
        Service::Zoom => Some(100),
        Service::Google => None,
    }
}

/// How many writes an account has left today; `None` where there is no limit.
pub(crate) fn left(tx: &Connection, account: &Account, now: Timestamp) -> rusqlite::Result<Option<u32>> {
    let Some(limit) = a_day(account.service) else {
        return Ok(None);
    };
    let used = writes::of(tx, account.service, &account.subject, day(now))?;
    Ok(Some(limit.saturating_sub(used)))
}

/// Whether an account may make so many writes today, which the person `asked` for by hand or which are to be done
/// without them.
pub(crate) fn allows(
    tx: &Connection,
    account: &Account,
    writes: usize,
    asked: bool,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let kept = if asked { 0 } else { KEPT };
    let wanted = u32::try_from(writes).unwrap_or(u32::MAX);
    Ok(left(tx, account, now)?.is_none_or(|left| wanted <= left.saturating_sub(kept)))
}

/// Counts one creation or update, which is about to be sent.
pub(crate) fn spend(tx: &Connection, account: &Account, now: Timestamp) -> rusqlite::Result<()> {
    match a_day(account.service) {
        Some(_) => writes::add(tx, account.service, &account.subject, day(now)),
        None => Ok(()),
    }
}

/// The provider says that today's are used up, by whomever.
pub(crate) fn used_up(tx: &Connection, account: &Account, now: Timestamp) -> rusqlite::Result<()> {
    match a_day(account.service) {
        Some(limit) => writes::set(tx, account.service, &account.subject, day(now), limit),
        None => Ok(()),
    }
}

/// Why a write is not sent today, and when it is.
pub(crate) fn exceeded(service: Service, asked: bool, now: Timestamp, dice: &dyn Dice) -> Failure {
    let (name, limit) = (service.name(), a_day(service).unwrap_or_default());
    let message = if asked {
        format!("{name} allows {limit} changes a day and host, and today's are used up.")
    } else {
        format!(
            "{name} allows {limit} changes a day and host; the last {KEPT} of today are kept for what you ask for."
        )
    };
    let hint = if asked {
        "Reconvene goes on by itself after midnight UTC."
    } else {
        "Reconvene goes on by itself after midnight UTC. Retry makes this change now."
    };
    Failure::new(
        FailureKind::NotBefore(next_utc_day(now, dice)),
        Problem::passing(Code::DailyBudget, message, hint),
    )
}

fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}
