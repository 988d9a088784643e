//! What must go: the meeting of an event, or of a series, that is cancelled.

use jiff::Timestamp;
use reconvene_core::report::{MeetingView, Status};

use crate::dates::Version;
use crate::ledger::{Ledger, Machine};
use crate::run::Run;
use crate::settle::{Seen, Wrong, number, owned};
use crate::truth::{Key, Row};

/// What is judged when an event was cancelled.
const GONE: &str = "meetings of cancelled events";

impl Run {
    /// A cancelled event takes its meeting along, unless somebody said otherwise.
    pub(crate) fn deleted(
        &self,
        Seen {
            machine,
            status,
            views,
        }: Seen<'_>,
        wrong: &mut Wrong,
    ) {
        let ledger = self.around.ledger.lock().unwrap();
        let now = self.now();
        for (key, row) in &ledger.truth.rows {
            let (calendar, id) = key;
            let (Some(number), Some(gone)) = (row.meeting, row.gone_since) else {
                continue;
            };
            let bonded = self.is_bonded(&ledger, machine, number, (key, row), gone);
            if !(bonded && row.single && row.organized && owned(&ledger, status, calendar))
                || ledger
                    .truth
                    .of_event(id)
                    .any(|(_, other)| other.living || other.gone_since > row.gone_since)
                || ledger.is_spared(machine, number)
            {
                continue;
            }
            let left = self.ours(number);
            if left.is_none() && ledger.deleted_by.contains_key(&number) {
                wrong.judge(GONE);
            }
            if left
                // One that repeats may be wanted for more than a single event.
                .is_none_or(|meeting| meeting.kind == 8)
                || self.webinar(views, number)
            {
                continue;
            }
            if !self.followed(&ledger, (machine, calendar), number, row, gone) {
                wrong.excuse(GONE);
                continue;
            }
            // Moved and cancelled behind the engine's back: it judges by where the event was when it last saw it.
            let place = (machine, calendar.clone());
            if !(ledger.known).seen_between(&place, row.edited.max(row.linked_since), gone) {
                wrong.excuse(GONE);
                continue;
            }
            // On a calendar that is lost, an event still points where it pointed when it was last seen. One that came back
            // may have been given up before.
            let pointed = |place: &String, row: &Row| {
                let seen = (machine, place.clone());
                row.meeting == Some(number)
                    || (row.unlinked.iter())
                        .any(|(left, at)| *left == number && !ledger.known.seen_between(&seen, *at, now))
            };
            let spared = ledger.truth.rows.values().any(|row| row.points_at(number))
                || (ledger.truth.rows.iter())
                    .any(|((place, _), row)| ledger.truth.ever_lost.contains(place) && pointed(place, row))
                || ledger.truth.rows.values().any(|row| {
                    row.meeting == Some(number) && !ahead(row, now.max(ledger.latest.unwrap_or(now)))
                });
            match spared {
                true => wrong.excuse(GONE),
                false => wrong.judge(GONE),
            }
            if !spared && !held(&ledger, (machine, gone), status, views, number) {
                wrong.push(("P2", still_there(number, (calendar, id), gone, views)));
            }
        }
    }

