import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** The script of a page, as an app for browsers is built: one text, nothing is written. */
export async function buildPage(entry: URL): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      lib: { entry: fileURLToPath(entry), formats: ['iife'], name: 'page' },
    },
  });
  const [output] = [built].flat();
  if (output === undefined || !('output' in output)) throw new Error('the build gave nothing');
  return output.output[0].code;
}
