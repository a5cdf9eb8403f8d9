import { cliError } from '../cliErrors.js';
import { type Found, parseRecord, RECORD_CHARS_MAX, type RecordReader, TOO_LONG } from './RecordReader.js';

/**
 * JSON: one array of records. The text is cut where the commas of the outermost array stand, and each part is parsed by
 * itself, so that neither the file nor its values have to fit into memory and one bad record spoils no other.
 *
 * Throws `IMPORT_FILE_INVALID` when the file is no array, or ends before its array does.
 */
export class ArrayReader implements RecordReader {
  #line = 1;
  #state: 'before' | 'inside' | 'after' = 'before';
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #part = '';
  #startLine = 0;
  #isTooLong = false;
  /** A comma stood before this part, so that there has to be one. */
  #isOwed = false;

  feed(text: string): readonly Found[] {
    const found: Found[] = [];
    // Start of the run of the current part that is not in `#part` yet.
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const char = text[i] as string;
      if (this.#state !== 'inside') {
        this.#outside(char);
        from = i + 1;
      } else if (this.#inString) this.#insideString(char);
      else if (this.#depth === 0 && (char === ',' || char === ']')) {
        this.#take(text.slice(from, i));
        this.#endPart(char === ',', found);
        from = i + 1;
      } else this.#insidePart(char);
      if (char === '\n') this.#line++;
    }
    if (this.#state === 'inside') this.#take(text.slice(from));
    return found;
  }

  end(): readonly Found[] {
    if (this.#state === 'before') throw this.#invalid('holds no array');
    if (this.#state === 'inside') throw this.#invalid('ends inside of its array');
    return [];
  }

  #outside(char: string): void {
    if (/\s/.test(char)) return;
    if (this.#state === 'after') throw this.#invalid('goes on behind its array');
    if (char !== '[') throw this.#invalid('does not begin with an array');
    this.#state = 'inside';
  }

  #insideString(char: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (char === '\\') this.#isEscaped = true;
    else if (char === '"') this.#inString = false;
  }

  #insidePart(char: string): void {
    if (this.#startLine === 0 && !/\s/.test(char)) this.#startLine = this.#line;
    if (char === '"') this.#inString = true;
    else if (char === '{' || char === '[') this.#depth++;
    else if (char === '}' || char === ']') this.#depth = Math.max(0, this.#depth - 1);
  }

  #take(text: string): void {
    if (this.#part.length + text.length > RECORD_CHARS_MAX) this.#isTooLong = true;
    this.#part = this.#isTooLong ? '' : this.#part + text;
  }

  #endPart(isComma: boolean, found: Found[]): void {
    const line = this.#startLine || this.#line;
    if (this.#isTooLong) found.push({ line, problem: TOO_LONG });
    else if (this.#part.trim() !== '') found.push(parseRecord(line, this.#part));
    else if (isComma || this.#isOwed) found.push({ line, problem: 'no record between two commas' });
    if (!isComma) this.#state = 'after';
    this.#part = '';
    this.#startLine = 0;
    this.#isTooLong = false;
    this.#isOwed = isComma;
  }

  #invalid(what: string): Error {
    return cliError('IMPORT_FILE_INVALID', `The file ${what} (line ${this.#line}).`);
  }
}
