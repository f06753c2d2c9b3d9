#include "whatsapp.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "message/variables.h"

#define BAD		"bad_whatsapp"
#define FIVE_BLANKS	"     "
#define FILL_MAX	(RECORD_MAX / 2)	/* bytes, before any limit */

struct job {
	const struct whatsapp_message *m;
	const struct whatsapp_meta *meta;
	const struct whatsapp_language *language;
	struct misfit *why;
	char ref[WHATSAPP_ID_MAX];	/* empty: buttons can name nothing */
};

static size_t
characters(const char *s)
{
	return utf8_count(s, strlen(s));
}

/* Renders in plain text; what is amiss with lines is told here, by name. */
static int
fill(const struct job *j, const struct template *t, struct buf *out)
{
	struct template_env env = *j->m->env;
	const char *field = NULL;
	struct error e;

	env.html = false;
	env.one_line = false;
	if (template_render(t, &env, out, &field, &e) == -1)
		return misfit_render(j->why, field, &e);
	return 0;
}

static bool
is_blank(const char *text)
{
	struct value *v = value_new_string(text);
	bool blank = variable_is_empty(v);

	value_free(v);
	return blank;
}

/* Parameters: what Meta refuses with 100, 132012 or 132018. */
static const char *
parameter_fault(const char *s)
{
	if (is_blank(s))
		return "is empty";
	if (strpbrk(s, "\r\n") != NULL)
		return "has a newline";
	if (strchr(s, '\t') != NULL)
		return "has a tab";
	if (strstr(s, FIVE_BLANKS) != NULL)
		return "has more than four blanks in a row";
	return NULL;
}

static int
refuse_parameter(const struct job *j, const char *key,
    const struct whatsapp_parameter *p, const char *what)
{
	char field[META_KEY_MAX + 32];

	snprintf(field, sizeof(field), "whatsapp.%s.%s", key, p->name);
	return misfit_set(j->why, BAD, field, "template %s: %s.%s, %.100s, %s",
	    j->m->set->name, key, p->name, p->source, what);
}

static int
add_parameter(const struct job *j, const char *key,
    const struct whatsapp_parameter *p, struct value *all)
{
	struct buf text = BUF_INIT(FILL_MAX);
	struct value *one;
	const char *what;
	int rc = 0;

	if (fill(j, p->expression, &text) == -1) {
		buf_release(&text);
		return -1;
	}
	what = parameter_fault(buf_text(&text));
	if (characters(buf_text(&text)) > WHATSAPP_BODY_MAX)
		what = "has more than 1024 characters";
	if (what != NULL)
		rc = refuse_parameter(j, key, p, what);
	else {
		one = value_new_object();
		value_set_string(one, "type", "text");
		if (j->meta->named)
			value_set_string(one, "parameter_name", p->name);
		value_set_string(one, "text", buf_text(&text));
		value_append_take(all, one);
	}
	buf_release(&text);
	return rc;
}

static struct value *
component(const char *type, struct value *parameters)
{
	struct value *v = value_new_object();

	value_set_string(v, "type", type);
	value_set_take(v, "parameters", parameters);
	return v;
}

static int
add_parameters(const struct job *j, const char *key,
    const struct whatsapp_parameters *p, struct value *components)
{
	struct value *all;

	if (p->count == 0)
		return 0;
	all = value_new_array();
	for (size_t i = 0; i < p->count; i++)
		if (add_parameter(j, key, &p->list[i], all) == -1) {
			value_free(all);
			return -1;
		}
	value_append_take(components, component(key, all));
	return 0;
}

