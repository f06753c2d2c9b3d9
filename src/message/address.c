#include "address.h"

#include <ctype.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/child.h"

#define RAW_MAX		200	/* a telephone number as written */
#define EMAIL_MAX	254	/* RFC 5321 4.5.3.1.3, less the brackets */
#define LOCAL_MAX	64
#define ANSWER_MS	5000
#define CACHE		1024

struct cached {
	char raw[RAW_MAX + 1];
	char answer[256];
};

struct phonebook {
	const char *program, *region;
	struct coprocess helper;
	bool running;
	struct cached *cache;
};

struct phonebook *
phonebook_new(const char *program, const char *region)
{
	struct phonebook *b = calloc(1, sizeof(*b));

	if (b != NULL)
		b->cache = calloc(CACHE, sizeof(*b->cache));
	if (b == NULL || b->cache == NULL)
		die(EX_OSERR, "out of memory");
	b->program = program;
	b->region = region;
	return b;
}

void
phonebook_free(struct phonebook *b)
{
	if (b == NULL)
		return;
	if (b->running)
		coprocess_stop(&b->helper);
	free(b->cache);
	free(b);
}

static struct cached *
cache_slot(struct phonebook *b, const char *raw)
{
	unsigned int h = 2166136261U;	/* FNV-1a */

	for (const char *p = raw; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619U;
	return &b->cache[h % CACHE];
}

static bool
starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/*
 * Folds what Mexico no longer dials, for numbers that are all digits and
 * separators.  The national numbering plan has had 10 digits since August 2019
 * everywhere; +52 1, 044, 045 and 01 are gone, but people still write them.
 */
static char *
fold_mexican(const char *raw, const char *region, struct arena *mem)
{
	char digits[RAW_MAX + 1], *d = digits;
	size_t head = strspn(raw, " \t+0123456789().-/"), n;
	bool plus = raw[strspn(raw, " \t(")] == '+';

	for (size_t i = 0; i < head; i++)
		if (raw[i] >= '0' && raw[i] <= '9')
			*d++ = raw[i];
	*d = '\0';
	d = digits;
	if (starts(d, "00")) {
		d += 2;
		plus = true;
	} else if (starts(d, "01152")) {
		d += 3;
		plus = true;
	}
	n = strlen(d);
	if ((plus || strcmp(region, "MX") == 0) && n == 13 && starts(d, "521"))
		d += 3;
	else if (!plus && strcmp(region, "MX") == 0 && n == 13 &&
	    (starts(d, "044") || starts(d, "045")))
		d += 3;
	else if (!plus && strcmp(region, "MX") == 0 && n == 12 &&
	    starts(d, "01"))
		d += 2;
	else
		return arena_strdup(mem, raw);
	return arena_printf(mem, "+52%s%s", d, raw + head);
}

static int
ask_once(struct phonebook *b, const char *line, size_t len, const char **got,
    struct error *e)
{
	const char *argv[] = { b->program, NULL };

	if (!b->running) {
		if (coprocess_start(&b->helper, argv, e) == -1)
			return -1;
		b->running = true;
	}
	if (coprocess_ask(&b->helper, line, len, ANSWER_MS, got, e) == 0) {
		if (starts(*got, "1\tok\t") || starts(*got, "1\tno\t"))
			return 0;
		error_set(e, EX_TEMPFAIL, "the helper's answer makes no sense");
	}
	coprocess_stop(&b->helper);
	b->running = false;
	return -1;
}

/* A helper that died is started again once; the second death counts. */
static int
ask(struct phonebook *b, const char *number, struct arena *mem,
    const char **answer, struct error *e)
{
	char *line = arena_printf(mem, "1\t%s\t%s\n", b->region, number);
	size_t len = strlen(line);
	struct error why;

	if (ask_once(b, line, len, answer, &why) == 0 ||
	    ask_once(b, line, len, answer, &why) == 0)
		return 0;
	return error_set(e, EX_TEMPFAIL, "%s: %.200s", b->program, why.text);
}

/* The i-th field of a line of fields between tabs. */
static char *
field(const char *line, int i, struct arena *mem)
{
	for (; i > 0; i--) {
		line += strcspn(line, "\t");
		if (*line == '\t')
			line++;
	}
	return arena_strndup(mem, line, strcspn(line, "\t"));
}

/* The words of phonenumber(1), to go behind "phone". */
static const char *
reason(const char *word)
{
	static const struct { const char *word, *text; } reasons[] = {
		{ "not_a_number", "is not a telephone number" },
		{ "invalid_country_code", "has no country's code" },
		{ "too_short", "is too short" },
		{ "too_short_after_idd", "is too short" },
		{ "too_long", "is too long" },
		{ "invalid", "is not a number of any numbering plan" }
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].word, word) == 0)
			return reasons[i].text;
	return "cannot be read";
}

