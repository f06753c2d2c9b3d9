#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# What Amazon SES says through SNS: the CGI's answers, whose word the drain
# takes, and what it makes of it.
# Each test names the invariants of the design that it proves.

TOPIC=arn:aws:sns:us-east-1:123456789012:ses-events
HOST=https://sns.us-east-1.amazonaws.com

setup_file() {
	load helper
	load servers
	/usr/bin/python3 "$ROOT/tests/fake/snsd.py" keys "$BATS_FILE_TMPDIR"
}

setup() {
	load helper
	load servers
	make_ledger 2026-11-23T23:00:00Z
	unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY \
		NO_PROXY
	sed -i 's/^provider = maildir/provider = console/' "$OMNI_CONF"
	keep_console
	cat >>"$OMNI_CONF" <<-END

	[provider amazon]
	kind = ses
	region = us-east-1
	access_key_id = env:AWS_ACCESS_KEY_ID
	secret_access_key = env:AWS_SECRET_ACCESS_KEY
	timeout = 5s
	sns_topic = arn:aws:sns:eu-west-3:1:other, $TOPIC
	sns_certs = $BATS_FILE_TMPDIR/certs
	END
	export AWS_ACCESS_KEY_ID=simulator
	export AWS_SECRET_ACCESS_KEY=simulator-token
	server=
	inbound=$SITE/spool/inbound
	number=0
}

teardown() {
	stop_server
}

# envelope MESSAGE [JQ FILTER]: a notification, not signed yet
envelope() {
	jq -cn --arg message "$1" --arg topic "$TOPIC" --arg url "$HOST" \
		'{Type: "Notification", MessageId: "m-1", TopicArn: $topic,
		Subject: "Amazon SES Email Event Notification",
		Message: $message, Timestamp: "2026-11-23T22:59:50.123Z",
		SignatureVersion: "2", SigningCertURL: ($url + "/Sign.pem")} |
		'"${2-.}"
}

# confirmation [JQ FILTER]: what SNS asks first
confirmation() {
	envelope 'You have chosen to subscribe to the topic.' \
		'.Type = "SubscriptionConfirmation" | del(.Subject) |
		.Token = "2336412f37" | .SubscribeURL = "'"$HOST"'/?Action='"\
"'ConfirmSubscription&Token=2336412f37" | '"${1-.}"
}

# event KIND ID DETAIL [MAIL]: an event of SES's about the mail SES-ID
event() {
	jq -cn --arg kind "$1" --arg id "$2" --argjson detail "$3" \
		--argjson mail "${4-null}" '{eventType: $kind,
		mail: ({timestamp: "2026-11-23T22:50:00.000Z",
		messageId: ("ses-" + $id), destination: [$id + "@example.org"],
		tags: {ref: [$id + ".1"]}} + $mail)} + $detail'
}

bounce() {
	event Bounce "$1" '{"bounce":{"bounceType":"'"$2"'",
		"bounceSubType":"'"$3"'","bouncedRecipients":[{"emailAddress":
		"'"$1"'@example.org","action":"failed","status":"5.1.1",
		"diagnosticCode":"smtp; 550 5.1.1 nobody\u0007"}],
		"timestamp":"2026-11-23T22:55:00.000Z"}}'
}

sign() {
	/usr/bin/python3 "$ROOT/tests/fake/snsd.py" sign "$BATS_FILE_TMPDIR"
}

# cgi [ENV=VALUE]...: the CGI with $body
cgi() {
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/ses QUERY_STRING="" \
		CONTENT_TYPE='text/plain; charset=UTF-8' \
		CONTENT_LENGTH="$(wc -c <"$BATS_TEST_TMPDIR/body")" "$@" \
		omni-ingest <"$BATS_TEST_TMPDIR/body"
}

# post: envelopes, signed and sent
post() {
	local line
	sign >"$BATS_TEST_TMPDIR/signed"
	while IFS= read -r line; do
		body=$line
		cgi
		assert_line --index 0 $'Status: 200 OK\r'
	done <"$BATS_TEST_TMPDIR/signed"
}

# tell MESSAGE [JQ FILTER]: an event, each with an id of its own
tell() {
	number=$((number + 1))
	envelope "$1" ".MessageId = \"m-$number\" | ${2-.}" | post
}

drain() {
	run -0 --separate-stderr omni-ingest
	assert_equal "$stderr" ''
}

waiting() {
	find "$inbound/new" -type f 2>/dev/null | wc -l
}

