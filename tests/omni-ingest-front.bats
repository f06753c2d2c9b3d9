#!/usr/bin/env bats
# shellcheck disable=SC2034	# stop_web reads web
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# The front half of omni-ingest: what it is made of, what it may do, what it
# makes of requests as strangers send them, and that what it has acknowledged
# is there.  Each test names the invariants of the design that it proves.

setup() {
	load helper
	load servers
	make_site
	at 2026-11-23T23:00:00Z
	PATH=$ROOT/build/tests/fake:$PATH
	TOKEN=12345678901234567890123456789012
	sed -i "s|^auth_token = .*|auth_token = file:token|" "$OMNI_CONF"
	cat >>"$OMNI_CONF" <<-END

	[provider meta]
	kind = whatsapp
	app_secret = file:secret
	verify_token = file:verify
	END
	printf %s "$TOKEN" >"$SITE/etc/token"
	printf %s app-secret >"$SITE/etc/secret"
	printf %s verify-token >"$SITE/etc/verify"
	chmod 600 "$SITE/etc/"{token,secret,verify}
	inbound=$SITE/spool/inbound
	body=$BATS_TEST_TMPDIR/body
	server='' web=''
	export GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
		PATH_INFO=/twilio/sms QUERY_STRING='' \
		CONTENT_TYPE=application/x-www-form-urlencoded
	text 1
}

teardown() {
	stop_server
	stop_web
	[ -z "${mounted-}" ] || umount "$mounted"
	[ -z "${home-}" ] || rm -rf "$home"
}

# text NUMBER: a signed message is what comes next, in $body
text() {
	local sid
	sid=$(printf 'SM%032d' "$1")
	printf 'Body=SI&From=%%2B525512345678&MessageSid=%s&To=%%2B525587654321' \
		"$sid" >"$body"
	HTTP_X_TWILIO_SIGNATURE=$(signature \
		"BodySIFrom+525512345678MessageSid${sid}To+525587654321")
	CONTENT_LENGTH=$(wc -c <"$body")
	export HTTP_X_TWILIO_SIGNATURE CONTENT_LENGTH
}

# signature PARAMETERS: of what comes to /twilio/sms
signature() {
	printf %s "https://hooks.example.com/omni/twilio/sms$1" |
		openssl dgst -sha1 -binary -hmac "$TOKEN" | base64
}

# meta: what is in $body is signed by Meta
meta() {
	export PATH_INFO=/whatsapp CONTENT_TYPE=application/json
	CONTENT_LENGTH=$(wc -c <"$body")
	HTTP_X_HUB_SIGNATURE_256=sha256=$(openssl dgst -sha256 -r -hmac \
		app-secret <"$body" | cut -d ' ' -f 1)
	export CONTENT_LENGTH HTTP_X_HUB_SIGNATURE_256
}

# answers STATUS [ENV=VALUE]...: the CGI says this to $body
answers() {
	local want=$1
	shift
	run -0 --separate-stderr env "$@" omni-ingest <"$body"
	assert_regex "${lines[0]}" "^Status: $want "
}

# waiting: how many are in new/
waiting() {
	find "$inbound/new" -type f 2>/dev/null | wc -l
}

# refused: how many were counted
refused() {
	cat "$inbound"/refused* 2>/dev/null | wc -l
}

# need_confinement: skips the test where nothing is confined
need_confinement() {
	[ -z "${SANITIZED-}" ] || skip 'a sanitizer needs what is forbidden'
	grep -q '^Seccomp:' /proc/self/status || skip 'no seccomp here'
}

# need_root: skips the test for who cannot become somebody else
need_root() {
	[ "$(id -u)" -eq 0 ] || skip 'only root can do this'
}

# ----------------------------------------------------------------- the program

@test "it is linked with what it needs and nothing else" {
	[ -z "${SANITIZED-}" ] || skip 'a sanitizer is a library, too'
	command -v readelf >/dev/null || skip 'no readelf'
	run -0 sh -c "readelf -d '$ROOT/bin/omni-ingest' |
		sed -n 's/.*(NEEDED).*\[\(lib[a-z]*\).*/\1/p' | sort | xargs"
	assert_output 'libc libinih libjansson libnettle'
}

