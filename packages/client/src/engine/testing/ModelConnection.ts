import type { ClientMessage, Form, ServerMessage } from '@topgun/protocol';

/** What the model server keeps of one item. */
export interface ModelRow {
  readonly form: Form;
  readonly key: string;
  readonly n: number;
  readonly t: number;
  readonly node: string;
  readonly value: unknown;
  readonly ttlMs: number | undefined;
  readonly tag: string | undefined;
}

/** One connection of the model server. */
export class ModelConnection {
  clientId = '';
  readonly scopes = new Set<string>();
  readonly queries = new Map<
    string,
    { map: string; spec: object; shown: Map<string, ModelRow>; v: number }
  >();
  readonly topics = new Set<string>();
  readonly received: ClientMessage[] = [];
  readonly deliver: (message: ServerMessage) => void;
  readonly hangUp: (code: number) => void;

  constructor(deliver: (message: ServerMessage) => void, hangUp: (code: number) => void) {
    this.deliver = deliver;
    this.hangUp = hangUp;
  }
}
