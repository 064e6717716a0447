/** Names in the text of an error. */

const MOST = 20

/** The first of them, and how many more there are: thousands would be a text of megabytes. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST).join(', ')
  return names.length > MOST ? `${shown} and ${names.length - MOST} more` : shown
}
