# shellcheck shell=bash
# For the tests of the staff's page: a clinic with staff, and requests.

load people

# make_clinic: with staff, at 17:00
make_clinic() {
	open_clinic
	cat >>"$OMNI_CONF" <<-END
	[staff ana]
	name = Ana Ruiz
	[staff luis]
	name = Luis
	[staff eva]
	role = read
	language = en
	END
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
