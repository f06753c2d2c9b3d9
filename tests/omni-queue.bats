#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process

load helper

setup() {
	make_ledger 2026-11-23T17:00:00-06:00
}

# ready ID [MEMBERS]: a record as omni-render leaves it
ready() {
	printf '{"id":"%s","contact":{"id":"7"},"channel":"sms","account":"sms","to":"+525555123456","text":"hola %s","segments":1,"cost":"0.05","currency":"MXN","expires_at":"2026-11-25T00:00:00Z"%s}\n' \
	    "$1" "$1" "${2:+,$2}"
}

# queue STATUS [ARG ...]: what is in $in
queue() {
	local status=$1

	shift
	run "-$status" --separate-stderr omni-queue "$@" <"$in"
}

# states: the answers, on one line
results() {
	jq -r .queue.state <<<"$output" | xargs
}

journal() {
	sql 'SELECT count(*) FROM journal'
}

orders() {
	find "$SITE/spool/outbound" -path '*/new/*' -type f -exec cat {} + |
	    jq -r .id | sort | xargs
}

@test "the second run of the same changes nothing (Inv. 4)" {
	{ ready a; ready b; ready c; } >"$in"
	queue 0
	assert_equal "$(results)" 'queued queued queued'
	assert_equal "$stderr" ''
	before=$(journal)
	files=$(find "$SITE/spool" -type f | sort)
	queue 0
	assert_equal "$(results)" 'duplicate duplicate duplicate'
	assert_equal "$stderr" ''
	assert_equal "$(journal)" "$before"
	assert_equal "$(find "$SITE/spool" -type f | sort)" "$files"
	assert_equal "$(sql 'SELECT count(*) FROM message')" 3
}

@test "links that end at another time make no other message (Inv. 4)" {
	local link='https://clinic.example/confirm?t=1c'

	ready a "\"html\":\"<a href='${link}HnEia7iKCq1kPqVQLZA'>\"" >"$in"
	queue 0
	assert_equal "$(results)" queued
	ready a "\"html\":\"<a href='${link}HvdMa4iKCq1kPqVQLZg'>\"" >"$in"
	queue 0
	assert_equal "$(results)" duplicate
	assert_equal "$stderr" ''
	ready a "\"html\":\"<b href='${link}HvdMa4iKCq1kPqVQLZg'>\"" >"$in"
	queue 0
	assert_equal "$(results)" differs
}

@test "the same id twice in one run is one message (Inv. 4)" {
	{ ready a; ready a; } >"$in"
	queue 0
	assert_equal "$(results)" 'queued duplicate'
	assert_equal "$(sql 'SELECT count(*) FROM message')" 1
	assert_equal "$(orders)" a
}

@test "the same id with other content says differs, and changes nothing" {
	ready a >"$in"
	queue 0
	before=$(journal)
	for change in '.text = "other"' '.to = "+525555123457"' \
	    '.channel = "whatsapp" | .account = "whatsapp"' '.subject = "x"'; do
		ready a | jq -c "$change" >"$in"
		queue 0
		assert_equal "$(results)" differs
		assert_equal "$stderr" 'omni-queue: line 1: a: queued before with another text; that one stays'
	done
	# What nobody reads may differ.
	ready a | jq -c '.metadata = {"x": 1} | .expires_at = "2026-11-26T00:00:00Z"' >"$in"
	queue 0
	assert_equal "$(results)" duplicate
	assert_equal "$(journal)" "$before"
}

@test "a refused record is entered once, and can be queued once mended" {
	ready a '"error":{"stage":"route","code":"unreachable","field":"contact","message":"cannot be reached: +525555123456 is wrong","line":1,"temporary":false}' >"$in"
	queue 1
	assert_equal "$(results)" refused
	assert_equal "$(sql 'SELECT state, reason FROM message')" \
	    'refused|unreachable'
	# The reason holds personal data: not in the journal (Inv. 11).
	assert_equal "$(sql "SELECT count(*) FROM journal WHERE data LIKE '%5555123456%'")" 0
	assert_equal "$(sql 'SELECT id, detail FROM failed_message')" \
	    'a|cannot be reached: +525555123456 is wrong'
	before=$(journal)
	queue 1
	assert_equal "$(results)" refused
	assert_equal "$(journal)" "$before"
	ready a >"$in"
	queue 0
	assert_equal "$(results)" queued
	assert_equal "$(sql 'SELECT state, reason FROM message')" 'queued|'
	assert_equal "$(orders)" a
	queue 0
	assert_equal "$(results)" duplicate
	run -0 omni-ledger verify -q
}

