-- omni: what staff asks.  Times are the site's local time.

CREATE VIEW inbox AS
SELECT strftime('%Y-%m-%d %H:%M', m.created_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= m.created_at
    ORDER BY o.starts_at DESC LIMIT 1)) AS received,
  m.channel_type AS channel,
  coalesce(cc.body ->> '$.name', ac.body, '(erased)') AS person,
  mc.body ->> '$.text' AS text,
  m.intent AS understood_as,
  m.reminder,
  CASE m.is_unread WHEN 1 THEN 'unread' ELSE 'read' END AS state,
  m.conversation, m.id,
  -- The files that came along, below spool/media, or why they are not there.
  (SELECT group_concat(coalesce(f.path, f.state || coalesce(': ' || f.reason,
    '')), ', ') FROM inbound_media f WHERE f.message = m.id) AS media
FROM message m
LEFT JOIN contact c ON c.id = m.contact
LEFT JOIN content cc ON cc.key = c.content
LEFT JOIN content ac ON ac.key = m.address
LEFT JOIN content mc ON mc.key = m.content
WHERE m.direction = 'inbound'
ORDER BY m.created_at DESC;

-- Not by way of inbox: that goes through all that ever came in.
CREATE VIEW unread AS
SELECT strftime('%Y-%m-%d %H:%M', m.created_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= m.created_at
    ORDER BY o.starts_at DESC LIMIT 1)) AS received,
  m.channel_type AS channel,
  coalesce(cc.body ->> '$.name', ac.body, '(erased)') AS person,
  mc.body ->> '$.text' AS text,
  m.intent AS understood_as, m.conversation, m.id,
  (SELECT group_concat(coalesce(f.path, f.state || coalesce(': ' || f.reason,
    '')), ', ') FROM inbound_media f WHERE f.message = m.id) AS media
FROM message m INDEXED BY message_unread
LEFT JOIN contact c ON c.id = m.contact
LEFT JOIN content cc ON cc.key = c.content
LEFT JOIN content ac ON ac.key = m.address
LEFT JOIN content mc ON mc.key = m.content
WHERE m.direction = 'inbound' AND m.is_unread = 1
ORDER BY m.created_at DESC;

CREATE VIEW conversation_history AS
SELECT m.conversation,
  coalesce(cc.body ->> '$.name', ac.body, '(erased)') AS person,
  strftime('%Y-%m-%d %H:%M', m.created_at, (SELECT o.minutes || ' minutes'
    FROM site_offset o WHERE o.starts_at <= m.created_at
    ORDER BY o.starts_at DESC LIMIT 1)) AS at,
  CASE m.direction WHEN 'inbound' THEN 'from' ELSE 'to' END AS direction,
  m.channel_type AS channel, m.state, m.status,
  coalesce(mc.body ->> '$.subject', '') AS subject,
  mc.body ->> '$.text' AS text, m.id,
  -- The files that came along, below spool/media, or why they are not there.
  (SELECT group_concat(coalesce(f.path, f.state || coalesce(': ' || f.reason,
    '')), ', ') FROM inbound_media f WHERE f.message = m.id) AS media
FROM message m
LEFT JOIN contact c ON c.id = m.contact
LEFT JOIN content cc ON cc.key = c.content
LEFT JOIN content ac ON ac.key = m.address
LEFT JOIN content mc ON mc.key = m.content
ORDER BY m.conversation, m.created_at, m.id;

CREATE VIEW received_media AS
SELECT strftime('%Y-%m-%d %H:%M', f.received_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= f.received_at
    ORDER BY o.starts_at DESC LIMIT 1)) AS received,
  coalesce(cc.body ->> '$.name', ac.body, '(erased)') AS person,
  m.channel_type AS channel, f.state, f.path, coalesce(f.type, f.claimed)
    AS type, f.size, f.reason, f.tries, f.message, f.position
FROM inbound_media f
JOIN message m ON m.id = f.message
LEFT JOIN contact c ON c.id = m.contact
LEFT JOIN content cc ON cc.key = c.content
LEFT JOIN content ac ON ac.key = m.address
ORDER BY f.received_at DESC, f.message, f.position;

