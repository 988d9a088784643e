import { render, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import type { MeetingState, MeetingView } from '../../src/api/api';
import { words } from '../../src/words';
import { FakeAgent, meeting, problem } from './sample';
import Stage from './Stage.svelte';

const NOW = Date.parse('2026-11-24T09:00:00Z');
const show = (view: MeetingView) => render(Stage, { agent: new FakeAgent(), meeting: view, now: NOW });

describe('one meeting', () => {
  it.each(Object.keys(words.state) as MeetingState[])('%s has a shape, a word and a reason', (state) => {
    const { container } = show(meeting({ state, reason: 'Because of this.' }));
    expect(container.querySelector('.mark svg')).not.toBeNull();
    expect(container.querySelector('.mark')?.textContent).toBe(words.state[state]);
    if (state !== 'in_step') expect(screen.getByText('Because of this.')).toBeTruthy();
  });

  it('says when it will be deleted', () => {
    show(meeting({ state: 'deleting', planned: { action: 'delete', due: '2026-11-24T09:02:00Z', attempts: 0 }, remedies: ['ignore'] }));
    expect(screen.getByText(/Deleting at \d/u)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Keep the meeting: Stand-up' })).toBeTruthy();
  });

  it('P11: shows what went wrong, how often it was tried and what happens next', () => {
    show(meeting({
      state: 'updating', problem: problem('rate_limited', 'Zoom asks to slow down.'),
      planned: { action: 'update', due: '2026-11-24T09:03:00Z', attempts: 2 }, seen: '2026-11-24T08:58:00Z',
    }));
    expect(screen.getByText('Zoom asks to slow down.')).toBeTruthy();
    expect(screen.getByText(/Tried twice, next try in 3 minutes\. Last checked 2 minutes ago\./u)).toBeTruthy();
  });

  it('shows a hostile title as text, isolated', () => {
    const title = '<img src=x onerror="window.pwned=1">\u202Egnp.exe';
    const { container } = show(meeting({ title }));
    expect(container.querySelector('img')).toBeNull();
    expect(container.querySelector('h3 bdi')?.textContent).toBe(title);
  });

  it('offers no Join where nothing can be joined', () => {
    show(meeting({ can_join: false }));
    expect(screen.queryByRole('button', { name: /Join/u })).toBeNull();
  });

  it('gives an event without a title a name', () => {
    show(meeting({ title: '' }));
    expect(screen.getByRole('button', { name: 'Join Untitled' })).toBeTruthy();
  });
});
