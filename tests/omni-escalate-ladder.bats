#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process
# Ladders: clocks, opening hours, conditions, a person's own wishes; what is
# wrong with them; and what they will come to.

load helper

setup() {
	make_ledger 2026-11-23T09:00:00-06:00
	keep_console
}

# ladder STEP...: in the place of the site's for appointments
ladder() {
	local step number=0
	sed -i '/^\[ladder appointment/,/^$/d' "$OMNI_CONF"
	{
		printf '\n[ladder appointment]\n'
		echo 'template = appointment_reminder'
		for step; do
			number=$((number + 1))
			echo "step.$number = $step"
		done
	} >>"$OMNI_CONF"
}

# hours DAYS...: "monday 09:00-14:00"
hours() {
	local day
	printf '\n[open]\n' >>"$OMNI_CONF"
	for day; do
		echo "${day%% *} = ${day#* }" >>"$OMNI_CONF"
	done
}

# appointment ID AT [PREFERENCES]
appointment() {
	jq -nc --arg id "$1" --arg at "$2" --argjson p "${3-null}" '{id: $id,
		type: "appointment", at: $at, contact: ({id: ("c-" + $id),
		name: ("Persona " + $id), email: ($id + "@x.example"), phone:
		"55 5512 3456"} + if $p then {preferences: $p} else {} end),
		vars: {owner_name: "Ana", pet_name: "Luna"}}' |
		omni-schedule -q
}

# cycle TIME: all there is to do at that time
cycle() {
	at "2026-11-$1:00-06:00"
	omni-run || [ $? -eq 1 ]
}

# steps [ID]: what was done, oldest first
steps() {
	sql "SELECT step || ' ' || channel || ' ' || state || coalesce(' ' ||
		reason, '') FROM reminder_step WHERE reminder = '${1-a}'
		ORDER BY revision, step" | paste -sd ,
}

# due [ID]: the next step and its time
due() {
	sql "SELECT next_step || ' ' || next_due_at FROM reminder WHERE
		id = '${1-a}'"
}

# receipt ID STATUS: of a provider, on the message's last attempt
receipt() {
	sql "SELECT provider_id FROM attempt WHERE message = '$1'" >"$in.pid"
	jq -nc --arg r "$1.1" --arg s "$2" '{object:
		"whatsapp_business_account", entry: [{id: "1", changes: [{field:
		"messages", value: {messaging_product: "whatsapp", statuses:
		[{id: ("wamid." + $r), status: $s, timestamp: "1790000000",
		recipient_id: "525555123456", biz_opaque_callback_data: $r}]}}]}]}' \
		>"$in.body"
	mkdir -p "$SITE/spool/inbound/new"
	{
		printf 'Hook: whatsapp\n\n'
		cat "$in.body"
	} >"$SITE/spool/inbound/new/1790000000.$RANDOM"
	omni-ingest -q
}

@test "by the clock: the day before at ten, the day itself at nine" {
	ladder '-1d at 10:00 sms' '-0d at 09:30 whatsapp' '-1h flag'
	appointment a 2026-11-25T17:00
	assert_equal "$(due)" '1 2026-11-24T16:00:00Z'
	cycle 24T10:00
	assert_equal "$(steps)" '1 sms queued'
	assert_equal "$(due)" '2 2026-11-25T15:30:00Z'
	cycle 25T09:30
	assert_equal "$(steps)" '1 sms queued,2 whatsapp queued'
}

@test "hours of opening: the evening and the holiday do not count" {
	ladder '-72h sms' '+3h open whatsapp' '-1h flag'
	hours 'monday 09:00-14:00 16:00-19:00' 'tuesday 09:00-19:00'
	appointment a 2026-11-26T18:00
	cycle 23T18:00
	# An hour on Monday, two on Tuesday.
	assert_equal "$(due)" '2 2026-11-24T17:00:00Z'
	printf '2026-11-24 Inventario\n' >"$BATS_TEST_TMPDIR/holidays"
	appointment b 2026-11-26T18:00
	at 2026-11-23T18:00:00-06:00
	omni-escalate | omni-normalize | omni-route | omni-render |
		omni-queue -q -o "paths.holidays=$BATS_TEST_TMPDIR/holidays"
	# The next Monday is after the event.
	assert_equal "$(due b)" '3 2026-11-26T23:00:00Z'
}

