//! Whether what is written to a meeting was asked for: by the single event, or by the dates of the series, that it is
//! bonded to.

use jiff::Timestamp;
use jiff::civil::DateTime;
use reconvene_simulator::zoom::{Meeting, Occurrence};
use reconvene_simulator::{Entry, World};
use serde_json::{Map, Value};

use crate::dates::Version;
use crate::dates::original;
use crate::ledger::{Arrival, Ledger, Machine, Reading};
use crate::wanted::cut;
use crate::word::Former;

type Wrong = Vec<(&'static str, String)>;

impl Ledger {
    /// A meeting, or one date of it, is changed.
    pub(crate) fn update(&mut self, world: &World, arrival: &Arrival<'_>, entry: &Entry, number: u64) {
        let reading = self.write(world, arrival, entry, number);
        let Some(meeting) = arrival.before else { return };
        if entry.applied {
            let former = self.word.former.entry((arrival.machine, number)).or_default();
            // What was done at Zoom since it was read is not known.
            former.extend(self.word.read_as.get(&(arrival.machine, number)).cloned());
            former.dedup();
            if former.last() != Some(&Former::of(meeting)) {
                former.push(Former::of(meeting));
            }
        }
        let Some(fields) = entry.body.as_object() else {
            return;
        };
        // What was done at Zoom since it was read could not be known.
        let unchanged = reading.is_some_and(|reading| reading.still_tells(meeting));
        // What is taken back was so before, whatever the event says by now.
        let undoing = self.word.undoing.contains(&(arrival.machine, number));
        let mut wrong = Vec::new();
        match date(entry, meeting) {
            Some(_) if undoing => {}
            Some(date) => self.date_was_asked(entry, fields, (number, meeting, date), unchanged, &mut wrong),
            None if one_date(entry) => {}
            None => {
                self.whole_was_asked(
                    world,
                    entry,
                    fields,
                    (number, meeting),
                    (unchanged, undoing),
                    &mut wrong,
                );
            }
        }
        self.needed(arrival, entry, (number, meeting), reading, &mut wrong);
        for (promise, how) in wrong {
            self.break_promise(promise, how);
        }
    }

    /// One date is cancelled.
    pub(crate) fn cancellation(&mut self, world: &World, arrival: &Arrival<'_>, entry: &Entry, number: u64) {
        self.quiet(entry, number);
        let reading = self.write(world, arrival, entry, number);
        let Some(meeting) = arrival.before else { return };
        let mut wrong = Vec::new();
        if let Some(date) = date(entry, meeting)
            && let Some(original) = original(&date.id)
        {
            let now = entry.at;
            // What is taken back was so before, also what somebody had cancelled at Zoom, or laid out anew there.
            let before = self.word.undoing.contains(&(arrival.machine, number))
                && (self.repeated_at_zoom.contains(&number)
                    || self
                        .cancelled_at_zoom
                        .iter()
                        .any(|(meeting, _)| *meeting == number));
            // Its time came while it stood elsewhere: the calendar has no such date ahead.
            let over = original <= now && self.moved_at_zoom.contains(&(number, date.id.clone()));
            if !before && !over && !self.ever_was(number, |version| version.cancels(original, now)) {
                let how = format!(
                    "the date {original} of {number} cancelled: no series bonded to it ever asked for that"
                );
                wrong.push(("P4", how));
            }
        }
        self.needed(arrival, entry, (number, meeting), reading, &mut wrong);
        for (promise, how) in wrong {
            self.break_promise(promise, how);
        }
    }

    /// Everything that a series bonded to a meeting ever was, while it had another meeting too: of its changed dates a
    /// machine may know no more than that.
    fn versions(&self, meeting: u64) -> impl Iterator<Item = &Version> {
        let all = self.truth.pasts_of(meeting).flatten();
        all.filter(|version| !version.halves.is_empty())
    }

    /// Whether a series bonded to a meeting ever was like this, as far as a machine can know: its halves may be on several
    /// calendars, which are read one after the other, and its rows on several pages.
    fn ever_was(&self, meeting: u64, like: impl Fn(&Version) -> bool) -> bool {
        let read_apart = |versions: &Vec<Version>| {
            versions.iter().enumerate().any(|(at, early)| {
                let mut late = versions.iter().skip(at + 1).take(3);
                let by_rows =
                    |late: &Version| self.paged && late.read_row_by_row(early).iter().any(&like);
                late.any(|late| late.read_before(early).any(|mixed| like(&mixed)) || by_rows(late))
                    // Nothing is known yet of what is on the others.
                    || early.read_before(&Version { since: early.since, halves: Vec::new() }).any(|part| like(&part))
            })
        };
        // A meeting is made for a series of which the master alone was just read.
        let at_first = |versions: &Vec<Version>| {
            let first = versions.iter().find(|version| !version.halves.is_empty());
            self.offered.contains(&meeting) && first.is_some_and(|first| like(&first.without_exceptions()))
        };
        self.versions(meeting).any(&like)
            || self
                .truth
                .pasts_of(meeting)
                .any(|past| read_apart(past) || at_first(past))
    }

    /// A write about one date touches nothing but its times, and only as the date asks (P4).
    fn date_was_asked(
        &self,
        entry: &Entry,
        fields: &Map<String, Value>,
        (number, meeting, date): (u64, &Meeting, &Occurrence),
        unchanged: bool,
        wrong: &mut Wrong,
    ) {
        for name in fields
            .keys()
            .filter(|name| !matches!(name.as_str(), "start_time" | "duration"))
        {
            wrong.push(("P4", format!("{name} written to one date of {number}")));
        }
        let text = fields.get("start_time").and_then(Value::as_str);
        let start = text.and_then(|text| start(text, &meeting.time_zone));
        let minutes = fields
            .get("duration")
            .and_then(Value::as_u64)
            .map(|minutes| minutes as u32);
        let Some(original) = original(&date.id) else {
            return;
        };
        let before = (date.start, date.minutes);
        let asked = |version: &Version| version.asks_for(original, before, start, minutes);
        if (text.is_some() && start.is_none()) || !self.ever_was(number, asked) {
            let how = format!(
                "{} written to the date {original} of {number}: no series bonded to it ever asked for that",
                entry.body
            );
            wrong.push(("P4", how));
        }
        let same = start == Some(date.start) || minutes == Some(date.minutes);
        if same && unchanged && entry.applied {
            let how = format!(
                "{} written to the date {original} of {number}, which had it already",
                entry.body
            );
            wrong.push(("P6", how));
        }
    }

    /// A write of the whole meeting says nothing that no bonded event ever asked for.
    fn whole_was_asked(
        &self,
        world: &World,
        entry: &Entry,
        fields: &Map<String, Value>,
        (number, meeting): (u64, &Meeting),
        (unchanged, undoing): (bool, bool),
        wrong: &mut Wrong,
    ) {
        let asked = self.truth.ever_wanted.get(&number);
        let any =
            |fits: &dyn Fn(&crate::wanted::Wanted) -> bool| asked.is_some_and(|asked| asked.iter().any(fits));
        let now = entry.at;
        let takes_back = |name: &str, value: &Value| {
            let mut machines = 0..=1;
            machines.any(|machine| self.word.takes_back(machine, number, name, value))
        };
        // Zoom wants the whole of a series' times at once.
        let laid_out = fields.contains_key("recurrence");
        for (name, value) in fields {
            let text = value.as_str().unwrap_or_default();
            let (known, same) = match name.as_str() {
                "topic" => {
                    let series =
                        |version: &Version| version.halves.iter().any(|half| cut(&half.topic) == text);
                    let known =
                        any(&|wanted| wanted.cut_topic() == text) || self.versions(number).any(series);
                    (known, meeting.topic == text)
                }
                // Held against the dates it makes, below.
                "start_time" if laid_out => (true, false),
                "start_time" => {
                    let zone = fields.get("timezone").and_then(Value::as_str);
                    let start = start(text, zone.unwrap_or(&meeting.time_zone));
                    let next = |version: &Version| start.is_some_and(|start| version.begins_at(start));
                    let known = any(&|wanted| Some(wanted.start) == start) || self.versions(number).any(next);
                    (known, meeting.start == start)
                }
                "duration" if laid_out => (true, false),
                "duration" => {
                    let minutes = value.as_u64().unwrap_or_default();
                    let next = |version: &Version| version.lasts(minutes as u32);
                    let known = any(&|wanted| wanted.minutes == 0 || u64::from(wanted.minutes) == minutes)
                        || self.versions(number).any(next);
                    (known, u64::from(meeting.minutes) == minutes)
                }
                "timezone" => {
                    let series = |version: &Version| version.halves.iter().any(|half| half.zone == text);
                    let known = any(&|wanted| wanted.zone == text) || self.versions(number).any(series);
                    (known, meeting.time_zone == text && !laid_out)
                }
                // A meeting of a series may have been given to a single event.
                "type" if value == 2 => (self.truth.once.contains(&number), false),
                "type" => (
                    value == 8 && laid_out && self.versions(number).next().is_some(),
                    false,
                ),
                "recurrence" => (meeting.kind == 8 || fields.contains_key("type"), false),
                _ => (false, false),
            };
            let known = known
                || (undoing && matches!(name.as_str(), "type" | "recurrence"))
                || takes_back(name, value);
            if !known {
                let how =
                    format!("{name} {value} written to {number}: no event bonded to it ever asked for that");
                wrong.push(("P3", how));
            }
            if same && unchanged && entry.applied {
                wrong.push((
                    "P6",
                    format!("{name} {value} written to {number}, which had it already"),
                ));
            }
        }
        // What was cancelled on a calendar that was lost since counts as it was known.
        let lost =
            |version: &Version| (version.halves.iter()).any(|half| self.truth.lost.contains(&half.key.0));
        let after = world.meeting(number).filter(|_| entry.applied && laid_out);
        if let Some(after) = after.filter(|after| after.occurrences != meeting.occurrences)
            && !undoing
            // Another machine may have written the dates that depart from the rule just before.
            && !self.ever_was(number, |version| {
                version.lays_out(after, now) || version.differences(after, now).is_empty() || lost(version)
            })
        {
            let dates: Vec<String> = after
                .occurrences
                .iter()
                .map(|date| date.start.to_string())
                .collect();
            let how = format!(
                "{} written to {number}, which makes it {dates:?}: no series bonded to it ever had those dates",
                entry.body
            );
            wrong.push(("P4", how));
        }
    }

    /// A series' meeting that is in step already, for all that the machine can know, gets no write (P6).
    fn needed(
        &self,
        arrival: &Arrival<'_>,
        entry: &Entry,
        (number, meeting): (u64, &Meeting),
        reading: Option<Reading>,
        wrong: &mut Wrong,
    ) {
        let Some(reading) = reading.filter(|reading| reading.still_tells(meeting)) else {
            return;
        };
        let known = |machine: Machine, version: &Version| {
            let mut halves = version.halves.iter();
            halves.all(|half| {
                let place = (machine, half.key.0.clone());
                self.known.seen_between(&place, version.since, reading.at)
            })
        };
        let undoing = self.word.undoing.contains(&(arrival.machine, number));
        let mut all = self.truth.series_of(number);
        if let (Some(versions), None) = (all.next(), all.next())
            && let Some(version) = versions.last().filter(|last| !last.halves.is_empty())
            && !undoing
            && !self.truth.once.contains(&number)
            && known(arrival.machine, version)
            && !version.is_over(entry.at)
            && !version.is_twofold(entry.at)
            && version.differences(meeting, entry.at).is_empty()
        {
            wrong.push((
                "P6",
                format!("{} {} of {number}, which is in step", entry.method, entry.body),
            ));
        }
    }
}

/// Whether a request is about one date of a series.
pub(crate) fn one_date(entry: &Entry) -> bool {
    entry.param("occurrence_id").is_some()
}

/// The date that a request is about, as it was before.
fn date<'a>(entry: &Entry, meeting: &'a Meeting) -> Option<&'a Occurrence> {
    meeting.occurrence(entry.param("occurrence_id")?)
}

/// A start as Zoom takes it: in UTC, or on the clock of the zone beside it.
fn start(text: &str, zone: &str) -> Option<Timestamp> {
    let local = || text.parse::<DateTime>().ok()?.in_tz(zone).ok();
    text.parse()
        .ok()
        .or_else(|| local().map(|local| local.timestamp()))
}
