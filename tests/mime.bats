#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
#
# Mails are read by a parser not ours: Python's email package.

setup() {
	load helper
	MAILBUILD=$ROOT/build/tests/fake/mailbuild
	export MAILBUILD
}

# reads: runs Python from standard input, behind the functions of prelude
reads() {
	{ prelude; cat; } >"$BATS_TEST_TMPDIR/read.py"
	/usr/bin/python3 "$BATS_TEST_TMPDIR/read.py"
}

prelude() {
	cat <<-'END'
	import email, email.header, email.policy, email.utils
	import json, os, random, re, subprocess

	PLAIN = {'id': 'm/1', 'from': 'a@clinic.example',
	    'to': 'b@example.org', 'subject': 's', 'text': 't'}

	def build(**members):
	    mail = {**PLAIN, **members}
	    out = subprocess.run([os.environ['MAILBUILD']],
	        input=json.dumps(mail).encode() + b'\n',
	        stdout=subprocess.PIPE, check=True).stdout
	    return out

	def parse(raw):
	    # strict raises for a defect; those of headers appear on access
	    msg = email.message_from_bytes(raw, policy=email.policy.strict)
	    for part in msg.walk():
	        assert part.defects == [], part.defects
	        for name, value in part.items():
	            assert value.defects == (), (name, value.defects)
	    return msg

	def body(msg, subtype):
	    part = msg.get_body((subtype,))
	    text = lines(part.get_payload(decode=True).decode())
	    if part['content-type'].params.get('format') == 'flowed':
	        text = unflow(text)
	    return text

	# RFC 3676 4.2, for a text without quotes
	def unflow(text):
	    out, joined = [], False
	    for line in text.split('\n'):
	        flowed = line.endswith(' ') and line != '-- '
	        if line.startswith(' '):
	            line = line[1:]
	        if joined:
	            out[-1] += line
	        else:
	            out.append(line)
	        joined = flowed
	    return '\n'.join(out)

	def lines(text):
	    return text.replace('\r\n', '\n').replace('\r', '\n')

	# Python 3.11 keeps the space between two encoded words of a name
	# (bpo-35547); its older functions know better
	def display_name(raw, header):
	    value = email.message_from_bytes(raw)[header].replace('\r\n', '')
	    name = email.utils.parseaddr(value)[0]
	    return str(email.header.make_header(
	        email.header.decode_header(name)))

	def header_lines(raw):
	    return raw.split(b'\r\n\r\n')[0].split(b'\r\n')
	END
}

@test "a mail in two forms is what a person expects" {
	reads <<-'END'
	msg = parse(build(**{'from': 'Clínica Sol <citas@clínica.example>'},
	    id='appointment-42.r1/1', to_name='Pérez, María',
	    subject='Tu cita: mañana', text='Hola María\n',
	    html='<p>Hola María</p>', language='es', automatic='auto-generated',
	    in_reply_to='<x@example.org>', headers={'X-A': 'uno  dos'}))
	assert msg['from'].addresses[0].display_name == 'Clínica Sol'
	assert msg['from'].addresses[0].domain == 'xn--clnica-4va.example'
	assert len(msg['to'].addresses) == 1
	assert msg['to'].addresses[0].display_name == 'Pérez, María'
	assert msg['to'].addresses[0].addr_spec == 'b@example.org'
	assert msg['subject'] == 'Tu cita: mañana'
	assert msg['date'].datetime.isoformat() == '2026-11-23T09:00:00+01:00'
	assert msg['message-id'] == \
	    '<appointment-42.r1/1@xn--clnica-4va.example>'
	assert msg['in-reply-to'] == msg['references'] == '<x@example.org>'
	assert msg['auto-submitted'] == 'auto-generated'
	assert msg['content-language'] == 'es'
	assert msg['x-omni-id'] == 'appointment-42.r1/1'
	assert msg['x-a'] == 'uno  dos'
	assert msg.get_content_type() == 'multipart/alternative'
	assert [p.get_content_type() for p in msg.iter_parts()] == \
	    ['text/plain', 'text/html']
	assert msg.preamble is None and not msg.epilogue
	assert body(msg, 'plain') == 'Hola María\n'
	assert body(msg, 'html') == '<p>Hola María</p>'
	END
}

