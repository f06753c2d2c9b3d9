-- omni: the ledger.  omni-ledger(5) explains it; keep the two in step.
--
-- Two tables are the truth: journal and content.  All others are projections:
-- apply.sql makes them from the journal, row by row, and nothing else writes
-- them.  "omni-ledger verify" proves that, "omni-ledger rebuild" redoes it: it
-- drops all but those two and runs this file, which is also how a ledger gets
-- what a later omni has added here.  Then SCHEMA_VERSION goes up.
--
-- Times are RFC 3339 in UTC.  Views for staff show the site's local time.
-- Personal data is in content only; projections hold its key.

CREATE TABLE IF NOT EXISTS journal (
  seq  INTEGER PRIMARY KEY,
  at   TEXT NOT NULL,		-- never goes back
  by   TEXT NOT NULL,		-- the program
  run  TEXT NOT NULL,
  op   TEXT NOT NULL,
  data TEXT NOT NULL CHECK (json_valid(data))
) STRICT;

CREATE INDEX journal_confirmed ON journal(seq) WHERE op = 'clock.confirmed';

-- The evidence of one address: omni-contact consent.
CREATE INDEX journal_consent ON journal(data ->> '$.hash')
  WHERE op = 'consent.put';

-- What rows tell of one person, for omni-contact forget.
CREATE INDEX journal_person
  ON journal(coalesce(data ->> '$.contact', data ->> '$.id'))
  WHERE op = 'contact.put' OR op = 'contact.consent' OR
    op = 'contact.forgotten' OR op = 'reminder.put' OR op = 'message.refused';
CREATE INDEX journal_merged ON journal(seq) WHERE op = 'contact.merged';
-- The operation first: the data of most rows need not be read for these.
CREATE INDEX journal_note ON journal(data ->> '$.note')
  WHERE (op = 'consent.put' OR op = 'contact.consent')
    AND data ->> '$.note' IS NOT NULL;
CREATE INDEX journal_subject ON journal(data ->> '$.id')
  WHERE op = 'conversation.put' AND data ->> '$.note' IS NOT NULL;
CREATE INDEX journal_refused ON journal(seq)
  WHERE op = 'message.refused' AND data ->> '$.hashes' IS NOT NULL;

-- INSERT OR REPLACE would get past the two triggers below.
CREATE TRIGGER journal_grows BEFORE INSERT ON journal
WHEN NEW.seq <= (SELECT max(seq) FROM journal)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_keeps_rows BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_keeps_values BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE IF NOT EXISTS content (
  key       TEXT PRIMARY KEY,	-- kind/keyed hash of the body
  body      TEXT,		-- NULL once erased
  erased_at TEXT
) STRICT;

-- projections --------------------------------------------------------------

CREATE TABLE site (
  one             INTEGER PRIMARY KEY CHECK (one = 1),
  created_at      TEXT NOT NULL,
  key_fingerprint TEXT NOT NULL,
  name            TEXT,
  timezone        TEXT
) STRICT;

CREATE TABLE site_offset (
  starts_at TEXT PRIMARY KEY,	-- from this instant on ...
  minutes   INTEGER NOT NULL	-- ... the site is so far east of UTC
) STRICT;

CREATE TABLE run (
  id         TEXT PRIMARY KEY,
  program    TEXT NOT NULL,
  started_at TEXT NOT NULL,
  last_at    TEXT NOT NULL,
  first_seq  INTEGER NOT NULL,
  last_seq   INTEGER NOT NULL,
  changes    INTEGER NOT NULL
) STRICT;

