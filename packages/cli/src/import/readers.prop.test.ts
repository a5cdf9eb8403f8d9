import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrayReader } from './ArrayReader.js';
import { CsvReader } from './CsvReader.js';
import { LineReader } from './LineReader.js';
import { type Found, RECORD_CHARS_MAX, type RecordReader } from './RecordReader.js';

/** Feeds a text in pieces of these lengths, over and over. */
function read(reader: RecordReader, text: string, lengths: readonly number[] = [text.length]): Found[] {
  const found: Found[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const length = lengths[i % lengths.length] || 1;
    found.push(...reader.feed(text.slice(at, at + length)));
    at += length;
  }
  return [...found, ...reader.end()];
}
const values = (found: readonly Found[]) =>
  found.map((item) => ('value' in item ? item.value : item.problem));

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const records = fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 });
const invalid = expect.objectContaining({ code: 'IMPORT_FILE_INVALID' });

describe('what files hold', () => {
  it('[CLI-21] JSON: gives what a parse of the whole gives, however the text is cut', () => {
    fc.assert(
      fc.property(records, lengths, fc.constantFrom(0, 2), (all, cuts, indent) => {
        expect(values(read(new ArrayReader(), JSON.stringify(all, null, indent), cuts))).toEqual(
          JSON.parse(JSON.stringify(all)),
        );
      }),
    );
  });

  it('[CLI-21] NDJSON: gives what a parse of each line gives, however the text is cut', () => {
    fc.assert(
      fc.property(records, lengths, fc.constantFrom('\n', '\r\n', '\n\n'), (all, cuts, end) => {
        const text = all.map((value) => JSON.stringify(value)).join(end);
        expect(values(read(new LineReader(), text, cuts))).toEqual(JSON.parse(JSON.stringify(all)));
      }),
    );
  });

  it('[CLI-21] CSV: gives back any text that was quoted, however the file is cut', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '1') });
    const rows = fc.array(fc.tuple(cell, cell), { maxLength: 6 });
    fc.assert(
      fc.property(rows, lengths, (all, cuts) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = ['a,b', ...all.map((row) => row.map(quoted).join(','))].join('\r\n');
        const expected = all.map(([a, b]) => ({ ...(a && { a }), ...(b && { b }) }));
        expect(values(read(new CsvReader(['*']), text, cuts))).toEqual(expected);
      }),
    );
  });

  it('[CLI-21] CSV: numbers, true and false are read as such, empty ones left out, names of things stay text', () => {
    const text = 'n,t,e,zip,big,plus\n-1.5e3,true,,007,12345678901234567890,+1\n';
    expect(values(read(new CsvReader(), text))).toEqual([
      { n: -1500, t: true, zip: '007', big: '12345678901234567890', plus: '+1' },
    ]);
    expect(values(read(new CsvReader(['n']), 'n,m\n1,1'))).toEqual([{ n: '1', m: 1 }]);
  });

  it('[CLI-23] a bad record is told by its line, and those around it are read', () => {
    expect(read(new LineReader(), '{"a":1}\n\n{"a":\n{"a":2}')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 3, problem: expect.stringContaining('no JSON') },
      { line: 4, value: { a: 2 } },
    ]);
    expect(read(new ArrayReader(), '[\n1,\nnope,\n[2,\n3],,4]')).toEqual([
      { line: 2, value: 1 },
      { line: 3, problem: expect.stringContaining('no JSON') },
      { line: 4, value: [2, 3] },
      { line: 5, problem: expect.stringContaining('between two commas') },
      { line: 5, value: 4 },
    ]);
    expect(read(new CsvReader(), 'a,b\n1,"x\ny"\n1\n1,"x"y\n1,x"y\n2,z\n3,"never')).toEqual([
      { line: 2, value: { a: 1, b: 'x\ny' } },
      { line: 4, problem: '1 values for 2 fields' },
      { line: 5, problem: 'text behind a closing quote' },
      { line: 6, problem: 'a quote inside of a value that is not quoted' },
      { line: 7, value: { a: 2, b: 'z' } },
      { line: 8, problem: 'a quote is never closed' },
    ]);
  });

  it('[CLI-23] a record that no frame could carry is not kept', () => {
    const long = `"${'x'.repeat(RECORD_CHARS_MAX)}"`;
    const tooLong = { line: 2, problem: expect.stringContaining('longer than') };
    expect(read(new LineReader(), `1\n${long}\n2`, [1000])).toEqual([
      { line: 1, value: 1 },
      tooLong,
      { line: 3, value: 2 },
    ]);
    expect(read(new ArrayReader(), `[1,\n${long},\n2]`, [1000])).toEqual([
      { line: 1, value: 1 },
      tooLong,
      { line: 3, value: 2 },
    ]);
    expect(read(new CsvReader(), `a\n${long}\n2`, [1000])).toEqual([tooLong, { line: 3, value: { a: 2 } }]);
  });

  it('[CLI-21] refuses a file of another form as a whole', () => {
    for (const text of ['', '{"a":1}', '[1,2', '[1]2', 'nope'])
      expect(() => read(new ArrayReader(), text), text).toThrowError(invalid);
    expect(values(read(new ArrayReader(), ' [ ] \n'))).toEqual([]);
    expect(() => read(new CsvReader(), 'a,b,a\n1,2,3')).toThrowError(invalid);
    expect(() => read(new CsvReader(), 'a,"b"c\n1,2')).toThrowError(invalid);
  });
});
