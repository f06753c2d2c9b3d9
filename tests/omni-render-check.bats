#!/usr/bin/env bats
# omni-render --check: each finding, in a tree that has nothing else wrong.
# shellcheck disable=SC2154	# run(1) of bats sets stderr

load helper

setup() {
	make_site
	T=$BATS_TEST_TMPDIR/templates
	at 2026-11-23T17:00:00-06:00
	put visit/meta.conf '[template]' 'class = transactional' \
	    'channels = email sms' '[variables]' \
	    'pet = text, required, example "Luna"' \
	    'at = time, required, example "2026-11-24T10:30:00-06:00"' \
	    'note = text, example "Baño"'
	put visit/es/subject 'Cita de {{ pet }}'
	put visit/es/text '{{ pet }}: {{ at|day }}{% if note %}, {{ note }}{% endif %}'
	put visit/es/sms '{{ site.name }}: {{ pet }}, {{ at|shortday }}'
	put visit/en/subject 'Visit of {{ pet }}'
	put visit/en/text '{{ pet }}: {{ at|day }}{% if note %}, {{ note }}{% endif %}'
	put visit/en/sms '{{ site.name }}: {{ pet }}, {{ at|shortday }}'
}

# put FILE LINE...: of the tree
put() {
	local file=$T/$1

	shift
	mkdir -p "$(dirname "$file")"
	printf '%s\n' "$@" >"$file"
}

# meta LINE...: adds to the end of visit/meta.conf
meta() {
	printf '%s\n' "$@" >>"$T/visit/meta.conf"
}

# check STATUS [ARG...]
check() {
	local status=$1

	shift
	run "-$status" --separate-stderr omni-render \
	    -o "paths.templates=$T" --check "$@"
}

# finds STATUS <<LINES: just these, and nothing on standard error
finds() {
	check "$1"
	assert_equal "$output" "$(cat)"
	assert_equal "$stderr" ''
}

@test "a good tree: not a word" {
	check 0
	assert_output ''
	assert_equal "$stderr" ''
}

@test "the templates that come with omni, with the configuration that does" {
	run -0 --separate-stderr omni-render -c "$ROOT/etc/omni.conf" --check
	assert_output ''
	assert_equal "$stderr" ''
}

@test "the templates that come with omni, with links and a name for nothing" {
	run -0 omni-render -c "$ROOT/etc/omni.conf" --check \
	    -o site.public_url=https://clinic.example/omni \
	    -o links.key=env:NOT_SET
	assert_output ''
}

@test "all templates, or those named" {
	put other/meta.conf '[template]' 'class = transactional'
	put other/es/text '{{ x'
	put visit/es/sms '{{ pet'
	check 1
	assert_line -n 0 'other/es/text:1:1: error: {{ is not closed on its line'
	assert_line 'visit/es/sms:1:1: error: {{ is not closed on its line'
	check 1 visit
	refute_output --partial other
	check 1 other visit
	assert_line -n 0 --partial other/es/text
}

@test "syntax: line, column, the line and a caret" {
	put visit/es/sms '{{ site.name }}:' '{{ pet|uper }}'
	finds 1 <<-'END'
	visit/es/sms:2:8: error: no such filter: uper; did you mean upper?
	{{ pet|uper }}
	       ^
	END
}

@test "a bad meta.conf" {
	meta '[whatsapp]' 'nmae = x'
	finds 1 <<-'END'
	visit/meta.conf:9: error: nmae: not a key of [whatsapp]; did you mean name?
	END
}

@test "no meta.conf" {
	rm "$T/visit/meta.conf"
	finds 1 <<-'END'
	visit/meta.conf: error: cannot be read: No such file or directory
	END
}

@test "an include that is not there, in both languages" {
	put visit/es/sms '{{ pet }}' '  {% include "foter" %}'
	finds 1 <<-'END'
	visit/es/sms:2:14: error: there is no foter in visit/es, visit, _shared/es or _shared
	END
}

