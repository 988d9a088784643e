import type { MeetingView } from '../api/api';
import { dayNumber, formatter, wallClock, type Reader } from '../time/reader';
import { instantOf } from '../time/when';

/** A place on the strip, in hundredths of its width. */
export interface Span {
  readonly left: number;
  readonly width: number;
}

export interface Tick {
  readonly left: number;
  readonly label: string;
}

/** The old and the new position of one meeting on one line of time. */
export interface Strip {
  readonly unit: 'hours' | 'days';
  readonly old: Span;
  readonly now: Span;
  /** Where the old and the new position overlap, an arrow would have no room. */
  readonly apart: boolean;
  readonly ticks: readonly Tick[];
}

/** What moved: from where, to where, and whether the meeting has followed. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly minutes: number;
  /** `false` while the meeting at the provider is still in the old place. */
  readonly followed: boolean;
}

/** The move worth drawing for a meeting, if any: one still to be made before one that was made. */
export function moveOf(meeting: MeetingView): Move | null {
  const [start, end] = [instantOf(meeting.start), instantOf(meeting.end)];
  const minutes = Math.max(0, Math.round((end - start) / 60_000));
  for (const change of meeting.differences) {
    if (change.field === 'start') {
      return { from: instantOf(change.before), to: instantOf(change.after), minutes, followed: false };
    }
  }
  if (meeting.moved_from === null) return null;
  const from = instantOf(meeting.moved_from);
  return from === start ? null : { from, to: start, minutes, followed: true };
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How many labels fit beside each other in the narrowest window. */
const MOST_TICKS = 6;

/** Lays a move out. All arithmetic is on wall clocks, so that a change of clocks between two days bends nothing. */
export function layOut(move: Move, reader: Reader): Strip {
  const [from, to] = [wallClock(move.from, reader.zone), wallClock(move.to, reader.zone)];
  const length = move.minutes * 60_000;
  const first = Math.min(from, to);
  const last = Math.max(from, to) + length;
  const oneDay = dayNumber(move.from, reader.zone) === dayNumber(move.to, reader.zone) && last - first <= 14 * HOUR;
  const unit = oneDay ? HOUR : DAY;

  // An hour of air on either side; days are drawn whole.
  let begin = floor(first, unit) - (oneDay && first % HOUR === 0 ? HOUR : 0);
  const end = ceil(last, unit) + (oneDay && last % HOUR === 0 ? HOUR : 0);
  if (oneDay && dayOf(begin) !== dayOf(first)) begin = floor(first, HOUR);
  const whole = Math.max(end - begin, unit);

  const place = (start: number): Span => {
    // Wide enough to be seen, but never out of the strip.
    const width = Math.min(100, Math.max((length / whole) * 100, 3));
    return { left: Math.min(((start - begin) / whole) * 100, 100 - width), width };
  };
  const [old, now] = [place(from), place(to)];
  const gap = old.left < now.left ? now.left - (old.left + old.width) : old.left - (now.left + now.width);
  return { unit: oneDay ? 'hours' : 'days', old, now, apart: gap > 4, ticks: ticks(begin, whole, unit, reader) };
}

function ticks(begin: number, whole: number, unit: number, reader: Reader): Tick[] {
  const units = Math.round(whole / unit);
  const step = Math.max(1, Math.ceil(units / MOST_TICKS));
  const found: Tick[] = [];
  for (let at = 0; at < units; at += step) {
    found.push({ left: (at / units) * 100, label: label(begin + at * unit, unit, reader) });
  }
  return found;
}

/** Wall clocks are instants of a zone without rules, so they are written in UTC. */
function label(wall: number, unit: number, reader: Reader): string {
  const plain = { locale: reader.locale, zone: 'UTC' };
  return unit === HOUR
    ? formatter(plain, { hour: 'numeric' }).format(wall)
    : formatter(plain, { weekday: 'short', day: 'numeric' }).format(wall);
}

const floor = (value: number, unit: number): number => Math.floor(value / unit) * unit;
const ceil = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
const dayOf = (wall: number): number => Math.floor(wall / DAY);
