import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../src/api/api';
import { isolate } from '../../src/frame/isolate';
import { isStale, signInAgain, standingOf } from '../../src/frame/standing';
import { Signing } from '../../src/state/signing.svelte';
import { Store } from '../../src/state/store.svelte';
import { at } from './reader';
import { entry, FakeAgent, meeting, problem, settings, status } from './sample';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settle = () => vi.advanceTimersByTimeAsync(200);

describe('the store', () => {
  it('takes a snapshot and follows new revisions, many as one', async () => {
    const agent = new FakeAgent();
    const store = new Store(agent);
    const end = store.follow();
    await settle();
    expect(store.meetings).toHaveLength(1);
    for (const revision of [2, 3, 4]) agent.handler?.({ event: 'status', value: status({ revision }) });
    expect(store.status?.revision).toBe(4);
    await settle();
    expect(agent.count('meetings')).toBe(2);
    agent.handler?.({ event: 'status', value: store.status ?? status() });
    await settle();
    expect(agent.count('meetings')).toBe(2);
    end();
    expect(agent.handler).toBeNull();
  });

  it('asks once more, and only once, for all that was wished while it was asking', async () => {
    const agent = new FakeAgent();
    const store = new Store(agent);
    void store.refresh();
    void store.refresh();
    void store.refresh();
    await settle();
    expect(agent.count('meetings')).toBe(2);
  });

  it('P10: keeps what it knew when asking fails, and the other parts come all the same', async () => {
    const agent = new FakeAgent();
    const store = new Store(agent);
    await store.refresh();
    agent.script.meetings = () => Promise.reject(problem('internal', 'Broken.'));
    agent.script.activity = () => ({ reply: 'activity', value: [entry(), entry({ id: 'e2' })] });
    await store.refresh();
    expect(store.meetings).toEqual([meeting()]);
    expect(store.activity).toHaveLength(2);
    expect(store.problem?.message).toBe('Broken.');
    delete agent.script.meetings;
    await store.refresh();
    expect(store.problem).toBeNull();
  });

  it('does not take one kind of answer for another', async () => {
    const agent = new FakeAgent();
    agent.script.meetings = () => ({ reply: 'done' });
    const store = new Store(agent);
    await store.refresh();
    expect(store.meetings).toBeNull();
    expect(store.problem?.code).toBe('internal');
  });

  it('shows as much of the log as was wished, and knows whether there is more', async () => {
    const agent = new FakeAgent();
    const log = Array.from({ length: 150 }, (_, n) => entry({ id: `e${n}` }));
    agent.script.activity = (command): Reply => ({ reply: 'activity', value: log.slice(0, command.command === 'activity' ? command.limit : 0) });
    const store = new Store(agent);
    await store.refresh();
    expect([store.activity?.length, store.moreActivity]).toEqual([100, true]);
    await store.olderActivity();
    expect([store.activity?.length, store.moreActivity]).toEqual([150, false]);
  });

  it('sends a command once, however often it is pressed, and says how it ended', async () => {
    const agent = new FakeAgent();
    const store = new Store(agent);
    const twice = [1, 2].map(() => store.run('retry m1', { command: 'retry', meeting: 'm1' }, 'Trying again'));
    expect(store.busy.has('retry m1')).toBe(true);
    await Promise.all(twice);
    expect(agent.count('retry')).toBe(1);
    expect(store.said).toMatchObject({ tone: 'done', text: 'Trying again' });
    agent.script.retry = () => Promise.reject(problem('offline', 'Zoom cannot be reached.'));
    await store.run('retry m1', { command: 'retry', meeting: 'm1' }, 'Trying again');
    expect(store.said).toMatchObject({ tone: 'failed', text: 'Zoom cannot be reached.', hint: 'Do something.' });
    expect(store.busy.size).toBe(0);
  });

  it('P11: knows when the agent is gone, and believes any revision of the next one', async () => {
    const agent = new FakeAgent();
    const store = new Store(agent);
    store.follow();
    await settle();
    agent.handler?.({ event: 'closing' });
    expect(standingOf(store.status, store.connected)).toBe('lost');
    agent.handler?.({ event: 'status', value: status({ revision: 1 }) });
    expect(store.connected).toBe(true);
    await settle();
    expect(agent.count('meetings')).toBe(2);
  });
});

