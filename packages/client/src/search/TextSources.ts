import type { TextIndexFactory } from '@topgun/core';
import type { HandleContext } from '../handles/HandleContext.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import { MapTexts } from './MapTexts.js';

/** ms: an index that nobody searches stays so long, for one who comes back to a page does not want to wait for it. */
const IDLE_MS = 60_000;

/** The text indexes of one client: one per map and fields, however many searches use it. */
export class TextSources {
  readonly #context: HandleContext;
  readonly #byFactory = new Map<TextIndexFactory, Map<string, MapTexts>>();

  constructor(context: HandleContext) {
    this.#context = context;
  }

  /** The index over these fields of a map, up to date; made now if there is none. */
  of(map: string, paths: readonly string[], make: TextIndexFactory): MapTexts {
    const sources = this.#byFactory.get(make) ?? new Map<string, MapTexts>();
    this.#byFactory.set(make, sources);
    const name = JSON.stringify([map, ...paths]);
    const found = sources.get(name) ?? new MapTexts(`texts ${name}`, map, paths, make, this.#context);
    sources.set(name, found);
    if (!found.hasListeners) this.#closeWhenIdle(sources, name, found);
    found.refresh();
    return found;
  }

  /** Follows the index that `of` gives; ends with the returned function. */
  follow(map: string, paths: readonly string[], make: TextIndexFactory, callback: () => void): Unsubscribe {
    const end = this.of(map, paths, make).subscribe(callback);
    return () => {
      end();
      // Looks whether that was the last one.
      this.of(map, paths, make);
    };
  }

  #closeWhenIdle(sources: Map<string, MapTexts>, name: string, source: MapTexts): void {
    this.#context.timers.arm(`idle texts ${name}`, IDLE_MS, () => {
      if (source.hasListeners || !sources.delete(name)) return;
      source.close();
    });
  }
}

const byContext = new WeakMap<HandleContext, TextSources>();

/** The text indexes of a client. */
export function textSources(context: HandleContext): TextSources {
  const found = byContext.get(context) ?? new TextSources(context);
  byContext.set(context, found);
  return found;
}
