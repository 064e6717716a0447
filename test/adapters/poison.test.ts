/**
 * One message that always fails and one that kills its process, among innocent ones: those two are buried after their tries, and nobody
 * else where the broker counts what a program had in hand. Where it counts what was on the way, no more than were handled at the same time.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connect, createHub, queue } from '../../src/index.ts'
import { brokerUrl, isLeftOut } from '../support/brokers.ts'
import { Child } from '../support/child.ts'
import { uniqueName } from '../support/names.ts'

const MESSAGES = 300
const FAILING = '100'
const KILLER = '200'
const TRIES = 3

/** Handles what comes and prints what it handled, until it is told to stop. */
const PROGRAM = `
import { createInterface } from 'node:readline'
import { connect, queue } from 'src/index.ts'
const { URL: url, QUEUE: name, OPTIONS: options, CONSUME: consume } = process.env
const connection = await connect(url)
void (async () => { for await (const _ of connection.status()); })()
await connection.consume(queue(name, JSON.parse(options)), async ({ body }) => {
  if (body === '${FAILING}') throw new Error('always')
  if (body === '${KILLER}') process.kill(process.pid, 'SIGKILL')
  console.log('handled ' + body)
}, { onError: () => {}, ...JSON.parse(consume) })
let told = ''
const depthOf = async (queue) => (await connection.admin.inspect(queue))?.depth ?? 0
let watching = true
const watch = (async () => {
  while (watching) {
    const dead = []
    for await (const { body } of connection.browse(queue(name + '-dead', { create: 'never' }))) dead.push(body)
    const state = 'state ' + [dead.join(',') || '-', await depthOf(name)].join(' ')
    if (state !== told) console.log(state)
    told = state
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
})()
for await (const line of createInterface({ input: process.stdin })) if (line === 'stop') break
watching = false
await watch
await connection.close()
process.exit(0)
`

interface Place {
  readonly url: string
  close(): Promise<unknown>
}

interface Case {
  readonly broker: string
  open(): Promise<Place>
  /** `told`: the broker counts what a program says to have in hand; `kept`: what it holds, of which there is no more than it handles; else what was on its way. */
  readonly counts: 'told' | 'kept' | 'sent'
}

const shared = (name: 'redis' | 'rabbitmq' | 'qpid', counts: Case['counts']): Case => ({
  broker: name,
  open: async () => ({ url: brokerUrl(name), close: async () => {} }),
  counts,
})

const CASES: readonly Case[] = [
  {
    broker: 'file',
    counts: 'told',
    async open() {
      const directory = await mkdtemp(join(tmpdir(), 'sluice-poison-'))
      return { url: `file:${directory}`, close: () => rm(directory, { recursive: true }) }
    },
  },
  {
    broker: 'hub',
    counts: 'told',
    async open() {
      const hub = await createHub({ listen: ['tcp://127.0.0.1:*'] })
      return { url: hub.urls[0]!, close: () => hub.close() }
    },
  },
  ...(isLeftOut('redis') ? [] : [shared('redis', 'kept')]),
  ...(isLeftOut('rabbitmq') ? [] : [shared('rabbitmq', 'sent')]),
  ...(isLeftOut('qpid') ? [] : [shared('qpid', 'sent')]),
]

describe.each(CASES)(
  '300 messages by $broker, one fails always, one kills its process',
  ({ open, counts }) => {
    it('are handled but for those two, with the options of consume() as they are', {
      timeout: 120_000,
    }, async () => {
      expect(await outcome(await open(), { known: true })).toEqual({
        dead: [FAILING, KILLER],
        handled: MESSAGES - 2,
      })
    })

    if (counts !== 'sent') {
      // Whoever made the queue knows of its limit; the program that handles does not, and would read ahead.
      it('are so, too, by a program that does not know of the limit', { timeout: 120_000 }, async () => {
        const consume = counts === 'told' ? { credit: 50, concurrency: 2 } : {}
        expect(await outcome(await open(), { known: false, consume })).toEqual({
          dead: [FAILING, KILLER],
          handled: MESSAGES - 2,
        })
      })
    } else {
      it('take with them no more than were handled at the same time', { timeout: 120_000 }, async () => {
        const { dead, handled } = await outcome(await open(), { known: true, consume: { concurrency: 4 } })
        expect(dead).toEqual(expect.arrayContaining([FAILING, KILLER]))
        expect(dead.length).toBeLessThanOrEqual(2 + 3)
        // One of the others may have been handled before it was buried.
        expect(handled).toBeGreaterThanOrEqual(MESSAGES - dead.length)
      })
    }
  },
)

/** Sends all, starts the program again until each message is handled or dead, and looks. */
async function outcome(
  place: Place,
  { known, consume = {} }: { known: boolean; consume?: object },
): Promise<{ dead: string[]; handled: number }> {
  const name = uniqueName('poison')
  const options = { maxDeliveries: TRIES, deadLetter: `${name}-dead` }
  const jobs = queue<string>(name, options)
  try {
    {
      await using connection = await connect(place.url)
      await connection.admin.declare(jobs)
      await connection.admin.declare(queue(`${name}-dead`))
      const sender = await connection.sender(jobs)
      await Promise.all(Array.from({ length: MESSAGES }, (_, at) => sender.send(String(at))))
    }
    const handled = new Set<string>()
    let [dead, waiting] = [[] as string[], MESSAGES]
    // One may be handled and buried all the same; one that is tried again later waits elsewhere.
    const goesOn = (): boolean => waiting > 0 || new Set([...handled, ...dead]).size < MESSAGES
    for (let life = 1; goesOn(); life++) {
      if (life > 2 * TRIES + 2) throw new Error(`no end: ${handled.size} handled, ${dead.length} dead`)
      await using program = Child.run(PROGRAM, {
        URL: place.url,
        QUEUE: name,
        OPTIONS: known ? JSON.stringify(options) : JSON.stringify({ create: 'never' }),
        CONSUME: JSON.stringify(consume),
      })
      while (goesOn()) {
        const line = await program.line().catch(() => undefined)
        if (line === undefined) break
        const [word, ...values] = line.split(' ')
        if (word === 'handled') handled.add(values[0]!)
        else [dead, waiting] = [values[0] === '-' ? [] : values[0]!.split(','), Number(values[1])]
      }
      program.send('stop')
      const { signal, stderr } = await program.ended
      if (signal !== 'SIGKILL') expect(stderr).toBe('')
    }
    await using connection = await connect(place.url)
    const bodies: string[] = []
    for await (const { body } of connection.browse(queue<string>(`${name}-dead`))) bodies.push(body)
    expect((await connection.admin.inspect(jobs))?.depth).toBe(0)
    await connection.admin.delete(jobs)
    await connection.admin.delete(queue(`${name}-dead`))
    return { dead: bodies.sort(), handled: handled.size }
  } finally {
    await place.close()
  }
}
