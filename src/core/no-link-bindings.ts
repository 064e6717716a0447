import { MessagingError } from '../api/errors.ts'

/** The refusal of `link: x-bindings` where a subscription can have no other keys than its topic's. */
export function noLinkBindings(adapter: string, node: string): MessagingError {
  return new MessagingError(
    'NOT_SUPPORTED',
    'link: x-bindings: only keys of the topic itself can be bound here',
    {
      context: { adapter, address: node, operation: 'attachReceiver', option: 'link.x-bindings' },
      hint: 'Bind a queue by node: {x-bindings: [...]}, and receive from that.',
    },
  )
}