static enum address_result
read_answer(const char *answer, struct arena *mem, struct phone *out,
    const char **why, struct error *e)
{
	if (starts(answer, "1\tno\tbad_region")) {
		error_set(e, EX_CONFIG, "[site] region: phonenumber does not "
		    "know it");
		return ADDRESS_UNKNOWN;
	}
	if (starts(answer, "1\tno\t")) {
		*why = reason(field(answer, 2, mem));
		return ADDRESS_REFUSED;
	}
	out->e164 = field(answer, 2, mem);
	out->line = field(answer, 4, mem);
	out->extension = field(answer, 5, mem);
	if (*out->extension == '\0')
		out->extension = NULL;
	return ADDRESS_OK;
}

enum address_result
phone_normalize(struct phonebook *b, const char *raw, struct arena *mem,
    struct phone *out, const char **why, struct error *e)
{
	struct cached *slot;
	const char *answer;

	if (strlen(raw) > RAW_MAX) {
		*why = "longer than 200 bytes";
		return ADDRESS_REFUSED;
	}
	/* The protocol is one line a number: nothing may break the line. */
	for (const char *p = raw; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p)) {
			*why = "has a control character";
			return ADDRESS_REFUSED;
		}
	slot = cache_slot(b, raw);
	if (slot->answer[0] == '\0' || strcmp(slot->raw, raw) != 0) {
		if (ask(b, fold_mexican(raw, b->region, mem), mem, &answer,
		    e) == -1)
			return ADDRESS_UNKNOWN;
		snprintf(slot->raw, sizeof(slot->raw), "%s", raw);
		snprintf(slot->answer, sizeof(slot->answer), "%s", answer);
	}
	return read_answer(slot->answer, mem, out, why, e);
}

char *
address_identity(const char *to, char out[ADDRESS_IDENTITY])
{
	size_t digits = strspn(to + (*to == '+'), "0123456789");

	if (starts(to, "+521") && digits == 13 && to[14] == '\0')
		snprintf(out, ADDRESS_IDENTITY, "+52%s", to + 4);
	else
		snprintf(out, ADDRESS_IDENTITY, "%s", to);
	if (strchr(out, '@') != NULL)
		for (char *p = out; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
	return out;
}

/* RFC 5321 Dot-string; a quoted local part is refused, as most servers do. */
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
		if ((unsigned char)s[i] >= 0x80)
			return "has letters before the @ that mail servers "
			    "do not take";
		if (s[i] == '.' && s[i + 1] == '.')
			return "has two dots in a row";
		if (!isalnum((unsigned char)s[i]) &&
		    strchr(".!#$%&'*+-/=?^_`{|}~", s[i]) == NULL)
			return "has a character before the @ that may not "
			    "stand there";
	}
	return NULL;
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

	rc = idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL |
	    IDN2_NFC_INPUT);
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

enum address_result
email_normalize(const char *raw, struct arena *mem, const char **out,
    const char **why)
{
	const char *at, *domain;
	size_t len;

	raw += strspn(raw, " \t");
	len = strlen(raw);
	while (len > 0 && (raw[len - 1] == ' ' || raw[len - 1] == '\t'))
		len--;
	raw = arena_strndup(mem, raw, len);
	at = strrchr(raw, '@');
	if (at == NULL) {
		*why = "has no @";
		return ADDRESS_REFUSED;
	}
	*why = bad_local(raw, (size_t)(at - raw));
	if (*why != NULL)
		return ADDRESS_REFUSED;
	domain = ascii_domain(at + 1, mem, why);
	if (domain == NULL)
		return ADDRESS_REFUSED;
	*out = arena_printf(mem, "%.*s@%s", (int)(at - raw), raw, domain);
	if (strlen(*out) > EMAIL_MAX) {
		*why = "is longer than 254 bytes";
		return ADDRESS_REFUSED;
	}
	return ADDRESS_OK;
}

static struct value *
entry(const char *to, const char *raw, const char *line, const char *ext)
{
	struct value *v = value_new_object();

	value_set_string(v, "to", to);
	value_set_string(v, "raw", raw);
	if (line != NULL)
		value_set_string(v, "line", line);
	if (ext != NULL)
		value_set_string(v, "extension", ext);
	return v;
}

