import { contextOf } from './clientContext.js';
import type { Conflict } from './engine/ports.js';
import type { TopGunClient } from './TopGunClient.js';
import type { Unsubscribe } from './utils/Listeners.js';

export type { Conflict } from './engine/ports.js';

/** Which conflicts are meant: of one map, of one key of it, or all. */
export interface ConflictFilter {
  readonly map?: string;
  readonly key?: string;
}

/**
 * The journal of what the writes of this device lost, of all its tabs: values that the server rejected, that a newer
 * write of another device replaced, or that were stored otherwise than written; and records, of whomever, that this device had and a
 * server that was put back to an earlier state had not. It outlives reloads.
 *
 * ```ts
 * const journal = conflicts(client);
 * for (const { key, payload, outcome } of journal.list({ map: 'notes' })) console.log(key, outcome, payload);
 * journal.clear({ map: 'notes' });
 * ```
 *
 * At most 256 entries are kept, the newest; of a value beyond 64 KiB the entry says that it was lost, without `payload`.
 * Writes replaced by newer ones of the same device are no conflict, and single writes of a transaction that lose are not
 * told apart. Cheap: there is one journal per device, whoever asks for it.
 */
export function conflicts(client: TopGunClient): ConflictJournal {
  return new ConflictJournal(client);
}

/** Made by `conflicts(client)`. */
export class ConflictJournal {
  readonly #client: TopGunClient;

  constructor(client: TopGunClient) {
    this.#client = client;
  }

  /** Oldest first; empty until the device's store is read (`client.whenReady`). */
  list(filter: ConflictFilter = {}): readonly Conflict[] {
    const { engine } = contextOf(this.#client);
    return [...engine.conflicts()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, conflict]) => {
        return isMeant(filter, conflict) ? [conflict] : [];
      });
  }

  /** Forgets conflicts, in all tabs. Throws `CLIENT_CLOSED`. */
  clear(filter: ConflictFilter = {}): void {
    contextOf(this.#client)
      .writable()
      .clearConflicts((conflict) => isMeant(filter, conflict));
  }

  /** Calls back at most once per tick in which conflicts came or went, in this tab or another one. */
  subscribe(callback: () => void): Unsubscribe {
    return contextOf(this.#client).events.of('conflicts').add(callback);
  }
}

function isMeant({ map, key }: ConflictFilter, conflict: Conflict): boolean {
  return (map === undefined || map === conflict.map) && (key === undefined || key === conflict.key);
}
