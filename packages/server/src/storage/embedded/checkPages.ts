import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { serverError } from '../../errors.js';

/** Header of a page: its number, the transaction that wrote it, flags, and where its free room begins and ends, or how many pages follow. */
const HEADER = 24;
const TXN_AT = 8;
const FLAGS_AT = 18;
const LOWER_AT = 20;
const UPPER_AT = 22;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;

/** A meta page, from behind its header: magic, version, address, size of the map, two trees, last page, transaction. */
const MAGIC = 0xbeefc0de;
const FREE_TREE_AT = HEADER + 24;
const MAIN_TREE_AT = FREE_TREE_AT + 48;
const TXN_OF_META_AT = MAIN_TREE_AT + 48 + 8;
const META_BYTES = TXN_OF_META_AT + 8;

/** A node: 32 bits of size or page number, flags or 16 more bits, length of the key; key and data follow. */
const NODE = 8;
const BIG_DATA = 1;
const SUB_TREE = 2;
/** What stands in a node for data on pages of its own: page, transaction, pages. */
const OVERFLOW_REF = 24;
const TREE_BYTES = 48;
const FIRST_TXN = 1;
const NO_ROOT = 2 ** 60;
const FREE_PAGES = 'of free pages';

/** A tree as its parent describes it. */
interface Tree {
  readonly name: string;
  readonly root: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
}

interface Count {
  branchPages: number;
  leafPages: number;
  overflowPages: number;
  entries: number;
  /** of the last leaf entry */
  lastKey: Buffer | undefined;
}

/**
 * Reads the trees of an lmdb file before lmdb does, and throws STORE_CORRUPT where they are not what lmdb would have written: lmdb maps
 * the file and trusts it, so a page that was cut off, zeroed or put back to an older content would end the process or be served.
 *
 * Each page has to lie within the file, bear its own number, be of its kind, not be younger than the page that names it (copy-on-write
 * renews the way up to the root), be named once, and hold its nodes within itself; keys rise over all leaves of a tree; the pages and
 * entries of a tree are as many as its description says; and no page in use is listed as free. Values on pages of their own are not read:
 * they bear checksums of ours.
 */
export function checkPages(file: string): void {
  for (const _ of checkingPages(file));
}

