import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import type { EventView } from '../../src/api/api';
import Shelf from './Shelf.svelte';
import { FakeAgent, meeting, problem } from './sample';

const NOW = Date.parse('2026-11-24T09:00:00Z');
const event: EventView = {
  calendar: 'c1', calendar_name: 'Ada', event: 'ev1', title: 'Review', start: '2026-11-25T09:00:00Z',
  end: '2026-11-25T10:00:00Z', zone: 'Europe/Berlin', recurring: false,
};

async function unfold(agent: FakeAgent): Promise<void> {
  agent.script.without_meeting = () => ({ reply: 'events', value: [event] });
  const { container } = render(Shelf, { agent, now: NOW });
  expect(agent.asked.map(({ command }) => command)).not.toContain('without_meeting');
  const details = container.querySelector('details');
  if (!details) throw new Error('no list');
  details.open = true;
  await fireEvent(details, new Event('toggle'));
}

describe('events without a meeting', () => {
  it('are asked for when they are unfolded, and get one at a press', async () => {
    const agent = new FakeAgent();
    agent.script.add_meeting = () => ({ reply: 'meeting', value: meeting() });
    await unfold(agent);
    const button = await screen.findByRole('button', { name: 'Add Zoom meeting to Review' });
    await fireEvent.click(button);
    const added = { command: 'add_meeting', calendar: 'c1', event: 'ev1', service: 'zoom' };
    await waitFor(() => expect(agent.asked).toContainEqual(added));
    await waitFor(() => expect(screen.queryByText('Review')).toBeNull());
  });

  it('P11: offer to allow changing events where that is what is missing', async () => {
    const agent = new FakeAgent();
    agent.script.add_meeting = () => {
      throw problem('missing_scope', 'Reconvene may only read your calendar so far.');
    };
    await unfold(agent);
    await fireEvent.click(await screen.findByRole('button', { name: 'Add Zoom meeting to Review' }));
    await fireEvent.click(await screen.findByRole('button', { name: 'Allow changing events' }));
    await waitFor(() => expect(agent.asked).toContainEqual({ command: 'sign_in', service: 'google', write: true }));
    expect(screen.getByText('Review')).toBeTruthy();
  });
});
