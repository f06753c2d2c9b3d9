#!/usr/bin/env bats
# What survives when the power goes.  Each test names the invariants of the
# design that it proves.

setup() {
	load helper
}

@test "nothing is acknowledged, sent or removed before it is on the disk (Inv. 2, 3)" {
	run -0 "$ROOT/tests/power" record
	assert_output --regexp '^[1-9][0-9]+ answers of [0-9]+ programs, 0 given too early$'
}

@test "the power goes at any instant of a day: nothing is lost or doubled (Inv. 2, 3, 4, 7)" {
	run -0 "$ROOT/tests/power" cut "${POWER_CUTS:-20}" "${SEED:-1}"
	assert_line --regexp '^[0-9]+ power cuts, 0 wrong$'
	echo "# ${lines[-1]}, seed ${SEED:-1}" >&3
}

# opened COMMAND...: runs it; how it opened the ledger goes to the file $pragmas
opened() {
	PRAGMAS=$pragmas LD_PRELOAD=$shim \
		ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
		"$@" </dev/null >/dev/null
}

@test "every program opens the ledger with WAL, full sync and foreign keys (Inv. 2, 7)" {
	local program
	shim=$BATS_TEST_TMPDIR/pragmas.so
	pragmas=$BATS_TEST_TMPDIR/pragmas
	cc -std=c11 -D_GNU_SOURCE -shared -fPIC -o "$shim" \
		"$ROOT/tests/fake/preload/pragmas.c" -ldl
	make_site
	# The library writes where a confined program may not.
	printf '\n[filter]\nconfine = no\n[send]\nconfine = no\n' >>"$OMNI_CONF"
	at 2026-11-23T23:00:00Z
	opened omni-ledger init
	opened omni-contact import
	opened omni-schedule
	opened omni-escalate
	opened omni-route
	opened omni-queue
	opened omni-send-mail
	opened omni-send-sms
	opened omni-send-wa
	opened omni-send-voice
	opened omni-send-push
	opened omni-ingest
	opened omni-status
	opened omni-ledger verify
	opened omni-ledger export
	opened omni-ledger confirm
	# Readers have no transaction that could be lost.
	# shellcheck disable=SC2016	# it is awk's
	run -0 awk '$4 != "wal" || $6 != 1 || $7 != 1 || ($3 == "write" && $5 < 2)' \
		"$pragmas"
	assert_output ''
	# It fills tables in any order, and asks for all references at its end.
	pragmas=$pragmas.rebuild opened omni-ledger rebuild
	# shellcheck disable=SC2016	# it is awk's
	run -0 awk '$4 != "wal" || $7 != 1 || ($3 == "write" && $5 < 2)' \
		"$pragmas.rebuild"
	assert_output ''
	run -0 sql 'PRAGMA foreign_key_check'
	assert_output ''
	for program in contact schedule queue send-mail send-sms send-wa \
		send-voice send-push ingest ledger; do
		run grep -c "^omni-$program [a-z]* write" "$pragmas"
		[ "$output" -gt 0 ] || fail "omni-$program was not seen"
	done
	for program in escalate route status; do
		run grep -c "^omni-$program close read" "$pragmas"
		[ "$output" -gt 0 ] || fail "omni-$program was not seen"
	done
}
