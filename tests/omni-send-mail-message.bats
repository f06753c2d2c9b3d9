#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# shellcheck disable=SC2016	# what belongs to jq, or to a script
# shellcheck disable=SC2034	# stop_server reads server
# The mail itself, from the record to what the reader's program finds in it:
# attachments, pictures, invitations, tokens, answers, addresses beyond ASCII.

setup() {
	load helper
	server=
	make_ledger 2026-11-23T23:00:00Z
	sed -i '/^\[paths\]/a attachments = ../files' "$OMNI_CONF"
	files=$SITE/files maildir=$SITE/spool/Maildir
	mkdir "$files"
	logo='{"data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==","cid":"logo","type":"image/png"}'
}

teardown() {
	stop_server
}

# mail ID [MEMBERS]: a record that is ready to be queued, with these members,
# in JSON
mail() {
	jq -cn --arg id "$1" --argjson more "{${2:-}}" '{$id,
		channel: "email", account: "email", to: "ana@example.org",
		subject: "Cita", text: "Hola Ana\n", class: "reminder",
		route: {}, expires_at: "2026-12-30T00:00:00Z"} + $more'
}

# with ATTACHMENT...: the member
with() {
	local IFS=,
	printf '"attachments":[%s]' "$*"
}

# queue STATUS ID [MEMBERS]
queue() {
	local status=$1
	shift
	mail "$@" >"$in"
	run "-$status" --separate-stderr omni-queue <"$in"
}

# the_mail: what Python finds in the one mail of the Maildir, as JSON
the_mail() {
	/usr/bin/python3 - "$maildir/new" <<-'END'
	import email, email.policy, hashlib, json, os, sys
	names = os.listdir(sys.argv[1])
	assert len(names) == 1, names
	with open(os.path.join(sys.argv[1], names[0]), 'rb') as f:
	    m = email.message_from_bytes(f.read(), policy=email.policy.strict)
	def part(p):
	    v = {'type': p.get_content_type()}
	    if p.is_multipart():
	        return {**v, 'parts': [part(q) for q in p.iter_parts()]}
	    return {**v, 'filename': p.get_filename(), 'cid': p['content-id'],
	        'shown': p.get_content_disposition(),
	        'method': p['content-type'].params.get('method'),
	        'sha256': hashlib.sha256(p.get_payload(decode=True)).hexdigest(),
	        **({'text': p.get_content()} if v['type'] in ('text/plain',
	        'text/html') else {})}
	print(json.dumps({'headers': {k.lower(): v for k, v in m.items()},
	    **part(m)}))
	END
}

# said FILTER: jq, about the one mail
said() {
	the_mail | jq -r "$1"
}

sum() {
	sha256sum "$1" | cut -d' ' -f1
}

# ------------------------------------------------------------ attachments

@test "files, pictures and an invitation: each where readers look for it" {
	head -c 5000 /dev/urandom >"$files/informe.pdf"
	mkdir -p "$files/2026/11"
	printf 'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n' \
		>"$files/2026/11/cita.ics"
	queue 0 m1 "$(with '{"path":"informe.pdf","filename":"informe clínico.pdf"}' \
		"$logo" '{"path":"2026/11/cita.ics","method":"REQUEST"}' \
		'{"path":"2026/11/cita.ics"}'),\"html\":\"<p><img src='cid:logo'></p>\""
	run -0 omni-send-mail -q
	run -0 said '[.. | .type? // empty] | join(" ")'
	assert_output 'multipart/mixed multipart/alternative text/plain multipart/related text/html image/png text/calendar application/pdf text/calendar'
	run -0 said '.parts[1] | .filename, .shown, .sha256'
	assert_output "$(printf '%s\n' 'informe clínico.pdf' attachment \
		"$(sum "$files/informe.pdf")")"
	run -0 said '.parts[2] | .filename, .shown, .method'
	assert_output "$(printf '%s\n' cita.ics attachment null)"
	run -0 said '.parts[0].parts[2] | .method, .shown, .sha256'
	assert_output "$(printf '%s\n' REQUEST null \
		"$(sum "$files/2026/11/cita.ics")")"
	# The html shows the picture by the name that the picture has.
	run -0 said '.parts[0].parts[1].parts as [$html, $logo] |
		$html.text | contains("cid:" + $logo.cid[1:-1])'
	assert_output true
	run -0 omni-ledger verify
}

