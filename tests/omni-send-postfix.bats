#!/usr/bin/env bats
# Mail through a real Postfix of the test's own, into a Maildir, and back.
# shellcheck disable=SC2154	# postfix.bash sets home and port
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	load postfix
	make_ledger 2026-11-23T23:00:00Z
	start_postfix maildir
	sed -i 's/^provider = maildir/provider = relay/' "$OMNI_CONF"
	printf '%s\n' '' '[provider relay]' 'kind = smtp' 'host = localhost' \
		"port = $port" 'tls = starttls' "ca_file = $home/etc/ca.pem" \
		>>"$OMNI_CONF"
}

teardown() {
	stop_postfix
}

# queue COUNT
queue() {
	jq -cn --argjson n "$1" 'range(1; $n + 1) | {id: "m\(.)",
		channel: "email", account: "email", to: "m\(.)@example.org",
		subject: "Su cita de mañana, número \(.)",
		text: ".\n..\nHola, Begoña: \(.).\nFrom aquí\n",
		html: "<p>Hola, <b>Begoña</b> &amp; Luna: \(.).</p>",
		class: "alert", route: {},
		expires_at: "2026-11-30T00:00:00Z"}' | omni-queue -q
}

# read_back COUNT: each mail is there exactly once, as it was meant
read_back() {
	delivered "$1"
	run -0 /usr/bin/python3 - "$1" "$home"/box/all/new/* <<-'PYTHON'
	import email, email.policy, sys
	seen, ids = [], set()
	for name in sys.argv[2:]:
	    with open(name, "rb") as f:
	        mail = email.message_from_binary_file(f,
	            policy=email.policy.strict)
	    to = mail["To"].addresses[0].addr_spec
	    n = to.split("@")[0][1:]
	    assert mail["X-Original-To"] == to or mail["Delivered-To"] == to
	    assert mail["Return-Path"] == "<citas@clinic.example>"
	    assert mail["Subject"] == "Su cita de mañana, número " + n
	    text = mail.get_body(("plain",)).get_content()
	    assert text == ".\n..\nHola, Begoña: %s.\nFrom aquí\n" % n, text
	    html = mail.get_body(("html",)).get_content().strip()
	    assert html == "<p>Hola, <b>Begoña</b> &amp; Luna: %s.</p>" % n, html
	    seen.append(n)
	    ids.add(str(mail["Message-ID"]))
	assert sorted(seen, key=int) == \
	    [str(i + 1) for i in range(int(sys.argv[1]))], seen
	assert len(ids) == len(seen)
	PYTHON
}

@test "Postfix: 50 mails over STARTTLS, read back from its Maildir, each exactly once (Inv. 2, 3)" {
	queue 50
	run -0 omni-send-mail -q
	assert_output ''
	assert_equal "$(states)" 'sent 50'
	read_back 50
	run -0 omni-send-mail -q
	read_back 50
	# One connection is that of the test itself.
	assert [ "$(grep -c ' connect from ' "$home/log")" -le 9 ]
	assert_equal "$(sql "SELECT count(*) FROM attempt a JOIN content b ON
		b.key = a.response WHERE b.body LIKE '250 2.0.0 Ok: queued as %'")" \
		50
	run -0 omni-ledger verify
}

@test "Postfix: greylisted, too large, and without TLS" {
	jq -cn '{id: "grey", channel: "email", account: "email",
		to: "grey@example.org", subject: "x", text: "x",
		class: "alert", route: {}, expires_at: "2026-11-30T00:00:00Z"},
		{id: "big", channel: "email", account: "email",
		to: "big@example.org", subject: "x", text: ("x" * 30000),
		class: "alert", route: {}, expires_at: "2026-11-30T00:00:00Z"},
		{id: "good", channel: "email", account: "email",
		to: "good@example.org", subject: "x", text: "x",
		class: "alert", route: {}, expires_at: "2026-11-30T00:00:00Z"}' |
		omni-queue -q
	run -0 omni-send-mail -q -o 'channel email.connections=1'
	assert_output --regexp 'big: attempt 1: refused: 552 5.3.4 the mail has [0-9]+ bytes, and \[provider relay\] localhost:[0-9]+ takes at most 20000'
	assert_output --regexp 'grey: attempt 1: later: 450 4.7.1 .*Greylisted'
	assert_equal "$(states)" 'failed 1 queued 1 sent 1'
	at 2026-11-23T23:10:00Z
	run -78 omni-send-mail -q -o 'provider relay.tls=none'
	assert_output --partial '530 5.7.0 Must issue a STARTTLS command first'
	assert_equal "$(states)" 'failed 1 queued 1 sent 1'
	delivered 1
}

@test "Postfix: 20 mails through its sendmail(1), read back, each exactly once" {
	printf '#!/bin/sh\nexec /usr/sbin/sendmail -C %s "$@"\n' \
		"$home/etc" >"$SITE/sendmail"
	chmod 755 "$SITE/sendmail"
	sed -i 's/^provider = relay/provider = mta/' "$OMNI_CONF"
	printf '%s\n' '' '[provider mta]' 'kind = sendmail' \
		'path = ../sendmail' >>"$OMNI_CONF"
	queue 20
	run -0 omni-send-mail -q
	assert_output ''
	assert_equal "$(states)" 'sent 20'
	read_back 20
}

@test "Postfix: what its sendmail(1) does not take is tried later, and is not there" {
	printf '#!/bin/sh\nexec /usr/sbin/sendmail -C %s "$@"\n' \
		"$home/etc" >"$SITE/sendmail"
	chmod 755 "$SITE/sendmail"
	sed -i 's/^provider = relay/provider = mta/' "$OMNI_CONF"
	printf '%s\n' '' '[provider mta]' 'kind = sendmail' \
		'path = ../sendmail' >>"$OMNI_CONF"
	queue 1
	/usr/sbin/postconf -c "$home/etc" message_size_limit=500
	run -0 omni-send-mail -q
	assert_output --partial 'm1: attempt 1: later: '
	assert_equal "$(states)" 'queued 1'
	/usr/sbin/postconf -c "$home/etc" message_size_limit=20000
	at 2026-11-23T23:10:00Z
	run -0 omni-send-mail -q
	assert_equal "$(states)" 'sent 1'
	read_back 1
}
