#!/usr/bin/env bats
# Mail through a real Postfix of the test's own, into a Maildir, and back.
# shellcheck disable=SC2034	# stop_server reads server
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

DAEMONS=/usr/lib/postfix/sbin

setup() {
	load helper
	make_ledger 2026-11-23T23:00:00Z
	export PATH=$PATH:/usr/sbin
	postfix=
	[ "$(id -u)" -eq 0 ] || skip 'Postfix starts for root alone'
	[ -x "$DAEMONS/master" ] || skip 'postfix is not installed'
	# Its daemons, which are not root, must get there.
	home=$(mktemp -d /tmp/omni-postfix.XXXXXX)
	chmod 755 "$home"
	start_postfix
	sed -i 's/^provider = maildir/provider = relay/' "$OMNI_CONF"
	printf '%s\n' '' '[provider relay]' 'kind = smtp' 'host = localhost' \
		"port = $port" 'tls = starttls' "ca_file = $home/etc/ca.pem" \
		>>"$OMNI_CONF"
}

teardown() {
	[ -z "$postfix" ] || /usr/sbin/postfix -c "$home/etc" stop 2>/dev/null ||
		/usr/sbin/postfix -c "$home/etc" abort
	[ -z "${home-}" ] || rm -rf "$home"
}

# certificate: for localhost, of an authority of its own
certificate() (
	cd "$home/etc" || exit
	openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=Test \
		-keyout ca.key -out ca.pem
	openssl req -new -newkey rsa:2048 -nodes -subj /CN=localhost \
		-keyout key.pem -out cert.csr
	echo subjectAltName=DNS:localhost >extensions
	openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -days 9 \
		-CAcreateserial -extfile extensions -out cert.pem
) 2>/dev/null

settings() {
	cat >"$home/etc/main.cf" <<-END
	compatibility_level = 3.6
	queue_directory = $home/queue
	data_directory = $home/data
	command_directory = /usr/sbin
	daemon_directory = $DAEMONS
	mail_owner = postfix
	setgid_group = postdrop
	myhostname = localhost
	mydestination =
	mynetworks = 127.0.0.0/8
	inet_interfaces = loopback-only
	inet_protocols = ipv4
	virtual_mailbox_domains = example.org
	virtual_mailbox_base = $home/box
	virtual_mailbox_maps = static:all/
	virtual_uid_maps = static:$(id -u nobody)
	virtual_gid_maps = static:$(id -g nobody)
	virtual_alias_maps =
	alias_maps =
	smtpd_tls_security_level = encrypt
	smtpd_tls_cert_file = $home/etc/cert.pem
	smtpd_tls_key_file = $home/etc/key.pem
	smtpd_recipient_restrictions = check_recipient_access
	    inline:{{grey@example.org=450 4.7.1 Greylisted}}, permit_mynetworks, reject
	message_size_limit = 20000
	maillog_file = $home/log
	maillog_file_prefixes = $home
	multi_instance_name = postfix-omni-test
	END
	cat >"$home/etc/master.cf" <<-END
	127.0.0.1:$port inet n - n - - smtpd
	pickup unix n - n 1 1 pickup
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	tlsmgr unix - - n 1000? 1 tlsmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	proxymap unix - - n - - proxymap
	error unix - - n - - error
	retry unix - - n - - error
	virtual unix - n n - - virtual
	anvil unix - - n - 1 anvil
	postlog unix-dgram n - n - 1 postlogd
	END
}

listens() {
	# shellcheck disable=SC2188	# to connect is all
	(: 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# start_postfix: on $port, with the Maildir $home/box/all
start_postfix() {
	local i
	mkdir "$home/etc" "$home/queue" "$home/data" "$home/box"
	chown nobody "$home/box"
	chown postfix "$home/data"
	certificate
	port=$(free_port)
	settings
	/usr/sbin/postfix -c "$home/etc" start 3>&- 2>"$home/start" || {
		cat "$home/start"
		return 1
	}
	postfix=yes
	for ((i = 0; i < 200; i++)); do
		! listens || return 0
		sleep 0.05
	done
	cat "$home/log"
	return 1
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

# delivered COUNT: waits until so many mails are in the Maildir
delivered() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(find "$home/box/all/new" -type f 2>/dev/null | wc -l)" \
			-lt "$1" ] || return 0
		sleep 0.05
	done
	cat "$home/log"
	return 1
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