@test "an include that is wrong itself is told once, at its place" {
	put _shared/foot 'x {{ pet|uper }}'
	put visit/es/sms '{{ pet }} {% include "foot" %}'
	put visit/en/sms '{{ pet }} {% include "foot" %}'
	check 1
	assert_line -n 0 '_shared/foot:1:10: error: no such filter: uper; did you mean upper?'
	assert_equal "${#lines[@]}" 3
}

@test "what includes itself, with the way around" {
	put visit/es/sms '{{ pet }} {% include "a" %}'
	put visit/es/a '{% include "b" %}'
	put _shared/b 'x' '{% if pet %}{% include "a" %}{% endif %}'
	finds 1 <<-'END'
	_shared/b:2:24: error: includes itself: visit/es/a -> _shared/b -> visit/es/a
	END
}

@test "what extends itself" {
	put visit/es/sms '{% extends "sms" %}'
	finds 1 <<-'END'
	visit/es/sms:1:12: error: includes itself: visit/es/sms -> visit/es/sms
	END
}

@test "a variable that is not declared: printed, and only asked for" {
	put visit/es/sms '{{ pet }} {{ nota }}{% if urgent %}!{% endif %}'
	finds 1 <<-'END'
	visit/es/sms:1:14: error: nota is not declared in [variables]; did you mean note?
	{{ pet }} {{ nota }}{% if urgent %}!{% endif %}
	             ^
	visit/es/sms:1:27: warning: urgent is not declared in [variables]
	{{ pet }} {{ nota }}{% if urgent %}!{% endif %}
	                          ^
	END
}

@test "what is not declared in what is included shows when it is printed" {
	put _shared/foot '{% if brand %}{{ brand }}{% endif %}' '{{ nota }}'
	put visit/es/sms '{{ pet }} {% include "foot" %}'
	finds 1 <<-'END'
	_shared/foot:2: error: variable nota is missing
	END
	put visit/es/sms '{{ pet }} {% include "foot" with nota=pet %}'
	finds 0 </dev/null
}

@test "the names of loops and of with are declared where they stand" {
	meta 'items = list, required, example ["a", "b"]'
	put _shared/row '- {{ item }}'
	put visit/es/text '{{ pet }} {{ at|day }} {% if note %}{{ note }}{% endif %}' \
	    '{% for item in items %}{{ forloop.counter }} {{ item }}' \
	    '{% include "row" %}{% endfor %}{% with a=pet %}{{ a }}{% endwith %}'
	finds 0 </dev/null
}

@test "what a template finds outside its variables" {
	put visit/es/sms '{{ pet }} {{ site.nme }}'
	finds 1 <<-'END'
	visit/es/sms:1:14: error: site.nme is nothing that a template finds; did you mean name?
	{{ pet }} {{ site.nme }}
	             ^
	END
	put visit/es/sms '{{ pet }} {% if contact.name %}{{ contact.name }}{% endif %}' \
	    '{{ site.timezone }} {{ id }} {{ vars.pet }}{% if links.confirm %}' \
	    '{{ links.confirm }}{% endif %}'
	check 0
	refute_output --partial declared
	put visit/es/sms '{{ vars.pte }}'
	check 1
	assert_line -n 0 'visit/es/sms:1:4: error: vars.pte is not declared in [variables]; did you mean pet?'
}

@test "a variable that nothing uses" {
	meta 'color = text, example "rojo"' 'timezone = text, example "UTC"'
	finds 0 <<-'END'
	visit/meta.conf:8: warning: color: declared, and not used
	END
}

@test "an include uses variables, but not those that with gives" {
	meta 'color = text, example "rojo"'
	put visit/es/foot '{% if color %}{{ color }}{% endif %}'
	put visit/es/sms '{{ pet }} {% include "foot" %}'
	finds 0 </dev/null
	put visit/es/sms '{{ pet }} {% include "foot" with color=pet %}'
	check 0
	assert_output --partial 'color: declared, and not used'
}

