/** Makes, checks and deletes the node behind a link, as the address says: Qpid's create, assert and delete policies. */
import {
  type AdapterConnection,
  NO_LIMITS,
  type NodeInfo,
  type NodeRef,
  type NodeSpec,
} from '../../contract/adapter.ts'
import type { Capabilities } from '../../model/capabilities.ts'
import { isMessagingError, MessagingError } from '../../model/errors.ts'
import { refuseNodeOptions, unknownDeclare } from './address-refusals.ts'
import { applies, plan as planOf, type Side } from './lowering.ts'
import type { NodePlan } from './node-plan.ts'
import { refuseUnsupported } from './refusal.ts'

/** The node a link attaches to, made and checked. Called on every attach, so that a broker that forgot is taught again. */
export async function prepareNode(
  connection: AdapterConnection,
  plan: NodePlan,
  side: Side,
): Promise<NodeRef> {
  const create = applies(plan.create, side)
  const check = applies(plan.assert, side)
  if (plan.node.type !== undefined && !check && !plan.fromText) {
    if (create) await declareNode(connection, plan)
    return plan.node
  }
  const found = await connection.inspect(plan.node)
  if (!found) {
    if (!create) throw notFound(plan)
    await declareNode(connection, plan)
    return { name: plan.node.name, type: plan.spec.type }
  }
  if (check) assertNode(plan, found)
  // Bindings on a node that exists already are made too; declaring the same again changes nothing.
  if (create && plan.spec.bindings.length > 0)
    await declareNode(connection, { ...plan, spec: { ...plan.spec, type: found.type } })
  return { name: plan.node.name, type: found.type }
}

export async function declareNode(connection: AdapterConnection, plan: NodePlan): Promise<void> {
  const { capabilities } = connection
  refuseUnsupported(capabilities, 'declare', plan)
  refuseUnsupported(capabilities, plan.spec.type, plan)
  refuseNodeOptions(connection, plan)
  await declareDeadLetter(connection, plan)
  try {
    await connection.declare(declarable(capabilities, plan))
  } catch (error) {
    throw isMessagingError(error) ? unknownDeclare(error, plan) : error
  }
}

/** The settings the node itself is made with. */
function declarable(capabilities: Capabilities, plan: NodePlan): NodeSpec {
  const { spec } = plan
  if (spec.type !== 'queue') {
    // A topic keeps nothing itself: its limits are those of its subscriptions.
    const { expiresMs, native } = spec
    return { ...spec, ...NO_LIMITS, expiresMs, native }
  }
  if (spec.maxLength !== undefined) refuseUnsupported(capabilities, 'maxLength', plan)
  if (spec.ttlMs !== undefined) refuseUnsupported(capabilities, 'ttl', plan)
  if (spec.expiresMs !== undefined) refuseUnsupported(capabilities, 'expires', plan)
  if (spec.maxDeliveries !== undefined) refuseUnsupported(capabilities, 'maxDeliveries', plan)
  if (spec.deadLetter !== undefined) refuseUnsupported(capabilities, 'deadLetter', plan)
  if (spec.bindings.length > 0) refuseUnsupported(capabilities, 'bindings', plan)
  return spec
}

/**
 * A dead-letter address that is written with options is made with them; one that is there is used as it is. Without options it
 * is made on first need.
 */
async function declareDeadLetter(connection: AdapterConnection, { options }: NodePlan): Promise<void> {
  const address = options.deadLetter
  if (address === undefined || typeof address === 'string' || Object.keys(address.options).length === 0)
    return
  const aside = planOf(address)
  if (aside.create === 'never') return
  try {
    await declareNode(connection, aside)
  } catch (error) {
    if (!isMessagingError(error, 'ADDRESS_MISMATCH')) throw error
  }
}

/** What deleting a node may take when all the time of a close is used up. Unit: ms. */
export const DISPOSE_MS = 100

/** Deletes the node if the address says so for this side; called when the link was closed by the program. */
export async function disposeNode(connection: AdapterConnection, plan: NodePlan, side: Side): Promise<void> {
  if (applies(plan.delete, side)) await connection.delete(plan.node)
}

function assertNode(plan: NodePlan, found: NodeInfo): void {
  const { spec, node } = plan
  if (node.type !== undefined && found.type !== node.type)
    throw mismatch(plan, `expected a ${node.type}, found a ${found.type}`)
  const wantsDurable = plan.fromText ? spec.durable || undefined : plan.options.durable
  if (wantsDurable !== undefined && found.durable !== undefined && found.durable !== wantsDurable) {
    throw mismatch(plan, `expected durable ${wantsDurable}, found ${found.durable}`)
  }
}

function mismatch(plan: NodePlan, detail: string): MessagingError {
  return new MessagingError('ADDRESS_MISMATCH', `The node '${plan.label}' is not as described: ${detail}`, {
    context: { address: plan.label },
  })
}

export function notFound(plan: NodePlan): MessagingError {
  const kind = plan.node.type === undefined || plan.node.type === 'queue' ? 'queue' : 'topic'
  return new MessagingError('ADDRESS_NOT_FOUND', `no such ${kind}: ${plan.label}`, {
    context: { address: plan.label },
  })
}
