import type { ClusterFigures } from '../cluster/ClusterFigures.js';
import type { ClusterFault } from '../cluster/ClusterView.js';
import type { LinkFigures } from '../cluster/links/ClusterLinks.js';
import type { LiveFigures } from '../doors/LiveDoors.js';
import type { EngineStats } from '../engine/ports.js';
import type { LimitName } from '../limits/table.js';
import type { StoreSizes } from '../storage/embedded/EmbeddedStore.js';
import type { TopicFigures } from '../topics/TopicService.js';
import type { TransportStats } from '../transport/WebSocketTransport.js';
import type { HostCounts } from './HostCounts.js';

/** Webhooks that go out. */
export interface WebhookFigures {
  readonly subscriptions: number;
  readonly waiting: number;
  readonly dead: number;
  /** found no room, since the start */
  readonly dropped: number;
}

/** All that one scrape reads, taken at one moment. */
export interface Figures {
  readonly version: string;
  readonly isReady: boolean;
  /** what is not as it should be, though the server goes on */
  readonly degraded: ReadonlySet<ClusterFault>;
  readonly host: HostCounts;
  readonly transport: TransportStats;
  /** undefined before the engine exists */
  readonly engine: EngineStats | undefined;
  readonly topics: TopicFigures;
  /** what the shells counted, by name of the limit */
  readonly limitsHit: ReadonlyMap<LimitName, number>;
  /** what the doors hold open, where there are doors */
  readonly live?: LiveFigures;
  /** items by map, deleted ones included */
  readonly maps: Iterable<readonly [map: string, items: number]>;
  /** most families of maps named; the rest is `other` */
  readonly mapFamiliesMax: number;
  /** of the embedded store */
  readonly store: StoreSizes | undefined;
  /** of the folder of the store */
  readonly diskFreeBytes: number | undefined;
  readonly webhooks: WebhookFigures;
  /** where the server is a node of a cluster */
  readonly links?: LinkFigures | undefined;
  readonly cluster?: ClusterFigures | undefined;
}
