#!/usr/bin/env bats
# SMS segmentation against other people's answers.

setup() {
	load helper
	CORPUS=${OMNI_CORPORA:-$ROOT/../shared/corpora}/sms/segments.ndjson
	[ -r "$CORPUS" ] || skip "no corpus at $CORPUS"
	# A record cannot hold NUL (omni-record(5)); U+0001 costs the same.
	sed 's/\\u0000/\\u0001/g' "$CORPUS" >"$BATS_TEST_TMPDIR/corpus"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/corpus")" -gt 10000 ]
}

# compare ANSWER: our counts of the file "in" against what jq finds under ANSWER
compare() {
	"$ROOT/build/tests/fake/segcount" <"$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/ours"
	jq -c "$1 | {encoding, segments, units}" "$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/theirs"
	run -0 diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}

@test "segments are counted as plain 3GPP arithmetic counts them" {
	cp "$BATS_TEST_TMPDIR/corpus" "$BATS_TEST_TMPDIR/in"
	compare .plain
}

# The carrier's calculator keeps joined emoji whole: marked in the corpus.
@test "and as Twilio counts them, wherever no joined emoji is split" {
	jq -c 'select(.agree_plain)' "$BATS_TEST_TMPDIR/corpus" \
		>"$BATS_TEST_TMPDIR/in"
	compare .
}