@test "no ledger, template or zone is opened for a webhook" {
	need_strace
	answers 200
	run -0 strace -o "$BATS_TEST_TMPDIR/log" -e trace=open,openat \
		omni-ingest <"$body"
	assert_line --index 0 $'Status: 200 OK\r'
	# Of our files: the configuration, a secret, and those of the spool.
	run -0 sed -nE "s|^[^\"]*\"([^\"]*)\".*|\1|; s|[0-9.]{20,}[0-9a-f.]*|N|
		/^(\/(etc|lib|usr|proc)\/|[+-])/d; p" "$BATS_TEST_TMPDIR/log"
	assert_output - <<-END
	$OMNI_CONF
	$SITE/etc/token
	$inbound
	tmp
	new
	refused
	tmp/N
	new
	END
}

# ----------------------------------------------------------------- confinement

# hold: omni-ingest waits for its body, and has its set-up behind it; $server
hold() {
	mkfifo "$BATS_TEST_TMPDIR/slow"
	omni-ingest "$@" <"$BATS_TEST_TMPDIR/slow" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	server=$!
	exec 4>"$BATS_TEST_TMPDIR/slow"
	until grep -q poll "/proc/$server/wchan" 2>/dev/null ||
		grep -q '^\(7\|73\|0\) 0x' "/proc/$server/syscall" 2>/dev/null &&
		[ -e "$inbound/new" ]; do
		kill -0 "$server"
	done
}

@test "while it waits for the body it may do next to nothing (Inv. 11)" {
	need_confinement
	hold --cgi
	run -0 cat "/proc/$server/status"
	assert_line --regexp $'^NoNewPrivs:\t1$'
	assert_line --regexp $'^Seccomp:\t2$'
	run -0 cat "/proc/$server/limits"
	assert_line --regexp '^Max core file size +0 +0 '
	assert_line --regexp '^Max processes +0 +0 '
	assert_line --regexp '^Max address space +268435456 +268435456 '
	cat "$body" >&4
	exec 4>&-
	wait "$server"
	server=
	run -0 head -n 1 "$BATS_TEST_TMPDIR/out"
	assert_output $'Status: 200 OK\r'
}

@test "so may --mail, and [ingest] confine = no lets it" {
	need_confinement
	unset GATEWAY_INTERFACE
	hold --mail -o ingest.confine=no
	run -0 cat "/proc/$server/status"
	assert_line --regexp $'^Seccomp:\t0$'
	exec 4>&-
	wait "$server"
	rm "$BATS_TEST_TMPDIR/slow"
	rm -r "$inbound"
	hold --mail
	run -0 cat "/proc/$server/status"
	assert_line --regexp $'^Seccomp:\t2$'
	printf 'Subject: x\n\nhola\n' >&4
	exec 4>&-
	wait "$server"
	server=
	assert_equal "$(waiting)" 1
}

