import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../config/load.js';
import { shownFields } from '../utils/logFields.js';
import type { Logger } from '../utils/logger.js';
import type { Policy } from './PermissionPolicy.js';
import { PolicySources } from './PolicySources.js';

const ONE: Policy = { role: 'A', map: 'm', actions: ['READ'] };
const WAIT = { timeout: 20_000, interval: 20 };

let folder: string;
let policiesFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-sources-'));
  policiesFile = join(folder, 'policies.json');
  await writeFile(policiesFile, JSON.stringify([ONE]));
});
afterEach(() => rm(folder, { recursive: true }));

describe('PolicySources', () => {
  it('[PERM-11] a fault of the file is logged with its place and nothing of what stands there', async () => {
    const lines: unknown[] = [];
    const note = (fields: object): unknown => lines.push(shownFields({ problem: undefined, ...fields }));
    const logger = { error: note, warn: note } as unknown as Logger;
    const sources = await PolicySources.create({
      config: parseConfig({ policiesFile }),
      logger,
      wallMs: () => 1,
    });
    const applied: (readonly Policy[])[] = [];
    sources.connect((policies) => applied.push(policies));
    try {
      const where = { op: 'SECRET', path: 'SECRET' };
      await writeFile(policiesFile, JSON.stringify([ONE, { ...ONE, where }]));
      await vi.waitFor(() => expect(lines).toMatchObject([{ problem: 'Policy 1: where' }]), WAIT);
      expect(sources.status().file?.fault).toContain('Policy 1: where: ');
      await writeFile(policiesFile, '[\n"SECRET" SECRET]');
      await vi.waitFor(() => expect(lines[1]).toMatchObject({ problem: 'Line 2, column 10' }), WAIT);
      expect(applied).toEqual([]);
      expect(JSON.stringify(lines)).not.toContain('SECRET');
      await writeFile(policiesFile, JSON.stringify([ONE, ONE]));
      await vi.waitFor(() => expect(applied).toEqual([[ONE, ONE]]), WAIT);
      expect(sources.status().file).toMatchObject({ policies: [ONE, ONE] });
      expect(sources.status().file).not.toHaveProperty('fault');
    } finally {
      sources.stop();
    }
  });

  it('[PERM-11] what a program sets takes the place of the setting, beside the file', async () => {
    const config = parseConfig({ policiesFile, policies: [{ role: 'B', map: 'm', actions: ['PUT'] }] });
    const sources = await PolicySources.create({ config, logger: {} as Logger, wallMs: () => 1 });
    expect(sources.list().map(({ role }) => role)).toEqual(['B', 'A']);
    sources.set([{ ...ONE, role: 'C' }]);
    expect(sources.list().map(({ role }) => role)).toEqual(['C', 'A']);
    expect(() => sources.set([{ ...ONE, map: '' }])).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID' }),
    );
    expect(sources.list().map(({ role }) => role)).toEqual(['C', 'A']);
  });
});
