/**
 * Finds receivers whose connection has ended, before their lease does: the server knows its clients by number. Not behind a
 * Cluster, nor where the user may not list clients; then the lease decides.
 */
import { isForbidden } from '../errors.ts'
import type { Session } from '../wire/session.ts'

/** Receivers of one queue take turns looking. Unit: ms. */
const PAUSE_MS = 500

/** Gives back what dead receivers hold. `always`: also when another receiver has just looked. */
export async function recoverDead(session: Session, base: string, always: boolean): Promise<void> {
  if (session.facts.clientId === undefined || session.facts.runId === '') return
  const { commands } = session.wire
  try {
    if (!always && (await commands.set(`${base}#looked`, '1', 'PX', PAUSE_MS, 'NX')) === null) return
    const others = (await commands.zrange(`${base}#owners`, '0', '-1')).filter(
      (owner) => !owner.startsWith(`${session.token}.`),
    )
    if (others.length === 0) return
    const dead = await deadOf(session, others)
    if (dead.length > 0) await session.run('detach', [base], ['0', ...dead])
  } catch (error) {
    if (!isForbidden(error)) throw error
  }
}

async function deadOf(session: Session, owners: readonly string[]): Promise<string[]> {
  const here = session.facts.runId.slice(0, 12)
  const clients = owners.map((owner) => {
    const [, , server, client] = owner.split('.')
    return { owner, server, client }
  })
  const local = clients.filter(({ server }) => server === here).map(({ client }) => client!)
  const alive = new Set<string>()
  if (local.length > 0) {
    const listed = String(await session.wire.commands.call('CLIENT', 'LIST', 'ID', ...local))
    for (const [, id] of listed.matchAll(/^id=(\d+)/gm)) alive.add(id!)
  }
  // Whose place at the server is not known lives until its lease ends: its user may not ask for it.
  return clients
    .filter(
      ({ server, client }) => server !== '-' && server !== '' && (server !== here || !alive.has(client!)),
    )
    .map(({ owner }) => owner)
}
