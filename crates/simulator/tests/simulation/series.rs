//! What people do to series.

use std::sync::Arc;

use jiff::civil::{DateTime, Weekday};
use jiff::{Timestamp, ToSpan, Zoned};
use reconvene_simulator::Hand;
use reconvene_simulator::google::{Event, EventTime};
use reconvene_simulator::hands::{Moment, NewConference, NewEvent};

use crate::dates::{Date, Half};
use crate::run::Run;
use crate::shared::ANA;
use crate::steps::{Deed, Rhythm};
use crate::truth::Key;

const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Jakarta",
    "Europe/Berlin",
];

impl Run {
    /// Does something to a series, if there is one that it can be done to.
    pub(crate) fn of_series(&mut self, deed: Deed) {
        match deed {
            Deed::Make { .. } => self.make_series(deed),
            Deed::Move { series, by_minutes } => {
                if let Some((key, event, start)) = self.some_series(series) {
                    let later = later(&start, by_minutes);
                    self.at(&key, |calendar, event| Hand::MoveEvent {
                        calendar,
                        event,
                        start: Moment::At(later.timestamp()),
                        end: None,
                    });
                    self.refit(&key, &event, &start, &later);
                }
            }
            Deed::Rename { series, dates_too } => {
                if let Some((key, event, _)) = self.some_series(series) {
                    let title = self.title(5);
                    let same = |row: &Arc<Event>| !row.is_cancelled() && row.summary() == event.summary();
                    let mut all: Vec<String> = self.changed_dates(&key, &event, |row| dates_too && same(row));
                    all.insert(0, key.1.clone());
                    for event in all {
                        self.hand(Hand::RenameEvent {
                            calendar: key.0.clone(),
                            event,
                            title: title.clone(),
                        });
                    }
                }
            }
            Deed::Resize { series, minutes } => {
                if let Some((key, _, _)) = self.some_series(series) {
                    self.at(&key, |calendar, event| Hand::ResizeEvent {
                        calendar,
                        event,
                        minutes,
                    });
                }
            }
            Deed::ChangeRule { series, rhythm } => {
                if let Some((key, _, start)) = self.some_series(series) {
                    self.write_rule(&key, lines(rhythm, &start));
                }
            }
            Deed::EndEarly { series, date } => {
                if let Some((key, event, _)) = self.some_series(series)
                    && let Some(date) = self.some_date(&key, date)
                {
                    let end = date.original.strftime("%Y%m%dT%H%M%SZ").to_string();
                    self.write_rule(&key, ended(&event.recurrence, &end));
                }
            }
            Deed::Cancel { series } => {
                if let Some((key, _, _)) = self.some_series(series) {
                    self.at(&key, |calendar, event| Hand::CancelEvent { calendar, event });
                }
            }
            Deed::Undelete { series } => {
                let gone = |event: &Event| event.is_cancelled() && event.is_series();
                if let Some(key) = self.some_known(series, gone) {
                    self.at(&key, |calendar, event| Hand::UndeleteEvent { calendar, event });
                }
            }
            Deed::Split {
                series,
                date,
                by_minutes,
                renamed,
            } => self.split(series, date, by_minutes, renamed),
            Deed::TakeConferenceOff { series, dates_too } => {
                if let Some((key, event, _)) = self.some_series(series) {
                    let mut all = self.changed_dates(&key, &event, |row| dates_too && !row.is_cancelled());
                    all.insert(0, key.1.clone());
                    for event in all {
                        let calendar = key.0.clone();
                        self.hand(Hand::RemoveConference { calendar, event });
                    }
                }
            }
            Deed::AddConference { series } => {
                let without = |event: &Event| {
                    event.is_series() && !event.is_cancelled() && event.conference().is_none()
                };
                if let Some(key) = self.some_known(series, without) {
                    self.at(&key, |calendar, event| Hand::AddConference {
                        calendar,
                        event,
                        host: ANA.into(),
                    });
                }
            }
            Deed::Copy {
                series,
                calendar,
                weeks,
            } => {
                if let Some((key, _, start)) = self.some_series(series) {
                    let to = self.writable(calendar);
                    let start = later(&start, weeks as i32 * 7 * 1_440).timestamp();
                    let made = self.hand(Hand::CopyEvent {
                        calendar: key.0,
                        event: key.1,
                        to: Some(to.clone()),
                        start: Some(Moment::At(start)),
                    });
                    self.events.extend(made.map(|id| (to, id)));
                }
            }
            Deed::MakeSingle { series } => {
                if let Some((key, _, _)) = self.some_series(series) {
                    self.write_rule(&key, Vec::new());
                }
            }
            Deed::Repeat { event, rhythm } => {
                let single = |event: &Event| {
                    !event.is_series() && !event.is_cancelled() && event.recurring_event_id.is_none()
                };
                if let Some(key) = self.some_known(event, single)
                    && let Some(start) = self.found(&key).and_then(|event| local_start(&event))
                {
                    self.write_rule(&key, lines(rhythm, &start));
                }
            }
            of_date => self.of_date(of_date),
        }
    }

