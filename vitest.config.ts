import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const packages = fileURLToPath(new URL('./packages', import.meta.url));

// Tests run on the sources of every room, so nothing has to be built first and a stale dist cannot hide a failure.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@topgun\/([^/]+)$/, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@topgun\/([^/]+)\/internal\/(.+)$/, replacement: `${packages}/$1/src/$2.ts` },
      { find: /^@topgun\/([^/]+)\/(.+)$/, replacement: `${packages}/$1/src/$2.ts` },
    ],
  },
  test: {
    environment: 'node',
    globalSetup: 'scripts/test/findPieces.mjs',
    include: [
      'packages/**/src/**/*.test.{ts,tsx}',
      'apps/*/src/**/*.test.{ts,tsx}',
      'packages/*/test/**/*.test.{ts,tsx}',
      'scripts/**/*.test.{ts,mjs}',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '**/e2e/**'],
    restoreMocks: true,
    // By itself it leaves one core idle, which on a machine of two doubles the time.
    maxWorkers: availableParallelism(),
    // A deadline against hanging, not a measure: property tests take their time on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