@test "if undelivered: a receipt is enough, and the ledger says why" {
	ladder '-24h whatsapp' '+2h sms if undelivered' '-1h flag'
	appointment a 2026-11-24T18:00
	cycle 23T18:00
	receipt a.r1/1 delivered
	cycle 23T20:00
	assert_equal "$(steps)" '1 whatsapp queued,2 - skipped delivered'
	assert_equal "$(due)" '3 2026-11-24T23:00:00Z'
	verified
}

@test "if unread: delivered is not read; read while it waits is" {
	ladder '-24h whatsapp' '+2h sms if unread' '-1h flag'
	appointment a 2026-11-24T21:30
	cycle 23T21:30
	receipt a.r1/1 delivered
	# It waits for the morning.
	cycle 24T00:00
	cycle 24T09:00
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'a.r1/1'")" \
		sent
	cycle 24T11:00
	assert_equal "$(sql "SELECT state, condition FROM message WHERE id =
		'a.r1/2'")" 'sent|unread'
	ladder '-24h whatsapp' '+10h sms if unread' '-1h flag'
	appointment b 2026-11-25T12:30
	cycle 24T12:30
	cycle 24T22:30
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'b.r1/2'")" \
		queued
	receipt b.r1/1 read
	cycle 25T09:00
	assert_equal "$(sql "SELECT state, reason FROM message WHERE id =
		'b.r1/2'")" 'cancelled|another step was read'
	verified
}

@test "always: who confirmed gets the directions, who declined does not" {
	local id
	ladder '-24h sms' '+2h whatsapp' '-2h sms if always' '-1h flag'
	for id in a b; do
		appointment $id 2026-11-24T18:00
	done
	cycle 23T18:00
	for id in a b; do
		echo "{\"id\":\"$id\",\"type\":\"appointment\",\"at\":\"2026-11-24T18:00\",\"status\":\"$([ $id = a ] && echo confirmed || echo cancelled)\",\"contact\":{\"id\":\"c-$id\",\"email\":\"$id@x.example\",\"phone\":\"55 5512 3456\"},\"vars\":{\"owner_name\":\"Ana\",\"pet_name\":\"Luna\"}}" |
			omni-schedule -q -o 'ladder appointment.cancelled=none'
	done
	assert_equal "$(due a)" '3 2026-11-24T22:00:00Z'
	assert_equal "$(due b)" ''
	cycle 23T20:00
	assert_equal "$(steps a)" '1 sms queued'
	cycle 24T16:00
	assert_equal "$(steps a)" '1 sms queued,3 sms queued'
	assert_equal "$(sql "SELECT state FROM message WHERE id =
		'a.r1/3'")" sent
	# No flag for who has confirmed.
	cycle 24T17:00
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	assert_equal "$(sql "SELECT state, next_step FROM reminder WHERE id =
		'a'")" 'confirmed|'
	verified
}

# confirmed: the calendar says so
confirmed() {
	jq -nc --arg at "$(sql 'SELECT event_at FROM reminder')" '{id: "a",
		type: "appointment", at: $at, status: "confirmed",
		contact: {id: "c-a"}, vars: {owner_name: "Ana",
		pet_name: "Luna"}}' | omni-schedule -q
}

@test "always: none comes early, with the step before it that falls away" {
	ladder '-24h sms' '-12h whatsapp if always' '-6h sms' \
		'-2h sms if always'
	appointment a 2026-11-24T22:00
	cycle 23T22:00
	confirmed
	assert_equal "$(due)" '2 2026-11-24T16:00:00Z'
	cycle 24T10:00
	assert_equal "$(due)" '4 2026-11-25T02:00:00Z'
	cycle 24T16:00
	cycle 24T20:00
	assert_equal "$(steps)" \
		'1 sms queued,2 whatsapp queued,4 sms queued'
	verified
}

