//! Reading `RRULE`, `EXRULE`, `RDATE` and `EXDATE` lines (RFC 5545 §3.3.10, §3.8.5; `EXRULE` is RFC 2445 §4.8.5.2).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use super::Beyond;

/// More starts than this in one day are not followed: a rule per minute is nobody's meeting.
const MOST_TIMES_A_DAY: usize = 24 * 60;

/// More rules than this are not followed; calendars write one.
const MOST_RULES: usize = 16;

/// All lines of a recurrence, understood.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) rules: Vec<Rule>,
    pub(super) excluding: Vec<Rule>,
    pub(super) added: Vec<Named>,
    pub(super) left_out: Vec<Named>,
}

/// A moment as a line writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// In UTC, or in a zone other than the series'.
    Instant(Timestamp),
    /// On the clock of the series' zone.
    Local(DateTime),
    /// A day of the series' zone, without a time.
    Day(Date),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Never,
    Count(u32),
    Until(Named),
}

/// A weekday of `BYDAY`, with its place in the month or year when it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnDay {
    pub(super) place: Option<i16>,
    pub(super) day: Weekday,
}

/// One `RRULE` or `EXRULE`. Lists are sorted and without duplicates; an empty one is a part that the rule does not have.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u32,
    pub(super) end: End,
    pub(super) week_start: Weekday,
    pub(super) months: Vec<i16>,
    pub(super) weeks: Vec<i16>,
    pub(super) year_days: Vec<i16>,
    pub(super) month_days: Vec<i16>,
    pub(super) days: Vec<OnDay>,
    pub(super) hours: Vec<i16>,
    pub(super) minutes: Vec<i16>,
    pub(super) seconds: Vec<i16>,
    pub(super) places: Vec<i16>,
}

impl Rule {
    /// The times of day at which it recurs, for a series that begins at `start`; never empty.
    pub(super) fn times(&self, start: Time) -> Result<Vec<Time>, Beyond> {
        let or_own = |given: &[i16], own: i8| -> Vec<i16> {
            if given.is_empty() {
                vec![own.into()]
            } else {
                given.to_vec()
            }
        };
        let hours = or_own(&self.hours, start.hour());
        let minutes = or_own(&self.minutes, start.minute());
        let seconds = or_own(&self.seconds, start.second());
        if hours.len() * minutes.len() * seconds.len() > MOST_TIMES_A_DAY {
            return Err(Beyond::WithinDay);
        }
        let small = |number: i16| i8::try_from(number).unwrap_or(0);
        let mut times = Vec::new();
        for hour in &hours {
            for minute in &minutes {
                for second in &seconds {
                    let time = Time::new(
                        small(*hour),
                        small(*minute),
                        small(*second),
                        start.subsec_nanosecond(),
                    );
                    times.push(time.map_err(|_| Beyond::Unreadable)?);
                }
            }
        }
        times.dedup();
        Ok(times)
    }
}

/// Reads all lines of a series that recurs in the zone of that name.
pub(super) fn read(lines: &[String], zone: &str) -> Result<Read, Beyond> {
    let mut read = Read {
        rules: Vec::new(),
        excluding: Vec::new(),
        added: Vec::new(),
        left_out: Vec::new(),
    };
    for line in lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
    {
        let (head, value) = split_head(line).ok_or(Beyond::Unreadable)?;
        let mut head = head.split(';').map(str::trim);
        let name = head.next().unwrap_or_default().to_ascii_uppercase();
        match name.as_str() {
            "RRULE" => read.rules.push(rule(value)?),
            "EXRULE" => read.excluding.push(rule(value)?),
            "RDATE" => moments(head, value, zone, &mut read.added)?,
            "EXDATE" => moments(head, value, zone, &mut read.left_out)?,
            _ if name.starts_with("X-") => {}
            _ => return Err(Beyond::Unreadable),
        }
    }
    if read.rules.len() + read.excluding.len() > MOST_RULES {
        return Err(Beyond::Endless);
    }
    Ok(read)
}

/// The property with its parameters, and the value; a colon within quotes belongs to a parameter.
fn split_head(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let colon = line.find(|letter| {
        quoted ^= letter == '"';
        letter == ':' && !quoted
    })?;
    let (head, value) = line.split_at_checked(colon)?;
    Some((head, value.strip_prefix(':')?))
}

