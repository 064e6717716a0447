/**
 * A message with the same meaning for a decoder that takes less than the standard allows: RabbitMQ's plugin `rabbitmq_amqp1_0` (3.10).
 *
 * | What is legal | What the plugin does | What is written instead |
 * |---|---|---|
 * | an amqp-value that is a list of several elements | ends the connection | an amqp-sequence: its value is the same list |
 * | delivery annotations | ends the connection | nothing: they are for the next peer alone |
 * | a body of several sections | accepts it and puts them in reverse | one section with the bytes or elements of all |
 */
import {
  DATA,
  DELIVERY_ANNOTATIONS,
  isBody,
  placesOf,
  SEQUENCE,
  type Section,
  sectionsOf,
  VALUE,
} from './sections.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

const LISTS: ReadonlySet<number> = new Set([0x45, 0xc0, 0xd0])

/** @throws `DECODE_FAILED` on bytes that are no message */
export function narrowed(bytes: Buffer): Buffer {
  const sections = sectionsOf(bytes)
  const body = sections.filter(({ code }) => isBody(code))
  const listed = body[0]?.code === VALUE && LISTS.has(bytes[body[0].value]!)
  const annotated = sections.some(({ code }) => code === DELIVERY_ANNOTATIONS)
  if (!listed && !annotated && body.length < 2) return bytes
  const writer = new WireWriter()
  for (const section of sections) {
    if (section.code === DELIVERY_ANNOTATIONS) continue
    if (!isBody(section.code)) writer.raw(bytes, section.from, section.to)
    else if (section === body[0]) writeBody(writer, bytes, body, listed)
  }
  return writer.take()
}

function writeBody(writer: WireWriter, bytes: Buffer, body: Section[], listed: boolean): void {
  const [{ code, from, value, to }] = body as [Section]
  if (listed) {
    writer.section(SEQUENCE)
    writer.raw(bytes, value, to)
  } else if (body.length === 1) {
    writer.raw(bytes, from, to)
  } else if (code === DATA) {
    writer.section(DATA)
    writer.binary(Buffer.concat(body.map((each) => new WireReader(bytes, each.value, each.to).binaryView())))
  } else {
    const places = body.map((each) => placesOf(bytes, each, 'list'))
    writer.section(SEQUENCE)
    writer.list(
      places.reduce((sum, each) => sum + each.length - 1, 0),
      () => {
        for (const each of places) writer.raw(bytes, each[0]!, each.at(-1)!)
      },
    )
  }
}
