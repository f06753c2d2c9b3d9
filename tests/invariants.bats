#!/usr/bin/env bats
# The checker that the sweeps rely on: it has nothing to say of a site that is
# sound, and names what is wrong with one that was broken by hand.

# A site with two messages that went out, a receipt, one that waits for
# tomorrow, and a reply that is not drained.
setup_file() {
	load helper
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	printf '\n[provider told]\nkind = twilio\naccount_sid = AC%s\nauth_token = env:TOLD\n' \
		00000000000000000000000000000000 >>"$OMNI_CONF"
	jq -nc '("m1", "m2"), {id: "later", at: "2026-11-24T20:00:00Z"} |
		(objects // {id: .}) | {id, channel: "sms", account: "sms",
		to: "+5255123456\(if .id == "m1" then 1 else 2 end)0",
		text: "Hola", class: "reminder",
		contact: {timezone: "America/Mexico_City"},
		not_before: .at, expires_at: "2026-11-25T00:00:00Z"} |
		del(.[] | nulls)' >"$SITE/records"
	omni-queue -q <"$SITE/records"
	at 2026-11-23T23:05:00Z
	omni-send-sms -q
	mkdir -p "$SITE/spool/inbound/new"
	printf 'Hook: twilio/sms\nReceived: %s\nContent-Type: %s\nQuery: \nToken: \n\n%s' \
		"$OMNI_NOW" application/x-www-form-urlencoded \
		'MessageSid=SM01&From=%2B525512345610&To=%2B525587654321&Body=Gracias' \
		>"$SITE/spool/inbound/new/1795181914.587312025.28783.1.63d6e716"
}

setup() {
	load helper
	SITE=$BATS_TEST_TMPDIR/site
	OMNI_CONF=$SITE/etc/omni.conf
	export SITE OMNI_CONF TOLD=a-secret-of-this-site
	at 2026-11-23T23:10:00Z
	good=$BATS_FILE_TMPDIR/site
	afresh
	accepted=$BATS_TEST_TMPDIR/accepted
	jq -nc '{id: "m1"}, {id: "m2"}, {id: "later"}, {hook: "twilio/sms",
		body: "MessageSid=SM01&From=%2B525512345610&To=%2B525587654321&Body=Gracias"}' \
		>"$accepted"
}

afresh() {
	rm -rf "$SITE"
	cp -R "$good" "$SITE"
}

# From here on a sound site is what it is now.
go_on() {
	good=$BATS_TEST_TMPDIR/good
	cp -R "$SITE" "$good"
}

check() {
	"$ROOT/tests/invariants" --accepted "$accepted" "$@" "$SITE"
}

# write SQL: as no program would
write() {
	sqlite3 "$SITE/spool/ledger.db" 'DROP TRIGGER IF EXISTS journal_keeps_rows;
		DROP TRIGGER IF EXISTS journal_keeps_values;
		DROP TRIGGER IF EXISTS journal_grows;' "$1"
}

# finds LINE COMMAND...: after COMMAND the checker says LINE; then all is as
# it was
finds() {
	local line=$1
	shift
	"$@"
	run -1 check
	assert_line --partial "$line"
	afresh
}

# The row in which something happened to a message.
ROW="(SELECT seq FROM journal WHERE op = 'attempt.started'
	AND data ->> '\$.id' = 'm1')"
# In place of that of the channel, which comes before all attempts.
FIRST="WHERE op = 'channel.put'"

@test "of a site that is sound it says nothing, before and after the drain" {
	run -0 check
	assert_output ''
	run -1 check --settled
	assert_output --regexp '^2: inbound/new/[0-9a-f.]+: is not drained$'
	omni-ingest -q
	run -0 check --settled
	assert_output ''
	run -1 check --settled --now 2026-11-24T21:00:00Z
	assert_output '2: later: is still queued'
}

@test "a journal that was tampered with (Inv. 7)" {
	finds '7: journal: row 5 follows 3' \
		write 'DELETE FROM journal WHERE seq = 4'
	finds '7: journal: row 4 is of 2020-01-01T00:00:00Z, before' \
		write "UPDATE journal SET at = '2020-01-01T00:00:00Z' WHERE seq = 4"
	finds '7: omni-ledger verify: status 65' \
		write "UPDATE journal SET data = json_set(data, '$.priority', 2)
			WHERE op = 'message.queued' AND seq = 4"
}

