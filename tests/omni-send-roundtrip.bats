#!/usr/bin/env bats
# Nasty mails, sent by omni-send-mail through three servers that are not ours:
# what comes out behind each of them is read by three parsers that are not ours
# either, and is what was meant (tests/fake/mailcheck.py has the table).
# shellcheck disable=SC2154	# helper.bash sets in, postfix.bash home
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	load npm
	load postfix
	server=
	export MAILREAD=$ROOT/build/tests/fake/mailread
	make_ledger 2026-11-23T23:00:00Z
	sed -i -e 's/^provider = maildir/provider = relay/' \
		-e 's/^from = Clinica Roma </from = Clínica Sol </' "$OMNI_CONF"
	mails=$BATS_TEST_TMPDIR/mails
	mkdir "$mails"
	check records "$mails" >"$in"
}

teardown() {
	stop_server
	stop_postfix
}

check() {
	/usr/bin/python3 "$ROOT/tests/fake/mailcheck.py" "$@"
}

# relay LINE...: the section of the provider
relay() {
	printf '%s\n' '' '[provider relay]' 'kind = smtp' "port = $port" \
		"$@" >>"$OMNI_CONF"
}

# deliver: all of them are queued, and sent
deliver() {
	omni-queue -q <"$in"
	run -0 omni-send-mail -q
	assert_output ''
	assert_equal "$(states)" "sent $(wc -l <"$in")"
}

# read_back FILE...: what arrived is what was meant, each mail once (Inv. 3)
read_back() {
	local parser
	run -0 check arrived "$mails" "$@"
	assert_output "$(wc -l <"$in")"
	for parser in python gmime; do
		run -0 check "$parser" "$mails"
		assert_output --regexp '^[0-9]{3,} mails, 0 differ$'
	done
	# Last: without it the test is skipped, and says so.
	need_npm mailparser
	run -0 check mailparser "$mails"
	assert_output --regexp '^[0-9]{3,} mails, 0 differ$'
}

@test "through aiosmtpd, over SMTPUTF8 where an address needs it" {
	local inbox=$BATS_TEST_TMPDIR/inbox
	/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null ||
		skip 'python3-aiosmtpd is not installed'
	mkdir "$inbox"
	mkfifo "$BATS_TEST_TMPDIR/port"
	"$ROOT/tests/fake/smtpd.py" "$inbox" --utf8 \
		>"$BATS_TEST_TMPDIR/port" 2>/dev/null 3>&- &
	server=$!
	read -r port <"$BATS_TEST_TMPDIR/port"
	relay 'host = 127.0.0.1' 'tls = none'
	deliver
	# Lines end as they must, and none is longer than RFC 5321 allows.
	LC_ALL=C run -1 grep -rlvaP '^[^\r\n]{0,998}\r$' "$inbox"
	read_back "$inbox"/*
}

@test "through Postfix's smtp-sink" {
	local sink=/usr/sbin/smtp-sink dump=$BATS_TEST_TMPDIR/dump try user=()
	[ -x "$sink" ] || skip 'smtp-sink is not installed'
	mkdir "$dump"
	chmod 777 "$dump"
	[ "$(id -u)" -ne 0 ] || user=(-u nobody)
	# Another process may take the free port first: then once more.
	for try in 1 2 3; do
		port=$(free_port)
		(cd "$dump" && exec "$sink" "${user[@]}" -d '%M.' \
			"127.0.0.1:$port" 20) >/dev/null 2>&1 3>&- &
		server=$!
		while kill -0 "$server" 2>/dev/null; do
			# shellcheck disable=SC2188	# to connect is all
			(: 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break 2
		done
	done
	[ "$try" -le 3 ]
	relay 'host = 127.0.0.1' 'tls = none'
	# This one has no SMTPUTF8.
	rm "$mails"/*
	check records "$mails" ascii >"$in"
	deliver
	# It ends a file when the connection goes on or ends.
	stop_server
	server=
	find "$dump" -type f -empty -delete
	# Of each its own last line, which is empty.
	find "$dump" -type f -exec truncate -s -1 {} +
	read_back "$dump"/*
}

@test "through a real Postfix, over STARTTLS into a Maildir" {
	size_limit=20000000 start_postfix maildir
	relay 'host = localhost' 'tls = starttls' "ca_file = $home/etc/ca.pem"
	deliver
	delivered "$(wc -l <"$in")"
	read_back "$home"/box/all/new/*
}
