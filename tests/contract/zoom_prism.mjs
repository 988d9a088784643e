// Zoom's own description of its API between a client and the simulator: Prism compares both with it.
//
// Run with `node --test`, the simulator's address in SIMULATOR and the description's file in ZOOM_DESCRIPTION. A
// request that breaks the description comes back as 422, an answer that breaks it as 500 with the violations.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { begin, control, inDays } from "./control.mjs";

const base = process.env.SIMULATOR;
const prismCli = createRequire(import.meta.url).resolve("@stoplight/prism-cli/dist/index.js");
let prism;
let proxy;
let token;

before(async () => {
  const port = await freePort();
  proxy = `http://127.0.0.1:${port}`;
  const how = ["proxy", "-h", "127.0.0.1", "-p", String(port), "--errors", process.env.ZOOM_DESCRIPTION, `${base}/zoom/v2`];
  prism = spawn(process.execPath, [prismCli, ...how], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((ready, failed) => {
    let said = "";
    prism.stdout.on("data", (text) => {
      said += text;
      if (said.includes("Prism is listening")) ready();
    });
    prism.on("exit", (code) => failed(new Error(`prism ended with ${code}: ${said}`)));
  });
  token = await begin(base);
});

after(() => prism?.kill());

function freePort() {
  return new Promise((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

/** One request through the proxy; anything but the status expected fails with what Prism said. */
async function ask(status, method, path, body) {
  const answer = await fetch(proxy + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, status, `${method} ${path}: ${text}`);
  return text ? JSON.parse(text) : null;
}

const scheduled = { topic: "Planning", type: 2, start_time: inDays(3, 9), duration: 45, timezone: "Europe/Berlin" };
const create = (body) => ask(201, "POST", "/users/me/meetings", body);

test("a scheduled meeting holds to the description all its life", async () => {
  const { id } = await create(scheduled);
  await ask(200, "GET", `/meetings/${id}`);
  await ask(204, "PATCH", `/meetings/${id}`, { topic: "Planning II", start_time: inDays(4, 9), duration: 30, timezone: "UTC" });
  await ask(200, "GET", `/meetings/${id}/invitation`);
  await ask(204, "DELETE", `/meetings/${id}?schedule_for_reminder=false&cancel_meeting_reminder=false`);
  await ask(204, "PUT", `/meetings/${id}/status`, { action: "recover" });
  await ask(200, "GET", `/meetings/${id}`);
});

test("a series holds to the description, whole and by occurrence", async () => {
  const recurrence = { type: 2, repeat_interval: 1, weekly_days: "2,4", end_times: 6 };
  const { id, occurrences } = await create({ ...scheduled, type: 8, recurrence });
  const [first, second] = occurrences.map((occurrence) => occurrence.occurrence_id);
  await ask(204, "PATCH", `/meetings/${id}?occurrence_id=${first}`, { duration: 20 });
  await ask(204, "DELETE", `/meetings/${id}?occurrence_id=${second}`);
  await ask(200, "GET", `/meetings/${id}?show_previous_occurrences=true`);
  await ask(200, "GET", `/meetings/${id}?occurrence_id=${first}`);
  await ask(204, "PATCH", `/meetings/${id}`, { recurrence: { ...recurrence, type: 2, weekly_days: "3" } });
});

test("meetings without a schedule and personal rooms hold to the description", async () => {
  const room = await control(base, "hand", { do: "create_meeting", host: "ben@example.test", topic: "Room", kind: 4 });
  await ask(400, "PATCH", `/meetings/${room.id}`, { topic: "Mine" });
  const { id } = await create({ topic: "Any time", type: 3 });
  await ask(200, "GET", `/meetings/${id}`);
});

test("lists hold to the description", async () => {
  const { next_page_token } = await ask(200, "GET", "/users/me/meetings?type=scheduled&page_size=3");
  await ask(200, "GET", `/users/me/meetings?type=scheduled&page_size=3&next_page_token=${next_page_token}`);
  await ask(200, "GET", "/users/me/meetings?type=upcoming");
  await ask(200, "GET", "/users/me/upcoming_meetings");
});

test("refusals have the statuses of the description", async () => {
  await ask(404, "GET", "/meetings/85000000001");
  const { id } = await create(scheduled);
  await ask(400, "GET", `/meetings/${id}?occurrence_id=1`);
  await ask(404, "GET", "/users/nobody@example.test/meetings");
  await control(base, "hand", { do: "set_writes_today", host: "ana@example.test", used: 100 });
  await ask(429, "PATCH", `/meetings/${id}`, { topic: "One too many" });
  await control(base, "hand", { do: "set_writes_today", host: "ana@example.test", used: 0 });
});

test("an answer that breaks the description is noticed", async () => {
  const { id } = await create(scheduled);
  const effect = { answer: { status: 200, headers: { "content-type": "application/json" }, body: '{"id":"x","topic":5}' } };
  await control(base, "faults", { match: { service: "zoom", path: `/meetings/${id}` }, times: 1, effect });
  await ask(500, "GET", `/meetings/${id}`);
  await ask(422, "PATCH", `/meetings/${id}`, { topic: 5 });
});
