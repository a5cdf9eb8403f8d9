import type { TopGunClient } from '@topgun/client';

/** What the page offers to tests and to the console; see `src/main.tsx`. */
export type AtlasWindow = {
  readonly topgun: {
    readonly client: TopGunClient;
    readonly isIndexed: () => boolean;
    readonly openCities: (
      client: TopGunClient,
      view: Readonly<Record<string, unknown>>,
    ) => { readonly getSnapshot: () => { readonly progress: number } };
  };
};

/** Runs in the page before anything else: notes when the client was ready, and each key from its event to the paint that followed it. */
export function watchPage(): void {
  const notes: PageNotes = { readyMs: undefined, connectedMs: undefined, keys: [] };
  Object.assign(window, { notes });
  let handle: AtlasWindow['topgun'] | undefined;
  Object.defineProperty(window, 'topgun', {
    get: () => handle,
    set: (value: AtlasWindow['topgun']) => {
      handle = value;
      void value.client.whenReady().then(() => {
        notes.readyMs = performance.now();
      });
      value.client.onConnectionStateChange(({ state }) => {
        if (state === 'CONNECTED') notes.connectedMs ??= performance.now();
      });
    },
  });
  addEventListener(
    'keydown',
    (event) => {
      const text = () => document.querySelector<HTMLInputElement>('[data-testid=search]')?.value ?? '';
      requestAnimationFrame(() => {
        // A task posted in a frame runs when that frame has been drawn.
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          notes.keys.push({ text: text(), ms: performance.now() - event.timeStamp });
          port1.close();
        };
        port2.postMessage(0);
      });
    },
    { capture: true },
  );
}

export type PageNotes = {
  /** when the device's store was read, ms since the navigation */
  readyMs: number | undefined;
  /** when the first synchronisation was complete */
  connectedMs: number | undefined;
  /** what stood in the search field after each key, and the time from the key to that picture */
  readonly keys: { readonly text: string; readonly ms: number }[];
};

/** Runs in the page: how long the atlas takes to have its first cities once the device's store is read, ms. */
export async function firstCities(): Promise<number> {
  const { client } = (window as unknown as AtlasWindow).topgun;
  await client.whenReady();
  const startedMs = performance.now();
  const rows = client.query('cities', { sort: [['population', 'desc']], limit: 51 }).getResults();
  const ms = performance.now() - startedMs;
  if (rows.length !== 51) throw new Error(`${rows.length} rows`);
  return ms;
}

/** Runs in the page: times of the first result of queries that nobody has asked yet, ms. */
export async function firstResults(): Promise<readonly { readonly name: string; readonly ms: number }[]> {
  const { client } = (window as unknown as AtlasWindow).topgun;
  const sort = [['population', 'desc']] as const;
  const asked = {
    'largest of one country': { where: { country: 'FR' }, sort, limit: 20 },
    'largest of all': { sort, limit: 20 },
    'of so many people, by name': {
      where: { population: { $gte: 100_000, $lte: 200_000 } },
      sort: [['name', 'asc']] as const,
      limit: 20,
    },
    'smallest capital (no index)': {
      where: { kind: 'PPLC' },
      sort: [['population', 'asc']] as const,
      limit: 20,
    },
  };
  return Object.entries(asked).map(([name, filter]) => {
    const startedMs = performance.now();
    const rows = client.query('cities', filter).getResults();
    const ms = performance.now() - startedMs;
    if (rows.length !== 20) throw new Error(`${name}: ${rows.length} rows`);
    return { name, ms };
  });
}

/** Runs in the page: whether all names are in the index of words. */
export function canSearch(): boolean {
  const { client, openCities } = (window as unknown as AtlasWindow).topgun;
  return (
    openCities(client, { find: 'a', country: '', sort: 'population', descending: true }).getSnapshot()
      .progress === 1
  );
}

/** Runs in the page: times of what the app asks the engine after each letter of these words, from the second on, ms. */
export function typeToEngine(words: readonly string[]): readonly number[] {
  const { client, openCities } = (window as unknown as AtlasWindow).topgun;
  const view = { country: '', min: undefined, max: undefined, sort: 'population', descending: true } as const;
  return words.flatMap((word) =>
    Array.from({ length: word.length - 1 }, (_, i) => {
      const startedMs = performance.now();
      openCities(client, { ...view, find: word.slice(0, i + 2) }).getSnapshot();
      return performance.now() - startedMs;
    }),
  );
}

/** Runs in the page that looks on: notes when it first draws each number of people of its first city. */
export function watchFirstCity(): void {
  const seen = new Map<string, number>();
  Object.assign(window, { seen });
  const look = () => {
    const text = document.querySelector('[data-testid=city-population]')?.textContent ?? '';
    if (seen.has(text)) return;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        if (!seen.has(text)) seen.set(text, performance.timeOrigin + performance.now());
        port1.close();
      };
      port2.postMessage(0);
    });
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}

/** Runs in the page that edits: gives the first city another number of people and returns when, ms since the epoch. */
export function editFirstCity(population: number): number {
  const { client } = (window as unknown as AtlasWindow).topgun;
  const key = document.querySelector<HTMLElement>('[data-testid=city]')?.dataset.key ?? '';
  const cities = client.getMap<Record<string, unknown>>('cities');
  const atMs = performance.timeOrigin + performance.now();
  cities.set(key, { ...cities.get(key), population });
  return atMs;
}

/** Runs in the page that looks on: when it drew this number of people; undefined when it has not yet. */
export function seenAt(text: string): number | undefined {
  return (window as unknown as { seen: Map<string, number> }).seen.get(text);
}
