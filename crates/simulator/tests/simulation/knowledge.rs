//! What a machine can know of the calendars: which passes reached it and were kept, and how each event was then. The
//! oracles demand nothing that no engine could know.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::ledger::Machine;
use crate::truth::{Key, State};

/// A calendar as one machine sees it.
type Place = (Machine, String);

/// A complete pass that was delivered.
#[derive(Debug)]
struct Pass {
    begun: Timestamp,
    ended: Timestamp,
    token: String,
    /// The events that came in rows which nobody understands.
    odd: BTreeSet<String>,
    /// What became of an event since an earlier odd row it did not tell either.
    unsolved: BTreeSet<String>,
    /// The machine sent its token later, so it was kept. A machine that ends, or has no room left, forgets what it was
    /// just told.
    kept: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    passes: BTreeMap<Place, Vec<Pass>>,
    /// Events that are riddles, and until when.
    pub(crate) riddles: BTreeMap<Key, Timestamp>,
    /// The odd rows of the present pass of a calendar.
    odd: BTreeMap<Place, BTreeSet<String>>,
    /// Events of a calendar that a machine was told of in odd rows alone since they changed.
    unsolved: BTreeMap<Place, BTreeSet<String>>,
    /// When a machine was last told of a former riddle in a way that can be understood.
    solved: BTreeMap<(Machine, Key), Timestamp>,
    /// When the present pass of a calendar asked for its first page.
    opened: BTreeMap<Place, Timestamp>,
    /// When the last complete pass of a calendar ended, by the clock of that moment.
    last_read: BTreeMap<Place, Timestamp>,
    /// When an answer last came that was not the service's own and looked like one.
    lied_to: BTreeMap<Place, Timestamp>,
}

/// What a machine can know of one event on one calendar, as far as one meeting is concerned.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// It may have been seen pointing at the meeting.
    pub(crate) pointed: bool,
    /// It surely was, and that was kept.
    pub(crate) surely: bool,
    /// When last seen alive it had left the meeting.
    pub(crate) left: bool,
    /// When the cancellation took place that the machine knows of.
    pub(crate) gone: Option<Timestamp>,
}

impl Knowledge {
    /// A page of a calendar is asked for, with this sync token.
    pub(crate) fn asks(&mut self, place: &Place, token: Option<&str>, first_page: bool, at: Timestamp) {
        if first_page {
            self.opened.insert(place.clone(), at);
            self.odd.remove(place);
        }
        // The same token may have come before, to a process that ended with it.
        let mut passes = self.passes.get_mut(place).into_iter().flatten().rev();
        if let Some(pass) = passes.find(|pass| Some(pass.token.as_str()) == token) {
            pass.kept = true;
        }
    }

    /// The last page of a pass is delivered; `genuine` when it came from the service itself.
    pub(crate) fn told(&mut self, place: Place, token: String, times: (Timestamp, Timestamp), genuine: bool) {
        let (asked, ended) = times;
        let begun = self.opened.get(&place).copied().unwrap_or(asked);
        let last = self.last_read.entry(place.clone()).or_insert(ended);
        *last = ended.max(begun).max(*last);
        let odd = self.odd.remove(&place).unwrap_or_default();
        let unsolved = self.unsolved.get(&place).cloned().unwrap_or_default();
        if genuine {
            self.passes.entry(place).or_default().push(Pass {
                begun,
                ended,
                token,
                odd,
                unsolved,
                kept: false,
            });
        } else {
            self.lied_to.insert(place, ended);
        }
    }

    /// An event of a calendar was asked for by itself between these instants. Right after a pass that may belong to it: what
    /// it brought is known only once its riddles are solved.
    pub(crate) fn asked_for_one(&mut self, place: &Place, (begun, ended): (Timestamp, Timestamp)) {
        let pass = self.passes.get_mut(place).and_then(|passes| passes.last_mut());
        let right_after =
            |pass: &&mut Pass| begun.duration_since(pass.ended).abs() < SignedDuration::from_secs(1);
        if let Some(pass) = pass.filter(right_after) {
            pass.ended = pass.ended.max(ended);
        }
    }

    /// From now on everything can be understood.
    pub(crate) fn explain_riddles(&mut self, now: Timestamp) {
        for until in self.riddles.values_mut() {
            *until = now.min(*until);
        }
    }

