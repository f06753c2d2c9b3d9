#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# A message outside a ladder that failed for good goes on by another channel:
# once, through the whole pipe, until one takes it or staff is told.

setup() {
	load helper
	make_ledger 2026-11-23T17:00:00Z
	keep_console
	export TWILIO_AUTH_TOKEN=12345678901234567890123456789012
	mails_fail_with 67
}

# mails_fail_with STATUS: what the MTA says to each mail
mails_fail_with() {
	printf '#!/bin/sh\ncat >/dev/null\nexit %s\n' "$1" >"$SITE/sendmail"
	chmod 755 "$SITE/sendmail"
	grep -q '^\[provider mta\]' "$OMNI_CONF" ||
		printf '\n[provider mta]\nkind = sendmail\npath = ../sendmail\n' \
			>>"$OMNI_CONF"
	sed -i 's/^provider = maildir/provider = mta/' "$OMNI_CONF"
}

# message ID [FILTER]: an order's update, by mail and then by SMS
message() {
	jq -cn --arg id "$1" '{id: $id, type: "order_update", topic: "order",
		contact: {id: ("c-" + $id), name: "Ana",
		email: ($id + "@x.example"), phone: "55 5512 3456"},
		subject: "Su pedido", text: "Ya está listo.",
		metadata: {order: 17}, related: {type: "order", id: "17"}} |
		'"${2:-.}"
}

# pipe: the filters and the gate; what was refused is no failure
pipe() {
	omni-normalize | omni-route 2>"$in.route" | omni-render 2>"$in.render" |
		omni-queue >"$in.queued"
}

# queue ID [FILTER]
queue() {
	message "$@" | pipe
	assert_equal "$(jq -r .queue.state "$in.queued")" queued
}

send() {
	omni-send-mail -q 2>/dev/null || :
	omni-send-sms -q 2>/dev/null || :
	omni-send-wa -q 2>/dev/null || :
}

# pass: what omni-run does once
pass() {
	omni-escalate >"$in.due"
	pipe <"$in.due" || :
}

escalate() {
	run -0 --separate-stderr omni-escalate
}

# is FILTER WANT
is() {
	assert_equal "$(jq -rc "$1" <<<"$output")" "$2"
}

# story: each message, its state and whether it fails over
story() {
	sql "SELECT group_concat(x, '; ') FROM (SELECT id || ' ' ||
		coalesce(channel_type, '-') || ' ' || state || ' ' ||
		coalesce(failover, '-') AS x FROM message
		WHERE direction = 'outbound' ORDER BY id)"
}

# mute ADDRESS SCOPE: its owner told staff
mute() {
	run -0 omni-contact opt-out --by eva --how telephone --scope "$2" "$1"
}

# receipt STATUS REFERENCE: a status callback comes in and is drained
receipt() {
	local sid signature body query=ref=$2
	sid=SM$(printf %s "$2" | md5sum | cut -c1-32)
	signature=$(printf %s "https://hooks.example.com/omni/twilio/status?${query}ErrorCode30003MessageSid${sid}MessageStatus$1" |
		openssl dgst -sha1 -binary -hmac "$TWILIO_AUTH_TOKEN" | base64)
	body="ErrorCode=30003&MessageSid=$sid&MessageStatus=$1"
	printf %s "$body" >"$in.body"
	run -0 env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
		PATH_INFO=/twilio/status QUERY_STRING="$query" \
		CONTENT_TYPE=application/x-www-form-urlencoded \
		CONTENT_LENGTH="${#body}" \
		HTTP_X_TWILIO_SIGNATURE="$signature" omni-ingest <"$in.body"
	run -0 omni-ingest -q
}

@test "a refused address: the next channel gets it, once (Inv. 4, 7)" {
	queue m1
	assert_equal "$(story)" 'm1 email queued ready'
	send
	assert_equal "$(story)" 'm1 email failed due'
	pass
	assert_equal "$(story)" \
	    'm1 email failed done; m1/failover.1 sms queued ready'
	assert_equal "$(sql "SELECT parent FROM message WHERE parent IS NOT NULL")" m1
	pass
	[ ! -s "$in.due" ]
	send
	assert_equal "$(story)" \
	    'm1 email failed done; m1/failover.1 sms sent ready'
	pass
	[ ! -s "$in.due" ]
	assert_equal "$(grep -c 'attempt' "$console")" 1
	grep -q 'Ya está listo' "$console"
	assert_equal "$(sql 'SELECT count(*) FROM flag')" 0
	verified
}