    /// Does something to one date.
    fn of_date(&mut self, deed: Deed) {
        let (Deed::MoveDate { series, date, .. }
        | Deed::LengthenDate { series, date, .. }
        | Deed::RenameDate { series, date }
        | Deed::CancelDate { series, date }
        | Deed::RestoreDate { series, date }
        | Deed::TakeConferenceOffDate { series, date }) = deed
        else {
            return;
        };
        let Some((key, master, _)) = self.some_series(series) else {
            return;
        };
        if let Deed::RestoreDate { .. } = deed {
            let cancelled = self.changed_dates(&key, &master, |row| row.is_cancelled());
            if !cancelled.is_empty() {
                let event = cancelled[date as usize % cancelled.len()].clone();
                self.hand(Hand::UndeleteEvent {
                    calendar: key.0,
                    event,
                });
            }
            return;
        }
        let Some(date) = self.some_date(&key, date) else {
            return;
        };
        let (calendar, event) = (key.0, master.occurrence_id(date.original));
        let hand = match deed {
            Deed::MoveDate { by_minutes, .. } => Hand::MoveEvent {
                calendar,
                event,
                start: Moment::At(date.start + jiff::SignedDuration::from_mins(by_minutes.into())),
                end: None,
            },
            Deed::LengthenDate { minutes, .. } => Hand::ResizeEvent {
                calendar,
                event,
                minutes,
            },
            Deed::RenameDate { .. } => {
                let title = self.title(6);
                Hand::RenameEvent {
                    calendar,
                    event,
                    title,
                }
            }
            Deed::TakeConferenceOffDate { .. } => Hand::RemoveConference { calendar, event },
            _ => Hand::CancelEvent { calendar, event },
        };
        self.hand(hand);
    }

    fn make_series(&mut self, deed: Deed) {
        let Deed::Make {
            calendar,
            rhythm,
            zone,
            in_days,
            at: (hour, minute),
            minutes,
            conference,
        } = deed
        else {
            return;
        };
        let place = if calendar < 12 {
            ANA.to_owned()
        } else {
            self.writable(calendar)
        };
        let zone = ZONES[zone as usize % ZONES.len()];
        let today = self.now().in_tz(zone).unwrap().date();
        let start = (today + i64::from(in_days).days())
            .at(hour, minute, 0, 0)
            .in_tz(zone)
            .unwrap();
        let title = self.title(4);
        let new = NewEvent {
            minutes,
            time_zone: Some(zone.to_owned()),
            recurrence: lines(rhythm, &start),
            conference: match conference {
                true => NewConference::ZoomAddOn(ANA.into()),
                false => NewConference::None,
            },
            ..NewEvent::new(&place, &title, Moment::At(start.timestamp()))
        };
        let made = self.hand(Hand::AddEvent(Box::new(new)));
        self.events.extend(made.map(|id| (place, id)));
    }

    fn split(&mut self, series: u32, date: u32, by_minutes: i32, renamed: bool) {
        let Some((key, _, start)) = self.some_series(series) else {
            return;
        };
        let Some(date) = self.some_date(&key, date) else {
            return;
        };
        let cut = date
            .original
            .in_tz(start.time_zone().iana_name().unwrap())
            .unwrap();
        let begins = later(&cut, by_minutes);
        let title = renamed.then(|| self.title(7));
        let made = self.hand(Hand::SplitSeries {
            calendar: key.0.clone(),
            event: key.1.clone(),
            at: Moment::At(cut.timestamp()),
            start: (by_minutes != 0).then(|| Moment::At(begins.timestamp())),
            title,
        });
        if let Some(id) = made {
            let rest = (key.0, id);
            self.events.push(rest.clone());
            if by_minutes != 0
                && let Some(second) = self.found(&rest)
            {
                // Its days are still those of the date that was cut at.
                self.refit(&rest, &second, &cut, &begins);
            }
        }
    }