@test "what was queued is sent, whatever becomes of the file" {
	echo first >"$files/a.txt"
	sum=$(sum "$files/a.txt")
	queue 0 m1 "$(with '{"path":"a.txt"}')"
	echo second >"$files/a.txt"
	# The same record again is the same message, also when the file is gone.
	queue 0 m1 "$(with '{"path":"a.txt"}')"
	assert_equal "$(jq -r .queue.state <<<"$output")" duplicate
	rm "$files/a.txt"
	queue 0 m1 "$(with '{"path":"a.txt"}')"
	assert_equal "$(jq -r .queue.state <<<"$output")" duplicate
	assert_equal "$stderr" ''
	queue 0 m1 "$(with '{"path":"b.txt"}')"
	assert_equal "$(jq -r .queue.state <<<"$output")" differs
	run -0 omni-send-mail -q
	assert_equal "$(said '.parts[1].sha256')" "$sum"
}

@test "the same file with many mails is kept once, and the record passes as it came" {
	head -c 1000 /dev/urandom >"$files/a.bin"
	for i in 1 2 3; do
		mail "m$i" "$(with '{"path":"a.bin"}')"
	done >"$in"
	run -0 omni-queue <"$in"
	assert_equal "$(jq -c .attachments <<<"${lines[0]}")" '[{"path":"a.bin"}]'
	assert_equal "$(sql "SELECT count(*) FROM content
		WHERE key LIKE 'attachment/%'")" 1
	assert_equal "$(sql 'SELECT count(*), count(DISTINCT content) FROM
		message_attachment')" '3|1'
	# Not in the journal, and not in the message itself.
	assert_equal "$(sql "SELECT max(length(body)) < 1000 FROM content
		WHERE key LIKE 'message/%'")" 1
	run -0 omni-ledger verify
	run -0 omni-ledger rebuild
	assert_equal "$(sql 'SELECT count(*) FROM message_attachment')" 3
}

@test "a file that cannot go out is named before anything is queued (Inv. 10)" {
	local name why n=0
	echo x >"$files/a.txt"
	mkdir "$files/dir"
	mkfifo "$files/fifo"
	ln -s a.txt "$files/link"
	ln -s / "$files/root"
	ln "$files/a.txt" "$files/hard"
	truncate -s 30000000 "$files/big.pdf"
	while IFS='|' read -r name why; do
		n=$((n + 1))
		queue 1 "m$n" "$(with "{\"path\":\"$name\"}")"
		assert_equal "$stderr" \
			"omni-queue: line 1: m$n: attachments.0.path: $why"
		assert_equal "$(jq -r '.error | .code, .field' <<<"$output" |
			xargs)" 'bad_attachment attachments.0.path'
		assert_equal "$(jq -r .queue.state <<<"$output")" refused
	done <<-'END'
	nada.pdf|nada.pdf: No such file or directory
	dir|dir: not a regular file
	fifo|fifo: not a regular file
	link|link: is a symbolic link
	root/etc/passwd|root/etc/passwd: Not a directory
	a.txt/x|a.txt/x: Not a directory
	../etc/omni.conf|../etc/omni.conf: not a path below [paths] attachments
	dir/../a.txt|dir/../a.txt: not a path below [paths] attachments
	./a.txt|./a.txt: not a path below [paths] attachments
	/etc/passwd|/etc/passwd: not a path below [paths] attachments
	dir//a.txt|dir//a.txt: not a path below [paths] attachments
	dir/|its last part: empty, or longer than 255 bytes
	big.pdf|big.pdf: with its 30000000 bytes the mail has more than the 10485760 of [mail] max_size
	END
	assert_equal "$(sql "SELECT DISTINCT state FROM message")" refused
	assert_equal "$(sql "SELECT count(*) FROM content
		WHERE key LIKE 'attachment/%'")" 0
	queue 0 ok "$(with '{"path":"hard"}')"
	# Once mended, it goes.
	echo x >"$files/nada.pdf"
	queue 0 m1 "$(with '{"path":"nada.pdf"}')"
	assert_equal "$(jq -r .queue.state <<<"$output")" queued
}

