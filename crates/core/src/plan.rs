//! The plan: what must become of one meeting, given every event that was ever seen to point at it.
//!
//! A decision is made from the state of things, never from the edit that led there, so that five edits are one
//! decision, a repeated pass decides the same again, and a crash loses nothing. When anything is in doubt the
//! answer is to leave the meeting alone and to say why.

mod halves;
mod spent;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::amend::amend;
use crate::conference::{Source, Target};
use crate::event::{Event, Exception, Kind, Schedule, Times};
use crate::meeting::{Carry, Meeting, Nature, agrees};
use crate::recurrence::Beyond;

use self::halves::halves_joined;
pub use self::halves::{base, inherits};
pub use self::spent::emptied;
use self::spent::{leaves_some, spent, was_spent};

/// Proof that a meeting was made for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The conference block names the event as its origin.
    Origin,
    /// The meeting was read and agreed with the event in start and title while linked.
    Agreement,
    /// Reconvene made the meeting for the event, and said so on it.
    Created,
    /// The person said so.
    Said,
}

/// One event that points, or pointed to its end, at the meeting in question.
#[derive(Debug, Clone, Copy)]
pub struct Linked<'a> {
    /// The event as last seen. For a gone one: as it was before.
    pub event: &'a Event,
    /// Since when its cancellation is known; `None` while it lives.
    pub gone: Option<Timestamp>,
    /// The proof of the bond, if it is one.
    pub proof: Option<Proof>,
    /// Of the master of a series: its exceptions.
    pub exceptions: &'a [Exception],
    /// Its newest row was not understood: what it says by now is not known.
    pub odd: bool,
    /// It lives where nobody looks: what was last known of it stands, and only of its dates.
    pub elsewhere: bool,
    /// Of a series that lives: when an edit took the last of its dates; `None` while one lies ahead, or when time ended it.
    pub emptied: Option<Timestamp>,
}

impl Linked<'_> {
    /// What the meeting should be for this event: see [`Event::schedule`].
    fn schedule(&self, now: Timestamp) -> Result<Option<Schedule>, Beyond> {
        self.event.schedule(self.exceptions, now)
    }
}

/// Everything a decision about one meeting rests on.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What the events point at.
    pub target: &'a Target,
    /// Every event that points at it, on every watched calendar.
    pub links: &'a [Linked<'a>],
    /// The meeting as last read.
    pub seen: Option<&'a Meeting>,
    /// The ids by which the provider knows the signed-in accounts of this person; empty when there is none.
    pub hosts: &'a [String],
    /// The numbers of these accounts' personal rooms.
    pub rooms: &'a [String],
    /// The person said to leave it alone until its event changes.
    pub ignored: bool,
    /// The person said to leave it alone until they bond it again.
    pub unbonded: bool,
    /// One half of a series that it was made for lives on without it: its conference was taken off, and another half kept it.
    pub outlived: bool,
}

/// What the person chose, as far as the plan depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What is carried over.
    pub carry: Carry,
    /// How long a cancelled event must stay cancelled before its meeting is deleted.
    pub delete_grace: SignedDuration,
}

/// What must become of a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It equals its event as far as is known.
    InStep,
    /// It must be read before more can be said.
    Look,
    /// It must be made to equal this.
    Update(Schedule),
    /// Its event is gone: it is to be deleted, not before this instant.
    Delete {
        /// The end of the grace period.
        not_before: Timestamp,
    },
    /// It is not to be touched, for this reason.
    Leave(Reason),
    /// Nothing points at it any more, and it is not ours to delete: it may be forgotten.
    Forget,
}

/// Why a meeting is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The kind of conference has no schedule of its own.
    Unscheduled,
    /// A system that this version does not act on.
    ForeignSystem,
    /// A personal or standing room.
    StandingRoom,
    /// The person is not signed in to the provider.
    NoAccount,
    /// Somebody else organizes the event.
    NotOrganizer,
    /// Somebody else hosts the meeting.
    NotHost,
    /// Only single dates of a series are known, and the meeting belongs to the whole of it.
    PartOfSeries,
    /// What the event says by now is not understood.
    NotUnderstood,
    /// The rule of a series cannot be understood.
    UnreadableRule,
    /// All-day events name no time of day.
    AllDay,
    /// Nothing proves that the meeting was made for this event.
    NotBonded,
    /// The meeting was made for another event, which may still need it.
    MadeForAnother,
    /// Several events claim it and want different things.
    Ambiguous,
    /// The event is over.
    Over,
    /// The person said to leave it alone.
    Ignored,
    /// The person said to leave it alone for good.
    Unbonded,
}

