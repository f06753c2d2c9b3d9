#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# How things stand: each value, in each of the three forms, and each threshold.

setup() {
	load helper
	make_ledger 2026-11-23T17:00:00Z
	keep_console
	mkdir -p "$SITE/spool/run" "$SITE/spool/inbound/"{new,cur,bad}
	sed -i 's/^provider = maildir/provider = mta/' "$OMNI_CONF"
	printf '\n[provider mta]\nkind = sendmail\npath = ../sendmail\n' \
		>>"$OMNI_CONF"
	mails_fail_with 67
}

# mails_fail_with STATUS: what the MTA says to each mail
mails_fail_with() {
	printf '#!/bin/sh\ncat >/dev/null\nexit %s\n' "$1" >"$SITE/sendmail"
	chmod 755 "$SITE/sendmail"
}

# queue CHANNEL ID... [MEMBERS]: messages that are ready to go
queue() {
	local channel=$1 id
	shift
	for id; do
		jq -cn --arg id "$id" --arg channel "$channel" '{id: $id,
			channel: $channel, account: $channel, text: "Hola",
			to: (if $channel == "email" then $id + "@x.example"
			else "+525512345678" end), cost: "0.05",
			class: "alert", route: {},
			expires_at: "2026-12-30T00:00:00Z"}'
	done | omni-queue -q
}

# many N: m1 to mN
many() {
	seq -f 'm%g' "$1"
}

# is FILTER WANT: of omni-status -j
is() {
	assert_equal "$(omni-status -j 2>/dev/null | jq -rc "$1")" "$2"
}

# above WANT [STATUS]: what has reached its threshold
above() {
	is '[.above[] | [.channel, .what, .value, .limit] | map(select(. != null)) |
		join(" ")] | join(", ")' "$1"
	run --separate-stderr omni-status -q
	assert_output ''
	assert_equal "$status" "${2-$([ -z "$1" ]; echo $?)}"
}

@test "a new ledger: all well, in each form" {
	run -0 --separate-stderr omni-status
	assert_equal "$stderr" ''
	assert_line --regexp '^channel +type +down +queued +due +oldest +held +doubt'
	assert_line --regexp '^email +email +0 +0 +0 +- +0 +0 +- +0 +0 +0 +- +0\.00 +-$'
	assert_line --regexp '^flags +0$'
	run -0 --separate-stderr omni-status -j
	assert_equal "${#lines[@]}" 1
	is '[.at, .ok, .above, (.channels | keys | join(" "))]' \
	    '["2026-11-23T17:00:00Z",true,[],"email sms whatsapp"]'
	run -0 --separate-stderr omni-status -p
	assert_line 'omni_channel_queued{channel="email"} 0'
	assert_line 'omni_above_threshold 0'
	run -0 omni-status -q
	assert_output ''
}

@test "queued and due, and for how long" {
	queue sms a b
	at 2026-11-23T17:20:00Z
	queue sms c
	jq -cn '{id: "d", channel: "sms", account: "sms", to: "+525512345678",
		text: "x", class: "alert", not_before: "2026-11-24T00:00:00Z",
		expires_at: "2026-12-30T00:00:00Z"}' | omni-queue -q
	is '.channels.sms | [.queued, .due, .due_age]' '[4,3,1200]'
	is '.channels.email | [.queued, .due, .due_age]' '[0,0,null]'
	above ''
	at 2026-11-23T17:30:00Z
	above 'sms due_age 1800 1800'
	run -1 --separate-stderr omni-status -q
	assert_equal "$stderr" \
	    'omni-status: sms: due_age is 30m, and [status] due_age 30m'
	run -0 omni-status -q -o status.due_age=31m
	run -0 omni-status -q -o status.due_age=0s
}

@test "held; and its threshold, which is off" {
	queue sms a b
	omni-queue hold a b
	is '.channels.sms | [.queued, .held]' '[0,2]'
	above ''
	run -1 --separate-stderr omni-status -q -o status.held=2
	assert_equal "$stderr" \
	    'omni-status: sms: held is 2, and [status] held 2'
}

