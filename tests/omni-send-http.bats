#!/usr/bin/env bats
# Delivery over HTTP, against the simulator: what a provider that is slow, gone,
# wrong or lying does to messages.
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	load servers
	server=
	make_ledger 2026-11-23T23:00:00Z
	sim=$BATS_TEST_TMPDIR/sim
	export TWILIO_AUTH_TOKEN=simulator-token
	export META_TOKEN=simulator-token
}

teardown() {
	stop_server
}

# simulate [OPTION]...: Twilio and Meta are played from here on
simulate() {
	play "$sim" --callbacks off "$@"
	send_by "$url"
}

# send_by URL: where the providers are
send_by() {
	sed -i 's/^provider = console/provider = twilio/' "$OMNI_CONF"
	sed -i -e "/^auth_token/a base_url = $1\ntimeout = 2s" "$OMNI_CONF"
	sed -i '/^\[channel whatsapp\]/,/^\[/s/^provider = .*/provider = meta/' \
		"$OMNI_CONF"
	printf '%s\n' '' '[provider meta]' 'kind = whatsapp' \
		'phone_number_id = 106540352242922' \
		'access_token = env:META_TOKEN' "base_url = $1" >>"$OMNI_CONF"
}

# faults JSON: other ones from here on
# queue COUNT [CHANNEL [JQ]]: s1 to sCOUNT
queue() {
	jq -cn --argjson n "$1" --arg channel "${2-sms}" 'range(1; $n + 1) |
		{id: "s\(.)", channel: $channel, account: $channel,
		to: "+52551\(1000000 + .)", text: "Hola, su cita es a las \(.).",
		class: "alert", cost: "0.05", segments: 1, route: {},
		whatsapp: {template: {name: "aviso", language: {code: "es"}}},
		expires_at: "2026-12-30T00:00:00Z"} | '"${3-.}" |
		omni-queue -q
}

# accepted: how many messages the provider took
accepted() {
	wc -l <"$sim/accepted.ndjson"
}

# once: no recipient got more than one
once() {
	run -0 jq -s 'group_by(.to) | map(length) | max' "$sim/accepted.ndjson"
	assert_output 1
}

# hear NUMBER TEXT: somebody writes to us by WhatsApp
hear() {
	local body
	body=$(jq -cn --arg id "wamid.I$1" --arg text "$2" --arg at \
		"$(date -u -d "$OMNI_NOW" +%s)" '{object:
		"whatsapp_business_account", entry: [{id: "1", changes: [{
		field: "messages", value: {metadata: {phone_number_id:
		"106540352242922"}, messages: [{$id, from: "5215511000009",
		timestamp: $at, type: "text", text: {body: $text}}]}}]}]}')
	printf %s "$body" | env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/whatsapp \
		CONTENT_TYPE=application/json CONTENT_LENGTH="$(printf %s "$body" | wc -c)" \
		HTTP_X_HUB_SIGNATURE_256="sha256=$(printf %s "$body" |
		openssl dgst -sha256 -r -hmac secret | cut -d ' ' -f 1)" \
		omni-ingest --cgi >/dev/null
	omni-ingest -q
}

@test "Twilio: sent over kept connections, with price and segments as billed" {
	simulate
	queue 20
	run -0 --separate-stderr omni-send-sms
	assert_equal "${#lines[@]}" 20
	assert_equal "$stderr" ''
	assert_equal "$(states)" 'sent 20'
	assert_equal "$(accepted)" 20
	once
	assert_equal "$(jq -r .result.provider_id <<<"${lines[0]}")" \
		"$(sql "SELECT provider_id FROM attempt WHERE message =
			'$(jq -r .id <<<"${lines[0]}")'")"
	verified
}

@test "Twilio: the callback names the attempt" {
	simulate
	queue 1
	run -0 omni-send-sms -q -o site.public_url=https://clinic.example/omni
	run -0 jq -r .callback "$sim/accepted.ndjson"
	assert_output --regexp '^https://clinic.example/omni/twilio/status\?ref=s1\.1'
}