# mails ID...: sent, by a provider that gives no id
mails() {
	jq -cn '$ARGS.positional[] | {id: ., channel: "email",
		account: "email", to: (. + "@example.org"), subject: "Su cita",
		text: "Hola", class: "alert", route: {},
		expires_at: "2026-11-30T00:00:00Z"}' --args "$@" |
		omni-queue -q
	run -0 omni-send-mail -q
}

# serve: SNS is played behind a proxy from here on; nothing else is trusted
serve() {
	fake=$BATS_TEST_TMPDIR/fake
	mkdir -p "$fake/www"
	cp "$BATS_FILE_TMPDIR"/tls.* "$fake"
	cp "$BATS_FILE_TMPDIR/certs/"* "$fake/www"
	sed -i -e '/^sns_certs/d' \
		-e "/^region = us-/a ca_file = $fake/tls.crt" "$OMNI_CONF"
	started "$BATS_TEST_TMPDIR/ready" /usr/bin/python3 \
		"$ROOT/tests/fake/snsd.py" serve "$fake"
	https_proxy=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/ready")
	export https_proxy
}

# asked: what the fake server was asked for
asked() {
	cat "$fake/log" 2>/dev/null || :
}

# ------------------------------------------------------------- front half

@test "an event of our topic is kept as it came, by POST alone (Inv. 2)" {
	body=$(envelope '{}' | sign)
	cgi
	assert_line --index 0 $'Status: 200 OK\r'
	assert_line --index 1 $'Content-Length: 0\r'
	assert_equal "$(tail -n 1 "$inbound"/new/*)" "$body"
	run -0 head -n 1 "$inbound"/new/*
	assert_output 'Hook: ses'
	cgi REQUEST_METHOD=GET
	assert_line --index 0 $'Status: 405 Method Not Allowed\r'
	assert_line $'Allow: POST\r'
	cgi PATH_INFO=/ses/
	assert_line --index 0 $'Status: 404 Not Found\r'
	assert_equal "$(waiting)" 1
	[ ! -e "$SITE/spool/certs" ]
}

@test "what cannot be SNS's is refused at once, nothing kept (Inv. 10, 11)" {
	local filter url
	while IFS= read -r filter; do
		body=$(envelope '{}' "$filter")
		cgi
		assert_equal "$filter ${lines[0]}" \
			"$filter "$'Status: 403 Forbidden\r'
		[ -n "$stderr" ]
	done <<-'END'
	.Type = "Other"
	del(.Type)
	.Type = 7
	del(.MessageId)
	.MessageId = "a\nb"
	.MessageId = ""
	del(.TopicArn)
	.TopicArn += "x"
	.TopicArn = "arn:aws:sns:us-east-1:123456789012:ses"
	del(.Message)
	.Message = {}
	del(.Timestamp)
	del(.SigningCertURL)
	.Type = "SubscriptionConfirmation"
	[.]
	END
	while IFS= read -r url; do
		body=$(envelope '{}' ".SigningCertURL = \"$url\"")
		cgi
		assert_equal "$url ${lines[0]}" "$url "$'Status: 403 Forbidden\r'
		assert_regex "$stderr" 'SigningCertURL: .*: no certificate of SNS'
	done <<-'END'
	http://sns.us-east-1.amazonaws.com/Sign.pem
	https://sns.us-east-1.amazonaws.com.evil.example/Sign.pem
	https://sns.us-east-1.amazonaws.com@evil.example/Sign.pem
	https://me@sns.us-east-1.amazonaws.com/Sign.pem
	https://sns.us-east-1.amazonaws.com:8443/Sign.pem
	https://sns.us-east-1.amazonaws.com.cn.evil/Sign.pem
	https://evil.example/sns.us-east-1.amazonaws.com/Sign.pem
	https://sns.evil.example/.amazonaws.com/Sign.pem
	https://sns..amazonaws.com/Sign.pem
	https://s3.us-east-1.amazonaws.com/Sign.pem
	https://sns.a.b.amazonaws.com/Sign.pem
	https://SNS.us-east-1.amazonaws.com/Sign.pem
	https://sns.us-east-1.amazonaws.com/Sign.pem?a=b
	https://sns.us-east-1.amazonaws.com/?Action=Get&x=.pem
	https://sns.us-east-1.amazonaws.com/#.pem
	https://sns.us-east-1.amazonaws.com/../Sign.pem
	https://sns.us-east-1.amazonaws.com/a/Sign.pem
	https://sns.us-east-1.amazonaws.com/.pem
	https://sns.us-east-1.amazonaws.com/Sign.crt
	https://sns.us-east-1.amazonaws.com
	END
	for url in http://sns.us-east-1.amazonaws.com/?Token=1 \
	    https://evil.example/ https://sns.us-east-1.amazonaws.com:80/; do
		body=$(confirmation ".SubscribeURL = \"$url\"")
		cgi
		assert_equal "${lines[0]}" $'Status: 403 Forbidden\r'
		assert_regex "$stderr" 'SubscribeURL: '
	done
	for body in '' '{' '[]' 'null' 'x=y'; do
		cgi
		assert_equal "$body ${lines[0]}" \
			"$body "$'Status: 403 Forbidden\r'
	done
	assert_equal "$(find "$inbound" -type f)" "$inbound/refused"
}

@test "256 KiB and no more, whatever max_body says (Inv. 9)" {
	local size
	envelope '{}' '.Message = "x" * 261000' | sign | tr -d '\n' \
		>"$BATS_TEST_TMPDIR/signed"
	size=$(wc -c <"$BATS_TEST_TMPDIR/signed")
	[ "$size" -le 262144 ]
	printf '%*s' $((262144 - size)) '' |
		cat "$BATS_TEST_TMPDIR/signed" - >"$BATS_TEST_TMPDIR/large"
	run -0 env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
		PATH_INFO=/ses CONTENT_LENGTH=262144 omni-ingest \
		-o ingest.max_body=100 <"$BATS_TEST_TMPDIR/large"
	assert_line --index 0 $'Status: 200 OK\r'
	cgi CONTENT_LENGTH=262145
	assert_line --index 0 $'Status: 413 Content Too Large\r'
	body='{"Type":'
	cgi CONTENT_LENGTH=9
	assert_line --index 0 $'Status: 400 Bad Request\r'
	drain
	assert_equal "$(jq -r '.applied + " " + (.title | length | tostring)' \
		<<<"$output")" 'ignored 499'
}

@test "ours is the fault: 503, and SNS tries again (Inv. 2)" {
	body=$(envelope '{}' | sign)
	sed -i /^sns_topic/d "$OMNI_CONF"
	cgi
	assert_line --index 0 $'Status: 503 Service Unavailable\r'
	assert_regex "$stderr" 'sns_topic'
	sed -i "/^kind = ses/a sns_topic = $TOPIC" "$OMNI_CONF"
	rm -r "$inbound"
	echo 'not a directory' >"$inbound"
	cgi
	assert_line --index 0 $'Status: 503 Service Unavailable\r'
}

# ------------------------------------------------------------- signature

@test "the corpus of SNS: both signatures hold, a changed byte does not (Inv. 2, 11)" {
	local corpus=$OMNI_CORPORA/wire/sns file certs=$BATS_TEST_TMPDIR/certs
	[ -r "$corpus/test-signing-cert.pem" ] || skip "no corpus at $corpus"
	mkdir "$certs"
	for file in 1 2; do
		cp "$corpus/test-signing-cert.pem" \
			"$certs/SimpleNotificationService-0000000000000000000000000000000$file.pem"
	done
	sed -i "s|^sns_certs.*|sns_certs = $certs|" "$OMNI_CONF"
	at 2026-11-20T18:00:30Z
	for file in "$corpus"/notification-*.json \
	    "$corpus"/subscription-*.json; do
		body=$(cat "$file")
		cgi
		assert_line --index 0 $'Status: 200 OK\r'
	done
	run -0 --separate-stderr omni-ingest
	# Version 1 and 2 are of one notification.
	assert_equal "$(jq -rs 'map([.kind, .applied, .status // .field //
		"-"] | join(" ")) | sort[]' <<<"$output")" \
		$'other ignored AmazonSnsSubscriptionSucceeded\nstatus duplicate bounced\nstatus unmatched bounced\nsubscription waiting -\nsubscription waiting -'
	body=$(cat "$corpus/bad-cert-host-v2.json")
	cgi
	assert_line --index 0 $'Status: 403 Forbidden\r'
	body=$(cat "$corpus/bad-message-changed-v2.json")
	cgi
	assert_line --index 0 $'Status: 200 OK\r'
	run -1 --separate-stderr omni-ingest
	assert_output ''
	run -0 cat "$inbound"/bad/*.reason
	assert_output 'Signature: missing or wrong'
	verified
}

@test "what is signed by nobody, otherwise, too late or too early goes to bad/ (Inv. 10, 11)" {
	local filter want
	mails m1
	while IFS='|' read -r want filter; do
		body=$(envelope "$(bounce m1 Permanent General)" | sign |
			jq -c "$filter")
		case $filter in
		*'# first') body=$(envelope "$(bounce m1 Permanent General)" \
			"$filter" | sign) ;;
		esac
		rm -rf "$inbound"/bad/*
		cgi
		assert_equal "$filter ${lines[0]}" "$filter "$'Status: 200 OK\r'
		run -1 --separate-stderr omni-ingest
		assert_output ''
		run -0 cat "$inbound"/bad/*.reason
		assert_output --partial "$want"
	done <<-'END'
	Signature: missing|del(.Signature)
	Signature: missing|.Signature = ""
	Signature: missing|.Signature |= .[1:]
	Signature: missing|.Signature = "AAAA"
	Signature: missing|.Message += " "
	Signature: missing|.MessageId = "m-2"
	Signature: missing|del(.Subject)
	Signature: missing|.Subject += "x"
	Signature: missing|.Timestamp = "2026-11-23T22:59:51.123Z"
	Signature: missing|.TopicArn = "arn:aws:sns:eu-west-3:1:other"
	Signature: missing|.SignatureVersion = "1"
	SignatureVersion|.SignatureVersion = "3"
	SignatureVersion|del(.SignatureVersion)
	was not valid|.SigningCertURL |= sub("Sign"; "Old")
	no certificate with|.SigningCertURL |= sub("Sign"; "Short")
	no certificate with|.SigningCertURL |= sub("Sign"; "None")
	more than 2 hours|.Timestamp = "2026-11-23T20:59:59Z" # first
	more than 2 hours|.Timestamp = "2026-11-24T01:00:01Z" # first
	not a time|.Timestamp = "yesterday" # first
	END
	assert_equal "$(sql 'SELECT count(*) FROM event')" 0
	# The topic was ours when it came.
	body=$(envelope '{}' | sign)
	cgi
	rm -rf "$inbound"/bad/*
	run -1 --separate-stderr omni-ingest \
		-o 'provider amazon.sns_topic=arn:aws:sns:eu-west-3:1:other'
	run -0 cat "$inbound"/bad/*.reason
	assert_output --partial 'TopicArn: '
	verified
}

@test "a certificate is fetched once, by https from that host, and kept" {
	serve
	mails m1 m2
	tell "$(event Send m1 '{"send":{}}')"
	tell "$(event Delivery m1 '{"delivery":{}}')" '.SignatureVersion = "1"'
	drain
	assert_equal "$(jq -r .status <<<"$output")" $'accepted\ndelivered'
	assert_equal "$(asked)" \
		'GET sns.us-east-1.amazonaws.com:443 /Sign.pem'
	run -0 find "$SITE/spool/certs" -type f -name '*.pem'
	assert_equal "${#lines[@]}" 1
	stop_server
	server=
	tell "$(event Send m2 '{"send":{}}')"
	drain
	assert_equal "$(jq -r .status <<<"$output")" accepted
	# Half of one is no certificate: it is fetched anew.
	: >"$(echo "$SITE"/spool/certs/*.pem)"
	tell "$(event Delivery m2 '{"delivery":{}}')"
	run -75 --separate-stderr omni-ingest
	assert_regex "$stderr" 'left for the next run'
	assert_equal "$(waiting)" 1
	verified
}

@test "no network: the file stays, the others go on; then it counts (Inv. 2, 10)" {
	serve
	mails m1
	tell "$(bounce m1 Permanent General)"
	tell "$(event Open m1 '{"open":{}}')"
	local good=$https_proxy
	https_proxy=http://127.0.0.1:$(free_port)
	run -75 --separate-stderr omni-ingest
	assert_output ''
	assert_equal "${#stderr_lines[@]}" 2
	assert_regex "${stderr_lines[0]}" 'inbound/new/.*: SigningCertURL: .*; left for the next run'
	assert_equal "${stderr_lines[1]}" \
		'omni-ingest: inbound: 2 files are left for the next run'
	assert_equal "$(waiting)" 2
	assert_equal "$(sql 'SELECT count(*) FROM event')" 0
	# A server in trouble, and one that is somebody else.
	https_proxy=$good
	echo '503 Service Unavailable' >"$fake/www/Sign.pem.status"
	run -75 --separate-stderr omni-ingest
	assert_regex "$stderr" 'the server says 503; left'
	rm "$fake/www/Sign.pem.status"
	run -75 --separate-stderr omni-ingest -o 'provider amazon.ca_file=/dev/null'
	assert_regex "$stderr" 'SigningCertURL: '
	assert_equal "$(waiting)" 2
	drain
	assert_equal "$(jq -r .status <<<"$output")" $'bounced\nread'
	verified
}

@test "a certificate that is not there, a redirect, a page and 65 KiB: bad/ (Inv. 9, 10)" {
	local name
	serve
	echo '302 Found' >"$fake/www/Moved.pem.status"
	head -c 70000 /dev/zero >"$fake/www/Large.pem"
	for name in Missing Moved None Large Short; do
		rm -rf "$inbound"/bad/*
		tell '{}' ".SigningCertURL |= sub(\"Sign\"; \"$name\")"
		run -1 --separate-stderr omni-ingest
		run -0 cat "$inbound"/bad/*.reason
		assert_output --partial 'SigningCertURL: '
	done
	assert_equal "$(asked | wc -l)" 5
	run -1 grep -v amazonaws.com "$fake/log"
	[ -z "$(find "$SITE/spool/certs" -type f)" ]
}

@test "a stranger's many certificates cost a few questions a run (Inv. 9)" {
	local i
	serve
	for ((i = 0; i < 12; i++)); do
		envelope '{}' ".SigningCertURL |= sub(\"Sign\"; \"No$i\")"
	done | post
	run -75 --separate-stderr omni-ingest
	assert_equal "$(asked | wc -l) $(waiting)" '8 4'
	run -1 --separate-stderr omni-ingest
	assert_equal "$(asked | wc -l) $(waiting)" '12 0'
}

# ---------------------------------------------------------------- events

@test "every sample of SES is understood (Inv. 2, 4, 7)" {
	local corpus=$OMNI_CORPORA/wire/ses-events file
	[ -d "$corpus" ] || skip "no corpus at $corpus"
	for file in "$corpus"/*.json; do
		number=$((number + 1))
		envelope "$(cat "$file")" ".MessageId = \"$(basename "$file" \
			.json)\""
	done | post
	for file in "$inbound"/new/*; do
		cp "$file" "$file.again"
	done
	drain
	assert_equal "$(jq -rs 'map(select(.applied != "duplicate") |
		[.raw_status // .field, .status // "-", .code // "-",
		.dead // "-"] | map(tostring) | join(" ")) | unique[]' \
		<<<"$output")" 'Bounce bounced Permanent.General true
Click read - -
Complaint complained Complaint -
Complaint complained Complaint.abuse -
Delivery delivered - -
DeliveryDelay accepted DeliveryDelay.TransientCommunicationFailure -
Open read - -
Reject failed Reject -
Rendering Failure failed RenderingFailure -
Send accepted - -
Subscription - - -'
	assert_equal "$(jq -rs 'map(.applied) | group_by(.) |
		map("\(.[0]) \(length)") | join(" ")' <<<"$output")" \
		'duplicate 15 ignored 2 unmatched 15'
	verified
}

@test "what each kind of bounce and complaint says of mail, address and person (Inv. 6, 10)" {
	local n=0 kind sub want last
	mails b1 b2 b3 b4 b5 b6 b7 b8 c1 c2 c3 d1
	while read -r kind sub want; do
		n=$((n + 1))
		tell "$(bounce "b$n" "$kind" "$sub")"
		drain
		last=$output
		assert_equal "$(jq -r .applied <<<"$last")" recorded
		run -0 sql "SELECT m.state, m.status, m.reason,
			coalesce(a.dead_reason, '-') FROM message m LEFT JOIN
			address a ON a.hash = m.hash WHERE m.id = 'b$n'"
		assert_output "failed|$want"
	done <<-'END'
	Permanent General bounced|Permanent.General|Permanent.General
	Permanent NoEmail bounced|Permanent.NoEmail|Permanent.NoEmail
	Permanent Suppressed failed|Permanent.Suppressed|-
	Permanent OnAccountSuppressionList failed|Permanent.OnAccountSuppressionList|Permanent.OnAccountSuppressionList
	Permanent Novelty bounced|Permanent.Novelty|-
	Transient MailboxFull failed|Transient.MailboxFull|-
	Transient General failed|Transient.General|-
	Undetermined Undetermined failed|Undetermined.Undetermined|-
	END
	assert_equal "$n" 8
	assert_equal "$(jq -r '[.mail_status, .title, .to, .at] | join("|")' \
		<<<"$last")" $'5.1.1|smtp; 550 5.1.1 nobody\a|b8@example.org|2026-11-23T22:55:00Z'
	tell "$(event Complaint c1 '{"complaint":{"complainedRecipients":
		[{"emailAddress":"c1@example.org"}],
		"complaintFeedbackType":"abuse"}}')"
	tell "$(event Complaint c2 '{"complaint":{"complainedRecipients":
		[{"emailAddress":"c2@example.org"}],
		"complaintFeedbackType":"not-spam"}}')"
	tell "$(event Complaint c3 '{"complaint":{"complaintSubType":
		"OnAccountSuppressionList","complainedRecipients":
		[{"emailAddress":"c3@example.org"}]}}')"
	# Passed on by d1 to somebody who is gone.
	tell "$(bounce d1 Permanent General | jq -c '.bounce
		.bouncedRecipients[0].emailAddress = "gone@example.net"')"
	drain
	assert_equal "$(jq -r '.applied' <<<"$output")" \
		$'recorded\nignored\nrecorded\nrecorded'
	assert_equal "$(sql "SELECT m.id, c.how, c.scope FROM consent c JOIN
		message m ON m.hash = c.hash WHERE c.state = 'out' ORDER BY 1")" \
		$'c1|complaint|all\nc3|provider|all'
	assert_equal "$(sql "SELECT id, state, status FROM message WHERE id IN
		('c1', 'c2', 'c3', 'd1') ORDER BY 1")" \
		$'c1|failed|complained\nc2|sent|accepted\nc3|failed|failed\nd1|failed|bounced'
	assert_equal "$(sql 'SELECT count(*) FROM address WHERE dead_at IS NOT
		NULL')" 3
	# Nobody is written to again there.
	jq -cn '{id: "again", channel: "email", account: "email",
		to: "b1@example.org", subject: "x", text: "y", class: "alert",
		route: {}, expires_at: "2026-11-30T00:00:00Z"}' |
		omni-queue -q || :
	run omni-send-mail -q
	run -0 sql "SELECT count(*) FROM attempt WHERE message = 'again'"
	assert_output 0
	verified
}

@test "120 orders of 5 events, each twice, end in the same row (Inv. 4, 5, 7)" {
	local ids=() n
	for ((n = 0; n < 120; n++)); do
		ids+=("p$n")
	done
	mails "${ids[@]}"
	/usr/bin/python3 - "$TOPIC" "$HOST/Sign.pem" <<-'PYTHON' \
		>"$BATS_TEST_TMPDIR/all"
	import itertools, json, sys
	kinds = [("Send", "send", 0), ("Delivery", "delivery", 1),
	    ("DeliveryDelay", "deliveryDelay", 2), ("Open", "open", 3),
	    ("Bounce", "bounce", 4)]
	for n, order in enumerate(itertools.permutations(kinds)):
	    for kind, member, at in order:
	        when = "2026-11-23T22:5%d:00.000Z" % at
	        event = {"eventType": kind, "mail": {"messageId": "ses-p%d" % n,
	            "timestamp": when, "destination": ["p%d@example.org" % n],
	            "tags": {"ref": ["p%d.1" % n]}}, member: {"timestamp": when,
	            "bounceType": "Transient", "bounceSubType": "General"}}
	        for _ in range(2):
	            print(json.dumps({"Type": "Notification", "MessageId":
	                "%d-%s" % (n, member), "TopicArn": sys.argv[1],
	                "Message": json.dumps(event), "Timestamp":
	                "2026-11-23T22:59:50.123Z", "SignatureVersion": "1",
	                "SigningCertURL": sys.argv[2]}))
	PYTHON
	/usr/bin/python3 "$ROOT/tests/fake/snsd.py" spool "$BATS_FILE_TMPDIR" \
		"$SITE/spool" "$OMNI_NOW" <"$BATS_TEST_TMPDIR/all"
	assert_equal "$(waiting)" 1200
	drain
	assert_equal "$(jq -rs 'map(.applied) | group_by(.) |
		map("\(.[0]) \(length)") | join(" ")' <<<"$output")" \
		'duplicate 600 recorded 600'
	run -0 sql 'SELECT DISTINCT state, status, reason, delivered_at,
		read_at, failed_at FROM message'
	assert_output 'sent|read|Transient.General|2026-11-23T22:51:00Z|2026-11-23T22:53:00Z|2026-11-23T22:54:00Z'
	assert_equal "$(sql 'SELECT count(*) FROM event')" 600
	verified
}

@test "an event before the response, and several recipients: one event each (Inv. 4)" {
	tell "$(event Delivery m1 '{"delivery":{"recipients":["a@example.org",
		"b@example.org"]}}' '{"tags":{"ref":["nobody.1"]}}')"
	drain
	assert_equal "$(jq -r '[.to, .key, .applied] | join(" ")' \
		<<<"$output")" $'a@example.org ses:m-1:0 unmatched\nb@example.org ses:m-1:1 unmatched'
	# No address is in a key, which stays when all else is erased.
	run -1 grep -a example.org "$SITE/spool/ledger.db"
	verified
}

@test "a plain sentence of SES's, odd JSON and half an emoji cost nothing (Inv. 2)" {
	mails m1
	tell 'Successfully validated SNS topic for Amazon SES event publishing.'
	tell '[]'
	tell '{"eventType":"Bounce"}'
	tell '{"eventType":"Bounce","mail":{"messageId":"a b"}}'
	tell "$(event Delivery m1 '{"delivery":{"smtpResponse":"x"}}' |
		sed 's/"x"/"\\ud83d \\u0000"/')"
	drain
	assert_equal "$(jq -r .applied <<<"$output")" \
		$'ignored\nignored\nignored\nignored\nrecorded'
	assert_equal "$(jq -r '.title // empty' <<<"$output")" \
		'Successfully validated SNS topic for Amazon SES event publishing.'
	verified
}

@test "an attempt in doubt at SES is settled by the tag of an event (Inv. 3)" {
	local sim=$BATS_TEST_TMPDIR/sim ready url id
	play "$sim"
	sed -i -e "/^region = us-/a base_url = $url" "$OMNI_CONF"
	sed -i '/^\[channel email/,/^$/{s/^provider = .*/provider = amazon/
		s/^doubt = .*/doubt = resend\ndoubt_grace = 1d/}' "$OMNI_CONF"
	faults '{"drop_after":1}'
	jq -cn '{id: "a-1.r1/2", channel: "email", account: "email",
		to: "ana@example.org", subject: "Su cita", text: "Hola",
		class: "alert", route: {},
		expires_at: "2026-11-30T00:00:00Z"}' | omni-queue -q
	run omni-send-mail -q
	assert_equal "$(states)" 'in_doubt 1'
	id=$(jq -r .id "$sim/accepted.ndjson")
	tell "$(jq -cn --arg id "$id" --arg ref "$(jq -r .reference \
		"$sim/accepted.ndjson")" '{eventType: "Send", send: {},
		mail: {messageId: $id, timestamp: "2026-11-23T22:50:00Z",
		destination: ["ana@example.org"], tags: {ref: [$ref]}}}')"
	drain
	assert_equal "$(jq -r '.reference + " " + .applied' <<<"$output")" \
		'a-1.r1/2.1 recorded'
	assert_equal "$(states)" 'sent 1'
	assert_equal "$(sql 'SELECT provider_id FROM attempt')" "$id"
	# An identity's notification has no tags: known by its id from here on.
	tell "$(jq -cn --arg id "$id" '{notificationType: "Delivery",
		mail: {messageId: $id, destination: ["ana@example.org"]},
		delivery: {timestamp: "2026-11-23T22:51:00Z"}}')"
	drain
	assert_equal "$(sql 'SELECT status FROM message')" delivered
	at 2026-11-25T00:00:00Z
	run omni-send-mail -q
	assert_equal "$(wc -l <"$sim/accepted.ndjson")" 1
	verified
}

