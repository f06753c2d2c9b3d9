#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2016	# run(1) sets stderr; $ is money

load helper

setup() {
	make_site
	in=$BATS_TEST_TMPDIR/in
	vars='{"owner_name":"Rosa \u003cb\u003e & Cía","pet_name":"Luna","at":"2026-11-24T16:30:00Z","service":"Baño, corte","branch":"Roma"}'
	at 2026-11-23T17:00:00-06:00
}

# render STATUS RECORD [ARG ...]
render() {
	local status=$1

	printf '%s\n' "$2" >"$in"
	shift 2
	run "-$status" --separate-stderr omni-render "$@" <"$in"
	assert_equal "${#lines[@]}" 1
}

# reminder STATUS LANGUAGE CHANNEL [ARG ...]: the clinic's own template
reminder() {
	local status=$1 language=$2 channel=$3

	shift 3
	render "$status" "{\"id\":\"m\",\"template\":\"appointment_reminder\",\"language\":\"$language\",\"channel\":\"$channel\",\"account\":\"$channel\",\"timezone\":\"America/Mexico_City\",\"vars\":$vars}" "$@"
}

# member NAME: as it stands in the record, one newline added
member() {
	jq -r ".$1" <<<"$output"
}

# refused CODE FIELD MESSAGE
refused() {
	assert_equal "$(jq -r '.error | .code + " " + .field' <<<"$output")" \
	    "$1 $2"
	assert_equal "$(member error.message)" "$3"
	[[ $stderr == 'omni-render: line 1: '*"$3" ]]
}

# own NAME PART TEXT: a template of the test's own; -o in $own
own() {
	local dir=$BATS_TEST_TMPDIR/templates/$1

	mkdir -p "$dir/es"
	[ -e "$dir/meta.conf" ] || printf '%s\n' '[template]' \
	    'channels = email sms whatsapp' 'active = yes' >"$dir/meta.conf"
	printf %s "$3" >"$dir/es/$2"
	own=(-o "paths.templates=$BATS_TEST_TMPDIR/templates")
}

@test "a mail in Spanish: subject, text, HTML" {
	reminder 0 es email
	assert_equal "$(member subject)" \
	    'Recordatorio: cita de Luna el martes 24 de noviembre, 10:30'
	diff - <(member text) <<-'END'
	Hola, Rosa <b> & Cía:

	Le recordamos la cita de Luna con nosotros:

	  Día: martes 24 de noviembre
	  Hora: 10:30
	  Servicio: Baño, corte
	  Sucursal: Roma

	Para confirmar, responda SÍ a este correo o a nuestro mensaje de texto. Si no
	puede venir, responda NO y con gusto buscamos otra fecha.

	Si Luna tiene una urgencia antes de la cita, llámenos: +52 55 5000 0000

	Le esperamos.
	Clinica Roma
	Urgencias: +52 55 5000 0000
	END
	diff - <(member html | sed -n '/<p>Hola/,/<.ul>/p') <<-'END'
	<p>Hola, Rosa &lt;b&gt; &amp; Cía:</p>
	<p>Le recordamos la cita de <strong>Luna</strong> con nosotros:</p>
	<ul>
	<li>Día: <strong>martes 24 de noviembre</strong></li>
	<li>Hora: <strong>10:30</strong></li>
	<li>Servicio: Baño, corte</li>
	<li>Sucursal: Roma</li>
	</ul>
	END
	assert_equal "$(member cost) $(member currency)" '0.00 MXN'
	assert_equal "$(member segments)" null
}

@test "a mail in English" {
	reminder 0 en email
	assert_equal "$(member subject)" \
	    "Reminder: Luna's visit on Tuesday, November 24 at 10:30 AM"
	diff - <(member text) <<-'END'
	Hello Rosa <b> & Cía,

	This is a reminder of Luna's appointment with us:

	  Day: Tuesday, November 24
	  Time: 10:30 AM
	  Service: Baño, corte
	  Branch: Roma

	To confirm, reply YES to this email or to our text message. If you cannot
	make it, reply NO and we will gladly find another date.

	If Luna has an emergency before then, please call us: +52 55 5000 0000

	We look forward to seeing you both.
	Clinica Roma
	Emergencies: +52 55 5000 0000
	END
	[[ $(member html) == *'<p>Hello Rosa &lt;b&gt; &amp; Cía,</p>'* ]]
}

