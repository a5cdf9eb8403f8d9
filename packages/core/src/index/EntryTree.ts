import { compareValues } from '../value/compareValues.js';

/**
 * Entries in columns: one array per field and one of keys, so that each stays small, of few kinds, and is moved as one
 * block when an entry comes or goes.
 */
export interface Columns {
  readonly fields: readonly unknown[][];
  readonly keys: string[];
}

/** Whether the entry at a place comes before something; true for a first part of all entries, false for the rest. */
export type Before = (entries: Columns, at: number) => boolean;

/** Looks at an entry; false = enough. */
export type Visit = (key: string, entries: Columns, at: number) => boolean;

/** Small enough that moving half of them is a short copy, large enough that few levels hold a million. */
const NODE_MAX = 64;
/** A node of fewer entries joins a neighbour when both fit well into one. */
const NODE_MIN = 16;
const JOINED_MAX = 48;

// A leaf holds entries. An inner node holds as many children, and before each of them an entry that nothing in it comes
// before and that comes behind everything in those to its left; the first one's plays no part.
interface Node extends Columns {
  readonly children: Node[] | undefined;
  /** entries below */
  total: number;
}

/**
 * Entries (a tuple of fields and a key) in the order of values, field by field, and then of keys: a B+ tree that also
 * counts, so the place of an entry and the entry of a place are found in O(log n), and with them the exact number of
 * entries in any range.
 *
 * All leaves lie at one depth. Removal joins nodes that have become small instead of keeping each half full, which is
 * simpler and costs no more than one level.
 */
export class EntryTree {
  readonly #width: number;
  #root: Node;

  constructor(width: number) {
    this.#width = width;
    this.#root = this.#node();
  }

  get size(): number {
    return this.#root.total;
  }

