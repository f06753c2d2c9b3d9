#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process

load helper

setup() {
	make_site
	in=$BATS_TEST_TMPDIR/in
	ledger=$SITE/spool/ledger.db
	at 2026-11-23T09:00:00-06:00
}

# ready ID: a mail for omni-queue
ready() {
	printf '{"id":"%s","contact":{"id":"7"},"channel":"email","account":"email","to":"ana@x.example","subject":"Cita","text":"hola %s","cost":"0.05","expires_at":"2026-11-25T00:00:00Z"}\n' \
	    "$1" "$1"
}

queue() {
	for id; do ready "$id"; done >"$in"
	omni-queue -q <"$in"
}

# story: a bit of everything
story() {
	omni-ledger init
	for id in a b; do
		echo "{\"id\":\"$id\",\"type\":\"appointment\",\"at\":\"2026-11-24T08:00\",\"contact\":{\"id\":\"c-$id\",\"name\":\"Ana $id\",\"email\":\"$id@x.example\",\"phone\":\"55 5512 3456\",\"opt_out\":[\"whatsapp\"]},\"vars\":{\"owner_name\":\"Ana\",\"pet_name\":\"Luna\"}}"
	done >"$in"
	omni-schedule -q <"$in"
	omni-escalate | omni-normalize | omni-route | omni-render |
	    omni-queue -q
	queue m1 m2
	omni-queue hold m1
	ready bad | jq -c 'del(.to)' >"$in"
	omni-queue -q <"$in" 2>/dev/null || :
	omni-send-mail >"$in.sent"
}

@test "init makes a ledger and its key; a second time it changes nothing (Inv. 4)" {
	run -0 omni-ledger init
	refute_output
	assert_equal "$(sql 'SELECT op FROM journal ORDER BY seq' | xargs)" \
	    'ledger.created site.put'
	assert_equal "$(stat -c %a "$ledger.key")" 600
	assert_equal "$(stat -c %s "$ledger.key")" 32
	assert_equal "$(sql 'PRAGMA journal_mode')" wal
	assert_equal "$(sql 'SELECT name, timezone FROM site')" \
	    'Clinica Roma|America/Mexico_City'
	cp "$ledger.key" "$in"
	run -0 omni-ledger init
	refute_output
	cmp "$ledger.key" "$in"
	assert_equal "$(sql 'SELECT count(*) FROM journal')" 2
	# A site that changed its name is told to the views.
	run -0 omni-ledger init -o 'site.name=Clinica Sur'
	assert_equal "$(sql 'SELECT name FROM site')" 'Clinica Sur'
	assert_equal "$(sql 'SELECT count(*) FROM journal')" 3
}

@test "two that make it at once: one ledger (Inv. 4)" {
	omni-ledger init &
	omni-ledger init
	wait $!
	assert_equal "$(sql 'SELECT op FROM journal ORDER BY seq' | xargs)" \
	    'ledger.created site.put'
	run -0 omni-ledger verify -q
}

@test "verify: a replay of the journal gives every projection (Inv. 7)" {
	story
	rows=$(sql 'SELECT count(*) FROM journal')
	((rows > 10))
	run -0 omni-ledger verify
	assert_output "$rows journal rows replayed; every projection is equal"
	run -0 omni-ledger verify -q
	refute_output
	run -74 bash -c 'omni-ledger verify >/dev/full'
}

# tamper SQL: behind the ledger's back
tamper() {
	sqlite3 "$ledger" "$1"
}

