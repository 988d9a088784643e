// The built page in the system's Chromium, with a scripted agent behind it.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { serve } from '../serve.mjs';
import { ScriptedAgent } from './agent.mjs';
import { NOW } from './worlds.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SHOTS = process.env.SHOTS ?? join(tmpdir(), 'reconvene-window');
await mkdir(SHOTS, { recursive: true });

const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

/** Opens the page on a world. Answers once the first snapshot is drawn. */
async function open(browser, world, { dark = false, width = 460, height = 640, at = '', script = {}, locale = 'en-GB' } = {}) {
  const agent = new ScriptedAgent(world);
  Object.assign(agent.script, script);
  const server = await serve(agent);
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', locale, timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    // A refused command is answered with a status that Chromium reports by itself.
    if (message.type() === 'error' && !/status of 422/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) complaints.push(`remote: ${request.url()}`);
  });
  await page.clock.setFixedTime(NOW);
  await page.goto(server.url + at);
  await page.locator('h1').first().waitFor();
  // Until the first snapshot is there.
  await page.locator('.loading').waitFor({ state: 'detached' });
  return {
    agent,
    page,
    complaints,
    shot: (name) => page.screenshot({ path: join(SHOTS, `${name}.png`) }),
    axe: async () => {
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => window.axe.run(document));
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 140)} ${any[0]?.message ?? ''}`).join('\n    ')}`);
    },
    close: async () => {
      await context.close();
      await server.close();
    },
  };
}

export const PLACES = ['meetings', 'activity', 'accounts', 'settings'];

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());
/** Runs on a page, and insists at the end that the browser had nothing to complain about: no breach of the policy, no
 * error, no request to anywhere else. */
export function onPage(name, world, options, body) {
  test(name, async () => {
    const opened = await open(browser, world(), options);
    try {
      await body(opened);
      assert.deepEqual(opened.complaints, []);
    } finally {
      await opened.close();
    }
  });
}
