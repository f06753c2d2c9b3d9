#!/usr/bin/env bats
# The gate's last look: holidays, WhatsApp's window, and what may be spent.
# shellcheck disable=SC2154	# run(1) of bats sets output and stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell

load helper

setup() {
	make_ledger 2026-11-23T23:00:00Z
	keep_console
}

# message ID CHANNEL TO [JQ]: one record, ready for omni-queue
message() {
	jq -cn --arg id "$1" --arg channel "$2" --arg to "$3" \
		'{id: $id, channel: $channel, account: $channel, to: $to,
		text: "Hola", class: "alert", route: {},
		whatsapp: {template: {name: "aviso"}},
		expires_at: "2026-12-30T00:00:00Z"} | '"${4-.}"
}

# queue ID CHANNEL TO [JQ]
queue() {
	message "$@" >"$in"
	run -0 omni-queue -q <"$in"
}

# queue_many PREFIX CHANNEL COUNT COST
queue_many() {
	message x "$2" x ".cost = \"$4\" | range(1; 1 + $3) as \$i |
		.id = \"$1\\(\$i)\" | .to = \"+5255123\\(40000 + \$i)\"" >"$in"
	run -0 omni-queue -q <"$in"
}

# printed PREFIX: how many messages went out
printed() {
	grep -c "($1[0-9]*, attempt" "$console" 2>/dev/null || :
}

@test "the gate knows holidays, too: a retry, a release, a late run (Inv. 6)" {
	echo '11-24 Fiesta' >"$SITE/etc/holidays"
	sed -i '/^\[paths\]/a holidays = holidays' "$OMNI_CONF"
	queue m1 email a@example.org '.class = "announcement"'
	queue m2 email b@example.org '.class = "reminder"'
	queue m3 email c@example.org '.class = "alert" | .topic = "marketing"'
	queue m4 email d@example.org '.class = "announcement" |
		.expires_at = "2026-11-25T15:00:00Z"'
	at 2026-11-24T18:00:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'queued|holiday: Fiesta; quiet hours'
	assert_equal "$(sql "SELECT due_at FROM message WHERE id = 'm1'")" \
		2026-11-25T15:00:00Z
	assert_equal "$(state m2)" 'sent|'
	[[ $(state m3) != 'sent|' ]]
	assert_equal "$(state m4)" 'expired|too late'
	at 2026-11-25T15:00:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'sent|'
	verified
}

@test "the quiet hours of a contact that only the record knows hold when it is sent (Inv. 6)" {
	queue m1 email a@example.org '.class = "reminder" | .contact =
		{preferences: {quiet_start: "16:00", quiet_end: "19:30"}}'
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'queued|quiet hours'
	assert_equal "$(sql "SELECT due_at FROM message WHERE id = 'm1'")" \
		2026-11-24T01:30:00Z
}

@test "WhatsApp's window is looked at again, to the second (Inv. 6)" {
	local wrote
	run -0 omni-schedule -q <<-'JSON'
	{"id":"a1","type":"appointment","at":"2026-12-26T10:00","contact":{"id":"c1","name":"Ana","phone":"55 1234 5678"}}
	JSON
	wrote="UPDATE address SET last_inbound_at = '2026-11-23T12:00:00Z'
		WHERE type = 'whatsapp'"
	sqlite3 "$SITE/spool/ledger.db" "$wrote"
	queue free whatsapp +525512345678 'del(.whatsapp.template)'
	queue late whatsapp +525512345678 'del(.whatsapp.template)'
	queue form whatsapp +525512345678
	queue none whatsapp +525587654321 'del(.whatsapp)'
	run -0 omni-queue hold late form
	at 2026-11-24T11:59:59Z
	run -0 omni-send-wa -q
	assert_equal "$(state free)" 'sent|'
	assert_equal "$(state none)" 'cancelled|no approved template, and nothing was received in the last 24 hours'
	run -0 omni-queue release late form
	at 2026-11-24T12:00:00Z
	run -0 omni-send-wa -q
	assert_equal "$(state late)" 'cancelled|no approved template, and nothing was received in the last 24 hours'
	assert_equal "$(state form)" 'sent|'
}