@test "the record: what came in, and nothing that was made for the old channel" {
	queue m1 '.priority = "high" | .author = "eva" | .headers = {"X-A": "b"} |
		.link = "https://clinic.example/c" |
		.expires_at = "2026-11-24T18:00:00Z"'
	send
	escalate
	is 'keys_unsorted' '["id","parent","type","topic","class","contact","metadata","related","priority","author","language","timezone","headers","link","expires_at","subject","text","channel","fallback"]'
	is '[.id, .parent, .channel, .fallback]' '["m1/failover.1","m1","sms",[]]'
	is '[.type, .topic, .class, .priority, .author]' \
	    '["order_update","order","transactional","high","eva"]'
	is '[.contact.id, .contact.email, .contact.phone]' \
	    '["c-m1","m1@x.example","55 5512 3456"]'
	is '[.metadata.order, .related.id, .expires_at, .text]' \
	    '[17,"17","2026-11-24T18:00:00Z","Ya está listo."]'
}

@test "a template is rendered anew, and the order of channels is kept" {
	queue m1 'del(.text, .subject) | .topic = "appointment" |
		.class = "transactional" | .template = "appointment_reminder" |
		.vars = {owner_name: "Ana", pet_name: "Luna",
		at: "2026-11-24T18:30:00Z"}'
	assert_equal "$(jq -rc .fallback "$in.queued")" '["sms","whatsapp"]'
	send
	escalate
	is '[.template, .text, .html, .subject, .segments, .to, .account, .route]' \
	    '["appointment_reminder",null,null,null,null,null,null,null]'
	is '[.channel, .fallback]' '["sms",["whatsapp"]]'
	pass
	assert_equal "$(jq -rc '[.channel, .fallback, .route.reason, .segments > 0]' \
	    "$in.queued")" '["sms",["whatsapp"],"explicit wish",true]'
	verified
}

@test "twice gives the same bytes, and the ledger is not touched (Inv. 12)" {
	queue m1
	queue m2 '.contact.phone = "55 5512 3457"'
	send
	before=$(sqlite3 -readonly "$SITE/spool/ledger.db" .dump | cksum)
	escalate
	assert_equal "${#lines[@]}" 2
	first=$output
	escalate
	assert_equal "$output" "$first"
	assert_equal "$(sqlite3 -readonly "$SITE/spool/ledger.db" .dump |
	    cksum)" "$before"
}

@test "killed between escalate and queue: nothing is lost, nothing doubled (Inv. 2, 4)" {
	queue m1
	send
	omni-escalate >"$in.first"	# its reader never entered it
	pass
	cmp "$in.first" "$in.due"
	# The first reader comes late: the same message again.
	omni-normalize <"$in.first" | omni-route | omni-render | omni-queue \
	    >"$in.queued"
	assert_equal "$(jq -r .queue.state "$in.queued")" duplicate
	assert_equal "$(story)" \
	    'm1 email failed done; m1/failover.1 sms queued ready'
}

@test "a channel of the chain without an address: the one after it follows" {
	queue m1 'del(.text, .subject) | .topic = "appointment" |
		.class = "transactional" | .template = "appointment_reminder" |
		.contact.preferences = {channels: ["email", "sms", "whatsapp"]} |
		.vars = {owner_name: "Ana", pet_name: "Luna",
		at: "2026-11-24T18:30:00Z"}'
	send
	# Meanwhile nothing may be sent to the number as an SMS any more.
	mute +525555123456 sms
	pass
	assert_equal "$(story)" \
	    'm1 email failed done; m1/failover.1 sms refused due'
	pass
	assert_equal "$(story)" 'm1 email failed done; m1/failover.1 sms refused done; m1/failover.2 whatsapp queued ready'
	assert_equal "$(sql "SELECT parent FROM message WHERE id = 'm1/failover.2'")" \
	    m1/failover.1
	verified
}

@test "no channel is left: failed, all reasons told, one flag for staff" {
	queue m1
	send
	mute +525555123456 sms
	pass
	assert_equal "$(story)" \
	    'm1 email failed done; m1/failover.1 sms refused due'
	escalate
	is '[.id, .parent, .channel, .failover.of, .failover.flag]' \
	    '["m1/failover.2","m1/failover.1","staff","m1","failed"]'
	pass
	assert_equal "$(sql 'SELECT kind, message, reason FROM open_flag')" \
	    'failed|m1|email: no such address (67); sms: no address that may be used; no channel is left'
	assert_equal "$(story)" \
	    'm1 email failed done; m1/failover.1 sms failed done'
	# The same line again changes nothing (Inv. 4).
	omni-queue <"$in.due" >"$in.queued"
	assert_equal "$(jq -r .queue.state "$in.queued")" duplicate
	pass
	[ ! -s "$in.due" ]
	assert_equal "$(sql 'SELECT count(*) FROM flag')" 1
	verified
}

