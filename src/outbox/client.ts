/** What the outbox needs of a database client, and how it reads answers. */

/** Anything that runs a statement: a client of `pg`, or one line around the client of another library. */
export interface QueryClient {
  /** `values` stand for `$1`, `$2` …, which a statement given to it names in order, each once. */
  query(text: string, values: unknown[]): PromiseLike<unknown>
}

/** A pool of `pg`, as far as the relay needs it. */
export interface RelayPool {
  connect(): Promise<RelayClient>
}

/** A client of such a pool. */
export interface RelayClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  on(event: 'notification' | 'error' | 'end', listener: (value?: unknown) => void): unknown
  removeListener(event: 'notification' | 'error' | 'end', listener: (value?: unknown) => void): unknown
  /** True, or an error: the connection is not used again. */
  release(destroy?: boolean | Error): void
}

/** Rows of an answer: libraries give them as such, or as `rows`. */
export function rowsOf(answer: unknown): unknown[] {
  if (Array.isArray(answer)) return answer
  const { rows } = (answer ?? {}) as { rows?: unknown }
  return Array.isArray(rows) ? rows : []
}
