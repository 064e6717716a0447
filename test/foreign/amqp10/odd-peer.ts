/** A broker that does on demand what real ones do now and then: rhea's listening side, which hands out what a test gives it. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import rhea, { type Connection, type Container, type Receiver, type Sender } from 'rhea'

export class OddPeer implements AsyncDisposable {
  readonly container: Container
  /** Its ends of the links: `senders` feed receivers of the program under test. */
  readonly senders: Sender[] = []
  readonly receivers: Receiver[] = []
  readonly connections: Connection[] = []
  url = ''
  #close: () => void = () => {}

  private constructor() {
    this.container = rhea.create_container({ id: 'odd' })
    for (const event of [
      'error',
      'disconnected',
      'connection_error',
      'protocol_error',
      'session_error',
      'sender_error',
      'receiver_error',
    ])
      this.container.on(event, () => {})
    this.container.on('connection_open', ({ connection }) => this.connections.push(connection))
    this.container.on('sender_open', ({ sender }) => {
      sender!.set_source(sender!.source)
      this.senders.push(sender!)
    })
    this.container.on('receiver_open', ({ receiver }) => {
      receiver!.set_target(receiver!.target)
      this.receivers.push(receiver!)
    })
  }

  /** `options` are those of rhea's connections, `prepare` adds listeners. */
  static async open(
    options: Readonly<Record<string, unknown>> = {},
    prepare: (peer: OddPeer) => void = () => {},
  ): Promise<OddPeer> {
    const peer = new OddPeer()
    prepare(peer)
    const server = peer.container.listen({ port: 0, host: '127.0.0.1', ...options })
    await once(server, 'listening')
    peer.url = `qpid://127.0.0.1:${(server.address() as AddressInfo).port}`
    peer.#close = () => server.close()
    return peer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
    for (const { socket } of this.connections as unknown as { socket?: { destroy(): void } }[])
      socket?.destroy()
  }
}
