//! Expansion of recurrence rules (RFC 5545) into the original starts of occurrences: on the clock of the rule's own zone
//! first, as if that clock never jumped, and then as instants.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rrule::{RRuleSet, Tz};

/// A rule set and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// First start; of an all-day series midnight in UTC.
    pub(crate) first: Timestamp,
    /// IANA name; `UTC` for all-day series, whose starts are then midnights of the dates.
    pub(crate) zone: String,
    /// `RRULE`, `EXRULE`, `RDATE` and `EXDATE` lines as the calendar holds them.
    pub(crate) lines: Vec<String>,
    /// Whether the series is all-day.
    pub(crate) all_day: bool,
    /// Whether the start is the first date even if no rule names it, and one of those that `COUNT` counts, as Google has it
    /// (<https://developers.google.com/workspace/calendar/api/v3/reference/events>, `start`: "for a recurring event, this is
    /// the start time of the first instance"; <https://www.rfc-editor.org/rfc/rfc5545#section-3.8.5.3>).
    pub(crate) begins_anyway: bool,
}

/// No clock is further from UTC than this.
const SLACK: SignedDuration = SignedDuration::from_hours(30);

impl Schedule {
    fn parse(&self) -> Option<RRuleSet> {
        let (rules, others): (Vec<&String>, Vec<&String>) =
            self.lines.iter().partition(|line| line.starts_with("RRULE"));
        let some_rule = !rules.is_empty();
        let rules: Vec<&String> = rules.into_iter().filter(|rule| !self.ends_before(rule)).collect();
        let start = self.written(self.first);
        let mut text = format!("DTSTART:{start}");
        let lines = |lines: &[&String]| -> String {
            lines
                .iter()
                .map(|line| format!("\n{}", self.on_own_clock(line)))
                .collect()
        };
        if some_rule && rules.is_empty() {
            // A rule that ends before the start gives nothing; what is named beside it stays.
            if !others.iter().any(|line| line.starts_with("RDATE")) {
                text.push_str(&format!("\nRDATE:{start}\nEXDATE:{start}"));
            }
            text.push_str(&lines(&others));
            return text.parse().ok();
        }
        // Without a rule the start is a date by itself, beside those that are named
        // (<https://www.rfc-editor.org/rfc/rfc5545#section-3.8.5.2>).
        if rules.is_empty() || (self.begins_anyway && !self.begins_by_rule(&rules)) {
            let fewer: Vec<String> = rules.iter().filter_map(|line| one_fewer(line)).collect();
            text.push_str(&lines(&fewer.iter().collect::<Vec<_>>()));
            text.push_str(&format!("\nRDATE:{start}"));
        } else {
            text.push_str(&lines(&rules));
        }
        text.push_str(&lines(&others));
        text.parse().ok()
    }

    fn ends_before(&self, rule: &str) -> bool {
        let line = self.on_own_clock(rule);
        let until = line
            .split([';', ':'])
            .find_map(|part| part.strip_prefix("UNTIL="));
        until.is_some_and(|until| until < self.written(self.first).as_str())
    }

    /// Whether a rule names the start. One without days of its own takes them from the start.
    fn begins_by_rule(&self, rules: &[&String]) -> bool {
        rules.iter().any(|rule| {
            if !rule.contains("BY") {
                return true;
            }
            let start = self.written(self.first);
            let alone = format!("DTSTART:{start}\n{}", self.on_own_clock(rule));
            // What nobody can read is refused elsewhere.
            alone.parse::<RRuleSet>().map_or(true, |rules| {
                rules.all(1).dates.first().map(written_utc) == Some(start)
            })
        })
    }

