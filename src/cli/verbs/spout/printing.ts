/** How spout shows what it has sent. */
import type { MessageFields } from '../../../index.ts'
import { jsonable } from '../../../tools/message/jsonable.ts'
import type { Context } from '../../command/command.ts'
import { type Printable, printForm } from '../../print/printable.ts'
import { decodeOrUndefined, jsonText } from '../../print/terminal-text.ts'
import type { Content, ContentPlan } from './content.ts'

/** Prints what was sent; `undefined` where nothing is to be printed. */
export function printer(
  { args, out }: Context,
  plan: ContentPlan,
): ((fields: MessageFields, content: Content) => Promise<void>) | undefined {
  if (args.flag('quiet') || (plan.bulk && !args.flag('print') && !args.flag('json'))) return undefined
  const asJson = args.flag('json')
  return async (fields, content) => {
    const message = printable(fields, content)
    await out.line(asJson ? jsonText(jsonable(jsonForm(message))) : printForm(message))
  }
}

function printable(fields: MessageFields, { shown }: Content): Printable {
  const text =
    shown instanceof Uint8Array && fields.contentType?.startsWith('text/')
      ? decodeOrUndefined(shown)
      : undefined
  return {
    id: fields.id,
    subject: fields.subject,
    userId: fields.userId,
    replyTo: typeof fields.replyTo === 'string' ? fields.replyTo : undefined,
    correlationId: fields.correlationId,
    priority: fields.priority,
    ttlMs: fields.ttlMs,
    durable: fields.durable ?? false,
    redelivered: false,
    properties: fields.properties ?? {},
    contentType: fields.contentType,
    content: text ?? shown,
  }
}

function jsonForm({ content, redelivered: _, ...fields }: Printable): Record<string, unknown> {
  return content instanceof Uint8Array
    ? { ...fields, bytes: Buffer.from(content).toString('base64') }
    : { ...fields, body: content }
}
