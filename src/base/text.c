#include "text.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define ORDER_MARK	"\xef\xbb\xbf"	/* U+FEFF */
#define BRAILLE_BLANK	0x2800	/* to Unicode a symbol, with no dot set */
#define LINE_SEPARATOR	0x2028
#define PARAGRAPH_SEPARATOR	0x2029

bool
text_is_unseen(int32_t c)
{
	return u_isUWhiteSpace(c) || u_charType(c) == U_CONTROL_CHAR ||
	    u_charType(c) == U_FORMAT_CHAR || c == BRAILLE_BLANK ||
	    u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

bool
text_is_blank(const char *s, size_t len)
{
	UChar32 c;

	for (size_t i = 0; i < len;) {
		U8_NEXT((const uint8_t *)s, i, len, c);
		if (c < 0 || !text_is_unseen(c))
			return false;
	}
	return true;
}

static bool
is_separator(UChar32 c)
{
	return c == LINE_SEPARATOR || c == PARAGRAPH_SEPARATOR;
}

static bool
is_control(UChar32 c, bool one_line)
{
	if (c == '\n' || c == '\t')
		return one_line;
	return u_charType(c) == U_CONTROL_CHAR || is_separator(c);
}

static const char *
fault_of(UChar32 c, bool one_line)
{
	if (c < 0)
		return "is not UTF-8";
	if (one_line && (c == '\n' || is_separator(c)))
		return "has a newline in a line";
	if (is_control(c, one_line))
		return "has a control character";
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return "has a character that turns the direction of writing";
	return NULL;
}

const char *
text_fault(const char *s, size_t len, bool one_line)
{
	const char *why;
	UChar32 c;

	for (size_t i = 0; i < len;) {
		if (s[i] >= ' ' && s[i] < 0x7f) {
			i++;
			continue;
		}
		/* Lines as Windows ends them. */
		if (!one_line && s[i] == '\r' && i + 1 < len &&
		    s[i + 1] == '\n') {
			i++;
			continue;
		}
		U8_NEXT((const uint8_t *)s, i, len, c);
		why = fault_of(c, one_line);
		if (why != NULL)
			return why;
	}
	return NULL;
}

int
text_columns(const char *s, size_t len)
{
	UChar32 c;
	int32_t i = 0, width;

	U8_NEXT((const uint8_t *)s, i, (int32_t)len, c);
	if (U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK))
		return 0;
	width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
	return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

void
text_clean(struct buf *text)
{
	size_t kept = 0, from = 0;

	if (text->len >= strlen(ORDER_MARK) &&
	    memcmp(text->data, ORDER_MARK, strlen(ORDER_MARK)) == 0)
		from = strlen(ORDER_MARK);
	for (; from < text->len; from++)
		if (text->data[from] != '\r' || from + 1 == text->len ||
		    text->data[from + 1] != '\n')
			text->data[kept++] = text->data[from];
	text->len = kept;
	if (text->data != NULL)
		text->data[kept] = '\0';
}