@test "verify names each table that was tampered with; rebuild repairs it (Inv. 7)" {
	story
	before=$(sqlite3 -readonly "$ledger" .dump | sort | cksum)
	for change in "message UPDATE message SET state = 'sent' WHERE id = 'm1'" \
	    "message UPDATE message SET cost = NULL WHERE id = 'm2'" \
	    'consent DELETE FROM consent' \
	    "reminder UPDATE reminder SET event_local = '2026-11-24 09:00'" \
	    "preference INSERT INTO preference(contact, updated_at) VALUES ('c-a', 'x')" \
	    "attempt UPDATE attempt SET outcome = 'refused'"; do
		tamper "${change#* }"
		run -65 --separate-stderr omni-ledger verify
		[[ $output == *'; projections differ' ]]
		[[ $stderr == "omni-ledger: ${change%% *}: differs from a replay of the journal"* ]]
		run -0 omni-ledger rebuild
		refute_output
		run -0 omni-ledger verify -q
	done
	assert_equal "$(sqlite3 -readonly "$ledger" .dump | sort | cksum)" \
	    "$before"
	tamper "UPDATE message SET state = 'sent'; DELETE FROM consent"
	run -65 --separate-stderr omni-ledger verify -q
	assert_equal "${#stderr_lines[@]}" 3	# and message_day
}

@test "verify finds a body that was changed behind the ledger's back (Inv. 7)" {
	story
	tamper "UPDATE content SET body = body || ' ' WHERE key LIKE 'message/%'"
	run -65 --separate-stderr omni-ledger verify -q
	[[ $stderr == 'omni-ledger: content: '*' are not those that were entered' ]]
}

@test "init does not make a new key for a ledger that has lost its own" {
	story
	rm "$ledger.key"
	run -78 omni-ledger init
	assert_output --partial 'put it back from the backup'
	assert_file_not_exist "$ledger.key"
}

@test "the journal's rows can be neither changed nor deleted" {
	story
	before=$(sql 'SELECT count(*), sum(length(data)) FROM journal')
	for change in "UPDATE journal SET at = '2020-01-01T00:00:00Z'" \
	    "UPDATE journal SET data = '{}' WHERE seq = 3" \
	    'DELETE FROM journal' 'DELETE FROM journal WHERE seq = 3' \
	    "INSERT OR REPLACE INTO journal SELECT seq, at, by, run, op, '{}' FROM journal WHERE seq = 3"; do
		run ! tamper "$change"
		[[ $output == *'the journal is append-only'* ]]
	done
	assert_equal "$(sql 'SELECT count(*), sum(length(data)) FROM journal')" \
	    "$before"
}

@test "personal data stands in content alone, not in the journal (Inv. 11)" {
	story
	for word in 5555123456 x.example Luna 'Ana a' hola; do
		assert_equal "$word $(sql "SELECT count(*) FROM journal WHERE data LIKE '%$word%'")" \
		    "$word 0"
		assert_equal "$word $(sql "SELECT count(*) > 0 FROM content WHERE body LIKE '%$word%'")" \
		    "$word 1"
	done
}

@test "export: every journal row as a line of JSON, in a file of its own" {
	story
	rows=$(sql 'SELECT count(*) FROM journal')
	run -0 --separate-stderr omni-ledger export
	assert_file_exist "$output"
	assert_equal "$(basename "$output")" \
	    "$(printf '000000000001-%012d.ndjson' "$rows")"
	assert_equal "$(jq .seq "$output" | paste -sd ' ')" \
	    "$(seq "$rows" | paste -sd ' ')"
	diff <(jq -cS .data "$output") \
	    <(sql 'SELECT data FROM journal ORDER BY seq' | jq -cS .)
	assert_equal "$(jq -r '[.at, .by, .run, .op] | join("|")' "$output")" \
	    "$(sql 'SELECT at, by, run, op FROM journal ORDER BY seq')"
	run -0 omni-ledger export --since "$((rows - 1))"
	assert_equal "$(wc -l <"$output")" 2
	run -0 omni-ledger export -q
	refute_output
	# Nothing new: nothing written.
	count=$(find "$SITE/spool/journal" -type f | wc -l)
	run -0 omni-ledger export --since "$((rows + 1))"
	refute_output
	assert_equal "$(find "$SITE/spool/journal" -type f | wc -l)" "$count"
	for since in x '' -1 1x; do
		run -64 omni-ledger export --since "$since"
		assert_output "omni-ledger: --since $since: not a number"
	done
}