/** The same in steps of a page. */
export function* checkingPages(file: string): Generator<void> {
  const fd = openIfThere(file);
  if (fd === undefined) return;
  try {
    const { size } = fstatSync(fd);
    // An empty file is one that lmdb is about to fill.
    if (size > 0) yield* new PageCheck(fd, file, size).run();
  } finally {
    closeSync(fd);
  }
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

class PageCheck {
  readonly #fd: number;
  readonly #file: string;
  readonly #size: number;
  #pageSize = 0;
  /** By page: 1 where a tree uses it. */
  #used = new Uint8Array();
  /** Lists of free pages, as lmdb merges them: how many numbers, then page numbers, each of a block behind its length as a negative one. */
  readonly #free: Buffer[] = [];

  constructor(fd: number, file: string, size: number) {
    this.#fd = fd;
    this.#file = file;
    this.#size = size;
  }

  *run(): Generator<void> {
    const first = this.#bytes(0, META_BYTES, 'the first page');
    if (first.readUInt32LE(HEADER) !== MAGIC) throw this.#fault('it is not an lmdb file');
    this.#pageSize = first.readUInt32LE(FREE_TREE_AT);
    if (this.#pageSize < 512 || this.#pageSize > 65_536 || this.#pageSize % 512 > 0)
      throw this.#fault(`pages of ${this.#pageSize} bytes`);
    this.#used = new Uint8Array(Math.ceil(this.#size / this.#pageSize));
    const second = this.#bytes(this.#pageSize, META_BYTES, 'the second page');
    if (second.readUInt32LE(HEADER) !== MAGIC) throw this.#fault('its second page is not what lmdb writes');
    // The later one counts.
    const meta = number(first, TXN_OF_META_AT) < number(second, TXN_OF_META_AT) ? second : first;
    const txn = number(meta, TXN_OF_META_AT);
    yield* this.#tree(treeIn(meta, FREE_TREE_AT, FREE_PAGES), txn, false);
    yield* this.#tree(treeIn(meta, MAIN_TREE_AT, 'of tables'), txn, true);
    for (const list of this.#free) this.#freePages(list);
  }

  #freePages(list: Buffer): void {
    const count = list.length >= 8 ? number(list, 0) : Number.POSITIVE_INFINITY;
    if (8 + count * 8 > list.length) throw this.#fault('a list of free pages is damaged');
    let block = 1;
    for (let i = 1; i <= count; i++) {
      const entry = Number(list.readBigInt64LE(8 * i));
      if (entry > 0 && this.#used.subarray(entry, entry + block).includes(1))
        throw this.#fault(`page ${entry} is in use and listed as free`);
      block = entry < 0 ? -entry : 1;
    }
  }

  *#tree(tree: Tree, txn: number, hasNames: boolean): Generator<void> {
    if (tree.root >= NO_ROOT) return;
    const count: Count = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0, lastKey: undefined };
    yield* this.#page(tree.root, txn, count, tree.name, hasNames);
    for (const part of ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const)
      if (count[part] !== tree[part])
        throw this.#fault(`the tree ${tree.name} has ${count[part]} ${part} where it had ${tree[part]}`);
  }

  *#page(pgno: number, txn: number, count: Count, name: string, hasNames: boolean): Generator<void> {
    yield;
    const what = `page ${pgno} in the tree ${name}`;
    const page = this.#bytes(pgno * this.#pageSize, this.#pageSize, what);
    const kind = page.readUInt16LE(FLAGS_AT) & (BRANCH | LEAF | OVERFLOW);
    this.#header(page, pgno, txn, what);
    if (kind !== BRANCH && kind !== LEAF) throw this.#fault(`${what} is of no known kind`);
    this.#use(pgno, 1, what);
    const own = number(page, TXN_AT);
    if (kind === BRANCH) count.branchPages++;
    else count.leafPages++;
    for (const at of this.#nodes(page, kind, what)) {
      if (kind === BRANCH) yield* this.#page(childIn(page, at), own, count, name, hasNames);
      else yield* this.#entry(page, at, own, count, name, hasNames);
    }
  }

  *#entry(
    page: Buffer,
    at: number,
    txn: number,
    count: Count,
    name: string,
    hasNames: boolean,
  ): Generator<void> {
    const flags = page.readUInt16LE(at + 4);
    const keyEnd = at + NODE + page.readUInt16LE(at + 6);
    const key = page.subarray(at + NODE, keyEnd);
    const isFreeList = name === FREE_PAGES;
    if (isFreeList ? key.length !== 8 : key.length === 0)
      throw this.#fault(`a key of the tree ${name} is damaged`);
    // Free pages are listed under numbers in the order of the machine.
    const sortable = isFreeList ? Buffer.from(key).reverse() : Buffer.from(key);
    if (count.lastKey !== undefined && Buffer.compare(count.lastKey, sortable) >= 0)
      throw this.#fault(`the keys of the tree ${name} do not rise`);
    count.lastKey = sortable;
    count.entries++;
    const length = page.readUInt32LE(at);
    if (flags & BIG_DATA) {
      const pgno = number(page, keyEnd);
      const pages = number(page, keyEnd + 16);
      this.#overflow(pgno, number(page, keyEnd + 8), pages, name);
      count.overflowPages += pages;
      if (isFreeList)
        this.#free.push(this.#bytes(pgno * this.#pageSize + HEADER, length, 'a list of free pages'));
    } else if (isFreeList) this.#free.push(page.subarray(keyEnd, keyEnd + length));
    if (hasNames && flags & SUB_TREE)
      yield* this.#tree(treeIn(page, keyEnd, `"${key.toString('latin1').replaceAll('\0', '')}"`), txn, false);
  }

  /** A value on pages of its own: the first has a header, all are there. */
  #overflow(pgno: number, txn: number, pages: number, name: string): void {
    const what = `page ${pgno} of a value in the tree ${name}`;
    const header = this.#bytes(pgno * this.#pageSize, HEADER, what);
    // What a compacted copy names by its own first transaction bears the one of the original.
    const written = txn === FIRST_TXN ? number(header, TXN_AT) : txn;
    this.#header(header, pgno, written, what);
    if (number(header, TXN_AT) !== written || (header.readUInt16LE(FLAGS_AT) & OVERFLOW) === 0)
      throw this.#fault(`${what} is not the one that was written there`);
    this.#within((pgno + pages) * this.#pageSize, what);
    this.#use(pgno, pages, what);
  }

  #use(pgno: number, pages: number, what: string): void {
    if (this.#used.subarray(pgno, pgno + pages).includes(1)) throw this.#fault(`${what} is named twice`);
    this.#used.fill(1, pgno, pgno + pages);
  }

  #header(page: Buffer, pgno: number, txn: number, what: string): void {
    if (number(page, 0) !== pgno) throw this.#fault(`${what} bears another number`);
    if (number(page, TXN_AT) > txn) throw this.#fault(`${what} is younger than what names it`);
  }

  /** Where the nodes of a page begin. */
  *#nodes(page: Buffer, kind: number, what: string): Iterable<number> {
    const lower = page.readUInt16LE(LOWER_AT);
    const upper = page.readUInt16LE(UPPER_AT);
    const room = this.#pageSize - HEADER;
    if (lower % 2 > 0 || lower > upper || upper > room) throw this.#fault(`${what} is damaged`);
    for (let i = 0; i < lower / 2; i++) {
      const from = page.readUInt16LE(HEADER + 2 * i);
      if (from < upper || from + NODE > room) throw this.#fault(`${what} is damaged`);
      const at = HEADER + from;
      if (at + lengthOf(page, at, kind) > this.#pageSize) throw this.#fault(`${what} is damaged`);
      yield at;
    }
  }

  #bytes(at: number, length: number, what: string): Buffer {
    this.#within(at + length, what);
    const bytes = Buffer.alloc(length);
    readSync(this.#fd, bytes, 0, length, at);
    return bytes;
  }

  #within(end: number, what: string): void {
    if (end > this.#size) throw this.#fault(`it ends before ${what}: it was cut short`);
  }

  #fault(what: string): Error {
    return serverError('STORE_CORRUPT', `The file ${this.#file} is damaged: ${what}.`);
  }
}

/** No number of pages, entries or transactions comes near 2^53. */
const number = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

const treeIn = (bytes: Buffer, at: number, name: string): Tree => ({
  name,
  branchPages: number(bytes, at + 8),
  leafPages: number(bytes, at + 16),
  overflowPages: number(bytes, at + 24),
  entries: number(bytes, at + 32),
  root: number(bytes, at + 40),
});

const childIn = (page: Buffer, at: number): number =>
  page.readUInt32LE(at) + page.readUInt16LE(at + 4) * 2 ** 32;

function lengthOf(page: Buffer, at: number, kind: number): number {
  const key = page.readUInt16LE(at + 6);
  if (kind === BRANCH) return NODE + key;
  const flags = page.readUInt16LE(at + 4);
  if (flags & BIG_DATA) return NODE + key + OVERFLOW_REF;
  const data = page.readUInt32LE(at);
  return NODE + key + (flags & SUB_TREE ? Math.max(data, TREE_BYTES) : data);
}
