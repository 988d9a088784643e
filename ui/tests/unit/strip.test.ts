import { describe, expect, it } from 'vitest';
import { layOut, moveOf, type Move } from '../../src/meetings/strip';
import { at, berlin } from './reader';
import { meeting } from './sample';

const move = (from: string, to: string, minutes = 60): Move => ({ from: at(from), to: at(to), minutes, followed: true });

describe('what is drawn', () => {
  it('draws nothing for a meeting that never moved', () => {
    expect(moveOf(meeting())).toBeNull();
    expect(moveOf(meeting({ moved_from: '2026-11-24T09:30:00Z' }))).toBeNull();
  });

  it('draws a move still to be made before one that was made', () => {
    const pending = meeting({
      moved_from: '2026-11-23T09:00:00Z',
      differences: [{ field: 'start', before: '2026-11-24T08:00:00Z', after: '2026-11-24T09:30:00Z' }],
    });
    expect(moveOf(pending)).toEqual({ from: at('2026-11-24T08:00:00Z'), to: at('2026-11-24T09:30:00Z'), minutes: 30, followed: false });
    expect(moveOf(meeting({ moved_from: '2026-11-23T09:00:00Z' }))?.followed).toBe(true);
  });
});

describe('where it is drawn', () => {
  it('lays a move within a day on hours, with an hour of air', () => {
    const strip = layOut(move('2026-11-24T13:00:00Z', '2026-11-24T11:00:00Z'), berlin);
    expect(strip.unit).toBe('hours');
    expect(strip.ticks.map(({ label }) => label)).toEqual(['11', '12', '13', '14', '15']);
    expect(strip.now).toEqual({ left: 20, width: 20 });
    expect(strip.old).toEqual({ left: 60, width: 20 });
    expect(strip.apart).toBe(true);
  });

  it('gives neighbours no arrow', () => {
    expect(layOut(move('2026-11-24T13:00:00Z', '2026-11-24T14:00:00Z'), berlin).apart).toBe(false);
  });

  it('lays a move to another day on whole days', () => {
    const strip = layOut(move('2026-11-24T09:00:00Z', '2026-11-26T09:00:00Z'), berlin);
    expect(strip.unit).toBe('days');
    expect(strip.ticks.map(({ label }) => label)).toEqual(['Tue 24', 'Wed 25', 'Thu 26']);
    expect(strip.old.left).toBeCloseTo((10 / 72) * 100);
    expect(strip.now.left).toBeCloseTo((58 / 72) * 100);
  });

  it('keeps the labels few, however far the move', () => {
    expect(layOut(move('2026-01-01T09:00:00Z', '2026-12-24T09:00:00Z'), berlin).ticks.length).toBeLessThanOrEqual(6);
    expect(layOut(move('2026-11-24T06:00:00Z', '2026-11-24T18:00:00Z'), berlin).ticks.length).toBeLessThanOrEqual(7);
  });

  it('never leaves the strip, whatever the lengths', () => {
    for (const minutes of [0, 1, 15, 60, 600, 1440, 20_000]) {
      for (const to of ['2026-11-24T09:05:00Z', '2026-11-24T22:55:00Z', '2026-11-25T02:00:00Z', '2026-10-24T23:30:00Z', '2030-01-01T00:00:00Z']) {
        const { old, now } = layOut(move('2026-11-24T09:00:00Z', to, minutes), berlin);
        for (const span of [old, now]) {
          expect(span.left).toBeGreaterThanOrEqual(0);
          expect(span.width).toBeGreaterThanOrEqual(3);
          expect(span.left + span.width).toBeLessThanOrEqual(100.000001);
        }
      }
    }
  });

  it('is not bent by a change of clocks', () => {
    const strip = layOut(move('2026-10-24T08:00:00Z', '2026-10-26T09:00:00Z'), berlin);
    expect(strip.old.left).toBeCloseTo((10 / 72) * 100);
    expect(strip.now.left).toBeCloseTo((58 / 72) * 100);
  });
});
