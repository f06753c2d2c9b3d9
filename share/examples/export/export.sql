-- sqlite3 -readonly -json calendar.db <export.sql |
--     jq -c '.[].record | fromjson'
--
-- The count is the database's own, in the same statement: if anything on the
-- way is cut off, omni-schedule --full sees it.
SELECT json_object(
    'id', CAST(id AS TEXT),
    'type', 'appointment',
    'at', starts,
    'status', CASE state WHEN 'booked' THEN 'scheduled'
      WHEN 'off' THEN 'cancelled' ELSE state END,
    'updated_at', changed,
    'contact', json_patch('{}', json_object('id', CAST(client AS TEXT),
      'name', name, 'phone', nullif(phone, ''), 'email', nullif(email, ''))),
    'vars', json_object('owner_name', name, 'pet_name', pet)) AS record
FROM appointment
UNION ALL
SELECT json_object('end', json('true'), 'count', count(*)) FROM appointment;
