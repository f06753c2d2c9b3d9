#!/usr/bin/env bats
# Mail that leaves on this machine: the local MTA, and the Maildir.
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	make_ledger 2026-11-23T23:00:00Z
	maildir=$SITE/spool/Maildir
	touch "$SITE/calls"
}

# script LINE...: the MTA is a script of these lines
script() {
	{
		echo '#!/bin/sh'
		echo "echo \"\$*\" >>$SITE/calls"
		printf '%s\n' "$@"
	} >"$SITE/sendmail"
	chmod 755 "$SITE/sendmail"
	grep -q '^\[provider mta\]' "$OMNI_CONF" || {
		printf '\n[provider mta]\nkind = sendmail\npath = ../sendmail\n' \
			>>"$OMNI_CONF"
		sed -i 's/^provider = maildir/provider = mta/' "$OMNI_CONF"
	}
}

# queue ID...
queue() {
	local id
	for id; do
		jq -cn --arg id "$id" '{$id, channel: "email",
			account: "email", to: "\($id)@example.org",
			subject: "Su cita", text: "Hola",
			class: "alert", route: {},
			expires_at: "2026-11-30T00:00:00Z"}'
	done | omni-queue -q
}

mails() {
	find "$maildir/new" -type f 2>/dev/null | wc -l
}

@test "sendmail: every status of sysexits.h has its outcome (Inv. 10)" {
	local code
	# shellcheck disable=SC2016	# for the script's shell
	script 'cat >/dev/null' 'for a; do :; done' 'a=${a#s}' \
		'exit "${a%@*}"'
	for code in 0 1 65 66 67 68 69 70 71 72 73 74 75 76; do
		queue "s$code"
	done
	run -0 omni-send-mail -q
	run -0 sql "SELECT substr(id, 2) || ' ' || state ||
		coalesce(' ' || reason, '') FROM message
		ORDER BY CAST(substr(id, 2) AS INTEGER)"
	assert_output - <<-'END'
	0 sent
	1 queued to be tried again
	65 failed refused
	66 failed refused
	67 failed address
	68 queued to be tried again
	69 queued to be tried again
	70 queued to be tried again
	71 queued to be tried again
	72 queued to be tried again
	73 queued to be tried again
	74 in_doubt no clear answer (74)
	75 queued to be tried again
	76 in_doubt no clear answer (76)
	END
	# A server that a wrapper could not look up kills nobody's address.
	assert_equal "$(sql "SELECT b.body FROM address JOIN content b ON
		b.key = content WHERE dead_at IS NOT NULL")" s67@example.org
	for code in 64 77 78 126 127; do
		queue "s$code"
		run -78 omni-send-mail -q
		assert_equal "$(state "s$code")" "queued|the provider's set-up"
		run -0 omni-queue cancel "s$code"
	done
}

@test "sendmail: one that is not there, or cannot be run, is our set-up: nothing lost" {
	script :
	queue m1
	rm "$SITE/sendmail"
	run -78 omni-send-mail -q
	assert_output --partial "$SITE/sendmail: No such file or directory"
	echo 'no program' >"$SITE/sendmail"
	run -78 omni-send-mail -q
	assert_output --partial "$SITE/sendmail: Permission denied"
	assert_equal "$(state m1)" "queued|the provider's set-up"
}

@test "sendmail: one that does not end is killed, and the mail in doubt (Inv. 3)" {
	script 'cat >/dev/null' 'exec sleep 1000'
	queue m1 m2
	run -0 omni-send-mail -q -o 'provider mta.reply_timeout=1s'
	assert_output --partial 'm1: attempt 1: unknown:'
	assert_output --partial 'no end in 1 s'
	assert_equal "$(states)" 'in_doubt 2'
	run -78 omni-send-mail -q -o 'provider mta.reply_timeout=2d'
	assert_output --partial 'reply_timeout: less than 1s or more than 1d'
}

@test "sendmail: it reads nothing and takes it, or says much: no harm" {
	script 'exit 0'
	queue m1
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'sent|'
	script 'cat >/dev/null' 'yes "no room" | head -c 100000 >&2' 'exit 75'
	queue m2
	run -0 omni-send-mail -q
	assert_equal "$(state m2)" 'queued|to be tried again'
	assert_equal "$(sort "$SITE/calls" | head -n 1)" \
		'-i -f citas@clinic.example -- m1@example.org'
}

# In a mount namespace of its own: a Maildir on a disk that is full, and is not.
fill_maildir() {
	local status=0
	mkdir -p "$maildir"
	mount -t tmpfs -o size=64k tmpfs "$maildir"
	mkdir "$maildir/tmp" "$maildir/new" "$maildir/cur"
	head -c 1000000 /dev/zero >"$maildir/fill" 2>/dev/null
	omni-send-mail -q || status=$?
	echo "status $status, $(states), new $(mails), tmp $(find \
		"$maildir/tmp" -type f | wc -l)"
	rm "$maildir/fill"
	status=0
	OMNI_NOW=2026-11-23T23:30:00Z omni-send-mail -q || status=$?
	echo "status $status, $(states), new $(mails)"
	mount -o remount,ro "$maildir"
	OMNI_NOW=2026-11-23T23:40:00Z queue m9
	status=0
	OMNI_NOW=2026-11-23T23:40:00Z omni-send-mail -q || status=$?
	echo "status $status, $(state m9)"
	mount -o remount,rw "$maildir"
	status=0
	OMNI_NOW=2026-11-23T23:50:00Z omni-send-mail -q || status=$?
	echo "status $status, $(states), new $(mails)"
}

@test "Maildir: a full disk is an outage, a read-only one our set-up; then all is there once (Inv. 2, 3)" {
	unshare -rm true 2>/dev/null || skip 'no mount namespace here'
	queue m1 m2 m3 m4
	export -f fill_maildir queue states state mails sql
	export SITE maildir
	run unshare -rm bash -c fill_maildir
	assert_line --partial 'No space left on device'
	assert_line 'status 75, queued 4, new 0, tmp 0'
	assert_line 'status 0, sent 4, new 4'
	assert_line --partial 'Read-only file system'
	assert_line "status 78, queued|the provider's set-up"
	assert_line 'status 0, sent 5, new 5'
}

@test "Maildir: a path that is no directory, or none, is named" {
	queue m1
	: >"$SITE/file"
	run -78 omni-send-mail -q -o "provider maildir.path=$SITE/file/x" ||
		[ "$status" -eq 71 ]
	assert_output --partial "$SITE/file"
	sed -i '/^path = ..\/spool\/Maildir/d' "$OMNI_CONF"
	run -78 omni-send-mail -q
	assert_output --partial '[provider maildir] has no path'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 0
}
