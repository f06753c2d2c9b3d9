#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats and desk.bash set them
# shellcheck disable=SC2034	# desk.bash reads $user
# shellcheck disable=SC2094	# a file is measured and read, not written
# The staff's page over CGI: what it shows, what it changes, what it refuses.
# Each test names the invariants of the design that it proves.

setup() {
	load helper
	load desk
	load inbox
	make_clinic
	user=ana
	contact rosa 5512345678 'Rosa Díaz'
	form=0123456789abcdef0123456789
}

# rows: of the journal
rows() {
	sql 'SELECT max(seq) FROM journal'
}

# last: the last message of Rosa's conversation
last() {
	omni-inbox show -j rosa | jq -r .last
}

@test "lists: open, unread, mine, all, by tag, flag and person; pages; search" {
	local i
	text +525512345678 '¿Puedo llevar a Luna en ayunas?'
	get /
	answers '200 OK'
	assert_equal "$stderr" ''
	[[ $page == *'<html lang="es">'*'Bandeja'*'Rosa Díaz'*'ayunas'* ]]
	[[ $page == *'<span class="count">1<span class="unseen"> sin leer'* ]]
	omni-inbox assign rosa ana
	omni-inbox tag rosa urgente
	for i in list=unread list=mine list=all tag=urgente assignee=ana; do
		get / "$i"
		[[ $page == *'contact%3Arosa'* ]]
	done
	for i in tag=otro flag=declined assignee=luis; do
		get / "$i"
		[[ $page == *'todo está atendido'* ]]
	done
	get / list=mine REMOTE_USER=luis
	[[ $page != *'contact%3Arosa'* ]]
	for ((i = 0; i < 51; i++)); do
		printf '{"id":"p%d","name":"Persona %d","phone":"55%08d"}\n' \
			"$i" "$i" "$((10000000 + i))"
	done >"$in"
	run -0 omni-contact import -q <"$in"
	sqlite3 "$SITE/spool/ledger.db" "UPDATE conversation SET status =
		'pending'; INSERT INTO conversation(id, contact, created_at,
		last_customer_message_at, unread_count) SELECT 'contact:' ||
		id, id, '2026-11-23T22:00:00Z', '2026-11-23T22:00:00Z', 1
		FROM contact WHERE id LIKE 'p%'"
	get /
	assert_equal "$(grep -c '<li class="card' <<<"$page")" 50
	[[ $page == *'>Bandeja <span class="count">52<'* ]]
	get / "$(grep -o 'href="./?list=open&amp;before=[^"]*' <<<"$page" |
		sed 's/.*?//; s/&amp;/\&/g')"
	assert_equal "$(grep -c '<li class="card' <<<"$page")" 2
	[[ $page != *'before='* ]]
	get /search q=ayun
	[[ $page == *'Resultados'*'contact%3Arosa'*'Luna en ayunas'* ]]
	get /search q=nada
	[[ $page == *'Ningún mensaje tiene esas palabras'* ]]
	get /search 'q=%ff%22('
	answers '200 OK'
}

@test "a conversation: who said what on which channel, and what became of it" {
	text +525512345678 'Hola, una pregunta'
	post /send id=contact:rosa "form=$form" "last=$(last)" \
		'text=Con gusto.'
	answers '303 See Other'
	[[ $head == *$'\r\nLocation: conversation?id=contact%3Arosa&done=sent\r'* ]]
	get /conversation 'id=contact:rosa&done=sent'
	[[ $page == *'role="status">Listo, su respuesta sale'* ]]
	[[ $page == *'<li class="out by-sms">'*'Ana Ruiz'*'Con gusto.'*'En espera, sale'* ]]
	run -0 omni-send-sms -q
	get /conversation id=contact:rosa
	[[ $page == *'<p class="state state-accepted">Enviado'* ]]
	text +525512345678 'Gracias' whatsapp
	get /conversation id=contact:rosa
	[[ $page == *'Con gusto.'*'<li class="in by-whatsapp">'*'Gracias'* ]]
	# By WhatsApp now, and words of one's own for a day.
	[[ $page == *'WhatsApp (lo último que usó)'*'palabras propias hasta'* ]]
	assert_equal "$(sql "SELECT author, type, channel FROM message WHERE
		direction = 'outbound'")" 'ana|reply|sms'
	verified
}