@test "WhatsApp's expressions use variables, and must declare them" {
	sed -i 's/email sms/email sms whatsapp/' "$T/visit/meta.conf"
	meta 'color = text, required, example "rojo"' '[whatsapp]' \
	    'name = v' 'body.1 = color' 'body.2 = pte' '[whatsapp es]' \
	    'language = es_MX' '[whatsapp en]' 'language = en_US'
	put visit/es/whatsapp 'a {{ color }} b {{ pte }} c'
	put visit/en/whatsapp 'a {{ color }} b {{ pte }} c'
	check 1
	assert_line 'visit/meta.conf:12: error: pte is not declared in [variables]; did you mean pet?'
	refute_output --partial 'color:'
}

@test "a required variable without an example, and one that may be missing" {
	meta 'color = text, required' 'size = text' 'tail = text, default "x"'
	put visit/es/sms '{{ pet }} {{ color }}{% if size %}{{ size }}{% endif %}{{ tail }}'
	finds 1 <<-'END'
	visit/meta.conf:8: error: color: has no example to try it with
	visit/meta.conf:9: warning: size: has no example to try it with
	END
}

@test "one language lacks what the other has" {
	rm "$T/visit/en/subject" "$T/visit/en/sms"
	finds 1 <<-'END'
	visit/en: error: lacks the part subject, which es has
	END
	rm "$T/visit/en/text"
	put visit/en/sms '{{ pet }}'
	finds 1 <<-'END'
	visit/en: error: lacks the part subject, which es has
	visit/en: error: lacks the part text, which es has
	visit/en: error: has no part for the channel email: text
	END
}

@test "a country falls back to its language" {
	put visit/es-MX/sms '{{ pet }}'
	finds 0 </dev/null
}

@test "a channel that no part is for" {
	sed -i 's/email sms/email sms voice/' "$T/visit/meta.conf"
	rm -r "$T/visit/en"
	rm "$T/visit/es/text" "$T/visit/es/subject"
	put visit/es/sms '{{ pet }} {{ at|day }}{% if note %}{{ note }}{% endif %}'
	finds 1 <<-'END'
	visit/es: error: has no part for the channel email: text
	visit/es: warning: mails have no subject
	visit/es: error: has no part for the channel voice: voice or text
	END
}

@test "the site's language is there" {
	rm -r "$T/visit/es"
	finds 1 <<-'END'
	visit: error: there is no text in es, the language of [site]: readers of languages without one would get none
	END
	check 0 -o site.language=en-US
}

@test "a rendering that is refused" {
	put visit/es/sms 'x' '{{ pet|day }}'
	finds 1 <<-'END'
	visit/es/sms:2: error: variable pet is not a time, as needed by the filter day
	END
}

@test "a variable that may be missing, and is printed as if it could not" {
	put visit/es/sms '{{ pet }}' '{{ note }}'
	finds 1 <<-'END'
	visit/es/sms:2: error: without note: variable note is missing
	END
	put visit/es/sms '{{ pet }} {{ note|default:"-" }}'
	finds 0 </dev/null
}

@test "one that is asked for by another's name" {
	meta 'color = text, example "rojo"'
	put visit/es/sms '{{ pet }}{% if note %}' '{{ color }}{% endif %}'
	finds 1 <<-'END'
	visit/es/sms:2: error: without color: variable color is missing
	END
}

@test "what the site and the contact need not have" {
	sed -i -e /^emergency/d "$OMNI_CONF"
	put visit/es/sms '{{ pet }} {{ site.emergency }}'
	put visit/en/sms '{{ pet }} {{ contact.name }}'
	finds 1 <<-'END'
	visit/en/sms:1: error: without all that may be missing: variable contact.name is missing
	visit/es/sms:1: error: without all that may be missing: variable site.emergency is missing
	END
}

@test "links, that need a key" {
	put visit/es/text '{{ pet }} {{ at|day }} {{ links.confirm }}'
	put visit/en/text '{{ pet }} {{ at|day }} {% if note %}{{ note }}{% endif %}'
	finds 1 <<-'END'
	visit/es/text:1: error: without all that may be missing: variable links.confirm is missing
	END
	check 0 -o links.key=env:NOT_SET
	assert_output ''
}