@test "wrong credentials: one clear error, the run stops, nothing has failed" {
	simulate
	queue 30
	TWILIO_AUTH_TOKEN=wrong run -78 --separate-stderr omni-send-sms -q
	assert_equal "${#stderr_lines[@]}" 1
	assert_regex "$stderr" 'nothing more is sent until this is mended'
	assert_equal "$(states)" 'queued 30'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 1
	assert_regex "$stderr" "^omni-send-sms: channel sms: twilio: $(sql \
		'SELECT message FROM attempt'): "
	assert_equal "$(accepted)" 0
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 30'
}

@test "credentials that are missing or malformed are named before anything is sent" {
	simulate
	queue 1
	run -78 omni-send-sms -o 'provider twilio.account_sid=AC1'
	assert_output --partial '[provider twilio] account_sid'
	run -78 omni-send-sms -o 'provider twilio.auth_token=env:NOTHING'
	assert_output --partial NOTHING
	queue 1 whatsapp '.id = "w1"'
	run -78 omni-send-wa -o 'provider meta.phone_number_id=x'
	assert_output --partial '[provider meta] phone_number_id'
	run -78 omni-send-sms -o 'provider twilio.base_url=http://example.com'
	assert_output --partial 'base_url: neither https:// nor http:// to this machine itself'
	assert_equal "$(states)" 'queued 2'
}

@test "nobody listens: three probes, then one after each pause, then all goes out" {
	simulate
	queue 6
	run -75 omni-send-sms -q -o 'provider twilio.base_url=http://127.0.0.1:1'
	assert_output --partial 'twilio cannot be reached; 3 messages wait'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 3
	assert_equal "$(sql 'SELECT name, state, failures, retry_at FROM
		provider_state')" 'twilio|down|1|2026-11-23T23:01:00Z'
	# Before the pause is over not even the provider that is back is tried.
	at 2026-11-23T23:00:59Z
	run -75 omni-send-sms -q
	assert_equal "$(accepted)" 0
	at 2026-11-23T23:01:00Z
	run -75 omni-send-sms -q -o 'provider twilio.base_url=http://127.0.0.1:1'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 4
	assert_equal "$(sql 'SELECT failures, retry_at FROM provider_state')" \
		'2|2026-11-23T23:03:00Z'
	at 2026-11-23T23:10:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 6'
	assert_equal "$(sql 'SELECT state, failures, since FROM
		provider_state')" 'up|0|2026-11-23T23:10:00Z'
	once
	verified
}

@test "a name that does not resolve is an outage, a certificate that is wrong our set-up" {
	local port cert=$BATS_TEST_TMPDIR/cert
	queue 1
	send_by https://twilio.invalid
	run -0 omni-send-sms -q
	assert_output --partial 'later: Could not resolve host'
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 9 \
		-keyout "$cert.key" -out "$cert" 2>/dev/null
	port=$(free_port)
	openssl s_server -accept "$port" -cert "$cert" -key "$cert.key" -www \
		>/dev/null 2>&1 3>&- &
	server=$!
	sleep 1
	at 2026-11-23T23:30:00Z
	run -78 omni-send-sms -q \
		-o "provider twilio.base_url=https://localhost:$port"
	assert_output --partial 'certificate'
	assert_equal "$(state s1)" "queued|the provider's set-up"
}

@test "a lost answer is looked up in the list, not sent again (Inv. 3)" {
	local fault
	simulate
	for fault in drop_after timeout_after error_500_after malformed half huge; do
		at 2026-11-23T23:00:00Z
		rm -f "$SITE"/spool/ledger.db*
		omni-ledger init
		curl -sS -o /dev/null -X DELETE "$url/_control"
		: >"$sim/accepted.ndjson"
		queue 2
		faults "{\"$fault\":1}"
		run omni-send-sms -q
		assert_equal "$fault $(states)" "$fault in_doubt 2"
		faults null
		at 2026-11-23T23:03:00Z
		run -0 omni-send-sms -q
		assert_equal "$fault $(states)" "$fault sent 2"
		assert_equal "$fault $(accepted)" "$fault 2"
		assert_equal "$(sql 'SELECT count(*) FROM attempt')" 2
		verified
	done
}

