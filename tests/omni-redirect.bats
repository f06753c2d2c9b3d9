#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# Receipts of what went to somebody else, of an attempt that was given up, and
# of what was cancelled meanwhile.

setup() {
	load helper
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	export TWILIO_AUTH_TOKEN=12345678901234567890123456789012
}

# receipt NUMBER STATUS REFERENCE [CODE]: a signed status callback, drained
receipt() {
	local data body signature
	data="https://hooks.example.com/omni/twilio/status?ref=$3"
	body="MessageSid=$(printf 'SM%032d' "$1")&MessageStatus=$2"
	data+=${4:+ErrorCode$4}
	data+=MessageSid$(printf 'SM%032d' "$1")MessageStatus$2
	body=${4:+ErrorCode=$4&}$body
	signature=$(printf %s "$data" | openssl dgst -sha1 -binary \
		-hmac "$TWILIO_AUTH_TOKEN" | base64)
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/twilio/status \
		QUERY_STRING="ref=$3" CONTENT_LENGTH="${#body}" \
		CONTENT_TYPE=application/x-www-form-urlencoded \
		HTTP_X_TWILIO_SIGNATURE="$signature" \
		omni-ingest <"$BATS_TEST_TMPDIR/body"
	assert_line --index 0 $'Status: 204 No Content\r'
	run -0 omni-ingest -q
}

# queue ID [JQ]
queue() {
	jq -cn --arg id "$1" '{id: $id, channel: "sms", account: "sms",
		to: "+525512345678", text: "Hola", class: "alert", route: {},
		contact: {id: "7", email: "a@example.org",
		phone: "+525512345678"}, cost: "0.05", segments: 1,
		expires_at: "2026-11-30T00:00:00Z"} | '"${2-.}" |
		omni-queue -q
}

# journal OP JSON: a row, by a program of the tests
journal() {
	sqlite3 "$SITE/spool/ledger.db" "INSERT INTO journal SELECT
		max(seq) + 1, max(at), 'test', 'test', '$1', '$2' FROM journal"
	run -0 omni-ledger rebuild
}

# doubt ID NUMBER: an attempt begins, and nothing comes back
doubt() {
	journal attempt.started "{\"v\":1,\"id\":\"$1\",\"attempt\":$2,\"channel\":\"sms\",\"provider\":\"console\",\"reference\":\"$1.$2\"}"
	journal attempt.doubted "{\"v\":1,\"id\":\"$1\",\"attempt\":$2,\"reason\":\"no answer\"}"
}

# finish ID NUMBER OUTCOME STATE REASON
finish() {
	journal attempt.finished "{\"v\":1,\"id\":\"$1\",\"attempt\":$2,\"outcome\":\"$3\",\"state\":\"$4\",\"reason\":\"$5\"}"
}

# given_up: the message a, whose first attempt was recorded as not sent
given_up() {
	queue a '.fallback = ["email"]'
	doubt a 1
	finish a 1 later queued 'the provider does not have it'
}

message() {
	sql "SELECT state, coalesce(status, '-'), coalesce(reason, '-'),
		coalesce(failover, '-') FROM message WHERE id = '$1'"
}

outcomes() {
	sql "SELECT group_concat(outcome || ':' || coalesce(status, '-'), ' ')
		FROM attempt WHERE message = '$1' ORDER BY number"
}

@test "[test] redirect: the receipt of the safe recipient says nothing of the person (Inv. 6)" {
	queue a
	queue b '.text = "Otra"'
	run -0 omni-send-sms -q -o test.redirect=+525500000001
	assert_equal "$(sql 'SELECT group_concat(redirected) FROM attempt')" 1,1
	receipt 1 undelivered a.1 30005	# unknown destination
	receipt 2 failed b.1 21610		# unsubscribed
	# The message itself is what the receipt says it is.
	assert_equal "$(message a)" 'failed|failed|30005|-'
	assert_equal "$(message b)" 'failed|failed|21610|-'
	assert_equal "$(sql 'SELECT count(*) FROM address WHERE
		dead_at IS NOT NULL')" 0
	assert_equal "$(sql 'SELECT count(*) FROM consent')" 0
	verified
}

@test "without it the same receipts are learned from (Inv. 6)" {
	queue a
	queue b '.text = "Otra"'
	run -0 omni-send-sms -q
	assert_equal "$(sql 'SELECT group_concat(redirected) FROM attempt')" 0,0
	assert_equal "$(sql 'SELECT DISTINCT sender FROM attempt')" \
		+525587654321
	receipt 1 undelivered a.1 30005
	receipt 2 failed b.1 21610
	assert_equal "$(sql 'SELECT count(*) FROM address WHERE
		dead_at IS NOT NULL')" 1
	assert_equal "$(sql 'SELECT state, how FROM consent')" 'out|provider'
}

