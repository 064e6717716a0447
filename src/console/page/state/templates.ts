/** Messages to send again, kept in this browser. */
import { signal } from '@preact/signals'
import type { MessageView, OutgoingView } from '../../protocol.ts'
import { store, stored } from './preferences.ts'
import { toast } from './toasts.ts'

export interface Template {
  readonly name: string
  readonly message: OutgoingView
}

export const templates = signal<readonly Template[]>(read())

/** A message that was opened as a template, until the form has taken it. */
export const openedAsTemplate = signal<OutgoingView | undefined>(undefined)

export function keepTemplate(template: Template): void {
  keep([template, ...templates.peek().filter(({ name }) => name !== template.name)])
}

/** Forgets it, which can be undone. */
export function dropTemplate(template: Template): void {
  keep(templates.peek().filter(({ name }) => name !== template.name))
  toast({
    kind: 'note',
    text: `The template ${template.name} is forgotten`,
    undo: { label: 'Undo', run: () => keepTemplate(template) },
  })
}

const COPIED = ['subject', 'contentType', 'correlationId', 'replyTo', 'priority', 'durable', 'ttlMs'] as const

/** What a new message takes over: all but the identity and the history of the one it is made from. */
export function templateOf(message: MessageView): OutgoingView {
  const fields: Record<string, unknown> = {}
  for (const name of COPIED) if (message[name] !== undefined) fields[name] = message[name]
  const properties = Object.entries(message.properties).filter(([name]) => !name.startsWith('sluice-'))
  if (properties.length > 0) fields.properties = Object.fromEntries(properties)
  const { kind, text } = message.body
  return {
    body: {
      kind: kind === 'json' ? 'json' : kind === 'binary' ? 'base64' : 'text',
      text: kind === 'binary' ? base64OfHex(text) : text,
    },
    fields,
  }
}

function base64OfHex(hex: string): string {
  const pairs = hex.match(/[0-9a-f]{2}/gi) ?? []
  return btoa(pairs.map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join(''))
}

function keep(list: readonly Template[]): void {
  templates.value = list
  store('templates', JSON.stringify(list))
}

function read(): readonly Template[] {
  try {
    const kept: unknown = JSON.parse(stored('templates') ?? '[]')
    return Array.isArray(kept) ? kept.filter(isTemplate) : []
  } catch {
    return []
  }
}

function isTemplate(value: unknown): value is Template {
  const { name, message } = (value ?? {}) as Partial<Template>
  return typeof name === 'string' && typeof message?.body?.text === 'string'
}
