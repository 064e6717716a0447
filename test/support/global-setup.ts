/**
 * Tells the tests where the brokers are that `npm test` or `npm run brokers -- up` has started. What the user
 * has set goes before.
 */
import { testEnvironment } from '../../scripts/brokers/environment.ts'
import { defaultHome } from '../../scripts/brokers/home.ts'

export default function setup(): void {
  for (const [name, value] of Object.entries(testEnvironment(defaultHome()))) process.env[name] ??= value
}
