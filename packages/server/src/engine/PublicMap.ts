import { type ClusterMapMessage, NODE_STATES, PARTITION_COUNT, type PublicNode } from '@topgun/protocol';
import type { ClusterMap } from '../cluster/ports.js';
import type { Connection } from './Connection.js';
import type { ServerEffects } from './ports.js';

export interface PublicMapParts {
  readonly effects: ServerEffects;
  /** name of this node */
  readonly nodeId: string;
  /** where clients reach it, if that was said */
  readonly publicUrl: string | undefined;
  /** all of the node, by number */
  readonly connections: ReadonlyMap<number, Connection>;
}

/** What clients may know of the cluster, and who of them wants to (CCL-1). A server alone is a cluster of one. */
export class PublicMap {
  readonly #parts: PublicMapParts;
  #map: ClusterMapMessage;

  constructor(parts: PublicMapParts) {
    const { nodeId, publicUrl } = parts;
    this.#parts = parts;
    const nodes: PublicNode[] =
      publicUrl === undefined ? [] : [[nodeId, publicUrl, NODE_STATES.indexOf('ACTIVE')]];
    // It owns everything, whether clients can reach it by a name of its own or not.
    const owners = Array.from({ length: PARTITION_COUNT }, () => 1);
    this.#map = { type: 'CLUSTER_MAP', version: 0, self: nodeId, nodes, owners };
  }

  /** From now on the connection is told; it has said who it is. */
  ask(conn: Connection, req: number): void {
    conn.hearsMap = true;
    this.#parts.effects.send(conn.id, { ...this.#map, req });
  }

  /** Another map holds. */
  changed({ version, nodes, owners }: ClusterMap): void {
    const { effects, nodeId, connections } = this.#parts;
    const known = nodes.flatMap(({ name, publicUrl, state }): PublicNode[] =>
      publicUrl === undefined ? [] : [[name, publicUrl, NODE_STATES.indexOf(state)]],
    );
    const places = new Map(known.map(([name], i) => [name, i + 1]));
    this.#map = {
      type: 'CLUSTER_MAP',
      version,
      self: nodeId,
      nodes: known,
      owners: owners.map(({ node }) => (node === undefined ? 0 : (places.get(node) ?? known.length + 1))),
    };
    const listeners = [...connections.values()].filter((conn) => conn.hearsMap).map(({ id }) => id);
    if (listeners.length > 0) effects.sendShared(listeners, this.#map);
  }
}
