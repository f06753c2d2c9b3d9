#include "tools.h"

#include <string.h>

#define DIGITS		"0123456789"
#define NUMBER_MIN	8	/* digits behind a plus */
#define BARE_MIN	10	/* without one, as WhatsApp writes them */
#define NUMBER_MAX	15
#define WORD_END	" \t\n\"'<>(),;|\\"

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_';
}

/* How many bytes of a telephone number begin here; 0: none does. */
static size_t
number_length(const char *s, bool inside)
{
	size_t plus = *s == '+', n = strspn(s + plus, DIGITS);

	if (plus == 0 && (inside || is_alnum(s[n])))
		return 0;
	return n >= (plus != 0 ? NUMBER_MIN : BARE_MIN) && n <= NUMBER_MAX ?
	    plus + n : 0;
}

void
mask_addresses(const char *s, struct buf *out)
{
	size_t word, n;

	while (*s != '\0') {
		word = strcspn(s, WORD_END);
		if (word > 0 && memchr(s, '@', word) != NULL) {
			buf_str(out, "(address)");
			s += word;
			continue;
		}
		for (size_t i = 0; i < word; i += n) {
			n = number_length(s + i, i > 0 && is_alnum(s[i - 1]));
			if (n > 0)
				buf_str(out, "(number)");
			else
				buf_add(out, s + i, n = 1);
		}
		s += word;
		if (*s != '\0')
			buf_char(out, *s++);
	}
}
