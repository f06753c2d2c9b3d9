#!/usr/bin/env bats
# Push notices, against the simulator, which verifies who we are; and what we
# encrypt, read by others.
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2016	# "$ana" is a variable of jq
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

PYTHON=/usr/bin/python3

setup() {
	load helper
	load npm
	load servers
	server='' taker=''
	make_ledger 2026-11-23T23:00:00Z
	sim=$BATS_TEST_TMPDIR/sim
	key=$BATS_TEST_TMPDIR/vapid.pem
}

teardown() {
	stop_server
	[ -z "$taker" ] || kill "$taker" 2>/dev/null || :
}

# documented COMMAND: a line of omni-send-push(1), for the key of this test
documented() {
	mandoc -T utf8 -O width=1000 "$ROOT/man/omni-send-push.1" |
		sed -n "s/^ *\\$ \\((\\?.*$1.*\\)\$/\\1/p" |
		sed "s|/etc/omni/vapid.pem|$key|"
}

# simulate [OPTION]...: push services and ntfy are played from here on
simulate() {
	play "$sim" --callbacks off "$@"
	bash -c "$(documented genkey)"
	cat >>"$OMNI_CONF" <<-END

	[channel push]
	type = push
	provider = browsers
	doubt = resend
	per_hour = 0
	per_day = 0

	[channel topics]
	type = push
	provider = ntfy
	per_hour = 0
	per_day = 0

	[provider browsers]
	kind = webpush
	private_key = file:$key
	subject = mailto:citas@clinic.example
	allow = 127.0.0.1 push.services.mozilla.com
	timeout = 2s

	[provider ntfy]
	kind = ntfy
	base_url = $url
	timeout = 2s
	END
}

# device NAME: a browser; its subscription on standard output, its private half
# in NAME.json
device() {
	$PYTHON - "$1" "$url" "$BATS_TEST_TMPDIR" <<-'END'
	import base64, json, os, sys
	from cryptography.hazmat.primitives import serialization as s
	from cryptography.hazmat.primitives.asymmetric import ec
	name, url, where = sys.argv[1:]
	text = lambda b: base64.urlsafe_b64encode(b).decode().rstrip('=')
	key = ec.generate_private_key(ec.SECP256R1())
	auth = os.urandom(16)
	point = key.public_key().public_bytes(s.Encoding.X962,
	    s.PublicFormat.UncompressedPoint)
	number = key.private_numbers().private_value.to_bytes(32, 'big')
	with open('%s/%s.json' % (where, name), 'w') as f:
	    json.dump({'private': text(number), 'auth': text(auth)}, f)
	print(json.dumps({'endpoint': url + '/push/' + name,
	    'expirationTime': None, 'keys': {'p256dh': text(point),
	    'auth': text(auth)}}))
	END
}

# contact ID JQ: a contact of devices; $name is the subscription of device NAME
contact() {
	local id=$1 what=$2 name args=()
	shift 2
	for name; do
		args+=(--argjson "$name" "$(device "$name")")
	done
	jq -cn --arg id "$id" "${args[@]}" "{id: \$id} + $what" |
		omni-contact import
}

# pipe JSON...: through the whole pipe, into the ledger
pipe() {
	printf '%s\n' "$@" | omni-normalize | omni-route | omni-render |
		omni-queue
}

# notice ID CONTACT [JQ]: the record of a notice
notice() {
	jq -cn --arg id "$1" --arg contact "$2" '{id: $id, contact:
		{id: $contact}, channel: "push", subject: "Su cita", text:
		"Mañana a las 10, ¿viene?", class: "alert"} | '"${3-.}"
}

# queue ID CONTACT [JQ]
queue() {
	pipe "$(notice "$@")" >/dev/null
}

# refused ID CONTACT: nobody can be reached by that notice
refused() {
	local rc=0
	pipe "$(notice "$@")" >"$BATS_TEST_TMPDIR/refused" 2>&1 || rc=$?
	assert_equal "$rc" 1
	assert_equal "$(state "$1" | cut -c 1-8)" 'refused|'
}

accepted() {
	jq -s 'length' "$sim/accepted.ndjson"
}

# received N FIELD: of the N-th accepted notice
received() {
	jq -rs --argjson n "$1" --arg field "$2" '.[$n - 1][$field]' \
		"$sim/accepted.ndjson"
}

