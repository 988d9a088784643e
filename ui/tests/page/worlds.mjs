// What the scripted agent knows, told from a Tuesday morning, 24 November 2026, 10:00 in Berlin.
export const NOW = Date.parse('2026-11-24T09:00:00Z');

export const ago = (minutes) => new Date(NOW - minutes * 60_000).toISOString();
export const ahead = (minutes) => ago(-minutes);

export const problem = (code, message, hint = '', retryable = false) => ({ code, message, hint, retryable });

export const healthy = () => ({ last_attempt: ago(2), last_success: ago(2), problem: null, next_try: ahead(1) });

export const account = (id, service, name, health = healthy()) => ({ id, service, name, health });

export const calendar = (id, name, more = {}) => ({
  id, account: 'a1', google_id: `${id}@example.com`, name, zone: 'Europe/Berlin', access: 'owner', primary: false,
  watched: true, available: true, conferences: 3, health: healthy(), ...more,
});

export const meeting = (id, title, start, minutes, more = {}) => ({
  id, title, start, end: new Date(Date.parse(start) + minutes * 60_000).toISOString(), zone: 'Europe/Berlin',
  recurring: false, calendar: 'c1', calendar_name: 'Ada Lovelace', conference: 'Zoom', number: '812 3456 7890',
  bonded: !['watched_only', 'nothing_to_sync'].includes(more.state), state: 'in_step', reason: '', differences: [], moved_from: null, planned: null, problem: null, seen: ago(2),
  can_join: true, remedies: [], ...more,
});

export const entry = (number, title, outcome, minutesAgo, more = {}) => ({
  id: `e${number}`, at: ago(minutesAgo), meeting: `m${number}`, title, service: 'zoom', outcome, changes: [],
  problem: null, answer: null, attempts: 1, next_try: null, remedies: [], undone: false, ...more,
});

const SETTINGS = {
  carry_title: true, carry_time: true, poll_seconds: 60, delete_grace_seconds: 120, mass_delete_limit: 5,
  preview: false, ask_on_drift: false, notify: true, request_word: '', fixed: ['poll_seconds'],
};

const COUNT_OF = {
  in_step: 'in_step', updating: 'updating', deleting: 'updating', held: 'held', out_of_step: 'out_of_step',
  watched_only: 'watched_only', failed: 'failed',
};

/** A world from its parts, with the status that belongs to them. */
export function world({ meetings = [], activity = [], accounts = [], calendars = [], status = {} }) {
  const counts = { in_step: 0, updating: 0, held: 0, out_of_step: 0, watched_only: 0, failed: 0 };
  for (const { state } of meetings) if (COUNT_OF[state]) counts[COUNT_OF[state]] += 1;
  const held = meetings.filter(({ state }) => state === 'held').map(({ id }) => id);
  return {
    meetings, activity, accounts, calendars, settings: structuredClone(SETTINGS),
    status: {
      revision: 1, overall: 'in_step', fresh_as_of: ago(2), counts, next: null, recent: activity.slice(0, 3), accounts,
      calendars, problems: [], held, asking: [], preview: false, ...status,
    },
  };
}

const accounts = () => [account('a1', 'google', 'ada@example.com'), account('a2', 'zoom', 'ada@example.com')];
const calendars = () => [
  calendar('c1', 'Ada Lovelace', { primary: true, conferences: 11 }),
  calendar('c2', 'Analytical Engine', { conferences: 1 }),
  calendar('c3', 'Holidays in Germany', { access: 'reader', watched: false, conferences: 0 }),
  calendar('c4', 'Charles B.', { access: 'freeBusyReader', watched: false }),
  calendar('c5', 'Old project', {
    available: false, health: { ...healthy(), problem: problem('calendar_gone', 'It is no longer shared with you.') },
  }),
];

const NOT_MOVED = {
  problem: problem('refused', 'Zoom refused the change.', 'Move the event to a time in the future, or leave the meeting as it is.'),
  answer: { status: 400, code: '3161', words: 'Meeting hosting and scheduling capabilities are not allowed for your user account.' },
  remedies: ['retry', 'ignore'],
};

