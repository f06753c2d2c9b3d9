#!/usr/bin/env bats
# shellcheck disable=SC2034	# browser.bash and servers.bash read them
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# The pages behind the links in messages: what they show, what the CGI keeps,
# and what the drain makes of it.

setup() {
	load helper
	load browser
	load servers
	make_ledger 2026-11-23T23:00:00Z
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	printf '[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	web='' driver=''
	inbound=$SITE/spool/inbound
	form=application/x-www-form-urlencoded
}

teardown() {
	stop_driver
	stop_web
}

# schedule ID AT CONTACT [MEMBERS]: an appointment, and what is due goes out
schedule() {
	jq -cn --arg id "$1" --arg at "$2" --arg contact "$3" \
		--argjson more "${4:-{\}}" '{id: $id, type: "appointment",
		at: $at, contact: ({id: $contact, name: ("Persona " + $contact),
		email: ($contact + "@example.org"), phone: "5512345678"} +
		$more), vars: {owner_name: "Ana", pet_name: "Luna"}}' \
		>"$BATS_TEST_TMPDIR/export"
	run -0 omni-schedule -q <"$BATS_TEST_TMPDIR/export"
	run omni-run
	[ "$status" -le 1 ]
}

# queue ID MEMBERS: a message that says what MEMBERS say, as if it was routed
queue() {
	jq -cn --arg id "$1" --argjson more "$2" '{id: $id, channel: "email",
		account: "email", to: "ana@example.org", subject: "Hola",
		text: "Hola", class: "announcement", route: {},
		contact: {id: "c1"}, expires_at: "2026-12-30T00:00:00Z"} +
		$more' >"$BATS_TEST_TMPDIR/one"
	run -0 omni-queue -q <"$BATS_TEST_TMPDIR/one"
}

# contact ID [MEMBERS]
contact() {
	jq -cn --arg id "$1" --argjson more "${2:-{\}}" '{id: $id,
		name: ("Persona " + $id), email: ($id + "@example.org"),
		phone: "5512345678"} + $more' >"$BATS_TEST_TMPDIR/contact"
	run -0 omni-contact import -q <"$BATS_TEST_TMPDIR/contact"
}

# token LETTER ID [SECONDS]: a good one, by another program than ours, which
# ends SECONDS from 2026-11-23T23:00:00Z
token() {
	python3 - "$1" "$2" "${3:-86400}" <<-'END'
	import base64, hashlib, hmac, os, re, sys
	letter, name, seconds = sys.argv[1:]
	ends = (1795474800 + int(seconds) + 899) // 900
	url = lambda b: base64.urlsafe_b64encode(b).decode().rstrip("=")
	text = "1" + letter + url(ends.to_bytes(3, "big")) + re.sub(
	    rb"[^A-Za-z0-9.-]", lambda m: b"_%02X" % m[0][0],
	    name.encode()).decode()
	mac = hmac.new(os.environ["LINKS_KEY"].encode(),
	    ("omni link " + text).encode(), hashlib.sha256).digest()
	print(text + url(mac[:10]))
	END
}

# mailed PURPOSE: the token of that link in the last mail that went out
mailed() {
	# shellcheck disable=SC2012	# Maildir's names are plain
	python3 - "$1" "$(ls -t "$SITE"/spool/Maildir/new/* | head -n 1)" <<-'END'
	import email, re, sys
	from email import policy
	mail = email.message_from_binary_file(open(sys.argv[2], "rb"),
	    policy=policy.default)
	text = mail.get_body(("plain",)).get_content() + " " + \
	    (mail["List-Unsubscribe"] or "")
	print(re.search(r"https://hooks.example.com/omni/%s\?t=([\w.-]+)" %
	    sys.argv[1], text).group(1))
	END
}

# cgi METHOD PATH QUERY BODY [ENV=VALUE]...: the answer; $page is its body
cgi() {
	local method=$1 path=$2 query=$3
	printf %s "$4" >"$BATS_TEST_TMPDIR/body"
	shift 4
	cgi_file "$method" "$path" "$query" CONTENT_TYPE="$form" "$@"
}

