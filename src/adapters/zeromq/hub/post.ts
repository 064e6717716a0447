/** The hub's one writer: takes turns among the peers that have something to be told. */
import type { Router } from 'zeromq'
import { Deque } from '../../../core/deque.ts'
import { MessagingError } from '../../../model/errors.ts'
import { RecordWriter } from '../codec/records.ts'
import { toWire } from '../errors.ts'
import { HOLD_BACK_MS } from '../wire/outbox.ts'
import { Op } from '../wire/protocol.ts'
import type { Peer } from './peer.ts'

/** Strangers must not fill memory with refusals: beyond so many waiting ones they get none. */
const MAX_REFUSALS = 1_000
/** A peer that does not read is dropped when so much waits for it, beside what ZeroMQ holds. Unit: bytes. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024

/** ZeroMQ does not tell when a peer that was full has room again: it is asked, the longer nothing moves the less often. Unit: ms. */
const LEAST_RETRY_MS = 2
const MOST_RETRY_MS = 250

interface Refusal {
  readonly identity: Buffer
  readonly batch: Buffer
}

export class Post {
  readonly #router: Router
  readonly #unreachable: (peer: Peer, reason: string) => void
  readonly #ready = new Deque<Peer>()
  readonly #refusals = new Deque<Refusal>()
  readonly #later = new Set<Peer>()
  #laterTimer: NodeJS.Timeout | undefined
  #stalled: Peer[] = []
  #retryTimer: NodeJS.Timeout | undefined
  #retryMs = LEAST_RETRY_MS
  #scheduled = false
  #sending = false
  #sent: Promise<void> = Promise.resolve()
  #over = false

  /** `unreachable`: the peer's connection is gone, or it reads nothing; the reason is for the peer. */
  constructor(router: Router, unreachable: (peer: Peer, reason: string) => void) {
    this.#router = router
    this.#unreachable = unreachable
  }

  /** Call after writing records for a peer. */
  touched(peer: Peer): void {
    if (!peer.queued) {
      peer.queued = true
      this.#ready.push(peer)
    }
    // A full batch goes at once: the peer can work on it while the rest of the turn is done here.
    if (peer.batches.seal()) this.#start()
    this.#schedule()
  }

  /** Like {@link touched}, for what may wait {@link HOLD_BACK_MS} for company. */
  touchedLater(peer: Peer): void {
    if (peer.queued) return
    this.#later.add(peer)
    this.#laterTimer ??= setTimeout(() => {
      this.#laterTimer = undefined
      for (const each of this.#later) if (each.batches.bytes > 0) this.touched(each)
      this.#later.clear()
    }, HOLD_BACK_MS)
  }

  /** Tells a stranger why it gets no session. */
  refuse(identity: Buffer, error: unknown): void {
    if (this.#refusals.length >= MAX_REFUSALS) return
    const records = new RecordWriter()
    records.json(Op.REFUSED, 0, { error: toWire(error) })
    this.#refusals.push({ identity: Buffer.from(identity), batch: records.take() })
    this.#schedule()
  }

  /** Tries again with those that did not read. */
  #retry(): void {
    this.#retryTimer = undefined
    for (const peer of this.#stalled.splice(0)) {
      peer.queued = false
      this.touched(peer)
    }
  }

  /** Resolves when what was written is with ZeroMQ. */
  async flush(): Promise<void> {
    do {
      this.#start()
      await this.#sent
    } while (this.#ready.length > 0 && !this.#over)
  }

  end(): void {
    this.#over = true
    clearTimeout(this.#laterTimer)
    clearTimeout(this.#retryTimer)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#start()
    })
  }

  #start(): void {
    if (!this.#sending && !this.#over) this.#sent = this.#run()
  }

  async #run(): Promise<void> {
    this.#sending = true
    try {
      for (let refusal = this.#refusals.shift(); refusal; refusal = this.#refusals.shift())
        await this.#router.send([refusal.identity, refusal.batch]).catch(() => {})
      for (let peer = this.#ready.shift(); peer && !this.#over; peer = this.#ready.shift())
        await this.#sendTo(peer)
    } finally {
      this.#sending = false
    }
  }

  async #sendTo(peer: Peer): Promise<void> {
    peer.queued = false
    peer.saidAt = performance.now()
    peer.batches.sealAll()
    for (let batch = peer.batches.take(); batch; batch = peer.batches.take()) {
      try {
        await this.#router.send([peer.identity, batch])
        this.#retryMs = LEAST_RETRY_MS
        peer.sent()
      } catch (error) {
        this.#failed(peer, batch, error as NodeJS.ErrnoException)
        return
      }
    }
  }

  #failed(peer: Peer, batch: Buffer, error: NodeJS.ErrnoException): void {
    if (this.#over) return
    if (error.code === 'EHOSTUNREACH') this.#unreachable(peer, 'its connection is gone')
    else if (error.code !== 'EAGAIN') {
      this.#unreachable(peer, error.message)
      process.emitWarning(new MessagingError('INTERNAL', 'The hub could not send', { cause: error }))
    } else if (peer.batches.bytes > MAX_WAITING_BYTES) this.#unreachable(peer, 'it reads nothing')
    else {
      // It stays queued, so that nobody sends around what waits.
      peer.batches.putBack(batch)
      peer.queued = true
      this.#stalled.push(peer)
      this.#retryTimer ??= setTimeout(() => this.#retry(), this.#retryMs)
      this.#retryMs = Math.min(MOST_RETRY_MS, this.#retryMs * 2)
    }
  }
}