@test "a part that gives nothing" {
	put visit/es/sms '{% if note %}{{ pet }}{% endif %}'
	put visit/es/subject ' '
	finds 1 <<-'END'
	visit/es/sms: error: without note: is empty
	visit/es/subject: warning: is empty
	END
}

@test "an SMS of several segments, and of too many" {
	put visit/es/sms "{{ pet }} $(printf '%0150d' 0)" 'x'
	finds 0 </dev/null
	put visit/es/sms "{{ pet }} Cancún $(printf '%080d' 0)"
	finds 0 <<-'END'
	visit/es/sms: warning: 2 segments of UCS-2 on the channel sms, of at most 3; not in GSM-7: ú at 10; 1 with letters of GSM-7 in their place
	END
	check 0 -o 'channel sms.accents=plain'
	assert_output ''
	put visit/es/sms "{{ pet }} Cancún $(printf '%0200d' 0)"
	finds 1 <<-'END'
	visit/es/sms: error: 4 segments of UCS-2 on the channel sms, of at most 3; not in GSM-7: ú at 10; 2 with letters of GSM-7 in their place
	END
	check 0 -o 'channel sms.max_segments=4'
}

@test "an SMS of more than 1600 characters" {
	put visit/es/sms "{{ pet }}$(printf '%01597d' 0)"
	finds 1 <<-'END'
	visit/es/sms: error: 1601 characters; an SMS has at most 1600
	END
}

@test "the text counts where there is no part for an SMS" {
	rm "$T/visit/es/sms"
	put visit/es/text "{{ pet }} {{ at|day }} $(printf '%0150d' 0)"
	check 0
	assert_line --partial 'visit/es/text: warning: 2 segments of GSM-7'
}

@test "every SMS channel counts by its own settings; without one there is a rule" {
	put visit/es/sms "{{ pet }} Cancún $(printf '%080d' 0)"
	cat >>"$OMNI_CONF" <<-'END'

	[channel cheap]
	type = sms
	provider = console
	max_segments = 1
	END
	finds 1 <<-'END'
	visit/es/sms: warning: 2 segments of UCS-2 on the channel sms, of at most 3; not in GSM-7: ú at 10; 1 with letters of GSM-7 in their place
	visit/es/sms: error: 2 segments of UCS-2 on the channel cheap, of at most 1; not in GSM-7: ú at 10; 1 with letters of GSM-7 in their place
	END
	sed -i -e '/^.ladder/,/flag$/d' -e 's/^type = sms/type = voice\nactive = no/' \
	    "$OMNI_CONF"
	check 0
	assert_output 'visit/es/sms: warning: 2 segments of UCS-2, of at most 3; not in GSM-7: ú at 10; 1 with letters of GSM-7 in their place'
}

@test "words that stop all messages" {
	sed -i 's/^class.*/topic = appointment/' "$T/visit/meta.conf"
	put visit/es/sms '{{ pet }}: responda SI o BAJA' 'CANCELAR BAJAR stop'
	put visit/en/sms '{{ pet }}: reply YES or' 'CANCEL.'
	finds 0 <<-'END'
	visit/en/sms:2:1: warning: CANCEL is taken for a STOP: whoever answers it gets no more messages
	CANCEL.
	^
	visit/es/sms:1:26: warning: BAJA is taken for a STOP: whoever answers it gets no more messages
	{{ pet }}: responda SI o BAJA
	                         ^
	END
}

