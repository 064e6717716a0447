/** Calls a function of the application that nobody waits for: neither what it throws nor what its promise rejects with may end the process. */
export function calledSafely(call: () => unknown, fault: (fault: unknown) => void): void {
  try {
    const result = call()
    if (result instanceof Promise) result.catch(fault)
  } catch (error) {
    fault(error)
  }
}