@test "a ledger older than its export stops the senders with 75, until confirmed (Inv. 3)" {
	omni-ledger init
	queue a
	omni-ledger backup "$SITE/old.db"
	queue b c
	omni-ledger export -q
	# Somebody puts last night's file back.
	rm "$ledger" "$ledger-wal" "$ledger-shm"
	mv "$SITE/old.db" "$ledger"
	run -75 --separate-stderr omni-send-mail
	refute_output
	[[ $stderr == 'omni-send-mail: '*' has lost its entry 5: an older file was put in its place.'* ]]
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 0
	assert_dir_not_exist "$SITE/spool/Maildir/new"
	run -0 omni-ledger confirm
	run -0 --separate-stderr omni-send-mail
	assert_equal "$(sql 'SELECT id, state FROM message')" 'a|sent'
}

@test "backup: a ledger with its key that can go on at once" {
	story
	# Also while a write transaction is open.
	hold_ledger
	run -0 omni-ledger backup "$BATS_TEST_TMPDIR/copy.db"
	let_ledger_go
	cmp "$ledger.key" "$BATS_TEST_TMPDIR/copy.db.key"
	assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/copy.db.key")" 600
	copy=(-o "paths.ledger=$BATS_TEST_TMPDIR/copy.db" \
	    -o "paths.spool=$BATS_TEST_TMPDIR/spool")
	run -0 omni-ledger verify -q "${copy[@]}"
	diff <(sqlite3 -readonly "$BATS_TEST_TMPDIR/copy.db" .dump) \
	    <(sqlite3 -readonly "$ledger" .dump)
	ready m2 >"$in"
	run -0 omni-queue "${copy[@]}" <"$in"
	assert_equal "$(jq -r .queue.state <<<"$output")" duplicate
	ready m9 >"$in"
	run -0 omni-queue "${copy[@]}" <"$in"
	assert_equal "$(jq -r .queue.state <<<"$output")" queued
	run -64 omni-ledger backup "$BATS_TEST_TMPDIR/copy.db"
	assert_output "omni-ledger: $BATS_TEST_TMPDIR/copy.db: exists already"
	run -64 omni-ledger backup
}

@test "why: the whole story of a message and of a reminder, in words" {
	story
	run -0 omni-ledger why m2
	assert_line --index 0 m2
	assert_line --index 1 '  2026-11-23T15:00:00Z  queued by email over email, due 2026-11-23T15:00:00Z, until 2026-11-25T00:00:00Z, cost 0.05 [omni-queue]'
	assert_line --partial 'to ana@x.example'
	assert_line --partial 'text: hola m2'
	assert_line --partial 'handed to the provider'
	assert_line --regexp "the provider's answer.*accepted"
	run -0 omni-ledger why m1
	assert_line --partial 'held back: by hand'
	run -0 omni-ledger why a
	assert_line --partial 'reminder noted'
	assert_line --partial 'route: explicit wish'
	assert_line --partial 'email: chosen'
	run -0 omni-ledger why bad
	assert_line --partial 'refused by email, code not_ready'
	assert_line --partial 'to is missing'
	run -0 omni-ledger why m1 m2
	assert_line m1
	assert_line m2
	run -74 bash -c 'omni-ledger why m1 >/dev/full'
	run -64 omni-ledger why
}

@test "why: what is not there is said, status 1, and the others are told (Inv. 10)" {
	story
	run -1 --separate-stderr omni-ledger why none m1
	assert_equal "$stderr" \
	    'omni-ledger: none: neither a message nor a reminder of this ledger'
	assert_line --index 0 m1
}

@test "why: what came from outside cannot command a terminal" {
	omni-ledger init
	ready e | jq -c '.text = "a\u001b[31mb\u0007\nc"' >"$in"
	omni-queue -q <"$in"
	run -0 omni-ledger why e
	refute_output --partial $'\e'
	assert_line --partial 'text: a\x1b[31mb\x07 | c'
}

@test "resolve: a flag is dealt with once; an unknown one is said" {
	omni-ledger init
	echo '{"id":"a","type":"appointment","at":"2026-11-23T10:00","contact":{"id":"c","name":"Ana","email":"a@x.example"}}' >"$in"
	omni-schedule -q <"$in"
	at 2026-11-23T10:00:00-06:00
	omni-escalate | omni-queue -q
	flag=$(sql 'SELECT flag FROM open_flag')
	run -0 omni-ledger resolve "$flag"
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	run -1 omni-ledger resolve "$flag"
	run -1 omni-ledger resolve 99999
	run ! omni-ledger resolve x
	run -64 omni-ledger resolve
	run -0 omni-ledger verify -q
}

