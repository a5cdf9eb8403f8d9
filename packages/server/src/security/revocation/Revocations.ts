import { LIMITS } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import type { Principal } from '../PermissionPolicy.js';
import { MemoryRevocationStore, type RevocationEntry, type RevocationStore } from './RevocationStore.js';

/** What to refuse: one token, or all of a subject that were issued before a time (ms since the epoch; now when left out). */
export type Revocation =
  | { readonly jti: string }
  | { readonly sub: string; readonly beforeMs?: number | undefined };

/** Tokens that are no good though nothing is wrong with them (AUTH-40 to AUTH-42). */
export class Revocations {
  #store: RevocationStore = new MemoryRevocationStore();
  readonly #lifeMs: number;
  readonly #tokens = new Map<string, RevocationEntry>();
  readonly #subjects = new Map<string, RevocationEntry>();
  /** ends when the last write to the store has */
  #written: Promise<unknown> = Promise.resolve();

  /** In memory, until `keepIn`. */
  constructor(tokenHoursMax: number = LIMITS.tokenHours) {
    this.#lifeMs = tokenHoursMax * 3_600_000 + LIMITS.issuerSkewMs;
  }

  /** Takes in what the store holds, and keeps everything there from now on. Throws what the store does. */
  async keepIn(store: RevocationStore): Promise<void> {
    for (const entry of await store.load()) this.#take(entry);
    this.#store = store;
  }

  /** What other nodes have revoked holds here too. */
  heard(entries: readonly RevocationEntry[]): void {
    for (const entry of entries) this.#take(entry);
  }

  get size(): number {
    return this.#tokens.size + this.#subjects.size;
  }

  isRevoked({ sub, claims }: Principal): boolean {
    if (typeof claims.jti === 'string' && this.#tokens.has(claims.jti)) return true;
    const subject = this.#subjects.get(sub);
    if (subject === undefined) return false;
    // `iat` is in whole seconds. Within the second of the revocation nothing shows which came first.
    const issuedAtMs = typeof claims.iat === 'number' ? claims.iat * 1000 : Number.NEGATIVE_INFINITY;
    return issuedAtMs < (subject.beforeMs ?? Number.POSITIVE_INFINITY);
  }

  /**
   * Holds when the call returns; resolves when it is durable. Throws REVOCATION_INVALID, REVOCATIONS_FULL; rejects with the store's
   * fault, and holds all the same.
   */
  add(revocation: Revocation, nowMs: number): Promise<void> {
    const entry = this.#entryOf(revocation, nowMs);
    if (this.size >= LIMITS.revocations) this.#dropEnded(nowMs);
    if (this.size >= LIMITS.revocations)
      throw serverError('REVOCATIONS_FULL', `There are ${LIMITS.revocations} revocations.`);
    this.#take(entry);
    return this.#write(() => this.#store.add(entry));
  }

  /** Forgets what can name no living token any more. */
  async prune(nowMs: number): Promise<void> {
    if (this.#dropEnded(nowMs)) await this.#write(() => this.#store.replace(this.#entries()));
  }

  #entryOf(revocation: Revocation, nowMs: number): RevocationEntry {
    if ('jti' in revocation) {
      const name = checked(revocation.jti, LIMITS.tokenNameChars, 'jti');
      return { kind: 'jti', name, untilMs: nowMs + this.#lifeMs };
    }
    const { beforeMs = nowMs } = revocation;
    if (!Number.isFinite(beforeMs) || beforeMs > nowMs)
      throw serverError('REVOCATION_INVALID', 'The time of a revocation lies ahead, or is none.');
    const name = checked(revocation.sub, LIMITS.userIdChars, 'sub');
    return { kind: 'sub', name, beforeMs, untilMs: beforeMs + this.#lifeMs };
  }

  #take(entry: RevocationEntry): void {
    const entries = entry.kind === 'jti' ? this.#tokens : this.#subjects;
    const known = entries.get(entry.name);
    // An earlier time for the same subject takes nothing back.
    if (known === undefined || (entry.beforeMs ?? 0) >= (known.beforeMs ?? 0)) entries.set(entry.name, entry);
  }

  #dropEnded(nowMs: number): boolean {
    const before = this.size;
    for (const entries of [this.#tokens, this.#subjects]) {
      for (const [name, { untilMs }] of entries) if (untilMs < nowMs) entries.delete(name);
    }
    return this.size < before;
  }

  #entries(): readonly RevocationEntry[] {
    return [...this.#tokens.values(), ...this.#subjects.values()];
  }

  /** One after the other; the fault of one is not the next one's. */
  #write(work: () => Promise<void>): Promise<void> {
    const written = this.#written.then(work);
    this.#written = written.catch(() => undefined);
    return written;
  }
}

function checked(name: unknown, charsMax: number, what: string): string {
  if (typeof name === 'string' && name !== '' && name.length <= charsMax) return name;
  throw serverError('REVOCATION_INVALID', `The ${what} is no text of 1 to ${charsMax} characters.`);
}