impl Reason {
    /// The sentence a person reads.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Unscheduled => {
                "This kind of conference has no schedule of its own: there is nothing to sync."
            }
            Self::ForeignSystem => "Reconvene does not act on this conference system.",
            Self::StandingRoom => {
                "This is a personal or standing room, used for many events. It is never changed."
            }
            Self::NoAccount => "Connect the meeting's provider under Accounts to keep it in step.",
            Self::NotOrganizer => "Somebody else organizes this event.",
            Self::NotHost => "Somebody else hosts this meeting.",
            Self::PartOfSeries => {
                "Only single dates of this series are on your calendars; its meeting belongs to the whole series."
            }
            Self::NotUnderstood => {
                "Google describes this event in a way that Reconvene does not understand; the meeting is left as it is."
            }
            Self::UnreadableRule => "Reconvene does not understand how this event repeats.",
            Self::AllDay => "An all-day event names no time of day for the meeting.",
            Self::NotBonded => "Nothing shows that the meeting was made for this event, so it is left alone.",
            Self::MadeForAnother => "The meeting was made for another event; this one only shares it.",
            Self::Ambiguous => "Several events claim this meeting and want different things.",
            Self::Over => "The event is over.",
            Self::Ignored => "You said to leave it as it is.",
            Self::Unbonded => "You said that this meeting does not follow the calendar.",
        }
    }
}

/// Decides what must become of a meeting. `now` is the present instant.
pub fn decide(subject: &Subject<'_>, settings: &Settings, now: Timestamp) -> Decision {
    match subject.target {
        _ if subject.links.is_empty() => return Decision::Forget,
        Target::Unscheduled { .. } => return leave_or_forget(subject, Reason::Unscheduled),
        Target::Foreign { .. } => return leave_or_forget(subject, Reason::ForeignSystem),
        Target::Room { .. } => return leave_or_forget(subject, Reason::StandingRoom),
        // A personal room can be dressed up as a meeting with a schedule; its number betrays it.
        Target::Meeting { number, .. } if subject.rooms.contains(number) => {
            return leave_or_forget(subject, Reason::StandingRoom);
        }
        Target::Meeting { .. } if subject.unbonded => return leave_or_forget(subject, Reason::Unbonded),
        Target::Meeting { .. } => {}
    }
    let living = subject.links.iter().any(|link| link.gone.is_none());
    let decision = if living {
        for_living(subject, settings, now)
    } else {
        for_gone(subject, settings, now)
    };
    if subject.outlived && matches!(decision, Decision::Delete { .. }) {
        return leave_or_forget(subject, Reason::Over);
    }
    if matches!(decision, Decision::Leave(_) | Decision::Forget) {
        return decision;
    }
    if subject.hosts.is_empty() {
        return leave_or_forget(subject, Reason::NoAccount);
    }
    if let Some(seen) = subject.seen
        && let Some(reason) = untouchable(seen, subject.hosts)
    {
        return leave_or_forget(subject, reason);
    }
    if subject.ignored && decision != Decision::InStep {
        return leave_or_forget(subject, Reason::Ignored);
    }
    decision
}

/// A reason to leave a meeting alone keeps it listed while an event still points at it. A deletion that is due but for
/// the account, or for one reading of the meeting, is kept too: another sign-in or another reading must still find it.
fn leave_or_forget(subject: &Subject<'_>, reason: Reason) -> Decision {
    let living = subject.links.iter().any(|link| link.gone.is_none());
    let may_pass = matches!(reason, Reason::NoAccount | Reason::NotHost | Reason::StandingRoom);
    let bonded = subject.links.iter().any(|link| link.proof.is_some());
    if living || (may_pass && bonded) {
        Decision::Leave(reason)
    } else {
        Decision::Forget
    }
}

/// Whether a meeting, as the provider describes it, is of the kind that may be changed and hosted by one of `hosts`.
pub fn is_touchable(seen: &Meeting, hosts: &[String]) -> bool {
    untouchable(seen, hosts).is_none()
}

/// Why a meeting, as the provider describes it, must not be touched whatever the events say.
fn untouchable(seen: &Meeting, hosts: &[String]) -> Option<Reason> {
    match seen.nature {
        Nature::Standing => Some(Reason::StandingRoom),
        Nature::Recurring | Nature::Scheduled => (!hosts.contains(&seen.host)).then_some(Reason::NotHost),
    }
}

