import type { MeetingState, MeetingView } from '../api/api';
import { dayNumber, type Reader } from '../time/reader';
import { instantOf } from '../time/when';

export interface Day {
  /** Equal for the same day, whatever the locale. */
  readonly key: number;
  /** An instant of it, for its heading. */
  readonly instant: number;
  readonly meetings: readonly MeetingView[];
}

/** States that somebody has to look at, however long ago the event was. */
const URGENT: ReadonlySet<MeetingState> = new Set(['failed', 'held', 'deleting', 'updating']);

/** What is coming, and what is over. A meeting that is over and settled belongs to the past. */
export function divide(meetings: readonly MeetingView[], now: number): { coming: MeetingView[]; past: MeetingView[] } {
  const coming: MeetingView[] = [];
  const past: MeetingView[] = [];
  for (const meeting of meetings) {
    (instantOf(meeting.end) > now || URGENT.has(meeting.state) ? coming : past).push(meeting);
  }
  return { coming, past };
}

/** Meetings by the reader's day, each day in order of start. */
export function byDay(meetings: readonly MeetingView[], reader: Reader): Day[] {
  const days = new Map<number, MeetingView[]>();
  const sorted = [...meetings].sort((a, b) => instantOf(a.start) - instantOf(b.start));
  for (const meeting of sorted) {
    const key = dayNumber(instantOf(meeting.start), reader.zone);
    const there = days.get(key);
    if (there) there.push(meeting);
    else days.set(key, [meeting]);
  }
  return [...days].map(([key, list]) => ({ key, instant: instantOf(list[0]?.start ?? ''), meetings: list }));
}

/** One meeting may stand behind several events, so its id alone does not name a row. */
export const rowKey = (meeting: MeetingView, index: number): string =>
  `${meeting.id} ${meeting.calendar} ${meeting.start} ${index}`;
