import { fieldTexts, parsePath, tokenize } from '@topgun/core';
import { Occurrences } from './Occurrences.js';
import { type Term, Vocabulary } from './Vocabulary.js';

interface Document {
  readonly key: string;
  /** What was indexed: a record whose texts are the same again is no change. */
  readonly text: string;
  readonly terms: readonly Term[];
}

/** Of a field so many words are searched: a text of 10,000 is a chapter, and one record must not fill the index. */
const FIELD_WORDS_MAX = 10_000;
/** What no word holds, and hardly any text: it parts the texts of a field, and the fields. */
const ITEM_END = '\u001e';
const FIELD_END = '\u001f';

/**
 * Which documents have which terms how often, in which fields. All of it is counted in whole numbers, and a document that goes takes
 * all of its own with it, so that the state follows from the documents alone (SRCH-7).
 *
 * Documents have small numbers, used again when free, so that searches can count in arrays. Putting in or taking out costs the words
 * of that document.
 */
export class Postings {
  readonly paths: readonly string[];
  readonly vocabulary = new Vocabulary();
  /** Rises with every change of the documents. */
  version = 0;
  readonly #segments: readonly (readonly string[])[];
  #numbers = new Map<string, number>();
  #documents: (Document | undefined)[] = [];
  #free: number[] = [];
  /** By field and document: words of the field. */
  readonly #lengths: readonly number[][];
  readonly #words: number[];
  readonly #nonEmpty: number[];

  constructor(paths: readonly string[]) {
    this.paths = paths;
    this.#segments = paths.map(parsePath);
    this.#lengths = paths.map(() => []);
    this.#words = paths.map(() => 0);
    this.#nonEmpty = paths.map(() => 0);
  }

  get size(): number {
    return this.#numbers.size;
  }

  /** Above every number that a document has. */
  get numberBound(): number {
    return this.#documents.length;
  }

  put(key: string, value: unknown): void {
    const texts = this.paths.map((path, field) => this.#textOf(value, path, field));
    const text = texts.length === 1 ? (texts[0] as string) : texts.join(FIELD_END);
    if (this.#documents[this.#numbers.get(key) ?? -1]?.text === text) return;
    this.remove(key);
    const number = this.#free.at(-1) ?? this.#documents.length;
    const terms = new Set<Term>();
    for (const [field, one] of texts.entries()) this.#addField(field, one, number, terms);
    if (terms.size === 0) return;
    this.#free.pop();
    this.#documents[number] = { key, text, terms: [...terms] };
    this.#numbers.set(key, number);
    this.version++;
  }

  remove(key: string): void {
    const number = this.#numbers.get(key);
    if (number === undefined) return;
    for (const term of this.termsOf(number)) {
      for (const occurrences of term.fields) occurrences?.remove(number);
      if (term.fields.every((occurrences) => !occurrences?.size)) this.vocabulary.delete(term);
    }
    for (const field of this.paths.keys()) this.#resize(field, number, 0);
    this.#documents[number] = undefined;
    this.#numbers.delete(key);
    this.#free.push(number);
    this.version++;
  }

  clear(): void {
    this.vocabulary.clear();
    this.#numbers = new Map();
    this.#documents = [];
    this.#free = [];
    for (const field of this.paths.keys()) {
      (this.#lengths[field] as number[]).length = 0;
      this.#words[field] = 0;
      this.#nonEmpty[field] = 0;
    }
    this.version++;
  }

  keyOf(number: number): string {
    return (this.#documents[number] as Document).key;
  }

  termsOf(number: number): readonly Term[] {
    return (this.#documents[number] as Document).terms;
  }

  /** By document, of one field. */
  lengthsOf(field: number): readonly number[] {
    return this.#lengths[field] as number[];
  }

  /** Over the documents with words in this field. */
  averageLength(field: number): number {
    return (this.#words[field] as number) / (this.#nonEmpty[field] as number);
  }

  #textOf(value: unknown, path: string, field: number): string {
    const texts = fieldTexts(value, path, this.#segments[field] as readonly string[]);
    return texts.length === 1 ? (texts[0]?.text as string) : texts.map(({ text }) => text).join(ITEM_END);
  }

  #addField(field: number, text: string, number: number, terms: Set<Term>): void {
    const tokens = tokenize(text);
    const length = Math.min(tokens.length, FIELD_WORDS_MAX);
    for (let i = 0; i < length; i++) {
      const term = this.vocabulary.of(tokens[i]?.term as string);
      term.fields[field] ??= new Occurrences();
      term.fields[field].add(number);
      terms.add(term);
    }
    this.#resize(field, number, length);
  }

  #resize(field: number, number: number, length: number): void {
    const lengths = this.#lengths[field] as number[];
    const before = lengths[number] ?? 0;
    lengths[number] = length;
    this.#words[field] = (this.#words[field] as number) + length - before;
    this.#nonEmpty[field] = (this.#nonEmpty[field] as number) + Math.sign(length) - Math.sign(before);
  }
}
