//! Following rules from start to start, on the clock of the series' zone.
//!
//! A rule is followed period by period (day, week, month or year). Every day of a period is asked whether the rule
//! takes it; only starts that somebody wants become instants. Without a `COUNT` the periods before the wanted time are
//! jumped over, so that the age of a series costs nothing.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::Beyond;
use super::read::{End, Frequency, Named, Rule};

/// Days and starts looked at before a rule is given up: some centuries of days, some milliseconds of work.
const MOST_STEPS: u32 = 200_000;

/// How far apart a clock reading taken for UTC and the start that it names may be: the widest offset that zones have
/// (26 hours), and a gap of a whole day, such as Apia's in 2011. Periods are ordered by the calendar, starts by
/// instants; within this much they may disagree.
const SLACK: SignedDuration = SignedDuration::from_hours(52);

/// Where and when a series begins.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) start: Timestamp,
    /// The start on the clock of `zone`.
    pub(super) local: DateTime,
    pub(super) zone: TimeZone,
}

impl Frame {
    pub(super) fn new(start: Timestamp, zone: &str) -> Result<Self, Beyond> {
        let zone = TimeZone::get(zone).map_err(|_| Beyond::UnknownZone)?;
        let local = zone.to_datetime(start);
        Ok(Self { start, local, zone })
    }

    /// The instant at which the zone's clock shows `local`. A time that the clock leaps over moves forward by the leap;
    /// of a time that it shows twice the first is meant (RFC 5545 §3.3.5). The series' own start stays what it is.
    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        if local == self.local {
            return Some(self.start);
        }
        self.zone.to_timestamp(local).ok()
    }

    /// The instant of an added or left-out occurrence; a day means the series' time on that day.
    pub(super) fn occurrence(&self, named: Named) -> Option<Timestamp> {
        match named {
            Named::Instant(instant) => Some(instant),
            Named::Local(local) => self.instant(local),
            Named::Day(day) => self.instant(day.to_datetime(self.local.time())),
        }
    }

    /// The last instant of a rule that says until `named`: a day counts to its end.
    pub(super) fn last(&self, named: Named) -> Option<Timestamp> {
        match named {
            Named::Instant(instant) => Some(instant),
            Named::Local(local) => self.instant(local),
            Named::Day(day) => {
                let next = day.tomorrow().ok()?.to_zoned(self.zone.clone()).ok()?;
                next.timestamp().checked_sub(SignedDuration::from_secs(1)).ok()
            }
        }
    }
}

/// The starts that one rule gives, in order.
#[derive(Debug)]
pub(super) struct Expansion<'a> {
    rule: Rule,
    frame: &'a Frame,
    times: Vec<Time>,
    from: Timestamp,
    /// Days before this one hold nothing that is wanted.
    first_day: Date,
    until: Option<Timestamp>,
    /// The next period, counted in intervals from the one that holds the start.
    period: i64,
    counted: u32,
    steps: u32,
    ended: bool,
    /// Everything before this has been found.
    settled: Timestamp,
    pending: BTreeSet<Timestamp>,
}

impl<'a> Expansion<'a> {
    /// Follows `rule`. `begins`: the series' start is the first start of the rule, also where the rule would not give
    /// it (RFC 5545 §3.8.5.3); a rule that excludes begins nothing.
    pub(super) fn new(rule: &Rule, frame: &'a Frame, from: Timestamp, begins: bool) -> Result<Self, Beyond> {
        let times = rule.times(frame.local.time())?;
        let until = match rule.end {
            End::Until(named) => Some(frame.last(named).ok_or(Beyond::Unreadable)?),
            _ => None,
        };
        let day = TimeZone::UTC.to_datetime(earlier(from)).date();
        let mut expansion = Self {
            rule: with_days_of_start(rule, frame.local.date()),
            frame,
            times,
            from,
            first_day: day.yesterday().unwrap_or(Date::MIN),
            until,
            period: 0,
            counted: 0,
            steps: 0,
            ended: false,
            settled: Timestamp::MIN,
            pending: BTreeSet::new(),
        };
        if begins && !expansion.gives_start() {
            expansion.counted = 1;
            expansion.ended = rule.end == End::Count(1);
            if frame.start >= from && until.is_none_or(|until| frame.start <= until) {
                expansion.pending.insert(frame.start);
            }
        }
        if !matches!(rule.end, End::Count(_)) {
            expansion.period = expansion.period_before(expansion.first_day);
        }
        Ok(expansion)
    }

    /// The next start that is not before `from`.
    pub(super) fn next(&mut self) -> Result<Option<Timestamp>, Beyond> {
        loop {
            if let Some(first) = self.pending.first()
                && (self.ended || *first < self.settled)
            {
                return Ok(self.pending.pop_first());
            }
            if self.ended {
                return Ok(None);
            }
            self.follow()?;
        }
    }