@test "an appointment has the time of its place, which is named if it is another" {
	text +525512345678 'Hola'
	jq -cn '{id: "c", type: "appointment", at: "2026-11-24T09:15",
		timezone: "America/Cancun", contact: {id: "rosa",
		phone: "5512345678"}}' | omni-schedule -q
	get /conversation id=contact:rosa
	answers '200 OK'
	[[ $page == *'09:15</time> (America/Cancun): '* ]]
}

@test "what comes from outside is text, whatever it looks like (Inv. 10)" {
	text +525512345678 $'<script>alert(1)</script> "x" \'y\' & <img src=x onerror=a>\nde\x1b[31m\u202enuevo\u009b'
	jq -cn '{id: "mal", name: "<b onclick=x>\"Eva\"</b>",
		phone: "5511111111"}' >"$in"
	run -0 omni-contact import -q <"$in"
	text +525511111111 'javascript:alert(2)'
	get /conversation id=contact:rosa
	[[ $page == *'&lt;script&gt;alert(1)&lt;/script&gt; &quot;x&quot; &#39;y&#39; &amp; &lt;img src=x onerror=a&gt;'* ]]
	[[ $page == *$'de[31m\ufffdnuevo'* ]]
	get /
	[[ $page == *'&lt;b onclick=x&gt;&quot;Eva&quot;'* ]]
	[[ $page == *'&lt;script&gt;'* ]]
	get /search 'q=%22%3E%3Cscript%3E'
	[[ $page == *'value="&quot;&gt;&lt;script&gt;"'* ]]
	get /search 'q=a%1b%07%7fb%c2%9bc%e2%81%a6d%fe'
	[[ $page == *$'value="a␛␇␡b\ufffdc\ufffdd\ufffd"'* ]]
	get / 'tag=%22%3E%3Cscript%3E&done=%3Cscript%3E'
	[[ $page == *'&quot;&gt;&lt;script&gt;'* ]]
	for path in /conversation /; do
		get "$path" id=contact:mal
		[[ ${page,,} != *'<script'* && ${page,,} != *'<img'* &&
			${page,,} != *' onclick=x>"'* ]]
	done
	get /conversation id=contact:rosa
	[[ ${head,,} == *"content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"* ]]
	for line in 'Cache-Control: no-store' 'X-Frame-Options: DENY' \
		'Referrer-Policy: no-referrer' 'X-Content-Type-Options: nosniff'; do
		[[ $head == *$'\n'"$line"* ]]
	done
	assert_equal "$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' \
		<<<"$head")" "$(printf '%s\n' "$page" | wc -c)"
}

@test "a stranger's long messages fill no page (Inv. 9)" {
	local i
	text +525512345678 Hola
	run -0 sqlite3 "$SITE/spool/ledger.db" "UPDATE content SET body =
		json_set(body, '$.text', replace(hex(zeroblob(100000)), '0',
		'<')) WHERE key IN (SELECT content FROM message)"
	get /conversation id=contact:rosa
	answers '200 OK'
	[[ $page == *'&lt;…</div>'*'es más largo'* ]]
	[ "${#page}" -lt 120000 ]
	for i in -1 0 7 99999999999999999999 x; do
		get /conversation "id=contact:rosa&count=$i"
		answers '200 OK'
	done
}

