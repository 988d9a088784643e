//! Series when all has come to rest: the dates that stand at Zoom are those of the calendar, or the person is told why not.

use jiff::Timestamp;
use reconvene_core::report::{MeetingState, MeetingView, Status};

use crate::dates::Version;
use crate::ledger::{Ledger, Machine};
use crate::run::Run;
use crate::settle::{Seen, Wrong, owned, readable};

/// What is judged when a series is compared with its meeting, date by date.
const SERIES: &str = "series in step";

impl Run {
    /// P2: every bonded series whose meeting the person hosts equals it, date by date, as far as Zoom can hold it. What it
    /// cannot hold is shown, with words.
    pub(crate) fn series_in_step(
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
        let hides = self.bad.as_ref().is_some_and(|bad| !bad.hides_nothing());
        for ((meeting_number, series), versions) in &ledger.truth.series {
            let Some(version) = current(versions, status).filter(|version| !version.is_over(now)) else {
                continue;
            };
            let number = *meeting_number;
            if out_of_sight(&ledger, versions, status) || !self.watched_by_all(&ledger, versions) {
                continue;
            }
            if self.has_rival(&ledger, number, &version)
                || !self.follows(&ledger, machine, number, (versions, &version))
                || self.webinar(views, number)
                // Whether one of its halves is gone nobody can say while a calendar cannot be read.
                || (hides && versions.iter().any(|other| other.halves.len() > version.halves.len()))
            {
                wrong.excuse(SERIES);
                continue;
            }
            let Some(meeting) = self.ours(number) else {
                continue;
            };
            wrong.judge(SERIES);
            // A changed date has a view of its own, which says that the meeting is its series'.
            let shown: Vec<&MeetingView> = (views.iter())
                .filter(|view| crate::settle::number(view) == Some(number) && view.bonded)
                .collect();
            let by_wrong_clock = ledger
                .latest
                .is_some_and(|latest| latest > now && version.differences(&meeting, latest).is_empty());
            let differences = match by_wrong_clock {
                true => Vec::new(),
                false => version.differences(&meeting, now),
            };
            let told = shown
                .iter()
                .all(|view| view.state == MeetingState::OutOfStep && !view.reason.trim().is_empty());
            let may_differ = !version.is_expressible(now) && told && !shown.is_empty();
            if !differences.is_empty() && !may_differ {
                let shown: Vec<_> = shown.iter().map(|view| (view.state, &view.reason)).collect();
                wrong.push((
                    "P2",
                    format!(
                        "{number} of series {series} has {}; shown as {shown:?}",
                        differences.join(", ")
                    ),
                ));
            }
        }
    }

    /// Whether every machine watches a series: those that watch different calendars want different things of it.
    fn watched_by_all(&self, ledger: &Ledger, versions: &[Version]) -> bool {
        let mut halves = versions.iter().flat_map(|version| &version.halves);
        halves.all(|half| {
            let mut machines = 0..self.disks.len();
            machines.all(|machine| ledger.ticked.contains_key(&(machine, half.key.0.clone())))
        })
    }

    /// Whether the machine has to keep the meeting of a series in step.
    fn follows(
        &self,
        ledger: &Ledger,
        machine: Machine,
        number: u64,
        (versions, version): (&[Version], &Version),
    ) -> bool {
        let by_origin = version.halves.iter().all(|half| {
            ledger
                .truth
                .rows
                .get(&half.key)
                .is_some_and(|row| row.names_itself)
        });
        // What was changed at Zoom counts only when the series asked for something else after it.
        let drifted = ledger.unseen_drift(number).is_some_and(|at| {
            let told = |before: &&Version| before.since <= at && !before.halves.is_empty();
            let before = versions.iter().rev().find(told);
            before.is_some_and(|before| !version.asks_anew(before, self.now()))
        });
        by_origin && !drifted && !ledger.is_left_alone(machine, number)
    }

    /// Whether something else claims the meeting.
    fn has_rival(&self, ledger: &Ledger, number: u64, version: &Version) -> bool {
        ledger.truth.rows.iter().any(|(key, row)| {
            let own = version.halves.iter().any(|half| {
                half.key == *key || (row.series.as_ref() == Some(&half.key.1) && half.key.0 == key.0)
            });
            let known = row.living || ledger.truth.lost.contains(&key.0);
            known
                && !own
                && row.meeting == Some(number)
                && (row.names_itself || ledger.truth.bonded(number, &key.1) || !row.single)
        })
    }

    /// Whether a meeting that is shown as in step may be, as far as a series that points at it can tell.
    pub(crate) fn series_is_honest(
        &self,
        ledger: &Ledger,
        status: &Status,
        number: u64,
        now: Timestamp,
    ) -> bool {
        let Some(meeting) = self.there(number) else {
            return false;
        };
        let unseen = |versions: &Vec<Version>| {
            out_of_sight(ledger, versions, status) || !self.watched_by_all(ledger, versions)
        };
        if ledger.truth.series_of(number).any(unseen) {
            return true;
        }
        let mut all = ledger
            .truth
            .series_of(number)
            .filter_map(|versions| current(versions, status));
        all.any(|version| {
            version.is_over(now) || (version.differences(&meeting, now).is_empty() && !version.is_titled(now))
        })
    }
}

/// Whether a half ever was where it cannot be read: what became of it nobody can say.
fn out_of_sight(ledger: &Ledger, versions: &[Version], status: &Status) -> bool {
    let mut halves = versions.iter().flat_map(|version| &version.halves);
    halves.any(|half| !owned(ledger, status, &half.key.0))
}

/// A series as it is, without what is on calendars that cannot be read.
fn current(versions: &[Version], status: &Status) -> Option<Version> {
    let version = versions.last()?.only(|calendar| readable(status, calendar));
    (!version.halves.is_empty()).then_some(version)
}
