import type { SettingsView } from '../api/api';
import { words } from '../words';

/** A setting that is chosen from a few times. */
export type Timed = 'poll_seconds' | 'delete_grace_seconds';

const CHOICES: Record<Timed, readonly number[]> = {
  poll_seconds: [30, 60, 120, 300, 900],
  delete_grace_seconds: [0, 60, 120, 300, 900, 3600],
};

/** The times to choose from. One set elsewhere, by file or command line, is among them as it is. */
export function choicesOf(field: Timed, settings: SettingsView): number[] {
  return [...new Set([...CHOICES[field], settings[field]])].sort((a, b) => a - b);
}

/** `90 seconds`, `2 minutes`, `1 hour`: the largest unit that divides it. */
export function duration(seconds: number): string {
  if (seconds === 0) return words.settings.atOnce;
  if (seconds % 3600 === 0) return words.settings.hours(seconds / 3600);
  if (seconds % 60 === 0) return words.settings.minutes(seconds / 60);
  return words.settings.seconds(seconds);
}

/** A whole number of meetings from what was typed; null when it is none. */
export function meetingsFrom(typed: string): number | null {
  const text = typed.trim();
  if (!/^\d{1,6}$/u.test(text)) return null;
  return Number(text);
}
