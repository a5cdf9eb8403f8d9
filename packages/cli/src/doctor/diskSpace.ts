import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Check, reasonOf } from './Check.js';

/** Below this the next compaction of a modest store may fail. */
const WARN_BYTES = 1024 ** 3;
/** Below this even a small log cannot grow. */
const FAIL_BYTES = 64 * 1024 ** 2;

export const diskSpace: Check = {
  name: 'Disk space',
  run: async ({ dataDir }) => {
    try {
      const { bavail, bsize } = await statfsOfNearest(dataDir);
      return judgeSpace(bavail * bsize);
    } catch (error) {
      return { level: 'warn', detail: `unknown: ${reasonOf(error)}` };
    }
  },
};

export function judgeSpace(bytes: number): Awaited<ReturnType<Check['run']>> {
  const detail = `${(bytes / 1024 ** 3).toFixed(1)} GiB free`;
  if (bytes >= WARN_BYTES) return { level: 'ok', detail };
  return {
    level: bytes < FAIL_BYTES ? 'fail' : 'warn',
    detail,
    remedy: 'Free some space, or use --data-dir.',
  };
}

/** The folder itself may not exist yet; its nearest ancestor lies on the same disk. */
async function statfsOfNearest(folder: string): Promise<StatsFs> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      return await statfs(path);
    } catch (error) {
      if (dirname(path) === path) throw error;
    }
  }
}
