/** A structured key: 1 to 6 segments, ordered segment by segment, each by UTF-16 code unit; a shorter key sorts first. */
export type StoreKey = readonly string[];

/** Longest key an adapter has to take, in segments. The client's own layout uses three. */
export const STORE_KEY_SEGMENTS_MAX = 6;

/** What one storage transaction does. Puts are applied in order, then deletes: a key named by both is gone. */
export interface StoreTx {
  readonly puts: readonly (readonly [StoreKey, unknown])[];
  readonly deletes: readonly StoreKey[];
  /** `strict` asks the device to flush before it reports success; `relaxed` (default) may lose the last commits in a power cut, never a hole. */
  readonly durability?: 'relaxed' | 'strict';
}

/**
 * Where a client keeps its data between starts. Several adapters with the same name, in one realm or in several
 * tabs, work on one store. Every adapter passes `describeClientStorage` (rules CST-n).
 *
 * Values are everything a map admits, and plain arrays and objects of it. They are copied on the way in and out; a
 * batch must not be changed before its promise has settled.
 */
export interface IStorageAdapter {
  /**
   * Opens the store of this name, creating it when absent; opening twice does nothing. Calls made before it has
   * resolved wait for it. Rejects with `STORAGE_UNAVAILABLE` or `STORAGE_VERSION`.
   */
  open(name: string): Promise<void>;
  /**
   * Applies a batch, all or nothing, and resolves after the commit with the store's commit number, which rises by
   * one per transaction and is shared by all realms on the store. Rejects with `STORAGE_FULL`, `STORAGE_VALUE`,
   * `STORAGE_KEY`, `STORAGE_LOST` or `STORAGE_CLOSED`; nothing of the batch is stored then.
   */
  tx(batch: StoreTx): Promise<number>;
  /** The value under a key, or undefined. */
  get(key: StoreKey): Promise<unknown>;
  /**
   * Visits every row whose key begins with the segments of `prefix` (the row of the prefix itself included), in key
   * order, from one consistent snapshot. Resolves with the number of the last commit that the snapshot contains.
   */
  iterate(prefix: StoreKey, visit: (key: StoreKey, value: unknown) => void): Promise<number>;
  /** Bytes used and allowed, where the platform tells. */
  estimate(): Promise<{ usageBytes: number; quotaBytes: number } | undefined>;
  /** Called when the store went away by itself: closed or evicted by the browser, replaced by another version. `open` may be tried again. */
  onLost(cb: (reason: string) => void): void;
  /**
   * Deletes every row and puts these in their place, in one flushed transaction, whole or not at all. The commit number goes on rising,
   * so that other tabs notice.
   */
  wipe(puts?: StoreTx['puts']): Promise<void>;
  /** Lets go of the store after the running transactions; later calls are refused with `STORAGE_CLOSED`. */
  close(): Promise<void>;
}
