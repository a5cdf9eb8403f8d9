/**
 * What can be waited for, each level after the one before it. `durable`: in the device's log, so that the write survives a crash of the
 * app. `sent`: on its way to the server. `received`: the server has taken it in. `applied`: the server has admitted and merged it, in
 * memory. `persisted`: the server has it on its disk; only then the device lets go of it. On a map that the server keeps in memory alone
 * writes end `applied`.
 */
export type WriteLevel = 'durable' | 'sent' | 'received' | 'applied' | 'persisted';

/** How far a write has come, or how it ended. */
export type WriteState =
  | { readonly name: 'local' | Exclude<WriteLevel, 'persisted'> }
  /** `isChanged`: the server has stored another value than the one written, which reads now show. */
  | { readonly name: 'persisted'; readonly isChanged?: true }
  /** A newer write has won: `by` that of this device which took its place before it was sent, or one of another device. */
  | { readonly name: 'superseded'; readonly by?: WriteHandle }
  /**
   * Refused, and taken back on this device. `reason` is a code of `docs/guides/errors.md`; `detail` what the resolver of the map
   * said, where it was the one to refuse.
   */
  | { readonly name: 'rejected'; readonly reason: string; readonly detail?: string };

/** One write, already visible on this device. Nothing has to be awaited; promises are made when asked for. */
export interface WriteHandle {
  /** `sent`, `received` and `applied` show for certain only where they were waited for; a tab that leaves sending to another sees `durable`. */
  readonly state: WriteState;
  /**
   * Resolves when the write has come this far or further, or has ended `superseded` or `rejected`, with the state then.
   * Ask in the turn of the write: what is on its way already brings no other news than its end.
   * Rejects with `CLIENT_CLOSED` when the client is closed first, `durable` also with the storage's error, `persisted` with
   * `VOLATILE_MAP` on a map that the server keeps in memory alone.
   */
  reached(level: WriteLevel): Promise<WriteState>;
  /** Resolves when the app may go on writing: at once, unless the client was made with `backpressure`. Rejects with `CLIENT_CLOSED`. */
  admitted(): Promise<void>;
}