@test "an answer: looked at, with parts and cost, then sent, once (Inv. 4, 6)" {
	text +525512345678 '¿A qué hora abren?'
	last=$(last)
	before=$(rows)
	post /preview id=contact:rosa "form=$form" "last=$last" \
		'text=Abrimos a las nueve — ¡le esperamos!'
	answers '200 OK'
	[[ $page == *'Así saldrá'*'Abrimos a las nueve — ¡le esperamos!'*'>1<'*'0.05 MXN'*'en el próximo envío'* ]]
	assert_equal "$(rows)" "$before"
	# Back to the form, and the words are there.
	post /preview id=contact:rosa "form=$form" "last=$last" edit=1 \
		$'text=Uno\r\nDos'
	[[ $page == *$'>\nUno\nDos</textarea>'* ]]
	for _ in 1 2; do
		post /send id=contact:rosa "form=$form" "last=$last" \
			$'text=Abrimos a las nueve.\r\nY el sábado.'
		answers '303 See Other'
	done
	omni-inbox show -j rosa | jq -e '.messages[-1].text ==
		"Abrimos a las nueve.\nY el sábado."'
	assert_equal "$(sql "SELECT count(*), min(id), min(author) FROM message
		WHERE direction = 'outbound'")" "1|$form|ana"
	# Whoever answers has read.
	assert_equal "$(sql 'SELECT unread_count FROM conversation')" 0
	# Another answer by the same form is none.
	post /send id=contact:rosa "form=$form" "last=$last" 'text=Otra cosa'
	answers '422 Unprocessable Content'
	[[ $page == *'Este formulario ya envió otra respuesta'*'Otra cosa</textarea>'* ]]
	[ "$(value_of form <<<"$page")" != "$form" ]
	post /send id=contact:rosa form=../x 'text=Hola'
	answers '400 Bad Request'
	verified
}

@test "a template: its variables, what is known already, a date of the browser" {
	jq -cn '{id: "a1", type: "appointment", at: "2026-11-26T10:30",
		contact: {id: "rosa"}, vars: {owner_name: "Rosa María",
		pet_name: "Luna"}}' >"$in"
	run -0 omni-schedule -q <"$in"
	text +525512345678 '¿Cuándo era mi cita?'
	post /preview id=contact:rosa "form=$form" edit=1 text=Borrador \
		template=appointment_reminder
	[[ $page == *'name="var.owner_name" value="Rosa María"'* ]]
	[[ $page == *'Nombre de la mascota'*'name="var.pet_name" value="Luna"'* ]]
	[[ $page == *'type="datetime-local" id="var.at" name="var.at" value="2026-11-26T10:30"'* ]]
	[[ $page == *'name="text" value="Borrador"'* ]]
	vars=(template=appointment_reminder var.owner_name=Rosa
		var.pet_name='Luna & Sol' var.at=2026-11-26T11:45)
	post /preview id=contact:rosa "form=$form" "${vars[@]}"
	[[ $page == *'Así saldrá'*'Luna &amp; Sol'*'11:45'* ]]
	# What the preview sends on is the same.
	[[ $page == *'name="var.at" value="2026-11-26T17:45:00Z"'* ]]
	post /send id=contact:rosa "form=$form" "${vars[@]}"
	answers '303 See Other'
	run -0 omni-send-sms -q
	run -0 cat "$console"
	assert_output --partial '11:45'
	post /preview id=contact:rosa form=0123456789abcdef0123456788 \
		template=appointment_reminder
	answers '422 Unprocessable Content'
	[[ $page == *'No se envió. La razón:'*'owner_name is missing'* ]]
	# A list, one thing on each line.
	post /preview id=contact:rosa form=0123456789abcdef0123456788 \
		template=order_ready var.owner_name=Rosa var.order_number=7 \
		$'var.items=Croquetas\r\n\r\nShampoo' channel=email
	answers '200 OK'
	[[ $page == *'Así saldrá'*'Croquetas'*'Shampoo'* ]]
	verified
}

