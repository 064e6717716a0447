/** Requests without pause, and a live subscription that is published to: what no broker keeps while a node is away, and must work again. */
import { setTimeout as delay } from 'node:timers/promises'
import type { BroadcastAddress, Connection, Receiver, Responder, ServiceAddress } from '../../../src/index.ts'
import type { Watch } from '../random/watch.ts'
import { Pulse } from './pulse.ts'

const ASKERS = 8
/** Unit: ms. */
const REQUEST_MS = 5_000
/** Unit: ms. */
const PAUSE_MS = 20

export class Asking {
  readonly pulse = new Pulse('answers')
  answered = 0
  failed = 0
  #running = true
  #responder: Responder | undefined
  #work: Promise<void>[] = []

  async begin(
    service: ServiceAddress<number, number>,
    asking: Connection,
    answering: Connection,
    watch: Watch,
  ): Promise<void> {
    this.#responder = await answering.respond(service, (request) => request.body, { concurrency: ASKERS })
    this.#work = Array.from({ length: ASKERS }, (_, at) => this.#ask(service, asking, watch, at * 1e6))
  }

  async #ask(
    service: ServiceAddress<number, number>,
    connection: Connection,
    watch: Watch,
    first: number,
  ): Promise<void> {
    for (let at = first; this.#running; at++) {
      const { value, error } = await watch.outcome('request', REQUEST_MS, () =>
        connection.request(service, at, { timeoutMs: REQUEST_MS }),
      )
      if (error === undefined) {
        this.answered++
        this.pulse.beat()
        if (value!.body !== at) watch.problem(`asked ${at}, got ${value!.body}`)
      } else this.failed++
      await delay(PAUSE_MS)
    }
  }

  async close(): Promise<void> {
    this.#running = false
    await Promise.all(this.#work)
    await this.#responder!.close()
  }
}

export class Live {
  readonly pulse = new Pulse('live')
  published = 0
  came = 0
  #running = true
  #receiver: Receiver<number> | undefined
  #work: Promise<void> | undefined

  async begin(
    node: BroadcastAddress<number>,
    publishing: Connection,
    listening: Connection,
    watch: Watch,
  ): Promise<void> {
    this.#receiver = await listening.receiver(node)
    void this.#listen(this.#receiver, watch)
    this.#work = this.#publish(node, publishing, watch)
  }

  async #listen(receiver: Receiver<number>, watch: Watch): Promise<void> {
    try {
      for await (const delivery of receiver) {
        this.came++
        this.pulse.beat()
        await delivery.accept().catch(() => {})
      }
    } catch (error) {
      watch.problem(`the live subscription ended: ${(error as Error).message}`)
    }
  }

  async #publish(node: BroadcastAddress<number>, connection: Connection, watch: Watch): Promise<void> {
    while (this.#running) {
      const send = () => connection.send(node, this.published, { timeoutMs: REQUEST_MS })
      const { error } = await watch.outcome('publish', REQUEST_MS, send)
      if (error === undefined) this.published++
      await delay(PAUSE_MS)
    }
  }

  async close(): Promise<void> {
    this.#running = false
    await this.#work
    await this.#receiver?.close()
  }
}