    fn clock(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    /// What the own clock shows at an instant, written as if it were UTC.
    fn written(&self, at: Timestamp) -> String {
        at.to_zoned(self.clock()).strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// A line with its times on the own clock, written as if that were UTC. All-day rules name dates, which become
    /// midnights. A timed rule may still end with a bare date, although `UNTIL` ought to be of the same kind as the start
    /// (<https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10>). The service takes it: the rule runs through the end of that
    /// day on its own clock, as the last date that people choose in the calendar's window does.
    fn on_own_clock(&self, line: &str) -> String {
        let (name, rest) = line.split_once(':').unwrap_or((line, ""));
        if name.starts_with("EXDATE") || name.starts_with("RDATE") {
            let (kind, parameters) = name.split_once(';').unwrap_or((name, ""));
            let zone = parameters.split(';').find_map(|part| part.strip_prefix("TZID="));
            let dates: Vec<String> = rest
                .split(',')
                .map(|date| self.named(date.trim(), zone))
                .collect();
            return format!("{kind}:{}", dates.join(","));
        }
        let parts = rest.split(';').map(|part| match part.strip_prefix("UNTIL=") {
            Some(until) if until.len() == 8 && !self.all_day => format!("UNTIL={until}T235959Z"),
            Some(until) => format!("UNTIL={}", self.named(until, None)),
            None => part.to_owned(),
        });
        format!("{name}:{}", parts.collect::<Vec<_>>().join(";"))
    }

    /// A named time on the own clock; one without `Z` is on the clock of `zone`, or on the own one.
    fn named(&self, time: &str, zone: Option<&str>) -> String {
        if time.len() == 8 {
            return midnight(time);
        }
        let digits = time.trim_end_matches('Z');
        let zone = match zone {
            _ if time.ends_with('Z') => TimeZone::UTC,
            Some(zone) if zone != self.zone => TimeZone::get(zone).unwrap_or(TimeZone::UTC),
            _ => return format!("{digits}Z"),
        };
        let instant = DateTime::strptime("%Y%m%dT%H%M%S", digits).and_then(|local| zone.to_timestamp(local));
        instant.map_or_else(|_| time.to_owned(), |instant| self.written(instant))
    }

    /// Whether the rules can be understood at all.
    pub(crate) fn is_valid(&self) -> bool {
        let mut rules = self.lines.iter().filter(|line| line.starts_with("RRULE"));
        self.parse().is_some() && !rules.any(|rule| self.ends_before(rule))
    }

    /// The original starts, in order, at most `limit` of them, none before `from` and none at or after `until`. A time that
    /// the clock leaps over moves forward by the leap; of one that it shows twice the first is meant
    /// (<https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5>), but for the start itself.
    pub(crate) fn starts(
        &self,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u16,
    ) -> Vec<Timestamp> {
        let Some(mut rules) = self.parse() else {
            return Vec::new();
        };
        if let Some(bound) = from.and_then(|from| to_chrono(from.checked_sub(SLACK).ok()?)) {
            rules = rules.after(bound);
        }
        if let Some(bound) = until.and_then(|until| to_chrono(until.checked_add(SLACK).ok()?)) {
            rules = rules.before(bound);
        }
        let clock = self.clock();
        let first = self.written(self.first);
        let instant = |date: &chrono::DateTime<Tz>| {
            let written = written_utc(date);
            if written == first {
                return Some(self.first);
            }
            let local = DateTime::strptime("%Y%m%dT%H%M%SZ", &written).ok()?;
            clock.to_timestamp(local).ok()
        };
        let mut starts: Vec<Timestamp> = rules
            .all(limit.saturating_add(64))
            .dates
            .iter()
            .filter_map(instant)
            .filter(|start| from.is_none_or(|from| *start >= from))
            .filter(|start| until.is_none_or(|until| *start < until))
            .collect();
        starts.sort_unstable();
        starts.dedup();
        starts.truncate(limit.into());
        starts
    }

    /// Whether one occurrence was to start exactly then.
    pub(crate) fn has(&self, start: Timestamp) -> bool {
        self.starts(Some(start), None, 1).first() == Some(&start)
    }
}

fn written_utc(date: &chrono::DateTime<Tz>) -> String {
    date.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A rule that gives one date fewer; `None` when that leaves nothing. A rule without a count stays as it is.
fn one_fewer(rule: &str) -> Option<String> {
    let mut parts: Vec<String> = rule.split(';').map(str::to_owned).collect();
    for part in &mut parts {
        let (before, count) = part.split_once("COUNT=").unwrap_or((part, ""));
        if let Ok(count) = count.parse::<u32>() {
            if count <= 1 {
                return None;
            }
            *part = format!("{before}COUNT={}", count - 1);
        }
    }
    Some(parts.join(";"))
}

fn midnight(date: &str) -> String {
    format!("{}T000000Z", date.trim())
}

fn to_chrono(instant: Timestamp) -> Option<chrono::DateTime<Tz>> {
    chrono::DateTime::from_timestamp_millis(instant.as_millisecond()).map(|at| at.with_timezone(&Tz::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn weekly(lines: &[&str]) -> Schedule {
        Schedule {
            first: at("2026-10-19T07:00:00Z"),
            zone: "Europe/Berlin".to_owned(),
            lines: lines.iter().map(ToString::to_string).collect(),
            all_day: false,
            begins_anyway: true,
        }
    }

    #[test]
    fn a_weekly_series_keeps_its_wall_time_over_the_end_of_summer_time() {
        let starts = weekly(&["RRULE:FREQ=WEEKLY;COUNT=2"]).starts(None, None, 10);
        assert_eq!(starts, [at("2026-10-19T07:00:00Z"), at("2026-10-26T08:00:00Z")]);
    }

    #[test]
    fn a_time_that_the_clock_leaps_over_or_shows_twice_is_still_a_date() {
        let nightly = |first: &str| Schedule {
            first: at(first),
            zone: "America/New_York".to_owned(),
            lines: vec!["RRULE:FREQ=DAILY;COUNT=3".to_owned()],
            all_day: false,
            begins_anyway: true,
        };
        let leap = nightly("2026-03-07T07:30:00Z").starts(None, None, 10);
        assert_eq!(
            leap[1..],
            [at("2026-03-08T07:30:00Z"), at("2026-03-09T06:30:00Z")]
        );
        let twice = nightly("2026-10-31T05:30:00Z").starts(None, None, 10);
        assert_eq!(
            twice[1..],
            [at("2026-11-01T05:30:00Z"), at("2026-11-02T06:30:00Z")]
        );
        let second = nightly("2026-11-01T06:30:00Z").starts(None, None, 10);
        assert_eq!(
            second[..2],
            [at("2026-11-01T06:30:00Z"), at("2026-11-02T06:30:00Z")]
        );
    }

    #[test]
    fn an_excluded_date_is_left_out() {
        let rules = weekly(&[
            "RRULE:FREQ=WEEKLY;COUNT=3",
            "EXDATE;TZID=Europe/Berlin:20261026T090000",
        ]);
        assert_eq!(rules.starts(None, None, 10).len(), 2);
        assert!(!rules.has(at("2026-10-26T08:00:00Z")));
        assert!(rules.has(at("2026-11-02T08:00:00Z")));
    }

    #[test]
    fn a_series_of_named_dates_begins_with_its_start() {
        let rules = weekly(&["RDATE;TZID=Europe/Berlin:20261022T120000"]);
        assert_eq!(
            rules.starts(None, None, 10),
            [at("2026-10-19T07:00:00Z"), at("2026-10-22T10:00:00Z")]
        );
    }

    #[test]
    fn a_start_that_its_rule_does_not_name_is_the_first_date_and_counts() {
        let rules = weekly(&["RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=3"]);
        assert_eq!(
            rules.starts(None, None, 10),
            [
                at("2026-10-19T07:00:00Z"),
                at("2026-10-20T07:00:00Z"),
                at("2026-10-27T08:00:00Z")
            ]
        );
        assert!(rules.has(at("2026-10-19T07:00:00Z")));
        let one = weekly(&["RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=1"]);
        assert_eq!(one.starts(None, None, 10), [at("2026-10-19T07:00:00Z")]);
    }

    #[test]
    fn a_rule_that_ends_before_the_start_gives_nothing_and_leaves_the_dates_named_beside_it() {
        let until = "RRULE:FREQ=WEEKLY;UNTIL=20261018T070000Z";
        let beside = weekly(&[until, "RDATE;TZID=Europe/Berlin:20261022T120000"]);
        assert_eq!(beside.starts(None, None, 10), [at("2026-10-22T10:00:00Z")]);
        assert_eq!(weekly(&[until]).starts(None, None, 10), []);
        assert!(!beside.is_valid(), "nobody may write it down like that");
    }

    #[test]
    fn an_all_day_series_ends_with_its_last_date() {
        let days = Schedule {
            first: at("2026-10-19T00:00:00Z"),
            zone: "UTC".to_owned(),
            lines: vec!["RRULE:FREQ=DAILY;UNTIL=20261021".to_owned()],
            all_day: true,
            begins_anyway: true,
        };
        assert_eq!(days.starts(None, None, 10).len(), 3);
    }

    #[test]
    fn a_timed_series_until_a_date_has_that_whole_day_of_its_own_zone() {
        let daily = |first: &str, zone: &str| Schedule {
            first: at(first),
            zone: zone.to_owned(),
            lines: vec!["RRULE:FREQ=DAILY;UNTIL=20261021".to_owned()],
            all_day: false,
            begins_anyway: true,
        };
        // Eight in the evening of the 21st is the 22nd already in London.
        let west = daily("2026-10-20T00:00:00Z", "America/New_York").starts(None, None, 10);
        assert_eq!(west.last(), Some(&at("2026-10-22T00:00:00Z")));
        assert_eq!(west.len(), 3);
        // The morning of the 22nd in Sydney is still the 21st there.
        let mornings = daily("2026-10-18T20:00:00Z", "Australia/Sydney");
        assert_eq!(mornings.starts(None, None, 10).len(), 3);
    }

    #[test]
    fn starts_are_bounded_on_both_sides() {
        let starts = weekly(&["RRULE:FREQ=WEEKLY"]).starts(
            Some(at("2026-10-26T08:00:00Z")),
            Some(at("2026-11-09T08:00:00Z")),
            100,
        );
        assert_eq!(starts, [at("2026-10-26T08:00:00Z"), at("2026-11-02T08:00:00Z")]);
    }
}
