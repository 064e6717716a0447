/** Queues, links and a bare client of their own for one message at a time: several lanes have several messages under way. */
import fc from 'fast-check'
import { type Connection, queue, type Receiver, type Sender } from '../../../src/index.ts'
import { uniqueName } from '../../support/names.ts'
import type { ForeignMessage } from './messages.ts'
import { PeerLost, RawPeer } from './raw-peer.ts'

export class Lane {
  readonly dead = queue(uniqueName('dead'))
  readonly from = queue<unknown>(uniqueName('from'), { deadLetter: this.dead })
  readonly to = queue<unknown>(uniqueName('to'))
  readonly plain = queue(uniqueName('plain'))
  readonly #connection: Connection
  readonly #url: string
  sender!: Sender<unknown>
  receiver!: Receiver<unknown>
  raw!: RawPeer
  /** The broker may end its connection: what another peer has taken shortly before would come back. */
  #ofPlain!: RawPeer

  private constructor(connection: Connection, url: string) {
    this.#connection = connection
    this.#url = url
  }

  static async open(connection: Connection, url: string): Promise<Lane> {
    const lane = new Lane(connection, url)
    for (const node of lane.#nodes) await connection.admin.declare(node)
    lane.sender = await connection.sender(lane.to)
    await lane.#openReading()
    return lane
  }

  async close(): Promise<void> {
    await this.#closeReading()
    for (const node of this.#nodes) await this.#connection.admin.delete(node)
  }

  /** The message as the broker hands it over; `undefined`: the broker ends the connection of the bare client that sends it. */
  async original(bytes: Buffer): Promise<Buffer | undefined> {
    try {
      await this.#ofPlain.send(this.plain.name, bytes)
      return await this.#ofPlain.take(this.plain.name)
    } catch (error) {
      if (!(error instanceof PeerLost)) throw error
      this.#ofPlain = await RawPeer.open(this.#url)
      await this.#connection.admin.purge(this.plain)
      return undefined
    }
  }

  /** A run that failed leaves its messages where they are: the next one begins with empty queues. */
  async clean(): Promise<void> {
    await this.#closeReading()
    for (const node of this.#nodes) await this.#connection.admin.purge(node)
    await this.#openReading()
  }

  get #nodes() {
    return [this.dead, this.from, this.to, this.plain]
  }

  async #openReading(): Promise<void> {
    this.receiver = await this.#connection.receiver(this.from, { credit: 1 })
    this.raw = await RawPeer.open(this.#url)
    this.#ofPlain = await RawPeer.open(this.#url)
  }

  async #closeReading(): Promise<void> {
    await this.raw.close()
    await this.#ofPlain.close()
    await this.receiver.close()
  }
}

export function messagesOf(message: fc.Arbitrary<ForeignMessage>, count: number) {
  return fc.tuple(...Array.from({ length: count }, () => message))
}

/** Each message by whichever lane is free. Rejects with the first failure when all lanes stand still, and all lanes are clean then. */
export async function byLanes(
  lanes: readonly Lane[],
  messages: readonly ForeignMessage[],
  check: (lane: Lane, bytes: Buffer) => Promise<void>,
): Promise<void> {
  const waiting = messages.values()
  let failure: Error | undefined
  await Promise.all(
    lanes.map(async (lane) => {
      for (const { bytes } of waiting) {
        if (failure) return
        try {
          await check(lane, bytes)
        } catch (cause) {
          failure ??= new Error(`${bytes.toString('hex')}: ${(cause as Error).message}`, { cause })
        }
      }
    }),
  )
  if (!failure) return
  for (const lane of lanes) await lane.clean()
  throw failure
}
