//! Events that name no length: their meeting keeps the one that it has.

use std::borrow::Cow;

use crate::event::{Schedule, Times};
use crate::meeting::Meeting;
use crate::series::Series;

/// What a meeting that is made for such an event lasts, in minutes: Zoom's own choice
/// (<https://developers.zoom.us/docs/api/meetings/#tag/meetings/post/users/{userId}/meetings>).
pub(crate) const USUAL: u32 = 60;

/// What is wanted of a meeting, where every length that the event leaves open is the meeting's own.
pub(crate) fn with_length<'a>(wanted: &'a Schedule, meeting: &Meeting) -> Cow<'a, Schedule> {
    let own = meeting.minutes.filter(|minutes| *minutes > 0).unwrap_or(USUAL);
    let times = match &wanted.times {
        Times::Once { start, minutes: 0 } => Times::Once {
            start: *start,
            minutes: own,
        },
        Times::Series(series) if leaves_open(series) => Times::Series(filled(series, meeting, own)),
        _ => return Cow::Borrowed(wanted),
    };
    Cow::Owned(Schedule {
        times,
        ..wanted.clone()
    })
}

fn leaves_open(series: &Series) -> bool {
    series.rules.iter().any(|rule| rule.minutes == 0) || series.dates.iter().any(|date| date.minutes == 0)
}

fn filled(series: &Series, meeting: &Meeting, own: u32) -> Series {
    let mut filled = series.clone();
    for rule in filled.rules.iter_mut().filter(|rule| rule.minutes == 0) {
        rule.minutes = own;
    }
    for date in filled.dates.iter_mut().filter(|date| date.minutes == 0) {
        let standing = || meeting.occurrences.iter();
        let stands = standing()
            .find(|other| other.original == date.original)
            .or_else(|| standing().find(|other| other.start == date.start));
        date.minutes = stands.map_or(own, |other| other.minutes);
    }
    filled
}
