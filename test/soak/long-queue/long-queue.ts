/**
 * A long queue on `file:`: filled, looked through and emptied, each in a process of its own, with the most memory each took.
 * What the process owns is told apart from the pages of the store's file, which the system takes back when it needs them.
 *
 * By hand, on Linux:
 *
 *     npx tsx test/soak/long-queue/long-queue.ts [MESSAGES]      (default 1000000)
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Connection, connect, queue } from '../../../src/index.ts'

const lines = queue<string>('lines')
const BODY = 'x'.repeat(100)

const STEPS: Readonly<Record<string, (connection: Connection, count: number) => Promise<number>>> = {
  fill: async (connection, count) => {
    await using sender = await connection.sender(lines, { capacity: 1000 })
    let open: Promise<unknown>[] = []
    for (let n = 0; n < count; n++) {
      open.push(sender.send(BODY))
      if (open.length === 1000) await Promise.all(open.splice(0))
    }
    await Promise.all(open)
    open = []
    return count
  },
  open: async (connection) => (await connection.admin.inspect(lines))?.depth ?? 0,
  browse: async (connection) => {
    let seen = 0
    for await (const _ of connection.browse(lines)) seen++
    return seen
  },
  drain: async (connection) => {
    await using receiver = await connection.receiver(lines, { credit: 1000 })
    let taken = 0
    for (;;) {
      const delivery = await receiver.receive({ timeoutMs: 0 })
      if (!delivery) return taken
      await delivery.accept()
      taken++
    }
  },
}

const [first, directory, of] = process.argv.slice(2)
if (directory === undefined) await all(Number(first ?? 1_000_000))
else await step(first!, directory, Number(of))

async function all(count: number): Promise<void> {
  const store = mkdtempSync(join(tmpdir(), 'sluice-long-queue-'))
  try {
    for (const name of Object.keys(STEPS)) {
      const child = fork(fileURLToPath(import.meta.url), [name, store, String(count)])
      const [code] = await once(child, 'exit')
      if (code !== 0) process.exitCode = 1
    }
  } finally {
    rmSync(store, { recursive: true, force: true })
  }
}

async function step(name: string, store: string, count: number): Promise<void> {
  let most = 0
  const look = (): void => {
    const own = Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
    most = Math.max(most, own)
  }
  const clock = setInterval(look, 50)
  const begun = performance.now()
  let done: number
  {
    await using connection = await connect(`file:${store}`)
    done = await STEPS[name]!(connection, count)
    look()
  }
  clearInterval(clock)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  const all = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  console.log(
    `${name}: ${done} messages, ${seconds} s, own ${Math.round(most / 1024)} MB, with the file ${Math.round(Number(all) / 1024)} MB`,
  )
  if (done !== count) process.exitCode = 1
}
