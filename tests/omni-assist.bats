#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats and assist.bash set them
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# The assistant that drafts answers, against omni-simulator's language models.
# Each test names the invariants of the design that it proves.

# mail FROM SUBJECT BODY: a mail comes in; the event is in $in
mail() {
	names=$((names + 1))
	printf 'Hook: mail\nReceived: %s\nSender: %s\nRecipient: citas@clinic.example\n\nFrom: %s\r\nTo: citas@clinic.example\r\nSubject: %s\r\nMessage-ID: <m%s@there>\r\n\r\n%s\r\n' \
		"$OMNI_NOW" "$1" "$1" "$2" "$names" "$3" >"$inbound/new/$names"
	omni-ingest >"$in"
}

setup() {
	load helper
	load assist
	make_clinic
}

teardown() {
	stop_server
}

@test "a draft waits for a person, and says that it is automatic (Inv. 6, 7)" {
	script "$reply"
	asks +525512345678 '¿A qué hora abren?'
	assist
	assert_equal "$rc" 0
	assert_equal "$said" ''
	assert_equal "$(got '[.assist.state, .author, .hold] | join("|")')" \
		'draft|assist|draft of the assistant'
	id=$(got .id)
	assert_equal "$(state "$id")" 'held|draft of the assistant'
	omni-send-sms -q
	[ ! -s "$console" ]
	# Nobody has read it, and no colleague has answered.
	assert_equal "$(sql 'SELECT status, unread_count FROM conversation')" \
		'pending|1'
	assert_equal "$(sql "SELECT author FROM message WHERE id = '$id'")" \
		assist
	run -0 omni-queue release "$id"
	omni-send-sms -q
	run -0 cat "$console"
	assert_output --partial 'Abrimos de 9:00 a 19:00. (Respuesta automática de Clinica Roma)'
	# What it cost, by the prices of the configuration.
	assert_equal "$(sql "SELECT outcome, model, currency, cost = printf(
		'%.6f', (3.0 * input_tokens + 15.0 * output_tokens) / 1000000),
		cost > '0' FROM assist")" 'answered|test-model|USD|1|1'
	assert_equal "$(sql 'SELECT day, asked, answered FROM assist_by_day')" \
		'2026-11-23|1|1'
	verified
}

@test "answer: what was asked goes at once; what promises something does not (Inv. 6)" {
	mode answer
	script "$reply" '{"tool":"reply","input":{"text":"Su cita está confirmada."}}' \
		"$reply"
	asks +525512345678 '¿A qué hora abren?'
	assist
	assert_equal "$(got '.assist.state + "|" + (.hold // "-")')" 'answer|-'
	omni-send-sms -q
	run -0 grep -c 'Respuesta automática' "$console"
	assert_output 1
	# The next one says that something was done: nobody gets that unread.
	asks +525512345679 '¿Qué pasa con lo de Luna?'
	assist
	assert_equal "$(got '.assist.state')" draft
	# Who would come at another time: the code knows it, and so does staff.
	contact eva 5512345670 'Eva Ruiz'
	asks +525512345670 '¿Podría cambiar mi cita al jueves?'
	assist
	assert_equal "$(got '.assist.state')" draft
	assert_equal "$(states)" 'held 2 sent 1'
	verified
}

@test "never: nobody is asked, but of an emergency staff hears all the same" {
	mode never
	asks +525512345678 '¿A qué hora abren?'
	assist
	assert_equal "$(got '.assist.state + ": " + .assist.reason')" \
		'none: the mode of this topic is never'
	assert_equal "$(asked)" 0
	asks +525512345678 'Mi perro tiene convulsiones'
	assist
	assert_equal "$(flags)" 'emergency: writes of an emergency'
	assert_equal "$(ours)|$(asked)" '1|0'
}

