import { type Found, parseRecord, RECORD_CHARS_MAX, type RecordReader, TOO_LONG } from './RecordReader.js';

/** NDJSON: a record per line. Empty lines hold none. */
export class LineReader implements RecordReader {
  #line = 1;
  #rest = '';
  #isTooLong = false;

  feed(text: string): readonly Found[] {
    const found: Found[] = [];
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      this.#take(text.slice(from, at));
      this.#endLine(found);
      from = at + 1;
    }
    this.#take(text.slice(from));
    return found;
  }

  end(): readonly Found[] {
    const found: Found[] = [];
    this.#endLine(found);
    return found;
  }

  #take(text: string): void {
    if (this.#rest.length + text.length > RECORD_CHARS_MAX) this.#isTooLong = true;
    this.#rest = this.#isTooLong ? '' : this.#rest + text;
  }

  #endLine(found: Found[]): void {
    const line = this.#line++;
    if (this.#isTooLong) found.push({ line, problem: TOO_LONG });
    else if (this.#rest.trim() !== '') found.push(parseRecord(line, this.#rest));
    this.#rest = '';
    this.#isTooLong = false;
  }
}