@test "words that stop all messages, in small letters where they are asked for" {
	sed -i 's/^class.*/topic = appointment/' "$T/visit/meta.conf"
	put visit/en/sms '{{ pet }}: To cancel, call us. At the end, stop.' \
	    'Text us or cancel online. Alto! Reply, cancel or call.' \
	    'text {{ pet }} cancel'
	put visit/es/sms '{{ pet }}: no baje del alto, ni a la baja, ni a salir' \
	    'Conteste a la baja'
	finds 0 </dev/null
	put visit/en/sms '{{ pet }}: Reply “stop” or YES/Cancel,' \
	    'TEXT *End*; reply yes or quit'
	put visit/es/sms '{{ pet }}: responda sí, NO o baja' "ENVÍE 'Alto'"
	check 0
	assert_equal "$(grep -o '^visit.* is' <<<"$output")" \
'visit/en/sms:1:19: warning: STOP is
visit/en/sms:1:32: warning: CANCEL is
visit/en/sms:2:7: warning: END is
visit/en/sms:2:26: warning: QUIT is
visit/es/sms:1:30: warning: BAJA is
visit/es/sms:2:8: warning: ALTO is'
}

@test "words that stop all messages, where that is meant" {
	put visit/es/sms '{{ pet }}: BAJA, ALTO, STOP'
	finds 0 </dev/null
	put visit/en/sms '{{ pet }}: END'
	check 0
	assert_output --partial 'END is taken for a STOP'
	sed -i 's/^class.*/class = marketing/' "$T/visit/meta.conf"
	finds 0 </dev/null
}

# whatsapp LINE...: the template is registered in both languages
whatsapp() {
	sed -i -e 's/email sms/email sms whatsapp/' "$T/visit/meta.conf"
	meta '[whatsapp]' 'name = v' "$@"
	put visit/es/whatsapp 'Cita de {{ pet }}.'
	put visit/en/whatsapp 'Visit of {{ pet }}.'
}

@test "WhatsApp: all is well" {
	whatsapp 'body.1 = pet' '[whatsapp es]' 'language = es_MX' \
	    '[whatsapp en]' 'language = en_US'
	finds 0 </dev/null
}

@test "WhatsApp: parameters that do not match" {
	whatsapp 'body.1 = pet' 'body.2 = at|day' '[whatsapp es]' \
	    'language = es_MX' '[whatsapp en]' 'language = en_US'
	put visit/es/whatsapp 'Cita de {{ pet }}, {{ at|clock }}.'
	finds 1 <<-'END'
	visit/en/whatsapp: error: body.2 of [whatsapp], {{ at|day }}, is not in it
	visit/es/whatsapp: error: {{ at|clock }} is no body.N of [whatsapp]
	END
}

@test "WhatsApp: a language without Meta's code" {
	whatsapp 'body.1 = pet' '[whatsapp es]' 'language = es_MX'
	finds 1 <<-'END'
	visit/meta.conf: error: [whatsapp en] has no language, Meta's code: nothing could be sent in en outside the 24 hours after the reader wrote
	END
}

@test "WhatsApp: a parameter that may be empty, and one that is too long" {
	whatsapp 'body.1 = pet' 'body.2 = note|default:""' '[whatsapp es]' \
	    'language = es_MX' '[whatsapp en]' 'language = en_US'
	put visit/es/whatsapp 'Cita de {{ pet }}: {{ note|default:"" }}.'
	put visit/en/whatsapp 'Visit of {{ pet }}: {{ note|default:"" }}.'
	finds 1 <<-'END'
	visit/meta.conf: error: without note: body.2, note|default:"", is empty
	END
}

@test "WhatsApp: a text of the registered form that grows too long" {
	whatsapp 'body.1 = pet' '[whatsapp es]' 'language = es_MX' \
	    '[whatsapp en]' 'language = en_US'
	sed -i "s/Luna/$(printf '%0100d' 0)/" "$T/visit/meta.conf"
	put visit/es/whatsapp "$(printf '%0950d' 0) {{ pet }}."
	check 1
	assert_line 'visit/meta.conf: error: the text has 1052 characters; a template of WhatsApp has at most 1024'
}

@test "WhatsApp: not registered" {
	sed -i 's/email sms/email sms whatsapp/' "$T/visit/meta.conf"
	finds 0 </dev/null
	sed -i 's/transactional/reminder/' "$T/visit/meta.conf"
	finds 0 <<-'END'
	visit/meta.conf: warning: [whatsapp] has no name: WhatsApp takes it only within 24 hours after the reader wrote
	END
}

