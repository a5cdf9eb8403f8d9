import type { Unsubscribe } from '../utils/Listeners.js';
import type { HandleContext } from './HandleContext.js';

/** A counter that many devices raise and lower at once, offline too; no step is lost or counted twice. */
export class PNCounterHandle {
  readonly name: string;
  readonly #context: HandleContext;

  constructor(name: string, context: HandleContext) {
    this.name = name;
    this.#context = context;
  }

  get(): number {
    return this.#context.engine.counterValue(this.name);
  }

  /** Adds one and returns the value as this device sees it. */
  increment(): number {
    return this.addAndGet(1);
  }

  /** Takes one away and returns the value as this device sees it. */
  decrement(): number {
    return this.addAndGet(-1);
  }

  /** Adds `delta`, a safe integer of either sign, and returns the value as this device sees it. Zero changes nothing. */
  addAndGet(delta: number): number {
    if (delta !== 0) this.#context.writable().increment(this.name, delta);
    return this.get();
  }

  /** Calls back with the value now, and again at most once per tick in which it changed. */
  subscribe(callback: (value: number) => void): Unsubscribe {
    const unsubscribe = this.onChange(() => callback(this.get()));
    callback(this.get());
    return unsubscribe;
  }

  /** Calls back at most once per tick in which the value changed. */
  onChange(callback: () => void): Unsubscribe {
    return this.#context.events.of(`map ${this.name}`).add(callback);
  }
}
