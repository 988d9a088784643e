//! The two series that "this and following" makes of one, and that keep one meeting.

use jiff::Timestamp;

use crate::event::{Event, Kind, Schedule, Times};

/// The id without what Google adds to the second half of a series that was split: `{id}_R{time}`, as seen in public
/// captures (<https://github.com/odoo/odoo/issues/287171>). Both halves keep the meeting.
pub fn base(google_id: &str) -> &str {
    let is_time = |tail: &str| {
        (tail.len() == 8 || tail.len() == 15 || tail.len() == 16)
            && tail
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'T' || byte == b'Z')
    };
    match google_id.rsplit_once("_R") {
        Some((base, tail)) if is_time(tail) => base,
        _ => google_id,
    }
}

/// One schedule of several that halves of one series want; `None` when they contradict each other. A half that is over
/// wants nothing any more, but that its dates which have left the meeting stay as they are; and only one that is `seen`
/// speaks of more than its dates.
pub(super) fn halves_joined(schedules: Vec<(bool, Schedule)>, now: Timestamp) -> Option<Schedule> {
    let (over, ahead): (Vec<_>, Vec<_>) = schedules
        .into_iter()
        .partition(|(_, schedule)| schedule.is_over(now));
    let (over, mut ahead) = if ahead.is_empty() {
        (ahead, over)
    } else {
        (over, ahead)
    };
    ahead.sort_by_key(|(seen, schedule)| {
        let start = match &schedule.times {
            Times::Series(series) => series.dates.first().map(|date| date.start),
            Times::Once { start, .. } => Some(*start),
        };
        (*seen, start)
    });
    let titles: Vec<(Timestamp, String)> = ahead.iter().flat_map(|(_, half)| titled(half)).collect();
    let mut rest = ahead.into_iter().map(|(_, schedule)| schedule);
    let mut joined = rest.next()?;
    for other in rest {
        let (Times::Series(series), Times::Series(more)) = (&mut joined.times, other.times) else {
            return None;
        };
        *series = series.clone().with(more, now);
        // The later half is what the person made of it last.
        (joined.topic, joined.zone) = (other.topic, other.zone);
    }
    if let Times::Series(series) = &mut joined.times {
        // A provider keeps one title for all dates.
        let other = |(date, title): &(Timestamp, String)| {
            *title != joined.topic && series.titles.iter().all(|(named, _)| named != date)
        };
        let others: Vec<_> = titles.into_iter().filter(other).collect();
        series.titles.extend(others);
    }
    for (_, half) in over {
        if let (Times::Series(series), Times::Series(left)) = (&mut joined.times, half.times) {
            series.leave(left.apart);
        }
    }
    Some(joined)
}

/// The dates of a half, by their original start, with its title; none of one that asks for no title.
fn titled(half: &Schedule) -> Vec<(Timestamp, String)> {
    match &half.times {
        Times::Series(series) if !half.topic.is_empty() => {
            let dates = series.dates.iter();
            dates.map(|date| (date.original, half.topic.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the proof that a meeting was made for `other` holds for `event` as well: it is the same event, moved to another of
/// the person's calendars, or another half of the same series. A mere copy has an id of its own.
pub fn inherits(event: &Event, other: &Event) -> bool {
    let halves = [event, other]
        .iter()
        .all(|half| matches!(half.kind, Kind::Series { .. }));
    event.organized_here
        && other.organized_here
        && (event.google_id == other.google_id
            || (halves && base(&event.google_id) == base(&other.google_id)))
}
