/** Deliveries whose bodies are checked against a schema before anybody sees them; their order is kept. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { validateBody } from '../schema.ts'
import type { LinkDelivery } from './link-delivery.ts'

interface SchemaGateOwner<Body> {
  /** The body fits; the delivery has what the schema made of it. */
  pass(delivery: LinkDelivery<Body>): void
  /** It does not fit, or cannot be decoded. */
  refuse(delivery: LinkDelivery<Body>, error: unknown): void
}

export class SchemaGate<Body> {
  readonly #schema: StandardSchemaV1
  readonly #owner: SchemaGateOwner<Body>
  /** The last check that runs, when checks are asynchronous. */
  #running: Promise<void> | undefined

  constructor(schema: StandardSchemaV1, owner: SchemaGateOwner<Body>) {
    this.#schema = schema
    this.#owner = owner
  }

  push(delivery: LinkDelivery<Body>): void {
    const pass = (value: unknown): void => {
      delivery.setBody(value)
      this.#owner.pass(delivery)
    }
    const refuse = (error: unknown): void => this.#owner.refuse(delivery, error)
    let body: unknown
    try {
      body = validateBody(this.#schema, delivery.body, 'DECODE_FAILED')
    } catch (error) {
      this.#inOrder(() => refuse(error))
      return
    }
    if (body instanceof Promise) {
      const told = body.then(
        (value) => () => pass(value),
        (error) => () => refuse(error),
      )
      this.#behind(told)
    } else this.#inOrder(() => pass(body))
  }

  /** At once, or behind the checks that run. */
  #inOrder(tell: () => void): void {
    if (this.#running) this.#behind(tell)
    else tell()
  }

  #behind(tell: (() => void) | Promise<() => void>): void {
    const mine = (this.#running ?? Promise.resolve()).then(async () => (await tell)())
    this.#running = mine
    void mine.then(() => {
      if (this.#running === mine) this.#running = undefined
    })
  }

  /** Resolves when every delivery so far has passed or was refused. */
  async checked(): Promise<void> {
    await this.#running
  }
}
