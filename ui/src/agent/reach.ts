import type { Agent } from './agent';
import { httpAgent } from './http';
import { inShell, shellAgent } from './shell';

/** The way to the agent from where the page finds itself. */
export const reachAgent = (): Agent => (inShell() ? shellAgent : httpAgent);
