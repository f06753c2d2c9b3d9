#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr

setup() {
	load helper
	: "${OMNI_CORPORA:=$ROOT/../shared/corpora}"
	in=$BATS_TEST_TMPDIR/in
}

# ask REGION NUMBER: the answer, in output
ask() {
	printf 't\t%s\t%s\n' "$1" "$2" >"$in"
	run -0 --separate-stderr phonenumber <"$in"
	assert_equal "$stderr" ''
}

# refuses LINE TAG: LINE (for printf) is a bad request, the next one is not
refuses() {
	# shellcheck disable=SC2059	# the escapes are wanted
	printf "$1"'\nnext\tMX\t55 1234 5678\n' >"$in"
	phonenumber <"$in" >"$BATS_TEST_TMPDIR/out"
	mapfile -t lines <"$BATS_TEST_TMPDIR/out"
	assert_equal "${#lines[@]}" 2
	assert_regex "${lines[0]}" \
	    "^$2"$'\tno\tbad_request\t[A-Z][A-Za-z0-9 -]+\\.$'
	assert_equal "${lines[1]%%$'\t+'*}" $'next\tok'
}

@test "a mobile number as it is written at home" {
	ask ES '600 123 456'
	assert_output $'t\tok\t+34600123456\tES\tmobile\t'
}

@test "a number with a country code belongs to its own region" {
	ask MX '+34 600-123-456'
	assert_output $'t\tok\t+34600123456\tES\tmobile\t'
}

@test "the extension is a field of its own" {
	ask MX '+1 (650) 253-0000 ext. 12'
	assert_output $'t\tok\t+16502530000\tUS\tfixed_line_or_mobile\t12'
}

@test "digits of another script come out as ASCII" {
	ask MX '＋１ ٦٥٠ ２５３ ００００ ext. ١٢'
	assert_output $'t\tok\t+16502530000\tUS\tfixed_line_or_mobile\t12'
}

@test "a number that belongs to no country has an empty region" {
	ask MX '+800 1234 5678'
	assert_output $'t\tok\t+80012345678\t\ttoll_free\t'
}

@test "every type by its name" {
	local region number type

	while read -r type region number; do
		ask "$region" "$number"
		assert_regex "$output" \
		    $'^t\tok\t\\+[0-9]+\t'"$region"$'\t'"$type"$'\t$'
	done <<-'EOT'
		mobile GB 07400 123456
		fixed_line GB 0121 234 5678
		fixed_line_or_mobile US 201 555 0123
		toll_free GB 0800 123 4567
		premium_rate GB 0900 123 4567
		shared_cost CH 0840 123 456
		voip GB 056 1234 5678
		personal GB 070 1234 5678
		pager GB 076 4012 3456
		uan GB 055 1234 5678
		voicemail CH 860 123 456 789
	EOT
}

@test "no: every reason by its word" {
	local region number reason

	while read -r reason region number; do
		ask "$region" "$number"
		assert_regex "$output" \
		    $'^t\tno\t'"$reason"$'\t[A-Z][A-Za-z0-9. -]+\\.$'
	done <<-'EOT'
		not_a_number MX ask at the desk
		not_a_number MX
		invalid_country_code MX +999 123 4567
		too_short MX +52 1
		too_long MX 55 1234 5678 9012 3456 7890
		too_short_after_idd MX 00 1
		invalid MX 00000 00000
		invalid US +1 555 555 5555
		bad_region XX 55 1234 5678
		bad_region ZZ +52 55 1234 5678
		bad_region mx 55 1234 5678
		bad_region MEX 55 1234 5678
	EOT
}

@test "an empty region is a bad region" {
	ask '' '+52 55 1234 5678'
	assert_output --partial $'t\tno\tbad_region\t'
}

