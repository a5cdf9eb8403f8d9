import { EMPTY_MAP } from '../engine/ownership/OwnershipState.js';
import type { Grant } from '../engine/ownership/ports.js';
import type { ClusterMap, NodeInfo, OwnerEngine, OwnerRow } from './ports.js';

export interface PartitionServiceParts {
  readonly engine: OwnerEngine;
  /** Whether the node may act as the owner at this moment, which it is asked whenever it does. */
  readonly owns: (pid: number) => boolean;
  readonly released: (call: number) => void;
  readonly owned: (grants: readonly Grant[]) => void;
  /** The engine failed to do what was asked of it. */
  readonly onFatal: (error: unknown) => void;
}

/**
 * Who owns which partition, as far as this node knows: the newest map it has seen, which may be older than that of the database, but never
 * says that something is its own that is not. Tells its engine what to own and to let go.
 */
export class PartitionService {
  readonly #parts: PartitionServiceParts;
  readonly #listeners = new Set<(map: ClusterMap) => void>();
  #map: ClusterMap = EMPTY_MAP;
  #nodes: ReadonlyMap<string, NodeInfo> = new Map();

  constructor(parts: PartitionServiceParts) {
    this.#parts = parts;
  }

  /** 0 before the first one was read. */
  get version(): number {
    return this.#map.version;
  }

  get map(): ClusterMap {
    return this.#map;
  }

  /** Who had it when the map was made; undefined before the first map. */
  ownerOf(pid: number): OwnerRow | undefined {
    return this.#map.owners[pid];
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  /** Whether this node is its owner and takes ops in, at this moment (CLU-2). */
  owns(pid: number): boolean {
    return this.#parts.owns(pid);
  }

  /** Called with every newer map, and with the one there is; returns what ends that. */
  listen(listener: (map: ClusterMap) => void): () => void {
    this.#listeners.add(listener);
    if (this.#map.version > 0) listener(this.#map);
    return () => this.#listeners.delete(listener);
  }

  // --- what the machine asks for ---

  own(grants: readonly Grant[]): void {
    const { engine, owned, onFatal } = this.#parts;
    engine.own(grants).then(() => owned(grants), onFatal);
  }

  release(call: number, pids: readonly number[]): void {
    const { engine, released, onFatal } = this.#parts;
    engine.release(pids).then(() => released(call), onFatal);
  }

  resume(pids: readonly number[]): void {
    this.#parts.engine.resume(pids);
  }

  lost(pids: readonly number[]): void {
    this.#parts.engine.lost(pids);
  }

  fenced(): void {
    this.#parts.engine.fenced();
  }

  mapChanged(map: ClusterMap): void {
    this.#map = map;
    this.#nodes = new Map(map.nodes.map((node) => [node.name, node]));
    this.#parts.engine.mapChanged(map);
    for (const listener of this.#listeners) listener(map);
  }
}
