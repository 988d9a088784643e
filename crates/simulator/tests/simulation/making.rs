//! Meetings that an engine makes, and what it writes on events. Each meeting that it makes holds a marker of its own in
//! its agenda: two with the same one are two meetings for one wish.

use std::sync::Arc;

use reconvene_simulator::google::Event;
use reconvene_simulator::zoom::Meeting;
use reconvene_simulator::{Entry, World};
use serde_json::{Map, Value};

use crate::ledger::{Arrival, Ledger};
use crate::truth::{Key, conference, number_in};

/// The word with which events of these histories ask for a meeting.
pub(crate) const WORD: &str = "#meet";

/// An event that a request writes on, as it was before.
pub(crate) struct OnEvent {
    pub(crate) key: Key,
    pub(crate) if_match: bool,
    pub(crate) before: Option<Arc<Event>>,
}

/// The marker in an agenda.
pub(crate) fn marker(agenda: &str) -> Option<&str> {
    let (_, rest) = agenda.split_once("Added by Reconvene (")?;
    Some(rest.split_once(')')?.0)
}

/// Whether an engine made it.
pub(crate) fn made_here(meeting: &Meeting) -> bool {
    marker(&meeting.agenda).is_some()
}

impl Ledger {
    /// Whether an engine made a meeting that no event has shown yet.
    pub(crate) fn is_unshown(&self, meeting: &Meeting) -> bool {
        made_here(meeting) && !self.truth.ever_pointed_at(meeting.id)
    }

    /// Whether an engine made a meeting that it has not written on any event. Nobody but the person can have put it on one.
    pub(crate) fn is_unoffered(&self, meeting: &Meeting) -> bool {
        made_here(meeting) && !self.offered.contains(&meeting.id)
    }

    /// A list of meetings was read: what it says of those that an engine made is known from then on.
    pub(crate) fn list_read(&mut self, world: &World, arrival: &Arrival<'_>) {
        for meeting in world.meetings().filter(|meeting| made_here(meeting)) {
            self.reads(arrival, meeting);
        }
    }

    /// A meeting is made.
    pub(crate) fn creation(&mut self, world: &World, arrival: &Arrival<'_>, entry: &Entry) {
        let text = |name: &str| entry.body.get(name).and_then(Value::as_str).unwrap_or_default();
        let looked = self.word.sheets.iter();
        let looked = looked.filter(|((machine, event), _)| {
            *machine == arrival.machine && (self.word.rule || self.word.wants.contains(event))
        });
        let looked = looked.map(|(_, at)| *at).max();
        self.heeds_preview(arrival, entry, looked);
        if entry.body.pointer("/settings/push_change_to_calendar") != Some(&Value::Bool(false)) {
            self.break_promise(
                "P9",
                "a meeting is made that Zoom puts into the calendar".to_owned(),
            );
        }
        let asked = self.truth.history.iter().any(|((_, id), history)| {
            let wanted = |topic: &str| history.iter().any(|(_, wanted)| wanted.cut_topic() == topic);
            self.is_wanted(id) && (wanted(text("topic")) || wanted(""))
        });
        if !asked {
            self.break_promise(
                "P5",
                format!("a meeting “{}” that nobody asked for", text("topic")),
            );
        }
        let Some(own) = marker(text("agenda")).filter(|_| entry.applied) else {
            if entry.applied {
                self.break_promise("P5", "a meeting is made without a marker".to_owned());
            }
            return;
        };
        // One that was given away before anybody knew of it is in no list of the person's.
        let host = world
            .zoom_users()
            .find(|user| Some(&user.email) == entry.who.as_ref());
        let same = |meeting: &&Meeting| {
            marker(&meeting.agenda) == Some(own)
                && meeting.trashed.is_none()
                && host.as_ref().is_some_and(|host| host.id == meeting.host_id)
        };
        let count = world.meetings().filter(same).count();
        if count > 1 {
            self.break_promise("P5", format!("{count} meetings “{}” for one wish", text("topic")));
        }
    }

    /// Whether somebody wants a meeting for an event.
    fn is_wanted(&self, event: &str) -> bool {
        let asks = || {
            let histories = self.truth.history.iter();
            let mut own = histories.filter(|((_, id), _)| id == event);
            own.any(|(_, history)| history.iter().any(|(_, wanted)| wanted.topic.contains(WORD)))
        };
        self.word.wants.contains(event) || (self.word.rule && asks())
    }

