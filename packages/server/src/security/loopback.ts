const HOSTS = new Set(['127.0.0.1', '::1', '[::1]', 'localhost']);
const AUTHORITY = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/** Whether only this machine can reach a server that listens on a host. */
export function isLoopback(host: string): boolean {
  return HOSTS.has(host);
}

/**
 * Whether the part after `//` of an address, with or without a port, names this machine.
 *
 * A page can have its own name point to 127.0.0.1 (DNS rebinding) and is then, to the browser, of one origin with
 * whatever listens here; the name it asked for stands in the `Host` header all the same.
 */
export function isLoopbackAuthority(authority: string): boolean {
  return AUTHORITY.test(authority);
}
