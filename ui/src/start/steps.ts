import type { AccountView, CalendarView } from '../api/api';

export const STEPS = ['google', 'calendars', 'provider', 'found'] as const;
export type Step = (typeof STEPS)[number];

/** Where first start stands. Only the choice of calendars ends by the person's word; all else shows by itself. */
export function stepOf(
  accounts: readonly AccountView[],
  calendars: readonly CalendarView[],
  calendarsChosen: boolean,
): Step {
  if (!accounts.some((account) => account.service === 'google')) return 'google';
  if (!calendars.some((calendar) => calendar.watched) || !calendarsChosen) return 'calendars';
  return accounts.some((account) => account.service === 'zoom') ? 'found' : 'provider';
}

/** Whether an access role lets events be read in full. Someone who sees only busy times sees no meetings. */
export const canWatch = (calendar: CalendarView): boolean =>
  calendar.available && calendar.access !== 'freeBusyReader';

/** Whether the calendar can only be read; Reconvene needs no more, but an event there is rarely the person's own. */
export const readOnly = (calendar: CalendarView): boolean => calendar.access === 'reader';