@test "always: who confirms while such a step is on its way to the queue" {
	ladder '-24h sms' '-12h whatsapp if always' '-6h sms' \
		'-2h sms if always'
	appointment a 2026-11-24T22:00
	cycle 23T22:00
	at 2026-11-24T10:00:00-06:00
	omni-escalate | omni-normalize | omni-route | omni-render >"$in"
	confirmed
	omni-queue -q <"$in"
	cycle 24T16:00
	assert_equal "$(steps)" \
		'1 sms queued,2 whatsapp queued,3 - skipped confirmed'
	assert_equal "$(due)" '4 2026-11-25T02:00:00Z'
}

@test "always: a message that confirms counts opening hours, and puts nothing off" {
	ladder '-30h sms' '+2h sms if always' '+1h whatsapp' \
		'-4h open sms if always'
	hours 'monday 09:00-14:00 16:00-19:00' 'tuesday 09:00-19:00'
	appointment a 2026-11-24T22:00
	cycle 23T16:00
	assert_equal "$(due)" '2 2026-11-24T00:00:00Z'
	at 2026-11-23T17:00:00-06:00
	mkdir -p "$SITE/spool/inbound/new"
	printf 'Hook: twilio/sms\nReceived: %s\nContent-Type: x\nQuery: \nToken: \n\n%s' \
		2026-11-23T23:00:00Z "MessageSid=SM00000000000000000000000000000001&From=%2B525555123456&To=%2B525587654321&NumMedia=0&Body=confirmo" \
		>"$SITE/spool/inbound/new/1.1"
	omni-ingest -q
	assert_equal "$(sql 'SELECT state FROM reminder')" confirmed
	assert_equal "$(due)" '2 2026-11-24T00:00:00Z'
	cycle 23T18:00
	# From 15:00 until 19:00; the clinic is closed at 22:00.
	assert_equal "$(due)" '4 2026-11-24T21:00:00Z'
}

@test "always: a message that confirms finds the next such step in opening hours" {
	ladder '-30h sms' '+2h whatsapp' '-4h open sms if always'
	hours 'monday 09:00-14:00 16:00-19:00' 'tuesday 09:00-19:00'
	appointment a 2026-11-24T22:00
	cycle 23T16:00
	mkdir -p "$SITE/spool/inbound/new"
	printf 'Hook: twilio/sms\nReceived: %s\nContent-Type: x\nQuery: \nToken: \n\n%s' \
		2026-11-23T23:00:00Z "MessageSid=SM00000000000000000000000000000001&From=%2B525555123456&To=%2B525587654321&NumMedia=0&Body=confirmo" \
		>"$SITE/spool/inbound/new/1.1"
	omni-ingest -q
	assert_equal "$(due)" '3 2026-11-24T21:00:00Z'
}

@test "what is left out is named, also before a refusal, a flag, and at the end" {
	ladder '-48h email' '-24h whatsapp' '+19h sms' '-4h sms' '-2h push' \
		'-1h flag'
	sed -i 's/^\[channel email\]/[channel push]\ntype = push\nprovider = console\n\n&/' \
		"$OMNI_CONF"
	appointment a 2026-11-25T22:00 '{}'
	omni-contact opt-out <<<'{"id":"c-a","scope":"whatsapp","by":"Eva","how":"x"}' >/dev/null
	cycle 25T10:00
	# The second was the last of those that were over; it was refused.
	assert_equal "$(steps)" \
		'1 - skipped late,2 whatsapp refused,3 sms queued'
	cycle 25T18:00
	cycle 25T21:00
	assert_equal "$(steps)" \
		'1 - skipped late,2 whatsapp refused,3 sms queued,4 sms queued,5 push refused,6 flag flagged'
	ladder '-48h email' '-24h whatsapp'
	appointment b 2026-11-26T12:00
	omni-contact set <<<'{"id":"c-b","set":{"phone":""}}' >/dev/null
	cycle 25T22:00
	assert_equal "$(steps b)" '1 email queued,2 - skipped late'
	verified
}

