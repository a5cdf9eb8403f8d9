import type { PartitionedTree, QuerySpec } from '@topgun/core';
import type { ClientMessage, OpCode, SubRow } from '@topgun/protocol';
import { OP } from '@topgun/protocol';
import type { Row } from '@topgun/server/internal/engine/Row';
import { canariesOf } from './canaries.js';
import { type KnownData, nodesOf, readableOf } from './KnownData.js';
import { type Reader, readsAll, seenBy } from './rights.js';

/** Who holds devices: what any of their connections was told once they know. */
export class Person {
  /** canaries in names that they said themselves: of maps, keys, tags, queries, topics, sessions */
  readonly named = new Set<string>();
  /** keys of rows that they could see at some time, by map */
  readonly everSaw = new Set<string>();
  /** who wrote such rows, or took them away */
  readonly everMet = new Set<string>();
}

/** What somebody asked for under an id of theirs. */
export interface AskedQuery {
  readonly map: string;
  readonly spec: QuerySpec;
  /** items of the parts of the first answer that have come so far */
  parts: string[];
}

export interface AskedOp {
  readonly code: OpCode;
  /** more than one for a transaction */
  readonly writes: readonly { readonly map: string; readonly key: string; readonly code: OpCode }[];
}

/**
 * One connection as the oracle sees it: who is on it, under which rights now and earlier in this turn, and what it asked for. Nobody is on
 * it before it has authenticated.
 */
export class Viewer {
  readonly queries = new Map<string, AskedQuery>();
  /** by session and seq */
  readonly ops = new Map<string, AskedOp>();
  /** kept by the judge of hashes: digests of a map as it is seen, and the version of the data they are of */
  readonly trees = new Map<string, { readonly version: number; readonly tree: PartitionedTree }>();
  person = new Person();
  #reader: Reader | undefined;
  #seen = new Map<Row, unknown>();
  /** those of this turn that are over */
  #earlier: readonly Reader[] = [];
  #earlierTurn = 0;
  readonly #data: KnownData;

  constructor(data: KnownData) {
    this.#data = data;
  }

  get reader(): Reader | undefined {
    return this.#reader;
  }

  /** Rights from now on. */
  become(reader: Reader, person: Person): void {
    const { turn } = this.#data;
    if (this.#earlierTurn !== turn) this.#earlier = [];
    this.#earlierTurn = turn;
    if (this.#reader !== undefined) this.#earlier = [...this.#earlier, this.#reader];
    this.#reader = reader;
    this.#seen = new Map();
    this.trees.clear();
    this.person = person;
    for (const map of this.#data.maps()) for (const row of this.#data.rows(map)) this.notice(row);
  }

  /** Notes a row that stands now. Of one that was seen its going is told, and with it who made it go. */
  notice(row: Row): void {
    const { everSaw, everMet } = this.person;
    if (this.seen(row) !== undefined) everSaw.add(idOf(row));
    if (everSaw.has(idOf(row)) || (row.value === undefined && this.readsAll(row.map)))
      for (const node of nodesOf(row)) everMet.add(node);
  }

  /** What is seen of a row now. */
  seen(row: Row): unknown {
    if (this.#reader === undefined) return undefined;
    if (this.#seen.has(row)) return this.#seen.get(row);
    const seen = seenBy(this.#reader, row.map, readableOf(row));
    this.#seen.set(row, seen);
    return seen;
  }

  /** Rights now, and others of this turn. */
  readersInTurn(): readonly Reader[] {
    const earlier = this.#earlierTurn === this.#data.turn ? this.#earlier : [];
    return this.#reader === undefined ? earlier : [this.#reader, ...earlier];
  }

  /** What is seen of a row under the rights of this turn. */
  seenInTurn(row: Row): unknown[] {
    const readable = readableOf(row);
    return this.readersInTurn().flatMap((reader) => {
      const seen = seenBy(reader, row.map, readable);
      return seen === undefined ? [] : [seen];
    });
  }

  readsAll(map: string): boolean {
    return this.#reader !== undefined && readsAll(this.#reader, map);
  }

  /** Whether rights of this turn let them read all of a map. */
  readAllInTurn(map: string): boolean {
    return this.readersInTurn().some((reader) => readsAll(reader, map));
  }

  /** A message from the connection: what it names it knows, and what it asks for it will be answered about. */
  received(message: ClientMessage): void {
    const { named } = this.person;
    const name = (text: unknown): void => canariesOf(text, (canary) => named.add(canary));
    switch (message.type) {
      case 'AUTH':
      case 'SESSIONS':
        return message.sessions.forEach(name);
      case 'SESSION_END':
        return name(message.session);
      case 'OPS':
        name(message.session);
        message.maps.forEach(name);
        for (const row of message.rows) {
          const [seq, code, , , , , payload] = row;
          const writes =
            code === OP.TRANSACTION ? (payload as readonly SubRow[]) : [row.slice(1) as unknown as SubRow];
          for (const [each, , key, , what] of writes) {
            name(key);
            if (each === OP.OR_REMOVE) name(what);
          }
          const id = `${message.session}:${seq}`;
          if (this.ops.has(id)) continue;
          const named = writes.map(([each, mapIdx, key]) => ({
            map: message.maps[mapIdx] as string,
            key,
            code: each,
          }));
          this.ops.set(id, { code, writes: named });
        }
        return;
      case 'QUERY_SUB': {
        name(message.query);
        name(message.map);
        const { type: _, query, map, root: __, ...spec } = message;
        this.queries.set(query, { map, spec, parts: [] });
        return;
      }
      case 'TOPIC_SUB':
      case 'TOPIC_PUB':
        name(message.topic);
        if (message.type === 'TOPIC_PUB') this.#data.publish(message.topic, message.data);
        return;
      default:
        if ('map' in message) name(message.map);
    }
  }
}

export const idOf = ({ map, key }: { readonly map: string; readonly key: string }): string =>
  `${map}\0${key}`;
