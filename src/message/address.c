#include "address.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "message/email.h"

char *
address_identity(const char *to, char out[ADDRESS_IDENTITY])
{
	size_t digits = strspn(to + (*to == '+'), "0123456789");

	if (subscription_is_meant(to)) {
		snprintf(out, ADDRESS_IDENTITY, "%s", to);
		return out;
	}
	if (strncmp(to, "+521", 4) == 0 && digits == 13 && to[14] == '\0')
		snprintf(out, ADDRESS_IDENTITY, "+52%s", to + 4);
	else
		snprintf(out, ADDRESS_IDENTITY, "%s", to);
	if (strchr(out, '@') != NULL)
		for (char *p = out; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
	return out;
}

static struct value *
entry(const char *to, const char *raw)
{
	struct value *v = value_new_object();

	value_set_string(v, "to", to);
	value_set_string(v, "raw", raw);
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
	const struct config *config;
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

/*
 * A member of the contact as text.  What is no string cannot be used, but is
 * not passed over in silence: an export may well have telephone numbers that
 * are numbers.
 */
static const char *
given(struct gathering *g, const char *name, const char **why)
{
	const struct value *v = value_get(g->contact, name);

	*why = NULL;
	if (v == NULL || value_type(v) == VALUE_NULL)
		return NULL;
	g->given++;
	if (value_string(v) != NULL)
		return value_string(v);
	*why = arena_printf(g->mem, "is %s, not a string",
	    value_type_name(value_type(v)));
	return arena_printf(g->mem, "%.200s", value_json(v, g->mem));
}

static struct value *
email_entry(struct gathering *g, const char *to, const char *raw)
{
	const char *at = strchr(to, '@');
	const char *meant = email_domain_meant(at + 1, g->mem);
	struct value *v = entry(to, raw);

	if (meant == NULL)
		return v;
	value_set_string(v, "suspect", arena_printf(g->mem,
	    "%s is probably %s", at + 1, meant));
	value_set_string(v, "suggestion", arena_printf(g->mem, "%.*s@%s",
	    (int)(at - to), to, meant));
	return v;
}

static void
gather_email(struct gathering *g)
{
	const char *why, *raw = given(g, "email", &why), *to;

	if (raw == NULL)
		return;
	if (why == NULL && email_read(raw, g->mem, &to, &why)) {
		value_set_take(g->address, "email", email_entry(g, to, raw));
		g->usable++;
		return;
	}
	value_set_take(g->address, "email", refused(raw, why));
	note(g, "email", why);
}

/* A string, or the object that a browser gives. */
static void
gather_push(struct gathering *g)
{
	const struct value *v = value_get(g->contact, "push");
	const char *raw, *to, *why = NULL;

	if (v == NULL || value_type(v) == VALUE_NULL)
		return;
	g->given++;
	raw = value_string(v) != NULL ? value_string(v) :
	    value_json(v, g->mem);
	to = push_address(g->config, v, g->mem, &why);
	if (to != NULL) {
		value_set_take(g->address, "push", entry(to, raw));
		g->usable++;
		return;
	}
	value_set_take(g->address, "push", refused(raw, why));
	note(g, "push", why);
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
	struct value *v;

	if (!ok) {
		value_set_take(g->address, type, refused(raw,
		    "a landline takes no text messages"));
		return;
	}
	v = entry(p->e164, raw);
	value_set_string(v, "line", p->line);
	if (p->extension != NULL)
		value_set_string(v, "extension", p->extension);
	value_set_take(g->address, type, v);
	g->usable++;
}

/*
 * WhatsApp's own ids are international numbers without a plus: something that
 * long is tried as one first.
 */
#define ID_MAX	15

static const char *
international(const char *raw, char out[ID_MAX + 2])
{
	size_t digits = strspn(raw, "0123456789");

	if (digits <= 10 || digits > ID_MAX || raw[digits] != '\0' ||
	    raw[0] == '0')
		return NULL;
	snprintf(out, ID_MAX + 2, "+%s", raw);
	return out;
}

static enum address_result
read_phone(struct gathering *g, const char *raw, bool is_phone,
    struct phone *p, const char **why)
{
	enum address_result rc;
	char id[ID_MAX + 2];

	if (*why != NULL)
		return ADDRESS_REFUSED;
	if (!is_phone && international(raw, id) != NULL) {
		rc = phone_normalize(g->book, id, g->mem, p, why, g->error);
		if (rc != ADDRESS_REFUSED)
			return rc;
	}
	return phone_normalize(g->book, raw, g->mem, p, why, g->error);
}

/* `name` is phone or whatsapp; false when the helper failed. */
static bool
gather_phone(struct gathering *g, const char *name)
{
	bool is_phone = strcmp(name, "phone") == 0;
	bool has_whatsapp = value_get_string(g->contact, "whatsapp") != NULL;
	const char *why, *raw = given(g, name, &why);
	struct phone p;

	if (raw == NULL)
		return true;
	switch (read_phone(g, raw, is_phone, &p, &why)) {
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
	*why = g->given == 0 ? "has neither email, phone, whatsapp nor push" :
	    arena_strdup(g->mem, buf_text(&g->reasons));
	return ADDRESS_REFUSED;
}

void
address_expect(struct phonebook *b, const struct value *contact)
{
	const char *phone = value_get_string(contact, "phone");
	const char *whatsapp = value_get_string(contact, "whatsapp");
	char id[ID_MAX + 2];

	if (phone != NULL)
		phonebook_expect(b, phone);
	if (whatsapp != NULL)
		phonebook_expect(b, international(whatsapp, id) != NULL ? id :
		    whatsapp);
}

enum address_result
address_of_contact(struct phonebook *b, const struct config *c,
    const struct value *contact, struct arena *mem, struct value **address,
    const char **fault, const char **why, struct error *e)
{
	struct gathering g = { .book = b, .config = c, .contact = contact,
	    .mem = mem, .reasons = BUF_INIT(4096), .error = e };
	enum address_result rc = ADDRESS_UNKNOWN;

	*address = NULL;
	g.address = value_new_object();
	gather_email(&g);
	gather_push(&g);
	if (gather_phone(&g, "phone") && gather_phone(&g, "whatsapp"))
		rc = conclude(&g, address, fault, why);
	else
		value_free(g.address);
	buf_release(&g.reasons);
	return rc;
}
