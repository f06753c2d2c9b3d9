#!/usr/bin/env bats
# The template engine against Django: its own tests, and whatever both of them
# make of templates put together by chance.

load helper

@test "Django's own template tests" {
	local cases=$OMNI_CORPORA/templates/django-cases.ndjson

	[ -r "$cases" ] || skip "no corpus at $cases"
	run -0 "$ROOT/tests/django-cases" "$cases"
	assert_line --index 0 --regexp '^[4-9][0-9][0-9] passed, 0 failed, '
	echo "# $output" | head -1 >&3
}