/* {"type":"image","image":{"link":"https://..."}}; NULL when refused */
static struct value *
media_header(const struct job *j)
{
	const char *type = whatsapp_header_name(j->meta->header_type);
	struct buf link = BUF_INIT(FILL_MAX), name = BUF_INIT(FILL_MAX);
	struct value *v = NULL, *media, *text;
	int rc = fill(j, j->meta->link, &link);

	text = value_new_string(buf_text(&link));
	if (rc == 0 && (link.len > WHATSAPP_URL_MAX ||
	    variable_misfit(VARIABLE_URL, text) != NULL))
		rc = misfit_set(j->why, BAD, "whatsapp.header", "template %s: "
		    "header.link is not an address of the web: %.200s",
		    j->m->set->name, buf_text(&link));
	value_free(text);
	if (rc == 0 && j->meta->filename != NULL)
		rc = fill(j, j->meta->filename, &name);
	if (rc == 0) {
		media = value_new_object();
		value_set_string(media, "link", buf_text(&link));
		if (name.len > 0)
			value_set_string(media, "filename", buf_text(&name));
		v = value_new_object();
		value_set_string(v, "type", type);
		value_set_take(v, type, media);
	}
	buf_release(&link);
	buf_release(&name);
	return v;
}

/* The text of the header as its reader sees it, checked. */
static int
header_text(const struct job *j, struct buf *out)
{
	const char *what;

	if (fill(j, j->language->header, out) == -1)
		return -1;
	what = parameter_fault(buf_text(out));
	if (what != NULL)
		return misfit_set(j->why, BAD, "whatsapp.header",
		    "template %s: the header %s", j->m->set->name, what);
	if (characters(buf_text(out)) > WHATSAPP_HEADER_MAX)
		return misfit_set(j->why, BAD, "whatsapp.header",
		    "template %s: the header has %zu characters; at most %d "
		    "are allowed", j->m->set->name,
		    characters(buf_text(out)), WHATSAPP_HEADER_MAX);
	return 0;
}

static int
check_header_text(const struct job *j)
{
	struct buf text = BUF_INIT(FILL_MAX);
	int rc = 0;

	if (j->language->header != NULL)
		rc = header_text(j, &text);
	buf_release(&text);
	return rc;
}

static int
add_header(const struct job *j, struct value *components)
{
	struct value *one, *all;

	if (j->meta->header_type <= WHATSAPP_TEXT_HEADER)
		return check_header_text(j) == -1 ? -1 :
		    add_parameters(j, "header", &j->meta->header, components);
	one = media_header(j);
	if (one == NULL)
		return -1;
	all = value_new_array();
	value_append_take(all, one);
	value_append_take(components, component("header", all));
	return 0;
}

/* Buttons. */

/*
 * What stands for itself in the path and query of a URL (RFC 3986), or was
 * encoded before, as all values are.
 */
static bool
is_url_character(const char *s)
{
	unsigned char c = (unsigned char)*s;

	if (c == '%')
		return isxdigit((unsigned char)s[1]) &&
		    isxdigit((unsigned char)s[2]);
	return isalnum(c) || (c != '\0' &&
	    strchr("-._~:/?#[]@!$&'()*+,;=", c) != NULL);
}

static void
percent_encode(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++)
		if (is_url_character(s))
			buf_char(out, *s);
		else
			buf_printf(out, "%%%02X", (unsigned char)*s);
}

static int
button_fault(const struct job *j, size_t i, const char *what)
{
	char field[40];

	snprintf(field, sizeof(field), "whatsapp.button.%zu", i);
	return misfit_set(j->why, BAD, field, "template %s: button.%zu %s",
	    j->m->set->name, i, what);
}

/* "confirm:k7.r2" into `out`, of at most `max` bytes. */
static int
put_payload(const struct job *j, size_t i, size_t max, struct buf *out)
{
	if (j->ref[0] == '\0')
		return misfit_set(j->why, BAD, "id", "template %s: the "
		    "message has no id that its buttons could bring back",
		    j->m->set->name);
	buf_printf(out, "%s:%s", j->meta->buttons[i].word, j->ref);
	if (out->len <= max)
		return 0;
	return button_fault(j, i, max == WHATSAPP_PAYLOAD_MAX ?
	    "brings back more than 128 bytes: the id is too long" :
	    "brings back more than 256 bytes: the id is too long");
}

static int
put_suffix(const struct job *j, size_t i, struct buf *out)
{
	struct buf raw = BUF_INIT(FILL_MAX);
	int rc = fill(j, j->meta->buttons[i].suffix, &raw);

	/* Encoded, even a blank would be something. */
	if (rc == 0 && is_blank(buf_text(&raw)))
		rc = button_fault(j, i, "has an empty end of its URL");
	buf_clear(&raw);
	if (rc == 0)
		rc = fill(j, j->meta->buttons[i].encoded, &raw);
	percent_encode(out, buf_text(&raw));
	if (rc == 0 && (out->full || out->len > WHATSAPP_URL_MAX))
		rc = button_fault(j, i, "has an end of its URL of more than "
		    "2000 bytes");
	buf_release(&raw);
	return rc;
}

