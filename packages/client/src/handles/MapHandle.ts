import type { ChangedKeys } from '../AppEvents.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import type { HandleContext } from './HandleContext.js';

/** What maps of both kinds have in common for the app: name, keys, size, listeners. `Entry` is what one key holds. */
export abstract class MapHandle<Entry> {
  readonly name: string;
  protected readonly context: HandleContext;

  constructor(name: string, context: HandleContext) {
    this.name = name;
    this.context = context;
  }

  /** Live keys and what they hold; the same array until the map changes. */
  abstract entries(): readonly (readonly [key: string, held: Entry])[];

  keys(): readonly string[] {
    return this.entries().map(([key]) => key);
  }

  /** Number of live keys. */
  get size(): number {
    return this.entries().length;
  }

  /** Calls back with the changed keys, once per tick in which something visible changed, whoever changed it. */
  subscribe(callback: (keys: ChangedKeys) => void): Unsubscribe {
    return this.context.events.of(`map ${this.name}`).add(callback);
  }

  /** The same as `subscribe`. */
  onChange(callback: (keys: ChangedKeys) => void): Unsubscribe {
    return this.subscribe(callback);
  }

  /** Whether the server's state of this map is complete on this device. */
  get isSynced(): boolean {
    return this.context.engine.isSynced(this.name);
  }
}
