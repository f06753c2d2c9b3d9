#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process

load helper

# The site's ladder: -24h email, +2h sms, +2h whatsapp, -2h whatsapp, -1h flag.
setup() {
	make_ledger 2026-11-23T09:00:00-06:00
}

# appointment ID AT [CONTACT-MEMBERS]
appointment() {
	echo "{\"id\":\"$1\",\"type\":\"appointment\",\"at\":\"$2\",\"contact\":{\"id\":\"c-$1\",${3:-\"name\":\"Ana\",\"email\":\"ana@x.example\",\"phone\":\"55 5512 3456\"}},\"vars\":{\"owner_name\":\"Ana\",\"pet_name\":\"Luna\"},\"related\":{\"type\":\"appointment\",\"id\":\"42\"}}" >"$in"
	omni-schedule -q <"$in"
}

# escalate STATUS
escalate() {
	run "-$1" --separate-stderr omni-escalate
}

# is FILTER WANT
is() {
	assert_equal "$(jq -rc "$1" <<<"$output")" "$2"
}

# pass: the whole pipe
pass() {
	omni-escalate | omni-normalize | omni-route | omni-render |
	    omni-queue >"$in.queued"
}

# steps: what has been done for reminder a, oldest first
steps() {
	sql "SELECT step || ' ' || channel || ' ' || state FROM reminder_step
	    WHERE reminder = 'a' ORDER BY revision, step" | paste -sd ,
}

@test "nothing due: nothing printed, nothing said" {
	escalate 0
	assert_equal "$output$stderr" ''
	appointment a 2026-11-24T16:00
	escalate 0
	assert_equal "$output$stderr" ''
	at 2026-11-23T15:59:59-06:00
	escalate 0
	assert_equal "$output" ''
	at 2026-11-23T16:00:00-06:00
	escalate 0
	assert_equal "${#lines[@]}" 1
}

@test "a due step: a whole record, with the step that comes next" {
	appointment a 2026-11-24T08:00
	escalate 0
	is .id a.r1/1
	is .type appointment_reminder
	is .reminder '{"id":"a","revision":1,"step":1,"next":{"step":2,"after":7200,"latest":{"step":4,"at":"2026-11-24T12:00:00Z"}}}'
	is '[.channel, .template, .topic, .class]' \
	    '["email","appointment_reminder","appointment","reminder"]'
	is .contact '{"id":"c-a","name":"Ana","language":"es","email":"ana@x.example","phone":"+525555123456","whatsapp":"+525555123456"}'
	is .vars '{"owner_name":"Ana","pet_name":"Luna","at":"2026-11-24T14:00:00Z","timezone":"America/Mexico_City","due_on":"2026-11-24"}'
	is .related '{"type":"appointment","id":"42"}'
	is .expires_at 2026-11-24T14:00:00Z
}

@test "twice gives the same bytes, and the ledger is not touched (Inv. 12)" {
	appointment a 2026-11-24T08:00
	appointment b 2026-11-24T08:30
	before=$(sqlite3 -readonly "$SITE/spool/ledger.db" .dump | cksum)
	escalate 0
	assert_equal "${#lines[@]}" 2
	first=$output
	escalate 0
	assert_equal "$output" "$first"
	assert_equal "$(sqlite3 -readonly "$SITE/spool/ledger.db" .dump |
	    cksum)" "$before"
}

@test "the whole pipe twice queues once; then the step is not due (Inv. 4)" {
	appointment a 2026-11-24T08:00
	omni-escalate >"$in.due"
	pass
	assert_equal "$(jq -r .queue.state "$in.queued")" queued
	run -0 bash -c 'omni-normalize | omni-route | omni-render |
	    omni-queue' <"$in.due"
	is .queue.state duplicate
	escalate 0
	refute_output
	assert_equal "$(sql 'SELECT count(*) FROM message')" 1
}

@test "the ladder step by step, to the flag for staff" {
	appointment a 2026-11-24T18:00
	for time in 23T18:00 23T20:00 24T11:00; do
		at "2026-11-${time}:00-06:00"
		pass
	done
	assert_equal "$(steps)" '1 email queued,2 sms queued,3 whatsapp queued'
	assert_equal "$(sql 'SELECT attempted FROM reminder')" \
	    '["email","sms","whatsapp"]'
	# Two steps at fixed times before the appointment.
	at 2026-11-24T15:59:59-06:00
	escalate 0
	refute_output
	at 2026-11-24T16:00:00-06:00
	escalate 0
	is '[.id, .channel, .reminder.next]' \
	    '["a.r1/4","whatsapp",{"step":5,"at":"2026-11-24T23:00:00Z"}]'
	pass
	at 2026-11-24T17:00:00-06:00
	escalate 0
	is '[.id, .channel, .reminder]' '["a.r1/5","staff",{"id":"a","revision":1,"step":5,"flag":"unresponsive"}]'
	pass
	assert_equal "$(sql 'SELECT kind, person, reach_at, appointment, reason FROM open_flag')" \
	    'unresponsive|Ana|+525555123456|2026-11-24 18:00|nobody answered'
	assert_equal "$(steps)" '1 email queued,2 sms queued,3 whatsapp queued,4 whatsapp queued,5 flag flagged'
	escalate 0
	refute_output
	run -0 omni-ledger verify -q
}

