/*
 * Questions to phonenumber(1) made by chance, for libFuzzer or feed.c: each
 * line gets one, with its tag, in the form of the manual.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <exception>
#include <new>
#include <set>
#include <string>
#include <string_view>

static std::string said;

static ssize_t
keep(int fd, const void *data, size_t len)
{
	(void)fd;
	said.append(static_cast<const char *>(data), len);
	return static_cast<ssize_t>(len);
}

#define write	keep
#define main	phonenumber_main
int phonenumber_main(int argc, char *argv[]);
#include "../../src/phonenumber/phonenumber.cc"
#undef write
#undef main

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

void
promise(bool kept, const char *what)
{
	if (kept)
		return;
	fprintf(stderr, "promise broken: %s\n", what);
	abort();
}

/* The i-th field of a line between tabs; "\n" where there is none. */
string
field(const string &line, int i)
{
	size_t at = 0, end;

	for (; i > 0; i--) {
		at = line.find('\t', at);
		if (at == string::npos)
			return "\n";
		at++;
	}
	end = line.find('\t', at);
	return line.substr(at, end == string::npos ? end : end - at);
}

bool
has_only(const string &s, const char *bytes)
{
	return s.find_first_not_of(bytes) == string::npos;
}

void
check_number(const string &line)
{
	string number = field(line, 2), country = field(line, 3);

	promise(number[0] == '+' && number.size() > 3 && number.size() < 20 &&
	    has_only(number.substr(1), "0123456789"), "a number is E.164");
	promise(country.empty() || (country.size() == 2 &&
	    has_only(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
	    "a country has two letters");
	promise(!field(line, 4).empty() && has_only(field(line, 4),
	    "abcdefghijklmnopqrstuvwxyz_"), "a type is a word");
	promise(has_only(field(line, 5), "0123456789"),
	    "an extension is digits");
	promise(field(line, 6) == "\n", "there is no more");
}

void
check_answer(string_view line, const string &answer)
{
	request r;
	string tag;

	promise(answer.size() > 1 && answer.back() == '\n' &&
	    answer.find('\n') == answer.size() - 1, "one line for a line");
	promise(is_utf8(answer), "an answer is UTF-8");
	parse(line, r);
	tag = string(r.tag);
	promise(field(answer, 0) == tag, "the tag comes back");
	if (field(answer, 1) == "ok")
		check_number(answer.substr(0, answer.size() - 1));
	else
		promise(field(answer, 1) == "no" && !field(answer, 2).empty() &&
		    has_only(field(answer, 2), "abcdefghijklmnopqrstuvwxyz_") &&
		    field(answer, 4) == "\n", "a refusal has a reason");
}

}	/* namespace */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const library lib;
	string_view text(reinterpret_cast<const char *>(data), size);

	while (!text.empty()) {
		/* The reader hands out no more than this of a line. */
		size_t end = text.find('\n');
		string_view line = text.substr(0, end).substr(0,
		    REQUEST_MAX + 1);
		output out;

		said.clear();
		answer(lib, line, out);
		out.flush();
		check_answer(line, said);
		text.remove_prefix(end == text.npos ? text.size() : end + 1);
	}
	return 0;
}
