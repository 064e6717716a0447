/** Writes nodes to the store, when the broker has one. */
import { MessagingError } from '../../model/errors.ts'
import type { CommitWaiter, Store } from '../store/store.ts'
import { formatNodeRecord, type NodeRecord } from './node-settings.ts'

export class NodeStore {
  readonly #store: Store | undefined

  constructor(store: Store | undefined) {
    this.#store = store
  }

  /** The key of a new node; 0: it is not kept. */
  newId(durable: boolean): number {
    return durable && this.#store ? this.#store.nextNodeId() : 0
  }

  /** Writes a new node; resolves when it is on disk. When the disk refuses, `undo` takes it out of memory again. */
  create(id: number, record: NodeRecord, undo: () => void): Promise<void> {
    const store = this.#store
    if (id === 0 || !store) return DONE
    return new Promise((resolve, reject) => {
      const waiter = new Written(true, resolve, (error) => {
        undo()
        reject(
          new MessagingError('INTERNAL', `The node '${record.name}' could not be stored: ${error.message}`, {
            cause: error,
            hint: 'Make room on the disk of the store, then try again.',
            context: { address: record.name, operation: 'declare' },
            retryable: true,
          }),
        )
      })
      store.saveNode(id, formatNodeRecord(record), waiter)
      store.commit(waiter)
    })
  }

  /** Writes changes of a node; they are tried until they are on disk. */
  change(id: number, record: NodeRecord): void {
    if (id !== 0) this.#store?.saveNode(id, formatNodeRecord(record), undefined)
  }

  /** Removes the node and, in the background, its messages. */
  remove(id: number): void {
    if (id === 0 || !this.#store) return
    this.#store.removeNode(id)
    this.#store.clear(id)
  }

  /** Resolves when everything written so far is on disk. */
  committed(): Promise<void> {
    const store = this.#store
    if (!store) return DONE
    return new Promise((resolve) => store.commit(new Written(false, resolve, () => resolve())))
  }
}

class Written implements CommitWaiter {
  readonly refusable: boolean
  readonly #done: () => void
  readonly #failed: (error: Error) => void

  constructor(refusable: boolean, done: () => void, failed: (error: Error) => void) {
    this.refusable = refusable
    this.#done = done
    this.#failed = failed
  }

  stored(error: Error | undefined): void {
    if (error) this.#failed(error)
    else this.#done()
  }
}

const DONE = Promise.resolve()
