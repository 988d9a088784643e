import type { ActivityEntry, Change, Slot } from '../api/api';
import type { Reader } from '../time/reader';
import { fullMoment, instantOf, length } from '../time/when';
import { words } from '../words';

/** One changed property, ready to be read. */
export interface Told {
  readonly field: Change['field'];
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** Writes a change out for the reader. */
export function tell(change: Change, now: number, reader: Reader): Told {
  const name = words.activity.field[change.field];
  switch (change.field) {
    case 'topic':
    case 'zone':
    case 'rule':
      return { field: change.field, name, before: change.before, after: change.after };
    case 'start':
      return {
        field: change.field,
        name,
        before: fullMoment(instantOf(change.before), now, reader),
        after: fullMoment(instantOf(change.after), now, reader),
      };
    case 'duration':
      return { field: change.field, name, before: length(change.before), after: length(change.after) };
    case 'date':
      return {
        field: change.field,
        name,
        before: slot(change.before, now, reader),
        after: slot(change.after, now, reader),
      };
    case 'date_topic': {
      const date = fullMoment(instantOf(change.date), now, reader);
      return {
        field: change.field,
        name,
        before: words.activity.onDate(change.before, date),
        after: words.activity.onDate(change.after, date),
      };
    }
  }
}

function slot(slot: Slot | null, now: number, reader: Reader): string {
  if (slot === null) return words.activity.noDate;
  return `${fullMoment(instantOf(slot.start), now, reader)}, ${length(slot.minutes)}`;
}

/** All changes in one breath, for the closed entry: `moved to Thu, Nov 26, 10:00, renamed`. */
export function inShort(entry: ActivityEntry, now: number, reader: Reader): string {
  const say = entry.outcome === 'updated' || entry.outcome === 'undone' ? words.activity.done : words.activity.wanted;
  return entry.changes.map((change) => say[change.field](tell(change, now, reader).after)).join(', ');
}
