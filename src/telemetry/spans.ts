/** Spans: kind, parent, links, and their end. */
import {
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace as traces,
} from '@opentelemetry/api'
import type { Trace } from '../index.ts'
import { commonAttributes, messageAttributes, spanName } from './attributes.ts'
import { fill, spanContextOf, withBaggage } from './context.ts'

export class Spans {
  readonly #tracer: Tracer
  readonly #relation: 'parent' | 'link'

  constructor(tracer: Tracer, relation: 'parent' | 'link') {
    this.#tracer = tracer
    this.#relation = relation
  }

  /** Gives the outgoing message its context, and has a handler run inside its span. */
  start(trace: Trace, startTime?: number): Span {
    const parent = this.#parent(trace)
    const span = this.#tracer.startSpan(
      spanName(trace),
      {
        kind: kindOf(trace),
        attributes: { ...commonAttributes(trace), ...messageAttributes(trace) },
        links: linksOf(trace),
        startTime,
      },
      parent,
    )
    const within = traces.setSpan(parent, span)
    if (trace.operation === 'send' || trace.operation === 'request')
      fill(trace.carrier, within, span.spanContext())
    if (isHandler(trace)) trace.wrap((work) => context.with(within, work))
    return span
  }

  end(span: Span, trace: Trace): void {
    for (const { name, time } of trace.events) span.addEvent(name, time)
    if (trace.errorCode !== undefined) {
      span.setAttribute('error.type', trace.errorCode)
      span.setStatus({ code: SpanStatusCode.ERROR })
    }
    span.end()
  }

  /**
   * What is active where the program calls; a handler is called by nobody, and what was active when its consumer was opened has nothing to
   * do with its message. The message's own context stands in where no span is active.
   */
  #parent(trace: Trace): Context {
    const [message] = trace.messages
    const active = isHandler(trace) ? ROOT_CONTEXT : context.active()
    if (trace.batch || !message) return active
    const base = isHandler(trace) ? withBaggage(active, message.carried) : active
    const own = trace.operation !== 'receive' && this.#relation === 'parent' && !traces.getSpan(base)
    const creation = own ? spanContextOf(message.carried) : undefined
    return creation ? traces.setSpanContext(base, creation) : base
  }
}

function isHandler({ operation }: Trace): boolean {
  return operation === 'process' || operation === 'respond'
}

/** Whoever makes the context of a message is its producer. */
function kindOf({ operation, messages }: Trace): SpanKind {
  if (operation === 'process' || operation === 'respond') return SpanKind.CONSUMER
  const creates = operation === 'send' || operation === 'request'
  return creates && messages[0]?.carried?.traceparent === undefined ? SpanKind.PRODUCER : SpanKind.CLIENT
}

function linksOf({ messages }: Trace): Link[] {
  const links: Link[] = []
  for (const { carried } of messages) {
    const creation = spanContextOf(carried)
    if (creation) links.push({ context: creation })
  }
  return links
}
