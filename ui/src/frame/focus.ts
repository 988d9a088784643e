import { tick } from 'svelte';

/** Moves the reader to the head of the place that is shown. */
export function focusHead(): void {
  document.querySelector<HTMLElement>('main h1')?.focus();
}

/**
 * After an action that may have removed the very button that was pressed: without this, the keyboard would start over
 * from the top of the window.
 */
export async function keepFocus(): Promise<void> {
  await tick();
  const { activeElement } = document;
  if (activeElement === null || activeElement === document.body) focusHead();
}
