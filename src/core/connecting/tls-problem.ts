/** What went wrong with TLS, in words that say what to do. */
import { MessagingError, type MessagingErrorOptions } from '../../model/errors.ts'

/** Node's codes for a certificate that was seen and found wanting. */
const CERTIFICATE =
  /^(UNABLE_TO_|CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_|ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH|INVALID_CA)/

/** `undefined`: it was not TLS. `place` is shown; `plain`: URL schemes of this broker without TLS. */
export function tlsProblem(
  cause: unknown,
  place: string,
  plain: string,
  context: NonNullable<MessagingErrorOptions['context']>,
): MessagingError | undefined {
  if (!(cause instanceof Error)) return undefined
  const { code = '', reason } = cause as Error & { code?: string; reason?: string }
  if (CERTIFICATE.test(code)) {
    return new MessagingError(
      'CONNECT_FAILED',
      `The certificate of the broker at ${place} is not trusted: ${cause.message.trim()}`,
      {
        cause,
        context,
        retryable: false,
        hint: 'Give the authority that signed it: connect({ url, tls: { ca } }), and use the host name the certificate is for.',
      },
    )
  }
  if (!/^(ERR_SSL_|EPROTO)/.test(code)) return undefined
  // OpenSSL's own words without its numbers, source lines and line feeds.
  const words = (reason ?? cause.message).replace(/\s+/g, ' ').trim()
  return new MessagingError('CONNECT_FAILED', `No TLS connection to ${place}: ${words}`, {
    cause,
    context,
    hint: `Check that this port speaks TLS; a port without it takes ${plain} URLs.`,
  })
}
