#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# The conversations of all channels, at a terminal.
# Each test names the invariants of the design that it proves.

setup() {
	load helper
	load people
	load inbox
	make_inbox
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
	assert_output 'omni-inbox: contact:rosa: channel fax: neither a type nor a [channel]'
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

@test "an answer counts from what the person wrote last, read or not" {
	text +525512345678 '¿A qué hora abren?'
	USER=luis omni-inbox reply -q rosa 'A las nueve.'
	at 2026-11-23T23:05:00Z
	text +525512345678 '¿Y el sábado?'
	omni-inbox read rosa
	run -0 omni-inbox reply rosa 'También.'
	# The same form once more, after a colleague's answer, is the same.
	omni-inbox reply -q --id form-1 --anyway rosa 'A las diez.'
	USER=luis omni-inbox reply -q --anyway rosa 'A las once.'
	run -0 omni-inbox reply --id form-1 rosa 'A las diez.'
	assert_line --index 0 --partial duplicate
	run -75 omni-inbox reply --id form-2 rosa 'A las doce.'
	# A last message that is none of theirs says nothing.
	run -1 omni-inbox reply --last nonsense rosa 'Hola'
	assert_output 'omni-inbox: nonsense: no message of this conversation'
	run -1 omni-inbox read --last nonsense rosa
	assert_output 'omni-inbox: nonsense: no message of this conversation'
}

@test "what comes in while an answer is written is told, or stays unread" {
	text +525512345678 '¿Abren hoy?'
	last=$(omni-inbox show -j rosa | jq -r .last)
	text +525512345678 '¡Luna sangra!'
	run -0 omni-inbox reply rosa 'Sí, hasta las seis.'
	assert_line --regexp '^read +2026-11-23 17:00 +sms +¡Luna sangra!$'
	text +525512345678 'Ya voy.'
	run -0 omni-inbox reply --last "$(omni-inbox show -j rosa |
		jq -r .last)" rosa 'Aquí la esperamos.'
	run -0 ids unread
	assert_output ''
	text +525512345678 'Gracias.'
	run -0 omni-inbox reply --last "$last" --anyway rosa 'De nada.'
	run -0 ids unread
	assert_output 'contact:rosa 1'
	# Who types in the terminal has seen what was there before.
	mkfifo "$BATS_TEST_TMPDIR/typed"
	omni-inbox reply -j rosa <"$BATS_TEST_TMPDIR/typed" >"$in" &
	exec 9>"$BATS_TEST_TMPDIR/typed"
	exec 8<"$BATS_TEST_TMPDIR/typed"
	# It has looked once it has taken the first words.
	printf 'Hasta ' >&9
	while read -r -t 0 -u 8; do :; done
	text +525512345678 'Otra cosa.'
	echo 'luego.' >&9
	exec 8<&- 9>&-
	wait "$!"
	run -0 ids unread
	assert_output 'contact:rosa 1'
	assert_equal "$(jq -r '.read[].text' "$in")" 'Gracias.'
}

@test "whose name begins as the assistant's is a person" {
	text +525512345678 '¿Abren hoy?'
	USER=assistencia run -0 omni-inbox reply rosa 'Sí, hasta las seis.'
	run -0 ids unread
	assert_output ''
	assert_equal "$(sql "SELECT status, last_staff_message_at IS NULL
		FROM conversation WHERE contact = 'rosa'")" 'active|0'
}

@test "a person is found by any name, and by an old one" {
	contact rosita 5512340000 Rosita
	text +525512340000 'Hola'
	for word in rosita contact:rosita +525512340000 '55 1234 0000' \
	    ROSITA@Example.org in:twilio:SM00000000000000000000000000000001:received; do
		run -0 omni-inbox show "$word"
		assert_line --index 0 'conversation contact:rosita'
	done
	contact third 5512340001 Third
	omni-contact merge -q rosita third
	omni-contact merge -q third rosa
	for word in rosita contact:rosita third +525512340000; do
		run -0 omni-inbox show "$word"
		assert_line --index 0 'conversation contact:rosa'
	done
	# A form that names the old one changes the new one.
	omni-inbox tag contact:rosita '#nueva'
	run -0 ids --tag nueva
	assert_output 'contact:rosa 1'
	run -1 omni-inbox show 99999
	run -1 omni-inbox show '+52 55 9999 9999'
	verified
}

