#!/usr/bin/env bats
# shellcheck disable=SC2034	# stop_web reads web
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# What Meta sends: the CGI's answers, and what the drain makes of it.
# Each test names the invariants of the design that it proves.

setup() {
	load helper
	load servers
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	export WHATSAPP_APP_SECRET=0123456789abcdef0123456789abcdef
	export WHATSAPP_VERIFY_TOKEN=una-palabra-larga
	cat >>"$OMNI_CONF" <<-'END'

	[provider other]
	kind = whatsapp
	app_secret = env:OTHER_APP_SECRET
	verify_token = env:OTHER_VERIFY_TOKEN

	[provider meta]
	kind = whatsapp
	phone_number_id = 106540352242922
	app_secret = env:WHATSAPP_APP_SECRET
	verify_token = env:WHATSAPP_VERIFY_TOKEN

	[topic marketing]
	class = marketing
	END
	export OTHER_APP_SECRET=another OTHER_VERIFY_TOKEN=otra
	web=
	inbound=$SITE/spool/inbound
	now=$(date -u -d "$OMNI_NOW" +%s)
}

teardown() {
	stop_web
}

# sign: the signature of $body, which is sent as it is
sign() {
	signature=sha256=$(printf %s "$body" | openssl dgst -sha256 -r \
		-hmac "${1-$WHATSAPP_APP_SECRET}" | cut -d ' ' -f 1)
}

# cgi [ENV=VALUE]...: the CGI with $body and $signature
cgi() {
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/whatsapp QUERY_STRING="" \
		CONTENT_TYPE=application/json \
		CONTENT_LENGTH="$(wc -c <"$BATS_TEST_TMPDIR/body")" \
		HTTP_X_HUB_SIGNATURE_256="$signature" "$@" \
		omni-ingest <"$BATS_TEST_TMPDIR/body"
}

# ask_challenge QUERY [ENV=VALUE]...
ask_challenge() {
	local query=$1
	shift
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=GET PATH_INFO=/whatsapp QUERY_STRING="$query" \
		"$@" omni-ingest </dev/null
}

# post [JQ FILTER]: the changes of stdin, one value a line, signed and sent
post() {
	body=$(jq -acs '{object: "whatsapp_business_account",
		entry: [{id: "1", changes: map({field: "messages"} + .)}]}')
	sign
	cgi
	assert_line --index 0 $'Status: 200 OK\r'
}

# status WAMID STATUS SECONDS REFERENCE [CODE]: a change
status() {
	jq -cn '{value: {messaging_product: "whatsapp", statuses: [{
		id: $ARGS.positional[0], status: $ARGS.positional[1],
		timestamp: $ARGS.positional[2],
		recipient_id: "5215512345678",
		biz_opaque_callback_data: $ARGS.positional[3]} +
		if $ARGS.positional[4] then {errors: [{
		code: ($ARGS.positional[4] | tonumber), title: "x"}]}
		else {} end]}}' --args "$@"
}

# message NUMBER FROM SECONDS TYPE CONTENT [MEMBERS]: a change
message() {
	jq -cn --arg id "wamid.I$1" --arg from "$2" --arg at "$3" \
		--arg type "$4" --argjson content "$5" --argjson more \
		"${6-null}" '{value: {metadata: {display_phone_number:
		"15550783881", phone_number_id: "106540352242922"},
		messages: [{id: $id, from: $from, timestamp: $at,
		type: $type, ($type): $content} + $more]}}'
}

# says NUMBER FROM TEXT [SECONDS]: somebody writes
says() {
	message "$1" "$2" "${4-$now}" text \
		"$(jq -cn --arg text "$3" '{body: $text}')" | post
}

# taps NUMBER FROM PAYLOAD TEXT [MEMBERS]: a button is tapped
taps() {
	message "$1" "$2" "$now" button "$(jq -cn --arg payload "$3" \
		--arg text "$4" '{$payload, $text}')" "${5-null}" | post
}

drain() {
	run -0 --separate-stderr omni-ingest
	assert_equal "$stderr" ''
}

