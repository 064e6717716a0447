/** Peers without a hub, over TCP. */

import { registerAdapter } from '../../../src/index.ts'
import { freePorts } from '../../support/free-ports.ts'
import type { Harness } from '../suite/index.ts'
import { closedPort } from './network.ts'
import { pairAdapter, peerUrl } from './peer-pair.ts'

/** Requests, the last of a peer's four places: there a connecting peer looks whether somebody is there. */
const REQUESTS_OFFSET = 3

const GIVES_NOTHING_BACK =
  'between peers nobody keeps a message: what was handed over, or prefetched, does not come back'
const NO_NODES = 'between peers a node is a name on a message: none is missing, and none is of another kind'
const ONE_SOCKET =
  'the binding peer reads one socket for all its queues: a receiver without credit holds up the others, and a message for a name without receiver is lost, and told'
const BEST_EFFORT =
  'a send resolves when the socket has taken the message, and what the socket holds dies with its process'
const NOTHING_WAITS = 'a message on its way between two sockets is at no place that could be asked for it'
const ONE_DIRECTION =
  'traffic has one direction for each side: a connecting peer neither publishes nor answers'

/** Each reason with the cases it takes away. */
const INAPPLICABLE = [
  [
    GIVES_NOTHING_BACK,
    'queue.closed-receiver-gives-back',
    'queue.closed-connection-gives-back',
    'queue.prefetched-goes-back',
    'queue.loop-left',
    'queue.later-receiver-gets-rest',
    'settle.after-close',
    'settle.release-returns',
    'settle.release-counts',
    'settle.release-old-place',
    'settle.release-all',
    'settle.release-to-other',
    'settle.out-of-order',
    'settle.first-two-released',
    'settle.failing-receivers',
    'settle.neighbours',
    'settle.mixed-at-once',
    'dead-letter.no-limit',
    'consume.close-waits',
    'consume.close-bounded',
    'batches.close-waits',
    'batches.close-gathering',
    'batches.close-bounded',
    'rates.close',
    'close.gives-back',
    'close.verdict-meanwhile',
  ],
  [
    NO_NODES,
    'addresses.text-missing',
    'addresses.builder-never',
    'addresses.text-create',
    'addresses.text-assert',
    'errors.shape',
    'errors.failure-isolated',
  ],
  [
    ONE_SOCKET,
    'queue.isolated',
    'store.durable',
    'addresses.odd-names',
    'addresses.escapes-kept-apart',
    'concurrency.links-do-not-stall',
  ],
  ['a pair brings its own binding peer: none of its addresses is dead', 'connect.failover-list'],
  [BEST_EFFORT, 'process.killed-sender'],
  [NOTHING_WAITS, 'queue.receive-now'],
  [ONE_DIRECTION, 'process.kept-for-them', 'process.killed-receiver', 'process.request', 'process.broadcast'],
] as const

export async function peersHarness(): Promise<Harness> {
  const url = `zmq-pair://127.0.0.1:${await freePorts(4)}`
  const dead = await closedPort()
  registerAdapter(pairAdapter)
  const connecting = (port: number): { url: string } => ({
    url: peerUrl(`zmq-pair://127.0.0.1:${port - REQUESTS_OFFSET}`, 'connect'),
  })
  return {
    name: 'zeromq-peers',
    target: () => ({ url }),
    process: () => ({ url: peerUrl(url, 'connect') }),
    deadAddress: () => connecting(dead),
    otherPort: connecting,
    without: {
      witness: 'a message between two peers lies nowhere where a third could look at it',
      wrongLogin: 'peers have no login',
      processRefusal: 'any number of processes may connect',
      faults:
        'ZeroMQ connects again by itself and the connection is never told as lost; see test/adapters/zeromq/peers/peer.test.ts',
      broker: 'there is none',
    },
    inapplicable: Object.fromEntries(
      INAPPLICABLE.flatMap(([reason, ...cases]) => cases.map((id) => [id, reason])),
    ),
  }
}
