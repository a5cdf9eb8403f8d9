import { type ClientMessage, decode, encode, explainRefusal } from '@topgun/protocol';
import { PeerRefusal } from '../../RequestPeers.js';

/** The frame of a client, as the engine takes it in. */
export interface ClientFrame<M extends ClientMessage> {
  readonly message: M;
  readonly bytes: number;
}

/**
 * What a request says, as if a client had sent it (REC-2): encoded, and read with every check that a socket makes, so that nothing
 * reaches the engine or other devices that the wire would not let through. Throws PeerRefusal with the place of the fault.
 */
export function frameOf<M extends ClientMessage>(message: M): ClientFrame<M> {
  let bytes: Uint8Array;
  try {
    bytes = encode(message);
  } catch (error) {
    // Levels without end exhaust the stack, which the check of a frame spares its own.
    if (error instanceof RangeError) throw new PeerRefusal('BAD_FRAME', { path: 'depth' });
    throw error;
  }
  const decoded = decode(bytes, 'client', explainRefusal);
  if (!decoded.ok)
    throw new PeerRefusal(decoded.code, decoded.path === undefined ? {} : { path: decoded.path });
  // A frame is read as the type that it was written as.
  return { message: decoded.message as M, bytes: bytes.length };
}
