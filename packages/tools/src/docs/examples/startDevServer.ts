import { spawn } from 'node:child_process';
import { withDeadline } from './withDeadline.js';

/** A `topgun dev` process, and the addresses that it printed. */
export interface DevServer {
  /** Address of the demo page, with a slash at the end. */
  readonly appUrl: string;
  /** What clients take as `serverUrl`. */
  readonly syncUrl: string;
  /** Stops it as Ctrl-C in a terminal does and waits until it has ended; resolves with the exit code of the command. */
  readonly stop: () => Promise<number | null>;
}

export interface DevServerCommand {
  /** What to start: `topgun` with whatever is needed before it. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** Folder of its data; it must belong to this server alone. */
  readonly dataDir: string;
  /** of its settings; defaults where there is none */
  readonly configFile?: string;
}

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 30_000;

/** Starts `topgun dev` on a free port. Rejects with all it printed when it ends, or 30 s pass, before it is ready. */
export async function startDevServer(options: DevServerCommand): Promise<DevServer> {
  const { ready, ended, signal, output } = spawnDev(options);
  const giveUp = (what: string) => () => {
    signal('SIGKILL');
    return `topgun dev ${what}:\n${output()}`;
  };
  const endedEarly = ended.then((code) => {
    throw new Error(`topgun dev ended with code ${code}:\n${output()}`);
  });
  const [appUrl, syncUrl] = await withDeadline(
    Promise.race([ready, endedEarly]),
    START_MS_MAX,
    giveUp('is not ready'),
  );
  return {
    appUrl,
    syncUrl,
    stop: () => {
      signal('SIGINT');
      return withDeadline(ended, STOP_MS_MAX, giveUp('does not stop'));
    },
  };
}

function spawnDev({ command, cwd, dataDir, configFile }: DevServerCommand) {
  const [program, ...first] = command;
  const config = configFile === undefined ? [] : ['--config', configFile];
  const child = spawn(program, [...first, 'dev', '--port', '0', '--data-dir', dataDir, ...config], {
    cwd,
    // A group of its own, as a terminal makes it: npx hands no signal on to what it starts, so signals go to the group.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let isRunning = true;
  let output = '';
  const signal = (name: NodeJS.Signals) => {
    if (child.pid !== undefined && isRunning) process.kill(-child.pid, name);
  };
  const killAll = () => signal('SIGKILL');
  process.once('exit', killAll); // whoever asked for it may be ended before it stops it
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => {
      isRunning = false;
      process.off('exit', killAll);
      resolve(code);
    });
  });
  const ready = new Promise<readonly [string, string]>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const [, app] = /App\s+(http:\S+)\n/.exec(output) ?? [];
        const [, sync] = /Sync\s+(ws:\S+)\n/.exec(output) ?? [];
        if (app !== undefined && sync !== undefined) resolve([app, sync]);
      });
    }
  });
  return { ready, ended, signal, output: () => output };
}
