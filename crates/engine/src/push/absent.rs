//! Meetings that no account shows.

use reconvene_core::plan::Decision;
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;

use super::confirm::Confirmed;
use super::settle::Ending;
use super::{Attempt, Stopped};
use crate::failure::Failure;
use crate::store::{activity, meetings};

impl Attempt<'_> {
    /// The provider has no such meeting. For a deletion that is the aim; for anything else the person must know.
    pub(super) async fn absent(&self, failure: Failure) -> Result<Ending, Stopped> {
        match self.decide(None)? {
            Decision::Delete { not_before } if not_before <= self.shared.now() => match self.confirm().await?
            {
                Confirmed::Gone if !self.was_found()? => {
                    Ok(Ending::NeverSeen(never_seen(self.account.service)))
                }
                Confirmed::Gone => Ok(Ending::Deleted(failure.answer)),
                Confirmed::Replanned => {
                    // Its event lives after all, and the meeting does not: the next reading says so.
                    self.shared
                        .store
                        .write(|tx| meetings::unsee(tx, self.pending.meeting))?;
                    Ok(Ending::Replanned)
                }
            },
            // Somebody else's meeting, most likely: nothing was asked of us, so there is nothing to report.
            Decision::Look => Ok(Ending::OutOfSight(failure.problem)),
            Decision::Update(_) | Decision::InStep => {
                let own = self.why_absent()?;
                let problem = own.unwrap_or_else(|| failure.problem.clone());
                Err(Failure { problem, ..failure }.into())
            }
            _ => Ok(Ending::Replanned),
        }
    }

    /// The provider will not show it to this account, or has no such thing among its meetings, as with a webinar. That is
    /// news only for an event that it was made for.
    pub(super) fn not_shown(&self, failure: Failure) -> Result<Ending, Stopped> {
        match self.decide(None)? {
            Decision::Look => Ok(Ending::OutOfSight(failure.problem)),
            _ => Err(failure.into()),
        }
    }

    /// Whether the meeting was ever read.
    fn was_found(&self) -> Result<bool, Problem> {
        let known = self
            .shared
            .store
            .read(|tx| meetings::get(tx, self.pending.meeting))?;
        Ok(known.is_some_and(|known| known.found))
    }

    /// What is known here, better than at the provider, of why the meeting is not there: it was never seen, or was deleted from
    /// here, for an event that came back since.
    fn why_absent(&self) -> Result<Option<Problem>, Problem> {
        let service = self.account.service;
        self.shared.store.read(|tx| {
            let known = meetings::get(tx, self.pending.meeting)?;
            Ok(match known.filter(|known| known.found) {
                None => Some(never_seen(service)),
                Some(known) => activity::deleted(tx, &known.target)?.then(|| deleted(service)),
            })
        })
    }
}

fn deleted(service: Service) -> Problem {
    let name = service.name();
    Problem::lasting(
        Code::MeetingGone,
        format!(
            "Reconvene deleted this meeting at {name} when its event was cancelled, and the event is back."
        ),
        format!(
            "Undo the deletion under Activity to have the same meeting again, as long as {name} keeps it. Or let Reconvene \
             make a new one in its place."
        ),
    )
}

fn never_seen(service: Service) -> Problem {
    let name = service.name();
    Problem::lasting(
        Code::MeetingGone,
        format!(
            "{name} shows no such meeting to your account, and never did: it is another account's, was deleted, or has expired."
        ),
        "Connect the account that hosts it under Accounts. If it is gone for good, add a new meeting to the event in Google \
         Calendar.",
    )
}
