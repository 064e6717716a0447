/** Whatever a message, a node or a broker says reaches the page as text, in every place where it is shown. */
import { type ComponentChild, h } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { describe, expect, it } from 'vitest'
import { MessageDetail } from '../../../src/console/page/parts/message/detail.tsx'
import { Facts, factsOf } from '../../../src/console/page/parts/message/facts.tsx'
import { MessageList } from '../../../src/console/page/parts/message/list.tsx'
import { PageHead } from '../../../src/console/page/parts/page-head.tsx'
import { Problem } from '../../../src/console/page/parts/problem.tsx'
import { Differences } from '../../../src/console/page/views/compare/differences.tsx'
import { NodeRow } from '../../../src/console/page/views/nodes/row.tsx'
import type { BodyView, MessageView, NodeView } from '../../../src/console/protocol.ts'

const HOSTILE = [
  '<script>alert(1)</script>',
  '<svg onload=alert(1)>',
  '<img src=x onerror=alert(1)>',
  '"><a href="javascript:alert(1)">',
  "' onmouseover='alert(1)",
  '</pre><iframe srcdoc="<script>alert(1)</script>">',
  '&lt;script&gt;',
]
const text = HOSTILE.join(' ')

const bodies: readonly BodyView[] = [
  { kind: 'text', text, truncated: true, bytes: 9 },
  {
    kind: 'json',
    text: JSON.stringify({ [text]: text, __proto__: null, constructor: [text] }),
    truncated: false,
  },
  { kind: 'json', text: `{"a":"${text}`, truncated: true },
  { kind: 'damaged', text: '', truncated: false, error: { code: text, message: text, hint: text } },
  { kind: 'binary', text, truncated: false },
]

const messageWith = (body: BodyView): MessageView => ({
  position: 0,
  id: text,
  subject: text,
  contentType: text,
  correlationId: text,
  replyTo: text,
  properties: JSON.parse(
    JSON.stringify({
      [text]: text,
      deep: { [text]: [text] },
      'sluice-reason': text,
      'sluice-origin': text,
      'sluice-error': text,
    }),
  ),
  annotations: { [text]: text },
  body,
})

const node: NodeView = { broker: text, address: text, name: text, type: 'queue', depth: 1, history: [] }

/** Every element and attribute that the page itself makes; nothing else may be among those that are found. */
const OWN_ELEMENTS = new Set(
  'a article aside bdi button code dd div dl dt h1 h2 h3 header input nav p path pre section span strong svg table tbody td th thead tr'.split(
    ' ',
  ),
)

function elementsOf(html: string): { readonly name: string; readonly attributes: string }[] {
  return [...html.matchAll(/<([a-z][a-z0-9-]*)((?:\s+[^\s"'>/=]+(?:="[^"]*")?)*)\s*\/?>/gi)].map(
    ([, name = '', attributes = '']) => ({ name: name.toLowerCase(), attributes }),
  )
}

function harmless(what: ComponentChild): string {
  const html = renderToString(h('div', null, what))
  const elements = elementsOf(html)
  // Every opening bracket is one of an element that was understood: no tag hides from the check.
  expect(elements.length).toBe([...html.matchAll(/<(?!\/)/g)].length)
  for (const { name, attributes } of elements) {
    expect(OWN_ELEMENTS).toContain(name)
    for (const [, attribute, value] of attributes.matchAll(/\s([^\s"'>/=]+)(?:="([^"]*)")?/g)) {
      expect(attribute).not.toMatch(/^(?:on|srcdoc$|style$|action$|formaction$)/i)
      if (attribute === 'href') expect(value).toMatch(/^#/)
    }
  }
  return html
}

describe('script, SVG and HTML', () => {
  it.each(bodies.map((body) => [body.kind, body] as const))(
    'in a message with a body of kind %s are text',
    (_kind, body) => {
      const message = messageWith(body)
      harmless(h(MessageDetail, { message }))
      harmless(
        h(MessageList, {
          messages: [message],
          label: 'x',
          open: 0,
          onOpen: () => {},
          chosen: new Set<string>(),
        }),
      )
      harmless(
        h(Differences, {
          pair: { left: message, right: message, fields: ['subject', 'body', `properties.${text}`] },
          onClose: () => {},
        }),
      )
    },
  )

  it('in names of nodes, brokers and settings, and in errors, are text', () => {
    harmless(h(NodeRow, { node, index: 0, active: false, brokers: true }))
    harmless(h(PageHead, { title: text, above: [[text, '#/']] }))
    harmless(h(Facts, { title: 'x', facts: factsOf({ [text]: text, list: [text] }) }))
    harmless(h(Problem, { problem: { code: text, message: text, hint: `\`${text}\`` } }))
  })

  it('keep a link of the page its own, whatever the name of the node is', () => {
    for (const address of ['javascript:alert(1)', '//evil.example/', '../../', '"><script>']) {
      const html = harmless(
        h(NodeRow, { node: { ...node, address, broker: address }, index: 0, active: false, brokers: true }),
      )
      for (const [, href] of html.matchAll(/href="([^"]*)"/g))
        expect(href).toMatch(/^#\/node\/[^/?]+\/[^/?]+$/)
    }
  })
})

it('properties with the names of prototypes are data', () => {
  const properties = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as Record<
    string,
    unknown
  >
  const html = renderToString(h(Facts, { title: 'x', facts: factsOf(properties) }))
  for (const name of ['__proto__', 'constructor', 'toString']) expect(html).toContain(name)
})

it('direction characters in a name are shown, and its text turns nothing around it', () => {
  const html = renderToString(
    h(NodeRow, { node: { ...node, name: 'a\u202etxt.exe' }, index: 0, active: false, brokers: false }),
  )
  expect(html).not.toContain('\u202e')
  expect(html).toContain('\\u202e')
  expect(html).toContain('<bdi>')
})