@test "what was lost before it was taken is sent again when the list has settled" {
	simulate --fault drop_before=1
	queue 2
	run omni-send-sms -q
	assert_equal "$(states)" 'in_doubt 2'
	faults null
	# It might still turn up.
	at 2026-11-23T23:01:59Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'in_doubt 2'
	at 2026-11-23T23:02:01Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 2'
	once
	assert_equal "$(sql "SELECT count(*) FROM attempt WHERE number = 1 AND
		outcome = 'later'")" 2
}

@test "a connection that ends in the second request on it: nothing is sent twice (Inv. 3)" {
	simulate
	queue 40
	run -0 omni-send-sms -q -o 'channel sms.connections=1'
	assert_equal "$(states)" 'sent 40'
	jq -cn 'range(1; 5) | {id: "t\(.)", channel: "sms", account: "sms",
		to: "+52552\(1000000 + .)", text: "Hola \(.)", class: "alert",
		route: {}, expires_at: "2026-12-30T00:00:00Z"}' | omni-queue -q
	faults '{"drop_after":0.5}'
	run omni-send-sms -q -o 'channel sms.connections=1'
	faults null
	at 2026-11-23T23:30:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 44'
	assert_equal "$(accepted)" 44
	once
}

@test "two messages that read the same, both in doubt, one of them taken" {
	simulate --fault drop_after=1
	queue 2 sms '.to = "+525511000009" | .text = "Hola" | .id = "x" + .id'
	run omni-send-sms -q -o 'channel sms.connections=1' -o \
		limits.recipient_day=1
	assert_equal "$(accepted)" 1
	faults '{"drop_before":1}'
	at 2026-11-23T23:00:01Z
	run omni-send-sms -q -o 'channel sms.connections=1'
	faults null
	at 2026-11-23T23:10:00Z
	run -0 omni-send-sms -q
	at 2026-11-25T23:10:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 2'
	assert_equal "$(accepted)" 2
}

@test "many that read the same: the one that is nobody's else is found, or none (Inv. 3)" {
	simulate --fault drop_after=0.2
	queue 30 sms '.to = "+525511000009" | .text = "Hola"'
	run omni-send-sms -q
	[ "$(sql "SELECT count(*) FROM message WHERE state = 'in_doubt'")" -gt 0 ]
	faults null
	at 2026-11-23T23:03:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 30'
	assert_equal "$(accepted)" 30
	verified
}

@test "another sender, or a clock that was set, since: not sent again, staff looks (Inv. 3)" {
	simulate --fault drop_after=1
	queue 1
	run omni-send-sms -q
	faults null
	# Who it was from then is what the list is searched for.
	at 2026-11-23T23:03:00Z
	run -0 omni-send-sms -q -o 'channel sms.from=+525500001234'
	assert_equal "$(states)" 'sent 1'
	queue 1 sms '.id = "t1" | .to = "+525511000099"'
	faults '{"drop_after":1}'
	at 2026-11-24T01:00:00Z
	run omni-send-sms -q -o 'channel sms.doubt=resend'
	faults null
	# To the provider it was a moment ago, to us hours.
	at 2026-11-24T04:00:00Z
	run -0 omni-send-sms -q -o 'channel sms.doubt=resend'
	assert_equal "$(state t1)" 'failed|in doubt'
	assert_equal "$(sql "SELECT reason FROM flag WHERE message = 't1'")" \
		'may have been sent: the provider has one like it, of another time or sender'
	assert_equal "$(accepted)" 2
}

@test "sent again in doubt once, not for ever, and never past max_age (Inv. 3)" {
	local hour
	simulate --fault error_500_after=1
	queue 2 whatsapp
	for hour in 00 01 02 03 04 05; do
		at "2026-11-24T$hour:00:00Z"
		run omni-send-wa -q -o 'channel whatsapp.doubt=resend'
	done
	assert_equal "$(states)" 'failed 2'
	assert_equal "$(accepted)" 4
	assert_equal "$(sql "SELECT count(*) FROM flag WHERE kind = 'in_doubt'")" 2
	queue 1 whatsapp '.id = "old"'
	run omni-send-wa -q -o 'channel whatsapp.doubt=resend'
	at 2026-11-24T08:00:00Z
	run omni-send-wa -q -o 'channel whatsapp.doubt=resend' \
		-o 'channel whatsapp.max_age=1h'
	assert_equal "$(state old)" 'failed|gave up after max_age'
	assert_equal "$(accepted)" 5
}