# decrypt N DEVICE: the N-th notice, as that browser reads it (RFC 8188, 8291),
# with the primitives of Python's cryptography
decrypt() {
	received "$1" body | $PYTHON -c '
import base64, json, sys
from cryptography.hazmat.primitives import hashes, serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
read = lambda t: base64.urlsafe_b64decode(t + "=" * (-len(t) % 4))
device = json.load(open(sys.argv[1]))
body = read(sys.stdin.read().strip())
key = ec.derive_private_key(int.from_bytes(read(device["private"]), "big"),
    ec.SECP256R1())
raw = lambda k: k.public_bytes(s.Encoding.X962,
    s.PublicFormat.UncompressedPoint)
salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
theirs, record = body[21:21 + length], body[21 + length:]
assert size == 4096 and length == 65 and len(body) <= 4096
shared = key.exchange(ec.ECDH(),
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
hkdf = lambda n, salt, info, ikm: HKDF(hashes.SHA256(), n, salt,
    info).derive(ikm)
ikm = hkdf(32, read(device["auth"]), b"WebPush: info\0" +
    raw(key.public_key()) + theirs, shared)
cek = hkdf(16, salt, b"Content-Encoding: aes128gcm\0", ikm)
nonce = hkdf(12, salt, b"Content-Encoding: nonce\0", ikm)
text = AESGCM(cek).decrypt(nonce, record, None).rstrip(b"\0")
assert text[-1:] == b"\x02"
sys.stdout.write(text[:-1].decode())' "$BATS_TEST_TMPDIR/$2.json"
}

need_cryptography() {
	$PYTHON -c 'import cryptography' 2>/dev/null ||
		skip 'no python3-cryptography'
}

@test "Web Push: what goes out is encrypted, and the browser reads it" {
	need_cryptography
	simulate
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7 '.link = "https://clinic.example/c?t=1" | .language = "es"'
	run -0 --separate-stderr omni-send-push
	assert_equal "$stderr" ''
	assert_equal "$(jq -r '.result.provider_id' <<<"$output")" \
		"$url/push/message/$(received 1 id)"
	assert_equal "$(states)" 'sent 1'
	run grep -rqF 'las 10' "$sim"
	assert_failure
	run -0 decrypt 1 ana
	assert_equal "$(jq -cS . <<<"$output")" "$(jq -cnS --arg tag \
		"$(received 1 reference)" '{title: "Su cita", body:
		"Mañana a las 10, ¿viene?", url: "https://clinic.example/c?t=1",
		tag: $tag, lang: "es"}')"
	assert_equal "$(jq -r '.headers | [.TTL, .Urgency,
		."Content-Encoding", ."Content-Type"] | join(" ")' \
		"$sim/requests.ndjson")" \
		'86400 high aes128gcm application/octet-stream'
	verified
}

@test "Web Push: http_ece, which is not ours, reads it too" {
	need_cryptography
	need_npm http_ece
	simulate
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7
	# As much as fits in one notice.
	pipe "$(notice m2 7 '.text = "x" * 3911')" >/dev/null
	run -0 omni-send-push -q
	cat >"$BATS_TEST_TMPDIR/read.js" <<-'END'
	const ece = require('http_ece'), crypto = require('crypto');
	const fs = require('fs'), [device, body] = process.argv.slice(2);
	const { private: d, auth } = JSON.parse(fs.readFileSync(device));
	const key = crypto.createECDH('prime256v1');
	key.setPrivateKey(Buffer.from(d, 'base64url'));
	process.stdout.write(ece.decrypt(Buffer.from(body, 'base64url'),
	  { version: 'aes128gcm', privateKey: key, authSecret: auth }));
	END
	run -0 node "$BATS_TEST_TMPDIR/read.js" "$BATS_TEST_TMPDIR/ana.json" \
		"$(received 1 body)"
	assert_equal "$(jq -r .body <<<"$output")" 'Mañana a las 10, ¿viene?'
	run -0 node "$BATS_TEST_TMPDIR/read.js" "$BATS_TEST_TMPDIR/ana.json" \
		"$(received 2 body)"
	assert_equal "${#output}" 3993
	queue m3 7 '.text = "x" * 3912'
	run -0 omni-send-push -q
	assert_output --partial 'm3: attempt 1: refused: text: with its title and link the notice has more than the 3993 bytes that fit'
}

@test "Web Push: PyJWT finds the signature good, for that service and 12 hours" {
	$PYTHON -c 'import jwt, cryptography' 2>/dev/null ||
		skip 'no python3-jwt'
	local port seen=$BATS_TEST_TMPDIR/seen i
	simulate
	port=$BATS_TEST_TMPDIR/port
	# The simulator keeps no credential: another server, that does.
	$PYTHON - "$port" "$seen" 3>&- <<-'END' &
	import http.server, sys
	class Taker(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        self.rfile.read(int(self.headers['Content-Length']))
	        with open(sys.argv[2], 'w') as f:
	            f.write(self.headers['Authorization'])
	        self.send_response(201)
	        self.end_headers()
	    def log_message(self, *args):
	        pass
	server = http.server.HTTPServer(('127.0.0.1', 0), Taker)
	with open(sys.argv[1], 'w') as f:
	    f.write(str(server.server_port) + '\n')
	server.handle_request()
	END
	taker=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$port" ] || break
		sleep 0.05
	done
	url=http://127.0.0.1:$(<"$port")
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7
	run -0 omni-send-push
	# It named no Location, so the message has no name there.
	assert_equal "$(jq -r '.result | .outcome + .provider_id' \
		<<<"$output")" accepted
	wait "$taker"
	run -0 $PYTHON - "$seen" "$url" <<-'END'
	import base64, re, sys, time, jwt
	from cryptography.hazmat.primitives.asymmetric import ec
	token, key = re.fullmatch(r'vapid t=(\S+), k=(\S+)',
	    open(sys.argv[1]).read()).groups()
	point = base64.urlsafe_b64decode(key + '=' * (-len(key) % 4))
	public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(),
	    point)
	claims = jwt.decode(token, public, ['ES256'], audience=sys.argv[2])
	left = claims['exp'] - time.time()
	assert 11 * 3600 < left <= 12 * 3600, left
	assert claims['sub'] == 'mailto:citas@clinic.example'
	assert jwt.get_unverified_header(token)['typ'] == 'JWT'
	print(key)
	END
	assert_equal "$output" "$(bash -c "$(documented pubout)" 2>/dev/null)"
}

