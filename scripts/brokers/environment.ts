/** `SLUICE_TEST_…`: how tests reach brokers, and brokers that the user has given by such variables. */
import { readRecord, readRecords } from './home.ts'
import type { BrokerName, BrokerRecord } from './kind.ts'
import { kindOf } from './kinds.ts'

/** Variables of all brokers that are up. */
export function testEnvironment(home: string): Record<string, string> {
  const variables: Record<string, string> = { SLUICE_BROKERS_HOME: home }
  for (const record of readRecords(home)) Object.assign(variables, record.environment)
  return variables
}

/** The user's own URL for this broker; not one that `env` printed for a broker of ours. */
export function givenByUser(home: string, name: BrokerName): string | undefined {
  const { variable } = kindOf(name)
  const url = process.env[variable]
  if (!url || url === readRecord(home, name)?.environment[variable]) return undefined
  return url
}

/** Resolves to its version; rejects when nobody serves there. */
export function probeGiven(name: BrokerName): Promise<string> {
  return kindOf(name).probe(process.env as Record<string, string>)
}

export function mainUrl(record: BrokerRecord): string {
  return record.environment[kindOf(record.name).variable] ?? ''
}

/** The same URLs without their passwords. */
export function withoutPasswords(urls: string): string {
  return urls.replace(/\/\/([^:@/]*):[^@/]*@/g, (_, user: string) => (user === '' ? '//' : `//${user}@`))
}

/** Lines for a POSIX shell. */
export function exportLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('')
}
