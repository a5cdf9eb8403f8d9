import { hashValue, itemDigest } from '@topgun/core';
import { shortHash } from '@topgun/protocol';
import { MapState } from '@topgun/server/internal/engine/MapState';
import type { Row } from '@topgun/server/internal/engine/Row';
import { replaceMethod } from '../teeth/replaceMethod.js';
import { canariesOf } from './canaries.js';
import { HashFilter } from './HashFilter.js';
import { typeOf } from './values.js';

/** Where a canary lies: in a field of a row (none: the row is no object), in a key, in a message, or it names who wrote. */
export type Place =
  | { readonly kind: 'value'; readonly row: Row; readonly field: string | undefined }
  | { readonly kind: 'key'; readonly map: string; readonly key: string }
  | { readonly kind: 'node'; readonly node: string }
  | {
      readonly kind: 'message';
      readonly topic: string;
      readonly data: unknown;
      readonly field: string | undefined;
    };

/** The value of a row as predicates see it; undefined: it is gone. */
export function readableOf({ kind, value }: Row): unknown {
  if (kind !== 'PN' || value === undefined) return value;
  const [plus, minus] = value as readonly [number, number];
  return plus - minus;
}

/** Who wrote a row, and who made the element that it is. */
export function nodesOf({ node, tag }: Row): string[] {
  const nodes: string[] = [];
  for (const text of [node, tag]) canariesOf(text, (canary) => nodes.push(canary));
  return nodes;
}

/** The digest of a row as somebody sees it (DAT-5). */
export function digestOf({ key, t, node, ttlMs, tag, kind, value }: Row, seen: unknown): number {
  return itemDigest(key, t, node, ttlMs, hashValue(kind === 'PN' ? value : seen), tag);
}

/**
 * What a server has committed, row by row, told by the server's own memory as it advances: what leaves may show this and nothing else
 * (SRV-1). It knows no rights.
 */
export class KnownData {
  /** Counts turns of the server: answers of one turn leave at its end. */
  turn = 0;
  /** Digests of rows with all their fields. */
  readonly digests = new HashFilter<Row>();
  readonly #versions = new Map<string, number>();
  readonly #maps = new Map<string, Map<string, Row>>();
  readonly #places = new Map<string, Place[]>();
  readonly #messages = new Map<string, unknown[]>();
  /** Rows that were replaced in this turn, by the row that came after. */
  #replaced: Row[] = [];
  /** Whoever wants to know of each row at once. */
  readonly onCommit: ((row: Row) => void)[] = [];

  /** The process has ended: its memory is gone, and what was known of canaries stays. */
  forget(): void {
    for (const map of this.#maps.keys()) this.#changed(map);
    this.#maps.clear();
    this.#replaced = [];
  }

  /** A turn is over: everything that was to be answered in it has left. */
  endTurn(): void {
    this.turn++;
    this.#replaced = [];
  }

  commit(row: Row): void {
    this.#changed(row.map);
    const rows = this.#maps.get(row.map) ?? new Map<string, Row>();
    this.#maps.set(row.map, rows);
    const old = rows.get(row.item);
    if (old !== undefined) this.#replaced.push(old);
    rows.set(row.item, row);
    canariesOf(row.key, (canary) => this.#note(canary, { kind: 'key', map: row.map, key: row.key }));
    for (const node of nodesOf(row)) this.#note(node, { kind: 'node', node });
    if (row.value !== undefined) {
      this.digests.add(shortHash(digestOf(row, row.value)), row);
      eachField(row.value, (canary, field) => this.#note(canary, { kind: 'value', row, field }));
    }
    for (const tell of this.onCommit) tell(row);
  }

  /** A message is published, as an event of a name; those to a stream or a user are heard by who may hear all of these, too (SSE-4). */
  publish(topic: string, data: unknown, name = ''): void {
    const messages = this.#messages.get(topic) ?? [];
    this.#messages.set(topic, messages);
    messages.push(data);
    const note = (canary: string, field: string | undefined): void =>
      this.#note(canary, { kind: 'message', topic, data, field });
    eachField(data, note);
    canariesOf(name, (canary) => note(canary, undefined));
    if (/^(stream|user)\/[^:/]+$/.test(topic)) this.publish('*', data, name);
  }

  /** All that was published to a topic. */
  messagesOf(topic: string): readonly unknown[] {
    return this.#messages.get(topic) ?? [];
  }

  isStanding(row: Row): boolean {
    return this.#maps.get(row.map)?.get(row.item) === row;
  }

  /** Whether it stands, or stood at some time in this turn. */
  stoodInTurn(row: Row): boolean {
    return this.isStanding(row) || this.#replaced.includes(row);
  }

  /** The rows under an item that stand, or stood in this turn. */
  inTurn(map: string, item: string): Row[] {
    const standing = this.#maps.get(map)?.get(item);
    const others = this.#replaced.filter((row) => row.map === map && row.item === item);
    return standing === undefined ? others : [standing, ...others];
  }

  rows(map: string): Iterable<Row> {
    return this.#maps.get(map)?.values() ?? [];
  }

  /** Raised by every change of a map. */
  versionOf(map: string): number {
    return this.#versions.get(map) ?? 0;
  }

  maps(): Iterable<string> {
    return this.#maps.keys();
  }

  /** Where a canary lies, in all its versions; empty when it was never committed. */
  placesOf(canary: string): readonly Place[] {
    return this.#places.get(canary) ?? [];
  }

  #changed(map: string): void {
    this.#versions.set(map, this.versionOf(map) + 1);
  }

  #note(canary: string, place: Place): void {
    const known = this.#places.get(canary);
    if (known === undefined) this.#places.set(canary, [place]);
    // A key and a writer are one place however often they are written.
    else if (place.kind === 'value' || place.kind === 'message') known.push(place);
  }
}

function eachField(value: unknown, note: (canary: string, field: string | undefined) => void): void {
  if (typeOf(value) !== 'object') return canariesOf(value, (canary) => note(canary, undefined));
  for (const [name, field] of Object.entries(value as object)) {
    canariesOf(name, (canary) => note(canary, name));
    canariesOf(field, (canary) => note(canary, name));
  }
}

/** Tells `data` of all that servers of this process commit to memory until the returned function is called. */
export function watchCommits(data: KnownData): () => void {
  return replaceMethod(
    MapState,
    'commit',
    (commit) =>
      function (row) {
        data.commit(row);
        return commit.call(this, row);
      },
  );
}
