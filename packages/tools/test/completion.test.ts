import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { strictOptions } from '../src/docs/FenceHost.js';

const root = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const file = join(root, 'packages/core/src/asked.ts');
const SOURCE = `
import type { QueryFilter } from './index.js';
interface Todo { title: string; size: number; owner: { id: string }; tags: string[] }
export const byPath: QueryFilter<Todo> = { where: { /*path*/ } };
export const ofText: QueryFilter<Todo> = { where: { 'owner.id': { /*text*/ } } };
export const ofNumber: QueryFilter<Todo> = { where: { size: { /*number*/ } } };
export const sorted: QueryFilter<Todo> = { sort: { /*sort*/ } };
`;

/** What an editor offers at a place of the source. */
function offeredAt(service: ts.LanguageService, place: string): string[] {
  const at = SOURCE.indexOf(`/*${place}*/`);
  const offered = service.getCompletionsAtPosition(file, at, {});
  return (offered?.entries ?? []).map(({ name }) => name.replace(/^["']|["']$/g, ''));
}

it('[WHERE-3] an editor completes paths and operators of a filter', () => {
  const options: ts.CompilerOptions = { ...strictOptions, types: [] };
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = path === file ? SOURCE : ts.sys.fileExists(path) ? readFileSync(path, 'utf8') : undefined;
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
  });
  const paths = offeredAt(service, 'path');
  expect(paths).toEqual(
    expect.arrayContaining(['title', 'size', 'owner', 'owner.id', 'tags', '$and', '$or', '$not']),
  );
  expect(offeredAt(service, 'text')).toEqual(
    expect.arrayContaining(['$eq', '$gte', '$like', '$regex', '$flags', '$match', '$contains']),
  );
  const numbers = offeredAt(service, 'number');
  expect(numbers).toEqual(expect.arrayContaining(['$eq', '$between', '$in']));
  for (const none of ['$like', '$regex', '$match', '$contains']) expect(numbers).not.toContain(none);
  expect(offeredAt(service, 'sort')).toEqual(expect.arrayContaining(['title', 'owner.id']));
});
