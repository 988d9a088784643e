/** Everything that turns the direction of the text around it: embeddings, overrides, isolates and their ends. */
const TURNING = /[\u202A-\u202E\u2066-\u2069]/gu;

/**
 * Somebody else's text for the middle of a sentence of ours, so that it cannot reorder that sentence. Where a text has an
 * element to itself, `<bdi>` does the same.
 */
export const isolate = (text: string): string => `\u2068${text.replace(TURNING, '')}\u2069`;
