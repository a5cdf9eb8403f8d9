/** What one opening of a door heard: numbers as they were published, and the place behind the last of them. */
export interface Hearing<Place> {
  readonly numbers: readonly number[];
  readonly place: Place;
}

/** Told by a door while it is opened. */
export interface Opening {
  /** The next thing that is sent asks for the messages. Resolves when the publisher is at work. */
  begin(): Promise<void>;
  /** What was asked for stands. Gives the number up to which it is to hear: some of these messages are not published yet. */
  stood(): number;
}

/** A door as a race needs it. `chain`: one of several topics or mailboxes that are raced at once. */
export interface RaceDoor<Place> {
  /** Publishes the number 1, and gives the place behind it. */
  start(chain: number): Promise<Place>;
  /** Resolves when it is accepted. */
  publish(chain: number, n: number): Promise<void>;
  /** Opens it behind a place at the node whose turn it is, hears, and closes it in the middle of whatever comes. */
  hear(chain: number, turn: number, after: Place, opening: Opening): Promise<Hearing<Place>>;
}

/** What came of the races of a door. */
export interface RaceFigures {
  races: number;
  /** races in which messages were accepted between the asking and the standing */
  real: number;
  /** how many these were, together */
  during: number;
  heard: number;
  lost: number[];
  repeated: number[];
}

/** Publishes numbers one after the other, as far as it is allowed to: no further ahead of its reader than a race needs. */
class Publisher {
  accepted = 1;
  #allowed = 1;
  #isOver = false;
  #wake: () => void = () => undefined;
  #told: () => void = () => undefined;
  readonly running: Promise<void>;

  constructor(publish: (n: number) => Promise<void>) {
    this.running = this.#run(publish);
  }

  get allowed(): number {
    return this.#allowed;
  }

  allow(more: number): void {
    this.#allowed += more;
    this.#wake();
  }

  /** Resolves when so many are accepted. */
  async reached(count: number): Promise<void> {
    while (this.accepted < count)
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async #run(publish: (n: number) => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      if (this.accepted < this.#allowed) {
        await publish(this.accepted + 1);
        this.accepted++;
        this.#told();
        // Where accepting takes no time, the reader has its turn all the same.
        await new Promise((resolve) => setImmediate(resolve));
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

/**
 * Opens the door again and again, each time at another node and where the time before has ended, while others publish: the pieces must fit. In
 * each race some messages wait, some are published while the door opens, and some follow when it stands; one to three of them are left
 * to the next race. The publisher waits for its reader, so that every race is at the seam and none in a backlog.
 */
export async function runRaces<Place>(
  door: RaceDoor<Place>,
  chain: number,
  races: number,
): Promise<RaceFigures> {
  const figures: RaceFigures = { races: 0, real: 0, during: 0, heard: 0, lost: [], repeated: [] };
  let place: Place = await door.start(chain);
  let last = 1;
  const publisher = new Publisher((n) => door.publish(chain, n));
  const failed = publisher.running.then(() => new Promise<never>(() => undefined));
  try {
    for (let n = 0; n < races; n++) {
      const left = 1 + (n % 3);
      let before = 0;
      const opening: Opening = {
        begin: async () => {
          const from = publisher.accepted;
          publisher.allow(4 + (n % 5));
          await publisher.reached(from + (n % 3));
          before = publisher.accepted;
        },
        stood: () => {
          const during = publisher.accepted - before;
          figures.during += during;
          if (during > 0) figures.real++;
          const upTo = publisher.allowed + 1;
          publisher.allow(1 + left);
          return upTo;
        },
      };
      const hearing = await Promise.race([door.hear(chain, n, place, opening), failed]);
      judge(figures, last, hearing.numbers);
      last = hearing.numbers.at(-1) ?? last;
      place = hearing.place;
      figures.races++;
    }
  } finally {
    publisher.end();
  }
  await publisher.running;
  return figures;
}

function judge(figures: RaceFigures, last: number, numbers: readonly number[]): void {
  figures.heard += numbers.length;
  const found = new Set(numbers);
  for (let n = last + 1; n <= Math.max(last, ...numbers); n++) if (!found.has(n)) figures.lost.push(n);
  // What comes late counts as coming again: order is promised.
  let newest = last;
  for (const n of numbers) {
    if (n <= newest) figures.repeated.push(n);
    newest = Math.max(newest, n);
  }
}

export function sumOf(all: readonly RaceFigures[]): RaceFigures {
  return all.reduce((sum, one) => ({
    races: sum.races + one.races,
    real: sum.real + one.real,
    during: sum.during + one.during,
    heard: sum.heard + one.heard,
    lost: [...sum.lost, ...one.lost],
    repeated: [...sum.repeated, ...one.repeated],
  }));
}
