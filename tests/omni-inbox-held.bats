#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# What waits for a person, and what becomes of it.

setup() {
	load helper
	load people
	load inbox
	make_inbox
}

@test "a draft is listed, marked, let go by a person, and then sent (Inv. 6, 7)" {
	text +525512345678 '¿A qué hora abren?'
	draft d1 5512345678 'Abrimos a las nueve.'
	run -0 omni-inbox list held
	assert_output --regexp '^2026-11-23 17:00  sms       Rosa Díaz +assist +contact:rosa +d1 +a draft +Abrimos a las nueve\.$'
	run -0 omni-inbox list -j held
	assert_equal "$(jq -c '[.id, .conversation, .author, .reason, .text]' \
		<<<"$output")" \
		'["d1","contact:rosa","assist","a draft","Abrimos a las nueve."]'
	run -0 omni-inbox show rosa
	assert_line --partial '> 2026-11-23 17:00 sms, held, assist, a draft'
	assert_line '    (waits for omni-inbox release, or cancel)'
	run -0 omni-send-sms -q
	assert_equal "$(state d1)" 'held|a draft'
	assert_equal "$(sql 'SELECT status, unread_count FROM conversation')" \
		'pending|1'
	omni-inbox release d1
	assert_equal "$(sql "SELECT state, released_by FROM message
		WHERE id = 'd1'")" 'queued|ana'
	# It is an answer now, of who let it go.
	assert_equal "$(sql 'SELECT status, unread_count,
		last_staff_message_at FROM conversation')" \
		'active|0|2026-11-23T23:00:00Z'
	assert_equal "$(sql "SELECT data ->> '$.by' FROM journal
		WHERE op = 'message.released'")" ana
	run -0 omni-send-sms -q
	assert_equal "$(state d1)" 'sent|'
	run -0 omni-inbox show rosa
	assert_line --partial 'sent, accepted, assist, released by ana'
	run -0 omni-inbox list held
	assert_output ''
	verified
}

@test "two at once: the second is told, and so is who answers behind a draft" {
	text +525512345678 '¿A qué hora abren?'
	draft d1 5512345678 'Abrimos a las nueve.'
	last=$(omni-inbox show -j rosa | jq -r .last)
	USER=luis omni-inbox release d1
	run -1 omni-inbox release d1
	assert_output 'omni-inbox: d1: is queued, not held'
	run -75 omni-inbox reply rosa 'A las 9'
	assert_output --partial 'luis has answered at 2026-11-23T23:00:00Z: "Abrimos a las nueve."'
	# Who had the draft before their eyes does not know either.
	run -75 omni-inbox reply --last "$last" rosa 'A las 9'
	run -0 env USER=luis omni-inbox reply rosa 'Y a las diez el sábado.'
	assert_equal "$(states)" 'queued 2'
}

@test "a draft that came too late is not let go unless one says so" {
	text +525512345678 '¿A qué hora abren?'
	draft d1 5512345678 'Abrimos a las nueve.'
	USER=luis omni-inbox reply -q rosa 'A las nueve.'
	run -75 omni-inbox release d1
	assert_output --partial 'luis has answered at '
	draft d2 5512345678 'Hasta pronto.'
	text +525512345678 '¿Y el sábado?'
	run -75 omni-inbox release d2
	assert_output 'omni-inbox: d2: they have written since, at 2026-11-23T23:00:00Z: "¿Y el sábado?"; to release it all the same say so (--anyway)'
	run -0 omni-inbox release --anyway d2
	# What came in behind it was not answered by it.
	run -0 ids unread
	assert_output 'contact:rosa 1'
	draft d3 5512345678 'Tarde.'
	at 2026-12-20T23:00:00Z
	run -1 omni-inbox release --anyway d3
	assert_output --partial 'omni-inbox: d3: too late: it expired at '
	verified
}

@test "what is cancelled is never sent; names that are none are told" {
	draft d1 5512345678 'Uno'
	draft d2 5512345678 'Dos' ana
	run -1 omni-inbox cancel d1 nothing d2
	assert_output 'omni-inbox: nothing: no such message'
	assert_equal "$(states)" 'cancelled 2'
	assert_equal "$(sql "SELECT DISTINCT data ->> '$.by' FROM journal
		WHERE op = 'message.cancelled'")" ana
	run -1 omni-inbox release d1
	assert_output 'omni-inbox: d1: is cancelled, not held'
	run -1 omni-inbox release nothing
	assert_output 'omni-inbox: nothing: no such message'
	run -64 omni-inbox list --tag x held
	run -64 omni-inbox list --before x held
	run -64 omni-inbox cancel --anyway d1
	run -64 omni-inbox release
	verified
}

@test "the list of what is held goes by pages, the latest first" {
	for i in 1 2 3 4 5; do
		draft "d$i" 5512345678 "Texto $i"
	done
	run -0 omni-inbox list -j -l 2 held
	assert_equal "$(jq -r .id <<<"$output" | paste -sd' ')" 'd5 d4'
	run -0 omni-inbox list -j --before "$(jq -r .cursor <<<"${lines[1]}")" \
		held
	assert_equal "$(jq -r .id <<<"$output" | paste -sd' ')" 'd3 d2 d1'
}

@test "the gate holds for what was let go: an opt-out since (Inv. 6)" {
	text +525512345678 'Hola'
	draft d1 5512345678 'Buenas tardes'
	text +525512345678 STOP
	run -0 omni-inbox release --anyway d1
	run -0 omni-send-sms -q
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'd1'")" \
		cancelled
	verified
}
