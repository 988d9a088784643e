//! Before a deletion: is the event really gone? It is asked of Google now, on the calendar where it was, because an
//! undelete may not have been seen yet; and on every other calendar, because a moved event leaves a tombstone behind
//! that looks like any other (<https://developers.google.com/workspace/calendar/api/v3/reference/events/move>).

use reconvene_core::event::Observation;
use reconvene_core::id::AccountId;
use reconvene_core::plan::Decision;
use reconvene_core::report::PlannedAction;

use super::{Attempt, Stopped, settle};
use crate::calendar;
use crate::choices;
use crate::failure::{Failure, FailureKind};
use crate::plan::{self, Dossier};
use crate::pull;
use crate::store::accounts::{self, Account};
use crate::store::calendars::{self, Calendar};
use crate::store::events::{self, Stored};
use crate::store::outbox;

/// What asking brought to light.
pub(super) enum Confirmed {
    /// Every event that pointed at the meeting is gone, everywhere, and nobody has to be asked.
    Gone,
    /// It is not to be deleted now; the store knows why, and the meeting was decided about anew.
    Replanned,
}

impl Attempt<'_> {
    /// Asks. A failure to get an answer puts the deletion off.
    pub(super) async fn confirm(&self) -> Result<Confirmed, Stopped> {
        let links = self.gone()?;
        // An event moves within an account: that account's calendars must all be asked, those just made included.
        let home = self.accounts_of(&links)?;
        for account in &home {
            self.list_anew(account, &links).await?;
        }
        let home: Vec<AccountId> = home.into_iter().map(|account| account.id).collect();
        self.read_the_others(&links, &home).await?;
        if self.gone()?.len() != links.len() || links.is_empty() {
            return self.replanned();
        }
        for stored in &links {
            for (calendar, account) in self.calendars()? {
                if home.contains(&account.id) && self.lives_on(&calendar, &account, stored).await? {
                    return self.replanned();
                }
            }
        }
        self.still_agreed()
    }

    /// The last look before the write: nothing may have changed while Google was being asked, and what came to light
    /// meanwhile may make this one of too many (P8).
    fn still_agreed(&self) -> Result<Confirmed, Stopped> {
        let now = self.shared.now();
        let meeting = self.pending.meeting;
        let agreed = self.shared.store.write(|tx| {
            let settings = self.shared.plan_settings(tx)?;
            let decision = Dossier::of(tx, meeting)?.map(|dossier| dossier.decide(&settings, now));
            let due = matches!(decision, Some(Decision::Delete { not_before }) if not_before <= now);
            let Some(row) =
                outbox::get(tx, meeting)?.filter(|row| due && row.action == PlannedAction::Delete)
            else {
                return Ok(false);
            };
            let limit = choices::current(tx, &self.shared.session.config)?.mass_delete_limit;
            Ok(row.approved || !(row.held || settle::hold_if_many(tx, limit, now)?))
        })?;
        if agreed {
            Ok(Confirmed::Gone)
        } else {
            self.replanned()
        }
    }

    /// Makes known which calendars an account has now: one made since the cancellation may hold the event.
    async fn list_anew(&self, account: &Account, links: &[Stored]) -> Result<(), Stopped> {
        let learnt = links.iter().filter_map(|stored| stored.gone_since).max();
        if self.shared.store.read(calendars::listed_at)? > learnt {
            return Ok(());
        }
        let listed = self.shared.list_calendars(account).await;
        listed.map_err(|problem| Stopped::Unconfirmed(Failure::new(FailureKind::Passing, problem)))
    }

    /// Makes the other watched calendars known as they are since the cancellation was learnt: a moved event shows there.
    /// One of the event's own account must be read; one of another account is read if it can be (P10).
    async fn read_the_others(&self, links: &[Stored], home: &[AccountId]) -> Result<(), Stopped> {
        let learnt = links.iter().filter_map(|stored| stored.gone_since).max();
        for (calendar, account) in &self.calendars()? {
            let own = links.iter().any(|stored| stored.calendar == calendar.id);
            let stale = calendar.health.last_success < learnt;
            if own || !(calendar.watched && calendar.available && stale) {
                continue;
            }
            match pull::pass(self.shared, calendar.id).await {
                Err(problem) if home.contains(&account.id) => {
                    return Err(Stopped::Unconfirmed(Failure::new(FailureKind::Passing, problem)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn replanned(&self) -> Result<Confirmed, Stopped> {
        self.shared.replan(self.pending.meeting)?;
        Ok(Confirmed::Replanned)
    }

    /// Every event, bonded or not, that pointed at the meeting and is gone.
    fn gone(&self) -> Result<Vec<Stored>, Stopped> {
        let dossier = self
            .shared
            .store
            .read(|tx| Dossier::of(tx, self.pending.meeting))?;
        let links = dossier.map(|dossier| dossier.links).unwrap_or_default();
        Ok(links
            .into_iter()
            .filter(|stored| stored.gone_since.is_some())
            .collect())
    }

    fn calendars(&self) -> Result<Vec<(Calendar, Account)>, Stopped> {
        Ok(self.shared.store.read(|tx| {
            let mut all = Vec::new();
            for calendar in calendars::all(tx)? {
                if let Some(account) = accounts::get(tx, calendar.account)? {
                    all.push((calendar, account));
                }
            }
            Ok(all)
        })?)
    }

    fn accounts_of(&self, links: &[Stored]) -> Result<Vec<Account>, Stopped> {
        let on = |calendar: &Calendar| links.iter().any(|stored| stored.calendar == calendar.id);
        let mut all: Vec<Account> = self
            .calendars()?
            .into_iter()
            .filter(|(calendar, _)| on(calendar))
            .map(|(_, account)| account)
            .collect();
        all.dedup_by_key(|account| account.id);
        Ok(all)
    }

    /// Whether the event lives on a watched calendar, to which it moved and where it carries the meeting no more: then
    /// its conference was taken off, and the meeting is kept.
    fn went_on_without(&self, calendar: &Calendar, stored: &Stored) -> Result<bool, Stopped> {
        Ok(self.shared.store.write(|tx| {
            let moved = events::get(tx, calendar.id, &stored.event.google_id)?;
            let lives = moved.is_some_and(|moved| moved.gone_since.is_none() && moved.event.organized_here);
            if lives {
                self.left_behind(tx)?;
            }
            Ok(lives)
        })?)
    }

    /// Whether a calendar shows the event as living. Watched ones, its own apart, have just been read.
    async fn lives_on(
        &self,
        calendar: &Calendar,
        account: &Account,
        stored: &Stored,
    ) -> Result<bool, Stopped> {
        let own = calendar.id == stored.calendar;
        if !own && calendar.watched && self.went_on_without(calendar, stored)? {
            return Ok(true);
        }
        if !(own || (!(calendar.watched && calendar.available) && writable(calendar))) {
            return Ok(false);
        }
        let now = self.shared.now();
        if let (Some(until), Some(problem)) = (account.waits_until(now), account.health.problem.clone()) {
            return Err(Stopped::Unconfirmed(Failure::new(
                FailureKind::Limited(until),
                problem,
            )));
        }
        let id = &stored.event.google_id;
        match calendar::event(&self.shared.session, account, &calendar.google_id, id).await {
            Ok(Some(living @ Observation::Present(_))) if own => {
                self.shared.store.write(|tx| {
                    let settings = self.shared.plan_settings(tx)?;
                    plan::observe(tx, calendar.id, calendar.pass, &[living], &settings, now)
                })?;
                Ok(true)
            }
            Ok(Some(Observation::Present(_))) => {
                // It went to a calendar that nobody watches: its meeting goes on, unattended.
                self.shared
                    .store
                    .write(|tx| self.moved_out_of_sight(tx, calendar))?;
                Ok(true)
            }
            Ok(Some(Observation::Gone { .. }) | None) => Ok(false),
            Err(failure) => match failure.kind {
                FailureKind::Final if !own => Ok(false),
                FailureKind::Limited(until) => {
                    let problem = &failure.problem;
                    self.shared
                        .store
                        .write(|tx| accounts::failed(tx, account.id, problem, Some(until), now))?;
                    Err(Stopped::Unconfirmed(failure))
                }
                _ => Err(Stopped::Unconfirmed(failure)),
            },
        }
    }
}

/// Calendars that an event can be moved to.
fn writable(calendar: &Calendar) -> bool {
    matches!(
        calendar.access.as_str(),
        "owner" | "writer" | "writerWithoutPrivateAccess"
    )
}
