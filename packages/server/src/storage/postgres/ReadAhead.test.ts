import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadAhead } from './ReadAhead.js';

interface Row {
  readonly pid: number;
  readonly name: number;
}

/** A table in memory, how often it was asked, and how many rows it gave. */
class Table {
  asked = 0;
  given = 0;
  rows: readonly Row[];

  constructor(rows: readonly Row[]) {
    this.rows = [...rows].sort((a, b) => a.pid - b.pid || a.name - b.name);
  }

  readonly page = async (
    pid: number,
    after: Row | undefined,
    count: number,
    last: number,
  ): Promise<readonly Row[]> => {
    this.asked++;
    const name = after?.name ?? -1;
    const behind = this.rows.filter((row) => row.pid > pid || (row.pid === pid && row.name > name));
    const page = behind.filter((row) => row.pid <= last).slice(0, count);
    this.given += page.length;
    return page;
  };
}

async function all(pages: ReadAhead<Row>, pid: number): Promise<number[]> {
  const names: number[] = [];
  for await (const rows of pages.of(pid)) for (const { name } of rows) names.push(name);
  return names;
}

describe('ReadAhead', () => {
  it('[STO-16] gives every partition whole, in whatever order and size they are asked for', async () => {
    const rows = fc.uniqueArray(fc.record({ pid: fc.nat({ max: 9 }), name: fc.nat({ max: 200 }) }), {
      maxLength: 400,
      selector: ({ pid, name }) => `${pid}/${name}`,
    });
    const bytes = fc.constantFrom(1, 500_000, 5_000_000);
    await fc.assert(
      fc.asyncProperty(rows, fc.array(fc.nat({ max: 9 })), bytes, async (list, order, size) => {
        const table = new Table(list);
        const pages = new ReadAhead<Row>(table.page, () => size);
        for (const pid of [...order, ...Array.from({ length: 10 }, (_, i) => i)]) {
          const expected = table.rows.filter((row) => row.pid === pid).map(({ name }) => name);
          expect(await all(pages, pid)).toEqual(expected);
        }
      }),
    );
  });

  it('[STO-16] small partitions one after the other are one question', async () => {
    const table = new Table(Array.from({ length: 90 }, (_, i) => ({ pid: i % 30, name: i })));
    const pages = new ReadAhead<Row>(table.page, () => 1);
    for (let pid = 0; pid < 271; pid++) await all(pages, pid);
    expect(table.asked).toBe(1);
  });

  it('[STO-16] [CLU-14] some partitions here and there are read and no others, what was a sweep before or not', async () => {
    const table = new Table(Array.from({ length: 2_710 }, (_, i) => ({ pid: i % 271, name: i })));
    const pages = new ReadAhead<Row>(table.page, () => 1);
    for (let pid = 0; pid < 271; pid++) await all(pages, pid);
    for (const wanted of [[7, 8, 90, 270], [3, 4], [200]]) {
      table.given = 0;
      pages.clear();
      for (const pid of wanted) await all(pages, pid);
      expect(table.given).toBe(10 * wanted.length);
    }
  });

  it('[STO-12] what was read before a commit is not given after it', async () => {
    const table = new Table([
      { pid: 1, name: 1 },
      { pid: 2, name: 1 },
    ]);
    const pages = new ReadAhead<Row>(table.page, () => 1);
    expect(await all(pages, 1)).toEqual([1]);
    table.rows = [{ pid: 2, name: 7 }];
    pages.clear();
    expect(await all(pages, 2)).toEqual([7]);
    const reading = pages.of(1);
    const first = reading.next();
    pages.clear();
    await first;
    await reading.next();
    table.rows = [{ pid: 2, name: 8 }];
    expect(await all(pages, 2)).toEqual([8]);
  });
});
