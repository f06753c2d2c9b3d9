/*
 * The mail within a request to SES.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "simulator.h"

#define BASE64	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789+/"

bool
ses_raw_mail(struct exchange *x)
{
	const char *text = value_string(value_path(x->json,
	    "Content.Raw.Data"));
	size_t len = text == NULL ? 0 : strlen(text);
	size_t plain = text == NULL ? 0 : strspn(text, BASE64);
	unsigned char *out;
	int n;

	if (len == 0 || len % 4 != 0 || len - plain > 2 ||
	    text[plain + strspn(text + plain, "=")] != '\0')
		return false;
	out = malloc(len / 4 * 3 + 1);
	if (out == NULL)
		return false;
	n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	if (n > 0)
		buf_add(&x->mail, out, (size_t)n - (len - plain));
	free(out);
	return n > 0 && !x->mail.full;
}

/* The value of a header, unfolded; NULL: there is none. */
char *
ses_mail_header(struct exchange *x, const char *name)
{
	const char *s = buf_text(&x->mail), *end;
	size_t len = strlen(name), n = 0;
	char *out;

	while (*s != '\0' && *s != '\r' && *s != '\n' &&
	    (strncasecmp(s, name, len) != 0 || s[len] != ':')) {
		end = strchr(s, '\n');
		s = end == NULL ? "" : end + 1;
	}
	if (*s == '\0' || *s == '\r' || *s == '\n')
		return NULL;
	s += len + 1;
	s += strspn(s, " \t");
	out = arena_alloc(&x->mem, strlen(s) + 1);
	for (; *s != '\0' && (*s != '\n' || s[1] == ' ' || s[1] == '\t'); s++)
		if (*s != '\r' && *s != '\n')
			out[n++] = *s;
	out[n] = '\0';
	return out;
}