CREATE TABLE channel (
  name       TEXT PRIMARY KEY,
  type       TEXT NOT NULL,
  provider   TEXT NOT NULL,	-- its section in omni.conf
  kind       TEXT NOT NULL,	-- what that section's kind says
  active     INTEGER NOT NULL,
  sender     TEXT,
  cost       TEXT NOT NULL,
  currency   TEXT,
  per_hour   INTEGER NOT NULL,
  per_day    INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- What the senders found when they last had reason to say so.
CREATE TABLE provider_state (
  name     TEXT PRIMARY KEY,	-- its section in omni.conf
  state    TEXT NOT NULL CHECK (state IN ('up', 'down')),
  failures INTEGER NOT NULL,	-- runs in a row that found nobody
  retry_at TEXT,		-- of down: nothing is tried before
  since    TEXT NOT NULL,
  at       TEXT NOT NULL
) STRICT;

CREATE TABLE contact (
  id         TEXT PRIMARY KEY,
  content    TEXT NOT NULL REFERENCES content(key),
  digest     TEXT NOT NULL,	-- of all that an import said of them
  language   TEXT,
  timezone   TEXT,
  tags       TEXT NOT NULL DEFAULT '[]',
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE address (
  type            TEXT NOT NULL,	-- channel type
  hash            TEXT NOT NULL,	-- keyed hash of the identifier
  content         TEXT NOT NULL REFERENCES content(key),
  line            TEXT,			-- mobile, fixed_line, ...
  verified        INTEGER NOT NULL DEFAULT 0,
  dead_at         TEXT,
  dead_reason     TEXT,
  last_inbound_at TEXT,
  looked_up_at    TEXT,			-- when a provider was asked for `line`
  PRIMARY KEY (type, hash)
) STRICT;
CREATE INDEX address_hash ON address(hash);

CREATE TABLE contact_address (
  contact TEXT NOT NULL REFERENCES contact(id),
  type    TEXT NOT NULL,
  hash    TEXT NOT NULL,
  is_primary INTEGER NOT NULL,
  rank    INTEGER NOT NULL,
  PRIMARY KEY (contact, type, hash),
  FOREIGN KEY (type, hash) REFERENCES address(type, hash)
) STRICT;
CREATE INDEX contact_address_hash ON contact_address(hash);

CREATE TABLE preference (
  contact       TEXT PRIMARY KEY REFERENCES contact(id),
  channel       TEXT,
  channels      TEXT,			-- JSON: an order of their own
  topics        TEXT,			-- JSON: {"marketing": true}
  quiet_start   TEXT,
  quiet_end     TEXT,
  escalation_after_minutes INTEGER,
  escalation_channels TEXT,		-- JSON
  updated_at    TEXT NOT NULL
) STRICT;

-- For addresses that say nothing themselves, also those that come later.
CREATE TABLE contact_opt_out (
  contact TEXT NOT NULL REFERENCES contact(id),
  scope   TEXT NOT NULL,	-- as in consent
  how     TEXT NOT NULL,	-- as in consent, or preference: a topic there
  at      TEXT NOT NULL,
  PRIMARY KEY (contact, scope)
) STRICT;

-- By address, not by person: two people with one phone are silenced together.
CREATE TABLE consent (
  hash   TEXT NOT NULL,
  scope  TEXT NOT NULL,		-- all, channel:sms, topic:marketing
  state  TEXT NOT NULL CHECK (state IN ('in', 'out')),
  at     TEXT NOT NULL,
  how    TEXT NOT NULL,		-- import, staff, keyword, link, provider,
				-- complaint
  source TEXT,			-- the message or file it came with
  seq    INTEGER NOT NULL,	-- its journal row
  PRIMARY KEY (hash, scope)
) STRICT;

CREATE TABLE conversation (
  id           TEXT PRIMARY KEY,
  contact      TEXT,
  hash         TEXT,		-- of the address, where no contact is known
  subject      TEXT,		-- content key: staff wrote it
  related_type TEXT,
  related_id   TEXT,
  -- Not "IN": SQLite would make a table of the list for each change.
  status       TEXT NOT NULL DEFAULT 'active' CHECK (status = 'active' OR
    status = 'pending' OR status = 'resolved' OR status = 'archived'),
  priority     TEXT NOT NULL DEFAULT 'normal' CHECK (priority = 'low' OR
    priority = 'normal' OR priority = 'high' OR priority = 'urgent'),
  owner        TEXT,
  assignee     TEXT,
  tags         TEXT NOT NULL DEFAULT '[]',
  unread_count INTEGER NOT NULL DEFAULT 0,
  created_at   TEXT NOT NULL,
  last_message_at          TEXT,
  last_customer_message_at TEXT,
  last_staff_message_at    TEXT
) STRICT;
-- Lists of an inbox, the last who wrote first.
CREATE INDEX conversation_wrote
  ON conversation(coalesce(last_customer_message_at, ''), id)
  WHERE last_customer_message_at IS NOT NULL;
CREATE INDEX conversation_open
  ON conversation(coalesce(last_customer_message_at, ''), id)
  WHERE last_customer_message_at IS NOT NULL AND (status = 'pending' OR
  status = 'active');
CREATE INDEX conversation_unread
  ON conversation(coalesce(last_customer_message_at, ''), id)
  WHERE unread_count > 0;
CREATE INDEX conversation_assignee
  ON conversation(assignee, coalesce(last_customer_message_at, ''), id)
  WHERE assignee IS NOT NULL;
CREATE INDEX conversation_contact ON conversation(contact)
  WHERE contact IS NOT NULL;

CREATE TABLE conversation_tag (
  tag          TEXT NOT NULL,
  conversation TEXT NOT NULL REFERENCES conversation(id),
  PRIMARY KEY (tag, conversation)
) STRICT;
CREATE INDEX conversation_tag_of ON conversation_tag(conversation);

CREATE TABLE message (
  id           TEXT PRIMARY KEY,
  direction    TEXT NOT NULL CHECK (direction IN ('outbound', 'inbound')),
  conversation TEXT REFERENCES conversation(id),
  contact      TEXT,
  type         TEXT,
  topic        TEXT,
  class        TEXT,
  template     TEXT,
  channel      TEXT,		-- the configured channel
  channel_type TEXT,
  hash         TEXT,		-- of the address
  address      TEXT,		-- its content key
  content      TEXT,		-- content key of the whole record
  fingerprint  TEXT,		-- keyed hash of what the person would read
  language     TEXT,
  timezone     TEXT,
  state        TEXT NOT NULL CHECK (state = 'queued' OR state = 'held' OR
    state = 'sending' OR state = 'in_doubt' OR state = 'sent' OR
    state = 'failed' OR state = 'cancelled' OR state = 'expired' OR
    state = 'refused' OR state = 'received'),
  reason       TEXT,		-- why it is held, failed, cancelled, refused
  status       TEXT,		-- what the receipts say: accepted ... read
  due_at       TEXT,
  expires_at   TEXT,
  priority     INTEGER NOT NULL DEFAULT 1,	-- 0 high, 1 normal, 2 bulk
  author       TEXT,
  released_by  TEXT,		-- who of staff let a held one go
  parent       TEXT,
  reminder     TEXT,
  revision     INTEGER,
  step         INTEGER,
  condition    TEXT,		-- of the step: undelivered, unread, always
  related_type TEXT,
  related_id   TEXT,
  fallback     TEXT,		-- JSON
  failover     TEXT CHECK (failover = 'ready' OR failover = 'due' OR
    failover = 'done'),
  route        TEXT,		-- JSON: why this channel
  intent       TEXT,		-- of an answer
  segments     INTEGER,
  cost         TEXT,		-- forecast, then as billed
  currency     TEXT,
  attempts     INTEGER NOT NULL DEFAULT 0,
  unwanted     INTEGER NOT NULL DEFAULT 0,	-- 1: cancelled on its way
  notice       TEXT,		-- moved, cancelled: what it tells of a reminder
  is_unread    INTEGER NOT NULL DEFAULT 0,
  created_at   TEXT NOT NULL,
  sent_at      TEXT,
  delivered_at TEXT,
  read_at      TEXT,
  failed_at    TEXT
) STRICT;
CREATE INDEX message_due ON message(channel, priority, due_at)
  WHERE state = 'queued';
CREATE INDEX message_expiring ON message(expires_at)
  WHERE state IN ('queued', 'held');
CREATE INDEX message_open ON message(channel) WHERE state IN ('sending',
  'in_doubt');
CREATE INDEX message_reminder ON message(reminder) WHERE reminder IS NOT NULL;
-- What omni-escalate has to do, and not all that ever failed.
CREATE INDEX message_failover ON message(id) WHERE failover = 'due';
CREATE INDEX message_parent ON message(parent) WHERE parent IS NOT NULL;
CREATE INDEX message_address ON message(hash, created_at);
CREATE INDEX message_contact ON message(contact);
CREATE INDEX message_not_marked ON message(channel_type, created_at)
  WHERE direction = 'inbound' AND read_at IS NULL;
CREATE INDEX message_held ON message(channel) WHERE state = 'held';
CREATE INDEX message_unread ON message(conversation) WHERE is_unread = 1;
-- What staff reads, newest first or of one thing, without going through all.
CREATE INDEX message_inbox ON message(created_at)
  WHERE direction = 'inbound';
CREATE INDEX message_failed ON message(coalesce(failed_at, created_at))
  WHERE state IN ('failed', 'refused');
CREATE INDEX message_conversation ON message(conversation, created_at, id);
CREATE INDEX message_related
  ON message(related_type, related_id, created_at, id)
  WHERE related_type IS NOT NULL;

CREATE TABLE attempt (
  message     TEXT NOT NULL REFERENCES message(id),
  number      INTEGER NOT NULL,
  channel     TEXT NOT NULL,
  provider    TEXT NOT NULL,	-- its kind
  reference   TEXT NOT NULL,	-- what went out as our id
  sender      TEXT,		-- who it was from, as configured then
  token       TEXT,		-- of a mail: what its return path names it by
  redirected  INTEGER NOT NULL DEFAULT 0,	-- [test] redirect was set
  state       TEXT NOT NULL CHECK (state = 'open' OR state = 'in_doubt' OR
    state = 'done'),
  outcome     TEXT,		-- accepted, refused, address, later, ...
  provider_id TEXT,
  code        TEXT,
  response    TEXT,		-- content key of what the provider said
  status      TEXT,
  started_at  TEXT NOT NULL,
  doubted_at  TEXT,
  finished_at TEXT,
  segments    INTEGER,
  cost        TEXT,
  currency    TEXT,
  category    TEXT,		-- what the receipts say it is billed as
  billable    INTEGER,		-- and whether it is; NULL: they do not say
  PRIMARY KEY (message, number)
) STRICT;
CREATE UNIQUE INDEX attempt_one_open ON attempt(message)
  WHERE state IN ('open', 'in_doubt');
CREATE INDEX attempt_open ON attempt(channel) WHERE state IN ('open',
  'in_doubt');
CREATE UNIQUE INDEX attempt_provider_id ON attempt(provider, provider_id)
  WHERE provider_id IS NOT NULL;
CREATE INDEX attempt_started ON attempt(channel, started_at);
CREATE INDEX attempt_token ON attempt(token) WHERE token IS NOT NULL;
CREATE INDEX attempt_response ON attempt(response)
  WHERE response IS NOT NULL;

-- What delivery_rate and cost_by_day would else add up from all that ever was.
-- The triggers see what apply.sql does to message and attempt: a state is
-- counted where it changes, and nowhere else.
CREATE TABLE message_day (
  day       TEXT NOT NULL,	-- the site's, on which it was entered
  channel   TEXT NOT NULL,	-- type
  sent      INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  read      INTEGER NOT NULL,
  failed    INTEGER NOT NULL,
  dropped   INTEGER NOT NULL,	-- cancelled, expired
  waiting   INTEGER NOT NULL,	-- queued, held, sending, in doubt
  refused   INTEGER NOT NULL,
  PRIMARY KEY (day, channel)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER message_day_new AFTER INSERT ON message
WHEN NEW.direction = 'outbound' AND NEW.channel_type IS NOT NULL
BEGIN
  INSERT INTO message_day(day, channel, sent, delivered, read, failed, dropped,
    waiting, refused)
  VALUES (coalesce(strftime('%Y-%m-%d', NEW.created_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= NEW.created_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(NEW.created_at, 1, 10)),
    NEW.channel_type, NEW.state = 'sent', NEW.delivered_at IS NOT NULL, NEW.read_at IS NOT NULL,
    NEW.state = 'failed', (NEW.state = 'cancelled' OR NEW.state = 'expired'),
    (NEW.state = 'queued' OR NEW.state = 'held' OR
    NEW.state = 'sending' OR NEW.state = 'in_doubt'), NEW.state = 'refused')
  ON CONFLICT(day, channel) DO UPDATE SET sent = sent + excluded.sent,
    delivered = delivered + excluded.delivered, read = read + excluded.read,
    failed = failed + excluded.failed, dropped = dropped + excluded.dropped,
    waiting = waiting + excluded.waiting,
    refused = refused + excluded.refused;
END;
CREATE TRIGGER message_day_state
AFTER UPDATE OF state, delivered_at, read_at ON message
WHEN NEW.direction = 'outbound' AND NEW.channel_type IS NOT NULL
  AND OLD.channel_type IS NEW.channel_type AND OLD.created_at = NEW.created_at
  AND (OLD.state <> NEW.state AND NOT ((OLD.state = 'queued' OR OLD.state = 'held' OR
    OLD.state = 'sending' OR OLD.state = 'in_doubt')
    AND (NEW.state = 'queued' OR NEW.state = 'held' OR
    NEW.state = 'sending' OR NEW.state = 'in_doubt'))
    OR (OLD.delivered_at IS NULL) <> (NEW.delivered_at IS NULL)
    OR (OLD.read_at IS NULL) <> (NEW.read_at IS NULL))
BEGIN
  UPDATE message_day SET
    sent = sent + (NEW.state = 'sent') - (OLD.state = 'sent'),
    delivered = delivered + (NEW.delivered_at IS NOT NULL)
      - (OLD.delivered_at IS NOT NULL),
    read = read + (NEW.read_at IS NOT NULL) - (OLD.read_at IS NOT NULL),
    failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
    dropped = dropped + (NEW.state = 'cancelled' OR NEW.state = 'expired')
      - (OLD.state = 'cancelled' OR OLD.state = 'expired'),
    waiting = waiting + (NEW.state = 'queued' OR NEW.state = 'held' OR
    NEW.state = 'sending' OR NEW.state = 'in_doubt')
      - (OLD.state = 'queued' OR OLD.state = 'held' OR
    OLD.state = 'sending' OR OLD.state = 'in_doubt'),
    refused = refused + (NEW.state = 'refused') - (OLD.state = 'refused')
  WHERE channel = NEW.channel_type AND day = coalesce(strftime('%Y-%m-%d', NEW.created_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= NEW.created_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(NEW.created_at, 1, 10));
END;
-- One that was refused is entered again.
CREATE TRIGGER message_day_again AFTER UPDATE OF created_at ON message
WHEN NEW.direction = 'outbound' AND (OLD.channel_type IS NOT NEW.channel_type
  OR OLD.created_at <> NEW.created_at)
BEGIN
  UPDATE message_day SET sent = sent - (OLD.state = 'sent'),
    delivered = delivered - (OLD.delivered_at IS NOT NULL),
    read = read - (OLD.read_at IS NOT NULL),
    failed = failed - (OLD.state = 'failed'),
    dropped = dropped - (OLD.state = 'cancelled' OR OLD.state = 'expired'),
    waiting = waiting - (OLD.state = 'queued' OR OLD.state = 'held' OR
    OLD.state = 'sending' OR OLD.state = 'in_doubt'),
    refused = refused - (OLD.state = 'refused')
  WHERE channel = OLD.channel_type AND day = coalesce(strftime('%Y-%m-%d', OLD.created_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= OLD.created_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(OLD.created_at, 1, 10));
  INSERT INTO message_day(day, channel, sent, delivered, read, failed, dropped,
    waiting, refused)
  SELECT coalesce(strftime('%Y-%m-%d', NEW.created_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= NEW.created_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(NEW.created_at, 1, 10)),
    NEW.channel_type, NEW.state = 'sent', NEW.delivered_at IS NOT NULL, NEW.read_at IS NOT NULL,
    NEW.state = 'failed', (NEW.state = 'cancelled' OR NEW.state = 'expired'),
    (NEW.state = 'queued' OR NEW.state = 'held' OR
    NEW.state = 'sending' OR NEW.state = 'in_doubt'), NEW.state = 'refused'
  WHERE NEW.channel_type IS NOT NULL
  ON CONFLICT(day, channel) DO UPDATE SET sent = sent + excluded.sent,
    delivered = delivered + excluded.delivered, read = read + excluded.read,
    failed = failed + excluded.failed, dropped = dropped + excluded.dropped,
    waiting = waiting + excluded.waiting,
    refused = refused + excluded.refused;
END;

CREATE TABLE cost_day (
  day      TEXT NOT NULL,	-- the site's, on which it was accepted
  channel  TEXT NOT NULL,	-- type
  currency TEXT NOT NULL,	-- '': none is configured
  messages INTEGER NOT NULL,	-- attempts that were accepted
  segments INTEGER NOT NULL,
  cost     INTEGER NOT NULL,	-- ten thousandths, so that sums are exact
  PRIMARY KEY (day, channel, currency)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER cost_day_attempt
AFTER UPDATE OF outcome, finished_at, segments, cost, currency ON attempt
WHEN (OLD.outcome IS 'accepted' OR NEW.outcome IS 'accepted')
  AND (OLD.outcome IS NOT NEW.outcome OR OLD.finished_at IS NOT NEW.finished_at
    OR OLD.segments IS NOT NEW.segments OR OLD.cost IS NOT NEW.cost
    OR OLD.currency IS NOT NEW.currency)
BEGIN
  UPDATE cost_day SET messages = messages - 1,
    segments = segments - coalesce(OLD.segments, 0),
    cost = cost - CAST(round(10000 * coalesce(OLD.cost,
      (SELECT m.cost FROM message m WHERE m.id = OLD.message), '0'))
      AS INTEGER)
  WHERE OLD.outcome IS 'accepted' AND day = coalesce(strftime('%Y-%m-%d', OLD.finished_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= OLD.finished_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(OLD.finished_at, 1, 10))
    AND channel = (SELECT coalesce(m.channel_type, '') FROM message m
      WHERE m.id = OLD.message)
    AND currency = coalesce(OLD.currency, (SELECT m.currency FROM message m
      WHERE m.id = OLD.message), '');
  INSERT INTO cost_day(day, channel, currency, messages, segments, cost)
  SELECT coalesce(strftime('%Y-%m-%d', NEW.finished_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= NEW.finished_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(NEW.finished_at, 1, 10)),
    coalesce(m.channel_type, ''), coalesce(NEW.currency, m.currency, ''), 1,
    coalesce(NEW.segments, 0), CAST(round(10000 * coalesce(NEW.cost, m.cost,
    '0')) AS INTEGER)
  FROM message m WHERE m.id = NEW.message AND NEW.outcome IS 'accepted'
  ON CONFLICT(day, channel, currency) DO UPDATE SET messages = messages + 1,
    segments = segments + excluded.segments, cost = cost + excluded.cost;
END;

-- What goes with a mail; the same file with many mails is one content.
CREATE TABLE message_attachment (
  message  TEXT NOT NULL REFERENCES message(id),
  position INTEGER NOT NULL,	-- from 0
  content  TEXT NOT NULL REFERENCES content(key),
  PRIMARY KEY (message, position)
) STRICT;
CREATE INDEX message_attachment_content ON message_attachment(content);

-- What came along with a message.  The files are in the spool; the address
-- that each was fetched from is with the message's content.
CREATE TABLE inbound_media (
  message    TEXT NOT NULL REFERENCES message(id),
  position   INTEGER NOT NULL,	-- from 0
  claimed    TEXT,		-- the type that the sender names
  state      TEXT NOT NULL CHECK (state = 'waiting' OR state = 'kept' OR
    state = 'refused' OR state = 'removed'),
  path       TEXT,		-- of what is kept, below spool/media
  type       TEXT,		-- by its first bytes
  size       INTEGER,
  digest     TEXT,		-- keyed hash of its SHA-256
  reason     TEXT,		-- why not, or not yet
  tries      INTEGER NOT NULL DEFAULT 0,
  retry_at   TEXT,		-- of one that waits
  received_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  PRIMARY KEY (message, position)
) STRICT;
CREATE INDEX inbound_media_waiting ON inbound_media(retry_at)
  WHERE state = 'waiting';
CREATE INDEX inbound_media_digest ON inbound_media(digest)
  WHERE state = 'kept';

CREATE TABLE event (
  key         TEXT PRIMARY KEY,	-- the provider's id and what happened
  provider    TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  message     TEXT,		-- NULL until the provider id is known
  attempt     INTEGER,
  status      TEXT NOT NULL,
  rank        INTEGER NOT NULL,
  code        TEXT,
  title       TEXT,		-- the code in the provider's words
  category    TEXT,
  billable    INTEGER,
  received_at TEXT NOT NULL
) STRICT;
CREATE INDEX event_provider_id ON event(provider, provider_id);
CREATE INDEX event_message ON event(message);

CREATE TABLE reminder (
  id           TEXT PRIMARY KEY,
  type         TEXT NOT NULL,
  contact      TEXT NOT NULL,
  revision     INTEGER NOT NULL,
  state        TEXT NOT NULL CHECK (state = 'open' OR state = 'confirmed' OR
    state = 'declined' OR state = 'cancelled' OR state = 'done' OR
    state = 'lapsed'),
  reason       TEXT,
  event_at     TEXT NOT NULL,
  event_local  TEXT NOT NULL,	-- as the clinic's calendar has it
  timezone     TEXT NOT NULL,
  content      TEXT NOT NULL REFERENCES content(key),
  source_at    TEXT,		-- when the calendar last changed it
  source       TEXT NOT NULL DEFAULT '',	-- the export that speaks for it
  notice       TEXT CHECK (notice = 'moved' OR notice = 'cancelled'),
  old_at       TEXT,		-- the time that the person knows of
  step         INTEGER NOT NULL DEFAULT 0,	-- the last one queued
  next_step    INTEGER,
  next_due_at  TEXT,
  attempted    TEXT NOT NULL DEFAULT '[]',	-- JSON: channel types
  related_type TEXT,
  related_id   TEXT,
  answered_at  TEXT,
  answered_by  TEXT,		-- the message that said so
  created_at   TEXT NOT NULL,
  updated_at   TEXT NOT NULL
) STRICT;
-- Of who has confirmed too: some steps are taken always.
CREATE INDEX reminder_due ON reminder(next_due_at, id)
  WHERE next_due_at IS NOT NULL;
CREATE INDEX reminder_contact ON reminder(contact);
CREATE INDEX reminder_confirmed ON reminder(event_local, id)
  WHERE state = 'confirmed';
CREATE INDEX reminder_notice ON reminder(event_at, id)
  WHERE notice IS NOT NULL;
-- What a full export speaks for.
CREATE INDEX reminder_ahead ON reminder(source, event_at, id)
  WHERE state = 'open' OR state = 'confirmed';

CREATE TABLE reminder_step (
  reminder TEXT NOT NULL REFERENCES reminder(id),
  revision INTEGER NOT NULL,
  step     INTEGER NOT NULL,
  channel  TEXT NOT NULL,	-- type, or "flag"
  message  TEXT,
  state    TEXT NOT NULL CHECK (state = 'queued' OR state = 'refused' OR
    state = 'flagged' OR state = 'skipped'),
  reason   TEXT,		-- why it was skipped
  due_at   TEXT,
  at       TEXT NOT NULL,
  PRIMARY KEY (reminder, revision, step)
) STRICT;

-- What a language model was asked; its answer is kept, so that the same message
-- is not asked about twice.
CREATE TABLE assist (
  id            INTEGER PRIMARY KEY,	-- its journal row
  message       TEXT NOT NULL,		-- that came in
  hash          TEXT NOT NULL,		-- of the address that wrote
  contact       TEXT,
  provider      TEXT NOT NULL,		-- its section in omni.conf
  model         TEXT NOT NULL,
  outcome       TEXT CHECK (outcome = 'answered' OR outcome = 'refused' OR
    outcome = 'unusable' OR outcome = 'later' OR outcome = 'setup'),
  reason        TEXT,
  content       TEXT,			-- content key of what it called
  request_id    TEXT,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  cost          TEXT,
  currency      TEXT,
  asked_at      TEXT NOT NULL,
  answered_at   TEXT
) STRICT;
CREATE INDEX assist_message ON assist(message);
CREATE INDEX assist_hash ON assist(hash, asked_at);
CREATE INDEX assist_contact ON assist(contact, asked_at)
  WHERE contact IS NOT NULL;
CREATE INDEX assist_asked ON assist(asked_at);

CREATE TABLE flag (
  id          INTEGER PRIMARY KEY,	-- its journal row
  kind        TEXT NOT NULL,	-- unresponsive, unreachable, declined, ...
  reminder    TEXT,
  contact     TEXT,
  message     TEXT,
  reason      TEXT,
  created_at  TEXT NOT NULL,
  resolved_at TEXT,
  resolved_by TEXT
) STRICT;
CREATE INDEX flag_open ON flag(kind) WHERE resolved_at IS NULL;
CREATE INDEX flag_contact ON flag(contact) WHERE resolved_at IS NULL;
CREATE INDEX flag_reminder ON flag(reminder) WHERE resolved_at IS NULL;
CREATE INDEX flag_message ON flag(message) WHERE message IS NOT NULL;
