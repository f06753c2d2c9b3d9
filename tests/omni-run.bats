#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# One whole cycle, as cron starts it, on the example clinic's export.  Each
# test names the invariants of the design that it proves.

setup_file() {
	load helper
	local clinic=$ROOT/share/examples/clinic
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	make_site
	sed -i '/^kind = console/a path = ../spool/console.txt' "$OMNI_CONF"
	at 2026-11-23T23:00:00Z
	omni-ledger init
	"$clinic/csv2ndjson" "$clinic/appointments.csv" \
		>"$SITE/export" 2>/dev/null
	omni-schedule -q <"$SITE/export" 2>/dev/null || [ $? -eq 1 ]
}

setup() {
	load helper
	SITE=$BATS_TEST_TMPDIR/site
	OMNI_CONF=$SITE/etc/omni.conf
	export SITE OMNI_CONF
	cp -R "$BATS_FILE_TMPDIR/site" "$SITE"
	at 2026-11-23T23:00:00Z
	maildir=$SITE/spool/Maildir
	console=$SITE/spool/console.txt
	: >"$console"
	other=
}

teardown() {
	[ -z "$other" ] || {
		kill -KILL -- "-$other" 2>/dev/null || :
		wait "$other" || :
	}
}

# cycle: all well; a step that cannot be taken brings the next, silently
cycle() {
	run -0 --separate-stderr omni-run
	assert_output ''
}

count() {
	# A reader may come while what a kill left is recovered.
	sqlite3 -readonly -cmd '.timeout 10000' "$SITE/spool/ledger.db" \
		"SELECT count(*) FROM $1"
}

mails() {
	find "$maildir/new" -type f | wc -l
}

# exact: what the ledger calls sent went out once, and nothing else did
exact() {
	assert_equal "$(count "message WHERE channel = 'email' AND
		state = 'sent'")" "$(mails)"
	sql "SELECT id FROM message WHERE channel IN ('sms', 'whatsapp') AND
		state = 'sent' ORDER BY id" >"$BATS_TEST_TMPDIR/sent"
	sed -nE 's/^[a-z]+ to [^ ]+ \((.*), attempt [0-9]+\)$/\1/p' \
		"$console" | sort >"$BATS_TEST_TMPDIR/printed"
	run -0 uniq -d "$BATS_TEST_TMPDIR/printed"
	assert_output ''
	# Printed, and not known to be sent: only what is in doubt.
	run -0 comm -23 <(sort "$BATS_TEST_TMPDIR/sent") \
		"$BATS_TEST_TMPDIR/printed"
	assert_output ''
	assert_equal "$(comm -13 <(sort "$BATS_TEST_TMPDIR/sent") \
		"$BATS_TEST_TMPDIR/printed" | wc -l)" \
		"$(comm -12 <(sql "SELECT id FROM message WHERE state IN
			('failed', 'in_doubt')" | sort) \
		"$BATS_TEST_TMPDIR/printed" | wc -l)"
	run -0 omni-ledger verify -q
}

