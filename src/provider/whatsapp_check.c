/*
 * The limits of WhatsApp's messages: what Meta would refuse is refused here,
 * with the name of the field.  omni-render(1) makes nothing that is refused;
 * a record may come from elsewhere.
 *
 * Sources: developers.facebook.com/docs/whatsapp/cloud-api/reference/messages,
 * and its guides to templates, reply buttons and lists.
 */
#include "provider_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "message/meta.h"

#define FIVE_BLANKS		"     "
#define NAME_MAX_BYTES		512
#define ROWS_MAX		10
#define ROW_TITLE_MAX		24
#define ROW_TEXT_MAX		72
#define ROW_ID_MAX		200	/* bytes */

/* Where in the record we are: "whatsapp.session.interactive". */
struct place {
	char text[160];
};

static struct place
below(const struct place *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static struct place
below(const struct place *p, const char *fmt, ...)
{
	struct place out = *p;
	size_t len = strlen(out.text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out.text + len, sizeof(out.text) - len, fmt, ap);
	va_end(ap);
	return out;
}

static int
fault(const struct place *p, const char *what, struct error *e)
{
	return error_set(e, EX_DATAERR, "%s: %s", p->text, what);
}

/* A string of 1 to `max` characters, or of bytes where `bytes` says so. */
static int
check_text(const struct place *p, const struct value *v, size_t max,
    bool bytes, struct error *e)
{
	const char *s = value_string(v);
	size_t n;

	if (s == NULL)
		return fault(p, value_type(v) == VALUE_ABSENT ? "missing" :
		    "not a string", e);
	n = bytes ? strlen(s) : utf8_count(s, strlen(s));
	if (n == 0)
		return fault(p, "empty", e);
	if (n > max)
		return error_set(e, EX_DATAERR, "%s: %zu %s; WhatsApp takes "
		    "at most %zu", p->text, n, bytes ? "bytes" : "characters",
		    max);
	return 0;
}

/* Templates. */

static int
check_lines(const struct place *p, const char *s, struct error *e)
{
	if (strpbrk(s, "\r\n") != NULL)
		return fault(p, "has a newline", e);
	if (strchr(s, '\t') != NULL)
		return fault(p, "has a tab", e);
	if (strstr(s, FIVE_BLANKS) != NULL)
		return fault(p, "has more than four blanks in a row", e);
	return 0;
}

/* Types that are not ours are Meta's to judge. */
static int
check_parameter(const struct place *p, const char *component,
    const struct value *v, struct error *e)
{
	const char *type = value_get_string(v, "type");
	bool button = strcmp(component, "button") == 0;
	struct place at;

	if (type == NULL)
		return fault(p, "has no type", e);
	at = below(p, ".%.20s", type);
	if (strcmp(type, "payload") == 0)
		return check_text(&at, value_get(v, "payload"),
		    WHATSAPP_PAYLOAD_MAX, true, e);
	if (strcmp(type, "text") != 0)
		return 0;
	if (check_text(&at, value_get(v, "text"), button ? WHATSAPP_URL_MAX :
	    strcmp(component, "header") == 0 ? WHATSAPP_HEADER_MAX :
	    WHATSAPP_BODY_MAX, button, e) == -1)
		return -1;
	return check_lines(&at, value_get_string(v, "text"), e);
}

static int
check_component(const struct place *p, const struct value *v, struct error *e)
{
	const struct value *all = value_get(v, "parameters");
	const char *type = value_get_string(v, "type");
	struct place at;

	if (type == NULL)
		return fault(p, "has no type", e);
	if (all != NULL && value_type(all) != VALUE_ARRAY) {
		at = below(p, ".parameters");
		return fault(&at, "not an array", e);
	}
	for (size_t i = 0; i < value_count(all); i++) {
		at = below(p, ".parameters.%zu", i);
		if (check_parameter(&at, type, value_at(all, i), e) == -1)
			return -1;
	}
	return 0;
}

int
whatsapp_check_template(const struct value *t, struct error *e)
{
	const struct place p = { "whatsapp.template" };
	const struct value *all = value_get(t, "components");
	struct place at;

	if (value_type(t) != VALUE_OBJECT)
		return fault(&p, "not an object", e);
	at = below(&p, ".name");
	if (check_text(&at, value_get(t, "name"), NAME_MAX_BYTES, true,
	    e) == -1)
		return -1;
	at = below(&p, ".language.code");
	if (check_text(&at, value_path(t, "language.code"), LANGUAGE_MAX,
	    true, e) == -1)
		return -1;
	at = below(&p, ".components");
	if (all != NULL && value_type(all) != VALUE_ARRAY)
		return fault(&at, "not an array", e);
	for (size_t i = 0; i < value_count(all); i++) {
		at = below(&p, ".components.%zu", i);
		if (check_component(&at, value_at(all, i), e) == -1)
			return -1;
	}
	return 0;
}

/* Messages in the window. */

/* `key` of the buttons or rows before this one says the same. */
static bool
is_repeated(const struct value *all, size_t i, const char *path,
    const char *s)
{
	const char *other;

	for (size_t k = 0; k < i; k++) {
		other = value_string(value_path(value_at(all, k), path));
		if (other != NULL && strcmp(other, s) == 0)
			return true;
	}
	return false;
}

static int
check_button(const struct place *p, const struct value *all, size_t i,
    struct error *e)
{
	const struct value *reply = value_get(value_at(all, i), "reply");
	const char *type = value_get_string(value_at(all, i), "type");
	struct place at = below(p, ".buttons.%zu.reply.title", i);

	if (type == NULL || strcmp(type, "reply") != 0)
		return fault(&at, "not of a reply button", e);
	if (check_text(&at, value_get(reply, "title"), WHATSAPP_TITLE_MAX,
	    false, e) == -1)
		return -1;
	if (is_repeated(all, i, "reply.title", value_get_string(reply,
	    "title")))
		return fault(&at, "the same as another button's", e);
	at = below(p, ".buttons.%zu.reply.id", i);
	if (check_text(&at, value_get(reply, "id"), WHATSAPP_ID_MAX, true,
	    e) == -1)
		return -1;
	if (is_repeated(all, i, "reply.id", value_get_string(reply, "id")))
		return fault(&at, "the same as another button's", e);
	return 0;
}

static int
check_buttons(const struct place *p, const struct value *action,
    struct error *e)
{
	const struct value *all = value_get(action, "buttons");
	struct place at = below(p, ".buttons");
	size_t count = value_count(all);

	if (value_type(all) != VALUE_ARRAY || count == 0)
		return fault(&at, "none", e);
	if (count > WHATSAPP_REPLIES_MAX)
		return error_set(e, EX_DATAERR, "%s: %zu of them; WhatsApp "
		    "takes at most %d", at.text, count, WHATSAPP_REPLIES_MAX);
	for (size_t i = 0; i < count; i++)
		if (check_button(p, all, i, e) == -1)
			return -1;
	return 0;
}

static int
check_row(const struct place *p, const struct value *row, struct error *e)
{
	struct place at = below(p, ".title");

	if (check_text(&at, value_get(row, "title"), ROW_TITLE_MAX, false,
	    e) == -1)
		return -1;
	at = below(p, ".id");
	if (check_text(&at, value_get(row, "id"), ROW_ID_MAX, true, e) == -1)
		return -1;
	at = below(p, ".description");
	return value_get(row, "description") == NULL ? 0 : check_text(&at,
	    value_get(row, "description"), ROW_TEXT_MAX, false, e);
}

static int
check_section(const struct place *p, const struct value *section,
    size_t *rows, struct error *e)
{
	const struct value *all = value_get(section, "rows");
	struct place at = below(p, ".rows");

	if (value_type(all) != VALUE_ARRAY || value_count(all) == 0)
		return fault(&at, "none", e);
	*rows += value_count(all);
	if (*rows > ROWS_MAX)
		return fault(&at, "more than 10 in all", e);
	for (size_t i = 0; i < value_count(all); i++) {
		at = below(p, ".rows.%zu", i);
		if (check_row(&at, value_at(all, i), e) == -1)
			return -1;
	}
	return 0;
}

static int
check_list(const struct place *p, const struct value *action, struct error *e)
{
	const struct value *all = value_get(action, "sections");
	struct place at = below(p, ".button");
	size_t rows = 0;

	if (check_text(&at, value_get(action, "button"), WHATSAPP_TITLE_MAX,
	    false, e) == -1)
		return -1;
	at = below(p, ".sections");
	if (value_type(all) != VALUE_ARRAY || value_count(all) == 0)
		return fault(&at, "none", e);
	for (size_t i = 0; i < value_count(all); i++) {
		at = below(p, ".sections.%zu", i);
		if (check_section(&at, value_at(all, i), &rows, e) == -1)
			return -1;
	}
	return 0;
}

/* "footer.text" if there is a footer; of a header if it is a text. */
static int
check_optional(const struct place *p, const struct value *v, const char *key,
    size_t max, struct error *e)
{
	const struct value *part = value_get(v, key);
	const char *type = value_get_string(part, "type");
	struct place at = below(p, ".%s.text", key);

	if (part == NULL || (type != NULL && strcmp(type, "text") != 0))
		return 0;
	return check_text(&at, value_get(part, "text"), max, false, e);
}

static int
check_interactive(const struct place *p, const struct value *v,
    struct error *e)
{
	const char *type = value_get_string(v, "type");
	struct place at = below(p, ".body.text");

	if (type == NULL)
		return fault(p, "has no type", e);
	if (check_text(&at, value_path(v, "body.text"), WHATSAPP_BODY_MAX,
	    false, e) == -1 ||
	    check_optional(p, v, "header", WHATSAPP_HEADER_MAX, e) == -1 ||
	    check_optional(p, v, "footer", WHATSAPP_FOOTER_MAX, e) == -1)
		return -1;
	at = below(p, ".action");
	if (strcmp(type, "button") == 0)
		return check_buttons(&at, value_get(v, "action"), e);
	if (strcmp(type, "list") == 0)
		return check_list(&at, value_get(v, "action"), e);
	return 0;
}

int
whatsapp_check_session(const struct value *session, struct error *e)
{
	const struct place p = { "whatsapp.session" };
	const char *type = value_get_string(session, "type");
	struct place at = below(&p, ".text.body");

	if (type != NULL && strcmp(type, "text") == 0)
		return check_text(&at, value_path(session, "text.body"),
		    WHATSAPP_TEXT_MAX, false, e);
	at = below(&p, ".type");
	if (type == NULL || strcmp(type, "interactive") != 0)
		return fault(&at, "neither text nor interactive", e);
	at = below(&p, ".interactive");
	return check_interactive(&at, value_get(session, "interactive"), e);
}
