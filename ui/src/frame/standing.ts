import type { Service, SettingsView, Status } from '../api/api';
import { instantOf, isAhead } from '../time/when';

/** The one word of the state line. Two more than the agent has: it may be gone itself, or a grant may be. */
export type Standing = Status['overall'] | 'sign_in' | 'lost' | 'loading';

/** The worst thing first: what the agent says is worth nothing while nobody hears it. */
export function standingOf(status: Status | null, connected: boolean): Standing {
  if (!connected) return 'lost';
  if (!status) return 'loading';
  if (status.overall === 'needs_you' && signInAgain(status) !== null) return 'sign_in';
  return status.overall;
}

/** The first service whose grant is gone. */
export const signInAgain = (status: Status | null): Service | null =>
  status?.accounts.find((account) => account.health.problem?.code === 'sign_in_again')?.service ?? null;

/** Whether what is shown is older than two passes could make it, even with the stretching for idle machines. */
export function isStale(status: Status | null, settings: SettingsView | null, now: number): boolean {
  if (!status?.fresh_as_of) return false;
  const longest = Math.max(600, 2 * (settings?.poll_seconds ?? 0)) * 1000;
  const instant = instantOf(status.fresh_as_of);
  return now - instant > longest || isAhead(instant, now);
}