@test "a subject that is too long, and one of two lines" {
	put visit/es/subject "{{ pet }}$(printf '%075d' 0)"
	put visit/en/subject 'Visit of' '{{ pet }}'
	finds 0 <<-'END'
	visit/en/subject:2: warning: more than one line; they become one
	visit/es/subject: warning: 79 characters; readers show no more than 78
	END
}

@test "HTML: what is well formed" {
	put visit/es/html '<!DOCTYPE html>' '<html lang="es"><head>' \
	    '<meta charset="utf-8"><title>a < b &amp; c</title>' \
	    '<style>p > b { color: red } a < b</style></head><body>' \
	    '<!-- <b> -->' '<!--[if mso]><table><![endif]-->' \
	    "<p class='a' id=\"b\" hidden>&eacute;&#233;&#xe9;<br><br/>" \
	    '<img src="https://a.example/?a=1&amp;b" alt=""></p>' \
	    '<ul><li>{{ pet }}</li></ul></body></html>'
	finds 0 </dev/null
}

# html TEXT FINDING...: the body, and what is found in the third line
html() {
	local line

	put visit/es/html '<!DOCTYPE html>' '<html lang="es">' "$1" '</html>'
	shift
	check 1
	for line; do
		assert_line "visit/es/html: error: line 3, column $line" ||
			return 1
	done
}

@test "HTML: tags" {
	html '<p><b>x</p>' '8 of the HTML: </p> while the <b> of line 3 is open'
	html 'x</b>' '2 of the HTML: </b> closes nothing'
	html '<p>x<ul></ul></p>' '5 of the HTML: <ul> ends the <p> of line 3'
	html '<td/>' '1 of the HTML: <td /> stays open: only <br> and the like are closed so'
	html 'x</br>' '2 of the HTML: </br>: there is no such tag'
	html '<p x' '1 of the HTML: <p has no >'
	html 'x<!-- x' '2 of the HTML: the comment is not closed'
	assert_line 'visit/es/html: error: line 2, column 1 of the HTML: <html> is not closed'
	html '<!DOCTYPE html>' '1 of the HTML: the doctype is not at the beginning'
	html '1 < 2' '3 of the HTML: < is not written as &lt;'
}

@test "HTML: attributes and entities" {
	html '<p a=b></p>' '6 of the HTML: the value of a is not in quotes'
	html '<p a="1" A="2"></p>' '10 of the HTML: A is given twice'
	html '<p a="1"b="2"></p>' '9 of the HTML: no blank behind the value of a'
	html '<p a="x></p>' '4 of the HTML: the value of a is not closed'
	html '<p a="x><b></p>"></p>' '9 of the HTML: < in the value of a: is a quote missing?'
	html 'a & b' '3 of the HTML: & is not written as &amp;'
	html '<a href="?a=1&b=2">x</a>' '14 of the HTML: & is not written as &amp;'
	html '&nosuch; &#xd800;' '1 of the HTML: &nosuch; is no entity' \
	    '10 of the HTML: &#xd800; is no entity'
}

@test "HTML: what is not good in a mail" {
	put visit/es/html '<html><link rel="stylesheet" href="https://x.example/">' \
	    '<script>a < b</script><img src="http://x.example/"></html>'
	finds 0 <<-'END'
	visit/es/html: warning: line 1, column 1 of the HTML: <html> without lang
	<html><link rel="stylesheet" href="https://x.example/">
	^
	visit/es/html: warning: line 1, column 7 of the HTML: a stylesheet elsewhere, which mail readers do not fetch
	<html><link rel="stylesheet" href="https://x.example/">
	      ^
	visit/es/html: warning: line 2, column 1 of the HTML: a script, which mail readers drop
	<script>a < b</script><img src="http://x.example/"></html>
	^
	visit/es/html: warning: line 2, column 33 of the HTML: src begins with http://: not encrypted
	<script>a < b</script><img src="http://x.example/"></html>
	                                ^
	visit/es/html: warning: line 2, column 23 of the HTML: an image without alt: many readers show no images
	<script>a < b</script><img src="http://x.example/"></html>
	                      ^
	END
	put visit/es/html '<p>x</p>'
	check 0
	assert_line -n 0 'visit/es/html: warning: line 1, column 1 of the HTML: there is no <html lang="...">: readers do not know the language'
}

