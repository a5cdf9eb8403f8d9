import { createReadStream } from 'node:fs';
import type { BackupDesk } from '../backup/BackupDesk.js';
import { HttpRefusal, type Route } from './Route.js';
import { toldErrors } from './toldErrors.js';

const statusByCode: Readonly<Record<string, number>> = {
  BACKUP_MISSING: 404,
  BACKUP_RUNNING: 409,
  BACKUP_UNSUPPORTED: 501,
  SERVER_STATE: 503,
};

/** `/api/backup`: begins, lists, serves and removes backups of the running server (BAK-5). */
export function backupRoutes(desk: BackupDesk): Route[] {
  const route = (method: Route['method'], path: string, answer: Route['answer']): Route => ({
    method,
    path,
    access: 'admin',
    answer: (request) => toldErrors(statusByCode, async () => answer(request)),
  });
  return [
    route('POST', '/api/backup', () => ({ status: 202, body: { name: desk.begin().name } })),
    route('GET', '/api/backup', async () => ({ status: 200, body: await listing(desk) })),
    route('GET', '/api/backup/*', async ({ rest }) => {
      const [name = '', part, ...more] = rest.split('/');
      const { data, manifest } = await desk.find(name);
      if (part === undefined) return { status: 200, body: manifest };
      if (part !== 'data' || more.length > 0) throw new HttpRefusal(404, { code: 'NOT_FOUND' });
      const headers = { 'Content-Length': String(manifest.bytes) };
      return {
        status: 200,
        contentType: 'application/octet-stream',
        content: createReadStream(data),
        headers,
      };
    }),
    route('DELETE', '/api/backup/*', async ({ rest }) => {
      await desk.remove(rest);
      return { status: 200, body: { removed: rest } };
    }),
  ];
}

async function listing(desk: BackupDesk): Promise<unknown> {
  const backups = (await desk.list()).map(({ name, manifest }) => {
    const { takenAt, bytes, incarnation, sha256 } = manifest;
    return { name, takenAt, bytes, incarnation, sha256 };
  });
  return { running: desk.running, last: desk.last, backups };
}