@test "a refused record does not touch a message that is queued (Inv. 4)" {
	ready a >"$in"
	queue 0
	before=$(journal)
	ready a '"error":{"stage":"route","code":"x","temporary":false}' >"$in"
	queue 1
	assert_equal "$(results)" duplicate
	assert_equal "$(sql 'SELECT state FROM message')" queued
	assert_equal "$(journal)" "$before"
}

@test "without an id: refused, unless --new-ids (Inv. 3, 10)" {
	ready '' >"$in"
	ready x | jq -c 'del(.id)' >>"$in"
	ready "$(printf %0201d 0)" >>"$in"
	queue 1
	assert_equal "$(results)" 'refused refused refused'
	assert_equal "$(jq -r .error.code <<<"$output" | sort -u)" no_id
	[[ ${stderr_lines[0]} == 'omni-queue: line 1: '*'id is missing; without one the same message could be sent twice (--new-ids makes one)' ]]
	[[ ${stderr_lines[2]} == *'longer than 200 bytes'* ]]
	assert_equal "$(sql 'SELECT count(*) FROM message')" 0
	sed -i 3d "$in"
	queue 0 --new-ids
	assert_equal "$(results)" 'queued queued'
	assert_equal "$(jq -r .id <<<"$output" | sort -u | wc -l)" 2
	assert_equal "$(jq -r .id <<<"$output" | sort | xargs)" \
	    "$(sql 'SELECT id FROM message ORDER BY id' | xargs)"
}

@test "what route and render did not finish is refused by name (Inv. 10)" {
	for field in account channel to text expires_at; do
		ready "no-$field" | jq -c "del(.$field)"
	done >"$in"
	queue 1
	assert_equal "$(jq -r '.error | .code + " " + .field' <<<"$output" |
	    xargs)" 'not_ready account not_ready channel not_ready to not_ready text not_ready expires_at'
	{
		ready a | jq -c '.expires_at = "soon"'
		ready b '"not_before":"tomorrow"'
		ready c | jq -c '.account = "sms9"'
		ready d | jq -c '.channel = "voice"'
	} >"$in"
	queue 1
	assert_equal "$(jq -r '.error | .code + " " + .field' <<<"$output" |
	    xargs)" 'bad_time expires_at bad_time not_before no_channel account no_channel account'
	assert_equal "$(jq -r 'select(.id == "d") | .error.message' \
	    <<<"$output")" '[channel sms] is for sms, not for voice'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state <> 'refused'")" 0
}

@test "-n writes nothing, and says what it would queue and cost" {
	{ ready a; ready b; ready c '"cost":"1.005"' ; } >"$in"
	sed -i 's/"cost":"0.05",\(.*"cost":"1.005"\)/\1/' "$in"
	ready a >"$in.a"
	omni-queue -q <"$in.a"
	before=$(journal)
	files=$(find "$SITE/spool" -type f | sort)
	queue 0 -n
	assert_equal "$(results)" 'duplicate queued queued'
	assert_equal "$stderr" \
	    'omni-queue: would queue 2 messages for 1.055 MXN'
	assert_equal "$(journal)" "$before"
	assert_equal "$(find "$SITE/spool" -type f | sort)" "$files"
	queue 0
	assert_equal "$(results)" 'duplicate queued queued'
}