@test "HTML that is well formed only if all is there" {
	put visit/es/html '<html lang="es">{% if note %}<p>{% endif %}{{ pet }}</p></html>'
	check 1
	assert_line -n 0 'visit/es/html: error: without note: line 1, column 21 of the HTML: </p> closes nothing'
}

@test "files and folders that nothing reads" {
	put visit/es/sms.txt x
	put visit/en/SMS x
	put visit/en/notes x
	put visit/en/old/sms x
	put visit/sms x
	put visit/text.bak x
	put visit/spanish/text x
	put visit/meta.cfg x
	# What is included, in a folder too, and what editors leave.
	put visit/es/text '{{ pet }}: {{ at|day }}{% if note %}, {{ note }}{% endif %}{% include "a/b" %}{% include "c" %}{% include "d/e" %}'
	put visit/a/b b
	put visit/es/c c
	put visit/es/d/e e
	put visit/es/text~ x
	put visit/es/.sms.swp x
	put visit/es/#sms# x
	put visit/en/sms.swp x
	put visit/.git/x x
	ln -s es "$T/visit/es-MX"
	finds 0 <<-'END'
	visit/en/SMS: warning: nothing reads it; did you mean sms?
	visit/en/notes: warning: nothing reads it: no part is called so, and nothing includes it
	visit/en/old: warning: nothing in it is read: no part is called so, and nothing includes it
	visit/es/sms.txt: warning: nothing reads it; did you mean sms?
	visit/meta.cfg: warning: nothing reads it; did you mean meta.conf?
	visit/sms: warning: nothing reads it: parts stand in the folder of a language, such as es/sms
	visit/spanish: warning: nothing in it is read: it is not called like a language, such as es or es-MX
	visit/text.bak: warning: nothing reads it: parts stand in the folder of a language, such as es/text
	END
}

@test "status 65: there is no such template, and the others are looked at" {
	put visit/es/sms '{{ pet'
	check 65 visti visit ../visit
	assert_line -n 0 --partial visit/es/sms:1:1
	assert_equal "$stderr" "omni-render: there is no template visti in $T; did you mean visit?
omni-render: \"../visit\": not a template's name"
}

@test "status 78: no directory of templates" {
	rm -r "$T"
	check 78
	assert_output ''
	assert_equal "$stderr" "omni-render: [paths] templates: $T: No such file or directory"
}

@test "status 64: wrong use" {
	check 64 --try
	check 64 --preview
	check 64 --language es
	assert_output ''
}

@test "status 74: standard output is full" {
	put visit/es/sms '{{ pet'
	# shellcheck disable=SC2016	# the inner shell's
	run -74 bash -c 'omni-render -o "paths.templates=$1" --check \
	    >/dev/full' _ "$T"
}

@test "-q: the status only" {
	put visit/es/sms '{{ pet'
	check 1 -q
	assert_output ''
	assert_equal "$stderr" ''
}

@test "status 78: an empty directory, and one of names that are no templates'" {
	rm -r "$T/visit"
	check 78
	assert_equal "$stderr" 'omni-render: [paths] templates: there are none'
	mkdir -p "$T/a b" "$T/_x" "$T/.y"
	check 78
	assert_output ''
}

@test "a template without any language" {
	rm -r "$T/visit/es" "$T/visit/en"
	check 1
	assert_line --partial 'visit: error: there is no text in es'
}