  /** Puts an entry in; false when it is there. */
  add(fields: readonly unknown[], key: string): boolean {
    const isNew = this.#add(this.#root, fields, key);
    if (this.#root.keys.length > NODE_MAX) {
      const left = this.#root;
      this.#root = this.#node([]);
      copyEntry(left, 0, this.#root, 0);
      this.#root.children?.push(left);
      this.#root.total = left.total;
      this.#split(this.#root, 0);
    }
    return isNew;
  }

  /** Takes an entry out; false when it is not there. */
  remove(fields: readonly unknown[], key: string): boolean {
    const wasIn = this.#remove(this.#root, fields, key);
    while (this.#root.children?.length === 1) this.#root = this.#root.children[0] as Node;
    if (this.#root.total === 0) this.#root = this.#node();
    return wasIn;
  }

  /** How many entries come before. */
  rank(isBefore: Before): number {
    let node = this.#root;
    let rank = 0;
    for (;;) {
      const at = firstNot(node, isBefore, node.children === undefined ? 0 : 1);
      if (node.children === undefined) return rank + at;
      for (let i = 0; i < at - 1; i++) rank += (node.children[i] as Node).total;
      node = node.children[at - 1] as Node;
    }
  }

  /** The fields of the entry at a place, which is one. */
  fieldsAt(rank: number): unknown[] {
    let node = this.#root;
    let left = rank;
    while (node.children !== undefined) {
      let i = 0;
      while (left >= (node.children[i] as Node).total) left -= (node.children[i++] as Node).total;
      node = node.children[i] as Node;
    }
    return node.fields.map((column) => column[left]);
  }

  /** Visits the places from `from` up to and without `to`, until a visit returns false; then returns false. */
  visit(from: number, to: number, isBackward: boolean, visit: Visit): boolean {
    return visitNode(this.#root, from, to, isBackward, visit);
  }

  #node(children?: Node[]): Node {
    return { fields: Array.from({ length: this.#width }, () => []), keys: [], children, total: 0 };
  }

  #add(node: Node, fields: readonly unknown[], key: string): boolean {
    const { children } = node;
    if (children === undefined) {
      const at = firstNot(node, (entries, i) => compareEntry(entries, i, fields, key) < 0, 0);
      if (at < node.keys.length && compareEntry(node, at, fields, key) === 0) return false;
      node.fields.forEach((column, i) => {
        column.splice(at, 0, fields[i]);
      });
      node.keys.splice(at, 0, key);
      node.total++;
      return true;
    }
    const at = childFor(node, fields, key);
    const child = children[at] as Node;
    if (!this.#add(child, fields, key)) return false;
    node.total++;
    if (child.keys.length > NODE_MAX) this.#split(node, at);
    return true;
  }

  #split(parent: Node, at: number): void {
    const left = parent.children?.[at] as Node;
    const right = this.#node(left.children && []);
    const half = left.keys.length >>> 1;
    right.keys.push(...left.keys.splice(half));
    right.fields.forEach((column, i) => {
      column.push(...(left.fields[i] as unknown[]).splice(half));
    });
    right.children?.push(...(left.children as Node[]).splice(half));
    right.total = totalOf(right);
    left.total -= right.total;
    parent.children?.splice(at + 1, 0, right);
    copyEntry(right, 0, parent, at + 1);
  }

  #remove(node: Node, fields: readonly unknown[], key: string): boolean {
    const { children } = node;
    if (children === undefined) {
      const at = firstNot(node, (entries, i) => compareEntry(entries, i, fields, key) < 0, 0);
      if (at === node.keys.length || compareEntry(node, at, fields, key) !== 0) return false;
      cutEntry(node, at);
      node.total--;
      return true;
    }
    const at = childFor(node, fields, key);
    const child = children[at] as Node;
    if (!this.#remove(child, fields, key)) return false;
    node.total--;
    if (child.keys.length < NODE_MIN) join(node, child.keys.length === 0 || at === 0 ? at : at - 1);
    return true;
  }
}

/** Joins the child with the next one when both fit, and takes out one that is empty. */
function join(parent: Node, at: number): void {
  const children = parent.children as Node[];
  const left = children[at] as Node;
  const right = children[at + 1];
  if (left.keys.length === 0) {
    children.splice(at, 1);
    cutEntry(parent, at);
  } else if (right !== undefined && left.keys.length + right.keys.length <= JOINED_MAX) {
    // The first entry of an inner node plays no part; the one of the parent does.
    if (right.children !== undefined) copyEntry(parent, at + 1, right, 0, true);
    left.keys.push(...right.keys);
    left.fields.forEach((column, i) => {
      column.push(...(right.fields[i] as unknown[]));
    });
    left.children?.push(...(right.children as Node[]));
    left.total += right.total;
    children.splice(at + 1, 1);
    cutEntry(parent, at + 1);
  }
}

function cutEntry(node: Columns, at: number): void {
  for (const column of node.fields) column.splice(at, 1);
  node.keys.splice(at, 1);
}

/** Puts a copy of an entry in at a place, or over the one that is there. */
function copyEntry(from: Columns, at: number, to: Columns, place: number, isOver = false): void {
  to.fields.forEach((column, i) => {
    column.splice(place, isOver ? 1 : 0, from.fields[i]?.[at]);
  });
  to.keys.splice(place, isOver ? 1 : 0, from.keys[at] as string);
}

function totalOf(node: Node): number {
  return node.children === undefined
    ? node.keys.length
    : node.children.reduce((sum, child) => sum + child.total, 0);
}

/** The child that an entry belongs to. */
function childFor(node: Node, fields: readonly unknown[], key: string): number {
  return firstNot(node, (entries, i) => compareEntry(entries, i, fields, key) <= 0, 1) - 1;
}

/** The first place from `low` on whose entry does not come before. */
function firstNot(node: Columns, isBefore: Before, from: number): number {
  let low = from;
  let high = node.keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(node, middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Orders the first fields of an entry against values, as many as are given. */
export function compareFields({ fields }: Columns, at: number, values: readonly unknown[]): number {
  for (let i = 0; i < values.length; i++) {
    const order = compareValues((fields[i] as unknown[])[at], values[i]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Orders an entry against another. */
export function compareEntry(entries: Columns, at: number, fields: readonly unknown[], key: string): number {
  const order = compareFields(entries, at, fields);
  if (order !== 0) return order;
  const own = entries.keys[at] as string;
  return own < key ? -1 : own > key ? 1 : 0;
}

function visitNode(node: Node, from: number, to: number, isBackward: boolean, visit: Visit): boolean {
  const { keys, children } = node;
  if (children === undefined) {
    if (isBackward) {
      for (let i = Math.min(to, keys.length) - 1; i >= Math.max(from, 0); i--)
        if (!visit(keys[i] as string, node, i)) return false;
    } else {
      for (let i = Math.max(from, 0); i < Math.min(to, keys.length); i++)
        if (!visit(keys[i] as string, node, i)) return false;
    }
    return true;
  }
  let start = isBackward ? node.total : 0;
  for (let i = 0; i < children.length; i++) {
    const child = children[isBackward ? children.length - 1 - i : i] as Node;
    if (isBackward) start -= child.total;
    if (start < to && start + child.total > from) {
      if (!visitNode(child, from - start, to - start, isBackward, visit)) return false;
    }
    if (!isBackward) start += child.total;
  }
  return true;
}
