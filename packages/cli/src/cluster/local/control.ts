import { randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { cliError } from '../../cliErrors.js';
import { byLine } from './byLine.js';

const noteSchema = z.strictObject({ port: z.int(), word: z.string() });

/** The note of a running cluster: in its folder; of one in a temporary folder at a place that its user finds again. */
export function notePath(folder: string | undefined, cwd: string): string {
  return folder === undefined
    ? join(tmpdir(), `topgun-cluster-${userInfo().username}.json`)
    : join(resolve(cwd, folder), 'cluster.json');
}

/**
 * Lets `cluster:stop` and scripts speak to a running cluster: a port on loopback that takes lines, the first of them the word of the note, and
 * answers as the terminal does. The note is readable by its user alone.
 */
export class Control {
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #path: string;

  private constructor(server: Server, sockets: ReadonlySet<Socket>, path: string) {
    this.#server = server;
    this.#sockets = sockets;
    this.#path = path;
  }

  /** Throws CLUSTER_RUNNING when one runs at this place already. */
  static async open(path: string, obey: (line: string) => Promise<string>): Promise<Control> {
    if (await isAlive(path)) throw cliError('CLUSTER_RUNNING', `A cluster runs already: ${path}.`);
    const word = randomBytes(24).toString('hex');
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      let isKnown = false;
      socket.on('error', () => undefined);
      const take = byLine((line) => {
        if (!isKnown) {
          isKnown = isSame(line, word);
          if (!isKnown) socket.destroy();
          return;
        }
        void obey(line).then((answer) => socket.write(answer));
      });
      socket.setEncoding('utf8').on('data', take);
    });
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(0, '127.0.0.1', done);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    writeFileSync(path, JSON.stringify({ port, word }), { mode: 0o600, flag: 'wx' });
    return new Control(server, sockets, path);
  }

  /** Nobody is answered any more; those who listen see the end. */
  close(): void {
    rmSync(this.#path, { force: true });
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function isSame(line: string, word: string): boolean {
  const [one, other] = [Buffer.from(line.trim()), Buffer.from(word)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const isAlive = (path: string): Promise<boolean> =>
  tell(path, '').then(
    () => true,
    () => false,
  );

/** Says a line to a running cluster, and resolves when it has ended (`quit`) or, for an empty line, as soon as somebody listens. Throws CLUSTER_NOT_RUNNING. */
export async function tell(path: string, line: '' | 'quit'): Promise<void> {
  const missing = (): Error => cliError('CLUSTER_NOT_RUNNING', `No cluster has left its note at ${path}.`);
  if (!existsSync(path)) throw missing();
  const note = noteSchema.safeParse(parsed(readFileSync(path, 'utf8')));
  if (!note.success) throw missing();
  const { port, word } = note.data;
  await new Promise<void>((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => fail(missing()));
    socket.once('connect', () => {
      if (line === '') {
        socket.end();
        done();
      } else socket.write(`${word}\n${line}\n`);
    });
    socket.once('close', () => done());
    socket.resume();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No note of ours.
    return undefined;
  }
}
