/** From the events of the tracing channels to spans and metrics: what is open, and when it ends. */
import type { Span } from '@opentelemetry/api'
import type { Trace } from '../index.ts'
import type { Meters } from './meters.ts'
import type { Spans } from './spans.ts'

interface Open {
  /** Unit: ms since 1970. */
  readonly startedAt: number
  /** Monotonic clock. Unit: ms. */
  readonly startedOn: number
  /** None while a receive waits: one that ends with nothing leaves none. */
  readonly span: Span | undefined
}

/** A receive that ends so was given up by the program: no failure, and no message. */
const GIVEN_UP: ReadonlySet<string> = new Set(['CLOSED', 'ABORTED'])

export class Observer {
  readonly #spans: Spans
  readonly #meters: Meters
  /** As many as there are operations under way. */
  readonly #open = new Map<Trace, Open>()

  constructor(spans: Spans, meters: Meters) {
    this.#spans = spans
    this.#meters = meters
  }

  started(trace: Trace): void {
    const span = trace.operation === 'receive' ? undefined : this.#spans.start(trace)
    this.#open.set(trace, { startedAt: Date.now(), startedOn: performance.now(), span })
  }

  ended(trace: Trace): void {
    const open = this.#open.get(trace)
    if (!open) return
    this.#open.delete(trace)
    if (trace.operation === 'receive' && !hasResult(trace)) return
    const span = open.span ?? this.#spans.start(trace, open.startedAt)
    this.#spans.end(span, trace)
    this.#meters.record(trace, (performance.now() - open.startedOn) / 1_000)
  }

  stop(): void {
    for (const { span } of this.#open.values()) span?.end()
    this.#open.clear()
  }
}

function hasResult({ messages, errorCode }: Trace): boolean {
  return messages.length > 0 || (errorCode !== undefined && !GIVEN_UP.has(errorCode))
}
