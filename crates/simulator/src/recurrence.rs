//! Expansion of recurrence rules (RFC 5545) into the original starts of occurrences, in the rule's own zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
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
    /// The start is the first date, whether a rule names it or not
    /// (<https://developers.google.com/workspace/calendar/api/v3/reference/events>, `start`: "for a recurring event, this is
    /// the start time of the first instance"; <https://www.rfc-editor.org/rfc/rfc5545#section-3.8.5.3>), and one of those
    /// that `COUNT` counts.
    fn parse(&self) -> Option<RRuleSet> {
        let (rules, others): (Vec<&String>, Vec<&String>) =
            self.lines.iter().partition(|line| line.starts_with("RRULE"));
        let mut text = self.at_first("DTSTART");
        let lines = |lines: &[&String]| -> String {
            lines
                .iter()
                .map(|line| format!("\n{}", self.with_times(line)))
                .collect()
        };
        if self.begins_by_rule(&rules) {
            text.push_str(&lines(&rules));
        } else {
            let fewer: Vec<String> = rules.iter().filter_map(|line| one_fewer(line)).collect();
            text.push_str(&lines(&fewer.iter().collect::<Vec<_>>()));
            text = format!("{text}\n{}", self.at_first("RDATE"));
        }
        text.push_str(&lines(&others));
        text.parse().ok()
    }

    /// The start, named by a property.
    fn at_first(&self, property: &str) -> String {
        match self.zone.as_str() {
            "UTC" => format!("{property}:{}Z", self.first),
            zone => format!("{property};TZID={zone}:{}", self.first),
        }
    }

    /// Whether a rule names the start. One without days of its own takes them from the start.
    fn begins_by_rule(&self, rules: &[&String]) -> bool {
        rules.iter().any(|rule| {
            if !rule.contains("BY") {
                return true;
            }
            let alone = format!("{}\n{}", self.at_first("DTSTART"), self.with_times(rule));
            let first = |rules: RRuleSet| rules.all(1).dates.first().map(chrono::DateTime::naive_local);
            let start = chrono::NaiveDateTime::parse_from_str(&self.first, "%Y%m%dT%H%M%S").ok();
            // What nobody can read is refused elsewhere.
            alone
                .parse::<RRuleSet>()
                .map_or(true, |rules| start.is_some() && first(rules) == start)
        })
    }

    /// All-day rules name dates; the expansion knows only instants, so dates become midnights in UTC. A timed rule
    /// may still end with a bare date, although `UNTIL` ought to be of the same kind as the start
    /// (<https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10>). The service takes it: the rule runs through the end of that
    /// day on its own clock, as the last date that people choose in the calendar's window does.
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
            Some(until) if until.len() == 8 => format!("UNTIL={}", self.end_of(until)),
            _ => part.to_owned(),
        });
        format!("{name}:{}", parts.collect::<Vec<_>>().join(";"))
    }

    /// The last second of a date in the rule's zone, in UTC.
    fn end_of(&self, date: &str) -> String {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        let last = Date::strptime("%Y%m%d", date).and_then(|date| date.tomorrow()?.to_zoned(zone));
        last.map_or_else(
            |_| format!("{date}T235959Z"),
            |next| {
                let last = next.timestamp() - SignedDuration::from_secs(1);
                last.strftime("%Y%m%dT%H%M%SZ").to_string()
            },
        )
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
    fn a_timed_series_until_a_date_has_that_whole_day_of_its_own_zone() {
        let evenings = |zone: &str, until: &str| Schedule {
            first: "20261019T200000".to_owned(),
            zone: zone.to_owned(),
            lines: vec![format!("RRULE:FREQ=DAILY;UNTIL={until}")],
            all_day: false,
        };
        // Eight in the evening of the 21st is the 22nd already in London.
        let west = evenings("America/New_York", "20261021").starts(None, None, 10);
        assert_eq!(west.last(), Some(&at("2026-10-22T00:00:00Z")));
        assert_eq!(west.len(), 3);
        // The morning of the 22nd in Sydney is still the 21st there.
        let mornings = Schedule {
            first: "20261019T070000".to_owned(),
            ..evenings("Australia/Sydney", "20261021")
        };
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
