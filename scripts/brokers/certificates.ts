/** A certificate authority of a few days and one certificate for loopback, for servers and for clients that log in by it, made by openssl. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { find, run } from './commands.ts'
import type { Progress, TlsFiles } from './kind.ts'
import { installPackages } from './software/packages.ts'

const DAYS = '30'

export async function makeCertificates(home: string, broker: string, progress: Progress): Promise<TlsFiles> {
  const folder = join(home, 'tls')
  if (!existsSync(folder)) {
    if (find('openssl') === undefined) await installPackages(broker, ['openssl'], progress)
    mkdirSync(home, { recursive: true })
    const draft = mkdtempSync(join(home, 'tls-'))
    try {
      await make(find('openssl') as string, filesIn(draft))
      // Brokers start side by side: one set counts for all, the first that is complete.
      if (!existsSync(folder)) renameSync(draft, folder)
    } catch (error) {
      if (!existsSync(folder)) throw error
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return filesIn(folder)
}

function filesIn(folder: string): TlsFiles {
  const at = (name: string) => join(folder, name)
  return { ca: at('ca.pem'), certificate: at('server.pem'), key: at('server.key') }
}

async function make(openssl: string, files: TlsFiles): Promise<void> {
  const at = (name: string) => join(dirname(files.ca), name)
  // RSA: Broker-J reads no other private key from a PEM file, and hangs up at every handshake without one.
  const newKey = ['-newkey', 'rsa:2048', '-nodes']
  const caKey = at('ca.key')
  const request = at('server.csr')
  const extensions = at('server.ext')
  writeFileSync(
    extensions,
    'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n',
  )
  await run(openssl, [
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    caKey,
    '-out',
    files.ca,
    '-days',
    DAYS,
    '-subj',
    '/CN=Sluice test CA',
  ])
  await run(openssl, ['req', ...newKey, '-keyout', files.key, '-out', request, '-subj', '/CN=localhost'])
  await run(openssl, [
    'x509',
    '-req',
    '-in',
    request,
    '-CA',
    files.ca,
    '-CAkey',
    caKey,
    '-CAcreateserial',
    '-days',
    DAYS,
    '-extfile',
    extensions,
    '-out',
    files.certificate,
  ])
}
