#!/usr/bin/env bats
# shellcheck disable=SC2016	# what another shell expands
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# The simulator: what it answers, the faults it plays, what it tells of.

SID=AC00000000000000000000000000000000
TOKEN=simulator-token

setup() {
	load helper
	server='' receiver=''
	dir=$BATS_TEST_TMPDIR/dir
	hooks=$BATS_TEST_TMPDIR/hooks
}

teardown() {
	stop_server
	[ -z "$receiver" ] || kill "$receiver" || :
}

# simulate [OPTION]...: starts it; $url, $messages and $smtp are where it is
simulate() {
	local ready=$BATS_TEST_TMPDIR/ready i
	rm -f "$ready"
	omni-simulator -d "$dir" --callbacks off "$@" >"$ready" 3>&- &
	server=$!
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$ready" ] || break
		sleep 0.05
	done
	url=$(jq -r .http "$ready")
	smtp=$(jq -r .smtp "$ready")
	messages=$url/2010-04-01/Accounts/$SID/Messages.json
	graph=$url/v26.0/1065
}

# finish: ends it as systemd would; its status must be 0
finish() {
	kill -TERM "$server"
	wait "$server"
	server=
}

# twilio [CURL'S ARGUMENT]...: asks with the right credential
twilio() {
	curl -sS -m 5 -u "$SID:$TOKEN" "$@"
}

# sms TO BODY [CURL'S ARGUMENT]...
sms() {
	local to=$1 body=$2
	shift 2
	twilio "$messages" --data-urlencode "To=$to" -d From=%2B525587654321 \
		--data-urlencode "Body=$body" "$@"
}

# whatsapp JSON
whatsapp() {
	curl -sS -m 5 -H "Authorization: Bearer $TOKEN" \
		-H 'Content-Type: application/json' -d "$1" "$graph/messages"
}

control() {
	curl -sS -m 5 "$url/_control" "$@"
}

accepted() {
	wc -l <"$dir/accepted.ndjson"
}

# log FILTER: of the last request
log() {
	tail -n 1 "$dir/requests.ndjson" | jq -c "$1"
}

# eventually COMMAND...: within ten seconds
eventually() {
	local i
	for ((i = 0; i < 200; i++)); do
		"$@" && return
		sleep 0.05
	done
	fail "never: $*"
}

# told COUNT: so many callbacks were written
told() {
	[ "$(find "$hooks" -name '[!.]*.request' 2>/dev/null | wc -l)" -ge "$1" ]
}

