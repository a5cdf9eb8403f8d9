/**
 * Every limit of the system, each with its unit and its reason; a thing that can grow and is not here is a defect.
 * Chars are Unicode code points.
 *
 * Single constants, so that a bundle carries the numbers it uses and nothing else. Servers read `LIMITS.name` from the
 * package; what runs in browsers imports this module: `import * as LIMITS from '@topgun/protocol/limits'`. It exports nothing
 * of other modules, for then bundlers would no longer put the numbers in place of their names: limits of servers alone lie beside it and
 * come together in `allLimits.ts`.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 86_400_000;

// --- frames and the strict wire profile ---

/** bytes: a stranger may cost 16 KiB; a token is below 3 KiB */
export const frameBytesPreAuth = 4 * KIB;
/** bytes: decoding stays below a millisecond or two */
export const frameBytes = 256 * KIB;
/** bytes: bulk replies of a sync, few round trips */
export const frameBytesFromServer = MIB;
/** bytes: the frames of one turn in one message, which a device applies as one step (RES-6); more go into another message */
export const turnBytes = 4 * MIB;
/** levels: two below depthFromServer: what one client may send, every client can read */
export const depth = 30;
/** levels: keeps recursive decoders far from the stack */
export const depthFromServer = 32;
/** count: AUTH with 32 sessions needs 43 */
export const nodesPreAuth = 64;
/** count: bounds objects built per frame from a client */
export const nodes = 50_000;
/** count: the byte limit of the frame is the bound: a node is a byte at least */
export const nodesFromServer = MIB;
/** bytes: one string or binary fills one frame at most */
export const stringBytes = 256 * KIB;
/** bytes: one chunk of a local store */
export const storedBytes = 256 * MIB;
/** levels: records inside rows inside chunks, for trusted bytes */
export const storedDepth = 64;
/** bytes: field names inside values */
export const mapKeyBytes = 256;

// --- names ---

/** chars: names go into every index and metric */
export const mapNameChars = 128;
/** bytes: key of a record; fits the key size of every store */
export const keyBytes = 512;
/** chars: an op id in text form has at most 57 */
export const tagChars = 96;
/** chars: node ids are sessions (11) or server names */
export const nodeIdChars = 64;
/** chars: topics carry namespaces */
export const topicChars = 256;
/** chars: id of a message: long enough for a UUID or a hash in hex */
export const messageIdChars = 64;
/** chars: name of the event that a message is */
export const eventNameChars = 64;
/** count: messages of one topic told with a subscription, or in one answer of its history */
export const topicHistory = 1_000;
/** chars: the epoch of a topic's log: a UUID and what a bus may put before it */
export const topicEpochChars = 64;
/** chars: chosen by the client, kept per subscription */
export const queryIdChars = 64;
/** chars: opaque id of the life of a store */
export const incarnationChars = 64;
/** chars: subject of a token */
export const userIdChars = 256;
/** chars: fits the frame before authentication */
export const tokenChars = 3072;
/** chars: for logs only */
export const agentChars = 128;
/** chars: safe text, no values echoed */
export const errorMessageChars = 512;
/** chars: where a message failed, no values echoed */
export const errorPathChars = 64;
/** chars: why a resolver rejected a write, for the person who made it; kept with every such answer */
export const reasonChars = 200;
/** chars: query, topic or map an error concerns */
export const refChars = 256;

// --- ops ---

