/**
 * Traces and metrics on the console: an order is sent, handled, and what its handler sends belongs to the same trace. The first try of the
 * handler fails, so that a retry can be seen.
 *
 *     npx tsx examples/telemetry/orders.ts [URL]
 *
 * In a program of yours the exporter of your tracing system stands where the console does here:
 * `new BatchSpanProcessor(new OTLPTraceExporter())` for a collector.
 */
import { context, propagation } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CBaggagePropagator } from '@opentelemetry/core'
import {
  ConsoleMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { connect, queue } from '../../src/index.ts'
import { instrument } from '../../src/telemetry/index.ts'

// What an SDK does when it starts: how the active span is kept, what travels beside the trace, where spans and metrics go.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CBaggagePropagator())
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())],
})
const meterProvider = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })],
})
const telemetry = instrument({ tracerProvider, meterProvider, settleSpans: true })

const orders = queue<{ id: number }>('example-traced-orders')
const invoices = queue<{ order: number }>('example-traced-invoices')

const connection = await connect(process.argv[2] ?? 'memory:')
let tries = 0
let finish: () => void
const handled = new Promise<void>((resolve) => {
  finish = resolve
})
const consumer = await connection.consume(
  orders,
  async ({ body }) => {
    console.log(`an order of tier ${propagation.getActiveBaggage()?.getEntry('tier')?.value}`)
    if (++tries === 1) throw new Error('not yet')
    await connection.send(invoices, { order: body.id })
    finish()
  },
  { retry: { minDelayMs: 10 }, onError: () => {} },
)

const tracer = tracerProvider.getTracer('shop')
const baggage = propagation.createBaggage({ tier: { value: 'gold' } })
await context.with(propagation.setBaggage(context.active(), baggage), () =>
  tracer.startActiveSpan('checkout', async (span) => {
    await connection.send(orders, { id: 7 })
    span.end()
  }),
)

await handled
await consumer.close()
await connection.admin.delete(orders)
await connection.admin.delete(invoices)
await connection.close()
telemetry.disable()
await meterProvider.shutdown()
await tracerProvider.shutdown()