@test "why tells the whole chain, from whichever message it is asked" {
	local id
	queue m1
	send
	mute +525555123456 sms
	pass
	pass
	for id in m1 m1/failover.1; do
		run -0 omni-ledger why "$id"
		assert_line --index 0 m1
		assert_line 'm1/failover.1, in place of m1'
		assert_line --regexp 'no other channel, now failed: email: no such address \(67\); sms: no address that may be used; no channel is left'
		assert_line --regexp 'flag for staff: failed'
	done
}

@test "failed_message names what took a message's place" {
	queue m1
	send
	pass
	assert_equal "$(sql 'SELECT id, channel, state, replaced_by FROM failed_message')" \
	    'm1|email|failed|m1/failover.1'
}

@test "what fails over and what does not, each by the journal" {
	# Given up after max_age: it does.
	mails_fail_with 75
	queue old '.expires_at = "2026-12-01T00:00:00Z"'
	send
	assert_equal "$(story)" 'old email queued ready'
	at 2026-11-25T17:00:00Z
	send
	assert_equal "$(story)" 'old email failed due'
	escalate
	is .id old/failover.1
	pass

	# Its address died meanwhile: cancelled at the gate, and it does.
	mails_fail_with 67
	message dead '.contact.email = "same@x.example" | {contact}.contact' |
		omni-contact import -q
	queue dead1 '.contact.email = "same@x.example"'
	queue dead2 '.contact.email = "same@x.example"'
	send
	assert_equal "$(sql "SELECT state, reason, failover FROM message WHERE id = 'dead2'")" \
	    'cancelled|the address is dead|due'
	pass
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'dead2/failover.1'")" queued

	# Opted out of mail alone: it does.
	queue mute
	mute mute@x.example email
	send
	assert_equal "$(sql "SELECT state, failover FROM message WHERE id = 'mute'")" \
	    'cancelled|due'
	pass
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'mute/failover.1'")" queued

	# Of everything, or of its topic: it does not, and nobody is told.
	for scope in all order; do
		queue "out-$scope"
		mute "out-$scope@x.example" "$scope"
		send
		pass
		assert_equal "$(jq -rc '[.channel, .failover.flag, .failover.reason]' "$in.due")" \
		    '["staff",null,"the person wants no more of this"]'
		assert_equal "$(sql "SELECT state, failover FROM message WHERE id LIKE 'out-$scope%'")" \
		    'cancelled|done'
	done

	# Cancelled by a person, and too late: neither does.
	queue byhand
	run -0 omni-queue cancel byhand
	queue late '.expires_at = "2026-11-25T18:00:00Z"'
	at 2026-11-25T19:00:00Z
	send
	assert_equal "$(sql "SELECT id, state, failover FROM message WHERE
		id IN ('byhand', 'late') ORDER BY id")" \
	    $'byhand|cancelled|ready\nlate|expired|ready'
	escalate
	assert_output ''
	assert_equal "$(sql 'SELECT count(*) FROM flag')" 0
	verified
}

@test "in doubt: staff is asked, and no other channel is tried (Inv. 3)" {
	sed -i 's/^doubt = resend/doubt = flag/' "$OMNI_CONF"
	queue m1
	# shellcheck disable=SC2016	# its own parent
	printf '#!/bin/sh\nkill -9 $PPID\n' >"$SITE/sendmail"
	run omni-send-mail -q
	mails_fail_with 0
	run omni-send-mail -q
	at 2026-11-23T18:00:00Z
	run omni-send-mail -q
	assert_equal "$(story)" 'm1 email failed ready'
	assert_equal "$(sql 'SELECT kind FROM open_flag')" in_doubt
	escalate
	assert_output ''
}

@test "a ladder's step never fails over" {
	echo '{"id":"a","type":"appointment","at":"2026-11-24T10:00:00-06:00","contact":{"id":"c","name":"Ana","email":"ana@x.example","phone":"55 5512 3456"},"vars":{"owner_name":"Ana","pet_name":"Luna"}}' |
		omni-schedule -q
	pass
	send
	assert_equal "$(sql "SELECT state, failover FROM message")" 'failed|'
	escalate
	is '[.id, .parent, .reminder.step]' '["a.r1/2",null,2]'
}

@test "one wish and no fallback, and a message that was refused: no chain, no flag" {
	queue m1 '.channel = "email"'
	send
	message m2 '.contact = {id: "c", email: "nothing"}' | pipe || :
	assert_equal "$(story)" 'm1 email failed -; m2 - refused -'
	escalate
	assert_output ''
}

@test "too late for another channel: staff is told, and nothing is sent" {
	queue m1 '.expires_at = "2026-11-23T18:00:00Z"'
	send
	at 2026-11-23T19:00:00Z
	pass
	assert_equal "$(sql 'SELECT kind, reason FROM open_flag')" \
	    'failed|email: no such address (67); too late for sms'
	escalate
	assert_output ''
}

