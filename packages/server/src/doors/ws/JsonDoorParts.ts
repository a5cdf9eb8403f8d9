import type { ServerConfig } from '../../config/schema.js';
import type { Guests } from '../../interceptors/Guests.js';
import type { LimitCounts } from '../../limits/LimitCounts.js';
import type { Topics } from '../../topics/ports.js';
import type { OutQueues, SlowSocket } from '../../transport/OutQueues.js';
import type { Logger } from '../../utils/logger.js';
import type { ConnectionQuota } from '../ConnectionQuota.js';
import type { DoorMeter } from './DoorCounts.js';
import type { TokenJudgeParts } from './tokenJudge.js';

/** What the JSON WebSocket has of the server. */
export interface JsonDoorParts extends Pick<TokenJudgeParts, 'security'> {
  readonly config: Pick<
    ServerConfig,
    | 'wsScopeRequired'
    | 'tenantClaim'
    | 'wsHeartbeatMs'
    | 'wsIdleMs'
    | 'maxSessionMs'
    | 'wsMessagesPerConnectionMax'
    | 'wsMessagesPerUserMax'
  >;
  /** undefined before the store is loaded */
  readonly topics: () => Topics | undefined;
  readonly quota: Pick<ConnectionQuota, 'enter'>;
  readonly guests: Pick<Guests, 'come'>;
  readonly limits: LimitCounts;
  readonly queues: OutQueues<SlowSocket>;
  readonly logger: Pick<Logger, 'info' | 'error'>;
  readonly meter?: DoorMeter;
  readonly onHandshakeRefused: (status: number) => void;
  readonly wallMs: () => number;
  /** never goes back; default: that of the process */
  readonly monoMs?: () => number;
  /** between 0 and 1; default `Math.random` */
  readonly random?: () => number;
}
