#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# The senders: what goes out, what the gate stops, and what a death leaves.
# Each test names the invariants of the design that it proves.

setup() {
	load helper
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	server=
	maildir=$SITE/spool/Maildir
}

teardown() {
	stop_server
}

# message ID CHANNEL TO [MEMBER=VALUE]...: one record, ready for omni-queue
message() {
	local id=$1 channel=$2 to=$3
	shift 3
	jq -cn --arg id "$id" --arg channel "$channel" --arg to "$to" \
		'{id: $id, channel: $channel, account: $channel, to: $to,
		subject: "Su cita", text: "Hola, Begoña: su cita es mañana.",
		class: "alert", route: {}, expires_at: "2026-11-30T00:00:00Z"}
		+ ([$ARGS.positional[] | capture("(?<key>[^=]*)=(?<value>.*)"; "m")]
		| from_entries)' --args "$@"
}

# queue_mails COUNT: m1@example.org to mCOUNT@example.org
queue_mails() {
	local i
	for ((i = 1; i <= $1; i++)); do
		message "m$i" email "m$i@example.org"
	done >"$BATS_TEST_TMPDIR/mails"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/mails"
}

# queue_texts COUNT: the same for SMS
queue_texts() {
	local i
	for ((i = 1; i <= $1; i++)); do
		message "s$i" sms "+52551234567$i" cost=0.05
	done >"$BATS_TEST_TMPDIR/texts"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/texts"
}

# queue ID CHANNEL TO [MEMBER=VALUE]...
queue() {
	message "$@" >"$BATS_TEST_TMPDIR/one"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/one"
}

# mails: how many are in the Maildir
mails() {
	find "$maildir/new" -type f 2>/dev/null | wc -l
}

# printed ID: how often it stands in the console's file
printed() {
	grep -c "($1, attempt" "$console" 2>/dev/null || :
}

# script LINE...: the MTA is a script of these lines; its counter is in $n
script() {
	{
		echo '#!/bin/sh'
		echo "n=\$(wc -l <$SITE/calls)"
		echo "echo \"\$*\" >>$SITE/calls"
		printf '%s\n' "$@"
	} >"$SITE/sendmail"
	chmod 755 "$SITE/sendmail"
	touch "$SITE/calls"
	provider mta "kind = sendmail" "path = ../sendmail"
}

# provider NAME LINE...: the channel for mail goes through this one
provider() {
	local name=$1
	shift
	{
		printf '\n[provider %s]\n' "$name"
		printf '%s\n' "$@"
	} >>"$OMNI_CONF"
	sed -i "s/^provider = maildir/provider = $name/" "$OMNI_CONF"
}

# start_smtp [OPTION]...: the fake server; the channel goes through it
start_smtp() {
	local port
	/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null ||
		skip 'python3-aiosmtpd is not installed'
	inbox=$BATS_TEST_TMPDIR/inbox
	mkdir "$inbox"
	mkfifo "$BATS_TEST_TMPDIR/port"
	"$ROOT/tests/fake/smtpd.py" "$inbox" "$@" \
		>"$BATS_TEST_TMPDIR/port" 2>/dev/null 3>&- &
	server=$!
	read -r port <"$BATS_TEST_TMPDIR/port"
	provider relay 'kind = smtp' 'host = 127.0.0.1' "port = $port" \
		'tls = none'
}

# received ADDRESS: how many mails the server has for it
received() {
	find "$inbox" -name "*.$1.eml" | wc -l
}

# ---------------------------------------------------------------- Maildir

@test "maildir: one mail for each message, a result for each, then nothing (Inv. 3, 4)" {
	queue_mails 5
	run -0 --separate-stderr omni-send-mail
	[ -z "$stderr" ]
	assert_equal "${#lines[@]}" 5
	run -0 jq -rs 'map([.id, .channel, .account, .result.attempt,
		.result.provider, .result.outcome, .result.at] | join(" ")) |
		.[]' <<<"$output"
	assert_line --index 0 \
		'm1 email email 1 maildir accepted 2026-11-23T23:00:00Z'
	assert_equal "$(mails)" 5
	assert_equal "$(states)" 'sent 5'
	run -0 --separate-stderr omni-send-mail
	assert_output ''
	assert_equal "$stderr" ''
	assert_equal "$(mails)" 5
	verified
}

