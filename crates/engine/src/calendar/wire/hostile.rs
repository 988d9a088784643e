//! Rows with anything wrong in them: none makes Reconvene panic, none is lost, and none hides another.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::spoiled::spoiled;

/// An event with every field that is asked for.
fn series() -> Value {
    json!({
        "id": "ev1", "etag": "\"1\"", "status": "confirmed", "summary": "Review", "location": "Room 4",
        "description": "#zoom <a href=\"https://zoom.us/j/81234567890?pwd=x\">here</a>",
        "start": {"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-12-01T11:00:00+01:00", "timeZone": "Europe/Berlin"},
        "endTimeUnspecified": false, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=20", "EXDATE:20261208T090000Z"],
        "organizer": {"self": true}, "visibility": "default", "locked": false,
        "hangoutLink": "https://meet.google.com/abc-defg-hij",
        "conferenceData": {
            "conferenceId": "81234567890",
            "conferenceSolution": {"key": {"type": "addOn"}, "name": "Zoom Meeting"},
            "entryPoints": [{"entryPointType": "video", "uri": "https://us05web.zoom.us/j/81234567890?pwd=A.1"}],
            "parameters": {"addOnParameters": {"parameters": {"realMeetingId": "81234567890", "originalEventId": "ev1"}}},
        },
        "extendedProperties": {"private": {"reconvene-provider": "zoom", "reconvene-event": "ev1"}},
    })
}

/// One date of a series.
fn date() -> Value {
    let mut row = series();
    let more = json!({
        "recurringEventId": "s1", "originalStartTime": {"dateTime": "2026-12-01T09:00:00Z", "timeZone": "Europe/Berlin"},
    });
    let row_fields = row.as_object_mut().unwrap();
    row_fields.remove("recurrence");
    row_fields.extend(more.as_object().unwrap().clone());
    row
}

fn a_row(kept: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![spoiled(&series(), kept), spoiled(&date(), kept)]
}

/// A page on which `row` stands between two others.
fn page(row: &str) -> Listing {
    let page = format!(
        r#"{{"items":[{{"id":"before","status":"cancelled"}},{row},{{"id":"after","status":"cancelled"}}],"nextSyncToken":"t"}}"#
    );
    serde_json::from_slice(page.as_bytes()).unwrap()
}

/// The ids of the rows that were understood, and of those that were not.
fn ids(listing: &Listing) -> Vec<String> {
    let (observations, odd) = listing.rows();
    let known = observations.iter().map(|row| row.google_id().to_owned());
    known.chain(odd.into_iter().map(|odd| odd.google_id)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn p10_a_row_with_anything_wrong_in_it_is_understood_or_named(row in a_row(&["/id"])) {
        let mut ids = ids(&page(&row));
        ids.sort();
        prop_assert_eq!(ids, ["after", "before", "ev1"]);
    }

    #[test]
    fn p10_a_row_that_cannot_even_be_named_hides_no_other(row in a_row(&[])) {
        let ids = ids(&page(&row));
        prop_assert!(ids.len() <= 3);
        prop_assert!(["before", "after"].iter().all(|other| ids.iter().any(|id| id == other)), "{ids:?}");
    }

    #[test]
    fn whatever_was_understood_of_a_row_can_be_worked_with(row in a_row(&["/id", "/status"])) {
        let listing = page(&row);
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for observation in listing.rows().0 {
            if let Observation::Present(event) = observation {
                let _ = event.schedule(&[], now).map(|wanted| wanted.map(|wanted| wanted.is_over(now)));
                let _ = (event.start.instant("Pacific/Apia"), event.end.instant("Mars/Olympus"));
            }
        }
        prop_assert!(listing.asking("#zoom").iter().all(|event| event.google_id == "ev1"));
    }

    #[test]
    fn p10_an_odd_calendar_hides_no_other(entry in spoiled(&json!({
        "id": "odd", "summary": "Team", "summaryOverride": "Mine", "timeZone": "Europe/Berlin", "accessRole": "owner",
        "primary": true, "deleted": false,
    }), &[])) {
        let list = format!(r#"{{"items":[{{"id":"before"}},{entry},{{"id":"after","deleted":true}}],"nextSyncToken":"t"}}"#);
        let list: CalendarList = serde_json::from_slice(list.as_bytes()).unwrap();
        let entries: Vec<Entry> = list.entries().collect();
        prop_assert!(matches!(entries.first(), Some(Entry::There(listed)) if listed.google_id == "before"));
        prop_assert!(matches!(entries.last(), Some(Entry::Removed(id)) if id == "after"));
    }
}
