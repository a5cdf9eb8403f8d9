import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import { type ClientMessage, type ClusterMapMessage, encode } from '@topgun/protocol';
import { CLUSTER_LIMITS } from '@topgun/protocol/cluster';
import { ClusterMachine, type ClusterTimer } from '../ClusterMachine.js';

interface RigOptions {
  readonly connectTimeoutMs?: number;
  readonly smartRouting?: boolean;
  /** drawn in turn, between 0 and 1; over and over */
  readonly lots?: readonly number[];
}

const SESSION = 'AAAAAAAAAAA';

/** Owners of all partitions: that of a key is one node, all others another. */
export const ownedBy = (key: string, owner: number, others = 1): readonly number[] =>
  Array.from({ length: PARTITION_COUNT }, (_, pid) => (pid === partitionOf(key) ? owner : others));

/** The machine alone, on virtual time, with everything it has done for it written down. */
export class ClusterRig {
  readonly machine: ClusterMachine;
  /** addresses, in their order */
  readonly opened: string[] = [];
  /** codes with which sockets were closed */
  readonly drops: number[] = [];
  /** what the client above has heard of the connection */
  readonly told: string[] = [];
  readonly turns: Uint8Array[] = [];
  readonly sent: Uint8Array[] = [];
  readonly #timers = new Map<ClusterTimer, number>();
  #nowMs = 0;
  #draws = 0;

  constructor(seeds: readonly string[], options: RigOptions = {}) {
    const {
      connectTimeoutMs = CLUSTER_LIMITS.nodeConnectMs,
      smartRouting = false,
      lots = [0.1, 0.2, 0.3],
    } = options;
    const random = (): number => (lots[this.#draws++ % lots.length] as number) * 2 ** 32;
    const monoMs = (): number => this.#nowMs;
    this.machine = new ClusterMachine(
      { seeds, connectTimeoutMs, smartRouting, monoMs, random },
      {
        open: (url) => this.opened.push(url),
        drop: (code) => this.drops.push(code),
        send: (frame) => this.sent.push(frame),
        arm: (timer, delayMs) => this.#timers.set(timer, this.#nowMs + delayMs),
        cancel: (timer) => this.#timers.delete(timer),
        connected: () => this.told.push('connected'),
        message: (turn) => this.turns.push(turn),
        disconnected: ({ code, elsewhere }) =>
          this.told.push(`disconnected ${code}${elsewhere ? ' elsewhere' : ''}`),
        mapCame: () => undefined,
      },
    );
  }

  /** The address opened last. */
  get opening(): string | undefined {
    return this.opened.at(-1);
  }

  /** How often the map was asked for. */
  get asked(): number {
    return this.sent.filter((frame) => frame[1] === 15).length;
  }

  circuit(url: string): string | undefined {
    return [...this.machine.book.ways()].find((way) => way.url === url)?.circuit.stateAt(this.#nowMs);
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [due] = [...this.#timers].filter(([, atMs]) => atMs <= endMs).sort(([, a], [, b]) => a - b);
      if (!due) break;
      this.#nowMs = Math.max(this.#nowMs, due[1]);
      this.#timers.delete(due[0]);
      this.machine.timer(due[0]);
    }
    this.#nowMs = endMs;
  }

  /** Connects, and is let in by whichever node is asked. */
  up(version = 5): void {
    this.machine.connect();
    this.advance(CLUSTER_LIMITS.nodeSpreadMs);
    this.machine.opened();
    this.ack(version);
    this.turns.length = 0;
  }

  ack(version = 5): void {
    this.machine.message(
      encode({
        type: 'AUTH_ACK',
        version,
        serverTime: 1,
        incarnation: 'i',
        userId: 'u',
        heartbeatMs: 5000,
        limits: { opsPerFrame: 500, frameBytes: 1, seqWindow: 1 },
      }).slice(),
    );
  }

  map(map: Partial<ClusterMapMessage>, ...rest: readonly Uint8Array[]): void {
    const owners = Array.from({ length: PARTITION_COUNT }, () => 0);
    const frame = encode({ type: 'CLUSTER_MAP', version: 1, self: 'a', nodes: [], owners, ...map });
    this.machine.message(Uint8Array.from([frame, ...rest].flatMap((part) => [...part])));
  }

  write(keys: readonly string[]): void {
    const rows = keys.map((key, i) => [i, 0, 0, key, 1, null, 1] as const);
    const message = { type: 'OPS', session: SESSION, settledBelow: 0, incarnation: 'i', concern: 4 } as const;
    this.machine.send(encode({ ...message, maps: ['m'], rows } satisfies ClientMessage).slice());
  }
}
