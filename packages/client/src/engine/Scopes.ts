import type { ErrorMessage, ServerMessage } from '@topgun/protocol';
import type { ReplicaMap } from './ReplicaMap.js';
import { Scope, type ScopePorts } from './Scope.js';
import { isRetriable } from './wireErrors.js';

/** The whole-map scopes that this connection keeps for all realms of the store. */
export class Scopes {
  readonly #byMap = new Map<string, Scope>();
  readonly #ports: ScopePorts;
  #isOpen = false;

  constructor(ports: ScopePorts) {
    this.#ports = ports;
  }

  get(map: string): Scope | undefined {
    return this.#byMap.get(map);
  }

  /** Every scope is complete, or refused for good. */
  get isSettled(): boolean {
    return [...this.#byMap.values()].every((scope) => scope.isComplete || scope.isRefused);
  }

  get complete(): readonly string[] {
    return [...this.#byMap].flatMap(([map, scope]) => (scope.isComplete ? [map] : []));
  }

  /** Monotone ms of the oldest request without answer. */
  get waitingSinceMs(): number | undefined {
    const since = [...this.#byMap.values()].flatMap((scope) => scope.waitingSinceMs ?? []);
    return since.length > 0 ? Math.min(...since) : undefined;
  }

  /** Keeps scopes on exactly these maps. */
  want(maps: readonly ReplicaMap[]): void {
    const wanted = new Map(maps.map((map) => [map.name, map]));
    for (const [name, scope] of this.#byMap) {
      if (wanted.get(name) === scope.map) continue;
      scope.close();
      this.#byMap.delete(name);
      if (this.#isOpen) this.#ports.send({ type: 'SYNC_END', map: name });
    }
    for (const [name, map] of wanted) {
      if (this.#byMap.has(name)) continue;
      const scope = new Scope(map, this.#ports);
      this.#byMap.set(name, scope);
      if (this.#isOpen) scope.init();
    }
  }

  open(): void {
    this.#isOpen = true;
    for (const scope of this.#byMap.values()) scope.init();
  }

  close(): void {
    this.#isOpen = false;
    for (const scope of this.#byMap.values()) scope.close();
  }

  /** Starts over, for example after RESYNC. */
  restart(map: string): void {
    const scope = this.#byMap.get(map);
    if (this.#isOpen && scope && !scope.isRefused) scope.init();
  }

  receive(message: ServerMessage): void {
    switch (message.type) {
      case 'SYNC_ROOT':
        return this.get(message.map)?.root(message);
      case 'MERKLE_RESP':
        return this.get(message.map)?.merkle(message);
      case 'ROWS_RESP':
        return this.get(message.map)?.rows(message);
      case 'SERVER_EVENT':
        return this.get(message.map)?.event(message);
      case 'GC_PRUNE':
        for (const [pid, epoch, n] of message.at) this.get(message.map)?.prune(pid, { epoch, n });
        return;
      default:
    }
  }

  /** An error about a scope's request or map; false when it is about something else. */
  error(message: ErrorMessage): boolean {
    const about = [...this.#byMap.values()].find((s) => s.isRequest(message.req) || s.map.name === message.ref);
    if (!about) return false;
    if (message.code === 'RESYNC') about.init();
    else if (isRetriable(message.code)) this.#ports.retry(about.map.name);
    else {
      about.refuse(message.code);
      this.#ports.completed();
    }
    return true;
  }
}
