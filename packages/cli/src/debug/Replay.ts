import { HLC, LWWMap, ORMap, PNCounter, timestampOf } from '@topgun/core';
import { valueFromJson, valueToJson } from '@topgun/protocol';
import * as z from 'zod';

/** What replay needs of an operation, or of a row of an export with its stamp. */
const lineSchema = z.object({
  seq: z.number().int().optional(),
  map: z.string().min(1),
  key: z.string().min(1),
  op: z.enum(['PUT', 'REMOVE', 'OR_ADD', 'OR_REMOVE', 'INCREMENT']).optional(),
  outcome: z.enum(['applied', 'superseded', 'changed', 'rejected']).optional(),
  t: z.number().int().nonnegative(),
  node: z.string(),
  ttlMs: z.number().int().optional(),
  tag: z.string().optional(),
  deleted: z.boolean().optional(),
  value: z.unknown().optional(),
  element: z.unknown().optional(),
  total: z.number().int().optional(),
});
type Line = z.output<typeof lineSchema>;

/** What one line did to the maps here. */
export interface Step {
  readonly seq: number;
  readonly map: string;
  readonly key: string;
  readonly op: string;
  readonly outcome?: string;
  /** of the key, before and after, as JSON values; left out where there is none */
  readonly before?: unknown;
  readonly after?: unknown;
  /** how the outcome here differs from the server's, or what the line lacks */
  readonly note?: string;
}

/** The state of one key at the end. */
export interface ReplayedRow {
  readonly map: string;
  readonly key: string;
  readonly value: unknown;
}

/** Stands for a value that the server did not log. */
const NOT_LOGGED = '(not logged)';

/**
 * Merges operations into maps of its own, as core merges them, in the order given (DBG-11). Its clock is that of the
 * operations, so what had a time to live is gone when a later operation says so.
 */
export class Replay {
  readonly #lww = new Map<string, LWWMap<unknown>>();
  readonly #or = new Map<string, ORMap<unknown>>();
  readonly #counters = new Map<string, PNCounter>();
  #wallMs = 0;
  #steps = 0;
  /** steps that came out differently than at the server */
  differing = 0;

  /** undefined: the line is no operation and no row with a stamp. */
  take(value: unknown): Step | undefined {
    const parsed = lineSchema.safeParse(value);
    if (!parsed.success) return undefined;
    const line = parsed.data;
    const timestamp = timestampOf(line.t, line.node);
    this.#wallMs = Math.max(this.#wallMs, timestamp.millis);
    const op = opOf(line);
    const before = this.#shown(line, op);
    const hasEffect = line.outcome === 'rejected' ? undefined : this.#merge(line, op);
    const after = this.#shown(line, op);
    const note = noteOf(line, op, hasEffect);
    if (note?.startsWith('differs')) this.differing++;
    const { map, key, outcome } = line;
    return {
      seq: line.seq ?? ++this.#steps,
      map,
      key,
      op,
      ...(outcome && { outcome }),
      ...(before !== undefined && { before: valueToJson(before) }),
      ...(after !== undefined && { after: valueToJson(after) }),
      ...(note && { note }),
    };
  }

  /** All keys that hold something, by map and key. */
  state(): ReplayedRow[] {
    const rows: ReplayedRow[] = [];
    for (const [map, held] of this.#lww)
      for (const [key, value] of held.entries()) rows.push({ map, key, value: valueToJson(value) });
    for (const [map, held] of this.#or)
      for (const key of held.keys()) rows.push({ map, key, value: valueToJson(held.get(key)) });
    for (const [map, held] of this.#counters) rows.push({ map, key: map, value: held.get() });
    return rows.sort((a, b) => compareTexts(a.map, b.map) || compareTexts(a.key, b.key));
  }

  /** Whether the state changed; undefined where the line does not say what was written. */
  #merge(line: Line, op: string): boolean | undefined {
    const { map, key, tag, t, node, ttlMs } = line;
    const timestamp = timestampOf(t, node);
    const value = line.value === undefined ? NOT_LOGGED : valueFromJson(line.value);
    const ttl = ttlMs === undefined ? {} : { ttlMs };
    if (op === 'PUT') return this.#lwwOf(map).merge(key, { value, timestamp, ...ttl });
    if (op === 'REMOVE') return this.#lwwOf(map).merge(key, { value: null, timestamp });
    if (op === 'OR_ADD') {
      const element = line.element === undefined ? value : valueFromJson(line.element);
      return this.#orOf(map).apply(key, { value: element, timestamp, tag: tag ?? `${node}:${t}`, ...ttl });
    }
    if (op === 'OR_REMOVE') {
      const tags = tag === undefined ? line.value : [tag];
      if (!Array.isArray(tags)) return undefined;
      return this.#orOf(map).removeTags(key, tags.map(String)).length > 0;
    }
    const counter = this.#counterOf(map);
    const delta = line.total === undefined ? line.value : line.total - counter.get();
    if (typeof delta !== 'number') return undefined;
    if (delta !== 0) counter.addAndGet(delta);
    return delta !== 0;
  }

  #shown({ map, key }: Line, op: string): unknown {
    if (op === 'INCREMENT') return this.#counters.get(map)?.get();
    if (op === 'PUT' || op === 'REMOVE') return this.#lww.get(map)?.get(key);
    const values = this.#or.get(map)?.get(key);
    return values?.length === 0 ? undefined : values;
  }

  #lwwOf(map: string): LWWMap<unknown> {
    return obtain(this.#lww, map, () => new LWWMap(this.#clock()));
  }

  #orOf(map: string): ORMap<unknown> {
    return obtain(this.#or, map, () => new ORMap(this.#clock()));
  }

  #counterOf(map: string): PNCounter {
    return obtain(this.#counters, map, () => new PNCounter({ nodeId: 'replay' }));
  }

  #clock(): HLC {
    const clock = { wallMs: () => this.#wallMs };
    // What the server admitted is not judged again.
    return new HLC('replay', { clock, maxDriftMs: Number.MAX_SAFE_INTEGER });
  }
}

/** The kind of write of an operation, or the one that makes a row of an export. */
function opOf({ op, total, tag, deleted }: Line): string {
  if (op !== undefined) return op;
  if (total !== undefined) return 'INCREMENT';
  if (tag !== undefined) return deleted ? 'OR_REMOVE' : 'OR_ADD';
  return deleted ? 'REMOVE' : 'PUT';
}

function noteOf({ outcome, value }: Line, op: string, hasEffect: boolean | undefined): string | undefined {
  if (outcome === 'rejected') return undefined;
  if (hasEffect === undefined) return 'what it wrote is not in the log: start the server with debugValues';
  const isLww = op === 'PUT' || op === 'REMOVE';
  if (isLww && outcome === 'applied' && !hasEffect) return 'differs: it won at the server and loses here';
  if (isLww && outcome === 'superseded' && hasEffect) return 'differs: it lost at the server and wins here';
  if (outcome === 'changed') return 'the server stored another value than this';
  return op === 'PUT' && outcome !== undefined && value === undefined
    ? 'its value is not in the log'
    : undefined;
}

function obtain<V>(map: Map<string, V>, name: string, make: () => V): V {
  let held = map.get(name);
  if (held === undefined) {
    held = make();
    map.set(name, held);
  }
  return held;
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
