import { askFor } from '../agent/agent';
import { words } from '../words';
import type { Store } from './store.svelte';

/** Opens a meeting. The address is asked for only now: it may carry a passcode, and is kept nowhere. */
export async function join(meeting: string, store: Store): Promise<void> {
  const name = `join ${meeting}`;
  if (store.busy.has(name)) return;
  store.busy.add(name);
  try {
    const url = await askFor(store.agent, 'link', { command: 'join_link', meeting });
    await store.agent.ask({ command: 'open_link', url });
    store.say('done', words.said.joined);
  } catch (thrown) {
    store.fail(thrown);
  } finally {
    store.busy.delete(name);
  }
}
