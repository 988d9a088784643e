import type { ActivityEntry, CalendarView, Event, MeetingView, Problem, SettingsView, Status, Reply, Command } from '../../src/api/api';
import type { Agent } from '../../src/agent/agent';

export const problem = (code: Problem['code'] = 'refused', message = 'Zoom refused the change.'): Problem => ({
  code, message, hint: 'Do something.', retryable: false,
});

export const meeting = (more: Partial<MeetingView> = {}): MeetingView => ({
  id: 'm1', title: 'Stand-up', start: '2026-11-24T09:30:00Z', end: '2026-11-24T10:00:00Z', zone: 'Europe/Berlin',
  recurring: false, calendar: 'c1', calendar_name: 'Ada', conference: 'Zoom', number: null, bonded: true, state: 'in_step',
  reason: '', differences: [], moved_from: null, planned: null, problem: null, seen: null, can_join: true,
  remedies: [], ...more,
});

export const entry = (more: Partial<ActivityEntry> = {}): ActivityEntry => ({
  id: 'e1', at: '2026-11-24T09:00:00Z', meeting: 'm1', title: 'Stand-up', service: 'zoom', outcome: 'updated',
  changes: [], problem: null, answer: null, attempts: 1, next_try: null, remedies: [], undone: false, ...more,
});

export const calendar = (more: Partial<CalendarView> = {}): CalendarView => ({
  id: 'c1', account: 'a1', google_id: 'x', name: 'Ada', zone: 'Europe/Berlin', access: 'owner', primary: true,
  watched: true, available: true, conferences: 1,
  health: { last_attempt: null, last_success: null, problem: null, next_try: null }, ...more,
});

export const settings = (more: Partial<SettingsView> = {}): SettingsView => ({
  carry_title: true, carry_time: true, poll_seconds: 60, delete_grace_seconds: 120, mass_delete_limit: 5,
  ask_on_drift: false, preview: false, notify: true, request_word: '',
  fixed: [], ...more,
});

export const status = (more: Partial<Status> = {}): Status => ({
  revision: 1, overall: 'in_step', fresh_as_of: '2026-11-24T09:00:00Z',
  counts: { in_step: 0, updating: 0, held: 0, out_of_step: 0, watched_only: 0, failed: 0 }, next: null, recent: [],
  accounts: [], calendars: [], problems: [], held: [], asking: [], preview: false, ...more,
});

/** An agent in the same process. What it answers can be replaced command by command. */
export class FakeAgent implements Agent {
  asked: Command[] = [];
  handler: ((event: Event) => void) | null = null;
  script: Partial<Record<Command['command'], (command: Command) => Reply | Promise<Reply>>> = {};

  readonly #usual: Partial<Record<Command['command'], () => Reply>> = {
    status: () => ({ reply: 'status', value: status() }),
    meetings: () => ({ reply: 'meetings', value: [meeting()] }),
    activity: () => ({ reply: 'activity', value: [entry()] }),
    accounts: () => ({ reply: 'accounts', value: [] }),
    calendars: () => ({ reply: 'calendars', value: [] }),
    settings: () => ({ reply: 'settings', value: settings() }),
  };

  async ask(command: Command): Promise<Reply> {
    this.asked.push(command);
    const answer = this.script[command.command] ?? this.#usual[command.command];
    return answer ? answer(command) : { reply: 'done' };
  }

  listen(handler: (event: Event) => void): () => void {
    this.handler = handler;
    return () => (this.handler = null);
  }

  count(command: Command['command']): number {
    return this.asked.filter((one) => one.command === command).length;
  }
}
