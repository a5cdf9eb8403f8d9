export const rowFormats = ['ndjson', 'json', 'csv'] as const;
export type RowFormat = (typeof rowFormats)[number];

/** Prints rows as they come: one a line, as one JSON array, or as CSV with the columns named. */
export class RowPrinter {
  readonly #out: (text: string) => void;
  readonly #format: RowFormat;
  readonly #columns: readonly string[];
  #printed = 0;
  #isHeaded = false;

  constructor(out: (text: string) => void, format: RowFormat, columns: readonly string[]) {
    this.#out = out;
    this.#format = format;
    this.#columns = columns;
  }

  print(rows: readonly object[]): void {
    this.#head();
    const texts = rows.map((row) => this.#textOf(row));
    if (texts.length > 0) this.#out(texts.join(''));
  }

  end(): void {
    this.#head();
    if (this.#format === 'json') this.#out(this.#printed === 0 ? '[]\n' : '\n]\n');
  }

  /** Not before there is an answer: a refusal prints nothing. */
  #head(): void {
    if (this.#format === 'csv' && !this.#isHeaded) this.#out(`${this.#columns.join(',')}\n`);
    this.#isHeaded = true;
  }

  #textOf(row: object): string {
    const first = this.#printed++ === 0;
    if (this.#format === 'csv')
      return `${this.#columns.map((name) => cell((row as Record<string, unknown>)[name])).join(',')}\n`;
    if (this.#format === 'ndjson') return `${JSON.stringify(row)}\n`;
    return `${first ? '[\n' : ',\n'}  ${JSON.stringify(row)}`;
  }
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
