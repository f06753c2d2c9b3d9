/*
 * Dates as readers write them, by ICU.  Apart from zone.c, so that a program
 * that needs time zones only (omni-ingest behind a web server) starts without
 * ICU and its thirty megabytes of data.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/ustring.h>

#include "unicode.h"
#include "zone.h"

#define TEXT_MAX	128

bool
locale_is_valid(const char *locale)
{
	size_t n = 0, len;
	const char *s = locale;

	for (;; s++, n++) {
		len = strspn(s, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
		if (len < 2 || len > 8 || (n == 0 && len > 3))
			return false;
		s += len;
		if (*s == '\0')
			return n < 4;
		if (*s != '-' && *s != '_')
			return false;
	}
}

static bool
to_utf16(const char *s, UChar *out, int32_t size, int32_t *len)
{
	UErrorCode rc = U_ZERO_ERROR;

	u_strFromUTF8(out, size, len, s, -1, &rc);
	return U_SUCCESS(rc) && *len < size;
}

static bool
expand_skeleton(const char *locale, const char *skeleton, UChar *out,
    int32_t size)
{
	UDateTimePatternGenerator *gen;
	UErrorCode rc = U_ZERO_ERROR;
	UChar in[TEXT_MAX];
	int32_t len;

	if (!to_utf16(skeleton, in, TEXT_MAX, &len))
		return false;
	gen = udatpg_open(locale, &rc);
	if (U_FAILURE(rc))
		return false;
	len = udatpg_getBestPattern(gen, in, len, out, size, &rc);
	udatpg_close(gen);
	return U_SUCCESS(rc) && len < size;
}

/* Making one costs a hundred times what using it does; a run needs few. */
#define FORMATTERS	16
struct formatter {
	char key[TEXT_MAX];
	UDateFormat *format;
};
static struct formatter formatters[FORMATTERS];
static size_t oldest;

static UDateFormat *
formatter_open(const char *locale, const char *pattern, bool literal)
{
	UChar zone[16], text[TEXT_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	UDateFormat *format;
	struct formatter *f;
	char key[TEXT_MAX];
	int32_t len;

	if (snprintf(key, sizeof(key), "%s %d%s", locale, literal, pattern) >=
	    TEXT_MAX)
		return NULL;
	for (f = formatters; f < formatters + FORMATTERS; f++)
		if (f->format != NULL && strcmp(f->key, key) == 0)
			return f->format;
	if (!to_utf16("Etc/UTC", zone, 16, &len))
		return NULL;
	if (literal ? !to_utf16(pattern, text, TEXT_MAX, &len) :
	    !expand_skeleton(locale, pattern, text, TEXT_MAX))
		return NULL;
	format = udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, zone, -1, text,
	    -1, &rc);
	if (U_FAILURE(rc))
		return NULL;
	f = &formatters[oldest++ % FORMATTERS];
	if (f->format != NULL)
		udat_close(f->format);
	f->format = format;
	snprintf(f->key, sizeof(f->key), "%s", key);
	return format;
}

bool
wall_date_text(const char *locale, instant wall, const char *pattern,
    bool literal, char *out, size_t size)
{
	UErrorCode rc = U_ZERO_ERROR;
	UDateFormat *format;
	UChar text[TEXT_MAX];
	int32_t len;

	if (size > INT32_MAX || !locale_is_valid(locale))
		return false;
	format = formatter_open(locale, pattern, literal);
	if (format == NULL)
		return false;
	len = udat_format(format, (UDate)wall * 1000.0, text, TEXT_MAX, NULL,
	    &rc);
	u_strToUTF8(out, (int32_t)size, &len, text, len, &rc);
	return U_SUCCESS(rc) && (size_t)len < size;
}
