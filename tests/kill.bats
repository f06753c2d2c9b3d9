#!/usr/bin/env bats
# Inv. 2, 3, 4, 7, 9: SIGKILL at system calls of every program that writes, and
# at instants of a whole run; everything at once; and then one checker, which
# shares no code with the programs.  All points: make check-kill,
# check-kill-run and check-load.

setup() {
	load helper
	need_strace
}

# said LINE: its last lines, where somebody looks at them
said() {
	printf '# %s\n' "${lines[@]: -$1}" >&3
}

@test "every program that writes, killed at some of its system calls (Inv. 2, 3, 4, 7)" {
	run -0 "$ROOT/tests/kill-sweep" --points "${KILL_POINTS:-3}" --jobs 2
	said 1
	assert_line --regexp '^omni-contact [0-9]+ points, 0 violations$'
	assert_line --regexp '^omni-inbox-cgi [0-9]+ points, 0 violations$'
	assert_line --regexp '^omni-mcp [0-9]+ points, 0 violations$'
	assert_line --regexp '^all 1[0-9]+ points, 0 violations$'
}

@test "omni-run killed at some instants, all of it or one of its programs (Inv. 2, 3, 4, 7)" {
	run -0 "$ROOT/tests/kill-run" --count 3
	said 1
	assert_line --regexp '^omni-run killed 3 times .*; 0 violations$'
}

@test "everything at once, with kills and a reader in less (Inv. 2, 3, 4, 7, 9)" {
	run -0 "$ROOT/tests/load" --seconds 10
	said 1
	assert_line --regexp '[1-9][0-9]* messages sent, .*; 0 violations$'
}