describe('signing in', () => {
  const begin = (agent: FakeAgent) => {
    let n = 0;
    agent.script.sign_in = () => ({ reply: 'sign_in', value: { ticket: `t${++n}`, url: 'https://sign.in/' } });
    const ends: { done: (reply: Reply) => void; fail: (why: unknown) => void }[] = [];
    agent.script.await_sign_in = () => new Promise<Reply>((done, fail) => ends.push({ done, fail }));
    return ends;
  };
  const account = { id: 'a1', service: 'google' as const, name: 'ada', writes_left_today: null, health: { last_attempt: null, last_success: null, problem: null, next_try: null } };

  it('opens the address, waits, and tells the end', async () => {
    const agent = new FakeAgent();
    const ends = begin(agent);
    const store = new Store(agent);
    const signing = new Signing(store);
    void signing.start('google');
    await settle();
    expect(agent.asked).toContainEqual({ command: 'open_link', url: 'https://sign.in/' });
    ends[0]?.done({ reply: 'account', value: account });
    await settle();
    expect(signing.service).toBeNull();
    expect(store.said?.tone).toBe('done');
  });

  it('can be called off without a word of failure', async () => {
    const agent = new FakeAgent();
    const ends = begin(agent);
    const store = new Store(agent);
    const signing = new Signing(store);
    void signing.start('zoom');
    await settle();
    await signing.cancel();
    expect(agent.asked).toContainEqual({ command: 'cancel_sign_in', ticket: 't1' });
    ends[0]?.fail(problem('sign_in_cancelled'));
    await settle();
    expect([signing.service, signing.problem, store.said]).toEqual([null, null, null]);
  });

  it('is called off as well while the agent has not answered yet', async () => {
    const agent = new FakeAgent();
    let answer: (reply: Reply) => void = () => {};
    agent.script.sign_in = () => new Promise<Reply>((done) => (answer = done));
    const signing = new Signing(new Store(agent));
    void signing.start('zoom');
    await settle();
    await signing.cancel();
    answer({ reply: 'sign_in', value: { ticket: 't9', url: 'https://sign.in/' } });
    await settle();
    expect(signing.service).toBeNull();
    expect(signing.begun).toBeNull();
    expect(agent.asked).toContainEqual({ command: 'cancel_sign_in', ticket: 't9' });
    expect(agent.count('open_link')).toBe(0);
  });

  it('says why it did not work, and shows the address when no browser opens', async () => {
    const agent = new FakeAgent();
    const ends = begin(agent);
    agent.script.open_link = () => Promise.reject(problem('internal'));
    const signing = new Signing(new Store(agent));
    void signing.start('google');
    await settle();
    expect(signing.unopened).toBe(true);
    ends[0]?.fail(problem('sign_in_timed_out', 'Nobody finished it.'));
    await settle();
    expect(signing.problem?.code).toBe('sign_in_timed_out');
    expect(signing.service).toBe('google');
  });
});

describe('the state line', () => {
  const now = at('2026-11-24T09:00:00Z');
  const gone = { id: 'a1', service: 'zoom' as const, name: 'x', writes_left_today: null, health: { last_attempt: null, last_success: null, problem: problem('sign_in_again'), next_try: null } };

  it('P11: names a lost grant before anything else that needs the person', () => {
    const value = status({ overall: 'needs_you', accounts: [gone] });
    expect(standingOf(value, true)).toBe('sign_in');
    expect(signInAgain(value)).toBe('zoom');
    expect(standingOf(status({ overall: 'needs_you' }), true)).toBe('needs_you');
    expect(standingOf(null, true)).toBe('loading');
  });

  it('P11: stale data never looks fresh', () => {
    expect(isStale(status({ fresh_as_of: '2026-11-24T08:55:00Z' }), settings(), now)).toBe(false);
    expect(isStale(status({ fresh_as_of: '2026-11-24T08:49:00Z' }), settings(), now)).toBe(true);
    expect(isStale(status({ fresh_as_of: '2026-11-24T10:00:00Z' }), settings(), now)).toBe(true);
    expect(isStale(status({ fresh_as_of: '2026-11-24T08:40:00Z' }), settings({ poll_seconds: 900 }), now)).toBe(false);
  });
});

it('somebody else’s text cannot turn the sentence around it', () => {
  expect(isolate('a\u202Eb\u2069c')).toBe('\u2068abc\u2069');
});
