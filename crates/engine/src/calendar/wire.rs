//! Google's JSON as it comes, and what Reconvene understands of it.
//!
//! <https://developers.google.com/workspace/calendar/api/v3/reference/events>. Booleans that equal their default are
//! omitted, enums grow, and a tombstone carries nothing but its id: every field is optional here.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use reconvene_core::conference::Block;
use reconvene_core::event::{Event as CoreEvent, Kind, Moment, Observation, Place};
use reconvene_core::recognition;
use reconvene_core::recurrence::Recurrence;
use reconvene_core::write_back;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Entry, Odd};
use crate::json::{lenient, nullable};
use crate::store::calendars::Listed;

/// The fields asked of an event.
pub(super) const EVENT_FIELDS: &str = "id,etag,status,summary,location,description,start,end,endTimeUnspecified,\
recurrence,recurringEventId,originalStartTime,organizer/self,visibility,locked,hangoutLink,conferenceData(conferenceId,\
conferenceSolution(key/type,name),entryPoints(entryPointType,uri),parameters),extendedProperties/private";

/// The fields asked of a page. Without naming the tokens they would silently not come.
pub(super) const PAGE_FIELDS: &str = "nextPageToken,nextSyncToken,timeZone,accessRole,items(id,etag,status,summary,\
location,description,start,end,endTimeUnspecified,recurrence,recurringEventId,originalStartTime,organizer/self,visibility,\
locked,hangoutLink,conferenceData(conferenceId,conferenceSolution(key/type,name),entryPoints(entryPointType,uri),parameters),\
extendedProperties/private)";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    #[serde(default, deserialize_with = "nullable")]
    items: Vec<Box<RawValue>>,
    pub(super) next_page_token: Option<String>,
    pub(super) next_sync_token: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) time_zone: String,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) access_role: String,
}

impl Listing {
    /// What the rows say, and which of them cannot be understood. One must not stop the others.
    pub(super) fn rows(&self) -> (Vec<Observation>, Vec<Odd>) {
        let (mut observations, mut all_odd) = (Vec::new(), Vec::new());
        for row in &self.items {
            match (understood(row, &self.access_role), odd(row, &self.access_role)) {
                (Some(observation), _) => observations.push(observation),
                (None, Some(odd)) => all_odd.push(odd),
                (None, None) => tracing::warn!("a row of a calendar has no id"),
            }
        }
        (observations, all_odd)
    }

    /// The events that ask for a meeting: by a word, or by a private property.
    pub(super) fn asking(&self, word: &str) -> Vec<CoreEvent> {
        let asks = |row: &RawValue| {
            let event = serde_json::from_str::<Event>(row.get()).ok()?;
            let ticked = event
                .extended_properties
                .private
                .contains_key(write_back::REQUEST);
            let description = event.description.as_deref().unwrap_or_default();
            // Wherever it is now, and whoever made its meeting: it had one.
            let had = write_back::Mark::of(&event.extended_properties.private);
            if had.is_some_and(|mark| mark.event == event.id) {
                return None;
            }
            if !ticked && !write_back::asks(word, &event.summary, description) {
                return None;
            }
            match event.observation()? {
                Observation::Present(event) => Some(*event),
                Observation::Gone { .. } => None,
            }
        };
        self.items.iter().filter_map(|row| asks(row)).collect()
    }
}

/// What a row says, if it can be understood by somebody with this role on the calendar.
pub(super) fn understood(row: &RawValue, access: &str) -> Option<Observation> {
    let event = serde_json::from_str::<Event>(row.get()).ok()?;
    match event.is_closed(access) {
        true => None,
        false => event.observation(),
    }
}