static struct value *
refused(const char *raw, const char *why)
{
	struct value *v = value_new_object();

	value_set_string(v, "refused", why);
	value_set_string(v, "raw", raw);
	return v;
}

struct gathering {
	struct phonebook *book;
	const struct value *contact;
	struct arena *mem;
	struct value *address;
	struct buf reasons;
	const char *first;	/* field of the first reason */
	int usable, given;
	struct error *error;
};

static void
note(struct gathering *g, const char *name, const char *why)
{
	buf_printf(&g->reasons, "%s%s %s", g->reasons.len > 0 ? "; " : "",
	    name, why);
	if (g->first == NULL)
		g->first = arena_printf(g->mem, "contact.%s", name);
}

static void
gather_email(struct gathering *g)
{
	const char *raw = value_get_string(g->contact, "email"), *to, *why;

	if (raw == NULL)
		return;
	g->given++;
	if (email_normalize(raw, g->mem, &to, &why) == ADDRESS_OK) {
		value_set_take(g->address, "email", entry(to, raw, NULL,
		    NULL));
		g->usable++;
		return;
	}
	value_set_take(g->address, "email", refused(raw, why));
	note(g, "email", why);
}

/* A fixed line takes calls but neither SMS nor WhatsApp. */
static bool
takes_text(const struct phone *p)
{
	return strcmp(p->line, "fixed_line") != 0;
}

static void
add_phone(struct gathering *g, const char *type, const char *raw,
    const struct phone *p, bool ok)
{
	if (!ok) {
		value_set_take(g->address, type, refused(raw,
		    "a landline takes no text messages"));
		return;
	}
	value_set_take(g->address, type, entry(p->e164, raw, p->line,
	    p->extension));
	g->usable++;
}

/* `name` is phone or whatsapp; false when the helper failed. */
static bool
gather_phone(struct gathering *g, const char *name)
{
	const char *raw = value_get_string(g->contact, name), *why;
	bool is_phone = strcmp(name, "phone") == 0;
	bool has_whatsapp = value_get_string(g->contact, "whatsapp") != NULL;
	struct phone p;

	if (raw == NULL)
		return true;
	g->given++;
	switch (phone_normalize(g->book, raw, g->mem, &p, &why, g->error)) {
	case ADDRESS_OK:
		if (is_phone)
			add_phone(g, "sms", raw, &p, takes_text(&p));
		if (!is_phone || !has_whatsapp)
			add_phone(g, "whatsapp", raw, &p, takes_text(&p));
		if (is_phone)
			add_phone(g, "voice", raw, &p, true);
		return true;
	case ADDRESS_REFUSED:
		note(g, name, why);
		if (is_phone) {
			value_set_take(g->address, "sms", refused(raw, why));
			value_set_take(g->address, "voice", refused(raw, why));
		}
		if (!is_phone || !has_whatsapp)
			value_set_take(g->address, "whatsapp",
			    refused(raw, why));
		return true;
	case ADDRESS_UNKNOWN:
	default:
		return false;
	}
}

static enum address_result
conclude(struct gathering *g, struct value **address, const char **fault,
    const char **why)
{
	const char *id = value_get_string(g->contact, "id");

	if (g->given == 0 && id != NULL && *id != '\0') {
		value_free(g->address);
		return ADDRESS_OK;
	}
	if (g->usable > 0) {
		*address = g->address;
		return ADDRESS_OK;
	}
	value_free(g->address);
	*fault = g->first == NULL ? "contact" : g->first;
	*why = g->given == 0 ? "has neither email, phone nor whatsapp" :
	    arena_strdup(g->mem, buf_text(&g->reasons));
	return ADDRESS_REFUSED;
}

enum address_result
address_of_contact(struct phonebook *b, const struct value *contact,
    struct arena *mem, struct value **address, const char **fault,
    const char **why, struct error *e)
{
	struct gathering g = { .book = b, .contact = contact, .mem = mem,
	    .reasons = BUF_INIT(4096), .error = e };
	enum address_result rc = ADDRESS_UNKNOWN;

	*address = NULL;
	g.address = value_new_object();
	gather_email(&g);
	if (gather_phone(&g, "phone") && gather_phone(&g, "whatsapp"))
		rc = conclude(&g, address, fault, why);
	else
		value_free(g.address);
	buf_release(&g.reasons);
	return rc;
}
