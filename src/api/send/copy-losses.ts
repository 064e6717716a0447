/** What a copy to another kind of broker cannot hold is told: once for each address of a connection and each kind of thing. */
import { MessagingError } from '../../model/errors.ts'
import type { IncomingMessage } from '../../model/message.ts'
import type { LinkHost } from '../link/link-host.ts'

/** Told so far, for a connection; beyond it nothing is told any more. */
const MAX_TOLD = 10_000
const told = new WeakMap<LinkHost, Set<string>>()

/** @param address where the copy goes to */
export function tellLosses(host: LinkHost, address: string, original: IncomingMessage | undefined): void {
  const nativeOnly = original?.nativeOnly
  if (!nativeOnly || nativeOnly.adapter === host.adapter.name) return
  const known = told.get(host) ?? new Set()
  told.set(host, known)
  const news = lossesOf(nativeOnly).filter(
    (kind) => known.size < MAX_TOLD && !known.has(`${kind} ${address}`),
  )
  if (news.length === 0) return
  for (const kind of news) known.add(`${kind} ${address}`)
  const text = `Copies to '${address}' do not keep what only ${nativeOnly.adapter} has: ${news.join(', ')}`
  host.warning(
    new MessagingError('NOT_SUPPORTED', text, {
      hint: 'docs/mapping.md says what becomes of it. This is told once for each kind and address of a connection.',
      context: { address, operation: 'forward', from: nativeOnly.adapter, lost: news },
    }),
  )
}

/** What cannot be read of a damaged message cannot be told either. */
function lossesOf({ kinds }: NonNullable<IncomingMessage['nativeOnly']>): readonly string[] {
  try {
    return kinds()
  } catch {
    return []
  }
}
