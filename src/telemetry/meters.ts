/** Metrics of the messaging conventions. */
import type { Counter, Histogram, Meter } from '@opentelemetry/api'
import type { Trace } from '../index.ts'
import { commonAttributes } from './attributes.ts'

/** Bounds that the conventions fix. Unit: s. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

export class Meters {
  readonly #operation: Histogram
  readonly #process: Histogram
  readonly #sent: Counter
  readonly #consumed: Counter

  constructor(meter: Meter) {
    const seconds = { unit: 's', advice: { explicitBucketBoundaries: BOUNDS } }
    const messages = { unit: '{message}' }
    this.#operation = meter.createHistogram('messaging.client.operation.duration', {
      description: 'Duration of messaging operation initiated by a producer or consumer client.',
      ...seconds,
    })
    this.#process = meter.createHistogram('messaging.process.duration', {
      description: 'Duration of processing operation.',
      ...seconds,
    })
    this.#sent = meter.createCounter('messaging.client.sent.messages', {
      description: 'Number of messages producer attempted to send to the broker.',
      ...messages,
    })
    this.#consumed = meter.createCounter('messaging.client.consumed.messages', {
      description: 'Number of messages that were delivered to the application.',
      ...messages,
    })
  }

  /** An operation that is over. */
  record(trace: Trace, seconds: number): void {
    const attributes = commonAttributes(trace)
    const handler = trace.operation === 'process' || trace.operation === 'respond'
    const duration = handler ? this.#process : this.#operation
    duration.record(seconds, attributes)
    if (trace.operation === 'send' || trace.operation === 'request') this.#sent.add(1, attributes)
    else if (trace.operation !== 'settle') this.#consumed.add(trace.messages.length, attributes)
  }
}