@test "hold, release, cancel by id; what cannot be is said" {
	{ ready a; ready b; } >"$in"
	queue 0
	run -0 omni-queue hold a
	refute_output
	assert_equal "$(sql 'SELECT id, state, reason FROM message ORDER BY id')" \
	    $'a|held|by hand\nb|queued|'
	run -1 omni-queue hold a
	assert_output 'omni-queue: a: is held, not queued'
	run -0 omni-queue release a
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'a'")" queued
	run -1 omni-queue release a
	assert_output 'omni-queue: a: is queued, not held'
	run -1 omni-queue cancel a none b
	assert_output 'omni-queue: none: no such message'
	assert_equal "$(sql 'SELECT DISTINCT state FROM message')" cancelled
	run -1 omni-queue cancel a
	assert_output 'omni-queue: a: is cancelled, not queued or held'
	# A cancelled message stays cancelled, whoever queues it again.
	queue 0
	assert_equal "$(results)" 'duplicate duplicate'
	for command in hold release cancel 'frobnicate a'; do
		# shellcheck disable=SC2086
		run -64 omni-queue $command
		[[ $output == 'usage: omni-queue '* ]]
	done
	run -0 omni-ledger verify -q
}

@test "--hold queues, but writes no work order until released" {
	ready a >"$in"
	queue 0 --hold 'until the doctor has seen it'
	assert_equal "$(results)" held
	assert_equal "$(sql 'SELECT state, reason FROM message')" \
	    'held|until the doctor has seen it'
	assert_dir_not_exist "$SITE/spool/outbound"
	run -0 omni-queue release a
	assert_equal "$(sql 'SELECT state FROM message')" queued
}

@test "a temporary error commits nothing of its record: status 75" {
	ready a >"$in"
	ready b '"error":{"stage":"normalize","code":"phonenumber","message":"the helper died","line":2,"temporary":true}' >>"$in"
	queue 75
	assert_equal "${#lines[@]}" 2
	assert_equal "$(sql 'SELECT id FROM message')" a
	assert_equal "$(jq -r .queue <<<"${lines[1]}")" null
	# The next run, with the helper well again, enters it.
	{ ready a; ready b; } >"$in"
	queue 0
	assert_equal "$(results)" 'duplicate queued'
}

@test "work orders: only what is due now, whole records for jq (Inv. 8)" {
	{
		ready now
		ready later '"not_before":"2026-11-24T15:00:00Z"'
		ready past '"not_before":"2026-11-01T15:00:00Z"'
		ready mail | jq -c '.channel = "email" | .account = "email" |
		    .to = "ana@x.example"'
	} >"$in"
	queue 0
	assert_equal "$(jq -r .queue.due_at <<<"${lines[1]}")" \
	    2026-11-24T15:00:00Z
	assert_equal "$(orders)" 'mail now past'
	assert_equal "$(find "$SITE/spool/outbound/email/new" -type f \
	    -exec jq -c '[.to, .text]' {} +)" '["ana@x.example","hola mail"]'
	assert_equal "$(cd "$SITE/spool/outbound" && find . -path '*/tmp/*')" ''
	assert_equal "$(sql "SELECT id FROM message WHERE state = 'queued'
	    ORDER BY id" | xargs)" 'later mail now past'
	# Nothing is lost or doubled without them.
	rm -rf "$SITE/spool/outbound"
	queue 0
	assert_equal "$(results)" 'duplicate duplicate duplicate duplicate'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state = 'queued'")" 4
}

@test "more than a batch: 1,203 records, each queued once, in order (Inv. 1)" {
	for i in {1..1203}; do
		echo "{\"id\":\"m$i\",\"channel\":\"sms\",\"account\":\"sms\",\"to\":\"+525555123456\",\"text\":\"x\",\"expires_at\":\"2026-11-25T00:00:00Z\"}"
	done >"$in"
	omni-queue <"$in" >"$in.out"
	jq -r .id "$in.out" | cmp - <(seq -f 'm%.0f' 1203)
	assert_equal "$(jq -r .queue.state "$in.out" | uniq -c | xargs)" \
	    '1203 queued'
	assert_equal "$(sql 'SELECT count(*) FROM message')" 1203
	assert_equal "$(orders | wc -w)" 1203
	assert_equal "$(find "$SITE/spool/outbound/sms/new" -type f | wc -l)" 3
	run -0 omni-ledger verify -q
}