@test "resolve: the person behind sudo is named; many at once, from a query" {
	omni-ledger init
	for id in a b c; do
		jq -cn --arg id $id '{id: $id, type: "appointment",
			at: "2026-11-23T10:00", contact: {id: $id, name: $id,
			phone: "5512345678"}}'
	done >"$in"
	omni-schedule -q <"$in"
	at 2026-11-23T10:00:00-06:00
	omni-escalate | omni-queue -q
	flag=$(sql "SELECT flag FROM open_flag WHERE reminder = 'a'")
	SUDO_USER=eva USER=omni omni-ledger resolve "$flag"
	assert_equal "$(sql "SELECT resolved_by FROM flag WHERE id = $flag")" eva
	sql "SELECT flag FROM open_flag WHERE kind = 'unreachable' AND
		since < '2026-11-24'" | env -u SUDO_USER USER= xargs omni-ledger resolve
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	assert_equal "$(sql "SELECT count(*) FROM flag WHERE
		resolved_by = 'staff'")" 2
}

# appointment TIME STATUS: what the calendar says of it, to omni-schedule
appointment() {
	jq -cn --arg at "$1" --arg status "$2" '{id: "a", type: "appointment",
		at: $at, status: $status, contact: {id: "c", name: "Ana",
		phone: "5512345678"}, vars: {owner_name: "Ana",
		pet_name: "Luna"}}' | omni-schedule -q
}

# flagged: the step that tells staff is taken
flagged() {
	omni-escalate | jq -c '.reminder.step = 5 | .channel = "staff" |
		.reminder.flag = "unresponsive"' | omni-queue -q
}

@test "a flag is settled by what the calendar says later, and by whom is told" {
	omni-ledger init
	appointment 2026-11-24T10:00 scheduled
	at 2026-11-23T18:00:00Z
	flagged
	assert_equal "$(sql 'SELECT kind, since, person, reach_at, appointment,
		said IS NULL FROM open_flag')" \
	    'unresponsive|2026-11-23 12:00|Ana|+525512345678|2026-11-24 10:00|1'
	appointment 2026-11-25T10:00 scheduled
	assert_equal "$(sql 'SELECT resolved_by FROM flag')" moved
	at 2026-11-24T18:00:00Z
	flagged
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 1
	appointment 2026-11-25T10:00 confirmed
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	assert_equal "$(sql 'SELECT group_concat(resolved_by) FROM flag')" \
	    moved,confirmed
	verified
}

@test "setting: several, a line each" {
	run -0 omni-ledger setting site.name run.limit
	assert_output $'Clinica Roma\n1h'
	run -1 --separate-stderr omni-ledger setting site.name paths.attachments \
	    run.jitter
	assert_output $'Clinica Roma\n\n0s'
	run -64 omni-ledger setting site.name site.nothing
	run -74 bash -c 'omni-ledger setting site.name >/dev/full'
}

@test "setting: one value of the configuration, paths made whole" {
	run -0 omni-ledger setting site.name
	assert_output 'Clinica Roma'
	run -0 omni-ledger setting paths.ledger
	assert_output "$SITE/spool/ledger.db"
	run -0 omni-ledger setting clock.max_gap
	assert_output 30d
	run -0 omni-ledger setting site.name -o 'site.name=Sur'
	assert_output Sur
	run -1 omni-ledger setting mail.bounce_domain
	refute_output
	run -64 omni-ledger setting site.nmae
	assert_output 'omni-ledger: site.nmae: no such setting without a name'
	run -64 omni-ledger setting nonsense
	run -64 omni-ledger setting
	run -74 bash -c 'omni-ledger setting site.name >/dev/full'
}

