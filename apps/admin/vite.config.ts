import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Relative addresses: the server has it at /admin/.
export default defineConfig({
  base: './',
  plugins: [react()],
  build: { target: 'es2022', sourcemap: false, modulePreload: { polyfill: false } },
  // `npm run dev` in this folder serves the page with reloading; the answers come from an `npm start` beside it.
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
});
