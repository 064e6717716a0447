/** Promises whose answer is given by an object that lives anyway. */

/** Has what settles a promise, from {@link promiseOf} on. */
export interface Answering<T> {
  resolve: ((value: T) => void) | undefined
  reject: ((error: Error) => void) | undefined
}

/** Whose promise is being made: one function takes the ends of all, because a closure for each costs as much as the promise. */
let asking: Answering<never> | undefined

function take(resolve: (value: never) => void, reject: (error: Error) => void): void {
  asking!.resolve = resolve
  asking!.reject = reject
}

/** A promise that `answering` settles by its `resolve` or `reject`. */
export function promiseOf<T>(answering: Answering<T>): Promise<T> {
  asking = answering
  const promise = new Promise<T>(take)
  asking = undefined
  return promise
}
