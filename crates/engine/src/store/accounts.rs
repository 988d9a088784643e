//! The accounts table.

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::AccountId;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Health, Service};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Json, Millis, instant, json};

/// Who a provider says the signed-in person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The provider's id of the person, as it appears as host of meetings.
    pub(crate) subject: String,
    /// The name or address they know themselves by.
    pub(crate) name: String,
    /// The number of their personal room, if they have one.
    pub(crate) room: Option<String>,
}

/// A signed-in identity. The secret itself is in the keyring under the name `secret`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) service: Service,
    /// The service's own id of the person: Google's address, Zoom's user id.
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) secret: String,
    /// The number of the person's personal room, if they have one. It is never acted on.
    pub(crate) room: Option<String>,
    /// Whether its grant lets events be changed.
    pub(crate) writes: bool,
    pub(crate) health: Health,
    /// Whether the service itself asked to be left alone until the next try.
    obeys: bool,
    /// Whether the person has seen what was out of step when it was connected, and agreed to writes.
    pub(crate) agreed: bool,
}

/// No wait is longer. One that seems to be was noted while the clock was ahead.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(26);

impl Account {
    /// Until when no request is to be made for it.
    pub(crate) fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.health
            .next_try
            .filter(|until| *until > now && until.duration_since(now) < LONGEST_WAIT)
    }

    /// Until when the service itself asked for peace.
    pub(crate) fn obeys_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.waits_until(now).filter(|_| self.obeys)
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let word: String = row.get("service")?;
    Ok(Account {
        id: AccountId(row.get("id")?),
        service: Service::from_word(&word)
            .ok_or_else(|| rusqlite::Error::InvalidColumnName(format!("unknown service {word}")))?,
        subject: row.get("subject")?,
        name: row.get("name")?,
        secret: row.get("secret")?,
        room: row.get("room")?,
        writes: row.get("writes")?,
        health: health(row)?,
        obeys: row.get("obeys")?,
        agreed: row.get("agreed")?,
    })
}

/// The four columns that tell how fresh something is.
pub(super) fn health(row: &Row<'_>) -> rusqlite::Result<Health> {
    Ok(Health {
        last_attempt: instant(row, "last_attempt")?,
        last_success: instant(row, "last_success")?,
        problem: json(row, "problem")?,
        next_try: instant(row, "next_try")?,
    })
}

/// Every account, oldest first.
pub(crate) fn all(tx: &Connection) -> rusqlite::Result<Vec<Account>> {
    tx.prepare_cached("SELECT * FROM accounts ORDER BY id")?
        .query_map([], account)?
        .collect()
}

/// One account.
pub(crate) fn get(tx: &Connection, id: AccountId) -> rusqlite::Result<Option<Account>> {
    tx.prepare_cached("SELECT * FROM accounts WHERE id = ?1")?
        .query_row([id.0], account)
        .optional()
}

/// The accounts of one service.
pub(crate) fn of(tx: &Connection, service: Service) -> rusqlite::Result<Vec<Account>> {
    tx.prepare_cached("SELECT * FROM accounts WHERE service = ?1 ORDER BY id")?
        .query_map([service.word()], account)?
        .collect()
}

/// Adds an account, or renews the one with the same subject: its problem is over. A new one at a meeting provider waits for
/// the person's word before its first write.
pub(crate) fn signed_in(
    tx: &Connection,
    service: Service,
    who: &Identity,
    secret: &str,
    now: Timestamp,
) -> rusqlite::Result<AccountId> {
    tx.query_row(
        "INSERT INTO accounts (service, subject, name, secret, room, last_attempt, last_success, agreed)
         VALUES (:service, :subject, :name, :secret, :room, :now, :now, :agreed)
         ON CONFLICT (service, subject) DO UPDATE
         SET name = iif(excluded.name = excluded.subject, name, excluded.name), secret = excluded.secret,
             room = coalesce(excluded.room, room),
             last_attempt = excluded.last_attempt, last_success = excluded.last_success, problem = NULL,
             next_try = NULL, obeys = 0
         RETURNING id",
        named_params! {
            ":service": service.word(), ":subject": who.subject, ":name": who.name, ":secret": secret,
            ":room": who.room, ":now": Millis(now), ":agreed": service == Service::Google,
        },
        |row| Ok(AccountId(row.get(0)?)),
    )
}

/// Notes whether events may be changed through an account.
pub(crate) fn set_writes(tx: &Connection, id: AccountId, writes: bool) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE accounts SET writes = ?2 WHERE id = ?1")?
        .execute((id.0, writes))
        .map(drop)
}

/// Notes that a request to the account's service, begun at an instant before `now`, went well. A wait that the service
/// asked for meanwhile stays.
pub(crate) fn went_well(
    tx: &Connection,
    id: AccountId,
    began: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let waits = get(tx, id)?.is_some_and(|account| account.obeys_until(now).is_some());
    let sql = if waits {
        "UPDATE accounts SET last_attempt = ?2, last_success = ?2 WHERE id = ?1"
    } else {
        "UPDATE accounts SET last_attempt = ?2, last_success = ?2, problem = NULL, next_try = NULL, obeys = 0
         WHERE id = ?1"
    };
    tx.prepare_cached(sql)?.execute((id.0, Millis(began))).map(drop)
}

