#!/usr/bin/env bats
# Random histories of ladders, against a model of its own; `make
# check-escalate` plays 5,000 others each time.

load helper

@test "random histories: no step after an answer, twice, after the event, in quiet hours, or for an old revision, and none lost (Inv. 3, 4, 6)" {
	# What fails is printed as a history that has only what matters.
	run -0 "$ROOT/tests/escalate-random" "${SEED:-31}" 200
}
