import { describe, expect, it } from 'vitest';
import { bigints, booleans, bytesOf, doubles, jsons, smallints, texts } from './columns.js';
import { TestDatabases } from './testing/testDatabases.js';

const databases = TestDatabases.use();

/** What PostgreSQL makes of a column. */
async function told(type: string, column: Buffer): Promise<unknown> {
  const client = await databases.client(databases.fresh());
  const { rows } = await client.query(
    `select coalesce(json_agg(x order by nth), '[]') as all from unnest($1::${type}[]) with ordinality as u (x, nth)`,
    [column],
  );
  return rows[0].all;
}

const same = <T>(value: T): T => value;

describe('columns', () => {
  it('[STO-31] PostgreSQL reads each element of a column as it was given', async () => {
    const whole = [0, 1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32) - 7, Number.MAX_SAFE_INTEGER, null];
    expect(await told('bigint', bigints(whole, same))).toEqual(whole);
    expect(await told('smallint', smallints([0, 270, -32_768, 32_767], same))).toEqual([
      0, 270, -32_768, 32_767,
    ]);
    expect(await told('boolean', booleans([true, false], same))).toEqual([true, false]);
    const broken = [0.5, -1e300, 5e-324, null, 2 ** 53];
    expect(await told('double precision', doubles(broken, same))).toEqual(broken);
    const some = ['', 'a"b\\c', 'ü🐢', '{NULL,}'];
    expect(await told('text', texts(some, same))).toEqual(some);
    const objects = [{}, { 7: 'YQ==', 12: '' }];
    expect(await told('jsonb', jsons(objects, JSON.stringify))).toEqual(objects);
    const bytes = [Buffer.from([0, 255, 92]), null, Buffer.alloc(0), new Uint8Array([34])];
    const hex = bytes.map((cell) => cell && `\\x${Buffer.from(cell).toString('hex')}`);
    expect(await told('bytea', bytesOf(bytes, same))).toEqual(hex);
  });

  it('[STO-31] a column may be empty, or say nothing in each row', async () => {
    for (const [type, column] of [
      ['smallint', smallints([], same)],
      ['bigint', bigints([], same)],
      ['double precision', doubles([], same)],
      ['boolean', booleans([], same)],
      ['bytea', bytesOf([], same)],
      ['text', texts([], same)],
      ['jsonb', jsons([], same)],
    ] as const)
      expect(await told(type, column)).toEqual([]);
    expect(await told('bytea', bytesOf([null, null], same))).toEqual([null, null]);
    expect(await told('bigint', bigints([null], same))).toEqual([null]);
  });
});
