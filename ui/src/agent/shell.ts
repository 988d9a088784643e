import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Event, Reply } from '../api/api';
import type { Agent } from './agent';

/** Through the desktop shell, which holds the connection to the agent. */
export const shellAgent: Agent = {
  ask: (command) => invoke<Reply>('ask', { request: command }),

  listen(handler) {
    const ending = listen<Event>('agent', (message) => handler(message.payload));
    return () => void ending.then((end) => end());
  },
};

/** Whether the page runs inside the desktop shell. */
export const inShell = (): boolean => '__TAURI_INTERNALS__' in window;
