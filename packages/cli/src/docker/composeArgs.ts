/** What the `docker:` commands are asked for, as compose is told it. */
export interface ComposeOptions {
  /** path of the compose file */
  readonly file: string;
  /** what containers, networks and volumes are named after; what the file says when left out */
  readonly project?: string | undefined;
  /** all when left out */
  readonly service?: string | undefined;
}

const of = ({ file, project }: ComposeOptions, ...command: readonly string[]): readonly string[] => [
  '--file',
  file,
  ...(project === undefined ? [] : ['--project-name', project]),
  ...command,
];

const named = ({ service }: ComposeOptions): readonly string[] => (service === undefined ? [] : [service]);

/** Builds what has changed, starts, and waits until the health checks say yes. */
export const startArgs = (options: ComposeOptions): readonly string[] =>
  of(options, 'up', '--build', '--detach', '--wait', ...named(options));

/** Ends the containers in order and takes them away; one alone stays, stopped. Volumes stay. */
export const stopArgs = (options: ComposeOptions): readonly string[] =>
  options.service === undefined ? of(options, 'down') : of(options, 'stop', options.service);

export const statusArgs = (options: ComposeOptions): readonly string[] =>
  of(options, 'ps', '--all', ...named(options));

/** `tail`: lines of each container, `all` of them by default. */
export const logsArgs = (
  options: ComposeOptions & { readonly follow?: boolean | undefined; readonly tail: string },
): readonly string[] =>
  of(options, 'logs', ...(options.follow ? ['--follow'] : []), '--tail', options.tail, ...named(options));