# queue ID [NUMBER]: a message by WhatsApp
queue() {
	jq -cn --arg id "$1" --arg to "${2-+525512345678}" '{id: $id,
		channel: "whatsapp", account: "whatsapp", to: $to,
		text: "Hola", class: "alert", route: {},
		whatsapp: {template: {name: "aviso"}},
		expires_at: "2026-11-30T00:00:00Z"}' >"$BATS_TEST_TMPDIR/one"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/one"
}

# appointment ID AT CONTACT PHONE: asked about by WhatsApp
appointment() {
	schedule "$@"
	run omni-run -o 'ladder appointment.step.1=-24h whatsapp' \
		-o 'ladder appointment.step.2=+2h sms'
	[ "$status" -le 1 ]
}

schedule() {
	jq -cn --arg id "$1" --arg at "$2" --arg contact "$3" --arg phone "$4" \
		'{id: $id, type: "appointment", at: $at, contact: {id: $contact,
		name: ("Persona " + $contact), phone: $phone},
		vars: {owner_name: "Ana", pet_name: "Luna"}}' \
		>"$BATS_TEST_TMPDIR/export"
	run -0 omni-schedule -q <"$BATS_TEST_TMPDIR/export"
}

# payload WORD MESSAGE: what the button of that message brings back
payload() {
	sql "SELECT c.body FROM message m JOIN content c ON c.key = m.content
		WHERE m.id = '$2'" | jq -r --arg word "$1" '.whatsapp.template
		.components[] | select(.type == "button") | .parameters[0]
		.payload | select(startswith($word + ":"))'
}

waiting() {
	find "$inbound/new" -type f 2>/dev/null | wc -l
}

reminder() {
	sql "SELECT state FROM reminder WHERE id = '$1'"
}

flags() {
	sql 'SELECT kind, coalesce(reminder, ""), reason FROM open_flag'
}

# --------------------------------------------------------------- challenge

@test "the challenge is answered to who knows a verify_token (Inv. 11)" {
	local q=hub.mode=subscribe
	ask_challenge "$q&hub.challenge=1158201444&hub.verify_token=una-palabra-larga"
	assert_line --index 0 $'Status: 200 OK\r'
	assert_line $'Content-Type: text/plain\r'
	assert_equal "${lines[-1]}" 1158201444
	ask_challenge "$q&hub.challenge=7&hub.verify_token=otra"
	assert_equal "${lines[-1]}" 7
	ask_challenge "$q&hub.challenge=7&hub.verify_token=otr"
	assert_line --index 0 $'Status: 403 Forbidden\r'
	ask_challenge "$q&hub.challenge=7"
	assert_line --index 0 $'Status: 403 Forbidden\r'
	ask_challenge "hub.challenge=7&hub.verify_token=otra"
	assert_line --index 0 $'Status: 403 Forbidden\r'
	ask_challenge ''
	assert_line --index 0 $'Status: 403 Forbidden\r'
	# Nothing but digits ever comes back.
	ask_challenge "$q&hub.challenge=%3Cscript%3E&hub.verify_token=otra"
	assert_line --index 0 $'Status: 403 Forbidden\r'
	refute_output --partial script
	ask_challenge "$q&hub.challenge=7&hub.verify_token=x" \
		OTHER_VERIFY_TOKEN=
	assert_line --index 0 $'Status: 503 Service Unavailable\r'
	assert_equal "$(waiting)" 0
	# Five were no question of ours; the last one was our own fault.
	assert_equal "$(cut -d ' ' -f 2 "$inbound/refused" | sort | uniq -c |
		xargs)" '5 whatsapp'
}

@test "only GET and POST, and Twilio's paths take no GET" {
	ask_challenge '' REQUEST_METHOD=PUT
	assert_line --index 0 $'Status: 405 Method Not Allowed\r'
	assert_line $'Allow: GET, POST\r'
	ask_challenge '' PATH_INFO=/twilio/sms
	assert_line --index 0 $'Status: 405 Method Not Allowed\r'
	assert_line $'Allow: POST\r'
	ask_challenge '' PATH_INFO=/whatsapp/
	assert_line --index 0 $'Status: 404 Not Found\r'
}

# --------------------------------------------------------------- signature

