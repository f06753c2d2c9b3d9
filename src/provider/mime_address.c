#include "provider/mime_impl.h"

#include <idn2.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "message/mailhead.h"

/*
 * Characters
 */

bool
mime_is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

bool
mime_is_atext(char c)
{
	return mime_is_alnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

bool
mime_is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

/* Length of the line end at `s`, 0 when there is none. */
size_t
mime_line_end(const char *s)
{
	if (s[0] == '\r')
		return s[1] == '\n' ? 2 : 1;
	return s[0] == '\n' ? 1 : 0;
}

/*
 * Addresses
 */

/* `beyond`: whether bytes beyond ASCII are as good as letters. */
static bool
is_dot_atom(const char *s, size_t len, bool beyond)
{
	if (len == 0 || s[0] == '.' || s[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && s[i - 1] == '.')
			return false;
		if (s[i] != '.' && !mime_is_atext(s[i]) &&
		    !(beyond && (unsigned char)s[i] >= 0x80))
			return false;
	}
	return true;
}

static bool
is_domain(const char *s, bool beyond)
{
	size_t len = strlen(s);

	if (!is_dot_atom(s, len, beyond))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (mime_is_alnum(s[i]) || s[i] == '_' || s[i] == '.' ||
		    (unsigned char)s[i] >= 0x80)
			continue;
		/* Only a hyphen is left, and not at the end of a label. */
		if (s[i] != '-' || i == 0 || s[i - 1] == '.' ||
		    s[i + 1] == '.' || s[i + 1] == '\0')
			return false;
	}
	return true;
}

bool
mime_address_is_safe(const char *addr)
{
	const char *at;
	struct error e;

	if (addr == NULL)
		return false;
	at = strchr(addr, '@');
	if (at == NULL || strlen(addr) > ADDRESS_LEN ||
	    mail_text_check("", addr, &e) == -1)
		return false;
	return is_dot_atom(addr, (size_t)(at - addr), true) &&
	    is_domain(at + 1, true);
}

/*
 * The domain as DNS knows it.  `size` is that of `out`.  The conversion maps
 * characters to others, "/" and "@" among them, so that the result is looked
 * at again.  IDN2_USE_STD3_ASCII_RULES would be wrong: libidn2 2.3.3 leaves
 * out what it should refuse, and another domain comes out.
 */
int
mime_domain(const char *field, const char *domain, char *out, size_t size,
    struct error *e)
{
	char *ascii = NULL;
	int n, rc = IDN2_OK;

	if (mime_is_ascii(domain, strlen(domain)))
		n = snprintf(out, size, "%s", domain);
	else {
		rc = idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL);
		if (rc == IDN2_MALLOC)
			die(EX_OSERR, "out of memory");
		n = snprintf(out, size, "%s", rc == IDN2_OK ? ascii : "");
		idn2_free(ascii);
	}
	if (rc != IDN2_OK)
		return error_set(e, EX_DATAERR, "%s: domain: %s", field,
		    idn2_strerror(rc));
	if (n < 0 || (size_t)n >= size || !is_domain(out, false))
		return error_set(e, EX_DATAERR, "%s: not a domain name", field);
	return 0;
}

int
mime_address(const char *field, const char *addr, char out[MIME_ADDRESS],
    struct error *e)
{
	size_t local;

	if (mail_text_check(field, addr, e) == -1)
		return -1;
	if (!mime_address_is_safe(addr))
		return error_set(e, EX_DATAERR,
		    "%s: not one plain mail address: %s", field, addr);
	local = (size_t)(strchr(addr, '@') - addr);
	memcpy(out, addr, local + 1);
	return mime_domain(field, addr + local + 1, out + local + 1,
	    ADDRESS_LEN - local, e);
}

/* The name without the spaces around it. */
int
mime_take_name(const char *field, const char *s, size_t len, struct mailbox *mb,
    struct error *e)
{
	while (len > 0 && s[len - 1] == ' ')
		len--;
	while (len > 0 && s[0] == ' ') {
		s++;
		len--;
	}
	if (len > NAME_LEN)
		return error_set(e, EX_DATAERR,
		    "%s: name longer than %d bytes", field, NAME_LEN);
	memcpy(mb->name, s, len);
	mb->name[len] = '\0';
	return mail_text_check(field, mb->name, e);
}

/* A name in quotes loses them; see RFC 5322 3.2.4. */
static int
unquote_name(const char *field, char *name, struct error *e)
{
	size_t len = strlen(name), n = 0;

	if (name[0] != '"')
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (name[i] == '"' && i == len - 1) {
			name[n] = '\0';
			return 0;
		}
		if (name[i] == '"')
			break;
		if (name[i] == '\\')
			i++;
		if (i < len)
			name[n++] = name[i];
	}
	return error_set(e, EX_DATAERR, "%s: quotes do not match", field);
}

/* "Name <address>" or "address" */
int
mime_mailbox(const char *field, const char *s, struct mailbox *mb,
    struct error *e)
{
	char addr[ADDRESS_LEN + 1];
	const char *open = strrchr(s, '<');
	size_t len;

	mb->name[0] = '\0';
	if (open == NULL)
		return mime_address(field, s, mb->addr, e);
	if (mime_take_name(field, s, (size_t)(open - s), mb, e) == -1 ||
	    unquote_name(field, mb->name, e) == -1)
		return -1;
	len = strlen(++open);
	if (len == 0 || open[len - 1] != '>')
		return error_set(e, EX_DATAERR, "%s: does not end with >",
		    field);
	if (--len > ADDRESS_LEN)
		return error_set(e, EX_DATAERR,
		    "%s: address longer than %d bytes", field, ADDRESS_LEN);
	memcpy(addr, open, len);
	addr[len] = '\0';
	return mime_address(field, addr, mb->addr, e);
}

/*
 * Message-ID
 */

static void
id_encode(const char *id, struct buf *out)
{
	/* An id must not pass itself off as the digest of another. */
	bool posing = strncmp(id, "sha256-", 7) == 0;

	for (size_t i = 0; id[i] != '\0'; i++) {
		bool dot = id[i] == '.' && i > 0 && id[i - 1] != '.' &&
		    id[i + 1] != '\0';

		if ((dot || (mime_is_atext(id[i]) && id[i] != '=')) &&
		    !(posing && i == 0))
			buf_char(out, id[i]);
		else
			buf_printf(out, "=%02X", (unsigned char)id[i]);
	}
}

char *
mime_message_id(const char *id, const char *domain, char *out, size_t size)
{
	struct buf left = BUF_INIT(ID_LEFT_LEN);
	char digest[DIGEST_HEX];
	int n;

	if (id == NULL || id[0] == '\0' || strlen(domain) > ADDRESS_LEN ||
	    !is_domain(domain, false))
		return NULL;
	id_encode(id, &left);
	if (left.full)
		n = snprintf(out, size, "<sha256-%s@%s>",
		    digest_sha256(id, strlen(id), digest), domain);
	else
		n = snprintf(out, size, "<%s@%s>", buf_text(&left), domain);
	buf_release(&left);
	return n < 0 || (size_t)n >= size ? NULL : out;
}
