/**
 * A hub on a file store, clients that send it random records, and an innocent client beside them, which must notice nothing: no error, no
 * lost connection, no lost message. Afterwards the store must open and hold what was accepted.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Dealer } from 'zeromq'
import { readRecords } from '../../../../src/adapters/zeromq/codec/records.ts'
import { Op } from '../../../../src/adapters/zeromq/wire/protocol.ts'
import { type Connection, connect, createHub, queue } from '../../../../src/index.ts'
import { Child } from '../../../support/child.ts'
import { addressOf } from '../bare-peer.ts'
import { Dice, hello, prelude, randomMessage } from './random-records.ts'

const PROGRAM = `
import { createHub } from 'src/index.ts'
const hub = await createHub({ listen: ['tcp://127.0.0.1:*'], data: process.env.DATA })
console.log(hub.urls[0])
process.stdin.once('data', async () => {
  await hub.close()
  console.log(process.memoryUsage().rss)
  process.exit(0)
})
`
const RECORDS_OF_A_CLIENT = 400
const worked = queue<number>('innocent-worked')
const kept = queue<number>('innocent-kept')

export interface FuzzResult {
  readonly problems: string[]
  readonly records: number
  readonly clients: number
  /** What the hub answered, by kind of record. */
  readonly answers: Record<string, number>
  readonly innocentMessages: number
  readonly hubBytes: number
}

export async function fuzzHub(records: number, seed: number): Promise<FuzzResult> {
  const data = await mkdtemp(join(tmpdir(), 'sluice-fuzz-'))
  const problems: string[] = []
  const answers: Record<string, number> = {}
  let clients = 0
  let sent = 0
  let hubBytes = 0
  try {
    await using hub = Child.run(PROGRAM, { DATA: data })
    const url = await hub.line()
    const connection = await connect(url)
    connection.on('disconnected', ({ cause }) => problems.push(`the innocent was disconnected: ${cause}`))
    const innocent = new Innocent(connection, problems)
    await innocent.start()
    const dice = new Dice(seed)
    while (sent < records && problems.length === 0) {
      clients++
      sent += await oneClient(url, dice, answers)
      // Random clients are not faster than the hub.
      await innocent.round()
    }
    await innocent.end()
    await connection.close()
    hub.send('end')
    hubBytes = Number(await hub.line())
    const { code, signal, stderr } = await hub.ended
    if (code !== 0) problems.push(`the hub ended with ${code ?? signal}: ${stderr}`)
    problems.push(...(await afterwards(data, innocent)))
    return {
      problems,
      records: sent,
      clients,
      answers,
      innocentMessages: innocent.kept.length + innocent.count,
      hubBytes,
    }
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

async function oneClient(url: string, dice: Dice, answers: Record<string, number>): Promise<number> {
  const socket = new Dealer({ linger: 0, sendHighWaterMark: 50 })
  socket.connect(addressOf(url))
  let refused = true
  let answered = (): void => {}
  const reading = read(socket, (answer) => {
    answers[answer] = (answers[answer] ?? 0) + 1
    if (answer === 'REFUSED') refused = true
    answered()
  })
  /** An answer; many a record has none. */
  const answer = (mostMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, mostMs)
      answered = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  let sent = 0
  try {
    while (sent < RECORDS_OF_A_CLIENT) {
      // It has no session: it begins one, as a client would.
      if (refused) {
        refused = false
        await socket.send(hello(dice))
        await answer(100)
        await socket.send(prelude(dice))
        await answer(100)
      }
      const { frames, records } = randomMessage(dice)
      await socket.send(frames)
      sent += records
      await answer(2)
    }
    return sent
  } finally {
    socket.close()
    await reading
  }
}

const NAMES = new Map<number, string>(Object.entries(Op).map(([name, op]) => [op, name]))

async function read(socket: Dealer, answered: (name: string) => void): Promise<void> {
  for await (const [batch] of socket) {
    if (batch![0] === Op.PART) continue
    readRecords(batch as Buffer, { record: (op) => answered(NAMES.get(op) ?? String(op)) })
  }
}

/** Works all the time, and keeps a ledger. */
class Innocent {
  count = 0
  readonly kept: number[] = []
  readonly #connection: Connection
  readonly #problems: string[]
  readonly #open = new Set<number>()

  constructor(connection: Connection, problems: string[]) {
    this.#connection = connection
    this.#problems = problems
  }

  async start(): Promise<void> {
    await this.#connection.consume(worked, ({ body }) => void this.#open.delete(body))
  }

  async round(): Promise<void> {
    try {
      const number = this.count++
      this.#open.add(number)
      await this.#connection.send(worked, number)
      await this.#connection.send(kept, number)
      this.kept.push(number)
    } catch (error) {
      this.#problems.push(`the innocent's send failed: ${error}`)
    }
  }

  async end(): Promise<void> {
    for (let waits = 0; this.#open.size > 0 && waits < 100; waits++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    if (this.#open.size > 0) this.#problems.push(`${this.#open.size} messages of the innocent never came`)
  }
}

async function afterwards(data: string, { kept: expected }: Innocent): Promise<string[]> {
  const hub = await createHub({ listen: ['tcp://127.0.0.1:*'], data })
  const connection = await connect(hub.urls[0]!)
  try {
    const seen: number[] = []
    for await (const { body } of connection.browse(kept)) seen.push(body)
    const same = seen.length === expected.length && seen.every((body, at) => body === expected[at])
    return same ? [] : [`${expected.length} messages were accepted, ${seen.length} are there afterwards`]
  } finally {
    await connection.close()
    await hub.close()
  }
}
