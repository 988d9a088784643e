"""Google's own Python client against the simulator: it must be satisfied by every answer."""

import datetime
import json
import sys
import unittest
import urllib.request

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

ANA = "ana@example.test"
HOLIDAYS = "en.german#holiday@group.v.calendar.google.com"
BASE = sys.argv.pop(1)


def control(path, body, method="POST"):
    """Asks the admin door."""
    request = urllib.request.Request(
        f"{BASE}/control/{path}",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def hand(do, **fields):
    """Does what a person would do in the calendar."""
    return control("hand", {"do": do, **fields})["id"]


def at(days, hour):
    """An instant some days from now."""
    day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def timed(days, hour, **more):
    """An event's body: one hour."""
    return {
        "start": {"dateTime": at(days, hour), "timeZone": "Europe/Berlin"},
        "end": {"dateTime": at(days, hour + 1), "timeZone": "Europe/Berlin"},
        **more,
    }


class GoogleClient(unittest.TestCase):
    def setUp(self):
        control("reset", {})
        control("scenario", {"name": "demo"})
        scopes = ["https://www.googleapis.com/auth/calendar"]
        token = control("token", {"service": "google", "user": ANA, "scopes": scopes})["access_token"]
        self.api = build(
            "calendar",
            "v3",
            credentials=Credentials(token),
            static_discovery=True,
            client_options={"api_endpoint": f"{BASE}/google/calendar/v3/"},
        )
        self.addCleanup(self.api.close)
        self.events = self.api.events()

    def refused(self, request, status, reason):
        with self.assertRaises(HttpError) as caught:
            request.execute()
        self.assertEqual(caught.exception.status_code, status, caught.exception.content)
        reasons = [detail["reason"] for detail in caught.exception.error_details]
        self.assertIn(reason, reasons)

    def pages(self, **query):
        """Every row and the sync token, by the client's own paging."""
        rows, pages = [], 0
        request = self.events.list(calendarId="primary", **query)
        while request is not None:
            answer = request.execute()
            rows += answer["items"]
            pages += 1
            request = self.events.list_next(request, answer)
        return rows, answer["nextSyncToken"], pages

    def test_pages_end_in_a_sync_token_and_the_token_gives_what_changed(self):
        rows, token, pages = self.pages(maxResults=3)
        self.assertGreater(pages, 3)
        self.assertEqual(len(rows), len({row["id"] for row in rows}))
        again, token, _ = self.pages(maxResults=3, syncToken=token)
        self.assertEqual(again, [])
        hand("rename_event", calendar=ANA, event="design00", title="Once")
        hand("rename_event", calendar=ANA, event="design00", title="Twice")
        hand("cancel_event", calendar=ANA, event="lunch000")
        changed, _, _ = self.pages(maxResults=3, syncToken=token)
        self.assertEqual({row["id"]: row["status"] for row in changed}, {"design00": "confirmed", "lunch000": "cancelled"})
        self.assertEqual([row.get("summary") for row in changed if row["id"] == "design00"], ["Twice"])

    def test_a_dead_sync_token_is_410_and_a_foreign_one_400(self):
        _, token, _ = self.pages()
        hand("expire_sync_tokens", calendar=ANA)
        self.refused(self.events.list(calendarId="primary", syncToken=token), 410, "fullSyncRequired")
        self.refused(self.events.list(calendarId="primary", syncToken="CPDAlvWDx70CEPDAlvWDx70CGAU="), 400, "invalid")

    def test_an_event_is_inserted_patched_with_its_etag_and_deleted_once(self):
        body = timed(20, 9, summary="New", conferenceData={
            "createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}
        })
        event = self.events.insert(calendarId="primary", body=body, conferenceDataVersion=1).execute()
        self.assertTrue(event["hangoutLink"].startswith("https://meet.google.com/"))
        patch = self.events.patch(calendarId="primary", eventId=event["id"], body={"location": "Here"}, sendUpdates="none")
        patch.headers["If-Match"] = event["etag"]
        changed = patch.execute()
        self.assertEqual((changed["location"], changed["summary"]), ("Here", "New"))
        stale = self.events.patch(calendarId="primary", eventId=event["id"], body={"location": "There"})
        stale.headers["If-Match"] = event["etag"]
        self.refused(stale, 412, "conditionNotMet")
        gone = self.events.delete(calendarId="primary", eventId=event["id"])
        self.assertFalse(gone.execute())
        self.refused(gone, 410, "deleted")

    def test_update_replaces_the_whole_event(self):
        event = self.events.insert(calendarId="primary", body=timed(20, 9, summary="Old", location="Here")).execute()
        event = self.events.update(calendarId="primary", eventId=event["id"], body=timed(20, 11, summary="New")).execute()
        self.assertNotIn("location", event)
        self.assertEqual(event["sequence"], 1)

    def test_a_third_party_conference_is_refused_and_an_existing_one_read(self):
        event = self.events.get(calendarId="primary", eventId="kickoff0").execute()
        block = event["conferenceData"]
        self.assertEqual(block["conferenceSolution"]["key"]["type"], "addOn")
        patch = self.events.patch(calendarId="primary", eventId="lunch000", body={"conferenceData": block}, conferenceDataVersion=1)
        self.refused(patch, 400, "invalid")
        cleared = self.events.patch(calendarId="primary", eventId="kickoff0", body={"conferenceData": None}, conferenceDataVersion=1)
        self.assertNotIn("conferenceData", cleared.execute())

    def test_a_moved_event_answers_cancelled_and_is_confirmed_on_the_other_calendar(self):
        team = "team@group.calendar.google.com"
        moved = self.events.move(calendarId="primary", eventId="kickoff0", destination=team).execute()
        self.assertEqual(moved["status"], "cancelled")
        there = self.events.get(calendarId=team, eventId="kickoff0").execute()
        self.assertEqual((there["status"], there["organizer"]["email"]), ("confirmed", team))

    def test_one_occurrence_is_read_moved_and_cancelled_alone(self):
        rows = self.events.instances(calendarId="primary", eventId="standup0").execute()["items"]
        self.assertEqual(len(rows), 10)
        second, third = rows[1], rows[2]
        patched = self.events.patch(calendarId="primary", eventId=second["id"], body={"summary": "Longer"}).execute()
        self.assertEqual(patched["recurringEventId"], "standup0")
        self.events.delete(calendarId="primary", eventId=third["id"]).execute()
        rows = self.events.instances(calendarId="primary", eventId="standup0").execute()["items"]
        self.assertEqual(len(rows), 9)
        self.assertEqual([row["summary"] for row in rows].count("Longer"), 1)

    def test_a_calendar_id_with_a_hash_is_reached(self):
        hand("create_calendar", owner=ANA, summary="Holidays", id=HOLIDAYS, time_zone=None)
        hand("add_event", calendar=HOLIDAYS, title="Unity Day", start="2027-10-03")
        rows = self.events.list(calendarId=HOLIDAYS).execute()["items"]
        self.assertEqual(rows[0]["start"], {"date": "2027-10-03"})
        listed = self.api.calendarList().list().execute()["items"]
        self.assertIn(HOLIDAYS, [row["id"] for row in listed])

    def test_every_field_of_an_answer_is_in_the_discovery_document(self):
        schemas = json.loads(read_discovery())["schemas"]
        for path, schema in [("events", "Events"), ("calendarList", "CalendarList")]:
            answer = self.events.list(calendarId="primary") if path == "events" else self.api.calendarList().list()
            check(answer.execute(), schemas[schema], schemas, schema)


def read_discovery():
    """The description that the client itself was built from."""
    from importlib.resources import files

    return (files("googleapiclient") / "discovery_cache/documents/calendar.v3.json").read_text()


def check(value, schema, schemas, where):
    """Compares a value with its schema: names and JSON types."""
    if "$ref" in schema:
        return check(value, schemas[schema["$ref"]], schemas, where)
    kinds = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list, "number": (int, float)}
    kind = kinds.get(schema.get("type"), object)
    assert isinstance(value, kind), f"{where} is {value!r}, not {schema['type']}"
    if schema.get("type") == "array":
        for item in value:
            check(item, schema["items"], schemas, f"{where}[]")
    elif schema.get("type") == "object":
        for key, inner in value.items():
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            assert known is not None, f"{where}.{key} is not in the discovery document"
            check(inner, known, schemas, f"{where}.{key}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv, warnings="ignore")