/** count: one frame stays below 3 ms of server time */
export const opsPerFrame = 500;
/** bytes: batching stops here; one large op may still fill a frame */
export const opsBytesPerFrame = 192 * KIB;
/** count: string table of an OPS frame */
export const mapsPerFrame = 64;
/** count: one op, one partition, one commit */
export const writesPerTransaction = 200;
/** count: observed tags named by one OR_REMOVE */
export const tagsPerRemove = 1000;
/** count: unanswered ops per connection: all their answers may come in one turn, and hold a page for 10 ms, on a slow phone 50 */
export const inFlightOps = 500;
/** bytes: unanswered bytes per connection */
export const inFlightBytes = MIB;
/** count: pending writes of a device listed at once */
export const pendingPage = 1000;
/** count: rows of a device's store that are read without a pause: 5 ms, on a slow phone 30 */
export const entriesPerSlice = 1000;
/** count: dedup entries the server keeps per (partition, session) */
export const seqWindow = 8192;
/** ms: ten years */
export const ttlMs = 10 * 365 * DAY_MS;
/** ms: an op further ahead of the server is refused CLOCK_SKEW */
export const skewMs = 60_000;
/** ms: a time server that has not answered by then does not */
export const ntpReplyMs = 1_000;
/** ms: longest wait for the first answer before the server serves by the local clock */
export const ntpStartMs = 3_000;
/** count: requests of one round; the quickest answer counts */
export const ntpSamples = 4;
/** ms: between the requests of a round, as RFC 5905 has it in a burst */
export const ntpSpacingMs = 2_000;
/** ms: between the first rounds; it doubles from then on */
export const ntpPollMs = 64_000;
/** ms: between rounds, at most: a good quartz drifts 20 ms in that time */
export const ntpPollMsMax = 1_024_000;
/** ms: pause after a round without answer; it doubles up to the longest one between rounds */
export const ntpRetryMs = 16_000;
/** ms: an offset beyond it is somebody's mistake and not used: no clock of a machine that runs is a day off */
export const ntpOffsetMs = DAY_MS;
/** count: time servers; each is asked when the one before it fails */
export const ntpServers = 4;
/** count: repairs of records from the future that are kept for reading, some 300 bytes each; beyond it the oldest go */
export const repairsKept = 10_000;
/** count: policies of one source; each is looked at when a connection first asks for a map */
export const policies = 2_000;
/** bytes: the body that replaces the stored policies */
export const policiesBytes = MIB;
/** ms: between two looks at the policies file; a change is taken over after two that agree */
export const policiesLookMs = 1_000;
/** count: denials that a server keeps in memory for its operators, some 500 bytes each */
export const denialsKept = 1_000;
/** chars: who asked for a repair: a mail address, a user and a machine */
export const repairByChars = 200;

// --- values and queries (the budget of a predicate is core's) ---

/** levels: depth of a frame less the 5 levels around a value in a transaction, 1 spare */
export const valueDepth = 24;
/** bytes: one op must fit one frame */
export const valueBytes = 192 * KIB;
/** chars: a dotted path into a value */
export const sortPathChars = 512;
/** count: compared for every candidate row */
export const sortTerms = 8;
/** count: largest window of a live query */
export const queryRows = 10_000;

// --- sync ---

/** count: three levels of one subtree, or all partitions at once */
export const merkleNodesPerRequest = 1024;
/** chars: hex digits of a 53-bit hash, rounded up */
export const merklePathChars = 16;
/** count: the frame is the real bound */
export const merkleItemsPerPart = 65_536;
/** count: rows asked for at once */
export const itemsPerRequest = 1000;
/** count: rows in one frame from the server; bytes end it earlier */
export const rowsPerReply = 10_000;
/** count: string table of a frame: one entry per row at worst */
export const nodesPerTable = 10_000;

/** bytes: a result of no more is sent anew rather than compared; the hashes of 271 partitions take as much */
export const smallResultBytes = 1_600;
/** count: rows a node looks at in a second for digests and results of those who come: some half of its time */
export const scannedRowsPerSecond = 500_000;

/** bytes: a place in each of 271 partitions and a proof of 16 bytes */
export const cursorBytes = 1_400;
/** bytes: a place in each of 271 partitions, each in an epoch of its own of any length */
export const placesBytes = 4_400;
/** bytes: a proof that cannot be guessed */
export const proofBytes = 16;
/** count: field lists of a bulk frame; a row of any other shape names its fields itself */
export const shapesPerFrame = 256;
/** count: changes of a map after which its followers get a fresh cursor: about one byte of cursor a change */
export const cursorEveryChanges = 1_000;
/** ms: a device that loses its connection repeats no more than what changed in this time, or in those changes */
export const cursorEveryMs = 30_000;

// --- connections ---

