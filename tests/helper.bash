# shellcheck shell=bash
# Loaded by every .bats file.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

ROOT=${BATS_TEST_DIRNAME%/tests*}
# OMNI_TEST_BIN: what starts the programs in some other way; tests/valgrind.
PATH=${OMNI_TEST_BIN:+$OMNI_TEST_BIN:}$ROOT/bin:$PATH
: "${OMNI_CORPORA:=$ROOT/../shared/corpora}"
export ROOT PATH OMNI_CORPORA LC_ALL=C.UTF-8 TZ=UTC
unset OMNI_NOW OMNI_CONF OMNI_RUN	# never the real ones

# make_site: a clinic of its own under $SITE.  No file of the checkout is
# written, and the programs find the site through OMNI_CONF.
make_site() {
	SITE=$BATS_TEST_TMPDIR/site
	OMNI_CONF=$SITE/etc/omni.conf
	export SITE OMNI_CONF
	mkdir -p "$SITE/etc" "$SITE/spool"
	cat >"$OMNI_CONF" <<-END
	[paths]
	ledger = ../spool/ledger.db
	spool = ../spool
	templates = $ROOT/share/templates
	phonenumber = $ROOT/bin/phonenumber

	[site]
	name = Clinica Roma
	timezone = America/Mexico_City
	language = es
	region = MX
	currency = MXN
	emergency = +52 55 5000 0000
	public_url = https://hooks.example.com/omni

	[channel email]
	type = email
	provider = maildir
	from = Clinica Roma <citas@clinic.example>
	doubt = resend
	per_hour = 100000
	per_day = 100000

	[channel sms]
	type = sms
	provider = console
	from = +525587654321
	cost = 0.05
	per_hour = 100000
	per_day = 100000

	[channel whatsapp]
	type = whatsapp
	provider = console
	from = +525587654321
	cost = 0.01
	per_hour = 100000
	per_day = 100000

	[provider maildir]
	kind = maildir
	path = ../spool/Maildir

	[provider console]
	kind = console

	[provider twilio]
	kind = twilio
	account_sid = AC00000000000000000000000000000000
	auth_token = env:TWILIO_AUTH_TOKEN

	[mail]
	from = Clinica Roma <citas@clinic.example>
	reply_to = citas@clinic.example

	[ladder appointment]
	template = appointment_reminder
	step.1 = -24h email
	step.2 = +2h sms
	step.3 = +2h whatsapp
	step.4 = -2h whatsapp
	step.5 = -1h flag
	END
}

# make_ledger TIME: a site with a new ledger, and from here on it is TIME; $in
# is a file for what the programs read
make_ledger() {
	make_site
	at "$1"
	# shellcheck disable=SC2034	# for the tests
	in=$BATS_TEST_TMPDIR/in
	omni-ledger init
}

# keep_console: what the console provider sends goes to the file $console
keep_console() {
	# shellcheck disable=SC2034	# for the tests
	console=$SITE/spool/console.txt
	sed -i '/^kind = console/a path = ../spool/console.txt' "$OMNI_CONF"
}

# sql QUERY: what the site's ledger answers, columns divided by "|"; whoever
# closes the ledger last locks it for a moment
sql() {
	sqlite3 -readonly -cmd '.timeout 20000' "$SITE/spool/ledger.db" "$1"
}

# at TIME: from here on it is TIME for all programs
at() {
	export OMNI_NOW=$1
}

# free_port: a TCP port of 127.0.0.1 that nobody listens on now
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# stop_server: ends the process $server, if there is one; for teardown
stop_server() {
	[ -z "$server" ] || {
		kill "$server" 2>/dev/null || :
		wait "$server" || :
	}
}

# hold_ledger [STATEMENT]: a process writes to the site's ledger, and does not
# commit before let_ledger_go
hold_ledger() {
	local answer
	coproc writer {
		exec sqlite3 -cmd '.timeout 20000' "$SITE/spool/ledger.db"
	}
	# The shell forgets it as soon as it ends.
	# shellcheck disable=SC2154	# set by coproc
	writer_pid=$writer_PID
	printf '%s\n' 'BEGIN IMMEDIATE;' "${1-INSERT INTO content(key, body)
		VALUES ('t/1', 'x');}" 'SELECT 42;' >&"${writer[1]}"
	read -r -t 20 -u "${writer[0]}" answer
	assert_equal "$answer" 42
}

let_ledger_go() {
	echo 'ROLLBACK;' >&"${writer[1]}"
	eval "exec ${writer[1]}>&-"
	wait "$writer_pid"
}

# need_strace: skips the test where no process may be traced
need_strace() {
	export ASAN_OPTIONS=detect_leaks=0	# it cannot look under ptrace
	strace -o "$BATS_TEST_TMPDIR/strace" -e trace=write true 2>/dev/null ||
		skip 'strace may not trace here'
}

# find_spots CALLS COMMAND...: runs COMMAND; $spots are the system calls that
# it made, of those in CALLS, as "CALL:NUMBER"
find_spots() {
	local calls=$1 call count n log=$BATS_TEST_TMPDIR/log
	shift
	spots=()
	strace -f -o "$log" -e "trace=${calls// /,}" "$@"
	for call in $calls; do
		count=$(grep -cE "^[0-9]+ +$call\(" "$log") || :
		for ((n = 1; n <= count; n++)); do
			spots+=("$call:$n")
		done
	done
}

# kill_at SPOT COMMAND...: runs COMMAND, as run(1) does; it dies at SPOT
kill_at() {
	local call=${1%:*} when=${1#*:}
	shift
	run strace -f -o /dev/null -e "trace=$call" \
		-e "inject=$call:signal=KILL:when=$when" "$@"
}

# state ID: "STATE|REASON" of that message
state() {
	sql "SELECT state, coalesce(reason, '') FROM message WHERE id = '$1'"
}

# states: how many of our messages are in which state
states() {
	sql "SELECT group_concat(n, ' ') FROM (SELECT state || ' ' ||
		count(*) AS n FROM message WHERE direction = 'outbound'
		GROUP BY state ORDER BY state)"
}

# verified: what the ledger shows is what its journal says
verified() {
	run -0 omni-ledger verify
	assert_output --partial 'every projection is equal'
}