@test "a person's own wishes: an hour later by SMS, and an hour later a flag" {
	ladder '-24h email' '+2h whatsapp' '+2h whatsapp' '-2h whatsapp' \
		'-1h flag'
	appointment a 2026-11-24T18:00 '{"escalation_after_minutes": 60,
		"escalation_channels": ["sms"]}'
	cycle 23T18:00
	assert_equal "$(due)" '2 2026-11-24T01:00:00Z'
	cycle 23T19:00
	assert_equal "$(steps)" '1 email queued,2 sms queued'
	assert_equal "$(due)" '5 2026-11-24T23:00:00Z'
}

@test "--check: the ladders of the checkout are good" {
	run -0 --separate-stderr omni-escalate --check
	assert_output ''
	assert_equal "$stderr" ''
}

@test "--check names each step that cannot be, and doubts others" {
	ladder '-24h email' '+30h sms' '-25h whatsapp' '+1h voice_template' \
		'-1h push' '-30m open sms' '-10m flag if always'
	run -78 omni-escalate --check
	assert_output --partial 'step.4 is not a value of type step'
	ladder '-24h email' '+30h sms' '-48h whatsapp nosuch' '-1h push' \
		'-30m open sms' '-10m flag if always'
	run -78 --separate-stderr omni-escalate --check
	assert_output ''
	[[ $stderr == *'[ladder appointment] step.2: never before the event'* ]]
	[[ $stderr == *'[ladder appointment] step.3: never after the step before it'* ]]
	[[ $stderr == *'step.3: '*nosuch* ]]
	[[ $stderr == *'step.4: no active [channel] is of type push'* ]]
	[[ $stderr == *'step.5: counts opening hours, and [open] has none'* ]]
	[[ $stderr == *'step.6: a flag is for who has not answered: no "if always"'* ]]
	# Of two messages for one moment one would never go; a flag may.
	ladder '-24h email' '-2h sms' '-2h flag' '-2h whatsapp'
	run -0 --separate-stderr omni-escalate --check
	assert_equal "$stderr" ''
	ladder '-24h email' '-2h sms' '-2h whatsapp' '-1h flag'
	run -78 --separate-stderr omni-escalate --check
	assert_equal "$stderr" 'omni-escalate: [ladder appointment] step.3: never after the step before it'
	# It sends nothing with such a ladder.
	appointment a 2026-11-24T08:00
	run -78 omni-escalate
	ladder '-1d at 22:00 sms if unread' '-0d at 20:00 whatsapp' '-1h flag'
	run -0 --separate-stderr omni-escalate --check
	[[ $stderr == *'warning: [ladder appointment] step.1: in the quiet hours'* ]]
	[[ $stderr == *'warning: [ladder appointment] step.1: "if unread" says nothing of the first step'* ]]
	[[ $stderr == *'warning: [ladder appointment] step.2: after the event, if that is early in the day'* ]]
	# Doubts are no reason to send nothing, nor told each time.
	run -0 --separate-stderr omni-escalate
	assert_equal "$stderr" ''
}

@test "--check: a ladder that is too long, or has nothing, is named once" {
	local steps=() i
	for i in {1..21}; do
		steps+=("-$((50 - i))h sms")
	done
	ladder "${steps[@]:0:20}"
	run -0 omni-escalate --check
	ladder "${steps[@]}"
	run -78 omni-escalate --check
	assert_output 'omni-escalate: [ladder appointment] has more than 20 steps'
	run -78 omni-escalate
	ladder
	run -78 omni-escalate --check
	assert_output 'omni-escalate: [ladder appointment] has no step'
}

