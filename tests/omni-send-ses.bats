#!/usr/bin/env bats
# Mail through Amazon SES, against the simulator, which checks each signature.
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	load servers
	make_ledger 2026-11-23T23:00:00Z
	server=
	sim=$BATS_TEST_TMPDIR/sim
	export AWS_ACCESS_KEY_ID=simulator
	export AWS_SECRET_ACCESS_KEY=simulator-token
	unset http_proxy https_proxy all_proxy no_proxy ALL_PROXY NO_PROXY
	sed -i 's/^provider = maildir/provider = amazon/' "$OMNI_CONF"
	printf '%s\n' '' '[provider amazon]' 'kind = ses' \
		'region = us-east-1' 'access_key_id = env:AWS_ACCESS_KEY_ID' \
		'secret_access_key = env:AWS_SECRET_ACCESS_KEY' \
		'timeout = 2s' >>"$OMNI_CONF"
}

teardown() {
	stop_server
}

# simulate [OPTION]...: SES is played from here on
simulate() {
	play "$sim" "$@"
	sed -i -e '/^base_url/d' -e "/^region = us-/a base_url = $url" "$OMNI_CONF"
}

# queue COUNT [JQ]: m1 to mCOUNT
queue() {
	jq -cn --argjson n "$1" 'range(1; $n + 1) | {id: "m\(.)",
		channel: "email", account: "email", to: "m\(.)@example.org",
		subject: "Su cita de mañana \(.)", text: "Hola, Begoña: \(.).",
		html: "<p>Hola, Begoña &amp; Luna: \(.).</p>",
		class: "alert", route: {},
		expires_at: "2026-12-30T00:00:00Z"} | '"${2-.}" | omni-queue -q
}

accepted() {
	wc -l <"$sim/accepted.ndjson"
}

@test "SES: signed, each mail once, as it was made, with SES's id in the ledger" {
	simulate
	queue 20
	run -0 --separate-stderr omni-send-mail
	assert_equal "${#lines[@]}" 20
	assert_equal "$stderr" ''
	assert_equal "$(states)" 'sent 20'
	assert_equal "$(accepted)" 20
	assert_equal "$(jq -r .reference "$sim/accepted.ndjson" | sort -V |
		head -n 2)" $'m1.1\nm2.1'
	run -0 diff <(jq -r .id "$sim/accepted.ndjson" | sort) \
		<(sql 'SELECT provider_id FROM attempt' | sort)
	run -0 /usr/bin/python3 - "$sim" <<-'PYTHON'
	import email, email.policy, json, sys
	to = set()
	for line in open(sys.argv[1] + "/accepted.ndjson"):
	    m = json.loads(line)
	    data = open(sys.argv[1] + "/" + m["body"], "rb").read()
	    mail = email.message_from_bytes(data, policy=email.policy.strict)
	    n = m["to"].split("@")[0][1:]
	    assert data.count(b"\n") == data.count(b"\r\n")
	    assert mail["To"] == m["to"], mail["To"]
	    assert m["from"] == "citas@clinic.example", m["from"]
	    assert mail["Subject"] == "Su cita de mañana " + n, mail["Subject"]
	    assert mail.get_body(("plain",)).get_content().strip() == \
	        "Hola, Begoña: %s." % n
	    assert "Begoña &amp; Luna: %s." % n in \
	        mail.get_body(("html",)).get_content()
	    to.add(m["to"])
	assert len(to) == 20
	PYTHON
	run -0 jq -rs 'map(.json | [.FromEmailAddress,
		(.Destination.ToAddresses | length)] | join(" ")) | unique[]' \
		"$sim/requests.ndjson"
	assert_output 'citas@clinic.example 1'
	verified
}

@test "SES: a session's token, a configuration set, and a region of its own" {
	export AWS_SESSION_TOKEN='tok/en+with=chars'
	simulate -o aws_session_token="$AWS_SESSION_TOKEN"
	queue 1
	run -78 omni-send-mail -q
	assert_output --partial 'The security token included in the request is invalid'
	run -0 omni-send-mail -q \
		-o 'provider amazon.session_token=env:AWS_SESSION_TOKEN' \
		-o 'provider amazon.configuration_set=events' \
		-o 'provider amazon.region=eu-west-3'
	assert_equal "$(states)" 'sent 1'
	run -0 jq -r 'select(.status == 200) | .json.ConfigurationSetName' \
		"$sim/requests.ndjson"
	assert_output events
}

