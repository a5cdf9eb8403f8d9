import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TopGunError } from '@topgun/core';
import { type BackupManifest, manifestText, serverErrors } from '@topgun/server';
import * as z from 'zod';
import { askServer, jsonOf, type ServerTarget } from '../askServer.js';
import { cliError } from '../cliErrors.js';

const POLL_MS = 200;

const begunSchema = z.looseObject({ name: z.string().regex(/^[\w-]+$/) });
const listingSchema = z.looseObject({
  running: z.looseObject({ name: z.string() }).optional(),
  last: z
    .looseObject({
      name: z.string(),
      error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
    })
    .optional(),
});
const manifestSchema = z.looseObject({
  format: z.number(),
  incarnation: z.string(),
  takenAt: z.string(),
  bytes: z.number(),
  sha256: z.string(),
});

/** Makes a backup at a running server and waits for it (BAK-7). */
export async function backupOnServer(
  target: ServerTarget,
): Promise<{ name: string; manifest: BackupManifest }> {
  const { name } = await jsonOf(await askServer(target, '/api/backup', 'POST'), begunSchema);
  for (;;) {
    const { running, last } = await jsonOf(await askServer(target, '/api/backup'), listingSchema);
    if (running?.name !== name) {
      if (last?.name === name && last.error !== undefined)
        throw cliError('BACKUP_FAILED', `${last.error.code}: ${last.error.message}`);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const manifest = await jsonOf(await askServer(target, `/api/backup/${name}`), manifestSchema);
  // What else the manifest holds travels with it as it is.
  return { name, manifest: manifest as unknown as BackupManifest };
}

/** Fetches a backup of a server into a new folder, and then takes the server's copy away. Throws BACKUP_FAILED for one that was damaged on the way. */
export async function fetchBackup(
  target: ServerTarget,
  { name, manifest }: { readonly name: string; readonly manifest: BackupManifest },
  to: string,
): Promise<void> {
  const draft = `${to}.${randomUUID()}.unfinished`;
  await mkdir(draft, { recursive: true });
  try {
    const response = await askServer(target, `/api/backup/${name}/data`);
    const hash = await store(response, join(draft, 'data.mdb'));
    if (hash !== manifest.sha256)
      throw cliError('BACKUP_FAILED', 'The data that arrived is not what the server sent.');
    await writeFile(join(draft, 'backup.json'), manifestText(manifest), { flush: true });
    await rename(draft, to);
    await sync(dirname(to));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (error instanceof TopGunError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw cliError('BACKUP_FAILED', `The backup did not arrive in ${to}: ${text}.`, error);
  }
  await askServer(target, `/api/backup/${name}`, 'DELETE');
}

/** Throws BACKUP_EXISTS. */
export async function mustBeFree(to: string): Promise<void> {
  const isThere = await access(to).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw new TopGunError({
    code: 'BACKUP_EXISTS',
    message: `${to} is there already.`,
    ...serverErrors.BACKUP_EXISTS,
  });
}

async function store(response: Response, path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    for await (const piece of response.body ?? []) {
      hash.update(piece);
      await file.write(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function sync(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
