import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runInProcess } from '../../test/runInProcess.js';

const GUIDE = new URL('../../../../docs/guides/permissions.md', import.meta.url);

it('[CLI-47] the examples of the guide are tried as they stand there', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'topgun-guide-'));
  try {
    const guide = await readFile(GUIDE, 'utf8');
    const tried: string[] = [];
    for (const [, file = '', name = '', what = '', json = ''] of guide.matchAll(
      /```json file=((\w+)-(policies|expect)\.json)\n(.*?)```/gs,
    )) {
      await writeFile(join(cwd, file), json);
      if (what === 'policies') continue;
      const args = ['policy', 'test', `${name}-policies.json`, '--expect', `${name}-expect.json`];
      const { code, out, err } = await runInProcess(args, { cwd });
      expect({ name, code, out, err }).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringMatching(/^(\d+) of \1 met\n$/),
      });
      tried.push(name);
    }
    expect(tried).toEqual(['own', 'maps', 'teams', 'people']);
  } finally {
    await rm(cwd, { recursive: true });
  }
});
