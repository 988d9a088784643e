import type { Command, Event, Problem, Reply } from '../api/api';
import { words } from '../words';

/** Ends a [`Agent.listen`]. */
export type Unlisten = () => void;

/**
 * All that the page knows of the world. One implementation goes through the desktop shell, the other over HTTP, so
 * that the same page can be driven in an ordinary browser against the real agent.
 */
export interface Agent {
  /** Rejects with a {@link Problem}. */
  ask(command: Command): Promise<Reply>;
  /** `closing` is also said when the way to the agent is lost; a `status` afterwards means that it is back. */
  listen(handler: (event: Event) => void): Unlisten;
}

/** The value of a reply of one kind. */
export type ValueOf<K extends Reply['reply']> =
  Extract<Reply, { reply: K }> extends { value: infer V } ? V : undefined;

/** Asks and insists on the kind of reply that the command is documented to have. */
export async function askFor<K extends Reply['reply']>(agent: Agent, kind: K, command: Command): Promise<ValueOf<K>> {
  const reply = await agent.ask(command);
  if (reply.reply !== kind) throw lost(words.agent.strangeAnswer);
  return ('value' in reply ? reply.value : undefined) as ValueOf<K>;
}

/** Whatever was thrown, as a problem that can be shown. */
export function asProblem(thrown: unknown): Problem {
  if (isProblem(thrown)) return thrown;
  return lost(words.agent.noAnswer);
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' && value !== null && 'code' in value && 'message' in value && 'hint' in value
  );
}

function lost(message: string): Problem {
  return { code: 'internal', message, hint: words.agent.noAnswerHint, retryable: true };
}
