#!/usr/bin/env bats
# What omni writes is read back equal by three parsers that are not ours: a
# table of nasty mails, and others put together by chance
# (tests/fake/mailcheck.py).  SEED=7 COUNT=5000 tries others, and more.

MAILPARSER=3.14.2

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
}

check() {
	/usr/bin/python3 "$ROOT/tests/fake/mailcheck.py" "$@"
}

# read_by PARSER: it reads all of them as they were meant
read_by() {
	run -0 check "$1" "$MAILS"
	assert_output --regexp '^[0-9]{3,} mails, 0 differ$'
}

# get_mailparser: it comes from npm's registry into build/npm, once
get_mailparser() {
	local into=$ROOT/build/npm
	command -v node >/dev/null || skip 'no node, for mailparser'
	export NODE_PATH=$into/node_modules
	node -e 'require("mailparser")' 2>/dev/null && return
	command -v npm >/dev/null || skip 'no npm, to get mailparser'
	mkdir -p "$into"
	npm install --prefix "$into" --no-save --no-audit --no-fund --silent \
		"mailparser@$MAILPARSER" >/dev/null 2>&1 ||
		skip 'npm cannot get mailparser'
}

@test "Python's email, as strict as it can be" {
	read_by python
}

@test "GMime, without a warning" {
	read_by gmime
}

@test "npm's mailparser, which finds every picture too" {
	get_mailparser
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
