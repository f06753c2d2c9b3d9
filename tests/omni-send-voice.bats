#!/usr/bin/env bats
# Calls: made through the simulator, whose Twilio calls our web server back.
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	load npm
	load servers
	server='' web=''
	# 17:00 in Mexico City.
	make_ledger 2026-11-23T23:00:00Z
	sim=$BATS_TEST_TMPDIR/sim
	export TWILIO_AUTH_TOKEN=simulator-token
	cat >>"$OMNI_CONF" <<-'END'

	[channel voice]
	type = voice
	provider = twilio
	from = +525587654321
	cost = 0.20
	per_hour = 100000
	per_day = 100000
	END
	sed -i '/^step\.[1-5]/d' "$OMNI_CONF"
	sed -i '/^\[ladder appointment\]/a step.1 = -24h voice\nstep.2 = +3h sms\nstep.3 = -1h flag' \
		"$OMNI_CONF"
	form='application/x-www-form-urlencoded; charset=UTF-8'
}

teardown() {
	stop_server
	stop_web
}

# simulate [OPTION]...: Twilio is played from here on
simulate() {
	play "$sim" --callback-delay 0 "$@"
	sed -i "/^auth_token/a base_url = $url\ntimeout = 2s" "$OMNI_CONF"
}

# serve: the CGI below a web server, at $base
serve() {
	serve_ingest "$ROOT/bin/omni-ingest" OMNI_NOW TWILIO_AUTH_TOKEN
}

# hung_up: waits until the simulator has told all that it had to
hung_up() {
	local i
	for ((i = 0; i < 400; i++)); do
		[ "$(curl -sS "$url/_control" | jq .callbacks.waiting)" != 0 ] ||
			return 0
		sleep 0.05
	done
	return 1
}

# calls: what is due is called, until all have hung up; and the drain
calls() {
	run -0 omni-send-voice -q
	assert_output ''
	hung_up
	run -0 --separate-stderr omni-ingest
}

# appointment ID AT CONTACT PHONE [LANGUAGE]: its first step is queued
appointment() {
	jq -cn --arg id "$1" --arg at "$2" --arg contact "$3" --arg phone "$4" \
		--arg language "${5-es}" '{id: $id, type: "appointment",
		at: $at, contact: {id: $contact, name: "Ana", phone: $phone,
		language: $language},
		vars: {owner_name: "Ana", pet_name: "Luna"}}' >"$in"
	run -0 omni-schedule -q <"$in"
	due
}

# due: what omni-escalate finds goes through the pipe
due() {
	omni-escalate >"$in"
	omni-normalize <"$in" >"$in.1"
	omni-route <"$in.1" >"$in.2" || [ $? -eq 1 ]
	omni-render <"$in.2" >"$in.3"
	omni-queue -q <"$in.3"
}

# queue ID TO [JQ]
queue() {
	jq -cn --arg id "$1" --arg to "$2" '{id: $id, channel: "voice",
		account: "voice", to: $to, text: "Hola, su pedido llegó.",
		class: "alert", route: {}, cost: "0.20",
		expires_at: "2026-12-30T00:00:00Z"} | '"${3-.}" >"$in"
	run -0 omni-queue -q <"$in"
}

reminder() {
	sql "SELECT state FROM reminder WHERE id = '$1'"
}

accepted() {
	wc -l <"$sim/accepted.ndjson"
}

