import { type Command, InvalidArgumentError } from 'commander';
import type { CliIo } from '../CliIo.js';
import { cliError } from '../cliErrors.js';
import { type ComposeOptions, logsArgs, startArgs, statusArgs, stopArgs } from '../docker/composeArgs.js';
import { findComposeFile, makeSecrets } from '../docker/composeFile.js';
import { findEngine, runEngine } from '../docker/engine.js';

interface Options {
  readonly file?: string;
  readonly project?: string;
  readonly service?: string;
}

/** `docker:start`, `docker:stop`, `docker:status`, `docker:logs`: a compose file driven by the engine that is there (CLI-55 to CLI-57). */
export function addDockerCommands(program: Command, io: CliIo): void {
  const add = (name: string, summary: string, description: string, examples: readonly string[]): Command =>
    program
      .command(name)
      .summary(summary)
      .description(description)
      .option(
        '--file <path>',
        'Compose file; that of this folder, else the cluster of docs/deploy/docker, when left out.',
      )
      .option('--project <name>', 'Name of the project; what the file says when left out.')
      .option('--service <name>', 'One service alone.')
      .addHelpText(
        'after',
        `\nDocker or Podman with compose does the work.\n\nExamples:\n${examples.map((example) => `  $ topgun ${name}${example}\n`).join('')}`,
      );

  /** Runs one command of compose. Throws ENGINE_MISSING, ENGINE_FAILED. */
  const compose = async (args: readonly string[]): Promise<void> => {
    const engine = await findEngine(io);
    const code = await runEngine(engine, args, io);
    // Whoever looks into logs ends it by a signal.
    if (code === 0 || code === 130 || code === 143) return;
    throw cliError('ENGINE_FAILED', `${[...engine, ...args].join(' ')} ended with ${code}.`);
  };
  const given = (options: Options): ComposeOptions => ({
    file: findComposeFile(options.file, io.cwd),
    project: options.project,
    service: options.service,
  });

  add(
    'docker:start',
    'Start what a compose file describes.',
    'Builds and starts what a compose file describes, by default three nodes over PostgreSQL and Valkey behind nginx, and comes back when all of it is well. Secrets are made at the first start.',
    ['', ' --file ./compose.yaml --project shop'],
  ).action(async (options: Options) => {
    const to = given(options);
    const made = makeSecrets(to.file);
    if (made !== undefined) io.err(`New secrets are in ${made}: keep it, the data belongs to them.\n`);
    await compose(startArgs(to));
  });

  add(
    'docker:stop',
    'Stop it; its data stay.',
    'Stops what a compose file describes: the servers drain first. Volumes, and so all data, stay.',
    ['', ' --service topgun-2'],
  ).action(async (options: Options) => compose(stopArgs(given(options))));

  add('docker:status', 'Show its containers.', 'Shows the containers of a compose file and their health.', [
    '',
    ' --service topgun-1',
  ]).action(async (options: Options) => compose(statusArgs(given(options))));

  add('docker:logs', 'Show its logs.', 'Shows what the containers of a compose file have logged.', [
    ' --follow',
    ' --service topgun-1 --tail 100',
  ])
    .option('--follow', 'Go on with what is logged, until SIGINT.')
    .option('--tail <lines>', 'Last lines of each container, or all.', lines, 'all')
    .action(async (options: Options & { follow?: boolean; tail: string }) =>
      compose(logsArgs({ ...given(options), follow: options.follow, tail: options.tail })),
    );
}

function lines(text: string): string {
  if (/^(all|\d+)$/.test(text)) return text;
  throw new InvalidArgumentError('Allowed: a whole number, or all.');
}
