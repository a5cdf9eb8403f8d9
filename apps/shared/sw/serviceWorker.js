// The service worker of the app. The build fills in the list of its files (see precachePlugin.ts).
//
// The page itself comes from the network when there is one, so that a new build is seen at the next load and another
// program on the same port is never hidden; only when the network fails, or takes too long, does the kept copy answer.
// Files under assets/ bear a hash of their content in the name and are answered from the cache. Nothing else is
// touched: the WebSocket and the server's HTTP doors pass by.

const VERSION = '__VERSION__';
const FILES = ['__FILES__'];
const APP = '__APP__';
const CACHE = `${APP}-${VERSION}`;
const PAGE_DEADLINE_MS = 3000;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith(`${APP}-`) && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const scope = new URL(self.registration.scope);
  if (request.method !== 'GET' || url.origin !== scope.origin) return;
  const path = url.pathname.slice(scope.pathname.length);
  if (request.mode === 'navigate' && (path === '' || path === 'index.html')) event.respondWith(page(request));
  else if (FILES.includes(`./${path}`)) event.respondWith(file(request));
});

async function page(request) {
  const deadline = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('deadline')), PAGE_DEADLINE_MS);
  });
  try {
    return await Promise.race([fetch(request), deadline]);
  } catch (error) {
    const kept = await caches.match('./', { cacheName: CACHE });
    if (kept === undefined) throw error;
    return kept;
  }
}

async function file(request) {
  const kept = await caches.match(request, { cacheName: CACHE });
  return kept ?? fetch(request);
}
