import { rowKey, splitRowKey } from '../merkle/rowKey.js';
import type { Element } from './Item.js';
import type { ItemTable } from './ItemTable.js';

/** The elements of an OR map by key and tag. It decides nothing. */
export class TagTable implements ItemTable<Element> {
  readonly removedTags = new Set<string>();
  readonly #byKey = new Map<string, Map<string, Element>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  nameOf(element: Element): string {
    return rowKey(element.key, element.tag);
  }

  find(name: string): Element | undefined {
    const row = splitRowKey(name);
    return row && this.#byKey.get(row.key)?.get(row.tag);
  }

  known(element: Element): Element | undefined {
    return this.#byKey.get(element.key)?.get(element.tag);
  }

  put(element: Element, known: Element | undefined): void {
    const { key, tag, value } = element;
    const elements = this.#byKey.get(key);
    if (elements === undefined) this.#byKey.set(key, new Map([[tag, element]]));
    else elements.set(tag, element);
    if (known === undefined) this.#size++;
    if (value === undefined) this.removedTags.add(tag);
  }

  discard(element: Element): void {
    const { key, tag } = element;
    const elements = this.#byKey.get(key);
    if (!elements?.delete(tag)) return;
    this.#size--;
    this.removedTags.delete(tag);
    if (elements.size === 0) this.#byKey.delete(key);
  }

  under(key: string): Iterable<Element> {
    return this.#byKey.get(key)?.values() ?? [];
  }

  keys(): string[] {
    return [...this.#byKey.keys()];
  }

  *values(): IterableIterator<Element> {
    for (const elements of this.#byKey.values()) yield* elements.values();
  }

  clear(): void {
    this.#byKey.clear();
    this.removedTags.clear();
    this.#size = 0;
  }
}
