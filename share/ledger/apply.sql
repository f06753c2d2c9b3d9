-- omni: what each operation of the journal does to the projections.
--
-- Below "-- op NAME" stand the statements that apply one journal row of that
-- operation; :seq, :at, :by, :run and :data are its columns.  "-- op *" is
-- for every row, "-- part NAME" for what "-- include NAME" stands for; with
-- "of PART", :data is that expression there.  A SELECT that finds no row ends the operation: what follows
-- would change nothing, and most rows are spared it; one below "-- when"
-- spares them the next statement only.  Nothing here may ask the clock, the
-- configuration or a table that is not made from the journal: an old row must
-- replay to the same result for ever.  omni-ledger(5) lists the operations and
-- their data.
--
-- For each list of more than two behind "IN", each ORDER BY without an index
-- and each UPDATE with FROM SQLite makes a table, which takes longer than most
-- of these statements: what every message goes through has none.

-- op *
INSERT INTO run VALUES (:run, :by, :at, :at, :seq, :seq, 1)
ON CONFLICT(id) DO UPDATE SET last_at = :at, last_seq = :seq,
  changes = changes + 1;

-- Shared by the operations of a step, "-- include passed": those that were left
-- out for it.
-- part passed
INSERT INTO reminder_step(reminder, revision, step, channel, message, state,
  reason, due_at, at)
SELECT r.id, :data ->> '$.reminder.revision', value, '-', NULL, 'skipped',
  'late', NULL, :at
FROM json_each(:data ->> '$.passed'), reminder r
WHERE r.id = :data ->> '$.reminder.id'
ON CONFLICT DO NOTHING;

-- What conversation.joined would have said of two merged contacts.
-- part merged
(SELECT json_object('contact', :data ->> '$.into',
  'from', substr('contact:' || (:data ->> '$.from'), 1, 258),
  'into', substr('contact:' || (:data ->> '$.into'), 1, 258))
WHERE :data ->> '$.v' > 2)

-- Shared by the operations below that say "-- include receipts": what the set
-- of a message's receipts amounts to, whatever order they came in.
-- part receipts
SELECT 1 FROM event WHERE message = :data ->> '$.id' LIMIT 1;
-- The highest one; of two the first by key.
UPDATE attempt SET status = (SELECT e.status FROM event e
    WHERE e.key = (SELECT min(b.key) FROM event b
      WHERE b.message = attempt.message AND b.attempt = attempt.number
      AND b.rank = (SELECT max(c.rank) FROM event c
        WHERE c.message = attempt.message AND c.attempt = attempt.number)))
WHERE message = :data ->> '$.id' AND EXISTS (SELECT 1 FROM event e
    WHERE e.message = attempt.message AND e.attempt = attempt.number);
-- What it is billed as: one receipt that says it is free is enough.
-- when
SELECT 1 FROM event WHERE message = :data ->> '$.id'
  AND (category IS NOT NULL OR billable IS NOT NULL) LIMIT 1;
UPDATE attempt SET category = (SELECT e.category FROM event e
    WHERE e.message = attempt.message AND e.attempt = attempt.number
    AND e.category IS NOT NULL ORDER BY e.rank DESC, e.key LIMIT 1),
  billable = (SELECT min(e.billable) FROM event e
    WHERE e.message = attempt.message AND e.attempt = attempt.number)
WHERE message = :data ->> '$.id' AND EXISTS (SELECT 1 FROM event e
    WHERE e.message = attempt.message AND e.attempt = attempt.number
    AND (e.category IS NOT NULL OR e.billable IS NOT NULL));
-- when
SELECT 1 FROM attempt WHERE message = :data ->> '$.id' AND billable = 0
  AND cost IS NOT '0' LIMIT 1;
UPDATE attempt SET cost = '0'
WHERE message = :data ->> '$.id' AND billable = 0;
-- Taken after all, whatever the answer was or the provider's list showed.
-- when
SELECT 1 FROM attempt WHERE message = :data ->> '$.id' AND state = 'done'
  AND outcome IS NOT 'accepted' LIMIT 1;
UPDATE attempt SET outcome = 'accepted'
WHERE message = :data ->> '$.id' AND state = 'done'
  AND outcome IS NOT 'accepted' AND EXISTS (SELECT 1 FROM event e
    WHERE e.message = attempt.message AND e.attempt = attempt.number);
-- What went out is not sent again, and was not cancelled in time.
UPDATE message SET state = 'sent', reason = NULL
WHERE id = :data ->> '$.id' AND attempts > 0
  AND ((state = 'queued' OR state = 'held' OR state = 'cancelled'
      OR state = 'expired')
    AND EXISTS (SELECT 1 FROM event e WHERE e.message = message.id
      AND (e.rank = 1 OR e.rank = 2 OR e.rank = 4 OR e.rank = 5
        OR e.rank = 7))
    OR state = 'in_doubt' AND EXISTS (SELECT 1 FROM attempt a
      WHERE a.message = message.id
      AND a.status NOT IN ('failed', 'bounced')));
-- The attempt that weighs most has the say: any that arrived, then a last one
-- that failed, then any that is on its way.
UPDATE message SET (status, state, reason, sent_at, delivered_at, read_at,
  failed_at, failover) = (SELECT d.status,
  CASE WHEN d.weight = 3 AND d.state <> 'done' THEN 'in_doubt'
    WHEN d.weight = 2 OR d.weight = 3 OR d.weight = 6 OR d.weight = 9
    THEN 'failed' ELSE 'sent' END,
  CASE WHEN d.weight = 3 AND d.state <> 'done' THEN 'no answer'
    WHEN d.weight = 3 THEN 'in doubt'
    WHEN d.status IS NULL THEN d.outcome
    ELSE (SELECT e.code FROM event e WHERE e.message = message.id
      AND e.attempt = d.number AND (e.rank = 3 OR e.rank = 6 OR e.rank = 7)
      ORDER BY e.rank DESC, e.key LIMIT 1) END,
  coalesce(sent_at, CASE WHEN EXISTS (SELECT 1 FROM attempt a
    WHERE a.message = message.id AND a.outcome = 'accepted') THEN :at END),
  (SELECT min(e.received_at) FROM event e
    WHERE e.message = message.id AND (e.rank = 4 OR e.rank = 5)),
  (SELECT min(e.received_at) FROM event e
    WHERE e.message = message.id AND e.rank = 5),
  coalesce((SELECT min(e.received_at) FROM event e WHERE
      e.message = message.id AND (e.rank = 3 OR e.rank = 6 OR e.rank = 7)),
    CASE WHEN d.status IS NULL THEN d.finished_at END),
  -- Who complained has read it: no other channel for them.
  CASE WHEN failover = 'ready' OR failover = 'due' THEN CASE
    WHEN (d.weight = 2 OR d.weight = 6) AND unwanted = 0 THEN 'due'
      ELSE 'ready' END
    ELSE failover END
  -- Of two that weigh the same the first one.
  FROM (SELECT number, status, state, outcome, finished_at, weight,
    max(1000000 * weight - number) FROM (SELECT a.number, a.status, a.state,
    a.outcome, a.finished_at, CASE WHEN a.status = 'complained' THEN 9
    WHEN a.status = 'read' THEN 8
    WHEN a.status = 'delivered' THEN 7
    WHEN a.number = message.attempts AND (a.status IN ('failed', 'bounced')
      OR a.status IS NULL AND (a.outcome = 'refused' OR a.outcome = 'address'
        OR a.outcome = 'optout')) THEN 6
    WHEN a.status = 'sent' THEN 5
    WHEN a.status NOT IN ('failed', 'bounced') THEN 4
    WHEN a.number = message.attempts AND a.status IS NULL
      AND (a.state <> 'done' OR a.outcome = 'unknown') THEN 3
    WHEN a.status IS NOT NULL THEN 2
    ELSE 0 END AS weight
  FROM attempt a WHERE a.message = :data ->> '$.id')) AS d)
