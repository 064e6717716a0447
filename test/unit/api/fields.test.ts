import { expect, it } from 'vitest'
import type { MessageFields, OutgoingMessage } from '../../../src/api/message.ts'
import { outgoingMessage } from '../../../src/api/outgoing.ts'

function made(fields: MessageFields): OutgoingMessage {
  return outgoingMessage('x', fields, {
    subject: undefined,
    durable: true,
    ttlMs: undefined,
    codecs: new Map(),
    structuredNative: false,
    maxBodyBytes: 100,
  })
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
])('the fields of %s are taken', (_name, fields) => {
  expect(made(fields)).toMatchObject({ subject: 'own', priority: 7 })
})

it.each<[string, MessageFields]>([
  ['a plain object', { priority: 12 }],
  ['a class with getters', new Urgent(12)],
  ['an object that inherits', Object.create({ priority: 12 })],
])('and are checked: a wrong one of %s is refused', (_name, fields) => {
  expect(() => made(fields)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', context: { option: 'priority' } }),
  )
})

it.each<[string, object]>([
  ['own', { prioirty: 1 }],
  ['inherited', Object.create({ prioirty: 1 })],
])('a misspelt field that is %s is refused and the right one named', (_name, fields) => {
  expect(() => made(fields)).toThrow(/unknown option 'prioirty'; did you mean 'priority'/)
})
