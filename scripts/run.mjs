// Entry of every root script. It depends on nothing, because it runs before anything is installed.
import { checkNode } from './lib/checkNode.mjs';
import { install } from './lib/install.mjs';
import { SetupError } from './lib/SetupError.mjs';

const [name = '', ...args] = process.argv.slice(2).filter((arg) => arg !== '--');

try {
  checkNode();
  await install();
  const { tasks } = await import('./tasks/index.mjs');
  const task = tasks[name];
  if (task === undefined) {
    throw new SetupError(`There is no script "${name}".`, `Use one of: ${Object.keys(tasks).join(', ')}`);
  }
  process.exitCode = await task(args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n${error.remedy}\n`);
  process.exitCode = 1;
}
