#!/usr/bin/env bats
# What people's answers are taken for, over a corpus of real quoting.

setup() {
	load helper
	CORPUS=${OMNI_CORPORA:-$ROOT/../shared/corpora}/replies/replies.ndjson
	[ -r "$CORPUS" ] || skip "no corpus at $CORPUS"
	"$ROOT/build/tests/fake/replyintent" <"$CORPUS" |
		jq -r .intent >"$BATS_TEST_TMPDIR/ours"
	jq -r .intent "$CORPUS" >"$BATS_TEST_TMPDIR/theirs"
	# A program that died in the pipe has said too little.
	[ "$(wc -l <"$BATS_TEST_TMPDIR/ours")" -gt 300 ]
	paste -d' ' "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs" \
		>"$BATS_TEST_TMPDIR/both"
}

# never INTENT THEIRS...: nobody is taken to say INTENT who meant another
never() {
	local intent=$1 allowed
	shift
	allowed=$(IFS='|' && echo "$*")
	grep "^$intent " "$BATS_TEST_TMPDIR/both" >"$BATS_TEST_TMPDIR/said"
	run -1 grep -Ev "^$intent ($allowed)\$" "$BATS_TEST_TMPDIR/said"
}

@test "no answer is taken for a yes that is none" {
	never confirm confirm confirm-trap ambiguous-positive
}

@test "no answer is taken for a no that is none" {
	never decline cancel
}

@test "no answer is taken for an opt-out that is none" {
	never stop stop
}

@test "plain answers are understood, all of them" {
	run -1 grep -E ' (confirm|confirm-trap)$' <(grep -v '^confirm ' \
		"$BATS_TEST_TMPDIR/both")
	run -1 grep ' cancel$' <(grep -v '^decline ' "$BATS_TEST_TMPDIR/both")
	run -1 grep ' stop$' <(grep -v '^stop ' "$BATS_TEST_TMPDIR/both")
	run -1 grep ' reschedule$' <(grep -v '^reschedule ' \
		"$BATS_TEST_TMPDIR/both")
	run -1 grep ' question$' <(grep -v '^question ' "$BATS_TEST_TMPDIR/both")
}