@test "each topic has its mode: that of the reminder that was answered" {
	script "$reply"
	mode never
	printf '%s\n' '[topic appointment]' 'class = reminder' \
		'assist = answer' >>"$OMNI_CONF"
	jq -cn '{id: "A-1", type: "appointment", at: "2026-11-24T16:30",
		contact: {id: "ana", name: "Ana Díaz", phone: "5512345678",
		email: "ana@example.org", language: "es"}, vars: {owner_name:
		"Ana", pet_name: "Luna"}}' >"$SITE/export"
	omni-schedule -q <"$SITE/export"
	sed -i 's/^step.1 = .*/step.1 = -24h sms/' "$OMNI_CONF"
	omni-escalate | omni-normalize | omni-route | omni-render |
		omni-queue -q
	omni-send-sms -q
	asks +525512345678 '¿Tiene que venir en ayunas?'
	assist
	assert_equal "$(got .assist.state)" answer
	# The appointment is in the question, the link to confirm it is not.
	run prompt
	assert_output --partial '2026-11-24'
	assert_output --partial 'Luna'
	refute_output --partial '/omni/c?t='
	asks +525512345679 '¿Venden alimento?'
	assist
	assert_equal "$(got .assist.reason)" 'the mode of this topic is never'
}

@test "an emergency goes to staff at once, in either language, and no model is asked" {
	local words n=0 phone

	while IFS= read -r words; do
		n=$((n + 1))
		phone=+5255123400$((10 + n))
		asks "$phone" "$words"
		assist
		assert_equal "$words: $(got '.assist.state')" \
			"$words: emergency"
		assert_equal "$(got .type)" assist_emergency
	done <<-'END'
	¡Mi perra NO RESPIRA!
	Tiene convulsiones, que hago
	se comió veneno para ratas
	Le sangra mucho la patita y no para
	buenas tardes, creo que mi gato se envenenó, esta muy grave
	My dog is having a seizure
	she can't breathe, please
	He ate chocolate and is vomiting blood
	END
	assert_equal "$(asked)|$n" '0|8'
	assert_equal "$(sql "SELECT count(*) FROM flag WHERE kind =
		'emergency'")" 8
	omni-send-sms -q
	run -0 grep -c 'llame ya al +52 55 5000 0000' "$console"
	assert_output 8
	# A second time within the day only staff hears of it.
	asks +525512340011 'sigue con convulsiones'
	assist
	assert_equal "$(got '.assist.flag + "|" + (.id // "-")')" 'emergency|-'
	assert_equal "$(ours)" 8
	# Who said STOP gets nothing, and is seen to.
	asks +525512345678 STOP
	omni-queue -q <"$in" || :
	asks +525512345678 'mi gato no respira'
	assist
	assert_equal "$(got '.assist.flag + "|" + (.id // "-")')" 'emergency|-'
	assert_equal "$(ours)" 8
	verified
}

@test "an emergency in a mail: its subject, and a line that is broken" {
	script "$reply"
	mail ana@example.org 'URGENTE: mi perro no respira' ''
	assist
	assert_equal "$(got .assist.state)" emergency
	mail luis@example.org 'mi gato se envenenó' 'Vean la foto, por favor'
	assist
	assert_equal "$(got .assist.state)" emergency
	mail luis@example.org Hola $'Buenas tardes, mi perro no\r\nrespira'
	assist
	assert_equal "$(got .assist.state)" emergency
	# What we wrote about is no emergency of theirs.
	mail ana@example.org 'Re: Si es una urgencia, llámenos' '¿A qué hora abren?'
	assist
	assert_equal "$(got .assist.state)" draft
	assert_equal "$(asked)|$(sql "SELECT count(*) FROM flag WHERE kind =
		'emergency'")" '1|3'
}

@test "an emergency waits for no model, no flood and no downtime (Inv. 2)" {
	local n

	script "$reply"
	sed -i '/^provider = model/a per_day = 60' "$OMNI_CONF"
	asks +525512340001 'Mi gato no respira'
	# Nothing ran for a day: staff hears of it all the same.
	at 2026-11-24T23:00:00Z
	asks +525512345678 '¿A qué hora abren?'
	asks +525512345679 'Mi perro tiene combulciones'
	run -0 omni-assist --emergencies
	assert_equal "$(jq -r '.assist.state + " " + (.type // "-")' \
		<<<"$output" | paste -sd ' ')" 'emergency - emergency assist_emergency'
	assert_equal "$(asked)" 0
	# They come first with the rest, too.
	run -0 omni-assist --waiting
	assert_equal "$(jq -r .assist.state <<<"$output" | paste -sd ' ')" \
		'emergency emergency draft'
	run -0 omni-queue -q <<<"$output"
	assert_equal "$(sql "SELECT count(*) FROM flag WHERE kind =
		'emergency'")" 2
	# One number writes again and again: the next one has an answer.
	for ((n = 0; n < 60; n++)); do
		names=$((names + 1))
		asks +525512340002 "¿Hola $n?"
	done
	asks +525512340003 '¿A qué hora abren?'
	run -0 omni-assist --waiting
	run -0 omni-queue -q <<<"$output"
	assert_equal "$(sql "SELECT count(*) FROM assist")" 7
	run -0 omni-assist --waiting
	assert_output ''
	verified
}

