import type { Client } from 'ssh2';

/** A logged-in connection, and how to let go of it and of what it goes through. */
export interface Connection {
  readonly client: Client;
  release(): void;
}
