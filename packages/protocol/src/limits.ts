/**
 * Every limit of the system: value, unit, reason. A thing that can grow and is not here is a defect. Chars are
 * Unicode code points.
 * Code reads `LIMITS.name`; documents and diagnostics read `limits`.
 */

export interface Limit {
  readonly value: number;
  readonly unit: 'bytes' | 'chars' | 'count' | 'levels' | 'ms';
  readonly reason: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const limits = {
  // --- frames and the strict wire profile ---
  frameBytesPreAuth: {
    value: 4 * KIB,
    unit: 'bytes',
    reason: 'a stranger may cost 16 KiB; a token is below 3 KiB',
  },
  frameBytes: { value: 256 * KIB, unit: 'bytes', reason: 'decoding stays below a millisecond or two' },
  frameBytesFromServer: { value: MIB, unit: 'bytes', reason: 'bulk replies of a sync, few round trips' },
  depth: {
    value: 30,
    unit: 'levels',
    reason: 'two below depthFromServer: what one client may send, every client can read',
  },
  depthFromServer: { value: 32, unit: 'levels', reason: 'keeps recursive decoders far from the stack' },
  nodesPreAuth: { value: 64, unit: 'count', reason: 'AUTH with 32 sessions needs 43' },
  nodes: { value: 50_000, unit: 'count', reason: 'bounds objects built per frame from a client' },
  nodesFromServer: {
    value: MIB,
    unit: 'count',
    reason: 'the byte limit of the frame is the bound: a node is a byte at least',
  },
  stringBytes: { value: 256 * KIB, unit: 'bytes', reason: 'one string or binary fills one frame at most' },
  storedBytes: { value: 256 * MIB, unit: 'bytes', reason: 'one chunk of a local store' },
  storedDepth: { value: 64, unit: 'levels', reason: 'records inside rows inside chunks, for trusted bytes' },
  mapKeyBytes: { value: 256, unit: 'bytes', reason: 'field names inside values' },

  // --- names ---
  mapNameChars: { value: 128, unit: 'chars', reason: 'names go into every index and metric' },
  keyBytes: { value: 512, unit: 'bytes', reason: 'key of a record; fits the key size of every store' },
  tagChars: { value: 96, unit: 'chars', reason: 'an op id in text form has at most 57' },
  itemKeyBytes: { value: 640, unit: 'bytes', reason: 'key, separator and tag of an OR element' },
  nodeIdChars: { value: 64, unit: 'chars', reason: 'node ids are sessions (11) or server names' },
  topicChars: { value: 256, unit: 'chars', reason: 'topics carry namespaces' },
  queryIdChars: { value: 64, unit: 'chars', reason: 'chosen by the client, kept per subscription' },
  incarnationChars: { value: 64, unit: 'chars', reason: 'opaque id of the life of a store' },
  userIdChars: { value: 256, unit: 'chars', reason: 'subject of a token' },
  tokenChars: { value: 3072, unit: 'chars', reason: 'fits the frame before authentication' },
  agentChars: { value: 128, unit: 'chars', reason: 'for logs only' },
  errorMessageChars: { value: 512, unit: 'chars', reason: 'safe text, no values echoed' },
  errorPathChars: { value: 64, unit: 'chars', reason: 'where a message failed, no values echoed' },
  refChars: { value: 256, unit: 'chars', reason: 'query, topic or map an error concerns' },

  // --- ops ---
  opsPerFrame: { value: 500, unit: 'count', reason: 'one frame stays below 3 ms of server time' },
  opsBytesPerFrame: {
    value: 192 * KIB,
    unit: 'bytes',
    reason: 'batching stops here; one large op may still fill a frame',
  },
  mapsPerFrame: { value: 64, unit: 'count', reason: 'string table of an OPS frame' },
  writesPerTransaction: { value: 200, unit: 'count', reason: 'one op, one partition, one commit' },
  tagsPerRemove: { value: 1000, unit: 'count', reason: 'observed tags named by one OR_REMOVE' },
  inFlightOps: { value: 2000, unit: 'count', reason: 'unanswered ops per connection; four full frames' },
  inFlightBytes: { value: MIB, unit: 'bytes', reason: 'unanswered bytes per connection' },
  seqWindow: {
    value: 8192,
    unit: 'count',
    reason: 'dedup entries the server keeps per (partition, session)',
  },
  ttlMs: { value: 10 * 365 * 86_400_000, unit: 'ms', reason: 'ten years' },
  skewMs: { value: 60_000, unit: 'ms', reason: 'an op further ahead of the server is refused CLOCK_SKEW' },

  // --- values and queries (the budget of a predicate is core's) ---
  valueDepth: {
    value: 24,
    unit: 'levels',
    reason: 'depth of a frame less the 5 levels around a value in a transaction, 1 spare',
  },
  valueBytes: { value: 192 * KIB, unit: 'bytes', reason: 'one op must fit one frame' },
  sortPathChars: { value: 512, unit: 'chars', reason: 'a dotted path into a value' },
  sortTerms: { value: 8, unit: 'count', reason: 'compared for every candidate row' },
  queryRows: { value: 10_000, unit: 'count', reason: 'largest window of a live query' },

  // --- sync ---
  merkleNodesPerRequest: {
    value: 1024,
    unit: 'count',
    reason: 'three levels of one subtree, or all partitions at once',
  },
  merklePathChars: { value: 16, unit: 'chars', reason: 'hex digits of a 53-bit hash, rounded up' },
  merkleItemsPerPart: { value: 65_536, unit: 'count', reason: 'the frame is the real bound' },
  itemsPerRequest: { value: 1000, unit: 'count', reason: 'rows asked for at once' },
  rowsPerReply: {
    value: 10_000,
    unit: 'count',
    reason: 'rows in one frame from the server; bytes end it earlier',
  },
  nodesPerTable: {
    value: 10_000,
    unit: 'count',
    reason: 'string table of a frame: one entry per row at worst',
  },

  // --- connections ---
  sessionsPerAuth: { value: 32, unit: 'count', reason: 'fits the node limit before authentication' },
  sessionsPerConnection: { value: 64, unit: 'count', reason: 'realms of one device and their leftovers' },
  subscriptionsPerConnection: { value: 200, unit: 'count', reason: 'scopes, queries and topics together' },
  strikes: { value: 20, unit: 'count', reason: 'refused messages within strikeWindowMs before 4408' },
  strikeWindowMs: { value: 60_000, unit: 'ms', reason: 'see strikes' },
  authTimeoutMs: { value: 5_000, unit: 'ms', reason: 'a stranger may hold a socket this long' },
  authGraceMs: { value: 30_000, unit: 'ms', reason: 'time to renew an expired token on the socket' },
  heartbeatMs: { value: 5_000, unit: 'ms', reason: 'ping interval; also corrects the clock' },
  deadMs: { value: 15_000, unit: 'ms', reason: 'silence after which a socket counts as dead' },
  ackTimeoutMs: {
    value: 10_000,
    unit: 'ms',
    reason: 'a client reconnects when ops stay unanswered on a live socket',
  },
  outQueueBytes: {
    value: MIB,
    unit: 'bytes',
    reason: 'per socket; beyond it coalesce, then RESYNC, then 1013',
  },
  drainMs: { value: 25_000, unit: 'ms', reason: 'graceful stop, below the 30 s of common supervisors' },

  // --- shells of the client and its storage ---
  storeRowsPerRead: {
    value: 2_000,
    unit: 'count',
    reason: 'rows of a client store held twice while they are read',
  },
  memoryUnflushedCommits: {
    value: 256,
    unit: 'count',
    reason: 'relaxed commits a memory store can lose in a test',
  },
  queryIdleMs: {
    value: 1_000,
    unit: 'ms',
    reason: 'a query nobody listens to stays open, so that a re-render finds it',
  },
  stateHistory: { value: 100, unit: 'count', reason: 'connection states kept for diagnostics' },
  closeFlushMs: {
    value: 5_000,
    unit: 'ms',
    reason: 'how long close() waits for the last writes to be logged',
  },
  storeRetryMs: {
    value: 2_000,
    unit: 'ms',
    reason: 'pause before a store that could not be opened is tried again',
  },

  // --- engine of the client ---
  syncRounds: { value: 8, unit: 'count', reason: 'Merkle walks in a row that did not make two roots equal' },
  topicQueue: {
    value: 100,
    unit: 'count',
    reason: 'messages kept while the device is offline; the oldest go',
  },
  retainedQueries: {
    value: 32,
    unit: 'count',
    reason: 'closed queries whose rows stay on the device, so that they open at once again',
  },

  // --- engine of the server ---
  flushOps: { value: 200, unit: 'count', reason: 'ops that start a group commit at once' },
  flushDelayMs: { value: 1, unit: 'ms', reason: 'age of the oldest staged op that starts a group commit' },
  pendingOpsPerNode: {
    value: 50_000,
    unit: 'count',
    reason: 'ops held while the store is slow or away; then UNAVAILABLE',
  },
  flushRetryBaseMs: { value: 50, unit: 'ms', reason: 'first pause after a failed flush' },
  flushRetryCapMs: { value: 2_000, unit: 'ms', reason: 'a store that recovers is used again within seconds' },
  preAuthFrames: {
    value: 4,
    unit: 'count',
    reason: 'times frameBytesPreAuth: the 16 KiB a stranger may cost',
  },
  merkleItemsPerNode: {
    value: 64,
    unit: 'count',
    reason: 'item digests listed instead of going one level deeper',
  },
  replyBytes: {
    value: 768 * KIB,
    unit: 'bytes',
    reason: 'estimated size of a bulk frame; the exact one stays below frameBytesFromServer',
  },
  reconnectInMsMax: { value: 5_000, unit: 'ms', reason: 'spreads the reconnects after a shutdown' },
  dirtyItems: { value: 2_000, unit: 'count', reason: 'digests brought up to date at once: 2 to 3 ms' },

  // --- doors of the server ---
  bytesPreAuth: {
    value: 16 * KIB,
    unit: 'bytes',
    reason: 'all a stranger may send on a socket before AUTH is accepted',
  },
  connections: { value: 20_000, unit: 'count', reason: 'default for one node: some 10 kB each' },
  connectionsPerIp: { value: 1_000, unit: 'count', reason: 'default: an office behind one address' },
  handshakesPerIp: {
    value: 200,
    unit: 'count',
    reason: 'per second and address, ten seconds may be saved up',
  },
  pauseReadingBytes: {
    value: 256 * KIB,
    unit: 'bytes',
    reason: 'unsent bytes at which a socket is no longer read',
  },
  headerBytes: { value: 8 * KIB, unit: 'bytes', reason: 'request line and headers of one HTTP request' },
  headersMs: { value: 5_000, unit: 'ms', reason: 'time for the headers of one HTTP request to arrive' },
  requestMs: { value: 30_000, unit: 'ms', reason: 'time for one HTTP request to arrive whole' },
  closeWaitMs: {
    value: 3_000,
    unit: 'ms',
    reason: 'time for the other side to answer a close before it is cut',
  },
  fragments: { value: 64, unit: 'count', reason: 'pieces of one message; clients send one' },
  secretBytes: { value: 32, unit: 'bytes', reason: 'least length of an HS256 secret: that of its hash' },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;

/** The values alone. */
export const LIMITS: Readonly<Record<LimitName, number>> = Object.freeze(
  Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, limit.value])) as Record<
    LimitName,
    number
  >,
);
