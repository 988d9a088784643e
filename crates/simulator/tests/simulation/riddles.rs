//! Riddles: events that Google describes, for a while, in a way that nobody understands.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Response;
use jiff::SignedDuration;
use serde_json::Value;

use crate::run::Run;

impl Run {
    /// An event becomes a riddle, if it has a meeting of its own and all machines know it with that. One that nobody knew
    /// before concerns nobody until it changes again.
    pub(crate) fn pose_riddle(&mut self, event: u32, seconds: u32) {
        let Some(key) = self.some_event(event) else { return };
        let now = self.now();
        let mut ledger = self.around.ledger.lock().unwrap();
        let row = ledger.truth.rows.get(&key);
        let own = row.filter(|row| row.living && row.organized && row.names_itself);
        // What was over may have been let go of, and come back as a riddle.
        let mut ever = ledger.truth.history.get(&key).into_iter().flatten();
        let Some(since) = own
            .filter(|row| row.meeting.is_some_and(|number| self.ours(number).is_some()))
            .filter(|_| ever.all(|(_, wanted)| wanted.end() > now))
            .map(|row| row.linked_since)
        else {
            return;
        };
        let known = (0..self.disks.len()).all(|machine| {
            let place = (machine, key.0.clone());
            ledger.known.seen_between(&place, since, now)
        });
        if known {
            let until = now + SignedDuration::from_secs(i64::from(seconds));
            ledger.known.riddles.insert(key.clone(), until);
            drop(ledger);
            self.note(format!("    {} on {}", key.1, key.0));
        }
    }

    /// What a machine forgets must not come back to it as a riddle: it would concern nobody until it changes.
    pub(crate) fn explain_riddles(&mut self) {
        let now = self.now();
        self.around.ledger.lock().unwrap().known.explain_riddles(now);
    }
}

/// What stands in a row that was robbed of its sense.
pub(crate) const UNCLEAR: &str = "{\"dateTime\":7}";

/// Takes the sense off the rows that `puzzle`, in a list or by themselves. The ids of those, and of the others.
pub(crate) fn garble(
    answer: &mut Response<Bytes>,
    puzzles: impl Fn(&str) -> bool,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut odd, mut plain) = (BTreeSet::new(), BTreeSet::new());
    let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) else {
        return (odd, plain);
    };
    let rows = match body.get_mut("items").and_then(Value::as_array_mut) {
        Some(rows) => rows.iter_mut().collect(),
        None => vec![&mut body],
    };
    for row in rows {
        let Some(id) = row.get("id").and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        if puzzles(&id) {
            row["start"] = serde_json::from_str(UNCLEAR).unwrap();
            odd.insert(id);
        } else {
            plain.insert(id);
        }
    }
    if !odd.is_empty() {
        *answer.body_mut() = body.to_string().into();
    }
    (odd, plain)
}
