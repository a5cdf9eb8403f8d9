import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerConfigInput } from '@topgun/server';
import { type Postgres, startPostgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import pg from 'pg';
import { type Child, startChild } from '../child.js';
import { postgresCpu } from '../database/postgresCpu.js';
import type { CpuAnswer } from '../server/requests.js';

const PARTITIONS = 271;
const SPREAD_MS_MAX = 60_000;
const LOOK_MS = 100;

/** What has been used since the start, of all processes that serve. */
export interface Used {
  /** CPU seconds of the nodes together */
  readonly nodes: number;
  /** CPU seconds of PostgreSQL: its main process, its children, and those that have ended */
  readonly database: number;
  /** of all nodes */
  readonly commits: number;
}

/** Servers in processes of their own over one PostgreSQL that waits for its disk: nodes of a cluster, or one that is none. */
export class ClusterScene {
  readonly ports: readonly number[];
  readonly #postgres: Postgres;
  readonly #nodes: readonly Child[];

  private constructor(postgres: Postgres, nodes: readonly Child[], ports: readonly number[]) {
    this.#postgres = postgres;
    this.#nodes = nodes;
    this.ports = ports;
  }

  /** Starts them, lets `play` use them when every node has its share of the partitions, and ends all processes. `nodes` 0: a server alone. */
  static async play<T>(nodes: number, play: (scene: ClusterScene) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
    const postgres = await startPostgres({ durable: true });
    const children = Array.from({ length: Math.max(1, nodes) }, () => startChild('topgun-server'));
    try {
      const ports: number[] = [];
      for (const [nth, child] of children.entries()) {
        const node: ServerConfigInput = { cluster: true, nodeId: nameOf(nth) };
        const config = { databaseUrl: postgres.url, ...(nodes > 0 && node) };
        const request = { what: 'start', folder: join(folder, String(nth)), config };
        ports.push((await child.ask<{ port: number }>(request)).port);
      }
      const scene = new ClusterScene(postgres, children, ports);
      if (nodes > 0) await scene.#spread();
      return await play(scene);
    } finally {
      for (const child of children) child.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    }
  }

  async used(): Promise<Used> {
    const cpu = await Promise.all(this.#nodes.map((node) => node.ask<CpuAnswer>({ what: 'cpu' })));
    const commits = await Promise.all(this.ports.map(commitsOf));
    return {
      nodes: cpu.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      database: postgresCpu(this.#postgres.processId()),
      commits: commits.reduce((sum, count) => sum + count, 0),
    };
  }

  /** The partitions of each node. */
  async owned(): Promise<readonly (readonly number[])[]> {
    const client = new pg.Client(this.#postgres.url);
    await client.connect();
    try {
      const { rows } = await client.query<{ pid: number; node: string }>(
        'select pid, node from topgun.owners where node is not null and target is null',
      );
      return this.ports.map((_, nth) =>
        rows.filter(({ node }) => node === nameOf(nth)).map(({ pid }) => pid),
      );
    } finally {
      await client.end();
    }
  }

  /** Resolves when the partitions are spread evenly. */
  async #spread(): Promise<void> {
    const least = Math.floor(PARTITIONS / this.ports.length);
    const deadlineMs = performance.now() + SPREAD_MS_MAX;
    for (;;) {
      const owned = await this.owned();
      const isAll = owned.reduce((sum, pids) => sum + pids.length, 0) === PARTITIONS;
      if (isAll && owned.every((pids) => pids.length >= least)) return;
      if (performance.now() > deadlineMs) throw new Error('the nodes do not share the partitions');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

const nameOf = (nth: number): string => `bench-${nth}`;

/** As the node counts them. */
async function commitsOf(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const count = /^topgun_commit_duration_seconds_count(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1];
  if (count === undefined) throw new Error('the server does not say how many commits it has made');
  return Number(count);
}
