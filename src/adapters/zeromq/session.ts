/** The contract's connection over the protocol: nodes by call, links by number. */
import type {
  AdapterConnection,
  AdapterReceiver,
  AdapterRequester,
  AdapterSender,
  LinkEvents,
  NodeInfo,
  NodeRef,
  NodeSpec,
  ReceiverEvents,
  ReceiverSpec,
  SenderSpec,
} from '../../contract/adapter.ts'
import type { Capabilities } from '../../model/capabilities.ts'
import { hubCapabilities } from './capabilities.ts'
import { booleanOf, countOf, nodeOf, nodesOf, replyToOf } from './codec/answers.ts'
import { ReceiverLink } from './receive/receiver.ts'
import { RequesterLink } from './send/requester.ts'
import { SenderLink } from './send/sender.ts'
import type { Client, LinkEnd } from './wire/client.ts'
import type { Verb, Welcome } from './wire/protocol.ts'

export class HubSession implements AdapterConnection {
  readonly broker: { readonly product: string; readonly version: string }
  readonly capabilities: Capabilities
  readonly addressOptions = ['link.x-bindings'] as const
  readonly #client: Client
  readonly #maxBodyBytes: number
  readonly #release: () => Promise<void>

  /** `release` gives back what the connection brought along (an embedded hub). */
  constructor(client: Client, welcome: Welcome, release: () => Promise<void>) {
    this.#client = client
    this.#maxBodyBytes = welcome.maxMessageBytes
    this.#release = release
    this.broker = { product: welcome.product, version: welcome.version }
    this.capabilities = hubCapabilities(welcome.durable, welcome.maxMessageBytes)
  }

  get native(): unknown {
    return this.#client.socket
  }

  async declare(node: NodeSpec): Promise<void> {
    await this.#client.call('declare', 0, { node })
  }

  async delete(node: NodeRef): Promise<boolean> {
    return booleanOf(await this.#client.call('delete', 0, { node }))
  }

  async purge(node: NodeRef): Promise<number> {
    return countOf(await this.#client.call('purge', 0, { node }))
  }

  async inspect(node: NodeRef): Promise<NodeInfo | undefined> {
    const found = await this.#client.call('inspect', 0, { node })
    return found == null ? undefined : nodeOf(found)
  }

  async list(): Promise<NodeInfo[]> {
    return nodesOf(await this.#client.call('list', 0, {}))
  }

  async attachSender(spec: SenderSpec, events: LinkEvents): Promise<AdapterSender> {
    const { end } = await this.#attach(
      'attachSender',
      spec,
      (link) => new SenderLink(this.#client, link, this.#maxBodyBytes, events),
    )
    return end
  }

  async attachReceiver(spec: ReceiverSpec, events: ReceiverEvents): Promise<AdapterReceiver> {
    const { end, result } = await this.#attach(
      'attachReceiver',
      spec,
      (link) => new ReceiverLink(this.#client, link, spec.credit, events),
    )
    end.tellsHanded = (result as { counts?: unknown } | null)?.counts === true
    return end
  }

  async attachRequester(spec: SenderSpec, events: ReceiverEvents): Promise<AdapterRequester> {
    const { end, result } = await this.#attach(
      'attachRequester',
      spec,
      (link) => new RequesterLink(this.#client, link, this.#maxBodyBytes, events),
    )
    end.replyTo = replyToOf(result)
    return end
  }

  async close(timeoutMs?: number): Promise<void> {
    await this.#client.close(timeoutMs)
    await this.#release()
  }

  async #attach<L extends LinkEnd>(
    verb: Verb,
    spec: unknown,
    make: (link: number) => L,
  ): Promise<{ end: L; result: unknown }> {
    const link = this.#client.nextNumber()
    const end = make(link)
    this.#client.addLink(link, end)
    try {
      return { end, result: await this.#client.call(verb, link, { spec }) }
    } catch (error) {
      this.#client.removeLink(link)
      throw error
    }
  }
}