# ---------------------------------------------------------- subscriptions

@test "a subscription waits for a person, who confirms it, once (Inv. 11)" {
	serve
	confirmation | post
	run -0 --separate-stderr omni-ingest
	assert_equal "$(jq -r '[.kind, .applied, .topic] | join(" ")' \
		<<<"$output")" "subscription waiting $TOPIC"
	assert_regex "$(jq -r .subscribe_url <<<"$output")" \
		"^$HOST/\\?Action=ConfirmSubscription&Token="
	assert_regex "$stderr" 'subscriptions/.*--confirm-subscriptions$'
	assert_equal "$(find "$inbound/subscriptions" -type f | wc -l)" 1
	drain
	assert_output ''
	assert_equal "$(asked)" 'GET sns.us-east-1.amazonaws.com:443 /Sign.pem'
	# Only for a topic that is still ours, and not for ever.
	run -1 --separate-stderr omni-ingest --confirm-subscriptions -o \
		'provider amazon.sns_topic=arn:aws:sns:eu-west-3:1:other'
	assert_regex "$stderr" 'TopicArn: .*; set aside in bad/'
	rm "$inbound"/bad/*.reason
	mv "$inbound"/bad/* "$inbound/subscriptions"
	# "/" is no file of the fake server: 404, as for a token of last week.
	rm "$fake/log"
	run -1 --separate-stderr omni-ingest --confirm-subscriptions
	assert_regex "$stderr" 'SubscribeURL: SNS says 404; set aside in bad/'
	assert_regex "$(asked)" 'GET .* /\?Action=ConfirmSubscription&Token='
	assert_equal "$(asked | wc -l)" 1
	# A new one, first while SNS is in trouble.
	: >"$fake/www/confirmed"
	confirmation '.MessageId = "m-2" | .SubscribeURL |= sub("/\\?"; "/confirmed?")' |
		post
	rm -f "$fake/log"
	echo '503 Unavailable' >"$fake/www/confirmed.status"
	run -75 --separate-stderr omni-ingest --confirm-subscriptions
	assert_regex "$stderr" 'SubscribeURL: SNS says 503; left for the next run'
	rm "$fake/www/confirmed.status" "$fake/log"
	run -0 --separate-stderr omni-ingest --confirm-subscriptions
	assert_equal "$stderr" ''
	assert_equal "$(jq -r '.kind + " " + .applied' <<<"$output")" \
		'subscription confirmed'
	assert_equal "$(asked | wc -l)" 1
	run -0 --separate-stderr omni-ingest --confirm-subscriptions
	assert_output ''
	assert_equal "$(asked | wc -l)" 1
	verified
}

@test "the end of a subscription is a flag for staff, once (Inv. 4, 10)" {
	confirmation '.Type = "UnsubscribeConfirmation"' | post
	cp "$(echo "$inbound"/new/*)" "$inbound/new/9"
	drain
	assert_equal "$(jq -r '[.kind, .applied, .action // "-"] | join(" ")' \
		<<<"$output")" $'unsubscription recorded flagged\nunsubscription duplicate -'
	assert_equal "$(sql 'SELECT kind, reason FROM open_flag')" \
		"unsubscribed|no more events of $TOPIC since 2026-11-23T22:59:50Z"
	verified
}

@test "only a subscription is confirmed, whatever lies there (Inv. 10, 11)" {
	mkdir -p "$inbound/subscriptions"
	envelope '{}' | post
	mv "$inbound"/new/* "$inbound/subscriptions/1"
	confirmation '.Type = "UnsubscribeConfirmation"' | post
	mv "$inbound"/new/* "$inbound/subscriptions/2"
	printf 'Hook: whatsapp\n\n{"entry":[]}' >"$inbound/subscriptions/3"
	echo x >"$inbound/subscriptions/4"
	run -1 --separate-stderr omni-ingest --confirm-subscriptions
	assert_output ''
	assert_equal "${#stderr_lines[@]}" 4
	assert_equal "$(cat "$inbound/bad/2.reason")" \
		'Type: not SubscriptionConfirmation'
	assert_equal "$(find "$inbound/bad" -name '*.reason' | wc -l)" 4
}

@test "--cgi confirms nothing, and nothing to confirm is no matter" {
	run -64 omni-ingest --cgi --confirm-subscriptions
	run -0 --separate-stderr omni-ingest --confirm-subscriptions
	assert_output ''
	assert_equal "$stderr" ''
}

# ---------------------------------------------------------------- crashes

@test "the drain is killed at any write: each event once (Inv. 2, 4, 7)" {
	local spot
	need_strace
	mails m1
	tell "$(event Send m1 '{"send":{}}')"
	tell "$(bounce m1 Permanent General)"
	confirmation '.MessageId = "m-9"' | post
	cp -R "$SITE" "$BATS_TEST_TMPDIR/before"
	find_spots 'pwrite64 fdatasync unlinkat mkdirat renameat' omni-ingest -q
	[ "${#spots[@]}" -gt 0 ]
	for spot in "${spots[@]}"; do
		rm -rf "$SITE"
		cp -R "$BATS_TEST_TMPDIR/before" "$SITE"
		kill_at "$spot" omni-ingest -q
		run -0 omni-ingest -q
		assert_equal "$(sql 'SELECT count(*) FROM event')" 2
		assert_equal "$(sql 'SELECT status FROM message')" bounced
		assert_equal "$(find "$inbound/subscriptions" -type f |
			wc -l) $(waiting)" '1 0'
		run -0 omni-ledger verify -q
	done
}
