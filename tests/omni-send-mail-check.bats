#!/usr/bin/env bats
# shellcheck disable=SC2154	# helper sets in, run(1) of bats stderr
# shellcheck disable=SC2030,SC2031	# each test has an output of its own
# omni-send-mail --check: channels, messages and DNS, looked at and not sent.

load helper

setup() {
	make_ledger 2026-11-23T17:00:00-06:00
	server=
}

teardown() {
	stop_server
}

# use_relay [HOST]: [channel email] sends by a relay, as the clinic's domain
use_relay() {
	sed -i 's/^kind = maildir/kind = smtp\nhost = '"${1-mail.clinica.mx}"'/
		s/^path = .*Maildir//; s/clinic\.example/clinica.mx/' "$OMNI_CONF"
}

# use_links: List-Unsubscribe can be written
use_links() {
	printf '[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	export LINKS_KEY=0123456789abcdef0123456789abcdef
}

# mail JQ: a good record of class reminder, changed by JQ, in $in
mail() {
	jq -cn '{id: "m1", channel: "email", account: "email",
		to: "ana@example.com", class: "reminder", topic: "appointment",
		subject: "Cita de Luna",
		text: "Hola, Ana:\n\nLuna tiene cita el 24 a las 10:30.\n",
		html: "<html lang=\"es\"><body><p>Hola, Ana:</p><p>Luna tiene cita el <b>24</b> a las <b>10:30</b>.</p></body></html>",
		headers: {"List-Unsubscribe": "<https://hooks.example.com/u>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}} | '"$1" \
		>"$in"
}

# codes: "LEVEL FIELD CODE" of each finding in $output, in order
codes() {
	grep '^{' <<<"$output" | jq -r '"\(.level) \(.field) \(.code)"'
}

# found JQ CODES...: the record gets these findings, and no others
found() {
	local status_wanted=0
	mail "$1"
	shift
	! printf '%s\n' "$@" | grep -q '^error' || status_wanted=1
	run -$status_wanted omni-send-mail --check - <"$in"
	assert_equal "$(codes)" "$(printf '%s\n' "$@")"
}

# dns_server ZONE...: a name server with these lines; its port is $port
dns_server() {
	printf '%s\n' "$@" >"$SITE/zone"
	rm -f "$SITE/port"
	/usr/bin/python3 "$ROOT/tests/fake/dnsd.py" "$SITE/zone" "$SITE/port" \
		3>&- &
	server=$!
	until [ -s "$SITE/port" ]; do
		kill -0 "$server" || fail 'the name server did not start'
		sleep 0.05
	done
	port=$(<"$SITE/port")
}

# dns_state CODE: of the record that the run found
dns_state() {
	grep '^{' <<<"$output" | jq -r --arg code "$1" \
		'select(.code == $code).dns.state'
}

# The zone of a clinic that has done all of it.
good_zone=('clinica.mx TXT v=spf1 a:mail.clinica.mx -all'
	'clinica.mx MX 10 mail.clinica.mx'
	's1._domainkey.clinica.mx TXT v=DKIM1; k=rsa; p=AAAA'
	'_dmarc.clinica.mx TXT v=DMARC1; p=quarantine; rua=mailto:d@clinica.mx'
	'_smtp._tls.clinica.mx TXT v=TLSRPTv1; rua=mailto:t@clinica.mx'
	'_mta-sts.clinica.mx TXT v=STSv1; id=1')

# dns_is CODE STATE LEVEL STATUS ZONE-WITHOUT ZONE-LINES...: with the good zone,
# less the lines that match and with these, the record is in this state
dns_is() {
	local code=$1 want=$2 level=$3 rc=$4 without=$5
	local -a zone
	shift 5
	mapfile -t zone < <(printf '%s\n' "${good_zone[@]}" |
		grep -v -- "$without")
	dns_server "${zone[@]}" "$@"
	run "-$rc" omni-send-mail --check --dns=127.0.0.1:"$port"
	assert_equal "$(dns_state "$code")" "$want"
	assert_equal "$(grep '^{' <<<"$output" | jq -r --arg code "$code" \
		'select(.code == $code).level')" "$level"
	stop_server
	server=
}

# queue_mails JQ...: a mail for each, which is due
queue_mails() {
	local change n=0
	for change; do
		mail "$change | .id = \"q$((n += 1))\" | .route = {} |
			.expires_at = \"2026-12-30T00:00:00Z\""
		run -0 omni-queue -q <"$in"
	done
}

@test "a mail with nothing wrong has no finding" {
	found . ''
	assert_output ''
}

@test "each finding is a record, and a line for people" {
	mail '.subject = ""'
	run -1 --separate-stderr omni-send-mail --check - <"$in"
	assert_equal "$(jq -c 'del(.message)' <<<"$output")" \
		'{"id":"m1","channel":"email","account":"email","level":"error","field":"subject","code":"subject_empty"}'
	assert_equal "$stderr" "omni-send-mail: m1: error: subject: $(jq -r \
		.message <<<"$output")"
	run -1 --separate-stderr omni-send-mail -q --check - <"$in"
	assert_output ''
	assert_equal "${#stderr_lines[@]}" 1
}

@test "the subject: empty, long, in capitals, like an answer" {
	found '.subject = "  "' 'error subject subject_empty'
	found 'del(.subject)' 'error subject subject_empty'
	found '.subject = "x" * 78' ''
	found '.subject = "x" * 79' 'warning subject subject_long'
	found '.subject = "日" * 39' ''
	found '.subject = "日" * 40' 'warning subject subject_long'
	found '.subject = "SU CITA DE MAÑANA"' 'warning subject subject_capitals'
	found '.subject = "IMSS 2026"' ''
	found '.subject = "Re: su cita"' 'error subject subject_reply'
	found '.subject = "RV: su cita"' 'error subject subject_reply'
	found '.subject = "Re: su cita" | .in_reply_to = "<a@b.example>"' ''
	found '.subject = "Receta: lista"' ''
}

@test "the way out: List-Unsubscribe and its Post, for what needs them" {
	local field=headers.List-Unsubscribe
	found 'del(.headers)' "warning $field unsubscribe_missing"
	found 'del(.headers) | .class = "marketing"' \
		"error $field unsubscribe_missing"
	found 'del(.headers) | .class = "announcement"' \
		"error $field unsubscribe_missing"
	found 'del(.headers) | .class = "transactional"' ''
	found 'del(.headers) | del(.class)' "warning $field unsubscribe_missing"
	found '.headers["List-Unsubscribe"] = "<mailto:b@x.example>"' \
		"warning $field unsubscribe_https"
	found '.headers["List-Unsubscribe"] = "<http://x.example/u>" |
		.class = "marketing"' "error $field unsubscribe_https"
	found 'del(.headers["List-Unsubscribe-Post"])' \
		"warning $field-Post unsubscribe_post"
	found '.headers["List-Unsubscribe-Post"] = "yes"' \
		"warning $field-Post unsubscribe_post"
	found '.class = "none"' 'error class unknown_class'
}

@test "a time, date or number that is in one part only" {
	found '.text |= sub("10:30"; "11:30")' \
		'error text parts_number' 'error html parts_number'
	assert_output --partial '11:30 is not in html'
	assert_output --partial '10:30 is not in text'
	found '.text |= sub("el 24"; "el 25")' \
		'error text parts_number' 'error html parts_number'
	found '.text |= sub("10:30"; "10:30 AM") |
		.html |= sub("10:30</b>"; "10:30</b> p. m.")' \
		'error text parts_number' 'error html parts_number'
	found '.text |= sub("10:30"; "10:30 a.m.") |
		.html |= sub("10:30</b>"; "10:30&nbsp;AM</b>")' ''
	# What is written in another way is the same number.
	found '.text += "1. Tel. +52 55 5000 0000" |
		.html |= sub("</body>"; "<ol><li>Tel. (55) 5000-0000</li></ol></body>")' ''
	# Neither styles nor what is hidden is read by anybody.
	found '.html |= sub("<body>"; "<body><style>p { margin: 7px }</style><div style=\"display: none\">Oferta 99</div>")' ''
	found '.html |= sub("<body>"; "<body><div>Oferta 99</div>")' \
		'error html parts_number'
}

@test "a link that is in one part only" {
	found '.text += "https://clinica.mx/a"' 'error text parts_link'
	found '.html |= sub("</body>"; "<a href=\"https://clinica.mx/a\">aqui</a></body>")' \
		'error html parts_link'
	found '.text += "https://clinica.mx/a?b=1&c=2" |
		.html |= sub("</body>"; "<a href=\"https://clinica.mx/a?b=1&amp;c=2\">aqui</a></body>")' ''
}

@test "parts with other words, and one that is missing" {
	found '.text = "Le enviamos la factura del pedido que usted compro ayer: pague 24 pesos antes de las 10:30 con tarjeta, gracias"' \
		'warning text parts_words'
	found '.text = ""' 'warning text html_only'
	found 'del(.html)' ''
	found 'del(.html) | .text = ""' 'error text empty'
}

@test "links that filters and readers distrust" {
	local html='.html |= sub("</body>"; "LINK</body>")'
	# link HTML TEXT CODES...: with both the same address in both parts
	link() {
		local change=${html/LINK/$1} text=$2
		shift 2
		found "$change | .text += \"$text\"" "$@"
	}
	link '<a href=\"http://clinica.mx/a\">aqui</a>' 'http://clinica.mx/a' \
		'warning html link_plain'
	link '<a href=\"https://bit.ly/abc\">aqui</a>' 'https://bit.ly/abc' \
		'warning html link_short'
	link '<a href=\"https://192.0.2.7/a\">aqui</a>' 'https://192.0.2.7/a' \
		'error html link_number'
	link '<a href=\"https://banco.mx@malo.com/\">aqui</a>' \
		'https://banco.mx@malo.com/' 'error html link_looks'
	link '<a href=\"https://malo.com/a\">https://banco.mx</a>' \
		'https://malo.com/a https://banco.mx' 'error html link_looks'
	assert_output --partial 'shows banco.mx, and leads to malo.com'
	link '<a href=\"https://malo.com/a\">www.banco.mx/login</a>' \
		'https://malo.com/a' 'error html link_looks'
	link '<a href=\"https://citas.clinica.mx/a\">clinica.mx</a>' \
		'https://citas.clinica.mx/a' ''
	link '<a href=\"https://clinica.mx/a\">Fin.Gracias</a>' \
		'https://clinica.mx/a' ''
	link '<a href=\"/confirmar\">aqui</a>' '' 'error html link_dead'
	link '<a href=\"\">aqui</a>' '' 'error html link_dead'
	link '<a href=\"javascript:x()\">aqui</a>' '' 'error html link_dead'
	link '<a href=\"tel:+525550000000\">llame</a>' '' ''
	found 'del(.html) | .text += "http://clinica.mx/a"' \
		'warning text link_plain'
}

@test "more links than a mail should have, told once" {
	found '.html |= sub("</body>"; ([range(21) | "<a href=\"https://clinica.mx/\">x</a>"] | add) + "</body>") | .text += "https://clinica.mx"' \
		'warning html links_many'
	found '.html |= sub("</body>"; ([range(20) | "<a href=\"https://clinica.mx/\">x</a>"] | add) + "</body>") | .text += "https://clinica.mx"' ''
}

@test "images: without alt, in the clear, in data:, and nothing else" {
	found '.html |= sub("</body>"; "<img src=\"https://clinica.mx/a.png\"></body>")' \
		'warning html image_alt'
	found '.html |= sub("</body>"; "<img alt=\"\" src=\"http://clinica.mx/a.png\"></body>")' \
		'warning html image_plain'
	found '.html |= sub("</body>"; "<img alt=\"\" src=\"data:image/png;base64,AA==\"></body>")' \
		'warning html image_data'
	found '.html = "<html lang=\"es\"><img alt=\"\" src=\"https://clinica.mx/a.png\"></html>" | .text = "Hola"' \
		'error html image_only'
}

@test "html that is broken, and html that Gmail cuts off" {
	found '.html |= sub("</b>"; "")' 'warning html html_form'
	found '.html |= sub("</body>"; "<!--" + "x" * 104448 + "--></body>")' \
		'warning html html_clipped'
}

@test "a name with another address in it" {
	found '.contact = {name: "soporte@banco.mx"}' \
		'warning contact.name name_address'
	found '.contact = {name: "Ana @ casa"}' ''
	sed -i 's/^from = Clinica.*/from = "info@banco.mx" <citas@clinic.example>/' \
		"$OMNI_CONF"
	run -1 omni-send-mail --check
	assert_line --partial 'error: from: the name shows info@banco.mx, and the address is citas@clinic.example'
}

@test "what cannot be built is found before it is sent" {
	found '.to = "ana"' 'error to build'
	found '.headers.Bcc = "eva@example.com"' 'error headers.Bcc build'
}

@test "records of other channels and refused ones are left alone" {
	mail '.subject = "" | .channel = "sms"'
	run -0 omni-send-mail --check - <"$in"
	assert_output ''
	mail '.subject = "" | .account = "other"'
	run -0 omni-send-mail --check - <"$in"
	assert_output ''
	mail '.subject = ""'
	printf '[channel second]\ntype = email\nprovider = maildir\n' \
		>>"$OMNI_CONF"
	run -0 omni-send-mail --check - second <"$in"
	assert_output ''
	# A record that names no channel is one of the first.
	found '.subject = "" | del(.channel, .account)' \
		'error subject subject_empty'
	found '.subject = "" | del(.id)' 'error subject subject_empty'
	assert_output --partial 'line 1: error: subject'
	echo 'no record' >"$in"
	run -1 omni-send-mail --check - <"$in"
	assert_output --partial 'line 1: '
	printf '{"id":"cut' >"$in"
	run -65 omni-send-mail --check - <"$in"
	assert_output --partial 'line 1: input ends inside this line'
	mail '.error = {stage: "route"} | .subject = ""'
	run -1 omni-send-mail --check - <"$in"
	assert_output ''
}

@test "what is due is checked, and nothing is sent or changed" {
	queue_mails . '.subject = ""' '.not_before = "2026-11-24T10:00:00Z" |
		.subject = ""'
	sha256sum "$SITE"/spool/ledger.db >"$SITE/before"
	run -1 omni-send-mail --check
	assert_equal "$(jq -r 'select(.id != null) | "\(.id) \(.code)"' \
		< <(grep '^{' <<<"$output"))" 'q2 subject_empty'
	sha256sum -c --quiet "$SITE/before"
	assert_equal "$(sql 'SELECT count(*) FROM attempt')" 0
	[ ! -e "$SITE/spool/Maildir/new" ]
	# It may run beside a sender, whose lock it does not need.
	mkdir -p "$SITE/spool/run"
	exec 9>"$SITE/spool/run/email.lock"
	flock 9
	run -1 omni-send-mail --check -q
	exec 9>&-
}

@test "mails beyond one page of the ledger are all checked" {
	# shellcheck disable=SC2016	# jq's
	mail '.route = {} | .expires_at = "2026-12-30T00:00:00Z" |
		.subject = "" | . as $r | range(450) | $r + {id: "p\(.)"}'
	run -0 omni-queue -q <"$in"
	run -1 omni-send-mail --check
	assert_equal "$(codes | grep -c 'error subject subject_empty')" 450
}

@test "a message whose content was erased is said to be" {
	queue_mails .
	sqlite3 "$SITE/spool/ledger.db" \
		"UPDATE content SET body = NULL WHERE key IN (SELECT content FROM message)"
	run -1 omni-send-mail --check
	assert_output --partial 'q1: error: message: its content was erased'
}

@test "without a ledger the channels are checked all the same" {
	rm "$SITE"/spool/ledger.db*
	run -0 omni-send-mail --check
	assert_output --partial 'no messages were looked at'
	assert_output --partial 'route_nobody'
}

@test "a channel that stays on this machine needs no DNS" {
	run -0 omni-send-mail --check
	assert_equal "$(codes)" 'note provider route_nobody
warning key links_missing'
	use_links
	run -0 omni-send-mail --check
	assert_equal "$(codes)" 'note provider route_nobody'
}

@test "the sender: missing, reserved, somebody else's, that wants no answer" {
	use_links
	use_relay
	run -0 omni-send-mail --check
	assert_equal "$(codes | grep -v ' dns ')" \
		'note bounce_domain bounces_mixed'
	run -0 omni-send-mail -o 'channel email.from=a@clinic.example' --check
	assert_line --partial 'warning: from: clinic.example: nobody on the'
	run -1 omni-send-mail -o 'channel email.from=clinica@gmail.com' --check
	assert_line --partial 'error: from: gmail.com: only its own servers'
	refute_output --partial '"dns"'
	run -0 omni-send-mail -o 'channel email.from=clinica@gmail.com' \
		-o 'provider maildir.host=smtp.gmail.com' --check
	assert_line --partial 'warning: from: gmail.com: a mailbox for one person'
	run -0 omni-send-mail -o 'channel email.from=no-reply@clinica.mx' --check
	assert_line --partial 'note: from: no-reply@clinica.mx: people answer'
	run -0 omni-send-mail -o 'mail.reply_to=noresponder@clinica.mx' --check
	assert_line --partial 'warning: reply_to: noresponder@clinica.mx: answers'
	run -1 omni-send-mail -o 'channel email.from=nobody' --check
	assert_line --partial 'error: from: not one plain mail address'
	run -1 omni-send-mail -o 'mail.reply_to=a@b@c' --check
	assert_line --partial 'error: reply_to: '
	sed -i '/^from = Clinica/d' "$OMNI_CONF"
	run -1 omni-send-mail --check
	assert_line --partial 'error: from: neither [channel email] from'
}

@test "bounces and answers of another domain" {
	use_relay
	run -0 omni-send-mail -o mail.bounce_domain=b.clinica.mx --check
	refute_output --partial bounces_
	run -0 omni-send-mail -o mail.bounce_domain=bounces.otra.com.mx --check
	assert_line --partial 'warning: bounce_domain: bounces.otra.com.mx is not of clinica.mx'
	# com.mx is nobody's: two of its names are strangers.
	run -0 omni-send-mail -o 'channel email.from=a@una.com.mx' \
		-o mail.bounce_domain=otra.com.mx --check
	assert_line --partial 'warning: bounce_domain: otra.com.mx is not of una.com.mx'
	run -1 omni-send-mail -o 'mail.bounce_domain=b_ad..mx' --check
	assert_line --partial 'error: bounce_domain: b_ad..mx: not a domain'
	run -0 omni-send-mail -o mail.reply_to=clinica@gmail.com --check
	assert_line --partial 'warning: reply_to: gmail.com, and the sender is of clinica.mx'
	run -0 omni-send-mail -o mail.reply_to=a@otra.mx --check
	assert_line --partial 'note: reply_to: otra.mx is not of clinica.mx'
}

@test "the relay: host, user, TLS, password" {
	use_relay
	run -0 omni-send-mail -o 'provider maildir.tls=none' \
		-o 'provider maildir.user=citas@otra.mx' --check
	assert_line --partial 'warning: tls: none'
	assert_line --partial 'warning: user: signs in for otra.mx'
	run -0 omni-send-mail -o 'provider maildir.host=mx.otra.mx' --check
	assert_line --partial 'note: host: mx.otra.mx is not of clinica.mx'
	run -1 omni-send-mail -o 'provider maildir.password=env:NOT_THERE' --check
	assert_line --partial 'error: provider: password of [provider maildir]: the environment has no NOT_THERE'
	run -1 omni-send-mail -o 'provider maildir.kind=twilio' --check
	assert_line --partial 'error: kind: [provider maildir]: a provider of kind twilio does not serve email'
	sed -i '/^host = /d' "$OMNI_CONF"
	run -1 omni-send-mail --check
	assert_line --partial 'error: host: [provider maildir] has no host'
}

@test "links that cannot be written, or not over https" {
	use_links
	run -1 omni-send-mail -o links.key=env:NOT_THERE --check
	assert_line --partial 'error: key: key of [links]: the environment has no NOT_THERE'
	run -0 omni-send-mail -o site.public_url=http://clinica.mx --check
	assert_line --partial 'warning: public_url: http://clinica.mx is not https'
	sed -i '/^public_url/d' "$OMNI_CONF"
	run -0 omni-send-mail --check
	assert_line --partial 'warning: public_url: [site] public_url is not set'
}

# values: "CODE NAME TYPE VALUE" of the records that are advised
values() {
	grep '^{' <<<"$output" | jq -r 'select(.dns != null) |
		"\(.code) \(.dns.name) \(.dns.type) \(.dns.value)"'
}

@test "the records of a relay of one's own" {
	use_relay
	run -0 omni-send-mail --check
	assert_equal "$(values)" 'spf clinica.mx TXT v=spf1 a:mail.clinica.mx ~all
dkim <selector>._domainkey.clinica.mx TXT v=DKIM1; k=rsa; p=<public key>
dmarc _dmarc.clinica.mx TXT v=DMARC1; p=none; rua=mailto:dmarc@clinica.mx
mx_bounces clinica.mx MX 10 <the server that takes its mail>
ptr <public address of the server> PTR <its name, as it says in EHLO>
tls_rpt _smtp._tls.clinica.mx TXT v=TLSRPTv1; rua=mailto:tls@clinica.mx
mta_sts _mta-sts.clinica.mx TXT v=STSv1; id=<number of the policy>'
	assert_line --partial 'channel email: note: dns: clinica.mx TXT "v=spf1 a:mail.clinica.mx ~all": names the relay'
	run -0 omni-send-mail -o 'provider maildir.host=192.0.2.7' \
		-o mail.bounce_domain=b.clinica.mx \
		-o 'channel email.from=a@citas.clinica.mx' --check
	assert_equal "$(values | head -n 5)" 'spf b.clinica.mx TXT v=spf1 ip4:192.0.2.7 ~all
dkim <selector>._domainkey.citas.clinica.mx TXT v=DKIM1; k=rsa; p=<public key>
dmarc _dmarc.clinica.mx TXT v=DMARC1; p=none; rua=mailto:dmarc@clinica.mx
mx_bounces b.clinica.mx MX 10 <the server that takes its mail>
mx_answers clinica.mx MX 10 <the server that takes its mail>'
}

@test "the records of the machine's own server, of services and of SES" {
	use_relay localhost
	run -0 omni-send-mail --check
	assert_line --partial 'note: provider: the mail server of this machine'
	assert_equal "$(values | head -n 1)" \
		'spf clinica.mx TXT v=spf1 ip4:<public address of the server> ~all'
	run -0 omni-send-mail -o 'provider maildir.kind=sendmail' --check
	assert_equal "$(values | head -n 1)" \
		'spf clinica.mx TXT v=spf1 ip4:<public address of the server> ~all'
	run -0 omni-send-mail -o 'provider maildir.host=smtp.sendgrid.net' --check
	assert_equal "$(values | head -n 3)" 'spf clinica.mx TXT v=spf1 include:sendgrid.net ~all
dkim s1._domainkey.clinica.mx CNAME <as its console shows>
dkim s2._domainkey.clinica.mx CNAME <as its console shows>'
	run -0 omni-send-mail --check \
		-o 'provider maildir.host=email-smtp.us-east-1.amazonaws.com'
	assert_equal "$(values | head -n 7)" 'dkim <token 1>._domainkey.clinica.mx CNAME <token 1>.dkim.amazonses.com
dkim <token 2>._domainkey.clinica.mx CNAME <token 2>.dkim.amazonses.com
dkim <token 3>._domainkey.clinica.mx CNAME <token 3>.dkim.amazonses.com
mail_from_mx bounce.clinica.mx MX 10 feedback-smtp.us-east-1.amazonses.com
mail_from_spf bounce.clinica.mx TXT v=spf1 include:amazonses.com ~all
dmarc _dmarc.clinica.mx TXT v=DMARC1; p=none; rua=mailto:dmarc@clinica.mx
mx_answers clinica.mx MX 10 <the server that takes its mail>'
	run -1 omni-send-mail --check -o 'provider maildir.kind=ses'
	assert_line --partial 'error: region: [provider maildir] has no region'
	assert_equal "$(values | sed -n 4p)" \
		'mail_from_mx bounce.clinica.mx MX 10 feedback-smtp.<region>.amazonses.com'
	run -0 omni-send-mail --check -o mail.bounce_domain=m.clinica.mx \
		-o 'provider maildir.host=email-smtp.us-east-1.amazonaws.com'
	assert_equal "$(values | sed -n 4p)" \
		'mail_from_mx m.clinica.mx MX 10 feedback-smtp.us-east-1.amazonses.com'
}

@test "--dns: a domain that has done all of it" {
	use_links
	use_relay
	dns_server "${good_zone[@]}"
	run -0 omni-send-mail --check --dns=127.0.0.1:"$port"
	assert_equal "$(grep '^{' <<<"$output" | jq -r 'select(.dns != null) |
		"\(.code) \(.level) \(.dns.state)"')" 'spf note good
dkim note unsure
dmarc note good
mx_bounces note good
ptr note not_asked
tls_rpt note good
mta_sts note good'
	assert_equal "$(grep '"code":"spf"' <<<"$output" | jq -c .dns.found)" \
		'["v=spf1 a:mail.clinica.mx -all"]'
}

@test "--dns: SPF that is missing, double, open, too long, or names another" {
	local mx='clinica.mx TXT' long=' include:a0.mx'
	use_relay
	dns_is spf missing error 1 spf1
	dns_is spf missing error 1 spf1 "$mx some other text"
	dns_is spf wrong error 1 nothing "$mx v=spf1 -all"
	dns_is spf wrong error 1 spf1 "$mx v=spf1 a:mail.clinica.mx +all"
	dns_is spf wrong error 1 spf1 "$mx v=spf1 a:mail.clinica.mx all"
	dns_is spf weak warning 0 spf1 "$mx v=spf1 a:mail.clinica.mx ?all"
	dns_is spf weak warning 0 spf1 "$mx v=spf1 a:mail.clinica.mx"
	dns_is spf unsure note 0 spf1 "$mx v=spf1 ip4:192.0.2.7 ~all"
	dns_is spf wrong error 1 spf1 \
		"$mx v=spf1 a:mail.clinica.mx a mx ptr a:b.mx a:c.mx a:d.mx mx:e.mx exists:f.mx a:g.mx a:h.mx -all"
	# A loop of includes comes to an end.
	dns_is spf wrong error 1 spf1 "$mx v=spf1 a:mail.clinica.mx$long -all" \
		'a0.mx TXT v=spf1 include:a0.mx -all'
	# More than a datagram holds comes over TCP.
	dns_is spf good note 0 spf1 \
		"$mx v=spf1 $(printf 'ip4:192.0.2.%d ' {1..60})a:mail.clinica.mx -all"
}

@test "--dns: SPF of a service, named directly or by another's record" {
	use_relay smtp.sendgrid.net
	dns_is spf wrong error 1 spf1 'clinica.mx TXT v=spf1 mx -all'
	dns_is spf good note 1 spf1 \
		'clinica.mx TXT v=spf1 include:all.clinica.mx ~all' \
		'all.clinica.mx TXT v=spf1 include:sendgrid.net ~all' \
		'sendgrid.net TXT v=spf1 ip4:192.0.2.0/24 ~all'
	dns_is spf good note 1 spf1 \
		'clinica.mx TXT v=spf1 redirect=all.clinica.mx' \
		'all.clinica.mx TXT v=spf1 include:sendgrid.net ~all' \
		'sendgrid.net TXT v=spf1 ip4:192.0.2.0/24 ~all'
	dns_is spf unknown warning 1 spf1 \
		'clinica.mx TXT v=spf1 include:sendgrid.net ~all' \
		'sendgrid.net FAIL x'
}

@test "--dns: DKIM, DMARC and MX that are missing or wrong" {
	local dmarc='_dmarc.clinica.mx TXT'
	use_relay
	dns_is dkim missing error 1 _domainkey
	dns_is dmarc missing error 1 _dmarc
	dns_is dmarc missing error 1 _dmarc "$dmarc something"
	dns_is dmarc wrong error 1 _dmarc "$dmarc v=DMARC1; p=nothing"
	dns_is dmarc wrong error 1 nothing "$dmarc v=DMARC1; p=reject"
	dns_is dmarc weak warning 0 _dmarc "$dmarc v=DMARC1; p=reject"
	dns_is dmarc good note 0 _dmarc "$dmarc v=DMARC1;p=none;rua=mailto:a@b.mx"
	assert_output --partial 'go on to p=quarantine'
	dns_is mx_bounces missing error 1 MX
	dns_is mx_bounces wrong error 1 MX 'clinica.mx MX 0 .'
	dns_is tls_rpt missing note 0 _smtp
}

@test "--dns: a domain that does not exist" {
	use_relay
	dns_server "${good_zone[@]/clinica.mx/clinca.mx}"
	run -1 omni-send-mail --check --dns=127.0.0.1:"$port"
	assert_line --partial 'error: from: clinica.mx: there is no such domain in DNS'
	assert_equal "$(dns_state spf)" not_asked
}

@test "--dns: a subdomain's own DMARC comes before that of the domain" {
	use_relay
	sed -i 's/citas@clinica.mx/a@citas.clinica.mx/' "$OMNI_CONF"
	dns_server "${good_zone[@]}" \
		'_dmarc.citas.clinica.mx TXT v=DMARC1; p=oops'
	run -1 omni-send-mail --check --dns=127.0.0.1:"$port"
	assert_equal "$(dns_state dmarc)" wrong
	stop_server
	dns_server "${good_zone[@]}"
	run -1 omni-send-mail --check --dns=127.0.0.1:"$port"
	assert_equal "$(dns_state dmarc)" good
}

@test "--dns: the custom MAIL FROM of SES" {
	local mx='bounce.clinica.mx MX 10 feedback-smtp.us-east-1.amazonses.com'
	use_relay email-smtp.us-east-1.amazonaws.com
	dns_is mail_from_mx good note 0 nothing "$mx" \
		'bounce.clinica.mx TXT v=spf1 include:amazonses.com ~all' \
		'amazonses.com TXT v=spf1 ip4:192.0.2.0/24 -all'
	assert_equal "$(dns_state mail_from_spf)" good
	dns_is mail_from_mx missing warning 0 nothing
	dns_is mail_from_mx wrong error 1 nothing \
		'bounce.clinica.mx MX 10 mail.clinica.mx'
}

@test "--dns: what cannot be looked up is said to be, with status 75" {
	use_relay
	dns_server "${good_zone[@]}" '_mta-sts.clinica.mx FAIL x'
	run -75 omni-send-mail --check --dns=127.0.0.1:"$port"
	assert_equal "$(dns_state mta_sts)" unknown
	assert_line --partial 'unknown: could not be looked up: no name server gives an answer'
	stop_server
	server=
	# Nobody is there any more: nothing is said to be missing.
	run -75 omni-send-mail --check --dns=127.0.0.1:"$port"
	assert_equal "$(dns_state spf)" unknown
	assert_equal "$(grep -c '"state":"missing"' <<<"$output")" 0
	assert_line --partial 'could not be looked up: no name server'
}

@test "without --dns nobody is asked" {
	need_strace
	use_relay
	run -0 strace -f -e trace=network -o "$SITE/log" omni-send-mail --check -q
	run -1 grep -E 'socket\(AF_INET|connect\(' "$SITE/log"
}

@test "--check goes with the right options only" {
	run -64 omni-send-mail --dns
	assert_output 'omni-send-mail: --dns goes with --check only'
	run -64 omni-send-mail --check -n
	assert_output 'omni-send-mail: one of -n and --check'
	run -64 omni-send-mail --check --dns - </dev/null
	assert_output --partial '--dns looks at channels, not at standard input'
	run -64 omni-send-mail --check sms
	assert_output --partial 'sms: no channel of type email'
	for server_text in here 1.2.3 1.2.3.4:x 1.2.3.4:0 1.2.3.4:70000 \
		1.2.3.4: ::1; do
		run -64 omni-send-mail --check --dns="$server_text"
		assert_output --partial "--dns=$server_text: not an IPv4 address"
	done
	run -64 omni-send-sms --check
}

@test "output that cannot be written is status 74" {
	run -74 bash -c 'omni-send-mail --check >/dev/full'
}

@test "named channels alone are looked at, active or not" {
	cat >>"$OMNI_CONF" <<-'END'
	[channel second]
	type = email
	provider = mta
	active = no
	[provider mta]
	kind = sendmail
	END
	run -0 omni-send-mail --check second
	assert_equal "$(grep '^{' <<<"$output" | jq -r .account | sort -u)" second
	run -0 omni-send-mail --check
	assert_equal "$(grep '^{' <<<"$output" | jq -r .account | sort -u)" \
		$'email\nsecond'
}

# examples FILE: of the variables in a meta.conf, as JSON
examples() {
	sed -n '/^\[variables\]/,/^\[/s/^\([a-z_]*\) = .*example \(.*\)$/"\1": \2/p' \
		"$1" | paste -sd, | sed 's/.*/{&}/'
}

@test "a mail with attachments is looked at, from the input and from the ledger" {
	use_relay
	use_links
	sed -i 's|^\[paths\]|&\nattachments = ../files|' "$OMNI_CONF"
	mkdir "$SITE/files"
	echo hello >"$SITE/files/a.txt"
	mail '. + {route: {}, expires_at: "2026-12-01T00:00:00Z",
		attachments: [{path: "a.txt"}]}'
	run -0 omni-send-mail --check - <"$in"
	refute_output --partial attachments
	run -0 omni-queue -q <"$in"
	run omni-send-mail --check
	refute_output --partial attachments
	mail '.attachments = [{path: "a.txt", type: "x"}]'
	run -1 omni-send-mail --check - <"$in"
	assert_output --partial 'attachments.0.type: not a type'
	# As the ledger has it, and its content is gone.
	sqlite3 "$SITE/spool/ledger.db" "UPDATE content SET body = NULL WHERE
		key LIKE 'attachment/%'"
	run -1 omni-send-mail --check
	assert_output --partial 'attachments.0: its content was erased'
}

@test "the templates that omni brings along give mail without errors" {
	local meta name language
	use_links
	cp -R "$ROOT/share/templates" "$SITE/templates"
	sed -i "s|^templates = .*|templates = $SITE/templates|" "$OMNI_CONF"
	sed -i 's/^requires_approval = yes/requires_approval = no/' \
		"$SITE"/templates/*/meta.conf
	for meta in "$SITE"/templates/*/meta.conf; do
		name=$(basename "$(dirname "$meta")")
		for language in es en; do
			jq -cn --arg name "$name" --arg language "$language" \
				--argjson vars "$(examples "$meta")" '{id:
				"\($name)-\($language)", channel: "email", account:
				"email", to: "ana@example.com", template: $name,
				language: $language, vars: $vars, contact: {name:
				"Ana"}, expires_at: "2026-12-01T00:00:00Z"}'
		done
	done >"$in"
	[ "$(wc -l <"$in")" -ge 28 ]
	omni-render <"$in" >"$SITE/rendered" 2>"$SITE/says" || cat "$SITE/says"
	[ ! -s "$SITE/says" ]
	run -0 omni-send-mail --check - <"$SITE/rendered"
	assert_output ''
}