    /// Looks at one more period.
    fn follow(&mut self) -> Result<(), Beyond> {
        let Some((first, last)) = self.days_of(self.period) else {
            self.ended = true;
            return Ok(());
        };
        let begins = TimeZone::UTC
            .to_timestamp(first.to_datetime(Time::midnight()))
            .unwrap_or(Timestamp::MAX);
        self.settled = earlier(begins);
        if self.until.is_some_and(|until| self.settled > until) {
            self.ended = true;
            return Ok(());
        }
        self.period += 1;
        self.step()?;
        if !self.rule.places.is_empty() {
            for local in self.selected(first, last)? {
                self.take(local)?;
            }
            return Ok(());
        }
        let mut day = Some(first);
        while let Some(date) = day.filter(|date| *date <= last && !self.ended) {
            self.step()?;
            if takes(&self.rule, date) {
                for at in 0..self.times.len() {
                    let Some(time) = self.times.get(at) else { break };
                    self.take(date.to_datetime(*time))?;
                }
            }
            day = self.after(date);
        }
        Ok(())
    }

    /// The next day worth a look: the rest of a month that the rule does not name is not.
    fn after(&self, date: Date) -> Option<Date> {
        let last = if in_month(&self.rule, date) {
            date
        } else {
            date.last_of_month()
        };
        last.tomorrow().ok()
    }

    fn step(&mut self) -> Result<(), Beyond> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            Err(Beyond::Endless)
        } else {
            Ok(())
        }
    }

    /// Counts a start that the rule gives, and keeps it if it is wanted.
    fn take(&mut self, local: DateTime) -> Result<(), Beyond> {
        self.step()?;
        if self.ended || local < self.frame.local {
            return Ok(());
        }
        self.counted = self.counted.saturating_add(1);
        self.ended = matches!(self.rule.end, End::Count(count) if self.counted >= count);
        if local.date() < self.first_day {
            return Ok(());
        }
        if let Some(instant) = self.frame.instant(local)
            && instant >= self.from.max(self.frame.start)
            && self.until.is_none_or(|until| instant <= until)
        {
            self.pending.insert(instant);
        }
        Ok(())
    }

    /// The starts of a period that `BYSETPOS` picks.
    fn selected(&mut self, first: Date, last: Date) -> Result<BTreeSet<DateTime>, Beyond> {
        let mut dates = Vec::new();
        let mut day = Some(first);
        while let Some(date) = day.filter(|date| *date <= last) {
            self.step()?;
            if takes(&self.rule, date) {
                dates.push(date);
            }
            day = self.after(date);
        }
        let each = self.times.len();
        let all = dates.len() * each;
        let picked = self.rule.places.iter().filter_map(|place| {
            let away = usize::from(place.unsigned_abs());
            let at = if *place > 0 {
                away - 1
            } else {
                all.checked_sub(away)?
            };
            Some(dates.get(at / each)?.to_datetime(*self.times.get(at % each)?))
        });
        Ok(picked.collect())
    }

    /// Whether the rule by itself gives the series' start.
    fn gives_start(&mut self) -> bool {
        let local = self.frame.local;
        if self.rule.places.is_empty() {
            return takes(&self.rule, local.date()) && self.times.contains(&local.time());
        }
        let first = self.days_of(0);
        first.is_some_and(|(first, last)| {
            self.selected(first, last)
                .is_ok_and(|picked| picked.contains(&local))
        })
    }

    /// First and last day of a period; `None` where calendars end.
    fn days_of(&self, period: i64) -> Option<(Date, Date)> {
        let start = self.frame.local.date();
        let ahead = period.checked_mul(self.rule.interval.into())?;
        match self.rule.frequency {
            Frequency::Daily => {
                let day = later(start, ahead)?;
                Some((day, day))
            }
            Frequency::Weekly => {
                let first = later(self.week_of_start(), ahead.checked_mul(7)?)?;
                Some((first, later(first, 6).unwrap_or(Date::MAX)))
            }
            Frequency::Monthly => {
                let month = month_number(start).checked_add(ahead)?;
                let year = i16::try_from(month.div_euclid(12)).ok()?;
                let first = Date::new(year, i8::try_from(month.rem_euclid(12)).ok()? + 1, 1).ok()?;
                Some((first, first.last_of_month()))
            }
            Frequency::Yearly => {
                let year = i64::from(start.year()).checked_add(ahead)?;
                let first = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
                Some((first, first.last_of_year()))
            }
        }
    }

    /// The last period that begins on or before `day`, none before the first.
    fn period_before(&self, day: Date) -> i64 {
        let start = self.frame.local.date();
        let ahead = match self.rule.frequency {
            Frequency::Daily => days_between(start, day),
            Frequency::Weekly => days_between(self.week_of_start(), day).div_euclid(7),
            Frequency::Monthly => month_number(day) - month_number(start),
            Frequency::Yearly => i64::from(day.year()) - i64::from(start.year()),
        };
        ahead.div_euclid(self.rule.interval.into()).max(0)
    }

    fn week_of_start(&self) -> Date {
        let start = self.frame.local.date();
        later(start, -i64::from(start.weekday().since(self.rule.week_start))).unwrap_or(start)
    }
}