@test "headers stand in their order, each once" {
	reads <<-'END'
	raw = build(reply_to='r@clinic.example', language='es', automatic='auto-generated',
	    in_reply_to='<x@example.org>', headers={'X-A': '1', 'X-B': '2'})
	assert parse(raw).keys() == ['From', 'To', 'Reply-To', 'Subject',
	    'Date', 'Message-ID', 'In-Reply-To', 'References',
	    'MIME-Version', 'Auto-Submitted', 'X-Auto-Response-Suppress',
	    'Content-Language', 'X-Omni-ID',
	    'X-A', 'X-B', 'Content-Type', 'Content-Transfer-Encoding']
	END
}

@test "List-Unsubscribe keeps its URLs whole, however long" {
	reads <<-'END'
	for token in ('1uHnEix_2F1vfNfdFQXywBrYw', '1u' + '_20' * 206):
	    url = 'https://clinic.example/omni/unsubscribe?t=' + token
	    mail = 'mailto:baja+x@clinic.example?subject=' + token
	    for value in ('<%s>' % url, '<%s>, <%s>' % (url, mail)):
	        raw = build(headers={'List-Unsubscribe': value,
	            'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click'})
	        msg = parse(raw)
	        assert msg.get_all('list-unsubscribe') == [value]
	        assert msg.get_all('list-unsubscribe-post') == \
	            ['List-Unsubscribe=One-Click']
	        assert max(map(len, header_lines(raw))) <= 998
	        # Folded at the one space there is, and never inside a URL
	        joined = b'\n'.join(header_lines(raw))
	        assert b'List-Unsubscribe: <' + url.encode() + b'>' in joined
	        assert joined.count(b'<mailto:') == value.count('<mailto:')
	        assert b'List-Unsubscribe-Post: List-Unsubscribe=One-Click\n' \
	            in joined
	END
}

@test "any text comes back as it went in, in 7-bit lines" {
	reads <<-'END'
	rnd = random.Random(20261123)
	pieces = ['a', 'cita', 'María', 'ñ', '¿', '¡', '€', 'é', 'e\u0301',
	    '😀', '👩\u200d⚕\ufe0f', '🇪🇸', 'Привет', '漢字', 'שלום',
	    '\u202eabc', '\u200b', '\u00a0', '\u2028', '\ufeff', '\ufffd',
	    '\U0010ffff', '=', '=?', '?=', '=?UTF-8?Q?x?=', '=3D', '=\n', '_',
	    '?', '"', '\\', '<', '>', ',', ';', ':', '(', ')', '@', '.', "'",
	    '<b@example.org>', 'From ', 'Bcc: x@example.org', '--', '--omni-',
	    ' ', '  ', '   ', 'x' * 59, 'x' * 60, 'x' * 61, 'y' * 80,
	    'ñ' * 40, '😀' * 30, 'z' * 1200]
	ends = ['\n', '\r\n', '\r', '\n\n', '\n.\n', '\n..', ' \n', '\t\n',
	    '\nFrom x\n', '\n--', '\x0c', '\x01', '\x7f', '\x85', '\t']

	def text(choice, most):
	    return ''.join(rnd.choice(choice)
	        for _ in range(rnd.randint(0, most)))

	def one(most):
	    return text([p for p in pieces if '\n' not in p], most)

	for i in range(200):
	    subject = one(rnd.choice([2, 6, 25])) or 'x'
	    name = one(6)[:240].strip(' ')
	    while len(name.encode()) > 1000:
	        name = name[:-1].strip(' ')
	    plain = text(pieces + ends * 2, 40)
	    html = text(pieces + ends * 2, 40)
	    sender = '"%s" ' % re.sub(r'(["\\])', r'\\\1', name) if name else ''
	    raw = build(**{'from': sender + '<a@clinic.example>'}, id=one(9)
	        or 'x', subject=subject, to_name=name, text=plain, html=html)
	    msg = parse(raw)
	    assert msg['subject'] == subject, (msg['subject'], subject)
	    for header in ('from', 'to'):
	        who = msg[header].addresses
	        assert len(who) == 1, who
	        assert display_name(raw, header) == name, name
	    assert msg['to'].addresses[0].addr_spec == 'b@example.org'
	    assert msg['bcc'] is None
	    if html and not plain:
	        assert msg.get_content_type() == 'text/html'
	        assert body(msg, 'html').rstrip('\n') == \
	            lines(html).rstrip('\n')
	    elif html:
	        assert body(msg, 'plain') == lines(plain), (plain)
	        assert body(msg, 'html') == lines(html), (html)
	    else:
	        assert body(msg, 'plain').rstrip('\n') == \
	            lines(plain).rstrip('\n')
	    assert raw.isascii() and b'\0' not in raw
	    assert b'\n' not in raw.replace(b'\r\n', b'')
	    assert b'\r' not in raw.replace(b'\r\n', b'')
	    assert max(map(len, raw.split(b'\r\n'))) <= 998
	    for line in header_lines(raw):
	        if not line.startswith((b'Message-ID', b' <', b'X-Omni')):
	            assert 1 < len(line) <= 76, line
	        assert line.strip() and len(line) <= 600
	    for word in re.findall(rb'=\?UTF-8\?[QB]\?[^?]*\?=',
	        b'\n'.join(header_lines(raw))):
	        assert len(word) <= 75
	        email.header.decode_header(word.decode())[0][0].decode('utf-8')
	END
}

