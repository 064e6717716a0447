/** The tables: printable, and safe to run again. */

/** Woken by this name; a notification is delivered when its transaction commits. */
export const CHANNEL = 'sluice_outbox'

/**
 * SQL that makes the tables of outbox and inbox; run again it changes nothing. Everything is in the schema that is first in the search path.
 *
 * `sluice_outbox` holds what was sent and not yet handed on: a row leaves when the broker has confirmed its message. `place` names the node, in which
 * the order of `position` is kept. A message that can never be sent stays with its `error`.
 */
export const SCHEMA_SQL = `-- Tables of sluice/outbox. Safe to run again.
CREATE TABLE IF NOT EXISTS sluice_outbox (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id         text NOT NULL,
  place      text NOT NULL,
  target     text NOT NULL,
  fields     text NOT NULL,
  body       bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Why the message can never be sent; set it to NULL to try again.
  error      text
);
CREATE INDEX IF NOT EXISTS sluice_outbox_waiting ON sluice_outbox (place, position) WHERE error IS NULL;

-- Ids of messages whose work is done, for each kind of work.
CREATE TABLE IF NOT EXISTS sluice_inbox (
  work    text NOT NULL,
  id      text NOT NULL,
  done_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (work, id)
);

CREATE OR REPLACE FUNCTION sluice_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('${CHANNEL}', '');
  RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER sluice_outbox_notify AFTER INSERT ON sluice_outbox
  FOR EACH STATEMENT EXECUTE FUNCTION sluice_outbox_notify();
`
