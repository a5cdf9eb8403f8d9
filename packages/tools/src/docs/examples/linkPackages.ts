import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { foldersOf } from '../documents.js';
import { rendererPackages } from './writeRenderer.js';

/** Gives a folder the `node_modules` of an app that has installed our built packages, and what the renderer needs. */
export function linkPackages(root: string, folder: string): void {
  const link = (name: string, target: string) => {
    const path = join(folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  };
  for (const target of foldersOf(join(root, 'packages'))) link(`@topgun/${basename(target)}`, target);
  for (const name of rendererPackages) link(name, join(root, 'packages/react/node_modules', name));
}
