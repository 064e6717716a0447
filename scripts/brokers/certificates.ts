/** A certificate authority of a few days and one server certificate for loopback, made by openssl. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { find, run } from './commands.ts'
import type { Progress, TlsFiles } from './kind.ts'
import { installPackages } from './packages.ts'

const DAYS = '30'

export async function makeCertificates(home: string, broker: string, progress: Progress): Promise<TlsFiles> {
  const folder = join(home, 'tls')
  const at = (name: string) => join(folder, name)
  const files: TlsFiles = { ca: at('ca.pem'), certificate: at('server.pem'), key: at('server.key') }
  if (existsSync(files.certificate)) return files
  if (find('openssl') === undefined) await installPackages(broker, ['openssl'], progress)
  const openssl = find('openssl') as string

  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // RSA: Broker-J reads no other private key from a PEM file, and hangs up at every handshake without one.
  const newKey = ['-newkey', 'rsa:2048', '-nodes']
  const caKey = at('ca.key')
  const request = at('server.csr')
  const extensions = at('server.ext')
  writeFileSync(
    extensions,
    'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n',
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
  // Written last: its presence says that the set is complete.
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
  return files
}
