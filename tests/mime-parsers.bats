#!/usr/bin/env bats
# What omni writes is read back equal by three parsers that are not ours: a
# table of nasty mails, and others put together by chance
# (tests/fake/mailcheck.py).  SEED=7 COUNT=5000 tries others, and more.

setup_file() {
	load helper
	export MAILBUILD=$ROOT/build/tests/fake/mailbuild
	export MAILREAD=$ROOT/build/tests/fake/mailread
	export MAILS=$BATS_FILE_TMPDIR/mails
	mkdir "$MAILS"
	check build "$MAILS" "${SEED:-20261123}" "${COUNT:-150}" >&2
}

setup() {
	load helper
	load npm
}

check() {
	/usr/bin/python3 "$ROOT/tests/fake/mailcheck.py" "$@"
}

# read_by PARSER: it reads all of them as they were meant
read_by() {
	run -0 check "$1" "$MAILS"
	assert_output --regexp '^[0-9]{3,} mails, 0 differ$'
}

@test "Python's email, as strict as it can be" {
	read_by python
}

@test "GMime, without a warning" {
	read_by gmime
}

@test "npm's mailparser, which finds every picture too" {
	need_npm mailparser
	read_by mailparser
}

@test "a mail that is not as it was meant would be noticed" {
	local copy=$BATS_TEST_TMPDIR/copy
	mkdir "$copy"
	cp "$MAILS"/00002.* "$copy"
	run -0 check python "$copy"
	sed -i 's/Hola/Holb/' "$copy/00002.eml"
	run -1 check python "$copy"
	assert_output --partial 'both: text'
	run -1 check gmime "$copy"
	assert_output --partial 'both: html'
}
