#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process

load helper
load schedule

setup() {
	make_ledger 2026-11-23T09:00:00-06:00
}

# pass: what is due, through the whole pipe
pass() {
	omni-escalate | omni-normalize | omni-route | omni-render |
	    omni-queue >"$in.queued"
	jq -r .queue.state "$in.queued" | xargs
}

@test "new, and then unchanged without a journal row (Inv. 4)" {
	{ row a 2026-11-25T10:30; row b 2026-11-26T10:30; } >"$in"
	schedule 0
	assert_equal "$(results)" 'new new'
	assert_equal "$stderr" ''
	assert_equal "$(sql 'SELECT id, revision, state, event_at, event_local, next_step, next_due_at FROM reminder')" \
'a|1|open|2026-11-25T16:30:00Z|2026-11-25 10:30|1|2026-11-24T16:30:00Z
b|1|open|2026-11-26T16:30:00Z|2026-11-26 10:30|1|2026-11-25T16:30:00Z'
	again 'unchanged unchanged'
	run -0 omni-ledger verify -q
}

@test "a record keeps its other fields, and gets its address" {
	row a 2026-11-25T10:30 | sed 's/^{/{"x": 0.10,/' >"$in"
	schedule 0
	[[ $output == '{"x": 0.10,'* ]]
	assert_equal "$(jq -c '[.address.sms.to, .schedule]' <<<"$output")" \
	    '["+525555123456",{"state":"new","revision":1}]'
}

@test "local time is read in the row's zone, over changes of the clock" {
	{
		row a 2026-11-25T10:30 '.timezone = "America/Tijuana"'
		row b '2026-11-25 10:30' '.timezone = "America/Cancun"'
		row c 2026-11-25T10:30:00+01:00
		# The hour that Tijuana leaves out counts from before it.
		row d 2027-03-14T02:30 '.timezone = "America/Tijuana"'
	} >"$in"
	schedule 0
	assert_equal "$(sql 'SELECT event_at FROM reminder ORDER BY id' | xargs)" \
	    '2026-11-25T18:30:00Z 2026-11-25T15:30:00Z 2026-11-25T09:30:00Z 2027-03-14T10:30:00Z'
}

@test "moved: a new revision; what was queued for the old time is cancelled in the same transaction (Inv. 6)" {
	taken new a 2026-11-24T08:00
	assert_equal "$(pass)" queued
	assert_equal "$(sql 'SELECT id, state FROM message')" 'a.r1/1|queued'
	before=$(journal)
	row a 2026-11-24T16:00 >"$in"
	schedule 0
	assert_equal "$(jq -c .schedule <<<"$output")" \
	    '{"state":"moved","revision":2}'
	# One journal row does both, so no sender can come between.
	assert_equal "$(journal)" $((before + 1))
	assert_equal "$(sql 'SELECT state, reason FROM message')" \
	    'cancelled|moved'
	assert_equal "$(sql 'SELECT revision, step, next_step, attempted, next_due_at FROM reminder')" \
	    '2|0|1|[]|2026-11-23T22:00:00Z'
	at 2026-11-23T16:00:00-06:00
	assert_equal "$(pass)" queued
	assert_equal "$(sql "SELECT id FROM message WHERE state = 'queued'")" \
	    a.r2/1
	run -0 omni-ledger verify -q
}

@test "cancelled, done, confirmed: the reminder ends, its messages too (Inv. 6)" {
	for state in cancelled 'done' confirmed; do
		row "$state" 2026-11-24T08:00
	done >"$in"
	schedule 0
	assert_equal "$(pass)" 'queued queued queued'
	for state in cancelled 'done' confirmed; do
		row "$state" 2026-11-24T08:00 ".status = \"$state\""
	done >"$in"
	schedule 0
	assert_equal "$(results)" 'cancelled done confirmed'
	assert_equal "$(sql 'SELECT id = state, reason FROM reminder' | xargs)" \
	    '1|export 1|export 1|export'
	assert_equal "$(sql 'SELECT DISTINCT state FROM message')" cancelled
	again 'unchanged unchanged unchanged'
	at 2026-11-24T07:30:00-06:00
	run -0 omni-escalate
	refute_output
}

