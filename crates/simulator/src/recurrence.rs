//! Expansion of recurrence rules (RFC 5545) into the original starts of occurrences, in the rule's own zone.

use jiff::Timestamp;
use rrule::{RRuleSet, Tz};

/// A rule set and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// First start, as `YYYYMMDDTHHMMSS` in `zone`.
    pub(crate) first: String,
    /// IANA name; `UTC` for all-day series, whose starts are then midnights of the dates.
    pub(crate) zone: String,
    /// `RRULE`, `EXRULE`, `RDATE` and `EXDATE` lines as the calendar holds them.
    pub(crate) lines: Vec<String>,
    /// Whether the series is all-day.
    pub(crate) all_day: bool,
}

impl Schedule {
    fn parse(&self) -> Option<RRuleSet> {
        let mut text = if self.zone == "UTC" {
            format!("DTSTART:{}Z", self.first)
        } else {
            format!("DTSTART;TZID={}:{}", self.zone, self.first)
        };
        for line in &self.lines {
            text.push('\n');
            text.push_str(&self.with_times(line));
        }
        text.parse().ok()
    }

    /// All-day rules name dates; the expansion knows only instants, so dates become midnights in UTC. A timed rule
    /// may still end with a bare date, which means through the end of that day.
    fn with_times(&self, line: &str) -> String {
        let (name, rest) = line.split_once(':').unwrap_or((line, ""));
        if name.starts_with("EXDATE") || name.starts_with("RDATE") {
            if !self.all_day {
                return line.to_owned();
            }
            let kind = name.split(';').next().unwrap_or(name);
            let dates: Vec<String> = rest.split(',').map(midnight).collect();
            return format!("{kind}:{}", dates.join(","));
        }
        let parts = rest.split(';').map(|part| match part.strip_prefix("UNTIL=") {
            Some(until) if until.len() == 8 && self.all_day => format!("UNTIL={}", midnight(until)),
            Some(until) if until.len() == 8 => format!("UNTIL={until}T235959Z"),
            _ => part.to_owned(),
        });
        format!("{name}:{}", parts.collect::<Vec<_>>().join(";"))
    }

    /// Whether the rules can be understood at all.
    pub(crate) fn is_valid(&self) -> bool {
        self.parse().is_some()
    }

    /// The original starts, in order, at most `limit` of them, none before `from` and none at or after `until`.
    pub(crate) fn starts(
        &self,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: u16,
    ) -> Vec<Timestamp> {
        let Some(mut rules) = self.parse() else {
            return Vec::new();
        };
        if let Some(bound) = from.and_then(to_chrono) {
            rules = rules.after(bound);
        }
        if let Some(bound) = until.and_then(to_chrono) {
            rules = rules.before(bound);
        }
        rules
            .all(limit)
            .dates
            .into_iter()
            .filter_map(|date| Timestamp::from_millisecond(date.timestamp_millis()).ok())
            .filter(|start| until.is_none_or(|until| *start < until))
            .collect()
    }

    /// Whether one occurrence was to start exactly then.
    pub(crate) fn has(&self, start: Timestamp) -> bool {
        self.starts(Some(start), None, 1).first() == Some(&start)
    }
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
            first: "20261019T090000".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            lines: lines.iter().map(ToString::to_string).collect(),
            all_day: false,
        }
    }

    #[test]
    fn a_weekly_series_keeps_its_wall_time_over_the_end_of_summer_time() {
        let starts = weekly(&["RRULE:FREQ=WEEKLY;COUNT=2"]).starts(None, None, 10);
        assert_eq!(starts, [at("2026-10-19T07:00:00Z"), at("2026-10-26T08:00:00Z")]);
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
    fn an_all_day_series_ends_with_its_last_date() {
        let days = Schedule {
            first: "20261019T000000".to_owned(),
            zone: "UTC".to_owned(),
            lines: vec!["RRULE:FREQ=DAILY;UNTIL=20261021".to_owned()],
            all_day: true,
        };
        assert_eq!(days.starts(None, None, 10).len(), 3);
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
