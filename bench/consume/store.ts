/** Where the rows of a batch go: one commit for all of them. */
import pg from 'pg'

export interface Row {
  readonly id: number
  readonly text: string
}

export interface Store extends AsyncDisposable {
  readonly name: string
  /** Resolves when the rows are committed. */
  commit(rows: readonly Row[]): Promise<void>
  clear(): Promise<void>
}

/** @param url of a PostgreSQL; without one the rows go nowhere, a turn of the event loop later */
export async function openStore(url: string | undefined): Promise<Store> {
  if (url === undefined) return NOWHERE
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const table = `bench_batches_${process.pid}`
  await client.query(`CREATE TABLE ${table} (id integer NOT NULL, body text NOT NULL)`)
  const { rows } = await client.query('SHOW server_version')
  return {
    name: `PostgreSQL ${rows[0].server_version}`,
    async commit(all) {
      await client.query({
        name: 'insert',
        text: `INSERT INTO ${table} SELECT * FROM unnest($1::integer[], $2::text[])`,
        values: [all.map((row) => row.id), all.map((row) => row.text)],
      })
    },
    async clear() {
      await client.query(`TRUNCATE ${table}`)
    },
    async [Symbol.asyncDispose]() {
      await client.query(`DROP TABLE ${table}`)
      await client.end()
    },
  }
}

const NOWHERE: Store = {
  name: 'no database',
  commit: () => new Promise((resolve) => setImmediate(resolve)),
  clear: async () => {},
  async [Symbol.asyncDispose]() {},
}