/** count: fits the node limit before authentication */
export const sessionsPerAuth = 32;
/** count: realms of one device and their leftovers */
export const sessionsPerConnection = 64;
/** count: scopes, queries and topics together */
export const subscriptionsPerConnection = 200;
/** count: refused messages within strikeWindowMs before 4408 */
export const strikes = 20;
/** ms: see strikes */
export const strikeWindowMs = 60_000;
/** ms: a stranger may hold a socket this long */
export const authTimeoutMs = 5_000;
/** ms: default: a first result that takes longer is logged: it kept all others waiting */
export const slowQueryMs = 50;
/** count: default: open queries of one principal over all its connections: ten devices full of them */
export const queriesPerPrincipal = 2_000;
/** count: default: rows of their results: some 100 MB on the server at worst */
export const queryRowsPerPrincipal = 500_000;
/** count: default: subscriptions of one principal over all its connections: 25 devices full of them */
export const subscriptionsPerPrincipal = 5_000;
/** count: default: connections of one principal: a device has one for all its tabs */
export const connectionsPerPrincipal = 100;
/** count: default: ops of one principal a second, any other message being one: some tenth of a node */
export const opsPerSecondPerPrincipal = 5_000;
/** bytes: default: what one principal may send a second: 40 MB of offline work in ten */
export const bytesPerSecondPerPrincipal = 4 * MIB;
/** ms: rates may save up what was not used for so long: a device that comes back brings its backlog at once */
export const rateBurstMs = 10_000;
/** ms: of its rate must have come back before a principal that has used it up may go on: one answer is worth waiting for */
export const rateResumeMs = 1_000;
/** count: messages refused as RATE within strikeWindowMs before 4429: a device that waits as told has a few a second at most */
export const rateStrikes = 300;
/** ms: a client that is closed with 4429 is told to stay away for about so long */
export const rateBanMs = 30_000;
/** count: default: maps of one node: each some kB of memory for good */
export const mapsPerNode = 100_000;
/** count: default: maps that one principal may begin an hour: a map a document is much, and more is a mistake */
export const newMapsPerPrincipal = 1_000;
/** ms: default: a connection that follows nothing and sends nothing but pings: it costs memory for nothing */
export const idleSessionMs = 3_600_000;
/** ms: default: longest life of a connection: nodes of a cluster even out within a day */
export const maxSessionMs = DAY_MS;
/** ms: time to renew an expired token on the socket */
export const authGraceMs = 30_000;
/** ms: ping interval; also corrects the clock */
export const heartbeatMs = 5_000;
/** ms: silence after which a socket counts as dead */
export const deadMs = 15_000;
/** ms: a client reconnects when ops stay unanswered on a live socket */
export const ackTimeoutMs = 10_000;
/** bytes: per socket; beyond it coalesce, then RESYNC, then 1013 */
export const outQueueBytes = MIB;
/** ms: graceful stop, below the 30 s of common supervisors */
export const drainMs = 25_000;

// --- engine of the server ---

/** count: ops that start a group commit at once */
export const flushOps = 200;
/** ms: age of the oldest staged op that starts a group commit */
export const flushDelayMs = 1;
/** count: ops held while the store is slow or away; then UNAVAILABLE (CLU-60) */
export const pendingOpsPerNode = 50_000;
/** bytes: of these ops as they came; then UNAVAILABLE (CLU-60) */
export const pendingBytesPerNode = 64 * MIB;
/** ms: after which a client comes again whose ops found no room among these */
export const pendingRetryMs = 1_000;
/** ms: how long an operator's change waits for the store: then UNAVAILABLE, and whether it will hold is not known (CLU-63) */
export const decisionMs = 10_000;
/** count: ops that wait for the program's interceptors; then UNAVAILABLE */
export const screenedOps = 10_000;
/** ms: default: an interceptor that takes longer has its op refused for now: a writer waits so long at most */
export const interceptorMs = 2_000;
/** ms: pause asked for when an interceptor failed or was too late */
export const interceptorRetryMs = 1_000;
/** ms: first pause after a failed flush */
export const flushRetryBaseMs = 50;
/** ms: a store that recovers is used again within seconds */
export const flushRetryCapMs = 2_000;
/** count: times frameBytesPreAuth: the 16 KiB a stranger may cost */
export const preAuthFrames = 4;
/** count: item digests listed instead of going one level deeper */
export const merkleItemsPerNode = 64;
/** bytes: estimated size of a bulk frame; the exact one stays below frameBytesFromServer */
export const replyBytes = 768 * KIB;
/** ms: spreads the reconnects after a shutdown */
export const reconnectInMsMax = 5_000;
/** count: digests brought up to date at once: 2 to 3 ms */
export const dirtyItems = 2_000;
/** ms: a session that ended is remembered for frames that are still on their way, by whatever detour (SRV-4) */
export const endedSessionMs = 30 * DAY_MS;
/** ms: a device that was away for longer is told so, and asks its user about what it did not send (SRV-4) */
export const unusedClientMs = 365 * DAY_MS;
/** ms: how far a new incarnation leaps ahead with its epochs: more than two clocks of one store's machines differ */
export const epochLeapMs = DAY_MS;
/** ms: how often the server looks for sessions and clients to forget; it takes a look at each */
export const forgetEveryMs = 3_600_000;
/** count: sessions and clients forgotten at once, each up to 271 rows of one commit */
export const forgottenAtOnce = 100;
/** ms: default: a device that was away for longer has its old writes judged by the floor (GC-2) */
export const retentionMs = 30 * DAY_MS;
/** ms: shorter than a holiday, and every device that comes back would have to ask its user */
export const retentionMsMin = 7 * DAY_MS;
/** count: times at which commits are noted within one retention: deletions stay for up to a sixteenth longer */
export const commitMarks = 16;
/** count: rows that one purge looks at, or that one commit ends: some 2 ms */
export const reapRows = 1_000;
/** ms: how often the server looks for records whose time is over */
export const reapEveryMs = 1_000;
/** ms: between two slices of a purge, so that ops go first */
export const reapPauseMs = 20;
/** count: rows taken into the indexes of a map without a pause: some 3 ms with three of them */
export const indexRows = 1_000;
/** ms: between two slices of building, so that ops go first */
export const indexPauseMs = 5;

