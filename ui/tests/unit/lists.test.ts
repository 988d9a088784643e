import { describe, expect, it } from 'vitest';
import { inShort, tell } from '../../src/activity/change';
import { needsYou, sift } from '../../src/activity/sift';
import { byDay, divide } from '../../src/meetings/days';
import { choicesOf, duration, meetingsFrom } from '../../src/settings/choices';
import { canWatch, stepOf } from '../../src/start/steps';
import { at, berlin } from './reader';
import { calendar, entry, meeting, problem, settings } from './sample';

const now = at('2026-11-24T09:00:00Z');

describe('meetings by day', () => {
  it('groups by the reader’s midnight and orders by start', () => {
    const late = meeting({ id: 'm2', start: '2026-11-24T23:10:00Z' });
    const early = meeting({ id: 'm3', start: '2026-11-24T22:50:00Z' });
    const days = byDay([late, early, meeting()], berlin);
    expect(days.map((day) => day.meetings.map(({ id }) => id))).toEqual([['m1', 'm3'], ['m2']]);
  });

  it('moves what is over and settled to the past, and nothing that somebody has to see', () => {
    const over = { start: '2026-11-20T09:00:00Z', end: '2026-11-20T10:00:00Z' };
    const { coming, past } = divide(
      [meeting(), meeting({ id: 'm2', ...over }), meeting({ id: 'm3', ...over, state: 'failed' }), meeting({ id: 'm4', ...over, state: 'held' })],
      now,
    );
    expect(coming.map(({ id }) => id)).toEqual(['m1', 'm3', 'm4']);
    expect(past.map(({ id }) => id)).toEqual(['m2']);
  });

  it('keeps a running meeting among the coming ones', () => {
    expect(divide([meeting({ start: '2026-11-24T08:30:00Z', end: '2026-11-24T09:30:00Z' })], now).past).toEqual([]);
  });
});

describe('the sieve of the log', () => {
  const failed = entry({ id: 'e2', outcome: 'refused', problem: problem(), remedies: ['retry'] });
  const settled = entry({ id: 'e3', outcome: 'refused', problem: problem() });
  const waiting = entry({ id: 'e4', outcome: 'waiting', title: 'Café' });
  const all = [entry(), failed, settled, waiting];
  const ids = (...args: Parameters<typeof sift>): string[] => sift(...args).map(({ id }) => id);

  it('follows the agent’s own rule for what needs the person', () => {
    expect([needsYou(failed), needsYou(settled), needsYou(waiting)]).toEqual([true, false, false]);
  });

  it('keeps the order and sifts by kind', () => {
    expect(ids(all, 'all', '')).toEqual(['e1', 'e2', 'e3', 'e4']);
    expect(ids(all, 'needs_you', '')).toEqual(['e2']);
    expect(ids(all, 'failures', '')).toEqual(['e2', 'e3', 'e4']);
    expect(ids(all, 'changes', '')).toEqual(['e1']);
  });

  it('finds every word anywhere, without case and accents', () => {
    expect(ids(all, 'all', 'cafe')).toEqual(['e4']);
    expect(ids(all, 'all', 'REFUSED stand')).toEqual(['e2', 'e3']);
    expect(ids(all, 'all', 'refused cafe')).toEqual([]);
    expect(ids([entry({ answer: { status: 429, code: '3001', words: 'slow' } })], 'all', '3001 429')).toEqual(['e1']);
  });
});

describe('changes in words', () => {
  it('writes each property for the reader', () => {
    expect(tell({ field: 'duration', before: 30, after: 90 }, now, berlin)).toMatchObject({ before: '30 min', after: '1 h 30 min' });
    expect(tell({ field: 'start', before: '2026-11-24T09:00:00Z', after: '2026-11-24T10:00:00Z' }, now, berlin).after).toContain('11:00');
  });

  it('does not claim what has not been done', () => {
    const changes = [{ field: 'topic', before: 'A', after: 'B' } as const];
    expect(inShort(entry({ changes }), now, berlin)).toBe('renamed');
    expect(inShort(entry({ changes, outcome: 'waiting' }), now, berlin)).toBe('to rename');
  });
});

describe('first start', () => {
  const google = { id: 'a1', service: 'google' as const, name: 'x', writes_left_today: null, health: calendar().health };
  const zoom = { ...google, id: 'a2', service: 'zoom' as const };

  it('goes on by itself when an account appears, and past the calendars only by the person’s word', () => {
    expect(stepOf([], [], false)).toBe('google');
    expect(stepOf([google], [calendar({ watched: false })], true)).toBe('calendars');
    expect(stepOf([google], [calendar()], false)).toBe('calendars');
    expect(stepOf([google], [calendar()], true)).toBe('provider');
    expect(stepOf([google, zoom], [calendar()], true)).toBe('found');
  });

  it('offers no calendar of which only busy times are seen', () => {
    expect(canWatch(calendar({ access: 'reader' }))).toBe(true);
    expect(canWatch(calendar({ access: 'freeBusyReader' }))).toBe(false);
    expect(canWatch(calendar({ available: false }))).toBe(false);
  });
});

describe('settings to choose from', () => {
  it('offers a value set elsewhere as it is', () => {
    expect(choicesOf('poll_seconds', settings({ poll_seconds: 45 }))).toContain(45);
    expect(duration(45)).toBe('45 seconds');
    expect([duration(60), duration(7200), duration(0), duration(90)]).toEqual(['1 minute', '2 hours', 'Do not wait', '90 seconds']);
  });

  it('takes whole numbers only', () => {
    expect([meetingsFrom(' 7 '), meetingsFrom('1.5'), meetingsFrom('-1'), meetingsFrom(''), meetingsFrom('1e3')]).toEqual([7, null, null, null, null]);
  });
});