fn for_living(subject: &Subject<'_>, settings: &Settings, now: Timestamp) -> Decision {
    let mut wanted: BTreeMap<&str, Vec<(bool, Schedule)>> = BTreeMap::new();
    let mut reason = Reason::NotOrganizer;
    let mut silent = Vec::new();
    for link in subject.links.iter().filter(|link| link.gone.is_none()) {
        if !link.event.organized_here {
            continue;
        }
        if link.odd && link.proof.is_some() {
            return Decision::Leave(if subject.ignored {
                Reason::Ignored
            } else {
                Reason::NotUnderstood
            });
        }
        if is_spoken_for(link.event, subject.links) {
            continue;
        }
        let schedule = match link.schedule(now) {
            Ok(Some(schedule)) => schedule.lasting_as(subject.seen),
            unheard => {
                reason = match unheard {
                    Ok(_) => Reason::AllDay,
                    Err(_) => Reason::UnreadableRule,
                };
                if link.proof.is_some() {
                    silent.push((base(&link.event.google_id), reason));
                }
                continue;
            }
        };
        if link.proof.is_some() {
            let same = wanted.entry(base(&link.event.google_id)).or_default();
            let half = (!link.elsewhere, schedule);
            if !same.contains(&half) {
                same.push(half);
            }
            continue;
        }
        if provable(link.event) && subject.seen.is_none() && !schedule.is_over(now) {
            return Decision::Look;
        }
        reason = match (link.event.conference.as_ref()).and_then(|found| found.origin.as_ref()) {
            _ if matches!(link.event.kind, Kind::Exception(_)) && is_series(subject.seen) => {
                Reason::PartOfSeries
            }
            Some(_) => Reason::MadeForAnother,
            None => Reason::NotBonded,
        };
    }
    // What one half of a split series does not say must not be taken for its having no dates (P4).
    if let Some((_, reason)) = silent.into_iter().find(|(half, _)| wanted.contains_key(half)) {
        return Decision::Leave(reason);
    }
    let mut wanted: Vec<Vec<(bool, Schedule)>> = wanted.into_values().collect();
    if wanted.iter().any(|same| !is_past(same, now)) {
        // A meeting may be used again for another event once the one before is over.
        wanted.retain(|same| !is_past(same, now));
    }
    let (Some(schedules), true) = (wanted.pop(), wanted.is_empty()) else {
        // None, or several that were made for it.
        return Decision::Leave(if wanted.is_empty() {
            reason
        } else {
            Reason::Ambiguous
        });
    };
    let Some(schedule) = halves_joined(schedules, now) else {
        return Decision::Leave(Reason::Ambiguous);
    };
    if schedule.is_over(now) && !leaves_some(subject, &schedule, now) {
        return spent(subject, &schedule, settings, now).unwrap_or(Decision::Leave(Reason::Over));
    }
    match subject.seen {
        Some(seen) if amend(seen, &schedule, settings.carry, now).is_empty() => Decision::InStep,
        _ => Decision::Update(schedule),
    }
}

/// Whether all that wants the meeting is a single event that is over.
fn is_past(same: &[(bool, Schedule)], now: Timestamp) -> bool {
    same.iter()
        .all(|(_, schedule)| matches!(schedule.times, Times::Once { .. }) && schedule.is_over(now))
}

/// Whether an event is a changed date of a series whose master points at the same meeting: then the master speaks for it.
fn is_spoken_for(event: &Event, links: &[Linked<'_>]) -> bool {
    let Kind::Exception(place) = &event.kind else {
        return false;
    };
    links.iter().any(|other| other.event.google_id == place.series)
}

fn is_series(seen: Option<&Meeting>) -> bool {
    seen.is_some_and(|seen| seen.nature == Nature::Recurring)
}

/// Every event that pointed at the meeting is cancelled. Only those for which it was made can ask for its deletion; the
/// grace period counts from the last one of all that went.
fn for_gone(subject: &Subject<'_>, settings: &Settings, now: Timestamp) -> Decision {
    let asking = |link: &&Linked<'_>| {
        link.proof.is_some() && link.event.organized_here && !is_spoken_for(link.event, subject.links)
    };
    let ahead = |link: &Linked<'_>| {
        let schedule = link.schedule(now).ok().flatten();
        schedule.is_some_and(|schedule| !schedule.is_over(now)) || was_spent(subject, link, now)
    };
    // Of a split series one half may be over; of single events none may, unless it was cancelled before.
    let never_was = |link: &Linked<'_>| {
        link.gone.is_some_and(|gone| {
            let schedule = link.schedule(gone).ok().flatten();
            schedule.is_some_and(|schedule| !schedule.is_over(gone))
        })
    };
    let made_for_one = subject.links.iter().filter(asking).any(ahead)
        && subject
            .links
            .iter()
            .filter(asking)
            .all(|link| ahead(link) || never_was(link) || matches!(link.event.kind, Kind::Series { .. }));
    // One that was made a series at the provider may be wanted for more than the event that it was made for.
    let outgrown = is_series(subject.seen)
        && !subject
            .links
            .iter()
            .any(|link| matches!(link.event.kind, Kind::Series { .. }));
    // Whether dates stand of a series that lost them all before it was cancelled is only known once it was read.
    let unread = subject.seen.is_none()
        && subject
            .links
            .iter()
            .filter(asking)
            .any(|link| link.emptied.is_some());
    match subject.links.iter().filter_map(|link| link.gone).max() {
        _ if outgrown => Decision::Forget,
        _ if unread && !made_for_one => Decision::Look,
        Some(since) if made_for_one => Decision::Delete {
            not_before: since.checked_add(settings.delete_grace).unwrap_or(Timestamp::MAX),
        },
        _ => Decision::Forget,
    }
}

