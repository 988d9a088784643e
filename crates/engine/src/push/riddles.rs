//! Events that Google described in a way that nobody understands, or would not describe at all: they are asked for once
//! more when their meeting is looked at, because the calendar tells of them only when they change again.

use reconvene_core::event::Observation;
use reconvene_core::problem::Problem;

use super::Attempt;
use crate::calendar;
use crate::plan::Dossier;
use crate::store::events::Stored;

impl Attempt<'_> {
    /// Asks for the events that point at the meeting and are riddles. Whatever stays one is left as it is.
    pub(super) async fn ask_about_riddles(&self) -> Result<(), Problem> {
        let dossier = self
            .shared
            .store
            .read(|tx| Dossier::of(tx, self.pending.meeting))?;
        for stored in dossier.iter().flat_map(Dossier::riddles) {
            self.solve(stored).await?;
        }
        Ok(())
    }

    /// Takes over what Google says of one of them now. That a series lives says nothing about a date of it that is the
    /// riddle.
    async fn solve(&self, stored: &Stored) -> Result<(), Problem> {
        let mut calendars = self.calendars()?.into_iter();
        let home = calendars.find(|(calendar, _)| calendar.id == stored.calendar);
        let Some((calendar, account)) = home.filter(|(calendar, _)| calendar.watched && calendar.available)
        else {
            return Ok(());
        };
        let google_id = &stored.event.google_id;
        match self.ask_google(&calendar, &account, google_id).await {
            Ok(Some(Observation::Present(_))) if stored.odd_date => Ok(()),
            Ok(found) => self.take_over(&calendar, calendar::or_gone(found, google_id)),
            // It stays a riddle.
            Err(_) => Ok(()),
        }
    }
}