@test "standard output full or closed: committed all the same, status 74 (Inv. 2)" {
	ready a >"$in"
	# shellcheck disable=SC2016	# for the inner shell
	run -74 bash -c 'omni-queue <"$1" >/dev/full' - "$in"
	assert_output 'omni-queue: stdout: No space left on device'
	assert_equal "$(sql 'SELECT id FROM message')" a
	assert_equal "$(orders)" a
	ready b >"$in"
	# The reader is gone before a byte is written.
	# shellcheck disable=SC2016
	run -74 bash -c 'exec 3> >(exec true); wait $!; omni-queue <"$1" >&3' \
	    - "$in"
	assert_output 'omni-queue: stdout: Broken pipe'
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'b'")" queued
}

@test "a spool that may not be written: committed, said, status 77 (Inv. 8)" {
	local user=()

	mkdir -p "$SITE/spool/outbound"
	ready a >"$in"
	if [ "$(id -u)" = 0 ]; then
		user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
		chown -R 65534:65534 "$SITE"
		for dir in "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." \
		    "$BATS_TEST_TMPDIR/../.."; do
			chmod o+x "$dir"
		done
		"${user[@]}" test -r "$OMNI_CONF" -a -x "$ROOT/bin" ||
			skip 'an ordinary user cannot reach these files'
	fi
	chmod 500 "$SITE/spool/outbound"
	run -77 --separate-stderr "${user[@]}" omni-queue <"$in"
	assert_equal "$(results)" queued
	[[ $stderr == 'omni-queue: '*'/spool/outbound/sms: '*'Permission denied; the messages are queued in the ledger all the same' ]]
	chmod 700 "$SITE/spool/outbound"
	assert_equal "$(sql 'SELECT id, state FROM message')" 'a|queued'
}

@test "no ledger: status 69; one that may not be written: 77" {
	local user=()

	ready a >"$in"
	if [ "$(id -u)" = 0 ]; then
		user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
		for dir in "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." \
		    "$BATS_TEST_TMPDIR/../.."; do
			chmod o+x "$dir"
		done
	fi
	chmod 444 "$SITE"/spool/ledger.db*
	if "${user[@]}" test -r "$OMNI_CONF" -a -x "$ROOT/bin"; then
		run -77 --separate-stderr "${user[@]}" omni-queue <"$in"
		refute_output
		[[ $stderr == *'Permission denied'* ]]
		assert_equal "$(sql 'SELECT count(*) FROM message')" 0
	fi
	rm -f "$SITE"/spool/ledger.db*
	queue 69
	refute_output
	[[ $stderr == *'no ledger there; make one with omni-ledger init' ]]
	assert_file_not_exist "$SITE/spool/ledger.db"
}

@test "a record is committed and answered before the next one comes" {
	local answer

	coproc program { omni-queue; }
	pid=$program_PID
	for i in 1 2 3; do
		ready "m$i" >&"${program[1]}"
		read -r -t 20 -u "${program[0]}" answer
		assert_equal "$(jq -r '.id + .queue.state' <<<"$answer")" \
		    "m${i}queued"
		assert_equal "$(sql 'SELECT count(*) FROM message')" "$i"
	done
	eval "exec ${program[1]}>&-"
	wait "$pid"
}

@test "two at once: each message is queued by one of them (Inv. 4)" {
	for i in {1..300}; do ready "m$i"; done >"$in"
	omni-queue <"$in" >"$in.1" &
	omni-queue <"$in" >"$in.2"
	wait $!
	assert_equal "$(jq -r .queue.state "$in.1" "$in.2" | sort | uniq -c |
	    xargs)" '300 duplicate 300 queued'
	assert_equal "$(sql 'SELECT count(*) FROM message')" 300
	run -0 omni-ledger verify -q
}

@test "bad lines pass, cut-off input ends with 65, empty input with 0 (Inv. 1)" {
	{
		ready a
		echo '['
		ready b | tr -d '\n'
	} >"$in"
	queue 65
	assert_equal "$(results)" 'queued refused refused'
	assert_equal "$(sql 'SELECT id FROM message')" a
	: >"$in"
	queue 0
	refute_output
	run -64 omni-queue --nonsense <"$in"
	run -0 omni-queue --help
	run -0 omni-queue --version
}

