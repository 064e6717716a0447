/**
 * Where this adapter uses more of rhea than rhea promises; see `core/connecting/reach.ts`. It is looked at before the connection opens, by a session
 * and two links that never get onto the wire.
 */
import { hasMethods, type Reaches } from '../../../core/connecting/reach.ts'
import type { RheaConnection, RheaReceiver, RheaSender, RheaSession } from './rhea-types.ts'

export const LIBRARY = 'rhea'
const TEST = 'test/adapters/qpid/reaches.test.ts'

/** What is looked at. */
export interface Looked {
  readonly connection: RheaConnection
  readonly session: RheaSession
  readonly sender: RheaSender
  readonly receiver: RheaReceiver
}

export const REACHES = {
  turns: {
    expects: 'connection and session announce work by connection._register() and do it in _process()',
    isThere: ({ connection, session }) =>
      hasMethods(connection, '_register', '_process', '_write_frame', 'remove_session') &&
      hasMethods(session, '_process', 'remove_link') &&
      connection.local_channel_map[session.local.channel] === session,
    otherwise: 'all sessions are looked through whenever something happens in one, which is slower.',
    test: TEST,
  },
  rawTransfers: {
    expects:
      'session.incoming.on_transfer(frame, receiver) hands over the bytes of a message whose format is not 0',
    isThere: ({ session }) => hasMethods(session.incoming, 'on_transfer'),
    otherwise:
      'messages are decoded by rhea, which rounds large integers and loses some types; one that never ends is gathered for ever.',
    test: TEST,
  },
  deliveryTable: {
    expects:
      'session.incoming.deliveries is a list with capacity, size, available(), push(), by_id() and pop_if()',
    isThere: ({ session }) => {
      const { deliveries } = session.incoming
      const { capacity, size } = deliveries as { capacity?: unknown; size?: unknown }
      return (
        typeof capacity === 'number' &&
        typeof size === 'number' &&
        hasMethods(deliveries, 'available', 'push', 'by_id', 'pop_if')
      )
    },
    otherwise: 'a receiver stops behind 2048 later deliveries while one is held.',
    test: TEST,
  },
  verdicts: {
    expects: 'session.incoming.process(session) writes the verdicts of session.incoming.updated',
    isThere: ({ session }) =>
      hasMethods(session.incoming, 'process') && Array.isArray(session.incoming.updated),
    otherwise: 'each verdict waits for a turn of its own, which is slower.',
    test: TEST,
  },
  idleTimers: {
    expects:
      'connection.heartbeat_in and heartbeat_out are the timers of rhea, connection.idle() gives a silent peer up',
    isThere: ({ connection }) =>
      'heartbeat_in' in connection &&
      'heartbeat_out' in connection &&
      hasMethods(connection, 'idle', '_write_frame'),
    otherwise: 'heartbeats are those of rhea; silence in one direction goes unnoticed.',
    test: TEST,
  },
  receiverFlow: {
    expects:
      'receiver.on_flow(frame) takes the flows of the peer; credit, delivery_count, drain and remote.attach are those of the link',
    isThere: ({ receiver }) =>
      hasMethods(receiver, 'on_flow') &&
      typeof receiver.credit === 'number' &&
      typeof receiver.delivery_count === 'number' &&
      typeof receiver.drain === 'boolean' &&
      'remote' in receiver,
    otherwise:
      'the end of a drain is what rhea takes for it: a late answer of the broker may be taken for a new one.',
    test: TEST,
  },
  peerHabits: {
    expects:
      'session.on_flow(frame) and on_disposition(frame) take what the peer says, session._write_flow() and link.issue_flow answer, create_sender(name) and create_receiver(name) without options make its links',
    isThere: ({ session, sender }) =>
      hasMethods(
        session,
        'on_flow',
        'on_disposition',
        '_get_link',
        '_write_flow',
        'create_sender',
        'create_receiver',
      ) &&
      typeof session.outgoing.next_delivery_id === 'number' &&
      typeof sender.issue_flow === 'boolean',
    otherwise:
      'a peer that asks how things stand gets no answer, one that settles what was never sent stops the program for a while, and what comes by links of its own is accepted unseen.',
    test: TEST,
  },
  senderCredit: {
    expects:
      'sender.credit and delivery_count say how many messages may be written, session.outgoing.available() how many fit',
    isThere: ({ sender, session }) =>
      typeof sender.credit === 'number' &&
      typeof sender.delivery_count === 'number' &&
      hasMethods(session.outgoing, 'available'),
    otherwise: 'one message is written in each turn, which is slower.',
    test: TEST,
  },
} as const satisfies Reaches<string, Looked>

export type ReachName = keyof typeof REACHES

/** Makes what is looked at, hands it over, and takes it away again. */
export function withProbe<T>(connection: RheaConnection, look: (looked: Looked) => T): T {
  const session = connection.create_session({ incoming: 1, outgoing: 1 })
  try {
    const sender = session.create_sender('probe', {})
    const receiver = session.create_receiver('probe-back', {})
    return look({ connection, session, sender, receiver })
  } finally {
    connection.remove_session?.(session)
  }
}
