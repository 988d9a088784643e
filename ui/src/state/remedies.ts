import type { ActivityEntry, MeetingView, Remedy, Service } from '../api/api';
import { isolate } from '../frame/isolate';
import { words } from '../words';
import type { Signing } from './signing.svelte';
import type { Store } from './store.svelte';

/** What a remedy is pressed on: a meeting or a line of the log. */
export interface Patient {
  readonly meeting: string | null;
  /** The line of the log, when it is one. */
  readonly entry: string | null;
  readonly title: string;
  /** Whose sign-in would help. */
  readonly service: Service;
}

export const ofMeeting = (meeting: MeetingView): Patient => ({
  meeting: meeting.id,
  entry: null,
  title: meeting.title,
  service: 'zoom',
});

export const ofEntry = (entry: ActivityEntry): Patient => ({
  meeting: entry.meeting,
  entry: entry.id,
  title: entry.title,
  service: entry.service,
});

/** The name under which a remedy is busy. */
export const busyName = (remedy: Remedy, patient: Patient): string => `${remedy} ${patient.meeting ?? patient.service}`;

/** Does what was pressed. Without a meeting, trying again means reading the calendars again. */
export function apply(remedy: Remedy, patient: Patient, store: Store, signing: Signing): Promise<unknown> {
  const name = busyName(remedy, patient);
  const { meeting } = patient;
  if (remedy === 'permit') {
    location.hash = 'accounts';
    return signing.start('google', true);
  }
  if (remedy === 'sign_in') {
    // There the sign-in can be followed and called off.
    location.hash = 'accounts';
    return signing.start(patient.service);
  }
  if (meeting === null) return store.run(name, { command: 'sync', calendar: null, meetings: false }, words.said.synced);
  switch (remedy) {
    case 'retry':
      return store.run(name, { command: 'retry', meeting }, words.said.retried(isolate(patient.title || words.untitled)));
    case 'ignore':
      return store.run(name, { command: 'ignore', meeting }, words.said.ignored(isolate(patient.title || words.untitled)));
    case 'fix':
      return store.run(name, { command: 'approve', meetings: [meeting] }, words.said.fixing(1));
    case 'recreate':
      return store.run(name, { command: 'recreate', meeting }, words.said.recreated(isolate(patient.title || words.untitled)));
    case 'approve':
      return store.run(name, { command: 'approve', meetings: [meeting] }, words.said.approved(1));
    case 'bond':
      return store.run(name, { command: 'bond', meeting }, words.said.bonded(isolate(patient.title || words.untitled)));
    case 'undo':
      return undo(name, patient.entry ?? meeting, patient.title, store);
  }
}

/** Lets a meeting go its own way. */
export function unbond(meeting: MeetingView, store: Store): Promise<unknown> {
  const said = words.said.unbonded(isolate(meeting.title || words.untitled));
  return store.run(`unbond ${meeting.id}`, { command: 'unbond', meeting: meeting.id }, said);
}

/** What came of it is known only with the answer, which is none when it has to wait. */
async function undo(name: string, what: string, title: string, store: Store): Promise<void> {
  const reply = await store.run(name, { command: 'undo', what }, '');
  if (reply?.reply !== 'activity') return;
  const shown = isolate(title || words.untitled);
  const told = reply.value.at(-1);
  if (told?.outcome === 'undone') store.say('done', words.said.undone(shown));
  else if (told?.outcome === 'refused') store.say('failed', told.problem?.message ?? words.outcome.refused, told.problem?.hint);
  else store.say('done', words.said.undoing(shown));
}

/** The remedies that can be carried out: leaving be and deleting need a meeting. */
export const open = (remedies: readonly Remedy[], meeting: string | null): Remedy[] =>
  remedies.filter((remedy) => meeting !== null || ['retry', 'sign_in', 'permit'].includes(remedy));

/** What is written on the button. */
export const nameOf = (remedy: Remedy, keeps: boolean): string =>
  remedy === 'ignore' && keeps ? words.keep : words.remedy[remedy];
