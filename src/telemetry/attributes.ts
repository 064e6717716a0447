/** Attributes of spans and metrics by the messaging conventions of OpenTelemetry. Never a body, a property or the text of an error. */
import type { Attributes } from '@opentelemetry/api'
import type { Trace } from '../index.ts'

/** Types of operations that the conventions know. */
const TYPE_OF: Readonly<Record<Trace['operation'], string>> = {
  send: 'send',
  request: 'send',
  receive: 'receive',
  process: 'process',
  respond: 'process',
  settle: 'settle',
}

/** What the operation is called here: a verdict by its own name. */
function operationName({ operation, verdict }: Trace): string {
  return verdict ?? operation
}

/** `{operation} {destination}`; a reply address says nothing, its broker stands for it. */
export function spanName(trace: Trace): string {
  const place = trace.address ?? serverText(trace)
  return place === undefined ? operationName(trace) : `${operationName(trace)} ${place}`
}

/** What spans and metrics say of the place and kind of an operation. */
export function commonAttributes(trace: Trace): Attributes {
  const attributes: Attributes = {
    'messaging.system': systemOf(trace),
    'messaging.operation.name': operationName(trace),
    'messaging.operation.type': TYPE_OF[trace.operation],
  }
  const { address, subscription, server, errorCode } = trace
  if (address !== undefined) attributes['messaging.destination.name'] = address
  if (subscription !== undefined) attributes['messaging.destination.subscription.name'] = subscription
  if (server) attributes['server.address'] = 'path' in server ? server.path : server.host
  if (server && 'port' in server) attributes['server.port'] = server.port
  if (errorCode !== undefined) attributes['error.type'] = errorCode
  return attributes
}

/** What a span says of its messages. */
export function messageAttributes({ address, batch, messages }: Trace): Attributes {
  const attributes: Attributes = {}
  if (address === undefined) attributes['messaging.destination.temporary'] = true
  if (batch) {
    attributes['messaging.batch.message_count'] = messages.length
    return attributes
  }
  const { id, correlationId } = messages[0] ?? {}
  if (id) attributes['messaging.message.id'] = id
  if (correlationId !== undefined) attributes['messaging.message.conversation_id'] = correlationId
  return attributes
}

/** AMQP 1.0 is spoken by products that the conventions know by name. */
function systemOf({ adapter, product = '' }: Trace): string {
  if (adapter !== 'qpid') return adapter
  if (/rabbit/i.test(product)) return 'rabbitmq'
  return /artemis|activemq/i.test(product) ? 'activemq' : adapter
}

function serverText({ server }: Trace): string | undefined {
  if (!server) return undefined
  return 'path' in server ? server.path : `${server.host}:${server.port}`
}