@test "a device is no attachment" {
	[ "$(id -u)" -eq 0 ] || skip 'only root makes devices'
	mknod "$files/zero" c 1 5 2>/dev/null || skip 'no devices here'
	queue 1 m1 "$(with '{"path":"zero"}')"
	assert_equal "$stderr" 'omni-queue: line 1: m1: attachments.0.path: zero: not a regular file'
}

@test "a file that may not be read is named" {
	local drop=()
	# Root reads everything, unless it gives that up.
	[ "$(id -u)" -ne 0 ] || drop=(setpriv --bounding-set=-all --inh-caps=-all)
	echo x >"$files/a.txt"
	chmod 000 "$files/a.txt"
	! "${drop[@]}" cat "$files/a.txt" 2>/dev/null ||
		skip 'files can be read whatever their mode is'
	mail m1 "$(with '{"path":"a.txt"}')" >"$in"
	run -1 --separate-stderr "${drop[@]}" omni-queue <"$in"
	assert_equal "$stderr" 'omni-queue: line 1: m1: attachments.0.path: a.txt: Permission denied'
}

@test "where files may be must be said, and be there" {
	echo x >"$files/a.txt"
	mail m1 "$(with '{"path":"a.txt"}')" >"$in"
	# For the whole run, so that nothing is lost: 75.
	run -75 --separate-stderr omni-queue -o paths.attachments=/nowhere <"$in"
	assert_equal "$stderr" 'omni-queue: line 1: m1: [paths] attachments: /nowhere: No such file or directory'
	assert_equal "$(jq -c '.error.temporary, .queue' <<<"$output" |
		xargs)" 'true null'
	assert_equal "$(sql 'SELECT count(*) FROM message')" 0
	sed -i '/^attachments =/d' "$OMNI_CONF"
	queue 1 m1 "$(with '{"path":"a.txt"}')"
	assert_equal "$stderr" 'omni-queue: line 1: m1: attachments.0.path: [paths] attachments does not say where files may be'
}

@test "what is wrong with the members is told by render and queue alike" {
	local json why
	while IFS='|' read -r json why; do
		mail m1 "\"html\":\"<p><img src='cid:logo'>\",$(with "$logo" "$json")" \
			>"$in"
		run -1 --separate-stderr omni-render <"$in"
		assert_equal "$stderr" "omni-render: line 1: m1: $why"
		run -1 --separate-stderr omni-queue -n <"$in"
		assert_line --index 0 --regexp bad_attachment
		[[ $stderr == "omni-queue: line 1: m1: $why"* ]]
	done <<-'END'
	{"path":"a","filename":"x\ny"}|attachments.1.filename: has a newline in a line
	{"path":"a","filename":"x/y"}|attachments.1.filename: has a slash or a backslash
	{"path":"a","type":"a/b\r\nBcc: x@y"}|attachments.1.type: not a type such as application/pdf, without parameters
	{"path":"a","cid":"logo"}|attachments.1.cid: attachments.0 has the same
	{"filename":"a"}|attachments.1: neither path nor data
	END
	mail m1 "$(with '{"data":"a?b=","filename":"x"}')" >"$in"
	run -1 --separate-stderr omni-queue <"$in"
	assert_equal "$stderr" 'omni-queue: line 1: m1: attachments.0.data: not base 64'
	mail m1 "\"html\":\"<p><img src='cid:lgo'>\",$(with "$logo")" >"$in"
	run -1 --separate-stderr omni-render <"$in"
	assert_equal "$stderr" 'omni-render: line 1: m1: html: shows cid:lgo, which no attachment is'
	queue 1 m1 "\"html\":\"<img src='cid:lgo'>\""
	assert_equal "$stderr" 'omni-queue: line 1: m1: html: shows cid:lgo, which no attachment is'
}

@test "a picture that nothing shows goes along as a file" {
	queue 0 m1 "\"html\":\"<p>Hola\",$(with "$logo")"
	run -0 omni-send-mail -q
	assert_equal "$(said '.parts[1] | .type, .shown' | xargs)" \
		'image/png attachment'
}

