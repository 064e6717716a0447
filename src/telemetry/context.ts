/** W3C context in the words of OpenTelemetry. */
import {
  type Context,
  context,
  createTraceState,
  diag,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api'
import { type ReceivedMessage, type TraceCarrier, traceCarrierOf } from '../index.ts'

/**
 * The active context with the message's own trace as parent, and its baggage: for a loop over `receive()`, which the library cannot run
 * inside a span. Handlers of `consume` and `respond` have it already. Without a context in the message: the active one.
 *
 * @example
 * for await (const delivery of receiver)
 *   await context.with(contextOf(delivery), () => tracer.startActiveSpan('work', (span) => work(delivery).finally(() => span.end())))
 */
export function contextOf(message: ReceivedMessage): Context {
  return withCarrier(context.active(), traceCarrierOf(message))
}

/** `base` with what a message carries. */
function withCarrier(base: Context, carried: Readonly<TraceCarrier> | undefined): Context {
  const parent = spanContextOf(carried)
  const within = withBaggage(base, carried)
  return parent ? trace.setSpanContext(within, parent) : within
}

/** Baggage is taken over where the program's propagator knows it: whoever left it out does not want it. */
export function withBaggage(base: Context, carried: Readonly<TraceCarrier> | undefined): Context {
  if (carried?.baggage === undefined) return base
  const baggage = propagation.getBaggage(extracted(carried.baggage))
  return baggage ? propagation.setBaggage(base, baggage) : base
}

/** The text is a stranger's, and some propagators throw at what they cannot decode. */
function extracted(baggage: string): Context {
  try {
    return propagation.extract(ROOT_CONTEXT, { baggage })
  } catch (error) {
    diag.warn('sluice: the baggage of a message cannot be read', error)
    return ROOT_CONTEXT
  }
}

/** Whose ids a message carries. */
export function spanContextOf(carried: Readonly<TraceCarrier> | undefined): SpanContext | undefined {
  if (carried?.traceparent === undefined) return undefined
  const [, traceId, spanId, flags] = carried.traceparent.split('-') as [string, string, string, string]
  const traceState = carried.tracestate === undefined ? undefined : createTraceState(carried.tracestate)
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true, traceState }
}

/** Writes the context of a span, and the baggage around it. */
export function fill(carrier: TraceCarrier, within: Context, span: SpanContext): void {
  const all: Record<string, string> = {}
  propagation.inject(within, all)
  if (all.baggage !== undefined) carrier.baggage = all.baggage
  if (!isSpanContextValid(span)) return
  const flags = span.traceFlags.toString(16).padStart(2, '0')
  carrier.traceparent = `00-${span.traceId}-${span.spanId}-${flags}`
  const state = span.traceState?.serialize()
  if (state) carrier.tracestate = state
}