# signed PATH QUERY NAME=VALUE...: the CGI is asked as Twilio would
signed() {
	local path=$1 query=$2 pair data body signature
	shift 2
	data=https://hooks.example.com/omni$path${query:+?$query}
	while IFS= read -r -d '' pair; do
		data+=${pair%%=*}${pair#*=}
	done < <(printf '%s\0' "$@" | sort -z)
	body=$(jq -rn '$ARGS.positional | map(capture("(?<k>[^=]*)=(?<v>.*)") |
		.k + "=" + (.v | @uri)) | join("&")' --args "$@")
	signature=$(printf %s "$data" | openssl dgst -sha1 -binary \
		-hmac "$TWILIO_AUTH_TOKEN" | base64)
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO="$path" QUERY_STRING="$query" \
		CONTENT_TYPE="$form" CONTENT_LENGTH="${#body}" \
		HTTP_X_TWILIO_SIGNATURE="${SIGNATURE-$signature}" \
		omni-ingest <"$BATS_TEST_TMPDIR/body"
}

# key DIGITS REFERENCE [QUERY [NAME=VALUE]...]: a key is pressed in the call
key() {
	local digits=$1 query=ref=${2//\//%2F}${3:+&$3}
	shift 2
	[ $# -eq 0 ] || shift
	signed /twilio/voice "$query" To=+525512345678 From=+525587654321 \
		CallSid=CA00000000000000000000000000000001 \
		CallStatus=in-progress "Digits=$digits" "$@"
}

# fate STATUS NUMBER REFERENCE [NAME=VALUE]...: what becomes of that call
fate() {
	local status=$1 number=$2 query=ref=${3//\//%2F}
	shift 3
	signed /twilio/call "$query" To=+525512345678 From=+525587654321 \
		CallSid=CA00000000000000000000000000000001 \
		"CallStatus=$status" "SequenceNumber=$number" "$@"
	assert_line --index 0 $'Status: 204 No Content\r'
}

# well_formed: each TwiML that the simulator got is well-formed, as Python reads it
well_formed() {
	jq -r 'select(.form.Twiml) | .form.Twiml' "$sim/requests.ndjson" |
		python3 -c 'import sys, xml.dom.minidom
lines = sys.stdin.read().split("<?xml")[1:]
assert lines
for text in lines:
    xml.dom.minidom.parseString(("<?xml" + text).encode())'
}

# --------------------------------------------------------- from end to end

@test "through a web server: 1 confirms, 2 declines, 3 is called back (Inv. 4, 5)" {
	serve
	simulate --callback-to "$base" --answer +525512345671=digits:1 \
		--answer +525512345672=digits:2 --answer +525512345673=digits:3
	appointment a1 2026-11-24T16:30 c1 5512345671
	appointment a2 2026-11-24T16:30 c2 5512345672
	appointment a3 2026-11-24T16:30 c3 5512345673 en
	calls
	assert_equal "$(sql "SELECT group_concat(DISTINCT status) FROM message
		WHERE direction = 'outbound'")" delivered
	assert_equal "$(reminder a1) $(reminder a2) $(reminder a3)" \
		'confirmed declined open'
	assert_equal "$(sql 'SELECT reason FROM reminder WHERE id = '"'a1'")" \
		'voice answer'
	assert_equal "$(sql 'SELECT kind, reminder, reason FROM open_flag
		ORDER BY 2')" 'declined|a2|cannot come: find another time
call_back|a3|asks to be called back'
	assert_equal "$(sql 'SELECT text, understood_as, reminder FROM inbox
		ORDER BY 3')" '1|confirm|a1
2|decline|a2
3|call_back|a3'
	# Who confirmed is called no more; who wants a call is still reminded.
	assert_equal "$(sql "SELECT count(*) FROM reminder WHERE next_due_at IS
		NULL")" 2
	assert_equal "$(find "$SITE/spool/inbound/new" -type f | wc -l)" 0
	well_formed
	verified
}

@test "nothing is pressed: asked once more, and then a goodbye" {
	serve
	simulate --callback-to "$base" --answer +525512345671=digits:-1 \
		--answer +525512345672=digits:77
	appointment a1 2026-11-24T16:30 c1 5512345671
	appointment a2 2026-11-24T16:30 c2 5512345672
	appointment a3 2026-11-24T16:30 c3 5512345673
	calls
	assert_equal "$(reminder a1) $(reminder a2) $(reminder a3)" \
		'confirmed open open'
	assert_equal "$(jq -rs 'map(select(.kind == "other")) | length' \
		<<<"$output")" 5
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 1
	verified
}

@test "an answering machine confirms nothing; the ladder goes on (Inv. 6)" {
	serve
	simulate --callback-to "$base" --answer +525512345671=machine \
		--answer +525512345672=fax
	appointment a1 2026-11-24T16:30 c1 5512345671
	appointment a2 2026-11-24T16:30 c2 5512345672
	calls
	assert_equal "$(reminder a1) $(reminder a2)" 'open open'
	assert_equal "$(sql 'SELECT state, status, delivered_at, reason FROM
		message ORDER BY id')" 'sent|sent||
failed|failed||fax'
	# In its own time for the one, at once for the other.
	assert_equal "$(sql 'SELECT next_step, next_due_at FROM reminder
		ORDER BY id')" "2|2026-11-24T02:00:00Z
2|$OMNI_NOW"
	verified
}

@test "a key where Twilio heard a machine: staff is told, nothing is confirmed (Inv. 6)" {
	simulate --callbacks off
	appointment a1 2026-11-24T16:30 c1 5512345678
	run -0 omni-send-voice -q
	key 1 a1.r1/1.1 lang=es AnsweredBy=machine_start
	assert_line --partial '<Response><Hangup/></Response>'
	refute_output --partial 'Gracias'
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -c '[.pressed, .answered_by, .intent, .action,
		.reminder]' <<<"$output")" \
		'["unclear","machine_start","unclear","flagged","a1"]'
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql 'SELECT kind, reminder, contact, reason FROM
		flag WHERE resolved_at IS NULL')" \
		'unclear_reply|a1|c1|a key was pressed, but Twilio heard a machine: ask'
	assert_equal "$(sql 'SELECT text, understood_as FROM inbox')" \
		'1|unclear'
	# The ladder goes on; the same request once more is no news.
	assert_equal "$(sql 'SELECT next_step FROM reminder')" 2
	key 1 a1.r1/1.1 lang=es AnsweredBy=machine_start
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 1
	# No key is none here, too.
	key '' a1.r1/1.1 'lang=es&n=2' AnsweredBy=machine_end_other
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .kind <<<"$output")" other
	# Of the old time of an appointment that has moved.
	appointment a1 2026-11-24T16:45 c1 5512345678
	key 2 a1.r1/1.1 'lang=es&n=2' AnsweredBy=machine_end_beep \
		CallSid=CA00000000000000000000000000000007
	run -0 omni-ingest -q
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql "SELECT reason FROM open_flag WHERE kind =
		'late_reply'")" 'the appointment has moved since that message'
	verified
}

@test "busy, no answer, failed, canceled: the next step comes forward" {
	local what
	serve
	simulate --callback-to "$base" --answer +525512345671=busy \
		--answer +525512345672=no-answer \
		--answer +525512345673=failed --answer +525512345674=canceled
	for what in 1 2 3 4; do
		appointment "a$what" 2026-11-24T16:30 "c$what" "551234567$what"
	done
	calls
	assert_equal "$(sql 'SELECT state, status, reason FROM message
		ORDER BY id')" 'failed|failed|busy
failed|failed|no_answer
failed|failed|call_failed
failed|failed|canceled'
	assert_equal "$(sql "SELECT group_concat(DISTINCT next_due_at) FROM
		reminder")" "$OMNI_NOW"
	due
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state =
		'queued' AND channel = 'sms' AND step = 2")" 4
	assert_equal "$(sql "SELECT reason FROM failed_message WHERE id =
		'a1.r1/1'")" busy
	verified
}

@test "a message outside a ladder that nobody answers takes its next channel" {
	serve
	simulate --callback-to "$base" --answer +525512345678=no-answer
	queue m1 +525512345678 '.fallback = ["sms"] |
		.contact = {phone: "5512345678"}'
	calls
	assert_equal "$(state m1)" 'failed|no_answer'
	run -0 omni-escalate
	assert_equal "$(jq -r '[.id, .parent, .channel] | join(" ")' \
		<<<"$output")" 'm1/failover.1 m1 sms'
}

@test "callbacks early, twice and in any order: the same in the end (Inv. 4, 5)" {
	serve
	simulate --callback-to "$base" --callback-mode early,twice \
		--answer +525512345671=digits:1
	appointment a1 2026-11-24T16:30 c1 5512345671
	calls
	assert_equal "$(reminder a1)" confirmed
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 1
	curl -sS -o /dev/null -d '{"callbacks":{"mode":"twice,shuffled"}}' \
		"$url/_control"
	queue m1 +525512345675
	calls
	assert_equal "$(sql "SELECT state, status FROM message WHERE id =
		'm1'")" 'sent|delivered'
	assert_equal "$(sql 'SELECT count(*), count(DISTINCT status) FROM event
		WHERE message = '"'m1'")" '4|3'
	verified
}

@test "the whole pipe, to the console and by failover, with a channel of one's own" {
	sed -i '/^\[channel voice\]/,/^from/s/^provider = .*/provider = console/' \
		"$OMNI_CONF"
	echo '{"id":"m1","channel":"voice","template":"order_ready","contact":{"phone":"55 1234 5678","language":"es"},"vars":{"owner_name":"Ana","order_number":"A-7"}}' |
		omni-normalize | omni-route | omni-render >"$in"
	assert_equal "$(jq -c '[.to, .voice, .cost]' "$in")" \
		'["+525512345678",{"language":"es"},"0.20"]'
	# Who reads French gets Spanish, for want of it, and hears Spanish.
	jq -c '.language = "fr" | del(.text, .voice)' "$in" |
		omni-render >"$in.fr"
	assert_equal "$(jq -c '[.language, .voice.language]' "$in.fr")" \
		'["fr","es"]'
	omni-queue -q <"$in"
	run -0 --separate-stderr omni-send-voice
	assert_equal "$(jq -r .result.outcome <<<"$output")" accepted
	assert_regex "$stderr" 'voice to \+525512345678 .*Su pedido A-7 ya está listo'
}

# ----------------------------------------------------------- webhooks alone

@test "what is not signed by Twilio is answered 403, and says and keeps nothing (Inv. 11)" {
	SIGNATURE=wrong key 1 a1.r1/1.1
	assert_line --index 0 $'Status: 403 Forbidden\r'
	refute_output --partial '<Say'
	SIGNATURE='' signed /twilio/call ref=a1.r1%2F1.1 CallSid=CA1 \
		CallStatus=completed
	assert_line --index 0 $'Status: 403 Forbidden\r'
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET \
		PATH_INFO=/twilio/voice omni-ingest
	assert_line --index 0 $'Status: 405 Method Not Allowed\r'
	assert_line --index 1 $'Allow: POST\r'
	run ! ls "$SITE"/spool/inbound/new/*
}

@test "the answer to a key comes at once, and only after it is kept (Inv. 2)" {
	key 1 a1.r1/1.1 lang=es AnsweredBy=human
	assert_line --index 1 $'Content-Type: text/xml\r'
	assert_line --partial 'Gracias. Anotamos su confirmación.'
	assert_equal "$(find "$SITE/spool/inbound/new" -type f | wc -l)" 1
	key 2 a1.r1/1.1 lang=en
	assert_line --partial '<Say language="en-US">Thank you. We have noted that you cannot come.'
	key '' a1.r1/1.1 lang=es
	assert_line --partial '/twilio/voice?ref=a1.r1%2F1.1&amp;lang=es&amp;n=2#rc=5&amp;rp=all'
	assert_line --partial 'Para confirmar, oprima uno.'
	key '' a1.r1/1.1 'lang=es&n=2'
	assert_line --partial 'No recibimos respuesta.'
	rm -rf "$SITE/spool/inbound"
	echo 'not a directory' >"$SITE/spool/inbound"
	key 1 a1.r1/1.1 lang=es
	assert_line --index 0 $'Status: 503 Service Unavailable\r'
	refute_output --partial Gracias
}

@test "sentences of the site's own, and of another language" {
	printf '%s\n' '[speech es]' 'menu = Marque 1, 2 o 3.' '[speech fr]' \
		'menu = Tapez 1, 2 ou 3.' 'confirmed = Merci.' \
		'declined = Bien.' 'call_back = Oui.' 'goodbye = Adieu.' \
		>>"$OMNI_CONF"
	key 7 a1.r1/1.1 lang=es
	assert_line --partial 'Marque 1, 2 o 3.'
	key 3 a1.r1/1.1 lang=fr-CA
	assert_line --partial '<Say language="fr-FR">Oui.</Say>'
	sed -i '/^goodbye = Adieu/d' "$OMNI_CONF"
	run -78 omni-ingest
	assert_output --partial '[speech fr] has no goodbye'
}

@test "a key in a call about the old time of an appointment confirms nothing (Inv. 6)" {
	simulate --callbacks off
	appointment a1 2026-11-24T16:30 c1 5512345678
	run -0 omni-send-voice -q
	appointment a1 2026-11-24T16:45 c1 5512345678
	key 1 a1.r1/1.1 lang=es
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .action <<<"$output")" flagged
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql 'SELECT kind, reason FROM open_flag')" \
		'late_reply|the appointment has moved since that message'
	verified
}

@test "of two appointments of one telephone the one that the call was about (Inv. 6)" {
	simulate --callbacks off
	appointment a1 2026-11-24T16:30 c1 5512345678
	appointment a2 2026-11-24T16:45 c2 5512345678
	run -0 omni-send-voice -q
	at 2026-11-23T23:06:00Z
	run -0 omni-send-voice -q
	assert_equal "$(states)" 'sent 2'
	key 1 a2.r1/1.1 lang=es
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r '[.reminder, .contact] | join(" ")' \
		<<<"$output")" 'a2 c2'
	assert_equal "$(reminder a1) $(reminder a2)" 'open confirmed'
	# Another call, but a message that is not known: nothing is guessed.
	signed /twilio/voice ref=a9.r1%2F1.1 To=+525512345678 \
		From=+525587654321 CallSid=CA00000000000000000000000000000009 \
		Digits=1
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .action <<<"$output")" none
	assert_equal "$(reminder a1)" open
	verified
}

@test "a key counts although the sender never learned of the call (Inv. 2, 3)" {
	simulate --callbacks off --fault drop_after=1
	appointment a1 2026-11-24T16:30 c1 5512345678
	run omni-send-voice -q
	assert_equal "$(state a1.r1/1)" 'in_doubt|no answer'
	key 1 a1.r1/1.1 lang=es
	run -0 omni-ingest -q
	assert_equal "$(reminder a1)" confirmed
	# What became of it settles the doubt.
	fate completed 3 a1.r1/1.1 AnsweredBy=human
	run -0 omni-ingest -q
	assert_equal "$(sql "SELECT state, status FROM message WHERE id =
		'a1.r1/1'")" 'sent|delivered'
	assert_equal "$(accepted)" 1
	verified
}

@test "a rehearsal says nothing of whom the call was for (Inv. 6)" {
	simulate --callbacks off
	appointment a1 2026-11-24T16:30 c1 5512345678
	run -0 omni-send-voice -q -o test.redirect=+525599999999
	assert_equal "$(jq -r .to "$sim/accepted.ndjson")" +525599999999
	signed /twilio/voice ref=a1.r1%2F1.1 To=+525599999999 \
		From=+525587654321 CallSid=CA00000000000000000000000000000001 \
		Digits=1
	run -0 omni-ingest -q
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql 'SELECT kind, reason, reminder FROM open_flag')" \
		"late_reply|a rehearsal: the call went to another number than the person's|"
	verified
}

@test "a rehearsal whose callback lost our reference confirms nobody either (Inv. 6)" {
	local sid
	simulate --callbacks off
	appointment a1 2026-11-24T16:30 c1 5512345678
	run -0 omni-send-voice -q -o test.redirect=+525599999999
	sid=$(sql 'SELECT provider_id FROM attempt')
	assert_regex "$sid" '^CA[0-9a-f]{32}$'
	signed /twilio/voice '' To=+525599999999 From=+525587654321 \
		CallSid="$sid" Digits=1
	run -0 omni-ingest -q
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql 'SELECT kind, reminder FROM open_flag')" \
		'late_reply|'
	verified
	# The id may be known by a receipt alone.
	rm -f "$SITE"/spool/ledger.db*
	omni-ledger init
	faults '{"drop_after":1}'
	appointment a1 2026-11-24T16:30 c1 5512345678
	run omni-send-voice -q -o test.redirect=+525599999999
	assert_equal "$(sql 'SELECT state, provider_id FROM attempt')" \
		'in_doubt|'
	signed /twilio/call ref=a1.r1%2F1.1 To=+525599999999 \
		From=+525587654321 CallStatus=ringing SequenceNumber=1 \
		CallSid=CA00000000000000000000000000000003
	run -0 omni-ingest -q
	signed /twilio/voice '' To=+525599999999 From=+525587654321 \
		CallSid=CA00000000000000000000000000000003 Digits=1
	run -0 omni-ingest -q
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql 'SELECT kind, reminder FROM open_flag')" \
		'late_reply|'
	verified
}

# ------------------------------------------------------------- never twice

@test "a lost answer is looked up in the list, and nobody is called twice (Inv. 3)" {
	local fault
	simulate --callbacks off
	for fault in drop_after timeout_after error_500_after malformed half huge; do
		at 2026-11-23T23:00:00Z
		rm -f "$SITE"/spool/ledger.db*
		omni-ledger init
		curl -sS -o /dev/null -X DELETE "$url/_control"
		: >"$sim/accepted.ndjson"
		queue m1 +525512345671
		queue m2 +525512345672
		faults "{\"$fault\":1}"
		run omni-send-voice -q
		assert_equal "$fault $(states)" "$fault in_doubt 2"
		faults null
		at 2026-11-23T23:02:00Z
		run -0 omni-send-voice -q
		assert_equal "$fault $(states)" "$fault sent 2"
		assert_equal "$fault $(accepted)" "$fault 2"
		verified
	done
}

@test "a call of that hour that may be another's is staff's to judge (Inv. 3)" {
	simulate --callbacks off --fault drop_after=1
	queue m1 +525512345671
	run omni-send-voice -q
	faults null
	# To Twilio it was a moment ago, to us half an hour.
	at 2026-11-23T23:30:00Z
	run -0 omni-send-voice -q -o 'channel voice.doubt=resend'
	assert_equal "$(state m1)" 'failed|in doubt'
	assert_equal "$(sql "SELECT reason FROM flag WHERE message = 'm1'")" \
		'may have been sent: the provider has one like it, of another time or sender'
	assert_equal "$(accepted)" 1
}

@test "what Twilio never got is called when the list has settled" {
	simulate --callbacks off --fault drop_before=1
	queue m1 +525512345671
	run omni-send-voice -q
	assert_equal "$(states)" 'in_doubt 1'
	faults null
	at 2026-11-23T23:02:01Z
	# Settled, but nobody is called again within five minutes.
	run omni-send-voice -q
	assert_equal "$(state m1)" "queued|recipient's pause between two"
	at 2026-11-23T23:05:01Z
	run -0 omni-send-voice -q
	assert_equal "$(states)" 'sent 1'
	assert_equal "$(accepted)" 1
	verified
}

@test "two calls to one number are five minutes apart" {
	simulate --callbacks off
	queue m1 +525512345671
	queue m2 +525512345671
	run omni-send-voice -q
	assert_equal "$(states)" 'queued 1 sent 1'
	assert_equal "$(sql "SELECT due_at, reason FROM message WHERE state =
		'queued'")" "2026-11-23T23:05:00Z|recipient's pause between two"
	at 2026-11-23T23:05:00Z
	run -0 omni-send-voice -q
	assert_equal "$(states)" 'sent 2'
}

@test "two numbers of ours do not call one person at once" {
	simulate --callbacks off
	printf '%s\n' '' '[channel voice2]' 'type = voice' 'provider = twilio' \
		'from = +525587654322' 'per_hour = 100000' 'per_day = 100000' \
		>>"$OMNI_CONF"
	queue m1 +525512345671
	queue m2 +525512345671 '.account = "voice2"'
	queue m3 +525512345672 '.account = "voice2"'
	run omni-send-voice -q
	assert_equal "$(state m2)" "queued|recipient's pause between two"
	assert_equal "$(states)" 'queued 1 sent 2'
	at 2026-11-23T23:05:00Z
	run -0 omni-send-voice -q
	assert_equal "$(states)" 'sent 3'
}

@test "a bad line to the provider: each is called exactly once (Inv. 2, 3)" {
	local minute n=${SEND_CALLS-60}
	simulate --callbacks off --fault timeout_after=0.05 \
		--fault error_500=0.03 --fault error_500_after=0.03 \
		--fault drop_before=0.03 --fault drop_after=0.03 \
		--fault error_429=0.03
	jq -cn --argjson n "$n" 'range($n) | {id: "m\(.)", channel: "voice",
		account: "voice", to: "+52551\(1000000 + .)", text: "Hola",
		class: "alert", route: {},
		expires_at: "2026-12-30T00:00:00Z"}' | omni-queue -q
	for minute in 00 02 06 08 12 14 18 20 24 26 30 32 36 38 42 44 48; do
		at "2026-11-23T23:$minute:00Z"
		run omni-send-voice -q -o 'provider twilio.timeout=1s'
		[ "$(states)" != "sent $n" ] || break
	done
	assert_equal "$(states)" "sent $n"
	assert_equal "$(accepted)" "$n"
	run -0 jq -s 'group_by(.to) | map(length) | max' "$sim/accepted.ndjson"
	assert_output 1
	verified
}

# ------------------------------------------------ quiet hours and marketing

@test "nobody is called in quiet hours, whatever the class (Inv. 6)" {
	# 23:00 in Mexico City: an alert goes by SMS, and a call waits.
	at 2026-11-24T05:00:00Z
	echo '{"id":"m1","class":"alert","channel":"sms","text":"x","contact":{"phone":"5512345678"}}
	{"id":"m2","class":"alert","channel":"voice","text":"x","contact":{"phone":"5512345678"}}
	{"id":"m3","class":"transactional","channel":"voice","text":"x","contact":{"phone":"5512345678","preferences":{"quiet_start":"20:00","quiet_end":"10:30"}}}' |
		omni-normalize >"$in"
	omni-route <"$in" >"$in.routed"
	assert_equal "$(jq -c '[.channel, .not_before, .route.waits.for]' \
		"$in.routed")" '["sms","2026-11-24T05:00:00Z",null]
["voice","2026-11-24T15:00:00Z","quiet hours"]
["voice","2026-11-24T16:30:00Z","quiet hours"]'
	# Queued in the afternoon, and looked at in the night.
	at 2026-11-23T23:00:00Z
	simulate --callbacks off
	queue m1 +525512345671
	queue m2 +525512345672 '.expires_at = "2026-11-24T14:00:00Z"'
	at 2026-11-24T05:00:00Z
	run -0 omni-send-voice -q
	assert_equal "$(sql "SELECT state, reason, due_at FROM message WHERE
		id = 'm1'")" 'queued|quiet hours|2026-11-24T15:00:00Z'
	assert_equal "$(state m2)" 'expired|too late'
	assert_equal "$(accepted)" 0
	at 2026-11-24T15:00:00Z
	run -0 omni-send-voice -q
	assert_equal "$(state m1)" 'sent|'
}

@test "what cannot wait for the morning takes another channel than a call" {
	at 2026-11-24T05:00:00Z
	echo '{"id":"m1","class":"alert","text":"x","expires_at":"2026-11-24T12:00:00Z","contact":{"phone":"5512345678"}}' |
		omni-normalize >"$in"
	run -0 omni-route -o 'class alert.channels=voice sms' <"$in"
	assert_equal "$(jq -r .channel <<<"$output")" sms
	assert_equal "$(jq -c '.route.considered[0]' <<<"$output")" \
		'{"channel":"voice","verdict":"refused","reason":"nobody is called in quiet hours, and after them it is too late"}'
	sed 's/"class"/"channel":"voice","class"/' "$in" >"$in.wish"
	run -1 --separate-stderr omni-route <"$in.wish"
	assert_equal "$(jq -r .error.code <<<"$output")" unreachable
	# A holiday of the class is waited for besides.
	echo '11-24 Fiesta' >"$SITE/etc/holidays"
	sed -i '/^\[paths\]/a holidays = holidays' "$OMNI_CONF"
	echo '{"id":"m2","class":"announcement","channel":"voice","text":"x","contact":{"phone":"5512345678"}}' |
		omni-normalize >"$in"
	run -0 omni-route <"$in"
	assert_equal "$(jq -c '[.not_before, .route.waits.for]' \
		<<<"$output")" '["2026-11-25T15:00:00Z","quiet hours; holiday: Fiesta"]'
}

@test "marketing is never spoken: not by configuration, route or gate (Inv. 6)" {
	local topic
	run -78 omni-status -o 'class marketing.channels=email voice'
	assert_output --partial '[class marketing] channels: voice: marketing is never spoken'
	for topic in '"class":"marketing"' \
	    '"class":"alert","topic":"promotion"'; do
		echo "{\"id\":\"m1\",$topic,\"channel\":\"voice\",\"text\":\"x\",\"contact\":{\"phone\":\"5512345678\"}}" |
			omni-normalize >"$in"
		run -1 --separate-stderr omni-route -o 'topic promotion.default=yes' \
			-o 'topic marketing.default=yes' <"$in"
		assert_regex "$stderr" 'voice: marketing is never spoken'
	done
	simulate --callbacks off
	queue m1 +525512345671 '.class = "marketing"'
	queue m2 +525512345672 '.topic = "promotion"'
	run -0 omni-send-voice -q -o 'topic promotion.default=yes' \
		-o 'topic marketing.default=yes'
	assert_equal "$(state m1)" 'cancelled|marketing is never spoken'
	assert_equal "$(state m2)" 'cancelled|marketing is never spoken'
	assert_equal "$(accepted)" 0
	verified
}

@test "a landline is called; who wants no calls is not" {
	simulate --callbacks off
	echo '{"id":"m1","channel":"voice","text":"x","class":"alert","contact":{"phone":"+34 912 345 678"}}' |
		omni-normalize | omni-route | omni-render >"$in"
	assert_equal "$(jq -r '[.address.voice.line, .to] | join(" ")' "$in")" \
		'fixed_line +34912345678'
	omni-queue -q <"$in"
	run -0 omni-send-voice -q
	assert_equal "$(states)" 'sent 1'
	appointment a1 2026-11-24T16:30 c1 5512345678
	run -0 omni-contact opt-out -q c1 --scope voice --by Eva \
		--how 'by telephone'
	run -0 omni-send-voice -q
	assert_regex "$(state a1.r1/1)" '^cancelled.opted out .channel:voice.'
	# Its ladder goes on at once.
	assert_equal "$(sql "SELECT next_due_at FROM reminder")" "$OMNI_NOW"
}

@test "what was queued for another type is a call all the same when it is spoken (Inv. 6)" {
	simulate --callbacks off
	echo '{"id":"c1","phone":"5512345671"}' | omni-contact import -q
	run -0 omni-contact opt-out -q c1 --scope voice --by Eva \
		--how 'by telephone'
	# A text of the night, for somebody who wants no calls, and marketing.
	for id in m1 m2 m3; do
		jq -cn --arg id "$id" '{id: $id, channel: "sms", account:
			"voice", to: "+52551234567\($id[1:])", text: "Hola",
			class: (if $id == "m3" then "marketing" else "alert"
			end), route: {}, expires_at: "2026-12-30T00:00:00Z"}'
	done >"$in"
	run -1 --separate-stderr omni-queue -q <"$in"
	assert_regex "$stderr" 'm1: \[channel voice\] is for voice, not for sms'
	# The channel was one of SMS when they were queued.
	run -0 omni-queue -q -o 'channel voice.type=sms' <"$in"
	at 2026-11-24T05:00:00Z
	run -0 omni-send-voice -q -o 'topic marketing.default=yes'
	assert_regex "$(state m1)" '^cancelled.opted out .channel:voice.'
	assert_equal "$(state m2)" 'queued|quiet hours'
	assert_equal "$(state m3)" 'cancelled|marketing is never spoken'
	assert_equal "$(accepted)" 0
	verified
}

# -------------------------------------------------------------- wrong input

@test "what Twilio refuses: the country, the number, the blocklist, our own number" {
	simulate --callbacks off --answer +525512345679=21210
	queue m1 +15005550001
	queue m2 +15005550002
	queue m3 +15005550003
	queue m4 +15005550004
	run -0 omni-send-voice -q
	assert_output --partial 'not authorized to call this country'
	assert_equal "$(sql 'SELECT m.id, m.state, a.outcome, a.code FROM
		message m JOIN attempt a ON a.message = m.id ORDER BY 1')" \
		'm1|failed|address|21211
m2|failed|refused|21214
m3|failed|refused|21215
m4|failed|refused|21216'
	queue m5 +525512345679
	run -78 omni-send-voice -q
	assert_output --partial 'nothing more is sent until this is mended'
	assert_equal "$(state m5)" "queued|the provider's set-up"
	queue m6 +525512345680
	run -78 omni-send-voice -q -o 'channel voice.from=Clinica'
	assert_output --partial '[channel voice] from: not a number'
	run -78 omni-send-voice -q -o 'channel voice.ring=25s'
	assert_output --partial '[channel voice] ring: not 5s to 24s'
	run -64 omni-send-voice sms
}

@test "a text that is too long, or cannot be said, is refused with the field (Inv. 10)" {
	simulate --callbacks off
	queue m1 +525512345671 '.text = "x" * 4000'
	queue m2 +525512345672 '.text = "🐶"'
	run -0 omni-send-voice -q
	assert_line --regexp 'm1: attempt 1: refused: text: 40[0-9]+ characters with all that goes around it; Twilio takes at most 4000'
	assert_line --partial 'm2: attempt 1: refused: text: nothing that could be said'
	assert_equal "$(states)" 'failed 2'
	assert_equal "$(accepted)" 0
}

# ----------------------------------------------------------------- the TwiML

@test "every template of the checkout is a call that Python's XML parser reads" {
	local template language
	simulate --callbacks off
	# Of the others one waits for approval, and one is for mail alone.
	for template in "$ROOT"/share/templates/[a-z]*_[a-z]*; do
		# These answer what was written.
		case ${template##*/} in
		auto_reply | assist_*) continue ;;
		esac
		for language in es en; do
			jq -cn --arg t "${template##*/}" --arg l "$language" '{
				id: ($t + $l), template: $t, channel: "voice",
				class: "alert", contact: {language: $l, phone:
				"55\(12345000 + ($t + $l | length) * 7 +
				($t + $l | explode | add))"},
				vars: {owner_name: "Rosa <i>&\"Ana\"", pet_name:
				"Luna", at: "2026-11-24T10:30:00-06:00", due_on:
				"2026-11-24", order_number: "A&7", status: "en <camino>",
				branch: "Roma", items: ["A", "B & C"], total:
				"10", vaccine: "Rabia"}}'
		done
	done >"$in.raw"
	omni-normalize <"$in.raw" | omni-route | omni-render >"$in" || :
	assert_equal "$(jq -c 'select(.error) | .error' "$in")" ''
	omni-queue -q <"$in"
	run omni-send-voice -q
	at 2026-11-23T23:06:00Z
	run -0 omni-send-voice -q
	assert_equal "$(accepted)" "$(wc -l <"$in")"
	well_formed
}