@test "a malformed request line is answered and the dialogue goes on" {
	refuses '' -
	refuses 'a' a
	refuses 'a\tMX' a
	refuses 'a\tMX\t55 1234 5678\t' a
	refuses '\tMX\t55 1234 5678' -
	refuses '\xc3\xb1\tMX\t55 1234 5678' -
	refuses 'a\001\tMX\t55 1234 5678' -
	refuses 'a\tMX\t55 1234\0 5678' a
	refuses 'a\0\tMX\t55 1234 5678' -
}

@test "what is not UTF-8 is a bad request" {
	local bytes

	for bytes in '\x80' '\xc3' '\xc0\x80' '\xe0\x80\x80' '\xed\xa0\x80' \
	    '\xf0\x80\x80\x80' '\xf4\x90\x80\x80' '\xff' '\xe2\x82'; do
		refuses "a\\tMX\\t55$bytes"' 1234 5678' a
	done
	ask MX $'55\u00a01234\u20135678\U0001f600'
	assert_output $'t\tok\t+525512345678\tMX\tfixed_line_or_mobile\t'
}

@test "1024 bytes are a request, 1025 are too many" {
	printf '%-1024s\n' $'t\tMX\t55 1234 5678' >"$in"
	run -0 phonenumber <"$in"
	assert_output $'t\tok\t+525512345678\tMX\tfixed_line_or_mobile\t'
	refuses "$(printf '%-1025s' $'t\tMX\t55 1234 5678')" t
	refuses "$(printf 't\\tMX\\t%0200000d' 0)" t
	refuses "$(printf '%0200000d' 0)" -
}

@test "a tag of 64 bytes is echoed, one of 65 is not" {
	local tag

	tag=$(printf '~ %062d' 0)
	printf '%s\tES\t600123456\n' "$tag" >"$in"
	run -0 phonenumber <"$in"
	assert_output "$tag"$'\tok\t+34600123456\tES\tmobile\t'
	refuses "${tag}0"'\tES\t600123456' -
}

@test "no answer repeats bytes of the number" {
	ask MX $'\033[2Jrm -rf'
	assert_output $'t\tno\tnot_a_number\tThis is not a phone number.'
}

@test "empty input is fine" {
	run -0 phonenumber </dev/null
	refute_output
}

@test "10,000 requests are answered in order" {
	seq -f $'%.0f\tES\t600123456' 10000 >"$in"
	seq -f $'%.0f\tok\t+34600123456\tES\tmobile\t' 10000 \
	    >"$BATS_TEST_TMPDIR/want"
	phonenumber <"$in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/out"
}

@test "each answer comes before the next request" {
	local answer n pid

	coproc phone { phonenumber; }
	pid=$phone_PID	# the shell forgets it when the program ends
	for n in 1 2 3; do
		printf '%d\tES\t600123456\n' "$n" >&"${phone[1]}"
		IFS= read -r -t 5 -u "${phone[0]}" answer
		assert_equal "$answer" \
		    "$n"$'\tok\t+34600123456\tES\tmobile\t'
	done
	eval "exec ${phone[1]}>&-"
	wait "$pid"
}

@test "whole requests are answered while the next one is still half written" {
	local answer

	coproc phone { phonenumber; }
	pid=$phone_PID	# the shell forgets it when the program ends
	printf '1\tES\t600123456\n2\tES\t600' >&"${phone[1]}"
	IFS= read -r -t 5 -u "${phone[0]}" answer
	assert_equal "$answer" $'1\tok\t+34600123456\tES\tmobile\t'
	printf '123456\n' >&"${phone[1]}"
	IFS= read -r -t 5 -u "${phone[0]}" answer
	assert_equal "$answer" $'2\tok\t+34600123456\tES\tmobile\t'
	eval "exec ${phone[1]}>&-"
	wait "$pid"
}

