import type { Socket } from 'node:net';
import { LIMITS } from '@topgun/protocol';

/** A stranger who sends more bytes than he needs to say who he is is cut, however he frames them. */
export function limitStranger(socket: Socket, isKnown: () => boolean, onTooMuch: () => void): void {
  const before = socket.bytesRead;
  const check = (): void => {
    if (isKnown()) socket.off('data', check);
    else if (socket.bytesRead - before > LIMITS.bytesPreAuth) {
      socket.off('data', check);
      onTooMuch();
    }
  };
  socket.on('data', check);
}
