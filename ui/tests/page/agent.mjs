import { problem } from './worlds.mjs';

const copy = (value) => structuredClone(value);

/** An agent that knows one world, remembers what it was asked, and does what the script says. */
export class ScriptedAgent {
  /** Every command that was not a mere look. */
  pressed = [];
  /** By command: what to do instead of the usual. May throw a problem. */
  script = {};
  #listeners = new Set();

  constructor(world) {
    this.world = world;
  }

  async ask(command) {
    const { world } = this;
    const looks = ['status', 'meetings', 'activity', 'accounts', 'calendars', 'settings'];
    if (!looks.includes(command.command)) this.pressed.push(command);
    const scripted = this.script[command.command];
    if (scripted) return scripted(command);
    if (command.command === 'activity') return { reply: 'activity', value: world.activity.slice(0, command.limit) };
    if (looks.includes(command.command)) return { reply: command.command, value: copy(world[command.command]) };
    if (command.command === 'join_link') return { reply: 'link', value: 'https://zoom.example/j/1' };
    if (command.command === 'sync') {
      return { reply: 'sync', value: { calendars: 1, entries: [], pending: 0, problems: [], needs_you: false } };
    }
    if (command.command === 'change_settings') {
      world.settings = { ...command.settings, fixed: world.settings.fixed };
      return { reply: 'settings', value: copy(world.settings) };
    }
    if (command.command === 'watch') {
      world.calendars.find(({ id }) => id === command.calendar).watched = command.watched;
      return { reply: 'calendars', value: copy(world.calendars) };
    }
    if (command.command === 'format_disk') throw problem('bad_usage', 'No such command.');
    return { reply: 'done' };
  }

  subscribe(send, end) {
    const listener = { send, end };
    this.#listeners.add(listener);
    send({ event: 'status', value: copy(this.world.status) });
    return () => this.#listeners.delete(listener);
  }

  /** Changes the world and tells everybody. */
  change(edit) {
    edit(this.world);
    this.world.status.revision += 1;
    for (const { send } of this.#listeners) send({ event: 'status', value: copy(this.world.status) });
  }

  /** Goes away, as when the process ends. */
  hangUp() {
    for (const { end } of this.#listeners) end();
    this.#listeners.clear();
  }

  /** The commands of one kind that were pressed. */
  of(command) {
    return this.pressed.filter((one) => one.command === command);
  }
}
