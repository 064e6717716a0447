/** Before there is a session: the password, or what to do without one. */
import { useState } from 'preact/hooks'
import { Button } from '../parts/controls/button.tsx'
import { Field } from '../parts/controls/field.tsx'
import { Form } from '../parts/controls/form.tsx'
import { Mark } from '../parts/icon.tsx'
import { Loading, Problem } from '../parts/problem.tsx'
import { problemOf } from '../state/api.ts'
import { enter, enterWithPassword, sessionProblem } from '../state/session.ts'

export function Entrance() {
  const problem = sessionProblem.value
  return (
    <main class="entrance" id="main">
      <h1>
        <Mark /> Sluice console
      </h1>
      {problem === undefined ? (
        <Loading what="the session" />
      ) : problem.login === 'password' ? (
        <Password />
      ) : problem.login === 'link' ? (
        <p>
          Open the link that <code>sluice console</code> printed: it lets one browser in, once. For one more
          browser, ask a page that is already in (<kbd>?</kbd>), or start the command again.
        </p>
      ) : (
        <Problem problem={problem}>
          <Button icon="refresh" onPress={() => void enter()}>
            Try again
          </Button>
        </Problem>
      )}
    </main>
  )
}

function Password() {
  const [password, setPassword] = useState('')
  const [wrong, setWrong] = useState<string>()
  const [busy, setBusy] = useState(false)
  const submit = async () => {
    setBusy(true)
    await enterWithPassword(password).catch((error: unknown) => setWrong(problemOf(error).message))
    setBusy(false)
  }
  return (
    <Form onSubmit={submit}>
      <Field
        label="Password"
        type="password"
        value={password}
        onValue={setPassword}
        problem={wrong}
        first
        required
      />
      <Button kind="primary" submit busy={busy}>
        Enter
      </Button>
    </Form>
  )
}
