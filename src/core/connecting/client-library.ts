/** Loads an optional peer package on first use, with an error that says how to install it. */
import { MessagingError } from '../../model/errors.ts'

/**
 * @param name package name, for the error
 * @param load `() => import('name')`, written at the place of use so that bundlers and types see it
 * @throws `CLIENT_LIBRARY_MISSING` when the package is not installed
 */
export async function clientLibrary<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const missing = (cause as { code?: string })?.code === 'ERR_MODULE_NOT_FOUND'
    throw new MessagingError(
      'CLIENT_LIBRARY_MISSING',
      missing ? `The package '${name}' is not installed` : `The package '${name}' could not be loaded`,
      { cause, hint: `Install it: npm install ${name}`, context: { package: name } },
    )
  }
}