@test "the second of two who answer is told what the first wrote, and keeps the words" {
	text +525512345678 '¿A qué hora abren?'
	last=$(last)
	user=luis
	post /send id=contact:rosa form=0123456789abcdef0123456780 \
		"last=$last" 'text=A las nueve <en punto>.'
	answers '303 See Other'
	user=ana
	post /send id=contact:rosa "form=$form" "last=$last" 'text=A las 9'
	answers '409 Conflict'
	[[ $page == *'ya le contestó Luis'*'A las nueve &lt;en punto&gt;.'* ]]
	# The server's log has no words of a message.
	assert_equal "$stderr" \
		'omni-inbox-cgi: ana /send: contact:rosa: refused'
	[[ $page == *'A las 9</textarea>'* ]]
	assert_equal "$(value_of form <<<"$page")" "$form"
	# The same while it is only looked at.
	post /preview id=contact:rosa "form=$form" "last=$last" 'text=A las 9'
	answers '409 Conflict'
	assert_equal "$(sql "SELECT count(*) FROM message
		WHERE direction = 'outbound'")" 1
	post /send id=contact:rosa "form=$form" "last=$last" anyway=1 \
		'text=A las 9'
	answers '303 See Other'
	# Who has seen it says so by the form, too.
	post /send id=contact:rosa form=0123456789abcdef0123456781 \
		"last=$(last)" 'text=Hasta mañana'
	answers '303 See Other'
	assert_equal "$(sql "SELECT group_concat(author) FROM message
		WHERE direction = 'outbound'")" luis,ana,ana
}

@test "a draft: in its list and its conversation, sent or discarded with a name (Inv. 6, 7)" {
	contact rosa 5512345678 'Rosa Díaz'
	text +525512345678 '¿Abren el sábado?'
	at 2026-11-23T23:01:00Z
	draft d1 5512345678 'Sí, de 9 a 14.'
	draft d2 5512345678 '<b>Otra</b>'
	get /
	[[ $page == *'href="./?list=held"'* ]]
	get / list=held
	[[ $page == *'Por revisar</a>'* && $page == *'Sí, de 9 a 14.'* ]]
	[[ $page == *'&lt;b&gt;Otra'* && $page != *'<b>Otra'* ]]
	[[ $page == *'name="release" value="d1"'* ]]
	get /conversation id=contact:rosa
	[[ $page == *'name="release" value="d1"'*'name="discard" value="d1"'* ]]
	[[ $page == *'Enviar este mensaje<span class="unseen">: Sí, de 9 a 14.</span>'* ]]
	[[ $page == *'<p class="from">Del asistente · '* ]]
	# Who only reads sees them, and no buttons.
	user=eva
	get / list=held
	[[ $page == *'Sí, de 9 a 14.'* && $page != *'name="release"'* ]]
	user=ana
	post /act back=held discard=d2
	[[ $head == *'Location: '*'list=held&done=discarded'* ]]
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'd2'")" cancelled
	# They have written since: it is said, and goes when that is seen.
	at 2026-11-23T23:02:00Z
	text +525512345678 'Ya no, gracias'
	post /act release=d1
	[[ $head == *'Status: 422'* && $page == *'escribió otra vez'* ]]
	[[ $page == *'Ya no, gracias'* && $page == *'Enviarlo de todos modos'* ]]
	assert_equal "$(sql "SELECT state FROM message WHERE id = 'd1'")" held
	post /act release=d1 anyway=1
	[[ $head == *'Location: '*'id=contact%3Arosa&done=released'* ]]
	assert_equal "$(sql "SELECT state, released_by FROM message WHERE id =
		'd1'")" 'queued|ana'
	# The second who presses the button is told.
	post /act back=held release=d1
	[[ $head == *'Status: 409'* && $page == *'ya no espera'* ]]
	post /act release=nothing
	[[ $head == *'Status: 404'* ]]
	get / list=held
	[[ $page == *'Ningún mensaje espera'* ]]
}

