/** One message with all that is known of it, beside the list it was chosen from. */
import type { ComponentChildren } from 'preact'
import type { MessageView } from '../../../protocol.ts'
import { exact, span } from '../../text/times.ts'
import { Button } from '../controls/button.tsx'
import { Visible } from '../visible.tsx'
import { Body } from './body.tsx'
import { type Fact, Facts, factsOf } from './facts.tsx'

interface MessageDetailProps {
  readonly message: MessageView
  readonly onClose?: () => void
  /** Buttons for this message. */
  readonly children?: ComponentChildren
}

export function MessageDetail({ message, onClose, children }: MessageDetailProps) {
  return (
    <article class="detail" aria-label="Message">
      <header class="detail-head">
        <div class="detail-title">
          <h2>
            {message.id === undefined ? (
              `Message ${message.position + 1}`
            ) : (
              <Visible text={message.id} limit={120} />
            )}
          </h2>
          {message.subject !== undefined && (
            <p class="soft">
              <Visible text={message.subject} limit={200} />
            </p>
          )}
        </div>
        {onClose !== undefined && (
          <Button kind="quiet" icon="close" label="Close the message" keys="Escape" onPress={onClose} />
        )}
      </header>
      {children !== undefined && <div class="bar">{children}</div>}
      <Failure message={message} />
      <Body body={message.body} />
      <Facts title="Properties" facts={factsOf(message.properties)} />
      <Facts title="Fields" facts={fieldsOf(message)} />
      <Facts title="Annotations" facts={factsOf(message.annotations)} />
    </article>
  )
}

/** Why it failed stands first where a message is a dead letter. */
function Failure({ message }: { readonly message: MessageView }) {
  const reason = message.properties['sluice-reason']
  if (reason === undefined) return null
  const origin = message.properties['sluice-origin']
  const error = message.properties['sluice-error']
  return (
    <section class="failure" aria-label="Why it is a dead letter">
      <p>
        <strong>
          <Visible text={String(reason)} limit={400} />
        </strong>
        {origin !== undefined && (
          <span class="soft">
            {' '}
            from <Visible text={String(origin)} limit={200} />
          </span>
        )}
      </p>
      {error !== undefined && (
        <pre tabIndex={0} aria-label="Error">
          <Visible text={String(error)} layout limit={4096} />
        </pre>
      )}
    </section>
  )
}

export function fieldsOf(message: MessageView): Fact[] {
  const facts: Fact[] = [
    { name: 'id', value: message.id },
    { name: 'subject', value: message.subject },
    { name: 'contentType', value: message.contentType },
    { name: 'correlationId', value: message.correlationId },
    { name: 'replyTo', value: message.replyTo },
    { name: 'priority', value: message.priority },
    { name: 'durable', value: message.durable },
    {
      name: 'ttlMs',
      value: message.ttlMs,
      shown: message.ttlMs === undefined ? undefined : span(message.ttlMs),
    },
    { name: 'createdAt', value: message.createdAt, shown: exact(message.createdAt) },
    { name: 'deliveryCount', value: message.deliveryCount },
    { name: 'redelivered', value: message.redelivered },
  ]
  return facts.filter(({ value }) => value !== undefined)
}
