import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What the same files run against, each in its turn. */
const targets = {
  'one node': 'oneNode',
  'three nodes': 'threeNodes',
  'three nodes and Redis': 'threeNodesAndRedis',
};

// Needs the built packages: servers are processes of what is shipped, and apps use what any user of the packages could use.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    projects: Object.entries(targets).map(([name, file], groupOrder) => ({
      test: {
        name,
        environment: 'node',
        include: ['**/*.e2e.test.ts'],
        globalSetup: ['../../../scripts/test/findPieces.mjs', `./targets/${file}.ts`],
        sequence: { groupOrder },
        // A deadline against hanging, not a measure.
        testTimeout: 60_000,
        hookTimeout: 60_000,
        expect: { poll: { interval: 20, timeout: 30_000 } },
      },
    })),
  },
});
