/** Artemis set up by its own management address, as its administrator does: queues, addresses, rights. */
import { once } from 'node:events'
import type { Connection, EventContext, Receiver, Sender, Source } from 'rhea'
import { bareConnection } from '../../support/bare-rhea.ts'

export class ArtemisManagement {
  readonly #connection: Connection
  readonly #asks: Sender
  readonly #answers: Receiver

  private constructor(connection: Connection, asks: Sender, answers: Receiver) {
    this.#connection = connection
    this.#asks = asks
    this.#answers = answers
  }

  static async open(url: string): Promise<ArtemisManagement> {
    const connection = await bareConnection(url)
    const answers = connection.open_receiver({ source: { dynamic: true } as Source })
    await once(answers, 'receiver_open')
    const asks = connection.open_sender('activemq.management')
    await once(asks, 'sendable')
    return new ArtemisManagement(connection, asks, answers)
  }

  /** One operation at a time. */
  async ask(operation: string, ...parameters: unknown[]): Promise<void> {
    const answered = once(this.#answers, 'message') as Promise<[EventContext]>
    this.#asks.send({
      body: JSON.stringify(parameters),
      reply_to: this.#answers.source.address,
      application_properties: { _AMQ_ResourceName: 'broker', _AMQ_OperationName: operation },
    })
    const [{ message }] = await answered
    if (message!.application_properties!._AMQ_OperationSucceeded !== true)
      throw new Error(`${operation}: ${message!.body}`)
  }

  /** A durable anycast queue with an address of its name, unless `settings` say otherwise. */
  async makeQueue(name: string, settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const queue = {
      name,
      address: name,
      'routing-type': 'ANYCAST',
      durable: true,
      'auto-create-address': true,
    }
    await this.ask('createQueue', JSON.stringify({ ...queue, ...settings }))
  }

  async close(): Promise<void> {
    const closed = once(this.#connection, 'connection_close')
    this.#connection.close()
    await closed
  }
}
