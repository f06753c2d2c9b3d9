/*
 * phonenumber: what Google's libphonenumber knows, one line per number.
 * The protocol is specified in phonenumber(1).
 *
 * Input and output are plain read(2) and write(2): only so is it certain that
 * every answer is out before the program can block for the next request, and
 * that a batch is not flushed line by line.
 */
#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include <unicode/uclean.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
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

/* In C a structure and a function may have the same name. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "base/confine.h"
}
#pragma GCC diagnostic pop

#ifndef OMNI_VERSION
#define OMNI_VERSION	"0.1.0"
#endif

#define REQUEST_MAX	1024		/* bytes, without the newline */
#define TAG_MAX		64		/* bytes */
#define BUFFER_SIZE	(64 * 1024)	/* bytes of input read at once */
#define FLUSH_AT	(4 * 1024)	/* bytes: a caller need not wait for all */

#define USAGE		"usage: phonenumber [-u | -h | -V]\n"

using i18n::phonenumbers::NullLogger;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using std::string;
using std::string_view;

namespace {

class output {
public:
	void
	put(string_view s)
	{
		if (buf.size() + s.size() > FLUSH_AT)
			flush();
		buf.append(s);
	}

	void
	flush()
	{
		size_t done = 0;

		while (done < buf.size()) {
			ssize_t n = write(STDOUT_FILENO, buf.data() + done,
			    buf.size() - done);

			if (n == -1 && errno != EINTR)
				err(EX_IOERR, "stdout");
			if (n > 0)
				done += static_cast<size_t>(n);
		}
		buf.clear();
	}

	void
	close()
	{
		flush();
		/* Some file systems report a failed write only on close. */
		if (::close(STDOUT_FILENO) == -1)
			err(EX_IOERR, "stdout");
	}

private:
	string buf;
};

class input {
public:
	explicit input(output &answers) : out(answers) {}

	/*
	 * Stores the next line, without its newline, in `line`; of one longer
	 * than REQUEST_MAX only the first REQUEST_MAX + 1 bytes.  Returns false
	 * at the end; `line` is then empty, unless input ends inside a line.
	 */
	bool
	next(string &line)
	{
		line.clear();
		while (pos < len || fill()) {
			const char *start = buf + pos;
			const void *nl = memchr(start, '\n', len - pos);
			size_t n = len - pos;

			if (nl != nullptr)
				n = static_cast<size_t>(
				    static_cast<const char *>(nl) - start);
			/* append() stops where the view ends. */
			line.append(string_view(start, n), 0,
			    REQUEST_MAX + 1 - line.size());
			pos += n;
			if (nl != nullptr) {
				pos++;
				return true;
			}
		}
		return false;
	}

private:
	bool
	fill()
	{
		ssize_t n;

		/* Whoever waits for these answers may send nothing before. */
		out.flush();
		do {
			n = read(STDIN_FILENO, buf, sizeof(buf));
		} while (n == -1 && errno == EINTR);
		if (n == -1)
			err(EX_IOERR, "stdin");
		pos = 0;
		len = static_cast<size_t>(n);
		return n > 0;
	}

	output &out;
	size_t pos = 0, len = 0;
	char buf[BUFFER_SIZE];
};

struct request {
	string_view tag = "-";
	string_view region, number;
};

struct library {
	PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
	std::set<string> regions;

	library()
	{
		/* Its own logger writes to stdout, among the answers. */
		util->SetLogger(new NullLogger());	/* takes it */
		util->GetSupportedRegions(&regions);
	}
};

/*
 * The length of the UTF-8 sequence that `s` begins with, 0 if it is none.
 * Overlong forms, surrogates and what lies beyond U+10FFFF are none
 * (RFC 3629, section 4).
 */
size_t
utf8_sequence(string_view s)
{
	unsigned char c = static_cast<unsigned char>(s[0]);
	unsigned char low = 0x80, high = 0xbf;	/* of the second byte */
	size_t n;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (s.size() < n)
		return 0;
	for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf) {
		c = static_cast<unsigned char>(s[i]);
		if (c < low || c > high)
			return 0;
	}
	return n;
}