@test "a body without a twin in HTML comes back as it went in" {
	reads <<-'END'
	for text in ('a', 'a\n', 'ñ', 'ñ\n', 'a \n', '.\n', 'From x\n',
	    '\n\n', 'a\n\n', 'x' * 78, 'x' * 79, 'ñ' * 2000, '=\n', ' '):
	    msg = parse(build(text=text))
	    assert msg.get_content_type() == 'text/plain'
	    want = text if text.endswith('\n') else text + '\n'
	    assert body(msg, 'plain') == want, text
	END
}

@test "Message-IDs differ when ids do, and only then" {
	reads <<-'END'
	ids = ['a', 'A', 'a.b', 'a..b', 'a.', '.a', 'a=2Eb', 'a b', 'a=20b',
	    'ñ', 'n\u0303', 'a@b', 'a>b', 'x' * 200, 'x' * 201, 'x' * 202, '"']
	seen = {parse(build(id=i))['message-id'] for i in ids}
	assert len(seen) == len(ids)
	assert all(re.fullmatch(r"<[!-~]+@clinic\.example>", i) for i in seen)
	assert build(attempt=1) == build(attempt=2)
	END
}

@test "what could forge a header is refused, and the field is named" {
	while IFS=$'\t' read -r field json; do
		run -1 --separate-stderr "$MAILBUILD" <<<"$json"
		assert_output ''
		assert_equal "${stderr%%: *}" mailbuild
		[[ $stderr == "mailbuild: $field"* ]]
	done <<-'END'
	subject: control	{"id":"1","from":"a@b","to":"c@d","subject":"x\r\nBcc: e@f"}
	to: not one	{"id":"1","from":"a@b","to":"c@d, e@f","subject":"x"}
	to: control	{"id":"1","from":"a@b","to":"c@d\nBcc: e@f","subject":"x"}
	to_name: control	{"id":"1","from":"a@b","to":"c@d","to_name":"\n","subject":"x"}
	from: control	{"id":"1","from":"A\n <a@b>","to":"c@d","subject":"x"}
	headers.Bcc: may not	{"id":"1","from":"a@b","to":"c@d","subject":"x","headers":{"Bcc":"e@f"}}
	headers.X-A: control	{"id":"1","from":"a@b","to":"c@d","subject":"x","headers":{"X-A":"1\n2"}}
	text: empty	{"id":"1","from":"a@b","to":"c@d"}
	message: larger	{"id":"1","from":"a@b","to":"c@d","subject":"x","max":100}
	END
}
