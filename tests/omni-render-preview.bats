#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# omni-render --preview: what is shown is what would be sent.

load helper

setup() {
	make_site
	unset COLUMNS
	page=$BATS_TEST_TMPDIR/page.html
	tree=$BATS_TEST_TMPDIR/templates
	own=(-o "paths.templates=$tree")
}

# part NAME/LANG/PART TEXT: of a template of the test's own
part() {
	mkdir -p "$(dirname "$tree/$1")"
	printf '%s\n' "$2" >"$tree/$1"
}

# visit: a small template with everything that a preview tells
visit() {
	part visit/meta.conf '[template]
title = Visita
class = reminder
channels = email sms whatsapp push

[variables]
pet = text, required, example "Luna"
at = time, required, example "2026-11-24T10:30:00-06:00"

[whatsapp]
name = visita
body.1 = pet
body.2 = at|clock
button.0 = quick_reply, confirm

[whatsapp es]
language = es_MX
button.0 = "Sí, confirmo"'
	part visit/es/subject 'Visita de {{ pet }}'
	part visit/es/text '{{ pet }} viene {{ at|when }}.

{{ links.confirm }}'
	part visit/es/sms '“{{ pet }}” viene el sábado, {{ site.emergency }}'
	part visit/es/whatsapp 'Esperamos a *{{ pet }}* a las {{ at|clock }}.'
}

# preview STATUS [ARG ...]
preview() {
	local status=$1

	shift
	run "-$status" --separate-stderr omni-render --preview "$@" </dev/null
}

# check_page: the page is well-formed, loads nothing and runs nothing
check_page() {
	python3 - "$page" <<-'END'
	import sys, re, xml.etree.ElementTree as tree
	text = open(sys.argv[1], encoding="utf-8").read()
	assert text.startswith("<!DOCTYPE html>\n")
	root = tree.fromstring(text)
	ids = [e.get("id") for e in root.iter() if e.get("id")]
	assert len(ids) == len(set(ids)), "an id twice"
	for e in root.iter():
	    assert e.tag not in ("script", "link", "img", "object", "embed")
	    assert not any(a.startswith("on") or a == "src" for a in e.attrib)
	    assert not e.get("href") or e.get("href").startswith("#")
	    assert not e.get("aria-labelledby") or e.get("aria-labelledby") in ids
	    if e.get("href"):
	        assert e.get("href")[1:] in ids, e.get("href")
	    if e.tag == "iframe":
	        assert e.get("sandbox") == "" and e.get("title")
	assert root.get("lang")
	assert len(root.findall(".//main")) == len(root.findall(".//h1")) == 1
	policy = root.find(".//meta[@http-equiv='Content-Security-Policy']")
	assert policy.get("content").startswith("default-src 'none'; ")
	assert "script-src" not in policy.get("content")
	assert not re.search(r"url\(|@import", root.find(".//style").text)
	END
}

# need_chromium: skips the test where it is not there or cannot start
need_chromium() {
	command -v chromium >/dev/null || skip 'chromium is not installed'
	chrome --dump-dom 'data:text/html,ready' 2>/dev/null |
		grep -q ready || skip 'chromium does not start here'
}

# chrome ARG ...: at most half a minute, with a home of its own
chrome() {
	HOME=$BATS_TEST_TMPDIR timeout 30 chromium --headless --no-sandbox \
	    --disable-gpu --hide-scrollbars --disable-dev-shm-usage \
	    --user-data-dir="$BATS_TEST_TMPDIR/chromium" \
	    --virtual-time-budget=5000 "$@"
}

