/** What is an adapter's own has its type where the URL says which adapter it is. */
import type { ChannelModel } from 'amqplib'
import type { Cluster, Redis } from 'ioredis'
import type { Connection as RheaConnection } from 'rhea'
import { expectTypeOf, test } from 'vitest'
import type { Broker } from '../../src/broker/index.ts'
import { type Connection, type ConnectOptions, connect } from '../../src/index.ts'

declare const url: string
declare const options: ConnectOptions

test('connection.native is the client library’s own object', async () => {
  expectTypeOf((await connect('memory:')).native).toEqualTypeOf<Broker | undefined>()
  expectTypeOf((await connect('amqps://host')).native!.publishing).toEqualTypeOf<ChannelModel>()
  expectTypeOf((await connect('qpid://host')).native).toEqualTypeOf<RheaConnection | undefined>()
  expectTypeOf((await connect({ url: ['redis://a', 'redis://b'] })).native!.commands).toEqualTypeOf<
    Redis | Cluster
  >()
  expectTypeOf((await connect(url)).native).toBeUnknown()
  expectTypeOf((await connect('mine://host')).native).toBeUnknown()
  expectTypeOf(await connect()).toEqualTypeOf<Connection>()
  expectTypeOf(await connect(options)).toEqualTypeOf<Connection>()
  // A function that takes any connection takes this one.
  expectTypeOf(await connect('redis://host')).toExtend<Connection>()
})

test('native options are those of the adapter', () => {
  connect({ url: 'rabbitmq://host', native: { queueType: 'quorum', vhost: undefined } })
  connect({ url, native: { anything: 1 } })
  connect({ url: 'mine://host', native: { anything: 1 } })
  // @ts-expect-error misspelt
  connect({ url: 'rabbitmq://host', native: { queuetype: 'quorum' } })
  // @ts-expect-error classic or quorum
  connect({ url: 'rabbitmq://host', native: { queueType: 'stream' } })
  // @ts-expect-error a whole number
  connect({ url: 'redis://host', native: { leaseMs: '5000' } })
  // @ts-expect-error that of another adapter
  connect({ url: 'qpid://host', native: { queueType: 'quorum' } })
  // @ts-expect-error there are none
  connect({ url: 'memory:', native: { leaseMs: 5 } })
})
