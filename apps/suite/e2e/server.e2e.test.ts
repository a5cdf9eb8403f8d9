import { describe, expect, it } from 'vitest';
import { allUrls, ask, backEnd, fresh } from './app/app.js';

describe('[CLU-75] what a server says of itself', () => {
  it('every node is ready, alive, of one version, and not degraded', async () => {
    const versions = new Set<unknown>();
    for (const url of allUrls) {
      for (const probe of ['health', 'healthz', 'readyz'])
        expect((await fetch(`${url}/${probe}`)).status).toBe(200);
      const ready = await fetch(`${url}/ready`);
      expect(ready.status).toBe(200);
      const { degraded = false } = (await ready.json()) as { degraded?: boolean };
      expect(degraded).toBe(false);
      versions.add(((await (await fetch(`${url}/version`)).json()) as { version: string }).version);
    }
    expect(versions.size).toBe(1);
  });

  it('all nodes name the same maps and live roots, and nobody but an ADMIN is told', async () => {
    const map = fresh('app/');
    const store = backEnd('job');
    for (let n = 0; n < 30; n++) await store.set(map, `k${n}`, n);
    const who = { sub: 'root', roles: ['ADMIN'] };
    const roots = async (): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (const _ of allUrls) {
        const { maps } = (await (await ask('/api/status', { who })).json()) as {
          maps: { name: string; root: number; items: number }[];
        };
        const own = maps.find(({ name }) => name === map);
        found.push(`${own?.items} ${own?.root}`);
      }
      return [...new Set(found)];
    };
    await expect.poll(async () => (await roots()).length).toBe(1);
    expect((await roots())[0]).toMatch(/^30 \d+$/);
    expect(await (await ask('/api/status')).json()).not.toHaveProperty('maps');
    for (const path of ['/api/policies', '/api/webhooks', '/api/admin/cluster'])
      expect((await ask(path)).status).toBe(403);
  });

  it('partitions have owners, and nobody without a token comes in', async () => {
    const answer = await ask('/api/admin/cluster', { who: { sub: 'root', roles: ['ADMIN'] } });
    expect(await answer.json()).toMatchObject({ unowned: 0, moving: 0, degraded: [] });
    for (const url of allUrls) {
      expect((await fetch(`${url}/api/records/app%2Fx/a`)).status).toBe(401);
      expect((await fetch(`${url}/events/subscribe?topics=kept/x`)).status).toBe(401);
    }
  });
});