@test "delivered by an attempt that was given up: no other channel (Inv. 3, 5)" {
	given_up
	doubt a 2
	finish a 2 refused failed refused
	assert_equal "$(message a)" 'failed|-|refused|due'
	run -0 omni-escalate
	assert_equal "$(jq -r .id <<<"$output")" a/failover.1
	receipt 7 delivered a.1
	assert_equal "$(message a)" 'sent|delivered|-|ready'
	assert_equal "$(outcomes a)" 'accepted:delivered refused:-'
	run -0 omni-escalate
	assert_output ''
	assert_equal "$(sql 'SELECT count(*) FROM flag')" 0
	verified
}

@test "delivered by an attempt that was given up, while a second is in doubt" {
	given_up
	doubt a 2
	receipt 7 delivered a.1
	assert_equal "$(message a)" 'sent|delivered|-|ready'
	assert_equal "$(sql 'SELECT count(*) FROM in_doubt')" 1
	finish a 2 unknown failed 'in doubt'
	assert_equal "$(message a)" 'sent|delivered|-|ready'
	verified
}

@test "accepted by an attempt that was given up: it is not sent again (Inv. 3)" {
	given_up
	doubt a 2
	finish a 2 later queued 'to be tried again'
	receipt 7 sent a.1
	assert_equal "$(message a)" 'sent|sent|-|ready'
	at 2026-11-24T15:00:00Z
	run -0 omni-send-sms -q
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 2
	[ ! -s "$console" ]
	verified
}

@test "two attempts of one message that were both taken: staff is told, once" {
	given_up
	run -0 omni-send-sms -q
	assert_equal "$(message a)" 'sent|accepted|-|ready'
	assert_equal "$(sql 'SELECT count(*) FROM flag')" 0
	receipt 7 sent a.1
	receipt 7 delivered a.1
	assert_equal "$(outcomes a)" 'accepted:delivered accepted:accepted'
	assert_equal "$(sql 'SELECT kind, message, reason FROM open_flag')" \
		'sent_twice|a|two attempts were taken: the person may have it twice'
	verified
}

@test "a first attempt that failed is not one that was taken" {
	given_up
	run -0 omni-send-sms -q
	receipt 7 failed a.1 30003
	assert_equal "$(message a)" 'sent|accepted|-|ready'
	assert_equal "$(outcomes a)" 'accepted:failed accepted:accepted'
	assert_equal "$(sql 'SELECT count(*) FROM flag')" 0
}

@test "cancelled while in doubt: it is not sent again (Inv. 3)" {
	queue a '.fallback = ["email"]'
	doubt a 1
	run -0 omni-queue cancel a
	assert_output 'omni-queue: a: noted: it is in doubt; it will not be sent again'
	assert_equal "$(message a)" 'in_doubt|-|no answer|ready'
	run -1 omni-queue hold a
	assert_output 'omni-queue: a: is in_doubt, not queued'
	finish a 1 later queued 'the provider does not have it'
	assert_equal "$(message a)" 'cancelled|-|cancelled while in doubt|ready'
	at 2026-11-24T15:00:00Z
	run -0 omni-send-sms -q
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 1
	run -1 omni-queue cancel a
	assert_output 'omni-queue: a: is cancelled, not queued or held'
	# It was there after all.
	receipt 7 delivered a.1
	assert_equal "$(message a)" 'sent|delivered|-|ready'
	verified
}

@test "cancelled while in doubt: not what the sender's policy says sends it again (Inv. 3)" {
	queue a
	queue b '.text = "Otra"'
	doubt a 1
	doubt b 1
	run -0 omni-queue cancel a
	at 2026-11-24T15:00:00Z
	run -0 omni-send-sms -q -o 'channel sms.doubt=resend'
	assert_equal "$(message a)" 'cancelled|-|cancelled while in doubt|-'
	assert_equal "$(message b)" 'sent|accepted|-|-'
	assert_equal "$(sql 'SELECT group_concat(message || number) FROM
		attempt')" a1,b1,b2
	verified
}

@test "cancelled while in doubt, and taken or failed: as ever, but for other channels" {
	queue a '.fallback = ["email"]'
	queue b '.fallback = ["email"] | .text = "Otra"'
	doubt a 1
	doubt b 1
	run -0 omni-queue cancel a b
	journal attempt.finished '{"v":1,"id":"a","attempt":1,"outcome":"accepted","state":"sent"}'
	assert_equal "$(message a)" 'sent|accepted|-|ready'
	finish b 1 refused failed refused
	assert_equal "$(message b)" 'failed|-|refused|ready'
	receipt 7 failed a.1 30003
	assert_equal "$(message a)" 'failed|failed|30003|ready'
	run -0 omni-escalate
	assert_output ''
	verified
}

@test "cancelled while its sender is at work: said, and the same" {
	queue a
	journal attempt.started '{"v":1,"id":"a","attempt":1,"channel":"sms","provider":"console","reference":"a.1"}'
	run -0 omni-queue cancel a
	assert_output 'omni-queue: a: noted: it is being sent; it will not be sent again'
	finish a 1 later queued 'to be tried again'
	assert_equal "$(message a)" 'cancelled|-|cancelled while in doubt|-'
	verified
}
