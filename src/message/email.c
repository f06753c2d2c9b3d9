#include "email.h"

#include <ctype.h>
#include <idn2.h>
#include <string.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "base/error.h"
#include "base/text.h"
#include "base/unicode.h"

#define LOCAL_MAX	64	/* RFC 5321 4.5.3.1.1 */
#define MESSAGE_ID_MAX	250

/*
 * Syntax
 */

/* RFC 6531: beyond ASCII whatever a reader can see, and tell apart. */
static const char *
bad_letters(const char *s, size_t len)
{
	UChar32 c;

	for (size_t i = 0; i < len;) {
		U8_NEXT((const uint8_t *)s, i, len, c);
		if (c < 0)
			return "is not UTF-8";
		if (c >= 0x80 && (text_is_unseen(c) || c == 0xfffd ||
		    u_charType(c) == U_UNASSIGNED ||
		    u_charType(c) == U_PRIVATE_USE_CHAR))
			return "has a character before the @ that may not "
			    "stand there";
	}
	return NULL;
}

/* RFC 5321 Dot-string, and RFC 6531 beyond ASCII. */
static const char *
bad_local(const char *s, size_t len)
{
	if (len == 0)
		return "has nothing before the @";
	if (len > LOCAL_MAX)
		return "has more than 64 bytes before the @";
	if (s[0] == '.' || s[len - 1] == '.')
		return "begins or ends with a dot before the @";
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && s[i + 1] == '.')
			return "has two dots in a row";
		if ((unsigned char)s[i] < 0x80 &&
		    !isalnum((unsigned char)s[i]) &&
		    strchr(".!#$%&'*+-/=?^_`{|}~", s[i]) == NULL)
			return "has a character before the @ that may not "
			    "stand there";
	}
	return bad_letters(s, len);
}

/*
 * One spelling of what looks the same, RFC 6532 3.1: an é may be one character
 * or two.  What cannot be composed stays.
 */
static const char *
compose(const char *s, struct arena *mem)
{
	UErrorCode rc = U_ZERO_ERROR;
	UChar wide[LOCAL_MAX + 1], nfc[4 * LOCAL_MAX + 1];
	char out[12 * LOCAL_MAX + 1];
	int32_t n;

	u_strFromUTF8(wide, LOCAL_MAX + 1, &n, s, -1, &rc);
	n = unorm2_normalize(unorm2_getNFCInstance(&rc), wide, n, nfc,
	    4 * LOCAL_MAX, &rc);
	u_strToUTF8(out, sizeof(out) - 1, &n, nfc, n, &rc);
	if (U_FAILURE(rc))
		return s;
	out[n] = '\0';
	return arena_strdup(mem, out);
}

/*
 * RFC 5321 Quoted-string, without its quotes and backslashes; NULL when it is
 * none.
 */
static char *
unquoted(const char *s, size_t len, struct arena *mem)
{
	char *out = arena_alloc(mem, len + 1), *p = out;

	if (len < 2 || s[len - 1] != '"')
		return NULL;
	for (size_t i = 1; i < len - 1; i++) {
		if (s[i] == '"')
			return NULL;
		if (s[i] == '\\')
			i++;
		/* The last quote may not be one that is quoted. */
		if (i == len - 1 || (unsigned char)s[i] < ' ' ||
		    s[i] == 0x7f)
			return NULL;
		*p++ = s[i];
	}
	return out;
}

/*
 * RFC 5321 4.1.2: what needs no quotes is the same address without them.  What
 * does need them is refused: section 4.1.2 tells hosts not to have such
 * mailboxes, and few mail servers take them.
 */
static const char *
read_local(const char *raw, size_t len, struct arena *mem, const char **why)
{
	const char *local = raw[0] == '"' ? unquoted(raw, len, mem) :
	    arena_strndup(mem, raw, len);

	if (local == NULL) {
		*why = "has quotes before the @ that do not match";
		return NULL;
	}
	*why = len > LOCAL_MAX ? "has more than 64 bytes before the @" :
	    bad_local(local, strlen(local));
	if (*why != NULL && raw[0] == '"' && len <= LOCAL_MAX)
		*why = "needs quotes before the @, which mail servers do not "
		    "take";
	if (*why != NULL)
		return NULL;
	local = compose(local, mem);
	*why = bad_local(local, strlen(local));
	return *why == NULL ? local : NULL;
}

/* Labels of letters, digits and inner hyphens; at least two of them. */
static const char *
bad_domain(const char *s)
{
	size_t len, labels = 0;

	for (;; s += len + 1) {
		len = strcspn(s, ".");
		if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
			return "has a bad domain after the @";
		for (size_t i = 0; i < len; i++)
			if (!isalnum((unsigned char)s[i]) && s[i] != '-')
				return "has a bad domain after the @";
		labels++;
		if (s[len] == '\0')
			break;
	}
	return labels < 2 ? "has a domain without a dot" : NULL;
}

static const char *
ascii_domain(const char *domain, struct arena *mem, const char **why)
{
	char *ascii = NULL, *copy;
	int rc;

	if (*domain == '[') {
		*why = "has a number in the place of a domain";
		return NULL;
	}
	rc = idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL |
	    IDN2_NFC_INPUT);
	if (rc == IDN2_MALLOC)
		die(EX_OSERR, "out of memory");
	if (rc != IDN2_OK) {
		*why = "has a domain that IDNA does not allow";
		return NULL;
	}
	copy = arena_strdup(mem, ascii);
	idn2_free(ascii);
	for (char *p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	*why = bad_domain(copy);
	return *why == NULL ? copy : NULL;
}

