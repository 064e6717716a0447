/** A trace as a tree of text: parents above children, in the order in which they began. */
import { type SpanContext, SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

/** `told` replaces what differs from run to run. Spans of other traces that are linked to this one stand behind it. */
export function picture(spans: readonly ReadableSpan[], told: (text: string) => string): string {
  const first = spans.find(({ parentSpanContext, kind }) => !parentSpanContext && kind === SpanKind.PRODUCER)!
  const { traceId } = first.spanContext()
  const ordered = [...spans].sort(byStart)
  const [own, others] = [ordered.filter(inTrace), ordered.filter((span) => !inTrace(span))]
  const numbers = new Map<string, number>()
  const lines = tree(first, '', '')
  for (const other of others.filter(({ links }) => links.some(({ context }) => context.traceId === traceId)))
    lines.push(...tree(other, '', ''))
  return lines.map(aligned).join('\n')

  function inTrace(span: ReadableSpan): boolean {
    return span.spanContext().traceId === traceId
  }

  function tree(span: ReadableSpan, lead: string, childLead: string): string[] {
    const { spanId } = span.spanContext()
    const children = own.filter((one) => one.parentSpanContext?.spanId === spanId)
    numbers.set(spanId, numbers.size + 1)
    const line = `${lead}${described(span)}`
    const below = children.flatMap((child, at) => {
      const last = at === children.length - 1
      return tree(child, `${childLead}${last ? '└─ ' : '├─ '}`, `${childLead}${last ? '   ' : '│  '}`)
    })
    return [line, ...below]
  }

  function described(span: ReadableSpan): string {
    const { name, kind, attributes, links } = span
    const linked = links.map(
      ({ context }: { context: SpanContext }) => `→ ${numbers.get(context.spanId) ?? '?'}`,
    )
    const id = numbers.get(span.spanContext().spanId)
    const facts = [
      SpanKind[kind]!.padEnd(8),
      String(attributes['messaging.system']).padEnd(8),
      attributes['error.type'],
      ...linked,
    ]
    return `${told(name)}\t${id}\t${facts.filter((fact) => fact !== undefined).join('  ')}`
  }
}

/** Columns. */
function aligned(line: string): string {
  const [name, id, facts] = line.split('\t') as [string, string, string]
  return `${id.padStart(2)}  ${name.padEnd(28)} ${facts}`.trimEnd()
}

function byStart({ startTime: a }: ReadableSpan, { startTime: b }: ReadableSpan): number {
  return a[0] - b[0] || a[1] - b[1]
}
