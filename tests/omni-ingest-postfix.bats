#!/usr/bin/env bats
# Mail that a real Postfix, or procmail, hands to omni-ingest: by the transport
# of share/server/postfix-master.cf, by share/server/forward, by an alias.
# shellcheck disable=SC2154	# postfix.bash sets home and port
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be

setup() {
	load helper
	load postfix
	make_ledger 2026-11-23T23:00:00Z
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	sed -i '/^reply_to/a bounce_domain = bounces.clinic.example' \
		"$OMNI_CONF"
	printf '\n[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	make_home
	mkdir "$home/bin" "$home/spool"
	install -m 755 "$ROOT/bin/omni-ingest" "$home/bin/real"
	printf '[paths]\nspool = %s/spool\n' "$home" >"$home/omni.conf"
	put_wrapper
}

teardown() {
	stop_postfix
}

# put_wrapper: what is started; while there is a file $home/full, the disk has
# no room for what is synced; strace's way of saying so is a forbidden call
put_wrapper() {
	cat >"$home/bin/omni-ingest" <<-END
	#!/bin/sh
	ASAN_OPTIONS=detect_leaks=0; export ASAN_OPTIONS
	[ ! -e $home/full ] || exec strace -f -o /dev/null \
		-e trace=fsync,fdatasync -e inject=fsync,fdatasync:error=ENOSPC \
		$home/bin/real -c $home/omni.conf -o ingest.confine=no "\$@"
	exec $home/bin/real -c $home/omni.conf "\$@"
	END
	chmod 755 "$home/bin/omni-ingest"
}

# shipped FILE: as it stands in share/server, for these paths and this user
shipped() {
	grep -v '^#' "$ROOT/share/server/$1" |
		sed "s|/usr/local/bin|$home/bin|; s|user=omni|user=nobody|"
}

programs_settings() {
	cat <<-END
	myhostname = mx.clinic.example
	mydestination = clinic.example
	recipient_delimiter = +
	alias_maps = hash:$home/etc/aliases
	alias_database = hash:$home/etc/aliases
	local_recipient_maps =
	forward_path = $home/forward
	allow_mail_to_commands = alias, forward
	smtpd_recipient_restrictions = permit_mynetworks, reject
	minimal_backoff_time = 1s
	maximal_backoff_time = 1s
	queue_run_delay = 1s
	END
	sed -n 's/^#	//p' "$ROOT/share/server/postfix-master.cf" | grep "="
}

programs_services() {
	cat <<-END
	flush unix n - n 1000? 0 flush
	showq unix n - n - - showq
	local unix - n n - - local
	END
	shipped postfix-master.cf
}

programs_files() {
	chown nobody "$home/spool"
	printf 'citas: "|%s/bin/omni-ingest --mail"\n' "$home" \
		>"$home/etc/aliases"
	postalias -c "$home/etc" "hash:$home/etc/aliases"
	# Its programs run as the owner of the file.
	chown nobody "$home"/etc/aliases*
	shipped forward >"$home/forward"
	chown nobody "$home/forward"
}

# mail_to RECIPIENT SENDER: the file $home/mail
mail_to() {
	curl -sS --max-time 60 --mail-from "$2" --mail-rcpt "$1" \
		--upload-file "$home/mail" "smtp://127.0.0.1:$port/there.example"
}

# spooled COUNT: waits until so many mails are in the spool
spooled() {
	wait_for has_files "$home/spool/inbound/new" -eq "$1"
}

# logged TEXT: waits until it is in the log
logged() {
	wait_for grep -q "$1" "$home/log"
}

# drain: as the spool's owner; root leaves another's alone
drain() {
	local owner
	owner=$(stat -c %u "$home/spool")
	chown -R root "$home/spool"
	run -0 --separate-stderr omni-ingest -o "paths.spool=$home/spool"
	chown -R "$owner" "$home/spool"
	# shellcheck disable=SC2154	# run(1) of bats sets it
	assert_equal "$stderr" ''
}

# ask_ana: a mail to Ana, sent; $token and $message
ask_ana() {
	jq -cn '{id: "A-1", type: "appointment", at: "2026-11-24T10:30",
		contact: {id: "c1", name: "Ana", email: "ana@example.net"},
		vars: {owner_name: "Ana", pet_name: "Luna"}}' |
		omni-schedule -q
	run omni-run
	[ "$status" -le 1 ]
	message=$(sql "SELECT id FROM message WHERE channel_type = 'email'")
	token=$(sql "SELECT token FROM attempt WHERE message = '$message'")
	[ "${#token}" -eq 26 ]
}

