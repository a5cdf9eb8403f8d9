import type { SharedMessage, TopicMessage } from './ports.js';

/** A message as everybody with the same view of it sees it. */
export class SharedTopicMessage implements SharedMessage {
  readonly message: TopicMessage;
  readonly #forms = new Map<string, Buffer>();

  constructor(message: TopicMessage) {
    this.message = message;
  }

  encoded(form: string, make: (message: TopicMessage) => Buffer): Buffer {
    const known = this.#forms.get(form);
    if (known !== undefined) return known;
    const made = make(this.message);
    this.#forms.set(form, made);
    return made;
  }
}
