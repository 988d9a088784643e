// Puts a running agent behind HTTP, so that the built page can be used in an ordinary browser against it:
//
//     node tests/bridge.mjs SOCKET [PORT]
//
// prints the address to open. For development and tests; it gives whoever opens that address the agent's whole API.
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve } from './serve.mjs';

/** One connection to the agent: newline-delimited JSON both ways. */
function wire(socket, onmessage, onclose) {
  const stream = connect(socket);
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line) onmessage(JSON.parse(line));
  });
  // An error is always followed by `close`.
  stream.on('error', () => {});
  stream.on('close', onclose);
  return {
    send: (message) => stream.write(`${JSON.stringify(message)}\n`),
    end: () => stream.destroy(),
  };
}

/** The agent at a socket, as `serve` wants it. */
export function agentAt(socket) {
  let asking = null;
  let next = 1;
  const waiting = new Map();

  function connection() {
    asking ??= wire(
      socket,
      (message) => {
        const waiter = waiting.get(message.id);
        waiting.delete(message.id);
        if (!waiter) return;
        if ('error' in message) waiter.reject(message.error);
        else waiter.resolve(message.result);
      },
      () => {
        asking = null;
        const gone = { code: 'internal', message: 'Reconvene is not running.', hint: 'Start it again.', retryable: true };
        for (const waiter of waiting.values()) waiter.reject(gone);
        waiting.clear();
      },
    );
    return asking;
  }

  return {
    ask: (command) =>
      new Promise((resolve, reject) => {
        const id = next++;
        const to = connection();
        waiting.set(id, { resolve, reject });
        to.send({ id, ...command });
      }),

    subscribe(send, end) {
      const events = wire(socket, (message) => 'event' in message && send(message), end);
      events.send({ id: 0, command: 'subscribe' });
      return () => events.end();
    },

    close: () => asking?.end(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [socket, port] = process.argv.slice(2);
  if (!socket) {
    console.error('usage: node tests/bridge.mjs SOCKET [PORT]');
    process.exit(2);
  }
  const { url } = await serve(agentAt(socket), Number(port ?? 0));
  console.log(url);
}
