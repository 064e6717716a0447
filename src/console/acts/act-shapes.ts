/** Shapes of the acts, and of the messages that they send. */

import { invalid } from '../errors.ts'
import { place } from '../http/call-shapes.ts'
import { flag, list, oneOf, optional, record, type Shape, text, values, whole } from '../http/shapes.ts'
import type { Act, OutgoingView } from '../protocol.ts'

/** An act may carry a body of about 16 MB, in base64. Unit: characters. */
const MAX_BODY = 32 * 1024 * 1024
const MAX_MESSAGES = 10_000
const MAX_IDS = 10_000
/** Longest wait for an answer. Unit: ms. */
const MAX_WAIT_MS = 600_000

const address = text()
const confirm = optional(text())
const ids = list(text(), MAX_IDS)

const outgoing = record<OutgoingView>({
  body: record<OutgoingView['body']>({ kind: oneOf('text', 'json', 'base64'), text: text(MAX_BODY) }),
  fields: optional(values),
})

type ActOf<Name extends Act['act'], A = Act> = A extends { readonly act: Act['act'] }
  ? Name extends A['act']
    ? A
    : never
  : never

function shapeOf<Name extends Act['act']>(
  name: Name,
  fields: { readonly [K in Exclude<keyof ActOf<Name>, 'act' | 'confirm'>]-?: Shape<ActOf<Name>[K]> },
): Shape<Act> {
  return record({ ...fields, act: oneOf(name), confirm } as never) as Shape<Act>
}

const moving = {
  from: place,
  to: place,
  ids: optional(ids),
  where: optional(text()),
  limit: optional(whole(1, Number.MAX_SAFE_INTEGER)),
  disturb: optional(flag),
}
const one = { ...onNode() }

const SHAPES: Readonly<Record<Act['act'], Shape<Act>>> = {
  send: shapeOf('send', { ...one, messages: list(outgoing, MAX_MESSAGES) }),
  request: shapeOf('request', { ...one, message: outgoing, timeoutMs: optional(whole(1, MAX_WAIT_MS)) }),
  copy: shapeOf('copy', moving),
  move: shapeOf('move', moving),
  replay: shapeOf('replay', {
    ...one,
    reason: optional(address),
    origin: optional(address),
    where: optional(text()),
    to: optional(address),
    dryRun: optional(flag),
    limit: moving.limit,
    disturb: optional(flag),
  }),
  'delete-messages': shapeOf('delete-messages', { ...one, ids }),
  purge: shapeOf('purge', one),
  delete: shapeOf('delete', one),
  declare: shapeOf('declare', one),
  bind: shapeOf('bind', { ...one, to: address, pattern: optional(address) }),
}

function onNode(): { broker: Shape<string>; address: Shape<string> } {
  return { broker: text(200), address }
}

/** @throws Refused */
export function actOf(value: unknown): Act {
  const { act } = values(value, 'the act')
  if (typeof act !== 'string' || !Object.hasOwn(SHAPES, act)) throw invalid('There is no such act')
  return SHAPES[act as Act['act']](value, '')
}
