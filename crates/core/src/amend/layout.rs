//! A series laid out anew: by which rule, from which date on, and how many dates.

use jiff::civil::{Time, Weekday};
use jiff::{SignedDuration, Timestamp};

use crate::meeting::Occurrence;
use crate::recurrence::{Beyond, Every, Pattern, Recurrence};
use crate::series::{MOST_DATES, Rule, Series};

/// A series as it would be laid out.
pub(super) struct Layout {
    pub(super) pattern: Pattern,
    pub(super) start: Timestamp,
    pub(super) zone: String,
    pub(super) minutes: u32,
    pub(super) words: String,
    pub(super) dates: Vec<Occurrence>,
}

/// The dates that one rule gives from now on, begun so much earlier that there is one for every date that another half has
/// before it.
pub(super) fn layout(rule: &Rule, series: &Series, now: Timestamp) -> Result<Option<Layout>, Beyond> {
    let pattern = rule.recurrence.pattern(rule.start, &rule.zone)?;
    if pattern.interval > longest_interval(&pattern.every) {
        return Err(Beyond::Selection);
    }
    let mut next = rule
        .recurrence
        .regular_starts(rule.start, &rule.zone, after(now), 2)?;
    // A date that the change to summer time puts off names another clock time than the rule; unless it is wanted, the next one
    // begins the layout.
    let put_off = |date: &Timestamp| clock(*date, &rule.zone) != clock(rule.start, &rule.zone);
    if let [date, _] = next[..]
        && put_off(&date)
        && series.dates.iter().all(|wanted| wanted.original != date)
    {
        next.remove(0);
    }
    let (Some(first), Some(last)) = (next.first().copied(), series.dates.last()) else {
        return Ok(None);
    };
    let before = series.dates.iter().filter(|date| date.original < first).count();
    let endless = endless(&pattern);
    let early = earlier(first, &pattern, before, &rule.zone);
    // A week that a repetition goes back may hold seven dates.
    let mut starts = endless.starts(early, &rule.zone, after(now), MOST_DATES + 7 * before)?;
    let surplus = starts.iter().filter(|start| **start < first).count();
    starts.drain(..surplus.saturating_sub(before));
    let last = last.start.max(last.original);
    let times = starts
        .iter()
        .filter(|start| **start <= last)
        .count()
        .clamp(1, MOST_DATES);
    starts.truncate(times);
    let Some(start) = starts.first().copied() else {
        return Ok(None);
    };
    Ok(Some(Layout {
        words: endless.in_words(start, &rule.zone),
        pattern,
        start,
        zone: rule.zone.clone(),
        minutes: rule.minutes,
        dates: starts
            .into_iter()
            .map(|start| Occurrence {
                id: String::new(),
                original: start,
                start,
                minutes: rule.minutes,
            })
            .collect(),
    }))
}

/// The pattern without an end.
pub(super) fn endless(pattern: &Pattern) -> Recurrence {
    let name = |day: &Weekday| match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    };
    let rule = match &pattern.every {
        Every::Day => "FREQ=DAILY".to_owned(),
        Every::Week { days } => {
            let days: Vec<&str> = days.iter().map(name).collect();
            format!("FREQ=WEEKLY;WKST=SU;BYDAY={}", days.join(","))
        }
        Every::MonthOnDay { day } => format!("FREQ=MONTHLY;BYMONTHDAY={day}"),
        Every::MonthOnWeekday { week, day } => format!("FREQ=MONTHLY;BYDAY={week}{}", name(day)),
    };
    Recurrence::new(vec![format!("RRULE:{rule};INTERVAL={}", pattern.interval)])
}

/// The time of day that a clock of a zone shows; `None` for a zone that nobody knows.
fn clock(at: Timestamp, zone: &str) -> Option<Time> {
    Some(at.in_tz(zone).ok()?.time())
}

fn after(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(1)).unwrap_or(now)
}

/// Zoom's limits of `repeat_interval`, <https://developers.zoom.us/docs/api/meetings/>.
const fn longest_interval(every: &Every) -> u32 {
    match every {
        Every::Day => 99,
        Every::Week { .. } => 50,
        Every::MonthOnDay { .. } | Every::MonthOnWeekday { .. } => 10,
    }
}

/// The instant, so many repetitions before `first`, at which the same clock time falls on a day of the pattern.
fn earlier(first: Timestamp, pattern: &Pattern, repetitions: usize, zone: &str) -> Timestamp {
    let Ok(local) = first.in_tz(zone) else {
        return first;
    };
    let count = i64::try_from(repetitions).unwrap_or(0) * i64::from(pattern.interval);
    let span = jiff::Span::new();
    let span = match pattern.every {
        Every::Day => span.try_days(count),
        Every::Week { .. } => span.try_weeks(count),
        Every::MonthOnDay { .. } | Every::MonthOnWeekday { .. } => span.try_months(count),
    };
    let before = span.ok().and_then(|span| local.checked_sub(span).ok());
    let on_day = before.and_then(|before| match pattern.every {
        // The same day of another month is another weekday.
        Every::MonthOnWeekday { week, day } => {
            let date = before.date().nth_weekday_of_month(week, day).ok()?;
            before.with().date(date).build().ok()
        }
        _ => Some(before),
    });
    on_day.map_or(first, |local| local.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Date;

    #[test]
    fn p4_a_date_left_out_that_summer_time_puts_off_sets_no_time_for_the_others() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Five to three every night in Berlin; there is no such time on the 28th, and no such date.
        let rule = Rule {
            recurrence: Recurrence::new(vec![
                "RRULE:FREQ=DAILY;COUNT=5".into(),
                "EXDATE;TZID=Europe/Berlin:20270328T025500".into(),
            ]),
            start: at("2027-03-26T01:55:00Z"),
            zone: "Europe/Berlin".into(),
            minutes: 30,
        };
        let date = |start: &str| Date {
            start: at(start),
            original: at(start),
            minutes: 30,
        };
        let rest = ["2027-03-29T00:55:00Z", "2027-03-30T00:55:00Z"];
        let series = Series {
            dates: rest.map(date).to_vec(),
            goes_on: false,
            apart: Vec::new(),
            titles: Vec::new(),
            rules: vec![rule.clone()],
        };
        let layout = layout(&rule, &series, at("2027-03-27T06:00:00Z"))
            .unwrap()
            .unwrap();
        let starts: Vec<Timestamp> = layout.dates.iter().map(|date| date.start).collect();
        assert_eq!(starts, rest.map(at));
    }
}
