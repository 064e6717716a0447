/** The client library, loaded on first use. */
import { clientLibraryMissing } from '../../core/connecting/client-library.ts'

/** The import stands inside a `try`, by which bundlers know that the package may be absent. @throws `CLIENT_LIBRARY_MISSING` */
export async function loadAmqplib() {
  try {
    return await import('amqplib')
  } catch (cause) {
    throw clientLibraryMissing('amqplib', cause)
  }
}