@test "spend_day: more is held, said, and goes when it is released (Inv. 6, 10)" {
	queue_many s sms 4 0.05
	run -0 omni-send-sms -q -o limits.spend_day=0.10
	assert_output 'omni-send-sms: channel sms: 2 messages are held: spending limit of the day reached; omni-queue release lets them go'
	assert_equal "$(states)" 'held 2 sent 2'
	assert_equal "$(state s3)" 'held|spending limit of the day reached'
	run -0 omni-queue release s3
	run -0 omni-send-sms -q -o limits.spend_day=0.10
	assert_equal "$(state s3)" 'held|spending limit of the day reached'
	# A day later the first two do not count any more.
	at 2026-11-24T23:00:01Z
	run -0 omni-queue release s3 s4
	run -0 omni-send-sms -q -o limits.spend_day=0.10
	assert_output ''
	assert_equal "$(states)" 'sent 4'
	verified
}

@test "spend_run: of one run, whichever programs are part of it (Inv. 6)" {
	queue_many s sms 3 0.05
	queue_many w whatsapp 3 0.05
	limit=(-q -o limits.spend_run=0.20)
	OMNI_RUN=morning run -0 omni-send-sms "${limit[@]}"
	OMNI_RUN=morning run -0 omni-send-wa "${limit[@]}"
	assert_output --partial '2 messages are held: spending limit of the run reached'
	assert_equal "$(states)" 'held 2 sent 4'
	run -0 omni-queue release w2 w3
	# The same run again: nothing more.  The next one has its own.
	OMNI_RUN=morning run -0 omni-send-wa "${limit[@]}"
	assert_equal "$(states)" 'held 2 sent 4'
	run -0 omni-queue release w2 w3
	OMNI_RUN=noon run -0 omni-send-wa "${limit[@]}"
	assert_output ''
	assert_equal "$(states)" 'sent 6'
	# Both limits hold.
	queue_many x sms 2 0.05
	OMNI_RUN=night run -0 omni-send-sms "${limit[@]}" \
		-o limits.spend_day=0.35
	assert_equal "$(state x2)" 'held|spending limit of the day reached'
	verified
}

@test "what a provider refused is given back, to the day and to the run (Inv. 6)" {
	cat >"$SITE/mta" <<-'END'
	#!/bin/sh
	cat >/dev/null
	case $* in *no@*) exit 67 ;; *later@*) exit 75 ;; esac
	END
	chmod +x "$SITE/mta"
	sed -i 's/^kind = maildir/kind = sendmail/; s|Maildir|../mta|' \
		"$OMNI_CONF"
	queue m1 email no@example.org '.cost = "0.05"'
	queue m2 email later@example.org '.cost = "0.05"'
	queue m3 email a@example.org '.cost = "0.05"'
	queue m4 email b@example.org '.cost = "0.05"'
	run -0 omni-send-mail -q -o limits.spend_run=0.05 \
		-o limits.spend_day=0.05
	assert_equal "$(sql 'SELECT id, state FROM message ORDER BY id')" \
		$'m1|failed\nm2|queued\nm3|sent\nm4|held'
}

@test "verified_only is looked at again, and the ladder goes on (Inv. 6)" {
	queue m1 sms +525512345678
	run -0 omni-send-sms -q -o 'channel sms.verified_only=yes'
	assert_equal "$(state m1)" 'cancelled|the address is not verified'
	echo '{"id": "7", "phone": "55 1234 5678"}' >"$in"
	omni-contact import -q <"$in"
	queue m2 sms +525512345678
	omni-contact verify -q 7 sms
	run -0 omni-send-sms -q -o 'channel sms.verified_only=yes'
	assert_equal "$(state m2)" 'sent|'
	assert_equal "$(sql "SELECT data ->> '$.bring_forward' FROM journal
		WHERE op = 'message.cancelled'")" 1
}

