#!/usr/bin/env bats
# shellcheck disable=SC2034	# stop_web reads web
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# What comes back: webhooks through the CGI, and what the drain makes of them.
# Each test names the invariants of the design that it proves.

setup() {
	load helper
	load servers
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	export TWILIO_AUTH_TOKEN=12345678901234567890123456789012
	web=
	inbound=$SITE/spool/inbound
	form=application/x-www-form-urlencoded
}

teardown() {
	stop_web
}

# sign URL NAME=VALUE...: the signature, and the body in $body
sign() {
	local pair data=$1
	shift
	body=
	while IFS= read -r -d '' pair; do
		data+=${pair%%=*}${pair#*=}
	done < <(printf '%s\0' "$@" | sort -z)
	body=$(jq -rn '$ARGS.positional | map(capture("(?<k>[^=]*)=(?<v>.*)";
		"m") |
		.k + "=" + (.v | @uri)) | join("&")' --args "$@")
	signature=$(printf %s "$data" | openssl dgst -sha1 -binary \
		-hmac "$TWILIO_AUTH_TOKEN" | base64)
}

# cgi PATH QUERY [ENV=VALUE]...: the CGI with $body and $signature
cgi() {
	local path=$1 query=$2
	shift 2
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO="$path" QUERY_STRING="$query" \
		CONTENT_TYPE="$form" CONTENT_LENGTH="${#body}" \
		HTTP_X_TWILIO_SIGNATURE="$signature" "$@" \
		omni-ingest <"$BATS_TEST_TMPDIR/body"
}

# text NUMBER FROM BODY [NAME=VALUE]...: a signed message comes in
text() {
	local sid from=$2 said=$3
	sid=$(printf 'SM%032d' "$1")
	shift 3
	sign https://hooks.example.com/omni/twilio/sms MessageSid="$sid" \
		AccountSid=AC00000000000000000000000000000000 \
		From="$from" To=+525587654321 NumMedia=0 Body="$said" "$@"
	cgi /twilio/sms ''
	assert_line --index 0 $'Status: 200 OK\r'
}

# receipt NUMBER STATUS REFERENCE [NAME=VALUE]...: a signed status callback
receipt() {
	local sid query=ref=$3 status=$2
	sid=$(printf 'SM%032d' "$1")
	shift 3
	sign "https://hooks.example.com/omni/twilio/status?$query" \
		MessageSid="$sid" MessageStatus="$status" "$@"
	cgi /twilio/status "$query"
	assert_line --index 0 $'Status: 204 No Content\r'
}

# queue ID PHONE
queue() {
	jq -cn --arg id "$1" --arg to "$2" '{id: $id, channel: "sms",
		account: "sms", to: $to, text: "Hola", class: "alert",
		route: {}, expires_at: "2026-11-30T00:00:00Z"}' \
		>"$BATS_TEST_TMPDIR/one"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/one"
}

# appointment ID AT CONTACT PHONE: asked about by SMS, in its present revision
appointment() {
	schedule "$@"
	ask
}

schedule() {
	jq -cn --arg id "$1" --arg at "$2" --arg contact "$3" --arg phone "$4" \
		'{id: $id, type: "appointment", at: $at, contact: {id: $contact,
		name: ("Persona " + $contact), phone: $phone},
		vars: {owner_name: "Ana", pet_name: "Luna"}}' \
		>"$BATS_TEST_TMPDIR/export"
	run -0 omni-schedule -q <"$BATS_TEST_TMPDIR/export"
}

# ask: what is due goes out
ask() {
	run omni-run -o 'ladder appointment.step.1=-24h sms' \
		-o 'ladder appointment.step.2=+2h whatsapp'
	[ "$status" -le 1 ]
}

waiting() {
	find "$inbound/new" -type f 2>/dev/null | wc -l
}

reminder() {
	sql "SELECT state FROM reminder WHERE id = '$1'"
}

# start_server: lighttpd, at $base
start_server() {
	serve_ingest "$ROOT/bin/omni-ingest" OMNI_NOW TWILIO_AUTH_TOKEN
}

# request PATH [CURL OPTION]...: status and body
request() {
	local path=$1
	shift
	run -0 curl -s -w '\n%{http_code}' "$@" \
		"$base/omni$path"
}