@test "--rules: a table of EscalationRule rows becomes a ladder that is good" {
	cat >"$in" <<-'END'
	{"reminder_type":"appointment","step":2,"channel":"sms","wait_hours":2,"is_active":true}
	{"reminder_type":"appointment","step":1,"channel":"email","wait_hours":2,"is_active":1}
	{"reminder_type":"appointment","step":3,"channel":"whatsapp","wait_hours":18}
	{"reminder_type":"appointment","step":4,"channel":"whatsapp","wait_hours":2,"id":9}
	{"reminder_type":"appointment","step":5,"channel":"voice","wait_hours":9,"is_active":false}
	{"reminder_type":"vaccination","step":1,"channel":"email","wait_hours":48,"active":1}
	END
	run -0 omni-escalate --rules <"$in"
	assert_output '[ladder appointment]
step.1 = -24h email
step.2 = +2h sms
step.3 = +2h whatsapp
step.4 = +18h whatsapp
step.5 = -60m flag

[ladder vaccination]
step.1 = -48h email
step.2 = -1440m flag'
	sed -i '/^\[ladder appointment/,/^$/d' "$OMNI_CONF"
	printf '\n%s\n' "$output" | sed '/vaccination/,$d' >>"$OMNI_CONF"
	run -0 omni-escalate --check
}

@test "--rules: what is not active is left out, and a type without any other is told" {
	cat >"$in" <<-'END'
	{"reminder_type":"a","step":1,"channel":"email","wait_hours":2,"is_active":true}
	{"reminder_type":"a","step":2,"channel":"fax","is_active":false}

	{"reminder_type":"b","step":1,"channel":"email","wait_hours":2,"is_active":0}
	{"reminder_type":"c","step":1,"channel":"sms","wait_hours":3}
	END
	sed -i 's/$/\r/' "$in"
	run -0 --separate-stderr omni-escalate --rules <"$in"
	assert_output '[ladder a]
step.1 = -2h email
step.2 = -60m flag

[ladder c]
step.1 = -3h sms
step.2 = -90m flag'
	assert_equal "$stderr" \
	    'omni-escalate: b: no row is active, so there is no ladder'
	# Neither is a ladder of nothing.
	run -65 --separate-stderr omni-escalate --rules </dev/null
	assert_output ''
	assert_equal "$stderr" 'omni-escalate: no row, no ladder'
	for word in '"f"' '"true"' 2 null '""'; do
		echo '{"reminder_type":"a","step":1,"channel":"sms","wait_hours":1,"is_active":'"$word"'}' >"$in"
		run -65 --separate-stderr omni-escalate --rules <"$in"
		assert_output ''
		assert_equal "$stderr" 'omni-escalate: line 1: is_active: neither true, false, 1 nor 0'
	done
}