CREATE VIEW due_reminder AS
SELECT r.id AS reminder, r.type, cc.body ->> '$.name' AS person,
  r.event_local AS appointment, r.next_step,
  strftime('%Y-%m-%d %H:%M', r.next_due_at, (SELECT o.minutes || ' minutes'
    FROM site_offset o WHERE o.starts_at <= r.next_due_at
    ORDER BY o.starts_at DESC LIMIT 1)) AS due,
  r.next_due_at
FROM reminder r
LEFT JOIN contact c ON c.id = r.contact
LEFT JOIN content cc ON cc.key = c.content
WHERE r.state = 'open' AND r.next_due_at IS NOT NULL
ORDER BY r.next_due_at, r.id;

CREATE VIEW unconfirmed_reminder AS
SELECT r.id AS reminder, r.type, cc.body ->> '$.name' AS person,
  (SELECT b.body FROM contact_address a JOIN address d
    ON d.type = a.type AND d.hash = a.hash JOIN content b
    ON b.key = d.content WHERE a.contact = r.contact AND a.type = 'sms'
    ORDER BY a.rank LIMIT 1) AS phone,
  r.event_local AS appointment, r.step AS last_step,
  (SELECT group_concat(value, ', ') FROM json_each(r.attempted)) AS asked_by,
  r.next_step
FROM reminder r
LEFT JOIN contact c ON c.id = r.contact
LEFT JOIN content cc ON cc.key = c.content
WHERE r.state = 'open' AND r.step > 0
  -- Not over yet, by the ledger's own clock.
  AND r.event_at > (SELECT j.at FROM journal j ORDER BY j.seq DESC LIMIT 1)
ORDER BY r.event_at, r.id;

CREATE VIEW confirmed_reminder AS
SELECT r.id AS reminder, r.type, cc.body ->> '$.name' AS person,
  r.event_local AS appointment,
  strftime('%Y-%m-%d %H:%M', r.answered_at, (SELECT o.minutes || ' minutes'
    FROM site_offset o WHERE o.starts_at <= r.answered_at
    ORDER BY o.starts_at DESC LIMIT 1)) AS confirmed,
  r.reason AS how
FROM reminder r
LEFT JOIN contact c ON c.id = r.contact
LEFT JOIN content cc ON cc.key = c.content
WHERE r.state = 'confirmed'
ORDER BY r.event_local, r.id;

CREATE VIEW failed_message AS
SELECT m.id, m.channel_type AS channel,
  coalesce(cc.body ->> '$.name', '') AS person, m.state, m.reason,
  coalesce(mc.body ->> '$.error.message', rc.body, (SELECT e.title FROM event e
    WHERE e.message = m.id AND e.attempt = m.attempts AND e.title IS NOT NULL
    ORDER BY e.rank DESC, e.key LIMIT 1)) AS detail,
  strftime('%Y-%m-%d %H:%M', coalesce(m.failed_at, m.created_at),
    (SELECT o.minutes || ' minutes' FROM site_offset o
    WHERE o.starts_at <= coalesce(m.failed_at, m.created_at)
    ORDER BY o.starts_at DESC LIMIT 1)) AS at,
  m.reminder,
  -- The message that goes to the same person by another channel.
  (SELECT n.id FROM message n WHERE n.parent = m.id ORDER BY n.created_at,
    n.id LIMIT 1) AS replaced_by
FROM message m
LEFT JOIN contact c ON c.id = m.contact
LEFT JOIN content cc ON cc.key = c.content
LEFT JOIN content mc ON mc.key = m.content
LEFT JOIN attempt a ON a.message = m.id AND a.number = m.attempts
LEFT JOIN content rc ON rc.key = a.response
WHERE m.state IN ('failed', 'refused')
ORDER BY coalesce(m.failed_at, m.created_at) DESC;

CREATE VIEW in_doubt AS
SELECT a.message AS id, a.number AS attempt, a.channel, a.provider,
  a.started_at, a.doubted_at, m.reminder
