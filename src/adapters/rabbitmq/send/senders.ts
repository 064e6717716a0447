/** Attaching senders: which kind of sender a target needs. */
import type {
  AdapterRequester,
  AdapterSender,
  LinkEvents,
  NodeRef,
  ReceiverEvents,
  SenderSpec,
} from '../../../contract/adapter.ts'
import { MessagingError } from '../../../model/errors.ts'
import { ADAPTER } from '../errors.ts'
import { LinkLife } from '../wire/link-life.ts'
import { PublishChannel } from '../wire/publish-channel.ts'
import type { Session } from '../wire/session.ts'
import { AnonymousSender } from './anonymous-sender.ts'
import { DelayLine } from './delay-line.ts'
import { MulticastSender } from './multicast-sender.ts'
import { isReplyAddress } from './reply-address.ts'
import { ReplySender } from './reply-sender.ts'
import { RabbitmqRequester } from './requester.ts'
import { ExchangeSender, QueueSender, type SenderParts } from './sender.ts'
import { UnconfirmedSender } from './unconfirmed-sender.ts'

export function attachSender(session: Session, spec: SenderSpec, events: LinkEvents): Promise<AdapterSender> {
  const { target } = spec
  return attaching(session, target, events, async (life) => {
    if (target?.type === 'multicast')
      return new MulticastSender(await parts(session, life, target), target.name)
    if (!target) return new AnonymousSender(await parts(session, life, target))
    const kind = await kindOf(session, target)
    if (spec.reliability === 'at-most-once') {
      return UnconfirmedSender.open(session, life, spec, { [kind]: target.name })
    }
    const made = await parts(session, life, target)
    if (isReplyAddress(target.name)) return new ReplySender(made, target.name)
    return kind === 'queue' ? new QueueSender(made, target.name) : new ExchangeSender(made, target.name)
  })
}

export function attachRequester(
  session: Session,
  spec: SenderSpec,
  events: ReceiverEvents,
): Promise<AdapterRequester> {
  const target = spec.target
  return attaching(session, target, events, async (life) => {
    if (!target || (await kindOf(session, target)) !== 'queue') {
      throw new MessagingError('NOT_SUPPORTED', 'Requests go to a queue (a service)', {
        context: { adapter: ADAPTER, address: target?.name, operation: 'request' },
      })
    }
    return RabbitmqRequester.open(await parts(session, life, target), target.name, events)
  })
}

/** Leaves nothing open when attaching fails. */
async function attaching<T>(
  session: Session,
  target: NodeRef | undefined,
  events: LinkEvents,
  attach: (life: LinkLife) => Promise<T>,
): Promise<T> {
  const life = new LinkLife(session, events)
  try {
    const link = await attach(life)
    life.attached()
    return link
  } catch (cause) {
    void life.close()
    throw session.error(cause, { address: target?.name, operation: 'attachSender' })
  }
}

async function parts(session: Session, life: LinkLife, target: NodeRef | undefined): Promise<SenderParts> {
  const channel = await PublishChannel.open(session, target?.name, life)
  return { session, life, channel, delays: new DelayLine(session, life) }
}

/** @throws `ADDRESS_NOT_FOUND` when there is nothing of that name */
async function kindOf({ scratch }: Session, { name, type }: NodeRef): Promise<'queue' | 'exchange'> {
  if ((type === undefined || type === 'queue') && (await scratch.queue(name))) return 'queue'
  if (type !== 'queue' && (await scratch.exchange(name))) return 'exchange'
  throw new MessagingError(
    'ADDRESS_NOT_FOUND',
    `There is no ${type === 'queue' ? 'queue' : 'node'} '${name}'`,
    {
      context: { adapter: ADAPTER, address: name, operation: 'attachSender' },
    },
  )
}
