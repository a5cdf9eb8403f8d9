const CLOCK = 'take the time as an argument';
const TIMER = 'arm a timer through the injected port';
const NETWORK = 'return an effect, the shell performs it';
const CHANCE = 'take random numbers from the injected port';
const LOCALE = 'order and format strings by code unit: locales differ between machines';
const ZONE = 'use the UTC variant: time zones differ between machines';
const AMBIENT = 'reach nothing through the global object or the environment';

/**
 * Names that reach out of a pure module, with what to use instead. Everything an engine needs from outside is an
 * argument or a port; that is what lets it run in the simulation, in a browser and in Node alike.
 */
export const bannedGlobals: ReadonlyMap<string, string> = new Map([
  ['Date', CLOCK],
  ['performance', CLOCK],
  ['Temporal', CLOCK],
  ['setTimeout', TIMER],
  ['setInterval', TIMER],
  ['setImmediate', TIMER],
  ['clearTimeout', TIMER],
  ['clearInterval', TIMER],
  ['clearImmediate', TIMER],
  ['queueMicrotask', TIMER],
  ['requestAnimationFrame', TIMER],
  ['requestIdleCallback', TIMER],
  ['scheduler', TIMER],
  ['crypto', CHANCE],
  ['fetch', NETWORK],
  ['XMLHttpRequest', NETWORK],
  ['WebSocket', NETWORK],
  ['EventSource', NETWORK],
  ['BroadcastChannel', NETWORK],
  ['MessageChannel', NETWORK],
  ['Worker', NETWORK],
  ['navigator', AMBIENT],
  ['location', AMBIENT],
  ['localStorage', NETWORK],
  ['sessionStorage', NETWORK],
  ['indexedDB', NETWORK],
  ['console', 'report through an effect or the injected logger'],
  ['Intl', LOCALE],
  ['process', AMBIENT],
  ['globalThis', AMBIENT],
  ['window', AMBIENT],
  ['self', AMBIENT],
  ['global', AMBIENT],
  ['document', AMBIENT],
  ['require', AMBIENT],
  ['eval', AMBIENT],
  ['Function', AMBIENT],
  ['WeakRef', 'what the garbage collector does must not decide anything'],
  ['FinalizationRegistry', 'what the garbage collector does must not decide anything'],
]);

/** Members that are banned on whatever object they are found. */
export const bannedMembers: ReadonlyMap<string, string> = new Map([
  ['localeCompare', LOCALE],
  ['toLocaleString', LOCALE],
  ['toLocaleLowerCase', LOCALE],
  ['toLocaleUpperCase', LOCALE],
  ['toLocaleDateString', LOCALE],
  ['toLocaleTimeString', LOCALE],
  ['getTimezoneOffset', ZONE],
  ['getFullYear', ZONE],
  ['getMonth', ZONE],
  ['getDate', ZONE],
  ['getDay', ZONE],
  ['getHours', ZONE],
  ['getMinutes', ZONE],
]);

/** Members that are banned on one global object only. */
export const bannedOn: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ['Math', new Map([['random', CHANCE]])],
]);
