/** Where the report of a run goes. `SLUICE_CONFORMANCE_REPORTS`: another folder, for runs on other versions of a broker. */
import { join } from 'node:path'

export function reportFile(name: string): string {
  return join(process.env.SLUICE_CONFORMANCE_REPORTS ?? 'reports/conformance', `${name}.json`)
}
