/**
 * Reaches: places where an adapter uses more of its client library than the library promises.
 *
 * Each adapter has one table of them, `wire/reaches.ts`. It is looked through once for a connection. Where the library is built otherwise the
 * adapter goes the library's own way there, and the program is told by a `warning`. `npm run test:newest` tries the newest libraries.
 */
import { MessagingError } from '../../model/errors.ts'

/** One such place. */
interface Reach<Subject> {
  /** What must be there, by the library's names. */
  readonly expects: string
  /** Looks for it, and changes nothing. What it throws counts as no. */
  isThere(subject: Subject): boolean
  /** What happens where it is not, as a sentence of the warning. */
  readonly otherwise: string
  /** The file whose cases take it away and see that messages still flow. */
  readonly test: string
}

/** A table of reaches by name. */
export type Reaches<Name extends string, Subject> = Readonly<Record<Name, Reach<Subject>>>

/** The warning that a library is built otherwise. */
export function builtOtherwise(
  library: string,
  { expects, otherwise }: Pick<Reach<never>, 'expects' | 'otherwise'>,
): MessagingError {
  return new MessagingError(
    'NOT_SUPPORTED',
    `This ${library} is built otherwise (${expects}): ${otherwise}`,
    {
      hint: `Everything goes on in the library's own way. Use the version of ${library} that the peer dependencies name, or a newer Sluice.`,
      context: { package: library, expects },
    },
  )
}

/**
 * Looks through a table.
 *
 * @param missing is told of each reach that is not there, in the order of the table
 * @returns the names of those that are
 */
export function lookFor<Name extends string, Subject>(
  library: string,
  table: Reaches<Name, Subject>,
  subject: Subject,
  missing: (warning: MessagingError) => void,
): ReadonlySet<Name> {
  const found = new Set<Name>()
  for (const name of Object.keys(table) as Name[]) {
    if (looks(table[name], subject)) found.add(name)
    else missing(builtOtherwise(library, table[name]))
  }
  return found
}

function looks<Subject>(reach: Reach<Subject>, subject: Subject): boolean {
  try {
    return reach.isThere(subject)
  } catch {
    return false
  }
}

/** Whether each of these members of `object` is a function. */
export function hasMethods(object: unknown, ...names: string[]): boolean {
  return names.every((name) => typeof (object as Record<string, unknown> | undefined)?.[name] === 'function')
}