WHERE id = :data ->> '$.id' AND state IN ('sent', 'failed')
  -- Any that weighs something.
  AND EXISTS (SELECT 1 FROM attempt a WHERE a.message = :data ->> '$.id'
    AND (a.status IS NOT NULL OR a.number = message.attempts
      AND (a.state <> 'done' OR a.outcome = 'unknown' OR a.outcome = 'refused'
        OR a.outcome = 'address' OR a.outcome = 'optout')));
-- Delivered after all: those that would take its place are not sent.
-- when
SELECT 1 FROM message WHERE parent = :data ->> '$.id' LIMIT 1;
UPDATE message SET failover = 'done',
  state = CASE WHEN state IN ('queued', 'held') THEN 'cancelled' ELSE state END,
  reason = CASE WHEN state IN ('queued', 'held')
    THEN 'the one that it replaces was delivered' ELSE reason END
WHERE (state IN ('queued', 'held') OR failover = 'due')
  AND id IN (WITH RECURSIVE later(id) AS (SELECT c.id FROM message c
    JOIN message m ON m.id = c.parent WHERE c.parent = :data ->> '$.id'
      AND m.failover = 'done' AND m.state = 'sent'
      AND m.delivered_at IS NOT NULL
    UNION SELECT c.id FROM message c JOIN later ON c.parent = later.id)
    SELECT id FROM later);
UPDATE reminder SET next_due_at = :at
WHERE state = 'open' AND next_due_at > :at
  AND (id, step, revision) = (SELECT reminder, step, revision FROM message
    WHERE id = :data ->> '$.id' AND state = 'failed');
-- What was taken for lost arrived, or what stood in for it did.
-- when
SELECT 1 FROM message m WHERE m.id = :data ->> '$.id'
  AND m.delivered_at IS NOT NULL AND (m.parent IS NOT NULL OR EXISTS (SELECT 1
    FROM flag f WHERE f.message = m.id AND f.resolved_at IS NULL));
UPDATE flag SET resolved_at = :at, resolved_by = 'delivered'
WHERE :data ->> '$.v' > 1 AND resolved_at IS NULL
  AND (kind = 'failed' OR kind = 'in_doubt')
  AND message IN (WITH RECURSIVE earlier(id, parent) AS (SELECT id, parent
    FROM message WHERE id = :data ->> '$.id' AND direction = 'outbound'
      AND state = 'sent' AND delivered_at IS NOT NULL
    UNION SELECT m.id, m.parent FROM message m
    JOIN earlier ON m.id = earlier.parent)
    SELECT id FROM earlier);

-- op ledger.created
INSERT INTO site(one, created_at, key_fingerprint)
VALUES (1, :at, :data ->> '$.key_fingerprint');

-- op site.put
UPDATE site SET name = :data ->> '$.name', timezone = :data ->> '$.timezone';
-- Days that begin at another hour are counted anew.
-- when
SELECT 1 WHERE :data ->> '$.offsets' IS NOT (SELECT json_group_array(
  json_array(starts_at, minutes)) FROM (SELECT * FROM site_offset
    ORDER BY starts_at));
DELETE FROM message_day;
-- when
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM message_day);
DELETE FROM cost_day;
DELETE FROM site_offset;
INSERT INTO site_offset
SELECT value ->> 0, value ->> 1 FROM json_each(:data, '$.offsets');
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM message_day);
INSERT INTO message_day(day, channel, sent, delivered, read, failed, dropped,
    waiting, refused)