@test "SES: the longest mail that a record can hold is signed and sent as any other" {
	simulate
	queue 1 '.text = "ñ" * 60000 | .html = "<p>" + .text + "</p>"'
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 1'
	run -0 wc -c "$sim/$(jq -r .body "$sim/accepted.ndjson")"
	assert [ "${output%% *}" -gt 300000 ]
}

@test "SES: wrong keys: 78, one clear line, nothing has failed, no secret anywhere (Inv. 11)" {
	simulate
	queue 3
	AWS_SECRET_ACCESS_KEY=wr0ngSecretOf32LettersAndDigits99 \
		run -78 --separate-stderr omni-send-mail -q
	assert_equal "${#stderr_lines[@]}" 1
	assert_regex "$stderr" 'channel email: ses: [^ ]+: The request signature we calculated does not match'
	AWS_ACCESS_KEY_ID=NOBODY run -78 --separate-stderr omni-send-mail -q
	assert_regex "$stderr" 'security token included in the request is invalid'
	assert_equal "$(states)" 'queued 3'
	assert_equal "$(accepted)" 0
	run -0 --separate-stderr omni-send-mail -n
	assert_equal "$(jq -r .request.authorization <<<"${lines[0]}")" \
		'AWS4-HMAC-SHA256 ***'
	refute_output --partial simulator-token
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 3'
	run -1 grep -raE 'simulator-token|wr0ngSecret' "$SITE"
}

@test "SES: keys that are missing are named before anything is sent" {
	simulate
	queue 1
	run -78 omni-send-mail -o 'provider amazon.access_key_id=env:NOTHING'
	assert_output --partial NOTHING
	run -78 omni-send-mail -o 'provider amazon.region=US EAST'
	assert_output --partial '[provider amazon] region: not like us-east-1'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 0
}

@test "SES: what its errors do to the message and the channel" {
	simulate --answer m1@example.org=40001 --answer m2@example.org=40007 \
		--answer m3@example.org=42901
	queue 4
	run -0 omni-send-mail -q
	assert_equal "$(state m1)" 'failed|refused'
	assert_equal "$(state m2)" 'queued|to be tried again'
	assert_equal "$(state m3)" 'queued|to be tried again'
	assert_equal "$(state m4)" 'sent|'
	assert_equal "$(sql "SELECT group_concat(code, ' ') FROM (SELECT code
		FROM attempt WHERE code IS NOT NULL ORDER BY message)")" \
		'MessageRejected Throttling TooManyRequests'
}

@test "SES: suspended, paused, not verified, not found: set-up, 78, all waits" {
	local code
	simulate
	queue 2
	for code in 40002 40003 40004 40005 40301 40302 40401; do
		curl -sS -o /dev/null -d "{\"answers\":
			{\"m1@example.org\":$code,\"m2@example.org\":$code}}" \
			"$url/_control"
		run -78 omni-send-mail -q
		assert_output --partial 'nothing more is sent until this is mended'
		assert_equal "$code $(states)" "$code queued 2"
	done
	assert_equal "$(accepted)" 0
}

@test "SES: the quota of the day is used up: hours later, and not a request for each" {
	local answers
	answers=$(jq -nc '[range(1; 31) | {key: "m\(.)@example.org",
		value: 40006}] | from_entries')
	simulate
	queue 30
	curl -sS -o /dev/null -d "{\"answers\":$answers}" "$url/_control"
	run -75 omni-send-mail -q -o 'channel email.connections=1'
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 6
	assert_equal "$(sql "SELECT min(due_at) FROM message WHERE reason =
		'to be tried again'")" 2026-11-24T03:00:00Z
	assert_equal "$(states)" 'queued 30'
}

@test "SES: a lost answer is in doubt; after the grace it is the policy's, and told (Inv. 3)" {
	local fault
	simulate
	for fault in drop_after timeout_after error_500_after malformed half \
	    huge drop_before; do
		at 2026-11-23T23:00:00Z
		rm -f "$SITE"/spool/ledger.db*
		omni-ledger init
		: >"$sim/accepted.ndjson"
		queue 1
		faults "{\"$fault\":1}"
		run omni-send-mail -q
		assert_equal "$fault $(states)" "$fault in_doubt 1"
		faults null
		at 2026-11-23T23:14:59Z
		run -0 omni-send-mail -q
		assert_equal "$fault $(states)" "$fault in_doubt 1"
		at 2026-11-23T23:15:00Z
		run -0 omni-send-mail -q
		assert_equal "$fault $(states)" "$fault sent 1"
		assert_equal "$(sql 'SELECT number, outcome FROM attempt')" \
			$'1|unknown\n2|accepted'
		assert_equal "$(jq -r .reference "$sim/accepted.ndjson" |
			tail -n 1)" m1.2
	done
	verified
}

