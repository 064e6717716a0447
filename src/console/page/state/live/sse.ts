/** Server-sent events from the bytes of an answer. An event that is no JSON is passed over. */
import type { StreamEvent } from '../../../protocol.ts'

export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let waiting = ''
  try {
    while (true) {
      const { done, value } = await reader.read()
      if (done) return
      waiting += decoder.decode(value, { stream: true }).replaceAll('\r\n', '\n')
      const blocks = waiting.split('\n\n')
      waiting = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = eventOf(block)
        if (event !== undefined) yield event
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function eventOf(block: string): StreamEvent | undefined {
  let name: string | undefined
  let data = ''
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) name = line.slice(6).trim()
    else if (line.startsWith('data:')) data += line.slice(5).trimStart()
  }
  if (data === '') return undefined
  try {
    const value = JSON.parse(data) as StreamEvent
    return name === undefined || 'event' in value
      ? value
      : ({ ...(value as object), event: name } as StreamEvent)
  } catch {
    return undefined
  }
}
