/**
 * A hundred clients that connect, work and die at random, in processes that are killed. Meanwhile the hub's memory must stay what it
 * was once warm; afterwards the hub must hold no session but ours, and have every message it said it has.
 *
 *   npx tsx bench/soak/dying-clients.ts [seconds, default 60] [seconds of warm-up before, default 30]
 *
 * Memory is what is alive after a collection, on the heap and off, sampled every few seconds: the median of the first third of the
 * samples against that of the last. Resident memory is shown beside it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, createHub, queue } from '../../src/index.ts'

const PROCESSES = 10
const CLIENTS = 10
const KILL_EVERY_MS = 400
const SAMPLE_EVERY_MS = 3_000
/**
 * What the last third may hold beyond the first: the noise of a hub at work, and what lost clients had no answer for, a message
 * each of about 250 B, which the broker remembers for two to four minutes. Unit: MiB.
 */
const NOISE_MIB = 2
const jobs = queue<string>('soak', { durable: false })

/** What a worker tells: messages the hub has confirmed, messages received and about to be accepted. */
interface News {
  readonly confirmed: string[]
  readonly received: string[]
}

interface HubState {
  readonly sessions: number
  /** What is alive after a collection, on and off the heap. */
  readonly aliveMib: number
}

interface Sample extends HubState {
  readonly residentMib: number
}

/** The hub, alone in its process; tells its state when asked. */
async function hub(): Promise<void> {
  const running = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  process.on('message', () => {
    globalThis.gc!()
    const { heapUsed, external } = process.memoryUsage()
    process.send!({ sessions: running.sessions, aliveMib: (heapUsed + external) / 1024 / 1024 })
  })
  process.send!(running.urls[0])
}

/** Clients that send one and take one, and connect anew now and then, until the process is killed. */
async function worker(url: string): Promise<void> {
  const news: News = { confirmed: [], received: [] }
  setInterval(() => {
    if (news.confirmed.length > 0 || news.received.length > 0) process.send!(news)
    news.confirmed.length = 0
    news.received.length = 0
  }, 20)
  await Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(url, `${process.pid}-${at}`, news)))
}

async function client(url: string, name: string, news: News): Promise<void> {
  for (let life = 0; ; life++) {
    const connection = await connect(url)
    const sender = await connection.sender(jobs)
    const receiver = await connection.receiver(jobs, { credit: 5 })
    for (let at = 0; at < 40; at++) {
      const body = `${name}-${life}-${at}`
      await sender.send(body)
      news.confirmed.push(body)
      const delivery = await receiver.receive({ timeoutMs: 50 })
      if (delivery) {
        news.received.push(delivery.body)
        // Told first: what is accepted and not told would count as lost.
        await delay(30)
        await delivery.accept()
      }
    }
    await connection.close()
  }
}

/** The workers, and what they told. */
class Workers {
  readonly confirmed = new Set<string>()
  readonly received = new Set<string>()
  deaths = 0
  readonly #start: () => ChildProcess
  readonly #children: ChildProcess[]

  constructor(start: () => ChildProcess) {
    this.#start = start
    this.#children = Array.from({ length: PROCESSES }, () => this.#one())
  }

  /** Kills one, and starts another in its place. */
  replaceOne(): void {
    const at = Math.floor(Math.random() * PROCESSES)
    this.#children[at]!.kill('SIGKILL')
    this.#children[at] = this.#one()
    this.deaths += CLIENTS
  }

  async end(): Promise<void> {
    const ended = this.#children.map((child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(ended)
  }

  #one(): ChildProcess {
    const child = this.#start()
    child.on('message', (news: News) => {
      for (const body of news.confirmed) this.confirmed.add(body)
      for (const body of news.received) this.received.add(body)
    })
    return child
  }
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve))
}

async function sample(hubProcess: ChildProcess): Promise<Sample> {
  hubProcess.send('state')
  const state = (await answer(hubProcess)) as HubState
  const status = await readFile(`/proc/${hubProcess.pid}/status`, 'utf8')
  return { ...state, residentMib: Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024 }
}

/** Kills now and then for so long; resolves with what the hub held meanwhile. */
async function work(workers: Workers, hubProcess: ChildProcess, seconds: number): Promise<Sample[]> {
  const samples: Sample[] = []
  const end = performance.now() + seconds * 1_000
  let sampleAt = performance.now() + SAMPLE_EVERY_MS
  while (performance.now() < end) {
    await delay(KILL_EVERY_MS)
    workers.replaceOne()
    if (performance.now() < sampleAt) continue
    sampleAt += SAMPLE_EVERY_MS
    const { sessions, aliveMib, residentMib } = await sample(hubProcess)
    samples.push({ sessions, aliveMib, residentMib })
    console.error(
      `  ${workers.deaths} clients died, ${workers.confirmed.size} confirmed; the hub has ${sessions} sessions, ` +
        `${aliveMib.toFixed(1)} MiB alive, ${residentMib.toFixed(0)} MiB resident`,
    )
  }
  return samples
}

/** Takes what is left in the queue. */
async function drain(url: string, received: Set<string>): Promise<void> {
  await using connection = await connect(url)
  await using receiver = await connection.receiver(jobs)
  for (;;) {
    const delivery = await receiver.receive({ timeoutMs: 1_000 })
    if (!delivery) return
    received.add(delivery.body)
    await delivery.accept()
  }
}

function median(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return samples.map(of).sort((a, b) => a - b)[samples.length >> 1] ?? Number.NaN
}

async function main(seconds: number, warmSeconds: number): Promise<boolean> {
  const start = (role: string, url = ''): ChildProcess =>
    fork(process.argv[1] as string, [role, url], { execArgv: ['--expose-gc'] })
  const hubProcess = start('hub')
  const url = String(await answer(hubProcess))
  const workers = new Workers(() => start('worker', url))
  console.error(`${warmSeconds} s of warm-up`)
  await work(workers, hubProcess, warmSeconds)
  console.error(`${seconds} s`)
  const samples = await work(workers, hubProcess, seconds)
  await workers.end()
  await drain(url, workers.received)
  await delay(1_000)
  const { sessions, aliveMib } = await sample(hubProcess)
  hubProcess.kill()
  const third = Math.ceil(samples.length / 3)
  const [first, last] = [samples.slice(0, third), samples.slice(-third)]
  const alive = [first, last].map((part) => median(part, (each) => each.aliveMib)) as [number, number]
  const resident = [first, last].map((part) => median(part, (each) => each.residentMib).toFixed(0))
  const lost = [...workers.confirmed].filter((body) => !workers.received.has(body)).length
  console.log(
    `${workers.deaths} clients died; ${workers.confirmed.size} confirmed, ${lost} lost; sessions left: ${sessions}; ` +
      `alive in the hub: first third ${alive[0].toFixed(1)}, last third ${alive[1].toFixed(1)}, afterwards ${aliveMib.toFixed(1)} MiB; ` +
      `resident: ${resident.join(', ')} MiB`,
  )
  return lost === 0 && sessions === 0 && alive[1] - alive[0] < NOISE_MIB
}

const script = process.argv[1] as string
const [first = '60', second = ''] = process.argv.slice(2)
if (script.endsWith('.ts')) {
  const { runCompiled } = await import('../run/compiled.ts')
  process.exitCode = await runCompiled(script, process.argv.slice(2))
} else if (first === 'hub') await hub()
else if (first === 'worker') await worker(second)
else if (!(await main(Number(first), Number(second || '30')))) process.exitCode = 1