@test "an address that becomes a contact's brings its conversation (Inv. 7)" {
	text +525599999999 'Una pregunta'
	omni-inbox tag +525599999999 nuevo
	omni-inbox assign +525599999999 ana
	omni-inbox subject +525599999999 'Precio de la vacuna'
	contact luz 5599999999 'Luz Peña'
	run -0 omni-inbox list all
	assert_equal "${#lines[@]}" 1
	assert_line --regexp 'Luz Peña +ana +contact:luz +#nuevo Una pregunta'
	text +525599999999 'Otra'
	run -0 omni-inbox show -j luz
	assert_equal "$(jq -c '[.conversation.unread, .conversation.subject,
		(.messages | length)]' <<<"$output")" \
		'[2,"Precio de la vacuna",2]'
	# One that a family shares is nobody's.
	text +525588888888 'De la familia'
	contact eva 5588888888 Eva
	verified
	contact leo 5588888888 Leo
	text +525588888888 '¿Quién?'
	run -0 ids
	assert_line --regexp '^address:[0-9a-f]+ 1$'
	run -0 omni-inbox reply -n +525588888888 'Hola'
	assert_line --index 0 --partial 'by sms to +525588888888'
	verified
	omni-ledger rebuild -q
	run -0 ids
	assert_line 'contact:luz 2'
}

@test "no answer goes to a phone that is somebody else's by now (Inv. 6)" {
	text +525512345678 'Soy Rosa'
	contact rosa 5577777777 Rosa
	contact luz 5512345678 Luz
	run -0 omni-inbox reply --channel sms rosa 'Su resultado es bueno'
	assert_line --index 0 --partial 'by sms to +525577777777'
	# Nor to one that is dead.
	make_dead
	run -1 omni-inbox reply --channel sms rosa 'Hola'
	assert_output 'omni-inbox: contact:rosa: the address is dead'
	run -0 omni-inbox show rosa
	assert_line --partial 'answer: by whatsapp to '
	# Nor to who was forgotten, though another has the phone.
	contact eva 5577777777 Eva
	omni-contact forget -q rosa
	run -1 omni-inbox reply contact:rosa 'Hola'
	assert_output 'omni-inbox: contact:rosa: no address to answer to'
	run -0 omni-inbox show contact:rosa
	assert_line --partial '(erased)'
	verified
}

# make_dead: a provider says that the number does not exist, where we sent to
make_dead() {
	run -0 omni-send-sms -q
	printf 'Hook: twilio/status\nReceived: %s\nContent-Type: x\nQuery: %s\nToken: \n\n%s' \
		"$OMNI_NOW" "ref=$(sql "SELECT id FROM message WHERE
		direction = 'outbound'").1" \
		'MessageSid=SM9&MessageStatus=undelivered&ErrorCode=30005' \
		>"$inbound/new/dead"
	run -0 omni-ingest -q
	assert_equal "$(sql 'SELECT count(*) FROM address
		WHERE dead_at IS NOT NULL')" 1
}

@test "a line is as wide as the terminal, and turns no other around" {
	text +525512345678 "日本語のメッセージをここに書きます、とても長い $(printf '\342\200\256')abc"
	omni-inbox priority rosa urgent
	run -0 env COLUMNS=110 omni-inbox list
	assert_line --index 0 --regexp 'contact:rosa +urgent 日本.*…$'
	python3 - "${lines[0]}" <<-'END'
	import sys, unicodedata
	wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1
	           for c in sys.argv[1])
	sys.exit(wide > 110 or wide < 108)
	END
	run -0 omni-inbox list
	assert_line --index 0 --partial '\xe2\x80\xaeabc'
	# What has no room there stands below.
	for width in 1 20 94 95 96; do
		run -0 env COLUMNS=$width omni-inbox list
		assert_equal "${#lines[@]}" 2
	done
	run -0 env COLUMNS=40 omni-inbox list
	assert_line --index 0 --regexp 'contact:rosa$'
	assert_line --index 1 --regexp '^    urgent 日本.*…$'
	((${#lines[1]} < 40))
}

@test "what lists show of a name is enough to go on with" {
	local id
	text +525599999999 'Hola'
	text +525599999998 'Hola'
	run -0 omni-inbox list
	id=$(grep -o 'address:[0-9a-f]*…' <<<"${lines[0]}")
	run -0 omni-inbox show "$id"
	assert_line --index 0 --regexp "^conversation ${id%…}[0-9a-f]+$"
	run -0 omni-inbox show "${id%…}"
	# Too short to be sure of, and no hash.
	run -1 omni-inbox show "${id:0:12}"
	run -1 omni-inbox show "${id%…}g"
	run -1 omni-inbox show "${id%…}…0"
	run -1 omni-inbox show address:00000000
	# Two begin so: neither is meant.
	sqlite3 "$SITE/spool/ledger.db" "INSERT INTO conversation(id,
		created_at) VALUES('${id%…}zz', '2026-11-23T22:00:00Z'),
		('${id%…}00', '2026-11-23T22:00:00Z')"
	run -1 omni-inbox show "$id"
}

@test "an id that waits for a release is whole, however long" {
	local id=assist:0123456789abcdef0123456789abcdef
	text +525512345678 '¿A qué hora abren?'
	draft "$id" 5512345678 'Abrimos a las nueve.'
	run -0 omni-inbox list held
	assert_output --partial " $id  a draft"
	run -0 env COLUMNS=80 omni-inbox list held
	assert_line --index 0 --regexp " $id  a draft\$"
	assert_line --index 1 '    Abrimos a las nueve.'
	run -0 omni-inbox release "$id"
}

@test "an appointment has the time of its place, which is named if it is another" {
	local zone
	for zone in America/Cancun America/Mexico_City; do
		jq -cn --arg zone "$zone" '{id: $zone, type: "appointment",
			at: "2026-11-24T09:15", timezone: $zone,
			contact: {id: "rosa", phone: "5512345678"}}' |
			omni-schedule -q
	done
	run -0 omni-inbox show rosa
	assert_line 'appointment 2026-11-24 09:15 (America/Cancun), open: America/Cancun'
	assert_line 'appointment 2026-11-24 09:15, open: America/Mexico_City'
}

