#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# How the programs end when something is wrong with what all of them need, and
# that each manual page lists it.

setup() {
	load helper
	make_ledger 2026-11-23T23:00:00Z
	export USER=ana
	cat >>"$OMNI_CONF" <<-'END'

	[channel voice]
	type = voice
	provider = console

	[channel push]
	type = push
	provider = ntfy

	[provider ntfy]
	kind = ntfy
	base_url = http://127.0.0.1:1

	[staff ana]
	name = Ana
	END
	ledger=$SITE/spool/ledger.db
	echo '{"id":"x"}' >"$in"
}

# listed PROGRAM STATUS: whether EXIT STATUS of its page has it
listed() {
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh [^E]/s/^\.It //p' \
		"$ROOT/man/${1%-drain}.1" | tr -d , | tr ' ' '\n' |
		grep -qx "$2"
}

# ends STATUS PROGRAM [ARGUMENT]...: so it ends, with a reason on standard
# error, and the page says so
ends() {
	local want=$1 program
	shift
	for program; do
		[[ $program != omni-* && $program != phonenumber ]] || break
	done
	run --separate-stderr "$@" <"$in"
	[ "$status" -eq "$want" ] || fail "$*: status $status, not $want: $stderr"
	[ "$want" -eq 0 ] || [ -n "$stderr" ] || fail "$*: no reason"
	listed "$program" "$want" ||
		fail "$program(1) does not list the status $want"
}

programs() {
	find "$ROOT/bin" -type f -executable -printf '%f\n' | sort
}

# with_ledger: what opens it, with arguments that make it
with_ledger() {
	cat <<-'END'
	omni-route
	omni-queue
	omni-schedule
	omni-escalate
	omni-send-mail
	omni-send-sms
	omni-send-wa
	omni-send-voice
	omni-send-push
	omni-ingest
	omni-ingest --replay
	omni-contact list
	omni-contact opt-out x
	omni-inbox list
	omni-inbox read x
	omni-inbox-cgi
	omni-mcp
	omni-mcp --allow send
	omni-status
	omni-ledger verify
	omni-ledger resolve 1
	omni-run
	END
}

# as_server COMMAND...: as a web server starts it
as_server() {
	env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET PATH_INFO=/ \
		REMOTE_USER=ana "$@"
}

# all_end STATUS: whatever opens the ledger
all_end() {
	local words
	while read -ra words; do
		[ "${words[0]}" != omni-inbox-cgi ] || words=(as_server omni-inbox-cgi)
		ends "$1" "${words[@]}"
	done < <(with_ledger)
}

# redirected HOW COMMAND...: as the shell has it, such as ">&-"
redirected() {
	bash -c "\"\$@\" $1" "$@"
}

@test "help, version and wrong usage: 0 and 64, and 74 if nobody can read it" {
	local program
	while read -r program; do
		ends 0 "$program" --help
		assert_output --partial "usage: ${program%-drain}"
		ends 0 "$program" --version
		ends 64 "$program" --no-such-option
		ends 74 redirected '>/dev/full' "$program" --help
		ends 74 redirected '>/dev/full' "$program" --version
	done < <(programs)
}

@test "one of standard input and output is closed: 74" {
	local program
	while read -r program; do
		ends 74 redirected '<&-' "$program"
		ends 74 redirected '>&-' "$program"
	done < <(programs)
}

@test "no configuration, or a broken one: 78" {
	local program
	echo '[nowhere' >"$BATS_TEST_TMPDIR/broken"
	while read -r program; do
		case $program in omni-simulator | phonenumber) continue ;; esac
		ends 78 "$program" -c "$BATS_TEST_TMPDIR/none"
		ends 78 "$program" -c "$BATS_TEST_TMPDIR/broken"
	done < <(programs)
}

@test "OMNI_NOW is no time: 64" {
	at soon
	all_end 64
}

@test "there is no ledger: 69" {
	rm "$ledger"*
	all_end 69
}

@test "the ledger is no database, or its key no key: 65" {
	cp "$ledger" "$ledger.good"
	echo 'not a database' >"$ledger"
	all_end 65
	mv "$ledger.good" "$ledger"
	echo short >"$ledger.key"
	all_end 65
}

@test "the ledger has another key, or is of a later omni: 78" {
	cp "$ledger.key" "$ledger.key.good"
	head -c 32 /dev/urandom >"$ledger.key"
	all_end 78
	mv "$ledger.key.good" "$ledger.key"
	sqlite3 "$ledger" 'PRAGMA user_version = 9999'
	all_end 78
}

@test "standard output is full: 74" {
	local words
	export -f as_server
	omni-queue -q <<-'END'
	{"id":"m1","channel":"email","account":"email","to":"ana@x.example","subject":"s","text":"t","class":"alert","route":{},"expires_at":"2026-11-30T00:00:00Z"}
	END
	while read -ra words; do
		ends 74 redirected '>/dev/full' "${words[@]}"
	done <<-'END'
	omni-normalize
	omni-route
	omni-render
	omni-queue
	omni-schedule
	omni-send-mail
	omni-status
	omni-ledger verify
	omni-ledger export
	as_server omni-inbox-cgi
	END
	omni-contact import -q <<<'{"id":"7","email":"ana@x.example"}'
	ends 74 redirected '>/dev/full' omni-contact export
	echo '{"jsonrpc":"2.0","id":1,"method":"ping"}' >"$in"
	ends 74 redirected '>/dev/full' omni-mcp
}