@test "a text message and a WhatsApp message in both languages" {
	reminder 0 es sms
	assert_equal "$(member text)" 'Clinica Roma: Luna tiene cita el mar 24 nov a las 10:30. Responda SI para confirmar o NO si no puede venir. ¡Gracias!'
	reminder 0 en sms
	assert_equal "$(member text)" 'Clinica Roma: Luna has an appointment on Tue 24 Nov at 10:30 AM. Reply YES to confirm or NO if you cannot make it. Thank you!'
	assert_equal "$(member subject) $(member html)" 'null null'
	reminder 0 es whatsapp
	diff - <(member text) <<-'END'
	Hola, Rosa <b> & Cía. Le recordamos que Luna tiene cita en Clinica Roma el martes 24 de noviembre a las 10:30. Lugar: Roma.

	Responda *SÍ* para confirmar o *NO* si no puede venir y buscamos otra fecha. ¡Gracias!
	END
	reminder 0 en whatsapp
	diff - <(member text) <<-'END'
	Hello Rosa <b> & Cía. A reminder that Luna has an appointment at Clinica Roma on Tuesday, November 24 at 10:30 AM. Place: Roma.

	Reply *YES* to confirm, or *NO* if you cannot make it and we will find another date. Thank you!
	END
	assert_equal "$(member cost)" 0.01
}

@test "a language without texts falls back: to es, es-MX and es-419 too" {
	reminder 0 es sms
	want=$(member text)
	for language in fr es-MX es-419 zz; do
		reminder 0 "$language" sms
		assert_equal "$(member text)" "$want"
	done
	reminder 0 en-US sms
	[[ $(member text) == *'has an appointment'* ]]
	# Without one it is the site's.
	render 0 "{\"id\":\"m\",\"template\":\"appointment_reminder\",\"channel\":\"sms\",\"account\":\"sms\",\"vars\":$vars}"
	assert_equal "$(member text)" "$want"
}

@test "times are told in the zone of the event, of the reader, of the site" {
	vars='{"owner_name":"x","pet_name":"y","at":"2026-11-24T16:30:00Z","timezone":"America/Tijuana"}'
	reminder 0 es sms
	[[ $(member text) == *' a las 08:30.'* ]] ||
	    [[ $(member text) == *' a las 8:30.'* ]]
	render 0 '{"id":"m","template":"appointment_reminder","channel":"sms","account":"sms","timezone":"America/Cancun","vars":{"owner_name":"x","pet_name":"y","at":"2026-11-24T16:30:00Z"}}'
	[[ $(member text) == *' a las 11:30.'* ]]
	render 0 '{"id":"m","template":"appointment_reminder","channel":"sms","account":"sms","vars":{"owner_name":"x","pet_name":"y","at":"2026-11-24T16:30:00Z"}}'
	[[ $(member text) == *' a las 10:30.'* ]]
}

@test "a missing variable: the record, the template and the variable (Inv. 10)" {
	vars='{"pet_name":"Luna","at":"2026-11-24T16:30:00Z"}'
	reminder 1 es sms
	refused missing_variable vars.owner_name \
	    'template appointment_reminder: variable owner_name is missing'
	[[ $stderr == 'omni-render: line 1: m: template appointment_reminder: variable owner_name is missing' ]]
	assert_equal "$(member text)" null
	vars='{"pet_name":"Luna","owner_name":"Rosa","at":"mañana"}'
	reminder 1 es sms
	refused bad_variable vars.at \
	    'template appointment_reminder: variable at is not a time: "mañana"'
}

@test "a variable that nobody declared but the text needs is missing too" {
	own one sms 'hola {{ whom }}'
	render 1 '{"id":"m","template":"one","channel":"sms","account":"sms"}' \
	    "${own[@]}"
	refused bad_variable vars.whom \
	    'template one/es/sms:1: variable whom is missing'
}

