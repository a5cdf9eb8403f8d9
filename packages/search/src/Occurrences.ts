/** From so many documents on, places are looked up: until then going through them costs less than the memory would. */
const LOOKED_UP_FROM = 512;

/** In which documents a term stands in one field, and how often in each; in no order that means anything. */
export class Occurrences {
  /** Numbers of documents, each once. */
  readonly documents: number[] = [];
  /** How often, at the same places. */
  readonly counts: number[] = [];
  #places: Map<number, number> | undefined;

  get size(): number {
    return this.documents.length;
  }

  /** Once more in this document, which is a new one or the one named last. */
  add(document: number): void {
    const last = this.documents.length - 1;
    if (this.documents[last] === document) {
      this.counts[last] = (this.counts[last] as number) + 1;
      return;
    }
    this.documents.push(document);
    this.counts.push(1);
    this.#places?.set(document, last + 1);
    if (last + 1 === LOOKED_UP_FROM) this.#places = new Map(this.documents.map((one, place) => [one, place]));
  }

  /** How often in this document; 0 where it does not stand. */
  in(document: number): number {
    return this.counts[this.#placeOf(document)] ?? 0;
  }

  remove(document: number): void {
    const place = this.#placeOf(document);
    if (place < 0) return;
    const last = this.documents.pop() as number;
    const count = this.counts.pop() as number;
    this.#places?.delete(document);
    if (last === document) return;
    this.documents[place] = last;
    this.counts[place] = count;
    this.#places?.set(last, place);
  }

  #placeOf(document: number): number {
    return this.#places ? (this.#places.get(document) ?? -1) : this.documents.indexOf(document);
  }
}
