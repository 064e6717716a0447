/**
 * `sluice/opentelemetry`: spans and metrics of every message, by the messaging conventions of OpenTelemetry.
 *
 * It listens to the tracing channels of the library, which knows nothing of it; `docs/telemetry.md` has the tables.
 */
export { contextOf } from './context.ts'
export { type Instrumentation, type InstrumentOptions, instrument } from './instrument.ts'