@test "Retry-After of a day: the channel pauses for an hour at most, then a probe" {
	simulate --fault error_429=1 --retry-after 86400
	queue 2
	run -75 omni-send-sms -q
	assert_equal "$(sql 'SELECT state, retry_at FROM provider_state')" \
		'down|2026-11-24T00:00:00Z'
	assert_equal "$(sql 'SELECT max(due_at) <= '\''2026-11-24T23:00:00Z'\''
		FROM message')" 1
	faults null
	at 2026-11-24T23:00:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 2'
}

@test "429 without an end is an outage, not a request for each message" {
	simulate --fault error_429=1 --retry-after 0
	queue 200
	run -75 omni-send-sms -q
	[ "$(wc -l <"$sim/requests.ndjson")" -lt 20 ]
	assert_equal "$(sql 'SELECT state FROM provider_state')" down
}

@test "with -: the provider is gone, and the rest has not been sent: 75 (Inv. 1)" {
	simulate --fault down=1
	queue 10
	jq -cn 'range(1; 11) | {id: "s\(.)", account: "sms"}' >"$in"
	run -75 --separate-stderr omni-send-sms - <"$in"
	assert_equal "${#lines[@]}" 10
	assert_equal "$(jq -r .result.outcome <<<"${lines[9]}")" not_sent
}

@test "a mark that cannot be made keeps no message back" {
	simulate
	sed -i '/^phone_number_id/a app_secret = env:META_SECRET' "$OMNI_CONF"
	export META_SECRET=secret
	hear 1 'STOP'
	hear 2 'START'
	queue 3 whatsapp
	faults '{"unauthorized":1}'
	META_TOKEN=wrong run -78 omni-send-wa -q \
		-o 'channel whatsapp.mark_read=yes'
	faults null
	run -0 omni-send-wa -q -o 'channel whatsapp.mark_read=yes'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state = 'sent'")" 3
	assert_equal "$(sql "SELECT count(*) FROM message WHERE direction =
		'inbound' AND read_at IS NOT NULL")" 2
	# In a rehearsal nobody's telephone is told anything.
	hear 3 'STOP'
	run -0 omni-send-wa -q -o 'channel whatsapp.mark_read=yes' \
		-o test.redirect=+525500000001
	assert_equal "$(sql "SELECT count(*) FROM message WHERE direction =
		'inbound' AND read_at IS NOT NULL")" 2
	# Nor before staff has read what a person must read.
	hear 4 '¿Puede comer antes de la cirugía?'
	run -0 omni-send-wa -q -o 'channel whatsapp.mark_read=yes'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE direction =
		'inbound' AND read_at IS NULL AND is_unread = 1")" 1
	run -0 omni-inbox read "$(sql 'SELECT conversation FROM message
		WHERE is_unread = 1')"
	run -0 omni-send-wa -q -o 'channel whatsapp.mark_read=yes'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE direction =
		'inbound' AND read_at IS NULL")" 0
}

@test "an outage in which everything expired is over when nothing is due" {
	simulate
	queue 1 sms '.expires_at = "2026-11-24T00:00:00Z"'
	queue 3 sms '.id = "x" + .id | .expires_at = "2026-11-24T00:00:00Z"'
	run -75 omni-send-sms -q -o 'provider twilio.base_url=http://127.0.0.1:1'
	at 2026-11-24T09:00:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'expired 4'
	assert_equal "$(sql 'SELECT state FROM provider_state')" up
}