@test "a user of its own can spool, and read neither ledger nor others' secrets" {
	local user=65534 group=65533
	need_root
	command -v setpriv >/dev/null || skip 'no setpriv'
	# Below the directory of the tests nobody else may look.
	home=$(mktemp -d /var/tmp/omni-front.XXXXXX)
	chmod 755 "$home"
	# As the units and omni-spool(5) have it; 64001 stands for omni, 64002
	# for staff.
	mode() {
		sed -n "s|^#.*install -d .*-m \([0-7]*\) .*$2\$|\1|p" \
			"$ROOT/share/server/$1"
	}
	assert_equal "$(mode omni.service /var/spool/omni)" 2751
	assert_equal "$(mode omni-hook.service /var/spool/omni/.d)" 2770
	install -d -m 755 "$home/etc" "$home/bin"
	install -m 755 "$ROOT/bin/omni-ingest" "$ROOT/bin/omni-ingest-drain" \
		"$home/bin"
	install -d -m 2751 -o 64001 -g 64002 "$home/spool"
	install -d -m 2770 -o $user -g 64001 "$home/spool/inbound" \
		"$home/spool/inbound/"{tmp,new,cur,bad}
	sed 's|^auth_token = .*|auth_token = file:token\napi_key = none|' \
		"$OMNI_CONF" >"$home/etc/omni.conf"
	install -m 640 -o 64001 -g $group "$SITE/etc/token" "$home/etc/token"
	install -m 640 -o 64001 -g 64001 "$SITE/etc/token" "$home/etc/other"
	as_omni=(setpriv --reuid=64001 --regid=64001 --groups="$group" --)
	as_cgi=(setpriv --reuid="$user" --regid="$group" --clear-groups --)
	export OMNI_CONF=$home/etc/omni.conf
	inbound=$home/spool/inbound
	run -0 env -u GATEWAY_INTERFACE "${as_omni[@]}" env \
		PATH="$ROOT/bin:$PATH" omni-ledger init
	run -0 --separate-stderr "${as_cgi[@]}" "$home/bin/omni-ingest" <"$body"
	assert_line --index 0 $'Status: 200 OK\r'
	assert_equal "$(stat -c '%a %u %g' "$inbound"/new/*)" \
		"640 $user 64001"
	HTTP_X_TWILIO_SIGNATURE=x run -0 --separate-stderr "${as_cgi[@]}" \
		"$home/bin/omni-ingest" <"$body"
	assert_line --index 0 $'Status: 403 Forbidden\r'
	assert_equal "$(stat -c '%a %g' "$inbound/refused")" '640 64001'
	run -1 "${as_cgi[@]}" cat "$home/spool/ledger.db"
	run -1 "${as_cgi[@]}" cat "$home/etc/other"
	run -2 "${as_cgi[@]}" ls "$home/spool"
	run --separate-stderr env -u GATEWAY_INTERFACE "${as_omni[@]}" \
		"$home/bin/omni-ingest"
	assert_equal "$status $stderr" '0 '
	assert_equal "$(jq -r .text <<<"$output")" SI
	assert_equal "$(waiting)" 0
}

