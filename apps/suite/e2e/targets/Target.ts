/** A deployment that the suite runs against, as far as an app has to know of it. */
export interface Target {
  /** `http://host:port` of every node; an app may use any of them */
  readonly urls: readonly string[];
  /** that tokens are signed with */
  readonly jwtSecret: string;
  /** of the sender `custom` of the tenant `acme` */
  readonly webhookSecret: string;
  /** who runs the servers */
  readonly operator: { readonly name: string; readonly password: string };
}

declare module 'vitest' {
  export interface ProvidedContext {
    readonly target: Target;
  }
}
