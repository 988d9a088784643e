//! Before a deletion: is the event really gone? It is asked of Google now, on the calendar where it was, because an
//! undelete may not have been seen yet; and on every other calendar, because a moved event leaves a tombstone behind
//! that looks like any other (<https://developers.google.com/workspace/calendar/api/v3/reference/events/move>).

use reconvene_core::event::Observation;

use super::{Attempt, Stopped};
use crate::calendar;
use crate::failure::{Failure, FailureKind};
use crate::plan::{self, Dossier};
use crate::pull;
use crate::store::accounts::{self, Account};
use crate::store::calendars::{self, Calendar};
use crate::store::events::Stored;

/// What asking brought to light.
pub(super) enum Confirmed {
    /// Every event that the meeting was made for is gone, everywhere.
    Gone,
    /// One of them lives; the store knows now, and the meeting was decided about anew.
    Replanned,
}

impl Attempt<'_> {
    /// Asks. A failure to get an answer puts the deletion off.
    pub(super) async fn confirm(&self) -> Result<Confirmed, Stopped> {
        let links = self.bonded_and_gone()?;
        self.read_the_others(&links).await?;
        if self.bonded_and_gone()?.len() != links.len() || links.is_empty() {
            return self.replanned();
        }
        for stored in &links {
            for (calendar, account) in self.calendars()? {
                if self.lives_on(&calendar, &account, stored).await? {
                    return self.replanned();
                }
            }
        }
        // Nothing may have changed while Google was being asked.
        let now = self.shared.now();
        let still = self.shared.store.read(|tx| {
            let settings = self.shared.plan_settings(tx)?;
            Ok(Dossier::of(tx, self.pending.meeting)?.map(|dossier| dossier.decide(&settings, now)))
        })?;
        match still {
            Some(reconvene_core::plan::Decision::Delete { not_before }) if not_before <= now => {
                Ok(Confirmed::Gone)
            }
            _ => self.replanned(),
        }
    }

    /// Makes the other watched calendars known as they are since the cancellation was learnt: a moved event shows there.
    ///
    /// A calendar of the same account must be read, since an event moves within an account. One of another account is
    /// read if it can be.
    async fn read_the_others(&self, links: &[Stored]) -> Result<(), Stopped> {
        let learnt = links.iter().filter_map(|stored| stored.gone_since).max();
        let all = self.calendars()?;
        let of_links = |calendar: &Calendar| links.iter().any(|stored| stored.calendar == calendar.id);
        let moved_within: Vec<_> = all
            .iter()
            .filter(|(calendar, _)| of_links(calendar))
            .map(|(calendar, _)| calendar.account)
            .collect();
        for (calendar, account) in &all {
            let stale = calendar.health.last_success < learnt;
            if of_links(calendar) || !(calendar.watched && calendar.available && stale) {
                continue;
            }
            match pull::pass(self.shared, calendar.id).await {
                Err(problem) if moved_within.contains(&account.id) => {
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

    fn bonded_and_gone(&self) -> Result<Vec<Stored>, Stopped> {
        let dossier = self
            .shared
            .store
            .read(|tx| Dossier::of(tx, self.pending.meeting))?;
        let links = dossier.map(|dossier| dossier.links).unwrap_or_default();
        Ok(links
            .into_iter()
            .filter(|stored| stored.gone_since.is_some() && stored.proof.is_some())
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

    /// Whether a calendar shows the event as living. Watched ones, its own apart, have just been read.
    async fn lives_on(
        &self,
        calendar: &Calendar,
        account: &Account,
        stored: &Stored,
    ) -> Result<bool, Stopped> {
        let own = calendar.id == stored.calendar;
        if !(own || (!calendar.watched && calendar.available && writable(calendar))) {
            return Ok(false);
        }
        let id = &stored.event.google_id;
        match calendar::event(&self.shared.session, account, &calendar.google_id, id).await {
            Ok(Some(living @ Observation::Present(_))) if own => {
                let now = self.shared.now();
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
            Err(failure) if failure.kind == FailureKind::Final && !own => Ok(false),
            Err(failure) => Err(Stopped::Unconfirmed(failure)),
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
