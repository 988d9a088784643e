//! Series that live on without any date.

use jiff::Timestamp;

use super::{Decision, Linked, Settings, Subject, is_spoken_for};
use crate::event::{Schedule, Times};
use crate::series::Series;

/// The deletion of a meeting whose series lives on without any date, because the person cancelled the last ones or ended it,
/// while dates stand at the provider; `None` where time has brought the end, or something else still needs the meeting. No
/// provider says what is left of a series without its last date, so it goes as with a cancelled event (P3).
pub(super) fn spent(
    subject: &Subject<'_>,
    schedule: &Schedule,
    settings: &Settings,
    now: Timestamp,
) -> Option<Decision> {
    let Times::Series(series) = &schedule.times else {
        return None;
    };
    if !settings.carry.time || !stands(subject, series, now) {
        return None;
    }
    let living = subject.links.iter().filter(|link| link.gone.is_none());
    let mut speaking = living.filter(|link| !is_spoken_for(link.event, subject.links));
    if !speaking.all(|link| link.event.organized_here && link.proof.is_some() && ended(link).is_some()) {
        return None;
    }
    let known = |link: &Linked<'_>| link.gone.unwrap_or(link.learnt);
    let since = subject.links.iter().map(known).max()?;
    Some(Decision::Delete {
        not_before: since.checked_add(settings.delete_grace).unwrap_or(Timestamp::MAX),
    })
}

/// Whether a series that is cancelled was already without any date, while dates stand at the provider.
pub(super) fn was_spent(subject: &Subject<'_>, link: &Linked<'_>, now: Timestamp) -> bool {
    ended(link).is_some_and(|series| stands(subject, &series, now))
}

/// A series as it was when it was learnt that it has no date ahead; `None` when time has brought the end.
pub(super) fn ended(link: &Linked<'_>) -> Option<Series> {
    match link.schedule(link.learnt).ok().flatten()? {
        then if !then.is_over(link.learnt) => None,
        Schedule {
            times: Times::Series(series),
            ..
        } => Some(series),
        Schedule { .. } => None,
    }
}

/// Whether dates stand at the provider, and none of them is one that is left as it is. Such a one may have moved with its
/// series before, and bear its former name there.
fn stands(subject: &Subject<'_>, series: &Series, now: Timestamp) -> bool {
    let mut ahead = (subject.seen.iter())
        .flat_map(|seen| &seen.occurrences)
        .filter(|date| date.start > now)
        .peekable();
    ahead.peek().is_some()
        && !ahead.any(|date| series.apart.contains(&date.original) || series.apart.contains(&date.start))
}
