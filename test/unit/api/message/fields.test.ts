import { expect, it } from 'vitest'
import { WireMessage } from '../../../../src/api/message/wire-message.ts'
import type { MessageFields } from '../../../../src/api/send/message-fields.ts'
import {
  forwardedMessage,
  type MessageDefaults,
  outgoingMessage,
  readFields,
} from '../../../../src/api/send/outgoing.ts'
import type { OutgoingMessage } from '../../../../src/model/message.ts'

const DEFAULTS: MessageDefaults = {
  subject: undefined,
  durable: true,
  ttlMs: undefined,
  encoding: { codecs: new Map(), structuredNative: false, maxBodyBytes: 100 },
}

function made(fields: MessageFields): OutgoingMessage {
  return outgoingMessage('x', readFields(fields), DEFAULTS)
}

/** Forwards what was sent with `original`. */
function forwarded(
  original: MessageFields,
  fields: MessageFields,
  defaults: Partial<MessageDefaults> = {},
): OutgoingMessage {
  const received = new WireMessage({ ...made(original), annotations: undefined }, DEFAULTS.encoding.codecs)
  return forwardedMessage(received, readFields(fields), { ...DEFAULTS, ...defaults })
}

class Urgent {
  readonly subject = 'own'
  readonly #priority: number
  constructor(priority: number) {
    this.#priority = priority
  }
  get priority(): number {
    return this.#priority
  }
  unrelated(): void {}
}

it.each<[string, MessageFields]>([
  ['a plain object', { subject: 'own', priority: 7 }],
  ['a class with getters', new Urgent(7)],
  ['an object that inherits', Object.create({ subject: 'own', priority: 7 })],
  ['an object without prototype', Object.assign(Object.create(null), { subject: 'own', priority: 7 })],
])('the fields of %s are taken, by send and by forward', (_name, fields) => {
  expect(made(fields)).toMatchObject({ subject: 'own', priority: 7 })
  expect(forwarded({ id: 'first', subject: 'other', groupId: 'g' }, fields)).toMatchObject({
    id: 'first',
    subject: 'own',
    priority: 7,
    groupId: 'g',
  })
})

it.each<[string, MessageFields]>([
  ['a plain object', { priority: 12 }],
  ['a class with getters', new Urgent(12)],
  ['an object that inherits', Object.create({ priority: 12 })],
])('and are checked: a wrong one of %s is refused', (_name, fields) => {
  const refusal = expect.objectContaining({ code: 'CONFIG_INVALID', context: { option: 'priority' } })
  expect(() => made(fields)).toThrow(refusal)
  expect(() => forwarded({}, fields)).toThrow(refusal)
})

it.each<[string, object]>([
  ['own', { prioirty: 1 }],
  ['inherited', Object.create({ prioirty: 1 })],
])('a misspelt field that is %s is refused and the right one named', (_name, fields) => {
  expect(() => made(fields)).toThrow(/unknown option 'prioirty'; did you mean 'priority'/)
})

it('a forwarded message keeps what is not replaced; undefined replaces nothing', () => {
  const original = {
    id: 'first',
    subject: 'other',
    contentType: 'text/x',
    priority: 3,
    ttlMs: 50,
    durable: false,
  }
  expect(forwarded(original, {})).toMatchObject(original)
  expect(forwarded(original, { subject: undefined, ttlMs: undefined, durable: undefined })).toMatchObject(
    original,
  )
})

it('subject and time to live of the sender hold for a forwarded message as for a sent one', () => {
  const defaults = { subject: 'of the link', ttlMs: 20 }
  expect(forwarded({}, {}, defaults)).toMatchObject(defaults)
  expect(forwarded({ subject: 'own', ttlMs: 50 }, {}, defaults)).toMatchObject({ subject: 'own', ttlMs: 20 })
  expect(forwarded({ ttlMs: 10 }, {}, defaults)).toMatchObject({ ttlMs: 10 })
})

it('each field is read once: what was checked is what is sent', () => {
  let reads = 0
  const changing = {
    get id(): string {
      return reads++ === 0 ? 'first' : (Symbol('second') as never)
    },
  }
  expect(made(changing).id).toBe('first')
  expect(reads).toBe(1)
})