@test "--rules: a row that is no good is named, and nothing is printed" {
	cat >"$in" <<-'END'
	{"reminder_type":"a]","step":1,"channel":"email","wait_hours":2}
	{"reminder_type":"b","step":1,"channel":"fax","wait_hours":2}
	{"reminder_type":"b","step":0,"channel":"sms","wait_hours":2}
	{"reminder_type":"b","step":1,"channel":"sms","wait_hours":-1}
	[]
	{"reminder_type":
	{"reminder_type":"c","step":1,"channel":"sms","wait_hours":1}
	{"reminder_type":"c","step":1,"channel":"sms","wait_hours":1}
	{"reminder_type":"d","step":1,"channel":"sms","wait_hours":0}
	END
	run -65 --separate-stderr omni-escalate --rules <"$in"
	assert_output ''
	[[ $stderr == *'line 1: reminder_type: '* ]]
	[[ $stderr == *'line 2: channel: fax is none'* ]]
	[[ $stderr == *'line 3: step: not a whole number from 1 to 98'* ]]
	[[ $stderr == *'line 4: wait_hours: '* ]]
	[[ $stderr == *'line 5: not an object'* ]]
	[[ $stderr == *'line 6: '* ]]
	[[ $stderr == *'c: step 1 is there twice'* ]]
	[[ $stderr == *'d: wait_hours are all 0'* ]]
	run -64 omni-escalate --rules --check
	run -74 bash -c 'echo "{\"reminder_type\":\"c\",\"step\":1,\"channel\":\"sms\",\"wait_hours\":1}" | omni-escalate --rules >/dev/full'
}

# simulate [OPTION...]: the week
simulate() {
	omni-escalate --simulate \
		2026-11-23T00:00-06:00..2026-11-30T00:00-06:00 "$@"
}

@test "--simulate: who gets what when, and nothing is written" {
	local before
	appointment a 2026-11-24T18:00
	appointment b 2026-11-25T10:00
	before=$(sql 'SELECT count(*) FROM journal')
	cat >"$in.assume" <<-'END'
	# Ana says yes, in the evening.
	a confirm at 2026-11-23T21:00:00-06:00
	END
	simulate --assume "$in.assume" >"$in.line"
	run cat "$in.line"
	assert_line --index 0 --regexp '^Mon 2026-11-23 18:00-06:00  sent +email +Persona a +a.r1/1  appointment_reminder  0.00$'
	assert_line --regexp '^Mon 2026-11-23 20:00-06:00  sent +sms +Persona a +a.r1/2 '
	assert_line --regexp '^Mon 2026-11-23 21:00-06:00  answer +sms +Persona a +a.r1/2 .*\(confirmed\)$'
	# The last: "in all", with what became of them.
	assert_line --index -1 --regexp '^in all +[0-9]+ messages +[0-9.]+ MXN;.* 1 flag; 1 answer$'
	refute_line --partial 'a.r1/3'
	assert_equal "$(sql 'SELECT count(*) FROM journal')" "$before"
	assert_equal "$(find "$SITE/spool/outbound" -type f 2>/dev/null |
		wc -l)" 0
	[ ! -e "$console" ]
	# As records, and the same each time.
	simulate --assume "$in.assume" -j >"$in.1"
	simulate --assume "$in.assume" -j >"$in.2"
	cmp "$in.1" "$in.2"
	assert_equal "$(jq -rs 'map(select(.what == "sent" and .reminder ==
		"a")) | length' "$in.1")" 2
	assert_equal "$(jq -rs 'last.summary.sms.messages' "$in.1")" 2
}

@test "--simulate and what then happens are the same" {
	local hour
	appointment a 2026-11-24T18:00
	appointment b 2026-11-25T08:00
	simulate -j | jq -r 'select(.what == "sent") | [.at, .message,
		.channel] | join(" ")' >"$in.plan"
	for hour in 23T{09..23} 24T{00..23} 25T{00..08}; do
		cycle "$hour:00"
	done
	sql "SELECT sent_at || ' ' || id || ' ' || channel_type FROM message
		WHERE state = 'sent' ORDER BY sent_at, id" >"$in.done"
	assert_equal "$(sort "$in.plan")" "$(sort "$in.done")"
	[ "$(wc -l <"$in.plan")" -gt 5 ]
}

@test "--simulate: a stop, a failure, and who declines" {
	local id
	for id in a b c d e f; do
		appointment $id 2026-11-24T18:00
	done
	printf '100%% fail email\n100%% stop after sms in 1h\n' >"$in.assume"
	simulate -j --assume "$in.assume" >"$in.line"
	assert_equal "$(jq -r 'select(.what == "failed") | .message' \
		"$in.line" | wc -l)" 6
	# They have one number: one stop is all of them.
	assert_equal "$(jq -r 'select(.what == "answer") | .reason' \
		"$in.line" | sort | uniq -c | awk '{ print $2 }' | head -1)" \
		opted_out
	assert_equal "$(jq -r 'select(.what == "sent" and .channel ==
		"whatsapp") | .message' "$in.line")" ''
	printf '100%% decline after email\n' >"$in.assume"
	simulate -j --assume "$in.assume" >"$in.line"
	assert_equal "$(jq -rs 'last.summary | [.sent, .answer] | join(" ")' \
		"$in.line")" '6 6'
}

