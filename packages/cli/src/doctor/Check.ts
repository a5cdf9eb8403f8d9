/** What one look at the machine found. `warn` does not keep topgun from running, `fail` does. */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly remedy?: string;
}

export interface DoctorOptions {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
}

export interface Check {
  readonly name: string;
  readonly run: (options: DoctorOptions) => Promise<Finding>;
}

/** Text of an unknown error, with its system code where it has one. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