@test "a run that comes hours late: one for each message, then none" {
	local i
	for i in {1..250}; do
		message "m$i" ".contact.phone = \"55 5512 3$((100 + i))\" |
			.expires_at = \"2026-11-30T00:00:00Z\""
	done | pipe
	send
	assert_equal "$(sql "SELECT count(*) FROM message WHERE failover = 'due'")" 250
	at 2026-11-24T20:00:00Z
	escalate
	assert_equal "${#lines[@]}" 250
	pass
	assert_equal "$(jq -r .queue.state "$in.queued" | sort | uniq -c |
	    tr -s ' ')" ' 250 queued'
	escalate
	assert_output ''
	verified
}

@test "a receipt says undelivered: it fails over; delivered after all: it is taken back (Inv. 5)" {
	queue m1 '.contact.preferences = {channels: ["sms", "email"]}'
	mails_fail_with 0
	send
	assert_equal "$(story)" 'm1 sms sent ready'
	receipt undelivered m1.1
	assert_equal "$(story)" 'm1 sms failed due'
	receipt delivered m1.1
	assert_equal "$(story)" 'm1 sms sent ready'

	queue m2 '.contact.preferences = {channels: ["sms", "email"]}'
	send
	receipt undelivered m2.1
	pass
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'm2/failover.1'")" queued
	receipt delivered m2.1
	assert_equal "$(sql "SELECT state, reason FROM message WHERE id = 'm2/failover.1'")" \
	    'cancelled|the one that it replaces was delivered'
	verified
}

@test "an id that is taken, and one that is too long" {
	local long
	long=$(printf 'x%.0s' {1..200})
	queue "$long" '.contact.email = "a@x.example"'
	queue m1/failover.1 '.channel = "sms"'
	queue m1
	send
	pass
	assert_equal "$(sql 'SELECT message, reason FROM open_flag')" \
	    'm1|email: no such address (67); sms: another message has the id m1/failover.1'
	assert_equal "$(sql "SELECT id FROM message WHERE parent = '$long'")" \
	    "$(printf %s "$long" | sha256sum | cut -d' ' -f1)/failover.1"
	escalate
	assert_output ''
}

@test "a fallback without end, or of nonsense, comes to an end (Inv. 9)" {
	local i
	jq -cn '{id: "m1", parent: "m0", channel: "email", account: "email",
		to: "m1@x.example", text: "x", class: "alert",
		contact: {id: "c", name: "Ana"},
		fallback: ([range(40) | "type\(.)"] + [7]),
		expires_at: "2026-12-30T00:00:00Z"}' | omni-queue -q
	send
	for i in {1..20}; do pass; done
	[ ! -s "$in.due" ]
	assert_equal "$(sql 'SELECT count(*) FROM message')" 16
	assert_equal "$(sql 'SELECT count(*), message FROM open_flag')" '1|m1'
	verified
}

@test "a person that was forgotten: it ends, and staff is not asked" {
	message m1 .contact | omni-contact import -q
	queue m1
	send
	run -0 omni-contact forget c-m1
	assert_equal "$(story)" 'm1 email failed due'
	pass
	assert_equal "$(jq -rc .failover "$in.due")" \
	    '{"of":"m1","reason":"its content was erased"}'
	assert_equal "$(story)" 'm1 email failed done'
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	escalate
	assert_output ''
}

@test "old journal rows know nothing of it: they replay, and nothing bursts (Inv. 7)" {
	local db=$SITE/spool/ledger.db
	queue m1
	send
	# As an omni before this one wrote it.
	sqlite3 "$db" "DROP TRIGGER journal_keeps_values;
		UPDATE journal SET data = json_remove(data, '\$.failover');"
	run -0 omni-ledger rebuild
	assert_equal "$(story)" 'm1 email failed -'
	escalate
	assert_output ''
}

@test "what is due, and what has taken a place, is asked from an index" {
	run -0 sql "EXPLAIN QUERY PLAN SELECT id FROM message WHERE
		failover = 'due' AND id > '' ORDER BY id LIMIT 200"
	assert_output --partial 'USING INDEX message_failover (id>?)'
	run -0 sql "EXPLAIN QUERY PLAN SELECT id FROM message WHERE parent = 'x'"
	assert_output --partial 'message_parent'
}

@test "omni-run does it all: by mail, by SMS, and the ledger holds" {
	queue m1
	run omni-run
	run omni-run
	assert_equal "$(story)" \
	    'm1 email failed done; m1/failover.1 sms sent ready'
	run -0 omni-run
	assert_output ''
	verified
}
