#include "localized.h"

#include <stdio.h>
#include <string.h>
#include <unicode/unum.h>
#include <unicode/ustring.h>

#include "base/unicode.h"
#include "base/zone.h"

bool
localized_is_home(const struct call *c)
{
	static const char *const homes[] = { "es", "es-MX", "es-US", "en",
	    "en-US", "en-MX", "en-GB", "en-CA" };
	size_t len = strlen(filter_language(c));

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
		if (strlen(homes[i]) == len && filter_language_is(c, homes[i]))
			return true;
	return false;
}

/* Making a formatter costs a hundred times what using it does. */
#define FORMATTERS	8
struct formatter {
	char locale[LOCALE_MAX];
	UNumberFormatStyle style;
	UNumberFormat *format;
};
static struct formatter formatters[FORMATTERS];
static size_t oldest;

/* NULL when there is no such language. */
static UNumberFormat *
formatter_open(const char *locale, UNumberFormatStyle style)
{
	UErrorCode rc = U_ZERO_ERROR;
	UNumberFormat *format;
	struct formatter *f;

	if (!locale_is_valid(locale))
		return NULL;
	for (f = formatters; f < formatters + FORMATTERS; f++)
		if (f->format != NULL && f->style == style &&
		    strcmp(f->locale, locale) == 0)
			return f->format;
	format = unum_open(style, NULL, 0, locale, NULL, &rc);
	if (U_FAILURE(rc))
		return NULL;
	f = &formatters[oldest++ % FORMATTERS];
	if (f->format != NULL)
		unum_close(f->format);
	f->format = format;
	f->style = style;
	snprintf(f->locale, sizeof(f->locale), "%s", locale);
	return format;
}

bool
localized_add(struct buf *out, UChar *text, int32_t len)
{
	char utf8[3 * DECIMAL_TEXT_MAX];
	UErrorCode rc = U_ZERO_ERROR;

	for (int32_t i = 0; i < len; i++)
		if (text[i] == 0xa0 || text[i] == 0x202f)
			text[i] = ' ';
	u_strToUTF8(utf8, sizeof(utf8), &len, text, len, &rc);
	if (U_FAILURE(rc))
		return false;
	buf_add(out, utf8, (size_t)len);
	return true;
}

bool
localized_number(const struct call *c, const struct decimal *d, int decimals,
    const char *code, struct buf *out)
{
	struct buf plain = BUF_INIT(DECIMAL_TEXT_MAX);
	UErrorCode rc = U_ZERO_ERROR;
	UNumberFormat *f;
	UChar text[DECIMAL_TEXT_MAX], wide[CODE_MAX];
	int32_t len = 0;

	f = formatter_open(filter_language(c), code == NULL ? UNUM_DECIMAL :
	    UNUM_CURRENCY);
	if (f == NULL)
		return false;
	if (code != NULL) {
		u_charsToUChars(code, wide, CODE_MAX);
		unum_setTextAttribute(f, UNUM_CURRENCY_CODE, wide, 3, &rc);
	}
	unum_setAttribute(f, UNUM_FRACTION_DIGITS, decimals);
	if (decimal_is_negative(d))
		buf_char(&plain, '-');
	decimal_print(d, decimals, false, &plain);
	len = unum_formatDecimal(f, buf_text(&plain), (int32_t)plain.len, text,
	    DECIMAL_TEXT_MAX, NULL, &rc);
	buf_release(&plain);
	return U_SUCCESS(rc) && localized_add(out, text, len);
}

int
localized_fail(struct call *c, struct tval otherwise, struct tval *out)
{
	return filter_fail(c, out, otherwise, "cannot be written in language "
	    "%s", filter_language(c));
}