@test "opted out, WhatsApp's window, quiet hours: told in plain words (Inv. 6)" {
	text +525512345678 'Hola' whatsapp
	at 2026-11-25T00:00:00Z
	get /conversation id=contact:rosa
	[[ $page == *'solo se le puede enviar una plantilla'* ]]
	post /send id=contact:rosa "form=$form" 'text=Hola'
	answers '422 Unprocessable Content'
	[[ $page == *'role="alert"'*'solo se le puede enviar una plantilla'*'Hola</textarea>'* ]]
	post /preview id=contact:rosa "form=$form" edit=1 \
		template=appointment_reminder
	[[ $page == *'Recordatorio de cita (aprobada por Meta)'* ]]
	# At night: it waits, or goes at once to who has just written.
	at 2026-11-25T04:30:00Z
	text +525512345678 'Sigo despierta'
	get /conversation id=contact:rosa
	[[ $page == *'Es su hora de descanso'*'name="now"'* ]]
	post /preview id=contact:rosa "form=$form" 'text=Hola'
	[[ $page == *'no antes de'*'09:00'* ]]
	post /preview id=contact:rosa "form=$form" 'text=Hola' now=1
	[[ $page == *'en el próximo envío'*'name="now" value="1"'* ]]
	at 2026-11-25T06:30:00Z
	get /conversation id=contact:rosa
	[[ $page == *'Es su hora de descanso'* && $page != *'name="now"'* ]]
	post /send id=contact:rosa "form=$form" 'text=Hola' now=1
	answers '422 Unprocessable Content'
	[[ $page == *'no acaba de escribir'* ]]
	text +525512345678 STOP
	post /send id=contact:rosa "form=$form" 'text=Hola' channel=sms
	answers '422 Unprocessable Content'
	[[ $page == *'Pidió no recibir mensajes'*'Hola</textarea>'* ]]
	post /send id=contact:rosa "form=$form" 'text=  '
	[[ $page == *'Escriba primero la respuesta'* ]]
	post /send id=contact:rosa "form=$form" "text=$(printf '%04001d' 0)"
	[[ $page == *'más de 4000 caracteres'* ]]
	post /send id=contact:rosa "form=$form" text=Hola channel=paloma
	[[ $page == *'No hay una dirección'* ]]
	assert_equal "$(sql "SELECT count(*) FROM message WHERE author =
		'ana'")" 0
}

@test "assign, tag, set, read, close, reopen: journalled with the name (Inv. 7)" {
	text +525512345678 'Hola'
	last=$(last)
	text +525512345678 'Otra cosa'
	act() {
		post /act id=contact:rosa "$@"
		answers '303 See Other'
	}
	act read=1 "last=$last"
	# What came while they read stays unread.
	assert_equal "$(sql 'SELECT unread_count FROM conversation')" 1
	act take=1
	act set=assignee value=luis
	act set=priority value=urgent
	act set=subject 'value=Ayuno <de Luna>'
	act set=related value=appointment:42
	act 'tag=#ayuno'
	act tag=luna
	act untag=ayuno
	get /conversation id=contact:rosa
	[[ $page == *'Prioridad: Urgente'*'Asignada a: Luis'*'#luna'*'Ayuno &lt;de Luna&gt;'*'value="appointment:42"'* ]]
	act close=1
	assert_equal "$(sql 'SELECT status FROM conversation')" resolved
	act reopen=1
	act archive=1
	assert_equal "$(sql 'SELECT status, assignee, priority, tags
		FROM conversation')" 'archived|luis|urgent|["luna"]'
	assert_equal "$(sql "SELECT count(*) FROM journal WHERE op LIKE
		'conversation.%' AND data ->> '$.by' = 'ana'")" 12
	before=$(rows)
	for wrong in set=assignee\ value=nadie set=priority\ value=mucho \
		set=related\ value=x "tag=dos palabras"; do
		# shellcheck disable=SC2086	# two fields, but for the tag
		case $wrong in
		tag=*) post /act id=contact:rosa "$wrong" ;;
		*) post /act id=contact:rosa $wrong ;;
		esac
		answers '422 Unprocessable Content'
		[[ $page == *'No se pudo hacer'* ]]
	done
	for wrong in set=status set=seq nothing=1; do
		post /act id=contact:rosa "$wrong" value=resolved
		answers '400 Bad Request'
	done
	assert_equal "$(rows)" "$before"
	verified
}