@test "the next step counts from when this one may be sent, not from the run" {
	appointment a 2026-11-24T22:30
	at 2026-11-23T22:30:00-06:00
	pass
	# In the quiet hours: it goes at 09:00, and the next two hours later.
	assert_equal "$(sql 'SELECT due_at FROM message')" 2026-11-24T15:00:00Z
	assert_equal "$(sql 'SELECT next_due_at FROM reminder')" \
	    2026-11-24T17:00:00Z
}

@test "a refused step brings the next one forward" {
	appointment a 2026-11-24T08:00 '"name":"Ana","phone":"55 5512 3456"'
	pass || :
	assert_equal "$(steps)" '1 email refused'
	escalate 0
	is '[.id, .channel]' '["a.r1/2","sms"]'
	pass
	assert_equal "$(steps)" '1 email refused,2 sms queued'
}

@test "nobody can be reached: each step is refused, then staff is told" {
	appointment a 2026-11-24T08:00 '"name":"Ana"' 2>/dev/null
	for _ in 1 2 3 4 5; do pass 2>/dev/null || :; done
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state <> 'refused'")" 0
	at 2026-11-24T07:00:00-06:00
	for _ in 1 2; do pass 2>/dev/null || :; done
	assert_equal "$(sql 'SELECT DISTINCT kind FROM open_flag')" unreachable
	escalate 0
	refute_output
}

@test "a run that comes late skips steps at fixed times: no burst" {
	sed -i '/^\[ladder/,$d' "$OMNI_CONF"
	cat >>"$OMNI_CONF" <<-'END'
	[ladder appointment]
	template = appointment_reminder
	step.1 = -48h email
	step.2 = -24h sms
	step.3 = -4h whatsapp
	step.4 = -1h flag
	END
	appointment a 2026-11-26T08:00
	# Nothing ran for three days.
	at 2026-11-26T06:00:00-06:00
	escalate 0
	assert_equal "${#lines[@]}" 1
	is '[.id, .channel, .reminder.next]' \
	    '["a.r1/3","whatsapp",{"step":4,"at":"2026-11-26T13:00:00Z"}]'
	is .reminder.passed '[1,2]'
	omni-escalate | omni-normalize | omni-route -o quiet.start=00:00 \
	    -o quiet.end=00:00 | omni-render | omni-queue >"$in.queued"
	assert_equal "$(jq -r .queue.state "$in.queued")" queued
	escalate 0
	refute_output
	at 2026-11-26T07:00:00-06:00
	escalate 0
	is '[.id, .channel]' '["a.r1/4","staff"]'
}

@test "the appointment is over: no message, a flag, and it lapses" {
	appointment a 2026-11-24T08:00
	at 2026-11-24T08:00:00-06:00
	escalate 0
	is .channel staff
	is .reminder '{"id":"a","revision":1,"step":1,"flag":"unreachable","close":"lapsed"}'
	is .vars null
	pass
	assert_equal "$(sql 'SELECT state FROM reminder')" lapsed
	assert_equal "$(sql 'SELECT count(*) FROM message')" 0
	assert_equal "$(sql 'SELECT kind, reminder FROM open_flag')" \
	    'unreachable|a'
	escalate 0
	refute_output
	# The same line again changes nothing (Inv. 4).
	before=$(sql 'SELECT count(*) FROM journal')
	run -0 omni-queue <"$in.queued"
	assert_equal "$(sql 'SELECT count(*) FROM journal')" "$before"
}

@test "a ladder that the configuration lost: said for each, status 1 (Inv. 10)" {
	appointment a 2026-11-24T08:00
	appointment b 2026-11-24T08:30
	sed -i '/^\[ladder/,$d' "$OMNI_CONF"
	escalate 1
	assert_equal "$output" ''
	assert_equal "$stderr" \
'omni-escalate: a: there is no [ladder appointment]
omni-escalate: b: there is no [ladder appointment]'
	# Not for ever: what is over ends.
	at 2026-11-24T08:10:00-06:00
	escalate 1
	is .reminder '{"id":"a","revision":1,"step":1,"flag":"unreachable","close":"lapsed"}'
	assert_equal "$stderr" \
	    'omni-escalate: b: there is no [ladder appointment]'
	pass 2>/dev/null || :
	assert_equal "$(sql 'SELECT id, state FROM reminder' | xargs)" \
	    'a|lapsed b|open'
}

@test "a ladder cut short meanwhile: staff is told" {
	appointment a 2026-11-24T08:00
	pass
	sed -i '/^step\.[2-5]/d' "$OMNI_CONF"
	at 2026-11-23T11:00:00-06:00
	escalate 0
	is '[.id, .channel, .reminder.flag]' \
	    '["a.r1/2","staff","unresponsive"]'
}