/** A working day: something of everything. */
export const everyday = () => world({
  accounts: accounts(),
  calendars: calendars(),
  meetings: [
    meeting('m0', 'Breakfast with the board', ago(150), 45),
    meeting('m1', 'Stand-up', ahead(30), 15),
    meeting('m2', 'Design review: the window, its four places and what to leave out of them until somebody asks for it twice', ahead(120), 60, { moved_from: ahead(240) }),
    meeting('m3', 'Call with Tokyo', ahead(1380), 45, { zone: 'Asia/Tokyo', calendar: 'c2', calendar_name: 'Analytical Engine' }),
    meeting('m4', 'Quarterly planning', ahead(1440 * 2 + 60), 90, {
      state: 'updating', reason: 'The event moved; Zoom is being told.', moved_from: null,
      differences: [{ field: 'start', before: ahead(60), after: ahead(1440 * 2 + 60) }],
      planned: { action: 'update', due: ahead(3), attempts: 2 },
      problem: problem('rate_limited', 'Zoom asks to slow down.', 'It is tried again by itself.', true),
    }),
    meeting('m5', 'Interview', ahead(1440 * 2 + 300), 60, {
      state: 'failed', reason: 'Zoom refused the change.', problem: NOT_MOVED.problem, remedies: NOT_MOVED.remedies,
      differences: [{ field: 'start', before: ahead(1440 * 2 + 240), after: ahead(1440 * 2 + 300) }],
    }),
    meeting('m6', 'Offsite', ahead(1440 * 3), 60, {
      state: 'deleting', reason: 'Its event was cancelled.', planned: { action: 'delete', due: ahead(2), attempts: 0 },
      remedies: ['ignore'], can_join: false,
    }),
    meeting('m11', 'Vendor call', ahead(1440 * 3 + 20), 30, {
      state: 'watched_only', reason: 'Nothing shows that the meeting was made for this event, so it is left alone.', remedies: ['bond'],
    }),
    meeting('m7', 'Team room', ahead(1440 * 3 + 30), 30, {
      state: 'watched_only', reason: 'A personal meeting room has no schedule of its own.',
    }),
    meeting('m8', 'Coffee', ahead(1440 * 3 + 120), 30, {
      state: 'nothing_to_sync', reason: 'Google Meet moves with its event.', conference: 'Google Meet', number: null,
    }),
    meeting('m9', 'Budget', ahead(1440 * 4), 30, {
      state: 'out_of_step', reason: 'You said to leave it as it is.', remedies: ['retry'],
      differences: [{ field: 'topic', before: 'Budget 2025', after: 'Budget' }],
    }),
    meeting('m10', 'Company day', '2026-11-30T23:00:00Z', 1440, {
      state: 'watched_only', reason: 'All-day events are watched only for now.', recurring: true,
    }),
  ],
  activity: [
    entry(5, 'Interview', 'needs_you', 4, {
      ...NOT_MOVED, attempts: 3, changes: [{ field: 'start', before: ahead(1440 * 2 + 240), after: ahead(1440 * 2 + 300) }],
    }),
    entry(4, 'Quarterly planning', 'waiting', 6, {
      attempts: 2, next_try: ahead(3), remedies: ['retry', 'ignore'],
      problem: problem('rate_limited', 'Zoom asks to slow down.', 'It is tried again by itself.', true),
      answer: { status: 429, code: '429', words: 'You have reached the maximum per-second rate limit for this API.' },
      changes: [{ field: 'start', before: ahead(60), after: ahead(1440 * 2 + 60) }],
    }),
    entry(2, 'Design review: the window, its four places and what to leave out of them until somebody asks for it twice', 'updated', 12, {
      changes: [
        { field: 'start', before: ahead(240), after: ahead(120) },
        { field: 'duration', before: 30, after: 60 },
        { field: 'topic', before: 'Design review', after: 'Design review: the window' },
      ],
      answer: { status: 204, code: null, words: null },
    }),
    entry(11, 'Farewell', 'deleted', 130, { answer: { status: 204, code: null, words: null } }),
    entry(9, 'Budget', 'kept', 300, { problem: problem('held', 'You said to leave it as it is.') }),
    entry(1, 'Stand-up', 'in_step', 1500),
  ],
  status: { overall: 'needs_you', problems: [NOT_MOVED.problem] },
});

/** Everything as it should be. */
export const calm = () => {
  const whole = everyday();
  return world({
    accounts: accounts(),
    calendars: calendars().slice(0, 3),
    meetings: whole.meetings.filter(({ state }) => state === 'in_step'),
    activity: whole.activity.filter(({ outcome }) => outcome === 'updated' || outcome === 'deleted'),
  });
};

/** Set up, and nothing there. */
export const empty = () => world({ accounts: accounts(), calendars: calendars().slice(0, 1) });

/** The very first start. */
export const first = () => world({ status: { overall: 'not_set_up', fresh_as_of: null } });

/** Eight deletions at once. */
export const mass = () => world({
  accounts: accounts(),
  calendars: calendars(),
  meetings: Array.from({ length: 8 }, (_, at) =>
    meeting(`m${at + 20}`, `Sprint ${at + 1} review`, ahead(600 + at * 1440), 60, {
      state: 'held', reason: 'Eight deletions came due together.', remedies: ['approve', 'ignore'],
    })),
  status: { overall: 'needs_you', problems: [problem('held', 'Eight deletions wait for your word.')] },
});

/** Three hours without a network, and a grant that is gone. */
export const broken = () => {
  const gone = problem('sign_in_again', 'Google no longer accepts the sign-in of ada@example.com.', 'Sign in again to go on.');
  const health = { last_attempt: ago(2), last_success: ago(190), problem: gone, next_try: null };
  const accounts = [account('a1', 'google', 'ada@example.com', health), account('a2', 'zoom', 'ada@example.com')];
  return world({
    accounts,
    calendars: calendars(),
    meetings: everyday().meetings,
    activity: [
      entry(30, 'ada@example.com', 'needs_you', 190, { meeting: null, service: 'google', problem: gone, remedies: ['sign_in'] }),
      ...everyday().activity,
    ],
    status: { overall: 'needs_you', fresh_as_of: ago(190), problems: [gone, NOT_MOVED.problem] },
  });
};

