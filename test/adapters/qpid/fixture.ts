/** The Qpid adapter driven through its contract, with bare rhea beside it as a second witness. */
import { once } from 'node:events'
import type { Connection, EventContext, Message } from 'rhea'
import { qpidAdapter } from '../../../src/adapters/qpid/adapter.ts'
import { AdapterFixture } from '../../support/adapter-fixture.ts'
import { bareConnection } from '../../support/bare-rhea.ts'
import { brokerUrl } from '../../support/brokers.ts'
import * as contract from '../../support/contract.ts'

export * from '../../support/contract.ts'

/** The Broker-J that the tests share. */
export const url = brokerUrl('qpid')

/** AMQP 1.0 has neither leases nor gaps to tell of. */
export class Inbox extends contract.Inbox {
  override lost(): void {
    throw new Error('AMQP 1.0 has no leases')
  }
  override gap(): void {
    throw new Error('this adapter reports no gaps')
  }
}

export class Fixture extends AdapterFixture {
  bare!: Connection

  constructor(at = url) {
    super(qpidAdapter, at)
  }

  protected override async openBare(): Promise<void> {
    this.bare = await bareConnection(this.url)
  }

  protected override async closeBare(): Promise<void> {
    this.bare.close()
    await once(this.bare, 'connection_close')
  }

  protected override newInbox(): Inbox {
    return new Inbox()
  }

  /** Sends by bare rhea: a message as rhea knows it, or the bytes of one. */
  async bareSend(address: string, sent: Message | Buffer): Promise<void> {
    const sender = this.bare.open_sender(address)
    await once(sender, 'sendable')
    const answered = Promise.race(
      ['accepted', 'rejected', 'released'].map((outcome) => once(sender, outcome).then(() => outcome)),
    )
    if (Buffer.isBuffer(sent)) sender.send(sent, undefined, 0)
    else sender.send(sent)
    const outcome = await answered
    // rhea throws at large when the broker ends a link that nobody listens to.
    const closed = once(sender, 'sender_close')
    sender.close()
    await closed
    if (outcome !== 'accepted') throw new Error(`The broker has ${outcome} it`)
  }

  /** Takes one message by bare rhea. */
  async bareReceive(address: string): Promise<Message> {
    const receiver = this.bare.open_receiver({ source: address, credit_window: 0 })
    receiver.add_credit(1)
    const [{ message }] = (await once(receiver, 'message')) as [EventContext]
    receiver.close()
    await once(receiver, 'receiver_close')
    return message!
  }
}