bool
email_read(const char *raw, struct arena *mem, const char **out,
    const char **why)
{
	const char *at, *local, *domain;
	size_t len;

	raw += strspn(raw, " \t");
	len = strlen(raw);
	while (len > 0 && (raw[len - 1] == ' ' || raw[len - 1] == '\t'))
		len--;
	raw = arena_strndup(mem, raw, len);
	at = strrchr(raw, '@');
	if (at == NULL) {
		*why = "has no @";
		return false;
	}
	local = read_local(raw, (size_t)(at - raw), mem, why);
	domain = local == NULL ? NULL : ascii_domain(at + 1, mem, why);
	if (domain == NULL)
		return false;
	*out = arena_printf(mem, "%s@%s", local, domain);
	if (strlen(*out) > EMAIL_MAX) {
		*why = "is longer than 254 bytes";
		return false;
	}
	return true;
}

/*
 * Slips of the pen.  Only what can hardly be meant: one letter wrong, missing,
 * doubled or swapped with its neighbour in the name of a big provider, or an
 * end that is a slip of com.
 */

struct provider {
	const char *name, *ends;	/* between spaces; the first is usual */
};
static const struct provider providers[] = {
	{ "gmail", " com " },
	{ "hotmail", " com es com.mx com.ar co.uk fr it de " },
	{ "outlook", " com es com.mx com.ar com.br fr it de " },
	{ "yahoo", " com com.mx es com.ar com.br co.uk ca fr it de " },
	{ "icloud", " com " },
	{ "protonmail", " com ch " },
	{ "live", " com com.mx com.ar com.br co.uk fr it " },
	{ "msn", " com " },
	{ "aol", " com " },
	{ "prodigy", " net.mx " }
};

/* What is meant by an end that no provider has. */
static const struct { const char *slips, *meant; } ends[] = {
	{ " con cm co om cmo ocm comm coom ccom vom xom cpm cim clm cok comn "
	    "coml c con.com com.com ", "com" },
	{ " con.mx cm.mx co.mx om.mx comm.mx com.m com.x com.nx con.nx com.xm "
	    "commx com.mex ", "com.mx" },
	{ " met.mx ney.mx nte.mx net.m ", "net.mx" }
};

/* Whether the word is one of those between spaces. */
static bool
among(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(words, word); p != NULL;
	    p = strstr(p + 1, word))
		if (p > words && p[-1] == ' ' && p[len] == ' ')
			return true;
	return false;
}

/* Whether one insertion, deletion, substitution or swap makes a of b. */
static bool
one_slip(const char *a, const char *b, size_t len)
{
	size_t la = len, lb = strlen(b), i = 0, j = 0;

	while (i < la && i < lb && a[i] == b[i])
		i++;
	while (j < la - i && j < lb - i && a[la - 1 - j] == b[lb - 1 - j])
		j++;
	la -= i + j;
	lb -= i + j;
	return la + lb == 1 || (la == 1 && lb == 1) ||
	    (la == 2 && lb == 2 && a[i] == b[i + 1] && a[i + 1] == b[i]);
}

/*
 * Short names have real neighbours (mail, email, ymail), nearly all of which
 * begin with another letter; very short ones have too many.
 */
static bool
is_slip_of(const char *name, size_t len, const char *provider)
{
	size_t n = strlen(provider);

	return n >= 5 && one_slip(name, provider, len) &&
	    (n >= 7 || name[0] == provider[0] ||
	    (name[0] == provider[1] && name[1] == provider[0]));
}

static const char *
end_meant(const char *end, const struct provider *p)
{
	/* Those with one domain have no other in Mexico or Spain. */
	bool only_com = strcmp(p->ends, " com ") == 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!among(ends[i].slips, end))
			continue;
		if (among(p->ends, ends[i].meant))
			return ends[i].meant;
		if (only_com)
			return "com";
	}
	return only_com && among(" com.mx mx es ", end) ? "com" : NULL;
}

const char *
email_domain_meant(const char *domain, struct arena *mem)
{
	size_t len = strcspn(domain, ".");
	const char *end = domain + len + (domain[len] == '.'), *meant;
	const struct provider *p = providers;
	bool same;

	for (; p < providers + sizeof(providers) / sizeof(providers[0]); p++) {
		same = strncmp(domain, p->name, len) == 0 &&
		    p->name[len] == '\0';
		if (!same && !is_slip_of(domain, len, p->name))
			continue;
		meant = among(p->ends, end) ? end : end_meant(end, p);
		if (meant != NULL && (!same || meant != end))
			return arena_printf(mem, "%s.%s", p->name, meant);
	}
	return NULL;
}

bool
email_is_message_id(const char *s)
{
	size_t len = s == NULL ? 0 : strlen(s);

	if (len < 5 || len > MESSAGE_ID_MAX || s[0] != '<' ||
	    s[len - 1] != '>' || strchr(s, '@') == NULL)
		return false;
	for (size_t i = 1; i < len - 1; i++)
		if (s[i] <= ' ' || s[i] > '~' || strchr("<>()[],;:\\\"", s[i]))
			return false;
	return true;
}
