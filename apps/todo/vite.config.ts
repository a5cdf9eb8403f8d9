import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precachePlugin } from '../shared/sw/precachePlugin.ts';

// Relative addresses, so that the built folder can be served from any path.
export default defineConfig({
  base: './',
  plugins: [react(), precachePlugin('topgun-todo', new URL('./public/', import.meta.url))],
  build: { target: 'es2022', sourcemap: false, modulePreload: { polyfill: false } },
  // `npm run dev` in this folder serves the page with reloading; the data comes from a `topgun dev` beside it.
  server: { proxy: { '^/$': { target: 'ws://127.0.0.1:8080', ws: true, bypass: (request) => request.url } } },
});
