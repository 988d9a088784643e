import { words } from '../words';
import { dayNumber, formatter, knownZone, wallClock, type Reader } from './reader';

/** An instant from the agent, RFC 3339, as milliseconds. */
export const instantOf = (timestamp: string): number => Date.parse(timestamp);

/** `10:00`, or `10:00 AM` where people write it so. */
export const clock = (instant: number, reader: Reader): string =>
  formatter(reader, { hour: 'numeric', minute: '2-digit' }).format(instant);

/** Whether the reader's clock needs room for `AM`. */
export const halfDays = (reader: Reader): boolean =>
  formatter(reader, { hour: 'numeric' }).resolvedOptions().hour12 === true;

/** `Today`, `Tomorrow`, else `Thursday, November 26`, with the year when it is another one. */
export function day(instant: number, now: number, reader: Reader): string {
  const apart = dayNumber(instant, reader.zone) - dayNumber(now, reader.zone);
  if (apart === 0) return words.when.today;
  if (apart === 1) return words.when.tomorrow;
  if (apart === -1) return words.when.yesterday;
  return longDay(instant, now, reader);
}

/** `Thursday, November 26`. */
export const longDay = (instant: number, now: number, reader: Reader): string =>
  formatter(reader, {
    weekday: 'long', month: 'long', day: 'numeric', ...(sameYear(instant, now, reader) ? {} : { year: 'numeric' }),
  }).format(instant);

/** `10:00` when it is today, else with its day: `Thu, Nov 26, 10:00`. */
export function moment(instant: number, now: number, reader: Reader): string {
  if (dayNumber(instant, reader.zone) === dayNumber(now, reader.zone)) return clock(instant, reader);
  return fullMoment(instant, now, reader);
}

/** `Thu, Nov 26, 10:00`, whatever the day. */
export const fullMoment = (instant: number, now: number, reader: Reader): string =>
  formatter(reader, {
    weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit',
    ...(sameYear(instant, now, reader) ? {} : { year: 'numeric' }),
  }).format(instant);

/**
 * What the clock shows in the event's own zone, when that differs from the reader's at that instant: `18:00 in Tokyo`.
 * Zones that merely have another name are not worth a line.
 */
export function elsewhere(instant: number, zone: string, now: number, reader: Reader): string | null {
  if (!zone || !knownZone(zone)) return null;
  const [there, here] = [wallClock(instant, zone), wallClock(instant, reader.zone)];
  if (there === here) return null;
  const inZone = { ...reader, zone };
  const sameDay = dayNumber(instant, zone) === dayNumber(instant, reader.zone);
  return words.when.elsewhere(sameDay ? clock(instant, inZone) : fullMoment(instant, now, inZone), cityOf(zone));
}

/** `Asia/Ho_Chi_Minh` → `Ho Chi Minh`. */
export const cityOf = (zone: string): string => (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ');

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `2 minutes ago`, `in 3 hours`, `just now`: in the language of the sentences around it. */
export function relative(instant: number, now: number): string {
  const apart = instant - now;
  const size = Math.abs(apart);
  const say = new Intl.RelativeTimeFormat(words.language, { numeric: 'always' });
  if (size < 45 * SECOND) return apart > 5 * SECOND ? words.when.inAMoment : words.when.justNow;
  if (size < 59.5 * MINUTE) return say.format(Math.round(apart / MINUTE), 'minute');
  if (size < 23.5 * HOUR) return say.format(Math.round(apart / HOUR), 'hour');
  return say.format(Math.round(apart / DAY), 'day');
}

/**
 * How long ago something was. A clock that has been set back cannot tell; then the instant itself is said, since `just
 * now` would make it look fresh.
 */
export const age = (instant: number, now: number, reader: Reader): string =>
  isAhead(instant, now) ? fullMoment(instant, now, reader) : relative(Math.min(instant, now), now);

/** Whether an instant of the past lies in the future by more than clocks differ. */
export const isAhead = (instant: number, now: number): boolean => instant - now > 2 * MINUTE;

/** `45 min`, `1 h 30 min`. */
export function length(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return words.when.minutes(rest);
  return rest === 0 ? words.when.hours(hours) : `${words.when.hours(hours)} ${words.when.minutes(rest)}`;
}

/** Whether it fills whole days of its own zone, as all-day events do. */
export function fillsDays(start: number, end: number, zone: string): boolean {
  const own = knownZone(zone) ? zone : 'UTC';
  const midnight = (instant: number): boolean => wallClock(instant, own) % DAY === 0;
  return end > start && midnight(start) && midnight(end);
}

const sameYear = (a: number, b: number, reader: Reader): boolean => {
  const year = (instant: number): number => new Date(wallClock(instant, reader.zone)).getUTCFullYear();
  return year(a) === year(b);
};
