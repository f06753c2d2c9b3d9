#include "form.h"

#include <string.h>
#include <sysexits.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The byte that %XX at `s` stands for, -1 when it is no such thing. */
static int
escaped_byte(const char *s, size_t len)
{
	int high, low;

	if (len < 3 || s[0] != '%')
		return -1;
	high = hex_digit(s[1]);
	low = hex_digit(s[2]);
	return high == -1 || low == -1 ? -1 : high * 16 + low;
}

static const char *
decode(struct arena *mem, const char *s, size_t len, size_t *out_len)
{
	char *out = arena_alloc(mem, len + 1), *p = out;
	int byte;

	for (size_t i = 0; i < len; i++) {
		byte = escaped_byte(s + i, len - i);
		if (byte != -1) {
			*p++ = (char)byte;
			i += 2;
		} else
			*p++ = s[i] == '+' ? ' ' : s[i];
	}
	*out_len = (size_t)(p - out);
	return out;
}

/* The length of the piece at `s`: up to '&' or the end. */
static size_t
piece_length(const char *s, size_t len)
{
	const char *end = memchr(s, '&', len);

	return end == NULL ? len : (size_t)(end - s);
}

static size_t
count_pieces(const char *s, size_t len)
{
	size_t count = 0, n;

	while (len > 0) {
		n = piece_length(s, len);
		count += n > 0;
		n += n < len;	/* the '&' */
		s += n;
		len -= n;
	}
	return count;
}

static int
parse_pair(struct form_pair *p, const char *s, size_t len, struct arena *mem,
    struct error *e)
{
	const char *equals = memchr(s, '=', len);
	size_t n = equals == NULL ? len : (size_t)(equals - s);

	p->name = decode(mem, s, n, &p->name_len);
	if (equals == NULL)
		p->value = "";
	else
		p->value = decode(mem, equals + 1, len - n - 1, &p->value_len);
	if (memchr(p->name, '\0', p->name_len) != NULL)
		return error_set(e, EX_DATAERR, "form: NUL in a name");
	if (memchr(p->value, '\0', p->value_len) != NULL)
		return error_set(e, EX_DATAERR, "form: NUL in the value of %s",
		    p->name);
	return 0;
}

int
form_parse(struct form *f, const char *body, size_t len, struct arena *mem,
    struct error *e)
{
	size_t count = count_pieces(body, len), n;

	*f = (struct form){ .count = 0 };
	if (count > FORM_PAIRS_MAX)
		return error_set(e, EX_DATAERR,
		    "form: %zu fields, more than %d", count, FORM_PAIRS_MAX);
	f->pairs = arena_alloc(mem, (count + 1) * sizeof(*f->pairs));
	while (len > 0) {
		n = piece_length(body, len);
		if (n > 0 && parse_pair(&f->pairs[f->count++], body, n, mem,
		    e) == -1)
			return -1;
		n += n < len;
		body += n;
		len -= n;
	}
	return 0;
}

const char *
form_get(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->pairs[i].name, name) == 0)
			return f->pairs[i].value;
	return NULL;
}

static void
encode(struct buf *out, const char *s, const char *plain)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	for (; *s != '\0'; s++)
		if (strchr(letters, *s) != NULL || strchr(plain, *s) != NULL)
			buf_char(out, *s);
		else if (*s == ' ' && plain[0] == '*')
			buf_char(out, '+');
		else
			buf_printf(out, "%%%02X", (unsigned char)*s);
}

void
form_add(struct buf *out, const char *name, const char *value)
{
	if (out->len > 0)
		buf_char(out, '&');
	encode(out, name, "*-._");
	buf_char(out, '=');
	encode(out, value, "*-._");
}

void
percent_encode(struct buf *out, const char *s)
{
	encode(out, s, "-._~");
}

size_t
form_count(const struct form *f, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += strcmp(f->pairs[i].name, name) == 0;
	return n;
}
