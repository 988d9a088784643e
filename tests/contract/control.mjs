// The simulator's admin door.

export const ANA = "ana@example.test";

export const SCOPES = [
  "meeting:read:meeting",
  "meeting:read:list_meetings",
  "meeting:update:meeting",
  "meeting:delete:meeting",
  "meeting:write:meeting",
  "meeting:update:status",
  "meeting:read:invitation",
  "user:read:user",
];

export async function control(base, path, body) {
  const answer = await fetch(`${base}/control/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** A fresh demo world and a token for Ana at Zoom. */
export async function begin(base, scopes = SCOPES) {
  await control(base, "reset", {});
  await control(base, "scenario", { name: "demo" });
  return (await control(base, "token", { service: "zoom", user: ANA, scopes })).access_token;
}

/** An instant some days from now, in Zoom's form. */
export function inDays(days, hour) {
  const day = new Date(Date.now() + days * 86_400_000);
  day.setUTCHours(hour, 0, 0, 0);
  return day.toISOString().replace(".000Z", "Z");
}
