//! The pace of each account: how close together its requests may follow. It stays well below what the services allow,
//! because other programs of the same person draw on the same allowance.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reconvene_core::id::AccountId;
use reconvene_core::report::Service;
use tokio::time::Instant;

/// How fast an account's requests may follow each other.
struct Rate {
    /// The time that one request stands for.
    each: Duration,
    /// So many may go at once after a rest.
    burst: u32,
}

/// Google takes 600 a minute and person (<https://developers.google.com/workspace/calendar/api/guides/quota>); Zoom,
/// of an account without a licence, 4 a second (<https://developers.zoom.us/docs/api/rate-limits/>).
const fn rate(service: Service) -> Rate {
    match service {
        Service::Google => Rate {
            each: Duration::from_millis(200),
            burst: 30,
        },
        Service::Zoom => Rate {
            each: Duration::from_millis(500),
            burst: 3,
        },
    }
}

/// The pace of every account.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<HashMap<AccountId, Instant>>);

impl Pace {
    /// Waits for an account's turn. Whoever came first goes first.
    pub(crate) async fn turn(&self, account: AccountId, service: Service) {
        let turn = self.reserve(account, &rate(service));
        tokio::time::sleep_until(turn).await;
    }

    /// What was sent so far is spent at a given instant; the next request may be sent a burst earlier than that.
    fn reserve(&self, account: AccountId, rate: &Rate) -> Instant {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = all.entry(account).or_insert(now);
        let turn = (*spent).max(now);
        *spent = turn + rate.each;
        turn.checked_sub(rate.each * (rate.burst - 1)).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn p13_an_account_sends_a_burst_at_once_and_the_rest_at_its_pace() {
        let (pace, began) = (Pace::default(), Instant::now());
        for _ in 0..30 {
            pace.turn(AccountId(1), Service::Google).await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        for _ in 0..300 {
            pace.turn(AccountId(1), Service::Google).await;
        }
        assert_eq!(began.elapsed().as_secs(), 60, "300 a minute");
        pace.turn(AccountId(2), Service::Google).await;
        assert_eq!(
            began.elapsed().as_secs(),
            60,
            "P10: another account does not wait"
        );
        tokio::time::advance(Duration::from_secs(6)).await;
        for _ in 0..30 {
            pace.turn(AccountId(1), Service::Google).await;
        }
        assert_eq!(began.elapsed().as_secs(), 66, "rested");
    }
}
