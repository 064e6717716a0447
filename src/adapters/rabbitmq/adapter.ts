/** RabbitMQ 3.10 and later, by AMQP 0-9-1 (`amqplib`). */
import type { Adapter, AdapterConnection, ConnectionEvents, ConnectTarget } from '../../contract/adapter.ts'
import { rabbitmqCapabilities } from './capabilities.ts'
import { fromWireForm } from './codec/wire-form.ts'
import { RabbitmqConnection } from './connection.ts'
import { ADAPTER } from './errors.ts'
import { endpointOf } from './options.ts'

export const rabbitmqAdapter: Adapter = {
  name: ADAPTER,
  schemes: ['rabbitmq', 'amqp', 'rabbitmqs', 'amqps'],
  capabilities: rabbitmqCapabilities,
  validate(target: ConnectTarget): void {
    endpointOf(target)
  },
  places(target: ConnectTarget) {
    const { host, port } = endpointOf(target)
    return [{ host, port }]
  },
  connect(target: ConnectTarget, events: ConnectionEvents, signal: AbortSignal): Promise<AdapterConnection> {
    return RabbitmqConnection.open(endpointOf(target), events, signal)
  },
  fromWireForm,
}