@test "input that ends inside a line: status 65, the rest is answered" {
	printf '1\tES\t600123456\n2\tES\t600123456' >"$in"
	run -65 --separate-stderr phonenumber <"$in"
	assert_output $'1\tok\t+34600123456\tES\tmobile\t'
	assert_equal "$stderr" 'phonenumber: stdin: ends inside line 2'
	printf '%02000d' 0 >"$in"
	run -65 --separate-stderr phonenumber <"$in"
	refute_output
	assert_equal "$stderr" 'phonenumber: stdin: ends inside line 1'
}

@test "a full disk: status 74" {
	printf '1\tES\t600123456\n' >"$in"
	# shellcheck disable=SC2016	# expanded by the inner shell
	run -74 bash -c 'phonenumber <"$1" >/dev/full' - "$in"
	assert_output 'phonenumber: stdout: No space left on device'
	run -74 bash -c 'phonenumber --help >/dev/full'
	assert_output 'phonenumber: stdout: No space left on device'
}

@test "a closed descriptor: status 74" {
	run -74 bash -c 'phonenumber </dev/null >&-'
	assert_output 'phonenumber: stdout: Bad file descriptor'
	run -74 bash -c 'phonenumber <&-'
	assert_output 'phonenumber: stdin: Bad file descriptor'
	run -74 bash -c 'phonenumber </dev/null 2>&-'
	refute_output
}

@test "input that cannot be read: status 74" {
	run -74 phonenumber <"$BATS_TEST_TMPDIR"
	assert_output 'phonenumber: stdin: Is a directory'
}

@test "a reader that is gone: status 74 when SIGPIPE is ignored" {
	printf '1\tES\t600123456\n' >"$in"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	# shellcheck disable=SC2094	# opening to write alone would block
	exec 7<>"$BATS_TEST_TMPDIR/fifo" 8>"$BATS_TEST_TMPDIR/fifo" 7>&-
	# shellcheck disable=SC2016	# expanded by the inner shell
	run -74 --separate-stderr \
	    bash -c 'trap "" PIPE; phonenumber <"$1" >&8' - "$in"
	exec 8>&-
	assert_equal "$stderr" 'phonenumber: stdout: Broken pipe'
}

@test "-h and --help: usage on stdout" {
	local option

	for option in -h --help; do
		run -0 --separate-stderr phonenumber "$option"
		assert_output 'usage: phonenumber [-u | -h | -V]'
		assert_equal "$stderr" ''
	done
}

@test "-V and --version: the version on stdout" {
	local option

	for option in -V --version; do
		run -0 --separate-stderr phonenumber "$option"
		assert_regex "$output" '^phonenumber [0-9]+\.[0-9]+\.[0-9]+'
		assert_equal "$stderr" ''
	done
}

@test "wrong usage: status 64, usage on stderr, nothing on stdout" {
	local args

	for args in -x --helpme -- file '-h -V' '-V extra'; do
		# shellcheck disable=SC2086	# split on purpose
		run -64 --separate-stderr phonenumber $args </dev/null
		refute_output
		assert_equal "$stderr" 'usage: phonenumber [-u | -h | -V]'
	done
	run -64 --separate-stderr phonenumber '' </dev/null
	refute_output
}

@test "the corpus: 20,974 numbers, the same E.164 as libphonenumber's" {
	local numbers=$OMNI_CORPORA/phone/numbers.ndjson

	[[ -r $numbers ]] || skip "$numbers is not there"
	# jq 1.6 takes .e164 for a number.
	jq -r '[input_line_number, .region, .in] | join("\t")' "$numbers" \
	    >"$in"
	jq -r '[input_line_number, (.["e164"] // "no")] | join("\t")' \
	    "$numbers" >"$BATS_TEST_TMPDIR/want"
	phonenumber <"$in" >"$BATS_TEST_TMPDIR/out"
	awk -F '\t' '{ print $1 "\t" ($2 == "ok" ? $3 : $2) }' \
	    "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/got"
	[[ -s $BATS_TEST_TMPDIR/want ]]
	diff -u "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got"
}