/// Notes that a request failed in a way that concerns the whole account, and until when to leave it alone. A longer wait that
/// the service asked for meanwhile stays (P13), but what only the person can help with is told instead of its reason.
pub(crate) fn failed(
    tx: &Connection,
    id: AccountId,
    problem: &Problem,
    next_try: Option<Timestamp>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let obeys = get(tx, id)?.and_then(|account| account.obeys_until(now));
    if problem.retryable && obeys > next_try {
        return tx
            .prepare_cached("UPDATE accounts SET last_attempt = ?2 WHERE id = ?1")?
            .execute((id.0, Millis(now)))
            .map(drop);
    }
    let asks = matches!(
        problem.code,
        Code::RateLimited | Code::DailyBudget | Code::ServiceFailed
    );
    tx.prepare_cached(
        "UPDATE accounts SET last_attempt = ?2, problem = ?3, next_try = ?4, obeys = ?5 WHERE id = ?1",
    )?
    .execute((
        id.0,
        Millis(now),
        Json(problem),
        next_try.max(obeys).map(Millis),
        obeys.is_some() || (asks && next_try.is_some()),
    ))
    .map(drop)
}

/// Notes that the person agreed to writes of an account, or that there was nothing to agree to.
pub(crate) fn agree(tx: &Connection, id: AccountId) -> rusqlite::Result<()> {
    tx.execute("UPDATE accounts SET agreed = 1 WHERE id = ?1", [id.0])
        .map(drop)
}

/// Ends the pauses that Reconvene chose by itself, as after a lost grant. One that the service asked for stays.
pub(crate) fn unpause(tx: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    for account in all(tx)? {
        if account.obeys_until(now).is_none() {
            tx.execute(
                "UPDATE accounts SET next_try = NULL WHERE id = ?1",
                [account.id.0],
            )?;
        }
    }
    Ok(())
}

/// Forgets an account with everything that was read through it.
pub(crate) fn remove(tx: &Connection, id: AccountId) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM accounts WHERE id = ?1", [id.0]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;
    use crate::store::Store;

    #[test]
    fn p13_a_wait_that_the_service_asked_for_outlives_a_failure_of_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("reconvene.db"), Arc::new(SystemClock)).unwrap();
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        let passing = |code| Problem::passing(code, "It failed.", "");
        let ana = Identity {
            subject: "ana".to_owned(),
            name: "Ana".to_owned(),
            room: None,
        };
        let waits = |problem: &Problem, until| {
            store.write(|tx| {
                let id = signed_in(tx, Service::Google, &ana, "s", now)?;
                failed(tx, id, &passing(Code::RateLimited), Some(later(600)), now)?;
                failed(tx, id, problem, until, later(1))?;
                let health = get(tx, id)?.map(|account| account.health);
                Ok(health.and_then(|health| Some((health.problem?.code, health.next_try?))))
            })
        };
        let asked = Some((Code::RateLimited, later(600)));
        let broken = passing(Code::ServiceFailed);
        assert_eq!(waits(&broken, None).unwrap(), asked);
        assert_eq!(waits(&broken, Some(later(30))).unwrap(), asked);
        let longer = Some((Code::ServiceFailed, later(900)));
        assert_eq!(waits(&broken, Some(later(900))).unwrap(), longer);
        let lost = Problem::lasting(Code::SignInAgain, "Sign in again.", "");
        let needs_person = Some((Code::SignInAgain, later(600)));
        assert_eq!(waits(&lost, Some(later(30))).unwrap(), needs_person);
    }

    #[test]
    fn p13_a_wait_that_the_service_asked_for_outlives_a_lost_grant_and_a_wake_up() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("reconvene.db"), Arc::new(SystemClock)).unwrap();
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let until = now + SignedDuration::from_secs(600);
        let ana = Identity {
            subject: "ana".to_owned(),
            name: "Ana".to_owned(),
            room: None,
        };
        let limited = Problem::passing(Code::RateLimited, "Slower.", "");
        let lost = Problem::lasting(Code::SignInAgain, "Sign in again.", "");
        let waits = |asked: Option<&Problem>| {
            store.write(|tx| {
                let id = signed_in(tx, Service::Google, &ana, "s", now)?;
                if let Some(asked) = asked {
                    failed(tx, id, asked, Some(until), now)?;
                }
                failed(tx, id, &lost, Some(until), now)?;
                unpause(tx, now)?;
                Ok(get(tx, id)?.and_then(|account| account.waits_until(now)))
            })
        };
        assert_eq!(waits(Some(&limited)).unwrap(), Some(until));
        assert_eq!(waits(None).unwrap(), None);
    }

    #[test]
    fn p13_a_wait_outlives_a_request_that_was_under_way_while_the_machine_slept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("reconvene.db"), Arc::new(SystemClock)).unwrap();
        let began: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let now = began + SignedDuration::from_hours(48);
        let until = now + SignedDuration::from_secs(600);
        let ana = Identity {
            subject: "ana".to_owned(),
            name: "Ana".to_owned(),
            room: None,
        };
        let waits = store.write(|tx| {
            let id = signed_in(tx, Service::Google, &ana, "s", began)?;
            let limited = Problem::passing(Code::RateLimited, "Slower.", "");
            failed(tx, id, &limited, Some(until), now)?;
            went_well(tx, id, began, now)?;
            Ok(get(tx, id)?.and_then(|account| account.obeys_until(now)))
        });
        assert_eq!(waits.unwrap(), Some(until));
    }
}
