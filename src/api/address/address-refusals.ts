/** Options of address strings that nobody would obey: refused by name, never dropped. */
import type { AdapterConnection, AddressOption, NodeSpec } from '../../contract/adapter.ts'
import type { AddressMap } from '../../model/address-text/index.ts'
import { MessagingError } from '../../model/errors.ts'
import type { InterpretedAddress } from './interpret.ts'
import type { NodePlan } from './node-plan.ts'

/** @throws `NOT_SUPPORTED` naming what no broker here can obey */
export function refuseEverywhere({ name, link }: InterpretedAddress): void {
  const { portable, rest } = link.declare
  const lasts = link.name !== undefined || link.timeoutMs !== undefined
  const [unread] = [...keysOf('link.x-declare', rest), ...keysOf('link.x-subscribe', link.subscribe.rest)]
  if (unread !== undefined)
    throw refused(unread, name, 'Name a subscription made with the broker’s own tools.')
  if (portable.exchangeType !== undefined) throw refused('link.x-declare.type', name)
  if (portable.autoDelete !== undefined && portable.autoDelete === lasts) {
    const hint =
      'A subscription with a name or a timeout outlives its receivers, any other ends with its own.'
    throw refused('link.x-declare.auto-delete', name, hint)
  }
  if (link.bindings?.some(({ target }) => target !== undefined)) {
    throw refused('link.x-bindings.queue', name, 'Bind a queue of its own by node: {x-bindings: [...]}.')
  }
}

/** @throws `NOT_SUPPORTED` naming what this broker cannot obey of a receiver's link */
export function refuseLinkOptions({ addressOptions }: AdapterConnection, { link, label }: NodePlan): void {
  const { bindings } = link
  const asked: AddressOption[] = []
  if (bindings) asked.push('link.x-bindings')
  if (bindings?.some((binding) => binding.arguments)) asked.push('link.x-bindings.arguments')
  if (link.arguments) asked.push('link.x-subscribe.arguments')
  for (const option of asked) if (!addressOptions?.includes(option)) throw refused(option, label)
}

/** @throws `NOT_SUPPORTED` naming what this broker cannot obey of a node that is to be made */
export function refuseNodeOptions({ addressOptions }: AdapterConnection, plan: NodePlan): void {
  const { spec, label, fromText } = plan
  if (!fromText) return
  const asked: AddressOption[] = []
  if (spec.bindings.some((binding) => binding.arguments)) asked.push('node.x-bindings.arguments')
  if (spec.type === 'queue') {
    if (spec.native.type !== undefined) throw refused('node.x-declare.type', label, 'A queue has no type.')
  } else {
    if (spec.exclusive) throw refused('node.x-declare.exclusive', label, 'A topic is for everybody.')
    if (isOtherTopic(spec)) asked.push('node.x-declare.type')
    if (spec.autoDelete) asked.push('node.x-declare.auto-delete')
  }
  for (const option of asked) if (!addressOptions?.includes(option)) throw refused(option, label)
}

/** An adapter found something in `x-declare` that its broker does not know. */
export function unknownDeclare(error: MessagingError, plan: NodePlan): MessagingError {
  const { option } = error.context
  if (!plan.fromText || error.code !== 'CONFIG_INVALID' || option === undefined) return error
  return refused(`node.x-declare.${String(option)}`, plan.label, error.hint, error)
}

function isOtherTopic({ native }: NodeSpec): boolean {
  return native.type !== undefined && native.type !== 'topic'
}

function keysOf(path: string, map: AddressMap): string[] {
  const { arguments: inner, ...outer } = map
  const deeper = Object.keys((inner as AddressMap) ?? {}).map((key) => `arguments.${key}`)
  return [...Object.keys(outer), ...deeper].map((key) => `${path}.${key}`)
}

function refused(option: string, address: string, hint?: string, cause?: unknown): MessagingError {
  const path = option.split('.').join(': ')
  return new MessagingError(
    'NOT_SUPPORTED',
    `The option ${path} of an address string is not supported here`,
    {
      context: { address, option },
      ...(hint !== undefined && { hint }),
      ...(cause !== undefined && { cause }),
    },
  )
}
