import { createContext } from 'svelte';
import type { Problem, Service, SignIn } from '../api/api';
import { asProblem, askFor } from '../agent/agent';
import { words } from '../words';
import type { Store } from './store.svelte';

/** One sign-in at a time: the agent's loopback page serves one, and so does the person. */
export class Signing {
  /** Where to, while one is under way or has just failed. */
  service = $state<Service | null>(null);
  /** The begun sign-in, once the agent has answered. */
  begun = $state.raw<SignIn | null>(null);
  /** Whether the system's browser could not be asked. */
  unopened = $state(false);
  /** Why it did not end well. */
  problem = $state.raw<Problem | null>(null);

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(service: Service): Promise<void> {
    if (this.begun) await this.cancel();
    this.service = service;
    this.problem = null;
    this.unopened = false;
    const { agent } = this.#store;
    let begun: SignIn | null = null;
    try {
      begun = await askFor(agent, 'sign_in', { command: 'sign_in', service });
      this.begun = begun;
      void this.open();
      const account = await askFor(agent, 'account', { command: 'await_sign_in', ticket: begun.ticket });
      if (this.#is(begun)) this.#clear();
      this.#store.say('done', words.signIn.done(words.service[account.service], account.name));
      await this.#store.refresh();
    } catch (thrown) {
      // Called off by the person, or overtaken by another one: nothing to tell.
      if (begun && !this.#is(begun)) return;
      this.begun = null;
      const problem = asProblem(thrown);
      if (problem.code === 'sign_in_cancelled') this.#clear();
      else this.problem = problem;
    }
  }

  /** Asks the system's browser once more. */
  async open(): Promise<void> {
    if (!this.begun) return;
    try {
      await this.#store.agent.ask({ command: 'open_link', url: this.begun.url });
      this.unopened = false;
    } catch {
      this.unopened = true;
    }
  }

  /** Calls it off. What was signed in before stays. */
  async cancel(): Promise<void> {
    const ticket = this.begun?.ticket;
    this.#clear();
    if (ticket === undefined) return;
    try {
      await this.#store.agent.ask({ command: 'cancel_sign_in', ticket });
    } catch {
      // It has ended already, which is what was wanted.
    }
  }

  #is(begun: SignIn): boolean {
    return this.begun?.ticket === begun.ticket;
  }

  #clear(): void {
    this.service = null;
    this.begun = null;
    this.problem = null;
    this.unopened = false;
  }
}

/** The sign-in of the page, for every component below the root. */
export const [useSigning, provideSigning] = createContext<Signing>();
