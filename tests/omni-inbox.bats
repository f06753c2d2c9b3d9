#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# The conversations of all channels, at a terminal.
# Each test names the invariants of the design that it proves.

setup() {
	load helper
	load people
	open_clinic
	contact rosa 5512345678 'Rosa Díaz'
}

# ids [ARGUMENT...]: the conversations of a list
ids() {
	omni-inbox list -j "$@" | jq -r '.conversation + " " +
		(.unread | tostring)'
}

@test "who writes is in the list, unread; reading, tags and closing (Inv. 7)" {
	text +525512345678 '¿Puedo llevar a Luna en ayunas?'
	at 2026-11-23T23:01:00Z
	text +525599999999 'Una pregunta, por favor'
	run -0 omni-inbox list
	assert_line --index 0 --partial '2026-11-23 17:01  1 new'
	assert_line --index 1 --regexp '1 new .* Rosa Díaz .* contact:rosa .*ayunas'
	run -0 ids unread
	assert_line --index 1 'contact:rosa 1'
	omni-inbox read rosa
	run -0 ids unread
	refute_line --partial rosa
	run -0 ids
	assert_line 'contact:rosa 0'
	omni-inbox assign rosa ana
	omni-inbox tag rosa urgente ayuno
	omni-inbox untag rosa ayuno
	omni-inbox priority rosa high
	omni-inbox subject rosa 'Ayuno de Luna'
	omni-inbox about rosa appointment:42
	omni-inbox own rosa luis
	run -0 ids mine
	assert_output 'contact:rosa 0'
	run -0 ids --tag urgente
	assert_output 'contact:rosa 0'
	run -0 ids --tag ayuno
	assert_output ''
	run -0 omni-inbox show -j rosa
	assert_equal "$(jq -c '.conversation | [.subject, .priority, .assignee,
		.owner, .tags, .related.id, .status]' <<<"$output")" \
		'["Ayuno de Luna","high","ana","luis",["urgente"],"42","pending"]'
	omni-inbox close rosa
	run -0 ids
	refute_line --partial rosa
	run -0 ids all
	assert_line 'contact:rosa 0'
	omni-inbox reopen rosa
	run -0 ids
	assert_line 'contact:rosa 0'
	# Each act is journalled with who did it, and replays.
	assert_equal "$(sql "SELECT count(*) FROM journal WHERE op LIKE
		'conversation.%' AND data ->> '$.by' = 'ana'")" 10
	verified
}

@test "an answer goes where they wrote, as a record like any other (Inv. 4, 6, 7)" {
	text +525512345678 '¿A qué hora abren?'
	run -0 omni-inbox reply rosa 'Abrimos a las nueve.'
	assert_line --index 0 --regexp \
	    '^[0-9a-f]{26} queued by sms to \+525512345678 at 2026-11-23 17:00, 1 segment, 0.05 MXN$'
	assert_line --index 1 '    Abrimos a las nueve.'
	run -0 omni-send-sms -q
	run -0 cat "$console"
	assert_output --partial 'Abrimos a las nueve.'
	assert_equal "$(sql "SELECT author, type, class, state, conversation
		FROM message WHERE direction = 'outbound'")" \
		'ana|reply|reply|sent|contact:rosa'
	# It was read with that, and is no longer pending.
	assert_equal "$(sql "SELECT status, unread_count,
		last_staff_message_at FROM conversation")" \
		'active|0|2026-11-23T23:00:00Z'
	# By the same id twice it is one.
	run -0 omni-inbox reply --id form-1 rosa 'Hola'
	run -0 omni-inbox reply --id form-1 rosa 'Hola'
	assert_line --index 0 --partial duplicate
	run -1 omni-inbox reply --id form-1 rosa 'Adiós'
	assert_line 'omni-inbox: form-1: this id was used for another answer'
	run -0 omni-inbox show rosa
	assert_line --partial '< 2026-11-23 17:00 sms, '
	assert_line --partial '> 2026-11-23 17:00 sms, sent, '
	verified
}

@test "the second of two who answer at once is told" {
	text +525512345678 '¿A qué hora abren?'
	last=$(omni-inbox show -j rosa | jq -r .last)
	USER=luis omni-inbox reply -j --last "$last" rosa 'A las nueve.' >/dev/null
	run -75 --separate-stderr omni-inbox reply --last "$last" rosa 'A las 9'
	assert_equal "$stderr" 'omni-inbox: luis has answered at 2026-11-23T23:00:00Z: "A las nueve."; to answer all the same say so (--anyway)'
	# The same without a word of what was read last.
	run -75 omni-inbox reply rosa 'A las 9'
	run -0 omni-inbox reply --anyway rosa 'A las 9'
	assert_equal "$(sql "SELECT count(*) FROM message
		WHERE direction = 'outbound'")" 2
	# Once they write again it is anybody's turn.
	text +525512345678 '¿Y el sábado?'
	run -0 omni-inbox reply rosa 'También'
}

