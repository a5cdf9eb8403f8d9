/** Those limits that devices keep for themselves; part of `limits.ts`. */

const KIB = 1024;
const MIB = 1024 * KIB;

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
/** count: what own writes lost, the newest: some weeks of an ordinary app */
export const conflictEntries = 256;
/** bytes: values beyond it are not kept; with conflictEntries 16 MiB on the device at worst */
export const conflictValueBytes = 64 * KIB;
/** count: writes that came too late and wait for the app to decide (GC-3); of more the oldest that it has seen go */
export const staleWrites = 1_000;
/** count: closed queries whose rows stay on the device, so that they open at once again */
export const retainedQueries = 32;
