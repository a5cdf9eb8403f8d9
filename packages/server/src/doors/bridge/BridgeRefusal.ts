/** A request that the bridge does not serve: answered with the status, and JSON `{ message, statusCode }` (BRG-2). */
export class BridgeRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const badRequest = (message: string): BridgeRefusal => new BridgeRefusal(400, message);
