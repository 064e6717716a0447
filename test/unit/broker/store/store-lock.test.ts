/** One owner per store, whoever comes: other threads, other copies of the library, other namespaces; and a copied store is a store of its own. */
import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileBroker } from '../../../../src/broker/index.ts'
import { Child } from '../../../support/child.ts'
import { Hand } from '../harness.ts'

/** Tells how opening went, and holds the store until it is killed or told to close it. */
const OPENER = `
import { fileBroker } from 'src/broker/index.ts'
const lease = await fileBroker(process.env.STORE).catch((error) => {
  console.log(error.code + ': ' + error.message)
  process.exit()
})
console.log('open')
process.stdin.once('data', async () => {
  await lease.release()
  process.exit()
})
`
/** A container: process ids, host name, network and mounts of its own; its first process has the id 1. */
const CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--uts', '--net', '--ipc']
const TIMEOUT_MS = 60_000

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-lock-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

function opener(within: readonly string[] = []): Child {
  return Child.run(OPENER, { STORE: directory }, within)
}

function refusal(): Promise<string> {
  return fileBroker(directory).then(
    async ({ release }) => {
      await release()
      return 'open'
    },
    (error) => `${error.code}: ${error.message}`,
  )
}

/** Why containers cannot be tried here, if so. */
function noContainers(): string | undefined {
  try {
    execFileSync(CONTAINER[0]!, [...CONTAINER.slice(1), 'true'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'making namespaces needs Linux and root'
  }
}

test('two processes that come at the same time: one has the store, the other one is told who', {
  timeout: TIMEOUT_MS,
}, async () => {
  await using first = opener()
  await using second = opener()
  const told = await Promise.all([first.line(), second.line()])
  expect(told.filter((line) => line === 'open')).toHaveLength(1)
  expect(told.find((line) => line !== 'open')).toMatch(
    /^CONNECT_FAILED: .* (open by process \d+|opened by others)/,
  )
  await Promise.all([first.kill(), second.kill()])
  expect(await refusal()).toBe('open')
})

test('a stopped process keeps its store: others are told and freeze not; it goes on, and leaves it when it is killed', {
  timeout: TIMEOUT_MS,
}, async () => {
  await using holder = opener()
  expect(await holder.line()).toBe('open')
  process.kill(holder.pid, 'SIGSTOP')
  expect(await refusal()).toMatch(/^CONNECT_FAILED: .* open by process \d+/)
  process.kill(holder.pid, 'SIGCONT')
  holder.send('release it')
  expect((await holder.ended).code).toBe(0)
  await using next = opener()
  expect(await next.line()).toBe('open')
  process.kill(next.pid, 'SIGSTOP')
  await next.kill()
  expect(await refusal()).toBe('open')
})

test('a worker thread is told that the main thread has it, and the other way round', {
  timeout: TIMEOUT_MS,
}, async () => {
  const program = `
    import { parentPort } from 'node:worker_threads'
    import { register } from ${JSON.stringify(import.meta.resolve('tsx/esm/api'))}
    register()
    const { fileBroker } = await import(${JSON.stringify(new URL('../../../../src/broker/index.ts', import.meta.url).href)})
    const told = await fileBroker(${JSON.stringify(directory)}).then(() => 'open', (error) => error.message)
    parentPort.postMessage(told)
    parentPort.once('message', () => {})
  `
  const inThread = async (): Promise<{ told: string; end: () => Promise<number> }> => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`))
    const told = await new Promise<string>((resolve, reject) =>
      worker.once('message', resolve).once('error', reject),
    )
    return { told, end: () => worker.terminate() }
  }
  const lease = await fileBroker(directory)
  const refused = await inThread()
  await refused.end()
  expect(refused.told).toMatch(/already open by .* of this process/)
  await lease.release()
  const holder = await inThread()
  expect(holder.told).toBe('open')
  expect(await refusal()).toMatch(/already open by worker thread \d+ of this process/)
  // A thread that is ended on the spot closes nothing; its lock goes with it.
  await holder.end()
  expect(await refusal()).toBe('open')
})

test('the library loaded twice has one broker behind a directory', { timeout: TIMEOUT_MS }, async () => {
  const module = '../../../../src/broker/shared.ts'
  const copy: typeof import('../../../../src/broker/shared.ts') = await import(`${module}?copy`)
  expect(copy.fileBroker).not.toBe(fileBroker)
  const [one, other] = await Promise.all([fileBroker(directory), copy.fileBroker(directory)])
  expect(one.broker).toBe(other.broker)
  await one.release()
  await other.release()
  expect(await refusal()).toBe('open')
})

test('a copied store opens beside the one it was copied from, and each goes its own way', {
  timeout: TIMEOUT_MS,
}, async () => {
  const copy = join(directory, 'copy')
  const original = await fileBroker(join(directory, 'store'))
  const hand = new Hand(original.broker)
  await hand.queue('q')
  await hand.send('q', 'before')
  await cp(join(directory, 'store'), copy, { recursive: true })
  const copied = await fileBroker(copy)
  const other = new Hand(copied.broker)
  await hand.send('q', 'here')
  await other.send('q', 'there')
  expect(await hand.browse('q')).toEqual(['before', 'here'])
  expect(await other.browse('q')).toEqual(['before', 'there'])
  await original.release()
  await copied.release()
})

const reason = noContainers()
describe.skipIf(reason !== undefined)(
  `containers${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    test('two of them with the same process id do not share a store, and neither does their host', {
      timeout: TIMEOUT_MS,
    }, async () => {
      await using first = opener(CONTAINER)
      expect(await first.line()).toBe('open')
      await using second = opener(CONTAINER)
      expect(await second.line()).toMatch(/^CONNECT_FAILED: .*already open by process 1/)
      expect(await refusal()).toMatch(/^CONNECT_FAILED: .*already open by process 1/)
    })

    test('one that was killed and made again has its store at once', { timeout: TIMEOUT_MS }, async () => {
      for (let times = 0; times < 2; times++) {
        await using container = opener(CONTAINER)
        expect(await container.line()).toBe('open')
      }
      expect(await refusal()).toBe('open')
    })

    test('one finds the store of its host in use', { timeout: TIMEOUT_MS }, async () => {
      const lease = await fileBroker(directory)
      await using container = opener(CONTAINER)
      expect(await container.line()).toMatch(/^CONNECT_FAILED: .*already open by process \d+/)
      await lease.release()
    })
  },
)
