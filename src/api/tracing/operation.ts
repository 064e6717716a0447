/**
 * The tracing channels of Node on which this library tells what it does: one for each kind of operation, so that a subscriber pays for
 * what it listens to only. Unheard, an operation costs a look at its channel.
 */
import { AsyncResource } from 'node:async_hooks'
import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { MessagingError } from '../../model/errors.ts'
import type { IncomingMessage, OutgoingMessage } from '../../model/message.ts'
import type { NodePlan } from '../address/node-plan.ts'
import type { LinkHost } from '../link/link-host.ts'
import type { WireMessage } from '../message/wire-message.ts'
import { carriedBy } from './carrier.ts'
import { Trace, type TracedMessage, type TracePlace } from './trace.ts'

const channelOf = (operation: Trace['operation']): TracingChannel<unknown, Trace> =>
  tracingChannel<unknown, Trace>(`sluice:${operation}`)

const tracing: Readonly<Record<Trace['operation'], TracingChannel<unknown, Trace>>> = {
  send: channelOf('send'),
  receive: channelOf('receive'),
  process: channelOf('process'),
  settle: channelOf('settle'),
  request: channelOf('request'),
  respond: channelOf('respond'),
}

/** Whoever begins an operation looks first whether its channel is heard (`channels.send.hasSubscribers`). */
export const channels: Readonly<Record<Trace['operation'], { readonly hasSubscribers: boolean }>> = tracing

/** Operations that call the application and have something to do afterwards. */
const HANDLERS: ReadonlySet<Trace['operation']> = new Set(['process', 'respond'])

/** One operation that somebody listens to. */
export class Operation {
  readonly trace: Trace
  readonly #channel: TracingChannel<unknown, Trace>
  #scope: AsyncResource | undefined

  constructor(kind: Trace['operation'], host: LinkHost, place: TracePlace, batch = false) {
    this.trace = new Trace(kind, host, place, batch)
    this.#channel = tracing[kind]
  }

  of(messages: readonly (IncomingMessage | OutgoingMessage)[]): this {
    this.trace.messages = messages.map(traced)
    return this
  }

  /** Tells `start` and runs `work` in the context that the subscribers want. Call {@link end} when the operation is over. */
  run<T>(work: () => T): T {
    return this.#channel.start.runStores(this.trace, () =>
      Trace.enter(this.trace, () => {
        if (HANDLERS.has(this.trace.operation)) this.#scope = new AsyncResource('SluiceOperation')
        try {
          return work()
        } finally {
          this.#channel.end.publish(this.trace)
        }
      }),
    )
  }

  /** The whole operation is the promise that `work` returns. */
  async promise<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await this.run(work)
      this.end()
      return result
    } catch (error) {
      this.failed(error)
      throw error
    }
  }

  /** What belongs to the operation and comes after its end: a verdict, an answer. Runs in the same context. */
  within<T>(work: () => T): T {
    return this.#scope ? this.#scope.runInAsyncScope(work) : work()
  }

  end(): void {
    this.#channel.asyncStart.publish(this.trace)
    this.#channel.asyncEnd.publish(this.trace)
  }

  failed(error: unknown): void {
    this.trace.errorCode = error instanceof MessagingError ? error.code : 'HANDLER_FAILED'
    this.#channel.error.publish(this.trace)
    this.end()
  }
}

/** A handler about to be called with one delivery, or with a list of them; `undefined` when nobody listens. It is called by {@link Operation.run}. */
export function processing(
  host: LinkHost,
  plan: NodePlan,
  deliveries: WireMessage | readonly WireMessage[],
): Operation | undefined {
  if (!channels.process.hasSubscribers) return undefined
  const batch = Array.isArray(deliveries)
  const messages = [deliveries].flat().map(({ incoming }) => incoming)
  return new Operation('process', host, placeOf(plan), batch).of(messages)
}

/** As {@link processing}, of a handler whose result is an answer. */
export function responding(host: LinkHost, plan: NodePlan, request: WireMessage): Operation | undefined {
  if (!channels.respond.hasSubscribers) return undefined
  return new Operation('respond', host, placeOf(plan)).of([request.incoming])
}

/** Runs `work` as a part of an operation that is perhaps not listened to. */
export function within<T>(operation: Operation | undefined, work: () => T): T {
  return operation ? operation.within(work) : work()
}

/** The address in the words of a trace. */
export function placeOf({ label, subscription }: NodePlan): TracePlace {
  return { address: label, subscription: subscription?.name }
}

function traced(message: IncomingMessage | OutgoingMessage): TracedMessage {
  return {
    id: message.id,
    correlationId: message.correlationId,
    carried: carriedBy(message),
  }
}
