//! What must be bonded: where the event says for whom its meeting was made, where both agree, and where the person said so.

use jiff::Timestamp;

use crate::ledger::{Ledger, Machine};
use crate::run::Run;
use crate::settle::{Seen, Wrong, owned};
use crate::truth::{Key, Row};

impl Run {
    /// Whether a machine must know by `until` that a meeting was made for an event: the event says so; or the meeting never had
    /// to do with another one, and was seen to follow it or is to follow it by the person's word.
    pub(crate) fn is_bonded(
        &self,
        ledger: &Ledger,
        machine: Machine,
        number: u64,
        (key, row): (&Key, &Row),
        until: Timestamp,
    ) -> bool {
        row.names_itself
            || (ledger.truth.is_alone_in(number, key)
                && (self.followed(ledger, (machine, &key.0), number, row, until)
                    || ledger.is_said_to_follow((machine, &key.0), number, row, until)))
    }

    /// A meeting that agrees with the one event that leads to it, and always did, counts as made for it.
    pub(crate) fn bonded_where_they_agree(
        &self,
        Seen {
            machine,
            status,
            views,
        }: Seen<'_>,
        wrong: &mut Wrong,
    ) {
        let ledger = self.around.ledger.lock().unwrap();
        let now = self.now();
        for (key, row) in &ledger.truth.rows {
            let (Some(number), Some(wanted)) = (row.meeting, &row.wanted) else {
                continue;
            };
            let (calendar, id) = key;
            let plain = row.living && row.single && row.organized && !row.names_an_origin();
            // On one machine the person may have said so: what that writes, another finds in step and no word for it.
            let said = ledger.word.bonded.keys().any(|(_, bonded)| *bonded == number);
            let untouched = row.edited <= row.linked_since && !ledger.drifted.contains_key(&number) && !said;
            let expected = plain && untouched && wanted.start > now && ledger.truth.is_alone_in(number, key);
            if !(expected && owned(&ledger, status, calendar))
                || ledger.is_left_alone(machine, number)
                || ledger.word.unbonded.contains_key(&(machine, number))
                || self.webinar(views, number)
            {
                continue;
            }
            let agrees = self.ours(number).is_some_and(|meeting| {
                let topic = wanted.cut_topic();
                meeting.kind == 2
                    && !topic.is_empty()
                    && meeting.topic.trim() == topic
                    && meeting.start == Some(wanted.start)
            });
            let mut shown = views
                .iter()
                .filter(|view| crate::settle::number(view) == Some(number));
            if agrees && !shown.clone().any(|view| view.bonded) {
                let shown = shown.next().map(|view| (view.state, &view.reason));
                let how =
                    format!("{number} agrees with {id} on {calendar} and does not follow it: {shown:?}");
                wrong.push(("P2", how));
            }
        }
    }

    /// Whether a machine was seen to keep a meeting in step with an event, before `until`.
    pub(crate) fn followed(
        &self,
        ledger: &Ledger,
        (machine, calendar): (Machine, &str),
        number: u64,
        row: &Row,
        until: Timestamp,
    ) -> bool {
        let Some(ticked) = ledger.ticked.get(&(machine, calendar.to_owned())) else {
            return false;
        };
        let from = (*ticked).max(row.linked_since);
        let mut seen = self.seen_in_step.get(&(machine, number)).into_iter().flatten();
        seen.any(|at| *at >= from && *at <= until)
    }
}
