//! All that is stored about one meeting, put together for a decision: the meeting as last read, every event that points at
//! it, and which of these speak.

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconvene_core::event::Kind;
use reconvene_core::id::{CalendarId, MeetingId};
use reconvene_core::meeting::{Meeting, Nature};
use reconvene_core::plan::{
    Decision, Linked, Proof, Reason, Settings, Subject, bondable, decide, inherits, proof_by_agreement,
};
use rusqlite::Connection;

use super::service_of;
use crate::store::accounts;
use crate::store::events::{self, Stored};
use crate::store::meetings::{self, Known};

/// Everything a decision about one meeting rests on, as stored.
pub(crate) struct Dossier {
    pub(crate) known: Known,
    pub(crate) links: Vec<Stored>,
    pub(super) hosts: Vec<String>,
    rooms: Vec<String>,
}

impl Dossier {
    /// Reads it; `None` when the meeting is not known any more.
    pub(crate) fn of(tx: &Connection, meeting: MeetingId) -> rusqlite::Result<Option<Self>> {
        let Some(known) = meetings::get(tx, meeting)? else {
            return Ok(None);
        };
        Self::with(tx, known, events::of_meeting(tx, meeting)?).map(Some)
    }

    /// Whether the meeting repeats and no event that it was made for does: to bring it in step would take dates away that
    /// somebody may have made on purpose.
    pub(crate) fn gives_dates_up(&self) -> bool {
        let series = |stored: &Stored| {
            self.is_half(stored) && stored.gone_since.is_none() && stored.event.organized_here
        };
        self.repeats() && !self.links.iter().any(series)
    }

    /// Whether the meeting repeated when it was last read.
    pub(crate) fn repeats(&self) -> bool {
        let seen = self.known.seen.as_ref();
        seen.is_some_and(|seen| seen.nature == Nature::Recurring)
    }

    /// Puts it together from rows at hand.
    pub(crate) fn with(tx: &Connection, known: Known, links: Vec<Stored>) -> rusqlite::Result<Self> {
        let accounts = accounts::of(tx, service_of(&known.target))?;
        let rooms = accounts
            .iter()
            .filter_map(|account| account.room.clone())
            .collect();
        let hosts = accounts.into_iter().map(|account| account.subject).collect();
        Ok(Self {
            known,
            links,
            hosts,
            rooms,
        })
    }

    /// Takes the meeting for read just now, with the bonds that this proves, and keeps nothing of it.
    pub(crate) fn suppose(&mut self, seen: Meeting, now: Timestamp) {
        for stored in &mut self.links {
            if stored.gone_since.is_none() && stored.proof.is_none() {
                stored.proof = proof_by_agreement(&stored.event, &stored.exceptions, &seen, now);
            }
        }
        self.known.seen = Some(seen);
        self.known.seen_at = Some(now);
    }

    /// What must become of the meeting.
    pub(crate) fn decide(&self, settings: &Settings, now: Timestamp) -> Decision {
        self.about(&self.speaking(), |subject| decide(subject, settings, now))
    }

    /// The events, by their row, that become bonded when the person says so; none when no word is needed.
    ///
    /// # Errors
    /// Why the person cannot say so.
    pub(crate) fn bondable(&self, settings: &Settings, now: Timestamp) -> Result<Vec<i64>, Reason> {
        let speaking = self.speaking();
        let places = self.about(&speaking, |subject| bondable(subject, settings, now))?;
        let rows = places
            .into_iter()
            .filter_map(|place| speaking.get(place).map(|stored| stored.id));
        Ok(rows.collect())
    }

    fn speaking(&self) -> Vec<&Stored> {
        self.links
            .iter()
            .filter(|stored| !self.is_outdated(stored))
            .collect()
    }

