import type { ActivityEntry } from '../api/api';

export const SIEVES = ['all', 'needs_you', 'failures', 'changes'] as const;
export type Sieve = (typeof SIEVES)[number];

/** Whether an entry still waits for the person: the agent's own rule. */
export const needsYou = (entry: ActivityEntry): boolean =>
  (entry.outcome === 'needs_you' || entry.outcome === 'refused') && entry.remedies.length > 0;

const failed = (entry: ActivityEntry): boolean =>
  entry.outcome === 'refused' || entry.outcome === 'waiting' || (entry.outcome === 'needs_you' && entry.problem !== null);

const changed = (entry: ActivityEntry): boolean =>
  ['updated', 'created', 'deleted', 'undone'].includes(entry.outcome);

const passes: Record<Sieve, (entry: ActivityEntry) => boolean> = {
  all: () => true,
  needs_you: needsYou,
  failures: failed,
  changes: changed,
};

/** The entries that pass the sieve and hold every word searched for, in the order given. */
export function sift(entries: readonly ActivityEntry[], sieve: Sieve, search: string): ActivityEntry[] {
  const sought = plain(search).split(/\s+/u).filter(Boolean);
  return entries.filter((entry) => {
    if (!passes[sieve](entry)) return false;
    if (sought.length === 0) return true;
    const text = plain(textOf(entry));
    return sought.every((word) => text.includes(word));
  });
}

function textOf(entry: ActivityEntry): string {
  const topics = entry.changes.flatMap((change) => (change.field === 'topic' ? [change.before, change.after] : []));
  const { problem, answer } = entry;
  return [entry.title, ...topics, problem?.message, problem?.hint, answer?.status, answer?.code, answer?.words]
    .filter((part) => part !== undefined && part !== null)
    .join('\n');
}

/** Without case and accents, so that `cafe` finds `Café`. */
const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