@test "cancelled or done and then scheduled again: reopened" {
	taken new a 2026-11-24T08:00
	row a 2026-11-24T08:00 '.status = "cancelled"' >"$in"
	schedule 0
	row a 2026-11-24T08:00 >"$in"
	schedule 0
	assert_equal "$(jq -c .schedule <<<"$output")" \
	    '{"state":"reopened","revision":2}'
	assert_equal "$(sql 'SELECT state, next_step FROM reminder')" 'open|1'
}

@test "confirmed and then moved: it is asked again" {
	taken confirmed a 2026-11-24T08:00 '.status = "confirmed"'
	assert_equal "$(sql 'SELECT state FROM reminder')" confirmed
	taken unchanged a 2026-11-24T08:00
	taken moved a 2026-11-24T09:00
	assert_equal "$(sql 'SELECT state, revision FROM reminder')" 'open|2'
}

@test "new variables change a reminder without a new revision" {
	taken new a 2026-11-25T10:30
	row a 2026-11-25T10:30 '.vars.pet_name = "Sol"' >"$in"
	schedule 0
	assert_equal "$(jq -c .schedule <<<"$output")" \
	    '{"state":"changed","revision":1}'
	at 2026-11-24T12:00:00-06:00
	run -0 omni-escalate
	assert_equal "$(jq -r '.id + .vars.pet_name' <<<"$output")" a.r1/1Sol
}

@test "past, and what was never known" {
	{
		row a 2026-11-23T09:00
		row b 2026-11-22T09:00 '.status = "confirmed"'
		row c 2026-11-25T09:00 '.status = "cancelled"'
		row d 2026-11-22T09:00 '.status = "done"'
	} >"$in"
	schedule 0
	assert_equal "$(results)" 'past past not_known not_known'
	assert_equal "$(sql 'SELECT count(*) FROM reminder')" 0
}

@test "moved to a time that is over: the old one does not go out (Inv. 6)" {
	taken new a 2026-11-24T08:00
	assert_equal "$(pass)" queued
	taken past a 2026-11-22T08:00
	assert_equal "$(sql 'SELECT state FROM reminder')" lapsed
	assert_equal "$(sql 'SELECT state FROM message')" cancelled
	before=$(journal)
	schedule 0
	assert_equal "$(journal)" "$before"
}

@test "a cancelled row that is broken otherwise still stops its reminder" {
	taken new a 2026-11-24T08:00
	taken cancelled a 'not a time' '.status = "cancelled" | .timezone = "Mars/Base" |
	    del(.contact)'
	assert_equal "$(sql 'SELECT state FROM reminder')" cancelled
	# An opt-out in a row that is over counts too (Inv. 6).
	taken not_known z 2026-11-20T08:00 '.status = "done" | .contact.opt_out = ["all"]'
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 2
}

@test "of two rows of one appointment the newer counts, whatever the order" {
	{
		row a 2026-11-25T12:00 '.updated_at = "2026-11-20T12:00:00Z"'
		row a 2026-11-25T10:00 '.updated_at = "2026-11-20T10:00:00Z"'
		row a 2026-11-25T12:00 '.updated_at = "2026-11-20T12:00:00Z"'
		row a 2026-11-25T14:00 '.updated_at = "2026-11-20T14:00:00Z"'
	} >"$in"
	schedule 0
	assert_equal "$(results)" 'new stale unchanged moved'
	assert_equal "$(sql 'SELECT event_local, revision FROM reminder')" \
	    '2026-11-25 14:00|2'
}

@test "opt-outs are imported for every address, and never lifted (Inv. 6)" {
	taken new a 2026-11-25T10:30 '.contact.opt_out = ["sms", "vaccination"]'
	assert_equal "$(sql "SELECT address, scope, how, source FROM opted_out
	    ORDER BY address, scope")" \
'+525555123456|channel:sms|import|a
+525555123456|topic:vaccination|import|a
ana@x.example|topic:vaccination|import|a'
	before=$(journal)
	row a 2026-11-25T10:30 '.contact.opt_out = []' >"$in"
	schedule 0
	row a 2026-11-25T10:30 >"$in"
	schedule 0
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 3
	assert_equal "$(journal)" "$before"
}

