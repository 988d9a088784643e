// Zoom's own SDK against the simulator: it must be satisfied by every answer.
//
// Run with `node --test`, the simulator's address in SIMULATOR.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MeetingsEndpoints } from "@zoom/rivet/meetings";
import { UsersEndpoints } from "@zoom/rivet/users";
import { begin, inDays } from "./control.mjs";

const base = process.env.SIMULATOR;
let meetings;
let users;

beforeEach(async () => {
  const token = await begin(base);
  const options = { auth: { getToken: async () => token }, baseUrl: `${base}/zoom/v2` };
  meetings = new MeetingsEndpoints(options).meetings;
  users = new UsersEndpoints(options).users;
});

const create = (body) => meetings.createMeeting({ path: { userId: "me" }, body });
const get = async (meetingId, query = {}) => (await meetings.getMeeting({ path: { meetingId }, query })).data;

test("a meeting is created, read, changed and deleted", async () => {
  const made = await create({ topic: "Planning", type: 2, start_time: inDays(3, 9), duration: 45, timezone: "Europe/Berlin" });
  assert.equal(made.statusCode, 201);
  const path = { meetingId: made.data.id };
  assert.equal((await get(made.data.id)).topic, "Planning");
  const changed = await meetings.updateMeeting({ path, body: { topic: "Planning II", start_time: inDays(4, 10) } });
  assert.equal(changed.statusCode, 204);
  const read = await get(made.data.id);
  assert.deepEqual([read.topic, read.start_time, read.duration], ["Planning II", inDays(4, 10), 45]);
  const gone = await meetings.deleteMeeting({ path, query: { schedule_for_reminder: false, cancel_meeting_reminder: false } });
  assert.equal(gone.statusCode, 204);
  await assert.rejects(get(made.data.id), /3001/);
});

test("a start in the past is ignored, and the answer is 204 all the same", async () => {
  const { data } = await create({ topic: "Now or never", type: 2, start_time: inDays(3, 9), duration: 30 });
  const answer = await meetings.updateMeeting({ path: { meetingId: data.id }, body: { start_time: inDays(-3, 9) } });
  assert.equal(answer.statusCode, 204);
  assert.equal((await get(data.id)).start_time, inDays(3, 9));
});

test("one occurrence is moved and another called off, alone", async () => {
  const recurrence = { type: 1, repeat_interval: 1, end_times: 4 };
  const { data } = await create({ topic: "Daily", type: 8, start_time: inDays(3, 9), timezone: "UTC", duration: 15, recurrence });
  const ids = data.occurrences.map((occurrence) => occurrence.occurrence_id);
  assert.equal(ids[0], String(Date.parse(inDays(3, 9))));
  const path = { meetingId: data.id };
  await meetings.updateMeeting({ path, query: { occurrence_id: ids[1] }, body: { start_time: inDays(4, 12), duration: 20 } });
  await meetings.deleteMeeting({ path, query: { occurrence_id: ids[2] } });
  const read = (await get(data.id)).occurrences;
  assert.deepEqual(read.map((occurrence) => occurrence.status), ["available", "available", "deleted", "available"]);
  assert.deepEqual(read.map((occurrence) => occurrence.start_time)[1], inDays(4, 12));
  assert.equal(read[0].start_time, inDays(3, 9));
});

test("a deleted meeting is recovered out of the trash", async () => {
  const { data } = await create({ topic: "Back again", type: 2, start_time: inDays(3, 9), duration: 30 });
  const path = { meetingId: data.id };
  await meetings.deleteMeeting({ path });
  const back = await meetings.updateMeetingStatus({ path, body: { action: "recover" } });
  assert.equal(back.statusCode, 204);
  assert.equal((await get(data.id)).topic, "Back again");
});

test("lists end after their last page", async () => {
  const seen = [];
  let next_page_token;
  do {
    const query = { page_size: 3, type: "scheduled", ...(next_page_token && { next_page_token }) };
    const { data } = await meetings.listMeetings({ path: { userId: "me" }, query });
    seen.push(...data.meetings.map((meeting) => meeting.id));
    next_page_token = data.next_page_token;
  } while (next_page_token);
  assert.equal(new Set(seen).size, seen.length);
  assert.equal(seen.length, 10);
});

test("a topic that is too long is refused by field", async () => {
  await assert.rejects(create({ topic: "x".repeat(201), type: 2, duration: 30 }), /300/);
});

test("the user reads their own profile", async () => {
  const { data } = await users.getUser({ path: { userId: "me" } });
  assert.equal(data.email, "ana@example.test");
  assert.equal(typeof data.pmi, "number");
});
