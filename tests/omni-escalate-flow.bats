#!/usr/bin/env bats
# Reminders until somebody confirms: an email a day before, a text message two
# hours later, WhatsApp two hours after that, a last WhatsApp two hours before;
# then staff is told and, where there are calls, the telephone rings.  Every
# program is the real one, the providers are omni-simulator's, and what they
# have to say comes back through a web server.
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

# Five people, five animals, the same hour: Tuesday at four.
people=(ana bea carla dora edna)

setup() {
	load helper
	load servers
	server='' web=''
	make_ledger 2026-11-23T15:00:00-06:00
	sim=$BATS_TEST_TMPDIR/sim
	export TWILIO_AUTH_TOKEN=simulator-token META_TOKEN=simulator-token
	now=$BATS_TEST_TMPDIR/now
	seen=0
	serve
	simulate
}

teardown() {
	stop_server
	stop_web
}

# serve: omni-ingest below a web server, at the time of the test
serve() {
	local cgi=$BATS_TEST_TMPDIR/hook
	cat >"$cgi" <<-END
	#!/bin/sh
	OMNI_NOW=\$(cat "$now")
	export OMNI_NOW
	exec "$ROOT/bin/omni-ingest"
	END
	chmod 755 "$cgi"
	serve_ingest "$cgi" META_TOKEN TWILIO_AUTH_TOKEN
}

# simulate: the providers are played, and the site sends by them
simulate() {
	local smtp
	play "$sim" --callback-delay 0 --callback-to "$base" \
		--whatsapp-webhook https://hooks.example.com/omni/whatsapp
	smtp=$(jq -r '.smtp | split(":")[1]' "$ready")
	sed -i -e '/^\[channel email\]/,/^$/s/^provider = .*/provider = relay/' \
		-e '/^\[channel sms\]/,/^$/s/^provider = .*/provider = twilio/' \
		-e '/^\[channel whatsapp\]/,/^$/s/^provider = .*/provider = meta/' \
		-e "/^auth_token/a base_url = $url" "$OMNI_CONF"
	cat >>"$OMNI_CONF" <<-END

	[provider relay]
	kind = smtp
	host = 127.0.0.1
	port = $smtp
	tls = none

	[provider meta]
	kind = whatsapp
	phone_number_id = 106540352242922
	access_token = env:META_TOKEN
	app_secret = env:META_TOKEN
	base_url = $url
	END
	simulator=$url
}

# clock DAY HH:MM: from here on it is that, where the clinic is
clock() {
	case $1 in
	Monday)  at "2026-11-23T$2:00-06:00" ;;
	Tuesday) at "2026-11-24T$2:00-06:00" ;;
	esac
	printf '%s' "$OMNI_NOW" >"$now"
}

# book NAME...: the calendar's export, with an appointment for each
book() {
	printf '%s\n' "$@" | jq -Rc '{id: ("visit-" + .), type: "appointment",
		at: "2026-11-24T16:00", contact: {id: ., name: ., email:
		(. + "@x.example"), phone: ("55 5512 34" + ({ana: "01",
		bea: "02", carla: "03", dora: "04", edna: "05"}[.]))},
		vars: {owner_name: ., pet_name: ("Luna de " + .)}}' |
		omni-schedule -q
}

# cron: what cron does, program by program; then the providers' webhooks have
# come, and are taken in
cron() {
	local channel i
	omni-ingest -q
	omni-escalate | omni-normalize | omni-route | omni-render |
		omni-queue -q
	for channel in mail sms wa voice; do
		omni-send-$channel -q
	done
	for ((i = 0; i < 400; i++)); do
		[ "$(curl -sS "$simulator/_control" |
			jq .callbacks.waiting)" != 0 ] || break
		sleep 0.05
	done
	omni-ingest -q
}