@test "a limit that was lowered since: refused by the sender, in one line" {
	head -c 60000 /dev/urandom >"$files/a.bin"
	queue 0 m1 "$(with '{"path":"a.bin"}')"
	run -78 omni-send-mail -o mail.max_size=31457281
	assert_output --partial '[mail] max_size: not from 1 to 31457280'
	run -0 --separate-stderr omni-send-mail -o mail.max_size=50000
	assert_equal "$stderr" 'omni-send-mail: m1: attempt 1: refused: message: larger than 50000 bytes'
	assert_equal "$(jq -r .result.outcome <<<"$output")" refused
	assert_equal "$(sql 'SELECT state FROM message')" failed
}

@test "the limit is that of the whole mail: ten files of a megabyte are too much" {
	local i list=()
	for ((i = 0; i < 10; i++)); do
		head -c 1000000 /dev/zero >"$files/$i.bin"
		list+=("{\"path\":\"$i.bin\"}")
	done
	queue 1 m1 "$(with "${list[@]}")"
	assert_equal "$stderr" 'omni-queue: line 1: m1: attachments.7.path: 7.bin: with its 1000000 bytes the mail has more than the 10485760 of [mail] max_size'
	# What was read before it is not left in the ledger.
	assert_equal "$(sql "SELECT count(*) FROM content
		WHERE key LIKE 'attachment/%'")" 0
	queue 0 m2 "$(with "${list[@]:0:7}")"
	run -0 omni-send-mail -q
	assert_equal "$(said '.parts | length')" 8
}

@test "an SMS takes no attachment, unless a mail may take its place" {
	echo x >"$files/a.txt"
	queue 0 s1 "\"channel\":\"sms\",\"account\":\"sms\",\"to\":\"+525511000001\",$(with '{"path":"nada"}')"
	assert_equal "$(jq -r .queue.state <<<"$output")" queued
	queue 1 s2 "\"channel\":\"sms\",\"account\":\"sms\",\"to\":\"+525511000001\",\"fallback\":[\"email\"],$(with '{"path":"nada"}')"
	queue 0 s3 "\"channel\":\"sms\",\"account\":\"sms\",\"to\":\"+525511000001\",\"fallback\":[\"email\"],$(with '{"path":"a.txt"}')"
	# As omni-escalate brings it again.
	rm "$files/a.txt"
	key=$(sql "SELECT content FROM message_attachment")
	queue 0 s3/failover.1 "$(with "{\"content\":\"$key\",\"type\":\"text/plain\",\"filename\":\"a.txt\"}")"
	run -0 omni-send-mail -q
	assert_equal "$(said '.parts[1].filename')" a.txt
	queue 1 s4 "$(with "{\"content\":\"attachment/00\",\"filename\":\"a\"}")"
	assert_equal "$stderr" 'omni-queue: line 1: s4: attachments.0.content: the ledger does not have it, or it was erased'
}

@test "who is forgotten is forgotten with what went along, but for what others got too" {
	echo own >"$files/own.txt"
	echo all >"$files/all.txt"
	echo '{"id":"7","name":"Ana","email":"ana@example.org"}' |
		omni-contact import -q
	queue 0 m1 "\"contact\":{\"id\":\"7\"},$(with '{"path":"own.txt"}' '{"path":"all.txt"}')"
	queue 0 m2 "\"to\":\"eva@example.org\",$(with '{"path":"all.txt"}')"
	run -0 omni-contact forget 7
	assert_equal "$(sql "SELECT body IS NULL FROM content WHERE key LIKE
		'attachment/%' ORDER BY 1" | xargs)" '0 1'
	! grep -q "$(base64 <"$files/own.txt")" "$SITE"/spool/ledger.db* ||
		fail 'it is still there'
	run -0 omni-ledger verify
}

# ------------------------------------------------------ tokens and answers

# column ID: the token of the attempt that the ledger has
column() {
	sql "SELECT token FROM attempt WHERE message = '$1'"
}