fn moments<'a>(
    parameters: impl Iterator<Item = &'a str>,
    value: &str,
    zone: &str,
    into: &mut Vec<Named>,
) -> Result<(), Beyond> {
    let mut elsewhere = None;
    for parameter in parameters {
        let (name, given) = parameter.split_once('=').ok_or(Beyond::Unreadable)?;
        let given = given.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("TZID") && !given.eq_ignore_ascii_case(zone) {
            elsewhere = Some(TimeZone::get(given).map_err(|_| Beyond::UnknownZone)?);
        }
    }
    for one in value.split(',') {
        // A period's length matters to nobody here: an occurrence is known by its start.
        let start = one.split('/').next().unwrap_or_default();
        let named = match (moment(start)?, &elsewhere) {
            (Named::Local(local), Some(zone)) => {
                Named::Instant(zone.to_timestamp(local).map_err(|_| Beyond::Unreadable)?)
            }
            (named, _) => named,
        };
        into.push(named);
    }
    Ok(())
}

/// `YYYYMMDD`, `YYYYMMDDTHHMMSS` or `YYYYMMDDTHHMMSSZ`.
fn moment(text: &str) -> Result<Named, Beyond> {
    let text = text.trim().to_ascii_uppercase();
    let (rest, utc) = match text.strip_suffix('Z') {
        Some(rest) => (rest, true),
        None => (text.as_str(), false),
    };
    let (day, time) = match rest.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (rest, None),
    };
    let number = digits(day, 8)?;
    let date = Date::new(
        i16::try_from(number / 10_000).map_err(|_| Beyond::Unreadable)?,
        two_digits(number / 100),
        two_digits(number),
    )
    .map_err(|_| Beyond::Unreadable)?;
    let Some(time) = time else {
        return if utc {
            Err(Beyond::Unreadable)
        } else {
            Ok(Named::Day(date))
        };
    };
    let number = digits(time, 6)?;
    // Without leap seconds the sixtieth second is the fifty-ninth (RFC 5545 §3.3.12).
    let time = Time::new(
        two_digits(number / 10_000),
        two_digits(number / 100),
        two_digits(number).min(if number % 100 == 60 { 59 } else { 99 }),
        0,
    )
    .map_err(|_| Beyond::Unreadable)?;
    let local = DateTime::from_parts(date, time);
    if utc {
        let instant = TimeZone::UTC
            .to_timestamp(local)
            .map_err(|_| Beyond::Unreadable)?;
        return Ok(Named::Instant(instant));
    }
    Ok(Named::Local(local))
}

fn digits(text: &str, count: usize) -> Result<u32, Beyond> {
    if text.len() != count || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Beyond::Unreadable);
    }
    text.parse().map_err(|_| Beyond::Unreadable)
}

fn two_digits(number: u32) -> i8 {
    i8::try_from(number % 100).unwrap_or(i8::MAX)
}

