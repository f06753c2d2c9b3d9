#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# What the system refuses is said, and costs nothing: a sample of what
# `make check-fault` tries in full, and the library that does it.

setup() {
	load helper
	[ -z "${SANITIZED-}" ] || skip 'a sanitizer has a malloc of its own'
	library=$ROOT/build/tests/fake/failat.so
	[ -e "$library" ] || make -s -C "$ROOT" build/tests/fake/failat.so \
		build/tests/fake/faultprobe
	PATH=$ROOT/build/tests/fake:$PATH
	record=$BATS_TEST_TMPDIR/record
	kinds=$(sed -n '/kinds\[\] = {/,/}/s/.*"/&/p' \
		"$ROOT/tests/fake/preload/failat.c" | tr -cs '[:lower:]' ' ')
	cd "$BATS_TEST_TMPDIR" || return
}

# counted KIND: how many calls of it the record has, or of "" how many failed
counted() {
	local kind i=0
	for kind in $kinds; do
		[ "$kind" != "$1" ] || break
		i=$((i + 1))
	done
	od -A n -t d8 -j $((8 * i)) -N 8 "$record" | tr -d ' '
}

# probe KIND [ENV=VALUE]...: what its three calls say
probe() {
	local kind=$1
	shift
	head -c 512 /dev/zero >"$record"
	env FAILAT_PROGRAM=other:faultprobe FAILAT_RECORD="$record" \
		FAILAT_CALL="$kind" LD_PRELOAD="$library" "$@" \
		faultprobe "$kind"
}

# middle KIND: the number of the second of those three; more come before them
middle() {
	probe "$1" >/dev/null
	echo $(($(counted "$1") - 1))
}

@test "the library: the call that is meant fails, and no other" {
	local kind n
	for kind in $kinds; do
		n=$(middle "$kind")
		assert_equal "$(probe "$kind")" 'ok ok ok'
		assert_equal "$kind: $(probe "$kind" FAILAT_N="$n" \
			FAILAT_ERROR=ENOSPC)" "$kind: ok ENOSPC ok"
		assert_equal "$(counted '')" 1
	done
}

@test "the library: all from one on, short ones, another program" {
	local kind n
	for kind in write read send recv; do
		n=$(middle "$kind")
		assert_equal "$(probe "$kind" FAILAT_N="$n" \
			FAILAT_ERROR=short)" 'ok short ok'
		assert_equal "$(probe "$kind" FAILAT_N="$n" \
			FAILAT_ERROR=EIO FAILAT_TIMES=0)" 'ok EIO EIO'
		assert_equal "$(counted '')" 2
		assert_equal "$(probe "$kind" FAILAT_N="$n" \
			FAILAT_ERROR=EIO FAILAT_PROGRAM=other)" 'ok ok ok'
		assert_equal "$(counted "$kind")" 0
	done
}

@test "the library: who asks for what it does not know is told" {
	run -99 probe write FAILAT_N=1 FAILAT_ERROR=EWHAT
	assert_output 'failat: FAILAT_ERROR: not known'
	run -99 probe write FAILAT_N=1 FAILAT_ERROR=EIO FAILAT_CALL=wrote
	assert_output 'failat: FAILAT_CALL: not known'
}

@test "the sweep finds a program that takes no notice, crashes or hangs" {
	run -0 python3 "$ROOT/tests/faults/selftest.py"
	assert_output --partial '9 of 9 found'
}

@test "a sample of all faults: each is said, and nothing is lost" {
	run -0 "$ROOT/tests/fault-sweep" -m "${FAULTS:-5}"
	assert_output --regexp '[1-9][0-9]* faults, 0 violations'
	refute_output --regexp '[1-9][0-9]* violations'
}

# sweep OPTION...: no rule is broken
sweep() {
	run -0 "$ROOT/tests/fault-sweep" "$@"
	assert_output --regexp '[1-9][0-9]* faults, 0 violations'
}

@test "Inv. 10: what cannot be looked at is not empty" {
	sweep -c open -e EMFILE omni-status
	sweep -c open -e EIO omni-status
	sweep -c stat -e EIO omni-status
}

@test "Inv. 2, 10: no memory refuses no record for good" {
	sweep -c malloc -e ENOMEM -s 11 omni-normalize
	sweep -c malloc -e ENOMEM -s 41 'omni-ingest --try'
	sweep -c malloc -e ENOMEM -s 1500 phonenumber
	sweep -c malloc -e ENOMEM -s 400 omni-queue
}

@test "Inv. 2: a connection that breaks does not keep the next message waiting" {
	sweep -c send -e ECONNRESET 'omni-send-sms twilio'
}

@test "Inv. 2: a webhook whose body cannot be read is to come again" {
	sweep -c read 'omni-ingest --cgi'
	sweep -c poll 'omni-ingest --cgi'
}

@test "Inv. 10: what cannot be looked at is not counted as nothing" {
	sweep -c open -e 'EMFILE*' 'omni-status -j'
	sweep -c readdir 'omni-status -j' omni-ingest
	sweep -c spawn 'omni-escalate --simulate'
}

@test "Inv. 10: an index that cannot be read or written finds not nothing" {
	sweep -c write -e EIO 'omni-inbox search' 'omni-inbox-cgi search'
	sweep -c read -e EIO 'omni-inbox search'
	sweep -c malloc -e ENOMEM -s 97 'omni-inbox search'
}

@test "Inv. 2: a spool whose names cannot be read ends no sender" {
	sweep -c readdir 'omni-send-push webpush'
	sweep -c random 'omni-send-push webpush'
}

@test "Inv. 2: a form whose body cannot be read is to be sent again" {
	sweep -c read -e EIO 'omni-inbox-cgi act'
	sweep -c poll 'omni-inbox-cgi act'
}

@test "omni-run: what the shell cannot open, read or start is said, and no 1" {
	sweep -c open -e EMFILE -s 7 omni-run
	sweep -c read -e EIO -s 9 omni-run
	sweep -c spawn -e EAGAIN -s 13 omni-run
}

@test "a backup that failed is not in the way of the next" {
	sweep -c sync 'omni-ledger backup'
}
