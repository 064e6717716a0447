/** AMQP 1.0: Apache Qpid Broker-J, and other brokers as far as they go. */
import type { Adapter } from '../../api/adapter.ts'
import { MessagingError } from '../../api/errors.ts'
import { capabilities } from './capabilities.ts'
import { ADAPTER } from './errors.ts'
import { Management } from './management.ts'
import { endpointOf } from './options.ts'
import { Physical } from './physical.ts'
import { Session } from './session.ts'

export const qpidAdapter: Adapter = {
  name: ADAPTER,
  schemes: ['qpid', 'qpids', 'amqp10', 'amqp10s'],
  capabilities,

  validate(target) {
    endpointOf(target)
  },

  async connect(target, events, signal) {
    const endpoint = endpointOf(target)
    let management: Management | undefined
    let lost: MessagingError | undefined
    let ready = false
    const physical = await Physical.open(endpoint, signal, (error) => {
      lost = error
      management?.end(error)
      if (ready) events.disconnected(error)
    })
    try {
      management = await Management.open(physical)
      if (lost) throw lost
      ready = true
      return new Session(physical, management)
    } catch (error) {
      await physical.close()
      if (!(error instanceof MessagingError) || error.code !== 'CONNECTION_LOST') throw error
      // A broker that ends the connection at once (its virtual host is not up yet) was not reached.
      throw new MessagingError('CONNECT_FAILED', error.message, {
        cause: error,
        context: { adapter: ADAPTER, address: endpoint.place },
      })
    }
  },
}