@test "flags are worked through one by one, and the second is told" {
	jq -cn '{id: "a1", type: "appointment", at: "2026-11-24T16:30",
		contact: {id: "rosa"}, vars: {owner_name: "Rosa",
		pet_name: "Luna"}}' >"$in"
	run -0 omni-schedule -q <"$in"
	run omni-run
	text +525512345678 'No puedo ir'
	[ "$(sql 'SELECT count(*) FROM open_flag')" -ge 1 ]
	flag=$(sql 'SELECT min(flag) FROM open_flag')
	kind=$(sql "SELECT kind FROM open_flag WHERE flag = $flag")
	get /flags
	[[ $page == *"name=\"resolve\" value=\"$flag\""*'conversation?id=contact%3Arosa'* ]]
	[[ $page == *'Rosa Díaz'*'No puedo ir'* ]]
	get /flags "kind=$kind"
	[[ $page == *"value=\"$flag\""* ]]
	get /flags kind=otra
	[[ $page == *'No hay avisos abiertos'* ]]
	get / "flag=$kind"
	[[ $page == *'contact%3Arosa'* ]]
	post /act back=flags "resolve=$flag" "kind=$kind"
	answers '303 See Other'
	[[ $head == *"Location: flags?done=resolved&kind=$kind"* ]]
	assert_equal "$(sql "SELECT resolved_by FROM flag WHERE id = $flag")" \
		ana
	user=luis
	post /act back=flags "resolve=$flag"
	answers '409 Conflict'
	[[ $page == *'Este aviso ya no está abierto'* ]]
	verified
}

@test "the day: who confirmed and who did not, what goes out, what failed" {
	contact ana 5511111111 'Ana Sol'
	jq -cn '{id: "a1", at: "2026-11-24T16:30", contact: {id: "rosa"}},
		{id: "a2", at: "2026-11-24T17:30", contact: {id: "ana"}},
		{id: "a3", at: "2026-11-24T19:30", contact: {id: "ana"},
		status: "confirmed"}, {id: "a4", at: "2026-11-26T10:00",
		contact: {id: "rosa"}} | . + {type: "appointment",
		vars: {owner_name: "Ana", pet_name: "Luna"}}' >"$in"
	run -0 omni-schedule -q <"$in"
	run omni-run
	get /day day=2026-11-24
	answers '200 OK'
	[[ $page == *'martes, 24 de noviembre'* ]]
	[[ $page == *'16:30'*'Rosa Díaz'*'Sin confirmar'*'17:30'*'Aún sin aviso'*'19:30'*'Confirmada'* ]]
	get /day day=2026-11-23
	[[ $page == *'No hay citas'*'Recordatorios que salen'*'Ana Sol'*'Ninguno falló'* ]]
	# One that cannot go: refused, and told.
	jq -cn '{id: "m1", template: "custom", channel: "sms",
		contact: {id: "x9", name: "Nadie"}, vars: {body: "Hola"}}' >"$in"
	omni-normalize <"$in" | omni-route 2>/dev/null | omni-render |
		omni-queue -q 2>/dev/null || :
	get /day
	[[ $page == *'Mensajes que fallaron'*'<tr class="bad">'* ]]
	for wrong in 2026-13-40 x 0000-00-00 "$(printf '%0999d' 1)"; do
		get /day "day=$wrong"
		answers '200 OK'
		[[ $page == *'lunes, 23 de noviembre'* ]]
	done
}

