import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Needs the built packages and a Chromium: the test drives what is shipped, not the sources.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    environment: 'node',
    include: ['**/*.e2e.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
