/** The client library, loaded on first use. */
import { clientLibraryMissing } from '../../core/connecting/client-library.ts'

/** The import stands inside a `try`, by which bundlers know that the package may be absent. @throws `CLIENT_LIBRARY_MISSING` */
export async function loadZeromq() {
  try {
    return await import('zeromq')
  } catch (cause) {
    throw clientLibraryMissing('zeromq', cause)
  }
}