@test "--simulate: wrong times and lines are told" {
	run -64 omni-escalate --simulate 2026-11-23
	assert_output --partial 'not like 2026-11-20T00:00Z..2026-11-27T00:00Z, the earlier time first'
	run -64 omni-escalate --simulate 2026-11-27T00:00Z..2026-11-20T00:00Z
	run -64 omni-escalate -j
	run -64 omni-escalate --assume x
	echo '30% confirm by sms' >"$in"
	run -65 simulate --assume "$in"
	assert_output --partial "$in:1: not like"
	# As a person writes it.
	appointment a 2026-11-24T18:00
	printf '# who\nb confirm at 2026-11-24T10:00:00-06:00\n' >"$in"
	run -65 simulate --assume "$in"
	assert_output 'omni-escalate: --assume, line 2: there is no reminder b'
	echo '100 % confirm after SMS' >"$in"
	run -0 simulate --assume "$in"
	assert_line --regexp ' answer +sms .*\(confirmed\)$'
	for line in '% confirm after sms' '30 % % confirm after sms' \
	    '101 % confirm after sms'; do
		echo "$line" >"$in"
		run -65 simulate --assume "$in"
	done
	run -66 simulate --assume "$in.none"
	run -74 bash -c 'omni-escalate --simulate 2026-11-23T00:00Z..2026-11-24T00:00Z >/dev/full'
}

@test "the last step fails, and no flag comes after it: staff is told all the same" {
	ladder '-24h whatsapp'
	appointment a 2026-11-24T18:00
	appointment b 2026-11-24T18:10
	cycle 23T18:10
	receipt a.r1/1 delivered
	receipt b.r1/1 failed
	receipt b.r1/1 failed
	assert_equal "$(sql 'SELECT kind, reminder, person FROM open_flag')" \
	    'unreachable|b|Persona b'
	omni-ledger resolve "$(sql 'SELECT flag FROM open_flag')"
	receipt b.r1/1 failed
	# Who is asked and says nothing is no reason, once it is over.
	cycle 24T18:30
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	at 2026-11-24T09:00:00-06:00
	# The provider itself refuses it: no such user.
	printf '#!/bin/sh\ncat >/dev/null\nexit 67\n' >"$in.sendmail"
	chmod +x "$in.sendmail"
	sed -i "s,^kind = maildir,kind = sendmail,;
	    s,^path = ../spool/Maildir,path = $in.sendmail," "$OMNI_CONF"
	ladder '-24h email'
	appointment f 2026-11-25T09:00
	cycle 24T09:00
	assert_equal "$(sql 'SELECT kind, reminder, reason FROM open_flag')" \
	    'unreachable|f|address'
	omni-ledger resolve "$(sql 'SELECT flag FROM open_flag')"
	# Opted out, or too late, before it went.
	ladder '-24h sms'
	for id in c d; do
		appointment "$id" 2026-11-25T18:00
	done
	at 2026-11-24T18:00:00-06:00
	omni-escalate | omni-normalize | omni-route | omni-render |
		omni-queue -q
	omni-queue -q hold d.r1/1
	jq -nc '{id: "c-c", opt_out: ["sms"]}' | omni-contact import -q
	sed -i 's/^\[ladder/[quiet]\nstart = 00:00\nend = 00:00\n\n&/' "$OMNI_CONF"
	omni-send-sms -q
	assert_equal "$(sql "SELECT kind, reminder FROM open_flag")" \
	    'unreachable|c'
	at 2026-11-25T18:00:00-06:00
	omni-send-sms -q
	assert_equal "$(sql 'SELECT kind, reminder, reason FROM open_flag' |
	    tail -1)" 'unreachable|d|too late'
	verified
}
