/**
 * `--trace`: tells on stderr which trace each message belongs to, so that it can be found in a tracing system. A message that is sent
 * without one begins one, or continues that of the environment variable `TRACEPARENT`, by which programs hand a trace to programs they start.
 */
import { randomBytes } from 'node:crypto'
import { tracingChannel } from 'node:diagnostics_channel'
import type { Trace } from '../../index.ts'
import type { Context } from '../command/command.ts'
import { visible } from '../print/terminal-text.ts'

const SENDS = ['send', 'request'] as const
const TAKES = ['receive', 'respond'] as const
/** Version, trace id, span id, flags. */
const PARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/

/** Listens from now on; the returned function ends that. Does nothing without the option. */
export function traceLines({ args, command, err }: Context): () => void {
  if (!command.options.some(({ name }) => name === 'trace') || !args.flag('trace')) return () => {}
  const heard = [
    ...SENDS.map((operation) => ({
      channel: tracingChannel<unknown, Trace>(`sluice:${operation}`).start,
      listener: begin,
    })),
    ...SENDS.map((operation) => ({
      channel: tracingChannel<unknown, Trace>(`sluice:${operation}`).asyncEnd,
      listener: tell,
    })),
    ...TAKES.map((operation) => ({
      channel: tracingChannel<unknown, Trace>(`sluice:${operation}`).asyncEnd,
      listener: tell,
    })),
  ]
  for (const { channel, listener } of heard) channel.subscribe(listener)
  return () => {
    for (const { channel, listener } of heard) channel.unsubscribe(listener)
  }

  function tell(message: unknown): void {
    const trace = message as Trace
    // An answer belongs to the trace of its request.
    if (trace.address === undefined) return
    for (const { id, carried } of trace.messages) {
      const parent = carried?.traceparent ?? trace.carrier.traceparent
      const text = `trace ${parent?.split('-')[1] ?? 'none'} ${trace.operation} ${visible(trace.address)} ${visible(id)}`
      // Whoever reads no stderr has no trace to read either.
      err.line(text).catch(() => {})
    }
  }
}

function begin(message: unknown): void {
  const { carrier } = message as Trace
  const [, inherited, flags] = PARENT.exec(process.env.TRACEPARENT ?? '') ?? []
  const trace = inherited ?? randomBytes(16).toString('hex')
  carrier.traceparent = `00-${trace}-${randomBytes(8).toString('hex')}-${flags ?? '01'}`
}