@test "an opt-out that is one word counts; one that is none is refused (Inv. 10)" {
	taken new a 2026-11-25T10:30 '.contact.opt_out = "all"'
	assert_equal "$(sql 'SELECT address FROM opted_out ORDER BY 1' | xargs)" \
	    '+525555123456 ana@x.example'
	for word in '["fax"]' '"fax"' true '[1]' '{"all":true}'; do
		row b 2026-11-25T10:30 ".contact.id = \"8\" | .contact.opt_out = $word" >"$in"
		schedule 1
		assert_equal "$(jq -r '.error | .code + " " + .field' \
		    <<<"$output")" 'bad_opt_out contact.opt_out'
	done
	# A row is taken whole or not at all.
	assert_equal "$(sql "SELECT count(*) FROM contact WHERE id = '8'")" 0
	assert_equal "$(sql "SELECT count(*) FROM reminder WHERE id = 'b'")" 0
}

@test "a contact by id alone is the ledger's, and stays as it is" {
	taken new a 2026-11-25T10:30
	taken new b 2026-11-26T10:30 '.contact = {id: "7"}'
	assert_equal "$stderr" ''
	assert_equal "$(sql "SELECT count(*) FROM contact_address WHERE contact = '7'")" 4
	row b 2026-11-26T10:30 '.contact = {id: "7", opt_out: ["sms"]}' >"$in"
	schedule 0
	assert_equal "$(sql 'SELECT address, scope FROM opted_out')" \
	    '+525555123456|channel:sms'
}

@test "broken rows: each is named, and the others are taken (Inv. 1, 10)" {
	{
		row ok1 2026-11-25T10:30
		row '' 2026-11-25T10:30
		row b 2026-02-31T10:30
		row c 'tomorrow at ten'
		row d 2026-11-25T10:30 'del(.at)'
		row e 2026-11-25T10:30 '.timezone = "Mars/Base"'
		row f 2026-11-25T10:30 '.type = "haircut"'
		row g 2026-11-25T10:30 'del(.type)'
		row h 2026-11-25T10:30 'del(.contact)'
		row i 2026-11-25T10:30 'del(.contact.id)'
		row j 2026-11-25T10:30 '.contact = {email: "ana"}'
		row k 2026-11-25T10:30 '.status = "perhaps"'
		row l 2026-11-25T10:30 '.contact.timezone = "x"'
		row "$(printf %0151d 0)" 2026-11-25T10:30
		echo '['
		row ok2 2026-11-25T10:30
	} >"$in"
	schedule 1
	assert_equal "${#lines[@]}" 16
	assert_equal "$(results)" 'new no_id bad_time bad_time bad_time bad_timezone unknown_type bad_type bad_contact bad_contact bad_address unknown_status bad_timezone no_id not_a_record new'
	assert_equal "${#stderr_lines[@]}" 15
	for ((i = 0; i < 14; i++)); do
		[[ ${stderr_lines[i]} == "omni-schedule: line $((i + 2)): "* ]]
	done
	assert_equal "${stderr_lines[14]}" 'omni-schedule: 2 new, 14 refused'
	assert_equal "${stderr_lines[5]}" \
	    'omni-schedule: line 7: f: type: there is no [ladder haircut]'
	assert_equal "$(sql 'SELECT id FROM reminder ORDER BY id' | xargs)" \
	    'ok1 ok2'
}

@test "nobody can be reached: kept for staff, said when it is new" {
	taken new a 2026-11-25T10:30 '.contact = {id: "9", name: "Eva", phone: "12"}'
	[[ ${stderr_lines[0]} == 'omni-schedule: line 1: a: contact 9 cannot be reached: phone '* ]]
	schedule 0
	assert_equal "$stderr" ''
}

@test "-n says what would change, and changes nothing" {
	taken new a 2026-11-25T10:30
	before=$(journal)
	all=$(sqlite3 -readonly "$SITE/spool/ledger.db" .dump | cksum)
	{
		row a 2026-11-25T11:30
		row b 2026-11-25T11:30 '.contact.opt_out = ["all"]'
	} >"$in"
	schedule 0 -n
	assert_equal "$(results)" 'moved new'
	assert_equal "$(journal)" "$before"
	assert_equal "$(sqlite3 -readonly "$SITE/spool/ledger.db" .dump |
	    cksum)" "$all"
}

@test "no phonenumber: a temporary error, nothing of the row, status 75" {
	row a 2026-11-25T10:30 >"$in"
	row b 2026-11-25T10:30 'del(.contact.phone)' >>"$in"
	schedule 75 -o "paths.phonenumber=$BATS_TEST_TMPDIR/none"
	assert_equal "$(results)" 'phonenumber new'
	assert_equal "$(sql 'SELECT id FROM reminder')" b
}