@test "maildir: each mail is one that a strict parser of RFC 5322 takes" {
	queue_mails 3
	queue html email html@example.org "html=<p>Begoña &amp; Luna</p>"
	queue 'odd/..id' email odd@example.org
	run -0 omni-send-mail -q
	run -0 /usr/bin/python3 - "$maildir"/new/* <<-'PYTHON'
	import email, email.policy, sys
	ids = set()
	for name in sys.argv[1:]:
	    data = open(name, "rb").read()
	    assert b"\r" not in data and b"\0" not in data, name
	    assert max(map(len, data.split(b"\n"))) <= 998, name
	    mail = email.message_from_bytes(data, policy=email.policy.strict)
	    for header in mail.keys():
	        mail.get_all(header)
	    for one in ("From", "To", "Date", "Message-ID", "Subject"):
	        assert len(mail.get_all(one)) == 1, (name, one)
	    assert mail["Date"].datetime.isoformat() == \
	        "2026-11-23T17:00:00-06:00", mail["Date"]
	    assert mail["Subject"] == "Su cita"
	    assert "Begoña" in mail.get_body(("plain",)).get_content()
	    if "html@" in mail["To"]:
	        assert "Begoña &amp; Luna" in \
	            mail.get_body(("html",)).get_content()
	    assert mail["Auto-Submitted"] == "auto-generated"
	    ids.add(str(mail["Message-ID"]))
	print(len(ids))
	PYTHON
	assert_output 5
}

@test "maildir: one-click unsubscribe and Auto-Submitted are in what goes out" {
	local url="https://clinic.example/omni/unsubscribe?t=1uHnEim1_2F1vfNfdFQXywBrYw"

	message m/1 email ana@example.org | jq -c --arg url "$url" '.headers = {
		"List-Unsubscribe": "<\($url)>, <mailto:baja@clinic.example?subject=1uHnEim1>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"X-Clinic": "Región Ñuble"}' >"$in"
	run -0 omni-queue -q <"$in"
	run -0 omni-send-mail -q
	run -0 /usr/bin/python3 - "$url" "$maildir"/new/* <<-'PYTHON'
	import email, email.policy, sys
	url, name = sys.argv[1:]
	data = open(name, "rb").read()
	mail = email.message_from_bytes(data, policy=email.policy.strict)
	for header in ("List-Unsubscribe", "List-Unsubscribe-Post",
	    "Auto-Submitted"):
	    assert len(mail.get_all(header)) == 1, header
	uris = [u.strip("<>") for u in mail["List-Unsubscribe"].split(", ")]
	assert uris == [url, "mailto:baja@clinic.example?subject=1uHnEim1"], uris
	assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
	assert mail["Auto-Submitted"] == "auto-generated"
	assert mail["X-Clinic"] == "Región Ñuble"
	assert url.encode() in data
	PYTHON
}

@test "a header that would forge another never goes out (Inv. 10)" {
	message m1 email ana@example.org |
		jq -c '.headers = {"X-A": "1\r\nBcc: eve@example.org"}' >"$in"
	message m2 email ana@example.org "subject=Hola
Bcc: eve@example.org" >>"$in"
	message m3 email ana@example.org |
		jq -c '.headers = {"bcc": "eve@example.org"}' >>"$in"
	run -0 omni-queue -q <"$in"
	run omni-send-mail -q
	assert_output --partial 'headers.X-A: control character or line end'
	assert_output --partial 'subject: control character or line end'
	assert_output --partial 'headers.bcc: may not be set'
	assert_equal "$(mails)" 0
	assert_equal "$(states)" 'failed 3'
}

# sweep PROGRAM POINTS CHECK: kills PROGRAM at the entry of POINTS of
# the system calls that it makes, each time on a copy of the site as it is
# now, and calls CHECK after three ordinary runs, the last one an hour later
sweep() {
	local calls='write fsync fdatasync pwrite64 linkat unlinkat renameat'
	local program=$1 points=$2 check=$3 spot total point
	local before=$BATS_TEST_TMPDIR/before

	cp -R "$SITE" "$before"
	find_spots "$calls" "$program" -q 2>/dev/null
	total=${#spots[@]}
	[ "$total" -ge "$points" ]
	for ((point = 0; point < points; point++)); do	# run(1) uses i
		spot=${spots[point * total / points]}
		rm -rf "$SITE"
		cp -R "$before" "$SITE"
		at 2026-11-23T23:00:00Z
		kill_at "$spot" "$program" -q
		[ "$status" -eq 137 ] || {
			echo "$spot: not killed: status $status"
			return 1
		}
		run -0 "$program" -q
		at 2026-11-23T23:20:00Z
		run -0 "$program" -q
		at 2026-11-24T00:20:00Z
		run -0 "$program" -q
		"$check" || {
			echo "killed at $spot: $(states)"
			return 1
		}
	done
}

mail_is_exact() {
	[ "$(mails)" -eq 4 ] && [ "$(states)" = 'sent 4' ] &&
		[ "$(grep -lE '^To:.*m[1-4]@' "$maildir"/new/* | wc -l)" -eq 4 ] &&
		omni-ledger verify -q
}

@test "maildir: killed at any system call, each mail is there exactly once (Inv. 2, 3, 7)" {
	need_strace
	queue_mails 4
	sweep omni-send-mail 36 mail_is_exact
}

# Sent once; or in doubt and then flagged, and printed once or not at all.
text_is_known() {
	local i n
	for i in 1 2 3; do
		n=$(printed "s$i")
		case $(state "s$i") in
		'sent|')	[ "$n" -eq 1 ] || return 1 ;;
		'failed|in doubt')
			[ "$n" -le 1 ] || return 1
			[ "$(sql "SELECT count(*) FROM flag WHERE kind =
				'in_doubt' AND message = 's$i'")" -eq 1 ] ||
				return 1
			;;
		*)	return 1 ;;
		esac
	done
	omni-ledger verify -q
}

@test "console: killed at any system call, nothing is sent twice, what is uncertain is flagged (Inv. 2, 3, 7)" {
	need_strace
	queue_texts 3
	sweep omni-send-sms 20 text_is_known
}

# ---------------------------------------------------------------- console

# die_at_console: the sender dies when it is about to write the message
die_at_console() {
	: >>"$console"
	run -137 strace -o /dev/null -P "$console" -e trace=write \
		-e inject=write:signal=KILL:when=1 omni-send-sms -q
	assert_equal "$(sql 'SELECT state FROM attempt')" open
}

@test "console: what goes out can be read, control characters cannot do harm" {
	queue s1 sms +525512345678 "text=$(printf 'Hola\033[2J\nadi\303\263s')"
	message w1 whatsapp +525512345678 |
		jq -c '.whatsapp.template.name = "aviso"' >"$in"
	run -0 omni-queue -q <"$in"
	run -0 omni-send-sms -q
	run -0 omni-send-wa -q
	run -0 cat "$console"
	assert_line --index 0 'sms to +525512345678 (s1, attempt 1)'
	assert_line '  adiós'
	assert_line 'whatsapp to +525512345678 (w1, attempt 1)'
	run -1 grep -q $'\033' "$console"
}

@test "in doubt, policy flag: after the grace staff is told, and nothing is sent (Inv. 3, 10)" {
	need_strace
	queue_texts 1
	die_at_console
	run -0 omni-send-sms -q
	assert_equal "$(state s1)" 'in_doubt|its sender died'
	assert_equal "$(sql 'SELECT id, attempt FROM in_doubt')" 's1|1'
	at 2026-11-23T23:14:59Z
	run -0 omni-send-sms -q
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	at 2026-11-23T23:15:00Z
	run -0 omni-send-sms -q
	assert_equal "$(state s1)" 'failed|in doubt'
	assert_equal "$(sql 'SELECT kind, message FROM open_flag')" \
		'in_doubt|s1'
	assert_equal "$(printed s1)" 0
	run -0 omni-send-sms -q
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 1
	verified
}

@test "in doubt, policy resend: sent again after the grace, and recorded as such (Inv. 3)" {
	need_strace
	sed -i 's/^cost = 0.05/&\ndoubt = resend\ndoubt_grace = 5m/' "$OMNI_CONF"
	queue_texts 1
	die_at_console
	run -0 omni-send-sms -q
	assert_equal "$(state s1)" 'in_doubt|its sender died'
	at 2026-11-23T23:05:00Z
	run -0 --separate-stderr omni-send-sms
	assert_equal "$(jq -r .result.attempt <<<"$output")" 2
	assert_equal "$(state s1)" 'sent|'
	assert_equal "$(sql 'SELECT number, outcome FROM attempt')" \
		$'1|unknown\n2|accepted'
	assert_equal "$(sql "SELECT data ->> '\$.reason' FROM journal WHERE
		op = 'attempt.finished' ORDER BY seq LIMIT 1")" \
		'sent again in doubt'
	verified
}

@test "a receipt that came before the doubt is evidence: not sent again (Inv. 3)" {
	local url body signature
	need_strace
	export TWILIO_AUTH_TOKEN=secret
	sed -i 's/^cost = 0.05/&\ndoubt = resend\ndoubt_grace = 5m/' "$OMNI_CONF"
	queue_texts 1
	die_at_console
	# The receipt is drained while the attempt is still open.
	url="https://hooks.example.com/omni/twilio/status?ref=s1.1"
	body=MessageSid=SM00000000000000000000000000000001\&MessageStatus=sent
	signature=$(printf %s "$url${body//[=&]/}" | openssl dgst -sha1 \
		-binary -hmac secret | base64)
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	run -0 env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
		PATH_INFO=/twilio/status QUERY_STRING=ref=s1.1 \
		CONTENT_TYPE=application/x-www-form-urlencoded \
		CONTENT_LENGTH="${#body}" HTTP_X_TWILIO_SIGNATURE="$signature" \
		omni-ingest <"$BATS_TEST_TMPDIR/body"
	assert_output --partial '204 No Content'
	run -0 omni-ingest -q
	run -0 omni-send-sms -q
	assert_equal "$(state s1)" 'sent|'
	at 2026-11-24T01:00:00Z
	run -0 omni-send-sms -q
	assert_equal "$(sql 'SELECT number, outcome, status FROM attempt')" \
		'1|accepted|sent'
	assert_equal "$(printed s1)" 0
	verified
}

# --------------------------------------------------------------- sendmail

@test "sendmail: what each status does to the message (Inv. 10)" {
	# shellcheck disable=SC2016	# for the script's shell
	script 'cat >/dev/null' 'case $* in' \
		'*busy@*) printf "try \033later" >&2; exit 75 ;;' \
		'*gone@*) echo no such user >&2; exit 67 ;;' 'esac'
	run -0 omni-schedule -q <<-'JSON'
	{"id":"a1","type":"appointment","at":"2026-11-26T10:00","contact":{"id":"c1","name":"Ana","email":"gone@example.org"}}
	JSON
	queue good email good@example.org
	queue busy email busy@example.org
	queue gone email gone@example.org
	run -0 --separate-stderr omni-send-mail -q
	[[ $stderr == *'busy: attempt 1: later: try '* ]]
	[[ $stderr == *'gone: attempt 1: address: no such user'* ]]
	run -1 grep -q $'\033' <<<"$stderr"
	assert_equal "$(state good)" 'sent|'
	assert_equal "$(state busy)" 'queued|to be tried again'
	assert_equal "$(state gone)" 'failed|address'
	assert_equal "$(sql 'SELECT dead_reason FROM address')" 67
	assert_equal "$(sql "SELECT code FROM attempt WHERE message = 'busy'")" \
		75
	# Some second of the next minute.
	assert_equal "$(sql "SELECT due_at BETWEEN '2026-11-23T23:00:01Z' AND
		'2026-11-23T23:01:00Z' FROM message WHERE id = 'busy'")" 1
	run -0 --separate-stderr omni-send-mail -q
	assert_equal "$stderr" ''
	at 2026-11-23T23:01:00Z
	run -0 omni-send-mail -q
	assert_equal "$(sql "SELECT attempts FROM message WHERE id = 'busy'")" 2
	# The address is dead now: the gate does not try it again.
	queue again email gone@example.org
	run -0 omni-send-mail -q
	assert_equal "$(state again)" 'cancelled|the address is dead'
	verified
}

@test "sendmail: tried again until max_age, then failed (Inv. 10)" {
	script 'cat >/dev/null; exit 75'
	sed -i 's/^doubt = resend/&\nmax_age = 10m/' "$OMNI_CONF"
	queue_mails 1
	local minute
	for minute in 00 02 05 09; do
		at "2026-11-23T23:$minute:00Z"
		run -0 omni-send-mail -q
		assert_equal "$(state m1)" 'queued|to be tried again'
	done
	at 2026-11-23T23:20:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'failed|gave up after max_age'
	verified
}

@test "sendmail: 77 is our set-up: the channel stops with 78, nothing is lost (Inv. 2)" {
	script 'cat >/dev/null; echo may not >&2; exit 77'
	queue_mails 3
	run -78 omni-send-mail -q
	assert_output --partial 'channel email: sendmail: m1: may not'
	assert_equal "$(wc -l <"$SITE/calls")" 1
	assert_equal "$(states)" 'queued 3'
	printf '#!/bin/sh\ncat >/dev/null\n' >"$SITE/sendmail"
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 3'
	verified
}

@test "sendmail: killed, it may have sent: in doubt, and sent again after the grace (Inv. 3)" {
	# shellcheck disable=SC2016	# for the script's shell
	script 'cat >>'"$SITE"'/spooled' '[ "$n" -gt 0 ] || kill -KILL $$'
	queue_mails 1
	run -0 omni-send-mail -q
	assert_output --partial 'killed by signal 9'
	assert_equal "$(state m1)" 'in_doubt|no answer'
	run -0 omni-send-mail -q
	assert_equal "$(wc -l <"$SITE/calls")" 1
	at 2026-11-23T23:15:00Z
	run -0 omni-send-mail -q
	assert_equal "$(wc -l <"$SITE/calls")" 2
	assert_equal "$(sql 'SELECT number, outcome FROM attempt')" \
		$'1|unknown\n2|accepted'
	# Whoever gets both can tell that they are one.
	assert_equal "$(grep -i '^message-id:' "$SITE/spooled" | sort -u |
		wc -l)" 1
	assert_equal "$(grep -ci '^message-id:' "$SITE/spooled")" 2
}

@test "sendmail: the envelope is arguments, never a shell's words" {
	script 'cat >/dev/null'
	queue odd email "o'hara+\$x|id@example.org"
	run -0 omni-send-mail -q
	run -0 cat "$SITE/calls"
	assert_output "-i -f citas@clinic.example -- o'hara+\$x|id@example.org"
}

@test "SIGTERM in the middle: the rest stays queued, status 75 (Inv. 2, 3)" {
	# shellcheck disable=SC2016	# for the script's shell
	script 'cat >/dev/null' '[ "$n" -ne 1 ] || kill -TERM $PPID'
	queue_mails 5
	run -75 omni-send-mail -q
	assert_equal "$(states)" 'queued 3 sent 2'
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 5'
	assert_equal "$(wc -l <"$SITE/calls")" 5
	assert_equal "$(sort -u "$SITE/calls" | wc -l)" 5
	verified
}

@test "the reader of the results goes away: nothing is left in doubt (Inv. 3)" {
	queue_texts 5
	run -74 bash -c 'exec 4> >(:) && wait $! && omni-send-sms >&4'
	assert_equal "$(sql "SELECT count(*) FROM attempt WHERE
		state <> 'done'")" 0
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'sent 5'
	local i
	for i in 1 2 3 4 5; do
		assert_equal "$(printed "s$i")" 1
	done
}

# ------------------------------------------------------------------- SMTP

@test "smtp: mails arrive as they were made" {
	start_smtp
	queue_mails 3
	queue dot email dot@example.org "text=$(printf '.\n..\nHola')"
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 4'
	assert_equal "$(find "$inbox" -type f | wc -l)" 4
	run -0 /usr/bin/python3 - "$inbox" <<-'PYTHON'
	import email, email.policy, glob, sys
	for name in glob.glob(sys.argv[1] + "/*.eml"):
	    data = open(name, "rb").read()
	    assert data.count(b"\n") == data.count(b"\r\n"), name
	    mail = email.message_from_bytes(data, policy=email.policy.strict)
	    body = mail.get_body(("plain",)).get_content().splitlines()
	    if "dot@" in name:
	        assert body == [".", "..", "Hola"], body
	    assert mail["To"].addresses[0].addr_spec in name, name
	PYTHON
	assert_equal "$(sql "SELECT count(*) FROM attempt WHERE code IS NULL
		OR code = '250'")" 4
	verified
}

@test "smtp: 450 is tried again, 550 5.1.1 kills the address, 554 only the message (Inv. 10)" {
	start_smtp
	run -0 omni-schedule -q <<-'JSON'
	{"id":"a1","type":"appointment","at":"2026-11-26T10:00","contact":{"id":"c1","name":"Ana","email":"nobody@example.org"}}
	{"id":"a2","type":"appointment","at":"2026-11-26T10:00","contact":{"id":"c2","name":"Eva","email":"spam@example.org"}}
	JSON
	queue once email once@example.org
	queue nobody email nobody@example.org
	queue spam email spam@example.org
	queue good email good@example.org
	run -0 --separate-stderr omni-send-mail -q
	[[ $stderr == *'nobody: attempt 1: address: 550 5.1.1'* ]]
	assert_equal "$(state once)" 'queued|to be tried again'
	assert_equal "$(state nobody)" 'failed|address'
	assert_equal "$(state spam)" 'failed|refused'
	assert_equal "$(state good)" 'sent|'
	assert_equal "$(sql 'SELECT b.body, dead_reason FROM address JOIN
		content b ON b.key = content WHERE dead_at IS NOT NULL')" \
		'nobody@example.org|550'
	assert_equal "$(sql 'SELECT id FROM failed_message ORDER BY id')" \
		$'nobody\nspam'
	at 2026-11-23T23:05:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state once)" 'sent|'
	assert_equal "$(received once@example.org)" 1
	verified
}

@test "smtp: 535 is our set-up: status 78, and the password stays secret (Inv. 2, 11)" {
	start_smtp --refuse-auth
	export RELAY_PASSWORD='c0rrect horse'
	printf 'user = citas\npassword = env:RELAY_PASSWORD\n' >>"$OMNI_CONF"
	queue_mails 2
	run -78 omni-send-mail -q
	assert_output --partial 'nothing more is sent until this is mended'
	refute_output --partial "$RELAY_PASSWORD"
	assert_equal "$(states)" 'queued 2'
	run -1 grep -ra "$RELAY_PASSWORD" "$SITE"
	run -1 grep -ra "$(printf '\0citas\0%s' "$RELAY_PASSWORD" | base64)" \
		"$SITE"
}

@test "smtp: nobody listens: later, nothing is lost (Inv. 2)" {
	provider relay 'kind = smtp' 'host = 127.0.0.1' "port = $(free_port)" \
		'tls = none'
	queue_mails 2
	run -0 --separate-stderr omni-send-mail -q
	[[ $stderr == *'m1: attempt 1: later: '* ]]
	assert_equal "$(states)" 'queued 2'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE due_at >
		'2026-11-23T23:00:00Z' AND reason = 'to be tried again'")" 2
}

@test "smtp: a refusal is not taken for that of the next mail, which finds no server" {
	start_smtp --quit-after-refusal
	queue m1 email nobody@example.org priority=high
	queue m2 email good@example.org
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'failed|address'
	assert_equal "$(state m2)" 'queued|to be tried again'
}

@test "smtp: cut off after the dot: in doubt, then sent again as the same mail (Inv. 3)" {
	start_smtp
	queue d1 email drop@example.org
	queue m1 email good@example.org
	run -0 --separate-stderr omni-send-mail -q
	[[ $stderr == *'d1: attempt 1: unknown'* ]]
	assert_equal "$(state d1)" 'in_doubt|no answer'
	assert_equal "$(state m1)" 'sent|'
	at 2026-11-23T23:14:00Z
	run -0 omni-send-mail -q
	assert_equal "$(received drop@example.org)" 1
	at 2026-11-23T23:15:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state d1)" 'sent|'
	assert_equal "$(received drop@example.org)" 2
	assert_equal "$(grep -ih '^message-id:' "$inbox"/*.drop@*.eml |
		sort -u | wc -l)" 1
	assert_equal "$(sql "SELECT number, outcome FROM attempt WHERE
		message = 'd1'")" $'1|unknown\n2|accepted'
	verified
}

@test "smtp: TLS is asked for and not offered: status 78, nothing goes out in the clear" {
	start_smtp
	sed -i 's/^tls = none/tls = starttls/' "$OMNI_CONF"
	queue_mails 1
	run -78 omni-send-mail -q
	assert_equal "$(states)" 'queued 1'
	assert_equal "$(find "$inbox" -type f | wc -l)" 0
}

@test "smtp: Postfix's smtp-sink takes them, a few in each connection" {
	local sink=/usr/sbin/smtp-sink port dump=$BATS_TEST_TMPDIR/dump try
	local user=()
	[ -x "$sink" ] || skip 'smtp-sink is not installed'
	mkdir "$dump"
	chmod 777 "$dump"
	[ "$(id -u)" -ne 0 ] || user=(-u nobody)
	# Another process may take the free port first: then once more.
	for try in 1 2 3; do
		port=$(free_port)
		(cd "$dump" && exec "$sink" "${user[@]}" -d "%M." \
			"127.0.0.1:$port" 5) \
			>/dev/null 2>&1 3>&- &
		server=$!
		while kill -0 "$server" 2>/dev/null; do
			# shellcheck disable=SC2188	# to connect is all
			(: 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break 2
		done
	done
	[ "$try" -le 3 ]
	provider relay 'kind = smtp' 'host = 127.0.0.1' "port = $port" \
		'tls = none'
	queue_mails 10
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 10'
	assert_equal "$(grep -lE '^To:.*m[0-9]+@' "$dump"/* | wc -l)" 10
}

# ------------------------------------------------------------------- gate

# appointment AT [CONTACT JSON]: the export says this of appointment a1
appointment() {
	jq -cn --arg at "$1" --argjson more "${2-{\}}" '{id: "a1",
		type: "appointment", at: $at, contact: ({id: "c1",
		name: "Ana Paz", email: "ana@example.org"} + $more),
		vars: {owner_name: "Ana", pet_name: "Luna"}}' \
		>"$BATS_TEST_TMPDIR/export"
	run -0 omni-schedule -q <"$BATS_TEST_TMPDIR/export"
}

# escalate: what is due goes through the filters into the queue
escalate() {
	omni-escalate >"$BATS_TEST_TMPDIR/due"
	omni-normalize <"$BATS_TEST_TMPDIR/due" >"$BATS_TEST_TMPDIR/normal"
	omni-route <"$BATS_TEST_TMPDIR/normal" >"$BATS_TEST_TMPDIR/routed"
	omni-render <"$BATS_TEST_TMPDIR/routed" >"$BATS_TEST_TMPDIR/ready"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/ready"
}

@test "gate: an appointment that moved after queueing is not announced at its old time (Inv. 6)" {
	appointment 2026-11-24T16:30
	escalate
	assert_equal "$(state a1.r1/1)" 'queued|'
	appointment 2026-11-25T10:00
	run -0 omni-send-mail -q
	assert_equal "$(state a1.r1/1)" 'cancelled|moved'
	assert_equal "$(mails)" 0
	at 2026-11-24T16:00:00Z
	escalate
	run -0 omni-send-mail -q
	assert_equal "$(state a1.r2/1)" 'sent|'
	assert_equal "$(mails)" 1
	verified
}

@test "gate: an appointment that was cancelled after queueing (Inv. 6)" {
	appointment 2026-11-24T16:30
	escalate
	run -0 omni-schedule -q <<-'JSON'
	{"id":"a1","type":"appointment","at":"2026-11-24T16:30","status":"cancelled","contact":{"id":"c1","name":"Ana Paz","email":"ana@example.org"}}
	JSON
	run -0 omni-send-mail -q
	assert_equal "$(state a1.r1/1)" 'cancelled|cancelled'
	assert_equal "$(mails)" 0
	verified
}

@test "gate: in doubt while its appointment moved: not sent again (Inv. 3, 6)" {
	start_smtp
	appointment 2026-11-24T16:30 '{"email": "drop@example.org"}'
	escalate
	run -0 omni-send-mail -q
	assert_equal "$(state a1.r1/1)" 'in_doubt|no answer'
	appointment 2026-11-25T10:00 '{"email": "drop@example.org"}'
	assert_equal "$(state a1.r1/1)" 'in_doubt|no answer'
	at 2026-11-23T23:15:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state a1.r1/1)" 'cancelled|moved'
	assert_equal "$(received drop@example.org)" 1
	verified
}

@test "gate: in doubt while its appointment was cancelled: not sent again (Inv. 3, 6)" {
	start_smtp
	appointment 2026-11-24T16:30 '{"email": "drop@example.org"}'
	escalate
	run -0 omni-send-mail -q
	assert_equal "$(state a1.r1/1)" 'in_doubt|no answer'
	jq -c '.status = "cancelled"' "$BATS_TEST_TMPDIR/export" >"$in"
	run -0 omni-schedule -q <"$in"
	assert_equal "$(state a1.r1/1)" 'in_doubt|no answer'
	at 2026-11-23T23:15:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state a1.r1/1)" 'cancelled|cancelled'
	assert_equal "$(received drop@example.org)" 1
	verified
}

@test "gate: what gets too late while others are sent is not sent (Inv. 6)" {
	local soon
	unset OMNI_NOW	# time must pass
	rm "$SITE"/spool/ledger.db*
	omni-ledger init
	script 'sleep 4'
	soon=$(date -u -d '+3 seconds' +%FT%TZ)
	queue m1 email first@example.org priority=high \
		"expires_at=$(date -u -d '+1 day' +%FT%TZ)"
	queue m2 email second@example.org "expires_at=$soon"
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'sent|'
	assert_equal "$(state m2)" 'expired|too late'
	assert_equal "$(wc -l <"$SITE/calls")" 1
	verified
}

@test "gate: opted out after queueing, and the next step comes forward (Inv. 6, 10)" {
	appointment 2026-11-24T16:30
	escalate
	appointment 2026-11-24T16:30 '{"opt_out": ["email"]}'
	assert_equal "$(state a1.r1/1)" 'queued|'
	run -0 omni-send-mail -q
	assert_equal "$(state a1.r1/1)" \
		'cancelled|opted out (channel:email) on 2026-11-23 by import'
	assert_equal "$(mails)" 0
	assert_equal "$(sql 'SELECT next_step, next_due_at FROM reminder')" \
		'2|2026-11-23T23:00:00Z'
	verified
}

@test "gate: too late is too late (Inv. 6)" {
	queue m1 email ana@example.org expires_at=2026-11-23T23:30:00Z
	at 2026-11-23T23:30:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'expired|too late'
	assert_equal "$(mails)" 0
	verified
}

@test "gate: quiet hours defer a reminder to the morning, an alert passes (Inv. 6)" {
	at 2026-11-24T05:00:00Z	# 23:00 in Mexico City
	queue m1 email ana@example.org class=reminder
	queue m2 email ana@example.org class=alert
	queue m3 email ana@example.org class=reminder \
		timezone=Europe/Madrid	# 6 o'clock
	queue m4 email ana@example.org class=reminder timezone=Asia/Tokyo
	queue m5 email ana@example.org class=reminder \
		expires_at=2026-11-24T14:00:00Z
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'queued|quiet hours'
	assert_equal "$(sql "SELECT due_at FROM message WHERE id = 'm1'")" \
		2026-11-24T15:00:00Z
	assert_equal "$(state m2)" 'sent|'
	assert_equal "$(sql "SELECT due_at FROM message WHERE id = 'm3'")" \
		2026-11-24T08:00:00Z
	assert_equal "$(state m4)" 'sent|'
	assert_equal "$(state m5)" 'expired|too late'
	at 2026-11-24T15:00:00Z
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'expired 1 sent 4'
	verified
}

@test "gate: held until released (Inv. 6)" {
	queue_mails 2
	run -0 omni-queue hold m1
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'held|by hand'
	assert_equal "$(mails)" 1
	run -0 omni-queue release m1
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 2'
	queue m3 email ana@example.org
	run -0 omni-queue cancel m3
	run -0 omni-send-mail -q
	assert_equal "$(state m3)" 'cancelled|by hand'
	assert_equal "$(mails)" 2
	verified
}

@test "gate: the channel's limits an hour and a day (Inv. 6)" {
	queue_mails 5
	run -0 omni-send-mail -q -o 'channel email.per_hour=2'
	assert_equal "$(states)" 'queued 3 sent 2'
	assert_equal "$(state m3)" "queued|channel's limit an hour"
	at 2026-11-23T23:10:00Z
	run -0 omni-send-mail -q -o 'channel email.per_hour=2'
	assert_equal "$(states)" 'queued 3 sent 2'
	at 2026-11-24T00:00:01Z
	run -0 omni-send-mail -q -o 'channel email.per_hour=2'
	assert_equal "$(states)" 'queued 1 sent 4'
	at 2026-11-24T01:00:01Z
	run -0 omni-send-mail -q -o 'channel email.per_day=4'
	assert_equal "$(state m5)" "queued|channel's limit a day"
	at 2026-11-24T23:30:00Z
	run -0 omni-send-mail -q -o 'channel email.per_day=4'
	assert_equal "$(states)" 'sent 5'
}

@test "gate: the limits hold within one run (Inv. 6)" {
	queue_mails 5
	run -0 omni-send-mail -q -o 'channel email.per_hour=3'
	assert_equal "$(states)" 'queued 2 sent 3'
	verified
}

@test "gate: nobody gets more than the limit a day (Inv. 6)" {
	local i
	for i in 1 2 3; do
		queue "m$i" email ana@example.org
	done
	queue other email eva@example.org
	run -0 omni-send-mail -q -o limits.recipient_day=2
	assert_equal "$(states)" 'queued 1 sent 3'
	assert_equal "$(sql "SELECT reason FROM message WHERE state =
		'queued'")" "recipient's limit a day"
	assert_equal "$(state other)" 'sent|'
}

@test "gate: what would cost too much is held, with the costs of open attempts (Inv. 6)" {
	queue_texts 4
	run -0 omni-send-sms -q -o limits.spend_day=0.12
	assert_equal "$(states)" 'held 2 sent 2'
	assert_equal "$(state s3)" 'held|spending limit of the day reached'
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'held 2 sent 2'
	verified
}

@test "gate: mail that costs nothing is not held by what text messages cost" {
	queue_texts 2
	run -0 omni-send-sms -q
	queue_mails 1
	run -0 omni-send-mail -q -o limits.spend_day=0.10
	assert_equal "$(state m1)" 'sent|'
}

# ------------------------------------------------- locks, spool, arguments

@test "a second sender on the channel: 75, and nothing happens (Inv. 3)" {
	queue_mails 2
	mkdir -p "$SITE/spool/run"
	exec 4>"$SITE/spool/run/email.lock"
	flock 4
	run -75 omni-send-mail -q
	assert_output --partial 'held by another process'
	assert_equal "$(states)" 'queued 2'
	exec 4>&-
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 2'
}

@test "the outbound spool may go at any instant (Inv. 8)" {
	# before, between and while they are sent
	mkdir -p "$SITE/spool/outbound/email"
	rm -rf "$SITE"/spool/outbound/*
	queue_mails 6
	rm -rf "$SITE"/spool/outbound/*
	queue late email late@example.org
	script 'cat >/dev/null' "rm -rf $SITE/spool/outbound/*"
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 7'
	assert_equal "$(sort -u "$SITE/calls" | wc -l)" 7
	assert_equal "$(wc -l <"$SITE/calls")" 7
	queue after email after@example.org
	rm -rf "$SITE/spool/outbound"
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 8'
	verified
}

@test "a work order that lies, is cut off or comes twice decides nothing (Inv. 4, 6, 8)" {
	queue_mails 3
	run -0 omni-queue cancel m2
	cat "$SITE"/spool/outbound/email/new/* >"$BATS_TEST_TMPDIR/order"
	local i
	for i in 1 2 3; do
		cp "$BATS_TEST_TMPDIR/order" \
			"$SITE/spool/outbound/email/new/copy$i.ndjson"
	done
	printf '{"id":"nobody","channel":"email"}\n\nnot a record\n{"id":"m1' \
		>"$SITE/spool/outbound/email/new/odd.ndjson"
	jq -c '.to = "evil@example.org"' "$BATS_TEST_TMPDIR/order" \
		>"$SITE/spool/outbound/email/cur/lie.ndjson"
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'cancelled 1 sent 2'
	assert_equal "$(mails)" 2
	run -1 grep -rq evil@ "$maildir"
	assert_equal "$(find "$SITE/spool/outbound" -type f | wc -l)" 0
}

@test "with -: one record in, one record out, each with its result (Inv. 1, 6)" {
	{
		message m1 email m1@example.org 'metadata={"a":1.50}'
		echo 'no record'
		message m2 email m2@example.org
		message m3 email m3@example.org
		message s1 sms +525512345678
	} >"$BATS_TEST_TMPDIR/in"
	run -1 --separate-stderr omni-queue <"$BATS_TEST_TMPDIR/in"
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/queued"
	run -0 omni-queue hold m2
	run -0 --separate-stderr omni-send-mail - <"$BATS_TEST_TMPDIR/queued" ||
		[ "$status" -eq 1 ]
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/out"
	run -0 jq -c '[.id, .result.outcome]' "$BATS_TEST_TMPDIR/out"
	assert_output - <<-'END_OF_OUTPUT'
	["m1","accepted"]
	[null,null]
	["m2","not_sent"]
	["m3","accepted"]
	["s1",null]
	END_OF_OUTPUT
	assert_equal "$(mails)" 2
	assert_equal "$(states)" 'held 1 queued 1 sent 2'
	# A second time there is nothing to do, and every line comes out.
	run -1 --separate-stderr omni-send-mail - <"$BATS_TEST_TMPDIR/queued"
	assert_equal "${#lines[@]}" 5
	assert_equal "$(mails)" 2
}

@test "wrong usage and configuration have statuses of their own" {
	run -64 omni-send-mail sms
	run -64 omni-send-mail --nonsense
	sed -i 's/^kind = maildir/kind = pigeon/' "$OMNI_CONF"
	queue_mails 1
	run -78 omni-send-mail -q
	assert_output --partial 'pigeon'
	assert_equal "$(states)" 'queued 1'
	sed -i 's/^provider = maildir/provider = nowhere/' "$OMNI_CONF"
	run -78 omni-send-mail -q
	assert_output --partial 'nowhere'
	sed -i 's/^provider = nowhere/provider = twilio/' "$OMNI_CONF"
	run -78 omni-send-mail -q
	assert_output --partial 'twilio does not serve email'
	run -69 omni-send-mail -q -o paths.ledger=/nowhere/ledger.db
}

@test "the clock jumped: nothing is sent until a person says that it is right (Inv. 6)" {
	queue m1 email ana@example.org expires_at=2027-12-01T00:00:00Z
	at 2027-11-23T23:00:00Z
	run -75 omni-send-mail -q
	assert_equal "$(mails)" 0
	run -0 omni-ledger confirm
	run -0 omni-send-mail -q
	assert_equal "$(mails)" 1
}

@test "the same ledger, configuration and time give the same bytes (Inv. 12)" {
	queue_mails 2
	cp -R "$SITE" "$BATS_TEST_TMPDIR/copy"
	run -0 --separate-stderr omni-send-mail
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/first"
	run -0 --separate-stderr env OMNI_CONF="$BATS_TEST_TMPDIR/copy/etc/omni.conf" \
		omni-send-mail
	printf '%s\n' "$output" | diff "$BATS_TEST_TMPDIR/first" -
	diff -r "$maildir" "$BATS_TEST_TMPDIR/copy/spool/Maildir"
}

@test "gate: the limit of a recipient counts what goes out today (Inv. 6)" {
	local i
	for i in 1 2 3; do
		message "m$i" sms +525512345678 not_before=2026-11-26T16:00:00Z
	done >"$BATS_TEST_TMPDIR/texts"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/texts"
	at 2026-11-26T16:00:00Z
	run -0 omni-send-sms -q -o limits.recipient_day=2
	assert_equal "$(states)" 'queued 1 sent 2'
}

@test "an outage costs three probes, and the rest stays due: 75" {
	queue_mails 6
	sed -i '/^\[channel email\]/,/^\[/s/^provider = .*/provider = gone/' \
		"$OMNI_CONF"
	printf '%s\n' '[provider gone]' 'kind = smtp' 'host = 127.0.0.1' \
		'port = 1' 'tls = none' >>"$OMNI_CONF"
	run -75 omni-send-mail -q
	assert_output --partial 'smtp cannot be reached; 3 messages wait'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 3
	assert_equal "$(states)" 'queued 6'
}
