import type { Outcome, Remedy, Service, Verdict } from './api/api';
import type { MeetingState } from './api/api';

/**
 * Every sentence of the window. A second language is a second value of type {@link Words}; whatever is not a sentence
 * (dates, clocks, sort orders) follows the system's locale instead.
 */
const english = {
  /** For the rules of plurals and relative times. */
  language: 'en',

  places: { meetings: 'Meetings', activity: 'Activity', accounts: 'Accounts', settings: 'Settings' },
  nav: 'Places',
  service: { google: 'Google Calendar', zoom: 'Zoom' } satisfies Record<Service, string>,

  when: {
    today: 'Today',
    tomorrow: 'Tomorrow',
    yesterday: 'Yesterday',
    justNow: 'just now',
    inAMoment: 'in a moment',
    allDay: 'All day',
    elsewhere: (time: string, city: string) => `${time} in ${city}`,
    minutes: (n: number) => `${n} min`,
    hours: (n: number) => `${n} h`,
  },

  standing: {
    loading: 'Loading',
    lost: 'Reconvene is not answering',
    sign_in: 'Sign in again',
    not_set_up: 'Not set up yet',
    in_step: 'In step',
    syncing: 'Syncing',
    needs_you: 'Needs you',
    paused: 'Paused',
    offline: 'Offline',
    label: 'State',
    asOf: (age: string) => `As of ${age}`,
    never: 'No calendar read yet',
    sync: 'Sync now',
    pause: 'Pause syncing',
    resume: 'Resume syncing',
    problem: 'Problem',
    more: (n: number) => (n === 1 ? '1 more problem' : `${n} more problems`),
  },

  state: {
    in_step: 'In step',
    updating: 'Updating',
    deleting: 'Deleting',
    held: 'Held',
    out_of_step: 'Out of step',
    watched_only: 'Watched only',
    nothing_to_sync: 'Nothing to sync',
    failed: 'Failed',
  } satisfies Record<MeetingState, string>,

  meetings: {
    deletingAt: (time: string) => `Deleting at ${time}`,
    tried: (n: number, next: string) =>
      `${n === 1 ? 'Tried once' : n === 2 ? 'Tried twice' : `Tried ${n} times`}, next try ${next}.`,
    join: 'Join',
    joinLabel: (title: string) => `Join ${title}`,
    seen: (age: string) => `Last checked ${age}.`,
    moved: (from: string, to: string) => `Moved from ${from} to ${to}`,
    toMove: (from: string, to: string) => `Still at ${from}; belongs at ${to}`,
    past: (n: number) => `Earlier (${n})`,
    more: (n: number) => `Show ${n} more`,
    summary: {
      in_step: (n: number) => `${n} in step`,
      updating: (n: number) => `${n} updating`,
      held: (n: number) => `${n} held`,
      out_of_step: (n: number) => `${n} out of step`,
      failed: (n: number) => `${n} failed`,
      watched_only: (n: number) => `${n} watched only`,
    },
    empty: 'No meetings coming up',
    emptyWhy: 'Meetings on your watched calendars appear here as soon as an event has one.',
    unset: 'Nothing is connected yet',
    unsetWhy: 'Connect your calendar and Zoom, and Reconvene keeps them in step.',
    setUp: 'Set up',
  },

  held: {
    title: (n: number) => (n === 1 ? '1 deletion is held' : `${n} deletions are held`),
    why: 'More events than usual went away at once. These meetings are deleted only if you say so.',
    unknown: (id: string) => `Meeting ${id}`,
    approve: (n: number) => (n === 1 ? 'Delete the meeting' : `Delete all ${n} meetings`),
    refuse: (n: number) => (n === 1 ? 'Keep it' : 'Keep them all'),
    more: (n: number) => `And ${n} more`,
  },

  outcome: {
    in_step: 'In step already',
    updated: 'Updated',
    deleted: 'Deleted',
    kept: 'Left as it is',
    refused: 'Refused',
    waiting: 'Waiting to try again',
    needs_you: 'Needs you',
  } satisfies Record<Outcome, string>,

  remedy: {
    retry: 'Try again',
    ignore: 'Leave as it is',
    approve: 'Delete the meeting',
    sign_in: 'Sign in again',
  } satisfies Record<Remedy, string>,
  /** `ignore`, where otherwise the meeting would be deleted. */
  keep: 'Keep the meeting',
  remedyLabel: (remedy: string, title: string) => `${remedy}: ${title}`,

  activity: {
    filter: 'Show',
    sieve: { all: 'All', needs_you: 'Needs you', failures: 'Failures', changes: 'Changes' },
    search: 'Search activity',
    found: (n: number) => (n === 1 ? '1 entry' : `${n} entries`),
    older: 'Show older',
    empty: 'Nothing has happened yet',
    emptyWhy: 'What Reconvene changes, and what goes wrong, is written down here.',
    none: 'Nothing matches',
    noneWhy: 'Try another filter or fewer words.',
    clear: 'Show everything',
    field: { topic: 'Title', start: 'Start', duration: 'Length', zone: 'Time zone' },
    changes: 'What changed',
    column: 'Property',
    before: 'Before',
    after: 'After',
    /** What was done, in a few words after the outcome. */
    done: {
      topic: () => 'renamed',
      start: (to: string) => `moved to ${to}`,
      duration: (to: string) => `now ${to}`,
      zone: (to: string) => `now in ${to}`,
    },
    /** The same while it has not been done. */
    wanted: {
      topic: () => 'to rename',
      start: (to: string) => `to move to ${to}`,
      duration: (to: string) => `to make ${to}`,
      zone: (to: string) => `to put in ${to}`,
    },
    answer: (service: string) => `What ${service} said`,
    status: (status: number, code: string | null) => (code === null ? `HTTP ${status}` : `HTTP ${status}, code ${code}`),
    attempts: 'Attempts',
    nextTry: 'Next try',
    at: 'When',
  },

  accounts: {
    google: 'Calendars come from',
    provider: 'Meetings live at',
    connect: (service: string) => `Connect ${service}`,
    another: 'Add another account',
    anotherLabel: (service: string) => `Add another account at ${service}`,
    none: { google: 'No Google account yet.', zoom: 'No Zoom account yet.' },
    signOut: 'Sign out',
    signOutLabel: (name: string) => `Sign out ${name}`,
    signOutTitle: (name: string) => `Sign out ${name}?`,
    signOutWhat: {
      google:
        'Reconvene gives its access back, forgets this account and stops watching its calendars. ' +
        'Your events and your meetings stay as they are.',
      zoom:
        'Reconvene gives its access back and forgets this account. Its meetings stay as they are, ' +
        'but no longer follow the calendar.',
    } satisfies Record<Service, string>,
    calendarsOf: (name: string) => `Calendars of ${name}`,
    noCalendars: 'No calendars found in this account.',
    primary: 'Main',
    readOnly: 'Read only',
    busyOnly: 'Busy times only: cannot be watched',
    unavailable: 'Not available any more',
    conferences: (n: number) => (n === 1 ? '1 meeting' : `${n} meetings`),
    health: {
      good: 'Working',
      bad: 'Not working',
      unknown: 'Not tried yet',
      lastSuccess: 'Last success',
      lastAttempt: 'Last attempt',
      nextTry: 'Next try',
      never: 'never',
    },
  },

  signIn: {
    asking: (service: string) => `Preparing to sign in to ${service}`,
    waiting: (service: string) => `Finish signing in to ${service} in your browser`,
    why: 'A page has been opened there. Reconvene never sees your password.',
    unopened: 'No browser could be opened. Copy this address into one:',
    address: 'If no page opened, copy this address into a browser:',
    copy: 'Copy',
    copied: 'Address copied',
    openAgain: 'Open again',
    cancel: 'Cancel',
    failed: (service: string) => `Signing in to ${service} did not work`,
    again: 'Try again',
    close: 'Close',
    done: (service: string, name: string) => `Signed in to ${service} as ${name}`,
  },

  settings: {
    carry: 'What is carried over',
    carry_title: 'Title',
    carry_titleWhy: 'Renaming the event renames the meeting.',
    carry_time: 'Time',
    carry_timeWhy: 'Moving the event moves the meeting: start, length and time zone.',
    pace: 'Pace and care',
    poll_seconds: 'Look at the calendar every',
    poll_secondsWhy: 'Rarer when the machine is idle or on battery.',
    delete_grace_seconds: 'Wait before deleting',
    delete_grace_secondsWhy: 'Time to bring a cancelled event back before its meeting goes.',
    mass_delete_limit: 'Ask before deleting more than',
    mass_delete_limitWhy: 'Meetings at once. Beyond that, all are held until you agree.',
    tell: 'Notifications',
    notify: 'Tell me about failures',
    notifyWhy: 'With a notification on the desktop.',
    fixed: 'Set in config.toml',
    saved: 'Saved',
    seconds: (n: number) => (n === 1 ? '1 second' : `${n} seconds`),
    minutes: (n: number) => (n === 1 ? '1 minute' : `${n} minutes`),
    hours: (n: number) => (n === 1 ? '1 hour' : `${n} hours`),
    atOnce: 'Do not wait',
    checks: 'Checks',
    checksWhy: 'What Reconvene stands on: keyring, network, tray, accounts.',
    runChecks: 'Run checks',
    verdict: { works: 'Works', attention: 'Attention', broken: 'Broken' } satisfies Record<Verdict, string>,
  },

  start: {
    title: 'Welcome to Reconvene',
    lead: 'Move, rename or cancel an event in Google Calendar, and its Zoom meeting follows.',
    steps: 'Steps',
    stepNames: { google: 'Calendar', calendars: 'Choose', provider: 'Zoom', found: 'Look' },
    step: (n: number, of: number) => `Step ${n} of ${of}`,
    google: 'Connect Google Calendar',
    googleWhy: 'Reconvene reads your calendars to see what has moved. Nothing in them is changed.',
    calendars: 'Choose calendars',
    calendarsWhy: 'Tick the ones whose meetings are to follow. You can change this at any time.',
    calendarsNext: 'Continue',
    provider: 'Connect Zoom',
    providerWhy: 'So that Reconvene can move, rename and delete the meetings that you host.',
    found: 'This is what was found',
    looking: 'Looking at your calendars',
    foundNone: 'No upcoming event has a meeting yet. When one does, it appears by itself.',
    foundAll: (n: number) => (n === 1 ? 'One upcoming meeting' : `${n} upcoming meetings`),
    done: 'Show my meetings',
    later: 'Set up later',
  },

  said: {
    synced: 'Synced',
    paused: 'Paused. Nothing is read or changed until you resume.',
    resumed: 'Resumed',
    retried: (title: string) => `Trying again: ${title}`,
    ignored: (title: string) => `Left as it is: ${title}`,
    approved: (n: number) => (n === 1 ? 'The meeting is being deleted' : `${n} meetings are being deleted`),
    refused: (n: number) => (n === 1 ? 'The meeting stays' : `${n} meetings stay`),
    signedOut: (name: string) => `Signed out ${name}`,
    watching: (name: string) => `Watching ${name}`,
    unwatched: (name: string) => `No longer watching ${name}`,
    joined: 'Opening the meeting',
    close: 'Dismiss',
  },

  agent: {
    noAnswer: 'Reconvene is not answering.',
    noAnswerHint: 'What you see is what was last known.',
    strangeAnswer: 'Reconvene answered something else than was asked.',
    loading: 'Loading',
    failed: 'This could not be loaded',
    again: 'Try again',
  },

  untitled: 'Untitled',
  cancel: 'Cancel',
};

export type Words = typeof english;

export const words: Words = english;