SELECT coalesce(strftime('%Y-%m-%d', m.created_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= m.created_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(m.created_at, 1, 10)) AS local_day,
  m.channel_type, sum(m.state = 'sent'), sum(m.delivered_at IS NOT NULL),
  sum(m.read_at IS NOT NULL), sum(m.state = 'failed'),
  sum(m.state = 'cancelled' OR m.state = 'expired'),
  sum(m.state = 'queued' OR m.state = 'held' OR
    m.state = 'sending' OR m.state = 'in_doubt'),
  sum(m.state = 'refused')
FROM message m WHERE m.direction = 'outbound' AND m.channel_type IS NOT NULL
GROUP BY local_day, m.channel_type;
INSERT INTO cost_day(day, channel, currency, messages, segments, cost)
SELECT coalesce(strftime('%Y-%m-%d', a.finished_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= a.finished_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(a.finished_at, 1, 10)) AS local_day,
  coalesce(m.channel_type, '') AS local_channel,
  coalesce(a.currency, m.currency, '') AS local_currency, count(*),
  sum(coalesce(a.segments, 0)), sum(CAST(round(10000 * coalesce(a.cost, m.cost,
  '0')) AS INTEGER))
FROM attempt a JOIN message m ON m.id = a.message WHERE a.outcome = 'accepted'
GROUP BY local_day, local_channel, local_currency;

-- op clock.confirmed

-- op channel.put
INSERT INTO channel(name, type, provider, kind, active, sender, cost,
  currency, per_hour, per_day, created_at, updated_at)
VALUES (:data ->> '$.name', :data ->> '$.type', :data ->> '$.provider',
  :data ->> '$.kind', :data ->> '$.active', :data ->> '$.sender',
  :data ->> '$.cost', :data ->> '$.currency', :data ->> '$.per_hour',
  :data ->> '$.per_day', :at, :at)
ON CONFLICT(name) DO UPDATE SET type = excluded.type,
  provider = excluded.provider, kind = excluded.kind,
  active = excluded.active, sender = excluded.sender, cost = excluded.cost,
  currency = excluded.currency, per_hour = excluded.per_hour,
  per_day = excluded.per_day, updated_at = :at;

-- op provider.state
INSERT INTO provider_state(name, state, failures, retry_at, since, at)
VALUES (:data ->> '$.name', :data ->> '$.state', :data ->> '$.failures',
  :data ->> '$.retry_at', :at, :at)
ON CONFLICT(name) DO UPDATE SET state = excluded.state,
  failures = excluded.failures, retry_at = excluded.retry_at,
  since = CASE WHEN provider_state.state = excluded.state
    THEN provider_state.since ELSE :at END, at = :at;

-- op contact.put
INSERT INTO contact(id, content, digest, language, timezone, tags, created_at,
  updated_at)
VALUES (:data ->> '$.id', :data ->> '$.content', :data ->> '$.digest',
  :data ->> '$.language', :data ->> '$.timezone', coalesce(:data ->> '$.tags', '[]'), :at, :at)
ON CONFLICT(id) DO UPDATE SET content = excluded.content,
  digest = excluded.digest, language = excluded.language,
  timezone = excluded.timezone, tags = excluded.tags, updated_at = :at;
INSERT INTO address(type, hash, content, line, verified)
SELECT value ->> '$.type', value ->> '$.hash', value ->> '$.content',
  value ->> '$.line', coalesce(value ->> '$.verified', 0)
FROM json_each(:data ->> '$.addresses') WHERE true
ON CONFLICT(type, hash) DO UPDATE SET
  line = CASE WHEN looked_up_at IS NULL THEN coalesce(excluded.line, line)
    ELSE line END,
  verified = max(verified, excluded.verified);
DELETE FROM contact_address WHERE contact = :data ->> '$.id';
INSERT INTO contact_address(contact, type, hash, is_primary, rank)
SELECT :data ->> '$.id', value ->> '$.type', value ->> '$.hash',
  coalesce(value ->> '$.primary', 0), key
FROM json_each(:data ->> '$.addresses');
INSERT INTO preference(contact, channel, channels, topics, quiet_start,
  quiet_end, escalation_after_minutes, escalation_channels, updated_at)
SELECT :data ->> '$.id', :data ->> '$.preferences.channel',
  :data ->> '$.preferences.channels', :data ->> '$.preferences.topics',
  :data ->> '$.preferences.quiet_start', :data ->> '$.preferences.quiet_end',
  :data ->> '$.preferences.escalation_after_minutes',
  :data ->> '$.preferences.escalation_channels', :at
WHERE :data -> '$.preferences' IS NOT NULL
ON CONFLICT(contact) DO UPDATE SET channel = excluded.channel,
  channels = excluded.channels, topics = excluded.topics,
  quiet_start = excluded.quiet_start, quiet_end = excluded.quiet_end,
  escalation_after_minutes = excluded.escalation_after_minutes,
  escalation_channels = excluded.escalation_channels, updated_at = :at;
DELETE FROM contact_opt_out WHERE contact = :data ->> '$.id'
  AND how = 'preference' AND :data -> '$.preferences' IS NOT NULL
  AND scope NOT IN (SELECT 'topic:' || key
    FROM json_each(:data, '$.preferences.topics') WHERE type = 'false');
INSERT INTO contact_opt_out(contact, scope, how, at)
SELECT :data ->> '$.id', 'topic:' || key, 'preference', :at
FROM json_each(:data, '$.preferences.topics') WHERE type = 'false'
ON CONFLICT(contact, scope) DO NOTHING;

-- What staff or a list said of a topic takes the place of the preference.
-- op contact.consent
DELETE FROM contact_opt_out
WHERE contact = :data ->> '$.id' AND scope = :data ->> '$.scope';
INSERT INTO contact_opt_out(contact, scope, how, at)
SELECT :data ->> '$.id', :data ->> '$.scope', :data ->> '$.how',
  coalesce(:data ->> '$.given_at', :at)
WHERE :data ->> '$.state' = 'out';
UPDATE preference SET topics = json_patch(topics,
  json_object(substr(:data ->> '$.scope', 7), NULL)), updated_at = :at
WHERE contact = :data ->> '$.id' AND :data ->> '$.scope' LIKE 'topic:%'
  AND EXISTS (SELECT 1 FROM json_each(preference.topics)
    WHERE key = substr(:data ->> '$.scope', 7));

-- op consent.put
INSERT INTO consent(hash, scope, state, at, how, source, seq)
VALUES (:data ->> '$.hash', :data ->> '$.scope', :data ->> '$.state',
  coalesce(:data ->> '$.given_at', :at), :data ->> '$.how',
  :data ->> '$.source', :seq)
ON CONFLICT(hash, scope) DO UPDATE SET state = excluded.state,
  at = excluded.at, how = excluded.how, source = excluded.source,
  seq = excluded.seq;

-- op address.verified
UPDATE address SET verified = 1
WHERE type = :data ->> '$.type' AND hash = :data ->> '$.hash';

-- The one that is merged is gone; what was said with them is the other's.
-- op contact.merged
UPDATE message SET contact = :data ->> '$.into'
WHERE contact = :data ->> '$.from';
-- Since 3 their conversations become one.
-- include conversation.joined of merged
UPDATE conversation SET contact = :data ->> '$.into'
WHERE contact = :data ->> '$.from';
UPDATE reminder SET contact = :data ->> '$.into'
WHERE contact = :data ->> '$.from';
UPDATE flag SET contact = :data ->> '$.into'
WHERE contact = :data ->> '$.from';
UPDATE assist SET contact = :data ->> '$.into'
WHERE contact = :data ->> '$.from';
INSERT INTO contact_opt_out(contact, scope, how, at)
SELECT :data ->> '$.into', scope, how, at FROM contact_opt_out
WHERE contact = :data ->> '$.from' AND how <> 'preference'
ON CONFLICT(contact, scope) DO UPDATE SET how = excluded.how,
  at = excluded.at WHERE contact_opt_out.how = 'preference';
DELETE FROM contact_opt_out WHERE contact = :data ->> '$.from';
DELETE FROM preference WHERE contact = :data ->> '$.from';
DELETE FROM contact_address WHERE contact = :data ->> '$.from';
DELETE FROM contact WHERE id = :data ->> '$.from';

-- Address rows stay, and consent by their hash; their bodies are erased.
-- op contact.forgotten
UPDATE message SET state = 'cancelled', reason = 'forgotten'
WHERE state IN ('queued', 'held') AND (contact = :data ->> '$.id'
  OR hash IN (SELECT value FROM json_each(:data, '$.hashes')));
UPDATE reminder SET state = 'cancelled', reason = 'forgotten',
  next_step = NULL, next_due_at = NULL, updated_at = :at
WHERE contact = :data ->> '$.id' AND state = 'open';
UPDATE reminder SET notice = NULL
WHERE contact = :data ->> '$.id' AND notice IS NOT NULL;
UPDATE flag SET resolved_at = :at, resolved_by = 'forgotten'
WHERE contact = :data ->> '$.id' AND resolved_at IS NULL;
DELETE FROM contact_opt_out WHERE contact = :data ->> '$.id';
DELETE FROM preference WHERE contact = :data ->> '$.id';
DELETE FROM contact_address WHERE contact = :data ->> '$.id';
DELETE FROM contact WHERE id = :data ->> '$.id';

-- op address.looked_up
UPDATE address SET line = :data ->> '$.line', looked_up_at = :at
WHERE hash = :data ->> '$.hash';

-- Also of one that no contact has: its next message must not find out again.
-- op address.dead
INSERT INTO address(type, hash, content, verified, dead_at, dead_reason)
VALUES (:data ->> '$.type', :data ->> '$.hash',
  'address/' || (:data ->> '$.hash'), 0, :at, :data ->> '$.reason')
ON CONFLICT(type, hash) DO UPDATE SET dead_at = :at,
  dead_reason = excluded.dead_reason;

-- Staff found another time: what was to be done about the old one is.
-- op reminder.put
UPDATE flag SET resolved_at = :at, resolved_by = 'moved'
WHERE :data ->> '$.v' > 1 AND resolved_at IS NULL
  AND reminder = :data ->> '$.id'
  AND kind IN ('unresponsive', 'unreachable', 'declined', 'in_doubt')
  AND EXISTS (SELECT 1 FROM reminder r WHERE r.id = :data ->> '$.id'
    AND r.revision < :data ->> '$.revision');
UPDATE message SET state = 'cancelled', reason = 'moved'
WHERE reminder = :data ->> '$.id' AND revision < :data ->> '$.revision'
  AND state IN ('queued', 'held');
INSERT INTO reminder(id, type, contact, revision, state, event_at,
  event_local, timezone, content, source_at, source, notice, old_at, step,
  next_step, next_due_at, related_type, related_id, created_at, updated_at)
VALUES (:data ->> '$.id', :data ->> '$.type', :data ->> '$.contact',
  :data ->> '$.revision', 'open', :data ->> '$.event_at',
  :data ->> '$.event_local', :data ->> '$.timezone', :data ->> '$.content',
  :data ->> '$.source_at', coalesce(:data ->> '$.source', ''),
  :data ->> '$.notice', :data ->> '$.old_at', 0, :data ->> '$.next_step',
  :data ->> '$.next_due_at',
  :data ->> '$.related.type', :data ->> '$.related.id', :at, :at)
ON CONFLICT(id) DO UPDATE SET type = excluded.type,
  contact = excluded.contact, state = 'open', reason = NULL,
  event_at = excluded.event_at, event_local = excluded.event_local,
  timezone = excluded.timezone, content = excluded.content,
  source_at = excluded.source_at, step = 0, next_step = excluded.next_step,
  next_due_at = excluded.next_due_at, attempted = '[]',
  related_type = excluded.related_type, related_id = excluded.related_id,
  answered_at = NULL, answered_by = NULL, notice = excluded.notice,
  old_at = excluded.old_at, revision = excluded.revision, updated_at = :at
WHERE excluded.revision > reminder.revision;
UPDATE reminder SET contact = :data ->> '$.contact',
  event_local = :data ->> '$.event_local', timezone = :data ->> '$.timezone',
  content = :data ->> '$.content',
  source_at = :data ->> '$.source_at',
  source = coalesce(:data ->> '$.source', source),
  related_type = :data ->> '$.related.type',
  related_id = :data ->> '$.related.id', updated_at = :at
WHERE id = :data ->> '$.id' AND revision = :data ->> '$.revision';
-- Its ladder begins otherwise now, and nothing of it was taken yet.
UPDATE reminder SET next_step = :data ->> '$.next_step',
  next_due_at = :data ->> '$.next_due_at'
WHERE :data ->> '$.ladder' = 1 AND id = :data ->> '$.id'
  AND revision = :data ->> '$.revision' AND state = 'open' AND step = 0;

-- op reminder.closed
UPDATE reminder SET state = :data ->> '$.state', reason = :data ->> '$.how',
  next_step = :data ->> '$.next_step',
  next_due_at = :data ->> '$.next_due_at',
  answered_at = CASE WHEN :data ->> '$.state' IN ('confirmed', 'declined')
    THEN coalesce(:data ->> '$.answered_at', :at) END,
  answered_by = :data ->> '$.message', notice = :data ->> '$.notice',
  old_at = coalesce(:data ->> '$.old_at', old_at), updated_at = :at
WHERE id = :data ->> '$.id' AND revision = :data ->> '$.revision';
UPDATE message SET state = 'cancelled', reason = :data ->> '$.state'
WHERE reminder = :data ->> '$.id' AND state IN ('queued', 'held')
  AND (:data ->> '$.state' <> 'confirmed' OR condition IS NULL OR
    condition <> 'always');
-- Who answered need not be reached any more.  What a person wrote or asked for
-- is still to be read; that somebody cannot come is settled by the calendar.
UPDATE flag SET resolved_at = :at, resolved_by = :data ->> '$.state'
WHERE :data ->> '$.v' > 1 AND resolved_at IS NULL
  AND reminder = :data ->> '$.id'
  AND (kind = 'unresponsive' OR kind = 'unreachable' OR kind = 'in_doubt'
    OR kind = 'declined' AND :data ->> '$.state' <> 'declined')
  AND EXISTS (SELECT 1 FROM reminder r WHERE r.id = :data ->> '$.id'
    AND r.revision = :data ->> '$.revision'
    AND r.state = :data ->> '$.state');

-- op flag.put
INSERT INTO flag(id, kind, reminder, contact, message, reason, created_at)
VALUES (:seq, :data ->> '$.kind', :data ->> '$.reminder',
  :data ->> '$.contact', :data ->> '$.message', :data ->> '$.reason', :at);

-- op flag.resolved
UPDATE flag SET resolved_at = :at, resolved_by = :data ->> '$.by'
WHERE id = :data ->> '$.id' AND resolved_at IS NULL;

-- op reminder.flagged
-- include passed
INSERT INTO reminder_step(reminder, revision, step, channel, message, state,
  due_at, at)
VALUES (:data ->> '$.reminder.id', :data ->> '$.reminder.revision',
  :data ->> '$.reminder.step', 'flag', NULL, 'flagged', :at, :at)
ON CONFLICT DO NOTHING;
INSERT INTO reminder_step(reminder, revision, step, channel, message, state,
  reason, due_at, at)
SELECT :data ->> '$.reminder.id', :data ->> '$.reminder.revision', value,
  '-', NULL, 'skipped', 'late', NULL, :at
FROM json_each(coalesce(:data -> '$.reminder.passed', '[]')) WHERE true
ON CONFLICT DO NOTHING;
UPDATE reminder SET step = max(step, :data ->> '$.reminder.step'),
  next_step = :data ->> '$.next_step', next_due_at = :data ->> '$.next_due_at',
  state = coalesce(:data ->> '$.close', state),
  reason = coalesce(:data ->> '$.kind', reason),
  notice = CASE WHEN :data ->> '$.close' IS NULL THEN notice END,
  updated_at = :at
WHERE id = :data ->> '$.reminder.id' AND state = 'open'
  AND revision = :data ->> '$.reminder.revision';

-- A step that is not taken, and the one after it.
-- op reminder.skipped
-- include passed
INSERT INTO reminder_step(reminder, revision, step, channel, message, state,
  reason, due_at, at)
VALUES (:data ->> '$.reminder.id', :data ->> '$.reminder.revision',
  :data ->> '$.reminder.step', '-', NULL, 'skipped', :data ->> '$.reason',
  :at, :at)
ON CONFLICT DO NOTHING;
UPDATE reminder SET step = max(step, :data ->> '$.reminder.step'),
  next_step = :data ->> '$.next_step', next_due_at = :data ->> '$.next_due_at',
  updated_at = :at
WHERE id = :data ->> '$.reminder.id'
  AND (state = 'open' OR state = 'confirmed')
  AND revision = :data ->> '$.reminder.revision';

-- op message.queued
INSERT INTO conversation(id, contact, hash, related_type, related_id,
  created_at)
SELECT :data ->> '$.conversation', :data ->> '$.contact',
  CASE WHEN :data ->> '$.contact' IS NULL THEN :data ->> '$.hash' END,
  :data ->> '$.related.type', :data ->> '$.related.id', :at
WHERE :data ->> '$.conversation' IS NOT NULL
ON CONFLICT(id) DO NOTHING;
INSERT INTO message(id, direction, conversation, contact, type, topic, class,
  template, channel, channel_type, hash, address, content, fingerprint,
  language, timezone, state, reason, due_at, expires_at, priority, author, parent,
  reminder, revision, step, notice, condition, related_type, related_id,
  fallback, failover, route, segments, cost, currency, created_at)
VALUES (:data ->> '$.id', 'outbound', :data ->> '$.conversation',
  :data ->> '$.contact', :data ->> '$.type', :data ->> '$.topic',
  :data ->> '$.class', :data ->> '$.template', :data ->> '$.channel',
  :data ->> '$.channel_type', :data ->> '$.hash', :data ->> '$.address',
  :data ->> '$.content', :data ->> '$.fingerprint',
  :data ->> '$.language', :data ->> '$.timezone',
  CASE WHEN :data ->> '$.held' IS NULL THEN 'queued' ELSE 'held' END,
  :data ->> '$.held', :data ->> '$.due_at', :data ->> '$.expires_at',
  :data ->> '$.priority', :data ->> '$.author', :data ->> '$.parent',
  :data ->> '$.reminder.id', :data ->> '$.reminder.revision',
  :data ->> '$.reminder.step', :data ->> '$.reminder.notice',
  :data ->> '$.reminder.if', :data ->> '$.related.type', :data ->> '$.related.id',
  :data ->> '$.fallback',
  CASE WHEN :data ->> '$.failover' = 1 THEN 'ready' END, :data ->> '$.route',
  :data ->> '$.segments', :data ->> '$.cost', :data ->> '$.currency', :at)
ON CONFLICT(id) DO UPDATE SET conversation = excluded.conversation,
  contact = excluded.contact, type = excluded.type, topic = excluded.topic,
  class = excluded.class, template = excluded.template,
  channel = excluded.channel, channel_type = excluded.channel_type,
  hash = excluded.hash, address = excluded.address,
  content = excluded.content, fingerprint = excluded.fingerprint,
  language = excluded.language, timezone = excluded.timezone,
  state = excluded.state,
  reason = excluded.reason, due_at = excluded.due_at,
  expires_at = excluded.expires_at, priority = excluded.priority,
  author = excluded.author, parent = excluded.parent,
  reminder = excluded.reminder, revision = excluded.revision,
  step = excluded.step, notice = excluded.notice,
  condition = excluded.condition,
  related_type = excluded.related_type,
  related_id = excluded.related_id, fallback = excluded.fallback,
  failover = CASE failover WHEN 'done' THEN 'done'
    ELSE excluded.failover END, route = excluded.route, segments = excluded.segments,
  cost = excluded.cost, currency = excluded.currency,
  created_at = excluded.created_at
WHERE message.state = 'refused';
INSERT INTO message_attachment(message, position, content)
SELECT :data ->> '$.id', key, value FROM json_each(:data ->> '$.attachments')
WHERE true
ON CONFLICT(message, position) DO NOTHING;
UPDATE message SET failover = 'done'
WHERE id = :data ->> '$.parent' AND failover IN ('ready', 'due');
-- Since 3 staff that writes has answered; an assistant is no staff.
UPDATE conversation SET last_message_at = :at,
  last_staff_message_at = CASE WHEN :data ->> '$.v' > 2
    AND NOT (:data ->> '$.author' = 'assist'
      OR :data ->> '$.author' LIKE 'assist:%') THEN :at
    ELSE last_staff_message_at END,
  status = CASE WHEN :data ->> '$.v' > 2 AND status = 'pending'
    AND NOT (:data ->> '$.author' = 'assist'
      OR :data ->> '$.author' LIKE 'assist:%') THEN 'active'
    ELSE status END
WHERE id = :data ->> '$.conversation';
INSERT INTO reminder_step(reminder, revision, step, channel, message, state,
  due_at, at)
SELECT :data ->> '$.reminder.id', :data ->> '$.reminder.revision',
  :data ->> '$.reminder.step', :data ->> '$.channel_type', :data ->> '$.id',
  'queued', :data ->> '$.due_at', :at
WHERE :data ->> '$.reminder.step' IS NOT NULL
ON CONFLICT(reminder, revision, step) DO UPDATE SET state = 'queued',
  channel = excluded.channel, message = excluded.message,
  due_at = excluded.due_at, at = :at;
-- include passed
-- Where older rows have it.
INSERT INTO reminder_step(reminder, revision, step, channel, message, state,
  reason, due_at, at)
SELECT :data ->> '$.reminder.id', :data ->> '$.reminder.revision', value,
  '-', NULL, 'skipped', 'late', NULL, :at
FROM json_each(:data ->> '$.reminder.passed')
WHERE :data ->> '$.reminder.id' IS NOT NULL
ON CONFLICT DO NOTHING;
UPDATE reminder SET step = :data ->> '$.reminder.step',
  next_step = :data ->> '$.next_step',
  next_due_at = :data ->> '$.next_due_at',
  attempted = json_insert(attempted, '$[#]', :data ->> '$.channel_type'),
  updated_at = :at
WHERE id = :data ->> '$.reminder.id' AND (state = 'open' OR
    state = 'confirmed' AND :data ->> '$.reminder.if' = 'always')
  AND revision = :data ->> '$.reminder.revision'
  AND step <= :data ->> '$.reminder.step';
-- A notice is no step of the ladder; it puts the one that is due off a while.
UPDATE reminder SET notice = NULL, updated_at = :at,
  next_due_at = CASE WHEN next_due_at < :data ->> '$.next_due_at'
    THEN :data ->> '$.next_due_at' ELSE next_due_at END
WHERE :data ->> '$.reminder.notice' IS NOT NULL
  AND id = :data ->> '$.reminder.id' AND notice = :data ->> '$.reminder.notice'
  AND revision = :data ->> '$.reminder.revision';

-- op message.refused
INSERT INTO message(id, direction, contact, type, template, channel_type,
  content, state, reason, parent, reminder, revision, step, notice,
  related_type, related_id, fallback, failover, created_at)
VALUES (:data ->> '$.id', 'outbound', :data ->> '$.contact',
  :data ->> '$.type', :data ->> '$.template', :data ->> '$.channel_type',
  :data ->> '$.content', 'refused', :data ->> '$.code',
  CASE WHEN :data ->> '$.failover' = 1 THEN :data ->> '$.parent' END,
  :data ->> '$.reminder.id', :data ->> '$.reminder.revision',
  :data ->> '$.reminder.step', :data ->> '$.reminder.notice',
  :data ->> '$.related.type', :data ->> '$.related.id',
  :data ->> '$.fallback',
  CASE WHEN :data ->> '$.failover' = 1 THEN 'due' END, :at)
ON CONFLICT(id) DO UPDATE SET content = excluded.content,
  reason = excluded.reason, channel_type = excluded.channel_type,
  created_at = excluded.created_at
WHERE message.state = 'refused';
UPDATE message SET failover = 'done'
WHERE :data ->> '$.failover' = 1 AND id = :data ->> '$.parent'
  AND failover IN ('ready', 'due');
INSERT INTO reminder_step(reminder, revision, step, channel, message, state,
  due_at, at)
SELECT :data ->> '$.reminder.id', :data ->> '$.reminder.revision',
  :data ->> '$.reminder.step', coalesce(:data ->> '$.channel_type', '?'),
  :data ->> '$.id', 'refused', NULL, :at
WHERE :data ->> '$.reminder.step' IS NOT NULL
  AND EXISTS (SELECT 1 FROM reminder WHERE id = :data ->> '$.reminder.id')
ON CONFLICT(reminder, revision, step) DO NOTHING;
-- include passed
UPDATE reminder SET step = :data ->> '$.reminder.step',
  next_step = :data ->> '$.next_step',
  next_due_at = :data ->> '$.next_due_at', updated_at = :at
WHERE id = :data ->> '$.reminder.id' AND (state = 'open' OR
    state = 'confirmed' AND :data ->> '$.reminder.if' = 'always')
  AND revision = :data ->> '$.reminder.revision'
  AND step < :data ->> '$.reminder.step';
UPDATE reminder SET notice = NULL, updated_at = :at
WHERE :data ->> '$.reminder.notice' IS NOT NULL
  AND id = :data ->> '$.reminder.id' AND notice = :data ->> '$.reminder.notice'
  AND revision = :data ->> '$.reminder.revision';

-- op message.marked_read
UPDATE message SET read_at = :at
WHERE id = :data ->> '$.id' AND direction = 'inbound';

-- op message.held
UPDATE message SET state = 'held', reason = :data ->> '$.reason',
  released_by = NULL
WHERE id = :data ->> '$.id' AND state = 'queued';

-- With `by` staff released it from the inbox; with `answer` it is theirs.
-- op message.released
UPDATE conversation SET last_staff_message_at = :at
WHERE :data ->> '$.answer' = 1 AND id = (SELECT conversation FROM message
  WHERE id = :data ->> '$.id' AND state = 'held');
UPDATE conversation SET status = 'active'
WHERE :data ->> '$.answer' = 1 AND status = 'pending' AND id =
  (SELECT conversation FROM message
    WHERE id = :data ->> '$.id' AND state = 'held');
UPDATE message SET state = 'queued', reason = NULL,
  released_by = :data ->> '$.by'
WHERE id = :data ->> '$.id' AND state = 'held';

-- op message.deferred
UPDATE message SET due_at = :data ->> '$.due_at',
  reason = :data ->> '$.reason'
WHERE id = :data ->> '$.id' AND state = 'queued';

-- op message.cancelled
UPDATE message SET state = 'cancelled', reason = :data ->> '$.reason',
  failover = CASE WHEN failover = 'ready' AND :data ->> '$.bring_forward' = 1
    THEN 'due' ELSE failover END
WHERE id = :data ->> '$.id' AND state IN ('queued', 'held');
-- What is out may have arrived: that it is unwanted keeps a second try away.
UPDATE message SET unwanted = 1
WHERE id = :data ->> '$.id' AND state IN ('sending', 'in_doubt');
UPDATE reminder SET next_due_at = :at
WHERE :data ->> '$.bring_forward' = 1 AND state = 'open'
  AND next_due_at > :at AND id = (SELECT reminder FROM message
    WHERE id = :data ->> '$.id')
  AND step = (SELECT step FROM message WHERE id = :data ->> '$.id')
  AND revision = (SELECT revision FROM message WHERE id = :data ->> '$.id');

-- op message.expired
UPDATE message SET state = 'expired', reason = 'too late'
WHERE id = :data ->> '$.id' AND state IN ('queued', 'held');
UPDATE reminder SET next_due_at = :at
WHERE state = 'open' AND next_due_at > :at
  AND id = (SELECT reminder FROM message WHERE id = :data ->> '$.id')
  AND step = (SELECT step FROM message WHERE id = :data ->> '$.id')
  AND revision = (SELECT revision FROM message WHERE id = :data ->> '$.id');

-- No channel is left, or none may be tried any more.
-- op failover.ended
UPDATE message SET failover = 'done',
  state = coalesce(:data ->> '$.state', state),
  failed_at = CASE WHEN :data ->> '$.state' = 'failed'
    THEN coalesce(failed_at, :at) ELSE failed_at END
WHERE id = :data ->> '$.id' AND failover = 'due';

-- op attempt.started
INSERT INTO attempt(message, number, channel, provider, reference, sender,
  token, redirected, state, started_at, cost, currency)
VALUES (:data ->> '$.id', :data ->> '$.attempt', :data ->> '$.channel',
  :data ->> '$.provider', :data ->> '$.reference', :data ->> '$.sender',
  :data ->> '$.token', coalesce(:data ->> '$.redirected', 0), 'open', :at,
  :data ->> '$.cost', :data ->> '$.currency');
UPDATE message SET state = 'sending', attempts = :data ->> '$.attempt',
  reason = NULL
WHERE id = :data ->> '$.id';

-- op attempt.doubted
UPDATE attempt SET state = 'in_doubt', doubted_at = :at
WHERE message = :data ->> '$.id' AND number = :data ->> '$.attempt'
  AND state = 'open';
UPDATE message SET state = 'in_doubt', reason = :data ->> '$.reason'
WHERE id = :data ->> '$.id' AND state = 'sending';
-- include receipts

-- op attempt.finished
UPDATE attempt SET state = 'done', outcome = :data ->> '$.outcome',
  provider_id = coalesce(:data ->> '$.provider_id', provider_id),
  code = :data ->> '$.code', response = :data ->> '$.response',
  status = coalesce(status, CASE :data ->> '$.outcome' WHEN 'accepted'
    THEN 'accepted' END),
  finished_at = :at, segments = :data ->> '$.segments',
  cost = coalesce(:data ->> '$.cost', cost),
  currency = coalesce(:data ->> '$.currency', currency)
WHERE message = :data ->> '$.id' AND number = :data ->> '$.attempt';
UPDATE message SET state = CASE WHEN unwanted = 1
    AND :data ->> '$.state' = 'queued' THEN 'cancelled'
    ELSE :data ->> '$.state' END,
  reason = CASE WHEN unwanted = 1 AND :data ->> '$.state' = 'queued'
    THEN 'cancelled while in doubt' ELSE :data ->> '$.reason' END,
  due_at = coalesce(:data ->> '$.retry_at', due_at),
  status = CASE :data ->> '$.outcome' WHEN 'accepted'
    THEN coalesce(status, 'accepted') ELSE status END,
  sent_at = CASE WHEN :data ->> '$.state' = 'sent'
    THEN coalesce(sent_at, :at) ELSE sent_at END,
  failed_at = CASE WHEN :data ->> '$.state' = 'failed'
    THEN coalesce(failed_at, :at) ELSE failed_at END,
  -- What may have arrived is for staff to judge.
  failover = CASE WHEN failover = 'ready' AND :data ->> '$.state' = 'failed'
    AND :data ->> '$.outcome' <> 'unknown' AND unwanted = 0
    THEN 'due' ELSE failover END
WHERE id = :data ->> '$.id' AND state IN ('sending', 'in_doubt');
UPDATE reminder SET next_due_at = :at
WHERE :data ->> '$.state' = 'failed' AND state = 'open'
  AND next_due_at > :at
  -- Not if an earlier attempt arrived: then the receipts below decide.
  AND NOT EXISTS (SELECT 1 FROM event e WHERE e.message = :data ->> '$.id'
    AND (e.rank = 1 OR e.rank = 2 OR e.rank = 4 OR e.rank = 5 OR e.rank = 7))
  AND id = (SELECT reminder FROM message WHERE id = :data ->> '$.id')
  AND step = (SELECT step FROM message WHERE id = :data ->> '$.id')
  AND revision = (SELECT revision FROM message WHERE id = :data ->> '$.id');
UPDATE event SET message = :data ->> '$.id', attempt = :data ->> '$.attempt'
WHERE :data ->> '$.provider_id' IS NOT NULL AND message IS NULL
  AND provider_id = :data ->> '$.provider_id'
  AND provider = (SELECT provider FROM attempt
    WHERE message = :data ->> '$.id' AND number = :data ->> '$.attempt');
-- include receipts

-- op event.received
INSERT INTO event(key, provider, provider_id, message, attempt, status, rank,
  code, title, category, billable, received_at)
VALUES (:data ->> '$.key', :data ->> '$.provider', :data ->> '$.provider_id',
  :data ->> '$.id', :data ->> '$.attempt', :data ->> '$.status',
  :data ->> '$.rank', :data ->> '$.code', :data ->> '$.title',
  :data ->> '$.category', :data ->> '$.billable',
  coalesce(:data ->> '$.received_at', :at))
ON CONFLICT(key) DO NOTHING;
UPDATE attempt SET state = 'done', outcome = 'accepted',
  provider_id = :data ->> '$.provider_id', finished_at = :at
WHERE message = :data ->> '$.id' AND number = :data ->> '$.attempt'
  AND state = 'in_doubt';
UPDATE message SET state = 'sent', reason = NULL,
  sent_at = coalesce(sent_at, :at)
WHERE id = :data ->> '$.id' AND attempts = :data ->> '$.attempt'
  AND state = 'in_doubt';
UPDATE attempt SET provider_id = :data ->> '$.provider_id'
WHERE message = :data ->> '$.id' AND number = :data ->> '$.attempt'
  AND provider = :data ->> '$.provider' AND provider_id IS NULL
  AND state = 'done' AND NOT EXISTS (SELECT 1 FROM attempt a
    WHERE a.provider = :data ->> '$.provider'
    AND a.provider_id = :data ->> '$.provider_id');
UPDATE event SET message = :data ->> '$.id', attempt = :data ->> '$.attempt'
WHERE :data ->> '$.id' IS NOT NULL AND message IS NULL
  AND provider = :data ->> '$.provider'
  AND provider_id = :data ->> '$.provider_id';
-- include receipts

-- op message.received
-- Who is nobody's contact yet: WhatsApp's window opens for them too.
INSERT INTO address(type, hash, content)
SELECT :data ->> '$.channel_type', :data ->> '$.hash', :data ->> '$.address'
WHERE :data ->> '$.put_address' = 1
ON CONFLICT(type, hash) DO NOTHING;
INSERT INTO conversation(id, contact, hash, created_at)
VALUES (:data ->> '$.conversation', :data ->> '$.contact',
  CASE WHEN :data ->> '$.contact' IS NULL THEN :data ->> '$.hash' END, :at)
ON CONFLICT(id) DO NOTHING;
INSERT INTO message(id, direction, conversation, contact, channel,
  channel_type, hash, address, content, state, reminder, revision, intent,
  is_unread, created_at)
VALUES (:data ->> '$.id', 'inbound', :data ->> '$.conversation',
  :data ->> '$.contact', :data ->> '$.channel', :data ->> '$.channel_type',
  :data ->> '$.hash', :data ->> '$.address', :data ->> '$.content',
  'received', :data ->> '$.reminder.id', :data ->> '$.reminder.revision',
  :data ->> '$.intent', :data ->> '$.unread',
  coalesce(:data ->> '$.received_at', :at));
UPDATE conversation SET status = CASE :data ->> '$.unread' WHEN 1
    THEN 'pending' ELSE status END,
  unread_count = unread_count + :data ->> '$.unread',
  last_message_at = coalesce(:data ->> '$.received_at', :at),
  last_customer_message_at = coalesce(:data ->> '$.received_at', :at)
WHERE id = :data ->> '$.conversation';
UPDATE address SET verified = 1,
  last_inbound_at = CASE WHEN :data ->> '$.said_at' IS NULL
    THEN coalesce(:data ->> '$.received_at', :at)
    ELSE max(coalesce(last_inbound_at, ''), :data ->> '$.said_at') END
WHERE hash = :data ->> '$.hash' AND type = :data ->> '$.channel_type'
  AND coalesce(:data ->> '$.opens_window', 1) = 1;
INSERT INTO inbound_media(message, position, claimed, state, retry_at,
  received_at, changed_at)
SELECT :data ->> '$.id', key, value ->> '$.type', 'waiting', :at,
  coalesce(:data ->> '$.received_at', :at), :at
FROM json_each(:data ->> '$.media') WHERE true;

-- Somebody has read these: {"conversation", "messages", "by"}; some may be of
-- another conversation that is shown together with it.
-- op conversation.read
UPDATE message SET is_unread = 0
WHERE id IN (SELECT value FROM json_each(:data, '$.messages'))
  AND is_unread = 1;
UPDATE conversation SET unread_count = (SELECT count(*) FROM message m
  WHERE m.conversation = conversation.id AND m.is_unread = 1)
WHERE id IN (SELECT m.conversation FROM message m
  WHERE m.id IN (SELECT value FROM json_each(:data, '$.messages')));

-- What staff says of a conversation: {"id", "by", "set", "note"}; what `set`
-- lacks stays, what is null in it goes.  `note` is the subject's content.
-- op conversation.put
INSERT INTO conversation(id, contact, created_at)
SELECT :data ->> '$.id', :data ->> '$.contact', :at
WHERE :data ->> '$.contact' IS NOT NULL
ON CONFLICT(id) DO NOTHING;
UPDATE conversation SET
  status = coalesce(:data ->> '$.set.status', status),
  priority = coalesce(:data ->> '$.set.priority', priority),
  owner = CASE WHEN json_type(:data, '$.set.owner') IS NULL THEN owner
    ELSE :data ->> '$.set.owner' END,
  assignee = CASE WHEN json_type(:data, '$.set.assignee') IS NULL
    THEN assignee ELSE :data ->> '$.set.assignee' END,
  related_type = CASE WHEN json_type(:data, '$.set.related') IS NULL
    THEN related_type ELSE :data ->> '$.set.related.type' END,
  related_id = CASE WHEN json_type(:data, '$.set.related') IS NULL
    THEN related_id ELSE :data ->> '$.set.related.id' END,
  subject = CASE WHEN json_type(:data, '$.note') IS NULL THEN subject
    ELSE :data ->> '$.note' END,
  tags = coalesce(json_extract(:data, '$.set.tags'), tags)
WHERE id = :data ->> '$.id';
DELETE FROM conversation_tag WHERE conversation = :data ->> '$.id'
  AND json_type(:data, '$.set.tags') IS NOT NULL;
INSERT INTO conversation_tag(tag, conversation)
SELECT value, :data ->> '$.id' FROM json_each(:data, '$.set.tags')
WHERE true
ON CONFLICT DO NOTHING;

-- What was said with an address whose owner is known by now is their
-- conversation's: {"from", "into", "contact"}.
-- op conversation.joined
INSERT INTO conversation(id, contact, created_at)
SELECT :data ->> '$.into', :data ->> '$.contact', created_at
FROM conversation
WHERE id = :data ->> '$.from'
ON CONFLICT(id) DO NOTHING;
UPDATE message SET conversation = :data ->> '$.into',
  contact = coalesce(contact, :data ->> '$.contact')
WHERE conversation = :data ->> '$.from';
UPDATE OR IGNORE conversation_tag SET conversation = :data ->> '$.into'
WHERE conversation = :data ->> '$.from';
DELETE FROM conversation_tag
WHERE conversation = :data ->> '$.from';
UPDATE conversation SET
  unread_count = conversation.unread_count + o.unread_count,
  status = CASE WHEN conversation.status = 'pending' OR o.status = 'pending'
      THEN 'pending'
    WHEN conversation.status = 'active' OR o.status = 'active' THEN 'active'
    ELSE conversation.status END,
  priority = CASE WHEN conversation.priority = 'normal' THEN o.priority
    ELSE conversation.priority END,
  subject = coalesce(conversation.subject, o.subject),
  owner = coalesce(conversation.owner, o.owner),
  assignee = coalesce(conversation.assignee, o.assignee),
  related_type = CASE WHEN conversation.related_id IS NULL
    THEN o.related_type ELSE conversation.related_type END,
  related_id = coalesce(conversation.related_id, o.related_id),
  tags = coalesce((SELECT json_group_array(tag) FROM
    (SELECT tag FROM conversation_tag
      WHERE conversation_tag.conversation = conversation.id ORDER BY tag)),
    '[]'),
  last_message_at = nullif(max(coalesce(conversation.last_message_at, ''),
    coalesce(o.last_message_at, '')), ''),
  last_customer_message_at = nullif(max(coalesce(
    conversation.last_customer_message_at, ''),
    coalesce(o.last_customer_message_at, '')), ''),
  last_staff_message_at = nullif(max(coalesce(
    conversation.last_staff_message_at, ''),
    coalesce(o.last_staff_message_at, '')), '')
FROM conversation o
WHERE conversation.id = :data ->> '$.into'
  AND o.id = :data ->> '$.from';
DELETE FROM conversation
WHERE id = :data ->> '$.from';

-- op media.kept
UPDATE inbound_media SET state = 'kept', path = :data ->> '$.path',
  type = :data ->> '$.type', size = :data ->> '$.size',
  digest = :data ->> '$.digest', reason = NULL, retry_at = NULL,
  tries = tries + 1, changed_at = :at
WHERE message = :data ->> '$.id' AND position = :data ->> '$.position'
  AND state = 'waiting';

-- With a time it is tried again then.
-- op media.failed
UPDATE inbound_media SET state = CASE WHEN :data ->> '$.retry_at' IS NULL
    THEN 'refused' ELSE 'waiting' END,
  reason = :data ->> '$.reason', retry_at = :data ->> '$.retry_at',
  tries = tries + 1, changed_at = :at
WHERE message = :data ->> '$.id' AND position = :data ->> '$.position'
  AND state = 'waiting';

-- The file is gone already.
-- op media.removed
UPDATE inbound_media SET state = 'removed', path = NULL, digest = NULL,
  reason = :data ->> '$.reason', retry_at = NULL, changed_at = :at
WHERE message = :data ->> '$.id' AND position = :data ->> '$.position';

-- Written before the question goes out, so that a limit holds whatever comes.
-- op assist.asked
INSERT INTO assist(id, message, hash, contact, provider, model, asked_at)
VALUES (:seq, :data ->> '$.message', :data ->> '$.hash',
  :data ->> '$.contact', :data ->> '$.provider', :data ->> '$.model', :at);

-- op assist.answered
UPDATE assist SET outcome = :data ->> '$.outcome',
  reason = :data ->> '$.reason', content = :data ->> '$.content',
  request_id = :data ->> '$.request_id',
  input_tokens = :data ->> '$.input_tokens',
  output_tokens = :data ->> '$.output_tokens',
  cost = :data ->> '$.cost', currency = :data ->> '$.currency',
  answered_at = :at
WHERE id = :data ->> '$.ask' AND outcome IS NULL;
