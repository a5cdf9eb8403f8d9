import { deepEqual, type QueryPorts } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { configuredPolicies, policiesIn } from '../config/loadPolicies.js';
import { parsePolicies, parsePolicyText } from '../config/parsePolicies.js';
import type { ServerConfig } from '../config/schema.js';
import { WatchedFile } from '../config/WatchedFile.js';
import { BRIDGE_POLICY } from '../doors/bridge/bridgePolicy.js';
import type { Logger } from '../utils/logger.js';
import type { Policy } from './PermissionPolicy.js';

export interface PolicySourcesParts {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly wallMs: () => number;
}

/** Where the policies stand that are not in the store, as operators see it. */
export interface PolicySourcesStatus {
  /** of the program or its configuration */
  readonly configured: readonly Policy[];
  readonly file?: {
    readonly path: string;
    readonly policies: readonly Policy[];
    /** ms since the epoch, when it was taken over */
    readonly loadedAtMs: number;
    /** why what stands there now is not in force */
    readonly fault?: string;
  };
}

/** How a fault of policies begins: `Policy 2: actions[0]`, `Line 3, column 7`. */
const PLACE = /^(Policy \d+(: \w[\w.[\]]*(?=:))?|Line \d+, column \d+|The list)/;

/** The policies of a server beside those in its store: of the configuration or the program, and of the policies file (PERM-11). */
export class PolicySources {
  /** What predicates of policies and queries may use. */
  readonly ports: QueryPorts;
  readonly #parts: PolicySourcesParts;
  /** what turning a door on allows to whoever comes through it */
  readonly #ofDoors: readonly Policy[];
  #own: readonly Policy[];
  #inFile: readonly Policy[] = [];
  #loadedAtMs: number;
  #fault: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #apply: (policies: readonly Policy[]) => void = () => undefined;

  /** Reads the configuration and the file. Throws CONFIG_INVALID. */
  static async create(parts: PolicySourcesParts): Promise<PolicySources> {
    // What a server needs now and then is loaded when it starts and not with this module: some 8 ms.
    const { linearRegex } = await import('@topgun/search/regex');
    return new PolicySources(parts, { regex: linearRegex });
  }

  private constructor(parts: PolicySourcesParts, ports: QueryPorts) {
    const { config } = parts;
    this.ports = ports;
    this.#parts = parts;
    this.#ofDoors = config.bridge ? [BRIDGE_POLICY] : [];
    this.#own = configuredPolicies(config, ports);
    if (config.policiesFile !== undefined) this.#inFile = policiesIn(config.policiesFile, ports);
    this.#loadedAtMs = parts.wallMs();
  }

  list(): readonly Policy[] {
    return [...this.#ofDoors, ...this.#own, ...this.#inFile];
  }

  /** Takes the place of the setting `policies` until the next start. Throws `POLICY_INVALID` and keeps the old. */
  set(policies: readonly Policy[]): void {
    const checked = parsePolicies(policies, this.ports);
    this.#apply([...this.#ofDoors, ...checked, ...this.#inFile]);
    this.#own = checked;
  }

  /** From now on changes reach `apply`, which throws for what it does not take. */
  connect(apply: (policies: readonly Policy[]) => void): void {
    this.#apply = apply;
    const { policiesFile: path } = this.#parts.config;
    if (path === undefined) return;
    const file = new WatchedFile({
      path,
      changed: (text) => this.#reload(path, parsePolicyText(text, this.ports)),
      failed: (error) => this.#fail(path, error),
    });
    void file.look();
    this.#timer = setInterval(() => void file.look(), LIMITS.policiesLookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  status(): PolicySourcesStatus {
    const { policiesFile: path } = this.#parts.config;
    if (path === undefined) return { configured: this.#own };
    const fault = this.#fault === undefined ? {} : { fault: this.#fault };
    const file = { path, policies: this.#inFile, loadedAtMs: this.#loadedAtMs, ...fault };
    return { configured: this.#own, file };
  }

  #reload(path: string, policies: readonly Policy[]): void {
    this.#fault = undefined;
    if (deepEqual(policies, this.#inFile)) return;
    this.#apply([...this.#ofDoors, ...this.#own, ...policies]);
    this.#inFile = policies;
    this.#loadedAtMs = this.#parts.wallMs();
    this.#parts.logger.warn({ path, policies: policies.length }, 'policies file taken over');
  }

  #fail(path: string, error: unknown): void {
    this.#fault = error instanceof Error ? error.message : String(error);
    // The place alone: what stands there may be a name or a value of the app's.
    const problem = PLACE.exec(this.#fault)?.[0] ?? 'it cannot be read';
    const told = 'the policies file cannot be used: those of before stay in force';
    this.#parts.logger.error({ path, problem }, told);
  }
}