/// Which event a row is about that cannot be understood by somebody with this role. Little else of the row is looked at: there
/// may be no value for it.
pub(super) fn odd(row: &RawValue, access: &str) -> Option<Odd> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        #[serde(default, deserialize_with = "lenient")]
        id: String,
        #[serde(default, deserialize_with = "lenient")]
        recurring_event_id: String,
    }
    let closed = serde_json::from_str::<Event>(row.get()).is_ok_and(|event| event.is_closed(access));
    let row: Named = serde_json::from_str(row.get()).ok()?;
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    Some(Odd {
        google_id: text(row.id)?,
        series: text(row.recurring_event_id),
        closed,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(default, deserialize_with = "nullable")]
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    etag: String,
    #[serde(default, deserialize_with = "nullable")]
    status: String,
    #[serde(default, deserialize_with = "nullable")]
    summary: String,
    location: Option<String>,
    description: Option<String>,
    start: Option<EventTime>,
    end: Option<EventTime>,
    #[serde(default, deserialize_with = "nullable")]
    end_time_unspecified: bool,
    #[serde(default, deserialize_with = "nullable")]
    recurrence: Vec<String>,
    recurring_event_id: Option<String>,
    original_start_time: Option<EventTime>,
    organizer: Option<Organizer>,
    #[serde(default, deserialize_with = "nullable")]
    visibility: String,
    #[serde(default, deserialize_with = "nullable")]
    locked: bool,
    hangout_link: Option<String>,
    conference_data: Option<ConferenceData>,
    #[serde(default, deserialize_with = "nullable")]
    extended_properties: ExtendedProperties,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ExtendedProperties {
    #[serde(deserialize_with = "nullable")]
    private: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventTime {
    date: Option<String>,
    date_time: Option<String>,
    time_zone: Option<String>,
}

#[derive(Deserialize)]
struct Organizer {
    #[serde(default, rename = "self", deserialize_with = "nullable")]
    is_self: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConferenceData {
    #[serde(default, deserialize_with = "nullable")]
    conference_id: String,
    conference_solution: Option<Solution>,
    #[serde(default, deserialize_with = "nullable")]
    entry_points: Vec<EntryPoint>,
    #[serde(default, deserialize_with = "nullable")]
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Solution {
    key: Option<SolutionKey>,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
}

#[derive(Deserialize)]
struct SolutionKey {
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryPoint {
    #[serde(default, deserialize_with = "nullable")]
    entry_point_type: String,
    #[serde(default, deserialize_with = "nullable")]
    uri: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    add_on_parameters: AddOnParameters,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AddOnParameters {
    #[serde(deserialize_with = "nullable")]
    parameters: BTreeMap<String, String>,
}

impl EventTime {
    fn moment(self) -> Option<Moment> {
        match (self.date_time, self.date) {
            (Some(instant), _) => Some(Moment::At {
                instant: instant.parse().ok()?,
                zone: self.time_zone,
            }),
            (None, Some(day)) => day.parse().ok().map(Moment::Day),
            (None, None) => None,
        }
    }
}

impl ConferenceData {
    fn block(self) -> Block {
        let (solution, name) = match self.conference_solution {
            Some(Solution { key: Some(key), name }) => (key.kind, name),
            Some(Solution { key: None, name }) => ("addOn".to_owned(), name),
            None => Default::default(),
        };
        let video = self
            .entry_points
            .into_iter()
            .filter(|entry| entry.entry_point_type == "video");
        Block {
            id: self.conference_id,
            solution,
            name,
            video: video.map(|entry| entry.uri).collect(),
            parameters: self.parameters.add_on_parameters.parameters,
        }
    }
}

impl Event {
    /// Location and description as they are.
    pub(super) fn texts(&self) -> (String, String) {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        (text(&self.location), text(&self.description))
    }

    /// Whether it lives, and is shown without its details: a private event, to those who may not see such events
    /// (<https://developers.google.com/workspace/calendar/api/concepts/sharing>). That it names no conference then says nothing.
    fn is_closed(&self, access: &str) -> bool {
        let sees_all = matches!(access, "owner" | "writer" | "");
        let private = matches!(self.visibility.as_str(), "private" | "confidential");
        private && !sees_all && self.status != "cancelled"
    }

    /// What the row says. `None` for a row without an id, and for a living one without times, which says nothing that
    /// could be acted on.
    pub(super) fn observation(self) -> Option<Observation> {
        if self.id.is_empty() {
            return None;
        }
        let place = match (self.recurring_event_id, self.original_start_time) {
            // Which date it is does not hang on the zone, and no zone is kept with it.
            (Some(series), Some(original)) => EventTime {
                time_zone: None,
                ..original
            }
            .moment()
            .map(|original| Place { series, original }),
            (Some(series), None) => original_in(&self.id).map(|original| Place { series, original }),
            _ => None,
        };
        if self.status == "cancelled" {
            return Some(Observation::Gone {
                google_id: self.id,
                place,
            });
        }
        let kind = match place {
            Some(place) => Kind::Exception(place),
            None if self.recurrence.is_empty() => Kind::Single,
            None => Kind::Series {
                recurrence: Recurrence::new(self.recurrence),
            },
        };
        let block = self.conference_data.map(ConferenceData::block);
        let conference = recognition::conference(
            block.as_ref(),
            self.hangout_link.as_deref(),
            self.location.as_deref(),
            self.description.as_deref(),
        );
        let conference = write_back::marked(
            conference,
            write_back::Mark::of(&self.extended_properties.private),
        );
        let start = self.start?.moment()?;
        // The end names a zone too; only the start's matters, and only that one is kept.
        let end = EventTime {
            time_zone: None,
            ..self.end?
        };
        let end = match &start {
            // Such an end is there “for compatibility reasons”
            // (<https://developers.google.com/workspace/calendar/api/v3/reference/events#endTimeUnspecified>).
            Moment::At { instant, .. } if self.end_time_unspecified => Moment::At {
                instant: *instant,
                zone: None,
            },
            _ => end.moment()?,
        };
        Some(Observation::Present(Box::new(CoreEvent {
            start,
            end,
            google_id: self.id,
            etag: self.etag,
            title: self.summary,
            kind,
            // A locked copy is not the event itself: what it says may not be changed here, and it speaks for nobody.
            organized_here: !self.locked && self.organizer.is_some_and(|organizer| organizer.is_self),
            conference,
        })))
    }
}

/// The original start that the id of an occurrence ends with: `{series}_20261201T090000Z`, or `{series}_20261201` for an
/// all-day one. `None` for any other id.
pub(crate) fn original_in(google_id: &str) -> Option<Moment> {
    let (_, tail) = google_id.rsplit_once('_')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match tail.len() {
        8 if digits(tail) => Date::strptime("%Y%m%d", tail).ok().map(Moment::Day),
        16 => {
            let local = DateTime::strptime("%Y%m%dT%H%M%SZ", tail).ok()?;
            let instant = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
            Some(Moment::At { instant, zone: None })
        }
        _ => None,
    }
}

/// <https://developers.google.com/workspace/calendar/api/v3/reference/calendarList/list>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CalendarList {
    #[serde(default, deserialize_with = "nullable")]
    items: Vec<Box<RawValue>>,
    pub(super) next_page_token: Option<String>,
    pub(super) next_sync_token: Option<String>,
}

impl CalendarList {
    /// What the entries say. One that cannot be read is left out: it must not hide the others.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        let understood = |row: &RawValue| serde_json::from_str::<CalendarListEntry>(row.get()).ok()?.entry();
        self.items.iter().filter_map(move |row| understood(row))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CalendarListEntry {
    #[serde(default, deserialize_with = "nullable")]
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    summary: String,
    summary_override: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    time_zone: String,
    #[serde(default, deserialize_with = "nullable")]
    access_role: String,
    #[serde(default, deserialize_with = "nullable")]
    primary: bool,
    #[serde(default, deserialize_with = "nullable")]
    deleted: bool,
}

impl CalendarListEntry {
    /// What the entry says. A hidden calendar is there like any other; a removed one carries nothing but its id.
    pub(super) fn entry(self) -> Option<Entry> {
        if self.id.is_empty() {
            return None;
        }
        if self.deleted {
            return Some(Entry::Removed(self.id));
        }
        Some(Entry::There(Listed {
            name: self
                .summary_override
                .filter(|name| !name.is_empty())
                .unwrap_or(self.summary),
            google_id: self.id,
            zone: self.time_zone,
            access: self.access_role,
            main: self.primary,
        }))
    }
}

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod tests {
    use super::*;
    use reconvene_core::conference::Target;

    fn observe(json: &str) -> Option<Observation> {
        serde_json::from_str::<Event>(json).unwrap().observation()
    }

    #[test]
    fn a_tombstone_of_nothing_but_an_id_is_one() {
        let gone = observe(r#"{"kind":"calendar#event","id":"ev1","status":"cancelled"}"#).unwrap();
        assert_eq!(
            gone,
            Observation::Gone {
                google_id: "ev1".into(),
                place: None
            }
        );
    }

    #[test]
    fn a_row_without_conference_or_with_half_of_one_is_ordinary() {
        for conference in [
            "",
            r#","conferenceData":{}"#,
            r#","conferenceData":{"createRequest":{"status":{"statusCode":"failure"}}}"#,
        ] {
            let row = format!(
                r#"{{"id":"ev1","status":"confirmed","start":{{"dateTime":"2026-12-01T10:00:00+01:00"}},"end":{{"dateTime":"2026-12-01T11:00:00+01:00"}}{conference}}}"#
            );
            let Some(Observation::Present(event)) = observe(&row) else {
                panic!("{row}")
            };
            assert_eq!(event.conference, None);
            assert!(!event.organized_here, "omitted means false");
        }
    }

    #[test]
    fn p3_a_locked_copy_is_not_the_persons_own_event() {
        for (locked, ours) in [
            ("", true),
            (r#","locked":false"#, true),
            (r#","locked":true"#, false),
        ] {
            let row = format!(
                r#"{{"id":"ev1","status":"confirmed","organizer":{{"self":true}},"start":{{"date":"2026-12-01"}},"end":{{"date":"2026-12-02"}}{locked}}}"#
            );
            let Some(Observation::Present(event)) = observe(&row) else {
                panic!("{row}")
            };
            assert_eq!(event.organized_here, ours, "{locked}");
        }
    }

    #[test]
    fn p10_an_odd_row_never_stops_the_others() {
        let page = r#"{"items":[{"id":7},{"id":"odd","status":"confirmed","start":{"dateTime":"99999-01-01"},"end":null},
          {"id":"ev1","status":"cancelled","summary":null,"recurrence":null}],"nextSyncToken":"t","timeZone":null}"#;
        let listing: Listing = serde_json::from_str(page).unwrap();
        let gone = Observation::Gone {
            google_id: "ev1".into(),
            place: None,
        };
        let odd = Odd {
            google_id: "odd".into(),
            series: None,
            closed: false,
        };
        assert_eq!(listing.rows(), (vec![gone], vec![odd]));
    }

    #[test]
    fn the_zoom_add_on_block_yields_meeting_and_origin() {
        let row = r#"{"id":"ev1","etag":"\"1\"","status":"confirmed","summary":"Review","organizer":{"self":true},
          "start":{"dateTime":"2026-12-01T10:00:00+01:00","timeZone":"Europe/Berlin"},"end":{"dateTime":"2026-12-01T11:00:00+01:00"},
          "conferenceData":{"entryPoints":[{"entryPointType":"video","uri":"https://us05web.zoom.us/j/81234567890?pwd=A.1"}],
          "conferenceSolution":{"key":{"type":"addOn"},"name":"Zoom Meeting"},"conferenceId":"81234567890",
          "parameters":{"addOnParameters":{"parameters":{"realMeetingId":"81234567890","originalEventId":"ev1"}}}}}"#;
        let Some(Observation::Present(event)) = observe(row) else {
            panic!()
        };
        let conference = event.conference.unwrap();
        assert!(matches!(conference.target, Target::Meeting { number, .. } if number == "81234567890"));
        assert_eq!(conference.origin.as_deref(), Some("ev1"));
    }
}
