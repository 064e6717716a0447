/** Loads an optional peer package on first use, with an error that says how to install it. */
import { MessagingError } from '../../model/errors.ts'

/**
 * For tools, which are not bundled: an adapter has its import inside a `try` of its own.
 *
 * @param name package name, for the error
 * @param load `() => import('name')`, written at the place of use so that types see it
 * @throws `CLIENT_LIBRARY_MISSING` when the package is not installed
 */
export async function clientLibrary<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw clientLibraryMissing(name, cause)
  }
}

/** Bundlers leave a `require` or a stub of their own in place of an import that they did not find, with another code. */
const NOT_FOUND: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

export function clientLibraryMissing(name: string, cause: unknown): MessagingError {
  const missing = NOT_FOUND.includes((cause as { code?: unknown } | undefined)?.code)
  const context = { package: name }
  if (missing)
    return new MessagingError('CLIENT_LIBRARY_MISSING', `The package '${name}' is not installed`, {
      cause,
      hint: `Install it: npm install ${name}`,
      context,
    })
  const reason = cause instanceof Error ? `: ${cause.message.split('\n', 1)[0]}` : ''
  return new MessagingError('CLIENT_LIBRARY_MISSING', `The package '${name}' could not be loaded${reason}`, {
    cause,
    hint: `Install it for this system: npm install ${name}. The options --permission and --no-addons of Node keep native code away.`,
    context,
  })
}