/** Offline, with the last known data. */
export const offline = () => {
  const away = problem('offline', 'Google cannot be reached.', 'It goes on by itself once the network is back.', true);
  return { ...calm(), status: { ...calm().status, overall: 'offline', fresh_as_of: ago(25), problems: [away] } };
};

const NASTY = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\u202Egnp.exe';

/** Titles that want to be more than text. */
export const hostile = () => {
  const long = `${'W'.repeat(900)} ${NASTY}`;
  const sly = problem('refused', NASTY, NASTY);
  return world({
    accounts: [account('a1', 'google', NASTY), account('a2', 'zoom', long)],
    calendars: [calendar('c1', NASTY), calendar('c2', long)],
    meetings: [
      meeting('m1', NASTY, ahead(30), 30, {
        reason: NASTY, calendar_name: NASTY, conference: NASTY, state: 'failed', problem: sly, remedies: ['retry'], zone: NASTY,
      }),
      meeting('m2', long, ahead(60), 30),
      meeting('m3', '', ahead(90), 30),
      ...Array.from({ length: 6 }, (_, at) => meeting(`m${at + 40}`, at % 2 ? long : NASTY, ahead(200), 30, { state: 'held' })),
    ],
    activity: [
      entry(1, NASTY, 'refused', 3, {
        problem: sly, answer: { status: 400, code: NASTY, words: long }, remedies: ['retry'],
        changes: [{ field: 'topic', before: NASTY, after: long }, { field: 'zone', before: NASTY, after: 'Europe/Berlin' }],
      }),
    ],
    status: { overall: 'needs_you', problems: [sly] },
  });
};

/** Everything is planned and nothing written. */
export const preview = () => {
  const shown = world({
    accounts: accounts(),
    calendars: calendars(),
    meetings: [
      meeting('m1', 'Stand-up', ahead(30), 15),
      meeting('m2', 'Kick-off', ahead(180), 60, {
        state: 'out_of_step', reason: 'It differs from its event. Preview only: nothing is written.', remedies: ['retry'],
        planned: { action: 'update', due: ahead(0), attempts: 0 },
        differences: [
          { field: 'topic', before: 'Kick-off with Sari', after: 'Kick-off' },
          { field: 'start', before: ahead(120), after: ahead(180) },
        ],
      }),
    ],
    status: { overall: 'preview', preview: true },
  });
  shown.settings.preview = true;
  return shown;
};

/** One change that can be undone, one that was, and a meeting that was left as it was before. */
export const undone = () => world({
  accounts: accounts(),
  calendars: calendars(),
  meetings: [
    meeting('m1', 'Retro', ahead(180), 60, {
      state: 'out_of_step', reason: 'You said to leave it as it is.', remedies: ['retry'],
      differences: [{ field: 'topic', before: 'Review', after: 'Retro' }],
    }),
  ],
  activity: [
    entry(4, 'Retro', 'undone', 1, { meeting: 'm1', changes: [{ field: 'topic', before: 'Retro', after: 'Review' }] }),
    entry(3, 'Interview', 'deleted', 3, { remedies: ['undo'] }),
    entry(2, 'Retro', 'updated', 5, {
      meeting: 'm1', changes: [{ field: 'topic', before: 'Review', after: 'Retro' }], undone: true,
    }),
  ],
});

/** Just connected, and not everything is in step; a series among it. */
export const asking = () => world({
  accounts: accounts(),
  calendars: calendars(),
  meetings: [
    meeting('m1', 'Stand-up', ahead(30), 15),
    meeting('m2', 'Budget', ahead(1440), 30, {
      state: 'out_of_step', reason: 'The meeting differed from its event when Reconvene first saw it.', remedies: ['fix', 'ignore'],
      differences: [
        { field: 'topic', before: 'Budget 2025', after: 'Budget' },
        { field: 'start', before: ahead(1500), after: ahead(1440) },
      ],
    }),
    meeting('m3', 'Weekly review', ahead(2880), 30, {
      state: 'out_of_step', reason: 'The meeting was changed at Zoom and now differs from its event.', remedies: ['fix', 'ignore'],
      recurring: true,
      differences: [
        { field: 'rule', before: 'every day', after: 'every week on Tue' },
        { field: 'date', date: ahead(2880), before: { start: ahead(2880), minutes: 30 }, after: null },
        { field: 'date', date: ahead(12960), before: { start: ahead(12960), minutes: 30 }, after: { start: ahead(13020), minutes: 45 } },
        { field: 'date_topic', date: ahead(23040), before: 'Weekly review', after: 'Year’s end' },
        { field: 'zone', before: 'UTC', after: 'Europe/Berlin' },
      ],
    }),
  ],
  activity: [
    entry(3, 'Weekly review', 'updated', 5, {
      changes: [{ field: 'date', date: ahead(2880), before: { start: ahead(2880), minutes: 30 }, after: null }],
      answer: { status: 204, code: null, words: null },
    }),
  ],
  status: { overall: 'needs_you', asking: ['m2', 'm3'] },
});