@test "the public key is what the documented command prints" {
	simulate
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7
	run -0 omni-send-push -q
	run -0 --separate-stderr bash -c "$(documented pubout)"
	assert_equal "${#output}" 87
	assert_equal "$output" "$(received 1 from)"
	# A key of another program's: its number alone, as env: has it.
	VAPID=$(openssl ec -in "$key" -outform DER 2>/dev/null |
		tail -c +8 | head -c 32 | basenc --base64url -w 0 | tr -d =)
	export VAPID
	queue m2 7
	run -0 omni-send-push -q -o 'provider browsers.private_key=env:VAPID'
	assert_equal "$(received 2 from)" "$(received 1 from)"
}

@test "a subscription is one address, however it is written (Inv. 6)" {
	simulate
	local ana ugly
	ana=$(device ana)
	ugly=$(jq -c '.keys.auth += "==" | .keys.p256dh |= gsub("-"; "+")
		| .keys.p256dh |= gsub("_"; "/") | .keys.x = 1' <<<"$ana")
	jq -cn --argjson ana "$ana" '{id: "1", push: $ana}' |
		omni-contact import -q
	jq -cn --argjson ana "$ugly" '{id: "2", push: ($ana | tojson)}' |
		omni-contact import -q
	jq -cn --argjson ana "$ugly" '{id: "3", addresses: [{channel: "push",
		to: $ana}, {channel: "push", to: "a-topic"}]}' |
		omni-contact import -q
	assert_equal "$(sql "SELECT count(DISTINCT hash), count(*) FROM
		contact_address WHERE is_primary")" '1|3'
	run -0 omni-contact show 1
	assert_equal "$(jq -r '.addresses[0].to' <<<"$output")" \
		"$(jq -c '{endpoint, keys: {auth: .keys.auth, p256dh:
		.keys.p256dh}}' <<<"$ana")"
	# By the address itself, all who have it.
	run -0 omni-contact show "$ugly"
	assert_equal "$(jq -r .id <<<"$output" | xargs)" '1 2 3'
	# Who opts out with it is silent, whoever brings the address.
	run -0 omni-contact opt-out --by Eva --how 'told us' --scope push \
		"$ugly"
	refused m1 2
	pipe "$(jq -cn --argjson ana "$ugly" '{id: "m2", contact: {push: $ana},
		channel: "push", text: "x", class: "alert"}')" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 || :
	run -0 cat "$BATS_TEST_TMPDIR/out"
	assert_output --partial 'opted out (channel:push)'
	# What was exported comes back, consent and all.
	omni-contact export >"$in"
	run -0 omni-contact import <"$in"
	assert_equal "$(jq -r .contact.action <<<"$output" | sort -u)" unchanged
	rm "$SITE"/spool/ledger.db*
	omni-ledger init
	run -0 omni-contact import -q <"$in"
	refused m1 3
}

@test "STOP by channel and by contact holds for a device that comes later (Inv. 6)" {
	simulate
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7
	run -0 omni-contact opt-out --by Eva --how 'told us' --scope push 7
	run -0 omni-send-push -q
	assert_equal "$(state m1 | cut -c 1-33)" 'cancelled|opted out (channel:push'
	contact 7 '{push: $eva}' eva >/dev/null
	refused m2 7
	run -0 omni-contact opt-in --by Eva --how 'told us' --scope push 7
	queue m3 7
	run -0 omni-send-push -q
	assert_equal "$(state m3)" 'sent|'
	assert_equal "$(received 1 to)" eva
}

