#!/usr/bin/env bats
# Who gets what when: tables in tests/timelines, to be read as documentation and
# run as tests.  Each line below a situation is what somebody does, or what omni
# is to do about it; tests/timelines/play.py says how they are written.  All of
# it runs on the real programs, each time that cron would have something to do.

setup() {
	load helper
	[ -x /usr/bin/python3 ] || skip 'python3 is not installed'
	export TWILIO_AUTH_TOKEN=simulator-token
	make_site
}

# plays NAME: what comes of the table is what stands in it
plays() {
	local table=$BATS_TEST_DIRNAME/timelines/$1.txt
	"$BATS_TEST_DIRNAME/timelines/play.py" "$table" >"$BATS_TEST_TMPDIR/is"
	diff -u "$table" "$BATS_TEST_TMPDIR/is"
	grep -q '^== ' "$table"
}

@test "answers: who confirms, declines, says STOP, and when (Inv. 6)" {
	plays answers
}

@test "moves: the calendar changes, by day and by night (Inv. 6)" {
	plays moves
}

@test "hours: nights, opening hours, weekends, holidays (Inv. 6)" {
	plays hours
}

@test "late: nothing ran for a night, half a day, a weekend" {
	plays late
}

@test "failover: what fails or is held brings the next step" {
	plays failover
}

@test "people: preferences, receipts, two pets, forgotten, merged (Inv. 6)" {
	plays people
}

@test "limits: of an address, of a channel (Inv. 6)" {
	plays limits
}

@test "spending: what is too dear is held (Inv. 6)" {
	plays spending
}

@test "autumn: an hour comes twice" {
	plays autumn
}

@test "spring: an hour is left out" {
	plays spring
}

@test "every table is played" {
	local table
	for table in "$BATS_TEST_DIRNAME"/timelines/*.txt; do
		table=${table##*/}
		grep -q "^	plays ${table%.txt}$" "$BATS_TEST_FILENAME"
	done
}