@test "the key: another's is refused, and so is none" {
	omni-ledger init
	cp "$ledger.key" "$in"
	head -c 32 /dev/zero >"$ledger.key"
	run -78 omni-ledger verify
	[[ $output == *'ledger.db.key: not the key of this ledger' ]]
	echo short >"$ledger.key"
	run -65 omni-ledger verify
	[[ $output == *"ledger.db.key: not a ledger's key" ]]
	rm "$ledger.key"
	run ! omni-ledger verify
	[[ $output == *'ledger.db.key: No such file or directory' ]]
	cp "$in" "$ledger.key"
	run -0 omni-ledger verify -q
}

@test "no ledger, an empty one, a later one, none at all" {
	run -69 omni-ledger verify
	[[ $output == *'no ledger there; make one with omni-ledger init' ]]
	assert_file_not_exist "$ledger"
	omni-ledger init
	tamper 'PRAGMA user_version = 99'
	run -78 omni-ledger verify
	[[ $output == *'of a later omni (version 99, this one knows '* ]]
	run -78 omni-ledger rebuild
	rm "$ledger" "$ledger-wal" "$ledger-shm"
	(umask 027 && : >"$ledger")
	run -69 omni-ledger verify
	[[ $output == *'empty; make a ledger with omni-ledger init' ]]
	head -c 20000 /dev/urandom >"$ledger"
	run -65 omni-ledger verify
	[[ $output == *'not a database'* ]]
}

@test "a ledger of an earlier omni: told, and rebuilt from its journal" {
	local view
	story
	# As version 1 had it: no tables by day, another index.
	for view in delivery_by_day delivery_rate cost_by_day; do
		tamper "DROP VIEW $view"
	done
	tamper 'DROP TABLE message_day; DROP TABLE cost_day;
		DROP TRIGGER message_day_new; DROP TRIGGER message_day_state;
		DROP TRIGGER message_day_again; DROP TRIGGER cost_day_attempt;
		DROP INDEX message_held;
		CREATE INDEX message_state ON message(state);
		CREATE VIEW delivery_rate AS SELECT 1;
		PRAGMA user_version = 1'
	before=$(sqlite3 -readonly "$ledger" 'SELECT * FROM journal' | cksum)
	for program in 'omni-ledger verify' 'omni-ledger init' omni-escalate \
	    omni-queue omni-status 'omni-send-sms -q' omni-ingest; do
		# shellcheck disable=SC2086	# a program and its argument
		run -78 $program </dev/null
		assert_output --partial 'of an earlier omni (version 1, this one makes 3); omni-ledger rebuild makes its tables anew'
	done
	run -0 omni-ledger rebuild
	assert_output ''
	run -0 omni-ledger verify -q
	assert_equal "$(sqlite3 -readonly "$ledger" 'SELECT * FROM journal' |
		cksum)" "$before"
	assert_equal "$(sqlite3 -readonly "$ledger" "SELECT count(*) FROM
		sqlite_schema WHERE name IN ('message_state', 'message_held')")" 1
	assert_equal "$(sqlite3 -readonly "$ledger" 'SELECT sum(messages) > 0
		FROM delivery_rate')" 1
	omni-status -q || [ $? -lt 3 ]
	# What stops in the middle leaves it as it was.
	tamper "PRAGMA user_version = 1; INSERT INTO journal SELECT seq + 1, at,
		by, run, 'no.such', '{}' FROM journal ORDER BY seq DESC LIMIT 1"
	before=$(sqlite3 -readonly "$ledger" .dump | cksum)
	run -70 omni-ledger rebuild
	assert_output --partial 'no operation no.such'
	assert_equal "$(sqlite3 -readonly "$ledger" .dump | cksum)" "$before"
	assert_equal "$(sqlite3 -readonly "$ledger" 'PRAGMA user_version')" 1
}

@test "usage: 64, and help" {
	run -64 --separate-stderr omni-ledger
	refute_output
	[[ $stderr == 'usage: omni-ledger '* ]]
	run -64 omni-ledger frobnicate
	run -64 omni-ledger init extra
	run -64 omni-ledger verify extra
	run -64 omni-ledger --nonsense
	run -0 omni-ledger --help
	run -0 omni-ledger --version
}