# -------------------------------------------------------------- web server

@test "through a web server: a signed yes confirms the reminder (Inv. 2, 4)" {
	start_server
	appointment a1 2026-11-24T16:30 c1 5512345678
	assert_equal "$(sql 'SELECT state, channel FROM message')" 'sent|sms'
	sign https://hooks.example.com/omni/twilio/sms \
		MessageSid=SM00000000000000000000000000000001 \
		From=+525512345678 To=+525587654321 NumMedia=0 \
		'Body=Sí, confirmo' FromCity=
	request /twilio/sms -H "X-Twilio-Signature: $signature" \
		-d "$body"
	assert_line --index 0 \
		'<?xml version="1.0" encoding="UTF-8"?><Response/>'
	assert_line --index 1 200
	assert_equal "$(waiting)" 1
	run -0 --separate-stderr omni-ingest
	assert_equal "$stderr" ''
	run -0 jq -r '[.intent, .action, .reminder] | join(" ")' <<<"$output"
	assert_output 'confirm confirmed a1'
	assert_equal "$(waiting)" 0
	assert_equal "$(reminder a1)" confirmed
	assert_equal "$(sql 'SELECT person, text, understood_as, reminder,
		state FROM inbox')" 'Persona c1|Sí, confirmo|confirm|a1|read'
	# Once more, from the network: applied once.
	request /twilio/sms -H "X-Twilio-Signature: $signature" \
		-d "$body"
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .applied <<<"$output")" duplicate
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 1
	run -0 --separate-stderr omni-ingest
	assert_output ''
	verified
}

@test "through a web server: what is not as it should be is refused and not kept (Inv. 11)" {
	start_server
	request /twilio/sms -d Body=SI
	assert_line 403
	sign https://hooks.example.com/omni/twilio/sms Body=NO From=+525512345678
	request /twilio/sms -d Body=SI -H "X-Twilio-Signature: $signature"
	assert_line 403
	request /twilio/sms?x=y -d "$body" -H "X-Twilio-Signature: $signature"
	assert_line 403
	request /twilio/status -d "$body" -H "X-Twilio-Signature: $signature"
	assert_line 403
	request /twilio/sms
	assert_line 405
	request /twilio/nothing -d x=y
	assert_line 404
	request /twilio/../../etc/passwd -d x=y --path-as-is
	assert_line 404
	request /twilio/sms?-h+-o+site.public_url=x -d x=y
	assert_line 403
	head -c 1100000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/large"
	request /twilio/sms --data-binary "@$BATS_TEST_TMPDIR/large"
	assert_line 413
	assert_equal "$(waiting)" 0
	# Nothing of them, but that they were: five without a good signature.
	assert_equal "$(find "$inbound" -type f)" "$inbound/refused"
	assert_equal "$(wc -l <"$inbound/refused")" 5
	run -1 grep -r "$TWILIO_AUTH_TOKEN" "$BATS_TEST_TMPDIR/error.log" \
		"$BATS_TEST_TMPDIR/cgi.log" "$SITE"
}

# --------------------------------------------------------------------- CGI

@test "CGI: a body that is too short, too long or no number (Inv. 9, 10)" {
	body='a=b' signature=x
	cgi /twilio/sms '' CONTENT_LENGTH=4
	assert_line --index 0 $'Status: 400 Bad Request\r'
	cgi /twilio/sms '' CONTENT_LENGTH=3x
	assert_line --index 0 $'Status: 400 Bad Request\r'
	cgi /twilio/sms '' CONTENT_LENGTH=-1
	assert_line --index 0 $'Status: 400 Bad Request\r'
	cgi /twilio/sms '' CONTENT_LENGTH=99999999999999999999999
	assert_line --index 0 $'Status: 413 Content Too Large\r'
	cgi /twilio/sms '' CONTENT_LENGTH=1048577
	assert_line --index 0 $'Status: 413 Content Too Large\r'
	cgi /twilio/sms '' CONTENT_LENGTH=
	assert_line --index 0 $'Status: 403 Forbidden\r'
	assert_equal "$(waiting)" 0
}

