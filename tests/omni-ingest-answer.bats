#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# The automatic answer; --replay and --try webhook.
# Each test names the invariants of the design that it proves.

setup() {
	load helper
	# 23:30 at the clinic: quiet hours.
	make_ledger 2026-11-24T05:30:00Z
	keep_console
	export TWILIO_AUTH_TOKEN=12345678901234567890123456789012
	sed -i 's/^provider = maildir/provider = console/' "$OMNI_CONF"
	printf '%s\n' '' '[ingest]' 'auto_reply = auto_reply' >>"$OMNI_CONF"
	inbound=$SITE/spool/inbound
	mkdir -p "$inbound"/{tmp,new,cur,bad}
	names=0
}

# spool HOOK BODY [RECEIVED]: as the front half keeps it
spool() {
	names=$((names + 1))
	printf 'Hook: %s\nReceived: %s\nContent-Type: x\nQuery: \nToken: \n\n%s' \
		"$1" "${3-$OMNI_NOW}" "$2" >"$inbound/new/$names"
}

# text NUMBER FROM BODY [NAME=VALUE]...: somebody writes by Twilio
text() {
	local sid from=$2 said=$3
	sid=$(printf 'SM%032d' "$1")
	shift 3
	spool twilio/sms "$(jq -rn '$ARGS.positional |
		map(capture("(?<k>[^=]*)=(?<v>.*)"; "m") | .k + "=" +
		(.v | @uri)) | join("&")' --args "MessageSid=$sid" \
		"From=$from" To=+525587654321 "Body=$said" "$@")" \
		"${received-$OMNI_NOW}"
}

