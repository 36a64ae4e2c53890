import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Node's own channel: each connection that a server of this process accepts. */
const ACCEPTED = 'net.server.socket';

/**
 * The connections to one port of this process. A peer that reads nothing keeps its connection open for ever: HTTP/2 sends it a last
 * frame and waits until it is taken. So they are known here, to be cut off.
 */
export class ServerSockets {
  private readonly open = new Set<Socket>();

  constructor(private readonly port: number) {
    subscribe(ACCEPTED, this.note);
  }

  /** Cuts off all connections. */
  destroy(): void {
    unsubscribe(ACCEPTED, this.note);
    for (const socket of this.open) socket.destroy();
  }

  private readonly note = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort !== this.port) return;
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
  };
}