@test "CGI: a slow body is not waited for longer than the configuration says" {
	printf '[ingest]\ntimeout = 1s\n' >>"$OMNI_CONF"
	mkfifo "$BATS_TEST_TMPDIR/slow"
	exec 4<>"$BATS_TEST_TMPDIR/slow"
	printf 'a=' >&4
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/twilio/sms CONTENT_LENGTH=10 \
		CONTENT_TYPE="$form" timeout 20 omni-ingest \
		<"$BATS_TEST_TMPDIR/slow"
	exec 4>&-
	assert_line --index 0 $'Status: 408 Request Timeout\r'
}

@test "CGI: what cannot be kept is not acknowledged: 503 (Inv. 2)" {
	echo 'not a directory' >"$inbound"
	sign https://hooks.example.com/omni/twilio/sms From=+525512345678 Body=SI
	cgi /twilio/sms ''
	assert_line --index 0 $'Status: 503 Service Unavailable\r'
	[ -n "$stderr" ]
}

@test "CGI: killed at any system call, what was acknowledged is in the spool (Inv. 2)" {
	local call spot
	need_strace
	sign https://hooks.example.com/omni/twilio/sms \
		MessageSid=SM00000000000000000000000000000001 \
		From=+525512345678 To=+525587654321 Body=SI
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	export GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
		PATH_INFO=/twilio/sms QUERY_STRING="" CONTENT_TYPE="$form" \
		CONTENT_LENGTH="${#body}" HTTP_X_TWILIO_SIGNATURE="$signature"
	for call in write fsync linkat unlinkat openat; do
		find_spots "$call" omni-ingest <"$BATS_TEST_TMPDIR/body" \
			>/dev/null
		[ "${#spots[@]}" -gt 0 ]
		# The last seven: before them the libraries are loaded.
		for spot in "${spots[@]:${#spots[@]} > 7 ? ${#spots[@]} - 7 : 0}"
		do
			rm -rf "$inbound"
			kill_at "$spot" omni-ingest <"$BATS_TEST_TMPDIR/body"
			[ "$status" -eq 137 ]
			[ -z "$output" ] || [ "$(waiting)" -eq 1 ]
			# What lies in new/ is whole.
			[ "$(waiting)" -eq 0 ] ||
				[ "$(cat "$inbound"/new/* | tail -n 1)" = "$body" ]
		done
	done
}

@test "CGI: words of the query that arrive as arguments are not options (Inv. 11)" {
	body=x=y signature=x
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/twilio/sms CONTENT_LENGTH=3 \
		CONTENT_TYPE="$form" HTTP_X_TWILIO_SIGNATURE=x omni-ingest \
		-o site.public_url=x -h --version <"$BATS_TEST_TMPDIR/body"
	assert_line --index 0 $'Status: 403 Forbidden\r'
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/twilio/sms CONTENT_LENGTH=3 \
		CONTENT_TYPE="$form" HTTP_X_TWILIO_SIGNATURE=x omni-ingest \
		-c /dev/null <"$BATS_TEST_TMPDIR/body"
	assert_line --index 0 $'Status: 403 Forbidden\r'
}

@test "control characters from outside reach no terminal (Inv. 10)" {
	body=x=y signature=x
	cgi "/$(printf 'a\033[2Jb')" ''
	assert_line --index 0 $'Status: 400 Bad Request\r'
	run -1 grep -q $'\033' <<<"$output$stderr"
	sign https://hooks.example.com/omni/twilio/sms \
		"MessageSid=$(printf 'SM\033[2J')" From=+525512345678
	cgi /twilio/sms ''
	assert_equal "$(waiting)" 1
	run -1 --separate-stderr omni-ingest
	[[ $stderr == *'MessageSid: not a sid: SM\x1b[2J'* ]]
	run -1 grep -rq $'\033' "$inbound/bad" --include='*.reason'
	text 1 +525512345678 "$(printf 'Hola\033[2J\nadi\303\263s')"
	run -0 --separate-stderr omni-ingest
	run -1 grep -q $'\033' <<<"$output$stderr"
	verified
}

