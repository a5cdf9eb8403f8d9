import { CLUSTER_LIMITS } from '@topgun/protocol/cluster';
import type { WebSocketConstructor } from '../connection/loadWebSocket.js';
import { clientError } from '../errors.js';

export interface ClusterOptions {
  /** `ws://` or `wss://` addresses of some nodes, or of a balancer before them: 1 to 64. The others are learnt from whichever answers. */
  readonly seeds: readonly string[];
  /** How long a node may take to open a connection before the next one is tried, ms. Default 5,000; 100 to 60,000. */
  readonly connectTimeoutMs?: number;
  /**
   * Prefers the node that owns most of what this client writes, so that its writes make no hop. For programs that write to few partitions;
   * devices of many users that share them would all come to one node. Default false.
   */
  readonly smartRouting?: boolean;
  /** WebSocket constructor for platforms without one. Default: the platform's, else that of the package `ws`. */
  readonly webSocket?: WebSocketConstructor;
}

/** Of each option: what it may be, and how that is seen. */
const rules: Readonly<Record<keyof ClusterOptions, readonly [string, (value: unknown) => boolean]>> = {
  seeds: [
    '1 to 64 addresses of the form ws://host:port or wss://host:port',
    (value) =>
      Array.isArray(value) &&
      value.length >= 1 &&
      value.length <= CLUSTER_LIMITS.clusterSeeds &&
      value.every((url) => typeof url === 'string' && /^wss?:\/\/[^\s/]+/i.test(url)),
  ],
  connectTimeoutMs: [
    'a number from 100 to 60,000',
    (value) => typeof value === 'number' && value >= 100 && value <= 60_000,
  ],
  smartRouting: ['true or false', (value) => typeof value === 'boolean'],
  webSocket: ['a WebSocket constructor', (value) => typeof value === 'function'],
};

/** Throws `OPTION_INVALID`, naming the option and what is allowed; unknown options are refused too. */
export function checkClusterOptions(options: ClusterOptions): void {
  if (typeof options !== 'object' || options === null)
    throw clientError('OPTION_INVALID', 'clusterOf() needs an object with `seeds`');
  const all: Readonly<Record<string, unknown>> = Object.assign({ seeds: undefined }, options);
  for (const [name, value] of Object.entries(all)) {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof ClusterOptions] : undefined;
    if (rule === undefined)
      throw clientError(
        'OPTION_INVALID',
        `clusterOf() knows no option "${name}"; allowed: ${Object.keys(rules).join(', ')}`,
      );
    if ((value === undefined && name !== 'seeds') || rule[1](value)) continue;
    throw clientError('OPTION_INVALID', `Option "${name}" of clusterOf() must be ${rule[0]}`);
  }
}
