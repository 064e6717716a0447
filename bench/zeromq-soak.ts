/**
 * A hundred clients that connect, work and die at random, in processes that are killed: afterwards the hub must hold no session but
 * ours, no more memory than after the first ten seconds, and every message it said it has.
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

/** The hub, alone in its process; answers with its sessions. */
async function hub(): Promise<void> {
  const running = await createHub({ listen: ['tcp://127.0.0.1:*'] })
  process.on('message', () => process.send!(running.sessions))
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
  return fork(process.argv[1]!, [role, url], { execArgv: process.execArgv })
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
  let deaths = 0
  while (performance.now() - begun < seconds * 1_000) {
    await delay(KILL_EVERY_MS)
    memory.push(memoryOf(hubProcess.pid!))
    const at = Math.floor(Math.random() * PROCESSES)
    workers[at]!.kill('SIGKILL')
    workers[at] = startWorker()
    deaths++
    if (deaths % 25 === 0) console.error(`  ${deaths} processes killed, hub ${memory.at(-1)!.toFixed(0)} MiB`)
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
  hubProcess.send('sessions')
  const sessions = await answer(hubProcess)
  const lost = [...confirmed].filter((body) => !received.has(body)).length
  const early = memory.slice(Math.floor(memory.length / 6), Math.floor(memory.length / 3))
  const late = memory.slice(-early.length)
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  console.log(
    `${deaths * CLIENTS} clients died; ${confirmed.size} confirmed, ${lost} lost; sessions left: ${sessions} (ours: 1); ` +
      `hub ${mean(early).toFixed(0)} MiB early, ${mean(late).toFixed(0)} MiB late, ${memoryOf(hubProcess.pid!).toFixed(0)} MiB now`,
  )
  hubProcess.kill()
  if (lost > 0 || sessions !== 1) process.exitCode = 1
}

const [role = '60', url = ''] = process.argv.slice(2)
if (role === 'hub') await hub()
else if (role === 'worker') await worker(url)
else await main(Number(role))