@test "open, and in doubt: how many, how long" {
	queue email a
	# shellcheck disable=SC2016	# its own parent
	printf '#!/bin/sh\nkill -9 $PPID\n' >"$SITE/sendmail"
	run omni-send-mail -q
	is '.channels.email | [.open, .in_doubt, .in_doubt_age]' '[1,0,null]'
	mails_fail_with 0
	run omni-send-mail -q -o 'channel email.doubt_grace=1d'
	is '.channels.email | [.open, .in_doubt, .in_doubt_age]' '[0,1,0]'
	above ''
	at 2026-11-23T18:00:00Z
	above 'email in_doubt_age 3600 3600'
	run -1 --separate-stderr omni-status -q -o status.doubt=1 \
	    -o status.doubt_age=2h
	assert_equal "$stderr" \
	    'omni-status: email: in_doubt is 1, and [status] doubt 1'
}

@test "sent and failed in 24 hours, their share, and what they cost" {
	# shellcheck disable=SC2046	# many words
	queue email $(many 4)
	run omni-send-mail -q
	is '.channels.email | [.sent_day, .failed_day, .failed_share]' '[0,4,null]'
	mails_fail_with 0
	# shellcheck disable=SC2046
	queue email $(many 16 | sed s/m/n/)
	run -0 omni-send-mail -q
	is '.channels.email | [.sent_day, .failed_day, .failed_share]' '[16,4,20]'
	is .channels.email.cost_day 0.80
	above 'email failed_share 20 20'
	at 2026-11-24T17:00:01Z
	is '.channels.email | [.sent_day, .failed_day, .failed_share]' '[0,0,null]'
	above ''
}

@test "a channel's limit that is reached" {
	queue sms a
	run -0 omni-send-sms -q
	is .channels.sms.limited false
	assert_equal "$(omni-status -j -o 'channel sms.per_hour=1' |
	    jq .channels.sms.limited)" true
	assert_equal "$(omni-status -j -o 'channel sms.per_day=1' |
	    jq .channels.sms.limited)" true
	run -1 --separate-stderr omni-status -q -o 'channel sms.per_day=1'
	assert_equal "$stderr" 'omni-status: sms: the limit is reached'
	run -0 omni-status -q -o 'channel sms.per_day=1' -o status.limited=0
}

@test "the spending limit of a day, and people who had enough" {
	queue sms a b
	run -0 omni-send-sms -q
	is '[.cost_day, .limited, .full_recipients]' '["0.10",false,0]'
	above ''
	run -0 omni-status -q -o limits.spend_day=0.11
	run -1 --separate-stderr omni-status -q -o limits.spend_day=0.1
	assert_equal "$stderr" 'omni-status: the spending limit is reached'
	assert_equal "$(omni-status -j -o limits.recipient_day=2 |
	    jq .full_recipients)" 1
	assert_equal "$(omni-status -j -o limits.recipient_day=3 |
	    jq .full_recipients)" 0
	at 2026-11-24T17:00:01Z
	is '[.cost_day, .limited]' '["0.00",false]'
}

@test "flags by kind and age; subscriptions that wait for a person" {
	is '[.flag_age, .flags_by_kind]' '[null,{}]'
	echo '{"id":"a","type":"appointment","at":"2026-11-23T10:59:00-06:00","contact":{"id":"c","name":"Ana","email":"ana@x.example"}}
{"id":"b","type":"appointment","at":"2026-11-23T10:59:00-06:00","contact":{"id":"d","name":"Eva","email":"eva@x.example"}}' >"$in"
	at 2026-11-23T16:58:30Z
	omni-schedule -q <"$in"
	at 2026-11-23T17:00:00Z
	omni-escalate | omni-queue -q
	at 2026-11-23T19:00:00Z
	is '[.flags, .flag_age, .flags_by_kind]' \
	    '[2,7200,{"unreachable":{"count":2,"age":7200}}]'
	above ''
	run -1 omni-status -q -o status.flag_age=2h
	run -0 omni-status
	assert_line --regexp '^flags +2: unreachable 2 \(2h\)$'
	run -0 --separate-stderr omni-status -p
	assert_line 'omni_open_flags{kind="unreachable"} 2'
	mkdir "$SITE/spool/inbound/subscriptions"
	touch "$SITE/spool/inbound/subscriptions/1795453100.000000001.1.1.aa"
	above 'subscriptions 1 1'
}