@test "words of the site's own are emergencies, too" {
	printf '%s\n' '[emergency]' 'se trago una? abeja' >"$SITE/etc/own.words"
	printf '%s\n' '[ingest]' 'words = own.words' >>"$OMNI_CONF"
	asks +525512345678 'Se tragó una abeja'
	assist
	assert_equal "$(got .assist.state)" emergency
	echo '[emergencias]' >"$SITE/etc/own.words"
	run -78 omni-assist <"$in"
	assert_output --partial 'own.words:1: there is no section'
}

@test "in the reader's language, by the channel and the thread they wrote on" {
	script "$reply"
	contact sue 5512345677 Sue en
	asks +525512345677 'What are your hours?' whatsapp
	assist
	assert_equal "$(got '[.language, .channel] | join("|")')" 'en|whatsapp'
	assert_equal "$(got .text | tail -1)" \
		'_Automatic answer of Clinica Roma. If you would rather talk to a person, write PERSON._'
	run prompt
	assert_line '- Answer in this language (ISO 639): en'
	printf 'Hook: mail\nReceived: %s\nSender: sue@example.org\nRecipient: citas@clinic.example\n\nFrom: sue@example.org\r\nTo: citas@clinic.example\r\nSubject: Hours\r\nMessage-ID: <m1@there>\r\n\r\nWhat are your hours on Sunday?\r\n' \
		"$OMNI_NOW" >"$inbound/new/mail"
	omni-ingest >"$in"
	assist
	assert_equal "$(got '[.channel, .in_reply_to] | join("|")')" \
		'email|<m1@there>'
	assert_equal "$(states)" 'held 2'
}

@test "what it leaves to staff is a flag, and changes no appointment" {
	script '{"tool":"to_staff","input":{"wish":"cancel","text":""}}' \
		'{"tool":"to_staff","input":{"wish":"reschedule","text":"Le escribimos pronto."}}'
	jq -cn '{id: "A-1", type: "appointment", at: "2026-11-24T16:30",
		contact: {id: "ana", phone: "5512345678"}, vars: {}}' |
		omni-schedule -q
	asks +525512345678 'ya vendí al perro, ustedes sabrán qué hacer'
	assist
	assert_equal "$(got '.assist.state + "|" + (.id // "-")')" 'staff|-'
	assert_equal "$(flags)" \
		'assist: would cancel, as the assistant understood it'
	asks +525512345679 'el jueves estaría mucho mejor creo yo'
	assist
	assert_equal "$(got .assist.state)" draft
	assert_equal "$(sql "SELECT count(*) FROM flag WHERE kind = 'assist'")" 2
	assert_equal "$(sql 'SELECT state FROM reminder')" open
	assert_equal "$(sql "SELECT count(*) FROM journal WHERE op =
		'reminder.closed'")" 0
	verified
}

@test "limits for a person and for all, also of what was asked in vain (Inv. 6)" {
	script "$reply"
	sed -i '/^provider = model/a per_person_day = 2\nper_day = 3' "$OMNI_CONF"
	for n in 1 2 3; do
		asks +525512345678 "¿A qué hora abren el día $n?"
		assist
	done
	assert_equal "$(got .assist.reason)" \
		'asked often enough for this person in 24 hours (per_person_day)'
	# The same person by another channel.
	asks +525512345678 '¿Abren el sábado?' whatsapp
	assist
	assert_equal "$(got .assist.state)" none
	asks +525512345679 '¿Abren el domingo?'
	assist
	assert_equal "$(got .assist.state)" draft
	asks +525512345670 '¿Abren el lunes?'
	assist
	assert_equal "$(got .assist.reason)" \
		'asked often enough in 24 hours (per_day)'
	assert_equal "$(asked)" 3
	# Tomorrow is another day.
	at 2026-11-24T23:00:01Z
	asks +525512345678 '¿Y hoy a qué hora abren?'
	assist
	assert_equal "$(got .assist.state)" draft
}

