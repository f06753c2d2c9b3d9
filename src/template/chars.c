#include "chars.h"

#include <stdint.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

UChar32
char_next(const struct tval *v, size_t *i)
{
	const uint8_t *s = (const uint8_t *)v->text;
	int32_t at = (int32_t)*i, len = (int32_t)v->len;
	UChar32 c;

	U8_NEXT(s, at, len, c);
	*i = (size_t)at;
	return c;
}

UChar32
char_before(const struct tval *v, size_t *i)
{
	const uint8_t *s = (const uint8_t *)v->text;
	int32_t at = (int32_t)*i;
	UChar32 c;

	U8_PREV(s, 0, at, c);
	*i = (size_t)at;
	return c;
}

bool
char_is_space(UChar32 c)
{
	return (c >= 0x1c && c <= 0x1f) || u_isUWhiteSpace(c);
}

bool
word_next(const struct tval *v, size_t *i, struct tval *word)
{
	size_t at = *i, start = at, end;

	while (at < v->len && char_is_space(char_next(v, &at)))
		start = at;
	for (at = end = start; end < v->len; end = at)
		if (char_is_space(char_next(v, &at)))
			break;
	*i = end;
	*word = TVAL_TEXT(v->text + start, end - start);
	return end > start;
}

bool
char_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

const char *
char_skip_digits(const char *s, const char *end)
{
	while (s < end && char_is_digit(*s))
		s++;
	return s;
}