@test "projections that no row explains (Inv. 7)" {
	finds '7: later: is sent, and its rows make it queued' \
		write "UPDATE message SET state = 'sent' WHERE id = 'later'"
	finds '7: m1: has 2 attempts, and 1 rows began one' \
		write "UPDATE message SET attempts = 2 WHERE id = 'm1'"
	finds '7: m3: is queued, and no row says why' \
		write "INSERT INTO message(id, direction, state, created_at,
			due_at) SELECT 'm3', 'outbound', 'queued', created_at,
			due_at FROM message WHERE id = 'm1'"
	finds '7: m1: is in the journal and not in the ledger' \
		write "PRAGMA foreign_keys = OFF;
			DELETE FROM message WHERE id = 'm1'"
	finds '7: foreign_key_check' \
		write "PRAGMA foreign_keys = OFF;
			DELETE FROM message WHERE id = 'm1'"
	finds '7: m1: attempt 2 has no intent in the journal' \
		write "INSERT INTO attempt SELECT message, 2, channel, provider,
			'm1.2', sender, token, redirected, state, outcome,
			NULL, code, response, status, started_at, doubted_at,
			finished_at, segments, cost, currency, category,
			billable FROM attempt WHERE message = 'm1'"
	finds '7: consent h' write "INSERT INTO consent VALUES ('h', 'all',
		'out', '2026-11-23T23:00:00Z', 'staff', NULL, 1)"
}

damage() {
	dd if=/dev/urandom of="$SITE/spool/ledger.db" bs=4096 seek=9 count=30 \
		conv=notrunc status=none
}

@test "a damaged file, and none (Inv. 2, 7)" {
	sqlite3 "$SITE/spool/ledger.db" 'PRAGMA wal_checkpoint(TRUNCATE)'
	go_on
	damage
	run ! check
	[[ $output == *integrity_check* || $output == *malformed* ||
		$output == *'not a database'* ]]
	afresh
	finds '2: ' rm "$SITE/spool/ledger.db"
}

@test "what was accepted is gone (Inv. 2)" {
	finds '2: m2: was accepted, and is gone' \
		write "DELETE FROM journal WHERE data ->> '$.id' = 'm2'"
	finds '2: twilio/sms: SM01 was acknowledged, and is gone' \
		find "$SITE/spool/inbound/new" -type f -delete
	echo '{"reminder": "r1"}' >>"$accepted"
	run -1 check
	assert_output '2: reminder r1: was accepted, and is gone'
}

edit_console() {
	sed -i "$1" "$SITE/spool/console.txt"
}

@test "sent twice, sent without an intent, not sent at all (Inv. 2, 3)" {
	finds '3: m1: attempt 1 went out twice' edit_console '/(m1,/p'
	finds '3: m1: went out 2 times, and 0 of them were in doubt' \
		edit_console '/(m1,/p'
	finds '2: m1: is sent, and nobody got it' edit_console '/(m1,/d'
	finds 'went out to +525512345610, and no row says that it would' \
		write "DELETE FROM journal WHERE data ->> '$.id' = 'm1' AND
			op LIKE 'attempt.%'"
	finds '3: m1: attempt 2 begins in row 99, and it is sent' \
		write "INSERT INTO journal SELECT 99, at, by, run, op,
			json_set(data, '$.attempt', 2, '$.reference', 'm1.2')
			FROM journal WHERE seq = $ROW"
	finds '3: m1: attempt 2 begins while 1 is open' \
		write "UPDATE journal SET op = 'attempt.started', data =
			json_set(data, '$.attempt', 2, '$.reference', 'm1.2',
			'$.channel', 'sms') WHERE op = 'attempt.finished' AND
			data ->> '$.id' = 'm1'"
	finds '3: m2: attempt 1 goes by a name that m1 had' \
		write "UPDATE journal SET data = json_set(data, '$.reference',
			'm1.1') WHERE op = 'attempt.started'"
}

@test "what a provider says that it took (Inv. 2, 3)" {
	local sent=$BATS_TEST_TMPDIR/sent
	write "UPDATE journal SET data = json_set(data, '$.provider', 'twilio')
		WHERE op = 'attempt.started'"
	rm "$SITE/spool/console.txt"
	go_on
	jq -nc '("m1", "m2", "m2", "x") | {provider: "twilio", id: "SM\(.)",
		reference: "\(.).1", to: "+5255"}' >"$sent"
	run -1 check --sent "$sent"
	assert_line '3: m2: attempt 1 went out twice'
	assert_line '3: twilio SMx went out to +5255, and no row says that it would'
	refute_line --partial 'm1:'
	# A topic of that name is somebody else's.
	jq -nc '{provider: "ntfy", id: "N1", to: "+525512345610"},
		({provider: "twilio", to: "+525512345610"} +
		({id: "SM8"}, {id: "SM1", reference: "m1.1"},
		{id: "SM2", reference: "m2.1"}))' >"$sent"
	run -1 check --sent "$sent"
	assert_line '3: ntfy N1 went out to +525512345610, and no row says that it would'
	assert_line --regexp '^3: m[12]: went out 2 times, and 0 of them were in doubt$'
	refute_line --partial '3 times'
	: >"$sent"
	run -1 check --sent "$sent"
	assert_line '2: m1: is sent, and nobody got it'
}

