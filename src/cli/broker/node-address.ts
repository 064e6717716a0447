/** A node by name and options of the command line: a builder's address, or the address string as it was written. */
import type { AnyAddress, NodeOptions } from '../../index.ts'
import { UsageError } from '../command/errors.ts'
import { type Option, text } from '../command/option.ts'
import type { Library } from './library.ts'

export const NODE_TYPES = ['queue', 'topic', 'broadcast', 'multicast'] as const

export type NodeTypeName = (typeof NODE_TYPES)[number]

export const TYPE: Option = text('-T, --type TYPE', 'kind of the node, where the broker needs to be told', {
  choices: NODE_TYPES,
})

export const SUBSCRIPTION: Option = text(
  '--subscription NAME',
  'the named subscription of the topic instead of the topic itself',
)

/**
 * For looking at, emptying and deleting. Without a type any kind of node answers, as for an address string.
 *
 * @throws UsageError when a subscription is asked of something else than a topic
 */
export function existingNode(
  library: Library,
  text: string,
  type: string | undefined,
  subscription: string | undefined,
): AnyAddress | string {
  const { name } = library.parseAddress(text)
  if (subscription !== undefined) {
    if (type !== undefined && type !== 'topic') throw new UsageError('--subscription is for topics')
    return library.topic(name).subscription(subscription)
  }
  return type === undefined ? text : builtNode(library, name, type as NodeTypeName, {})
}

export function builtNode(
  library: Library,
  name: string,
  type: NodeTypeName,
  options: NodeOptions,
): AnyAddress {
  return library[type](name, options) as AnyAddress
}