FROM attempt a INDEXED BY attempt_open JOIN message m ON m.id = a.message
WHERE a.state IN ('open', 'in_doubt') AND a.state = 'in_doubt'
ORDER BY a.started_at;

-- An answer from a telephone that several share is nobody's: then the address
-- that it came from is all there is.
CREATE VIEW open_flag AS
SELECT f.id AS flag, f.kind,
  strftime('%Y-%m-%d %H:%M', f.created_at, (SELECT o.minutes || ' minutes'
    FROM site_offset o WHERE o.starts_at <= f.created_at
    ORDER BY o.starts_at DESC LIMIT 1)) AS since,
  coalesce(cc.body ->> '$.name', '') AS person,
  coalesce((SELECT b.body FROM contact_address a JOIN address d
    ON d.type = a.type AND d.hash = a.hash JOIN content b
    ON b.key = d.content WHERE a.contact = coalesce(f.contact, r.contact)
    ORDER BY d.dead_at IS NULL DESC, a.type IN ('sms', 'voice', 'whatsapp')
    DESC, a.type, a.rank LIMIT 1), ac.body) AS reach_at,
  r.event_local AS appointment, f.reason,
  CASE m.direction WHEN 'inbound' THEN mc.body ->> '$.text' END AS said,
  f.reminder, f.message
FROM flag f INDEXED BY flag_open
LEFT JOIN reminder r ON r.id = f.reminder
LEFT JOIN contact c ON c.id = coalesce(f.contact, r.contact)
LEFT JOIN content cc ON cc.key = c.content
LEFT JOIN message m ON m.id = f.message
LEFT JOIN content ac ON ac.key = m.address
LEFT JOIN content mc ON mc.key = m.content
WHERE f.resolved_at IS NULL
ORDER BY f.id;

CREATE VIEW unresponsive_contact AS
SELECT f.contact, coalesce(cc.body ->> '$.name', '') AS person,
  count(*) AS times, max(r.event_local) AS last_appointment
FROM flag f
LEFT JOIN reminder r ON r.id = f.reminder
LEFT JOIN contact c ON c.id = f.contact
LEFT JOIN content cc ON cc.key = c.content
WHERE f.kind IN ('unresponsive', 'unreachable') AND f.resolved_at IS NULL
GROUP BY f.contact
ORDER BY times DESC, f.contact;

CREATE VIEW primary_address AS
SELECT a.contact, cc.body ->> '$.name' AS person, a.type AS channel,
  b.body AS address, d.line,
  CASE d.verified WHEN 1 THEN 'yes' ELSE 'no' END AS verified
FROM contact_address a
JOIN address d ON d.type = a.type AND d.hash = a.hash
JOIN contact c ON c.id = a.contact
LEFT JOIN content cc ON cc.key = c.content
LEFT JOIN content b ON b.key = d.content
WHERE a.is_primary = 1
ORDER BY a.contact, a.type;

CREATE VIEW related_messages AS
SELECT m.related_type, m.related_id, m.id, m.direction,
  m.channel_type AS channel, m.state, m.status, m.created_at, m.sent_at
FROM message m
WHERE m.related_type IS NOT NULL
ORDER BY m.related_type, m.related_id, m.created_at, m.id;

-- Refused messages never went out: no address, an opt-out, a bad template.
CREATE VIEW delivery_by_day AS
SELECT day, channel, sent + failed + dropped + waiting AS messages, sent,
  delivered, read, failed, dropped, waiting, refused,
  printf('%.1f %%', 100.0 * sent / max(1, sent + failed + dropped + waiting))
    AS rate
FROM message_day
WHERE sent + failed + dropped + waiting + refused > 0
ORDER BY day DESC, channel;

CREATE VIEW delivery_rate AS
SELECT channel, sum(sent + failed + dropped + waiting) AS messages,
  sum(sent) AS sent, sum(delivered) AS delivered, sum(read) AS read,
  sum(failed) AS failed, sum(dropped) AS dropped, sum(waiting) AS waiting,
  sum(refused) AS refused, printf('%.1f %%', 100.0 * sum(sent) /
    max(1, sum(sent + failed + dropped + waiting))) AS rate
