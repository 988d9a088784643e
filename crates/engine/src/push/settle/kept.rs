//! A meeting that is kept, because its event was not confirmed to be gone.

use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Outcome;
use rusqlite::Transaction;

use crate::plan::{self, Dossier};
use crate::push::Attempt;
use crate::store::activity::{self, Draft};
use crate::store::calendars::Calendar;
use crate::store::events::Stored;
use crate::store::{events, meetings, outbox};

impl Attempt<'_> {
    /// The event lives on another calendar, without its conference: it asks for nothing any more. What the others that
    /// pointed at the meeting ask for is decided anew, as if it had left the meeting before everybody's eyes.
    pub(in crate::push) fn left_behind(&self, tx: &Transaction<'_>, stored: &Stored) -> rusqlite::Result<()> {
        let Some(dossier) = Dossier::of(tx, self.pending.meeting)? else {
            return Ok(());
        };
        if stored.proof.is_some() {
            self.kept(tx, &dossier, plan::taken_off())?;
        }
        if dossier.has_other_half(stored) {
            meetings::set_outlived(tx, self.pending.meeting, true)?;
        }
        outbox::strike(tx, self.pending.meeting)?;
        events::forget(tx, stored.id)?;
        events::gone_anew(tx, self.pending.meeting, self.shared.now())
    }

    /// Nothing confirms that the event is gone. Its meeting is kept and no longer followed.
    pub(in crate::push) fn keep(
        &self,
        tx: &Transaction<'_>,
        stored: &Stored,
        problem: Problem,
    ) -> rusqlite::Result<()> {
        let Some(dossier) = Dossier::of(tx, self.pending.meeting)? else {
            return Ok(());
        };
        self.kept(tx, &dossier, problem)?;
        outbox::strike(tx, self.pending.meeting)?;
        let follows = |other: &Stored| other.gone_since.is_none() && dossier.is_bonded(other);
        if dossier.links.iter().any(follows) {
            // One half of a series: the rest is followed, and the dates of this one stay as they are.
            return events::lives_elsewhere(tx, stored.id);
        }
        for stored in dossier.links.iter().filter(|stored| stored.gone_since.is_some()) {
            events::forget(tx, stored.id)?;
        }
        Ok(())
    }

    pub(super) fn kept(
        &self,
        tx: &Transaction<'_>,
        dossier: &Dossier,
        problem: Problem,
    ) -> rusqlite::Result<()> {
        let draft = Draft {
            outcome: Outcome::Kept,
            problem: Some(problem),
            ..self.draft(dossier)
        };
        activity::write(tx, self.pending.entry, &draft, self.shared.now()).map(drop)
    }
}

/// The event was moved to a calendar that is not watched.
pub(in crate::push) fn moved_out_of_sight(calendar: &Calendar) -> Problem {
    Problem::lasting(
        Code::Held,
        format!(
            "The event was moved to “{}”, which is not watched; its meeting was kept.",
            calendar.name
        ),
        "Tick that calendar under Accounts to keep the meeting in step.",
    )
}

/// The event lives on a calendar that does not show what it says.
pub(in crate::push) fn closed_to_us(calendar: &Calendar) -> Problem {
    Problem::lasting(
        Code::Held,
        format!(
            "The event lives on “{}”, which does not show you its details; its meeting was kept.",
            calendar.name
        ),
        "Ask the calendar’s owner to let you see private events, or delete the meeting at the provider if nobody needs it.",
    )
}

/// The event's calendar was lost before anybody could confirm that the event is gone.
pub(in crate::push) fn lost_from_sight(calendar: &Calendar) -> Problem {
    Problem::lasting(
        Code::Held,
        format!(
            "The event was cancelled on “{}”, which can no longer be read; its meeting was kept.",
            calendar.name
        ),
        "Delete the meeting at the provider if nobody needs it.",
    )
}