# cgi_file METHOD PATH QUERY [ENV=VALUE]...: with the body that lies there
cgi_file() {
	local method=$1 path=$2 query=$3 length
	shift 3
	length=$(stat -c %s "$BATS_TEST_TMPDIR/body")
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD="$method" PATH_INFO="$path" \
		QUERY_STRING="$query" CONTENT_LENGTH="$length" "$@" \
		omni-ingest <"$BATS_TEST_TMPDIR/body"
	head=${output%%$'\r\n\r'*}
	page=${output:${#head} + 4}
}

# answers STATUS: it got this answer
answers() {
	assert_equal "${output%%$'\r'*}" "Status: $1"
}

# post PATH TOKEN BODY: it succeeds
post() {
	cgi POST "$1" "t=$2&l=en" "$3"
	answers '200 OK'
	assert_equal "$stderr" ''
}

waiting() {
	find "$inbound/new" -type f 2>/dev/null | wc -l
}

# drained JQ: what that makes of each event
drained() {
	run -0 --separate-stderr omni-ingest
	assert_equal "$stderr" ''
	assert_equal "$(waiting)" 0
	run -0 jq -r "$1" <<<"$output"
}

reminder() {
	sql "SELECT state FROM reminder WHERE id = '$1'"
}

# consents [WHERE]: "ADDRESS SCOPE STATE HOW" of each
consents() {
	sql "SELECT b.body || ' ' || k.scope || ' ' || k.state || ' ' || k.how
		FROM consent k JOIN content b ON b.key = 'address/' || k.hash
		WHERE ${1:-1} ORDER BY 1"
}

flags() {
	sql "SELECT kind || ': ' || reason FROM flag WHERE resolved_at IS NULL
		ORDER BY id"
}

# start_server: lighttpd as share/server has it, for $base
start_server() {
	run_lighttpd < <(sed -e "s|/usr/local/bin|$ROOT/bin|" \
		-e "s|\"OMNI_CONF\" => .*\"|\"OMNI_CONF\" => \"$OMNI_CONF\", \"LINKS_KEY\" => \"$LINKS_KEY\", \"OMNI_NOW\" => \"$OMNI_NOW\"|" \
		"$ROOT/share/server/lighttpd.conf")
	base+=/omni
}

# -------------------------------------------------------------- the whole way

@test "a link confirms what it was sent for, and not what came of it later (Inv. 2, 4)" {
	schedule a1 2026-11-24T16:30 c1
	old=$(mailed confirm)
	cgi GET /confirm "t=$old" ''
	answers '200 OK'
	assert_equal "$(waiting)" 0
	assert_equal "$(reminder a1)" open
	post /confirm "$old" answer=confirm
	[[ $page == *'<h1>Thank you, see you then</h1>'* ]]
	# Nothing is done before the drain.
	assert_equal "$(waiting)" 1
	assert_equal "$(reminder a1)" open
	drained '[.purpose, .answers, .action, .reminder, .contact] | join(" ")'
	assert_output 'confirm a1.r1/1 confirmed a1 c1'
	assert_equal "$(reminder a1)" confirmed
	assert_equal "$(sql 'SELECT channel, person, text, understood_as,
		reminder, state FROM inbox')" 'link|Persona c1|confirm|confirm|a1|read'
	assert_equal "$(sql "SELECT reason FROM reminder")" 'link answer'
	# Once more, and moved: the link of the old time is none of the new one.
	at 2026-11-23T23:01:00Z
	post /confirm "$old" answer=confirm
	drained .applied
	assert_output duplicate
	schedule a1 2026-11-24T17:00 c1
	assert_equal "$(reminder a1)" open
	post /confirm "$old" answer=confirm
	drained '[.applied, .action] | join(" ")'
	assert_output 'recorded flagged'
	assert_equal "$(reminder a1)" open
	assert_equal "$(flags)" \
		'late_reply: the appointment has moved since that message'
	new=$(token c "$(sql "SELECT max(id) FROM message WHERE revision = 2
		AND direction = 'outbound'")")
	[ "$new" != "$old" ]
	post /confirm "$new" answer=confirm
	drained .action
	assert_output confirmed
	assert_equal "$(reminder a1)" confirmed
	verified
}

@test "to decline and to be called reaches staff, once however often it is pressed" {
	schedule a1 2026-11-24T16:30 c1
	link=$(mailed confirm)
	post /confirm "$link" answer=call_back
	[[ $page == *'We will gladly call you'* ]]
	at 2026-11-23T23:01:00Z
	post /confirm "$link" answer=call_back
	drained .action
	assert_output $'flagged\nflagged'
	assert_equal "$(flags)" 'call_back: asks to be called back'
	assert_equal "$(reminder a1)" open
	post /confirm "$link" answer=decline
	[[ $page == *'Our team has been told'* ]]
	[[ $page == *'href="tel:+525550000000"'* ]]
	at 2026-11-23T23:02:00Z
	post /confirm "$link" answer=decline
	drained '[.applied, .action] | join(" ")'
	assert_output $'recorded declined\nduplicate '
	assert_equal "$(flags | tail -n 1)" \
		'declined: cannot come: find another time'
	assert_equal "$(flags | wc -l)" 2
	# Who then confirms after all is not believed without a question.
	post /confirm "$link" answer=confirm
	drained .action
	assert_output flagged
	assert_equal "$(reminder a1)" declined
	verified
}

@test "drained twice, said once (Inv. 4)" {
	local file copy=$BATS_TEST_TMPDIR/copy
	schedule a1 2026-11-24T16:30 c1
	post /confirm "$(mailed confirm)" answer=decline
	post /unsubscribe "$(mailed unsubscribe)" scope=all
	post /preferences "$(mailed preferences)" 'language=en&quiet=clear'
	cp -r "$inbound/new" "$copy"
	drained .applied
	assert_output $'recorded\nrecorded\nrecorded'
	before=$(sql 'SELECT max(seq) FROM journal')
	cp "$copy"/* "$inbound/new"
	drained .applied
	assert_output $'duplicate\nduplicate\nduplicate'
	# The same under another name, as a proxy that asks twice makes it.
	for file in "$copy"/*; do
		cp "$file" "$inbound/new/$(basename "$file").again"
	done
	drained .applied
	assert_output $'duplicate\nduplicate\nduplicate'
	assert_equal "$(sql 'SELECT max(seq) FROM journal')" "$before"
	verified
}

@test "killed at any system call, what was acknowledged is in the spool (Inv. 2)" {
	local call spot body=answer=confirm
	need_strace
	printf %s "$body" >"$BATS_TEST_TMPDIR/body"
	export GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
		PATH_INFO=/confirm CONTENT_TYPE="$form" \
		CONTENT_LENGTH="${#body}" QUERY_STRING
	QUERY_STRING="t=$(token c m1)"
	for call in write fsync linkat unlinkat; do
		find_spots "$call" omni-ingest <"$BATS_TEST_TMPDIR/body" \
			>/dev/null
		[ "${#spots[@]}" -gt 0 ]
		for spot in "${spots[@]}"; do
			rm -rf "$inbound"
			kill_at "$spot" omni-ingest <"$BATS_TEST_TMPDIR/body"
			[ "$status" -eq 137 ]
			[ -z "$output" ] || [ "$(waiting)" -eq 1 ]
			[ "$(waiting)" -eq 0 ] ||
				[ "$(cat "$inbound"/new/* | tail -n 1)" = "$body" ]
		done
	done
}

# -------------------------------------------------------------- pages

@test "GET and HEAD show a page that no cache, index or other site gets" {
	local purpose length
	for purpose in confirm unsubscribe preferences; do
		link=$(token "${purpose:0:1}" m1)
		cgi GET "/$purpose" "t=$link" ''
		answers '200 OK'
		assert_equal "$stderr" ''
		length=$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' <<<"$head")
		assert_equal "$length" "$(($(printf '%s\n' "$page" | wc -c)))"
		printf '%s\n' "$head" >"$BATS_TEST_TMPDIR/head"
		printf '%s\n' "$page" >"$BATS_TEST_TMPDIR/page"
		python3 - "$BATS_TEST_TMPDIR" "$link" "$purpose" <<-'END'
		import base64, hashlib, re, sys
		from html.parser import HTMLParser
		home, link, purpose = sys.argv[1:]
		head = dict(line.rstrip("\r\n").split(": ", 1)
		    for line in open(home + "/head", newline=""))
		page = open(home + "/page", newline="").read()
		style = re.search("<style>(.*?)</style>", page, re.S)[1]
		digest = base64.b64encode(hashlib.sha256(
		    style.encode()).digest()).decode()
		assert head["Content-Security-Policy"] == (
		    "default-src 'none'; style-src 'sha256-%s'; form-action "
		    "'self'; frame-ancestors 'none'; base-uri 'none'" % digest)
		assert head["Referrer-Policy"] == "no-referrer"
		assert head["X-Content-Type-Options"] == "nosniff"
		assert head["X-Frame-Options"] == "DENY"
		assert head["Cache-Control"] == "no-store"
		assert head["X-Robots-Tag"] == "noindex, nofollow"
		assert head["Content-Type"] == "text/html; charset=utf-8"
		assert head["Content-Language"] == "es"
		assert "Set-Cookie" not in head and "Location" not in head
		class Reader(HTMLParser):
		    ids, labels, uses, forms = [], [], [], 0
		    def handle_starttag(self, tag, attributes):
		        a = dict(attributes)
		        assert tag not in ("script", "img", "iframe", "link")
		        assert not any(k.startswith("on") or k == "style"
		            for k in a)
		        if tag == "html":
		            assert a["lang"] == "es"
		        if "id" in a:
		            self.ids.append(a["id"])
		        if tag == "label":
		            self.labels.append(a["for"])
		        if tag in ("select", "input"):
		            self.uses.append(a["id"])
		        if tag == "form":
		            Reader.forms += 1
		            assert a["method"] == "post"
		            assert a["action"] == "%s?t=%s&l=es" % (purpose, link)
		reader = Reader()
		reader.feed(page)
		assert reader.forms == 1
		assert len(set(reader.ids)) == len(reader.ids)
		assert reader.labels == reader.uses
		assert "/" not in re.sub("</?[a-z]|text/html", "", page.split(
		    "</style>")[1]), "nothing is fetched"
		END
		cgi HEAD "/$purpose" "t=$link" ''
		answers '200 OK'
		assert_equal "$page" ''
		[[ $head == *"Content-Length: $length"* ]]
	done
	assert_equal "$(find "$inbound/new" -type f 2>/dev/null | wc -l)" 0
	cgi PUT /confirm "t=$link" ''
	answers '405 Method Not Allowed'
	[[ $head == *$'Allow: GET, HEAD, POST\r'* ]]
}

@test "in the reader's language, and the other one at a finger's tip" {
	local link
	link=$(token c m1)
	cgi GET /confirm "t=$link" '' HTTP_ACCEPT_LANGUAGE='en-GB,en;q=0.8,es;q=0.5'
	[[ $page == *'<html lang="en">'*'Can you come'* ]]
	[[ $page == *"<a lang=\"es\" hreflang=\"es\" href=\"confirm?t=$link&amp;l=es\">En español</a>"* ]]
	[[ $page == *"action=\"confirm?t=$link&amp;l=en\""* ]]
	cgi GET /confirm "t=$link" '' HTTP_ACCEPT_LANGUAGE='es-MX,en;q=0.8'
	[[ $page == *'<html lang="es">'* ]]
	cgi GET /confirm "t=$link&l=es" '' HTTP_ACCEPT_LANGUAGE=en
	[[ $page == *'<html lang="es">'*'In English'* ]]
	cgi GET /confirm "t=$link" '' HTTP_ACCEPT_LANGUAGE=fr
	[[ $page == *'<html lang="es">'* ]]
	sed -i 's/^language = es/language = en/' "$OMNI_CONF"
	cgi GET /confirm "t=$link" '' HTTP_ACCEPT_LANGUAGE=fr
	[[ $page == *'<html lang="en">'* ]]
}

@test "all pages are HTML without a fault" {
	local link purpose l
	command -v tidy >/dev/null || skip 'tidy is not installed'
	check() {
		answers "$1"
		printf '%s\n' "$page" >"$BATS_TEST_TMPDIR/page.html"
		run -0 tidy -q -e -utf8 --mute-id yes "$BATS_TEST_TMPDIR/page.html"
		assert_output ''
	}
	for l in es en; do
		for purpose in confirm unsubscribe preferences; do
			link=$(token "${purpose:0:1}" m1)
			cgi GET "/$purpose" "t=$link&l=$l" ''
			check '200 OK'
			cgi GET "/$purpose" "t=1x&l=$l" ''
			check '403 Forbidden'
			cgi GET "/$purpose" "t=$(token "${purpose:0:1}" m1 -900)&l=$l" ''
			check '410 Gone'
			cgi POST "/$purpose" "t=$link&l=$l" ''
			check '422 Unprocessable Content'
		done
		cgi POST /preferences "t=$link&l=$l" 'quiet_start=22:00&quiet=clear'
		check '422 Unprocessable Content'
		cgi POST /preferences "t=$link&l=$l" channel=sms
		check '200 OK'
		for answer in confirm decline call_back; do
			cgi POST /confirm "t=$(token c m1)&l=$l" "answer=$answer"
			check '200 OK'
		done
		cgi POST /confirm "t=$(token c m1)&l=$l" 'answer=%00'
		check '400 Bad Request'
	done
}

# -------------------------------------------------------------- what is refused

@test "a link that is cut, forged, another's or of another key: 403, not kept, told (Inv. 11)" {
	local good link letter
	good=$(token c m1)
	for link in '' 1 x "${good%?}" "${good}A" "${good/m1/m2}" \
		"2${good#1}" "$good%20" "$(token u m1)" "$(token p m1)" \
		"$(LINKS_KEY=fedcba9876543210fedcba9876543210 token c m1)" \
		"../../etc/passwd" "$(printf '%02000d' 0)"; do
		for method in GET POST; do
			cgi "$method" /confirm "t=$link" answer=confirm
			answers '403 Forbidden'
			assert_equal "$stderr" 'omni-ingest: 403 Forbidden: the link is forged, cut or of another key'
			[[ $page == *'No reconocemos este enlace'*'tel:+5255'* ]]
		done
	done
	# Any letter of it.
	for letter in 0 1 2 5 7 9 14 $((${#good} - 1)); do
		link=${good:0:letter}$([ "${good:letter:1}" = A ] && echo B ||
			echo A)${good:letter + 1}
		cgi POST /confirm "t=$link" answer=confirm
		answers '403 Forbidden'
	done
	for query in "t=$good&t=$good" "t=&t=$good" "T=$good" "t=$good%00" \
		"t%00=$good" '' "$(printf 'a=%04096d&t=%s' 0 "$good")"; do
		cgi POST /confirm "$query" answer=confirm
		answers '403 Forbidden'
	done
	# One for another page.
	cgi POST /unsubscribe "t=$good" List-Unsubscribe=One-Click
	answers '403 Forbidden'
	cgi POST /preferences "t=$(token u m1)" language=en
	answers '403 Forbidden'
	assert_equal "$(find "$inbound/new" -type f 2>/dev/null | wc -l)" 0
}

@test "a link that has expired, by a second: 410 and the way to the clinic" {
	local link
	link=$(token c m1 900)
	at 2026-11-23T23:14:59Z
	cgi POST /confirm "t=$link" answer=confirm
	answers '200 OK'
	at 2026-11-23T23:15:00Z
	for method in GET POST; do
		cgi "$method" /confirm "t=$link" answer=confirm
		answers '410 Gone'
		[[ $page == *'Este enlace ya venció'*'tel:+5255'*'mailto:citas@clinic.example'* ]]
	done
	cgi HEAD /confirm "t=$link" ''
	answers '410 Gone'
	assert_equal "$(waiting)" 1
	# What was in time stays so, however late it is drained.
	at 2026-11-24T23:15:00Z
	drained .applied
	assert_output unmatched
}

@test "control characters, paths and arguments of strangers reach nothing (Inv. 10, 11)" {
	local link
	link=$(token c m1)
	for name in QUERY_STRING HTTP_ACCEPT_LANGUAGE CONTENT_TYPE; do
		cgi POST /confirm "t=$link" answer=confirm \
			"$name=$(printf 'a\r\nSet-Cookie: x=y')"
		answers '400 Bad Request'
		run -1 grep -q 'Set-Cookie' <<<"$output"
	done
	cgi GET /confirm "t=$link&l=%0d%0aSet-Cookie:%20x" '' \
		HTTP_ACCEPT_LANGUAGE='"><script>alert(1)</script>'
	answers '200 OK'
	run -1 grep -q 'Set-Cookie\|<script' <<<"$output"
	for path in /confirm/ /confirm/../../x //confirm /Confirm /confirm.html; do
		cgi GET "$path" "t=$link" ''
		answers '404 Not Found'
	done
	cgi POST /preferences "t=$(token p m1)&l=en" \
		'quiet_start=%22%3E%3Cscript%3E&quiet_end=%C3%28'
	answers '422 Unprocessable Content'
	run -1 grep -q '<script' <<<"$page"
	cgi POST /confirm "t=$link" "answer=$(printf 'a\033[2J')"
	answers '422 Unprocessable Content'
	run -1 grep -q $'\033' <<<"$output$stderr"
	assert_equal "$(waiting)" 0
}

@test "bodies that are no form of ours: said on the page, and not kept" {
	local link
	link=$(token c m1)
	cgi POST /confirm "t=$link" answer=confirm CONTENT_TYPE=text/plain
	answers '415 Unsupported Media Type'
	cgi POST /confirm "t=$link" '{"answer":"confirm"}' \
		CONTENT_TYPE=application/json
	answers '415 Unsupported Media Type'
	for body in 'answer=confirm&answer=decline' 'answer=confirm%00' \
		"$(printf 'a=1&%.0s' {1..600})"; do
		cgi POST /confirm "t=$link" "$body"
		answers '400 Bad Request'
	done
	for body in '' answer= answer=maybe other=confirm Answer=confirm; do
		cgi POST /confirm "t=$link&l=en" "$body"
		answers '422 Unprocessable Content'
		[[ $page == *'role="alert" id="fault">Choose one of the options.'* ]]
	done
	for body in '--x' 'answer=confirm' $'--x\r\n\r\n' \
		$'--x\r\nContent-Disposition: form-data; name=answer\r\n\r\nconfirm'
	do
		cgi POST /confirm "t=$link" "$body" \
			CONTENT_TYPE='multipart/form-data; boundary=x'
		answers '400 Bad Request'
	done
	cgi POST /confirm "t=$link" --x-- CONTENT_TYPE=multipart/form-data
	answers '400 Bad Request'
	printf 'answer=confirm&x=%066000d' 0 >"$BATS_TEST_TMPDIR/body"
	cgi_file POST /confirm "t=$link" CONTENT_TYPE="$form"
	answers '413 Content Too Large'
	assert_equal "$(find "$inbound/new" -type f 2>/dev/null | wc -l)" 0
	# What is not known is nothing to stumble over.
	cgi POST /confirm "t=$link&utm_source=mail" 'answer=confirm&x=1&x=2' \
		CONTENT_TYPE='Application/X-WWW-Form-Urlencoded; charset=UTF-8'
	answers '200 OK'
	cgi POST /confirm "t=$link" answer=confirm CONTENT_TYPE=
	answers '200 OK'
	assert_equal "$(waiting)" 2
}

@test "what cannot be kept is not thanked for: 503, and so is a site without a key (Inv. 2)" {
	local link
	link=$(token c m1)
	echo 'not a directory' >"$inbound"
	cgi POST /confirm "t=$link&l=en" answer=confirm
	answers '503 Service Unavailable'
	[[ $head == *'Retry-After: '* ]]
	[[ $page == *'We could not save it just now'* ]]
	[[ $page != *'Thank you'* ]]
	[[ $stderr == *'503 Service Unavailable: '*inbound* ]]
	rm "$inbound"
	unset LINKS_KEY
	cgi POST /unsubscribe "t=$link&l=en" List-Unsubscribe=One-Click
	answers '503 Service Unavailable'
	assert_equal "$stderr" 'omni-ingest: 503 Service Unavailable: key of [links]: the environment has no LINKS_KEY'
	sed -i '/^\[links\]/,$d' "$OMNI_CONF"
	cgi GET /confirm "t=$link" ''
	answers '503 Service Unavailable'
	[[ $stderr == *'[links] key and [site] public_url are not both set' ]]
	assert_equal "$(waiting)" 0
}

@test "the drain: while the key is away all waits, with another one it is set aside" {
	schedule a1 2026-11-24T16:30 c1
	post /confirm "$(mailed confirm)" answer=confirm
	LINKS_KEY='' run -75 --separate-stderr omni-ingest
	[[ $stderr == *'left for the next run' ]]
	assert_equal "$(waiting)" 1
	LINKS_KEY=fedcba9876543210fedcba9876543210 \
		run -1 --separate-stderr omni-ingest
	[[ $stderr == *'the link is forged, or of another key; set aside in bad/' ]]
	assert_equal "$(reminder a1)" open
	find "$inbound/bad" -type f ! -name '*.reason' \
		-exec mv {} "$inbound/new" \;
	drained .action
	assert_output confirmed
	# Nobody gets a form past it that the page would not have taken.
	sed 's/answer=confirm/answer=maybe/' <<-END >"$inbound/new/1"
	Hook: confirm
	Received: 2026-11-23T23:00:00Z
	Content-Type: $form
	Query: t=$(token c a1.r1/1)
	Token: 

	answer=confirm
	END
	run -1 --separate-stderr omni-ingest
	[[ $stderr == *'the form is none that the page at /confirm has'* ]]
	verified
}

# -------------------------------------------------------------- unsubscribe

@test "one click in a mail program, in both forms: what it says is the kind of that mail" {
	contact c1
	queue m1 '{"topic": "appointment", "class": "reminder"}'
	link=$(token u m1)
	cgi POST /unsubscribe "t=$link" List-Unsubscribe=One-Click
	answers '200 OK'
	run -1 grep -qi '^set-cookie\|^location' <<<"$output"
	# As RFC 8058 writes it, with what else a mail service may add.
	printf -- '--a\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--a\r\nContent-Disposition: form-data; name="more"\r\n\r\n1\r\n--a--\r\n' \
		>"$BATS_TEST_TMPDIR/body"
	at 2026-11-23T23:00:01Z
	cgi_file POST /unsubscribe "t=$link" \
		CONTENT_TYPE='multipart/form-data; boundary=a'
	answers '200 OK'
	drained '[.scope, .one_click, .applied, .action] | map(tostring) |
		join(" ")'
	assert_output $'kind true recorded opted_out\nkind true recorded none'
	assert_equal "$(consents)" 'ana@example.org topic:appointment out link
c1@example.org topic:appointment out link'
	# As of when it came, and by what.
	assert_equal "$(sql "SELECT DISTINCT at, source = (SELECT min(id) FROM
		message WHERE direction = 'inbound' AND created_at =
		'2026-11-23T23:00:00Z') FROM consent")" '2026-11-23T23:00:00Z|1'
	verified
}

@test "the requests of the corpus unsubscribe" {
	local file corpus=$OMNI_CORPORA/wire/email count=0
	[ -r "$corpus/one-click-unsubscribe.http" ] ||
		skip "no corpus at $corpus"
	queue m1 '{"contact": null}'
	for file in "$corpus"/one-click-unsubscribe*.http; do
		sed '1,/^\r$/d' "$file" >"$BATS_TEST_TMPDIR/body"
		cgi_file POST /unsubscribe "t=$(token u m1)" CONTENT_TYPE="$(
			sed -n 's/^Content-Type: \(.*\)\r$/\1/p' "$file")"
		answers '200 OK'
		count=$((count + 1))
	done
	assert_equal "$count" 2
	assert_equal "$(waiting)" 2
	drained .one_click
	assert_output $'true\ntrue'
	assert_equal "$(consents)" 'ana@example.org channel:email out link'
}

@test "who is tired of one offer gets no other, and still hears of appointments" {
	contact c1 '{"preferences": {"topics": {"marketing": true,
		"promotion": true}}}'
	queue m1 '{"topic": "promotion", "class": "marketing",
		"to": "c1@example.org"}'
	post /unsubscribe "$(token u m1)" List-Unsubscribe=One-Click
	drained .action
	assert_output opted_out
	assert_equal "$(consents "b.body LIKE '%@%'")" 'c1@example.org topic:marketing out link
c1@example.org topic:promotion out link'
	assert_equal "$(consents "b.body NOT LIKE '%@%' AND state = 'out'")" ''
	route() {
		jq -cn --arg topic "$1" '{id: "n1", topic: $topic,
			text: "x", subject: "x", contact: {id: "c1"},
			channel: "email"}' | omni-normalize | omni-route 2>&1 |
			jq -r '.channel // .error.code' 2>/dev/null | tail -n 1
	}
	[ "$(route promotion)" != email ]
	[ "$(route marketing)" != email ]
	assert_equal "$(route appointment)" email
	# A class of marketing with a topic that is none is marketing.
	queue m2 '{"topic": "appointment", "class": "marketing",
		"contact": null, "to": "eve@example.org"}'
	post /unsubscribe "$(token u m2)" scope=kind
	drained .action
	assert_equal "$(consents "b.body LIKE 'eve%'")" 'eve@example.org topic:appointment out link
eve@example.org topic:marketing out link
eve@example.org topic:promotion out link'
	verified
}

@test "this way, or nothing at all: at all addresses, and those that come later" {
	contact c1 '{"addresses": [{"channel": "email", "to": "two@example.org"}]}'
	queue m1 '{"to": "c1@example.org"}'
	post /unsubscribe "$(token u m1)" scope=channel
	drained '.scope + " " + .action'
	assert_output 'channel opted_out'
	assert_equal "$(consents)" 'c1@example.org channel:email out link
two@example.org channel:email out link'
	run -0 omni-contact set -q c1 email=new@example.org
	assert_equal "$(consents "b.body LIKE 'new%'")" \
		'new@example.org channel:email out link'
	post /unsubscribe "$(token u m1)" scope=all
	drained .action
	assert_equal "$(sql "SELECT count(*) FROM consent WHERE scope = 'all'
		AND state = 'out'")" 3
	assert_equal "$(sql "SELECT group_concat(scope || ' ' || how, ', ')
		FROM (SELECT * FROM contact_opt_out ORDER BY scope)")" \
		'all link, channel:email link'
	# It is their own word: an operator cannot lift it.
	run -1 --separate-stderr omni-contact opt-in --by ana --how telefono c1
	[[ $stderr == *'only they can undo it'* ]]
	assert_equal "$(sql 'SELECT understood_as, text FROM inbox
		ORDER BY received, id' | sort)" 'stop|unsubscribe=all
stop|unsubscribe=channel'
	verified
}

@test "a message of nobody's, a forgotten person, a rehearsal" {
	queue m1 '{"contact": null}'
	post /unsubscribe "$(token u m1)" scope=all
	drained '.action + " " + (.contact // "nobody")'
	assert_output 'opted_out nobody'
	assert_equal "$(consents)" 'ana@example.org all out link'
	contact c2
	queue m2 '{"contact": {"id": "c2"}, "to": "c2@example.org"}'
	run -0 omni-contact forget -q c2
	post /unsubscribe "$(token u m2)" scope=all
	post /confirm "$(token c m2)" answer=confirm
	post /preferences "$(token p m2)" language=en
	drained '.action'
	assert_equal "$(sql "SELECT count(*) FROM consent WHERE scope = 'all'")" 2
	assert_equal "$(sql "SELECT count(*) FROM contact_opt_out")" 0
	# Not in the ledger: nothing is lost, and nothing is done.
	at 2026-11-23T23:05:00Z
	post /unsubscribe "$(token u 'gone away/1')" scope=all
	post /confirm "$(token c gone)" answer=decline
	drained '.applied + " " + .answers'
	assert_output $'unmatched gone away/1\nunmatched gone'
	assert_equal "$(sql "SELECT message || ': ' || reason FROM flag WHERE
		kind = 'unmatched_link' ORDER BY id")" \
		'gone away/1: unsubscribe by a link of a message that is not in the ledger: unsubscribe=all
gone: confirm by a link of a message that is not in the ledger: decline'
	verified
}

@test "a link in a message that [test] redirect sent elsewhere says nothing of the person" {
	printf '[test]\nredirect = test@example.com\n' >>"$OMNI_CONF"
	schedule a1 2026-11-24T16:30 c1
	assert_equal "$(sql 'SELECT DISTINCT redirected FROM attempt')" 1
	post /unsubscribe "$(mailed unsubscribe)" List-Unsubscribe=One-Click
	post /preferences "$(mailed preferences)" language=en
	post /confirm "$(mailed confirm)" answer=confirm
	drained .action
	assert_output $'flagged\nflagged\nflagged'
	assert_equal "$(reminder a1)" open
	assert_equal "$(sql 'SELECT count(*) FROM consent')" 0
	assert_equal "$(sql 'SELECT language FROM contact')" es
	[[ $(flags) == 'late_reply: a rehearsal: '* ]]
	verified
}

# -------------------------------------------------------------- preferences

@test "preferences: what is chosen changes, all else stays as it is" {
	contact c1 '{"language": "es", "preferences": {"channel": "whatsapp",
		"channels": ["sms", "email"], "quiet_start": "20:00",
		"quiet_end": "08:00", "escalation_after_minutes": 30}}'
	queue m1 '{"to": "c1@example.org"}'
	link=$(token p m1)
	wishes() {
		sql 'SELECT c.language, p.channel, p.channels, p.quiet_start,
			p.quiet_end, p.escalation_after_minutes FROM contact c
			JOIN preference p ON p.contact = c.id'
	}
	post /preferences "$link" 'channel=&language=&quiet_start=22:30&quiet_end=07:00&topic.marketing=&messages='
	drained '.action + " " + .text'
	assert_output 'changed quiet=22:30-07:00'
	assert_equal "$(wishes)" 'es|whatsapp|["sms","email"]|22:30|07:00|30'
	post /preferences "$link" 'channel=sms&language=en'
	drained '.action'
	assert_equal "$(wishes)" 'en|sms|["sms","email"]|22:30|07:00|30'
	post /preferences "$link" 'channel=any&quiet=clear'
	drained '.set | tostring'
	assert_output '{"channel":null,"quiet_start":null,"quiet_end":null}'
	assert_equal "$(wishes)" 'en||["sms","email"]|||30'
	at 2026-11-23T23:01:00Z
	post /preferences "$link" 'channel=any'
	drained .action
	assert_output none
	assert_equal "$(sql "SELECT count(*) FROM consent")" 0
	# The journal says by which message.
	assert_equal "$(sql "SELECT count(*) FROM journal j JOIN message m ON
		m.id = j.data ->> '\$.source' WHERE j.op = 'contact.put' AND
		m.direction = 'inbound'")" 3
	verified
}

@test "preferences: a no is for all addresses, a yes for the one that the link went to" {
	contact c1
	queue m1 '{"to": "c1@example.org"}'
	link=$(token p m1)
	post /preferences "$link" 'topic.marketing=yes&topic.appointment=no'
	drained .action
	assert_equal "$(consents "scope = 'topic:marketing'")" \
		'c1@example.org topic:marketing in link'
	assert_equal "$(consents "scope = 'topic:appointment'")" \
		'+525512345678 topic:appointment out link
c1@example.org topic:appointment out link'
	assert_equal "$(sql 'SELECT scope FROM contact_opt_out')" topic:appointment
	# It is taken back everywhere, but for what another has said since.
	contact c2
	queue m2 '{"contact": {"id": "c2"}, "to": "c2@example.org"}'
	at 2026-11-23T23:01:00Z
	post /preferences "$(token p m2)" topic.vaccination=no
	post /preferences "$link" \
		'topic.appointment=yes&topic.vaccination=yes&topic.marketing=no'
	drained .action
	assert_output $'changed\nchanged'
	assert_equal "$(consents "scope = 'topic:appointment'")" \
		'+525512345678 topic:appointment in link
c1@example.org topic:appointment in link'
	assert_equal "$(consents "scope = 'topic:vaccination'")" \
		'+525512345678 topic:vaccination out link
c1@example.org topic:vaccination in link
c2@example.org topic:vaccination out link'
	assert_equal "$(sql "SELECT group_concat(contact || ' ' || scope, ', ')
		FROM (SELECT * FROM contact_opt_out ORDER BY 1, 2)")" \
		'c1 topic:marketing, c2 topic:vaccination'
	verified
}

@test "preferences: of sixty choices staff reads every one" {
	local i choices=''
	for i in {1..60}; do
		printf '[topic number-%s-of-a-large-clinic]\nclass = reminder\n' \
			"$i" >>"$OMNI_CONF"
		choices+="&topic.number-$i-of-a-large-clinic=no"
	done
	post /preferences "$(token p gone)" "${choices#&}"
	drained .text
	assert_equal "$(wc -w <<<"$output")" 60
	[[ $output == *' number-60-of-a-large-clinic=no' ]]
	[[ $(flags) == *' number-60-of-a-large-clinic=no' ]]
}

@test "preferences: to have no more messages, and to have them again" {
	contact c1
	queue m1 '{"to": "c1@example.org"}'
	link=$(token p m1)
	post /preferences "$link" messages=all
	drained .action
	assert_equal "$(consents "state = 'out'" | wc -l)" 2
	at 2026-11-23T23:01:00Z
	post /preferences "$link" 'messages=start'
	drained .action
	assert_output changed
	assert_equal "$(consents "state = 'out'")" ''
	assert_equal "$(sql 'SELECT count(*) FROM contact_opt_out')" 0
	at 2026-11-23T23:02:00Z
	post /preferences "$link" messages=channel
	drained .action
	assert_equal "$(consents "state = 'out'")" \
		'c1@example.org channel:email out link'
	# A yes of before a STOP does not lift it, however late it comes.
	at 2026-11-23T23:03:00Z
	post /preferences "$link" messages=start
	mkdir -p "$BATS_TEST_TMPDIR/late"
	mv "$inbound"/new/* "$BATS_TEST_TMPDIR/late"
	at 2026-11-23T23:04:00Z
	post /unsubscribe "$(token u m1)" scope=all
	drained .action
	mv "$BATS_TEST_TMPDIR"/late/* "$inbound/new"
	drained .action
	assert_output flagged
	assert_equal "$(consents "scope = 'all' AND state = 'in'")" ''
	assert_equal "$(sql "SELECT count(*) FROM contact_opt_out WHERE scope =
		'all'")" 1
	[[ $(flags) == 'late_reply: asks for messages, but has said STOP since' ]]
	verified
}

@test "preferences: a yes that comes too late takes no no with it (Inv. 6)" {
	contact c1
	queue m1 '{"to": "c1@example.org"}'
	mkdir -p "$BATS_TEST_TMPDIR/late"
	post /preferences "$(token p m1)" \
		'topic.appointment=yes&topic.vaccination=no'
	mv "$inbound"/new/* "$BATS_TEST_TMPDIR/late"
	at 2026-11-23T23:04:00Z
	post /preferences "$(token p m1)" topic.appointment=no
	drained .action
	mv "$BATS_TEST_TMPDIR"/late/* "$inbound/new"
	drained .action
	assert_output flagged
	# The addresses that come later are spared, too.
	assert_equal "$(sql "SELECT group_concat(scope, ' ') FROM (SELECT scope
		FROM contact_opt_out ORDER BY 1)")" \
		'topic:appointment topic:vaccination'
	verified
}

@test "preferences: what is wrong is said, what was entered is kept" {
	link=$(token p m1)
	wrong() {
		cgi POST /preferences "t=$link&l=en" "$1"
		answers '422 Unprocessable Content'
		[[ $page == *"role=\"alert\" id=\"fault\">$2"* ]]
		[[ $page == *'<title>Something is missing: Your preferences'* ]]
	}
	wrong '' 'You have not chosen any change'
	wrong 'channel=&topic.marketing=' 'You have not chosen any change'
	wrong 'quiet_start=22:00&language=en&topic.order=no' 'Enter both times'
	[[ $page == *'name="quiet_start" id="quiet_start" value="22:00" aria-invalid="true" aria-describedby="fault">'* ]]
	[[ $page == *'<option value="en" lang="en" selected>'* ]]
	[[ $page == *'id="topic.order"'*'<option value="no" selected>'* ]]
	wrong 'quiet_start=25:00&quiet_end=08:00' 'Enter both times'
	wrong 'quiet_start=08:00&quiet_end=08:00' 'Both times are the same'
	wrong 'quiet_start=08:00&quiet_end=09:00&quiet=clear' 'Enter times or'
	[[ $page == *'id="quiet" checked>'* ]]
	wrong quiet=maybe 'Enter both times'
	wrong channel=fax 'One of the options'
	wrong channel=push 'One of the options'
	wrong language=xx 'One of the options'
	wrong topic.nothing=yes 'One of the options'
	wrong topic.order=maybe 'One of the options'
	wrong messages=maybe 'One of the options'
	assert_equal "$(waiting)" 0
}

@test "preferences of an address that is no contact's go to staff" {
	queue m1 '{"contact": null}'
	post /preferences "$(token p m1)" 'language=en&topic.order=no'
	drained .action
	assert_output flagged
	assert_equal "$(consents)" 'ana@example.org topic:order out link'
	assert_equal "$(flags)" 'preferences: chose how to be written to, but is no contact: see the text of the message'
	assert_equal "$(sql 'SELECT text FROM inbox')" 'language=en order=no'
	verified
}

# -------------------------------------------------------------- web server

@test "through a web server: the very fields of the page, sent by curl" {
	start_server
	schedule a1 2026-11-24T16:30 c1
	run -0 curl -s -D "$BATS_TEST_TMPDIR/head" "$base/confirm?t=$(mailed confirm)"
	grep -q '^Content-Security-Policy: default-src .none.; style-src .sha256-' \
		"$BATS_TEST_TMPDIR/head"
	action=$(sed -n 's/.*action="\([^"]*\)".*/\1/p' <<<"$output")
	field=$(sed -n 's/.*name="answer" value="confirm".*/answer=confirm/p' \
		<<<"$output")
	run -0 curl -s -w '%{http_code}' -d "$field" \
		"$base/${action//&amp;/&}"
	assert_output --partial 'le esperamos'
	assert_line --index -1 200
	run -0 curl -s -I "$base/confirm?t=$(mailed confirm)"
	assert_output --partial '200 OK'
	run -0 curl -s -o /dev/null -w '%{http_code}' \
		-F List-Unsubscribe=One-Click \
		"$base/unsubscribe?t=$(mailed unsubscribe)"
	assert_output 200
	run -0 curl -s -o /dev/null -w '%{http_code}' "$base/confirm?t=1c"
	assert_output 403
	assert_equal "$(waiting)" 2
	drained .action
	assert_output $'confirmed\nopted_out'
	assert_equal "$(reminder a1)" confirmed
	verified
}

@test "in Chromium: buttons and forms do what they say, without a script" {
	start_server
	start_driver es
	schedule a1 2026-11-24T16:30 c1
	open_page "$base/confirm?t=$(mailed confirm)"
	assert_equal "$(script 'return document.querySelector("h1").textContent')" \
		'"¿Podrá venir a su cita?"'
	press 'a[hreflang=en]'
	assert_equal "$(script 'return document.querySelector("h1").textContent')" \
		'"Can you come to your appointment?"'
	press 'button[value=decline]'
	assert_equal "$(script 'return document.querySelector("[role=status] h1").textContent')" \
		'"Thank you for telling us"'
	open_page "$base/unsubscribe?t=$(mailed unsubscribe)"
	press 'label[for=scope-channel]'
	press 'button'
	open_page "$base/preferences?t=$(mailed preferences)&l=en"
	press '#language option[value=en]'
	press '#channel option[value=sms]'
	press '[id="topic.promotion"] option[value=no]'
	script 'document.querySelector("#quiet_start").value = "22:00"' >/dev/null
	press button
	assert_equal "$(script 'return document.querySelector("#fault").textContent')" \
		'"Enter both times, for example 21:00 and 08:00. Nothing is saved yet."'
	assert_equal "$(script 'return document.querySelector("#language").value')" \
		'"en"'
	script 'document.querySelector("#quiet_end").value = "07:30"' >/dev/null
	press button
	assert_equal "$(script 'return document.querySelector("h1").textContent')" \
		'"Done, your preferences are saved"'
	drained '.action + " " + .text'
	assert_output 'declined decline
opted_out unsubscribe=channel
changed channel=sms language=en quiet=22:00-07:30 promotion=no'
	assert_equal "$(reminder a1)" declined
	assert_equal "$(sql 'SELECT c.language, p.channel, p.quiet_start,
		p.quiet_end FROM contact c JOIN preference p ON p.contact =
		c.id')" 'en|sms|22:00|07:30'
	verified
}

@test "in Chromium: it fits a telephone, a finger and a desktop" {
	local purpose size
	start_server
	start_driver es
	for size in 360,740 1280,800; do
		for purpose in confirm unsubscribe preferences; do
			screen "$size"
			open_page "$base/$purpose?t=$(token "${purpose:0:1}" m1)"
			assert_equal "$(script '
				const w = document.documentElement.clientWidth;
				const all = [...document.body.querySelectorAll("*")];
				return [w, document.documentElement.scrollWidth,
				    all.filter(e => e.getBoundingClientRect().right >
				        w).map(e => e.outerHTML),
				    all.filter(e => e.matches(
				        "button, select, input, a") && (e.closest(
				        ".choice") || e).getBoundingClientRect()
				        .height < 44).map(e => e.outerHTML)]')" \
				"[${size%,*},${size%,*},[],[]]"
		done
	done
}

@test "in Chromium: axe finds nothing that keeps people out, by day and by night" {
	local url scheme
	need_axe
	start_server
	start_driver en
	for scheme in light dark; do
		cdp Emulation.setEmulatedMedia "{features: [{name:
			\"prefers-color-scheme\", value: \"$scheme\"}]}"
		for url in "confirm?t=$(token c m1)" "unsubscribe?t=$(token u m1)" \
			"preferences?t=$(token p m1)" "confirm?t=x" \
			"confirm?t=$(token c m1 -900)" 'POST'; do
			if [ "$url" = POST ]; then
				open_page "$base/preferences?t=$(token p m1)"
				press button
			else
				open_page "$base/$url"
			fi
			assert_equal "$(script 'return matchMedia(
				"(prefers-color-scheme: " + arguments[0] +
				")").matches' "$scheme")" true
			accessible
		done
	done
}