@test "the same every year" {
	# "mañana" fits into one part, the date would not.
	put visit/es/sms "{{ pet }} {{ at|when }} $(printf '%0125d' 0)"
	check 0
	assert_output ''
	at 2031-01-01T00:00:00Z
	check 0
	assert_output ''
}

@test "what is in place of a part: FIFO, directory, device, endless link" {
	rm "$T/visit/es/sms"
	mkfifo "$T/visit/es/sms"
	run -1 timeout 20 omni-render -o "paths.templates=$T" --check
	assert_output 'visit/es/sms: error: cannot be read: not a plain file'
	rm "$T/visit/es/sms"
	mkdir "$T/visit/es/sms"
	check 1
	assert_output 'visit/es/sms: error: cannot be read: not a plain file'
	rmdir "$T/visit/es/sms"
	ln -s sms "$T/visit/es/sms"
	check 1
	assert_output 'visit/es/sms: error: cannot be read: Too many levels of symbolic links'
	ln -sf nothing "$T/visit/es/sms"
	check 1
	assert_output 'visit/es/sms: error: cannot be read: No such file or directory'
	ln -sf /dev/zero "$T/visit/es/sms"
	check 1
	assert_output 'visit/es/sms: error: cannot be read: not a plain file'
}

@test "FIFO in the place of meta.conf and of an include" {
	put visit/es/sms '{{ pet }} {% include "x" %}'
	mkfifo "$T/visit/x"
	run -1 timeout 20 omni-render -o "paths.templates=$T" --check
	assert_output --partial 'not a plain file'
	rm "$T/visit/meta.conf"
	mkfifo "$T/visit/meta.conf"
	run -1 timeout 20 omni-render -o "paths.templates=$T" --check
	assert_line -n 0 'visit/meta.conf: error: cannot be read: not a plain file'
}

@test "links in a circle between folders" {
	ln -s . "$T/visit/fr"
	ln -s .. "$T/visit/de"
	ln -s loop "$T/loop"
	run -0 timeout 20 omni-render -o "paths.templates=$T" --check
	assert_output ''
}

@test "a file that may not be read" {
	[ "$(id -u)" -ne 0 ] || skip 'root may read everything'
	chmod 0 "$T/visit/es/sms"
	check 1
	assert_output 'visit/es/sms: error: cannot be read: Permission denied'
	chmod 0 "$T/visit"
	check 1
	assert_output 'visit: error: template visit cannot be read: Permission denied'
	chmod 755 "$T/visit"
}

@test "a part of 1 MiB, bytes that are not UTF-8, a NUL, control characters" {
	head -c 1048576 /dev/zero | tr '\0' x >"$T/visit/es/sms"
	check 1
	assert_output 'visit/es/sms: error: cannot be read: more than 65536 bytes'
	printf 'a\xff{{ pet }}' >"$T/visit/es/sms"
	check 1
	assert_line -n 0 'visit/es/sms:1:2: error: not UTF-8'
	printf 'a\0{{ pet }}' >"$T/visit/es/sms"
	check 1
	assert_line -n 0 --partial visit/es/sms:1:2:
	printf '{{ \e[31m }}\n' >"$T/visit/es/sms"
	check 1
	refute_output --partial $'\e'
}

@test "a tree that is made to take for ever ends" {
	local i v

	for i in {1..12}; do
		put "visit/a$i" "{% include \"a$((i + 1))\" %}{% include \"a$((i + 1))\" with x=pet %}"
	done
	put visit/a13 '{{ pet }}'
	put visit/es/sms '{% include "a1" %}'
	for v in {1..500}; do
		meta "v$v = text, example \"x\""
	done
	put visit/es/html '{% for a in "0123456789abcdefghijklmnopqrstuvwxyz" %}{% for b in "0123456789abcdefghijklmnopqrstuvwxyz" %}{% for c in "0123456789abcdefghijklmnopqrstuvwxyz" %}{% for d in "0123456789abcdefghijklmnopqrstuvwxyz" %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}'
	run timeout 60 omni-render -o "paths.templates=$T" --check
	[ "$status" -lt 2 ]
}
