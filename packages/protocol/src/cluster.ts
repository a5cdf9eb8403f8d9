/**
 * What a client adds to the codec of devices to know the nodes of a cluster. A client that talks to one server carries none of it.
 * It looks into turns as they come and as they go, and reads no more of them than it has to.
 */
import { clusterLayouts } from './codec/clusterLayouts.js';
import { clientFields, clusterFields } from './codec/fields.js';
import { pack } from './codec/pack.js';
import { frameReader } from './codec/readFrame.js';
import { serverLayouts } from './codec/serverLayouts.js';
import { unpackFrame, unpackNext } from './codec/unpack.js';
import type { ClusterMapMessage } from './messages/types.js';

export * as CLUSTER_LIMITS from './clusterClientLimits.js';
export { NODE_STATES, type NodeState } from './messages/constants.js';
export type { ClusterMapMessage, PublicNode } from './messages/types.js';

/** The version of the protocol from which on a server knows CLUSTER_SUB. */
export const CLUSTER_VERSION_MIN = 5;

const readMap = frameReader<ClusterMapMessage>(clusterLayouts);

/** Of every message: an array of up to 15 elements, whose first is a code below 128. */
const codeOf = (frame: Uint8Array): number => frame[1] ?? -1;

/** The frame that asks for the map of the cluster, now and whenever another one holds. */
export const clusterSubFrame = (req: number): Uint8Array => pack([clusterFields.CLUSTER_SUB[0], req]);

/** Takes the maps off a turn of a server, before all of whose frames they stand. The rest is undefined where there is none. */
export function takeMaps(turn: Uint8Array): {
  readonly maps: readonly ClusterMapMessage[];
  readonly rest: Uint8Array | undefined;
} {
  const maps: ClusterMapMessage[] = [];
  let rest = turn;
  while (codeOf(rest) === clusterLayouts.CLUSTER_MAP[0]) {
    const found = unpackNext(rest, 0);
    // Whoever reads the rest refuses it with the byte.
    if (typeof found === 'number') break;
    const map = readMap(found[0]);
    if (map.ok) maps.push(map.message);
    rest = rest.subarray(found[1]);
  }
  return { maps, rest: rest.length === 0 ? undefined : rest };
}

/** The version that a turn agrees on, if it begins with an AUTH_ACK. */
export function versionOfAck(turn: Uint8Array): number | undefined {
  if (codeOf(turn) !== serverLayouts.AUTH_ACK[0]) return undefined;
  const found = unpackNext(turn, 0);
  const version = typeof found === 'number' ? undefined : found[0][1];
  return typeof version === 'number' ? version : undefined;
}

/** The keys that a frame of this client writes to; none where it carries no ops. */
export function keysOfOps(frame: Uint8Array): readonly string[] {
  if (codeOf(frame) !== clientFields.OPS[0]) return [];
  const fields = unpackFrame(frame);
  // Encoded by this client, and so in the form of an OpsMessage: its rows come last.
  return typeof fields === 'number'
    ? []
    : (fields[6] as readonly (readonly [0, 0, 0, string])[]).map((row) => row[3]);
}