@test "a record that no omni-route has seen is taken when it is complete" {
	ready a >"$in"
	queue 0
	assert_equal "$(results)" queued
	run -0 omni-ledger why a
	refute_output --partial 'route:'
}

@test "answered between omni-escalate and omni-queue: the answer stands (Inv. 6)" {
	printf '%s\n' '{"id":"r","type":"appointment","at":"2026-11-23T18:00","contact":{"id":"7","phone":"5512345678"}}' >"$in"
	omni-schedule -q <"$in"
	at 2026-11-23T18:00:01-06:00
	omni-escalate >"$in.due"
	assert_equal "$(jq -r .reminder.close "$in.due")" lapsed
	printf '%s\n' '{"id":"r","type":"appointment","at":"2026-11-24T18:00","status":"confirmed","contact":{"id":"7","phone":"5512345678"}}' >"$in"
	omni-schedule -q <"$in"
	before=$(journal)
	cp "$in.due" "$in"
	queue 0
	assert_equal "$(results)" duplicate
	assert_equal "$(journal)" "$before"
	assert_equal "$(sql 'SELECT state FROM reminder')" confirmed
}

@test "a reminder that is none is refused, and the others are queued (Inv. 10)" {
	{
		ready a '"reminder":{"id":"nope","revision":1,"step":1}'
		ready b '"reminder":{"id":"nope","revision":"x","step":1}'
		ready c '"reminder":"nope"'
		ready d
	} >"$in"
	queue 1
	assert_equal "$(results)" 'refused refused refused queued'
	assert_equal "$(jq -r '.error.code // "-"' <<<"$output" | xargs)" \
	    'bad_reminder bad_reminder bad_reminder -'
}

@test "times with an offset are kept as UTC" {
	ready a | sed 's/"expires_at":"[^"]*"/"expires_at":"2026-11-23T18:30:00-06:00"/' >"$in"
	queue 0
	assert_equal "$(sql 'SELECT due_at, expires_at FROM message')" \
	    '2026-11-23T23:00:00Z|2026-11-24T00:30:00Z'
}

@test "omni-wake.path waits for the work orders of each channel there is" {
	local name types
	types=$(sed -nE 's/^(# )?\[channel ([a-z]+)\]$/\2/p' \
		"$ROOT/etc/omni.conf" | sort)
	assert_equal "$(xargs <<<"$types")" 'email push sms voice whatsapp'
	for name in voice push; do
		printf '\n[channel %s]\ntype = %s\nprovider = console\n' \
			"$name" "$name"
	done >>"$OMNI_CONF"
	for name in $types; do
		ready "$name" | jq -c --arg name "$name" '.channel = $name |
			.account = $name | .class = "alert" |
			if $name == "email" then .to = "a@example.org" |
			.subject = "x" elif $name == "push" then .to = "luna"
			else . end'
	done >"$in"
	queue 0
	assert_equal "$(results)" 'queued queued queued queued queued'
	run -0 find "$SITE/spool/outbound" -path '*/new/*' -type f
	assert_equal "$(sed "s|^$SITE/spool|/var/spool/omni|; s|/[^/]*$||" \
		<<<"$output" | sort)" "$(sed -n 's|^PathChanged=||p' \
		"$ROOT/share/server/omni-wake.path" | grep /outbound/ | sort)"
	run -0 grep -c '^PathChanged=/var/spool/omni/inbound/new$' \
		"$ROOT/share/server/omni-wake.path"
	assert_output 1
}

@test "a contact's id that is none, or too long, is refused: no two people share a conversation (Inv. 10)" {
	local id
	for id in '""' 7 "\"$(printf %0251d 0)\""; do
		ready m1 | jq -c ".contact.id = $id"
	done >"$in"
	queue 1
	assert_equal "$(jq -r '.error | .code + " " + .field' <<<"$output" |
	    sort -u)" 'bad_contact contact.id'
	assert_equal "$(sql 'SELECT count(*) FROM conversation')" 0
	ready m1 | jq -c '.contact.id = null' >"$in"
	queue 0
	assert_equal "$(results)" queued
}