    /// A series that is cancelled, or whose last dates are, takes its meeting along, unless somebody said otherwise.
    pub(crate) fn series_deleted(
        &self,
        Seen {
            machine,
            status,
            views,
        }: Seen<'_>,
        wrong: &mut Wrong,
    ) {
        let ledger = self.around.ledger.lock().unwrap();
        let now = self.now();
        let latest = now.max(ledger.latest.unwrap_or(now));
        for ((meeting_number, _), versions) in &ledger.truth.series {
            let number = *meeting_number;
            let Some((last, row)) = alone(&ledger, number, versions) else {
                continue;
            };
            let Some(half) = last.halves.first() else { continue };
            // As with a cancelled one, when the person took its last date.
            let spent = last.is_over(last.since);
            let (gone, lives_on) = match row.gone_since {
                Some(gone) => (gone, false),
                None => (last.since, spent),
            };
            let (calendar, id) = &half.key;
            let follows = row.names_itself && row.organized && owned(&ledger, status, calendar);
            let left = self.ours(number);
            let stands = left.is_some_and(|meeting| !spent || last.stands_in(&meeting, latest));
            let ended = lives_on || (!row.living && (spent || !last.is_over(latest)));
            if !(follows && ended && stands)
                || ledger.truth.ever_lost.contains(calendar)
                || ledger.is_spared(machine, number)
                || self.webinar(views, number)
            {
                continue;
            }
            let place = (machine, calendar.clone());
            let since = last.since.max(row.edited).max(row.linked_since);
            if self.followed(&ledger, (machine, calendar), number, row, gone)
                && (lives_on || ledger.known.seen_between(&place, since, gone))
                && !held(&ledger, (machine, gone), status, views, number)
            {
                wrong.push(("P2", still_there(number, (calendar, id), gone, views)));
            }
        }
    }
}

/// A series with a meeting that was never another's, as it last asked for it: never split, never carried elsewhere, and with all
/// its dates in that meeting.
fn alone<'a>(ledger: &'a Ledger, number: u64, versions: &'a [Version]) -> Option<(&'a Version, &'a Row)> {
    let last = versions.iter().rfind(|version| !version.halves.is_empty())?;
    let key = &last.halves.first()?.key;
    // Without times it asks for nothing any more.
    let asks = |row: &&Row| row.meeting == Some(number) && row.is_series() && row.wanted.is_some();
    let row = ledger.truth.rows.get(key).filter(asks)?;
    let mut halves = versions.iter().flat_map(|version| &version.halves);
    let whole = halves.all(|half| half.key == *key);
    let own = |place: &Key, of: Option<&String>| place.0 == key.0 && (place.1 == key.1 || of == Some(&key.1));
    let mut rows = ledger.truth.rows.iter();
    let undivided = rows.all(|(place, row)| {
        let of_it = row.series.as_ref() == Some(&key.1) || place.1 == key.1;
        let pointed = ledger.truth.states.get(place).into_iter().flatten();
        let ever_there = pointed.clone().any(|state| state.meeting == Some(number));
        let ever_elsewhere = pointed
            .clone()
            .any(|state| state.living && state.meeting != Some(number));
        match own(place, row.series.as_ref()) {
            true => !ever_elsewhere,
            false => !of_it && !ever_there,
        }
    });
    (whole && undivided).then_some((last, row))
}

/// Whether a deletion waits for the person's word, with good reason: many went, or it would have been the first write since
/// Zoom was connected.
fn held(
    ledger: &Ledger,
    (machine, gone): (Machine, Timestamp),
    status: &Status,
    views: &[MeetingView],
    wanted: u64,
) -> bool {
    let mut views = views.iter().filter(|view| number(view) == Some(wanted));
    let many = ledger.truth.ever_left_behind().len() > ledger.mass_limit;
    let agreed = ledger.word.agreed.get(&machine).and_then(|(_, agreed)| *agreed);
    let first = agreed.is_none_or(|agreed| gone < agreed);
    (many || first) && views.any(|view| status.held.contains(&view.id))
}

/// What is wrong with a meeting whose event is gone.
fn still_there(wanted: u64, (calendar, id): (&str, &str), gone: Timestamp, views: &[MeetingView]) -> String {
    let shown = views.iter().filter(|view| number(view) == Some(wanted));
    let shown: Vec<_> = shown.map(|view| (view.state, &view.reason)).collect();
    format!("{wanted} is still there though {id} on {calendar} was cancelled at {gone}; shown as {shown:?}")
}

/// Whether an event is one whose cancellation may delete: single, with times, not over.
fn ahead(row: &Row, now: Timestamp) -> bool {
    row.single && row.wanted.as_ref().is_some_and(|wanted| wanted.end() > now)
}