# own_bin: a copy of omni-run whose programs are links, to be replaced
own_bin() {
	local program
	bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	for program in "$ROOT"/bin/*; do
		ln -s "$program" "$bin/"
	done
	rm "$bin/omni-run"
	cp "$ROOT/bin/omni-run" "$bin/omni-run"
}

@test "the clinic's evening: everybody who is due is written to once (Inv. 3, 4, 7)" {
	local before
	cycle
	assert_equal "$(count "message WHERE state = 'queued' AND due_at <=
		'$OMNI_NOW'")" 0
	assert_equal "$(count "message WHERE state IN ('in_doubt', 'sending',
		'failed')")" 0
	[ "$(mails)" -gt 100 ]
	exact
	# Nothing before its time, and nobody who was cancelled or confirmed.
	assert_equal "$(count "reminder WHERE step > 0 AND
		(state <> 'open' OR event_at > '2026-11-24T23:00:00Z')")" 0
	assert_equal "$(count "reminder WHERE state = 'open' AND event_at
		BETWEEN '2026-11-23T23:00:00Z' AND '2026-11-24T23:00:00Z'
		AND step = 0")" 0
	# Each refusal tells staff why; its ladder went on by itself.
	assert_equal "$(count "message WHERE state = 'refused'")" \
		"$(count "failed_message WHERE detail LIKE 'cannot be %'")"
	# A second run at the same time finds nothing, and says nothing.
	before=$(mails)$(wc -l <"$console")$(count journal)
	run -0 --separate-stderr omni-run
	assert_equal "$output$stderr" ''
	assert_equal "$(mails)$(wc -l <"$console")$(count journal)" "$before"
	# The export once more: nobody is written to because of it.
	run -1 --separate-stderr omni-schedule -q <"$SITE/export"
	run -0 omni-run
	assert_equal "$(mails)" "$(count "message WHERE channel = 'email' AND
		state = 'sent'")"
	exact
	assert_equal "$(find "$SITE/spool/run" -name 'cycle.*' | wc -l)" 0
}

@test "two hours later only who did not answer is asked again (Inv. 4)" {
	local first
	cycle
	first=$(count 'message')
	omni-schedule -q 2>/dev/null < <(jq -c 'select(.status == "scheduled")
		| .status = "confirmed"' "$SITE/export" | head -n 50) ||
		[ $? -eq 1 ]
	at 2026-11-24T01:00:00Z
	cycle
	[ "$(count message)" -gt "$first" ]
	assert_equal "$(count "message m JOIN reminder r ON r.id = m.reminder
		WHERE m.step > 1 AND m.created_at = '$OMNI_NOW' AND
		m.state = 'sent' AND r.state = 'confirmed'")" 0
	exact
}

@test "a second run while one goes on: 75, and no harm (Inv. 3)" {
	mkdir -p "$SITE/spool/run"
	exec 4>"$SITE/spool/run/run.lock"
	flock 4
	run -75 omni-run
	assert_output --partial 'another run is going on'
	exec 4>&-
	assert_equal "$(count message)" 0
	cycle
	exact
}

@test "a stage that dies of one record: set aside, the others are sent (Inv. 2, 10)" {
	local poison others
	own_bin
	poison=$(sql "SELECT id FROM reminder WHERE state = 'open' AND
		next_due_at <= '$OMNI_NOW' AND contact IN (SELECT contact FROM
		contact_address WHERE type = 'email') ORDER BY id LIMIT 1")
	rm "$bin/omni-render"
	cat >"$bin/omni-render" <<-END
	#!/bin/bash
	# Dies when it meets the record, after those before it.
	while IFS= read -r line; do
		case \$line in
		*'"$poison.r1/1"'*) kill -SEGV \$\$ ;;
		esac
		printf '%s\n' "\$line"
	done > >("$ROOT/bin/omni-render" "\$@")
	wait
	END
	chmod 755 "$bin/omni-render"
	cp -R "$SITE" "$BATS_TEST_TMPDIR/well"
	run -70 --separate-stderr "$bin/omni-run"
	[[ $stderr == *'omni-render (status 139) died'* ]]
	[[ $stderr == *'bad/run.ndjson'* ]]
	assert_equal "$(jq -r .id "$SITE/spool/bad/run.ndjson")" "$poison.r1/1"
	assert_equal "$(sql "SELECT state, reason FROM message WHERE id =
		'$poison.r1/1'")" 'refused|killed'
	others=$(count "message WHERE state = 'sent'")
	exact
	# As many as without the trouble, but for that one; its ladder went on.
	env OMNI_CONF="$BATS_TEST_TMPDIR/well/etc/omni.conf" omni-run \
		2>/dev/null || [ $? -eq 1 ]
	assert_equal "$(sqlite3 -readonly "$BATS_TEST_TMPDIR/well/spool/ledger.db" \
		"SELECT count(*) FROM message WHERE state = 'sent' AND
		reminder <> '$poison'")" "$(count "message WHERE state = 'sent'
		AND reminder <> '$poison'")"
	# The next run does not try it again.
	run --separate-stderr "$bin/omni-run"
	[ "$status" -le 1 ]
	assert_equal "$(wc -l <"$SITE/spool/bad/run.ndjson")" 1
	assert_equal "$(count "message WHERE state = 'sent'")" "$others"
}

@test "a stage that dies of every record: nothing is refused, all of it waits (Inv. 2, 10)" {
	local due
	own_bin
	due=$(omni-escalate | wc -l)
	((due > 1))
	rm "$bin/omni-render"
	# shellcheck disable=SC2016	# it is the program's
	printf '#!/bin/bash\nkill -SYS $$\n' >"$bin/omni-render"
	chmod 755 "$bin/omni-render"
	run -70 --separate-stderr "$bin/omni-run"
	[[ $stderr == *'omni-render (status 159) dies of every record'* ]]
	[[ $stderr == *'nothing is refused'* ]]
	assert_equal "$(count message)" 0
	[ ! -e "$SITE/spool/bad/run.ndjson" ]
	# Nor when one alone is due: a plain one is tried as well.
	omni-escalate | jq -r .reminder.id | sort -u | sed 1d >"$SITE/others"
	jq -c --rawfile others "$SITE/others" 'select(.id | IN($others |
		split("\n")[])) | .status = "cancelled"' "$SITE/export" |
		omni-schedule -q
	assert_equal "$(omni-escalate | wc -l)" 1
	run -70 --separate-stderr "$bin/omni-run"
	[[ $stderr == *'nothing is refused'* ]]
	assert_equal "$(count message)" 0
	cycle
	exact
	assert_equal "$(count "message WHERE reason = 'killed'")" 0
	(($(count "message WHERE state = 'sent'") > 0))
}

@test "without a ledger: 69, and what to do about it (Inv. 10)" {
	rm "$SITE"/spool/ledger.db*
	run -69 omni-run
	assert_output --partial 'omni-ledger init'
	assert_equal "$(find "$SITE/spool/run" -name 'cycle.*' | wc -l)" 0
}

@test "a spool that cannot be written: 77, nothing is sent" {
	rm -rf "$SITE/spool/run"
	echo 'in the way' >"$SITE/spool/run"
	run -77 omni-run
	assert_equal "$(count message)" 0
}

@test "wrong usage: 64; a wrong configuration: 78" {
	run -64 omni-run now
	run -64 omni-run -x
	echo 'nonsense = 1' >>"$OMNI_CONF"
	run -78 omni-run
}

@test "killed at any instant, then run again: nothing lost, nothing doubled (Inv. 2, 3)" {
	local instant rows all
	rows=$(count journal)
	all=$(sql "SELECT count(*) FROM reminder WHERE state = 'open' AND
		next_due_at <= '$OMNI_NOW'")
	for ((instant = 1; instant <= 10; instant++)); do
		setsid omni-run >/dev/null 2>&1 3>&- &
		other=$!
		# Somewhere in the next hundred changes, or at the end.
		rows=$((rows + 1 + RANDOM % 100))
		while kill -0 "$other" 2>/dev/null &&
		    [ "$(count journal)" -lt "$rows" ]; do
			:
		done
		kill -KILL -- "-$other" 2>/dev/null || :
		wait "$other" || :
		other=
		rows=$(count journal)
	done
	# The senders first find out what became of the attempts.
	run --separate-stderr omni-run
	[ "$status" -le 1 ]
	at 2026-11-23T23:20:00Z
	run --separate-stderr omni-run
	[ "$status" -le 1 ]
	assert_equal "$(count "message WHERE state IN ('sending',
		'in_doubt')")" 0
	exact
	assert_equal "$(count "message WHERE step = 1")" "$all"
	assert_equal "$(count "message WHERE channel = 'email' AND
		step = 1 AND state NOT IN ('sent', 'refused')")" 0
	assert_equal "$(find "$SITE/spool/run" -name 'cycle.*' | wc -l)" 0
}

# replace PROGRAM: that of own_bin becomes a script, from standard input
replace() {
	rm "$bin/$1"
	cat >"$bin/$1"
	chmod 755 "$bin/$1"
}

@test "a sender that hangs: stopped after the limit, said in one line, 75 (Inv. 10)" {
	own_bin
	replace omni-send-sms <<-'END'
	#!/bin/sh
	exec sleep 600
	END
	cycle	# so that nothing else takes long
	run -75 --separate-stderr "$bin/omni-run" -o run.limit=8s
	assert_equal "$stderr" \
	    'omni-run: stopped at omni-send-sms: the run took longer than 8s'
	# The lock is free: the next goes on.
	at 2026-11-24T01:00:00Z
	cycle
	exact
}

@test "one that does not heed the signal is killed after the grace" {
	own_bin
	replace omni-ingest <<-'END'
	#!/bin/bash
	trap '' TERM
	while :; do read -r -t 600 <> <(:) || :; done
	END
	run -75 --separate-stderr "$bin/omni-run" -o run.limit=1s -o run.grace=1s
	[[ $stderr == *'stopped at omni-ingest: the run took longer than 1s'* ]]
	# Nothing after it was started.
	assert_equal "$(count message)" 0
	assert_equal "$(mails 2>/dev/null)" 0
	cycle
	exact
}

@test "a filter that hangs: the first that had not ended is named, nothing is set aside" {
	own_bin
	replace omni-route <<-'END'
	#!/bin/sh
	exec sleep 600
	END
	run -75 --separate-stderr "$bin/omni-run" -o run.limit=8s
	[[ $stderr == *'stopped at omni-'[nr]*': the run took longer than 8s'* ]]
	assert_equal "$(count message)" 0
	[ ! -e "$SITE/spool/bad" ]
	cycle
	exact
}

@test "limits: leading zeros, each unit, none" {
	local limit
	for limit in 0s 090s 010m 08h 1d 1w; do
		cp -R "$BATS_FILE_TMPDIR/site/spool/." "$SITE/spool"
		run -0 --separate-stderr omni-run -o "run.limit=$limit"
		[[ $stderr != *run:* || $stderr == *'new flag'* ]]
	done
	run -78 omni-run -o run.limit=soon
	run -78 omni-run -o run.jitter=5
}

@test "jitter: it waits without the lock, and ends at once when it is told to" {
	mkdir -p "$SITE/spool/run"
	setsid omni-run -o run.jitter=999999w >/dev/null 2>&1 3>&- &
	other=$!
	until pgrep -P "$other" -x sleep >/dev/null; do
		kill -0 "$other"
	done
	flock -n "$SITE/spool/run" true
	[ ! -e "$SITE/spool/run/run.lock" ]
	cycle
	kill -TERM "$other"
	status=0
	wait "$other" || status=$?
	assert_equal "$status" 143
	while pgrep -g "$other" >/dev/null; do :; done
	other=
	# None at all, and one that is over soon.
	run -0 omni-run -o run.jitter=1s
}

@test "what needs a person is one line; else silence" {
	cycle
	run -0 --separate-stderr omni-run
	assert_equal "$stderr" ''
	# Without a ladder or another channel nobody else would tell.
	jq -cn '{id: "lost", channel: "email", account: "email", to: "nobody",
		text: "x", class: "alert", route: {},
		expires_at: "2026-11-30T00:00:00Z"}' | omni-queue -q
	jq -cn '{id: "dear", channel: "sms", account: "sms", cost: "9",
		to: "+525512345678", text: "x", class: "alert", route: {},
		expires_at: "2026-11-30T00:00:00Z"}' | omni-queue -q
	sed -i 's/^provider = maildir/provider = mta/' "$OMNI_CONF"
	printf '\n[provider mta]\nkind = sendmail\npath = ../sendmail\n' \
		>>"$OMNI_CONF"
	printf '#!/bin/sh\ncat >/dev/null\nexit 67\n' >"$SITE/sendmail"
	chmod 755 "$SITE/sendmail"
	run --separate-stderr omni-run -o limits.spend_day=1
	assert_equal "$(grep '^omni-run: ' <<<"$stderr")" \
	    'omni-run: 1 failed, 1 held; omni-status and the view open_flag have more'
	# It is told once; omni-status goes on telling.
	run -0 --separate-stderr omni-run
	assert_equal "$stderr" ''
	# Appointments that nobody answered about become flags.
	at 2026-11-24T16:30:00Z
	run --separate-stderr omni-run
	[[ $stderr =~ omni-run:\ .*[0-9]+' new flags; omni-status' ]]
}

@test "a run that finds another going on does not count as one" {
	mkdir -p "$SITE/spool/run"
	touch -d 2026-11-20T00:00:00Z "$SITE/spool/run/run.lock"
	exec 4>>"$SITE/spool/run/run.lock"
	flock 4
	run -75 omni-run
	exec 4>&-
	assert_equal "$(omni-status -j 2>/dev/null | jq .run_age)" \
	    "$((3 * 86400 + 23 * 3600))"
}

@test "all five senders are started, in this order" {
	local sender
	own_bin
	for sender in mail sms wa voice push; do
		replace "omni-send-$sender" <<-END
		#!/bin/sh
		echo $sender >>"$BATS_TEST_TMPDIR/started"
		END
	done
	run -0 "$bin/omni-run"
	run -0 paste -sd ' ' "$BATS_TEST_TMPDIR/started"
	assert_output 'mail sms wa voice push'
}

@test "the units for systemd are ones; the crontab has five times and a command" {
	local units=$BATS_TEST_TMPDIR/units file
	mkdir "$units"
	for file in "$ROOT"/share/server/omni*.{service,timer,path,socket}; do
		sed "s|/usr/local/bin|$ROOT/bin|" "$file" \
			>"$units/${file##*/}"
	done
	grep -q '^RandomizedDelaySec=' "$units/omni.timer"
	grep -q '^NoNewPrivileges=yes' "$units/omni.service"
	run -0 grep -vE '^#|^$|^[A-Z_]+=' "$ROOT/share/server/crontab"
	assert_equal "${#lines[@]}" 2
	for file in "${lines[@]}"; do
		[[ $file =~ ^([0-9*/]+[[:space:]]){1}([0-9*]+\ ){3}[0-9*]+[[:space:]]+omni-(run|status) ]]
	done
	command -v systemd-analyze >/dev/null ||
		skip 'systemd-analyze is not installed'
	run systemd-analyze --man=no verify "$units"/*
	assert_output ''
	assert_success
}

@test "help, version and closed descriptors as in the other programs" {
	run -0 omni-run -q --help
	assert_line --index 0 'usage: omni-run [-q] [-c file] [-o section.key=value]'
	run -0 omni-run --version
	assert_output --regexp '^omni-run [0-9.]+$'
	run -64 omni-run -x
	run -64 omni-run extra
	# shellcheck disable=SC2016	# for the inner shell
	run -74 bash -c 'omni-run --help >/dev/full'
	run -74 bash -c 'omni-run --version >/dev/full'
	for fd in 0 1 2; do
		run -74 bash -c "omni-run $fd>&-"
	done
}

@test "a spool/run that may not be written: 77" {
	local user=()

	mkdir -p "$SITE/spool/run"
	: >"$SITE/spool/run/run.lock"
	if [ "$(id -u)" = 0 ]; then
		user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
		chown -R 65534:65534 "$SITE"
		for dir in "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." \
		    "$BATS_TEST_TMPDIR/../.."; do
			chmod o+x "$dir"
		done
		"${user[@]}" test -r "$OMNI_CONF" -a -x "$ROOT/bin" ||
			skip 'an ordinary user cannot reach these files'
	fi
	chmod 555 "$SITE/spool/run"
	run -77 "${user[@]}" omni-run
	assert_output --partial 'spool/run: may not be written'
	chmod 755 "$SITE/spool/run"
}
