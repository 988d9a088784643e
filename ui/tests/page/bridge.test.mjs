// The bridge against a socket that speaks like an agent.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { agentAt } from '../bridge.mjs';
import { serve } from '../serve.mjs';

async function agent(answer) {
  const folder = await mkdtemp(join(tmpdir(), 'reconvene-bridge-'));
  const path = join(folder, 'agent.sock');
  const streams = new Set();
  const server = createServer((stream) => {
    streams.add(stream.setEncoding('utf8'));
    let rest = '';
    stream.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) answer(JSON.parse(line), (message) => stream.write(message));
    });
  });
  await new Promise((resolve) => server.listen(path, resolve));
  return {
    path,
    close: async () => {
      for (const stream of streams) stream.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

const post = (url, body, headers = {}) => fetch(`${url}ask`, { method: 'POST', body: JSON.stringify(body), headers });

test('the bridge pairs answers with requests whatever their order, and passes problems and events on', async () => {
  const held = [];
  const real = await agent((request, write) => {
    if (request.command === 'subscribe') {
      // An event cut in two arrives whole.
      write('{"event":"rai');
      setTimeout(() => write('se"}\n'), 20);
    } else if (request.command === 'retry') {
      write(`${JSON.stringify({ id: request.id, error: { code: 'bad_usage', message: 'No.', hint: '', retryable: false } })}\n`);
    } else {
      held.push({ ...request, write });
      if (held.length === 2) {
        for (const one of held.reverse()) one.write(`${JSON.stringify({ id: one.id, result: { reply: 'link', value: one.meeting } })}\n`);
      }
    }
  });
  const back = agentAt(real.path);
  const server = await serve(back);
  try {
    const [one, two] = await Promise.all([
      post(server.url, { command: 'join_link', meeting: 'm1' }),
      post(server.url, { command: 'join_link', meeting: 'm2' }),
    ]);
    assert.deepEqual([await one.json(), await two.json()].map(({ value }) => value), ['m1', 'm2']);

    const refused = await post(server.url, { command: 'retry', meeting: 'm1' });
    assert.equal(refused.status, 422);
    assert.equal((await refused.json()).code, 'bad_usage');

    const events = await fetch(`${server.url}events`);
    let text = '';
    for await (const chunk of events.body) {
      text += Buffer.from(chunk).toString();
      if (text.includes('data: ')) break;
    }
    assert.match(text, /data: \{"event":"raise"\}\n\n/);

    assert.equal((await post(server.url, { command: 'status' }, { origin: 'http://evil.example' })).status, 403);
  } finally {
    back.close();
    await server.close();
    await real.close();
  }
});

test('without an agent the bridge says so', async () => {
  const server = await serve(agentAt(join(tmpdir(), 'no-such.sock')));
  try {
    const answer = await post(server.url, { command: 'status' });
    assert.equal(answer.status, 422);
    assert.equal((await answer.json()).retryable, true);
  } finally {
    await server.close();
  }
});