@test "past the gate: consent, quiet hours, times, cancelled, dead (Inv. 6)" {
	local hash
	hash=$(sql "SELECT hash FROM message WHERE id = 'm1'")
	finds '6: m1: attempt 1 of 2026-11-23T23:05:00Z: the address has opted out of channel:sms' \
		write "UPDATE journal SET op = 'consent.put', data =
			json_object('hash', '$hash', 'scope', 'channel:sms',
			'state', 'out') $FIRST"
	finds '6: m1: attempt 1 of 2026-11-23T23:05:00Z: the address is dead' \
		write "UPDATE journal SET op = 'address.dead', data =
			json_object('hash', '$hash', 'type', 'sms') $FIRST"
	finds '6: m1: attempt 1 of 2026-11-24T04:00:00Z: in quiet hours' \
		write "UPDATE journal SET at = '2026-11-24T04:00:00Z'
			WHERE seq >= $ROW"
	finds '6: m1: attempt 1 of 2026-11-25T18:00:00Z: it had expired' \
		write "UPDATE journal SET at = '2026-11-25T18:00:00Z'
			WHERE seq >= $ROW"
	finds '6: m1: attempt 1 begins in row' write "UPDATE journal SET
		op = 'message.cancelled', data = json_object('id', 'm1',
		'reason', 'x') $FIRST"
	finds '6: m1: attempt 1 of 2026-11-23T23:05:00Z: it is due at 2026-11-23T23:30' \
		write "UPDATE journal SET data = json_set(data, '$.due_at',
			'2026-11-23T23:30:00Z') WHERE op = 'message.queued' AND
			data ->> '$.id' = 'm1'"
	finds '6: m1: attempt 1 of 2026-11-23T23:05:00Z: there is no reminder r' \
		write "UPDATE journal SET data = json_set(data, '$.reminder',
			json_object('id', 'r', 'revision', 1)) WHERE
			op = 'message.queued' AND data ->> '$.id' = 'm1'"
	finds 'nobody asked for marketing' \
		write "UPDATE journal SET data = json_set(data, '$.class',
			'marketing') WHERE op = 'message.queued' AND
			data ->> '$.id' = 'm1'"
}

# A conversation that staff has looked at, tagged and answered, and a flag.
desk() {
	omni-ingest -q
	conversation=$(sql "SELECT conversation FROM message WHERE is_unread = 1")
	omni-inbox tag "$conversation" urgente
	omni-inbox subject "$conversation" Croquetas
	# Of one that a program put, as the replay has it.
	write "INSERT INTO journal SELECT seq + 1, at, by, run, 'flag.put',
		'{\"kind\":\"other\",\"v\":3}' FROM journal
		ORDER BY seq DESC LIMIT 1"
	omni-ledger rebuild -q
	go_on
	run check
	assert_output ''
}

@test "what staff did, and what the ledger shows of it (Inv. 4, 7)" {
	local conversation set
	desk
	set="UPDATE conversation SET"
	finds "7: conversation $conversation: is ['pending', 'high'" \
		write "$set priority = 'high' WHERE id = '$conversation'"
	finds "7: conversation $conversation: is ['resolved'" \
		write "$set status = 'resolved' WHERE id = '$conversation'"
	finds "7: conversation $conversation: has the tags [], and the rows give it ['urgente']" \
		write "DELETE FROM conversation_tag"
	finds "7: conversation $conversation: is in the journal and not in the ledger" \
		write "PRAGMA foreign_keys = OFF;
			DELETE FROM conversation WHERE id = '$conversation'"
	finds ': is read, and the rows say otherwise' \
		write "UPDATE message SET is_unread = 0"
	finds 'is of no conversation: address:x' \
		write "UPDATE journal SET data = json_set(data, '$.id',
			'address:x') WHERE op = 'conversation.put'"
	finds 'is in the ledger only' \
		write "INSERT INTO flag(id, kind, created_at)
			VALUES (99, 'other', '2026-11-23T23:00:00Z')"
	finds 'is resolved by eva, and no row says so' \
		write "UPDATE flag SET resolved_at = '2026-11-23T23:10:00Z',
			resolved_by = 'eva'"
	# shellcheck disable=SC2016	# a path of SQLite's
	set="INSERT INTO journal SELECT max(seq) + 1, max(at), 'x', '',
		'flag.resolved', (SELECT json_object('id', max(id), 'by', 'eva',
		'v', 3) FROM flag) FROM journal;"
	finds 'is open, and a row resolves it' write "$set"
	finds ': resolved a second time in row' write "$set $set"
}