@test "SES: a connection that ends in the second request on it: nothing is sent twice (Inv. 3)" {
	simulate
	queue 10
	run -0 omni-send-mail -q -o 'channel email.connections=1'
	queue 8 '.id = "t" + .id | .to = "t" + .to'
	faults '{"drop_after":0.5}'
	run omni-send-mail -q -o 'channel email.connections=1' \
		-o 'channel email.doubt=flag'
	assert_equal "$(accepted)" 18
	run -0 jq -s 'group_by(.to) | map(length) | max' "$sim/accepted.ndjson"
	assert_output 1
}

@test "the simulator checks the signature: the vectors of the reference" {
	local vectors=$OMNI_CORPORA/wire/ses-sigv4-vectors.json host
	[ -r "$vectors" ] || skip "no corpus at $vectors"
	started "$BATS_TEST_TMPDIR/ready" env OMNI_NOW=2026-01-05T12:00:00Z \
		omni-simulator -o aws_access_key_id=AKIDEXAMPLE -o \
		aws_secret_access_key=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
	url=$(jq -r .http "$BATS_TEST_TMPDIR/ready")
	host=email.us-east-1.amazonaws.com
	# asks N BODY [HEADER]...: what the N-th vector's request is answered with
	asks() {
		local n=$1 body=$2
		shift 2
		jq -j ".vectors[$n].$body" "$vectors" >"$BATS_TEST_TMPDIR/body"
		curl -sS -w ' %{http_code}' -H "Host: $host" \
			-H "Authorization: $(jq -r ".vectors[$n].authorization" \
			"$vectors")" -H 'Content-Type: application/json' \
			-H 'X-Amz-Date: 20260105T120000Z' "$@" \
			--data-binary "@$BATS_TEST_TMPDIR/body" \
			"$url/v2/email/outbound-emails"
	}
	# It is signed right, and is no mail.
	run -0 asks 0 body
	assert_output --partial 'Content is missing'
	run -0 asks 0 name
	assert_output --partial 'does not match the signature you provided'
	assert_output --regexp ' 403$'
	run -0 asks 0 body -H 'X-Amz-Content-Sha256: 0'
	assert_output --regexp 'does not match.* 403$'
	run -0 asks 1 body
	assert_output --regexp 'does not match.* 403$'
	stop_server
	server=
	# The second one has a token.
	started "$BATS_TEST_TMPDIR/ready" env OMNI_NOW=2026-01-05T12:04:00Z \
		omni-simulator -o aws_session_token=tok -o aws_access_key_id=AKIDEXAMPLE -o \
		aws_secret_access_key=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
	url=$(jq -r .http "$BATS_TEST_TMPDIR/ready")
	run -0 asks 1 body -H 'X-Amz-Security-Token: tok'
	assert_output --partial 'Content is missing'
	run -0 asks 1 body -H 'X-Amz-Security-Token: other'
	assert_output --partial 'security token included in the request is invalid'
}

@test "the simulator: a signature of more than five minutes ago, or of another key" {
	local vectors=$OMNI_CORPORA/wire/ses-sigv4-vectors.json sign
	simulate
	sign="--aws-sigv4 aws:amz:us-east-1:ses"
	# shellcheck disable=SC2086	# two words
	run -0 curl -sS $sign --user simulator:simulator-token -H \
		'X-Amz-Date: 20260105T120000Z' -d '{}' \
		"$url/v2/email/outbound-emails"
	assert_output --partial 'Signature expired'
	# shellcheck disable=SC2086
	run -0 curl -sS ${sign/ses/sns} --user simulator:simulator-token \
		-d '{}' "$url/v2/email/outbound-emails"
	assert_output --partial 'does not match the signature'
	# shellcheck disable=SC2086
	run -0 curl -sS $sign --user simulator:simulator-token \
		-H 'Content-Type: application/json' -d '{"FromEmailAddress":
		"a@b.example","Destination":{"ToAddresses":["c@d.example"]},
		"Content":{"Raw":{"Data":"no base64!"}}}' \
		"$url/v2/email/outbound-emails"
	assert_output --partial 'Content.Raw.Data is no base64'
}
