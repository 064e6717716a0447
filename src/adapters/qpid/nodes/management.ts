/**
 * Broker-J's management node (`$management`): requests told apart by correlation id, any number at once.
 *
 * A request is a map with the application properties `operation`, `type`, and for an existing object `index` and `key`; the answer carries
 * `statusCode` and a map.
 */

import { Deque } from '../../../core/deque.ts'
import { newMessageId } from '../../../core/message-id.ts'
import { asMessagingError, MessagingError } from '../../../model/errors.ts'
import {
  noProperties,
  type OutgoingMessage,
  StructuredBody,
  type StructuredValue,
} from '../../../model/message.ts'
import { decodeMessage, encodeMessage } from '../codec/codec.ts'
import { ADAPTER } from '../errors.ts'
import type { Physical } from '../wire/physical.ts'
import type { RheaReceiver, RheaSender } from '../wire/rhea-types.ts'
import { MANAGEMENT } from './names.ts'

/** Questions open at once; further ones wait. Also the credit for answers. */
const WINDOW = 100
/** Longest wait for an answer. Unit: ms. */
const ANSWER_MS = 30_000

export interface ManagementAnswer {
  readonly status: number
  readonly description: string
  readonly body: unknown
}

interface Links {
  readonly sender: RheaSender
  readonly receiver: RheaReceiver
}

class Question {
  readonly id = newMessageId()
  readonly properties: Record<string, string>
  readonly body: Record<string, unknown>
  readonly #resolve: (answer: ManagementAnswer) => void
  readonly #reject: (error: MessagingError) => void
  readonly #timer: NodeJS.Timeout

  constructor(
    properties: Record<string, string>,
    body: Record<string, unknown>,
    resolve: (answer: ManagementAnswer) => void,
    reject: (error: MessagingError) => void,
    expired: (question: Question) => void,
  ) {
    this.properties = properties
    this.body = body
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => expired(this), ANSWER_MS)
  }

  answer(answer: ManagementAnswer): void {
    clearTimeout(this.#timer)
    this.#resolve(answer)
  }

  fail(error: MessagingError): void {
    clearTimeout(this.#timer)
    this.#reject(error)
  }
}

export class Management {
  readonly #physical: Physical
  /** Opened again after the broker ended them. */
  #links: Promise<Links> | undefined
  readonly #waiting = new Deque<Question>()
  readonly #asked = new Map<string, Question>()

  private constructor(physical: Physical) {
    this.#physical = physical
    physical.whenOver((error) => this.#end(error))
  }

  /** `undefined` where the login may not use it. */
  static async open(physical: Physical): Promise<Management | undefined> {
    const management = new Management(physical)
    try {
      await management.#attached()
      return management
    } catch (error) {
      if (physical.over) throw error
      return undefined
    }
  }

  /** Asks and resolves to whatever status came. */
  ask(
    operation: string,
    type: string,
    key: string | undefined,
    body: Record<string, unknown> = {},
    parameters: Record<string, string> = {},
  ): Promise<ManagementAnswer> {
    if (this.#physical.over) return Promise.reject(this.#physical.over)
    const properties: Record<string, string> = { ...parameters, operation, type }
    // protocol: a path escapes by a backslash, which a name may hold.
    if (key !== undefined)
      Object.assign(properties, { index: 'object-path', key: key.replaceAll('\\', '\\\\') })
    return new Promise((resolve, reject) => {
      this.#waiting.push(new Question(properties, body, resolve, reject, (late) => this.#expired(late)))
      void this.#pump()
    })
  }

  async #pump(): Promise<void> {
    try {
      const { sender, receiver } = await this.#attached()
      while (this.#waiting.length > 0 && this.#asked.size < WINDOW) {
        const question = this.#waiting.shift()!
        this.#asked.set(question.id, question)
        const replyTo = receiver.source?.address ?? undefined
        sender.send(encodeMessage(requestOf(question, replyTo)), undefined, 0)
      }
    } catch (error) {
      this.#end(asMessagingError(error))
    }
  }

  #attached(): Promise<Links> {
    this.#links ??= this.#attach()
    return this.#links
  }

  async #attach(): Promise<Links> {
    try {
      const physical = this.#physical
      // Both at once: each is a journey to the broker and back, and every connection waits for them.
      const opening = physical.openReceiver({ source: { dynamic: true } }, WINDOW, undefined)
      opening.catch(() => {})
      const sender = await physical
        .openSender({ target: { address: MANAGEMENT } }, WINDOW, MANAGEMENT)
        .catch((error) => {
          opening.then(
            (receiver) => physical.closeLink(receiver),
            () => {},
          )
          throw error
        })
      const receiver = await opening
      receiver.on('message', ({ message, delivery }) => {
        delivery!.accept()
        receiver.add_credit(1)
        this.#answered(physical.bytesOf(message))
      })
      const ended = (error: MessagingError): void => {
        this.#links = undefined
        this.#end(error)
      }
      physical.watch(sender, ended)
      physical.watch(receiver, ended)
      receiver.add_credit(WINDOW)
      return { sender, receiver }
    } catch (error) {
      this.#links = undefined
      throw error
    }
  }

  /** No answer will come any more to what was asked. */
  #end(error: MessagingError): void {
    const open = [...this.#asked.values(), ...this.#waiting.drain()]
    this.#asked.clear()
    for (const question of open) question.fail(error)
  }

  #expired(question: Question): void {
    this.#asked.delete(question.id)
    this.#waiting.delete(question)
    question.fail(
      new MessagingError('DETACHED', `$management did not answer within ${ANSWER_MS} ms`, {
        context: { adapter: ADAPTER, operation: question.properties.operation },
      }),
    )
  }

  #answered(bytes: Buffer): void {
    const { message } = decodeMessage(bytes)
    const question = this.#asked.get(message.correlationId ?? '')
    if (!question) return
    this.#asked.delete(question.id)
    const { statusCode, statusDescription } = message.properties
    question.answer({
      status: Number(statusCode),
      description: String(statusDescription ?? ''),
      body: message.body instanceof StructuredBody ? message.body.value : undefined,
    })
    if (this.#waiting.length > 0) void this.#pump()
  }
}

function requestOf({ id, properties, body }: Question, replyTo: string | undefined): OutgoingMessage {
  return {
    id,
    to: undefined,
    members: undefined,
    subject: undefined,
    body: new StructuredBody(body as StructuredValue),
    contentType: undefined,
    properties: Object.assign(Object.create(null), noProperties(), properties),
    replyTo,
    correlationId: id,
    priority: undefined,
    ttlMs: undefined,
    delayMs: undefined,
    durable: false,
    userId: undefined,
    groupId: undefined,
    createdAt: Date.now(),
    deliveriesBefore: 0,
    original: undefined,
  }
}

/** Broker-J tells a missing right to delete or empty as an error of its own (500). */
const DENIED = /^Permission .* is denied/

/** An answer that is not what was hoped for. */
export function managementError(
  answer: ManagementAnswer,
  address: string,
  operation: string,
): MessagingError {
  const { status, description } = answer
  const code =
    status === 403 || status === 401 || DENIED.test(description)
      ? 'UNAUTHORIZED'
      : status === 404
        ? 'ADDRESS_NOT_FOUND'
        : status === 409
          ? 'ADDRESS_MISMATCH'
          : status === 400 || status === 422
            ? 'ADDRESS_OPTION_INVALID'
            : 'INTERNAL'
  return new MessagingError(code, `${operation} '${address}': ${description || `status ${status}`}`, {
    context: { adapter: ADAPTER, address, operation, status },
  })
}
