import { type IConnectionProvider, type LWWMapHandle, TopGunClient } from '@topgun/client';
import { PARTITION_COUNT } from '@topgun/core';
import { ownStore } from '../crash/ownStore.js';
import { tellTroubles } from '../crash/tellTroubles.js';
import type { Counted } from '../crash/Writer.js';
import { tagOfPartition } from './tagOfPartition.js';

/** A write as the app saw it: from `set` to the answer that it is durable. */
export interface Sample {
  readonly pid: number;
  /** by `performance.now()` */
  readonly beganAt: number;
  readonly ms: number;
}

/** From one write to the next: prime to 271, so that all partitions come in turn. */
const STRIDE = 100;

/**
 * A device of a cluster whose app writes at a steady pace, whatever is answered: a pause of the cluster is seen by every write that falls into it,
 * and not by the first alone. It goes through all partitions in turn, holds a map that it shares with others, and looks whether what it is
 * shown ever goes back.
 */
export class Mover {
  readonly map: string;
  /** by key, the highest number answered as durable */
  readonly acknowledged = new Map<string, number>();
  /** what an app would have been told of, and must not */
  readonly troubles: string[] = [];
  readonly samples: Sample[] = [];
  readonly #client: TopGunClient;
  readonly #handle: LWWMapHandle<Counted>;
  readonly #name: string;
  readonly #shown = new Map<string, number>();
  readonly #first: number;
  #n = 0;
  #unanswered = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `way`: an address, or what finds one. */
  constructor(way: string | IConnectionProvider, token: string, at: number, map: string) {
    this.#name = `m${at}`;
    this.#first = at * 37;
    this.map = map;
    this.#client = new TopGunClient({
      ...(typeof way === 'string' ? { serverUrl: way } : { connectionProvider: way }),
      token,
      ...ownStore(),
    });
    tellTroubles(this.#client, (trouble) => this.#trouble(trouble));
    this.#handle = this.#client.getMap<Counted>(map);
    this.#handle.subscribe((keys) => {
      for (const key of keys) this.#look(key);
    });
  }

  /** Resolves when it is connected, and holds its map. */
  ready(): Promise<void> {
    return this.#client.whenSynced();
  }

  /** One write in `everyMs`, the first after `delayMs`. */
  start(everyMs: number, delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#write();
      this.#timer = setInterval(() => this.#write(), everyMs);
    }, delayMs);
  }

  /** No write is begun any more; resolves when those made are answered. */
  async finish(): Promise<void> {
    this.#halt();
    await this.#client.whenSynced();
    // Who waits for an answer is told after it.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#unanswered > 0) this.#trouble(`${this.#unanswered} writes were never answered`);
  }

  async stop(): Promise<void> {
    this.#halt();
    await this.#client.close();
  }

  #halt(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #write(): void {
    const n = ++this.#n;
    const pid = (this.#first + n * STRIDE) % PARTITION_COUNT;
    const key = `${this.#name}{${tagOfPartition(pid)}}`;
    const beganAt = performance.now();
    this.#unanswered++;
    this.#handle
      .set(key, { n })
      .reached('persisted')
      .then(
        (state) => {
          this.#unanswered--;
          if (state.name !== 'persisted') {
            this.#trouble(`a write ended ${JSON.stringify(state)}`);
            return;
          }
          this.samples.push({ pid, beganAt, ms: performance.now() - beganAt });
          this.acknowledged.set(key, Math.max(this.acknowledged.get(key) ?? 0, n));
        },
        (error: unknown) => {
          // Closing the client ends those under way.
          if (this.#timer !== undefined) this.#trouble(`a write failed: ${String(error)}`);
        },
      );
  }

  #look(key: string): void {
    const n = this.#handle.get(key)?.n ?? 0;
    const before = this.#shown.get(key) ?? 0;
    if (n < before) this.#trouble(`${key} went back from ${before} to ${n}`);
    this.#shown.set(key, n);
  }

  #trouble(text: string): void {
    this.troubles.push(`${this.#name}: ${text}`);
  }
}