# got: what the providers took since the last time, as "CHANNEL: WHO WHO"
got() {
	local count
	# Before the first message there is no file.
	[ -e "$sim/accepted.ndjson" ] || return 0
	count=$(wc -l <"$sim/accepted.ndjson")
	tail -n "+$((seen + 1))" "$sim/accepted.ndjson" | jq -rs '
		["ana", "bea", "carla", "dora", "edna"] as $who |
		map({how: (if .provider == "smtp" then "email" elif .kind ==
		"call" then "call" elif .provider == "twilio" then "sms" else
		.provider end), to: (if .provider == "smtp" then (.to |
		split("@")[0]) else $who[(.to[-1:] | tonumber) - 1] end)}) |
		group_by(.how)[] | .[0].how + ": " + (map(.to) | sort |
		join(" "))'
	seen=$count
}

# expect [LINE]...: cron runs, and that and nothing else goes out
expect() {
	cron
	got >"$in.got"
	assert_equal "$(cat "$in.got")" "$(printf '%s\n' "$@")"
}

confirmed() {
	sql "SELECT group_concat(contact, ' ') FROM (SELECT contact FROM
		reminder WHERE state = 'confirmed' ORDER BY contact)"
}

# ------------------------------------------------- and this is how they answer

# by_mail WHO TEXT: the mail server hands on what answers our mail
by_mail() {
	local id
	id=$(sql "SELECT provider_id FROM attempt a JOIN message m ON
		m.id = a.message WHERE m.contact = '$1' AND
		m.channel_type = 'email'")
	printf '%s\n' "From: $1@x.example" 'To: citas@clinic.example' \
		'Subject: Re: Recordatorio' 'Message-ID: <1@x.example>' \
		"In-Reply-To: $id" '' "$2" '' '> Responda NO si no puede.' |
		omni-ingest --mail -f "$1@x.example" citas@clinic.example
}

# by_sms NUMBER TEXT: as Twilio's webhook, signed
by_sms() {
	local url=https://hooks.example.com/omni/twilio/sms sign
	sign=$(printf '%s' "${url}Body$2From$1MessageSidSM$(printf %032d \
		"${1: -2}")To+525587654321" | openssl dgst -sha1 -binary \
		-hmac "$TWILIO_AUTH_TOKEN" | base64)
	run -0 curl -sS -o /dev/null -w '%{http_code}' \
		-H "X-Twilio-Signature: $sign" --data-urlencode "Body=$2" \
		--data-urlencode "From=$1" --data-urlencode \
		"MessageSid=SM$(printf %032d "${1: -2}")" \
		--data-urlencode To=+525587654321 "$base/omni/twilio/sms"
	assert_output 200
}

# by_whatsapp NUMBER MEMBERS: as Meta's webhook, signed
by_whatsapp() {
	local body
	body=$(jq -cn --arg from "$1" --arg at "$(date -u -d "$OMNI_NOW" +%s)" \
		--argjson more "$2" '{object: "whatsapp_business_account",
		entry: [{id: "1", changes: [{field: "messages", value:
		{metadata: {phone_number_id: "106540352242922"}, messages:
		[{id: ("wamid.in" + $from), $from, timestamp: $at} +
		$more]}}]}]}')
	run -0 curl -sS -o /dev/null -w '%{http_code}' \
		-H 'Content-Type: application/json' \
		-H "X-Hub-Signature-256: sha256=$(printf %s "$body" |
			openssl dgst -sha256 -r -hmac "$META_TOKEN" |
			cut -d ' ' -f 1)" -d "$body" "$base/omni/whatsapp"
	assert_output 200
}

# taps WHO NUMBER: on the button "Sí, confirmo" below our WhatsApp
taps() {
	local payload
	payload=$(jq -r --arg to "$2" 'select(.json.to == "+" + $to) | [.json.template
		.components[]? | select(.sub_type == "quick_reply") |
		.parameters[0].payload][0]' "$sim/requests.ndjson" | tail -n 1)
	assert_equal "$payload" "confirm:visit-$1.r1"
	by_whatsapp "${2/#52/521}" "$(jq -cn --arg payload "$payload" '{type:
		"button", button: {$payload, text: "Sí, confirmo"}}')"
}