@test "Twilio's own library writes the same TwiML, and signs as we read it" {
	need_npm twilio
	simulate --callback-dir "$BATS_TEST_TMPDIR/told" \
		--answer +525512345678=digits:1
	appointment a1 2026-11-24T16:30 c1 5512345678
	run -0 omni-send-voice -q -o 'channel voice.voice=Polly.Mia-Neural'
	hung_up
	jq -r 'select(.form.Twiml) | .form.Twiml' "$sim/requests.ndjson" \
		>"$in.xml"
	cat >"$BATS_TEST_TMPDIR/same.js" <<-'END'
	const fs = require('fs'), twilio = require('twilio');
	const [xml, text, menu, token, dir] = process.argv.slice(2);
	const say = { language: 'es-MX', voice: 'Polly.Mia-Neural' };
	const response = new twilio.twiml.VoiceResponse();
	const gather = response.gather({ input: 'dtmf', numDigits: 1, timeout: 6,
	  actionOnEmptyResult: true, method: 'POST',
	  action: 'https://hooks.example.com/omni/twilio/voice' +
	    '?ref=a1.r1%2F1.1&lang=es#rc=5&rp=all' });
	gather.say(say, text);
	gather.pause({ length: 1 });
	gather.say(say, menu);
	const ours = fs.readFileSync(xml, 'utf8').trimEnd();
	if (response.toString() !== ours) {
	  console.log(response.toString() + '\n' + ours);
	  process.exit(1);
	}
	let count = 0;
	for (const name of fs.readdirSync(dir)) {
	  const [head, body] = fs.readFileSync(dir + '/' + name, 'utf8')
	    .split('\r\n\r\n');
	  const path = head.split(' ')[1];
	  const signature = /X-Twilio-Signature: (.*)/.exec(head)[1].trim();
	  if (!twilio.validateRequest(token, signature,
	    'https://hooks.example.com' + path,
	    Object.fromEntries(new URLSearchParams(body)))) {
	    console.log(name, head);
	    process.exit(1);
	  }
	  count++;
	}
	console.log(count + ' signed');
	END
	run -0 node "$BATS_TEST_TMPDIR/same.js" "$in.xml" \
		"$(sql "SELECT b.body ->> '$.text' FROM message m JOIN content b
		ON b.key = m.content")" \
		'Para confirmar, oprima uno. Para cancelar, oprima dos. Para que le llamemos, oprima tres.' \
		"$TWILIO_AUTH_TOKEN" "$BATS_TEST_TMPDIR/told"
	assert_output '5 signed'
}

@test "secrets are in nothing that is written (Inv. 11)" {
	simulate --callbacks off
	queue m1 +525512345671
	run -0 omni-send-voice -n
	refute_output --partial "$TWILIO_AUTH_TOKEN"
	run -0 omni-send-voice
	run -1 grep -rlF -e "$TWILIO_AUTH_TOKEN" "$SITE"
}