# refuse REASON JQ: a subscription that is so is no address, for that reason
refuse() {
	jq -cn --argjson ana "$ana" "{id: \"8\", addresses:
		[{channel: \"push\", to: (\$ana | $2)}]}" >"$in"
	run -1 --separate-stderr omni-contact import <"$in"
	assert_equal "$(jq -r '.error | .code + " " + .field' <<<"$output")" \
		'bad_address addresses'
	assert_equal "$stderr" "omni-contact: line 1: 8: addresses: push: $1"
	# And in the pipe.
	jq -c '{id: "m", contact: {push: .addresses[0].to}}' "$in" >"$in.pipe"
	run -1 --separate-stderr omni-normalize <"$in.pipe"
	assert_equal "$(jq -r '.error | .code + " " + .field' <<<"$output")" \
		'bad_address contact.push'
	assert_equal "$stderr" "omni-normalize: line 1: m: contact: push $1"
}

@test "a subscription that leads elsewhere, or cannot be one, is refused by name (Inv. 10)" {
	simulate
	local ana elsewhere='endpoint: is not at a name of the public DNS'
	ana=$(device ana)
	refuse 'endpoint: not https' '.endpoint = "http://push.example.org/x"'
	refuse "$elsewhere" '.endpoint = "https://localhost/x"'
	refuse "$elsewhere" '.endpoint = "https://192.168.1.1/x"'
	refuse "$elsewhere" '.endpoint = "https://router.lan/x"'
	refuse 'endpoint: is at an IP address, not at a name' \
		'.endpoint = "https://[::1]/x"'
	refuse 'endpoint: has a user in it' \
		'.endpoint = "https://a:b@push.example.org/x"'
	refuse 'endpoint: has a port of its own' \
		'.endpoint = "https://push.example.org:25/x"'
	refuse 'endpoint: missing, or not a string' 'del(.endpoint)'
	refuse 'keys.p256dh: not a point of the curve P-256 in base64url' \
		'.keys.p256dh |= sub("^B"; "C")'
	refuse 'keys.auth: not 16 bytes in base64url' '.keys.auth = "AAAA"'
	refuse 'keys.auth: missing, or not a string' 'del(.keys.auth)'
	refuse 'endpoint: longer than 1800 bytes' \
		'.endpoint = "https://push.example.org/" + "x" * 1800'
	refuse 'not a subscription in JSON' 'tojson | .[:-1]'
	# As with other addresses, what is unusable is left out, and told.
	jq -cn '{id: "7", push: "{\"endpoint\":\"https://10.0.0.1/x\"}"}' >"$in"
	run -0 --separate-stderr omni-contact import <"$in"
	assert_equal "$stderr" 'omni-contact: line 1: 7: cannot be reached: push endpoint: is not at a name of the public DNS'
	run -0 omni-contact show 7
	assert_equal "$(jq -c .addresses <<<"$output")" '[]'
	jq -cn '{id: "7", push: 7}, {id: "7", push: ""},
		{id: "7", push: ("x" * 501)}' >"$in"
	run -1 --separate-stderr omni-contact import <"$in"
	assert_equal "$(jq -r '.error.field' <<<"$output" | xargs)" \
		'push push push'
	assert_regex "$stderr" 'push: neither a token of 1 to 500 bytes nor a subscription'
}

@test "where a subscription leads is looked at again when it is sent" {
	simulate
	contact 7 '{push: ($ana | .endpoint = "https://push.example.org/x")}' \
		ana >/dev/null
	queue m1 7
	run -0 omni-send-push -q
	assert_output --partial 'm1: attempt 1: refused: to: endpoint: push.example.org is not in [provider browsers] allow'
	assert_equal "$(state m1)" 'failed|refused'
	# One that the configuration allowed, and allows no more.
	contact 7 '{push: $eva}' eva >/dev/null
	queue m2 7
	run -0 omni-send-push -q -o 'provider browsers.allow=example.org'
	assert_output --partial 'm2: attempt 1: refused: to: endpoint: not https'
	assert_equal "$(accepted)" 0
	verified
}

@test "a subscription that is gone is never written to again; the next device is" {
	simulate --answer old=410 --answer older=404
	contact 7 '{addresses: [{channel: "push", to: $old, primary: true},
		{channel: "push", to: $older}, {channel: "push", to: $ana},
		{channel: "push", to: $eva}]}' old older ana eva >/dev/null
	queue m1 7
	run -0 omni-send-push -q
	assert_output --partial 'm1: attempt 1: address: HTTP status 410'
	assert_equal "$(state m1)" 'failed|address'
	assert_equal "$(sql "SELECT dead_reason FROM address WHERE dead_at IS
		NOT NULL")" 'HTTP 410'
	queue m2 7
	run -0 omni-send-push -q
	assert_output --partial 'm2: attempt 1: address'
	queue m3 7
	run -0 omni-send-push -q
	assert_output ''
	assert_equal "$(received 1 to)" ana
	# The pipe's own look at the contact finds the same.
	run -0 omni-contact set 7 name=Ana
	queue m4 7
	run -0 omni-send-push -q
	assert_equal "$(jq -r .to "$sim/accepted.ndjson" | xargs)" 'ana ana'
	assert_equal "$(jq -s '[.[] | select(.path == "/push/old")] |
		length' "$sim/requests.ndjson")" 1
	# A device that is subscribed anew is another address.
	contact 7 '{push: $neu}' neu >/dev/null
	queue m5 7
	run -0 omni-send-push -q
	assert_equal "$(received 3 to)" neu
	verified
}

@test "a contact whose devices are all gone cannot be reached by push, and says so" {
	simulate --answer old=410
	contact 7 '{push: $old, email: "ana@example.org"}' old >/dev/null
	queue m1 7
	# Queued before it was known.
	queue m2 7
	run -0 omni-send-push -q
	assert_equal "$(state m1)" 'failed|address'
	assert_equal "$(state m2)" 'cancelled|the address is dead'
	refused m3 7
	run -0 grep -F 'push: the address is dead' "$BATS_TEST_TMPDIR/refused"
	run -0 pipe "$(notice m4 7 'del(.channel) | .contact.preferences =
		{channels: ["push", "email"]}')"
	assert_equal "$(jq -r .channel <<<"$output")" email
}

@test "answers: too large, wrong, too many, not ours, broken" {
	simulate --answer large=413 --answer bad=400 --answer strange=302
	local name
	for name in large bad; do
		contact "$name" "{push: \$$name}" "$name" >/dev/null
		queue "$name" "$name"
	done
	run -0 omni-send-push -q
	assert_equal "$(state large)" 'failed|refused'
	assert_equal "$(state bad)" 'failed|refused'
	contact 7 '{push: $ana}' ana >/dev/null
	faults '{"redirect":1}'
	queue r1 7
	run -0 omni-send-push -q
	assert_output --partial 'r1: attempt 1: refused: the push service sends us elsewhere'
	faults '{"redirect":0,"error_500":1}'
	queue d1 7
	run omni-send-push -q
	assert_equal "$(state d1)" 'in_doubt|no clear answer (HTTP 500)'
	faults null
	assert_equal "$(accepted)" 0
	verified
}

