/** Meaning of the options of an address string: checked, typed, in the words of the contract. */
import { randomUUID } from 'node:crypto'
import type { Binding, Reliability } from '../../contract/adapter.ts'
import { parseAddress } from '../../model/address-text/parser.ts'
import type { AddressMap, AddressValue, ParsedAddress } from '../../model/address-text/types.ts'
import { MessagingError } from '../../model/errors.ts'
import {
  type DeclareOptions,
  interpretDeclare,
  interpretSubscribe,
  type SubscribeOptions,
} from './declare.ts'
import {
  isAmount,
  isAnyMap,
  isBool,
  isMap,
  isMapOrList,
  isString,
  listOf,
  mapOf,
  oneOf,
} from './validation.ts'

/** For which side of a link a policy holds. */
export type AddressPolicy = 'always' | 'sender' | 'receiver' | 'never'

interface InterpretedNode {
  /** Absent: whatever the broker has under the name; `queue` when it is made. */
  readonly type: 'queue' | 'topic' | undefined
  readonly durable: boolean | undefined
  readonly declare: DeclareOptions
  /** Made with the node. */
  readonly bindings: readonly Binding[]
}

interface InterpretedLink {
  /** Name of the subscription (topic) or of the link. */
  readonly name: string | undefined
  readonly durable: boolean | undefined
  /** `unreliable` is `at-most-once`; `exactly-once` is treated as `at-least-once`, as in the originals. */
  readonly reliability: Reliability | undefined
  /** Overrides for the queue behind a subscription. */
  readonly declare: DeclareOptions
  /** Replace the binding by subject. Absent: none were given. */
  readonly bindings: readonly Binding[] | undefined
  /** Overrides for the subscription itself. */
  readonly subscribe: SubscribeOptions
  /** An SQL selector. */
  readonly selector: string | undefined
  /** Life of a subscription while nobody is attached. Unit: ms. */
  readonly timeoutMs: number | undefined
}

/** Options of an address string with their defaults. */
interface InterpretedOptions {
  readonly create: AddressPolicy
  readonly assert: AddressPolicy
  readonly delete: AddressPolicy
  readonly mode: 'consume' | 'browse'
  /** The user wrote a mode, which senders do not have. */
  readonly modeGiven: boolean
  readonly node: InterpretedNode
  readonly link: InterpretedLink
}

export interface InterpretedAddress extends InterpretedOptions {
  readonly name: string
  readonly subject: string | undefined
}

const POLICY = oneOf('always', 'sender', 'receiver', 'never')

const BINDINGS = listOf(mapOf({ exchange: isString, queue: isString, key: isString, arguments: isAnyMap }))

const OPTIONS = mapOf({
  create: POLICY,
  delete: POLICY,
  assert: POLICY,
  node: mapOf({
    type: oneOf('queue', 'topic'),
    durable: isBool,
    'x-declare': isAnyMap,
    'x-bindings': BINDINGS,
    properties: isAnyMap,
    capabilities: isMapOrList,
  }),
  link: mapOf({
    name: isString,
    durable: isBool,
    reliability: oneOf('unreliable', 'at-most-once', 'at-least-once', 'exactly-once'),
    'x-declare': isAnyMap,
    'x-bindings': BINDINGS,
    'x-subscribe': isAnyMap,
    selector: isString,
    timeout: isAmount,
    filter: isMapOrList,
  }),
  mode: oneOf('browse', 'consume'),
})

/** Known to the C++ client over AMQP 1.0 only; refused by name instead of being dropped silently. */
const REFUSED: readonly (readonly [section: 'node' | 'link', key: string, hint: string])[] = [
  ['node', 'properties', 'Give x-declare what the node should be made with.'],
  ['node', 'capabilities', 'Name the kind of node with node: {type: queue} or {type: topic}.'],
  ['link', 'filter', 'Select with link: {selector: "..."}, or with a subject.'],
]

/**
 * Parses an address string and gives its options their meaning.
 *
 * A leading `#` asks for a node of one's own: a generated name is put before it, it is created, and it is exclusive and
 * deleted with its last receiver unless `x-declare` says otherwise.
 *
 * @throws `ADDRESS_MALFORMED`, `ADDRESS_OPTION_INVALID`, `NOT_SUPPORTED`
 */
export function interpretAddress(text: string): InterpretedAddress {
  const unnamed = typeof text === 'string' && text.startsWith('#')
  const parsed = parseAddress(unnamed ? randomUUID() + text : text)
  const { name, subject, options } = unnamed ? ownNode(parsed) : parsed
  return { name, subject, ...interpretAddressOptions(options) }
}