    /// Rows of a calendar were told, some of them odd.
    pub(crate) fn told_of(
        &mut self,
        place: &Place,
        (odd, plain): (BTreeSet<String>, BTreeSet<String>),
        at: Timestamp,
    ) {
        let unsolved = self.unsolved.entry(place.clone()).or_default();
        unsolved.extend(odd.iter().cloned());
        unsolved.retain(|id| !plain.contains(id));
        self.odd.entry(place.clone()).or_default().extend(odd);
        for id in plain {
            let key = (place.1.clone(), id);
            if self.riddles.contains_key(&key) {
                self.solved.insert((place.0, key), at);
            }
        }
    }

    /// Since when nobody understands an event, as far as a machine was told before it `looked`.
    pub(crate) fn puzzled_since(&self, machine: Machine, key: &Key, looked: Timestamp) -> Option<Timestamp> {
        let mut passes = self.passes.get(&(machine, key.0.clone()))?.iter().rev();
        let told = passes.find(|pass| pass.kept && pass.ended <= looked && pass.odd.contains(&key.1))?;
        let solved = self.solved.get(&(machine, key.clone()));
        solved.is_none_or(|at| *at < told.begun).then_some(told.begun)
    }

    /// The clock was set, back, and everything that was moves along.
    pub(crate) fn clock_set_back(&mut self, by: SignedDuration) {
        for pass in self.passes.values_mut().flatten() {
            pass.begun += by;
            pass.ended += by;
        }
        for at in self.riddles.values_mut().chain(self.solved.values_mut()) {
            *at += by;
        }
        for at in self.lied_to.values_mut() {
            *at += by;
        }
    }

    /// Whether a complete pass of a calendar ended at or after `since`, by the clock of that moment.
    pub(crate) fn read_since(&self, place: &Place, since: Timestamp) -> bool {
        self.last_read.get(place).is_some_and(|last| *last >= since)
    }

    /// Whether a complete pass, kept, lay wholly between two instants.
    pub(crate) fn seen_between(&self, place: &Place, from: Timestamp, to: Timestamp) -> bool {
        self.of(place)
            .any(|pass| pass.kept && pass.begun >= from && pass.ended <= to)
    }

    /// Whether no engine could know what happened on a calendar at `since`: all it was told after that was not true; or
    /// the calendar is another account's, which could not be read for so long that nobody waits for it any more.
    pub(crate) fn hidden(&self, place: &Place, foreign: bool, since: Timestamp, now: Timestamp) -> bool {
        let told = self.of(place).any(|pass| pass.kept && pass.begun >= since);
        let lied_to = self.lied_to.get(place).is_some_and(|at| *at >= since);
        let long_ago = now - SignedDuration::from_mins(14);
        let unread = self.of(place).all(|pass| pass.ended < long_ago);
        !told && (lied_to || (foreign && unread))
    }

    /// Whether an event that was in these states was listed at an instant, and a pass that was kept had listed it, while nothing
    /// happened to it.
    pub(crate) fn knew(&self, place: &Place, states: &[State], meeting: u64, then: Timestamp) -> bool {
        let at = |instant: Timestamp| states.iter().rev().find(|state| state.since <= instant);
        let shown = |state: &State| state.listed && state.points_at(meeting);
        at(then).is_some_and(|state| state.listed)
            && self.of(place).any(|pass| {
                pass.kept && at(pass.begun) == at(pass.ended) && at(pass.begun).is_some_and(shown)
            })
    }

    /// What is known of an event that was in these states one after the other.
    pub(crate) fn story(&self, place: &Place, event: &str, states: &[State], meeting: u64) -> Story {
        let mut story = Story::default();
        let at = |instant: Timestamp| states.iter().rev().find(|state| state.since <= instant);
        // Riddles of others hide nothing of this one.
        let hides = |pass: &Pass| pass.unsolved.iter().any(|id| id.starts_with(event));
        for pass in self.passes.get(place).into_iter().flatten() {
            if hides(pass) {
                continue;
            }
            let (before, after) = (at(pass.begun), at(pass.ended));
            let both = || before.into_iter().chain(after);
            if both().any(|state| state.points_at(meeting) && state.listed) {
                story.pointed = true;
                // What changed while it was read may have been read either way.
                story.surely |= pass.kept && before == after;
                story.left = false;
            }
            if let Some(gone) = both().find(|state| !state.living) {
                story.gone = story.gone.or(Some(gone.since));
            }
            if pass.kept
                && before == after
                && let Some(living) = before.filter(|state| state.living)
            {
                story.gone = None;
                story.left = story.pointed && !living.points_at(meeting);
            }
        }
        story
    }

    /// The passes of a calendar that could be understood.
    fn of(&self, place: &Place) -> impl Iterator<Item = &Pass> {
        let passes = self.passes.get(place).into_iter().flatten();
        passes.filter(|pass| pass.unsolved.is_empty())
    }
}