@test "429 and Retry-After: that push service has its pause, and no other waits" {
	local other=$BATS_TEST_TMPDIR/other first known i
	simulate --fault error_429=1 --retry-after 1800
	first=$server known=$url
	play "$other" --callbacks off
	taker=$server server=$first
	contact 8 '{push: $eva}' eva >/dev/null
	url=$known
	contact 7 '{push: $ana}' ana >/dev/null
	# In this order, and one after the other.
	for i in 1 2 3; do
		queue "a$i" 7
	done
	queue b1 8
	queue b2 8
	run -0 omni-send-push -q -o 'channel push.connections=1'
	assert_output --partial 'a1: attempt 1: later: HTTP status 429'
	assert_equal "$(states)" 'queued 3 sent 2'
	assert_equal "$(jq -s length "$other/accepted.ndjson")" 2
	assert_equal "$(grep -c . "$sim/requests.ndjson")" 1
	# No attempt was made of what was put off.
	assert_equal "$(sql "SELECT group_concat(message, ' ') FROM (SELECT
		message FROM attempt ORDER BY message)")" 'a1 b1 b2'
	assert_equal "$(sql "SELECT id, reason, due_at FROM message WHERE id IN
		('a2', 'a3')")" 'a2|its push service asks for a pause|2026-11-23T23:30:00Z
a3|its push service asks for a pause|2026-11-23T23:30:00Z'
	assert_equal "$(sql "SELECT due_at >= '2026-11-23T23:30:00Z' FROM
		message WHERE id = 'a1'")" 1
	assert_equal "$(sql 'SELECT count(*) FROM provider_state')" 0
	faults null
	run -0 omni-send-push -q
	assert_equal "$(accepted)" 0
	at 2026-11-24T00:30:00Z
	run -0 omni-send-push -q
	assert_equal "$(states)" 'sent 5'
	verified
}

@test "429 without Retry-After: a minute, and standard input says so" {
	simulate --fault error_429=1 --retry-after 0
	contact 7 '{push: $ana}' ana >/dev/null
	for i in 1 2; do
		notice "m$i" 7
	done | omni-normalize | omni-route | omni-render | omni-queue \
		>"$BATS_TEST_TMPDIR/queued"
	run -0 --separate-stderr omni-send-push -o 'channel topics.active=no' \
		- <"$BATS_TEST_TMPDIR/queued"
	assert_equal "$(jq -r '[.id, .result.outcome, .result.message] |
		join(" ")' <<<"$output")" 'm1 later HTTP status 429
m2 not_sent its push service asks for a pause'
	assert_equal "$(sql "SELECT due_at FROM message WHERE id = 'm2'")" \
		2026-11-23T23:01:00Z
}

@test "a key or subject that is wrong: one clear error, and nothing has failed (Inv. 11)" {
	simulate --fault unauthorized=1
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7
	queue m2 7
	run -78 --separate-stderr omni-send-push -q
	assert_equal "${#stderr_lines[@]}" 1
	assert_regex "$stderr" 'nothing more is sent until this is mended'
	assert_equal "$(states)" 'queued 2'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 1
	faults null
	run -78 omni-send-push -q -o 'provider browsers.subject=citas'
	assert_output --partial '[provider browsers] subject: neither mailto:'
	run -78 omni-send-push -q -o 'provider browsers.private_key=file:/nowhere'
	assert_output --partial 'private_key of [provider browsers]'
	openssl ecparam -name secp384r1 -genkey -noout -out "$key.other"
	run -78 omni-send-push -q \
		-o "provider browsers.private_key=file:$key.other"
	assert_output --partial 'private_key of [provider browsers] is not a private key of the curve P-256'
	# One with a password is refused, and nobody is asked for it.
	openssl ec -in "$key" -aes128 -passout pass:x -out "$key.locked" \
		2>/dev/null
	run -78 timeout 60 omni-send-push -q \
		-o "provider browsers.private_key=file:$key.locked" </dev/null
	assert_output --partial 'without a password'
	run -0 omni-send-push -q
	assert_equal "$(states)" 'sent 2'
}

@test "one subscription of another key does not keep the others waiting for ever" {
	simulate --answer stranger=401
	contact 1 '{push: $stranger}' stranger >/dev/null
	contact 2 '{push: $ana}' ana >/dev/null
	queue m1 1
	queue m2 2
	at 2026-11-23T23:05:00Z
	run -78 omni-send-push -q
	assert_equal "$(states)" 'queued 2'
	at 2026-11-23T23:10:00Z
	run -78 omni-send-push -q
	assert_equal "$(state m1)" "queued|the provider's set-up"
	assert_equal "$(state m2)" 'sent|'
	assert_equal "$(accepted)" 1
	verified
}

