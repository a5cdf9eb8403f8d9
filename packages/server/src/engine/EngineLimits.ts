import { LIMITS } from '@topgun/protocol';

/** The bounds of one engine. Units are in the names. */
export interface EngineLimits {
  /** ops in the open batch that start a flush at the next tick */
  readonly flushOps: number;
  /** age of the oldest staged op that starts a flush at the next tick */
  readonly flushDelayMs: number;
  /** ops staged, parked or waiting for the store, and their bytes; beyond it ops are answered UNAVAILABLE, to come again after so many ms */
  readonly pendingOps: number;
  readonly pendingBytes: number;
  readonly pendingRetryMs: number;
  /** first and greatest pause before a failed flush is admitted again; it doubles in between */
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  /** frames a socket may send before it is authenticated */
  readonly preAuthFrames: number;
  /** items a Merkle node lists at once; above it children are listed */
  readonly merkleItems: number;
  /** estimated bytes of one frame; what does not fit goes into the next one, or is asked for again */
  readonly frameBytes: number;
  /** estimated bytes of a result up to which it is sent anew rather than compared */
  readonly smallResultBytes: number;
  /** rows looked at in a second to make digests and results for those who come */
  readonly scannedRowsPerSecond: number;
  /** open queries of one principal, and rows of their results when they were opened (QRY-9) */
  readonly queriesPerPrincipal: number;
  readonly queryRowsPerPrincipal: number;
  /** what one principal may use over all of its connections, see LIMITS (LMT-3, LMT-6 to LMT-8) */
  readonly subscriptionsPerPrincipal: number;
  readonly connectionsPerPrincipal: number;
  readonly opsPerSecondPerPrincipal: number;
  readonly bytesPerSecondPerPrincipal: number;
  readonly newMapsPerPrincipal: number;
  readonly mapsPerNode: number;
  /** how long a connection may last that does nothing, and any; ms, 0 = for ever (LMT-9) */
  readonly idleSessionMs: number;
  readonly maxSessionMs: number;
  /** changes of a map, and time with at least one, after which its followers get a fresh cursor */
  readonly cursorEveryChanges: number;
  readonly cursorEveryMs: number;
  /** greatest pause a client is asked to make before it reconnects to a server that shuts down */
  readonly reconnectInMsMax: number;
  /** items whose digest is out of date before they are hashed without being asked for */
  readonly dirtyItems: number;
  /** how long a session that ended is remembered; ms */
  readonly endedSessionMs: number;
  /** requests over HTTP that are remembered because they may come again, how long, and at least how long; ms (REC-8) */
  readonly requestKeys: number;
  readonly requestKeyMs: number;
  readonly requestKeyMsMin: number;
  /** after how long without contact a client is forgotten; ms */
  readonly unusedClientMs: number;
  /** how often to look for what can be forgotten; ms */
  readonly forgetEveryMs: number;
  /** sessions and clients forgotten at once; the next ones a heartbeat later */
  readonly forgottenAtOnce: number;
  /** how long a deletion is remembered, from its commit on; ms */
  readonly retentionMs: number;
  /** commit marks within one retention: a deletion stays for up to one spacing longer */
  readonly commitMarks: number;
  /** rows looked at by one purge, and rows ended by one commit */
  readonly reapRows: number;
  /** least time between two looks for what has had its time; ms */
  readonly reapEveryMs: number;
  /** pause between two slices of one look; ms */
  readonly reapPauseMs: number;
  /** rows taken into indexes at once, and the pause before the next ones; ms */
  readonly indexRows: number;
  readonly indexPauseMs: number;
  /** ops that wait for the program's interceptors; then UNAVAILABLE */
  readonly screenedOps: number;
  readonly skewMs: number;
  readonly seqWindow: number;
  readonly authTimeoutMs: number;
  readonly authGraceMs: number;
  /** how long before its token ends a session is asked to renew it, at most; ms */
  readonly renewLeadMs: number;
  /** pause between two such requests; ms */
  readonly renewEveryMs: number;
  /** time to renew a token whose key was withdrawn; ms */
  readonly withdrawnGraceMs: number;
  readonly heartbeatMs: number;
  readonly deadMs: number;
  /** deliveries of one subscription that wait, and bytes of the bodies of all (HOOK-36) */
  readonly webhookWaiting: number;
  readonly webhookOutboxBytes: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  flushOps: LIMITS.flushOps,
  flushDelayMs: LIMITS.flushDelayMs,
  pendingOps: LIMITS.pendingOpsPerNode,
  pendingBytes: LIMITS.pendingBytesPerNode,
  pendingRetryMs: LIMITS.pendingRetryMs,
  retryBaseMs: LIMITS.flushRetryBaseMs,
  retryCapMs: LIMITS.flushRetryCapMs,
  preAuthFrames: LIMITS.preAuthFrames,
  merkleItems: LIMITS.merkleItemsPerNode,
  frameBytes: LIMITS.replyBytes,
  smallResultBytes: LIMITS.smallResultBytes,
  scannedRowsPerSecond: LIMITS.scannedRowsPerSecond,
  queriesPerPrincipal: LIMITS.queriesPerPrincipal,
  queryRowsPerPrincipal: LIMITS.queryRowsPerPrincipal,
  subscriptionsPerPrincipal: LIMITS.subscriptionsPerPrincipal,
  connectionsPerPrincipal: LIMITS.connectionsPerPrincipal,
  opsPerSecondPerPrincipal: LIMITS.opsPerSecondPerPrincipal,
  bytesPerSecondPerPrincipal: LIMITS.bytesPerSecondPerPrincipal,
  newMapsPerPrincipal: LIMITS.newMapsPerPrincipal,
  mapsPerNode: LIMITS.mapsPerNode,
  idleSessionMs: LIMITS.idleSessionMs,
  maxSessionMs: LIMITS.maxSessionMs,
  cursorEveryChanges: LIMITS.cursorEveryChanges,
  cursorEveryMs: LIMITS.cursorEveryMs,
  reconnectInMsMax: LIMITS.reconnectInMsMax,
  dirtyItems: LIMITS.dirtyItems,
  endedSessionMs: LIMITS.endedSessionMs,
  requestKeys: LIMITS.requestKeys,
  requestKeyMs: LIMITS.requestKeyMs,
  requestKeyMsMin: LIMITS.requestKeyMsMin,
  unusedClientMs: LIMITS.unusedClientMs,
  forgetEveryMs: LIMITS.forgetEveryMs,
  forgottenAtOnce: LIMITS.forgottenAtOnce,
  retentionMs: LIMITS.retentionMs,
  commitMarks: LIMITS.commitMarks,
  reapRows: LIMITS.reapRows,
  reapEveryMs: LIMITS.reapEveryMs,
  reapPauseMs: LIMITS.reapPauseMs,
  indexRows: LIMITS.indexRows,
  indexPauseMs: LIMITS.indexPauseMs,
  screenedOps: LIMITS.screenedOps,
  skewMs: LIMITS.skewMs,
  seqWindow: LIMITS.seqWindow,
  authTimeoutMs: LIMITS.authTimeoutMs,
  authGraceMs: LIMITS.authGraceMs,
  renewLeadMs: LIMITS.renewLeadMs,
  renewEveryMs: LIMITS.renewEveryMs,
  withdrawnGraceMs: LIMITS.withdrawnGraceMs,
  heartbeatMs: LIMITS.heartbeatMs,
  deadMs: LIMITS.deadMs,
  webhookWaiting: LIMITS.webhookWaiting,
  webhookOutboxBytes: LIMITS.webhookOutboxBytes,
};
