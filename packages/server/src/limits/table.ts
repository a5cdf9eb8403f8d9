import type { LIMITS } from '@topgun/protocol';
import type { SettingName } from '../config/schema.js';

/** A limit that a client can meet: what it is answered then, and how an operator changes it. */
export interface LimitEntry {
  /** the setting that takes its place; undefined = the same on every server, for both ends count on it */
  readonly setting?: SettingName;
  /** what the client is answered */
  readonly answer: string;
}

/**
 * The limits that clients meet, by their names in `LIMITS`, where unit, default and reason stand. Whenever one refuses, cuts or
 * ends something `topgun_limits_hit_total{limit}` grows by one under its name (LMT-2). docs/guides/limits.md is made from this.
 */
export const limitTable = {
  // strangers
  handshakesPerIp: { setting: 'handshakesPerIpMax', answer: 'HTTP 429' },
  handshakesPerNode: { setting: 'handshakesMax', answer: 'HTTP 503' },
  connectionsPerIp: { setting: 'connectionsPerIpMax', answer: 'HTTP 429' },
  connections: { setting: 'connectionsMax', answer: 'HTTP 503' },
  strangers: { setting: 'strangersMax', answer: 'HTTP 503' },
  bytesPreAuth: { answer: 'cut' },
  frameBytesPreAuth: { answer: '`BAD_FRAME`, close 4400' },
  preAuthFrames: { answer: '`AUTH_REQUIRED`, close 4401' },
  authTimeoutMs: { answer: 'close 1013' },
  // what is sent
  frameBytes: { answer: 'close 1009' },
  opsPerSecondPerPrincipal: { setting: 'opsPerSecondPerUserMax', answer: '`RATE`' },
  bytesPerSecondPerPrincipal: { setting: 'bytesPerSecondPerUserMax', answer: '`RATE`' },
  rateStrikes: { answer: 'close 4429' },
  strikes: { answer: 'close 4408' },
  seqWindow: { answer: '`SEQ_WINDOW` per op' },
  skewMs: { setting: 'skewMs', answer: '`CLOCK_SKEW` per op' },
  pendingOpsPerNode: { answer: '`UNAVAILABLE` per op' },
  pendingBytesPerNode: { answer: '`UNAVAILABLE` per op' },
  screenedOps: { answer: '`UNAVAILABLE` per op' },
  forwardedOps: { answer: '`UNAVAILABLE` per op' },
  forwardedBytes: { answer: '`UNAVAILABLE` per op' },
  mapsPerNode: { setting: 'mapsMax', answer: '`LIMIT` per op' },
  newMapsPerPrincipal: { setting: 'newMapsPerUserMax', answer: '`RATE` per op' },
  httpRequestsPerIp: { setting: 'httpRequestsPerIpMax', answer: 'HTTP 429' },
  httpRequestsPerPrincipal: { setting: 'httpRequestsPerUserMax', answer: 'HTTP 429' },
  requestKeys: { answer: 'HTTP 503' },
  // what is kept open
  connectionsPerPrincipal: { setting: 'connectionsPerUserMax', answer: '`LIMIT`, close 1013' },
  sessionsPerConnection: { answer: '`LIMIT`' },
  subscriptionsPerConnection: { answer: '`LIMIT`' },
  subscriptionsPerPrincipal: { setting: 'subscriptionsPerUserMax', answer: '`LIMIT`' },
  queriesPerPrincipal: { setting: 'queriesPerUserMax', answer: '`LIMIT`' },
  queryRowsPerPrincipal: { setting: 'queryRowsPerUserMax', answer: '`LIMIT`' },
  scannedRowsPerSecond: { answer: '`UNAVAILABLE`' },
  resyncBytes: { answer: '`RESYNC`, or brought up to date later' },
  outQueueBytes: { answer: 'close 1013' },
  stalledMs: { answer: 'close 1013' },
  outQueuesHeapShare: { setting: 'outQueuesHeapShare', answer: 'cut' },
  idleSessionMs: { setting: 'idleSessionMs', answer: '`SHUTDOWN`, close 1001' },
  maxSessionMs: { setting: 'maxSessionMs', answer: '`SHUTDOWN`, close 1001' },
  deadMs: { answer: 'close 1001' },
  // what a door holds open
  sseConnections: { setting: 'sseConnectionsMax', answer: 'HTTP 503' },
  sseConnectionsPerPrincipal: { setting: 'sseConnectionsPerUserMax', answer: 'HTTP 429' },
  sseConnectionsPerIp: { setting: 'sseConnectionsPerIpMax', answer: 'HTTP 429' },
  bridgeConnections: { setting: 'bridgeConnectionsMax', answer: 'HTTP 503' },
  bridgeConnectionsPerIp: { setting: 'bridgeConnectionsPerIpMax', answer: 'HTTP 429' },
  bridgeMessagesPerIp: { setting: 'bridgeMessagesPerIpMax', answer: 'HTTP 429' },
  bridgeMailboxMessages: { setting: 'bridgeMailboxMessagesMax', answer: 'HTTP 429' },
  bridgeMailboxBytes: { setting: 'bridgeMailboxBytesMax', answer: 'HTTP 507' },
  wsConnections: { setting: 'wsConnectionsMax', answer: 'HTTP 503' },
  wsConnectionsPerPrincipal: { setting: 'wsConnectionsPerUserMax', answer: 'HTTP 429' },
  wsConnectionsPerIp: { setting: 'wsConnectionsPerIpMax', answer: 'HTTP 429' },
  heldSoftBytes: { answer: 'messages of topics without a log are dropped' },
  // the JSON WebSocket
  wsFrameBytes: { answer: 'close 1009' },
  wsTopics: { answer: '`LIMIT`' },
  wsMessagesPerConnection: { setting: 'wsMessagesPerConnectionMax', answer: '`RATE`' },
  wsMessagesPerUser: { setting: 'wsMessagesPerUserMax', answer: '`RATE`' },
  wsPending: { answer: '`UNAVAILABLE`' },
  wsSoftBytes: { answer: 'messages of topics without a log are left out' },
  wsHardBytes: { answer: '`SLOW_CONSUMER`, close 1013' },
  wsIdleMs: { setting: 'wsIdleMs', answer: 'close 1001' },
} as const satisfies Partial<Record<keyof typeof LIMITS, LimitEntry>>;

export type LimitName = keyof typeof limitTable;
export const limitNames = Object.keys(limitTable) as readonly LimitName[];