static void
append_button(struct value *components, size_t i, bool quick,
    const char *text)
{
	struct value *all = value_new_array(), *one = value_new_object(), *v;
	char index[24];

	value_set_string(one, "type", quick ? "payload" : "text");
	value_set_string(one, quick ? "payload" : "text", text);
	value_append_take(all, one);
	v = value_new_object();
	value_set_string(v, "type", "button");
	value_set_string(v, "sub_type", quick ? "quick_reply" : "url");
	snprintf(index, sizeof(index), "%zu", i);
	value_set_string(v, "index", index);
	value_set_take(v, "parameters", all);
	value_append_take(components, v);
}

static int
add_button(const struct job *j, size_t i, struct value *components)
{
	const struct whatsapp_button *b = &j->meta->buttons[i];
	struct buf text = BUF_INIT(4 * WHATSAPP_URL_MAX);
	bool quick = b->type == WHATSAPP_QUICK_REPLY;
	int rc;

	/* A URL that never changes takes no parameter. */
	if (!quick && b->suffix == NULL)
		return 0;
	rc = quick ? put_payload(j, i, WHATSAPP_PAYLOAD_MAX, &text) :
	    put_suffix(j, i, &text);
	if (rc == 0)
		append_button(components, i, quick, buf_text(&text));
	buf_release(&text);
	return rc;
}

/* The template. */

/* The body as it will be is known only if the text is the registered one. */
static int
check_body(const struct job *j)
{
	const char *text = j->m->text;

	if (templates_own_part(j->m->set, j->m->language, PART_WHATSAPP) ==
	    NULL || characters(text) <= WHATSAPP_BODY_MAX)
		return 0;
	return misfit_set(j->why, BAD, "whatsapp.template", "template %s: the "
	    "text has %zu characters; a template of WhatsApp has at most %d",
	    j->m->set->name, characters(text), WHATSAPP_BODY_MAX);
}

static int
add_components(const struct job *j, struct value *components)
{
	if (check_body(j) == -1 || add_header(j, components) == -1 ||
	    add_parameters(j, "body", &j->meta->body, components) == -1)
		return -1;
	for (size_t i = 0; i < j->meta->button_count; i++)
		if (add_button(j, i, components) == -1)
			return -1;
	return 0;
}

static int
add_template(const struct job *j, struct value *out)
{
	struct value *v, *language, *components;

	if (j->language == NULL || j->language->code == NULL ||
	    j->meta->name == NULL)
		return 0;
	components = value_new_array();
	if (add_components(j, components) == -1) {
		value_free(components);
		return -1;
	}
	v = value_new_object();
	language = value_new_object();
	value_set_string(language, "code", j->language->code);
	value_set_string(v, "name", j->meta->name);
	value_set_take(v, "language", language);
	value_set_take(v, "components", components);
	value_set_take(out, "template", v);
	return 0;
}

/* The message in an open window. */

static struct value *
text_object(const char *key, const char *text)
{
	struct value *v = value_new_object();

	value_set_string(v, key, text);
	return v;
}

/* Buttons are shown if all replies have titles, and the text leaves room. */
static bool
shows_buttons(const struct job *j)
{
	size_t replies = 0;

	if (j->language == NULL ||
	    characters(j->m->text) > WHATSAPP_BODY_MAX)
		return false;
	for (size_t i = 0; i < j->meta->button_count; i++) {
		if (j->meta->buttons[i].type != WHATSAPP_QUICK_REPLY)
			continue;
		if (j->language->titles[i] == NULL)
			return false;
		replies++;
	}
	return replies > 0 && replies <= WHATSAPP_REPLIES_MAX;
}

