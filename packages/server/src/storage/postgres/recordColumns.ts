import { hashValue } from '@topgun/core';
import { serialize } from '@topgun/protocol';
import type { StoredRecord } from '../Store.js';
import { unitCell } from './codeUnits.js';
import { bigints, booleans, bytesOf, doubles, smallints, texts } from './columns.js';
import { Ink } from './Ink.js';
import { KINDS, sumOf } from './recordRow.js';

const ink = new Ink();
const pidColumn = (pids: readonly number[]): Buffer => smallints(pids, (pid) => pid);
const isGone = ({ value }: StoredRecord): boolean => value === undefined;
const kindOf = ({ kind }: StoredRecord): number => KINDS.indexOf(kind);

/** Compared before the stamp. */
function firstOf({ kind, repaired, value }: StoredRecord): number {
  if (kind === 'LWW') return repaired ?? 0;
  return Number(kind === 'OR' && value === undefined);
}

/** Of records of values, in the order of the parameters of `commit_shared`. */
export function recordColumns(pids: readonly number[], records: readonly StoredRecord[]): Buffer[] {
  const bodies = records.map((record) => (isGone(record) ? null : serialize(record.value)));
  const { nodes, abouts, sums } = beside(records, bodies);
  return [
    pidColumn(pids),
    texts(records, ({ map }) => map),
    bytesOf(records, ({ key }) => key),
    bytesOf(records, ({ tag }) => tag ?? ''),
    smallints(records, kindOf),
    bigints(records, firstOf),
    bigints(records, ({ t }) => t),
    bytesOf(nodes, (node) => node),
    booleans(records, isGone),
    bigints(records, (record) => (isGone(record) ? 0 : (record.valueHash?.() ?? hashValue(record.value)))),
    bigints(records, ({ ttlMs }) => ttlMs ?? null),
    bigints(records, ({ epoch }) => epoch),
    bigints(records, ({ n }) => n),
    bytesOf(bodies, (body) => body),
    bytesOf(abouts, (about) => about),
    bigints(sums, (sum) => sum),
  ];
}

/** Of counters. */
export function counterColumns(pids: readonly number[], records: readonly StoredRecord[]): Buffer[] {
  // Their totals are merged in place: what is summed says nothing of them.
  const { nodes, abouts, sums } = beside(
    records,
    records.map(() => null),
  );
  // Written by the engine only, which checks the totals before they are staged.
  const totals = records.map(({ value }) => value as readonly [plus: number, minus: number]);
  return [
    pidColumn(pids),
    texts(records, ({ map }) => map),
    bytesOf(records, ({ key }) => key),
    bigints(records, ({ t }) => t),
    bytesOf(nodes, (node) => node),
    bigints(records, ({ ttlMs }) => ttlMs ?? null),
    bigints(records, ({ epoch }) => epoch),
    bigints(records, ({ n }) => n),
    doubles(totals, ([plus]) => plus),
    doubles(totals, ([, minus]) => minus),
    bytesOf(abouts, (about) => about),
    bigints(sums, (sum) => sum),
  ];
}

interface Beside {
  readonly nodes: readonly (Uint8Array | string)[];
  readonly abouts: readonly (Uint8Array | null)[];
  readonly sums: readonly number[];
}

function beside(records: readonly StoredRecord[], bodies: readonly (Uint8Array | null)[]): Beside {
  const nodes: (Uint8Array | string)[] = [];
  const abouts: (Uint8Array | null)[] = [];
  const sums: number[] = [];
  const owners = new Map<string | undefined, Uint8Array | null>();
  for (let at = 0; at < records.length; at++) {
    // Counted by the length.
    const record = records[at] as StoredRecord;
    const { key, tag = '', ttlMs, owner, from } = record;
    const node = unitCell(record.node);
    let about = from === undefined ? owners.get(owner) : aboutOf(owner, from);
    if (about === undefined) {
      about = aboutOf(owner, from);
      owners.set(owner, about);
    }
    const summed = {
      kind: kindOf(record),
      first: firstOf(record),
      gone: isGone(record),
      ttl: ttlMs ?? null,
      node,
      tag,
      key,
      body: bodies[at] ?? null,
      about,
    };
    nodes.push(node);
    abouts.push(about);
    sums.push(sumOf(ink, record, summed));
  }
  return { nodes, abouts, sums };
}

/** Owner, and the op it was made from; mostly there is an owner. */
const aboutOf = (owner: string | undefined, from: string | undefined): Uint8Array | null =>
  owner === undefined && from === undefined ? null : serialize([owner ?? null, from ?? null]);
