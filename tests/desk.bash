# shellcheck shell=bash
# For the tests of the staff's page: a clinic, people who write, and requests.

# make_clinic: with staff, at 17:00
make_clinic() {
	make_ledger 2026-11-23T23:00:00Z
	keep_console
	export TWILIO_AUTH_TOKEN=12345678901234567890123456789012 USER=ana
	unset SUDO_USER GATEWAY_INTERFACE
	sed -i 's/^provider = maildir/provider = console/' "$OMNI_CONF"
	cat >>"$OMNI_CONF" <<-END
	[staff ana]
	name = Ana Ruiz
	[staff luis]
	name = Luis
	[staff eva]
	role = read
	language = en
	END
	inbound=$SITE/spool/inbound
	mkdir -p "$inbound"/{tmp,new,cur,bad}
	names=0
}

# contact ID PHONE NAME
contact() {
	jq -cn --arg id "$1" --arg phone "$2" --arg name "$3" '{id: $id,
		name: $name, phone: $phone, whatsapp: $phone,
		email: "\($id)@example.org"}' >"$BATS_TEST_TMPDIR/contact"
	run -0 omni-contact import -q <"$BATS_TEST_TMPDIR/contact"
}

# text FROM BODY [CHANNEL]: somebody writes by Twilio
text() {
	local sid from=$1 kind=${3-sms} prefix=
	names=$((names + 1))
	sid=$(printf 'SM%032d' "$names")
	[ "$kind" = sms ] || prefix=whatsapp:
	printf 'Hook: %s\nReceived: %s\nContent-Type: x\nQuery: \nToken: \n\n%s' \
		twilio/sms "$OMNI_NOW" "$(jq -rn '$ARGS.positional |
		map(capture("(?<k>[^=]*)=(?<v>.*)"; "m") | .k + "=" +
		(.v | @uri)) | join("&")' --args "MessageSid=$sid" \
		"From=$prefix$from" "To=$prefix+525587654321" "Body=$2")" \
		>"$inbound/new/$names"
	run -0 omni-ingest -q
}

# request METHOD PATH QUERY [ENV=VALUE]...: with the body that lies there; the
# answer's $head and $page
request() {
	local method=$1 path=$2 query=$3
	shift 3
	# shellcheck disable=SC2154	# the test says who asks
	run -0 --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD="$method" SCRIPT_NAME=/inbox \
		PATH_INFO="$path" QUERY_STRING="$query" REMOTE_USER="$user" \
		"$@" omni-inbox-cgi <"$BATS_TEST_TMPDIR/body"
	# shellcheck disable=SC2154	# run(1) of bats sets it
	head=${output%%$'\r\n\r'*}
	# shellcheck disable=SC2034	# for the tests
	page=${output:${#head} + 4}
}

# get PATH [QUERY] [ENV=VALUE]...
get() {
	local path=$1 query=${2-}
	: >"$BATS_TEST_TMPDIR/body"
	shift $(($# > 1 ? 2 : 1))
	request GET "$path" "$query" "$@"
}

# fields NAME=VALUE...: as the form sends them
fields() {
	jq -rjn '$ARGS.positional | map(capture("(?<k>[^=]*)=(?<v>.*)"; "m") |
		(.k | @uri) + "=" + (.v | @uri)) | join("&")' --args -- "$@" \
		>"$BATS_TEST_TMPDIR/body"
}

# post PATH NAME=VALUE...: a form with the token of today
post() {
	local path=$1
	shift
	fields "token=$(token)" "$@"
	post_body "$path"
}

# post_body PATH [ENV=VALUE]...
post_body() {
	local path=$1
	shift
	request POST "$path" '' \
		CONTENT_TYPE=application/x-www-form-urlencoded \
		CONTENT_LENGTH="$(stat -c %s "$BATS_TEST_TMPDIR/body")" "$@"
}

# token: that of the forms that $user gets; nothing for who only reads
token() {
	env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET PATH_INFO=/conversation \
		QUERY_STRING=id=contact:rosa REMOTE_USER="${user:-ana}" \
		omni-inbox-cgi </dev/null | value_of token
}

# value_of NAME: of the first such field of the page on standard input
value_of() {
	sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" | head -n 1
}

# answers STATUS: it got this answer
answers() {
	assert_equal "${output%%$'\r'*}" "Status: $1"
}