@test "who subscribed to another key than ours gets none, and stops nobody" {
	simulate --answer stranger=403
	contact 1 '{push: $stranger}' stranger >/dev/null
	contact 2 '{push: $ana}' ana >/dev/null
	queue m1 1
	queue m2 2
	run -0 omni-send-push -q
	assert_output --partial 'm1: attempt 1: refused'
	assert_equal "$(states)" 'failed 1 sent 1'
}

@test "a push service that gives each notice the same name has taken both" {
	local port=$BATS_TEST_TMPDIR/port
	simulate
	mkfifo "$port"
	python3 -u - >"$port" 2>/dev/null 3>&- <<-'END' &
	import http.server
	class Taker(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        self.rfile.read(int(self.headers['Content-Length']))
	        self.send_response(201)
	        self.send_header('Location', '/m/1')
	        self.send_header('Content-Length', '0')
	        self.end_headers()
	server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Taker)
	print(server.server_port)
	server.serve_forever()
	END
	taker=$!
	read -r url <"$port"
	url=http://127.0.0.1:$url
	contact 1 '{push: $ana}' ana >/dev/null
	queue m1 1
	queue m2 1
	run -0 omni-send-push -q
	assert_output ''
	assert_equal "$(states)" 'sent 2'
	verified
}

@test "-n prints what would be asked, without the signature, and asks nothing (Inv. 11)" {
	simulate
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7
	run -0 omni-send-push -n push
	assert_equal "$(head -n 1 <<<"$output" | jq -r '.request | [.method, .url,
		.headers.Authorization, .headers.Urgency] | join(" ")')" \
		"POST $url/push/ana *** high"
	refute_output --partial vapid
	assert_equal "$(accepted)" 0
	assert_equal "$(states)" 'queued 1'
	run -0 omni-send-push -q
	# Neither the key nor a token is in the ledger.
	run grep -qaF 'vapid t=' "$SITE/spool/ledger.db" \
		"$SITE/spool/ledger.db-wal"
	assert_failure
}

@test "Web Push: a lost answer; sent again in doubt it replaces itself (Inv. 3)" {
	simulate
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7
	faults '{"drop_after":1}'
	run omni-send-push -q
	assert_equal "$(state m1)" 'in_doubt|no answer'
	faults null
	at 2026-11-23T23:10:00Z
	run -0 omni-send-push -q
	assert_equal "$(accepted)" 1
	at 2026-11-23T23:20:00Z
	run -0 omni-send-push -q
	assert_equal "$(state m1)" 'sent|'
	assert_equal "$(sql "SELECT group_concat(outcome) FROM attempt")" \
		unknown,accepted
	assert_equal "$(accepted)" 2
	assert_equal "$(received 1 reference)" "$(received 2 reference)"
	assert_equal "$(received 1 reference | wc -c)" 33
	# With the default staff is told.
	queue m2 7
	faults '{"drop_after":1}'
	run omni-send-push -q
	faults null
	at 2026-11-23T23:40:00Z
	run -0 omni-send-push -q -o 'channel push.doubt=flag'
	assert_equal "$(state m2)" 'failed|in doubt'
	assert_equal "$(accepted)" 3
	verified
}

@test "what is newer about a reminder has the topic of what is older" {
	simulate
	contact 7 '{push: $ana}' ana >/dev/null
	sed -i 's/^step.1 = .*/step.1 = -48h push/' "$OMNI_CONF"
	jq -nc '{id: "a-1", type: "appointment", at: "2026-11-25T10:00",
		contact: {id: "7"}, vars: {owner_name: "Ana", pet_name: "Luna"}}' |
		omni-schedule -q
	omni-escalate | omni-normalize | omni-route | omni-render |
		omni-queue -q
	run -0 omni-send-push -q
	jq -nc '{id: "a-1", type: "appointment", at: "2026-11-25T11:00",
		contact: {id: "7"}, vars: {owner_name: "Ana", pet_name: "Luna"}}' |
		omni-schedule -q
	omni-escalate | omni-normalize | omni-route | omni-render |
		omni-queue -q
	run -0 omni-send-push -q
	assert_equal "$(sql "SELECT group_concat(id) FROM message")" \
		a-1.r1/1,a-1.r2/moved
	assert_equal "$(accepted)" 2
	assert_equal "$(received 1 reference)" "$(received 2 reference)"
}

@test "a reminder's notice opens the page to confirm, unless the record says another" {
	simulate
	need_cryptography
	contact 7 '{push: $ana}' ana >/dev/null
	(umask 077 && openssl rand -hex 32 >"$BATS_TEST_TMPDIR/links")
	printf '%s\n' '[links]' "key = file:$BATS_TEST_TMPDIR/links" \
		>>"$OMNI_CONF"
	sed -i 's/^step.1 = .*/step.1 = -48h push/' "$OMNI_CONF"
	jq -nc '{id: "a-1", type: "appointment", at: "2026-11-25T10:00",
		contact: {id: "7"}, vars: {owner_name: "Ana", pet_name: "Luna"}}' |
		omni-schedule -q
	omni-escalate | omni-normalize | omni-route | omni-render >"$in"
	run -0 jq -r .link "$in"
	assert_output --regexp '^https://hooks.example.com/omni/confirm\?t='
	run -0 jq -r .link <<<"$(jq -c '.link = "https://x.example/"' "$in" |
		omni-render)"
	assert_output https://x.example/
	omni-queue -q <"$in"
	run -0 omni-send-push -q
	assert_equal "$(decrypt 1 ana | jq -r .url)" "$(jq -r .link "$in")"
	assert_equal "$(decrypt 1 ana | jq -r .body)" "$(jq -r .text "$in")"
	# A message that is no reminder's has nothing to confirm.
	run -0 omni-render <<<"$(jq -c 'del(.reminder, .link)' "$in")"
	assert_equal "$(jq -r .link <<<"$output")" null
}