# statuses: of the callbacks written, in the order in which they were
statuses() {
	cat "$hooks"/*.request | tr '&' '\n' | tr -d '\r' |
		sed -n 's/^MessageStatus=//p' | paste -sd ' '
}

# receive STATUS: a web server that keeps the bodies it gets in $got and
# answers with STATUS; $hook is its URL
receive() {
	got=$BATS_TEST_TMPDIR/got
	python3 - "$1" "$BATS_TEST_TMPDIR/port" "$got" 3>&- <<-'END' &
	import http.server, sys
	class Hook(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        body = self.rfile.read(int(self.headers["Content-Length"]))
	        sign = self.headers.get("X-Twilio-Signature",
	            self.headers.get("X-Hub-Signature-256"))
	        with open(sys.argv[3], "a") as f:
	            f.write(f"{sign} {self.path} {body.decode()}\n")
	        self.send_response(int(sys.argv[1]))
	        self.end_headers()
	    def log_message(self, *args):
	        pass
	server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
	with open(sys.argv[2], "w") as f:
	    f.write(f"{server.server_port}\n")
	server.serve_forever()
	END
	receiver=$!
	eventually test -s "$BATS_TEST_TMPDIR/port"
	hook=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")
}

got_lines() {
	[ "$(wc -l <"$got" 2>/dev/null || echo 0)" -ge "$1" ]
}

@test "its clock is OMNI_NOW, in messages and in what answers are dated" {
	export OMNI_NOW=2026-11-24T01:10:00-06:00
	simulate
	run -0 curl -sS -m 5 -D - -u "$SID:$TOKEN" -d To=%2B525512345671 \
		-d From=%2B525587654321 -d Body=hola "$messages"
	assert_line $'Date: Tue, 24 Nov 2026 07:10:00 GMT\r'
	assert_output --partial '"date_created":"Tue, 24 Nov 2026 07:10:00 +0000"'
}

@test "usage: --help, --version, and what is wrong" {
	run -0 omni-simulator --help
	assert_output --partial 'usage: omni-simulator'
	run -0 omni-simulator -V
	assert_output --regexp '^omni-simulator [0-9.]+$'
	run -64 omni-simulator --no-such-option
	run -64 omni-simulator argument
	run -64 omni-simulator --fault nonsense=1
	assert_output --partial 'nonsense: no such fault'
	run -64 omni-simulator --fault error_500=2
	assert_output --partial 'not a share'
	run -64 omni-simulator --fault nobody:error_500=1
	run -64 omni-simulator --fault delay=soon
	run -64 omni-simulator --answer +52=nonsense
	run -64 omni-simulator --callback-mode backwards
	run -64 omni-simulator --callbacks maybe
	run -64 omni-simulator -p 70000
	run -64 omni-simulator -o nonsense=1
}

@test "a port that is taken, and a directory that cannot be written" {
	simulate
	run -69 omni-simulator -p "${url##*:}"
	assert_output --partial "${url#http://}: Address already in use"
	run -69 omni-simulator -s "${smtp##*:}"
	echo >"$BATS_TEST_TMPDIR/file"
	run -71 omni-simulator -d "$BATS_TEST_TMPDIR/file/dir"
	assert_output --partial "$BATS_TEST_TMPDIR/file/dir"
}

@test "SIGTERM and Ctrl-C end it with 0, requests under way or not" {
	simulate --fault timeout_after=1
	sms +525512345678 Hola -m 20 3>&- &
	eventually test -s "$dir/accepted.ndjson"
	finish
	run -0 env --default-signal=INT bash -c 'set -m
		omni-simulator >"$0" & sleep 0.5; kill -INT $!; wait $!' \
		"$BATS_TEST_TMPDIR/ready"
}

@test "Twilio: a message is accepted, listed and fetched" {
	local sid
	simulate
	run -0 sms +525512345678 'Hola "Begoña"' -d StatusCallback=http%3A%2F%2Fx.example%2Fcgi%3Fref%3D01JB%23rc%3D5
	sid=$(jq -r .sid <<<"$output")
	[[ $sid =~ ^SM[0-9a-f]{32}$ ]]
	run -0 jq -c '[.status, .to, .num_segments, .date_sent, .error_code]' <<<"$output"
	assert_output '["queued","+525512345678","1",null,null]'
	run -0 jq -c '[.provider, .id, .to, .from, .body, .reference]' "$dir/accepted.ndjson"
	assert_output "[\"twilio\",\"$sid\",\"+525512345678\",\"+525587654321\",\"Hola \\\"Begoña\\\"\",\"01JB\"]"
	run -0 log '[.method, .status, .authorized, .form.To, .fault]'
	assert_output '["POST",201,true,"+525512345678",null]'
	run -0 twilio "${messages%.json}/$sid.json"
	assert_equal "$(jq -r .status <<<"$output")" delivered
	run -0 twilio "$messages?To=%2B525512345678"
	assert_equal "$(jq -r '.messages[].sid' <<<"$output")" "$sid"
	run -0 twilio "${messages%.json}/SM0.json"
	assert_equal "$(jq -r .code <<<"$output")" 20404
}

@test "Twilio: a list is the newest first, filtered, and comes in pages" {
	local i next
	simulate
	for i in 1 2 3 4 5; do
		sms "+52551234567$i" "text $i"
	done
	run -0 twilio "$messages?PageSize=2"
	assert_equal "$(jq -c '[.messages[].body]' <<<"$output")" '["text 5","text 4"]'
	next=$(jq -r .next_page_uri <<<"$output")
	# What comes in between does not move the pages.
	sms +525512345676 'text 6'
	run -0 twilio "$url$next"
	assert_equal "$(jq -c '[.messages[].body, .page]' <<<"$output")" '["text 3","text 2",1]'
	run -0 twilio "$url$(jq -r .next_page_uri <<<"$output")"
	assert_equal "$(jq -c '[.messages[].body, .next_page_uri]' <<<"$output")" '["text 1",null]'
	run -0 twilio "$messages?DateSent%3E=2099-01-01"
	assert_equal "$(jq -c .messages <<<"$output")" '[]'
	run -0 twilio "$messages?DateSent%3E=$(date -ud yesterday +%F)&DateSent%3C=$(date -ud tomorrow +%FT%TZ)"
	assert_equal "$(jq '.messages | length' <<<"$output")" 6
	run -0 twilio "$messages?From=%2B1"
	assert_equal "$(jq -c .messages <<<"$output")" '[]'
}

# refused CODE STATUS CURL'S ARGUMENT...
refused() {
	local expected="[$1,$2]"
	shift 2
	run -0 twilio "$@"
	assert_equal "$(jq -c '[.code, .status]' <<<"$output")" "$expected"
}

@test "Twilio: what is missing or wrong has Twilio's code" {
	local from=From=%2B525587654321 to=To=%2B525512345678 media=()
	simulate
	refused 21604 400 "$messages" -d "$from" -d Body=x
	refused 21603 400 "$messages" -d "$to" -d Body=x
	refused 21602 400 "$messages" -d "$to" -d "$from"
	refused 21617 400 "$messages" -d "$to" -d "$from" \
		-d "Body=$(printf 'x%.0s' {1..1601})"
	for _ in {1..11}; do
		media+=(-d MediaUrl=https://x.example/a.png)
	done
	refused 21623 400 "$messages" -d "$to" -d "$from" "${media[@]}"
	refused 21211 400 "$messages" -d To=5512345678 -d "$from" -d Body=x
	refused 21609 400 "$messages" -d "$to" -d "$from" -d Body=x \
		-d StatusCallback=nowhere
	refused 21610 400 "$messages" -d To=%2B15005550004 -d "$from" -d Body=x
	refused 21212 400 "$messages" -d "$to" -d From=%2B15005550001 -d Body=x
	refused 20003 401 -u "$SID:wrong" "$messages" -d "$to" -d "$from" -d Body=x
	refused 20404 404 "${messages/AC0/AC1}" -d "$to" -d "$from" -d Body=x
	assert_equal "$(accepted)" 0
	run -0 sms +525512345678 x -d Priority=high
	assert_equal "$(log .unknown)" '["Priority"]'
	run -0 grep -c "$TOKEN" "$dir"/*.ndjson || :
	refute_output --partial ':1'
}

@test "Twilio: MMS, calls and look-ups" {
	simulate --answer +525500000001=21614
	run -0 sms +525512345678 '' -d MediaUrl=https://x.example/a.png
	assert_equal "$(jq -r '.sid[:2] + .num_media' <<<"$output")" MM1
	run -0 twilio "$url/2010-04-01/Accounts/$SID/Calls.json" \
		-d To=%2B525512345678 -d From=%2B525587654321 -d 'Twiml=<Response/>'
	assert_equal "$(jq -r .status <<<"$output")" queued
	run -0 twilio "$url/2010-04-01/Accounts/$SID/Calls/$(jq -r .sid <<<"$output").json"
	assert_equal "$(jq -r .status <<<"$output")" completed
	run -0 twilio "$url/v2/PhoneNumbers/%2B525512345678?Fields=line_type_intelligence"
	assert_equal "$(jq -c '[.valid, .line_type_intelligence.type]' <<<"$output")" '[true,"mobile"]'
	run -0 twilio "$url/v2/PhoneNumbers/%2B525500000001?Fields=line_type_intelligence"
	assert_equal "$(jq -r .line_type_intelligence.type <<<"$output")" landline
	run -0 twilio "$url/v2/PhoneNumbers/12"
	assert_equal "$(jq -c '[.valid, .validation_errors]' <<<"$output")" '[false,["NOT_A_NUMBER"]]'
}

@test "WhatsApp: messages, marks, and what is wrong" {
	local json
	simulate --answer +525500000001=131056 --answer +525500000002=131026
	run -0 whatsapp '{"messaging_product":"whatsapp","to":"+525512345678","type":"text","text":{"body":"Hola"},"biz_opaque_callback_data":"out:01JB"}'
	assert_equal "$(jq -r '.contacts[0].wa_id' <<<"$output")" 5215512345678
	assert_equal "$(jq -r '.messages[0].id[:6]' <<<"$output")" wamid.
	run -0 jq -c '[.provider, .body, .reference]' "$dir/accepted.ndjson"
	assert_output '["whatsapp","Hola","out:01JB"]'
	run -0 whatsapp '{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x"}'
	assert_output '{"success":true}'
	while read -r code json; do
		run -0 whatsapp "$json"
		assert_equal "$json $(jq .error.code <<<"$output")" "$json $code"
	done <<-'END'
	100 {"to":"+525512345678","type":"text","text":{"body":"x"}}
	100 {"messaging_product":"whatsapp","type":"text","text":{"body":"x"}}
	131009 {"messaging_product":"whatsapp","to":"Ana","type":"text","text":{"body":"x"}}
	131009 {"messaging_product":"whatsapp","to":"+525512345678","type":"poem","poem":{}}
	131008 {"messaging_product":"whatsapp","to":"+525512345678","type":"text","text":{}}
	131008 {"messaging_product":"whatsapp","to":"+525512345678","type":"template","template":{"name":"x"}}
	131008 {"messaging_product":"whatsapp","to":"+525512345678","type":"image","image":{}}
	131056 {"messaging_product":"whatsapp","to":"525500000001","type":"text","text":{"body":"x"}}
	null {"messaging_product":"whatsapp","to":"525500000002","type":"text","text":{"body":"x"}}
	END
	TOKEN=wrong run -0 whatsapp '{}'
	assert_equal "$(jq .error.code <<<"$output")" 190
	assert_equal "$(log '[.status, .authorized]')" '[401,false]'
}

@test "WhatsApp: each of Meta's own requests is taken" {
	local file requests=$OMNI_CORPORA/wire/whatsapp-requests
	[ -d "$requests" ] || skip "no corpora in $OMNI_CORPORA"
	simulate
	for file in "$requests"/*.json; do
		run -0 whatsapp "$(jq -c '.to |= if . == null then null
			elif test("^[+0-9]+$") then . else "+525512345678" end
			| if .to == null then del(.to) else . end
			| if .interactive then .type = "interactive" else . end' "$file")"
		assert_equal "$file $(log .status)" "$file 200"
	done
}

@test "WhatsApp: media go up and come down" {
	local id
	simulate
	printf 'picture\0\r\n' >"$BATS_TEST_TMPDIR/a.jpg"
	run -0 curl -sS -H "Authorization: Bearer $TOKEN" "$graph/media" \
		-F messaging_product=whatsapp \
		-F "file=@$BATS_TEST_TMPDIR/a.jpg;type=image/jpeg"
	id=$(jq -r .id <<<"$output")
	run -0 curl -sS -H "Authorization: Bearer $TOKEN" "$url/v26.0/$id"
	assert_equal "$(jq -c '[.mime_type, .file_size]' <<<"$output")" '["image/jpeg","10"]'
	curl -sS -H "Authorization: Bearer $TOKEN" \
		-o "$BATS_TEST_TMPDIR/b.jpg" "$(jq -r .url <<<"$output")"
	cmp "$BATS_TEST_TMPDIR/a.jpg" "$BATS_TEST_TMPDIR/b.jpg"
	run -0 curl -sS -H "Authorization: Bearer $TOKEN" "$url/v26.0/1"
	assert_equal "$(jq .error.code <<<"$output")" 100
}

@test "SES and ntfy" {
	local mail='{"FromEmailAddress":"citas@clinic.example","Destination":{"ToAddresses":["ana@example.net"]},"Content":{"Simple":{"Subject":{"Data":"Su cita"},"Body":{"Text":{"Data":"x"}}}},"EmailTags":[{"Name":"ref","Value":"01JB"}]}'
	local ses=$url/v2/email/outbound-emails
	simulate --answer bounce@example.net=400
	ses=$url/v2/email/outbound-emails
	run -0 curl -sS -w '%{http_code}' "$ses" -d "$mail"
	assert_output --partial '}403'
	run -0 curl -sS "$ses" -d "$mail" --user "simulator:$TOKEN" \
		--aws-sigv4 aws:amz:us-east-1:ses -H 'Content-Type: application/json'
	[[ $(jq -r .MessageId <<<"$output") =~ ^0100.*-000000$ ]]
	run -0 curl -sS -w '%{http_code}' "$ses" -d "${mail/ana@/bounce@}" \
		--user "simulator:$TOKEN" --aws-sigv4 aws:amz:us-east-1:ses
	assert_output --partial '}400'
	run -0 curl -sS "$url/ntfy/citas" -H 'Title: Cita' -d 'Mañana 10:00'
	assert_equal "$(jq -c '[.event, .topic, .message]' <<<"$output")" '["message","citas","Mañana 10:00"]'
	run -0 jq -r '[.provider, .to, .reference] | join(" ")' "$dir/accepted.ndjson"
	assert_output 'ses ana@example.net 01JB
ntfy citas '
}

@test "ntfy: published as JSON, and polled for" {
	simulate --answer full=42901
	run -0 curl -sS "$url/" -d '{"topic":"vacunas","title":"Cita","message":"Mañana","priority":4}'
	assert_equal "$(jq -c '[.event, .topic, .title, .message]' <<<"$output")" \
		'["message","vacunas","Cita","Mañana"]'
	curl -sS -o /dev/null "$url/ntfy/vacunas" -d 'otra'
	curl -sS -o /dev/null "$url/" -d '{"topic":"otro","message":"x"}'
	run -0 curl -sS "$url/vacunas/json?poll=1&since=all"
	assert_equal "$(jq -r .message <<<"$output" | xargs)" 'Mañana otra'
	run -0 curl -sS "$url/vacunas/json?poll=1&since=$(($(date +%s) + 60))"
	assert_output ''
	run -0 curl -sS "$url/nadie/json?poll=1&since=all"
	assert_output ''
	run -0 curl -sS -w '%{http_code}' "$url/vacunas/json"
	assert_output --partial '}400'
	run -0 curl -sS "$url/" -d 'no JSON'
	assert_equal "$(jq .code <<<"$output")" 40024
	run -0 curl -sS "$url/" -d '{"message":"x"}'
	assert_equal "$(jq .code <<<"$output")" 40009
	run -0 curl -sS "$url/" -d '{"topic":"full","message":"x"}'
	assert_equal "$(jq -c '[.code, .http]' <<<"$output")" '[42901,429]'
}

# vapid AUD SECONDS SUB [HOW]: a header, signed as RFC 8292 says or as HOW does
vapid() {
	/usr/bin/python3 - "$@" <<-'END'
	import base64, json, sys, time
	from cryptography.hazmat.primitives import hashes, serialization as s
	from cryptography.hazmat.primitives.asymmetric import ec, utils
	aud, seconds, sub, how = (sys.argv[1:] + [''])[:4]
	text = lambda b: base64.urlsafe_b64encode(b).decode().rstrip('=')
	key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in 'ab')
	token = '.'.join(text(json.dumps(part).encode()) for part in (
	    {'typ': 'JWT', 'alg': 'none' if how == 'none' else 'ES256'},
	    {'aud': aud, 'exp': int(time.time()) + int(seconds), 'sub': sub}))
	der = key.sign(token.encode(), ec.ECDSA(hashes.SHA256()))
	r, q = utils.decode_dss_signature(der)
	raw = r.to_bytes(32, 'big') + q.to_bytes(32, 'big')
	point = (other if how == 'other' else key).public_key().public_bytes(
	    s.Encoding.X962, s.PublicFormat.UncompressedPoint)
	print('Authorization: vapid t=%s.%s, k=%s' % (token,
	    text(der if how == 'der' else raw), text(point)))
	END
}

# push WHAT [ARGUMENT]...: the status that curl gets for a notice
push() {
	run -0 curl -sS -o "$BATS_TEST_TMPDIR/answer" \
		-w '%{http_code} %header{location}' -d secret "$@"
}

# refuses REASON AUD SECONDS SUB [HOW]
refuses() {
	local reason=$1
	shift
	push -H "$(vapid "$@")" -H 'TTL: 60' \
		-H 'Content-Encoding: aes128gcm' "$url/push/abc"
	assert_output '403 '
	assert_equal "$(jq -r .error "$BATS_TEST_TMPDIR/answer")" "$reason"
}

@test "Web Push: the signature is verified, and what it is for" {
	/usr/bin/python3 -c 'import cryptography' 2>/dev/null ||
		skip 'no python3-cryptography'
	local vapid coding='Content-Encoding: aes128gcm' me=mailto:a@example.org
	simulate --answer gone=410
	vapid=$(vapid "$url" 43200 "$me")
	push -H "$vapid" -H 'TTL: 60' -H "$coding" -H 'Topic: cita-1' \
		"$url/push/abc"
	assert_output --regexp "^201 $url/push/message/"
	push -H "$vapid" -H 'TTL: 60' -H "$coding" "$url/push/gone"
	assert_output '410 '
	push -H "$vapid" -H "$coding" "$url/push/abc"
	assert_output '400 '
	push -H "$vapid" -H 'TTL: 60' "$url/push/abc"
	assert_output '400 '
	push -H "$vapid" -H 'TTL: 60' -H "$coding" \
		-H 'Topic: 123456789012345678901234567890123' "$url/push/abc"
	assert_output '400 '
	push -H 'TTL: 60' -H "$coding" "$url/push/abc"
	assert_output '401 '
	push -H 'Authorization: vapid t=a.b.c, k=d' -H 'TTL: 60' \
		-H "$coding" "$url/push/abc"
	assert_output '403 '
	refuses 'aud is not this server' http://127.0.0.1 43200 "$me"
	refuses 'aud is not this server' https://push.example 43200 "$me"
	refuses 'exp is not in the next 24 hours' "$url" 90000 "$me"
	refuses 'exp is not in the next 24 hours' "$url" -1 "$me"
	refuses 'sub is neither mailto: nor https:' "$url" 43200 a@example.org
	refuses 'alg is not ES256' "$url" 43200 "$me" none
	refuses 'the signature is not that of k' "$url" 43200 "$me" other
	refuses 'the signature is not that of k' "$url" 43200 "$me" der
	# What was taken can be read by whoever has the browser's key.
	run -0 jq -r '[.to, .body, .reference] | join(" ")' \
		"$dir/accepted.ndjson"
	assert_output 'abc c2VjcmV0 cita-1'
	run grep -rqF vapid "$dir"
	assert_failure
}

@test "nobody's path, and a method that is not served" {
	simulate
	run -0 curl -sS -o /dev/null -w '%{http_code}' "$url/elsewhere"
	assert_output 404
	run -0 curl -sS -o /dev/null -w '%{http_code}' -X PATCH "$url/ntfy/x"
	assert_output 405
	run -0 curl -sS -w '%{http_code}' "$url/_control" -d nonsense
	assert_output --partial 400
	run -0 control -d '{"faults":{"nonsense":1}}'
	assert_output --partial 'no such fault'
}

# plays FAULT STATUS ACCEPTED: one message meets it; curl's exit status and how
# many messages are accepted then; the answer is in $output
plays() {
	control -d "{\"faults\":{\"$1\":1}}" >"$BATS_TEST_TMPDIR/control"
	run "-$2" twilio -m 1 -w '\n%{http_code}' "$messages" \
		-d To=%2B525512345678 -d From=%2B525587654321 -d Body=x
	control -d '{"faults":null}' >"$BATS_TEST_TMPDIR/control"
	assert_equal "$1 $(accepted)" "$1 $3"
}

@test "each fault over HTTP" {
	simulate --retry-after 7
	plays drop_before 52 0
	plays down 52 0
	plays error_500 0 0
	assert_line 500
	plays error_429 0 0
	assert_line 429
	plays redirect 0 0
	assert_line 302
	plays unauthorized 0 0
	assert_line 401
	plays drop_after 52 1
	plays timeout_after 28 2
	plays error_500_after 0 3
	assert_line 500
	plays malformed 0 4
	assert_line 201
	run ! jq . <<<"${lines[0]}"
	plays half 18 5
	plays delay 0 6
	assert_line 201
	control -d '{"faults":{"huge":1}}' >/dev/null
	sms +525512345678 x >"$BATS_TEST_TMPDIR/huge"
	[ "$(wc -c <"$BATS_TEST_TMPDIR/huge")" -gt 10000000 ]
	control -d '{"faults":{"huge":0,"error_429":1}}' >/dev/null
	run -0 sms +525512345678 x -o /dev/null -w '%header{retry-after}'
	assert_output 7
	run -0 control
	assert_equal "$(jq -c '[.played.drop_before, .played.error_429,
		.played.down, .accepted.twilio]' <<<"$output")" '[1,2,1,7]'
	run -0 jq -r 'select(.fault == "drop_after") | .status' "$dir/requests.ndjson"
	assert_output 0
}

@test "a fault of one provider, and of what only asks" {
	simulate --fault twilio:error_500=100%
	run -0 sms +525512345678 x
	assert_equal "$(jq .code <<<"$output")" 20500
	run -0 whatsapp '{"messaging_product":"whatsapp","to":"525512345678","type":"text","text":{"body":"x"}}'
	assert_output --partial wamid
	run -0 twilio -o /dev/null -w '%{http_code}' "$messages"
	assert_output 200
	control -d '{"faults":{"read:error_500":1}}' >/dev/null
	run -0 twilio -o /dev/null -w '%{http_code}' "$messages"
	assert_output 500
}

@test "delay: the message is accepted at once, the answer comes later" {
	local before after
	simulate --fault delay=300
	before=$(date +%s%3N)
	run -0 sms +525512345678 x
	after=$(date +%s%3N)
	((after - before >= 300))
}

# fates SEED ORDER...: which of the messages meet error_500
fates() {
	local seed=$1 i
	shift
	simulate --seed "$seed" --fault error_500=50%
	for i; do
		sms "+5255123456$i" x -o /dev/null -w "$i %{http_code}\n"
	done | sort
	finish
}

@test "the seed decides about faults, not the order; tries differ" {
	local first
	first=$(fates 7 {10..39})
	assert_equal "$(fates 7 {39..10})" "$first"
	[ "$(fates 8 {10..39})" != "$first" ]
	(($(grep -c 500 <<<"$first") > 5 && $(grep -c 201 <<<"$first") > 5))
	# A message that fails does not fail for ever.
	simulate --seed 7 --fault error_500=50%
	for _ in {1..20}; do
		sms +525512345610 x -o /dev/null -w '%{http_code}\n'
	done | sort -u >"$BATS_TEST_TMPDIR/statuses"
	run -0 paste -sd ' ' "$BATS_TEST_TMPDIR/statuses"
	assert_output '201 500'
}

@test "an answer for a recipient: now, later, or never" {
	simulate --callbacks on --callback-delay 0 --callback-dir "$hooks" \
		--answer +525500000001=21610 --answer +525500000002=30005 \
		--answer +525500000003=callback:21610
	run -0 sms +525500000001 x
	assert_equal "$(jq .code <<<"$output")" 21610
	run -0 sms +525500000002 x -d StatusCallback=http://x.example/a
	eventually told 3
	assert_equal "$(statuses)" 'queued sent undelivered'
	run -0 grep -l ErrorCode=30005 -r "$hooks"
	rm "$hooks"/*
	run -0 sms +525500000003 x -d StatusCallback=http://x.example/a
	eventually told 2
	assert_equal "$(statuses)" 'queued failed'
	run -0 twilio "$messages?To=%2B525500000003"
	assert_equal "$(jq -c '.messages[] | [.status, .error_code]' <<<"$output")" '["failed",21610]'
	control -d '{"answers":{"+525500000001":"silent"}}' >/dev/null
	run -0 sms +525500000001 x
	assert_equal "$(jq -r .status <<<"$output")" queued
	control -d '{"answers":{"+525500000001":null}}' >/dev/null
	run -0 sms +525500000001 x
	eventually bash -c "curl -s -u $SID:$TOKEN '$messages?PageSize=1' | grep -q delivered"
	# How calls fare means nothing to messages.
	control -d '{"answers":{"+525500000001":"no-answer",
		"+525500000002":"digits:1"}}' >/dev/null
	for to in 1 2; do
		run -0 whatsapp "$(jq -cn --arg to "+52550000000$to" '{$to,
			messaging_product: "whatsapp", type: "text",
			text: {body: "x"}}')"
		assert_equal "$(jq '.messages | length' <<<"$output")" 1
	done
}

@test "Twilio's callbacks are signed over the exact URL" {
	receive 200
	simulate --callbacks on --callback-delay 0
	sms +525512345678 'Hola' \
		--data-urlencode "StatusCallback=$hook/cgi?ref=01JB&x=%C3%B1#rc=5&rp=all"
	eventually got_lines 3
	run -0 python3 - "$got" "$hook" "$TOKEN" <<-'END'
	import base64, hashlib, hmac, sys, urllib.parse
	for line in open(sys.argv[1]):
	    sign, path, body = line.rstrip("\n").split(" ")
	    pairs = urllib.parse.parse_qsl(body, True)
	    data = sys.argv[2] + path + "".join(k + v for k, v in sorted(pairs))
	    right = hmac.new(sys.argv[3].encode(), data.encode(), hashlib.sha1)
	    assert sign == base64.b64encode(right.digest()).decode(), line
	    form = dict(pairs)
	    assert form["MessageSid"] == form["SmsSid"]
	    print(path, form["MessageStatus"], form["To"])
	END
	assert_output '/cgi?ref=01JB&x=%C3%B1 queued +525512345678
/cgi?ref=01JB&x=%C3%B1 sent +525512345678
/cgi?ref=01JB&x=%C3%B1 delivered +525512345678'
	run -0 control
	assert_equal "$(jq -c .callbacks <<<"$output")" '{"told":3,"failed":0,"given_up":0,"waiting":0}'
}

@test "WhatsApp's webhooks are signed, and say our reference" {
	receive 200
	simulate --callbacks on --callback-delay 0 -o app_secret=shh \
		--whatsapp-webhook "$hook/wa" --answer +525500000002=131026
	whatsapp '{"messaging_product":"whatsapp","to":"+525512345678","type":"text","text":{"body":"x"},"biz_opaque_callback_data":"out:01"}'
	eventually got_lines 3
	whatsapp '{"messaging_product":"whatsapp","to":"+525500000002","type":"text","text":{"body":"x"}}'
	eventually got_lines 4
	run -0 python3 - "$got" <<-'END'
	import hashlib, hmac, json, sys
	for line in open(sys.argv[1]):
	    sign, path, body = line.rstrip("\n").split(" ", 2)
	    right = hmac.new(b"shh", body.encode(), hashlib.sha256).hexdigest()
	    assert sign == "sha256=" + right
	    for s in json.loads(body)["entry"][0]["changes"][0]["value"]["statuses"]:
	        print(s["status"], s["recipient_id"],
	            s.get("biz_opaque_callback_data"),
	            s.get("errors", [{}])[0].get("code"))
	END
	assert_output 'sent 5215512345678 out:01 None
delivered 5215512345678 out:01 None
read 5215512345678 out:01 None
failed 5215500000002 None 131026'
}

# call TO TWIML [CURL'S ARGUMENT]...
call() {
	local to=$1 twiml=$2
	shift 2
	twilio "$url/2010-04-01/Accounts/$SID/Calls.json" -d From=%2B525587654321 \
		--data-urlencode "To=$to" --data-urlencode "Twiml=$twiml" "$@"
}

@test "calls are listed apart from messages, by number, state and day" {
	local calls
	simulate --answer +525512345672=busy
	calls=$url/2010-04-01/Accounts/$SID/Calls.json
	sms +525512345671 Hola
	call +525512345671 '<Response/>' -d MachineDetection=Enable
	call +525512345672 '<Response/>'
	call +525512345671 '<Response/>'
	run -0 twilio "$calls?To=%2B525512345671"
	assert_equal "$(jq -c '[.calls[] | .to, .status, .answered_by]' \
		<<<"$output")" '["+525512345671","completed",null,"+525512345671","completed","human"]'
	run -0 twilio "$calls?Status=busy"
	assert_equal "$(jq -c '[.calls[].to]' <<<"$output")" '["+525512345672"]'
	run -0 twilio "$calls?From=%2B525500000000"
	assert_equal "$(jq -c .calls <<<"$output")" '[]'
	run -0 twilio "$calls?StartTime%3E=$(date -ud yesterday +%F)&PageSize=2"
	assert_equal "$(jq -c '[(.calls | length), .page]' <<<"$output")" '[2,0]'
	run -0 twilio "$url$(jq -r .next_page_uri <<<"$output")"
	assert_equal "$(jq -c '[(.calls | length), .page, .next_page_uri]' \
		<<<"$output")" '[1,1,null]'
	run -0 twilio "$calls?StartTime%3E=2099-01-01"
	assert_equal "$(jq -c .calls <<<"$output")" '[]'
	run -0 twilio "$messages"
	assert_equal "$(jq '.messages | length' <<<"$output")" 1
	run -0 call +525512345671 "$(printf '%4001s' x)"
	assert_equal "$(jq -c '[.status, .code]' <<<"$output")" '[400,20001]'
	finish
}

@test "a call tells what was asked for: its end, or all, and its keys" {
	local gather='<Response><Gather x="1" action="https://h.example/k?a=1&amp;b=%22"'
	simulate --callbacks on --callback-delay 0 --callback-dir "$hooks" \
		--answer +525512345671=digits:5
	call +525512345671 '<Response/>' -d StatusCallback=https://h.example/end
	until_hooks 1
	assert_equal "$(hook_paths)" '/end'
	rm "$hooks"/*
	# Without a key only who wants to know of none is told.
	call +525512345672 "$gather/></Response>"
	call +525512345671 "$gather/></Response>" \
		-d StatusCallback=https://h.example/all \
		-d StatusCallbackEvent=initiated -d StatusCallbackEvent=answered
	until_hooks 3
	assert_equal "$(hook_paths)" '/all
/all
/k?a=1&b=%22'
	run -0 grep -hE 'Digits=5&.*msg=Gather\+End' "$hooks"/*
	run -0 grep -hoE 'SequenceNumber=.' "$hooks"/*
	assert_output $'SequenceNumber=0\nSequenceNumber=2'
	finish
	run -64 omni-simulator --answer +525512345671=digits:x
	assert_output --partial 'digits:KEYS'
}

# until_hooks COUNT: so many callbacks are there; hook_paths: where to, sorted
until_hooks() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(find "$hooks" -name '*.request' | wc -l)" -lt "$1" ] ||
			return 0
		sleep 0.05
	done
	return 1
}

hook_paths() {
	head -qn 1 "$hooks"/*.request | cut -d ' ' -f 2 | sort
}

@test "openapi-check: what is described passes, and what is not does not" {
	local json good
	[ -d "$OMNI_CORPORA/wire" ] || skip "no corpora in $OMNI_CORPORA"
	simulate
	sms +525512345678 Hola -d ValidityPeriod=600 -d SmartEncoded=true \
		-d StatusCallback=https://hooks.example.com/cgi%3Fref%3D1 \
		-d MediaUrl=https://x.example/a -d MediaUrl=https://x.example/b
	twilio "$messages?To=%2B525512345678&PageSize=20&DateSent%3E=2026-11-20"
	twilio "$url/v2/PhoneNumbers/%2B525512345678?Fields=line_type_intelligence"
	whatsapp '{"messaging_product":"whatsapp","recipient_type":"individual","to":"+525512345678","type":"template","biz_opaque_callback_data":"out:1","template":{"name":"x","language":{"code":"es_MX"},"components":[{"type":"body","parameters":[{"type":"text","text":"Ana"}]},{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"a"}]}]}}'
	whatsapp '{"messaging_product":"whatsapp","to":"+525512345678","type":"text","text":{"body":"Hola"}}'
	whatsapp '{"messaging_product":"whatsapp","to":"+525512345678","type":"interactive","interactive":{"type":"button","body":{"text":"x"},"action":{"buttons":[{"type":"reply","reply":{"id":"a","title":"b"}}]}}}'
	whatsapp '{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x"}'
	good=$(wc -l <"$dir/requests.ndjson")
	run -0 "$ROOT/tests/openapi-check" "$dir/requests.ndjson"
	assert_output "openapi-check: $good requests, 0 complaints"
	sms 12 Hola -d Priority=1 -d ValidityPeriod=soon -d SmartEncoded=yes \
		-d MessagingServiceSid=MG1
	twilio "$messages?Sort=up"
	whatsapp '{"messaging_product":"whatsapp","to":"+525512345678","type":"text","text":{"body":1,"size":2},"poem":{}}'
	whatsapp '{"messaging_product":"whatsapp","to":"+525512345678","type":"poem"}'
	run -1 "$ROOT/tests/openapi-check" "$dir/requests.ndjson"
	for json in 'Priority: is not described' \
		"ValidityPeriod: is not integer: 'soon'" \
		"SmartEncoded: is not boolean: 'yes'" \
		"MessagingServiceSid: 'MG1' does not fit" \
		'Sort: is not described' 'text.body: is not string: 1' \
		'text.size: is not described' 'poem: is not described' \
		"type: 'poem' is none of text"
	do
		assert_output --partial "$json"
	done
	OMNI_CORPORA=/nowhere run -0 "$ROOT/tests/openapi-check" "$dir/requests.ndjson"
	assert_output --partial 'skipped, no corpora in /nowhere'
}

@test "callbacks: early, twice, shuffled, late, batched" {
	local i
	simulate --callbacks on --callback-delay 5 --callback-dir "$hooks" \
		--callback-mode early
	sms +525512345678 x -d StatusCallback=http://x.example/a
	told 3	# before the answer came
	assert_equal "$(statuses)" 'queued sent delivered'
	rm "$hooks"/*
	control -d '{"callbacks":{"mode":"twice"}}' >/dev/null
	sms +525512345678 x -d StatusCallback=http://x.example/a
	eventually told 6
	assert_equal "$(statuses)" 'queued queued sent sent delivered delivered'
	rm "$hooks"/*
	control -d '{"callbacks":{"mode":"late","delay":30}}' >/dev/null
	sms +525512345678 x -d StatusCallback=http://x.example/a
	run -1 told 1
	eventually told 3
	rm "$hooks"/*
	control -d '{"callbacks":{"mode":"shuffled","delay":20}}' >/dev/null
	for i in {1..8}; do
		sms +525512345678 x -d StatusCallback=http://x.example/a
	done
	eventually told 24
	[ "$(cat "$hooks"/*.request | grep -c MessageStatus=delivered)" -eq 8 ]
	rm "$hooks"/*
	control -d '{"callbacks":{"mode":"batched","delay":100}}' >/dev/null
	for i in {1..8}; do
		whatsapp '{"messaging_product":"whatsapp","to":"+525512345678","type":"text","text":{"body":"x"}}'
	done
	eventually bash -c "[ \"\$(cat $hooks/*.request | grep -o '\"status\"' | wc -l)\" -eq 24 ]"
	run ! told 20
}

@test "callbacks that nobody takes are tried again, counted and given up" {
	receive 500
	simulate --callbacks on --callback-delay 0
	sms +525512345678 x -d "StatusCallback=http://127.0.0.1:$(free_port)/"
	sms +525512345679 x --data-urlencode "StatusCallback=$hook/#rc=2&rp=all"
	sms +525512345679 x --data-urlencode "StatusCallback=$hook/"
	eventually bash -c "curl -s $url/_control |
		jq -e '.callbacks.given_up == 9 and .callbacks.waiting == 0'"
	run -0 control
	assert_equal "$(jq -c .callbacks.failed <<<"$output")" 18
	run -0 twilio "$messages?PageSize=1"
	assert_equal "$(jq -r '.messages[].status' <<<"$output")" delivered
}

@test "callbacks leave this machine for nobody, and go where they are told" {
	receive 200
	simulate --callbacks on --callback-delay 0
	sms +525512345678 x -d StatusCallback=http%3A%2F%2F192.0.2.1%2Fa
	eventually bash -c "curl -s $url/_control |
		jq -e '.callbacks == {told: 0, failed: 3, given_up: 3, waiting: 0}'"
	finish
	simulate --callbacks on --callback-delay 0 --callback-to "$hook"
	sms +525512345678 x -d StatusCallback=https%3A%2F%2Fx.example%2Fa%3Fref%3D1
	eventually got_lines 3
	run -0 python3 - "$got" "$TOKEN" <<-'END'
	import base64, hashlib, hmac, sys, urllib.parse
	for line in open(sys.argv[1]):
	    sign, path, body = line.split()
	    data = "https://x.example" + path + "".join(
	        k + v for k, v in sorted(urllib.parse.parse_qsl(body)))
	    right = hmac.new(sys.argv[2].encode(), data.encode(), hashlib.sha1)
	    assert sign == base64.b64encode(right.digest()).decode()
	    print(path)
	END
	assert_line '/a?ref=1'
}

@test "a full disk ends it; a line cut off by one does not spoil the next" {
	mkdir "$dir"
	ln -s /dev/full "$dir/accepted.ndjson"
	simulate 2>"$BATS_TEST_TMPDIR/says"
	run ! sms +525512345678 x
	run -74 wait "$server"
	server=
	run -0 cat "$BATS_TEST_TMPDIR/says"
	assert_output 'omni-simulator: accepted.ndjson: No space left on device'
	rm "$dir/accepted.ndjson"
	printf '{"time":"2026' >"$dir/accepted.ndjson"
	simulate
	sms +525512345678 x
	assert_equal "$(accepted)" 2
	run -0 jq -Rr 'fromjson? | .to' "$dir/accepted.ndjson"
	assert_output +525512345678
}

@test "a form that is too large, and one with 1,000 names" {
	simulate
	printf 'To=%%2B525512345678&From=%%2B1&Body=%0300000d' 0 \
		>"$BATS_TEST_TMPDIR/form"
	run -0 twilio -w '%{http_code}' -o /dev/null "$messages" \
		-d "@$BATS_TEST_TMPDIR/form"
	assert_output 413
	run -0 twilio -w '%{http_code}' -o /dev/null "$messages" \
		-d "$(printf 'a%d=&' {1..1000})"
	assert_output 400
	assert_equal "$(accepted)" 0
	jq -e . "$dir/requests.ndjson"
}

@test "the files go on after a restart, and what they say is listed again" {
	simulate
	sms +525512345678 'before'
	finish
	simulate
	assert_equal "$(control | jq .accepted.all)" 0
	sms +525512345678 'after'
	run -0 twilio "$messages?To=%2B525512345678"
	assert_equal "$(jq -c '[.messages[].body]' <<<"$output")" '["after","before"]'
	assert_equal "$(accepted)" 2
	control -X DELETE >/dev/null
	run -0 twilio "$messages"
	assert_equal "$(jq -c .messages <<<"$output")" '[]'
	assert_equal "$(accepted)" 2
}

@test "without a directory nothing is written" {
	local ready=$BATS_TEST_TMPDIR/ready
	mkdir "$BATS_TEST_TMPDIR/empty"
	(cd "$BATS_TEST_TMPDIR/empty" && exec omni-simulator >"$ready" 3>&-) &
	server=$!
	eventually test -s "$ready"
	url=$(jq -r .http "$ready")
	messages=$url/2010-04-01/Accounts/$SID/Messages.json
	run -0 sms +525512345678 x
	assert_output --partial '"sid":"SM'
	run -0 ls -A "$BATS_TEST_TMPDIR/empty"
	assert_output ''
}

# mail TO: sends one by curl
# Of -m curl makes two minutes where no answer comes at the end.
mail() {
	printf 'From: a@example.org\r\nMessage-ID: <1@x>\r\n\r\n.dot\r\nñ\r\n' |
	    timeout 3 curl -sS "smtp://$smtp" --mail-from a@example.org \
		--mail-rcpt "$1" --user omni:secret -T -
}

@test "SMTP: a mail is kept byte for byte, its dots as they were" {
	simulate --answer nobody@example.org=550
	run -0 mail ana@example.org
	run -0 jq -r '[.provider, .to, .from, .reference] | join(" ")' "$dir/accepted.ndjson"
	assert_output 'smtp ana@example.org a@example.org <1@x>'
	run -0 cat "$dir/$(jq -r .body "$dir/accepted.ndjson")"
	assert_output $'From: a@example.org\r\nMessage-ID: <1@x>\r\n\r\n.dot\r\nñ\r'
	assert_equal "$(log '[.authorized, .bare_lf, .status]')" '[true,false,250]'
	run -55 mail nobody@example.org
	assert_equal "$(accepted)" 1
}

# say: what the SMTP server answers to the lines on standard input
say() {
	sed 's/$/\r/' | socat -t 2 - "TCP:$smtp" | tr -d '\r'
}

@test "SMTP: the dialogue, sent ahead, and what is out of place" {
	simulate
	run -0 say <<-'END'
	MAIL FROM:<a@b>
	EHLO x
	RCPT TO:<a@b>
	AUTH LOGIN
	AUTH PLAIN
	AGEAYg==
	MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME SMTPUTF8
	MAIL FROM:<a@b>
	DATA
	RCPT TO:a@b
	RCPT TO:<c@d>
	RSET
	MAIL FROM:<> RET=FULL
	NONSENSE
	MAIL FROM:<>
	RCPT TO:<c@d>
	DATA
	Subject: x

	..
	.
	QUIT
	END
	assert_output --regexp '^220 .*
503 .*
250-simulator.invalid
250-PIPELINING
250-SIZE 50331648
250-8BITMIME
250-SMTPUTF8
250-AUTH PLAIN
250 ENHANCEDSTATUSCODES
503 .*
504 .*
334 
235 .*
250 .*
503 .*
503 .*
501 .*
250 .*
250 .*
555 .*
500 .*
250 .*
250 .*
354 .*
250 .*
221 '
}

@test "each fault over SMTP" {
	simulate
	local fault kept count=0
	while read -r fault kept; do
		control -d "{\"faults\":{\"smtp:$fault\":1}}" >/dev/null
		run ! mail ana@example.org
		control -d '{"faults":null}' >/dev/null
		count=$((count + kept))
		assert_equal "$fault $(accepted)" "$fault $count"
	done <<-'END'
	down 0
	drop_before 0
	error_500 0
	error_429 0
	redirect 0
	unauthorized 0
	drop_after 1
	timeout_after 1
	error_500_after 1
	malformed 1
	half 1
	END
}

@test "what was uploaded is media of Twilio's, too: behind a redirect" {
	local id at
	simulate
	printf 'a\0b' >"$BATS_TEST_TMPDIR/file"
	id=$(curl -sS -H "Authorization: Bearer $TOKEN" \
		-F messaging_product=whatsapp \
		-F "file=@$BATS_TEST_TMPDIR/file;type=image/jpeg" \
		"$graph/media" | jq -r .id)
	at=${messages%.json}/MM1/Media
	run -0 twilio -o /dev/null -w '%{http_code} %{redirect_url}' "$at/$id"
	assert_output "307 $url/_content/$id"
	run -0 curl -sS -o "$BATS_TEST_TMPDIR/got" \
		-w '%{http_code} %{content_type}' "$url/_content/$id"
	assert_output '200 image/jpeg'
	cmp "$BATS_TEST_TMPDIR/got" "$BATS_TEST_TMPDIR/file"
	run -0 curl -sS -o /dev/null -w '%{http_code}' "$at/$id"
	assert_output 401
	run -0 twilio -o /dev/null -w '%{redirect_url}' "$at/MEaway1"
	assert_output http://elsewhere.example/
	run -0 curl -sS -o /dev/null -w '%{http_code}' "$url/_content/MEno"
	assert_output 400
}

@test "2,000 messages at once are all written, each on its line" {
	simulate --fault error_500_after=5% --fault drop_before=1%
	run -0 bash -c 'for ((i = 1; i <= 2000; i++)); do
		printf "url = \"%s\"\nuser = \"%s\"\ndata = \"To=%%2B52551%07d&From=%%2B525587654321&Body=x\"\noutput = /dev/null\nnext\n" \
			"$0" "$1" "$i"; done' "$messages" "$SID:$TOKEN"
	sed '$d' <<<"$output" >"$BATS_TEST_TMPDIR/config"
	curl -sS --parallel --parallel-max 50 -K "$BATS_TEST_TMPDIR/config" \
		2>/dev/null || :
	run -0 jq -s 'length' "$dir/requests.ndjson"
	((output >= 2000))
	run -0 jq -r .to "$dir/accepted.ndjson"
	assert_equal "$(sort -u <<<"$output" | wc -l)" "$(accepted)"
	(($(accepted) > 1900))
	run -0 control
	assert_equal "$(jq .accepted.twilio <<<"$output")" "$(accepted)"
}