@test "every request of the corpus, signed for us, is understood" {
	local corpus=$OMNI_CORPORA/wire/twilio-webhooks index count n path pairs
	index=$BATS_TEST_TMPDIR/index
	[ -r "$corpus/index.json" ] || skip "no corpus at $corpus"
	# Those of voice calls have no MessageSid.
	jq "[.requests[] | select(.params.MessageSid)]" \
		"$corpus/index.json" >"$index"
	count=$(jq length "$index")
	[ "$count" -ge 4 ]
	for ((n = 0; n < count; n++)); do
		mapfile -d '' -t pairs < <(jq -j --argjson n "$n" \
			'.[$n].params | to_entries[] |
			.key + "=" + .value + "\u0000"' "$index")
		path=/twilio/sms
		[[ "${pairs[*]}" != *MessageStatus=* ]] || path=/twilio/status
		sign "https://hooks.example.com/omni$path" "${pairs[@]}"
		# The body as the corpus has it, in its own order.
		body=$(cat "$corpus/$(jq -r --argjson n "$n" \
			'.[$n].file' "$index")")
		cgi "$path" ''
		assert_output --regexp '^Status: 20[04]'
	done
	assert_equal "$(waiting)" "$count"
	# There is no network here.
	run -0 --separate-stderr omni-ingest -o ingest.max_media=0
	# A picture that is not fetched is a record of its own.
	assert_equal "$(grep -vc '"kind":"media"' <<<"$output")" "$count"
	assert_equal "$(find "$inbound/bad" -type f | wc -l)" 0
	verified
}

@test "the signature is the one that Twilio's own library makes (Inv. 11)" {
	/usr/bin/python3 -c 'import twilio' 2>/dev/null ||
		skip 'python3-twilio is not installed'
	sign https://hooks.example.com/omni/twilio/sms Body='Sí & no = ñ+' \
		MessageSid=SM00000000000000000000000000000001 \
		From=+525512345678 To=+525587654321
	signature=$(/usr/bin/python3 - "$TWILIO_AUTH_TOKEN" "$body" <<-'PYTHON'
	import sys, urllib.parse
	from twilio.request_validator import RequestValidator
	print(RequestValidator(sys.argv[1]).compute_signature(
	    "https://hooks.example.com/omni/twilio/sms",
	    dict(urllib.parse.parse_qsl(sys.argv[2], True))))
	PYTHON
	)
	cgi /twilio/sms ''
	assert_line --index 0 $'Status: 200 OK\r'
}

# ---------------------------------------------------------------- receipts

@test "receipts in any order and twice give the same row (Inv. 5, 7)" {
	local status order n=0 all=(sent delivered read undelivered)
	local a b c d
	for a in 0 1 2 3; do for b in 0 1 2 3; do for c in 0 1 2 3; do
		d=$((6 - a - b - c))
		((a != b && a != c && b != c)) || continue
		n=$((n + 1))
		queue "m$n" "+525512345$((100 + n))"
		run -0 omni-send-sms -q
		for order in $a $b $c $d; do
			status=${all[order]}
			receipt "$n" "$status" "m$n.1" ErrorCode=30003
		done
	done; done; done
	assert_equal "$n" 24
	for order in "$inbound"/new/*; do
		cp "$order" "$order.again"
	done
	run -0 omni-ingest -q
	assert_equal "$(waiting)" 0
	assert_equal "$(sql 'SELECT count(*) FROM event')" 96
	assert_equal "$(sql "SELECT count(*) FROM journal
		WHERE op = 'event.received'")" 96
	run -0 sql 'SELECT DISTINCT state, status, reason, sent_at,
		delivered_at, read_at, failed_at FROM message'
	assert_equal "${#lines[@]}" 1
	assert_output --partial '|read|'
	run -0 sql 'SELECT DISTINCT state, outcome, status, code FROM attempt'
	assert_equal "${#lines[@]}" 1
	verified
}

@test "a receipt for nobody we know waits, and changes nothing (Inv. 10)" {
	receipt 1 delivered nobody.1
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .applied <<<"$output")" unmatched
	receipt 2 delivered ''
	receipt 3 delivered "m'); DROP TABLE event.1"
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*), count(message) FROM event')" '3|0'
	verified
}

# ------------------------------------------------------------------- drain

@test "the drain dies between commit and unlink: applied once (Inv. 2, 4)" {
	need_strace
	text 1 +525512345678 'Hola'
	text 2 +525512345678 'Hola otra vez'
	kill_at unlinkat:1 omni-ingest -q
	assert_equal "$status" 137
	assert_equal "$(waiting)" 2
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 2
	run -0 omni-ingest -q
	assert_equal "$(waiting)" 0
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 2
	verified
}

@test "the drain is killed at any write: each message once (Inv. 2, 4, 7)" {
	local call point
	need_strace
	text 1 +525512345678 'BAJA'
	text 2 +525512345679 'Hola'
	cp -R "$SITE" "$BATS_TEST_TMPDIR/before"
	for call in pwrite64 fdatasync unlinkat; do
		rm -rf "$SITE"
		cp -R "$BATS_TEST_TMPDIR/before" "$SITE"
		find_spots "$call" omni-ingest -q
		[ "${#spots[@]}" -gt 0 ]
		for ((point = 0; point < ${#spots[@]};
			point += 1 + ${#spots[@]} / 8)); do
			rm -rf "$SITE"
			cp -R "$BATS_TEST_TMPDIR/before" "$SITE"
			kill_at "${spots[point]}" omni-ingest -q
			assert_equal "$status" 137
			run -0 omni-ingest -q
			assert_equal "$(waiting)" 0
			assert_equal "$(sql 'SELECT count(*) FROM inbox')" 2
			assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 1
			run -0 omni-ledger verify -q
		done
	done
}

@test "a file that nobody understands is set aside with the reason, status 1 (Inv. 2, 10)" {
	text 1 +525512345678 Hola
	echo 'not one of ours' >"$inbound/new/odd"
	: >"$inbound/new/empty"
	sign https://hooks.example.com/omni/twilio/sms From=+525512345678
	cgi /twilio/sms ''
	run -1 --separate-stderr omni-ingest -q
	[[ $stderr == *'inbound/new/odd: not a file of omni-ingest'* ]]
	[[ $stderr == *'MessageSid: missing'* ]]
	assert_equal "$(waiting)" 0
	assert_equal "$(cat "$inbound/bad/odd")" 'not one of ours'
	assert_equal "$(cat "$inbound/bad/odd.reason")" \
		'not a file of omni-ingest'
	assert_equal "$(find "$inbound/bad" -name '*.reason' | wc -l)" 3
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 1
	run -0 omni-ingest -q
}

@test "what is no file is set aside, not followed and not waited for (Inv. 9, 11)" {
	text 1 +525512345678 Hola
	mkfifo "$inbound/new/0fifo"
	mkdir "$inbound/new/0dir"
	cp "$inbound"/new/1* "$BATS_TEST_TMPDIR/elsewhere"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$inbound/new/0link"
	truncate -s 100M "$inbound/new/0long"
	mkdir -p "$inbound/bad"
	ln -s "$OMNI_CONF" "$inbound/bad/0fifo.reason"
	cp "$OMNI_CONF" "$BATS_TEST_TMPDIR/conf"
	run -1 --separate-stderr omni-ingest -q
	[[ $stderr == *'new/0fifo: not a plain file; set aside'* ]]
	[[ $stderr == *'new/0dir: not a plain file; set aside'* ]]
	[[ $stderr == *'new/0link: a symbolic link; set aside'* ]]
	[[ $stderr == *'new/0long: more than '*' bytes; set aside'* ]]
	assert_equal "$(find "$inbound/new" -mindepth 1)" ''
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 1
	# Nor is anything written through a link.
	run -0 cmp "$OMNI_CONF" "$BATS_TEST_TMPDIR/conf"
	run -0 cat "$inbound/bad/0fifo.reason"
	assert_output 'new/0fifo: not a plain file'
	run -0 omni-ingest --replay -n
	assert_equal "$(jq -r .name <<<"$output" | xargs)" \
		'0dir 0fifo 0link 0long'
}

@test "a spool whose directory is a link to elsewhere is not drained (Inv. 11)" {
	text 1 +525512345678 Hola
	mv "$inbound/new" "$inbound/old"
	ln -s .. "$inbound/new"
	run -78 --separate-stderr omni-ingest -q
	[[ $stderr == *'inbound/new: not a directory' ]]
	assert_exists "$SITE/spool/ledger.db"
	rm "$inbound/new"
	mv "$inbound/old" "$inbound/new"
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*) FROM inbox')" 1
}

@test "one drain at a time: 75" {
	mkdir -p "$SITE/spool/run"
	text 1 +525512345678 Hola
	exec 4>"$SITE/spool/run/ingest.lock"
	flock 4
	run -75 omni-ingest -q
	exec 4>&-
	assert_equal "$(waiting)" 1
	run -0 omni-ingest -q
	assert_equal "$(waiting)" 0
}

# ------------------------------------------------------------ what is said

@test "STOP silences a family's phone on all its channels, START lifts it (Inv. 6)" {
	schedule a1 2026-11-26T10:00 c1 5512345678
	schedule a2 2026-11-26T11:00 c2 5512345678
	queue before +525512345678
	text 1 +525512345678 'BAJA'
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT scope, how, people FROM opted_out')" \
		'all|keyword|Persona c1,Persona c2'
	run -0 omni-send-sms -q
	assert_equal "$(sql "SELECT state, reason FROM message WHERE id =
		'before'")" 'cancelled|opted out (all) on 2026-11-23 by keyword'
	at 2026-11-25T17:00:00Z
	ask
	assert_equal "$(sql "SELECT count(*) FROM message WHERE direction =
		'outbound' AND state = 'sent'")" 0
	text 2 +525512345678 'ALTA'
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 0
	queue after +525512345678
	run -0 omni-send-sms -q
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'after'")" \
		sent
	verified
}

@test "a yes to two open reminders of one phone is for a person to read (Inv. 10)" {
	schedule a1 2026-11-24T10:00 c1 5512345678
	schedule a2 2026-11-24T11:00 c2 5512345678
	ask
	text 1 +525512345678 'Sí, confirmo'
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .action <<<"$output")" flagged
	assert_equal "$(reminder a1) $(reminder a2)" 'open open'
	assert_equal "$(sql 'SELECT kind FROM open_flag')" ambiguous_reply
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 1
	verified
}

@test "another time, a question, a wrong number: each has a flag, and settles nothing (Inv. 10)" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	text 1 +525512345678 'Mañana no puedo'
	text 2 +525512345678 '¿A qué hora es?'
	text 3 +525512345678 'Tal vez'
	text 4 +525512345678 'AYUDA'
	text 5 +525599998888 'Número equivocado'
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r '[.intent, .action] | join(" ")' <<<"$output")" \
		$'reschedule flagged\nquestion flagged\nunclear flagged\nhelp flagged\nwrong_number flagged'
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql "SELECT kind, coalesce(reminder, '-') FROM open_flag
		ORDER BY flag")" \
		$'reschedule|a1\nquestion|a1\nunclear_reply|a1\nquestion|a1\nwrong_number|-'
	assert_equal "$(sql 'SELECT understood_as FROM inbox ORDER BY id' |
		paste -sd' ')" 'reschedule question unclear help wrong_number'
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 5
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 0
	verified
}

@test "a stop inside a sentence stops (Inv. 6)" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	text 1 +525512345678 'Buenas tardes, por favor ya no me manden mensajes'
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .action <<<"$output")" opted_out
	queue after +525512345678
	run -0 omni-send-sms -q
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'after'")" \
		cancelled
	verified
}

@test "CANCELAR declines and tells staff; it is no opt-out (Inv. 10)" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	text 1 +525512345678 'CANCELAR'
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .action <<<"$output")" declined
	assert_equal "$(reminder a1)" declined
	assert_equal "$(sql 'SELECT kind, reminder FROM open_flag')" \
		'declined|a1'
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 0
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 1
	verified
}

@test "a no after the yes, and another time: staff hears of it; the same again is nothing (Inv. 10)" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	text 1 +525512345678 'Sí'
	text 2 +525512345678 'Sí'
	text 3 +525512345678 'Perdón, ya no puedo ir'
	text 4 +525512345678 'Mañana no puedo'
	text 5 +525512345678 '¿A qué hora es?'
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r '[.intent, .action, .reminder] | join(" ")' <<<"$output")" \
		$'confirm confirmed a1\nconfirm none a1\ndecline flagged a1\nreschedule flagged a1\nquestion none a1'
	assert_equal "$(reminder a1)" confirmed
	assert_equal "$(sql "SELECT DISTINCT kind, reminder, reason FROM open_flag")" \
		'late_reply|a1|the appointment is confirmed already'
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 3
	verified
}

@test "a yes to the old time of an appointment that moved confirms nothing (Inv. 6)" {
	appointment a1 2026-11-24T16:30 c1 5512345678
	schedule a1 2026-11-28T10:00 c1 5512345678
	text 1 +525512345678 'Sí'
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r .action <<<"$output")" none
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 1
	# Asked about the new time, the same word counts.
	at 2026-11-27T17:00:00Z
	ask
	text 2 +525512345678 'Sí'
	run -0 omni-ingest -q
	assert_equal "$(reminder a1)" confirmed
	verified
}

@test "who is not known lands among the unread (Inv. 10)" {
	text 1 +525599999999 '¿Abren los sábados?'
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT person, text FROM unread')" \
		'+525599999999|¿Abren los sábados?'
	verified
}

@test "STOP by WhatsApp from a number written +52 1 silences that person (Inv. 6)" {
	text 1 whatsapp:+5215512345678 STOP
	run -0 omni-ingest -q
	echo '{"id":"w","contact":{"id":"c","phone":"55 1234 5678"},"text":"hola","type":"appointment"}' \
		>"$BATS_TEST_TMPDIR/one"
	omni-normalize <"$BATS_TEST_TMPDIR/one" >"$BATS_TEST_TMPDIR/two"
	run -1 --separate-stderr omni-route <"$BATS_TEST_TMPDIR/two"
	[[ $output == *'opted out (all)'* ]]
}

@test "a receipt for a message that is to be sent again: it is not (Inv. 3)" {
	queue again +525512345678
	need_strace
	: >>"$SITE/spool/console.txt"
	run -137 strace -o /dev/null -P "$SITE/spool/console.txt" -e trace=write \
		-e inject=write:signal=KILL:when=1 omni-send-sms -q
	at 2026-11-23T23:01:00Z
	run -0 omni-send-sms -q -o 'channel sms.doubt=resend'
	assert_equal "$(sql 'SELECT state FROM message')" in_doubt
	at 2026-11-23T23:30:00Z
	sed -i 's/^per_hour = 100000/per_hour = 1/' "$OMNI_CONF"
	run -0 omni-send-sms -q -o 'channel sms.doubt=resend'
	assert_equal "$(sql 'SELECT state FROM message')" queued
	receipt 1 delivered again.1
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT state, status FROM message')" 'sent|delivered'
	at 2026-11-24T16:00:00Z
	run -0 omni-send-sms -q
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 1
	run -0 omni-ledger verify -q
}

@test "who came back by a word is not silenced by the export's old note (Inv. 6)" {
	text 1 +525512345678 BAJA
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 1
	text 2 +525512345678 ALTA
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 0
	echo '{"id":"a1","type":"appointment","at":"2026-11-25T10:00","contact":{"id":"c","name":"Ana","phone":"55 1234 5678","opt_out":["sms"]}}' >"$in"
	run -0 omni-schedule -q <"$in"
	assert_equal "$(sql 'SELECT count(*) FROM contact')" 1
	assert_equal "$(sql 'SELECT count(*) FROM opted_out')" 0
	verified
}

@test "more than a thousand files: what came last counts (Inv. 6)" {
	local i
	text 1 +525512345678 STOP
	set -- "$inbound"/new/*
	sed 's/STOP/START/; s/SM0*1&/SM00000000000000000000000000000002\&/; s/SM0*1$/SM00000000000000000000000000000002/' \
		"$1" >"$inbound/new/0000000000.start"
	for ((i = 0; i < 1100; i++)); do
		sed "s/STOP/hola/; s/SM0000000/SM1$(printf %06d "$i")/" "$1" \
			>"$inbound/new/5000000000.$i"
	done
	mv "$1" "$inbound/new/9999999999.stop"
	run -0 omni-ingest -q
	assert_equal "$(sql "SELECT state FROM consent WHERE scope = 'all'")" out
	assert_equal "$(sql 'SELECT count(*) FROM message')" 1102
}

@test "an answer cannot bring escape sequences to a terminal (Inv. 11)" {
	text 1 +525512345678 $'si \e]0;x\a'
	run -0 omni-ingest -q
	run -0 sql 'SELECT text FROM inbox'
	refute_output --partial $'\e'
	refute_output --partial $'\a'
}
