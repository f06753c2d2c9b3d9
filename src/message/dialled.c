#include "dialled.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX	18	/* longer than all that is looked for here */

/*
 * What libphonenumber takes for digits, plus signs and the punctuation
 * between digits, beyond ASCII.
 */
static const char *const zeros[] = {
	"\xef\xbc\x90",		/* full width */
	"\xd9\xa0", "\xdb\xb0"	/* Arabic, eastern Arabic */
};
static const char *const separators[] = {
	"\xc2\xa0", "\xc2\xad",	/* no-break space, soft hyphen */
	"\xe2\x81\xa0", "\xe3\x80\x80",	/* word joiner, ideographic space */
	"\xe2\x88\x92", "\xe3\x83\xbc", "\xef\xbc\x8d",	/* minus, dashes */
	"\xe2\x81\x93", "\xe2\x88\xbc", "\xef\xbd\x9e",	/* tildes */
	"\xef\xbc\x88", "\xef\xbc\x89", "\xef\xbc\xbb", "\xef\xbc\xbd",
	"\xef\xbc\x8e", "\xef\xbc\x8f"	/* brackets, stop, slash */
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static bool
begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The digit at `s` and its length in bytes, or -1. */
static int
digit_at(const char *s, size_t *len)
{
	*len = 1;
	if (*s >= '0' && *s <= '9')
		return *s - '0';
	for (size_t i = 0; i < COUNT(zeros); i++) {
		*len = strlen(zeros[i]);
		if (strncmp(s, zeros[i], *len - 1) == 0 &&
		    (unsigned char)s[*len - 1] >=
		    (unsigned char)zeros[i][*len - 1] &&
		    (unsigned char)s[*len - 1] <=
		    (unsigned char)zeros[i][*len - 1] + 9)
			return (unsigned char)s[*len - 1] -
			    (unsigned char)zeros[i][*len - 1];
	}
	return -1;
}

static bool
plus_at(const char *s, size_t *len)
{
	*len = *s == '+' ? 1 : 3;
	return *s == '+' || begins(s, "\xef\xbc\x8b");
}

static bool
separator_at(const char *s, size_t *len)
{
	*len = 1;
	if (strchr(" -()./[]~", *s) != NULL)
		return true;
	for (size_t i = 0; i < COUNT(separators); i++)
		if (begins(s, separators[i])) {
			*len = strlen(separators[i]);
			return true;
		}
	/* Spaces and dashes from U+2000 to U+2015. */
	*len = 3;
	return begins(s, "\xe2\x80") && (unsigned char)s[2] >= 0x80 &&
	    (unsigned char)s[2] <= 0x95;
}

/*
 * The digits of `raw` in ASCII; whether a plus stands before them; and what
 * comes after the last of them.  False when there are none, or too many.
 */
static bool
read_digits(const char *raw, char digits[DIGITS_MAX + 1], bool *plus,
    const char **rest)
{
	size_t n = 0, len;
	int digit;

	*plus = false;
	/* A label, "cel." or "whatsapp:": the library too passes it over. */
	while (*raw != '\0' && digit_at(raw, &len) == -1 &&
	    !plus_at(raw, &len))
		raw++;
	for (; plus_at(raw, &len); raw += len)
		*plus = true;
	for (; *raw != '\0'; raw += len) {
		digit = digit_at(raw, &len);
		if (digit == -1 && !separator_at(raw, &len))
			break;
		if (digit == -1)
			continue;
		if (n == DIGITS_MAX)
			return false;
		digits[n++] = (char)('0' + digit);
		*rest = raw + len;
	}
	digits[n] = '\0';
	return n > 0;
}

/*
 * Past what Mexico no longer dials, or NULL when nothing of it is there.  The
 * national numbering plan has had 10 digits since August 2019 everywhere;
 * +52 1, 044, 045 and 01 are gone, but people still write them, and WhatsApp
 * and Twilio say 521.  A prefix goes only when ten digits follow it.
 */
static const char *
without_prefix(const char *d, bool plus, bool mexican)
{
	static const char *const prefixes[] = { "1", "01", "044", "045" };
	size_t n;

	if (!plus && begins(d, "0052")) {
		d += 2;
		plus = true;
	} else if (!plus && begins(d, "01152")) {
		d += 3;
		plus = true;
	}
	if ((plus || mexican) && begins(d, "52") && strlen(d) > 12)
		d += 2;
	else if (plus || !mexican)
		return NULL;
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		n = strlen(prefixes[i]);
		if (begins(d, prefixes[i]) && strlen(d) == n + 10)
			return d + n;
	}
	return NULL;
}

void
dialled_today(const char *raw, const char *region, char *out, size_t size)
{
	const char *rest = raw, *national = NULL;
	char digits[DIGITS_MAX + 1];
	bool plus;

	if (read_digits(raw, digits, &plus, &rest))
		national = without_prefix(digits, plus,
		    strcmp(region, "MX") == 0);
	if (national == NULL)
		snprintf(out, size, "%s", raw);
	else
		snprintf(out, size, "+52%s%s", national, rest);
}