bool
is_utf8(string_view s)
{
	while (!s.empty()) {
		size_t n = utf8_sequence(s);

		if (n == 0)
			return false;
		s.remove_prefix(n);
	}
	return true;
}

bool
is_tag(string_view s)
{
	if (s.empty() || s.size() > TAG_MAX)
		return false;
	for (char c : s)
		if (c < ' ' || c > '~')
			return false;
	return true;
}

/* Returns what is wrong with the line, or nullptr.  `r` borrows from `line`. */
const char *
parse(string_view line, request &r)
{
	size_t first = line.find('\t');
	string_view tag = line.substr(0, first);
	size_t second;

	if (is_tag(tag))
		r.tag = tag;
	if (line.size() > REQUEST_MAX)
		return "The request is longer than 1024 bytes.";
	if (line.find('\0') != line.npos)
		return "The request contains a NUL byte.";
	if (!is_utf8(line))
		return "The request is not valid UTF-8.";
	if (!is_tag(tag))
		return "The tag is not 1 to 64 printable ASCII characters.";
	if (first == line.npos)
		return "The request has fewer than three fields.";
	second = line.find('\t', first + 1);
	if (second == line.npos)
		return "The request has fewer than three fields.";
	if (line.find('\t', second + 1) != line.npos)
		return "The request has more than three fields.";
	r.region = line.substr(first + 1, second - first - 1);
	r.number = line.substr(second + 1);
	return nullptr;
}

const char *
type_name(PhoneNumberUtil::PhoneNumberType type)
{
	switch (type) {
	case PhoneNumberUtil::FIXED_LINE:
		return "fixed_line";
	case PhoneNumberUtil::MOBILE:
		return "mobile";
	case PhoneNumberUtil::FIXED_LINE_OR_MOBILE:
		return "fixed_line_or_mobile";
	case PhoneNumberUtil::TOLL_FREE:
		return "toll_free";
	case PhoneNumberUtil::PREMIUM_RATE:
		return "premium_rate";
	case PhoneNumberUtil::SHARED_COST:
		return "shared_cost";
	case PhoneNumberUtil::VOIP:
		return "voip";
	case PhoneNumberUtil::PERSONAL_NUMBER:
		return "personal";
	case PhoneNumberUtil::PAGER:
		return "pager";
	case PhoneNumberUtil::UAN:
		return "uan";
	case PhoneNumberUtil::VOICEMAIL:
		return "voicemail";
	case PhoneNumberUtil::UNKNOWN:
		break;
	}
	return "unknown";
}

/* Reason and text, a tab between them. */
const char *
refusal(PhoneNumberUtil::ErrorType error)
{
	switch (error) {
	case PhoneNumberUtil::NO_PARSING_ERROR:
		return "invalid\tNo numbering plan has such a number.";
	case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
		return "invalid_country_code\t"
		    "The number begins with an unknown country code.";
	case PhoneNumberUtil::NOT_A_NUMBER:
		break;
	case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
		return "too_short_after_idd\tThe number is too short "
		    "after the international prefix.";
	case PhoneNumberUtil::TOO_SHORT_NSN:
		return "too_short\tThe number has too few digits.";
	case PhoneNumberUtil::TOO_LONG_NSN:
		return "too_long\tThe number has too many digits.";
	}
	return "not_a_number\tThis is not a phone number.";
}

void
put_number(const PhoneNumberUtil &util, const PhoneNumber &number,
    PhoneNumberUtil::PhoneNumberType type, output &out)
{
	string e164, region, extension = number.extension();

	util.Format(number, PhoneNumberUtil::E164, &e164);
	util.GetRegionCodeForNumber(number, &region);
	if (region.size() != 2)		/* 001: belongs to no country */
		region.clear();
	/* They may be digits of another script. */
	util.NormalizeDigitsOnly(&extension);
	out.put("\tok\t");
	out.put(e164);
	out.put("\t");
	out.put(region);
	out.put("\t");
	out.put(type_name(type));
	out.put("\t");
	out.put(extension);
}

