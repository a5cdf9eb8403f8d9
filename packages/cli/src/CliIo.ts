export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Everything of the process that the commands touch, read once by `main.ts`, so that tests run them in-process. */
export interface CliIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** whether the output may hold colour codes */
  readonly color: boolean;
  /** width for help texts, in columns */
  readonly columns: number;
  /** calls back at every SIGINT and SIGTERM until the returned function is called */
  readonly onStopSignal: (listener: (signal: StopSignal) => void) => () => void;
  /** ends the process at once, whatever is still running */
  readonly exitNow: (code: number) => void;
  /** calls back at every SIGHUP until the returned function is called */
  readonly onReload: (listener: () => void) => () => void;
  /** calls back with each line of standard input until the returned function is called */
  readonly onLine: (listener: (line: string) => void) => () => void;
  /** one line that is not shown while it is typed, or the first line of standard input that is no terminal */
  readonly readSecret: (prompt: string) => Promise<string>;
  /** whether a person types */
  readonly isInteractive: boolean;
}