@test "a provider that gives two messages one id is not believed" {
	local port
	port=$(free_port)
	python3 - "$port" 2>/dev/null 3>&- <<-'END' &
	import http.server, sys
	class H(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        self.rfile.read(int(self.headers['Content-Length']))
	        b = b'{"sid":"SM%s","status":"queued"}' % (b'1' * 32)
	        self.send_response(201)
	        self.send_header('Content-Length', str(len(b)))
	        self.end_headers()
	        self.wfile.write(b)
	http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()
	END
	server=$!
	sleep 1
	send_by "http://127.0.0.1:$port"
	queue 2
	run -0 omni-send-sms -q -o 'channel sms.connections=1'
	assert_output --partial "SM11111111111111111111111111111111 is another message's id"
	assert_equal "$(states)" 'in_doubt 1 sent 1'
	verified
}

@test "a redirect is our set-up: it is not followed, and nothing is lost" {
	simulate --fault redirect=1
	queue 3
	run -78 omni-send-sms -q
	assert_output --partial 'base_url: the server sends us elsewhere'
	assert_equal "$(states)" 'queued 3'
	assert_equal "$(accepted)" 0
}

@test "429 is waited for as long as it says, by the message and by the channel" {
	simulate --fault error_429=1 --retry-after 3600
	queue 4
	run -75 omni-send-sms -q
	assert_equal "$(sql "SELECT count(*) FROM message WHERE due_at >=
		'2026-11-24T00:00:00Z'")" "$(sql 'SELECT count(*) FROM attempt')"
	assert_equal "$(sql 'SELECT state, retry_at FROM provider_state')" \
		'down|2026-11-24T00:00:00Z'
	faults null
	at 2026-11-23T23:59:59Z
	run -75 omni-send-sms -q
	assert_equal "$(accepted)" 0
	at 2026-11-24T00:30:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 4'
	once
}

@test "who stopped advertising on WhatsApp still gets reminders (Inv. 6)" {
	simulate --answer +525511000001=api:131050
	queue 1 whatsapp '.to = "+525511000001"'
	run -0 omni-send-wa -q
	assert_equal "$(state s1)" 'failed|optout'
	assert_equal "$(sql 'SELECT scope, state, how FROM consent')" \
		'topic:marketing|out|provider'
	verified
}

@test "what the codes mean: opted out, dead, refused, tried again" {
	simulate --answer +525511000001=21610 --answer +525511000002=21211 \
		--answer +525511000003=21612 --answer +525511000004=21611
	queue 4 sms '.to = "+52551100000" + .id[1:]'
	run -0 omni-send-sms -q
	assert_equal "$(state s1)" 'failed|optout'
	assert_equal "$(sql "SELECT scope, state, how FROM consent")" \
		'all|out|provider'
	assert_equal "$(state s2)" 'failed|address'
	assert_equal "$(sql 'SELECT dead_reason FROM address WHERE dead_at
		IS NOT NULL')" 21211
	assert_equal "$(state s3)" 'failed|refused'
	assert_equal "$(state s4)" 'queued|to be tried again'
	# It will not be asked for a number that is none again.
	queue 1 sms '.to = "+525511000002" | .id = "again"'
	run -0 omni-send-sms -q
	assert_equal "$(state again)" 'cancelled|the address is dead'
	# Its queue is full for hours.
	assert_equal "$(sql "SELECT due_at >= '2026-11-24T00:00:00Z' FROM message
		WHERE id = 's4'")" 1
	verified
}

@test "WhatsApp: the template outside the window, the answer inside it" {
	simulate
	queue 1 whatsapp '.whatsapp.session = {type: "text",
		text: {body: "libre"}}'
	run -0 omni-send-wa -q
	assert_equal "$(states)" 'sent 1'
	run -0 jq -r '.json.type, .json.biz_opaque_callback_data' \
		"$sim/requests.ndjson"
	assert_line --index 0 template
	assert_line --index 1 s1.1
	META_TOKEN=wrong run -0 omni-send-wa
	refute_output
	queue 2 whatsapp
	META_TOKEN=wrong run -78 omni-send-wa -q
	assert_equal "$(state s2)" "queued|the provider's set-up"
}