@test "a ladder's step of its own: template, preferred channel" {
	sed -i '/^\[ladder/,$d' "$OMNI_CONF"
	printf '%s\n' '[ladder appointment]' 'topic = vaccination' \
	    'class = alert' 'step.7 = -24h preferred appointment_confirmation' \
	    'step.12 = -1h flag' >>"$OMNI_CONF"
	appointment a 2026-11-24T08:00
	escalate 0
	is '[.id, .channel, .template, .topic, .class, .reminder.next.step]' \
	    '["a.r1/7",null,"appointment_confirmation","vaccination","alert",12]'
}

@test "500 due at once come in the order of their time, each once" {
	for i in {1..500}; do
		printf '{"id":"n%03d","type":"appointment","at":"2026-11-24T%02d:%02d","contact":{"id":"%d","email":"a%d@x.example"}}\n' \
		    "$i" $((i % 9)) $((i % 60)) "$i" "$i"
	done >"$in"
	omni-schedule -q <"$in"
	escalate 0
	assert_equal "${#lines[@]}" 500
	assert_equal "$(jq -r .id <<<"$output" | sort -u | wc -l)" 500
	assert_equal "$(jq -r .vars.at <<<"$output" | sort -c 2>&1)" ''
}

@test "a reader that goes away pins nothing and hurts nothing" {
	appointment a 2026-11-24T08:00
	coproc program { omni-escalate; }
	pid=$program_PID
	eval "exec ${program[0]}<&-"
	wait "$pid" || :
	escalate 0
	is .id a.r1/1
}

@test "the clock jumped: status 75 until a person confirms it" {
	appointment a 2027-02-24T08:00
	at 2027-02-23T09:00:00-06:00
	escalate 75
	assert_equal "$output" ''
	assert_equal "$stderr" "omni-escalate: it is 2027-02-23T15:00:00Z, but the ledger's last entry is of 2026-11-23T15:00:00Z: if the clock is right, say so with omni-ledger confirm"
	run -0 omni-ledger confirm
	escalate 0
	is .id a.r1/1
	# Back is a jump too.
	at 2026-11-23T09:00:00-06:00
	escalate 75
}

@test "what is answered or moved is no longer asked (Inv. 6)" {
	appointment a 2026-11-24T08:00
	jq -c '.status = "confirmed"' "$in" >"$in.new"
	omni-schedule -q <"$in.new"
	escalate 0
	refute_output
	# Who confirmed is told that it moved, and asked about nothing yet.
	appointment a 2026-12-24T08:00
	escalate 0
	assert_equal "$(jq -r .id <<<"$output")" a.r2/moved
}

@test "no ledger: 69; a full disk: 74; usage: 64; -q: no records" {
	appointment a 2026-11-24T08:00
	run -74 bash -c 'omni-escalate >/dev/full'
	assert_output 'omni-escalate: stdout: No space left on device'
	run -74 bash -c 'omni-escalate >&-'
	run -0 omni-escalate -q
	refute_output
	run -64 omni-escalate extra
	run -0 omni-escalate --help
	run -0 omni-escalate --version
	rm -f "$SITE"/spool/ledger.db*
	escalate 69
}

@test "a ladder whose template is not there: 78, and no step is used up" {
	appointment a 2026-11-24T08:00
	sed -i 's/^template = appointment_reminder/template = apointment/' \
	    "$OMNI_CONF"
	run -78 --separate-stderr omni-escalate
	assert_output ''
	[[ $stderr == *'[ladder appointment] step.1: there is no template apointment'* ]]
	run -78 omni-run
	assert_equal "$(sql 'SELECT count(*) FROM message')" 0
	assert_equal "$(sql 'SELECT next_step, state FROM reminder')" '1|open'
}

@test "every type of reminder has its template in the pack" {
	for pair in vaccination:vaccination_reminder \
	    prescription:prescription_refill followup:follow_up; do
		printf '[ladder %s]\nstep.1 = -14d sms\n' "${pair%:*}" \
		    >>"$OMNI_CONF"
		at 2026-11-10T17:00:00-06:00
		echo "{\"id\":\"${pair%:*}-1\",\"type\":\"${pair%:*}\",\"at\":\"2026-11-25T10:00:00-06:00\",\"contact\":{\"id\":\"c\",\"name\":\"Ana\",\"phone\":\"55 5512 3456\"},\"vars\":{\"owner_name\":\"Ana\",\"pet_name\":\"Luna\",\"vaccine\":\"Rabia\"}}" |
			omni-schedule -q
	done
	at 2026-11-11T17:00:00-06:00
	omni-escalate | omni-normalize | omni-route | omni-render >"$in"
	assert_equal "$(jq -r .template "$in" | sort | paste -sd' ')" \
	    'follow_up prescription_refill vaccination_reminder'
	assert_equal "$(jq -r '.error // empty' "$in")" ''
	assert_equal "$(jq -r 'select(.text | contains("mie 25 nov")) | .text' \
	    "$in" | wc -l)" 3
}
