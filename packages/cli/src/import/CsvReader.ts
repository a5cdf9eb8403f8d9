import { cliError } from '../cliErrors.js';
import { type Found, RECORD_CHARS_MAX, type RecordReader, TOO_LONG } from './RecordReader.js';

/** A number as JSON writes it; `007` and `+1` are text, for they are names of something. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * CSV as RFC 4180 has it: commas, quotes around what holds commas, quotes or line breaks, the first row names the fields.
 * A value that reads as a JSON number, `true` or `false` is that, an empty one is left out, all others are text;
 * fields in `textFields` (`*`: all) stay text.
 *
 * Throws `IMPORT_FILE_INVALID` when two fields have the same name.
 */
export class CsvReader implements RecordReader {
  readonly #isText: (field: string) => boolean;
  #names: readonly string[] | undefined;
  #line = 1;
  #startLine = 1;
  #cells: string[] = [];
  #cell = '';
  #chars = 0;
  #state: 'start' | 'plain' | 'quoted' | 'closed' = 'start';
  #problem: string | undefined;

  constructor(textFields: readonly string[] = []) {
    const names = new Set(textFields);
    this.#isText = (field) => names.has('*') || names.has(field);
  }

  feed(text: string): readonly Found[] {
    const found: Found[] = [];
    for (let i = 0; i < text.length; i++) this.#char(text[i] as string, found);
    return found;
  }

  end(): readonly Found[] {
    const found: Found[] = [];
    if (this.#state === 'quoted') this.#problem ??= 'a quote is never closed';
    if (this.#chars > 0) this.#endRow(found);
    return found;
  }

  #char(char: string, found: Found[]): void {
    if (++this.#chars > RECORD_CHARS_MAX) this.#problem = TOO_LONG;
    if (char === '\n') this.#line++;
    if (this.#state === 'quoted') {
      if (char === '"') this.#state = 'closed';
      else this.#add(char);
    } else if (char === '\n') this.#endRow(found);
    else if (char === ',') this.#endCell();
    else if (char === '"' && this.#state === 'start') this.#state = 'quoted';
    else if (char === '"' && this.#state === 'closed') {
      this.#add(char);
      this.#state = 'quoted';
    } else if (char !== '\r') {
      if (this.#state === 'closed') this.#problem ??= 'text behind a closing quote';
      else if (char === '"') this.#problem ??= 'a quote inside of a value that is not quoted';
      this.#add(char);
      this.#state = 'plain';
    }
  }

  #add(char: string): void {
    if (this.#problem === undefined) this.#cell += char;
  }

  #endCell(): void {
    if (this.#problem === undefined) this.#cells.push(this.#cell);
    this.#cell = '';
    this.#state = 'start';
  }

  #endRow(found: Found[]): void {
    this.#endCell();
    const isEmpty = this.#cells.length === 1 && this.#cells[0] === '';
    if (this.#problem !== undefined) this.#bad(found, this.#problem);
    else if (!isEmpty) this.#row(found);
    this.#cells = [];
    this.#problem = undefined;
    this.#chars = 0;
    this.#startLine = this.#line;
  }

  #bad(found: Found[], problem: string): void {
    if (this.#names === undefined) throw cliError('IMPORT_FILE_INVALID', `The row of names has ${problem}.`);
    found.push({ line: this.#startLine, problem });
  }

  #row(found: Found[]): void {
    const cells = this.#cells;
    if (this.#names === undefined) {
      const twice = cells.find((name, i) => cells.indexOf(name) < i);
      if (twice !== undefined)
        throw cliError('IMPORT_FILE_INVALID', `The row of names has "${twice}" twice.`);
      this.#names = cells;
    } else if (cells.length !== this.#names.length)
      this.#bad(found, `${cells.length} values for ${this.#names.length} fields`);
    else {
      const fields = this.#names.flatMap((name, i) => {
        const text = cells[i] as string;
        return text === '' ? [] : [[name, this.#isText(name) ? text : typed(text)] as const];
      });
      found.push({ line: this.#startLine, value: Object.fromEntries(fields) });
    }
  }
}

function typed(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (!NUMBER.test(text)) return text;
  const number = Number(text);
  // Digits that a number cannot hold are a name, such as the number of an account.
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
    ? number
    : text;
}
