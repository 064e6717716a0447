/**
 * Sends chosen messages of a dead-letter queue back, and leaves the others where they are.
 *
 * It looks through the queue with a browser that may take what it shows. A chosen message is sent, and taken out when its target
 * has confirmed it: a crash in between sends it again with the same id, and never loses it. The window of the browser bounds what is
 * under way, and so memory, however long the queue is; the walk ends with what was there at its beginning.
 */
import { abortedError } from '../../core/aborts.ts'
import { calledSafely, isPromiseLike, warnProcess } from '../../core/called-safely.ts'
import { revivedProperties } from '../../model/copy.ts'
import { isMessagingError } from '../../model/errors.ts'
import type { NodePlan } from '../address/node-plan.ts'
import { refuseUnsupported } from '../address/refusal.ts'
import type { LinkHost } from '../link/link-host.ts'
import { DEFAULT_TIMEOUT_MS } from '../options.ts'
import { AttachedReceiver } from '../receive/attached-receiver.ts'
import type { LinkDelivery } from '../receive/link-delivery.ts'
import type { AttachedSender } from '../send/attached-sender.ts'
import { Reasons } from './reasons.ts'
import { checkReplay, type ReplayOptions, type ReplayReport } from './replay-options.ts'
import { Routes } from './routes.ts'

/** Messages that are looked at, or on their way, at once. */
const WINDOW = 500
/** Between two words of the progress. Unit: ms. */
const PROGRESS_MS = 100

export async function replay<Body>(
  host: LinkHost,
  plan: NodePlan,
  options: ReplayOptions<Body> | undefined,
): Promise<ReplayReport> {
  const checked = checkReplay(options)
  if (!checked.dryRun) refuseUnsupported(host.capabilities, 'replay', plan)
  return new Replay<Body>(host, plan, checked).run()
}

class Replay<Body> {
  readonly #host: LinkHost
  readonly #plan: NodePlan
  readonly #options: ReplayOptions<Body>
  readonly #reasons = new Reasons()
  readonly #routes: Routes
  readonly #underWay = new Set<Promise<void>>()
  #looked = 0
  #matched = 0
  #replayed = 0
  #told = performance.now()
  /** The first failure that ends it. */
  #failure: { readonly error: unknown } | undefined
  /** Its report is made. */
  #over = false

  constructor(host: LinkHost, plan: NodePlan, options: ReplayOptions<Body>) {
    const { timeoutMs, signal } = options
    this.#host = host
    this.#plan = plan
    this.#options = options
    this.#routes = new Routes(host, { timeoutMs, signal })
  }

  async run(): Promise<ReplayReport> {
    const { to = 'origin', dryRun, timeoutMs, signal } = this.#options
    try {
      if (to !== 'origin' && !dryRun) await this.#routes.all(to)
      const receiver = await AttachedReceiver.open<Body>(this.#host, this.#plan, {
        mode: 'browse',
        takes: !dryRun,
        credit: WINDOW,
        timeoutMs,
        signal,
      })
      try {
        await this.#walk(receiver)
      } finally {
        await Promise.all(this.#underWay)
        await receiver.close()
      }
    } finally {
      await this.#routes.close()
    }
    if (this.#failure) throw this.#failure.error
    this.#tell(true)
    if (this.#failure) throw (this.#failure as { readonly error: unknown }).error
    this.#over = true
    return this.#report()
  }

  async #walk(receiver: AttachedReceiver<Body>): Promise<void> {
    const { limit = Number.POSITIVE_INFINITY, where, signal } = this.#options
    while (this.#matched < limit && !this.#failure) {
      if (signal?.aborted) throw abortedError(signal, 'replay')
      const letter = await receiver.receive({ signal })
      if (!letter) return
      this.#looked++
      if (where && !chosenBy(where, letter)) letter.tryAccept()
      else await this.#chosen(letter)
      this.#tell(false)
    }
  }

  /** Begins to send it; its place in the order is taken when this resolves. */
  async #chosen(letter: LinkDelivery<Body>): Promise<void> {
    this.#matched++
    this.#reasons.add(letter.properties)
    const sender = this.#options.dryRun ? undefined : await this.#routes.senderFor(letter.properties)
    if (!sender) {
      letter.tryAccept()
      return
    }
    const sending = this.#send(letter, sender)
      .catch((error) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#underWay.delete(sending)
        this.#tell(false)
      })
    this.#underWay.add(sending)
  }

  /** order: taken out of its queue when its target has it. */
  async #send(letter: LinkDelivery<Body>, sender: AttachedSender): Promise<void> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options
    try {
      await sender.forwardWith(letter, revivedProperties(letter.properties), timeoutMs)
    } catch (error) {
      letter.tryAccept()
      this.#routes.refused(letter.properties, error)
      return
    }
    try {
      await letter.take()
    } catch (error) {
      // Somebody else took it meanwhile: it may be handled twice, as at least once allows.
      if (!isMessagingError(error, 'DELIVERY_LOST')) throw error
    }
    this.#replayed++
  }

  #tell(atOnce: boolean): void {
    const { onProgress } = this.#options
    if (!onProgress || (!atOnce && performance.now() - this.#told < PROGRESS_MS)) return
    this.#told = performance.now()
    const progress = { looked: this.#looked, matched: this.#matched, replayed: this.#replayed }
    calledSafely(
      () => onProgress(progress),
      (error) => {
        if (this.#over) warnProcess(error)
        else this.#failure ??= { error }
      },
    )
  }

  #report(): ReplayReport {
    return {
      looked: this.#looked,
      matched: this.#matched,
      replayed: this.#replayed,
      reasons: this.#reasons.list(),
      otherReasons: this.#reasons.others,
      refused: this.#routes.refusals,
    }
  }
}

/** A promise is true whatever it will say: all letters would go. */
function chosenBy<Body>(
  where: NonNullable<ReplayOptions<Body>['where']>,
  letter: LinkDelivery<Body>,
): boolean {
  const chosen: unknown = where(letter)
  if (!isPromiseLike(chosen)) return Boolean(chosen)
  Promise.resolve(chosen).catch(() => {})
  throw new TypeError('replay(): where gave a promise; it must say at once whether a message goes back')
}
