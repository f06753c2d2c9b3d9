#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# Signed links in what people read, and List-Unsubscribe in their mail.

setup() {
	load helper
	make_site
	at 2026-11-23T23:00:00Z
	export LINKS_KEY=0123456789abcdef0123456789abcdef
	printf '[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	mkdir -p "$SITE/templates/note/es"
	sed -i "s|^templates = .*|templates = ../templates|" "$OMNI_CONF"
	printf '[template]\nname = note\nclass = reminder\nchannels = email sms\nactive = yes\n' \
		>"$SITE/templates/note/meta.conf"
	echo 'Nota' >"$SITE/templates/note/es/subject"
	printf '%s' '{{ links.confirm }} {{ links.preferences }} {{ links.unsubscribe }}' \
		>"$SITE/templates/note/es/text"
}

# record [MEMBERS]: routed, to be rendered
record() {
	printf '{"id":"appointment-42.r1/1","channel":"email","account":"email","class":"reminder","to":"a@example.org","language":"es","template":"note","vars":{"at":"2026-11-24T10:30:00-06:00"}%s}\n' \
		"${1:+,$1}" >"$BATS_TEST_TMPDIR/record"
}

render() {
	local status=$1
	shift
	run "-$status" --separate-stderr omni-render "$@" \
		<"$BATS_TEST_TMPDIR/record"
}

@test "a template has the three links, signed, and the same each time (Inv. 12)" {
	record
	render 0
	first=$output
	assert_equal "$(jq -r .text <<<"$output" | cut -d' ' -f1)" \
		https://hooks.example.com/omni/confirm?t=1cHnEiappointment-42.r1_2F1vfNfdFQXywBrYw
	assert_equal "$(jq -r .text <<<"$output" | tr ' ' '\n' |
		sed -E 's|.*/omni/([a-z]+)\?t=1[cpu][A-Za-z0-9_-]{4}appointment-42.r1_2F1[A-Za-z0-9_-]{13}[AQgw]$|\1|' | xargs)" \
		'confirm preferences unsubscribe'
	render 0
	assert_equal "$output" "$first"
	# From its own output too.
	printf '%s\n' "$first" >"$BATS_TEST_TMPDIR/record"
	render 0
	assert_equal "$output" "$first"
}

@test "without a key or an id a template that needs a link is refused (Inv. 10)" {
	sed -i '/^\[links\]/,$d' "$OMNI_CONF"
	record
	render 1
	assert_equal "$(jq -r .error.field <<<"$output")" links.confirm
	record
	sed -i 's/"id":"[^"]*",//' "$BATS_TEST_TMPDIR/record"
	printf '[links]\nkey = env:LINKS_KEY\n' >>"$OMNI_CONF"
	render 1
	assert_equal "$(jq -r .error.field <<<"$output")" links.confirm
}

@test "a class that can be left says how in its mail, the others do not" {
	record
	render 0
	assert_equal "$(jq -r '.headers["List-Unsubscribe"]' <<<"$output")" \
		"<$(jq -r .text <<<"$output" | cut -d' ' -f3)>"
	assert_equal "$(jq -r '.headers["List-Unsubscribe-Post"]' <<<"$output")" \
		List-Unsubscribe=One-Click
	render 0 -o 'class reminder.unsubscribe=no'
	assert_equal "$(jq -c .headers <<<"$output")" null
	render 0 -o links.mailto=baja@clinic.example
	[[ $(jq -r '.headers["List-Unsubscribe"]' <<<"$output") == \
		'<https://'*'>, <mailto:baja@clinic.example?subject=1u'*'>' ]]
}

@test "a bad header is refused where it is made (Inv. 10)" {
	record '"headers":{"X-A":"1\r\nBcc: eve@example.org"}'
	render 1
	assert_equal "$(jq -r '.error | .code, .field' <<<"$output" | xargs)" \
		'bad_header headers.X-A'
	assert_equal "$stderr" 'omni-render: line 1: appointment-42.r1/1: headers.X-A: control character or line end'
}

@test "a key that is short, missing or no secret: 78, and it is not told (Inv. 11)" {
	record
	LINKS_KEY=hunter2hunter2 render 78
	assert_equal "$stderr" \
		'omni-render: key of [links]: has 14 bytes, 32 are needed'
	LINKS_KEY='' render 78
	assert_equal "$stderr" 'omni-render: key of [links] is empty'
	render 78 -o links.key=hunter2hunter2
	[[ $stderr != *hunter2* ]]
	render 78 -o links.ttl=0d
	render 78 -o site.public_url=nowhere
}