void
answer(const library &lib, string_view line, output &out)
{
	request r;
	PhoneNumber number;
	PhoneNumberUtil::PhoneNumberType type = PhoneNumberUtil::UNKNOWN;
	PhoneNumberUtil::ErrorType error;
	const char *complaint = parse(line, r);

	out.put(r.tag);
	if (complaint != nullptr) {
		out.put("\tno\tbad_request\t");
		out.put(complaint);
	} else if (lib.regions.count(string(r.region)) == 0) {
		out.put("\tno\tbad_region\tThe region is not known.");
	} else {
		error = lib.util->Parse(string(r.number), string(r.region),
		    &number);
		/*
		 * A number is valid if it is of some type.  IsValidNumber()
		 * finds out the same once more, and takes as long.
		 */
		if (error == PhoneNumberUtil::NO_PARSING_ERROR)
			type = lib.util->GetNumberType(number);
		if (type != PhoneNumberUtil::UNKNOWN) {
			put_number(*lib.util, number, type, out);
		} else {
			out.put("\tno\t");
			out.put(refusal(error));
		}
	}
	out.put("\n");
}

/*
 * What is opened later must not become one of the three.  stderr comes first:
 * without it the others could not be reported.
 */
void
check_descriptors()
{
	if (fcntl(STDERR_FILENO, F_GETFD) == -1)
		_exit(EX_IOERR);
	if (fcntl(STDIN_FILENO, F_GETFD) == -1)
		err(EX_IOERR, "stdin");
	if (fcntl(STDOUT_FILENO, F_GETFD) == -1)
		err(EX_IOERR, "stdout");
}

/* All that is left to do is to read lines and to write lines. */
void
give_up_the_rest()
{
	struct confine_files none = {};

	confine_reading(&none, false);
}

int
converse(output &out, bool confined)
{
	library lib;
	input in(out);
	string line;
	unsigned long long lineno = 0;

	if (confined)
		give_up_the_rest();
	for (; in.next(line); lineno++)
		answer(lib, line, out);
	if (line.empty())
		return EX_OK;
	warnx("stdin: ends inside line %llu", lineno + 1);
	return EX_DATAERR;
}

int
run(string_view option, int argc)
{
	output out;
	int status = EX_OK;

	if (argc == 1 || (argc == 2 && option == "-u"))
		status = converse(out, argc == 1);
	else if (argc == 2 && (option == "-h" || option == "--help"))
		out.put(USAGE);
	else if (argc == 2 && (option == "-V" || option == "--version"))
		out.put("phonenumber " OMNI_VERSION "\n");
	else {
		fputs(USAGE, stderr);
		return EX_USAGE;
	}
	out.close();
	return status;
}

/*
 * No memory ends the program wherever it happens.  ICU, asked by the library,
 * would take a number for none without it, and an exception may find no
 * memory either.
 */
void *
checked(void *p)
{
	static const char text[] = "phonenumber: out of memory\n";

	if (p == NULL) {
		if (write(STDERR_FILENO, text, sizeof(text) - 1) == -1)
			_exit(EX_OSERR);
		_exit(EX_OSERR);
	}
	return p;
}

void *
get(const void *, size_t len)
{
	return checked(malloc(len));
}

void *
again(const void *, void *p, size_t len)
{
	return checked(realloc(p, len));
}

void
give_back(const void *, void *p)
{
	free(p);
}

}	/* namespace */

/* libFuzzer's own runtime is in one program with it, and has others. */
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
void *
operator new(size_t len)
{
	return checked(malloc(len == 0 ? 1 : len));
}

void
operator delete(void *p) noexcept
{
	free(p);
}

void
operator delete(void *p, size_t) noexcept
{
	free(p);
}
#endif

int
main(int argc, char *argv[])
{
	UErrorCode rc = U_ZERO_ERROR;

	check_descriptors();
	u_setMemoryFunctions(nullptr, get, again, give_back, &rc);
	try {
		return run(argc > 1 ? argv[1] : "", argc);
	} catch (const std::exception &e) {
		errx(EX_SOFTWARE, "%s", e.what());
	}
}