@test "an assistant's message that no person looked at (Inv. 6)" {
	finds '6: m1: an assistant wrote it, and it is not held for a person' \
		write "UPDATE journal SET data = json_set(data, '$.author',
			'assist:mcp') WHERE op = 'message.queued' AND
			data ->> '$.id' = 'm1'"
}

@test "a model's text that nobody asked for, or looked at (Inv. 6, 7)" {
	local row="INSERT INTO journal SELECT max(seq) + 1, max(at), 'x', ''"

	finds '6: assist:x: the model wrote it, and no row has its answer' \
		write "UPDATE journal SET data = json_set(data, '$.author',
			'assist', '$.id', 'assist:x') WHERE op =
			'message.queued' AND data ->> '$.id' = 'm1'"
	finds '6: assist:x: the model wrote it, and it is not held for a person' \
		write "UPDATE journal SET data = json_set(data, '$.author',
			'assist', '$.id', 'assist:x') WHERE op =
			'message.queued' AND data ->> '$.id' = 'm1'"
	finds '7: m1: a model is asked in row' write "$row, 'assist.asked',
		'{\"message\":\"m1\",\"v\":3}' FROM journal"
	finds 'answers row 1, which asks nothing' write "$row,
		'assist.answered', '{\"ask\":1,\"outcome\":\"refused\",\"v\":3}'
		FROM journal"
}

spoil() {
	mkdir -p "${1%/*}"
	printf '%s\n' "$2" >"$1"
	touch -d '3 days ago' "$1"
}

@test "the spool: without a reason, of nobody, left for ever (Inv. 8, 9, 10)" {
	finds '10: inbound/bad/x: is set aside without a reason' \
		spoil "$SITE/spool/inbound/bad/x" x
	finds '9: inbound/tmp/x: left since' \
		spoil "$SITE/spool/inbound/tmp/x" x
	finds '9: outbound/sms/tmp/x: left since' \
		spoil "$SITE/spool/outbound/sms/tmp/x" x
	finds '8: outbound/sms/new/x: orders nobody, which the ledger does not have' \
		spoil "$SITE/spool/outbound/sms/new/x" '{"id":"nobody"}'
	finds '11: ' spoil "$SITE/spool/inbound/refused" "$TOLD"
	omni-ingest -q
	spoil "$SITE/spool/media/tmp/x" x
	spoil "$SITE/spool/media/2026-11/x.jpg" x
	spoil "$SITE/spool/run/cycle.abc/due" x
	run -1 check --settled
	assert_line '9: media/tmp/x: is left'
	assert_line "9: media/2026-11/x.jpg: is nobody's"
	assert_line '9: run/cycle.abc: is left'
}

@test "the same twice: queued, received, a receipt (Inv. 4)" {
	local again
	again="INSERT INTO journal SELECT 99, at, by, run, op, data FROM journal"
	finds '4: m1: queued a second time in row 99' write "$again
		WHERE op = 'message.queued' AND data ->> '$.id' = 'm1'"
	omni-ingest -q
	go_on
	finds '4: in:twilio:SM01:received: received a second time in row 99' \
		write "$again WHERE op = 'message.received'"
	finds '4: event e: a second time in row 99' write "UPDATE journal SET
		op = 'event.received', data = json_object('key', 'e',
		'provider', 'twilio', 'provider_id', 'x', 'rank', 1) $FIRST;
		$again WHERE op = 'event.received'"
}

@test "a site that is not at rest, none, and wrong usage" {
	exec 4>>"$SITE/spool/run/sms.lock"
	flock 4
	run -1 check
	assert_output '0: run/sms.lock: somebody holds it'
	exec 4>&-
	run -2 "$ROOT/tests/invariants" "$BATS_TEST_TMPDIR"
	run -2 "$ROOT/tests/invariants"
	run -2 "$ROOT/tests/invariants" --other "$SITE"
}