@test "signed by any app: kept as it came; wrongly or not: 403, nothing kept (Inv. 2, 11)" {
	body='{"entry":[],  "n":"\u00f1"}'
	sign
	cgi
	assert_line --index 0 $'Status: 200 OK\r'
	assert_line --index 1 $'Content-Length: 0\r'
	assert_equal "$(waiting)" 1
	assert_equal "$(tail -n 1 "$inbound"/new/*)" "$body"
	run -0 head -n 1 "$inbound"/new/*
	assert_output 'Hook: whatsapp'
	sign another
	cgi
	assert_line --index 0 $'Status: 200 OK\r'
	assert_equal "$(waiting)" 2
	sign nobody
	cgi
	assert_line --index 0 $'Status: 403 Forbidden\r'
	signature=
	cgi
	assert_line --index 0 $'Status: 403 Forbidden\r'
	sign
	signature=${signature#sha256=}
	cgi
	assert_line --index 0 $'Status: 403 Forbidden\r'
	sign
	body='{"entry":[],  "n":"ñ"}'
	cgi
	assert_line --index 0 $'Status: 403 Forbidden\r'
	# Ours is the fault: again, please.
	cgi OTHER_APP_SECRET=
	assert_line --index 0 $'Status: 503 Service Unavailable\r'
	assert_equal "$(waiting)" 2
	drain
	assert_output ''
	run -1 grep -r -e "$WHATSAPP_APP_SECRET" -e una-palabra "$SITE/spool"
}

@test "a body of 3 MB is taken whatever max_body says, a longer one is not (Inv. 9)" {
	body=$(printf '{"entry":[{"changes":[{"field":"%s"}]}]}' \
		"$(head -c 3000000 /dev/zero | tr '\0' x)")
	printf %s "$body" >"$BATS_TEST_TMPDIR/large"
	signature=sha256=$(openssl dgst -sha256 -r \
		-hmac "$WHATSAPP_APP_SECRET" "$BATS_TEST_TMPDIR/large" |
		cut -d ' ' -f 1)
	cgi
	assert_line --index 0 $'Status: 200 OK\r'
	drain
	assert_equal "$(jq -r .applied <<<"$output")" ignored
	cgi CONTENT_LENGTH=3145729
	assert_line --index 0 $'Status: 413 Content Too Large\r'
	body=x
	cgi CONTENT_LENGTH=2
	assert_line --index 0 $'Status: 400 Bad Request\r'
	assert_equal "$(waiting)" 0
}

@test "what cannot be kept is not acknowledged: 503 (Inv. 2)" {
	echo 'not a directory' >"$inbound"
	body='{"entry":[]}'
	sign
	cgi
	assert_line --index 0 $'Status: 503 Service Unavailable\r'
	[ -n "$stderr" ]
}

@test "through a web server: the challenge, and a signed batch (Inv. 2)" {
	serve_ingest "$ROOT/bin/omni-ingest" OMNI_NOW OTHER_APP_SECRET \
		OTHER_VERIFY_TOKEN WHATSAPP_APP_SECRET WHATSAPP_VERIFY_TOKEN
	run -0 curl -s -w '\n%{http_code}' -G \
		-d hub.mode=subscribe -d hub.challenge=42 \
		-d hub.verify_token=una-palabra-larga \
		"$base/omni/whatsapp"
	assert_output $'42\n200'
	body='{"entry":[]}'
	sign
	run -0 curl -s -w '%{http_code}' \
		-H "X-Hub-Signature-256: $signature" \
		-H 'Content-Type: application/json' -d "$body" \
		"$base/omni/whatsapp"
	assert_output 200
	run -0 curl -s -w '%{http_code}' \
		-H 'Content-Type: application/json' -d "$body" \
		"$base/omni/whatsapp"
	assert_output 403
	assert_equal "$(waiting)" 1
}

# ------------------------------------------------------------------ corpus

@test "every request of the corpus is taken, drained and done again (Inv. 2, 4, 7)" {
	local corpus=$OMNI_CORPORA/wire file
	[ -r "$corpus/whatsapp-signatures.json" ] ||
		skip "no corpus at $corpus"
	while IFS=$'\t' read -r file signature; do
		run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
			REQUEST_METHOD=POST PATH_INFO=/whatsapp \
			CONTENT_LENGTH="$(wc -c <"$corpus/$file")" \
			HTTP_X_HUB_SIGNATURE_256="$signature" \
			omni-ingest <"$corpus/$file"
		assert_line --index 0 $'Status: 200 OK\r'
	done < <(jq -r '.files | to_entries[] | [.key, .value] | @tsv' \
		"$corpus/whatsapp-signatures.json")
	assert_equal "$(waiting)" 29
	for file in "$inbound"/new/*; do
		cp "$file" "$file.again"
	done
	drain
	assert_equal "$(find "$inbound/bad" -type f | wc -l)" 0
	run -0 jq -rs 'map(.applied) | group_by(.) | map("\(.[0]) \(length)") |
		join(" ")' <<<"$output"
	assert_output 'duplicate 40 ignored 10 recorded 15 unmatched 5'
	assert_equal "$(sql 'SELECT count(*) FROM event')" 5
	# "Baja." and a button "Unsubscribe".
	assert_equal "$(sql "SELECT scope, count(*) FROM opted_out WHERE how =
		'keyword' GROUP BY 1")" 'all|2'
	# Who hides the number is kept, too.
	assert_equal "$(sql "SELECT text FROM unread WHERE person =
		'MX.13491208655302741918'")" 'Sí, confirmo mi cita'
	verified
}

# ---------------------------------------------------------------- receipts

@test "receipts in any order and twice give the same row (Inv. 4, 5, 7)" {
	local n=0 a b c d all=(sent delivered read failed) order
	for a in 0 1 2 3; do for b in 0 1 2 3; do for c in 0 1 2 3; do
		d=$((6 - a - b - c))
		((a != b && a != c && b != c)) || continue
		n=$((n + 1))
		queue "m$n" "+525512345$((100 + n))"
		run -0 omni-send-wa -q
		for order in $a $b $c $d; do
			# Each at its own time, whenever it comes.
			status "wamid.$n" "${all[order]}" $((now + order)) \
				"m$n.1" 131026 >"$BATS_TEST_TMPDIR/one"
			post <"$BATS_TEST_TMPDIR/one"
			if [ "$order" -eq "$b" ]; then
				at 2026-11-23T23:00:30Z
				run -0 omni-ingest -q
			fi
		done
	done; done; done
	assert_equal "$n" 24
	for order in "$inbound"/new/*; do
		cp "$order" "$order.again"
	done
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*) FROM event')" 96
	run -0 sql 'SELECT DISTINCT state, status, reason, delivered_at,
		read_at, failed_at FROM message'
	assert_output 'sent|read|131026|2026-11-23T23:00:01Z|2026-11-23T23:00:02Z|2026-11-23T23:00:03Z'
	run -0 sql 'SELECT DISTINCT state, outcome, status FROM attempt'
	assert_output 'done|accepted|read'
	verified
}

@test "a reference joins an attempt in doubt: sent, and never again (Inv. 3)" {
	need_strace
	sed -i '/^\[channel whatsapp/a doubt = resend\ndoubt_grace = 5m' \
		"$OMNI_CONF"
	queue w1
	: >>"$console"
	run -137 strace -o /dev/null -P "$console" -e trace=write \
		-e inject=write:signal=KILL:when=1 omni-send-wa -q
	at 2026-11-23T23:01:00Z
	run -0 omni-send-wa -q
	assert_equal "$(sql 'SELECT state FROM message')" in_doubt
	status wamid.X sent "$now" nobody.1 | post
	status wamid.A sent "$now" w1.1 | post
	drain
	assert_equal "$(jq -r '.applied + " " + (.message // "")' <<<"$output")" \
		$'unmatched \nrecorded w1'
	assert_equal "$(sql 'SELECT state, provider_id FROM attempt')" \
		'done|wamid.A'
	# Known by its own id from here on, or by a reference that is lost.
	status wamid.A read $((now + 9)) w1.1 | post
	drain
	assert_equal "$(sql 'SELECT state, status FROM message')" 'sent|read'
	at 2026-11-23T23:30:00Z
	run -0 omni-send-wa -q
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 1
	verified
}

@test "a failure says why; advertising alone is what 131050 stops (Inv. 6, 10)" {
	queue w1
	run -0 omni-send-wa -q
	status wamid.A failed "$now" w1.1 131050 | post
	drain
	assert_equal "$(jq -r '.code + " " + .title' <<<"$output")" '131050 x'
	assert_equal "$(sql 'SELECT state, reason FROM message')" \
		'failed|131050'
	assert_equal "$(sql "SELECT e.title, v.detail FROM event e,
		failed_message v")" 'x|x'
	assert_equal "$(sql 'SELECT scope, state, how FROM consent')" \
		'topic:marketing|out|provider'
	verified
}

# ----------------------------------------------------------------- answers

@test "a yes, a no and STOP by WhatsApp, and a window that opens (Inv. 4, 6)" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	assert_equal "$(sql 'SELECT state, channel FROM message')" \
		'sent|whatsapp'
	says 1 5215512345678 'Sí, confirmo' $((now - 60))
	drain
	run -0 jq -r '[.intent, .action, .reminder, .contact, .from, .name] |
		map(. // "-") | join(" ")' <<<"$output"
	assert_output 'confirm confirmed a1 c1 +525512345678 -'
	assert_equal "$(reminder a1)" confirmed
	assert_equal "$(sql "SELECT channel FROM message WHERE direction =
		'inbound'")" whatsapp
	assert_equal "$(sql "SELECT last_inbound_at FROM address WHERE type =
		'whatsapp'")" 2026-11-23T22:59:00Z
	# Once more, from the network.
	says 1 5215512345678 'Sí, confirmo' $((now - 60))
	drain
	assert_equal "$(jq -r .applied <<<"$output")" duplicate
	says 2 5215512345678 STOP
	drain
	assert_equal "$(jq -r .action <<<"$output")" opted_out
	assert_equal "$(sql 'SELECT scope, how, at FROM consent')" \
		'all|keyword|2026-11-23T23:00:00Z'
	queue after
	run -0 omni-send-wa -q
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'after'")" \
		cancelled
	says 3 5215512345678 ALTA $((now + 1))
	drain
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 0
	verified
}

@test "what arrives days later opens no window, and an older one does not close it" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	says 1 5215512345678 'Hola' $((now - 3 * 86400))
	drain
	assert_equal "$(sql "SELECT last_inbound_at FROM address WHERE type =
		'whatsapp'")" 2026-11-20T23:00:00Z
	says 2 5215512345678 'Hola' $((now - 60))
	says 3 5215512345678 'Hola' $((now - 90))
	# A clock that is ahead of ours opens it no longer.
	drain
	assert_equal "$(sql "SELECT last_inbound_at FROM address WHERE type =
		'whatsapp'")" 2026-11-23T22:59:00Z
	says 4 5215512345678 'Hola' $((now + 86400))
	drain
	assert_equal "$(sql "SELECT last_inbound_at FROM address WHERE type =
		'whatsapp'")" 2026-11-23T23:00:00Z
	verified
}

@test "a thumb or a notice opens no window; a thumb counts for what it is under" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	status wamid.A sent "$now" "$(sql 'SELECT reference FROM attempt')" |
		post
	message 1 5215512345678 "$now" reaction \
		'{"message_id":"wamid.UNKNOWN","emoji":"👍"}' | post
	message 2 5215512345678 "$now" system \
		'{"body":"changed","type":"user_changed_number"}' | post
	drain
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql "SELECT count(last_inbound_at) FROM address")" 0
	message 3 5215512345678 "$now" reaction \
		'{"message_id":"wamid.A","emoji":"👍"}' | post
	drain
	assert_equal "$(jq -r '.intent + " " + .action' <<<"$output")" \
		'confirm confirmed'
	assert_equal "$(reminder a1)" confirmed
	verified
}

@test "START that was written before a STOP does not lift it (Inv. 6)" {
	says 1 5215512345678 STOP "$now"
	drain
	says 2 5215512345678 ALTA $((now - 60))
	drain
	assert_equal "$(jq -r .action <<<"$output")" flagged
	assert_equal "$(sql "SELECT state FROM consent WHERE scope = 'all'")" out
	assert_equal "$(flags)" \
		'late_reply||asks for messages, but has said STOP since'
	verified
}

@test "WhatsApp's own menu: no advertising any more, and again, in any order (Inv. 4, 5, 6)" {
	local stop resume order what said n=0
	stop='{"field":"user_preferences","value":{"user_preferences":[{"wa_id":"NUMBER","category":"marketing_messages","value":"stop","timestamp":1795474800}]}}'
	resume='{"field":"user_preferences","value":{"user_preferences":[{"wa_id":"NUMBER","category":"marketing_messages","value":"resume","timestamp":1795474860}]}}'
	for order in 'stop resume stop' 'resume stop resume' 'stop stop resume' \
		'resume resume stop'; do
		n=$((n + 1))
		for what in $order; do
			said=$stop
			[ "$what" = stop ] || said=$resume
			post <<<"${said/NUMBER/521551234567$n}"
		done
	done
	drain
	assert_equal "$(sql 'SELECT scope, state, how, at, count(*) FROM consent
		GROUP BY 1, 2, 3, 4')" \
		'topic:marketing|in|provider|2026-11-23T23:01:00Z|4'
	post <<<"${stop/NUMBER/5215512345679}"
	drain
	assert_equal "$(jq -r '.action + " " + .applied' <<<"$output")" \
		'opted_out recorded'
	verified
}

# ----------------------------------------------------------------- buttons

@test "the button of our template confirms its own reminder, once (Inv. 4)" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	appointment a2 2026-11-24T16:50 c2 5512345678
	assert_equal "$(payload confirm a1.r1/1)" confirm:a1.r1
	# Two are open for this phone: a word could not tell them apart.
	taps 1 5215512345678 "$(payload confirm a1.r1/1)" 'Sí, confirmo'
	drain
	assert_equal "$(jq -r '.action + " " + .reminder + " " + .contact' \
		<<<"$output")" 'confirmed a1 c1'
	assert_equal "$(reminder a1) $(reminder a2)" 'confirmed open'
	taps 2 5215512345678 confirm:a1.r1 'Sí, confirmo'
	drain
	assert_equal "$(jq -r .action <<<"$output")" none
	taps 3 5215512345678 "$(payload decline a2.r1/1)" 'No puedo ir'
	drain
	assert_equal "$(jq -r .action <<<"$output")" declined
	assert_equal "$(reminder a1) $(reminder a2)" 'confirmed declined'
	assert_equal "$(sql 'SELECT kind, reminder FROM open_flag')" \
		'declined|a2'
	# Two minds: staff asks.
	taps 4 5215512345678 decline:a1.r1 'No puedo ir'
	drain
	assert_equal "$(reminder a1)" confirmed
	assert_equal "$(sql "SELECT reason FROM open_flag WHERE reminder =
		'a1'")" 'the appointment is confirmed already'
	verified
}

@test "a button of a moved, unknown or another's appointment goes to staff (Inv. 6, 10)" {
	local n number=0
	appointment a1 2026-11-24T16:30 c1 5512345678
	schedule a1 2026-11-24T10:00 c1 5512345678
	schedule b1 2026-11-26T10:00 c9 5587654321
	for n in confirm:a1.r1 confirm:gone.r1 decline:b1.r1 confirm:a1 \
		confirm: confirm:a1.r1x decline:a1.r99999999999999999999; do
		number=$((number + 1))
		taps "$number" 5215512345678 "$n" 'Sí, confirmo'
		drain
		assert_equal "$(jq -r .action <<<"$output")" flagged
	done
	assert_equal "$(sql 'SELECT DISTINCT state FROM reminder')" open
	run -0 flags
	assert_line --index 0 \
		'late_reply|a1|the appointment has moved since that message'
	assert_line --index 1 'late_reply||the button is of an appointment that is not known for this address'
	assert_line --index 2 'late_reply||the button is of an appointment that is not known for this address'
	assert_line --index 3 'late_reply||the button is of no appointment'
	assert_equal "${#lines[@]}" 7
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 7
	# The new time's own button counts.
	taps 90 5215512345678 confirm:a1.r2 'Sí, confirmo'
	drain
	assert_equal "$(reminder a1)" confirmed
	verified
}

@test "another button says what its text says" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	message 1 5215512345678 "$now" interactive '{"type":"button_reply",
		"button_reply":{"id":"whatever:7","title":"Sí, confirmo"}}' |
		post
	drain
	assert_equal "$(jq -r .action <<<"$output")" confirmed
	message 2 5215512345678 "$now" interactive '{"type":"button_reply",
		"button_reply":{"id":"out","title":"STOP"}}' | post
	drain
	assert_equal "$(jq -r .action <<<"$output")" opted_out
	verified
}

@test "Twilio brings the button back, too (Inv. 6)" {
	local data pair
	export TWILIO_AUTH_TOKEN=12345678901234567890123456789012
	appointment a1 2026-11-24T16:30 c1 5512345678
	schedule a1 2026-11-24T10:00 c1 5512345678
	n=0
	for pair in confirm:a1.r1 confirm:a1.r2; do
		n=$((n + 1))
		data=Body=SI\&ButtonPayload=$pair\&From=whatsapp:%2B5215512345678\&MessageSid=SM$n\&To=whatsapp:%2B525587654321
		signature=$(sed 's/%2B/+/g; s/[=&]//g' <<<"$data" | tr -d '\n')
		signature=$(printf %s "https://hooks.example.com/omni/twilio/sms$signature" |
			openssl dgst -sha1 -binary -hmac "$TWILIO_AUTH_TOKEN" |
			base64)
		body=$data
		cgi PATH_INFO=/twilio/sms HTTP_X_TWILIO_SIGNATURE="$signature" \
			CONTENT_TYPE=application/x-www-form-urlencoded
		assert_line --index 0 $'Status: 200 OK\r'
		drain
		echo "$(jq -r .action <<<"$output") $(reminder a1)"
	done >"$BATS_TEST_TMPDIR/said"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/said")" \
		$'flagged open\nconfirmed confirmed'
	verified
}

@test "who hides the number confirms by the button under our message" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	status wamid.A sent "$now" "$(sql 'SELECT reference FROM attempt')" |
		post
	body=$(jq -cn --arg at "$now" '{entry: [{changes: [{field: "messages",
		value: {contacts: [{user_id: "MX.1"}], messages: [
		{id: "wamid.I1", from_user_id: "MX.1", timestamp: $at,
		type: "button", button: {payload: "confirm:a1.r1", text: "Sí"}},
		{id: "wamid.I2", from_user_id: "MX.1", timestamp: $at,
		context: {id: "wamid.A"}, type: "button",
		button: {payload: "confirm:a1.r1", text: "Sí"}}]}}]}]}')
	sign
	cgi
	drain
	assert_equal "$(jq -r '.action // "-"' <<<"$output")" \
		$'-\nflagged\nconfirmed'
	assert_equal "$(reminder a1)" confirmed
	assert_equal "$(sql "SELECT person FROM inbox WHERE id =
		'in:whatsapp:wamid.I2:received'")" 'Persona c1'
	verified
}

@test "a reply counts for the message that it quotes, or for none (Inv. 6)" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	status wamid.A sent "$now" "$(sql 'SELECT reference FROM attempt')" |
		post
	queue order
	run -0 omni-send-wa -q
	status wamid.B sent "$now" order.1 | post
	message 1 5215512345678 "$now" text '{"body":"Sí"}' \
		'{"context":{"id":"wamid.B"}}' | post
	run -0 omni-ingest -q
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 1
	message 2 5215512345678 "$now" text '{"body":"Sí"}' \
		'{"context":{"id":"wamid.A"}}' | post
	run -0 omni-ingest -q
	assert_equal "$(reminder a1)" confirmed
	verified
}

@test "a rehearsal: no button, reply or thumb of the safe recipient is the person's (Inv. 6)" {
	printf '\n[test]\nredirect = +525599999999\n' >>"$OMNI_CONF"
	appointment a1 2026-11-24T16:30 c1 5512345678
	status wamid.A sent "$now" "$(sql 'SELECT reference FROM attempt')" |
		post
	taps 1 5215599999999 "$(payload confirm a1.r1/1)" 'Sí, confirmo' \
		'{"context":{"id":"wamid.A"}}'
	message 2 5215599999999 "$now" text '{"body":"Sí"}' \
		'{"context":{"id":"wamid.A"}}' | post
	message 3 5215599999999 "$now" reaction \
		'{"message_id":"wamid.A","emoji":"👍"}' | post
	taps 4 5215599999999 "$(payload decline a1.r1/1)" 'No puedo ir' \
		'{"context":{"id":"wamid.A"}}'
	drain
	assert_equal "$(jq -r .action <<<"$output" | sort | uniq -c |
		tr -s ' ')" ' 4 flagged
 1 null'
	assert_equal "$(reminder a1)" open
	assert_equal "$(flags | uniq -c | tr -s ' ')" \
		" 4 late_reply||a rehearsal: the message went to another number than the person's"
	verified
}

# ------------------------------------------------------------------- drain

@test "what is no JSON goes to bad/ with the reason, its neighbours go on (Inv. 2, 10)" {
	body='{"entry":['
	sign
	cgi
	assert_line --index 0 $'Status: 200 OK\r'
	says 1 5215512345678 'Hola'
	run -1 --separate-stderr omni-ingest
	[[ $stderr == *'set aside in bad/'* ]]
	assert_equal "$(jq -r .text <<<"$output")" Hola
	run -0 cat "$inbound"/bad/*.reason
	assert_output --partial 'not JSON'
	assert_equal "$(waiting)" 0
	verified
}

@test "a batch of a thousand changes, some of them odd: one event each (Inv. 2, 4, 9)" {
	local i
	queue w1
	run -0 omni-send-wa -q
	for ((i = 0; i < 998; i++)); do
		echo '{"value":{"statuses":[{"id":"wamid.'$i'","status":"sent","timestamp":"1795474800"}]}}'
	done >"$BATS_TEST_TMPDIR/many"
	echo '{"field":"account_update","value":{"event":"X"}}' \
		>>"$BATS_TEST_TMPDIR/many"
	status wamid.A delivered "$now" w1.1 >>"$BATS_TEST_TMPDIR/many"
	post <"$BATS_TEST_TMPDIR/many"
	cp "$(echo "$inbound"/new/*)" "$inbound/new/9"
	drain
	run -0 jq -rs 'map(.applied) | group_by(.) | map("\(.[0]) \(length)") |
		join(" ")' <<<"$output"
	assert_output 'duplicate 999 ignored 2 recorded 1 unmatched 998'
	assert_equal "$(sql 'SELECT status FROM message')" delivered
	verified
}

@test "a stranger's half emoji and NUL cost nobody else's message (Inv. 2)" {
	body='{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"id":"wamid.1","from":"5215500000001","type":"text","text":{"body":"\ud83d \u0000"}},{"id":"wamid.2","from":"5215500000002","type":"text","text":{"body":"STOP"}}]}}]}]}'
	sign
	cgi
	drain
	assert_equal "$(jq -r .intent <<<"$output")" $'unclear\nstop'
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 1
	verified
}

@test "the drain is killed at any write: each event once (Inv. 2, 4, 7)" {
	local spot
	need_strace
	queue w1
	run -0 omni-send-wa -q
	says 1 5215512345678 BAJA
	{
		status wamid.A sent "$now" w1.1
		status wamid.A delivered "$now" w1.1
		message 2 5215512345679 "$now" text '{"body":"Hola"}'
	} | post
	cp -R "$SITE" "$BATS_TEST_TMPDIR/before"
	find_spots 'pwrite64 fdatasync unlinkat' omni-ingest -q
	[ "${#spots[@]}" -gt 0 ]
	for spot in "${spots[@]}"; do
		rm -rf "$SITE"
		cp -R "$BATS_TEST_TMPDIR/before" "$SITE"
		kill_at "$spot" omni-ingest -q
		run -0 omni-ingest -q
		assert_equal "$(sql 'SELECT count(*) FROM event')" 2
		assert_equal "$(sql 'SELECT count(*) FROM inbox')" 2
		assert_equal "$(sql "SELECT status FROM message WHERE id =
			'w1'")" delivered
		assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 1
		run -0 omni-ledger verify -q
	done
}