# as USER-ID GROUP-ID COMMAND ...
as() {
	local user=$1 group=$2

	shift 2
	setpriv --reuid="$user" --regid="$group" --clear-groups "$@"
}

# ask_all_views: as a user of the staff's group
ask_all_views() {
	local view

	for view in $views; do
		run -0 as 65534 "$staff" sqlite3 -readonly "$ledger" \
		    "SELECT * FROM $view"
		refute_output --partial Error
	done
	run -0 as 65534 "$staff" sqlite3 -readonly "$ledger" \
	    "SELECT count(*) FROM message"
	assert_output "$messages"
}

@test "staff: a group's ordinary users read every view, and only read (Inv. 11)" {
	[ "$(id -u)" = 0 ] || skip 'needs root, to be another user'
	staff=54321
	chown :$staff "$SITE/spool"
	chmod 2750 "$SITE/spool"
	chmod o+x "$BATS_TEST_TMPDIR/../.." "$BATS_TEST_TMPDIR/.." \
	    "$BATS_TEST_TMPDIR"
	story
	views=$(sql "SELECT name FROM sqlite_schema WHERE type = 'view'")
	(($(wc -w <<<"$views") >= 12))
	messages=$(sql 'SELECT count(*) FROM message')
	as 65534 $staff test -x "$SITE/spool" ||
		skip 'another user cannot reach these files'

	# While nothing runs.
	ask_all_views
	# While somebody writes; what is not committed is not seen.
	hold_ledger "UPDATE message SET state = 'sent' WHERE id = 'm1';"
	ask_all_views
	run -0 as 65534 $staff sqlite3 -readonly "$ledger" \
	    "SELECT state FROM message WHERE id = 'm1'"
	assert_output held
	let_ledger_go

	run ! as 65534 $staff sqlite3 "$ledger" "DELETE FROM consent"
	[[ $output == *readonly* ]]
	run ! as 65534 $staff cat "$ledger.key"
	[[ $output == *'Permission denied' ]]
	run ! as 65534 $staff touch "$SITE/spool/x"
	# Outside the group: nothing at all.
	run ! as 65534 65533 sqlite3 -readonly "$ledger" \
	    'SELECT count(*) FROM message'
	run ! as 65534 65533 cat "$ledger"
	# What staff does with it hurts no program.
	run -0 omni-ledger verify -q
	queue m3
}

@test "who has written leaves the log empty, and locks no reader out (Inv. 9)" {
	local locks=$BATS_TEST_TMPDIR/locks
	story
	[ ! -s "$ledger-wal" ]
	# The file alone is the whole ledger.
	cp "$ledger" "$BATS_TEST_TMPDIR/alone.db"
	assert_equal "$(sqlite3 -readonly "$BATS_TEST_TMPDIR/alone.db" \
		'SELECT count(*) FROM journal')" "$(sql 'SELECT count(*)
		FROM journal')"
	# Beside somebody who reads it stays, and is emptied by the next.
	coproc less { exec sqlite3 -readonly "$ledger"; }
	printf '%s\n' 'BEGIN;' 'SELECT count(*) > 0 FROM journal;' >&"${less[1]}"
	read -r -t 20 -u "${less[0]}" answer
	assert_equal "$answer" 1
	run -0 omni-ledger confirm
	[ -s "$ledger-wal" ]
	pid=$less_PID
	eval "exec ${less[1]}>&-"
	wait "$pid"
	run -0 omni-ledger confirm
	[ ! -s "$ledger-wal" ]
	# SQLite's lock of the whole file, 510 bytes from 1073741826 on, is what a
	# reader without patience would be told of.
	need_strace
	strace -f -o "$locks" -e trace=fcntl omni-ledger confirm
	grep -q F_RDLCK "$locks"
	run -1 grep 'F_WRLCK.*l_start=1073741826, l_len=510' "$locks"
}

@test "an export that was killed is cleared away after a while (Inv. 9)" {
	local tmp=$SITE/spool/journal/tmp
	story
	run -0 omni-ledger export
	touch "$tmp/new" -d '35 hours ago'
	touch "$tmp/old" -d '37 hours ago'
	run -0 omni-ledger export
	assert_equal "$(ls "$tmp")" new
}