@test "WhatsApp: inside the window the answer is free text, and what was understood is marked as read" {
	simulate
	export META_SECRET=secret
	sed -i '/^phone_number_id/a app_secret = env:META_SECRET' "$OMNI_CONF"
	omni-contact import -q <<-'END'
	{"id":"7","whatsapp":"+525511000009"}
	END
	hear 1 'STOP'
	hear 2 'START'
	hear 3 '¿a qué hora?'
	run -0 omni-send-wa -q
	[ ! -s "$sim/requests.ndjson" ]
	run -0 omni-send-wa -q -o 'channel whatsapp.mark_read=yes'
	# Staff has not seen the third one yet.
	run -0 jq -r '.json.message_id' "$sim/requests.ndjson"
	assert_output $'wamid.I2\nwamid.I1'
	queue 1 whatsapp '.to = "+525511000009" | .whatsapp.session =
		{type: "text", text: {body: "a las diez"}}'
	run -0 omni-send-wa -q -o 'channel whatsapp.mark_read=yes'
	run -0 "$ROOT/tests/openapi-check" "$sim/requests.ndjson"
	run -0 jq -c '[.json.type, .json.text.body]' "$sim/requests.ndjson"
	assert_line --index 2 '["text","a las diez"]'
	assert_equal "${#lines[@]}" 3
	verified
}

@test "pair_seconds: the next message to the same person waits" {
	simulate
	queue 2 whatsapp '.to = "+525511000009"'
	run -0 omni-send-wa -q -o 'channel whatsapp.pair_seconds=6'
	assert_equal "$(states)" 'queued 1 sent 1'
	assert_equal "$(sql "SELECT due_at, reason FROM message WHERE state =
		'queued'")" "2026-11-23T23:00:06Z|recipient's pause between two"
	at 2026-11-23T23:00:06Z
	run -0 omni-send-wa -q -o 'channel whatsapp.pair_seconds=6'
	assert_equal "$(states)" 'sent 2'
}

@test "-n prints the requests and the forecast, and changes nothing (Inv. 11)" {
	local before
	simulate
	queue 3
	before=$(sql 'SELECT max(seq) FROM journal')
	run -0 --separate-stderr omni-send-sms -n
	assert_equal "${#lines[@]}" 4
	assert_equal "$(jq -r .request.authorization <<<"${lines[0]}")" 'Basic ***'
	assert_equal "$(jq -r .request.body <<<"${lines[0]}")" \
		'To=%2B525511000001&From=%2B525587654321&Body=Hola%2C+su+cita+es+a+las+1.&StatusCallback=https%3A%2F%2Fhooks.example.com%2Fomni%2Ftwilio%2Fstatus%3Fref%3Ds1.1%23rc%3D5%26rp%3Dall'
	assert_equal "$(jq -c .forecast <<<"${lines[3]}")" \
		'{"messages":3,"segments":3,"cost":"0.15","currency":"MXN"}'
	refute_output --partial simulator-token
	assert_equal "$(sql 'SELECT max(seq) FROM journal')" "$before"
	[ ! -s "$sim/requests.ndjson" ]
	# Secrets that are missing are missed here already.
	TWILIO_AUTH_TOKEN='' run -78 omni-send-sms -n
	run -64 omni-send-sms -n -
}

@test "[test] redirect: nobody else gets anything" {
	simulate
	queue 3 sms 'if .id == "s2" then .to = "+525500000002" else . end'
	run -0 omni-send-sms -q \
		-o 'test.redirect=qa@example.org +525500000001 +525500000002'
	run -0 jq -r .to "$sim/accepted.ndjson"
	assert_equal "$(sort <<<"$output" | uniq -c | xargs)" \
		'2 +525500000001 1 +525500000002'
	queue 1 whatsapp '.id = "w1"'
	run -78 omni-send-wa -q -o test.redirect=qa@example.org
	assert_output --partial '[test] redirect names nobody for whatsapp'
	assert_equal "$(state w1)" "queued|the provider's set-up"
}

@test "SIGTERM: what is on its way comes back, the rest stays: 75 (Inv. 2, 3)" {
	local pid status=0
	simulate --fault delay=700
	queue 30
	omni-send-sms -q -o 'channel sms.connections=4' 2>/dev/null &
	pid=$!
	sleep 1.2
	kill "$pid"
	wait "$pid" || status=$?
	assert_equal "$status" 75
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state NOT IN
		('queued', 'sent')")" 0
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state =
		'sent'")" "$(accepted)"
	[ "$(accepted)" -lt 30 ]
	verified
}