@test "who is nobody, not of the staff, or only reads (Inv. 6)" {
	local name before
	text +525512345678 'Hola'
	for name in '' $'ana\n' "$(printf '%065d' 0)" $'\xff'; do
		user=$name
		get /
		answers '403 Forbidden'
		[[ $page == *'No sabemos quién es usted'* && $page != *Rosa* ]]
	done
	run -0 --separate-stderr env -u REMOTE_USER GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=GET PATH_INFO=/ omni-inbox-cgi
	answers '403 Forbidden'
	user=otro
	get /conversation id=contact:rosa
	answers '403 Forbidden'
	[[ $page == *'no está entre el personal'* && $page != *Rosa* ]]
	user=eva
	get /conversation id=contact:rosa
	answers '200 OK'
	[[ $page == *'<html lang="en">'*'Read only'*'Rosa Díaz'*'Hola'* ]]
	[[ $page != *'<form method="post"'* && $page != *token* ]]
	before=$(rows)
	for path in /act /send /preview; do
		fields id=contact:rosa read=1 "form=$form" text=Hola \
			"token=$(user=ana token)"
		post_body "$path"
		answers '403 Forbidden'
		[[ $page == *'cannot change'* || $page == *'not change'* ]]
	done
	assert_equal "$(rows)" "$before"
	# Where no [staff] is configured, everybody that the server lets in may.
	sed -i '/^\[staff/,$d' "$OMNI_CONF"
	user=otro
	post /act id=contact:rosa read=1
	answers '303 See Other'
	assert_equal "$(sql "SELECT data ->> '$.by' FROM journal
		ORDER BY seq DESC LIMIT 1")" otro
}

@test "a form of another site, another person or another week changes nothing" {
	local before good
	text +525512345678 'Hola'
	good=$(token)
	before=$(rows)
	for token in '' x "${good%?}" "${good}0" "$(user=luis token)" \
		"$(at 2026-11-21T23:00:00Z; token)"; do
		fields id=contact:rosa read=1 "token=$token"
		post_body /act
		answers '403 Forbidden'
		[[ $page == *'El formulario ya no vale'* ]]
	done
	fields id=contact:rosa read=1
	post_body /act
	answers '403 Forbidden'
	assert_equal "$(rows)" "$before"
	# Over midnight it holds.
	at 2026-11-24T12:00:00Z
	fields id=contact:rosa read=1 "token=$good"
	post_body /act
	answers '303 See Other'
	[ "$(rows)" -gt "$before" ]
}

@test "what no page of ours sends: paths, methods, types, lengths (Inv. 9, 10)" {
	local before query
	text +525512345678 'Hola'
	before=$(rows)
	for path in /x /conversation/ /../etc //; do
		get "$path"
		answers '404 Not Found'
		[[ $page == *'Esta página no existe'* ]]
	done
	for query in '' id= id=contact:nadie id=../../x 'id=%00' 'id=%ff'; do
		get /conversation "$query"
		[[ $output == 'Status: 40'[04]* ]]
	done
	get ''
	answers '303 See Other'
	[[ $head == *$'\nLocation: inbox/\r'* ]]
	get / "$(printf '%05000d' 0)"
	answers '414 URI Too Long'
	request PUT / ''
	answers '405 Method Not Allowed'
	[[ $head == *$'\nAllow: GET, HEAD'* ]]
	get /act
	answers '405 Method Not Allowed'
	[[ $head == *$'\nAllow: POST'* ]]
	fields read=1
	request POST / '' CONTENT_LENGTH=6
	answers '405 Method Not Allowed'
	fields "token=$(token)" id=contact:rosa read=1
	for type in '' text/plain multipart/form-data application/json; do
		post_body /act CONTENT_TYPE="$type"
		answers '415 Unsupported Media Type'
	done
	for length in '' -1 x 99999999999999999999 70000; do
		post_body /act CONTENT_LENGTH="$length"
		[[ $output == 'Status: 41'[13]* ]]
	done
	post_body /act CONTENT_LENGTH=60000
	answers '400 Bad Request'
	post /send id=contact:rosa "form=$form" "text=$(printf '%0100000d' 0)"
	answers '413 Content Too Large'
	[[ $page == *'su texto sigue en el formulario'* ]]
	printf 'a=%%00' >"$BATS_TEST_TMPDIR/body"
	post_body /act
	answers '400 Bad Request'
	assert_equal "$(rows)" "$before"
	request HEAD / ''
	answers '200 OK'
	assert_equal "$page" ''
	get /style.css
	[[ $head == *'Content-Type: text/css'* ]]
	# Words of a query are no options.
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=GET PATH_INFO=/ REMOTE_USER=ana \
		omni-inbox-cgi --help
	answers '200 OK'
	run -64 omni-inbox-cgi
	assert_output 'omni-inbox-cgi: GATEWAY_INTERFACE: missing; a web server starts it, as a CGI'
}

