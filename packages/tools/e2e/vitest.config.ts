import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Needs the built packages: examples run on what is shipped, not on the sources.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    environment: 'node',
    // What wants an nginx and a HAProxy is asked for by itself.
    include: [process.env.TOPGUN_NGINX === undefined ? '**/*.e2e.test.ts' : '**/*.proxies.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
