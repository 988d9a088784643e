import { createContext } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import type {
  AccountView, ActivityEntry, CalendarView, Command, Event, MeetingView, Problem, Reply, SettingsView, Status,
} from '../api/api';
import { asProblem, askFor, type Agent } from '../agent/agent';

/** How many activity entries are asked for at first, and each time more are wanted. */
const PAGE = 100;

/** Several changes within this time make one refresh. */
const GATHER_MS = 60;

/** What came of something the person did, for the line that is read out. */
export interface Said {
  readonly tone: 'done' | 'failed';
  readonly text: string;
  readonly hint: string;
  /** Makes the same sentence, said twice, be read twice. */
  readonly turn: number;
}

/**
 * Everything that the page shows, as the agent last told it. The page keeps no truth of its own: it asks for a snapshot,
 * and asks again when the agent says that the revision has changed. What was known stays when asking fails.
 */
export class Store {
  status = $state.raw<Status | null>(null);
  meetings = $state.raw<readonly MeetingView[] | null>(null);
  activity = $state.raw<readonly ActivityEntry[] | null>(null);
  accounts = $state.raw<readonly AccountView[] | null>(null);
  calendars = $state.raw<readonly CalendarView[] | null>(null);
  settings = $state.raw<SettingsView | null>(null);

  /** Why the last refresh did not bring everything; none as soon as one does. */
  problem = $state.raw<Problem | null>(null);
  /** Whether the agent can be heard. */
  connected = $state(true);
  /** Whether every part has come at least once. */
  readonly complete = $derived(
    [this.status, this.meetings, this.activity, this.accounts, this.calendars, this.settings].every((part) => part !== null),
  );
  /** What is under way, by the name its button gave it. */
  readonly busy = new SvelteSet<string>();
  /** The last result. */
  said = $state.raw<Said | null>(null);
  /** Whether the log holds more than is shown. */
  moreActivity = $state(false);

  readonly agent: Agent;
  #limit = PAGE;
  #refreshing: Promise<void> | null = null;
  #again = false;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;

  constructor(agent: Agent) {
    this.agent = agent;
  }

  /** Takes the first snapshot and follows the agent. The answer ends that. */
  follow(): () => void {
    const unlisten = this.agent.listen((event) => this.#hear(event));
    void this.refresh();
    return () => {
      unlisten();
      clearTimeout(this.#gathering);
    };
  }

  /** Asks for everything again. While that runs, further wishes make one more round and no more. */
  refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#rounds().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Shows further entries of the log. */
  olderActivity(): Promise<void> {
    this.#limit += PAGE;
    return this.refresh();
  }

  /**
   * Sends a command for the person and says how it ended. `name` marks what is busy meanwhile; pressed twice, it is
   * sent once.
   */
  async run(name: string, command: Command, done: string): Promise<Reply | null> {
    if (this.busy.has(name)) return null;
    this.busy.add(name);
    try {
      const reply = await this.agent.ask(command);
      if (done) this.say('done', done);
      await this.refresh();
      return reply;
    } catch (thrown) {
      this.fail(thrown);
      return null;
    } finally {
      this.busy.delete(name);
    }
  }

  say(tone: Said['tone'], text: string, hint = ''): void {
    this.said = { tone, text, hint, turn: ++this.#turn };
  }

  fail(thrown: unknown): void {
    const problem = asProblem(thrown);
    this.say('failed', problem.message, problem.hint);
  }

  #hear(event: Event): void {
    if (event.event === 'closing') this.connected = false;
    if (event.event !== 'status') return;
    // Revisions begin anew with the agent, so after a silence any number may be news.
    const news = !this.connected || event.value.revision !== this.status?.revision;
    this.connected = true;
    if (!news) return;
    this.status = event.value;
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => void this.refresh(), GATHER_MS);
  }

  async #rounds(): Promise<void> {
    do {
      this.#again = false;
      await this.#round();
    } while (this.#again);
  }

  /** Each part is asked for by itself: one that fails leaves the others, and its own last value, as they are. */
  async #round(): Promise<void> {
    const { agent } = this;
    const limit = this.#limit;
    const ended = await Promise.allSettled([
      askFor(agent, 'status', { command: 'status' }).then((value) => (this.status = value)),
      askFor(agent, 'meetings', { command: 'meetings' }).then((value) => (this.meetings = value)),
      askFor(agent, 'activity', { command: 'activity', limit: limit + 1, before: null }).then((value) => {
        this.activity = value.slice(0, limit);
        this.moreActivity = value.length > limit;
      }),
      askFor(agent, 'accounts', { command: 'accounts' }).then((value) => (this.accounts = value)),
      askFor(agent, 'calendars', { command: 'calendars' }).then((value) => (this.calendars = value)),
      askFor(agent, 'settings', { command: 'settings' }).then((value) => (this.settings = value)),
    ]);
    const failed = ended.find((end) => end.status === 'rejected');
    this.problem = failed ? asProblem(failed.reason) : null;
  }
}

/** The store of the page, for every component below the root. */
export const [useStore, provideStore] = createContext<Store>();