@test "no machine is answered: loops end (Inv. 6)" {
	script "$reply"
	mode answer
	asks +525512345678 '¿A qué hora abren?'
	assist
	asks +525512345678 '¿A qué hora abren?'
	assist
	assert_equal "$(got .assist.reason)" \
		'the same words as before: a machine may be writing'
	asks 55555 'Su código es 1234, ¿lo pidió?'
	assist
	assert_equal "$(got .assist.reason)" 'not from a telephone'
	asks +525587654321 '¿Hola?'
	assist
	assert_equal "$(got .assist.reason)" 'from an address of our own'
	for head in 'Auto-Submitted: auto-replied' 'Precedence: bulk'; do
		names=$((names + 1))
		printf 'Hook: mail\nReceived: %s\nSender: ana@example.org\nRecipient: citas@clinic.example\n\nFrom: ana@example.org\r\nTo: citas@clinic.example\r\n%s\r\nSubject: Fuera\r\nMessage-ID: <m%s@there>\r\n\r\nEstoy fuera. ¿Urgente? Llame.\r\n' \
			"$OMNI_NOW" "$head" "$names" >"$inbound/new/$names"
		omni-ingest >"$in"
		assist
		assert_equal "$(got .assist.state)" none
	done
	printf 'Hook: mail\nReceived: %s\nSender: x@evil.example\nRecipient: citas@clinic.example\n\nFrom: x@evil.example\r\nTo: citas@clinic.example\r\nSubject: Hola\r\nMessage-ID: <m9@there>\r\n\r\n¿A qué hora abren?\r\n' \
		"$OMNI_NOW" >"$inbound/new/mail"
	omni-ingest >"$in"
	assist
	assert_equal "$(got .assist.reason)" 'a mail of nobody that is known'
	assert_equal "$(asked)|$(ours)" '1|1'
	# What is old is for staff.
	asks +525512345679 '¿A qué hora abren?'
	at 2026-11-24T01:00:01Z
	assist
	assert_equal "$(got .assist.reason)" 'too old'
}

@test "who would rather talk to a person is left to staff for a day" {
	script "$reply"
	mode answer
	asks +525512345678 'PERSONA'
	assist
	assert_equal "$(flags)" 'assist: would rather talk to a person'
	asks +525512345678 '¿A qué hora abren?'
	assist
	assert_equal "$(got .assist.state)" staff
	assert_equal "$(asked)|$(ours)" '0|0'
	at 2026-11-24T23:00:01Z
	asks +525512345678 '¿Y los domingos a qué hora abren?'
	assist
	assert_equal "$(got .assist.state)" answer
}

@test "the same line twice is one question and one message (Inv. 4)" {
	script "$reply" '{"tool":"reply","input":{"text":"Otra cosa."}}'
	asks +525512345678 '¿A qué hora abren?'
	assist
	first=$record
	assist
	assert_equal "$(got .text)" "$(jq -r .text <<<"$first")"
	assert_equal "$(asked)|$(ours)" '1|1'
	run -0 omni-queue <"$BATS_TEST_TMPDIR/record"
	assert_equal "$(jq -r .queue.state <<<"$output")" duplicate
	# Nothing is left to do, either.
	run -0 omni-assist --waiting
	assert_output ''
	verified
}

@test "what was lost on the way is found in the ledger (Inv. 2)" {
	script "$reply"
	asks +525512345678 '¿A qué hora abren?'
	asks +525512345679 'Mi gato no respira'
	# The events went nowhere.
	run -0 omni-assist --waiting
	assert_equal "$(jq -r '.assist.state' <<<"$output" | paste -sd ' ')" \
		'emergency draft'
	run -0 omni-queue -q <<<"$output"
	run -0 omni-assist --waiting
	assert_output ''
	assert_equal "$(asked)|$(states)|$(flags)" \
		'1|held 1 queued 1|emergency: writes of an emergency'
	# What staff has read is theirs.
	asks +525512345678 '¿Y los sábados?'
	run -0 omni-inbox read contact:ana
	run -0 omni-assist --waiting
	assert_output ''
}

