import { describe, expect, it, vi } from 'vitest';
import type { HttpRouterParts } from '../../server/src/doors/HttpRouter.js';
import { HTTP_OUTLETS } from '../src/permissionOracle/process/httpOutlets.js';
import { doorPlants, inEveryHeader } from '../src/permissionOracle/process/plants.js';
import { runProcess } from '../src/permissionOracle/process/runProcess.js';
import { serveHere } from '../src/permissionOracle/process/Served.js';

const { routes } = vi.hoisted(() => ({ routes: new Set<string>() }));

/** Every router that a server makes tells its routes. */
vi.mock('../../server/src/doors/HttpRouter.js', async (original) => {
  const shipped = await original<typeof import('../../server/src/doors/HttpRouter.js')>();
  class HttpRouter extends shipped.HttpRouter {
    constructor(parts: HttpRouterParts) {
      super(parts);
      for (const { method, path } of parts.routes) routes.add(`${method} ${path}`);
    }
  }
  return { ...shipped, HttpRouter };
});

/** Against hanging, and long: a busy machine takes a minute. */
const DEADLINE_MS = 300_000;

describe('the permission oracle at the doors', () => {
  it(
    '[PO-11] [PO-12] nothing leaves over real sockets and HTTP that may not, nor in the log; every route is named, and was asked',
    async () => {
      const { leaks, tally } = await runProcess(1, serveHere);
      expect(leaks).toEqual([]);
      expect(tally.withCanaries).toBeGreaterThan(100);
      for (const live of ['ws message', 'sse message', 'bridge message'])
        expect([live, tally.permitted.get(live)]).toEqual([live, expect.any(Number)]);
      expect([...routes].filter((route) => !(route in HTTP_OUTLETS))).toEqual([]);
      expect(routes).toContain('GET /api/status');
      expect(Object.keys(HTTP_OUTLETS).filter((route) => !tally.outlets.has(`http ${route}`))).toEqual([]);
    },
    DEADLINE_MS,
  );

  it.each(doorPlants)(
    '[PO-9] sees that $name, leaving through $outlet',
    async ({ outlet, plant }) => {
      const { leaks } = await runProcess(1, serveHere, plant);
      expect(leaks.length).toBeGreaterThan(0);
      expect(leaks.filter((leak) => !leak.includes(outlet))).toEqual([]);
    },
    DEADLINE_MS,
  );

  it(
    '[PO-9] sees a key in a header, leaving through every route',
    async () => {
      const { leaks } = await runProcess(1, serveHere, inEveryHeader);
      const paths = Object.entries(HTTP_OUTLETS).flatMap(([route, { asks }]) => {
        const [method = '', path = ''] = route.split(' ');
        return `${method} ${asks?.[0] ?? path} of eve`;
      });
      expect(paths.filter((path) => !leaks.some((leak) => leak.includes(path)))).toEqual([]);
    },
    DEADLINE_MS,
  );
});
