//! The meeting that was made is written on its event, or deleted again when the event does not take it.

use reconvene_core::conference::{Source, Target};
use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::Service;
use reconvene_core::write_back::{self, Mark};
use secrecy::ExposeSecret;

use super::problem::{deleted_meanwhile, no_event, no_room, not_allowed, signed_out, write_refused};
use super::settle::Ending;
use super::{Fit, Making, Stopped};
use crate::calendar::write::{Patch, Patched, Properties, patch};
use crate::failure::{Failure, FailureKind};
use crate::store::accounts;
use crate::store::creations::{self, Stage};
use crate::store::events;

/// The one status that says yes to a deletion.
const DONE: u16 = 204;

impl Making<'_> {
    /// The meeting is there: writes it on its event, unless the event has changed its mind.
    pub(super) async fn write_back(&mut self) -> Result<Option<Ending>, Stopped> {
        let Some((calendar, owner)) = self.place.clone() else {
            return self.not_taken(signed_out());
        };
        // A pass that read the event before would take the new link for one that was taken off again.
        let gate = self.shared.calendar_gate(calendar.id);
        let _no_pass_meanwhile = gate.lock().await;
        let Some(number) = self.row.number.clone() else {
            self.note(Stage::Sent, |tx, id| creations::come_to(tx, id, Stage::Sent))?;
            return Ok(None);
        };
        let sheet = match self.sheet.take() {
            Some(sheet) => Some(sheet),
            None => {
                self.peace(&owner)?;
                self.read().await?
            }
        };
        match self.fit(sheet.as_ref()) {
            Fit::Waits(_) => {}
            Fit::Shows => {
                return match sheet {
                    Some(sheet) => Ok(Some(self.written(Box::new(sheet.event)).await?)),
                    None => Ok(None),
                };
            }
            Fit::Not(problem) => return self.not_taken(problem),
        }
        let Some(sheet) = sheet else { return Ok(None) };
        let link = match self.link.take() {
            Some(link) => link,
            None => match self.join_link(&number).await? {
                Some(link) => link,
                None => return Ok(Some(Ending::Refused(deleted_meanwhile(), None))),
            },
        };
        let texts = write_back::written(
            &sheet.location,
            &sheet.description,
            self.row.service,
            link.expose_secret(),
            self.row.replaces.as_ref(),
        );
        if !texts.fit() {
            return self.not_taken(no_room());
        }
        let mark = Mark {
            service: self.row.service,
            number,
            event: self.row.event.clone(),
            install: self.shared.install().to_owned(),
        };
        let from_block = sheet.event.conference.as_ref().is_some_and(|found| {
            found.source == Source::Block && Some(&found.target) == self.row.replaces.as_ref()
        });
        let change = Patch {
            location: texts.location,
            description: texts.description,
            extended_properties: Properties {
                private: mark.properties(),
            },
            conference_data: from_block.then_some(None),
        };
        if self.previews()? {
            return Ok(Some(Ending::Previewed));
        }
        self.peace(&owner)?;
        // Written on the event once already, perhaps: what is refused now takes nothing back.
        let before = self.row.stage;
        self.come_to(Stage::Offered)?;
        let session = &self.shared.session;
        match patch(session, &owner, &calendar.google_id, &sheet.event, &change).await {
            Ok(Patched::Done(event)) => Ok(Some(self.written(event).await?)),
            Ok(Patched::Stale) => {
                self.link = Some(link);
                self.come_to(before)?;
                Ok(None)
            }
            // Whether it was carried out shows on the event.
            Err(failure) if failure.leaves_open() => Err(Stopped::Failed(Service::Google, failure)),
            Err(failure) => {
                self.come_to(before)?;
                match failure.kind {
                    FailureKind::Account if failure.problem.code == Code::MissingScope => {
                        self.shared
                            .store
                            .write(|tx| accounts::set_writes(tx, owner.id, false))?;
                        self.not_taken(not_allowed().problem)
                    }
                    FailureKind::Final | FailureKind::Gone | FailureKind::StaleToken => {
                        self.not_taken(write_refused(failure.problem))
                    }
                    FailureKind::Account
                    | FailureKind::Passing
                    | FailureKind::Limited(_)
                    | FailureKind::NotBefore(_)
                    | FailureKind::Late => Err(Stopped::Failed(Service::Google, failure)),
                }
            }
        }
    }

    fn come_to(&mut self, stage: Stage) -> Result<(), Problem> {
        self.note(stage, |tx, id| creations::come_to(tx, id, stage))
    }

    /// The event does not take the meeting. One that nobody can have seen is deleted again; one that may have been on the
    /// event for a moment stays, and the person is told.
    fn not_taken(&mut self, why: Problem) -> Result<Option<Ending>, Stopped> {
        if self.row.stage == Stage::Offered {
            return Ok(Some(Ending::Kept(why)));
        }
        self.unwanted(why)
    }

    fn unwanted(&mut self, why: Problem) -> Result<Option<Ending>, Stopped> {
        self.note(Stage::Unwanted, |tx, id| creations::unwanted(tx, id, &why))?;
        self.row.problem = Some(why);
        Ok(None)
    }

    /// Deletes the meeting again, provided that it still is the one that was made here.
    pub(super) async fn undo(&mut self) -> Result<Ending, Stopped> {
        let why = self.row.problem.clone().unwrap_or_else(no_event);
        let (Some(host), Some(number)) = (self.host()?, self.row.number.clone()) else {
            return Ok(Ending::Kept(why));
        };
        self.peace(&host)?;
        let session = &self.shared.session;
        match self.found(&host).await.map_err(|failure| self.failed(failure))? {
            Some(found) if found == number => {}
            // Gone already, or somebody made it theirs.
            _ => {
                return match self.provider.read(session, &host, &number).await {
                    Err(failure) if failure.kind == FailureKind::Gone => Ok(Ending::Undone(why, None)),
                    Err(failure) => Err(self.failed(failure)),
                    Ok(_) => Ok(Ending::Kept(why)),
                };
            }
        }
        if self.is_on_another_event(&number)? {
            return Ok(Ending::Kept(why));
        }
        if self.previews()? {
            return Ok(Ending::Previewed);
        }
        match self.provider.delete(session, &host, &number).await {
            Ok(answer) if answer.status == DONE => Ok(Ending::Undone(why, Some(answer))),
            Ok(answer) => Err(self.failed(Failure::unreadable(self.row.service, answer.status))),
            Err(failure) if failure.kind == FailureKind::Gone => Ok(Ending::Undone(why, failure.answer)),
            Err(failure) if failure.kind == FailureKind::Final => Ok(Ending::Kept(why)),
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// Whether an event is known to point at the meeting all the same: somebody found its number at the provider (P3).
    fn is_on_another_event(&self, number: &str) -> Result<bool, Problem> {
        let target = Target::Meeting {
            service: self.row.service,
            number: number.to_owned(),
        };
        self.shared.store.read(|tx| events::point_at(tx, &target))
    }
}