@test "ntfy: title, text, priority, link and tags; the token is sent and not shown" {
	simulate
	contact 7 '{push: "citas-ana-x7"}' >/dev/null
	NTFY=tk_5ecRetOf32LettersAndDigits012345
	export NTFY
	queue n1 7 '.link = "https://clinic.example/c"'
	run -0 --separate-stderr omni-send-push \
		-o 'provider ntfy.access_token=env:NTFY' \
		-o 'provider ntfy.tags=calendar dog'
	assert_equal "$stderr" ''
	assert_equal "$(jq -r .account <<<"$output")" topics
	assert_equal "$(jq -r .result.provider_id <<<"$output")" \
		"$(received 1 id)"
	assert_equal "$(jq -cS .json "$sim/requests.ndjson")" "$(jq -cnS '{
		topic: "citas-ana-x7", title: "Su cita", message:
		"Mañana a las 10, ¿viene?", priority: 5,
		click: "https://clinic.example/c", tags: ["calendar", "dog"]}')"
	assert_equal "$(jq -r .authorized "$sim/requests.ndjson")" true
	queue n2 7
	run -0 omni-send-push -q
	assert_equal "$(jq -rs '.[1].authorized' "$sim/requests.ndjson")" false
	run -0 omni-send-push -n topics -o 'provider ntfy.access_token=env:NTFY'
	refute_output --partial "$NTFY"
	assert_equal "$(states)" 'sent 2'
}

@test "ntfy: a topic that is none, a text that is too long, what the server refuses" {
	simulate --answer full=42901 --answer mine=40301 --answer no=40401
	contact 1 '{push: "citas ana"}' >/dev/null
	queue n1 1
	run -0 omni-send-push -q topics
	assert_output --partial 'n1: attempt 1: refused: to: not a topic of ntfy'
	contact 2 '{push: "ana"}' >/dev/null
	queue n2 2 '.text = "x" * 4097'
	run -0 omni-send-push -q topics
	assert_output --partial 'n2: attempt 1: refused: text: 4097 bytes; ntfy takes at most 4096'
	contact 3 '{push: "no"}' >/dev/null
	queue n3 3
	run -0 omni-send-push -q topics
	assert_equal "$(state n3)" 'failed|refused'
	contact 4 '{push: "full"}' >/dev/null
	queue n4 4
	run -0 omni-send-push -q topics
	assert_equal "$(state n4)" 'queued|to be tried again'
	contact 5 '{push: "mine"}' >/dev/null
	queue n5 5
	run -78 omni-send-push -q topics
	assert_equal "$(state n5)" "queued|the provider's set-up"
}

@test "ntfy: a lost answer is looked up in the list, not sent again (Inv. 3)" {
	local fault
	simulate
	for fault in drop_after timeout_after error_500_after malformed half huge; do
		at 2026-11-23T23:00:00Z
		rm -f "$SITE"/spool/ledger.db*
		omni-ledger init
		curl -sS -o /dev/null -X DELETE "$url/_control"
		: >"$sim/accepted.ndjson"
		contact 7 '{push: "citas-ana"}' >/dev/null
		queue n1 7
		queue n2 7
		faults "{\"$fault\":1}"
		run omni-send-push -q
		assert_equal "$fault $(states)" "$fault in_doubt 2"
		faults null
		at 2026-11-23T23:03:00Z
		run -0 omni-send-push -q
		assert_equal "$fault $(states)" "$fault sent 2"
		assert_equal "$fault $(accepted)" "$fault 2"
		# Two of one text, and each has one of them.
		assert_equal "$(sql 'SELECT count(DISTINCT provider_id),
			count(*) FROM attempt')" '2|2'
		verified
	done
}

@test "ntfy: what is not in the list is sent again when it has settled" {
	simulate --fault drop_before=1
	contact 7 '{push: "vacunas-ana"}' >/dev/null
	queue n1 7
	run omni-send-push -q
	faults null
	at 2026-11-23T23:01:59Z
	run -0 omni-send-push -q
	assert_equal "$(states)" 'in_doubt 1'
	at 2026-11-23T23:02:01Z
	run -0 omni-send-push -q
	assert_equal "$(states)" 'sent 1'
	assert_equal "$(accepted)" 1
	# What the server may have thrown away is not asked for.
	queue n2 7
	faults '{"drop_after":1}'
	run omni-send-push -q
	faults null
	at 2026-11-24T12:00:00Z
	: >"$sim/accepted.ndjson"
	curl -sS -o /dev/null -X DELETE "$url/_control"
	run -0 omni-send-push -q
	assert_equal "$(state n2)" 'failed|in doubt'
	assert_equal "$(accepted)" 0
}

