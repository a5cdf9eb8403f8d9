import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Needs the built packages and a Chromium: the test drives what is shipped, not the sources.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    environment: 'node',
    // What measures wants a machine of its own, and is asked for by itself.
    include: [process.env.TOPGUN_MEASURE === '1' ? '**/*.measure.test.ts' : '**/*.e2e.test.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 240_000,
  },
});
