/**
 * One kind of work by the library beside it, which may be an older one: only calls that both have. Prints its figures as JSON.
 *
 * Two connections of one process: messages go from one to the other. What the first seconds bring, while code is being compiled, does not count.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { connect, queue, type Receiver, type Sender, service, topic } from '../../src/index.ts'

/** What one process is to do. */
export interface Work {
  readonly url: string
  readonly kind: 'queue' | 'live' | 'request'
  readonly bytes: number
  readonly durable: boolean
}

export interface Figures {
  /** Messages a second, or requests. */
  readonly rate: number
  /** Processor time of this process for each of them. Unit: µs. */
  readonly cpuUs: number
}

const WARM_MS = 2_500
const MEASURED_MS = 2_500
const IN_FLIGHT = 1_000
const CREDIT = 1_000

class Meter {
  #count = 0

  get count(): number {
    return this.#count
  }

  tick(): void {
    this.#count++
  }

  async figures(): Promise<Figures> {
    await delay(WARM_MS)
    const [first, from, before] = [this.#count, performance.now(), process.cpuUsage()]
    await delay(MEASURED_MS)
    const done = this.#count - first
    const { user, system } = process.cpuUsage(before)
    return { rate: (done / (performance.now() - from)) * 1_000, cpuUs: (user + system) / done }
  }
}

/** Keeps so many on their way until it is over. */
async function sendAll(
  sender: Sender<Buffer>,
  { bytes, durable, kind }: Work,
  meter: Meter,
  over: AbortSignal,
): Promise<void> {
  // A live subscriber that has no room for a message loses it.
  const mostWaiting = kind === 'live' ? CREDIT / 2 : 2 * CREDIT
  const fields = kind === 'live' ? { durable, subject: 'pairs' } : { durable }
  const body = Buffer.alloc(bytes, 'x')
  let sent = 0
  const one = async (): Promise<void> => {
    while (!over.aborted) {
      if (sent - meter.count > mostWaiting) await delay(1)
      else {
        sent++
        await sender.send(body, fields)
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, one))
}

async function receiveAll(receiver: Receiver<Buffer>, meter: Meter): Promise<void> {
  for await (const delivery of receiver) {
    void delivery.accept()
    meter.tick()
  }
}

async function messages(work: Work): Promise<Figures> {
  await using sending = await connect(work.url)
  await using receiving = await connect(work.url)
  const name = `pairs-${process.pid}`
  const isQueue = work.kind === 'queue'
  const source = isQueue ? queue<Buffer>(name) : topic<Buffer>(name).matching('#')
  const meter = new Meter()
  const over = new AbortController()
  const receiver = await receiving.receiver(source, { credit: CREDIT })
  const target = isQueue ? queue<Buffer>(name) : topic<Buffer>(name)
  const sender = await sending.sender(target, { capacity: IN_FLIGHT })
  const received = receiveAll(receiver, meter)
  const sent = sendAll(sender, work, meter, over.signal)
  const figures = await meter.figures()
  over.abort()
  await sent
  await receiver.close()
  await received
  if (isQueue) await receiving.admin.delete(queue(name))
  return figures
}

/** One after the other. */
async function requests(work: Work): Promise<Figures> {
  await using asking = await connect(work.url)
  await using answering = await connect(work.url)
  const echo = service<Buffer, Buffer>(`pairs-${process.pid}`)
  await using _ = await answering.respond(echo, ({ body }) => body)
  const body = Buffer.alloc(work.bytes, 'x')
  const meter = new Meter()
  let over = false
  const asked = (async () => {
    while (!over) {
      await asking.request(echo, body)
      meter.tick()
    }
  })()
  const figures = await meter.figures()
  over = true
  await asked
  return figures
}

const work = JSON.parse(process.argv[2]!) as Work
const figures = await (work.kind === 'request' ? requests(work) : messages(work))
process.stdout.write(JSON.stringify(figures))
process.exit()
