/** Limits of a server that keeps its records in PostgreSQL; part of `allLimits.ts`. */

/** count: connections to PostgreSQL besides the one that guards the store; `?pool=` in the address of the database */
export const databaseConnections = 4;
/** count: most that the address may ask for */
export const databaseConnectionsMax = 100;
/** ms: time for a connection to be made, or to become free */
export const databaseConnectMs = 5_000;
/** ms: after which PostgreSQL ends a statement by itself */
export const databaseStatementMs = 10_000;
/** ms: longest wait of a statement for a lock */
export const databaseLockMs = 5_000;
/** ms: beyond a statement's own time, after which a silent connection counts as lost */
export const databaseSilenceMs = 5_000;
/** ms: how long an opener waits for the server before it to let go of the database */
export const databaseHeldMs = 10_000;
/** count: rows read from PostgreSQL at once */
export const databaseReadCount = 1_000;
/** ms: first wait before PostgreSQL is asked again; doubled up to databaseRetryMsMax */
export const databaseRetryMs = 50;
/** ms: longest wait before PostgreSQL is asked again */
export const databaseRetryMsMax = 1_000;
/** ms: time of an answer to a probe */
export const databaseProbeMs = 2_000;