FROM message_day
GROUP BY channel
HAVING messages + refused > 0
ORDER BY channel;

CREATE VIEW cost_by_day AS
SELECT day, nullif(channel, '') AS channel, messages, segments,
  printf('%.4f', cost / 10000.0) AS cost, nullif(currency, '') AS currency
FROM cost_day
WHERE messages > 0
ORDER BY day DESC, cost_day.channel;

CREATE VIEW opted_out AS
SELECT coalesce(b.body, '(erased)') AS address, k.scope, k.how, k.source,
  strftime('%Y-%m-%d %H:%M', k.at, (SELECT o.minutes || ' minutes'
    FROM site_offset o WHERE o.starts_at <= k.at
    ORDER BY o.starts_at DESC LIMIT 1)) AS since,
  (SELECT group_concat(DISTINCT cc.body ->> '$.name') FROM contact_address a
    JOIN contact c ON c.id = a.contact JOIN content cc ON cc.key = c.content
    WHERE a.hash = k.hash) AS people
FROM consent k
LEFT JOIN content b ON b.key = 'address/' || k.hash
WHERE k.state = 'out'
UNION ALL
-- Kept with a person for addresses that are not there yet.
SELECT '(none)', o.scope, o.how, NULL,
  strftime('%Y-%m-%d %H:%M', o.at, (SELECT s.minutes || ' minutes'
    FROM site_offset s WHERE s.starts_at <= o.at
    ORDER BY s.starts_at DESC LIMIT 1)),
  (SELECT cc.body ->> '$.name' FROM contact c
    JOIN content cc ON cc.key = c.content WHERE c.id = o.contact)
FROM contact_opt_out o
WHERE NOT EXISTS (SELECT 1 FROM contact_address a
  JOIN consent k ON k.hash = a.hash AND k.scope = o.scope
  WHERE a.contact = o.contact)
ORDER BY since DESC;

CREATE VIEW consent_history AS
SELECT strftime('%Y-%m-%d %H:%M', coalesce(j.data ->> '$.given_at', j.at),
    (SELECT o.minutes || ' minutes' FROM site_offset o
    WHERE o.starts_at <= coalesce(j.data ->> '$.given_at', j.at)
    ORDER BY o.starts_at DESC LIMIT 1)) AS at,
  coalesce(b.body, '(erased)') AS address,
  j.data ->> '$.scope' AS scope, j.data ->> '$.state' AS state,
  j.data ->> '$.how' AS how, j.data ->> '$.source' AS source,
  j.data ->> '$.operator' AS operator,
  CASE WHEN j.data ->> '$.note' IS NULL THEN NULL
    ELSE coalesce(n.body, '(erased)') END AS note,
  j.run, j.seq
FROM journal j INDEXED BY journal_consent
LEFT JOIN content b ON b.key = 'address/' || (j.data ->> '$.hash')
LEFT JOIN content n ON n.key = j.data ->> '$.note'
WHERE j.op = 'consent.put'
ORDER BY j.seq;

CREATE VIEW assist_by_day AS
SELECT coalesce(strftime('%Y-%m-%d', a.asked_at, (SELECT o.minutes ||
    ' minutes' FROM site_offset o WHERE o.starts_at <= a.asked_at
    ORDER BY o.starts_at DESC LIMIT 1)), substr(a.asked_at, 1, 10)) AS day, a.model,
  count(*) AS asked, sum(a.outcome = 'answered') AS answered,
  sum(coalesce(a.input_tokens, 0)) AS input_tokens,
  sum(coalesce(a.output_tokens, 0)) AS output_tokens,
  printf('%.6f', sum(CAST(coalesce(a.cost, '0') AS REAL))) AS cost,
  max(a.currency) AS currency
FROM assist a
GROUP BY day, a.model, coalesce(a.currency, '')
ORDER BY day DESC, a.model;
