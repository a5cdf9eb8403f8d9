import { RealmEngine } from '@topgun/client/engine';
import type { QuerySpec } from '@topgun/core';
import { CLOSE_CODE } from '@topgun/protocol';
import { decodeTurn, encode } from '@topgun/protocol/device';
import type { Principal } from '@topgun/server/engine';
import { Rng } from '@topgun/sim/internal/rng';
import { type Change, MAP, type Row } from '../Case.js';
import { PORTS } from '../ports.js';
import { DeviceStore } from './DeviceStore.js';
import type { QueryNode } from './QueryNode.js';

/** The shipped engine of a device, with its store and a socket to the node. */
export class Device {
  readonly engine: RealmEngine;
  readonly #node: QueryNode;
  #conn: number | undefined;

  /** Without a principal it has no server. */
  constructor(node: QueryNode, principal: Principal | undefined, seed: number, store = new DeviceStore()) {
    this.#node = node;
    const rng = new Rng(seed);
    const soon = (feed: (engine: RealmEngine) => void): void => node.soon(() => feed(this.engine));
    this.engine = new RealmEngine(
      {
        clock: { wallMs: () => node.now, monoMs: () => 0 },
        random: () => rng.u32(),
        queryPorts: PORTS,
        server: principal !== undefined,
      },
      {
        tx: (id, batch) => soon((engine) => engine.txDone(id, store.commit(batch))),
        readStore: (id, prefix) => {
          soon((engine) => engine.storeRead(id, store.read(prefix), store.commits));
        },
        acquireLock: () => soon((engine) => engine.lockGranted()),
        releaseLock: () => undefined,
        watchSession: () => undefined,
        post: () => undefined,
        connect: () => {
          soon((engine) => {
            if (principal === undefined) throw new Error('A device without a server has connected.');
            this.#conn = node.open(principal, (turn) => this.#receive(turn));
            engine.socketOpened();
          });
        },
        disconnect: (code) => {
          throw new Error(`The device closed its connection with ${code}, ${nameOf(code)}.`);
        },
        send: (message) => node.receive(this.#conn ?? 0, encode(message).slice()),
        requestToken: () => soon((engine) => engine.token('token')),
        // Hardly any time passes, so that only what is due at once, or the next slice of what is being loaded, ever is.
        arm: (timer, delayMs) => {
          if (delayMs <= 1) soon((engine) => engine.timer(timer));
        },
        cancel: () => undefined,
        event: () => undefined,
      },
    );
    this.engine.visible(true);
    this.engine.boot();
    this.engine.start();
    node.settle();
  }

  /** Opens the query, and the whole map with it or not. */
  ask(query: QuerySpec, isWhole: boolean): void {
    if (isWhole) this.engine.openMap(MAP, 'LWW');
    this.engine.openQuery('q', MAP, query);
    this.#node.settle();
  }

  /** Writes as an app does; what comes of it is not waited for. */
  write(changes: readonly Change[]): void {
    this.#node.now++;
    for (const [key, value] of changes) {
      if (value === undefined) this.engine.remove(MAP, key);
      else this.engine.put(MAP, key, value);
    }
  }

  /** Lets everything come to its end. */
  settle(): void {
    this.#node.settle();
  }

  /** The rows that the query shows now, in their order. */
  rows(): Row[] {
    return this.engine.queryResult('q').rows.map(({ key, value }) => [key, value]);
  }

  #receive(turn: Uint8Array): void {
    for (const decoded of decodeTurn(turn)) {
      if (!decoded.ok) throw new Error(`The device refused a frame: ${decoded.code} at ${decoded.path}`);
      this.engine.socketMessage(decoded.message);
    }
  }
}

const nameOf = (code: number): string | undefined =>
  Object.entries(CLOSE_CODE).find(([, known]) => known === code)?.[0];