    fn about<T>(&self, speaking: &[&Stored], ask: impl FnOnce(&Subject<'_>) -> T) -> T {
        let links: Vec<Linked<'_>> = speaking
            .iter()
            .map(|stored| Linked {
                event: &stored.event,
                gone: stored.gone_since,
                proof: self.proof(stored),
                exceptions: &stored.exceptions,
                odd: stored.odd,
                emptied: stored.emptied,
                elsewhere: stored.elsewhere,
            })
            .collect();
        let subject = Subject {
            target: &self.known.target,
            links: &links,
            seen: self.known.seen.as_ref(),
            hosts: &self.hosts,
            rooms: &self.rooms,
            ignored: self.known.ignored,
            unbonded: self.known.unbonded,
            outlived: self.known.outlived,
        };
        ask(&subject)
    }

    /// Whether the meeting follows an event, as far as is known.
    pub(crate) fn is_bonded(&self, stored: &Stored) -> bool {
        !self.known.unbonded && self.proof(stored).is_some()
    }

    /// The series that live and ask for nothing any more, when the meeting is to go because of that.
    pub(crate) fn spent(&self, settings: &Settings, now: Timestamp) -> Vec<&Stored> {
        let mut living = self.speaking();
        living
            .retain(|stored| stored.gone_since.is_none() && matches!(stored.event.kind, Kind::Series { .. }));
        match self.decide(settings, now) {
            Decision::Delete { .. } => living,
            _ => Vec::new(),
        }
    }

    /// The halves of a series that the meeting was made for and that are gone.
    pub(crate) fn gone_halves(&self) -> Vec<&Stored> {
        let mut halves = self.speaking();
        halves.retain(|stored| self.is_half(stored) && stored.gone_since.is_some());
        halves
    }

    /// The calendars of its events that live.
    pub(crate) fn calendars(&self) -> BTreeSet<CalendarId> {
        let mut living = self.speaking();
        living.retain(|stored| stored.gone_since.is_none() && !stored.elsewhere && self.is_bonded(stored));
        living.iter().map(|stored| stored.calendar).collect()
    }

    /// When the grace period of the halves that are gone ends: one may only have moved to another calendar, or be brought back,
    /// as any event may. `None` when no half is gone.
    pub(crate) fn halves_settle_at(&self, settings: &Settings) -> Option<Timestamp> {
        let gone = self.gone_halves();
        let last = gone.into_iter().filter_map(|stored| stored.gone_since).max();
        last.and_then(|since| since.checked_add(settings.delete_grace).ok())
    }

    /// Whether an event is a series that the meeting was made for.
    pub(crate) fn is_half(&self, stored: &Stored) -> bool {
        matches!(stored.event.kind, Kind::Series { .. }) && self.proof(stored).is_some()
    }

    /// Whether an event is one half of a series that the meeting was made for, with another that points at it.
    pub(crate) fn has_other_half(&self, stored: &Stored) -> bool {
        self.is_half(stored) && self.other_halves(stored).next().is_some()
    }

    /// Whether an event is one half of a series that the meeting was made for, and on the calendars that are looked at besides
    /// those that are `leaving` lives another half of it, but not the event itself.
    pub(crate) fn is_half_of_what_lives_on(&self, stored: &Stored, leaving: &[CalendarId]) -> bool {
        let watched = |other: &Stored| {
            !leaving.contains(&other.calendar) && other.gone_since.is_none() && !other.elsewhere
        };
        let itself = |other: &Stored| other.event.google_id == stored.event.google_id && watched(other);
        self.is_half(stored) && self.other_halves(stored).any(watched) && !self.links.iter().any(itself)
    }

    fn other_halves(&self, stored: &Stored) -> impl Iterator<Item = &Stored> {
        self.links.iter().filter(|other| {
            other.event.google_id != stored.event.google_id && inherits(&stored.event, &other.event)
        })
    }

    /// Whether a series that points at the meeting is on a calendar that a full pass is under way on. It may have shown one half
    /// of it and not another yet, known before or not.
    pub(crate) fn is_being_read(&self) -> bool {
        self.speaking().into_iter().any(|stored| {
            let here = stored.gone_since.is_none() && !stored.elsewhere;
            here && stored.being_read && matches!(stored.event.kind, Kind::Series { .. })
        })
    }

    /// The person's own events that nobody understands, and that may yet be explained.
    pub(crate) fn riddles(&self) -> impl Iterator<Item = &Stored> {
        let may_be =
            |stored: &&Stored| stored.odd && stored.gone_since.is_none() && stored.event.organized_here;
        self.links.iter().filter(may_be)
    }

    /// Whether another copy of the same event speaks instead. One calendar may be reached through several accounts, and an
    /// event that moved is on two calendars until both were read: what is on a calendar that can be read counts more, and
    /// what was learnt last. That it is cancelled on one calendar says nothing about another, and less where it still lived
    /// when that one was read later.
    pub(crate) fn is_outdated(&self, stale: &Stored) -> bool {
        let rank = |copy: &Stored| (copy.available, copy.learnt, copy.id);
        self.links.iter().any(|other| {
            let may_speak = other.event.organized_here || !stale.event.organized_here;
            let lives = other.gone_since.is_none() && other.event.organized_here;
            let beside = other.listed_as == stale.listed_as;
            let read_since = stale.gone_since.is_some_and(|gone| other.read > Some(gone));
            let outlives = lives && !beside && other.available && read_since;
            other.event.google_id == stale.event.google_id
                && may_speak
                && (lives || beside)
                && (outlives || rank(other) > rank(stale))
        })
    }

    /// The proof that the meeting was made for an event. What one copy of the event proved holds for each, and what one half
    /// of a series proved for the other.
    pub(super) fn proof(&self, stored: &Stored) -> Option<Proof> {
        let holds = |other: &&Stored| {
            let same = other.event.google_id == stored.event.google_id && other.listed_as == stored.listed_as;
            same || (stored.gone_since.is_none() && inherits(&stored.event, &other.event))
        };
        stored
            .proof
            .or_else(|| self.links.iter().filter(holds).find_map(|other| other.proof))
    }

    /// A changed date of a series stands where its series does, as long as both point at the meeting.
    pub(crate) fn with_its_series(&self, stored: &Stored) -> Stored {
        let series = match &stored.event.kind {
            Kind::Exception(place) => self.links.iter().find(|other| {
                other.gone_since.is_none()
                    && (other.calendar, &other.event.google_id) == (stored.calendar, &place.series)
            }),
            Kind::Single | Kind::Series { .. } => None,
        };
        Stored {
            proof: self
                .proof(stored)
                .or_else(|| series.and_then(|series| self.proof(series))),
            ..stored.clone()
        }
    }

    /// The title that the person knows it by: of a living bonded event, else of any.
    pub(crate) fn title(&self) -> String {
        self.links
            .iter()
            .filter(|stored| !self.is_outdated(stored))
            .max_by_key(|stored| (stored.gone_since.is_none(), stored.proof.is_some()))
            .map(|stored| stored.event.title.clone())
            .or_else(|| self.known.seen.as_ref().map(|seen| seen.topic.clone()))
            .unwrap_or_default()
    }
}