/// The links, by their place, that become bonds when the person says that the meeting was made for their event; none when it
/// is bonded without that. Rooms and what somebody else hosts are never bonded, and neither are the events of somebody else
/// or several that have nothing to do with each other.
///
/// # Errors
/// Why the person cannot say so.
pub fn bondable(subject: &Subject<'_>, settings: &Settings, now: Timestamp) -> Result<Vec<usize>, Reason> {
    let bonded = Subject {
        unbonded: false,
        ..*subject
    };
    if subject.hosts.is_empty() {
        return Err(Reason::NoAccount);
    }
    if let Some(reason) = subject.seen.and_then(|seen| untouchable(seen, subject.hosts)) {
        return Err(reason);
    }
    match decide(&bonded, settings, now) {
        Decision::Leave(Reason::NotBonded | Reason::MadeForAnother) | Decision::Look => {}
        Decision::Leave(reason @ (Reason::Ignored | Reason::Ambiguous)) if !subject.unbonded => {
            return Err(reason);
        }
        Decision::Leave(Reason::Ignored | Reason::Ambiguous) => return Ok(Vec::new()),
        Decision::Leave(reason) => return Err(reason),
        Decision::Forget => return Err(Reason::Over),
        Decision::InStep | Decision::Update(_) | Decision::Delete { .. } => return Ok(Vec::new()),
    }
    let mut places = Vec::new();
    let mut events: Vec<&str> = Vec::new();
    for (place, link) in subject.links.iter().enumerate() {
        let speaks = link.gone.is_none()
            && link.event.organized_here
            && link.proof.is_none()
            && !is_spoken_for(link.event, subject.links)
            && !(matches!(link.event.kind, Kind::Exception(_)) && is_series(subject.seen));
        let schedule = link.schedule(now).ok().flatten();
        if speaks && schedule.is_some_and(|schedule| !schedule.is_over(now)) {
            places.push(place);
            events.push(base(&link.event.google_id));
        }
    }
    events.dedup();
    match events.len() {
        0 => Err(Reason::Over),
        1 => Ok(places),
        _ => Err(Reason::Ambiguous),
    }
}

/// Whether reading the meeting could prove the bond: no block names an origin, so agreement may.
pub fn provable(event: &Event) -> bool {
    event.organized_here
        && event
            .conference
            .as_ref()
            .is_some_and(|found| found.origin.is_none())
}

/// The proof that an event's own words give, without reading the meeting. Both halves of a split series name the first.
pub fn proof_by_origin(event: &Event) -> Option<Proof> {
    let found = event.conference.as_ref()?;
    let origin = found.origin.as_ref()?;
    let own = *origin == event.google_id
        || (matches!(event.kind, Kind::Series { .. }) && base(origin) == base(&event.google_id));
    // Beside a link that was written as text only Reconvene names an origin.
    own.then_some(match found.source {
        Source::Block => Proof::Origin,
        Source::Location | Source::Description => Proof::Created,
    })
}

/// The proof that reading the meeting gives.
pub fn proof_by_agreement(
    event: &Event,
    exceptions: &[Exception],
    seen: &Meeting,
    now: Timestamp,
) -> Option<Proof> {
    let schedule = event.schedule(exceptions, now).ok().flatten()?;
    (provable(event) && agrees(seen, &schedule, now)).then_some(Proof::Agreement)
}

#[cfg(test)]
mod tests;
