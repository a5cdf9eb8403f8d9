import type { Item } from './Item.js';

/** Where a map keeps its items. */
export interface ItemTable<I extends Item> {
  /** Items, deleted ones included. */
  readonly size: number;
  /** The tree's name of an item. */
  nameOf(item: I): string;
  /** The item of a name. */
  find(name: string): I | undefined;
  /** The item that another one would replace. */
  known(item: I): I | undefined;
  /** Puts an item in the place of the one it replaces. */
  put(item: I, known: I | undefined): void;
  discard(item: I): void;
  values(): Iterable<I>;
  clear(): void;
}
