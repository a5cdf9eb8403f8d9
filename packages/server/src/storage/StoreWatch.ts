/** Why a store can keep nothing at the moment. */
export type StoreFault = 'DISK_FULL' | 'STORE_READ_ONLY' | 'STORE_UNREACHABLE' | 'STORE_SLOW';

export interface StoreState {
  /** of the disk that the server itself writes to; undefined when it has none, or it cannot be reached */
  readonly freeBytes: number | undefined;
  readonly fault: StoreFault | undefined;
}

/** Looks after the place of a store, for probes and metrics. */
export interface StoreWatch {
  /** At most a second old. Never rejects. */
  state(): Promise<StoreState>;
}
