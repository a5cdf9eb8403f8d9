import type { ClientEvent } from './engine/ports.js';

/** Where each kind of event goes; the compiler says which is missing. */
export type EventRoutes = {
  readonly [T in ClientEvent['type']]: (event: Extract<ClientEvent, { type: T }>) => void;
};

export function dispatch(routes: EventRoutes, event: ClientEvent): void {
  // The route of a type takes the events of that type; the compiler cannot follow the pairing through a union.
  (routes[event.type] as (event: ClientEvent) => void)(event);
}