static int
add_reply(const struct job *j, size_t i, struct value *buttons)
{
	struct buf id = BUF_INIT(2 * WHATSAPP_ID_MAX);
	struct value *v, *reply;
	int rc = put_payload(j, i, WHATSAPP_ID_MAX, &id);

	if (rc == 0) {
		reply = text_object("id", buf_text(&id));
		value_set_string(reply, "title", j->language->titles[i]);
		v = text_object("type", "reply");
		value_set_take(v, "reply", reply);
		value_append_take(buttons, v);
	}
	buf_release(&id);
	return rc;
}

static int
add_replies(const struct job *j, struct value *interactive)
{
	struct value *buttons = value_new_array(), *action;

	for (size_t i = 0; i < j->meta->button_count; i++)
		if (j->meta->buttons[i].type == WHATSAPP_QUICK_REPLY &&
		    add_reply(j, i, buttons) == -1) {
			value_free(buttons);
			return -1;
		}
	action = value_new_object();
	value_set_take(action, "buttons", buttons);
	value_set_take(interactive, "action", action);
	return 0;
}

static int
add_interactive_header(const struct job *j, struct value *interactive)
{
	struct buf text = BUF_INIT(FILL_MAX);
	struct value *v = NULL;
	int rc = 0;

	if (j->meta->header_type > WHATSAPP_TEXT_HEADER) {
		v = media_header(j);
		rc = v == NULL ? -1 : 0;
	} else if (j->language->header != NULL) {
		rc = header_text(j, &text);
		v = text_object("type", "text");
		value_set_string(v, "text", buf_text(&text));
	}
	if (rc == 0 && v != NULL)
		value_set_take(interactive, "header", v);
	else
		value_free(v);
	buf_release(&text);
	return rc;
}

static struct value *
interactive_session(const struct job *j)
{
	const char *footer = j->language->footer != NULL ?
	    j->language->footer : j->meta->footer;
	struct value *inner = text_object("type", "button"), *v;
	int rc = add_interactive_header(j, inner);

	value_set_take(inner, "body", text_object("text", j->m->text));
	if (footer != NULL)
		value_set_take(inner, "footer", text_object("text", footer));
	if (rc == -1 || add_replies(j, inner) == -1) {
		value_free(inner);
		return NULL;
	}
	v = text_object("type", "interactive");
	value_set_take(v, "interactive", inner);
	return v;
}

static struct value *
text_session(const struct job *j)
{
	struct value *v, *text;

	if (characters(j->m->text) > WHATSAPP_TEXT_MAX) {
		misfit_set(j->why, BAD, "text", "%zu characters; WhatsApp "
		    "takes at most %d", characters(j->m->text),
		    WHATSAPP_TEXT_MAX);
		return NULL;
	}
	text = value_new_object();
	value_set_bool(text, "preview_url", false);
	value_set_string(text, "body", j->m->text);
	v = text_object("type", "text");
	value_set_take(v, "text", text);
	return v;
}

/*
 * What the buttons bring back names the appointment at this very time.  A
 * reference that is cut off here is too long for any button, and is refused.
 */
static void
set_reference(struct job *j)
{
	const struct value *reminder = record_get(j->m->record, "reminder");
	const char *id = value_get_string(reminder, "id");
	int64_t revision;

	if (id != NULL && value_integer(value_get(reminder, "revision"),
	    &revision))
		snprintf(j->ref, sizeof(j->ref), "%s.r%" PRId64, id,
		    revision);
	else {
		id = record_string(j->m->record, "id");
		snprintf(j->ref, sizeof(j->ref), "%s", id == NULL ? "" : id);
	}
}

struct value *
whatsapp_content(const struct whatsapp_message *m, struct misfit *why)
{
	struct value *out = value_new_object(), *session;
	struct job j = { .m = m, .why = why };

	if (m->set != NULL)
		j.meta = m->set->meta->whatsapp;
	if (j.meta != NULL)
		j.language = meta_whatsapp_language(m->set->meta,
		    m->language);
	set_reference(&j);
	if (add_template(&j, out) == -1) {
		value_free(out);
		return NULL;
	}
	session = shows_buttons(&j) ? interactive_session(&j) :
	    text_session(&j);
	if (session == NULL) {
		value_free(out);
		return NULL;
	}
	value_set_take(out, "session", session);
	return out;
}