@test "the example clinic twice: the second run has no journal row (Inv. 4, 7)" {
	local clinic=$ROOT/share/examples/clinic

	at 2026-11-23T17:00:00-06:00
	"$clinic/csv2ndjson" "$clinic/appointments.csv" >"$in" 2>/dev/null
	schedule 1
	assert_equal "${#lines[@]}" "$(wc -l <"$in")"
	((${#stderr_lines[@]} > 3))
	(($(sql "SELECT count(*) FROM reminder WHERE state = 'open'") > 100))
	before=$(journal)
	first=$(jq -c '.id // .error.line' <<<"$output")
	schedule 1
	assert_equal "$(jq -c '.id // .error.line' <<<"$output")" "$first"
	# An appointment that was moved within the export is told as stale.
	assert_equal "$(jq -r '.schedule.state // empty' <<<"$output" |
	    grep -Ecv '^(unchanged|past|stale|not_known)$')" 0
	assert_equal "$(journal)" "$before"
	run -0 omni-ledger verify -q
}

# convert FILE: the rows of a clinic chain, under a header of its own
convert() {
	gzip -dc "$1" >"$in.csv"
	sqlite3 -batch :memory: ".import --csv $in.csv export" "
	SELECT json_object('id', nullif(id_cita, ''), 'type', 'appointment',
	  'at', CASE WHEN fecha_cita LIKE '__/__/____' THEN
	    substr(fecha_cita, 7) || '-' || substr(fecha_cita, 4, 2) || '-' ||
	    substr(fecha_cita, 1, 2) ELSE fecha_cita END || 'T' || hora_cita,
	  'timezone', zona_horaria,
	  'status', CASE estado WHEN 'confirmada' THEN 'confirmed'
	    WHEN 'cancelada' THEN 'cancelled' WHEN 'reagendada' THEN
	    'scheduled' WHEN 'programada' THEN 'scheduled'
	    ELSE 'done' END,
	  'contact', json_patch('{}', json_object('id', expediente,
	    'name', nombre || ' ' || apellidos, 'phone', nullif(telefono, ''),
	    'email', nullif(correo, ''), 'language', nullif(idioma, ''))),
	  'vars', json_object('owner_name', nombre, 'notes', notas))
	FROM export ORDER BY rowid" >"$in" 2>"$in.err"
}

@test "a chain's export of 20,000 lines: as many records out as rows in, in order; again: no journal row (Inv. 1, 4, 7)" {
	local export=$OMNI_CORPORA/appointments/export-20k.csv.gz

	[[ -r $export ]] || skip "$export is not there"
	at 2024-01-15T09:00:00-06:00
	rm -f "$SITE"/spool/ledger.db*
	omni-ledger init
	convert "$export"
	(($(wc -l <"$in") > 19000))
	omni-schedule <"$in" >"$in.out" 2>"$in.err" || status=$?
	((${status:-0} <= 1))
	jq -c .id "$in" >"$in.ids"
	jq -c .id "$in.out" | cmp "$in.ids" -
	assert_equal "$(jq -c 'select(.schedule == null and .error == null)' \
	    "$in.out")" ''
	(($(sql 'SELECT count(*) FROM reminder') > 3000))
	before=$(journal)
	omni-schedule -q <"$in" 2>/dev/null || status=$?
	((${status:-0} <= 1))
	assert_equal "$(journal)" "$before"
	run -0 omni-ledger verify -q
}

@test "no ledger: 69; a full disk: 74, but taken; usage: 64; cut off: 65" {
	row a 2026-11-25T10:30 >"$in"
	# shellcheck disable=SC2016	# for the inner shell
	run -74 bash -c 'omni-schedule <"$1" >/dev/full' - "$in"
	assert_equal "$(sql 'SELECT id FROM reminder')" a
	run -64 omni-schedule extra <"$in"
	run -64 omni-schedule -x <"$in"
	run -0 omni-schedule --help
	run -0 omni-schedule --version
	printf '{"id":"z"' >"$in"
	schedule 65
	assert_equal "$(results)" truncated
	: >"$in"
	schedule 0
	refute_output
	rm -f "$SITE"/spool/ledger.db*
	schedule 69
	refute_output
}

@test "moved into the past by mistake and back again: it is reminded of (Inv. 2)" {
	taken new a 2026-11-25T10:30
	taken past a 2026-11-20T10:30
	assert_equal "$(sql 'SELECT state, next_due_at FROM reminder')" 'lapsed|'
	taken reopened a 2026-11-25T10:30
	assert_equal "$(sql 'SELECT state, revision FROM reminder')" 'open|2'
}

@test "another person's appointment now: a new revision, and only to them (Inv. 6)" {
	taken new a 2026-11-24T08:30
	pass
	taken reassigned a 2026-11-24T08:30 '.contact = {id: "8", email: "eva@x.example"}'
	assert_equal "$(sql 'SELECT contact, revision, state FROM reminder')" \
	    '8|2|open'
	assert_equal "$(sql "SELECT state, reason FROM message")" \
	    'cancelled|moved'
	pass
	omni-escalate >"$in.left"
	assert_equal "$(jq -r .to "$in.queued")" eva@x.example
}

@test "preferences of the wrong shape are refused by name, and stop nobody" {
	{
		row a 2026-11-25T10:30 '.contact.preferences = {escalation_after_minutes: "sixty"}'
		row b 2026-11-25T10:30 '.contact.preferences = {channels: "sms"}'
		row c 2026-11-25T10:30 '.contact.preferences = {topics: "marketing"}'
		row d 2026-11-25T10:30 '.contact.preferences = {quiet_start: "25:00"}'
		row e 2026-11-25T10:30 '.contact.preferences = []'
		row f 2026-11-25T10:30 '.contact.preferences = {channels: ["sms"], topics: {marketing: true}, quiet_start: "22:00", quiet_end: "08:00"}'
	} >"$in"
	schedule 1
	assert_equal "$(results)" 'bad_preference bad_preference bad_preference bad_preference bad_preference new'
	run -0 omni-ledger verify -q
}

@test "a clock that jumped writes nothing until a person confirms it" {
	row a 2028-11-25T10:30 >"$in"
	at 2027-11-23T09:00:00-06:00
	before=$(journal)
	schedule 75
	[[ $stderr == *'omni-ledger confirm'* ]]
	assert_equal "$(journal)" "$before"
	run -0 omni-ledger confirm
	schedule 0
	assert_equal "$(results)" new
	# And back: the rows keep their time, the confirmation tells ours.
	at 2026-11-23T10:00:00-06:00
	schedule 75
	run -0 omni-ledger confirm
	schedule 0
	assert_equal "$(results)" unchanged
}

@test "another type or time zone of the same instant is taken in (Inv. 7)" {
	printf '%s\n' '[ladder followup]' 'template = appointment_reminder' \
	    'step.1 = -48h email' >>"$OMNI_CONF"
	row a 2026-11-25T10:30 >"$in"
	schedule 0
	taken changed a 2026-11-25T11:30 '.timezone = "America/Cancun"'
	assert_equal "$(sql 'SELECT event_local, timezone, revision FROM reminder')" \
	    '2026-11-25 11:30|America/Cancun|1'
	taken reassigned a 2026-11-25T11:30 '.timezone = "America/Cancun" | .type = "followup"'
	assert_equal "$(sql 'SELECT type, revision, next_due_at FROM reminder')" \
	    'followup|2|2026-11-23T16:30:00Z'
	schedule 0
	assert_equal "$(results)" unchanged
	run -0 omni-ledger verify -q
}

@test "what lapsed by itself stays so, though a clock goes back (Inv. 3)" {
	taken new a 2026-11-23T10:30
	at 2026-11-23T10:31:00-06:00
	pass
	assert_equal "$(sql 'SELECT state FROM reminder')" lapsed
	at 2026-11-23T10:29:00-06:00
	schedule 0
	assert_equal "$(results)" unchanged
	assert_equal "$(sql 'SELECT state, revision FROM reminder')" 'lapsed|1'
}

@test "a contact's id that is empty or too long is refused: no two people are one (Inv. 6)" {
	local long
	long=$(printf '%0251d' 0)
	{
		row a 2026-11-25T10:30 '.contact.id = ""'
		row b 2026-11-25T10:30 '.contact |= (.id = "" | .phone = "55 5512 7777")'
		row c 2026-11-25T10:30 ".contact.id = \"$long\""
		row d 2026-11-25T10:30 ".contact.id = \"${long#0}\""
	} >"$in"
	schedule 1
	assert_equal "$(results)" 'bad_contact bad_contact bad_contact new'
	assert_equal "${stderr_lines[0]}" \
	    'omni-schedule: line 1: a: contact.id: missing, or not a text'
	assert_equal "${stderr_lines[2]}" \
	    'omni-schedule: line 3: c: contact.id: longer than 250 bytes'
	assert_equal "$(sql 'SELECT length(id) FROM contact')" 250
	# The longest is the same person the next day, too.
	taken unchanged d 2026-11-25T10:30 ".contact.id = \"${long#0}\""
	# What is over ends all the same.
	row d 2026-11-25T10:30 '.contact.id = "" | .status = "done"' >"$in"
	schedule 1
	assert_equal "$(jq -c '[.schedule.state, .error.code]' <<<"$output")" \
	    '["done","bad_contact"]'
}

@test "confirmed: what else the row says is taken in, and the directions go to whom it is for" {
	keep_console
	sed -i '/^step.5/i step.45 = -90m sms appointment_confirmation if always' \
	    "$OMNI_CONF"
	sed -i 's/^step.45/step.6/; s/^step.5 = -1h/step.7 = -1h/' "$OMNI_CONF"
	row a 2026-11-25T17:00 '.status = "confirmed"' >"$in"
	schedule 0
	assert_equal "$(sql 'SELECT next_step, next_due_at FROM reminder')" \
	    '6|2026-11-25T21:30:00Z'
	row a 2026-11-25T17:00 '.status = "confirmed" | .vars.pet_name = "Sol"' \
	    >"$in"
	schedule 0
	assert_equal "$(jq -c .schedule <<<"$output")" \
	    '{"state":"changed","revision":1}'
	again unchanged
	# Another person has it now.
	row a 2026-11-25T17:00 '.status = "confirmed" | .vars.pet_name = "Sol" |
	    .contact = {id: "8", name: "Eva", phone: "55 5512 7777"}' >"$in"
	schedule 0
	assert_equal "$(jq -c .schedule <<<"$output")" \
	    '{"state":"confirmed","revision":2}'
	at 2026-11-25T15:30:00-06:00
	run -0 omni-escalate
	assert_equal "$(jq -c '[.id, .contact.id, .vars.pet_name]' \
	    <<<"$output")" '["a.r2/6","8","Sol"]'
	omni-run
	run -0 grep -c '^sms to +525555127777 (a.r2/6,' "$console"
	run -1 grep '+525555123456' "$console"
	verified
}

@test "confirmed, and moved to a time that is over: nothing goes out for the old one (Inv. 6)" {
	sed -i 's/^step.4 .*/step.4 = -2h whatsapp if always/' "$OMNI_CONF"
	row a 2026-11-25T17:00 >"$in"
	schedule 0
	row a 2026-11-25T17:00 '.status = "confirmed"' >"$in"
	schedule 0
	assert_equal "$(sql 'SELECT next_step FROM reminder')" 4
	taken past a 2026-11-20T17:00
	assert_equal "$(sql 'SELECT state, next_step FROM reminder')" 'lapsed|'
	at 2026-11-25T15:00:00-06:00
	run -0 omni-escalate
	assert_output ''
	# It was a slip.
	at 2026-11-23T09:00:00-06:00
	taken reopened a 2026-11-25T17:00
	verified
}

@test "a ladder that was changed counts for who was not asked yet, from the next export on" {
	{ row a 2026-11-25T17:00; row b 2026-11-24T08:00; } >"$in"
	schedule 0
	assert_equal "$(pass)" queued
	before=$(sql 'SELECT next_step, next_due_at FROM reminder WHERE id = '"'b'")
	sed -i 's/^step.1 = -24h/step.1 = -20h/' "$OMNI_CONF"
	schedule 0 -n
	assert_equal "$(results)" 'changed unchanged'
	schedule 0
	assert_equal "$(jq -c .schedule <<<"${lines[0]}")" \
	    '{"state":"changed","revision":1}'
	assert_equal "$(sql "SELECT next_due_at FROM reminder WHERE id = 'a'")" \
	    2026-11-25T03:00:00Z
	# Who was asked goes on as it was noted.
	assert_equal "$(sql 'SELECT next_step, next_due_at FROM reminder WHERE id = '"'b'")" \
	    "$before"
	again 'unchanged unchanged'
	at 2026-11-24T17:00:00-06:00
	run -0 omni-escalate
	assert_equal "$(jq -r .reminder.id <<<"$output" | xargs)" b
	# The first step has another number, and is over: it is due now.
	row a 2026-11-25T17:00 >"$in"
	sed -i '/^step.[23]/d; s/^step.1 = -20h/step.2 = -48h/' "$OMNI_CONF"
	schedule 0
	run -0 omni-escalate
	assert_equal "$(jq -r .id <<<"$output" | grep '^a')" a.r1/2
	verified
}

@test "by the clock of another zone: the first step moves, the event does not" {
	sed -i 's/^step.1 = .*/step.1 = -1d at 10:00 email/' "$OMNI_CONF"
	row a 2026-11-25T17:00:00-06:00 >"$in"
	schedule 0
	assert_equal "$(sql 'SELECT next_due_at FROM reminder')" \
	    2026-11-24T16:00:00Z
	taken changed a 2026-11-25T17:00:00-06:00 '.timezone = "America/Cancun"'
	assert_equal "$(sql 'SELECT revision, next_due_at FROM reminder')" \
	    '1|2026-11-24T15:00:00Z'
}

@test "a field of another kind is refused by name, not left out (Inv. 10)" {
	local field
	{
		row a 2026-11-25T10:30 '.status = 5'
		row a 2026-11-25T10:30 '.status = false'
		row a 2026-11-25T10:30 '.timezone = 5'
		row a 2026-11-25T10:30 '.vars = "Luna"'
		row a 2026-11-25T10:30 '.vars = [1]'
		row a 2026-11-25T10:30 '.metadata = 1'
		row a 2026-11-25T10:30 '.related = "order 7"'
		row a 2026-11-25T10:30 '.related = {type: "order"}'
		row a 2026-11-25T10:30 '.related = {type: 1, id: "7"}'
		row a 2026-11-25T10:30 '.updated_at = "yesterday"'
		row a 2026-11-25T10:30 '.updated_at = 1790000000'
		row a 9999-12-31T23:00
	} >"$in"
	schedule 1
	assert_equal "$(results)" 'unknown_status unknown_status bad_timezone bad_vars bad_vars bad_metadata bad_related bad_related bad_related bad_time bad_time bad_time'
	assert_equal "$(jq -r .error.field <<<"$output" | xargs)" \
	    'status status timezone vars vars metadata related related related updated_at updated_at at'
	assert_equal "$(sql 'SELECT count(*) FROM reminder')" 0
	assert_equal "${stderr_lines[0]}" \
	    'omni-schedule: line 1: a: status: not a text'
	# What databases write for "nothing" is nothing.
	for field in status timezone vars metadata related updated_at; do
		row "$field" 2026-11-25T10:30 ".$field = null"
	done >"$in"
	schedule 0
	assert_equal "$(results)" 'new new new new new new'
	# A row that ends a reminder needs none of them.
	taken 'done' status 2026-11-25T10:30 '.status = "done" | .updated_at = "?" |
	    .vars = 1'
}

@test "updated_at as databases write it, local and without a T" {
	{
		row a 2026-11-25T12:00 '.updated_at = "2026-11-20 12:00:00"'
		row a 2026-11-25T10:00 '.updated_at = "2026-11-20 10:00:00.5"'
		row a 2026-11-25T10:00 '.updated_at = "2026-11-20T17:59:59Z"'
		row a 2026-11-25T14:00 '.updated_at = "2026-11-20T18:00:01+00:00"'
	} >"$in"
	schedule 0
	assert_equal "$(results)" 'new stale stale moved'
	assert_equal "$(sql 'SELECT source_at FROM reminder')" \
	    2026-11-20T18:00:01Z
	taken stale a 2026-11-25T14:00 '.status = "cancelled" |
	    .updated_at = "2026-11-20 11:00"'
}

@test "metadata of a row goes with every message about it" {
	taken new a 2026-11-24T08:00 '.metadata = {branch: 3, tags: ["x"]}'
	assert_equal "$(pass)" queued
	assert_equal "$(jq -c .metadata "$in.queued")" \
	    '{"branch":3,"tags":["x"]}'
	assert_equal "$(sql "SELECT body ->> '\$.metadata.branch' FROM message
	    JOIN content ON key = content")" 3
	taken changed a 2026-11-24T08:00 '.metadata = {branch: 4}'
	verified
}