    /// Names the days of the rule anew when the start moves to another day, as the calendar's window does.
    pub(crate) fn refit(&mut self, key: &Key, event: &Event, before: &Zoned, after: &Zoned) {
        let fitted = refitted(&event.recurrence, before, after);
        if fitted != event.recurrence {
            self.write_rule(key, fitted);
        }
    }

    fn write_rule(&mut self, key: &Key, lines: Vec<String>) {
        self.at(key, |calendar, event| Hand::ChangeRecurrence {
            calendar,
            event,
            lines,
        });
    }

    fn at(&mut self, key: &Key, deed: impl FnOnce(String, String) -> Hand) {
        self.hand(deed(key.0.clone(), key.1.clone()));
    }

    /// One of the events that `fits`.
    fn some_known(&self, number: u32, fits: impl Fn(&Event) -> bool) -> Option<Key> {
        let fitting: Vec<&Key> = (self.events.iter())
            .filter(|key| self.found(key).is_some_and(|event| fits(&event)))
            .collect();
        (!fitting.is_empty()).then(|| fitting[number as usize % fitting.len()].clone())
    }

    /// A living series, and when it begins on its own clock.
    fn some_series(&self, number: u32) -> Option<(Key, Arc<Event>, Zoned)> {
        let living = |event: &Event| event.is_series() && !event.is_cancelled() && !event.start.is_day();
        let key = self.some_known(number, living)?;
        let event = self.found(&key)?;
        let start = local_start(&event)?;
        Some((key, event, start))
    }

    /// One of the next dates of a series.
    fn some_date(&self, key: &Key, number: u32) -> Option<Date> {
        let now = self.now();
        let half = (self.around.simulator).with(|world| Half::of(world, key))?;
        let mut dates = half.ahead(now).0;
        dates.sort_unstable();
        dates.truncate(9);
        (!dates.is_empty()).then(|| dates[number as usize % dates.len()])
    }

    /// The ids of changed dates that `fit`.
    fn changed_dates(&self, key: &Key, master: &Event, fit: impl Fn(&Arc<Event>) -> bool) -> Vec<String> {
        let rows = (self.around.simulator).with(|world| world.exceptions(&key.0, master));
        rows.iter()
            .filter(|row| fit(row))
            .map(|row| row.id.clone())
            .collect()
    }
}

fn local_start(event: &Event) -> Option<Zoned> {
    match &event.start {
        EventTime::At { instant, zone } => instant.in_tz(zone).ok(),
        EventTime::Day { .. } => None,
    }
}

/// Later by so many minutes on the clock of its zone.
fn later(start: &Zoned, by_minutes: i32) -> Zoned {
    let clock = start.datetime() + i64::from(by_minutes).minutes();
    clock.to_zoned(start.time_zone().clone()).unwrap()
}

fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}

/// Which weekday of its month a day is: `2MO`, or `-1FR` for one in a fifth week.
fn place_in_month(day: DateTime) -> String {
    let week = (day.day() - 1) / 7 + 1;
    let week = if week == 5 { -1 } else { week };
    format!("{week}{}", day_name(day.weekday()))
}

