import { PARTITION_COUNT } from '@topgun/core';
import { expect } from 'vitest';
import type { OwnershipBounds } from '../../engine/ownership/ports.js';
import { ClusterDatabase } from '../../storage/postgres/cluster/ClusterDatabase.js';
import type { DatabaseAddress } from '../../storage/postgres/databaseUrl.js';
import { ClusterManager } from '../ClusterManager.js';
import { SYSTEM_TIME } from '../ClusterTime.js';
import { FakeOwnerEngine } from './FakeOwnerEngine.js';
import { PausedTime } from './PausedTime.js';

/** A quarter of the real ones: long enough for a busy machine, short enough to wait for. */
export const QUICK: OwnershipBounds = {
  leaseMs: 2_000,
  heartbeatMs: 400,
  fenceMs: 1_500,
  handOverMs: 750,
  retryMs: 50,
  handOvers: 16,
};

/** Looks until it is so, a little while apart: three nodes share this process. Throws when that takes longer than half a minute. */
export async function until(ask: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!ask()) {
    if (performance.now() > deadline) throw new Error('it did not come true within 30 s');
    await new Promise<void>((resolve) => SYSTEM_TIME.after(5, resolve));
  }
}

/** A manager over a real database, with an engine that does what it is told. */
export class TestNode {
  readonly name: string;
  readonly engine = new FakeOwnerEngine();
  readonly time = new PausedTime();
  readonly manager: ClusterManager;
  readonly failures: unknown[] = [];
  readonly fences: number[] = [];
  isGone = false;

  constructor(name: string, boot: string, address: DatabaseAddress, bounds = QUICK) {
    this.name = name;
    const database = new ClusterDatabase({
      address,
      self: { name, boot, address: `ws://${name}/cluster`, protocol: 1 },
      bounds,
      onMap: (version) => this.manager.hinted(version),
      onFault: () => undefined,
      onStopped: (error) => this.failures.push(error),
    });
    this.manager = new ClusterManager({
      name,
      boot,
      database,
      bounds,
      engine: this.engine,
      time: this.time,
      nameHeldMs: 2 * bounds.leaseMs,
      logger: { info: () => undefined, warn: () => undefined },
      onJoined: (fence) => this.fences.push(fence),
      onFatal: (error) => this.failures.push(error),
    });
  }

  async serve(): Promise<this> {
    await this.manager.join();
    await this.manager.serve();
    return this;
  }

  /** As SIGKILL does: nothing is said to anybody. */
  kill(): void {
    this.isGone = true;
    this.manager.stop();
  }

  owns(pid: number): boolean {
    return !this.isGone && this.manager.partitions.owns(pid);
  }

  get ownedCount(): number {
    return Array.from({ length: PARTITION_COUNT }, (_, pid) => this.owns(pid)).filter(Boolean).length;
  }
}

export class TestCluster {
  readonly address: DatabaseAddress;
  readonly nodes: TestNode[] = [];
  #boots = 0;

  constructor(address: DatabaseAddress) {
    this.address = address;
  }

  make(name: string, bounds?: OwnershipBounds): TestNode {
    const node = new TestNode(name, `boot-${++this.#boots}`, this.address, bounds);
    this.nodes.push(node);
    return node;
  }

  async start(...names: string[]): Promise<readonly TestNode[]> {
    const started: TestNode[] = [];
    for (const name of names) started.push(await this.make(name).serve());
    await this.owned();
    return started;
  }

  /** Waits until each partition takes ops in at one of the nodes, nothing is moving, and nobody has a share more than another. */
  async owned(): Promise<void> {
    await until(() => {
      this.check();
      const counts = this.nodes
        .filter(({ isGone, manager }) => !isGone && manager.status().state === 'ACTIVE')
        .map((n) => n.ownedCount);
      const sum = counts.reduce((all, count) => all + count, 0);
      return sum === PARTITION_COUNT && Math.max(...counts) - Math.min(...counts) <= 1;
    });
  }

  /** No two nodes act as owner of one partition. */
  check(): void {
    for (let pid = 0; pid < PARTITION_COUNT; pid++) {
      const owners = this.nodes.filter((node) => node.owns(pid)).map(({ name }) => name);
      if (owners.length > 1) expect.fail(`partition ${pid} is owned by ${owners.join(' and ')}`);
    }
    expect(this.nodes.flatMap(({ failures }) => failures)).toEqual([]);
  }

  owners(): readonly (string | undefined)[] {
    return Array.from(
      { length: PARTITION_COUNT },
      (_, pid) => this.nodes.find((node) => node.owns(pid))?.name,
    );
  }

  end(): void {
    for (const node of this.nodes) node.manager.stop();
  }
}