@test "each directory of the spool: files and bytes" {
	mkdir -p "$SITE/spool/inbound/tmp" "$SITE/spool/bad" "$SITE/spool/outbound/x y\"/new"
	printf 12345 >"$SITE/spool/inbound/tmp/a"
	printf 12345 >"$SITE/spool/inbound/tmp/b"
	printf 1 >"$SITE/spool/bad/run.ndjson"
	printf 1 >"$SITE/spool/inbound/new/.hidden"
	is '[.spool["inbound/tmp"], .spool["bad"], .spool["inbound/new"],
		.spool["inbound/cur"], .spool["outbound/x y\"/new"]] |
		map([.files, .bytes])' '[[2,10],[1,1],[0,0],[0,0],[0,0]]'
	run -0 omni-status
	assert_line --regexp '^inbound/tmp +2 files, 1 KiB$'
	refute_line --regexp '^inbound/cur'
	run -0 --separate-stderr omni-status -p
	assert_line 'omni_spool_bytes{directory="inbound/tmp"} 10'
	assert_line 'omni_spool_files{directory="outbound/x y\"/new"} 0'
}

@test "a log that grows, since somebody reads without an end" {
	# Nobody reads, and nobody writes: it is empty.
	is .wal_bytes 0
	run -0 omni-status -q -o 'status.wal=1 2'
	truncate -s 3M "$SITE/spool/ledger.db-wal"
	run -2 --separate-stderr omni-status -q -o 'status.wal=1 2'
	assert_equal "$stderr" 'omni-status: critical: wal_bytes is 3 MiB, and [status] wal 2 MiB'
}

@test "the inbound spool: depth, age, what was set aside" {
	touch "$SITE/spool/inbound/new/1795453100.000000001.1.1.aa" \
	    "$SITE/spool/inbound/cur/1795453000.000000001.1.1.ab"
	at "$(date -u -d @1795453200 +%FT%TZ)"
	is '[.inbound, .inbound_age, .inbound_bad]' '[2,200,0]'
	at "$(date -u -d @1795453900 +%FT%TZ)"
	touch "$SITE/spool/inbound/bad/x" "$SITE/spool/inbound/bad/x.reason"
	above 'inbound_age 900 900, inbound_bad 1 1'
}

@test "steps that are due, flags, unread, failovers" {
	is '[.steps_due, .steps_due_age, .flags, .unread, .failovers_due]' \
	    '[0,null,0,0,0]'
	echo '{"id":"a","type":"appointment","at":"2026-11-24T12:00:00-06:00","contact":{"id":"c","name":"Ana","email":"ana@x.example"},"vars":{"owner_name":"Ana","pet_name":"Luna"}}' |
		omni-schedule -q
	at 2026-11-23T18:30:00Z
	is '[.steps_due, .steps_due_age]' '[1,1800]'
	above 'steps_due_age 1800 1800'
	jq -cn '{id: "f", channel: "email", account: "email", to: "f@x.example",
		text: "x", class: "alert", fallback: ["sms"],
		expires_at: "2026-12-30T00:00:00Z"}' | omni-queue -q
	run omni-send-mail -q
	is .failovers_due 1
	omni-escalate | jq -c 'select(.parent)' | jq -c '{id: "f/e", parent,
		channel: "staff", failover: {of: "f", flag: "failed", reason: "x"}}' |
		omni-queue -q
	is '[.flags, .failovers_due]' '[1,0]'
	run -1 omni-status -q -o status.flags=1 -o status.due_age=1d
}

# visit AT [STATUS]: an appointment, as the calendar has it now
visit() {
	jq -cn --arg at "$1" --arg status "${2-scheduled}" '{id: "a",
		type: "appointment", at: $at, status: $status, contact: {id: "c",
		name: "Ana", email: "ana@x.example"}, vars: {owner_name: "Ana",
		pet_name: "Luna"}}' | omni-schedule -q
}