/// The lines of a rule for a series that begins then.
fn lines(rhythm: Rhythm, start: &Zoned) -> Vec<String> {
    use Rhythm as R;
    let own = day_name(start.weekday());
    // Neither of them a Sunday, because weeks that begin on Monday and on Sunday differ there.
    let two = match start.weekday() {
        Weekday::Saturday | Weekday::Sunday => format!("{own},TU"),
        day => format!("{own},{}", day_name(day.wrapping_add(1))),
    };
    let zone = start.time_zone().iana_name().unwrap();
    let named = |after_days: i64| {
        let day = start.datetime() + after_days.days();
        format!(";TZID={zone}:{}", day.strftime("%Y%m%dT%H%M%S"))
    };
    let until = (start.datetime() + 60.days())
        .to_zoned(start.time_zone().clone())
        .unwrap();
    let until: Timestamp = until.timestamp();
    let rule = match rhythm {
        R::Days => "FREQ=DAILY;COUNT=10".to_owned(),
        R::EveryThirdDay => "FREQ=DAILY;INTERVAL=3;COUNT=60".to_owned(),
        R::DaysWithoutEnd => "FREQ=DAILY".to_owned(),
        R::Weekdays if !matches!(own, "SA" | "SU") => "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=30".to_owned(),
        R::Weekdays | R::Weeks => "FREQ=WEEKLY;COUNT=6".to_owned(),
        R::WeeksWithoutEnd => "FREQ=WEEKLY".to_owned(),
        R::WeeksUntil => format!("FREQ=WEEKLY;UNTIL={}", until.strftime("%Y%m%dT%H%M%SZ")),
        R::WeeksUntilDay => format!(
            "FREQ=WEEKLY;UNTIL={}",
            (start.date() + 42.days()).strftime("%Y%m%d")
        ),
        R::TwiceAWeek => format!("FREQ=WEEKLY;BYDAY={two};COUNT=12"),
        R::EveryOtherWeek => "FREQ=WEEKLY;INTERVAL=2;COUNT=8".to_owned(),
        R::TwiceEveryOtherWeek if own != "SU" && own != "SA" => {
            format!("FREQ=WEEKLY;INTERVAL=2;BYDAY={two};COUNT=10")
        }
        R::TwiceEveryOtherWeek => format!("FREQ=WEEKLY;INTERVAL=2;BYDAY={own};COUNT=10"),
        R::MonthsOnDay if start.day() <= 28 => format!("FREQ=MONTHLY;BYMONTHDAY={};COUNT=6", start.day()),
        R::MonthsOnDay | R::MonthsOnWeekday => {
            format!("FREQ=MONTHLY;BYDAY={};COUNT=6", place_in_month(start.datetime()))
        }
        R::DaysWithGaps => {
            let gaps = [named(2), named(5)].map(|day| format!("EXDATE{day}"));
            return ["RRULE:FREQ=DAILY;COUNT=12".to_owned()]
                .into_iter()
                .chain(gaps)
                .collect();
        }
        R::WeeksAndOneMore => {
            return vec![
                "RRULE:FREQ=WEEKLY;COUNT=5".to_owned(),
                format!("RDATE{}", named(10)),
            ];
        }
        R::Years => "FREQ=YEARLY;COUNT=3".to_owned(),
        R::TwoWeekdaysAMonth => {
            let week = (start.day() - 1) / 7 + 1;
            let other = if week >= 3 { 1 } else { 4 };
            format!(
                "FREQ=MONTHLY;BYDAY={},{other}{own};COUNT=8",
                place_in_month(start.datetime())
            )
        }
        R::LastDays => format!("FREQ=MONTHLY;BYMONTHDAY={},31;COUNT=8", start.day()),
        R::Dates => return vec![format!("RDATE{}", named(0)), format!("RDATE{}", named(3))],
    };
    vec![format!("RRULE:{rule}")]
}

/// The lines with another end.
fn ended(lines: &[String], until: &str) -> Vec<String> {
    let ended = |line: &String| match line.strip_prefix("RRULE:") {
        Some(rule) => {
            let parts = rule.split(';');
            let kept: Vec<&str> = parts
                .filter(|part| !part.starts_with("COUNT=") && !part.starts_with("UNTIL="))
                .collect();
            format!("RRULE:{};UNTIL={until}", kept.join(";"))
        }
        None => line.clone(),
    };
    lines.iter().map(ended).collect()
}

/// The lines of a series whose start moves to another day.
fn refitted(lines: &[String], before: &Zoned, after: &Zoned) -> Vec<String> {
    let shift = after.weekday().since(before.weekday());
    let days = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    let moved = |name: &str| {
        let day = days.into_iter().find(|day| day_name(*day) == name);
        day_name(day.unwrap_or(Weekday::Monday).wrapping_add(shift))
    };
    let part = |part: &str| match part.split_once('=') {
        Some(("BYMONTHDAY", days)) => match days.split_once(',') {
            Some((_, rest)) => format!("BYMONTHDAY={},{rest}", after.day()),
            None => format!("BYMONTHDAY={}", after.day()),
        },
        Some(("BYDAY", days)) if days.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            let own = place_in_month(after.datetime());
            match days.split_once(',') {
                Some((_, rest)) => format!("BYDAY={own},{rest}"),
                None => format!("BYDAY={own}"),
            }
        }
        Some(("BYDAY", all)) if all.starts_with(|c: char| c.is_ascii_uppercase()) => {
            let moved: Vec<&str> = all.split(',').map(moved).collect();
            format!("BYDAY={}", moved.join(","))
        }
        _ => part.to_owned(),
    };
    let line = |line: &String| match line.strip_prefix("RRULE:") {
        Some(rule) => {
            let parts: Vec<String> = rule.split(';').map(part).collect();
            format!("RRULE:{}", parts.join(";"))
        }
        None => line.clone(),
    };
    lines.iter().map(line).collect()
}
