import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeCertificates } from '../../scripts/brokers/certificates.ts'

test('brokers that start side by side get one set of certificates, whose parts fit', async () => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-certificates-'))
  try {
    const sets = await Promise.all(
      ['rabbitmq', 'qpid', 'redis'].map((broker) => makeCertificates(home, broker, () => {})),
    )
    expect(new Set(sets.map(({ ca }) => ca)).size).toBe(1)
    const { ca, certificate } = sets[0]!
    expect(String(execFileSync('openssl', ['verify', '-CAfile', ca, certificate]))).toMatch(/: OK/)
    expect(readdirSync(home)).toEqual(['tls'])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
