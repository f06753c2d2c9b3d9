#!/usr/bin/env bats
# The pipe as a whole: omni-normalize | omni-route | omni-render | omni-queue.

setup() {
	load helper
	make_ledger 2026-11-23T23:00:00Z
	maxrss=$ROOT/build/tests/fake/maxrss
	limit=65536	# KiB
	count=100000
	if [[ -n ${SANITIZED-} ]]; then
		limit=1000000000
		count=3000
	fi
}

# records N: N reminders, of half as many people.
records() {
	jq -nc --argjson n "$1" 'range($n) | {id: "m\(.)",
		template: "appointment_reminder",
		contact: {id: "c\(. % ($n / 2 | floor))", name: "Ana \(.)",
			phone: "55\(10000000 + (. * 7919 % 79999999))"},
		vars: {owner_name: "Ana", pet_name: "Luna",
			at: "2026-11-24T16:30:00Z"}}'
}

# pipe FILE: through the four programs; their memory in rss.1 to rss.4.
pipe() {
	cd "$BATS_TEST_TMPDIR"
	set +e
	"$maxrss" rss.1 omni-normalize <"$1" |
		"$maxrss" rss.2 omni-route |
		"$maxrss" rss.3 omni-render |
		"$maxrss" rss.4 omni-queue >out
	printf '%s\n' "${PIPESTATUS[*]}" >status
	set -e
}

@test "Inv. 1, 9: one in, one out, in order, each process under 64 MiB" {
	records "$count" >"$BATS_TEST_TMPDIR/in"
	pipe "$BATS_TEST_TMPDIR/in"
	assert_equal "$(<status)" '0 0 0 0'
	assert_equal "$(jq -r .id out | sha256sum)" \
		"$(jq -r .id in | sha256sum)"
	assert_equal "$(jq -r .queue.state out | sort | uniq -c | tr -s ' ')" \
		" $count queued"
	for i in 1 2 3 4; do
		run -0 cat "rss.$i"
		((output < limit))
	done
	assert_equal "$(sql "SELECT count(*) FROM message")" "$count"
}

@test "jq may stand between any two programs" {
	records 50 >"$BATS_TEST_TMPDIR/in"
	cd "$BATS_TEST_TMPDIR"
	omni-normalize <in | jq -c . | omni-route |
		jq -c '.metadata = {run: "x"}' | omni-render | jq -c . |
		omni-queue | jq -c . >out
	assert_equal "$(jq -r '.queue.state + .metadata.run' out | uniq -c |
		tr -s ' ')" ' 50 queuedx'
}

@test "Inv. 4: the same pipe twice queues nothing twice" {
	records 50 >"$BATS_TEST_TMPDIR/in"
	pipe "$BATS_TEST_TMPDIR/in"
	before=$(sql 'SELECT max(seq) FROM journal')
	pipe "$BATS_TEST_TMPDIR/in"
	assert_equal "$(jq -r .queue.state out | uniq -c | tr -s ' ')" \
		' 50 duplicate'
	assert_equal "$(sql 'SELECT max(seq) FROM journal')" "$before"
}

@test "Inv. 10: a record that is refused once is told once, and goes on" {
	printf '%s\n' '{"id":"a","contact":{"phone":"5512345678"}}' \
		'{"id":"b","contact":{"phone":"12"}}' 'no record' \
		'{"id":"c","contact":{"phone":"5512345678"},"text":"hola"}' \
		>"$BATS_TEST_TMPDIR/in"
	pipe "$BATS_TEST_TMPDIR/in" 2>"$BATS_TEST_TMPDIR/said"
	assert_equal "$(<status)" '1 1 1 1'
	assert_equal "$(jq -r '.queue.state' out | tr '\n' ' ')" \
		'refused refused refused queued '
	assert_equal "$(wc -l <said)" 3
}

@test "Inv. 12: the same input, ledger and clock give the same bytes" {
	records 20 >"$BATS_TEST_TMPDIR/in"
	cd "$BATS_TEST_TMPDIR"
	for i in 1 2; do
		omni-normalize <in | omni-route | omni-render >"out.$i"
	done
	cmp out.1 out.2
}