@test "notices that are due: in all three formats, until they are queued" {
	mails_fail_with 0
	is .notices_due 0
	visit 2026-11-24T12:00:00-06:00
	at 2026-11-23T18:00:00Z
	omni-run
	is .notices_due 0
	visit 2026-11-25T12:00:00-06:00
	is .notices_due 1
	run omni-status -o status.run_age=0s
	assert_line --regexp '^notices due +1$'
	run --separate-stderr omni-status -p
	assert_line 'omni_notices_due 1'
	# Nobody is told of it, so nothing waits.
	run --separate-stderr omni-status -j -o 'ladder appointment.moved=none'
	assert_equal "$(jq -c .notices_due <<<"$output")" 0
	# Without a run it is no longer of use once the time is there.
	at 2026-11-25T18:00:00Z
	is .notices_due 0
	at 2026-11-23T19:00:00Z
	omni-run
	is .notices_due 0
	assert_equal "$(sql "SELECT count(*) FROM message WHERE
		notice = 'moved'")" 1
	# Of what is cancelled until the time that they know.
	visit 2026-11-25T12:00:00-06:00 cancelled
	is .notices_due 1
	at 2026-11-25T18:00:01Z
	is .notices_due 0
	at 2026-11-23T20:00:00Z
	omni-run
	is .notices_due 0
}

@test "when omni-run was last started" {
	is .run_age null
	touch -d 2026-11-23T16:30:00Z "$SITE/spool/run/run.lock"
	is .run_age 1800
	above ''
	at 2026-11-23T17:30:00Z
	above 'run_age 3600 3600'
	# A run in which nothing changes counts.
	unset OMNI_NOW
	run omni-run -o clock.max_gap=0s
	[ "$(omni-status -j 2>/dev/null | jq .run_age)" -lt 60 ]
}

@test "the last run of each program that changed something" {
	at 2026-11-23T17:10:00Z
	queue sms a
	at 2026-11-23T17:15:00Z
	is '[.runs["omni-queue"].at, .runs["omni-queue"].age]' \
	    '["2026-11-23T17:10:00Z",300]'
	run -0 omni-status
	assert_line --regexp '^omni-queue +started 5m ago, changed 1 5m ago$'
}

@test "when each program was last started, whether or not it changed anything" {
	is .schedule_age null
	run -0 omni-status -q -o status.schedule_age=1h
	omni-schedule -q </dev/null
	run -0 omni-ingest -q
	at 2026-11-23T17:40:00Z
	is '[.schedule_age, .runs["omni-schedule"].started_age,
		.runs["omni-ingest"].started_age,
		.runs["omni-schedule"].at]' '[2400,2400,2400,null]'
	run -0 omni-send-sms -q
	is '.runs["omni-send-sms"].started_age' 0
	above ''
	run -1 --separate-stderr omni-status -q -o 'status.schedule_age=30m 1d'
	assert_equal "$stderr" 'omni-status: schedule_age is 40m, and [status] schedule_age 30m'
	run -0 --separate-stderr omni-status -p
	assert_line 'omni_program_started_seconds{program="omni-schedule"} 2400'
	# Reading is no run, and what cannot be noted is no fault.
	rm -rf "$SITE/spool/run"
	: >"$SITE/spool/run"
	run -0 omni-schedule -q </dev/null
	is .schedule_age null
}

@test "two thresholds: a warning is 1, critical is 2 and said" {
	queue sms a
	at 2026-11-23T17:50:00Z
	above 'sms due_age 3000 1800'
	is '[.status, .ok, .above[0].level]' '["warning",false,"warning"]'
	at 2026-11-23T21:00:00Z
	above 'sms due_age 14400 14400' 2
	is '[.status, .ok, .above[0].level]' '["critical",false,"critical"]'
	run -2 --separate-stderr omni-status -q
	assert_equal "$stderr" \
	    'omni-status: critical: sms: due_age is 4h, and [status] due_age 4h'
	run -2 --separate-stderr omni-status -p
	assert_line 'omni_status 2'
	# One is a warning only; of two either may be off.
	run -1 omni-status -q -o status.due_age=1h
	run -1 omni-status -q -o 'status.due_age=1h 0s'
	run -2 omni-status -q -o 'status.due_age=0s 1h'
	run -0 omni-status -q -o 'status.due_age=0s 5h'
	# One of each: the gravest counts.
	run -2 omni-status -q -o 'status.due_age=1h' -o 'status.flags=0' \
	    -o status.disk_free='0 999999999'
}

