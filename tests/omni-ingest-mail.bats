#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# Mail that comes in: what a mail server starts, and what the drain makes of it.
# Each test names the invariants of the design that it proves.

setup() {
	load helper
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	inbound=$SITE/spool/inbound
	sed -i '/^reply_to/a bounce_domain = bounces.clinic.example' \
		"$OMNI_CONF"
	cat >>"$OMNI_CONF" <<-'END'

	[links]
	key = env:LINKS_KEY
	mailto = baja@clinic.example
	END
	mail=$BATS_TEST_TMPDIR/mail
}

# take [ARGUMENTS]: a mail server hands over the file $mail
take() {
	run -0 --separate-stderr omni-ingest --mail "$@" <"$mail"
	assert_equal "$output$stderr" ''
}

drain() {
	run -0 --separate-stderr omni-ingest
	assert_equal "$stderr" ''
}

# ask ID AT CONTACT EMAIL: an appointment, asked about by mail
ask() {
	jq -cn --arg id "$1" --arg at "$2" --arg contact "$3" --arg email "$4" \
		'{id: $id, type: "appointment", at: $at, contact: {id: $contact,
		name: ("Persona " + $contact), email: $email,
		phone: "55 1234 5678"}, vars: {owner_name: "Ana",
		pet_name: "Luna"}}' >"$BATS_TEST_TMPDIR/export"
	run -0 omni-schedule -q <"$BATS_TEST_TMPDIR/export"
	run omni-run
	[ "$status" -le 1 ]
	message=$(sql "SELECT id FROM message WHERE reminder = '$1' AND
		channel_type = 'email' ORDER BY created_at DESC LIMIT 1")
	token=$(sql "SELECT token FROM attempt WHERE message = '$message'")
	sent_id=$(sql "SELECT provider_id FROM attempt WHERE
		message = '$message'")
	[ "${#token}" -eq 26 ]
}

ask_ana() {
	ask A-1 2026-11-24T10:30 c1 ana@example.net
}

# answer TEXT [HEADER]...: Ana writes, below headers that are given
answer() {
	local text=$1
	shift
	{
		printf '%s\n' 'From: Ana Perez <ana@example.net>' \
			'Date: Mon, 23 Nov 2026 22:59:00 +0000' \
			"Message-ID: <$RANDOM.$RANDOM@example.net>" "$@" \
			'Content-Type: text/plain; charset=utf-8' '' "$text"
	} >"$mail"
}

# bounce CODE [ACTION] [HEADER]...: a server reports on Ana's address
bounce() {
	local code=$1 action=${2-failed}
	shift
	[ $# -eq 0 ] || shift
	cat >"$mail" <<-END
	Return-Path: <>
	From: MAILER-DAEMON@mx.example.net
	Message-ID: <$RANDOM.$RANDOM@mx.example.net>
	$(printf '%s\n' "$@" | grep . || echo 'X-None: 1')
	Subject: Undelivered Mail Returned to Sender
	MIME-Version: 1.0
	Content-Type: multipart/report; report-type=delivery-status;
	  boundary=b

	--b
	Content-Type: text/plain

	Sorry.
	--b
	Content-Type: message/delivery-status

	Reporting-MTA: dns; mx.example.net

	Final-Recipient: rfc822; ana@example.net
	Action: $action
	Status: $code
	Diagnostic-Code: smtp; 550 $code told so
	--b
	Content-Type: text/rfc822-headers

	From: citas@clinic.example
	Message-ID: ${returned_id-<none@clinic.example>}

	--b--
	END
}

# status_of MESSAGE: "STATE|STATUS|REASON"
status_of() {
	sql "SELECT state, coalesce(status, ''), coalesce(reason, '')
		FROM message WHERE id = '$1'"
}

dead() {
	sql "SELECT count(*) FROM address WHERE type = 'email' AND
		dead_at IS NOT NULL"
}

reminder() {
	sql "SELECT state FROM reminder WHERE id = 'A-1'"
}

@test "a mail lies in the spool as it came, behind its envelope (Inv. 2)" {
	answer $'Sí\r\n\x01\x80 bytes'
	take -f ana@example.net "bounce+x@bounces.clinic.example"
	run -0 find "$inbound/new" -type f
	assert_equal "${#lines[@]}" 1
	sed '1,/^$/d' "${lines[0]}" >"$BATS_TEST_TMPDIR/kept"
	cmp "$mail" "$BATS_TEST_TMPDIR/kept"
	run -0 sed '/^$/q' "${lines[0]}"
	assert_line 'Hook: mail'
	assert_line 'Received: 2026-11-23T23:00:00Z'
	assert_line 'Sender: ana@example.net'
	assert_line 'Recipient: bounce+x@bounces.clinic.example'
	run -0 find "$inbound/tmp" -type f
	assert_output ''
}

@test "the envelope comes from what mail servers set, too" {
	answer Hola
	SENDER=ana@example.net RECIPIENT=one@clinic.example \
		ORIGINAL_RECIPIENT=two@clinic.example EXTENSION=three \
		LOCAL=four+three take
	run -0 sed '/^$/q' "$inbound"/new/*
	assert_line 'Sender: ana@example.net'
	assert_line 'Recipient: one@clinic.example'
	assert_line 'Recipient: two@clinic.example'
	assert_line 'Recipient: three'
	assert_line 'Recipient: four+three'
}

@test "an envelope cannot forge another line, and a bad one is left out" {
	answer Hola
	take -f $'x\nHook: whatsapp' $'y\nRecipient: z'
	run -0 sed '/^$/q' "$inbound"/new/*
	refute_line --partial whatsapp
	refute_line --partial Recipient
	drain
	assert_equal "$(jq -r .kind <<<"$output")" message
}

@test "nothing but 0 and 75 ever leaves --mail: no trouble of ours bounces" {
	answer Hola
	run -75 --separate-stderr omni-ingest --mail --no-such-option <"$mail"
	run -75 omni-ingest --mail one two <"$mail"
	run -75 omni-ingest --mail -c /nowhere <"$mail"
	run -75 omni-ingest --mail -o no.such=key <"$mail"
	run -75 omni-ingest --mai -c /nowhere <"$mail"
	run -75 sh -c 'exec omni-ingest --mail <&-'
	run -75 omni-ingest --mail </
	OMNI_NOW=nonsense run -75 omni-ingest --mail <"$mail"
	rm -rf "$SITE/spool/inbound"
	echo in the way >"$SITE/spool/inbound"
	run -75 --separate-stderr omni-ingest --mail <"$mail"
	assert_regex "$stderr" '^omni-ingest: .*inbound'
	assert_equal "$output" ''
}

@test "-f and a recipient are of --mail alone" {
	run -64 omni-ingest -f ana@example.net
	run -64 omni-ingest ana@example.net
}

@test "it opens no ledger, and takes mail where there is none" {
	rm "$SITE"/spool/ledger.db*
	answer Hola
	take
	assert_not_exist "$SITE/spool/ledger.db"
}

@test "of a mail that is too long the beginning is kept, and it is said" {
	answer "Confirmo$(printf '\n%.0s' {1..20})$(yes texto | head -c 4000)"
	take -o ingest.max_mail=300
	run -0 sed '/^$/q' "$inbound"/new/*
	assert_line 'Cut: yes'
	sed '1,/^$/d' "$inbound"/new/* >"$BATS_TEST_TMPDIR/kept"
	run -0 stat -c %s "$BATS_TEST_TMPDIR/kept"
	assert_output 300
	drain
	assert_equal "$(jq -r .cut <<<"$output")" true
}

@test "a yes below Reply-To's token confirms the reminder (Inv. 5)" {
	ask_ana
	answer $'Sí, confirmo.\n\nEl lun, 23 nov 2026 a las 17:00, Clinica Roma\n<citas@clinic.example> escribió:\n> Responda BAJA para no recibir más.'
	take -f ana@example.net "citas+$token@clinic.example"
	drain
	run -0 jq -r '[.kind, .text, .intent, .action, .reminder] | join("|")' \
		<<<"$output"
	assert_output 'message|Sí, confirmo.|confirm|confirmed|A-1'
	assert_equal "$(reminder)" confirmed
	verified
}

@test "In-Reply-To names the message where no token is left" {
	ask_ana
	answer 'No puedo ir' "In-Reply-To: $sent_id"
	take -f ana@example.net citas@clinic.example
	drain
	assert_equal "$(jq -r .reference <<<"$output")" "$message.1"
	answer Confirmo "References: <x@example.net> $sent_id"
	take -f ana@example.net citas@clinic.example
	drain
	assert_equal "$(jq -r .reference <<<"$output")" "$message.1"
}

@test "who only knows the Message-ID of another's mail confirms nothing" {
	ask_ana
	answer Confirmo "In-Reply-To: $sent_id"
	sed -i 's/ana@example.net>$/eva@example.org>/' "$mail"
	take -f eva@example.org citas@clinic.example
	drain
	assert_equal "$(jq -r '.reference, .action' <<<"$output" | tr '\n' ' ')" \
		'null none '
	assert_equal "$(reminder)" open
	# With the token it is somebody whom Ana has shown it.
	answer Confirmo
	sed -i 's/ana@example.net>$/eva@example.org>/' "$mail"
	take -f eva@example.org "citas+$token@clinic.example"
	drain
	assert_equal "$(reminder)" confirmed
}

@test "without either the sender's address tells, as with any message" {
	ask_ana
	answer 1
	take -f ana@example.net citas@clinic.example
	drain
	assert_equal "$(reminder)" confirmed
}

@test "the same mail again is a duplicate, whatever servers put on top" {
	ask_ana
	answer Confirmo
	take -f ana@example.net
	drain
	assert_equal "$(jq -r .applied <<<"$output")" recorded
	sed -i '1i Received: from b by a; Mon, 23 Nov 2026 23:05:00 +0000' "$mail"
	take -f ana@example.net
	drain
	assert_equal "$(jq -r .applied <<<"$output")" duplicate
	assert_equal "$(sql "SELECT count(*) FROM message WHERE
		direction = 'inbound'")" 1
}

@test "an automatic answer is kept, confirms nothing and troubles nobody" {
	local header
	ask_ana
	for header in 'Auto-Submitted: auto-replied (vacation)' \
	    'Precedence: bulk' 'X-Autoreply: yes' 'List-Id: <x.example>' \
	    'X-Auto-Response-Suppress: All' 'Subject: Respuesta automática: x' \
	    'Return-Path: <>'; do
		answer Confirmo "$header" "In-Reply-To: $sent_id"
		take "citas+$token@clinic.example"
		drain
		run -0 jq -r '[.kind, .intent, .action, .applied] | join("|")' \
			<<<"$output"
		assert_output 'message|automatic|none|recorded'
	done
	answer Confirmo
	take -f '' "citas+$token@clinic.example"
	drain
	assert_equal "$(jq -r .automatic <<<"$output")" 'no return path'
	assert_equal "$(reminder)" open
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" 0
	assert_equal "$(sql "SELECT sum(is_unread) FROM message WHERE
		direction = 'inbound'")" 0
	verified
}

@test "a word like Auto-Submitted: no is a person's" {
	ask_ana
	answer Confirmo 'Auto-Submitted: no'
	take -f ana@example.net "citas+$token@clinic.example"
	drain
	assert_equal "$(reminder)" confirmed
}

@test "our own mail that comes back is nobody's answer" {
	ask_ana
	answer Confirmo
	sed -i '1s/.*/From: citas@clinic.example/' "$mail"
	take -f citas@clinic.example "citas+$token@clinic.example"
	drain
	assert_equal "$(jq -r .automatic <<<"$output")" 'our own address'
	assert_equal "$(reminder)" open
}

@test "a hard bounce with our token ends the address (Inv. 6)" {
	ask_ana
	bounce 5.1.1
	take -f '' "bounce+$token@bounces.clinic.example"
	drain
	run -0 jq -r '[.kind, .status, .code, .dead, .applied] | join("|")' \
		<<<"$output"
	assert_output 'status|bounced|5.1.1|true|recorded'
	assert_equal "$(status_of "$message")" 'failed|bounced|5.1.1'
	assert_equal "$(dead)" 1
	verified
}

@test "servers that turn the token to capitals are understood" {
	ask_ana
	bounce 5.1.1
	take -f '' "BOUNCE+${token^^}@BOUNCES.CLINIC.EXAMPLE"
	drain
	assert_equal "$(dead)" 1
}

@test "a full mailbox came back, and is alive; on the third day staff looks" {
	local day
	for day in 23 24 25; do
		at "2026-11-${day}T23:00:00Z"
		ask "A-$day" "2026-11-$((day + 1))T10:30" c1 ana@example.net
		bounce 5.2.2
		take -f '' "bounce+$token@bounces.clinic.example"
		drain
		assert_equal "$(status_of "$message")" 'failed|bounced|5.2.2'
		assert_equal "$(jq -r .soft_bounces <<<"$output")" "$((day - 22))"
		assert_equal "$(sql "SELECT count(*) FROM open_flag
			WHERE kind = 'soft_bounces'")" "$((day / 25))"
	done
	assert_equal "$(dead)" 0
	verified
}

@test "what was given up after days has failed; a delay is no bounce" {
	ask_ana
	bounce 4.4.1 delayed
	take -f '' "bounce+$token@bounces.clinic.example"
	drain
	assert_equal "$(jq -r '.status + .raw_status' <<<"$output")" \
		accepteddelayed
	assert_equal "$(status_of "$message")" 'sent|accepted|'
	bounce 4.4.7
	take -f '' "bounce+$token@bounces.clinic.example"
	drain
	assert_equal "$(status_of "$message")" 'failed|failed|4.4.7'
	assert_equal "$(dead)" 0
}

@test "relayed and delivered are no bounce" {
	ask_ana
	bounce 2.0.0 relayed
	take -f '' "bounce+$token@bounces.clinic.example"
	drain
	assert_equal "$(status_of "$message")" 'sent|sent|'
	bounce 2.0.0 delivered
	take -f '' "bounce+$token@bounces.clinic.example"
	drain
	assert_equal "$(status_of "$message")" 'sent|delivered|'
}

@test "a bounce without the token is told, and no address dies of it" {
	ask_ana
	returned_id=$sent_id bounce 5.1.1
	take -f '' citas@clinic.example
	drain
	run -0 jq -r '[.status, .unproven, .applied] | join("|")' <<<"$output"
	assert_output 'bounced|true|recorded'
	assert_equal "$(status_of "$message")" 'failed|bounced|5.1.1'
	assert_equal "$(dead)" 0
	# Made up: nobody's message at all.
	bounce 5.1.1
	take -f '' bounce+aaaaaaaaaaaaaaaaaaaaaaaaaa@bounces.clinic.example
	drain
	assert_equal "$(jq -r .applied <<<"$output")" unmatched
	assert_equal "$(dead)" 0
}

@test "of several recipients only the one that the message was for counts" {
	ask_ana
	bounce 5.1.1
	sed -i 's/^Final-Recipient: .*/Final-Recipient: rfc822; eva@example.org\
Action: failed\
Status: 5.1.1\
\
&/' "$mail"
	sed -i 's/ana@example.net/luis@example.org/' "$mail"
	take -f '' "bounce+$token@bounces.clinic.example"
	drain
	assert_equal "$(jq -r .kind <<<"$output" | sort | uniq -c |
		tr -s ' ')" ' 2 other'
	assert_equal "$(dead)" 0
}

@test "a server of no standard: its code, and our Message-ID in its text" {
	ask_ana
	cat >"$mail" <<-END
	Return-Path: <>
	From: MAILER-DAEMON@qmail.example.net
	Subject: failure notice

	Hi. This is the qmail-send program at qmail.example.net.

	<ana@example.net>:
	Sorry, no mailbox here by that name. (#5.1.1)

	--- Below this line is a copy of the message.

	Return-Path: <bounce+$token@bounces.clinic.example>
	Message-ID: $sent_id
	To: ana@example.net
	END
	take -f '' citas@clinic.example
	drain
	run -0 jq -r '[.status, .code, .to, .applied] | join("|")' <<<"$output"
	assert_output 'bounced|5.1.1|ana@example.net|recorded'
	assert_equal "$(dead)" 1
}

@test "a complaint opts out, if it proves that it is about our mail (Inv. 6)" {
	ask_ana
	cat >"$mail" <<-END
	From: fbl@isp.example
	Subject: complaint
	MIME-Version: 1.0
	Content-Type: multipart/report; report-type=feedback-report; boundary=f

	--f
	Content-Type: message/feedback-report

	Feedback-Type: abuse
	User-Agent: x/1
	Version: 1
	Original-Mail-From: <bounce+TOKEN@bounces.clinic.example>
	--f
	Content-Type: message/rfc822

	Message-ID: $sent_id
	To: redacted@isp.example

	x
	--f--
	END
	cp "$mail" "$mail.all"
	sed -i '/TOKEN/d' "$mail"
	take -f fbl@isp.example abuse@clinic.example
	drain
	assert_equal "$(jq -r '.status, .unproven' <<<"$output" | tr '\n' ' ')" \
		'complained true '
	assert_equal "$(sql 'SELECT count(*) FROM consent')" 0
	assert_equal "$(sql 'SELECT kind FROM open_flag')" complaint
	sed "s/TOKEN/$token/" "$mail.all" >"$mail"
	take -f fbl@isp.example abuse@clinic.example
	drain
	assert_equal "$(sql 'SELECT scope, state, how FROM consent')" \
		'all|out|complaint'
	# Not spam after all, and what DMARC reports.
	sed -i 's/abuse$/not-spam/' "$mail"
	take -f fbl@isp.example abuse@clinic.example
	drain
	assert_equal "$(jq -r '.kind + .applied' <<<"$output")" otherignored
	verified
}

@test "a mail to [links] mailto with a token opts out whom it was made for" {
	local word
	ask_ana
	word=$(cat "$SITE"/spool/Maildir/new/* | tr -d '\n\r\t ' |
		grep -Eo 'subject=[A-Za-z0-9._-]+' | head -n 1)
	[ -n "$word" ]
	answer '' "Subject: ${word#subject=}" 'To: baja@clinic.example'
	sed -i '1s/.*/From: other@example.org/' "$mail"
	take -f other@example.org baja@clinic.example
	drain
	run -0 jq -r '[.kind, .message, .action] | join("|")' <<<"$output"
	assert_output "unsubscribe|$message|opted_out"
	refute_line --partial "${word#subject=}"
	assert_equal "$(sql "SELECT c.state, c.how FROM consent c JOIN message m
		ON m.hash = c.hash WHERE m.id = '$message'")" 'out|link'
	verified
}

@test "a forged token opts out nobody but the one who writes" {
	ask_ana
	answer x 'Subject: 1uHnEiA-1.r1_2F1vfNfaaaaaaaaaaA' \
		'To: baja@clinic.example'
	sed -i '1s/.*/From: other@example.org/' "$mail"
	take -f other@example.org baja@clinic.example
	drain
	assert_equal "$(jq -r '.kind + .action' <<<"$output")" \
		messageopted_out
	assert_equal "$(sql "SELECT count(*) FROM consent c JOIN message m
		ON m.hash = c.hash WHERE m.id = '$message'")" 0
}

@test "BAJA from another address opts out the one that we write to, too" {
	ask_ana
	answer BAJA
	sed -i '1s/.*/From: other@example.org/' "$mail"
	take -f other@example.org "citas+$token@clinic.example"
	drain
	assert_equal "$(sql "SELECT count(*) FROM consent c JOIN message m
		ON m.hash = c.hash WHERE m.id = '$message' AND c.state = 'out'")" 1
	assert_equal "$(sql "SELECT count(DISTINCT hash) FROM consent")" 2
}

@test "STOP alone in the subject opts out whoever writes" {
	ask_ana
	answer '' 'Subject: BAJA'
	take -f ana@example.net citas@clinic.example
	drain
	assert_equal "$(jq -r '.opt_out_type + " " + .action' <<<"$output")" \
		'STOP opted_out'
	assert_equal "$(sql "SELECT c.state FROM consent c JOIN message m
		ON m.hash = c.hash WHERE m.id = '$message'")" out
}

@test "the button of a mail program opts out, and is a person's" {
	ask_ana
	answer 'Some Mail sent this to unsubscribe.' 'Subject: unsubscribe' \
		'Auto-Submitted: auto-replied'
	take -f ana@example.net citas@clinic.example
	drain
	assert_equal "$(jq -r '.action, .automatic' <<<"$output" | tr '\n' ' ')" \
		'opted_out null '
}

@test "a subject opts out nobody where it is our own, or answers" {
	local header
	ask_ana
	answer Hola 'Subject: Re: BAJA'
	take -f ana@example.net citas@clinic.example
	answer 'Muchas gracias por todo' 'Subject: BAJA'
	take -f ana@example.net citas@clinic.example
	answer '' 'Subject: BAJA'
	sed -i '1s/.*/From: citas@clinic.example/' "$mail"
	take -f citas@clinic.example citas@clinic.example
	drain
	assert_equal "$(jq -r .action <<<"$output" | grep -c opted_out)" 0
	assert_equal "$(sql 'SELECT count(*) FROM consent')" 0
}

@test "an attachment is told of, in the record and in the ledger" {
	cat >"$mail" <<-'END'
	From: ana@example.net
	MIME-Version: 1.0
	Content-Type: multipart/mixed; boundary=b

	--b
	Content-Type: text/plain

	Va el estudio.
	--b
	Content-Type: application/pdf; name="estudio.pdf"
	Content-Disposition: attachment; filename="estudio.pdf"
	Content-Transfer-Encoding: base64

	JVBERi0xLjQK
	--b
	Content-Type: message/rfc822

	From: x@example.org
	Subject: Otro

	Otro
	--b--
	END
	take -f ana@example.net
	drain
	assert_equal "$(jq -c '[.attachments[] | [.name, .type]]' \
		<<<"$output")" \
		'[["estudio.pdf","application/pdf"],["Otro","message/rfc822"]]'
	assert_equal "$(jq '.attachments[0].size' <<<"$output")" 9
	run -0 sql "SELECT json_extract(c.body, '\$.attachments[0].name')
		FROM content c JOIN message m ON m.content = c.key
		WHERE m.direction = 'inbound'"
	assert_output estudio.pdf
}

@test "a notice of SES by mail, and one of Outlook.com, prove nothing" {
	ask_ana
	{
		printf '%s\n' 'From: no-reply@sns.amazonaws.com' '' \
			'{"notificationType":"Bounce","mail":{"messageId":"m1"},"bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"ana@example.net","action":"failed","status":"5.1.1"}]}}'
	} >"$mail"
	take citas@clinic.example
	drain
	run -0 jq -r '[.status, .to, .dead, .unproven, .applied] | join("|")' \
		<<<"$output"
	assert_output 'bounced|ana@example.net|true|true|unmatched'
	cat >"$mail" <<-END
	From: staff@hotmail.com
	Subject: complaint about message from 192.0.2.1
	MIME-Version: 1.0
	Content-Type: multipart/mixed; boundary=b

	--b
	Content-Type: message/rfc822

	To: ana@example.net
	Message-ID: $sent_id

	x
	--b--
	END
	take -f staff@hotmail.com citas@clinic.example
	drain
	run -0 jq -r '[.status, .to, .unproven] | join("|")' <<<"$output"
	assert_output 'complained|ana@example.net|true'
	assert_equal "$(dead)" 0
	assert_equal "$(sql 'SELECT count(*) FROM consent')" 0
	verified
}

@test "a report in a frame that is broken still ends the address" {
	ask_ana
	bounce 5.1.1
	sed -i 's/boundary=b$/boundary=other/' "$mail"
	take -f '' "bounce+$token@bounces.clinic.example"
	drain
	run -0 jq -r '[.status, .to, .code, .dead, .applied] | join("|")' \
		<<<"$output"
	assert_output 'bounced|ana@example.net|5.1.1|true|recorded'
	assert_equal "$(dead)" 1
}

@test "who tells in his own words that a mail did not arrive is no server" {
	ask_ana
	answer $'Undeliverable mail: eva@example.org\n550 5.1.1 user unknown' \
		"In-Reply-To: $sent_id"
	take -f ana@example.net "citas+$token@clinic.example"
	drain
	assert_equal "$(jq -r .kind <<<"$output")" message
	assert_equal "$(dead)" 0
}

@test "[links] key that cannot be read keeps mails where they are (Inv. 2)" {
	answer Hola
	take -f ana@example.net
	unset LINKS_KEY
	run -75 --separate-stderr omni-ingest
	assert_regex "$stderr" 'LINKS_KEY'
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	drain
	assert_equal "$(jq -r .text <<<"$output")" Hola
}

@test "hostile mails end in the ledger or in bad, and never in a crash" {
	local n
	: >"$mail"
	take
	run -1 --separate-stderr omni-ingest
	assert_regex "$stderr" 'no mail; set aside in bad/'
	{
		printf 'From: ana@example.net\nMIME-Version: 1.0\n'
		for ((n = 0; n < 3000; n++)); do
			printf 'Content-Type: multipart/mixed; boundary=b%s\n\n--b%s\n' $n $n
		done
	} >"$mail"
	take
	drain
	{
		printf 'From: ana@example.net\nMIME-Version: 1.0\n'
		for ((n = 0; n < 3000; n++)); do
			printf 'Content-Type: message/rfc822\n\n'
		done
	} >"$mail"
	take
	drain
	printf 'From: ana@example.net\nSubject: \33[31m\n\n\33]0;x\7Hola\0y\n' \
		>"$mail"
	take
	drain
	refute_output --partial $'\33'
	refute_output --partial '\u001b'
	verified
}

@test "the samples of the corpus" {
	local told=$ROOT/build/tests/fake/mailtold dir=$OMNI_CORPORA/wire/email
	[ -d "$dir" ] || skip 'no corpora'
	[ -x "$told" ] || skip 'build/tests/fake/mailtold is not built'
	"$told" "$dir"/*.eml >"$BATS_TEST_TMPDIR/told"
	one() {
		jq -r --arg file "$1" "select(.file | endswith(\"/\" + \$file)) |
			$2" "$BATS_TEST_TMPDIR/told"
	}
	local file
	for file in $(jq -r 'to_entries[] | select(.value.kind == "dsn").key' \
	    "$dir/expected.json"); do
		assert_equal "$(one "$file" '[.events[] | {address: .to,
			action: .raw_status, status: .code, permanent:
			(.status == "bounced")}] | tojson')" \
			"$(jq -r --arg file "$file" '[.[$file].recipients[] |
			{address, action, status, permanent}] | tojson' \
			"$dir/expected.json")"
	done
	assert_equal "$(one dsn-hard-5.1.1.eml '.events[0].mail |
		.tokens[0] + .ids[0]')" "$(jq -r '.["dsn-hard-5.1.1.eml"] |
		(.verp.id | ascii_downcase) + "<" + .original_message_id + ">"' \
		"$dir/expected.json")"
	assert_equal "$(one not-a-dsn-exchange-style-bounce.eml \
		'.events[0] | .status + .code')" bounced5.1.10
	assert_equal "$(one arf-abuse.eml '.events[0] | .status + .to')" \
		complainedana@example.net
	assert_equal "$(one auto-reply-vacation.eml \
		'.events[0] | .kind + .automatic')" messageAuto-Submitted
	assert_equal "$(one reply-confirm-quoted.eml '.events[0].text')" \
		"$(jq -r '.["reply-confirm-quoted.eml"].own_text' \
		"$dir/expected.json")"
}

# shellcheck disable=SC2016	# variables of jq
@test "replies of the corpus: none that does not confirm is taken for a yes" {
	local in=$OMNI_CORPORA/replies/replies.ndjson
	[ -e "$in" ] || skip 'no corpora'
	[ -x "$ROOT/build/tests/fake/mailtold" ] ||
		skip 'build/tests/fake/mailtold is not built'
	"$ROOT/build/tests/fake/mailtold" - <"$in" >"$BATS_TEST_TMPDIR/told"
	run -0 jq -rn --slurpfile in "$in" --slurpfile told \
		"$BATS_TEST_TMPDIR/told" '[range($in | length) | select(
		($in[.].intent | IN("confirm", "confirm-trap",
		"ambiguous-positive") | not) and $told[.].intent == "confirm")]
		| length'
	assert_output 0
	run -0 jq -rn --slurpfile in "$in" --slurpfile told \
		"$BATS_TEST_TMPDIR/told" '[range($in | length) |
		select($in[.].intent == "confirm")] | (map(select(
		$told[.].intent == "confirm")) | length) * 100 / length | floor'
	[ "$output" -ge 75 ]
}
