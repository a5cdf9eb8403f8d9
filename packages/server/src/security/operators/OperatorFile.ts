import { readFile } from 'node:fs/promises';
import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { serverError } from '../../errors.js';
import { writeWhole } from '../writeWhole.js';
import { hashPassword, isPasswordHash } from './passwordHash.js';

/** Somebody who runs the server. */
export interface Operator {
  readonly name: string;
  /** scrypt in PHC form */
  readonly passwordHash: string;
  readonly roles: readonly string[];
}

const operatorSchema = z.strictObject({
  name: z.string().regex(/^[\w.@-]{1,64}$/),
  passwordHash: z.string().refine(isPasswordHash),
  roles: z.array(z.string().regex(/^[\w:.-]{1,64}$/)).max(LIMITS.rolesPerOperator),
});
const fileSchema = z.strictObject({ operators: z.array(operatorSchema).max(LIMITS.operators) });

/** The list of operators: a file of JSON `{ operators: [{ name, passwordHash, roles }] }`, or the memory of this process. */
export class OperatorFile {
  /** undefined: memory */
  readonly path: string | undefined;
  #text = '';
  #operators: readonly Operator[] = [];
  /** ends when the last `put` has */
  #written: Promise<unknown> = Promise.resolve();

  constructor(path: string | undefined) {
    this.path = path;
  }

  /** Those of the last `read`. */
  get operators(): readonly Operator[] {
    return this.#operators;
  }

  find(name: string): Operator | undefined {
    return this.#operators.find((operator) => operator.name === name);
  }

  /** Reads the file; one that is not there lists nobody. True when it says something new. Throws AUTH_FILE_INVALID; the last list stays. */
  async read(): Promise<boolean> {
    if (this.path === undefined) return false;
    try {
      const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      });
      if (text === this.#text) return false;
      const { operators } =
        text === '' ? { operators: [] } : fileSchema.parse(JSON.parse(text.replace(/^\uFEFF/, '')));
      const names = operators.map(({ name }) => name);
      if (new Set(names).size < names.length) throw new Error('a name stands there twice');
      this.#operators = operators;
      this.#text = text;
      return true;
    } catch (cause) {
      const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
      throw serverError('AUTH_FILE_INVALID', `The file ${this.path} cannot be used: ${reason}`, cause);
    }
  }

  /**
   * Adds an operator, or gives one another password and roles; resolves when that is durable. `onlyFirst`: not when there is
   * one, undefined then. Throws OPERATOR_INVALID, AUTH_FILE_INVALID, and what the disk refuses.
   */
  put(
    name: string,
    password: string,
    roles: readonly string[],
    onlyFirst = false,
  ): Promise<Operator | undefined> {
    const written = this.#written.then(() => this.#put(name, password, roles, onlyFirst));
    this.#written = written.catch(() => undefined);
    return written;
  }

  async #put(
    name: string,
    password: string,
    roles: readonly string[],
    onlyFirst: boolean,
  ): Promise<Operator | undefined> {
    const operator = { name, passwordHash: await hashPassword(password), roles };
    if (!operatorSchema.safeParse(operator).success)
      throw serverError('OPERATOR_INVALID', `The name ${JSON.stringify(name)} or a role is not admitted.`);
    await this.read();
    if (onlyFirst && this.#operators.length > 0) return undefined;
    const operators = [...this.#operators.filter((other) => other.name !== name), operator];
    if (operators.length > LIMITS.operators)
      throw serverError('OPERATOR_INVALID', `There are ${LIMITS.operators} operators already.`);
    const text = `${JSON.stringify({ operators }, undefined, 2)}\n`;
    if (this.path !== undefined) await writeWhole(this.path, text);
    this.#text = text;
    this.#operators = operators;
    return operator;
  }
}