@test "records and other events go by; a message that is none is told (Inv. 1)" {
	printf '%s\n' '{"id":"note-1","contact":{"id":"ana"},"text":"Hola"}' \
		'{"kind":"status","status":"delivered","key":"k"}' \
		'{"kind":"message","message":"in:nobody","applied":"recorded"}' \
		'{"kind":"message","applied":"duplicate"}' 'nonsense' >"$in"
	run -1 --separate-stderr omni-assist <"$in"
	assert_equal "${lines[0]}" "$(head -1 "$in")"
	assert_equal "$(jq -r '.assist.reason // .error.code // "-"' <<<"$output")" \
		'-
not a message that came in
the ledger has no such message
not a message that came in
not_a_record'
	assert_equal "$(asked)" 0
}

@test "the question holds the clinic's facts, and this person's own only" {
	script "$reply"
	asks +525512345679 'Soy Luis y mi clave es 7788'
	asks +525512345678 'Soy Ana, traigo a Luna'
	asks +525512345678 '¿A qué hora abren?'
	assist
	run prompt
	assert_line 'Abrimos de lunes a viernes de 9:00 a 19:00.'
	assert_line 'The clinic: Clinica Roma'
	assert_output --partial 'Soy Ana, traigo a Luna'
	assert_output --partial '2026-11-23 17:00'
	refute_output --partial Luis
	refute_output --partial 7788
	refute_output --partial 5512345678
	refute_output --partial ana@example.org
	# A telephone that two share is nobody's: no name, no appointment.
	contact tomas 5512345678 'Tomás Díaz'
	jq -cn '{id: "T-1", type: "appointment", at: "2026-12-24T16:30",
		contact: {id: "tomas", phone: "5512345678"}, vars: {pet_name:
		"Secreto"}}' | omni-schedule -q
	asks +525512345678 '¿Tienen estacionamiento?'
	assist
	run prompt 2
	refute_output --partial Secreto
	refute_output --partial Tomás
	refute_output --partial 'Ana Díaz'
}

@test "the configuration is looked at before anybody is asked" {
	asks +525512345678 '¿A qué hora abren?'
	run -78 omni-assist -o assist.provider=nobody <"$in"
	assert_output --partial 'omni-assist: [assist] provider: there is no [provider nobody]'
	run -78 omni-assist -o assist.provider=console <"$in"
	assert_output --partial '[provider console] kind: neither anthropic nor openai'
	run -78 omni-assist -o assist.facts=/nonexistent <"$in"
	assert_output --partial '[assist] facts: /nonexistent: No such file'
	run -78 omni-assist -o assist.reply=nothing <"$in"
	assert_output --partial '[assist] reply: '
	run -78 omni-assist -o 'provider model.base_url=http://models.example' <"$in"
	assert_output --partial 'base_url: neither https://'
	run -78 env -u OMNI_TEST_KEY omni-assist <"$in"
	assert_output --partial 'access_token'
	chmod o+w "$SITE/etc/assist"
	run -78 omni-assist <"$in"
	assert_output --partial "$SITE/etc/assist"
	chmod o-w "$SITE/etc/assist"
	printf 'caf\xe9\n' >"$SITE/etc/assist/b.md"
	run -78 omni-assist <"$in"
	assert_output --partial 'b.md: not UTF-8'
	sed -i '/^model = /d' "$OMNI_CONF"
	run -78 omni-assist <"$in"
	assert_output --partial '[assist] model: missing'
	run -64 omni-assist file
	assert_equal "$(asked)" 0
}

@test "omni-run drafts what came in, and finds nothing to do without [assist]" {
	script "$reply"
	asks +525512345678 '¿A qué hora abren?'
	run -0 omni-run
	assert_equal "$(states)" 'held 1'
	run -0 omni-run
	assert_equal "$(asked)|$(states)" '1|held 1'
	sed -i '/^\[assist\]/,$d' "$OMNI_CONF"
	asks +525512345679 '¿A qué hora abren?'
	run -0 omni-run
	assert_output ''
	assert_equal "$(asked)" 1
}

@test "who is forgotten is forgotten here, too (Inv. 7)" {
	script "$reply"
	asks +525512345678 '¿A qué hora abren?'
	assist
	assert_equal "$(sql "SELECT count(*) FROM content WHERE key LIKE
		'assist/%' AND body IS NOT NULL")" 1
	run -0 omni-contact forget ana
	assert_equal "$(sql "SELECT count(*) FROM content WHERE key LIKE
		'assist/%' AND body IS NOT NULL")" 0
	verified
}
