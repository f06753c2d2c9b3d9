/* Parameters of Content-Type and Content-Disposition: file names. */

#include "base/unicode.h"
#include "provider/mime_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "message/attachment.h"

/* Room for the two forms of a name that is told apart into letters. */
#define WIDE	(4 * ATTACHMENT_NAME_MAX + 1)

/* What may stand between quotes in every reader's opinion. */
static bool
is_plain(char c)
{
	return mime_is_alnum(c) || (c != '\0' && strchr(" ._-()+,=@!#&~[]{}",
	    c) != NULL);
}

static bool
is_all_plain(const char *s)
{
	const char *p = s;

	while (is_plain(*p))
		p++;
	return *p == '\0' && p - s <= WORD_COLS;
}

/* attribute-char of RFC 2231 7, and nothing that needs thought. */
static void
percent_encode(const char *s, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		if (mime_is_alnum(s[i]) || strchr("._-", s[i]) != NULL)
			buf_char(out, s[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)s[i]);
}

/* As many whole characters as fit a line. */
static size_t
percent_fit(const char *s, size_t len, struct buf *piece)
{
	struct buf one = BUF_INIT(64);
	size_t fit = 0, n;

	buf_clear(piece);
	for (; fit < len; fit += n) {
		n = utf8_length(s + fit, len - fit);
		buf_clear(&one);
		percent_encode(s + fit, n, &one);
		if (fit > 0 && piece->len + one.len > WORD_COLS)
			break;
		buf_add(piece, one.data, one.len);
	}
	buf_release(&one);
	return fit;
}

/*
 * Each on a line of its own.  RFC 2231 where it is not plain, in pieces where
 * it is long.  The name is there once: the same parameter in both forms is a
 * fault to strict readers; who knows only ASCII has "name" of Content-Type.
 */
void
line_parameter(struct buf *out, const char *name, const char *value)
{
	struct buf piece = BUF_INIT(256);
	size_t len = strlen(value), fit;

	if (is_all_plain(value)) {
		buf_printf(out, ";\r\n %s=\"%s\"", name, value);
		return;
	}
	fit = percent_fit(value, len, &piece);
	if (fit == len)
		buf_printf(out, ";\r\n %s*=UTF-8''%s", name, buf_text(&piece));
	for (int i = 0; fit < len || i > 0; i++) {
		buf_printf(out, ";\r\n %s*%d*=%s%s", name, i, i == 0 ?
		    "UTF-8''" : "", buf_text(&piece));
		value += fit;
		len -= fit;
		if (len == 0)
			break;
		fit = percent_fit(value, len, &piece);
	}
	buf_release(&piece);
}

/* Letters without their marks; false: ICU would not. */
static bool
take_apart(const char *name, UChar *out, int32_t room, int32_t *len)
{
	UErrorCode rc = U_ZERO_ERROR;
	UChar wide[WIDE];
	int32_t n;

	u_strFromUTF8(wide, WIDE, &n, name, -1, &rc);
	*len = unorm2_normalize(unorm2_getNFKDInstance(&rc), wide, n, out,
	    room, &rc);
	return U_SUCCESS(rc);
}

void
line_ascii_name(const char *name, char out[WORD_COLS + 1])
{
	struct buf ascii = BUF_INIT(2 * WIDE);
	UChar apart[2 * WIDE];
	int32_t len = 0;
	const char *end;
	size_t tail;

	if (!take_apart(name, apart, 2 * WIDE, &len))
		len = 0;
	/* What is not ASCII needs no pairs put together to be left out. */
	for (int32_t i = 0; i < len; i++) {
		if (u_charType(apart[i]) == U_NON_SPACING_MARK ||
		    U16_IS_TRAIL(apart[i]))
			continue;
		buf_char(&ascii, apart[i] < 0x80 && is_plain((char)apart[i]) ?
		    (char)apart[i] : '_');
	}
	/* What is too long loses its middle: the end says what it is. */
	end = strrchr(buf_text(&ascii), '.');
	tail = end == NULL || strlen(end) > 16 ? 0 : strlen(end);
	if (ascii.len <= WORD_COLS)
		tail = 0;
	len = (int32_t)(ascii.len < WORD_COLS - tail ? ascii.len :
	    WORD_COLS - tail);
	memcpy(out, buf_text(&ascii), (size_t)len);
	memcpy(out + len, tail == 0 ? "" : end, tail);
	out[(size_t)len + tail] = '\0';
	if (out[0] == '\0')
		memcpy(out, "_", 2);
	buf_release(&ascii);
}