/// The rule with what it leaves to the start's date (RFC 5545 §3.3.10: "information, not contained in the rule").
fn with_days_of_start(rule: &Rule, start: Date) -> Rule {
    let mut rule = rule.clone();
    if !rule.days.is_empty() || !rule.month_days.is_empty() || !rule.year_days.is_empty() {
        return rule;
    }
    let weekday = super::read::OnDay {
        place: None,
        day: start.weekday(),
    };
    match rule.frequency {
        Frequency::Daily => {}
        Frequency::Weekly => rule.days.push(weekday),
        Frequency::Yearly if !rule.weeks.is_empty() => rule.days.push(weekday),
        Frequency::Monthly => rule.month_days.push(start.day().into()),
        Frequency::Yearly => {
            rule.month_days.push(start.day().into());
            if rule.months.is_empty() {
                rule.months.push(start.month().into());
            }
        }
    }
    rule
}

/// Whether the rule takes that day of a period.
fn takes(rule: &Rule, date: Date) -> bool {
    let among = |list: &[i16], number: i16, of: i16| {
        list.is_empty()
            || list.binary_search(&number).is_ok()
            || list.binary_search(&(number - of - 1)).is_ok()
    };
    let (day, days) = (i16::from(date.day()), i16::from(date.days_in_month()));
    in_month(rule, date)
        && among(&rule.month_days, day, days)
        && (rule.year_days.is_empty() || among(&rule.year_days, date.day_of_year(), date.days_in_year()))
        && (rule.weeks.is_empty() || {
            let (week, weeks) = week_of_year(date, rule.week_start);
            among(&rule.weeks, week, weeks)
        })
        && (rule.days.is_empty() || takes_weekday(rule, date))
}

fn in_month(rule: &Rule, date: Date) -> bool {
    rule.months.is_empty() || rule.months.binary_search(&date.month().into()).is_ok()
}

fn takes_weekday(rule: &Rule, date: Date) -> bool {
    let weekday = date.weekday();
    rule.days.iter().filter(|on| on.day == weekday).any(|on| {
        let Some(place) = on.place else { return true };
        // Places count within the year only for a yearly rule without months (RFC 5545 §3.3.10).
        let (day, length) = if rule.frequency == Frequency::Yearly && rule.months.is_empty() {
            (date.day_of_year(), date.days_in_year())
        } else {
            (date.day().into(), date.days_in_month().into())
        };
        if place > 0 {
            (day - 1) / 7 + 1 == place
        } else {
            (length - day) / 7 + 1 == -place
        }
    })
}

/// The week of the year that holds `date`, and how many weeks that year has. The first week is the first with four
/// days or more in the year, weeks beginning on `week_start`.
fn week_of_year(date: Date, week_start: Weekday) -> (i16, i16) {
    // The middle of a week lies in the year that the week belongs to.
    let middle = later(date, 3 - i64::from(date.weekday().since(week_start))).unwrap_or(date);
    let week = (middle.day_of_year() - 1) / 7 + 1;
    let last = middle.days_in_year() - middle.day_of_year();
    (week, week + last / 7)
}

fn earlier(instant: Timestamp) -> Timestamp {
    instant.checked_sub(SLACK).unwrap_or(Timestamp::MIN)
}

fn later(date: Date, days: i64) -> Option<Date> {
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}

fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_of_the_year_are_those_of_iso_8601_and_its_like_from_other_days() {
        for date in jiff::civil::date(1999, 12, 20)
            .series(Span::new().days(1))
            .take(28 * 366)
        {
            let iso = date.iso_week_date();
            let weeks = if iso.in_long_year() { 53 } else { 52 };
            assert_eq!(
                week_of_year(date, Weekday::Monday),
                (iso.week().into(), weeks),
                "{date}"
            );
            for week_start in Weekday::Monday.cycle_forward().take(7) {
                let (week, weeks) = week_of_year(date, week_start);
                assert!((1..=weeks).contains(&week));
                // The fourth of January is in the first week, the twenty-eighth of December in the last.
                if (date.month(), date.day()) == (1, 4) {
                    assert_eq!(week, 1, "{date} {week_start:?}");
                }
                if (date.month(), date.day()) == (12, 28) {
                    assert_eq!(week, weeks, "{date} {week_start:?}");
                }
                let same = date.weekday() != week_start;
                let before = week_of_year(date.yesterday().unwrap(), week_start);
                assert_eq!(before == (week, weeks), same, "{date} {week_start:?}");
            }
        }
    }
}
