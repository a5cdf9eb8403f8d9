/** Sends to every other realm on the same store; a realm does not hear itself. Delivery is asynchronous. */
export interface RealmChannel<T> {
  post(message: T): void;
  close(): void;
}
