/** A rolling digest over (time, event, node, payload) of everything that happened: equal for equal seeds, on any machine. */
export class Trace {
  value = 0x811c9dc5;

  note(nowMs: number, event: string, node: string, payload?: Uint8Array): void {
    this.#number(nowMs);
    this.#text(event);
    this.#text(node);
    if (payload !== undefined) for (const byte of payload) this.#mix(byte);
  }

  #number(n: number): void {
    this.#mix(n | 0);
    this.#mix((n / 2 ** 32) | 0);
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
    this.#mix(text.length);
  }

  #mix(n: number): void {
    this.value = Math.imul(this.value ^ n, 0x01000193) >>> 0;
  }
}