@test "thresholds that make no sense: 78, and which" {
	local bad
	for bad in due_age=soon 'due_age=1h 2h 3h' 'flags=5 x' 'flags=-1' \
	    'due_age=' held=1h; do
		run -78 omni-status -o "status.$bad"
	done
	run -78 omni-status -o 'status.due_age=4h 30m'
	assert_output --partial '[status] due_age = 4h 30m: the second, which is critical, would be reached first'
	run -78 omni-status -o 'status.flags=20 10'
	# Of room there is less and less.
	run -78 omni-status -o 'status.disk_free=20 100'
	run -0 omni-status -q -o 'status.disk_free=2 1'
}

@test "the clock's guard stops the senders: said, and status 2" {
	at 2027-02-23T09:00:00-06:00
	run -2 --separate-stderr omni-status -q
	assert_equal "$stderr" "omni-status: critical: it is 2027-02-23T15:00:00Z, but the ledger's last entry is of 2026-11-23T17:00:00Z: if the clock is right, say so with omni-ledger confirm"
	is '[.ok, (.clock | length > 0)]' '[false,true]'
}

@test "a disk that is nearly full" {
	is '.disk_free_bytes > 0' true
	is '.ledger_bytes > 0' true
	run -1 --separate-stderr omni-status -q -o status.disk_free=999999999
	assert_equal "${stderr##*, and }" '[status] disk_free 999999999 MiB'
}

@test "a channel that is not configured any more, and one that is not active" {
	queue sms a
	sed -i '/^\[channel sms\]/,/^$/d' "$OMNI_CONF"
	is '.channels.sms | [.type, .active, .queued]' '[null,false,1]'
	run -0 omni-status -o 'channel whatsapp.active=no'
	assert_line --regexp '^sms +not configured +0 +1 '
	assert_line --regexp '^whatsapp +not active +0 '
}

@test "Prometheus: each name once has HELP and TYPE, labels are escaped" {
	queue sms a
	touch -d 2026-11-23T16:30:00Z "$SITE/spool/run/run.lock"
	run -0 --separate-stderr omni-status -p
	assert_line 'omni_channel_queued{channel="sms"} 1'
	assert_line 'omni_run_age_seconds 1800'
	assert_line 'omni_program_changed_seconds{program="omni-queue"} 0'
	sqlite3 "$SITE/spool/ledger.db" "UPDATE run SET
		program = 'a\b\"' || char(10) || 'c' WHERE program = 'omni-queue'"
	run -0 --separate-stderr omni-status -p
	assert_line 'omni_program_changed_seconds{program="a\\b\"\nc"} 0'
	printf '%s\n' "$output" >"$in"
	# The format: a head of two lines, then samples of that name only.
	# shellcheck disable=SC2016	# awk's fields
	run -0 awk '
		/^# HELP / { name = $3; if (seen[name]++) exit 1; next }
		/^# TYPE / { if ($3 != name || $4 != "gauge") exit 2; next }
		!/^omni_[a-z_]+({[a-z]+="([^"\\]|\\["\\n])*"})? -?[0-9.]+$/ {
			exit 3 }
		{ split($1, part, "{"); if (part[1] != name) exit 4 }' "$in"
	! command -v promtool >/dev/null || run -0 promtool check metrics <"$in"
}

