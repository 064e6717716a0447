/** What the client library and the broker really agreed on, read from the library's own connection object. */
import type { Settings } from '../arm.ts'

/** Empty where the library does not tell. */
export function negotiated(adapter: string, native: unknown): Settings {
  const facts = READERS[adapter]?.(native as Record<string, unknown>) ?? {}
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Settings
}

type Facts = Readonly<Record<string, string | number | boolean | undefined>>

const READERS: Readonly<Record<string, (native: Record<string, unknown>) => Facts>> = {
  rabbitmq: (native) => amqp091(native.publishing ?? native),
  qpid: amqp10,
}

function amqp091(model: unknown): Facts {
  const { frameMax, channelMax, heartbeat } =
    (model as { connection?: Record<string, number> }).connection ?? {}
  return { 'frame max': frameMax, 'channel max': channelMax, 'heartbeat s': heartbeat }
}

interface Open {
  readonly max_frame_size?: number
  readonly idle_time_out?: number
}

function amqp10(native: Record<string, unknown>): Facts {
  const { local, remote } = native as { local?: { open?: Open }; remote?: { open?: Open } }
  return {
    'max frame ours': local?.open?.max_frame_size,
    'max frame broker': remote?.open?.max_frame_size,
    'idle time-out broker ms': remote?.open?.idle_time_out,
  }
}
