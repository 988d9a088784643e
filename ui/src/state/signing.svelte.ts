import { createContext } from 'svelte';
import type { Problem, Service, SignIn } from '../api/api';
import { asProblem, askFor } from '../agent/agent';
import { isolate } from '../frame/isolate';
import { words } from '../words';
import type { Store } from './store.svelte';

/** One sign-in at a time: the agent's loopback page serves one, and so does the person. */
export class Signing {
  /** Where to, while one is under way or has just failed. */
  service = $state<Service | null>(null);
  /** Whether it also asks for the right to change events. */
  write = $state(false);
  /** The begun sign-in, once the agent has answered. */
  begun = $state.raw<SignIn | null>(null);
  /** Whether the system's browser could not be asked. */
  unopened = $state(false);
  /** Why it did not end well. */
  problem = $state.raw<Problem | null>(null);

  readonly #store: Store;
  /** Which sign-in is the present one: an answer to an earlier one has nothing to say any more. */
  #attempt = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(service: Service, write = false): Promise<void> {
    await this.cancel();
    const attempt = this.#attempt;
    const { agent } = this.#store;
    this.service = service;
    this.write = write;
    try {
      const begun = await askFor(agent, 'sign_in', { command: 'sign_in', service, write });
      if (attempt !== this.#attempt) {
        await this.#callOff(begun.ticket);
        return;
      }
      this.begun = begun;
      void this.open();
      const account = await askFor(agent, 'account', { command: 'await_sign_in', ticket: begun.ticket });
      if (attempt === this.#attempt) this.#clear();
      this.#store.say('done', words.signIn.done(words.service[account.service], isolate(account.name)));
      await this.#store.refresh();
    } catch (thrown) {
      if (attempt !== this.#attempt) return;
      const problem = asProblem(thrown);
      if (problem.code === 'sign_in_cancelled') {
        this.#clear();
      } else {
        this.begun = null;
        this.problem = problem;
      }
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
    if (ticket !== undefined) await this.#callOff(ticket);
  }

  async #callOff(ticket: string): Promise<void> {
    try {
      await this.#store.agent.ask({ command: 'cancel_sign_in', ticket });
    } catch {
      // It has ended already, which is what was wanted.
    }
  }

  #clear(): void {
    this.#attempt += 1;
    this.service = null;
    this.begun = null;
    this.problem = null;
    this.unopened = false;
  }
}

/** The sign-in of the page, for every component below the root. */
export const [useSigning, provideSigning] = createContext<Signing>();
