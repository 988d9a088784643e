// Serves the built page under the content security policy of the desktop shell, and the two paths over which
// src/agent/http.ts reaches whatever stands in for the shell: POST /ask and GET /events.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src ipc: http://ipc.localhost 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

/**
 * `backend.ask(command)` resolves with a reply or rejects with a problem; `backend.subscribe(send, end)` sends events
 * and returns what ends that.
 */
export async function serve(backend, port = 0) {
  const server = createServer((request, response) => {
    void answer(request, response, backend, server).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request, response, backend, server) {
  // Any page of any browser on this machine can reach a loopback port; only our own may speak to the agent.
  const host = `127.0.0.1:${server.address().port}`;
  const { origin } = request.headers;
  if (request.headers.host !== host || (origin !== undefined && origin !== `http://${host}`)) {
    response.writeHead(403).end();
    return;
  }
  const { pathname } = new URL(request.url, `http://${host}`);
  if (request.method === 'POST' && pathname === '/ask') return ask(request, response, backend);
  if (pathname === '/events') return events(request, response, backend);
  return file(pathname, response);
}

async function ask(request, response, backend) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let status = 200;
  let body;
  try {
    body = await backend.ask(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (thrown) {
    status = 422;
    body = thrown?.code && thrown?.message ? thrown : { code: 'internal', message: String(thrown), hint: '', retryable: true };
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function events(request, response, backend) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  // A short wait before the browser tries again, so that tests of a lost agent need none.
  response.write('retry: 200\n\n');
  const stop = backend.subscribe(
    (event) => response.write(`data: ${JSON.stringify(event)}\n\n`),
    () => response.end(),
  );
  request.once('close', stop);
}

async function file(pathname, response) {
  const path = normalize(join(DIST, pathname === '/' ? 'index.html' : pathname));
  try {
    if (!path.startsWith(DIST)) throw new Error('outside');
    const body = await readFile(path);
    response
      .writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
        'content-security-policy': POLICY,
        'cache-control': 'no-store',
      })
      .end(body);
  } catch {
    response.writeHead(404).end();
  }
}