# mail NUMBER FROM BODY [HEADER]...: a mail comes in
mail() {
	local number=$1 from=$2 said=$3
	shift 3
	names=$((names + 1))
	{
		printf 'Hook: mail\nReceived: %s\nSender: %s\nRecipient: citas@clinic.example\n\n' \
			"$OMNI_NOW" "$from"
		printf 'From: %s\r\nTo: citas@clinic.example\r\n' "$from"
		printf 'Subject: Pregunta\r\nMessage-ID: <m%s@there>\r\n' \
			"$number"
		[ $# -eq 0 ] || printf '%s\r\n' "$@"
		printf '\r\n%s\r\n' "$said"
	} >"$inbound/new/$names"
}

# drain: what became of the automatic answers, one a line
drain() {
	run -0 --separate-stderr omni-ingest "$@"
	assert_equal "$stderr" ''
	run -0 jq -r 'if .auto_reply then .auto_reply.state + ": " +
		(.auto_reply.reason // "") else "-" end' <<<"$output"
}

# contact ID PHONE [LANGUAGE [EMAIL]]
contact() {
	jq -cn --arg id "$1" --arg phone "$2" --arg language "${3-es}" \
		--arg email "${4-$1@example.org}" '{id: $id, name: "Ana",
		phone: $phone, email: $email, language: $language}' >"$in"
	run -0 omni-contact import -q <"$in"
}

@test "a question gets one answer, at night, with the emergency number (Inv. 6, 10)" {
	contact ana '55 1234 5678' en
	text 1 +525512345678 'Is Luna allowed to eat?'
	text 2 +525512345678 'Hello?'
	text 3 +525512345679 'Una pregunta'
	drain
	assert_output - <<-'END'
	queued: 
	none: answered within the last 24 hours
	queued: 
	END
	# It is a work order, too, and no quiet hours hold it.
	run -0 omni-send-sms -q
	run -0 cat "$console"
	assert_line '  Clinica Roma: thank you for your message. A person will read it and answer as soon as possible. In an emergency, call +52 55 5000 0000.'
	assert_line '  Clinica Roma: gracias por su mensaje. Lo lee una persona, que le responde en cuanto puede. Si es una urgencia, llame al +52 55 5000 0000.'
	assert_equal "$(states)" 'sent 2'
	assert_equal "$(sql "SELECT conversation, class, segments FROM message
		WHERE type = 'auto_reply' AND contact = 'ana'")" \
		'contact:ana|transactional|1'
	# Staff has it to read all the same.
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 3
	at 2026-11-25T05:29:00Z
	text 4 +525512345678 'Hello again?'
	drain
	assert_output 'none: answered within the last 24 hours'
	at 2026-11-25T05:31:00Z
	text 5 +525512345678 'Hello, hello?'
	drain
	assert_output 'queued: '
	verified
}

@test "a person is one on all channels, and the answer goes where they wrote" {
	contact ana '55 1234 5678'
	text 1 whatsapp:+5215512345678 '¿Abren mañana?'
	text 2 +525512345678 '¿Abren mañana?'
	mail 3 ana@example.org '¿Abren mañana?'
	text 4 whatsapp:+525500000001 'Hola'
	drain
	assert_output - <<-'END'
	queued: 
	none: answered within the last 24 hours
	none: answered within the last 24 hours
	queued: 
	END
	run -0 omni-send-wa -q
	assert_equal "$(sql "SELECT channel_type, state, count(*) FROM message
		WHERE type = 'auto_reply' GROUP BY 1, 2")" 'whatsapp|sent|2'
	verified
}

@test "who settles it alone, or said STOP, gets none (Inv. 6)" {
	text 1 +525512345671 STOP
	text 2 +525512345672 BAJA
	text 3 +525512345671 'Por que?'
	text 4 +525512345673 'HELP' OptOutType=HELP
	drain
	assert_output - <<-'END'
	-
	-
	none: opted out (all) on 2026-11-24 by keyword
	none: the provider answers that word
	END
	# Between the answer and its sending: the gate looks again.
	text 5 +525512345675 'Hola'
	drain
	text 6 +525512345675 'STOP'
	drain
	run -0 omni-send-sms -q
	assert_equal "$(state "$(sql "SELECT id FROM message WHERE type =
		'auto_reply'")")" \
		'cancelled|opted out (all) on 2026-11-24 by keyword'
	[ ! -s "$console" ]
}

@test "no machine, short code or number of our own is answered (Inv. 10)" {
	text 1 55555 'Su código es 1234'
	text 2 TELCEL 'Su saldo se acaba'
	text 3 +525587654321 'Hola'
	text 4 +55555 'Hola'
	text 5 whatsapp:MX.13491208655302741918 'Hola'
	drain
	assert_output - <<-'END'
	none: not from a telephone
	none: not from a telephone
	none: from an address of our own
	none: not from a telephone
	none: not from a telephone
	END
	contact ana '55 1234 5678'
	mail 6 ana@example.org 'Estoy de vacaciones' 'Auto-Submitted: auto-replied'
	mail 7 ana@example.org 'Boletín' 'Precedence: bulk'
	mail 8 citas@clinic.example 'Hola'
	mail 9 stranger@example.net 'Compre ahora'
	mail 10 noreply@example.org 'Hola'
	drain
	assert_output - <<-'END'
	-
	-
	-
	-
	none: a mail of nobody that is known
	END
	assert_equal "$(states)" ''
}

@test "what lay too long is not answered, and an answer does not wait long (Inv. 6)" {
	received=2026-11-24T03:29:59Z text 1 +525512345678 'Hola'
	received=2026-11-24T03:30:01Z text 2 +525512345679 'Hola'
	drain
	assert_output $'none: too old\nqueued: '
	at 2026-11-24T05:31:00Z
	run -0 omni-send-sms -q
	assert_equal "$(states)" 'expired 1'
	received=2026-11-24T05:20:00Z text 3 +525512345670 'Hola'
	drain -o ingest.auto_reply_age=5m
	assert_output 'none: too old'
}

@test "a mail is answered in its thread, and says that a machine did" {
	contact ana '55 1234 5678'
	sed -i '/^\[channel email/,/^\[/s/^provider = .*/provider = maildir/' \
		"$OMNI_CONF"
	mail 1 ana@example.org 'Una pregunta'
	drain
	assert_output 'queued: '
	run -0 omni-send-mail -q
	run -0 cat "$SITE"/spool/Maildir/new/*
	assert_line --regexp '^Auto-Submitted: auto-replied'
	assert_line --regexp '^In-Reply-To: <m1@there>'
	assert_line --regexp '^Subject: Recibimos su mensaje'
	assert_line --partial 'menos al +52 55 5000 00'
}

@test "an answer that cannot be made is told and kept, and holds nothing up (Inv. 2, 10)" {
	text 1 +525512345678 'Hola'
	run -1 --separate-stderr omni-ingest -q -o 'channel sms.active=no'
	assert_equal "$stderr" "omni-ingest: in:twilio:SM$(printf %032d 1):received: no automatic answer: cannot be reached: sms: no active channel of this type"
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 1
	assert_equal "$(sql "SELECT state, reason, count(*) FROM failed_message")" \
		'refused|unreachable|1'
	text 2 +525512345679 'Hola'
	run -78 --separate-stderr omni-ingest -q -o ingest.auto_reply=nope
	[[ $stderr == *'[ingest] auto_reply: '*'nobody gets an automatic answer' ]]
	assert_equal "$(sql 'SELECT count(*) FROM unread')" 2
	verified
}

@test "without auto_reply nobody is answered" {
	sed -i '/^auto_reply/d' "$OMNI_CONF"
	text 1 +525512345678 'Hola'
	drain
	assert_output -- -
	assert_equal "$(states)" ''
}

@test "omni-run takes it in, answers and sends" {
	text 1 +525512345678 'Hola'
	run -0 omni-run
	assert_equal "$(states)" 'sent 1'
	run -0 omni-run
	assert_equal "$(states)" 'sent 1'
}

@test "drained again, the same file is answered once (Inv. 3, 4)" {
	text 1 +525512345678 'Hola'
	cp "$inbound/new/1" "$BATS_TEST_TMPDIR/again"
	drain
	for n in 1 2; do
		cp "$BATS_TEST_TMPDIR/again" "$inbound/new/$n"
	done
	at 2026-11-26T05:30:00Z
	drain
	assert_output $'-\n-'
	assert_equal "$(states)" 'queued 1'
}

# ---------------------------------------------------------------- --replay

@test "--replay drains what was set aside, all of it or what is named (Inv. 2, 4, 10)" {
	text 1 +525512345678 'Uno'
	text 2 +525512345679 'Dos'
	text 3 +525512345670 'Tres'
	sed -i 's/^Hook: .*/Hook: later\/sms/' "$inbound"/new/*
	run -1 --separate-stderr omni-ingest -q
	assert_equal "$(find "$inbound/bad" -type f | wc -l)" 6
	run -0 omni-ingest --replay -n
	assert_equal "$(jq -rs 'map("\(.name) \(.hook) \(.received_at) \(.reason)") |
		.[0]' <<<"$output")" \
		"1 later/sms $OMNI_NOW unknown hook later/sms"
	assert_equal "${#lines[@]}" 3
	# Whoever can read them now:
	sed -i 's/^Hook: .*/Hook: twilio\/sms/' "$inbound"/bad/[12]
	run -1 --separate-stderr omni-ingest -q --replay 2 nope ../new/2 2.reason
	assert_equal "$stderr" "omni-ingest: inbound/bad/nope: no such file
omni-ingest: inbound/bad/../new/2: no such file
omni-ingest: inbound/bad/2.reason: no such file"
	assert_equal "$(sql 'SELECT text FROM unread')" Dos
	assert_equal "$(cd "$inbound/bad" && echo *)" '1 1.reason 3 3.reason'
	# What is still not understood comes back, with its reason.
	run -1 --separate-stderr omni-ingest -q --replay
	assert_equal "$(sql 'SELECT text FROM unread ORDER BY 1')" $'Dos\nUno'
	assert_equal "$(cd "$inbound/bad" && echo *)" '3 3.reason'
	run -1 omni-ingest --replay -n 3 4
	assert_line --partial '"name":"3"'
	rm "$inbound"/bad/*
	run -0 omni-ingest --replay
	assert_output ''
	verified
}

@test "--replay takes no other file's place, and waits for no other drain" {
	text 1 +525512345678 'Uno'
	mv "$inbound/new/1" "$inbound/bad"
	text 1 +525512345678 'Otro'
	mv "$inbound/new/2" "$inbound/new/1"
	run -75 --separate-stderr omni-ingest -q --replay
	[[ $stderr == *'inbound/new/1: File exists'* ]]
	assert_file_exist "$inbound/bad/1"
	# Killed between the two names of one file.
	rm "$inbound/new/1"
	ln "$inbound/bad/1" "$inbound/new/1"
	run -0 omni-ingest -q --replay
	assert_equal "$(find "$inbound" -type f)" ''
	assert_equal "$(sql 'SELECT text FROM unread')" Uno
	# And after that: the reason of a file that is gone.
	echo why >"$inbound/bad/1.reason"
	run -0 omni-ingest -q --replay
	assert_equal "$(find "$inbound" -type f)" ''
	mkdir -p "$SITE/spool/run"
	flock "$SITE/spool/run/ingest.lock" omni-ingest --replay 2>/dev/null ||
		assert_equal $? 75
	run -64 omni-ingest name
	run -64 omni-ingest -n
}

@test "--replay killed at any system call loses nothing (Inv. 2, 4)" {
	local spot
	need_strace
	text 1 +525512345678 'Uno'
	text 2 +525512345679 'Dos'
	mv "$inbound"/new/* "$inbound/bad"
	echo why >"$inbound/bad/1.reason"
	cp -R "$SITE" "$BATS_TEST_TMPDIR/before"
	find_spots 'linkat unlinkat fsync openat' omni-ingest -q --replay
	for spot in "${spots[@]}"; do
		rm -rf "$SITE"
		cp -R "$BATS_TEST_TMPDIR/before" "$SITE"
		kill_at "$spot" omni-ingest -q --replay
		run -0 omni-ingest -q --replay
		assert_equal "$(find "$inbound" -type f |
			wc -l) $(sql 'SELECT count(*) FROM unread')" '0 2'
		assert_equal "$(sql "SELECT count(*) FROM message WHERE type =
			'auto_reply'")" 2
	done
}

# ------------------------------------------------------------------- --try

@test "--try webhook says what a file means, and touches nothing" {
	text 1 +525512345678 'Sí, confirmo'
	rm -rf "$SITE"/spool/ledger.db*
	run -0 --separate-stderr omni-ingest --try webhook <"$inbound/new/1"
	assert_equal "$stderr" ''
	assert_equal "$(jq -r '[.kind, .from, .text, .key, .received_at] |
		join(" ")' <<<"$output")" "message +525512345678 Sí, confirmo twilio:SM$(printf %032d 1):received $OMNI_NOW"
	find "$SITE/spool" | sort >"$BATS_TEST_TMPDIR/after"
	assert_equal "$(grep -vc inbound "$BATS_TEST_TMPDIR/after")" 1
	run -0 omni-ingest --try webhook -q <"$inbound/new/1"
	assert_output ''
}

@test "--try webhook: batches, and what nobody understands (Inv. 10)" {
	spool whatsapp '{"object":"whatsapp_business_account","entry":[{"changes":
		[{"field":"messages","value":{"statuses":[{"id":"wamid.1","status":
		"sent","timestamp":"1795474800"},{"id":"wamid.1","status":"read",
		"timestamp":"1795474801"}]}}]}]}'
	run -0 omni-ingest --try webhook <"$inbound/new/1"
	assert_equal "$(jq -rs 'map(.status) | join(" ")' <<<"$output")" \
		'sent read'
	run -65 --separate-stderr omni-ingest --try webhook <<<'not one of ours'
	assert_equal "$stderr" 'omni-ingest: not a file of omni-ingest'
	spool twilio/sms 'From=x'
	run -65 --separate-stderr omni-ingest --try webhook <"$inbound/new/2"
	assert_equal "$stderr" 'omni-ingest: MessageSid: missing'
	run -64 --separate-stderr omni-ingest --try nonsense </dev/null
	[[ $stderr == *'--try nonsense: no such kind'* ]]
	run -64 omni-ingest --try webhook name </dev/null
}

@test "--try webhook: a signature of SNS's that cannot be checked is said (Inv. 11)" {
	local keys=$BATS_TEST_TMPDIR/keys topic=arn:aws:sns:us-east-1:1:t
	/usr/bin/python3 "$ROOT/tests/fake/snsd.py" keys "$keys"
	cat >>"$OMNI_CONF" <<-END

	[provider amazon]
	kind = ses
	region = us-east-1
	sns_topic = $topic
	END
	jq -cn --arg topic "$topic" '{Type: "Notification", MessageId: "m-1",
		TopicArn: $topic, Timestamp: "2026-11-24T05:29:50.123Z",
		SignatureVersion: "2", SigningCertURL:
		"https://sns.us-east-1.amazonaws.com/Sign.pem", Message:
		({eventType: "Delivery", mail: {messageId: "x", destination:
		["a@example.org"]}, delivery: {}} | tojson)}' |
		/usr/bin/python3 "$ROOT/tests/fake/snsd.py" sign "$keys" \
			>"$BATS_TEST_TMPDIR/signed"
	spool ses "$(cat "$BATS_TEST_TMPDIR/signed")"
	run -0 --separate-stderr omni-ingest --try webhook <"$inbound/new/1"
	assert_equal "$(jq -r '[.status, .signature] | join(", ")' \
		<<<"$output")" \
		'delivered, not checked: SigningCertURL: not fetched: no server is asked here'
	[ ! -e "$SITE/spool/certs" ]
	run -0 omni-ingest --try webhook -o "provider amazon.sns_certs=$keys/certs" \
		<"$inbound/new/1"
	assert_equal "$(jq -r .signature <<<"$output")" valid
	sed -i 's/Delivery/delivery/' "$inbound/new/1"
	run -65 --separate-stderr omni-ingest --try webhook \
		-o "provider amazon.sns_certs=$keys/certs" <"$inbound/new/1"
	[[ $stderr == *ignature* ]]
}

# ------------------------------------------------------------------ corpus

@test "every request of the signature corpus ends in the ledger or, with a reason, in bad (Inv. 2, 10)" {
	local corpus=$OMNI_CORPORA/twilio/signatures.ndjson total
	[ -r "$corpus" ] || skip "no corpus: $corpus"
	/usr/bin/python3 - "$corpus" "$inbound/new" <<-'PYTHON'
	import json, sys
	for line in open(sys.argv[1]):
	    row = json.loads(line)
	    hook = "twilio/status" if row["kind"] == "status" else "twilio/sms"
	    query = row["url"].partition("?")[2].partition("#")[0]
	    with open("%s/%06d" % (sys.argv[2], row["i"]), "wb") as f:
	        f.write(("Hook: %s\nReceived: 2026-11-24T05:29:00Z\n"
	            "Content-Type: %s\nQuery: %s\nToken: \n\n%s" % (hook,
	            row.get("content_type", ""), query,
	            row["body"])).encode())
	PYTHON
	total=$(find "$inbound/new" -type f | wc -l)
	[ "$total" -ge 2511 ]
	run -1 --separate-stderr omni-ingest -o ingest.max_media=0
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/events"
	# Each file is one record, or lies in bad/ with its reason.
	assert_equal "$(jq -s 'map(select(.kind != "media")) | length' \
		"$BATS_TEST_TMPDIR/events") + $(find "$inbound/bad" -type f \
		! -name '*.reason' | wc -l) = $total" "$(
		bad=$(find "$inbound/bad" -name '*.reason' | wc -l)
		echo "$((total - bad)) + $bad = $total")"
	assert_equal "$(find "$inbound/new" -type f | wc -l)" 0
	# All that are whole messages or statuses are understood.
	/usr/bin/python3 - "$corpus" "$inbound/bad" <<-'PYTHON'
	import json, os, sys, urllib.parse
	for line in open(sys.argv[1]):
	    row = json.loads(line)
	    if row["kind"] not in ("inbound", "status"):
	        continue
	    given = dict(urllib.parse.parse_qsl(row["body"]))
	    need = ["From", "To"] if row["kind"] == "inbound" else \
	        ["MessageStatus"]
	    whole = all(given.get(k) for k in need + ["MessageSid"])
	    bad = os.path.exists("%s/%06d" % (sys.argv[2], row["i"]))
	    assert whole != bad, row["i"]
	PYTHON
	verified
}

@test "every sample of the wire corpus is understood by --try (Inv. 10)" {
	local dir=$OMNI_CORPORA/wire file hook n=0
	[ -d "$dir" ] || skip "no corpora in $OMNI_CORPORA"
	for file in "$dir"/twilio-webhooks/*.form "$dir"/whatsapp-webhooks*/*.json; do
		case ${file##*/} in
		status-*.form) hook=twilio/status ;;
		voice-status*) hook=twilio/call ;;
		voice-*) hook=twilio/voice ;;
		*.form) hook=twilio/sms ;;
		*) hook=whatsapp ;;
		esac
		spool "$hook" "$(cat "$file")"
		run -0 --separate-stderr omni-ingest --try webhook \
			<"$inbound/new/$names"
		jq -es 'length > 0 and all(.[]; .kind)' <<<"$output"
		n=$((n + 1))
	done
	[ "$n" -ge 43 ]
	# Those of SES come inside a notification.
	cat >>"$OMNI_CONF" <<-'END'

	[provider amazon]
	kind = ses
	region = us-east-1
	sns_topic = arn:aws:sns:us-east-1:1:t
	END
	for file in "$dir"/ses-events/*.json; do
		spool ses "$(jq -cn --rawfile message "$file" '{Type:
			"Notification", MessageId: "m-1", TopicArn:
			"arn:aws:sns:us-east-1:1:t", Timestamp:
			"2026-11-24T05:29:50.123Z", SignatureVersion: "2",
			Signature: "eA==", SigningCertURL:
			"https://sns.us-east-1.amazonaws.com/Sign.pem",
			Message: $message}')"
		run -0 --separate-stderr omni-ingest --try webhook \
			<"$inbound/new/$names"
		jq -es 'length > 0 and all(.[]; .kind and
			(.signature | startswith("not checked: ")))' \
			<<<"$output"
		n=$((n + 1))
	done
	[ "$n" -ge 58 ]
}
