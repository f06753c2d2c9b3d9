#!/usr/bin/env bats
# The deliberate mistakes that "make check-mutants" builds can still be made.

setup() {
	load helper
}

@test "each mutant applies, and names a test that there is" {
	local mutant test file count=0
	cp -R "$ROOT/src" "$ROOT/share" "$BATS_TEST_TMPDIR"
	for mutant in "$ROOT"/tests/mutants/*.patch; do
		run -0 patch -d "$BATS_TEST_TMPDIR" -p1 -s -f -F 0 --dry-run \
			<"$mutant"
		test=$(sed -n '1s/^# caught by: //p' "$mutant")
		file=$ROOT/${test%% *}
		assert_file_exists "$file"
		case $file in
		*.bats)
			run -0 grep -F "@test \"${test#* }\" {" "$file"
			;;
		*_test.c) ;;
		*) fail "$mutant: $file" ;;
		esac
		count=$((count + 1))
	done
	[ "$count" -ge 14 ]
}
