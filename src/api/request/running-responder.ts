/** The answering side of request/response: a consumer whose handler's return value goes back to the asker. */

import { isMessagingError, type MessagingError, messageOfThrown } from '../../model/errors.ts'
import { noProperties, type Properties, RESPONSE_ERROR } from '../../model/message.ts'
import type { NodePlan } from '../address/node-plan.ts'
import { refuseUnsupported } from '../address/refusal.ts'
import { Closing } from '../consume/closing.ts'
import { RunningConsumer } from '../consume/running-consumer.ts'
import type { LinkHost } from '../link/link-host.ts'
import { type CloseOptions, checkOptions, type RespondOptions } from '../options.ts'
import type { LinkDelivery } from '../receive/link-delivery.ts'
import { validateBody } from '../schema.ts'
import { AttachedSender } from '../send/attached-sender.ts'
import { outgoingMessage } from '../send/outgoing.ts'
import { responding, within } from '../tracing/operation.ts'
import type { RequestHandler, Responder } from './responder.ts'

export class RunningResponder implements Responder {
  readonly #host: LinkHost
  readonly #consumer: RunningConsumer
  readonly #sender: AttachedSender
  #closing: Closing | undefined

  private constructor(host: LinkHost, consumer: RunningConsumer, sender: AttachedSender) {
    this.#host = host
    this.#consumer = consumer
    this.#sender = sender
    host.handles.add(this)
  }

  /** Used by `connection.respond()`. */
  static async open<Request, Response>(
    host: LinkHost,
    plan: NodePlan,
    handler: RequestHandler<Request, Response>,
    options: RespondOptions,
  ): Promise<RunningResponder> {
    if (typeof handler !== 'function') throw new TypeError('respond(): the handler is no function')
    const checked = checkOptions('respond', options)
    refuseUnsupported(host.capabilities, 'request', plan)
    const { timeoutMs, signal } = checked
    const sender = await AttachedSender.openAnonymous(host, { timeoutMs, signal })
    try {
      const answer = (request: LinkDelivery<Request>): Promise<void> =>
        respond(host, plan, sender, handler, request)
      // No request waits behind a busy handler while another responder of the pool is free.
      const credit = checked.concurrency ?? 1
      const consumer = await RunningConsumer.open<Request>(host, withoutSchema(plan), answer, {
        ...checked,
        credit,
        untraced: true,
      })
      return new RunningResponder(host, consumer, sender)
    } catch (error) {
      await sender.close()
      throw error
    }
  }

  get closed(): Promise<void> {
    return this.#consumer.closed
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const timeoutMs = this.#host.closeTime(options)
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing.told
  }

  get closing(): Closing | undefined {
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #close(timeoutMs: number): Closing {
    void this.#consumer.close({ timeoutMs })
    return new Closing(this.#consumer.closing!.done, timeoutMs, async (leftMs) => {
      await this.#sender.close({ timeoutMs: leftMs })
      this.#host.handles.delete(this)
    })
  }
}

/** Answers that may be on their way without an outcome while their requests are accepted already. */
const MOST_ON_THEIR_WAY = 64

/** Runs the handler and sends what it gave. When it returns the request is accepted: behind its answer, which has been written then. */
async function respond<Request, Response>(
  host: LinkHost,
  plan: NodePlan,
  sender: AttachedSender,
  handler: RequestHandler<Request, Response>,
  request: LinkDelivery<Request>,
): Promise<void> {
  let body: unknown
  let properties: Properties = noProperties()
  const operation = responding(host, plan, request)
  const { schema } = plan.options
  const handle = async (): Promise<Response> => {
    if (schema) request.setBody(await validateBody(schema, request.body, 'DECODE_FAILED'))
    return handler(request)
  }
  try {
    body = (await (operation ? operation.run(handle) : handle())) ?? null
    operation?.end()
  } catch (error) {
    operation?.failed(error)
    const text = (messageOfThrown(error) as string & { toWellFormed(): string }).toWellFormed()
    body = text
    properties = Object.assign(Object.create(null), { [RESPONSE_ERROR]: text })
  }
  if (request.replyTo === undefined) return
  const ahead = sender.unsettled < MOST_ON_THEIR_WAY && sender.writesAtOnce
  const answered = within(operation, () => answer(host, plan, sender, request, body, properties))
  if (!ahead) await answered
}

/** A request that does not fit is answered as a failure, where a receiver would reject it and leave the asker to wait. */
function withoutSchema(plan: NodePlan): NodePlan {
  const { schema: _, ...options } = plan.options
  return { ...plan, options }
}

/** Resolves when it is known what became of the answer; never rejects. */
async function answer(
  host: LinkHost,
  plan: NodePlan,
  sender: AttachedSender,
  request: LinkDelivery,
  body: unknown,
  properties: Properties,
): Promise<void> {
  try {
    await send(host, sender, request, body, properties)
  } catch (error) {
    if (isMessagingError(error, 'ENCODE_FAILED') || isMessagingError(error, 'MESSAGE_TOO_LARGE')) {
      const text = error.message
      const failure = Object.assign(Object.create(null), { [RESPONSE_ERROR]: text })
      await send(host, sender, request, text, failure).catch((problem) => undeliverable(host, plan, problem))
    } else undeliverable(host, plan, error as MessagingError)
  }
}

async function send(
  host: LinkHost,
  sender: AttachedSender,
  request: LinkDelivery,
  body: unknown,
  properties: Properties,
): Promise<void> {
  const message = outgoingMessage(
    body,
    request.correlationId === undefined ? {} : { correlationId: request.correlationId },
    {
      subject: undefined,
      durable: false,
      ttlMs: undefined,
      encoding: host.bodyEncoding,
    },
  )
  message.properties = properties
  message.to = request.replyTo
  // A foreign asker that gave no correlation id expects the request's own id back.
  message.correlationId ??= request.id || undefined
  message.answers = request.incoming
  await sender.submitNew(message)
}

function undeliverable(host: LinkHost, plan: NodePlan, error: MessagingError): void {
  host.emit({ type: 'response-undeliverable', address: plan.label, error })
}