    /// Something is written to the calendar.
    pub(crate) fn calendar_write(&mut self, world: &World, arrival: &Arrival<'_>, entry: &Entry) {
        let what = format!("{} {}", entry.method, entry.path);
        let Some(on) = arrival.on_event.as_ref().filter(|_| entry.method == "PATCH") else {
            self.break_promise("P7", format!("a write to the calendar: {what}"));
            return;
        };
        let sheet = (arrival.machine, on.key.1.clone());
        self.heeds_preview(arrival, entry, self.word.sheets.get(&sheet).copied());
        if !on.if_match {
            self.break_promise("P7", format!("{what} without If-Match"));
        }
        if entry.param("sendUpdates") != Some("none") {
            self.break_promise("P9", format!("{what} without sendUpdates=none"));
        }
        if !self.is_wanted(&on.key.1) {
            self.break_promise("P7", format!("{what}, which nobody asked for"));
        }
        let (Some(before), Some(after)) = (&on.before, world.event(&on.key.0, &on.key.1)) else {
            return;
        };
        // Nobody else touched the event before the answer was here.
        let untouched = self.word.last_hand.is_none_or(|last| last < entry.at);
        if entry.applied && untouched {
            for (promise, how) in overwritten(world, before, &after) {
                self.break_promise(promise, format!("{what}: {how}"));
            }
        }
        if entry.applied {
            // Whatever became of the event before the answer was here.
            let written = entry
                .body
                .pointer("/extendedProperties/private/reconvene-meeting");
            let number: Option<u64> = written.and_then(|number| number.as_str()?.parse().ok());
            self.offered.extend(number);
            self.truth.look(world);
        }
    }
}

/// What a write on an event changed that it may not.
fn overwritten(world: &World, before: &Event, after: &Event) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let there = |number: u64| {
        world
            .meeting(number)
            .is_some_and(|meeting| meeting.trashed.is_none())
    };
    let (old, _) = conference(before);
    let (new, _) = conference(after);
    if let Some(old) = old.filter(|old| there(*old) && new != Some(*old)) {
        wrong.push((
            "P5",
            format!("{new:?} in the place of {old}, which is still there"),
        ));
    }
    let text = |event: &Event, name: &str| {
        let value = event.more.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    for name in ["location", "description"] {
        let (was, is) = (text(before, name), text(after, name));
        if was != is && !own_words(&is).starts_with(own_words(&was).trim_end()) {
            wrong.push(("P7", format!("{name} “{is}” written over “{was}”")));
        }
    }
    let (was, is) = (text(before, "location"), text(after, "location"));
    if was != is && !was.trim().is_empty() && number_in(&was).is_none() {
        wrong.push(("P7", format!("location “{is}” written over “{was}”")));
    }
    let rest = |event: &Event| -> Map<String, Value> {
        let mut more = event.more.clone();
        for name in ["location", "description", "conferenceData"] {
            more.remove(name);
        }
        if let Some(Value::Object(properties)) = more.get_mut("extendedProperties") {
            if let Some(Value::Object(private)) = properties.get_mut("private") {
                private.retain(|name, _| !name.starts_with("reconvene-"));
                if private.is_empty() {
                    properties.remove("private");
                }
            }
            if properties.is_empty() {
                more.remove("extendedProperties");
            }
        }
        more
    };
    let same_times = before.start == after.start
        && before.end == after.end
        && before.recurrence == after.recurrence
        && before.status == after.status
        && before.organizer == after.organizer;
    if rest(before) != rest(after) || !same_times {
        wrong.push(("P7", "something else on the event was changed".to_owned()));
    }
    let block_stays = before.conference() == after.conference()
        || (after.conference().is_none() && old.is_some_and(|old| !there(old)));
    if !block_stays {
        wrong.push(("P7", "the event's conference was changed".to_owned()));
    }
    wrong
}

/// A text without join links and what stands around those that an engine wrote.
fn own_words(text: &str) -> String {
    let words = text.split_inclusive(|letter: char| letter.is_whitespace() || letter == '>');
    let own = words
        .filter(|word| !word.contains("zoom.us/j/") && !word.starts_with('─') && !word.starts_with("<br>"));
    let text: String = own.collect();
    text.replace("Zoom meeting, added by Reconvene", "")
}
