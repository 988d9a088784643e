import { describe, expect, it } from 'vitest';
import { dayNumber, wallClock } from '../../src/time/reader';
import { age, clock, day, elsewhere, fillsDays, fullMoment, length, moment, relative } from '../../src/time/when';
import { at, berlin, newYork } from './reader';

const now = at('2026-11-24T09:00:00Z');

describe('dates in the words of the reader', () => {
  it('writes the clock of the reader, not that of the machine', () => {
    expect(clock(now, berlin)).toBe('10:00');
    expect(clock(now, newYork).replace(/\s/gu, ' ')).toBe('4:00 AM');
  });

  it('calls the days around now by their names, by the reader’s midnight', () => {
    expect(day(now, now, berlin)).toBe('Today');
    expect(day(at('2026-11-24T22:59:00Z'), now, berlin)).toBe('Today');
    expect(day(at('2026-11-24T23:00:00Z'), now, berlin)).toBe('Tomorrow');
    expect(day(at('2026-11-23T12:00:00Z'), now, berlin)).toBe('Yesterday');
    expect(day(at('2026-11-26T12:00:00Z'), now, berlin)).toBe('Thursday 26 November');
  });

  it('names the year only when it is another one', () => {
    expect(fullMoment(at('2027-01-04T09:00:00Z'), now, berlin)).toContain('2027');
    expect(fullMoment(at('2026-12-31T09:00:00Z'), now, berlin)).not.toContain('2026');
    // Already next year in Berlin, not yet in New York.
    expect(day(at('2026-12-31T23:30:00Z'), now, berlin)).toContain('2027');
    expect(day(at('2026-12-31T23:30:00Z'), now, newYork)).not.toContain('2027');
  });

  it('leaves the day away for today', () => {
    expect(moment(now, now, berlin)).toBe('10:00');
    expect(moment(at('2026-11-26T09:00:00Z'), now, berlin)).toMatch(/Thu.*26.*10:00/u);
  });
});

describe('an event in another zone', () => {
  it('says what the clock shows there', () => {
    expect(elsewhere(now, 'Asia/Tokyo', now, berlin)).toBe('18:00 in Tokyo');
    expect(elsewhere(now, 'Asia/Ho_Chi_Minh', now, berlin)).toBe('16:00 in Ho Chi Minh');
  });

  it('says the day too when that is another one', () => {
    expect(elsewhere(at('2026-11-24T20:00:00Z'), 'Asia/Tokyo', now, berlin)).toMatch(/Wed.*25.*in Tokyo/u);
  });

  it('is silent when the clocks agree, and when the zone is unknown', () => {
    expect(elsewhere(now, 'Europe/Paris', now, berlin)).toBeNull();
    expect(elsewhere(now, '<script>', now, berlin)).toBeNull();
    expect(elsewhere(now, '', now, berlin)).toBeNull();
  });

  it('knows that zones with one winter may have two summers', () => {
    expect(elsewhere(at('2026-10-28T12:00:00Z'), 'America/New_York', now, berlin)).toBe('8:00 in New York');
    expect(elsewhere(at('2026-11-03T12:00:00Z'), 'America/New_York', now, berlin)).toBe('7:00 in New York');
  });
});

describe('ages', () => {
  it.each([
    [0, 'just now'], [-44, 'just now'], [30, 'in a moment'], [-60, '1 minute ago'], [-130, '2 minutes ago'],
    [-3540, '59 minutes ago'], [-3575, '1 hour ago'], [180, 'in 3 minutes'], [-7200, '2 hours ago'],
    [-84_000, '23 hours ago'], [-90_000, '1 day ago'], [-86_400 * 3, '3 days ago'],
  ])('%i s is %s', (seconds, told) => {
    expect(relative(now + seconds * 1000, now)).toBe(told);
  });
});

it('P11: does not call fresh what a clock set back puts into the future', () => {
  expect(age(now - 130_000, now, berlin)).toBe('2 minutes ago');
  expect(age(now + 20_000, now, berlin)).toBe('just now');
  expect(age(now + 3_600_000, now, berlin)).toMatch(/Tue.*24.*11:00/u);
});

describe('lengths and whole days', () => {
  it('writes minutes as hours where there are any', () => {
    expect([length(45), length(60), length(90), length(0)]).toEqual(['45 min', '1 h', '1 h 30 min', '0 min']);
  });

  it('takes midnight to midnight in the event’s zone for whole days, over a change of clocks too', () => {
    expect(fillsDays(at('2026-10-24T22:00:00Z'), at('2026-10-25T23:00:00Z'), 'Europe/Berlin')).toBe(true);
    expect(fillsDays(at('2026-10-24T22:00:00Z'), at('2026-10-25T22:00:00Z'), 'Europe/Berlin')).toBe(false);
    expect(fillsDays(at('2026-11-24T00:00:00Z'), at('2026-11-25T00:00:00Z'), 'not a zone')).toBe(true);
  });

  it('numbers days without gaps', () => {
    expect(dayNumber(at('2026-10-25T22:59:00Z'), 'Europe/Berlin') - dayNumber(at('2026-10-24T22:00:00Z'), 'Europe/Berlin')).toBe(0);
    expect(new Date(wallClock(now, 'Asia/Tokyo')).toISOString()).toBe('2026-11-24T18:00:00.000Z');
  });
});
