#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# "make demo" in a copy of the checkout, and once more.

setup() {
	load helper
}

# shellcheck disable=SC2016	# jq's
@test "make demo SIMULATOR=yes: over HTTP, with the same result" {
	local copy=$BATS_TEST_TMPDIR/checkout part
	mkdir "$copy"
	for part in "$ROOT"/* "$ROOT/.ci"; do
		case ${part##*/} in
		spool)	mkdir "$copy/spool" ;;
		*)	cp -a "$part" "$copy" ;;
		esac
	done
	run -0 --separate-stderr make -s -C "$copy" demo SIMULATOR=yes
	assert_output --partial 'every projection is equal'
	run -0 jq -r .provider "$copy/spool/demo/simulator/accepted.ndjson"
	assert_line twilio
	run -1 test -e "$copy/spool/demo/console.txt"
	run -0 --separate-stderr make -s -C "$copy" demo SIMULATOR=yes
	assert_output --partial 'new messages this time: 0'
	run -0 jq -s 'group_by([.provider, .to, .body]) | map(length) | max' \
		"$copy/spool/demo/simulator/accepted.ndjson"
	assert_output 1
}

@test "make demo works, and a second time sends nothing (Inv. 4, 7)" {
	local copy=$BATS_TEST_TMPDIR/checkout part first texts
	mkdir "$copy"
	for part in "$ROOT"/* "$ROOT/.ci"; do
		case ${part##*/} in
		spool)	mkdir "$copy/spool" ;;
		*)	cp -a "$part" "$copy" ;;
		esac
	done
	run -0 --separate-stderr make -s -C "$copy" demo
	assert_output --partial 'every projection is equal'
	assert_output --regexp 'new messages this time: [1-9]'
	assert_output --partial 'confirm'
	first=$(find "$copy/spool/demo/Maildir/new" -type f | wc -l)
	[ "$first" -gt 100 ]
	texts=$(wc -l <"$copy/spool/demo/console.txt")

	run -0 --separate-stderr make -s -C "$copy" demo
	assert_output --partial 'every projection is equal'
	assert_output --partial 'new messages this time: 0'
	assert_equal "$(find "$copy/spool/demo/Maildir/new" -type f | wc -l)" \
		"$first"
	assert_equal "$(wc -l <"$copy/spool/demo/console.txt")" "$texts"
	run -0 make -s -C "$copy" demo-clean
	run -1 test -e "$copy/spool/demo"
}
