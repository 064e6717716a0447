/** Which address may be used for what: the same rule the types state, for those who call without them. */

import { MessagingError } from '../../model/errors.ts'
import type { AnyAddress } from './address.ts'
import { plan } from './lowering.ts'
import type { NodePlan } from './node-plan.ts'
import { toAddress } from './text-address.ts'

type Use = 'sender' | 'receiver' | 'browse' | 'request'

const ALLOWED: Record<Use, readonly AnyAddress['kind'][]> = {
  sender: ['queue', 'mailbox', 'topic', 'broadcast', 'members', 'text'],
  receiver: ['queue', 'mailbox', 'topic', 'subscription', 'broadcast', 'member', 'text'],
  browse: ['queue', 'mailbox', 'member', 'subscription', 'text'],
  request: ['service', 'text'],
}

const ADVICE: Partial<Record<AnyAddress['kind'], string>> = {
  service: 'use request() or respond()',
  multicast: 'name the members with to(), or receive as member()',
  subscription: 'send to the topic itself',
  members: 'receive as member()',
  member: 'send to the multicast with to()',
}

/** @throws TypeError when the kind of address does not fit the use; `ADDRESS_OPTION_INVALID` for a sender's address with a mode */
export function planFor(use: Use, from: AnyAddress | string): NodePlan {
  const address = toAddress(from)
  if (!ALLOWED[use].includes(address.kind)) {
    const advice = ADVICE[address.kind]
    throw new TypeError(`A ${address.kind} address cannot be used as ${use}${advice ? `: ${advice}` : ''}`)
  }
  if (use === 'sender' && address.kind === 'text' && address.parsed.modeGiven) {
    throw new MessagingError('ADDRESS_OPTION_INVALID', 'error in options: mode: illegal key', {
      context: { address: address.name, option: 'mode' },
      hint: 'A mode is for receivers: leave it out of a sender’s address.',
    })
  }
  return plan(address)
}

/** One key for all addresses that share a link; the members of a multicast do. */
export function cacheKey(address: AnyAddress): string {
  return address.kind === 'text' ? `text ${address.text}` : `${address.kind} ${address.name}`
}
