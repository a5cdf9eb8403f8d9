/** Those limits that the doors of the server keep, and what stands behind them; part of `allLimits.ts`. */

const KIB = 1024;

/** count: entries of a list for operators, such as connections; more than a person looks through */
export const listedMax = 1_000;
/** bytes: all a stranger may send on a socket before AUTH is accepted */
export const bytesPreAuth = 16 * KIB;
/** count: default for one node: some 10 kB each */
export const connections = 20_000;
/** count: default: an office behind one address */
export const connectionsPerIp = 1_000;
/** count: default: per second and address, ten seconds may be saved up: an office after a power cut */
export const handshakesPerIp = 200;
/** count: default: per second in all, ten seconds may be saved up: a full node is back within half a minute */
export const handshakesPerNode = 1_000;
/** count: default: sockets at once that have not been authenticated: with 16 KiB each, 80 MiB */
export const strangers = 5_000;
/** count: default: per second and address, ten seconds at once: an office that opens a page of fifty files */
export const httpRequestsPerIp = 500;
/** count: default: per second and subject of tokens, ten seconds at once: an export asks for a page at a time */
export const httpRequestsPerPrincipal = 200;
/** ms: how often the files of the certificate are looked at */
export const certificateLookMs = 10_000;
/** bytes: unsent bytes at which a socket is no longer read */
export const pauseReadingBytes = 256 * KIB;
/** bytes: unsent bytes at which a socket is behind, and nothing of maps, queries and topics is queued for it any more: half of outQueueBytes */
export const resyncBytes = 512 * KIB;
/** ms: a socket of whose unsent bytes the network has taken none for so long is closed: 1 MiB takes that long at 35 kB/s */
export const stalledMs = 30_000;
/** share: default: of the heap's limit, what all sockets together may hold unsent */
export const outQueuesHeapShare = 0.25;
/** ms: how often unsent bytes are looked at */
export const watchQueuesMs = 1_000;
/** bytes: request line and headers of one HTTP request */
export const headerBytes = 8 * KIB;
/** ms: time for the headers of one HTTP request to arrive */
export const headersMs = 5_000;
/** ms: time for one HTTP request to arrive whole */
export const requestMs = 30_000;
/** ms: how long an HTTP connection may wait for its next request; proxies let go after 60 s, and must be first, or a request meets the close */
export const httpIdleMs = 75_000;
/** ms: time for the other side to answer a close before it is cut */
export const closeWaitMs = 3_000;
/** ms: between two closes of a stop at most: whoever comes back elsewhere comes at 100 a second */
export const closeEveryMs = 10;
/** count: pieces of one message; clients send one */
export const fragments = 64;
/** bytes: least length of an HS256 secret: that of its hash */
export const secretBytes = 32;

/** count: operations that the log of the debug doors holds; some minutes of a busy server */
export const debugOperations = 10_000;
/** bytes: of that log, with values */
export const debugBytes = 16 * 1024 * 1024;
/** count: characters of a value as JSON that the log keeps */
export const debugValueChars = 4_096;
/** count: operations in one answer */
export const debugPage = 1_000;

/** bytes: body of a request that reads or writes records: what a frame may hold */
export const recordBodyBytes = 256 * KIB;
/** ms: a request is answered by then; the store may be away for longer */
export const recordAnswerMs = 10_000;
/** count: rows that a request may ask for at once */
export const recordPage = 1_000;
/** bytes: of the rows of one answer, about */
export const recordPageBytes = 1024 * KIB;
/** chars: of an Idempotency-Key */
export const requestKeyChars = 128;
/** count: keys of requests, and requests without one that were just answered: some 1 kB each */
export const requestKeys = 200_000;
/** ms: a request may come again under its key for so long */
export const requestKeyMs = 24 * 3_600_000;
/** ms: and for so long at least, however many others came */
export const requestKeyMsMin = 10 * 60_000;
