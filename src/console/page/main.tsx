/** The page: everything that is seen of the console. */
import { render } from 'preact'

render(<p>Sluice console</p>, document.getElementById('app')!)
