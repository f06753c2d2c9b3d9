#!/usr/bin/env bats
# Mail over SMTP: what each reply means at each stage, TLS, logins, connections
# that are kept, and what becomes of a mail when the server goes away.
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	make_ledger 2026-11-23T23:00:00Z
	server=
	played=$BATS_TEST_TMPDIR/played
	mkdir "$played"
	: >"$played/log"
	sed -i 's/^provider = maildir/provider = relay/' "$OMNI_CONF"
	relay 1
}

teardown() {
	stop_server
}

# halt: the server is gone from here on
halt() {
	stop_server
	server=
}

# play [OPTION]... [-- LINE]...: the server of tests/fake/smtpplay.py; LINEs are
# of its section.  Without "tls" among them there is none.
play() {
	local options=() port
	while (($# > 0)) && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	rm -f "$BATS_TEST_TMPDIR/port"
	mkfifo "$BATS_TEST_TMPDIR/port"
	"$ROOT/tests/fake/smtpplay.py" "$played" ${options[@]+"${options[@]}"} \
		>"$BATS_TEST_TMPDIR/port" 2>"$BATS_TEST_TMPDIR/play.err" 3>&- &
	server=$!
	read -r port <"$BATS_TEST_TMPDIR/port"
	relay "$port" "$@"
}

# relay PORT [LINE]...: the section of the provider
relay() {
	local port=$1
	shift
	sed -i '/^\[provider relay\]/,$d' "$OMNI_CONF"
	{
		printf '\n[provider relay]\nkind = smtp\nport = %s\n' "$port"
		[[ " $* " == *' host = '* ]] || echo 'host = 127.0.0.1'
		[[ " $* " == *' tls = '* ]] || echo 'tls = none'
		(($# == 0)) || printf '%s\n' "$@"
	} >>"$OMNI_CONF"
}

# queue LOCAL...: one mail for each; its id is the local part
queue() {
	local one
	for one; do
		jq -cn --arg id "$one" '{$id, channel: "email",
			account: "email", to: "\($id)@example.org",
			subject: "Su cita", text: "Hola: su cita es mañana.",
			class: "alert", route: {},
			expires_at: "2026-11-30T00:00:00Z"}'
	done >"$BATS_TEST_TMPDIR/queue"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/queue"
}

# attempts ID: "NUMBER OUTCOME CODE", one a line
attempts() {
	sql "SELECT number || ' ' || coalesce(outcome, state) || ' ' ||
		coalesce(code, '') FROM attempt WHERE message = '$1'
		ORDER BY number"
}

# said ID: the words of its last attempt
said() {
	sql "SELECT b.body FROM attempt a JOIN content b ON b.key = a.response
		WHERE a.message = '$1' ORDER BY a.number DESC LIMIT 1"
}

# heard REGEX: how many lines of the server's log
heard() {
	grep -cE "$1" "$played/log" || :
}

# ------------------------------------------------------------- connections

@test "smtp: a hundred mails go over one connection, each once (Inv. 3)" {
	play
	# shellcheck disable=SC2046	# one word for each
	queue $(seq -f m%g 100)
	run -0 omni-send-mail -q -o 'channel email.connections=1'
	assert_equal "$(states)" 'sent 100'
	assert_equal "$(heard ' connect$')" 1
	assert_equal "$(heard '^1 took ')" 100
	assert_equal "$(sed -n 's/^1 took //p' "$played/log" | sort -u |
		wc -l)" 100
	assert_equal "$(heard ' bare$')" 0
	verified
}

@test "smtp: an idle connection that the server closed costs nothing (Inv. 2, 3)" {
	play --idle 0.2
	queue m1 m2 m3
	run -0 omni-send-mail -q -o 'channel email.connections=1' \
		-o 'channel email.per_second=1'
	assert_output ''
	assert_equal "$(states)" 'sent 3'
	assert_equal "$(heard ' took ')" 3
	assert_equal "$(heard ' connect$')" 3
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 3
	verified
}

@test "smtp: 421 to the second mail on a connection: a new one, in the same run (Inv. 3)" {
	local reply
	for reply in '421 4.7.0 Enough of you' drop; do
		rm -f "$SITE"/spool/ledger.db*
		omni-ledger init
		: >"$played/log"
		play --reply "mail:2=$reply"
		queue m1 m2 m3 m4
		run -0 omni-send-mail -q -o 'channel email.connections=1'
		assert_output ''
		assert_equal "$(states)" 'sent 4'
		assert_equal "$(heard ' took ')" 4
		assert_equal "$(heard ' connect$')" 4
		assert_equal "$(sql 'SELECT count(*) FROM attempt')" 4
		halt
	done
	verified
}

@test "smtp: cut off in RCPT or DATA of a kept connection: tried anew at once, sent once" {
	play --reply rcpt:2=drop --reply 'data:3=421 4.3.2 Going down'
	queue m1 m2 m3
	run -0 omni-send-mail -q -o 'channel email.connections=1'
	assert_equal "$(states)" 'sent 3'
	assert_equal "$(heard ' took ')" 3
	verified
}

@test "smtp: 421 all the time is an outage: six tries, then the rest waits (Inv. 2)" {
	play --reply 'greeting=421 4.3.2 Going down'
	# shellcheck disable=SC2046
	queue $(seq -f m%g 20)
	run -75 omni-send-mail -q -o 'channel email.connections=1'
	assert_output --partial 'smtp cannot be reached; 14 messages wait'
	assert_output --regexp 'later: \[provider relay\] 127.0.0.1:[0-9]+: 421 4.3.2 Going down'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 6
	assert_equal "$(states)" 'queued 20'
	assert_equal "$(sql 'SELECT state FROM provider_state')" down
}

# ------------------------------------------------------------------ stages

@test "smtp: greylisted mails wait for five minutes, and stop nobody (Inv. 2)" {
	local i locals=()
	for i in 1 2 3 4 5 6 7 8; do
		locals+=("grey$i")
	done
	play --reply 'grey1@rcpt=450 4.2.0 Greylisted' \
		--reply 'grey2@rcpt=451 4.7.1 Greylisted, come back' \
		--reply 'grey3@rcpt=450 come later' \
		--reply 'grey4@data=451 4.7.1 later' \
		--reply 'grey5@dot=451 4.7.1 later' \
		--reply 'grey6@rcpt=451 4.7.1 later' \
		--reply 'grey7@rcpt=451 4.7.1 later' \
		--reply 'grey8@rcpt=451 4.7.1 later'
	queue "${locals[@]}" good
	run -0 omni-send-mail -q -o 'channel email.connections=1'
	assert_equal "$(states)" 'queued 8 sent 1'
	assert_equal "$(sql 'SELECT count(*) FROM provider_state')" 0
	assert_equal "$(sql "SELECT min(due_at) FROM message WHERE
		state = 'queued'")" 2026-11-23T23:05:00Z
	halt
	play
	at 2026-11-23T23:04:59Z
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'queued 8 sent 1'
	at 2026-11-23T23:05:00Z
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 9'
	verified
}

@test "smtp: what a refusal means depends on what was refused" {
	play --reply 'plain@rcpt=550 No such user' \
		--reply 'content@dot=550 Not this text' \
		--reply 'spam@data=554 Not this text' \
		--reply 'gone@dot=550 5.1.1 Nobody here' \
		--reply 'full@rcpt=552 5.2.2 Mailbox full' \
		--reply 'policy@rcpt=550 5.7.1 Not you' \
		--reply 'null@rcpt=556 No mail here'
	queue plain content spam gone full policy null
	run -0 omni-send-mail -q
	assert_equal "$(state plain)" 'failed|address'
	assert_equal "$(state content)" 'failed|refused'
	assert_equal "$(state spam)" 'failed|refused'
	assert_equal "$(state gone)" 'failed|address'
	assert_equal "$(state full)" 'failed|refused'
	assert_equal "$(state policy)" 'failed|refused'
	assert_equal "$(state null)" 'failed|address'
	assert_equal "$(sql 'SELECT count(*) FROM address WHERE
		dead_at IS NOT NULL')" 3
	verified
}

@test "smtp: a refused sender or greeting is our set-up: 78, no message has failed" {
	local reply
	for reply in 'mail=550 5.1.8 Who are you' 'mail=501 Bad address' \
		'greeting=554 No SMTP service here' 'ehlo=550 Go away'; do
		rm -f "$SITE"/spool/ledger.db*
		omni-ledger init
		play --reply "$reply"
		queue m1 m2
		run -78 --separate-stderr omni-send-mail -q
		assert_equal "$reply ${#stderr_lines[@]}" "$reply 1"
		assert_regex "$stderr" "${reply#*=}; nothing more is sent"
		assert_equal "$(states)" 'queued 2'
		halt
	done
}

@test "smtp: the lines of a reply are joined, and harmless" {
	play --reply "long@rcpt=550 5.7.1 First$(printf '\033')[2J\\n550 5.7.1 second\\n550 third"
	queue long
	run -0 --separate-stderr omni-send-mail -q
	assert_equal "$(said long)" '550-5.7.1 First\x1b[2J second third'
	run -1 grep -q $'\033' <<<"$stderr"
}

@test "smtp: a mail above the server's SIZE is refused before it is sent, with words" {
	play --offer 'SIZE 300'
	queue big1 big2
	run -0 omni-send-mail -q -o 'channel email.connections=1'
	assert_output --regexp \
		'big1: attempt 1: refused: 552 5.3.4 the mail has [0-9]+ bytes, and \[provider relay\] 127.0.0.1:[0-9]+ takes at most 300'
	assert_output --partial 'big2: attempt 1: refused: 552 5.3.4'
	assert_equal "$(states)" 'failed 2'
	assert_equal "$(heard ' MAIL ')" 0
}

@test "smtp: an address that would be another command never gets there" {
	play
	jq -cn '{id: "evil", channel: "email", account: "email",
		to: "b@example.net>\r\nRCPT TO:<evil@example.org",
		subject: "x", text: "x", class: "alert", route: {},
		expires_at: "2026-11-30T00:00:00Z"}' >"$in"
	run omni-queue -q <"$in"
	run omni-send-mail -q
	queue good
	run -0 omni-send-mail -q \
		-o 'test.redirect=good@example.org'
	assert_equal "$(heard evil)" 0
	assert_equal "$(heard ' took ')" 1
}

# ------------------------------------------------------------- after the dot

@test "smtp: the answer to the final dot is waited for as long as reply_timeout says (Inv. 3)" {
	play --reply 'hangs@dot=hang' -- 'reply_timeout = 1s'
	queue hangs
	run -0 omni-send-mail -q
	assert_output --partial 'hangs: attempt 1: unknown'
	assert_equal "$(state hangs)" 'in_doubt|no answer'
	assert_equal "$(heard ' took hangs')" 1
	run -78 omni-send-mail -q -o 'provider relay.reply_timeout=0s'
	assert_output --partial '[provider relay] reply_timeout: less than 1s'
}

@test "smtp: one that hangs after the dot holds nobody up (Inv. 2, 3)" {
	play --reply 'm3@dot=hang' -- 'reply_timeout = 2s'
	# shellcheck disable=SC2046
	queue $(seq -f m%g 12)
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'in_doubt 1 sent 11'
	assert_equal "$(heard ' took ')" 12
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 12
	verified
}

@test "smtp: while one waits for the reply to its dot others go on (Inv. 2)" {
	play --reply 'm3@dot=wait=12' -- 'reply_timeout = 60s'
	# shellcheck disable=SC2046
	queue $(seq -f m%g 12)
	run -0 omni-send-mail -q -o 'channel email.connections=2'
	assert_output ''
	assert_equal "$(states)" 'sent 12'
}

@test "smtp: a reply that comes too late is not taken for the next mail's (Inv. 3)" {
	play --reply 'm1@dot=wait=4' -- 'reply_timeout = 1s'
	queue m1 m2 m3 m4
	run -0 omni-send-mail -q -o 'channel email.connections=1'
	assert_output 'omni-send-mail: m1: attempt 1: unknown: server response timeout'
	assert_equal "$(states)" 'in_doubt 1 sent 3'
	assert_equal "$(heard '^1 MAIL')" 1
	assert_equal "$(heard '^2 MAIL')" 3
}

@test "smtp: a server that is silent before the mail went out: later, not in doubt" {
	play --reply 'rcpt=hang' -- 'reply_timeout = 1s'
	queue silent
	run -0 omni-send-mail -q
	assert_equal "$(state silent)" 'queued|to be tried again'
	assert_equal "$(heard ' DATA')" 0
}

@test "smtp: whatever is not 250 after the dot is no success (Inv. 3)" {
	play --reply 'drop@dot=drop' --reply 'half@dot=cut=25' \
		--reply 'html@dot=cut=<html>502 Bad Gateway\n' \
		--reply 'open@dot=cut=250-2.0.0 Ok\n' \
		--reply 'no@dot=554 5.7.1 Refused' \
		--reply 'maybe@dot=451 4.3.0 Trouble' \
		--reply 'odd@dot=252 2.0.0 Perhaps'
	queue drop half html open no maybe odd
	run -0 omni-send-mail -q
	assert_equal "$(state drop)" 'in_doubt|no answer'
	assert_equal "$(state half)" 'in_doubt|no answer'
	assert_equal "$(state html)" 'in_doubt|no answer'
	assert_equal "$(state open)" 'in_doubt|no answer'
	assert_equal "$(state odd)" 'in_doubt|no answer'
	assert_equal "$(state no)" 'failed|refused'
	assert_equal "$(state maybe)" 'queued|to be tried again'
	verified
}

# --------------------------------------------------------------- TLS, logins

# certificates: in $certs, of an authority ca.pem: good, expired (yesterday),
# future, other (another name) and self (signed by itself); NAME.pem, NAME.key
certificates() {
	local name subject start end
	certs=$BATS_TEST_TMPDIR/certs
	mkdir -p "$certs"
	(
		cd "$certs" || exit
		: >index
		echo 1000 >serial
		cat >ca.cnf <<-'END'
		[ca]
		default_ca = d
		[d]
		database = index
		serial = serial
		new_certs_dir = .
		default_md = sha256
		policy = p
		copy_extensions = copy
		unique_subject = no
		[p]
		commonName = supplied
		END
		openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj '/CN=CA' \
			-keyout ca.key -out ca.pem
		while read -r name subject start end; do
			openssl req -new -newkey rsa:2048 -nodes \
				-subj "/CN=$subject" \
				-addext "subjectAltName=DNS:$subject" \
				-keyout "$name.key" -out "$name.csr"
			openssl ca -batch -config ca.cnf -cert ca.pem \
				-keyfile ca.key -in "$name.csr" -out "$name.pem" \
				-startdate "$(env -u OMNI_NOW date -u -d "$start" \
				+%y%m%d%H%M%SZ)" \
				-enddate "$(date -u -d "$end" +%y%m%d%H%M%SZ)"
		done <<-'END'
		good localhost -2days +2days
		expired localhost -3days -1day
		future localhost +1day +3days
		other mx.example -2days +2days
		END
		openssl req -x509 -newkey rsa:2048 -nodes -days 9 \
			-subj /CN=localhost -addext subjectAltName=DNS:localhost \
			-keyout self.key -out self.pem
	) >"$BATS_TEST_TMPDIR/openssl.log" 2>&1
	assert_file_exist "$certs/other.pem"
	assert_file_exist "$certs/self.pem"
}

# refuses_certificate NAME MODE WORDS
refuses_certificate() {
	play "--${2/#tls/tls}" "$certs/$1.pem" "$certs/$1.key" -- \
		"tls = $2" 'host = localhost' "ca_file = $certs/ca.pem"
	run -78 --separate-stderr omni-send-mail -q
	assert_equal "$1 ${#stderr_lines[@]}" "$1 1"
	assert_regex "$stderr" "channel email: smtp: m1: \[provider relay\] localhost:[0-9]+: .*$3"
	assert_regex "$stderr" 'nothing more is sent until this is mended'
	assert_equal "$(states)" 'queued 2'
	assert_equal "$(heard ' MAIL ')" 0
	halt
}

@test "smtp: certificates that are wrong in any way are our set-up, one line each" {
	local mode
	certificates
	queue m1 m2
	for mode in starttls tls; do
		refuses_certificate expired "$mode" 'certificate has expired'
		refuses_certificate future "$mode" 'certificate is not yet valid'
		refuses_certificate other "$mode" "'localhost'"
		refuses_certificate self "$mode" 'self-signed certificate'
	done
	# Nothing of that counts against the messages.
	play --tls "$certs/good.pem" "$certs/good.key" -- 'tls = tls' \
		'host = localhost' "ca_file = $certs/ca.pem"
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 2'
	assert_equal "$(heard ' took ')" 2
	halt
	play --starttls "$certs/good.pem" "$certs/good.key" -- \
		'tls = starttls' 'host = localhost' "ca_file = $certs/ca.pem"
	queue m3
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 3'
	# An authority that nobody here knows.
	relay "$(sed -n 's/^port = //p' "$OMNI_CONF" | tail -n 1)" \
		'tls = starttls' 'host = localhost'
	queue m4
	run -78 omni-send-mail -q
	assert_output --partial 'certificate'
}

@test "smtp: STARTTLS that is not offered, or refused: set-up, nothing goes out in the clear" {
	queue m1
	play -- 'tls = starttls'
	run -78 omni-send-mail -q
	assert_output --regexp '\[provider relay\] 127.0.0.1:[0-9]+: STARTTLS not supported'
	halt
	play --offer STARTTLS --reply 'starttls=554 5.7.3 No' -- 'tls = starttls'
	run -78 omni-send-mail -q
	assert_output --regexp '\[provider relay\] 127.0.0.1:[0-9]+: .*554 5.7.3 No'
	assert_equal "$(states)" 'queued 1'
	assert_equal "$(heard ' MAIL ')" 0
}

@test "smtp: logins by PLAIN and LOGIN, over TLS and on this machine (Inv. 11)" {
	local mechanism
	export RELAY_PASSWORD='c0rrect horse'
	certificates
	for mechanism in PLAIN LOGIN; do
		queue "m$mechanism"
		play --auth "CRAM-MD5 $mechanism" --starttls "$certs/good.pem" \
			"$certs/good.key" -- 'tls = starttls' \
			'host = localhost' "ca_file = $certs/ca.pem" \
			'user = citas' 'password = env:RELAY_PASSWORD'
		run -0 omni-send-mail -q
		halt
		assert_equal "$(heard "login $mechanism")" 1
		queue "n$mechanism"
		play --auth "$mechanism" -- 'user = citas' \
			'password = env:RELAY_PASSWORD'
		run -0 omni-send-mail -q
		halt
		assert_equal "$(heard "login $mechanism")" 2
	done
	assert_equal "$(states)" 'sent 4'
}

@test "smtp: a login that fails or is not to be had is our set-up; 454 comes later" {
	export RELAY_PASSWORD=wrong
	queue m1 m2
	play --auth PLAIN -- 'user = citas' 'password = env:RELAY_PASSWORD'
	run -78 --separate-stderr omni-send-mail -q
	assert_regex "$stderr" '\[provider relay\] 127.0.0.1:[0-9]+: 535 5.7.8 Authentication failed'
	refute_regex "$stderr" wrong
	halt
	play -- 'user = citas' 'password = env:RELAY_PASSWORD'
	run -78 omni-send-mail -q
	assert_output --partial 'there is a user, but the server does not offer AUTH'
	halt
	play --auth CRAM-MD5 -- 'user = citas' 'password = env:RELAY_PASSWORD'
	run -78 omni-send-mail -q
	assert_output --partial 'nothing more is sent until this is mended'
	halt
	export RELAY_PASSWORD='c0rrect horse'
	play --auth PLAIN --reply 'auth=454 4.7.0 Try again later' -- \
		'user = citas' 'password = env:RELAY_PASSWORD'
	run -0 omni-send-mail -q
	assert_output --partial ': later: [provider relay]'
	assert_equal "$(states)" 'queued 2'
	assert_equal "$(heard ' MAIL ')" 0
}

@test "smtp: a password does not go to another machine in the clear" {
	export RELAY_PASSWORD=secret
	queue m1
	relay 25 'host = mx.example' 'user = citas' \
		'password = env:RELAY_PASSWORD'
	run -78 omni-send-mail -q
	assert_output --partial '[provider relay] user: with tls = none the password would be there for all to read'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 0
}

@test "smtp: a host or a port that is none is told once, and nothing is tried" {
	local host
	queue m1
	for host in ::1 'mx.example/x' 'mx example' 'citas@mx.example' \
		mx.example:25; do
		relay 25 "host = $host"
		run -78 omni-send-mail -q
		assert_output 'omni-send-mail: channel email: [provider relay] host: not a name or an address; IPv6 in brackets, the port has a key of its own'
	done
	for port in 0 65536; do
		relay "$port"
		run -78 omni-send-mail -q
		assert_output 'omni-send-mail: channel email: [provider relay] port: not from 1 to 65535'
	done
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 0
}

# ------------------------------------------------------------------ waiting

# wait_for COMMAND...: until it says something but nothing or 0
wait_for() {
	local i got
	for ((i = 0; i < 400; i++)); do
		got=$("$@")
		[ -z "$got" ] || [ "$got" = 0 ] || return 0
		sleep 0.05
	done
	fail "in vain: $*"
}

# The newest attempt that has not ended.
newest_open() {
	sql "SELECT message FROM attempt WHERE state = 'open' AND
		message > 'm06' ORDER BY rowid DESC LIMIT 1"
}

@test "smtp: SIGTERM is no outage: what was not sent is due at once (Inv. 3)" {
	local pid status=0
	play --reply 'data:4=hang'
	# shellcheck disable=SC2046	# one word for each
	queue $(seq -f m%02g 40)
	omni-send-mail -q -o 'channel email.connections=10' \
		2>"$BATS_TEST_TMPDIR/says" &
	pid=$!
	# Several hang, so that several are stopped.
	wait_for sql "SELECT count(*) > 30 FROM attempt WHERE state = 'open' OR
		outcome = 'accepted'"
	kill -TERM "$pid"
	wait "$pid" || status=$?
	assert_equal "$status" 75
	run cat "$BATS_TEST_TMPDIR/says"
	assert_output --partial ': later: stopped before it was sent'
	refute_output --partial 'cannot be reached'
	refute_output --partial 'aborted'
	assert_equal "$(sql 'SELECT count(*) FROM provider_state')" 0
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state =
		'queued' AND due_at > '$OMNI_NOW'")" 0
	halt
	play
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 40'
	assert_equal "$(sed -n 's/^[0-9]* took //p' "$played/log" | sort |
		uniq -d)" ''
	verified
}

@test "smtp: who opts out while their mail waits for a connection gets none (Inv. 5)" {
	local pid last
	play --reply 'm06@dot=hang' -- 'reply_timeout = 32s'
	# shellcheck disable=SC2046	# one word for each
	queue $(seq -f m%02g 12)
	omni-send-mail -q -o 'channel email.connections=1' \
		2>"$BATS_TEST_TMPDIR/says" &
	pid=$!
	wait_for newest_open
	last=$(newest_open)
	run -0 omni-contact opt-out --by ana --how phone "$last@example.org"
	wait "$pid" || :
	run -0 cat "$BATS_TEST_TMPDIR/says"
	assert_output --partial "$last: attempt 1: later: waited for a connection for too long"
	assert_equal "$(sql 'SELECT count(*) FROM provider_state')" 0
	halt
	play
	run omni-send-mail -q
	assert_regex "$(state "$last")" '^cancelled\|opted out'
	assert_equal "$(heard " took $last")" 0
	verified
}
