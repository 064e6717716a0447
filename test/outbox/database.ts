/** A schema of a real PostgreSQL for each test, with the tables of the outbox in it. */
import pg from 'pg'
import { SCHEMA_SQL } from '../../src/outbox/index.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { uniqueName } from '../support/names.ts'

export const withoutPostgres = isLeftOut('postgres')

export class Database implements AsyncDisposable {
  readonly pool: pg.Pool
  readonly url: string
  readonly #schema: string

  private constructor(url: string, schema: string) {
    this.url = url
    this.#schema = schema
    this.pool = new pg.Pool({ connectionString: url, max: 20 })
    this.pool.on('error', () => {})
  }

  /** @param server URL of a PostgreSQL; default: the shared one */
  static async make(server = brokerUrl('postgres')): Promise<Database> {
    const schema = uniqueName('outbox').replaceAll('-', '_')
    const url = new URL(server)
    url.searchParams.set('options', `-c search_path=${schema}`)
    const database = new Database(url.href, schema)
    await database.pool.query(`CREATE SCHEMA ${schema}`)
    await database.pool.query(SCHEMA_SQL)
    await database.pool.query('CREATE TABLE facts (id bigint GENERATED ALWAYS AS IDENTITY, text text)')
    return database
  }

  /** Runs `work` in a transaction; rolled back when it throws. */
  async transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect()
    // The rejection of the statement under way tells of a lost connection.
    const ignore = (): void => {}
    client.on('error', ignore)
    let lost = false
    try {
      await client.query('BEGIN')
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {
        lost = true
      })
      throw error
    } finally {
      client.removeListener('error', ignore)
      client.release(lost)
    }
  }

  async count(table: string): Promise<number> {
    const { rows } = await this.pool.query(`SELECT count(*)::int AS count FROM ${table}`)
    return rows[0].count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.query(`DROP SCHEMA ${this.#schema} CASCADE`).catch(() => {})
    await this.pool.end()
  }
}
