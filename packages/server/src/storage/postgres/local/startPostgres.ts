import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Tethered, tether } from '../../../local/tether.js';
import { claimPort, giveBack } from '../../../utils/claimPort.js';

/** A PostgreSQL of one's own. */
export interface Postgres {
  /** For a client: host, port, user, password and the database `postgres`. */
  readonly url: string;
  /** id of the main process, whose children serve connections */
  processId(): number;
  /**
   * Ends it at once: what it had not written is gone. The folder stays. By default SIGKILL of the main process, whose others end with it;
   * SIGQUIT is the stop that PostgreSQL calls immediate, SIGINT the one that it calls fast, which writes everything.
   */
  kill(signal?: 'SIGKILL' | 'SIGQUIT' | 'SIGINT'): Promise<void>;
  /** Starts it again on the same folder and port, after `kill`. */
  restart(): Promise<void>;
  /** Ends it and takes its folder away. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** `name=value`, on top of the others */
  readonly settings?: readonly string[];
  /** encrypted connections with this certificate, in PEM */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** a commit waits for the disk, as in production */
  readonly durable?: boolean;
  /** path of the program `postgres`; by default TOPGUN_POSTGRES */
  readonly program?: string;
  /** where its data stay, for the next start too; a temporary folder when left out */
  readonly folder?: string | undefined;
}

/** Who the server runs as; it refuses to be root. */
interface User {
  readonly uid: number;
  readonly gid: number;
}

/** It is empty, so it starts in about a second; a busy machine takes longer. */
const START_MS_MAX = 60_000;

/** A file of this name in its folder keeps the folder when the server ends. */
const KEEP = 'keep';

/** What makes a throw-away server fast: it need not survive the machine. */
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'jit=off', 'autovacuum=off'];

/**
 * Starts a real PostgreSQL on a free port of 127.0.0.1, with an empty database in a temporary folder: UTF-8, locale C (text in order of
 * code points), a password that nobody else knows. It is fast and not durable unless asked for.
 * As root it runs as the user `postgres`. It ends with this process, however that ends. `TOPGUN_POSTGRES` is the path of the program
 * `postgres`; the scripts of this repository find it and set that.
 */
export async function startPostgres({
  settings = [],
  durable = false,
  tls,
  program = process.env.TOPGUN_POSTGRES,
  folder: given,
}: PostgresOptions = {}): Promise<Postgres> {
  const programs = programsOf(program);
  const user = process.getuid?.() === 0 ? userNamed('postgres') : undefined;
  const folder = given ?? mkdtempSync(join(tmpdir(), 'topgun-postgres-'));
  mkdirSync(folder, { recursive: true });
  const keep = join(folder, KEEP);
  if (given !== undefined) writeFileSync(keep, '');
  const passwordFile = join(folder, 'password');
  const isKnown = existsSync(passwordFile);
  const password = isKnown ? readFileSync(passwordFile, 'utf8') : randomBytes(18).toString('hex');
  if (!isKnown) writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
  const data = join(folder, 'data');
  const secured: string[] = [];
  for (const [name, text] of Object.entries(tls ?? {})) {
    const path = join(folder, `${name}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    if (user !== undefined) chownSync(path, user.uid, user.gid);
    secured.push(`ssl_${name}_file=${path}`);
  }
  let port: number | undefined;
  const leave = (): void => {
    if (given === undefined) rmSync(folder, { recursive: true, force: true });
    if (port !== undefined) giveBack(port);
  };
  try {
    const init = ['-D', data, '-U', 'topgun', '-E', 'UTF8', '--locale=C', '--auth=scram-sha-256'];
    if (!existsSync(join(data, 'PG_VERSION')))
      execFileSync(
        join(programs, 'initdb'),
        [...init, '--pwfile', passwordFile, '--no-sync', '--no-instructions'],
        {
          ...user,
          cwd: folder,
          stdio: ['ignore', 'ignore', 'pipe'],
        },
      );
    port = await claimPort();
    const configured = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      ...(durable ? [] : FAST),
      ...(tls === undefined ? [] : ['ssl=on', ...secured]),
      ...settings,
    ];
    const start = (): Promise<Tethered> => started(join(programs, 'postgres'), data, configured, user);
    let server = await start();
    const processId = (): number => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    return {
      processId,
      url: `postgres://topgun:${password}@127.0.0.1:${port}/postgres`,
      kill: async (signal = 'SIGKILL') => {
        writeFileSync(keep, '');
        const gone = new Promise((resolve) => server.shell.once('exit', resolve));
        process.kill(processId(), signal);
        await gone;
      },
      restart: async () => {
        server = await restarted(start);
        if (given === undefined) rmSync(keep);
      },
      stop: async () => {
        await ended(server);
        leave();
      },
    };
  } catch (error) {
    leave();
    throw error;
  }
}

/** The folder with `postgres` and `initdb`: not always the one that PATH names, for that may hold a link. */
function programsOf(postgres: string | undefined): string {
  const folder = postgres && existsSync(postgres) ? dirname(realpathSync(postgres)) : undefined;
  if (folder !== undefined && existsSync(join(folder, 'initdb'))) return folder;
  throw new Error(
    `TOPGUN_POSTGRES names no PostgreSQL with initdb beside it: ${postgres ?? 'it is not set'}. \`npm test\` and \`npm run test:query-fuzz\` look for one and say how to install it.`,
  );
}

function userNamed(name: string): User {
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch (cause) {
    throw new Error(
      `PostgreSQL does not run as root, and there is no user ${name} to run it as: useradd ${name}`,
      {
        cause,
      },
    );
  }
}

/** The server, which ends with this process, its folder too. Resolves when connections are taken. */
function started(program: string, data: string, settings: readonly string[], user?: User): Promise<Tethered> {
  const flags = settings.flatMap((setting) => ['-c', setting]);
  const server = tether({
    program,
    args: ['-D', data, ...flags],
    signal: 'INT',
    cwd: data,
    user,
    folder: dirname(data),
  });
  const { shell, release } = server;
  shell.stdout.resume();
  return new Promise((resolve, reject) => {
    let told = '';
    const timer = setTimeout(() => fail('it did not come up in time'), START_MS_MAX);
    const fail = (why: string): void => {
      clearTimeout(timer);
      release();
      reject(new Error(`PostgreSQL did not start: ${why}\n${told}`));
    };
    shell.on('error', (error) => fail(error.message));
    shell.on('exit', (code) => fail(`it ended with ${code}`));
    shell.stderr.setEncoding('utf8').on('data', (text: string) => {
      told = `${told}${text}`.slice(-10_000);
      if (!told.includes('database system is ready to accept connections')) return;
      clearTimeout(timer);
      shell.removeAllListeners('exit');
      // Nothing of a running server keeps this process alive, or waits in a full pipe.
      shell.stderr.removeAllListeners('data').resume();
      resolve(server);
    });
  });
}

/** The processes of one that was killed hold its memory until they have noticed: until then it does not start. */
async function restarted(start: () => Promise<Tethered>): Promise<Tethered> {
  const deadline = performance.now() + START_MS_MAX;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (performance.now() > deadline || !String(error).includes('pre-existing shared memory')) throw error;
    }
  }
}

function ended({ shell, release }: Tethered): Promise<void> {
  if (shell.exitCode !== null || shell.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    shell.once('exit', () => resolve());
    release();
  });
}
