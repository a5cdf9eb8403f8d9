import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { serverError } from '../errors.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** Vite and others put a hash of the content into these names, so they never change. */
const HASHED = /[.-][A-Za-z0-9_-]{8,}\.\w+$/;

/** Serves the folder of a built web app. Paths without a file, and without an extension, get its index.html. */
export class StaticFiles {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Undefined for no folder. Throws like `create`. */
  static async of(folder: string | undefined): Promise<StaticFiles | undefined> {
    return folder === undefined ? undefined : StaticFiles.create(folder);
  }

  /** Throws STATIC_MISSING when the folder has no index.html. */
  static async create(folder: string): Promise<StaticFiles> {
    try {
      await stat(join(folder, 'index.html'));
      return new StaticFiles(await realpath(folder));
    } catch (cause) {
      throw serverError('STATIC_MISSING', `The folder ${folder} holds no index.html.`, cause);
    }
  }

  /** Answers a GET or HEAD; false when there is no such file. */
  async serve(
    path: string,
    isHead: boolean,
    etagSeen: string | undefined,
    response: ServerResponse,
  ): Promise<boolean> {
    const file =
      (await this.#find(path)) ?? (extname(path) === '' ? await this.#find('/index.html') : undefined);
    if (file === undefined) return false;
    const content = await readFile(file);
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    const isAsset = path.startsWith('/assets/') && HASHED.test(path);
    response.setHeader('ETag', etag);
    response.setHeader('Cache-Control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (etagSeen === etag) {
      response.writeHead(304).end();
      return true;
    }
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
    response.setHeader('Content-Length', content.length);
    response.writeHead(200).end(isHead ? undefined : content);
    return true;
  }

  /** The file of a URL path, only if it truly lies inside the folder: `..`, encodings and links out find nothing. */
  async #find(path: string): Promise<string | undefined> {
    const decoded = decodePath(path);
    if (decoded === undefined || decoded.includes('\0')) return undefined;
    const wanted = normalize(join(this.#root, decoded));
    if (wanted !== this.#root && !wanted.startsWith(this.#root + sep)) return undefined;
    try {
      const real = await realpath(wanted === this.#root ? join(wanted, 'index.html') : wanted);
      if (!real.startsWith(this.#root + sep)) return undefined;
      return (await stat(real)).isFile() ? real : undefined;
    } catch (error) {
      if (error instanceof Error && 'code' in error && ABSENT.has(error.code)) return undefined;
      throw error;
    }
  }
}

const ABSENT = new Set<unknown>(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES']);

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    // A malformed escape names no file.
    return undefined;
  }
}