@test "with a key return path and Reply-To carry one token, which the ledger finds" {
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	printf '[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	sed -i -e 's/^reply_to = .*/reply_to = Respuestas <respuestas@clinic.example>/' \
		-e '/^reply_to/a bounce_domain = rebotes.clinic.example' "$OMNI_CONF"
	queue 0 m1
	queue 0 m2 '"to":"eva@example.org"'
	run -0 omni-send-mail -n
	token=$(jq -r 'select(.id == "m1") | .request.from' <<<"$output")
	[[ $token =~ ^bounce\+([a-z2-7]{26})@rebotes.clinic.example$ ]]
	token=${BASH_REMATCH[1]}
	run -0 omni-send-mail -q m1 -o links.ttl=1d || :
	run -0 omni-send-mail -q
	assert_equal "$(column m1)" "$token"
	[ "$(column m2)" != "$token" ]
	run -0 grep -h '^Reply-To' -A1 -r "$maildir/new"
	assert_output --partial "<respuestas+$token@clinic.example>"
	# An independent hand makes the same of it.
	run -0 /usr/bin/python3 -c 'import base64, hashlib, hmac
print(base64.b32encode(hmac.new(b"0123456789abcdef0123456789abcdef",
    b"omni mail m1", hashlib.sha256).digest()[:16]).decode().lower().rstrip("="))'
	assert_output "$token"
	run -0 sqlite3 -readonly "$SITE/spool/ledger.db" "EXPLAIN QUERY PLAN
		SELECT message FROM attempt WHERE token = 'x'"
	assert_output --partial attempt_token
	run -0 omni-ledger verify
}

@test "the token is the same for every attempt, another with another key" {
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	printf '[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	printf '#!/bin/sh\necho "$3" >>%s/from\ncat >/dev/null\nexit 75\n' \
		"$SITE" >"$SITE/mta"
	chmod 755 "$SITE/mta"
	sed -i -e '/^reply_to/a bounce_domain = b.example' \
		-e 's/^kind = maildir/kind = sendmail/' \
		-e 's|^path = ../spool/Maildir|path = ../mta|' "$OMNI_CONF"
	queue 0 m1
	run -0 omni-send-mail -q
	at 2026-11-23T23:30:00Z
	run -0 omni-send-mail -q
	assert_equal "$(sort -u "$SITE/from" | wc -l)" 1
	assert_equal "$(sql 'SELECT count(*), count(DISTINCT token) FROM
		attempt')" '2|1'
	at 2026-11-24T01:30:00Z
	LINKS_KEY=another-key-of-32-bytes-at-least! run -0 omni-send-mail -q
	assert_equal "$(sort -u "$SITE/from" | wc -l)" 2
}

@test "without a key: the return path tells mails apart, Reply-To stays" {
	sed -i '/^reply_to/a bounce_domain = b.example' "$OMNI_CONF"
	queue 0 m1
	run -0 omni-send-mail -n
	run -0 jq -r '.request.from // empty' <<<"$output"
	assert_output "bounce+$(printf m1 | sha256sum | cut -c1-24)@b.example"
	run -0 omni-send-mail -q
	assert_equal "$(column m1)" "$(printf m1 | sha256sum | cut -c1-24)"
	assert_equal "$(said '.headers["reply-to"]')" citas@clinic.example
}

@test "reply_token = no leaves Reply-To alone; without a use for it there is no token" {
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	printf '[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	sed -i '/^reply_to/a reply_token = no' "$OMNI_CONF"
	queue 0 m1
	# Nor is the key wanted then.
	run -0 env -u LINKS_KEY omni-send-mail -q
	assert_equal "$(said '.headers["reply-to"]')" citas@clinic.example
	assert_equal "$(column m1)" ''
}

@test "a key that cannot be read, an address without room: 78 or set-up, and no secret (Inv. 11)" {
	export LINKS_KEY=hunter2hunter2
	printf '[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	queue 0 m1
	run -78 omni-send-mail
	assert_output 'omni-send-mail: key of [links]: has 14 bytes, 32 are needed'
	LINKS_KEY=0123456789abcdef0123456789abcdef run -78 omni-send-mail -q \
		-o "mail.reply_to=$(printf %038d 0)@clinic.example"
	assert_output --partial '[mail] reply_to: no address with room for +'
	assert_equal "$(sql 'SELECT state FROM message')" queued
	LINKS_KEY=0123456789abcdef0123456789abcdef run -0 omni-send-mail -q \
		-o "mail.reply_to=$(printf %037d 0)@clinic.example"
}