bounce() {
	cat >"$home/mail" <<-'END'
	From: MAILER-DAEMON@there.example
	Subject: Undelivered Mail Returned to Sender
	Message-ID: <b1@there.example>
	MIME-Version: 1.0
	Content-Type: multipart/report; report-type=delivery-status; boundary=b

	--b
	Content-Type: message/delivery-status

	Reporting-MTA: dns; there.example

	Final-Recipient: rfc822; ana@example.net
	Action: failed
	Status: 5.1.1
	--b--
	END
}

answer() {
	printf '%s\n' 'From: Ana <ana@example.net>' "Message-ID: <$RANDOM@x.example>" \
		'Date: Mon, 23 Nov 2026 22:59:00 +0000' '' "$1" >"$home/mail"
}

@test "Postfix's transport: a bounce to the token's address ends it (Inv. 6)" {
	start_postfix programs
	ask_ana
	bounce
	mail_to "bounce+$token@bounces.clinic.example" ''
	spooled 1
	run -0 sed '/^$/q' "$home"/spool/inbound/new/*
	assert_line "Recipient: bounce+$token@bounces.clinic.example"
	assert_line --regexp '^Sender: *$'
	drain
	assert_equal "$(jq -r '.status + " " + .applied' <<<"$output")" \
		'bounced recorded'
	assert_equal "$(sql "SELECT count(*) FROM address WHERE dead_at
		IS NOT NULL")" 1
}

@test "Postfix: an alias, and .forward, bring answers with their token" {
	start_postfix programs
	ask_ana
	answer Hola
	mail_to nobody@clinic.example ana@example.net
	spooled 1
	drain
	assert_equal "$(jq -r .from <<<"$output")" ana@example.net
	answer Confirmo
	mail_to "citas+$token@clinic.example" ana@example.net
	spooled 1
	drain
	run -0 jq -r '[.kind, .action, .reminder] | join(" ")' <<<"$output"
	assert_output 'message confirmed A-1'
	run -0 grep -c 'status=sent (delivered to command' "$home/log"
	assert_output 2
}

@test "Postfix: what is for nobody there says so through .forward, too" {
	start_postfix programs
	ask_ana
	bounce
	mail_to "nobody+$token@clinic.example" ''
	spooled 1
	drain
	run -0 jq -r '[.status, .unproven, .dead] | join(" ")' <<<"$output"
	assert_output 'bounced  true'
}

@test "Postfix: a full disk defers, bounces nothing, and the mail arrives later" {
	local to
	need_strace
	start_postfix programs
	touch "$home/full"
	answer Confirmo
	for to in bounce+x@bounces.clinic.example citas@clinic.example \
	    nobody@clinic.example; do
		mail_to "$to" ana@example.net
	done
	logged 'to=<bounce+x@bounces.clinic.example>.*status=deferred'
	logged 'to=<citas@clinic.example>.*status=deferred'
	logged 'to=<nobody@clinic.example>.*status=deferred'
	run -0 grep -c 'No space left' "$home/log"
	run -0 find "$home/spool/inbound/new" "$home/spool/inbound/tmp" -type f
	assert_output ''
	rm "$home/full"
	/usr/sbin/postqueue -c "$home/etc" -f
	spooled 3
	logged 'to=<citas@clinic.example>.*status=sent'
	run -1 grep -E 'status=bounced|sender non-delivery' "$home/log"
}

@test "Postfix: a configuration that cannot be read defers" {
	start_postfix programs
	mv "$home/omni.conf" "$home/other.conf"
	answer Confirmo
	mail_to bounce+x@bounces.clinic.example ana@example.net
	logged 'status=deferred'
	mv "$home/other.conf" "$home/omni.conf"
	/usr/sbin/postqueue -c "$home/etc" -f
	spooled 1
	run -1 grep 'status=bounced' "$home/log"
}

# deliver [PROCMAIL ARGUMENT]...: $home/mail through the recipe of the manual
deliver() {
	sed -n '/^By procmail/,/^\.Ed/p' "$ROOT/man/omni-ingest.1" |
		sed '1,/^\.Bd/d; /^\.Ed/d' |
		sed "s|/usr/local/bin|$home/bin|" >"$home/procmailrc"
	run -"${expected-0}" env -u OMNI_CONF procmail -m "$home/procmailrc" \
		<"$home/mail"
}

@test "procmail: the recipe of the manual takes a mail, and 75 keeps it" {
	command -v procmail >/dev/null || skip 'procmail is not installed'
	need_strace
	answer Confirmo
	deliver
	spooled 1
	drain
	assert_equal "$(jq -r .text <<<"$output")" Confirmo
	touch "$home/full"
	expected=75 deliver
	spooled 0
	rm "$home/full"
	deliver
	spooled 1
}