@test "Prometheus: its own client's parser reads back what was meant" {
	/usr/bin/python3 -c 'import prometheus_client' 2>/dev/null ||
		skip 'python3-prometheus-client is not installed'
	queue sms a
	sqlite3 "$SITE/spool/ledger.db" "UPDATE run SET
		program = 'a\b\"' || char(10) || 'c' WHERE program = 'omni-queue'"
	omni-status -p >"$in"
	run -0 /usr/bin/python3 - "$in" <<-'END'
	import sys
	from prometheus_client.parser import text_string_to_metric_families
	text = open(sys.argv[1]).read()
	families = list(text_string_to_metric_families(text))
	names = [f.name for f in families]
	assert len(names) == len(set(names)) > 30, names
	assert all(f.type == "gauge" and f.documentation for f in families)
	samples = {(s.name, tuple(s.labels.items())): s.value
	    for f in families for s in f.samples}
	lines = [l for l in text.split("\n") if l and l[0] != "#"]
	assert len(samples) == len(lines)
	assert samples["omni_channel_queued", (("channel", "sms"),)] == 1
	assert ("omni_program_changed_seconds",
	    (("program", 'a\\b"\nc'),)) in samples
	END
}

@test "Prometheus: the recipe of the manual leaves a whole file, or the old one" {
	local dir=$BATS_TEST_TMPDIR/textfiles line
	mkdir "$dir"
	line=$(sed -n '/^cd .*node-exporter/,/omni.prom$/p' \
		"$ROOT/man/omni-status.1" | tr '\n' ' ' | sed 's/\\e//g')
	[ -n "$line" ]
	line=${line//\/var\/lib\/prometheus\/node-exporter/$dir}
	queue sms a
	at 2026-11-23T21:00:00Z	# critical, and still to be told
	run -0 sh -c "$line"
	grep -q '^omni_status 2$' "$dir/omni.prom"
	mv "$SITE/spool/ledger.db" "$SITE/spool/away.db"
	run ! sh -c "$line"
	grep -q '^omni_status 2$' "$dir/omni.prom"
}

@test "the check for Nagios in the manual: 0, 1, 2, and 3 for what cannot be told" {
	local check=$BATS_TEST_TMPDIR/check
	sed -n '/^#!\/bin\/sh$/,/^\.Ed/p' "$ROOT/man/omni-status.1" |
		sed '/^\.Ed/d; s/\\e/\\/g' >"$check"
	run -0 sh "$check"
	assert_output 'OMNI OK'
	queue sms a
	at 2026-11-23T17:50:00Z
	run -1 sh "$check"
	assert_output --partial 'OMNI WARNING: omni-status: sms: due_age'
	at 2026-11-23T21:00:00Z
	run -2 sh "$check"
	assert_output --partial 'OMNI CRITICAL: omni-status: critical: sms'
	rm -f "$SITE"/spool/ledger.db*
	run -3 sh "$check"
	assert_output --partial 'OMNI UNKNOWN: '
}

@test "it writes nothing, and may be run by whom the key is denied" {
	queue sms a
	before=$(find "$SITE" -type f ! -name '*-shm' -printf '%p %T@\n' |
	    sort | cksum)
	run -0 omni-status
	assert_equal "$(find "$SITE" -type f ! -name '*-shm' \
	    -printf '%p %T@\n' | sort | cksum)" "$before"
	rm -rf "$SITE/spool/inbound" "$SITE/spool/run"
	run -0 omni-status -j
	assert [ ! -e "$SITE/spool/inbound" ]
	if [ "$(id -u)" -ne 0 ]; then
		chmod 000 "$SITE/spool/ledger.db.key"
		run -0 omni-status -q
	fi
}

@test "no ledger: 69; a full disk: 74; usage: 64; --help and --version" {
	run -74 bash -c 'omni-status >/dev/full'
	assert_output 'omni-status: stdout: No space left on device'
	run -74 bash -c 'omni-status >&-'
	run -64 omni-status extra
	run -64 omni-status -x
	run -0 omni-status --help
	run -0 omni-status --version
	run -78 omni-status -o status.nothing=1
	run -78 omni-status -o status.due_age=soon
	rm -f "$SITE"/spool/ledger.db*
	run -69 omni-status
	run -69 omni-status -p
}
