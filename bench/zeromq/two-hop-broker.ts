/**
 * A broker as one writes it on zeromq.js from the chapter of the ZeroMQ guide on brokers: a ROUTER for those who send, a ROUTER for those
 * who work. It keeps what comes in memory, confirms it, hands it to whoever has room, and counts what was accepted.
 *
 *   sender   → broker   number, body                 broker → sender   number                    confirmed
 *   worker   → broker   `+`, room (uint32)           broker → worker   sender, number, body
 *   worker   → broker   `-`                          (accepted: room for one more)
 *   worker   → broker   `=`, sender, number, body    broker → sender   number, body              an answer
 *
 * The process is told nothing and says its two addresses.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Router } from 'zeromq'
import { Writer } from './writer.ts'

const ROLE = '--two-hop-broker'
const OPTIONS = { linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 } as const
const LISTEN = 'tcp://127.0.0.1:*'

export class TwoHopBroker {
  readonly front: string
  readonly back: string
  readonly #child: ChildProcess

  static async start(): Promise<TwoHopBroker> {
    const child = fork(fileURLToPath(import.meta.url), [ROLE], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
    })
    const [front, back] = await new Promise<string[]>((resolve, reject) => {
      child.once('message', (message) => resolve(message as string[]))
      child.once('exit', (code) => reject(new Error(`The broker of two hops ended with ${code}`)))
    })
    return new TwoHopBroker(front!, back!, child)
  }

  private constructor(front: string, back: string, child: ChildProcess) {
    this.front = front
    this.back = back
    this.#child = child
  }

  get pid(): number {
    return this.#child.pid!
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.disconnect()
    await ended
  }
}

async function serve(): Promise<void> {
  const [front, back] = [new Router(OPTIONS), new Router(OPTIONS)]
  await front.bind(LISTEN)
  await back.bind(LISTEN)
  const [toSenders, toWorkers] = [new Writer(front), new Writer(back)]
  let waiting: Buffer[][] = []
  let next = 0
  const workers: { readonly name: Buffer; room: number }[] = []
  const dispatch = (): void => {
    for (const worker of workers) {
      for (; worker.room > 0 && next < waiting.length; worker.room--) {
        void toWorkers.write([worker.name, ...waiting[next++]!])
      }
    }
    if (next > 1_000 && next * 2 > waiting.length) {
      waiting = waiting.slice(next)
      next = 0
    }
  }
  const takeMessages = async (): Promise<void> => {
    for await (const [sender, number, body] of front as AsyncIterable<Buffer[]>) {
      waiting.push([sender!, number!, body!])
      void toSenders.write([sender!, number!])
      dispatch()
    }
  }
  const takeVerdicts = async (): Promise<void> => {
    for await (const [worker, what, ...rest] of back as AsyncIterable<Buffer[]>) {
      const kind = what!.toString()
      if (kind === '+') workers.push({ name: worker!, room: rest[0]!.readUInt32LE(0) })
      else workers.find(({ name }) => name.equals(worker!))!.room++
      if (kind === '=') void toSenders.write(rest)
      dispatch()
    }
  }
  void takeMessages()
  void takeVerdicts()
  process.once('disconnect', () => process.exit())
  process.send!([front.lastEndpoint, back.lastEndpoint])
}

if (process.argv[2] === ROLE) await serve()
