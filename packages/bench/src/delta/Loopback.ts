import { type ClientEffects, RealmEngine, type StoreKey } from '@topgun/client/engine';
import { partitionOf } from '@topgun/core';
import {
  type DeviceMessage,
  decode,
  encode,
  OP,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '@topgun/protocol';
import { decodeTurn, encode as encodeOnDevice } from '@topgun/protocol/device';
import {
  cursorMac,
  type Offset,
  type ServerEffects,
  ServerEngine,
  type StoredRecord,
} from '@topgun/server/engine';

const MAP = 'records';
/** Messages of a device that wait for an answer about its map, and what such answers consist of; the handshake does not count. */
const QUESTIONS: ReadonlySet<string> = new Set(['SYNC_INIT', 'MERKLE_REQ', 'ROWS_REQ']);
const ANSWERS: ReadonlySet<string> = new Set([
  'SYNC_ROOT',
  'SYNC_DELTA',
  'CURSOR',
  'MERKLE_RESP',
  'ROWS_RESP',
]);
const WRITER = 1;
const SESSION = 'writer-1___';

export type DeviceStore = Map<string, readonly [StoreKey, unknown]>;

/** The shipped engines of a node and of one device at a time, joined by bytes in memory. Commits and transactions succeed at once. */
export class Loopback {
  readonly traffic = { bytes: 0, cursorBytes: 0, roundTrips: 0 };
  readonly #node: ServerEngine;
  readonly #tasks: (() => void)[] = [];
  #nowMs = 1_800_000_000_000;
  #conn = WRITER;
  #seq = 0;
  #device: RealmEngine | undefined;
  /** transactions of the device that its store has not taken in yet */
  #unwritten: (() => void)[] = [];

  /** A node that holds these records. */
  constructor(records: readonly (readonly [key: string, value: unknown])[]) {
    const partitions = new Map<number, Offset>();
    const stored = records.map(([key, value]): StoredRecord => {
      const pid = partitionOf(key);
      const offset = { epoch: this.#nowMs - 1, n: (partitions.get(pid)?.n ?? 0) + 1 };
      partitions.set(pid, offset);
      return { map: MAP, key, kind: 'LWW', value, t: (this.#nowMs - 1000) * 2048, node: SESSION, ...offset };
    });
    this.#node = new ServerEngine(
      {
        nodeId: 'node-1',
        boot: { incarnation: 'bench', partitions, gc: new Map(), meta: new Map() },
        policies: [{ role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] }],
        random: () => 7,
        mac: cursorMac,
        now: this.#nowMs,
      },
      this.#serverEffects(),
    );
    this.#node.load(stored, []);
    this.#node.opened(WRITER, { remote: 'writer' }, this.#nowMs);
    const clientId = 'writer'.padEnd(22, '_');
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    this.#fromDevice(WRITER, { type: 'AUTH', versions, clientId, sessions: [SESSION], token: 'writer' });
    this.#settle();
  }

  /** Somebody else writes. */
  write(records: readonly (readonly [key: string, value: unknown])[]): void {
    this.#nowMs += 10_000;
    const t = this.#nowMs * 2048;
    const settledBelow = this.#seq + 1;
    const rows = records.map(([key, value], i) => [++this.#seq, OP.PUT, 0, key, t + i, null, value] as const);
    const about = { session: SESSION, settledBelow, incarnation: 'bench', concern: 4 } as const;
    this.#fromDevice(WRITER, { type: 'OPS', ...about, maps: [MAP], rows });
    this.#settle();
  }

  /** Traffic counts from here. A device on this store, booted and not connected; its digests are ready, as on one that was online before. */
  boot(store: DeviceStore): void {
    Object.assign(this.traffic, { bytes: 0, cursorBytes: 0, roundTrips: 0 });
    const clock = { wallMs: () => this.#nowMs, monoMs: () => this.#nowMs };
    let seed = 1;
    const random = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed;
    };
    this.#device = new RealmEngine(
      { clock, random },
      this.#deviceEffects(store, () => this.#device),
    );
    this.#device.openMap(MAP, 'LWW');
    this.#device.boot();
    this.#settle();
    this.#device.liveRoot(MAP);
  }

  /** Connects the device, up to its question about the map: the handshake counts neither in bytes nor in CPU. */
  connect(): void {
    this.#device?.start();
    while (this.traffic.roundTrips === 0) {
      const task = this.#tasks.shift();
      if (task === undefined) throw new Error('the device asks nothing');
      task();
    }
  }

  /** Lets the connected device become equal. */
  sync(): void {
    this.#settle();
  }

  /** Throws when the device is not equal to the node. */
  check(): void {
    if (!this.#device?.isSynced(MAP) || this.#device.liveRoot(MAP) !== this.#node.rootOf(MAP))
      throw new Error('the replicas are not equal');
  }

  /** Ends the connection. */
  stop(): void {
    this.#device?.stop();
    this.#settle();
    this.#write();
  }

  #write(): void {
    for (const write of this.#unwritten) write();
    this.#unwritten = [];
  }

  #settle(): void {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
  }

  #fromDevice(conn: number, message: DeviceMessage): void {
    this.#tasks.push(() => {
      this.#node.message(conn, message, this.#nowMs);
      this.#tasks.push(() => this.#node.tick(this.#nowMs));
    });
  }

  #toDevice(conn: number, message: ServerMessage): void {
    if (conn !== this.#conn) return;
    const bytes = encode(message);
    if (ANSWERS.has(message.type)) this.traffic.bytes += bytes.length;
    if (message.type === 'SYNC_ROOT')
      this.traffic.cursorBytes += message.at.length + (message.proof?.length ?? 0);
    this.#tasks.push(() => {
      for (const decoded of decodeTurn(bytes)) {
        if (!decoded.ok) throw new Error(`${message.type}: ${decoded.code} ${decoded.path}`);
        if (conn === this.#conn) this.#device?.socketMessage(decoded.message);
      }
    });
  }

  #serverEffects(): ServerEffects {
    const soon = (task: () => void): void => {
      this.#tasks.push(() => {
        task();
        this.#node.tick(this.#nowMs);
      });
    };
    return {
      send: (conn, message) => this.#toDevice(conn, message),
      sendShared: (conns, message) => {
        for (const conn of conns) this.#toDevice(conn, message);
      },
      close: () => undefined,
      verify: (conn, sub = '') =>
        soon(() =>
          this.#node.verified(conn, { principal: { sub, roles: ['user'], claims: {} } }, this.#nowMs),
        ),
      commit: (id) => soon(() => this.#node.committed(id, 'committed', this.#nowMs)),
      readDedup: () => undefined,
      renew: () => undefined,
      arm: (timer, delayMs) => {
        if (delayMs < 100) soon(() => this.#node.timer(timer, this.#nowMs));
      },
      cancel: () => undefined,
    };
  }

  #deviceEffects(store: DeviceStore, device: () => RealmEngine | undefined): ClientEffects {
    const soon = (run: (device: RealmEngine) => void): void => {
      this.#tasks.push(() => {
        const realm = device();
        if (realm !== undefined) run(realm);
      });
    };
    let commits = 0;
    return {
      tx: (id, { puts, deletes }) => {
        // Keeping what is stored is the business of a disk, which no contender has.
        this.#unwritten.push(() => {
          for (const [key, value] of puts) store.set(key.join('\0'), [key, value]);
          for (const key of deletes) store.delete(key.join('\0'));
        });
        const commit = ++commits;
        soon((realm) => realm.txDone(id, commit));
      },
      readStore: (id) =>
        soon((realm) => {
          this.#write();
          realm.storeRead(id, [...store.values()], commits);
        }),
      acquireLock: () => soon((realm) => realm.lockGranted()),
      releaseLock: () => undefined,
      watchSession: () => undefined,
      post: () => undefined,
      connect: () => {
        const conn = ++this.#conn;
        this.#node.opened(conn, { remote: 'device' }, this.#nowMs);
        soon((realm) => realm.socketOpened());
      },
      disconnect: () => {
        this.#node.closed(this.#conn, this.#nowMs);
        this.#conn++;
      },
      send: (message) => {
        const bytes = encodeOnDevice(message);
        if (QUESTIONS.has(message.type)) {
          this.traffic.bytes += bytes.length;
          this.traffic.roundTrips++;
          if (message.type === 'SYNC_INIT') this.traffic.cursorBytes += message.cursor?.length ?? 0;
        }
        const decoded = decode(bytes, 'client');
        if (!decoded.ok) throw new Error(`${message.type}: ${decoded.code} ${decoded.path}`);
        this.#fromDevice(this.#conn, decoded.message as DeviceMessage);
      },
      requestToken: () => soon((realm) => realm.token('device')),
      arm: (timer, delayMs) => {
        if (delayMs < 10) soon((realm) => realm.timer(timer));
      },
      cancel: () => undefined,
      event: () => undefined,
    };
  }
}
