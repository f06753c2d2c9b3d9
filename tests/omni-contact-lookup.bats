#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets output
# shellcheck disable=SC2034	# stop_server reads server
# omni-contact lookup, against the simulator.

setup() {
	load helper
	load servers
	server=
	make_ledger 2026-11-23T18:00:00Z
	export TWILIO_AUTH_TOKEN=simulator-token
	# Of each number the simulator says that it is a mobile one, but of this.
	play "$BATS_TEST_TMPDIR/sim" --callbacks off \
		--answer +525512345672=21614
	sed -i "/^auth_token/a base_url = $url" "$OMNI_CONF"
	omni-contact import -q <<-'END'
	{"id":"1","phone":"55 1234 5671","email":"ana@x.example"}
	{"id":"2","phone":"55 1234 5672"}
	{"id":"3","email":"eva@x.example"}
	END
}

teardown() {
	stop_server
}

requests() {
	wc -l <"$BATS_TEST_TMPDIR/sim/requests.ndjson"
}

@test "the kind of line is asked for once; a landline gets no SMS, but calls" {
	run -0 omni-contact lookup 1 2 3
	assert_line --index 0 '{"id":"1","contact":{"action":"looked_up","numbers":[{"to":"+525512345671","valid":true,"line":"mobile","carrier":"Simulator"}]}}'
	assert_line --index 1 '{"id":"2","contact":{"action":"looked_up","numbers":[{"to":"+525512345672","valid":true,"line":"fixed_line","carrier":"Simulator"}]}}'
	assert_line --index 2 '{"id":"3","contact":{"action":"unchanged","numbers":[]}}'
	assert_equal "$(requests)" 2
	run -0 "$ROOT/tests/openapi-check" "$BATS_TEST_TMPDIR/sim/requests.ndjson"
	run -0 sql "SELECT type, line, coalesce(dead_reason, 'alive') FROM address
		WHERE hash IN (SELECT hash FROM contact_address WHERE
		contact = '2') ORDER BY type"
	assert_line 'sms|fixed_line|landline'
	assert_line 'whatsapp|fixed_line|alive'
	run -0 omni-contact lookup 1 2
	assert_equal "$(requests)" 2
	# What was paid for is worth more than a guess.
	echo '{"id":"2","phone":"55 1234 5672","name":"Eva"}' |
		omni-contact import -q
	assert_equal "$(sql "SELECT count(*) FROM address WHERE line =
		'fixed_line'")" "$(sql "SELECT count(*) FROM contact_address
		WHERE contact = '2'")"
	run -0 omni-ledger verify -q
}

@test "a number is asked for again when it is named" {
	run -0 omni-contact lookup 1
	run -0 omni-contact lookup '55 1234 5671'
	assert_equal "$(requests)" 2
}

@test "who does not answer is asked by the next run: 75, and nothing is kept" {
	faults '{"read:error_500":1}'
	run -75 omni-contact lookup 1
	assert_output --partial '"temporary":true'
	assert_equal "$(sql 'SELECT count(looked_up_at) FROM address')" 0
}

@test "wrong credentials and no Twilio at all end it: 78" {
	TWILIO_AUTH_TOKEN=wrong run -78 omni-contact lookup 1
	refute_output --partial wrong
	sed -i '/^\[provider twilio\]/,$d' "$OMNI_CONF"
	run -78 omni-contact lookup 1
	assert_output 'omni-contact: no [provider] is of kind twilio'
}

@test "a contact that is not there is named, the others are looked up" {
	run -1 omni-contact lookup 9 2
	assert_output --partial '9'
	assert_equal "$(requests)" 1
}
