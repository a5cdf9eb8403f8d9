/** An event as the stream has it. */
export interface ServerEvent {
  /** `message` where the stream names none */
  readonly name: string;
  readonly data: string;
  /** the last id so far */
  readonly id: string;
}

export interface EventParserListener {
  event(event: ServerEvent): void;
  /** ms */
  retry(ms: number): void;
}

/**
 * Reads `text/event-stream` (WHATWG HTML, 9.2.6) from pieces of text cut anywhere: lines end with CR, LF or both, a byte order mark in front
 * is skipped, an event without data only moves the id, ids with NUL and pauses that are no numbers are ignored.
 */
export class EventParser {
  readonly #listener: EventParserListener;
  #rest = '';
  #isFirst = true;
  /** the last piece ended with CR: an LF at the beginning of the next one belongs to it */
  #sawCr = false;
  #name = '';
  #data: string[] = [];
  #id: string;

  /** `lastId`: of the connection before. */
  constructor(listener: EventParserListener, lastId = '') {
    this.#listener = listener;
    this.#id = lastId;
  }

  feed(text: string): void {
    if (text === '') return;
    let piece = text;
    if (this.#isFirst) {
      this.#isFirst = false;
      if (piece.startsWith('\uFEFF')) piece = piece.slice(1);
    }
    if (this.#sawCr && piece.startsWith('\n')) piece = piece.slice(1);
    this.#sawCr = text.endsWith('\r');
    const lines = (this.#rest + piece).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#name = value;
    else if (field === 'id') {
      if (!value.includes('\0')) this.#id = value;
    } else if (field === 'retry' && /^\d+$/.test(value)) this.#listener.retry(Number(value));
  }

  #dispatch(): void {
    const [name, data] = [this.#name, this.#data];
    this.#name = '';
    this.#data = [];
    if (data.length === 0) return;
    this.#listener.event({ name: name === '' ? 'message' : name, data: data.join('\n'), id: this.#id });
  }
}
