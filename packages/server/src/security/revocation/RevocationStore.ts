/** Tokens that are refused: one by its id, or those of a subject issued before a time. Times are ms since the epoch. */
export interface RevocationEntry {
  readonly kind: 'jti' | 'sub';
  readonly name: string;
  /** of a subject: tokens issued before this are refused */
  readonly beforeMs?: number | undefined;
  /** when every such token has ended by itself */
  readonly untilMs: number;
}

/** Where revocations outlive the process. Calls come one after the other. */
export interface RevocationStore {
  /** Everything that was added and kept. */
  load(): Promise<readonly RevocationEntry[]>;
  /** Resolves when the entry is durable. */
  add(entry: RevocationEntry): Promise<void>;
  /** Keeps these alone. */
  replace(entries: readonly RevocationEntry[]): Promise<void>;
}

/** As long as the process. */
export class MemoryRevocationStore implements RevocationStore {
  readonly entries: RevocationEntry[] = [];

  async load(): Promise<readonly RevocationEntry[]> {
    return [...this.entries];
  }

  async add(entry: RevocationEntry): Promise<void> {
    this.entries.push(entry);
  }

  async replace(entries: readonly RevocationEntry[]): Promise<void> {
    this.entries.splice(0, this.entries.length, ...entries);
  }
}