@test "WhatsApp's window, opt-outs, quiet hours (Inv. 6, 10)" {
	text +525512345678 'Hola' whatsapp
	run -0 omni-inbox show rosa
	assert_line --partial 'answer: by whatsapp to +525512345678; words of your own until 2026-11-24 17:00'
	at 2026-11-24T23:00:00Z
	run -1 omni-inbox reply rosa 'Hola, Rosa'
	assert_output --partial 'nothing was received by WhatsApp in the last 24 hours'
	assert_output --partial 'appointment_reminder'
	run -0 omni-inbox reply --channel sms -n rosa 'Hola, Rosa'
	assert_line --index 0 --partial 'queued by sms'
	# At night the answer waits for the morning, unless they just wrote.
	at 2026-11-25T04:00:00Z
	run -1 omni-inbox reply --channel sms --now rosa 'Hola'
	assert_output --partial 'they sleep (quiet hours until 2026-11-25T15:00:00Z)'
	run -0 omni-inbox reply --channel sms rosa 'Hola'
	assert_line --index 0 --partial 'at 2026-11-25 09:00'
	text +525512345678 '¿Y mi perra?' whatsapp
	run -0 omni-inbox reply --now rosa 'Está bien.'
	assert_line --index 0 --partial 'queued by whatsapp to +525512345678 at 2026-11-24 22:00'
	run -0 omni-send-wa -q
	assert_equal "$(sql "SELECT count(*) FROM message WHERE state = 'sent'")" 1
	# Who said STOP is not answered on that channel.
	text +525512345678 STOP
	run -1 omni-inbox reply rosa 'Perdón'
	assert_output --partial 'opted out: '
	verified
}

@test "what cannot be is refused, names the reason and changes nothing (Inv. 10)" {
	text +525512345678 'Hola'
	before=$(sql 'SELECT count(*) FROM journal')
	run -1 omni-inbox show nobody
	assert_output 'omni-inbox: nobody: no conversation, contact, message, flag or address of this ledger'
	run -1 omni-inbox reply rosa ''
	assert_output 'omni-inbox: text: nothing was written'
	run -1 omni-inbox reply rosa "$(printf 'a\001b')"
	assert_output 'omni-inbox: text: a control character, \x01'
	run -1 omni-inbox reply rosa "$(printf '%04001d' 0)"
	assert_output 'omni-inbox: text: longer than 4000 characters'
	run -1 omni-inbox reply --channel push rosa 'Hola'
	assert_output 'omni-inbox: contact:rosa: no address on this channel'
	run -1 omni-inbox reply --channel fax rosa 'Hola'
	assert_output 'omni-inbox: contact:rosa: no such channel'
	run -1 omni-inbox reply --template nothing rosa
	run -1 omni-inbox priority rosa huge
	assert_output 'omni-inbox: rosa: priority huge: none of low, normal, high, urgent'
	run -1 omni-inbox tag rosa 'two words'
	run -1 omni-inbox resolve 1
	assert_output 'omni-inbox: 1: not an open flag'
	run -64 omni-inbox list everything
	run -64 omni-inbox reply
	printf '\n[staff luis]\nrole = staff\n' >>"$OMNI_CONF"
	run -1 omni-inbox assign rosa lius
	assert_output --partial 'there is no such [staff]'
	run -0 omni-inbox assign rosa luis
	assert_equal "$(($(sql 'SELECT count(*) FROM journal') - before))" 1
}

@test "what they write cannot speak to the terminal" {
	text +525512345678 "$(printf 'Hola \033]0;x\007 \302\233 fin')"
	run -0 omni-inbox show rosa
	assert_line --partial 'Hola '
	refute_output --partial $'\033'
	refute_output --partial $'\302\233'
	run -0 omni-inbox list
	refute_output --partial $'\033'
}

@test "words are found, without accents, and no more once forgotten (Inv. 11)" {
	contact luz 5512340000 'Luz Peña'
	text +525512345678 '¿Puedo llevar a Canción en ayunas?'
	text +525512340000 'La cancion de la radio'
	run -0 omni-inbox search cancion
	assert_equal "${#lines[@]}" 2
	run -0 omni-inbox search cancion ayun
	assert_equal "${#lines[@]}" 1
	assert_output --partial 'contact:rosa'
	run -0 omni-inbox search '"OR" NEAR('
	assert_output ''
	omni-inbox reply -j rosa 'El ayuno es de ocho horas' >/dev/null
	run -0 omni-inbox search ayuno horas
	assert_output --partial '>'
	omni-inbox subject rosa 'La cancion de Rosa'
	run -0 sql "SELECT count(*) FROM content WHERE body LIKE '%de Rosa%'"
	assert_output 1
	omni-contact forget -q rosa
	run -0 sql "SELECT count(*) FROM content WHERE body LIKE '%de Rosa%'"
	assert_output 0
	[ ! -e "$SITE/spool/search.db" ]
	run -0 omni-inbox search ayuno
	assert_output ''
	run -0 omni-inbox search cancion
	assert_output --partial 'contact:luz'
	assert_equal "$(stat -c %a "$SITE/spool/search.db")" 640
}

@test "two contacts that were one person are one conversation (Inv. 7)" {
	contact rosita 5512340000 'Rosita'
	text +525512345678 'Hola'
	text +525512340000 'Hola de nuevo'
	omni-inbox tag rosita nueva
	omni-contact merge -q rosita rosa
	run -0 ids
	assert_output 'contact:rosa 2'
	run -0 omni-inbox show -j rosa
	assert_equal "$(jq -c '[.messages[].text], .conversation.tags' \
		<<<"$output" | paste -sd' ')" \
		'["Hola","Hola de nuevo"] ["nueva"]'
	verified
}

@test "staff of the ledger's group may look, and not change" {
	text +525512345678 'Hola'
	[ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" \
		"$(dirname "$BATS_TEST_TMPDIR")" "$SITE" "$SITE/etc"
	chmod 644 "$OMNI_CONF"
	chgrp -R nogroup "$SITE/spool"
	chmod 750 "$SITE/spool"
	chmod 640 "$SITE"/spool/ledger.db "$SITE"/spool/ledger.db-wal
	chmod 660 "$SITE"/spool/ledger.db-shm
	chmod 600 "$SITE"/spool/ledger.db.key
	run -0 setpriv --reuid nobody --regid nogroup --clear-groups \
		omni-inbox list
	assert_output --partial 'Rosa'
	run -77 setpriv --reuid nobody --regid nogroup --clear-groups \
		omni-inbox read rosa
}