@test "HTML is escaped in html alone" {
	own one subject '{{ a }}'
	own one text '{{ a }}'
	own one html '<i>{{ a }}</i>'
	own one sms '{{ a }}'
	for channel in email sms; do
		render 0 "{\"template\":\"one\",\"channel\":\"$channel\",\"account\":\"$channel\",\"vars\":{\"a\":\"<script>\\\"'&\"}}" "${own[@]}"
		assert_equal "$(member text)" "<script>\"'&"
	done
	render 0 "{\"template\":\"one\",\"channel\":\"email\",\"account\":\"email\",\"vars\":{\"a\":\"<script>\\\"'&\"}}" "${own[@]}"
	assert_equal "$(member subject)" "<script>\"'&"
	assert_equal "$(member html)" \
	    '<i>&lt;script&gt;&quot;&#x27;&amp;</i>'
}

@test "what a variable holds is text, never template" {
	own one sms '{{ a }}'
	render 0 '{"template":"one","channel":"sms","account":"sms","vars":{"a":"{{ b }} {% if x %}"}}' "${own[@]}"
	assert_equal "$(member text)" '{{ b }} {% if x %}'
}

@test "a mistake in a template: file, line, column; temporary, status 75 (Inv. 10)" {
	while IFS='^' read -r name text place; do
		own "$name" sms "$(printf %b "$text")"
		render 75 "{\"id\":\"m\",\"template\":\"$name\",\"channel\":\"sms\",\"account\":\"sms\"}" "${own[@]}"
		assert_equal "$(member error.code) $(member error.temporary)" \
		    'bad_template true'
		assert_regex "$stderr" "^omni-render: line 1: m: template $name/es/sms:$place: "
	done <<-'END'
	one^hola\n{{ a|nonsense }}\n^2:6
	two^hola\n  {% if a %}^2:3
	three^{{ a^1:1
	four^{% include "nobody" %}^1:12
	END
	own five sms "$(printf 'ñandú {{ a|uper }}\n')"
	render 75 '{"template":"five","channel":"sms","account":"sms"}' "${own[@]}"
	diff - <(printf '%s\n' "$stderr") <<-'END'
	omni-render: line 1: template five/es/sms:1:12: no such filter: uper; did you mean upper?
	omni-render:     ñandú {{ a|uper }}
	omni-render:                ^
	END
}

@test "a template that a ladder lacks is temporary: no step is used up" {
	own one sms hola
	render 75 '{"id":"a.r1/1","reminder":{"id":"a","revision":1,"step":1},"template":"none","channel":"sms","account":"sms"}' "${own[@]}"
	assert_equal "$(member error.temporary)" true
	run -78 omni-render -o "paths.templates=$BATS_TEST_TMPDIR/none" \
	    </dev/null
	[[ $output == "omni-render: [paths] templates: $BATS_TEST_TMPDIR/none: "* ]]
}

@test "a template may use others: of its folder, or shared" {
	own one sms '{% include "greeting" %} {{ x }}{% include "end" with y=x %}'
	printf 'Hola, {{ owner }}.' >"$BATS_TEST_TMPDIR/templates/one/greeting"
	mkdir -p "$BATS_TEST_TMPDIR/templates/_shared/es"
	printf ' adios {{ y }}' >"$BATS_TEST_TMPDIR/templates/_shared/es/end"
	render 0 '{"template":"one","channel":"sms","account":"sms","vars":{"x":1,"owner":"Ana"}}' "${own[@]}"
	assert_equal "$(member text)" 'Hola, Ana. 1 adios 1'
	render 1 '{"template":"one","channel":"sms","account":"sms","vars":{"x":1}}' "${own[@]}"
	refused bad_variable vars.owner \
	    'template one/greeting:1: variable owner is missing'
	render 1 '{"template":"_shared","channel":"sms","account":"sms"}' \
	    "${own[@]}"
	assert_equal "$(member error.code)" bad_template
	own ever sms '{% include "again" %}'
	printf '{%% include "again" %%}' >"$BATS_TEST_TMPDIR/templates/ever/again"
	render 75 '{"template":"ever","channel":"sms","account":"sms"}' \
	    "${own[@]}"
	[[ $(member error.message) == *again* ]]
	for name in ../one/es/sms /etc/passwd es/../../x .hidden a//b; do
		rm -rf "$BATS_TEST_TMPDIR/templates/bad"
		own bad sms "{% include \"$name\" %}"
		render 75 '{"template":"bad","channel":"sms","account":"sms"}' \
		    "${own[@]}"
		[[ $(member error.message) == "template bad/es/sms:1:12: "*"$name"* ]]
	done
}

@test "tags and lists; blanks around a part and in a subject are not sent" {
	own one subject $'{% if vip %}\n  Querida\n{% endif %}\n {{ n }}\n'
	own one text $'\n{% for i in items %}{{ i.name }}: {{ i.price|money }}\n{% endfor %}\n\n'
	render 0 '{"template":"one","channel":"email","account":"email","vars":{"vip":true,"n":"Ana","items":[{"name":"Bravecto","price":"1350.5"},{"name":"Shampoo","price":"99"}]}}' "${own[@]}"
	assert_equal "$(member subject)" 'Querida Ana'
	assert_equal "$(jq .text <<<"$output")" \
	    '"Bravecto: $1,350.50\nShampoo: $99.00"'
}

@test "a mail without the part html gets one made from its text" {
	own one subject 'Hola & adios'
	own one text $'Hola, {{ x }}:\n\nvea https://clinic.example/a?b=1&c=2.\nGracias\n'
	render 0 '{"template":"one","channel":"email","account":"email","language":"es-MX","vars":{"x":"<b>"}}' "${own[@]}"
	diff - <(member html | sed -n '/<title>/p;/<p>/,/<.body>/p') <<-'END'
	<title>Hola &amp; adios</title>
	<p>Hola, &lt;b&gt;:</p>
	<p>vea <a href="https://clinic.example/a?b=1&amp;c=2">https://clinic.example/a?b=1&amp;c=2</a>.<br>
	Gracias</p>
	</body>
	END
	[[ $(member html) == '<!DOCTYPE html>'*'<html lang="es">'* ]]
}

@test "a subject that comes out empty is refused, an html is made" {
	own one subject '{% if x %}a{% endif %}'
	own one text 'hola {{ at|shortwhen }}'
	render 1 '{"template":"one","channel":"email","account":"email","vars":{"at":"2026-11-24T16:30:00Z"}}' "${own[@]}"
	refused empty_text template 'template one gives no subject in es'
	own one subject 'a'
	own one html '{% if x %}a{% endif %}'
	render 0 '{"template":"one","channel":"email","account":"email","vars":{"at":"2026-11-24T16:30:00Z"}}' "${own[@]}"
	[[ $(member html) == *'<p>hola mañana 10:30</p>'* ]]
	# What waits for the morning is read then.
	render 0 '{"template":"one","channel":"email","account":"email","not_before":"2026-11-24T09:00:00-06:00","vars":{"at":"2026-11-24T16:30:00Z"}}' "${own[@]}"
	assert_equal "$(member text)" 'hola hoy 10:30'
	own one text '{% if x %}a{% endif %}'
	render 1 '{"template":"one","channel":"email","account":"email"}' \
	    "${own[@]}"
	refused empty_text template 'template one gives no text for email in es'
	own one sms '{{ site.nobody }}'
	render 1 '{"template":"one","channel":"sms","account":"sms"}' "${own[@]}"
	assert_equal "$(member error.field)" site.nobody
}

@test "a push notice has a title and a text" {
	own one subject 'Titulo'
	own one push '{{ x }}'
	printf '%s\n' '[channel push]' 'type = push' 'provider = x' \
	    'active = no' '[provider x]' 'kind = console' >>"$OMNI_CONF"
	render 0 '{"template":"one","channel":"push","account":"push","vars":{"x":"hola"}}' "${own[@]}"
	assert_equal "$(member subject) $(member text) $(member html)" \
	    'Titulo hola null'
}

@test "folders es_MX and es-MX are one language; a part falls back alone" {
	own one sms 'base {{ at|weekday }}'
	mkdir "$BATS_TEST_TMPDIR/templates/one/es_MX"
	printf 'mexico' >"$BATS_TEST_TMPDIR/templates/one/es_MX/whatsapp"
	for language in es-MX es_mx ES-mx; do
		render 0 "{\"id\":\"m\",\"template\":\"one\",\"channel\":\"whatsapp\",\"account\":\"whatsapp\",\"language\":\"$language\"}" "${own[@]}"
		assert_equal "$(member text)" mexico
		render 0 "{\"template\":\"one\",\"channel\":\"sms\",\"account\":\"sms\",\"language\":\"$language\",\"vars\":{\"at\":\"2026-11-24T16:30:00Z\"}}" "${own[@]}"
		assert_equal "$(member text)" 'base martes'
	done
}

@test "a record of 256 KiB; bytes that are not UTF-8; control characters (Inv. 9)" {
	local big

	own one sms '{{ x }}'
	big=$(head -c 250000 /dev/zero | tr '\0' a)
	render 1 "{\"template\":\"one\",\"channel\":\"sms\",\"account\":\"sms\",\"vars\":{\"x\":\"$big\"}}" "${own[@]}"
	assert_equal "$(member error.code)" bad_variable
	big=${big::120000}
	render 1 "{\"template\":\"one\",\"channel\":\"sms\",\"account\":\"sms\",\"vars\":{\"x\":\"$big\"}}" "${own[@]}"
	assert_equal "$(member error.code)" too_long
	render 1 '{"template":"one","channel":"sms","account":"sms","vars":{"x":"a\u0007b"}}' "${own[@]}"
	refused bad_variable vars.x \
	    'template one/es/sms:1: variable x has a control character'
	own two sms $'a\xff'
	render 75 '{"template":"two","channel":"sms","account":"sms"}' "${own[@]}"
	[[ $(member error.message) == 'template two/es/sms:1:2: not UTF-8' ]]
}

@test "no template of that name, or an inactive one" {
	own one sms hola
	render 1 '{"id":"m","template":"none","channel":"sms","account":"sms"}' \
	    "${own[@]}"
	refused bad_template template \
	    "there is no template none in $BATS_TEST_TMPDIR/templates; did you mean one?"
	sed -i 's/active = yes/active = no/' \
	    "$BATS_TEST_TMPDIR/templates/one/meta.conf"
	render 1 '{"id":"m","template":"one","channel":"sms","account":"sms"}' \
	    "${own[@]}"
	refused inactive_template template 'template one is not active'
	printf '%s\n' '[template]' 'requires_approval = yes' \
	    >"$BATS_TEST_TMPDIR/templates/one/meta.conf"
	render 1 '{"id":"m","template":"one","channel":"sms","account":"sms"}' \
	    "${own[@]}"
	assert_equal "$(member error.code)" unapproved_template
	echo 'approved = yes' >>"$BATS_TEST_TMPDIR/templates/one/meta.conf"
	render 0 '{"id":"m","template":"one","channel":"sms","account":"sms"}' \
	    "${own[@]}"
}

# text N CHARACTER: a record with an ad-hoc SMS of N times CHARACTER
text() {
	local s

	printf -v s "%$1s" ''
	printf '{"id":"m","channel":"sms","account":"sms","text":"%s"}' \
	    "${s// /$2}"
}

@test "SMS: segments, encoding and what it will cost" {
	while read -r n character segments encoding cost; do
		render 0 "$(text "$n" "$character")"
		assert_equal "$n $(jq -r '"\(.segments) \(.encoding) \(.cost) \(.currency)"' <<<"$output")" \
		    "$n $segments $encoding $cost MXN"
	done <<-'END'
	1 a 1 GSM-7 0.05
	160 a 1 GSM-7 0.05
	161 a 2 GSM-7 0.10
	306 a 2 GSM-7 0.10
	307 a 3 GSM-7 0.15
	80 € 1 GSM-7 0.05
	81 € 2 GSM-7 0.10
	70 í 1 UCS-2 0.05
	71 í 2 UCS-2 0.10
	201 í 3 UCS-2 0.15
	35 😀 1 UCS-2 0.05
	END
	render 0 "$(text 161 a)" -o 'channel sms.cost=0.0075'
	assert_equal "$(member cost)" 0.015
}

@test "SMS: more segments than allowed, with the letter to blame (Inv. 10)" {
	render 1 "$(text 500 a)"
	refused too_many_segments text \
	    '4 segments in GSM-7, at most 3 are allowed'
	render 1 "$(text 202 í)"
	refused too_many_segments text \
	    '4 segments in UCS-2, at most 3 are allowed; not in GSM-7: í at 1 (202 times); 2 with letters of GSM-7 in their place'
	render 0 "$(text 500 a)" -o 'channel sms.max_segments=4'
	render 0 "$(text 1600 a)" -o 'channel sms.max_segments=0'
	assert_equal "$(member segments)" 11
	render 1 "$(text 1601 a)" -o 'channel sms.max_segments=0'
	refused too_long text '1601 characters; an SMS has at most 1600'
}

@test "a newline in a variable of the subject is refused (Inv. 10)" {
	own one subject 'cita de {{ pet }}'
	own one text 'cita de {{ pet }}'
	render 1 '{"id":"m","template":"one","channel":"email","account":"email","vars":{"pet":"x\nBcc: all@x.example"}}' "${own[@]}"
	assert_equal "$(member error.code) $(member error.field)" \
	    'bad_variable vars.pet'
	[[ $stderr == *'one/es/subject:1: '* ]]
	# In a text it may stand.
	own one sms '{{ pet }}'
	render 0 '{"id":"m","template":"one","channel":"sms","account":"sms","vars":{"pet":"x\ny"}}' "${own[@]}"
}

@test "an ad-hoc message keeps its own subject, text and html" {
	render 0 '{"id":"m","channel":"email","account":"email","subject":"Hola {{ x }}","text":"a {{ b }}","html":"<b>c</b>"}'
	assert_equal "$(jq -c '[.subject, .text, .html, .cost]' <<<"$output")" \
	    '["Hola {{ x }}","a {{ b }}","<b>c</b>","0.00"]'
	render 1 '{"id":"m","channel":"email","account":"email","subject":"x"}'
	refused no_text text 'neither a template nor a text'
}

@test "an ad-hoc message is held to what the values of a template are" {
	while IFS='^' read -r fields code field; do
		render 1 "{\"id\":\"m\",\"channel\":\"sms\",\"account\":\"sms\",$fields}"
		assert_equal "$fields $(jq -r '.error | .code + " " + .field' \
		    <<<"$output")" "$fields $code $field"
	done <<-'END'
	"text":""^empty_text^text
	"text":"  \n "^empty_text^text
	"text":"\u200b\u3164"^empty_text^text
	"text":5^bad_text^text
	"text":"a","subject":5^bad_subject^subject
	"text":"a","subject":"a\u0007"^bad_subject^subject
	"text":"a","html":["b"]^bad_text^html
	"template":5,"text":"a"^bad_template^template
	"template":{},"text":"a"^bad_template^template
	"template":["a"]^bad_template^template
	"template":""^bad_template^template
	"template":null^no_text^text
	END
	render 0 '{"id":"m","channel":"sms","account":"sms","template":null,"text":"a\r\nb"}'
	render 1 '{"id":"m","channel":"sms","account":"email","text":"x"}'
	refused no_channel account '[channel email] is for email, not for sms'
	render 1 '{"id":"m","channel":"fax","account":"sms","text":"x"}'
	refused no_channel account '[channel sms] is for sms, not for fax'
}

@test "nothing that another message left behind is sent" {
	own one text 'hola'
	render 0 '{"channel":"email","account":"email","template":"one","subject":"OLD","html":"OLD","text":"OLD","whatsapp":{"OLD":1},"segments":9,"ucs2":[]}' "${own[@]}"
	[[ $output != *OLD* ]]
	assert_equal "$(jq -c '[.text, .subject, .whatsapp, .segments, .ucs2]' \
	    <<<"$output")" '["hola",null,null,null,null]'
	own one sms 'hola'
	render 0 '{"channel":"sms","account":"sms","template":"one","subject":"OLD","html":"OLD","whatsapp":{"OLD":1}}' "${own[@]}"
	[[ $output != *OLD* ]]
	render 0 '{"channel":"email","account":"email","text":"x","whatsapp":{"OLD":1},"segments":4}'
	[[ $output != *OLD* ]]
	assert_equal "$(jq -c '[.segments, .cost]' <<<"$output")" '[null,"0.00"]'
}

@test "the name of a template that the data bring is their fault" {
	own one sms '{% include v %}'
	render 1 '{"template":"one","channel":"sms","account":"sms","vars":{"v":"nope"}}' "${own[@]}"
	assert_equal "$(jq -r '.error | "\(.code) \(.field) \(.temporary)"' \
	    <<<"$output")" 'bad_variable vars.v false'
}

@test "no channel, or none that is configured: run omni-route first" {
	render 1 '{"id":"m","text":"x"}'
	refused no_channel channel 'no channel is chosen; run omni-route first'
	render 1 '{"id":"m","text":"x","channel":"sms"}'
	refused no_channel account \
	    'no configured channel is named; run omni-route first'
	render 1 '{"id":"m","text":"x","channel":"sms","account":"sms9"}'
	refused no_channel account \
	    'no configured channel is named; run omni-route first'
}

@test "after a bad record the next one is rendered; order is kept (Inv. 1)" {
	own one sms 'a{{ x }}'
	own bad sms '{{ x|nonsense }}'
	printf '%s\n' \
	    '{"id":"1","template":"bad","channel":"sms","account":"sms"}' \
	    '{"id":"2","template":"one","channel":"sms","account":"sms","vars":{"x":1}, "y":1.0}' \
	    '{"id":"3","template":"one","channel":"sms","account":"sms"}' '}' \
	    '{"id":"5","template":"bad","channel":"sms","account":"sms"}' \
	    '{"id":"6","template":"one","channel":"sms","account":"sms","vars":{"x":2}}' \
	    '{"id":"7","channel":"staff"}' >"$in"
	run -75 --separate-stderr omni-render "${own[@]}" <"$in"
	assert_equal "$(jq -r '"\(.id) \(.text // .error.code)"' <<<"$output" |
	    tr '\n' ,)" '1 bad_template,2 a1,3 bad_variable,null not_a_record,5 bad_template,6 a2,7 null,'
	[[ ${lines[1]} == *'"y":1.0'* ]]
	assert_equal "${lines[6]}" '{"id":"7","channel":"staff"}'
}

@test "it needs no ledger; the same input gives the same bytes (Inv. 12)" {
	assert_file_not_exist "$SITE/spool/ledger.db"
	reminder 0 es email
	first=$output
	reminder 0 es email
	assert_equal "$output" "$first"
	printf '%s\n' "$first" >"$in"
	run -0 omni-render <"$in"
	assert_equal "$output" "$first"
}

@test "empty input, a full disk, wrong usage, input cut off" {
	run -0 omni-render </dev/null
	refute_output
	echo '{"id":"7","channel":"staff"}' >"$in"
	# shellcheck disable=SC2016	# for the inner shell
	run -74 bash -c 'omni-render <"$1" >/dev/full' - "$in"
	assert_output 'omni-render: stdout: No space left on device'
	run -64 omni-render extra </dev/null
	run -0 omni-render --help
	run -0 omni-render --version
	printf '{"id":"7","channel":"staff"}' >"$in"
	run -65 --separate-stderr omni-render <"$in"
	assert_equal "${#lines[@]}" 1
}
