import type { LinkChannel } from '../ports.js';
import { linkChannels } from './channels.js';
import type { LinkRefusal } from './handshake.js';

/**
 * Why a link ended: silence: nothing came for too long; queue: it did not take what it was sent; replaced: by another one between the same nodes;
 * left: the other side closed it; broken: the connection was lost; reader: what came could not be taken in; closed: by this node, which stops.
 */
export type LinkEndReason = 'silence' | 'queue' | 'replaced' | 'left' | 'broken' | 'reader' | 'closed';

const REASONS: readonly LinkEndReason[] = [
  'silence',
  'queue',
  'replaced',
  'left',
  'broken',
  'reader',
  'closed',
];
const REFUSALS: readonly LinkRefusal[] = ['malformed', 'secret', 'version', 'name', 'late'];

const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  // Each key is one of the list.
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;

/** What links count, for metrics; numbers only ever grow. */
export class LinkCounts {
  /** WebSocket messages, by channel */
  readonly sent = zeros<LinkChannel>(linkChannels);
  readonly received = zeros<LinkChannel>(linkChannels);
  bytesOut = 0;
  bytesIn = 0;
  readonly ended = zeros(REASONS);
  /** handshakes that failed, on either side */
  readonly refused = zeros(REFUSALS);
  /** nodes that were dialled and not reached */
  unreached = 0;
}