@test "an answer says what it answers, and that it is automatic unless somebody wrote it" {
	queue 0 m1 '"in_reply_to":"abc.1@mail.example"'
	run -0 omni-send-mail -q
	run -0 said '.headers | .["in-reply-to"], .references,
		.["auto-submitted"]'
	assert_output "$(printf '%s\n' '<abc.1@mail.example>' \
		'<abc.1@mail.example>' auto-replied)"
	rm "$maildir"/new/*
	queue 0 m2 '"in_reply_to":"<abc.1@mail.example>","author":"Eva"'
	run -0 omni-send-mail -q
	run -0 said '.headers | .["in-reply-to"], .["auto-submitted"],
		.["x-auto-response-suppress"]'
	assert_output "$(printf '%s\n' '<abc.1@mail.example>' null null)"
	mail m3 '"in_reply_to":"a b\r\nBcc: x@y"' >"$in"
	run -1 --separate-stderr omni-render <"$in"
	assert_equal "$stderr" 'omni-render: line 1: m3: in_reply_to: not one message id'
	assert_equal "$(jq -r .error.code <<<"$output")" bad_reply
}

@test "reminders and marketing say how to leave, in one click; receipts do not" {
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	printf '[links]\nkey = env:LINKS_KEY\nmailto = baja@clinic.example\n' \
		>>"$OMNI_CONF"
	local class want
	while read -r class want; do
		mail "$class" "\"class\":\"$class\"" | omni-render >"$in"
		# No marketing without an opt-in: here it is the mail that counts.
		sed -i 's/"class":"marketing"/"class":"announcement"/' "$in"
		run -0 omni-queue -q <"$in"
		at 2026-11-24T18:00:00Z
		run -0 omni-send-mail -q
		assert_equal "$class: $(said '.headers |
			(.["list-unsubscribe"] // "" | test("^<https://.*>, <mailto:baja@clinic.example\\?subject=1u")),
			.["list-unsubscribe-post"], .["auto-submitted"],
			.["x-auto-response-suppress"]' | xargs)" \
			"$class: $want auto-generated DR, RN, NRN, OOF, AutoReply"
		rm "$maildir"/new/*
		at 2026-11-23T23:00:00Z
	done <<-'END'
	reminder true List-Unsubscribe=One-Click
	marketing true List-Unsubscribe=One-Click
	announcement true List-Unsubscribe=One-Click
	transactional false null
	alert false null
	END
}

@test "the caller's own X-Auto-Response-Suppress stands" {
	queue 0 m1 '"headers":{"x-auto-response-suppress":"All"}'
	run -0 omni-send-mail -q
	run -0 grep -ric '^x-auto-response-suppress: ' "$maildir/new"
	assert_output --regexp ':1$'
	assert_equal "$(said '.headers["x-auto-response-suppress"]')" All
}

# ------------------------------------------------------------ addresses

# start_smtp [OPTION]...: the fake server, on $port; the channel goes through it
start_smtp() {
	/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null ||
		skip 'python3-aiosmtpd is not installed'
	inbox=$BATS_TEST_TMPDIR/inbox
	mkdir "$inbox"
	mkfifo "$BATS_TEST_TMPDIR/port"
	"$ROOT/tests/fake/smtpd.py" "$inbox" "$@" \
		>"$BATS_TEST_TMPDIR/port" 2>/dev/null 3>&- &
	server=$!
	read -r port <"$BATS_TEST_TMPDIR/port"
	printf '\n[provider relay]\nkind = smtp\nhost = 127.0.0.1\nport = %s\ntls = none\n' \
		"$port" >>"$OMNI_CONF"
	sed -i 's/^provider = maildir/provider = relay/' "$OMNI_CONF"
}

@test "letters beyond ASCII before the @: with SMTPUTF8 it arrives" {
	start_smtp --utf8
	queue 0 m1 '"to":"josé.muñoz@clínica.example","contact":{"name":"José"}'
	queue 0 m2
	queue 0 m3 '"to":"ñandú@example.org"'
	run -0 omni-send-mail -q
	assert_output ''
	assert_equal "$(find "$inbox" -type f | wc -l)" 3
	run -0 grep -h '^To:' "$inbox"/*jos*
	assert_output $'To: =?UTF-8?B?Sm9zw6k=?= <josé.muñoz@xn--clnica-4va.example>\r'
}

@test "without the offer it is refused here, and the address is not dead" {
	local option
	for option in '' --lenient; do
		start_smtp $option
		queue 0 "m1$option" '"to":"josé@example.org"'
		queue 0 "m2$option"
		run -0 --separate-stderr omni-send-mail
		assert_equal "$stderr" "omni-send-mail: m1$option: attempt 1: refused: 550 5.6.7 an address that is not ASCII, and [provider relay] 127.0.0.1:$port does not offer SMTPUTF8"
		assert_equal "$(find "$inbox" -type f | wc -l)" 1
		assert_equal "$(sql "SELECT count(*) FROM address WHERE dead_at
			IS NOT NULL")" 0
		stop_server
		server=
		rm -r "$inbox" "$BATS_TEST_TMPDIR/port"
		sed -i -e '/^\[provider relay\]/,$d' \
			-e 's/^provider = relay/provider = maildir/' "$OMNI_CONF"
	done
}

@test "Reply-To beyond ASCII needs more than SMTP gives a plain envelope" {
	sed -i 's/^reply_to = .*/reply_to = Año <citas.añó@clinic.example>/' \
		"$OMNI_CONF"
	start_smtp --utf8
	queue 0 m1
	run -78 omni-send-mail -q
	assert_output --partial '[mail] reply_to: letters beyond ASCII before the @ do not go through smtp'
	assert_equal "$(find "$inbox" -type f | wc -l)" 0
	# The envelope asks for SMTPUTF8, and the header goes along.
	sed -i 's/^from = .*/from = citas.ñ@clinic.example/' "$OMNI_CONF"
	at 2026-11-23T23:10:00Z
	run -0 omni-send-mail -q
	assert_equal "$(find "$inbox" -type f | wc -l)" 1
}