@test "a message that nobody rendered counts with the channel's price (Inv. 6)" {
	queue s1 sms +525512345678
	queue s2 sms +525512345678 '.segments = 3'
	queue s3 sms +525512345678
	# 0.05 and 3 times 0.05
	run -0 omni-send-sms -q -o limits.spend_day=0.20
	assert_equal "$(states)" 'held 1 sent 2'
	assert_equal "$(sql 'SELECT cost, currency FROM attempt ORDER BY cost')" \
		$'0.05|MXN\n0.15|MXN'
}

@test "an attempt in doubt keeps what it may have cost (Inv. 3, 6)" {
	need_strace
	queue_many s sms 3 0.05
	: >"$console"
	run -137 strace -o /dev/null -P "$console" -e trace=write \
		-e inject=write:signal=KILL:when=1 omni-send-sms -q
	assert_equal "$(sql 'SELECT state, cost FROM attempt')" 'open|0.05'
	run -0 omni-send-sms -q -o limits.spend_day=0.10
	assert_equal "$(states)" 'held 1 in_doubt 1 sent 1'
	assert_equal "$(sql "SELECT sum(cost) FROM attempt WHERE
		coalesce(outcome, 'unknown') IN ('accepted', 'unknown')")" 0.1
	verified
}

# send_both ARG ...: a sender for each of two channels at once; the spots at
# which they die are in $sms_spot and $wa_spot, empty for not at all
send_both() {
	local pid kill=()

	[ -z "$sms_spot" ] || kill=(strace -f -o /dev/null -e
		"trace=${sms_spot%:*}" -e
		"inject=${sms_spot%:*}:signal=KILL:when=${sms_spot#*:}")
	"${kill[@]}" omni-send-sms -q "$@" 2>/dev/null 3>&- &
	pid=$!
	kill=()
	[ -z "$wa_spot" ] || kill=(strace -f -o /dev/null -e
		"trace=${wa_spot%:*}" -e
		"inject=${wa_spot%:*}:signal=KILL:when=${wa_spot#*:}")
	"${kill[@]}" omni-send-wa -q "$@" 2>/dev/null 3>&- || :
	wait "$pid" || :
}

# spent: what attempts have cost or may have, in cents
spent() {
	sql "SELECT CAST(round(100 * coalesce(sum(cost), 0)) AS INTEGER) FROM
		attempt WHERE coalesce(outcome, 'unknown') IN ('accepted',
		'unknown')"
}

@test "two senders at once, killed at many instants, never spend more than the limits (Inv. 2, 3, 6)" {
	local round limit
	need_strace
	queue_many s sms 12 0.05
	queue_many w whatsapp 12 0.05
	cp -R "$SITE" "$BATS_TEST_TMPDIR/before"
	export OMNI_RUN=one
	for limit in limits.spend_day=0.60 limits.spend_run=0.60; do
		rm -rf "$SITE"
		cp -R "$BATS_TEST_TMPDIR/before" "$SITE"
		# The same file: what it had printed does not come back.
		: >"$console"
		for round in 1 2 3 4 5 6 7 8; do
			sms_spot=fdatasync:$((round + 2))
			wa_spot=pwrite64:$((round * 7))
			send_both -o "$limit"
			[ "$(spent)" -le 60 ]
			(($(printed s) + $(printed w) <= 12))
		done
		# Left to themselves they use what is left, to the last cent.
		sms_spot='' wa_spot=''
		send_both -o "$limit"
		send_both -o "$limit"
		assert_equal "$(spent)" 60
		assert_equal "$(sql "SELECT count(*) FROM message WHERE
			state = 'held' AND reason LIKE 'spending limit of the %'")" 12
		(($(printed s) + $(printed w) <= 12))
		# They did die in the middle of it.
		[ "$(sql 'SELECT count(*) FROM attempt WHERE doubted_at
			IS NOT NULL')" -gt 0 ]
		verified
	done
}

@test "a long queue at its limit: each message is held without counting all again" {
	local seconds=30
	[ -z "${SANITIZED-}" ] || seconds=300
	queue_many s sms 3000 0.05
	run -0 timeout "$seconds" omni-send-sms -q -o limits.spend_day=1.00 \
		-o limits.spend_run=1.00
	assert_equal "$(states)" 'held 2980 sent 20'
}
