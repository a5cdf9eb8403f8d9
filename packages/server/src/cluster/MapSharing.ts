import { LIMITS } from '@topgun/protocol';
import { clusterMapOf } from './linkGuards.js';
import type { ClusterMap } from './ports.js';

/** What nodes say to each other of the map. */
type MapFrame =
  | { readonly say: 'version'; readonly version: number }
  | { readonly say: 'want' }
  | { readonly say: 'map'; readonly map: ClusterMap };

export interface MapSharingParts {
  /** To one node, or to all that are linked. */
  readonly send: (to: string | undefined, frame: MapFrame) => void;
  /** A newer map, which another node knows. */
  readonly newer: (map: ClusterMap) => void;
  /** Runs something later; nothing waits for it. */
  readonly after: (ms: number, run: () => void) => void;
}

/**
 * Nodes learn of a new map from the database. One that does not reach it is told by the others, over links: so it knows to whom the ops of its
 * clients go, though it owns nothing any more (CLU-61). All say which version they have; who has not heard of it a moment later asks for it.
 */
export class MapSharing {
  readonly #parts: MapSharingParts;
  #map: ClusterMap | undefined;

  constructor(parts: MapSharingParts) {
    this.#parts = parts;
  }

  get #version(): number {
    return this.#map?.version ?? 0;
  }

  /** The database has told a map. */
  changed(map: ClusterMap): void {
    if (map.version <= this.#version) return;
    this.#map = map;
    this.#parts.send(undefined, { say: 'version', version: map.version });
  }

  linked(node: string): void {
    if (this.#version > 0) this.#parts.send(node, { say: 'version', version: this.#version });
  }

  heard(from: string, message: unknown): void {
    const { send, newer, after } = this.#parts;
    // What is none says something else.
    const frame = (message ?? {}) as MapFrame;
    if (frame.say === 'want' && this.#map !== undefined) send(from, { say: 'map', map: this.#map });
    else if (frame.say === 'map' && clusterMapOf(frame.map).version > this.#version) {
      this.#map = frame.map;
      newer(frame.map);
    } else if (frame.say === 'version' && frame.version > this.#version)
      after(LIMITS.clusterMapWaitMs, () => {
        if (frame.version > this.#version) send(from, { say: 'want' });
      });
  }
}
