/** What a message of spout carries beside its body. */
import { randomUUID } from 'node:crypto'
import type { MessageFields, PropertyValue } from '../../../index.ts'
import type { Arguments } from '../../command/arguments.ts'
import { type Content, nameValue } from './content.ts'

/** The fields of each message, by the options of the command line. A whole message keeps its own, but for those given. */
export function fieldMaker(
  args: Arguments,
): (content: Content, count: number, whole: boolean) => MessageFields {
  const spoutId = args.text('id') ?? randomUUID()
  const common: MessageFields = {
    ...given('subject', args.text('subject')),
    ...given('replyTo', args.text('reply-to')),
    ...given('correlationId', args.text('correlation-id')),
    ...given('userId', args.text('user-id')),
    ...given('priority', args.number('priority')),
    ...given('ttlMs', args.number('ttl')),
    ...(args.flag('durable') && { durable: true }),
  }
  const pairs = args.list('property').map(nameValue)
  const sequence = args.flag('sequence')
  return (content, count, whole) => {
    if (whole && pairs.length === 0 && !sequence) return { ...content.fields, ...common }
    const properties: Record<string, PropertyValue> = Object.create(null)
    if (whole) Object.assign(properties, content.fields.properties)
    else properties['spout-id'] = `${spoutId}:${count}`
    if (sequence) properties.sn = count + 1
    for (const [name, value] of pairs) properties[name] = value
    return { ...content.fields, ...common, properties }
  }
}

function given<K extends keyof MessageFields>(
  name: K,
  value: MessageFields[K],
): Pick<MessageFields, K> | undefined {
  return value === undefined ? undefined : ({ [name]: value } as Pick<MessageFields, K>)
}
