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

@test "templates made by chance give what Django gives" {
	local seed

	/usr/bin/python3 -c 'import django' 2>/dev/null ||
		skip 'python3-django is not installed'
	for seed in 1 2 3; do
		run -0 "$ROOT/tests/django-random" "$seed" 1000
		assert_output --regexp '^[0-9]+ the same, 0 different, '
	done
}
