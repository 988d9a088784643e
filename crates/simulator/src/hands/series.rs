//! Deeds on a series.

use super::{Done, Moment, Refused};
use crate::google::event::schedule;
use crate::google::save::{Tell, save};
use crate::google::{Event, EventTime};
use crate::world::World;

impl World {
    pub(super) fn change_recurrence(&mut self, calendar: &str, id: &str, lines: Vec<String>) -> Done {
        let event = self.found(calendar, id)?;
        // No lines at all: the event does not repeat any more.
        if !lines.is_empty() && !schedule(&event.start, &lines).is_valid() {
            return Err(Refused("a recurrence that cannot be read".to_owned()));
        }
        self.edit_event(calendar, id, |event| event.recurrence = lines)
    }

    /// What the calendar's window does for “this and following events”: the old series ends before the cut, and a
    /// new one with `_R` in its id begins there, with the same conference block
    /// (<https://github.com/odoo/odoo/pull/287171>, <https://github.com/googleapis/google-api-php-client/issues/2009>).
    pub(super) fn split_series(
        &mut self,
        calendar: &str,
        id: &str,
        at: Moment,
        start: Option<Moment>,
        title: Option<String>,
    ) -> Done {
        let event = Event::clone(&*self.found(calendar, id)?);
        let zone = self.zone_of(calendar, id)?;
        let cut = at.time(&zone);
        let whole = event
            .schedule()
            .ok_or_else(|| Refused(format!("event {id} is no series")))?;
        if !whole.has(cut.instant()) {
            return Err(Refused("no occurrence was to start then".to_owned()));
        }
        let before =
            u32::try_from(whole.starts(None, Some(cut.instant()), u16::MAX).len()).unwrap_or(u32::MAX);
        if before == 0 || cut.instant() <= event.start.instant() {
            return Err(Refused("the first occurrence has nothing before it".to_owned()));
        }
        let stamp = match &cut {
            EventTime::Day { date } => date.strftime("%Y%m%d").to_string(),
            EventTime::At { instant, .. } => instant.strftime("%Y%m%dT%H%M%S").to_string(),
        };
        let base = id.split("_R").next().unwrap_or(id);
        let new_id = format!("{base}_R{stamp}");
        let start = start.map_or(cut.clone(), |start| start.time(&zone));

        let now = self.now();
        let mut new = Event {
            ical_uid: format!("{new_id}@google.com"),
            id: new_id,
            created: now,
            sequence: 0,
            end: start.later(event.length()),
            start,
            recurrence: event
                .recurrence
                .iter()
                .filter_map(|line| rest(line, before))
                .collect(),
            ..event.clone()
        };
        if let Some(title) = title {
            new.more.insert("summary".to_owned(), title.into());
        }
        let old = Event {
            recurrence: event.recurrence.iter().map(|line| until(line, &cut)).collect(),
            sequence: event.sequence + 1,
            ..event
        };
        save(self, calendar, old, Tell::Nobody);
        Ok(save(self, calendar, new, Tell::Nobody).id.clone())
    }
}

/// The rule, ended one second (or one day) before the cut.
fn until(line: &str, cut: &EventTime) -> String {
    let Some(rule) = line.strip_prefix("RRULE:") else {
        return line.to_owned();
    };
    let end = match cut {
        EventTime::Day { date } => date.yesterday().unwrap_or(*date).strftime("%Y%m%d").to_string(),
        EventTime::At { instant, .. } => (*instant - jiff::SignedDuration::from_secs(1))
            .strftime("%Y%m%dT%H%M%SZ")
            .to_string(),
    };
    let kept: Vec<&str> = rule
        .split(';')
        .filter(|part| !part.starts_with("UNTIL=") && !part.starts_with("COUNT="))
        .collect();
    format!("RRULE:{};UNTIL={end}", kept.join(";"))
}

/// The rule for what follows: a count loses what went before, and excluded dates stay with the old series.
fn rest(line: &str, before: u32) -> Option<String> {
    let rule = line.strip_prefix("RRULE:")?;
    let parts =
        rule.split(';').map(
            |part| match part.strip_prefix("COUNT=").and_then(|n| n.parse::<u32>().ok()) {
                Some(count) => format!("COUNT={}", count.saturating_sub(before).max(1)),
                None => part.to_owned(),
            },
        );
    Some(format!("RRULE:{}", parts.collect::<Vec<_>>().join(";")))
}