/** ms: longest stretch of a long walk over records before sockets and probes get their turn; a collection of garbage comes on top */
export const paceMs = 2;
/** count: rows of such a stretch at most: some 4 ms of small ones */
export const paceRows = 1_000;
/** bytes: a store's file from which its pages are checked in a worker: some 10 ms */
export const pageCheckBytes = 64 * MIB;
/** count: jobs that wait for a worker; more are refused, for whoever asked has asked too often */
export const workerJobs = 64;
/** count: threads: long jobs are few, and the cores belong to the event loop and its flushes */
export const workerThreads = 1;
/** ms: a worker without a job ends after it, and its memory with it */
export const workerIdleMs = 10_000;

// --- what devices keep for themselves ---

// --- shells of the client and its storage ---

/** count: rows of a client store that are read without a pause: some 5 ms */
export const storeRowsPerRead = 1_000;
/** count: rows of a client store packed into one chunk: below the 64 KiB from which browsers store a value as a file */
export const storeRowsPerChunk = 256;
/** bytes: log of a store in a file that is never worth a snapshot */
export const fileLogBytes = MIB;
/** count: transactions that one write to a store in a file takes along */
export const fileTxPerWrite = 1_000;
/** count: chunks of a client store read at once, however small those before were: the next may hold a thousand rows each */
export const storeChunksPerRead = 16;
/** count: rows taken and written by one transaction of a compaction: some 5 ms */
export const rowsPerSlice = 1_024;
/** count: rows that are sorted in one step: some 3 ms */
export const rowsPerMerge = 4_096;
/** count: rows of a log that is never worth a compaction */
export const logRowsMin = 4_096;
/** count: rows that cost as much to read as one more chunk of a log */
export const logChunkCostRows = 16;
/** count: rows sealed under one key: random nonces of 96 bits stay far from repeating (NIST allows 2^32) */
export const sealsPerKey = 2 ** 30;
/** count: keys and tokens that an encrypted store remembers: a few MB */
export const cipherMemos = 10_000;
/** count: relaxed commits a memory store can lose in a test */
export const memoryUnflushedCommits = 256;
/** count: rows that wait until all maps and queries have caught up: some tens of MB; beyond it they show as they come */
export const heldRows = 50_000;
/** count: messages of other tabs that wait until a tab has read the store; of more it reads the store again */
export const earlyMessages = 1_000;
/** ms: a query nobody listens to stays open, so that a re-render finds it */
export const queryIdleMs = 1_000;
/** count: connection states kept for diagnostics */
export const stateHistory = 100;
/** ms: how long close() waits for the last writes to be logged */
export const closeFlushMs = 5_000;
/** ms: pause before a store that could not be opened is tried again */
export const storeRetryMs = 2_000;

// --- engine of the client ---

/** ms: connected time for which answered ops are kept, to be sent again if the server loses them (INC-1) */
export const answeredMs = 10 * 60_000;
/** count: answered ops kept; the oldest go */
export const answeredOps = 20_000;
/** bytes: answered ops kept, in memory and in the store; the oldest go */
export const answeredBytes = 4 * MIB;
/** count: Merkle walks in a row that did not make two roots equal */
export const syncRounds = 8;
/** count: messages kept while the device is offline; the oldest go */
export const topicQueue = 100;
/** ms: what a node said of who is present holds so long; three announcements may be lost */
export const presenceLeaseMs = 60_000;
/** count: what own writes lost, the newest: some weeks of an ordinary app */
export const conflictEntries = 256;
/** bytes: values beyond it are not kept; with conflictEntries 16 MiB on the device at worst */
export const conflictValueBytes = 64 * KIB;
/** count: writes that came too late and wait for the app to decide (GC-3); of more the oldest that it has seen go */
export const staleWrites = 1_000;
/** count: closed queries whose rows stay on the device, so that they open at once again */
export const retainedQueries = 32;

// --- what clients know of a cluster ---

/** count: nodes that a map names; a cluster has three, some have nine */
export const nodesPerMap = 64;
/** chars: the address of a node, `wss://host:port` */
export const nodeUrlChars = 255;
