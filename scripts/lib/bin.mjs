import { rootPath } from './root.mjs';
import { capture, run } from './shell.mjs';

/** Path of a tool that the root package installs. */
const binPath = (name) => rootPath('node_modules', '.bin', name);

export const runBin = (name, args, options) => run(binPath(name), args, options);
export const captureBin = (name, args, options) => capture(binPath(name), args, options);
