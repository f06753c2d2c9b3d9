#!/usr/bin/env bats
# SIGTERM while a sender waits for somebody else: for the reader of its standard
# output, or for the writer of its standard input.
# shellcheck disable=SC2154	# run(1) of bats sets stderr

setup() {
	load helper
	pid=
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	fifo=$BATS_TEST_TMPDIR/fifo
	mkfifo "$fifo"
	# Both ends are open, and nobody is at the other one.
	exec 9<>"$fifo"
}

teardown() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
	exec 9>&-
}

# queue COUNT: s1 to sCOUNT; $in has the records as a sender reads them
queue() {
	jq -cn --argjson n "$1" 'range(1; $n + 1) |
		{id: "s\(.)", channel: "sms", account: "sms",
		to: "+52551\(1000000 + .)", text: "Hola \(.)", class: "alert",
		route: {}, expires_at: "2026-12-30T00:00:00Z"}' |
		omni-queue >"$in"
}

# fill: nothing more goes into the FIFO
fill() {
	! dd if=/dev/zero of="$fifo" bs=4096 oflag=nonblock status=none \
		2>/dev/null
}

# until_sql QUERY WANT: waits for that answer of the ledger
until_sql() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(sql "$1")" != "$2" ] || return 0
		sleep 0.05
	done
	assert_equal "$(sql "$1")" "$2"
}

# ends STATUS: the process $pid does so within 10 seconds
ends() {
	local i status=0
	for ((i = 0; i < 200; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill -9 "$pid" 2>/dev/null || :
	wait "$pid" || status=$?
	pid=
	assert_equal "$status" "$1"
}

@test "nobody reads standard output: it ends, and the ledger has the results (Inv. 2, 3)" {
	queue 3
	fill
	omni-send-sms >"$fifo" 2>"$BATS_TEST_TMPDIR/err" 3>&- 9>&- &
	pid=$!
	until_sql "SELECT count(*) FROM message WHERE state = 'sent'" 1
	kill "$pid"
	ends 74
	run -0 cat "$BATS_TEST_TMPDIR/err"
	assert_output 'omni-send-sms: stdout: Interrupted system call'
	assert_equal "$(sql "SELECT count(*) FROM attempt WHERE
		outcome = 'accepted'")" "$(sql 'SELECT count(*) FROM attempt')"
	# The channel is free again.
	run -0 omni-send-sms -q
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 3
	verified
}

@test "a reader who is late but there gets every line whole" {
	queue 3
	fill
	omni-send-sms >"$fifo" 3>&- 9>&- &
	pid=$!
	until_sql "SELECT count(*) FROM message WHERE state = 'sent'" 1
	kill "$pid"
	tr -d '\0' <"$fifo" >"$BATS_TEST_TMPDIR/out" 3>&- 9>&- &
	ends 75
	exec 9>&-
	wait
	run -0 jq -r .result.outcome "$BATS_TEST_TMPDIR/out"
	assert_equal "${#lines[@]}" "$(sql "SELECT count(*) FROM message WHERE
		state = 'sent'")"
}

@test "standard input pauses: it ends with 75, and the channel is free (Inv. 2)" {
	local out=$BATS_TEST_TMPDIR/out i
	queue 2
	omni-send-sms - <"$fifo" >"$out" 3>&- 9>&- &
	pid=$!
	# A record, and a half of the next.
	head -c "$(($(head -n 1 "$in" | wc -c) + 20))" "$in" >&9
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$out" ] || break
		sleep 0.05
	done
	kill "$pid"
	ends 75
	run -0 jq -r .result.outcome "$out"
	assert_output accepted
	run -0 omni-send-sms -q
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state =
		'sent'")" 2
	verified
}

@test "standard input never ends: it ends with 75 all the same" {
	local out=$BATS_TEST_TMPDIR/out i
	queue 1
	omni-send-sms - < <(exec 3>&- 9>&-; yes "$(cat "$in")" 2>/dev/null) \
		>"$out" 3>&- 9>&- &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$out" ] || break
		sleep 0.05
	done
	kill "$pid"
	ends 75
	run -0 tail -n 1 "$out"
	assert_equal "$(jq -r .id <<<"$output")" s1
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 1
}
