const MANY = '100000';

/** Flags for a server whose clients are all one user at one address: what is held to a user or an address is not what is tried then. */
export const MANY_OF_ONE: readonly string[] = [
  ...['handshakes', 'http-requests', 'connections', 'sse-connections', 'ws-connections'].flatMap((name) => [
    `--${name}-per-ip-max`,
    MANY,
  ]),
  ...['http-requests', 'connections', 'sse-connections', 'ws-connections'].flatMap((name) => [
    `--${name}-per-user-max`,
    MANY,
  ]),
];