fn rule(text: &str) -> Result<Rule, Beyond> {
    let text = text.to_ascii_uppercase();
    let mut frequency = None;
    let mut rule = Rule {
        frequency: Frequency::Daily,
        interval: 1,
        end: End::Never,
        week_start: Weekday::Monday,
        months: Vec::new(),
        weeks: Vec::new(),
        year_days: Vec::new(),
        month_days: Vec::new(),
        days: Vec::new(),
        hours: Vec::new(),
        minutes: Vec::new(),
        seconds: Vec::new(),
        places: Vec::new(),
    };
    let mut seen: Vec<&str> = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or(Beyond::Unreadable)?;
        let (name, value) = (name.trim(), value.trim());
        if name.starts_with("X-") {
            continue;
        }
        if seen.contains(&name) {
            return Err(Beyond::Unreadable);
        }
        seen.push(name);
        match name {
            "FREQ" => frequency = Some(frequency_of(value)?),
            "INTERVAL" => rule.interval = positive(value)?,
            "COUNT" | "UNTIL" if rule.end != End::Never => return Err(Beyond::Unreadable),
            "COUNT" => rule.end = End::Count(positive(value)?),
            "UNTIL" => rule.end = End::Until(moment(value)?),
            "WKST" => rule.week_start = weekday(value)?,
            "BYMONTH" => rule.months = numbers(value, 1, 12)?,
            "BYWEEKNO" => rule.weeks = signed(value, 53)?,
            "BYYEARDAY" => rule.year_days = signed(value, 366)?,
            "BYMONTHDAY" => rule.month_days = signed(value, 31)?,
            "BYDAY" => rule.days = on_days(value)?,
            "BYHOUR" => rule.hours = numbers(value, 0, 23)?,
            "BYMINUTE" => rule.minutes = numbers(value, 0, 59)?,
            "BYSECOND" => {
                rule.seconds = numbers(value, 0, 60)?
                    .into_iter()
                    .map(|second| second.min(59))
                    .collect();
                rule.seconds.dedup();
            }
            "BYSETPOS" => rule.places = signed(value, 366)?,
            _ => return Err(Beyond::Unreadable),
        }
    }
    rule.frequency = frequency.ok_or(Beyond::Unreadable)?;
    if is_allowed(&rule) {
        Ok(rule)
    } else {
        Err(Beyond::Unreadable)
    }
}

/// What RFC 5545 §3.3.10 forbids: places of weekdays, week numbers, days of the year and of the month with the wrong frequency.
fn is_allowed(rule: &Rule) -> bool {
    use Frequency::{Daily, Monthly, Weekly, Yearly};
    let placed = rule.days.iter().any(|on| on.place.is_some());
    let weeks = !rule.weeks.is_empty();
    match rule.frequency {
        Daily => !placed && !weeks && rule.year_days.is_empty(),
        Weekly => !placed && !weeks && rule.year_days.is_empty() && rule.month_days.is_empty(),
        Monthly => !weeks && rule.year_days.is_empty(),
        Yearly => !(placed && weeks),
    }
}

fn frequency_of(text: &str) -> Result<Frequency, Beyond> {
    match text {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        "HOURLY" | "MINUTELY" | "SECONDLY" => Err(Beyond::WithinDay),
        _ => Err(Beyond::Unreadable),
    }
}

fn positive(text: &str) -> Result<u32, Beyond> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Beyond::Unreadable),
    }
}

fn numbers(text: &str, least: i16, most: i16) -> Result<Vec<i16>, Beyond> {
    let mut numbers = Vec::new();
    for one in text.split(',') {
        let number: i16 = one.trim().parse().map_err(|_| Beyond::Unreadable)?;
        if number < least || number > most {
            return Err(Beyond::Unreadable);
        }
        numbers.push(number);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Numbers that count from the front or, negative, from the back; zero counts from nowhere.
fn signed(text: &str, most: i16) -> Result<Vec<i16>, Beyond> {
    let numbers = numbers(text, -most, most)?;
    if numbers.contains(&0) {
        return Err(Beyond::Unreadable);
    }
    Ok(numbers)
}

fn on_days(text: &str) -> Result<Vec<OnDay>, Beyond> {
    let mut days: Vec<OnDay> = Vec::new();
    for one in text.split(',').map(str::trim) {
        let split = one.len().checked_sub(2).and_then(|at| one.split_at_checked(at));
        let (place, day) = split.ok_or(Beyond::Unreadable)?;
        let place = match place.trim() {
            "" => None,
            place => signed(place, 53)?.first().copied(),
        };
        let on = OnDay {
            place,
            day: weekday(day)?,
        };
        if !days.contains(&on) {
            days.push(on);
        }
    }
    days.sort_by_key(|on| (on.place, on.day.to_monday_zero_offset()));
    Ok(days)
}

fn weekday(text: &str) -> Result<Weekday, Beyond> {
    match text {
        "MO" => Ok(Weekday::Monday),
        "TU" => Ok(Weekday::Tuesday),
        "WE" => Ok(Weekday::Wednesday),
        "TH" => Ok(Weekday::Thursday),
        "FR" => Ok(Weekday::Friday),
        "SA" => Ok(Weekday::Saturday),
        "SU" => Ok(Weekday::Sunday),
        _ => Err(Beyond::Unreadable),
    }
}
