/** Switches telemetry on and off for the whole process. */
import { tracingChannel } from 'node:diagnostics_channel'
import { diag, type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api'
import { checkKnownKeys } from '../core/options/known-keys.ts'
import { MessagingError, type Trace } from '../index.ts'
import { Meters } from './meters.ts'
import { Observer } from './observer.ts'
import { Spans } from './spans.ts'

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** Where spans go. Default: the global one, also where it is registered later. */
  tracerProvider?: TracerProvider | undefined
  /** Where metrics go. Default: the global one, which must have been registered before. */
  meterProvider?: MeterProvider | undefined
  /**
   * How the span of a handler, a forwarded message or a verdict belongs to the message's creation context: as its child, with a link as
   * well, or by the link alone, in a trace of its own. A batch and `receive()` have links only. Default `parent`.
   */
  relation?: 'parent' | 'link' | undefined
  /** A span for every verdict as well: `accept orders`, `release orders`, `reject orders`. Default false. */
  settleSpans?: boolean | undefined
}

/** Telemetry that is switched on. */
export interface Instrumentation {
  /** Switches it off; spans that are open end now. Idempotent. */
  disable(): void
}

const OPTIONS = ['tracerProvider', 'meterProvider', 'relation', 'settleSpans']

let on = false

/**
 * Makes spans and metrics of what every connection of this process sends, receives, handles and settles, and puts the W3C context
 * (`traceparent`, `tracestate`, and `baggage` where the global propagator knows it) into the properties of what is sent. Handlers of
 * `consume`, `consumeBatch` and `respond` run inside their span. Call it once, after the SDK was started.
 *
 * @throws `CONFIG_INVALID` on an unknown or unusable option, and when it is on already: every span would be there twice
 * @example
 * import { instrument } from 'sluice/opentelemetry'
 * const telemetry = instrument({ settleSpans: true })
 * // …
 * telemetry.disable()
 */
export function instrument(options: InstrumentOptions = {}): Instrumentation {
  check(options)
  const spans = new Spans((options.tracerProvider ?? trace).getTracer('sluice'), options.relation ?? 'parent')
  const meters = new Meters((options.meterProvider ?? metrics).getMeter('sluice'))
  const observer = new Observer(spans, meters)
  const heard = [
    'send',
    'receive',
    'process',
    'request',
    'respond',
    ...(options.settleSpans ? ['settle'] : []),
  ]
  const channels = heard.map((name) => tracingChannel<unknown, Trace>(`sluice:${name}`))
  const started = (message: unknown): void => guarded(() => observer.started(message as Trace))
  const ended = (message: unknown): void => guarded(() => observer.ended(message as Trace))
  for (const { start, asyncEnd } of channels) {
    start.subscribe(started)
    asyncEnd.subscribe(ended)
  }
  on = true
  let enabled = true
  return {
    disable() {
      if (!enabled) return
      enabled = false
      on = false
      for (const { start, asyncEnd } of channels) {
        start.unsubscribe(started)
        asyncEnd.unsubscribe(ended)
      }
      observer.stop()
    },
  }
}

/** What a subscriber of a channel throws ends the process: a sampler or an exporter that fails must cost a span and no more. */
function guarded(work: () => void): void {
  try {
    work()
  } catch (error) {
    diag.error('sluice: telemetry failed', error)
  }
}

function check(options: InstrumentOptions): void {
  checkKnownKeys(options, OPTIONS, 'instrument()')
  const { relation, settleSpans } = options
  if (relation !== undefined && relation !== 'parent' && relation !== 'link')
    throw invalid('relation', relation, "'parent' or 'link'")
  if (settleSpans !== undefined && typeof settleSpans !== 'boolean')
    throw invalid('settleSpans', settleSpans, 'a boolean')
  if (on)
    throw new MessagingError('CONFIG_INVALID', 'instrument(): telemetry is on already', {
      hint: 'Call disable() of the first one before.',
    })
}

function invalid(option: string, value: unknown, allowed: string): MessagingError {
  return new MessagingError('CONFIG_INVALID', `instrument(): ${option}: ${String(value)} is not ${allowed}`, {
    context: { option },
  })
}