/**
 * Checks the options of an address string and gives them their meaning.
 *
 * @throws `ADDRESS_OPTION_INVALID` naming path and allowed values of every flaw; `NOT_SUPPORTED` naming an option that only
 * the C++ client over AMQP 1.0 has
 */
export function interpretAddressOptions(options: AddressMap | undefined): InterpretedOptions {
  if (options !== undefined) check(options)
  const node = section(options, 'node')
  const link = section(options, 'link')
  for (const [where, key, hint] of REFUSED) {
    if (section(options, where)?.[key] != null) {
      throw new MessagingError(
        'NOT_SUPPORTED',
        `The option ${where}: ${key} of an address string is not supported`,
        {
          context: { option: `${where}.${key}` },
          hint,
        },
      )
    }
  }
  const timeout = given(link, 'timeout')
  return {
    create: (given(options, 'create') ?? 'never') as AddressPolicy,
    assert: (given(options, 'assert') ?? 'never') as AddressPolicy,
    delete: (given(options, 'delete') ?? 'never') as AddressPolicy,
    mode: (given(options, 'mode') ?? 'consume') as 'consume' | 'browse',
    modeGiven: given(options, 'mode') !== undefined,
    node: {
      type: given(node, 'type') as InterpretedNode['type'],
      durable: given(node, 'durable') as boolean | undefined,
      declare: interpretDeclare(section(node, 'x-declare'), 'node: x-declare'),
      bindings: bindings(node) ?? [],
    },
    link: {
      name: given(link, 'name') as string | undefined,
      durable: given(link, 'durable') as boolean | undefined,
      reliability: reliability(given(link, 'reliability')),
      declare: interpretDeclare(section(link, 'x-declare'), 'link: x-declare'),
      bindings: bindings(link),
      subscribe: interpretSubscribe(section(link, 'x-subscribe'), 'link: x-subscribe'),
      selector: given(link, 'selector') as string | undefined,
      timeoutMs: timeout === undefined ? undefined : Number(timeout) * 1000,
    },
  }
}

function check(options: AddressMap): void {
  const flaws = OPTIONS(options)
  if (flaws.length === 0) return
  const [suggestion] = flaws.flatMap((flaw) => flaw.suggestion ?? [])
  throw new MessagingError(
    'ADDRESS_OPTION_INVALID',
    `error in options: ${flaws.map((flaw) => flaw.text).join(', ')}`,
    {
      context: { flaws: flaws.map((flaw) => flaw.text) },
      ...(suggestion !== undefined && { hint: `Did you mean '${suggestion}'?` }),
    },
  )
}

/** As the originals do it: creation is forced, the rest only where the user said nothing. */
function ownNode(parsed: ParsedAddress): ParsedAddress {
  const node = section(parsed.options, 'node')
  if (parsed.options?.node != null && node === undefined) return parsed
  const declare = section(node, 'x-declare')
  if (node?.['x-declare'] != null && declare === undefined) return parsed
  const own: AddressMap =
    node?.type === 'topic' ? { 'auto-delete': true } : { 'auto-delete': true, exclusive: true }
  return {
    ...parsed,
    options: merge(parsed.options, {
      create: 'always',
      node: merge(node, { 'x-declare': merge(own, declare) }),
    }),
  }
}

/** Without a prototype, and without reading keys as anything but data. */
function merge(...maps: readonly (AddressMap | undefined)[]): AddressMap {
  const merged: Record<string, AddressValue> = Object.create(null)
  for (const map of maps) {
    for (const [key, value] of Object.entries(map ?? {})) merged[key] = value
  }
  return merged
}

function given(map: AddressMap | undefined, key: string): AddressValue | undefined {
  return map?.[key] ?? undefined
}

function section(map: AddressMap | undefined, key: string): AddressMap | undefined {
  const value = map?.[key]
  return isMap(value) ? value : undefined
}

function reliability(word: AddressValue | undefined): Reliability | undefined {
  if (word === undefined) return undefined
  return word === 'unreliable' || word === 'at-most-once' ? 'at-most-once' : 'at-least-once'
}

function bindings(map: AddressMap | undefined): readonly Binding[] | undefined {
  const list = map?.['x-bindings']
  if (!Array.isArray(list)) return undefined
  return list.map((item: AddressMap) => ({
    ...(item.exchange != null && { source: item.exchange as string }),
    ...(item.queue != null && { target: item.queue as string }),
    ...(item.key != null && { key: item.key as string }),
    ...(item.arguments != null && { arguments: item.arguments as AddressMap }),
  }))
}