@test "until somebody confirms: email, SMS, WhatsApp, a last WhatsApp, staff" {
	clock Monday 15:00
	book "${people[@]}"

	# Step 1: 24 hours before.
	clock Monday 15:59
	expect
	clock Monday 16:00
	expect 'email: ana bea carla dora edna'

	#	Wait two hours.  Confirmed?  Then it is done.
	clock Monday 17:10
	by_mail ana 'Sí, ahí estaremos. Gracias.'
	expect
	assert_equal "$(confirmed)" 'ana'
	clock Monday 17:59
	expect

	# Step 2: 22 hours before, if not confirmed.
	clock Monday 18:00
	expect 'sms: bea carla dora edna'

	#	Wait two hours.  Confirmed?
	clock Monday 18:20
	by_sms +525555123402 'SI'
	expect
	assert_equal "$(confirmed)" 'ana bea'
	clock Monday 19:59
	expect

	# Step 3: 20 hours before, if not confirmed.
	clock Monday 20:00
	expect 'whatsapp: carla dora edna'

	#	Wait until 2 hours before.  Confirmed?
	clock Monday 20:40
	taps carla 525555123403
	expect
	assert_equal "$(confirmed)" 'ana bea carla'
	clock Tuesday 09:00
	expect
	clock Tuesday 13:59
	expect

	# Step 4: 2 hours before, if not confirmed.  The last WhatsApp.
	clock Tuesday 14:00
	expect 'whatsapp: dora edna'
	clock Tuesday 14:30
	by_whatsapp 5215555123404 '{"type": "text",
		"text": {"body": "Confirmo, gracias"}}'
	expect
	assert_equal "$(confirmed)" 'ana bea carla dora'

	# Nobody has heard of Edna: staff may call her.
	clock Tuesday 14:59
	expect
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	clock Tuesday 15:00
	expect
	assert_equal "$(sql 'SELECT kind, person, reach_at, appointment, reason
		FROM open_flag')" \
		'unresponsive|edna|+525555123405|2026-11-24 16:00|nobody answered'
	assert_equal "$(sql 'SELECT person, last_appointment FROM
		unresponsive_contact')" 'edna|2026-11-24 16:00'

	# And that is all that anybody got.
	clock Tuesday 16:00
	expect
	clock Tuesday 18:00
	expect
	assert_equal "$(sql "SELECT contact || ': ' || group_concat(channel_type,
		' ') FROM (SELECT contact, channel_type FROM message WHERE
		direction = 'outbound' AND state = 'sent' ORDER BY contact,
		sent_at) GROUP BY contact")" 'ana: email
bea: email sms
carla: email sms whatsapp
dora: email sms whatsapp whatsapp
edna: email sms whatsapp whatsapp'
	assert_equal "$(states)" 'sent 14'
	verified
}

@test "where calls are configured the telephone rings as well" {
	sed -i '/^step\.5/a step.6 = -1h voice' "$OMNI_CONF"
	cat >>"$OMNI_CONF" <<-'END'

	[channel voice]
	type = voice
	provider = twilio
	from = +525587654321
	END
	run -0 --separate-stderr omni-escalate --check
	assert_equal "$stderr" ''
	clock Monday 15:00
	book dora edna
	# Edna presses 1; Dora does not take the call.
	curl -sS -o /dev/null -d '{"answers": {"+525555123404": "no-answer",
		"+525555123405": "digits:1"}}' "$simulator/_control"
	clock Monday 16:00
	expect 'email: dora edna'
	clock Monday 18:00
	expect 'sms: dora edna'
	clock Monday 20:00
	expect 'whatsapp: dora edna'
	clock Tuesday 14:00
	expect 'whatsapp: dora edna'
	clock Tuesday 15:00
	expect
	assert_equal "$(sql 'SELECT group_concat(person) FROM (SELECT person
		FROM open_flag ORDER BY person)')" 'dora,edna'
	expect 'call: dora edna'
	# Staff sees at once who need not be called any more.
	assert_equal "$(confirmed)" edna
	assert_equal "$(sql 'SELECT person FROM open_flag')" dora
	clock Tuesday 15:30
	expect
	clock Tuesday 16:30
	expect
	assert_equal "$(sql "SELECT state FROM reminder WHERE contact =
		'dora'")" open
	verified
}