@test "killed in the middle: never more open intents than connections (Inv. 3)" {
	local pid
	simulate --fault delay=300
	queue 40
	omni-send-sms -q -o 'channel sms.connections=4' &
	pid=$!
	sleep 1.5
	kill -9 "$pid"
	wait "$pid" || :
	[ "$(sql "SELECT count(*) FROM attempt WHERE state = 'open'")" -le 4 ]
	faults null
	at 2026-11-23T23:10:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 40'
	assert_equal "$(accepted)" 40
	once
}

@test "standard output goes away: nothing is left in doubt (Inv. 3)" {
	simulate
	queue 30
	run -74 bash -c 'omni-send-sms >/dev/full'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state NOT IN
		('queued', 'sent')")" 0
	run -0 omni-send-sms -q
	assert_equal "$(accepted)" 30
	once
}

# In a mount namespace of its own: what the disk's end does to a run.
fill_up() {
	local status=0
	mount -t tmpfs -o size=16m tmpfs "$SITE/spool"
	omni-ledger init
	queue 60
	faults '{"delay":"20"}'
	(
		sleep 0.4
		cat /dev/zero >"$SITE/spool/fill" 2>/dev/null
	) &
	omni-send-sms -q -o 'channel sms.connections=2' || status=$?
	wait
	rm "$SITE/spool/fill"
	echo "status $status after $(accepted)"
	OMNI_NOW=2026-11-23T23:10:00Z omni-send-sms -q
	states
	omni-ledger verify -q
}

@test "the disk is full in the middle: 75, and then all is sent once (Inv. 2, 3)" {
	unshare -rm true 2>/dev/null || skip 'no mount namespace here'
	simulate
	export -f fill_up queue faults states accepted sql
	export SITE url sim
	run -0 --separate-stderr unshare -rm bash -c fill_up
	assert_line --regexp '^status 7[45] after [0-9]+$'
	assert_line 'sent 60'
	assert_equal "$(accepted)" 60
	once
}

@test "secrets are in nothing that is written (Inv. 11)" {
	local token=simulator-token
	simulate --fault error_500=0.3 --fault half=0.3
	queue 10
	queue 3 whatsapp '.id = "w" + .id'
	{
		omni-send-sms
		omni-send-wa
		omni-send-sms -n
		omni-ledger why s1
		omni-ledger export
		TWILIO_AUTH_TOKEN=$token-wrong omni-send-sms
	} >"$BATS_TEST_TMPDIR/said" 2>&1 || :
	run -1 grep -rlF -e "$token" -e "$(printf '%s' \
		"AC00000000000000000000000000000000:$token" | base64 -w0)" \
		"$SITE" "$BATS_TEST_TMPDIR/said"
	refute_output
}

# With SEND_MESSAGES=10000 it is the whole thing.
@test "a bad line to the provider: each message is taken exactly once (Inv. 2, 3)" {
	local count=${SEND_MESSAGES-400} minute
	[ -z "${SANITIZED-}" ] || count=100
	simulate --retry-after 1 --fault timeout_after=0.05 \
		--fault error_500=0.025 --fault error_500_after=0.025 \
		--fault drop_before=0.025 --fault drop_after=0.025 \
		--fault error_429=0.01
	queue "$count"
	for minute in 00 03 06 09 12 15 18 21 24 27 30 33 36 39 42 45; do
		at "2026-11-23T23:$minute:00Z"
		run omni-send-sms -q -o 'channel sms.connections=32' \
			-o 'provider twilio.timeout=1s'
		[ "$(states)" != "sent $count" ] || break
	done
	assert_equal "$(states)" "sent $count"
	assert_equal "$(accepted)" "$count"
	once
	# Each request is as the providers publish it.
	run -0 "$ROOT/tests/openapi-check" "$sim/requests.ndjson"
	# What the ledger says is what the provider has.
	run -0 diff <(jq -r .id "$sim/accepted.ndjson" | sort) \
		<(sql 'SELECT provider_id FROM attempt WHERE provider_id IS NOT
			NULL' | sort)
	verified
}
