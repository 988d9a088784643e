/** Who reads: the locale in which dates are written and the zone in which they are meant. */
export interface Reader {
  /** A BCP 47 tag; the system's when undefined. */
  readonly locale: string | undefined;
  /** An IANA name. */
  readonly zone: string;
}

/** The person at this machine. Asked anew each time, since people travel with the window open. */
export function thisReader(): Reader {
  return { locale: undefined, zone: new Intl.DateTimeFormat().resolvedOptions().timeZone };
}

const made = new Map<string, Intl.DateTimeFormat>();

/** A formatter, kept: making one costs more than all that it is used for in a list. */
export function formatter(reader: Reader, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([reader.locale, reader.zone, options]);
  let found = made.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(reader.locale, { ...options, timeZone: reader.zone });
    made.set(key, found);
  }
  return found;
}

const DAY = 86_400_000;

/** The wall clock of an instant in the reader's zone, as milliseconds of a zone without rules. */
export function wallClock(instant: number, zone: string): number {
  const parts = formatter({ locale: 'en-u-ca-gregory-nu-latn', zone }, {
    year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23',
  }).formatToParts(instant);
  const of = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
}

/** The number of the day in the reader's zone: equal numbers are one day, neighbours differ by one. */
export const dayNumber = (instant: number, zone: string): number => Math.floor(wallClock(instant, zone) / DAY);

/** Whether the runtime knows a zone. Events carry names from anywhere. */
export function knownZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