# colours FILE.png: how many different ones, and the most frequent one's share
# in percent
colours() {
	python3 - "$1" <<-'END'
	import sys, struct, zlib, collections
	data = open(sys.argv[1], "rb").read()
	width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
	assert depth == 8 and kind in (2, 6)
	raw, at = b"", 8
	while at < len(data):
	    size, = struct.unpack(">I", data[at:at + 4])
	    if data[at + 4:at + 8] == b"IDAT":
	        raw += data[at + 8:at + 8 + size]
	    at += 12 + size
	raw, n = zlib.decompress(raw), {2: 3, 6: 4}[kind]
	line, seen = bytearray(width * n), collections.Counter()
	for y in range(height):
	    start = y * (width * n + 1)
	    how, new = raw[start], bytearray(raw[start + 1:start + 1 + width * n])
	    for x in range(width * n):
	        a = new[x - n] if x >= n else 0
	        b, c = line[x], line[x - n] if x >= n else 0
	        p = a + b - c
	        paeth = min((abs(p - v), i, v) for i, v in enumerate((a, b, c)))[2]
	        new[x] = (new[x] + (0, a, b, (a + b) // 2, paeth)[how]) % 256
	    line = new
	    for x in range(0, width * n, n * 4):
	        seen[bytes(line[x:x + 3])] += 1
	print(len(seen), 100 * seen.most_common(1)[0][1] // sum(seen.values()))
	END
}

@test "text: each channel under its heading, exactly" {
	visit
	run -0 --separate-stderr omni-render --preview \
	    -o 'channel sms.smart_encoding=yes' "${own[@]}" visit
	assert_equal "$stderr" ''
	diff - <(printf '%s\n' "$output") <<-'END'
	visit: Visita
	  state        class reminder; active
	  values       the examples of meta.conf
	  stand-ins    contact, links
	  time         as if it were 2026-11-23 10:30 in America/Mexico_City

	visit · es · email
	  from         Clinica Roma <citas@clinic.example>
	  subject      Visita de Luna
	  │ Luna viene mañana a las 10:30.
	  │
	  │ https://hooks.example.com/omni/confirm?t=1cHnEiA-1042.r1_2F1V7SOhsT9QM_wDw
	  html         487 bytes, made of the text

	visit · es · sms
	  from         +525587654321
	  │ "Luna" viene el sábado, +52 55 5000 0000
	  size         1 segment of UCS-2, 40 characters; 30 more would fit
	  replaced     “ by ", ” by "
	  not GSM-7    á at 18
	  cost         0.05 MXN

	visit · es · whatsapp
	  from         +525587654321
	  │ Esperamos a *Luna* a las 10:30.
	  template     visita, es_MX
	  body.1       {{ pet }}: Luna
	  body.2       {{ at|clock }}: 10:30
	  button.0     Sí, confirmo (brings back confirm:A-1042.r1)
	  body to register:
	  │ Esperamos a *{{1}}* a las {{2}}.
	  cost         0.01 MXN

	visit · es · push
	  subject      Visita de Luna
	  │ Luna viene mañana a las 10:30.
	  │
	  │ https://hooks.example.com/omni/confirm?t=1cHnEiA-1042.r1_2F1V7SOhsT9QM_wDw
	  channel      none of this type is configured and active; shown as with the defaults
	  part         es/text: there is no es/push
	END
}

@test "it is what omni-render makes of the same record" {
	local channel want

	visit
	at 2026-11-23T10:30:00-06:00
	for channel in sms whatsapp; do
		printf '{"id":"m","template":"visit","language":"es","channel":"%s","account":"%s","vars":{"pet":"Luna","at":"2026-11-24T10:30:00-06:00"}}\n' \
		    $channel $channel >"$BATS_TEST_TMPDIR/in"
		want=$(omni-render "${own[@]}" <"$BATS_TEST_TMPDIR/in" |
		    jq -r .text)
		preview 0 "${own[@]}"
		[[ $output == *"· $channel"*"│ $want"$'\n'* ]]
	done
}

@test "lines are broken for the terminal alone, and marked" {
	visit
	part visit/es/sms 'Una visita de Luna, con 日本語 y una palabralarguísima'
	COLUMNS=28 preview 0 "${own[@]}" visit
	[[ $output == *'
  │ Una visita de Luna, con 
  ┊ 日本語 y una 
  ┊ palabralarguísima
'* ]]
	COLUMNS=none preview 0 "${own[@]}" visit
	[[ $output == *'
  │ Una visita de Luna, con 日本語 y una palabralarguísima
'* ]]
}

@test "nothing that a terminal obeys comes out" {
	visit
	part visit/es/sms $'Luna \e[31mroja\e[0m\u009b'
	preview 0 "${own[@]}" visit
	[[ $output == *'│ Luna \x1b[31mroja\x1b[0m\xc2\x9b'* ]]
	[[ $output != *$'\e'* ]]
	preview 0 "${own[@]}" --html "$page"
	check_page
}

@test "the clock: OMNI_NOW, else a day before, else the present" {
	visit
	OMNI_NOW=2026-11-24T09:00:00-06:00 preview 0 "${own[@]}"
	[[ $output == *'as if it were 2026-11-24 09:00'*'viene hoy'* ]]
	part visit/meta.conf '[variables]
on = date, example "2026-12-01"
at = text, example "later"'
	rm "$tree/visit/es/text" "$tree/visit/es/whatsapp" \
	    "$tree/visit/es/subject"
	part visit/es/sms '{{ on|day }}'
	preview 1 "${own[@]}"
	[[ $output == *'as if it were 2026-11-30 12:00 in America/Mexico_City'* ]]
}

@test "stand-ins for what the configuration lacks are named" {
	visit
	sed -i -e '/^emergency/d' -e '/^public_url/d' "$OMNI_CONF"
	preview 0 "${own[@]}"
	[[ $output == *'stand-ins    contact, links, site.emergency, site.public_url'* ]]
	[[ $output == *'https://clinic.example/omni/confirm?t=1c'* ]]
	[[ $output == *'55 5000 0000'* ]]
}

@test "--data: these values and no examples" {
	visit
	echo '{"pet":"Kai","at":"2026-11-25T09:00:00-06:00"}' \
	    >"$BATS_TEST_TMPDIR/data"
	preview 0 "${own[@]}" --data "$BATS_TEST_TMPDIR/data" visit
	[[ $output == *'those of --data'*'Kai viene mañana a las 9:00'* ]]
	echo '{"pet":"Kai"}' >"$BATS_TEST_TMPDIR/data"
	run -1 omni-render --preview "${own[@]}" --data - \
	    <"$BATS_TEST_TMPDIR/data"
	[[ $output == *'REFUSED: missing_variable: '*'at'* ]]
	echo '["Kai"]' >"$BATS_TEST_TMPDIR/data"
	preview 65 "${own[@]}" --data "$BATS_TEST_TMPDIR/data"
	[[ $stderr == *'not an object of variables' ]]
	echo '{"pet"' >"$BATS_TEST_TMPDIR/data"
	preview 65 "${own[@]}" --data "$BATS_TEST_TMPDIR/data"
	preview 66 "${own[@]}" --data "$BATS_TEST_TMPDIR/none"
	assert_equal "$output" ''
}

@test "--language: as a reader of it gets them, with what falls back" {
	visit
	part visit/en/text 'See {{ pet }} tomorrow.'
	preview 0 "${own[@]}" --language en-US visit
	[[ $output == *'visit · en-US · email'*'See Luna tomorrow.'* ]]
	[[ $output == *'subject      of es/subject: there is no en/subject'* ]]
	[[ $output == *'part         en/text: there is no en/sms'* ]]
	[[ $output == *'template     visita, not registered in this language'* ]]
	[[ $output != *' · es · '* ]]
	preview 0 "${own[@]}" --language fr
	[[ $output == *'visit · fr · sms'*'language     es: there is no text for sms in fr'* ]]
	preview 0 "${own[@]}"
	[[ $output == *'visit · en · email'*'visit · es · email'* ]]
}

@test "what would be refused is shown as the refusal, with its place" {
	visit
	part visit/es/sms 'Hola
{{ pet }}, {{ nobody }}'
	preview 1 "${own[@]}" visit
	assert_equal "$stderr" ''
	[[ $output == *'visit · es · sms
  REFUSED: bad_variable: template visit/es/sms:2: variable nobody is missing
      {{ pet }}, {{ nobody }}
                    ^
'* ]]
	# The others are shown all the same.
	[[ $output == *'visit · es · whatsapp'*'│ Esperamos a *Luna*'* ]]
	part visit/es/sms "$(printf 'á%.0s' {1..300})"
	preview 1 "${own[@]}" visit
	[[ $output == *'REFUSED: too_many_segments: 5 segments in UCS-2'*'│ áááá'* ]]
	preview 1 "${own[@]}" --html "$page"
	assert_equal "$stderr" 'omni-render: 1 would be refused'
	check_page
	grep -q 'Refused:</strong> <code>too_many_segments<' "$page"
	preview 1 -q "${own[@]}"
	assert_equal "$output" ''
	assert_equal "$stderr" 'omni-render: 1 would be refused'
}

@test "a broken template: all that is wrong with it; the others go on" {
	visit
	part broken/meta.conf '[template]
colour = red'
	part broken/es/text 'Hola {% if pet %}'
	part broken/es/sms 'Hola {{ pet|shout }}'
	preview 1 "${own[@]}"
	[[ $output == *'REFUSED: bad_template: broken/meta.conf:2'* ]]
	[[ $output == *'
      Hola {{ pet|shout }}
                  ^
'* ]]
	[[ $output == *'broken/es/text:1:'*'visit · es · push'* ]]
	preview 1 "${own[@]}" --html "$page"
	check_page
}

@test "neither active nor approved: shown, and said" {
	visit
	sed -i '/^title/a active = no' "$tree/visit/meta.conf"
	preview 0 "${own[@]}"
	[[ $output == *'class reminder; not active, so records are refused'*'│ Esperamos'* ]]
	sed -i 's/^active = no/requires_approval = yes/' "$tree/visit/meta.conf"
	preview 0 "${own[@]}"
	[[ $output == *'awaits approval, so records are refused'* ]]
}

@test "all templates that come with omni, as text and as a page" {
	preview 0
	assert_equal "$stderr" ''
	[[ $output != *REFUSED* ]]
	for name in "$ROOT"/share/templates/[a-z]*; do
		[[ $output == *"${name##*/} · en · sms"* ]]
		[[ $output == *"${name##*/} · es · sms"* ]]
	done
	preview 0 --html "$page"
	check_page
	preview 0 --html -
	diff "$page" <(printf '%s\n' "$output")
}

@test "values are escaped wherever they stand on the page" {
	visit
	part visit/es/html '<p title="{{ pet }}">{{ pet }}</p>'
	printf '%s\n' '{"pet":"<script>alert(1)</script>\"&'\''</pre></style>","at":"2026-11-24T10:30:00-06:00"}' \
	    >"$BATS_TEST_TMPDIR/data"
	preview 0 "${own[@]}" --data "$BATS_TEST_TMPDIR/data" --html "$page"
	check_page
	run ! grep -qi '<script' "$page"
	# In the mail it is escaped twice: once by the template, once as srcdoc.
	grep -q '&amp;lt;script&amp;gt;alert(1)' "$page"
	grep -q '<div class="bubble" lang="es">.*&lt;script&gt;alert(1)' "$page"
}

@test "the page: bubbles, buttons, marks, styles" {
	visit
	preview 0 "${own[@]}" --html "$page"
	python3 - "$page" <<-'END'
	import sys, xml.etree.ElementTree as tree
	root = tree.parse(sys.argv[1]).getroot()
	def all_of(name):
	    return [e for e in root.iter() if name in e.get("class", "").split()]
	bubbles = ["".join(e.itertext()).split("\n") for e in all_of("bubble")]
	assert bubbles[0] == ["“Luna” viene el sábado, +52 55 5000 0000"], bubbles
	assert "Esperamos a Luna a las 10:30." in bubbles[1], bubbles
	assert [m.text for m in root.iter("mark")] == ["“", "”", "á"]
	assert [e.text for e in root.iter("strong")] == ["Luna"]
	buttons, = all_of("buttons")
	assert "".join(buttons.itertext()).split() == ["↩", "Sí,", "confirmo"]
	assert len(list(root.iter("iframe"))) == 2
	assert all("Luna viene mañana" in f.get("srcdoc") for f in root.iter("iframe"))
	assert [h.text for h in root.iter("h4")] == ["Mail", "SMS", "WhatsApp", "Push"]
	END
}

@test "--html: the file is replaced as a whole, or stays as it was" {
	visit
	echo old >"$page"
	chmod 604 "$page"
	ln -s page.html "$BATS_TEST_TMPDIR/link"
	preview 0 "${own[@]}" --html "$BATS_TEST_TMPDIR/link"
	assert_equal "$output" ''
	check_page
	[ -L "$BATS_TEST_TMPDIR/link" ]
	assert_equal "$(stat -c %a "$page")" 604
	preview 0 "${own[@]}" --html "$BATS_TEST_TMPDIR/new"
	assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/new")" 640
	run ! compgen -G "$BATS_TEST_TMPDIR/.omni*"
	preview 73 "${own[@]}" --html "$BATS_TEST_TMPDIR/none/page"
	assert_equal "$stderr" "omni-render: $BATS_TEST_TMPDIR/none/page: No such file or directory"
	preview 73 "${own[@]}" --html "$BATS_TEST_TMPDIR"
	preview 74 "${own[@]}" --html /dev/full
	assert_equal "$stderr" 'omni-render: /dev/full: No space left on device'
	[ -c /dev/full ]
	preview 0 "${own[@]}" --html /dev/null
	[ -c /dev/null ]
}

@test "standard output that is full: 74" {
	visit
	run -74 bash -c 'omni-render --preview "$@" >/dev/full' - "${own[@]}"
	run -74 bash -c 'omni-render --preview --html - "$@" >/dev/full' - \
	    "${own[@]}"
}

@test "usage, and names that are not there" {
	visit
	preview 64 --try
	preview 64 --check
	preview 64 -q --html -
	preview 64 --language 'no tag'
	for option in --data=x --language=es --html=x visit; do
		run -64 omni-render "$option" </dev/null
		run -64 omni-render --try "$option" </dev/null
	done
	preview 65 "${own[@]}" vist
	[[ $stderr == *'there is no template vist in '*'did you mean visit?' ]]
	assert_equal "$output" ''
	rm -r "$tree/visit"
	preview 78 "${own[@]}"
	preview 78 -o "paths.templates=$tree/none"
}

@test "Chromium shows the page, and runs nothing of it" {
	need_chromium
	visit
	part visit/es/html '<p>{{ pet|safe }}</p><script>document.title="ran"</script>'
	printf '%s\n' '{"pet":"<img src=x onerror=\"document.body.id=1\"><script>parent.document.title=\"ran\"</script>","at":"2026-11-24T10:30:00-06:00"}' \
	    >"$BATS_TEST_TMPDIR/data"
	preview 0 "${own[@]}" --data "$BATS_TEST_TMPDIR/data" --html "$page"
	chrome --enable-logging=stderr --dump-dom "file://$page" \
	    >"$BATS_TEST_TMPDIR/dom" 2>"$BATS_TEST_TMPDIR/log"
	grep -q '<title>preview of messages</title>' "$BATS_TEST_TMPDIR/dom" ||
		grep -q '<title>visit: preview' "$BATS_TEST_TMPDIR/dom"
	grep -q '<div class="bubble" lang="es">.*&lt;img src=x' "$BATS_TEST_TMPDIR/dom"
	grep -q '<ul class="buttons">' "$BATS_TEST_TMPDIR/dom"
	run ! grep -q '"ran"</title\|<title>ran\|id="1"' "$BATS_TEST_TMPDIR/dom"
	# What the mail tried was stopped, in its sandbox.
	grep -q 'Blocked script execution' "$BATS_TEST_TMPDIR/log"
}

@test "Chromium draws it, for a telephone and for a desktop" {
	local size picture number share

	need_chromium
	preview 0 --html "$page" appointment_reminder
	picture=$BATS_TEST_TMPDIR/page.png
	for size in 500,900 1280,900; do
		chrome --screenshot="$picture" --window-size="$size" \
		    "file://$page" 2>/dev/null
		read -r number share < <(colours "$picture")
		# Not blank: letters have edges of many colours, and no one
		# colour has it all.
		((number > 50 && share < 95)) ||
			fail "$size: $number colours, $share %"
	done
}
