# shellcheck shell=bash
# Rows of a calendar's export, for the tests of omni-schedule.

# row ID AT [FILTER]: one appointment of contact 7, changed by a jq filter
row() {
	jq -nc --arg id "$1" --arg at "$2" '{id: $id, type: "appointment",
	    at: $at, contact: {id: "7", name: "Ana Paz",
	    email: "ana@x.example", phone: "55 5512 3456"},
	    vars: {owner_name: "Ana", pet_name: "Luna"}} | '"${3:-.}"
}

# schedule STATUS [ARG ...]: what is in $in
schedule() {
	local status=$1

	shift
	# shellcheck disable=SC2154	# make_ledger of helper.bash sets it
	run "-$status" --separate-stderr omni-schedule "$@" <"$in"
}

# results: the answers, on one line
results() {
	# shellcheck disable=SC2154	# run(1) of bats sets it
	jq -r '.schedule.state // .error.code' <<<"$output" | xargs
}

# taken RESULT ID AT [FILTER]: that row is taken, with that answer
taken() {
	row "${@:2}" >"$in"
	schedule 0
	assert_equal "$(results)" "$1"
}

journal() {
	sql 'SELECT count(*) FROM journal'
}

# again RESULTS: the same rows once more, with these answers, and no row of the
# journal comes of it
again() {
	local before
	before=$(journal)
	schedule 0
	assert_equal "$(results)" "$1"
	assert_equal "$(journal)" "$before"
}
