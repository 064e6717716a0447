/** ZeroMQ: the Sluice hub, in a process of its own or embedded in this one; or peers without a hub. */
import type { Adapter, ConnectTarget, Place } from '../../contract/adapter.ts'
import { randomName } from '../../core/message-id.ts'
import { hubCapabilities } from './capabilities.ts'
import { ADAPTER } from './errors.ts'
import { embeddedHub } from './hub/embedded.ts'
import { endpointOf } from './options.ts'
import { openPeer } from './peer/open.ts'
import { HubSession } from './session.ts'
import { Client } from './wire/client.ts'

/** The API hands over the same target at every attempt: so a client that comes back is known as the same. */
const identities = new WeakMap<ConnectTarget, string>()

export const zeromqAdapter: Adapter = {
  name: ADAPTER,
  schemes: ['zmq', 'zmq+tcp', 'zmq+ipc', 'zmq+inproc'],
  capabilities: hubCapabilities(true, 64 * 1024 * 1024),

  validate(target) {
    endpointOf(target)
  },

  places(target) {
    const { address, embedded, peer } = endpointOf(target)
    return embedded || peer ? [] : placesOf(address)
  },

  async connect(target, events, signal) {
    const endpoint = endpointOf(target)
    if (endpoint.peer) return openPeer(endpoint, events, signal)
    const release = endpoint.embedded
      ? await embeddedHub(endpoint.address, endpoint.data)
      : async (): Promise<void> => {}
    let identity = identities.get(target)
    if (!identity) {
      identity = randomName()
      identities.set(target, identity)
    }
    try {
      const { client, welcome } = await Client.open(endpoint, identity, signal, (error) => {
        void release()
        events.disconnected(error)
      })
      return new HubSession(client, welcome, release)
    } catch (error) {
      await release()
      throw error
    }
  },
}

/** ZeroMQ's own address, as Node's sockets have it. */
function placesOf(address: string): readonly Place[] {
  if (address.startsWith('ipc://')) return [{ path: address.slice('ipc://'.length) }]
  const [, host, port] = /^tcp:\/\/\[?([^\]]+?)\]?:(\d+)$/.exec(address) ?? []
  return host === undefined ? [] : [{ host, port: Number(port) }]
}
