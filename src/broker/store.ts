/** Where a broker keeps durable messages and its topology. */
export interface Store {
  /** Writes what is pending and gives the place free. Idempotent. */
  close(): Promise<void>
}