@test "a recipient is no option, whatever a stranger writes to (Inv. 11)" {
	local line to
	unset GATEWAY_INTERFACE
	to=-opaths.spool=$BATS_TEST_TMPDIR/elsewhere
	line=$(sed -n 's/^ *argv=[^ ]*//p' \
		"$ROOT/share/server/postfix-master.cf")
	# shellcheck disable=SC2016	# the names that Postfix has for them
	line=${line/'${sender}'/sol@example.org}
	# shellcheck disable=SC2016
	line=${line/'${recipient}'/$to}
	# shellcheck disable=SC2086	# as pipe(8) takes it apart
	run -0 --separate-stderr omni-ingest $line <<<'Subject: x'
	assert_not_exists "$BATS_TEST_TMPDIR/elsewhere"
	run -0 cat "$inbound"/new/*
	assert_line "Sender: sol@example.org"
	assert_line "Recipient: $to"
}

@test "a slash at the end of public_url is no part of what is signed" {
	sed -i 's|^public_url = .*|&//|' "$OMNI_CONF"
	answers 200
	assert_equal "$(waiting)" 1
}

@test "the largest body and the largest mail fit in what memory is left" {
	{ printf '{"entry":"'; head -c 3145716 /dev/zero | tr '\0' x
		printf '"}'; } >"$body"
	head -c 3145728 "$body" >"$body.cut" && mv "$body.cut" "$body"
	meta
	assert_equal "$CONTENT_LENGTH" 3145728
	answers 200
	unset GATEWAY_INTERFACE
	rm "$inbound"/new/*
	{ printf 'Subject: x\n\n'; head -c 67108864 /dev/zero | tr '\0' x
		} >"$body"
	run -0 --separate-stderr omni-ingest --mail \
		-o ingest.max_mail=67108864 <"$body"
	assert_equal "$stderr" ''
	run -0 grep -c '^Cut: yes' "$inbound"/new/*
	assert_equal "$(tail -c 67108864 "$inbound"/new/* | cksum)" \
		"$(head -c 67108864 "$body" | cksum)"
}

# --------------------------------------------------------------- what is lost

# kept: what was acknowledged is there, and what is there is whole
kept() {
	local file
	case $(waiting) in
	0)	[ ! -s "$BATS_TEST_TMPDIR/said" ] ;;
	1)	for file in "$inbound"/new/*; do
			tail -c "$(wc -c <"$body")" "$file" | cmp -s - "$body" ||
				return 1
		done ;;
	*)	false ;;
	esac
}

# kill_everywhere COMMAND...: at each system call that it makes
kill_everywhere() {
	local call count said=$BATS_TEST_TMPDIR/said err=$BATS_TEST_TMPDIR/err
	killat 0 "$@" <"$body" >"$said" 2>"$err"
	count=$(sed -n 's/^killat: \([0-9]*\) calls$/\1/p' "$err")
	[ "$count" -gt 50 ]
	for ((call = 1; call <= count; call++)); do
		rm -rf "$inbound"
		rc=0
		killat "$call" "$@" <"$body" >"$said" 2>"$err" || rc=$?
		if [ "$rc" -ne 137 ] || ! kept; then
			echo "killed at call $call of $count: status $rc"
			cat "$err"
			return 1
		fi
	done
}

@test "CGI: killed at every system call, what was acknowledged is kept (Inv. 2)" {
	need_strace
	kill_everywhere omni-ingest
}

@test "mail: killed at every system call, what was taken is kept (Inv. 2)" {
	need_strace
	unset GATEWAY_INTERFACE
	printf 'From: ana@x.example\n\nSí\n' >"$body"
	kill_everywhere omni-ingest --mail -f ana@x.example citas@x.example
}

@test "a power cut: the file and its directory are synced before the answer (Inv. 2)" {
	local log=$BATS_TEST_TMPDIR/log
	need_strace
	strace -y -o "$log" -e trace=write,fsync,linkat,close \
		omni-ingest <"$body" >"$BATS_TEST_TMPDIR/said"
	run -0 sed -nE "s|^write\([0-9]+<[^>]*/inbound/tmp/.*|write file|p
		s|^fsync\([0-9]+<[^>]*/inbound/tmp/.*= 0|sync file|p
		s|^linkat\(.*= 0|link|p
		s|^fsync\([0-9]+<[^>]*/inbound/new>\) += 0|sync new|p
		s|^write\(1<.*|answer|p" "$log"
	assert_output $'write file\nsync file\nlink\nsync new\nanswer'
	unset GATEWAY_INTERFACE
	strace -y -o "$log" -e trace=write,fsync,linkat,exit_group \
		omni-ingest --mail <"$body"
	run -0 sed -nE "s|^write\([0-9]+<[^>]*/inbound/tmp/.*|write file|p
		s|^fsync\([0-9]+<[^>]*/inbound/tmp/.*= 0|sync file|p
		s|^linkat\(.*= 0|link|p
		s|^fsync\([0-9]+<[^>]*/inbound/new>\) += 0|sync new|p
		s|^exit_group\(0\).*|status 0|p" "$log"
	assert_output $'write file\nsync file\nlink\nsync new\nstatus 0'
}

@test "a sync that fails: 503, and nothing in new/ (Inv. 2)" {
	local when
	need_strace
	# What strace puts in place of a call would be a forbidden one.
	printf '[ingest]\nconfine = no\n' >>"$OMNI_CONF"
	for when in 1 2; do
		run -0 strace -f -o /dev/null -e trace=fsync \
			-e inject=fsync:error=EIO:when=$when omni-ingest <"$body"
		assert_line --regexp '^Status: 503 '
		assert_equal "$(waiting)" 0
		assert_equal "$(find "$inbound/tmp" -type f | wc -l)" 0
	done
}

@test "files of limited size: 503, and nothing half written (Inv. 2, 9)" {
	head -c 3000 /dev/zero | tr '\0' ' ' >"$body"
	meta
	# shellcheck disable=SC2016	# the other shell expands it
	run -0 bash -c 'ulimit -f 2; omni-ingest <"$1" 2>&1 | cat' - "$body"
	assert_line --regexp '^Status: 503 '
	assert_equal "$(find "$inbound" -type f ! -name refused | wc -l)" 0
	answers 200
}

@test "a full disk: 503, nothing half written, and the next one is kept (Inv. 2)" {
	need_root
	mkdir -p "$inbound"
	mount -t tmpfs -o size=256k,mode=750 omni "$inbound" 2>/dev/null ||
		skip 'no tmpfs to be had'
	mounted=$inbound
	head -c 500000 /dev/zero | tr '\0' ' ' >"$body"
	meta
	answers 503
	assert_regex "$stderr" 'No space left on device'
	assert_equal "$(find "$inbound" -type f ! -name refused | wc -l)" 0
	unset PATH_INFO
	export PATH_INFO=/twilio/sms \
		CONTENT_TYPE=application/x-www-form-urlencoded
	text 2
	answers 200
	assert_equal "$(waiting)" 1
}

@test "a spool that may not be written: 503 (Inv. 2, 10)" {
	need_root
	command -v setpriv >/dev/null || skip 'no setpriv'
	chmod 755 "$BATS_TEST_TMPDIR"
	answers 200
	rm "$inbound"/new/*
	home=$(mktemp -d /var/tmp/omni-front.XXXXXX)
	cp -R "$SITE/etc" "$SITE/spool" "$home"
	cp "$ROOT/bin/omni-ingest" "$home"
	chmod -R a+rX "$home"
	# A secret is for its user, and for nobody else.
	chown 65534 "$home/etc/"{token,secret,verify}
	chmod 600 "$home/etc/"{token,secret,verify}
	OMNI_CONF=$home/etc/omni.conf run -0 --separate-stderr setpriv \
		--reuid=65534 --regid=65533 --clear-groups -- \
		"$home/omni-ingest" <"$body"
	assert_line --index 0 $'Status: 503 Service Unavailable\r'
	assert_regex "$stderr" 'Permission denied'
}

# ------------------------------------------------------------------- requests

@test "media types that a path does not take: 415 (Inv. 10)" {
	local type
	for type in text/html multipart/form-data application/jsonx \
	    application/x-www-form-urlencodedx x; do
		answers 415 CONTENT_TYPE="$type"
		assert_regex "$stderr" 'CONTENT_TYPE'
	done
	answers 200 CONTENT_TYPE='APPLICATION/X-WWW-Form-Urlencoded ;charset=x'
	answers 415 PATH_INFO=/whatsapp
	answers 415 PATH_INFO=/ses
	assert_equal "$(waiting)" 1
}

@test "lengths that are none (Inv. 9, 10)" {
	local length
	for length in ' 3' '+3' '-1' 0x3 '3 ' 3e1 3,3 '٣' NaN; do
		answers 400 CONTENT_LENGTH="$length"
	done
	for length in 1048577 18446744073709551615 18446744073709551616 \
	    99999999999999999999999999; do
		answers 413 CONTENT_LENGTH="$length"
	done
	answers 400 CONTENT_LENGTH=$((CONTENT_LENGTH + 1))
	# What stands behind the body is not of it.
	printf 'GET / HTTP/1.1\r\n' >>"$body"
	answers 200
	assert_equal "$(grep -c GET "$inbound"/new/*)" 0
}

@test "a body in chunks, whose length nobody told, is taken to its end" {
	answers 200 CONTENT_LENGTH='' HTTP_TRANSFER_ENCODING=chunked
	assert_equal "$(waiting)" 1
	head -c 1048577 /dev/zero >"$body"
	answers 413 CONTENT_LENGTH='' HTTP_TRANSFER_ENCODING=Chunked
	# Without a length there is no body (RFC 3875, 4.1.2).
	text 2
	answers 403 CONTENT_LENGTH=''
}

@test "HEAD and other methods: 405, and what would be allowed" {
	local method
	for method in HEAD PUT DELETE OPTIONS TRACE post '' $'\x80'; do
		answers 405 REQUEST_METHOD="$method"
		assert_line $'Allow: POST\r'
	done
	answers 405 REQUEST_METHOD=HEAD PATH_INFO=/whatsapp
	assert_line $'Allow: GET, POST\r'
	assert_equal "$(waiting)" 0
}

@test "paths that are nearly right: 404 (Inv. 11)" {
	local path
	for path in '' / twilio/sms //twilio/sms /twilio/sms/ /Twilio/sms \
	    /twilio/../twilio/sms /twilio/./sms /twilio/sms%00 \
	    '/twilio/sms;x' '/twilio/sms ' /twilio/sms.php ../../etc/passwd \
	    /whatsapp/ "/$(printf '%*s' 100000 '' | tr ' ' a)"; do
		answers 404 PATH_INFO="$path"
	done
	run -0 --separate-stderr env -u PATH_INFO omni-ingest <"$body"
	assert_line --index 0 $'Status: 404 Not Found\r'
	assert_equal "$(waiting)" 0
}

@test "nobody writes lines of ours: 400 (Inv. 11)" {
	local name
	for name in PATH_INFO CONTENT_TYPE CONTENT_LENGTH QUERY_STRING \
	    HTTP_X_TWILIO_SIGNATURE REQUEST_METHOD; do
		answers 400 "$name=${!name}"$'\r\nHook: twilio/voice'
		answers 400 "$name=${!name}"$'\x7f'
		assert_equal "${#lines[@]}" 3
	done
	answers 400 HTTP_I_TWILIO_IDEMPOTENCY_TOKEN=$'x\n\nBody=NO'
	assert_equal "$(waiting)" 0
}

@test "a huge query: 414, and one that is not quite" {
	local long
	long=$(printf '%*s' 8193 '' | tr ' ' x)
	answers 414 QUERY_STRING="$long"
	answers 403 QUERY_STRING="${long%x}"
	export REQUEST_METHOD=GET PATH_INFO=/whatsapp
	answers 414 QUERY_STRING="$long"
}

@test "NUL: none in a form, and byte for byte in what is signed as bytes" {
	printf 'Body=S\0I&From=%%2B525512345678' >"$body"
	HTTP_X_TWILIO_SIGNATURE=$(signature BodySFrom+525512345678)
	CONTENT_LENGTH=$(wc -c <"$body")
	answers 403
	printf 'Body=S%%00I&From=%%2B525512345678' >"$body"
	answers 403
	printf '{"entry":[],"x":"\0\377\n\n"}' >"$body"
	meta
	answers 200
	tail -c "$CONTENT_LENGTH" "$inbound"/new/* | cmp - "$body"
}

@test "JSON that Twilio signs is covered by the hash in the query (Inv. 11)" {
	local hash
	printf '{"a": 1}' >"$body"
	hash=$(sha256sum <"$body" | cut -d ' ' -f 1)
	CONTENT_LENGTH=$(wc -c <"$body")
	export CONTENT_TYPE=application/json QUERY_STRING=bodySHA256=$hash
	HTTP_X_TWILIO_SIGNATURE=$(signature "?bodySHA256=$hash")
	answers 200
	printf '{"a": 2}' >"$body"
	answers 403
	assert_equal "$(waiting)" 1
}

@test "a body that trickles in is not waited for: 408 (Inv. 9)" {
	printf '[ingest]\ntimeout = 1s\n' >>"$OMNI_CONF"
	mkfifo "$BATS_TEST_TMPDIR/slow"
	{
		# Each byte in time, and all of them not.
		while printf a; do sleep 0.2; done 2>/dev/null
	} >"$BATS_TEST_TMPDIR/slow" 3>&- &
	server=$!
	run -0 --separate-stderr env CONTENT_LENGTH=1000 timeout 60 \
		omni-ingest <"$BATS_TEST_TMPDIR/slow"
	assert_line --index 0 $'Status: 408 Request Timeout\r'
	assert_equal "$(waiting)" 0
}

# -------------------------------------------------------------------- refused

@test "what is refused is counted, also a hundred at once, and not kept (Inv. 10, 11)" {
	local i
	answers 403 HTTP_X_TWILIO_SIGNATURE=x
	for ((i = 0; i < 99; i++)); do
		HTTP_X_TWILIO_SIGNATURE=x omni-ingest <"$body" \
			>/dev/null 2>&1 3>&- &
	done
	wait
	assert_equal "$(sort -u "$inbound/refused")" \
		'2026-11-23T23:00:00Z twilio/sms'
	assert_equal "$(refused)" 100
	assert_equal "$(waiting)" 0
	# What nobody is there for, and what was our fault, is not of them.
	answers 404 PATH_INFO=/nothing
	answers 405 REQUEST_METHOD=PUT
	rm "$SITE/etc/token"
	answers 503
	assert_equal "$(refused)" 100
}

@test "a flood of them does not fill the disk (Inv. 9)" {
	local i line='2026-11-23T22:00:00Z twilio/sms'
	mkdir -p "$inbound"
	yes "$line" | head -c 1048576 >"$inbound/refused"
	for ((i = 0; i < 40; i++)); do
		HTTP_X_TWILIO_SIGNATURE=x omni-ingest <"$body" \
			>/dev/null 2>&1 3>&- &
	done
	wait
	# One moved it away, and the others found the next one.
	assert_equal "$(wc -c <"$inbound/refused.1")" 1048576
	assert_equal "$(wc -l <"$inbound/refused")" 40
	yes "$line" | head -c 1048576 >"$inbound/refused"
	answers 403 HTTP_X_TWILIO_SIGNATURE=x
	run -0 find "$inbound" -maxdepth 1 -type f -printf '%f %s\n'
	assert_equal "$(sort <<<"$output" | xargs)" \
		'refused 32 refused.1 1048576'
}

@test "omni-status says how many were refused, and since when" {
	unset GATEWAY_INTERFACE
	omni-ledger init
	export GATEWAY_INTERFACE=CGI/1.1
	answers 403 HTTP_X_TWILIO_SIGNATURE=x
	at 2026-11-25T20:00:00Z
	answers 403 HTTP_X_TWILIO_SIGNATURE=x
	answers 403 HTTP_X_TWILIO_SIGNATURE=x
	at 2026-11-25T23:00:00Z
	run -1 --separate-stderr omni-status -o status.refused=2
	assert_line --regexp '^refused webhooks +3$'
	assert_line --regexp '^since +2d$'
	assert_line --regexp '^refused today +2$'
	assert_equal "$stderr" \
		'omni-status: refused_day is 2, and [status] refused 2'
	run -0 omni-status -j
	assert_equal "$(jq -c '[.refused, .refused_age, .refused_day]' \
		<<<"$output")" '[3,172800,2]'
}

# -------------------------------------------------------------------- at once

@test "two hundred at once, through a web server: all kept, all answered (Inv. 2)" {
	local i
	unset GATEWAY_INTERFACE REQUEST_METHOD PATH_INFO QUERY_STRING \
		CONTENT_LENGTH
	run_lighttpd <<-END
	server.max-connections = 512
	$(sed -e "s|/usr/local/bin/omni-ingest|$ROOT/bin/omni-ingest|" \
		-e "s|/usr/local/etc/omni.conf|$OMNI_CONF|" \
		"$ROOT/share/server/lighttpd.conf")
	END
	for ((i = 0; i < 200; i++)); do
		text "$i"
		printf 'next\nurl = "%s/omni/twilio/sms"\n' "$base"
		printf 'header = "X-Twilio-Signature: %s"\ndata = "%s"\n' \
			"$HTTP_X_TWILIO_SIGNATURE" "$(cat "$body")"
		printf 'output = /dev/null\nwrite-out = "%%{http_code}\\\\n"\n'
	done | sed 1d >"$BATS_TEST_TMPDIR/curl.conf"
	run -0 --separate-stderr curl --parallel --parallel-immediate \
		--parallel-max 200 -K "$BATS_TEST_TMPDIR/curl.conf"
	assert_equal "$(sort <<<"$output" | uniq -c | xargs)" '200 200'
	assert_equal "$(waiting)" 200
	assert_equal "$(cat "$inbound"/new/* | grep -o 'MessageSid=SM[0-9]*' |
		sort -u | wc -l)" 200
	assert_equal "$(find "$inbound/tmp" -type f | wc -l)" 0
}
