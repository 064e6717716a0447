/** What a receiver asks of the broker: refused where it cannot be had, else said in the words of the contract. */
import type { NodeRef, ReceiverSpec } from '../../contract/adapter.ts'
import type { Capabilities } from '../../model/capabilities.ts'
import { limitsOf } from '../address/lowering.ts'
import type { NodePlan } from '../address/node-plan.ts'
import { refuseUnsupported } from '../address/refusal.ts'

/** What the caller asked for beside the address. */
export type ReceiverAsk = Pick<
  ReceiverSpec,
  'mode' | 'follow' | 'credit' | 'creditWhereLimited' | 'reliability' | 'takes'
>

/** @throws `NOT_SUPPORTED` */
export function refuseReceiver(capabilities: Capabilities, plan: NodePlan, ask: ReceiverAsk): void {
  const { spec, options } = plan
  refuseUnsupported(capabilities, spec.type, plan)
  if (ask.takes) refuseUnsupported(capabilities, 'replay', plan)
  else if (ask.mode === 'browse') refuseUnsupported(capabilities, 'browse', plan)
  if (ask.follow) refuseUnsupported(capabilities, 'browseFollow', plan)
  if (spec.type !== 'queue' && plan.subscription) refuseUnsupported(capabilities, 'namedSubscription', plan)
  if (spec.exclusive || plan.exclusiveLink) refuseUnsupported(capabilities, 'exclusive', plan)
  if (plan.link.selector !== undefined) refuseUnsupported(capabilities, 'selector', plan)
  if (options.deadLetter !== undefined) refuseUnsupported(capabilities, 'deadLetter', plan)
  if (options.maxDeliveries !== undefined) refuseUnsupported(capabilities, 'maxDeliveries', plan)
}

/** `source` is the node that was found, so that its type is known. */
export function receiverSpec(source: NodeRef, plan: NodePlan, ask: ReceiverAsk): ReceiverSpec {
  const { spec, link } = plan
  const common = { ...ask, source, link }
  if (source.type === 'queue') {
    return {
      ...common,
      patterns: [],
      subscription: undefined,
      exclusive: spec.exclusive || plan.exclusiveLink,
      autoDelete: spec.autoDelete,
      limits: limitsOf(spec),
    }
  }
  return {
    ...common,
    patterns: plan.patterns,
    subscription: plan.subscription ?? plan.ownSubscription,
    exclusive: plan.exclusiveLink,
    autoDelete: false,
    limits: plan.subscriptionLimits,
  }
}