@test "a Maildir takes any address; a domain is always in ASCII" {
	sed -i 's/^from = .*/from = Clínica <citas@clínica.example>/' "$OMNI_CONF"
	queue 0 m1 '"to":"josé@correo.niño.example"'
	run -0 omni-send-mail -n
	run -0 jq -r '.request | .from, .to' <<<"$(head -n 1 <<<"$output")"
	assert_output "$(printf '%s\n' citas@xn--clnica-4va.example \
		josé@correo.xn--nio-8ma.example)"
	run -0 omni-send-mail -q
	run -0 grep -rh '^To: ' "$maildir/new"
	assert_output 'To: josé@correo.xn--nio-8ma.example'
}

@test "an address with a newline is refused, wherever it comes from (Inv. 10)" {
	mail m1 '"to":"a@example.org>\r\nRCPT TO:<eve@example.org"' >"$in"
	run -0 omni-queue -q <"$in"
	run -0 --separate-stderr omni-send-mail
	assert_equal "$stderr" 'omni-send-mail: m1: attempt 1: refused: to: control character or line end'
	assert_equal "$(find "$maildir" -type f | wc -l)" 0
}

@test "100,000 characters in one line come through equal" {
	mail m1 >"$in"
	jq -c '.text = "palabra " * 12500 + "fin" | .html = "<p>" + "ñ" * 50000' \
		"$in" >"$in.long"
	run -0 omni-queue -q <"$in.long"
	run -0 omni-send-mail -q
	run -0 awk 'length($0) > 78 && !/boundary/' "$maildir"/new/*
	assert_output ''
	the_mail | jq -r '.parts[0].text' | tr -d '\n' >"$BATS_TEST_TMPDIR/text"
	jq -j .text "$in.long" | cmp - "$BATS_TEST_TMPDIR/text"
	the_mail | jq -j '.parts[1].text' >"$BATS_TEST_TMPDIR/html"
	jq -j .html "$in.long" | cmp - "$BATS_TEST_TMPDIR/html"
}
