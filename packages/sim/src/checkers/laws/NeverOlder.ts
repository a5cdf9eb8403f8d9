/** B2: whoever was shown a value of a key is never shown an older one. Ages are numbers that rise with each version of a key. */
export class NeverOlder<Reader extends object> {
  readonly #shown = new Map<Reader, Map<string, number>>();

  /** What a reader shows now; the age of what it has shown before, where that was newer. */
  saw(reader: Reader, key: string, age: number): number | undefined {
    const ages = this.#shown.get(reader) ?? new Map<string, number>();
    this.#shown.set(reader, ages);
    const before = ages.get(key);
    ages.set(key, age);
    return before !== undefined && age < before ? before : undefined;
  }

  /** What was shown until now, to one reader or to all, is held against nobody. */
  forget(reader?: Reader): void {
    if (reader === undefined) this.#shown.clear();
    else this.#shown.delete(reader);
  }
}
