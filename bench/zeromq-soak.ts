/**
 * A hundred clients that connect, work and die at random, in processes that are killed: afterwards the hub must hold no session but
 * ours, no more memory alive than at the beginning, and every message it said it has.
 *
 *   npx tsx bench/zeromq-soak.ts [seconds, default 60]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, createHub, queue } from '../src/index.ts'

const PROCESSES = 10
const CLIENTS = 10
const KILL_EVERY_MS = 400
const jobs = queue<string>('soak', { durable: false })

/** What a worker tells: messages the hub has confirmed, messages received and about to be accepted. */
interface News {
  readonly confirmed: string[]
  readonly received: string[]
}

interface HubState {
  readonly sessions: number
  /** What is alive after a collection, on and off the heap. */
  readonly liveMiB: number
}

/** The hub, alone in its process; tells its state when asked. */
async function hub(): Promise<void> {
  const running = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  process.on('message', () => {
    globalThis.gc!()
    const { heapUsed, external } = process.memoryUsage()
    process.send!({ sessions: running.sessions, liveMiB: (heapUsed + external) / 1024 / 1024 })
  })
  process.send!(running.urls[0])
}

/** Clients that send two and take one or two, reconnect now and then, until the process is killed. */
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

function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024
}

function start(role: string, url = ''): ChildProcess {
  return fork(process.argv[1]!, [role, url], { execArgv: [...process.execArgv, '--expose-gc'] })
}

async function stateOf(hubProcess: ChildProcess): Promise<HubState> {
  hubProcess.send('state')
  return (await answer(hubProcess)) as HubState
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve))
}

async function main(seconds: number): Promise<void> {
  const hubProcess = start('hub')
  const url = String(await answer(hubProcess))
  const confirmed = new Set<string>()
  const received = new Set<string>()
  const startWorker = (): ChildProcess => {
    const child = start('worker', url)
    child.on('message', (news: News) => {
      for (const body of news.confirmed) confirmed.add(body)
      for (const body of news.received) received.add(body)
    })
    return child
  }
  const workers = Array.from({ length: PROCESSES }, startWorker)
  const begun = performance.now()
  const memory: number[] = []
  const live: number[] = []
  let deaths = 0
  while (performance.now() - begun < seconds * 1_000) {
    await delay(KILL_EVERY_MS)
    memory.push(memoryOf(hubProcess.pid!))
    const at = Math.floor(Math.random() * PROCESSES)
    workers[at]!.kill('SIGKILL')
    workers[at] = startWorker()
    deaths++
    if (deaths % 25 === 0) live.push((await stateOf(hubProcess)).liveMiB)
    if (deaths % 25 === 0)
      console.error(
        `  ${deaths} processes killed, hub ${memory.at(-1)!.toFixed(0)} MiB, ${live.at(-1)!.toFixed(1)} alive`,
      )
  }
  await Promise.all(
    workers.map((child) => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      return ended
    }),
  )
  await delay(1_000)
  await using connection = await connect(url)
  await using receiver = await connection.receiver(jobs)
  for (
    let next = await receiver.receive({ timeoutMs: 1_000 });
    next;
    next = await receiver.receive({ timeoutMs: 1_000 })
  ) {
    received.add(next.body)
    await next.accept()
  }
  const { sessions, liveMiB } = await stateOf(hubProcess)
  const lost = [...confirmed].filter((body) => !received.has(body)).length
  console.log(
    `${deaths * CLIENTS} clients died; ${confirmed.size} confirmed, ${lost} lost; sessions left: ${sessions} (ours: 1); ` +
      `hub at most ${Math.max(...memory).toFixed(0)} MiB; alive in it ${(live[0] ?? 0).toFixed(1)} MiB at first, ${(live.at(-1) ?? 0).toFixed(1)} under load, ${liveMiB.toFixed(1)} now`,
  )
  hubProcess.kill()
  if (lost > 0 || sessions !== 1) process.exitCode = 1
}

const [role = '60', url = ''] = process.argv.slice(2)
if (role === 'hub') await hub()
else if (role === 'worker') await worker(url)
else await main(Number(role))
