/** Options of the embedded broker's connections: there are none of their own. */
import type { ConnectTarget } from '../../contract/adapter.ts'
import { checkKnownKeys } from '../../core/options/known-keys.ts'

/** @throws `CONFIG_INVALID` on an option of its own: there are none */
export function checkTarget(target: ConnectTarget): void {
  checkKnownKeys(target.native, [], 'connect(): native')
}