@test "what fails still answers with a page that says what to do (Inv. 10)" {
	text +525512345678 'Hola'
	mv "$SITE/spool/ledger.db" "$SITE/spool/away.db"
	for path in / /conversation /flags /day; do
		: >"$BATS_TEST_TMPDIR/body"
		run --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
			REQUEST_METHOD=GET PATH_INFO="$path" REMOTE_USER=ana \
			QUERY_STRING=id=contact:rosa omni-inbox-cgi
		[ "$status" -ne 0 ]
		answers '503 Service Unavailable'
		[[ $output == *'Ahora no se puede'*'go back and try again'* ]]
		[[ $stderr == *ledger.db* ]]
	done
	mv "$SITE/spool/away.db" "$SITE/spool/ledger.db"
	run --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		OMNI_CONF=/nowhere REMOTE_USER=ana omni-inbox-cgi
	answers '503 Service Unavailable'
	# A body that does not come, and a ledger that is busy for ever.
	sed -i '$a [inbox]\ntimeout = 1s' "$OMNI_CONF"
	fields "token=$(token)" id=contact:rosa read=1
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 7<>"$BATS_TEST_TMPDIR/fifo"
	run --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/act REMOTE_USER=ana \
		CONTENT_TYPE=application/x-www-form-urlencoded \
		CONTENT_LENGTH=100 omni-inbox-cgi <&7
	exec 7>&-
	answers '408 Request Timeout'
	coproc holder {
		exec python3 -c 'import fcntl, sys
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()' "$SITE/spool/ledger.db.lock"
	}
	read -r -u "${holder[0]}" _
	# shellcheck disable=SC2154	# set by coproc
	holder_pid=$holder_PID
	run --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/act REMOTE_USER=ana \
		CONTENT_TYPE=application/x-www-form-urlencoded \
		CONTENT_LENGTH="$(stat -c %s "$BATS_TEST_TMPDIR/body")" \
		omni-inbox-cgi <"$BATS_TEST_TMPDIR/body"
	eval "exec ${holder[1]}>&-"
	wait "$holder_pid"
	assert_equal "$status $stderr" "75 "
	answers '503 Service Unavailable'
	assert_equal "$(sql 'SELECT unread_count FROM conversation')" 1
}

@test "both languages say all there is to say, and nothing that nobody reads" {
	local name es en more seen=
	while IFS=$'\t' read -r name es en more; do
		[ -n "$es" ] && [ -n "$en" ] && [ -z "$more" ] ||
			fail "$name: not two texts"
		[[ $seen != *" $name "* ]] || fail "$name: twice"
		seen+=" $name "
		grep -qw "T_$name" "$ROOT"/src/desk/*.c ||
			fail "$name: is never said"
	done < <(grep -v '^#' "$ROOT/share/desk/texts.tsv")
	[ -n "$seen" ]
}
