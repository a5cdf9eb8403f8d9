/** What the server answers on the paths that the dashboard asks. Times are ms since the epoch where nothing else is said. */

export type AuthStatus = {
  /** whether operators can sign in with a password */
  readonly login: boolean;
  /** whether the first operator can be made now */
  readonly setup: boolean;
  /** who this page already speaks for */
  readonly user?: { readonly sub: string; readonly roles: readonly string[] };
};

/** `expiresAt`: ISO 8601. */
export type SignedIn = {
  readonly token: string;
  readonly expiresAt: string;
  readonly roles: readonly string[];
};

export type IndexStatus = { readonly name: string; readonly rows: number; readonly isComplete: boolean };

export type MapStatus = {
  readonly name: string;
  readonly kind: string;
  readonly items: number;
  readonly root: number;
  readonly indexes: readonly IndexStatus[];
  readonly advice: readonly unknown[];
};

export type ServerStatus = {
  readonly nodeId: string;
  readonly version: string;
  readonly state: string;
  readonly uptimeMs: number;
  readonly storage: string;
  readonly connections: number;
  readonly authenticated: number;
  readonly time?: { readonly source: string; readonly offsetMs: number };
  readonly maps?: readonly MapStatus[];
};

/** One metric as the server's registry gives it. */
export type Metric = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number>>;
    readonly metricName?: string;
  }[];
};

export type ConnectionSight = {
  readonly id: number;
  readonly remote: string;
  readonly phase: string;
  readonly clientId: string;
  readonly sub?: string;
  readonly roles?: readonly string[];
  readonly sessions: number;
  readonly scopes: number;
  readonly queries: number;
  readonly seenAtMs: number;
};

export type QuerySight = {
  readonly map: string;
  readonly query: string;
  readonly rows: number;
  readonly subscribers: number;
  readonly isWhole: boolean;
};

/** A node of a cluster; a server that is alone is one, too. */
export type ClusterNode = {
  readonly name: string;
  readonly state: string;
  readonly address: string;
  /** partitions that it owns */
  readonly owned: number;
  /** whether the node that answers is linked to it */
  readonly isLinked: boolean;
  readonly leaseAgeMs?: number;
};

export type ClusterSight = {
  /** false: the server is alone */
  readonly isCluster: boolean;
  /** name of the node that answers */
  readonly node: string;
  readonly coordinator?: string;
  readonly mapVersion: number;
  readonly nodes: readonly ClusterNode[];
  /** by number; node null: nobody owns it */
  readonly partitions: readonly {
    readonly epoch: number;
    readonly node: string | null;
    readonly target?: string;
  }[];
  readonly unowned: number;
  readonly moving: number;
  readonly degraded: readonly string[];
};

export type Denial = {
  readonly atMs?: number;
  readonly sub: string;
  readonly action: string;
  readonly map: string;
  readonly key?: string;
  readonly count?: number;
} & Readonly<Record<string, unknown>>;

export type LogLine = Readonly<Record<string, unknown>>;
