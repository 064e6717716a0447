/** AMQP 1.0: Apache Qpid Broker-J, and other brokers as far as they go. */
import type { Adapter } from '../../contract/adapter.ts'
import { onAbort } from '../../core/aborts.ts'
import { speaksOther } from '../../core/connecting/first-words.ts'
import { speaksTls } from '../../core/connecting/tls-probe.ts'
import { MessagingError } from '../../model/errors.ts'
import { capabilities } from './capabilities.ts'
import { AmqpMessage } from './codec/amqp-message.ts'
import { ADAPTER, connectError, hungUp } from './errors.ts'
import { Management } from './nodes/management.ts'
import { endpointOf } from './options.ts'
import { hasAnswerNodes } from './send/requester.ts'
import { Session } from './session.ts'
import { identityFor, wasLost } from './wire/identity.ts'
import { Physical } from './wire/physical.ts'

export const qpidAdapter: Adapter = {
  name: ADAPTER,
  schemes: ['qpid', 'qpids', 'amqp10', 'amqp10s'],
  capabilities,

  validate(target) {
    endpointOf(target)
  },

  places(target) {
    const { host, port } = endpointOf(target)
    return [{ host, port }]
  },

  async connect(target, events, signal) {
    const endpoint = endpointOf(target)
    let lost: MessagingError | undefined
    let ready = false
    const identity = identityFor(target, endpoint)
    const ended = (error: MessagingError): void => {
      lost = error
      if (!ready) return
      if (physical.product.profile.endsLost) wasLost(target, identity)
      events.disconnected(error)
    }
    const warn = (warning: MessagingError): void => events.warning(warning)
    const physical = await Physical.open(endpoint, identity, signal, ended, warn).catch(async (error) => {
      // A port with TLS may hang up without a word.
      if (endpoint.secure || signal.aborted || !hungUp(error) || !(await speaksTls(endpoint))) throw error
      throw speaksOther('TLS', 'qpids', error, {
        adapter: ADAPTER,
        address: endpoint.place,
        operation: 'connect',
      })
    })
    const off = onAbort(signal, () => void physical.close(0))
    try {
      const { kind, triesAnswers } = physical.product.profile
      const management = kind === 'broker-j' ? await Management.open(physical) : undefined
      const answers = triesAnswers && (await hasAnswerNodes(physical))
      if (lost || signal.aborted) throw lost ?? signal.reason
      ready = true
      return new Session(physical, management, answers)
    } catch (error) {
      await physical.close()
      const known = error instanceof MessagingError && error.code !== 'CONNECTION_LOST'
      // A broker that ends the connection at once (its virtual host is not up yet) was not reached.
      throw known ? error : connectError(error, endpoint.place)
    } finally {
      off()
    }
  },

  fromWireForm: AmqpMessage.fromWireForm,
}
