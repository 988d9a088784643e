import type { Reader } from '../../src/time/reader';

/** A reader whose locale and zone do not depend on the machine. */
export const berlin: Reader = { locale: 'en-GB', zone: 'Europe/Berlin' };
export const newYork: Reader = { locale: 'en-US', zone: 'America/New_York' };

export const at = (timestamp: string): number => Date.parse(timestamp);
