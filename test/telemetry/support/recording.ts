/** Telemetry with the SDK's in-memory exporters, and what it recorded as plain data. */
import { context, propagation, type Span, SpanKind, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { type Instrumentation, type InstrumentOptions, instrument } from '../../../src/telemetry/index.ts'

/** One span, with its relations by name. */
export interface SpanLine {
  name: string
  kind: string
  parent: string | undefined
  links: string[]
  error: boolean
  events: string[]
  attributes: Record<string, unknown>
}

export interface MetricLine {
  name: string
  unit: string
  bounds: number[] | undefined
  /** Of each series: how many, and its attributes. */
  series: { count: number; attributes: Record<string, unknown> }[]
}

/** On from {@link start} to disposal. One at a time: the context of OpenTelemetry is global. */
export class Recording implements AsyncDisposable {
  readonly spans = new InMemorySpanExporter()
  /** Those that have not ended, too. */
  readonly begun: ReadableSpan[] = []
  readonly tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.spans), beginnings(this.begun)],
  })
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  readonly #reader = new PeriodicExportingMetricReader({
    exporter: this.#metrics,
    exportIntervalMillis: 2 ** 30,
    exportTimeoutMillis: 2 ** 29,
  })
  readonly meterProvider = new MeterProvider({ readers: [this.#reader] })
  readonly #instrumentation: Instrumentation

  constructor(options: InstrumentOptions = {}) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    propagation.setGlobalPropagator(
      new CompositePropagator({
        propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
      }),
    )
    this.#instrumentation = instrument({
      tracerProvider: this.tracerProvider,
      meterProvider: this.meterProvider,
      ...options,
    })
  }

  /** Runs `work` in a span of the application's own. */
  active<T>(name: string, work: (span: Span) => Promise<T>): Promise<T> {
    return this.tracerProvider
      .getTracer('test')
      .startActiveSpan(name, (span) => work(span).finally(() => span.end()))
  }

  finished(): ReadableSpan[] {
    return this.spans.getFinishedSpans()
  }

  /** All spans in the order they began, names of parents and links in place of their ids. */
  lines(): SpanLine[] {
    const all = this.finished()
    const nameOf = (id: string | undefined): string | undefined =>
      id === undefined ? undefined : (all.find((span) => span.spanContext().spanId === id)?.name ?? 'unknown')
    return [...all].sort(byStart).map((span) => ({
      name: span.name,
      kind: SpanKind[span.kind]!,
      parent: nameOf(span.parentSpanContext?.spanId),
      links: span.links.map(({ context: { spanId } }) => nameOf(spanId)!),
      error: span.status.code === 2,
      events: span.events.map(({ name }) => name),
      attributes: { ...span.attributes },
    }))
  }

  async metrics(): Promise<MetricLine[]> {
    await this.#reader.forceFlush()
    const scopes = this.#metrics.getMetrics().at(-1)?.scopeMetrics ?? []
    return scopes
      .flatMap(({ metrics }) => metrics)
      .map((metric) => {
        const histogram = metric.dataPointType === DataPointType.HISTOGRAM
        return {
          name: metric.descriptor.name,
          unit: metric.descriptor.unit,
          bounds: histogram ? metric.dataPoints[0]?.value.buckets.boundaries : undefined,
          series: metric.dataPoints.map(({ value, attributes }) => ({
            count: typeof value === 'number' ? value : (value as { count: number }).count,
            attributes: { ...attributes },
          })),
        }
      })
  }

  /** Switches telemetry off, and leaves the SDK on. */
  disable(): void {
    this.#instrumentation.disable()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disable()
    await this.meterProvider.shutdown()
    await this.tracerProvider.shutdown()
    trace.disable()
    context.disable()
    propagation.disable()
  }
}

function beginnings(begun: ReadableSpan[]): SpanProcessor {
  return {
    onStart: (span) => void begun.push(span),
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
  }
}

function byStart({ startTime: a }: ReadableSpan, { startTime: b }: ReadableSpan): number {
  return a[0] - b[0] || a[1] - b[1]
}
