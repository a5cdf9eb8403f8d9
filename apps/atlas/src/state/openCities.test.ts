import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CITIES_MAP, type City } from './model.js';
import { type CitySource, openCities, PAGE_ROWS } from './openCities.js';
import { defaultView, type View } from './view.js';

let client: TopGunClient;
beforeEach(async () => {
  client = new TopGunClient({ storage: new MemoryAdapter({ disk: new MemoryDisk() }) });
  await client.whenReady();
});
afterEach(() => client.close());

const set = (id: number, city: Partial<City>) =>
  client.getMap<City>(CITIES_MAP).set(String(id), {
    id,
    name: `City ${id}`,
    country: 'FR',
    region: '1',
    kind: 'PPL',
    population: id,
    lat: 0,
    lon: 0,
    ...city,
  });
const open = (view: Partial<View>) => openCities(client, { ...defaultView, ...view });
/** Opened, and with all words in its index. */
async function opened(view: Partial<View>): Promise<CitySource> {
  const source = open(view);
  await new Promise<void>((resolve) => {
    const look = () => source.getSnapshot().progress === 1 && resolve();
    source.subscribe(look);
    look();
  });
  return source;
}
const names = async (view: Partial<View>) => (await opened(view)).getSnapshot().rows.map(({ name }) => name);

describe('the cities of a view', () => {
  it('are those of the country and the number of people, in the order chosen', async () => {
    set(1, { name: 'B', population: 30 });
    set(2, { name: 'A', population: 20 });
    set(3, { name: 'C', population: 10 });
    set(4, { name: 'D', population: 20, country: 'DE' });
    expect(await names({})).toEqual(['B', 'A', 'D', 'C']);
    expect(await names({ country: 'FR', max: 20 })).toEqual(['A', 'C']);
    expect(await names({ min: 20, sort: 'name', descending: false })).toEqual(['A', 'B', 'D']);
  });

  it('come in pages, the last of which has no other behind it', async () => {
    for (let id = 1; id <= 2 * PAGE_ROWS; id++) set(id, {});
    for (const view of [{}, { find: 'city' }]) {
      const source = await opened(view);
      const page = () => {
        const { rows, page, hasPrevious, hasNext } = source.getSnapshot();
        ids.push(...rows.map(({ id }) => id));
        return [rows.length, rows[0]?.id, page, hasPrevious, hasNext];
      };
      const ids: number[] = [];
      expect(page()).toEqual([50, 100, 0, false, true]);
      source.turn(1);
      expect(page()).toEqual([50, expect.any(Number), 1, true, false]);
      expect(new Set(ids).size).toBe(100);
      source.turn(-1);
      expect(page()).toEqual([50, 100, 0, false, true]);
    }
  });

  it('are found by their words in any spelling, the large ones before the small, and keep their objects', async () => {
    set(1, { name: 'São Paulo', population: 10_000 });
    set(2, { name: 'Sao Tome', population: 50 });
    set(3, { name: 'Saonara', population: 90 });
    set(4, { name: 'Lisboa', alt: 'Sao Jorge', population: 80 });
    const source = await opened({ find: 'sao' });
    const before = source.getSnapshot();
    expect(before.rows.map(({ name }) => name).sort()).toEqual([
      'Lisboa',
      'Sao Tome',
      'Saonara',
      'São Paulo',
    ]);
    expect(before.rows[0]?.name).toBe('São Paulo');
    expect([before.found.get('1'), before.found.get('4')]).toEqual([[[0, 3]], []]);
    expect(source.getSnapshot()).toBe(before);
    set(2, { name: 'Sao Tome', population: 51 });
    const after = source.getSnapshot();
    expect(after.rows.find(({ id }) => id === 2)?.population).toBe(51);
    expect(after.rows.find(({ id }) => id === 1)).toBe(before.rows.find(({ id }) => id === 1));
  });

  it('a search keeps to the order of a column that the reader chose, and to the filter', async () => {
    set(1, { name: 'San B', population: 1 });
    set(2, { name: 'San A', population: 2 });
    set(3, { name: 'San', population: 3, country: 'DE' });
    expect(await names({ find: 'san', sort: 'name', descending: false })).toEqual(['San', 'San A', 'San B']);
    expect(await names({ find: 'san', country: 'FR' })).toEqual(['San A', 'San B']);
    expect(await names({ find: 'san nowhere' })).toEqual([]);
  });
});