@test "of several conversations each is done that can be" {
	text +525512345678 'Hola'
	run -1 omni-inbox close nobody rosa
	assert_output 'omni-inbox: nobody: no conversation, contact, message, flag or address of this ledger'
	assert_equal "$(sql 'SELECT status FROM conversation')" resolved
	run -65 omni-inbox reply rosa < <(printf 'a\0b')
	assert_output 'omni-inbox: standard input: a NUL byte'
	run -64 omni-inbox list --before garbage
	assert_output 'omni-inbox: --before garbage: no cursor of this list'
	run -64 omni-inbox list --assignee ana mine
	run -1 omni-inbox reply -n --channel email --subject "$(printf 'a\nBcc: x')" \
		rosa Hola
	assert_output --partial 'newline'
	run -1 omni-inbox subject rosa "$(printf 'a\342\200\256b')"
	run -1 omni-inbox tag rosa '#'
}

@test "odd names of people: long, UTF-8, with blanks (Inv. 7)" {
	local id phone=5510000000
	for id in "$(printf 'ñ%.0s' {1..120})" 'ana maría 7' \
	    "$(printf '%0250d' 7)" 'contact:x' '日本/42?x=1&y'; do
		phone=$((phone + 1))
		contact "$id" "$phone" "P $phone" ||
			{ jq -cn --arg id "$id" --arg phone "$phone" '{id: $id,
			phone: $phone}' | omni-contact import -q; }
		text "+52$phone" "Hola de $phone"
		omni-inbox tag "$id" raro
		run -0 omni-inbox show -j "$id"
		assert_equal "$(jq -c '[.conversation.contact, .messages[0].text,
			.conversation.tags]' <<<"$output")" \
			"$(jq -nc --arg id "$id" --arg t "Hola de $phone" \
			'[$id, $t, ["raro"]]')"
		run -0 omni-inbox reply "$id" 'Buenos días'
	done
	run -0 ids --tag raro
	assert_equal "${#lines[@]}" 5
	# By pages, each once.
	local before=() all=()
	while row=$(omni-inbox list -j -l 1 "${before[@]}" all |
	    jq -r '.cursor') && [ -n "$row" ]; do
		before=(--before "$row")
		all+=("$row")
	done
	assert_equal "${#all[@]}" 5
	verified
}

@test "a list by flag has those too whom nobody could write to" {
	jq -cn '{id: "solo", name: "Sin Nada"}' | omni-contact import -q
	jq -cn '{id: "a1", type: "appointment", at: "2026-11-24T10:30:00-06:00",
		contact: {id: "solo"}, vars: {owner_name: "S", pet_name: "L"}}' |
		omni-schedule -q || :
	run omni-escalate
	run -0 omni-run
	[ "$(sql "SELECT count(*) FROM flag WHERE contact = 'solo'")" -gt 0 ]
	kind=$(sql "SELECT kind FROM flag WHERE contact = 'solo' LIMIT 1")
	sql "SELECT count(*) FROM conversation" | grep -qx 0
	run -0 omni-inbox list --flag "$kind"
	assert_output --regexp "Sin Nada .* contact:solo .*!$kind"
	run -0 omni-inbox show solo
	assert_line --partial "$kind since"
	run -0 omni-inbox list --flag "$kind" --tag x
	assert_output ''
}
