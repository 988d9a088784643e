import type { Event, Problem, Reply } from '../api/api';
import type { Agent } from './agent';

/** Over HTTP, to a bridge that serves the page and speaks to the agent. For browsers, that is: for tests. */
export const httpAgent: Agent = {
  async ask(command) {
    const response = await fetch('ask', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(command),
    });
    const body: unknown = await response.json();
    if (!response.ok) throw body as Problem;
    return body as Reply;
  },

  listen(handler) {
    const source = new EventSource('events');
    source.onmessage = (message: MessageEvent<string>) => handler(JSON.parse(message.data) as Event);
    // The browser reconnects by itself, and the agent then sends its present status first.
    source.onerror = () => handler({ event: 'closing' });
    return () => source.close();
  },
};
