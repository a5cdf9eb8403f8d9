import { PARTITION_COUNT } from '@topgun/core';
import type { ClusterAnswer } from '@topgun/server/internal/doors/cluster';
import type { ClusterNodes } from '../cluster/ClusterNodes.js';
import { until } from '../rolling/until.js';

const LOOK_MS = 100;
const LOOKED_MS = 60_000;

/** That a partition was seen to have another owner, or the same anew. */
export interface Move {
  readonly pid: number;
  readonly epoch: number;
  /** by `performance.now()` */
  readonly at: number;
}

/** Looks at the owner rows all the time, at whatever node answers, and notes which partitions moved, and when. Ends with `stop`. */
export class OwnerWatch {
  readonly moves: Move[] = [];
  readonly #nodes: ClusterNodes;
  readonly #epochs: number[] = Array.from({ length: PARTITION_COUNT }, () => 0);
  #isStopped = false;
  #version = 0;
  #looks = 0;
  readonly #watching: Promise<void>;

  constructor(nodes: ClusterNodes) {
    this.#nodes = nodes;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#watching;
  }

  /** Resolves when it has looked at every node once more. */
  async looked(): Promise<void> {
    const goal = this.#looks + this.#nodes.count + 1;
    await until('the owners were looked at', LOOKED_MS, () => this.#looks >= goal);
  }

  async #watch(): Promise<void> {
    for (; !this.#isStopped; this.#looks++) {
      const status = await this.#nodes.status(this.#looks % this.#nodes.count);
      if (status !== undefined) this.#see(status);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Nodes may know maps of different age; epochs only rise. */
  #see({ partitions, mapVersion }: ClusterAnswer): void {
    const isFirst = this.#version === 0;
    if (mapVersion <= this.#version) return;
    this.#version = mapVersion;
    const at = performance.now();
    for (const [pid, { epoch }] of partitions.entries()) {
      if (epoch <= (this.#epochs[pid] ?? 0)) continue;
      this.#epochs[pid] = epoch;
      if (!isFirst) this.moves.push({ pid, epoch, at });
    }
  }
}
