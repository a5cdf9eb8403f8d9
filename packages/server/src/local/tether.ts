import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface TetherOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** what tells the program to end */
  readonly signal: 'INT' | 'TERM';
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** taken away when the program has ended, unless a file `keep` lies in it */
  readonly folder?: string;
}

/** A program that ends with this process. */
export interface Tethered {
  /** the shell around it: its streams are the program's, its end comes after the program's */
  readonly shell: ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };
  /** of the program itself, for signals */
  readonly pid: Promise<number>;
  /** Tells it to end, as the end of this process does. */
  readonly release: () => void;
}

// In the background standard input would be /dev/null, so the one that is read has another number.
const SCRIPT = `trap "" INT TERM; exec 3<&0; signal=$1; folder=$2; shift 2
"$@" 3<&- 4>&- </dev/null & pid=$!
echo $pid >&4; exec 4>&-
(read -r _ <&3; kill -$signal $pid; kill -CONT $pid) 2>/dev/null & reader=$!
exec 3<&-
wait $pid; code=$?; kill $reader 2>/dev/null
[ -z "$folder" ] || [ -e "$folder/keep" ] || rm -rf "$folder"
exit $code`;

/**
 * Starts a program behind a shell that ends it when this process is gone, however that ended: the shell's standard input is then at its end.
 * A terminal's Ctrl-C does not reach it. What it may print has to be read, or it will wait.
 */
export function tether({ program, args, signal, cwd, env, user, folder = '' }: TetherOptions): Tethered {
  const shell = spawn('sh', ['-c', SCRIPT, 'sh', signal, folder, program, ...args], {
    ...user,
    cwd,
    ...(env !== undefined && { env: { ...env } }),
    // A group of its own: the signals of a terminal go to groups.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'ignore', 'pipe'],
  });
  const { stdin } = shell;
  // It may have ended before it is told to.
  stdin?.on('error', () => undefined);
  const told = shell.stdio[4] as Readable;
  const pid = new Promise<number>((resolve, reject) => {
    let text = '';
    shell.once('error', reject);
    told.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    told.once('end', () =>
      text === '' ? reject(new Error('no process was started')) : resolve(Number(text)),
    );
  });
  // Whoever does not signal it does not ask.
  pid.catch(() => undefined);
  return { shell: shell as Tethered['shell'], pid, release: () => void stdin?.end() };
}