@test "browsers and topics side by side: each address goes where it belongs" {
	simulate
	contact 1 '{push: $ana}' ana >/dev/null
	contact 2 '{push: "citas-eva"}' >/dev/null
	run -0 pipe "$(notice m1 1)"
	assert_equal "$(jq -r .account <<<"$output")" push
	run -0 pipe "$(notice m2 2)"
	assert_equal "$(jq -r .account <<<"$output")" topics
	# A wish that cannot be is refused.
	run -0 pipe "$(notice m3 2 '.channel = "topics"')"
	assert_equal "$(jq -r .account <<<"$output")" topics
	printf '%s\n' "$(notice m4 1 '.channel = "topics"')" >"$in"
	run -0 bash -c "omni-normalize <'$in' | omni-route | jq -r \
		.route.considered[0].reason"
	assert_line 'no active channel takes this kind of address'
	run -0 omni-send-push -q
	assert_equal "$(jq -r '.provider + " " + .to' "$sim/accepted.ndjson" |
		sort -u | xargs)" 'ntfy citas-eva push ana'
}

@test "[test] redirect: no number becomes a topic, and no topic a number" {
	simulate
	contact 1 '{push: $ana}' ana >/dev/null
	contact 2 '{push: "citas-eva"}' >/dev/null
	queue m1 1
	queue m2 2
	run -78 omni-send-push -q -o test.redirect=+525500000001
	assert_output --partial '[test] redirect names nobody for push'
	run -0 omni-send-push -q topics \
		-o 'test.redirect=+525500000001 rehearsal-x'
	assert_equal "$(received 1 to)" rehearsal-x
	run -0 omni-send-push -q push \
		-o 'test.redirect=+525500000001 rehearsal-x'
	assert_output --partial 'm1: attempt 2: refused: to: not a subscription in JSON'
	assert_equal "$(accepted)" 1
	jq -cn '{id: "s1", channel: "sms", account: "sms", to: "+525512345678",
		text: "Hola", class: "alert", route: {},
		expires_at: "2026-12-30T00:00:00Z"}' | omni-queue -q
	run -78 omni-send-sms -q -o test.redirect=rehearsal-x
	assert_output --partial '[test] redirect names nobody for sms'
}

@test "the console shows a notice; omni-run sends push with the others" {
	simulate
	contact 7 '{push: $ana}' ana >/dev/null
	queue m1 7
	run -0 omni-send-push -q push -o 'channel push.provider=console'
	assert_output --partial '(m1, attempt 1)'
	assert_output --partial 'Mañana a las 10'
	queue m2 7
	run -0 omni-run
	assert_equal "$(state m2)" 'sent|'
	assert_equal "$(received 1 to)" ana
}

@test "omni-contact set: a device more, another, none" {
	simulate
	local ana eva
	ana=$(device ana) eva=$(device eva)
	contact 7 '{email: "ana@example.org"}' >/dev/null
	run -0 omni-contact set 7 "push=$ana"
	run -0 omni-contact set 7 "push=$eva"
	run -0 omni-contact show 7
	assert_equal "$(jq -r '.addresses | map(.channel) | join(" ")' \
		<<<"$output")" 'push email'
	assert_equal "$(jq -r '.addresses[0].to | fromjson.endpoint' \
		<<<"$output")" "$url/push/eva"
	run -1 --separate-stderr omni-contact set 7 \
		'push={"endpoint":"https://localhost/"}'
	assert_regex "$stderr" 'endpoint: is not at a name of the public DNS'
	run -0 omni-contact verify --by Eva 7 "push:$eva"
	assert_equal "$(sql "SELECT verified FROM address WHERE type =
		'push' AND verified")" 1
	run -0 omni-contact set 7 push=
	run -0 omni-contact show 7
	assert_equal "$(jq -r '.addresses[].channel' <<<"$output")" email
	# Forgotten, nothing of a device is left.
	run -0 omni-contact set 7 "push=$ana"
	run -0 omni-contact forget 7
	run grep -qaE 'push/(ana|eva)' "$SITE/spool/ledger.db" \
		"$SITE/spool/ledger.db-wal"
	assert_failure
	verified
}

@test "share/examples/push: the service worker shows a notice and opens its link" {
	command -v node >/dev/null || skip 'no node'
	cat >"$BATS_TEST_TMPDIR/play.js" <<-'END'
	const fs = require('fs'), vm = require('vm'), on = {}, said = [];
	const self = {
	  addEventListener: (name, f) => { on[name] = f; },
	  registration: { showNotification: async (title, options) =>
	    said.push(title, options.body, options.tag, options.lang) },
	  clients: { openWindow: async (url) => said.push(url) },
	};
	vm.runInNewContext(fs.readFileSync(process.argv[2], 'utf8'), { self });
	const play = (name, event) => on[name]({ ...event,
	  waitUntil: (promise) => promise });
	play('push', { data: { json: () => ({ title: 'T', body: 'B', tag: 'x',
	  lang: 'es', url: 'https://a.example/' }) } });
	const close = () => said.push('closed');
	play('notificationclick', { notification: { close,
	  data: { url: 'https://a.example/' } } });
	play('notificationclick', { notification: { close, data: {} } });
	console.log(said.join(' '));
	END
	run -0 node "$BATS_TEST_TMPDIR/play.js" "$ROOT/share/examples/push/sw.js"
	assert_output 'T B x es closed https://a.example/ closed'
}
