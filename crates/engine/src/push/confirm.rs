//! Before a deletion: is the event really gone? It is asked of Google now, on the calendar where it was, because an
//! undelete may not have been seen yet; and on every other calendar, because a moved event leaves a tombstone behind
//! that looks like any other (<https://developers.google.com/workspace/calendar/api/v3/reference/events/move>).

use jiff::{SignedDuration, Timestamp};
use reconvene_core::event::{Event, Kind, Observation, Schedule};
use reconvene_core::id::AccountId;
use reconvene_core::plan::Decision;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::PlannedAction;

use super::settle::{closed_to_us, lost_from_sight, moved_out_of_sight};
use super::{Attempt, Stopped, anew, hold};
use crate::calendar;
use crate::choices;
use crate::failure::{Failure, FailureKind};
use crate::plan::{self, Dossier, Source};
use crate::pull;
use crate::pull::lists::Reading;
use crate::store::accounts::{self, Account};
use crate::store::calendar_lists;
use crate::store::calendars::{self, Calendar};
use crate::store::events::{self, Stored};
use crate::store::exceptions::{self, Kept};
use crate::store::{meetings, outbox};

/// A calendar that stays lost for so many attempts, a quarter of an hour, is lost for good.
const PATIENCE: u32 = 10;

/// A calendar that could not be read for so long, and failed so often in a row, holds up no deletion any more.
const UNREAD: (SignedDuration, u32) = (SignedDuration::from_mins(15), 5);

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
        let asked = self.shared.now();
        let links = self.gone()?;
        let spent = self.spent()?;
        if (links.is_empty() && spent.is_empty())
            || !self.are_gone(&links, &spent, asked, || self.gone()).await?
        {
            return self.replanned();
        }
        for stored in &spent {
            self.ask_for_dates(stored).await?;
        }
        self.still_agreed()
    }

    /// The series that live without a date, which is why the meeting is to go.
    pub(super) fn spent(&self) -> Result<Vec<Stored>, Stopped> {
        let now = self.shared.now();
        Ok(self.shared.store.read(|tx| {
            let settings = self.shared.plan_settings(tx)?;
            let dossier = Dossier::of(tx, self.pending.meeting)?;
            let spent = |dossier: &Dossier| dossier.spent(&settings, now).into_iter().cloned().collect();
            Ok(dossier.as_ref().map(spent).unwrap_or_default())
        })?)
    }

    /// Makes known what a series says now, and what became of each of its dates that stands at the provider.
    async fn ask_for_dates(&self, master: &Stored) -> Result<(), Stopped> {
        let now = self.shared.now();
        let known = self.calendars()?;
        let home = known
            .into_iter()
            .find(|(calendar, _)| calendar.id == master.calendar);
        let Some((calendar, account)) = home else {
            return Ok(());
        };
        let dates = self.shared.store.read(|tx| {
            let known = meetings::get(tx, self.pending.meeting)?;
            let seen = known.and_then(|known| known.seen);
            let stands = |date: &Kept| {
                let original = date.place.original.instant(&calendar.zone);
                let mut standing = seen.iter().flat_map(|seen| &seen.occurrences);
                original > now && standing.any(|other| other.original == original)
            };
            let mut dates = exceptions::cancelled_of(tx, master.calendar, &master.event.google_id)?;
            dates.retain(stands);
            Ok(dates)
        })?;
        let ids = dates.into_iter().map(|date| date.google_id);
        for id in [master.event.google_id.clone()].into_iter().chain(ids) {
            let found = self.ask_google(&calendar, &account, &id).await;
            let row = match found.map_err(Stopped::Unconfirmed)? {
                Some(living @ Observation::Present(_)) => living,
                // A date that is cancelled is what was known; the series itself would be news.
                _ if id != master.event.google_id => continue,
                _ => Observation::Gone {
                    google_id: id,
                    place: None,
                },
            };
            self.take_over(&calendar, row)?;
        }
        Ok(())
    }

    /// Asks a calendar for one event, unless its account has to wait; what it answers about waiting holds for all (P13).
    pub(super) async fn ask_google(
        &self,
        calendar: &Calendar,
        account: &Account,
        id: &str,
    ) -> Result<Option<Observation>, Failure> {
        let now = self.shared.now();
        if let (Some(until), Some(problem)) = (account.waits_until(now), account.health.problem.clone()) {
            return Err(Failure::new(FailureKind::Limited(until), problem));
        }
        let answer = calendar::event(&self.shared.session, account, calendar, id).await;
        if let Err(failure) = &answer {
            self.shared.heed(account, failure);
        }
        answer
    }

    /// Takes over what asking brought.
    pub(super) fn take_over(&self, calendar: &Calendar, row: Observation) -> Result<(), Problem> {
        self.shared.store.write(|tx| {
            plan::observe(
                tx,
                calendar.id,
                calendar.pass,
                (&[row], Source::Asked),
                &self.shared.plan_settings(tx)?,
                self.shared.now(),
            )
        })
    }

    /// Whether not all is known yet of the series that the meeting was made for; then it waits, and is not one that failed.
    pub(super) fn is_too_early(&self) -> Result<bool, Problem> {
        let now = self.shared.now();
        self.shared.store.write(|tx| {
            let settings = self.shared.plan_settings(tx)?;
            let dossier = Dossier::of(tx, self.pending.meeting)?;
            let too_early = dossier.is_some_and(|dossier| {
                dossier.is_being_read() || dossier.halves_settle_at(&settings) > Some(now)
            });
            if too_early {
                outbox::untried(tx, self.pending.meeting)?;
            }
            Ok(too_early)
        })
    }

    /// Asks whether the halves of a series that seem gone are, before their dates go: a half that was carried to another
    /// calendar leaves a tombstone as any event does. What is confirmed need not be asked again.
    pub(super) async fn confirm_halves(&self, wanted: &Schedule) -> Result<Confirmed, Stopped> {
        let asked = self.shared.now();
        let halves = self.gone_halves()?;
        if halves.is_empty() {
            return Ok(Confirmed::Gone);
        }
        if !self.are_gone(&halves, &[], asked, || self.gone_halves()).await? {
            return self.replanned();
        }
        let meeting = self.pending.meeting;
        let agreed = self.shared.store.write(|tx| {
            plan::hand_on_proofs(tx, meeting)?;
            for half in &halves {
                events::forget_with_dates(tx, half)?;
            }
            let settings = self.shared.plan_settings(tx)?;
            let decision =
                Dossier::of(tx, meeting)?.map(|dossier| dossier.decide(&settings, self.shared.now()));
            Ok(matches!(decision, Some(Decision::Update(now)) if now == *wanted))
        })?;
        match agreed {
            true => Ok(Confirmed::Gone),
            false => self.replanned(),
        }
    }

    fn gone_halves(&self) -> Result<Vec<Stored>, Stopped> {
        Ok(self.shared.store.read(|tx| {
            let dossier = Dossier::of(tx, self.pending.meeting)?;
            let halves = |dossier: &Dossier| dossier.gone_halves().into_iter().cloned().collect();
            Ok(dossier.as_ref().map(halves).unwrap_or_default())
        })?)
    }

    /// Makes known what became of events on every calendar where they may be; false when one of them lives, or when others
    /// seem gone `still`, once the calendars were read anew, those of the events `beside` them included.
    async fn are_gone(
        &self,
        gone: &[Stored],
        beside: &[Stored],
        asked: Timestamp,
        still: impl Fn() -> Result<Vec<Stored>, Stopped>,
    ) -> Result<bool, Stopped> {
        // An event moves to where its account may write: that account's calendars must all be asked, those just made included. So
        // must those of the person's other accounts, which may show one that this account's list hides.
        let home = self.accounts_of(&[gone, beside].concat())?;
        for account in &home {
            self.list_anew(account, gone).await?;
        }
        let home: Vec<AccountId> = home.into_iter().map(|account| account.id).collect();
        self.read_all(&home, asked).await?;
        let ids = |all: &[Stored]| all.iter().map(|stored| stored.id).collect::<Vec<_>>();
        if ids(&still()?) != ids(gone) {
            return Ok(false);
        }
        for stored in gone {
            for (calendar, account) in self.calendars()? {
                let lives = match home.contains(&account.id) {
                    true => self.lives_on(&calendar, &account, stored).await?,
                    false => self.lives_beside(&calendar, &account, stored).await?,
                };
                if lives {
                    return Ok(false);
                }
            }
        }
        Ok(true)
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
            Ok(row.approved || !(row.held || hold::hold_back(tx, &row, limit, now)?))
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
        let list = self.shared.store.read(|tx| calendar_lists::get(tx, account.id))?;
        if list.and_then(|list| list.whole_at) > learnt {
            return Ok(());
        }
        let listed = self.shared.list_calendars(account, Reading::Whole).await;
        listed.map_err(|problem| Stopped::Unconfirmed(Failure::new(FailureKind::Passing, problem)))
    }

    /// Makes the watched calendars known as they are now: a moved event shows there, and so does another one that was
    /// given the meeting meanwhile. One of the event's own account must be read. One of another account, and one that
    /// is lost, is waited for, but not for ever (P10).
    async fn read_all(&self, home: &[AccountId], asked: Timestamp) -> Result<(), Stopped> {
        for (calendar, account) in &self.calendars()? {
            let fresh = calendar.health.last_success.is_some_and(|last| last >= asked);
            let given_up = given_up(calendar, asked);
            if fresh || !calendar.watched {
                continue;
            }
            match pull::pass(self.shared, calendar.id).await {
                Err(problem)
                    if !given_up || (home.contains(&account.id) && problem.code != Code::CalendarGone) =>
                {
                    return Err(Stopped::Unconfirmed(Failure::new(FailureKind::Passing, problem)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn replanned(&self) -> Result<Confirmed, Stopped> {
        let shared = self.shared;
        shared.store.write(|tx| anew(shared, tx, &self.pending))?;
        Ok(Confirmed::Replanned)
    }

    /// Every event, bonded or not, that pointed at the meeting and is gone.
    fn gone(&self) -> Result<Vec<Stored>, Stopped> {
        let dossier = self
            .shared
            .store
            .read(|tx| Dossier::of(tx, self.pending.meeting))?;
        let Some(dossier) = dossier else {
            return Ok(Vec::new());
        };
        let gone = |stored: &&Stored| stored.gone_since.is_some() && !dossier.is_outdated(stored);
        let mut links: Vec<Stored> = dossier.links.iter().filter(gone).cloned().collect();
        // The master answers for its dates.
        let masters: Vec<String> = links
            .iter()
            .map(|stored| stored.event.google_id.clone())
            .collect();
        links.retain(|stored| match &stored.event.kind {
            Kind::Exception(place) => !masters.contains(&place.series),
            Kind::Single | Kind::Series { .. } => true,
        });
        Ok(links)
    }

    pub(super) fn calendars(&self) -> Result<Vec<(Calendar, Account)>, Problem> {
        self.shared.store.read(|tx| {
            let mut all = Vec::new();
            for calendar in calendars::all(tx)? {
                if let Some(account) = accounts::get(tx, calendar.account)? {
                    all.push((calendar, account));
                }
            }
            Ok(all)
        })
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

    /// Whether a calendar of another account shows the event as living. One whose grant is lost is not waited for, and none for
    /// ever (P10).
    async fn lives_beside(
        &self,
        calendar: &Calendar,
        account: &Account,
        stored: &Stored,
    ) -> Result<bool, Stopped> {
        let problem = account.health.problem.as_ref();
        if problem.is_some_and(|problem| !problem.retryable) {
            return Ok(false);
        }
        match self.lives_on(calendar, account, stored).await {
            Err(Stopped::Unconfirmed(_)) if self.pending.attempts >= PATIENCE => Ok(false),
            answer => answer,
        }
    }

    /// Whether a calendar shows the event as living: its own, or one that it can have been moved to.
    async fn lives_on(
        &self,
        calendar: &Calendar,
        account: &Account,
        stored: &Stored,
    ) -> Result<bool, Stopped> {
        let own = calendar.id == stored.calendar;
        if own && calendar.watched && !calendar.available {
            // Whoever lost the calendar cannot know whether the event came back there. It may be lost for a moment only.
            if let Some(problem) = calendar.health.problem.clone()
                && self.pending.attempts < PATIENCE
            {
                return Err(Stopped::Unconfirmed(Failure::new(FailureKind::Passing, problem)));
            }
            self.shared
                .store
                .write(|tx| self.keep(tx, stored, lost_from_sight(calendar)))?;
            return Ok(true);
        }
        if !(own || shows_events(calendar)) {
            return Ok(false);
        }
        match self.ask_google(calendar, account, &stored.event.google_id).await {
            Ok(Some(living @ Observation::Present(_))) if own => {
                self.take_over(calendar, living)?;
                Ok(true)
            }
            // A copy that only shared the meeting went on without it.
            Ok(Some(Observation::Present(copy))) if stored.proof.is_none() && !shares(&copy, stored) => {
                Ok(false)
            }
            // Somebody's copy of the event is not the event.
            Ok(Some(Observation::Present(copy))) if !copy.organized_here => Ok(false),
            Ok(Some(Observation::Present(_))) => {
                self.shared.store.write(|tx| match calendar.watched {
                    // It was just read there, and does not point at the meeting.
                    true => self.left_behind(tx, stored),
                    // It went to a calendar that nobody watches: its meeting goes on, unattended.
                    false => self.keep(tx, stored, moved_out_of_sight(calendar)),
                })?;
                Ok(true)
            }
            Ok(Some(Observation::Gone { .. }) | None) => Ok(false),
            Err(failure)
                if (calendar.hides_private() || calendar.is_shown_only())
                    && failure.problem.code == Code::EventNotUnderstood =>
            {
                // It lives there, whatever it says. Elsewhere the answer may only have been garbled.
                self.shared
                    .store
                    .write(|tx| self.keep(tx, stored, closed_to_us(calendar)))?;
                Ok(true)
            }
            Err(failure) => match failure.kind {
                // A calendar that goes on refusing is not where the event lives; one refusal may be a mistake.
                FailureKind::Final if !own && self.pending.attempts >= PATIENCE => Ok(false),
                _ => Err(Stopped::Unconfirmed(failure)),
            },
        }
    }
}

/// Whether an event still points where it was known to point.
fn shares(living: &Event, stored: &Stored) -> bool {
    let target = |event: &Event| event.conference.as_ref().map(|found| found.target.clone());
    target(living) == target(&stored.event)
}

/// Whether a calendar could not be read for so long that nothing is expected of it any more.
fn given_up(calendar: &Calendar, now: Timestamp) -> bool {
    let (longest, failures) = UNREAD;
    let lately = |last: Timestamp| now.duration_since(last) < longest;
    let lost = calendar.failures >= failures || !calendar.listed;
    lost && !calendar.health.last_success.is_some_and(lately)
}

/// Calendars that an event can be seen on when it was moved there, also by somebody who may do more than the person.
fn shows_events(calendar: &Calendar) -> bool {
    matches!(
        calendar.access.as_str(),
        "owner" | "writer" | "writerWithoutPrivateAccess" | "reader"
    )
}
