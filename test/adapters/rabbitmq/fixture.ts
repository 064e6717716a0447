/** The RabbitMQ adapter driven through its contract, with a bare amqplib beside it. */
import amqp, { type ChannelModel, type ConfirmChannel } from 'amqplib'
import { rabbitmqAdapter } from '../../../src/adapters/rabbitmq/adapter.ts'
import type { ConnectTarget } from '../../../src/contract/adapter.ts'
import { AdapterFixture } from '../../support/adapter-fixture.ts'
import { brokerUrl } from '../../support/brokers.ts'
import * as contract from '../../support/contract.ts'

export * from '../../support/contract.ts'

export const url = brokerUrl('rabbitmq')
export const amqpUrl = url.replace(/^rabbitmq/, 'amqp')

export function target(changes: Partial<ConnectTarget> = {}): ConnectTarget {
  return contract.target(url, changes)
}

/** RabbitMQ has neither leases nor gaps to tell of. */
export class Inbox extends contract.Inbox {
  override lost(): void {
    throw new Error('RabbitMQ has no leases')
  }
  override gap(): void {
    throw new Error('RabbitMQ reports no gaps')
  }
}

export class Fixture extends AdapterFixture {
  bare!: ChannelModel
  channel!: ConfirmChannel

  constructor() {
    super(rabbitmqAdapter, url)
  }

  protected override async openBare(): Promise<void> {
    this.bare = await amqp.connect(amqpUrl)
    this.channel = await this.bare.createConfirmChannel()
  }

  /** Of the broker: 3 or 4. */
  get majorVersion(): number {
    return Number.parseInt(String(this.bare.connection.serverProperties.version), 10)
  }

  protected override closeBare(): Promise<void> {
    return this.bare.close()
  }

  protected override newInbox(): Inbox {
    return new Inbox()
  }
}
