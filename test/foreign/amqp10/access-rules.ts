/** Rules of access on the virtual host of Broker-J: everybody may do everything but what is denied. */
import { once } from 'node:events'
import type { Connection, EventContext, Receiver, ReceiverOptions, Sender } from 'rhea'
import { bareConnection } from '../../support/bare-rhea.ts'

const TYPE = 'org.apache.qpid.VirtualHostAccessControlProvider'
const NAME = 'situations'

export class AccessRules {
  readonly #connection: Connection
  readonly #asks: Sender
  readonly #answers: Receiver

  private constructor(connection: Connection, asks: Sender, answers: Receiver) {
    this.#connection = connection
    this.#asks = asks
    this.#answers = answers
  }

  static async open(url: string): Promise<AccessRules> {
    const connection = await bareConnection(url)
    const place = { source: { address: '$management' }, target: { address: NAME } } as ReceiverOptions
    const answers = connection.open_receiver(place)
    await once(answers, 'receiver_open')
    const asks = connection.open_sender('$management')
    await once(asks, 'sendable')
    const rules = new AccessRules(connection, asks, answers)
    const provider = { name: NAME, 'qpid-type': 'RuleBased', defaultResult: 'DEFER' }
    await rules.#ask({ operation: 'CREATE', type: TYPE }, provider)
    return rules
  }

  /** Instead of what was denied before. */
  async deny(user: string, rules: readonly string[]): Promise<void> {
    const lines = [...rules.map((rule) => `ACL DENY ${user} ${rule}`), 'ACL ALLOW ALL ALL', '']
    const path = `data:;base64,${Buffer.from(lines.join('\n')).toString('base64')}`
    await this.#ask({ operation: 'loadFromFile', type: TYPE, index: 'object-path', key: NAME, path })
  }

  async close(): Promise<void> {
    await this.deny('nobody', [])
    await this.#ask({ operation: 'DELETE', type: TYPE, index: 'object-path', key: NAME })
    const closed = once(this.#connection, 'connection_close')
    this.#connection.close()
    await closed
  }

  async #ask(request: Readonly<Record<string, string>>, body = {}): Promise<void> {
    const answered = once(this.#answers, 'message') as Promise<[EventContext]>
    this.#asks.send({ reply_to: NAME, body, application_properties: request })
    const [{ message }] = await answered
    const { statusCode, statusDescription } = message!.application_properties!
    if (statusCode >= 300) throw new Error(`${request.operation}: ${statusCode} ${statusDescription}`)
  }
}
